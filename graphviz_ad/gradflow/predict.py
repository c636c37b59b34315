"""Theory's profile for a measured flow: the mean-field recursion layer by layer, and what finite width allows."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad.gradflow.activations import Activation, resolve
from graphviz_ad.gradflow.growth import kurtosis
from graphviz_ad.gradflow.profile import Array, Profile
from graphviz_ad.gradflow.quadrature import gaussian_mean
from graphviz_ad.gradflow.settings import Settings

SPREAD = 1.96  # standard deviations on either side of the middle hold 95%
# σ_w² in Var W = σ_w²/fan-in for square layers
VARIANCES = {"glorot": 1.0, "he": 2.0, "lecun": 1.0, "old": 1 / 3, "orthogonal": 1.0}
BACKWARD = ("delta_norm", "delta_mean_square", "weight_grad_norm")
FORWARD = ("activation_norm", "activation_mean_square")


@dataclass(frozen=True)
class Prediction:
    """Theory for one column: ``logs``, ln of the quantity up to a constant, for the layers 1 … depth.

    ``per_layer`` is the variance of ln of a norm that one layer of the flow's width adds, 0 where it is not known.
    """

    layers: Array
    logs: Array
    per_layer: float
    forward: bool

    def slope(self, window: tuple[int, int]) -> float:
        """Change of ln per layer towards the input, fitted over the window as a measured profile's is."""
        within = (self.layers >= window[0]) & (self.layers <= window[1])
        return -float(np.polyfit(self.layers[within], self.logs[within], 1)[0]) if within.sum() > 1 else math.nan

    def through(self, line: Profile) -> tuple[Array, Array, Array]:
        """Theory's line through the profile where the pass begins, and the edges of the band that finite width opens.

        A backward profile is tied at its last finite layer: theory says nothing about the loss's own gradient.
        """
        finite = np.flatnonzero(np.isfinite(line.typical) & (line.typical > 0))
        if not finite.size:
            nothing = np.full(len(self.layers), np.nan)
            return nothing, nothing, nothing
        tie = int(finite[0] if self.forward else finite[-1])
        logs = self.logs - self.logs[tie] + math.log(line.typical[tie])
        steps = np.abs(self.layers - self.layers[tie])
        width = SPREAD * np.sqrt(self.per_layer * steps) if self.per_layer else np.full(len(steps), np.nan)
        with np.errstate(all="ignore"):
            middle, low, high = np.exp(logs), np.exp(logs - width), np.exp(logs + width)
        middle[np.isinf(middle)] = np.nan
        return middle, low, high


def predict(flow: Any, column: str) -> Prediction | None:
    """Theory for a column of a measured flow; None where there is none: LSUV, initialisations of one's own, graphs.

    δ follows Schoenholz et al. (2017): ln‖δ^l‖² − ln‖δ^L‖² is the sum of ln χ over the layers l … L − 1. The weight
    gradient of one example is δ^l times what comes in. Skips and normalisation change q and χ as `recursion` says.
    """
    settings = getattr(flow, "settings", None)
    if not isinstance(settings, Settings) or column not in (*BACKWARD, *FORWARD):
        return None
    weight_var = variance_of(settings)
    if weight_var is None or (settings.clip is not None and column == "weight_grad_norm"):
        return None
    with np.errstate(all="ignore"):
        chi, square, kappa = recursion(
            resolve(settings.function), weight_var, float(settings.bias_var), settings.scale, settings.norm,
        settings.depth )  # fmt: skip
        log_chi, log_square = np.log(chi), np.log(square)
        back = np.append(np.cumsum(log_chi[:-1][::-1])[::-1], 0.0)
        if column == "delta_norm":
            logs = 0.5 * back
        elif column == "delta_mean_square":
            logs = back
        elif column == "weight_grad_norm":
            inward = np.append(
                0.0, log_square[:-1] + 2 * np.log(abs(1.0 if settings.scale is None else settings.scale))
            )
            logs = 0.5 * (back + inward)
        else:
            logs = log_square * (0.5 if column == "activation_norm" else 1.0)
    if not np.isfinite(logs).all():
        return None
    gaussian = settings.init != "orthogonal" and settings.scale is None and settings.norm is None
    # Var ln‖Ju‖² per layer (Hanin and Nica 2018): 5/n for ReLU, 2/n for linear nets; of ln‖·‖ it is a quarter
    variance = (3 * kappa - 1) / settings.width * (1.0 if column == "delta_mean_square" else 0.25)
    return Prediction(
        np.arange(1, settings.depth + 1), logs, variance if gaussian and column in BACKWARD else 0.0, column in FORWARD
    )


def variance_of(settings: Any) -> float | None:
    """σ_w² of a flow's settings, as given or as the initialisation has it; None where it has none."""
    if settings.weight_var is not None:
        return float(settings.weight_var)
    return VARIANCES.get(settings.init.split("_")[0]) if isinstance(settings.init, str) else None


@functools.lru_cache(maxsize=64)
def recursion(
    phi: Activation, weight_var: float, bias_var: float, scale: float | None, norm: str | None, depth: int
) -> tuple[Array, Array, float]:
    """χ and E[φ²] for the layers 1 … depth, and κ = E[φ′⁴]/E[φ′²]² in the last one.

    q_1 = σ_w² + σ_b² for inputs of mean square 1; then q ← σ_w² E[φ(√q z)²] + σ_b², χ = σ_w² E[φ′(√q z)²] (Poole et al.
    2016; Schoenholz et al. 2017). A skip of scale α adds: q ← q + α² (…), χ = 1 + α² σ_w² E[φ′²] (Yang and Schoenholz
    2017). Normalised pre-activations have q = 1 inside φ, and the slope of the normalisation is 1/√q, where batch
    normalisation counts only the variance over the batch (Yang et al. 2019).
    """
    mean = functools.partial(gaussian_mean, kinks=phi.kinks)

    def averages(q: float) -> tuple[float, float, float]:
        """E[φ], E[φ²] and E[φ′²] at pre-activations of mean square q."""
        std = math.sqrt(q)
        first = mean(phi.function, std) if norm == "batch" else 0.0
        return first, mean(lambda h: phi.function(h) ** 2, std), mean(lambda h: phi.derivative(h) ** 2, std)

    averages = functools.lru_cache(maxsize=None)(averages)  # q stands still in most of the layers
    chi, square = np.full(depth, np.nan), np.full(depth, np.nan)
    batch = norm == "batch"
    q = weight_var + (0.0 if batch else bias_var)  # a bias is the same for the whole batch: it has no variance there
    inside = 1.0
    for layer in range(depth):
        if not 0 < q < 1e300:
            break
        inside = 1.0 if norm else q
        first, square[layer], slope = averages(inside)
        chi[layer] = weight_var * slope / (q if norm else 1.0)
        new = weight_var * (square[layer] - first**2) + (0.0 if batch else bias_var)
        if scale is not None:
            new, chi[layer] = q + scale**2 * new, 1 + scale**2 * chi[layer]
        # q that only rounding moves would cost new averages in every layer
        q = q if abs(new - q) <= 1e-14 * q else new
    return chi, square, kurtosis(phi, inside)
