"""The groups of a graph as a tree: calls and scopes, equal repeats folded to one, long sequences cut into ranges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby, pairwise

from graphviz_ad.core.graph import BaseGraph

MAX_DEPTH = 24
"""Deeper calls (of a recursive function) belong to the group of this depth."""
RANGES = 12
"""Into how many ranges a long sequence is cut: as many boxes as one takes in at a glance."""


class Group:
    """Nodes made inside one call or scope ("call"), several equal groups ("repeat"), or neighbours ("range")."""

    __slots__ = ("kind", "members", "name", "operations", "serial", "times")

    def __init__(self, name: str, kind: str, members: list[Member], serial: int) -> None:
        self.name = name
        self.kind = kind
        self.members = members
        self.serial = serial
        self.times = len(members) if kind == "repeat" else 1
        self.operations = 0

    def __repr__(self) -> str:
        return f"<Group {self.name!r}: {self.kind}, {self.operations} operations>"


Member = int | Group


def positions(members: Iterable[Member]) -> Iterator[int]:
    """The nodes in members and in what is inside them, in order."""
    stack = [iter(members)]
    while stack:
        member = next(stack[-1], None)
        if member is None:
            stack.pop()
        elif isinstance(member, Group):
            stack.append(iter(member.members))
        else:
            yield member


def first(member: Member) -> int:
    """The first node of a member."""
    while isinstance(member, Group):
        member = member.members[0]
    return member


def last(member: Member) -> int:
    """The last node of a member."""
    while isinstance(member, Group):
        member = member.members[-1]
    return member


class Forest:
    """All groups of one graph, and the nodes that are in none.

    A group holds neighbours in evaluation order, so that collapsing it can never close a circle. Where a call was
    interrupted by another (a generator), each stretch is a group of its own.
    """

    def __init__(self, graph: BaseGraph) -> None:
        self.graph = graph
        self.groups: dict[str, Group] = {}
        self.names = set(graph.names)
        self.order = {
            position: number
            for number, position in enumerate(
                position for position, record in enumerate(graph.records) if record.primitive is not None
            )
        }
        """For every operation how many were computed before it."""
        self.roots = self._grown()

    def new(self, name: str, kind: str, members: list[Member]) -> Group:
        """A group whose name is not yet taken."""
        if kind == "call" and name in self.graph:
            name = f"{name}()"
        chosen, number = name, 2
        while chosen in self.names:
            chosen, number = f"{name} (part {number})", number + 1
        self.names.add(chosen)
        self.groups[chosen] = Group(chosen, kind, members, len(self.groups))
        return self.groups[chosen]

    def _grown(self) -> list[Member]:
        roots: list[Member] = []
        path: tuple[str, ...] = ()
        opened: list[Group] = []
        known: dict[str | None, tuple[str, ...]] = {None: ()}
        table = self.graph.tables.groups
        for position in self.order:
            text = table[position]
            wanted = known.get(text)
            if wanted is None:
                assert text is not None
                wanted = known[text] = tuple(part for part in text.split("/") if part)[:MAX_DEPTH]
            if wanted != path:
                common = 0
                while common < min(len(wanted), len(path)) and wanted[common] == path[common]:
                    common += 1
                del opened[common:]
                for label in wanted[common:]:
                    group = self.new(label, "call", [])
                    (opened[-1].members if opened else roots).append(group)
                    opened.append(group)
                path = wanted
            (opened[-1].members if opened else roots).append(position)
            for group in opened:
                group.operations += 1
        return roots

    # -- repeats ----------------------------------------------------------------------------------

    def repeated(self, members: Sequence[Member], least: int = 2) -> list[Member]:
        """The members, with neighbours that are equal groups, ``least`` of them or more, folded to one."""
        result: list[Member] = []
        for key, run in groupby(members, key=self._signature):
            found = list(run)
            if key is None or len(found) < least:
                result += found
                continue
            first_name, last_name = (member.name for member in (found[0], found[-1]) if isinstance(member, Group))
            group = self.new(f"{first_name} … {last_name}", "repeat", found)
            group.operations = sum(member.operations for member in found if isinstance(member, Group))
            result.append(group)
        return result

    def _signature(self, member: Member) -> object:
        """What equal groups share: their name but for a number, operations, shapes, and how these are joined."""
        if not isinstance(member, Group):
            return None
        start = self.order[first(member)]
        records, table, order = self.graph.records, self.graph.input_table, self.order
        wiring = []
        for position in positions([member]):
            record = records[position]
            here = order[position]
            joined = tuple(
                here - before if (before := order.get(item, -1)) >= start else records[item].shape
                for item in table[position]
            )
            wiring.append((record.primitive, record.shape, record.dtype, joined))
        return member.kind, stem(member.name), tuple(wiring)

    # -- ranges -----------------------------------------------------------------------------------

    def ranges(self, members: Sequence[Member], limit: int) -> list[Member]:
        """More than ``limit`` members cut into a few ranges, where few values pass from one to the next."""
        if len(members) <= limit:
            return list(members)
        passing = self._passing(members)
        size = len(members) / RANGES
        cuts = [0]
        for number in range(1, RANGES):
            middle = round(number * size)
            reach = max(1, round(size / 6))
            around = range(max(cuts[-1] + 1, middle - reach), min(len(members) - 1, middle + reach) + 1)
            cuts.append(min(around, key=lambda cut: (passing[cut], abs(cut - middle), cut)))
        cuts.append(len(members))
        result: list[Member] = []
        for start, stop in pairwise(cuts):
            inside = list(members[start:stop])
            if len(inside) == 1:
                result += inside
                continue
            group = self.new(f"{self._label(inside[0], first)} … {self._label(inside[-1], last)}", "range", inside)
            group.operations = sum(m.operations if isinstance(m, Group) else m in self.order for m in inside)
            result.append(group)
        return result

    def _label(self, member: Member, end: object) -> str:
        if not isinstance(member, Group):
            return self.graph.names[member]
        return member.name.split(" … ")[0 if end is first else -1]

    def _passing(self, members: Sequence[Member]) -> list[int]:
        """For every place between two members how many values pass it."""
        where: dict[int, int] = {}
        for number, member in enumerate(members):
            for position in positions([member]) if isinstance(member, Group) else (member,):
                where[position] = number
        table = self.graph.input_table
        furthest: dict[int, int] = {}
        for position, number in where.items():
            for item in table[position]:
                furthest[item] = number  # members stand in evaluation order: the last consumer is the furthest
        change = [0] * (len(members) + 2)
        for item, number in furthest.items():
            start = where.get(item, number)
            if number > start:
                change[start + 1] += 1
                change[number + 1] -= 1
        return list(accumulate(change))


def stem(name: str) -> str:
    """A name without the number at its end: what the layers of one net have in common.

    Examples
    --------
    >>> stem("layer_12"), stem("layer3"), stem("4")
    ('layer', 'layer', '4')
    """
    return name.rstrip("0123456789").rstrip("_") or name
