"""What a newcomer does: open the notebook that the demo serves, run all of it, and step through what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import Explorer, Notebook
from tests.conftest import JupyterLab

pytestmark = pytest.mark.browser

NET = {"w1": 0.230482, "b1": 0.115241, "w2": -1.538150, "b2": -2.050156}


def scroll_to(page: Page, wanted: Locator) -> Locator:
    """Scroll down until something is there: JupyterLab keeps only the cells near the window."""
    for _ in range(80):
        if wanted.count():
            wanted.scroll_into_view_if_needed()
            return wanted
        page.mouse.wheel(0, 250)
        page.wait_for_timeout(100)
    raise AssertionError("it is nowhere in the notebook")


def explorer_of(page: Page, title: str) -> Explorer:
    """Return the first explorer of a function, below what is seen now."""
    return Explorer(page, scroll_to(page, page.locator(f'.gad-explorer[aria-label="Graph of {title}"]').first))


def test_the_first_notebook_runs_and_is_stepped(page: Page, jupyter_lab: JupyterLab, screenshots: Path) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    book = Notebook(page, jupyter_lab, "00_first_graph.ipynb").open()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_timeout(500)
    book.wait_for_kernel()
    page.locator(".jp-Notebook").first.hover()
    page.mouse.wheel(0, -20000)

    cube = explorer_of(page, "cube")
    expect(cube.root).to_have_attribute("data-step", "0")
    cube.root.focus()
    page.keyboard.press("End")
    assert cube.numbers("adjoint") == pytest.approx({"y": 1, "u": 31.6875, "v1": 31.6875, "x": 95.0625}, rel=1e-12)
    page.screenshot(path=screenshots / "demo-cube.png")

    cube.field("x").fill("1")
    cube.field("x").press("Enter")
    expect(cube.node("y")).to_have_attribute("data-value", "8.0", timeout=20000)
    assert cube.numbers("adjoint")["x"] == 24

    page.locator(".jp-Notebook").first.hover()
    fork = explorer_of(page, "fork")
    for _ in range(fork.where[1]):
        fork.press("Step forward")
    assert fork.numbers("adjoint") == {"a": 25, "b": 19, "c": 7, "d": 6, "e": 1, "f": 1, "y": 1}
    page.screenshot(path=screenshots / "demo-fork.png")

    page.locator(".jp-Notebook").first.hover()
    net = explorer_of(page, "net")
    net.press("Last step")
    assert {name: net.numbers("adjoint")[name] for name in NET} == pytest.approx(NET, abs=5e-7)
    page.screenshot(path=screenshots / "demo-net.png")
    assert {"neuron.svg", "neuron.html", "neuron.txt"} <= {file.name for file in jupyter_lab.folder.iterdir()}
