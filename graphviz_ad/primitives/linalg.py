"""Linear algebra: inverses, solutions, determinants, Cholesky factors, products and powers of matrices."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import Primitive, general, handles, plain
from graphviz_ad.core.traced import NO_PARAMS, Traced, apply, invoke, operand, shape_of, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError, UnsupportedError
from graphviz_ad.primitives.products import aligned, swapped


def _regular(rng: np.random.Generator, *shape: int) -> Any:
    """A sample of well-conditioned matrices."""
    return rng.normal(size=shape) + 3.0 * np.eye(shape[-1])


def _matrices(rng: np.random.Generator) -> list[Any]:
    return [((_regular(rng, *shape),), {}) for shape in [(1, 1), (2, 2), (3, 3), (2, 3, 3), (0, 0)]]


# -- inverse and solution -----------------------------------------------------------------------

_inv = general(
    "inv",
    np.linalg.inv,
    vjps=[lambda adjoint, out, a: -(swapped(out) @ adjoint @ swapped(out))],
    jvps=[lambda tangent, out, a: -(out @ tangent @ out)],
    batched=True,
    sample=_matrices,
)


@handles(np.linalg.inv)
def inv(a: Any) -> Any:
    return apply(_inv, (operand(a),), NO_PARAMS)


def _solved(a: Any, right: Any, vector: bool) -> Any:
    """The solution for right sides that are vectors (one per leading axis) or matrices."""
    return np.linalg.solve(a, right[..., None])[..., 0] if vector else np.linalg.solve(a, right)


# NumPy's rule since 2.0: b is a vector if it has one axis, else matrices
def _solve_by_matrix(adjoint: Any, out: Any, a: Any, b: Any) -> Any:
    back = _solved(swapped(a), adjoint, b.ndim == 1)
    if b.ndim == 1:
        return -back[..., :, None] * out[..., None, :]
    return -(back @ swapped(out))


def _solve_by_matrix_pushed(tangent: Any, out: Any, a: Any, b: Any) -> Any:
    tangent = aligned(tangent, a, max(a.ndim, b.ndim))
    change = (tangent @ out[..., None])[..., 0] if b.ndim == 1 else tangent @ out
    return -_solved(a, change, b.ndim == 1)


_solve = general(
    "solve",
    np.linalg.solve,
    vjps=[
        _solve_by_matrix,
        lambda adjoint, out, a, b: _solved(swapped(a), adjoint, b.ndim == 1),
    ],
    jvps=[
        _solve_by_matrix_pushed,
        lambda tangent, out, a, b: _solved(a, aligned(tangent, b, out.ndim), b.ndim == 1),
    ],
    formulas=[
        lambda adjoint, out, a, b: (
            -np.outer(np.linalg.solve(a.T, adjoint), out) if out.ndim == 1 else _solve_by_matrix(adjoint, out, a, b)
        ),
        lambda adjoint, out, a, b: (
            np.linalg.solve(a.T, adjoint) if out.ndim == 1 else _solved(swapped(a), adjoint, b.ndim == 1)
        ),
    ],
    batched=True,
    sample=lambda rng: [
        ((_regular(rng, *left), rng.normal(size=right)), {})
        for left, right in [
            ((3, 3), (3,)),
            ((3, 3), (3, 2)),
            ((2, 3, 3), (3,)),
            ((2, 3, 3), (3, 2)),
            ((3, 3), (2, 3, 1)),
            ((2, 1, 3, 3), (4, 3, 2)),
            ((0, 0), (0,)),
        ]
    ],
)


@handles(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    return apply(_solve, (operand(a), operand(b)), NO_PARAMS)


# -- determinant --------------------------------------------------------------------------------
# ∂det/∂A is the cofactor matrix. det · inv(A)ᵀ would be nan where A is singular; from the singular values it is right
# at every rank: A = U diag(s) V gives cof A = det U det V · U diag(c) V with c_i the product of the other s_k.


def _others(factors: Any) -> Any:
    """For every element of the last axis the product of all others; by logarithms, so that no part overflows."""
    with np.errstate(divide="ignore", over="ignore"):
        logs = np.log(factors.astype(np.float64))
        zero = np.zeros_like(logs[..., :1])
        before = np.cumsum(np.concatenate([zero, logs[..., :-1]], axis=-1), axis=-1)
        after = np.cumsum(np.concatenate([zero, logs[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
        return np.exp(before + after).astype(factors.dtype)


def _decomposed(a: Any) -> tuple[Any, Any, Any, Any]:
    """The singular value decomposition and det U det V, ±1; nan where ``a`` holds nan or inf."""
    finite = np.isfinite(a).all(axis=(-2, -1))
    u, s, v = np.linalg.svd(np.where(finite[..., None, None], a, 0.0))
    sign = np.where(finite, np.sign(np.linalg.det(u) * np.linalg.det(v)), np.nan).astype(a.dtype)
    return u, s, v, sign[..., None, None]


def _cofactors(a: Any) -> Any:
    u, s, v, sign = _decomposed(a)
    return sign * ((u * _others(s)[..., None, :]) @ v)


def _cofactor_changes(direction: Any, a: Any) -> Any:
    """How the cofactors of ``a`` change along ``direction``, at every rank.

    With E = Uᵀ direction Vᵀ and p_ij the product of all s_k but s_i and s_j, the second derivative of the
    determinant along E and F is the sum over i ≠ j of p_ij (E_ii F_jj − E_ij F_ji).
    """
    u, s, v, sign = _decomposed(a)
    eye = np.eye(a.shape[-1], dtype=a.dtype)
    pairs = _others(np.where(eye == 1, eye, s[..., None, :])) * (1 - eye)
    inner = swapped(u) @ direction @ swapped(v)
    diagonal = pairs @ np.diagonal(inner, axis1=-2, axis2=-1)[..., None]
    return sign * (u @ (eye * diagonal - pairs * swapped(inner)) @ v)


def _third_change(direction: Any, other: Any, a: Any) -> Any:
    """The third derivative of the determinant along two directions, by the inverse: for regular matrices."""
    values = np.linalg.svd(value_of(a), compute_uv=False)
    size = a.shape[-1]
    if size and np.any(values[..., -1] <= size * np.finfo(values.dtype).eps * values[..., 0]):
        raise UnsupportedError(
            f"the third derivative of np.linalg.det has no rule at a singular matrix{here()}; the first and the "
            "second have. Move the matrix a little, e.g. a + 1e-6 * np.eye(len(a))."
        )
    inverse = np.linalg.inv(a)
    first, second = inverse @ direction, inverse @ other

    def trace(x: Any) -> Any:
        return np.sum(x * np.eye(size, dtype=a.dtype), axis=(-2, -1), keepdims=True)

    both = first @ second
    form = trace(first) * trace(second) - trace(both)
    eye = np.eye(size, dtype=a.dtype)
    terms = form * eye - trace(second) * first - trace(first) * second + both + second @ first
    return np.linalg.det(a)[..., None, None] * swapped(terms @ inverse)


_cofactor_change: Primitive = general(
    "cofactor_change",
    _cofactor_changes,
    # symmetric: its own transpose, and the third derivative sees both directions alike
    vjps=[
        lambda adjoint, out, direction, a: invoke(_cofactor_change, (adjoint, a), NO_PARAMS),
        lambda adjoint, out, direction, a: _third_change(direction, adjoint, a),
    ],
    jvps=[
        lambda tangent, out, direction, a: invoke(_cofactor_change, (tangent, a), NO_PARAMS),
        lambda tangent, out, direction, a: _third_change(direction, tangent, a),
    ],
    symbol="cof′",
    sample=lambda rng: [((rng.normal(size=shape), _regular(rng, *shape)), {}) for shape in [(2, 2), (3, 3), (2, 3, 3)]],
)

_cofactor = general(
    "cofactor",
    _cofactors,
    vjps=[lambda adjoint, out, a: invoke(_cofactor_change, (adjoint, a), NO_PARAMS)],
    jvps=[lambda tangent, out, a: invoke(_cofactor_change, (tangent, a), NO_PARAMS)],
    symbol="cof",
    batched=True,
    sample=_matrices,
)

_det = general(
    "det",
    np.linalg.det,
    vjps=[lambda adjoint, out, a: _spread(adjoint) * invoke(_cofactor, (a,), NO_PARAMS)],
    jvps=[lambda tangent, out, a: np.sum(tangent * invoke(_cofactor, (a,), NO_PARAMS), axis=(-2, -1))],
    batched=True,
    sample=lambda rng: [*_matrices(rng), ((np.outer(rng.normal(size=2), rng.normal(size=2)),), {})],
)


def _spread(x: Any) -> Any:
    """One number per matrix, made to multiply whole matrices."""
    return x[..., None, None] if shape_of(x) else x


@handles(np.linalg.det)
def det(a: Any) -> Any:
    return apply(_det, (operand(a),), NO_PARAMS)


def _log_slope(out: Any, a: Any) -> Any:
    """∂log|det|/∂A, the transposed inverse."""
    if np.any(np.isneginf(value_of(out))):
        raise ArgumentError(
            f"np.linalg.slogdet: the matrix is singular, log|det| is −inf there and has no derivative{here()}. Use "
            "np.linalg.det, which has one, or move the matrix a little, e.g. a + 1e-6 * np.eye(len(a))."
        )
    return swapped(np.linalg.inv(a))


_logabsdet = general(
    "logabsdet",
    lambda a: np.linalg.slogdet(a).logabsdet,
    vjps=[lambda adjoint, out, a: _spread(adjoint) * _log_slope(out, a)],
    jvps=[lambda tangent, out, a: np.sum(tangent * _log_slope(out, a), axis=(-2, -1))],
    symbol="log|det|",
    batched=True,
    sample=_matrices,
)
_det_sign = plain("det_sign", lambda a: np.linalg.slogdet(a).sign, symbol="sign det", sample=_matrices)
_SlogdetResult: Any = type(np.linalg.slogdet(np.ones((1, 1))))


@handles(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    a = operand(a)
    return _SlogdetResult(apply(_det_sign, (a,), NO_PARAMS), apply(_logabsdet, (a,), NO_PARAMS))


# -- Cholesky factor ----------------------------------------------------------------------------
# NumPy reads one triangle and takes the other for granted. The derivative treats the matrix as what it stands for: a
# symmetric one. So the gradient is symmetric (as in JAX and PyTorch), and a tangent counts by its symmetric part.


def _symmetric(x: Any) -> Any:
    return 0.5 * (x + swapped(x))


def _half_lower(x: Any) -> Any:
    """The lower triangle with half the diagonal: what a symmetric change puts into a lower factor."""
    size = x.shape[-1]
    weights = np.tril(np.ones((size, size))) - 0.5 * np.eye(size)
    return x * weights.astype(x.dtype)


def _cholesky_pulled(adjoint: Any, out: Any, a: Any, upper: bool) -> Any:
    factor, adjoint = (swapped(out), swapped(adjoint)) if upper else (out, adjoint)
    back = swapped(factor)
    inner = np.linalg.solve(back, _half_lower(back @ adjoint))
    return _symmetric(swapped(np.linalg.solve(back, swapped(inner))))


def _cholesky_pushed(tangent: Any, out: Any, a: Any, upper: bool) -> Any:
    factor = swapped(out) if upper else out
    inner = np.linalg.solve(factor, _symmetric(tangent))
    change = factor @ _half_lower(swapped(np.linalg.solve(factor, swapped(inner))))
    return swapped(change) if upper else change


_cholesky = general(
    "cholesky",
    lambda a, upper: np.linalg.cholesky(a, upper=upper),
    vjps=[_cholesky_pulled],
    jvps=[_cholesky_pushed],
    batched=True,
    # one row only: in larger matrices a difference quotient along a direction that is not symmetric means nothing
    sample=lambda rng: [
        ((rng.uniform(1, 2, shape),), {"upper": upper})
        for shape, upper in [((1, 1), False), ((3, 1, 1), True), ((0, 0), False)]
    ],
)


@handles(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    return apply(_cholesky, (operand(a),), {"upper": bool(upper)})


# -- tensors as matrices ------------------------------------------------------------------------


@handles(np.linalg.tensorinv)
def tensorinv(a: Any, ind: Any = 2) -> Any:
    shape = a.shape
    if ind <= 0:
        raise ValueError("Invalid ind argument.")  # NumPy's own words
    inverse = np.linalg.inv(np.reshape(a, (math.prod(shape[ind:]), -1)))
    return np.reshape(inverse, shape[ind:] + shape[:ind])


@handles(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = (x if type(x) is Traced else np.asarray(x) for x in (operand(a), operand(b)))
    if axes is not None:
        order = list(range(a.ndim))
        for axis in axes:
            order.remove(axis)
            order.insert(a.ndim, axis)
        a = np.transpose(a, order)
    shape = a.shape[-(a.ndim - b.ndim) :]
    size = math.prod(shape)
    if a.size != size**2:
        np.linalg.tensorsolve(value_of(a), value_of(b))  # NumPy's own error
    return np.reshape(np.linalg.solve(np.reshape(a, (size, size)), np.ravel(b)), shape)


# -- products -----------------------------------------------------------------------------------


def _cheapest(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each product of matrices i … j so that the fewest numbers are multiplied, as NumPy does."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    split: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length

            def price(k: int, i: int = i, j: int = j) -> int:
                return cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]

            # of equals the first, as NumPy does for more than three matrices; of three it takes A (B C), the first too
            split[i, j] = min(range(i, j), key=price)
            cost[i, j] = price(split[i, j])
    return split


@handles(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """Drawn as the products that NumPy takes, in the order that costs least."""
    matrices = [operand(a) for a in arrays]
    if len(matrices) < 3 or not all(len(shape_of(a)) == 2 for a in matrices[1:-1]):
        if len(matrices) == 2:
            return np.dot(*matrices)
        np.linalg.multi_dot([value_of(a) for a in matrices])  # NumPy's own error
    first, last = matrices[0], matrices[-1]
    if len(shape_of(first)) == 1:
        matrices[0] = first[None, :]
    if len(shape_of(last)) == 1:
        matrices[-1] = last[:, None]
    if len(shape_of(matrices[0])) != 2 or len(shape_of(matrices[-1])) != 2:
        np.linalg.multi_dot([value_of(a) for a in arrays])
    split = _cheapest([a.shape[0] for a in matrices] + [matrices[-1].shape[1]])

    def product(i: int, j: int) -> Any:
        return matrices[i] if i == j else np.dot(product(i, split[i, j]), product(split[i, j] + 1, j))

    out = product(0, len(matrices) - 1)
    if first.ndim == last.ndim == 1:
        return out[0, 0]
    return np.ravel(out) if 1 in (first.ndim, last.ndim) else out


@handles(np.linalg.trace)
def linalg_trace(x: Any, /, *, offset: Any = 0, dtype: Any = None) -> Any:
    return np.trace(x, offset, -2, -1, dtype)


@handles(np.linalg.diagonal)
def linalg_diagonal(x: Any, /, *, offset: Any = 0) -> Any:
    return np.diagonal(x, offset, -2, -1)


@handles(np.linalg.cross)
def linalg_cross(x1: Any, x2: Any, /, *, axis: Any = -1) -> Any:
    a, b = operand(x1), operand(x2)
    if 3 not in (a.shape[axis], b.shape[axis]) or a.shape[axis] != b.shape[axis]:
        np.linalg.cross(value_of(a), value_of(b), axis=axis)  # NumPy's own error
    return np.cross(a, b, axis=axis)


# -- powers -------------------------------------------------------------------------------------


@handles(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Any:
    """Drawn as the products that NumPy takes: squares, and those of them that make up n."""
    n = operator.index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        np.linalg.matrix_power(value_of(a), n)  # NumPy's own error
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape).copy()
    if n == 3:
        return (a @ a) @ a
    square, power = a, None
    while n:
        n, bit = divmod(n, 2)
        if bit:
            power = square if power is None else power @ square
        if n:
            square = square @ square
    return power
