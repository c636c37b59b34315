"""Every kind of question: what is right, what is wrong and named, what cannot be read, and what a page gets of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.exercises.fingerprints import Fingerprint
from graphviz_ad.exercises.questions import Checked, Choice, Judgement, Number, Option, Order, Several, Text


def mistake(code: str, value) -> Fingerprint:
    return Fingerprint(code, value, (f"{code} names.", f"{code} asks?", f"{code} shows."))


HALF = Number("x", "∂y/∂x", 0.75, (mistake("M1", 0.5), mistake("M4", 0.25), mistake("M6", 0.25), mistake("M16", 3.0)))


@pytest.mark.parametrize("answer", [0.75, "3/4", "0.7501", "0.7493", "3*2**-2", np.float64(0.75), "+.75", "1 - (1/4)"])
def test_right_numbers(answer) -> None:
    judged = HALF.judge(answer)
    assert judged.ok
    assert (judged.kind, judged.misconceptions) == ("right", ())


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (0.5, ("M1",)),
        ("1/2", ("M1",)),
        ("0.5004", ("M1",)),
        ("0.502", ()),  # further from it than a typed answer is
        ("0.5001 * 1", ()),  # nobody rounds an expression
        (3, ("M16",)),
        (0.25, ("M4", "M6")),
        (-0.75, ("sign",)),
        (7, ()),
    ],
)
def test_wrong_numbers(answer, codes) -> None:
    judged = HALF.judge(answer)
    assert not judged.ok
    assert judged.misconceptions == codes
    assert len(judged.hints) >= 2
    assert judged.message(9).count("0.75") >= (not codes)  # led to the right number where no text does it


def test_one_is_named_and_two_are_asked() -> None:
    named = HALF.judge(0.5)
    assert named.hints == ("M1 names.", "M1 asks?", "M1 shows.")
    assert named.message(1).endswith("M1 names.")
    assert named.message(2).endswith("M1 names. M1 asks?")
    assert named.message(99) == named.message(3)
    asked = HALF.judge(0.25)
    assert asked.hints[0].endswith("or “Inner derivative left out”?")
    assert "Local derivative taken for the adjoint" in asked.hints[0]
    assert "names." not in asked.message(3)


@pytest.mark.parametrize("answer", [None, "", "  ", "x", "2 +", [1, 2, {}], True, "__import__('os')", object()])
def test_what_cannot_be_read_is_no_mistake(answer) -> None:
    judged = HALF.judge(answer)
    assert (judged.ok, judged.kind, judged.misconceptions) == (False, "unread", ())


def test_arrays() -> None:
    right = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    question = Number(
        "W", "W̄", right, (mistake("M7", right.T), mistake("M8", np.stack([right] * 2)), mistake("M11", right / 2))
    )
    assert question.judge([["1", "4/2", 3.001], [4, 5, 6]]).ok
    assert question.judge("[[1, 2, 3], [4, 5, 6]]").ok
    assert question.judge(right.T.tolist()).misconceptions == ("M7",)
    assert question.judge([right.tolist()] * 2).misconceptions == ("M8",)
    assert question.judge([[0.5, 1, 1.5], [2, 2.5, 3]]).misconceptions == ("M11",)
    assert question.judge([1, 2, 3]).misconceptions == ()
    assert question.judge([[1, 2], [3]]).kind == "unread"
    assert question.judge(question.solution).ok


@pytest.mark.parametrize("right", [0.0, np.inf, -np.inf, np.nan, 1e-300, 1e300])
def test_strange_right_numbers(right) -> None:
    question = Number("x", "?", right, (mistake("M1", 1.0),))
    assert question.judge(right if np.isfinite(right) else repr(right)).ok
    assert question.judge(1.0).misconceptions == ("M1",)
    json.dumps(question.baked(), allow_nan=False)


CHOICE = Choice("c", "Which?", "b", (Option("a", "first", "M1", ("no",)), Option("b", "second"), Option("z", "last")))


def test_a_choice() -> None:
    assert CHOICE.judge("b").ok
    assert CHOICE.judge(" b ").ok
    wrong = CHOICE.judge("a")
    assert (wrong.kind, wrong.misconceptions, wrong.hints[0]) == ("wrong", ("M1",), "no")
    assert CHOICE.judge("z").misconceptions == ()
    assert CHOICE.judge("z").hints  # never a bare "not right"
    for answer in (None, "", "B", 3, ["b"]):
        assert CHOICE.judge(answer).kind == "unread"


SEVERAL = Several(
    "s", "Which?", frozenset({"a", "b"}), (Option("a", "A"), Option("b", "B"), Option("c", "C", "M4", ("not c",))),
    {"b": Option("b", "B", "M1", ("b, too",))},
)  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "kind", "codes"),
    [
        (["a", "b"], "right", ()),
        (("b", "a", "a"), "right", ()),
        ({"a", "b"}, "right", ()),
        (["a"], "wrong", ("M1",)),
        (["b"], "wrong", ()),
        (["a", "b", "c"], "wrong", ("M4",)),
        (["a", "c"], "wrong", ("M4",)),
        ([], "wrong", ()),
        ("ab", "unread", ()),
        (["a", "q"], "unread", ()),
        (None, "unread", ()),
        (5, "unread", ()),
    ],
)
def test_several(answer, kind, codes) -> None:
    judged = SEVERAL.judge(answer)
    assert (judged.kind, judged.misconceptions) == (kind, codes)
    assert bool(judged.hints) is (kind == "wrong")


ORDER = Order(
    "o", "In which order?",
    (Option("y", "y"), Option("u", "u"), Option("v", "v"), Option("bad", "w", "M4", ("no",))),
    {("y", "u"): Option("u", "u too early", "M2", ("wait",)), ("y", "v"): Option("v", "v too early", "M2", ("wait",))},
    frozenset({"bad"}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "kind", "codes"),
    [
        (["y", "u", "v"], "right", ()),
        (["y", "v", "u"], "right", ()),  # every valid order
        (["u", "y", "v"], "wrong", ("M2",)),
        (["y", "u", "bad", "v"], "wrong", ("M4",)),
        (["y", "u"], "wrong", ()),
        (["y", "y", "u"], "unread", ()),
        (["y", "q"], "unread", ()),
        ("yuv", "unread", ()),
    ],
)
def test_orders(answer, kind, codes) -> None:
    judged = ORDER.judge(answer)
    assert (judged.kind, judged.misconceptions) == (kind, codes)


def test_an_order_that_goes_in_a_circle_is_noticed() -> None:
    pairs = {("a", "b"): Option("b", "b"), ("b", "a"): Option("a", "a")}
    with pytest.raises(gad.ArgumentError, match="circle"):
        _ = Order("o", "?", (Option("a", "a"), Option("b", "b")), pairs).solution


def test_what_python_alone_can_judge() -> None:
    def check(answer):
        if not callable(answer):
            raise gad.ArgumentError("Give a function.")
        return None if answer(2) == 4 else Judgement("f", False, "wrong", "f(2) is not 4.", ("M9",), ("why?",))

    question = Checked("f", "Write f.", check, lambda x: 2 * x)
    assert question.judge(question.solution).ok
    assert question.judge(lambda x: x).misconceptions == ("M9",)
    assert question.judge(3).text == "Give a function."
    assert question.judge(None).kind == "unread"


def test_words_are_kept() -> None:
    question = Text("why", "Why?", "since it adds up")
    assert not question.graded
    assert question.judge("I think so").text == "Compare with: since it adds up"
    assert question.judge("").kind == "unread"


@pytest.mark.parametrize("question", [HALF, CHOICE, SEVERAL, ORDER, Text("why", "Why?"), Checked("f", "?")])
def test_what_a_page_gets(question) -> None:
    baked = json.loads(json.dumps(question.baked(), allow_nan=False))
    assert (baked["key"], baked["kind"], baked["prompt"]) == (question.key, question.kind, question.prompt)
    assert question.is_blank(question.blank)
    if question.kind not in ("text", "checked"):
        assert question.judge(question.solution).ok
        asked = json.dumps(question.asked())
        assert "M1" not in asked
        assert '"right"' not in asked
