"""The Graph: edges, seeds, tangents, its derivative, and the flat form."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import graphviz_ad as gad


def net(W, b, X):
    h = np.tanh(X @ W + b)
    loss = np.mean(h**2)
    return loss


@pytest.fixture
def graph() -> gad.Graph:
    rng = np.random.default_rng(3)
    return gad.trace(net, rng.normal(size=(3, 2)), rng.normal(size=2), gad.constant(rng.normal(size=(4, 3))))


def test_edges_tell_the_uses_apart() -> None:
    graph = gad.trace(lambda x: x * x, 3.0)
    assert [(e.input.name, e.consumer.name, e.argnum, e.local, e.contribution) for e in graph.edges] == [
        ("x", "out", 0, 3.0, 3.0),
        ("x", "out", 1, 3.0, 3.0),
    ]


def test_local_derivatives_and_contributions_of_tensors(graph) -> None:
    edges = {(edge.input.name, edge.consumer.name): edge for edge in graph.edges}
    bias = next(edge for edge in graph.edges if edge.input.name == "b")
    assert bias.local.shape == (4, 2)
    assert bias.contribution.shape == (2,)  # after the sum over the broadcast axis
    weights = next(edge for edge in graph.edges if edge.input.name == "W")
    assert weights.local.shape == (4, 2, 3, 2)
    assert weights.local.dense().shape == (4, 2, 3, 2)
    seed = weights.consumer.adjoint
    np.testing.assert_allclose(weights.local.vjp(seed), weights.contribution)
    data = next(edge for edge in graph.edges if edge.input.name.startswith("X"))
    assert (data.local, data.contribution) == (None, None)
    assert ("h", "loss") not in edges  # the power stands between


def test_a_dense_jacobian_has_a_limit() -> None:
    graph = gad.trace(lambda x: np.sum(x @ np.ones((100, 200))), np.ones((60, 100)))
    edge = graph.edges[0]
    with pytest.raises(gad.ArgumentError, match=r"use \.vjp or \.jvp"):
        edge.local.dense()


def test_the_sum_of_contributions_is_the_adjoint() -> None:
    rng = np.random.default_rng(11)
    for _ in range(20):
        order = rng.integers(0, 4, size=(8, 3))

        def f(x, y, order=order):
            pool = [x, y]
            for operation, first, second in order:
                a, b = pool[first % len(pool)], pool[second % len(pool)]
                pool.append([a + b, a * b, np.sin(a) - b, np.maximum(a, b)][operation])
            return pool[-1] + pool[-2]

        graph = gad.trace(f, 0.7, -0.4)
        for node in graph.nodes:
            if node.differentiable and node.id != graph.outputs[0].id and node.reached:
                total = sum(edge.contribution for edge in graph.edges if edge.input.id == node.id)
                assert total == pytest.approx(node.adjoint, rel=1e-12)


def test_seeds(graph) -> None:
    several = gad.trace(lambda x: (x * 2, np.stack([x, x * x])), 3.0)
    with pytest.raises(gad.SeedError, match=r"graph.backward\(seed="):
        several.backward()
    with pytest.raises(gad.SeedError):
        _ = several["x"].adjoint
    several.backward([1.0, np.array([0.0, 1.0])])
    assert several["x"].adjoint == 2 + 6
    several.backward({"out_2": [1.0, 0.0]})
    assert several["x"].adjoint == 1.0
    with pytest.raises(gad.SeedError, match=r"shape \(3,\)"):
        several.backward({"out_2": np.ones(3)})
    vector = gad.trace(lambda x: x * 2, np.ones(3))
    with pytest.raises(gad.SeedError, match=r"np.ones\(\(3,\)\)"):
        vector.backward()
    vector.backward(np.arange(3.0))
    np.testing.assert_array_equal(vector["x"].adjoint, [0, 2, 4])


def test_forward_mode_agrees_with_reverse_mode(graph) -> None:
    rng = np.random.default_rng(0)
    tangent = {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    graph.forward(tangent)
    expected = np.sum(graph["W"].adjoint * tangent["W"]) + np.sum(graph["b"].adjoint * tangent["b"])
    assert graph["loss"].tangent == pytest.approx(expected, rel=1e-12)
    with pytest.raises(gad.ArgumentError, match="is no input"):
        graph.forward({"h": 1.0})
    with pytest.raises(gad.ArgumentError, match="shape"):
        graph.forward({"b": np.ones(3)})


def test_the_derivative_is_a_graph_of_the_same_kind(graph) -> None:
    slope = graph.derivative("W")
    np.testing.assert_allclose(slope.outputs[0].value, graph["W"].adjoint)
    assert slope.outputs[0].shape == (3, 2)
    assert [node.name for node in slope.inputs] == ["W", "b"]
    moved = graph.evaluate(b=np.zeros(2))
    np.testing.assert_allclose(slope.evaluate(b=np.zeros(2)).outputs[0].value, moved["W"].adjoint)
    assert {node.role for node in slope.nodes} >= {"input", "adjoint"}
    assert gad.trace(lambda x: x * 2, 3.0).derivative("x").outputs[0].value == 2


def test_the_gradient_of_a_function_can_be_traced() -> None:
    graph = gad.trace(gad.grad(lambda x: np.sin(x) * x), 0.4)
    assert graph.outputs[0].value == pytest.approx(np.cos(0.4) * 0.4 + np.sin(0.4))
    assert graph["x"].adjoint == pytest.approx(2 * np.cos(0.4) - 0.4 * np.sin(0.4))


def test_the_flat_form_round_trips(graph) -> None:
    x = np.array([0.5, np.nan, -np.inf], dtype=np.float32)
    other = gad.trace(lambda x: np.sum(np.where(x > 0, x, 0.0)[:, None][1:, [0, 0]]), x)
    for original in (graph, other):
        data = json.loads(json.dumps(original.to_dict(), allow_nan=False))
        back = gad.Graph.from_dict(data)
        assert back.names == original.names
        assert back.to_dict() == original.to_dict()
        for a, b in zip(original.nodes, back.nodes, strict=True):
            assert np.array_equal(a.value, b.value, equal_nan=a.dtype.kind == "f")
            assert a.dtype == b.dtype
            assert a.source == b.source
            assert np.array_equal(a.adjoint, b.adjoint, equal_nan=True) if a.differentiable else b.adjoint is None
    again = pickle.loads(pickle.dumps(graph))
    np.testing.assert_array_equal(again["W"].adjoint, graph["W"].adjoint)
    np.testing.assert_array_equal(copy.deepcopy(graph)["W"].adjoint, graph["W"].adjoint)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda d: d.pop("format"), "format mark"),
        (lambda d: d.update(version=99), "version 99"),
        (lambda d: d["nodes"][-1].update(inputs=[999]), "no position"),
        (lambda d: d["nodes"][-1].update(inputs=[len(d["nodes"]) - 1]), "no position"),
        (lambda d: d["nodes"][0]["value"].update(dtype="O"), "dtype is 'O'; expected one of"),
        (lambda d: d.pop("nodes"), "damaged"),
        (lambda d: d["nodes"][0].update(name=d["nodes"][1]["name"]), "one name"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(graph, damage, words) -> None:
    data = graph.to_dict()
    damage(data)
    with pytest.raises(gad.ArgumentError, match=words):
        gad.Graph.from_dict(data)


def test_nothing_of_the_machine_is_in_the_json(graph) -> None:
    text = json.dumps(graph.to_dict())
    assert __file__ not in text
    assert "test_graph.py" in text


def test_repr_and_notebook_bundle(graph) -> None:
    assert "inputs W, b" in repr(graph)
    assert "tanh" in repr(graph["h"])
    bundle = graph._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "image/png", "text/plain"}
