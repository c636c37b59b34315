"""The panel "Paths": its numbers against Python's, and what it lights up in the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from graphviz_ad.story.numbers import brief
from graphviz_ad.widget.view import View
from tests.browser.driver import Explorer
from tests.browser.live import show
from tests.browser.test_ways import f
from tests.story.test_outline import layered
from tests.story.test_paths import doublings


@pytest.fixture
def panel(page_factory: Callable[..., Page]) -> Callable[..., tuple[Explorer, Locator]]:
    """Return a function that opens the panel for a graph."""

    def open_panel(graph: gad.Graph, **options) -> tuple[Explorer, Locator]:
        explorer, _ = show(page_factory(), View(graph, **options))
        explorer.root.get_by_role("tab", name="Paths").click()
        return explorer, explorer.root.locator(".gad-panel-paths")

    return open_panel


def lit(explorer: Explorer) -> set[tuple[str, str]]:
    found = explorer.root.locator("g.gad-edge.gad-lit").evaluate_all(
        "edges => edges.map(edge => [edge.dataset.input, edge.dataset.consumer])"
    )
    return {(start, end) for start, end in found}


def test_products_and_their_sum_are_pythons(panel: Callable[..., tuple[Explorer, Locator]], screenshots: Path) -> None:
    graph = gad.trace(f, 0.5, 3.0)
    explorer, shown = panel(graph)
    paths = graph.paths("x")
    expect(shown.locator(".gad-path")).to_have_count(paths.count)
    assert shown.locator(".gad-path-route").all_inner_texts() == [path.route for path in paths]
    assert shown.locator(".gad-path-product").all_inner_texts() == [brief(path.product) for path in paths]
    expect(shown.locator(".gad-path-symbols").first).to_have_text("b · (1 − u²) · v · 1")
    expect(shown.locator(".gad-paths-summary")).to_have_text(f"4 paths against {paths.work} edges of one sweep")
    expect(shown.locator(".gad-paths-total")).to_have_text(
        f"Sum of all paths: {brief(graph['x'].adjoint)}, the adjoint of x."
    )
    explorer.page.screenshot(path=screenshots / "paths.png", full_page=True)


def test_a_path_lights_its_edges(panel: Callable[..., tuple[Explorer, Locator]]) -> None:
    explorer, shown = panel(gad.trace(f, 0.5, 3.0))
    rows = shown.locator(".gad-path")
    rows.nth(2).hover()
    assert lit(explorer) == {("x", "v"), ("v", "v2"), ("v2", "y")}
    assert explorer.node("v1").evaluate("node => Number(getComputedStyle(node).opacity)") < 0.5
    assert explorer.node("v").evaluate("node => Number(getComputedStyle(node).opacity)") == 1
    rows.nth(3).focus()
    assert lit(explorer) == {("x", "v3"), ("v3", "y")}
    rows.nth(3).press("Enter")
    expect(rows.nth(3)).to_have_attribute("aria-pressed", "true")
    explorer.page.mouse.move(2, 2)
    explorer.root.focus()
    assert lit(explorer) == {("x", "v3"), ("v3", "y")}  # it is kept
    explorer.root.get_by_role("tab", name="Cost").click()
    assert lit(explorer) == set()


@pytest.mark.slow
def test_another_input_and_what_is_selected(panel: Callable[..., tuple[Explorer, Locator]]) -> None:
    graph = gad.trace(f, 0.5, 3.0)
    explorer, shown = panel(graph)
    shown.locator("select").select_option(label="b")
    expect(shown.locator(".gad-path")).to_have_count(2)
    expect(shown.locator(".gad-paths-total")).to_contain_text(brief(graph["b"].adjoint))
    explorer.node("u").click()
    expect(shown.locator(".gad-path-route").first).to_have_text("u → v2 → y")
    expect(shown.locator(".gad-paths-total")).to_contain_text(brief(graph["u"].adjoint))


@pytest.mark.slow
def test_more_paths_than_anybody_lists(panel: Callable[..., tuple[Explorer, Locator]]) -> None:
    _, shown = panel(gad.trace(doublings, 1.0, 40), fold="none")
    expect(shown.locator(".gad-paths-summary")).to_have_text("1,099,511,627,776 paths against 80 edges of one sweep")
    expect(shown.locator(".gad-paths-total")).to_have_text(
        "Sum of the 50 paths that are listed: 50. The adjoint of x is 1.1e12; one sweep finds it without listing any."
    )


@pytest.mark.slow
def test_ways_through_closed_groups_are_said(panel: Callable[..., tuple[Explorer, Locator]]) -> None:
    _, shown = panel(layered(2), fold=("dense_2",))
    expect(shown.locator(".gad-path-inside").first).to_contain_text("through the closed group dense_2: open it")


@pytest.mark.slow
def test_no_sweep_no_paths(panel: Callable[..., tuple[Explorer, Locator]]) -> None:
    _, shown = panel(gad.trace(lambda x: (np.sin(x), np.cos(x)), 1.0))
    expect(shown.locator(".gad-paths-summary")).to_contain_text("2 outputs")


def test_a_page_carries_the_paths_of_its_inputs(tmp_path: Path, page_factory: Callable[..., Page]) -> None:
    graph = gad.trace(f, 0.5, 3.0)
    page = page_factory()
    page.goto(graph.save(tmp_path / "graph.html").as_uri())
    explorer = Explorer(page)
    explorer.root.get_by_role("tab", name="Paths").click()
    expect(explorer.root.locator(".gad-path")).to_have_count(4)
    explorer.node("u").click()
    expect(explorer.root.locator(".gad-paths-summary")).to_contain_text("This page has no Python behind it")
