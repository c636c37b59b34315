"""The catalogue: every entry tells apart what it claims to, is solved by its solution, and survives in its state."""

from __future__ import annotations

import html.parser
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.exercises.catalogue import COLUMNS, KINDS, entries
from graphviz_ad.exercises.entries import Entry
from graphviz_ad.exercises.fingerprints import alike
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.exercises.mutants import BUGS
from graphviz_ad.exercises.questions import Checked, Choice, Number, Order, Question, Several
from tests.run import ROOT
from tests.thinned import thinned

PINNED = {
    "fork": [2.0, 4.0],
    "multi-path": [-1.5],
    "linear-layer": [[[-2.0, 1.0, 2.0], [-2.0, 2.0, -1.0]], [3.0, 1.0, -2.0], [3.0, -1.0], [1.0, 1.0]],
}
SEEDS: tuple[int | str, ...] = (0, "ada lovelace", 20261122, "Łukasz 7", "s5")
CASES = [(name, seed) for seed in SEEDS for name in entries()]


def typed(value: Any) -> Any:
    return np.asarray(value).tolist()


def wrong_answers(entry: Entry, question: Question, code: str) -> Iterator[Any]:
    """Answers that show a misconception."""
    if (question.key, code) in entry.wrong:
        yield entry.wrong[question.key, code]
    if isinstance(question, Number):
        yield from (typed(one.value) for one in question.fingerprints if one.code == code)
    elif isinstance(question, Choice):
        yield from (one.key for one in question.options if one.code == code)
    elif isinstance(question, Several):
        right = [one.key for one in question.options if one.key in question.right]
        yield from ([*right, one.key] for one in question.options if one.code == code and one.key not in right)
        yield from ([key for key in right if key != left] for left, one in question.missing.items() if one.code == code)
    elif isinstance(question, Order):
        for (first, second), said in question.before.items():
            if said.code == code:
                order = [key for key in question.solution if key != second]
                order.insert(order.index(first), second)
                yield order


@pytest.mark.parametrize(("name", "seed"), thinned(CASES, 8))
def test_an_entry_does_what_it_says(name: str, seed: int | str) -> None:
    entry = entries()[name]
    ex = gad.exercise(name, seed=seed)
    assert (ex.name, ex.kind, ex.title, ex.goal, ex.item, ex.seed) == (
        entry.name, entry.kind, entry.title, entry.goal, entry.item, seed,
    )  # fmt: skip
    solved = ex.check(ex.solution)
    assert solved.ok, solved.message
    assert solved.score == 1
    questions = {one.key: one for one in ex.questions}
    for key, codes in entry.tells.items():
        question = questions[key]
        for code in codes:
            answers = list(wrong_answers(entry, question, code))
            assert answers, f"{key} knows no answer of {code}"
            for answer in answers:
                judged = ex.judge(key, answer)
                assert not judged.ok
                assert judged.misconceptions == (code,), (key, code, answer)
                assert judged.hints
        if isinstance(question, Number):
            claimed = [one for one in question.fingerprints if one.code in codes]
            assert {one.code for one in claimed} == set(codes)
            assert not any(alike(one.value, question.right) for one in claimed)
            for one, two in combinations(claimed, 2):
                assert one.code == two.code or not alike(one.value, two.value), (one.code, two.code)


@pytest.mark.parametrize("name", thinned(list(entries()), 6))
def test_an_exercise_goes_on_from_its_state(name: str) -> None:
    ex = gad.exercise(name, seed="s1")
    key = ex.keys[0]
    answer = None if isinstance(ex.questions[0], Checked) else ex.solution[key]
    ex.check({key: answer})
    again = gad.exercise(json.loads(json.dumps(ex.state)))
    assert again.answers == ex.answers
    assert repr(again.solution) == repr(ex.solution) or isinstance(ex.questions[0], Checked)
    assert (again.keys, again.prompt, again.code) == (ex.keys, ex.prompt, ex.code)


def test_there_are_exercises_on_all_of_the_curriculum() -> None:
    listed = list(entries().values())
    assert len(listed) >= 40
    assert {one.kind for one in listed} == set(KINDS)
    items = {part.strip() for one in listed for part in one.item.split(",")}
    assert all(re.fullmatch(r"[1-9][0-9]?|E[1-9][0-9]?", part) for part in items), items
    sections = {"S0": (1, 26), "S1": (27, 50), "S2": (51, 75), "S3": (76, 92), "S4": (93, 99)}
    for first, last in sections.values():
        covered = [number for number in range(first, last + 1) if str(number) in items]
        assert len(covered) >= (last - first + 1) * 0.5, (first, last, covered)
    assert {code for code in items if code.startswith("E")} >= {
        f"E{number}" for number in range(1, 27) if number not in (19, 22)
    }
    for one in listed:
        assert one.title
        assert one.goal
        assert set(one.codes) <= set(MISCONCEPTIONS), one.codes
        assert re.fullmatch(r"[a-z0-9-]+", one.name)


def test_the_misconceptions_are_covered() -> None:
    told = {code for one in entries().values() for codes in one.tells.values() for code in codes}
    assert told >= {
        "M1",
        "M2",
        "M3",
        "M4",
        "M4b",
        "M5",
        "M6",
        "M7",
        "M8",
        "M9",
        "M10",
        "M11",
        "M12",
        "M14",
        "M15",
        "M16",
    }
    found = {code for one in entries().values() for code in one.finds}
    assert "M13" in found


def test_every_bug_can_be_drawn() -> None:
    from graphviz_ad.exercises.bugs import matching

    reach = {"cube", "diamond", "two_layer", "linear", "rnn", "bce", "step", "train", "huber", "relu"}
    errors = {"E1", "E3", "E4", "E6", "E9", "E10", "E11", "E13", "E14", "E15", "E16", "E20"}
    drawn = {key for name in reach | errors for key in matching(name)}
    assert set(BUGS) - drawn == set()
    for one in gad.exercises.catalogue(type="X7"):
        assert one.finds or one.name in ("bug-factors", "bug-jacobians"), one.name


# -- the table ----------------------------------------------------------------------------------------


def test_the_table_filters() -> None:
    whole = gad.exercises.catalogue()
    assert len(whole) == len(entries())
    assert {one.kind for one in gad.exercises.catalogue(type="X9")} == {"X9"}
    assert [one.name for one in gad.exercises.catalogue(item="E23")] == ["broken-encoder"]
    assert "recurrent" in gad.exercises.catalogue(tells="M15").to_dict()["name"]
    assert [one.name for one in gad.exercises.catalogue(type="X5", item=6)] == ["sweep-of-a-neuron"]
    assert whole["fork"].kind == "X3"
    assert whole[0].kind == "X1"
    assert len(whole[:4]) == 4
    for bad in ({"type": "X17"}, {"type": "adjoints"}, {"item": 400}, {"tells": "M99"}):
        with pytest.raises(gad.ArgumentError):
            gad.exercises.catalogue(**bad)
    with pytest.raises(gad.ArgumentError, match="did you mean 'fork'"):
        whole["forks"]


class Cells(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1


def test_the_table_shows_itself() -> None:
    table = gad.exercises.catalogue(type="X3")
    lines = repr(table).splitlines()
    assert lines[0].split("  ")[0] == "name"
    assert len(lines) == len(table) + 2
    assert all(entry.name in line for entry, line in zip(table, lines[1:], strict=False))
    cells = Cells()
    cells.feed(table._repr_html_())
    assert cells.tags == {
        "table": 1, "caption": 1, "thead": 1, "tbody": 1, "th": len(COLUMNS) + len(table),
        "tr": len(table) + 1, "td": (len(COLUMNS) - 1) * len(table), "abbr": sum(len(one.codes) for one in table),
    }  # fmt: skip
    assert '<abbr title="One contribution kept">M1</abbr>' in table._repr_html_()
    assert table._repr_html_().count("text-align: left") == cells.tags["th"] + cells.tags["td"]
    data = table.to_dict()
    assert tuple(data) == COLUMNS
    assert {len(column) for column in data.values()} == {len(table)}
    json.dumps(data)


# -- asking for one -----------------------------------------------------------------------------------


def test_the_same_numbers_on_every_machine() -> None:
    points = {
        name: [typed(node.value) for node in gad.exercise(name, seed="s1234").graph.inputs]
        for name in ("fork", "multi-path", "linear-layer")
    }
    assert points == PINNED
    code = "import graphviz_ad as gad;print([float(n.value) for n in gad.exercise('fork', seed='s1234').graph.inputs])"
    for number in ("1", "2"):  # texts have another hash in every process
        environment = {**os.environ, "PYTHONHASHSEED": number, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert json.loads(done.stdout) == PINNED["fork"]


def test_students_get_numbers_of_their_own() -> None:
    points = {tuple(float(node.value) for node in gad.exercise("fork", seed=s).graph.inputs) for s in range(6)}
    assert len(points) > 2
    assert gad.exercise("fork", seed=7).solution == gad.exercise("fork", seed="7").solution  # from a table of texts


NUMBERS = [name for name, one in entries().items() if one.kind in ("X1", "X2", "X3", "X4", "X15")]


@pytest.mark.parametrize("name", thinned(NUMBERS, 20))
def test_few_students_have_the_numbers_of_a_neighbour(name: str) -> None:
    made = [gad.exercise(name, seed=f"s{number}") for number in range(12)]
    asked = {json.dumps([ex.code, ex.prompt, ex.solution]) for ex in made}
    assert len(asked) >= 3, asked


@pytest.mark.parametrize("name", thinned([n for n, e in entries().items() if e.finds], 8))
def test_what_is_to_be_found_is_there(name: str) -> None:
    """In the programs of a bug exercise stands every misconception that it names, and no other that has a name."""
    from graphviz_ad.exercises.by_random import told_apart

    found = set()
    for seed in range(40):
        ex = gad.exercise(name, seed=seed)
        if ex.kind == "X7":
            bug = BUGS[found_bug(ex)]
            assert bug.wrong != bug.right
            found |= {bug.code} - {""}
        else:
            found |= {code for codes in told_apart(ex).values() for code in codes}
        if ex.kind != "X7" and found >= set(entries()[name].finds):
            break
    assert found >= set(entries()[name].finds)
    assert ex.kind != "X7" or found == set(entries()[name].finds)


def found_bug(exercise: Any) -> str:
    """The bug whose lines an exercise shows."""
    (key,) = (key for key, bug in BUGS.items() if "\n".join(bug.lines) == exercise.code)
    return key


def test_the_fading_ladder() -> None:
    whole = gad.exercise("multi-path", seed=1)
    assert len(whole.keys) == 4
    last = gad.exercise("multi-path", seed=1, blanks=2)
    assert last.keys == whole.keys[-2:]
    assert set(last.given) == set(whole.keys[:-2])
    first = gad.exercise("multi-path", seed=1, blanks=2, direction="first", explain=True)
    assert first.keys == (*whole.keys[:2], "why")
    again = gad.exercise(first.state)
    assert again.keys == first.keys
    assert again.given == first.given


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gad.exercise("multi-pth"), "did you mean 'multi-path'"),
        (lambda: gad.exercise("zzzzz"), "catalogue\\(\\) lists them all"),
        (lambda: gad.exercise(""), "unknown exercise"),
        (lambda: gad.exercise(3), "by its name"),
        (lambda: gad.exercise("fork", seed=None), "a seed is a whole number or a text"),
        (lambda: gad.exercise("fork", seed=1.5), "a seed is a whole number or a text"),
        (lambda: gad.exercise("fork", seed=True), "a seed is a whole number or a text"),
        (lambda: gad.exercise("fork", difficulty=2), "unknown option of 'fork': 'difficulty'"),
        (lambda: gad.exercise("random", difficulty=6), "unknown difficulty: 6"),
        (lambda: gad.exercise("random", difficulty=True), "unknown difficulty: True"),
        (lambda: gad.exercise("fork", blanks=0), "blanks must be"),
        (lambda: gad.exercise("fork", blanks=1, direction="up"), "unknown direction"),
        (lambda: gad.exercise("fork", explain="no"), "explain must be"),
        (lambda: gad.exercise({}), "no state"),
        (lambda: gad.exercise({"exercise": "f", "options": {}}), r"exercise\.resume\(state\)"),
    ],
)
def test_what_cannot_be_asked_for(call: Any, message: str) -> None:
    with pytest.raises(gad.ArgumentError, match=message):
        call()
