"""Averages and what is made of them, of functions that have rules: average, ptp, cov, corrcoef."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import HANDLERS, handles, refuse_out
from graphviz_ad.core.traced import Traced, dtype_of, operand, shape_of, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import InputError
from graphviz_ad.primitives.arguments import no_rule, plain_axis
from graphviz_ad.primitives.indexing import reshaped


@handles(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    refuse_out("np.ptp", {"out": out})
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


# -- average ------------------------------------------------------------------------------------


def _cast(x: Any, dtype: Any) -> Any:
    """The value in another dtype; no step where it has it."""
    if dtype_of(value_of(x)) == dtype:
        return x
    return HANDLERS["astype"](x, dtype) if type(x) is Traced else np.asarray(x, dtype)


def _weights(weights: Any, x: Any, axis: Any) -> Any:
    """Weights, of the whole array or of the axes that are averaged over, so that they broadcast against it."""
    weights = operand(weights)
    shape, own = shape_of(x), shape_of(weights)
    if own == shape:
        return weights
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    axes = [one % len(shape) for one in (axis if isinstance(axis, tuple) else (axis,))]
    if own != tuple(shape[one] for one in axes):
        raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
    inside = np.transpose(weights, tuple(int(i) for i in np.argsort(axes))) if len(axes) > 1 else weights
    return reshaped(inside, tuple(length if i in axes else 1 for i, length in enumerate(shape)))


@handles(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    x, axis = operand(a), plain_axis(axis)
    count: Any
    if weights is None:
        result = np.mean(x, axis=axis, keepdims=keepdims)
        if not returned:
            return result
        size = np.size(value_of(x)) / np.size(value_of(result))
        return result, np.full(shape_of(result), dtype_of(value_of(result)).type(size))[()]
    w = _weights(weights, x, axis)
    floats = (float,) if dtype_of(value_of(x)).kind in "iub" else ()
    dtype = np.result_type(dtype_of(value_of(x)), dtype_of(value_of(w)), *floats)
    # weights of their axes alone are summed as they are, the same numbers in the same order
    count = np.sum(w, axis=axis, dtype=dtype, keepdims=keepdims)
    if np.any(value_of(count) == 0.0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    product = np.multiply(_cast(x, dtype), _cast(w, dtype))
    result = np.sum(product, axis=axis, keepdims=keepdims) / count
    if not returned:
        return result
    return result, count if shape_of(count) == shape_of(result) else np.broadcast_to(count, shape_of(result))


# -- covariance ---------------------------------------------------------------------------------


def _rows(m: Any, dtype: Any, rowvar: bool) -> Any:
    """Observations as rows of variables."""
    x = _cast(operand(m), dtype)
    if len(shape_of(x)) > 2:
        raise ValueError("m has more than 2 dimensions")
    turned = not rowvar and len(shape_of(x)) == 2
    x = reshaped(x, (1,) * (2 - len(shape_of(x))) + shape_of(x))
    return np.transpose(x) if turned else x


def _frequencies(weights: Any, name: str, length: int) -> Any:
    if weights is None:
        return None
    if type(weights) is Traced:
        raise no_rule("np.cov", name, "Write the weighted mean and the product (x - mean) * w @ (x - mean).T out.")
    found = np.asarray(weights, dtype=float)
    if name == "fweights" and not np.all(found == np.around(found)):
        raise TypeError("fweights must be integer")
    if found.ndim > 1:
        raise RuntimeError(f"cannot handle multidimensional {name}")
    if found.shape[0] != length:
        raise RuntimeError(f"incompatible numbers of samples and {name}")
    if np.any(found < 0):
        raise ValueError(f"{name} cannot be negative")
    return found


@handles(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    given = [dtype_of(value_of(operand(one))) for one in (m, y) if one is not None]
    dtype = np.result_type(*given, np.float64) if dtype is None else np.dtype(dtype)
    if dtype.kind != "f":
        raise InputError(f"np.cov(..., dtype={dtype}){here()}: only real numbers are differentiated.")
    x = _rows(m, dtype, rowvar)
    if not shape_of(x)[0]:
        return np.zeros((0, 0))
    if y is not None:
        other = _rows(y, dtype, rowvar=True)
        if not rowvar and shape_of(other)[0] != 1:
            other = np.transpose(other)
        x = np.concatenate((x, other), axis=0)
    length = shape_of(x)[1]
    ddof = (0 if bias else 1) if ddof is None else ddof
    frequencies, importance = _frequencies(fweights, "fweights", length), _frequencies(aweights, "aweights", length)
    w = importance if frequencies is None else frequencies if importance is None else frequencies * importance
    mean, total = np.average(x, axis=1, weights=w, returned=True)
    total = total[0]
    if w is None:
        count = length - ddof
    elif ddof == 0:
        count = total
    elif importance is None:
        count = total - ddof
    else:
        count = total - ddof * sum(w * importance) / total
    if count <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=2)
        count = 0.0
    x = x - mean[:, None]
    products = np.dot(x, np.transpose(x if w is None else x * w))
    # NumPy multiplies in place, which keeps the dtype
    return np.squeeze(_cast(products * np.true_divide(1, count), dtype_of(value_of(products))))


@handles(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = cov(x, y, rowvar, dtype=dtype)
    if not shape_of(c):
        return c / c  # one variable alone
    deviation = np.sqrt(np.diagonal(c))
    return np.clip(c / deviation[:, None] / deviation[None, :], -1, 1)
