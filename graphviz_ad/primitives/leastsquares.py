"""Pseudoinverses, solutions by least squares, and ranks.

A pseudoinverse changes smoothly only as long as the rank stays: it jumps where a singular value leaves 0. The rules are
those for changes that keep the rank (G. H. Golub and V. Pereyra, SIAM J. Numer. Anal. 10, 1973, pages 413-432), which
is every change of a matrix of full rank.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import general, handles, plain
from graphviz_ad.core.traced import apply, invoke, operand, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.primitives.arguments import UNSET
from graphviz_ad.primitives.decompositions import (
    mirrored,
    singular_slope,
    singular_slope_formula,
    singular_value_pushed,
)
from graphviz_ad.primitives.products import swapped

# -- pseudoinverse ------------------------------------------------------------------------------


def _refuse_truncated(a: Any, rcond: Any, label: str) -> None:
    """Refuse where ``rcond`` cut off singular values that are no rounding errors: other rules would hold there."""
    s = np.linalg.svd(value_of(a), compute_uv=False)
    largest = np.max(s, axis=-1, keepdims=True, initial=0)
    cut = s <= np.asarray(1e-15 if rcond is None else rcond)[..., None] * largest
    if np.any(cut & (s > float(np.sqrt(np.finfo(s.dtype).eps)) * largest)):
        raise UnsupportedError(
            f"{label}(..., rcond={rcond}) cut off singular values that are not 0{here()}; its derivative has no rule "
            "here. Write it out: u, s, vh = np.linalg.svd(a, full_matrices=False), then "
            "vh.T @ (np.where(s > limit, 1 / s, 0.0)[:, None] * u.T)."
        )


def _pinv_pulled(adjoint: Any, out: Any, a: Any, rcond: Any, hermitian: bool) -> Any:
    _refuse_truncated(a, rcond, "np.linalg.pinv")
    back, mine = swapped(out), swapped(adjoint)
    left, right = mine @ out @ back, back @ out @ mine
    return left - a @ (out @ left) + right - (right @ out) @ a - back @ adjoint @ back


def _pinv_pushed(tangent: Any, out: Any, a: Any, rcond: Any, hermitian: bool) -> Any:
    _refuse_truncated(a, rcond, "np.linalg.pinv")
    back = swapped(out)
    left, right = out @ back @ swapped(tangent), swapped(tangent) @ back @ out
    return left - (left @ a) @ out + right - out @ (a @ right) - out @ tangent @ out


def _pinv_formula(adjoint: Any, out: Any, a: Any, rcond: Any, hermitian: bool) -> Any:
    back, mine = swapped(out), swapped(adjoint)
    rows, columns = (np.eye(size, dtype=a.dtype) for size in a.shape[-2:])
    return (rows - a @ out) @ mine @ out @ back + back @ out @ mine @ (columns - out @ a) - back @ adjoint @ back


_pinv = general(
    "pinv",
    lambda a, rcond, hermitian: np.linalg.pinv(a, rcond, hermitian),
    vjps=[_pinv_pulled],
    jvps=[_pinv_pushed],
    formulas=[_pinv_formula],
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=shape) + 2 * np.eye(shape[-2], shape[-1]),), {"rcond": rcond, "hermitian": hermitian})
        for shape, rcond, hermitian in [
            ((3, 3), None, False),
            ((3, 2), 1e-10, False),
            ((2, 3), None, False),
            ((2, 3, 2), None, False),
            ((0, 2), None, False),
        ]
    ],
)


@handles(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: Any = False, *, rtol: Any = UNSET) -> Any:
    a = operand(a)
    if rtol is not UNSET:
        if rcond is not None:
            raise ValueError("`rtol` and `rcond` can't be both set.")  # NumPy's own words
        rcond = max(a.shape[-2:]) * np.finfo(a.dtype).eps if rtol is None else rtol
    if rcond is not None:
        rcond = np.asarray(rcond).tolist()
    if hermitian:
        a = mirrored(a)  # which NumPy reads as it reads ``a``, and the rule is that of any matrix
    return apply(_pinv, (a,), {"rcond": rcond, "hermitian": bool(hermitian)})


# -- least squares ------------------------------------------------------------------------------


def _columns(x: Any, vector: bool) -> Any:
    return x[..., None] if vector else x


def _inverted(a: Any, rcond: Any) -> Any:
    """The pseudoinverse by which least squares were solved."""
    eps = float(np.finfo(float).eps)  # LAPACK is always given float64
    if rcond is None:
        rcond = max(a.shape) * eps
    elif rcond < 0:
        rcond = eps
    _refuse_truncated(a, rcond, "np.linalg.lstsq")
    return np.linalg.pinv(a, rcond)


def _solution_pulled(adjoint: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    vector, inverse = b.ndim == 1, _inverted(a, rcond)
    adjoint, x = _columns(adjoint, vector), _columns(out, vector)
    rest, back = _columns(b, vector) - a @ x, swapped(inverse) @ adjoint
    unseen = adjoint - swapped(a) @ back
    return rest @ swapped(inverse @ back) + swapped(inverse) @ x @ swapped(unseen) - back @ swapped(x)


def _solution_pushed(tangent: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    vector, inverse = b.ndim == 1, _inverted(a, rcond)
    x = _columns(out, vector)
    outside = swapped(tangent) @ (_columns(b, vector) - a @ x)
    unseen = swapped(tangent) @ (swapped(inverse) @ x)
    change = inverse @ (swapped(inverse) @ outside) + unseen - inverse @ (a @ unseen) - inverse @ (tangent @ x)
    return change[..., 0] if vector else change


def _by_right_side(adjoint: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    sent = swapped(_inverted(a, rcond)) @ _columns(adjoint, b.ndim == 1)
    return sent[..., 0] if b.ndim == 1 else sent


def _right_side_pushed(tangent: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    change = _inverted(a, rcond) @ _columns(tangent, b.ndim == 1)
    return change[..., 0] if b.ndim == 1 else change


def _least_samples(rng: np.random.Generator) -> list[Any]:
    return [
        ((rng.normal(size=left) + 2 * np.eye(*left), rng.normal(size=right)), {"rcond": rcond})
        for left, right, rcond in [
            ((4, 2), (4,), None),
            ((4, 2), (4, 3), None),
            ((2, 3), (2,), None),
            ((3, 3), (3, 1), 1e-12),
        ]
    ]


def _shown_inverse(a: Any, rcond: Any) -> Any:
    return np.linalg.pinv(a) if rcond is None else np.linalg.pinv(a, rcond)


def _solution_formula(adjoint: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    """At full rank one of the two terms about what the matrix does not reach is 0."""
    m, n = a.shape
    if np.linalg.matrix_rank(value_of(a)) < min(m, n):
        return _solution_pulled(adjoint, out, a, b, rcond)
    product = np.outer if b.ndim == 1 else lambda x, y: x @ swapped(y)
    inverse = _shown_inverse(a, rcond)
    back = swapped(inverse) @ adjoint
    if m >= n:
        return product(b - a @ out, inverse @ back) - product(back, out)
    return product(swapped(inverse) @ out, adjoint - swapped(a) @ back) - product(back, out)


_lstsq = general(
    "lstsq",
    lambda a, b, rcond: np.linalg.lstsq(a, b, rcond)[0],
    vjps=[_solution_pulled, _by_right_side],
    jvps=[_solution_pushed, _right_side_pushed],
    formulas=[_solution_formula, lambda adjoint, out, a, b, rcond: swapped(_shown_inverse(a, rcond)) @ adjoint],
    batched=True,
    sample=_least_samples,
)


# The sums of squares that are left over. The solution is where they are smallest: how it changes does not matter to
# first order.


def _left_over(a: Any, b: Any, rcond: Any) -> tuple[Any, Any]:
    x = np.linalg.lstsq(a, b, rcond)[0]
    return x, b - a @ x


def _by_left_over(adjoint: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    if not out.size:
        return np.zeros((*adjoint.shape[:-1], *a.shape), a.dtype)
    x, rest = _left_over(a, b, rcond)
    if b.ndim == 1:
        return -2 * (adjoint[..., None] * rest[:, None]) @ x[None, :]
    return -2 * (adjoint[..., None, :] * rest) @ swapped(x)


def _left_over_pushed(tangent: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    if not out.size:
        return np.zeros((*tangent.shape[:-2], 0), a.dtype)
    x, rest = _left_over(a, b, rcond)
    if b.ndim == 1:
        return -2 * np.sum((tangent @ x) * rest, axis=-1, keepdims=True)
    return -2 * np.sum((tangent @ x) * rest, axis=-2)


def _left_over_by_right_side(adjoint: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    if not out.size:
        return np.zeros((*adjoint.shape[:-1], *b.shape), b.dtype)
    _, rest = _left_over(a, b, rcond)
    return 2 * (adjoint * rest if b.ndim == 1 else adjoint[..., None, :] * rest)


def _left_over_by_right_side_pushed(tangent: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    if not out.size:
        return np.zeros((*tangent.shape[: tangent.ndim - b.ndim], 0), b.dtype)
    _, rest = _left_over(a, b, rcond)
    return 2 * np.sum(tangent * rest, axis=-1, keepdims=True) if b.ndim == 1 else 2 * np.sum(tangent * rest, axis=-2)


_residuals = general(
    "lstsq_residuals",
    lambda a, b, rcond: np.linalg.lstsq(a, b, rcond)[1],
    vjps=[_by_left_over, _left_over_by_right_side],
    jvps=[_left_over_pushed, _left_over_by_right_side_pushed],
    batched=True,
    sample=_least_samples,
)


# The singular values and the rank are those of ``a`` alone, whatever is on the right side.


def _alone(a: Any, rcond: Any, part: int) -> Any:
    return np.linalg.lstsq(a, np.zeros(len(a), a.dtype), rcond)[part]


def _alone_samples(rng: np.random.Generator) -> list[Any]:
    return [((a,), params) for (a, _), params in _least_samples(rng)]


_singular = general(
    "lstsq_singular_values",
    lambda a, rcond: _alone(a, rcond, 3),
    vjps=[lambda adjoint, out, a, rcond: singular_slope(a, lambda s: adjoint)],
    jvps=[singular_value_pushed],
    formulas=[singular_slope_formula],
    batched=True,
    sample=_alone_samples,
)
_counted = plain("lstsq_rank", lambda a, rcond: _alone(a, rcond, 2), sample=_alone_samples)


@handles(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    a, b, params = operand(a), operand(b), {"rcond": None if rcond is None else float(rcond)}
    x, residuals, _, _ = np.linalg.lstsq(value_of(a), value_of(b), **params)
    x, residuals = apply(_lstsq, (a, b), params, known=x), apply(_residuals, (a, b), params, known=residuals)
    rank, s = (invoke(one, (a,), params) for one in (_counted, _singular))
    return x, residuals, rank, s


# -- rank ---------------------------------------------------------------------------------------

_matrix_rank = plain(
    "matrix_rank",
    np.linalg.matrix_rank,
    sample=lambda rng: [((rng.normal(size=shape),), {}) for shape in [(3, 3), (2, 3, 2), (3,)]],
)


@handles(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: Any = False, *, rtol: Any = None) -> Any:
    options = {"tol": tol, "rtol": rtol}
    params = {name: np.asarray(x).tolist() for name, x in options.items() if x is not None}
    return apply(_matrix_rank, (operand(A),), params | ({"hermitian": True} if hermitian else {}))
