"""From items in ordered layers to coordinates along the flow, ports on the borders, and smooth edge routes."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple, Protocol

from graphviz_ad.render.geometry import Box, Placement, Point, Route, Size, curve_hits, framed, straight, swing

# Room between two layers; steep curves get up to GAP_EXTRA more.
GAP = 30
GAP_EXTRA = 44
# Distance of two edges on one border, and of an edge from the corner.
PORT_GAP = 16
CORNER = 12
# Gaps with more edges than this have no room for bends beyond the gap.
WIDE_LIMIT = 60
# What a bend keeps from the items beside it.
CLEARANCE = 8
# How far a bend of a long edge may reach into a band.
REACH = 160
# Distance of two lanes outside the layers.
LANE_GAP = 12


Ends = tuple[Point, Point]
Fixed = tuple[int | None, int | None]  # where an edge meets a frame, from its centre: at its input, at its consumer


class Items(Protocol):
    """What this module reads of `layered.Items`."""

    kind: list[int]
    width: list[int]
    height: list[int]
    layer: list[int]
    aside: list[int]


def draw(
    sizes: Sequence[Size],
    labels: Sequence[Size | None],
    items: Items,
    layers: Sequence[Sequence[int]],
    chains: Sequence[Sequence[int]],
    lanes: set[int],
    y: Sequence[int],
    fixed: Sequence[Fixed],
) -> Placement:
    """The picture of one component, its top left corner at (0, 0)."""
    count = len(sizes)
    starts, ends = _ports(count, chains, lanes, items, y, fixed)
    half, centre = _columns(items, layers, chains, lanes, y, starts, ends)
    x = [
        centre[layer] + aside * (half[layer] - (width + 1) // 2)
        for layer, width, aside in zip(items.layer, items.width, items.aside, strict=True)
    ]
    bends = _Bends(items, layers, x, y, half, centre).choose(chains, lanes, starts, ends)
    routes: list[Route] = []
    boxes: list[Point | None] = []
    for e, (chain, label) in enumerate(zip(chains, labels, strict=True)):
        u, v = chain[0], chain[-1]
        start = (x[u] + (items.width[u] + 1) // 2, starts[e])
        end = (x[v] - (items.width[v] + 1) // 2, ends[e])
        boxes.append((x[chain[-2]], y[chain[-2]]) if label is not None else None)
        if e in lanes:
            routes.append(())
            continue
        route = [start]
        level = start[1]
        for k in range(1, len(chain)):
            goal = ends[e] if k == len(chain) - 1 else y[chain[k]]
            if goal != level:
                leave, arrive = bends[e, k]
                assert leave[0] >= route[-1][0], "two bends of one edge overlap"
                if leave[0] > route[-1][0]:
                    route += straight(route[-1], leave)
                route += swing(route[-1], arrive)
                level = goal
        if end[0] > route[-1][0]:
            route += straight(route[-1], end)
        routes.append(tuple(route))
    _draw_lanes(routes, items, chains, lanes, x, y, starts, ends, half, centre)
    nodes = [(x[n], y[n]) for n in range(count)]
    return framed(nodes, routes, boxes, sizes, labels, 0)


class _Gap(NamedTuple):
    """One edge's way through one gap: from item ``one`` at ``level`` to item ``two`` at ``goal``."""

    key: tuple[int, int]
    one: int
    two: int
    level: int
    goal: int
    bent_before: bool
    bent_after: bool


class _Bends:
    """Where an edge changes its level between two layers: as gently as the boxes beside it allow.

    A layer's band holds all its boxes, so a bend inside the gap between two bands is always safe. A bend
    may reach into a band where it stays clear of the two items next to the edge's own one.
    """

    def __init__(
        self,
        items: Items,
        layers: Sequence[Sequence[int]],
        x: Sequence[int],
        y: Sequence[int],
        half: Sequence[int],
        centre: Sequence[int],
    ) -> None:
        self.items, self.x, self.y, self.half, self.centre = items, x, y, half, centre
        self.above: list[int | None] = [None] * len(y)  # the lower border of the item above, and so on
        self.below: list[int | None] = [None] * len(y)
        for layer in layers:
            for one, two in pairwise(layer):
                self.above[two] = y[one] + (items.height[one] + 1) // 2 + CLEARANCE
                self.below[one] = y[two] - (items.height[two] + 1) // 2 - CLEARANCE

    def choose(
        self, chains: Sequence[Sequence[int]], lanes: set[int], starts: Sequence[int], ends: Sequence[int]
    ) -> dict[tuple[int, int], Ends]:
        """Start and end of every bend, by edge and by the index of the item that it leads to."""
        gaps: list[list[_Gap]] = [[] for _ in self.half]
        for e, chain in enumerate(chains):
            if e in lanes:
                continue
            levels = [starts[e], *(self.y[item] for item in chain[1:-1]), ends[e]]
            bent = [False, *(one != two for one, two in pairwise(levels)), False]
            for k in range(1, len(chain)):
                way = _Gap((e, k), chain[k - 1], chain[k], levels[k - 1], levels[k], bent[k - 1], bent[k + 1])
                gaps[self.items.layer[chain[k]]].append(way)
        chosen: dict[tuple[int, int], Ends] = {}
        for gap in gaps:
            inside = [self._inside(way) for way in gap]
            wide = inside[:]
            if len(gap) <= WIDE_LIMIT:
                wide = [self._widest(way) for way in gap]
                _untangle(wide, inside)
            for way, bend in zip(gap, wide, strict=True):
                chosen[way.key] = bend
        return chosen

    def _inside(self, way: _Gap) -> Ends:
        first, second = self.items.layer[way.one], self.items.layer[way.two]
        return (
            (self.centre[first] + self.half[first], way.level),
            (self.centre[second] - self.half[second], way.goal),
        )

    def _widest(self, way: _Gap) -> Ends:
        """The longest bend that stays clear of what is beside its two ends."""
        one, two, level, goal = way.one, way.two, way.level, way.goal
        (edge_out, _), (edge_in, _) = inside = self._inside(way)
        if level == goal:
            return inside
        items, half = self.items, self.half
        first, second = items.layer[one], items.layer[two]
        # A box's edge may bend outside of the box; the line of a long edge along its whole band, or up to the
        # middle where it bends again on the other side.
        near_out, near_in = self.x[one], self.x[two]
        if items.width[one]:
            near_out += (items.width[one] + 1) // 2
        elif not way.bent_before:
            near_out -= min(half[first], REACH - half[first])
        if items.width[two]:
            near_in -= (items.width[two] + 1) // 2
        elif not way.bent_after:
            near_in += min(half[second], REACH - half[second])
        for x0, x1 in ((near_out, near_in), (near_out, edge_in), (edge_out, near_in)):
            curve = [(x0, level), *swing((x0, level), (x1, goal))]
            if self._clear(curve, one) and self._clear(curve, two):
                return (x0, level), (x1, goal)
        return inside

    def _clear(self, curve: Sequence[Point], item: int) -> bool:
        layer = self.items.layer[item]
        left, right = 2 * (self.centre[layer] - self.half[layer]), 2 * (self.centre[layer] + self.half[layer])
        above, below = self.above[item], self.below[item]
        far = 2 * max(abs(y) for _, y in curve) + 2
        if above is not None and curve_hits(curve, Box(left, -far, right, 2 * above)):
            return False
        return below is None or not curve_hits(curve, Box(left, 2 * below, right, far))


def _untangle(wide: list[Ends], inside: Sequence[Ends]) -> None:
    """Take bends back into the gap where two that keep their order would cross; inside the gap none of them do."""
    lines: list[list[Point] | None] = [None] * len(wide)

    def line(k: int) -> list[Point]:
        found = lines[k]
        if found is None:
            found = lines[k] = _chords(wide[k])
        return found

    tangled = True
    while tangled:
        tangled = False
        for k in range(len(wide)):
            for j in range(k):
                ((x0, level), (x1, goal)), ((left, other), (right, end)) = wide[k], wide[j]
                first = (level > other) - (level < other)
                last = (goal > end) - (goal < end)
                if (x0 == left and x1 == right) or first * last < 0 or (first == 0 and last == 0):
                    continue
                if (min(level, goal) > max(other, end)) or (max(level, goal) < min(other, end)):
                    continue
                order = first or last
                if _in_order(line(j), line(k), order) and _in_order(line(k), line(j), -order):
                    continue
                for i in (k, j):
                    if wide[i] != inside[i]:
                        wide[i], lines[i], tangled = inside[i], None, True


def _chords(bend: Ends) -> list[Point]:
    """Nine points of a bend's curve, times 512 so that they are integers."""
    p, q, r, s = [bend[0], *swing(*bend)]
    points = []
    for i in range(9):
        j = 8 - i
        a, b, c, d = j * j * j, 3 * j * j * i, 3 * j * i * i, i * i * i
        points.append((a * p[0] + b * q[0] + c * r[0] + d * s[0], a * p[1] + b * q[1] + c * r[1] + d * s[1]))
    return points


def _in_order(line: Sequence[Point], points: Sequence[Point], order: int) -> bool:
    """Whether all ``points`` lie on one side of ``line``, which goes on horizontally at both ends."""
    k = 0
    for x, y in points:
        while k < len(line) - 2 and line[k + 1][0] < x:
            k += 1
        (x0, y0), (x1, y1) = line[k], line[k + 1]
        if x <= x0 or x1 == x0:
            side = y - y0
        elif x >= x1:
            side = y - y1
        else:
            side = (y - y0) * (x1 - x0) - (y1 - y0) * (x - x0)
        if side * order < 0:
            return False
    return True


def _ports(
    count: int,
    chains: Sequence[Sequence[int]],
    lanes: set[int],
    items: Items,
    y: Sequence[int],
    fixed: Sequence[Fixed],
) -> tuple[list[int], list[int]]:
    """Where each edge leaves its input's border and meets its consumer's: in order, apart, straight if possible."""
    leaving: list[list[tuple[int, int, int]]] = [[] for _ in range(count)]
    arriving: list[list[tuple[int, int, int]]] = [[] for _ in range(count)]
    for e, chain in enumerate(chains):
        u, v = chain[0], chain[-1]
        outside = e in lanes
        out, into = fixed[e]
        next_level = y[chain[1]] + (into or 0 if len(chain) == 2 else 0)
        last_level = y[chain[-2]] + (out or 0 if len(chain) == 2 else 0)
        leaving[u].append((y[u] if outside else next_level, len(leaving[u]), e))
        arriving[v].append((y[v] if outside and len(chain) == 2 else last_level, len(arriving[v]), e))
    starts, ends = [0] * len(chains), [0] * len(chains)
    for side, result in ((leaving, starts), (arriving, ends)):
        for node, wishes in enumerate(side):
            wishes.sort()
            spots = _spread([w for w, _, _ in wishes], y[node], items.height[node] // 2 - CORNER)
            for (_, _, e), spot in zip(wishes, spots, strict=True):
                result[e] = spot
    for e, (out, into) in enumerate(fixed):
        if out is not None:
            starts[e] = y[chains[e][0]] + out
        if into is not None:
            ends[e] = y[chains[e][-1]] + into
    return starts, ends


def _spread(wishes: Sequence[int], centre: int, reach: int) -> list[int]:
    """Spots near the sorted ``wishes``, within ``reach`` of the centre, apart where there is room."""
    n = len(wishes)
    if n == 0:
        return []
    reach = max(0, min(reach, PORT_GAP * (n - 1)))
    for k, wish in enumerate(wishes):
        if wish == centre:
            # A straight edge keeps the centre; the others share what is left on both sides of it.
            above, below = min(PORT_GAP, reach // max(k, 1)), min(PORT_GAP, reach // max(n - 1 - k, 1))
            return [centre + (i - k) * (above if i < k else below) for i in range(n)]
    apart = PORT_GAP if n == 1 else min(PORT_GAP, 2 * reach // (n - 1))
    spots: list[int] = []
    for wish in wishes:
        spot = min(max(wish, centre - reach), centre + reach)
        spots.append(max(spot, spots[-1] + apart) if spots else spot)
    limit = centre + reach
    for k in range(n - 1, -1, -1):
        spots[k] = min(spots[k], limit)
        limit = spots[k] - apart
    return spots


def _columns(
    items: Items,
    layers: Sequence[Sequence[int]],
    chains: Sequence[Sequence[int]],
    lanes: set[int],
    y: Sequence[int],
    starts: Sequence[int],
    ends: Sequence[int],
) -> tuple[list[int], list[int]]:
    """Half the width of every layer's band, and its centre along the flow."""
    steepest = [0] * len(layers)
    for e, chain in enumerate(chains):
        if e in lanes:
            continue
        level = starts[e]
        for k in range(1, len(chain)):
            goal = ends[e] if k == len(chain) - 1 else y[chain[k]]
            layer = items.layer[chain[k]]
            steepest[layer] = max(steepest[layer], abs(goal - level))
            level = goal
    half = [(max(items.width[i] for i in layer) + 1) // 2 for layer in layers]
    centre = []
    x = 0
    for k, h in enumerate(half):
        if k:
            x += half[k - 1] + h + GAP + min(GAP_EXTRA, max(0, steepest[k] - 30) // 4)
        else:
            x = h
        centre.append(x)
    return half, centre


def _draw_lanes(
    routes: list[Route],
    items: Items,
    chains: Sequence[Sequence[int]],
    lanes: set[int],
    x: Sequence[int],
    y: Sequence[int],
    starts: Sequence[int],
    ends: Sequence[int],
    half: Sequence[int],
    centre: Sequence[int],
) -> None:
    """Routes outside the layers: up or down in the gap after the input, along a lane, and back in a gap."""
    if not lanes:
        return
    top = min(y[i] - items.height[i] // 2 for i in range(len(y)))
    bottom = max(y[i] + (items.height[i] + 1) // 2 for i in range(len(y)))
    free: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])  # per side: (free from x, lane)
    used = [0, 0]
    for e in sorted(lanes, key=lambda e: (items.layer[chains[e][0]], e)):
        chain = chains[e]
        u, v = chain[0], chain[-1]
        first, target = items.layer[u], items.layer[chain[1]]
        x0 = centre[first] + half[first]
        x1 = centre[target] - half[target]
        goal = y[chain[1]] if len(chain) > 2 else ends[e]
        side = 0 if starts[e] + goal <= top + bottom else 1
        if free[side] and free[side][0][0] < x0:
            lane = heappop(free[side])[1]
        else:
            lane = used[side]
            used[side] += 1
        heappush(free[side], (x1, lane))
        level = top - LANE_GAP * (lane + 2) if side == 0 else bottom + LANE_GAP * (lane + 2)
        start = (x[u] + (items.width[u] + 1) // 2, starts[e])
        route: list[Point] = [start]
        if x0 > start[0]:
            route += straight(start, (x0, starts[e]))
        out, back = x0 + GAP // 2, x1 - GAP // 2
        bend = LANE_GAP if side else -LANE_GAP
        route += [(out, starts[e]), (out, starts[e]), (out, starts[e] + bend)]
        route += straight(route[-1], (out, level - bend))
        route += [(out, level), (out, level), (out + LANE_GAP, level)]
        route += straight(route[-1], (back - LANE_GAP, level))
        route += [(back, level), (back, level), (back, level - bend)]
        route += straight(route[-1], (back, goal + bend))
        route += [(back, goal), (back, goal), (x1, goal)]
        if len(chain) > 2:
            after = (centre[target] + half[target], goal)
            route += straight(route[-1], after)
            close = items.layer[v]
            route += swing(after, (centre[close] - half[close], ends[e]))
        end = (x[v] - (items.width[v] + 1) // 2, ends[e])
        if end[0] > route[-1][0]:
            route += straight(route[-1], end)
        routes[e] = tuple(route)
