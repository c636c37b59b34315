"""Running products and sums: NumPy's values for every form, derivatives to second order, and zeros."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.primitives.moves import check_types
from tests.torched import torch

X = np.random.default_rng(0).normal(size=(2, 5, 3))


@pytest.mark.parametrize("form", [{}, {"axis": 0}, {"axis": 1}, {"axis": -1}, {"axis": np.int64(1)}], ids=str)
@pytest.mark.parametrize("name", ["cumprod", "cumsum", "nancumprod", "nancumsum"])
def test_forms(name, form) -> None:
    f = getattr(np, name)
    check(lambda x: f(x, **form), X[:, :, :2] if form == {} else X)
    check_types(lambda x: f(x, **form), X)
    if "nan" not in name:
        check(lambda x: getattr(x, name)(**form), X, second=False)
    check(lambda x: f(x, None, float, None), X[0], second=False)
    check(lambda x: f(x), np.float64(0.7))


@pytest.mark.parametrize(
    "x",
    [
        [2.0, 0.0, 3.0, 4.0, 5.0],
        [0.0, 2.0, 3.0],
        [2.0, 3.0, 0.0],
        [2.0, 0.0, 3.0, 0.0, 5.0],
        [0.0, 0.0, 0.0],
        [0.0],
    ],
)
def test_zeros(x) -> None:
    x = np.array(x)
    check(np.cumprod, x)
    y = torch.tensor(x, requires_grad=True)
    weights = np.arange(1.0, len(x) + 1)
    (torch.cumprod(y, 0) * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(gad.grad(lambda x: np.sum(weights * np.cumprod(x)))(x), y.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8, 9, 17])
def test_every_length(length) -> None:
    x = np.random.default_rng(length).uniform(0.5, 1.5, length)
    check(np.cumprod, x, rtol=1e-5)


def test_third_order() -> None:
    third = gad.grad(gad.grad(gad.grad(lambda x: np.cumprod(np.stack([x, x, x]))[-1])))
    assert third(0.0) == 6.0


def test_empty() -> None:
    assert gad.grad(lambda x: np.sum(np.cumprod(x)))(np.zeros(0)).shape == (0,)
    assert gad.jacobian(lambda x: np.cumprod(x, axis=0))(np.zeros((0, 3))).shape == (0, 3, 0, 3)


def test_nan_is_left_out() -> None:
    x = np.array([2.0, np.nan, 3.0])
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(np.nancumprod(x)))(x), [1 + 1 + 3, 0, 2])
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(np.nancumsum(x)))(x), [3, 0, 1])
    for f in (np.nancumprod, np.nancumsum):
        np.testing.assert_array_equal(gad.vjp(f, x)[0], f(x))


@pytest.mark.skipif(not hasattr(np, "cumulative_sum"), reason="NumPy 2.1")
@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
def test_the_array_standards_names(name) -> None:
    f = getattr(np, name)
    for form in ({"axis": 1}, {"axis": -1, "include_initial": True}, {"axis": 0, "dtype": float}):
        check(lambda x, form=form: f(x, **form), X)
        check_types(lambda x, form=form: f(x, **(form | {"dtype": None})), X)
    check(lambda x: f(x, include_initial=True), X[0, 0])
    check(f, np.float64(2.0))
    with pytest.raises(ValueError, match="axis"):
        gad.grad(lambda x: np.sum(f(x)))(X)


def test_refused() -> None:
    with pytest.raises(gad.ImmutableError):
        gad.grad(lambda x: np.sum(np.cumprod(x, out=np.zeros(3))))(np.ones(3))
    with pytest.raises(np.exceptions.AxisError):
        gad.grad(lambda x: np.sum(np.cumprod(x, axis=2)))(np.ones(3))
