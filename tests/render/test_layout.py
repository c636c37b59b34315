"""The promises of both layout engines, on seeded random graphs and on the curriculum's graphs."""

from __future__ import annotations

import ast
import functools
import itertools
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graphviz_ad.errors import ArgumentError, EngineError
from graphviz_ad.render import coordinates, dot, geometry, layered, routes, simplex
from graphviz_ad.render import crossings as crossing_reduction
from graphviz_ad.render.layout import DIRECTIONS, Layout, arrange, engines
from tests.thinned import thinned

NODE = (110, 64)
LABEL = (64, 30)
MARGIN = 8
HAS_DOT = shutil.which("dot") is not None

needs_dot = pytest.mark.skipif(not HAS_DOT, reason='the program "dot" (Graphviz) is not installed: engine dot untested')
engine_names = pytest.mark.parametrize("engine", ["layered", pytest.param("dot", marks=needs_dot)])


# -- graphs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawing:
    """What goes into `arrange`."""

    sizes: list[tuple[int, int]]
    edges: list[tuple[int, int]]
    labels: list[tuple[int, int] | None]


def graph(*operations: Sequence[int], inputs: int, size: tuple[int, int] = NODE) -> Drawing:
    """``inputs`` input nodes, then one node per operation, which lists the nodes it takes."""
    edges = [(i, inputs + k) for k, operation in enumerate(operations) for i in operation]
    return Drawing([size] * (inputs + len(operations)), edges, [LABEL] * len(edges))


def chain(length: int) -> Drawing:
    return graph(*[(k,) for k in range(length)], inputs=1)


def two_layer_net() -> Drawing:
    """x, W1, b1, W2, b2, t: two affine layers with an activation, squared loss, mean."""
    return graph((0, 1), (6, 2), (7,), (8, 3), (9, 4), (10, 5), (11,), (12,), inputs=6)


def scalar_net(inputs: int, hidden: int) -> Drawing:
    """A net of scalars: every hidden unit has its weights and bias, and one output sums them."""
    count = inputs + hidden * (inputs + 2) + 2  # x, per unit: w, b, v; output bias, target
    operations: list[tuple[int, ...]] = []
    outs = []
    parameter = inputs

    def add(*taken: int) -> int:
        operations.append(taken)
        return count + len(operations) - 1

    for _ in range(hidden):
        total = -1
        for x in range(inputs):
            product = add(parameter, x)
            parameter += 1
            total = product if total < 0 else add(total, product)
        total = add(total, parameter)
        activated = add(total)
        outs.append(add(parameter + 1, activated))
        parameter += 2
    out = outs[0]
    for other in outs[1:]:
        out = add(out, other)
    out = add(out, parameter)
    difference = add(out, parameter + 1)
    add(difference)
    assert parameter + 2 == count
    return graph(*operations, inputs=count)


def recurrent(steps: int) -> Drawing:
    """H = tanh(x @ W + h @ U), unrolled with the same W and U, the losses of all steps summed."""
    inputs = steps + 3  # W, U, h0, x...
    operations: list[tuple[int, ...]] = []

    def add(*taken: int) -> int:
        operations.append(taken)
        return inputs + len(operations) - 1

    state, losses = 2, []
    for step in range(steps):
        state = add(add(add(3 + step, 0), add(state, 1)))
        losses.append(add(state, state))
    total = losses[0]
    for loss in losses[1:]:
        total = add(total, loss)
    return graph(*operations, inputs=inputs)


CURRICULUM = {
    "single edge": chain(1),
    "chain of 3": chain(3),
    "chain of 12": chain(12),
    "square by x * x": graph((0, 0), inputs=1),
    "three parallel edges": graph((0, 0, 0), inputs=1),
    "(x**2 + 1)**3 folded": graph((0,), (1,), (2,), inputs=1),
    "(x*x + 1)**3 by products": graph((0, 0), (2, 1), (3, 3), (4, 3), inputs=2),
    "diamond": graph((0,), (0,), (1, 2), inputs=1),
    "x**2 + x": graph((0,), (1, 0), inputs=1),
    "y = e + f": graph((0, 1), (0, 1), (2, 3), (2, 3), (4, 5), inputs=2),
    "x*y of s": graph((0,), (0,), (1, 2), inputs=1),
    "1-hidden-unit net": graph((0, 1), (6, 2), (7,), (8, 3), (9, 4), (10, 5), (11,), inputs=6),
    "two-layer net": two_layer_net(),
    "scalar net 2-3-1": scalar_net(2, 3),
    "scalar net 3-2-1": scalar_net(3, 2),
    "softmax cross-entropy": graph((0,), (0, 2), (3,), (4,), (4, 5), (6,), (7, 1), (8,), inputs=2),
    "unrolled RNN of 3": recurrent(3),
    "unrolled RNN of 6": recurrent(6),
    # X, Wq, Wk, Wv -> Q K V, K.T, scores, scaled, max, shifted, exp, sum, weights, out
    "attention": graph(
        (0, 1), (0, 2), (0, 3), (5,), (4, 7), (8,), (9,), (9, 10), (11,), (12,), (12, 13), (14, 6), inputs=4
    ),
    "residual blocks": graph((0,), (1,), (0, 2), (3,), (4,), (3, 5), (6,), (7,), (6, 8), inputs=1),
    "star of 12": graph(tuple(range(12)), inputs=12),
    "fan of 12": graph(*[(0,) for _ in range(12)], inputs=1),
    "two components": graph((0, 1), (2,), (5,), inputs=4),
    "three single nodes": Drawing([NODE, (60, 40), NODE], [], []),
    "no nodes": Drawing([], [], []),
    "wide skip": graph((0,), (1,), (2,), (3,), (4,), (5, 0), (6, 1), (7, 0), inputs=1),
}


def random_graph(seed: int) -> Drawing:
    """5-60 nodes of varied sizes: parallel edges, skip edges, several outputs, now and then several components."""
    rng = random.Random(seed)
    count = 5 + seed * 55 // 49
    inputs = rng.randint(1, max(1, count // 4))
    sizes = [(rng.randint(30, 170), rng.randint(24, 100)) for _ in range(count)]
    edges: list[tuple[int, int]] = []
    for consumer in range(inputs, count):
        for _ in range(rng.choice((1, 1, 2, 2, 2, 3))):
            near = rng.random() < 0.7
            first = rng.randint(max(0, consumer - 6), consumer - 1) if near else rng.randint(0, consumer - 1)
            edges.append((first, consumer))
            if rng.random() < 0.08:
                edges.append((first, consumer))
    if seed % 10 == 9:  # cut it in two
        half = count // 2
        edges = [(u, v) for u, v in edges if (u < half) == (v < half)]
    labels = [None if rng.random() < 0.2 else (rng.randint(20, 90), rng.randint(14, 40)) for _ in edges]
    return Drawing(sizes, edges, labels)


RANDOM = {f"random {seed}": random_graph(seed) for seed in range(50)}
GRAPHS = CURRICULUM | RANDOM
graphs = pytest.mark.parametrize("name", GRAPHS)


# -- exact geometry: all coordinates doubled or scaled, so that every comparison is between integers ------------------

Box = tuple[int, int, int, int]


def box_of(centre: tuple[int, int], size: tuple[int, int]) -> Box:
    """Left, top, right, bottom, doubled."""
    return (
        2 * centre[0] - size[0],
        2 * centre[1] - size[1],
        2 * centre[0] + size[0],
        2 * centre[1] + size[1],
    )


def share_area(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def pieces(route: Sequence[Any]) -> Iterator[Sequence[Any]]:
    assert len(route) >= 4
    assert len(route) % 3 == 1
    for k in range(0, len(route) - 1, 3):
        yield route[k : k + 4]


def hull(points: Sequence[tuple[int, int]]) -> Box:
    """The doubled rectangle around the control points; a Bezier curve never leaves it."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return 2 * min(xs), 2 * min(ys), 2 * max(xs), 2 * max(ys)


def clear_of(around: Box, target: Box) -> bool:
    """Whether a hull, which may be flat, has nothing inside the box."""
    return around[2] <= target[0] or around[0] >= target[2] or around[3] <= target[1] or around[1] >= target[3]


def enters(route: Sequence[tuple[int, int]], target: Box) -> bool:
    """Whether the curve has a point strictly inside the box: Bernstein's formula at points about a pixel apart."""
    left, top, right, bottom = target
    for piece in pieces(route):
        if clear_of(around := hull(piece), target):
            continue
        n = max(8, (around[2] - around[0] + around[3] - around[1]) // 2)
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = piece
        for i in range(n + 1):
            j = n - i
            a, b, c, d = 2 * j**3, 6 * j * j * i, 6 * j * i * i, 2 * i**3
            x, y = a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy
            if left * n**3 < x < right * n**3 and top * n**3 < y < bottom * n**3:
                return True
    return False


def on_border(point: tuple[int, int], box: Box) -> bool:
    """On the border, or half a pixel off where an odd size puts the border between two integers."""
    x, y = 2 * point[0], 2 * point[1]
    left, top, right, bottom = box
    beside = min(abs(x - left), abs(x - right)) <= 1 and top <= y <= bottom
    above = min(abs(y - top), abs(y - bottom)) <= 1 and left <= x <= right
    return beside or above


def problems(drawing: Drawing, layout: Layout, direction: str) -> list[str]:
    """Every broken promise, in words."""
    found: list[str] = []
    sizes, edges, labels = drawing.sizes, drawing.edges, drawing.labels
    assert len(layout.nodes) == len(sizes)
    assert len(layout.routes) == len(layout.labels) == len(edges)
    numbers = [layout.width, layout.height]
    for point in [*layout.nodes, *(p for r in layout.routes for p in r), *(p for p in layout.labels if p is not None)]:
        numbers += point
    if any(type(number) is not int for number in numbers):
        found.append("not all coordinates are ints")
    nodes = [box_of(c, s) for c, s in zip(layout.nodes, sizes, strict=True)]
    marks: list[Box | None] = []
    for e, (place, size) in enumerate(zip(layout.labels, labels, strict=True)):
        if (place is None) != (size is None):
            found.append(f"label {e}: {place} for size {size}")
        marks.append(None if place is None or size is None else box_of(place, size))
    for what, boxes in (("node", nodes), ("label", marks)):
        for k, one in enumerate(boxes):
            if one is None:
                continue
            if (
                min(one[:2]) < 2 * MARGIN
                or one[2] > 2 * (layout.width - MARGIN)
                or one[3] > 2 * (layout.height - MARGIN)
            ):
                found.append(f"{what} {k} is cut off")
    for k, one in enumerate(nodes):
        found += [f"nodes {k} and {j} overlap" for j in range(k) if share_area(one, nodes[j])]
    for e, mark in enumerate(marks):
        if mark is not None:
            found += [f"label {e} overlaps node {k}" for k, one in enumerate(nodes) if share_area(mark, one)]
            found += [
                f"labels {e} and {j} overlap"
                for j, other in enumerate(marks[:e])
                if other is not None and share_area(mark, other)
            ]
    axis = 0 if direction in ("LR", "RL") else 1
    sign = -1 if direction in ("RL", "BT") else 1
    for e, ((u, v), route) in enumerate(zip(edges, layout.routes, strict=True)):
        if any(not (MARGIN <= x <= layout.width - MARGIN and MARGIN <= y <= layout.height - MARGIN) for x, y in route):
            found.append(f"edge {e} is cut off")
        if not on_border(route[0], nodes[u]) or not on_border(route[-1], nodes[v]):
            found.append(f"edge {e} does not run from border to border: {route[0]} {route[-1]}")
        if axis == 0 and sign * (nodes[v][0] + nodes[v][2] - nodes[u][0] - nodes[u][2]) <= sizes[u][0] + sizes[v][0]:
            found.append(f"node {u} does not come before its consumer {v}")
        if axis == 1 and sign * (nodes[v][1] + nodes[v][3] - nodes[u][1] - nodes[u][3]) <= sizes[u][1] + sizes[v][1]:
            found.append(f"node {u} does not come before its consumer {v}")
        around = hull(route)
        for k, one in enumerate(nodes):
            if not clear_of(around, one) and enters(route, one):
                found.append(f"edge {e} runs through node {k}")
        for j, mark in enumerate(marks):
            if mark is not None and j != e and not clear_of(around, mark) and enters(route, mark):
                found.append(f"edge {e} runs through label {j}")
        own, place = marks[e], layout.labels[e]
        if own is not None and place is not None:
            spot = (2 * place[0] - 8, 2 * place[1] - 8, 2 * place[0] + 8, 2 * place[1] + 8)
            if not enters(route, spot):
                found.append(f"edge {e} misses the centre of its label")
    return found


def crossings(layout: Layout) -> int:
    """How often two edges cross, on polylines of eight chords per Bezier piece; meeting at an end does not count."""
    chords: list[tuple[int, int, tuple[int, int], tuple[int, int], int]] = []
    for e, route in enumerate(layout.routes):
        for piece in pieces(route):
            line = []
            for i in range(9):
                j = 8 - i
                weights = (j**3, 3 * j * j * i, 3 * j * i * i, i**3)
                x, y = (sum(w * p[axis] for w, p in zip(weights, piece, strict=True)) for axis in (0, 1))
                line.append((x, y))
            chords += [(min(a[0], b[0]), max(a[0], b[0]), a, b, e) for a, b in itertools.pairwise(line) if a != b]
    chords.sort()

    def side(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
        value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        return (value > 0) - (value < 0)

    total = 0
    for k, (_, right, a, b, e) in enumerate(chords):
        for left, _, c, d, other in chords[k + 1 :]:
            if left > right:
                break
            if other != e and side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0:
                total += 1
    return total


def height_at(route: Sequence[tuple[float, float]], x: float) -> float:
    """Where a route, which runs from left to right, passes ``x``; beside its ends, where these are."""
    if x <= route[0][0]:
        return route[0][1]
    for (ax, ay), (bx, by), (cx, cy), (dx, dy) in pieces(route):
        if ax <= x <= dx:
            low, high = 0.0, 1.0
            for _ in range(40):
                t = (low + high) / 2
                at = (1 - t) ** 3 * ax + 3 * t * (1 - t) ** 2 * bx + 3 * t * t * (1 - t) * cx + t**3 * dx
                low, high = (t, high) if at < x else (low, t)
            return (1 - t) ** 3 * ay + 3 * t * (1 - t) ** 2 * by + 3 * t * t * (1 - t) * cy + t**3 * dy
    return route[-1][1]


def straight_crossings(
    nodes: Sequence[tuple[float, float]],
    routes: Sequence[Sequence[tuple[float, float]]],
    edges: Sequence[tuple[int, int]],
) -> int:
    """Crossings if every edge ran straight from rank to rank: between nodes, and where it passes the ranks between."""
    ranks = sorted({x for x, _ in nodes})
    gaps: list[list[tuple[float, float]]] = [[] for _ in ranks]
    for (u, v), route in zip(edges, routes, strict=True):
        first, last = ranks.index(nodes[u][0]), ranks.index(nodes[v][0])
        heights = [nodes[u][1], *(height_at(route, ranks[k]) for k in range(first + 1, last)), nodes[v][1]]
        for k, way in enumerate(itertools.pairwise(heights), first):
            gaps[k].append(way)
    return sum((a - c) * (b - d) < 0 for gap in gaps for (a, b), (c, d) in itertools.combinations(gap, 2))


@functools.cache
def placed(name: str, engine: str, direction: str = "LR") -> Layout:
    drawing = GRAPHS[name]
    return arrange(drawing.sizes, drawing.edges, drawing.labels, direction=direction, engine=engine)


# -- tests ----------------------------------------------------------------------------------------------------------


@engine_names
@pytest.mark.parametrize("direction", thinned(DIRECTIONS, 2))
@graphs
def test_promises(name: str, direction: str, engine: str) -> None:
    layout = placed(name, engine, direction)
    assert layout.engine == engine
    assert problems(GRAPHS[name], layout, direction) == []


@pytest.mark.parametrize("direction", thinned(["LR", "TB"], 2))
@graphs
def test_promises_hold_with_lanes(name: str, direction: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Very large graphs lead their longest edges outside the layers; here every graph has to."""
    monkeypatch.setattr(layered, "LANE_BUDGET", -(10**9))
    drawing = GRAPHS[name]
    layout = arrange(drawing.sizes, drawing.edges, drawing.labels, direction=direction, engine="layered")
    assert problems(drawing, layout, direction) == []


@engine_names
@graphs
def test_parallel_edges_are_apart(name: str, engine: str) -> None:
    drawing, layout = GRAPHS[name], placed(name, engine)
    seen: dict[tuple[int, int], list[int]] = {}
    for e, edge in enumerate(drawing.edges):
        for other in seen.setdefault(edge, []):
            assert layout.routes[e] != layout.routes[other]
        seen[edge].append(e)


@engine_names
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_chain_is_one_straight_line(direction: str, engine: str) -> None:
    layout = placed("chain of 12", engine, direction)
    across = 1 if direction in ("LR", "RL") else 0
    points = [*layout.nodes, *(p for route in layout.routes for p in route), *(p for p in layout.labels if p)]
    assert len({point[across] for point in points}) == 1


def test_the_main_path_of_a_net_is_one_straight_line() -> None:
    """Parameters stand beside the path from the data to the loss; they do not push it about."""
    layout = placed("1-hidden-unit net", "layered")
    assert len({layout.nodes[node][1] for node in range(6, 13)}) == 1


def test_equal_branches_are_balanced() -> None:
    layout = placed("diamond", "layered")
    middle = layout.nodes[1][1] + layout.nodes[2][1]
    assert abs(2 * layout.nodes[0][1] - middle) <= 2
    assert abs(2 * layout.nodes[3][1] - middle) <= 2
    for one, two in ((0, 1), (2, 3)):
        top, bottom = layout.labels[one], layout.labels[two]
        assert top is not None
        assert bottom is not None
        assert abs(top[1] + bottom[1] - middle) <= 2


@engine_names
def test_inputs_stand_next_to_their_first_consumer(engine: str) -> None:
    layout = placed("1-hidden-unit net", engine)
    column = layout.nodes[9][0] - layout.nodes[8][0]
    for parameter, consumer in ((2, 7), (3, 9), (4, 10), (5, 11)):
        assert abs(layout.nodes[consumer][0] - layout.nodes[parameter][0] - column) <= 4


@engine_names
def test_directions_are_the_same_picture_turned(engine: str) -> None:
    right, left = placed("attention", engine), placed("attention", engine, "RL")
    assert left.nodes == tuple((right.width - x, y) for x, y in right.nodes)
    down, up = placed("attention", engine, "TB"), placed("attention", engine, "BT")
    assert up.nodes == tuple((x, down.height - y) for x, y in down.nodes)
    assert down.height > down.width
    assert right.width > right.height


@needs_dot
def test_no_more_crossings_than_dot() -> None:
    ours, theirs = 0, 0
    for name in GRAPHS:
        one, two = crossings(placed(name, "layered")), crossings(placed(name, "dot"))
        if name in CURRICULUM:
            assert 5 * one <= 6 * two + 10, name
        ours, theirs = ours + one, theirs + two
    assert 5 * ours <= 6 * theirs + 10


@graphs
def test_routes_add_no_crossings(name: str) -> None:
    """Edges cross where the order of the ranks makes them, and nowhere else."""
    layout = placed(name, "layered")
    assert crossings(layout) <= straight_crossings(layout.nodes, layout.routes, GRAPHS[name].edges)


def test_crossings_that_nobody_needs_are_gone() -> None:
    """Planar curriculum graphs are drawn without a crossing; two values used by two results need two (K2,2 twice)."""
    for name in ("diamond", "(x*x + 1)**3 by products", "1-hidden-unit net", "two-layer net", "attention", "wide skip"):
        assert crossings(placed(name, "layered")) == 0, name
    assert crossings(placed("y = e + f", "layered")) == 2


# -- determinism ----------------------------------------------------------------------------------------------------

DETERMINISM = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
import test_layout
digest = hashlib.sha256()
for name in test_layout.GRAPHS:
    digest.update(repr(test_layout.placed(name, "layered")).encode())
if test_layout.HAS_DOT:
    for name in test_layout.CURRICULUM:
        digest.update(repr(test_layout.placed(name, "dot")).encode())
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_same_bytes_in_every_process() -> None:
    here = Path(__file__).parent
    digests = set()
    for seed in ("0", "4711"):
        paths = os.pathsep.join([str(here.parents[1]), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        done = subprocess.run(
            [sys.executable, "-c", DETERMINISM, str(here)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_layered_is_integers_and_standard_library_only() -> None:
    """No float literal, no true division, no recursion-prone or foreign import in the engine's modules."""
    for module in (layered, crossing_reduction, coordinates, routes, simplex, geometry):
        path = module.__file__
        assert path is not None
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path
            assert not (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)), path
            if isinstance(node, ast.Import):
                assert all(alias.name in sys.stdlib_module_names for alias in node.names), path
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                assert node.module.split(".")[0] in {*sys.stdlib_module_names, "graphviz_ad"}, path


# -- size -----------------------------------------------------------------------------------------------------------


def seconds(drawing: Drawing) -> float:
    start = time.process_time()
    layout = arrange(drawing.sizes, drawing.edges, drawing.labels, engine="layered")
    assert len(layout.routes) == len(drawing.edges)
    return time.process_time() - start


def skipping(count: int) -> Drawing:
    rng = random.Random(1)
    edges = [
        (rng.randint(max(0, v - 12), v - 1) if rng.random() < 0.9 else rng.randint(0, v - 1), v)
        for v in range(10, count)
        for _ in range(2)
    ]
    return Drawing([NODE] * count, edges, [LABEL] * len(edges))


def test_a_lecture_graph_takes_milliseconds() -> None:
    assert min(seconds(GRAPHS["unrolled RNN of 6"]) for _ in range(3)) < 0.15


@pytest.mark.slow
def test_two_thousand_nodes_with_skip_edges() -> None:
    assert seconds(skipping(2000)) < 20


def test_a_chain_of_ten_thousand() -> None:
    assert seconds(chain(10_000)) < 10


def test_one_parameter_used_a_thousand_times() -> None:
    """The sum of the edges' lengths is quadratic here; the work must not be."""
    count = 1000
    edges = [(i, i + 1) for i in range(1, count)] + [(0, i) for i in range(2, count + 1)]
    assert seconds(Drawing([NODE] * (count + 1), edges, [LABEL] * len(edges))) < 10


def test_network_simplex_finds_the_optimum() -> None:
    """Against brute force, on small graphs with all kinds of weights and minimum lengths."""
    for seed in range(40):
        rng = random.Random(seed)
        count = rng.randint(2, 4)
        links = [(rng.randrange(v), v) for v in range(1, count)]
        links += [(u, v) for u, v in itertools.combinations(range(count), 2) if rng.random() < 0.4]
        lengths, weights = [rng.randint(0, 2) for _ in links], [rng.randint(0, 3) for _ in links]
        start = [0] * count
        for v in range(count):
            start[v] = max([start[a] + n for (a, b), n in zip(links, lengths, strict=True) if b == v], default=0)

        found = simplex.shortest(
            count, [u for u, _ in links], [v for _, v in links], lengths, weights, start, pivots=1000
        )
        costs = []
        for places in (tuple(found), *itertools.product(range(2 * count - 1), repeat=count)):
            gaps = [places[v] - places[u] for u, v in links]
            if all(gap >= n for gap, n in zip(gaps, lengths, strict=True)):
                costs.append(sum(gap * w for gap, w in zip(gaps, weights, strict=True)))
            else:
                assert places != tuple(found)
        assert costs[0] == min(costs)


# -- engines and errors ---------------------------------------------------------------------------------------------

ONE_EDGE = ([NODE, NODE], [(0, 1)], [LABEL])


def test_engines_are_listed() -> None:
    ours, graphviz = engines()
    assert (ours.name, ours.available, ours.reason) == ("layered", True, "")
    assert graphviz.name == "dot"
    assert graphviz.available == HAS_DOT
    assert bool(graphviz.reason) != HAS_DOT


def test_missing_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    graphviz = engines()[1]
    assert not graphviz.available
    for part in ('the program "dot" was not found', "apt install graphviz", 'engine="layered" needs nothing'):
        assert part in graphviz.reason
    with pytest.raises(EngineError, match="apt install graphviz"):
        arrange(*ONE_EDGE, engine="dot")
    assert arrange(*ONE_EDGE).engine == "layered"


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dot, "find_spec", lambda name: None)
    assert "pip install graphviz" in engines()[1].reason
    with pytest.raises(EngineError, match="pip install graphviz"):
        arrange(*ONE_EDGE, engine="dot")
    assert arrange(*ONE_EDGE).engine == "layered"


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for a broken dot is a shell script")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exec sleep 60", "took longer than"),
        ("echo 'no plugins' >&2; exit 1", "failed with status 1: no plugins"),
        ("echo '<svg>'", "not JSON"),
        ("echo '{}'", "cannot be read"),
    ],
)
def test_broken_program(script: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(dot, "TIMEOUT", 1)
    start = time.monotonic()
    with pytest.raises(EngineError, match=message):
        arrange(*ONE_EDGE, engine="dot")
    assert time.monotonic() - start < 15


def test_auto_is_the_same_on_every_machine() -> None:
    assert arrange(*ONE_EDGE) == arrange(*ONE_EDGE, engine="layered")
    assert arrange(*ONE_EDGE).engine == "layered"


def test_curves_through_boxes_are_led_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `dot` answers is checked: a line straight through a third box becomes a way around it."""
    answer = {
        "objects": [{"name": f"n{k}", "pos": f"{55 + 200 * k},0"} for k in range(3)],
        "edges": [{"id": "e0", "pos": "110,0 200,0 300,0 400,0"}],
    }
    asked = []
    monkeypatch.setattr(dot, "missing", lambda: "")
    monkeypatch.setattr(dot, "_run", lambda source: asked.append(source) or answer)
    drawing = Drawing([NODE] * 3, [(0, 2)], [None])
    layout = arrange(drawing.sizes, drawing.edges, drawing.labels, engine="dot")
    assert len(asked) == 2  # curves, then polylines, which here are no better
    assert problems(drawing, layout, "LR") == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"direction": "left"}, r"unknown direction: 'left' \(must be one of \['LR', 'TB', 'RL', 'BT'\]\)"),
        ({"engine": "neato"}, r"unknown engine: 'neato' \(must be one of \['auto', 'layered', 'dot'\]\)"),
        ({"sizes": [NODE, (0, 5)]}, r"sizes\[1\] must be positive"),
        ({"sizes": [NODE, (1.5, 5)]}, r"sizes\[1\] must be two whole numbers"),
        ({"labels": []}, r"labels: one entry per edge is needed, 1, not 0"),
        ({"labels": [(5,)]}, r"labels\[0\] must be two whole numbers"),
        ({"edges": [(1, 0)]}, r"edges\[0\] = \(1, 0\): indices must lie in 0 ... 1"),
        ({"edges": [(0, 2)]}, r"edges\[0\] = \(0, 2\): indices must lie in 0 ... 1"),
        ({"edges": [0]}, r"edges\[0\] must be two node indices"),
    ],
)
def test_bad_arguments_are_named(changed: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"sizes": ONE_EDGE[0], "edges": ONE_EDGE[1], "labels": ONE_EDGE[2]} | changed
    with pytest.raises(ArgumentError, match=message):
        arrange(**arguments)  # type: ignore[arg-type]
