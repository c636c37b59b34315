"""Gradients under the names and in the orders that people give them, and what is told where that was misread."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from tests.core.test_curriculum_networks import NeuralNetwork, SimpleNeuralNetwork, network, simple


def numbered(dWs, dbs):
    return {**{f"dW{n}": d for n, d in enumerate(dWs, 1)}, **{f"db{n}": d for n, d in enumerate(dbs, 1)}}


FORMS = {
    "dW1": numbered,
    "W0": lambda dWs, dbs: {f"W{n}": d for n, d in enumerate(dWs)} | {f"grad_b_{n}": d for n, d in enumerate(dbs)},
    "dW, db": lambda dWs, dbs: {"dW": dWs, "db": dbs},
    "pairs": lambda dWs, dbs: list(zip(dWs, dbs, strict=True)),
    "flat, by layer": lambda dWs, dbs: [one for pair in zip(dWs, dbs, strict=True) for one in pair],
}


@pytest.mark.parametrize("sizes", [[2, 3, 1], [2, 4, 4, 1]])
@pytest.mark.parametrize("form", FORMS)
def test_the_lists_of_a_network(form, sizes) -> None:
    class Named(NeuralNetwork):
        def backward(self, y):
            return FORMS[form](*super().backward(y))

    class Wrong(NeuralNetwork):
        def backward(self, y):
            dWs, dbs = super().backward(y)
            return FORMS[form]([2 * dWs[0], *dWs[1:]], dbs)

    _, X, y = network(sizes)
    found = gad.compare(Named(sizes, np.random.default_rng(1)), None, (X, y))
    assert found.ok, found.message
    found = gad.compare(Wrong(sizes, np.random.default_rng(1)), None, (X, y))
    assert (found.ok, found.first) == (False, "weights[0]")


def test_what_an_object_keeps_under_numbers() -> None:
    class Kept(NeuralNetwork):
        def backward(self, y):
            for name, value in numbered(*super().backward(y)).items():
                setattr(self, name, value)

    _, X, y = network([2, 3, 1])
    found = gad.compare(Kept([2, 3, 1], np.random.default_rng(1)), None, (X, y))
    assert found.ok, found.message


@pytest.mark.parametrize("numbers", [(3, 4), (1, 3), (0, 2)])
def test_numbers_that_fit_no_list_belong_to_nothing(numbers) -> None:
    class Beyond(NeuralNetwork):
        def backward(self, y):
            dWs, dbs = super().backward(y)
            return {f"dW{n}": d for n, d in zip(numbers, dWs, strict=True)} | {f"db{n}": d for n, d in enumerate(dbs)}

    _, X, y = network([2, 3, 1])
    found = gad.compare(Beyond([2, 3, 1], np.random.default_rng(1)), None, (X, y))
    assert "There is no gradient for weights[1] and weights[0]" in found.message
    assert f"under dW{numbers[0]} and dW{numbers[1]} belongs to no node" in found.message


def test_an_order_of_its_own_is_told() -> None:
    class Turned(SimpleNeuralNetwork):
        def backward(self, target):
            super().backward(target)
            return self.dW2, self.db2, self.dW1, self.db1

    _, x, target = simple()
    found = gad.compare(Turned(3, 4, 2, np.random.default_rng(7)), None, (x, target))
    assert not found.ok
    assert "Without names they were taken in the order W1, b1, W2 and b2." in found.message


def test_a_name_that_was_assigned_twice_means_what_fits() -> None:
    def f(x):
        u = x**2
        u = np.sin(u)
        return 3 * u

    def backward(factor):
        def passed(x):
            du = 3.0
            return {"x": factor * du * np.cos(x**2) * 2 * x, "u": du}

        return passed

    assert gad.compare(backward(1), f, 1.3).ok
    found = gad.compare(backward(2), f, 1.3)
    assert (found.first, "not the adjoint of u" in found.message) == ("x", False)
    assert gad.compare(lambda x: {"x": 6 * x * np.cos(x**2), "u": 5.0}, f, 1.3).first == "u_2"


# -- objects -------------------------------------------------------------------------------------------


class Swish:
    """A layer without parameters (item 24): nothing in it is a float before it has run."""

    def forward(self, x):
        self.x, self.s = x, 1 / (1 + np.exp(-x))
        return x * self.s

    def backward(self, grad):
        return grad * (self.s + self.x * self.s * (1 - self.s))


class NoSlope(Swish):
    def backward(self, grad):
        return grad * self.s


@pytest.mark.parametrize("f", [None, Swish().forward], ids=["none", "another's"])
def test_a_layer_without_parameters(f) -> None:
    assert gad.compare(Swish(), f, np.array([0.5, -1.0, 2.0])).ok
    assert gad.compare(NoSlope(), f, np.array([0.5, -1.0, 2.0])).first == "x"


def test_a_loss_that_leaves_the_network_out_is_an_error_that_says_what_to_write() -> None:
    class Bare:
        def __init__(self):
            self.w = np.ones(3)

        def forward(self, x):
            self.x, self.y = x, self.w @ x
            return self.y

        def backward(self, target):
            return {"w": 2 * (self.y - target) * self.x}

    net = Bare()
    for f in (None, lambda x, target: (net.forward(x) - target) ** 2):
        with pytest.raises(ArgumentError, match=r"gad\.compare\(net, lambda net, x1, x2: …, inputs\)"):
            gad.compare(net, f, (np.ones(3), 1.0))
    assert gad.compare(net, lambda net, x, target: (net.forward(x) - target) ** 2, (np.ones(3), 1.0)).ok
    with pytest.raises(ArgumentError, match=r"cannot be called with 2 arguments"):
        gad.compare(lambda x: x, lambda x: x**2, (1.0, 2.0))


def test_what_stands_for_the_adjoint_of_the_result_is_told() -> None:
    _, x, _ = simple()
    net = SimpleNeuralNetwork(3, 4, 2, np.random.default_rng(7))
    words = "The argument target of backward was given the adjoint of the result."
    assert words in gad.compare(net, SimpleNeuralNetwork.forward, x).message
    for backward in (lambda x, dy: dy, lambda x, g: g, lambda x, upstream: upstream):
        assert "was given" not in gad.compare(backward, lambda x: x**2, np.ones(3)).message


# -- words ---------------------------------------------------------------------------------------------


def test_how_to_leave_data_out() -> None:
    def loss(w, x, t):
        return (w * x - t) ** 2

    found = gad.compare(lambda w, x, t: {"w": 2 * (w * x - t) * x}, loss, (2.0, 3.0, 1.0))
    assert "There is no gradient for" in found.message
    assert "name them: wrt=['w']." in found.message
    assert "wrt=" not in gad.compare(lambda w, x, t: {"w": 1.0}, loss, (2.0, 3.0, 1.0), wrt=["w", "x"]).message
    assert gad.compare(lambda w, x, t: {"w": 2 * (w * x - t) * x}, loss, (2.0, 3.0, 1.0), wrt=["w"]).ok


def test_one_factor_between_all_entries_is_told() -> None:
    found = gad.compare(lambda x: 6 * x**2, lambda x: np.sum(x**3), np.array([1.0, 2.0, -1.0]))
    assert "Every entry is off, 2 times the graph's; at [1] you have 24, the graph has 12." in found.message
    assert "times" not in gad.compare(lambda x: 3 * x**2 + 1, lambda x: np.sum(x**3), np.arange(3.0)).message
    assert "You have 2, the graph has 3." in gad.compare(lambda x: 2 * x, lambda x: np.sum(x**3), np.ones(1)).message


def test_a_mean_of_logarithms_has_a_scale_too() -> None:
    x = np.array([0.5, 1.0, 2.0, 4.0])
    found = gad.compare(lambda x: -1 / x, lambda x: -np.mean(np.log(x)), x)
    assert found.misconception == "M11"
    assert gad.compare(lambda x: 1 / x / x.size, lambda x: -np.mean(np.log(x)), x).misconception == "sign"


def test_what_square_matrices_hide_is_shown_in_other_sizes() -> None:  # E10, with a second slip beside it
    def scores(Q, K):
        S = Q @ K.T / np.sqrt(K.shape[1])
        return S

    def backward(Q, K, dS):
        return dS @ K.T, dS.T @ Q / np.sqrt(K.shape[1])

    rng = np.random.default_rng(0)
    found = gad.compare(backward, scores, (rng.normal(size=(3, 3)), rng.normal(size=(3, 3))))
    assert (found.first, found.misconception) == ("Q", "M7")
    assert "shapes show it: backward raised ValueError" in found.message
    alone = gad.compare(backward, scores, (rng.normal(size=(3, 3)), rng.normal(size=(3, 3))), shapes="as given")
    assert alone.misconception is None


def test_no_row_no_table() -> None:
    found = gad.compare(lambda x: None, lambda x: x**2, 3.0)
    assert "<table>" not in found._repr_html_()
