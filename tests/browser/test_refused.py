"""What a page says and does where an edit or a look is refused, answered late, or never: nothing is lost or stuck."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from graphviz_ad.widget.view import View
from tests.browser.driver import Explorer
from tests.browser.live import Kernel, show

SILENCE = 2000.0  # ms without an answer after which the page says that the kernel does not answer
Live = Callable[[Any], tuple[Explorer, Kernel]]


def product(x: float, y: float) -> float:
    return x * y + x


def heavy(p: Any) -> Any:
    if p["w"] > 2.0:
        raise ValueError("weight too large")
    return (p["w"] * 2.0 - 1.0) ** 2


@pytest.fixture
def live(page_factory: Callable[..., Page]) -> Live:
    def open_live(view: Any) -> tuple[Explorer, Kernel]:
        page = page_factory()
        page.goto("about:blank")
        return show(page, view)

    return open_live


def drag(explorer: Explorer, name: str, number: float) -> None:
    slider = explorer.root.get_by_role("slider", name=name, exact=True)
    expect(slider).to_be_enabled()
    slider.evaluate(
        "(slider, number) => { slider.value = number; slider.dispatchEvent(new Event('input', {bubbles: true})) }",
        number,
    )


def notice(explorer: Explorer) -> Locator:
    return explorer.root.locator(".gad-notice")


def open_tab(explorer: Explorer, panel: str) -> None:
    explorer.root.locator(f"[role=tab][data-panel={panel}]").click()


def training() -> Any:
    return gad.explore_training(heavy, {"w": 1.0}, "sgd", lr=1.0, steps=10)._base


def test_an_iteration_that_cannot_be_run_is_told_under_the_picture(live: Live) -> None:
    explorer, _ = live(training())
    explorer.field("w").fill("0.9")  # an edit before: its field is not to blame
    explorer.field("w").press("Enter")
    expect(explorer.node("w")).to_have_attribute("data-value", "0.9")
    go = explorer.root.locator(".gad-training-buttons button")
    go.nth(2).click()  # ten on: w goes 0.9, −2.3, 20.1
    expect(notice(explorer)).to_contain_text("weight too large")
    expect(explorer.root.locator(".gad-announcement")).to_contain_text("weight too large")
    assert explorer.root.locator(".gad-error").filter(has_text="weight").count() == 0
    expect(explorer.root).to_have_attribute("data-iteration", "0")
    expect(explorer.root).not_to_have_attribute("aria-busy", "true")
    go.nth(1).click()
    expect(explorer.root).to_have_attribute("data-iteration", "1")
    expect(notice(explorer)).to_have_text("")


def test_an_input_that_is_refused_is_told_under_its_field(live: Live) -> None:
    explorer, _ = live(gad.explore(product, 1.0, 2.0)._base)
    explorer.field("y").fill("two")
    explorer.field("y").press("Enter")
    expect(explorer.root.locator(".gad-inputs .gad-error").nth(1)).to_contain_text("two")
    expect(explorer.root.locator(".gad-inputs .gad-error").nth(0)).to_have_text("")
    expect(notice(explorer)).to_have_text("")


@pytest.mark.slow
def test_a_play_that_is_refused_leaves_the_radio_on_what_plays(live: Live) -> None:
    view = gad.explore(product, 1.0, 2.0)._base
    explorer, kernel = live(view)
    open_tab(explorer, "mistakes")
    radios = explorer.root.locator(".gad-mistakes input")
    kernel.base = Refusing(view)
    radios.nth(1).click()
    expect(notice(explorer)).to_have_text("Not today.")
    expect(radios.nth(0)).to_be_checked()
    kernel.base = view
    radios.nth(1).click()
    expect(radios.nth(1)).to_be_checked()
    expect(explorer.root.locator(".gad-mistake")).to_be_visible()


class Refusing:
    """A view that cannot be looked at in another way."""

    def __init__(self, view: View) -> None:
        self.view = view

    def looked(self, look: dict[str, Any]) -> View:
        if look:
            raise gad.errors.ArgumentError("Not today.")
        return self.view


@pytest.mark.slow
def test_two_sliders_and_slow_answers(live: Live) -> None:
    explorer, kernel = live(gad.explore(product, 1.0, 2.0)._base)
    explorer.page.evaluate("window.kernelDelay = 300")
    drag(explorer, "x", 1.5)
    drag(explorer, "y", 3.0)
    drag(explorer, "x", 1.8)
    expect(explorer.node("x")).to_have_attribute("data-value", "1.8")
    expect(explorer.node("y")).to_have_attribute("data-value", "3.0")
    assert kernel.edits == [("x", "1.5"), ("y", "3"), ("x", "1.8")]
    assert [float(explorer.field(name).input_value()) for name in "xy"] == [1.8, 3.0]


@pytest.mark.slow
def test_an_answer_after_a_long_silence_counts_and_so_does_where_a_slider_went_meanwhile(live: Live) -> None:
    explorer, kernel = live(gad.explore(product, 1.0, 2.0)._base)
    explorer.page.evaluate("window.kernelDelay = 2600")
    drag(explorer, "x", 1.5)
    drag(explorer, "x", 2.5)
    expect(explorer.field("x")).to_be_disabled(timeout=SILENCE + 1500)
    expect(explorer.node("x")).to_have_attribute("data-value", "1.5")
    expect(explorer.node("x")).to_have_attribute("data-value", "2.5")
    expect(explorer.field("x")).to_have_value("2.5")
    assert kernel.edits == [("x", "1.5"), ("x", "2.5")]


@pytest.mark.slow
def test_an_edit_that_an_interrupt_has_lost_blocks_nothing(live: Live) -> None:
    explorer, kernel = live(gad.explore(product, 1.0, 2.0)._base)
    kernel.interrupted = True
    drag(explorer, "x", 1.5)
    expect(explorer.field("x")).to_be_disabled(timeout=SILENCE + 1500)
    expect(explorer.root).not_to_have_attribute("aria-busy", "true")
    kernel.interrupted = False
    open_tab(explorer, "cost")  # any answer shows that it is back
    expect(explorer.field("x")).to_be_enabled()
    expect(explorer.field("x")).to_have_value("1.0")
    drag(explorer, "x", 2.0)
    expect(explorer.node("x")).to_have_attribute("data-value", "2.0")
    drag(explorer, "x", 2.2)
    expect(explorer.node("x")).to_have_attribute("data-value", "2.2")


@pytest.mark.slow
def test_an_iteration_that_an_interrupt_has_lost_blocks_nothing(live: Live) -> None:
    explorer, kernel = live(training())
    kernel.interrupted = True
    go = explorer.root.locator(".gad-training-buttons button").nth(1)
    go.click()
    expect(explorer.root.locator(".gad-reason")).to_contain_text("does not answer", timeout=SILENCE + 1500)
    kernel.interrupted = False
    go.click()
    expect(explorer.root).to_have_attribute("data-iteration", "1")
    expect(explorer.root.locator(".gad-reason")).to_have_text("")


@pytest.mark.slow
@pytest.mark.parametrize("panel", ["whatif", "tensor"])
def test_what_could_not_be_answered_is_asked_again(live: Live, panel: str) -> None:
    explorer, kernel = live(gad.explore(lambda W: (W * W).sum(), W=np.arange(6.0).reshape(2, 3))._base)
    view, kernel.view = kernel.view, Mute()  # type: ignore[assignment]
    explorer.press("Last step")
    open_tab(explorer, panel)
    body = explorer.root.locator(f".gad-{panel}")
    expect(body).to_contain_text("Nothing to say.")
    kernel.view = view
    explorer.node("W").click()
    expect(body).not_to_contain_text("Nothing to say.")
    expect(body).to_contain_text("measured" if panel == "whatif" else "mean")


class Mute:
    """A view that answers nothing."""

    def answer(self, question: str) -> Any:
        raise gad.errors.ArgumentError("Nothing to say.")


# ------------------------------------------------------------------------------------------------------- in a page


def nine(a, b, c, d, e, f, g, h, i):
    return np.tanh(a * b + c) * d + np.tanh(e * f + g) * h + i


def branch(x):
    u = x * x
    if x > 0:
        v = np.sin(u) + x
    else:
        v = u * 3.0
    return v + u


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page]) -> Callable[..., Explorer]:
    def open_page(graph: gad.Graph, **options: Any) -> Explorer:
        page = page_factory()
        page.goto(graph.save(tmp_path / "graph.html", **options).as_uri())
        return Explorer(page)

    return open_page


@pytest.mark.slow
def test_a_look_that_a_page_does_not_carry_switches_nothing_off(opened: Callable[..., Explorer]) -> None:
    explorer = opened(gad.trace(nine, *[0.1 * k for k in range(1, 10)]), inputs={"a": [0.0, 0.1, 0.2]})
    mode = explorer.root.locator("select.gad-mode")
    mode.select_option("forward:a")
    expect(explorer.root).to_have_attribute("data-mode", "forward")
    explorer.page.evaluate(  # one that it does not carry, whatever it offers
        """() => { const mode = document.querySelector("select.gad-mode"); mode.add(new Option("i", "forward:i"));
             mode.value = "forward:i"; mode.dispatchEvent(new Event("change")); }"""
    )
    expect(notice(explorer)).to_contain_text("was not drawn beforehand")
    expect(mode).to_have_value("forward:a")
    explorer.page.wait_for_timeout(SILENCE + 300)
    expect(explorer.field("a")).to_be_enabled()
    assert "kernel" not in (explorer.root.locator(".gad-reason").text_content() or "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.15", "the nearest are 0.1 and 0.2"),
        ("0,2", "Write 0.2 with a point"),
        pytest.param("7", "from 0 to 0.2", marks=pytest.mark.slow),
        pytest.param("abc", "cannot be read as a number", marks=pytest.mark.slow),
        pytest.param("", "cannot be read as a number", marks=pytest.mark.slow),
    ],
)
def test_a_page_says_why_a_text_is_no_place_of_a_slider(opened: Callable[..., Explorer], text: str, words: str) -> None:
    explorer = opened(gad.trace(product, 0.1, 2.0), inputs={"x": [0.0, 0.1, 0.2]})
    for _ in range(2):  # told as often as it is tried
        explorer.field("x").fill(text)
        explorer.field("x").press("Enter")
        expect(explorer.root.get_by_role("alert").first).to_contain_text(words)
        expect(explorer.node("x")).to_have_attribute("data-value", "0.1")
        expect(explorer.root).not_to_have_attribute("aria-busy", "true")
        explorer.field("x").press("Escape")
        expect(explorer.root.get_by_role("alert").first).to_have_text("")
    explorer.field("x").fill("1/5")
    explorer.field("x").press("Enter")
    expect(explorer.node("x")).to_have_attribute("data-value", "0.2")
    expect(explorer.field("x")).to_have_value("0.2")


def test_across_a_branch_the_story_stays_where_it_was(opened: Callable[..., Explorer]) -> None:
    explorer = opened(gad.trace(branch, 1.0), inputs={"x": [-1.0, 1.0]})
    there = [(step.kind, step.node.name) for step in gad.trace(branch, -1.0).timeline()]
    here = [(step.kind, step.node.name) for step in gad.trace(branch, 1.0).timeline()]
    assert len(there) != len(here)
    seed = here.index(("seed", "out")) + 1
    explorer.go(seed)
    for number, steps in (("-1.0", there), ("1.0", here)):
        explorer.field("x").fill(number)
        explorer.field("x").press("Enter")
        explorer.expect_step(steps.index(("seed", "out")) + 1)
        assert "stands at" not in (notice(explorer).text_content() or "")


def test_a_step_of_one_branch_alone_gives_way_to_the_last_before_it(opened: Callable[..., Explorer]) -> None:
    explorer = opened(gad.trace(branch, 1.0), inputs={"x": [-1.0, 1.0]})
    here = [(step.kind, step.node.name) for step in gad.trace(branch, 1.0).timeline()]
    assert here[1:3] == [("value", "v1"), ("value", "v2")]
    explorer.go(3)  # the other branch has no v2
    explorer.field("x").fill("-1.0")
    explorer.field("x").press("Enter")
    explorer.expect_step(2)
    steps = len(gad.trace(branch, -1.0).timeline())
    expect(notice(explorer)).to_contain_text(f"it stands at step 2 of {steps}.")


def inner(x: float) -> float:
    return np.sin(x) * x + 1.0


def nested(x: float) -> float:
    return inner(x) ** 2


@pytest.mark.slow
def test_the_way_back_to_the_graph_that_can_be_told_of(opened: Callable[..., Explorer]) -> None:
    explorer = opened(gad.trace(nested, 0.5), inputs={"x": [0.5, 1.0]})
    explorer.press("Last step")
    open_tab(explorer, "whatif")
    body = explorer.root.locator(".gad-whatif")
    controls = body.locator("select:visible, input:visible")
    back = body.get_by_role("button", name="Back to the graph as it opened")
    expect(body).to_contain_text("measured")
    nodes = explorer.root.locator("g.gad-node").count()
    expect(back).to_have_count(0)
    explorer.root.locator(".gad-sign-button").first.click()
    expect(explorer.root.locator("g.gad-node")).not_to_have_count(nodes)
    expect(back).to_be_visible()
    assert [control.is_enabled() for control in controls.all()] == [False] * 5  # which number, ε, three directions
    explorer.root.get_by_role("slider", name="x", exact=True).press("ArrowRight")  # the group is back, x is not
    expect(explorer.node("x")).to_have_attribute("data-value", "1.0")
    expect(back).to_be_visible()
    back.click()
    expect(explorer.node("x")).to_have_attribute("data-value", "0.5")
    expect(explorer.root.locator("g.gad-node")).to_have_count(nodes)
    expect(back).to_have_count(0)
    expect(body).to_contain_text("measured")
    assert [control.is_enabled() for control in controls.all()] == [True] * 5


@pytest.mark.slow
def test_the_cells_too_offer_the_way_back(opened: Callable[..., Explorer]) -> None:
    explorer = opened(gad.trace(lambda x: np.sum(nested(x)), np.arange(6.0).reshape(2, 3)))
    explorer.press("Last step")
    open_tab(explorer, "tensor")
    back = explorer.root.get_by_role("button", name="Back to the graph as it opened")
    explorer.root.locator(".gad-sign-button").first.click()
    expect(back).to_be_visible()
    back.click()
    expect(explorer.root.locator(".gad-tensor-map svg")).to_be_visible()
    expect(back).to_have_count(0)
