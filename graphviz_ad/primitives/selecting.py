"""Primitives that pick, repeat, sort or pad elements: each element of the result comes from one place of the input."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import Dynamic, Primitive, general, handles, linear, plain, refuse_out
from graphviz_ad.core.traced import Traced, apply, invoke, operand, shape_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.primitives.indexing import (
    Shape,
    fill,
    index,
    index_part,
    index_vjp,
    leading,
    reshaped,
    scatter,
)
from graphviz_ad.primitives.shapes import Samples, behind, ints

# -- derivatives out of positions ---------------------------------------------------------------


def _places(shape: Shape) -> Any:
    """An array of this shape that says of each element where it lies in the flattened array."""
    return np.arange(math.prod(shape)).reshape(shape)


def _gather(direction: Any, shape: Shape, origin: Any) -> Any:
    """What lies at ``origin`` (places in the flattened array of this shape)."""
    front = leading(direction, len(shape))
    return index(reshaped(direction, (*front, math.prod(shape))), (*(slice(None),) * len(front), origin))


def _collect(direction: Any, shape: Shape, origin: Any) -> Any:
    """The transpose of `_gather`: everything goes back to where it came from, and adds up there."""
    front = leading(direction, len(shape_of(origin)))
    key = (*(slice(None),) * len(front), origin)
    return reshaped(scatter(direction, key, (*front, math.prod(shape))), front + shape)


def _picking(name: str, compute: Callable[..., Any], sample: Samples, transpose: Any = None) -> Primitive:
    """A function that takes elements; its derivative follows from where it takes them.

    The function itself tells: it moves the places as it moves the values. Further inputs are traced ints.
    """

    def origin(x: Any, parts: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return invoke(primitive, (_places(shape_of(x)), *parts), params)

    def back(adjoint: Any, out: Any, x: Any, *parts: Any, **params: Any) -> Any:
        return _collect(adjoint, shape_of(x), origin(x, parts, params))

    def forth(tangent: Any, out: Any, x: Any, *parts: Any, **params: Any) -> Any:
        if leading(tangent, len(shape_of(x))):
            return _gather(tangent, shape_of(x), origin(x, parts, params))
        return invoke(primitive, (tangent, *parts), params)

    primitive = linear(name, compute, transpose or back, forth, batched=True, sample=sample)
    return primitive


_repeat = _picking(
    "repeat",
    lambda x, repeats, axis: np.repeat(x, repeats, axis),
    sample=lambda rng: (
        [
            ((rng.normal(size=(2, 3)),), {"repeats": repeats, "axis": axis})
            for repeats, axis in ((2, None), (3, 0), (np.array([0, 2, 1]), -1), (0, 1), (np.array([2]), 0))
        ]
        + [((rng.normal(),), {"repeats": 2, "axis": None})]
    ),
)
_tile = _picking(
    "tile",
    lambda x, reps: np.tile(x, reps),
    sample=lambda rng: [
        ((rng.normal(size=(2, 3)),), {"reps": 2}),
        ((rng.normal(size=3),), {"reps": (2, 1, 2)}),
        ((rng.normal(size=(2, 3)),), {"reps": (0, 1)}),
        ((rng.normal(),), {"reps": (2,)}),
        ((rng.normal(size=2),), {"reps": ()}),
    ],
)
_diagonal = _picking(
    "diagonal",
    lambda x, offset, axis1, axis2: np.diagonal(x, offset, axis1, axis2),
    sample=lambda rng: [
        ((rng.normal(size=(3, 4)),), {"offset": 1, "axis1": 0, "axis2": 1}),
        ((rng.normal(size=(2, 3, 3)),), {"offset": 0, "axis1": -1, "axis2": 1}),
        ((rng.normal(size=(2, 2)),), {"offset": 5, "axis1": 0, "axis2": 1}),
    ],
)
_rot90 = _picking(
    "rot90",
    lambda x, k, axes: np.rot90(x, k, axes),
    sample=lambda rng: [
        ((rng.normal(size=(2, 3)),), {"k": 1, "axes": (0, 1)}),
        ((rng.normal(size=(2, 3, 2)),), {"k": -1, "axes": (2, 0)}),
    ],
)
_resize = _picking(
    "resize",
    lambda x, new_shape: np.resize(x, new_shape),
    sample=lambda rng: [((rng.normal(size=(2, 3)),), {"new_shape": (2, 4)}), ((rng.normal(),), {"new_shape": (3,)})],
)
_delete = _picking(
    "delete",
    lambda x, obj, axis: np.delete(x, obj, axis),
    sample=lambda rng: [
        ((rng.normal(size=(3, 4)),), {"obj": obj, "axis": axis})
        for obj, axis in ((1, 0), (slice(0, 4, 2), 1), (np.array([0, 0, 5]), None), (np.array([], np.intp), -1))
    ],
)


def _data(value: Any) -> Any:
    """An int, a slice or an array of ints or bools as plain data; traced ones leave through the exit."""
    return index_part(np.asarray(value) if type(value) is Traced else value, [])


@handles(np.repeat)
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    return invoke(_repeat, (operand(a),), {"repeats": _data(repeats), "axis": ints(axis)})


@handles(np.tile)
def tile(A: Any, reps: Any) -> Any:
    return invoke(_tile, (operand(A),), {"reps": ints(reps)})


@handles(np.diagonal)
def diagonal(a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Any:
    return invoke(_diagonal, (operand(a),), {"offset": ints(offset), "axis1": ints(axis1), "axis2": ints(axis2)})


@handles(np.rot90)
def rot90(m: Any, k: Any = 1, axes: Any = (0, 1)) -> Any:
    return invoke(_rot90, (operand(m),), {"k": ints(k), "axes": ints(axes)})


@handles(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    return invoke(_resize, (operand(a),), {"new_shape": ints(new_shape)})


@handles(np.delete)
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    return invoke(_delete, (operand(arr),), {"obj": _data(obj), "axis": ints(axis)})


# -- elements at given positions ----------------------------------------------------------------


def _take_vjp(adjoint: Any, out: Any, x: Any, *parts: Any, indices: Any, axis: Any, mode: str) -> Any:
    if mode == "raise" and axis is not None:
        # what an index does, which need not list the places of the whole array
        return index_vjp(adjoint, out, x, *parts, key=(*(slice(None),) * (axis % len(shape_of(x))), indices))
    places = invoke(_take, (_places(shape_of(x)), *parts), {"indices": indices, "axis": axis, "mode": mode})
    return _collect(adjoint, shape_of(x), places)


_take = _picking(
    "take",
    lambda x, *parts, indices, axis, mode: np.take(x, fill(indices, parts), axis, mode=mode),
    transpose=_take_vjp,
    sample=lambda rng: (
        [
            ((rng.normal(size=(3, 4)),), {"indices": indices, "axis": axis, "mode": mode})
            for indices, axis, mode in (
                (2, None, "raise"),
                (np.array([[0, 5], [5, -1]]), None, "raise"),
                (np.array([0, 2, 2]), 0, "raise"),
                (1, -1, "raise"),
                (np.array([-5, 7]), 1, "wrap"),
                (np.array([-5, 7, 7]), 1, "clip"),
                (np.zeros(0, np.intp), 0, "raise"),
            )
        ]
        + [((rng.normal(size=(3, 4)), np.array([1, 1])), {"indices": Dynamic(0), "axis": 1, "mode": "raise"})]
    ),
)


@handles(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    refuse_out("np.take", {"out": out})
    dynamic: list[Any] = []
    params = {"indices": index_part(indices, dynamic), "axis": ints(axis), "mode": mode}
    return invoke(_take, (operand(a), *dynamic), params)


_take_along_axis = _picking(
    "take_along_axis",
    lambda x, *parts, indices, axis: np.take_along_axis(x, fill(indices, parts), axis),
    sample=lambda rng: [
        ((rng.normal(size=(2, 3)),), {"indices": np.array([[2, 0, 0, 1], [1, 1, -1, 0]]), "axis": 1}),
        ((rng.normal(size=(2, 3)),), {"indices": np.array([[1, 0, 1]]), "axis": 0}),
        ((rng.normal(size=(2, 3)),), {"indices": np.array([5, 5]), "axis": None}),
        ((rng.normal(size=(2, 3)), np.array([[0], [2]])), {"indices": Dynamic(0), "axis": -1}),
    ],
)


@handles(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    dynamic: list[Any] = []
    params = {"indices": index_part(indices, dynamic), "axis": ints(axis)}
    return invoke(_take_along_axis, (operand(arr), *dynamic), params)


@handles(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    refuse_out("np.compress", {"out": out})
    x = np.ravel(operand(a)) if axis is None else operand(a)
    # a plain condition may be shorter than the axis; a traced one stays a mask, which replays
    mask = np.not_equal(condition, 0) if type(condition) is Traced else np.flatnonzero(np.asarray(condition))
    return index(x, (*(slice(None),) * (0 if axis is None else ints(axis) % x.ndim), mask))


@handles(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return index(np.ravel(operand(arr)), np.ravel(operand(condition)) != 0)


# -- sorting ------------------------------------------------------------------------------------

# equal elements are told apart as a stable sort does, whichever way the values were sorted
_order = plain("sorted_order", lambda x, axis: np.argsort(x, axis=axis, kind="stable"), symbol="order")


def _sorted_from(x: Any, axis: Any) -> Any:
    """Where each element of the sorted array lies in the flattened input."""
    order = invoke(_order, (x,), {"axis": axis})
    if axis is None or len(shape_of(x)) == 1:
        return order
    return invoke(_take_along_axis, (_places(shape_of(x)), order), {"indices": Dynamic(0), "axis": axis})


_sort = general(
    "sort",
    np.sort,
    vjps=[lambda adjoint, out, x, axis, **params: _collect(adjoint, shape_of(x), _sorted_from(x, axis))],
    jvps=[lambda tangent, out, x, axis, **params: _gather(tangent, shape_of(x), _sorted_from(x, axis))],
    batched=True,
    sample=lambda rng: (
        [((rng.normal(size=(3, 4)),), {"axis": axis}) for axis in (-1, 0, None)]
        + [((rng.normal(size=4),), {"axis": -1, "kind": "stable"}), ((np.zeros((2, 0)),), {"axis": 1})]
    ),
)


def _refuse_fields(function: str, order: Any) -> None:
    if order is not None:
        raise UnsupportedError(f"{function}(..., order=...) names fields of records; traced values have none.")


@handles(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    _refuse_fields("np.sort", order)
    chosen = {name: value for name, value in (("kind", kind), ("stable", stable)) if value is not None}
    return apply(_sort, (operand(a),), {"axis": ints(axis), **chosen})


def _partitioned_from(x: Any, out: Any, axis: Any) -> Any:
    """Where each element of the partitioned array lies: that of rank k is the k-th of the sorted ones."""
    rank = invoke(_order, (invoke(_order, (out,), {"axis": axis}),), {"axis": axis})
    params = {"indices": Dynamic(0), "axis": -1 if axis is None else axis}
    return invoke(_take_along_axis, (_sorted_from(x, axis), rank), params)


_partition = general(
    "partition",
    np.partition,
    vjps=[lambda adjoint, out, x, kth, axis, kind: _collect(adjoint, shape_of(x), _partitioned_from(x, out, axis))],
    jvps=[lambda tangent, out, x, kth, axis, kind: _gather(tangent, shape_of(x), _partitioned_from(x, out, axis))],
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=(4, 9)),), {"kth": kth, "axis": axis, "kind": "introselect"})
        for kth, axis in ((3, -1), ((1, 2), 0), (20, None))
    ],
)


@handles(np.partition)
def partition(a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None) -> Any:
    _refuse_fields("np.partition", order)
    return apply(_partition, (operand(a),), {"kth": ints(kth), "axis": ints(axis), "kind": kind})


# -- diagonals and triangles --------------------------------------------------------------------

_diag = linear(
    "diag",
    lambda v, k: np.diag(v, k),
    transpose=lambda adjoint, out, v, k: np.diagonal(adjoint, k, -2, -1),
    pushforward=lambda tangent, out, v, k: (
        _collect(tangent, shape_of(out), np.diagonal(_places(shape_of(out)), k))
        if leading(tangent, 1)
        else np.diag(tangent, k)
    ),
    batched=True,
    sample=lambda rng: [((rng.normal(size=3),), {"k": k}) for k in (0, 1, -2)] + [((np.zeros(0),), {"k": 1})],
)


@handles(np.diag)
def diag(v: Any, k: Any = 0) -> Any:
    v = operand(v)
    return apply(_diag, (v,), {"k": ints(k)}) if v.ndim == 1 else np.diagonal(v, k)


@handles(np.diagflat)
def diagflat(v: Any, k: Any = 0) -> Any:
    return np.diag(np.ravel(v), k)


def _spread(adjoint: Any, out: Any, x: Any, offset: int, axis1: int, axis2: int, **params: Any) -> Any:
    places = np.diagonal(_places(shape_of(x)), offset, axis1, axis2)
    front = leading(adjoint, len(shape_of(out)))
    return _collect(np.broadcast_to(np.expand_dims(adjoint, -1), front + places.shape), shape_of(x), places)


_trace = linear(
    "trace",
    np.trace,
    transpose=_spread,
    pushforward=lambda tangent, out, x, offset, axis1, axis2, **params: np.trace(
        tangent, offset, behind(axis1, len(shape_of(x)))[0], behind(axis2, len(shape_of(x)))[0]
    ),
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=(3, 4)),), {"offset": 1, "axis1": 0, "axis2": 1}),
        ((rng.normal(size=(2, 3, 3)),), {"offset": 0, "axis1": 2, "axis2": 0}),
        ((rng.normal(size=(2, 2)),), {"offset": -5, "axis1": 0, "axis2": 1}),
    ],
)


@handles(np.trace)
def trace(a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1, dtype: Any = None, out: Any = None) -> Any:
    refuse_out("np.trace", {"out": out})
    params = {"offset": ints(offset), "axis1": ints(axis1), "axis2": ints(axis2)}
    return apply(_trace, (operand(a),), params if dtype is None else {**params, "dtype": np.dtype(dtype).str})


def _triangle(function: Any) -> None:
    def again(direction: Any, out: Any, x: Any, k: int) -> Any:
        return function(direction, k)

    primitive = linear(
        function.__name__,
        lambda x, k: function(x, k),
        again,
        again,
        batched=True,
        sample=lambda rng: (
            [((rng.normal(size=(3, 4)),), {"k": k}) for k in (0, 1, -1)]
            + [((rng.normal(size=(2, 3, 3)),), {"k": 0}), ((np.zeros((0, 3)),), {"k": 0})]
        ),
    )

    def handler(m: Any, k: Any = 0) -> Any:
        m = operand(m)
        if m.ndim == 1:
            m = np.broadcast_to(m, (m.size, m.size))  # as NumPy does
        return apply(primitive, (m,), {"k": ints(k)})

    handles(function)(handler)


_triangle(np.tril)
_triangle(np.triu)


# -- padding ------------------------------------------------------------------------------------

Pairs = tuple[tuple[int, int], ...]


def _padded(x: Any, pad_width: Pairs, mode: Any, **options: Any) -> Any:
    return np.pad(x, pad_width, mode, **options)


def _pad_vjp(adjoint: Any, out: Any, x: Any, pad_width: Pairs, mode: str, **options: Any) -> Any:
    shape = shape_of(x)
    if mode == "constant":
        kept = (slice(before, before + length) for (before, _), length in zip(pad_width, shape, strict=True))
        return adjoint[(Ellipsis, *kept)]
    if mode not in ("linear_ramp", "mean") and "reflect_type" not in options:
        return _collect(adjoint, shape, _padded(_places(shape), pad_width, mode))
    lengths = options.pop("stat_length", None)
    options.pop("end_values", None)
    for axis, widths in enumerate(pad_width):
        if any(widths):
            if lengths is not None:
                options["stat_length"] = tuple(np.broadcast_to(lengths, (len(shape), 2))[axis].tolist())
            # padding acts along one axis as a matrix: the padded unit vectors
            matrix = _padded(np.eye(shape[axis], dtype=x.dtype), (widths, (0, 0)), mode, **options)
            last = np.swapaxes(adjoint, axis - len(shape), -1)
            adjoint = np.swapaxes(np.matmul(last, matrix), axis - len(shape), -1)
    return adjoint


def _pad_jvp(tangent: Any, out: Any, x: Any, pad_width: Pairs, mode: str, **options: Any) -> Any:
    # what the border is filled with is data: its tangent is 0
    options = {name: value for name, value in options.items() if name not in ("constant_values", "end_values")}
    lead = len(leading(tangent, len(pad_width)))
    if lead and "stat_length" in options:
        pairs = np.broadcast_to(options["stat_length"], (len(pad_width), 2))
        options["stat_length"] = np.concatenate([np.ones((lead, 2), int), pairs])
    return _padded(tangent, ((0, 0),) * lead + pad_width, mode, **options)


_pad = linear(
    "pad",
    _padded,
    transpose=_pad_vjp,
    pushforward=_pad_jvp,
    batched=True,
    sample=lambda rng: (
        [
            ((rng.normal(size=(3, 4)),), {"pad_width": ((1, 0), (2, 5)), "mode": mode, **options})
            for mode, options in (
                ("constant", {}),
                ("constant", {"constant_values": np.array([[1.0, 2.0], [3.0, 4.0]])}),
                ("edge", {}),
                ("reflect", {}),
                ("reflect", {"reflect_type": "odd"}),
                ("symmetric", {}),
                ("wrap", {}),
                ("linear_ramp", {"end_values": np.array(2.0)}),
                ("mean", {}),
                ("mean", {"stat_length": np.array([[2, 1], [1, 3]])}),
            )
        ]
    ),
)


def _pairs(pad_width: Any, ndim: int) -> Pairs:
    if isinstance(pad_width, dict):
        table: Any = [(0, 0)] * ndim
        for axis, widths in pad_width.items():
            table[axis] = np.broadcast_to(widths, 2).tolist()
    else:
        table = np.broadcast_to(pad_width, (ndim, 2)).tolist()
    return tuple((operator.index(before), operator.index(after)) for before, after in table)


_NO_PADDING = {
    "empty": "leaves the border uninitialised; write mode='constant'.",
    "maximum": "has no derivative rule here; np.concatenate the border from np.max(x, axis, keepdims=True).",
    "minimum": "has no derivative rule here; np.concatenate the border from np.min(x, axis, keepdims=True).",
    "median": "has no derivative rule here; np.concatenate the border from np.median(x, axis, keepdims=True).",
}


@handles(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    if callable(mode):
        raise UnsupportedError(f"np.pad with a function{here()} fills arrays in place; np.concatenate the border.")
    if mode in _NO_PADDING:
        raise UnsupportedError(f"np.pad(..., mode={mode!r}){here()} {_NO_PADDING[mode]}")
    for name, value in kwargs.items():
        if type(value) is Traced or (isinstance(value, list | tuple) and _holds_traced(value)):
            raise UnsupportedError(
                f"np.pad(..., {name}=...) with a traced value{here()} has no derivative rule here; "
                "np.concatenate the border, or add it to np.pad(x, pad_width) with np.where."
            )
    options = {
        name: value if isinstance(value, str) else np.array(value)
        for name, value in kwargs.items()
        if value is not None and not (name == "reflect_type" and value == "even")
    }
    array = operand(array)
    return apply(_pad, (array,), {"pad_width": _pairs(pad_width, array.ndim), "mode": mode, **options})


def _holds_traced(value: Any) -> bool:
    return any(type(item) is Traced or (isinstance(item, list | tuple) and _holds_traced(item)) for item in value)
