"""Difference quotients along a line: the slope that they lead to, how far to trust it, and whether it has a kink."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.replay import Replay
from graphviz_ad.core.traced import dtype_of, is_floating

Change = Callable[[float], float]
"""How much something changes by a step; nan where that cannot be computed."""

AGREES, KINK, COARSE, UNMEASURED, DIFFERS = "agrees", "kink", "coarse", "unmeasured", "differs"
VERDICTS = (AGREES, KINK, COARSE, UNMEASURED, DIFFERS)

_STARTS = (-6, -11, -17)  # steps as powers of two: a number plus such a step is exact, or nearly
_LEVELS = 4
_TRUST = 4.0  # an estimate may be wrong by so many times its own estimate of the error
_TOO_COARSE = 0.1  # of the slope: a measurement with a larger error says nothing
_NOTHING = 1e-8  # of a number's own size, per step of the size of the variable: a slope below this is taken for zero

_FLAT = 1e-6  # of the steepest quotient around: at the bottom of a valley the slope is what is left of these


class Estimate(NamedTuple):
    """A slope and about how wrong it may be."""

    slope: float
    error: float
    steepest: float = 0.0
    """The largest of the quotients that it was made from."""


class Verdict(NamedTuple):
    """What a measurement says of a slope that was computed otherwise."""

    kind: str
    measured: float = math.nan
    error: float = math.nan
    """|measured − claimed| over the larger of the two; over what counts as nothing where both are less."""
    left: float = math.nan
    right: float = math.nan
    """The slopes of both sides, at a kink."""


def relative_error(measured: float, claimed: float) -> float:
    """|measured − claimed| over the larger of the two.

    Examples
    --------
    >>> relative_error(0.0, 0.0), relative_error(3.0, 4.0), relative_error(1.0, float("inf"))
    (0.0, 0.25, nan)
    """
    if measured == claimed:
        return 0.0
    largest = max(abs(measured), abs(claimed))
    return abs(measured - claimed) / largest if math.isfinite(largest) else math.nan


def compare(change: Change, claimed: float, scales: Collection[float], size: float, epsilon: float) -> Verdict:
    """Measure a slope and compare it with the one that is claimed.

    Parameters
    ----------
    scales
        Natural sizes of steps, the size of the variable first; what is much smaller beside it has its own.
    size
        How large are the numbers whose rounding disturbs the measurement.
    epsilon
        The rounding unit, `np.finfo(dtype).eps` of the coarsest dtype.
    """
    if not math.isfinite(claimed):
        return Verdict(UNMEASURED)
    scales = [_power_of_two(scale) for scale in scales]
    noise = epsilon * size
    kink = kink_at(change, scales[0], noise, epsilon)
    if kink is not None:
        left, right = kink
        slack = 0.01 * max(abs(left), abs(right))
        between = min(left, right) - slack <= claimed <= max(left, right) + slack
        middle = (left + right) / 2
        return Verdict(KINK if between else DIFFERS, middle, relative_error(middle, claimed), left, right)
    best: Estimate | None = None
    for step in [scale * 2.0**power for power in _STARTS for scale in scales]:
        found = measure(change, step, noise)
        if found is None or (best is not None and found.error >= best.error):
            continue
        best = found
        if _agrees(best, claimed, size / scales[0], epsilon):
            break
    if best is None:
        return Verdict(UNMEASURED)
    whole = _size(best, claimed, size / scales[0])
    error = abs(best.slope - claimed) / whole if whole else 0.0
    if _TRUST * best.error > _TOO_COARSE * whole:
        return Verdict(COARSE, best.slope, error)
    return Verdict(AGREES if _agrees(best, claimed, size / scales[0], epsilon) else DIFFERS, best.slope, error)


def _size(found: Estimate, claimed: float, elastic: float) -> float:
    return max(abs(found.slope), abs(claimed), _NOTHING * elastic, _FLAT * found.steepest)


def _agrees(found: Estimate, claimed: float, elastic: float, epsilon: float) -> bool:
    size = _size(found, claimed, elastic)
    if _TRUST * found.error > _TOO_COARSE * size:
        return False
    allowed: float = epsilon ** (1 / 3) * size + _TRUST * found.error
    return abs(found.slope - claimed) <= allowed


def measure(change: Change, step: float, noise: float) -> Estimate | None:
    """The slope at 0 by quotients of steps that are halved: central ones, or of the side on which there are numbers.

    The quotients of shrinking steps are extrapolated to the step 0 (Ridders, Adv. Eng. Softw. 4 (1982) 75).
    """
    with np.errstate(all="ignore"):
        for sides in ((1.0, -1.0), (1.0,), (-1.0,)):
            quotients = [_quotient(change, step / 2**level, sides) for level in range(_LEVELS)]
            if all(map(math.isfinite, quotients)):
                found = _extrapolated(quotients, len(sides), step, noise)
                return found._replace(steepest=max(map(abs, quotients)))
    return None


def _quotient(change: Change, step: float, sides: tuple[float, ...]) -> float:
    return sum(side * change(side * step) for side in sides) / (step * len(sides))


def _extrapolated(quotients: Iterable[float], power: int, step: float, noise: float) -> Estimate:
    """Neville's scheme: the error of quotients is a series in step ** power."""
    best = Estimate(math.nan, math.inf)
    before: list[float] = []
    for level, quotient in enumerate(quotients):
        row = [quotient]
        rounding = noise / (step / 2**level)
        for order, old in enumerate(before, start=1):
            weight = 2.0 ** (power * order)
            row.append((weight * row[-1] - old) / (weight - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - old)) + rounding
            if error < best.error:
                best = Estimate(row[-1], error)
        before = row
    return best


def kink_at(change: Change, scale: float, noise: float, epsilon: float) -> tuple[float, float] | None:
    """The slopes of both sides where they differ, however small the step; None where they meet, or cannot be known."""
    digits = math.log2(epsilon)
    jumps: list[float] = []
    left = right = step = math.nan
    for part in (1 / 4, 3 / 8):
        step = scale * 2.0 ** round(digits * part)
        with np.errstate(all="ignore"):
            left, right = -change(-step) / step, change(step) / step
        jumps.append(right - left)
    if not all(map(math.isfinite, jumps)):
        return None
    large, small = jumps
    real = abs(small) > max(8 * noise / step, 1e-3 * max(abs(left), abs(right)))
    # what curvature makes of the difference shrinks with the step, a kink's stays
    return (left, right) if real and small * large > 0 and abs(small) > abs(large) / 2 else None


def _power_of_two(number: float) -> float:
    """The power of two below a number; 1 for 0 and for what is no number.

    Examples
    --------
    >>> [_power_of_two(number) for number in (3.0, 0.3, 0.0, float("inf"))]
    [2.0, 0.25, 1.0, 1.0]
    """
    if not math.isfinite(number) or number == 0:
        return 1.0
    return 2.0 ** (math.frexp(number)[1] - 1)


def scales_of(value: Any) -> list[float]:
    """Natural sizes of steps for a value: its own, that of its smallest entries, and 1 where these are smaller.

    Examples
    --------
    >>> scales_of(3.0), scales_of(np.array([0.0, 1e-6, 20.0])), scales_of(0.0)
    ([3.0], [20.0, 1e-06], [1.0])
    """
    sizes = np.abs(np.asarray(value, dtype=float).ravel())
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if not sizes.size:
        return [1.0]
    largest, smallest = float(sizes.max()), float(sizes.min())
    return [largest, *([smallest] if smallest < largest / 8 else []), *([1.0] if largest < 1 / 8 else [])]


def output_change(graph: BaseGraph, found: Replay) -> float:
    """How much the output changes in a replay, Σ seed × change where it is no one number; nan if it ended early."""
    if found.reason:
        return math.nan
    total = 0.0
    for position in graph.seeded:
        if position in found.values:
            new, old = found.values[position], graph.records[position].value
            with np.errstate(all="ignore"):
                total += inner(graph.seed_of(position), np.subtract(new, old, dtype=float))
    return total


def inner(first: Any, second: Any) -> float:
    """⟨first, second⟩ in double precision.

    Examples
    --------
    >>> inner(np.ones(3, np.float32), [1.0, 2.0, 3.0]), inner(2.0, 3.0)
    (6.0, 6.0)
    """
    with np.errstate(all="ignore"):
        return float(np.sum(np.asarray(first, dtype=float) * np.asarray(second, dtype=float)))


def rounding_unit(values: Iterable[Any]) -> float:
    """The rounding unit of the coarsest float among some values."""
    return max((float(np.finfo(dtype_of(value)).eps) for value in values if is_floating(value)), default=2.0**-52)
