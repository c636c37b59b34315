"""Photographs the explorer's page for the README, light and dark, in a real browser; `make screenshots` runs it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from make_figures import fork, neuron
from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

import graphviz_ad as gad

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
THEMES = ("light", "dark")
WIDE, NARROW = 1100, 640  # px: a whole explorer, and a panel alone, of which two stand side by side


def layer(X, W, b):
    z = X @ W + b
    h = np.maximum(0, z)
    loss = np.mean(h**2)
    return loss


def line_fit(params, x, t):
    y = params["w"] * x + params["b"]
    loss = np.mean((y - t) ** 2)
    return loss


def arrays():
    draw = np.random.default_rng(1)
    X, W = np.round(draw.normal(size=(4, 3)), 1), np.round(draw.normal(size=(3, 2)), 1)
    return gad.trace(layer, X, W, np.array([0.1, -0.2]))


def training():
    x = np.linspace(-1, 1, 9)
    return gad.explore_training(line_fit, {"w": -0.5, "b": 1.5}, "sgd", x, 2 * x + 0.5, lr=0.3, steps=20)


def choose(root: Locator, panel: str) -> None:
    tab = root.locator(f'[role=tab][data-panel="{panel}"]')
    if tab.get_attribute("aria-selected") != "true":  # else a click would close it
        tab.click()


def go(root: Locator, step: int) -> None:
    slider = root.get_by_role("slider", name="Step", exact=True)
    slider.fill(str(step))
    slider.blur()


def details(root: Locator) -> None:
    """At a fork: the second contribution to the adjoint of a has just been added."""
    choose(root, "details")
    go(root, 15)


def code(root: Locator) -> None:
    choose(root, "code")
    go(root, 9)


def cells(root: Locator) -> None:
    """The product of two matrices: which row and which column an entry comes from."""
    choose(root, "tensor")
    root.get_by_role("button", name="Last step").click()
    root.get_by_role("combobox", name="Array").select_option(label="v1")
    root.locator(".gad-panel-tensor [role=application], .gad-panel-tensor [tabindex='0']").first.focus()
    root.page.keyboard.press("ArrowDown")


def what_if(root: Locator) -> None:
    choose(root, "whatif")
    root.get_by_role("button", name="Last step").click()
    root.get_by_role("button", name="Check all edges").click()


def cost(root: Locator) -> None:
    choose(root, "cost")
    go(root, 7)


def loop(root: Locator) -> None:
    choose(root, "training")
    for _ in range(6):
        root.get_by_role("button", name="+ 1 iteration").click()
        root.page.wait_for_timeout(150)


def with_sliders(graph: gad.Graph, path: Path) -> None:
    values = np.linspace(1, 5, 5)
    graph.save(path, inputs={"a": values, "b": values})


def gradient_flow(path: Path) -> None:
    """A page that can be turned a little."""
    panel = gad.gradflow.explore(weight_var=1.5, bias_var=0.05)
    grid = {"activation": ["tanh", "relu"], "weight_var": [0.5, 1.5, 2.5], "bias_var": [0.05, 0.2], "depth": [20, 50]}
    panel.save(path, grid=grid)
    panel.close()


def point_at_a_layer(root: Locator) -> None:
    root.locator('[data-plot="delta"] g.gad-layer[data-layer="40"]').hover()


@dataclass(frozen=True)
class Shot:
    """A page, what is done in it, and how much of it is kept."""

    save: Callable[[Path], object]
    prepare: Callable[[Locator], None]
    whole: bool = False


SHOTS = {
    "details": Shot(lambda path: with_sliders(gad.trace(fork, 2.0, 3.0), path), details, whole=True),
    "whatif": Shot(lambda path: gad.trace(neuron, 0.5, 0.1, 2.0, 1.0).save(path), what_if),
    "code": Shot(lambda path: gad.trace(neuron, 0.5, 0.1, 2.0, 1.0).save(path), code),
    "cells": Shot(lambda path: arrays().save(path), cells),
    "cost": Shot(lambda path: gad.trace(neuron, 0.5, 0.1, 2.0, 1.0).save(path), cost),
    "gradflow": Shot(gradient_flow, point_at_a_layer, whole=True),
    "training": Shot(lambda path: training().save(path), loop),
}


def names() -> list[str]:
    """Return the files that are written."""
    return [f"{name}-{theme}.png" for name in SHOTS for theme in THEMES]


def photograph(page: Page, file: Path, shot: Shot, target: Path) -> None:
    """Open a page, do what is to be seen, and keep the picture of it, in few colours."""
    page.goto(file.as_uri())
    root = page.locator(".gad-explorer").first
    shot.prepare(root)
    page.wait_for_timeout(600)  # what moves comes to rest
    shown = root if shot.whole else root.locator(".gad-side")
    data = shown.screenshot(animations="disabled")
    Image.open(BytesIO(data)).convert("RGB").quantize(128).save(target, optimize=True)


def draw(folder: Path) -> None:
    """Write every screenshot."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as pages:
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])  # root has no sandbox
        for name, shot in SHOTS.items():
            file = Path(pages) / f"{name}.html"
            shot.save(file)
            for theme in THEMES:
                page = browser.new_page(
                    viewport={"width": WIDE if shot.whole else NARROW, "height": 2000},  # no scrolling
                    color_scheme=theme,
                    reduced_motion="reduce",
                    device_scale_factor=1.5,
                )
                photograph(page, file, shot, folder / f"{name}-{theme}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "explorer"
    target.mkdir(exist_ok=True)
    draw(target)
    print("\n".join(f"assets/explorer/{name}" for name in names()))
