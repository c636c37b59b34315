"""The engine ``layered``: Sugiyama's method in pure Python and integers, the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from graphviz_ad.render import coordinates, crossings, routes, simplex
from graphviz_ad.render.geometry import Edge, Placement, Point, Size

# Free room between two items of one layer, by kind (NODE, LABEL, LINE).
NODE, LABEL, LINE = 0, 1, 2
GAPS = ((30, 22, 20), (22, 10, 12), (20, 12, 14))
# Room between components, and in which proportion several of them fill a page.
COMPONENT_GAP = 40
# A label further than this from the line of its consumer is moved towards it.
BRING = 90
# Dummy items that one level may cost before its longest edges take lanes outside the layers.
LANE_BUDGET = 30_000


@dataclass(slots=True)
class Items:
    """Everything that takes room in a layer: boxes first, then label boxes and the dummies of long edges."""

    kind: list[int] = field(default_factory=list)
    width: list[int] = field(default_factory=list)
    height: list[int] = field(default_factory=list)
    layer: list[int] = field(default_factory=list)
    aside: list[int] = field(default_factory=list)  # in its layer: -1 at the left end, 0 in the middle, 1 at the right

    def add(self, kind: int, width: int, height: int, layer: int) -> int:
        """A new item's index."""
        self.kind.append(kind)
        self.width.append(width)
        self.height.append(height)
        self.layer.append(layer)
        self.aside.append(0)
        return len(self.kind) - 1

    def separation(self, one: int, two: int) -> int:
        """The least distance between the centres of two neighbours in a layer."""
        return (self.height[one] + self.height[two] + 1) // 2 + GAPS[self.kind[one]][self.kind[two]]


@dataclass(frozen=True, slots=True)
class Link:
    """An edge as one level sees it, between its boxes and ports."""

    tail: int
    head: int
    label: Size | None
    depth: int  # the longest path in the whole graph that leads to the edge's input
    height: int  # and the longest one from its consumer on


class Level:
    """What one frame holds, or one connected part outside of all frames, on its way through the four phases.

    Its boxes are nodes and inner frames; where edges cross the frame's border, ports stand in for what lies
    outside: ``entries`` ports come first in the numbering, ``exits`` ports last. Ranks and order are found from
    the outside in and know no sizes, so that a group may open or close without disturbing what is around it;
    coordinates and routes are found from the inside out. ``inner`` says that a frame is around it.
    """

    def __init__(
        self, count: int, links: Sequence[Link], entries: int = 0, exits: int = 0, inner: bool = False
    ) -> None:
        self.count, self.links, self.entries, self.exits, self.inner = count, links, entries, exits, inner
        self.ranks: list[int] = []
        self.lanes: set[int] = set()  # links that run outside the layers
        self.orders: list[list[int]] = []  # per rank: boxes, ports and the dummies of long pairs, in order
        self.place_of: list[int] = []  # where each of them stands in its rank
        self.first: list[int] = []  # per box or port: the first of the ports that stand together with it
        self.ways: dict[Edge, list[int]] = {}  # per pair of ends: what stands for it from tail to head

    def order(self, pins: Mapping[int, int]) -> None:
        """Phases one and two: ranks, and the order in each rank; ports stay in the order of ``pins``.

        What counts is what leads where, not how often: links between the same ends are one way here, and so are
        ports with the same pin and the same end. A group's edges may be drawn one by one or together.
        """
        if not self.count:  # a frame with nothing in it
            return
        self.ranks = self._ranks()
        self.lanes = self._outside()
        self.first = self._together(pins)
        self.orders = [[] for _ in range(max(self.ranks) + 1)]
        before: list[list[int]] = [[] for _ in range(self.count)]
        after: list[list[int]] = [[] for _ in range(self.count)]
        for box, rank in enumerate(self.ranks):
            if self.first[box] == box:
                self.orders[rank].append(box)
        for e, link in enumerate(self.links):
            pair = self.first[link.tail], self.first[link.head]
            if e in self.lanes or pair in self.ways:
                continue
            way = [pair[0]]
            for rank in range(self.ranks[link.tail] + 1, self.ranks[link.head]):
                way.append(len(before))
                self.orders[rank].append(len(before))
                before.append([])
                after.append([])
            way.append(pair[1])
            self.ways[pair] = way
            for one, two in pairwise(way):
                after[one].append(two)
                before[two].append(one)
        crossings.reduce(self.orders, before, after, 4 if len(before) <= 400 else 2, pins)
        self.place_of = [0] * len(before)
        for order in self.orders:
            for place, item in enumerate(order):
                self.place_of[item] = place

    def beside(self, e: int) -> tuple[int, int]:
        """Where in its rank stands what follows the link's tail, and what comes before its head."""
        link = self.links[e]
        if e in self.lanes:
            return len(self.place_of), len(self.place_of)
        way = self.ways[self.first[link.tail], self.first[link.head]]
        return self.place_of[way[1]], self.place_of[way[-2]]

    def _together(self, pins: Mapping[int, int]) -> list[int]:
        """Per box or port the first port with the same pin and the same end, else itself."""
        first = list(range(self.count))
        seen: dict[tuple[int, int, bool], int] = {}
        for link in self.links:
            for port, end in ((link.tail, link.head), (link.head, link.tail)):
                if port in pins:
                    first[port] = seen.setdefault((pins[port], end, port == link.tail), port)
        return first

    def _ranks(self) -> list[int]:
        """Ranks with the least total edge length, so that inputs stand next to their first consumer."""
        if not self.inner:
            return _shortest(self.count, [(link.tail, link.head) for link in self.links], 0)
        # All entries share one rank, and so do all exits; every box lies between the two.
        last = self.count - self.exits
        boxes = last - self.entries
        vertex = [max(0, min(box - self.entries + 1, boxes + 1)) for box in range(self.count)]
        pairs = [(vertex[link.tail], vertex[link.head]) for link in self.links]
        ranks = _shortest(boxes + 2, pairs, boxes + 1)
        found = [ranks[v] for v in vertex]
        number = {rank: k for k, rank in enumerate(sorted(set(found)))}
        return [number[rank] for rank in found]

    def _outside(self) -> set[int]:
        """The longest edges, as many as have to leave the layers so that the work stays near-linear."""
        spans = [2 * (self.ranks[link.head] - self.ranks[link.tail]) for link in self.links]
        total = sum(spans)
        budget = LANE_BUDGET + 4 * len(self.links)
        lanes: set[int] = set()
        for e in sorted(range(len(spans)), key=lambda e: (-spans[e], e)):
            if total <= budget or spans[e] <= 4:
                break
            total -= spans[e]
            lanes.add(e)
        return lanes

    def place(self, sizes: Sequence[Size], fixed: Sequence[routes.Fixed], copies: Sequence[Edge]) -> Placement:
        """Phases three and four: coordinates and routes; the top left corner of the result is (0, 0).

        ``sizes`` are those of the boxes, (0, 0) for ports; ``fixed`` says where a link meets a frame's border;
        ``copies`` orders links between the same ends.
        """
        items = Items()
        layers, chains = self._layers(items, sizes, copies)
        self._lean(items, layers)
        y = self._coordinates(items, layers, chains, fixed)
        labels = [link.label for link in self.links]
        return routes.draw(sizes, labels, items, layers, chains, self.lanes, y, fixed)

    def _layers(
        self, items: Items, sizes: Sequence[Size], copies: Sequence[Edge]
    ) -> tuple[list[list[int]], list[list[int]]]:
        """The layers, one per rank and one in front of it for labels of edges that end there; the edges' items."""
        links, ranks = self.links, self.ranks
        labelled = {ranks[link.head] for link in links if link.label is not None}
        index: list[int] = []
        count = 0
        for rank in range(len(self.orders)):
            count += 1 if rank in labelled else 0
            index.append(count)
            count += 1
        for (width, height), rank in zip(sizes, ranks, strict=True):
            items.add(NODE if width else LINE, width, height, index[rank])
        chains = [[link.tail] for link in links]
        together: dict[Edge, list[int]] = {}
        for e in sorted(range(len(links)), key=lambda e: (copies[e], e)):
            if e not in self.lanes:
                together.setdefault((self.first[links[e].tail], self.first[links[e].head]), []).append(e)
        standing: dict[int, list[int]] = {}  # the boxes and ports that each one of `order` stands for
        for e in sorted(range(len(links)), key=lambda e: (copies[e], e)):
            for box in (links[e].tail, links[e].head):
                if self._is_port(box):
                    standing.setdefault(self.first[box], []).append(box)
        dummies: dict[int, list[int]] = {}  # the links that each dummy of `order` stands for
        gaps: list[list[tuple[int, int, int]]] = [[] for _ in self.orders]  # (place after, place before, link)
        for pair, way in self.ways.items():
            for item in way[1:-1]:
                dummies[item] = together[pair]
            for rank, (one, two) in enumerate(pairwise(way), ranks[pair[0]] + 1):
                gaps[rank] += [(self.place_of[two], self.place_of[one], e) for e in together[pair]]
        for e in sorted(self.lanes):
            if links[e].label is not None:
                gaps[ranks[links[e].head]].append((self.place_of[links[e].head], len(self.place_of), e))
        layers: list[list[int]] = [[] for _ in range(count)]
        for rank, order in enumerate(self.orders):
            if rank in labelled:
                # Links keep the order of their ends: nothing crosses here that does not have to.
                gaps[rank].sort(key=lambda way: way[:2])
                for _, _, e in gaps[rank]:
                    label = links[e].label if ranks[links[e].head] == rank else None
                    self._pass(items, layers, chains[e], index[rank] - 1, label)
            for item in order:
                if item < self.count:
                    layers[index[rank]] += standing.get(item, [item])
                else:
                    for e in dummies[item]:
                        self._pass(items, layers, chains[e], index[rank], None)
        for link, chain in zip(links, chains, strict=True):
            chain.append(link.head)
        return layers, chains

    def _is_port(self, box: int) -> bool:
        return not self.entries <= box < self.count - self.exits

    def _lean(self, items: Items, layers: Sequence[Sequence[int]]) -> None:
        """Beside a box that is much wider, what has no inputs stands near its consumers, and the other way round."""
        fed, used = {link.head for link in self.links}, {link.tail for link in self.links}
        widest = [max(items.width[item] for item in layer) for layer in layers]
        for box in range(self.count):
            if 0 < 2 * items.width[box] < widest[items.layer[box]]:
                items.aside[box] = (box not in fed) - (box not in used)

    def _pass(self, items: Items, layers: list[list[int]], chain: list[int], layer: int, label: Size | None) -> None:
        """Lead an edge through a layer, with its label there or with a dummy."""
        item = items.add(LINE, 0, 0, layer) if label is None else items.add(LABEL, *label, layer)
        layers[layer].append(item)
        chain.append(item)

    def _coordinates(
        self,
        items: Items,
        layers: Sequence[Sequence[int]],
        chains: Sequence[Sequence[int]],
        fixed: Sequence[routes.Fixed],
    ) -> list[int]:
        """Positions across the flow; what leads along the longest path stays straight, equals are balanced."""
        deepest, highest = [0] * self.count, [0] * self.count
        for link in self.links:
            deepest[link.head] = max(deepest[link.head], link.depth)
            highest[link.tail] = max(highest[link.tail], link.height)
        segments = []
        for e, (link, chain, (out, into)) in enumerate(zip(self.links, chains, fixed, strict=True)):
            for k in range(len(chain) - 1):
                if e in self.lanes and k == 0:
                    continue
                one, two = chain[k], chain[k + 1]
                weight = 1
                if items.kind[one] != NODE and items.kind[two] != NODE:
                    weight = len(chain)
                elif (items.kind[two] == NODE and link.depth < deepest[link.head]) or (
                    items.kind[one] == NODE and link.height < highest[link.tail]
                ):
                    weight = 0
                step = (out or 0 if one == link.tail else 0) - (into or 0 if two == link.head else 0)
                segments.append((one, two, weight, step))
        passes = 8 if len(items.kind) <= 3000 else 3
        y = coordinates.assign(layers, segments, items.separation, passes)
        self._bring_labels(items, layers, {chain[-2]: chain[-1] for chain in chains}, y)
        return y

    def _bring_labels(
        self, items: Items, layers: Sequence[Sequence[int]], consumers: Mapping[int, int], y: list[int]
    ) -> None:
        """Move labels that stand far from their consumer towards it: the long edge then bends before its label."""
        wish: dict[int, int] = {}
        for layer in layers:
            groups: dict[int, list[int]] = {}
            for item in layer:
                if items.kind[item] == LABEL:
                    groups.setdefault(consumers[item], []).append(item)
            for consumer, group in groups.items():
                far = [item for item in group if abs(y[item] - y[consumer]) >= BRING]
                if len(far) < len(group):
                    wish.update(dict.fromkeys(far, y[consumer]))
                    continue
                # None is near: they stack up evenly on both sides of the consumer's line.
                steps = [items.separation(one, two) for one, two in pairwise(group)]
                spot = y[consumer] - sum(steps) // 2
                for item, step in zip(group, [*steps, 0], strict=True):
                    wish[item] = spot
                    spot += step
        for layer in layers:
            # Those that go down from the bottom up, those that go up from the top down: each makes room for the next.
            for down in (True, False):
                for k in range(len(layer) - 1, -1, -1) if down else range(len(layer)):
                    item = layer[k]
                    spot = wish.get(item, y[item])
                    if (spot > y[item]) != down:
                        continue
                    if down and k + 1 < len(layer):
                        spot = min(spot, y[layer[k + 1]] - items.separation(item, layer[k + 1]))
                    if not down and k > 0:
                        spot = max(spot, y[layer[k - 1]] + items.separation(layer[k - 1], item))
                    if abs(spot - y[item]) >= BRING // 2:  # a smaller step is not worth a bend
                        y[item] = spot


def _shortest(count: int, edges: Sequence[Edge], sink: int) -> list[int]:
    """Ranks with the least total edge length; with a ``sink``, vertex 0 and the sink enclose all others."""
    start = [0] * count
    latest = [-1] * count
    has_input, has_consumer = [False] * count, [False] * count
    for u, v in edges:
        has_input[v] = has_consumer[u] = True
    around = [(0, v) for v in range(1, sink) if not has_input[v]]
    around += [(v, sink) for v in range(1, sink) if not has_consumer[v]]
    for u, v in sorted([*edges, *around], key=lambda e: e[1]):  # inputs have lower indices: one pass in order
        start[v] = max(start[v], start[u] + 1)
    for u, v in sorted(edges, reverse=True):
        latest[u] = start[v] - 1 if latest[u] < 0 else min(latest[u], start[v] - 1)
    for vertex in range(1 if sink else 0, count):
        if not has_input[vertex] and latest[vertex] >= 0:
            start[vertex] = latest[vertex]
    weight: dict[Edge, int] = dict.fromkeys(around, 0)
    for u, v in edges:
        # Of equally short rankings, the one with short edges between results: what is computed from an
        # input alone then stands where it is used, as each step of an unrolled loop should.
        weight[u, v] = 1 if sink and (u == 0 or v == sink) else len(edges) + 1 + has_input[u]
    pairs = sorted(weight)
    if not pairs or max(start) == 0:
        return start
    pivots = max(50, min(4 * count, 1_000_000 // count))
    tails, heads = [u for u, _ in pairs], [v for _, v in pairs]
    ranks = simplex.shortest(count, tails, heads, [1] * len(pairs), [weight[p] for p in pairs], start, pivots)
    # What may still stand anywhere between input and consumer stands next to its consumer.
    pull = [0] * count
    consumers: list[list[int]] = [[] for _ in range(count)]
    for u, v in pairs:
        pull[u] += weight[u, v]
        pull[v] -= weight[u, v]
        consumers[u].append(v)
    for vertex in range(count - 1, 0 if sink else -1, -1):
        if pull[vertex] == 0 and consumers[vertex]:
            ranks[vertex] = min(ranks[v] for v in consumers[vertex]) - 1
    return ranks


def components(count: int, edges: Sequence[Edge]) -> list[tuple[list[int], list[int]]]:
    """The connected parts, each with its nodes and edges in ascending order."""
    root = list(range(count))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for u, v in edges:
        one, two = find(u), find(v)
        root[max(one, two)] = min(one, two)
    parts: dict[int, tuple[list[int], list[int]]] = {}
    for node in range(count):
        parts.setdefault(find(node), ([], []))[0].append(node)
    for e, (u, _) in enumerate(edges):
        parts[find(u)][1].append(e)
    return list(parts.values())


def pack(sizes: Sequence[tuple[int, int, int]]) -> tuple[list[Point], int, int]:
    """Top left corners on shelves: parts with edges one below the other, single nodes side by side."""
    corners: list[Point] = [(0, 0)] * len(sizes)
    widest = max((w for w, _, _ in sizes), default=0)
    area = sum((w + COMPONENT_GAP) * (h + COMPONENT_GAP) for w, h, _ in sizes)
    limit = widest
    while limit * limit < 2 * area and len(sizes) > 1:  # about two wide to one high
        limit += COMPONENT_GAP
    x = y = shelf = width = 0
    for k in sorted(range(len(sizes)), key=lambda k: (-sizes[k][2], k)):
        w, h, _ = sizes[k]
        if x and x + w > limit:
            x, y, shelf = 0, y + shelf + COMPONENT_GAP, 0
        corners[k] = (x, y)
        x, shelf = x + w + COMPONENT_GAP, max(shelf, h)
        width = max(width, x - COMPONENT_GAP)
    return corners, width, y + shelf
