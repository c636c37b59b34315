"""Sliding windows over an array, and their transpose, which adds the windows back where they were taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as windows_of

from graphviz_ad.core.primitive import Primitive, handles, linear
from graphviz_ad.core.traced import invoke, operand, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ImmutableError

Axes = tuple[int, ...]


def _fold_last(windows: Any, axis: int) -> Any:
    """The last axis added back into ``axis``: an element at position p and offset o goes to p + o.

    Positions and offsets play the same part, so the loop runs over the fewer of the two, and each turn
    adds one strided slice: many times faster than ``np.add.at`` with the same indices.
    """
    shape = list(windows.shape[:-1])
    shape[axis] += windows.shape[-1] - 1
    if not windows.size:
        return np.zeros(shape, windows.dtype)
    if windows.shape[axis] < windows.shape[-1]:
        windows = np.swapaxes(windows, axis, -1)
    before, length = (slice(None),) * axis, windows.shape[axis]
    out = np.zeros_like(windows[..., 0], shape=shape)  # in the memory order of the slices, which is what takes time
    for start in range(windows.shape[-1]):
        out[(*before, slice(start, start + length))] += windows[..., start]
    return out


def _fold(windows: Any, axis: Axes) -> Any:
    """The last axes, one after the other, added back into ``axis``."""
    for one in reversed(axis):
        windows = _fold_last(windows, one)
    return windows


def _shifted(direction: Any, axis: Axes, ndim: int) -> Axes:
    """The axes behind the leading axis that many adjoints or tangents have."""
    lead = direction.ndim - ndim
    return tuple(lead + one for one in axis) if lead else axis


_fold_windows: Primitive = linear(
    "fold_windows",
    _fold,
    transpose=lambda adjoint, out, x, axis: windows_of(
        adjoint, x.shape[x.ndim - len(axis) :], _shifted(adjoint, axis, out.ndim)
    ),
    pushforward=lambda tangent, out, x, axis: invoke(
        _fold_windows, (tangent,), {"axis": _shifted(tangent, axis, x.ndim)}
    ),
    symbol="fold",
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=(4, 3)),), {"axis": (0,)}),
        ((rng.normal(size=(2, 2, 5, 3, 2)),), {"axis": (1, 2)}),
        ((rng.normal(size=(3, 2, 2)),), {"axis": (0, 0)}),
    ],
)

_sliding_window_view = linear(
    "sliding_window_view",
    lambda x, window_shape, axis: windows_of(x, window_shape, axis),
    transpose=lambda adjoint, out, x, window_shape, axis: invoke(
        _fold_windows, (adjoint,), {"axis": _shifted(adjoint, axis, out.ndim)}
    ),
    pushforward=lambda tangent, out, x, window_shape, axis: windows_of(
        tangent, window_shape, _shifted(tangent, axis, x.ndim)
    ),
    symbol="windows",
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=6),), {"window_shape": (3,), "axis": (0,)}),
        ((rng.normal(size=6),), {"window_shape": (6,), "axis": (0,)}),
        ((rng.normal(size=(2, 4, 5)),), {"window_shape": (2, 4), "axis": (1, 2)}),
        ((rng.normal(size=(4, 3)),), {"window_shape": (2, 3), "axis": (1, 0)}),
        ((rng.normal(size=(5, 2)),), {"window_shape": (2, 3), "axis": (0, 0)}),
    ],
)


@handles(windows_of)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    if writeable:
        raise ImmutableError(
            f"sliding_window_view(..., writeable=True) lets a traced value be changed in place{here()}; "
            "leave writeable out."
        )
    x = operand(x)
    sizes = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    if axis is None and len(sizes) != x.ndim:
        windows_of(value_of(x), sizes)  # NumPy's own error
    axes = tuple(range(x.ndim)) if axis is None else axis
    axes = np.lib.array_utils.normalize_axis_tuple(axes, x.ndim, "axis", allow_duplicate=True)
    return invoke(_sliding_window_view, (x,), {"window_shape": tuple(int(size) for size in sizes), "axis": axes})
