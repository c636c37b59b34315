"""Polynomials: NumPy's values and errors, and derivatives to second order by place and by coefficient."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.primitives.moves import check_types

P = np.array([2.0, -1.0, 0.5, 3.0])
Q = np.array([1.0, 0.25, -2.0])
X = np.random.default_rng(0).normal(size=(2, 3))


@pytest.mark.parametrize("p", [P, P[:1], P[:2], np.array([0.0, 0.0, 1.0])], ids=str)
@pytest.mark.parametrize("x", [np.float64(0.7), np.float64(0.0), X, X[0], np.array([0.0, 1.0])], ids=np.shape)
def test_polyval(p, x) -> None:
    check(np.polyval, p, x)
    check_types(np.polyval, p, x)


def test_polyval_of_plain_parts() -> None:
    check(lambda x: np.polyval([1, 2, 3], x), X)
    check(lambda p: np.polyval(p, 2), P)
    check(lambda p: np.polyval(p, np.arange(3)), P)
    check(lambda x: np.polyval(np.poly1d([1.0, 2.0]), x), X)
    with np.errstate(invalid="ignore"):
        assert np.isnan(gad.vjp(lambda x: np.polyval(P, x), np.inf)[0]) == np.isnan(np.polyval(P, np.inf))
    with pytest.raises(gad.UnsupportedError, match="one axis"):
        gad.grad(lambda p: np.sum(np.polyval(p, 2.0)))(X)


@pytest.mark.parametrize("name", ["polyadd", "polysub", "polymul"])
def test_arithmetic(name) -> None:
    f = getattr(np, name)
    for a, b in ((P, Q), (Q, P), (P, P * 2), (P, Q[:1])):
        check(f, a, b)
        check_types(f, a, b)
    check(lambda a: f(a, [1, 2]), P)
    check(lambda a: f(3.0, a), P)
    check(lambda a: f([0, 0, 1, 2], a), P)


def test_leading_zeros_of_a_product() -> None:
    with pytest.raises(gad.UnsupportedError, match=r"np.convolve"):
        gad.grad(lambda a: np.sum(np.polymul(a, Q)))(np.array([0.0, 1.0]))


@pytest.mark.parametrize("m", [0, 1, 2, 3, 4])
def test_derivatives_and_integrals(m) -> None:
    check(lambda p: np.polyder(p * p, m), P)
    check(lambda p: np.polyint(p * p, m), P)
    check(lambda p: np.polyint(p, m, p[:m]) if m else p, P)
    check(lambda p: np.polyint(p, m, 2.0), P)
    check_types(lambda p: np.polyder(p.astype(p.dtype), 0), P)


def test_what_numpy_refuses() -> None:
    for call in (
        lambda p: np.polyder(p, -1),
        lambda p: np.polyint(p, -1),
        lambda p: np.polyint(p, 3, [1.0, 2.0]),
        lambda p: np.polymul(p[None], p),
    ):
        with pytest.raises(ValueError, match=r".") as theirs:
            call(P)
        with pytest.raises(ValueError, match=str(theirs.value)[:18]):
            gad.jacobian(call)(P)


@pytest.mark.parametrize("form", [{}, {"N": 2}, {"N": 5, "increasing": True}, {"N": 1}, {"N": 0}], ids=str)
def test_vander(form) -> None:
    check(lambda x: np.vander(x, **form), np.array([0.5, 0.0, -2.0])) if form.get("N", 3) > 1 else None
    np.testing.assert_array_equal(gad.vjp(lambda x: x[0] * np.vander(x, **form), Q)[0], Q[0] * np.vander(Q, **form))
    with pytest.raises(ValueError, match="one-dimensional"):
        gad.jacobian(lambda x: np.vander(x, **form))(X)


def test_vander_is_for_fits() -> None:
    np.testing.assert_allclose(gad.grad(lambda x: np.sum(np.vander(x, 4) @ P))(Q), np.polyval(np.polyder(P), Q))
