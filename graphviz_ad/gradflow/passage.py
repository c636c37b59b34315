"""The two averages of mean-field theory, and with them the passage of signal and gradient from layer to layer.

What goes into layer l's activation is normal with mean square q. A plain layer makes q ← σ_w² E[φ(√q z)²] + σ_b² of it
and multiplies E‖δ‖² by χ = σ_w² E[φ′(√q z)²] on the way back (Poole et al. 2016; Schoenholz et al. 2017). Skips and
normalisation change both, as `signal` and `factors` say.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.gradflow.activations import Activation
from graphviz_ad.gradflow.quadrature import gaussian_mean

Array = np.ndarray[Any, Any]

LIMIT = {0.0: 1e-28, math.inf: 1e28}
"""Where averages are taken for a q of 0 and of ∞."""
STILL = 1e-14
"""A q that moves by less than this part of itself stands still: only rounding moves it."""


def mean_square(phi: Activation, q: float) -> float:
    """E[φ(√q z)²]."""
    return gaussian_mean(lambda h: np.asarray(phi.function(h)) ** 2, math.sqrt(q), phi.kinks)


def slope_square(phi: Activation, q: float) -> float:
    """E[φ′(√q z)²]."""
    return gaussian_mean(lambda h: phi.derivative(h) ** 2, math.sqrt(q), phi.kinks)


def variance(phi: Activation, q: float) -> float:
    """Var[φ(√q z)]: what a batch's normalisation sees of a layer."""
    mean = gaussian_mean(phi.function, math.sqrt(q), phi.kinks)
    return gaussian_mean(lambda h: (np.asarray(phi.function(h)) - mean) ** 2, math.sqrt(q), phi.kinks)


def q_map(phi: Activation, weight_var: float, bias_var: float, q: float) -> float:
    """The mean square of the next layer's pre-activations; inf stays inf, unless σ_w² = 0."""
    if not math.isfinite(q):
        return q if weight_var else bias_var
    return weight_var * mean_square(phi, q) + bias_var


def chi_at(phi: Activation, weight_var: float, q: float) -> float:
    """χ at any q; at 0 and inf its limit."""
    q = LIMIT.get(q, q)
    return weight_var * slope_square(phi, q)


def signal(
    phi: Activation, weight_var: float, bias_var: float, layers: int, q_0: float = 1.0,
    alpha: float | None = None, norm: str | None = None,
) -> Array:  # fmt: skip
    """The mean square q of the pre-activations of layers 1 … layers; inf from where it overflows.

    Layer 1 takes the inputs, of mean square q_0, as they are. A skip of scale α adds the layer to what came in:
    q ← q + α² (…) (Yang and Schoenholz 2017). Normalised pre-activations have q = 1 inside φ. Of batch normalisation
    q is the variance over the batch, where a bias, the same for every sample, and the mean of φ count for nothing (Yang
    et al. 2019).
    """
    batch = norm == "batch"
    bias = 0.0 if batch else bias_var
    q = weight_var * q_0 + bias
    values = np.empty(layers)
    normalised = (variance if batch else mean_square)(phi, 1.0) if norm else math.nan
    for layer in range(layers):
        values[layer] = q
        following = weight_var * normalised + bias if norm else q_map(phi, weight_var, bias, q)
        if alpha is not None:
            following = q + alpha**2 * following
        if abs(following - q) <= STILL * q or q == math.inf:
            values[layer + 1 :] = q
            break
        q = following
    return values


def factors(phi: Activation, weight_var: float, q: Array, alpha: float | None = None, norm: str | None = None) -> Array:
    """χ of each layer, E‖δˡ‖² = χˡ E‖δˡ⁺¹‖², for the mean squares that `signal` gives.

    A skip of scale α adds 1: χ = 1 + α² σ_w² E[φ′²]. Normalisation divides by √q, which is a slope too.
    """
    if norm:
        with np.errstate(divide="ignore"):
            chi = weight_var * slope_square(phi, 1.0) / q
    else:
        each, where = np.unique(q, return_inverse=True)
        chi = np.array([chi_at(phi, weight_var, value) for value in each.tolist()])[where]
    return chi if alpha is None else 1 + alpha**2 * chi


def log_delta(chi: Array) -> Array:
    """√E‖δˡ‖² of each layer beside the last one's, as a logarithm: half the sum of ln χ over the layers l … L − 1."""
    with np.errstate(divide="ignore"):
        logs = 0.5 * np.log(chi)
    # δ of the last layer does not pass its own activation's slope: it is the reference
    return np.concatenate([np.cumsum(logs[:-1][::-1])[::-1], [0.0]])
