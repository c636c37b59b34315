"""Right programs with a backward pass written by hand: the table that `find_bug` spoils one line of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad.exercises import differentiated as of


@dataclass(frozen=True)
class Program:
    """Lines that are right, and what they are held against.

    ``f`` is what is differentiated, a function of some of the arguments; ``wanted`` are the inputs whose adjoints the
    program returns, in this order. Where it returns something else, ``expected`` says what, from the arguments and the
    adjoints. ``square`` are arguments whose matrices are all square, at which a wrong transpose goes unnoticed.
    """

    name: str
    title: str
    f: Callable[..., Any]
    lines: str
    args: Mapping[str, Any]
    wanted: tuple[str, ...] = ()
    expected: Callable[..., Any] | None = None
    square: Mapping[str, Any] | None = None
    rtol: float = 1e-9

    @property
    def text(self) -> tuple[str, ...]:
        """The lines one by one."""
        return tuple(self.lines.strip("\n").split("\n"))


_SQUARE = np.array([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5], [-0.25, 1.0, 2.0]])
_OTHER = np.array([[1.0, 0.5, -0.75], [-0.5, 0.25, 1.25], [0.8, -0.3, 0.6]])
_X = np.array([[0.5, -1.0, 2.0, 0.1], [1.5, 0.25, -0.5, 1.0], [-0.7, 0.4, 0.9, -1.2]])
_W = np.array([[0.3, -0.8, 0.5], [1.1, 0.4, -0.6]])
_ROWS = _X.T

PROGRAMS: dict[str, Program] = {
    one.name: one
    for one in (
        Program(
            "cube", "(x² + 1)³", of.cube,
            """
def backward(x):
    u = x**2 + 1
    y = u**3
    u_bar = 3 * u**2
    x_bar = u_bar * 2 * x
    return x_bar
""",
            {"x": 1.5}, ("x",),
        ),
        Program(
            "diamond", "two nodes with two consumers each", of.diamond,
            """
def backward(a, b):
    c, d = a + b, a * b
    bar = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.0, "e": 0.0, "f": 0.0, "y": 1.0}
    into = {
        "y": {"e": 1.0, "f": 1.0},
        "f": {"c": d, "d": c},
        "e": {"c": 1.0, "d": 1.0},
        "d": {"a": b, "b": a},
        "c": {"a": 1.0, "b": 1.0},
    }
    for consumer in ["y", "f", "e", "d", "c"]:
        for name, local in into[consumer].items():
            bar[name] += bar[consumer] * local
    return bar["a"], bar["b"]
""",
            {"a": 2.0, "b": 3.0}, ("a", "b"),
        ),
        Program(
            "two_layer", "a net of two layers, columns are samples", of.two_layer,
            """
def backward(X, Y, W1, b1, W2, b2):
    m = X.shape[1]
    A1 = 1 / (1 + np.exp(-(W1 @ X + b1)))
    A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
    dA2 = (A2 - Y) / m
    dZ2 = dA2 * A2 * (1 - A2)
    dW2 = dZ2 @ A1.T
    db2 = np.sum(dZ2, axis=1, keepdims=True)
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * A1 * (1 - A1)
    dW1 = dZ1 @ X.T
    db1 = np.sum(dZ1, axis=1, keepdims=True)
    return dW1, db1, dW2, db2
""",
            {
                "X": _X, "Y": _X**2 / 5, "W1": _W, "b1": np.array([[0.1], [-0.2]]), "W2": _SQUARE[:, :2] - 0.3,
                "b2": np.array([[0.3], [-0.4], [0.1]]),
            },
            ("W1", "b1", "W2", "b2"),
            square={
                "X": _SQUARE, "Y": _OTHER.T, "W1": _OTHER, "b1": np.array([[0.1], [-0.2], [0.3]]), "W2": _SQUARE.T,
                "b2": np.array([[0.3], [0.0], [-0.1]]),
            },
        ),
        Program(
            "linear", "Y = X Wᵀ + b, rows are samples", of.linear,
            """
def backward(X, W, b, G):
    Y = X @ W.T + b
    Y_bar = G
    X_bar = Y_bar @ W
    W_bar = Y_bar.T @ X
    b_bar = Y_bar.sum(axis=0)
    return X_bar, W_bar, b_bar
""",
            {"X": _ROWS, "W": _W, "b": np.array([0.1, -0.2]), "G": _ROWS[:, :2] * 2 - 1},
            ("X", "W", "b"),
            square={"X": _SQUARE, "W": _OTHER, "b": np.array([0.1, -0.2, 0.5]), "G": _OTHER.T + 1},
        ),
        Program(
            "rnn", "a recurrent net, unrolled", of.rnn,
            """
def backward(xs, ts, Wxh, Whh, Why):
    hs = [np.zeros(len(Whh))]
    for x in xs:
        hs.append(np.tanh(Wxh @ x + Whh @ hs[-1]))
    dWxh, dWhh, dWhy = np.zeros(Wxh.shape), np.zeros(Whh.shape), np.zeros(Why.shape)
    dh_next = np.zeros(len(Whh))
    for t in reversed(range(len(xs))):
        dy = Why @ hs[t + 1] - ts[t]
        dWhy += np.outer(dy, hs[t + 1])
        dh = Why.T @ dy + dh_next
        dz = dh * (1 - hs[t + 1] ** 2)
        dWxh += np.outer(dz, xs[t])
        dWhh += np.outer(dz, hs[t])
        dh_next = Whh.T @ dz
    return dWxh, dWhh, dWhy
""",
            {"xs": _W.T, "ts": _ROWS[:3, :1], "Wxh": _SQUARE[:, :2], "Whh": _OTHER, "Why": _SQUARE[:1] + 0.2},
            ("Wxh", "Whh", "Why"),
            square={"xs": _SQUARE, "ts": _OTHER, "Wxh": _SQUARE.T, "Whh": _OTHER, "Why": _SQUARE},
        ),
        Program(
            "attention", "attention with one head", of.attention,
            """
def backward(Q, K, V, G):
    d = Q.shape[1]
    S = Q @ K.T / np.sqrt(d)
    A = np.exp(S - S.max(axis=1, keepdims=True))
    A = A / A.sum(axis=1, keepdims=True)
    V_bar = A.T @ G
    A_bar = G @ V.T
    S_bar = A * (A_bar - np.sum(A_bar * A, axis=1, keepdims=True))
    Q_bar = S_bar @ K / np.sqrt(d)
    K_bar = S_bar.T @ Q / np.sqrt(d)
    return Q_bar, K_bar, V_bar
""",
            {"Q": _SQUARE[:2], "K": _ROWS, "V": _X[:2].T, "G": np.array([[1.0, -2.0], [0.5, 3.0]])},
            ("Q", "K", "V"),
            square={"Q": _SQUARE, "K": _OTHER, "V": _SQUARE.T, "G": _OTHER + 1},
        ),
        Program(
            "correlation", "a convolution as nets compute it: a cross-correlation", of.correlation,
            """
def backward(x, k, g):
    k_bar = np.correlate(x, g, mode="valid")
    x_bar = np.convolve(g, k, mode="full")
    return x_bar, k_bar
""",
            {"x": np.array([1.0, -2.0, 0.5, 3.0, 1.5]), "k": _X[0, :3], "g": np.array([1.0, 2.0, -1.0])},
            ("x", "k"),
        ),
        Program(
            "bce", "logistic regression with cross-entropy", of.bce,
            """
def backward(X, t, w, b):
    a = 1 / (1 + np.exp(-(X @ w + b)))
    dz = (a - t) / len(t)
    dw = X.T @ dz
    db = dz.sum()
    return dw, db
""",
            {"X": _ROWS, "t": np.array([1.0, 0.0, 1.0, 0.0]), "w": np.array([0.5, -1.0, 0.25]), "b": 0.1},
            ("w", "b"),
        ),
        Program(
            "softmax_ce", "softmax and cross-entropy, rows are samples", of.softmax_ce,
            """
def backward(Z, labels):
    n = len(Z)
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = P / P.sum(axis=1, keepdims=True)
    Z_bar = P.copy()
    Z_bar[np.arange(n), labels] -= 1
    return Z_bar / n
""",
            {"Z": _ROWS, "labels": np.array([0, 2, 1, 0])},
            ("Z",),
        ),
        Program(
            "numeric", "a numerical gradient of f", of.cubes,
            """
def backward(x):
    x = np.array(x, dtype=float)
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        old, h = x[i], 1e-5
        x[i] = old + h
        above = f(x)
        x[i] = old - h
        below = f(x)
        x[i] = old
        grad[i] = (above - below) / (2 * h)
    return grad
""",
            {"x": _W}, ("x",), rtol=1e-6,
        ),
        Program(
            "agrees", "whether a gradient passes its check", of.cubes,
            """
def agrees(grad, numeric):
    difference = np.max(np.abs(grad - numeric))
    size = np.max(np.abs(grad) + np.abs(numeric))
    if size == 0:
        return True
    return bool(difference / size < 1e-5)
""",
            {"grad": np.array([59874.14171519782]), "numeric": np.array([59874.14172])},
            expected=of.agreement,
        ),
        Program(
            "step", "one step of gradient descent", of.line,
            """
def step(w, b, x, t, rate):
    y = w * x + b
    w_bar = np.mean(2 * (y - t) * x)
    b_bar = np.mean(2 * (y - t))
    w = w - rate * w_bar
    b = b - rate * b_bar
    return w, b
""",
            {"w": 0.5, "b": 0.1, "x": np.array([1.0, 2.0, -1.0]), "t": np.array([2.0, 3.5, -0.5]), "rate": 0.1},
            expected=of.stepped,
        ),
        Program(
            "train", "two steps of gradient descent, sample by sample", of.squares,
            """
def train(w, x, t, rate):
    w_bar = 0.0  # the accumulator
    for step in range(2):
        w_bar = 0.0
        for i in range(len(x)):
            y = w * x[i]
            w_bar += 2 * (y - t[i]) * x[i]
        w = w - rate * w_bar
    return w
""",
            {"w": 0.5, "x": np.array([1.0, 2.0, -1.0]), "t": np.array([2.0, 3.5, -0.5]), "rate": 0.05},
            expected=of.trained,
        ),
        Program(
            "huber", "a loss that is square up to 1, then straight", of.huber,
            """
def backward(x, t, w):
    e = w * x - t
    e_bar = np.clip(e, -1.0, 1.0)
    w_bar = np.sum(e_bar * x)
    return w_bar
""",
            {"x": np.array([1.0, 2.0, -1.0]), "t": np.array([0.2, 5.0, -0.6]), "w": 0.5},
            ("w",),
        ),
        Program(
            "relu", "ReLU, with 0 as its slope at 0", of.relu,
            """
def backward(z, g):
    h = np.maximum(0, z)
    z_bar = g * (z > 0)
    return z_bar
""",
            {"z": np.array([-2.0, 0.0, 0.5, 3.0]), "g": np.array([1.0, 2.0, -3.0, 4.0])},
            ("z",),
        ),
        Program(
            "jacobians", "the Jacobian of two layers", of.two_maps,
            """
def jacobian(W1, W2, x):
    h = np.tanh(W1 @ x)
    y = np.tanh(W2 @ h)
    J1 = (1 - h**2)[:, None] * W1
    J2 = (1 - y**2)[:, None] * W2
    return J2 @ J1
""",
            {"W1": _W, "W2": _ROWS[:, :2], "x": np.array([0.3, -0.2, 0.5])},
            expected=of.product,
            square={"W1": _SQUARE, "W2": _OTHER, "x": np.array([0.3, -0.2, 0.5])},
        ),
    )
}  # fmt: skip
"""The programs by name; ``f`` of a program is known to its lines by that name, and NumPy as np."""
