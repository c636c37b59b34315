"""Differences and sums over a grid: diff, ediff1d, trapezoid, gradient, unwrap, of functions that have rules.

Each repeats NumPy's own steps on traced values, in NumPy's order of operations: the same bits.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from graphviz_ad.core.primitive import handles, linear
from graphviz_ad.core.traced import Traced, apply, dtype_of, operand, shape_of, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError
from graphviz_ad.primitives.arguments import UNSET, no_rule
from graphviz_ad.primitives.indexing import index, reshaped


def _at(x: Any, axis: int, part: Any) -> Any:
    """A slice or an element along one axis."""
    return index(x, (*(slice(None),) * axis, part))


# -- differences --------------------------------------------------------------------------------


def _border(value: Any, x: Any, axis: int) -> Any:
    """What is put before or behind an array; a number is repeated along the other axes."""
    value = operand(value)
    shape = shape_of(x)
    return value if shape_of(value) else np.broadcast_to(value, (*shape[:axis], 1, *shape[axis + 1 :]))


@handles(np.diff)
def diff(a: Any, n: Any = 1, axis: Any = -1, prepend: Any = UNSET, append: Any = UNSET) -> Any:
    n, x = operator.index(n), operand(a)
    if n == 0:
        return x
    if n < 0:
        raise ValueError("order must be non-negative but got " + repr(n))
    if not shape_of(x):
        raise ValueError("diff requires input that is at least one dimensional")
    axis = normalize_axis_index(operator.index(axis), len(shape_of(x)))
    pieces = [] if prepend is UNSET else [_border(prepend, x, axis)]
    pieces += [x] if append is UNSET else [x, _border(append, x, axis)]
    if len(pieces) > 1:
        x = np.concatenate(pieces, axis=axis)
    for _ in range(n):
        later, earlier = _at(x, axis, slice(1, None)), _at(x, axis, slice(None, -1))
        x = np.not_equal(later, earlier) if dtype_of(value_of(x)).kind == "b" else later - earlier
    return x


@handles(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    x = np.ravel(operand(ary))
    dtype = dtype_of(value_of(x))
    ends: list[list[Any]] = []
    for name, end in (("to_begin", to_begin), ("to_end", to_end)):
        if end is None:
            ends.append([])
            continue
        end = np.ravel(operand(end))
        if not np.can_cast(dtype_of(value_of(end)), dtype, casting="same_kind"):
            raise TypeError(f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule.")
        ends.append([end if dtype_of(value_of(end)) == dtype else end.astype(dtype)])
    inner = index(x, slice(1, None)) - index(x, slice(None, -1))
    return np.concatenate([*ends[0], inner, *ends[1]]) if ends[0] or ends[1] else inner


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Any:
    y = operand(y)
    ndim = len(shape_of(y))
    axis = normalize_axis_index(operator.index(axis), ndim)
    width: Any
    if x is None:
        width = operand(dx)
    else:
        x = operand(x)
        width = np.diff(x) if len(shape_of(x)) == 1 else np.diff(x, axis=axis)
        if len(shape_of(x)) == 1:
            width = reshaped(width, tuple(-1 if i == axis else 1 for i in range(ndim)) if ndim > 1 else shape_of(width))
    both = _at(y, axis, slice(1, None)) + _at(y, axis, slice(None, -1))
    return np.sum(width * both / 2.0, axis=axis)


for _name in ("trapezoid", "trapz"):  # the new name came with NumPy 2.0, the old one left with 2.4
    if _name in vars(np):
        handles(vars(np)[_name])(trapezoid)


# -- the derivative by differences --------------------------------------------------------------


def _spacings(varargs: tuple[Any, ...], shape: tuple[int, ...], axes: tuple[int, ...]) -> list[Any]:
    """For each axis its spacing: a number, or the differences of its coordinates."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and not np.ndim(value_of(varargs[0])):
        return [operand(varargs[0])] * len(axes)
    if len(varargs) != len(axes):
        raise TypeError("invalid number of arguments")
    found = []
    for given, axis in zip(varargs, axes, strict=True):
        places = operand(given)
        if not shape_of(places):
            found.append(places)
            continue
        if len(shape_of(places)) != 1:
            raise ValueError("distances must be either scalars or 1d")
        if len(places) != shape[axis]:
            raise ValueError("when 1d, distances must match the length of the corresponding dimension")
        steps = np.diff(places.astype(float) if dtype_of(value_of(places)).kind in "iu" else places)
        # NumPy takes equal steps for one number, with a formula of its own. Traced steps may become unequal, and each
        # has its own derivative: they stay apart
        if type(steps) is not Traced and (steps == steps[0]).all():
            steps = steps[0]
        found.append(steps)
    return found


def _slope(f: Any, step: Any, axis: int, edge_order: int) -> Any:
    """The derivative along one axis: central differences inside, one-sided ones at the ends."""
    ndim = len(shape_of(f))
    front, middle, behind = (_at(f, axis, part) for part in (slice(None, -2), slice(1, -1), slice(2, None)))
    uniform = not shape_of(step)
    inner: Any
    if uniform:
        inner = (behind - front) / (2.0 * step)
    else:
        h1, h2 = step[0:-1], step[1:]
        weights = (-(h2) / (h1 * (h1 + h2)), (h2 - h1) / (h1 * h2), h1 / (h2 * (h1 + h2)))
        a, b, c = (reshaped(one, (*(1,) * axis, -1, *(1,) * (ndim - axis - 1))) if ndim > 1 else one for one in weights)
        inner = a * front + b * middle + c * behind

    def points(*places: int) -> list[Any]:
        return [_at(f, axis, slice(place, place + 1 or None)) for place in places]

    if edge_order == 1:
        (left, next_left), (right, next_right) = points(0, 1), points(-1, -2)
        ends = [
            (next_left - left) / (step if uniform else step[0]),
            (right - next_right) / (step if uniform else step[-1]),
        ]
        return [ends[0], inner, ends[1]]
    if uniform:
        first = (-1.5 / step, 2.0 / step, -0.5 / step)
        last = (0.5 / step, -2.0 / step, 1.5 / step)
    else:
        h1, h2 = step[0], step[1]
        first = (-(2.0 * h1 + h2) / (h1 * (h1 + h2)), (h1 + h2) / (h1 * h2), -h1 / (h2 * (h1 + h2)))
        h1, h2 = step[-2], step[-1]
        last = ((h2) / (h1 * (h1 + h2)), -(h2 + h1) / (h1 * h2), (2.0 * h2 + h1) / (h2 * (h1 + h2)))
    ends = []
    for (a, b, c), (p, q, r) in ((first, points(0, 1, 2)), (last, points(-3, -2, -1))):
        ends.append(a * p + b * q + c * r)
    return [ends[0], inner, ends[1]]


@handles(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: Any = 1) -> Any:
    f = operand(f)
    shape = shape_of(f)
    axes = tuple(range(len(shape))) if axis is None else normalize_axis_tuple(axis, len(shape))
    steps = _spacings(varargs, shape, axes)
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    kind = dtype_of(value_of(f)).kind
    if kind != "f":
        f = f.astype(float)
    dtype = dtype_of(value_of(f))
    slopes = []
    for along, step in zip(axes, steps, strict=True):
        if shape[along] < edge_order + 1:
            raise ValueError(
                "Shape of array too small to calculate a numerical gradient, "
                "at least (edge_order + 1) elements are required."
            )
        # NumPy writes the pieces into an array of f's dtype
        pieces = _slope(f, step, along, edge_order)
        slopes.append(np.concatenate([x if x.dtype == dtype else x.astype(dtype) for x in pieces], axis=along))
    return slopes[0] if len(axes) == 1 else tuple(slopes)


# -- phases -------------------------------------------------------------------------------------

_unwrap = linear(
    "unwrap",
    lambda x, **params: np.unwrap(x, **params),
    # whole periods are added: numbers that do not change with x
    transpose=lambda adjoint, out, x, **params: adjoint,
    pushforward=lambda tangent, out, x, **params: tangent,
    batched=True,
    sample=lambda rng: [
        ((rng.uniform(-3, 3, 6),), {"axis": -1}),
        ((rng.uniform(-3, 3, (4, 3)),), {"axis": 0, "period": 2.5}),
        ((rng.uniform(-3, 3, (2, 4)),), {"axis": 1, "discont": 4.0}),
    ],
)


@handles(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: Any = -1, *, period: Any = 2 * np.pi) -> Any:
    x = operand(p)
    for name, value in (("discont", discont), ("period", period)):
        if type(value) is Traced:
            raise no_rule("np.unwrap", name, "The result jumps where it changes: pass a plain number.")
    if dtype_of(value_of(x)).kind != "f":
        raise ArgumentError(f"np.unwrap of ints{here()}: write np.unwrap(x.astype(float)).")
    params: dict[str, Any] = {"axis": operator.index(axis)}
    if discont is not None:
        params["discont"] = discont
    if period != 2 * np.pi:
        params["period"] = period
    return apply(_unwrap, (x,), params)
