"""An exercise as Python has it: which questions, what is given, the judgement of a dictionary, and its state."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import Fingerprint
from graphviz_ad.exercises.questions import Choice, Number, Option, Order, Several
from graphviz_ad.exercises.stored import storable


def fork(a: float, b: float) -> float:
    c = a + b
    d = a * b
    y = c * d
    return y


RIGHT = {"d": 5, "c": "2*3", "b": 16, "a": "63/3"}


@pytest.fixture
def exercise() -> Exercise:
    return gad.exercises.adjoints(fork, a=2.0, b=3.0)


def test_answers_are_plain_python(exercise: Exercise) -> None:
    result = exercise.check(RIGHT)
    assert (result.ok, result.score, result.misconception, str(result)) == (True, 1.0, None, "All right.")
    half = exercise.check({"d": 5, "c": 6.0, "a": np.float64(-21.0)})
    assert (bool(half), half.score, half.misconception) == (False, 0.5, "sign")
    assert half.message.startswith("a: -21")
    assert half.message.endswith("(1 more to look at.)")
    assert half.parts["b"].kind == "unread"
    assert not exercise.check({}).ok
    assert exercise.check(exercise.solution).ok
    assert exercise.blank == dict.fromkeys(exercise.keys)


@pytest.mark.parametrize("answers", [[1], "x", None, {"e": 1}, {7: 1}])
def test_what_is_not_asked_is_an_error_that_names_what_is(exercise: Exercise, answers: object) -> None:
    with pytest.raises(ArgumentError, match="'d'"):
        exercise.check(answers)


def test_each_new_attempt_gets_one_hint_more(exercise: Exercise) -> None:
    alone = exercise.only("a")
    lengths = [len(alone.check({"a": 15}).message)]  # the same again is no attempt
    lengths += [len(alone.check({"a": answer}).message) for answer in (15, "15.0", 15, "oops", 15)]
    assert alone.state["attempts"] == {"a": 3}
    assert lengths[0] == lengths[1] < lengths[2] < lengths[3] == lengths[5]
    assert "= 21. You kept 15." in alone.feedback(alone.judge("a", 15))


def test_a_hint_may_be_asked_for(exercise: Exercise) -> None:
    alone = exercise.only("a")
    found = alone.judge("a", 15)
    assert [len(alone.hints(found)), len(alone.hint(found)), len(alone.hint(found)), len(alone.hint(found))] == [
        1,
        2,
        3,
        3,
    ]
    assert alone.state["attempts"] == {"a": 1}
    assert alone.state["hints"] == {"a": 2}


def test_what_is_kept_is_not_judged(exercise: Exercise) -> None:
    exercise.keep({"a": "15", "b": " "})
    assert exercise.answers == {"a": "15"}
    assert exercise.state["attempts"] == {}
    exercise.check({"a": "15"})
    assert exercise.state["attempts"] == {"a": 1}
    exercise.keep({"a": ""})
    assert exercise.answers == {}


def test_fading_shows_the_others_and_only_does_not(exercise: Exercise) -> None:
    last, first = exercise.faded(1), exercise.faded(3, "first")
    assert (last.keys, dict(last.given)) == (("a",), {"d": 5.0, "c": 6.0, "b": 16.0})
    assert (first.keys, dict(first.given)) == (("d", "c", "b"), {"a": 21.0})
    assert exercise.only("a").given == {}
    for blanks in (0, 5, True, 1.0):
        with pytest.raises(ArgumentError, match="blanks must be a whole number from 1 to 4"):
            exercise.faded(blanks)
    with pytest.raises(ArgumentError, match="unknown direction"):
        exercise.faded(1, "both")


def test_words_are_kept_and_never_graded(exercise: Exercise) -> None:
    explained = exercise.only("d").explained("Why?", model="y is c times d.")
    result = explained.check({"d": 5, "why": "because"})
    assert (result.ok, result.score) == (True, 1.0)
    assert result.message == "All right. Compare with: y is c times d."
    assert explained.check({"d": 5}).ok


def test_a_state_survives_as_json(exercise: Exercise) -> None:
    exercise.check({"a": 15, "d": np.float64(5.0), "b": {2, 1}, "c": "6"})
    cell = json.dumps(exercise.state, allow_nan=False)
    again = gad.exercises.adjoints(fork, a=2.0, b=3.0).resume(json.loads(cell))
    assert again.state == exercise.state
    assert again.resume(cell).state == exercise.state
    before = again.state
    again.check({"a": 6})
    assert before == exercise.state
    assert again.state["attempts"]["a"] == 2
    assert exercise.state["attempts"]["a"] == 1  # a state is no window


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "no state of an exercise of version 1"),
        ({"exercise": "other"}, "belongs to 'other'"),
        ({"seed": 7}, "has the seed 7"),
        ({"attempts": {"a": "many"}}, "attempts of this state are broken"),
        ({"hints": {"a": -1}}, "hints of this state are broken"),
        ({"answers": [1]}, "answers of this state are broken"),
    ],
)
def test_a_state_from_elsewhere_is_looked_at(exercise: Exercise, change: dict, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        exercise.resume({**exercise.state, **change})


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "x" * 1000])
def test_a_text_that_is_no_state(exercise: Exercise, text: str) -> None:
    with pytest.raises(ArgumentError, match="no state of an exercise"):
        exercise.resume(text)


def test_of_a_state_what_is_not_asked_is_left_out(exercise: Exercise) -> None:
    exercise.check(RIGHT)
    assert list(exercise.only("a").resume(exercise.state).answers) == ["a"]


def test_whatever_was_answered_can_be_stored() -> None:
    circle: list = []
    circle.append(circle)
    for answer in (float("nan"), circle, object(), {1: {2}}, np.array(["a"]), 10**400, b"x"):
        json.dumps(storable(answer), allow_nan=False)


# ------------------------------------------------------------------------------------------------ the end of all hints


def test_the_right_answer_stands_beside_ones_own_at_the_end_and_never_before() -> None:
    pair = Option("p", "first"), Option("q", "second")
    asked = [
        (Number("x", "", 7.0), 5, "It is 7, and you wrote 5."),
        (Number("x", "", np.array([1.0, 2.0]), hints=("Why?",)), "[1, 3]", "It is [1, 2], and you wrote [1, 3]."),
        (Choice("x", "", "q", pair), "p", "Right is “second”."),
        (Several("x", "", frozenset({"q"}), pair), ["p"], "Right are “second”."),
        (
            Order("x", "", pair, {("q", "p"): Option("", "too early")}),
            ["p", "q"],
            "One right order is “second”, “first”.",
        ),
    ]
    for question, answer, end in asked:
        found = question.judge(answer)
        assert 2 <= len(found.hints) <= 3
        assert found.hints[-1] == end
        assert end not in found.message(1)
        assert found.message(9).endswith(end)


def test_two_mistakes_with_one_number_become_a_question() -> None:
    one, two = (Fingerprint(code, 4.0, (f"{code} name", f"{code} asks?", f"{code} shows")) for code in ("M1", "M4"))
    found = Number("x", "", 7.0, (one, two)).judge("8/2")
    assert found.misconceptions == ("M1", "M4")
    assert found.hints[0].endswith("Was it “One contribution kept” or “Local derivative taken for the adjoint”?")
    assert found.hints[1:] == ("M1 asks? M4 asks?", "M1 shows")


def test_how_to_write_a_number_is_no_attempt() -> None:
    exercise = Exercise("x", "X1", "", "", (Number("x", "", 1 / 3),))
    for answer in ("0,33", "0.6666/2", "one", None):
        assert exercise.check({"x": answer}).parts["x"].kind == "unread"
    assert exercise.state["attempts"] == {}


def test_an_order_that_is_being_made_tells_its_consequence() -> None:
    items = Option("p", "first"), Option("q", "second"), Option("z", "nonsense", "M1")
    order = Order("x", "", items, {("q", "p"): Option("", "p is too early", "M2")}, frozenset({"z"}))
    assert order.consequence([]) is None
    assert order.consequence(["q"]) is None
    assert order.consequence(["q", "p"]) is None
    for answer, words in ((["p"], "p is too early"), (["q", "z"], "“nonsense” has no place here.")):
        found = order.consequence(answer)
        assert found is not None
        assert found.text == words


def test_an_order_that_is_not_whole_is_told_what_came_too_early_before_what_is_missing() -> None:
    items = Option("p", "first"), Option("q", "second"), Option("r", "third")
    order = Order("x", "", items, {("q", "p"): Option("", "p is too early", "M2")})
    assert order.judge(["p"]).text == "p is too early"
    assert order.judge(["q"]).text == "2 are missing: p, r."


def test_what_is_missing_is_led_to_by_a_question_about_the_others() -> None:
    several = Several("x", "", frozenset("pq"), (Option("p", "first"), Option("q", "second")))
    assert several.judge(["p"]).hints[0] == "Which of the others belongs to them as well?"


def test_what_cannot_be_read_is_told_before_what_is_not_answered() -> None:
    ex = gad.exercise("multi-path", seed=1)
    assert ex.check({"x": "two"}).message.startswith("x: 'two' is no number")
