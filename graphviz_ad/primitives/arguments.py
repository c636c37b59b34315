"""The arguments of a NumPy call: operands become inputs, options at their defaults pass, others become an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import Primitive, function_name, handles, refuse_out
from graphviz_ad.core.traced import NO_PARAMS, Traced, apply, operand
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


def handle_ufunc(
    ufunc: np.ufunc, primitive: Primitive, params: Callable[..., dict[str, Any]] = lambda *operands: NO_PARAMS
) -> None:
    """Let a primitive answer a ufunc of one or two arguments; ``params`` may depend on the operands."""

    def call(options: dict[str, Any], *inputs: Any) -> Traced:
        if options:
            refuse_options(ufunc, options)
        operands = tuple([operand(x) for x in inputs])
        return apply(primitive, operands, params(*operands))

    # written out with NumPy's own names: messages and docs/coverage.md read the signature
    def unary(x: Any, /, **options: Any) -> Traced:
        return call(options, x)

    def binary(x1: Any, x2: Any, /, **options: Any) -> Traced:
        return call(options, x1, x2)

    handles(ufunc)(unary if ufunc.nin == 1 else binary)


def refuse_positional_out(function: Any, out: Any) -> None:
    """Refuse an ``out`` array that came by position."""
    if out is not None:
        refuse_out(function_name(function), {"out": out})


def plain_axis(axis: Any) -> int | tuple[int, ...] | None:
    """An axis argument as plain ints."""
    if axis is None or type(axis) is int:
        return axis
    return tuple(int(a) for a in axis) if isinstance(axis, tuple | list) else int(axis)
