"""The panel "Cost": every number on the page against Python's, and the memory at every step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from graphviz_ad.story.cost import Cost
from graphviz_ad.story.memory import Ledger, bytes_text
from graphviz_ad.widget.view import View
from tests.browser.driver import Explorer
from tests.browser.live import show
from tests.story.test_memory import small
from tests.story.test_outline import layered


@pytest.fixture
def panel(page_factory: Callable[..., Page]) -> Callable[..., tuple[Explorer, Locator]]:
    """Return a function that opens the panel for a graph."""

    def open_panel(graph: gad.Graph, page: dict | None = None, **options) -> tuple[Explorer, Locator]:
        explorer, _ = show(page_factory(**(page or {})), View(graph, **options))
        explorer.root.get_by_role("tab", name="Cost").click()
        shown = explorer.root.locator(".gad-panel-cost")
        expect(shown.locator("svg")).to_be_visible()
        return explorer, shown

    return open_panel


def marked(explorer: Explorer, name: str) -> set[str]:
    found = explorer.root.locator(f"g.gad-node.{name}").evaluate_all("nodes => nodes.map(node => node.dataset.node)")
    return set(found)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_three_methods_side_by_side(
    panel: Callable[..., tuple[Explorer, Locator]], screenshots: Path, theme: str
) -> None:
    graph = gad.trace(lambda x: np.mean(np.tanh(x) ** 2), np.linspace(-1, 1, 100))
    explorer, shown = panel(graph, {"theme": theme})
    cost = Cost(graph)
    for method in cost.methods:
        cells = shown.locator(f'tr[data-method="{method.key}"] .gad-cost-number').all_inner_texts()
        assert cells == [f"{number:,}" for number in (method.sweeps, method.nodes, method.scalars)]
    expect(shown.locator(".gad-cost-sentence")).to_have_text(cost.sentence)
    expect(shown.locator("caption").first).to_have_text("All derivatives of 1 output number by 100 input numbers")
    assert shown.locator(".gad-cost-best").evaluate("mark => mark.closest('tr').dataset.method") == "reverse"
    widths = shown.locator("tr .gad-cost-bar").evaluate_all(
        "bars => bars.map(bar => bar.getBoundingClientRect().width)"
    )
    assert widths[0] > 10 * widths[9] > 0  # 101 runs against 2 sweeps
    explorer.page.screenshot(path=screenshots / f"cost-{theme}.png", full_page=True)


def test_the_ledger_at_every_step(panel: Callable[..., tuple[Explorer, Locator]], screenshots: Path) -> None:
    graph = gad.trace(small, 2.0, 3.0, 1.0)
    explorer, shown = panel(graph)
    ledger = Ledger(View(graph).line)
    expect(shown.locator(".gad-ledger-summary")).to_contain_text("Peak: 40 B at step 8. The function alone")
    assert shown.locator("svg").get_attribute("aria-label") == (
        "Bytes held at each of the 15 steps; most at step 8: 40 B"
    )
    names = ledger.line.graph.names
    for step in range(ledger.steps + 1):
        explorer.go(step)
        held = [one for one in ledger.at(step) if not one.caller]
        rows = shown.locator("tr[data-held]").evaluate_all(
            "rows => rows.map(row => [row.dataset.held, row.dataset.what])"
        )
        assert sorted(map(tuple, rows)) == sorted((names[one.position], one.what) for one in held)
        links = ledger.line.outline.links
        senders = {links[event.link].consumer for event in ledger.line.events[:step] if event.link >= 0}
        evaluations, operations = min(step, 5) + len(senders), ledger.operations[step]
        plural = ["" if count == 1 else "s" for count in (evaluations, operations)]
        expect(shown.locator(".gad-ledger-now")).to_have_text(
            f"Step {step}: {bytes_text(ledger.totals[step])} held; so far {evaluations} node evaluation{plural[0]}, "
            f"{operations} scalar operation{plural[1]}."
        )
        assert marked(explorer, "gad-held") == {names[one.position] for one in held}
        x = float(shown.locator(".gad-ledger-cursor").get_attribute("x") or "nan")
        assert abs(x - 600 * step / 16) < 0.01
    explorer.go(9)
    why = shown.locator("tr[data-held]").evaluate_all(
        "rows => rows.map(row => row.dataset.what + ' ' + row.dataset.held + ': ' + row.lastChild.textContent)"
    )
    assert why == [
        "value h: used now for ∂v2/∂h",
        "value out: the result",
        "adjoint v2: used now for ∂v2/∂h",
        "adjoint x: a derivative that was asked for",
        "adjoint h: needed for ∂h/∂z",
    ]
    explorer.page.screenshot(path=screenshots / "cost-ledger.png", full_page=True)


def test_the_chart_leads_to_a_step(panel: Callable[..., tuple[Explorer, Locator]]) -> None:
    explorer, shown = panel(gad.trace(small, 2.0, 3.0, 1.0))
    chart = shown.locator("svg").bounding_box()
    assert chart
    explorer.page.mouse.click(chart["x"] + chart["width"] * 8.5 / 16, chart["y"] + chart["height"] / 2)
    explorer.expect_step(8)
    expect(shown.locator(".gad-ledger-now")).to_contain_text("Step 8: 40 B held")


@pytest.mark.slow
def test_leaving_the_panel_takes_the_marks_away(panel: Callable[..., tuple[Explorer, Locator]]) -> None:
    explorer, _ = panel(gad.trace(small, 2.0, 3.0, 1.0))
    explorer.go(9)
    assert marked(explorer, "gad-held")
    explorer.root.get_by_role("tab", name="Paths").click()
    assert not marked(explorer, "gad-held")
    assert explorer.node("z").evaluate("node => Number(getComputedStyle(node).opacity)") == 1


@pytest.mark.slow
def test_forward_mode_counts_too(panel: Callable[..., tuple[Explorer, Locator]]) -> None:
    graph = gad.trace(small, 2.0, 3.0, 1.0)
    explorer, shown = panel(graph, mode="forward", seed={"x": 1.0})
    ledger = Ledger(View(graph, mode="forward", seed={"x": 1.0}).line)
    expect(shown.locator(".gad-ledger-summary")).to_contain_text(
        f"computed each together with its tangent, they would hold {bytes_text(ledger.together)} at most"
    )
    explorer.press("Last step")
    expect(shown.locator(".gad-ledger-now")).to_contain_text(f"{ledger.operations[-1]} scalar operations")
    expect(shown.locator(".gad-ledger-key-tangents")).to_be_visible()


@pytest.mark.slow
def test_collapsed_groups_are_one_entry(panel: Callable[..., tuple[Explorer, Locator]]) -> None:
    graph = layered(2)
    explorer, shown = panel(graph, fold="all")
    explorer.go(1)
    expect(shown.locator("tr[data-held]").first).to_contain_text("arrays in dense … dense_2")
    assert marked(explorer, "gad-held") == {"dense … dense_2"}


def test_a_page_carries_its_costs_for_every_look(tmp_path: Path, page_factory: Callable[..., Page]) -> None:
    graph = gad.trace(small, 2.0, 3.0, 1.0)
    page = page_factory()
    page.goto(graph.save(tmp_path / "graph.html").as_uri())
    explorer = Explorer(page)
    explorer.root.get_by_role("tab", name="Cost").click()
    expect(explorer.root.locator('tr[data-method="reverse"]')).to_contain_text("14")
    explorer.root.locator("select.gad-mode").select_option("forward:x")
    expect(explorer.root.locator(".gad-ledger-key-tangents")).to_be_visible()
    expect(explorer.root.locator(".gad-ledger-summary")).to_contain_text("computed each together with its tangent")


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "second"), [("reverse", "adjoint"), ("forward", "tangent")])
def test_the_marks_in_the_picture_are_explained(panel, mode: str, second: str) -> None:
    options = {"mode": "forward", "seed": {"x": 1.0}} if mode == "forward" else {}
    explorer, shown = panel(gad.trace(lambda x: np.sin(x) * x, 0.5), **options)
    words = shown.locator(".gad-held-legend span").all_inner_texts()
    assert words == [
        "its value is held", f"its {second} is held", "the caller holds it anyway", "nothing of it is held"
    ]  # fmt: skip
    colour = "part => getComputedStyle(part, '::before').borderTopColor"
    key = shown.locator(f".gad-held-key-{second}").evaluate(colour)
    explorer.press("Step forward")
    for _ in range(explorer.where[1]):
        held = explorer.root.locator("g.gad-node.gad-held-more .gad-box")
        if held.count():
            assert held.first.evaluate("box => getComputedStyle(box).stroke") == key
            return
        explorer.press("Step forward")
    raise AssertionError("nothing but values was ever held")


@pytest.mark.slow
def test_the_legend_names_every_state_of_the_picture(panel: Callable[..., tuple[Explorer, Locator]]) -> None:
    explorer, shown = panel(gad.trace(small, 2.0, 3.0, 1.0))
    explorer.go(3)
    opacity = "(element, part) => Number(getComputedStyle(element, part).opacity)"
    drawn = {node.evaluate(opacity) for node in explorer.root.locator("g.gad-node").all()}
    assert len(drawn) == 3  # held; held by the caller, as every input is; not held
    keys = shown.locator(".gad-held-key").all()
    assert {key.evaluate(opacity, "::before") for key in keys} == drawn
