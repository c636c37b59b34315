"""Optimisers: their recurrences written out, nested parameters, dtypes, clipping, an update that is traced."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn

GRADIENTS = [np.array([1.0, -2.0]), np.array([0.5, 3.0]), np.array([-1.0, 0.0])]
START = np.array([10.0, 20.0])


def run(step, **options):
    params, state = START, None
    for gradient in GRADIENTS:
        params, state = step(params, gradient, state, **options)
    return params, state


def test_plain_gradient_descent() -> None:
    params, _ = run(nn.sgd, lr=0.1)
    np.testing.assert_allclose(params, START - 0.1 * sum(GRADIENTS))


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum(nesterov: bool) -> None:
    params, state = run(nn.sgd, lr=0.1, momentum=0.9, nesterov=nesterov)
    expected, u = START.copy(), np.zeros(2)
    for gradient in GRADIENTS:
        u = 0.9 * u + gradient
        expected -= 0.1 * (0.9 * u + gradient if nesterov else u)
    np.testing.assert_allclose(params, expected)
    np.testing.assert_allclose(state, u)


def test_adam_by_hand() -> None:
    params, state = run(nn.adam, lr=0.1, beta1=0.8, beta2=0.9, eps=0.01)
    expected, m, v = START.copy(), np.zeros(2), np.zeros(2)
    for t, gradient in enumerate(GRADIENTS, 1):
        m, v = 0.8 * m + 0.2 * gradient, 0.9 * v + 0.1 * gradient**2
        expected -= 0.1 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.9**t)) + 0.01)
    np.testing.assert_allclose(params, expected)
    assert state["t"] == 3
    np.testing.assert_allclose(state["m"], m)
    np.testing.assert_allclose(state["v"], v)


def test_the_first_step_of_adam_is_the_sign_of_the_gradient() -> None:
    gradient = np.array([1e-3, -5.0, 1e6, 0.0])
    params, _ = nn.adam(np.zeros(4), gradient, lr=0.01)
    np.testing.assert_allclose(params, [-0.01, 0.01, -0.01, 0], rtol=1e-4)


@pytest.mark.parametrize(
    "step",
    [lambda *a: nn.sgd(*a, lr=0.1), lambda *a: nn.sgd(*a, lr=0.02, momentum=0.9), lambda *a: nn.adam(*a, lr=0.3)],
)
def test_training_reaches_the_bottom(step) -> None:
    """A linear model of two weights and a bias, from data that it can fit exactly."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 2))
    y = x @ np.array([[2.0], [-3.0]]) + 0.5
    params, state = {"W": np.zeros((1, 2)), "b": np.zeros(1)}, None

    def loss(params):
        return nn.mse(nn.linear(x, params["W"], params["b"]), y)

    for _ in range(300):
        params, state = step(params, gad.grad(loss)(params), state)
    np.testing.assert_allclose(params["W"], [[2, -3]], atol=1e-3)
    np.testing.assert_allclose(params["b"], [0.5], atol=1e-3)


# -- structures ---------------------------------------------------------------------------------


class Dense(NamedTuple):
    W: np.ndarray
    b: float


def nested() -> dict:
    return {
        "layers": [Dense(np.ones((2, 3)), 0.5), Dense(np.ones((1, 2), np.float32), -0.5)],
        "depth": 2,
        "name": "net",
    }


STEPS = [lambda *a: nn.sgd(*a, lr=0.1, momentum=0.9), lambda *a: nn.adam(*a, lr=0.1)]


@pytest.mark.parametrize("step", STEPS)
def test_nested_parameters_keep_structure_and_dtype(step) -> None:
    params = nested()

    def loss(params):
        return sum(np.sum(layer.W**2) + layer.b**2 for layer in params["layers"])

    gradients = gad.grad(loss)(params)
    new, state = step(params, gradients)
    new, state = step(new, gradients, state)
    assert new["depth"] == 2
    assert new["name"] == "net"
    assert type(new["layers"][0]) is Dense
    assert new["layers"][1].W.dtype == np.float32
    assert np.all(new["layers"][0].W < 1)
    assert new["layers"][1].b > -0.5
    np.testing.assert_array_equal(params["layers"][0].W, np.ones((2, 3)))  # nothing in place


def test_objects_are_copied_not_changed() -> None:
    class Net:
        def __init__(self) -> None:
            self.W = np.array([3.0])

    net = Net()
    gradient = gad.grad(lambda net: np.sum(net.W**2))(net)
    new, _ = nn.sgd(net, gradient, lr=0.5)
    assert (net.W[0], new.W[0]) == (3.0, 0.0)


@pytest.mark.parametrize("step", [*STEPS, lambda *a: nn.sgd(*a, lr=0.1)])
def test_python_floats_and_float32(step) -> None:
    assert step(1.0, 2.0)[0] < 1.0
    params, state = step(np.ones(2, np.float32), np.ones(2, np.float32))
    params, state = step(params, np.ones(2, np.float32), state)
    assert params.dtype == np.float32


@pytest.mark.parametrize("step", [*STEPS, lambda *a: nn.sgd(*a, lr=0.1)])
def test_a_python_float_stays_one(step) -> None:
    params, state = {"w": 1.0, "v": np.float64(2.0), "u": np.float32(3.0)}, None
    for _ in range(3):
        params, state = step(params, {"w": np.float64(2.0), "v": 1.0, "u": np.float32(1.0)}, state)
        assert [type(value) for value in params.values()] == [float, np.float64, np.float32]
    assert type(nn.clip_by_global_norm(3.0, 1.0)[0]) is float


@pytest.mark.parametrize("step", STEPS)
def test_single_ints_are_settings_and_stay(step) -> None:
    params = {"w": np.ones(2), "depth": 2, "width": np.int64(3), "size": np.array(4)}
    gradients = gad.grad(lambda params: np.sum(params["w"] ** 2))(params)
    new, state = step(params, gradients)
    new, _ = step(new, gradients, state)
    assert (new["depth"], new["width"], new["size"]) == (2, 3, 4)
    assert np.all(new["w"] < 1)


@pytest.mark.parametrize("options", [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
def test_gradients_given_as_ints_have_momentum_too(options) -> None:
    ends = []
    for kind in (int, float):
        params, state = np.ones(2), None
        for _ in range(3):
            params, state = nn.sgd(params, np.array([1, 2], kind), state, lr=0.125, **options)
        ends.append(params)
    np.testing.assert_array_equal(*ends)


def test_gradients_given_as_ints_are_averaged_too() -> None:
    _, state = nn.adam(np.ones(2), np.array([5, -5]), beta1=0.5)
    np.testing.assert_array_equal(state["m"], [2.5, -2.5])


def test_an_update_can_be_traced() -> None:
    """The loss after one step, by the learning rate: −∇L(w − lr ∇L(w)) · ∇L(w), for L = w² at 3: −(6 − 12 lr) 6."""

    def after(lr):
        params = {"w": np.array([3.0])}
        new, _ = nn.sgd(params, gad.grad(lambda p: np.sum(p["w"] ** 2))(params), lr=lr)
        return np.sum(new["w"] ** 2)

    assert gad.grad(after)(0.1) == pytest.approx(-(6 - 12 * 0.1) * 6)

    def unrolled(w):
        params, state = w, None
        for _ in range(3):
            params, state = nn.adam(params, 2 * params, state, lr=0.1)
        return np.sum(params)

    x = np.array([3.0])
    h = 1e-6
    assert gad.grad(unrolled)(x)[0] == pytest.approx((unrolled(x + h) - unrolled(x - h)) / (2 * h), rel=1e-6)


# -- clipping -----------------------------------------------------------------------------------


def test_clipping_shortens_all_gradients_by_one_factor() -> None:
    gradients = {"W": np.array([[3.0, 0.0], [0.0, 4.0]]), "b": [np.array([12.0]), None], "steps": 4}
    clipped, norm = nn.clip_by_global_norm(gradients, 1.0)
    assert norm == 13.0
    np.testing.assert_allclose(clipped["W"], gradients["W"] / 13)
    np.testing.assert_allclose(clipped["b"][0], [12 / 13])
    assert clipped["b"][1] is None
    assert clipped["steps"] == 4
    _, after = nn.clip_by_global_norm(clipped, 1.0)
    assert after == pytest.approx(1.0, rel=1e-15)


def test_short_gradients_stay_as_they_are() -> None:
    gradients = {"w": np.array([0.3, 0.4])}
    clipped, norm = nn.clip_by_global_norm(gradients, 1.0)
    assert clipped is gradients
    assert norm == pytest.approx(0.5)
    assert nn.clip_by_global_norm({"w": np.zeros(3)}, 1.0)[1] == 0
    assert nn.clip_by_global_norm({"w": np.array([3.0, 4.0], np.float32)}, 1.0)[0]["w"].dtype == np.float32


# -- what is refused ----------------------------------------------------------------------------


W = {"W": np.ones(2)}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: nn.sgd({"W": np.ones(2)}, {"V": np.ones(2)}, lr=0.1),
            r"W has shape \(2,\) in params and nothing in gr",
        ),
        (lambda: nn.sgd({"W": np.ones(2)}, {"W": None}, lr=0.1), r"W has .* in params and nothing in grads at line"),
        (lambda: nn.sgd(W, W | {"V": np.ones(3)}, lr=0.1), r"V has shape \(3,\) in grads and nothing in params"),
        (lambda: nn.adam(W, W | {"V": np.ones(3)}), r"V has shape \(3,\) in grads and nothing in params"),
        (lambda: nn.sgd(W, W | {"V": np.arange(3)}, lr=0.1), r"V has shape \(3,\) in grads and nothing in params"),
        (lambda: nn.sgd(W | {"n": 1}, W | {"n": 1.0}, lr=0.1), r"n has shape \(\) in grads and no float in params"),
        (lambda: nn.sgd(W, W, {"W": np.ones(3)}, lr=0.1), r"in params and shape \(3,\) in state"),
        (lambda: nn.sgd(W, W, {"W": np.ones(2), "V": 1.0}, lr=0.1), r"V has shape \(\) in state and nothing in params"),
        (lambda: nn.adam(W, W, {"t": 1, "m": W, "v": {}}), r"W has shape \(2,\) in params and nothing in state\['v'\]"),
        (lambda: nn.adam(W, W, {"t": 1, "m": 1.0, "v": W}), r"nothing in state\['m'\]"),
        (lambda: nn.adam(1.0, 1.0, {"w": 1}), r"a dict with the keys \['w'\].*'t': steps done.*None for the first"),
        (lambda: nn.adam(1.0, 1.0, (1, 2.0)), r"state is a tuple at line"),
        (lambda: nn.sgd({"b": np.arange(3)}, {"b": None}, lr=0.1), r"^b holds ints and gets no.*b.astype\(float\)"),
        (lambda: nn.adam(np.arange(3), np.ones(3)), r"^params holds ints .* write params.astype\(float\)"),
        (lambda: nn.clip_by_global_norm([np.array([3, 4])], 1.0), r"\[0\] holds ints and would not be clipped"),
        (lambda: nn.sgd(np.ones((2, 1)), np.ones(2), lr=0.1), r"the array has shape \(2, 1\).*shape \(2,\)"),
        (lambda: nn.adam([np.ones(2)], [np.ones(3)], lr=0.1), r"\[0\] has shape \(2,\)"),
        (lambda: nn.sgd(1.0, 1.0, lr=0.1, nesterov=True), r"needs momentum"),
        (lambda: nn.clip_by_global_norm(np.ones(2), 0.0), r"max_norm=0.0"),
        (lambda: nn.clip_by_global_norm(np.ones(2), math.nan), r"max_norm=nan"),
        (lambda: nn.clip_by_global_norm(np.array([1.0, math.nan]), 1.0), r"norm nan"),
        (lambda: nn.clip_by_global_norm(np.array([1.0, math.inf]), 1.0), r"norm inf"),
    ],
)
def test_what_is_refused(call, words: str) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()
