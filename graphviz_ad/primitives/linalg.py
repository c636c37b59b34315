"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import general, handles
from graphviz_ad.core.traced import Traced, apply, operand
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError, UnsupportedError


def _turn(x: Any) -> Any:
    """The last two axes swapped."""
    return np.transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _matmul_left(adjoint: Any, out: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1 and b.ndim == 1:
        return adjoint * b
    if b.ndim == 1:
        return adjoint[..., None] * b
    if a.ndim == 1:
        return np.matmul(b, adjoint[..., None])[..., 0]
    return np.matmul(adjoint, _turn(b))


def _matmul_right(adjoint: Any, out: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1 and b.ndim == 1:
        return adjoint * a
    if a.ndim == 1:
        return a[:, None] * adjoint[..., None, :]
    if b.ndim == 1:
        return np.matmul(_turn(a), adjoint[..., None])[..., 0]
    return np.matmul(_turn(a), adjoint)


_matmul = general(
    "matmul",
    np.matmul,
    vjps=[_matmul_left, _matmul_right],
    jvps=[
        lambda tangent, out, a, b: np.matmul(tangent, b),
        lambda tangent, out, a, b: np.matmul(a, tangent),
    ],
    symbol="@",
    sample=lambda rng: [
        ((rng.normal(size=left), rng.normal(size=right)), {})
        for left, right in [
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 4)),
            ((2, 3), (3, 4)),
            ((5, 2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)),
            ((3,), (5, 3, 4)),
            ((5, 2, 3), (3,)),
            ((0, 3), (3, 2)),
        ]
    ],
)


@handles(np.matmul)
def matmul(x1: Any, x2: Any, /) -> Any:
    a, b = operand(x1), operand(x2)
    for value, position in ((a, "first"), (b, "second")):
        if np.ndim(value.value if type(value) is Traced else value) == 0:
            raise ArgumentError(f"np.matmul: the {position} argument is a scalar{here()}; write `*` for scalars.")
    return apply(_matmul, (a, b), {})


@handles(np.dot)
def dot(a: Any, b: Any) -> Any:
    a, b = operand(a), operand(b)
    dimensions = [np.ndim(x.value if type(x) is Traced else x) for x in (a, b)]
    if 0 in dimensions:
        return a * b
    if max(dimensions) > 2:
        raise UnsupportedError(f"np.dot of arrays with more than two axes has no rule here{here()}; write np.matmul.")
    return matmul(a, b)
