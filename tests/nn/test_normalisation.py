"""Layer and batch normalisation: statistics over the right axes, gradients by formula, running statistics as values."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn


def normalised_gradient(x, seed, eps=1e-5):
    """x̄ of y = (x − μ) / s over one group: (ȳ − mean(ȳ) − y mean(ȳ y)) / s, worked out by hand."""
    s = np.sqrt(x.var() + eps)
    y = (x - x.mean()) / s
    return (seed - seed.mean() - y * np.mean(seed * y)) / s


def test_layer_norm_of_every_sample() -> None:
    rng = np.random.default_rng(0)
    x, seed = 3 + 2 * rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    y = nn.layer_norm(x)
    np.testing.assert_allclose(y.mean(axis=1), np.zeros(4), atol=1e-15)
    np.testing.assert_allclose(y.var(axis=1), np.ones(4), atol=1e-4)
    slope = gad.grad(lambda x: np.sum(seed * nn.layer_norm(x)))(x)
    np.testing.assert_allclose(slope, [normalised_gradient(a, b) for a, b in zip(x, seed, strict=True)], atol=1e-14)
    np.testing.assert_allclose(nn.layer_norm(x.T, axis=0).T, y, rtol=1e-12)


def test_the_axes_of_batch_norm() -> None:
    rng = np.random.default_rng(1)
    x, seed = 5 + rng.normal(size=(3, 2, 4, 4)), rng.normal(size=(3, 2, 4, 4))
    slope = gad.grad(lambda x: np.sum(seed * nn.batch_norm(x)))(x)
    for channel in range(2):
        y = nn.batch_norm(x)[:, channel]
        assert y.mean() == pytest.approx(0, abs=1e-14)
        assert y.var() == pytest.approx(1, abs=1e-4)
        np.testing.assert_allclose(slope[:, channel], normalised_gradient(x[:, channel], seed[:, channel]), atol=1e-14)


@pytest.mark.parametrize("shape", [(6, 2), (3, 2, 4), (3, 2, 2, 3)])
def test_scale_and_shift(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(2)
    x, gamma, beta, seed = rng.normal(size=shape), np.array([2.0, -3.0]), np.array([0.5, 7.0]), rng.normal(size=shape)
    axes = (0, *range(2, len(shape)))
    y = nn.batch_norm(x, gamma, beta)
    np.testing.assert_allclose(y.mean(axis=axes), beta, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=axes), np.abs(gamma), rtol=1e-4)
    by_gamma, by_beta = gad.grad(lambda *scales: np.sum(seed * nn.batch_norm(x, *scales)), (0, 1))(gamma, beta)
    np.testing.assert_allclose(by_beta, seed.sum(axis=axes))
    np.testing.assert_allclose(by_gamma, (seed * nn.batch_norm(x)).sum(axis=axes))


def test_running_statistics_come_in_and_go_out() -> None:
    x = np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 50.0]])  # mean 3 and 30, variance with n − 1: 4 and 400
    mean, variance = np.array([1.0, 0.0]), np.array([2.0, 1.0])
    y, (new_mean, new_variance) = nn.batch_norm(x, running=(mean, variance), momentum=0.25)
    np.testing.assert_allclose(y, nn.batch_norm(x))
    np.testing.assert_allclose(new_mean, [1.5, 7.5])
    np.testing.assert_allclose(new_variance, [2.5, 100.75])
    np.testing.assert_array_equal(mean, [1, 0])  # the caller's own arrays stay


def test_inference_takes_the_statistics_it_is_given() -> None:
    x, running = np.array([[1.0, 10.0]]), (np.array([0.0, 4.0]), np.array([4.0, 9.0]))
    y = nn.batch_norm(x, running=running, training=False, eps=0.0)
    np.testing.assert_allclose(y, [[0.5, 2.0]])
    slope = gad.elementwise_grad(lambda x: nn.batch_norm(x, running=running, training=False, eps=0.0))(x)
    np.testing.assert_allclose(slope, [[1 / 2, 1 / 3]])


def test_no_gradient_flows_through_running_statistics() -> None:
    def new_mean(x):
        _, (mean, variance) = nn.batch_norm(x, running=(np.zeros(2), np.ones(2)))
        return np.sum(mean + variance)

    np.testing.assert_array_equal(gad.grad(new_mean)(np.array([[1.0, 2.0], [3.0, 5.0]])), np.zeros((2, 2)))


def test_float32_running_statistics_stay_float32() -> None:
    x = np.random.default_rng(3).normal(size=(4, 2)).astype(np.float32)
    y, running = nn.batch_norm(x, running=(np.zeros(2, np.float32), np.ones(2, np.float32)))
    assert {y.dtype, running[0].dtype, running[1].dtype} == {np.dtype(np.float32)}


def test_equal_numbers_give_zeros_and_finite_gradients() -> None:
    for normalise in (nn.layer_norm, nn.batch_norm):
        np.testing.assert_array_equal(normalise(np.ones((3, 4))), np.zeros((3, 4)))
        assert np.all(np.isfinite(gad.elementwise_grad(normalise)(np.ones((3, 4)))))


def test_the_scale_of_another_axis_broadcasts() -> None:
    x, gamma = np.random.default_rng(4).normal(size=(2, 3)), np.array([2.0, -1.0])
    np.testing.assert_allclose(nn.layer_norm(x, gamma[:, None], axis=0), nn.layer_norm(x.T, gamma).T, rtol=1e-12)


X = np.ones((2, 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.batch_norm(np.ones(3)), r"\(3,\).*must be \(N, C\)"),
        (lambda: nn.batch_norm(np.ones((1, 3))), r"at least two values per channel"),
        (lambda: nn.batch_norm(np.ones((2, 3)), training=False), r"needs running=\(mean, variance\)"),
        (lambda: nn.batch_norm(X, np.ones(2)), r"gamma of shape \(2,\).*must be \(3,\), one number per channel"),
        (lambda: nn.batch_norm(X, None, np.ones((1, 3))), r"beta of shape \(1, 3\)"),
        (lambda: nn.batch_norm(X, running=(0.0, 1.0)), r"the running mean of shape \(\).*must be \(3,\)"),
        (lambda: nn.batch_norm(X, running=(np.zeros(3), np.ones(1))), r"the running variance of shape \(1,\)"),
        (lambda: nn.batch_norm(X, running=(0.0, 1.0), training=False), r"the running mean of shape \(\)"),
        (lambda: nn.batch_norm(X, running=np.ones((2, 3))), r"the pair \(mean, variance\) at line"),
        (lambda: nn.batch_norm(X, running=(np.zeros(3),)), r"the pair \(mean, variance\)"),
        (lambda: nn.layer_norm(X[0], np.ones((4, 3))), r"gamma of shape \(4, 3\).*must be \(3,\), one number per f"),
        (lambda: nn.layer_norm(X, np.ones(2)), r"gamma of shape \(2,\).*must be \(3,\)"),
        (lambda: nn.layer_norm(X, None, 1.0), r"beta of shape \(\)"),
        (lambda: nn.layer_norm(X, np.ones(2), axis=1), r"must be \(3,\)"),
        (lambda: nn.layer_norm(X, np.ones(2), axis=0), r"gamma of shape \(2,\).*one that broadcasts to \(2, 3\)"),
        (lambda: nn.layer_norm(X, np.ones((4, 2, 3)), axis=0), r"one that broadcasts to \(2, 3\)"),
        (lambda: nn.layer_norm(X[:1], np.ones((2, 1)), axis=0), r"one that broadcasts to \(1, 3\)"),
    ],
)
def test_what_is_refused(call, words: str) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()
