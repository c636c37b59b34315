"""What the README says works as it says."""

from __future__ import annotations

import linecache
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.primitive import HANDLERS, function_name

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, training, explorer, figures, asked, lost, deep, turned = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    space: dict = {}
    exec(compile(code, "readme.py", "exec"), space)
    promised = re.search(r"∂out/∂w = (-?[\d.]+)…", code)
    assert promised is not None
    assert str(space["graph"]["w"].adjoint).startswith(promised.group(1))
    assert (tmp_path / "neuron.svg").exists()
    first = gad.value_and_grad
    losses: list[float] = []

    def watched(f):
        def both(params):
            value, slopes = first(f)(params)
            losses.append(value)
            return value, slopes

        return both

    monkeypatch.setattr(gad, "value_and_grad", watched)
    exec(compile(training, "readme.py", "exec"), space)
    start, limit = re.findall(r"# from ([\d.]+) to below ([\d.]+)", training)[0]
    assert f"{losses[0]:.2f}" == start
    assert losses[-1] < float(limit)
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    # whence the names are
    linecache.cache["readme.py"] = (len(code), None, code.splitlines(keepends=True), "readme.py")
    exec(compile(explorer, "readme.py", "exec"), space)
    assert space["explorer"].graph["w"].value == space["explorer"].inputs["w"] == 0.75
    assert (space["explorer"].phase, space["explorer"].selected) == ("backward", "z")
    assert (tmp_path / "neuron.html").exists()
    exec(compile(figures, "readme.py", "exec"), space)
    written = re.findall(r'\("(\w+\.\w+)"', figures)
    assert len(written) >= 5
    assert all((tmp_path / name).stat().st_size > 500 for name in written)
    exec(compile(asked, "readme.py", "exec"), space)
    assert repr(space["ex"].solution) == re.findall(r"solution  # (.*)", asked)[0]
    assert space["ex"].only("x").check({"x": -30}).message.endswith("That is the product of 2 paths from x to y.")
    exec(compile(lost, "readme.py", "exec"), space)
    assert space["report"].findings[0].parameters == ("encoder",)
    assert space["report"].findings[0].what in lost
    assert (tmp_path / "doctor.svg").exists()
    exec(compile(deep, "readme.py", "exec"), space)
    tenfold = re.search(r"layers_per_tenfold  # ([\d.]+)…", deep)
    theory = gad.gradflow.theory.mean_field("tanh", 0.5, 0.0025)
    assert tenfold is not None
    assert str(theory.layers_per_tenfold).startswith(tenfold.group(1))
    slope = space["flow"].slope("delta_norm", layers=(20, 48))
    assert slope == pytest.approx(theory.slope, abs=0.01)
    exec(compile(turned, "readme.py", "exec"), space)
    assert "δ shrinks tenfold every" in space["panel"].readings["delta"]


def test_pictures_and_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_screenshot_is_shown_in_both_themes() -> None:
    shown = re.findall(
        r'<source media="\(prefers-color-scheme: dark\)" srcset="(\S+)"><img src="(\S+)" alt="[^"]{30,}"', README
    )
    assert len(shown) >= 5
    assert {ROOT / file for pair in shown for file in pair} == set((ROOT / "assets" / "explorer").iterdir())
    for dark, light in shown:
        assert dark.removesuffix("-dark.png") == light.removesuffix("-light.png")
        first, second = (matplotlib.image.imread(ROOT / file) for file in (dark, light))
        assert first.shape == second.shape
        assert first[..., :3].mean() < 0.3
        assert second[..., :3].mean() > 0.8


@pytest.mark.browser
@pytest.mark.slow
def test_the_screenshots_can_be_made_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "assets" / "make_screenshots.py", tmp_path], check=True, timeout=300)
    kept = {file.name for file in (ROOT / "assets" / "explorer").iterdir()}
    assert {file.name for file in tmp_path.iterdir()} == kept


def test_the_functions_it_names_are_there() -> None:
    listed = " ".join(
        re.findall(
            r"`([a-z_ \n]+)`",
            README.split("- Functions:")[1].split("Any other")[0].replace("np.", "").replace("linalg.", ""),
        )
    )
    names = set(listed.split())
    assert {"einsum", "cholesky"} <= names
    known = {function_name(f).rpartition(".")[2] for f in HANDLERS if not isinstance(f, str)}
    for name in names:
        assert name in known, name


def test_what_works_names_what_is_public() -> None:
    for name in set(re.findall(r"`gad\.(\w+)", README)):
        assert hasattr(gad, name), name


def test_saving_every_form(tmp_path: Path) -> None:
    graph = gad.trace(lambda x: np.sin(x) * x, 0.5)
    heads = {
        "svg": b"<svg",
        "png": b"\x89PNG",
        "pdf": b"%PDF",
        "html": b"<!",
        "dot": b"digraph",
        "json": b"{",
        "txt": b"Given",
    }
    for suffix, head in heads.items():
        path = graph.save(tmp_path / f"figure.{suffix}")
        data = path.read_bytes()
        assert data.lstrip().startswith(head), suffix
        assert str(ROOT).encode() not in data
    with pytest.raises(gad.ArgumentError, match=r"unknown suffix '.gif' \(must be one of"):
        graph.save(tmp_path / "figure.gif")
    with pytest.raises(gad.ArgumentError, match="folder"):
        graph.save(tmp_path / "nowhere" / "figure.svg")
    with pytest.raises(gad.ArgumentError, match="unknown theme: 'pink'"):
        graph.save(tmp_path / "other.svg", theme="pink")
    with pytest.raises(gad.ArgumentError, match="unknown engine: 'neato'"):
        graph.save(tmp_path / "other.svg", engine="neato")
    assert sorted(file.suffix for file in tmp_path.iterdir()) == sorted(f".{suffix}" for suffix in heads)
