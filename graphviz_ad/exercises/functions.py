"""A graph as functions of functions: what a person sees as one is a primitive, or a whole call such as sigmoid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from graphviz_ad import nn
from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.traced import Traced, apply, shape_of

_REPEAT = re.compile(r"_\d+$")
GATES = frozenset({"maximum", "minimum", "clip", "where", "tanh", "expit"})
CALLED_GATES = frozenset({"sigmoid", "logistic", "relu", "leaky_relu", "tanh", "elu", "selu", "gelu", "silu"})
CLOSED = 0.05
"""A local derivative this small lets next to nothing pass."""


@dataclass(frozen=True, slots=True)
class Use:
    """One function that takes a node: from the node to ``consumer``, its result, by way of ``positions``."""

    input: int
    consumer: int
    positions: tuple[int, ...]
    edges: tuple[Edge, ...]
    """Those from the node into the function; ``x * x`` takes x along two."""
    gate: bool
    """Whether it lets through or holds back: an activation, a maximum."""
    alone: bool
    """Whether the node is all that it depends on."""


class Functions:
    """Which functions use a node, and their derivatives, where they are or at other places.

    A call is one function if one value with a derivative goes in, one comes out, and each of its elements is computed
    from one element: `gad.nn.sigmoid`, or a user's own. Everything else is seen primitive by primitive.
    """

    def __init__(self, graph: BaseGraph) -> None:
        self.graph = graph

    @cached_property
    def _sent(self) -> dict[int, list[Edge]]:
        found: dict[int, list[Edge]] = {}
        for edge in self.graph.edges:
            if edge.active and edge.consumer.reached:
                found.setdefault(edge.input.id, []).append(edge)
        return found

    def edges(self, position: int) -> list[Edge]:
        """The edges along which contributions arrive at a node, in evaluation order of their consumers."""
        return self._sent.get(position, [])

    @cached_property
    def _calls(self) -> dict[str, tuple[int, tuple[int, ...]]]:
        """By group: the result of each call that is one function, and its nodes."""
        inside: dict[str, list[int]] = {}
        for node in self.graph.nodes:
            if node.kind == "primitive":
                for group in _around(node.group):
                    inside.setdefault(group, []).append(node.id)
        entries: dict[str, set[int]] = {group: set() for group in inside}
        exits: dict[str, set[int]] = {group: set() for group in inside}
        for edges in self._sent.values():
            for edge in edges:
                before, after = set(_around(edge.input.group)), set(_around(edge.consumer.group))
                for group in after - before:
                    entries[group].add(edge.input.id)
                for group in before - after:
                    if group in exits:
                        exits[group].add(edge.input.id)
        outputs = {node.id for node in self.graph.outputs}
        found = {}
        for group, positions in inside.items():
            ends = exits[group] | (outputs & set(positions))
            known = _REPEAT.sub("", group.rpartition("/")[2]) in nn.__all__
            if len(entries[group]) == len(ends) == 1 and len(positions) > 1 and (known or not ends & outputs):
                (entry,), (end,) = entries[group], ends
                shape = self.graph[entry].shape
                if all(self._each_by_itself(position, shape) for position in positions):
                    found[group] = end, tuple(positions)
        return found

    def _each_by_itself(self, position: int, shape: tuple[int, ...]) -> bool:
        record = self.graph.records[position]
        if not record.differentiable:
            return True
        return record.primitive is not None and record.primitive.kind == "elementwise" and record.shape == shape

    @cached_property
    def inside(self) -> frozenset[int]:
        """The nodes of calls of the library's own functions, which a user has never written, with their results."""
        calls = [positions for group, (_, positions) in self._calls.items() if not self._is_own(group)]
        return frozenset(position for positions in calls for position in positions)

    @cached_property
    def hidden(self) -> frozenset[int]:
        """The same without their results."""
        return self.inside - {end for end, _ in self._calls.values()}

    def _is_own(self, group: str) -> bool:
        name = _REPEAT.sub("", group.rpartition("/")[2])
        return name not in nn.__all__ or any(text.name == name for text in getattr(self.graph, "functions", ()))

    def uses(self, position: int) -> tuple[Use, ...]:
        """The functions that take a node, in evaluation order."""
        found: dict[int, list[Edge]] = {}
        through: dict[int, tuple[tuple[int, ...], str]] = {}
        mine = set(_around(self.graph[position].group))
        for edge in self.edges(position):
            end, name = edge.consumer.id, ""
            positions: tuple[int, ...] = (end,)
            for group in _around(edge.consumer.group):
                if group in self._calls and group not in mine:
                    end, positions = self._calls[group]
                    name = _REPEAT.sub("", group.rpartition("/")[2])
                    break
            found.setdefault(end, []).append(edge)
            through[end] = positions, name
        return tuple(self._use(position, end, edges, *through[end]) for end, edges in sorted(found.items()))

    def _use(self, position: int, end: int, edges: list[Edge], positions: tuple[int, ...], name: str) -> Use:
        primitive = self.graph.records[end].primitive
        gate = name in CALLED_GATES if name else primitive is not None and primitive.name in GATES
        into = {edge.input.id for edge in self.into(end)}
        return Use(position, end, positions, tuple(edges), gate, bool(name) or into == {position})

    def edge_uses(self, position: int) -> tuple[Use, ...]:
        """The primitives that take a node, in evaluation order: no call is one function."""
        consumed = ((edges[0].consumer.id, edges) for edges in by_consumer(self.edges(position)))
        return tuple(self._use(position, end, edges, (end,), "") for end, edges in consumed)

    def into(self, consumer: int) -> Iterator[Edge]:
        """The edges into a node that carry a derivative, by argnum."""
        record = self.graph.records[consumer]
        for argnum, source in enumerate(self.graph.input_table[consumer]):
            if sweep.active_edge(record, argnum):
                yield Edge(self.graph, self.graph.nodes[source], self.graph.nodes[consumer], argnum)

    # -- derivatives --------------------------------------------------------------------------------

    def derivative(self, use: Use, value: Any = None) -> Any:
        """The derivative of a function by a node, each element by itself; None where it is a map between arrays.

        Parameters
        ----------
        value
            Where it is taken; at the node's own value if that is None. What else goes in stays.
        """
        records = self.graph.records
        primitives = [records[position].primitive for position in use.positions if records[position].differentiable]
        if any(primitive is None or primitive.kind != "elementwise" for primitive in primitives):
            return None
        run = self._run(use, value)
        if run is None:
            return None
        start, end = run
        found = None
        if end.shape == start.shape:
            with np.errstate(all="ignore"):
                found = sweep.reverse([(end, np.ones(end.shape)[()])]).get(start.index)
        elif value is None:
            found = self._unsummed(use)
        return None if found is None or is_complex(found) or not np.all(np.isfinite(found)) else found

    def value(self, use: Use, value: Any) -> Any:
        """The value of a function at another value of a node; None where there is none."""
        run = self._run(use, value)
        return None if run is None or is_complex(run[1].value) else run[1].value

    def _run(self, use: Use, value: Any) -> tuple[Traced, Traced] | None:
        """The start and the end of a function that is computed once more."""
        records = self.graph.records
        old = records[use.input]
        if is_complex(old.value) or (value is not None and (shape_of(value) != old.shape or is_complex(value))):
            return None
        new = {use.input: _leaf(old.value if value is None else value, old)}
        with np.errstate(all="ignore"):
            try:
                for position in use.positions:
                    record = records[position]
                    given = [
                        new[source] if source in new else _leaf(records[source].value, records[source], "constant")
                        for source in self.graph.input_table[position]
                    ]
                    assert record.primitive is not None
                    new[position] = apply(record.primitive, tuple(given), record.params)
            except Exception:  # noqa: BLE001  (a user's own rule may raise anything at another place)
                return None
        return new[use.input], new[use.consumer]

    def _unsummed(self, use: Use) -> Any:
        """The local derivative of an edge whose contribution is summed over broadcast axes: of the consumer's shape."""
        local = use.edges[0].local if len(use.edges) == len(use.positions) == 1 else None
        return None if isinstance(local, sweep.LocalJacobian) else local

    def is_closed(self, use: Use) -> bool:
        """Whether the function is a gate that is closed here, or closed for some of the elements."""
        local = self.derivative(use) if use.gate else None
        return local is not None and bool(np.any(np.abs(local) < CLOSED))


def _around(group: str | None) -> list[str]:
    """A group and those around it, the outermost first."""
    parts = group.split("/") if group else []
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _leaf(value: Any, like: Traced, role: str = "") -> Traced:
    number = np.asarray(value, like.dtype)[()]
    return Traced(number, None, (), {"role": role} if role else {}, None)


def by_consumer(edges: list[Edge]) -> Iterable[list[Edge]]:
    """The edges of each consumer together: ``x * x`` takes x along two."""
    found: dict[int, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.consumer.id, []).append(edge)
    return found.values()


def turns_of(node: Node, edges: list[Edge]) -> list[list[Edge]]:
    """The edges of a shared parameter turn by turn: the same operations of the same lines, time and again.

    [] for what is no input, or is not used that way.
    """
    if node.kind != "input":
        return []
    number: dict[Any, int] = {}
    turns: dict[int, list[Edge]] = {}
    for consumed in by_consumer(edges):
        primitive, source = consumed[0].consumer.primitive, consumed[0].consumer.source
        use = primitive and primitive.name, source and (source.file, source.line, source.column)
        number[use] = number.get(use, -1) + 1
        turns.setdefault(number[use], []).extend(consumed)
    if len(turns) < 2 and node.role == "parameter":
        turns = dict(enumerate(by_consumer(edges)))
    return list(turns.values()) if len(turns) > 1 else []
