"""Each type of exercise answered wrong and right, by mouse and by keyboard, in a page and in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.questions import Checked, Question
from tests.browser.axe import barriers
from tests.browser.driver import SECONDS, Notebook
from tests.browser.test_exercises import Shown
from tests.conftest import JupyterLab


class Case(NamedTuple):
    """An exercise of the catalogue, a wrong answer to one of its questions, and what is said of it."""

    name: str
    key: str
    wrong: Any
    words: tuple[str, ...]


CASES = {
    "X1": Case("step-table", "a", "3.5", ("3.5 is not right.", "That is what a would be without the step v1.")),
    "X2": Case("chain-locals", "u->v", "0.8415", ("0.8415 is not right.", "That is the value of v")),
    "X3": Case("multi-path", "s", "-3", ("-3 has the right size and the wrong sign.",)),
    "X4": Case("which-paths", "paths of x", ["x->s->y", "x->v->y"], ("does not belong to them.", "arrow by arrow")),
    "X5": Case("sweep-order", "order", list("yfced"), ("c would send 8 instead of 9: f has reported, e has not.",)),
    "X6": Case("add-or-set", "d", "set", ("“= does no harm” is not right.",)),
    "X7": Case("bug-fork", "repair", "b", ("is right as it stands.", "Which names come up twice")),
    "X8": Case("broken-item", "f", "lambda x, w: gad.detach(w * x) * w", ("No path",)),
    "X9": Case("linear-shapes", "W", "Y_bar @ X", ("(4,2) @ (4,3) does not fit", "Which factor needs ᵀ")),
    "X10": Case("lines-of-a-neuron", "lines", list("CADEKBFGJ"), ("reads the adjoint of L before", "Which lines add")),
    "X11": Case("vanish-or-explode", "slope", "-0.693", ("is not right.", "That is the change of ln‖δ‖², not")),
    "X12": Case("which-remedy", "remedies", ["residual"], ("“residual” does not belong to them.", "explodes")),
    "X13": Case("construct-product", "f", "lambda x, w: x + w", ("adjoint",)),
    "X14": Case("kept-values", "kept", ["w", "b", "x", "h", "e"], ("“b” does not belong to them.", "Which rules run")),
    "X15": Case("nudge", "w", "2.25", ("2.25 is not right.", "for a change of w by 1")),
    "X16": Case("in-your-words", "a", None, ("There is no answer yet.",)),
}
SEED = 5
HANDS = pytest.mark.parametrize("hand", ["mouse", "keyboard"])


class Hands:
    """Answers questions of every kind, with a mouse or with keys alone."""

    def __init__(self, shown: Shown, hand: str) -> None:
        self.shown = shown
        self.keys = shown.page.keyboard if hand == "keyboard" else None

    def reach(self, target: Locator) -> None:
        """Go to something with Tab, forwards or back, as far as the focus has to go."""
        assert self.keys is not None
        where = """(target) => {
            const at = document.activeElement;
            if (at === target) return "here";
            return at.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_PRECEDING ? "before" : "after";
        }"""
        for _ in range(150):
            found = target.evaluate(where)
            if found == "here":
                return
            self.keys.press("Tab" if found == "after" else "Shift+Tab")
        raise AssertionError(f"the focus never gets to {target}")

    def press(self, button: Locator) -> None:
        if self.keys is None:
            button.click()
        else:
            self.reach(button)
            self.keys.press("Enter")

    def check(self, key: str) -> None:
        self.press(self.shown.question(key).locator("button[type=submit]"))

    def answer(self, question: Question, answer: Any) -> None:
        """Give an answer, whatever stands there, and have it checked."""
        kind, key = question.kind, question.key
        if kind in ("choice", "several"):
            keys = [option.key for option in question.options]  # type: ignore[attr-defined]
            wanted = {answer} if kind == "choice" else set(answer)
            self._choose(key, [keys.index(one) for one in wanted], single=kind == "choice", of=len(keys))
        elif kind == "order":
            self._order({item.key: item.text for item in question.items}, key, answer)  # type: ignore[attr-defined]
        else:
            self._write(key, str(answer))
        self.check(key)

    def _write(self, key: str, text: str) -> None:
        field = self.shown.field(key)
        if self.keys is None:
            field.click()
            field.fill(text)
        else:
            self.reach(field)
            self.keys.press("Control+a")
            self.keys.type(text)

    def _choose(self, key: str, wanted: list[int], *, single: bool, of: int) -> None:
        boxes = [self.shown.question(key).locator(".gad-ex-option input").nth(n) for n in range(of)]
        if self.keys is None:
            for n, box in enumerate(boxes):
                if box.is_checked() != (n in wanted) and (n in wanted or not single):
                    self.shown.question(key).locator(".gad-ex-option label").nth(n).click()
        elif single:  # one stop of Tab, and arrows between them
            at = next((n for n, box in enumerate(boxes) if box.is_checked()), 0)
            self.reach(boxes[at])
            self.keys.press("Space")
            while at != wanted[0]:
                self.keys.press("ArrowDown" if at < wanted[0] else "ArrowUp")
                at += 1 if at < wanted[0] else -1
        else:
            for n, box in enumerate(boxes):
                if box.is_checked() != (n in wanted):
                    self.reach(box)
                    self.keys.press("Space")
        for n, box in enumerate(boxes):
            expect(box).to_be_checked(checked=n in wanted)

    def _order(self, texts: dict[str, str], key: str, wanted: list[str]) -> None:
        placed = self.shown.question(key).locator(".gad-ex-placed")
        for text in placed.all_inner_texts():
            self.press(self.shown.button(key, f"Take {text} out"))
        for one in wanted:
            self.press(self.shown.button(key, f"Place {texts[one]}"))
        expect(placed).to_have_text([texts[one] for one in wanted])


def made(case: Case) -> Exercise:
    return gad.exercise(case.name, seed=SEED)


def typed(solution: Any) -> Any:
    """A right answer as a person types it: four digits are enough."""
    return f"{solution:.5g}" if isinstance(solution, float) else solution


def walk(shown: Shown, case: Case, hand: str, *, python: bool, between: Callable[[], None]) -> None:
    """Answer one question wrong and read what is said, then all of them right; ``between`` looks at the wrong one."""
    exercise = made(case)
    hands = Hands(shown, hand)
    questions = {one.key: one for one in exercise.questions}
    by_hand = [one for one in exercise.questions if not isinstance(one, Checked) or (python and one.written)]
    if questions[case.key] not in by_hand:
        words = shown.question(case.key).inner_text()
        assert "This is answered in Python" in words
        assert f'ex.check({{"{case.key}": …}})' in words
        between()
        return
    if hand == "keyboard":
        shown.question(exercise.keys[0]).locator("input, textarea, button").first.focus()
    if case.wrong is None:
        hands.check(case.key)
        told = shown.told(case.key, "unread")
    else:
        hands.answer(questions[case.key], case.wrong)
        told = shown.told(case.key, "wrong")
        judged = exercise.judge(case.key, case.wrong)
        assert judged.text in told
        assert judged.hints[0] in told
    for words in case.words:
        assert words in told
    between()
    for question in by_hand:
        hands.answer(question, typed(question.solution))
        said = shown.told(question.key, "right")
        assert "✓" in said
        if question.kind == "text":
            assert "Compare with: " in said
    graded = [one for one in by_hand if one.graded]
    if graded:
        expect(shown.root.locator(".gad-score")).to_have_text(f"{len(graded)} of {len(graded)} right")
    answers = shown.copied()
    assert made(case).check(answers).ok  # what is copied is right where it is graded, too


@pytest.mark.slow
@HANDS
@pytest.mark.parametrize("type_", CASES)
def test_in_the_page(page_factory: Callable[..., Page], tmp_path: Path, type_: str, hand: str) -> None:
    """Barriers are looked for in the light theme with the mouse, in the dark one with the keys."""
    case = CASES[type_]
    page = page_factory(theme="light" if hand == "mouse" else "dark")
    exercise = made(case)
    assert exercise.kind == type_
    page.goto(exercise.save(tmp_path / "exercise.html").as_uri())
    shown = Shown(page)
    found: list[str] = []
    walk(shown, case, hand, python=False, between=lambda: found.extend(barriers(page)))
    assert found + barriers(page) == []


def cells_of(type_: str, case: Case) -> list[str]:
    """The cells of one type: it is shown, and functions are checked beside it."""
    shows = f"{type_} = gad.exercise({case.name!r}, seed={SEED})\n{type_}.show()"
    if type_ not in IN_PYTHON:
        return [shows]
    return [shows, f"{type_}.check({{{case.key!r}: {case.wrong}}});", f"{type_}.check({type_}.solution);"]


IN_PYTHON = ("X8", "X13")
"""What asks for a function, which is given in a cell."""


@pytest.mark.slow
@HANDS
def test_in_jupyterlab(page_factory: Callable[..., Page], jupyter_lab: JupyterLab, hand: str) -> None:
    """A cell for each type in one notebook; of what a cell checks the feedback is read in the widget above."""
    page = page_factory(height=1200)
    cells = ["import graphviz_ad as gad", *(cell for type_, case in CASES.items() for cell in cells_of(type_, case))]
    names = [type_ for type_ in CASES if type_ not in IN_PYTHON]
    last = f"print([ex.name for ex in ({', '.join(names)}) if not ex.check(ex.answers).ok])"
    book = Notebook.write(page, jupyter_lab, f"types-{hand}.ipynb", *cells, last)
    book.run(0)
    if hand == "keyboard":
        page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    number = 1
    for type_, case in CASES.items():
        book.run(number)
        shown = Shown(page, book.cell(number).locator(".gad-exercise"))
        expect(shown.root).to_be_visible(timeout=30 * SECONDS)
        found: list[str] = []
        walk(shown, case, hand, python=True, between=lambda: found.extend(barriers(page, shown.root)))  # noqa: B023
        if type_ in IN_PYTHON:
            book.run(number + 1)
            told = shown.told(case.key, "wrong")
            for words in case.words:
                assert words in told
            expect(shown.root.locator(".gad-score")).to_have_text("0 of 1 right")
            found += barriers(page, shown.root)
            book.run(number + 2)
            assert "Right." in shown.told(case.key, "right")
            expect(shown.root.locator(".gad-score")).to_have_text("1 of 1 right")
        assert found == [], type_
        number += len(cells_of(type_, case))
    assert book.run(number) == "[]"
