"""The picture at a step: nothing moves, nothing is told too early, and what happens is marked."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import theme
from graphviz_ad.render.display import Picture, picture
from graphviz_ad.render.items import Box, Group, Item, Text, moved, parts
from graphviz_ad.render.items import Path as Line
from graphviz_ad.render.reveal import at_step
from graphviz_ad.story.scene import Scene
from graphviz_ad.story.staging import stage
from graphviz_ad.story.state import states
from tests.widget import stories


def layer(W: Any, b: Any) -> Any:
    z = gad.constant(np.arange(6.0).reshape(3, 2)) @ W + b
    h = np.maximum(0, z)
    L = np.sum(h * h)
    return L


def network(x: Any, W: Any) -> Any:
    """A group with two outputs, another inside of a third, and one that is folded beside them."""

    def both(x: Any) -> Any:
        return np.sin(x), np.cos(x)

    with gad.scope("outer"):
        a, b = both(x @ W)
        with gad.scope("inner"):
            c = a * b + 1.0
    with gad.scope("loss"):
        d = np.exp(c - a)
        L = np.mean(d**2)
    return L


NETWORK = gad.trace(network, np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([0.5, -0.75]))
FOLDED: dict[str, Any] = {"fold": ("both", "loss")}  # the other two are frames, one in the other

SCENES: dict[str, Scene] = {
    "chain": stories.chain(),
    "forwards": stories.forwards(),
    "meeting": stories.meeting(),
    "groups": stage(NETWORK, **FOLDED),
    "groups forwards": stage(NETWORK, mode="forward", seed={"W": np.array([1.0, -2.0])}, **FOLDED),
    "all": stage(NETWORK, fold="all"),
    "fan out": stories.fan_out(idle=4.0),
    "layer": stage(gad.trace(layer, np.array([[0.5], [-1.0]]), np.array([0.25]))),
}
DRAWN: dict[str, Picture] = {name: picture(scene, engine="layered") for name, scene in SCENES.items()}
EVERY = [(name, step) for name, scene in SCENES.items() for step in range(len(scene.steps) + 1)]


def groups(drawn: Picture, kind: str) -> dict[str, Group]:
    """Return the groups of nodes or edges by their id or index."""
    hook = {"gad-node": "data-id", "gad-edge": "data-edge"}[kind]
    return {dict(item.hooks)[hook]: item for item in drawn.items if isinstance(item, Group) and kind in item.classes}


def texts(group: Group, name: str) -> list[str]:
    return [item.text for item in parts([group]) if isinstance(item, Text) and name in item.classes]


def place(item: Item) -> tuple[Any, ...]:
    """Return what an item is and where, whatever it says and however it is marked."""
    name = item.classes[0]
    if isinstance(item, Box):
        return name, item.x, item.y, item.width, item.height, item.radius
    if isinstance(item, Line):
        return name, item.commands
    return (name, item.x, item.y) if isinstance(item, Text) else (name,)


def leaves(items: Iterator[Item]) -> Iterator[Item]:
    return (item for item in items if not isinstance(item, Group))


@pytest.mark.parametrize(("name", "step"), EVERY)
def test_nothing_moves(name: str, step: int) -> None:
    now = at_step(DRAWN[name], SCENES[name], step)
    whole = Counter(place(item) for item in leaves(parts(DRAWN[name].items)))
    assert Counter(place(item) for item in leaves(parts(now.items))) <= whole
    assert (now.width, now.height, now.legend) == (DRAWN[name].width, DRAWN[name].height, DRAWN[name].legend)


@pytest.mark.parametrize(("name", "step"), EVERY)
def test_numbers_are_there_once_they_are_known(name: str, step: int) -> None:
    scene = SCENES[name]
    state = list(states(scene))[step]
    now = at_step(DRAWN[name], scene, step)
    for node in scene.nodes:
        group, known = groups(now, "gad-node")[str(node.id)], state.nodes[node.id]
        hooks = dict(group.hooks)
        assert hooks.get("data-value") == (node.value if known.value else None)
        assert hooks.get("data-adjoint") == (node.adjoint if known.adjoint else None)
        assert hooks.get("data-tangent") == (node.tangent if known.tangent else None)
        assert hooks["data-reported"] == str(known.reported)
        shown = [node.value_text] if known.value else []
        assert texts(group, "gad-outputs" if node.value is None else "gad-value") == shown
        running = [] if known.accumulator is None else [known.accumulator]
        assert texts(group, "gad-adjoint") + texts(group, "gad-tangent") == running
        assert bool(texts(group, "gad-tangent")) == (scene.mode == "forward" and bool(running))
        assert bool(texts(group, "gad-operation")) == known.value
        assert ("gad-active" in group.classes) == (node.id == state.active_node)
    for edge in scene.edges:
        group = groups(now, "gad-edge")[str(edge.index)]
        hooks = dict(group.hooks)
        assert hooks.get("data-local") == (edge.local if edge.index in state.locals else None)
        assert hooks.get("data-contribution") == (edge.contribution if edge.index in state.contributions else None)
        assert len([item for item in parts([group]) if "gad-local" in item.classes]) == int("data-local" in hooks)


def test_without_a_step_it_is_the_complete_picture() -> None:
    for name, scene in SCENES.items():
        assert at_step(DRAWN[name], scene, None) is DRAWN[name]
        assert at_step(DRAWN[name], scene, -1) == at_step(DRAWN[name], scene, len(scene.steps))


@pytest.mark.parametrize("name", SCENES)
def test_the_last_step_is_complete_but_for_its_marks(name: str) -> None:
    """As in the explorer, which marks there what its last step has done."""

    def plain(item: Item) -> Item:
        marks = ("-active", "-feeding", "-moving", "-reported", "-waiting")  # a constant waits for ever
        item = dataclasses.replace(item, classes=tuple(each for each in item.classes if not each.endswith(marks)))
        return dataclasses.replace(item, items=tuple(map(plain, item.items))) if isinstance(item, Group) else item

    last = at_step(DRAWN[name], SCENES[name], -1)
    assert last.items != DRAWN[name].items
    told = [dataclasses.replace(group, hooks=()) if isinstance(group, Group) else group for group in last.items]
    whole = [dataclasses.replace(group, hooks=()) if isinstance(group, Group) else group for group in DRAWN[name].items]
    assert [plain(item) for item in told] == whole


def test_a_running_sum_and_its_counter() -> None:
    scene, drawn = SCENES["fan out"], DRAWN["fan out"]
    seen = [groups(at_step(drawn, scene, step), "gad-node")["0"] for step in range(len(scene.steps) + 1)]
    pairs = [(texts(group, "gad-adjoint"), texts(group, "gad-counter")) for group in seen]
    assert [pair for pair, before in zip(pairs, [None, *pairs], strict=False) if pair != before] == [
        ([], []),
        ([], ["Σ 0/2"]),
        (["18"], ["Σ 1/2"]),
        (["25"], ["Σ 2/2"]),
    ]


def test_that_an_input_has_no_path_is_said_at_the_end() -> None:
    scene, drawn = SCENES["fan out"], DRAWN["fan out"]
    idle = next(str(node.id) for node in scene.nodes if not node.reached)
    for step in range(len(scene.steps) + 1):
        group = groups(at_step(drawn, scene, step), "gad-node")[idle]
        assert len(texts(group, "gad-note")) == int(step == len(scene.steps))


def test_a_running_tangent() -> None:
    """The product f = c · d in forward mode: 6 from c, and 21 once d has come."""
    scene, drawn = SCENES["meeting"], DRAWN["meeting"]
    (f,) = [str(node.id) for node in scene.nodes if node.name == "f"]
    seen = [groups(at_step(drawn, scene, step), "gad-node")[f] for step in range(len(scene.steps) + 1)]
    told = [(texts(group, "gad-tangent"), dict(group.hooks).get("data-tangent")) for group in seen]
    assert [pair for pair, before in zip(told, [None, *told], strict=False) if pair != before] == [
        ([], None),
        (["6"], None),
        (["21"], "21.0"),
    ]
    assert ["gad-gathering" in group.classes for group in seen].count(True) == 1


def test_that_a_group_has_several_outputs_is_said_with_its_value() -> None:
    for name in ("groups", "groups forwards"):
        scene, drawn = SCENES[name], DRAWN[name]
        (several,) = [node for node in scene.nodes if node.value is None]
        step = next(place for place, step in enumerate(scene.steps, 1) if step.node == several.id)
        before, after = (groups(at_step(drawn, scene, k), "gad-node")[str(several.id)] for k in (step - 1, step))
        assert texts(before, "gad-outputs") == []
        assert texts(after, "gad-outputs") == ["2 outputs"]


def test_frames_are_there_from_the_beginning() -> None:
    scene, drawn = SCENES["groups"], DRAWN["groups"]
    frames = [item for item in drawn.items if isinstance(item, Group) and "gad-frame" in item.classes]
    assert [dict(frame.hooks)["data-group"] for frame in frames] == ["outer", "inner"]
    for step in range(len(scene.steps) + 1):
        assert list(at_step(drawn, scene, step).items[:2]) == frames


def test_what_happens_is_marked() -> None:
    scene, drawn = SCENES["chain"], DRAWN["chain"]

    def marked(step: int, mark: str) -> list[str]:
        now = at_step(drawn, scene, step)
        return [
            next(iter(dict(group.hooks).values()))
            for group in now.items
            if isinstance(group, Group) and any(mark in item.classes for item in parts([group]))
        ]

    assert marked(0, "gad-box-active") == []
    assert marked(2, "gad-box-active") == ["u"]
    assert marked(2, "gad-line-feeding") == marked(2, "gad-arrow-feeding") == ["1"]
    assert marked(2, "gad-line-pending") == ["2"]
    assert marked(2, "gad-box-pending") == ["y"]
    assert marked(5, "gad-line-active") == marked(5, "gad-arrow-active") == ["2"]
    assert marked(5, "gad-slot-pending") == ["x", "s"]
    assert marked(7, "gad-line-active") == ["0"]

    scene, drawn = SCENES["meeting"], DRAWN["meeting"]
    for step, event in enumerate(scene.steps, 1):
        edges = [str(edge.index) for edge in scene.edges if edge.consumer == event.node]
        own = [str(event.edge)] if event.kind == "tangent" else []
        assert marked(step, "gad-line-feeding") == (edges if event.kind == "value" else [])
        assert marked(step, "gad-line-moving") == marked(step, "gad-arrow-moving") == own
        assert marked(step, "gad-line-active") == []
        moving = groups(at_step(drawn, scene, step), "gad-edge").values()
        assert not any("gad-active" in group.classes for group in moving)


@pytest.mark.parametrize(
    ("name", "slot_name", "left", "right"), [("fan out", "adjoint", 19, 19), ("meeting", "tangent", 18, 4)]
)
def test_a_long_running_sum_keeps_to_its_slot(name: str, slot_name: str, left: int, right: int) -> None:
    """Between the sign and, of an adjoint, the counter."""
    scene = SCENES[name]
    long = "−1.2345678901e-100"
    steps = tuple(dataclasses.replace(step, adjoint_text=long) for step in scene.steps)
    scene = dataclasses.replace(scene, steps=steps)
    found = 0
    for step in range(len(steps)):
        for group in groups(at_step(DRAWN[name], scene, step), "gad-node").values():
            for item in group.items:
                if isinstance(item, Text) and item.text == long:
                    boxes = [part for part in group.items if isinstance(part, Box)]
                    (slot,) = (box for box in boxes if f"gad-slot-{slot_name}" in box.classes)
                    assert item.length is not None
                    assert item.size is not None
                    assert slot.x + left <= item.x - item.length / 2
                    assert item.x + item.length / 2 <= slot.x + slot.width - right
                    found += 1
    assert found


def test_the_words_do_not_tell_the_end() -> None:
    scene, drawn = SCENES["chain"], DRAWN["chain"]
    assert at_step(drawn, scene, 0).alt == "(x² + 1)³, step 0 of 7: The inputs of (x² + 1)³."
    assert "34.33" in at_step(drawn, scene, 3).alt


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mark_wins_over_the_look_that_it_changes(scheme: str) -> None:
    """In the stylesheet of a figure, where rules of equal weight follow one another, also in its dark part."""
    marked = {
        item.classes
        for name, step in EVERY
        for item in parts(at_step(DRAWN[name], SCENES[name], step).items)
        if not isinstance(item, Group) and len(item.classes) > 1
    }
    assert len(marked) > 10
    for classes in marked:
        sheet = theme.stylesheet("auto", ".gad-abc", {name for names in marked for name in names})
        light, _, dark = sheet.partition("@media")
        wanted = {
            key: theme.resolve(value, scheme)
            for key, value in theme.style(*classes).items()
            if key in ("fill", "stroke")
        }
        cascaded: dict[str, str] = {}
        for part in (light, dark.partition("{")[2]) if scheme == "dark" else (light,):
            for rule in part.split("}"):
                selectors, _, body = rule.partition("{")
                if {f".gad-abc .{name}" for name in classes} & set(selectors.split(",")):
                    cascaded |= dict(line.split(":", 1) for line in body.split(";"))  # type: ignore[misc]
        assert {key: cascaded[key] for key in wanted} == wanted, classes


def test_moved_items_are_the_same_items_elsewhere() -> None:
    group = DRAWN["chain"].items[0]
    there = moved(group, 30, -7)
    assert there != group
    assert moved(there, -30, 7) == group


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_saved_at_a_step(tmp_path: Path, suffix: str) -> None:
    graph = gad.trace(lambda x: x**2 + 1, 3.0)
    whole = graph.save(tmp_path / f"whole{suffix}", engine="layered").read_bytes()
    files = [graph.save(tmp_path / f"{k}{suffix}", step=k, engine="layered").read_bytes() for k in (0, 1, -1)]
    assert len({whole, *files}) == 4
    assert graph.save(tmp_path / f"again{suffix}", step=0, engine="layered").read_bytes() == files[0]


def test_what_cannot_be_saved_at_a_step(tmp_path: Path) -> None:
    graph = gad.trace(lambda x: x**2 + 1, 3.0)
    with pytest.raises(ArgumentError, match=r"there is no step 9: this story has \d steps"):
        graph.save(tmp_path / "x.svg", step=9)
    for suffix in (".html", ".dot", ".json", ".txt"):
        with pytest.raises(ArgumentError, match=r"a step is a picture \(one of \['.svg', '.png', '.pdf'\]\)"):
            graph.save(tmp_path / f"x{suffix}", step=1)
    assert list(tmp_path.iterdir()) == []
