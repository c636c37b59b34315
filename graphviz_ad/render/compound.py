"""Graphs with frames: every frame is laid out on its own, then stands as one box in the one around it."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import layered
from graphviz_ad.render.geometry import MARGIN, Edge, Frame, Placement, Point, Rectangle, Route, Size, straight
from graphviz_ad.render.layered import Level, Link

PADDING = 14  # from a frame's border to what is in it
BELOW_LABEL = 4  # from a frame's label to what is in it
TOP = -1  # what lies in no frame

# What one frame sees of an edge: the edge, and the boxes where it comes from and leads to; -1 for outside.
Way = tuple[int, int, int]
OUTSIDE = -1


def place(
    sizes: Sequence[Size],
    edges: Sequence[Edge],
    labels: Sequence[Size | None],
    frames: Sequence[Frame] = (),
    homes: Sequence[int | None] = (),
    strip: str = "top",
) -> Placement:
    """Centres, routes, label centres and frames for a flow from left to right; see `layout.arrange`.

    ``strip`` is the side of a frame where its label lies: "top", or "left" or "right" where the picture is turned.
    """
    tree = _Tree(sizes, edges, labels, frames, homes)
    parts = [_Part(tree, TOP, boxes, ways) for boxes, ways in tree.components()]
    for part in parts:  # every frame after the one around it, and after those that its inputs come from
        part.order()
        parts += [_Part(tree, k, tree.members[k], tree.ways[k], part) for k in part.frames()]
    for part in reversed(parts):
        part.place(strip)
    return _joined(tree, parts)


class _Tree:
    """Which frame holds what, which ways each edge takes through the frames, and what is known of each frame."""

    def __init__(
        self,
        sizes: Sequence[Size],
        edges: Sequence[Edge],
        labels: Sequence[Size | None],
        frames: Sequence[Frame],
        homes: Sequence[int | None],
    ) -> None:
        self.count, self.edges, self.labels, self.frames = len(sizes), edges, labels, frames
        # Boxes are numbered: nodes first, then frames. Each has a home, the frame directly around it.
        self.size = [*sizes, *[(0, 0)] * len(frames)]
        inside = homes or [None] * len(sizes)
        self.home = [TOP if home is None else home for home in (*inside, *(frame.outer for frame in frames))]
        self.members: dict[int, list[int]] = {home: [] for home in range(TOP, len(frames))}
        for box, home in enumerate(self.home):
            self.members[home].append(box)
        self.depth = {TOP: 0}  # how many frames are around
        for k in range(len(frames)):
            self.depth[k] = self.depth[self.home[self.count + k]] + 1
        self.ways: dict[int, list[Way]] = {home: [] for home in self.members}
        for e, (u, v) in enumerate(edges):
            self._lead(e, u, v)
        self._sort()
        # The longest paths to each node and from it on.
        self.before, self.after = [0] * len(sizes), [0] * len(sizes)
        for u, v in sorted(edges, key=lambda edge: edge[1]):
            self.before[v] = max(self.before[v], self.before[u] + 1)
        for u, v in sorted(edges, reverse=True):
            self.after[u] = max(self.after[u], self.after[v] + 1)
        # Per box and edge: where the edge meets the frame's border, counted, and from the frame's centre.
        self.turn: dict[tuple[int, int], int] = {}
        self.spot: dict[tuple[int, int], int] = {}
        self.corner: dict[int, Point] = {TOP: (MARGIN, MARGIN)}  # in a frame, where its part begins

    def _lead(self, e: int, u: int, v: int) -> None:
        """Note the edge in every frame on its way: from box to box, in over the border or out over it."""
        while self.home[u] != self.home[v]:
            one, two = self.home[u], self.home[v]
            if self.depth[one] >= self.depth[two]:
                self.ways[one].append((e, u, OUTSIDE))
                u = self.count + one
            else:
                self.ways[two].append((e, OUTSIDE, v))
                v = self.count + two
        self.ways[self.home[u]].append((e, u, v))

    def _sort(self) -> None:
        """Bring the members of each frame into an order in which inputs come before consumers."""
        key = [*range(self.count), *[TOP] * len(self.frames)]
        last = self.count + len(self.frames)
        for box in (*range(self.count), *range(last - 1, self.count - 1, -1)):  # inner frames before outer ones
            home = self.home[box]
            if home != TOP:
                key[self.count + home] = max(key[self.count + home], key[box])
        for home, members in self.members.items():
            if len(self.frames) == 0:
                return
            waits = dict.fromkeys(members, 0)
            consumers: dict[int, list[int]] = {box: [] for box in members}
            for _, u, v in self.ways[home]:
                if OUTSIDE not in (u, v):
                    consumers[u].append(v)
                    waits[v] += 1
            ready = [(key[box], box) for box in members if waits[box] == 0]
            heapify(ready)
            ordered = []
            while ready:
                _, box = heappop(ready)
                ordered.append(box)
                for other in consumers[box]:
                    waits[other] -= 1
                    if waits[other] == 0:
                        heappush(ready, (key[other], other))
            if len(ordered) < len(members):
                stuck = next(box - self.count for box in members if waits[box] and box >= self.count)
                raise ArgumentError(f"frames[{stuck}]: what leaves this frame leads back into it; it must not")
            self.members[home] = ordered

    def components(self) -> list[tuple[list[int], list[Way]]]:
        """The connected parts of what is in no frame, their boxes in order, and their edges."""
        members, ways = self.members[TOP], self.ways[TOP]
        number = {box: k for k, box in enumerate(members)}
        found = layered.components(len(members), [(number[u], number[v]) for _, u, v in ways])
        return [([members[k] for k in boxes], [ways[k] for k in inside]) for boxes, inside in found]


class _Part:
    """What one frame holds, or one connected part of what is in none: its level, and where it meets the outside."""

    def __init__(
        self, tree: _Tree, home: int, boxes: Sequence[int], ways: Sequence[Way], outer: _Part | None = None
    ) -> None:
        self.tree, self.home, self.boxes, self.ways, self.outer = tree, home, boxes, ways, outer
        entering = [e for e, u, _ in ways if u == OUTSIDE]
        last = len(entering) + len(boxes)
        number = {box: k for k, box in enumerate(boxes, len(entering))}
        # Where nothing else decides, ports stand in evaluation order on both sides, so that frames fit each other.
        leaving = [e for _, e in sorted((number[u], e) for e, u, v in ways if v == OUTSIDE)]
        self.ports = {e: k for k, e in enumerate(entering)} | {e: last + k for k, e in enumerate(leaving)}
        self.first = len(entering)
        links = []
        for e, u, v in ways:
            tail = self.ports[e] if u == OUTSIDE else number[u]
            head = self.ports[e] if v == OUTSIDE else number[v]
            label = tree.labels[e] if 0 <= v < tree.count else None
            links.append(Link(tail, head, label, tree.before[tree.edges[e][0]], tree.after[tree.edges[e][1]]))
        self.link = {e: k for k, (e, _, _) in enumerate(ways)}
        self.level = Level(last + len(leaving), links, len(entering), len(leaving), inner=home != TOP)
        self.placement = Placement([], [], [], 0, 0)

    def order(self) -> None:
        """Find the order in every rank; a frame's ports follow the order of what they lead to around it."""
        turn, outer = self.tree.turn, self.outer
        if outer is None:
            self.level.order({})
            return
        pins: dict[int, int] = {}
        wish: dict[int, int] = {}  # ports that may stand in any order keep that of the frame that they come from
        for e, port in self.ports.items():
            after, before = outer.level.beside(outer.link[e])
            pins[port] = before if port < self.first else after
            wish[e] = turn.get((outer.beyond(e), e), 0) if port < self.first else 0
        self.level.order(pins)
        place, first = self.level.place_of, self.level.first
        for k, e in enumerate(sorted(self.ports, key=lambda e: (place[first[self.ports[e]]], wish[e], e))):
            turn[self.tree.count + self.home, e] = k

    def beyond(self, e: int) -> int:
        """The box that an edge comes from: its own, where it comes in over the border."""
        _, u, _ = self.ways[self.link[e]]
        return self.tree.count + self.home if u == OUTSIDE else u

    def frames(self) -> list[int]:
        """The frames in it, along the flow."""
        first, ranks, count = self.first, self.level.ranks, self.tree.count
        found = [(ranks[k], box - count) for k, box in enumerate(self.boxes, first) if box >= count]
        return [frame for _, frame in sorted(found)]

    def place(self, strip: str) -> None:
        """Find all places; then a frame's size and where edges meet its border are known."""
        tree, ports = self.tree, len(self.ports)
        sizes = [(0, 0)] * self.first + [tree.size[box] for box in self.boxes] + [(0, 0)] * (ports - self.first)
        fixed = [(tree.spot.get((u, e)), tree.spot.get((v, e))) for e, u, v in self.ways]
        own = tree.count + self.home  # what is outside stands in the order of its ports
        ends = [(own if u == OUTSIDE else u, own if v == OUTSIDE else v) for _, u, v in self.ways]
        copies = [
            (tree.turn.get((u, e), 0), tree.turn.get((v, e), 0))
            for (e, _, _), (u, v) in zip(self.ways, ends, strict=True)
        ]
        if sizes:
            self.placement = self.level.place(sizes, fixed, copies)
        if self.home == TOP:
            return
        spots = {e: self.placement.nodes[port][1] for e, port in self.ports.items()}
        near = [y for e, y in spots.items() if self.ports[e] < self.first]
        far = [y for e, y in spots.items() if self.ports[e] >= self.first]
        size, corner = _around(self.placement, tree.frames[self.home].label, strip, near, far)
        box = tree.count + self.home
        tree.size[box], tree.corner[self.home] = size, corner
        for e, y in spots.items():
            tree.spot[box, e] = y + corner[1] - size[1] // 2


def _around(
    part: Placement, label: Size | None, strip: str, near: Sequence[int], far: Sequence[int]
) -> tuple[Size, Point]:
    """A frame's size around its part, and where in it the part begins; ``near`` and ``far`` are its ports."""
    left, right = 0 if near else PADDING, 0 if far else PADDING  # edges at the border have brought their own room
    top = bottom = PADDING
    if label is not None and strip == "top":
        top = label[1] + BELOW_LABEL
        missing = max(0, label[0] - left - part.width - right)
        left, right = left + missing // 2, right + missing - missing // 2
    elif label is not None:
        thick, long = label
        ports = near if strip == "left" else far
        if ports:  # no edge runs over the label
            top = max(top, long - min(ports))
        bottom += max(0, long - top - part.height - bottom)
        room = thick + BELOW_LABEL - (0 if ports else PADDING)
        left, right = (left + room, right) if strip == "left" else (left, right + room)
    width, height = left + part.width + right, top + part.height + bottom
    return (width + width % 2, height + height % 2), (left, top)


def _joined(tree: _Tree, parts: Sequence[_Part]) -> Placement:
    """The whole picture: parts side by side, frames in their places, and the pieces of each edge in one."""
    tops = [part for part in parts if part.home == TOP]
    corners, width, height = layered.pack([(p.placement.width, p.placement.height, len(p.boxes)) for p in tops])
    origin = {id(part): (x + MARGIN, y + MARGIN) for part, (x, y) in zip(tops, corners, strict=True)}
    centres: list[Point] = [(0, 0)] * len(tree.size)
    labels: list[Point | None] = [None] * len(tree.edges)
    pieces: list[list[tuple[int, Route]]] = [[] for _ in tree.edges]
    for part in parts:
        if part.home == TOP:
            dx, dy = origin[id(part)]
        else:
            (x, y), (w, h) = centres[tree.count + part.home], tree.size[tree.count + part.home]
            dx, dy = x - w // 2 + tree.corner[part.home][0], y - h // 2 + tree.corner[part.home][1]
        for box, (x, y) in zip(part.boxes, part.placement.nodes[part.first :], strict=False):
            centres[box] = (x + dx, y + dy)
        depth = tree.depth[part.home]
        for (e, u, v), route, label in zip(part.ways, part.placement.routes, part.placement.labels, strict=True):
            if label is not None:
                labels[e] = (label[0] + dx, label[1] + dy)
            # Out of the inner frames first, then from one to the other, then into the inner ones.
            turn = depth if u == OUTSIDE else -depth if v == OUTSIDE else 0
            pieces[e].append((turn, tuple((x + dx, y + dy) for x, y in route)))
    rectangles = []
    for (x, y), (w, h) in zip(centres[tree.count :], tree.size[tree.count :], strict=True):
        rectangles.append(Rectangle(x - w // 2, y - h // 2, w, h))
    routes = [_chained([route for _, route in sorted(found)]) for found in pieces]
    return Placement(centres[: tree.count], routes, labels, width + 2 * MARGIN, height + 2 * MARGIN, tuple(rectangles))


def _chained(pieces: Sequence[Route]) -> Route:
    """One route from its pieces, which end and begin at frames' borders; straight on where both are level there."""
    route = list(pieces[0])
    for piece in pieces[1:]:
        start, rest = route[-1], piece[1:]
        goal = piece[0]
        if len({y for _, y in piece[:4]}) == 1:
            goal, rest = piece[3], piece[4:]
        if len({y for _, y in route[-4:]}) == 1:
            start = route[-4]
            del route[-3:]
        if start != goal:
            route += straight(start, goal)
        route += rest
    return tuple(route)
