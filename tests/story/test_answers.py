"""What can be read of an answer, how it is judged, and what hostile texts get."""

from __future__ import annotations

import ast
import json
import math
import operator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphviz_ad as gad
from graphviz_ad.story.answers import judge, parse

TABLE = json.loads(Path(__file__).with_name("answers_cases.json").read_text(encoding="utf-8"))
CASES = TABLE["cases"]


@pytest.mark.parametrize(("answer", "right", "kind"), CASES)
def test_the_table_that_both_sides_share(answer: str, right: str, kind: str) -> None:
    verdict = judge(answer, float(right))
    assert (verdict.kind, verdict.ok) == (kind, kind == "right")
    assert verdict.text
    assert (verdict.answer is None) is (kind == "unread")


@pytest.mark.parametrize(("answer", "right", "dtype", "noise", "kind"), TABLE["rounded"])
def test_what_rounding_has_done_to_the_right_number(
    answer: str, right: str, dtype: str, noise: float, kind: str
) -> None:
    assert judge(answer, np.dtype(dtype).type(float(right)), noise).kind == kind


def test_the_table_has_every_kind() -> None:
    assert {kind for *_, kind in CASES} == {"right", "wrong", "sign", "close", "unread"}


def test_every_entry_has_its_own_tolerance() -> None:
    thirds = np.full(2, 1 / 3)
    assert judge("[0.333, 1/3]", thirds).ok
    assert judge([0.333, "1/3"], thirds).ok
    assert judge("[1/3, 0.333]", thirds).ok
    assert judge("[0.333, 333/1000]", thirds).kind == "close"
    assert judge("[[0.333, 2/6], [1/3, 0.3335]]", np.full((2, 2), 1 / 3)).ok


def test_four_digits_are_enough() -> None:
    for right in np.random.default_rng(3).uniform(-10, 10, 500) * 10.0 ** np.arange(-250, 250):
        assert judge(f"{right:.4g}", right).ok
        assert judge(f"{np.float32(right % 97):.4g}", np.float32(right % 97)).ok


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2*3", 7.0),
        ("(1 + 2)*3", 9.0),
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("(-2)**3", -8.0),
        ("2*-3", -6.0),
        ("7 - 2 - 3", 2.0),
        ("8/4/2", 1.0),
        ("1 − 2 × 3 ÷ 4", -0.5),
        ("2·3", 6.0),
        ("((((1))))", 1.0),
        ("1e2*1e-2", 1.0),
        ("--1", 1.0),
        ("4**0.5", 2.0),
        ("inf", math.inf),
        ("0*inf", math.nan),
    ],
)
def test_expressions(text: str, value: float) -> None:
    assert parse(text).value == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("text", ["1/3", "2**0.5", "1 + 1/2", "3*2"])
def test_what_is_computed_must_be_exact(text: str) -> None:
    value = parse(text).value
    assert parse(text).computed
    assert judge(text, value).ok
    assert judge(text, value * (1 + 1e-10)).ok
    assert not judge(text, value * (1 + 1e-6)).ok
    assert judge(repr(value * (1 + 5e-4)), value).ok
    assert not parse(repr(value)).computed


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("1,5", r"Write 1\.5 with a point, not with a comma\."),
        ("1,000", r"Write 1000 without a comma between the thousands; decimals have a point\."),
        ("-1,234,567.5", r"Write -1234567\.5 without a comma"),
        ("0,750", r"Write 0\.750 with a point, not with a comma\."),
        ("1,5 + 2", r"Write decimals with a point, not with a comma; several numbers go into \[ \]\."),
        ("2^3", r"Write a power with \*\*, as in 2\*\*3\."),
        ("pi", r"'pi' is no number: write its value\."),
        ("__import__('os')", r"'__import__' is no number"),
        ("x.real", r"'x' is no number"),
        ("1 +", r"Something is missing at the end\."),
        ("(1 + 2", r"A \) is missing\."),
        ("1 + 2)", r"'\)' cannot be read here"),
        ("()", r"'\)' cannot be read here"),
        ("1 2", r"'2' cannot be read here"),
        ("1/0", r"A division by 0 is no number"),
        ("0**-1", r"A division by 0 is no number"),
        ("2**65", r"An exponent is at most 64 here\."),
        ("2**(8**3)", r"An exponent is at most 64 here\."),
        ("2**-65", r"An exponent is at most 64 here\."),
        ("9e300**64", r"This number is too large\."),
        ("(-8)**(1/3)", r"is no real number\."),
        ("1" * 201, r"An answer has at most 200 characters\."),
        ("(" * 90 + "1" + ")" * 90, r"nested too deeply"),
        ("[" * 90 + "1" + "]" * 90, r"nested too deeply"),
        ("2**" * 60 + "1", r"nested too deeply"),
        ("[1, [2]]", r"The rows of a list must be equally long\."),
        ("[1 2]", r"'2' cannot be read here"),
        ("[1, 2", r"Something is missing at the end\."),
        ("[1], 2", r"with a point, not with a comma"),
        ("a := 3", r"'a' is no number"),
        ("lambda: 0", r"'lambda' is no number"),
        ("1j", r"'j' cannot be read here"),
        ("\x00", r"cannot be read here"),
        ("1;2", r"';' cannot be read here"),
        ("\ud800", r"cannot be read here"),
        (True, r"True is no number: write 1 or 0\."),
        (np.bool_(False), r"is no number: write 1 or 0\."),
        (None, r"An answer is a number, a text"),
        ({}, r"An answer is a number, a text"),
        (1j, r"An answer is a number, a text"),
        (10**400, r"This number is too large\."),
        (np.array(["a"]), r"An array of numbers is asked for, not of dtype <U1\."),
        ([True], r"True is no number"),
    ],
)
def test_what_cannot_be_read_says_why(answer: Any, words: str) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        parse(answer)
    verdict = judge(answer, 1.0)
    assert (verdict.ok, verdict.kind) == (False, "unread")


def test_a_list_in_itself() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert judge(circle, np.ones(2)).text == "These lists are nested too deeply."


@pytest.mark.parametrize("answer", [3, 3.0, np.float32(3), np.int64(3), Fraction(3), "3", "6/2"])
def test_numbers_of_every_kind(answer: Any) -> None:
    assert judge(answer, 3.0).ok
    assert judge(Fraction(1, 3), 1 / 3).ok
    assert not judge(Fraction(333, 1000), 1 / 3).ok


@pytest.mark.parametrize("answer", [[1, "3/2"], "[1, 1.5]", ("1", 1.5), np.array([1.0, 1.5]), "[1, 3/2]"])
def test_lists_are_answers_for_arrays(answer: Any) -> None:
    assert judge(answer, np.array([1.0, 1.5])).ok
    assert judge(answer, np.array([-1.0, -1.5])).kind == "sign"
    assert judge(answer, np.array([1.0, 2.5])).text == (
        f"{answer.strip()} is not right." if isinstance(answer, str) else "Your answer is not right."
    )


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        ("1", np.ones((2, 3)), "1 is one number, and what is asked for has the shape (2, 3)."),
        ([1, 2], np.ones((2, 3)), "Your answer has the shape (2,), and what is asked for has the shape (2, 3)."),
        ([[1, 2]], 1.0, "Your answer has the shape (1, 2), and one number is asked for."),
    ],
)
def test_another_shape(answer: Any, right: Any, words: str) -> None:
    verdict = judge(answer, right)
    assert (verdict.ok, verdict.kind, verdict.text) == (False, "shape", words)


@pytest.mark.parametrize(
    ("answer", "shape", "words"),
    [
        ("1,2", (2,), "Several numbers go into [ ], as in [1, 2]; decimals have a point."),
        ("1,200", (2,), "Several numbers go into [ ], as in [1, 2]; decimals have a point."),
        ("1, 2", (2,), "Several numbers go into [ ], as in [1, 2]; decimals have a point."),
        ("[1, 2], [3, 4]", (2, 2), "Several numbers go into [ ], as in [[1, 2], [3, 4]]; decimals have a point."),
    ],
)
def test_a_comma_where_several_numbers_are_asked_for(answer: str, shape: tuple[int, ...], words: str) -> None:
    assert judge(answer, np.ones(shape)).text == words


def test_arrays_of_large_numbers_and_of_type_float32() -> None:
    assert judge([[1e30, np.inf], [np.nan, 0]], np.array([[1e30, np.inf], [np.nan, 0.0]])).ok
    assert not judge([1e30, 0], np.array([1e30, 1e-20])).ok
    assert judge("0.1", np.float32(0.1)).ok
    assert judge("1/10", 0.1).ok


# -- any text -----------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=250) | st.text("0123456789.eE+-*/() ,[]^xnaif", max_size=60))
def test_any_text_is_read_or_explained(text: str) -> None:
    verdict = judge(text, 1.0)
    assert verdict.text
    if verdict.answer is not None:
        assert np.asarray(verdict.answer.value).dtype == float


NUMBER = st.floats(0.01, 100).map(lambda number: f"{number:.3f}")
SIGNS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def expressions() -> st.SearchStrategy[str]:
    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        joined = st.tuples(inner, st.sampled_from([*SIGNS, "**"]), inner).map(" ".join)
        return joined | inner.map(lambda text: f"({text})") | inner.map(lambda text: f"-{text}")

    return st.recursive(NUMBER, grow, max_leaves=8)


def reckoned(node: ast.AST) -> float:
    """What Python makes of an expression."""
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp):
        return -reckoned(node.operand)
    assert isinstance(node, ast.BinOp)
    left, right = reckoned(node.left), reckoned(node.right)
    if isinstance(node.op, ast.Pow):
        if abs(right) > 64:
            raise ValueError
        return left**right
    names = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
    return SIGNS[names[type(node.op)]](left, right)


@settings(max_examples=300, deadline=None)
@given(expressions())
def test_expressions_mean_what_they_mean_in_python(text: str) -> None:
    if len(text) > 200:
        return
    try:
        expected = reckoned(ast.parse(text, mode="eval").body)
    except (ValueError, OverflowError, ZeroDivisionError):
        expected = None
    if expected is None or isinstance(expected, complex):
        with pytest.raises(gad.ArgumentError):
            parse(text)
    else:
        assert parse(text).value == pytest.approx(expected, rel=1e-12, nan_ok=True)
