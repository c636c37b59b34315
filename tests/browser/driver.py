"""Hands and eyes for the browser tests: an explorer by its hooks, and a notebook in JupyterLab."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from playwright.sync_api import Locator, Page, expect

from tests.conftest import JupyterLab

SECONDS = 1000.0  # playwright counts in milliseconds


class Explorer:
    """What a person sees and can do, by the hooks of design.md, section 6."""

    def __init__(self, page: Page, root: Locator | None = None) -> None:
        self.page = page
        self.root = page.locator(".gad-explorer") if root is None else root

    @property
    def where(self) -> tuple[int, int, str]:
        """Step, steps and phase."""
        step, steps, phase = (self.root.get_attribute(f"data-{name}") for name in ("step", "steps", "phase"))
        return int(step or -1), int(steps or -1), phase or ""

    def expect_step(self, step: int) -> None:
        """Wait until the page shows a step; it may have to come from the kernel."""
        expect(self.root).to_have_attribute("data-step", str(step))

    def press(self, label: str) -> None:
        self.root.get_by_role("button", name=label, exact=True).click()

    def go(self, step: int) -> None:
        """Move the slider as dragging it does."""
        self.root.get_by_role("slider", name="Step").evaluate(
            "(slider, step) => { slider.value = step; slider.dispatchEvent(new Event('input', {bubbles: true})) }", step
        )

    def node(self, name: str) -> Locator:
        return self.root.locator(f'g.gad-node[data-node="{name}"]')

    def edge(self, source: str, consumer: str) -> Locator:
        return self.root.locator(f'g.gad-edge[data-input="{source}"][data-consumer="{consumer}"]')

    def field(self, name: str) -> Locator:
        return self.root.locator(f'input.gad-input[data-node="{name}"]')

    def read(self, name: str) -> dict[str, str]:
        """Return a node's data attributes."""
        data: dict[str, str] = self.node(name).evaluate("node => ({...node.dataset})")
        return data

    def numbers(self, what: str) -> dict[str, float]:
        """Return the values, adjoints or tangents that are revealed, by node name."""
        nodes = self.root.locator(f"g.gad-node[data-{what}]").evaluate_all(
            f"nodes => nodes.map(node => [node.dataset.node, node.dataset.{what}])"
        )
        return {name: float(number) for name, number in nodes}

    def state(self) -> Any:
        """Return everything that a step can change."""
        return self.root.evaluate(
            """root => [...root.querySelectorAll("g.gad-node, g.gad-edge")].map(group =>
                 [[...group.classList].sort().join(" "), {...group.dataset}, [...group.querySelectorAll("text")]
                   .filter(text => getComputedStyle(text).visibility !== "hidden").map(text => text.textContent)])"""
        )


class Notebook:
    """A notebook in JupyterLab, opened in a page."""

    def __init__(self, page: Page, lab: JupyterLab, name: str) -> None:
        self.page = page
        self.lab = lab
        self.name = name
        self.sources: list[str] = []  # what to type into the first cells, where that is not in the file

    @classmethod
    def write(cls, page: Page, lab: JupyterLab, name: str, *cells: str) -> Notebook:
        """Write a new notebook with these code cells and open it."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, lab.folder / name)
        return cls(page, lab, name).open()

    @property
    def path(self) -> Path:
        return self.lab.folder / self.name

    @property
    def address(self) -> str:
        return self.lab.url(self.name)

    def open(self, *, kernel: bool = True) -> Notebook:
        """Open it, and wait until its kernel is ready."""
        self.page.goto(self.address)
        expect(self.page.locator(".jp-CodeCell").first).to_be_visible(timeout=60 * SECONDS)
        if kernel:
            self.wait_for_kernel()
        return self

    def wait_for_kernel(self) -> None:
        idle = self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        expect(idle).to_be_attached(timeout=60 * SECONDS)
        status = self.page.locator("#jp-main-statusbar").get_by_text("| Idle")
        expect(status).to_be_visible(timeout=60 * SECONDS)

    def cell(self, number: int) -> Locator:
        return self.page.locator(".jp-CodeCell").nth(number)

    def start(self, number: int, source: str | None = None) -> None:
        """Start a cell as a person does, after typing its text if that is not there yet; do not wait for its end."""
        cell = self.cell(number)
        cell.scroll_into_view_if_needed()
        if source is None and number < len(self.sources):
            source = self.sources[number]
        if source is not None:
            cell.locator(".cm-content").click()
            self.page.keyboard.press("Control+a")
            self.page.keyboard.insert_text(source)
        else:
            cell.locator(".jp-InputPrompt").click()
        prompt = cell.locator(".jp-InputPrompt")
        # JupyterLab writes "[*]:" and then "[1]:" over it, which may be what stood there before a restart.
        prompt.evaluate("prompt => { prompt.textContent = 'not run' }")
        for _ in range(20):
            self.page.keyboard.press("Control+Enter")
            with contextlib.suppress(AssertionError):  # a page that is still starting drops the key or the run
                expect(prompt).to_have_text(re.compile(r"\[(\d+|\*)\]:"), timeout=2 * SECONDS)
                return
        raise AssertionError("the cell does not run")

    def run(self, number: int, source: str | None = None) -> str:
        """Run a cell to its end and return what it printed; an exception in it is a failure."""
        self.start(number, source)
        cell = self.cell(number)
        expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"), timeout=60 * SECONDS)
        failed = cell.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]')
        assert not failed.count(), failed.inner_text()
        printed = cell.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stdout"]')
        return printed.inner_text().strip() if printed.count() else ""

    def explorer(self, number: int) -> Explorer:
        """Return the explorer that a cell shows, once it is there."""
        explorer = Explorer(self.page, self.cell(number).locator(".gad-explorer"))
        expect(explorer.root).to_be_visible(timeout=30 * SECONDS)
        return explorer

    def outputs(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-OutputArea-child")

    def pictures(self, number: int) -> Locator:
        """Return the still pictures of a cell that a person can see."""
        return self.cell(number).locator(".jp-OutputArea-output img:visible")

    def restart_kernel(self) -> None:
        self.page.get_by_role("button", name="Restart the kernel").first.click()
        self.page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        self.page.wait_for_timeout(500)
        self.wait_for_kernel()

    def save(self) -> dict[str, Any]:
        """Save and return what was written."""
        before = self.path.stat().st_mtime_ns
        self.page.locator(".jp-Toolbar").first.click(position={"x": 400, "y": 5})
        self.page.keyboard.press("Control+s")
        for _ in range(100):
            self.page.wait_for_timeout(100)
            with contextlib.suppress(json.JSONDecodeError):  # seen while it was being written
                saved: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
                if self.path.stat().st_mtime_ns != before:
                    return saved
        raise AssertionError("the notebook was not saved")


class Notebook7(Notebook):
    """A notebook in Jupyter Notebook 7, which the same server serves."""

    @property
    def address(self) -> str:
        return f"{self.lab.address}notebooks/{quote(self.name)}?token={self.lab.token}"

    def wait_for_kernel(self) -> None:
        idle = self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        expect(idle).to_be_attached(timeout=60 * SECONDS)


def loaded(image: Locator) -> bool:
    """Whether an image has arrived and has a size."""
    size: list[int] = image.evaluate(
        "async image => { await image.decode(); return [image.naturalWidth, image.width] }"
    )
    return all(size)
