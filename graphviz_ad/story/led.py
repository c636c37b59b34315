"""Which cells of an index led to a cell: the index, applied to an array that holds where its own cells lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.primitive import Dynamic, is_ours
from graphviz_ad.core.traced import Traced
from graphviz_ad.primitives.indexing import fill

Mask = np.ndarray[Any, np.dtype[np.bool_]]


def led_from(record: Traced, argnum: int, cells: Mask) -> Mask | None:
    """Return the cells of an index of ints from which these cells of ``x[index]`` were found.

    Parameters
    ----------
    record
        An index, ``np.take`` or ``np.take_along_axis``; of anything else nothing is known here, nor of a mask: where
        it is True decides together how many cells there are.
    argnum
        Which input of the node is the index.
    """
    index = np.asarray(record.inputs[argnum].value)
    primitive, params = record.primitive, record.params
    assert primitive is not None
    known = is_ours(primitive) and primitive.name in ("index", "take", "take_along_axis")
    if index.dtype.kind not in "iu" or not known:
        return None
    if primitive.name == "take_along_axis":
        return np.asarray(sweep.sum_to_shape(cells.astype(int), index.shape), int).astype(bool)
    values = [one.value for one in record.inputs]
    axis = params["axis"] if primitive.name == "take" else _axis(record, argnum)
    numbers = np.arange(index.size)
    values[0] = numbers if axis is None else _along(numbers, np.shape(values[0]), axis)
    values[argnum] = numbers.reshape(index.shape)
    found = np.zeros(index.size, bool)
    found[np.asarray(primitive.compute(*values, **params))[cells]] = True
    return found.reshape(index.shape)


def _along(numbers: Any, shape: tuple[int, ...], axis: int) -> Any:
    """An array that holds along one axis, which becomes as long, these numbers."""
    axis %= len(shape)
    behind = len(shape) - axis - 1
    return np.broadcast_to(numbers.reshape(-1, *(1,) * behind), (*shape[:axis], len(numbers), *shape[axis + 1 :]))


def _axis(record: Traced, argnum: int) -> int:
    """The axis that an input of an index is about."""
    key, parts = record.params["key"], tuple(one.value for one in record.inputs[1:])
    template = key if isinstance(key, tuple) else (key,)
    place = next(k for k, part in enumerate(template) if isinstance(part, Dynamic) and part.number == argnum - 1)
    taken = [_axes(fill(part, parts)) for part in template]
    if any(part is Ellipsis for part in template[:place]):
        return len(record.inputs[0].shape) - sum(taken[place:])
    return int(record.params.get("lead", 0)) + sum(taken[:place])


def _axes(part: Any) -> int:
    """How many axes a part of a key is about."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1
