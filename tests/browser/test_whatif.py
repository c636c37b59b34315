"""What if: nudges and the check by finite differences as a person sees them, and inputs that are dragged."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import graphviz_ad as gad
from graphviz_ad.story.check import check
from graphviz_ad.story.nudge import nudge
from graphviz_ad.story.staging import story_line
from tests.browser.driver import Explorer, Notebook
from tests.conftest import JupyterLab, Watch


def fan_out(a: Any, b: Any) -> Any:
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    y = e + f
    return y


WRONG = gad.custom(lambda x: x**3, vjp=lambda adjoint, out, x: adjoint * 2.0 * x * x)


def mixed(x: Any, w: Any) -> Any:
    s = w * x
    h = np.maximum(0.0, s)
    v = WRONG(h + w)
    y = v + np.where(x > 0.5, x, 0.0)
    return y


def layer(W: Any, x: Any) -> Any:
    h = np.tanh(W @ x)
    L = np.sum(h * h)
    return L


Open = Callable[..., Explorer]


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page]) -> Open:
    """Return a function that writes a page to disk and opens its What if panel at the last step, or at the first."""

    def open_page(graph: Any, inputs: Any = None, *, begin: bool = False, **options: Any) -> Explorer:
        page = page_factory(**options)
        page.goto(graph.save(tmp_path / "graph.html", inputs=inputs).as_uri())
        explorer = Explorer(page)
        if not begin:
            explorer.press("Last step")
        explorer.root.get_by_role("tab", name="What if").click()
        return explorer

    return open_page


def measured(explorer: Explorer) -> str:
    return explorer.root.locator("[data-measured]").get_attribute("data-measured") or ""


def move(slider: Locator, value: float) -> None:
    """Move a slider as dragging it does."""
    slider.evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', {bubbles: true})) }", value
    )


def verdicts(explorer: Explorer) -> dict[int, str]:
    badges = explorer.root.locator(".gad-picture .gad-verdict")
    found = badges.evaluate_all("badges => badges.map(badge => [badge.dataset.edge, badge.dataset.verdict])")
    return {int(edge): verdict for edge, verdict in found}


def ratios(explorer: Explorer) -> list[str]:
    marks = explorer.root.locator(".gad-picture .gad-ratio:not(.gad-ratio-start) text")
    return sorted(marks.all_text_contents())


# -- nudges -------------------------------------------------------------------------------------


def test_every_epsilon_shows_what_the_graph_measures(opened: Open) -> None:
    graph = gad.trace(fan_out, 2.0, 3.0)
    explorer = opened(graph)
    line = story_line(graph)
    answer = nudge(line, graph["a"].id).answer()
    slider = explorer.root.get_by_role("slider", name="Size of the nudge")
    expect(explorer.root.locator(".gad-nudge-result .gad-is-adjoint")).to_have_text("25")
    for side, label in (("right", "+ε"), ("left", "−ε"), ("central", "±ε")):
        explorer.root.get_by_role("radio", name=label, exact=True).check()
        for at in (0, 3, 8, 14):
            move(slider, at)
            text, agree, error, _ = answer["rows"][at][side]
            assert measured(explorer) == text
            expect(explorer.root.locator("mark.gad-agree")).to_have_text(text[:agree])
            expect(explorer.root.locator(".gad-is-error")).to_have_text(error)
            assert answer["rows"][at]["epsilon"] in (slider.get_attribute("aria-valuetext") or "")
            sentence = answer["chains"][answer["rows"][at]["chains"][side == "left"]]["sentence"]
            expect(explorer.root.locator(".gad-nudge-chain")).to_have_text(sentence)
    expect(explorer.root.locator(".gad-plot-here")).to_have_count(1)
    expect(explorer.root.locator(".gad-nudge-chart")).to_have_attribute("aria-label", re.compile("Relative error"))


@pytest.mark.slow
def test_the_selected_node_is_nudged_and_the_picture_carries_the_ratios(opened: Open) -> None:
    graph = gad.trace(fan_out, 2.0, 3.0)
    explorer = opened(graph)
    assert ratios(explorer) == ["1×", "21×", "25×", "3×", "4×"]
    explorer.root.get_by_role("combobox", name="Nudge").select_option("d")
    expect(explorer.node("d")).to_have_class(re.compile("gad-selected"))
    expect(explorer.root.locator(".gad-nudge-result .gad-is-adjoint")).to_have_text(re.compile("^6"))
    assert ratios(explorer) == ["1×", "5×", "6×"]
    explorer.node("b").click()
    expect(explorer.root.get_by_role("combobox", name="Nudge")).to_have_value(str(graph["b"].id))
    expect(explorer.root.locator(".gad-nudge-result .gad-is-adjoint")).to_have_text("19")


@pytest.mark.slow
def test_closing_the_panel_takes_the_marks_away(opened: Open) -> None:
    explorer = opened(gad.trace(fan_out, 2.0, 3.0))
    explorer.root.get_by_role("button", name="Check all edges").click()
    expect(explorer.root.locator(".gad-picture .gad-verdict")).to_have_count(10)
    explorer.root.get_by_role("tab", name="Details").click()
    expect(explorer.root.locator(".gad-picture :is(.gad-verdict, .gad-ratio)")).to_have_count(0)
    explorer.root.get_by_role("tab", name="What if").click()
    expect(explorer.root.locator(".gad-picture .gad-verdict")).to_have_count(10)
    expect(explorer.root.locator(".gad-picture .gad-ratio")).to_have_count(6)


@pytest.mark.slow
def test_a_kink_and_what_lies_between_are_said(opened: Open) -> None:
    explorer = opened(gad.trace(lambda x: np.maximum(0.0, x) * 2.0 + x, 0.0))
    expect(explorer.root.locator(".gad-nudge-notes")).to_contain_text("the slope is 1 on the left and 3 on the right")
    expect(explorer.root.locator(".gad-nudge-between")).to_contain_text("changes sides")
    explorer.root.get_by_role("radio", name="−ε", exact=True).check()
    expect(explorer.root.locator(".gad-nudge-between")).to_be_hidden()


@pytest.mark.slow
def test_of_an_array_one_entry_moves_and_all_need_a_kernel(opened: Open) -> None:
    explorer = opened(gad.trace(layer, np.arange(6.0).reshape(2, 3) / 10, np.ones(3)))
    expect(explorer.root.locator(".gad-nudge-facts")).to_contain_text("ΔL / ΔW[0, 0]")
    assert "≤ 1×" in ratios(explorer)
    explorer.root.get_by_role("combobox", name="Which entries").select_option("all")
    expect(explorer.root.locator(".gad-nudge-problem")).to_contain_text("no Python behind it")


@pytest.mark.slow
def test_the_sliders_arrows_are_its_own(opened: Open) -> None:
    explorer = opened(gad.trace(fan_out, 2.0, 3.0), begin=True)
    slider = explorer.root.get_by_role("slider", name="Size of the nudge")
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "10⁻⁴")
    assert explorer.where[0] == 0


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_adjoint_stands_beside_it_once_the_story_has_come_to_it(
    opened: Open, screenshots: Path, theme: str
) -> None:
    graph = gad.trace(fan_out, 2.0, 3.0)
    explorer = opened(graph, begin=True, theme=theme)
    line = graph.timeline()
    complete = max(order for order, step in enumerate(line, 1) if step.complete and step.item.name == "a")
    right = explorer.root.locator(".gad-is-adjoint")
    hidden = [
        explorer.root.locator(one) for one in (".gad-nudge-plot", ".gad-nudge-notes", ".gad-is-adjoint [data-adjoint]")
    ]

    def expect_hidden() -> None:
        expect(right).to_have_text(f"after step {complete}")
        for part in hidden:
            expect(part).to_be_hidden()
        expect(explorer.root.locator("mark.gad-agree")).to_be_empty()
        for which in ("error", "digits"):
            expect(explorer.root.locator(f".gad-is-{which}")).to_have_text("–")
        assert measured(explorer)

    for step in (0, complete - 1):
        explorer.go(step)
        expect_hidden()
    explorer.page.screenshot(path=screenshots / f"nudge-early-{theme}.png", full_page=True)
    explorer.root.get_by_role("radio", name="±ε", exact=True).check()
    expect_hidden()
    right.get_by_role("button").click()
    explorer.expect_step(complete)
    expect(right).to_have_text("25")
    for part in hidden:
        expect(part).to_be_visible()
    expect(explorer.root.locator(".gad-is-digits")).not_to_have_text("–")
    explorer.press("Step back")
    expect_hidden()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_in_a_wrong_play_the_right_adjoint_is_compared_and_the_wrong_one_told(
    opened: Open, screenshots: Path, theme: str
) -> None:
    graph = gad.trace(fan_out, 2.0, 3.0)
    explorer = opened(graph, theme=theme)
    expect(explorer.root.locator(".gad-is-played")).to_have_count(0)
    explorer.root.get_by_role("tab", name="Mistakes").click()
    explorer.root.locator('input[type="radio"][value="overwrite"]').check()
    expect(explorer.root.locator(".gad-mistake")).to_be_visible()
    explorer.root.get_by_role("tab", name="What if").click()
    facts = explorer.root.locator(".gad-nudge-facts")
    expect(explorer.root.locator(".gad-is-played")).to_have_count(0)  # the story has not come to it
    explorer.press("Last step")
    wrong = explorer.read("a")["adjoint"]
    assert float(wrong) != 25.0
    expect(explorer.root.locator(".gad-is-played")).to_have_text(wrong.removesuffix(".0"))
    expect(explorer.root.locator(".gad-is-adjoint")).to_have_text("25")
    expect(facts).to_contain_text("right adjoint ∂y/∂a")
    expect(explorer.root.locator(".gad-nudge-notes")).to_contain_text("compared with the right adjoint")
    explorer.page.screenshot(path=screenshots / f"nudge-wrong-{theme}.png", full_page=True)


# -- the check ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_every_edge_gets_the_badge_of_its_verdict(opened: Open, theme: str) -> None:
    graph = gad.trace(mixed, 0.0, 0.7)
    explorer = opened(graph, theme=theme)
    explorer.root.get_by_role("button", name="Check all edges").click()
    line = story_line(graph)
    found = check(line)
    expect(explorer.root.locator(".gad-check-summary")).to_have_text(found.summary)
    assert verdicts(explorer) == {index: finding.verdict for index, finding in found.edges.items()}
    assert set(verdicts(explorer).values()) == {"agrees", "kink", "differs", "unmeasured"}
    signs = explorer.root.locator(".gad-verdict text").all_text_contents()
    assert {"✓", "∧", "✗", "–"} == set(signs), "told apart without colour"
    badge = explorer.root.locator('.gad-verdict[data-verdict="differs"]')
    expect(badge).to_have_attribute("aria-label", "v1 → v: differs, measured 1.47, by rule 0.98.")
    row = explorer.root.locator('tr[data-verdict="differs"]').first
    expect(row).to_contain_text("0.98")
    row.get_by_role("button", name="v1 → v").click()
    expect(explorer.edge("v1", "v")).to_have_class(re.compile("gad-selected"))


@pytest.mark.slow
def test_a_jump_has_a_sign_and_a_sentence(opened: Open) -> None:
    explorer = opened(gad.trace(lambda x, y: np.where(x > y, x * y, x + y) * x, 1.0, 1.0))
    explorer.root.get_by_role("button", name="Check all edges").click()
    row = explorer.root.locator('tr[data-verdict="jump"]').first
    expect(row).to_contain_text("out jumps here: there is no slope.")
    expect(row.locator(".gad-verdict-sign")).to_have_text("⌐")
    assert "undefined" not in explorer.root.locator(".gad-panel-whatif").inner_text()


# -- inputs that are dragged --------------------------------------------------------------------


@pytest.mark.slow
def test_a_page_with_baked_values_snaps_to_them(opened: Open) -> None:
    values = np.linspace(-2.0, 4.0, 25)
    explorer = opened(gad.trace(fan_out, 2.0, 3.0), {"a": values}, begin=True)
    slider = explorer.root.get_by_role("slider", name="a", exact=True)
    move(slider, 0.56)
    expect(explorer.node("a")).to_have_attribute("data-value", "0.5")
    expect(explorer.field("a")).to_have_value("0.5")
    slider.press("ArrowRight")
    expect(explorer.node("a")).to_have_attribute("data-value", "0.75")
    slider.press("End")
    expect(explorer.node("a")).to_have_attribute("data-value", "4.0")
    assert explorer.where[0] == 0, "the arrows moved the number, not the story"
    slider.dblclick()
    expect(explorer.node("a")).to_have_attribute("data-value", "2.0")
    expect(explorer.root.get_by_role("slider", name="b", exact=True)).to_be_disabled()
    expect(explorer.root.locator(".gad-reason")).to_contain_text("b cannot be changed")


@pytest.mark.slow
def test_a_page_without_baked_values_says_why_nothing_moves(opened: Open) -> None:
    explorer = opened(gad.trace(fan_out, 2.0, 3.0))
    expect(explorer.root.get_by_role("slider", name="a", exact=True)).to_be_disabled()
    expect(explorer.root.locator(".gad-reason")).to_contain_text("no Python behind it")


LEAKY = """\
import graphviz_ad as gad

def f(x, w):
    if x > 0:
        u = w * x
    else:
        u = 0.1 * x
    y = u**2
    return y

explorer = gad.explore(f, 1.0, 3.0)
explorer"""


def f(x: float, w: float) -> float:
    return (w * x if x > 0 else 0.1 * x) ** 2


@pytest.mark.slow
def test_dragging_follows_through_the_kernel(browser: Browser, jupyter_lab: JupyterLab, screenshots: Path) -> None:
    watch = Watch()
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, service_workers="block")
    watch.follow(context)
    page = context.new_page()
    book = Notebook.write(page, jupyter_lab, "drag.ipynb", LEAKY, "print(explorer.inputs, explorer.graph['x'].adjoint)")
    book.run(0)
    explorer = book.explorer(0)
    explorer.press("Last step")
    slider = explorer.root.get_by_role("slider", name="x", exact=True)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    for part in range(20):
        page.mouse.move(box["x"] + box["width"] * (0.5 + 0.02 * part), middle)
    page.mouse.up()
    shown = float(explorer.field("x").input_value())
    assert 2.0 < shown <= 3.0
    expect(explorer.node("x")).to_have_attribute("data-value", repr(shown))
    assert explorer.numbers("adjoint")["x"] == pytest.approx(2 * 9 * shown)
    assert float(explorer.read("y")["value"]) == pytest.approx(f(shown, 3.0))

    # the nudge belongs to the numbers of now
    explorer.root.get_by_role("tab", name="What if").click()
    expect(explorer.root.locator(".gad-nudge-result .gad-is-adjoint")).to_have_text(
        re.compile(f"^{2 * 9 * shown:.4g}"[:4])
    )
    page.screenshot(path=screenshots / "dragged.png")

    # to the other branch: the notice says so, and the whole graph is the other one
    move(slider, -0.5)
    expect(explorer.root.locator(".gad-notice")).to_contain_text("`x > 0`")
    expect(explorer.root.locator(".gad-announcement")).to_contain_text("run again")
    expect(explorer.node("x")).to_have_attribute("data-value", "-0.5")
    assert explorer.numbers("adjoint")["x"] == pytest.approx(2 * 0.1 * 0.1 * -0.5)
    slider.dblclick()
    expect(explorer.node("x")).to_have_attribute("data-value", "1.0")
    assert book.run(1) == "{'x': 1.0, 'w': 3.0} 18.0"
    context.close()
    assert (watch.errors, watch.foreign) == ([], [])
