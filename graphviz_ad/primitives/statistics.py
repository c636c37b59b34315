"""Order statistics: median, quantile, percentile, and their forms that leave out nan.

Each is a weighted sum of sorted values whose weights do not depend on them. NumPy's function tells the weights itself:
given the ranks 0, 1, 2 … in place of the values, its answer is the place between two ranks where it reads. So every
``method`` has its derivative, and equal values count in the order of a stable sort.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import general, handles, plain
from graphviz_ad.core.traced import Traced, apply, invoke, operand, shape_of
from graphviz_ad.primitives.arguments import no_rule, plain_axis, refuse_positional_out
from graphviz_ad.primitives.indexing import Shape, leading
from graphviz_ad.primitives.reductions import Axis, kept, normal_axis

# -- the weights --------------------------------------------------------------------------------


def _shares(x: Any, statistic: str, axis: Axis, q: Any = None, weights: Any = None, **params: Any) -> Any:
    """The weight of every element in its result; shape of ``q`` + shape of ``x``."""
    function, shape = getattr(np, statistic), shape_of(x)
    axes = normal_axis(axis, len(shape))
    order = [position for position in range(len(shape)) if position not in axes] + list(axes)

    def in_rows(values: Any) -> Any:
        moved = np.transpose(values, order)
        rest = moved.shape[: len(order) - len(axes)]
        return moved.reshape((*rest, math.prod(moved.shape[len(rest) :])))

    values = in_rows(np.asarray(x))
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(float)
    missing = np.isnan(values)
    ranks[missing] = np.nan
    if q is not None:
        params["q"] = q
    if weights is not None:
        params["weights"] = in_rows(_spread(weights, shape, axis))
    # the axis counted from the front: from the end, NumPy's nan forms misplace the axes of a q that has two
    place = np.asarray(function(ranks, axis=ranks.ndim - 1, keepdims=True, **params))
    # a place between two ranks counts each by how near it is
    share = np.maximum(0.0, 1.0 - np.abs(ranks - place))
    if statistic.startswith("nan"):
        share = np.where(missing & ~np.isnan(place), 0.0, share)
    front = np.shape(q) if q is not None else ()
    share = share.reshape((*front, *(shape[axis] for axis in order)))
    back = [len(front) + order.index(position) for position in range(len(order))]
    return np.transpose(share, (*range(len(front)), *back)).astype(np.asarray(x).dtype)


def _spread(weights: Any, shape: Shape, axis: Any) -> Any:
    """Weights, of the whole array or of the axes that are reduced, in the array's shape."""
    if np.shape(weights) == shape:
        return weights
    axes = [one % len(shape) for one in (axis if isinstance(axis, tuple) else (axis,))]
    inside = np.transpose(weights, np.argsort(axes))
    return np.broadcast_to(inside.reshape([length if i in axes else 1 for i, length in enumerate(shape)]), shape)


_order_shares = plain(
    "order_shares",
    _shares,
    symbol="shares",
    sample=lambda rng: [
        ((rng.normal(size=(2, 4)),), {"statistic": "median", "axis": 1, "q": None}),
        ((rng.normal(size=4),), {"statistic": "quantile", "axis": None, "q": 0.3, "method": "hazen"}),
    ],
)


def _given(direction: Any, shares: Any) -> Any:
    """What of a direction belongs to each element; those without weight get 0 whatever the direction is."""
    return np.where(shares != 0, direction * shares, 0.0)


# -- the primitives -----------------------------------------------------------------------------


def _sample(statistic: str) -> Any:
    def sample(rng: np.random.Generator) -> list[Any]:
        x = rng.normal(size=(2, 3, 4))
        rows: list[tuple[Axis, bool]] = [(None, False), (0, False), (-1, True), ((0, 2), False)]
        if statistic.endswith("median"):
            return [((x,), {"axis": axis, "keepdims": keep}) for axis, keep in rows] + [
                ((rng.normal(size=5),), {"axis": None, "keepdims": False}),
                ((rng.normal(),), {"axis": None, "keepdims": False}),
            ]
        scale = 100.0 if "percentile" in statistic else 1.0
        found: list[Any] = [
            ((x,), {"axis": axis, "keepdims": keep, "q": 0.3 * scale, "method": "linear"}) for axis, keep in rows
        ]
        methods = ("median_unbiased", "hazen", "nearest", "midpoint", "inverted_cdf")
        found += [((x,), {"axis": 1, "keepdims": False, "q": 0.7 * scale, "method": method}) for method in methods]
        several = np.array([[0.1, 0.5], [0.9, 1.0]]) * scale
        found.append(((x,), {"axis": 1, "keepdims": True, "q": several, "method": "linear"}))
        found.append(((x,), {"axis": (0, -1), "keepdims": False, "q": several[0], "method": "linear"}))
        weights = np.tile([0.5, 1.0, 0.0, 2.0], (2, 3, 1))
        found.append(
            ((x,), {"axis": -1, "keepdims": False, "q": 0.4 * scale, "method": "inverted_cdf", "weights": weights})
        )
        return found

    return sample


def _statistic(name: str) -> Any:
    """Declare one of them; what is returned applies it."""
    function = getattr(np, name)

    def compute(x: Any, **params: Any) -> Any:
        return function(x, **params)

    def shares_of(x: Any, keepdims: bool, params: dict[str, Any]) -> Any:
        return invoke(_order_shares, (x,), {"statistic": name, **params})

    def behind_q(adjoint: Any, out: Any, x: Any, axis: Axis, q: Any) -> tuple[Any, int, int]:
        """The adjoint with the axes of ``x``, behind the leading axis and those of ``q``."""
        front, several = leading(adjoint, len(shape_of(out))), np.shape(q) if q is not None else ()
        return kept(adjoint, shape_of(x), axis, front + several), len(front), len(several)

    def vjp(adjoint: Any, out: Any, x: Any, axis: Axis, keepdims: bool, q: Any = None, **params: Any) -> Any:
        adjoint, lead, several = behind_q(adjoint, out, x, axis, q)
        sent = _given(adjoint, shares_of(x, keepdims, {"axis": axis, "q": q, **params}))
        return np.sum(sent, axis=tuple(range(lead, lead + several))) if several else sent

    def shown(adjoint: Any, out: Any, x: Any, axis: Axis, keepdims: bool, q: Any = None, **params: Any) -> Any:
        adjoint, lead, several = behind_q(adjoint, out, x, axis, q)
        sent = adjoint * shares_of(x, keepdims, {"axis": axis, "q": q, **params})
        return np.sum(sent, axis=tuple(range(lead, lead + several))) if several else sent

    def jvp(tangent: Any, out: Any, x: Any, axis: Axis, keepdims: bool, q: Any = None, **params: Any) -> Any:
        shape = shape_of(x)
        shares = shares_of(x, keepdims, {"axis": axis, "q": q, **params})
        front, several = leading(tangent, len(shape)), np.shape(q) if q is not None else ()
        if front and several:
            tangent = np.reshape(tangent, (*front, *(1,) * len(several), *shape))
        axes = tuple(position - len(shape) for position in normal_axis(axis, len(shape)))
        return np.sum(_given(tangent, shares), axis=axes, keepdims=keepdims)

    primitive = general(name, compute, vjps=[vjp], jvps=[jvp], formulas=[shown], batched=True, sample=_sample(name))

    def call(a: Any, axis: Any, out: Any, keepdims: Any, **params: Any) -> Any:
        refuse_positional_out(function, out)
        return apply(primitive, (operand(a),), {"axis": plain_axis(axis), "keepdims": bool(keepdims), **params})

    return call


# -- the functions ------------------------------------------------------------------------------


def _middle(name: str) -> None:
    call = _statistic(name)

    # what may be overwritten is a copy: a traced value never changes
    def handler(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
        return call(a, axis, out, keepdims)

    handles(getattr(np, name))(handler)


def _fraction(name: str) -> None:
    call = _statistic(name)
    scale = "100 * " if "percentile" in name else ""

    def handler(
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Any:
        if type(q) is Traced:
            raise no_rule(
                f"np.{name}", "q", f"Write np.interp(q, {scale}np.linspace(0, 1, len(x)), np.sort(x)), which has one."
            )
        if type(weights) is Traced:
            raise no_rule(
                f"np.{name}",
                "weights",
                "The result jumps from one element to the next where they change: pass plain weights, "
                "np.asarray(gad.detach(w)).",
            )
        if name.startswith("nan") and np.ndim(q) > 1 and isinstance(axis, tuple | list) and len(axis) > 1:
            raise no_rule(f"np.{name}", "q", "NumPy mixes up the results of a q of two axes: flatten q, then reshape.")
        params: dict[str, Any] = {"q": q if type(q) in (float, int) else np.array(q)[()], "method": method}
        if weights is not None:
            params["weights"] = np.array(weights)
        return call(a, axis, out, keepdims, **params)

    handles(getattr(np, name))(handler)


_middle("median")
_middle("nanmedian")
for _name in ("quantile", "percentile", "nanquantile", "nanpercentile"):
    _fraction(_name)
