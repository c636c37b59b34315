"""Wraps a long layout into bands, like a paragraph into lines: what crosses a cut goes on at the next band's start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from graphviz_ad.render.geometry import MARGIN, Box, Edge, Point, Rectangle, Route, Size, box, cubics, straight
from graphviz_ad.render.layout import Layout

# Distance of two lines beside each other, and of a line from a band or from the picture's boxes.
LANE = 12
PAD = 21
# Radius of a line's turns, and its arc's control points from the corner.
TURN = 10
ARC = 4
# Two bands are this far apart even where no line runs between them.
CHANNEL = 34
# Longer layouts, in cuts or edges, are not wrapped: no paper would hold them.
MOST_CUTS = 80
MOST_EDGES = 1500
MOST_BANDS = 12
MANY = 1000
# A partition into bands may be wider by this share where fewer lines then cross its cuts.
SLACK = (0, 12)  # per cent


class _Split(NamedTuple):
    """An edge at a cut: the part before it, where and at which level it is left and met again, and the part after."""

    head: Route
    out: Point
    back: Point
    tail: Route


class _Cut(NamedTuple):
    """What a cut does."""

    moved: frozenset[int]  # inputs of the column before it that are used behind it only: they go to the next band
    halves: dict[int, _Split]  # the edges that it goes through


def wraps(
    layout: Layout, sizes: Sequence[Size], edges: Sequence[Edge], labels: Sequence[Size | None], direction: str
) -> Iterator[tuple[int, Layout]]:
    """The layout in one band, in two, and so on: the ways of wrapping it that are worth a look.

    Parameters
    ----------
    layout, sizes, edges, labels, direction
        What `graphviz_ad.render.layout.arrange` was given, and what it made of it.

    Yields
    ------
    (lines, layout)
        How many lines lead from one band to another, and the layout. There is one for each number of bands, or two:
        the narrowest, and one that is slightly wider, with fewer such lines. Bands stand below one another where values
        flow sideways, else beside one another.
    """
    yield 0, layout
    flat = _turned(layout, direction)
    if direction in {"TB", "BT"}:
        sizes = [(height, width) for width, height in sizes]
        labels = [None if label is None else (label[1], label[0]) for label in labels]
    sheet = _Sheet(flat, sizes, edges, labels)
    for cuts in sheet.partitions():
        yield sheet.lines(cuts), _turned(sheet.wrapped(cuts), direction)


class _Sheet:
    """A layout whose values flow from left to right, and the places where it can be cut from top to bottom."""

    def __init__(
        self, layout: Layout, sizes: Sequence[Size], edges: Sequence[Edge], labels: Sequence[Size | None]
    ) -> None:
        self.layout, self.sizes, self.edges, self.labels = layout, sizes, edges, labels
        self.spans = [_span(centre, size) for centre, size in zip(layout.nodes, sizes, strict=True)]
        self.marks = [
            None if centre is None or size is None else _span(centre, size)
            for centre, size in zip(layout.labels, labels, strict=True)
        ]
        self.known: dict[int, _Cut | None] = {}
        self.consumers: list[list[int]] = [[] for _ in sizes]
        self.computed = [False] * len(sizes)
        for u, v in edges:
            self.consumers[u].append(v)
            self.computed[v] = True

    # ------------------------------------------------------------------------------------------------ cuts

    @cached_property
    def cuts(self) -> list[int]:
        """Where the layout can be cut: x of the right ends of columns behind which no line is in the way."""
        columns: list[list[int]] = []
        framed = [(frame.x, frame.x + frame.width) for frame in self.layout.frames]
        for left, right in sorted([*self.spans, *(mark for mark in self.marks if mark), *framed]):
            if columns and left <= columns[-1][1]:
                columns[-1][1] = max(columns[-1][1], right)
            else:
                columns.append([left, right])
        if len(self.edges) > MOST_EDGES or len(columns) > 2 * MOST_CUTS:
            return []
        self.starts = {right: left for left, right in columns}
        return [right for _, right in columns[:-1] if self.at(right)]

    def at(self, cut: int) -> _Cut | None:
        """What is to be done at a cut; None where it is not possible."""
        if cut not in self.known:
            self.known[cut] = self._at(cut)
        return self.known[cut]

    def _at(self, cut: int) -> _Cut | None:
        moved = frozenset(
            node
            for node, (left, right) in enumerate(self.spans)
            if self.starts[cut] <= left
            and right <= cut
            and self.consumers[node]
            and not self.computed[node]
            and not any(_holds(frame, self.layout.nodes[node]) for frame in self.layout.frames)
            and all(self.spans[consumer][0] > cut for consumer in self.consumers[node])
        )
        crossing = [
            e for e, (u, v) in enumerate(self.edges) if self.spans[u][1] <= cut < self.spans[v][0] and u not in moved
        ]
        if not crossing or any(mark and mark[0] <= cut for mark in (self.marks[e] for e in crossing)):
            return None
        ways = {e: list(self._ways(e, cut)) for e in crossing}
        if not all(ways.values()):
            return None
        # Shortest are lines that skip the bends behind the cut; that needs free ways, and the order of before.
        for skipped in (MANY, 1, 0):
            halves = {e: self._farthest(e, found[: skipped + 1], cut, moved) for e, found in ways.items()}
            order = sorted(halves.values(), key=lambda half: half.out[1])
            levels = [[half.out[1] for half in order], [half.back[1] for half in order]]
            if (
                all(one < two for side in levels for one, two in pairwise(side))
                and all(self._clear(half, cut, moved) for half in order)
                and all(self._outside(e, half, cut) for e, half in halves.items())
            ):
                return _Cut(moved, halves)
        return None

    def _farthest(self, edge: int, ways: Sequence[_Split], cut: int, moved: frozenset[int]) -> _Split:
        """The way that skips most, of those that meet no box and lie on no other line."""
        for half in reversed(ways[1:]):
            (end, level) = half.back
            if self._clear(half, cut, moved) and not any(
                e != edge and abs(height - level) < LANE and cut < x1 and x0 < end for e, height, x0, x1 in self.flat
            ):
                return half
        return ways[0]

    @cached_property
    def flat(self) -> list[tuple[int, int, int, int]]:
        """The horizontal pieces of all lines: edge, height, and both ends."""
        return [
            (e, a[1], a[0], d[0])
            for e, route in enumerate(self.layout.routes)
            for a, b, c, d in cubics(route)
            if a[1] == b[1] == c[1] == d[1]
        ]

    def lines(self, cuts: Iterable[int]) -> int:
        """How many lines these cuts go through."""
        return sum(len(found.halves) for cut in cuts if (found := self.at(cut)))

    def _clear(self, half: _Split, cut: int, moved: frozenset[int]) -> bool:
        """Whether a line can go on horizontally to the cut, past what stays, and start there, past what moves on."""
        start = min([cut, *(self.spans[node][0] for node in moved)])
        for node, place in enumerate(self.places):
            stays = place.left < 2 * cut and node not in moved
            (x, level), first = (half.out, half.out[0]) if stays else (half.back, start)
            last = cut if stays else x
            if place.top < 2 * level < place.bottom and place.left < 2 * last and 2 * first < place.right:
                return False
        return True

    def _outside(self, edge: int, half: _Split, cut: int) -> bool:
        """Whether a line that goes on to the cut stays out of all frames but its input's own."""
        (x, level), start = half.out, self.layout.nodes[self.edges[edge][0]]
        return all(
            _holds(frame, start) or not (frame.y < level < frame.y + frame.height and x < frame.x + frame.width)
            for frame in self.layout.frames
            if frame.x < cut
        )

    @cached_property
    def places(self) -> list[Box]:
        """All boxes, of nodes first and then of labels."""
        boxes = [box(centre, size) for centre, size in zip(self.layout.nodes, self.sizes, strict=True)]
        for centre, size in zip(self.layout.labels, self.labels, strict=True):
            if centre is not None and size is not None:
                boxes.append(box(centre, size))
        return boxes

    def _ways(self, edge: int, cut: int) -> Iterator[_Split]:
        """An edge's two parts, the second from the cut on or without its first bends: wherever it runs horizontally."""
        route = self.layout.routes[edge]
        k = next((k for k in range(0, len(route) - 1, 3) if route[k + 3][0] > cut), len(route))
        if k == len(route):
            return
        a, b, c, d = route[k : k + 4]
        if a[0] < cut and a[1] == b[1] == c[1] == d[1]:
            out = (cut, a[1])
            head = (*route[: k + 1], *straight(a, out))
            yield _Split(head, out, out, (out, *straight(out, d), *route[k + 4 :]))
        elif b[1] == a[1] and (not k or route[k - 1][1] == a[1]):
            out, head = a, route[: k + 1]
            yield _Split(head, out, out, route[k:])
        else:
            return
        for joint in range(k + 3, len(route) - 1, 3):
            if route[joint - 1][1] == route[joint][1] == route[joint + 1][1]:
                yield _Split(head, out, route[joint], route[joint:])

    # ------------------------------------------------------------------------------------------------ partitions

    def partitions(self) -> Iterator[tuple[int, ...]]:
        """For two bands, for three, and so on: the cuts that keep the widest band narrow, and few lines crossing."""
        cuts = self.cuts
        if not cuts:
            return
        ends = [-1, *cuts, self.layout.width]
        last = len(ends) - 1
        crossed = {cut: self.lines([cut]) for cut in cuts}
        widths = {(i, j): self._width(ends[i], ends[j], crossed) for j in range(1, last + 1) for i in range(j)}
        seen = set()
        for bands in range(2, min(last, MOST_BANDS) + 1):
            narrowest = self._best(widths, last, bands, None, crossed, ends)
            if narrowest is None:
                return
            widest = max(widths[i, j] for i, j in pairwise(narrowest))
            for slack in SLACK:
                found = self._best(widths, last, bands, widest * (100 + slack) // 100, crossed, ends)
                if found and found not in seen:
                    seen.add(found)
                    yield tuple(ends[k] for k in found[1:-1])

    @staticmethod
    def _best(
        widths: dict[tuple[int, int], int],
        last: int,
        bands: int,
        limit: int | None,
        crossed: dict[int, int],
        ends: list[int],
    ) -> tuple[int, ...] | None:
        """Band ends: the narrowest, or where a limit is given, those within it that the fewest lines cross."""
        best: dict[int, tuple[tuple[int, int], tuple[int, ...]]] = {0: ((0, 0), (0,))}
        for band in range(bands):
            after: dict[int, tuple[tuple[int, int], tuple[int, ...]]] = {}
            for j in range(1, last + 1):
                if (j == last) != (band == bands - 1):
                    continue
                found = []
                for i, ((one, two), way) in best.items():
                    width = widths.get((i, j), 0) if i < j else 0
                    if not width or (limit is not None and width > limit):
                        continue
                    lines = crossed.get(ends[j], 0)
                    cost = (max(one, width), two + lines) if limit is None else (one + lines, max(two, width))
                    found.append((cost, (*way, j)))
                if found:
                    after[j] = min(found)
            best = after
        return best[last][1] if last in best else None

    def _band(self, start: int, end: int) -> list[int]:
        """The nodes between two cuts, with those that the first cut moves and without those that the second does."""
        incoming, outgoing = (found.moved if (found := self.known.get(cut)) else frozenset() for cut in (start, end))
        return [
            node
            for node, (left, _) in enumerate(self.spans)
            if node in incoming or (start < left < end and node not in outgoing)
        ]

    def _width(self, start: int, end: int, crossed: dict[int, int]) -> int:
        """The width of a band with its lines at both ends; 0 where nothing would be in it."""
        nodes = self._band(start, end)
        if not any(self.spans[node][0] > start for node in nodes):
            return 0
        left, right = min(self.spans[n][0] for n in nodes), max(self.spans[n][1] for n in nodes)
        left = min([left, *(mark[0] for mark in self.marks if mark and start < mark[0] < end)])
        return right - left + LANE * (crossed.get(start, 0) + crossed.get(end, 0))

    # ------------------------------------------------------------------------------------------------ bands

    def wrapped(self, cuts: Sequence[int]) -> Layout:
        """The bands between these cuts, one below the other, and the lines that lead on from one to the next."""
        layout, edges = self.layout, self.edges
        ends = [-1, *cuts, layout.width]
        members = [self._band(start, end) for start, end in pairwise(ends)]
        band_of = {node: band for band, nodes in enumerate(members) for node in nodes}
        runs = [(band_of[u], band_of[v]) for u, v in edges]
        halves = {cut: known.halves for cut in cuts if (known := self.at(cut))}
        routes: list[list[Route]] = []  # per edge: its one part, or its first and its last
        levels: list[tuple[Point, Point]] = []
        for e, (first, last) in enumerate(runs):
            if first == last:
                routes.append([layout.routes[e]])
                levels.append(((0, 0), (0, 0)))
                continue
            leave, enter = halves[ends[first + 1]][e], halves[ends[last]][e]
            routes.append([leave.head, enter.tail])
            levels.append((leave.out, enter.back))
        home = [sum(frame.x > cut for cut in cuts) for frame in layout.frames]
        extents = [self._extent(band, nodes, runs, routes, home) for band, nodes in enumerate(members)]

        # Which line stands where: on the right the lowest innermost, between the bands the innermost uppermost, and on
        # the left the uppermost outermost: lines that keep their order do not cross.
        away = [e for e, (first, last) in enumerate(runs) if first != last]
        shares = [sum(runs[e][1] == band for e in away) for band in range(len(members))]
        content = MARGIN + max(shares) * LANE
        shift = [content - extent.left for extent in extents]
        reach = [extent.right + dx for extent, dx in zip(extents, shift, strict=True)]
        turns: dict[int, int] = {}
        for e in sorted(away, key=lambda e: (runs[e][1] - runs[e][0], -levels[e][0][1], e)):
            first, last = runs[e]
            turns[e] = max(reach[first:last]) + LANE
            reach[first:last] = [turns[e]] * (last - first)
        rows: dict[int, int] = {}
        starts: dict[int, int] = {}
        drop = []
        y = MARGIN
        for band, extent in enumerate(extents):
            arriving = sorted((e for e in away if runs[e][1] == band), key=lambda e: turns[e])
            if band:
                for k, e in enumerate(arriving):
                    rows[e] = y + PAD + k * LANE
                    starts[e] = content - (len(arriving) - k) * LANE
                y += max(CHANNEL, 2 * PAD + (len(arriving) - 1) * LANE)
            drop.append(y - extent.top)
            y += extent.bottom - extent.top

        def moved(point: Point, band: int) -> Point:
            return point[0] + shift[band], point[1] + drop[band]

        found: list[Route] = []
        for e, (first, last) in enumerate(runs):
            head = [moved(p, first) for p in routes[e][0]]
            if first == last:
                found.append(tuple(head))
                continue
            out, back = moved(levels[e][0], first), moved(levels[e][1], last)
            corners = [
                (turns[e], out[1]), (turns[e], rows[e]), (starts[e], rows[e]), (starts[e], back[1]),
            ]  # fmt: skip
            tail = [moved(p, last) for p in routes[e][1]]
            found.append((*head, *_rounded(head[-1], corners, tail[0]), *tail[1:]))
        return replace(
            layout,
            nodes=tuple(moved(point, band_of[node]) for node, point in enumerate(layout.nodes)),
            routes=tuple(found),
            labels=tuple(None if point is None else moved(point, runs[e][1]) for e, point in enumerate(layout.labels)),
            width=max(reach) + MARGIN,
            height=y + MARGIN,
            frames=tuple(
                frame._replace(x=frame.x + shift[band], y=frame.y + drop[band])
                for band, frame in zip(home, layout.frames, strict=True)
            ),
        )

    def _extent(
        self,
        band: int,
        nodes: Sequence[int],
        runs: Sequence[tuple[int, int]],
        routes: Sequence[Sequence[Route]],
        home: Sequence[int],
    ) -> Box:
        """What a band's nodes, labels, lines and frames take up."""
        inside = [frame for frame, place in zip(self.layout.frames, home, strict=True) if place == band]
        xs = [x for frame in inside for x in (frame.x, frame.x + frame.width)]
        ys = [y for frame in inside for y in (frame.y, frame.y + frame.height)]
        boxes = [(self.layout.nodes[node], self.sizes[node]) for node in nodes]
        for (_, last), centre, size in zip(runs, self.layout.labels, self.labels, strict=True):
            if last == band and centre is not None and size is not None:
                boxes.append((centre, size))
        for (x, y), (width, height) in boxes:
            xs += [x - (width + 1) // 2, x + (width + 1) // 2]
            ys += [y - (height + 1) // 2, y + (height + 1) // 2]
        for (first, last), parts in zip(runs, routes, strict=True):
            shown = [parts[0]] if first == band else []
            shown += [parts[-1]] if last == band else []
            for part in shown:
                xs += [x for x, _ in part]
                ys += [y for _, y in part]
        return Box(min(xs), min(ys), max(xs), max(ys))


def _turned(layout: Layout, direction: str) -> Layout:
    """A layout of this direction as one from left to right, and the other way round: each turn undoes itself."""
    width, height = layout.width, layout.height
    if direction == "LR":
        return layout

    def turn(point: Point) -> Point:
        x, y = point
        return {"RL": (width - x, y), "TB": (y, x), "BT": (height - y, width - x)}[direction]

    def turn_frame(frame: Rectangle) -> Rectangle:
        (x0, y0), (x1, y1) = turn((frame.x, frame.y)), turn((frame.x + frame.width, frame.y + frame.height))
        return Rectangle(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))

    upright = direction != "RL"
    return replace(
        layout,
        nodes=tuple(turn(p) for p in layout.nodes),
        routes=tuple(tuple(turn(p) for p in route) for route in layout.routes),
        labels=tuple(None if p is None else turn(p) for p in layout.labels),
        width=height if upright else width,
        height=width if upright else height,
        frames=tuple(turn_frame(frame) for frame in layout.frames),
    )


def _holds(frame: Rectangle, point: Point) -> bool:
    return frame.x < point[0] < frame.x + frame.width and frame.y < point[1] < frame.y + frame.height


def _span(centre: Point, size: Size) -> tuple[int, int]:
    """Left and right end of a box."""
    return centre[0] - (size[0] + 1) // 2, centre[0] + (size[0] + 1) // 2


def _rounded(start: Point, corners: Sequence[Point], end: Point) -> list[Point]:
    """The points that continue a chain from ``start`` over the corners to ``end``; corners are quarters of a circle."""
    points = [start]
    for before, corner, after in zip([start, *corners], corners, [*corners[1:], end], strict=False):
        (x, y), one, two = corner, _towards(corner, before), _towards(corner, after)
        enter, leave = (x + TURN * one[0], y + TURN * one[1]), (x + TURN * two[0], y + TURN * two[1])
        if enter != points[-1]:
            points += straight(points[-1], enter)
        points += [(x + ARC * one[0], y + ARC * one[1]), (x + ARC * two[0], y + ARC * two[1]), leave]
    if points[-1] != end:
        points += straight(points[-1], end)
    return points[1:]


def _towards(start: Point, end: Point) -> Point:
    """The direction, along one axis, from one point to another."""
    return (end[0] > start[0]) - (end[0] < start[0]), (end[1] > start[1]) - (end[1] < start[1])
