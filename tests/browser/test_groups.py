"""Groups in the page: collapsed ones are one node each, expanded ones a frame, and the story plays what is visible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from tests.browser.driver import Explorer


def dense(x, W, b):
    z = x @ W + b
    return np.tanh(z)


def net(X, layers):
    h = X
    for W, b in layers:
        h = dense(h, W, b)
    return np.mean(h**2)


def two(x):
    return np.sin(x), np.cos(x)


def several(x):
    a, b = two(x)
    return a * b + a


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page]) -> Callable[..., Explorer]:
    """Return a function that saves a graph's page and opens it."""

    def open_page(graph: gad.Graph, **options: Any) -> Explorer:
        path = graph.save(tmp_path / "graph.html", **options)
        page = page_factory()
        page.goto(path.as_uri())
        return Explorer(page)

    return open_page


def test_a_collapsed_group_is_one_node_with_value_and_adjoint(
    opened: Callable[..., Explorer], screenshots: Path
) -> None:
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(3, 3)), rng.normal(size=3)) for _ in range(2)]
    graph = gad.trace(net, gad.constant(rng.normal(size=(4, 3))), layers)
    explorer = opened(graph, fold=("dense",))
    assert explorer.node("dense").get_attribute("data-kind") == "group"
    assert explorer.node("z").count() == 0  # its members are hidden
    assert "value" not in explorer.read("dense")
    explorer.press("Last step")
    h = graph["h"]
    shown = explorer.read("dense")
    assert shown["value"].startswith('{"shape":[4,3],"data":[')
    assert f"{float(h.value[0, 0])!r}" in shown["value"]
    assert f"{float(h.adjoint[0, 0])!r}" in shown["adjoint"]
    expect(explorer.page.locator("g.gad-frame")).to_have_count(1)
    assert explorer.page.locator('g.gad-edge[data-input="dense"]').count() == 1  # the edge at its border has its name
    explorer.page.screenshot(path=screenshots / "groups.png")


def test_every_step_reveals_one_value_or_one_contribution_and_a_sum_only_adds(opened: Callable[..., Explorer]) -> None:
    graph = gad.trace(lambda X, b: np.sum((X + b) ** 2), np.arange(6.0).reshape(3, 2), np.array([1.0, 2.0]))
    explorer = opened(graph)
    line = graph.timeline()
    seen: set[tuple[str | None, str | None]] = set()
    for place, step in enumerate(line, 1):
        explorer.press("Step forward")
        explorer.expect_step(place)
        now = {
            (edge.get_attribute("data-input"), edge.get_attribute("data-argnum"))
            for edge in explorer.page.locator("g.gad-edge[data-contribution]").all()
        }
        new = now - seen
        seen = now
        if step.kind in ("contribution", "sum") and line.adds(place - 1):
            assert len(new) == 1
        else:
            assert not new
        if step.kind == "sum":
            assert "was broadcast over axis 0" in explorer.page.locator("[role=status]").inner_text()
    assert any(step.kind == "sum" for step in line)


def test_a_group_with_several_values_has_no_number(opened: Callable[..., Explorer]) -> None:
    graph = gad.trace(several, 1.0)
    explorer = opened(graph, fold=("two",))
    explorer.press("Last step")
    shown = explorer.read("two")
    assert "value" not in shown
    assert "adjoint" not in shown
    assert "2 outputs" in (explorer.node("two").text_content() or "")
    assert float(explorer.read("x")["adjoint"]) == gad.grad(several)(1.0)
    assert explorer.edge("two", "out").count() == 1
    assert float(explorer.edge("x", "two").get_attribute("data-contribution") or "nan") == gad.grad(several)(1.0)
