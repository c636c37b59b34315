"""Evenly spaced numbers between traced ends: linspace, logspace, geomspace."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import HANDLERS, general, handles
from graphviz_ad.core.traced import Traced, apply, dtype_of, operand, shape_of, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.primitives.indexing import leading

# -- the way from one end to the other ----------------------------------------------------------


def _way(out: Any, num: int, endpoint: bool, axis: int) -> Any:
    """How far each number is on its way, from 0 to 1, along the axis of the numbers."""
    way = np.linspace(0.0, 1.0, num, endpoint=endpoint).astype(dtype_of(value_of(out)))
    ndim = len(shape_of(out))
    return way.reshape([-1 if i == axis % ndim else 1 for i in range(ndim)])


def _raised(x: Any, direction: Any, ndim: int, axis: int) -> Any:
    """An end, or a direction of its shape, with length 1 on the axis of the numbers."""
    front = leading(direction, len(shape_of(x)))
    missing = (1,) * (ndim - 1 - len(shape_of(x)))
    shape = list(missing + shape_of(x))
    shape.insert(axis % ndim, 1)
    return np.reshape(direction, (*front, *shape))


def _vjp(argnum: int, slope: Any) -> Any:
    """The adjoint times ∂out/∂end, summed over the numbers."""

    def rule(adjoint: Any, out: Any, *ends: Any, axis: int = 0, **params: Any) -> Any:
        ndim = len(shape_of(out))
        return np.sum(adjoint * slope(argnum, out, ends, axis=axis, **params), axis=axis % ndim - ndim)

    return rule


def _jvp(argnum: int, slope: Any) -> Any:
    def rule(tangent: Any, out: Any, *ends: Any, axis: int = 0, **params: Any) -> Any:
        moved = _raised(ends[argnum], tangent, len(shape_of(out)), axis)
        return moved * slope(argnum, out, ends, axis=axis, **params) * np.ones_like(value_of(out))

    return rule


def _linear_slope(argnum: int, out: Any, ends: Any, num: int, endpoint: bool, axis: int, **_: Any) -> Any:
    way = _way(out, num, endpoint, axis)
    return way if argnum else 1.0 - way


def _geometric_slope(argnum: int, out: Any, ends: Any, num: int, endpoint: bool, axis: int, **_: Any) -> Any:
    way = _way(out, num, endpoint, axis)
    own = _raised(ends[argnum], ends[argnum], len(shape_of(out)), axis)
    return (way if argnum else 1.0 - way) * out / own


def _spaced(function: Any, slope: Any, positive: bool) -> Any:
    def sample(rng: np.random.Generator) -> list[Any]:
        def ends(*shape: int) -> Any:
            return rng.uniform(0.5, 2.0, shape)[()] if positive else rng.normal(size=shape)[()]

        return [
            ((ends(), ends()), {"num": 4, "endpoint": True}),
            ((ends(), ends()), {"num": 3, "endpoint": False}),
            ((ends(2, 3), ends(3)), {"num": 4, "endpoint": True, "axis": 1}),
            ((ends(2), ends()), {"num": 1, "endpoint": True, "axis": -1}),
        ]

    return general(
        function.__name__,
        lambda start, stop, num, endpoint, axis=0, **params: function(start, stop, num, endpoint, axis=axis, **params),
        vjps=[_vjp(0, slope), _vjp(1, slope)],
        jvps=[_jvp(0, slope), _jvp(1, slope)],
        batched=True,
        sample=sample,
    )


_linspace = _spaced(np.linspace, _linear_slope, positive=False)
_geomspace = _spaced(np.geomspace, _geometric_slope, positive=True)


# -- the functions ------------------------------------------------------------------------------


def _params(function: str, num: Any, endpoint: Any, dtype: Any, axis: Any) -> dict[str, Any]:
    params: dict[str, Any] = {"num": operator.index(num), "endpoint": bool(endpoint)}
    if axis:
        params["axis"] = operator.index(axis)
    if dtype is not None:
        if np.dtype(dtype).kind != "f":
            raise UnsupportedError(
                f"{function}(..., dtype={np.dtype(dtype)}) of traced ends{here()} gives steps, which have no "
                "derivative: leave dtype out."
            )
        params["dtype"] = np.dtype(dtype).str
    return params


@handles(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: Any = 0,
    *,
    device: Any = None,
) -> Any:
    start, stop = operand(start), operand(stop)
    result = apply(_linspace, (start, stop), _params("np.linspace", num, endpoint, dtype, axis))
    if not retstep:
        return result
    parts = operator.index(num) - bool(endpoint)
    return result, (stop - start) / parts if parts > 0 else np.nan


@handles(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: Any = 0,
) -> Any:
    start, stop, base = operand(start), operand(stop), operand(base)
    _params("np.logspace", num, endpoint, dtype, axis)
    if shape_of(base):
        # as many axes as the ends have, so that the base does not meet the axis of the numbers
        shape = np.broadcast_shapes(shape_of(start), shape_of(stop), shape_of(base))
        start, stop = (np.broadcast_to(end, shape) for end in (start, stop))
        base = np.expand_dims(np.broadcast_to(base, shape), axis)
    exponents = np.linspace(start, stop, num, endpoint=endpoint, axis=axis)
    result = np.power(base, exponents)
    return HANDLERS["astype"](result, dtype) if dtype is not None and type(result) is Traced else result


@handles(np.geomspace)
def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: Any = 0) -> Any:
    params = _params("np.geomspace", num, endpoint, dtype, axis)
    return apply(_geomspace, (operand(start), operand(stop)), params)
