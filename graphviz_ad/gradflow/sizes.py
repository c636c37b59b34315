"""How large arrays are, without false overflow or underflow, and where activations are saturated."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core.transforms import elementwise_grad
from graphviz_ad.gradflow.activations import FUNCTIONS

Array = np.ndarray[Any, Any]

SATURATED_BELOW = 0.05
"""A unit is saturated where |φ′| is at most this share of the largest |φ′|."""
MOST_BORDERS = 4
"""Of an activation with more places where that begins or ends φ′ itself is computed."""


def norm(values: Any) -> float:
    """The Euclidean norm of all entries; inf only where an entry is, or the norm itself is too large.

    Examples
    --------
    >>> f"{norm(np.array([3e200, 4e200])):.3g}, {norm(np.array([3e-200, 4e-200])):.3g}"
    '5e+200, 5e-200'
    """
    with np.errstate(all="ignore"):
        return _norm(np.asarray(values))


def _norm(values: Array) -> float:
    flat = values.ravel(order="K")  # the transpose of an array needs no copy
    square = float(flat @ flat)
    low, high = (1e-25, 1e25) if flat.dtype == np.float32 else (1e-250, 1e250)
    if low < square < high:
        return math.sqrt(square)
    largest = float(np.max(np.abs(flat), initial=0.0))  # nan if there is one, else inf if there is one
    if not 0 < largest < math.inf:
        return largest
    scaled = flat.astype(np.float64) / largest
    return largest * math.sqrt(float(scaled @ scaled))


def norms(values: Array) -> Array:
    """`norm` of each (…, m, n) on the leading axis, float64 (k,); of one (m, n), (1,)."""
    with np.errstate(all="ignore"):
        return np.array([_norm(one) for one in values] if values.ndim == 3 else [_norm(values)])


def clipping(gradients: Array, threshold: float) -> Array:
    """The factor (seeds, 1) that brings the global norm of each row down to the threshold; nan where there is no norm.

    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013), algorithm 1.

    Examples
    --------
    >>> clipping(np.array([[3.0, 4.0], [0.3, 0.4]]), 1.0)
    array([[0.2],
           [1. ]])
    """
    totals = np.array([[norm(row)] for row in gradients])
    factors = np.where(totals > threshold, threshold / np.where(totals > 0, totals, 1.0), 1.0)
    return np.where(np.isfinite(totals), factors, math.nan)


def saturation(activation: str | Callable[..., Any]) -> Callable[[Array], Array]:
    """A function that tells where an activation is saturated.

    For a name the borders in h are found once, which is cheaper than φ′; for a function of your own φ′ is computed.

    Examples
    --------
    >>> saturation("relu")(np.array([-1.0, 0.0, 1.0]))
    array([ True,  True, False])
    """
    if isinstance(activation, str):
        return _by_borders(activation)
    slope = elementwise_grad(activation)
    limit = SATURATED_BELOW * _steepest(slope)
    return lambda taken: np.asarray(np.abs(slope(taken)) <= limit)


_GRID = np.linspace(-40.0, 40.0, 16001)  # from there on every named activation has reached its tails


def _steepest(slope: Callable[..., Any]) -> float:
    slopes = np.abs(slope(_GRID.copy()))
    return float(np.max(slopes[np.isfinite(slopes)], initial=0.0))


@functools.cache
def _by_borders(name: str) -> Callable[[Array], Array]:
    slope = elementwise_grad(FUNCTIONS[name])
    limit = SATURATED_BELOW * _steepest(slope)

    def flat(h: Array) -> Array:
        return np.asarray(np.abs(slope(h)) <= limit)

    on_grid = flat(_GRID.copy())
    changes = np.flatnonzero(on_grid[1:] != on_grid[:-1])
    low, high = _GRID[changes], _GRID[changes + 1]
    for _ in range(60 if len(changes) else 0):  # halving: as exact as floats are
        middle = (low + high) / 2
        same = flat(middle) == on_grid[changes]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    borders, start = low.tolist(), bool(on_grid[0])
    if len(borders) > MOST_BORDERS:  # sin: again and again, also beyond the grid
        return flat

    def where(taken: Array) -> Array:
        if not borders:
            return np.full(taken.shape, start)
        found = taken <= borders[0] if start else taken > borders[0]
        for number, border in enumerate(borders[1:], 1):
            # beyond an odd border it is again as it was at the start
            again = (number % 2 == 1) == start
            found = found | (taken > border) if again else found & (taken <= border)
        return np.asarray(found)

    return where
