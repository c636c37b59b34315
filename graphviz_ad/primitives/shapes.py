"""Primitives that move elements around: reshape, transpose, stack, concatenate, broadcast, index."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import HANDLERS, Dynamic, Primitive, general, handles, linear
from graphviz_ad.core.traced import Traced, apply, invoke, is_floating, operand
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError, ImmutableError, UnsupportedError

# -- reshape and transpose ----------------------------------------------------------------------

_reshape = linear(
    "reshape",
    lambda x, shape: np.reshape(x, shape),
    transpose=lambda adjoint, out, x, shape: np.reshape(adjoint, x.shape),
    pushforward=lambda tangent, out, x, shape: np.reshape(tangent, shape),
    sample=lambda rng: [
        ((rng.normal(size=(2, 3)),), {"shape": (3, 2)}),
        ((rng.normal(size=(2, 3)),), {"shape": (-1,)}),
    ],
)


@handles(np.reshape)
def reshape(a: Any, /, shape: Any, order: str = "C") -> Any:
    if order != "C":
        raise UnsupportedError(
            f"np.reshape(..., order={order!r}) has no derivative rule here; "
            "write np.transpose around a reshape in order C."
        )
    sizes = tuple(int(n) for n in shape) if isinstance(shape, tuple | list) else (int(shape),)
    return apply(_reshape, (operand(a),), {"shape": sizes})


@handles(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    return reshape(a, (-1,), order=order)


def _inverse(axes: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if axes is None else tuple(int(i) for i in np.argsort(axes))


_transpose = linear(
    "transpose",
    lambda x, axes: np.transpose(x, axes),
    transpose=lambda adjoint, out, x, axes: np.transpose(adjoint, _inverse(axes)),
    pushforward=lambda tangent, out, x, axes: np.transpose(tangent, axes),
    symbol="ᵀ",
    sample=lambda rng: [
        ((rng.normal(size=(2, 3)),), {"axes": None}),
        ((rng.normal(size=(2, 3, 4)),), {"axes": (1, 2, 0)}),
    ],
)


@handles(np.transpose)
def transpose(a: Any, axes: Any = None) -> Any:
    ndim = operand(a).ndim
    if axes is not None:
        axes = np.lib.array_utils.normalize_axis_tuple(axes, ndim, "axes")
    return apply(_transpose, (a,), {"axes": axes})


@handles(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    axes = list(range(operand(a).ndim))
    axis1, axis2 = (np.lib.array_utils.normalize_axis_index(axis, len(axes)) for axis in (axis1, axis2))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return transpose(a, axes)


_broadcast_to = linear(
    "broadcast_to",
    lambda x, shape: np.broadcast_to(x, shape),
    # the sweep sums over broadcast axes: here it is the whole rule
    transpose=lambda adjoint, out, x, shape: adjoint,
    pushforward=lambda tangent, out, x, shape: np.broadcast_to(tangent, shape),
    symbol="broadcast",
    sample=lambda rng: [((rng.normal(size=3),), {"shape": (2, 3)}), ((rng.normal(size=(2, 1)),), {"shape": (2, 3)})],
)


@handles(np.broadcast_to)
def broadcast_to(array: Any, shape: Any) -> Any:
    sizes = tuple(int(n) for n in shape) if isinstance(shape, tuple | list) else (int(shape),)
    return apply(_broadcast_to, (operand(array),), {"shape": sizes})


# -- joining ------------------------------------------------------------------------------------


def _one_of(function: Any, argnum: int, tangent: Any, inputs: tuple[Any, ...], axis: int) -> Any:
    """A joining function is linear in each piece: the tangent in its place, zeros in the others'."""
    pieces = [tangent if i == argnum else np.zeros(np.shape(_plain(x))) for i, x in enumerate(inputs)]
    return function(pieces, axis=axis)


def _plain(value: Any) -> Any:
    return value.value if type(value) is Traced else value


def _stack_vjp(argnum: int, adjoint: Any, out: Any, inputs: tuple[Any, ...], axis: int) -> Any:
    before = (slice(None),) * (axis % adjoint.ndim)
    return adjoint[(*before, argnum)]


_stack = general(
    "stack",
    lambda *inputs, axis: np.stack(inputs, axis=axis),
    vjps=[_stack_vjp],
    jvps=[lambda argnum, tangent, out, inputs, axis: _one_of(np.stack, argnum, tangent, inputs, axis)],
    variadic=True,
    sample=lambda rng: [
        ((rng.normal(size=3), rng.normal(size=3)), {"axis": 0}),
        ((rng.normal(size=(2, 3)), rng.normal(size=(2, 3))), {"axis": -1}),
        ((0.5, -0.25, 2.0), {"axis": 0}),
    ],
)


@handles(np.stack)
def stack(arrays: Any, axis: int = 0) -> Any:
    return apply(_stack, tuple(operand(a) for a in arrays), {"axis": int(axis)})


def _concatenate_vjp(argnum: int, adjoint: Any, out: Any, inputs: tuple[Any, ...], axis: int) -> Any:
    axis = axis % adjoint.ndim
    start = 0
    for x in inputs[:argnum]:
        start += x.shape[axis]
    return adjoint[(*(slice(None),) * axis, slice(start, start + inputs[argnum].shape[axis]))]


_concatenate = general(
    "concatenate",
    lambda *inputs, axis: np.concatenate(inputs, axis=axis),
    vjps=[_concatenate_vjp],
    jvps=[lambda argnum, tangent, out, inputs, axis: _one_of(np.concatenate, argnum, tangent, inputs, axis)],
    variadic=True,
    sample=lambda rng: [
        ((rng.normal(size=3), rng.normal(size=2)), {"axis": 0}),
        ((rng.normal(size=(2, 3)), rng.normal(size=(2, 1))), {"axis": -1}),
    ],
)


@handles(np.concatenate)
def concatenate(arrays: Any, /, axis: Any = 0) -> Any:
    pieces = [operand(a) for a in arrays]
    if axis is None:
        pieces = [np.reshape(a, (-1,)) for a in pieces]
    return apply(_concatenate, tuple(pieces), {"axis": 0 if axis is None else int(axis)})


# -- indexing -----------------------------------------------------------------------------------


def _fill(key: Any, parts: tuple[Any, ...]) -> Any:
    if isinstance(key, tuple):
        return tuple(_fill(part, parts) for part in key)
    return _plain(parts[key.number]) if isinstance(key, Dynamic) else key


def _is_basic(key: Any) -> bool:
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is None or part is Ellipsis or isinstance(part, slice | int) for part in parts)


def _take(x: Any, *parts: Any, key: Any) -> Any:
    return x[_fill(key, parts)]


def _put(adjoint: Any, *parts: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``adjoint`` added at the index; a repeated index adds up."""
    out = np.zeros(shape, np.asarray(adjoint).dtype)
    key = _fill(key, parts)
    if _is_basic(key):
        out[key] = adjoint
    else:
        np.add.at(out, key, adjoint)
    return out


_index: Primitive = general(
    "index",
    _take,
    vjps=[lambda adjoint, out, x, *parts, key: invoke(_scatter, (adjoint, *parts), {"key": key, "shape": x.shape})],
    jvps=[lambda tangent, out, x, *parts, key: invoke(_index, (tangent, *parts), {"key": key})],
    symbol="[ ]",
    sample=lambda rng: [
        ((rng.normal(size=(3, 4)),), {"key": 1}),
        ((rng.normal(size=(3, 4)),), {"key": (slice(None), slice(0, 4, 2))}),
        ((rng.normal(size=4),), {"key": (None, Ellipsis, slice(None, None, -1))}),
        ((rng.normal(size=4),), {"key": np.array([0, 2, 2])}),
        ((rng.normal(size=(3, 4)),), {"key": (np.array([0, 1]), np.array([1, 1]))}),
        ((rng.normal(size=4), np.array([True, False, True, False])), {"key": Dynamic(0)}),
    ],
)

_scatter: Primitive = general(
    "scatter",
    _put,
    vjps=[lambda adjoint, out, x, *parts, key, shape: invoke(_index, (adjoint, *parts), {"key": key})],
    jvps=[
        lambda tangent, out, x, *parts, key, shape: invoke(_scatter, (tangent, *parts), {"key": key, "shape": shape})
    ],
    sample=lambda rng: [
        ((rng.normal(size=3),), {"key": np.array([0, 2, 2]), "shape": (4,)}),
        ((0.5,), {"key": 1, "shape": (3,)}),
    ],
)


def _index_part(part: Any, dynamic: list[Any]) -> Any:
    if type(part) is Traced:
        if is_floating(part.value):
            raise ArgumentError(
                f"a traced float was used as an index{here()}; "
                "indices are ints or bools, such as np.argmax(x) or x > 0."
            )
        dynamic.append(part)
        return Dynamic(len(dynamic) - 1)
    if isinstance(part, slice):
        # where a slice ends decides a shape: its traced ints leave through the exit, once
        start, stop, step = (None if end is None else operator.index(end) for end in (part.start, part.stop, part.step))
        return slice(start, stop, step)
    if isinstance(part, list):
        return np.asarray(part) if part else np.zeros(0, dtype=np.intp)
    if isinstance(part, np.ndarray):
        return part.copy()
    if isinstance(part, np.bool_ | bool):
        return np.asarray(part)
    return int(part) if isinstance(part, np.integer) else part


def index(x: Traced, key: Any) -> Any:
    """``x[key]`` with ints, slices, None, Ellipsis, arrays of ints or bools, and traced ones."""
    dynamic: list[Any] = []
    if isinstance(key, tuple):
        template: Any = tuple(_index_part(part, dynamic) for part in key)
    else:
        template = _index_part(key, dynamic)
    return apply(_index, (x, *dynamic), {"key": template})


HANDLERS["index"] = index


# -- in place -----------------------------------------------------------------------------------


def _refuse(name: str, remedy: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise ImmutableError(f"{name} changes an array in place{here()}, which the graph cannot see. {remedy}")

    return refuse


for _function, _remedy in {
    np.copyto: "Use the traced value itself, or np.where(mask, v, x); for np.full_like write v * np.ones_like(a).",
    np.place: "Write np.where(mask, v, x).",
    np.put: "Write np.where, or collect the pieces and np.stack them.",
    np.putmask: "Write np.where(mask, v, x).",
    np.fill_diagonal: "Write np.where(np.eye(n, dtype=bool), v, x).",
    np.put_along_axis: "Write np.where, or collect the pieces and np.stack them.",
}.items():
    HANDLERS[_function] = _refuse(f"np.{_function.__name__}", _remedy)


# -- what only asks for the form ----------------------------------------------------------------


@handles(np.shape)
def shape(a: Any) -> Any:
    return a.shape


@handles(np.ndim)
def ndim(a: Any) -> Any:
    return a.ndim


@handles(np.size)
def size(a: Any, axis: int | None = None) -> Any:
    return a.size if axis is None else a.shape[axis]


def _form(value: Any, dtype: Any, shape: Any) -> tuple[tuple[int, ...], Any]:
    sizes = value.shape if shape is None else tuple(shape) if isinstance(shape, tuple | list) else (int(shape),)
    return sizes, dtype or value.dtype


@handles(np.zeros_like)
def zeros_like(a: Any, dtype: Any = None, shape: Any = None) -> Any:
    return np.zeros(*_form(a, dtype, shape))


@handles(np.ones_like)
def ones_like(a: Any, dtype: Any = None, shape: Any = None) -> Any:
    return np.ones(*_form(a, dtype, shape))


@handles(np.copy)
def copy(a: Any) -> Any:
    return a  # immutable: the value itself is as good as a copy
