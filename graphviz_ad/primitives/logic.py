"""Primitives without derivative: comparisons, logic, steps, positions and casts, which replay like the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import HANDLERS, OPERATORS, Primitive, general, handles, plain
from graphviz_ad.core.traced import NO_PARAMS, Traced, apply, dtype_of, operand, unsupported, value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import InputError, UnsupportedError
from graphviz_ad.primitives.arguments import handle_ufunc, no_rule, plain_axis, refuse_positional_out


def _declare(ufunc: np.ufunc, symbol: str) -> Primitive:
    primitive = plain(ufunc.__name__, ufunc, symbol=symbol)
    handle_ufunc(ufunc, primitive)
    return primitive


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
    np.logical_not: "not",
    np.isnan: "is nan",
    np.isfinite: "is finite",
    np.isinf: "is inf",
    np.signbit: "has sign −",
}.items():
    _declare(_ufunc, _symbol)


def _bitwise(ufunc: np.ufunc, logical: np.ufunc) -> None:
    """``&`` and its kin on bools are logic; on ints they have no place in a graph of numbers."""

    def handler(x1: Any, x2: Any, /, **options: Any) -> Any:
        if all(dtype_of(value_of(operand(x))).kind == "b" for x in (x1, x2)):
            return HANDLERS[logical](x1, x2, **options)
        raise unsupported(f"np.{ufunc.__name__}")

    handles(ufunc)(handler)


_bitwise(np.bitwise_and, np.logical_and)
_bitwise(np.bitwise_or, np.logical_or)
_bitwise(np.bitwise_xor, np.logical_xor)


# -- steps --------------------------------------------------------------------------------------

# They give floats, but a step has nothing to say about small changes: no derivative edge
_declare(np.sign, "sign")
_declare(np.floor, "floor")
_declare(np.ceil, "ceil")
_declare(np.trunc, "trunc")
_declare(np.rint, "round")
OPERATORS["floor_divide"] = _declare(np.floor_divide, "//")

_round = plain("round", np.round)


@handles(np.round, np.around)
def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    refuse_positional_out(np.round, out)
    return apply(_round, (operand(a),), {"decimals": int(decimals)})


_fix = plain("fix", np.fix)


@handles(np.fix)
def fix(x: Any, out: Any = None) -> Any:
    refuse_positional_out(np.fix, out)
    return apply(_fix, (operand(x),), NO_PARAMS)


# -- positions and truth over an axis -----------------------------------------------------------


def handle_position(function: Any) -> None:
    """Declare and handle a function that says where along an axis an element stands."""
    primitive = plain(function.__name__, function)

    def handler(a: Any, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        refuse_positional_out(function, out)
        return apply(primitive, (operand(a),), {"axis": plain_axis(axis), "keepdims": bool(keepdims)})

    handles(function)(handler)


handle_position(np.argmax)
handle_position(np.argmin)


def _truth(function: Any, remedy: str) -> None:
    primitive = plain(function.__name__, function)

    def handler(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Any:
        refuse_positional_out(function, out)
        if where is not True:
            raise no_rule(f"np.{function.__name__}", "where", remedy)
        return apply(primitive, (operand(a),), {"axis": plain_axis(axis), "keepdims": bool(keepdims)})

    handles(function)(handler)


_truth(np.any, "Write np.any(x & mask) instead.")
_truth(np.all, "Write np.all(x | ~mask) instead.")

_count_nonzero = plain("count_nonzero", np.count_nonzero, symbol="count ≠ 0")


@handles(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return apply(_count_nonzero, (operand(a),), {"axis": plain_axis(axis), "keepdims": bool(keepdims)})


_argsort = plain("argsort", np.argsort)


@handles(np.argsort)
def argsort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    if order is not None:
        raise no_rule("np.argsort", "order", "It is about fields of records, which no traced value has: leave it out.")
    return apply(_argsort, (operand(a),), {"axis": plain_axis(axis), "kind": kind, "stable": stable})


# -- equality of whole arrays -------------------------------------------------------------------

# One node for the whole question. `if np.allclose(x, y)` asks for its truth: that is the guard, as for x < y.


def _near(name: str, function: Any) -> None:
    def compute(a: Any, b: Any, *tolerances: Any, equal_nan: bool = False) -> Any:
        return np.asarray(function(a, b, *tolerances, equal_nan=equal_nan))[()]  # np.allclose gives Python's own bool

    def sample(rng: np.random.Generator) -> list[Any]:
        x = rng.normal(size=(2, 3))
        return [((x, x + 1e-9), {}), ((x, x[0]), {}), ((x, 1.1 * x, 0.2, 0.0), {"equal_nan": True})]

    primitive = plain(name, compute, symbol="close to", sample=sample)

    def handler(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Any:
        usual = type(rtol) is float and type(atol) is float and (rtol, atol) == (1e-05, 1e-08)
        tolerances = () if usual else (operand(rtol), operand(atol))
        return apply(primitive, (operand(a), operand(b), *tolerances), {"equal_nan": True} if equal_nan else NO_PARAMS)

    handles(function)(handler)


_near("isclose", np.isclose)
_near("allclose", np.allclose)

_array_equal = plain(
    "array_equal",
    lambda a, b, equal_nan=False: np.bool_(np.array_equal(a, b, equal_nan)),
    symbol="equal",
    sample=lambda rng: [((np.ones(3), np.ones(3)), {}), ((np.ones(3), np.ones(2)), {"equal_nan": True})],
)
_array_equiv = plain(
    "array_equiv",
    lambda a, b: np.bool_(np.array_equiv(a, b)),
    symbol="equal",
    sample=lambda rng: [((np.ones((2, 3)), np.ones(3)), {})],
)


@handles(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    return apply(_array_equal, (operand(a1), operand(a2)), {"equal_nan": True} if equal_nan else NO_PARAMS)


@handles(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> Any:
    return apply(_array_equiv, (operand(a1), operand(a2)), NO_PARAMS)


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
    batched=True,
)
_to_discrete = plain("astype_discrete", _cast, symbol="astype")


def astype(x: Traced, dtype: Any) -> Any:
    """``x.astype(dtype)``: between floats it has a derivative; to bool or int it is a break."""
    target = np.dtype(dtype)
    if target.kind not in "biufc":
        raise InputError(f".astype({target}) is not available on traced values: only numbers and bools are.")
    if x.dtype.kind == "c" and target.kind != "c":
        raise UnsupportedError(
            f".astype({target}) of a complex value would drop its imaginary part in silence{here()}. Write np.real(z), "
            "np.imag(z) or np.abs(z)."
        )
    primitive = _astype if target.kind in "fc" else _to_discrete
    return apply(primitive, (x,), {"dtype": target.str})


HANDLERS["astype"] = astype
