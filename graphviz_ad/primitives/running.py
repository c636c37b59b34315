"""Running products, and running sums under their other names: cumprod, cumulative_sum, cumulative_prod, nan forms."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from graphviz_ad.core.primitive import general, handles, refuse_out
from graphviz_ad.core.traced import apply, operand, shape_of, value_of
from graphviz_ad.primitives.arguments import refuse_positional_out


def _recurrence(factor: Any, term: Any) -> Any:
    """The s of s[i] = factor[i] · s[i − 1] + term[i] along the last axis, in log n rounds of whole arrays.

    In round k every s[i] knows the terms of the last 2ᵏ places; nothing is divided.
    """
    length, done = shape_of(term)[-1], 1
    while done < length:
        term = np.concatenate([term[..., :done], term[..., done:] + factor[..., done:] * term[..., :-done]], axis=-1)
        if 2 * done < length:
            factor = np.concatenate([factor[..., :done], factor[..., done:] * factor[..., :-done]], axis=-1)
        done *= 2
    return term


def _before(x: Any) -> Any:
    """Each place's left neighbour along the last axis; 1 in front."""
    return np.concatenate([np.ones_like(x[..., :1]), x[..., :-1]], axis=-1)


def _last(x: Any, axis: int | None, ndim: int) -> Any:
    """The axis of the product put last; the same once more puts it back."""
    return x if axis is None or axis == ndim - 1 else np.swapaxes(x, axis - ndim, -1)


def _cumprod_vjp(adjoint: Any, out: Any, x: Any, axis: int | None, **_: Any) -> Any:
    if not np.size(value_of(x)):
        return adjoint * x
    ndim = len(shape_of(x))
    adjoint, out, x = (_last(one, axis, ndim) for one in (adjoint, out, x))
    # what comes back to place i: its own adjoint, and the next place's times the factor there
    following = np.flip(_before(np.flip(x, -1)), -1)
    sent = np.flip(_recurrence(np.flip(following, -1), np.flip(adjoint, -1)), -1)
    return _last(sent * _before(out), axis, ndim)


def _cumprod_jvp(tangent: Any, out: Any, x: Any, axis: int | None, **_: Any) -> Any:
    if not np.size(value_of(x)):
        return tangent * x
    ndim = len(shape_of(x))
    tangent, out, x = (_last(one, axis, ndim) for one in (tangent, out, x))
    return _last(_recurrence(x, tangent * _before(out)), axis, ndim)


def _cumprod_shown(adjoint: Any, out: Any, x: Any, axis: int | None, **_: Any) -> Any:
    back = -1 if axis is None else axis - len(shape_of(x))
    return np.flip(np.cumsum(np.flip(adjoint * out, back), axis=back), back) / x


_cumprod = general(
    "cumprod",
    np.cumprod,
    vjps=[_cumprod_vjp],
    jvps=[_cumprod_jvp],
    formulas=[_cumprod_shown],
    symbol="running product",
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=4),), {"axis": None}),
        ((rng.normal(size=(2, 5, 3)),), {"axis": 1}),
        ((rng.normal(size=(2, 7)),), {"axis": 1, "dtype": "<f8"}),
        ((rng.normal(size=(3, 1)),), {"axis": 0}),
        ((rng.normal(size=1),), {"axis": 0}),
        ((rng.normal(size=(0, 3)),), {"axis": 0}),
    ],
)


@handles(np.cumprod)
def cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    refuse_positional_out(np.cumprod, out)
    x = operand(a)
    if axis is not None:
        axis = normalize_axis_index(operator.index(axis), x.ndim)
    elif x.ndim != 1:
        x = np.ravel(x)  # as NumPy does first
    return apply(_cumprod, (x,), {"axis": axis} | ({} if dtype is None else {"dtype": np.dtype(dtype).str}))


def _left_out(function: Any, running: Any, instead: float) -> None:
    """A running sum or product in which nan counts as ``instead``."""

    def handler(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        refuse_positional_out(function, out)
        x = operand(a)
        return running(np.where(np.isnan(x), x.dtype.type(instead), x), axis=axis, dtype=dtype)

    handles(function)(handler)


_left_out(np.nancumsum, np.cumsum, 0)
_left_out(np.nancumprod, np.cumprod, 1)


def _cumulative(function: Any, running: Any, first: float) -> None:
    def handler(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Any:
        refuse_out(f"np.{function.__name__}", {"out": out})
        x = np.atleast_1d(x)
        if axis is None and x.ndim > 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
        axis = 0 if axis is None else normalize_axis_index(operator.index(axis), x.ndim)
        result = running(x, axis=axis, dtype=dtype)
        if not include_initial:
            return result
        shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
        return np.concatenate([np.full(shape, first, result.dtype), result], axis=axis)

    handles(function)(handler)


if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    _cumulative(np.cumulative_sum, np.cumsum, 0)
    _cumulative(np.cumulative_prod, np.cumprod, 1)
