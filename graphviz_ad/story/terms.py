"""Terms are formulas as small immutable trees, made from a graph's nodes and simplified the way one writes on paper."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import REGISTRY, Primitive
from graphviz_ad.core.sweep import ancestors
from graphviz_ad.core.traced import Traced, shape_of

Shape = tuple[int, ...]

MAX_SIZE = 24
"""A derivative's formula with more operations than this is no formula that one reads."""


@dataclass(frozen=True, slots=True)
class Number:
    """A plain number."""

    value: Any
    shape: Shape = ()


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """A plain array, which no node of the graph holds."""

    value: Any

    @property
    def shape(self) -> Shape:
        """The array's shape."""
        return shape_of(self.value)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A node by its name; ``kind`` says which of its numbers is meant: "value", "adjoint" or "tangent"."""

    name: str
    shape: Shape = ()
    kind: str = "value"


@dataclass(frozen=True, slots=True)
class Operation:
    """A primitive of arguments.

    Some names are no primitives: "pi"; "call", a function called by ``params["name"]``; "partial", the local
    derivative of ``params["consumer"]`` by ``params["input"]``; "pullback", what it makes of an adjoint; "axes_of_one",
    a reshape that only adds or drops axes of length 1.
    """

    name: str
    arguments: tuple[Term, ...]
    params: Mapping[str, Any] = field(default_factory=dict, compare=False)
    shape: Shape = ()


Term = Number | Array | Symbol | Operation


# -- making -------------------------------------------------------------------------------------


def plain_term(value: Any) -> Number | Array:
    """The term of a plain number or array."""
    return Array(value) if shape_of(value) else Number(value.item() if hasattr(value, "item") else value)


def operation_term(
    primitive: Primitive, arguments: Iterable[Term], params: Mapping[str, Any], shape: Shape
) -> Operation:
    """A primitive applied to terms; a user's own primitive is a call of its name."""
    arguments = tuple(arguments)
    if REGISTRY.get(primitive.name) is primitive:
        return Operation(primitive.name, arguments, params, shape)
    return Operation("call", arguments, {"name": primitive.name}, shape)


def traced_term(value: Any, known: Mapping[int, Term], most: int = MAX_SIZE) -> Term | None:
    """The term of a traced value; ``known`` has the terms of the leaves, by creation index.

    None where it has more than ``most`` operations.
    """
    if type(value) is not Traced:
        return plain_term(value)
    terms: dict[int, Term] = dict(known)
    sizes = dict.fromkeys(terms, 0)
    for node in ancestors([value]):
        if node.index in terms:
            continue
        if node.primitive is None:
            terms[node.index] = plain_term(node.value)
            sizes[node.index] = 0
            continue
        arguments = [terms[item.index] if type(item) is Traced else plain_term(item) for item in node.inputs]
        sizes[node.index] = 1 + sum(sizes[item.index] for item in node.inputs if type(item) is Traced)
        if sizes[node.index] > most:
            return None
        terms[node.index] = operation_term(node.primitive, arguments, node.params, node.shape)
    return terms[value.index]


def substituted(term: Term, values: Mapping[Symbol, Term]) -> Term:
    """The term with other terms in the place of symbols; nothing is simplified."""
    if isinstance(term, Symbol):
        return values.get(term, term)
    if isinstance(term, Operation):
        return replace(term, arguments=tuple(substituted(argument, values) for argument in term.arguments))
    return term


def symbols(term: Term) -> set[Symbol]:
    """Every symbol in a term."""
    if isinstance(term, Symbol):
        return {term}
    if isinstance(term, Operation):
        return set().union(*(symbols(argument) for argument in term.arguments))
    return set()


# -- simplifying --------------------------------------------------------------------------------
# Only what a derivative rule leaves behind is tidied up, by rules that keep the number: a user's own formula is shown
# as it was written.


def simplified(term: Term) -> Term:
    """The term without what one does not write: ×1, +0, double signs, products of numbers.

    Examples
    --------
    >>> x = Symbol("x")
    >>> simplified(Operation("multiply", (Number(1.0), Operation("add", (x, Number(0.0)))))) == x
    True
    """
    if isinstance(term, Number):
        return _NAMED.get(term.value, term) if type(term.value) is float else term
    if not isinstance(term, Operation):
        return term
    arguments = tuple(simplified(argument) for argument in term.arguments)
    term = replace(term, arguments=arguments)
    rule = _RULES.get(term.name)
    found = rule(term, *arguments) if rule is not None else None
    return term if found is None else found


def is_number(term: Term, value: float | None = None) -> bool:
    """Whether a term is a plain number; this one, if one is given."""
    return isinstance(term, Number) and not isinstance(term.value, bool) and (value is None or term.value == value)


def _is_real(term: Term) -> bool:
    return is_number(term) and not isinstance(term.value, complex)  # type: ignore[union-attr]


def same(a: Term, b: Term) -> bool:
    """Whether two terms are certainly the same; parameters are not compared, so with parameters they are not."""
    if isinstance(a, Operation) and isinstance(b, Operation):
        return (
            a.name == b.name
            and not (a.params or b.params)
            and len(a.arguments) == len(b.arguments)
            and all(map(same, a.arguments, b.arguments))
        )
    return isinstance(a, Number | Symbol) and a == b


def _is(term: Term, name: str) -> bool:
    return isinstance(term, Operation) and term.name == name


def make(name: str, *arguments: Term, like: Term | None = None) -> Term:
    """An arithmetic operation on simplified terms, simplified; ``like`` has the same shape."""
    if like is not None:
        shape = like.shape
    else:
        shape = np.broadcast_shapes(*(argument.shape for argument in arguments))
    term = Operation(name, arguments, {}, shape)
    found = _RULES[name](term, *arguments)
    return term if found is None else found


def _add(term: Operation, a: Term, b: Term) -> Term | None:
    if is_number(a) and is_number(b):
        return Number(a.value + b.value)  # type: ignore[union-attr]
    if is_number(a, 0) and b.shape == term.shape:
        return b
    if is_number(b, 0) and a.shape == term.shape:
        return a
    if _is(b, "negative"):
        return make("subtract", a, _only(b))
    if _is(a, "negative"):
        return make("subtract", b, _only(a))
    if _is(b, "multiply") and _is_real(_left(b)) and _left(b).value < 0:  # type: ignore[union-attr]
        return make("subtract", a, make("negative", b))
    return None


def _subtract(term: Operation, a: Term, b: Term) -> Term | None:
    if is_number(a) and is_number(b):
        return Number(a.value - b.value)  # type: ignore[union-attr]
    if is_number(b, 0) and a.shape == term.shape:
        return a
    if is_number(a, 0) and b.shape == term.shape:
        return make("negative", b)
    if _is(b, "negative"):
        return make("add", a, _only(b))
    return None


def _multiply(term: Operation, a: Term, b: Term) -> Term | None:
    if is_number(b) and not is_number(a):
        a, b = b, a  # the number first
        term = replace(term, arguments=(a, b))
    if is_number(a) and is_number(b):
        return Number(a.value * b.value)  # type: ignore[union-attr]
    if is_number(a, 0):
        return a
    if is_number(a, 1) and b.shape == term.shape:
        return b
    if is_number(a, -1):
        return make("negative", b)
    for one, other in ((a, b), (b, a)):
        if _is(one, "negative"):
            product = make("multiply", *((_only(one), other) if one is a else (other, _only(one))))
            return make("negative", product)
        if _is(one, "divide") and is_number(_left(one), 1):
            return make("divide", other, _right(one))
    if _is(b, "multiply") and is_number(a) and is_number(_left(b)):
        return make("multiply", make("multiply", a, _left(b)), _right(b))
    if _is(a, "subtract") and _is(b, "add") and same(_left(a), _left(b)) and same(_right(a), _right(b)):
        # (1 − x)(1 + x) is 1 − x²: rules are written so for the digits, which a reader does not lose
        return make("subtract", make("multiply", _left(a), _left(a)), make("multiply", _right(a), _right(a)))
    for one, other in ((a, b), (b, a)):
        # x · x is x², x · x² is x³; nothing deeper
        if same(one, other):
            return Operation("power", (one, Number(2)), {}, term.shape)
        if _is(one, "power") and same(_left(one), other) and is_number(_right(one)):
            return Operation("power", (other, Number(_right(one).value + 1)), {}, term.shape)  # type: ignore[union-attr]
        if _is(one, "multiply") and same(_right(one), other) and one is a:
            # 3 · y · y
            return make("multiply", _left(one), make("multiply", other, other))
    return term


def _divide(term: Operation, a: Term, b: Term) -> Term | None:
    if is_number(b, 1) and a.shape == term.shape:
        return a
    if is_number(a, 0):
        return a
    if _is(a, "negative"):
        return make("negative", make("divide", _only(a), b))
    if _is(b, "divide") and is_number(_left(b), 1):
        return make("multiply", a, _right(b))
    if _is(a, "divide"):
        return make("divide", _left(a), make("multiply", _right(a), b))
    if _is_real(a) and 0 < abs(a.value) < 1 and (1 / a.value).is_integer():  # type: ignore[union-attr]
        return make("divide", Number(1), make("multiply", Number(1 / a.value), b))  # type: ignore[union-attr]
    return None


def _negative(_term: Operation, a: Term) -> Term | None:
    if is_number(a):
        return Number(-a.value)  # type: ignore[union-attr]
    if _is(a, "negative"):
        return _only(a)
    if _is(a, "subtract"):
        return make("subtract", _right(a), _left(a))
    if _is(a, "multiply") and is_number(_left(a)):
        return make("multiply", Number(-_left(a).value), _right(a))  # type: ignore[union-attr]
    return None


def _power(term: Operation, a: Term, b: Term) -> Term | None:
    if _is_real(a) and is_number(b):
        return plain_term(np.power(float(a.value), b.value))  # type: ignore[union-attr]
    if is_number(b, 1) and a.shape == term.shape:
        return a
    return Number(1.0) if is_number(b, 0) else None


def _matmul(term: Operation, a: Term, b: Term) -> Term | None:
    if len(a.shape) == 1 and len(b.shape) == 2:
        # a vector from the left is the transposed matrix from the left: on paper vectors are columns
        return Operation("matmul", (_transposed(b), a), {}, term.shape)
    return None


def _transposed(term: Term) -> Term:
    if _is(term, "transpose"):
        return _only(term)
    return Operation("transpose", (term,), {}, term.shape[::-1])


def _transpose(_term: Operation, a: Term) -> Term | None:
    if len(a.shape) < 2:
        return a
    return _only(a) if _is(a, "transpose") and len(a.shape) == 2 else None


def _reshape(term: Operation, a: Term) -> Term | None:
    if a.shape == term.shape:
        return a
    if [n for n in a.shape if n != 1] == [n for n in term.shape if n != 1]:
        return Operation("axes_of_one", (a,), term.params, term.shape)
    return None


def _only(term: Term) -> Term:
    assert isinstance(term, Operation)
    return term.arguments[0]


_left = _only


def _right(term: Term) -> Term:
    assert isinstance(term, Operation)
    return term.arguments[1]


_RULES: dict[str, Callable[..., Term | None]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "negative": _negative,
    "power": _power,
    "positive": lambda term, a: a,
    "alias": lambda term, a: a,
    "reshape": _reshape,
    "transpose": _transpose,
    "matmul": _matmul,
    "where": lambda term, condition, a, b: a if same(a, b) and a.shape == term.shape else None,
}


_PI = Operation("pi", ())
_LN2, _LN10 = (Operation("log", (Number(n),)) for n in (2, 10))
_NAMED: dict[Any, Term] = {
    math.pi: _PI,
    math.log(2): _LN2,
    1 / math.log(2): Operation("divide", (Number(1), _LN2)),
    1 / math.log(10): Operation("divide", (Number(1), _LN10)),
    math.pi / 180: Operation("divide", (_PI, Number(180))),
    180 / math.pi: Operation("divide", (Number(180), _PI)),
}
"""Numbers of derivative rules that have a name."""
