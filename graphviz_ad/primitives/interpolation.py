"""Piecewise linear interpolation: np.interp by the place, by the knots and by the values there."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import general, handles, plain
from graphviz_ad.core.traced import Traced, apply, invoke, operand, shape_of, value_of
from graphviz_ad.primitives.indexing import index, leading, scatter


def _interval(x: Any, knots: Any) -> Any:
    """The number of the interval in which each place lies, −1 before the first knot, and one more behind the last.

    A place on an inner knot belongs to the interval to its right, which NumPy takes too; the ends belong to the first
    and to the last interval. nan lies in the last.
    """
    found = np.searchsorted(knots, x, side="right") - 1
    return np.where(np.equal(x, knots[-1]), len(knots) - 2, found)


_KNOTS = np.array([0.0, 0.7, 1.0, 2.5])

_interval_of = plain("interval", _interval, sample=lambda rng: [((rng.normal(size=(2, 3)), _KNOTS), {})])


class _Interval:
    """What is known of the interval of each place: whether it is inside, the knots, the values, the share of the right.

    Outside of all intervals an end's value counts alone; then the interval is the nearest one.
    """

    def __init__(self, x: Any, xp: Any, fp: Any) -> None:
        number = invoke(_interval_of, (x, xp), {})
        last = shape_of(xp)[0] - 2
        self.inside = np.logical_and(number >= 0, number <= last)
        self.before, self.behind = number < 0, number > last
        self.left = np.clip(number, 0, last)
        self.right = self.left + 1
        # `index`, since a plain array would take the plain number of a traced position
        self.width = index(xp, self.right) - index(xp, self.left)
        self.share = (x - index(xp, self.left)) / self.width
        self.slope = (index(fp, self.right) - index(fp, self.left)) / self.width

    def at_knots(self, left: Any, right: Any, ends: dict[str, Any]) -> tuple[Any, Any]:
        """What the left and the right knot of each interval get; outside of all, what the end's value gets."""
        first = 0.0 if ends.get("left") is not None else 1.0
        final = 0.0 if ends.get("right") is not None else 1.0
        return (
            np.where(self.inside, left, np.where(self.before, first, 0.0)),
            np.where(self.inside, right, np.where(self.behind, final, 0.0)),
        )

    def slopes_by_value(self, ends: dict[str, Any]) -> tuple[Any, Any]:
        """∂/∂fp at the left and the right knot."""
        return self.at_knots(1.0 - self.share, self.share, ends)

    def slopes_by_knot(self) -> tuple[Any, Any]:
        """∂/∂xp at the left and the right knot."""
        return (
            np.where(self.inside, -self.slope * (1.0 - self.share), 0.0),
            np.where(self.inside, -self.slope * self.share, 0.0),
        )


def _sent(adjoint: Any, parts: tuple[Any, Any], found: _Interval, out: Any, knots: Any) -> Any:
    """Contributions added up at the knots."""
    front = leading(adjoint, len(shape_of(out)))
    shape = (*front, shape_of(knots)[0])
    skipped = (slice(None),) * len(front)
    places = zip(parts, (found.left, found.right), strict=True)
    left, right = (scatter(adjoint * part, (*skipped, place), shape) for part, place in places)
    return left + right


def _taken(tangent: Any, parts: tuple[Any, Any], found: _Interval) -> Any:
    """The transpose: a change of the knots, taken at each place."""
    left, right = (index(tangent, (Ellipsis, places)) for places in (found.left, found.right))
    return parts[0] * left + parts[1] * right


def _by_place(direction: Any, out: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    if shape_of(xp)[0] < 2:
        return direction * np.zeros_like(value_of(x), dtype=float)
    found = _Interval(x, xp, fp)
    return np.where(found.inside, direction * found.slope, 0.0)


def _by_knots(direction: Any, out: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    if shape_of(xp)[0] < 2:
        return np.zeros((*leading(direction, len(shape_of(out))), 1))
    found = _Interval(x, xp, fp)
    return _sent(direction, found.slopes_by_knot(), found, out, xp)


def _by_values(direction: Any, out: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    if shape_of(xp)[0] < 2:
        return _of_one(direction, out, x, _of_single_knot(x, xp, ends))
    found = _Interval(x, xp, fp)
    return _sent(direction, found.slopes_by_value(ends), found, out, fp)


def _of_single_knot(x: Any, xp: Any, ends: dict[str, Any]) -> Any:
    """Whether a place has the only knot's value, which it has not where another one was given for its side."""
    left, right = (0.0 if ends.get(side) is not None else 1.0 for side in ("left", "right"))
    return np.where(x < xp[0], left, np.where(x > xp[0], right, 1.0))


def _of_one(adjoint: Any, out: Any, x: Any, part: Any) -> Any:
    front = leading(adjoint, len(shape_of(out)))
    total = np.sum(adjoint * part, axis=tuple(range(len(front), len(front) + len(shape_of(out)))))
    return np.reshape(total, (*front, 1))


def _push_knots(tangent: Any, out: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    if shape_of(xp)[0] < 2:
        return tangent[..., np.zeros(shape_of(x), int)] * 0.0
    found = _Interval(x, xp, fp)
    return _taken(tangent, found.slopes_by_knot(), found)


def _push_values(tangent: Any, out: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    if shape_of(xp)[0] < 2:
        return tangent[..., np.zeros(shape_of(x), int)] * _of_single_knot(x, xp, ends)
    found = _Interval(x, xp, fp)
    return _taken(tangent, found.slopes_by_value(ends), found)


_interp = general(
    "interp",
    np.interp,
    vjps=[_by_place, _by_knots, _by_values],
    jvps=[_by_place, _push_knots, _push_values],
    symbol="interpolate",
    batched=True,
    sample=lambda rng: [
        ((1.3, _KNOTS, rng.normal(size=4)), {}),
        ((np.array([[0.2, 2.0, -1.0], [0.8, 3.0, 0.5]]), _KNOTS, rng.normal(size=4)), {}),
        ((np.array([-1.0, 0.3, 4.0]), _KNOTS, rng.normal(size=4)), {"left": 2.0}),
        ((np.array([-1.0, 0.3, 4.0]), _KNOTS, rng.normal(size=4)), {"left": 2.0, "right": -3.0}),
        ((np.array([-1.0, 4.0]), np.array([0.5]), rng.normal(size=1)), {"right": 1.0}),
    ],
)


@handles(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    x, xp, fp = operand(x), operand(xp), operand(fp)
    if period is not None:
        if value_of(period) == 0:
            raise ValueError("period must be a non-zero value")
        period, left, right = np.absolute(period), None, None
        if len(shape_of(xp)) != 1 or len(shape_of(fp)) != 1:
            raise ValueError("Data points must be 1-D sequences")
        if shape_of(xp) != shape_of(fp):
            raise ValueError("fp and xp are not of the same length")
        x, xp, fp = (one.astype(float) if hasattr(one, "dtype") else float(one) for one in (x, xp, fp))
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(xp)
        xp, fp = index(xp, order), index(fp, order)
        xp = np.concatenate((xp[-1:] - period, xp, xp[0:1] + period))
        fp = np.concatenate((fp[-1:], fp, fp[0:1]))
    ends = {name: end for name, end in (("left", left), ("right", right)) if end is not None}
    plain_ends = {name: float(end) for name, end in ends.items() if type(end) is not Traced}
    values: Any
    if any(type(one) is Traced for one in (x, xp, fp)):
        values = apply(_interp, (x, xp, fp), plain_ends)
    else:
        values = np.interp(x, xp, fp, **plain_ends)
    # a traced end replaces what lies beyond it
    if type(left) is Traced:
        values = np.where(x < xp[0], left, values)
    if type(right) is Traced:
        values = np.where(x > xp[-1], right, values)
    return values
