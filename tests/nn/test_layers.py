"""Linear layers, embeddings and dropout: the adjoints by formula, seeds, and shapes that are refused."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn


def test_the_adjoints_of_a_linear_layer() -> None:
    rng = np.random.default_rng(0)
    x, W, b, seed = rng.normal(size=(4, 3)), rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=(4, 2))
    graph = gad.trace(nn.linear, x, W, b)
    graph.backward(seed)
    np.testing.assert_allclose(graph.outputs[0].value, np.einsum("ni,oi->no", x, W) + b)
    np.testing.assert_allclose(graph["x"].adjoint, seed @ W)
    np.testing.assert_allclose(graph["W"].adjoint, seed.T @ x)
    np.testing.assert_allclose(graph["b"].adjoint, seed.sum(axis=0))


def test_a_linear_layer_for_one_sample() -> None:
    x, W, seed = np.array([1.0, 2.0, 3.0]), np.arange(6.0).reshape(2, 3), np.array([10.0, 1.0])
    graph = gad.trace(nn.linear, x, W)
    graph.backward(seed)
    np.testing.assert_array_equal(graph.outputs[0].value, W @ x)
    np.testing.assert_array_equal(graph["W"].adjoint, np.outer(seed, x))
    np.testing.assert_array_equal(graph["x"].adjoint, W.T @ seed)
    assert nn.linear(np.ones((5, 4, 3)), W).shape == (5, 4, 2)


def test_a_row_that_is_taken_twice_gets_both_gradients() -> None:
    table, ids = np.arange(8.0).reshape(4, 2), np.array([[0, 3], [3, 3]])
    np.testing.assert_array_equal(nn.embedding(table, ids), table[ids])
    slope = gad.grad(lambda t: np.sum(nn.embedding(t, ids) * np.array([1.0, 10.0])))(table)
    np.testing.assert_array_equal(slope, [[1, 10], [0, 0], [0, 0], [3, 30]])


# -- dropout ------------------------------------------------------------------------------------


def test_dropout_keeps_the_expectation() -> None:
    y = nn.dropout(np.ones(100_000), 0.3, seed=0)
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.01)
    assert np.mean(y) == pytest.approx(1, abs=0.01)


def test_the_gradient_of_dropout_is_its_mask() -> None:
    x = np.random.default_rng(1).normal(size=50)
    y, slope = nn.dropout(x, 0.5, seed=2), gad.elementwise_grad(lambda x: nn.dropout(x, 0.5, seed=2))(x)
    np.testing.assert_array_equal(slope, np.where(y == 0, 0, 2))
    assert 0 < np.sum(slope) < 100


def test_a_seed_draws_again_what_it_drew_and_a_generator_moves_on() -> None:
    x = np.ones(64)
    np.testing.assert_array_equal(nn.dropout(x, 0.5, seed=5), nn.dropout(x, 0.5, seed=5))
    assert np.any(nn.dropout(x, 0.5, seed=5) != nn.dropout(x, 0.5, seed=6))
    rng = np.random.default_rng(5)
    np.testing.assert_array_equal(nn.dropout(x, 0.5, rng=rng), nn.dropout(x, 0.5, seed=5))
    assert np.any(nn.dropout(x, 0.5, rng=rng) != nn.dropout(x, 0.5, seed=5))


def test_dropout_does_nothing_when_not_training() -> None:
    x = np.ones(3)
    assert nn.dropout(x, 0.5, training=False) is x
    assert nn.dropout(x, 0.0) is x


def test_a_replay_keeps_the_draw_of_its_trace() -> None:
    rng = np.random.default_rng(0)
    graph = gad.trace(lambda x: np.sum(nn.dropout(x, 0.5, rng=rng)), np.ones(20))
    again = graph.evaluate(x=2 * np.ones(20))
    assert again.outputs[0].value == 2 * graph.outputs[0].value
    assert 0 < again.outputs[0].value < 80


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.linear(np.ones(3), np.ones((3, 2))), r"\(3,\) and W of shape \(3, 2\).*\(out, in\).*W.T"),
        (lambda: nn.linear(np.ones(3), np.ones(3)), r"W must be \(out, in\)"),
        (lambda: nn.linear(1.0, np.ones((2, 3))), r"x of shape \(\)"),
        (lambda: nn.linear(np.ones(3), np.ones((2, 3)), np.ones(3)), r"b of shape \(3,\).*must be \(2,\)"),
        (lambda: nn.linear(np.ones(3), np.ones((2, 3)), np.ones((1, 2))), r"b of shape \(1, 2\)"),
        (lambda: nn.embedding(np.ones((3, 2)), np.array([0, 3])), r"from 0 to 3.*rows 0 to 2"),
        (lambda: nn.embedding(np.ones((3, 2)), np.array([-1])), r"from -1 to -1"),
        (lambda: nn.embedding(np.ones((3, 2)), np.array([1.0])), r"float64.*astype\(int\)"),
        (lambda: nn.dropout(np.ones(3), 1.0, seed=0), r"rate=1.0 must be at least 0 and less than 1"),
        (lambda: nn.dropout(np.ones(3), -0.1, seed=0), r"rate=-0.1"),
        (lambda: nn.dropout(np.ones(3), 0.5), r"neither seed nor rng was given.*seed=0"),
        (lambda: nn.dropout(np.ones(3), 0.5, seed=0, rng=np.random.default_rng(0)), r"both seed and rng were given"),
    ],
)
def test_what_is_refused(call, words: str) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()
