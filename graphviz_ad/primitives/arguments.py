"""What a NumPy call says besides its operands: arguments at their defaults pass, the others are named in an error."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import function_name, refuse_out
from graphviz_ad.core.traced import Traced
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError

UNSET: Any = object()
"""The default of an argument for which None has a meaning of its own."""

_UFUNC_DEFAULTS = {
    "where": True,
    "casting": "same_kind",
    "order": "K",
    "dtype": None,
    "subok": True,
    "signature": None,
}

_UFUNC_REMEDIES = {
    "where": "Write np.where(mask, {label}(x), other) instead.",
    "dtype": "Write {label}(x.astype(dtype)) instead.",
}


def no_rule(label: str, argument: str, remedy: str) -> UnsupportedError:
    """The error for an argument that has no derivative rule."""
    return UnsupportedError(f"{label}(..., {argument}=...) has no derivative rule here{here()}. {remedy}")


def refuse_options(function: Any, options: dict[str, Any]) -> None:
    """Refuse the keyword arguments that ufuncs take, unless they say what holds anyway."""
    label = function_name(function)
    for name, value in options.items():
        if isinstance(value, np.ndarray | Traced) or value != _UFUNC_DEFAULTS.get(name, UNSET):
            remedy = _UFUNC_REMEDIES.get(name, "Leave it out.")
            raise no_rule(label, name, remedy.format(label=label))


def refuse_positional_out(function: Any, out: Any) -> None:
    """Refuse an ``out`` array that came by position."""
    if out is not None:
        refuse_out(function_name(function), {"out": out})


def plain_axis(axis: Any) -> int | tuple[int, ...] | None:
    """An axis argument as plain ints."""
    if axis is None or type(axis) is int:
        return axis
    return tuple(int(a) for a in axis) if isinstance(axis, tuple | list) else int(axis)
