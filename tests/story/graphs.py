"""Random smooth functions for the tests of measurements: numbers and arrays, forks, many kinds of operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

UNARY: list[Callable[[Any], Any]] = [
    np.sin,
    np.cos,
    np.tanh,
    np.exp,
    np.square,
    np.arctan,
    lambda x: np.log(x * x + 0.5),
    lambda x: np.sqrt(x * x + 1.0),
    lambda x: x**3,
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (b * b + 1.0),
    lambda a, b: np.hypot(a, b + 2.0),
    np.logaddexp,
]
SHAPES = [(), (3,), (2, 3), (1, 3)]


def random_function(seed: int) -> tuple[Callable[..., Any], list[Any]]:
    """A smooth function of numbers (even seeds) or arrays (odd seeds), and a point."""
    rng = np.random.default_rng(seed)
    inputs, operations = int(rng.integers(1, 4)), int(rng.integers(3, 9))
    plan: list[tuple[Callable[..., Any], list[int]]] = []
    for made in range(operations):
        count = int(rng.integers(1, 3))
        table: list[Callable[..., Any]] = UNARY if count == 1 else BINARY  # type: ignore[assignment]
        plan.append((table[rng.integers(len(table))], rng.integers(inputs + made, size=count).tolist()))

    def f(*xs: Any) -> Any:
        values = list(xs)
        for operation, places in plan:
            # kept small, or a power of a power has no digits left
            values.append(3.0 * np.tanh(operation(*(values[place] for place in places)) / 3.0))
        return np.sum(sum(values[inputs + 1 :], values[inputs]))

    if seed % 2:
        shapes = [SHAPES[rng.integers(len(SHAPES))] for _ in range(inputs)]
        return f, [rng.normal(size=shape) if shape else float(rng.normal()) for shape in shapes]
    return f, [float(rng.normal() * 10 ** rng.uniform(-2, 0.7)) for _ in range(inputs)]
