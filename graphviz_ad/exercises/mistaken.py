"""Wrong ways to an adjoint, each run on a graph: recursion without counters, derivatives at wrong places, products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.core.traced import shape_of
from graphviz_ad.exercises.functions import Functions, Use
from graphviz_ad.story.paths import Paths

PATHS = 64
"""So many paths are multiplied at most: nobody multiplies more."""
NEARBY = 200
"""So many nodes are looked at between a node and the result, at most: the ways below take them all for each node."""
_VISITS = 10_000  # of the naive recursion: it is exponential


def naive_recursion(graph: BaseGraph) -> dict[int, Any]:
    """What every node ends with if each adds to its inputs' accumulators and calls each of them at once.

    A node that is called again sends all that it holds again, so that sums go on growing. {} where it takes too long.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(a, b):
    ...     c, d = a + b, a * b
    ...     e, f = c + d, c * d
    ...     return e + f
    >>> graph = gad.trace(f, 2.0, 3.0).backward()
    >>> [float(naive_recursion(graph)[graph[name].id]) for name in "ab"]
    [29.0, 22.0]
    """
    held = {position: graph.seed_of(position) for position in graph.seeded}
    stack = list(reversed(list(held)))
    visits = 0
    while stack:
        consumer = stack.pop()
        visits += 1
        if visits > _VISITS:
            return {}
        record = graph.records[consumer]
        called = []
        for argnum, position in enumerate(graph.input_table[consumer]):
            if sweep.active_edge(record, argnum):
                with np.errstate(all="ignore"):
                    sent = sweep.contribution(record, argnum, held[consumer])
                    if sent is None:
                        return {}
                    held[position] = held[position] + sent if position in held else sent
                called.append(position)
        stack += reversed(called)
    return held


class Ways:
    """The ways from one node to the result, function by function, and what goes wrong along them."""

    def __init__(self, functions: Functions, node: Node) -> None:
        self.functions = functions
        self.graph = functions.graph
        self.node = node
        self.uses: dict[int, tuple[Use, ...]] = {}
        """By position the functions that take a node, for the node and all that depends on it."""
        waiting = [node.id]
        while waiting and len(self.uses) <= NEARBY:
            position = waiting.pop()
            if position not in self.uses:
                self.uses[position] = functions.uses(position)
                waiting += [use.consumer for use in self.uses[position]]
        self.complete = not waiting
        """Whether that is all of them; of a larger graph nothing below is asked."""

    def seed(self, position: int) -> Any:
        """The adjoint that a sweep starts from at a node; None where it does not start there."""
        return self.graph.seed_of(position) if position in self.graph.seeded else None

    @property
    def chain(self) -> tuple[Use, ...]:
        """The functions along the only way; () where there are several, or they are maps between arrays."""
        found: list[Use] = []
        position = self.node.id
        while self.uses.get(position):
            if len(self.uses[position]) > 1 or self.seed(position) is not None:
                return ()
            found.append(self.uses[position][0])
            position = found[-1].consumer
        return tuple(found)

    def misplaced(self) -> Any:
        """The adjoint with every outer derivative taken at the node's own value; None where that says nothing.

        For f(g(x)) that is f′(x)·g′(x) instead of f′(g(x))·g′(x).
        """
        held: dict[int, Any] = {}
        for position in sorted(self.uses, reverse=True):
            total = self.seed(position)
            for use in self.uses[position]:
                place = None if position == self.node.id else self.node.value
                local = self.functions.derivative(use, place)
                if local is None or held.get(use.consumer) is None or shape_of(local) != self.node.shape:
                    return None
                sent = held[use.consumer] * local
                total = sent if total is None else total + sent
            held[position] = total
        return held[self.node.id]

    def composed(self) -> Any:
        """f′(g′(x)) for f(g(x)): the derivative of the outer function taken at the derivative of the inner one."""
        chain = self.chain
        if len(chain) < 2 or not all(use.alone for use in chain):
            return None
        value: Any = None
        for use in chain:
            derivative = self.functions.derivative
            if self._is_straight(use) or value is None:
                local = derivative(use)
                value = local if value is None or local is None else value * local
            else:
                value = derivative(use, value)
            if value is None or shape_of(value) != self.node.shape:
                return None
        seed = self.seed(chain[-1].consumer)
        return None if seed is None or self._is_straight(chain[-1]) else seed * value

    def _is_straight(self, use: Use) -> bool:
        """Whether a function has the same derivative everywhere: 3x, x + 2."""
        shape = self.graph.records[use.input].shape
        # a ReLU has one slope wherever it is open: it is looked at on both sides
        slopes = [self.functions.derivative(use, np.full(shape, place)[()]) for place in (-1.3, 0.7, 1.9)]
        return all(slope is not None and bool(np.all(slope == slopes[0])) for slope in slopes)

    def added(self) -> Any:
        """The sum of the local derivatives along the only way, instead of their product; None where it has one step."""
        locals_ = [self.functions.derivative(use) for use in self.chain]
        steps = [local for local in locals_ if local is None or not np.all(np.asarray(local) == 1)]
        if len(steps) < 2 or any(step is None or shape_of(step) != self.node.shape for step in steps):
            return None
        return sum(steps[1:], start=steps[0])

    def products(self) -> list[Any]:
        """What each way gives by itself, with the seed; [] where there are too many of them.

        Functions are taken whole, but for ``x * x``, which leads along two ways as in `Graph.paths`.
        """
        if all(len(use.positions) == 1 for uses in self.uses.values() for use in uses):
            paths = Paths(self.graph, self.node.id, limit=PATHS + 1)
            return [path.product for path in paths] if paths.count <= PATHS else []
        counts: dict[int, int] = {}
        for position in sorted(self.uses, reverse=True):
            ends = int(self.seed(position) is not None)
            counts[position] = ends + sum(counts.get(use.consumer, 0) for use in self.uses[position])
        if counts.get(self.node.id, 0) > PATHS:
            return []
        found: list[Any] = []
        waiting: list[tuple[int, Any]] = [(self.node.id, np.ones(self.node.shape)[()])]
        while waiting:
            position, product = waiting.pop()
            if self.seed(position) is not None:
                found.append(product * self.seed(position))
            for use in self.uses[position]:
                local = self.functions.derivative(use)
                if local is None or shape_of(local) != self.node.shape:
                    return []
                waiting.append((use.consumer, product * local))
        return found


# -- the scale of a loss ----------------------------------------------------------------------------


def scales(graph: BaseGraph, uses: dict[int, tuple[Use, ...]]) -> list[tuple[float, str]]:
    """The factors by which the adjoint of this very loss would differ by another convention, each as number and text.

    A loss of squares has a half in front, or none; what is averaged here is summed elsewhere, and the other way about.
    Nothing else is a matter of convention: there are none for a graph that ends otherwise.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> graph = gad.trace(lambda p, t: np.mean((p - t) ** 2), np.ones(4), np.zeros(4)).backward()
    >>> functions = Functions(graph)
    >>> scales(graph, Ways(functions, graph["p"]).uses)
    [(0.5, '½'), (4.0, '4'), (2.0, '4 × ½')]
    """
    found = _Loss(graph, set(uses))
    ratios: list[tuple[float, str]] = []
    if found.squares:
        ratios.append((2.0, "2") if found.halved else (0.5, "½"))
    counts = [(float(count), str(count)) for count in sorted(found.averaged)]
    counts += [(1 / count, f"1/{count}") for count in sorted(found.summed - found.averaged)]
    for ratio, text in counts:
        both = [(ratio * factor, f"{text} × {word}") for factor, word in ratios[:1] if found.squares]
        ratios += [(ratio, text), *[one for one in both if one[0] != 1]]
    return ratios


class _Loss:
    """What a graph ends with, back to the first function that is neither a sum nor a scale nor a square."""

    def __init__(self, graph: BaseGraph, later: set[int]) -> None:
        self.graph = graph
        self.later = later
        self.squares = self.halved = False
        """Whether there are squares, of differences or summed; and whether a half stands in front of them."""
        self.averaged: set[int] = set()
        self.summed: set[int] = set()
        """How many numbers are averaged, and how many are summed."""
        self._walk()

    def _walk(self) -> None:
        waiting = [(position, False, False) for position in self.graph.seeded]
        seen: set[int] = set()  # or all paths would be walked: there may be 2⁶⁰
        while waiting:
            position, halved, reduced = waiting.pop()
            if position in seen:
                continue
            seen.add(position)
            record, sources = self.graph.records[position], self.graph.input_table[position]
            name = record.primitive.name if record.primitive and position in self.later else ""
            numbers = [self._number(source) for source in sources]
            if name in ("sum", "mean"):
                count = math.prod(self.graph.records[sources[0]].shape) // max(math.prod(record.shape), 1)
                if count > 1:
                    (self.averaged if name == "mean" else self.summed).add(count)
                waiting.append((sources[0], halved, True))
            elif name in ("add", "negative"):
                waiting += [(source, halved, reduced) for source in sources]
            elif name in ("multiply", "divide") and any(number is not None for number in numbers):
                half = 0.5 in numbers if name == "multiply" else numbers[1] == 2
                if name == "divide" and numbers[1] in self._lengths:
                    self.averaged.add(int(numbers[1] or 1))
                left = [source for source, number in zip(sources, numbers, strict=True) if number is None]
                waiting += [(source, halved or half, reduced) for source in left]
            elif (name == "power" and numbers[1] == 2) or name == "square" or (name == "multiply" and _same(sources)):
                inner = self.graph.records[sources[0]].primitive
                if reduced or (inner is not None and inner.name == "subtract"):
                    self.squares, self.halved = True, halved

    def _number(self, position: int) -> float | None:
        """A number that is no variable."""
        node = self.graph[position]
        return float(node.value) if node.kind == "constant" and node.shape == () and node.dtype.kind in "iuf" else None

    @property
    def _lengths(self) -> set[int]:
        return {length for node in self.graph.nodes for length in node.shape if length > 1}


def _same(sources: tuple[int, ...]) -> bool:
    return len(set(sources)) == 1
