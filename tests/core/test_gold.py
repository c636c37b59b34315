"""The curriculum's worked examples, with the numbers derived by hand."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad

CUBE = lambda x: (x**2 + 1) ** 3  # noqa: E731  (a lambda, as a student types it)

ONE_INPUT = [
    (CUBE, 1.0, 24.0),
    (CUBE, 1.5, 95.0625),
    (lambda x: np.exp(-(x**2)), 1.0, -0.735759),
    (lambda x: np.sin(3 * x + 2), 1.0, 0.850987),
    (lambda x: np.log(x**2 + 1), 1.0, 1.0),
    (lambda x: np.sin(np.exp(x**2)), 1.0, -4.956699),
    (lambda x: np.sin(np.log(x**2 + 1)), 1.0, 0.769239),
    (lambda x: (3 * x + 1) ** 5, 1.0, 3840.0),
    (lambda x: np.exp(2 * x), 1.0, 14.778112),
    (lambda x: np.log(x**3), 1.0, 3.0),
    (lambda x: np.sqrt(1 + x**2), 1.0, 0.707107),
    (lambda x: np.sin(np.cos(x**2)), 1.0, -1.443212),
    (lambda x: np.sin((2 * x + 1) ** 2), 1.0, -10.933563),
    (lambda x: (x + 1) ** 2, 3.0, 8.0),
    (lambda x: x**2 + x, 3.0, 7.0),
    (lambda s: s**2 * s**3, 2.0, 80.0),
    (lambda t: (t**2) ** 2 * (t**3) ** 3, 1.0, 13.0),
    (lambda x: 1 / (1 + np.exp(-x)), 0.0, 0.25),
]


@pytest.mark.parametrize(("f", "x", "slope"), ONE_INPUT)
def test_one_input(f, x, slope) -> None:
    assert gad.grad(f)(x) == pytest.approx(slope, rel=1e-6)
    graph = gad.trace(f, x)
    assert graph.inputs[0].adjoint == pytest.approx(slope, rel=1e-6)
    assert graph.forward({graph.inputs[0].name: 1.0}).outputs[0].tangent == pytest.approx(slope, rel=1e-6)
    assert graph.derivative(graph.inputs[0].name).outputs[0].value == pytest.approx(slope, rel=1e-6)


def fork(a, b):
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    y = e + f
    return y


def test_the_graph_that_shows_order_and_accumulation() -> None:
    graph = gad.trace(fork, 2.0, 3.0)
    assert [graph[name].adjoint for name in "abcdefy"] == [25, 19, 7, 6, 1, 1, 1]
    graph.backward()
    assert graph["a"].adjoint == 25  # overwrites, never accumulates


def unit(w1, b1, w2, b2, x, t):
    z = w1 * x + b1
    h = 1 / (1 + np.exp(-z))
    y = w2 * h + b2
    L = (y - t) ** 2
    return L


def test_one_hidden_unit() -> None:
    graph = gad.trace(unit, 0.5, 0.1, -0.3, 0.2, 2.0, 1.0)
    values = {"z": 1.1, "h": 0.750260, "y": -0.025078, "L": 1.050785}
    adjoints = {"w1": 0.230482, "b1": 0.115241, "w2": -1.538150, "b2": -2.050156}
    for name, value in values.items():
        assert graph[name].value == pytest.approx(value, abs=5e-7)
    for name, value in adjoints.items():
        assert graph[name].adjoint == pytest.approx(value, abs=5e-7)


def test_mean_squared_error_and_relu() -> None:
    prediction, target = np.array([2.0, 4.0, 6.0]), np.array([1.0, 5.0, 2.0])
    value, slope = gad.value_and_grad(lambda p: np.mean((p - target) ** 2))(prediction)
    assert value == 6
    np.testing.assert_allclose(slope, [2 / 3, -2 / 3, 8 / 3])
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(np.maximum(0, x)))(np.array([-2, 0.5, 3])), [0, 1, 1])


def test_linear_layer_shapes() -> None:
    rng = np.random.default_rng(0)
    x, w, seed = rng.normal(size=(4, 3)), rng.normal(size=(2, 3)), rng.normal(size=(4, 2))
    graph = gad.trace(lambda X, W: X @ W.T, x, w)
    graph.backward(seed)
    np.testing.assert_allclose(graph["X"].adjoint, seed @ w)
    np.testing.assert_allclose(graph["W"].adjoint, seed.T @ x)


def test_second_derivatives() -> None:
    assert gad.grad(gad.grad(CUBE))(1.5) == pytest.approx(6 * 3.25**2 + 24 * 1.5**2 * 3.25)
    third = gad.grad(gad.grad(gad.grad(np.sin)))
    assert third(0.3) == pytest.approx(-np.cos(0.3))


def test_nested_derivatives_are_not_confused() -> None:
    assert gad.grad(lambda x: x * gad.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert gad.grad(lambda x: gad.grad(lambda y: x * y * y)(x))(3.0) == 12.0
    assert gad.grad(lambda x: gad.grad(lambda y: x * y)(x))(3.0) == 1.0
