"""Networks as the course's documents write them, as classes with a backward of their own: grad finds the same.

Items 7 and 36 of the curriculum: plain NumPy, nothing of ours inside.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import central

# -- item 7: one hidden layer, one sample at a time ---------------------------------------------


class SimpleNeuralNetwork:
    """Sigmoid hidden layer, linear output, squared error; the gradients are written by hand."""

    def __init__(self, inputs, hidden, outputs, rng):
        self.W1 = rng.normal(size=(hidden, inputs)) * 0.5
        self.b1 = rng.normal(size=hidden) * 0.1
        self.W2 = rng.normal(size=(outputs, hidden)) * 0.5
        self.b2 = rng.normal(size=outputs) * 0.1

    def sigmoid(self, z):
        return 1 / (1 + np.exp(-z))

    def forward(self, x):
        self.x = x
        self.z1 = self.W1 @ x + self.b1
        self.h = self.sigmoid(self.z1)
        self.y = self.W2 @ self.h + self.b2
        return self.y

    def loss(self, x, target):
        return np.sum((self.forward(x) - target) ** 2)

    def backward(self, target):
        dy = 2 * (self.y - target)
        self.dW2 = np.outer(dy, self.h)
        self.db2 = dy
        dh = self.W2.T @ dy
        dz1 = dh * self.h * (1 - self.h)
        self.dW1 = np.outer(dz1, self.x)
        self.db1 = dz1
        return self.dW1, self.db1, self.dW2, self.db2


def simple():
    rng = np.random.default_rng(7)
    return SimpleNeuralNetwork(3, 4, 2, rng), rng.normal(size=3), rng.normal(size=2)


def test_the_simple_network_by_its_own_attributes() -> None:
    net, x, target = simple()
    value, slope = gad.value_and_grad(lambda net, x, target: net.loss(x, target))(net, x, target)
    assert type(slope) is SimpleNeuralNetwork
    assert value == net.loss(x, target)
    for name, own in zip(("W1", "b1", "W2", "b2"), net.backward(target), strict=True):
        np.testing.assert_allclose(getattr(slope, name), own, rtol=1e-12, err_msg=name)


def test_the_simple_network_is_left_as_it_was() -> None:
    net, x, target = simple()
    before = {key: (value, value.copy()) for key, value in vars(net).items()}
    gad.grad(SimpleNeuralNetwork.loss)(net, x, target)
    assert list(vars(net)) == list(before)  # what forward keeps was kept in a copy
    for key, (value, copy) in before.items():
        assert getattr(net, key) is value
        np.testing.assert_array_equal(value, copy)


def test_the_simple_network_after_a_forward_of_its_own() -> None:
    # the object then holds activations too: arrays of the last call, which forward writes anew
    net, x, target = simple()
    net.forward(x)
    slope = gad.grad(SimpleNeuralNetwork.loss)(net, x, target)
    for name, own in zip(("W1", "b1", "W2", "b2"), net.backward(target), strict=True):
        np.testing.assert_allclose(getattr(slope, name), own, rtol=1e-12, err_msg=name)
    for name in ("z1", "h", "y"):
        assert not np.any(getattr(slope, name))
    for value in vars(net).values():
        assert type(value) is np.ndarray


def test_the_simple_network_and_its_input_at_once() -> None:
    # forward keeps its input in the object: each place has its own gradient all the same
    net, x, target = simple()
    for _ in range(2):
        slope, by_x, by_target = gad.grad(SimpleNeuralNetwork.loss, (0, 1, 2))(net, x, target)
        back = gad.vjp(SimpleNeuralNetwork.loss, net, x, target)[1](1.0)
        own = net.W1.T @ (net.forward(x), net.backward(target))[1][1]
        np.testing.assert_allclose(by_x, own, rtol=1e-12)
        np.testing.assert_allclose(back[1], own, rtol=1e-12)
        np.testing.assert_allclose(by_target, -2 * (net.y - target), rtol=1e-12)
        np.testing.assert_allclose(back[2], by_target)
        np.testing.assert_allclose(slope.W1, net.dW1, rtol=1e-12)
        np.testing.assert_allclose(back[0].W1, net.dW1, rtol=1e-12)


def test_a_gradient_has_the_attributes_that_went_in() -> None:
    net, x, target = simple()
    assert list(vars(gad.grad(SimpleNeuralNetwork.loss)(net, x, target))) == ["W1", "b1", "W2", "b2"]


def test_the_simple_networks_bound_method_leaves_no_traced_value_in_it() -> None:
    net, x, target = simple()
    slope = gad.grad(net.loss)(x, target)  # by the input: forward runs on the caller's own object
    np.testing.assert_allclose(slope, central(lambda x: net.loss(x, target), x), atol=1e-8)
    net.forward(x)
    np.testing.assert_allclose(slope, net.W1.T @ net.backward(target)[1], rtol=1e-12)


def test_the_simple_network_learns_as_with_its_own_backward() -> None:
    net, x, target = simple()
    twin, _, _ = simple()
    for _ in range(20):
        slope = gad.grad(SimpleNeuralNetwork.loss)(net, x, target)
        twin.forward(x)
        twin.backward(target)
        for name in ("W1", "b1", "W2", "b2"):
            setattr(net, name, getattr(net, name) - 0.1 * getattr(slope, name))
            setattr(twin, name, getattr(twin, name) - 0.1 * getattr(twin, "d" + name))
    np.testing.assert_allclose(net.W1, twin.W1, rtol=1e-10)
    assert net.loss(x, target) < 1e-3


def test_the_simple_network_in_higher_order_and_forward_mode() -> None:
    net, x, target = simple()
    gad.check_grads(SimpleNeuralNetwork.loss, (net, x, target))
    blocks = gad.hessian(SimpleNeuralNetwork.loss)(net, x, target)

    def slope_by_b1(b1):
        other, _, _ = simple()
        other.b1 = b1
        other.forward(x)
        return other.backward(target)[0]

    np.testing.assert_allclose(blocks.W1.b1, central(slope_by_b1, net.b1), atol=1e-8)


def test_the_simple_network_as_a_graph_has_the_attributes_names() -> None:
    net, x, target = simple()
    graph = gad.trace(lambda net, x, target: net.loss(x, target), net, x, target)
    net.forward(x)
    for name, own in zip(("W1", "b1", "W2", "b2"), net.backward(target), strict=True):
        np.testing.assert_allclose(graph[name].adjoint, own, rtol=1e-12)


# -- item 36: layers of any size, columns are samples -------------------------------------------


class NeuralNetwork:
    """Sigmoid layers, columns are samples, half the mean squared error; backward returns all gradients.

    Weights are 0.01 · randn, drawn in the order W1, W2, …; biases start at zero.
    """

    def __init__(self, sizes, rng):
        self.sizes = sizes
        self.weights = [0.01 * rng.standard_normal((after, before)) for before, after in itertools.pairwise(sizes)]
        self.biases = [np.zeros((after, 1)) for after in sizes[1:]]

    @staticmethod
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def forward(self, X):
        self.activations = [X]
        for W, b in zip(self.weights, self.biases, strict=True):
            self.activations.append(self.sigmoid(W @ self.activations[-1] + b))
        return self.activations[-1]

    def loss(self, X, y):
        m = X.shape[1]
        return np.sum((self.forward(X) - y) ** 2) / (2 * m)

    def backward(self, y):
        m = y.shape[1]
        dWs, dbs = [], []
        dA = self.activations[-1] - y
        for layer in reversed(range(len(self.weights))):
            A = self.activations[layer + 1]
            dZ = dA * A * (1 - A)
            dWs.insert(0, dZ @ self.activations[layer].T / m)
            dbs.insert(0, np.sum(dZ, axis=1, keepdims=True) / m)
            dA = self.weights[layer].T @ dZ
        return dWs, dbs


def network(sizes, samples=100):
    """The recipe of the curriculum's numbers: one generator draws W1, W2, …, X, and labels 0 and 1."""
    rng = np.random.default_rng(1)
    net = NeuralNetwork(sizes, rng)
    return net, rng.standard_normal((sizes[0], samples)), rng.integers(0, 2, (1, samples)).astype(float)


@pytest.mark.parametrize("sizes", [[2, 3, 1], [2, 10, 10, 10, 1]])
def test_the_networks_own_backward_and_grad_agree(sizes) -> None:
    net, X, y = network(sizes)
    slope = gad.grad(NeuralNetwork.loss)(net, X, y)
    net.forward(X)
    dWs, dbs = net.backward(y)
    assert type(slope) is NeuralNetwork
    assert slope.sizes == [None] * len(sizes)
    for layer, (dW, db) in enumerate(zip(dWs, dbs, strict=True)):
        np.testing.assert_allclose(slope.weights[layer], dW, rtol=1e-10, atol=1e-18, err_msg=f"W{layer + 1}")
        np.testing.assert_allclose(slope.biases[layer], db, rtol=1e-10, atol=1e-18, err_msg=f"b{layer + 1}")


def test_a_training_step_of_the_network_lowers_the_loss_as_its_own_does() -> None:
    net, X, y = network([2, 3, 1])
    twin, _, _ = network([2, 3, 1])
    for _ in range(5):
        slope = gad.grad(NeuralNetwork.loss)(net, X, y)
        net.weights = [W - 0.01 * dW for W, dW in zip(net.weights, slope.weights, strict=True)]
        net.biases = [b - 0.01 * db for b, db in zip(net.biases, slope.biases, strict=True)]
        twin.forward(X)
        dWs, dbs = twin.backward(y)
        for layer in range(2):
            twin.weights[layer] = twin.weights[layer] - 0.01 * dWs[layer]
            twin.biases[layer] = twin.biases[layer] - 0.01 * dbs[layer]
    assert net.loss(X, y) < NeuralNetwork.loss(*network([2, 3, 1]))
    np.testing.assert_allclose(net.weights[1], twin.weights[1], rtol=1e-10)


def test_small_weights_make_the_gradient_vanish() -> None:
    slope = gad.grad(NeuralNetwork.loss)(*network([2, 3, 1]))
    first, second = (np.linalg.norm(dW) for dW in slope.weights)
    assert first / second == pytest.approx(6.698e-3, rel=1e-4)


def test_the_deeper_the_layer_the_smaller_its_gradient() -> None:
    slope = gad.grad(NeuralNetwork.loss)(*network([2, 10, 10, 10, 1]))
    norms = [np.linalg.norm(dW) for dW in slope.weights]
    assert norms == pytest.approx([2.6e-8, 3.6e-7, 3.3e-5, 5.8e-3], rel=0.02)


def test_a_label_of_another_kind_is_data_not_an_input() -> None:
    net, X, y = network([2, 3, 1])
    slope = gad.grad(NeuralNetwork.loss)(net, X, y.astype(int))
    np.testing.assert_array_equal(slope.weights[0], gad.grad(NeuralNetwork.loss)(net, X, y).weights[0])
    _, pullback = gad.vjp(NeuralNetwork.loss, net, X, y.astype(int))
    assert pullback(1.0)[2] is None


def test_gradients_stay_numbers_after_forward_kept_traced_activations() -> None:
    # by the input, forward runs on the caller's own object and leaves there what it kept
    net, x, target = simple()
    gad.grad(net.loss)(x, target)
    slope = gad.grad(SimpleNeuralNetwork.loss)(net, x, target)
    net.forward(x)
    for name, own in zip(("W1", "b1", "W2", "b2"), net.backward(target), strict=True):
        assert type(getattr(slope, name)) is np.ndarray
        np.testing.assert_allclose(getattr(slope, name), own, rtol=1e-12, err_msg=name)
