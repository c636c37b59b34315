"""Units that pass no gradient on: ReLUs that are off for every sample, and activations in their flat ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from graphviz_ad.core.graph import Node
from graphviz_ad.core.visible import called
from graphviz_ad.doctor.activations import Activation, Array
from graphviz_ad.doctor.finding import Finding, expression
from graphviz_ad.gradflow.activations import resolve
from graphviz_ad.gradflow.sizes import SATURATED_BELOW, saturation

FLAT_ENDS = ("tanh", "sigmoid", "hard_tanh", "erf")
"""Activations that are flat at both ends."""
LOGARITHMS = {"log", "log1p", "log2", "log10"}


def blocked_units(found: Iterable[Activation], limits: Mapping[str, float]) -> Iterator[Finding]:
    """Of every activation, whether too many units are dead or too many entries saturated; one finding for a line."""
    told: dict[object, list[Finding]] = {}
    for activation in found:
        look = _dead if activation.name == "relu" else _saturated if activation.name in FLAT_ENDS else None
        for finding in () if look is None else look(activation, limits):
            place = finding.source or activation.out.id
            told.setdefault((finding.kind, getattr(place, "line", None), place), []).append(finding)
    for same in told.values():
        yield same[0] if len(same) == 1 else _together(same)


def _together(same: Sequence[Finding]) -> Finding:
    """One finding for what one line does again and again."""
    first = same[0]
    marks = {name: words for finding in same for name, words in finding.marks.items()}
    shown = [f"{called(name)} {words}" for name, words in marks.items()]
    more = f" and {len(shown) - 4} more" if len(shown) > 4 else ""
    what = f"The same in {len(same)} places: {', '.join(shown[:4])}{more}."
    return replace(first, what=f"{first.what} {what}", marks=marks)


def _dead(activation: Activation, limits: Mapping[str, float]) -> Iterator[Finding]:
    h = np.asarray(activation.pre.value)
    if h.ndim < 2:
        return  # one sample: about half of the units are off for it
    units = 1 if h.ndim == 4 else h.ndim - 1  # images: samples, channels, rows, columns
    off = (h <= 0).all(axis=tuple(axis for axis in range(h.ndim) if axis != units))
    samples = h.size // max(off.size, 1)
    if samples < limits["samples"] or off.mean() < limits["dead_share"]:
        return
    yield Finding(
        "warning",
        "dead",
        f"{int(off.sum())} of {off.size} units of {called(activation.out.name)} are dead: off for all {samples} "
        "samples.",
        f"Their inputs are at most 0 (largest {float(h.max()):.4g} in the layer), where `{expression(activation.out)}` "
        "has slope 0: nothing comes back to the weights of these units, so they stay as they are.",
        "A smaller learning rate, gad.nn.he_normal for the weights and 0 for the biases; or gad.nn.leaky_relu, whose "
        "slope is nowhere 0.",
        activation.out.source,
        {activation.out.name: f"{int(off.sum())} of {off.size} units dead"},
    )


def _saturated(activation: Activation, limits: Mapping[str, float]) -> Iterator[Finding]:
    if any(node.primitive is not None and node.primitive.name in LOGARITHMS for node in _two_on(activation)):
        return  # the logarithm of a probability makes good for the flat ends of it
    share = float(flat(activation, limits["saturated_below"]).mean())
    if share < limits["saturated_share"]:
        return
    h = np.asarray(activation.pre.value)
    yield Finding(
        "warning",
        "saturated",
        f"{activation.name} is saturated in {share:.0%} of {called(activation.out.name)}.",
        f"{called(activation.pre.name)} goes from {float(h.min()):.4g} to {float(h.max()):.4g}: there "
        f"`{expression(activation.out)}` is flat, and at most {limits['saturated_below']:.0%} of the largest slope "
        "is left of what comes back.",
        "Scale its input down: smaller weights (gad.nn.glorot_normal), inputs of mean 0 and variance 1, or a "
        "normalisation before it.",
        activation.out.source,
        {activation.out.name: f"saturated in {share:.0%}"},
    )


def flat(activation: Activation, below: float) -> Array:
    """Where an activation is saturated, entry by entry."""
    h = np.asarray(activation.pre.value, dtype=float)
    if below == SATURATED_BELOW:
        return np.asarray(saturation(activation.name)(h))
    phi = resolve(activation.name)
    steepest = float(np.abs(phi.derivative(np.linspace(-5.0, 5.0, 2001))).max())
    return np.asarray(np.abs(phi.derivative(h)) <= below * steepest)


def _two_on(activation: Activation) -> Iterator[Node]:
    """What uses an activation's result, and what uses that: log p, and log (1 − p)."""
    for consumer in activation.out.consumers:
        yield consumer
        if consumer.primitive is not None and consumer.primitive.name == "subtract":
            yield from consumer.consumers
