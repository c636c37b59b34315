"""Functions whose derivatives are further members of one family: sinc and its derivatives, the Bessel functions Iₙ.

A quotient such as (cos πx − sinc x) / x loses its digits near 0, and all of them in its next derivative. So every
member is computed by itself, and the derivative of one is made of its neighbours: right in every order, also at 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import Primitive, elementwise, handles
from graphviz_ad.core.traced import NO_PARAMS, apply, invoke, operand

# -- sinc ---------------------------------------------------------------------------------------


def _sinc_derivative(x: Any, order: int) -> Any:
    """The derivative of this order of sin(u)/u, at u = πx.

    Far from 0 by u·s⁽ⁿ⁾ = sin⁽ⁿ⁾(u) − n·s⁽ⁿ⁻¹⁾, which multiplies an error by n/u; near 0 by the power series.
    """
    u = np.multiply(x, math.pi)
    near = np.abs(u) <= max(3, order)
    safe = np.where(near, 1.0, u)
    far = np.sin(safe) / safe
    waves = (np.sin, np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v))
    for n in range(1, order + 1):
        far = (waves[n % 4](safe) - n * far) / safe
    square = np.where(near, u * u, 0.0)
    k = (order + 1) // 2  # the first power that is left
    term = (-1) ** k * math.factorial(2 * k) / math.factorial(2 * k + 1) * np.where(near, u, 0.0) ** (2 * k - order)
    series = np.zeros_like(u)
    for _ in range(40 + order):
        series = series + term
        # (2k)! / (2k − n)! / (2k + 1)!, from one k to the next
        ratio = (2 * k + 1) / ((2 * k + 3) * (2 * k + 2 - order) * (2 * k + 1 - order))
        term = term * square * -ratio
        k += 1
    return np.where(near, series, far)[()]


_sinc = elementwise(
    "sinc",
    np.sinc,
    lambda out, x: math.pi * invoke(_sinc_family, (x,), {"order": 1}),
    formulas=[lambda out, x: (np.cos(math.pi * x) - out) / x],
    sample=lambda rng: [
        ((rng.uniform(-2, 2),), {}),
        ((rng.uniform(-2, 2, (2, 3)),), {}),
        ((np.array([-1.7, -0.3, 1e-2, 0.9, 1.3]),), {}),
        ((np.zeros((0, 2)),), {}),
    ],
)
_sinc_family: Primitive = elementwise(
    "sinc_derivative",
    _sinc_derivative,
    lambda out, x, order: math.pi * invoke(_sinc_family, (x,), {"order": order + 1}),
    symbol="derivative of sinc",
    sample=lambda rng: [
        ((np.array([-1.7, -0.3, 0.0, 1e-5, 0.9, 1.3]),), {"order": 1}),
        ((rng.uniform(-2, 2, (2, 3)),), {"order": 2}),
        ((rng.uniform(-2, 2),), {"order": 3}),
    ],
)


@handles(np.sinc)
def sinc(x: Any) -> Any:
    return apply(_sinc, (operand(x),), NO_PARAMS)


# -- Bessel functions of an imaginary argument --------------------------------------------------


def _bessel(x: Any, order: int) -> Any:
    """Iₙ(x) by its power series, whose terms all have one sign: nothing cancels."""
    half = np.multiply(x, 0.5)
    square = half * half
    term = half**order / math.factorial(order)
    total = term
    k = 0
    with np.errstate(over="ignore", invalid="ignore"):
        while np.any(np.isfinite(total) & (np.abs(term) > 1e-17 * np.abs(total))):
            k += 1
            term = term * square / (k * (k + order))
            total = total + term
    return total


def _bessel_slope(out: Any, x: Any, order: int) -> Any:
    below = np.i0(x) if order == 1 else invoke(_bessel_family, (x,), {"order": order - 1})
    return 0.5 * (below + invoke(_bessel_family, (x,), {"order": order + 1}))


_bessel_family: Primitive = elementwise(
    "bessel_i",
    _bessel,
    _bessel_slope,
    symbol="Bessel I",
    sample=lambda rng: [
        ((np.array([-1.7, 0.0, 1e-5, 0.9]),), {"order": 1}),
        ((rng.uniform(-2, 2, (2, 3)),), {"order": 2}),
        ((rng.uniform(-2, 2),), {"order": 1}),
    ],
)
_i0 = elementwise(
    "i0",
    lambda x: np.i0(x)[()],
    lambda out, x: invoke(_bessel_family, (x,), {"order": 1}),
    symbol="Bessel I₀",
    sample=lambda rng: [
        ((rng.uniform(-2, 2),), {}),
        ((rng.uniform(-3, 9, (2, 3)),), {}),
        ((np.array([-1.7, 0.0, 1e-5, 0.9]),), {}),
    ],
)


@handles(np.i0)
def i0(x: Any) -> Any:
    return apply(_i0, (operand(x),), NO_PARAMS)
