"""Zoom, panning, following the story, and what moves in the picture: read off a real page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from tests.browser.driver import Explorer


def chain(x: float) -> Any:
    for _ in range(14):
        x = np.sin(x) + 0.5
    return x


def fork(a: float, b: float) -> Any:
    c = a + b
    d = a * b
    y = c * d
    return y


LONG = gad.trace(chain, 0.5)  # far wider than a window
SMALL = gad.trace(fork, 2.0, 3.0)


def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for what the page does by itself; its policy forbids the evaluated text of a wait in the page."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)


class View(Explorer):
    """An explorer, its stage and what is seen of it."""

    @property
    def stage(self) -> Locator:
        return self.root.locator(".gad-stage")

    @property
    def picture(self) -> Locator:
        return self.root.locator("svg.gad-picture")

    def natural(self) -> float:
        return float(self.picture.get_attribute("width") or "nan")

    def size(self) -> float:
        """How large the picture is, in natural sizes."""
        width: float = self.box(self.picture)["width"]
        return width / self.natural()

    def scrolled(self) -> tuple[float, float, float]:
        """The stage to the right and down, and the page down."""
        left, top, page = self.stage.evaluate("stage => [stage.scrollLeft, stage.scrollTop, scrollY]")
        return left, top, page

    def box(self, what: Locator) -> Any:
        return what.evaluate("one => { const b = one.getBoundingClientRect(); return {...b.toJSON()} }")

    def seen(self, name: str) -> bool:
        """Whether a node is inside the stage."""
        node, stage = self.box(self.node(name)), self.box(self.stage)
        across = stage["left"] <= node["left"] + 1 and node["right"] <= stage["right"] + 1
        return bool(across and stage["top"] <= node["top"] + 1 and node["bottom"] <= stage["bottom"] + 1)

    def places(self) -> list[tuple[float, float]]:
        """The middle of every node, in parts of the picture."""
        whole = self.box(self.picture)
        boxes = [self.box(one) for one in self.root.locator("g.gad-node > rect.gad-box").all()]
        return [
            (
                ((box["left"] + box["right"]) / 2 - whole["left"]) / whole["width"],
                ((box["top"] + box["bottom"]) / 2 - whole["top"]) / whole["height"],
            )
            for box in boxes
        ]


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page]) -> Callable[..., View]:
    """Return a function that saves a graph's page and opens it."""

    def open_page(graph: gad.Graph, options: dict[str, Any] | None = None, **window: Any) -> View:
        page = page_factory(**window)
        page.goto(graph.save(tmp_path / "graph.html", engine="layered", **(options or {})).as_uri())
        return View(page)

    return open_page


# ------------------------------------------------------------------------------------------------ size


def test_buttons_and_keys_zoom_and_no_node_moves_against_another(
    opened: Callable[..., View], screenshots: Path
) -> None:
    view = opened(LONG)
    before, places = view.size(), view.places()
    assert before == pytest.approx(0.85, abs=0.01)  # as wide as its text can be read
    view.press("Zoom in")
    assert view.size() == pytest.approx(1, abs=0.001)  # exactly, on the way
    view.root.focus()
    view.page.keyboard.press("+")
    assert view.size() == pytest.approx(1.25, abs=0.001)
    np.testing.assert_allclose(view.places(), places, atol=1e-4)
    view.page.screenshot(path=screenshots / "viewport-zoomed.png")
    view.page.keyboard.press("-")
    view.page.keyboard.press("-")
    assert view.size() == pytest.approx(0.8, abs=0.001)
    view.page.keyboard.press("0")
    assert view.size() == pytest.approx(1, abs=0.001)
    expect(view.root.get_by_role("button", name="Full size, now 100%")).to_have_text("100%")
    view.page.keyboard.press("0")  # and back to what there was
    assert view.size() == pytest.approx(before, abs=0.001)
    # what a browser itself does with these keys stays its own
    view.page.keyboard.press("Control++")
    assert view.size() == pytest.approx(before, abs=0.001)


@pytest.mark.slow
@pytest.mark.parametrize("graph", [LONG, SMALL], ids=["long", "small"])
def test_fit_shows_the_whole_picture(graph: gad.Graph, opened: Callable[..., View], screenshots: Path) -> None:
    view = opened(graph, height=420)
    view.press("Fit the whole picture")
    expect(view.root.get_by_role("button", name="Fit the whole picture")).to_have_attribute("aria-pressed", "true")
    picture, stage = view.box(view.picture), view.box(view.stage)
    assert picture["left"] >= stage["left"] - 1
    assert picture["right"] <= stage["right"] + 1
    assert picture["height"] <= 0.78 * 420 + 1
    view.page.screenshot(path=screenshots / "viewport-fit.png")
    view.page.set_viewport_size({"width": 640, "height": 420})  # it stays whole
    assert view.box(view.picture)["right"] <= view.box(view.stage)["right"] + 1
    view.press("Fit the whole picture")
    expect(view.root.get_by_role("button", name="Fit the whole picture")).to_have_attribute("aria-pressed", "false")


@pytest.mark.slow
def test_a_wheel_zooms_with_ctrl_where_the_pointer_is_and_scrolls_the_page_without(opened: Callable[..., View]) -> None:
    view = opened(LONG, height=500)
    view.press("Zoom in")
    view.press("Zoom in")
    view.press("Zoom in")
    view.press("Zoom in")
    stage = view.box(view.stage)
    x, y = stage["left"] + 300, stage["top"] + 60
    view.page.mouse.move(x, y)

    def under() -> tuple[float, float]:
        picture = view.box(view.picture)
        return (x - picture["left"]) / picture["width"], (y - picture["top"]) / picture["height"]

    before, size = under(), view.size()
    view.page.keyboard.down("Control")
    view.page.mouse.wheel(0, -60)
    view.page.keyboard.up("Control")
    until(lambda: view.size() > 1.2 * size)
    assert under()[0] == pytest.approx(before[0], abs=0.002)
    inside = view.scrolled()
    view.page.mouse.wheel(0, 90)
    until(lambda: view.scrolled()[2] > 0)
    assert view.scrolled()[:2] == inside[:2]
    assert view.scrolled()[2] == pytest.approx(90, abs=2)


# ------------------------------------------------------------------------------------------------ place


@pytest.mark.slow
def test_dragging_the_background_pans_and_selects_nothing(opened: Callable[..., View]) -> None:
    view = opened(LONG)
    view.go(1)
    view.node("v1").click()
    selected = view.root.locator("g.gad-node.gad-selected")
    expect(selected).to_have_count(1)
    stage = view.box(view.stage)
    x, y = stage["left"] + 500, stage["bottom"] - 25  # below the nodes
    left = view.scrolled()[0]
    view.page.mouse.move(x, y)
    view.page.mouse.down()
    view.page.mouse.move(x - 200, y, steps=5)
    view.page.mouse.up()
    assert view.scrolled()[0] == pytest.approx(left + 200, abs=2)
    expect(selected).to_have_count(1)
    view.page.mouse.click(x, y)  # a click there is still a click
    expect(selected).to_have_count(0)


@pytest.mark.slow
def test_playing_says_that_it_has_paused_at_a_fork(opened: Callable[..., View]) -> None:
    view = opened(SMALL)
    label = view.root.locator(".gad-waits")
    expect(label).to_have_text("pause at forks")
    view.root.get_by_role("combobox", name="Speed").select_option("4")
    view.press("Play")
    expect(label).to_have_text("paused at a fork", timeout=15_000)
    expect(view.root.locator(".gad-announcement")).to_have_text("Paused at a fork. Space goes on.")
    assert SMALL.timeline()[view.where[0] - 1].node is not None
    view.press("Step forward")
    expect(label).to_have_text("pause at forks")


@pytest.mark.slow
def test_the_story_is_followed_only_out_of_view(opened: Callable[..., View]) -> None:
    view = opened(LONG)
    view.press("Zoom in")
    names = [node.name for node in LONG.nodes if node.primitive is not None]
    for step in (1, 8, 20, 28):
        view.go(step)
        assert view.seen(names[step - 1]), step
    view.go(1)
    view.go(2)
    left = view.scrolled()[0]
    assert view.seen(names[2])
    view.go(3)  # in view already
    assert view.scrolled()[0] == left
    view.stage.evaluate("stage => { stage.scrollLeft = stage.scrollWidth }")
    view.go(4)
    assert view.seen(names[3])


@pytest.mark.slow
def test_two_fingers_zoom_and_one_scrolls(opened: Callable[..., View]) -> None:
    view = opened(LONG, has_touch=True)
    stage = view.box(view.stage)
    x, y = stage["left"] + 400, stage["top"] + 50
    fingers = view.page.context.new_cdp_session(view.page)

    def touch(kind: str, *apart: float) -> None:
        points = [{"x": x - d / 2, "y": y, "id": 0} for d in apart] + [{"x": x + d / 2, "y": y, "id": 1} for d in apart]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    before = view.size()
    touch("touchStart", 100)
    for apart in (120, 150, 200):
        touch("touchMove", apart)
    touch("touchEnd")
    expect(view.root.get_by_role("button", name="Full size")).to_have_text(f"{round(200 * before)}%")


def test_a_double_click_goes_to_the_step_that_computes_a_node_or_completes_its_adjoint(
    opened: Callable[..., View],
) -> None:
    view = opened(SMALL)
    story = SMALL.timeline()
    for name in ("c", "d", "y"):
        value = next(step.order + 1 for step in story if step.kind == "value" and step.node.name == name)
        whole = next(
            step.order + 1 for step in story if step.kind != "value" and step.complete and step.node.name == name
        )
        view.go(0)
        view.node(name).locator(".gad-name").dblclick()
        view.expect_step(value)
        assert view.read(name)["value"] == repr(float(SMALL[name].value))
        view.go(len(story) - 1)
        view.node(name).locator(".gad-name").dblclick()
        view.expect_step(whole)
        assert view.read(name)["adjoint"] == repr(float(SMALL[name].adjoint))


# ------------------------------------------------------------------------------------------------ what moves


ENDS = """group => {
  const line = group.querySelector("path.gad-line"), length = line.getTotalLength();
  const start = line.getPointAtLength(0), end = line.getPointAtLength(length);
  const dot = group.querySelector(".gad-signal"), arrow = group.querySelector(".gad-arrow-back");
  const way = dot?.getAnimations()[0]?.effect.getKeyframes()
    .map(frame => [parseFloat(frame.cx), parseFloat(frame.cy)]);
  const near = ([x, y], point) => Math.hypot(x - point.x, y - point.y) < 2;
  const goes = (a, b) => near(way[0], a) && near(way.at(-1), b);
  const box = arrow?.getBBox();
  return {
    moves: !way ? "" : goes(end, start) ? "back" : goes(start, end) ? "on" : "?",
    arrow: box ? Math.hypot(box.x + box.width / 2 - start.x, box.y + box.height / 2 - start.y) < 14 : false,
    own: getComputedStyle(group.querySelector(".gad-arrow")).visibility,
  };
}"""


def test_a_signal_moves_with_the_value_and_back_with_the_adjoint(opened: Callable[..., View]) -> None:
    view = opened(SMALL, reduced_motion="no-preference")
    view.go(1)  # c = a + b
    for name in ("a", "b"):
        assert view.edge(name, "c").evaluate(ENDS) == {"moves": "on", "arrow": False, "own": "visible"}
    assert view.edge("a", "d").evaluate(ENDS)["moves"] == ""
    story = SMALL.timeline()
    step = next(step for step in story if step.kind == "contribution" and step.node.name == "c")
    view.go(step.order + 1)
    assert view.edge("c", "y").evaluate(ENDS) == {"moves": "back", "arrow": True, "own": "hidden"}
    assert view.edge("a", "c").evaluate(ENDS) == {"moves": "", "arrow": False, "own": "visible"}
    view.go(0)
    assert view.root.locator(".gad-signal, .gad-arrow-back").count() == 0


@pytest.mark.slow
def test_tangents_move_forwards(opened: Callable[..., View]) -> None:
    view = opened(SMALL, {"mode": "forward", "seed": {"a": 1.0}}, reduced_motion="no-preference")
    step = next(s for s in SMALL.timeline("forward", seed={"a": 1.0}) if s.kind == "tangent" and s.node.name == "y")
    view.go(step.order + 1)
    source = step.edge.input.name
    assert view.edge(source, "y").evaluate(ENDS) == {"moves": "on", "arrow": False, "own": "visible"}


@pytest.mark.slow
def test_nothing_moves_for_who_asks_for_less_motion(opened: Callable[..., View]) -> None:
    view = opened(SMALL, reduced_motion="reduce")
    for step in range(8):
        view.go(step)
        assert view.root.locator(".gad-signal").count() == 0
    assert view.root.locator(".gad-arrow-back").count() == 1  # the arrow has turned nevertheless


# ------------------------------------------------------------------------------------------------ how little changes


TOUCHED = """async ([root, step]) => {
  const seen = new Set(), svg = root.querySelector("svg.gad-picture"), slider = root.querySelector(".gad-slider");
  const watch = new MutationObserver(changes => {
    for (const { target } of changes) {
      const group = (target instanceof Element ? target : target.parentElement).closest("g.gad-node, g.gad-edge");
      if (group) seen.add(group.dataset.node ?? `${group.dataset.input}->${group.dataset.consumer}`);
    }
  });
  watch.observe(svg, { subtree: true, attributes: true, childList: true, characterData: true });
  slider.value = step;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise(done => setTimeout(done));
  watch.disconnect();
  return [...seen].sort();
}"""


@pytest.mark.slow
def test_a_step_touches_only_what_it_changes(opened: Callable[..., View]) -> None:
    view = opened(LONG)
    story = LONG.timeline()
    turn = story.seed_step
    assert turn is not None
    for step in range(2, len(story)):
        view_before, now = story[step - 2], story[step - 1]
        view.go(step - 1)
        touched = set(view.page.evaluate(TOUCHED, [view.root.element_handle(), step]))
        nodes = {one for one in touched if "->" not in one}
        named = {one.node.name for one in (view_before, now) if one.node is not None}
        assert nodes <= named, step
        assert len(touched) <= 8, step
        if step > 6 and step < turn:
            break
    assert now.node is not None
    assert now.node.name in touched


def test_formulas_come_with_their_steps(opened: Callable[..., View], screenshots: Path) -> None:
    view = opened(SMALL, {"labels": "both"})
    formula = view.node("c").locator(".gad-formula-value")
    assert formula.evaluate("one => getComputedStyle(one).visibility") == "hidden"
    view.go(1)
    assert formula.evaluate("one => getComputedStyle(one).visibility") == "visible"
    expect(formula).to_have_text("a + b")
    assert view.read("c")["value"] == "5.0"
    view.press("Last step")
    expect(view.node("a").locator(".gad-formula-adjoint")).to_have_text("∂y/∂a")
    view.page.screenshot(path=screenshots / "viewport-labels.png")
