"""What a page carries for later: other looks, sliders, answers; small, the same every time, and only what is right."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.widget import baking, still
from graphviz_ad.widget.packing import unpack
from graphviz_ad.widget.view import View
from tests.run import NO_NODE, ROOT, find_node

KEYS: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({}, ()),
    ({"seed": "x", "mode": "forward"}, ()),
    ({"open": ["a", 'b"\\'], "labels": "∂"}, (3, 0)),
    ({}, (12,)),
]


def thirty(x: float, y: float, z: float, w: float) -> float:
    """Make a graph of some thirty visible nodes."""
    u = x
    for factor in (0.5, 1.5, -0.25, 2.0, 0.75):
        u = np.sin(u * factor) + y
        u = np.tanh(u * z)
    return u * w + x


def carried(page: str) -> dict[str, Any]:
    found = re.search(r'id="gad-baked">([^<]*)<', page)
    assert found is not None
    data: dict[str, Any] = unpack(found[1])
    return data


def test_a_page_of_thirty_nodes_stays_small(tmp_path: Path) -> None:
    graph = gad.trace(thirty, 0.5, 0.1, 0.9, 1.2)
    assert len(View(graph).scene.nodes) >= 30
    page = graph.save(tmp_path / "thirty.html")
    assert page.stat().st_size <= 300_000


@pytest.mark.slow
def test_a_page_is_the_same_every_time(tmp_path: Path) -> None:
    grid = {"x": np.linspace(-1.0, 1.0, 3)}
    pages = [gad.trace(thirty, 0.5, 0.1, 0.9, 1.2).save(tmp_path / f"{n}.html", inputs=grid).read_bytes() for n in "ab"]
    assert pages[0] == pages[1]


def test_python_and_the_browser_name_variants_alike() -> None:
    found = find_node()
    if found is None:
        pytest.fail(NO_NODE, pytrace=False)
    code = (
        "const { variantKey } = await import(process.argv[1]);"
        "console.log(JSON.stringify(JSON.parse(process.argv[2]).map(([look, at]) => variantKey(look, at))));"
    )
    place = str(ROOT / "graphviz_ad" / "widget" / "static" / "standin.js")
    done = subprocess.run(
        [*found[0], "--input-type=module", "-e", code, place, json.dumps(KEYS)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [baking.variant_key(look, at) for look, at in KEYS]


def test_every_position_of_the_sliders_is_carried_but_the_first(tmp_path: Path) -> None:
    def product(x: float, y: float) -> float:
        return x * y

    page = gad.trace(product, 1.0, 2.0).save(tmp_path / "p.html", inputs={"x": [0.0, 1.0, 2.0], "y": np.array([2, 3])})
    variants = carried(page.read_text(encoding="utf-8"))["variants"]
    assert {key for key in variants if key.startswith("at=")} == {"at=0,0", "at=0,1", "at=1,1", "at=2,0", "at=2,1"}


def test_the_present_value_has_a_place_on_its_slider() -> None:
    view = View(gad.trace(lambda x: x**2, 0.3))
    assert baking.sliders(view, {"x": np.linspace(0, 1, 3)}) == {"x": [0.0, 0.3, 0.5, 1.0]}


def test_no_position_stands_beside_another_that_looks_the_same() -> None:
    values = np.linspace(-3, 3, 61)
    assert 0.8 not in values  # but 0.8000000000000003
    numbers = baking.sliders(View(gad.trace(lambda x: x**2, 0.8)), {"x": values})["x"]
    assert len(numbers) == 61
    assert 0.8 in numbers


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"z": [1.0]}, r"no input 'z' \(inputs: x, W\)"),
        ({"W": [1.0]}, r"W has shape \(2,\); only scalar inputs"),
        ({"x": ["a"]}, "x needs a list of numbers such as"),
        ({"x": []}, "x needs finite numbers"),
        ({"x": [np.nan]}, "x needs finite numbers"),
        ({"x": np.linspace(0, 1, 2000)}, "2000 positions .* at most 1000"),
    ],
)
def test_sliders_that_cannot_be_are_errors(inputs: dict[str, Any], words: str, tmp_path: Path) -> None:
    graph = gad.trace(lambda x, W: x * np.sum(W), 1.0, np.ones(2))
    with pytest.raises(ArgumentError, match=words):
        graph.save(tmp_path / "p.html", inputs=inputs)
    assert list(tmp_path.iterdir()) == []


def test_only_a_page_has_sliders(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"inputs= are the sliders of a page, an \.html"):
        gad.trace(lambda x: x**2, 1.0).save(tmp_path / "p.svg", inputs={"x": [1.0]})


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    View(gad.trace(lambda x: x**2, 1.0), inputs={"x": [0.0, 1.0, 2.0]}).page(
        lambda done, total: told.append((done, total))
    )
    total = told[-1][1]
    assert told == [(done, total) for done in range(1, total + 1)]


# --------------------------------------------------------------------------------- what holds for a variant too


def patched(base: Any, patch: Any) -> Any:
    """Apply a patch without pictures, as static/patch.js does."""
    if patch is None:
        return base
    if isinstance(patch, list):
        return patch[0]
    made = dict(enumerate(base)) if isinstance(base, list) else dict(base)
    for key, change in patch.items():
        at = int(key) if isinstance(base, list) else key
        if change == []:
            del made[at]
        else:
            made[at] = patched(made.get(at), change)
    return list(made.values()) if isinstance(base, list) else made


def answers_of(baked: dict[str, Any], key: str) -> dict[str, Any]:
    if key == "":
        found: dict[str, Any] = baked["answers"]
        return found
    variant = baked["variants"][key]
    grown: dict[str, Any] = patched(answers_of(baked, variant["of"]), variant["answers"])
    return grown


def kinds(answers: dict[str, Any]) -> set[str]:
    return {question.split(":")[0] for question in answers}


MEASURED = {"nudge", "check", "array", "used"}


def test_what_was_measured_holds_for_another_look_at_the_same_nodes_alone(tmp_path: Path) -> None:
    def step(x: Any) -> Any:
        return np.tanh(x) * x

    graph = gad.trace(lambda x: np.sum(step(x) + 1.0), np.ones(2))
    baked = carried(graph.save(tmp_path / "p.html").read_text(encoding="utf-8"))
    home, labels, closed = (answers_of(baked, key) for key in ("", 'labels="both"', 'closed=["step"]'))
    assert kinds(home) > MEASURED
    for question, answer in home.items():
        if question.split(":")[0] in MEASURED:
            assert labels[question] == answer
    assert not kinds(closed) & MEASURED


def test_what_was_measured_in_one_iteration_is_not_said_of_the_next(tmp_path: Path) -> None:
    explorer = gad.explore_training(lambda w: np.sum(w * w), np.ones(2), steps=2)
    baked = carried(explorer.save(tmp_path / "t.html").read_text(encoding="utf-8"))
    explorer.close()
    assert kinds(answers_of(baked, "")) > MEASURED
    assert not kinds(answers_of(baked, "iteration=1")) & MEASURED
    value = answers_of(baked, "iteration=1")["node:0"]["value"]["exact"]
    assert value == answers_of(baked, "")["node:0"]["value"]["exact"].replace("1.0", "0.8")


def test_an_export_carries_other_ways_of_looking_where_that_is_light() -> None:
    light = still.exported(View(gad.trace(lambda x: x * x, 2.0)))
    heavy = still.exported(View(gad.trace(thirty, 0.5, 0.1, 0.9, 1.2), inputs={"x": np.linspace(0, 1, 40)}))
    assert 'labels="both"' in carried(light)["variants"]
    assert carried(heavy)["variants"] == {}
    assert kinds(carried(heavy)["answers"]) == {"node", "edge", "cost", "code", "paths"}
    found = re.search(r'id="gad-payload">([^<]*)<', heavy)
    assert found is not None
    payload = unpack(found[1])
    assert (payload["looks"], payload["sliders"]) == ({}, {})
