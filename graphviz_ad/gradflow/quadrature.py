"""Averages over a normal distribution, exact to rounding also where the function has kinks.

Gauss–Hermite quadrature, the usual choice, takes a polynomial through the kink and is wrong in the third digit. Here
panels of Gauss–Legendre nodes end at the kinks that are known, and are halved until nothing changes where they are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphviz_ad.errors import ArgumentError

Array = np.ndarray[Any, Any]

REACH = 10.0
"""How many standard deviations are integrated over: what lies outside has a probability of 10⁻²³."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_HALVINGS = 60  # a jump is then enclosed to rounding
_MOST_PANELS = 4096  # at one level; what still oscillates below that averages out
_TOLERANCE = 4e-15


def gaussian_mean(f: Callable[[Array], Any], std: float = 1.0, kinks: Sequence[float] = ()) -> float:
    """The average E[f(std · z)] over a standard normal z.

    Parameters
    ----------
    f : callable
        From an array of shape (n,) to one of the same shape. Polynomials, and exponentials whose weight stays within
        ten standard deviations, are in reach.
    std : float
        The standard deviation, not negative; 0 gives f(0).
    kinks : sequence of float
        Arguments of f at which it, or a derivative, jumps. They need not be known, but save time; 0 is always split at.

    Returns
    -------
    float
        Infinite or nan where f is so.

    Raises
    ------
    ArgumentError
        ``std`` is negative or no finite number.

    Examples
    --------
    Half of the probability lies where the ReLU's slope is 1:

    >>> gaussian_mean(lambda h: 1.0 * (h > 0))
    0.5
    >>> round(gaussian_mean(lambda h: np.maximum(h - 1, 0) ** 2), 12)  # a kink that nobody told
    0.075339783344
    """
    if not 0 <= std < math.inf:
        raise ArgumentError(f"std={std!r} must be a standard deviation: a finite number, 0 or more.")
    if std == 0:
        return float(np.asarray(f(np.zeros(1)), dtype=float)[0])

    ends = np.arange(-REACH, REACH + 1)
    inside = [kink / std for kink in kinks if abs(kink) < REACH * std]
    # |h| of order 1 is where activations bend: panels of that size around 0 when std is large
    near = [scale / std for scale in (-8.0, -4.0, -2.0, -1.0, 1.0, 2.0, 4.0, 8.0) if abs(scale) < REACH * std]
    ends = np.unique(np.concatenate([ends, inside, near if std > 4 else []]))
    left, right = ends[:-1], ends[1:]

    def panels(left: Array, right: Array) -> tuple[Array, Array]:
        """The integral of f times the density over each panel, and the density's own."""
        half = 0.5 * (right - left)
        z = (0.5 * (left + right))[:, None] + half[:, None] * _NODES
        weights = half[:, None] * _WEIGHTS * np.exp(-0.5 * z * z)
        values = np.asarray(f((std * z).ravel()), dtype=float).reshape(z.shape)
        return np.sum(weights * values, axis=1), np.sum(weights, axis=1)

    integrals: list[float] = []
    masses: list[float] = []
    with np.errstate(all="ignore"):
        coarse, _ = panels(left, right)
        size = float(np.sum(np.abs(coarse)))
        for level in range(_HALVINGS):
            if not math.isfinite(size):
                return float(np.sum(coarse))
            middle = 0.5 * (left + right)
            fine_left, mass_left = panels(left, middle)
            fine_right, mass_right = panels(middle, right)
            fine = fine_left + fine_right
            open_ = np.abs(fine - coarse) > _TOLERANCE * size
            if level == _HALVINGS - 1 or np.count_nonzero(open_) > _MOST_PANELS:
                open_ = np.zeros_like(open_)
            integrals += fine[~open_].tolist()
            masses += (mass_left + mass_right)[~open_].tolist()
            if not np.any(open_):
                break
            left, middle, right = left[open_], middle[open_], right[open_]
            coarse = np.stack([fine_left[open_], fine_right[open_]], axis=1).ravel()
            left, right = np.stack([left, middle], axis=1).ravel(), np.stack([middle, right], axis=1).ravel()
    # Rounded once each, and divided by the mass of the same nodes: a symmetric half is ½ to the last bit.
    return math.fsum(integrals) / math.fsum(masses)
