"""The plane of σ_w² and σ_b² as numbers to draw: χ₁ on a grid, and the line χ₁ = 1 point by point."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from graphviz_ad.gradflow.activations import Activation
from graphviz_ad.gradflow.criticality import CriticalLine, PhaseDiagram, critical_line, phase_diagram
from graphviz_ad.gradflow.passage import mean_square

Array = np.ndarray[Any, Any]
Range = tuple[float, float]

SCALES = (3, 10, 30)
"""Depth scales |ξ| in layers that contours are drawn for."""


@functools.lru_cache(maxsize=16)
def field(phi: Activation, weight_vars: Range, bias_vars: Range, points: tuple[int, int] = (121, 61)) -> PhaseDiagram:
    """χ₁ on a grid that is fine enough to draw."""
    return phase_diagram(phi, np.linspace(*weight_vars, points[0]), np.linspace(*bias_vars, points[1]))


@functools.lru_cache(maxsize=16)
def _fixed_points(phi: Activation) -> tuple[CriticalLine, Array]:
    """Fixed points at which χ₁ = 1, and E[φ²] on the same q."""
    qs = np.geomspace(1e-6, 1e3, 240)
    return critical_line(phi, qs=qs), np.array([mean_square(phi, value) for value in qs.tolist()])


def critical(phi: Activation, high: float) -> tuple[Array, Array]:
    """The line χ₁ = 1 as σ_w² and σ_b², nan where it is broken; both empty where there is none.

    By the fixed points themselves, or upright up to σ_b² = ``high`` where χ does not depend on them.
    """
    line, square = _fixed_points(phi)
    usable = np.isfinite(line.weight_var) & np.isfinite(line.bias_var) & (line.bias_var >= -1e-12)
    weight_var, bias_var, q = (values[usable] for values in line)
    if weight_var.size and np.ptp(weight_var) < 1e-9 * weight_var[0]:  # ReLU: χ = σ_w²/2 whatever q is
        return np.repeat(weight_var[0], 2), np.array([0.0, high])
    if not weight_var.size:
        return weight_var, bias_var
    # Some of those fixed points are not what inputs of mean square 1 come to (GELU at small σ_b²): there q turns
    # back on its way from q_1 = σ_w² + σ_b².
    grid = np.geomspace(1e-6, 1e3, 240)
    start = weight_var + bias_var
    moves = weight_var[:, None] * square + bias_var[:, None] - grid
    between = (grid > np.minimum(start, q)[:, None]) & (grid < np.maximum(start, q)[:, None])
    between &= np.abs(np.log(grid / q[:, None])) > 0.1
    wrong = (between & (np.sign(moves) != np.sign(q - start)[:, None])).any(axis=1)
    return np.where(wrong, np.nan, weight_var), np.where(wrong, np.nan, bias_var)
