"""Remedies for vanishing and exploding gradients: each measured before and after, with what it does not fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.measurement import measure
from graphviz_ad.gradflow.recurrent import measure_recurrent
from graphviz_ad.gradflow.settings import known
from graphviz_ad.gradflow.table import Flow


@dataclass(frozen=True)
class Remedy:
    """A disease and its remedy as arguments of `measure` (or `measure_recurrent`), and two honest sentences."""

    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    fixes: str
    does_not_fix: str
    recurrent: bool = False
    title: str = ""

    @property
    def label(self) -> str:
        """What a legend calls it, after the word "after"."""
        return self.title or self.name.replace("_", " ")


@dataclass(frozen=True)
class Comparison:
    """The same net without and with a remedy: two tables, and what to read in them."""

    remedy: Remedy
    before: Flow
    after: Flow
    column: str = field(default="delta_norm")

    @property
    def flows(self) -> dict[str, Flow]:
        """Both tables by name, as the plots take them."""
        return {"before": self.before, f"after {self.remedy.label}": self.after}

    @property
    def reading(self) -> str:
        """The slopes before and after, what the remedy fixes, and what it does not."""
        slopes = [f"{flow.slope(self.column):+.3f}" for flow in (self.before, self.after)]
        return (
            f"ln {self.column} per {self.before.unit} towards the input: {slopes[0]} before, {slopes[1]} after. "
            f"{self.remedy.fixes} {self.remedy.does_not_fix}"
        )

    def __repr__(self) -> str:
        return f"before: {self.before}\n\nafter: {self.after}\n\n{self.reading}"


_WEAK = {"activation": "tanh", "init": "old"}
_RELU = {"activation": "relu", "weight_var": 1.0}
REMEDIES: dict[str, Remedy] = {
    each.name: each
    for each in (
        Remedy(
            "initialisation",
            _WEAK,
            {"activation": "tanh", "init": "glorot"},
            "The right variance keeps the sizes of signals and gradients from layer to layer.",
            "It does not fix the shape: each layer still stretches some directions and squeezes others, nets of finite "
            "width differ more with every layer (Hanin 2018), and training may leave the good variance again.",
            title="a new initialisation",
        ),
        Remedy(
            "orthogonal",
            {"activation": "linear", "weight_var": 1.0},
            {"activation": "linear", "init": "orthogonal"},
            "Orthogonal weights keep the length of every vector, so that a linear net passes all directions alike.",
            "It does not fix activations: a ReLU still takes half of the square away, and no orthogonal weight brings "
            "a ReLU net to isometry (Pennington et al. 2017).",
            title="orthogonal weights",
        ),
        Remedy(
            "lsuv",
            _RELU,
            {"activation": "relu", "init": "lsuv"},
            "Every pre-activation starts with variance 1, whatever the activation is.",
            "It does not fix the backward pass, which has its own factor χ₁ (1.07 for SELU, whose forward variance "
            "stays 1); and one batch sets it, so that nothing holds it during training.",
            title="LSUV",
        ),
        Remedy(
            "residual",
            _RELU,
            {"activation": "relu", "weight_var": 1.0, "residual": 1.0},
            "The skip hands every adjoint on as it is, so none can vanish.",
            "It does not keep them from growing: each block adds its own part, with α = 1 by a constant factor per "
            "layer, which explodes with depth (Yang and Schoenholz 2017).",
            title="residual connections",
        ),
        Remedy(
            "scaled_residual",
            {"activation": "relu", "init": "he", "residual": 1.0},
            {"activation": "relu", "init": "he", "residual": "1/sqrt(L)"},
            "With α = 1/√L the squared norm grows by less than e over the whole depth, however deep the net is.",
            "It does not make layers matter: the deeper the net, the less each of them changes its input.",
            title="scaled residual connections",
        ),
        Remedy(
            "batch_norm",
            _RELU,
            {"activation": "relu", "weight_var": 1.0, "norm": "batch"},
            "Activations keep their size in every layer, whatever the weights' variance is.",
            "It does not fix gradients: without skips a ReLU net with batch normalisation explodes, by about 1.21 per "
            "layer in norm, tenfold every 12 layers, at every variance of the weights (Yang et al. 2019).",
        ),
        Remedy(
            "layer_norm",
            _RELU,
            {"activation": "relu", "weight_var": 1.0, "norm": "layer"},
            "Activations keep their size in every layer and for each sample alone.",
            "It does not make samples more different: a deep ReLU net still maps them onto nearly one direction.",
        ),
        Remedy(
            "clipping",
            {"activation": "relu", "weight_var": 3.0, "loss": "cross_entropy"},
            {"activation": "relu", "weight_var": 3.0, "loss": "cross_entropy", "clip": 1.0},
            "No step is longer than the threshold: an exploding gradient cannot throw the weights away.",
            "Clipping does not cure vanishing: all layers are scaled by one factor, so the ratios between them, and "
            "the adjoints themselves, stay as they were (Pascanu et al. 2013).",
        ),
        Remedy(
            "gated_cells",
            {"cell": "rnn", "weight_var": 0.25},
            {"cell": "lstm", "weight_var": 0.25, "keep_bias": 3.0},
            "Along the memory the local derivative is the forget gate alone: near 1 where the gate is open.",
            "It does not keep what the gate forgets: a gate of 0.95 still loses a factor of 10 in 45 steps, and across "
            "layers, not steps, it does nothing.",
            recurrent=True,
        ),
    )
}
"""The remedies by name."""


def compare(remedy: str, **settings: Any) -> Comparison:
    """Measure a net without and with a remedy.

    Parameters
    ----------
    remedy : str
        A name in `REMEDIES`.
    **settings
        Further arguments of `measure`, for both nets: depth, width, batch, seeds, … ("gated_cells": those of
        `measure_recurrent`). What makes the disease or the remedy is fixed.

    Returns
    -------
    Comparison
        ``.before`` and ``.after`` are flows; ``.reading`` says what changed and what the remedy does not fix.

    Raises
    ------
    ArgumentError
        An unknown remedy, a setting that belongs to it, or one that its nets do not have ("gated_cells" has steps, no
        depth).

    Examples
    --------
    >>> from graphviz_ad.gradflow import remedies
    >>> both = remedies.compare("batch_norm", depth=20, width=64, seeds=3)
    >>> both.before.slope("delta_norm") < -0.3, both.after.slope("delta_norm") > 0.1
    (True, True)
    """
    known(remedy, "remedy", REMEDIES)
    chosen = REMEDIES[remedy]
    taken = sorted(set(settings) & {*chosen.before, *chosen.after})
    if taken:
        raise ArgumentError(
            f"{', '.join(taken)} cannot be chosen: remedy {remedy!r} compares {dict(chosen.before)} with "
            f"{dict(chosen.after)}."
        )
    run = measure_recurrent if chosen.recurrent else measure
    free = [name for name in signature(run).parameters if name not in {*chosen.before, *chosen.after}]
    for name in settings:
        known(name, f"setting of remedy {remedy!r}", free)
    return Comparison(chosen, run(**settings, **chosen.before), run(**settings, **chosen.after))
