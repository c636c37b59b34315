"""Numbers of an exercise as text: arrays with every entry, since a person is to compute with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.story.narration import described
from graphviz_ad.story.numbers import short

MOST = 64
"""An array with more entries is told by its range."""


def spelled(value: Any, digits: int = 4) -> str:
    """A number, or an array as nested lists.

    Examples
    --------
    >>> spelled(1 / 3), spelled(np.arange(6.0).reshape(2, 3)), spelled(np.zeros(100))
    ('0.3333', '[[0, 1, 2], [3, 4, 5]]', 'all 0 of shape (100,)')
    """
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.size > MOST:
        return described(value)
    return _nested(array, digits)


def _nested(array: Any, digits: int) -> str:
    if array.ndim:
        return f"[{', '.join(_nested(row, digits) for row in array)}]"
    return short(array.item(), digits)
