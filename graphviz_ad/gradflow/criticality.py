"""The edge between vanishing and exploding gradients: where χ₁ = 1, and χ₁ all over the plane of σ_w² and σ_b²."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.activations import Activation, resolve
from graphviz_ad.gradflow.meanfield import fixed_point
from graphviz_ad.gradflow.passage import LIMIT, chi_at, mean_square, q_map, slope_square
from graphviz_ad.gradflow.roots import root
from graphviz_ad.gradflow.settings import number

Array = np.ndarray[Any, Any]


class CriticalLine(NamedTuple):
    """Where χ₁ = 1: gradients neither vanish nor explode. Three arrays of one shape."""

    weight_var: Array
    bias_var: Array
    q: Array


def critical_line(activation: Any, bias_vars: Any = None, *, qs: Any = None) -> CriticalLine:
    """The line between vanishing and exploding gradients in the plane of σ_w² and σ_b².

    Schoenholz et al., "Deep information propagation" (2017), section 4. Parametrised by the fixed point q:
    σ_w² = 1/E[φ′(√q z)²], σ_b² = q − σ_w² E[φ(√q z)²].

    Parameters
    ----------
    activation : str or callable
    bias_vars : array-like of float
        The σ_b² to find σ_w² for, by `critical_weight_var`: nan where there is none.
    qs : array-like of float
        Instead: the fixed points q > 0 themselves, which is quicker and smooth. Points whose σ_b² would be negative
        are nan.

    Returns
    -------
    CriticalLine

    Raises
    ------
    ArgumentError
        Both or neither of ``bias_vars`` and ``qs``, or a number that is not allowed.

    Examples
    --------
    >>> critical_line("tanh", [0.0, 0.01, 0.1]).weight_var.round(5)
    array([1.     , 1.42421, 1.98607])
    """
    phi = resolve(activation)
    if (bias_vars is None) == (qs is None):
        raise ArgumentError("critical_line takes bias_vars or qs: one of the two.")
    if qs is not None:
        q = np.asarray([number(value, "q") for value in np.ravel(qs)])
        points = np.array([critical_at(phi, value) for value in q]).reshape(-1, 2)
        points[points[:, 1] < 0] = math.nan
        return CriticalLine(points[:, 0], points[:, 1], q)
    bias = np.asarray([number(value, "bias_var") for value in np.ravel(bias_vars)])
    found = np.array([_critical_point(phi, value) for value in bias]).reshape(-1, 2)
    return CriticalLine(found[:, 0], bias, found[:, 1])


def critical_weight_var(activation: Any, bias_var: float = 0.0) -> float:
    """The σ_w² at which χ₁ = 1.

    Schoenholz et al. (2017), as in `critical_line`. Taken is the smallest fixed point that inputs of mean square 1
    come to.

    Parameters
    ----------
    activation : str or callable
    bias_var : float
        σ_b²

    Returns
    -------
    float
        nan where there is none: a ReLU network with biases is never critical.

    Raises
    ------
    ArgumentError
        As in `mean_field`.

    Examples
    --------
    >>> critical_weight_var("relu")
    2.0
    >>> round(critical_weight_var("tanh", 0.05), 5)
    1.76095
    """
    return _critical_point(resolve(activation), number(bias_var, "bias_var"))[0]


class PhaseDiagram(NamedTuple):
    """q* and χ₁ over the plane; both of shape (len(bias_var), len(weight_var)), as `contour` takes them."""

    weight_var: Array
    bias_var: Array
    q_star: Array
    chi_1: Array


def phase_diagram(activation: Any, weight_vars: Any, bias_vars: Any) -> PhaseDiagram:
    """χ₁ all over the plane of σ_w² and σ_b²: ordered where it is below 1, chaotic above.

    Poole et al. (2016), figure 1, and Schoenholz et al. (2017), figure 1. The averages are taken once on a grid of q
    and read off between, so thousands of points cost as much as ten of `mean_field`; χ₁ is right to three digits or
    more.

    Parameters
    ----------
    activation : str or callable
    weight_vars, bias_vars : array-like of float, shapes (n,) and (m,)

    Returns
    -------
    PhaseDiagram

    Raises
    ------
    ArgumentError
        As in `mean_field`.

    Examples
    --------
    >>> phase_diagram("tanh", [0.5, 1.5, 4.0], [0.0, 0.05]).chi_1.round(2)
    array([[0.5 , 1.04, 1.36],
           [0.43, 0.94, 1.34]])
    """
    phi = resolve(activation)
    weight_var = np.array([number(value, "weight_var") for value in np.ravel(weight_vars)])
    bias_var = np.array([number(value, "bias_var") for value in np.ravel(bias_vars)])
    q = np.geomspace(1e-8, 1e6, 281)
    log_q = np.log(q)
    signal = np.array([mean_square(phi, value) for value in q.tolist()])
    slope = np.array([slope_square(phi, value) for value in q.tolist()])

    w, b = np.broadcast_arrays(weight_var, bias_var[:, None])
    # by which part of itself q grows in a layer, at every q of the grid
    excess = (w[..., None] * signal + b[..., None]) / q - 1
    excess[np.abs(excess) < 1e-12] = 0
    place = np.clip(np.searchsorted(q, w + b), 1, len(q) - 1)
    grows = np.take_along_axis(excess, place[..., None], axis=-1)[..., 0] > 0
    index = np.arange(len(q))
    # the first place beyond the start at which that has the other sign; where there is none, q goes to 0 or ∞
    up = (excess < 0) & (index > place[..., None])
    down = (excess > 0) & (index < place[..., None])
    last = len(q) - 1
    right = np.where(grows, np.where(up.any(-1), up.argmax(-1), -1), -1)
    left = np.where(~grows & down.any(-1), last - down[..., ::-1].argmax(-1), -1)
    right = np.where(grows, right, np.where(left >= 0, left + 1, -1))
    found = right >= 0
    high = np.maximum(right, 1)
    low = high - 1
    e_low = np.take_along_axis(excess, low[..., None], axis=-1)[..., 0]
    e_high = np.take_along_axis(excess, high[..., None], axis=-1)[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(e_low == e_high, 0.5, e_low / (e_low - e_high))
    at = log_q[low] + part * (log_q[high] - log_q[low])
    stays = np.abs(np.take_along_axis(excess, place[..., None], axis=-1)[..., 0]) == 0
    at = np.where(found, at, np.where(stays, np.log(np.maximum(w + b, q[0])), np.where(grows, log_q[-1], log_q[0])))
    q_star = np.where(found | stays, np.exp(at), np.where(grows, math.inf, 0.0))
    mean = np.interp(at, log_q, slope)
    for end, value in LIMIT.items():
        mean = np.where(q_star == end, slope_square(phi, value), mean)
    return PhaseDiagram(weight_var, bias_var, q_star, w * mean)


def critical_at(phi: Activation, q: float) -> tuple[float, float]:
    """σ_w² and σ_b² at which q is a fixed point and χ₁ = 1; a σ_b² that is 0 but for rounding is 0."""
    q = LIMIT.get(q, q)
    slope = slope_square(phi, q)
    if not slope > 0:
        return math.nan, math.nan
    weight_var = 1 / slope
    bias_var = q - weight_var * mean_square(phi, q)
    return weight_var, 0.0 if abs(bias_var) < 1e-14 * q else bias_var


_GRID = np.geomspace(1e-9, 1e6, 121)


def _critical_point(phi: Activation, bias_var: float) -> tuple[float, float]:
    """σ_w² and q where χ₁ = 1 for a given σ_b²."""

    def missing(q: float) -> float:
        return critical_at(phi, q)[1] - bias_var

    candidates: list[float] = []
    if bias_var == 0 and q_map(phi, 1.0, 0.0, 0.0) == 0:
        candidates.append(0.0)  # every network without bias whose φ(0) is 0 can be silent
    values = [missing(q) for q in _GRID.tolist()]
    if bias_var > 0 or values[0] != 0:
        for (a, low), (b, high) in zip(
            zip(_GRID.tolist(), values, strict=True), zip(_GRID[1:].tolist(), values[1:], strict=True), strict=False
        ):
            if low == 0:
                candidates.append(a)
            elif low * high < 0:
                candidates.append(root(missing, a, b))
    for q in candidates:
        weight_var = critical_at(phi, q)[0]
        reached = fixed_point(phi, weight_var, bias_var)
        # The crossing may be a slow one, so that rounding moves it: χ₁ there is what counts.
        if math.isclose(chi_at(phi, weight_var, reached), 1, rel_tol=1e-6):
            return weight_var, reached
    return math.nan, math.nan
