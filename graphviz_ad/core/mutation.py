"""Notices arrays that were changed between their use and the sweep: `grad` keeps references, not copies."""

from __future__ import annotations

import linecache
import sys
from typing import Any

import numpy as np

from graphviz_ad.core.recorder import user_frame
from graphviz_ad.core.where import base_name
from graphviz_ad.errors import MutationError

WHOLE = 2048
"""Arguments of up to as many elements are compared whole, larger ones at some places: the function gets traced values
for them, so only by another name can it change them while it runs. Constants are always compared whole."""

SAMPLE = 256
"""At how many places at least a larger argument is compared."""

KEPT = 2**26
"""Up to as many bytes a copy is kept for the comparison: it costs less than any checksum. Beyond, a digest."""

Use = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], bytes, str, int]
"""An array that was used, the part of it that is watched, what it held then, and the file and line that used it."""


def contents(array: np.ndarray[Any, Any]) -> bytes:
    """What an array holds, bit by bit, so that nan is a value like any: two are equal only if nothing changed.

    Examples
    --------
    >>> a = np.array([1.0, 2.0, np.nan])
    >>> contents(a) == contents(a.copy()), contents(a) == contents(-a)
    (True, False)
    """
    if array.nbytes <= KEPT:
        return array.tobytes()
    import hashlib  # large arrays are rare

    return hashlib.blake2b(np.ascontiguousarray(array).data).digest()


def used(array: np.ndarray[Any, Any]) -> Use:
    """Note the use of a constant, here and now."""
    frame = user_frame(sys._getframe(1))
    place = ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
    watched = _memory(array)
    return array, watched, contents(watched), *place


def given(array: np.ndarray[Any, Any]) -> Use:
    """Note an argument as it is given."""
    watched = array if array.size <= WHOLE else _some(array)
    return array, watched, contents(watched), "", 0


def _some(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A view of some elements from everywhere in an array, whatever its memory order is."""
    flat = array if array.flags.c_contiguous else array.T if array.flags.f_contiguous else None
    if flat is not None:
        return flat.reshape(-1)[:: array.size // SAMPLE]
    step = max(1, int((array.size / SAMPLE) ** (1 / array.ndim)))
    return array[(slice(None, None, step),) * array.ndim]


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
    if contents(watched) == before:
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
