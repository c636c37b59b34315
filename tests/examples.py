"""Twelve examples of the curriculum as plain NumPy functions, for golden files and for comparing layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import graphviz_ad as gad


def cube(x):
    """(x² + 1)³."""
    u = x**2 + 1
    y = u**3
    return y


def fork(a, b):
    """The graph that tells errors of order and accumulation apart."""
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    y = e + f
    return y


def one_hidden_unit(w1, b1, w2, b2, x, t):
    """A net of one input, one hidden unit and one output."""
    z = w1 * x + b1
    h = 1 / (1 + np.exp(-z))
    y = w2 * h + b2
    L = (y - t) ** 2
    return L


def sigmoid_loss(x):
    """The mean of the squares of sigmoid(x)."""
    s = 1 / (1 + np.exp(-x))
    loss = np.mean(s**2)
    return loss


def two_paths(x):
    """x² + x."""
    y = x**2 + x
    return y


def product_of_powers(s):
    """The product z = xy with x = s² and y = s³."""
    x = s**2
    y = s**3
    z = x * y
    return z


def log_chain(x):
    """sin(ln(x² + 1))."""
    a = x**2 + 1
    b = np.log(a)
    y = np.sin(b)
    return y


def linear_layer(X, W, b):
    """The sum of X Wᵀ + b, whose bias is broadcast over the batch."""
    Y = X @ W.T + b
    total = np.sum(Y)
    return total


def relu_mask(x):
    """The sum of the positive parts."""
    a = np.maximum(0, x)
    total = np.sum(a**2)
    return total


def mse(y, t):
    """The mean squared error."""
    error = y - t
    L = np.mean(error**2)
    return L


def cell(h, x, W, U):
    """One step of a recurrent net."""
    return np.tanh(W * h + U * x)


def recurrent(h, W, U):
    """Three steps with the same weights."""
    for x in (1.0, 0.5, -0.5):
        h = cell(h, x, W, U)
    return h


def attention(Q, K, V):
    """The sum of softmax(Q Kᵀ / √d) V."""
    S = Q @ K.T / np.sqrt(Q.shape[1])
    E = np.exp(S)
    A = E / np.sum(E, axis=1, keepdims=True)
    out = np.sum(A @ V)
    return out


def _grid(rows: int, columns: int, start: float) -> np.ndarray[Any, Any]:
    return np.round(np.sin(start + np.arange(rows * columns, dtype=float)), 2).reshape(rows, columns)


EXAMPLES: dict[str, Callable[[], gad.Graph]] = {
    "cube": lambda: gad.trace(cube, 1.5),
    "fork": lambda: gad.trace(fork, 2.0, 3.0),
    "one_hidden_unit": lambda: gad.trace(one_hidden_unit, 0.5, 0.1, -0.3, 0.2, gad.constant(2.0), gad.constant(1.0)),
    "sigmoid_loss": lambda: gad.trace(sigmoid_loss, 1.0),
    "two_paths": lambda: gad.trace(two_paths, 3.0),
    "product_of_powers": lambda: gad.trace(product_of_powers, 2.0),
    "log_chain": lambda: gad.trace(log_chain, 1.0),
    "linear_layer": lambda: gad.trace(linear_layer, _grid(4, 3, 0.0), _grid(2, 3, 1.0), np.array([0.5, -0.5])),
    "relu_mask": lambda: gad.trace(relu_mask, np.array([-2.0, 0.5, 3.0])),
    "mse": lambda: gad.trace(mse, np.array([2.0, 4.0, 6.0]), gad.constant(np.array([1.0, 5.0, 2.0]))),
    "recurrent": lambda: gad.trace(recurrent, 0.1, 0.7, 0.4),
    "attention": lambda: gad.trace(attention, _grid(2, 3, 0.0), _grid(4, 3, 1.0), _grid(4, 2, 2.0)),
}
