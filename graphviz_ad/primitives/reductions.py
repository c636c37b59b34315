"""Reductions: sums, means, products, variances, the largest or smallest element, and running sums.

A rule's adjoint may carry one extra leading axis, many adjoints at once; so may a tangent. A mask (``where=``) is a
second input of the node, so that it replays; no derivative goes into it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import Primitive, function_name, general, handles, linear
from graphviz_ad.core.traced import Traced, apply, operand, shape_of, value_of
from graphviz_ad.primitives.arguments import UNSET, no_rule, plain_axis, refuse_positional_out

Axis = int | tuple[int, ...] | None
Mask = tuple[Any, ...]
"""The mask, or nothing: what stands behind ``x`` among a reduction's inputs."""


# -- axes ---------------------------------------------------------------------------------------


def normal_axis(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes as a sorted tuple of positions; None means all."""
    if axis is None or not ndim:
        return tuple(range(ndim))
    return tuple(sorted(int(a) % ndim for a in (axis if isinstance(axis, tuple | list) else (axis,))))


_FILLED = 4096
"""Up to as many elements a copy costs less than a view that repeats its elements."""


def kept(reduced: Any, shape: tuple[int, ...], axis: Axis, lead: tuple[int, ...] = ()) -> Any:
    """A reduced value with length 1 in place of the axes that it was reduced over, behind the leading axes."""
    axes = normal_axis(axis, len(shape))
    wanted = (*lead, *(1 if position in axes else length for position, length in enumerate(shape)))
    # axes in front need no ones: broadcasting adds them
    if shape_of(reduced) != wanted and (lead or axes != tuple(range(len(axes)))):
        return np.reshape(reduced, wanted)
    return reduced


def stretch(reduced: Any, shape: tuple[int, ...], axis: Axis, lead: tuple[int, ...] = ()) -> Any:
    """A reduced value copied along the axes that it was reduced over, to ``shape`` behind the leading axes."""
    whole = lead + shape if lead else shape
    if axis is not None or lead:
        reduced = kept(reduced, shape, axis, lead)
    if shape_of(reduced) == whole:
        return reduced
    if type(reduced) is Traced or math.prod(whole) > _FILLED:
        return np.broadcast_to(reduced, whole)
    out = np.empty(whole, getattr(reduced, "dtype", float))
    out[...] = reduced
    return out


def _spread(adjoint: Any, out: Any, x: Any, axis: Axis) -> Any:
    """The adjoint of a reduction's output, copied to the shape of its input."""
    shape = shape_of(adjoint)
    return stretch(adjoint, x.shape, axis, shape[: len(shape) - len(out.shape)])


def _unreduced(adjoint: Any, out: Any, x: Any, axis: Axis) -> Any:
    """The adjoint of a reduction's output, in a shape that broadcasts against its input."""
    shape = shape_of(adjoint)
    return kept(adjoint, x.shape, axis, shape[: len(shape) - len(out.shape)])


def _last(axis: Axis, tangent: Any, x: Any) -> Axis:
    """The axes counted from the end where the tangent has a leading axis that x lacks."""
    if len(shape_of(tangent)) == len(x.shape):
        return axis
    return tuple(position - len(x.shape) for position in normal_axis(axis, len(x.shape)))


def _where(mask: Mask) -> dict[str, Any]:
    return {"where": mask[0]} if mask else {}


def _masked(value: Any, mask: Mask) -> Any:
    return np.where(mask[0], value, 0.0) if mask else value


def _count(x: Any, mask: Mask, axis: Axis) -> Any:
    """How many elements go into one result."""
    if mask:
        # in x's own dtype: an int array would turn float32 into float64
        return np.sum(np.broadcast_to(mask[0], x.shape), axis=axis, keepdims=True, dtype=x.dtype)
    return math.prod(x.shape[position] for position in normal_axis(axis, len(x.shape)))


# -- declaration --------------------------------------------------------------------------------


def computed(function: Any) -> Any:
    """NumPy's function itself, with the mask among the inputs."""
    return lambda x, *mask, **params: function(x, where=mask[0], **params) if mask else function(x, **params)


def reduction_samples(*extra: dict[str, Any], masks: bool = True, single: bool = True) -> Any:
    """Sample inputs: every form of the axis, masks, further parameters, and reductions of a ``single`` element."""

    def sample(rng: np.random.Generator) -> list[Any]:
        x = rng.normal(size=(2, 3, 4))
        rows = [(None, False), (0, False), (-1, True), ((0, 2), False), ((-1, 1), False), (None, True)]
        found: list[Any] = [((x,), {"axis": axis, "keepdims": keep}) for axis, keep in rows]
        found += [((x,), {"axis": 1, "keepdims": False, **params}) for params in extra]
        found.append(((rng.normal(size=3),), {"axis": None, "keepdims": False}))
        if single:
            found += [((x,), {"axis": (), "keepdims": False}), ((rng.normal(),), {"axis": None, "keepdims": False})]
        if masks:
            mask = np.arange(24).reshape(2, 3, 4) % 5 != 0
            found += [
                ((x, mask), {"axis": None, "keepdims": False}),
                ((x, mask), {"axis": (1, -1), "keepdims": True}),
                ((x, mask[:1, :, :1] | mask[:1, :1]), {"axis": 1, "keepdims": False}),
            ]
        return found

    return sample


def reduce(
    primitive: Primitive,
    function: Any,
    a: Any,
    axis: Any,
    keepdims: Any,
    *,
    out: Any = None,
    dtype: Any = None,
    where: Any = True,
    **params: Any,
) -> Any:
    """Apply a reduction; what NumPy would assume anyway does not become a parameter."""
    refuse_positional_out(function, out)
    params = {"axis": plain_axis(axis), "keepdims": bool(keepdims), **params}
    if dtype is not None:
        params["dtype"] = np.dtype(dtype).str
    inputs = (operand(a),) if where is True else (operand(a), operand(where))
    return apply(primitive, inputs, params)


def initial_of(function: Any, initial: Any, remedy: str) -> dict[str, Any]:
    if initial is UNSET:
        return {}
    if type(initial) is Traced:
        raise no_rule(function_name(function), "initial", f"A traced one does not: write {remedy} instead.")
    return {"initial": None if initial is None else np.asarray(initial).item()}


# -- sum and mean -------------------------------------------------------------------------------

_sum = linear(
    "sum",
    computed(np.sum),
    transpose=lambda adjoint, out, x, *mask, axis, **_: _masked(_spread(adjoint, out, x, axis), mask),
    pushforward=lambda tangent, out, x, *mask, axis, keepdims, **_: np.sum(
        _masked(tangent, mask), axis=_last(axis, tangent, x), keepdims=keepdims
    ),
    symbol="sum",
    batched=True,
    sample=reduction_samples({"dtype": "<f8"}, {"initial": 2.5}),
)


def _mean_transpose(adjoint: Any, out: Any, x: Any, *mask: Any, axis: Axis, **_: Any) -> Any:
    count = _count(x, mask, axis)
    if mask:
        return _masked(_spread(adjoint, out, x, axis) / count, mask)
    return _spread(adjoint / count, out, x, axis)


def _mean_pushed(tangent: Any, out: Any, x: Any, *mask: Any, axis: Axis, keepdims: bool, **_: Any) -> Any:
    last = _last(axis, tangent, x)
    if mask:
        return np.sum(_masked(tangent / _count(x, mask, axis), mask), axis=last, keepdims=keepdims)
    return np.mean(tangent, axis=last, keepdims=keepdims)


_mean = linear(
    "mean",
    computed(np.mean),
    transpose=_mean_transpose,
    pushforward=_mean_pushed,
    symbol="mean",
    batched=True,
    sample=reduction_samples({"dtype": "<f8"}),
)


def handle_total(function: Any, primitive: Primitive, remedy: str) -> None:
    """The handler of a sum or a product; ``remedy`` is what to write for a traced ``initial``."""

    def handler(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = UNSET,
        where: Any = True,
    ) -> Any:
        start = initial_of(function, initial, remedy)
        return reduce(primitive, function, a, axis, keepdims, out=out, dtype=dtype, where=where, **start)

    handles(function)(handler)


def handle_mean(function: Any, primitive: Primitive) -> None:
    def handler(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
    ) -> Any:
        return reduce(primitive, function, a, axis, keepdims, out=out, dtype=dtype, where=where)

    handles(function)(handler)


handle_total(np.sum, _sum, "initial + np.sum(x)")
handle_mean(np.mean, _mean)


# -- product ------------------------------------------------------------------------------------


def _others(x: Any) -> Any:
    """For each element, the product of all others along the last axis.

    No division, so zeros do no harm in any order of derivative: elements are multiplied in pairs, pairs
    again in pairs, and on the way back each half gets the other half as a factor. O(n), in log n rounds.
    """
    length = x.shape[-1]
    if length < 2:
        return np.ones_like(x)
    half = length // 2
    left, right, odd = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    others = _others(np.concatenate([left * right, odd], axis=-1))
    of_pair = others[..., :half]
    return np.concatenate([of_pair * right, of_pair * left, others[..., half:]], axis=-1)


def _cofactors(x: Any, mask: Mask, axis: Axis, initial: Any = 1.0) -> Any:
    """∂prod/∂x: the product of all others that go into the same result, in x's shape."""
    if mask:
        x = np.where(mask[0], x, 1.0)
    axes = normal_axis(axis, len(x.shape))
    order = [position for position in range(len(x.shape)) if position not in axes] + list(axes)
    moved = np.transpose(x, order)
    rest = moved.shape[: len(order) - len(axes)]
    flat = np.reshape(moved, (*rest, math.prod(moved.shape[len(rest) :])))
    cofactors = np.transpose(np.reshape(_others(flat), moved.shape), [order.index(i) for i in range(len(order))])
    return cofactors if initial is None else initial * cofactors


_prod = general(
    "prod",
    computed(np.prod),
    vjps=[
        lambda adjoint, out, x, *mask, axis, initial=1.0, **_: _masked(
            _spread(adjoint, out, x, axis) * _cofactors(x, mask, axis, initial), mask
        )
    ],
    formulas=[
        lambda adjoint, out, x, *mask, axis, **_: _masked(
            _unreduced(adjoint, out, x, axis) * _unreduced(out, out, x, axis) / x, mask
        )
    ],
    jvps=[
        lambda tangent, out, x, *mask, axis, keepdims, initial=1.0, **_: np.sum(
            _masked(tangent * _cofactors(x, mask, axis, initial), mask),
            axis=_last(axis, tangent, x),
            keepdims=keepdims,
        )
    ],
    symbol="product",
    batched=True,
    sample=reduction_samples({"dtype": "<f8"}, {"initial": 2.5}),
)


handle_total(np.prod, _prod, "initial * np.prod(x)")


# -- variance and standard deviation ------------------------------------------------------------


def _deviation(x: Any, mask: Mask, axis: Axis, ddof: float) -> Any:
    """Half of ∂var/∂x: (x − mean) / (n − ddof)."""
    count = _count(x, mask, axis)
    deviation = x - np.mean(x, axis=axis, keepdims=True, **_where(mask))
    if mask:
        return deviation / np.maximum(count - ddof, 0.0)
    return deviation * float(np.divide(1.0, max(count - ddof, 0.0)))


def _var_vjp(adjoint: Any, out: Any, x: Any, *mask: Any, axis: Axis, ddof: float = 0, **_: Any) -> Any:
    return _masked(_spread(2.0 * adjoint, out, x, axis) * _deviation(x, mask, axis, ddof), mask)


def _var_jvp(tangent: Any, out: Any, x: Any, *mask: Any, axis: Axis, keepdims: bool, ddof: float = 0, **_: Any) -> Any:
    moved = _masked(tangent * _deviation(x, mask, axis, ddof), mask)
    return 2.0 * np.sum(moved, axis=_last(axis, tangent, x), keepdims=keepdims)


def _var_formula(adjoint: Any, out: Any, x: Any, *mask: Any, axis: Axis, ddof: float = 0, **_: Any) -> Any:
    deviation = x - np.mean(x, axis=axis, keepdims=True, **_where(mask))
    return _masked(_unreduced(2.0 * adjoint, out, x, axis) * deviation / (_count(x, mask, axis) - ddof), mask)


def _std_formula(adjoint: Any, out: Any, x: Any, *mask: Any, axis: Axis, ddof: float = 0, **_: Any) -> Any:
    deviation = x - np.mean(x, axis=axis, keepdims=True, **_where(mask))
    count = _count(x, mask, axis) - ddof
    return _masked(_unreduced(adjoint, out, x, axis) * deviation / (count * _unreduced(out, out, x, axis)), mask)


def handle_spread(function: Any, primitive: Primitive) -> None:
    """The handler of a variance or a standard deviation."""

    def handler(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: Any = False,
        *,
        where: Any = True,
        mean: Any = UNSET,
        correction: Any = UNSET,
    ) -> Any:
        if mean is not UNSET:
            raise no_rule(function_name(function), "mean", "Leave it out: it saves time only, and would cut the graph.")
        if correction is not UNSET:
            if ddof:
                raise ValueError("ddof and correction can't be provided simultaneously.")
            ddof = correction
        params = {"ddof": ddof if isinstance(ddof, int) else float(ddof)} if ddof else {}
        return reduce(primitive, function, a, axis, keepdims, out=out, dtype=dtype, where=where, **params)

    handles(function)(handler)


def _spread_measure(function: Any, vjp: Any, jvp: Any, formula: Any, symbol: str) -> None:
    primitive = general(
        function.__name__,
        computed(function),
        vjps=[vjp],
        jvps=[jvp],
        formulas=[formula],
        symbol=symbol,
        batched=True,
        sample=reduction_samples({"ddof": 1}, {"ddof": 0.5}, {"dtype": "<f8"}, single=function is np.var),
    )
    handle_spread(function, primitive)


_spread_measure(np.var, _var_vjp, _var_jvp, _var_formula, "variance")
# std = √var: equal numbers give 0/0
_spread_measure(
    np.std,
    lambda adjoint, out, *inputs, **params: _var_vjp(adjoint / (2.0 * out), out, *inputs, **params),
    lambda tangent, out, *inputs, **params: _var_jvp(tangent, out, *inputs, **params) / (2.0 * out),
    _std_formula,
    "std",
)


# -- largest and smallest -----------------------------------------------------------------------


def _share(direction: Any, out: Any, x: Any, axis: Axis) -> Any:
    """What of a direction belongs to the extreme elements; several share equally.

    The others get 0, whatever the direction is. A nan is equal to nothing: then all of its slice get 0/0 = nan.
    """
    extreme = x == kept(out, x.shape, axis)
    count = np.sum(extreme, axis=axis, keepdims=True, dtype=x.dtype)
    return np.where(extreme, direction / count, 0.0 / count)


def _extreme_formula(adjoint: Any, out: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    extreme = x == kept(out, x.shape, axis)
    share = _unreduced(adjoint, out, x, axis) / np.sum(extreme, axis=axis, keepdims=True)
    return np.where(extreme, share, 0.0)


def _extreme(function: Any, pair: Any, *aliases: Any) -> None:
    primitive = general(
        function.__name__,
        function,
        vjps=[lambda adjoint, out, x, axis, keepdims: _share(_unreduced(adjoint, out, x, axis), out, x, axis)],
        jvps=[
            lambda tangent, out, x, axis, keepdims: np.sum(
                _share(tangent, out, x, axis), axis=_last(axis, tangent, x), keepdims=keepdims
            )
        ],
        formulas=[_extreme_formula],
        batched=True,
        sample=reduction_samples(masks=False),
    )

    def handler(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = UNSET,
        where: Any = True,
    ) -> Any:
        if initial is UNSET and where is True:
            return reduce(primitive, function, a, axis, keepdims, out=out)
        if initial is UNSET:
            raise no_rule(function_name(function), "where", "NumPy wants initial=... with it.")
        if not a.size:
            # nothing but the initial value: no derivative
            return function(value_of(a), axis=axis, keepdims=keepdims, initial=value_of(initial))
        if where is not True:
            a = np.where(where, a, initial)
        return pair(reduce(primitive, function, a, axis, keepdims, out=out), initial)

    handles(function, *aliases)(handler)


_extreme(np.max, np.maximum, np.amax)
_extreme(np.min, np.minimum, np.amin)


# -- running sum --------------------------------------------------------------------------------


def _from_end(axis: int | None, x: Any) -> int:
    """The axis counted from the end, so that a leading axis does not move it; None is the only one there is."""
    return -1 if axis is None else axis - len(x.shape)


def _turned(x: Any, axis: int) -> Any:
    """The order along one axis (counted from the end) turned around."""
    return x[(Ellipsis, slice(None, None, -1), *(slice(None),) * (-axis - 1))]


def _cumsum_transpose(adjoint: Any, out: Any, x: Any, axis: int | None, **_: Any) -> Any:
    axis = _from_end(axis, x)
    return _turned(np.cumsum(_turned(adjoint, axis), axis=axis), axis)


_cumsum = linear(
    "cumsum",
    np.cumsum,
    transpose=_cumsum_transpose,
    pushforward=lambda tangent, out, x, axis, **_: np.cumsum(tangent, axis=_from_end(axis, x)),
    symbol="running sum",
    batched=True,
    sample=lambda rng: [
        ((rng.normal(size=4),), {"axis": None}),
        ((rng.normal(size=(2, 3, 4)),), {"axis": 1}),
        ((rng.normal(size=(2, 3)),), {"axis": 1, "dtype": "<f8"}),
        ((rng.normal(size=(0, 3)),), {"axis": 0}),
    ],
)


@handles(np.cumsum)
def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    refuse_positional_out(np.cumsum, out)
    x = operand(a)
    if axis is not None:
        axis = np.lib.array_utils.normalize_axis_index(int(axis), x.ndim)
    elif x.ndim != 1:
        x = np.ravel(x)  # as NumPy does first
    return apply(_cumsum, (x,), {"axis": axis} | ({} if dtype is None else {"dtype": np.dtype(dtype).str}))
