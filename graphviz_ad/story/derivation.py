"""The derivation of one graph: its values as equations forwards, then its adjoints (or tangents), one line per node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.traced import shape_of
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.equations import (
    adjoint_term,
    contribution_chain,
    is_folded,
    is_scalar,
    output_name,
    tangent_chain,
    total,
    value_chain,
)
from graphviz_ad.story.notation import check_notation
from graphviz_ad.story.terms import Symbol, Term, plain_term
from graphviz_ad.story.timeline import can_sweep, swept

MAX_NODES = 200
"""More equations than this nobody reads, and LaTeX takes long for them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One equation: ``left = chain[0] = chain[1] = …``, about a value of this shape."""

    left: Term
    chain: tuple[Term, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Derivation:
    """All equations of one graph, in the order in which one writes them down."""

    title: str
    output: str  # the name behind ∂
    mode: str  # "reverse" | "forward"
    notation: str
    given: tuple[Line, ...]
    values: tuple[Line, ...]
    derivatives: tuple[Line, ...]  # adjoints or tangents; empty where no sweep knows where to start


def derivation(
    graph: BaseGraph, mode: str = "reverse", output: str | None = None, seed: Any = None, notation: str = "∂L/∂v"
) -> Derivation:
    """The derivation of a graph; of its values alone where no sweep knows where to start.

    Parameters
    ----------
    mode, output, seed
        As for ``graph.timeline``.
    notation : {"∂L/∂v", "v̄", "grad"}
        How adjoints are written.

    Raises
    ------
    ArgumentError
        The graph has more than 200 nodes.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> found = derivation(gad.trace(lambda x: x**2 + x, 3.0))
    >>> len(found.given), len(found.values), len(found.derivatives)
    (1, 2, 3)
    """
    check_notation(notation)
    nodes = [node for node in graph.nodes if not is_folded(node)]
    if len(nodes) > MAX_NODES:
        raise ArgumentError(
            f"the graph has {len(nodes)} nodes; a derivation holds at most {MAX_NODES}, one equation each. "
            "Trace a smaller piece, for example one layer or fewer iterations."
        )
    if mode == "reverse" and output is None and seed is None and not can_sweep(graph):
        sweeps = False
    else:
        graph, sweeps = swept(graph, mode, output, seed), True
        nodes = [graph.nodes[node.id] for node in nodes]
    lines: Iterator[Line] = iter(())
    if sweeps:
        lines = _tangents(graph) if mode == "forward" else _adjoints(graph, notation)
    return Derivation(
        title=graph.title,
        output=output_name(graph),
        mode=mode,
        notation=notation,
        given=tuple(
            Line(Symbol(node.name, node.shape), _number(node.value), node.shape)
            for node in nodes
            if node.primitive is None
        ),
        values=tuple(_value(node) for node in nodes if node.primitive is not None),
        derivatives=tuple(lines),
    )


def _number(value: object) -> tuple[Term, ...]:
    """A scalar's number; an array is too long to be written out."""
    return () if shape_of(value) else (plain_term(value),)


def _value(node: Node) -> Line:
    return Line(Symbol(node.name, node.shape), tuple(value_chain(node)), node.shape)


def _adjoints(graph: BaseGraph, notation: str) -> Iterator[Line]:
    sending: dict[int, list[Edge]] = {}
    for edge in reversed(graph.edges):
        if edge.active and edge.consumer.reached:
            sending.setdefault(edge.input.id, []).append(edge)
    for node in reversed(graph.nodes):
        if not node.differentiable or not (node.reached or node.id in graph.input_positions):
            continue
        edges = sending.get(node.id, [])
        chains = [contribution_chain(edge, notation) for edge in edges]
        if node.id in graph.seeded:
            chains.append([plain_term(graph.seed_of(node.id))])
        # for numbers the last column holds what each edge sends: their sum is the adjoint
        scalar = not node.shape and all(map(is_scalar, edges))
        columns = max((len(chain) for chain in chains), default=1) - 1 if scalar else 1
        rows = [(chain + [chain[-1]] * columns)[:columns] for chain in chains]
        sums = [
            total([row[column] for row in rows], node.shape, tidy=not scalar or column < columns - 1)
            for column in range(columns if rows else 0)
        ]
        chain = (*sums, *_number(node.adjoint))
        yield Line(adjoint_term(node), chain or (plain_term(0.0),), node.shape)


def _tangents(graph: BaseGraph) -> Iterator[Line]:
    moving = set(graph.moved)
    for node in graph.nodes:
        tangent = Symbol(node.name, node.shape, "tangent")
        if node.id in moving:
            yield Line(tangent, _number(node.tangent), node.shape)
            continue
        edges = [edge for edge in _entering(graph, node) if edge.active and edge.input.id in moving]
        if not edges:
            continue
        moving.add(node.id)
        yield Line(tangent, tuple(tangent_chain(edges)), node.shape)


def _entering(graph: BaseGraph, node: Node) -> list[Edge]:
    return [edge for edge in graph.edges if edge.consumer.id == node.id]
