"""The engine ``dot``: Graphviz places and routes, through the ``graphviz`` package; its answer becomes integers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush
from importlib.util import find_spec
from math import isqrt
from typing import Any

from graphviz_ad.errors import EngineError
from graphviz_ad.render.geometry import (
    MARGIN,
    Box,
    Edge,
    Frame,
    Placement,
    Point,
    Rectangle,
    Route,
    Size,
    box,
    framed,
    route_hits,
    straight,
)

# A notebook must not hang: Graphviz needs milliseconds for a lecture's graph, and is asked at most twice.
TIMEOUT = 10
DPI = 72  # Graphviz measures boxes in inches and positions in points; at 72 both are our pixels
PADDING = 14  # from a frame to what is in it, in points
STOP = (8, 8)  # the room of an edge without a label that has to keep apart from its twin
CLEARANCE = 5  # what an edge that has to be led around boxes keeps from their corners
INSTALL = (
    'install Graphviz (Debian: apt install graphviz; macOS: brew install graphviz); engine="layered" needs nothing'
)


def missing() -> str:
    """Why this engine cannot be used here; an empty string where it can."""
    if find_spec("graphviz") is None:
        return f'the Python package "graphviz" is not installed: pip install graphviz, and {INSTALL}'
    if shutil.which("dot") is None:
        return f'the program "dot" was not found: {INSTALL}'
    return ""


def place(
    sizes: Sequence[Size],
    edges: Sequence[Edge],
    labels: Sequence[Size | None],
    frames: Sequence[Frame] = (),
    homes: Sequence[int | None] = (),
    strip: str = "top",  # noqa: ARG001 - all engines are called alike
) -> Placement:
    """Centres, routes, label centres and frames for a flow from left to right; see `layout.arrange`.

    Frames are clusters with room for the label on every side, whichever ``strip`` it needs.
    """
    reason = missing()
    if reason:
        raise EngineError(reason)
    if not sizes and not frames:
        return framed([], [], [], [], [], MARGIN)
    # Each edge's stop on the way: its label, or a point that keeps it apart from its twin between the same nodes.
    count = Counter(edges)
    stops = [label or (STOP if count[edge] > 1 else None) for edge, label in zip(edges, labels, strict=True)]
    answer = _run(_source(sizes, edges, stops, frames, homes, "true"))
    try:
        drawing = _Drawing(answer, sizes, edges, stops, len(frames))
        lost = drawing.hits()
        if lost:
            # Graphviz's curves now and then cut through a box. Its polylines, for the same places, seldom do.
            answer = _run(_source(sizes, edges, stops, frames, homes, "polyline"))
            other = _Drawing(answer, sizes, edges, stops, len(frames))
            drawing.repair(lost, other)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise EngineError(f"Graphviz gave an answer that cannot be read ({error!r}); {INSTALL}") from error
    placement = drawing.placement()
    hidden = [None if label is None else mark for label, mark in zip(labels, placement.labels, strict=True)]
    return placement._replace(labels=hidden)


def _source(
    sizes: Sequence[Size],
    edges: Sequence[Edge],
    stops: Sequence[Size | None],
    frames: Sequence[Frame],
    homes: Sequence[int | None],
    splines: str,
) -> str:
    """The graph in DOT: a label is a box of its own on the way, so that nothing else may use its place."""
    import graphviz

    graph = graphviz.Digraph(
        graph_attr={"rankdir": "LR", "nodesep": "0.3", "ranksep": "0.4", "splines": splines},
        node_attr={"shape": "box", "fixedsize": "true", "label": "", "margin": "0"},
        edge_attr={"dir": "none", "headport": "w", "tailport": "e"},
    )
    for k, (width, height) in enumerate(sizes):
        graph.node(f"n{k}", width=_inches(width), height=_inches(height))
    layers = "2" if any(stop is not None for stop in stops) else "1"
    for e, ((u, v), stop) in enumerate(zip(edges, stops, strict=True)):
        if stop is None:
            graph.edge(f"n{u}", f"n{v}", id=f"e{e}", minlen=layers)
            continue
        graph.node(f"l{e}", width=_inches(stop[0]), height=_inches(stop[1]))
        graph.edge(f"n{u}", f"l{e}", id=f"a{e}")
        # The label stands just before the consumer: stretching this half costs more than the other.
        graph.edge(f"l{e}", f"n{v}", id=f"b{e}", weight="2")
    clusters = []
    for k, frame in enumerate(frames):
        margin = PADDING if frame.label is None else max(PADDING, min(frame.label) + 4)
        cluster = graphviz.Digraph(f"cluster_{k}", graph_attr={"margin": str(margin)})
        for node, home in enumerate(homes):
            if home == k:
                cluster.node(f"n{node}")
        for e, (_, v) in enumerate(edges):
            if stops[e] is not None and homes and homes[v] == k:
                cluster.node(f"l{e}")
        if k not in homes and all(inner.outer != k for inner in frames):
            cluster.node(f"c{k}", width=_inches(STOP[0]), height=_inches(STOP[1]))  # an empty cluster would be lost
        clusters.append(cluster)
    for frame, cluster in reversed(list(zip(frames, clusters, strict=True))):
        (graph if frame.outer is None else clusters[frame.outer]).subgraph(cluster)
    return str(graph.source)


def _inches(pixels: int) -> str:
    return f"{pixels / DPI:.6f}"


def _run(source: str) -> dict[str, Any]:
    """Graphviz's answer as JSON. The package's own ``pipe`` has no time limit, so the program is called here."""
    try:
        done = subprocess.run(
            ["dot", "-Kdot", "-Tjson0"],
            input=source.encode("utf-8"),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,  # what it said is part of our error
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) if os.name == "nt" else 0,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f'Graphviz took longer than {TIMEOUT} s and was stopped; use engine="layered"') from None
    except OSError as error:
        raise EngineError(f'the program "dot" could not be started ({error}); {INSTALL}') from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise EngineError(f"Graphviz failed with status {done.returncode}: {said}; {INSTALL}")
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise EngineError(f"Graphviz gave an answer that is not JSON ({error}); {INSTALL}") from error
    return answer


class _Drawing:
    """Graphviz's answer in integers, y down: boxes, and for each edge the curves to and from its stop."""

    def __init__(
        self,
        answer: dict[str, Any],
        sizes: Sequence[Size],
        edges: Sequence[Edge],
        stops: Sequence[Size | None],
        frames: int,
    ) -> None:
        self.sizes, self.stops = sizes, stops
        centres = {item["name"]: _point(item["pos"]) for item in answer["objects"] if "pos" in item}
        clusters = {item["name"]: item["bb"] for item in answer["objects"] if "bb" in item}
        self.frames = [_rectangle(clusters[f"cluster_{k}"]) for k in range(frames)]
        self.nodes = [centres[f"n{k}"] for k in range(len(sizes))]
        self.marks = [None if stop is None else centres[f"l{e}"] for e, stop in enumerate(stops)]
        self.boxes = [box(c, s) for c, s in zip(self.nodes, sizes, strict=True)]
        self.boxes += [box(c, s) for c, s in zip(self.marks, stops, strict=True) if c is not None and s is not None]
        self.boxes.sort()
        self.widest = max(b.right - b.left for b in self.boxes)
        found = {link["id"]: link["pos"] for link in answer.get("edges", [])}
        self.curves: dict[str, list[Point]] = {}
        for e, (u, v) in enumerate(edges):
            start = (self.nodes[u][0] + (sizes[u][0] + 1) // 2, self.nodes[u][1])
            end = (self.nodes[v][0] - (sizes[v][0] + 1) // 2, self.nodes[v][1])
            mark, stop = self.marks[e], stops[e]
            if mark is None or stop is None:
                stretches = [(f"e{e}", start, end)]
            else:
                half = (stop[0] + 1) // 2
                stretches = [(f"a{e}", start, (mark[0] - half, mark[1])), (f"b{e}", (mark[0] + half, mark[1]), end)]
            for name, first, last in stretches:
                points = [_point(text) for text in found[name].split() if text[0] not in "es"]
                # Rounding must not leave an end beside the border that it belongs to.
                self.curves[name] = [first, *points[1:-1], last]

    def _near(self, curve: Sequence[Point]) -> list[Box]:
        """The boxes that a curve might touch."""
        left, right = 2 * min(x for x, _ in curve), 2 * max(x for x, _ in curve)
        low, high = 2 * min(y for _, y in curve), 2 * max(y for _, y in curve)
        first = bisect_left(self.boxes, (left - self.widest,))
        last = bisect_left(self.boxes, (right,))
        return [b for b in self.boxes[first:last] if b.right > left and b.top < high and b.bottom > low]

    def _free(self, curve: Sequence[Point]) -> bool:
        return not any(route_hits(curve, b) for b in self._near(curve))

    def hits(self) -> list[str]:
        """The names of the curves that run through a box."""
        return [name for name, curve in self.curves.items() if not self._free(curve)]

    def repair(self, lost: Sequence[str], other: _Drawing) -> None:
        """Replace curves that run through a box, by the other drawing's or by a way around the boxes."""
        for name in lost:
            curve, spare = self.curves[name], other.curves[name]
            if (spare[0], spare[-1]) == (curve[0], curve[-1]) and self._free(spare):
                self.curves[name] = spare
            else:
                self.curves[name] = self._around(curve[0], curve[-1])

    def _around(self, start: Point, end: Point) -> list[Point]:
        """The shortest way past the boxes' corners (Dijkstra; nodes are apart, so there always is one)."""
        corners = [start, end]
        for b in self.boxes:
            for x in (b.left // 2 - CLEARANCE, (b.right + 1) // 2 + CLEARANCE):
                corners += [(x, y) for y in (b.top // 2 - CLEARANCE, (b.bottom + 1) // 2 + CLEARANCE)]
        corners = [c for k, c in enumerate(corners) if k < 2 or not any(_within(c, b) for b in self.boxes)]
        length = {0: 0}
        back: dict[int, int] = {}
        done: set[int] = set()
        queue = [(0, 0)]
        while queue:
            far, k = heappop(queue)
            if k in done:
                continue
            done.add(k)
            if k == 1:
                break
            for j, corner in enumerate(corners):
                if j in done:
                    continue
                dx, dy = corner[0] - corners[k][0], corner[1] - corners[k][1]
                reach = far + isqrt((dx * dx + dy * dy) << 8)
                if reach >= length.get(j, reach + 1):
                    continue
                leg = [corners[k], *straight(corners[k], corner)]
                if self._free(leg):
                    length[j], back[j] = reach, k
                    heappush(queue, (reach, j))
        if 1 not in done:
            raise EngineError('Graphviz placed boxes too close together for an edge to pass; use engine="layered"')
        way = [1]
        while way[-1]:
            way.append(back[way[-1]])
        route = [start]
        for k in reversed(way[:-1]):
            route += straight(route[-1], corners[k])
        return route

    def placement(self) -> Placement:
        """The whole picture with our margin around it."""
        routes: list[Route] = []
        for e, mark in enumerate(self.marks):
            if mark is None:
                routes.append(tuple(self.curves[f"e{e}"]))
                continue
            before, after = self.curves[f"a{e}"], self.curves[f"b{e}"]
            routes.append((*before, *straight(before[-1], after[0]), *after[1:]))
        return framed(self.nodes, routes, self.marks, self.sizes, self.stops, MARGIN, self.frames)


def _point(text: str) -> Point:
    x, y = text.split(",")[:2]
    return round(float(x)), round(-float(y))


def _rectangle(text: str) -> Rectangle:
    left, bottom, right, top = (float(number) for number in text.split(","))
    return Rectangle(round(left), round(-top), round(right) - round(left), round(-bottom) - round(-top))


def _within(point: Point, target: Box) -> bool:
    return target.left < 2 * point[0] < target.right and target.top < 2 * point[1] < target.bottom
