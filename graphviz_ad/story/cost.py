"""What derivatives cost on one graph: finite differences, forward mode and reverse mode side by side, and the memory.

Counted are all derivatives of all output numbers by all input numbers, n input numbers and m output numbers: an array
counts by its entries.

- Finite differences run the function n + 1 times (central ones 2n times).
- Forward mode makes n sweeps, one for each input number; each computes every value and its tangent together.
- Reverse mode makes one forward sweep, and one backward sweep for each output number.

Operations are counted in two ways: node evaluations, each operation once for every sweep that passes it; and scalar
operations (see `graphviz_ad.story.work`), where a sweep pays for the edges that its seed reaches, and where the
derivative rules count with what they do, sums over consumers and over broadcast axes included. The few operations that
finite differences need for the differences themselves are left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.story.memory import Holding, Ledger, bytes_text
from graphviz_ad.story.numbers import listed, short
from graphviz_ad.story.timeline import Timeline
from graphviz_ad.story.work import Work


@dataclass(frozen=True, slots=True)
class Method:
    """One way to all derivatives, and what it costs."""

    key: str
    """"differences", "central", "forward" or "reverse"."""
    sweeps: int
    """How often it passes the graph, in either direction."""
    nodes: int
    """Node evaluations."""
    scalars: int
    """Scalar operations, an estimate."""


class Cost:
    """The cost of the derivatives of one graph.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> cost = Cost(gad.trace(lambda x: np.sum(x**2), np.ones(100)))
    >>> for method in cost.methods:
    ...     print(method)
    Method(key='differences', sweeps=101, nodes=202, scalars=20099)
    Method(key='central', sweeps=200, nodes=400, scalars=39800)
    Method(key='forward', sweeps=100, nodes=200, scalars=49800)
    Method(key='reverse', sweeps=2, nodes=4, scalars=399)
    >>> print(cost.sentence)
    Reverse mode: 2 sweeps over 2 operations, whatever the number of inputs; forward mode: 100 sweeps, one for each \
input number; finite differences: 101 runs.
    """

    def __init__(self, graph: BaseGraph, work: Work | None = None) -> None:
        self.graph = graph
        self.work = Work(graph) if work is None else work
        starts = {node.id: math.prod(node.shape) for node in graph.inputs if node.differentiable}
        outputs = dict.fromkeys(graph.seeded if graph.has_adjoints else graph.tables.outputs)
        ends = {p: math.prod(graph.nodes[p].shape) for p in outputs if graph.nodes[p].differentiable}
        self.inputs = sum(starts.values())
        """n: the input numbers."""
        self.outputs = sum(ends.values())
        """m: the output numbers."""
        made = [position for position, record in enumerate(graph.records) if record.primitive is not None]
        self.operations = len(made)
        """The operations of the graph: its nodes that are no inputs and no constants."""
        self.scalars = sum(map(self.work.value, made))
        """Scalar operations of one run of the function."""
        n, m, count, run = self.inputs, self.outputs, self.operations, self.scalars
        pushed, _ = self._directions(starts, back=False)
        pulled, passed = self._directions(ends, back=True)
        self.methods = (
            Method("differences", n + 1, (n + 1) * count, (n + 1) * run),
            Method("central", 2 * n, 2 * n * count, 2 * n * run),
            Method("forward", n, n * count, n * run + pushed),
            Method("reverse", 1 + m, count + passed, run + pulled),
        )

    def __getitem__(self, key: str) -> Method:
        return next(method for method in self.methods if method.key == key)

    def _directions(self, starts: Mapping[int, int], *, back: bool) -> tuple[int, int]:
        """Scalar operations of one sweep of tangents (or adjoints) for each entry of the nodes where they start.

        The second number says how many operations take something on, in all the sweeps together.
        """
        records, table = self.graph.records, self.graph.input_table
        reach = {position: 1 << number for number, position in enumerate(starts)}  # by which starts, as bits
        sizes = list(starts.values())
        known: dict[int, int] = {}

        def weight(bits: int) -> int:
            """How many sweeps come to a node."""
            if bits not in known:
                known[bits] = sum(size for number, size in enumerate(sizes) if bits >> number & 1)
            return known[bits]

        done = passed = 0
        arrived = dict(starts)
        for consumer in range(len(records))[:: -1 if back else 1]:
            bits = 0
            for argnum, source in enumerate(table[consumer]):
                start, end = (consumer, source) if back else (source, consumer)
                if start not in reach or not sweep.active_edge(records[consumer], argnum):
                    continue
                bits |= reach[start]
                rule = (self.work.vjp if back else self.work.jvp)(consumer, argnum)
                done += weight(reach[start]) * rule.operations
                arrived[end] = arrived.get(end, 0) + weight(reach[start])
                reach[end] = reach.get(end, 0) | reach[start]
            passed += weight(bits)
        # where several arrive in one sweep, they are added up
        done += sum((count - weight(reach[p])) * records[p].size for p, count in arrived.items())
        return done, passed

    @property
    def cheapest(self) -> str:
        """The cheaper of forward and reverse mode, by scalar operations."""
        return "forward" if self["forward"].scalars <= self["reverse"].scalars else "reverse"

    @property
    def sentence(self) -> str:
        """The comparison in one sentence."""
        n, m = self.inputs, self.outputs
        if not m or not n:
            return "There is nothing to differentiate: no float leads to a float."
        forward, reverse = (_many(self[key].sweeps, "sweep") for key in ("forward", "reverse"))
        if m == 1:
            return (
                f"Reverse mode: {reverse} over {_many(self.operations, 'operation')}, whatever the number of inputs; "
                f"forward mode: {forward}{'' if n == 1 else ', one for each input number'}; finite differences: "
                f"{_many(n + 1, 'run')}."
            )
        why = "there are more outputs than inputs" if m > n else "there are more inputs than outputs"
        return (
            f"Reverse mode: {reverse}, one forwards and one back from each of the {m:,} output numbers; forward mode: "
            f"{forward}, one for each input number; finite differences: {_many(n + 1, 'run')}. Cheaper here: "
            f"{self.cheapest} mode{f', since {why}' if (m > n) == (self.cheapest == 'forward') and m != n else ''}."
        )

    @property
    def accuracy(self) -> str:
        """How exact each way is."""
        kinds = [node.dtype for node in self.graph.outputs if node.dtype.kind == "f"] or [np.dtype(float)]
        eps = float(np.finfo(min(kinds, key=lambda kind: kind.itemsize)).eps)
        digits = -math.log10(eps)
        return (
            f"Finite differences are inexact however h is chosen: a large h errs by curvature, a small h by rounding. "
            f"The best, h ≈ √ε ≈ {short(math.sqrt(eps), 2)}, leaves about {digits / 2:.0f} of {digits:.0f} digits "
            f"(central: about {digits * 2 / 3:.0f}). Forward and reverse mode are exact up to rounding."
        )


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


# -- as plain data ------------------------------------------------------------------------------


def cost_data(line: Timeline) -> dict[str, Any]:
    """What the panel "Cost" shows, as strict JSON; every number for people is a text beside it."""
    work = Work(line.graph)
    cost = Cost(line.graph, work)
    return {
        "operations": cost.operations,
        "inputs": cost.inputs,
        "outputs": cost.outputs,
        "scalars": cost.scalars,
        "methods": [
            {
                "key": method.key,
                "sweeps": method.sweeps,
                "nodes": method.nodes,
                "scalars": method.scalars,
                "texts": [f"{number:,}" for number in (method.sweeps, method.nodes, method.scalars)],
            }
            for method in cost.methods
        ],
        "cheapest": cost.cheapest,
        "sentence": cost.sentence,
        "accuracy": cost.accuracy,
        "memory": _memory(line, Ledger(line, work)),
    }


def _memory(line: Timeline, ledger: Ledger) -> dict[str, Any]:
    together = ledger.together
    return {
        "totals": ledger.totals,
        "texts": {str(count): bytes_text(count) for count in sorted(set(ledger.totals))},
        "operations": ledger.operations,
        "evaluations": ledger.evaluations,
        "caller": bytes_text(ledger.caller),
        "peak": ledger.peak,
        "peak_step": ledger.peak_step,
        "alone": bytes_text(ledger.alone),
        "together": None if together is None else bytes_text(together),
        "items": _items(line, ledger.holdings),
    }


def _items(line: Timeline, holdings: tuple[Holding, ...]) -> list[dict[str, Any]]:
    """What is held, by visible things: arrays inside a collapsed group that come and go together are one entry."""
    merged: dict[tuple[Any, ...], list[Holding]] = {}
    for held in holdings:
        item = line.outline.items[held.item]
        alone = held.position if item.group is None else None
        key = (held.item, alone, held.what, held.made, held.last, held.caller, held.result)
        merged.setdefault(key, []).append(held)
    result = []
    for (number, _, what, made, last, caller, outcome), same in merged.items():
        item = line.outline.items[number]
        size = sum(held.bytes for held in same)
        result.append(
            {
                "node": item.id,
                "name": line.graph.names[same[0].position] if len(same) == 1 else item.name,
                "group": item.name if item.group is not None else "",
                "count": len(same),
                "what": what,
                "bytes": size,
                "text": bytes_text(size),
                "made": made,
                "last": last,
                "caller": caller,
                "result": outcome,
                "uses": _uses(same),
            }
        )
    return result


def _uses(same: list[Holding]) -> list[list[Any]]:
    """Step and user of every use, but of many at one step only the first."""
    by_step: dict[int, list[str]] = {}
    for use in sorted({use for held in same for use in held.uses if use.by}):
        by_step.setdefault(use.step, []).append(use.by)
    return [
        [step, listed(users, 3) if len(users) <= 3 else f"{users[0]} and {len(users) - 1} more"]
        for step, users in by_step.items()
    ]
