"""What looks at how a floating-point number is made: its sign, its whole part, its power of two, its neighbour."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import elementwise, handles, plain
from graphviz_ad.core.traced import NO_PARAMS, Traced, apply, operand
from graphviz_ad.primitives.arguments import handle_ufunc, refuse_options
from graphviz_ad.primitives.elementwise import samples

# -- signs and neighbours -----------------------------------------------------------------------

# |x| times a sign: the tip of |x| has derivative 0, the jump of the sign is left out
_copysign = elementwise(
    "copysign",
    np.copysign,
    lambda out, x, y: np.sign(x) * np.copysign(1.0, y),
    None,
    symbol="copy sign",
    formulas=[lambda out, x, y: np.sign(x) * np.sign(y)],
    sample=samples(-2, 2, 2),
)
handle_ufunc(np.copysign, _copysign)

# the next number is x and a tiny step, whose size changes with the power of two of x alone
_nextafter = elementwise("nextafter", np.nextafter, 1.0, None, symbol="next after", sample=samples(-2, 2, 2))
handle_ufunc(np.nextafter, _nextafter)
handle_ufunc(np.spacing, plain("spacing", np.spacing))

# -- powers of two ------------------------------------------------------------------------------


def _times_power_of_two(x: Any, exponent: Any) -> Any:
    return np.ldexp(x, exponent)


def _one(x: Any) -> Any:
    """1 in the dtype of x."""
    return np.ones_like(x)[()]


_ldexp = elementwise(
    "ldexp",
    _times_power_of_two,
    lambda out, x, exponent: np.ldexp(_one(x), exponent),
    None,
    sample=lambda rng: [
        ((rng.normal(size=3), np.array([-2, 0, 3])), {}),
        ((rng.normal(size=(2, 3)), 4), {}),
        ((rng.normal(), np.array([1, 2])), {}),
    ],
)


@handles(np.ldexp)
def ldexp(x1: Any, x2: Any, /, **options: Any) -> Any:
    refuse_options(np.ldexp, options)
    return apply(_ldexp, (operand(x1), operand(x2)), NO_PARAMS)


_exponent = plain("exponent", lambda x: np.frexp(x)[1], symbol="exponent of 2")
_mantissa = elementwise(
    "mantissa",
    lambda x: np.frexp(x)[0],
    lambda out, x: np.ldexp(_one(x), -np.frexp(x)[1]),
    sample=samples(-2, 2, 1),
)


@handles(np.frexp)
def frexp(x: Any, /, **options: Any) -> tuple[Traced, Traced]:
    refuse_options(np.frexp, options)
    x = operand(x)
    return apply(_mantissa, (x,), NO_PARAMS), apply(_exponent, (x,), NO_PARAMS)


# -- parts of a sum and of a division -----------------------------------------------------------

_fraction = elementwise("fraction", lambda x: np.modf(x)[0], 1.0, symbol="fraction", sample=samples(-2, 2, 1))


@handles(np.modf)
def modf(x: Any, /, **options: Any) -> tuple[Traced, Traced]:
    refuse_options(np.modf, options)
    return apply(_fraction, (operand(x),), NO_PARAMS), np.trunc(x)


@handles(np.divmod)
def divmod(x1: Any, x2: Any, /, **options: Any) -> tuple[Traced, Traced]:
    refuse_options(np.divmod, options)
    return np.floor_divide(x1, x2), np.remainder(x1, x2)
