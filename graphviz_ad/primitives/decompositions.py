"""Eigenvalues and eigenvectors of symmetric matrices, singular values and singular vectors.

Each output of a decomposition is a node of its own. Rules ask NumPy for the factors that they need, so on traced values
they make nodes, and a second derivative goes through those. Where two eigenvalues (or singular values) meet, their
vectors may turn into each other at will: there the rule of the vectors is an error, that of the values is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import general, handles
from graphviz_ad.core.traced import apply, operand, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.primitives.products import swapped


def separate(values: Any) -> float:
    """How far apart, relative to the largest, values of this dtype must lie for their vectors to have a derivative."""
    return max(1e-8, 8 * float(np.finfo(values.dtype).eps))


def _refuse_close(values: Any, label: str, what: str, zero: bool = False) -> None:
    """Refuse the derivative of vectors whose eigenvalues (or singular values) are in one place.

    ``zero``: there are further vectors, which belong to the value 0.
    """
    values = np.abs(value_of(values)) if zero else value_of(values)
    if zero:
        values = np.concatenate([values, np.zeros_like(values[..., :1])], axis=-1)
    gaps = np.abs(np.diff(values, axis=-1))
    limit = separate(values) * np.max(np.abs(values), axis=-1, keepdims=True, initial=0)
    if np.any(gaps <= limit):
        where = "0, or closer to each other" if zero else "closer to each other"
        raise UnsupportedError(
            f"{label}: some {what}s are {where} than {separate(values):.0e} of the largest{here()}. Their vectors "
            f"can turn into each other there and have no derivative, and the {what}s no second one. The {what}s alone "
            "have a first derivative; for others move the matrix a little, or write the function without the vectors, "
            "e.g. with np.linalg.matrix_power, solve, inv or pinv."
        )


def _eye(size: int, like: Any) -> Any:
    return np.eye(size, dtype=like.dtype)


def _inverse_gaps(values: Any) -> Any:
    """1 ÷ (value j − value i) in row i and column j; 0 on the diagonal."""
    eye = _eye(values.shape[-1], values)
    return (1 - eye) / (values[..., None, :] - values[..., :, None] + eye)


# -- symmetric matrices -------------------------------------------------------------------------
# NumPy reads one triangle and takes the other for granted. So does the derivative: it is that of the function which
# NumPy computes, of any matrix. A gradient has all its numbers in the triangle that is read (an entry off the diagonal
# stands for two), and a tangent counts by that triangle. Of a symmetric expression such as X @ X.T the gradient by X is
# the same in every convention.


def mirrored(x: Any, UPLO: str = "L") -> Any:
    """The symmetric matrix that one triangle stands for."""
    if UPLO == "L":
        return np.tril(x) + swapped(np.tril(x, -1))
    return np.triu(x) + swapped(np.triu(x, 1))


def folded(x: Any, UPLO: str = "L") -> Any:
    """The transpose of `mirrored`: what a matrix says about the triangle that is read."""
    return np.tril(x) + np.tril(swapped(x), -1) if UPLO == "L" else np.triu(x) + np.triu(swapped(x), 1)


def _by_value(adjoint: Any, out: Any, a: Any, UPLO: Any) -> Any:
    vectors = np.linalg.eigh(a, UPLO)[1]
    return folded((vectors * adjoint[..., None, :]) @ swapped(vectors), UPLO)


def _value_pushed(tangent: Any, out: Any, a: Any, UPLO: Any) -> Any:
    vectors = np.linalg.eigh(a, UPLO)[1]
    return np.sum(vectors * (mirrored(tangent, UPLO) @ vectors), axis=-2)


def _turning(a: Any, UPLO: Any) -> Any:
    values = np.linalg.eigh(a, UPLO)[0]
    _refuse_close(values, "np.linalg.eigh", "eigenvalue")
    return _inverse_gaps(values)


def _by_vectors(adjoint: Any, out: Any, a: Any, UPLO: str) -> Any:
    inner = swapped(out) @ adjoint
    both = out @ (_turning(a, UPLO) * (inner - swapped(inner))) @ swapped(out)  # with its transpose already
    halved = 1 - _eye(a.shape[-1], a) / 2
    return (np.tril(both) if UPLO == "L" else np.triu(both)) * halved


def _vectors_pushed(tangent: Any, out: Any, a: Any, UPLO: str) -> Any:
    return out @ (_turning(a, UPLO) * (swapped(out) @ mirrored(tangent, UPLO) @ out))


def _symmetric_samples(rng: np.random.Generator) -> list[Any]:
    return [
        ((rng.normal(size=shape) + np.diag(3.0 * np.arange(shape[-1])),), {"UPLO": UPLO})
        for shape, UPLO in [((3, 3), "L"), ((2, 2), "U"), ((2, 3, 3), "U"), ((1, 1), "L"), ((0, 0), "L")]
    ]


_eigvalsh = general(
    "eigvalsh",
    lambda a, UPLO: np.linalg.eigvalsh(a, UPLO),
    vjps=[_by_value],
    jvps=[_value_pushed],
    batched=True,
    sample=_symmetric_samples,
)
# the same numbers up to rounding: LAPACK takes another way where vectors are asked for too
_eigenvalues = general(
    "eigenvalues",
    lambda a, UPLO: np.linalg.eigh(a, UPLO)[0],
    vjps=[_by_value],
    jvps=[_value_pushed],
    batched=True,
    sample=_symmetric_samples,
)
_eigenvectors = general(
    "eigenvectors",
    lambda a, UPLO: np.linalg.eigh(a, UPLO)[1],
    vjps=[_by_vectors],
    jvps=[_vectors_pushed],
    batched=True,
    sample=_symmetric_samples,
)
_EighResult: Any = type(np.linalg.eigh(np.ones((1, 1))))


def _triangle(UPLO: Any) -> dict[str, Any]:
    UPLO = UPLO.upper()
    if UPLO not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")  # NumPy's own words
    return {"UPLO": UPLO}


@handles(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: Any = "L") -> Any:
    return apply(_eigvalsh, (operand(a),), _triangle(UPLO))


@handles(np.linalg.eigh)
def eigh(a: Any, UPLO: Any = "L") -> Any:
    a, params = operand(a), _triangle(UPLO)
    found = np.linalg.eigh(value_of(a), **params)
    nodes = zip((_eigenvalues, _eigenvectors), found, strict=True)
    return _EighResult(*(apply(one, (a,), params, known=value) for one, value in nodes))


# -- singular values ----------------------------------------------------------------------------
# A = U diag(s) Vᵀ. With E = Uᵀ dA V the vectors turn by U (F ∘ (E s + s Eᵀ)), F_ij = 1 ÷ (s_j² − s_i²); the part of a
# change that leaves the space of the columns of U adds to them, divided by s. The rules are those of U; V is Aᵀ's.


def nonzero(s: Any, shape: tuple[int, ...]) -> Any:
    """Which singular values are not 0, as np.linalg.matrix_rank counts them."""
    limit = max(*shape[-2:], 1) * float(np.finfo(s.dtype).eps)
    return s > limit * s[..., :1]


def singular_slope(a: Any, weights: Any) -> Any:
    """Σ weight_i u_i v_iᵀ, the derivative of Σ weight_i s_i; ``weights`` is made from the singular values.

    Like |x|, a singular value has derivative 0 where it is 0.
    """
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    kept = np.where(nonzero(s, a.shape), weights(s), 0.0)
    return (u * kept[..., None, :]) @ vh


def _by_singular_value(adjoint: Any, out: Any, a: Any, **params: Any) -> Any:
    return singular_slope(a, lambda s: adjoint)


def singular_slope_formula(adjoint: Any, out: Any, a: Any, **params: Any) -> Any:
    """As it is where no singular value is 0."""
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return (u * adjoint[..., None, :]) @ vh


def singular_value_pushed(tangent: Any, out: Any, a: Any, **params: Any) -> Any:
    """How the singular values change with A."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    change = np.sum((swapped(u) @ tangent) * vh, axis=-1)
    return np.where(nonzero(s, a.shape), change, 0.0)


def _squared_gaps(s: Any, zero: bool) -> Any:
    """1 ÷ (s_j² − s_i²), by differences of s: those of squares lose digits."""
    _refuse_close(s, "np.linalg.svd", "singular value", zero)
    return _inverse_gaps(s) / (s[..., None, :] + s[..., :, None] + _eye(s.shape[-1], s))


def _head(x: Any, k: int) -> Any:
    """The first columns."""
    return x if x.shape[-1] == k else x[..., :k]


def _left_pulled(adjoint: Any, u: Any, s: Any, vh: Any) -> Any:
    """What an adjoint of U says about A."""
    k, (m, columns) = s.shape[-1], u.shape[-2:]
    first, mine = _head(u, k), _head(adjoint, k)
    inner = swapped(first) @ mine
    sent = first @ (_squared_gaps(s, m > k) * (inner - swapped(inner)) * s[..., None, :])
    if m > k:
        outer = mine - first @ inner
        if columns > k:
            rest = u[..., k:]
            refuse_turned(rest, adjoint[..., k:])
            outer = outer - rest @ (swapped(adjoint[..., k:]) @ first)
        sent = sent + outer / s[..., None, :]
    return sent @ (vh if vh.shape[-2] == k else vh[..., :k, :])


def _left_pushed(tangent: Any, u: Any, s: Any, v: Any) -> Any:
    """How U changes with A; V as columns."""
    k, (m, columns) = s.shape[-1], u.shape[-2:]
    first = _head(u, k)
    moved = tangent @ _head(v, k)
    inner = (swapped(first) @ moved) * s[..., None, :]
    change = first @ (_squared_gaps(s, m > k) * (inner + swapped(inner)))
    if m > k:
        moved = moved / s[..., None, :]
        change = change + moved - first @ (swapped(first) @ moved)
        if columns > k:
            change = np.concatenate([change, -(first @ (swapped(moved) @ u[..., k:]))], axis=-1)
    return change


def refuse_turned(rest: Any, adjoint: Any) -> None:
    """Refuse an adjoint that depends on how the further columns of a full orthogonal factor were chosen.

    They are any orthonormal basis of what the other columns leave over. What is the same for every such basis has a
    symmetric ``rest``ᵀ ``adjoint``.
    """
    if rest.shape[-1] < 2:
        return  # one column has only its sign
    adjoint = value_of(adjoint)
    inner = swapped(value_of(rest)) @ adjoint
    limit = float(np.sqrt(np.finfo(inner.dtype).eps)) * np.max(np.abs(adjoint), initial=0)
    if np.any(np.abs(inner - swapped(inner)) > limit):
        raise UnsupportedError(
            f"the further columns of a full orthogonal factor are an arbitrary basis{here()}: what depends on the "
            "choice has no derivative. Write np.linalg.svd(a, full_matrices=False) or np.linalg.qr(a), or use these "
            "columns only in what is the same for every basis, such as Q2 @ Q2.T."
        )


def _by_left(adjoint: Any, out: Any, a: Any, full_matrices: bool) -> Any:
    _, s, vh = np.linalg.svd(a, full_matrices)
    return _left_pulled(adjoint, out, s, vh)


def _left_vectors_pushed(tangent: Any, out: Any, a: Any, full_matrices: bool) -> Any:
    _, s, vh = np.linalg.svd(a, full_matrices)
    return _left_pushed(tangent, out, s, swapped(vh))


def _by_right(adjoint: Any, out: Any, a: Any, full_matrices: bool) -> Any:
    u, s, _ = np.linalg.svd(a, full_matrices)
    return swapped(_left_pulled(swapped(adjoint), swapped(out), s, swapped(u)))


def _right_vectors_pushed(tangent: Any, out: Any, a: Any, full_matrices: bool) -> Any:
    u, s, _ = np.linalg.svd(a, full_matrices)
    return swapped(_left_pushed(swapped(tangent), swapped(out), s, u))


def stretched(rng: np.random.Generator, *shape: int) -> Any:
    """A sample of matrices whose singular values lie well apart."""
    return rng.normal(size=shape) + 3.0 * np.eye(shape[-2], shape[-1]) * (1 + np.arange(shape[-1]))


def _singular_samples(rng: np.random.Generator) -> list[Any]:
    # of full factors with two further columns or more no difference quotient means anything
    return [
        ((stretched(rng, *shape),), {"full_matrices": full})
        for shape, full in [
            ((3, 3), True),
            ((4, 2), False),
            ((2, 3), False),
            ((3, 2), True),
            ((2, 3), True),
            ((2, 3, 2), False),
            ((0, 0), True),
        ]
    ]


_svdvals = general(
    "svdvals",
    lambda a, compute_uv: np.linalg.svd(a, compute_uv=compute_uv),
    vjps=[_by_singular_value],
    jvps=[singular_value_pushed],
    formulas=[singular_slope_formula],
    batched=True,
    sample=lambda rng: [
        ((stretched(rng, *shape),), {"compute_uv": False}) for shape in [(3, 3), (4, 2), (2, 3), (2, 3, 2), (0, 2)]
    ],
)
_singular_values = general(
    "singular_values",
    lambda a, full_matrices: np.linalg.svd(a, full_matrices=full_matrices)[1],
    vjps=[_by_singular_value],
    jvps=[singular_value_pushed],
    formulas=[singular_slope_formula],
    batched=True,
    sample=_singular_samples,
)
_left_vectors = general(
    "left_singular_vectors",
    lambda a, full_matrices: np.linalg.svd(a, full_matrices=full_matrices)[0],
    vjps=[_by_left],
    jvps=[_left_vectors_pushed],
    batched=True,
    sample=_singular_samples,
)
_right_vectors = general(
    "right_singular_vectors",
    lambda a, full_matrices: np.linalg.svd(a, full_matrices=full_matrices)[2],
    vjps=[_by_right],
    jvps=[_right_vectors_pushed],
    batched=True,
    sample=_singular_samples,
)
_SVDResult: Any = type(np.linalg.svd(np.ones((1, 1))))


@handles(np.linalg.svd)
def svd(a: Any, full_matrices: Any = True, compute_uv: Any = True, hermitian: Any = False) -> Any:
    a = operand(a)
    if hermitian:
        return _svd_by_eigh(a, compute_uv)
    if not compute_uv:
        return apply(_svdvals, (a,), {"compute_uv": False})
    params = {"full_matrices": bool(full_matrices)}
    found = np.linalg.svd(value_of(a), bool(full_matrices))
    nodes = zip((_left_vectors, _singular_values, _right_vectors), found, strict=True)
    return _SVDResult(*(apply(one, (a,), params, known=value) for one, value in nodes))


def _svd_by_eigh(a: Any, compute_uv: bool) -> Any:
    """NumPy's own steps: the singular values of a symmetric matrix are the absolute eigenvalues."""
    if not compute_uv:
        return np.sort(np.abs(np.linalg.eigvalsh(a)))[..., ::-1]
    values, vectors = np.linalg.eigh(a)
    order = np.argsort(np.abs(values))[..., ::-1]
    sign = np.take_along_axis(np.where(np.signbit(values), -1.0, 1.0).astype(a.dtype), order, axis=-1)
    s = np.take_along_axis(np.abs(values), order, axis=-1)
    u = np.take_along_axis(vectors, order[..., None, :], axis=-1)
    return _SVDResult(u, s, swapped(u * sign[..., None, :]))


if hasattr(np.linalg, "svdvals"):

    @handles(np.linalg.svdvals)
    def svdvals(x: Any, /) -> Any:
        return apply(_svdvals, (operand(x),), {"compute_uv": False})
