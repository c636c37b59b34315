"""Lecture mode: the picture for a room, presenter keys, hidden numbers, and links to a step of a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Frame, Page, expect

import graphviz_ad as gad
from tests.browser.driver import Explorer

LECTURE = re.compile("gad-lecture")
SIZES = [(1280, 720), (1920, 1080), (800, 900), (1600, 600)]


def neuron(w, x, b, t):
    z = w * x + b
    h = 1 / (1 + np.exp(-z))
    L = (h - t) ** 2
    return L


def square(x):
    return x * x


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A page with the graph of one neuron."""
    return gad.trace(neuron, 0.5, 2.0, -1.0, 1.0).save(tmp_path / "graph.html").as_uri()


def lecture(page: Page, address: str) -> Explorer:
    page.goto(address)
    explorer = Explorer(page)
    expect(explorer.root).to_have_attribute("tabindex", "0")  # its script runs
    explorer.root.focus()
    page.keyboard.press("l")
    expect(explorer.root).to_have_class(LECTURE)
    return explorer


def visible(explorer: Explorer, selector: str) -> int:
    return explorer.root.locator(f"{selector}:visible").count()


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_it_fills_the_window_in_large_letters(
    page_factory: Callable[..., Page], address: str, screenshots: Path, size: tuple[int, int], theme: str
) -> None:
    width, height = size
    page = page_factory(width=width, height=height, theme=theme)
    explorer = lecture(page, address)
    explorer.go(12)
    explorer.expect_step(12)
    box = explorer.root.bounding_box()
    assert box == {"x": 0, "y": 0, "width": width, "height": height}
    # 16:9 of the window is used, and letters are as large as 18 px are in 1280 × 720
    scale = min(width / 1280, height / 720)
    for selector in (".gad-narration", ".gad-lecture-step", ".gad-legend > *"):
        letters = explorer.root.locator(selector).first.evaluate("part => parseFloat(getComputedStyle(part).fontSize)")
        assert letters >= 18 * scale * 0.999, selector
    for selector in (".gad-value", ".gad-name", ".gad-number-local"):
        text = explorer.root.locator(f".gad-picture {selector}").first
        letters = text.evaluate("part => parseFloat(getComputedStyle(part).fontSize) * part.getScreenCTM().a")
        assert letters >= 17.9 * scale, selector
    assert explorer.root.evaluate(
        "root => [root.scrollWidth - root.clientWidth, root.scrollHeight - root.clientHeight]"
    ) == [0, 0]
    for shown in (".gad-buttons", ".gad-slider", ".gad-narration", ".gad-legend", ".gad-lecture-step"):
        assert visible(explorer, shown) == 1, shown
    for hidden in (".gad-inputs", ".gad-side", ".gad-ways", ".gad-speed", ".gad-zooms"):
        assert visible(explorer, hidden) == 0, hidden
    steps = explorer.where[1]
    assert explorer.root.locator(".gad-lecture-step").text_content() == f"12 / {steps}"
    page.screenshot(path=screenshots / f"lecture-{width}x{height}-{theme}.png")


def test_a_high_window_is_filled_from_top_to_bottom(
    page_factory: Callable[..., Page], address: str, screenshots: Path
) -> None:
    for width, height in ((360, 740), (800, 1280)):
        page = page_factory(width=width, height=height)
        explorer = lecture(page, address)
        explorer.go(12)
        stage = explorer.root.locator(".gad-stage").bounding_box()
        last = explorer.root.locator(".gad-legend").bounding_box()
        assert stage is not None
        assert last is not None
        assert stage["y"] < 0.2 * height  # below the controls at once
        assert last["y"] + last["height"] > 0.93 * height
        assert stage["width"] > 0.9 * width
        words = explorer.root.locator(".gad-narration")
        assert words.evaluate("part => parseFloat(getComputedStyle(part).fontSize)") >= 18
        page.screenshot(path=screenshots / f"lecture-{width}x{height}.png")


@pytest.mark.slow
def test_a_small_picture_is_fitted_and_centred(
    page_factory: Callable[..., Page], tmp_path: Path, screenshots: Path
) -> None:
    page = page_factory(width=1280, height=720)
    explorer = lecture(page, gad.trace(square, 3.0).save(tmp_path / "square.html").as_uri())
    stage = explorer.root.locator(".gad-stage").bounding_box()
    picture = explorer.root.locator("svg.gad-picture").bounding_box()
    assert stage is not None
    assert picture is not None
    assert picture["width"] <= stage["width"] + 1
    assert picture["height"] <= stage["height"] + 1
    assert max(picture["width"] / stage["width"], picture["height"] / stage["height"]) > 0.98
    for start, length in (("x", "width"), ("y", "height")):
        assert abs(2 * picture[start] + picture[length] - 2 * stage[start] - stage[length]) <= 2
    page.screenshot(path=screenshots / "lecture-small.png")


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_marks_of_a_panel_go_with_it_and_come_back(
    page_factory: Callable[..., Page], address: str, screenshots: Path, theme: str
) -> None:
    page = page_factory(width=1280, height=720, theme=theme)
    page.goto(address)
    explorer = Explorer(page)
    explorer.go(9)
    marks = {"Cost": ".gad-held", "What if": ".gad-ratio", "Code": ".gad-from-code"}
    for name, mark in marks.items():
        tab = explorer.root.get_by_role("tab", name=name, exact=True)
        tab.click()
        if name == "Code":
            explorer.root.locator(".gad-code-lively").first.hover()
        drawn = explorer.root.locator(f".gad-picture {mark}")
        expect(drawn.first).to_be_attached()
        explorer.root.press("l")
        expect(drawn).to_have_count(0)
        pale = "nodes => nodes.filter(node => getComputedStyle(node).opacity !== '1').length"
        assert explorer.root.locator("g.gad-node").evaluate_all(pale) == 0
        if name == "Cost":
            page.mouse.move(2, 2)
            page.screenshot(path=screenshots / f"lecture-unmarked-{theme}.png")
        page.keyboard.press("PageDown")
        expect(drawn).to_have_count(0)
        page.keyboard.press("Escape")
        expect(tab).to_have_attribute("aria-selected", "true")
        if name != "Code":  # its mark follows the mouse
            expect(drawn.first).to_be_attached()
    explorer.root.get_by_role("tab", name="Code", exact=True).click()  # closes it: none was open, none opens
    page.keyboard.press("l")
    page.keyboard.press("Escape")
    expect(explorer.root.locator('[role=tab][aria-selected="true"]')).to_have_count(0)


@pytest.mark.slow
def test_a_large_picture_keeps_what_happens_in_view(page_factory: Callable[..., Page], address: str) -> None:
    page = page_factory(width=1280, height=720)
    explorer = lecture(page, address)
    stage = explorer.root.locator(".gad-stage").bounding_box()
    assert stage is not None
    for _ in range(explorer.where[1]):
        page.keyboard.press("PageDown")
        active = explorer.root.locator("g.gad-node.gad-active .gad-box").first
        box = active.bounding_box()
        assert box is not None
        assert box["x"] >= stage["x"]
        assert box["x"] + box["width"] <= stage["x"] + stage["width"]
    page.keyboard.press("f")  # all at once
    picture = explorer.root.locator("svg.gad-picture").bounding_box()
    assert picture is not None
    assert picture["width"] <= stage["width"] + 1


def test_keys_of_a_presenter(page: Page, address: str) -> None:
    explorer = lecture(page, address)
    for key, step in [
        ("PageDown", 1),
        ("PageDown", 2),
        ("ArrowRight", 3),
        ("PageUp", 2),
        ("End", explorer.where[1]),
        ("Home", 0),
    ]:
        page.keyboard.press(key)
        explorer.expect_step(step)
    for key in (".", "b"):
        page.keyboard.press(key)
        assert visible(explorer, ".gad-stage") == 0
        assert explorer.root.evaluate("root => getComputedStyle(root).backgroundColor") == "rgb(0, 0, 0)"
        page.keyboard.press(key)
        assert visible(explorer, ".gad-stage") == 1
    page.keyboard.press(".")
    page.keyboard.press("PageDown")  # brings the picture back, and no step is missed
    assert visible(explorer, ".gad-stage") == 1
    explorer.expect_step(0)
    page.keyboard.press(".")
    page.keyboard.press("ArrowRight")
    assert visible(explorer, ".gad-stage") == 1
    explorer.expect_step(1)


@pytest.mark.slow
def test_numbers_hide_and_come_back(page_factory: Callable[..., Page], address: str, screenshots: Path) -> None:
    page = page_factory(width=1280, height=720)
    explorer = lecture(page, address)
    explorer.press("Last step")
    page.mouse.move(2, 2)

    def seen(name: str) -> str:
        return str(explorer.node(name).locator(".gad-value").first.evaluate("text => getComputedStyle(text).opacity"))

    def local() -> str:
        return str(explorer.root.locator(".gad-number-local").first.evaluate("text => getComputedStyle(text).opacity"))

    assert (seen("L"), seen("h"), local()) == ("1", "1", "1")
    page.keyboard.press("n")
    assert (seen("L"), seen("h"), local()) == ("0", "0", "0")
    assert explorer.root.locator(".gad-narration").evaluate("text => getComputedStyle(text).opacity") == "0"
    assert explorer.node("L").locator(".gad-name").evaluate("text => getComputedStyle(text).opacity") == "1"
    page.screenshot(path=screenshots / "lecture-numberless.png")
    explorer.node("L").hover()
    assert (seen("L"), seen("h")) == ("1", "0")
    explorer.node("L").click()  # to select it shows it to nobody
    page.mouse.move(2, 2)
    expect(explorer.node("L")).to_have_class(re.compile("gad-selected"))
    assert (seen("L"), seen("h")) == ("0", "0")
    page.keyboard.press("Tab")  # by keyboard too
    explorer.node("h").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    assert seen("h") == "1"
    page.keyboard.press("n")
    assert (seen("L"), seen("h"), local()) == ("1", "1", "1")


@pytest.mark.slow
def test_leaving_gives_everything_back(page: Page, address: str) -> None:
    explorer = lecture(page, address)
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    expect(explorer.root).not_to_have_class(re.compile("gad-lecture|gad-numberless|gad-blank"))
    assert page.evaluate("document.fullscreenElement") is None
    for shown in (".gad-side", ".gad-ways", ".gad-speed"):
        assert visible(explorer, shown) >= 1, shown
    expect(explorer.root).to_be_focused()
    page.keyboard.press("PageDown")  # belongs to the page again
    page.keyboard.press("n")
    explorer.expect_step(0)
    assert visible(explorer, ".gad-lecture-step") == 0
    button = explorer.root.get_by_role("button", name="Lecture mode")
    button.click()
    expect(explorer.root.get_by_role("button", name="Leave lecture mode")).to_be_visible()
    explorer.root.get_by_role("button", name="Leave lecture mode").click()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-pressed", "false")


def framed(page: Page, tmp_path: Path, address: str) -> Frame:
    """The page inside a frame without rights, in a box that would clip whatever is only fixed."""
    inside = Path(address.removeprefix("file://")).read_text(encoding="utf-8")
    outside = tmp_path / "frame.html"
    outside.write_text(
        '<!DOCTYPE html><title>frame</title><iframe width=900 height=600 sandbox="allow-scripts" '
        f'srcdoc="{escape(inside)}"></iframe>',
        encoding="utf-8",
    )
    page.goto(outside.as_uri())
    frame = page.frames[1]
    frame.wait_for_selector(".gad-explorer[data-step]")
    return frame


@pytest.mark.slow
def test_a_frame_without_rights(page: Page, tmp_path: Path, address: str, screenshots: Path) -> None:
    frame = framed(page, tmp_path, address)
    root = frame.locator(".gad-explorer")
    assert frame.get_by_role("button", name="Copy a link to this step").count() == 0
    root.focus()
    page.keyboard.press("l")
    expect(root).to_have_class(LECTURE)
    expect(root).to_have_attribute("popover", "manual")
    assert root.evaluate("root => [root.clientWidth, root.clientHeight, innerWidth, innerHeight]") == [
        900,
        600,
        900,
        600,
    ]
    page.keyboard.press("PageDown")
    expect(root).to_have_attribute("data-step", "1")
    page.screenshot(path=screenshots / "lecture-frame.png")
    page.keyboard.press("Escape")
    expect(root).not_to_have_attribute("popover", "manual")
    expect(root).to_be_visible()


@pytest.mark.slow
def test_links_to_a_step(page: Page, address: str) -> None:
    page.goto(f"{address}#step=5")
    explorer = Explorer(page)
    explorer.expect_step(5)
    page.evaluate("location.hash = '#step=7'")
    explorer.expect_step(7)
    page.evaluate("location.hash = '#step=9999'")
    explorer.expect_step(explorer.where[1])
    for nothing in ("#step=-1", "#step=x", "#", "#step", "#<script>"):
        page.evaluate("hash => { location.hash = hash }", nothing)
        page.wait_for_timeout(50)
        explorer.expect_step(explorer.where[1])
    page.goto("about:blank")
    page.goto(f"{address}#step=3&lecture")
    explorer.expect_step(3)
    expect(explorer.root).to_have_class(LECTURE)


@pytest.mark.slow
def test_a_link_can_be_copied(page_factory: Callable[..., Page], address: str) -> None:
    page = page_factory(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{address}#step=5")
    explorer = Explorer(page)
    explorer.press("Step forward")
    explorer.press("Copy a link to this step")
    expect(explorer.root.locator(".gad-link-answer")).to_have_text("The link to this step is copied.")
    copied: Any = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{address}#step=6"
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')) }")
    explorer.press("Step forward")
    explorer.press("Copy a link to this step")
    expect(explorer.root.locator(".gad-link-answer")).to_have_text("The address bar has the link to this step.")
    assert page.url == f"{address}#step=7"


@pytest.mark.slow
def test_a_zoom_ends_where_the_lecture_begins_and_comes_back(page: Page, address: str) -> None:
    page.goto(address)
    explorer = Explorer(page)
    stage = explorer.root.locator(".gad-stage")
    for _ in range(6):
        explorer.press("Zoom in")
    zoomed = explorer.root.get_by_role("button", name=re.compile("Full size")).inner_text()
    expect(stage).to_have_class(re.compile("gad-stage-zoomed"))
    explorer.root.press("l")
    expect(stage).not_to_have_class(re.compile("gad-stage-zoomed"))
    page.keyboard.press("+")  # what is chosen in a lecture ends with it
    expect(stage).to_have_class(re.compile("gad-stage-zoomed"))
    page.keyboard.press("Escape")
    expect(explorer.root.get_by_role("button", name=re.compile("Full size"))).to_have_text(zoomed)
    page.keyboard.press("f")
    expect(stage).to_have_class(re.compile("gad-stage-fit"))
    page.keyboard.press("l")
    page.keyboard.press("Escape")
    expect(stage).to_have_class(re.compile("gad-stage-fit"))
