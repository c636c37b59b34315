"""Draws the figures in this folder; `make figures` runs it, and a test compares what it draws with what is here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import graphviz_ad as gad


def cube(x):
    u = x**2 + 1
    y = u**3
    return y


def fork(a, b):
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    y = e + f
    return y


def neuron(w, b, x, t):
    z = w * x + b
    y = np.tanh(z)
    loss = (y - t) ** 2
    return loss


def layer(x, W, b):
    z = x @ W + b
    return np.maximum(0, z)


def network(X, W1, b1, W2, b2):
    h = layer(X, W1, b1)
    y = layer(h, W2, b2)
    loss = np.mean(y**2)
    return loss


def deep(x, w):
    for k in range(24):
        with gad.scope(f"layer{k + 1}"):
            x = np.tanh(w * x) + 0.1
    return x


def two_layers():
    rng = np.random.default_rng(0)
    X = gad.constant(np.round(rng.normal(size=(4, 3)), 1))
    W1, W2 = np.round(rng.normal(size=(3, 3)), 1), np.round(rng.normal(size=(3, 2)), 1)
    return gad.trace(network, X, W1, np.array([0.1, 0.2, -0.1]), W2, np.array([0.3, -0.2]))


Maker = Callable[[Path], object]

# The engine is the one that gives the same picture on every machine.
FIGURES: dict[str, Maker] = {
    "cube.svg": lambda path: gad.trace(cube, 1.5).save(path, engine="layered"),
    "fork.svg": lambda path: gad.trace(fork, 2.0, 3.0).save(path, engine="layered"),
    "neuron.svg": lambda path: gad.trace(neuron, 0.5, 0.1, 2.0, 1.0).save(path, engine="layered"),
    "neuron_story.svg": lambda path: gad.trace(neuron, 0.5, 0.1, 2.0, 1.0).save(path, engine="layered", animate="loop"),
    "fork_strip.svg": lambda path: gad.trace(fork, 2.0, 3.0).film_strip(path, engine="layered"),
    "layers.svg": lambda path: two_layers().save(path, engine="layered", fold=("layer_2",)),
    "deep.svg": lambda path: gad.trace(deep, 0.5, 1.2).save(path, engine="layered"),
}


def draw(folder: Path) -> None:
    """Write every figure."""
    for name, make in FIGURES.items():
        make(folder / name)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    draw(target)
    print("\n".join(f"assets/{name}" for name in FIGURES))
