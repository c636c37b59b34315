"""A page with baked sliders: another input without Python, and the numbers are those of a replayed graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from tests.browser.driver import Explorer

VALUES = np.linspace(-2.0, 2.0, 9)


def gate(x: float, y: float) -> float:
    if x > 0:
        u = x * y
    else:
        u = np.exp(x) + y
    return u**2


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page]) -> Callable[..., Explorer]:
    """Return a function that writes the page of `gate` to disk and opens it."""

    def open_page(**inputs: object) -> Explorer:
        path = gad.trace(gate, 1.0, 3.0).save(tmp_path / "gate.html", inputs=inputs or None)
        page = page_factory()
        page.goto(path.as_uri())
        return Explorer(page)

    return open_page


def numbers_agree(explorer: Explorer, x: float, y: float) -> None:
    graph = gad.trace(gate, x, y).backward()
    expect(explorer.node("x")).to_have_attribute("data-value", repr(x))
    for what in ("value", "adjoint"):
        for name in ("x", "y", "u", "out"):
            right = float(getattr(graph[name], what))
            assert math.isclose(float(explorer.read(name)[what]), right, rel_tol=1e-12), (what, name)


def test_typing_a_baked_value_shows_the_graph_there_also_on_another_branch(opened: Callable[..., Explorer]) -> None:
    explorer = opened(x=VALUES)
    explorer.press("Last step")
    for x in (0.5, 2.0, -1.5, 1.0):
        explorer.field("x").fill(repr(x))
        explorer.field("x").press("Enter")
        numbers_agree(explorer, x, 3.0)
        assert explorer.where[0] == explorer.where[1], "a complete picture stays complete"


@pytest.mark.slow
def test_keys_lead_from_one_end_of_a_slider_to_the_other(opened: Callable[..., Explorer]) -> None:
    explorer = opened(x=[-0.3, 0.1, 0.2, 0.1 + 0.2, 0.7, 2 / 3, 1.5])
    slider = explorer.root.get_by_role("slider", name="x", exact=True)
    slider.focus()
    explorer.page.keyboard.press("Home")
    seen = []
    for _ in range(8):
        seen.append(float(explorer.field("x").input_value()))
        explorer.page.keyboard.press("ArrowRight")
    assert seen == [-0.3, 0.1, 0.2, 0.1 + 0.2, 2 / 3, 0.7, 1.0, 1.5]
    explorer.page.keyboard.press("ArrowLeft")
    expect(explorer.field("x")).to_have_value("1.0")


def test_a_value_between_is_refused_in_words(opened: Callable[..., Explorer]) -> None:
    explorer = opened(x=VALUES)
    explorer.field("x").fill("0.3")
    explorer.field("x").press("Enter")
    expect(explorer.root.get_by_role("alert").filter(has_text="the nearest are 0 and 0.5")).to_be_visible()
    expect(explorer.node("x")).to_have_attribute("data-value", "1.0")
    expect(explorer.field("y")).to_be_disabled()


@pytest.mark.slow
def test_two_sliders_move_independently(opened: Callable[..., Explorer]) -> None:
    explorer = opened(x=[0.5, 1.0], y=[2.0, 3.0])
    explorer.press("Last step")
    for name, text, x, y in (
        ("x", "0.5", 0.5, 3.0),
        ("y", "2.0", 0.5, 2.0),
        ("x", "1.0", 1.0, 2.0),
        ("y", "3", 1.0, 3.0),
    ):
        explorer.field(name).fill(text)
        explorer.field(name).press("Enter")
        numbers_agree(explorer, x, y)
        expect(explorer.node("y")).to_have_attribute("data-value", repr(y))
