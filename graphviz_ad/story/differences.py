"""Difference quotients along a line: the slope that they lead to, how far to trust it, and whether there is one."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.replay import Replay
from graphviz_ad.core.traced import dtype_of

Change = Callable[[float], float]
"""How much something changes by a step; nan where that cannot be computed."""

AGREES, KINK, JUMP, COARSE = "agrees", "kink", "jump", "coarse"
UNMEASURED, DIFFERS = "unmeasured", "differs"
VERDICTS = (AGREES, KINK, JUMP, COARSE, UNMEASURED, DIFFERS)

_STARTS = (-6, -11, -17)  # steps as powers of two: a number plus such a step is exact, or nearly
_LEVELS = 4
_TRUST = 4.0  # an estimate may be wrong by so many times its own estimate of the error
_TOO_COARSE = 0.1  # of the slope: a measurement with a larger error says nothing
_NOTHING = 1e-8  # of a number's own size, per step of the size of the variable: beside a rule's 0, less is none
_FLAT = 1e-6  # of the steepest quotient around: at the bottom of a valley the slope is what is left of these
_LOUD = 8.0  # a difference of so many times its rounding is one
_FINE = (1 / 4, 3 / 8, 1 / 2)  # of the digits of a number: steps at which both sides are looked at
_FINEST = 7 / 8


class Estimate(NamedTuple):
    """A slope and about how wrong it may be."""

    slope: float
    error: float
    steepest: float = 0.0
    """The largest of the quotients that it was made from."""


class Sides(NamedTuple):
    """The quotients of one step to the left and to the right; nan where there is no number."""

    step: float
    left: float
    right: float

    @property
    def gap(self) -> float:
        """By how much the slope changes here."""
        return self.right - self.left

    @property
    def middle(self) -> float:
        """The central quotient."""
        return (self.left + self.right) / 2


class Verdict(NamedTuple):
    """What a measurement says of a slope that was computed otherwise."""

    kind: str
    measured: float = math.nan
    error: float = math.nan
    """|measured − claimed| over the larger of the two; nan where both are nothing beside the slopes around."""
    left: float = math.nan
    right: float = math.nan
    """The slopes of both sides, at a kink."""


def relative_error(measured: float, claimed: float) -> float:
    """|measured − claimed| over the larger of the two; nan where one of them is no finite number.

    Examples
    --------
    >>> relative_error(0.0, 0.0), relative_error(3.0, 4.0), relative_error(1.0, float("inf"))
    (0.0, 0.25, nan)
    """
    if measured == claimed:
        return 0.0
    if not (math.isfinite(measured) and math.isfinite(claimed)):
        return math.nan
    return abs(measured - claimed) / max(abs(measured), abs(claimed))


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
    noise = epsilon * size
    if not (math.isfinite(claimed) and math.isfinite(noise)):
        return Verdict(UNMEASURED)
    scales = [_power_of_two(scale) for scale in scales]
    both = sides(change, scales, epsilon)
    if jumps(change, both, scales[0] * _part(epsilon, _FINEST), noise):
        return Verdict(JUMP)
    kink = kink_of(both, noise)
    if kink is not None:
        slack = 0.01 * abs(kink.gap) + epsilon ** (1 / 3) * max(abs(kink.left), abs(kink.right))
        between = min(kink.left, kink.right) - slack <= claimed <= max(kink.left, kink.right) + slack
        error = relative_error(kink.middle, claimed)
        return Verdict(KINK if between else DIFFERS, kink.middle, error, kink.left, kink.right)
    # of the steps at which both sides were looked at, each has about the error that halves of it show to the next
    seen = [
        (one.step, Estimate(one.middle, abs(one.middle - before.middle) + noise / one.step))
        for before, one in pairwise(both)
    ]
    measured: list[tuple[float, Estimate]] = []
    best: Estimate | None = None
    for step in [scale * 2.0**power for power in _STARTS for scale in scales]:
        found = measure(change, step, noise)
        if found is None:
            continue
        seen.append((step, found))
        measured.append((step, found))
        standing = [estimate for start, estimate in measured if not _contradicted(start, estimate, seen)]
        best = min(standing, key=lambda estimate: estimate.error, default=None)
        if best is not None and best.error <= epsilon ** (1 / 3) * abs(best.slope):
            break
    if best is None:
        return Verdict(COARSE if measured else UNMEASURED)
    return _judged(best, claimed, size / scales[0], epsilon)


def _judged(best: Estimate, claimed: float, elastic: float, epsilon: float) -> Verdict:
    off, possible = abs(best.slope - claimed), _TRUST * best.error
    whole = max(abs(best.slope), abs(claimed))
    error = relative_error(best.slope, claimed)
    if off == 0:
        return Verdict(AGREES, best.slope, error)
    nothing = max(_FLAT * best.steepest, 0.0 if claimed else _NOTHING * elastic)
    if off <= possible and max(whole, possible) <= nothing:
        return Verdict(AGREES, best.slope)
    if possible > _TOO_COARSE * whole:
        return Verdict(COARSE, best.slope, error)
    if off <= epsilon ** (1 / 3) * whole + possible:
        return Verdict(AGREES, best.slope, error)
    # where large terms cancel, the rule rounds as much as differences do
    return Verdict(COARSE if off <= _TRUST * epsilon * elastic else DIFFERS, best.slope, error)


def _contradicted(step: float, found: Estimate, seen: Iterable[tuple[float, Estimate]]) -> bool:
    """Whether a finer step shows another slope, as where a function turns many times within the coarse one."""
    return any(
        finer < step / 2**_LEVELS and abs(one.slope - found.slope) > _TRUST * (one.error + found.error)
        for finer, one in seen
    )


def measure(change: Change, step: float, noise: float) -> Estimate | None:
    """The slope at 0 by quotients of steps that are halved: central ones, or of the side on which there are numbers.

    The quotients of shrinking steps are extrapolated to the step 0 (Ridders, Adv. Eng. Softw. 4 (1982) 75).
    """
    with np.errstate(all="ignore"):
        for signs in ((1.0, -1.0), (1.0,), (-1.0,)):
            quotients = [_quotient(change, step / 2**level, signs) for level in range(_LEVELS)]
            if all(map(math.isfinite, quotients)):
                found = _extrapolated(quotients, len(signs), step, noise)
                if math.isfinite(found.slope) and math.isfinite(found.error):
                    return found._replace(steepest=max(map(abs, quotients)))
    return None


def _quotient(change: Change, step: float, signs: tuple[float, ...]) -> float:
    if step < sys.float_info.min:  # beside the smallest numbers there are no smaller steps
        return math.nan
    return sum(sign * change(sign * step) for sign in signs) / (step * len(signs))


def _extrapolated(quotients: Iterable[float], power: int, step: float, noise: float) -> Estimate:
    """Neville's scheme: the error of quotients is a series in step ** power."""
    best = Estimate(math.nan, math.inf)
    before: list[float] = []
    for level, quotient in enumerate(quotients):
        row = [quotient]
        rounding = noise / (step / 2**level) + sys.float_info.epsilon * abs(quotient)
        for order, old in enumerate(before, start=1):
            weight = 2.0 ** (power * order)
            row.append((weight * row[-1] - old) / (weight - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - old)) + rounding
            if error < best.error:
                best = Estimate(row[-1], error)
        before = row
    return best


def sides(change: Change, scales: Sequence[float], epsilon: float) -> list[Sides]:
    """Both sides at a few steps, the finest last: no larger than the number itself would have them."""
    own = [scale for scale in scales if scale <= scales[0]]
    steps = sorted({scale * _part(epsilon, part) for scale in own for part in _FINE}, reverse=True)
    with np.errstate(all="ignore"):
        return [Sides(step, *(_quotient(change, step, (sign,)) for sign in (-1.0, 1.0))) for step in steps]


def jumps(change: Change, both: Sequence[Sides], finest: float, noise: float) -> bool:
    """Whether the function changes by the same amount, however small the step: its quotients grow as 1/step."""
    for sign, quotients in ((-1.0, [one.left for one in both]), (1.0, [one.right for one in both])):
        seen = [quotient * one.step for quotient, one in zip(quotients[-2:], both[-2:], strict=True)]
        if not _same(seen, _LOUD * noise):
            continue
        with np.errstate(all="ignore"):
            seen.append(_quotient(change, finest, (sign,)) * finest)
        if _same(seen, _LOUD * noise):
            return True
    return False


def _same(seen: Sequence[float], noise: float) -> bool:
    return abs(seen[-1]) > noise and all(abs(one - seen[-1]) <= abs(seen[-1]) / 4 for one in seen)


def kink_of(both: Sequence[Sides], noise: float) -> Sides | None:
    """Both sides at a kink: where they differ as much, and each is the same, however small the step."""
    known: list[Sides] = []
    for one in both:
        if not math.isfinite(one.gap):
            continue
        if known and _LOUD * noise / one.step > abs(known[-1].gap) / 2:
            break  # rounding hides what was seen before
        known.append(one)
    known = known[-3:]
    if len(known) < 2:
        return None
    last = known[-1]
    gap = abs(last.gap)
    if gap <= max(_LOUD * noise / last.step, 1e-3 * max(abs(last.left), abs(last.right))):
        return None
    # what curvature makes of the difference shrinks with the step, a kink's stays
    steady = all(max(abs(one.left - last.left), abs(one.right - last.right)) <= gap / 4 for one in known)
    return last if steady else None


def _part(epsilon: float, part: float) -> float:
    """A power of two that has so many of the digits of a number."""
    return 2.0 ** round(math.log2(epsilon) * part)


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
    """Natural sizes of steps for a value: its own, that of its smallest entries, and 1 where it is far from that.

    Examples
    --------
    >>> scales_of(3.0), scales_of(np.array([0.0, 1e-6, 20.0])), scales_of(0.0)
    ([3.0], [20.0, 1e-06, 1.0], [1.0])
    """
    sizes = np.abs(np.asarray(value)).ravel().astype(float)
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if not sizes.size:
        return [1.0]
    largest, smallest = float(sizes.max()), float(sizes.min())
    return [largest, *([smallest] if smallest < largest / 8 else []), *([] if 1 / 8 <= largest <= 8 else [1.0])]


def output_change(graph: BaseGraph, found: Replay) -> float:
    """How much the output changes in a replay, Σ seed × change where it is no one number; nan if it ended early."""
    if found.reason:
        return math.nan
    total = 0.0
    for position in graph.seeded:
        if position in found.values:
            new, old = found.values[position], graph.records[position].value
            with np.errstate(all="ignore"):
                total += inner(graph.seed_of(position), difference(new, old))
    return total


def _double(value: Any) -> np.ndarray[Any, Any]:
    return np.asarray(value, dtype=complex if np.iscomplexobj(value) else float)


def difference(new: Any, old: Any) -> Any:
    """The difference of two values in double precision; of complex ones complex."""
    return np.subtract(_double(new), _double(old))


def inner(first: Any, second: Any) -> float:
    """⟨first, second⟩ in double precision; of complex numbers that of their real and imaginary parts.

    Examples
    --------
    >>> inner(np.ones(3, np.float32), [1.0, 2.0, 3.0]), inner(2.0, 3.0), inner(1 + 2j, 3 + 4j)
    (6.0, 6.0, 11.0)
    """
    with np.errstate(all="ignore"):
        return float(np.sum(np.real(np.conj(_double(first)) * _double(second))))


def rounding_unit(values: Iterable[Any]) -> float:
    """The rounding unit of the coarsest float among some values."""
    kinds = {dtype_of(value) for value in values}
    return max((float(np.finfo(kind).eps) for kind in kinds if kind.kind in "fc"), default=2.0**-52)
