"""Notices arrays that were changed between their use and the sweep: `grad` keeps references, not copies."""

from __future__ import annotations

import linecache
import sys
from typing import Any

import numpy as np

from graphviz_ad.core.recorder import user_frame
from graphviz_ad.core.where import base_name
from graphviz_ad.errors import MutationError

SAMPLE = 256
"""Large inputs are compared at this many places; constants are compared whole."""

_SMALL = 2**13
"""Up to as many bytes the data itself is its own best checksum: to copy and compare it is cheaper than any sum."""

_weights = np.empty(0, np.int64)


Use = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], tuple[int, bytes], str, int]
"""An array that was used, the part of it that is watched, its checksum then, and the file and line that used it."""


def checksum(array: np.ndarray[Any, Any]) -> tuple[int, bytes]:
    """A weighted sum of an array's bits: it sees single changes, exchanges and sign flips, and nan is a value like any.

    Examples
    --------
    >>> a = np.array([1.0, 2.0, np.nan])
    >>> checksum(a) == checksum(a.copy()), checksum(a) == checksum(a[[1, 0, 2]])
    (True, False)
    """
    if array.nbytes <= _SMALL:
        return 0, array.tobytes()
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    whole = len(data) // 8
    words = data[: whole * 8].view(np.int64)
    return int(np.einsum("i,i->", words, _weight(whole))), data[whole * 8 :].tobytes()


def _weight(count: int) -> np.ndarray[Any, Any]:
    global _weights  # noqa: PLW0603  (a cache that only grows; replaced whole, so threads do no harm)
    weights = _weights
    if len(weights) < count:
        with np.errstate(over="ignore"):
            # odd multiples of the golden ratio: all different, and none hides a change
            weights = np.arange(1, 2 * count, 2, dtype=np.int64) * np.int64(0x1E3779B97F4A7C15)
        _weights = weights
    return weights[:count]


def used(array: np.ndarray[Any, Any]) -> Use:
    """Note the use of a constant, here and now."""
    frame = user_frame(sys._getframe(1))
    place = ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
    watched = _memory(array)
    return array, watched, checksum(watched), *place


def given(array: np.ndarray[Any, Any]) -> Use:
    """Note an argument as it is given: it is watched whole if small, else every n-th element."""
    if array.size > SAMPLE:
        watched = array.reshape(-1, copy=None)[:: array.size // SAMPLE]
        return array, watched, (0, watched.tobytes()), "", 0
    return array, array, (0, array.tobytes()), "", 0


def _memory(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What an array looks at, where that is smaller than the array: sliding windows and broadcasts repeat elements."""
    found: np.ndarray[Any, Any] = array
    base: Any = array.base
    while base is not None:
        if isinstance(base, np.ndarray) and base.nbytes < found.nbytes:
            found = base
        base = getattr(base, "base", None)
    return found


def verify(use: Use) -> None:
    """Raise if a used array is no longer what it was."""
    array, watched, before, filename, line = use
    if checksum(watched) == before:
        return
    if not filename:
        raise MutationError(
            f"an argument, an array of shape {array.shape}, was changed in place while the function ran, so its "
            "gradient would be wrong. Make a new array instead: `W = W * 5`, not `W *= 5`."
        )
    text = linecache.getline(filename, line).strip()
    where = f" at line {line} of {base_name(filename)}" + (f" (`{text}`)" if text else "") if line else ""
    raise MutationError(
        f"an array of shape {array.shape} was changed in place after it was used{where}, so the gradient of that "
        "use would be wrong. Make a new array instead: `W = W * 5`, not `W *= 5`."
    )
