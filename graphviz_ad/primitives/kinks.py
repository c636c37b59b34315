"""Elementwise primitives that hand on one of their inputs: maximum, minimum, fmax, fmin, clip, where, nan_to_num.

A branch that was not chosen sends exactly 0, never 0 × inf = nan. At a tie, two traced values share ½ and ½;
against an untraced constant the derivative is 0, so ``np.maximum(0, x)`` is ReLU with ReLU′(0) = 0. nan compares
false with everything, so nobody is chosen away there and the direction passes on. docs/kinks.md has the table.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import Primitive, elementwise, handles
from graphviz_ad.core.traced import NO_PARAMS, Traced, apply, is_differentiable, operand
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError, UnsupportedError
from graphviz_ad.primitives.arguments import UNSET, handle_ufunc, no_rule, refuse_options, refuse_positional_out
from graphviz_ad.primitives.elementwise import samples


def _selecting(name: str, compute: Any, *shares: Any, symbol: str, sample: Any) -> Primitive:
    """Declare by shares: ``share(direction, *inputs, **params)`` is what of a direction belongs to one input."""

    def rule(share: Any) -> Any:
        return share and (lambda direction, out, *inputs, **params: share(direction, *inputs, **params))

    def partial(share: Any) -> Any:
        return share and (lambda out, *inputs, **params: share(1.0, *inputs, **params))

    rules = [rule(share) for share in shares]
    return elementwise(name, compute, *map(partial, shares), vjps=rules, jvps=rules, symbol=symbol, sample=sample)


def _pick(condition: Any, x: Any, y: Any) -> Any:
    """`np.where` that keeps scalars scalars, with which NumPy is faster than with 0-d arrays."""
    out = np.where(condition, x, y)
    return out if type(out) is Traced else out[()]


def _unless_less(direction: Any, a: Any, b: Any, tie: float) -> Any:
    """The direction where a is the larger, 0 where it is the smaller, the tie's share where both are equal."""
    if tie:
        return _pick(a < b, 0.0, _pick(a == b, tie * direction, direction))
    return _pick(a <= b, 0.0, direction)


def _moves(x: Any) -> bool:
    """Whether a derivative can pass into an operand: no constant, nor what `gad.detach` or a step function gave."""
    return is_differentiable(x) and (x.primitive is None or x.primitive.kind not in ("plain", "cut"))


def _tie(*sides: bool) -> float:
    return 0.5 if all(sides) else 0.0


# -- maximum and minimum ------------------------------------------------------------------------


def _extreme(ufunc: np.ufunc, symbol: str, by_x: Any, by_y: Any) -> None:
    primitive = _selecting(
        ufunc.__name__,
        lambda x, y, tie: ufunc(x, y),
        by_x,
        by_y,
        symbol=symbol,
        sample=lambda rng: [(inputs, {"tie": 0.5}) for inputs, _ in samples(-2, 2, 2)(rng)],
    )
    handle_ufunc(ufunc, primitive, lambda x, y: {"tie": _tie(_moves(x), _moves(y))})


_extreme(
    np.maximum,
    "max",
    lambda direction, x, y, tie: _unless_less(direction, x, y, tie),
    lambda direction, x, y, tie: _unless_less(direction, y, x, tie),
)
_extreme(
    np.minimum,
    "min",
    lambda direction, x, y, tie: _unless_less(direction, y, x, tie),
    lambda direction, x, y, tie: _unless_less(direction, x, y, tie),
)

# -- maximum and minimum of what is no nan ------------------------------------------------------


def _if_number(share: Any, a: Any, b: Any) -> Any:
    """The share of ``a``, or nothing where it is nan and ``b`` is not: then fmax and fmin have taken ``b``."""
    return _pick(np.isnan(a) & ~np.isnan(b), 0.0, share)


_extreme(
    np.fmax,
    "max of numbers",
    lambda direction, x, y, tie: _if_number(_unless_less(direction, x, y, tie), x, y),
    lambda direction, x, y, tie: _if_number(_unless_less(direction, y, x, tie), y, x),
)
_extreme(
    np.fmin,
    "min of numbers",
    lambda direction, x, y, tie: _if_number(_unless_less(direction, y, x, tie), x, y),
    lambda direction, x, y, tie: _if_number(_unless_less(direction, x, y, tie), y, x),
)

# -- steps of two arguments ---------------------------------------------------------------------

# a step has nothing to say about its own argument; the value that it takes at 0 may be traced
_heaviside = _selecting(
    "heaviside",
    np.heaviside,
    None,
    lambda direction, x, at_zero: _pick(x == 0, direction, 0.0),
    symbol="step",
    sample=lambda rng: [
        ((np.array([-1.5, 0.0, 2.0]), rng.normal(size=3)), {}),
        ((np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]), rng.normal(size=3)), {}),
        ((0.0, rng.normal()), {}),
    ],
)
handle_ufunc(np.heaviside, _heaviside)

# -- clip ---------------------------------------------------------------------------------------

# clip is min(max(x, low), high): whoever passes max meets the upper bound next
_clip = _selecting(
    "clip",
    lambda x, low, high, tie_low, tie_high: np.clip(x, low, high),
    lambda direction, x, low, high, tie_low, tie_high: _unless_less(
        _unless_less(direction, x, low, tie_low), high, x, tie_high
    ),
    lambda direction, x, low, high, tie_low, tie_high: _unless_less(
        _unless_less(direction, low, x, tie_low), high, low, tie_high
    ),
    lambda direction, x, low, high, tie_low, tie_high: _unless_less(direction, np.maximum(x, low), high, tie_high),
    symbol="clip",
    sample=lambda rng: [
        (inputs, {"tie_low": 0.5, "tie_high": 0.5})
        for inputs in [
            (0.3, -0.5, 0.5),
            (rng.normal(size=(2, 3)), -0.5, rng.uniform(0, 1, 3)),
            (rng.normal(size=3), rng.uniform(-1, 0, (2, 3)), rng.uniform(0, 1, (2, 1))),
            (rng.normal(size=3), 1.0, -1.0),
            (rng.normal(size=(0, 3)), -0.5, 0.5),
        ]
    ],
)


@handles(np.clip)
def clip(
    a: Any,
    a_min: Any = UNSET,
    a_max: Any = UNSET,
    out: Any = None,
    *,
    min: Any = UNSET,  # noqa: A002  (NumPy's own name)
    max: Any = UNSET,  # noqa: A002
    **options: Any,
) -> Any:
    refuse_positional_out(np.clip, out)
    refuse_options(np.clip, options)
    if (a_min is not UNSET or a_max is not UNSET) and (min is not UNSET or max is not UNSET):
        raise ArgumentError(f"np.clip takes its bounds as a_min and a_max or as min and max{here()}, not as both.")
    low, high = (next((bound for bound in names if bound is not UNSET), None) for names in ((a_min, min), (a_max, max)))
    # with one bound, NumPy itself takes the maximum or the minimum
    if high is None:
        return np.positive(a) if low is None else np.maximum(a, low)
    if low is None:
        return np.minimum(a, high)
    x, low, high = operand(a), operand(low), operand(high)
    ties = {"tie_low": _tie(_moves(x), _moves(low)), "tie_high": _tie(_moves(x) or _moves(low), _moves(high))}
    return apply(_clip, (x, low, high), ties)


# -- where --------------------------------------------------------------------------------------

_where = _selecting(
    "where",
    np.where,
    None,
    lambda direction, condition, x, y: _pick(condition, direction, 0.0),
    lambda direction, condition, x, y: _pick(condition, 0.0, direction),
    symbol="where",
    sample=lambda rng: [
        ((rng.random(3) > 0.5, rng.normal(size=3), rng.normal(size=3)), {}),
        ((rng.random((2, 3)) > 0.5, rng.normal(size=3), 1.5), {}),
        ((np.True_, 0.5, rng.normal(size=(2, 3))), {}),
    ],
)


@handles(np.where)
def where(condition: Any, x: Any = UNSET, y: Any = UNSET, /) -> Any:
    if x is UNSET or y is UNSET:
        raise UnsupportedError(
            f"np.where with one argument gives as many positions as the values decide{here()}: it has no fixed shape. "
            "Write np.where(condition, x, y), or index with the mask: x[condition]."
        )
    return apply(_where, (operand(condition), operand(x), operand(y)), NO_PARAMS)


# -- nan_to_num ---------------------------------------------------------------------------------

_nan_to_num = _selecting(
    "nan_to_num",
    np.nan_to_num,
    lambda direction, x, **replaced: _pick(np.isfinite(x), direction, 0.0),
    symbol="nan to number",
    sample=lambda rng: [
        ((rng.normal(size=(2, 3)),), {}),
        ((rng.normal(),), {"nan": 1.5}),
        ((rng.normal(size=3),), {"nan": 0.0, "posinf": 2.0, "neginf": -2.0}),
    ],
)


@handles(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    if not copy:
        raise no_rule("np.nan_to_num", "copy", "It would change x in place: write x = np.nan_to_num(x).")
    given = {"nan": nan, "posinf": posinf, "neginf": neginf}
    for name, value in given.items():
        if value is not None and (type(value) is Traced or np.ndim(value)):
            test = {"nan": "np.isnan(x)", "posinf": "x == np.inf", "neginf": "x == -np.inf"}[name]
            raise no_rule("np.nan_to_num", name, f"One plain number has: write np.where({test}, value, x) instead.")
    plain = {name: float(value) for name, value in given.items() if value is not None and (name != "nan" or value != 0)}
    return apply(_nan_to_num, (operand(x),), plain)
