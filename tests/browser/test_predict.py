"""Predict before reveal in the page: a step is held until its number is said, and the answer stands beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from graphviz_ad.story.answers import judge
from tests.browser.driver import Explorer
from tests.core.test_gold import fork


class Asked(Explorer):
    """An explorer that asks first."""

    @property
    def card(self) -> Locator:
        return self.root.get_by_role("region", name="A question before the next step")

    @property
    def field(self) -> Locator:  # type: ignore[override]
        return self.root.get_by_label("Your answer")

    @property
    def words(self) -> str:
        return self.card.locator(".gad-question-words").text_content() or ""

    @property
    def outcome(self) -> str:
        return self.card.locator(".gad-outcome").text_content() or ""

    @property
    def hint(self) -> str:
        return self.card.locator(".gad-hint").text_content() or ""

    def ask(self) -> None:
        self.press("Step forward")
        expect(self.field).to_be_visible()

    def answer(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def ask_for(self, what: str) -> None:
        self.root.get_by_label("Ask for").select_option(label=what)


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page]) -> Callable[..., Asked]:
    """Return a function that saves a graph's page, opens it and switches questions on."""

    def open_page(graph: gad.Graph, **options: Any) -> Asked:
        path = graph.save(tmp_path / "graph.html", **options)
        page = page_factory()
        page.goto(path.as_uri())
        explorer = Asked(page)
        explorer.press("Ask me first")
        return explorer

    return open_page


@pytest.mark.slow
def test_every_step_of_a_graph_by_its_own_numbers(opened: Callable[..., Asked], screenshots: Path) -> None:
    graph = gad.trace(fork, 2.0, 3.0).backward()
    explorer = opened(graph)
    for step in graph.timeline():
        explorer.ask()
        assert explorer.where[0] == step.order  # held back
        name = step.node.name
        if step.kind == "value":
            assert explorer.words.startswith(f"Next comes {name}, by ")
            assert "value" not in explorer.read(name)
            right = step.value
        elif step.kind == "seed":
            right = step.new
        else:
            right = step.contribution if step.reported == 1 else step.new
            ending = "Which number arrives?" if step.reported == 1 else "Which number stands there afterwards?"
            assert explorer.words.endswith(ending)
        explorer.answer(f"{right * 7}/7")
        assert explorer.outcome == f"✓ Right: you wrote {right * 7}/7, it is {right:.4g}."
        explorer.expect_step(step.order + 1)
        assert explorer.card.locator(".gad-score").text_content() == f"{step.order + 1} of {step.order + 1} right"
        if step.order == 9:
            explorer.page.screenshot(path=screenshots / "predict.png", full_page=True)
    assert explorer.where == (16, 16, "done")
    expect(explorer.card.get_by_role("button", name="Next step")).to_be_hidden()


def test_with_the_keyboard_alone(opened: Callable[..., Asked]) -> None:
    explorer = opened(gad.trace(lambda x: x**2 + 1, 3.0))
    explorer.root.focus()
    press = explorer.page.keyboard.press
    press("ArrowRight")
    expect(explorer.field).to_be_focused()
    explorer.page.keyboard.type("9")
    press("Enter")
    explorer.expect_step(1)
    expect(explorer.card.get_by_role("button", name="Next step")).to_be_focused()
    press("Enter")
    expect(explorer.field).to_be_focused()
    press("Escape")
    expect(explorer.card).to_be_hidden()
    expect(explorer.root).to_be_focused()
    press("ArrowRight")
    expect(explorer.field).to_be_focused()
    press("Tab")
    press("Tab")
    expect(explorer.card.get_by_role("button", name="Show me")).to_be_focused()
    press("Enter")
    explorer.expect_step(2)
    assert explorer.outcome == "It is 10."
    press("ArrowRight")
    expect(explorer.field).to_be_focused()
    assert explorer.where[0] == 2


def at(explorer: Asked, step: int, *, sum_: bool = False) -> None:
    """Let the story be asked about after so many steps."""
    explorer.go(step)
    explorer.expect_step(step)
    explorer.ask()


# x = 3, u = x² = 9, y = sin-free: out = u·x = 27; out sends 3 to u and 9 to x, then u sends 3·6 = 18 to x: 27
def cube(x):
    u = x**2
    y = u * x
    return y


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "answer", "hint"),
    [
        (3, "9", "That is the value of u, from the forward pass"),
        (4, "-9", "Where does the sign come from?"),
        (4, "27", "That is the value of y, from the forward pass"),
        (4, "1", "That is what stands at y. What does the edge from x to y make of it?"),
        (4, "10", "Did you add the two?"),
        (4, "8", ""),
        (5, "18", "That is what arrives alone. What has arrived at x before, and what became of it?"),
        (5, "9", ""),  # what stood at x before, and the value of u too: not one mistake alone
        (5, "162", "Along a path one multiplies; what does one do between paths?"),
        (5, "6", "That is the local derivative: how u reacts to x."),
    ],
)
def test_an_easy_mistake_is_answered_with_a_question(opened: Callable[..., Asked], step, answer, hint) -> None:
    explorer = opened(gad.trace(cube, 3.0))
    at(explorer, step)
    explorer.answer(answer)
    graph = gad.trace(cube, 3.0)
    told = graph.timeline()[step]
    right = told.new if told.reported > 1 else told.contribution
    assert not judge(answer, right).ok
    assert explorer.outcome == f"✗ Not right: you wrote {answer}, it is {right:g}."
    if hint:
        assert hint in explorer.hint
        assert "?" in explorer.hint
    else:
        expect(explorer.card.locator(".gad-hint")).to_be_hidden()
    assert explorer.card.locator(".gad-score").text_content() == "0 of 1 right"
    explorer.expect_step(step + 1)


def test_another_number_of_the_step_may_be_asked_for(opened: Callable[..., Asked]) -> None:
    explorer = opened(gad.trace(cube, 3.0))
    at(explorer, 5)
    explorer.ask_for("the local derivative")
    assert explorer.words == "The edge from x to u: how fast does u change with x? What is the local derivative?"
    explorer.answer("6")
    assert explorer.outcome == "✓ Right: 6."
    explorer.go(3)
    explorer.ask()  # the choice stays
    assert explorer.words.startswith("The edge from u to y")
    explorer.ask_for("what arrives")
    explorer.answer("3")
    assert explorer.outcome == "✓ Right: 3."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", "There is no answer yet."),
        ("8,5", "Write 8.5 with a point, not with a comma."),
        ("1/0", "A division by 0 is no number"),
        ("<b>9</b>", "This cannot be read as a number"),
        ("1,009", "Write 1009 without a comma between the thousands"),
        ("17.998/2", "That is close, but a fraction must be exact"),
    ],
)
def test_what_cannot_be_read_reveals_nothing(opened: Callable[..., Asked], answer: str, words: str) -> None:
    explorer = opened(gad.trace(cube, 3.0))
    explorer.ask()
    explorer.answer(answer)
    expect(explorer.card.locator(".gad-unread")).to_contain_text(words)
    assert explorer.where[0] == 0
    assert "value" not in explorer.read("u")
    expect(explorer.field).to_be_focused()
    explorer.answer("9")
    assert explorer.outcome == "✓ Right: 9."
    expect(explorer.card.locator(".gad-unread")).to_have_text("")
    assert explorer.card.locator(".gad-score").text_content() == "1 of 1 right"


def test_of_arrays_the_shape_is_asked_for(opened: Callable[..., Asked]) -> None:
    def layer(X, W, b):
        Y = X @ W + b
        return np.mean(Y**2)

    explorer = opened(gad.trace(layer, np.ones((4, 3)), np.arange(6.0).reshape(3, 2), np.ones(2)))
    explorer.ask()
    assert explorer.words.endswith("Which shape does it have?")
    explorer.answer("4 x 2")
    assert explorer.outcome == "✓ Right: (4, 2)."
    line = gad.trace(layer, np.ones((4, 3)), np.arange(6.0).reshape(3, 2), np.ones(2)).timeline()
    bias = next(step.order for step in line if step.kind == "sum")
    explorer.go(bias - 1)
    explorer.expect_step(bias - 1)
    explorer.press("Step forward")  # the product that the sum takes: nothing is asked
    explorer.expect_step(bias)
    explorer.ask()
    explorer.answer("(4, 2)")
    assert explorer.outcome == "✗ Not right: you wrote (4, 2), it is (2,)."
    assert "the shape of the consumer" in explorer.hint
    explorer.ask()
    explorer.press("Show me")
    assert explorer.outcome == "It is (4, 3)."
    explorer.ask()
    explorer.answer("(2, 3)")
    assert explorer.outcome == "✗ Not right: you wrote (2, 3), it is (3, 2)."
    assert "which factor needs a transpose?" in explorer.hint


def test_playing_stops_at_the_question_and_jumps_pass(opened: Callable[..., Asked]) -> None:
    explorer = opened(gad.trace(cube, 3.0))
    explorer.press("Play")
    expect(explorer.field).to_be_visible()
    expect(explorer.root.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert explorer.where[0] == 0
    explorer.press("Last step")
    explorer.expect_step(6)
    expect(explorer.card).to_be_hidden()
    explorer.press("Step back")
    explorer.expect_step(5)
    explorer.press("Ask me first")  # off
    explorer.press("Step forward")
    explorer.expect_step(6)


@pytest.mark.slow
def test_forward_mode_asks_for_tangents(opened: Callable[..., Asked]) -> None:
    graph = gad.trace(cube, 3.0)
    explorer = opened(graph, mode="forward", seed={"x": 1.0})
    line = graph.timeline("forward", seed={"x": 1.0})
    step = next(step for step in line if step.kind == "tangent")
    at(explorer, step.order)
    assert "local derivative × tangent of x" in explorer.words
    explorer.answer("6")
    assert explorer.outcome == "✓ Right: 6."
    explorer.go(step.order)
    explorer.ask()
    explorer.answer("1")
    assert explorer.hint == "That is the tangent of x. What does the edge from x to u make of it?"


@pytest.mark.slow
def test_special_numbers(opened: Callable[..., Asked]) -> None:
    with np.errstate(all="ignore"):
        explorer = opened(gad.trace(lambda x: np.log(x) * 0.0, 0.0))
    explorer.ask()
    explorer.answer("-inf")
    assert explorer.outcome == "✓ Right: you wrote -inf, it is −∞."
    explorer.ask()
    explorer.answer("nan")
    assert explorer.outcome == "✓ Right: you wrote nan, it is NaN."


@pytest.mark.slow
def test_a_question_is_closed_when_the_graph_changes(opened: Callable[..., Asked]) -> None:
    explorer = opened(gad.trace(cube, 3.0), inputs={"x": [2.0, 3.0]})
    explorer.ask()
    explorer.root.get_by_role("slider", name="x", exact=True).press("ArrowLeft")
    expect(explorer.node("x")).to_have_attribute("data-value", "2.0")
    expect(explorer.card).to_be_hidden()  # it was about the graph at x = 3
    explorer.ask()
    assert "x = 2" in explorer.words
    explorer.answer("4")
    assert explorer.outcome == "✓ Right: 4."


@pytest.mark.slow
def test_a_question_is_closed_when_a_look_is_refused(opened: Callable[..., Asked]) -> None:
    explorer = opened(gad.trace(cube, 3.0))
    explorer.ask()
    explorer.page.evaluate(  # a look that the page does not carry
        """() => { const labels = document.querySelector("select.gad-labels"); labels.add(new Option("none", "none"));
             labels.value = "none"; labels.dispatchEvent(new Event("change")); }"""
    )
    expect(explorer.root.locator(".gad-notice")).to_contain_text("was not drawn beforehand")
    expect(explorer.card).to_be_hidden()
    assert explorer.where[0] == 0
    explorer.ask()
    explorer.answer("9")
    assert explorer.outcome == "✓ Right: 9."
