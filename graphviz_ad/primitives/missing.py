"""Reductions that leave nan out: nansum, nanmean, nanprod, nanvar, nanstd, nanmax, nanmin, nanargmax, nanargmin.

They are the reductions under a mask, which is true where there is a number: so are their rules. What is left out gets
0. A result of nothing but nan has no derivative: 0 ÷ 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import REGISTRY, general, handles
from graphviz_ad.core.traced import value_of
from graphviz_ad.primitives.arguments import UNSET, no_rule, refuse_positional_out
from graphviz_ad.primitives.logic import handle_position
from graphviz_ad.primitives.reductions import (
    Mask,
    computed,
    handle_mean,
    handle_spread,
    handle_total,
    reduce,
    reduction_samples,
)

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


handle_total(np.nansum, _declare(np.nansum, "sum"), "initial + np.nansum(x)")
handle_total(np.nanprod, _declare(np.nanprod, "prod"), "initial * np.nanprod(x)")
handle_mean(np.nanmean, _declare(np.nanmean, "mean"))
handle_spread(np.nanvar, _declare(np.nanvar, "var"))
handle_spread(np.nanstd, _declare(np.nanstd, "std"))

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

handle_position(np.nanargmax)
handle_position(np.nanargmin)
