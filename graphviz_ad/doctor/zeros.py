"""Parameters that are reached and whose adjoint is 0 all the same: which local derivatives of 0 are to blame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.visible import called
from graphviz_ad.doctor.finding import Finding, expression, some
from graphviz_ad.story.reasons import local_reason
from graphviz_ad.story.trails import ends

_OPEN = (
    "The units are off here: smaller learning rate, another initialisation (gad.nn.he_normal, biases 0), or "
    "gad.nn.leaky_relu, whose slope is nowhere 0."
)
_GATES = {"relu", "maximum", "minimum", "clip", "where", "fmax", "fmin"}


def is_zero(value: Any) -> bool:
    """Whether an adjoint is there, and 0 in every place."""
    return value is not None and np.asarray(value).size > 0 and not np.any(value)


def blocked(graph: BaseGraph, nodes: Sequence[Node]) -> Iterator[Finding]:
    """One finding for each set of edges that let nothing through, with all parameters that stay at 0 because of it."""
    causes: dict[tuple[int, ...], tuple[list[Node], list[Edge]]] = {}
    following: dict[int, list[Edge]] = {}
    zero = [node for node in nodes if node.reached and is_zero(node.adjoint)]
    if zero:
        for edge in graph.edges:
            if edge.active and edge.consumer.reached:
                following.setdefault(edge.input.id, []).append(edge)
    for node in zero:
        edges = list(_blocking(following, node))
        causes.setdefault(tuple(edge.consumer.id for edge in edges), ([], edges))[0].append(node)
    for start, edges in causes.values():
        yield _finding(graph, start, edges)


def _blocking(following: dict[int, list[Edge]], start: Node) -> Iterator[Edge]:
    """The edges that send 0 though something arrives, on all ways from a node to the output."""
    seen = {start.id}
    stack = [start.id]
    while stack:
        for edge in following.get(stack.pop(), ()):
            if not is_zero(edge.consumer.adjoint):
                if is_zero(edge.contribution):
                    yield edge
            elif edge.consumer.id not in seen:
                seen.add(edge.consumer.id)
                stack.append(edge.consumer.id)


def _finding(graph: BaseGraph, start: Sequence[Node], edges: Sequence[Edge]) -> Finding:
    names = tuple(node.name for node in start)
    what = f"The gradient of {some(names)} is exactly 0."
    if not edges:
        return Finding(
            "warning",
            "cancelled",
            what,
            "Contributions arrive and add up to 0, or nothing arrives at the output itself.",
            f"If the loss should change with {'it' if len(names) == 1 else 'them'}, look at both ways that cancel.",
            marks=dict.fromkeys(names, "adjoint 0"),
            parameters=names,
        )
    edge = edges[0]
    others = f" The same holds at {len(edges) - 1} other edges." if len(edges) > 1 else ""
    follows = " Every adjoint behind it is 0 as well." if any(one.consumer.id != edge.consumer.id for one in edges) or (
        edge.input.name not in names) else ""  # fmt: skip
    why, instead = _reason(edge)
    marks = dict.fromkeys((one.consumer.name for one in edges[:6]), "sends 0 back")
    if (off := _switched_off(edge.input)) is not None:
        marks[off.name] = "off everywhere"
    cuts = {}
    for node in start:
        for end in ends(graph, node):
            if end.kind != "loose":
                cuts[f"{end.source}, {end}" if end.source else str(end)] = end.consumer
    if cuts:
        others += f" Another way from {some(names)} ends at {' and at '.join(list(cuts)[:2])}."
        marks |= {one.name: "" for one in cuts.values() if one is not None and one.name not in marks}
    for name in names:
        marks.setdefault(name, "adjoint 0")
    return Finding(
        "warning",
        "zero",
        what,
        f"{why}{follows}{others}",
        instead,
        (edge.consumer if off is None else off).source,
        marks,
        names,
    )


def _switched_off(node: Node) -> Node | None:
    """The gate that a node comes from, where it lets nothing through."""
    while node.primitive is not None and is_zero(node.value):
        if node.primitive.name in _GATES:
            return node
        source = next((one for one in node.inputs if one.differentiable), None)
        if source is None:
            return None
        node = source
    return None


def _reason(edge: Edge) -> tuple[str, str]:
    consumer, name = edge.consumer, called(edge.input.name)
    made = consumer.primitive
    assert made is not None
    said = local_reason(edge)
    shown = f"`{expression(consumer)}`"
    local = edge.local
    plain = None if isinstance(local, LocalJacobian) or local is None else np.asarray(local)
    if made.name in _GATES:
        why = said or f"{shown} takes another value than {name} at every place, so it does not change with {name}"
        instead = _OPEN
    elif made.name in {"multiply", "matmul", "dot", "einsum", "tensordot", "inner", "outer"}:
        others = [node for node in consumer.inputs if node.id != edge.input.id]
        zero = [node for node in others if is_zero(node.value)]
        if zero:
            factor = zero[0]
            label = called(factor.name) if factor.kind != "constant" or factor.shape else ""
            why = f"{shown} multiplies {name} by {f'{label}, which is 0' if label else '0'}"
            instead = (
                f"Draw {label} at random, gad.nn.glorot_normal or gad.nn.he_normal: weights of 0 let nothing through."
                if factor.kind == "input"
                else "A factor of 0 connects in name alone: take it out, or mend what makes it 0."
            )
        else:
            why = said or f"{shown} lets nothing of what arrives through to {name}"
            instead = "Look at the other factor: where it is not 0, nothing arrives."
    elif off := _switched_off(edge.input):
        why = f"{name} is 0 at every place, since `{expression(off)}` is off everywhere, and there {shown} is flat"
        instead = _OPEN
    elif plain is not None and not plain.any():
        why = said or f"the local derivative of {shown} is 0 at every place, to rounding"
        instead = (
            "The function is flat here: keep its input where it has a slope, by scaling or normalising it."
            if edge.input.shape or np.any(edge.input.value)
            else "At this point the loss is flat: start elsewhere."
        )
    else:
        why = said or f"{shown} lets nothing of what arrives through to {name}"
        instead = "Look at the cells that are chosen here: what is not chosen gets no gradient."
    why = f"The{why[3:]}" if why.startswith("the ") else why  # a name stays as it is
    return why if why.endswith(".") else f"{why}.", instead
