"""Reductions: sums, means, and the largest or smallest element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import general, handles, linear
from graphviz_ad.core.traced import apply, operand

Axis = int | tuple[int, ...] | None


def normal_axis(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes as a sorted tuple of positions; None means all."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(int(a) % ndim for a in (axis if isinstance(axis, tuple | list) else (axis,))))


def stretch(adjoint: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """A reduced value copied along the axes that it was reduced over, to ``shape``."""
    axes = normal_axis(axis, len(shape))
    kept = tuple(1 if position in axes else length for position, length in enumerate(shape))
    if getattr(adjoint, "shape", ()) != kept:
        adjoint = np.reshape(adjoint, kept)
    return adjoint if kept == shape else np.broadcast_to(adjoint, shape)


def _count(shape: tuple[int, ...], axis: Axis) -> int:
    return math.prod(shape[position] for position in normal_axis(axis, len(shape)))


def _reduction_samples(rng: np.random.Generator) -> list[Any]:
    x = rng.normal(size=(2, 3, 4))
    rows = [(None, False), (0, False), (-1, True), ((0, 2), False), (None, True)]
    return [((x,), {"axis": axis, "keepdims": keep}) for axis, keep in rows] + [
        ((rng.normal(size=3),), {"axis": None, "keepdims": False})
    ]


_sum = linear(
    "sum",
    np.sum,
    transpose=lambda adjoint, out, x, axis, keepdims: stretch(adjoint, x.shape, axis),
    pushforward=lambda tangent, out, x, axis, keepdims: np.sum(tangent, axis=axis, keepdims=keepdims),
    symbol="sum",
    sample=_reduction_samples,
)

_mean = linear(
    "mean",
    np.mean,
    transpose=lambda adjoint, out, x, axis, keepdims: stretch(adjoint / _count(x.shape, axis), x.shape, axis),
    pushforward=lambda tangent, out, x, axis, keepdims: np.mean(tangent, axis=axis, keepdims=keepdims),
    symbol="mean",
    sample=_reduction_samples,
)


def _axis(axis: Any) -> Axis:
    return tuple(int(a) for a in axis) if isinstance(axis, tuple | list) else axis


@handles(np.sum)
def sum(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return apply(_sum, (operand(a),), {"axis": _axis(axis), "keepdims": bool(keepdims)})


@handles(np.mean)
def mean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return apply(_mean, (operand(a),), {"axis": _axis(axis), "keepdims": bool(keepdims)})


def _share(out: Any, x: Any, axis: Axis) -> Any:
    """Which elements are the extreme one; several share equally."""
    mask = np.where(x == stretch(out, x.shape, axis), 1.0, 0.0)
    return mask / np.sum(mask, axis=axis, keepdims=True)


def _extreme(name: str, function: Any) -> Any:
    primitive = general(
        name,
        function,
        vjps=[
            lambda adjoint, out, x, axis, keepdims: stretch(adjoint, x.shape, axis) * _share(out, x, axis),
        ],
        jvps=[
            lambda tangent, out, x, axis, keepdims: np.sum(
                tangent * _share(out, x, axis), axis=axis, keepdims=keepdims
            ),
        ],
        sample=_reduction_samples,
    )

    def handler(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return apply(primitive, (operand(a),), {"axis": _axis(axis), "keepdims": bool(keepdims)})

    handles(function)(handler)
    return handler


_extreme("max", np.max)
_extreme("min", np.min)
