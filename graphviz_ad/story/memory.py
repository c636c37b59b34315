"""The memory ledger: which arrays are held at each step of a story, for what, and at which step they are most.

A value is held while an operation or a derivative rule still to come uses it; an accumulator from the first
contribution to it until its node has sent its own. What a rule uses, the rule itself says (`graphviz_ad.story.work`).
Inputs, constants and parameters belong to the caller and are counted apart. "At a step" is while it happens: what it
makes and what it uses last are both there. Everything inside a collapsed group counts as long as its step takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

from graphviz_ad.core.traced import Traced
from graphviz_ad.core.visible import called
from graphviz_ad.story.timeline import Timeline
from graphviz_ad.story.work import Work


class Use(NamedTuple):
    """One use of an array."""

    step: int
    by: str
    """"∂v1/∂x" for a derivative rule, else the name of a node that is computed from it; "" for the caller."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One array, and the steps during which it is held."""

    what: str
    """"value", "adjoint", "tangent", or "product": a contribution before its sum over broadcast axes."""
    position: int
    item: int  # position in the outline's items
    bytes: int
    made: int
    last: int
    uses: tuple[Use, ...]
    caller: bool = False
    """Whether it is an input or a constant, which the caller holds anyway."""
    result: bool = False
    """Whether it is what the story is told for, and so held to the end."""


class Ledger:
    """What is held at each step of a timeline; steps count from 0, before the first event."""

    def __init__(self, line: Timeline, work: Work | None = None) -> None:
        self.line = line
        self.work = Work(line.graph) if work is None else work
        self.steps = len(line.events)
        keeper = _Keeper(line, self.work, line.events)
        self.holdings = keeper.holdings()
        self.totals = totals(self.holdings, self.steps)
        """Bytes held at each step, without the caller's."""
        self.operations = list(accumulate(keeper.operations))
        """Scalar operations done after each step."""
        self.evaluations = list(accumulate(keeper.evaluations))
        """Nodes passed after each step: an operation once forwards, and once when it sends its contributions back."""

    @property
    def caller(self) -> int:
        """Bytes of inputs, parameters and constants, held by the caller throughout."""
        return sum(held.bytes for held in self.holdings if held.caller)

    @property
    def peak(self) -> int:
        """The most bytes that are held at one step."""
        return max(self.totals)

    @property
    def peak_step(self) -> int:
        """The first step at which so many are held."""
        return self.totals.index(self.peak)

    def at(self, step: int) -> list[Holding]:
        """What is held at a step."""
        return [held for held in self.holdings if held.made <= step <= held.last]

    def freed(self, step: int) -> list[Holding]:
        """What nobody needs after a step: its last use is now."""
        return [held for held in self.at(step) if held.last == step and not (held.caller or held.result)]

    @property
    def alone(self) -> int:
        """The peak of the function itself, each value let go after its last use: what is held without derivatives."""
        events = [event for event in self.line.events if event.kind == "value"]
        return max(totals(_Keeper(self.line, self.work, events).holdings(), len(events)))

    @property
    def together(self) -> int | None:
        """The peak of forward mode as a program runs it: every value and its tangent together; None in reverse mode."""
        if self.line.mode != "forward":
            return None
        events = sorted(self.line.events, key=lambda event: -1 if event.kind == "seed" else event.item)
        return max(totals(_Keeper(self.line, self.work, events).holdings(), len(events)))


def totals(holdings: Iterable[Holding], steps: int) -> list[int]:
    """Bytes held at each of the steps 0 … ``steps``, without the caller's."""
    change = [0] * (steps + 2)
    for held in holdings:
        if not held.caller:
            change[held.made] += held.bytes
            change[held.last + 1] -= held.bytes
    return list(accumulate(change))[: steps + 1]


def bytes_text(count: int) -> str:
    """An amount of memory for people.

    Examples
    --------
    >>> bytes_text(56), bytes_text(1234), bytes_text(12_345_678)
    ('56 B', '1.23 kB', '12.3 MB')
    """
    if count < 1000:
        return f"{count} B"
    number, unit = float(count), "B"
    for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007  (the last one is used)
        number /= 1000
        if number < 999.5:
            break
    return f"{number:.3g} {unit}"


class _Keeper:
    """Goes through the events of a story once and notes when each array is made and used."""

    def __init__(self, line: Timeline, work: Work, events: Sequence[Any]) -> None:
        self.line = line
        self.graph = line.graph
        self.records = line.graph.records
        self.table = line.graph.input_table
        self.work = work
        self.events = events
        self.steps = len(events)
        self.owner = line.outline.owner
        self.results = set(line.graph.tables.outputs)
        self.uses: dict[tuple[str, int], list[Use]] = {}
        self.made: dict[tuple[str, int], int] = {}
        self.products: list[Holding] = []
        self.operations = [0] * (self.steps + 1)
        self.evaluations = [0] * (self.steps + 1)

    def holdings(self) -> tuple[Holding, ...]:
        self._values()
        if any(event.kind != "value" for event in self.events):
            if self.line.mode == "forward":
                self._tangents()
            else:
                self._adjoints()
        found = [self._holding(what, position, made) for (what, position), made in self.made.items()]
        return tuple(sorted([*found, *self.products], key=lambda held: (held.made, held.position, held.what)))

    def _holding(self, what: str, position: int, made: int) -> Holding:
        uses = sorted(self.uses.get((what, position), ()))
        leaf = self.records[position].primitive is None
        caller = leaf and what == "value"
        result = not caller and (
            position in self.results if what in ("value", "tangent") else position in self.graph.input_positions
        )
        if caller or result:
            uses.append(Use(self.steps, ""))
        last = max([made, *(use.step for use in uses)])
        return Holding(
            what,
            position,
            self.owner[position],
            _bytes(self.records[position]),
            made,
            last,
            tuple(uses),
            caller,
            result,
        )

    def _make(self, what: str, position: int, step: int) -> None:
        """An array is made, or something is added to it."""
        key = (what, position)
        if key in self.made:
            self.operations[max(step, self.made[key])] += self.records[position].size
        self.made[key] = min(step, self.made.get(key, step))

    def _use(self, what: str, position: int, step: int, by: str) -> None:
        if position in self.owner:  # else a number in the code
            self.uses.setdefault((what, position), []).append(Use(step, by))

    def _name(self, position: int) -> str:
        return called(self.graph.names[position])

    # -- values -----------------------------------------------------------------------------------

    def _values(self) -> None:
        items = self.line.outline.items
        for position in self.owner:
            if self.records[position].primitive is None:
                self._make("value", position, 0)
        for step, event in enumerate(self.events, 1):
            if event.kind != "value":
                continue
            for position in items[event.item].positions:
                if self.records[position].primitive is not None:
                    self._make("value", position, step)
                    self.operations[step] += self.work.value(position)
                    self.evaluations[step] += 1
                    for source in self.table[position]:
                        self._use("value", source, step, self._name(position))

    def _rule(self, step: int, consumer: int, argnum: int, added: int | None = None) -> None:
        """The rule of one edge runs: what it uses of the values, and the direction that it takes on.

        Backwards what it makes is ``added`` at a step, the same or, after a sum over broadcast axes, the next.
        """
        back = added is not None
        source = self.table[consumer][argnum]
        by = f"∂{self._name(consumer)}/∂{self._name(source)}"
        rule = self.work.vjp(consumer, argnum) if back else self.work.jvp(consumer, argnum)
        self.operations[step] += rule.operations - rule.summed
        self.operations[step if added is None else added] += rule.summed
        for position in rule.values:
            self._use("value", position, step, by)
        if back:
            self._use("adjoint", consumer, step, by)
        else:
            self._use("tangent", source, step, by)

    # -- reverse mode -----------------------------------------------------------------------------

    def _adjoints(self) -> None:
        links, graph, owner = self.line.outline.links, self.graph, self.owner
        sent: dict[int, tuple[int, int]] = {}  # edge -> the steps at which it sends, and at which that is added
        first: dict[int, int] = {}  # item -> the first step at which it sends
        gathered: dict[int, int] = {}  # item -> the last step at which something is added to it
        passed: dict[int, int] = {}  # operation -> the first step at which it sends
        for step, event in enumerate(self.events, 1):
            if event.kind == "seed":
                gathered[event.item] = step
                for position in graph.seeded:
                    if owner.get(position) == event.item:
                        self._make("adjoint", position, step)
            elif event.kind == "contribution":
                link = links[event.link]
                summed = step < self.steps and self.events[step].kind == "sum"
                gathered[event.item] = step + summed
                first.setdefault(link.consumer, step)
                for place in link.edges:
                    sent[place] = (step, step + summed)
                if summed:
                    self._product(link.edges[0], event.item, step)
        for place, edge in enumerate(graph.edges):
            if not edge.active or not edge.consumer.reached or edge.consumer.id not in owner:
                continue
            if place not in sent:  # inside a group, or from a number in the code
                item = owner[edge.consumer.id]
                inside = first.get(item, gathered.get(item))
                if inside is None:
                    continue
                sent[place] = (inside, inside)
            step, added = sent[place]
            self._rule(step, edge.consumer.id, edge.argnum, added)
            passed[edge.consumer.id] = min(step, passed.get(edge.consumer.id, step))
            if edge.input.id in owner:
                self._make("adjoint", edge.input.id, added)
        for step in passed.values():
            self.evaluations[step] += 1

    def _product(self, place: int, item: int, step: int) -> None:
        edge = self.graph.edges[place]
        entries = self.work.vjp(edge.consumer.id, edge.argnum).entries
        size = entries * edge.consumer.dtype.itemsize
        by = (Use(step + 1, f"∂{self._name(edge.consumer.id)}/∂{self._name(edge.input.id)}"),)
        self.products.append(Holding("product", edge.input.id, item, size, step, step + 1, by))

    # -- forward mode -----------------------------------------------------------------------------

    def _tangents(self) -> None:
        links, graph, owner = self.line.outline.links, self.graph, self.owner
        steps: dict[int, int] = {}  # edge -> step
        first: dict[int, int] = {}  # item -> the first step that adds to it
        for step, event in enumerate(self.events, 1):
            if event.kind == "seed":
                for position in graph.moved:
                    if owner.get(position) == event.item:
                        self._make("tangent", position, step)
            elif event.kind == "tangent":
                first.setdefault(event.item, step)
                steps.update(dict.fromkeys(links[event.link].edges, step))
        moved = set(graph.moved)
        for place, edge in enumerate(graph.edges):
            if not edge.active or edge.input.id not in moved:
                continue
            moved.add(edge.consumer.id)
            inside = steps.get(place, first.get(owner.get(edge.consumer.id, -1)))
            if inside is not None:
                self._rule(inside, edge.consumer.id, edge.argnum)
                self._make("tangent", edge.consumer.id, inside)


def _bytes(record: Traced) -> int:
    return record.size * record.dtype.itemsize
