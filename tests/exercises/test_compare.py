"""Backward passes written by hand against the graph: what is right passes, what is wrong is found and named."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.draws import Draws, redrawn
from tests.core.test_curriculum_networks import NeuralNetwork, SimpleNeuralNetwork, network, simple

RNG = np.random.default_rng(0)
SHAPES = {"X": ("B", "n"), "W": ("m", "n"), "b": ("m",), "T": ("B", "m")}
SQUARE = {"X": RNG.normal(size=(3, 3)), "W": RNG.normal(size=(3, 3)), "b": RNG.normal(size=3), "T": np.zeros((3, 3))}


def loss(X, W, b, T):
    Y = X @ W.T + b
    L = np.sum((Y - T) ** 2)
    return L


def gradients(X, W, b, T):
    dY = 2 * (X @ W.T + b - T)
    return {"X": dY @ W, "W": dY.T @ X, "b": dY.sum(axis=0), "T": -dY}


def but(**wrong: Any) -> Any:
    """The right backward pass but for some gradients, each a function of dY and the arguments."""

    def backward(X, W, b, T):
        dY = 2 * (X @ W.T + b - T)
        return gradients(X, W, b, T) | {name: make(dY, X, W, b) for name, make in wrong.items()}

    return backward


# -- forms ------------------------------------------------------------------------------------------


class Gradients(NamedTuple):
    X: Any
    W: Any
    b: Any
    T: Any


def as_object(X, W, b, T):
    class Kept:
        pass

    kept = Kept()
    for name, value in gradients(X, W, b, T).items():
        setattr(kept, f"d{name}", value)
    return kept


@pytest.mark.parametrize(
    "backward",
    [
        gradients,
        lambda X, W, b, T: {f"d{name}": value for name, value in gradients(X, W, b, T).items()},
        lambda X, W, b, T: {f"grad_{name}": value.tolist() for name, value in gradients(X, W, b, T).items()},
        lambda X, W, b, T: {f"{name}_bar": value for name, value in gradients(X, W, b, T).items()},
        lambda X, W, b, T: tuple(gradients(X, W, b, T).values()),
        lambda X, W, b, T: list(gradients(X, W, b, T).values()),
        lambda X, W, b, T: Gradients(**gradients(X, W, b, T)),
        lambda X, W, b, T: (loss(X, W, b, T), gradients(X, W, b, T)),
        lambda T, b, W, X: gradients(X, W, b, T),  # arguments by name
        lambda one, two, three, four: gradients(one, two, three, four),
        lambda *args: gradients(*args),
        as_object,
    ],
    ids=["names", "dW", "grad_W", "W_bar", "tuple", "list", "named", "value", "turned", "others", "star", "object"],
)
def test_gradients_in_every_form(backward) -> None:
    found = gad.compare(backward, loss, SQUARE, seeds=1)
    assert found.ok, found.message
    assert {row.name for row in found.table} == set(SQUARE)


def test_one_argument_and_one_gradient() -> None:
    assert gad.compare(lambda x: 6 * x * (x**2 + 1) ** 2, lambda x: (x**2 + 1) ** 3, 3.0)
    assert gad.compare(lambda x: [2.0 * one for one in x], lambda x: np.sum(x**2), np.array([1.0, 2.0]))


def test_of_an_array_the_derivative_entry_by_entry() -> None:
    assert gad.compare(lambda x: 1 - np.tanh(x) ** 2, np.tanh, np.array([0.5, -1.0]))
    assert not gad.compare(lambda x: 1 - np.tanh(x), np.tanh, np.array([0.5, -1.0]))


@pytest.mark.parametrize(
    "backward", [lambda grad_output, x, W: (grad_output @ W, grad_output.T @ x), lambda x, W, g: (g @ W, g.T @ x)]
)
def test_a_layer_takes_the_adjoint_of_its_result(backward) -> None:
    shapes = {"x": ("B", "n"), "W": ("m", "n")}
    assert gad.compare(backward, lambda x, W: x @ W.T, shapes=shapes).ok
    assert not gad.compare(lambda x, W, g: (W[:1] + 0 * x, 0 * W), lambda x, W: x @ W.T, shapes=shapes).ok


def test_adjoints_of_other_nodes_are_compared_too() -> None:
    def backward(X, W, b, T):
        dY = 2 * (X @ W.T + b - T)
        return gradients(X, W, b, T) | {"Y": dY + 1, "nothing": 3}

    found = gad.compare(backward, loss, shapes=SHAPES)
    assert (found.ok, found.first) == (False, "Y")
    found = gad.compare(lambda **_: None, loss, shapes=SHAPES)
    assert not found.ok
    found = gad.compare(lambda X, W, b, T: gradients(X, W, b, T) | {"nothing": 3}, loss, shapes=SHAPES)
    assert found.ok
    assert "Not compared, since no node is called so: nothing." in found.message


def test_data_handed_over_as_a_constant_is_asked_for_no_gradient() -> None:
    def loss(w, x):
        return np.mean((x @ w) ** 2)

    x = np.arange(15.0).reshape(5, 3) / 7
    for inputs in ((np.ones(3), gad.constant(x)), {"w": np.ones(3), "x": gad.constant(x)}):
        assert gad.compare(lambda w, x: 2 * x.T @ (x @ w) / len(x), loss, inputs).ok
        found = gad.compare(lambda w, x: 2 * x.T @ (x @ w), loss, inputs)
        assert (found.ok, found.first) == (False, "w")


def test_nested_arguments() -> None:
    def f(x, params):
        h = np.tanh(params["W1"] @ x)
        return np.sum(params["W2"] @ h)

    def backward(x, params):
        h = np.tanh(params["W1"] @ x)
        dh = params["W2"].sum(axis=0)
        dz = dh * (1 - h**2)
        return {"x": params["W1"].T @ dz, "params": {"W1": np.outer(dz, x), "W2": np.tile(h, (2, 1))}}

    params = {"W1": RNG.normal(size=(4, 3)), "W2": RNG.normal(size=(2, 4))}
    found = gad.compare(lambda x, params: backward(x, params) | {"x": 0 * x}, f, (np.ones(3), params), wrt=["W1", "W2"])
    assert (found.ok, found.first) == (False, "x")  # what comes back is compared, asked for or not
    fixed = {"W1": params["W1"], "W2": params["W2"]}
    found = gad.compare(backward, f, (np.ones(3), fixed), shapes="as given")
    assert found.ok, found.message


# -- the curriculum's networks (items 7 and 36), and its practice (23 to 26) --------------------------


def test_the_simple_network() -> None:
    net, x, target = simple()
    before = {name: value.copy() for name, value in vars(net).items()}
    for found in (
        gad.compare(net, None, (x, target)),
        gad.compare(net, net.loss, {"x": x, "target": target}),
        gad.compare(net.backward, net.loss, (x, target)),
        gad.compare(SimpleNeuralNetwork.backward, SimpleNeuralNetwork.loss, (net, x, target)),
    ):
        assert found.ok, found.message
        assert [row.name for row in found.table] == ["b2", "W2", "b1", "W1"]
        assert any(case.moved for case in found.cases)
    assert vars(net).keys() == before.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(net, name), value)


@pytest.mark.parametrize("sizes", [[2, 3, 1], [2, 4, 4, 1]])
def test_the_network_of_lists(sizes) -> None:
    net, X, y = network(sizes)
    found = gad.compare(net, None, (X, y))
    assert found.ok, found.message
    assert len(found.table) == 2 * (len(sizes) - 1)


class Unsummed(NeuralNetwork):
    def backward(self, y):
        dWs, dbs = super().backward(y)
        return dWs, [db * y.shape[1] for db in dbs]


def test_a_missing_scale_in_the_network() -> None:
    _, X, y = network([2, 3, 1], samples=6)
    other = Unsummed([2, 3, 1], np.random.default_rng(1))
    found = gad.compare(other, None, (X, y))
    assert (found.ok, found.first) == (False, "biases[1]")


class NoFirst(SimpleNeuralNetwork):
    def backward(self, target):
        dy = 2 * (self.y - target)
        self.dW2, self.db2 = np.outer(dy, self.h), dy
        self.db1 = self.W2.T @ dy * self.h * (1 - self.h)


class Transposed(SimpleNeuralNetwork):
    def backward(self, target):
        dy = 2 * (self.y - target)
        dz = (self.W2 @ dy) * self.h * (1 - self.h)
        return {"W2": np.outer(dy, self.h), "b2": dy, "W1": np.outer(dz, self.x), "b1": dz}


def test_a_gradient_that_is_missing_is_told() -> None:
    _, x, target = simple()
    found = gad.compare(NoFirst(3, 4, 2, np.random.default_rng(7)), None, (x, target))
    assert (found.ok, found.first) == (False, "W1")
    assert "There is no gradient for W1" in found.message


def test_a_factor_without_its_transpose_in_a_square_network() -> None:
    found = gad.compare(Transposed(3, 3, 3, np.random.default_rng(7)), None, (np.ones(3), np.zeros(3)))
    assert (found.ok, found.first) == (False, "b1")
    assert found.misconception == "M7"


class AtOutput(SimpleNeuralNetwork):
    """The derivative of the sigmoid is taken at h instead of z1 (E14)."""

    def backward(self, target):
        dy = 2 * (self.y - target)
        dh = self.W2.T @ dy
        dz1 = dh * self.sigmoid(self.h) * (1 - self.sigmoid(self.h))
        return {"W2": np.outer(dy, self.h), "b2": dy, "W1": np.outer(dz1, self.x), "b1": dz1}


class LeftOut(SimpleNeuralNetwork):
    """The derivative of the sigmoid is left out."""

    def backward(self, target):
        dy = 2 * (self.y - target)
        dh = self.W2.T @ dy
        return {"W2": np.outer(dy, self.h), "b2": dy, "W1": np.outer(dh, self.x), "b1": dh}


@pytest.mark.parametrize(("kind", "code"), [(AtOutput, "at output"), (LeftOut, "M6")])
def test_one_slip_that_explains_all_gradients(kind, code) -> None:
    _, x, target = simple()
    found = gad.compare(kind(3, 4, 2, np.random.default_rng(7)), None, (x, target))
    assert (found.first, found.misconception) == ("b1", code), found.message
    assert "It goes wrong between h and z1." in found.message


def test_a_contribution_that_is_left_out_on_the_way() -> None:
    def f(x):
        u = x**2
        v = np.sin(u)
        y = v * u
        return y

    def backward(x):
        u = x**2
        du = np.sin(u)  # without what v sends back
        return {"x": du * 2 * x, "v": u}

    found = gad.compare(backward, f, 1.3)
    assert (found.first, found.misconception) == ("x", "M1"), found.message


def test_the_students_own_variables_show_where_it_begins() -> None:
    _, x, target = simple()
    found = gad.compare(AtOutput(3, 4, 2, np.random.default_rng(7)), None, (x, target))
    assert "Among your variables dh is right, and dz1 is not the adjoint of z1." in found.message

    class Scaled(AtOutput):  # 1/2 of every adjoint: a factor may come later
        def backward(self, target):
            dy = self.y - target
            dz1 = self.W2.T @ dy * self.h * (1 - self.h)
            return {"W2": np.outer(dy, self.h), "b2": dy, "W1": np.outer(dz1, self.x), "b1": dz1}

    class Reused(AtOutput):  # what a name means at the end it need not have meant before
        def backward(self, target):
            dh = 2 * (self.y - target)
            W2, b2 = np.outer(dh, self.h), -dh
            dh = self.W2.T @ dh
            for dz1 in (dh * self.h * (1 - self.h), 3 + dh):
                W1 = np.outer(dz1, self.x)
            dh = dz1 = 7 + dz1
            return {"W2": W2, "b2": b2, "W1": W1, "b1": dh}

    for kind in (Scaled, Reused):
        found = gad.compare(kind(3, 4, 2, np.random.default_rng(7)), None, (x, target))
        assert found.first == "b2"
        assert "Among your variables" not in found.message


def test_an_activation_with_its_derivative() -> None:  # item 24
    def swish(x):
        return x / (1 + np.exp(-x))

    def slope(x):
        s = 1 / (1 + np.exp(-x))
        return s + x * s * (1 - s)

    assert gad.compare(slope, swish, np.linspace(-2.0, 2.0, 5))
    assert not gad.compare(lambda x: 1 / (1 + np.exp(-x)), swish, np.linspace(-2.0, 2.0, 5))


class Convolution:
    """A layer of a small convolutional net (item 26): forward keeps what backward reads."""

    def __init__(self, size: int) -> None:
        self.k = np.random.default_rng(0).normal(size=(size, size))

    def forward(self, x):
        n, (h, w) = self.k.shape[0], x.shape
        m = self.k.shape[1]
        self.x = x
        return sum(self.k[i, j] * x[i : h - n + 1 + i, j : w - m + 1 + j] for i in range(n) for j in range(m))

    def backward(self, dout):
        dx, dk = np.zeros_like(self.x), np.zeros_like(self.k)
        h, w = dout.shape
        for i in range(self.k.shape[0]):
            for j in range(self.k.shape[1]):
                dk[i, j] = np.sum(dout * self.x[i : i + h, j : j + w])
                dx[i : i + h, j : j + w] += self.k[i, j] * dout
        self.dk = dk
        return {"x": dx}


class Flipped(Convolution):
    def backward(self, dout):
        found = super().backward(dout)
        self.dk = self.dk[::-1, ::-1]
        return found


def test_a_convolution_layer() -> None:
    found = gad.compare(Convolution(3), None, np.random.default_rng(1).normal(size=(5, 5)))
    assert found.ok, found.message
    assert {row.name for row in found.table} == {"k", "x"}
    moved = [case for case in found.cases if case.moved]
    assert moved
    assert all(case.row("k").right_shape[0] != case.row("k").right_shape[1] for case in moved)
    assert gad.compare(Flipped(3), None, np.random.default_rng(1).normal(size=(5, 5))).first == "k"


# -- what is wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backward", "first", "code"),
    [
        (but(b=lambda dY, X, W, b: dY), "b", "M8"),
        (but(W=lambda dY, X, W, b: X.T @ dY), "W", "M7"),
        (but(b=lambda dY, X, W, b: -dY.sum(axis=0)), "b", "sign"),
        (but(b=lambda dY, X, W, b: dY.sum(axis=1)), "b", "M8"),
        (but(X=lambda dY, X, W, b: None), "X", None),
        (but(W=lambda dY, X, W, b: "W"), "W", None),
        (but(W=lambda dY, X, W, b: dY.T @ X / 2), "W", "M11"),
        (but(W=lambda dY, X, W, b: dY.T @ X * np.nan), "W", None),
    ],
    ids=["broadcast", "transpose", "sign", "axis", "missing", "text", "scale", "nan"],
)
def test_the_first_wrong_node_and_its_mistake(backward, first, code) -> None:
    found = gad.compare(backward, loss, SQUARE)
    assert (found.ok, found.first, found.misconception) == (False, first, code), found.message
    assert first in found.message


def test_draws_tell_apart_what_collides_at_the_inputs() -> None:
    def f(x):
        return (x**2 + 1) ** 3

    def backward(x):  # without 2x; at 1 this is also 3 (2x)²
        return 3 * (x**2 + 1) ** 2

    at_one = gad.compare(backward, f, 1.0, shapes="as given")
    assert at_one.misconception is None
    assert "Two mistakes give these numbers" in at_one.message
    assert gad.compare(backward, f, 1.0).misconception == "M6"


def test_the_first_wrong_node_is_the_first_on_the_way_back() -> None:
    found = gad.compare(but(W=lambda dY, X, W, b: X.T @ dY, b=lambda dY, X, W, b: 2 * dY.sum(axis=0)), loss, SQUARE)
    assert found.first == "b"
    assert [row.status for row in found.table] == ["right", "wrong", "right", "wrong"]


def test_square_matrices_that_hide_a_transpose() -> None:
    # X Xᵀ is symmetric, and so is what comes back to a matrix of ones: all agrees, with square matrices
    inputs = {"A": np.ones((3, 3)), "B": np.ones((3, 3))}

    def backward(A, B):
        G = np.ones((A.shape[0], B.shape[1]))
        return {"A": G @ B, "B": A @ G}

    def f(A, B):
        return np.sum(A @ B)

    as_given = gad.compare(backward, f, inputs, shapes="as given")
    assert as_given.ok
    assert "A and B are square here" in as_given.message
    found = gad.compare(backward, f, inputs)
    assert not found.ok
    assert found.misconception == "M7"
    assert "At your inputs all is right" in found.message


def test_sizes_that_are_equal_by_chance_are_what_hides_it() -> None:
    def wrong_axis(X):
        return {"X": np.ones_like(X) * X.shape[1]}

    def f(X):
        return X.shape[0] * np.sum(X)

    found = gad.compare(wrong_axis, f, {"X": np.ones((4, 4))})
    assert not found.ok
    assert "equal by chance" in found.message


def test_a_square_matrix_with_wrong_numbers_asks_for_other_sizes() -> None:
    found = gad.compare(but(W=lambda dY, X, W, b: X.T @ dY), loss, SQUARE, shapes="as given")
    assert found.misconception == "M7"
    assert "Because 3 = 3 the shapes agree all the same: look at it with 3×4." in found.message


# -- errors in a student's code -----------------------------------------------------------------------


def test_an_error_is_shown_with_its_line() -> None:
    def backward(X, W, b, T):
        dW = X @ np.ones(99)
        return dW

    found = gad.compare(backward, loss, SQUARE)
    assert (found.ok, found.first) == (False, None)
    assert "backward raised ValueError at line" in found.message
    assert "`dW = X @ np.ones(99)`" in found.message


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda X, W, b, T: None, "returned None"),
        (lambda X, W, b, T: sys.exit(0), "raised sys.exit"),
        (lambda X, W, b, T: (X, W), "2 came back, and 4 gradients are asked for"),
        (lambda X, W, b, T: X, "One array came back"),
        (lambda X, W, b, T: object(), "What came back is"),
        (lambda X, W, b, T, U, V: X, "asks for X, W, b, T, U, V"),
        (lambda X, W, b, T: {}, "There is no gradient for T, b, X and W"),
    ],
    ids=["None", "exit", "two", "one", "object", "arguments", "empty"],
)
def test_what_a_backward_pass_gives_instead(backward, words) -> None:
    found = gad.compare(backward, loss, SQUARE)
    assert not found.ok
    assert words in found.message


def test_inputs_that_are_written_into_do_no_harm() -> None:
    def backward(X, W, b, T):
        found = gradients(X, W, b, T)
        X *= 0
        W[:] = 7
        return found

    before = {name: value.copy() for name, value in SQUARE.items()}
    assert gad.compare(backward, loss, SQUARE).ok
    for name, value in before.items():
        np.testing.assert_array_equal(SQUARE[name], value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shapes": "square"}, "unknown shapes: 'square'"),
        ({"seeds": -1}, "seeds=-1"),
        ({"seeds": 0, "inputs": None}, "nothing to compare"),
        ({"wrt": ["Z"]}, "wrt has 'Z'"),
        ({"inputs": {"Z": 1.0}}, "has no argument 'Z'"),
        ({"inputs": {"X": 1.0}}, "inputs lack W, b and T"),
        ({"inputs": None, "shapes": {"X": -1}}, "a shape is a tuple"),
    ],
    ids=str,
)
def test_options_that_cannot_be(options, words) -> None:
    with pytest.raises(ArgumentError, match=words.replace("'", ".")):
        gad.compare(gradients, loss, **({"inputs": SQUARE} | options))


@pytest.mark.parametrize("backward", [SimpleNeuralNetwork, 3, "backward"])
def test_what_is_no_backward_pass(backward) -> None:
    with pytest.raises(ArgumentError):
        gad.compare(backward, loss, SQUARE)


# -- sizes and numbers ------------------------------------------------------------------------------------


def blocks(f: Any, *args: Any) -> set[frozenset[tuple[int, int]]]:
    return {frozenset(block) for block in Draws(f, args).blocks}


def test_axes_that_are_one_dimension_are_found() -> None:
    found = blocks(loss, *SQUARE.values())  # X (B, n), W (m, n), b (m,), T (B, m), all of them 3
    assert found == {
        frozenset({(0, 0), (3, 0)}), frozenset({(0, 1), (1, 1)}), frozenset({(1, 0), (2, 0), (3, 1)})
    }  # fmt: skip
    assert blocks(lambda A: np.trace(A @ A), np.ones((3, 3))) == {frozenset({(0, 0), (0, 1)})}
    fixed = np.ones((3, 4))
    assert blocks(lambda x: np.sum(fixed @ x), np.ones((4, 4))) == {frozenset({(0, 1)})}
    assert blocks(lambda x, b: np.sum(x + b), np.ones((3, 4)), np.ones((3, 1))) == {
        frozenset({(0, 0), (1, 0)}), frozenset({(0, 1)})
    }  # fmt: skip


def test_sizes_differ_and_what_was_larger_stays_larger() -> None:
    draws = Draws(loss, tuple(SQUARE.values()))
    for seed in range(20):
        sizes = draws.sizes(np.random.default_rng(seed))
        assert len(set(sizes.values())) == 3
        assert not draws.square(sizes)
    draws = Draws(lambda x, k: np.sum(np.convolve(x, k, "valid")), (np.ones(9), np.ones(3)))
    for seed in range(20):
        sizes = draws.sizes(np.random.default_rng(seed))
        assert sizes[0, 0] > sizes[1, 0] > 1


def test_drawn_numbers_are_of_the_same_kind() -> None:
    rng = np.random.default_rng(0)
    assert set(redrawn(np.array([0.0, 1.0, 1.0]), (50,), rng)) == {0.0, 1.0}
    assert set(redrawn(np.array([2, 5]), (50,), rng)) == {2, 5}
    assert (redrawn(np.array([1.0, 200.0]), (50,), rng) > 0).all()
    share = redrawn(np.array([0.2, 0.9]), (50,), rng)
    assert ((share > 0) & (share < 1)).all()
    assert redrawn(np.zeros(3, np.float32), (50,), rng).dtype == np.float32
    assert redrawn(np.zeros(3), (50,), rng).min() < 0
    assert type(redrawn(2.0, (), rng)) is float


def test_shapes_from_names_alone() -> None:
    found = gad.compare(gradients, loss)
    assert found.ok, found.message
    assert all(case.moved for case in found.cases)
    with pytest.raises(ArgumentError, match="no shapes were found"):
        gad.compare(gradients, lambda X: X @ np.ones((7, 8, 9)))


def test_the_table_is_escaped() -> None:
    found = gad.compare(lambda x: {"x": 3.0}, lambda x: x**2, 3.0)
    assert ">x</td>" in found._repr_html_()
    found = gad.compare(lambda x: {"x": 3.0, "<b>": 3}, lambda x: x**2, 3.0)
    assert "<b>" not in found._repr_html_()


def test_a_backward_pass_written_for_a_batch_is_compared_with_batches() -> None:
    """The function alone would run with a single row, too."""

    def loss(x, W, b):
        return np.sum((x @ W + b) ** 2)

    def backward(x, W, b):
        adjoint = 2 * (x @ W + b)
        return adjoint @ W.T, x.T @ adjoint, adjoint.sum(0)

    gad.assert_backward(backward, loss)
    with pytest.raises(AssertionError, match="b was broadcast to"):
        gad.assert_backward(lambda x, W, b: (*backward(x, W, b)[:2], 2 * (x @ W + b)), loss)
    with pytest.raises(AssertionError, match="raised TypeError"):  # what fits nowhere is told where it was tried first
        gad.assert_backward(lambda x, W, b: (x + None, W, b), loss)
