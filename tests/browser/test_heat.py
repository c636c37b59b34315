"""Heat maps in the explorer: a value's appears with the value, an adjoint's once the adjoint is final."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from tests.browser.driver import Explorer


def twice(x):
    u = np.maximum(x, 0)
    y = np.sum(u * x)
    return y


@pytest.fixture
def explorer(tmp_path: Path, page: Page) -> Explorer:
    graph = gad.trace(twice, np.array([-1.0, 2.0, 3.0]))
    page.goto(graph.save(tmp_path / "heat.html", engine="layered").as_uri())
    return Explorer(page)


def seen(explorer: Explorer, name: str, kind: str) -> bool:
    return explorer.node(name).locator(f".gad-heat-{kind} .gad-grid").is_visible()


def test_cells_appear_with_their_number(explorer: Explorer) -> None:
    assert seen(explorer, "x", "value")
    assert not seen(explorer, "u", "value")
    for step in range(1, explorer.where[1] + 1):
        explorer.press("Step forward")
        explorer.expect_step(step)
        for name in ("x", "u"):
            known = explorer.read(name)
            assert seen(explorer, name, "value") == ("value" in known), (step, name)
            assert seen(explorer, name, "adjoint") == ("adjoint" in known), (step, name)
        mask = explorer.edge("x", "u")
        assert mask.locator(".gad-mask-on").is_visible() == ("local" in mask.evaluate("edge => ({...edge.dataset})"))
    assert seen(explorer, "x", "adjoint")


def test_a_running_sum_has_no_heat_map_yet(explorer: Explorer) -> None:
    """Of two consumers one has reported: the slot shows a sum, and no cells."""
    explorer.press("Last step")
    explorer.press("Step back")
    assert explorer.read("x")["reported"] == "1"
    expect(explorer.node("x").locator("text.gad-adjoint")).to_be_visible()
    assert not seen(explorer, "x", "adjoint")


def test_legend_says_what_the_colours_mean(explorer: Explorer) -> None:
    legend = explorer.root.locator(".gad-legend")
    expect(legend.locator(".gad-colours")).to_have_count(2)
    expect(legend).to_contain_text("▲ −9")
    expect(legend).to_contain_text("▼ −6")
