"""The mistakes that explain gradients computed by hand: fingerprints of the first wrong node, wrong whole passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.traced import shape_of
from graphviz_ad.exercises.fingerprints import Fingerprints, alike
from graphviz_ad.exercises.functions import Functions, Use
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.story.numbers import listed, shape_text

COMPUTED = 1e-6
"""Gradients are computed, not typed: they match to so much."""
LARGEST = 400
"""Larger graphs are not swept once for each of their slips."""
MOST = 120


class Slip(NamedTuple):
    """One thing done wrong somewhere on the way back: what some functions send instead, and edges that send nothing."""

    code: str
    words: str
    instead: Mapping[int, tuple[int, Any]]
    """By the position of a function's result the input that it sends to, and the derivative that it takes."""
    silent: frozenset[tuple[int, int]] = frozenset()
    """Edges, as consumer and argnum."""


def explained(graph: BaseGraph, first: str, given: Mapping[str, Any]) -> dict[str, str]:
    """By code the mistakes that give the first wrong node's number, with their words.

    One slip that explains all that came back, what is right and what is wrong, says more than a match at one node.

    Parameters
    ----------
    given
        All adjoints that came back, by node name.
    """
    yours = given[first]
    wrong = [name for name, value in given.items() if not alike(value, graph[name].adjoint, COMPUTED)]
    if len(wrong) > 1:
        found = _by_passes(graph, given)
        if found:
            return found
    found = {
        one.code: " ".join(one.hints[:2])
        for one in Fingerprints(graph).of_adjoint(first)
        if alike(one.value, yours, COMPUTED)
    }
    return found or _by_shape(graph, first, yours) or (_by_passes(graph, given) if len(wrong) == 1 else {})


def _by_shape(graph: BaseGraph, first: str, yours: Any) -> dict[str, str]:
    """What the shape alone tells."""
    shape, wanted = shape_of(yours), graph[first].shape
    if len(shape) == 2 and shape == wanted[::-1] and shape != wanted:
        return {"M7": _words("M7", shape=shape_text(wanted))}
    if len(shape) > len(wanted) and shape[len(shape) - len(wanted) :] == wanted:
        return {"M8": _words("M8", x=first, wide=shape_text(shape))}
    return _by_axis(graph, first, yours)


def _by_axis(graph: BaseGraph, first: str, yours: Any) -> dict[str, str]:
    """A sum over the axis that a broadcast array has itself, instead of the one along which it was copied."""
    node = graph[first]
    for edge in Functions(graph).edges(node.id):
        wide, adjoint = edge.consumer.shape, edge.consumer.adjoint
        axes = range(len(wide)) if len(wide) > len(node.shape) else ()
        if any(alike(np.sum(adjoint, axis=axis), yours, COMPUTED) for axis in axes):
            words = (
                f"{first} was copied along an axis of {shape_text(wide)}, and that is a sum over another one: "
                f"{first} has the shape {shape_text(node.shape)}. Over which axis do its copies lie?"
            )
            return {"M8": words}
    return {}


def _words(code: str, **facts: str) -> str:
    known = MISCONCEPTIONS[code]
    return f"{known.name} {known.question}".format(**facts)


# -- whole passes ---------------------------------------------------------------------------------------


def _by_passes(graph: BaseGraph, given: Mapping[str, Any]) -> dict[str, str]:
    """The slips whose pass gives all of this."""
    if len(graph) > LARGEST or not given:
        return {}
    found: dict[str, str] = {}
    for slip, _ in zip(_slips(graph), range(MOST), strict=False):
        adjoints = _swept(graph, slip)
        if all(alike(adjoints.get(graph[name].id, 0.0), value, COMPUTED) for name, value in given.items()):
            found.setdefault(slip.code, slip.words)
    return found


def _slips(graph: BaseGraph) -> Iterator[Slip]:
    """What may have gone wrong: at one place, or at all activations alike."""
    functions = Functions(graph)
    uses = [
        use
        for node in graph.nodes
        if node.reached and node.id not in functions.hidden
        for use in functions.uses(node.id)
        if use.alone and len(use.edges) == 1
    ]
    gates = [use for use in uses if use.gate or len(use.positions) > 1]
    inside = {position for use in gates for position in use.positions}
    single = [use for use in uses if use in gates or not inside & set(use.positions)]
    for code, chosen in (("at output", single), ("M6", gates)):
        made = {use.consumer: one for use in chosen if (one := _instead(functions, use, code)) is not None}
        for use in chosen:
            if use.consumer in made:
                yield Slip(code, _of(graph, code, use), {use.consumer: made[use.consumer]})
        if len(gates) > 1 and all(use.consumer in made for use in gates):
            words = _of(graph, code, gates[0])
            yield Slip(code, words, {use.consumer: made[use.consumer] for use in gates})
    yield from _forks(graph, functions)


def _instead(functions: Functions, use: Use, code: str) -> tuple[int, Any] | None:
    """The derivative that a function takes by mistake."""
    graph = functions.graph
    if code == "M6":
        return (use.input, 1.0) if graph[use.input].shape == graph[use.consumer].shape else None
    if graph[use.input].shape != graph[use.consumer].shape:
        return None
    found = functions.derivative(use, graph[use.consumer].value)
    return None if found is None else (use.input, found)


def _of(graph: BaseGraph, code: str, use: Use) -> str:
    x, u = graph.names[use.input], graph.names[use.consumer]
    return f"It goes wrong between {u} and {x}. {_words(code, x=x, u=u)}"


def _forks(graph: BaseGraph, functions: Functions) -> Iterator[Slip]:
    """One contribution left out, or one kept, at an inner node that is used more than once."""
    for node in graph.nodes:
        edges = functions.edges(node.id)
        if node.kind != "primitive" or len(edges) < 2 or node.id in functions.inside:
            continue
        names = listed(list(dict.fromkeys(edge.consumer.name for edge in edges)))
        words = f"It goes wrong at {node.name}. {_words('M1', k=str(len(edges)), x=node.name, consumers=names)}"
        for edge in edges:
            this = (edge.consumer.id, edge.argnum)
            rest = frozenset((other.consumer.id, other.argnum) for other in edges) - {this}
            yield Slip("M1", words, {}, rest)
            if len(edges) > 2:
                yield Slip("M1", words, {}, frozenset({this}))


def _swept(graph: BaseGraph, slip: Slip) -> dict[int, Any]:
    """All adjoints of a pass with a slip, by position."""
    held: dict[int, Any] = {position: graph.seed_of(position) for position in graph.seeded}

    def send(position: int, sent: Any) -> None:
        held[position] = held[position] + sent if position in held else sent

    with np.errstate(all="ignore"):
        for consumer in range(len(graph) - 1, -1, -1):
            if consumer not in held:
                continue
            if consumer in slip.instead:
                position, derivative = slip.instead[consumer]
                send(position, held[consumer] * derivative)
                continue
            record = graph.records[consumer]
            for argnum, position in enumerate(graph.input_table[consumer]):
                if sweep.active_edge(record, argnum) and (consumer, argnum) not in slip.silent:
                    sent = sweep.contribution(record, argnum, held[consumer])
                    if sent is not None:
                        send(position, sent)
    return held
