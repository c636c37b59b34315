"""Pages that several browser tests open, and ways to walk through all that an explorer offers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import Frame, Locator, Page

import graphviz_ad as gad


def neuron(w: float, x: float, b: float, t: float) -> float:
    """Return a loss with a fork, a function of its own and a square."""
    z = w * x + b
    a = sigmoid(z)
    loss = (a - t) ** 2 + 0.1 * w * w
    return loss


def sigmoid(z: float) -> float:
    return 1 / (1 + np.exp(-z))


def network(X: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    h = np.maximum(0, X @ W + b)
    loss = (h[:, 0] ** 2).mean()
    return loss


def neuron_page(folder: Path, **options: object) -> Path:
    """Write the page of a graph of scalars."""
    return Path(gad.trace(neuron, 0.5, -1.5, 0.25, 1.0).save(folder / "neuron.html", **options))


def network_page(folder: Path) -> Path:
    """Write the page of a graph of arrays."""
    draw = np.random.default_rng(0)
    graph = gad.trace(network, draw.normal(size=(4, 3)), draw.normal(size=(3, 2)), np.zeros(2))
    return Path(graph.save(folder / "network.html"))


def tabs(root: Locator) -> list[str]:
    """Return the names of the panels that are offered."""
    names: list[str] = root.locator("[role=tab]:not([hidden])").evaluate_all(
        "tabs => tabs.map(tab => tab.dataset.panel)"
    )
    return names


def each_panel(root: Locator) -> Iterator[str]:
    """Open the panels in turn."""
    for name in tabs(root):
        tab = root.locator(f'[role=tab][data-panel="{name}"]')
        if tab.get_attribute("aria-selected") != "true":
            tab.click()
        root.page.wait_for_timeout(150)  # answers come in their own time
        yield name


def press_everything(root: Locator, page: Page | Frame) -> int:
    """Press every button, change every choice, at the end of the story; return how many there were."""
    pressed = 0
    for _ in each_panel(root):
        for button in root.locator("button:visible:not([role=tab])").all():
            if button.is_visible() and button.is_enabled():
                button.click(timeout=5000)
                pressed += 1
                close = root.locator("dialog[open] button").first
                if close.count():
                    close.click()
                if "gad-lecture" in (root.get_attribute("class") or "").split():
                    root.press("Escape")
    return pressed
