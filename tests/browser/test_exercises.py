"""Exercises in a browser: every kind of question right and wrong, by mouse and by keyboard, with the feedback read."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import Fingerprint
from graphviz_ad.exercises.questions import Checked, Choice, Number, Option, Order, Several, Text
from tests.browser.axe import barriers
from tests.browser.driver import SECONDS, Notebook
from tests.conftest import JupyterLab

THEMES = pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])


def f(a: float, b: float) -> float:
    c = a + b
    d = a * b
    y = c * d
    return y


def early(node: str, consumer: str) -> Option:
    hints = ("Its counter was not full.", "Who has to report first?")
    return Option("", f"{node} sends before {consumer} has reported.", "M2", hints)


def mixed() -> Exercise:
    """One exercise with every kind of question, and the adjoints of a fork."""
    numbers = gad.exercises.adjoints(f, a=2.0, b=3.0)
    one = (
        "That is one contribution out of 2: a is used by c and d.",
        "What do the others send?",
        "15 + 6 = 21, not it.",
    )
    other = ("That is the adjoint of c.", "What does the edge do to it?", "Carried across: 21.")
    mistakes = (Fingerprint("M1", 15.0, one), Fingerprint("M1", 6.0, one), Fingerprint("M4b", 6.0, other))
    asked = (Number("a", "∂y/∂a", 21.0, mistakes), *numbers.only("c").questions)
    edges = [("y", "c"), ("y", "d"), ("c", "a"), ("d", "a"), ("c", "b"), ("d", "b")]
    lines = (
        Option("two", "da = dc + dd * b"),
        Option("one", "dc = d"),
        Option("three", "da = dc * dd", "M16", ("Between paths contributions add up.",)),
    )
    others = (
        Choice(
            "line",
            "Which line is wrong?",
            "3",
            (Option("2", "line 2", "M4", ("dy is what arrives there.", "What is missing?")), Option("3", "line 3")),
        ),
        Several(
            "paths",
            "Which paths lead from a to y?",
            frozenset({"1", "2"}),
            (Option("1", "a → c → y"), Option("2", "a → d → y"), Option("3", "a → b → y", "", ("Is that an edge?",))),
        ),
        Order(
            "order",
            "In which order do the nodes send?",
            tuple(Option(name, name) for name in "abdcy"),
            {(consumer, node): early(node, consumer) for consumer, node in edges},
        ),
        Order("lines", "Put the lines in order.", lines, {("one", "two"): early("a", "c")}, frozenset({"three"})),
        Checked("fix", "Write it so that it is right.", expects="a function of dy"),
        Text("why", "Explain one step.", "Both consumers of a send a contribution."),
    )
    code = "def backward(dy):\n    dc = dy * d\n    da = dc\n    return da"
    questions = (*asked, *others)
    return replace(numbers, name="mixed", goal="Contributions add up.", code=code, questions=questions)


class Shown:
    """An exercise on the screen, as a person finds their way in it."""

    def __init__(self, page: Page, root: Locator | None = None) -> None:
        self.page = page
        self.root = page.locator(".gad-exercise") if root is None else root

    def question(self, key: str) -> Locator:
        return self.root.locator(f'.gad-ex-question[data-key="{key}"]')

    def field(self, key: str) -> Locator:
        return self.question(key).locator(".gad-answer")

    def check(self, key: str) -> None:
        self.question(key).locator("button[type=submit]").click()

    def told(self, key: str, state: str) -> str:
        """What is said of an answer, once it stands in that state."""
        expect(self.question(key)).to_have_attribute("data-state", state)
        return self.question(key).locator(".gad-ex-feedback").inner_text().replace("\n\n", "\n")

    def answer(self, key: str, text: str) -> None:
        self.field(key).fill(text)
        self.field(key).press("Enter")

    def option(self, key: str, text: str) -> Locator:
        return self.question(key).get_by_label(text, exact=True)

    def button(self, key: str, name: str) -> Locator:
        return self.question(key).get_by_role("button", name=name, exact=True)

    def node(self, name: str) -> Locator:
        return self.root.locator(f'g.gad-node[data-node="{name}"]')

    def copied(self, which: int = 0) -> dict:
        """What the field to be copied holds, as Python reads it."""
        text = self.root.locator(".gad-ex-copy").nth(which).input_value()
        return ast.literal_eval(text.partition(" = ")[2])

    @property
    def said(self) -> Locator:
        return self.root.locator('[role=status][aria-live="polite"]')


def opened(page: Page, exercise: Exercise, folder: Path) -> Shown:
    page.goto(exercise.save(folder / "exercise.html").as_uri())
    return Shown(page)


def walk_by_mouse(shown: Shown, *, python: bool) -> None:
    """Every kind of question, wrong and then right."""
    # a number
    shown.answer("a", "6")
    told = shown.told("a", "wrong")
    assert "✗" in told
    assert "6 is not right." in told
    assert "Was it “One contribution kept” or “Not carried across the edge”?" in told
    expect(shown.said).to_contain_text("6 is not right. Two mistakes give this very number here.")
    hints = shown.question("a").locator(".gad-ex-hints li")
    shown.answer("a", "15")
    expect(hints).to_have_count(2)  # it is the second attempt
    expect(hints.first).to_have_text("That is one contribution out of 2: a is used by c and d.")
    shown.button("a", "Next hint for a").click()
    expect(hints).to_have_count(3)
    expect(hints.last).to_have_text("15 + 6 = 21, not it.")
    expect(shown.question("a").locator(".gad-ex-more")).to_be_hidden()
    shown.answer("a", "0,5")
    assert "Write 0.5 with a point" in shown.told("a", "unread")
    shown.answer("a", "2*3 + 15")
    if python:
        assert "2*3 + 15 is right." in shown.told("a", "right")
    else:
        assert "needs Python" in shown.told("a", "unread")
        shown.answer("a", "63/3")
        assert "✓" in shown.told("a", "right")
        expect(shown.node("a").locator("text.gad-adjoint")).to_have_text("63/3")
    # one of several, any of them
    shown.option("line", "line 2").check()
    shown.check("line")
    assert "“line 2” is not right.\ndy is what arrives there." in shown.told("line", "wrong")
    shown.option("line", "line 3").check()
    shown.check("line")
    assert "“line 3” is right." in shown.told("line", "right")
    shown.option("paths", "a → c → y").check()
    shown.option("paths", "a → b → y").check()
    shown.check("paths")
    assert "“a → b → y” does not belong to them.\nIs that an edge?" in shown.told("paths", "wrong")
    shown.option("paths", "a → b → y").uncheck()
    shown.option("paths", "a → d → y").check()
    shown.check("paths")
    assert "All of them, and no other: right." in shown.told("paths", "right")
    # an order, in the picture: what cannot be is allowed, and its consequence told
    shown.node("y").click()
    shown.node("a").click()
    assert "a sends before c has reported.\nIts counter was not full." in shown.told("order", "note")
    expect(shown.said).to_contain_text("a sends before c has reported.")
    for name in "dcb":
        shown.node(name).click()
    shown.check("order")
    assert "Its counter was not full." in shown.told("order", "wrong")
    for place in (2, 3):
        shown.button("order", f"Move a down, now number {place}").click()
    shown.check("order")
    assert "A right order." in shown.told("order", "right")
    # lines, with one that has no place
    for text in ("dc = d", "da = dc * dd"):
        shown.button("lines", f"Place {text}").click()
    shown.check("lines")
    assert "“da = dc * dd” has no place here.\nBetween paths contributions add up." in shown.told("lines", "wrong")
    shown.button("lines", "Take da = dc * dd out").click()
    shown.button("lines", "Place da = dc + dd * b").click()
    shown.check("lines")
    assert "A right order." in shown.told("lines", "right")
    # words, and what only Python can judge
    assert 'ex.check({"fix": …})' in shown.question("fix").inner_text()
    shown.field("why").fill("a is used twice")
    shown.check("why")
    assert "Compare with: Both consumers of a send a contribution." in shown.told("why", "right")
    expect(shown.root.locator(".gad-score")).to_have_text("5 of 7 right")
    right = {"line": "3", "paths": ["1", "2"], "order": ["y", "d", "c", "a", "b"], "lines": ["one", "two"]}
    a = "2*3 + 15" if python else "63/3"
    assert shown.copied() == {"a": a, "c": None, **right, "fix": None, "why": "a is used twice"}


def test_every_kind_of_question_in_the_page_by_mouse(page: Page, tmp_path: Path) -> None:
    exercise = mixed()
    shown = opened(page, exercise, tmp_path)
    walk_by_mouse(shown, python=False)
    # what was copied is judged alike by Python, and what was reached is a state
    answers = {key: answer for key, answer in shown.copied().items() if answer is not None}
    parts = exercise.check(answers).parts
    assert [key for key, part in parts.items() if part.ok] == list(answers)
    went_on = mixed().resume(shown.copied(1))
    assert went_on.answers == answers
    assert went_on.state["attempts"]["a"] == 2
    # it survives a reload
    page.reload()
    assert "63/3 is right." in shown.told("a", "right")
    assert shown.copied() == {**dict.fromkeys(exercise.keys), **answers}


def test_with_the_keyboard_alone(page: Page, tmp_path: Path) -> None:
    exercise = mixed()
    shown = opened(page, exercise, tmp_path)
    keys = page.keyboard
    for _ in range(60):  # into the first field
        keys.press("Tab")
        if shown.field("a").evaluate("field => field === document.activeElement"):
            break
    keys.type("21")
    keys.press("Enter")
    assert "21 is right." in shown.told("a", "right")
    keys.press("Tab")
    keys.press("Tab")
    expect(shown.field("c")).to_be_focused()
    keys.type("-6")
    keys.press("Enter")
    assert "-6 has the right size and the wrong sign." in shown.told("c", "wrong")
    keys.press("Tab")
    keys.press("Tab")
    expect(shown.button("c", "Next hint for c")).to_be_focused()
    keys.press("Enter")
    expect(shown.button("c", "Check c")).to_be_focused()  # there is no hint left
    assert "It is 6, not" in shown.told("c", "wrong")
    for key in ("Tab", "Space"):
        keys.press(key)
    expect(shown.option("line", "line 2")).to_be_checked()
    for key in ("ArrowDown", "Tab", "Enter"):
        keys.press(key)
    assert "“line 3” is right." in shown.told("line", "right")
    for key in ("Tab", "Space", "Tab", "Space", "Tab", "Tab", "Enter"):
        keys.press(key)
    assert "right" in shown.told("paths", "right")
    keys.press("Tab")
    expect(shown.button("order", "Place a")).to_be_focused()
    for _ in range(5):  # the focus stays with what can be placed
        keys.press("Enter")
    expect(shown.question("order").locator(".gad-ex-placed")).to_have_text(list("abdcy"))
    shown.button("order", "Move a down, now number 1").focus()
    for _ in range(4):
        keys.press("Enter")  # the focus goes with the item
    expect(shown.question("order").locator(".gad-ex-placed")).to_have_text(list("bdcya"))
    shown.node("b").focus()
    keys.press("Enter")  # it is placed already
    expect(shown.question("order").locator(".gad-ex-placed")).to_have_count(5)
    shown.root.get_by_role("button", name="Check all").focus()
    keys.press("Enter")
    expect(shown.said).to_contain_text("3 of 7 right. c: ")
    assert "b sends before" in shown.told("order", "wrong")
    assert "There is no answer yet." in shown.told("why", "unread")


@THEMES
@pytest.mark.parametrize("width", [1280, pytest.param(400, marks=pytest.mark.slow)])
def test_axe_finds_no_barrier(
    page_factory: Callable[..., Page], tmp_path: Path, screenshots: Path, theme: str, width: int
) -> None:
    page = page_factory(theme=theme, width=width)
    shown = opened(page, mixed(), tmp_path)
    found = barriers(page)
    shown.answer("a", "6")
    shown.answer("c", "6")
    shown.option("line", "line 2").check()
    shown.node("a").click()
    shown.root.get_by_role("button", name="Check all").click()
    shown.told("line", "wrong")
    shown.root.locator("summary").click()
    page.screenshot(path=screenshots / f"exercise-{theme}-{width}.png", full_page=True)
    found += barriers(page)
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_node_called_like_a_line_places_no_line(page: Page, tmp_path: Path) -> None:
    def loss(A: float, b: float) -> float:
        B = A * b
        C = np.sin(B)
        return C

    shown = opened(page, gad.exercises.parsons(loss, A=2.0, b=3.0), tmp_path)
    expect(shown.root.locator(".gad-ex-item").first).to_be_visible()
    shown.node("A").click()
    shown.node("B").click()
    expect(shown.question("lines").locator(".gad-ex-placed")).to_have_count(0)
    expect(shown.root.get_by_text("A click on a node in the picture")).to_have_count(0)
    # what is missing tells no line that is wrong
    shown.button("lines", f"Place {shown.root.locator('.gad-ex-item').last.inner_text()}").click()
    shown.check("lines")
    assert "missing:" not in shown.told("lines", "wrong")
    other = opened(page, gad.exercises.order(loss, A=2.0, b=3.0), tmp_path)
    other.node("C").click()
    expect(other.question("order").locator(".gad-ex-placed")).to_have_text(["C"])


IMAGE = "<img src=x onerror=alert(1)>"


def test_hostile_names_are_texts(page: Page, tmp_path: Path) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    script = "</script><script>alert(2)</script>"
    x, w = gad.variable(2.0, name=IMAGE), gad.variable(3.0, name="$& \u202e\"'`${alert(3)}")
    graph = gad.graph(x * w + x)
    exercise = gad.exercises.adjoints(graph)
    options = (Option(IMAGE, IMAGE), Option(script, script, "", (IMAGE,)))
    others = (
        Choice("__proto__", IMAGE, IMAGE, options),
        Order(script, script, options, {(IMAGE, script): Option("", IMAGE)}),
        Text("why", script, IMAGE),
    )
    exercise = replace(
        exercise, name=script, title=script, goal=IMAGE, code=f"# {script}", questions=(*exercise.questions, *others)
    )
    shown = opened(page, exercise, tmp_path)
    expect(shown.root.locator("h1")).to_have_text(script)
    for form in shown.root.locator("form").all():
        field = form.locator(".gad-answer, input")
        if field.first.is_visible() and form.get_attribute("data-kind") in ("number", "text"):
            field.first.fill(script)
        elif form.get_attribute("data-kind") == "choice":
            field.last.check()
        else:
            for button in form.locator(".gad-ex-item").all()[::-1]:
                button.click()
    shown.root.get_by_role("button", name="Check all").click()
    expect(shown.root.locator(".gad-ex-question[data-state=wrong]")).to_have_count(2)
    assert shown.root.locator("img, script").count() == 0
    assert shown.copied()["__proto__"] == script
    assert list(shown.copied()) == list(exercise.keys)


def test_without_scripts_the_page_is_a_sheet_of_paper(page_factory: Callable[..., Page], tmp_path: Path) -> None:
    page = page_factory(javascript=False)
    shown = opened(page, mixed(), tmp_path)
    assert "Which line is wrong?" in shown.root.inner_text()
    expect(shown.root.locator("svg.gad-picture")).to_be_visible()
    expect(shown.root.locator("h1")).to_have_text("Adjoints of f")


def test_an_array_is_asked_for_with_its_shape(page: Page, tmp_path: Path) -> None:
    def layer(X: np.ndarray, w: np.ndarray, b: float) -> float:
        y = X @ w + b
        loss = np.sum(y**2)
        return loss

    exercise = gad.exercises.adjoints(layer, np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 0.0]]), np.array([1.0, 1.0]), 1.0)
    shown = opened(page, exercise.only("X", "w"), tmp_path)
    assert "An array of shape (3, 2), written as [[1, 2], [3, 4]]." in shown.question("X").inner_text()
    expect(shown.root.get_by_role("listitem").filter(has_text="value [[1, 2], [0, 1], [1, 0]]")).to_be_visible()
    shown.answer("w", "12, 20")
    assert "Several numbers go into [ ]" in shown.told("w", "unread")
    shown.answer("w", "[12, 20, 1]")
    assert "Your answer has the shape (3,), and what is asked for has the shape (2,)." in shown.told("w", "wrong")
    shown.answer("w", "[12, 40/2]")
    assert "is right" in shown.told("w", "right")
    shown.answer("X", "[[8, 4, 4], [8, 4, 4]]")
    assert "That is what the matrix product gives without its transposes." in shown.told("X", "wrong")
    shown.answer("X", "[[8, 8], [4, 4], [4, 4]]")
    shown.told("X", "right")
    assert shown.copied() == {"X": [[8, 8], [4, 4], [4, 4]], "w": "[12, 40/2]"}


# ------------------------------------------------------------------------------------------------ in JupyterLab

CELL = """\
from tests.browser.test_exercises import mixed
ex = mixed()
ex.show()"""


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_kind_of_question_in_jupyterlab(
    page_factory: Callable[..., Page], jupyter_lab: JupyterLab, screenshots: Path, theme: str
) -> None:
    page = page_factory(theme="light")
    root = json.dumps(str(Path(__file__).parents[2]))
    cell = f"import sys\nsys.path.insert(0, {root})\n{CELL}"
    check = "print(ex.check(ex.answers | {'fix': lambda dy: dy}).score, ex.answers['a'])"
    again = "ex2 = mixed().resume(ex.state)\nex2.show()"
    book = Notebook.write(page, jupyter_lab, f"exercise-{theme}.ipynb", cell, check, again, "ex")
    book.run(0)
    shown = Shown(page, book.cell(0).locator(".gad-exercise"))
    expect(shown.root).to_be_visible(timeout=30 * SECONDS)
    expect(book.pictures(0)).to_have_count(0)
    if theme == "dark":
        page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    walk_by_mouse(shown, python=True)
    page.screenshot(path=screenshots / f"exercise-lab-{theme}.png")
    assert barriers(page, shown.root) == []
    shown.field("c").fill("5")  # typed, and not judged yet
    page.wait_for_timeout(1500)
    assert book.run(1) == "0.8571428571428571 2*3 + 15"
    book.run(2)
    later = Shown(page, book.cell(2).locator(".gad-exercise"))
    assert "2*3 + 15 is right." in later.told("a", "right")
    expect(later.field("c")).to_have_value("5")
    book.run(3)
    expect(book.pictures(3)).to_have_count(1)
    expect(book.cell(3).get_by_text("Which line is wrong?")).to_be_visible()
