"""Positions and their kin, which have no derivative: argpartition, searchsorted, digitize, lexsort, indices_from."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from graphviz_ad.core.primitive import function_name, handles, plain
from graphviz_ad.core.traced import apply, operand, shape_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.primitives.arguments import no_rule, plain_axis
from graphviz_ad.primitives.shapes import ints

# -- positions in the graph ---------------------------------------------------------------------

_argpartition = plain(
    "argpartition",
    lambda x, kth, axis, kind: np.argpartition(x, kth, axis, kind),
    sample=lambda rng: [
        ((rng.normal(size=(3, 5)),), {"kth": 2, "axis": axis, "kind": "introselect"}) for axis in (0, None)
    ],
)
_searchsorted = plain(
    "searchsorted",
    lambda a, v, side: np.searchsorted(a, v, side),
    sample=lambda rng: [((np.arange(3.0), rng.normal(size=(2, 2))), {"side": "right"})],
)
_digitize = plain(
    "digitize",
    lambda x, bins, right: np.digitize(x, bins, right),
    sample=lambda rng: [((rng.normal(size=4), np.arange(3.0)), {"right": True})],
)
_lexsort = plain(
    "lexsort",
    lambda *keys, axis: np.lexsort(keys, axis),
    sample=lambda rng: [((rng.normal(size=4), rng.normal(size=4)), {"axis": -1})],
)


@handles(np.argpartition)
def argpartition(a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None) -> Any:
    if order is not None:
        raise no_rule(
            "np.argpartition", "order", "It is about fields of records, which no traced value has: leave it out."
        )
    return apply(_argpartition, (operand(a),), {"kth": ints(kth), "axis": plain_axis(axis), "kind": kind})


@handles(np.searchsorted)
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    a = operand(a)
    if sorter is not None:
        a = np.take(a, sorter)
    return apply(_searchsorted, (a, operand(v)), {"side": side})


@handles(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    return apply(_digitize, (operand(x), operand(bins)), {"right": bool(right)})


@handles(np.lexsort)
def lexsort(keys: Any, axis: Any = -1) -> Any:
    return apply(_lexsort, tuple(operand(key) for key in keys), {"axis": ints(axis)})


# -- positions that only the shape decides ------------------------------------------------------


@handles(np.diag_indices_from)
def diag_indices_from(arr: Any) -> Any:
    return np.diag_indices_from(np.broadcast_to(0, shape_of(arr)))


@handles(np.tril_indices_from)
def tril_indices_from(arr: Any, k: Any = 0) -> Any:
    return np.tril_indices_from(np.broadcast_to(0, shape_of(arr)), ints(k))


@handles(np.triu_indices_from)
def triu_indices_from(arr: Any, k: Any = 0) -> Any:
    return np.triu_indices_from(np.broadcast_to(0, shape_of(arr)), ints(k))


# -- results whose shape the values decide ------------------------------------------------------


def _refuse(function: Any, what: str, remedy: str) -> None:
    label = function_name(function)

    def handler(*args: Any, **kwargs: Any) -> NoReturn:
        raise UnsupportedError(f"{label}{here()} {what}, which a graph does not follow. {remedy}")

    handles(function)(handler)


_MASK = "Write x[mask] for the elements, or np.where(mask, x, y); for the positions {}(np.asarray(mask))."
_function: Any
for _function in (np.nonzero, np.flatnonzero, np.argwhere):
    _refuse(_function, "gives as many positions as the values decide", _MASK.format(function_name(_function)))

_DIFFERENT = (
    "Write np.unique(np.asarray(gad.detach(x)), return_index=True), which is data, and index x with the positions."
)
for _name in ("unique", "unique_values", "unique_counts", "unique_inverse", "unique_all"):
    if hasattr(np, _name):
        _refuse(getattr(np, _name), "gives as many values as differ", _DIFFERENT)

_refuse(np.trim_zeros, "drops as many elements as are zero", "Write a slice, x[first:last].")

_COUNTS = "counts values in bins and jumps where a value changes bins"
for _function in (np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges):
    _refuse(
        _function,
        _COUNTS,
        f"For plain counts write {function_name(_function)}(np.asarray(gad.detach(x))); for a smooth density sum a "
        "kernel such as np.exp(-((x - centre) / width) ** 2).",
    )
