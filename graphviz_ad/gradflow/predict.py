"""Theory's profile for a measured flow: the mean-field recursion layer by layer, and what finite width allows."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad.gradflow import passage
from graphviz_ad.gradflow.activations import Activation, resolve
from graphviz_ad.gradflow.growth import init_weight_var, kurtosis
from graphviz_ad.gradflow.profile import Array, Profile
from graphviz_ad.gradflow.quadrature import gaussian_mean
from graphviz_ad.gradflow.settings import Settings

SPREAD = 1.96  # standard deviations on either side of the middle hold 95%
BACKWARD = ("delta_norm", "delta_mean_square", "weight_grad_norm")
FORWARD = ("activation_norm", "activation_mean_square")


@dataclass(frozen=True)
class Prediction:
    """Theory for one column: ``logs``, ln of the quantity up to a constant, for the layers 1 … depth.

    ``per_layer`` is the variance of ln of the quantity that one layer of the flow's width adds, and ``drift`` by how
    much less than theory's mean a typical net has after it (Hanin and Nica 2018); both are 0 where they are not known.
    """

    layers: Array
    logs: Array
    per_layer: float
    drift: float
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
            centre = logs - self.drift * steps
            middle, low, high = np.exp(logs), np.exp(centre - width), np.exp(centre + width)
        middle[np.isinf(middle)] = np.nan
        return middle, low, high


def predict(flow: Any, column: str) -> Prediction | None:
    """Theory for a column of a measured flow; None where there is none: LSUV, initialisations of one's own, graphs.

    δ follows Schoenholz et al. (2017): ln‖δ^l‖² − ln‖δ^L‖² is the sum of ln χ over the layers l … L − 1. The weight
    gradient of one example is δ^l times what comes in. Skips and normalisation change q and χ as `passage` says.
    """
    settings = getattr(flow, "settings", None)
    if not isinstance(settings, Settings) or column not in (*BACKWARD, *FORWARD):
        return None
    weight_var = variance_of(settings)
    if weight_var is None or (settings.clip is not None and column == "weight_grad_norm"):
        return None
    with np.errstate(all="ignore"):
        chi, activated, spreads = _passage(
            resolve(settings.activation), weight_var, settings.bias_var, settings.scale, settings.norm, settings.depth
        )
        back, log_activated = passage.log_delta(chi), np.log(activated)
        if column == "delta_norm":
            logs = back
        elif column == "delta_mean_square":
            logs = 2 * back
        elif column == "weight_grad_norm":
            # of one example: δ times what came in, which is the input in layer 1
            scale = 1.0 if settings.scale is None else abs(settings.scale)
            logs = back + np.append(0.0, 0.5 * log_activated[:-1] + np.log(scale))
        else:
            logs = log_activated * (0.5 if column == "activation_norm" else 1.0)
    if not np.isfinite(logs).all():
        return None
    gaussian = settings.init != "orthogonal" and settings.scale is None and settings.norm is None
    variance, drift = spreads.get(column, spreads["delta_norm"]) if gaussian and column in BACKWARD else (0.0, 0.0)
    power = 1.0 if column == "delta_mean_square" else 0.5  # of the square, which the spreads are of
    return Prediction(
        np.arange(1, settings.depth + 1), logs, power**2 * variance / settings.width, power * drift / settings.width,
        column in FORWARD,
    )  # fmt: skip


def variance_of(settings: Any) -> float | None:
    """σ_w² of a flow's settings, as given or as the initialisation has it; None where it has none."""
    if settings.weight_var is not None:
        return float(settings.weight_var)
    if not isinstance(settings.init, str) or settings.init == "lsuv":
        return None
    return 1.0 if settings.init == "orthogonal" else init_weight_var(settings.init.split("_")[0])


@functools.lru_cache(maxsize=64)
def _passage(
    phi: Activation, weight_var: float, bias_var: float, alpha: float | None, norm: str | None, depth: int
) -> tuple[Array, Array, dict[str, tuple[float, float]]]:
    """χ and E[φ²] for the layers 1 … depth, and what one layer of width 1 would do to the spread of nets."""
    q = passage.signal(phi, weight_var, bias_var, depth, alpha=alpha, norm=norm)
    inside = np.ones(depth) if norm else q  # the mean square of what φ takes
    if not ((q > 0) & (q < 1e300)).all():  # the signal leaves the floats: there is nothing to draw
        return np.full(depth, np.nan), np.full(depth, np.nan), {}
    each, where = np.unique(inside, return_inverse=True)
    square = np.array([passage.mean_square(phi, value) for value in each.tolist()])[where]
    return passage.factors(phi, weight_var, q, alpha, norm), square, _spreads(phi, float(inside[-1]), bias_var)


def _spreads(phi: Activation, q: float, bias_var: float) -> dict[str, tuple[float, float]]:
    """Column → variance of ln of its square, times the width, that each layer adds, and by how much it lowers the mean.

    ln‖Jᵀu‖² gets 3κ − 1 and is half of that lower (Hanin and Nica 2018). The weight gradient of one example is δ times
    what came in. Where that grows and shrinks freely (ReLU without biases) it is a walk of its own, the other way round
    and over the same slopes; elsewhere the signal comes back to q*, and only δ walks.
    """
    backward = 3 * kurtosis(phi, q) - 1
    both = (backward, backward / 2)
    found = {"delta_norm": both, "weight_grad_norm": both}
    square, std = passage.mean_square(phi, q), math.sqrt(q)
    if bias_var == 0 and math.isclose(passage.mean_square(phi, 4 * q), 4 * square, rel_tol=1e-9):
        fourth = gaussian_mean(lambda h: np.asarray(phi.function(h)) ** 4, std, phi.kinks)
        shared = gaussian_mean(lambda h: (np.asarray(phi.function(h)) * phi.derivative(h)) ** 2, std, phi.kinks)
        forward = fourth / square**2 - 1
        common = shared / (square * passage.slope_square(phi, q)) - 1
        found["weight_grad_norm"] = (backward + forward - 2 * common, (backward - forward) / 2)
    return found
