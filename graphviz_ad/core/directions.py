"""Directions are what sweeps start from: seeds and tangents, checked against the values that they belong to."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import HANDLERS
from graphviz_ad.core.traced import Traced, dtype_of, shape_of
from graphviz_ad.core.variables import check_array
from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError


def direction(value: Any, like: Any, what: str, of: str, kind: type[Exception] = ArgumentError) -> Any:
    """A seed or a tangent in the dtype of the value ``like``, whose shape it must have; it may be traced.

    ``what`` it is, and ``of`` what, are words for the error, whose class is ``kind``.
    """
    dtype, shape = dtype_of(like), shape_of(like)
    if type(value) is Traced:
        if value.shape != shape:
            raise kind(f"{what} has shape {value.shape}; it must have the shape {shape} of {of}.")
        return value if value.dtype == dtype else HANDLERS["astype"](value, dtype)
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        check_array(value, what)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise kind(f"{what} must be a number or an array of numbers, not {brief(value)}.") from error
    if array.dtype.kind not in ("biufc" if dtype.kind == "c" else "biuf"):
        raise kind(f"{what} must be a number or an array of numbers, not {brief(value)}.")
    if array.shape != shape:
        raise kind(f"{what} has shape {array.shape}; it must have the shape {shape} of {of}.")
    return array.astype(dtype, copy=False)[()]
