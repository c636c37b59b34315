"""Primitives that join arrays into one, and the functions that cut one into several."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from graphviz_ad.core.primitive import Primitive, general, handles, refuse_out
from graphviz_ad.core.traced import invoke, operand, shape_of, value_of
from graphviz_ad.primitives.indexing import Shape, leading, reshaped, scatter
from graphviz_ad.primitives.shapes import Samples, ints

# -- joining ------------------------------------------------------------------------------------


def _joining(
    function: Any, axis_of: Callable[[int, Any], int], raised: Callable[[Shape, int, int], Shape], sample: Samples
) -> Primitive:
    """A function that raises its pieces to one number of axes and puts them behind each other along one axis.

    ``axis_of(ndim, axis)`` is that axis, by the result's number of axes and the parameter ``axis``;
    ``raised(shape, ndim, axis)`` is a piece's shape as it lies in the result.
    """

    def place(argnum: int, out: Any, inputs: tuple[Any, ...], axis: Any) -> tuple[Any, Shape]:
        """The key of one piece in the result, good behind a leading axis too, and the piece's shape there."""
        ndim = len(shape_of(out))
        along = axis_of(ndim, axis) % ndim
        shape = raised(shape_of(inputs[argnum]), ndim, along)
        if function is np.stack:
            start = argnum  # all are 1 wide: a thousand pieces are no reason to count a million widths
        else:
            start = sum(raised(shape_of(x), ndim, along)[along] for x in inputs[:argnum])
        return (Ellipsis, slice(start, start + shape[along]), *(slice(None),) * (ndim - 1 - along)), shape

    def vjp(argnum: int, adjoint: Any, out: Any, inputs: tuple[Any, ...], axis: Any = None, **params: Any) -> Any:
        key, _ = place(argnum, out, inputs, axis)
        return reshaped(adjoint[key], leading(adjoint, len(shape_of(out))) + shape_of(inputs[argnum]))

    def jvp(argnum: int, tangent: Any, out: Any, inputs: tuple[Any, ...], axis: Any = None, **params: Any) -> Any:
        key, shape = place(argnum, out, inputs, axis)
        front = leading(tangent, len(shape_of(inputs[argnum])))
        return scatter(reshaped(tangent, front + shape), key, front + shape_of(out))

    return general(
        function.__name__,
        lambda *inputs, **params: function(inputs, **params),
        vjps=[vjp],
        jvps=[jvp],
        variadic=True,
        batched=True,
        sample=sample,
    )


def _samples(*rows: tuple[list[Shape], dict[str, Any]]) -> Samples:
    return lambda rng: [(tuple(rng.normal(size=shape)[()] for shape in shapes), params) for shapes, params in rows]


_concatenate = _joining(
    np.concatenate,
    lambda ndim, axis: axis or 0,
    lambda shape, ndim, axis: shape if ndim > 1 else (math.prod(shape),),  # axis None flattens the pieces
    _samples(
        ([(3,), (2,)], {"axis": 0}),
        ([(2, 3), (2, 1)], {"axis": -1}),
        ([(2, 3), (0, 3), (1, 3)], {"axis": 0}),
        ([(2, 3), (), (2,)], {"axis": None}),
        ([(2, 3), (2, 2)], {"axis": 1, "dtype": "<f8", "casting": "safe"}),
    ),
)
_stack = _joining(
    np.stack,
    lambda ndim, axis: axis,
    lambda shape, ndim, axis: (*shape[:axis], 1, *shape[axis:]),
    _samples(
        ([(3,), (3,)], {"axis": 0}),
        ([(2, 3), (2, 3)], {"axis": -1}),
        ([(2, 3), (2, 3), (2, 3)], {"axis": 1}),
        ([(), (), ()], {"axis": 0}),
        ([(0,), (0,)], {"axis": 0}),
    ),
)
_vstack = _joining(
    np.vstack,
    lambda ndim, axis: 0,
    lambda shape, ndim, axis: (1,) * (2 - len(shape)) + shape,
    _samples(([(3,), (2, 3)], {}), ([(), (2, 1)], {}), ([(1, 2, 3), (2, 2, 3)], {})),
)
_hstack = _joining(
    np.hstack,
    lambda ndim, axis: min(1, ndim - 1),
    lambda shape, ndim, axis: shape or (1,),
    _samples(([(3,), (), (2,)], {}), ([(2, 3), (2, 1)], {})),
)
_dstack = _joining(
    np.dstack,
    lambda ndim, axis: 2,
    lambda shape, ndim, axis: (1,) * (2 - len(shape)) + shape + (1,) * (len(shape) < 3),
    _samples(([(3,), (1, 3)], {}), ([(2, 3), (2, 3, 2)], {}), ([(), ()], {})),
)
_column_stack = _joining(
    np.column_stack,
    lambda ndim, axis: 1,
    lambda shape, ndim, axis: shape if len(shape) > 1 else (math.prod(shape), 1),
    _samples(([(3,), (3, 2)], {}), ([(), ()], {})),
)


def _join(primitive: Primitive, arrays: Any, dtype: Any = None, casting: str = "same_kind", **params: Any) -> Any:
    if dtype is not None:
        params |= {"dtype": np.dtype(dtype).str}
    if casting != "same_kind":
        params |= {"casting": casting}
    return invoke(primitive, tuple(operand(a) for a in arrays), params)


@handles(np.concatenate)
def concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    refuse_out("np.concatenate", {"out": out})
    return _join(_concatenate, arrays, dtype, casting, axis=ints(axis))


@handles(np.stack)
def stack(arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    refuse_out("np.stack", {"out": out})
    return _join(_stack, arrays, dtype, casting, axis=ints(axis))


@handles(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return _join(_vstack, tup, dtype, casting)


@handles(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return _join(_hstack, tup, dtype, casting)


@handles(np.dstack)
def dstack(tup: Any) -> Any:
    return _join(_dstack, tup)


@handles(np.column_stack)
def column_stack(tup: Any) -> Any:
    return _join(_column_stack, tup)


@handles(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    return _join(_concatenate, (arr, values), axis=ints(axis))


def _values(part: Any) -> Any:
    return [_values(item) for item in part] if isinstance(part, list) else value_of(part)


@handles(np.block)
def block(arrays: Any) -> Any:
    ndim = np.block(_values(arrays)).ndim  # NumPy's own errors, too

    def assembled(part: Any) -> tuple[Any, int]:
        """One block, and how deep its lists are nested: the innermost are joined along the last axis."""
        if not isinstance(part, list):
            x = operand(part)
            return reshaped(x, (1,) * (ndim - len(shape_of(x))) + shape_of(x)), 0
        pieces = [assembled(item) for item in part]
        depth = 1 + pieces[0][1]
        return concatenate([piece for piece, _ in pieces], axis=-depth), depth

    return assembled(arrays)[0]


# -- cutting ------------------------------------------------------------------------------------


def _cut(function: Any, ary: Any, sections: Any, axis: int) -> list[Any]:
    """The pieces as slices of the traced value: NumPy's function cuts the positions."""
    x = operand(ary)
    pieces = []
    for piece in function(np.arange(x.shape[axis]), ints(sections)):
        start = int(piece[0]) if len(piece) else 0
        pieces.append(x[(*(slice(None),) * axis, slice(start, start + len(piece)))])
    return pieces


@handles(np.split)
def split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> Any:
    return _cut(np.split, ary, indices_or_sections, normalize_axis_index(ints(axis), operand(ary).ndim))


@handles(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> Any:
    return _cut(np.array_split, ary, indices_or_sections, normalize_axis_index(ints(axis), operand(ary).ndim))


def _cutting(function: Any, least: int, axis_of: Callable[[int], int]) -> None:
    def handler(ary: Any, indices_or_sections: Any) -> Any:
        ndim = operand(ary).ndim
        if ndim < least:
            function(value_of(ary), 1)  # NumPy's own error
        return _cut(np.split, ary, indices_or_sections, axis_of(ndim))

    handles(function)(handler)


_cutting(np.hsplit, 1, lambda ndim: min(1, ndim - 1))
_cutting(np.vsplit, 2, lambda ndim: 0)
_cutting(np.dsplit, 3, lambda ndim: 2)

if hasattr(np, "unstack"):  # NumPy 2.1

    @handles(np.unstack)
    def unstack(x: Any, /, *, axis: Any = 0) -> Any:
        axis = normalize_axis_index(ints(axis), x.ndim)
        return tuple(x[(*(slice(None),) * axis, number)] for number in range(x.shape[axis]))
