"""The timeline: the ordered steps by which a graph unfolds; every view plays this one.

A step is (kind, node, edge); its numbers and its sentence are computed when asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.traced import is_differentiable, is_floating
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story import narration

MODES = ("reverse", "forward")


class _Event(NamedTuple):
    kind: str
    node: int
    edge: int  # position in graph.edges; -1 if there is none


class Step:
    """One event of the story.

    ``kind`` is "value" (a node is computed), "seed" (a sweep starts), "contribution" (an edge sends
    adjoint × local derivative back to its input) or "tangent" (an edge adds to its consumer's tangent).
    """

    __slots__ = ("_event", "_timeline", "order")

    def __init__(self, timeline: Timeline, order: int) -> None:
        self._timeline = timeline
        self._event = timeline.events[order]
        self.order = order

    @property
    def kind(self) -> str:
        """What happens: one of "value", "seed", "contribution", "tangent"."""
        return self._event.kind

    @property
    def node(self) -> Node:
        """The node whose value, adjoint or tangent this step changes."""
        return self._timeline.graph.nodes[self._event.node]

    @property
    def edge(self) -> Edge | None:
        """The edge along which a number flows, for contributions and tangents."""
        return self._timeline.graph.edges[self._event.edge] if self._event.edge >= 0 else None

    @property
    def mode(self) -> str:
        """The mode of the timeline: "reverse" or "forward"."""
        return self._timeline.mode

    @property
    def value(self) -> Any:
        """The node's forward value."""
        return self.node.value

    @property
    def local(self) -> Any:
        """The local derivative of the edge."""
        return None if self.edge is None else self.edge.local

    @property
    def contribution(self) -> Any:
        """What the edge sends: adjoint × local derivative, or local derivative × tangent."""
        if self.kind == "contribution":
            return self._timeline.graph.edges[self._event.edge].contribution
        if self.kind == "tangent":
            return self._timeline.pushed(self._event.edge)
        return None

    @property
    def old(self) -> Any:
        """The node's accumulator before this step; zeros at first."""
        return self._timeline.accumulated(self.order, inclusive=False)

    @property
    def new(self) -> Any:
        """The node's accumulator after this step: ``old + contribution``."""
        return self._timeline.accumulated(self.order, inclusive=True)

    @property
    def reported(self) -> int:
        """How many contributions the node has after this step."""
        return self._timeline.rank(self.order)

    @property
    def expected(self) -> int:
        """How many contributions the node gets in all."""
        return self._timeline.expected(self._event.node)

    @property
    def complete(self) -> bool:
        """Whether the node's adjoint or tangent is final after this step."""
        return (self.kind == "seed" and self.expected == 0) or (self.expected > 0 and self.reported == self.expected)

    @property
    def narration(self) -> str:
        """The step as one sentence, in symbols and numbers."""
        return narration.sentence(self)

    def __repr__(self) -> str:
        edge = "" if self.edge is None else f" {self.edge.input.name}->{self.edge.consumer.name}"
        return f"<Step {self.order} {self.kind} {self.node.name}{edge}>"


class Timeline(Sequence[Step]):
    """A lazy sequence of steps: ``len``, index, slice, iteration."""

    def __init__(self, graph: BaseGraph, mode: str, events: Sequence[_Event]) -> None:
        self.graph = graph
        self.mode = mode
        self.events = tuple(events)
        # for every node the steps that add to its accumulator, in order
        self._adding: dict[int, list[int]] = {}
        for order, event in enumerate(self.events):
            if event.kind in ("contribution", "tangent"):
                self._adding.setdefault(event.node, []).append(order)
        self._seeds = {event.node: order for order, event in enumerate(self.events) if event.kind == "seed"}
        self._sums: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self.events)

    @overload
    def __getitem__(self, position: int) -> Step: ...
    @overload
    def __getitem__(self, position: slice) -> list[Step]: ...
    def __getitem__(self, position: int | slice) -> Step | list[Step]:
        if isinstance(position, slice):
            return [Step(self, order) for order in range(*position.indices(len(self)))]
        return Step(self, range(len(self))[position])

    def __iter__(self) -> Iterator[Step]:
        return (Step(self, order) for order in range(len(self)))

    def __repr__(self) -> str:
        return f"<Timeline of {len(self)} steps, {self.mode} mode>"

    @property
    def seed_step(self) -> int | None:
        """The order of the first seed step; None where the story only goes forwards."""
        return min(self._seeds.values(), default=None)

    def expected(self, node: int) -> int:
        """How many steps add to a node's adjoint or tangent."""
        return len(self._adding.get(node, ()))

    def rank(self, order: int) -> int:
        """How many steps up to this one add to the same node."""
        return sum(1 for other in self._adding.get(self.events[order].node, ()) if other <= order)

    def pushed(self, edge: int) -> Any:
        """What an edge adds to its consumer's tangent."""
        found = self.graph.edges[edge]
        with np.errstate(all="ignore"):
            return sweep.push(self.graph.records[found.consumer.id], found.argnum, found.input.tangent)

    def accumulated(self, order: int, inclusive: bool) -> Any:
        """A node's accumulator after, or just before, a step, summed in the order of the sweep."""
        event = self.events[order]
        if event.kind == "value":
            return None
        if inclusive and order in self._sums:
            return self._sums[order]
        node = self.graph.nodes[event.node]
        total: Any = np.zeros(node.shape, node.dtype)[()]
        first = True
        own_seed = self._seeds.get(event.node)
        if own_seed is not None and (own_seed < order or (inclusive and own_seed == order)):
            total, first = self._seed_value(event.node), False
        for other in self._adding.get(event.node, ()):
            if other > order or (other == order and not inclusive):
                break
            known = self._sums.get(other)
            sent = Step(self, other).contribution if known is None else None
            total = known if known is not None else sent if first else total + sent
            first = False
        if inclusive:
            self._sums[order] = total
        return total

    def _seed_value(self, node: int) -> Any:
        return self.graph.seed_of(node)


def timeline(graph: BaseGraph, mode: str = "reverse", output: str | None = None, seed: Any = None) -> Timeline:
    """The story of a graph: every value forwards, then the sweep of ``mode``.

    In reverse mode a node sends its contributions only once all its consumers have reported.
    """
    if mode not in MODES:
        raise ArgumentError(f"unknown mode: {mode!r} (must be one of {list(MODES)})")
    values = [_Event("value", node.id, -1) for node in graph.nodes if node.primitive is not None]
    edges = {(edge.consumer.id, edge.argnum): position for position, edge in enumerate(graph.edges)}
    if mode == "forward":
        return Timeline(graph := _forward_graph(graph, seed), mode, values + _tangent_events(graph, edges))
    if output is not None or seed is not None:
        graph = type(graph)(graph.records, graph.tables)
        if output is not None:
            node = graph[output]
            graph.backward({node.name: sweep.seed_like(node.value) if seed is None else seed})
        else:
            graph.backward(seed)
    events = [_Event("seed", position, -1) for position in graph.seeded]
    adjoints = graph.reached_positions
    for consumer in range(len(graph.records) - 1, -1, -1):
        if consumer not in adjoints:
            continue
        record = graph.records[consumer]
        for argnum, position in enumerate(graph.input_table[consumer]):
            if sweep.active_edge(record, argnum):
                events.append(_Event("contribution", position, edges[consumer, argnum]))
    return Timeline(graph, mode, values + events)


def values_only(graph: BaseGraph) -> Timeline:
    """The forward pass alone: the story of a graph that has no single scalar to start a sweep from."""
    return Timeline(graph, "reverse", [_Event("value", node.id, -1) for node in graph.nodes if node.primitive])


def can_sweep(graph: BaseGraph) -> bool:
    """Whether a reverse sweep knows where to start: seeded already, or one float output of one element."""
    if graph.has_adjoints:
        return True
    outputs = graph.outputs
    made_by = (graph.records[position].primitive for position in graph.reached_positions)
    if not all(primitive.pulls for primitive in made_by if primitive):
        return False  # a user's own primitive without a vjp
    return len(outputs) == 1 and is_differentiable(graph.records[outputs[0].id]) and int(np.prod(outputs[0].shape)) == 1


def _forward_graph(graph: BaseGraph, seed: Any) -> BaseGraph:
    if seed is None:
        if graph.has_tangents:
            return graph
        inputs = [node for node in graph.inputs if is_floating(node.value)]
        if len(inputs) != 1 or inputs[0].shape != ():
            names = ", ".join(node.name for node in inputs)
            raise ArgumentError(
                f"forward mode needs to know which input moves; write seed={{{inputs[0].name!r}: 1.0}} "
                f"(inputs: {names})."
            )
        seed = {inputs[0].name: 1.0}
    return type(graph)(graph.records, graph.tables).forward(seed)


def _tangent_events(graph: BaseGraph, edges: dict[tuple[int, int], int]) -> list[_Event]:
    moved = set(graph.moved)
    events = [_Event("seed", position, -1) for position in graph.moved]
    for consumer, row in enumerate(graph.input_table):
        for argnum, position in enumerate(row):
            if position in moved and sweep.active_edge(graph.records[consumer], argnum):
                moved.add(consumer)
                events.append(_Event("tangent", consumer, edges[consumer, argnum]))
    return events
