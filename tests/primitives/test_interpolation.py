"""np.interp: NumPy's values for every form, derivatives by place, knots and values, on knots and beyond the ends."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check

XP = np.array([0.0, 0.7, 1.0, 2.5])
FP = np.array([1.0, -2.0, 0.5, 3.0])
X = np.array([[-1.0, 0.3, 0.9], [2.0, 3.5, 1.4]])


@pytest.mark.parametrize("ends", [{}, {"left": 7.0}, {"right": -7}, {"left": 7.0, "right": 2.5}], ids=str)
@pytest.mark.parametrize("x", [np.float64(0.3), np.float64(-2.0), np.float64(9.0), X, X[0]], ids=str)
def test_forms(x, ends) -> None:
    check(lambda x, xp, fp: np.interp(x, xp, fp, **ends), x, XP, FP)


def test_plain_parts() -> None:
    check(lambda x: np.interp(x, [0, 1, 3], [3, 4, 1]), X)
    check(lambda fp: np.interp([0.5, 1.5], [0, 1, 2, 3], fp), FP)
    check(lambda xp: np.interp(0.5, xp, FP), XP)
    check(lambda x: np.interp(x, XP[:1], FP[:1]), X)
    check(lambda fp: np.interp(X, XP[:1], fp), FP[:1])
    check(lambda xp, fp: np.interp(X, xp, fp, left=2.0), XP[:1] + 0.2, FP[:1])


def test_traced_ends() -> None:
    check(lambda fp: np.interp(X, XP, fp, fp[0] * fp[1], fp[2]), FP)
    check(lambda x: np.interp(x, XP, FP, right=x[0, 1] ** 2), X)


@pytest.mark.parametrize("period", [3.0, 2, -3.0])
def test_period(period) -> None:
    places = np.array([-4.1, 0.35, 2.8, 7.25])
    check(lambda x, fp: np.interp(x, XP, fp, period=period), places, FP)
    check(lambda xp: np.interp(places, xp, FP, period=period), np.array([5.1, 0.4, 3.7, 1.45]))
    if period == 3.0:
        check(lambda xp: np.interp(places, xp[:4], FP, period=xp[4]), np.array([5.1, 0.4, 3.7, 1.45, period]))


def test_on_a_knot_the_interval_to_the_right_counts_and_at_the_end_the_last() -> None:
    slopes = np.diff(FP) / np.diff(XP)
    for mode in ("rev", "fwd"):
        got = np.diagonal(gad.jacobian(lambda x: np.interp(x, XP, FP), mode=mode)(XP))
        np.testing.assert_allclose(got, [*slopes, slopes[-1]], rtol=1e-12)
    np.testing.assert_allclose(gad.jacobian(lambda fp: np.interp(XP, XP, fp))(FP), np.eye(4), atol=1e-15)


def test_beyond_the_ends_nothing_moves() -> None:
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(np.interp(x, XP, FP)))(np.array([-1.0, 9.0])), [0, 0])
    np.testing.assert_array_equal(gad.grad(lambda fp: np.interp(9.0, XP, fp))(FP), [0, 0, 0, 1])
    np.testing.assert_array_equal(gad.grad(lambda fp: np.interp(9.0, XP, fp, right=0.0))(FP), [0, 0, 0, 0])


def test_nan_stays_nan() -> None:
    value, pullback = gad.vjp(lambda x: np.interp(x, XP, FP), np.array([np.nan, 0.3]))
    np.testing.assert_array_equal(value, np.interp([np.nan, 0.3], XP, FP))
    assert pullback(np.ones(2))[0][1] == pytest.approx(-3 / 0.7)


def test_float32_becomes_float64_as_in_numpy() -> None:
    small = [x.astype(np.float32) for x in (X, XP, FP)]
    value, pullback = gad.vjp(np.interp, *small)
    assert value.dtype == np.interp(*small).dtype == np.float64
    assert all(one.dtype == np.float32 for one in pullback(np.ones_like(value)))


def test_a_graph_finds_the_intervals_anew() -> None:
    graph = gad.trace(lambda x: np.interp(x, XP, FP), 0.3).derivative("x")
    again = graph.evaluate(x=0.9).outputs[0].value
    assert again == pytest.approx(2.5 / 0.3)


def test_errors() -> None:
    for call in (
        lambda x: np.interp(x, XP, FP[:2]),
        lambda x: np.interp(x, [], []),
        lambda x: np.interp(x, XP, FP, period=0),
        lambda x: np.interp(x, XP[None], FP[None], period=1.0),
    ):
        with pytest.raises(ValueError, match=r".") as theirs:
            call(X)
        with pytest.raises(ValueError, match=str(theirs.value)[:18]):
            gad.jacobian(call)(X)
