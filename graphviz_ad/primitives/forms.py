"""Functions that only ask a traced value for its form, or make an array of the same form."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.primitive import HANDLERS, handles
from graphviz_ad.core.traced import Traced, dtype_of, operand, shape_of, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.primitives.shapes import ints

# -- questions ----------------------------------------------------------------------------------


@handles(np.shape)
def shape(a: Any) -> Any:
    return a.shape


@handles(np.ndim)
def ndim(a: Any) -> Any:
    return a.ndim


@handles(np.size)
def size(a: Any, axis: Any = None) -> Any:
    return np.size(np.broadcast_to(0, a.shape), ints(axis))


@handles(np.iscomplexobj)
def iscomplexobj(x: Any) -> bool:
    return is_complex(value_of(x))


@handles(np.isrealobj)
def isrealobj(x: Any) -> bool:
    return not is_complex(value_of(x))


@handles(np.result_type)
def result_type(*arrays_and_dtypes: Any) -> Any:
    return np.result_type(*map(value_of, arrays_and_dtypes))


# -- arrays of the same form --------------------------------------------------------------------


def _filled(function: Any) -> None:
    """A function that fills with a number of its own: what it makes is plain data."""

    def handler(
        a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, *, device: Any = None
    ) -> Any:
        return function(value_of(a), dtype, order, subok, ints(shape), device=device)

    handles(function)(handler)


_filled(np.zeros_like)
_filled(np.ones_like)


@handles(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    plain = np.zeros_like(value_of(a), dtype, order, subok, ints(shape), device=device)
    if type(fill_value) is not Traced:
        fill_value = np.stack(fill_value) if isinstance(fill_value, list | tuple) else fill_value
    if type(fill_value) is not Traced:
        return np.full_like(plain, fill_value)
    # the fill's derivative goes on: the same numbers, cast and broadcast
    if dtype_of(fill_value.value) != plain.dtype:
        fill_value = HANDLERS["astype"](fill_value, plain.dtype)
    return fill_value if shape_of(fill_value) == plain.shape else np.broadcast_to(fill_value, plain.shape)


@handles(np.empty_like)
def empty_like(prototype: Any, /, *args: Any, **kwargs: Any) -> Any:
    raise UnsupportedError(
        f"np.empty_like{here()} makes an array to be filled in place, which the graph cannot see. "
        "Collect the pieces and np.stack them, or write np.zeros_like(x) for plain zeros."
    )


@handles(np.copy)
def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    return operand(a)  # a traced value never changes: it is as good as a copy
