"""All paths from one node to the output: a product along each of them, and their sum is the adjoint."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple, overload

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.traced import shape_of
from graphviz_ad.errors import ArgumentError, SeedError
from graphviz_ad.story.flow import is_map
from graphviz_ad.story.narration import described
from graphviz_ad.story.numbers import brief, enclosed, plain_local
from graphviz_ad.story.paper import SUPERSCRIPT

MAX_LIMIT = 10**6
"""So many paths can be listed at most: more than anybody reads, and they fit into memory."""
_LONG = 10  # a path of more edges is shown by its two ends
_ADDENDS = 6  # a sum of more terms is shown by its result


class _Way(NamedTuple):
    """A path as a linked list from its start on: paths that end alike share their ends."""

    consumer: int
    argnum: int
    rest: _Way | None


class Path:
    """One path: the edges from a node to the output, and the product along them."""

    __slots__ = ("_end", "_paths", "_product", "_way")

    def __init__(self, paths: Paths, way: _Way | None, end: int, product: Any) -> None:
        self._paths = paths
        self._way = way
        self._end = end
        self._product = product

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges from the node to the output; none where the node is the output itself."""
        found = []
        way = self._way
        while way is not None:
            found.append(self._paths.edge(way.consumer, way.argnum))
            way = way.rest
        return tuple(found)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes along it, from the start to the output."""
        return (self._paths.node, *[edge.consumer for edge in self.edges])

    @property
    def locals(self) -> tuple[Any, ...]:
        """The local derivatives along it: numbers, arrays for elementwise primitives, else a `LocalJacobian`."""
        return tuple([plain_local(edge.local) for edge in self.edges])

    @property
    def seed(self) -> Any:
        """The adjoint that the output starts from."""
        return self._paths.seeds[self._end]

    @property
    def product(self) -> Any:
        """The seed carried back along this path alone, in the node's shape: for numbers the product of the locals."""
        return _read_only(self._product, self._paths.node)

    @property
    def route(self) -> str:
        """The names along it, ``x → u → y``; ``x →² u``: by the second argument, where u uses x more than once."""
        edges = self.edges
        stops = [self._paths.node.name]
        for edge in edges:
            uses = self._paths.graph.input_table[edge.consumer.id].count(edge.input.id)
            mark = str(edge.argnum + 1).translate(SUPERSCRIPT) if uses > 1 else ""
            stops.append(f" →{mark} {edge.consumer.name}")
        if len(edges) > _LONG:
            stops = [*stops[:4], f" → … {len(stops) - 7:,} more …", *stops[-3:]]
        return "".join(stops)

    @property
    def factors(self) -> str:
        """The local derivatives as a product, ``2 × 3``; "" where they are arrays, complex, or one is not known."""
        if any(node.shape or is_complex(node.value) for node in self.nodes):
            return ""
        edges = self.edges
        shown = edges if len(edges) <= _LONG else [*edges[:3], *edges[-2:]]
        locals_ = [plain_local(edge.local) for edge in shown]
        if any(map(is_map, locals_)):
            return ""
        numbers = [_factor(local, first=place == 0) for place, local in enumerate(locals_)]
        if len(edges) > _LONG:
            numbers.insert(3, "…")
        text = " × ".join(numbers) + (f" ({len(edges):,} factors)" if len(edges) > _LONG else "")
        if self.seed == 1:
            return text
        return f"{text} × seed {_factor(self.seed, first=False)}" if text else f"seed {brief(self.seed)}"

    @property
    def text(self) -> str:
        """The path in names and numbers: ``x → u → y: 2 × 3 = 6``."""
        factors, product = self.factors, described(self.product)
        return f"{self.route}: {product if factors in ('', product) else f'{factors} = {product}'}"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Path {self.text}>"


class Paths:
    """The paths from one node to the output, listed one after another when asked; their count is known at once.

    `Graph.paths` makes it; it has a length, an index, slices and an order, that of a walk back from the output by
    argnum. (``count`` is a number here, so it is no `collections.abc.Sequence`.)
    """

    def __init__(self, graph: BaseGraph, name: str | int, output: str | None = None, limit: int = 100) -> None:
        given: Any = limit  # what a user passes may be anything
        if isinstance(given, bool) or not isinstance(given, int | np.integer) or not 1 <= given <= MAX_LIMIT:
            raise ArgumentError(f"limit must be a whole number from 1 to {MAX_LIMIT:,}, not {limit!r}")
        if output is not None:
            end = graph[output]
            if int(np.prod(end.shape)) != 1:
                raise SeedError(
                    f"the output {end.name!r} has shape {end.shape}; paths end at one number. For a seed of that shape "
                    f"write graph.backward(seed={{{end.name!r}: ...}}) first, then graph.paths({name!r})."
                )
            graph = type(graph)(graph.records, graph.tables).backward({end.name: sweep.seed_like(end.value)})
        self.graph = graph
        self.node = graph[name]
        """The node that the paths start from."""
        self.seeds = {position: graph.seed_of(position) for position in graph.seeded}
        """The adjoints that the outputs start from, by the outputs' positions: those of this moment."""
        self.limit = int(limit)
        self._leads_to = self._leading()
        self._first_edge = [0, *accumulate(len(row) for row in graph.input_table)]
        self.count, self.work = self._counted()
        self._listed: list[Path] = []
        self._more = self._walk()

    count: int
    """How many paths there are, exactly, however many are listed."""
    work: int
    """How many edges one reverse sweep walks for all of them together: each edge that lies on a path, once."""

    # -- counting: once over the edges ----------------------------------------------------------

    def _leading(self) -> frozenset[int]:
        """The nodes to which the start leads along edges that carry a derivative, and the start itself."""
        start = self.node.id
        if not self.node.differentiable:
            return frozenset()
        leading = {start}
        records, table = self.graph.records, self.graph.input_table
        for consumer in range(start + 1, max(self.seeds) + 1):
            for argnum, position in enumerate(table[consumer]):
                if position in leading and sweep.active_edge(records[consumer], argnum):
                    leading.add(consumer)
                    break
        return frozenset(leading)

    def _active(self, consumer: int) -> list[tuple[int, int]]:
        """Argnum and input of every edge into a node that lies on a path from the start."""
        record = self.graph.records[consumer]
        return [
            (argnum, position)
            for argnum, position in enumerate(self.graph.input_table[consumer])
            if position in self._leads_to and sweep.active_edge(record, argnum)
        ]

    def _counted(self) -> tuple[int, int]:
        """The number of paths, and of the edges on them: every node adds up what its consumers have counted."""
        ways = {position: 1 for position in self.seeds if position in self._leads_to}
        work = 0
        for consumer in range(max(ways, default=-1), self.node.id, -1):
            # a count may have thousands of digits: it goes as soon as it was handed on
            number = ways.pop(consumer, 0)
            if number:
                for _, position in self._active(consumer):
                    work += 1
                    ways[position] = ways.get(position, 0) + number
        return ways.get(self.node.id, 0), work

    # -- listing: a walk back from the output, without recursion --------------------------------

    def _walk(self) -> Iterator[Path]:
        records = self.graph.records
        # (node, its adjoint or that of the consumer which sends to it, the way on from the node, the output)
        waiting: list[tuple[int, Any, _Way | None, int]] = []
        for position, seed in reversed(self.seeds.items()):
            if position in self._leads_to:
                waiting.append((position, seed, None, position))
        while waiting:
            position, adjoint, way, end = waiting.pop()
            if way is not None:
                with np.errstate(all="ignore"):
                    sent = sweep.contribution(records[way.consumer], way.argnum, adjoint)
                # a user's own rule may answer None for zeros
                adjoint = np.zeros(records[position].shape, records[position].dtype)[()] if sent is None else sent
            if position == self.node.id:
                yield Path(self, way, end, adjoint)
                continue
            for argnum, source in reversed(self._active(position)):
                waiting.append((source, adjoint, _Way(position, argnum, way), end))

    def _list(self, number: int) -> None:
        while len(self._listed) < number:
            self._listed.append(next(self._more))

    def __len__(self) -> int:
        return min(self.count, self.limit)

    @overload
    def __getitem__(self, position: int) -> Path: ...
    @overload
    def __getitem__(self, position: slice) -> list[Path]: ...
    def __getitem__(self, position: int | slice) -> Path | list[Path]:
        chosen = range(len(self))[position]
        if isinstance(chosen, range):
            self._list(max(chosen, default=-1) + 1)
            return [self._listed[place] for place in chosen]
        self._list(chosen + 1)
        return self._listed[chosen]

    def __iter__(self) -> Iterator[Path]:
        return (self[place] for place in range(len(self)))

    def edge(self, consumer: int, argnum: int) -> Edge:
        """The graph's edge into one argument of a node, by the node's position."""
        return self.graph.edges[self._first_edge[consumer] + argnum]

    # -- what they come to ----------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether all paths are listed."""
        return self.count <= self.limit

    @cached_property
    def total(self) -> Any:
        """The sum of the products of the listed paths: the node's adjoint, if all are listed."""
        if not self.node.differentiable:
            return None
        total: Any = None
        with np.errstate(all="ignore"):
            for path in self:
                total = path.product if total is None else total + path.product
        return _read_only(np.zeros(self.node.shape, self.node.dtype) if total is None else total, self.node)

    @property
    def _ends(self) -> str:
        return ", ".join(self.graph.names[position] for position in self.seeds)

    @property
    def comparison(self) -> str:
        """How many paths there are, against the edges that one sweep walks."""
        return f"{_many(self.count, 'path')} against {_many(self.work, 'edge')} of one sweep"

    @property
    def _some(self) -> str:
        """Which paths are listed."""
        if self.complete:
            return f"the {_many(self.count, 'path')}"
        return f"the first {len(self):,} of {_many(self.count, 'path')}"

    @property
    def summary(self) -> str:
        """The lesson in one sentence, with its numbers."""
        name, ends = self.node.name, self._ends
        if not self.node.differentiable:
            what = "a constant" if self.node.kind == "constant" else f"of dtype {self.node.dtype}"
            return f"{name} is {what}: it has no adjoint, and no path leads from it to {ends}."
        if not self.count:
            return (
                f"No path leads from {name} to {ends} along edges that carry a derivative: the adjoint of {name} is 0."
            )
        if not self.complete:
            return (
                f"{_many(self.count, 'path').capitalize()} lead from {name} to {ends}, against "
                f"{_many(self.work, 'edge')} of one sweep; listed are {self._some}, and their sum is not the adjoint "
                f"of {name}."
            )
        if self.count == 1:
            return (
                f"One path leads from {name} to {ends}, so the product along it is the adjoint of {name}: {self._sum}."
            )
        return (
            f"{_many(self.count, 'path')} lead from {name} to {ends}: multiply along each of them and add them up, "
            f"{self._sum}, and that is the adjoint of {name} ({self.comparison})."
        )

    @property
    def _sum(self) -> str:
        """The sum with its terms, where they are few numbers: ``6 + 1 = 7``."""
        total = described(self.total)
        if self.node.shape or not 1 < len(self) <= _ADDENDS:
            return total
        return " + ".join(_factor(path.product, first=place == 0) for place, path in enumerate(self)) + f" = {total}"

    def __str__(self) -> str:
        if not self.count:
            return self.summary
        rows = [(path.route, path.factors, described(path.product)) for path in self]
        verdict = f"the adjoint of {self.node.name}"
        if self.complete:
            lines = [f"{self.comparison}, from {self.node.name} to {self._ends}"]
        else:
            verdict = f"not {verdict}"
            lines = [
                f"{self.comparison}, from {self.node.name} to {self._ends}",
                f"listed are {self._some}; their sum is {verdict}",
            ]
        if any(f"→{digit}" in route for route, _, _ in rows for digit in "¹²³⁴⁵⁶⁷⁸⁹"):
            lines.append("(→¹, →² …: by the first, the second … argument)")
        end = f"sum of {self._some}"
        rows.append((end, "", f"{described(self.total)}, {verdict}"))
        wide = max([len(route) for route, _, _ in rows])
        wide_factors = max([len(factors) for _, factors, _ in rows])
        for route, factors, product in rows:
            middle = f"{factors:<{wide_factors}} = " if wide_factors else "= "
            lines.append(f"{route:<{wide}}  {middle}{product}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        listed = "" if self.complete else f", the first {len(self):,} listed"
        return f"<Paths {self.node.name} → {self._ends}: {self.comparison}{listed}>"


def _factor(value: Any, *, first: bool) -> str:
    """A number within a product or a sum: in parentheses where its sign would stand behind another one."""
    return brief(value) if first else enclosed(brief(value))


def _many(number: int, what: str) -> str:
    """A count with its noun: exactly while it can be read, else its order of magnitude.

    Examples
    --------
    >>> _many(1, "path"), _many(2**60, "path"), _many(2**100_000, "path")
    ('1 path', '1,152,921,504,606,846,976 paths', 'about 10³⁰¹⁰² paths')
    """
    if number < 10**21:
        return f"{number:,} {what}{'' if number == 1 else 's'}"
    return f"about 10{str(math.floor(math.log10(number))).translate(SUPERSCRIPT)} {what}s"


def _read_only(value: Any, like: Node) -> Any:
    """A number in its node's dtype, an array that cannot be written to: paths share what they have in common."""
    found: Any = np.asarray(value, dtype=like.dtype)
    if not shape_of(found):
        return found[()]
    found = found.view()
    found.flags.writeable = False
    return found
