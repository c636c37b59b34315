"""Gradient flow in graphs of one's own: which nodes are a layer, and what its row holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn
from graphviz_ad.errors import ArgumentError, SeedError
from graphviz_ad.gradflow.groups import of
from graphviz_ad.gradflow.measurement import measure
from graphviz_ad.gradflow.table import COLUMNS

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 5))
WEIGHTS = [RNG.normal(size=(5, 5)) for _ in range(3)]


def layer(x: Any, W: Any) -> Any:
    return np.tanh(x @ W.T)


def called(x: Any, weights: Any) -> Any:
    for W in weights:
        x = layer(x, W)
    return np.mean(x**2)


def looped(x: Any, weights: Any) -> Any:
    for W in weights:
        x = np.tanh(x @ W.T)
    return np.mean(x**2)


def scoped(x: Any, weights: Any) -> Any:
    for number, W in enumerate(weights):
        with gad.scope(f"block{number}"):
            h = nn.linear(x, W)
            x = nn.tanh(h)
    return np.mean(x**2)


def through_nn(x: Any, weights: Any) -> Any:
    for W in weights:
        x = nn.tanh(nn.linear(x, W))
    return np.mean(x**2)


def expected() -> dict[str, list[float]]:
    """The adjoints and gradients by hand."""
    activations = [X]
    for W in WEIGHTS:
        activations.append(np.tanh(activations[-1] @ W.T))
    adjoint = 2 * activations[-1] / X.size
    found: dict[str, list[float]] = {"delta_norm": [], "weight_grad_norm": [], "activation_norm": []}
    for number in (2, 1, 0):
        delta = adjoint * (1 - activations[number + 1] ** 2)
        found["delta_norm"].insert(0, np.linalg.norm(delta))
        found["weight_grad_norm"].insert(0, np.linalg.norm(delta.T @ activations[number]))
        found["activation_norm"].insert(0, np.linalg.norm(activations[number + 1]))
        adjoint = delta @ WEIGHTS[number]
    return found


@pytest.mark.parametrize("data", [True, False])
@pytest.mark.parametrize(
    ("f", "names"),
    [
        (called, ["layer", "layer_2", "layer_3"]),
        (looped, None),
        (scoped, ["block0", "block1", "block2"]),
        (through_nn, ["linear", "linear_2", "linear_3"]),
    ],
)
def test_layers_are_found_however_they_are_written(f: Any, names: list[str] | None, data: bool) -> None:
    flow = of(gad.trace(f, gad.constant(X) if data else X, WEIGHTS))
    assert len(flow) == 3
    for name, values in expected().items():
        # what the last layer's activation is, a graph does not say
        upto = 2 if name == "activation_norm" else 3
        np.testing.assert_allclose(flow[name][:upto], values[:upto])
    if names:
        assert list(flow.names.values()) == names


def test_a_graph_of_a_measured_net_gives_the_measured_rows() -> None:
    depth, width, batch, seed = 5, 12, 9, 3
    inputs, weights, _, targets = (np.random.default_rng([seed, stream]) for stream in range(4))
    x = inputs.standard_normal((batch, width))
    Ws = [weights.normal(0, np.sqrt(3 / width), (width, width)) for _ in range(depth)]
    r = targets.standard_normal((batch, width))

    def net(weights: Any) -> Any:
        h = x @ weights[0].T
        for W in weights[1:]:
            h = np.tanh(h) @ W.T
        return np.sum(h * (2 * r / r.size))

    flow, measured = of(gad.trace(net, Ws)), measure(depth, width, batch, weight_var=3.0, seeds=[seed])
    for name in COLUMNS[2:]:
        if name in {"saturated", "dead"}:  # there compared with the largest slope of all, here of the layer
            np.testing.assert_allclose(flow[name][:-1], measured[name][:-1], atol=0.01)
        else:
            rows = slice(None, -1) if name.startswith("activation") else slice(None)
            np.testing.assert_allclose(flow[name][rows], measured[name][rows], err_msg=name)


def test_the_steps_of_a_recurrent_net_are_its_layers() -> None:
    x, W_x, W_h, b = RNG.normal(size=(4, 3, 2)), RNG.normal(size=(5, 2)), RNG.normal(size=(5, 5)), RNG.normal(size=5)

    def last(x: Any, W_x: Any, W_h: Any, b: Any) -> Any:
        return np.sum(nn.rnn(x, W_x, W_h, b)[-1] ** 2)

    graph = gad.trace(last, gad.constant(x), W_x, W_h, b)
    flow = of(graph)
    assert len(flow) == 4
    h, hs = np.zeros((3, 5)), [np.zeros((3, 5))]
    for step in x:
        h = np.tanh(step @ W_x.T + h @ W_h.T + b)
        hs.append(h)
    adjoint = 2 * h
    for step in (3, 2, 1, 0):
        delta = adjoint * (1 - hs[step + 1] ** 2)
        assert flow["delta_norm"][step] == pytest.approx(np.linalg.norm(delta))
        parts = np.linalg.norm(delta.T @ x[step]), np.linalg.norm(delta.T @ hs[step])
        assert flow["weight_grad_norm"][step] == pytest.approx(np.hypot(*parts))
        adjoint = delta @ W_h
    assert of(graph, within="rnn").to_dict() == flow.to_dict()


def test_one_group_of_several_is_taken_apart_by_name() -> None:
    def f(x: Any, weights: Any, V: Any) -> Any:
        with gad.scope("body"):
            for W in weights:
                with gad.scope("block"):
                    x = np.tanh(x @ W)
        with gad.scope("head"):
            return np.sum(x @ V)

    graph = gad.trace(f, gad.constant(X), WEIGHTS, np.ones((5, 2)))
    assert list(of(graph).names.values()) == ["body", "head"]
    assert list(of(graph, within="body").names.values()) == ["block", "block_2", "block_3"]
    with pytest.raises(ArgumentError, match=r"unknown group: 'tail' \(must be one of \['body', 'head'\]"):
        of(graph, within="tail")


def test_saturated_and_dead_units_are_counted_between_product_and_next_layer() -> None:
    def f(x: Any, W: Any, V: Any) -> Any:
        x = np.maximum(x @ W, 0)
        return np.sum(x @ V)

    x = np.array([[1.0, 0.0], [0.0, 1.0]])
    W = np.array([[1.0, -1.0, 1.0, 1.0], [1.0, -1.0, -1.0, 1.0]])
    flow = of(gad.trace(f, gad.constant(x), W, np.ones((4, 1))))
    assert flow["saturated"].tolist() == [3 / 8, 0]
    assert flow["dead"].tolist() == [1 / 4, 0]


def test_roles_say_what_is_a_weight() -> None:
    def f(W: Any, x: Any) -> Any:
        h = W @ x
        return np.sum(np.tanh(h))

    W, x = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2))
    graph = gad.trace(f, W, gad.variable(x, name="x", role="data"))
    delta = 1 - np.tanh(W @ x) ** 2
    assert of(graph)["weight_grad_norm"][0] == pytest.approx(np.linalg.norm(delta @ x.T))


def test_of_two_inputs_the_parameter_or_the_matrix_is_the_weight() -> None:
    W, x, v = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2)), RNG.normal(size=4)

    def f(W: Any, x: Any) -> Any:
        return np.sum((W @ x) ** 2)

    by_role = gad.trace(f, gad.variable(W, name="W", role="parameter"), x)
    assert of(by_role)["weight_grad_norm"][0] == pytest.approx(np.linalg.norm(2 * W @ x @ x.T))
    by_shape = gad.trace(f, W, v)
    assert of(by_shape)["weight_grad_norm"][0] == pytest.approx(np.linalg.norm(2 * np.outer(W @ v, v)))
    by_place = gad.trace(f, W, x)
    assert of(by_place)["weight_grad_norm"][0] == pytest.approx(np.linalg.norm(2 * W.T @ W @ x))


def test_overflow_stays_in_the_rows() -> None:
    with np.errstate(all="ignore"):
        graph = gad.trace(lambda Ws: np.sum(((X @ Ws[0]) ** 2 @ Ws[1]) ** 2), [W * 1e100 for W in WEIGHTS[:2]])
    flow = of(graph)
    assert len(flow) == 2
    assert "delta_norm" in flow.overflow


def test_what_has_no_gradient_flow_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"takes a graph, not .*write gad\.gradflow\.of\(gad\.trace\(f, x\)\)"):
        of(called)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="no layer was found"):
        of(gad.trace(lambda x: np.sum(x**2), X))
    with pytest.raises(SeedError):
        of(gad.trace(lambda W: np.tanh(X @ W), WEIGHTS[0]))
    holes = X.copy()
    holes[2, :3] = np.nan
    with pytest.raises(ArgumentError, match=r"'x' holds NaN in 3 of 30 places"):
        of(gad.trace(called, gad.constant(holes), WEIGHTS))


def test_a_seed_makes_any_output_a_start() -> None:
    graph = gad.trace(lambda W: np.tanh(X @ W), WEIGHTS[0]).backward(seed=np.ones((6, 5)))
    assert of(graph)["delta_norm"][0] == pytest.approx(np.linalg.norm(1 - np.tanh(X @ WEIGHTS[0]) ** 2))


def test_a_tied_weight_gets_from_each_use_the_contribution_of_that_use() -> None:
    def f(W: Any) -> Any:
        h = X
        for _ in range(3):
            h = np.tanh(h @ W)
        return np.sum(h)

    graph = gad.trace(f, WEIGHTS[0])
    parts = [np.linalg.norm(edge.contribution) for edge in graph.edges if edge.input.name == "W"]
    flow = of(graph)
    np.testing.assert_allclose(flow["weight_grad_norm"], parts)
    assert np.linalg.norm(graph["W"].adjoint) not in flow["weight_grad_norm"]
    assert len(set(parts)) == 3
