"""What is visible of a graph: nodes, collapsed groups, frames around expanded ones, and the links between them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.errors import ArgumentError, UnknownNameError
from graphviz_ad.story.formula import is_folded
from graphviz_ad.story.groups import RANGES, Forest, Group, Member, positions

READABLE = 60
"""Above so many nodes a picture is no longer read, and groups collapse by themselves."""
MANY = 8
"""So many equal neighbours are one ×N where a graph folds by itself; two or three say more side by side."""
FOLDS = ("auto", "all", "none")


@dataclass(frozen=True, slots=True)
class Item:
    """One visible thing: a node, or a collapsed group of nodes."""

    id: int
    name: str
    positions: tuple[int, ...] = field(repr=False)
    outgoing: tuple[int, ...]
    """Its values that are used outside of it, or are results of the function."""
    group: Group | None = None
    frame: int | None = None

    @property
    def result(self) -> int | None:
        """The position of its one outgoing value; None where there are several, or none."""
        return self.outgoing[0] if len(self.outgoing) == 1 else None


@dataclass(frozen=True, slots=True)
class Link:
    """One visible edge: an edge of the graph, or all those between two things of which one is a collapsed group."""

    index: int
    input: int  # positions in Outline.items
    consumer: int
    argnum: int
    edges: tuple[int, ...]  # positions in graph.edges


@dataclass(frozen=True, slots=True)
class Frame:
    """An expanded group."""

    id: int
    group: Group
    frame: int | None


class Outline:
    """The visible items of one graph in evaluation order, and the links between them."""

    def __init__(self, graph: BaseGraph, items: Sequence[Item], frames: Sequence[Frame] = ()) -> None:
        self.graph = graph
        self.items = tuple(items)
        self.frames = tuple(frames)
        self.plain = len(items) == len(graph.records) and all(item.group is None for item in items)
        """Whether items and links are the graph's own nodes and edges, one by one."""

    @cached_property
    def owner(self) -> dict[int, int]:
        """For every node that is visible, or inside something visible: the position of that item."""
        return {position: number for number, item in enumerate(self.items) for position in item.positions}

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The links, by consumer in evaluation order, then by argnum."""
        if self.plain:
            return tuple(
                Link(place, edge.input.id, edge.consumer.id, edge.argnum, (place,))
                for place, edge in enumerate(self.graph.edges)
            )
        owner, items = self.owner, self.items
        between: dict[Any, list[int]] = {}
        for place, (start, consumer) in enumerate(ends(self.graph)):
            one, two = owner.get(start), owner[consumer]
            if one is None or one == two:  # a number in the code, or inside of a group
                continue
            # where the consumer is a node, each of its arguments keeps its own line
            key = (two, one) if items[two].group is not None else (two, one, place)
            between.setdefault(key, []).append(place)
        links: list[Link] = []
        arguments: dict[int, int] = {}
        for key, places in sorted(between.items(), key=lambda pair: (pair[0][0], pair[1][0])):
            two, one = key[0], key[1]
            if items[two].group is None:
                argnum = self.graph.edges[places[0]].argnum
            else:
                argnum = arguments[two] = arguments.get(two, -1) + 1
            links.append(Link(len(links), one, two, argnum, tuple(places)))
        return tuple(links)

    @cached_property
    def incoming(self) -> tuple[tuple[Link, ...], ...]:
        """For every item the links that end there."""
        found: list[list[Link]] = [[] for _ in self.items]
        for link in self.links:
            found[link.consumer].append(link)
        return tuple(tuple(links) for links in found)

    def node(self, item: int) -> Node | None:
        """The node that an item is, or whose value a collapsed group sends out."""
        result = self.items[item].result
        return None if result is None else self.graph.nodes[result]

    def edges(self, link: Link) -> list[Edge]:
        """The graph's edges that a link stands for."""
        return [self.graph.edges[place] for place in link.edges]

    def source(self, link: Link) -> Node | None:
        """The one value that passes along a link; None where there are several."""
        starts = {self.graph.edges[place].input.id for place in link.edges}
        return self.graph.nodes[starts.pop()] if len(starts) == 1 else None


def ends(graph: BaseGraph) -> list[tuple[int, int]]:
    """Input and consumer of every edge, in the order of ``graph.edges``."""
    return [(position, consumer) for consumer, row in enumerate(graph.input_table) for position in row]


def whole(graph: BaseGraph) -> Outline:
    """Every node and every edge, nothing folded."""
    names = graph.names
    return Outline(graph, [Item(place, names[place], (place,), (place,)) for place in range(len(names))])


def outline(
    graph: BaseGraph,
    *,
    constants: bool = False,
    fold: Any = "auto",
    expand: Collection[str] = (),
    close: Collection[str] = (),
) -> Outline:
    """What a picture of the graph shows.

    Parameters
    ----------
    constants
        Show untraced scalars as nodes of their own.
    fold
        "none": every node; "all": every group collapsed, equal neighbours as one; "auto": as far as 60 nodes need it.
        Or names of groups: these are collapsed.
    expand
        Names of groups, or of nodes inside them, that are shown whatever ``fold`` says.
    close
        Names of groups that are collapsed whatever ``fold`` and ``expand`` say: what is inside stays as it was, and is
        seen again once the group is open.
    """
    return _Fold(graph, constants, fold, expand, close).outline()


class _Fold:
    """One way of folding a graph on its way to an `Outline`."""

    def __init__(
        self, graph: BaseGraph, constants: bool, fold: Any, expand: Collection[str], close: Collection[str] = ()
    ) -> None:
        self.graph = graph
        self.constants = constants
        self.close = frozenset(_names(close, "close"))
        self.named: tuple[str, ...] = ()
        if not isinstance(fold, str):
            self.named, fold = _names(fold, "fold", ", or one of 'auto', 'all', 'none'"), "named"
        elif fold not in FOLDS:
            raise ArgumentError(f"unknown fold: {fold!r} (must be one of {list(FOLDS)}, or a tuple of names of groups)")
        self.fold = fold
        self.expand = _names(expand, "expand")
        self.forest = Forest(graph)
        leaves = (position for position, record in enumerate(graph.records) if record.primitive is None)
        self.loose = [position for position in leaves if constants or not self._is_number(position)]
        self.items: list[Item] = []
        self.frames: list[Frame] = []
        self.keys: list[tuple[int, int]] = []
        self.owner: dict[int, int] = {}  # operation -> its item
        self.opened = self._opened()

    def lay(self) -> None:
        """Find out what is visible."""
        roots, absorb = self._stage()
        self._place(roots)
        self._place_loose(absorb)

    def outline(self) -> Outline:
        """The outline, once it is laid."""
        self.lay()
        known = self._known()
        for name in (*self.named, *self.expand, *self.close):
            if name not in known and (name in self.close or name not in self.graph):
                listed = f"The groups are: {', '.join(sorted(known)[:20])}." if known else "This graph has no groups."
                raise UnknownNameError(f"no group is named {name!r}. {listed}")
        order = sorted(range(len(self.items)), key=self.keys.__getitem__)
        items = [self.items[number] for number in order]
        sent = _outgoing(self.graph, items)
        shown = [replace(item, outgoing=values) for item, values in zip(items, sent, strict=True)]
        return Outline(self.graph, shown, self.frames)

    def _known(self) -> Collection[str]:
        """The names of groups: repeats and ranges inside a closed group too, which are made where it is open."""
        known = self.forest.groups
        wanted = {*self.expand, *self.close}
        if not self.close or all(name in known or name in self.graph for name in wanted):
            return known
        opened = _Fold(self.graph, self.constants, self.fold, wanted)
        opened.lay()
        return opened.forest.groups

    # -- how far ----------------------------------------------------------------------------------

    def _stage(self) -> tuple[list[Member], bool]:
        """Top-level members, and whether what only one of them uses goes inside.

        Sets ``depth``, from which groups are collapsed; ``least``, how many equal neighbours are folded to one; and
        ``tight``, whether what is opened is cut into ranges.
        """
        forest = self.forest
        self.depth, self.least, self.tight = _NEVER, _NEVER, False
        if self.fold in ("none", "named"):
            return forest.roots, False
        if self.fold == "auto":
            fitting = [depth for depth, count in enumerate(self._visible_by_depth()) if count <= READABLE]
            if fitting:
                self.depth, self.least = fitting[-1], MANY
                return forest.repeated(forest.roots, MANY) if self.depth == 0 else forest.roots, False
        self.depth, self.least, self.tight = 0, 2, True
        roots = forest.ranges(forest.repeated(forest.roots), READABLE - min(len(self.loose), READABLE // 2))
        return roots, len(roots) + len(self.loose) > READABLE

    def _visible_by_depth(self) -> list[int]:
        """How many things are visible where groups of depth 0, 1, 2, ... and deeper are collapsed."""
        nodes: list[int] = []
        groups: list[int] = []
        level = [self.forest.roots]
        while level:
            inner = [member for members in level for member in members if isinstance(member, Group)]
            nodes.append(sum(map(len, level)) - len(inner))
            groups.append(len(inner))
            level = [group.members for group in inner]
        homes = [self.graph.tables.groups[position] for position in self.loose]
        inside = [home.count("/") + 1 for home in homes if home is not None]
        result = []
        open_nodes = len(self.loose) - len(inside)
        for depth, (here, collapsed) in enumerate(zip(nodes, groups, strict=True)):
            open_nodes += here
            result.append(open_nodes + collapsed + sum(length <= depth for length in inside))
        return result

    def _has_home(self, position: int) -> bool:
        """Whether an input or constant belongs to a group, as the weights of a layer may."""
        return self.graph.tables.groups[position] is not None

    def _opened(self) -> set[str]:
        """The groups of the forest that are open because of `expand`, with all around them."""
        wanted = set(self.expand)
        found: set[str] = set()
        if not wanted:
            return found
        stack: list[tuple[tuple[str, ...], Member]] = [((), member) for member in self.forest.roots]
        names = self.graph.names
        while stack:
            around, member = stack.pop()
            if isinstance(member, Group):
                inside = (*around, member.name)
                if member.name in wanted:
                    found.update(inside)
                stack += [(inside, inner) for inner in member.members]
            elif names[member] in wanted:
                found.update(around)
        return found

    # -- items ------------------------------------------------------------------------------------

    def _is_open(self, group: Group, depth: int) -> bool:
        if group.name in self.close:
            return False
        if group.name in self.expand or group.name in self.opened:
            return True
        if group.name in self.named:
            return False
        if group.kind == "call":
            return depth < self.depth
        # a range or a repeat is open where something in it is
        if any(inner.name in self.opened or inner.name in self.expand for inner in _groups_inside(group)):
            return True
        return bool(self.expand) and any(self.graph.names[place] in self.expand for place in positions([group]))

    def _place(self, roots: Sequence[Member]) -> None:
        """Items for all operations; no recursion, since calls may be nested deeply."""
        stack: list[tuple[Iterator[Member], int | None, int]] = [(iter(roots), None, 0)]
        while stack:
            members, frame, depth = stack[-1]
            member = next(members, None)
            if member is None:
                stack.pop()
            elif not isinstance(member, Group):
                self._add(Item(member, self.graph.names[member], (member,), (), None, frame), (member, 1))
            elif self._is_open(member, depth):
                made = Frame(len(self.graph.records) + member.serial, member, frame)
                self.frames.append(made)
                inside: list[Member] = member.members
                below = depth + 1
                if below >= self.depth and member.kind != "repeat":
                    inside = self.forest.repeated(inside, self.least)
                if self.tight:
                    inside = self.forest.ranges(inside, READABLE)
                stack.append((iter(inside), made.id, below))
            else:
                inner = tuple(positions([member]))
                identity = len(self.graph.records) + member.serial
                self._add(Item(identity, member.name, inner, (), member, frame), (inner[0], 1))

    def _add(self, item: Item, key: tuple[int, int]) -> None:
        for position in item.positions:
            self.owner[position] = len(self.items)
        self.items.append(item)
        self.keys.append(key)

    def _place_loose(self, absorb: bool) -> None:
        """Items for inputs and constants; what only one collapsed group uses may go inside of it."""
        users: dict[int, set[int]] = {position: set() for position in self.loose}
        for position, row in enumerate(self.graph.input_table):
            for start in row:
                if start in users and position in self.owner:
                    users[start].add(self.owner[position])
        # what a story starts from stays visible, and so do results
        kept = {*self.graph.tables.outputs, *self.graph.moved}
        own = self._parameters(users)
        free: list[Member] = []
        taken: dict[int, list[int]] = {}
        for position in self.loose:
            by = users[position]
            only = next(iter(by)) if len(by) == 1 and position not in kept else None
            hidden = absorb or position in own or self._is_number(position) or self._has_home(position)
            if only is not None and self.items[only].group is not None and hidden:
                taken.setdefault(only, []).append(position)
            else:
                free.append(position)
        for number, inside in taken.items():
            item = self.items[number]
            self.items[number] = replace(item, positions=(*inside, *item.positions))
        for member in self.forest.ranges(free, READABLE // 2) if absorb else free:
            members = list(positions([member]))
            consumers = {number for position in members for number in users[position]}
            key = min([members[0], *(self.keys[number][0] for number in consumers)]), 0
            if isinstance(member, Group) and self._is_open(member, 0):
                made = Frame(len(self.graph.records) + member.serial, member, None)
                self.frames.append(made)
                for position in members:
                    self._add(Item(position, self.graph.names[position], (position,), (), None, made.id), key)
            elif isinstance(member, Group):
                identity = len(self.graph.records) + member.serial
                self._add(Item(identity, member.name, tuple(members), (), member), key)
            else:
                inner = self._is_number(member) or self._has_home(member)
                frame = self._common_frame(consumers) if inner else None
                self._add(Item(member, self.graph.names[member], (member,), (), None, frame), key)

    def _parameters(self, loose: Collection[int]) -> set[int]:
        """What each of many equal groups has of its own, such as its weights: too many to draw beside one box."""
        found: set[int] = set()
        table = self.graph.input_table
        for item in self.items:
            group = item.group
            if group is None or group.kind != "repeat":
                continue
            for same in zip(*(positions([member]) for member in group.members), strict=True):
                for sources in zip(*(table[position] for position in same), strict=True):
                    if all(source in loose for source in sources) and len(set(sources)) == len(sources):
                        found.update(sources)
        return found if len(found) > RANGES else set()

    def _is_number(self, position: int) -> bool:
        """Whether a node is a number in the code, and so stands inside the group whose code it is."""
        return is_folded(self.graph.nodes[position])

    def _common_frame(self, consumers: Collection[int]) -> int | None:
        """The innermost frame around all of these items."""
        around = {frame.id: frame.frame for frame in self.frames}
        paths = []
        for number in consumers:
            path = []
            frame = self.items[number].frame
            while frame is not None:
                path.append(frame)
                frame = around[frame]
            paths.append(path[::-1])
        common = None
        for level in zip(*paths, strict=False):
            if len(set(level)) > 1:
                break
            common = level[0]
        return common


_NEVER = 10**9


def _groups_inside(group: Group) -> Iterator[Group]:
    stack = [member for member in group.members if isinstance(member, Group)]
    while stack:
        found = stack.pop()
        yield found
        stack += [member for member in found.members if isinstance(member, Group)]


def _outgoing(graph: BaseGraph, items: Sequence[Item]) -> list[tuple[int, ...]]:
    """For every item its values that somebody outside uses, in evaluation order; of a group of inputs, all of them."""
    owner = {position: number for number, item in enumerate(items) for position in item.positions}
    found: list[set[int]] = [set() for _ in items]
    for start, consumer in ends(graph):
        one = owner.get(start)
        if one is not None and owner[consumer] != one:
            found[one].add(start)
    for position in graph.tables.outputs:
        if position in owner:
            found[owner[position]].add(position)
    return [
        tuple(sorted(values)) if item.group is not None and item.group.operations else item.positions
        for item, values in zip(items, found, strict=True)
    ]


def _names(given: Any, what: str, more: str = "") -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Collection) or not all(isinstance(n, str) for n in given):
        raise ArgumentError(f'{what} must be a tuple of names such as ("layer1",){more}, not {given!r}')
    return tuple(given)
