"""Slides in a real browser, from disk: keys, answers that wait, explorers that play, both themes, no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from docs.course import slides
from docs.course.executing import course, runs_here
from tests.browser.axe import barriers


def cube(x: float) -> float:
    u = x**2 + 1
    y = u**3
    return y


def notebook() -> nbformat.NotebookNode:
    explorer = gad.explore(cube, 1.5)._adapter
    outputs = [{"text/html": explorer.still()}, explorer.static_bundle()]
    printed = new_output("stream", name="stdout", text="24\n")
    cells = [
        new_markdown_cell("# Rates multiply\n\n*What is* $y = (x^2 + 1)^3$ *at 1?*"),
        new_code_cell("print(24)", outputs=[printed]),
        new_markdown_cell("So it is."),
        new_markdown_cell("## An explorer\n\n" + "A line.\n\n" * 30),
        new_code_cell("gad.explore(cube, 1.5)", outputs=[new_output("display_data", data=data) for data in outputs]),
    ]
    for cell, kind in zip(cells, ["slide", "-", "fragment", "slide", "-"], strict=True):
        cell.metadata["slideshow"] = {"slide_type": kind}
    return new_notebook(cells=cells)


@pytest.fixture
def show(tmp_path: Path, page_factory: Callable[..., Page]) -> Callable[..., Page]:
    def opened(**options: object) -> Page:
        path = tmp_path / "slides.html"
        path.write_text(slides.document(notebook(), "Rates multiply"), encoding="utf-8")
        page = page_factory(width=1280, height=720, **options)
        page.goto(path.as_uri())
        return page

    return opened


def test_it_is_played_by_keys(show: Callable[..., Page]) -> None:
    page = show()
    now, answer = page.locator("section.now"), page.locator(".output pre", has_text="24")
    expect(now.locator("h1")).to_have_text("Rates multiply")
    expect(page.get_by_text("So it is.")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(answer).to_be_visible()
    expect(page.get_by_text("So it is.")).to_be_hidden()
    page.keyboard.press("Space")
    expect(page.get_by_text("So it is.")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(now.locator("h2")).to_have_text("An explorer")
    page.keyboard.press("ArrowRight")  # there is more below
    expect(now.locator("h2")).to_have_count(1)
    assert now.evaluate("slide => slide.scrollTop") > 300
    page.keyboard.press("End")
    expect(page.locator("nav output")).to_have_text("3 / 3")
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowLeft")
    expect(answer).to_be_visible()  # a slide stays as it was left
    assert page.url.endswith("#1")


def test_an_explorer_plays_on_its_slide(show: Callable[..., Page], screenshots: Path) -> None:
    page = show(theme="dark")
    assert page.locator("iframe").get_attribute("srcdoc") is None  # nothing starts before it is looked at
    page.keyboard.press("End")
    root = page.frame_locator("section.now iframe").locator(".gad-explorer")
    expect(root).to_have_attribute("data-step", "0")
    root.get_by_label("Last step").click()
    expect(root).to_have_attribute("data-phase", "done")
    assert page.locator("iframe").bounding_box()["height"] > 400  # type: ignore[index]
    page.screenshot(path=screenshots / "slides-explorer-dark.png")
    page.get_by_label("Back", exact=True).click()
    expect(page.locator("nav output")).to_have_text("2 / 3")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nobody_is_shut_out(show: Callable[..., Page], theme: str) -> None:
    page = show(theme=theme)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert barriers(page) == []


def test_paper_and_pages_without_scripts_show_all(show: Callable[..., Page]) -> None:
    still = show(javascript=False)
    expect(still.get_by_text("So it is.")).to_be_visible()
    expect(still.locator("img.paper")).to_be_visible()
    page = show()
    page.emulate_media(media="print")
    expect(page.get_by_text("So it is.")).to_be_visible()
    expect(page.locator("img.paper")).to_be_visible()
    expect(page.locator("iframe")).to_be_hidden()


@pytest.mark.slow
@pytest.mark.parametrize("path", course(), ids=lambda path: path.stem)
def test_the_slides_of_the_course_play(path: Path, page_factory: Callable[..., Page], tmp_path: Path) -> None:
    if not runs_here(path):
        pytest.skip("PyTorch is not installed")
    live = slides.live(path)
    target = tmp_path / "slides.html"
    target.write_text(slides.document(live, path.stem), encoding="utf-8")
    page = page_factory(width=1280, height=720)
    page.goto(target.as_uri())
    frames = 0
    for number in range(page.locator("section").count()):
        page.evaluate("number => { location.hash = String(number + 1); }", number)
        expect(page.locator("nav output")).to_have_text(f"{number + 1} / {page.locator('section').count()}")
        for frame in page.locator("section.now iframe").element_handles():
            inside = frame.content_frame()
            assert inside is not None
            inside.wait_for_selector(".gad-explorer [aria-label], .gad-exercise input, .gad-exercise button")
            frames += 1
        wide = page.evaluate("() => document.querySelector('section.now').scrollWidth > innerWidth")
        assert not wide, f"slide {number + 1} is wider than the window"
    assert frames >= 3
