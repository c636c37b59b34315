"""The timeline: the ordered steps by which a graph unfolds; every view plays this one.

A step is (kind, item, link); its numbers, its formula and its sentence are computed when asked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, overload

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.traced import is_differentiable, is_floating
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story import narration, steps
from graphviz_ad.story.equations import output_name
from graphviz_ad.story.flow import Flow
from graphviz_ad.story.notation import NOTATIONS, check_notation
from graphviz_ad.story.outline import Item, Link, Outline, whole

MODES = ("reverse", "forward")


class _Event(NamedTuple):
    kind: str
    item: int  # position in the outline's items
    link: int  # position in the outline's links; -1 if there is none


class Step:
    """One event of the story.

    ``kind`` is "value" (a node is computed), "seed" (a sweep starts), "contribution" (an edge sends
    adjoint × local derivative back to its input), "sum" (the same, summed over the axes along which the input was
    broadcast) or "tangent" (an edge adds to its consumer's tangent).
    """

    __slots__ = ("_event", "_timeline", "order")

    def __init__(self, timeline: Timeline, order: int) -> None:
        self._timeline = timeline
        self._event = timeline.events[order]
        self.order = order

    @property
    def kind(self) -> str:
        """What happens: one of "value", "seed", "contribution", "sum", "tangent"."""
        return self._event.kind

    @property
    def item(self) -> Item:
        """What this step changes: a node, or a collapsed group."""
        return self._timeline.outline.items[self._event.item]

    @property
    def link(self) -> Link | None:
        """The visible edge along which a number flows."""
        return self._timeline.outline.links[self._event.link] if self._event.link >= 0 else None

    @property
    def node(self) -> Node | None:
        """The node whose value, adjoint or tangent this step changes; None for a group with several values."""
        return self._timeline.outline.node(self._event.item)

    @property
    def edge(self) -> Edge | None:
        """The edge along which a number flows; None where none does, or where a link stands for several edges."""
        link = self.link
        return self._timeline.graph.edges[link.edges[0]] if link is not None and len(link.edges) == 1 else None

    @property
    def mode(self) -> str:
        """The mode of the timeline: "reverse" or "forward"."""
        return self._timeline.mode

    @property
    def timeline(self) -> Timeline:
        """The timeline that this step belongs to."""
        return self._timeline

    @property
    def role(self) -> str:
        """The role of the step's node: of an input, or "adjoint" and "tangent" in the graph of a derivative."""
        return "" if self.node is None else self.node.role

    @property
    def derivative_order(self) -> int:
        """In the graph of a derivative: 0 for the function's own nodes, 1 for those of its derivative, and so on."""
        return 0 if self.node is None else self.node.derivative_order

    @property
    def value(self) -> Any:
        """The node's forward value."""
        return None if self.node is None else self.node.value

    @property
    def local(self) -> Any:
        """The local derivative of the edge; from end to end across a collapsed group."""
        return None if self.link is None else self._timeline.flow.local(self.link)

    @property
    def contribution(self) -> Any:
        """What the edge sends: adjoint × local derivative in the input's shape, or local derivative × tangent."""
        if self.link is None:
            return None
        flow = self._timeline.flow
        return flow.pushed(self.link) if self.kind == "tangent" else flow.contribution(self.link)

    @property
    def product(self) -> Any:
        """Adjoint × local derivative before the sum over broadcast axes."""
        return None if self.link is None or self.mode == "forward" else self._timeline.flow.product(self.link)

    @property
    def old(self) -> Any:
        """The accumulator before this step; zeros at first."""
        return self._timeline.accumulated(self.order, inclusive=False)

    @property
    def new(self) -> Any:
        """The accumulator after this step: ``old + contribution``."""
        if self.complete and not self._timeline.outline.plain and self.node is not None:
            # across groups the same numbers are added in another order: the sweep's own sum is what counts
            return self.node.tangent if self.mode == "forward" else self.node.adjoint
        return self._timeline.accumulated(self.order, inclusive=True)

    @property
    def reported(self) -> int:
        """How many contributions have arrived after this step."""
        return self._timeline.rank(self.order)

    @property
    def expected(self) -> int:
        """How many contributions arrive in all."""
        return self._timeline.expected(self._event.item)

    @property
    def complete(self) -> bool:
        """Whether the adjoint or tangent is final after this step."""
        if self.kind == "value" or not self._timeline.adds(self.order):
            return False
        return self.expected == self.reported

    def formula(self, form: str = "unicode", notation: str | None = None) -> str:
        """The step as an equation, in symbols and, for scalars, in numbers; "" for collapsed groups.

        Parameters
        ----------
        form : {"unicode", "latex", "plain"}
            "plain" is Python.
        notation : {"∂L/∂v", "v̄", "grad"}, optional
            How adjoints are written; as in the timeline, if not given.
        """
        return steps.step_formula(self, form, self._timeline.notation if notation is None else notation)

    @property
    def reason(self) -> str:
        """Why the step's local derivative is 0 or 1; "" if it is neither, or if there is none."""
        return steps.step_reason(self)

    @property
    def narration(self) -> str:
        """The step as one sentence, in symbols and numbers."""
        return narration.sentence(self)

    def __repr__(self) -> str:
        items, link = self._timeline.outline.items, self.link
        edge = "" if link is None else f" {called(items[link.input].name)}->{called(items[link.consumer].name)}"
        return f"<Step {self.order} {self.kind} {called(self.item.name)}{edge}>"


class Timeline(Sequence[Step]):
    """A lazy sequence of steps: ``len``, index, slice, iteration."""

    def __init__(self, outline: Outline, mode: str, swept: bool = True, notation: str = NOTATIONS[0]) -> None:
        self.outline = outline
        self.graph = outline.graph
        self.mode = mode
        check_notation(notation)
        self.notation = notation
        self.flow = Flow(outline)
        events = _values(outline)
        if swept:
            events += _tangents(outline) if mode == "forward" else _contributions(outline, self.flow)
        self.events = tuple(events)
        self._sums: dict[int, Any] = {}

    @cached_property
    def _adding(self) -> dict[int, list[int]]:
        """For every item the steps that add to its accumulator, in order."""
        found: dict[int, list[int]] = {}
        for order in range(len(self.events)):
            event = self.events[order]
            if event.link >= 0 and self.adds(order):
                found.setdefault(event.item, []).append(order)
        return found

    @cached_property
    def _seeds(self) -> dict[int, int]:
        return {event.item: order for order, event in enumerate(self.events) if event.kind == "seed"}

    def adds(self, order: int) -> bool:
        """Whether a step changes an accumulator: a contribution that is summed in the next step does not yet."""
        kinds = [event.kind for event in self.events[order : order + 2]]
        return kinds[0] != "value" and kinds != ["contribution", "sum"]

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
    def result(self) -> str:
        """What the adjoints are derivatives of: the name of the output, if it was seeded with 1, else "L"."""
        return output_name(self.graph) if self.mode == "reverse" and self._seeds else "L"

    @property
    def seed_step(self) -> int | None:
        """The order of the first seed step; None where the story only goes forwards."""
        return min(self._seeds.values(), default=None)

    def seed_of(self, step: Step) -> Any:
        """What the sweep started with at a step's item; None if it did not start there."""
        node = step.node
        return None if node is None or self.outline.owner[node.id] not in self._seeds else self.graph.seed_of(node.id)

    def expected(self, item: int) -> int:
        """How many steps add to an item's adjoint or tangent."""
        return len(self._adding.get(item, ()))

    def rank(self, order: int) -> int:
        """How many steps up to this one add to the same item."""
        return bisect_right(self._adding.get(self.events[order].item, ()), order)

    def accumulated(self, order: int, inclusive: bool) -> Any:
        """An accumulator after, or just before, a step, summed in the order of the sweep."""
        event = self.events[order]
        node = self.outline.node(event.item)
        if event.kind == "value" or node is None:
            return None
        if inclusive and order in self._sums:
            return self._sums[order]
        total: Any = np.zeros(node.shape, node.dtype)[()]
        first = True
        own_seed = self._seeds.get(event.item)
        if own_seed is not None and (own_seed < order or (inclusive and own_seed == order)):
            total, first = self.graph.seed_of(node.id), False
        adding = self._adding.get(event.item, ())
        for other in adding:
            if other > order or (other == order and not inclusive):
                break
            known = self._sums.get(other)
            sent = Step(self, other).contribution if known is None else None
            total = known if known is not None else sent if first else total + sent
            first = False
            self._sums[other] = total
        return total


def _values(outline: Outline) -> list[_Event]:
    """Every operation, and every group that holds one, in evaluation order."""
    records = outline.graph.records
    return [
        _Event("value", number, -1)
        for number, item in enumerate(outline.items)
        if records[item.positions[-1]].primitive is not None  # what is absorbed stands in front
    ]


def _seeding(positions: Iterable[int], owner: Mapping[int, int]) -> list[_Event]:
    """One step for every item at which a sweep starts, however many of a group's values are seeded."""
    return [_Event("seed", item, -1) for item in dict.fromkeys(owner[p] for p in positions if p in owner)]


def _contributions(outline: Outline, flow: Flow) -> list[_Event]:
    """The seeds; then, item by item against the order of evaluation, what each sends back to its inputs."""
    owner = outline.owner
    graph = outline.graph
    events = _seeding([position for position in graph.seeded if graph.nodes[position].differentiable], owner)
    for links in reversed(outline.incoming):
        for link in links:
            if flow.sends(link):
                events.append(_Event("contribution", link.input, link.index))
                if flow.is_summed(link):
                    events.append(_Event("sum", link.input, link.index))
    return events


def _tangents(outline: Outline) -> list[_Event]:
    owner, graph = outline.owner, outline.graph
    events = _seeding(graph.moved, owner)
    moved = set(graph.moved)
    for consumer, row in enumerate(graph.input_table):
        if any(
            position in moved and sweep.active_edge(graph.records[consumer], argnum)
            for argnum, position in enumerate(row)
        ):
            moved.add(consumer)
    for links in outline.incoming:
        events += [
            _Event("tangent", link.consumer, link.index)
            for link in links
            if moved.intersection(outline.items[link.consumer].outgoing)
            and any(edge.active and edge.input.id in moved for edge in outline.edges(link))
        ]
    return events


def timeline(graph: BaseGraph, mode: str = "reverse", output: str | None = None, seed: Any = None) -> Timeline:
    """The story of a graph: every value forwards, then the sweep of ``mode``.

    In reverse mode a node sends its contributions only once all its consumers have reported.
    """
    return Timeline(whole(swept(graph, mode, output, seed)), mode)


def swept(graph: BaseGraph, mode: str, output: str | None, seed: Any) -> BaseGraph:
    """The graph with the adjoints or tangents that a story in this mode shows."""
    if mode not in MODES:
        raise ArgumentError(f"unknown mode: {mode!r} (must be one of {list(MODES)})")
    if mode == "forward":
        return _forward_graph(graph, seed)
    if output is not None or seed is not None:
        graph = type(graph)(graph.records, graph.tables)
        if output is not None:
            node = graph[output]
            graph.backward({node.name: sweep.seed_like(node.value) if seed is None else seed})
        else:
            graph.backward(seed)
    return graph


def can_sweep(graph: BaseGraph) -> bool:
    """Whether a reverse sweep knows where to start: seeded already, or one float output of one element."""
    if graph.has_adjoints:
        return True
    outputs = graph.outputs
    made_by = {graph.records[position].primitive for position in graph.reached_positions}
    if not all(primitive.pulls for primitive in made_by if primitive):
        return False  # a user's own primitive without a vjp
    return len(outputs) == 1 and is_differentiable(graph.records[outputs[0].id]) and int(np.prod(outputs[0].shape)) == 1


def _forward_graph(graph: BaseGraph, seed: Any) -> BaseGraph:
    if seed is None:
        if graph.has_tangents:
            return graph
        inputs = [node for node in graph.inputs if is_floating(node.value)]
        if len(inputs) != 1 or inputs[0].shape != ():
            names = ", ".join(called(node.name) for node in inputs)
            one = f"np.ones({inputs[0].shape})" if inputs[0].shape else "1.0"
            raise ArgumentError(
                f"forward mode needs to know which input moves; write seed={{{called(inputs[0].name)!r}: {one}}} "
                f"(inputs: {names})."
            )
        seed = {inputs[0].name: 1.0}
    return type(graph)(graph.records, graph.tables).forward(seed)
