"""Singular values of the input–output Jacobian of wide random networks, from free probability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.activations import resolve
from graphviz_ad.gradflow.growth import kurtosis, largest_slope
from graphviz_ad.gradflow.quadrature import gaussian_mean
from graphviz_ad.gradflow.settings import known, number, whole

_WEIGHTS = {"gaussian": -1.0, "orthogonal": 0.0}  # the paper's s₁, which counts what the weights themselves spread


@dataclass(frozen=True)
class SingularValues:
    """How the singular values s of J are spread.

    Attributes
    ----------
    mean_square : float
        The mean of s²: χ^depth.
    variance : float
        The variance of s², the eigenvalues of J Jᵀ.
    largest : float
        The largest s in the limit of large width. A network needs width ≫ depth to come near it.
    """

    mean_square: float
    variance: float
    largest: float


def singular_values(
    depth: int,
    activation: Any = "linear",
    weights: str = "gaussian",
    weight_var: float | None = None,
    q: float = 1.0,
) -> SingularValues:
    """Mean, variance and edge of the squared singular values of J = ∏ Dˡ Wˡ, where Dˡ holds the slopes φ′(hˡ).

    Pennington, Schoenholz and Ganguli, "Resurrecting the sigmoid in deep learning through dynamical isometry"
    (2017); for orthogonal linear networks Saxe, McClelland and Ganguli (2013): all s = 1. At χ = 1 the variance is
    L (κ − 1 − s₁) with κ = E[φ′⁴]/E[φ′²]², and s₁ = −1 for Gaussian, 0 for orthogonal weights. ReLU (κ = 2) spreads by
    L even with orthogonal weights: it cannot reach isometry.

    Parameters
    ----------
    depth : int
        L, the number of layers.
    activation : str or callable
    weights : {"gaussian", "orthogonal"}
    weight_var : float, optional
        σ_w²; the critical 1/E[φ′²] by default.
    q : float
        The mean square of the pre-activations, the same in all layers.

    Returns
    -------
    SingularValues

    Raises
    ------
    ArgumentError
        An unknown kind of weights or activation, or a number that is not allowed.

    Examples
    --------
    >>> linear = singular_values(2)
    >>> linear.variance, round(linear.largest**2, 9)  # (L + 1)^(L + 1) / L^L
    (2.0, 6.75)
    >>> singular_values(10, weights="orthogonal").largest
    1.0
    """
    known(weights, "weights", _WEIGHTS)
    depth = whole(depth, "depth", 1)
    phi = resolve(activation)
    std = math.sqrt(number(q, "q"))
    square = gaussian_mean(lambda h: phi.derivative(h) ** 2, std, phi.kinks)
    chi = 1.0 if weight_var is None else number(weight_var, "weight_var") * square
    if not 0 < chi < math.inf:
        raise ArgumentError(f"weight_var={weight_var!r} must be a finite number above 0.")
    mean_square = math.exp(depth * math.log(chi))
    spread = kurtosis(phi, q) - 1 - _WEIGHTS[weights]
    gaussian = weights == "gaussian"

    # With m(y) = E[d/(y − d)] for d = φ′², the moments of J Jᵀ satisfy z(y) = (1 + m)/m · (σ_w² m y/(1 + m))^L, times
    # (1 + m)^L for Gaussian weights; the edge of the spectrum is the smallest z over y above all d.
    top = largest_slope(phi) ** 2

    def log_z(log_gap: float) -> float:
        y = top + math.exp(log_gap)
        m = gaussian_mean(lambda h: phi.derivative(h) ** 2 / (y - phi.derivative(h) ** 2), std, phi.kinks)
        log_edge = math.log1p(m) - math.log(m) + depth * math.log(chi / square * m * y)
        return log_edge if gaussian else log_edge - depth * math.log1p(m)

    low, high = math.log(top) - 25.0, math.log(top) + math.log(depth + 1) + 25.0
    # the minimum may lie at either end: for linear networks with orthogonal weights it does, at y → ∞ or y → d
    edge = min(log_z(low), log_z(high), _minimum(log_z, low, high))
    if spread == 0:
        edge = depth * math.log(chi)
    return SingularValues(mean_square, depth * spread * mean_square**2, math.exp(0.5 * edge))


def _minimum(f: Any, low: float, high: float) -> float:
    """The smallest value of a function with one valley, by golden sections."""
    ratio = (math.sqrt(5) - 1) / 2
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = f(a), f(b)
    while high - low > 1e-7:
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = f(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = f(b)
    return float(min(at_a, at_b))
