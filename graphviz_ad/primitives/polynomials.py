"""Polynomials by their coefficients, highest power first: values, sums, products, derivatives, integrals, vander."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import general, handles
from graphviz_ad.core.traced import Traced, apply, dtype_of, operand, shape_of, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.primitives.indexing import leading

# -- values -------------------------------------------------------------------------------------


def _derived(p: Any) -> Any:
    """The coefficients of the derivative."""
    length = shape_of(p)[0]
    return p[:-1] * np.arange(length - 1, 0, -1).astype(value_of(p).dtype) if length > 1 else p[:0]


def _powers(x: Any, length: int) -> Any:
    """Every power of x, the highest first, on an axis behind those of ``x``."""
    column = np.reshape(x, (*shape_of(x), 1))
    # whole exponents as floats of x's dtype: an array of ints would turn float32 into float64
    return np.power(column, np.arange(length - 1, -1, -1).astype(dtype_of(value_of(x))))


def _by_place(direction: Any, out: Any, p: Any, x: Any) -> Any:
    return direction * np.polyval(_derived(p), x)


def _by_coefficients(adjoint: Any, out: Any, p: Any, x: Any) -> Any:
    front, ndim = leading(adjoint, len(shape_of(x))), len(shape_of(x))
    powers = _powers(x, shape_of(p)[0])
    summed = tuple(range(len(front), len(front) + ndim))
    return np.sum(adjoint[..., None] * powers, axis=summed) if ndim or front else adjoint * powers


def _push_coefficients(tangent: Any, out: Any, p: Any, x: Any) -> Any:
    powers = _powers(x, shape_of(p)[0])
    if not leading(tangent, 1):
        return powers @ tangent
    # the leading axis in front: coefficients are summed
    many = np.reshape(tangent, (shape_of(tangent)[0], *(1,) * len(shape_of(x)), shape_of(p)[0]))
    return np.sum(many * powers, axis=-1)


_polyval = general(
    "polyval",
    np.polyval,
    vjps=[_by_coefficients, _by_place],
    jvps=[_push_coefficients, _by_place],
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=4), rng.normal()), {}),
        ((rng.normal(size=3), rng.normal(size=(2, 3))), {}),
        ((rng.normal(size=1), rng.normal(size=2)), {}),
        ((rng.normal(size=2), rng.normal(size=3)), {}),
    ],
)


@handles(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    p = p if type(p) is Traced else np.asarray(operand(p) if not isinstance(p, np.poly1d) else p.coeffs)
    if isinstance(x, np.poly1d):
        raise UnsupportedError(f"np.polyval of a np.poly1d{here()}: its coefficients are plain. Write np.polymul.")
    if len(shape_of(p)) != 1:
        raise UnsupportedError(f"np.polyval takes coefficients of one axis{here()}, not of shape {shape_of(p)}.")
    return apply(_polyval, (p, operand(x)), {})


# -- coefficients -------------------------------------------------------------------------------


def _sum(function: Any, add: Any) -> None:
    def handler(a1: Any, a2: Any) -> Any:
        left, right = np.atleast_1d(operand(a1)), np.atleast_1d(operand(a2))
        missing = len(right) - len(left)
        if missing > 0:
            left = np.concatenate((np.zeros(missing, left.dtype), left))
        elif missing < 0:
            right = np.concatenate((np.zeros(-missing, right.dtype), right))
        return add(left, right)

    handles(function)(handler)


_sum(np.polyadd, operator.add)
_sum(np.polysub, operator.sub)


def _coefficients(p: Any) -> Any:
    """Coefficients as NumPy multiplies them: without leading zeros."""
    p = np.atleast_1d(operand(p))
    plain = np.atleast_1d(value_of(p))
    if len(shape_of(p)) != 1:
        raise ValueError("Polynomial must be 1d only.")
    if type(p) is not Traced:
        return np.poly1d(p).coeffs
    if len(plain) > 1 and bool(p[0] == 0):  # a guard
        raise UnsupportedError(
            f"np.polymul drops the leading zeros of its coefficients{here()}, and with them their derivative; "
            "write np.convolve(a, b), which keeps them."
        )
    return p


@handles(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(_coefficients(a1), _coefficients(a2))


@handles(np.polyder)
def polyder(p: Any, m: Any = 1) -> Any:
    m, p = operator.index(m), operand(p)
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    for _ in range(m):
        p = p[:-1] * np.arange(max(len(p) - 1, 0), 0, -1)
    return p


@handles(np.polyint)
def polyint(p: Any, m: Any = 1, k: Any = None) -> Any:
    m, p = operator.index(m), operand(p)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    k = np.atleast_1d(np.zeros(m) if k is None else operand(k))
    if len(k) == 1 and m > 1:
        k = k[0] * np.ones(m)
    if len(k) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for number in range(m):
        p = np.concatenate((p / np.arange(len(p), 0, -1), k[number : number + 1]))
    return p


@handles(np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    x = operand(x)
    if len(shape_of(x)) != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    length = len(x)
    columns = length if N is None else operator.index(N)
    dtype = np.promote_types(x.dtype, int)
    x = x if x.dtype == dtype else x.astype(dtype)
    if columns < 2:
        return np.ones((length, columns), dtype)
    repeated = np.broadcast_to(x[:, None], (length, columns - 1))
    powers = np.concatenate((np.ones((length, 1), dtype), np.cumprod(repeated, axis=1)), axis=1)
    return powers if increasing else np.flip(powers, 1)
