"""Complex values stand between real inputs and real results: which primitives take them, and what is said elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import COMPLEX, REGISTRY, Primitive
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError

REAL_RESULT = "only a real result has a gradient; return np.real(z), np.imag(z), np.abs(z) or np.abs(z) ** 2"
"""What to say of a result that is complex."""

_ORDERS = frozenset((
    "less", "less_equal", "greater", "greater_equal", "maximum", "minimum", "fmax", "fmin", "max", "min", "nanmax",
    "nanmin", "argmax", "argmin", "nanargmax", "nanargmin", "sort", "argsort", "sorted_order", "partition",
    "argpartition", "median", "nanmedian", "quantile", "percentile", "clip", "searchsorted",
))  # fmt: skip

_INSTEAD = {
    "norm": "Write np.sqrt(np.sum(np.abs(z) ** 2)).",
    "vdot": "Write np.sum(np.conj(a) * b).",
    "vecdot": "Write np.sum(np.conj(a) * b, axis=-1).",
    "var": "Write np.mean(np.abs(z - np.mean(z)) ** 2).",
    "std": "Write np.sqrt(np.mean(np.abs(z - np.mean(z)) ** 2)).",
    "convolve": "Write np.fft.ifft(np.fft.fft(z, n) * np.fft.fft(k, n)) with n = len(z) + len(k) - 1.",
    "sign": "Write z / np.abs(z).",
    "fabs": "Write np.abs(z).",
}


def is_complex(value: Any) -> bool:
    """Whether a plain value is a complex number or an array of them.

    Examples
    --------
    >>> is_complex(1j), is_complex(np.zeros(2, "F")), is_complex(1.0)
    (True, True, False)
    """
    kind = type(value)
    if kind is float or kind is np.float64:
        return False
    dtype = getattr(value, "dtype", None)
    return dtype.kind == "c" if dtype is not None else kind is complex


def complex_form(primitive: Primitive) -> Primitive:
    """The primitive that takes complex values in this one's place; an error where there is no rule for them."""
    name = primitive.name
    if name in COMPLEX and REGISTRY.get(name) is primitive:
        return REGISTRY[COMPLEX[name]]
    if name in _ORDERS:
        raise UnsupportedError(
            f"complex numbers have no order{here()}, so np.{name} has no meaning for them here. Take it of np.abs(z), "
            "np.real(z) or np.imag(z)."
        )
    remedy = _INSTEAD.get(name, "Take np.real(z), np.imag(z), np.abs(z) or np.angle(z) first.")
    raise UnsupportedError(
        f"{name} has no rule for complex values{here()}. {remedy} Those that have one: {', '.join(sorted(COMPLEX))}."
    )


def check_complex(primitive: Primitive, *values: Any) -> None:
    """Raise if one of a primitive's values is complex, and it has no rule for that. A user's own is let alone."""
    name = primitive.name
    if name not in COMPLEX and REGISTRY.get(name) is primitive and any(map(is_complex, values)):
        complex_form(primitive)
