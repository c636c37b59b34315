"""Averages, ptp, cov and corrcoef: NumPy's values and errors for every form, and derivatives to second order."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.primitives.moves import check_types
from tests.torched import torch

X = np.random.default_rng(0).normal(size=(2, 3, 4))
W = np.random.default_rng(1).uniform(0.5, 2.0, (2, 3, 4))
FORMS = [{}, {"axis": 0}, {"axis": -1}, {"axis": (0, 2)}, {"axis": (2, 0), "keepdims": True}, {"keepdims": True}]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_average(form) -> None:
    check(lambda x: np.average(x * x, **form), X)
    check(lambda x, w: np.average(x, weights=w, **form), X, W)
    check_types(lambda x, w: np.average(x, weights=w, **form), X, W)


@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1), (2, 0), (1, 2, 0)])
def test_weights_of_the_axes_alone(axis) -> None:
    axes = axis if isinstance(axis, tuple) else (axis,)
    w = np.random.default_rng(2).uniform(0.5, 2.0, [X.shape[one] for one in axes])
    for form in ({}, {"keepdims": True}):
        check(lambda x, w, form=form: np.average(x, axis=axis, weights=w, **form), X, w)
    check_types(lambda x, w: np.average(x, axis=axis, weights=w), X, w)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_returned(form, weighted) -> None:
    weights = {"weights": W} if weighted else {}
    wanted = np.average(X, returned=True, **weights, **form)
    got, _ = gad.vjp(lambda x: np.average(x, returned=True, **weights, **form), X)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.shape(one) == np.shape(other)
        assert np.asarray(one).dtype == np.asarray(other).dtype
    check(lambda w: np.average(X, weights=w, returned=True, **form)[1], W)


def test_average_of_ints_and_errors() -> None:
    check(lambda w: np.average([1, 2, 3], weights=w), np.array([0.2, 0.3, 0.5]))
    check(lambda x: np.average(x, weights=[1, 2, 3]), np.array([0.2, 0.3, 0.5]))
    for call in (
        lambda x: np.average(x, weights=np.zeros(3)),
        lambda x: np.average(x, weights=np.ones(2)),
        lambda x: np.average(x, axis=0, weights=np.ones(2)),
    ):
        with pytest.raises((ZeroDivisionError, TypeError, ValueError)) as theirs:
            call(np.ones(3))
        with pytest.raises(theirs.type, match=str(theirs.value)[:20]):
            gad.grad(call)(np.ones(3))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_ptp(form) -> None:
    check(lambda x: np.ptp(x, **form), X)
    check_types(lambda x: np.ptp(x, **form), X)


def test_ptp_shares_among_equals() -> None:
    for mode in ("rev", "fwd"):
        got = gad.jacobian(np.ptp, mode=mode)(np.array([1.0, 1.0, 3.0, 3.0, 2.0]))
        np.testing.assert_array_equal(got, [-0.5, -0.5, 0.5, 0.5, 0])


M = np.random.default_rng(3).normal(size=(3, 5))
COV = [
    {},
    {"bias": True},
    {"ddof": 0},
    {"ddof": 2},
    {"rowvar": False},
    {"fweights": [1, 2, 1, 3, 1]},
    {"aweights": [0.5, 1.0, 2.0, 0.1, 1.0]},
    {"aweights": [0.5, 1.0, 2.0, 0.1, 1.0], "ddof": 0},
    {"aweights": [0.5, 1.0, 2.0, 0.1, 1.0], "fweights": [1, 2, 1, 3, 1]},
]


@pytest.mark.parametrize("form", COV, ids=str)
def test_cov(form) -> None:
    if "rowvar" in form:
        check(lambda x: np.cov(x.T, **form), M)
        check(lambda x, y: np.cov(x.T, y.T, **form), M, M[:2] ** 2)
        return
    check(lambda x: np.cov(x, **form), M)
    check(lambda x, y: np.cov(x, y, **form), M, M[0] ** 2)
    check(lambda x: np.cov(x[0], **form), M)


def test_cov_of_float32_is_float64_as_in_numpy() -> None:
    small = M.astype(np.float32)
    value, pullback = gad.vjp(np.cov, small)
    np.testing.assert_array_equal(value, np.cov(small))
    assert value.dtype == np.float64
    assert pullback(np.ones_like(value))[0].dtype == np.float32
    check_types(lambda x: np.cov(x, dtype=np.float32), M)


@pytest.mark.parametrize("form", [{}, {"rowvar": False}], ids=str)
def test_corrcoef(form) -> None:
    check(lambda x: np.corrcoef(x, **form), M, rtol=1e-5)
    check(lambda x, y: np.corrcoef(x, y, **form), M, M**2, rtol=1e-5)


def test_one_variable_correlates_with_itself() -> None:
    value, pullback = gad.vjp(np.corrcoef, M[0])
    assert value == np.corrcoef(M[0]) == 1.0
    np.testing.assert_allclose(pullback(1.0)[0], 0, atol=1e-12)


def test_as_torch() -> None:
    for ours, theirs in ((np.cov, torch.cov), (np.corrcoef, torch.corrcoef)):
        x = torch.tensor(M, requires_grad=True)
        (theirs(x) ** 2).sum().backward()
        got = gad.grad(lambda m, ours=ours: np.sum(ours(m) ** 2))(M)
        np.testing.assert_allclose(got, x.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_refused() -> None:
    with pytest.raises(gad.UnsupportedError, match="aweights"):
        gad.grad(lambda w: np.sum(np.cov(M + w[0], aweights=w)))(np.ones(5))
    with pytest.raises(ValueError, match="more than 2"):
        gad.grad(lambda x: np.sum(np.cov(x)))(X)
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"), np.errstate(all="ignore"):
        gad.vjp(np.cov, np.ones((2, 1)))
