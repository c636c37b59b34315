"""Replays from inside a graph: another value at any node, or at one use of it; only what depends on it is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.replay import kindred, replay


def fan_out(a: Any, b: Any) -> Any:
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    y = e + f
    return y


def named(graph: Any, values: dict[int, Any]) -> dict[str, Any]:
    return {graph.names[position]: value for position, value in values.items()}


def test_a_node_inside_gets_another_value_and_what_depends_on_it_follows() -> None:
    graph = gad.trace(fan_out, 2.0, 3.0)
    found = replay(graph, {graph["d"].id: 10.0})
    assert found.reason == ""
    assert named(graph, found.values) == {"d": 10.0, "e": 15.0, "f": 50.0, "y": 65.0}
    assert graph["d"].value == 6.0, "the graph itself stays as it is"


def test_one_use_of_a_node_changes_and_its_other_uses_do_not() -> None:
    graph = gad.trace(lambda x: x * x + x, 3.0)
    product = next(node for node in graph.nodes if node.primitive is not None and node.primitive.name == "multiply")
    found = replay(graph, {}, {(product.id, 1): 10.0})
    assert found.values == {product.id: 30.0, graph.outputs[0].id: 33.0}


def test_only_what_depends_on_it_is_computed() -> None:
    calls: list[str] = []

    def counted(label: str) -> Any:
        def f(x: Any) -> Any:
            calls.append(label)
            return 2.0 * x

        return gad.custom(f, vjp=lambda adjoint, out, x: 2.0 * adjoint)

    left, right = counted("left"), counted("right")
    graph = gad.trace(lambda a, b: left(a) + right(b), 1.0, 2.0)
    calls.clear()
    replay(graph, {graph["b"].id: 5.0})
    assert calls == ["right"]
    calls.clear()
    assert graph.evaluate(a=3.0).outputs[0].value == 10.0
    assert calls == ["left"]


def test_nothing_beyond_the_given_positions() -> None:
    graph = gad.trace(fan_out, 2.0, 3.0)
    found = replay(graph, {}, {(graph["f"].id, 0): 100.0}, only=[graph["f"].id])
    assert named(graph, found.values) == {"f": 600.0}


def test_a_node_that_is_given_its_own_value_holds_the_change_back() -> None:
    graph = gad.trace(fan_out, 2.0, 3.0)
    found = replay(graph, {graph["a"].id: 4.0, graph["d"].id: graph.records[graph["d"].id].value})
    assert named(graph, found.values) == {"a": 4.0, "c": 7.0, "e": 13.0, "f": 42.0, "y": 55.0}


def test_one_cell_of_an_array() -> None:
    x = np.array([1.0, 2.0, 3.0])
    graph = gad.trace(lambda x: np.sum(x * x), x)
    moved = kindred(x, graph["x"].value)
    moved[1] = 5.0
    assert replay(graph, {graph["x"].id: moved}).values[graph.outputs[0].id] == 35.0
    assert x.tolist() == graph["x"].value.tolist() == [1.0, 2.0, 3.0]


def test_a_guard_that_flips_ends_it_and_says_where() -> None:
    def f(x: Any) -> Any:
        u = 2.0 * x
        if u > 1.0:
            return u * u
        return -u

    graph = gad.trace(f, 1.0)
    found = replay(graph, {graph["u"].id: 0.5})
    assert "`u > 1.0`" in found.reason
    assert "Python saw True before and sees False now" in found.reason
    assert graph.outputs[0].id not in found.values, "the other branch is not computed"


def test_another_shape_ends_it() -> None:
    graph = gad.trace(lambda x: np.sum(x[x > 0.0]), np.array([1.0, -1.0, 2.0]))
    found = replay(graph, {graph["x"].id: np.array([1.0, 1.0, 2.0])})
    assert "shape (3,) instead of (2,)" in found.reason


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_replay_is_a_fresh_trace_bit_for_bit(dtype: Any) -> None:
    def f(W: Any, x: Any) -> Any:
        return np.sum(np.tanh(W @ x) ** 2 + np.exp(-x[:2]))

    rng = np.random.default_rng(5)
    W, x, other = rng.normal(size=(2, 3)).astype(dtype), rng.normal(size=3).astype(dtype), rng.normal(size=3)
    graph = gad.trace(f, W, x)
    fresh = gad.trace(f, W, other.astype(dtype))
    found = replay(graph, {graph["x"].id: other.astype(dtype)})
    for node, anew in zip(graph.nodes, fresh.nodes, strict=True):
        np.testing.assert_array_equal(found.values.get(node.id, node.value), anew.value)
