"""The rows of the tables that say what the course shows: gold numbers, and errors beside what is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Gold:
    """An item of the curriculum: the cell that shows it, and a number that is read from a Graph after that cell.

    ``read`` is a Python expression over the notebook's names, and one of these names is a Graph; ``value`` is what it
    gives, a number or nested lists; ``what`` says what the number is. ``rtol`` is relative to the largest entry.
    """

    item: int
    notebook: str
    cell: str
    read: str
    value: Any
    what: str = ""
    rtol: float = 1e-5

    def agrees(self, found: Any) -> bool:
        """Whether a reading is this value: of the same shape and type of number, and near."""
        return near(found, self.value, self.rtol)


@dataclass(frozen=True)
class Shown:
    """An error of the sources, shown in a cell: two expressions after that cell, what is wrong and what is right.

    ``wrong_value`` and ``right_value`` are what they give; at least one entry must tell them apart.
    """

    error: str
    notebook: str
    cell: str
    wrong: str
    right: str
    wrong_value: Any
    right_value: Any
    rtol: float = 1e-5


def near(found: Any, wanted: Any, rtol: float) -> bool:
    """Whether two numbers, texts, or nested lists of them, are equal up to rounding."""
    one, other = np.asarray(found), np.asarray(wanted)
    if one.shape != other.shape:
        return False
    if not (np.issubdtype(one.dtype, np.number) and np.issubdtype(other.dtype, np.number)):
        return bool(np.array_equal(one, other))
    finite = np.abs(other[np.isfinite(other)])
    scale = float(finite.max()) if finite.size else 0.0
    return bool(np.allclose(one, other, rtol=0, atol=rtol * scale + 1e-15, equal_nan=True))
