"""Complex values between real inputs and real results: their parts, and which other primitives take them.

The adjoint of z = a + ib is ∂L/∂a + i ∂L/∂b, and its tangent is da + i db (docs/decisions/0010-complex-values.md).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.primitive import COMPLEX, HOLOMORPHIC, general, handles, linear, plain
from graphviz_ad.core.traced import NO_PARAMS, apply, value_of
from graphviz_ad.primitives.arguments import refuse_options


def complex_normal(rng: np.random.Generator, *shape: int) -> Any:
    """A sample of complex numbers."""
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape))[()]


def _samples(rng: np.random.Generator) -> list[Any]:
    return [((complex_normal(rng, *shape),), {}) for shape in [(), (3,), (2, 3), (0,)]]


# -- parts --------------------------------------------------------------------------------------

_real = linear(
    "real",
    np.real,
    transpose=lambda adjoint, out, z: adjoint,
    pushforward=lambda tangent, out, z: np.real(tangent),
    batched=True,
    sample=_samples,
)
_imag = linear(
    "imag",
    np.imag,
    transpose=lambda adjoint, out, z: 1j * adjoint,
    pushforward=lambda tangent, out, z: np.imag(tangent),
    batched=True,
    sample=lambda rng: [*_samples(rng), ((rng.normal(size=3),), {})],
)
_conjugate = linear(
    "conjugate",
    lambda z: np.conjugate(z),  # a ufunc by itself would take the short way, which does not ask what it gets
    transpose=lambda adjoint, out, z: np.conjugate(adjoint),
    pushforward=lambda tangent, out, z: np.conjugate(tangent),
    symbol="conj",
    batched=True,
    sample=_samples,
)


@handles(np.real)
def real(val: Any) -> Any:
    """A real value is its own real part."""
    return apply(_real, (val,), NO_PARAMS) if is_complex(value_of(val)) else val


@handles(np.imag)
def imag(val: Any) -> Any:
    return apply(_imag, (val,), NO_PARAMS)


@handles(np.conjugate)
def conjugate(x: Any, /, **options: Any) -> Any:
    """A real value is its own conjugate."""
    refuse_options(np.conjugate, options)
    return apply(_conjugate, (x,), NO_PARAMS) if is_complex(value_of(x)) else x


# -- length and direction -----------------------------------------------------------------------


def _unit(out: Any, z: Any) -> Any:
    """Z / |z|; 0 at 0, the tip of the cone, as ``np.hypot``."""
    return z / np.where(out == 0, 1.0, out)


_modulus = general(
    "modulus",
    lambda z: np.absolute(z),
    vjps=[lambda adjoint, out, z: adjoint * _unit(out, z)],
    jvps=[lambda tangent, out, z: np.real(np.conjugate(_unit(out, z)) * tangent)],
    formulas=[lambda adjoint, out, z: adjoint * (z / out)],
    symbol="abs",
    batched=True,
    sample=_samples,
)


def _angle_pulled(adjoint: Any, out: Any, z: Any) -> Any:
    length = np.abs(z)  # its square may overflow or vanish
    return adjoint * (1j * z / length / length)


def _angle_pushed(tangent: Any, out: Any, z: Any) -> Any:
    length = np.abs(z)
    return np.imag(np.conjugate(z) / length / length * tangent)


_angle = general(
    "angle",
    np.angle,
    vjps=[_angle_pulled],
    jvps=[_angle_pushed],
    formulas=[lambda adjoint, out, z: adjoint * (1j * z / np.abs(z) ** 2)],
    batched=True,
    sample=_samples,
)
_side = plain("side", np.angle, symbol="angle", sample=lambda rng: [((rng.normal(size=3),), {})])


@handles(np.angle)
def angle(z: Any, deg: Any = False) -> Any:
    """The angle of a real value is 0 or π, a step."""
    found: Any = apply(_angle if is_complex(z.value) else _side, (z,), NO_PARAMS)
    return found * (180 / math.pi) if deg else found


# -- what else takes complex values -------------------------------------------------------------

_HOLOMORPHIC = (
    "add subtract multiply divide negative positive power square sqrt reciprocal exp exp2 expm1 log log2 log10 log1p "
    "sin cos tan sinh cosh tanh prod matmul dot inner outer tensordot einsum inv solve"
)
"""Functions with a complex derivative, which is their real one at a complex place."""

_REAL_MAPS = (
    "alias detach astype real imag conjugate modulus angle side sum mean cumsum index scatter reshape ravel squeeze "
    "expand_dims atleast_1d atleast_2d atleast_3d transpose swapaxes moveaxis rollaxis matrix_transpose flip flipud "
    "fliplr roll rot90 broadcast_to concatenate stack vstack hstack dstack column_stack where repeat tile resize "
    "delete diagonal diag trace tril triu take take_along_axis pad fold_windows sliding_window_view "
    "fft ifft rfft irfft fftn ifftn rfftn irfftn"
)
"""Functions that move entries, or add them up: what they do to a complex number they do to both of its parts. And those
whose rules are written for complex adjoints."""

_QUESTIONS = "equal not_equal isnan isfinite isinf"
"""Questions that have an answer for complex values."""


# by name: this module need not come after theirs
COMPLEX.update({name: name for name in f"{_HOLOMORPHIC} {_REAL_MAPS} {_QUESTIONS}".split()}, absolute="modulus")
HOLOMORPHIC.update(_HOLOMORPHIC.split())
