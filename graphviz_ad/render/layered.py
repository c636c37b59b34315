"""The engine ``layered``: Sugiyama's method in pure Python and integers, the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from graphviz_ad.render import coordinates, crossings, routes, simplex
from graphviz_ad.render.geometry import MARGIN, Edge, Placement, Point, Route, Size

# Free room between two items of one layer, by kind (NODE, LABEL, LINE).
NODE, LABEL, LINE = 0, 1, 2
GAPS = ((30, 22, 20), (22, 10, 12), (20, 12, 14))
# Room between components, and in which proportion several of them fill a page.
COMPONENT_GAP = 40
# A label further than this from the line of its consumer is moved towards it.
BRING = 90
# Dummy items that one component may cost before its longest edges take lanes outside the layers.
LANE_BUDGET = 30_000


def place(sizes: Sequence[Size], edges: Sequence[Edge], labels: Sequence[Size | None]) -> Placement:
    """Centres, routes and label centres for a flow from left to right; see `layout.arrange`."""
    nodes: list[Point] = [(0, 0)] * len(sizes)
    found: list[Route] = [()] * len(edges)
    boxes: list[Point | None] = [None] * len(edges)
    parts = []
    for members, inside in _components(len(sizes), edges):
        local = {node: k for k, node in enumerate(members)}
        part = _Component(
            [sizes[n] for n in members],
            [(local[edges[e][0]], local[edges[e][1]]) for e in inside],
            [labels[e] for e in inside],
        ).placement()
        parts.append((members, inside, part))
    corners, width, height = _pack([(part.width, part.height, len(m)) for m, _, part in parts])
    for (members, inside, part), (dx, dy) in zip(parts, corners, strict=True):
        dx, dy = dx + MARGIN, dy + MARGIN
        for node, (x, y) in zip(members, part.nodes, strict=True):
            nodes[node] = (x + dx, y + dy)
        for e, route, label in zip(inside, part.routes, part.labels, strict=True):
            found[e] = tuple((x + dx, y + dy) for x, y in route)
            boxes[e] = None if label is None else (label[0] + dx, label[1] + dy)
    return Placement(nodes, found, boxes, width + 2 * MARGIN, height + 2 * MARGIN)


def _components(count: int, edges: Sequence[Edge]) -> list[tuple[list[int], list[int]]]:
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


def _pack(sizes: Sequence[tuple[int, int, int]]) -> tuple[list[Point], int, int]:
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


@dataclass(slots=True)
class Items:
    """Everything that takes room in a layer: nodes first, then label boxes and the dummies of long edges."""

    kind: list[int] = field(default_factory=list)
    width: list[int] = field(default_factory=list)
    height: list[int] = field(default_factory=list)
    layer: list[int] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)

    def add(self, kind: int, width: int, height: int, layer: int) -> int:
        """A new item's index."""
        self.kind.append(kind)
        self.width.append(width)
        self.height.append(height)
        self.layer.append(layer)
        self.before.append([])
        self.after.append([])
        return len(self.kind) - 1

    def separation(self, one: int, two: int) -> int:
        """The least distance between the centres of two neighbours in a layer."""
        return (self.height[one] + self.height[two] + 1) // 2 + GAPS[self.kind[one]][self.kind[two]]


class _Component:
    """One connected graph on its way through the four phases: ranks, order, coordinates, routes."""

    def __init__(self, sizes: Sequence[Size], edges: Sequence[Edge], labels: Sequence[Size | None]) -> None:
        self.sizes, self.edges, self.labels = sizes, edges, labels
        self.items = Items()
        self.chains: list[list[int]] = []  # per edge: the items from its input to its consumer, both included
        self.lanes: set[int] = set()  # edges that run outside the layers

    def placement(self) -> Placement:
        """All four phases; the top left corner of the result is (0, 0)."""
        ranks = self._ranks()
        layers = self._layers(ranks)
        items = self.items
        starts = 4 if len(items.kind) <= 800 else 2
        crossings.reduce(layers, items.before, items.after, starts)
        y = self._coordinates(layers)
        return routes.draw(self.sizes, self.labels, items, layers, self.chains, self.lanes, y)

    def _ranks(self) -> list[int]:
        """Ranks with the least total edge length, so that inputs stand next to their first consumer."""
        count = len(self.sizes)
        start = [0] * count
        latest = [-1] * count
        for u, v in sorted(self.edges, key=lambda e: e[1]):  # inputs have lower indices: one pass in order
            start[v] = max(start[v], start[u] + 1)
        top = max(start)
        for u, v in sorted(self.edges, reverse=True):
            latest[u] = start[v] - 1 if latest[u] < 0 else min(latest[u], start[v] - 1)
        has_input = [False] * count
        for _, v in self.edges:
            has_input[v] = True
        for node in range(count):
            if not has_input[node] and latest[node] >= 0:
                start[node] = latest[node]
        weight: dict[Edge, int] = {}
        for edge in self.edges:
            # Of equally short rankings, the one with short edges between results: what is computed from an
            # input alone then stands where it is used, as each step of an unrolled loop should.
            weight[edge] = weight.get(edge, 0) + len(self.edges) + 1 + has_input[edge[0]]
        pairs = sorted(weight)
        if not pairs or top == 0:
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
        for node in range(count - 1, -1, -1):
            if pull[node] == 0 and consumers[node]:
                ranks[node] = min(ranks[v] for v in consumers[node]) - 1
        return ranks

    def _layers(self, ranks: Sequence[int]) -> list[list[int]]:
        """The layers: one per rank, and one in front of it for the labels of the edges that end there."""
        items = self.items
        labelled = {ranks[v] for (_, v), label in zip(self.edges, self.labels, strict=True) if label is not None}
        index: list[int] = []
        count = 0
        for rank in range(max(ranks) + 1):
            count += 1 if rank in labelled else 0
            index.append(count)
            count += 1
        layers: list[list[int]] = [[] for _ in range(count)]
        for (width, height), rank in zip(self.sizes, ranks, strict=True):
            layers[index[rank]].append(items.add(NODE, width, height, index[rank]))
        self.lanes = self._outside(ranks, index)
        for e, ((u, v), label) in enumerate(zip(self.edges, self.labels, strict=True)):
            first, last = index[ranks[u]] + 1, index[ranks[v]] - 1
            if e in self.lanes:
                first = last if label is not None else last + 1
            chain = [u]
            for layer in range(first, last + 1):
                if layer == last and label is not None:
                    item = items.add(LABEL, label[0], label[1], layer)
                else:
                    item = items.add(LINE, 0, 0, layer)
                layers[layer].append(item)
                chain.append(item)
            chain.append(v)
            self.chains.append(chain)
            for k in range(1 if e in self.lanes else 0, len(chain) - 1):
                items.after[chain[k]].append(chain[k + 1])
                items.before[chain[k + 1]].append(chain[k])
        return layers

    def _outside(self, ranks: Sequence[int], index: Sequence[int]) -> set[int]:
        """The longest edges, as many as have to leave the layers so that the work stays near-linear."""
        spans = [index[ranks[v]] - index[ranks[u]] for u, v in self.edges]
        total = sum(spans)
        budget = LANE_BUDGET + 4 * len(self.edges)
        lanes: set[int] = set()
        for e in sorted(range(len(spans)), key=lambda e: (-spans[e], e)):
            if total <= budget or spans[e] <= 4:
                break
            total -= spans[e]
            lanes.add(e)
        return lanes

    def _coordinates(self, layers: Sequence[Sequence[int]]) -> list[int]:
        """Positions across the flow; what leads along the longest path stays straight, equals are balanced."""
        count = len(self.sizes)
        depth, height = [0] * count, [0] * count
        for u, v in sorted(self.edges, key=lambda e: e[1]):
            depth[v] = max(depth[v], depth[u] + 1)
        for u, v in sorted(self.edges, reverse=True):
            height[u] = max(height[u], height[v] + 1)
        deepest, highest = [0] * count, [0] * count
        for u, v in self.edges:
            deepest[v] = max(deepest[v], depth[u])
            highest[u] = max(highest[u], height[v])
        items = self.items
        segments = []
        for e, ((u, v), chain) in enumerate(zip(self.edges, self.chains, strict=True)):
            for k in range(len(chain) - 1):
                if e in self.lanes and k == 0:
                    continue
                one, two = chain[k], chain[k + 1]
                weight = 1
                if items.kind[one] != NODE and items.kind[two] != NODE:
                    weight = len(chain)
                elif (items.kind[two] == NODE and depth[u] < deepest[v]) or (
                    items.kind[one] == NODE and height[v] < highest[u]
                ):
                    weight = 0
                segments.append((one, two, weight))
        passes = 8 if len(items.kind) <= 3000 else 3
        y = coordinates.assign(layers, segments, items.separation, passes)
        self._bring_labels(layers, y)
        return y

    def _bring_labels(self, layers: Sequence[Sequence[int]], y: list[int]) -> None:
        """Move labels that stand far from their consumer towards it: the long edge then bends before its label."""
        items = self.items
        wish: dict[int, int] = {}
        for layer in layers:
            groups: dict[int, list[int]] = {}
            for item in layer:
                if items.kind[item] == LABEL:
                    groups.setdefault(items.after[item][0], []).append(item)
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
