"""Primitives without derivative: comparisons, logic, rounding, positions and casts, which replay like the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import HANDLERS, Primitive, general, handles, plain
from graphviz_ad.core.traced import Traced, apply, dtype_of, operand, unsupported, value_of
from graphviz_ad.errors import InputError


def _comparison(ufunc: np.ufunc, symbol: str) -> None:
    primitive = plain(ufunc.__name__, ufunc, symbol=symbol)

    def handler(x1: Any, x2: Any, /) -> Any:
        return apply(primitive, (operand(x1), operand(x2)), {})

    handles(ufunc)(handler)


for _ufunc, _symbol in {
    np.less: "<",
    np.less_equal: "≤",
    np.greater: ">",
    np.greater_equal: "≥",
    np.equal: "=",
    np.not_equal: "≠",
    np.logical_and: "and",
    np.logical_or: "or",
    np.logical_xor: "xor",
}.items():
    _comparison(_ufunc, _symbol)


def _unary(ufunc: np.ufunc, symbol: str) -> None:
    primitive = plain(ufunc.__name__, ufunc, symbol=symbol)

    def handler(x: Any, /) -> Any:
        return apply(primitive, (operand(x),), {})

    handles(ufunc)(handler)


_unary(np.logical_not, "not")
_unary(np.isnan, "is nan")
_unary(np.isfinite, "is finite")
_unary(np.isinf, "is inf")


def _bitwise(ufunc: np.ufunc, logical: np.ufunc) -> None:
    """``&`` and its kin on bools are logic; on ints they have no place in a graph of numbers."""

    def handler(x1: Any, x2: Any, /) -> Any:
        if all(dtype_of(value_of(operand(x))).kind == "b" for x in (x1, x2)):
            return HANDLERS[logical](x1, x2)
        raise unsupported(f"np.{ufunc.__name__}")

    handles(ufunc)(handler)


_bitwise(np.bitwise_and, np.logical_and)
_bitwise(np.bitwise_or, np.logical_or)
_bitwise(np.bitwise_xor, np.logical_xor)


# sign, floor and ceil give floats, but steps have nothing to say about small changes: no derivative edge
_unary(np.sign, "sign")
_unary(np.floor, "floor")
_unary(np.ceil, "ceil")


# -- positions and truth over an axis -----------------------------------------------------------


def _reducing(name: str, function: Any) -> None:
    primitive = plain(name, function)

    def handler(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return apply(primitive, (operand(a),), {"axis": axis, "keepdims": bool(keepdims)})

    handles(function)(handler)


_reducing("argmax", np.argmax)
_reducing("argmin", np.argmin)
_reducing("any", np.any)
_reducing("all", np.all)

_argsort = plain("argsort", lambda x, axis: np.argsort(x, axis=axis, kind="stable"))


@handles(np.argsort)
def argsort(a: Any, axis: Any = -1) -> Any:
    return apply(_argsort, (operand(a),), {"axis": axis})


# -- casts --------------------------------------------------------------------------------------


def _cast(value: Any, dtype: str) -> Any:
    return np.asarray(value).astype(dtype)[()]


_astype: Primitive = general(
    "astype",
    _cast,
    # the sweep casts every contribution to its input's dtype
    vjps=[lambda adjoint, out, x, dtype: adjoint],
    jvps=[
        lambda tangent, out, x, dtype: tangent.astype(dtype) if hasattr(tangent, "astype") else _cast(tangent, dtype)
    ],
)
_to_discrete = plain("astype_discrete", _cast, symbol="astype")


def astype(x: Traced, dtype: Any) -> Any:
    """``x.astype(dtype)``: between floats it has a derivative; to bool or int it is a break."""
    target = np.dtype(dtype)
    if target.kind not in "biuf":
        raise InputError(f".astype({target}) is not available on traced values: only floats, ints and bools are.")
    primitive = _astype if target.kind == "f" else _to_discrete
    return apply(primitive, (x,), {"dtype": target.str})


HANDLERS["astype"] = astype
