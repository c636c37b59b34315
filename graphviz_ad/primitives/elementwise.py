"""Elementwise primitives: each is declared by its partial derivatives, VJP and JVP follow.

A partial takes the output first, then the inputs; a number stands for a partial that is the same
everywhere. Kinks: a maximum or minimum of two traced values shares ½ and ½ at a tie; against an
untraced constant the derivative at the tie is 0, so ``np.maximum(0, x)`` is ReLU with ReLU′(0) = 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import HANDLERS, OPERATORS, Primitive, elementwise, handles
from graphviz_ad.core.traced import apply, is_differentiable, operand

Bound = tuple[tuple[Any, ...], dict[str, Any]]


def _samples(low: float, high: float, count: int) -> Any:
    """Sample inputs for the registry's tests: scalars, arrays, broadcasting."""

    def sample(rng: np.random.Generator) -> list[Bound]:
        shapes: list[tuple[tuple[int, ...], ...]] = [((),), ((3,),), ((2, 3),), ((0,),)]
        if count == 2:
            shapes = [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (3,)), ((0, 3), (3,))]
        return [(tuple(rng.uniform(low, high, shape)[()] for shape in row), {}) for row in shapes]

    return sample


def _unary(ufunc: np.ufunc, partial: Any, *, symbol: str | None = None, low: float = -2, high: float = 2) -> Primitive:
    primitive = elementwise(ufunc.__name__, ufunc, partial, symbol=symbol, sample=_samples(low, high, 1))

    def handler(x: Any, /) -> Any:
        return apply(primitive, (operand(x),), {})

    handles(ufunc)(handler)
    return primitive


def _binary(
    ufunc: np.ufunc, left: Any, right: Any, *, symbol: str, compute: Any = None, low: float = -2, high: float = 2
) -> Primitive:
    name = ufunc.__name__
    primitive = elementwise(name, compute or ufunc, left, right, symbol=symbol, sample=_samples(low, high, 2))

    def handler(x1: Any, x2: Any, /) -> Any:
        return apply(primitive, (operand(x1), operand(x2)), {})

    handles(ufunc)(handler)
    OPERATORS[name] = primitive
    return primitive


# -- arithmetic ---------------------------------------------------------------------------------

_binary(np.add, 1.0, 1.0, symbol="+")
_binary(np.subtract, 1.0, -1.0, symbol="−")
_binary(np.multiply, lambda out, x, y: y, lambda out, x, y: x, symbol="×")


def _over(y: Any) -> Any:
    """1 / y, also where y is a Python number: Python's own division by zero raises."""
    return float(np.divide(1.0, y)) if isinstance(y, float | int) else 1 / y


_binary(np.divide, lambda out, x, y: _over(y), lambda out, x, y: -out / y, symbol="÷", low=0.5)


def _power(x: Any, y: Any) -> Any:
    # Python's own ** makes (-8.0) ** (1/3) complex; NumPy's has a fast path for ** 2 that np.power lacks
    if isinstance(x, float | int) and isinstance(y, float | int):
        return np.power(float(x), y)
    return x**y


def _power_by_base(out: Any, x: Any, y: Any) -> Any:
    if isinstance(y, int | float):
        # a plain exponent: the way it is written on paper
        return 2 * x if y == 2 else y * x ** (y - 1) if y != 0 else np.zeros_like(x)
    # x ** 0 is 1 everywhere, also where x ** -1 is inf
    return np.where(y == 0, 0.0, y * x ** np.where(y == 0, 1, y - 1))


def _power_by_exponent(out: Any, x: Any, y: Any) -> Any:
    # 0 ** y is 0 for every y > 0, so nothing changes there; log 0 would make it nan
    flat = (x == 0) & (y >= 0)
    return np.where(flat, 0.0, out * np.log(np.where(flat, 1.0, x)))


_binary(np.power, _power_by_base, _power_by_exponent, symbol="power", compute=_power, low=0.5)
OPERATORS["negative"] = _unary(np.negative, -1.0, symbol="−")
OPERATORS["positive"] = _unary(np.positive, 1.0, symbol="+")
# |x|′(0) = 0, which is what sign gives
OPERATORS["absolute"] = _unary(np.absolute, lambda out, x: np.sign(x), symbol="abs")

# -- functions ----------------------------------------------------------------------------------

_unary(np.square, lambda out, x: 2 * x)
_unary(np.sqrt, lambda out, x: 0.5 / out, low=0.5)
_unary(np.reciprocal, lambda out, x: -out * out, low=0.5)
_unary(np.exp, lambda out, x: out)
_unary(np.log, lambda out, x: 1 / x, low=0.5)
_unary(np.sin, lambda out, x: np.cos(x))
_unary(np.cos, lambda out, x: -np.sin(x))
_unary(np.tanh, lambda out, x: 1 - out * out)

# -- kinks --------------------------------------------------------------------------------------


def _extreme(ufunc: np.ufunc, symbol: str, wins: Any) -> None:
    """Maximum and minimum; ``tie`` is the share of each side where both are equal."""

    def partial(x: Any, y: Any, tie: float) -> Any:
        return np.where(wins(x, y), 1.0, np.where(x == y, tie, 0.0))

    primitive = elementwise(
        ufunc.__name__,
        lambda x, y, tie: ufunc(x, y),
        lambda out, x, y, tie: partial(x, y, tie),
        lambda out, x, y, tie: partial(y, x, tie),
        symbol=symbol,
        sample=lambda rng: [(inputs, {"tie": 0.5}) for inputs, _ in _samples(-2, 2, 2)(rng)],
    )

    def handler(x1: Any, x2: Any, /) -> Any:
        x1, x2 = operand(x1), operand(x2)
        tie = 0.5 if is_differentiable(x1) and is_differentiable(x2) else 0.0
        return apply(primitive, (x1, x2), {"tie": tie})

    handles(ufunc)(handler)


_extreme(np.maximum, "max", lambda x, y: x > y)
_extreme(np.minimum, "min", lambda x, y: x < y)


# A chosen-away branch must send nothing even where its own derivative is inf: 0 × inf would be nan
_where = elementwise(
    "where",
    np.where,
    None,
    lambda out, condition, x, y: np.where(condition, 1.0, 0.0),
    lambda out, condition, x, y: np.where(condition, 0.0, 1.0),
    vjps=(
        None,
        lambda adjoint, out, condition, x, y: np.where(condition, adjoint, 0.0),
        lambda adjoint, out, condition, x, y: np.where(condition, 0.0, adjoint),
    ),
    jvps=(
        None,
        lambda tangent, out, condition, x, y: np.where(condition, tangent, 0.0),
        lambda tangent, out, condition, x, y: np.where(condition, 0.0, tangent),
    ),
    sample=lambda rng: [
        ((rng.random(3) > 0.5, rng.normal(size=3), rng.normal(size=3)), {}),
        ((rng.random((2, 3)) > 0.5, rng.normal(size=3), 1.5), {}),
        ((np.True_, 0.5, rng.normal(size=(2, 3))), {}),
    ],
)


@handles(np.where)
def where(condition: Any, x: Any, y: Any) -> Any:
    return apply(_where, (operand(condition), operand(x), operand(y)), {})


def _round_refused(*args: Any, **kwargs: Any) -> Any:
    from graphviz_ad.core.traced import unsupported

    raise unsupported("np.round")


HANDLERS[np.round] = _round_refused
