"""Checks a gradient written by hand against difference quotients, entry by entry, with the error beside its size."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.draws import value_of
from graphviz_ad.exercises.handwritten import SIMPLE, call, named
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.story.differences import (
    AGREES,
    COARSE,
    DIFFERS,
    JUMP,
    KINK,
    Verdict,
    relative_error,
    rounding_unit,
    scales_of,
)
from graphviz_ad.story.differences import compare as measure
from graphviz_ad.story.numbers import shape_text, short

MOST = 100
"""Of a larger array so many entries are checked, drawn at random."""
TEMPTING = 1e-7
"""The absolute tolerance of many a gradient check: what is wrong and within it is told."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the gradient: ``verdict`` is "agrees", "kink", "jump", "coarse", "unmeasured" or "differs"."""

    index: tuple[int, ...]
    verdict: str
    yours: float
    measured: float
    error: float
    """|yours − measured| over the larger of the two; 0 where both are 0."""


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """What came of checking a gradient; true if no entry differs and at least one was measured."""

    ok: bool
    message: str
    misconception: str | None
    entries: tuple[Entry, ...]

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return self.message


def check_gradient(f: Callable[..., Any], gradient: Any, x: Any) -> GradientCheck:
    """Check a gradient that was written by hand against difference quotients.

    Each entry of ``x`` moves alone, by steps of many sizes: quotients are extrapolated to the step 0, and a kink shows
    as slopes that differ on both sides, however small the step. Errors count beside the size of the derivative, not
    absolutely; where both are 0 they agree. Whole numbers are made floats, since a step on them would be lost.

    Parameters
    ----------
    f : callable
        Of ``x``, to one number; or to an array of the shape of ``x``, each entry from the entry at its place.
    gradient : callable, array or number
        ``gradient(x)``, or its value: in the shape of ``x``.
    x : array or number
        Where to check. Of more than 100 entries, 100 are drawn.

    Returns
    -------
    GradientCheck

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> gad.exercises.check_gradient(lambda x: np.sum(x**2), lambda x: 2 * x, [1, 2, 3]).ok
    True
    >>> tail = gad.exercises.check_gradient(lambda x: 1 / (1 + np.exp(-x)), lambda x: 0.0, 20.0)
    >>> tail.ok, tail.misconception
    (False, 'M13')
    """
    point = _point(x)
    value, problem = _value(f, point)
    if problem:
        raise ArgumentError(problem)
    each = bool(np.shape(value)) and np.shape(value) == np.shape(point)
    if np.shape(value) and not each:
        raise ArgumentError(
            f"{named(f)} gives an array of shape {np.shape(value)}; a gradient belongs to one number: np.sum(...)."
        )
    claimed, words = _claimed(gradient, point)
    if words:
        return GradientCheck(False, words, None, ())
    places = list(np.ndindex(np.shape(point)))
    if len(places) > MOST:
        chosen = np.random.default_rng(0).choice(len(places), MOST, replace=False)
        places = [places[int(n)] for n in sorted(chosen)]
    entries = tuple(_entry(f, point, value, claimed, place, each) for place in places)
    return _told(entries)


def _point(x: Any) -> Any:
    x = value_of(x)
    try:
        array = np.asarray(x)
        if array.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError):
        raise ArgumentError(f"x must be a number or an array of numbers, not {brief(x)}") from None
    array = array.astype(array.dtype if array.dtype.kind == "f" else float)
    return array if array.shape else array[()]


def _value(f: Any, point: Any) -> tuple[Any, str]:
    if not callable(f):
        raise ArgumentError(f"check_gradient needs the function itself, not {brief(f)}")
    with np.errstate(all="ignore"):
        value = f(np.copy(point)[()])
    if not isinstance(value, SIMPLE):
        return None, f"{named(f)} returned {brief(value)}, and a number is needed; did it forget `return`?"
    return np.asarray(value, float), ""


def _claimed(gradient: Any, point: Any) -> tuple[Any, str]:
    if gradient is None:
        return None, "There is no gradient yet."
    result = gradient
    if callable(gradient):
        result, _, problem = call(gradient, [np.copy(point)[()]])
        if problem is not None:
            return None, f"{problem.text}."
    if result is None:
        return None, f"{named(gradient)} returned None; return the gradient."
    try:
        array = np.asarray(value_of(result), float)
    except (TypeError, ValueError):
        return None, f"The gradient holds no numbers: {brief(result)}."
    if array.shape != np.shape(point):
        got, wanted = shape_text(array.shape) or "()", shape_text(np.shape(point)) or "()"
        return None, f"The gradient has the shape {got}, and x the shape {wanted}: every entry of x has a derivative."
    return array, ""


def _entry(f: Any, point: Any, value: Any, claimed: Any, place: tuple[int, ...], each: bool) -> Entry:
    at = value[place] if each else value
    own = np.asarray(point)[place]

    def change(step: float) -> float:
        moved = np.copy(point)
        moved[place] = own + step
        if step and moved[place] == own:
            return math.nan
        with np.errstate(all="ignore"):
            try:
                new = np.asarray(f(moved[()]), float)
            except Exception:  # noqa: BLE001  (beside the point a function may raise anything)
                return math.nan
        return float((new[place] if each else new) - at)

    yours = float(claimed[place])
    with np.errstate(all="ignore"):
        size = float(abs(at) + abs(yours * own))
    verdict: Verdict = measure(change, yours, scales_of(own), size, rounding_unit([point]))
    error = verdict.error
    if math.isnan(error) and verdict.kind == AGREES:
        error = relative_error(verdict.measured, yours)
    return Entry(place, verdict.kind, yours, verdict.measured, error)


def _told(entries: tuple[Entry, ...]) -> GradientCheck:
    counts = Counter(entry.verdict for entry in entries)
    wrong = [entry for entry in entries if entry.verdict == DIFFERS]
    seen = counts[AGREES] + counts[KINK]
    if not wrong:
        if not seen and entries:
            reason = {JUMP: "the function jumps here", COARSE: "rounding hides the slope"}
            words = reason.get(entries[0].verdict, "beside this point there are no numbers")
            return GradientCheck(False, f"Nothing could be measured: {words}. Choose another point.", None, entries)
        said = f"{seen} of {len(entries)} entries agree" if len(entries) > 1 else "The derivative agrees"
        kinks = f" At {_places(entries, KINK)} there is a kink, and yours lies between both slopes." * bool(
            counts[KINK]
        )
        rest = len(entries) - seen
        return GradientCheck(
            True, f"{said}.{kinks}{f' {rest} could not be measured here.' if rest else ''}", None, entries
        )
    worst = max(wrong, key=lambda entry: -1.0 if math.isnan(entry.error) else entry.error)
    at = f" at {list(worst.index)}" if worst.index else ""
    count = f"{len(wrong)} of {len(entries)} entries differ" if len(entries) > 1 else "The derivative differs"
    words = (
        f"{count}:{at} yours is {short(worst.yours)}, difference quotients give {short(worst.measured)}, "
        f"a relative error of {short(worst.error)}."
    )
    if abs(worst.yours - worst.measured) > TEMPTING:
        return GradientCheck(False, words, None, entries)
    off = short(abs(worst.yours - worst.measured))
    return GradientCheck(
        False,
        f"{words} The difference is only {off}, so a check with an absolute tolerance lets it pass. "
        f"{MISCONCEPTIONS['M13'].question}",
        "M13",
        entries,
    )


def _places(entries: tuple[Entry, ...], verdict: str) -> str:
    found = [str(list(entry.index)) if entry.index else "this point" for entry in entries if entry.verdict == verdict]
    return ", ".join(found[:3]) + (", …" if len(found) > 3 else "")
