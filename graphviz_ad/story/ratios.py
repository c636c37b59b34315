"""How much everything behind a nudged number moves: ratios of nodes and along links, and the chain in a sentence."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.core.replay import Replay, replay
from graphviz_ad.core.visible import called
from graphviz_ad.story.differences import difference, output_change, rounding_unit
from graphviz_ad.story.numbers import enclosed, listed, short
from graphviz_ad.story.outline import Link
from graphviz_ad.story.timeline import Timeline

_DIGITS = 3
_READABLE = 6  # clauses of a chain; longer ones are told as a product
_MOST = 300  # links; behind a node with more of them the picture shows ratios of nodes alone
_INTERPLAY = 0.005  # of a sum: how far a node may be from the sum over its inputs before it is said
_STILL = (0.0, False)
_ROUNDING = 4.0  # of the rounding units of all that meets in a node: what a sum may be off by without a reason
_APART = "(At this ε what comes in by several ways is not quite the sum: {}.)"
_TOGETHER = "the ways also act on each other"
_TURNS = "the condition turns"
_CROSSES = "{} crosses a kink or a step"


@dataclass(frozen=True, slots=True)
class Chain:
    """How much everything behind the nudged number moves, as multiples of ε."""

    nodes: dict[int, str]
    edges: dict[int, str]
    sentence: str


class Ratios:
    """How far the visible items move in one replay, over the step of the item at the start.

    Parameters
    ----------
    step
        How far the start did move: not quite ε, where ε + v is rounded.
    turned
        The positions that change sides in the replay.
    """

    def __init__(
        self, line: Timeline, start: int, graph: BaseGraph, found: Replay, step: float, turned: Collection[int] = ()
    ) -> None:
        self.outline = line.outline
        self.start = start
        self.graph = graph
        self.found = found
        self.step = step
        self.turned = turned
        self.name = self.output = ""

    def _change(self, node: Node, values: dict[int, Any]) -> tuple[float, bool]:
        """How much a node changes; of an array its largest entry, and whether it is one.

        A complex number counts as an array of its two parts: it moves by the length of its change.
        """
        with np.errstate(all="ignore"):  # inf − inf is nan, and shown as such
            change = difference(values.get(node.id, node.value), node.value)
        if not change.shape and not is_complex(change):
            return float(change), False
        sizes = np.abs(change)
        return (float(np.max(sizes)) if sizes.size else 0.0), True

    @cached_property
    def moves(self) -> dict[int, tuple[float, bool]]:
        """Items behind the nudged one, by their number: their change over ε, and whether they are arrays."""
        moved: dict[int, tuple[float, bool]] = {self.start: (1.0, False)}
        for number in range(len(self.outline.items)):
            node = self.outline.node(number)
            if number == self.start or node is None or node.id not in self.found.values or not node.differentiable:
                continue
            change, array = self._change(node, self.found.values)
            moved[number] = (change / (abs(self.step) if array else self.step), array)
        return moved

    @cached_property
    def links(self) -> list[Link]:
        """The links along which something moves."""
        moves = self.moves
        return [
            link for link in self.outline.links if link.consumer in moves and moves.get(link.input, _STILL)[0] != 0.0
        ]

    @cached_property
    def ratios(self) -> dict[int, float]:
        """By link: how much the consumer changes through this link alone, over the change of the input."""
        found: dict[int, float] = {}
        if len(self.links) > _MOST:
            return found
        for link in self.links:
            source, result = self.outline.source(link), self.outline.node(link.consumer)
            if source is None or result is None or source.id not in self.found.values:
                continue
            value = self.found.values[source.id]
            arguments = {(edge.consumer.id, edge.argnum): value for edge in self.outline.edges(link)}
            only = self.outline.items[link.consumer].positions
            try:
                with np.errstate(all="ignore"):
                    after = replay(self.graph, {}, arguments, only)
            except Exception:  # noqa: BLE001  (a user's own function may raise anything)
                continue
            if after.reason:
                continue
            before = self._change(source, self.found.values)[0]
            change = self._change(result, after.values)[0]
            if before:
                found[link.index] = change / before
        return found

    def chain(self, name: str, output: str) -> Chain:
        """The ratios as texts, and the sentence; ``name``: what moves, ``output``: what is looked at."""
        self.name, self.output = name, output
        if self.found.reason or not self.found.values or not self.step:
            return Chain({}, {}, "")
        items = self.outline.items
        nodes = {items[number].id: self._times(number) for number in self.moves}
        edges = {index: f"{short(ratio, _DIGITS)}×" for index, ratio in self.ratios.items()}
        return Chain(nodes, edges, self._sentence())

    def _times(self, number: int) -> str:
        ratio, array = self.moves[number]
        return f"{'≤ ' if array else ''}{short(ratio, _DIGITS)}×"

    # -- in words ---------------------------------------------------------------------------------

    def _sentence(self) -> str:
        parts = [self._way({self.outline.owner[at] for at in self.graph.seeded if at in self.outline.owner})]
        if self._is_sum and any(self._moved(position)[0] for position in self.graph.seeded):
            parts.append(self._sum())
        return " ".join(part for part in parts if part)

    def _way(self, ends: set[int]) -> str:
        """How the change comes to the results."""
        name = self.name
        if ends == {self.start}:
            return f"{name} is the result itself."
        if not any(self._moved(position)[0] for position in self.graph.seeded):
            if self._leads():
                return f"{self.output} does not move at this ε."
            return f"Nothing leads from {name} to {self.output}: it does not move."
        leading = self._leading(ends)
        links = [link for link in self.links if link.input in leading and link.consumer in leading]
        steps = sorted({link.consumer for link in links})
        arriving = {number: [link for link in links if link.consumer == number] for number in steps}
        if self.start not in leading or self._hidden(ends):
            return self._of_ends()
        if any(self.moves[number][1] for number in steps):
            return self._of_arrays(steps)
        if any(link.index not in self.ratios for link in links):
            return self._of_ends()
        if len(steps) <= _READABLE:
            return self._clauses(steps, arriving)
        return self._longest(links, ends)

    def _leading(self, ends: set[int]) -> set[int]:
        leading = ends & set(self.moves)
        for link in reversed(self.links):
            if link.consumer in leading:
                leading.add(link.input)
        return leading

    def _leads(self) -> bool:
        """Whether the results depend on the start at all, however little they move now."""
        node = self.outline.node(self.start)
        reached = set() if node is None else {node.id}
        for edge in self.graph.edges:
            if edge.active and edge.input.id in reached:
                reached.add(edge.consumer.id)
        return not reached.isdisjoint(self.graph.seeded)

    def _hidden(self, ends: set[int]) -> bool:
        """Whether a way leads through a closed group of several values, of which there is no one ratio."""
        closed = {number for number in range(len(self.outline.items)) if self.outline.node(number) is None}
        if not closed:
            return False
        links = [link for link in self.outline.links if any(edge.active for edge in self.outline.edges(link))]
        after, before = {self.start}, set(ends)
        for link in links:
            if link.input in after:
                after.add(link.consumer)
        for link in reversed(links):
            if link.consumer in before:
                before.add(link.input)
        return not closed.isdisjoint(after & before)

    def _moved(self, position: int) -> tuple[float, bool]:
        """How much a node of the graph moves, as a multiple of the step, and whether it is an array."""
        change, array = self._change(self.graph.nodes[position], self.found.values)
        return change / (abs(self.step) if array else self.step), array

    @property
    def _is_sum(self) -> bool:
        """Whether the result is no node, but what the seeds make of one or several."""
        seeded = self.graph.seeded
        return len(seeded) > 1 or not np.array_equal(np.ravel(self.graph.seed_of(seeded[0])), [1])

    def _sum(self) -> str:
        """Σ seed × output: L = 1 × a + 1 × b moves 1 × 6 + 1 × 18 = 24×."""
        nodes = [self.graph.nodes[position] for position in self.graph.seeded]
        total = f"{short(output_change(self.graph, self.found) / self.step, _DIGITS)}× as much as {self.name}"
        if any(node.shape for node in nodes) or len(nodes) > _READABLE:
            return f"{self.output}, the sum of seed × output, moves {total}."
        seeds = [enclosed(short(float(self.graph.seed_of(node.id)), _DIGITS)) for node in nodes]
        ratios = [enclosed(short(self._moved(node.id)[0], _DIGITS)) for node in nodes]
        named = " + ".join(f"{seed} × {called(node.name)}" for seed, node in zip(seeds, nodes, strict=True))
        moved = " + ".join(f"{seed} × {ratio}" for seed, ratio in zip(seeds, ratios, strict=True))
        return f"{self.output} = {named} moves {moved} = {total}."

    def _called(self, number: int) -> str:
        return self.name if number == self.start else called(self.outline.items[number].name)

    def _clauses(self, steps: Sequence[int], arriving: dict[int, list[Link]]) -> str:
        """Node by node: u moves 3×, y moves 2× as much as u ⇒ 6×."""
        clauses = []
        apart = ""
        for number in steps:
            name, links = self._called(number), arriving[number]
            total = self.moves[number][0]
            if len(links) == 1:
                link = links[0]
                ratio = f"{name} moves {short(self.ratios[link.index], _DIGITS)}× as much as {self._called(link.input)}"
                clauses.append(ratio if link.input == self.start else f"{ratio} ⇒ {short(total, _DIGITS)}×")
                continue
            parts = []
            for start in dict.fromkeys(link.input for link in links):
                uses = [self.ratios[link.index] for link in links if link.input == start]
                factor = enclosed(short(uses[0], _DIGITS))
                if len(uses) > 1:
                    factor = f"({' + '.join(enclosed(short(use, _DIGITS)) for use in uses)})"
                if start != self.start:
                    factor = f"{factor} × {enclosed(short(self.moves[start][0], _DIGITS))}"
                parts.append(f"{factor} by way of {self._called(start)}")
            clauses.append(f"{name} moves {' + '.join(parts)} ⇒ {short(total, _DIGITS)}×")
            apart = apart or self._apart(number, links, total)
        text = f"{'; '.join(clauses)}." if clauses else ""
        return f"{text} {_APART.format(apart)}" if apart else text

    def _apart(self, number: int, links: Sequence[Link], total: float) -> str:
        """Why a node does not move by the sum over its inputs; "" where it does, but for rounding."""
        parts = [self.ratios[link.index] * self.moves[link.input][0] for link in links]
        if not abs(sum(parts) - total) > max(
            _INTERPLAY * max(map(abs, [*parts, total])), self._rounding(number, links)
        ):
            return ""
        own = self.outline.items[number].positions
        around = {start for position in own for start in self.graph.input_table[position]}
        if any(not self.graph.records[position].differentiable for position in around.intersection(self.turned)):
            return _TURNS
        return _TOGETHER if set(own).isdisjoint(self.turned) else _CROSSES.format(self._called(number))

    def _rounding(self, number: int, links: Sequence[Link]) -> float:
        """What the rounding of a node and of its inputs may make of its change, as a multiple of the step."""
        node = self.outline.node(number)
        sources = [(self.ratios[link.index], source) for link in links if (source := self.outline.source(link))]
        if node is None:
            return 0.0
        new = self.found.values.get(node.id, node.value)
        size = max(abs(float(node.value)), abs(float(new)))
        size += sum(abs(ratio) * float(np.max(np.abs(source.value))) for ratio, source in sources)
        unit = rounding_unit([node.value, *(source.value for _, source in sources)])
        return _ROUNDING * unit * size / abs(self.step)

    def _longest(self, links: Sequence[Link], ends: set[int]) -> str:
        """The product along the longest path, and where there are others the sum of all."""
        paths = {self.start: 1}
        best: dict[int, tuple[int, Link | None]] = {self.start: (0, None)}
        for link in links:  # by consumer in evaluation order
            paths[link.consumer] = paths.get(link.consumer, 0) + paths.get(link.input, 0)
            length = best[link.input][0] + 1
            if length > best.get(link.consumer, (0, None))[0]:
                best[link.consumer] = (length, link)
        end = max((number for number in ends if number in best), key=lambda number: best[number][0])
        way: list[Link] = []
        step = best[end][1]
        while step is not None:
            way.insert(0, step)
            step = best[step.input][1]
        factors = [self.ratios[link.index] for link in way]
        shown = [enclosed(short(factor, _DIGITS)) for factor in factors]
        shown = [*shown[:4], "…", *shown[-2:]] if len(shown) > _READABLE + 1 else shown
        middle = " → … → " if len(way) > 1 else " → "
        product = f"{' × '.join(shown)} = {short(math.prod(factors), _DIGITS)}"
        total = short(self.moves[end][0], _DIGITS)
        if paths[end] == 1:
            return f"{self.name}{middle}{self._called(end)}: {product}, so {self._called(end)} moves {total}×."
        return (
            f"{paths[end]:,} paths lead from {self.name} to {self._called(end)}. Along the longest the ratios "
            f"multiply: {product}; over all of them the products add up: {self._called(end)} moves {total}×."
        )

    def _of_arrays(self, steps: Sequence[int]) -> str:
        """Arrays have no one ratio: how far the largest entry moves."""
        shown = steps if len(steps) <= _READABLE else [*steps[: _READABLE - 1], steps[-1]]
        clauses = []
        for number in shown:
            ratio, array = self.moves[number]
            clauses.append(f"{self._called(number)} {'by up to ' if array else ''}{short(ratio, _DIGITS)}×")
        if len(shown) < len(steps):
            clauses.insert(-1, "…")
        return f"{self.name} moves by ε, {', '.join(clauses)} as much."

    def _of_ends(self) -> str:
        told = []
        for position in self.graph.seeded:
            ratio, array = self._moved(position)
            if ratio:
                name = called(self.graph.names[position])
                told.append(f"{name} moves {'by up to ' if array else ''}{short(ratio, _DIGITS)}×")
        return f"{listed(told)} as much as {self.name}."
