"""The derivation as LaTeX and Markdown: balanced for any name; and pdflatex takes it, in the slow tests."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.render.latex import WIDTH, document, fragment, markdown
from graphviz_ad.story.derivation import derivation
from graphviz_ad.story.notation import NOTATIONS
from tests.core.test_gold import fork
from tests.story.expressions import balanced
from tests.story.test_derivation import kinks, layer, neuron
from tests.story.test_notation import HOSTILE


def hostile():
    values = [gad.variable(0.5 + number / 7, name=name) for number, name in enumerate(HOSTILE)]
    total = values[0]
    for value in values[1:]:
        total = total * value
    return gad.graph(np.sin(total))


def many(x):
    total = 0.0
    for number in range(12):
        total = total + np.sin(x * (number + 0.5)) * x / (number + 1)
    return total


def greek(alpha, sigma_1, W_out, x1):
    theta = alpha * sigma_1 - W_out**x1
    return np.exp(-theta) / theta


def tensors(x, A):
    products = np.einsum("ij,kj->ik", A, A)
    joined = np.concatenate([x[1:3], np.sort(x)])
    leaky = np.where(joined > 0, joined, -0.5 * joined)
    inverse = np.linalg.inv(products + 3 * np.eye(3))
    solved = np.linalg.solve(inverse, x[:3])
    total = np.sum(leaky) + np.sum(np.sum(A, axis=0, keepdims=True)) + np.sum(products**2)
    total = total + np.var(np.amax(A, axis=1)) + np.linalg.norm(x) + np.std(solved) + np.prod(x)
    return total + np.linalg.det(inverse) + np.cumsum(x)[-1] + np.clip(x, -1, 1)[0]


def softmax(z):
    e = np.exp(z - np.amax(z))
    p = e / np.sum(e)
    return -np.log(p[1])


def graphs() -> dict:
    """Graphs of all sorts, by name."""
    rng = np.random.default_rng(0)
    clipped = gad.custom(lambda x: x * 1.0, vjp=lambda adjoint, out, x: np.minimum(adjoint, 1.0))
    with np.errstate(all="ignore"):
        return {
            "neuron": gad.trace(neuron, 0.5, 2.0, -1.0, 0.3),
            "layer": gad.trace(layer, rng.normal(size=(4, 3)), np.ones((3, 2)), np.zeros(2)),
            "fork": gad.trace(fork, 2.0, 3.0),
            "kinks": gad.trace(kinks, 0.4, 1.7),
            "many": gad.trace(many, 0.7),
            "greek": gad.trace(greek, 1.0, 2.0, 3.0, 1.5),
            "hostile": hostile(),
            "tensors": gad.trace(tensors, rng.normal(size=5), rng.normal(size=(3, 4))),
            "softmax": gad.trace(softmax, rng.normal(size=4)),
            "custom": gad.trace(lambda x: 5 * clipped(x) ** 2, 2.0),
            "not finite": gad.trace(lambda x: np.log(x) * np.sqrt(x - 1) + 1 / x, 0.0),
            "large and small": gad.trace(lambda x: np.exp(x) * 1e-12 / x, 30.0),
            "breaks": gad.trace(lambda x: x * gad.detach(x) + np.floor(x), 2.5),
            "two outputs": gad.trace(lambda x, y: (x * y, x + y), 2.0, 3.0),
            "unused": gad.trace(lambda x, y: x**2, 2.0, 3.0),
            "derivative": gad.trace(lambda x: x**3 * np.sin(x), 2.0).derivative("x"),
            "empty": gad.trace(lambda x: np.sum(x), np.zeros((0, 3))),
        }


GRAPHS = graphs()


def without_text(latex: str) -> str:
    """Names taken out, which may hold signs of any kind."""
    return re.sub(r"\\text\{[^{}]*\}", "", latex)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("name", GRAPHS)
def test_balanced_and_plain_ascii(name, notation) -> None:
    found = derivation(GRAPHS[name], notation=notation)
    for written in (document(found), fragment(found), markdown(found)):
        assert written.isascii()
        assert balanced(written)
        assert written.count(r"\begin{document}") == (written.startswith(r"\documentclass"))
        assert "\n\n\\end" not in written
    for row in without_text(fragment(found)).splitlines():
        if "&" in row:
            assert len(re.findall(r"(?<!\\)&", row.split(r"\begin{cases}", maxsplit=1)[0])) == 1


def test_the_document_in_full() -> None:
    def f(w, x):
        z = w * x
        return np.maximum(z, 0.0)

    assert document(derivation(gad.trace(f, 0.5, -3.0), notation="v̄")) == (
        "\\documentclass{article}\n\\usepackage{amsmath}\n\\allowdisplaybreaks\n\\begin{document}\n"
        "\\section*{Derivation of $f$}\n"
        "\\noindent Given:\n\\begin{align*}\n"
        "  w & = 0.5 \\\\\n"
        "  x & = -3\n"
        "\\end{align*}\n"
        "\\noindent Values, forwards:\n\\begin{align*}\n"
        "  z & = w \\cdot x = 0.5 \\times \\left(-3\\right) = -1.5 \\\\\n"
        "  {\\text{out}} & = \\max\\left(z, 0\\right) = \\max\\left(-1.5, 0\\right) = 0\n"
        "\\end{align*}\n"
        "\\noindent Adjoints, backwards:\n\\begin{align*}\n"
        "  \\overline{\\text{out}} & = 1 \\\\\n"
        "  \\bar{z} & = \\overline{\\text{out}} \\cdot \\left(\\begin{cases} 0 & \\text{if } z \\le 0 \\\\ 1 & "
        "\\text{otherwise} \\end{cases}\\right) = 1 \\times 0 = 0 \\\\\n"
        "  \\bar{x} & = \\bar{z} \\cdot w = 0 \\times 0.5 = 0 \\\\\n"
        "  \\bar{w} & = \\bar{z} \\cdot x = 0 \\times \\left(-3\\right) = 0\n"
        "\\end{align*}\n\\end{document}\n"
    )


def test_long_equations_are_broken() -> None:
    rows = fragment(derivation(GRAPHS["many"], notation="∂L/∂v")).splitlines()
    assert any(row.startswith(("  & {} + ", "  & {} - ")) for row in rows)
    assert any(row.startswith("  & = ") for row in rows)
    shown = [re.sub(r"\\frac\{\\partial ([^{}]*|\{[^{}]*\})*\}", "dd", row) for row in rows]
    assert max(len(re.sub(r"\\[a-z]+|[{}\\ ]", "", row)) for row in shown) < 2 * WIDTH


def test_markdown_has_formulas_between_dollars() -> None:
    text = markdown(derivation(GRAPHS["neuron"]))
    assert text.startswith("## Derivation of ${\\text{neuron}}$\n\n**Given**\n\n$$\n\\begin{aligned}\n")
    assert text.count("$$") == 6
    assert text.endswith("\\end{aligned}\n$$\n")


def test_files(tmp_path) -> None:
    graph = GRAPHS["fork"]
    whole = graph.save(tmp_path / "a.tex", notation="grad").read_text(encoding="utf-8")
    part = graph.save(tmp_path / "b.tex", notation="grad", fragment=True).read_text(encoding="utf-8")
    assert part in whole
    assert r"\nabla" in part
    assert "documentclass" not in part
    moved = graph.save(tmp_path / "c.md", mode="forward", seed={"a": 1.0}, precision=2).read_text(encoding="utf-8")
    assert r"\dot{a}" in moved
    assert graph.save(tmp_path / "d.tex").read_bytes() == graph.save(tmp_path / "e.tex").read_bytes()
    with pytest.raises(ArgumentError, match="unknown notation: 'dot'"):
        graph.save(tmp_path / "f.tex", notation="dot")


@pytest.mark.slow  # a TeX distribution is large: only `make test-all` installs one
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("name", GRAPHS)
def test_pdflatex_takes_it(tmp_path, name, notation) -> None:
    GRAPHS[name].save(tmp_path / "derivation.tex", notation=notation)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "derivation.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "derivation.pdf").read_bytes().startswith(b"%PDF")
    warned = [line for line in done.stdout.splitlines() if line.startswith(("LaTeX Warning", "Overfull"))]
    wide = [float(found) for line in warned for found in re.findall(r"\((\d+\.\d+)pt too wide", line)]
    assert max(wide, default=0.0) < (400 if name == "hostile" else 30)  # points; what is a little wide is in the margin
    assert [line for line in warned if "Overfull" not in line] == []


@pytest.mark.parametrize(("name", "fragment"), [("a.svg", True), ("a.md", True), ("a.tex", 1), ("a.tex", "yes")])
def test_a_fragment_is_for_tex_alone(name: str, fragment: object, tmp_path: Path) -> None:
    with pytest.raises(gad.ArgumentError, match="fragment"):
        gad.trace(lambda x: x * 2.0, 1.0).save(tmp_path / name, fragment=fragment)  # type: ignore[arg-type]
