"""The animated story: at every time the picture at that step, at rest the complete one, and nothing but CSS."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import animate
from graphviz_ad.render.animate import SECONDS_AT_FIRST, SECONDS_PER_STEP, to_animated_svg
from graphviz_ad.render.display import Picture, picture
from graphviz_ad.render.items import Group, Item
from graphviz_ad.render.presets import fitted
from graphviz_ad.render.reveal import at_step
from graphviz_ad.render.svg import to_svg
from graphviz_ad.story.scene import Scene
from graphviz_ad.story.staging import stage
from tests.widget import stories

SVG = "{http://www.w3.org/2000/svg}"
SECONDS = re.compile(r"gad-[0-9a-f]{8}-(on|off) ([\d.]+)s(?: ([\d.]+)s)?$")
Look = tuple[Any, ...]


def layer(W: Any, b: Any) -> Any:
    z = gad.constant(np.arange(6.0).reshape(3, 2)) @ W + b
    h = np.maximum(0, z)
    L = np.sum(h * h)
    return L


def grouped(x: Any) -> Any:
    def both(x: Any) -> Any:
        return np.sin(x), np.cos(x)

    with gad.scope("outer"):
        a, b = both(x)
        with gad.scope("inner"):
            c = a * b + a
    with gad.scope("last"):
        y = np.exp(c) * b
    return y


def three(x: Any) -> Any:
    a, b, c = x * 2.0, np.sin(x), x + 1.0
    with gad.scope("product"):
        y = a * b * c
    return y


SCENES: dict[str, Scene] = {
    "chain": stories.chain(),
    "forwards": stories.forwards(),
    "meeting": stories.meeting(),
    "groups": stage(gad.trace(grouped, 0.5), fold=("both", "last")),
    "all groups, forwards": stage(gad.trace(grouped, 0.5), fold="all", mode="forward"),
    "fan out": stories.fan_out(idle=4.0),
    "three tangents": stage(gad.trace(three, 0.5), fold="all", mode="forward"),
    "layer": stage(gad.trace(layer, np.array([[0.5], [-1.0]]), np.array([0.25]))),
    "values": stage(gad.trace(lambda x: (x * 2, x + 1.0), 3.0)),
    "no step at all": stage(gad.trace(lambda x: x, 3.0), mode="forward"),
}


def drawn(scene: Scene) -> Picture:
    return picture(scene, engine="layered")


class Player:
    """What CSS makes of an animated figure, for the few things that it uses."""

    def __init__(self, svg: str) -> None:
        self.root = ET.fromstring(svg)
        sheet = self.root.find(f"{SVG}style")
        assert sheet is not None
        self.css = sheet.text or ""
        self.rest, _, self.motion = self.css.partition("@media (prefers-reduced-motion:no-preference){")
        assert self.motion.endswith("}}")
        self.plays = dict(re.findall(r"\.gad-[0-9a-f]{8} \.(gad-t\d+)\{animation:([^}]*)\}", self.motion))
        frames = re.findall(r"@keyframes (gad-[0-9a-f]{8}-t\d+)\{((?:[^{}]*\{[^{}]*\})*)\}", self.motion)
        percents = re.compile(r"([\d.]+)%\{visibility:(\w+)\}")
        self.frames = {name: [(float(start), seen) for start, seen in percents.findall(body)] for name, body in frames}

    def animated(self, name: str, time: float) -> str | None:
        """Return the visibility that a class's animation gives at a time, if it gives one."""
        found = None
        for play in self.plays[name].split(","):
            match = SECONDS.match(play)
            if match:
                begin = float(match[3] or 0)
                if begin <= time < begin + float(match[2]):
                    found = {"on": "visible", "off": "hidden"}[match[1]]
            else:
                own, seconds, rest = play.split(" ", 2)
                assert rest == "step-end infinite"
                percent = 100 * (time % float(seconds.removesuffix("s"))) / float(seconds.removesuffix("s"))
                found = [seen for start, seen in sorted(self.frames[own]) if start <= percent][-1]
        return found

    def seen(self, time: float | None) -> Counter[Look]:
        """Return all shapes and texts that are visible at a time; None: where nothing is animated."""
        looks: Counter[Look] = Counter()

        def walk(element: ET.Element, inherited: str) -> None:
            classes = (element.get("class") or "").split()
            own = "hidden" if "gad-hidden" in classes else None
            for name in classes:
                if name in self.plays and time is not None:
                    own = self.animated(name, time) or own
            now = own or inherited
            if element.tag in {f"{SVG}rect", f"{SVG}path", f"{SVG}text"} and now == "visible":
                looks[look(element)] += 1
            for part in element:
                walk(part, now)

        walk(self.root, "visible")
        return looks


def look(element: ET.Element) -> Look:
    classes = [name for name in (element.get("class") or "").split() if not re.fullmatch(r"gad-(hidden|t\d+)", name)]
    rest = sorted((key, value) for key, value in element.attrib.items() if key != "class")
    return element.tag, tuple(classes), tuple(rest), element.text


def graph_of(svg: str) -> Counter[Look]:
    """Return the shapes and texts of a still figure's graph."""
    return Counter(
        look(element)
        for group in ET.fromstring(svg)
        if group.tag == f"{SVG}g" and "gad-legend" not in (group.get("class") or "")
        for element in group.iter()
        if element.tag in {f"{SVG}rect", f"{SVG}path", f"{SVG}text"}
    )


def middle(step: int) -> float:
    return SECONDS_AT_FIRST / 2 if step == 0 else SECONDS_AT_FIRST + (step - 0.5) * SECONDS_PER_STEP


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("name", SCENES)
def test_at_every_time_it_is_the_picture_at_that_step(name: str, loop: bool) -> None:
    scene = SCENES[name]
    whole = drawn(scene)
    player = Player(to_animated_svg(whole, scene, loop=loop))
    steps = len(scene.steps)
    told = {*(step.narration for step in scene.steps), scene.intro}
    for step in range(steps + 1):
        seen = player.seen(middle(step))
        here = graph_of(to_svg(at_step(whole, scene, step)))
        assert here <= seen, step
        rest = seen - here
        assert {each[1][0] for each in rest} & {each[1][0] for each in here} <= legend_classes(whole)
        words = " ".join(each[3] for each in caption_of(rest))
        assert words in told
        bar = [each for each in rest if each[1][0].startswith("gad-progress")]
        assert sum(rest[each] for each in bar) == step
    end = player.seen(middle(steps) + SECONDS_PER_STEP)
    assert end == player.seen(None)
    assert graph_of(to_svg(whole)) <= end
    if loop:
        period = SECONDS_AT_FIRST + SECONDS_PER_STEP * steps + animate.SECONDS_AT_LAST
        assert player.seen(period + 0.1) == player.seen(0.1)


def legend_classes(whole: Picture) -> set[str]:
    return set() if whole.legend is None else {item.classes[0] for item in whole.legend.items}


def caption_of(looks: Counter[Look]) -> list[Look]:
    """Return the lines of the caption from top to bottom."""
    return sorted((each for each in looks if each[1][0] == "gad-caption"), key=lambda each: float(dict(each[2])["y"]))


def test_a_part_that_comes_and_then_changes() -> None:
    """Hidden as a whole at first, then with other words inside: here a counter that stands in its adjoint's group."""
    scene = SCENES["fan out"]
    whole = drawn(scene)

    def nested(item: Item) -> Item:
        if isinstance(item, Group):
            return dataclasses.replace(item, items=tuple(map(nested, item.items)))
        return Group(("gad-adjoint",), (item,)) if "gad-counter" in item.classes else item

    whole = dataclasses.replace(whole, items=tuple(map(nested, whole.items)))
    player = Player(to_animated_svg(whole, scene))
    places = {each[2] for each in graph_of(to_svg(whole)) if "Σ" in (each[3] or "")}
    assert len(places) == 4
    for step in range(len(scene.steps) + 1):
        looks = graph_of(to_svg(at_step(whole, scene, step))), player.seen(middle(step))
        here, seen = ([each for each in look if each[2] in places] for look in looks)
        assert sorted(here) == sorted(seen), step


@pytest.mark.parametrize("name", SCENES)
def test_at_rest_it_is_the_complete_picture(name: str) -> None:
    scene = SCENES[name]
    whole = drawn(scene)
    player = Player(to_animated_svg(whole, scene))
    rest = player.seen(None) - graph_of(to_svg(whole))
    steps = len(scene.steps)
    after = f"Complete after {steps} step{'' if steps == 1 else 's'}: every value"
    assert [each[3] for each in caption_of(rest)] == [after + SUMMARY[name]]
    assert not [each for each in rest if each[1][0].startswith(("gad-progress", "gad-track"))]
    hooks = [element.attrib for element in ET.fromstring(to_svg(whole)).iter() if element.get("data-node")]
    moving = [element.attrib for element in player.root.iter() if element.get("data-node")]
    assert moving == hooks


SUMMARY = {
    "chain": ", and every adjoint.",
    "forwards": ", and every tangent.",
    "meeting": ", and every tangent.",
    "groups": ", and every adjoint.",
    "all groups, forwards": ", and every tangent.",
    "fan out": ", and every adjoint.",
    "three tangents": ", and every tangent.",
    "layer": ", and every adjoint.",
    "values": ".",
    "no step at all": ", and every tangent.",
}


def test_the_frames_of_groups_are_always_there() -> None:
    player = Player(to_animated_svg(drawn(SCENES["groups"]), SCENES["groups"]))
    frames = [part for part in player.root.iter() if part.get("class") == "gad-frame"]
    assert [frame.get("data-group") for frame in frames] == ["outer", "inner"]
    parts = [part.get("class") or "" for frame in frames for part in frame.iter()]
    assert {name for names in parts for name in names.split()} == {
        "gad-frame", "gad-frame-box", "gad-frame-label", "gad-frame-odd",
    }  # fmt: skip


@pytest.mark.parametrize("loop", [False, True])
def test_it_keeps_to_itself(loop: bool) -> None:
    scene = SCENES["fan out"]
    svg = to_animated_svg(drawn(scene), scene, loop=loop)
    scope = (ET.fromstring(svg).get("class") or "").split()[1]
    assert re.fullmatch(r"gad-[0-9a-f]{8}", scope)
    assert not re.search(r"<script|<animate|<set|\son\w+=|url\(|href|@import|\sid=", svg)
    player = Player(svg)
    assert all(f"@keyframes {scope}-" in rule for rule in re.findall(r"@keyframes \S+?-\S+", player.motion))
    rules = re.sub(r"@keyframes [^{]+\{(?:[^{}]*\{[^{}]*\})*\}", "", player.motion)
    assert all(selector.startswith(f".{scope} ") for selector in re.findall(r"([^{}]+)\{", rules))
    assert "animation" not in player.rest
    assert "prefers-color-scheme:dark" in player.rest
    assert "prefers-color-scheme" not in to_animated_svg(drawn(scene), scene, theme="dark")


def test_once_and_in_a_loop_are_two_figures() -> None:
    scene = SCENES["chain"]
    names = {
        re.search(r"gad-[0-9a-f]{8}", svg)[0]  # type: ignore[index]
        for svg in (
            to_svg(drawn(scene)),
            *(to_animated_svg(drawn(scene), scene, loop=loop, theme=theme)
              for loop in (False, True) for theme in ("auto", "light")),
        )
    }  # fmt: skip
    assert len(names) == 5
    assert to_animated_svg(drawn(scene), scene) == to_animated_svg(drawn(scene), scene)


def test_thirty_nodes_are_light() -> None:
    """Two inputs to each operation, and as many forks as that makes."""

    def woven(*values: Any) -> Any:
        known = list(values)
        while len(known) < 39:
            count = len(known)
            known.append(known[-1] * known[count // 3] if count % 2 else known[-2] + known[count // 2])
        return known[-1]

    scene = stage(gad.trace(woven, 0.5, 0.6, 0.7, 0.8))
    assert len(scene.nodes) == 30
    assert len(to_animated_svg(drawn(scene), scene).encode()) < 200_000
    assert len(to_animated_svg(drawn(scene), scene, loop=True).encode()) < 300_000


def test_a_figure_of_a_given_width_keeps_it() -> None:
    scene = SCENES["fan out"]
    still = fitted(scene, "page", engine="layered")
    assert still.page is not None
    root = ET.fromstring(to_animated_svg(still, scene))
    assert root.get("width") == still.page.width
    left, top, width, height = map(float, (root.get("viewBox") or "").split())
    assert (left, top, width) == pytest.approx(still.page.view[:3], abs=0.1)
    assert height > still.page.view[3] + 20
    tall = float((root.get("height") or "").removesuffix("in"))
    assert tall / float(still.page.width.removesuffix("in")) == pytest.approx(height / width, rel=1e-3)
    Player(to_animated_svg(still, scene))


def test_long_sentences_are_wrapped_and_cut() -> None:
    scene = SCENES["chain"]
    words = " ".join(f"word{number}" for number in range(300))
    steps = tuple(dataclasses.replace(step, narration=words) for step in scene.steps)
    scene = dataclasses.replace(scene, steps=steps)
    player = Player(to_animated_svg(drawn(scene), scene))
    lines = caption_of(player.seen(middle(3)))
    assert len(lines) == animate.MOST_LINES
    assert lines[-1][3].endswith("…")
    assert float(player.root.get("height") or 0) > float(dict(lines[-1][2])["y"])


def test_what_cannot_be_animated(tmp_path: Path) -> None:
    graph = gad.trace(lambda x: x**2 + 1, 3.0)
    for suffix in (".png", ".pdf", ".html", ".dot", ".json", ".txt"):
        with pytest.raises(ArgumentError, match=r"only an .svg can be animated; for paper write graph.film_strip"):
            graph.save(tmp_path / f"x{suffix}", animate=True)
    with pytest.raises(ArgumentError, match=r'animate must be True \(play once\), "loop" or False, not .often.'):
        graph.save(tmp_path / "x.svg", animate="often")
    with pytest.raises(ArgumentError, match="step and animate exclude each other"):
        graph.save(tmp_path / "x.svg", animate=True, step=2)
    scene = stories.large(400)
    with pytest.raises(ArgumentError, match=r"at most 600 steps, and this story has 799; .* save it as .html"):
        to_animated_svg(drawn(stories.chain()), scene)
    assert list(tmp_path.iterdir()) == []
