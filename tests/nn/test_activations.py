"""Activations and softmax: values and slopes by formula, tails without overflow, kinks, the curriculum's numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# name -> value, slope and second derivative by formula
FORMULAS = {
    "sigmoid": (
        logistic,
        lambda x: logistic(x) * logistic(-x),
        lambda x: logistic(x) * logistic(-x) * (1 - 2 * logistic(x)),
    ),
    "tanh": (math.tanh, lambda x: 1 / math.cosh(x) ** 2, lambda x: -2 * math.tanh(x) / math.cosh(x) ** 2),
    "relu": (lambda x: max(x, 0.0), lambda x: float(x > 0), lambda x: 0.0),
    "leaky_relu": (lambda x: max(x, 0.01 * x), lambda x: 1.0 if x > 0 else 0.01, lambda x: 0.0),
    "elu": (
        lambda x: x if x > 0 else math.exp(x) - 1,
        lambda x: 1.0 if x > 0 else math.exp(x),
        lambda x: 0.0 if x > 0 else math.exp(x),
    ),
    "selu": (
        lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1)),
        lambda x: 1.0507009873554805 * (1.0 if x > 0 else 1.6732632423543772 * math.exp(x)),
        lambda x: 0.0 if x > 0 else 1.0507009873554805 * 1.6732632423543772 * math.exp(x),
    ),
    "silu": (
        lambda x: x * logistic(x),
        lambda x: logistic(x) + x * logistic(x) * logistic(-x),
        lambda x: logistic(x) * logistic(-x) * (2 + x * (1 - 2 * logistic(x))),
    ),
    "softplus": (lambda x: math.log(1 + math.exp(x)), logistic, lambda x: logistic(x) * logistic(-x)),
}
SMOOTH = ["sigmoid", "tanh", "gelu", "silu", "softplus"]
ELEMENTWISE = [*FORMULAS, "gelu"]
POINTS = np.array([-3.0, -1.5, -0.2, 0.0, 0.4, 1.0, 2.5])


@pytest.mark.parametrize("name", list(FORMULAS))
def test_value_slope_and_curvature(name: str) -> None:
    value, slope, curvature = FORMULAS[name]
    function = getattr(nn, name)
    np.testing.assert_allclose(function(POINTS), [value(x) for x in POINTS], rtol=1e-12, atol=1e-15)
    first = gad.elementwise_grad(function)
    np.testing.assert_allclose(first(POINTS), [slope(x) for x in POINTS], rtol=1e-12)
    second = gad.elementwise_grad(first)
    np.testing.assert_allclose(second(POINTS), [curvature(x) for x in POINTS], rtol=1e-10, atol=1e-15)


def test_gelu_is_the_tanh_form_and_near_the_exact_one() -> None:
    x = np.linspace(-6, 6, 2001)
    exact = np.array([0.5 * t * (1 + math.erf(t / math.sqrt(2))) for t in x])
    worst = np.max(np.abs(nn.gelu(x) - exact))
    assert 1e-4 < worst < 5e-4
    assert nn.gelu(1.0) == pytest.approx(0.841192, abs=1e-6)
    assert gad.grad(nn.gelu)(0.0) == 0.5


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_nothing_overflows_at_a_thousand(name: str) -> None:
    function = getattr(nn, name)
    x = np.array([-1000.0, -50.0, 0.0, 50.0, 1000.0])
    first = gad.elementwise_grad(function)
    for result in (function(x), first(x), gad.elementwise_grad(first)(x)):  # a warning would be an error
        assert np.all(np.isfinite(result))
    narrow = x.astype(np.float32)
    assert np.all(np.isfinite(function(narrow)))
    assert np.all(np.isfinite(first(narrow)))


@pytest.mark.parametrize("x", [20.0, 40.0, 300.0, 700.0])
def test_the_tails_of_the_sigmoid_keep_value_and_slope(x: float) -> None:
    assert nn.sigmoid(-x) == pytest.approx(math.exp(-x), rel=1e-8)
    assert gad.grad(nn.sigmoid)(-x) == pytest.approx(math.exp(-x), rel=1e-8)
    assert gad.grad(nn.sigmoid)(x) == pytest.approx(math.exp(-x), rel=1e-8)
    assert nn.softplus(-x) == pytest.approx(math.exp(-x), rel=1e-8)
    assert gad.grad(nn.softplus)(-x) == pytest.approx(math.exp(-x), rel=1e-8)


def test_elu_keeps_its_digits_near_zero() -> None:
    assert nn.elu(-1e-12) == pytest.approx(-1e-12, rel=1e-11)


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("sigmoid", 0.25),
        ("tanh", 1.0),
        ("silu", 0.5),
        ("gelu", 0.5),
        ("softplus", 0.5),
        ("relu", 0.0),
        ("leaky_relu", 0.01),
        ("elu", 1.0),
        ("selu", 1.0507009873554805 * 1.6732632423543772),
    ],
)
def test_the_slope_at_zero(name: str, slope: float) -> None:
    assert gad.grad(getattr(nn, name))(0.0) == pytest.approx(slope, rel=1e-15)


def test_numbers_of_the_curriculum() -> None:
    np.testing.assert_array_equal(gad.elementwise_grad(nn.relu)(np.array([-2.0, 0.5, 3.0])), [0, 1, 1])
    assert nn.sigmoid(1.0) == pytest.approx(0.731059, abs=5e-7)
    loss, slope = gad.value_and_grad(lambda x: np.mean(nn.sigmoid(x) ** 2))(1.0)
    assert loss == pytest.approx(0.534447, abs=5e-7)
    assert slope == pytest.approx(0.287470, abs=5e-7)


def test_a_learned_slope() -> None:
    """PReLU: the slope of a leaky ReLU has a gradient, the sum of the negative inputs."""
    assert gad.grad(lambda a: np.sum(nn.leaky_relu(np.array([-2.0, -3.0, 4.0]), a)))(0.25) == -5.0
    assert nn.elu(-1000.0, alpha=2.0) == -2.0


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    """What its two constants were made for: a standard normal input gives a result of mean 0 and variance 1."""
    z = np.linspace(-12, 12, 240_001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    mean = np.sum(nn.selu(z) * density)
    assert mean == pytest.approx(0, abs=1e-6)
    assert np.sum(nn.selu(z) ** 2 * density) == pytest.approx(1, abs=1e-6)


def test_a_nan_stays_a_nan() -> None:
    with np.errstate(invalid="ignore"):  # np.logaddexp warns
        assert [name for name in ELEMENTWISE if not np.isnan(getattr(nn, name)(np.nan))] == []


# -- softmax ------------------------------------------------------------------------------------


def test_softmax_is_a_distribution_that_a_shift_does_not_change() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4))
    expected = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(nn.softmax(x), expected, rtol=1e-14)
    np.testing.assert_allclose(nn.softmax(x + 1000), expected, rtol=1e-11)
    np.testing.assert_allclose(nn.softmax(x, axis=0).sum(axis=0), np.ones(4))
    assert nn.softmax(x, axis=None).sum() == pytest.approx(1)
    np.testing.assert_allclose(nn.log_softmax(x), np.log(expected), rtol=1e-13)


def test_the_jacobians_of_softmax_and_log_softmax() -> None:
    x = np.array([0.5, -1.0, 2.0])
    p = np.exp(x) / np.exp(x).sum()
    np.testing.assert_allclose(gad.jacobian(nn.softmax)(x), np.diag(p) - np.outer(p, p), atol=1e-16)
    np.testing.assert_allclose(gad.jacobian(nn.log_softmax)(x), np.eye(3) - p, atol=1e-15)
    np.testing.assert_allclose(gad.grad(nn.logsumexp)(x), p, rtol=1e-14)
    np.testing.assert_allclose(gad.hessian(nn.logsumexp)(x), np.diag(p) - np.outer(p, p), atol=1e-15)


def test_softmax_of_equal_numbers_has_no_favourite() -> None:
    """The largest number is taken out by a maximum, whose ties must not show in the gradient."""
    np.testing.assert_allclose(gad.jacobian(nn.softmax)(np.zeros(4)), np.eye(4) / 4 - 1 / 16, atol=1e-17)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp_over_every_axis(axis, keepdims: bool) -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 4))
    result = nn.logsumexp(x, axis=axis, keepdims=keepdims)
    expected = np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))
    assert np.shape(result) == np.shape(expected)
    np.testing.assert_allclose(result, expected, rtol=1e-13)
    np.testing.assert_allclose(nn.logsumexp(x + 1000, axis=axis, keepdims=keepdims), expected + 1000, rtol=1e-13)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_softmax_at_a_thousand(name: str) -> None:
    x = np.array([[-1000.0, 0.0, 1000.0], [1000.0, 1000.0, 999.0]])
    for dtype in (np.float64, np.float32):
        function = getattr(nn, name)
        assert np.all(np.isfinite(function(x.astype(dtype))))
        assert np.all(np.isfinite(gad.elementwise_grad(function)(x.astype(dtype))))
    np.testing.assert_array_equal(nn.softmax(x)[0], [0, 0, 1])
    np.testing.assert_array_equal(nn.log_softmax(x)[0], [-2000, -1000, 0])


def test_an_entry_of_minus_infinity_has_probability_zero_and_no_gradient() -> None:
    x = np.array([0.0, -np.inf, 0.0])
    np.testing.assert_array_equal(nn.softmax(x), [0.5, 0, 0.5])
    np.testing.assert_array_equal(gad.jacobian(nn.softmax)(x), [[0.25, 0, -0.25], [0, 0, 0], [-0.25, 0, 0.25]])
    assert nn.logsumexp(x) == pytest.approx(math.log(2))
