"""Walks through nn: every function on plain and traced values, in both modes, to second order, in float32, replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn

Draw = Callable[..., np.ndarray]


def away_from_zero(draw: Draw) -> np.ndarray:
    """Numbers of both signs at which no activation has its kink."""
    x = draw(2, 5)
    return x + 0.1 * np.sign(x)


def probabilities(draw: Draw) -> np.ndarray:
    return 0.1 + 0.8 / (1 + np.exp(-draw(4, 3)))


LABELS = np.array([0, 2, 1, 1])
TARGETS = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 1], [1, 1, 0]], dtype=np.float32)
MASK = np.array([[True, False, True], [True, True, False]])


def from_state(layer: Callable[..., Any]) -> Callable[..., Any]:
    """The layer with its first state by position, to be differentiated too."""
    return lambda x, h, *weights: layer(x, *weights, h=h)


def weights(gates: int) -> Callable[[Draw], tuple[np.ndarray, ...]]:
    """Input of four steps, then a cell's weights, for a batch of two with three features and two units."""
    return lambda draw: (draw(4, 2, 3), draw(2, 2), draw(2 * gates, 3), draw(2 * gates, 2), draw(2 * gates))


def cell(gates: int) -> Callable[[Draw], tuple[np.ndarray, ...]]:
    return lambda draw: (draw(2, 3), *weights(gates)(draw)[1:])


# name -> what is called, and its arguments, all of them to be differentiated
CASES: dict[str, tuple[Callable[..., Any], Callable[[Draw], Any]]] = {
    **{
        function.__name__: (function, lambda draw: (away_from_zero(draw),))
        for function in (
            *(nn.sigmoid, nn.tanh, nn.relu, nn.leaky_relu, nn.elu, nn.selu, nn.gelu, nn.silu, nn.softplus),
            *(nn.softmax, nn.log_softmax, nn.logsumexp),
        )
    },
    "mse": (nn.mse, lambda draw: (draw(4, 3), draw(4, 3))),
    "bce": (lambda p: nn.bce(p, TARGETS), lambda draw: (probabilities(draw),)),
    "bce_with_logits": (lambda z: nn.bce_with_logits(z, TARGETS), lambda draw: (draw(4, 3),)),
    "cross_entropy": (lambda z: nn.cross_entropy(z, LABELS), lambda draw: (draw(4, 3),)),
    "linear": (nn.linear, lambda draw: (draw(4, 3), draw(2, 3), draw(2))),
    "embedding": (lambda table: nn.embedding(table, np.array([[0, 2], [2, 1]])), lambda draw: (draw(3, 2),)),
    "dropout": (lambda x: nn.dropout(x, 0.4, seed=1), lambda draw: (draw(3, 4),)),
    "conv1d": (
        lambda x, kernel, b: nn.conv1d(x, kernel, b, stride=2),
        lambda draw: (draw(2, 2, 6), draw(3, 2, 3), draw(3)),
    ),
    "conv2d": (nn.conv2d, lambda draw: (draw(2, 2, 4, 3), draw(3, 2, 2, 2), draw(3))),
    "max_pool": (lambda x: nn.max_pool(x, 2), lambda draw: (draw(2, 2, 4, 5),)),
    "avg_pool": (lambda x: nn.avg_pool(x, 3, stride=2), lambda draw: (draw(2, 2, 7),)),
    "layer_norm": (nn.layer_norm, lambda draw: (draw(2, 4), draw(4), draw(4))),
    "batch_norm": (nn.batch_norm, lambda draw: (draw(3, 2, 2, 2), draw(2), draw(2))),
    "attention": (
        lambda q, k, v: nn.attention(q, k, v, MASK),
        lambda draw: (draw(2, 2, 4), draw(2, 3, 4), draw(2, 3, 2)),
    ),
    "multi_head_attention": (
        lambda x, q, k, v, o: nn.multi_head_attention(x, q, k, v, o, 2, nn.causal_mask(3)),
        lambda draw: (draw(2, 3, 4), draw(4, 4), draw(4, 4), draw(6, 4), draw(3, 6)),
    ),
    "split_heads": (lambda x: nn.split_heads(x, 2), lambda draw: (draw(2, 3, 4),)),
    "merge_heads": (nn.merge_heads, lambda draw: (draw(2, 2, 3, 2),)),
    "rnn_cell": (nn.rnn_cell, cell(1)),
    "gru_cell": (nn.gru_cell, cell(3)),
    "lstm_cell": (
        lambda x, h, c, *w: np.concatenate(nn.lstm_cell(x, h, c, *w)),
        lambda draw: (draw(2, 3), draw(2, 2), *cell(4)(draw)[1:]),
    ),
    "rnn": (from_state(nn.rnn), weights(1)),
    "gru": (from_state(nn.gru), weights(3)),
    "lstm": (
        lambda x, h, c, *w: np.concatenate(nn.lstm(x, *w, h=h, c=c)),
        lambda draw: (draw(4, 2, 3), draw(2, 2), *weights(4)(draw)[1:]),
    ),
}

MAKE_PLAIN_ARRAYS = {
    "causal_mask", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lsuv", "normal",
    "orthogonal", "zeros",
}  # fmt: skip
UPDATE_CONTAINERS = {"adam", "clip_by_global_norm", "sgd"}


def test_every_function_has_a_case() -> None:
    assert set(CASES) == set(nn.__all__) - MAKE_PLAIN_ARRAYS - UPDATE_CONTAINERS
    assert sorted(nn.__all__) == nn.__all__


def arguments(name: str, seed: int = 3) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return CASES[name][1](lambda *shape: rng.normal(size=shape))


def loss_of(name: str) -> Callable[..., Any]:
    """The function with its result weighed and summed: one number, in which every element counts differently."""
    function = CASES[name][0]
    shape = np.shape(function(*arguments(name)))
    # as float32, so that a float32 result stays one; the numbers are the same in float64
    weight = np.random.default_rng(4).normal(size=shape).astype(np.float32)

    def loss(*inputs: Any) -> Any:
        return np.sum(weight * function(*inputs))

    return loss


def directional(loss: Callable[..., Any], inputs: Any, directions: Any, h: float = 1e-6) -> float:
    """The central difference of a loss along one direction of all inputs together."""
    ahead = [x + h * d for x, d in zip(inputs, directions, strict=True)]
    behind = [x - h * d for x, d in zip(inputs, directions, strict=True)]
    return float(loss(*ahead) - loss(*behind)) / (2 * h)


every_function = pytest.mark.parametrize("name", list(CASES))


@every_function
def test_gradients_are_what_central_differences_say(name: str) -> None:
    loss, inputs = loss_of(name), arguments(name)
    rng = np.random.default_rng(5)
    gradients = gad.grad(loss, tuple(range(len(inputs))))(*inputs)
    for position, gradient in enumerate(gradients):
        directions = [rng.normal(size=x.shape) if i == position else 0 * x for i, x in enumerate(inputs)]
        expected = directional(loss, inputs, directions)
        assert np.sum(gradient * directions[position]) == pytest.approx(expected, rel=1e-6, abs=1e-8)
        assert np.any(gradient != 0)


@every_function
def test_forward_mode_agrees_with_reverse_mode(name: str) -> None:
    loss, inputs = loss_of(name), arguments(name)
    rng = np.random.default_rng(6)
    tangents = tuple(rng.normal(size=x.shape) for x in inputs)
    value, tangent = gad.jvp(loss, inputs, tangents)
    gradients = gad.grad(loss, tuple(range(len(inputs))))(*inputs)
    assert value == pytest.approx(loss(*inputs), rel=1e-12)
    assert tangent == pytest.approx(sum(map(np.vdot, gradients, tangents)), rel=1e-9)


@every_function
def test_second_derivatives_are_what_central_differences_of_the_gradient_say(name: str) -> None:
    loss, inputs = loss_of(name), arguments(name)
    rng = np.random.default_rng(7)
    along = [rng.normal(size=x.shape) for x in inputs]
    positions = tuple(range(len(inputs)))

    def slope(*inputs: Any) -> Any:
        gradients = gad.grad(loss, positions)(*inputs)
        return sum(np.sum(grad * a) for grad, a in zip(gradients, along, strict=True))

    second = gad.grad(slope, positions)(*inputs)
    directions = [rng.normal(size=x.shape) for x in inputs]
    found = sum(np.sum(s * d) for s, d in zip(second, directions, strict=True))
    assert found == pytest.approx(directional(slope, inputs, directions), rel=1e-5, abs=1e-6)


@every_function
def test_float32_stays_float32(name: str) -> None:
    inputs = tuple(x.astype(np.float32) for x in arguments(name))
    assert CASES[name][0](*inputs).dtype == np.float32
    value, gradients = gad.value_and_grad(loss_of(name), tuple(range(len(inputs))))(*inputs)
    assert value.dtype == np.float32
    assert {gradient.dtype for gradient in gradients} == {np.dtype(np.float32)}
    wide = gad.grad(loss_of(name), tuple(range(len(inputs))))(*arguments(name))
    for gradient, expected in zip(gradients, wide, strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-4)


@every_function
def test_plain_arrays_give_plain_arrays_and_a_trace_gives_the_same(name: str) -> None:
    function, inputs = CASES[name][0], arguments(name)
    before = [x.copy() for x in inputs]
    plain = function(*inputs)
    graph = gad.trace(function, *inputs)
    assert isinstance(plain, np.ndarray | np.generic)
    np.testing.assert_array_equal(graph.outputs[0].value, plain)
    for x, copy in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, copy)


@every_function
def test_adjoints_are_finite_and_a_replay_is_a_fresh_trace(name: str) -> None:
    loss, inputs, others = loss_of(name), arguments(name), arguments(name, seed=8)
    graph = gad.trace(loss, *inputs)
    graph.backward()
    assert all(node.reached and np.all(np.isfinite(node.adjoint)) for node in graph.inputs)

    replayed = graph.evaluate(**{node.name: x for node, x in zip(graph.inputs, others, strict=True)})
    fresh = gad.trace(loss, *others)
    assert [node.name for node in replayed.nodes] == [node.name for node in fresh.nodes]
    for here, there in zip(replayed.nodes, fresh.nodes, strict=True):
        np.testing.assert_array_equal(here.value, there.value)
        if there.adjoint is not None:
            np.testing.assert_array_equal(here.adjoint, there.adjoint)


# what is called with lists; the functions of several arrays get all of them as lists
LISTS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{name: (getattr(nn, name), ([[0.5, -1.5], [2.0, 0.0]],)) for name in CASES if len(arguments(name)) == 1},
    "mse": (nn.mse, ([1.0, 2.0], [0.0, 5.0])),
    "bce": (nn.bce, ([0.3, 0.6], [0, 1])),
    "bce_with_logits": (nn.bce_with_logits, ([0.3, -0.6], [0, 1])),
    "cross_entropy": (nn.cross_entropy, ([[0.3, -0.6]], [1])),
    "embedding": (nn.embedding, ([[1.0, 2.0], [3.0, 4.0]], [1, 0])),
    "dropout": (lambda x: nn.dropout(x, 0.5, seed=0), ([1.0, 2.0, 3.0],)),
    "max_pool": (lambda x: nn.max_pool(x, 2), ([[[1.0, 5.0, 2.0, 3.0]]],)),
    "avg_pool": (lambda x: nn.avg_pool(x, 2), ([[[1.0, 5.0, 2.0, 3.0]]],)),
    "split_heads": (lambda x: nn.split_heads(x, 2), ([[1.0, 5.0, 2.0, 3.0]],)),
    "linear": (nn.linear, ([1.0, 2.0], [[1.0, 2.0]], [3.0])),
    "leaky_relu": (nn.leaky_relu, ([1.0, -2.0], [0.1, 0.2])),
    "elu": (nn.elu, ([1.0, -2.0], [0.1, 0.2])),
    "conv1d": (nn.conv1d, ([[[1.0, 2.0, 4.0]]], [[[1.0, -1.0]]], [0.5])),
    "conv2d": (nn.conv2d, ([[[[1.0, 2.0, 4.0]]]], [[[[1.0, -1.0]]]], [0.5])),
    "layer_norm": (nn.layer_norm, ([[1.0, 4.0]], [2.0, 3.0], [0.5, 0.5])),
    "batch_norm": (
        lambda x, gamma, beta, mean, variance: nn.batch_norm(x, gamma, beta, running=(mean, variance), training=False),
        ([[1.0, 4.0]], [2.0, 3.0], [0.5, 0.5], [1.0, 1.0], [2.0, 2.0]),
    ),
    "attention": (nn.attention, ([[1.0, 2.0]], [[1.0, 0.0], [0.5, 3.0]], [[1.0], [2.0]], [[True, False]])),
    "multi_head_attention": (
        lambda x, *w: nn.multi_head_attention(x, *w, 1),
        ([[1.0], [2.0]], [[0.5]], [[2.0]], [[1.0]], [[3.0]]),
    ),
    "merge_heads": (nn.merge_heads, ([[[1.0, 5.0]], [[2.0, 3.0]]],)),
    "rnn_cell": (nn.rnn_cell, ([1.0], [0.5], [[1.0]], [[2.0]], [0.1])),
    "gru_cell": (nn.gru_cell, ([1.0], [0.5], [[1.0]] * 3, [[2.0]] * 3, [0.1] * 3)),
    "lstm_cell": (nn.lstm_cell, ([1.0], [0.5], [0.7], [[1.0]] * 4, [[2.0]] * 4, [0.1] * 4)),
    "rnn": (from_state(nn.rnn), ([[1.0], [2.0]], [0.5], [[1.0]], [[2.0]], [0.1])),
    "gru": (from_state(nn.gru), ([[1.0], [2.0]], [0.5], [[1.0]] * 3, [[2.0]] * 3, [0.1] * 3)),
    "lstm": (
        lambda x, h, c, *w: nn.lstm(x, *w, h=h, c=c),
        ([[1.0], [2.0]], [0.5], [0.7], [[1.0]] * 4, [[2.0]] * 4, [0.1] * 4),
    ),
}


@every_function
def test_lists_count_as_arrays(name: str) -> None:
    function, lists = LISTS[name]
    expected = function(*map(np.array, lists))
    np.testing.assert_array_equal(function(*lists), expected)
    # one argument traced, the others lists; the first as it must be, since a list's numbers are traced one by one
    first = np.array(lists[0])
    graph = gad.trace(lambda x: function(x, *lists[1:]), first)
    found = np.array([node.value for node in graph.outputs])
    np.testing.assert_array_equal(found.reshape(np.shape(expected)), expected)


@pytest.mark.parametrize("function", [nn.sigmoid, nn.relu, lambda x: nn.mse(x, [0.0, 0.0])])
def test_a_list_of_traced_values_is_refused_with_a_remedy(function: Callable[..., Any]) -> None:
    with pytest.raises(gad.ExitError, match=r"np\.stack"):
        gad.trace(function, [1.0, 2.0])
