"""Recurrent layers against backpropagation through time written by hand: tied weights sum their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn

T, N, D, H = 4, 2, 3, 2


def sigma(a):
    return 1 / (1 + np.exp(-a))


def draw(gates: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(gates)
    shapes = {"x": (T, N, D), "h": (N, H), "c": (N, H), "W_x": (gates * H, D), "W_h": (gates * H, H), "b": (gates * H,)}
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return arrays | {"seed": rng.normal(size=(T, N, H))}


def gradients(function, arrays, names):
    def loss(*inputs):
        return np.sum(arrays["seed"] * function(*inputs))

    return dict(zip(names, gad.grad(loss, tuple(range(len(names))))(*(arrays[name] for name in names)), strict=True))


def zeros_for(arrays, names):
    return {name: np.zeros_like(arrays[name]) for name in names}


def assert_same(found, expected) -> None:
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-11, atol=1e-13, err_msg=name)


def test_rnn_by_hand() -> None:
    names = ["x", "h", "W_x", "W_h", "b"]
    given = draw(1)
    x, W_x, W_h, b = given["x"], given["W_x"], given["W_h"], given["b"]
    states = [given["h"]]
    for t in range(T):
        states.append(np.tanh(x[t] @ W_x.T + states[t] @ W_h.T + b))
    np.testing.assert_allclose(nn.rnn(x, given["h"], W_x, W_h, b), states[1:], rtol=1e-13)

    d, dh = zeros_for(given, names), np.zeros((N, H))
    for t in reversed(range(T)):
        da = (given["seed"][t] + dh) * (1 - states[t + 1] ** 2)
        d["W_x"] += da.T @ x[t]
        d["W_h"] += da.T @ states[t]
        d["b"] += da.sum(axis=0)
        d["x"][t] = da @ W_x
        dh = da @ W_h
    d["h"] = dh
    assert_same(gradients(nn.rnn, given, names), d)


def test_gru_by_hand() -> None:
    names = ["x", "h", "W_x", "W_h", "b"]
    given = draw(3)
    x, W_x, W_h, b = given["x"], given["W_x"], given["W_h"], given["b"]
    states, kept = [given["h"]], []
    for t in range(T):
        h = states[t]
        a, u = x[t] @ W_x.T + b, h @ W_h.T
        r, z = sigma(a[:, :H] + u[:, :H]), sigma(a[:, H : 2 * H] + u[:, H : 2 * H])
        n = np.tanh(a[:, 2 * H :] + r * u[:, 2 * H :])
        kept.append((r, z, n, u[:, 2 * H :]))
        states.append(z * h + (1 - z) * n)
    np.testing.assert_allclose(nn.gru(x, given["h"], W_x, W_h, b), states[1:], rtol=1e-13)

    d, dh = zeros_for(given, names), np.zeros((N, H))
    for t in reversed(range(T)):
        r, z, n, u_n = kept[t]
        h, out = states[t], given["seed"][t] + dh
        da_n = out * (1 - z) * (1 - n**2)
        da_z = out * (h - n) * z * (1 - z)
        da_r = da_n * u_n * r * (1 - r)
        da = np.concatenate([da_r, da_z, da_n], axis=1)
        du = np.concatenate([da_r, da_z, da_n * r], axis=1)
        d["W_x"] += da.T @ x[t]
        d["W_h"] += du.T @ h
        d["b"] += da.sum(axis=0)
        d["x"][t] = da @ W_x
        dh = out * z + du @ W_h
    d["h"] = dh
    assert_same(gradients(nn.gru, given, names), d)


def test_lstm_by_hand() -> None:
    names = ["x", "h", "c", "W_x", "W_h", "b"]
    given = draw(4)
    x, W_x, W_h, b = given["x"], given["W_x"], given["W_h"], given["b"]
    states, memories, kept = [given["h"]], [given["c"]], []
    for t in range(T):
        a = x[t] @ W_x.T + states[t] @ W_h.T + b
        i, f, o = sigma(a[:, :H]), sigma(a[:, H : 2 * H]), sigma(a[:, 3 * H :])
        g = np.tanh(a[:, 2 * H : 3 * H])
        kept.append((i, f, g, o))
        memories.append(f * memories[t] + i * g)
        states.append(o * np.tanh(memories[-1]))
    found = nn.lstm(x, given["h"], given["c"], W_x, W_h, b)
    np.testing.assert_allclose(found[0], states[1:], rtol=1e-13)
    np.testing.assert_allclose(found[1], memories[1:], rtol=1e-13)

    d, dh, dc = zeros_for(given, names), np.zeros((N, H)), np.zeros((N, H))
    for t in reversed(range(T)):
        i, f, g, o = kept[t]
        out, squashed = given["seed"][t] + dh, np.tanh(memories[t + 1])
        dc = dc + out * o * (1 - squashed**2)
        da = np.concatenate(
            [dc * g * i * (1 - i), dc * memories[t] * f * (1 - f), dc * i * (1 - g**2), out * squashed * o * (1 - o)],
            axis=1,
        )
        d["W_x"] += da.T @ x[t]
        d["W_h"] += da.T @ states[t]
        d["b"] += da.sum(axis=0)
        d["x"][t] = da @ W_x
        dh, dc = da @ W_h, dc * f
    d["h"], d["c"] = dh, dc
    assert_same(gradients(lambda *inputs: nn.lstm(*inputs)[0], given, names), d)


def test_a_tied_weight_gets_the_sum_over_time() -> None:
    """The gradient of the shared W_h is the sum of those of a W_h of its own per step."""
    given = draw(1)
    x, h, W_x, W_h, b = (given[name] for name in ("x", "h", "W_x", "W_h", "b"))

    def untied(matrices):
        state, states = h, []
        for step, matrix in zip(x, matrices, strict=True):
            state = nn.rnn_cell(step, state, W_x, matrix, b)
            states.append(state)
        return np.sum(given["seed"] * np.stack(states))

    single = gad.grad(untied)([W_h] * T)
    shared = gad.grad(lambda W_h: np.sum(given["seed"] * nn.rnn(x, h, W_x, W_h, b)))(W_h)
    np.testing.assert_allclose(shared, sum(single), rtol=1e-12)


@pytest.mark.parametrize(("gates", "name"), [(1, "rnn"), (3, "gru"), (4, "lstm")])
def test_one_sequence_without_a_batch(gates: int, name: str) -> None:
    given = draw(gates)
    states = [given[key] for key in (("h", "c") if name == "lstm" else ("h",))]
    weights = [given[key] for key in ("W_x", "W_h", "b")]
    whole = np.asarray(getattr(nn, name)(given["x"], *states, *weights))
    single = np.asarray(getattr(nn, name)(given["x"][:, 1], *(state[1] for state in states), *weights))
    np.testing.assert_allclose(single, whole[..., 1, :], rtol=1e-13)


def test_saturated_gates_pass_the_memory_on_unchanged() -> None:
    """Forget gate 1, input gate 0: the constant error carousel, along which the gradient neither fades nor grows."""
    b = np.array([-1000.0, 1000.0, 0.0, 0.0])  # one unit: input, forget, candidate, output
    x, zero, W = np.zeros((50, 1)), np.zeros(1), np.zeros((4, 1))
    slope = gad.grad(lambda c: nn.lstm(x, zero, c, W, W, b)[1][-1, 0])(np.array([0.7]))
    assert slope == 1.0
    kept = nn.gru(x, np.array([0.7]), np.zeros((3, 1)), np.zeros((3, 1)), np.array([0.0, 1000.0, 0.0]))
    np.testing.assert_array_equal(kept, np.full((50, 1), 0.7))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda g: nn.rnn(g["x"], g["h"], g["W_x"], g["W_h"][:, :1], g["b"]),
            r"W_h of shape \(2, 1\).*\(H, D\) and \(H, H\)",
        ),
        (lambda g: nn.gru(g["x"], g["h"], g["W_x"], g["W_h"], g["b"]), r"\(3 H, D\) and \(3 H, H\)"),
        (lambda g: nn.lstm(g["x"], g["h"], g["c"], g["W_x"], g["W_h"], g["b"]), r"\(4 H, D\)"),
        (lambda g: nn.rnn(g["x"][:0], g["h"], g["W_x"], g["W_h"], g["b"]), r"at least one step"),
        (lambda g: nn.rnn(g["x"][0, 0], g["h"], g["W_x"], g["W_h"], g["b"]), r"must be \(T, N, D\)"),
        (lambda g: nn.rnn_cell(np.ones((2, 5)), g["h"], g["W_x"], g["W_h"], g["b"]), r"x of shape \(2, 5\)"),
    ],
)
def test_what_is_refused(call, words: str) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call(draw(1))
