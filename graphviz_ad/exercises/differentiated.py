"""What the programs of `find_bug` differentiate, as plain functions; and what those return that give no adjoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphviz_ad import nn
from graphviz_ad.core.transforms import jacobian


def cube(x: Any) -> Any:
    """(x² + 1)³."""
    u = x**2 + 1
    return u**3


def diamond(a: Any, b: Any) -> Any:
    """Two nodes with two consumers each."""
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    return e + f


def two_layer(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """Half the mean square error of two sigmoid layers; columns are samples."""
    A1 = nn.sigmoid(W1 @ X + b1)
    A2 = nn.sigmoid(W2 @ A1 + b2)
    return np.sum((A2 - Y) ** 2) / (2 * X.shape[1])


def linear(X: Any, W: Any, b: Any, G: Any) -> Any:
    """A linear layer, weighted by G."""
    Y = X @ W.T + b
    return np.sum(Y * G)


def rnn(xs: Any, ts: Any, Wxh: Any, Whh: Any, Why: Any) -> Any:
    """The square error of a recurrent net, summed over its steps."""
    h = np.zeros(Whh.shape[0])
    L = 0.0
    for x, t in zip(xs, ts, strict=True):
        h = np.tanh(Wxh @ x + Whh @ h)
        L = L + np.sum((Why @ h - t) ** 2) / 2
    return L


def attention(Q: Any, K: Any, V: Any, G: Any) -> Any:
    """One head of attention, weighted by G."""
    S = Q @ K.T / np.sqrt(Q.shape[1])
    A = nn.softmax(S)
    return np.sum((A @ V) * G)


def correlation(x: Any, k: Any, g: Any) -> Any:
    """A cross-correlation, weighted by g."""
    y = np.correlate(x, k, mode="valid")
    return np.sum(y * g)


def bce(X: Any, t: Any, w: Any, b: Any) -> Any:
    """The mean cross-entropy of logistic regression."""
    a = nn.sigmoid(X @ w + b)
    return -np.mean(t * np.log(a) + (1 - t) * np.log(1 - a))


def softmax_ce(Z: Any, labels: Any) -> Any:
    """The mean cross-entropy of softmax; rows are samples."""
    shifted = Z - np.max(Z, axis=1, keepdims=True)
    logs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(logs[np.arange(len(labels)), labels])


def cubes(x: Any) -> Any:
    """The sum of cubes."""
    return np.sum(x**3)


def line(w: Any, b: Any, x: Any, t: Any) -> Any:
    """The mean square error of a line."""
    return np.mean((w * x + b - t) ** 2)


def squares(w: Any, x: Any, t: Any) -> Any:
    """The sum of square errors."""
    return np.sum((w * x - t) ** 2)


def huber(x: Any, t: Any, w: Any) -> Any:
    """Huber's loss, summed."""
    e = w * x - t
    return np.sum(np.where(np.abs(e) <= 1, e**2 / 2, np.abs(e) - 0.5))


def relu(z: Any, g: Any) -> Any:
    """ReLU, weighted by g."""
    return np.sum(np.maximum(0, z) * g)


def two_maps(W1: Any, W2: Any, x: Any) -> Any:
    """Two tanh layers."""
    return np.tanh(W2 @ np.tanh(W1 @ x))


def stepped(args: Mapping[str, Any], adjoints: Mapping[str, Any]) -> Any:
    """W and b after a step of gradient descent."""
    return tuple(args[name] - args["rate"] * adjoints[name] for name in "wb")


def trained(args: Mapping[str, Any], _adjoints: Mapping[str, Any]) -> Any:
    """W after two steps of gradient descent."""
    w = args["w"]
    for _ in range(2):
        w = w - args["rate"] * np.sum(2 * (w * args["x"] - args["t"]) * args["x"])
    return w


def product(args: Mapping[str, Any], _adjoints: Mapping[str, Any]) -> Any:
    """The Jacobian of two tanh layers by x."""
    return jacobian(two_maps, 2)(args["W1"], args["W2"], args["x"])


def agreement(args: Mapping[str, Any], _adjoints: Mapping[str, Any]) -> bool:
    """Whether two gradients agree, relative to their size."""
    return bool(np.allclose(args["grad"], args["numeric"], rtol=1e-5, atol=0))
