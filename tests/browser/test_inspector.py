"""The Details panel as a person reads it: the product on an edge, the ledger at a fork, and nothing before its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from graphviz_ad.story.inspect import Inspector
from graphviz_ad.widget import look
from graphviz_ad.widget.view import View
from tests.browser.driver import Explorer

Open = Callable[..., Explorer]


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page], monkeypatch: pytest.MonkeyPatch) -> Open:
    """Return a function that writes a graph's page, with one way of looking, and opens it."""

    def departures(_: View) -> Iterator[dict[str, Any]]:
        yield from ()

    monkeypatch.setattr(look, "departures", departures)

    def open_page(graph: gad.Graph, options: dict[str, Any] | None = None, **page_options: Any) -> Explorer:
        path = tmp_path / "graph.html"
        path.write_text(View(graph, **(options or {})).page(), encoding="utf-8")
        page = page_factory(**page_options)
        page.goto(path.as_uri())
        return Explorer(page)

    return open_page


def fork(x):
    u = x * x
    s = np.tanh(u)
    y = s + x
    return y


FORK = gad.trace(fork, 0.5)


def layer(X, W, b):
    Z = X @ W + b
    H = np.maximum(0, Z)
    loss = np.mean(H**2)
    return loss


LAYER = gad.trace(layer, np.array([[1.0, -2.0], [0.5, 3.0], [1.0, 1.0]]), np.array([[1.0], [0.5]]), np.array([0.25]))


def details(explorer: Explorer) -> Locator:
    return explorer.root.locator(".gad-details")


def about(explorer: Explorer, what: str) -> Locator:
    panel = explorer.root.locator(f'.gad-details[data-about="{what}"]')
    expect(panel).to_be_visible()
    return panel


def rows(panel: Locator) -> list[list[str]]:
    found: list[list[str]] = panel.locator(".gad-sums tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return found


def fact(panel: Locator, term: str) -> Locator:
    return panel.locator(f'dt:text-is("{term}") + dd')


def test_it_is_the_first_tab_and_follows_the_story(opened: Open) -> None:
    explorer = opened(FORK)
    tab = explorer.root.get_by_role("tab").first
    expect(tab).to_have_text("Details")
    expect(tab).to_have_attribute("aria-selected", "true")
    expect(details(explorer)).to_contain_text("Step forward")
    explorer.go(1)
    expect(about(explorer, f"node:{FORK['u'].id}").locator(".gad-equation")).to_have_text("u = x·x = 0.5 × 0.5 = 0.25")
    explorer.go(7)
    edge = next(edge for edge in FORK.edges if edge.consumer.name == "s")
    panel = about(explorer, f"edge:{FORK.edges.index(edge)}")
    numbers = panel.locator(".gad-factor .gad-numeral").evaluate_all("all => all.map(one => Number(one.dataset.exact))")
    assert numbers == [edge.consumer.adjoint, edge.local, edge.contribution]
    expect(panel.locator(".gad-equation")).to_have_text("∂s/∂u = 1 − s² = 1 − 0.2449² = 0.94")


@pytest.mark.slow
def test_the_reason_for_a_one_is_said_only_when_it_is_known(opened: Open) -> None:
    explorer = opened(FORK)
    explorer.go(4)
    edge = next(edge for edge in FORK.edges if (edge.input.name, edge.consumer.name) == ("x", "y"))
    explorer.edge("x", "y").focus()
    explorer.page.keyboard.press("Enter")
    panel = about(explorer, f"edge:{FORK.edges.index(edge)}")
    expect(panel.locator(".gad-why")).to_have_count(0)
    expect(panel.locator(".gad-factor .gad-not-yet")).to_have_count(2)  # the adjoint of y, the seed, is known
    explorer.press("Step forward")
    explorer.press("Step forward")
    expect(panel.locator(".gad-why")).to_have_text("y = s + x adds x with factor 1")
    expect(panel.locator(".gad-factor .gad-not-yet")).to_have_count(0)


@pytest.mark.slow
def test_at_a_fork_every_contribution_appears_in_its_turn(opened: Open) -> None:
    explorer = opened(FORK)
    explorer.node("x").click()
    panel = about(explorer, f"node:{FORK['x'].id}")
    ledger = Inspector(FORK.timeline()).node(FORK["x"].id)["ledger"]
    for step in range(explorer.where[1] + 1):
        explorer.go(step)
        explorer.expect_step(step)
        arrived = [row for row in ledger if row["step"] <= step]
        expect(panel.locator(".gad-count")).to_have_text(f"{len(arrived)} of 3 consumers")
        shown = rows(panel)
        for row, cells in zip(ledger, shown, strict=True):
            if row in arrived:
                assert cells[2] == f"{row['symbols']} = {row['numbers']} = {row['sent']}"
                assert cells[3] == f"{row['old']} → {row['new']}"
            else:
                assert cells[2:] == [f"{row['symbols']} = not yet", "not yet"]
        now = panel.locator(".gad-sums tr.gad-now")
        expect(now).to_have_count(1 if any(row["step"] == step for row in ledger) else 0)
    expect(fact(panel, "▼ adjoint").locator(".gad-numeral")).to_have_attribute(
        "data-exact", repr(float(FORK["x"].adjoint))
    )


@pytest.mark.slow
def test_a_sum_that_is_not_complete_says_so(opened: Open) -> None:
    explorer = opened(FORK)
    explorer.node("x").click()
    panel = about(explorer, f"node:{FORK['x'].id}")
    expect(fact(panel, "▼ adjoint")).to_have_text("not yet")
    explorer.go(8)
    expect(fact(panel, "▼ adjoint")).to_have_text("1.47 so far")


def test_a_node_shows_what_made_it_and_where(opened: Open) -> None:
    explorer = opened(FORK)
    explorer.node("u").click()
    panel = about(explorer, f"node:{FORK['u'].id}")
    expect(panel.locator(".gad-equation")).to_have_text("u = x·x = not yet")
    expect(fact(panel, "▲ value")).to_have_text("not yet")
    expect(fact(panel, "source")).to_contain_text("x * x")
    expect(fact(panel, "source")).to_contain_text("test_inspector.py:")
    panel.get_by_role("button", name="To the step that computes it (1)").click()
    explorer.expect_step(1)
    expect(fact(panel, "▲ value")).to_have_text("0.25")
    panel.get_by_role("button", name="To the step that completes its adjoint (7)").click()
    explorer.expect_step(7)
    expect(fact(panel, "▼ adjoint").locator(".gad-numeral")).to_have_attribute(
        "data-exact", repr(float(FORK["u"].adjoint))
    )


@pytest.mark.slow
def test_escape_lets_go_and_names_lead_on(opened: Open) -> None:
    explorer = opened(FORK)
    explorer.go(2)
    explorer.node("u").click()
    panel = about(explorer, f"node:{FORK['u'].id}")
    fact(panel, "inputs").get_by_role("button", name="Show x").click()
    about(explorer, f"node:{FORK['x'].id}")
    explorer.page.keyboard.press("Escape")
    about(explorer, f"node:{FORK['s'].id}")  # what the step is about
    expect(explorer.root.locator(".gad-selected")).to_have_count(0)


def test_a_broadcast_shows_both_sides_of_the_sum(opened: Open) -> None:
    explorer = opened(LAYER)
    told = Inspector(LAYER.timeline()).node(LAYER["b"].id)["ledger"][0]
    explorer.go(told["summed"]["step"])
    panel = about(explorer, f"edge:{told['edge']}")
    expect(fact(panel, "before the sum")).to_contain_text(told["summed"]["text"])
    expect(fact(panel, "after it")).to_have_text("not yet")
    explorer.press("Step forward")
    expect(fact(panel, "after it")).to_contain_text(told["sent"])
    expect(fact(panel, "shapes")).to_have_text("(1,) = sum over axis 0 of (3,1)")


@pytest.mark.slow
def test_a_matrix_product_is_told_as_a_map(opened: Open) -> None:
    explorer = opened(LAYER)
    explorer.press("Last step")
    explorer.edge("W", LAYER.edges[0].consumer.name).focus()
    explorer.page.keyboard.press("Enter")
    panel = about(explorer, "edge:1")
    expect(panel.locator(".gad-equation")).to_contain_text("↦ Xᵀ")
    expect(fact(panel, "shapes")).to_have_text("(2,1) = (2,3)(3,1)")


@pytest.mark.slow
def test_tangents_in_forward_mode(opened: Open) -> None:
    explorer = opened(FORK, {"mode": "forward"})
    explorer.press("Last step")
    explorer.node("y").click()
    panel = about(explorer, f"node:{FORK['y'].id}")
    ledger = Inspector(FORK.timeline("forward")).node(FORK["y"].id)["ledger"]
    assert [cells[3] for cells in rows(panel)] == [f"{row['old']} → {row['new']}" for row in ledger]
    expect(panel.locator(".gad-sums caption")).to_contain_text("Ledger of ẏ")
    expect(panel).not_to_contain_text("adjoint")


@pytest.mark.slow
def test_a_group_tells_what_it_holds(opened: Open) -> None:
    def f(x, w):
        with gad.scope("block"):
            z = w * x
            h = np.tanh(z)
        return h + x

    graph = gad.trace(f, 2.0, 0.25)
    explorer = opened(graph, {"fold": "all"})
    explorer.node("block").click()
    panel = details(explorer)
    expect(panel).to_contain_text("2 operations")
    expect(panel.locator(".gad-members").first.locator("li")).to_have_text(["z ×", "h tanh"])
    expect(panel.locator(".gad-members").last).to_have_text("h = not yet")
    explorer.press("Last step")
    expect(panel.locator(".gad-members").last.locator(".gad-numeral")).to_have_attribute(
        "data-exact", repr(float(graph["h"].value))
    )


@pytest.mark.slow
def test_a_wrong_pass_shows_its_own_numbers(opened: Open) -> None:
    explorer = opened(FORK, {"wrong": "overwrite"})
    explorer.press("Last step")
    explorer.node("x").click()
    panel = about(explorer, f"node:{FORK['x'].id}")
    assert [cells[3] for cells in rows(panel)] == ["0 → 1", "1 → 0.47", "0.47 → 0.47"]
    expect(fact(panel, "▼ adjoint")).to_have_text("0.47")


@pytest.mark.slow
def test_a_second_pass_starts_from_what_the_first_one_left(opened: Open) -> None:
    # y = tanh(x²) + x at 0.5: the first pass leaves 1 at s and 1 − tanh²(0.25) = 0.94 at u, 1 + 0.94 · 2 · 0.5 at x
    explorer = opened(FORK, {"wrong": "no-zeroing"})
    explorer.press("Last step")
    explorer.node("u").click()
    panel = about(explorer, f"node:{FORK['u'].id}")
    # s holds 1 + 1 by the time it sends: 2 · 0.94 = 1.88 comes to the 0.94
    assert [cells[2:] for cells in rows(panel)] == [["what stands at s × ∂s/∂u = 2 × 0.94 = 1.88", "0.94 → 2.82"]]
    explorer.node("x").click()
    panel = about(explorer, f"node:{FORK['x'].id}")
    assert [cells[3] for cells in rows(panel)] == ["1.94 → 2.94", "2.94 → 4.35", "4.35 → 5.76"]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("zoom", [1, 2])
def test_pictures_of_it(opened: Open, screenshots: Path, scheme: str, zoom: int) -> None:
    explorer = opened(FORK, theme=scheme, width=1280 // zoom, height=900 // zoom, device_scale_factor=zoom)
    explorer.go(8)
    panel = details(explorer)
    expect(panel.locator(".gad-product")).to_be_visible()
    explorer.page.screenshot(path=screenshots / f"details-{scheme}-{zoom}00.png", full_page=True)
    overflow = explorer.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


# how many lines each number in the cells of a table takes
LINES = r"""table => [...table.querySelectorAll("td")].flatMap((cell) => {
  const found = [];
  const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) for (const number of texts.currentNode.data.matchAll(/[0-9.]+/g)) {
    const range = document.createRange();
    range.setStart(texts.currentNode, number.index);
    range.setEnd(texts.currentNode, number.index + number[0].length);
    found.push([number[0], new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size]);
  }
  return found;
})"""


def test_on_a_phone_no_number_of_the_ledger_breaks(opened: Open) -> None:
    def many(w, x):
        a = w * x
        b = w * 0.1234
        loss = a * a + b * w
        return loss

    explorer = opened(gad.trace(many, 0.51234, -1.51234), width=360, height=740)
    explorer.press("Last step")
    explorer.node("w").click()
    sums = explorer.root.locator(".gad-sums")
    expect(sums).to_be_visible()
    lines = sums.evaluate(LINES)
    assert len(lines) >= 9
    assert {number: count for number, count in lines if count > 1} == {}
    assert explorer.page.evaluate("document.scrollingElement.scrollWidth") <= 360
