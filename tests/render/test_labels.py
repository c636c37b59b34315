"""Formulas in a picture, with the numbers or in their place: the right ones, at their place, and no wider than it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import metrics
from graphviz_ad.render.compact import text_size
from graphviz_ad.render.display import picture
from graphviz_ad.render.items import Box, Group, Item, Text, parts
from graphviz_ad.render.reveal import at_step
from graphviz_ad.render.svg import to_svg
from graphviz_ad.story.formula import local_formula, value_formula
from graphviz_ad.story.staging import stage
from graphviz_ad.story.state import states
from graphviz_ad.widget.payload import payload
from graphviz_ad.widget.view import View
from tests.examples import EXAMPLES
from tests.thinned import thinned

FORMULAS = ("gad-formula-value", "gad-formula-adjoint", "gad-formula-tangent")
ON_EDGES = ("gad-formula-local", "gad-formula-contribution", "gad-formula-pushed")
NUMBERS = ("gad-value", "gad-adjoint", "gad-tangent", "gad-number-local", "gad-number-contribution")


def fork(x: Any, w: Any) -> Any:
    u = x**2 + 1
    y = u * w + np.sin(u)
    return y


GRAPH = gad.trace(fork, 1.5, 2.0)


def layered(x: Any) -> Any:
    def dense(x: Any) -> Any:
        h = np.tanh(x * 2.0)
        return h

    def both(x: Any) -> Any:
        return np.sin(x), np.cos(x)

    a, b = both(dense(x))
    L = a * b
    return L


def items(graph: Any, labels: str, step: int | None = None, **options: Any) -> tuple[Item, ...]:
    scene = stage(graph, labels=labels, **options)
    return at_step(picture(scene, engine="layered"), scene, step).items


def groups(shown: tuple[Item, ...], kind: str) -> Iterator[Group]:
    return (item for item in shown if isinstance(item, Group) and kind in item.classes)


def texts(group: Item, *classes: str) -> list[str]:
    return [item.text for item in parts([group]) if isinstance(item, Text) and set(classes) & set(item.classes)]


def node(shown: tuple[Item, ...], name: str) -> Group:
    return next(group for group in groups(shown, "gad-node") if ("data-node", name) in group.hooks)


def edge(shown: tuple[Item, ...], source: str, consumer: str) -> Group:
    wanted = {("data-input", source), ("data-consumer", consumer)}
    return next(group for group in groups(shown, "gad-edge") if wanted <= set(group.hooks))


# ------------------------------------------------------------------------------------------------ what is written


def test_each_formula_stands_where_its_number_stood() -> None:
    shown = items(GRAPH, "symbols")
    assert texts(node(shown, "u"), *FORMULAS) == ["v1 + 1", "∂y/∂u"]
    assert texts(node(shown, "x"), *FORMULAS) == ["x", "∂y/∂x"]
    assert texts(edge(shown, "x", "v1"), *ON_EDGES) == ["∂ 2·x", "▼ ∂y/∂v1 × 2·x"]
    assert texts(edge(shown, "u", "v3"), *ON_EDGES) == ["∂ cos(u)", "▼ ∂y/∂v3 · cos(u)"]
    assert not [text for item in shown for text in texts(item, *NUMBERS)]


def test_both_is_a_formula_above_its_number() -> None:
    shown, plain = items(GRAPH, "both"), items(GRAPH, "numbers")
    u = node(shown, "u")
    formula, number = (next(p for p in u.items if isinstance(p, Text) and c in p.classes) for c in
                       ("gad-formula-value", "gad-value"))  # fmt: skip
    assert (formula.text, number.text) == ("v1 + 1", "3.25")
    assert formula.x == number.x
    assert formula.y < number.y
    assert texts(edge(shown, "x", "v1"), *ON_EDGES, *NUMBERS) == ["∂ 2·x", "= 3", "▼ ∂y/∂v1 × 2·x", "= 3.018"]
    for name in ("x", "w", "v1", "u", "y"):  # the numbers are all there, and the same
        assert texts(node(shown, name), *NUMBERS) == texts(node(plain, name), *NUMBERS)


def test_what_says_nothing_new_is_not_said() -> None:
    shown = items(GRAPH, "both")
    assert texts(node(shown, "x"), "gad-formula-value") == []  # "x" above the value of x
    assert texts(edge(shown, "v1", "u"), *ON_EDGES, "gad-number-local") == ["∂ 1", "▼ ∂y/∂u"]  # 1 = 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_formulas_are_those_of_the_rules(name: str) -> None:
    graph = EXAMPLES[name]()
    scene = stage(graph, labels="symbols", fold="none")
    swept = [one for one in scene.nodes if one.kind == "primitive"]
    assert swept
    for one in swept:
        assert one.symbols is not None
        assert f"{one.name} = {one.symbols.value}" == value_formula(graph[one.id])
    checked = 0
    for shown, made in zip(scene.edges, _edges(graph, scene), strict=True):
        assert shown.symbols is not None
        left, _, right = local_formula(made).partition(" = ")
        if right:
            assert shown.symbols.local[0] == right
            checked += 1
        if shown.local is not None and made.active:
            assert shown.symbols.local[-1] == (left.partition(":")[0] or shown.symbols.local[-1])
    assert checked


def _edges(graph: Any, scene: Any) -> list[Any]:
    known = {(one.input.id, one.consumer.id, one.argnum): one for one in graph.edges}
    return [known[one.input, one.consumer, one.argnum] for one in scene.edges]


@pytest.mark.parametrize(("notation", "adjoint"), [("∂L/∂v", "∂y/∂u"), ("v̄", "ū"), ("grad", "grad u")])
def test_the_notation_is_the_chosen_one(notation: str, adjoint: str) -> None:
    shown = node(items(GRAPH, "symbols", notation=notation), "u")
    assert texts(shown, "gad-formula-adjoint") == [adjoint]


def test_forward_mode_has_tangents() -> None:
    shown = items(GRAPH, "both", mode="forward", seed={"x": 1.0})
    assert texts(node(shown, "u"), "gad-formula-tangent", "gad-tangent") == ["u̇", "3"]
    assert texts(edge(shown, "x", "v1"), "gad-formula-pushed", "gad-number-pushed") == ["▶ 2·x·ẋ", "= 3"]


def test_only_values_have_no_second_formula() -> None:
    shown = items(gad.trace(lambda x: (x * 2.0, x + 1.0), 1.0), "symbols")
    assert texts(node(shown, "x"), *FORMULAS) == ["x"]


def test_a_folded_call_is_a_function_of_what_enters_it() -> None:
    graph = gad.trace(layered, 0.3)
    shown = items(graph, "symbols", fold="all")
    assert texts(node(shown, "dense"), *FORMULAS) == ["dense(x)", "∂L/∂h"]
    assert texts(node(shown, "both"), *FORMULAS, "gad-outputs") == ["2 outputs"]
    assert texts(edge(shown, "x", "dense"), *ON_EDGES) == ["∂h/∂x", "▼ ∂L/∂h · ∂h/∂x"]


# ------------------------------------------------------------------------------------------------ arrays


def test_heat_maps_are_for_numbers() -> None:
    graph = EXAMPLES["linear_layer"]()

    def heats(labels: str) -> int:
        return sum(any(c.startswith("gad-heat") for c in item.classes) for item in parts(items(graph, labels)))

    assert heats("numbers") == heats("both") > 0
    assert heats("symbols") == 0


def test_a_gate_keeps_its_mask() -> None:
    def gate(x: Any) -> Any:
        return np.sum(np.maximum(0, x))

    graph = gad.trace(gate, np.array([1.0, -1.0]))
    assert any("gad-mask-on" in item.classes for item in parts(items(graph, "both")))


# ------------------------------------------------------------------------------------------------ room


def _room(item: Text) -> float:
    font = "mono" if item.classes[0] in NUMBERS else "sans"
    return metrics.width(item.text, font, 1) * text_size(item) / metrics.UNITS


def _inside(item: Text, box: Box) -> bool:
    half = _room(item) / 2
    return box.x <= item.x - half and item.x + half <= box.x + box.width and box.y < item.y <= box.y + box.height


def long_names(first_long_input_of_this_function: Any, second_long_input_of_this_function: Any) -> Any:
    a_very_long_intermediate_name = first_long_input_of_this_function * second_long_input_of_this_function + np.sin(
        first_long_input_of_this_function
    )
    return np.exp(a_very_long_intermediate_name) * first_long_input_of_this_function


LONG = gad.trace(long_names, 0.5, 0.25)


@pytest.mark.parametrize("labels", ["symbols", "both"])
@pytest.mark.parametrize("width", [None, "page"])
@pytest.mark.parametrize("name", [*EXAMPLES, "long"])
def test_every_formula_is_inside_its_field(name: str, width: str | None, labels: str) -> None:
    graph = LONG if name == "long" else EXAMPLES[name]()
    view = View(graph, labels=labels, width=width, direction=None if width else "LR", engine="layered")
    checked = 0
    for owner in (*groups(view.picture.items, "gad-node"), *groups(view.picture.items, "gad-edge")):
        for kind in ("value", "adjoint", "local", "contribution"):
            here = [part for part in parts(owner.items) if f"gad-formula-{kind}" in part.classes]
            fields = {f"gad-slot-{kind}", f"gad-chip-{kind}"}
            for item in here:
                assert isinstance(item, Text)
                boxes = [part for part in parts(owner.items) if isinstance(part, Box) and fields & set(part.classes)]
                assert any(_inside(item, box) for box in boxes), item
                checked += 1
    assert checked


def test_long_formulas_are_shortened_and_told_in_full_on_pointing() -> None:
    shown = items(LONG, "symbols")
    sent = edge(shown, "first_long_input_of_this_function", "v2")
    told = [part.title for part in sent.items if isinstance(part, Group)]
    assert texts(sent, "gad-formula-contribution") == ["▼ ∂out/∂v2 · ∂"]  # the short form
    assert "∂out/∂v2 · cos(first_long_input_of_this_function)" in told[1]
    inside = node(shown, "v1")
    (formula,) = texts(inside, "gad-formula-value")
    assert "…" in formula
    assert "first_long_input_of_this_function·second_long_input_of_this_function" in inside.title


def test_no_number_moves_a_node() -> None:
    for labels in ("symbols", "both"):
        one = picture(stage(GRAPH, labels=labels), engine="layered")
        two = picture(stage(GRAPH.evaluate(x=-123456.789, w=1e-9), labels=labels), engine="layered")
        boxes = [[item for item in parts(made.items) if "gad-box" in item.classes] for made in (one, two)]
        assert boxes[0] == boxes[1]


# ------------------------------------------------------------------------------------------------ the story


@pytest.mark.parametrize("labels", ["symbols", "both"])
def test_formulas_appear_with_what_they_say(labels: str) -> None:
    scene = stage(GRAPH, labels=labels)
    complete = picture(scene, engine="layered")
    names = {one.id: one.name for one in scene.nodes}
    for state in states(scene):
        shown = at_step(complete, scene, state.step).items
        for one, known in state.nodes.items():
            group = node(shown, names[one])
            given = scene.nodes[[n.id for n in scene.nodes].index(one)].kind == "input"
            assert bool(texts(group, "gad-formula-value")) == (known.value and not (given and labels == "both"))
            assert bool(texts(group, "gad-formula-adjoint")) == (known.accumulator is not None)
        for index, group in enumerate(groups(shown, "gad-edge")):
            assert bool(texts(group, "gad-formula-contribution")) == (index in state.contributions)


def test_a_running_sum_changes_the_number_and_not_the_formula() -> None:
    scene = stage(GRAPH, labels="both")
    waiting = next(step for step in scene.steps if step.kind == "contribution" and not step.complete)
    state = next(s for s in states(scene) if s.active_edge == waiting.edge)
    shown = at_step(picture(scene, engine="layered"), scene, state.step).items
    name = next(one.name for one in scene.nodes if one.id == waiting.node)
    assert texts(node(shown, name), "gad-formula-adjoint", "gad-adjoint") == [f"∂y/∂{name}", waiting.adjoint_text]


# ------------------------------------------------------------------------------------------------ files


def test_numbers_are_what_there_is_without_asking() -> None:
    for name in EXAMPLES:
        graph = EXAMPLES[name]()
        scene = stage(graph, labels="numbers")
        assert scene == stage(graph)
        assert to_svg(picture(scene)) == to_svg(picture(stage(graph)))


@pytest.mark.parametrize("labels", thinned(["both", "symbols"], 2))
def test_every_picture_and_the_page_can_have_them(labels: str, tmp_path: Path) -> None:
    for name, options in {
        "a.svg": {},
        "b.svg": {"step": 5},
        "c.svg": {"animate": True},
        "d.svg": {"width": "page"},
        "e.svg": {"width": 300, "step": -1},
        "a.html": {},
    }.items():
        text = GRAPH.save(tmp_path / name, labels=labels, **options).read_text(encoding="utf-8")
        assert ">x²<" in text or "x²" in re.sub(r"\\u00b2", "²", text), name
        assert text != GRAPH.save(tmp_path / f"plain-{name}", **options).read_text(encoding="utf-8")
    strip = GRAPH.film_strip(tmp_path / "f.svg", labels=labels).read_text(encoding="utf-8")
    assert strip.count("gad-formula-value") > 4
    for suffix, magic in {".png": b"\x89PNG", ".pdf": b"%PDF"}.items():
        made = GRAPH.save(tmp_path / f"a{suffix}", labels=labels).read_bytes()
        assert made.startswith(magic)
        assert made != GRAPH.save(tmp_path / f"b{suffix}").read_bytes()


def test_the_hooks_stay_what_they_were() -> None:
    def hooks(labels: str) -> list[dict[str, str]]:
        root = ET.fromstring(View(GRAPH, labels=labels).svg())
        return [{k: v for k, v in item.attrib.items() if k.startswith("data-")} for item in root.iter()][1:]

    assert [h for h in hooks("numbers") if h] == [h for h in hooks("symbols") if h] == [h for h in hooks("both") if h]


def test_the_explorer_gets_the_picture_and_no_more() -> None:
    view = View(GRAPH, labels="both")
    sent, plain = view.payload(True), View(GRAPH).payload(True)
    assert "gad-formula-value" in sent["svg"]
    for what in ("nodes", "edges", "steps", "frames", "intro"):  # formulas are in the picture only
        assert sent[what] == plain[what], what
    assert payload(view.scene, "", live=True, frozen=None)["nodes"] == plain["nodes"]


@pytest.mark.parametrize("suffix", [".dot", ".json", ".txt", ".tex", ".md"])
def test_what_is_no_picture_says_so(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"labels='both' is for pictures and pages \(one of \['.svg', "):
        GRAPH.save(tmp_path / f"a{suffix}", labels="both")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("labels", ["formulas", None, 3, ["both"]])
def test_other_labels_are_refused(labels: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"unknown labels: .* \(must be one of \['numbers', 'symbols', 'both'\]\)"):
        GRAPH.save(tmp_path / "a.svg", labels=labels)
    with pytest.raises(ArgumentError, match="unknown labels"):
        stage(GRAPH, labels=labels)
