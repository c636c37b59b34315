"""Attention against loops and its closed-form adjoints; masks that hide, and masks that hide too much."""

from __future__ import annotations

import math

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn


def softmax_rows(scores):
    e = np.exp(scores)
    return e / e.sum(axis=-1, keepdims=True)


def test_value_and_adjoints_by_formula() -> None:
    """Not square on purpose: dS @ K and dS.T @ Q cannot be taken for each other."""
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    seed = rng.normal(size=(4, 2))
    graph = gad.trace(nn.attention, q, k, v)
    graph.backward(seed)
    P = softmax_rows(q @ k.T / math.sqrt(3))
    dP = seed @ v.T
    dS = P * (dP - np.sum(dP * P, axis=1, keepdims=True))
    np.testing.assert_allclose(graph.outputs[0].value, P @ v, rtol=1e-13)
    np.testing.assert_allclose(graph["v"].adjoint, P.T @ seed, rtol=1e-12)
    np.testing.assert_allclose(graph["q"].adjoint, dS @ k / math.sqrt(3), rtol=1e-11)
    np.testing.assert_allclose(graph["k"].adjoint, dS.T @ q / math.sqrt(3), rtol=1e-11)


def test_the_scale_is_the_root_of_the_length_of_a_key() -> None:
    q, k, v = 2 * np.ones((1, 16)), np.stack([np.zeros(16), np.ones(16)]), np.array([[0.0], [1.0]])
    assert nn.attention(q, k, v)[0, 0] == pytest.approx(1 / (1 + math.exp(-32 / 4)), rel=1e-14)


def test_a_hidden_key_counts_nothing_and_gets_no_gradient() -> None:
    rng = np.random.default_rng(1)
    q, k, v = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 2))
    mask = np.ones((4, 5), dtype=bool)
    mask[:, 2] = False
    left = [0, 1, 3, 4]
    np.testing.assert_allclose(nn.attention(q, k, v, mask), nn.attention(q, k[:, left], v[:, left]), rtol=1e-13)
    by_k, by_v = gad.grad(lambda k, v: np.sum(nn.attention(q, k, v, mask) ** 2), (0, 1))(k, v)
    assert np.all(by_k[:, 2] == 0)
    assert np.all(by_v[:, 2] == 0)
    assert np.all(by_k[:, left] != 0)


def test_a_causal_mask_lets_no_position_see_the_future() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(5, 3))
    jacobian = gad.jacobian(lambda v: nn.attention(x, x, v, nn.causal_mask(5)))(x)
    for position in range(5):
        assert np.all(jacobian[position, :, position + 1 :] == 0)
        assert np.all(np.einsum("isi->is", jacobian[position])[:, : position + 1] > 0)
    np.testing.assert_allclose(nn.attention(x, x, x, nn.causal_mask(5))[0], x[0], rtol=1e-14)


def test_scores_of_a_thousand() -> None:
    q, k = np.array([[1000.0, 0.0]]), np.array([[1000.0, 0.0], [-1000.0, 0.0]])
    v = np.array([[1.0], [2.0]])
    np.testing.assert_array_equal(nn.attention(q, k, v), [[1.0]])
    for gradient in gad.grad(lambda *qkv: np.sum(nn.attention(*qkv)), (0, 1, 2))(q, k, v):
        assert np.all(np.isfinite(gradient))


# -- several heads ------------------------------------------------------------------------------


def test_several_heads_are_attention_on_parts_of_the_features() -> None:
    rng = np.random.default_rng(3)
    x, (W_q, W_k, W_v, W_o) = rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 4, 4))
    mask = nn.causal_mask(3)
    found = nn.multi_head_attention(x, W_q, W_k, W_v, W_o, 2, mask)
    for sample in range(2):
        heads = []
        for rows in (slice(0, 2), slice(2, 4)):
            q, k, v = (x[sample] @ W[rows].T for W in (W_q, W_k, W_v))
            heads.append(softmax_rows(np.where(mask, q @ k.T / math.sqrt(2), -1e9)) @ v)
        np.testing.assert_allclose(found[sample], np.concatenate(heads, axis=1) @ W_o.T, rtol=1e-12)


def test_one_head_with_unit_weights_is_attention() -> None:
    x, eye = np.random.default_rng(4).normal(size=(3, 4)), np.eye(4)
    np.testing.assert_allclose(nn.multi_head_attention(x, eye, eye, eye, eye, 1), nn.attention(x, x, x), rtol=1e-14)


def test_heads_are_split_and_merged() -> None:
    x = np.arange(24.0).reshape(1, 3, 8)
    np.testing.assert_array_equal(nn.split_heads(x, 2)[0, 1], x[0, :, 4:])
    np.testing.assert_array_equal(nn.merge_heads(nn.split_heads(x, 4)), x)


# -- what is refused ----------------------------------------------------------------------------

X = np.ones((2, 3))
BLIND = np.array([[True, True], [False, False]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.attention(X, np.ones((2, 4)), X), r"\(2, 3\), \(2, 4\) and \(2, 3\).*one d_k"),
        (lambda: nn.attention(X, X, np.ones((3, 3))), r"one S"),
        (lambda: nn.attention(X[0], X, X), r"they must be \(..., T, d_k\)"),
        (lambda: nn.attention(X, X, X, BLIND), r"\(2, 2\) hides every key from some query"),
        (lambda: nn.attention(X, X, X, np.ones((2, 2))), r"array of bools"),
        (lambda: nn.attention(X, X, X, [[1, 1]]), r"array of bools"),
        (lambda: nn.multi_head_attention(X, *[np.ones((4, 3))] * 3, np.ones((3, 4)), 3), r"heads=3 .* 4 features"),
        (lambda: nn.split_heads(X, 0), r"heads=0"),
    ],
)
def test_what_is_refused(call, words: str) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()


def test_a_mask_of_traced_values_is_asked_again_by_a_replay() -> None:
    graph = gad.trace(lambda q: nn.attention(q, X, X, q @ X.T > 0), X)
    assert np.all(np.isfinite(graph.evaluate(q=2 * X).outputs[0].value))
    with pytest.raises(gad.ArgumentError, match="hides every key"):
        graph.evaluate(q=-X)
