"""Products written with slices and multiplications: kron, and cross in three and two dimensions."""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from graphviz_ad.core.primitive import handles
from graphviz_ad.core.traced import dtype_of, operand, shape_of, value_of
from graphviz_ad.primitives.indexing import reshaped


@handles(np.kron)
def kron(a: Any, b: Any) -> Any:
    a, b = operand(a), operand(b)
    ndim = max(len(shape_of(a)), len(shape_of(b)))
    if not shape_of(a) or not shape_of(b):
        return np.multiply(a, b)
    left, right = ((1,) * (ndim - len(shape_of(x))) + shape_of(x) for x in (a, b))
    # each axis of the result runs over one of a and, inside, over one of b
    outside = reshaped(a, tuple(n for length in left for n in (length, 1)))
    inside = reshaped(b, tuple(n for length in right for n in (1, length)))
    return np.reshape(outside * inside, tuple(n * m for n, m in zip(left, right, strict=True)))


def _components(x: Any, axis: Any, name: str, dtype: Any) -> list[Any]:
    """The two or three components, as arrays of their own."""
    axis = normalize_axis_index(operator.index(axis), len(shape_of(x)), msg_prefix=name)
    if shape_of(x)[axis] not in (2, 3):
        raise ValueError("incompatible dimensions for cross product\n(dimension must be 2 or 3)")
    if dtype_of(value_of(x)) != dtype:
        x = x.astype(dtype)
    return [x[(*(slice(None),) * axis, number)] for number in range(shape_of(x)[axis])]


@handles(np.cross)
def cross(a: Any, b: Any, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: Any = None) -> Any:
    if axis is not None:
        axisa, axisb, axisc = (axis,) * 3
    a, b = operand(a), operand(b)
    if not shape_of(a) or not shape_of(b):
        raise ValueError("At least one array has zero dimension")
    dtype = np.promote_types(dtype_of(value_of(a)), dtype_of(value_of(b)))
    u, v = _components(a, axisa, "axisa", dtype), _components(b, axisb, "axisb", dtype)
    if min(len(u), len(v)) == 2:
        warnings.warn(
            "Arrays of 2-dimensional vectors are deprecated. Use arrays of 3-dimensional vectors instead. "
            "(deprecated in NumPy 2.0)",
            DeprecationWarning,
            stacklevel=4,
        )
    last = u[0] * v[1] - u[1] * v[0]
    if len(u) == len(v) == 2:
        return last
    if len(u) == 2:
        parts = [u[1] * v[2], -(u[0] * v[2]), last]
    elif len(v) == 2:
        parts = [-(u[2] * v[1]), u[2] * v[0], last]
    else:
        parts = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], last]
    shape = np.broadcast_shapes(*map(shape_of, parts))
    parts = [x if shape_of(x) == shape else np.broadcast_to(x, shape) for x in parts]
    axisc = normalize_axis_index(operator.index(axisc), len(shape) + 1, msg_prefix="axisc")
    return np.stack(parts, axis=axisc)


@handles(np.linalg.cross)
def linalg_cross(x1: Any, x2: Any, /, *, axis: Any = -1) -> Any:
    a, b = operand(x1), operand(x2)
    lengths = [shape_of(x)[operator.index(axis)] for x in (a, b)]
    if lengths != [3, 3]:
        raise ValueError(
            f"Both input arrays must be (arrays of) 3-dimensional vectors, but they are {lengths[0]} and {lengths[1]} "
            "dimensional instead."
        )
    return cross(a, b, axis=axis)
