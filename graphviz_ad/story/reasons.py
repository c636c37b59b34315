"""Why a local derivative is exactly 0 or 1, in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.visible import called
from graphviz_ad.story.equations import (
    is_condition,
    is_folded,
    is_scalar,
    local_term,
    number_term,
    own_term,
    scalar_local,
    value_term,
)
from graphviz_ad.story.numbers import MAX_ENTRIES, entries, short
from graphviz_ad.story.paper import Unicode
from graphviz_ad.story.terms import Array, Number, Operation, Symbol, Term, is_number, symbols

_OPPOSITE = {
    "less": "greater_equal",
    "less_equal": "greater",
    "greater": "less_equal",
    "greater_equal": "less",
    "equal": "not_equal",
    "not_equal": "equal",
}


def local_reason(edge: Edge) -> str:
    """Why a local derivative is exactly 0 or 1, or is not known; "" where it is none of these, or mixed.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> local_reason(gad.trace(lambda x: np.maximum(0, x), -2.0).edges[1])
    'out = max(0, x) does not change with x where x ≤ 0, and here x = −2'
    >>> local_reason(gad.trace(lambda a, b: a + b, 1.0, 2.0).edges[0])
    'out = a + b adds a with factor 1'
    """
    consumer, name = edge.consumer, edge.input.name
    text = Unicode().text
    if consumer.primitive is None:
        return ""
    made = f"{consumer.name} = {text(value_term(consumer))}"
    if edge.is_break:
        if consumer.primitive.kind == "cut":
            return f"detach takes the number of {name} alone: no derivative goes back through it"
        return f"{made} stays as it is while {name} changes a little, or jumps: it has no derivative"
    if not edge.active:
        discrete = edge.input.primitive is not None and edge.input.dtype.kind in "biu"
        return f"{name} is no float: nothing can change it a little" if discrete else f"{name} is a constant"
    local = edge.local
    if isinstance(local, LocalJacobian):
        if _is_unknown(local):
            return unknown(f"the rule of {called(consumer.primitive.name)}")
        if not is_scalar(edge):
            return ""
        local = scalar_local(edge)
    values = np.unique(np.asarray(local))
    if values.size != 1 or values[0] not in (0, 1):
        return ""
    number = int(values[0])
    term = local_term(edge)
    if term is None:
        term = (number_term(edge) if is_scalar(edge) else None) or Number(number)
    if is_number(term):
        return _always(consumer, name, made, number)
    conditions = [i for node in consumer.inputs if is_condition(node) for i in node.inputs]
    seen = {node.id: node for node in (*conditions, *consumer.inputs, consumer)}.values()
    nodes = [node for node in seen if not node.shape and not is_folded(node)]
    known = {Symbol(node.name): node.value for node in nodes}
    if isinstance(term, Operation) and term.name == "where":
        return _at_a_kink(term, known, edge, made, number) or _on_a_branch(term, known, name, made, number)
    if any(symbol not in known for symbol in symbols(term)):
        return f"∂{consumer.name}/∂{name} = {text(term)}, which is {number} everywhere here"
    values_text = ", ".join(
        f"{text(own_term(node))} = {short(node.value)}" for node in nodes if Symbol(node.name) in symbols(term)
    )
    return f"∂{consumer.name}/∂{name} = {text(term)}, and here {values_text}"


def unknown(rule: str) -> str:
    """What is said where a user's own rule does not give a local derivative, but only what a sweep asks it for."""
    return f"{rule} (gad.custom) could not be asked for the local derivative alone: that is left out"


def _is_unknown(local: LocalJacobian) -> bool:
    """Whether a local derivative that would be shown in numbers is known to nobody: see `numbers.entries`."""
    return not local.is_ours and np.prod(local.shape, dtype=float) <= MAX_ENTRIES and entries(local) is None


def _always(consumer: Node, name: str, made: str, number: int) -> str:
    assert consumer.primitive is not None
    if number == 0:
        return f"{made} does not change with {name}"
    word = {"add": "adds", "subtract": "contains", "remainder": "moves with"}.get(consumer.primitive.name)
    return f"{made} {word} {name} with factor 1" if word else f"{made} hands {name} on as it is"


_SELECTING = ("maximum", "minimum", "clip")
"""Primitives that are continuous where their cases meet."""


def _at_a_kink(term: Operation, known: dict[Symbol, Any], edge: Edge, made: str, number: int) -> str:
    """What is said where two cases meet that have other slopes; "" elsewhere."""
    here, primitive = Symbol(edge.input.name), edge.consumer.primitive
    if here not in known or primitive is None or primitive.name not in _SELECTING:
        return ""
    value = np.asarray(known[here])
    ends = value.dtype.type(-np.inf), value.dtype.type(np.inf)
    left, right = (_case(term, known | {here: np.nextafter(value, end)}) for end in ends)
    if left is None or right is None or left == right:
        return ""
    text = Unicode().text
    return (
        f"{made} has a kink at {_here(term, known)}: slope {text(left)} on the left, {text(right)} on the right; "
        f"by convention {number} is used"
    )


def _case(term: Term, known: dict[Symbol, Any]) -> Term | None:
    """The case that holds, of a definition by cases; None where it is about arrays."""
    while isinstance(term, Operation) and term.name == "where":
        condition, yes, no = term.arguments
        holds = _truth(condition, known)
        if holds is None:
            return None
        term = yes if holds else no
    return term


def _on_a_branch(term: Operation, known: dict[Symbol, Any], name: str, made: str, number: int) -> str:
    """Why a case of a definition by cases holds."""
    text = Unicode().text
    if any(np.isnan(value) for value in known.values()):
        return ""  # a comparison with NaN fails, and so does its opposite
    reasons = []
    meets = False
    rest: Term = term
    while isinstance(rest, Operation) and rest.name == "where":
        condition, yes, no = rest.arguments
        holds = _truth(condition, known)
        if holds is None:
            return ""
        meets = meets or _is_tie(condition, known)
        if not holds and isinstance(condition, Operation) and condition.name in _OPPOSITE:
            condition = Operation(_OPPOSITE[condition.name], condition.arguments)
        reasons.append(text(condition) if holds or isinstance(condition, Operation) else f"not {text(condition)}")
        rest = yes if holds else no
    where = " and ".join(reasons)
    verb = f"does not change with {name}" if number == 0 else f"hands {name} on as it is"
    ending = ", just where the cases meet: the one that was taken counts" if meets else ""
    return f"{made} {verb} where {where}, and here {_here(term, known)}{ending}"


def _here(term: Term, known: dict[Symbol, Any]) -> str:
    """The numbers of all that a term speaks of."""
    used = sorted(symbols(term), key=lambda symbol: symbol.name)
    return ", ".join(f"{Unicode().text(symbol)} = {short(known[symbol])}" for symbol in used)


def _is_tie(condition: Term, known: dict[Symbol, Any]) -> bool:
    """Whether a comparison is of two equal numbers, so that a little to the one side another case holds."""
    return (
        isinstance(condition, Operation)
        and condition.name in ("less", "less_equal", "greater", "greater_equal")
        and bool(_truth(Operation("equal", condition.arguments), known))
    )


def _truth(condition: Term, known: dict[Symbol, Any]) -> bool | None:
    """Whether a condition on scalars holds; None where it is about arrays."""
    if isinstance(condition, Symbol):
        return bool(known[condition]) if condition in known else None
    if isinstance(condition, Array):
        return None
    if isinstance(condition, Number):
        return bool(condition.value)
    values = [
        known.get(a) if isinstance(a, Symbol) else a.value if isinstance(a, Number) else None
        for a in condition.arguments
    ]
    if any(value is None for value in values) or condition.name not in REGISTRY:
        return None
    return bool(REGISTRY[condition.name].compute(*values, **condition.params))
