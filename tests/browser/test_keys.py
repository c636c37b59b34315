"""Keys and the help panel: what the panel lists works, nothing acts while a person types, and the focus comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from tests.browser.driver import Explorer


def neuron(w, x):
    z = w * x
    return np.tanh(z)


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A page with a small graph, whose inputs can be typed."""
    return gad.trace(neuron, 0.5, 2.0).save(tmp_path / "graph.html").as_uri()


def opened(page: Page, address: str) -> Explorer:
    page.goto(address)
    explorer = Explorer(page)
    expect(explorer.root).to_have_attribute("tabindex", "0")  # its script runs
    explorer.root.focus()
    return explorer


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_help_panel(page_factory: Callable[..., Page], address: str, screenshots: Path, theme: str) -> None:
    page = page_factory(theme=theme)
    explorer = opened(page, address)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys and signs")
    expect(dialog).to_be_visible()
    keys = dialog.locator("kbd").all_text_contents()
    assert {"→", "←", "space", "Home", "End", "Enter", "L", "N", ".", "?"} <= set(keys)
    signs = dialog.locator(".gad-help-signs dt").all_text_contents()
    assert {"▲", "▼", "▶", "∂"} <= set(signs)
    page.screenshot(path=screenshots / f"help-{theme}.png")
    box = dialog.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 1280
    assert box["y"] + box["height"] <= 900
    for key in ("ArrowRight", "End", " ", "l"):  # nothing happens behind it
        page.keyboard.press(key)
    page.keyboard.press("?")
    explorer.expect_step(0)


def test_the_focus_stays_inside_and_comes_back(page: Page, address: str) -> None:
    explorer = opened(page, address)
    button = explorer.root.get_by_role("button", name="Help", exact=True)
    dialog = page.get_by_role("dialog")
    for opening in ("click", "?"):
        button.focus()
        if opening == "click":
            page.keyboard.press("Enter")
        else:
            page.keyboard.press("?")
        expect(dialog).to_be_visible()
        inside = dialog.get_by_role("button", name="Close")
        expect(inside).to_be_focused()
        for _ in range(4):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
            )
        page.keyboard.press("Escape")
        expect(dialog).not_to_be_visible()
        expect(button).to_be_focused()
    button.click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).not_to_be_visible()
    button.click()
    page.mouse.click(5, 5)  # beside it
    expect(dialog).not_to_be_visible()


@pytest.mark.slow
def test_help_in_a_lecture(page: Page, address: str) -> None:
    explorer = opened(page, address)
    page.keyboard.press("l")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).not_to_be_visible()
    page.keyboard.press("ArrowRight")
    explorer.expect_step(1)


@pytest.mark.slow
def test_it_is_read_on_a_small_screen_at_200_percent(page_factory: Callable[..., Page], address: str) -> None:
    page = page_factory(width=640, height=450)
    opened(page, address)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    box = dialog.bounding_box()
    assert box is not None
    assert box["width"] <= 640
    assert box["height"] <= 450
    assert dialog.evaluate("one => one.scrollWidth <= one.clientWidth")
    dialog.locator(".gad-help-signs dd").last.scroll_into_view_if_needed()
    expect(dialog.locator(".gad-help-signs dd").last).to_be_in_viewport()
    expect(dialog.get_by_role("button", name="Close")).to_be_in_viewport()


def test_no_key_acts_while_a_person_types(page: Page, address: str) -> None:
    explorer = opened(page, address)
    page.keyboard.press("ArrowRight")
    explorer.expect_step(1)
    for field in explorer.root.locator("input[type=search], input[type=text], input:not([type])").all():
        if not field.is_enabled() or not field.is_visible():
            continue
        field.focus()
        page.keyboard.type("l?n.b")
        for key in ("Home", "End", "ArrowRight", "ArrowLeft"):
            page.keyboard.press(key)
        assert field.input_value().endswith("l?n.b")
        field.fill("")
    explorer.expect_step(1)
    assert "gad-lecture" not in (explorer.root.get_attribute("class") or "")
    expect(page.get_by_role("dialog")).not_to_be_visible()


@pytest.mark.slow
def test_keys_with_a_modifier_belong_to_the_browser(page: Page, address: str) -> None:
    explorer = opened(page, address)
    for modifier in ("Control", "Alt", "Meta"):
        explorer.root.dispatch_event(
            "keydown", {"key": "l", f"{modifier.lower().replace('control', 'ctrl')}Key": True, "bubbles": True}
        )
    assert "gad-lecture" not in (explorer.root.get_attribute("class") or "")


def test_every_key_of_the_help_panel_is_answered(page: Page, address: str) -> None:
    """A key that the panel names, and that nothing answers, would reach the page around."""
    explorer = opened(page, address)
    page.keyboard.press("?")
    named = page.locator(".gad-help kbd").all_text_contents()
    page.keyboard.press("Escape")
    page.evaluate("() => { window.through = []; addEventListener('keydown', event => window.through.push(event.key)) }")
    explorer.node("z").click()
    page.keyboard.press("l")
    names = {"→": "ArrowRight", "←": "ArrowLeft", "space": " ", "Page ↓": "PageDown", "Page ↑": "PageUp", "−": "-"}
    for key in named:
        if key in {"Tab", "double click", "↑", "↓", "Enter", "Esc", "L", "?", "/"}:
            continue  # of the browser, of the picture (its own tests), or ending what this test stands in
        explorer.root.focus()
        page.keyboard.press(names.get(key, key.lower() if len(key) == 1 else key))
    assert page.evaluate("window.through") == []
