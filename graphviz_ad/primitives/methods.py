"""The methods of ufuncs: reduce, accumulate and outer, as the functions that they are, or as primitives of their own.

`reduce` and `accumulate` of an operation that has a function of its own (`np.sum` of `np.add`) are that function. A
running maximum hands on one element each, as `np.sort` does: of equals it is the first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce as fold
from itertools import accumulate as running
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import HANDLERS, METHODS, function_name, general, plain, refuse_out
from graphviz_ad.core.traced import Traced, apply, operand, shape_of, unsupported, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError
from graphviz_ad.primitives import elementwise, kinks, logic, parts  # noqa: F401  (the ufuncs that have methods)
from graphviz_ad.primitives.arguments import UNSET, no_rule, plain_axis
from graphviz_ad.primitives.reductions import kept, normal_axis

# -- methods that are functions -----------------------------------------------------------------


def _cast(x: Any, dtype: Any) -> Any:
    return x if dtype is None or x.dtype == np.dtype(dtype) else x.astype(dtype)


Start = dict[str, Any]
"""``{"initial": …}``, or nothing where NumPy begins with the first element."""


def _handle_reduce(ufunc: np.ufunc, run: Callable[[str, Any, Any, bool, Start, Any], Any], casts: bool = True) -> None:
    """``ufunc.reduce`` is ``run(label, x, axis, keepdims, start, where)``; unless it ``casts``, start has the dtype."""
    label = f"{function_name(ufunc)}.reduce"

    def reduce(
        array: Any,
        /,
        *,
        axis: Any = 0,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = UNSET,
        where: Any = True,
    ) -> Any:
        refuse_out(label, {"out": out})
        start = {} if initial is UNSET or (initial is None and ufunc.identity is None) else {"initial": initial}
        if not casts and dtype is not None:
            start["dtype"] = dtype
        x = operand(array)
        return run(label, _cast(x, dtype) if casts else x, axis, bool(keepdims), start, where)

    METHODS[ufunc, "reduce"] = reduce


def _handle_accumulate(ufunc: np.ufunc, run: Callable[[Any, int], Any]) -> None:
    """``ufunc.accumulate``: ``run(x, axis)``, with x cast to ``dtype`` and the axis counted from the front."""
    label = f"{function_name(ufunc)}.accumulate"

    def accumulate(array: Any, /, *, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
        refuse_out(label, {"out": out})
        x = operand(array)
        if not shape_of(x):
            raise TypeError("cannot accumulate on a scalar")  # as NumPy says it
        return run(_cast(x, dtype), np.lib.array_utils.normalize_axis_index(int(axis), x.ndim))

    METHODS[ufunc, "accumulate"] = accumulate


def _reduces(ufunc: np.ufunc, function: Any, casts: bool = True) -> None:
    """``ufunc.reduce`` is a function over axis 0; sums and products know what to do with a dtype."""

    def run(label: str, x: Any, axis: Any, keepdims: bool, start: Start, where: Any) -> Any:
        masked = {} if where is True else {"where": where}
        return _known(label, function)(x, axis=axis, keepdims=keepdims, **start, **masked)

    _handle_reduce(ufunc, run, casts)


def _known(label: str, function: Any) -> Callable[..., Any]:
    handler = HANDLERS.get(function)
    if handler is None:
        raise unsupported(label)
    return handler


_reduces(np.add, np.sum, casts=False)
_reduces(np.multiply, np.prod, casts=False)
_reduces(np.maximum, np.max)
_reduces(np.minimum, np.min)
_reduces(np.fmax, np.nanmax)
_reduces(np.fmin, np.nanmin)
_reduces(np.logical_and, np.all)
_reduces(np.logical_or, np.any)


_handle_accumulate(np.add, lambda x, axis: _known("np.add.accumulate", np.cumsum)(x, axis=axis))
_handle_accumulate(np.multiply, lambda x, axis: _known("np.multiply.accumulate", np.cumprod)(x, axis=axis))

# -- running maximum and minimum ----------------------------------------------------------------


def _first_places(x: Any, axis: int, ufunc: str) -> Any:
    """Where along the axis each running extreme was met first."""
    running = getattr(np, ufunc).accumulate(x, axis=axis)
    length = x.shape[axis]
    before = np.roll(running, 1, axis)
    new = (running != before) & ~(np.isnan(running) & np.isnan(before))
    shape = [1] * x.ndim
    shape[axis] = length
    steps = np.arange(length).reshape(shape)
    return np.maximum.accumulate(np.where(new, steps, 0), axis=axis)


_places = plain(
    "running_place",
    _first_places,
    symbol="place of the running extreme",
    sample=lambda rng: [((rng.normal(size=(2, 3)),), {"axis": 1, "ufunc": "maximum"})],
)


def _runs(ufunc: np.ufunc) -> None:
    """The running extreme along an axis: each is the element at the place where it was met first."""

    def run(x: Any, axis: int) -> Any:
        if not x.size:
            return x
        places = apply(_places, (x,), {"axis": axis, "ufunc": ufunc.__name__})
        return HANDLERS[np.take_along_axis](x, places, axis)

    _handle_accumulate(ufunc, run)


for _extreme in (np.maximum, np.minimum, np.fmax, np.fmin):
    _runs(_extreme)

# -- sums of another kind -----------------------------------------------------------------------


def _sums(ufunc: np.ufunc, share: Callable[[Any, Any], Any], formula: Callable[[Any, Any], Any] | None = None) -> None:
    """``ufunc.reduce`` as a primitive; ``share(out, x)`` is the derivative by each element."""

    def moved(out: Any, x: Any, axis: Any) -> Any:
        return share(kept(out, shape_of(x), axis), x)

    def lead(direction: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
        found = shape_of(direction)
        return found[: len(found) - len(shape)]

    def pulled(adjoint: Any, out: Any, x: Any, axis: Any, of: Any = moved, **_: Any) -> Any:
        return kept(adjoint, shape_of(x), axis, lead(adjoint, shape_of(out))) * of(out, x, axis)

    def pushed(tangent: Any, out: Any, x: Any, axis: Any, keepdims: bool, **_: Any) -> Any:
        axes = tuple(position - len(shape_of(x)) for position in normal_axis(axis, len(shape_of(x))))
        return np.sum(tangent * moved(out, x, axis), axis=axes, keepdims=keepdims)

    def said(adjoint: Any, out: Any, x: Any, axis: Any, **_: Any) -> Any:
        assert formula is not None
        return pulled(adjoint, out, x, axis, lambda out, x, axis: formula(kept(out, shape_of(x), axis), x))

    primitive = general(
        f"{ufunc.__name__}_reduce",
        lambda x, **params: ufunc.reduce(x, **params),
        vjps=[pulled],
        jvps=[pushed],
        formulas=[said] if formula else [],
        batched=True,
        symbol=f"{ufunc.__name__} of all",
        sample=lambda rng: (
            [
                ((rng.normal(size=(2, 3, 4)),), {"axis": axis, "keepdims": keepdims})
                for axis, keepdims in ((0, False), (-1, True), (None, False), ((0, 2), False))
            ]
            + [((rng.normal(size=3),), {"axis": 0, "keepdims": False, "initial": 0.5})]
        ),
    )

    def run(label: str, x: Any, axis: Any, keepdims: bool, start: Start, where: Any) -> Any:
        if where is not True:
            raise no_rule(label, "where", f"Write {label}(np.where(mask, x, {ufunc.identity})) instead.")
        params: dict[str, Any] = {"axis": plain_axis(axis), "keepdims": keepdims}
        initial = start.get("initial")
        if type(initial) is Traced:
            raise no_rule(label, "initial", f"Write {function_name(ufunc)}(initial, {label}(x)) instead.")
        if initial is not None:
            params["initial"] = float(initial)
        return apply(primitive, (x,), params)

    _handle_reduce(ufunc, run)


# the derivative of a logarithm of a sum is each one's share of it: what is known as softmax
_sums(np.logaddexp, lambda out, x: np.exp(x - out))
_sums(np.logaddexp2, lambda out, x: np.exp2(x - out))
# the length of the zero vector has derivative 0, as np.linalg.norm
_sums(np.hypot, lambda out, x: x / np.where(out == 0, 1.0, out), formula=lambda out, x: x / out)

# -- one after the other ------------------------------------------------------------------------


def _folds(ufunc: np.ufunc) -> None:
    """``ufunc.reduce`` of an operation whose order counts: done step by step, in NumPy's order."""

    def run(label: str, x: Any, axis: Any, keepdims: bool, start: Start, where: Any) -> Any:
        if where is not True:
            raise no_rule(label, "where", "Choose the elements first: x[mask].")
        axes = normal_axis(plain_axis(axis), x.ndim)
        if len(axes) > 1:
            raise ArgumentError(f"{label} goes along one axis{here()}: which of several comes first would change it.")
        pieces = [*start.values(), *(np.moveaxis(x, axes[0], 0) if axes else [x])]
        if not pieces:
            return ufunc.reduce(value_of(x), axis=axis)  # NumPy's own words
        found = fold(ufunc, pieces)
        return np.expand_dims(found, axes) if keepdims and axes else found

    _handle_reduce(ufunc, run)


def _repeats(ufunc: np.ufunc) -> None:
    """``ufunc.accumulate``, step by step."""
    _handle_accumulate(
        ufunc, lambda x, axis: np.stack(list(running(np.moveaxis(x, axis, 0), ufunc)), axis) if x.size else x
    )


for _ordered in (np.subtract, np.divide, np.power):
    _folds(_ordered)
    _repeats(_ordered)
for _sum in (np.logaddexp, np.logaddexp2, np.hypot):
    _repeats(_sum)

# -- outer --------------------------------------------------------------------------------------


def pairs(ufunc: np.ufunc) -> None:
    """``ufunc.outer`` is the ufunc itself, with each axis of the second argument behind those of the first."""

    def outer(a: Any, b: Any, /, **options: Any) -> Any:
        refuse_out(f"{function_name(ufunc)}.outer", options)
        a, b = operand(a), operand(b)
        ones = (1,) * len(shape_of(b))
        return ufunc(np.reshape(a, (*shape_of(a), *ones)) if ones else a, b, **options)

    METHODS[ufunc, "outer"] = outer


for _function in list(HANDLERS):
    if isinstance(_function, np.ufunc) and (_function.nin, _function.nout, _function.signature) == (2, 1, None):
        pairs(_function)
