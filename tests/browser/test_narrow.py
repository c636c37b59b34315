"""A window of 320 px, as on a phone or at 400% zoom: no panel makes the page wider than the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from tests.browser.driver import Explorer
from tests.browser.pages import each_panel, network_page, neuron_page

WIDTH = 320


def wordy(a_very_long_name_of_an_input_that_goes_on: Any, another_extremely_long_name_of_an_input: Any) -> Any:
    the_product_of_both_of_them = a_very_long_name_of_an_input_that_goes_on * another_extremely_long_name_of_an_input
    the_result_of_everything = np.tanh(the_product_of_both_of_them) ** 2
    return the_result_of_everything


def wordy_page(folder: Path) -> Path:
    return Path(gad.trace(wordy, 1.0, 2.0).save(folder / "wordy.html"))


def training_page(folder: Path) -> Path:
    explorer = gad.explore_training(
        lambda w, x: np.mean((w * x - 1.0) ** 2), np.array([0.5, 1.0]), None, np.arange(2.0)
    )
    path = explorer.save(folder / "training.html", iterations=2)
    explorer.close()
    return path


@pytest.mark.parametrize(
    "write",
    [
        wordy_page,
        training_page,
        *(pytest.param(write, marks=pytest.mark.slow) for write in (network_page, neuron_page)),
    ],
)
def test_no_panel_makes_the_page_wider(
    page_factory: Callable[..., Page], tmp_path: Path, screenshots: Path, write: Callable[[Path], Path]
) -> None:
    page = page_factory(width=WIDTH, height=700)
    page.goto(write(tmp_path).as_uri())
    explorer = Explorer(page)
    explorer.press("Last step")
    wide = {}
    for name in each_panel(explorer.root):
        if name == "whatif":
            explorer.root.get_by_role("button", name="Check all edges").click()
            expect(explorer.root.locator(".gad-check-counts")).to_be_visible()
        if name == "training":
            explorer.root.get_by_text("All numbers as a table").click()
        wide[name] = page.evaluate("document.scrollingElement.scrollWidth")
        page.screenshot(path=screenshots / f"narrow-{write.__name__}-{name}.png", full_page=True)
    assert len(wide) > 5
    assert {name: width for name, width in wide.items() if width > WIDTH} == {}
