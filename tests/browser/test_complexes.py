"""Pages of graphs with complex values: they open, step and answer, and their numbers are NumPy's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from graphviz_ad.story.numbers import short
from tests.browser.driver import Explorer


def waves(x):
    z = np.exp(1j * x)
    w = z + 1
    return np.abs(w) ** 2


def spectrum(x):
    s = np.fft.rfft(x)
    p = np.abs(s) ** 2
    return np.sum(p * np.arange(4.0))


X = np.array([0.5, -1.0, 2.0, 0.25, -0.75, 1.5])


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_waves(tmp_path: Path, page: Page, screenshots: Path, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    graph = gad.trace(waves, 0.7)
    page.goto(graph.save(tmp_path / "waves.html", engine="layered").as_uri())
    explorer = Explorer(page)
    said = []
    for step in range(1, explorer.where[1] + 1):
        explorer.press("Step forward")
        explorer.expect_step(step)
        said.append(explorer.root.get_by_role("status").inner_text())
    assert said[1] == "z = exp(v1) = exp(0.7i) = 0.7648+0.6442i"
    assert any("× conj(∂z/∂v1) = (3.53+1.288i) × conj(0.7648+0.6442i) = 3.53−1.288i" in text for text in said)
    assert complex(explorer.read("z")["value"]) == np.exp(0.7j)
    assert complex(explorer.read("w")["adjoint"]) == pytest.approx(2 * (np.exp(0.7j) + 1), rel=1e-12)
    assert float(explorer.read("x")["adjoint"]) == pytest.approx(-2 * np.sin(0.7), rel=1e-12)
    expect(explorer.node("z").locator("text.gad-value")).to_have_text("0.7648+0.6442i")
    expect(explorer.root.locator(".gad-legend")).to_contain_text("× conj ∂")
    product = explorer.root.locator(".gad-product")
    expect(product).to_contain_text("× conj")
    expect(product).to_contain_text("real part =")
    page.screenshot(path=screenshots / f"complex-waves-{theme}.png", full_page=True)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_spectrum(tmp_path: Path, page: Page, screenshots: Path, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    graph = gad.trace(spectrum, X)
    page.goto(graph.save(tmp_path / "spectrum.html", engine="layered").as_uri())
    explorer = Explorer(page)
    explorer.press("Last step")
    shown = json.loads(explorer.read("s")["value"])
    assert [complex(text) for text in shown["data"]] == np.fft.rfft(X).tolist()
    adjoint = [complex(text) for text in json.loads(explorer.read("s")["adjoint"])["data"]]
    np.testing.assert_allclose(adjoint, 2 * np.arange(4) * np.fft.rfft(X), rtol=1e-12)
    found = json.loads(explorer.read("x")["adjoint"])["data"]
    np.testing.assert_allclose(found, gad.grad(spectrum)(X), rtol=1e-12)
    for panel in explorer.root.get_by_role("tab").all():
        panel.click()
    explorer.node("s").click()
    page.screenshot(path=screenshots / f"complex-spectrum-{theme}.png", full_page=True)


def test_the_cells_panel_reads_out_both_parts(tmp_path: Path, page: Page) -> None:
    graph = gad.trace(spectrum, X)
    page.goto(graph.save(tmp_path / "cells.html", engine="layered").as_uri())
    explorer = Explorer(page)
    explorer.press("Last step")
    explorer.root.get_by_role("tab", name="Cells").click()
    explorer.root.get_by_label("Array", exact=True).select_option(label="s")
    panel = explorer.root.locator(".gad-tensor")
    expect(panel).to_contain_text("those of their magnitudes")
    expect(panel.locator("[data-stat=max]")).to_have_text(short(np.abs(np.fft.rfft(X)).max()))
    panel.get_by_role("application").first.press("ArrowRight")
    place, _, told = panel.locator("p[aria-live]").first.inner_text().partition(" = ")
    assert complex(told) == np.fft.rfft(X)[int(place.removeprefix("s[").removesuffix("]"))]
