"""QR factors of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import general, handles
from graphviz_ad.core.traced import apply, operand, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError, UnsupportedError
from graphviz_ad.primitives.decompositions import refuse_turned, stretched
from graphviz_ad.primitives.products import swapped

# A = Q R. With M = Qᵀ dA R⁻¹ the columns of Q turn by L − Lᵀ, L the part of M below the diagonal. Where A is wider than
# high, Q comes from its first columns alone, and R⁻¹ is that of its square part.


def _over(x: Any, r: Any) -> Any:
    """X R⁻¹."""
    return swapped(np.linalg.solve(swapped(r), swapped(x)))


def _over_transposed(x: Any, r: Any) -> Any:
    """X R⁻ᵀ."""
    return swapped(np.linalg.solve(r, swapped(x)))


def _head(x: Any, rows: int, columns: int) -> Any:
    """The first rows and columns."""
    return x if x.shape[-2:] == (rows, columns) else x[..., :rows, :columns]


def _square(r: Any) -> Any:
    """The square part of R, which must be regular."""
    k = min(r.shape[-2:])
    diagonal = np.abs(np.diagonal(value_of(r), axis1=-2, axis2=-1))
    limit = max(*r.shape[-2:], 1) * float(np.finfo(r.dtype).eps) * np.max(diagonal, axis=-1, keepdims=True, initial=0)
    if np.any(diagonal <= limit):
        raise ArgumentError(
            f"np.linalg.qr: the first {k} columns are linearly dependent{here()}, so Q and R have no derivative there. "
            "Take np.linalg.svd, or move the matrix a little."
        )
    return _head(r, k, k)


def _below(x: Any) -> Any:
    return np.tril(x, -1)


def _widened(x: Any, columns: int) -> Any:
    """With columns of zeros behind it."""
    return x if x.shape[-1] == columns else x @ np.eye(x.shape[-1], columns, dtype=x.dtype)


def _by_q(adjoint: Any, out: Any, a: Any, mode: str) -> Any:
    r = _square(np.linalg.qr(a)[1])
    k = r.shape[-1]
    inner = swapped(out) @ adjoint
    if out.shape[-1] > k:
        refuse_turned(out[..., k:], adjoint[..., k:])
    turned = out @ _head(_below(inner - swapped(inner)), out.shape[-1], k)
    if out.shape[-1] == k < out.shape[-2]:
        turned = turned + adjoint - out @ inner
    return _widened(_over_transposed(turned, r), a.shape[-1])


def _q_pushed(tangent: Any, out: Any, a: Any, mode: str) -> Any:
    r = _square(np.linalg.qr(a)[1])
    k, columns = r.shape[-1], out.shape[-1]
    moved = _over(_head(tangent, a.shape[-2], k), r)
    inner = swapped(out) @ moved
    below = _widened(_below(inner), columns)
    change = out @ (below - swapped(below))
    return change + moved - out @ inner if columns == k < out.shape[-2] else change


def _by_r(adjoint: Any, out: Any, a: Any, mode: str) -> Any:
    r = _square(out)
    k = r.shape[-1]
    q = np.linalg.qr(a)[0]
    mine = np.triu(_head(adjoint, k, a.shape[-1]))
    inner = mine @ swapped(_head(out, k, a.shape[-1]))
    turned = _over_transposed(_below(inner - swapped(inner)), r)
    return q @ (mine - _widened(turned, a.shape[-1]))


def _r_pushed(tangent: Any, out: Any, a: Any, mode: str) -> Any:
    r = _square(out)
    k = r.shape[-1]
    inner = swapped(np.linalg.qr(a)[0]) @ tangent
    below = _below(_over(_head(inner, k, k), r))
    change = np.triu(inner - (below - swapped(below)) @ _head(out, k, a.shape[-1]))
    return swapped(_widened(swapped(change), out.shape[-2]))


def _qr_samples(*modes: str) -> Any:
    return lambda rng: [
        ((stretched(rng, *shape),), {"mode": mode})
        for mode in modes
        for shape in [(3, 3), (3, 2), (2, 3), (2, 3, 2), (1, 1), (0, 0)] + [(4, 2)] * (mode != "complete")
    ]


_qr_q = general(
    "qr_q",
    lambda a, mode: np.linalg.qr(a, mode)[0],
    vjps=[_by_q],
    jvps=[_q_pushed],
    batched=True,
    sample=_qr_samples("reduced", "complete"),
)
_qr_r = general(
    "qr_r",
    lambda a, mode: np.linalg.qr(a, mode)[1],
    vjps=[_by_r],
    jvps=[_r_pushed],
    batched=True,
    sample=_qr_samples("reduced", "complete"),
)
# R alone; its rules are the same
_qr_r_alone = general(
    "qr_r_alone",
    lambda a, mode: np.linalg.qr(a, mode),
    vjps=[_by_r],
    jvps=[_r_pushed],
    batched=True,
    sample=_qr_samples("r"),
)
_QRResult: Any = type(np.linalg.qr(np.ones((1, 1))))


@handles(np.linalg.qr)
def qr(a: Any, mode: Any = "reduced") -> Any:
    a = operand(a)
    if mode == "r":
        return apply(_qr_r_alone, (a,), {"mode": "r"})
    if mode not in ("reduced", "complete"):
        np.linalg.qr(value_of(a), mode)  # NumPy's own error
        raise UnsupportedError(
            f"np.linalg.qr(..., mode={mode!r}) has no derivative rule here{here()}: it gives LAPACK's inner form. "
            "Write mode='reduced', 'complete' or 'r'."
        )
    q, r = np.linalg.qr(value_of(a), mode)
    return _QRResult(apply(_qr_q, (a,), {"mode": mode}, known=q), apply(_qr_r, (a,), {"mode": mode}, known=r))
