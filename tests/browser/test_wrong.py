"""The panel of mistakes in the page: a wrong algorithm plays, the first node that differs is marked, and back again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from graphviz_ad.story.wrong import WRONG, WrongPass, applicable
from graphviz_ad.widget.page import page as write_page
from graphviz_ad.widget.view import View
from tests.browser.driver import Explorer
from tests.core.test_gold import fork


def layer(X, W, b):
    Y = X @ W + b
    return np.mean(Y**2)


def fork_graph() -> gad.Graph:
    return gad.trace(fork, 2.0, 3.0).backward()


def square() -> gad.Graph:
    return gad.trace(layer, np.arange(9.0).reshape(3, 3), np.arange(9.0).reshape(3, 3) ** 2, np.ones(3)).backward()


def oblong() -> gad.Graph:
    return gad.trace(layer, np.arange(12.0).reshape(4, 3), np.arange(6.0).reshape(3, 2), np.ones(2)).backward()


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page]) -> Callable[..., Explorer]:
    """Return a function that saves a graph's page and opens it."""

    def open_page(graph: gad.Graph, **options: Any) -> Explorer:
        path = graph.save(tmp_path / "graph.html")
        page = page_factory(**options)
        page.goto(path.as_uri())
        return Explorer(page)

    return open_page


def choose(explorer: Explorer, kind: str) -> None:
    """Choose a wrong algorithm, by its title, and wait for its story."""
    tab = explorer.root.get_by_role("tab", name="Mistakes")
    if tab.get_attribute("aria-selected") != "true":
        tab.click()
    explorer.root.get_by_label(WRONG[kind].title, exact=True).check()
    expect(explorer.root.locator(".gad-mistake")).to_contain_text(WRONG[kind].title)


def shown(data: dict[str, str]) -> Any:
    """An adjoint as the page shows it."""
    text = data["adjoint"]
    if not text.startswith("{"):
        return float(text)
    table = json.loads(text)
    return np.reshape(np.array(table["data"], dtype=float), table["shape"])


CASES = [(fork_graph, kind) for kind in ("overwrite", "depth-first", "no-zeroing")] + [
    (square, "missing-transpose"),
    (oblong, "missing-transpose"),
    (oblong, "no-broadcast-sum"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("make", "kind"), CASES)
def test_a_wrong_algorithm_plays_with_its_own_numbers(opened: Callable[..., Explorer], make, kind: str) -> None:
    graph = make()
    run = WrongPass(graph, kind)
    assert run.first is not None
    explorer = opened(graph)
    choose(explorer, kind)
    values = sum(node.primitive is not None for node in graph.nodes)
    explorer.expect_step(values)  # where the two algorithms part ways
    banner = explorer.root.locator(".gad-mistake")
    expect(banner).to_be_visible()
    expect(explorer.root.locator("g.gad-wrong-node")).to_have_count(0)

    # one step before it shows there is no mark, then there is one, on the first node that differs
    name = graph.names[run.first.position]
    explorer.go(values + run.first.event)
    explorer.expect_step(values + run.first.event)
    expect(explorer.root.locator("g.gad-wrong-first")).to_have_count(0)
    explorer.root.get_by_role("button", name="Go to where it goes wrong").click()
    explorer.expect_step(values + run.first.event + 1)
    expect(explorer.node(name)).to_have_class(re.compile("gad-wrong-first"))
    badge = explorer.root.locator(".gad-wrong-badge:not(.gad-hidden)")
    expect(badge).to_have_count(1)
    expect(badge).to_contain_text("✗")

    explorer.press("Last step")
    for position, adjoint in run.accumulators.items():
        data = explorer.read(graph.names[position])
        if run.complete(position):
            np.testing.assert_allclose(shown(data), adjoint)
        else:
            assert "adjoint" not in data
    assert explorer.root.locator("g.gad-wrong-node").evaluate_all(
        "all => all.map(one => one.dataset.node).sort()"
    ) == sorted(graph.names[one.position] for one in run.differing)
    rows = explorer.root.locator(".gad-differing tbody tr")
    assert rows.evaluate_all("all => all.map(one => one.dataset.node)") == [
        graph.names[one.position] for one in run.differing
    ]
    expect(rows.first).to_contain_text("✗ first")

    banner.get_by_role("button", name="Back to the right one").click()
    expect(banner).to_be_hidden()
    expect(explorer.root.locator(".gad-wrong-badge")).to_have_count(0)
    explorer.press("Last step")
    for node in graph.nodes:
        if node.differentiable:
            np.testing.assert_allclose(shown(explorer.read(node.name)), node.adjoint)
    assert explorer.root.get_by_label("The right algorithm").is_checked()


def test_the_right_number_stands_beside_the_wrong_one(opened: Callable[..., Explorer], screenshots: Path) -> None:
    explorer = opened(fork_graph())
    choose(explorer, "overwrite")
    explorer.press("Last step")
    assert explorer.numbers("adjoint") == {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "y": 1}
    badges = explorer.root.locator(".gad-wrong-badge text").all_text_contents()
    assert badges == ["✗ first: right is 7", "✗ right is 6", "✗ right is 25", "✗ right is 19"]
    for row, (name, wrong, right) in enumerate([("c", "1", "7"), ("d", "1", "6"), ("a", "1", "25"), ("b", "1", "19")]):
        cells = explorer.root.locator(".gad-differing tbody tr").nth(row).locator("th, td").all_text_contents()
        assert cells == [f"{name} ✗ first" if row == 0 else name, wrong, right]
    expect(explorer.root.locator(".gad-verdict")).to_have_text(
        "The first node that differs is c: it ends up with 1; its adjoint is 7."
    )
    inside = explorer.root.evaluate(
        """root => { const frame = root.querySelector("svg.gad-picture").getBoundingClientRect();
             return [...root.querySelectorAll(".gad-wrong-badge")].every(badge => {
               const box = badge.getBoundingClientRect();
               return box.left >= frame.left && box.right <= frame.right && box.bottom <= frame.bottom; }) }"""
    )
    assert inside
    explorer.page.screenshot(path=screenshots / "wrong-overwrite.png", full_page=True)


def test_what_does_not_apply_is_disabled_and_says_why(opened: Callable[..., Explorer]) -> None:
    graph = oblong()
    explorer = opened(graph)
    explorer.root.get_by_role("tab", name="Mistakes").click()
    for choice in applicable(graph):
        radio = explorer.root.get_by_label(choice.title, exact=True)
        assert radio.is_enabled() is choice.applies
        words = radio.evaluate("radio => document.getElementById(radio.getAttribute('aria-describedby')).textContent")
        assert words == (WRONG[choice.kind].explanation if choice.applies else choice.why)
    assert {choice.applies for choice in applicable(graph)} == {True, False}


def test_by_keyboard(opened: Callable[..., Explorer]) -> None:
    explorer = opened(fork_graph())
    explorer.root.get_by_role("tab", name="Mistakes").click()
    explorer.root.get_by_label("The right algorithm").focus()
    explorer.page.keyboard.press("ArrowDown")
    expect(explorer.root.locator(".gad-mistake")).to_contain_text("= instead of +=")
    expect(explorer.root.get_by_label("= instead of +=")).to_be_focused()
    explorer.root.get_by_role("button", name="Back to the right one").focus()
    explorer.page.keyboard.press("Enter")
    expect(explorer.root.locator(".gad-mistake")).to_be_hidden()
    expect(explorer.root).to_be_focused()


@pytest.mark.slow
def test_another_tab_leaves_the_wrong_algorithm_playing(opened: Callable[..., Explorer]) -> None:
    explorer = opened(fork_graph())
    choose(explorer, "overwrite")
    explorer.root.get_by_role("tab", name="Mistakes").click()  # closes it
    explorer.press("Last step")
    expect(explorer.root.locator(".gad-mistake")).to_be_visible()
    expect(explorer.root.locator("g.gad-wrong-node")).to_have_count(4)


@pytest.mark.slow
def test_a_page_may_open_with_it(tmp_path: Path, page_factory: Callable[..., Page]) -> None:
    view = View(fork_graph(), wrong="depth-first")
    path = tmp_path / "wrong.html"
    path.write_text(write_page(view.payload(False), view.scene.title), encoding="utf-8")
    page = page_factory()
    page.goto(path.as_uri())
    explorer = Explorer(page)
    assert explorer.where == (0, 16, "forward")
    expect(explorer.root.locator(".gad-mistake")).to_contain_text("Sent on too early")
    explorer.press("Last step")
    assert explorer.numbers("adjoint")["a"] == 4.0
    assert explorer.root.locator(".gad-wrong-badge text").first.text_content() == "✗ sent 1, right is 7"


@pytest.mark.slow
def test_hostile_names_only_ever_become_text(opened: Callable[..., Explorer]) -> None:
    x = gad.variable(3.0, name="<img src=x onerror=alert(1)>")
    explorer = opened(gad.graph(x * x + x))
    choose(explorer, "overwrite")
    explorer.press("Last step")
    expect(explorer.root.locator(".gad-differing tbody th")).to_contain_text("<img src=x")
    assert explorer.root.locator("img").count() == 0
