"""Two functions are only compared after they gave the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.measure import Function

TOLERANCE = {"float64": 1e-9, "float32": 1e-4}

Pair = tuple[Function, Function]
"""Ours and theirs."""


def leaves(result: Any) -> list[np.ndarray[Any, Any]]:
    """The arrays in a nest of tuples, lists, numbers, arrays and tensors."""
    if isinstance(result, tuple | list):
        return [leaf for item in result for leaf in leaves(item)]
    return [np.asarray(result.detach() if hasattr(result, "detach") else result)]


def agree(ours: Any, theirs: Any, dtype: str = "float64") -> None:
    """Assert that two results are equal: dtypes, shapes, and numbers relative to the largest of their array."""
    for a, b in zip(leaves(ours), leaves(theirs), strict=True):
        assert a.dtype == b.dtype == dtype, f"{a.dtype} and {b.dtype} instead of {dtype}"
        assert np.any(b), "only zeros: nothing is compared"
        tolerance = TOLERANCE[dtype]
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.max(np.abs(b)), strict=True)


def checked(ours: Function, theirs: Function, dtype: str = "float64") -> Pair:
    """The two functions, after both ran and agreed."""
    agree(ours(), theirs(), dtype)
    return ours, theirs
