"""Initial weights: variances by fan, orthogonality, unit variance layer by layer, seeds."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn

SHAPES = [(400, 300), (60, 40, 5, 5)]
DRAWN = [
    nn.normal, nn.glorot_normal, nn.glorot_uniform, nn.he_normal, nn.he_uniform, nn.lecun_normal, nn.orthogonal,
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("initialise", "variance"),
    [
        (nn.glorot_normal, lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
        (nn.glorot_uniform, lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
        (nn.he_normal, lambda fan_in, fan_out: 2 / fan_in),
        (nn.he_uniform, lambda fan_in, fan_out: 2 / fan_in),
        (nn.lecun_normal, lambda fan_in, fan_out: 1 / fan_in),
    ],
)
def test_the_variance_by_fan(shape, initialise, variance) -> None:
    W = initialise(shape, seed=0)
    size = math.prod(shape[2:])
    expected = variance(shape[1] * size, shape[0] * size)
    assert W.shape == shape
    assert W.var() == pytest.approx(expected, rel=0.03)
    assert W.mean() == pytest.approx(0, abs=4 * math.sqrt(expected / W.size))


@pytest.mark.parametrize("initialise", [nn.glorot_uniform, nn.he_uniform])
def test_uniform_draws_fill_their_interval(initialise) -> None:
    W = initialise((400, 300), seed=1)
    bound = math.sqrt(3 * W.var())
    assert np.abs(W).max() == pytest.approx(bound, rel=0.02)


def test_normal_has_the_deviation_asked_for() -> None:
    rng = np.random.default_rng(1)
    np.testing.assert_array_equal(nn.normal((3, 2), 0.01, seed=1), 0.01 * rng.standard_normal((3, 2)))
    assert nn.normal((200, 100), 2.0, seed=0).std() == pytest.approx(2, rel=0.02)
    np.testing.assert_array_equal(nn.zeros((2, 3)), np.zeros((2, 3)))
    assert nn.zeros(3).shape == nn.normal(3, seed=0).shape == (3,)


@pytest.mark.parametrize("initialise", DRAWN)
def test_a_seed_draws_again_what_it_drew_and_a_generator_moves_on(initialise) -> None:
    rng = np.random.default_rng(5)
    first, second = initialise((4, 3), rng=rng), initialise((4, 3), rng=rng)
    np.testing.assert_array_equal(first, initialise((4, 3), seed=5))
    assert np.all(first != second)
    with pytest.raises(gad.ArgumentError, match="neither seed nor rng was given"):
        initialise((4, 3))


# -- orthogonal ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (5, 2, 3, 3)])
def test_orthogonal_weights(shape) -> None:
    W = nn.orthogonal(shape, gain=1.5, seed=0)
    assert W.shape == shape
    matrix = W.reshape(shape[0], -1)
    smaller = min(matrix.shape)
    gram = matrix @ matrix.T if matrix.shape[0] == smaller else matrix.T @ matrix
    np.testing.assert_allclose(gram, 1.5**2 * np.eye(smaller), atol=1e-14)


def test_orthogonal_weights_prefer_no_rotation() -> None:
    """A QR decomposition alone fixes signs: without their correction every first entry would be negative."""
    corners = [nn.orthogonal((2, 2), seed=seed)[0, 0] for seed in range(200)]
    assert 60 < np.sum(np.array(corners) > 0) < 140


# -- layer-sequential unit variance -------------------------------------------------------------


def forward(weights, x):
    outputs = []
    for W in weights:
        x = nn.linear(x, W, 0.1 * np.ones(len(W)))
        outputs.append(x)
        x = nn.relu(x)
    return outputs


def test_lsuv_gives_every_layer_unit_variance() -> None:
    rng = np.random.default_rng(0)
    x = 7 * rng.normal(size=(200, 10))
    weights = [nn.orthogonal(shape, rng=rng) for shape in [(20, 10), (20, 20), (5, 20)]]
    copies = [W.copy() for W in weights]
    scaled = nn.lsuv(forward, weights, x)
    np.testing.assert_allclose([z.var() for z in forward(scaled, x)], np.ones(3), atol=0.01)
    assert forward(weights, x)[0].var() > 4
    for W, copy, new in zip(weights, copies, scaled, strict=True):
        np.testing.assert_array_equal(W, copy)  # the caller's own arrays stay
        ratio = new / W
        np.testing.assert_allclose(ratio, ratio[0, 0])  # a factor per layer, nothing else


def test_lsuv_measures_after_its_last_scaling() -> None:
    """One step is exact for a linear layer; the cube of its output takes more."""
    x = 7 * np.random.default_rng(2).normal(size=(50, 4))
    (W,) = nn.lsuv(lambda weights, x: [nn.linear(x, weights[0])], [np.eye(4)], x, max_steps=1)
    assert np.var(x @ W.T) == pytest.approx(1, rel=1e-12)
    with pytest.raises(gad.ArgumentError, match="in 1 steps"):
        nn.lsuv(lambda weights, x: [nn.linear(x, weights[0]) ** 3], [np.eye(4)], x, max_steps=1)


def test_lsuv_measures_each_layer_once_more_than_it_scales_it() -> None:
    x, calls = np.random.default_rng(2).normal(size=(50, 4)), []

    def counted(weights, x):
        calls.append(1)
        return forward(weights, x)[:1]

    (W,) = nn.lsuv(counted, [np.eye(4)], 7 * x)
    assert len(calls) == 2
    nn.lsuv(counted, [W], 7 * x)
    assert len(calls) == 3


def test_lsuv_keeps_float32() -> None:
    x, W = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32), np.eye(4, dtype=np.float32) * 3
    assert nn.lsuv(lambda weights, x: [nn.linear(x, weights[0])], [W], x)[0].dtype == np.float32


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.he_normal((3,), seed=0), r"\(3,\) has no fan"),
        (lambda: nn.he_normal(3, seed=0), r"shape 3 has no fan: it must be \(out, in\)"),
        (lambda: nn.orthogonal("ab", seed=0), r"shape 'ab' has no fan"),
        (lambda: nn.glorot_uniform((3, 0), seed=0), r"\(3, 0\) has no fan"),
        (lambda: nn.orthogonal((3,), seed=0), r"\(3,\) has no fan"),
        (lambda: nn.lsuv(lambda w, x: [x], [np.eye(2)] * 2, np.ones((3, 2))), r"1 outputs for 2 weights"),
        (lambda: nn.lsuv(lambda w, x: [x @ w[0]], [np.zeros((2, 2))], np.ones((3, 2))), r"layer 0 has variance 0,"),
        (lambda: nn.lsuv(lambda w, x: [x], [np.eye(2)], np.array([[0.0, 9.0]])), r"variance 20.25.*in 10 steps"),
        (lambda: nn.lsuv(forward, [np.eye(2)], np.ones((3, 2)), max_steps=0), r"max_steps=0 must be at least 1"),
    ],
)
def test_what_is_refused(call, words: str) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()


# -- what a bad choice does ---------------------------------------------------------------------


def gradient_norms(sizes: list[int]) -> list[float]:
    """Length of every weight's gradient in a sigmoid network whose weights are drawn with deviation 0.01."""
    rng = np.random.default_rng(1)  # drawn in this order: weights, inputs, targets
    weights = [nn.normal((out, into), 0.01, rng=rng) for into, out in itertools.pairwise(sizes)]
    x = rng.standard_normal((sizes[0], 100)).T
    y = rng.integers(0, 2, (1, 100)).T

    def loss(weights):
        a = x
        for W in weights:
            a = nn.sigmoid(nn.linear(a, W))
        return nn.mse(a, y, half=True)

    return [float(np.linalg.norm(gradient)) for gradient in gad.grad(loss)(weights)]


def test_gradients_vanish_with_depth_where_weights_are_too_small() -> None:
    first, second = gradient_norms([2, 3, 1])
    assert first / second == pytest.approx(6.698e-3, rel=1e-3)
    np.testing.assert_allclose(gradient_norms([2, 10, 10, 10, 1]), [2.6e-8, 3.6e-7, 3.3e-5, 5.8e-3], rtol=0.02)
