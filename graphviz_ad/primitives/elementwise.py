"""Smooth elementwise primitives: each is declared by its partial derivatives, VJP and JVP follow.

A partial takes the output first, then the inputs; a number stands for a partial that is the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.primitive import OPERATORS, Bound, Primitive, elementwise
from graphviz_ad.core.traced import PYTHON_NUMBERS, value_of
from graphviz_ad.primitives.arguments import handle_ufunc


def samples(low: float, high: float, count: int) -> Any:
    """Sample inputs for the registry's tests: scalars, arrays, broadcasting."""

    def sample(rng: np.random.Generator) -> list[Bound]:
        shapes: list[tuple[tuple[int, ...], ...]] = [((),), ((3,),), ((2, 3),), ((0,),)]
        if count == 2:
            shapes = [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (3,)), ((0, 3), (3,))]
        return [(tuple(rng.uniform(low, high, shape)[()] for shape in row), {}) for row in shapes]

    return sample


def _declare(
    ufunc: np.ufunc,
    *partials: Any,
    symbol: str | None = None,
    formulas: Sequence[Any] = (),
    low: float = -2,
    high: float = 2,
) -> Primitive:
    sample = samples(low, high, ufunc.nin)
    primitive = elementwise(ufunc.__name__, ufunc, *partials, symbol=symbol, formulas=formulas, sample=sample)
    handle_ufunc(ufunc, primitive)
    return primitive


# -- arithmetic ---------------------------------------------------------------------------------

OPERATORS["add"] = _declare(np.add, 1.0, 1.0, symbol="+")
OPERATORS["subtract"] = _declare(np.subtract, 1.0, -1.0, symbol="−")
OPERATORS["multiply"] = _declare(np.multiply, 1, 0, symbol="×")  # each is the other's derivative


def _over(y: Any) -> Any:
    """1 / y, also where y is a Python number: Python's own division by zero raises."""
    return float(np.divide(1.0, y)) if type(y) in PYTHON_NUMBERS else 1 / y


OPERATORS["divide"] = _declare(np.divide, lambda out, x, y: _over(y), lambda out, x, y: -out / y, symbol="÷", low=0.5)
OPERATORS["negative"] = _declare(np.negative, -1.0, symbol="−")
OPERATORS["positive"] = _declare(np.positive, 1.0, symbol="+")
# |x|′(0) = 0, which is what sign gives
OPERATORS["absolute"] = _declare(np.absolute, lambda out, x: np.sign(x), symbol="abs")
_declare(np.fabs, lambda out, x: np.sign(x), symbol="abs")
# x = floor(x / y) y + remainder; np.floor_divide is the floor that NumPy's remainder belongs to
OPERATORS["remainder"] = _declare(
    np.remainder, 1.0, lambda out, x, y: -np.floor_divide(x, y), symbol="mod", low=0.5, high=3
)
# fmod rounds towards 0; the whole number of times that y was taken away, with NumPy's own digits
_declare(
    np.fmod,
    1.0,
    lambda out, x, y: -np.rint((x - out) / y),
    formulas=[None, lambda out, x, y: -np.trunc(x / y)],
    low=0.5,
    high=3,
)

# -- power --------------------------------------------------------------------------------------


_NUMBERS = (int, float, np.generic)


def _power(x: Any, y: Any, ufunc: bool = False) -> Any:
    # Python's own ** makes (-8.0) ** (1/3) complex; NumPy's rounds a few numbers differently from np.power
    if type(x) in PYTHON_NUMBERS and type(y) in PYTHON_NUMBERS:
        return np.power(float(x), y)
    return np.power(x, y) if ufunc else x**y


def _power_by_base(out: Any, x: Any, y: Any, ufunc: bool = False) -> Any:
    if isinstance(y, _NUMBERS):
        # a plain exponent: the way it is written on paper
        if isinstance(y, float):
            y = float(y)  # weakly promoted: x may be float32
        return 2 * x if y == 2 else 0.0 if y == 0 else 1.0 if y == 1 else y * x ** (y - 1)
    # x ** 0 is 1 everywhere, also at 0, where x ** -1 is inf
    return y * x ** np.where((x == 0) & (y == 0), 1, y - 1)


def _power_by_exponent(out: Any, x: Any, y: Any, ufunc: bool = False) -> Any:
    # 0 ** y is 0 for every y > 0 (and inf ** y for every y < 0), so nothing changes there; 0 × log 0 would make it nan
    flat = (out == 0) | ((x == 0) & (y == 0))
    base = np.where(flat, 1.0, x)
    if is_complex(value_of(out)):
        base = base + 0j  # a negative base has a logarithm too
    return np.where(flat, 0.0, out * np.log(base))


OPERATORS["power"] = elementwise(
    "power",
    _power,
    _power_by_base,
    _power_by_exponent,
    symbol="power",
    formulas=[
        lambda out, x, y, **params: _power_by_base(out, x, y) if isinstance(y, _NUMBERS) else y * x ** (y - 1),
        lambda out, x, y, **params: out * np.log(x),
    ],
    sample=lambda rng: [
        *samples(0.5, 2, 2)(rng),
        ((rng.uniform(0.5, 2, 3), rng.uniform(0.5, 2, 3)), {"ufunc": True}),
        *(((rng.uniform(-2, -1, 3), exponent), {}) for exponent in (0, 1, 2, 3, -1, np.array([0, 2, 3]))),
    ],
)
handle_ufunc(np.power, OPERATORS["power"], lambda x, y: {"ufunc": True})
# always in float64, which is why it is no alias
_declare(np.float_power, _power_by_base, _power_by_exponent, formulas=OPERATORS["power"].formulas, low=0.5)


# -- functions of one number --------------------------------------------------------------------

_LN2, _LN10 = math.log(2), math.log(10)

_declare(np.square, lambda out, x: 2 * x)
_declare(np.sqrt, lambda out, x: 0.5 / out, low=0.5)
_declare(np.cbrt, lambda out, x: 1 / (3 * out * out), low=0.5)
_declare(np.reciprocal, lambda out, x: -out * out, low=0.5)
_declare(np.exp, lambda out, x: out)
_declare(np.exp2, lambda out, x: _LN2 * out)
_declare(np.expm1, lambda out, x: np.exp(x))  # out + 1 would lose its digits far left of 0
_declare(np.log, lambda out, x: 1 / x, low=0.5)
_declare(np.log2, lambda out, x: (1 / _LN2) / x, low=0.5)
_declare(np.log10, lambda out, x: (1 / _LN10) / x, low=0.5)
_declare(np.log1p, lambda out, x: 1 / (1 + x), low=-0.5)
_declare(np.sin, lambda out, x: np.cos(x))
_declare(np.cos, lambda out, x: -np.sin(x))
_declare(np.tan, lambda out, x: 1 + out * out, low=-1, high=1)
# (1 - x)(1 + x) keeps the digits near ±1 that 1 - x² loses
_declare(np.arcsin, lambda out, x: 1 / np.sqrt((1 - x) * (1 + x)), low=-0.9, high=0.9)
_declare(np.arccos, lambda out, x: -1 / np.sqrt((1 - x) * (1 + x)), low=-0.9, high=0.9)
_declare(np.arctan, lambda out, x: 1 / (1 + x * x))
_declare(np.sinh, lambda out, x: np.cosh(x))
_declare(np.cosh, lambda out, x: np.sinh(x))
_declare(np.tanh, lambda out, x: 1 - out * out)
# 1 + x² would overflow
_declare(np.arcsinh, lambda out, x: 1 / np.hypot(1.0, x), formulas=[lambda out, x: 1 / np.sqrt(1 + x * x)])
_declare(np.arccosh, lambda out, x: 1 / np.sqrt((x - 1) * (x + 1)), low=1.5, high=3)
_declare(np.arctanh, lambda out, x: 1 / ((1 - x) * (1 + x)), low=-0.9, high=0.9)
for _degrees in (np.degrees, np.rad2deg):
    _declare(_degrees, 180 / math.pi)
for _radians in (np.radians, np.deg2rad):
    _declare(_radians, math.pi / 180)

# -- functions of two numbers -------------------------------------------------------------------


def _logistic(x: Any) -> Any:
    """1 / (1 + exp(-x)) without overflow, in every order of derivative."""
    return np.exp(-np.logaddexp(0.0, -x))


_declare(
    np.logaddexp,
    lambda out, x, y: _logistic(x - y),
    lambda out, x, y: _logistic(y - x),
    formulas=[lambda out, x, y: np.exp(x - out), lambda out, x, y: np.exp(y - out)],
)


def _logistic_of_two(x: Any) -> Any:
    """1 / (1 + 2⁻ˣ), likewise."""
    return np.exp2(-np.logaddexp2(0.0, -x))


_declare(
    np.logaddexp2,
    lambda out, x, y: _logistic_of_two(x - y),
    lambda out, x, y: _logistic_of_two(y - x),
    formulas=[lambda out, x, y: np.exp2(x - out), lambda out, x, y: np.exp2(y - out)],
)
# the length of the zero vector has derivative 0, as np.linalg.norm
_declare(
    np.hypot,
    lambda out, x, y: x / np.where(out == 0, 1.0, out),
    lambda out, x, y: y / np.where(out == 0, 1.0, out),
    formulas=[lambda out, x, y: x / out, lambda out, x, y: y / out],
)


def _by_square_length(numerator: Any, x: Any, y: Any) -> Any:
    """``numerator / (x² + y²)``, where the square may overflow or vanish; 0/0 at the origin."""
    length = np.hypot(x, y)
    return numerator / length / length


_declare(
    np.arctan2,
    lambda out, y, x: _by_square_length(x, x, y),
    lambda out, y, x: -_by_square_length(y, x, y),
    formulas=[lambda out, y, x: x / (x * x + y * y), lambda out, y, x: -y / (x * x + y * y)],
    low=0.5,
)
