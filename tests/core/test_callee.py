"""Errors from deep inside a library name the function that the user's own line called."""

from __future__ import annotations

import math
import statistics
from functools import partial

import numpy as np
import numpy.random as draws
import pytest
import scipy.linalg
import scipy.special as sp
import scipy.stats
from numpy import full as filled
from scipy.special import softmax as soft

import graphviz_ad as gad
from graphviz_ad.core.instead import INSTEAD
from graphviz_ad.core.primitive import HANDLERS, function_name

RNG, ONES = np.random.default_rng(0), np.ones(2)


def message(f, x=None):
    with pytest.raises(gad.GraphvizADError) as caught:
        gad.grad(lambda x: (f(x), np.sum(x))[1])(np.array([0.3, 0.6]) if x is None else x)
    return str(caught.value)


@pytest.mark.parametrize(
    ("f", "label", "remedy"),
    [
        (lambda x: np.r_[x, 1.0], "np.r_", "np.concatenate([np.atleast_1d(a)"),
        (lambda x: np.c_[x, x], "np.c_", "np.column_stack([a, b])"),
        (lambda x: np.sum([x[0], x[1]]), "np.sum", "write np.sum(np.stack([...]))"),
        (lambda x: np.sin([x[0], x[1]]), "np.sin", "write np.sin(np.stack([...]))"),
        (lambda x: np.full(3, x[0]), "np.full", "Write x * np.ones(shape)."),
        (lambda x: filled(3, x[0]), "np.full", "Write x * np.ones(shape)."),
        (lambda x: np.array([x[0], x[1]]), "np.array", "np.stack([...])"),
        (lambda x: np.fill_diagonal(np.eye(2), x), "np.fill_diagonal", "np.where(np.eye(n, dtype=bool), v, x)"),
        (lambda x: np.vectorize(math.sin)(x), "np.vectorize", "np.where"),
        (lambda x: np.random.normal(0.0, x), "np.random.normal", "loc + scale * rng.standard_normal"),  # noqa: NPY002
        (lambda x: draws.uniform(0.0, x), "np.random.uniform", "low + (high - low) * rng.random"),  # noqa: NPY002
        (lambda x: RNG.normal(0.0, x), "np.random.normal", "loc + scale * rng.standard_normal"),
        (lambda x: np.random.default_rng(0).normal(0.0, x), "np.random.normal", "rng.standard_normal"),
        (lambda x: RNG.poisson(x), "np.random.poisson", "A draw has no derivative"),
        (lambda x: np.ma.sum(x), "np.ma.sum", "Masked arrays"),
        (lambda x: ONES.dot(x), "np.ndarray.dot", "Write a @ x."),
        (lambda x: math.sin(x[0]), "math.sin", "Write np.sin."),
        (lambda x: math.gamma(x[0]), "math.gamma", "scipy.special.gamma(x)"),
        (lambda x: statistics.mean(x), "statistics.mean", "Write np.mean(x)."),
        (lambda x: sp.logsumexp(x), "scipy.special.logsumexp", "gad.nn.logsumexp(x)"),
        (lambda x: soft(x), "scipy.special.softmax", "gad.nn.softmax(x)"),
        (lambda x: sp.log_softmax(x), "scipy.special.log_softmax", "gad.nn.log_softmax(x)"),
        (lambda x: scipy.linalg.inv(np.outer(x, x)), "scipy.linalg.inv", "Write np.linalg.inv."),
        (lambda x: scipy.stats.norm.logpdf(x), "scipy.stats.logpdf", "formula of the density"),
        (
            lambda x: np.full(
                2,
                fill_value=x[0],
            ),
            "np.full",
            "np.ones",
        ),
        (lambda x: "äöü" and np.full(2, x[0]), "np.full", "np.ones"),
    ],
)
def test_who_wants_the_number(f, label, remedy) -> None:
    text = message(f)
    assert text.startswith(f"{label} wants the plain number of a traced float at line ")
    assert "of test_callee.py" in text
    assert remedy in text
    assert text.endswith("Where the cut is meant, give it gad.detach(x).")


def test_a_detached_value_may_be_taken() -> None:
    slope = gad.grad(lambda x: np.sum(x * np.full(2, gad.detach(x[0]))))(np.array([3.0, 4.0]))
    np.testing.assert_array_equal(slope, [3.0, 3.0])


@pytest.mark.parametrize(
    ("f", "remedy"),
    [
        (lambda x: np.fromiter(x, float), "Write np.stack(list(values))."),
        (lambda x: np.zeros(2).__setitem__(0, x[0]), ""),
        (lambda x: ONES.copy().fill(x[0]), ""),
    ],
)
def test_where_numpy_says_it_in_its_own_words_ours_are_the_cause(f, remedy) -> None:
    with pytest.raises(ValueError, match="setting an array element with a sequence") as caught:
        gad.grad(lambda x: (f(x), np.sum(x))[1])(np.array([0.3, 0.6]))
    assert isinstance(caught.value.__cause__, gad.ExitError)
    assert remedy in str(caught.value.__cause__)


def test_what_only_passes_a_call_on_is_not_named() -> None:
    for f in (float, partial(float), lambda x: float(x), lambda x: list(map(math.sin, [x]))):
        assert message(f, 0.5).startswith("float() or a function of `math` was asked of a traced float")
    assert message(lambda x: x * [x[0], x[1]]).startswith("np.array or np.asarray was asked of")


@pytest.mark.filterwarnings("ignore:you are shuffling")
def test_a_function_without_rule_inside_of_another() -> None:
    assert message(lambda x: np.full_like(np.ones(2), x[0])).startswith(
        "np.full_like needs np.copyto, which has no derivative rule here at line "
    )
    assert message(lambda x: RNG.shuffle(x)).startswith("np.random.shuffle changes an array in place at line ")
    with pytest.raises(gad.UnsupportedError) as caught:
        gad.grad(lambda x: np.poly1d(x)(2.0))(np.ones(3))
    assert "np.poly1d" in str(caught.value) + "".join(getattr(caught.value, "__notes__", ()))


def test_the_name_without_source() -> None:
    """Then the library's own frames tell, where it has any."""
    names = {"np": np, "sp": sp}
    for code, label in (("np.full(3, x)", "np.full"), ("np.vectorize(abs)(x)", "np.vectorize")):
        f = eval(f"lambda x: {code}", names)
        assert message(f, 0.5).startswith(f"{label} wants the plain number of a traced float")
    assert message(eval("lambda x: np.array([x])", names), 0.5).startswith("np.array or np.asarray was asked")


def test_the_table_has_no_line_for_what_has_a_rule() -> None:
    """But for those that are refused with its words, and one that takes plain arrays too."""
    named = {function_name(function) for function in HANDLERS if not isinstance(function, str)}
    in_place = {"np.copyto", "np.place", "np.put", "np.putmask", "np.fill_diagonal", "np.put_along_axis"}
    assert set(INSTEAD) & named == {*in_place, "np.full_like"}
    assert all(text.endswith(".") for text in INSTEAD.values())


def test_names_are_asked_only_where_no_code_of_the_users_runs() -> None:
    class Hand:
        @property
        def make(self):
            asked.append(1)
            return np.array

    asked, hand = [], Hand()
    assert message(lambda x: hand.make([x, x]), 0.5).startswith("np.array or np.asarray was asked of")
    assert len(asked) == 1
