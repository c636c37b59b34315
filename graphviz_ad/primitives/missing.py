"""Reductions that leave nan out: nansum, nanmean, nanprod, nanvar, nanstd, nanmax, nanmin, nanargmax, nanargmin.

They are the reductions under a mask, which is true where there is a number: so are their rules. What is left out gets
0. A result of nothing but nan has no derivative: 0 ÷ 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import REGISTRY, general, handles, plain
from graphviz_ad.core.traced import apply, operand, value_of
from graphviz_ad.primitives.arguments import UNSET, no_rule, plain_axis, refuse_positional_out
from graphviz_ad.primitives.reductions import Mask, computed, initial_of, reduce, reduction_samples

# -- sums, products, variances ------------------------------------------------------------------


def _numbers(x: Any, mask: Mask) -> tuple[Any, Any]:
    """The values with 0 in place of nan, whose derivatives would be nan, and the mask of those that count."""
    there = np.logical_not(np.isnan(x))
    return np.where(there, x, 0.0), np.logical_and(there, mask[0]) if mask else there


def _declare(function: Any, base: str) -> Any:
    masked = REGISTRY[base]
    (vjp,), (jvp,) = masked.vjps, masked.jvps
    shown = masked.formulas[0] or vjp
    assert vjp is not None
    assert jvp is not None
    assert shown is not None

    def rule(run: Any) -> Any:
        def applied(direction: Any, out: Any, x: Any, *mask: Any, **params: Any) -> Any:
            return run(direction, out, *_numbers(x, mask), **params)

        return applied

    def formula(adjoint: Any, out: Any, x: Any, *mask: Any, **params: Any) -> Any:
        return shown(adjoint, out, x, _numbers(x, mask)[1], **params)

    extra: dict[str, list[dict[str, Any]]] = {"nansum": [{"initial": 2.5}], "nanprod": [{"initial": 2.5}]}
    extra |= {"nanvar": [{"ddof": 1}], "nanstd": [{"ddof": 1}]}
    return general(
        function.__name__,
        computed(function),
        vjps=[rule(vjp)],
        jvps=[rule(jvp)],
        formulas=[formula],
        batched=True,
        sample=reduction_samples(*extra.get(function.__name__, []), single=function is not np.nanstd),
    )


def _total(function: Any, base: str, remedy: str) -> None:
    primitive = _declare(function, base)

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


_total(np.nansum, "sum", "initial + np.nansum(x)")
_total(np.nanprod, "prod", "initial * np.nanprod(x)")

_nanmean = _declare(np.nanmean, "mean")


@handles(np.nanmean)
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    return reduce(_nanmean, np.nanmean, a, axis, keepdims, out=out, dtype=dtype, where=where)


def _spread_measure(function: Any, base: str) -> None:
    primitive = _declare(function, base)

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
            raise no_rule(
                f"np.{function.__name__}", "mean", "Leave it out: it saves time only, and would cut the graph."
            )
        if correction is not UNSET:
            if ddof:
                raise ValueError("ddof and correction can't be provided simultaneously.")
            ddof = correction
        params = {"ddof": ddof if isinstance(ddof, int) else float(ddof)} if ddof else {}
        return reduce(primitive, function, a, axis, keepdims, out=out, dtype=dtype, where=where, **params)

    handles(function)(handler)


_spread_measure(np.nanvar, "var")
_spread_measure(np.nanstd, "std")

# -- largest and smallest -----------------------------------------------------------------------


def _extreme(function: Any, base: str, pair: Any) -> None:
    ordinary = REGISTRY[base]
    # nan is equal to nothing, so these rules leave it out already
    primitive = general(
        function.__name__,
        function,
        vjps=ordinary.vjps,
        jvps=ordinary.jvps,
        formulas=ordinary.formulas,
        batched=True,
        sample=reduction_samples(masks=False),
    )

    def handler(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = UNSET, where: Any = True
    ) -> Any:
        if initial is UNSET and where is True:
            return reduce(primitive, function, a, axis, keepdims, out=out)
        if initial is UNSET:
            raise no_rule(f"np.{function.__name__}", "where", "NumPy wants initial=... with it.")
        if not np.size(value_of(a)):
            return function(value_of(a), axis=axis, keepdims=keepdims, initial=value_of(initial))
        refuse_positional_out(function, out)
        counts = np.logical_not(np.isnan(a)) if where is True else np.logical_and(where, np.logical_not(np.isnan(a)))
        return pair(reduce(ordinary, function, np.where(counts, a, initial), axis, keepdims), initial)

    handles(function)(handler)


_extreme(np.nanmax, "max", np.maximum)
_extreme(np.nanmin, "min", np.minimum)

# -- positions ----------------------------------------------------------------------------------


def _position(function: Any) -> None:
    primitive = plain(function.__name__, function)

    def handler(a: Any, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        refuse_positional_out(function, out)
        return apply(primitive, (operand(a),), {"axis": plain_axis(axis), "keepdims": bool(keepdims)})

    handles(function)(handler)


_position(np.nanargmax)
_position(np.nanargmin)
