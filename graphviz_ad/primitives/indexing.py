"""Indexing, `x[key]`, and its transpose, which adds values back at the places that they were taken from."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import HANDLERS, Dynamic, Primitive, general
from graphviz_ad.core.traced import Traced, invoke, is_floating, shape_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError

Shape = tuple[int, ...]


def leading(direction: Any, ndim: int) -> Shape:
    """The axes that many adjoints or tangents have in front of the ``ndim`` that a rule is about: () or (seeds,)."""
    shape = shape_of(direction)
    return shape[: len(shape) - ndim]


def reshaped(direction: Any, shape: Shape, order: Any = "C") -> Any:
    """A direction in another shape; no step where it has that shape already."""
    return direction if shape_of(direction) == shape else np.reshape(direction, shape, order=order)


# -- on plain values ----------------------------------------------------------------------------


def fill(key: Any, parts: tuple[Any, ...]) -> Any:
    """The key with the values of traced ints and bools in their places."""
    if isinstance(key, tuple):
        return tuple(fill(part, parts) for part in key)
    if not isinstance(key, Dynamic):
        return key
    value = np.asarray(parts[key.number])
    return int(value) if value.ndim == 0 and value.dtype.kind in "iu" else value


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _is_basic(key: Any) -> bool:
    return all(not isinstance(part, np.ndarray) for part in _parts(key))


def _never_repeats(key: Any) -> bool:
    """Whether no element can be taken twice: slices, ints and masks only."""
    return all(not isinstance(part, np.ndarray) or part.dtype.kind == "b" for part in _parts(key))


def _positions(key: Any, shape: Shape) -> Any:
    """Where the elements at a key lie in the flattened array: the index itself takes the positions."""
    return np.arange(math.prod(shape)).reshape(shape)[key]


def _take(x: Any, *parts: Any, key: Any, lead: int = 0) -> Any:
    """``x[key]``; the key does not see the ``lead`` axes in front."""
    key = fill(key, parts)
    if not lead:
        return (np.asarray(x) if type(x) is float else x)[key]
    if _is_basic(key):
        return x[(slice(None),) * lead + _parts(key)]
    front, rest = x.shape[:lead], x.shape[lead:]
    return x.reshape(*front, math.prod(rest))[..., _positions(key, rest)]


def _put(adjoint: Any, *parts: Any, key: Any, shape: Shape, lead: int = 0) -> Any:
    """Zeros of ``shape`` with ``adjoint`` added at the key; what was taken twice adds up."""
    key = fill(key, parts)
    adjoint = np.asarray(adjoint)
    out = np.zeros(shape, adjoint.dtype)
    if _is_basic(key):
        out[(slice(None),) * lead + _parts(key)] = adjoint
    elif not lead and _never_repeats(key):
        out[key] = adjoint
    elif not lead and (out.ndim == 1 or out.size > 8 * adjoint.size):
        np.add.at(out, key, adjoint)
    else:
        # np.add.at is several times faster on a flat array, unless listing all positions costs more than it saves
        rest = shape[lead:]
        where = np.ravel(_positions(key, rest))
        if lead:
            where = np.ravel(np.add.outer(np.arange(0, out.size, math.prod(rest) or 1), where))
        np.add.at(out.reshape(-1), where, adjoint.reshape(-1))
    return out


# -- the primitives -----------------------------------------------------------------------------


def _behind(lead: int) -> dict[str, int]:
    return {"lead": lead} if lead else {}


def index_vjp(adjoint: Any, out: Any, x: Any, *parts: Any, key: Any, lead: int = 0) -> Any:
    """What an index sends back: its adjoint, put where the elements were taken."""
    front = leading(adjoint, len(shape_of(out)))
    params = {"key": key, "shape": front + shape_of(x), **_behind(lead + len(front))}
    return invoke(_scatter, (adjoint, *parts), params)


def index_jvp(tangent: Any, out: Any, x: Any, *parts: Any, key: Any, lead: int = 0) -> Any:
    """An index's tangent: the tangent, indexed."""
    front = leading(tangent, len(shape_of(x)))
    return invoke(_index, (tangent, *parts), {"key": key, **_behind(lead + len(front))})


def _scatter_vjp(adjoint: Any, out: Any, x: Any, *parts: Any, key: Any, shape: Shape, lead: int = 0) -> Any:
    front = leading(adjoint, len(shape))
    return invoke(_index, (adjoint, *parts), {"key": key, **_behind(lead + len(front))})


def _scatter_jvp(tangent: Any, out: Any, x: Any, *parts: Any, key: Any, shape: Shape, lead: int = 0) -> Any:
    front = leading(tangent, len(shape_of(x)))
    params = {"key": key, "shape": front + shape, **_behind(lead + len(front))}
    return invoke(_scatter, (tangent, *parts), params)


def _index_samples(rng: np.random.Generator) -> list[Any]:
    line, table, block = rng.normal(size=4), rng.normal(size=(3, 4)), rng.normal(size=(2, 3, 4))
    rows, columns = np.array([0, 1, 0]), np.array([1, -1, 1])
    mask = np.array([True, False, True, False])
    return [
        ((table,), {"key": 1}),
        ((table,), {"key": (slice(None), slice(0, 4, 2))}),
        ((table,), {"key": (-1, 2)}),
        ((line,), {"key": (None, Ellipsis, slice(None, None, -1))}),
        ((rng.normal(),), {"key": (None, Ellipsis)}),
        ((line,), {"key": np.array([0, 2, 2])}),
        ((line,), {"key": np.zeros(0, np.intp)}),
        ((table,), {"key": (rows, columns)}),
        ((table,), {"key": (rows[:, None], columns)}),
        ((table,), {"key": np.array([[0, 2], [2, 2]])}),
        ((block,), {"key": (rows, slice(None), columns)}),
        ((block,), {"key": (0, slice(1, None), np.array([3, 3]))}),
        ((block,), {"key": (Ellipsis, rows, None, columns)}),
        ((table,), {"key": (slice(None), mask)}),
        ((table,), {"key": rng.normal(size=(3, 4)) > 0}),
        ((block,), {"key": (np.array([True, False]), Ellipsis, np.array([0]))}),
        ((line, mask), {"key": Dynamic(0)}),
        ((table, np.int64(2), np.array([1, 1])), {"key": (Dynamic(0), Dynamic(1))}),
        ((np.zeros((0, 3)),), {"key": (slice(None), np.array([0, 0]))}),
        ((rng.normal(size=(2, 3, 4)),), {"key": (rows, columns), "lead": 1}),
        ((rng.normal(size=(2, 3)),), {"key": -1, "lead": 1}),
    ]


def _scatter_samples(rng: np.random.Generator) -> list[Any]:
    rows, columns = np.array([0, 1, 0]), np.array([1, -1, 1])
    return [
        ((rng.normal(size=3),), {"key": np.array([0, 2, 2]), "shape": (4,)}),
        ((rng.normal(size=(3, 4)),), {"key": np.array([0, 2, 2]), "shape": (40, 4)}),
        ((0.5,), {"key": 1, "shape": (3,)}),
        ((rng.normal(size=(3, 3)),), {"key": (rows, slice(None), columns), "shape": (2, 3, 4)}),
        ((rng.normal(size=(2, 3, 3)),), {"key": (rows, slice(None), columns), "shape": (2, 2, 3, 4), "lead": 1}),
        ((rng.normal(size=2), np.array([True, False, True])), {"key": Dynamic(0), "shape": (3,)}),
    ]


_index: Primitive = general(
    "index", _take, vjps=[index_vjp], jvps=[index_jvp], symbol="[ ]", batched=True, sample=_index_samples
)
_scatter: Primitive = general(
    "scatter", _put, vjps=[_scatter_vjp], jvps=[_scatter_jvp], batched=True, sample=_scatter_samples
)


# -- keys ---------------------------------------------------------------------------------------


def index_part(part: Any, dynamic: list[Any]) -> Any:
    """One part of a key as plain data; a traced part is put into ``dynamic`` and leaves its number."""
    if part is None or part is Ellipsis or type(part) is int:
        return part
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
        return slice(*(None if end is None else operator.index(end) for end in (part.start, part.stop, part.step)))
    if isinstance(part, bool | np.bool_):
        return np.asarray(part)
    if isinstance(part, str | float):
        return part  # NumPy's own IndexError says what an index can be
    try:
        return operator.index(part)
    except TypeError:
        # a copy: the caller may change the array later
        return np.array(part) if np.size(part) or isinstance(part, np.ndarray) else np.zeros(np.shape(part), np.intp)


def split_key(key: Any) -> tuple[Any, list[Any]]:
    """A key as plain data, and its traced parts."""
    dynamic: list[Any] = []
    if isinstance(key, tuple):
        return tuple(index_part(part, dynamic) for part in key), dynamic
    return index_part(key, dynamic), dynamic


def index(x: Any, key: Any) -> Any:
    """``x[key]`` with ints, slices, None, Ellipsis, arrays of ints or bools, and traced ones."""
    template, dynamic = split_key(key)
    return invoke(_index, (x, *dynamic), {"key": template})


def scatter(adjoint: Any, key: Any, shape: Shape) -> Any:
    """Zeros of ``shape`` with ``adjoint`` added at ``key``: the transpose of `index`."""
    template, dynamic = split_key(key)
    return invoke(_scatter, (adjoint, *dynamic), {"key": template, "shape": shape})


HANDLERS["index"] = index
