"""Order statistics: NumPy's values for every form and method, derivatives to second order, ties, nan and inf."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.primitives.moves import check_types
from tests.thinned import thinned
from tests.torched import torch

X = np.random.default_rng(0).normal(size=(2, 3, 5))
WITH_NAN = X.copy()
WITH_NAN[0, 1, 2] = WITH_NAN[1, 0, :2] = np.nan
AXES = [{}, {"axis": 0}, {"axis": -1}, {"axis": np.int64(1)}, {"axis": (0, 2)}, {"axis": (-1, 0)}]
AXES += [{"axis": (0, 1, 2)}, {"axis": None, "keepdims": True}, {"axis": (1, -1), "keepdims": True}]
FRACTIONS = ["quantile", "percentile", "nanquantile", "nanpercentile"]
METHODS = ["inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen"]
METHODS += ["weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest"]


def both_modes(f, x):
    """The Jacobian, the same in both modes."""
    back, forth = gad.jacobian(f, mode="rev")(x), gad.jacobian(f, mode="fwd")(x)
    np.testing.assert_array_equal(back, forth)
    return back


@pytest.mark.parametrize("form", AXES, ids=str)
@pytest.mark.parametrize("name", thinned(["median", "nanmedian"], 2))
def test_median(name, form) -> None:
    check(lambda x: getattr(np, name)(x * x, **form), X)
    check_types(lambda x: getattr(np, name)(x, **form), X)


@pytest.mark.parametrize(("name", "form"), thinned(itertools.product(FRACTIONS, AXES), 4), ids=str)
def test_fractions(name, form) -> None:
    scale = 100 if "percentile" in name else 1
    f = getattr(np, name)
    check(lambda x: f(x * x, 0.3 * scale, **form), X)
    check(lambda x: f(x * x, [0.0, 0.25 * scale, 1.0 * scale], **form), X, second=False)
    check_types(lambda x: f(x, 0.3 * scale, **form), X)


@pytest.mark.parametrize("method", thinned(METHODS, 4))
@pytest.mark.parametrize("name", ["quantile", "nanpercentile"])
@pytest.mark.parametrize("q", [0.0, 0.2, 0.5, 0.77, 1.0])
def test_every_method(name, method, q) -> None:
    scale = 100 if "percentile" in name else 1
    check(lambda x: getattr(np, name)(x, q * scale, axis=1, method=method), X, second=False)


def test_arguments() -> None:
    check(lambda x: np.median(x, 0, None, True, True), X, second=False)
    check(lambda x: np.quantile(x, np.array([[0.1, 0.6], [0.9, 0.3]]), axis=(0, 1)), X)
    check(lambda x: np.nanquantile(x, np.array([[0.1, 0.6], [0.9, 0.3]]), axis=1), X)
    check(lambda x: np.quantile(x, 0.4, 2, None, True, "hazen", True), X, second=False)
    check(lambda x: np.median(x), np.float64(3.0))
    check(lambda x: np.median(x.T[::2]), X, second=False)
    check(lambda x: np.quantile(x, 1), X, second=False)
    weights = np.array([0.5, 2.0, 0.0, 1.0, 0.7])
    check(lambda x: np.quantile(x, 0.6, axis=-1, weights=weights, method="inverted_cdf"), X, second=False)
    over = np.random.default_rng(1).uniform(0, 1, X.shape)
    forms = [{}, {"axis": 1}]
    together = [np.quantile(X[:, j].T, 0.4, weights=over[:, j].T, method="inverted_cdf") for j in range(3)]
    if np.array_equal(np.quantile(X, 0.4, axis=(2, 0), weights=over, method="inverted_cdf"), together):
        forms.append({"axis": (2, 0)})  # NumPy 2.0 mixes up weights over several axes
    for form in forms:
        check(lambda x, form=form: np.quantile(x, 0.4, weights=over, method="inverted_cdf", **form), X, second=False)


def test_nan_is_left_out() -> None:
    np.testing.assert_array_equal(both_modes(np.nanmedian, np.array([np.nan, 1.0, 5.0, 3.0])), [0, 0, 0, 1])
    np.testing.assert_array_equal(both_modes(np.nanmedian, np.array([np.nan, 1.0, 5.0])), [0, 0.5, 0.5])
    for f in (np.nanmedian, lambda x, **form: np.nanquantile(x, 0.3, **form)):
        got = gad.grad(lambda x, f=f: np.sum(f(x, axis=2)))(WITH_NAN)
        assert np.all(got[np.isnan(WITH_NAN)] == 0)
        np.testing.assert_allclose(got.sum(axis=2), 1)
        np.testing.assert_array_equal(gad.vjp(lambda x, f=f: f(x, axis=2), WITH_NAN)[0], f(WITH_NAN, axis=2))


def test_nan_spreads() -> None:
    """A result that is nan has no derivative; the other slices keep theirs."""
    got = gad.grad(lambda x: np.sum(np.median(x, axis=2)))(WITH_NAN)
    bad = np.isnan(WITH_NAN).any(axis=2)
    assert np.all(np.isnan(got[bad]))
    np.testing.assert_array_equal(got[~bad].sum(axis=-1), 1)
    assert np.isnan(gad.jvp(np.median, (np.array([1.0, np.nan]),), (np.ones(2),))[1])


def test_equal_values_are_taken_in_order() -> None:
    np.testing.assert_array_equal(both_modes(np.median, np.array([2.0, 2.0, 2.0])), [0, 1, 0])
    np.testing.assert_array_equal(both_modes(np.median, np.array([2.0, 1.0, 2.0, 2.0])), [0.5, 0, 0.5, 0])
    many = both_modes(np.median, np.tile([2.0, 2.0, 1.0], 33))  # more than a sort of a few treats in order anyway
    assert np.flatnonzero(many).tolist() == [24]
    upper = both_modes(lambda x: np.quantile(x, 1.0), np.array([3.0, 3.0, 1.0]))
    np.testing.assert_array_equal(upper, [0, 1, 0])


def test_inf_is_a_number() -> None:
    np.testing.assert_array_equal(both_modes(np.median, np.array([np.inf, 1.0, 3.0])), [0, 0, 1])
    # an infinite tangent of an element that has no weight does no harm
    assert gad.jvp(np.median, (np.array([9.0, 1.0, 3.0]),), (np.array([np.inf, 1.0, 2.0]),))[1] == 2.0


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_as_torch(method) -> None:
    x = torch.tensor(X, requires_grad=True)
    torch.quantile(x, torch.tensor([0.2, 0.55], dtype=torch.float64), dim=1, interpolation=method).sum().backward()
    ours = gad.grad(lambda x: np.sum(np.quantile(x, [0.2, 0.55], axis=1, method=method)))(X)
    np.testing.assert_allclose(ours, x.grad.numpy(), atol=1e-12)
    y = torch.tensor(WITH_NAN, requires_grad=True)
    torch.nanquantile(y, 0.3, dim=2, interpolation=method).sum().backward()
    ours = gad.grad(lambda x: np.sum(np.nanquantile(x, 0.3, axis=2, method=method)))(WITH_NAN)
    np.testing.assert_allclose(ours, y.grad.numpy(), atol=1e-12)


def test_a_graph_of_the_derivative_finds_the_places_anew() -> None:
    graph = gad.trace(np.median, np.array([1.0, 5.0, 3.0])).derivative(0)
    np.testing.assert_array_equal(graph.outputs[0].value, [0, 0, 1])
    again = graph.evaluate(**{graph.inputs[0].name: np.array([4.0, 5.0, 3.0])})
    np.testing.assert_array_equal(again.outputs[0].value, [1, 0, 0])


def test_refused() -> None:
    with pytest.raises(gad.UnsupportedError, match=r"np.quantile\(..., q=...\).*np.interp\(q"):
        gad.grad(lambda q: np.quantile(X, q))(0.3)
    with pytest.raises(gad.UnsupportedError, match="weights"):
        gad.grad(lambda w: np.quantile(np.arange(3.0), 0.3, weights=w, method="inverted_cdf"))(np.ones(3))
    with pytest.raises(gad.UnsupportedError, match="flatten q"):
        gad.grad(lambda x: np.sum(np.nanquantile(x, np.ones((2, 2)), axis=(0, 1))))(X)
    with pytest.raises(gad.ImmutableError):
        gad.grad(lambda x: np.median(x, out=np.zeros(())))(X)
    with pytest.raises(ValueError, match="Quantiles must be in the range"):
        gad.grad(lambda x: np.quantile(x, 1.5))(X)


def test_what_is_to_be_written_for_a_traced_fraction() -> None:
    x = np.array([3.0, 1.0, 4.0, 1.5])
    f = lambda q: np.interp(q, np.linspace(0, 1, 4), np.sort(x))  # noqa: E731
    assert f(0.4) == pytest.approx(np.quantile(x, 0.4))
    assert gad.grad(f)(0.4) == pytest.approx((np.quantile(x, 0.41) - np.quantile(x, 0.39)) / 0.02)
