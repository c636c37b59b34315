"""Primitives that keep every element and give it another place: reshape, transpose, flip, roll, broadcast."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from graphviz_ad.core.primitive import Bound, Primitive, handles, linear
from graphviz_ad.core.traced import NO_PARAMS, apply, operand, shape_of, value_of
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.primitives.indexing import Shape, leading, reshaped

Samples = Callable[["np.random.Generator"], Sequence[Bound]]


def ints(value: Any) -> Any:
    """An int, a tuple of ints, or None, out of what NumPy takes for one; traced ints leave through the exit."""
    if value is None:
        return None
    return tuple(operator.index(n) for n in value) if np.iterable(value) else operator.index(value)


def _sizes(shape: Any) -> Shape:
    found = ints(shape)
    return found if isinstance(found, tuple) else (found,)


# -- the same elements in the same order --------------------------------------------------------


def _reshaping(name: str, compute: Callable[..., Any], sample: Samples, symbol: str | None = None) -> Primitive:
    """A function after which the elements follow each other as before."""

    def transpose(adjoint: Any, out: Any, x: Any, *, order: Any = "C", **params: Any) -> Any:
        return reshaped(adjoint, leading(adjoint, len(shape_of(out))) + shape_of(x), order)

    def pushforward(tangent: Any, out: Any, x: Any, *, order: Any = "C", **params: Any) -> Any:
        return reshaped(tangent, leading(tangent, len(shape_of(x))) + shape_of(out), order)

    return linear(name, compute, transpose, pushforward, symbol=symbol, batched=True, sample=sample)


_reshape = _reshaping(
    "reshape",
    lambda x, shape, order="C": np.reshape(x, shape, order=order),
    sample=lambda rng: [
        ((rng.normal(size=(2, 3)),), {"shape": (3, 2)}),
        ((rng.normal(size=(2, 3)),), {"shape": (-1,)}),
        ((rng.normal(size=(2, 3, 2)),), {"shape": (4, 3), "order": "F"}),
        ((rng.normal(),), {"shape": (1, 1)}),
        ((np.zeros((0, 3)),), {"shape": (3, 0, 2)}),
    ],
)
_ravel = _reshaping(
    "ravel",
    np.ravel,
    sample=lambda rng: [
        ((rng.normal(size=(2, 3)),), {}),
        ((rng.normal(size=(2, 3)),), {"order": "F"}),
        ((rng.normal(),), {}),
    ],
)
_squeeze = _reshaping(
    "squeeze",
    np.squeeze,
    sample=lambda rng: [
        ((rng.normal(size=(1, 3, 1)),), {"axis": None}),
        ((rng.normal(size=(1, 3, 1)),), {"axis": -1}),
        ((rng.normal(size=(1, 3, 1)),), {"axis": (0, 2)}),
        ((rng.normal(size=(1,)),), {"axis": None}),
    ],
)
_expand_dims = _reshaping(
    "expand_dims",
    np.expand_dims,
    sample=lambda rng: [
        ((rng.normal(size=(2, 3)),), {"axis": -1}),
        ((rng.normal(size=3),), {"axis": (0, 2)}),
        ((rng.normal(),), {"axis": 0}),
    ],
)


def _order(function: str, order: Any) -> dict[str, Any]:
    """The parameter of an order; none for C, the usual one."""
    if order not in ("C", "F", "c", "f"):
        raise UnsupportedError(
            f"{function}(..., order={order!r}) depends on how an array lies in memory, which a graph does not know; "
            "write order='C' or order='F'."
        )
    return {} if order in ("C", "c") else {"order": "F"}


@handles(np.reshape)
def reshape(a: Any, /, shape: Any, order: Any = "C", *, copy: bool | None = None) -> Any:
    a, sizes, params = operand(a), _sizes(shape), _order("np.reshape", order)
    if copy is False:
        np.reshape(value_of(a), sizes, **params, copy=False)  # NumPy's error where it would have to copy
    return apply(_reshape, (a,), {"shape": sizes, **params})


@handles(np.ravel)
def ravel(a: Any, order: Any = "C") -> Any:
    return apply(_ravel, (operand(a),), _order("np.ravel", order))


@handles(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    return apply(_squeeze, (operand(a),), {"axis": ints(axis)})


@handles(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    return apply(_expand_dims, (operand(a),), {"axis": ints(axis)})


def _at_least(function: Any, ndim: int) -> None:
    primitive = _reshaping(
        function.__name__,
        function,
        sample=lambda rng: [((rng.normal(size=(3,) * n)[()],), {}) for n in range(ndim + 1)],
    )

    def one(a: Any) -> Any:
        a = operand(a)
        if a is value_of(a):
            return function(a)
        return a if a.ndim >= ndim else apply(primitive, (a,), NO_PARAMS)

    def handler(*arys: Any) -> Any:
        return one(arys[0]) if len(arys) == 1 else tuple(one(a) for a in arys)

    handles(function)(handler)


_at_least(np.atleast_1d, 1)
_at_least(np.atleast_2d, 2)
_at_least(np.atleast_3d, 3)


# -- the same elements, their axes in another order ---------------------------------------------


def _turned(direction: Any, axes: Sequence[int]) -> Any:
    lead = len(leading(direction, len(axes)))
    if not lead and list(axes) == list(range(len(axes)))[::-1]:
        return np.transpose(direction)
    return np.transpose(direction, (*range(lead), *(lead + axis for axis in axes)))


def _permuting(name: str, compute: Callable[..., Any], sample: Samples, symbol: str | None = None) -> Primitive:
    """A function that puts the axes into another order."""

    def order(x: Any, params: dict[str, Any]) -> Shape:
        # an empty array of shape (0, 1, 2, …) shows in its new shape where each axis went
        return compute(np.empty(range(len(shape_of(x)))), **params).shape  # type: ignore[no-any-return]

    def transpose(adjoint: Any, out: Any, x: Any, **params: Any) -> Any:
        axes = order(x, params)
        return _turned(adjoint, [axes.index(position) for position in range(len(axes))])

    def pushforward(tangent: Any, out: Any, x: Any, **params: Any) -> Any:
        return _turned(tangent, order(x, params))

    return linear(name, compute, transpose, pushforward, symbol=symbol, batched=True, sample=sample)


_transpose = _permuting(
    "transpose",
    np.transpose,
    sample=lambda rng: [
        ((rng.normal(size=(2, 3)),), {"axes": None}),
        ((rng.normal(size=(2, 3, 4)),), {"axes": (1, 2, 0)}),
        ((rng.normal(size=3),), {"axes": None}),
        ((rng.normal(),), {"axes": None}),
    ],
)
_swapaxes = _permuting(
    "swapaxes",
    np.swapaxes,
    sample=lambda rng: [((rng.normal(size=(2, 3, 4)),), {"axis1": 0, "axis2": -1})],
)
_moveaxis = _permuting(
    "moveaxis",
    np.moveaxis,
    sample=lambda rng: [
        ((rng.normal(size=(2, 3, 4)),), {"source": 0, "destination": -1}),
        ((rng.normal(size=(2, 3, 4)),), {"source": (0, 1), "destination": (-1, 0)}),
    ],
)
_rollaxis = _permuting(
    "rollaxis",
    np.rollaxis,
    sample=lambda rng: [((rng.normal(size=(2, 3, 4)),), {"axis": 2, "start": 0})],
)
_matrix_transpose = _permuting(
    "matrix_transpose",
    np.matrix_transpose,
    sample=lambda rng: [((rng.normal(size=(2, 3, 4)),), {})],
)


@handles(np.transpose)
def transpose(a: Any, axes: Any = None) -> Any:
    a = operand(a)
    return apply(_transpose, (a,), {"axes": None if axes is None else normalize_axis_tuple(ints(axes), a.ndim, "axes")})


@handles(np.swapaxes)
def swapaxes(a: Any, axis1: Any, axis2: Any) -> Any:
    return apply(_swapaxes, (operand(a),), {"axis1": ints(axis1), "axis2": ints(axis2)})


@handles(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    return apply(_moveaxis, (operand(a),), {"source": ints(source), "destination": ints(destination)})


@handles(np.rollaxis)
def rollaxis(a: Any, axis: Any, start: Any = 0) -> Any:
    return apply(_rollaxis, (operand(a),), {"axis": ints(axis), "start": ints(start)})


@handles(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return apply(_matrix_transpose, (operand(x),), NO_PARAMS)


# -- the same elements in another order along their axes ----------------------------------------


def behind(axes: Any, ndim: int) -> tuple[int, ...]:
    """Axes counted from the end, where a leading axis does not change them; None means all."""
    if axes is None:
        return tuple(range(-ndim, 0))
    return tuple(axis % ndim - ndim for axis in (axes if isinstance(axes, tuple) else (axes,)))


def _flipping(function: Any, axes: Any, sample: Samples) -> Primitive:
    """A function that turns the order round along axes; doing it twice changes nothing."""

    def again(direction: Any, out: Any, x: Any, axis: Any = axes) -> Any:
        return np.flip(direction, behind(axis, len(shape_of(x))))

    return linear(function.__name__, function, again, again, batched=True, sample=sample)


_flip = _flipping(
    np.flip,
    None,
    sample=lambda rng: (
        [((rng.normal(size=(2, 3)),), {"axis": axis}) for axis in (None, 0, -1, (0, 1))]
        + [((rng.normal(),), {"axis": None})]
    ),
)
_flipud = _flipping(np.flipud, 0, sample=lambda rng: [((rng.normal(size=(2, 3)),), {}), ((rng.normal(size=3),), {})])
_fliplr = _flipping(np.fliplr, 1, sample=lambda rng: [((rng.normal(size=(2, 3)),), {})])


@handles(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    return apply(_flip, (operand(m),), {"axis": ints(axis)})


@handles(np.flipud)
def flipud(m: Any) -> Any:
    return apply(_flipud, (operand(m),), NO_PARAMS)


@handles(np.fliplr)
def fliplr(m: Any) -> Any:
    return apply(_fliplr, (operand(m),), NO_PARAMS)


def _rolled(direction: Any, shape: Shape, shift: Any, axis: Any) -> Any:
    """A direction rolled as an array of this shape is."""
    front = leading(direction, len(shape))
    if axis is not None:
        return np.roll(direction, shift, behind(axis, len(shape)))
    if not front:
        return np.roll(direction, shift)
    flat = np.reshape(direction, (*front, int(np.prod(shape))))
    return reshaped(np.roll(flat, shift, -1), front + shape)


def _unrolled(adjoint: Any, out: Any, x: Any, shift: Any, axis: Any) -> Any:
    back = tuple(-n for n in shift) if isinstance(shift, tuple) else -shift
    return _rolled(adjoint, shape_of(x), back, axis)


_roll = linear(
    "roll",
    lambda x, shift, axis: np.roll(x, shift, axis),
    transpose=_unrolled,
    pushforward=lambda tangent, out, x, shift, axis: _rolled(tangent, shape_of(x), shift, axis),
    batched=True,
    sample=lambda rng: (
        [
            ((rng.normal(size=(3, 4)),), {"shift": shift, "axis": axis})
            for shift, axis in ((1, None), (-2, 1), ((1, 2), (0, -1)), (1, (0, 1)), ((1, 2), 1), ((1, 2), None))
        ]
        + [((np.zeros((0, 3)),), {"shift": 1, "axis": 0})]
    ),
)


@handles(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    return apply(_roll, (operand(a),), {"shift": ints(shift), "axis": ints(axis)})


# -- the same elements several times ------------------------------------------------------------


def _stretched(tangent: Any, out: Any, x: Any, shape: Shape) -> Any:
    front = leading(tangent, len(shape_of(x)))
    missing = (1,) * (len(shape) - len(shape_of(x))) if front else ()
    return np.broadcast_to(reshaped(tangent, front + missing + shape_of(x)), front + shape)


_broadcast_to = linear(
    "broadcast_to",
    lambda x, shape: np.broadcast_to(x, shape),
    # the sweep sums over broadcast axes: here it is the whole rule
    transpose=lambda adjoint, out, x, shape: adjoint,
    pushforward=_stretched,
    symbol="broadcast",
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=3),), {"shape": (2, 3)}),
        ((rng.normal(size=(2, 1)),), {"shape": (2, 3)}),
        ((rng.normal(),), {"shape": (2,)}),
        ((rng.normal(size=1),), {"shape": (0,)}),
    ],
)


@handles(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return apply(_broadcast_to, (operand(array),), {"shape": _sizes(shape)})


@handles(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    arrays = [operand(a) for a in args]
    shape = np.broadcast_shapes(*map(shape_of, arrays))
    return tuple(a if shape_of(a) == shape else np.broadcast_to(a, shape) for a in arrays)


@handles(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: Any = "xy") -> Any:
    lines = [np.ravel(operand(x)) for x in xi]
    # NumPy lays out the axes: each line's along its own
    forms = [form.shape for form in np.meshgrid(*(range(x.size) for x in lines), sparse=True, indexing=indexing)]
    grids = [np.reshape(x, form) for x, form in zip(lines, forms, strict=True)]
    return tuple(grids) if sparse else broadcast_arrays(*grids)
