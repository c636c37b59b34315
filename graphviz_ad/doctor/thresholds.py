"""Where the doctor draws its lines: each threshold with its unit and its source, and a user's own in their place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.sizes import SATURATED_BELOW


class Threshold(NamedTuple):
    """One line between well and ill."""

    value: float
    unit: str
    meaning: str
    source: str


THRESHOLDS: Mapping[str, Threshold] = MappingProxyType(
    {
        "vanishing": Threshold(
            1e-3,
            "‖δ‖ of the first layer / ‖δ‖ of the last",
            "at or below it gradients vanish",
            "a choice: the first layer then learns a thousand times more slowly (the effect: Hochreiter 1991; Glorot "
            "and Bengio 2010)",
        ),
        "exploding": Threshold(
            1e3,
            "‖δ‖ of the first layer / ‖δ‖ of the last",
            "at or above it gradients explode",
            "a choice, the reciprocal of the other one (the effect: Pascanu, Mikolov and Bengio 2013)",
        ),
        "saturated_below": Threshold(
            SATURATED_BELOW,
            "|φ′| / largest |φ′| of the activation",
            "at or below it an entry is saturated",
            "gad.gradflow, which counts saturated entries in the same way",
        ),
        "saturated_share": Threshold(
            0.5,
            "share of the entries of one activation",
            "at or above it the activation is saturated",
            "a choice: more is blocked than gets through",
        ),
        "dead_share": Threshold(
            0.4,
            "share of the units of one ReLU",
            "at or above it the units that are off for every sample are a finding",
            "CS231n, neural networks part 1: a learning rate too high may leave as much as 40 % of a network dead",
        ),
        "samples": Threshold(
            8,
            "samples in the batch",
            "with fewer no unit is called dead",
            "a choice: a healthy unit, off for every second sample, is off for all 8 in 1 of 256 cases",
        ),
    }
)
"""By name; ``gad.doctor(f, x, thresholds={"dead_share": 0.2})`` sets another value."""


def chosen(given: Mapping[str, float] | None) -> dict[str, float]:
    """The value of every threshold, a user's own first.

    Raises
    ------
    ArgumentError
        One is unknown, or no positive number.
    """
    asked: Any = {} if given is None else given
    if not isinstance(asked, Mapping):
        raise ArgumentError(f'thresholds must be a dict such as {{"dead_share": 0.2}}, not {brief(given)}')
    for name, value in asked.items():
        if name not in THRESHOLDS:
            raise ArgumentError(f"unknown threshold: {name!r} (must be one of {list(THRESHOLDS)})")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise ArgumentError(f"the threshold {name!r} must be a positive number, not {brief(value)}")
    return {name: float(asked.get(name, threshold.value)) for name, threshold in THRESHOLDS.items()}
