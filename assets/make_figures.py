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


FIGURES: dict[str, Callable[[], gad.Graph]] = {
    "cube.svg": lambda: gad.trace(cube, 1.5),
    "fork.svg": lambda: gad.trace(fork, 2.0, 3.0),
    "neuron.svg": lambda: gad.trace(neuron, 0.5, 0.1, 2.0, 1.0),
}


def draw(folder: Path) -> None:
    """Write every figure; the engine is the one that gives the same picture on every machine."""
    for name, make in FIGURES.items():
        make().save(folder / name, engine="layered")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    draw(target)
    print("\n".join(f"assets/{name}" for name in FIGURES))
