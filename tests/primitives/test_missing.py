"""Reductions without nan: NumPy's values and warnings for every form, derivatives to second order, nothing but nan."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.primitives.moves import check_types
from tests.thinned import thinned
from tests.torched import torch

X = np.random.default_rng(0).normal(size=(4, 3, 2))
WITH_NAN = X.copy()
WITH_NAN[0, 1, 1] = WITH_NAN[1, :2, 0] = WITH_NAN[3, 2, 1] = np.nan
MASK = np.arange(24).reshape(4, 3, 2) % 5 != 0
SUMS = ["nansum", "nanmean", "nanprod", "nanvar", "nanstd"]
FORMS = [
    {},
    {"axis": 0},
    {"axis": np.int64(-3)},
    {"axis": (0, 2)},
    {"axis": (1, -1), "keepdims": True},
    {"keepdims": True},
]


def of_the_numbers(f, x):
    """A function of the numbers in x alone, of which there are differences: f of their squares; and the numbers."""
    there = ~np.isnan(x)
    places = np.full(x.shape, np.count_nonzero(there))
    places[there] = np.arange(np.count_nonzero(there))
    return lambda v: f(np.append(v * np.absolute(v), np.nan)[places]), x[there]


@pytest.mark.parametrize(("name", "form"), thinned(itertools.product([*SUMS, "nanmax", "nanmin"], FORMS), 5), ids=str)
def test_with_and_without_nan(name, form) -> None:
    f = getattr(np, name)
    check(lambda x: f(x * np.abs(x), **form), X)
    check(*of_the_numbers(lambda x: f(x, **form), WITH_NAN))
    check_types(lambda x: f(x, **form), WITH_NAN)
    assert np.all(gad.grad(lambda x: np.sum(f(x, **form)))(WITH_NAN)[np.isnan(WITH_NAN)] == 0)


@pytest.mark.parametrize("form", thinned(FORMS, 3), ids=str)
@pytest.mark.parametrize("name", SUMS)
def test_a_mask(name, form) -> None:
    check(*of_the_numbers(lambda x: getattr(np, name)(x, where=MASK, **form), WITH_NAN))


def test_other_arguments() -> None:
    for call in (
        lambda x: np.nansum(x, 0, float, None, True, 2.5, MASK),
        lambda x: np.nanprod(x, 1, None, None, False, 2.5),
        lambda x: np.nanvar(x, 0, None, None, 1, True),
        lambda x: np.nanvar(x, ddof=0.5),
        lambda x: np.nanstd(x, axis=(0, 2), correction=1),
        lambda x: np.nanmean(x, where=x > -1),
        lambda x: np.nanmax(x, 0, initial=0.4),
        lambda x: np.nanmin(x, 0, None, True, 0.3, MASK),
        lambda x: np.nanmax(x, axis=0, initial=-9.0, where=MASK),
    ):
        check(*of_the_numbers(call, WITH_NAN), second=False)
    for name in SUMS:
        with pytest.raises((TypeError, gad.UnsupportedError)):
            gad.grad(lambda x, name=name: getattr(np, name)(x, order="C"))(X)


@pytest.mark.parametrize("name", ["nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nanmedian"])
def test_nothing_but_nan(name) -> None:
    """NumPy's warning, once for a value; a slice of numbers beside it keeps its derivative."""
    x = np.array([[np.nan, np.nan, np.nan], [1.0, 2.0, 4.0]])
    f = lambda x: getattr(np, name)(x, axis=1)  # noqa: E731
    with pytest.warns(RuntimeWarning) as theirs:
        wanted = f(x)
    with pytest.warns(RuntimeWarning) as ours:
        value, pullback = gad.vjp(f, x)
    np.testing.assert_array_equal(value, wanted)
    assert [str(one.message) for one in ours] == [str(one.message) for one in theirs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (got,) = pullback(np.ones(2))
        np.testing.assert_allclose(got[1], gad.grad(getattr(np, name))(x[1]), rtol=1e-14)
    assert np.all(np.isnan(got[0]) | (got[0] == 0))


def test_nothing_but_nan_sums_to_zero() -> None:
    x = np.full(3, np.nan)
    for name, value in (("nansum", 0.0), ("nanprod", 1.0), ("nanmax", 7.0)):
        f = lambda x, name=name: getattr(np, name)(x, **({"initial": 7.0} if name == "nanmax" else {}))  # noqa: E731
        got, pullback = gad.vjp(f, x)
        assert got == f(x) == value
        np.testing.assert_array_equal(pullback(1.0)[0], 0)


def test_minus_infinity_beside_nan() -> None:
    got = gad.grad(np.nanmax)(np.array([np.nan, -np.inf]))
    np.testing.assert_array_equal(got, [0, 1])


def test_equal_extremes_share() -> None:
    for mode in ("rev", "fwd"):
        got = gad.jacobian(np.nanmin, mode=mode)(np.array([np.nan, 1.0, 3.0, 1.0]))
        np.testing.assert_array_equal(got, [0, 0.5, 0, 0.5])


def test_products_over_zero() -> None:
    check(np.nanprod, np.array([2.0, 0.0, 3.0]))
    check(np.nanprod, np.array([0.0, 0.0, 3.0]))
    np.testing.assert_array_equal(gad.grad(np.nanprod)(np.array([0.0, np.nan, 3.0])), [3, 0, 0])


def test_as_torch() -> None:
    for ours, theirs in ((np.nansum, torch.nansum), (np.nanmean, torch.nanmean)):
        x = torch.tensor(WITH_NAN, requires_grad=True)
        theirs(x, dim=1).sum().backward()
        got = gad.grad(lambda x, ours=ours: np.sum(ours(x, axis=1)))(WITH_NAN)
        np.testing.assert_allclose(got, x.grad.numpy(), rtol=1e-12)


def test_positions() -> None:
    for name in ("nanargmax", "nanargmin"):
        f = getattr(np, name)
        for form in ({}, {"axis": 1}, {"axis": -1, "keepdims": True}):
            graph = gad.trace(lambda x, f=f, form=form: f(x, **form), WITH_NAN)
            np.testing.assert_array_equal(graph.outputs[0].value, f(WITH_NAN, **form))
    assert gad.grad(lambda x: x[np.nanargmax(x)])(np.array([np.nan, 2.0, 5.0])).tolist() == [0, 0, 1]


@pytest.mark.parametrize("name", SUMS)
def test_an_adjoint_that_depends_on_x(name) -> None:
    """Nothing of a nan comes back through the adjoint."""
    check(*of_the_numbers(lambda x: getattr(np, name)(x, axis=0) ** 2, WITH_NAN))
