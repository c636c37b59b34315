"""Recurrent layers against backpropagation through time written by hand: tied weights sum their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn

T, N, D, H = 4, 2, 3, 2
STATES = {"rnn": ["h"], "gru": ["h"], "lstm": ["h", "c"]}


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
    np.testing.assert_allclose(nn.rnn(x, W_x, W_h, b, h=given["h"]), states[1:], rtol=1e-13)

    d, dh = zeros_for(given, names), np.zeros((N, H))
    for t in reversed(range(T)):
        da = (given["seed"][t] + dh) * (1 - states[t + 1] ** 2)
        d["W_x"] += da.T @ x[t]
        d["W_h"] += da.T @ states[t]
        d["b"] += da.sum(axis=0)
        d["x"][t] = da @ W_x
        dh = da @ W_h
    d["h"] = dh
    assert_same(gradients(lambda x, h, *w: nn.rnn(x, *w, h=h), given, names), d)


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
    np.testing.assert_allclose(nn.gru(x, W_x, W_h, b, h=given["h"]), states[1:], rtol=1e-13)

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
    assert_same(gradients(lambda x, h, *w: nn.gru(x, *w, h=h), given, names), d)


def test_lstm_by_hand() -> None:
    names = ["x", "h", "c", "W_x", "W_h", "b"]
    given = draw(4)
    x, W_x, W_h, b = given["x"], given["W_x"], given["W_h"], given["b"]
    states, memories, kept = [given["h"]], [given["c"]], []
    for t in range(T):
        a = x[t] @ W_x.T + states[t] @ W_h.T + b
        i, f, o = sigma(a[:, :H]), sigma(a[:, H : 2 * H]), sigma(a[:, 3 * H :])
        n = np.tanh(a[:, 2 * H : 3 * H])
        kept.append((i, f, n, o))
        memories.append(f * memories[t] + i * n)
        states.append(o * np.tanh(memories[-1]))
    found = nn.lstm(x, W_x, W_h, b, h=given["h"], c=given["c"])
    np.testing.assert_allclose(found[0], states[1:], rtol=1e-13)
    np.testing.assert_allclose(found[1], memories[1:], rtol=1e-13)

    d, dh, dc = zeros_for(given, names), np.zeros((N, H)), np.zeros((N, H))
    for t in reversed(range(T)):
        i, f, n, o = kept[t]
        out, squashed = given["seed"][t] + dh, np.tanh(memories[t + 1])
        dc = dc + out * o * (1 - squashed**2)
        da = np.concatenate(
            [dc * n * i * (1 - i), dc * memories[t] * f * (1 - f), dc * i * (1 - n**2), out * squashed * o * (1 - o)],
            axis=1,
        )
        d["W_x"] += da.T @ x[t]
        d["W_h"] += da.T @ states[t]
        d["b"] += da.sum(axis=0)
        d["x"][t] = da @ W_x
        dh, dc = da @ W_h, dc * f
    d["h"], d["c"] = dh, dc
    assert_same(gradients(lambda x, h, c, *w: nn.lstm(x, *w, h=h, c=c)[0], given, names), d)


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
    shared = gad.grad(lambda W_h: np.sum(given["seed"] * nn.rnn(x, W_x, W_h, b, h=h)))(W_h)
    np.testing.assert_allclose(shared, sum(single), rtol=1e-12)


@pytest.mark.parametrize(("gates", "name"), [(1, "rnn"), (3, "gru"), (4, "lstm")])
def test_one_sequence_without_a_batch(gates: int, name: str) -> None:
    given = draw(gates)
    states = {key: given[key] for key in STATES[name]}
    weights = [given[key] for key in ("W_x", "W_h", "b")]
    whole = np.asarray(getattr(nn, name)(given["x"], *weights, **states))
    one = {key: state[1] for key, state in states.items()}
    single = np.asarray(getattr(nn, name)(given["x"][:, 1], *weights, **one))
    np.testing.assert_allclose(single, whole[..., 1, :], rtol=1e-13)


@pytest.mark.parametrize(("gates", "name"), [(1, "rnn"), (3, "gru"), (4, "lstm")])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sample", [slice(None), 1])
def test_without_a_first_state_it_is_zeros(gates: int, name: str, dtype, sample) -> None:
    given = {key: array.astype(dtype) for key, array in draw(gates).items()}
    x, weights = given["x"][:, sample], [given[key] for key in ("W_x", "W_h", "b")]
    zeros = {key: np.zeros((*x.shape[1:-1], H), dtype) for key in STATES[name]}
    unrolled = getattr(nn, name)
    found = np.asarray(unrolled(x, *weights))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, unrolled(x, *weights, **zeros))
    for key, zero in zeros.items():  # one may be given without the other
        np.testing.assert_array_equal(
            unrolled(x, *weights, **{key: zero + 1}), unrolled(x, *weights, **zeros | {key: zero + 1})
        )
        assert np.any(found != np.asarray(unrolled(x, *weights, **{key: zero + 1})))
    traced = gad.trace(lambda W_h: np.sum(np.stack(unrolled(x, weights[0], W_h, weights[2]))), weights[1])
    assert traced.outputs[0].value == pytest.approx(found.sum(), rel=1e-5)
    assert traced["W_h"].adjoint.dtype == dtype


def test_saturated_gates_pass_the_memory_on_unchanged() -> None:
    """Forget gate 1, input gate 0: the constant error carousel, along which the gradient neither fades nor grows."""
    b = np.array([-1000.0, 1000.0, 0.0, 0.0])  # one unit: input, forget, candidate, output
    x, zero, W = np.zeros((50, 1)), np.zeros(1), np.zeros((4, 1))
    slope = gad.grad(lambda c: nn.lstm(x, W, W, b, h=zero, c=c)[1][-1, 0])(np.array([0.7]))
    assert slope == 1.0
    kept = nn.gru(x, np.zeros((3, 1)), np.zeros((3, 1)), np.array([0.0, 1000.0, 0.0]), h=np.array([0.7]))
    np.testing.assert_array_equal(kept, np.full((50, 1), 0.7))


def test_the_groups_of_a_layer_are_its_cells() -> None:
    graph = gad.trace(lambda W: nn.rnn(np.ones((2, 1)), np.ones((1, 1)), W, np.zeros(1)), np.eye(1))
    groups = {str(node.group) for node in graph.nodes if node.primitive is not None and node.group is not None}
    assert {"rnn", "rnn/rnn_cell", "rnn/rnn_cell_2"} <= groups
    assert not any("unrolled" in group for group in groups)


def layer(name: str, given, **changes):
    """The layer with its weights, some of them changed."""
    given = given | changes
    return getattr(nn, name)(*(given[key] for key in ("x", "W_x", "W_h", "b")), **{k: given[k] for k in STATES[name]})


def cell(name: str, given, **changes):
    """One step, from the first input, with some arguments changed."""
    given = given | {"x": given["x"][0]} | changes
    return getattr(nn, name)(*(given[key] for key in ("x", *STATES[name.removesuffix("_cell")], "W_x", "W_h", "b")))


@pytest.mark.parametrize(
    ("gates", "call", "words"),
    [
        (1, lambda d: layer("rnn", d, W_h=d["W_h"][:, :1]), r"W_h of shape \(2, 1\).*\(H, D\) and \(H, H\)"),
        (1, lambda d: layer("gru", d), r"\(3 H, D\) and \(3 H, H\)"),
        (1, lambda d: layer("lstm", d), r"\(4 H, D\)"),
        (1, lambda d: layer("rnn", d, h=None, W_h=np.ones(2)), r"W_h of shape \(2,\)"),
        (1, lambda d: layer("rnn", d, x=d["x"][:0]), r"at least one step"),
        (1, lambda d: layer("rnn", d, x=d["x"][0, 0]), r"must be \(T, N, D\)"),
        (1, lambda d: cell("rnn_cell", d, x=np.ones((2, 5))), r"x of shape \(2, 5\)"),
        (1, lambda d: cell("rnn_cell", d, h=np.ones(H)), r"x of shape \(2, 3\) and h of shape \(2,\).*np.broadcast_to"),
        (3, lambda d: cell("gru_cell", d, h=np.ones((1, H))), r"h of shape \(1, 2\).*a state of its own"),
        (3, lambda d: layer("gru", d, h=np.ones(H)), r"h of shape \(2,\).*a state of its own"),
        (4, lambda d: cell("lstm_cell", d, x=np.ones(D)), r"x of shape \(3,\) and h of shape \(2, 2\)"),
        (4, lambda d: cell("lstm_cell", d, c=np.ones(H)), r"h of shape \(2, 2\) and c of shape \(2,\).*one shape"),
        (4, lambda d: layer("lstm", d, c=np.ones((7, H))), r"c of shape \(7, 2\)"),
    ],
)
def test_what_is_refused(gates: int, call, words: str) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call(draw(gates))


def test_a_memory_of_another_shape_does_not_broadcast() -> None:
    with pytest.raises(gad.ArgumentError, match=r"h of shape \(1,\) and c of shape \(7, 1\)"):
        nn.lstm_cell(np.ones(1), np.zeros(1), np.ones((7, 1)), np.zeros((4, 1)), np.zeros((4, 1)), np.zeros(4))
