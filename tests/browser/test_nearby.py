"""A large picture: what can be seen of it is there, and what cannot costs nothing, without being lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from tests.browser.driver import Explorer


def layers(*numbers: float) -> Any:
    """A net of single operations: wide, high, and with forks."""
    for _ in range(5):
        numbers = tuple(np.tanh(x + 0.5 * y) for x, y in zip(numbers, (*numbers[1:], numbers[0]), strict=True))
    return sum(numbers)


NUMBERS = [0.1 * place for place in range(1, 17)]
LARGE = gad.trace(layers, *NUMBERS)

# Of every node and edge: whether it is laid out, and whether its shape meets the part of the picture that is seen.
PARTS = """() => {
  const stage = document.querySelector(".gad-stage").getBoundingClientRect();
  const svg = document.querySelector("svg.gad-picture"), whole = svg.getBoundingClientRect();
  const scale = whole.width / svg.viewBox.baseVal.width;
  const seen = { left: Math.max(stage.left, 0), right: Math.min(stage.right, innerWidth),
                 top: Math.max(stage.top, 0), bottom: Math.min(stage.bottom, innerHeight) };
  return [...svg.querySelectorAll("g.gad-node")].map(group => {
    const rect = group.querySelector("rect.gad-box");
    const [x, y, w, h] = ["x", "y", "width", "height"].map(name => scale * Number(rect.getAttribute(name)));
    const [left, top] = [whole.left + x, whole.top + y];
    const meets = left < seen.right && left + w > seen.left && top < seen.bottom && top + h > seen.top;
    return [group.dataset.node, group.getClientRects().length > 0, meets];
  });
}"""


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page]) -> Explorer:
    page = page_factory()
    page.goto(LARGE.save(tmp_path / "large.html", fold="none", engine="layered").as_uri())
    return Explorer(page)


def parts(view: Explorer) -> tuple[set[str], set[str]]:
    """The nodes that are laid out, and those that meet the visible part."""
    view.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    rows = view.page.evaluate(PARTS)
    return {name for name, there, _ in rows if there}, {name for name, _, meets in rows if meets}


def whole(view: Explorer) -> None:
    """Assert that nothing is missing where one can see, and that something is left out elsewhere."""
    there, seen = parts(view)
    assert seen <= there, seen - there
    assert len(there) < len(LARGE.nodes)


@pytest.mark.slow
def test_whatever_is_seen_is_there(opened: Explorer) -> None:
    view = opened
    stage = view.root.locator(".gad-stage")
    assert parts(view)[1]  # the story's first node is in view
    whole(view)
    for share in (0.1, 0.3, 0.8, 0.0):
        for side in ("Left", "Top"):
            size = "Width" if side == "Left" else "Height"
            stage.evaluate(f"(stage, share) => {{ stage.scroll{side} = share * stage.scroll{size} }}", share)
            whole(view)
    view.page.evaluate("scrollTo(0, 200)")
    whole(view)
    view.go(40)
    assert parts(view)[1]
    view.press("Zoom in")
    whole(view)
    view.page.set_viewport_size({"width": 700, "height": 500})
    whole(view)


@pytest.mark.slow
def test_each_step_is_seen_wherever_it_is(opened: Explorer) -> None:
    view = opened
    story = list(LARGE.timeline())
    for step in (len(story), 1, len(story) // 2, len(story) // 3, len(story) - 3):
        view.go(step)
        node = story[step - 1].node
        assert node is not None
        assert node.name in parts(view)[0]
        box = view.node(node.name).locator("rect.gad-box").bounding_box()
        frame = view.root.locator(".gad-stage").bounding_box()
        assert box is not None
        assert frame is not None
        for side, size in (("x", "width"), ("y", "height")):
            assert frame[side] <= box[side] + 1
            assert box[side] + box[size] <= frame[side] + frame[size] + 1


@pytest.mark.slow
def test_what_is_far_keeps_its_numbers_and_can_be_reached(opened: Explorer) -> None:
    view = opened
    view.press("Last step")
    there, _ = parts(view)
    far = [node for node in LARGE.nodes if node.name not in there and node.primitive is not None]
    assert far
    for node in far:
        group = view.node(node.name)
        assert float(group.get_attribute("data-value") or "nan") == float(node.value)
        assert float(group.get_attribute("data-adjoint") or "nan") == float(node.adjoint)
    view.page.keyboard.press("Home")
    view.page.keyboard.press("/")
    view.page.keyboard.type(LARGE.outputs[0].name)
    view.page.keyboard.press("Enter")
    expect(view.node(LARGE.outputs[0].name).locator("rect.gad-box")).to_be_in_viewport()
    # ↓ goes on from node to node, and takes the focus along to what was not laid out
    names = []
    view.root.locator("[tabindex='0']:is(.gad-node, .gad-edge)").evaluate("group => group.focus()")
    for _ in range(60):
        view.page.keyboard.press("ArrowDown")
        names.append(view.page.evaluate("document.activeElement.dataset.node ?? document.activeElement.dataset.edge"))
    assert None not in names
    assert len(set(names)) == len(names)


@pytest.mark.slow
def test_on_paper_there_is_all_of_it(opened: Explorer) -> None:
    view = opened
    assert len(parts(view)[0]) < len(LARGE.nodes)
    view.page.emulate_media(media="print")
    rows = view.page.evaluate(PARTS)
    assert all(there for _, there, _ in rows)


@pytest.mark.slow
def test_text_too_small_to_be_read_is_not_drawn(opened: Explorer) -> None:
    view = opened
    name = view.node(LARGE.inputs[0].name).locator("text.gad-name")
    expect(name).to_be_visible()
    for _ in range(12):
        view.press("Zoom out")
    expect(view.root.locator(".gad-zoom-full")).to_have_text("10%")
    expect(name).to_be_hidden()
    view.page.keyboard.press("0")
    expect(name).to_be_visible()


@pytest.mark.slow
def test_a_small_picture_is_always_whole(tmp_path: Path, page_factory: Callable[..., Page]) -> None:
    page = page_factory()
    small = gad.trace(layers, 0.1, 0.2)
    page.goto(small.save(tmp_path / "small.html", fold="none").as_uri())
    expect(page.locator("g.gad-node")).to_have_count(sum(node.primitive is not None for node in small.nodes) + 2)
    expect(page.locator("[systemLanguage]")).to_have_count(0)
