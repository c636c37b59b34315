"""Norms of vectors and of matrices, and condition numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import general, handles
from graphviz_ad.core.traced import apply, operand, shape_of, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError
from graphviz_ad.primitives.decompositions import nonzero, singular_slope
from graphviz_ad.primitives.products import swapped

Axes = tuple[int, ...]


def _norm_axes(axis: Any, ndim: int) -> Axes:
    if axis is None:
        return tuple(range(ndim))
    return tuple(one % ndim for one in (axis if isinstance(axis, tuple) else (axis,)))


def _winners(x: Any, summed: Axes, searched: Axes, largest: bool) -> Any:
    """Derivative of the largest (or smallest) of sums of |x|; several that are equal share it."""
    sums = np.sum(np.abs(x), axis=summed, keepdims=True) if summed else np.abs(x)
    best = np.max(sums, axis=searched, keepdims=True) if largest else np.min(sums, axis=searched, keepdims=True)
    wins = np.where(sums == best, np.ones_like(sums), 0.0)
    return np.sign(x) * (wins / np.sum(wins, axis=searched, keepdims=True))


def _largest(s: Any) -> Any:
    wins = np.where(s == s[..., :1], np.ones_like(s), 0.0)
    return wins / np.sum(wins, axis=-1, keepdims=True)


def _smallest(s: Any) -> Any:
    wins = np.where(s == s[..., -1:], np.ones_like(s), 0.0)
    return wins / np.sum(wins, axis=-1, keepdims=True)


_SINGULAR = {2: _largest, -2: _smallest, "nuc": np.ones_like}
"""Norms of matrices by their singular values: what each of these counts for; equal ones share."""


def _moved(source: Axes, x: Any, target: Axes = (-2, -1)) -> Any:
    return x if len(shape_of(x)) == 2 and (0, 1) in (source, target) else np.moveaxis(x, source, target)


def _norm_slope(out: Any, x: Any, order: Any, axes: Axes) -> Any:
    """∂norm/∂x; ``out`` broadcasts against ``x``. At the zero vector every norm's derivative is 0."""
    if order == 0 or not math.prod(x.shape):
        return np.zeros_like(x)
    if order in (None, "fro", "f") or (order == 2 and len(axes) == 1):
        return np.where(out == 0, 0.0, x / np.where(out == 0, 1.0, out))
    if len(axes) == 2 and order in _SINGULAR:
        return _moved((-2, -1), singular_slope(_moved(axes, x), _SINGULAR[order]), axes)
    if len(axes) == 2:
        rows, columns = axes
        summed, searched = ((rows,), (columns,)) if abs(order) == 1 else ((columns,), (rows,))
        return _winners(x, summed, searched, order > 0)
    if order == 1:
        return np.sign(x)
    if math.isinf(order):
        return _winners(x, (), axes, order > 0)
    # |x| has derivative 0 at 0, also where |x| ** (order - 1) is inf there
    flat = np.logical_or(x == 0, out == 0)
    ratio = np.where(flat, 1.0, np.abs(x) / np.where(out == 0, 1.0, out))
    return np.where(flat, 0.0, np.sign(x) * ratio ** (order - 1))


def _kept(value: Any, out: Any, x: Any, axes: Axes) -> Any:
    """A norm's output, or its adjoints, with the axes that were taken away as axes of length 1."""
    shape = shape_of(value)
    if not shape:
        return value
    lead = shape[: len(shape) - len(shape_of(out))]
    kept = (*lead, *(1 if axis in axes else length for axis, length in enumerate(shape_of(x))))
    return value if shape == kept else np.reshape(value, kept)


def _norm_pulled(adjoint: Any, out: Any, x: Any, order: Any, axis: Any, keepdims: bool) -> Any:
    axes = _norm_axes(axis, len(shape_of(x)))
    return _kept(adjoint, out, x, axes) * _norm_slope(_kept(out, out, x, axes), x, order, axes)


def _norm_formula(adjoint: Any, out: Any, x: Any, order: Any, axis: Any, keepdims: bool) -> Any:
    axes = _norm_axes(axis, len(shape_of(x)))
    if len(axes) == 2 and order in _SINGULAR:
        # as at a matrix of full rank whose singular values differ
        u, _, vh = np.linalg.svd(_moved(axes, x), full_matrices=False)
        if order != "nuc":
            u, vh = (u[..., :1], vh[..., :1, :]) if order == 2 else (u[..., -1:], vh[..., -1:, :])
        return _kept(adjoint, out, x, axes) * _moved((-2, -1), u @ vh, axes)
    if order in (None, "fro", "f") or (order == 2 and len(axes) == 1):
        return _kept(adjoint, out, x, axes) * x / _kept(out, out, x, axes)
    if len(axes) == 1 and order not in (0, 1) and not math.isinf(order):
        return _kept(adjoint, out, x, axes) * np.sign(x) * (np.abs(x) / _kept(out, out, x, axes)) ** (order - 1)
    return _norm_pulled(adjoint, out, x, order, axis, keepdims)


def _norm_pushed(tangent: Any, out: Any, x: Any, order: Any, axis: Any, keepdims: bool) -> Any:
    axes = _norm_axes(axis, len(shape_of(x)))
    lead = len(shape_of(tangent)) - len(shape_of(x))
    slope = _norm_slope(_kept(out, out, x, axes), x, order, axes)
    return np.sum(tangent * slope, axis=tuple(lead + one for one in axes), keepdims=keepdims)


_norm = general(
    "norm",
    lambda x, order, axis, keepdims: np.linalg.norm(x, ord=order, axis=axis, keepdims=keepdims),
    vjps=[_norm_pulled],
    jvps=[_norm_pushed],
    formulas=[_norm_formula],
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=shape)[()],), {"order": order, "axis": axis, "keepdims": keepdims})
        for shape, order, axis, keepdims in [
            ((), None, None, False),
            ((3,), None, None, False),
            ((3,), 2, None, True),
            ((2, 3), None, None, False),
            ((2, 3, 2), None, None, True),
            ((2, 3), "fro", None, False),
            ((2, 3), 2, -1, False),
            ((2, 3), None, (0,), True),
            ((2, 3, 2), "fro", (0, -1), True),
            ((4,), 1, None, False),
            ((4,), np.inf, None, False),
            ((4,), -np.inf, 0, True),
            ((4,), 0, None, False),
            ((2, 4), 3, 1, False),
            ((4,), 2.5, None, False),
            ((4,), 0.5, None, False),
            ((4,), -1, None, False),
            ((3, 4), 1, None, False),
            ((3, 4), -1, None, True),
            ((3, 4), np.inf, None, False),
            ((2, 3, 4), -np.inf, (2, 0), False),
            ((2, 3, 4), 1, (2, 1), True),
            ((0,), None, None, False),
            ((0, 3), 1, None, False),
            ((3, 4), 2, None, False),
            ((4, 3), -2, None, True),
            ((3, 3), "nuc", None, False),
            ((2, 3, 4), 2, (2, 0), True),
            ((2, 3, 4), "nuc", (-1, 1), False),
        ]
    ],
)


@handles(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002  (NumPy's name)
    x = operand(x)
    if isinstance(ord, np.generic):
        ord = ord.item()
    axis = tuple(int(one) for one in axis) if isinstance(axis, tuple) else None if axis is None else int(axis)
    return apply(_norm, (x,), {"order": ord, "axis": axis, "keepdims": bool(keepdims)})


@handles(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:  # noqa: A002
    x = operand(x)
    flat, place = x, axis
    if axis is None:
        flat, place = np.ravel(x), 0
    elif isinstance(axis, tuple):
        axis = np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
        rest = tuple(one for one in range(x.ndim) if one not in axis)
        lengths = tuple(x.shape[one] for one in rest)
        flat = np.reshape(np.transpose(x, axis + rest), (math.prod(x.shape[one] for one in axis), *lengths))
        place = 0
    out = norm(flat, ord, place)
    axes = _norm_axes(axis, x.ndim)
    return np.reshape(out, tuple(1 if one in axes else n for one, n in enumerate(x.shape))) if keepdims else out


@handles(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:  # noqa: A002
    return norm(x, ord, (-2, -1), keepdims)


# -- condition numbers --------------------------------------------------------------------------


def _cond_slope(out: Any, a: Any, p: Any) -> Any:
    """∂cond/∂A: a quotient of singular values, or the norm of A times that of its inverse."""
    if np.any(np.isinf(value_of(out))):
        raise ArgumentError(
            f"np.linalg.cond: the matrix is singular, its condition number is inf and has no derivative{here()}. Move "
            "the matrix a little, e.g. a + 1e-6 * np.eye(len(a)), or take np.linalg.cond(a, -2), which is 0 there."
        )
    if p in (None, 2, -2):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        if p == -2:
            above, below = s[..., -1:], s[..., :1]
            of_above, of_below = np.where(nonzero(s, a.shape), _smallest(s), 0.0), _largest(s)
        else:
            above, below = s[..., :1], s[..., -1:]
            of_above, of_below = _largest(s), _smallest(s)
        weights = of_above / below - of_below * above / below**2
        return (u * weights[..., None, :]) @ vh
    axes = (a.ndim - 2, a.ndim - 1)
    inverse = np.linalg.inv(a)
    own, other = (np.linalg.norm(x, p, (-2, -1), True) for x in (a, inverse))
    by_inverse = swapped(inverse) @ _norm_slope(other, inverse, p, axes) @ swapped(inverse)
    return other * _norm_slope(own, a, p, axes) - own * by_inverse


def _cond_formula(adjoint: Any, out: Any, a: Any, p: Any) -> Any:
    if p not in (None, 2, -2):
        return _per_matrix(adjoint) * _cond_slope(out, a, p)
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    first, last = u[..., :1] @ vh[..., :1, :], u[..., -1:] @ vh[..., -1:, :]
    above, below, divisor = (last, first, s[..., 0]) if p == -2 else (first, last, s[..., -1])
    return _per_matrix(adjoint / divisor) * (above - _per_matrix(out) * below)


def _per_matrix(x: Any) -> Any:
    return x[..., None, None] if shape_of(x) else x


_cond = general(
    "cond",
    lambda x, p: np.linalg.cond(x, p),
    vjps=[lambda adjoint, out, a, p: _per_matrix(adjoint) * _cond_slope(out, a, p)],
    jvps=[lambda tangent, out, a, p: np.sum(tangent * _cond_slope(out, a, p), axis=(-2, -1))],
    formulas=[_cond_formula],
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=shape) + 3 * np.eye(shape[-2], shape[-1]),), {"p": p})
        for shape, p in [
            ((3, 3), None),
            ((4, 2), 2),
            ((2, 2, 3), -2),
            ((3, 3), "fro"),
            ((2, 2, 2), 1),
            ((3, 3), np.inf),
            ((2, 2), -1),
            ((2, 2), -np.inf),
            ((2, 2), "nuc"),
        ]
    ],
)


@handles(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    return apply(_cond, (operand(x),), {"p": p.item() if isinstance(p, np.generic) else p})
