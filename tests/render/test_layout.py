"""The promises of both layout engines, on seeded random graphs and on the curriculum's graphs."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from graphviz_ad.render.layout import DIRECTIONS, Layout, arrange

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
    "softmax by hand": graph((0,), (0, 1), (2,), (3,), (3, 4), (5,), (6, 7), (8,), inputs=1 + 6)
    if False
    else graph((0,), (0, 2), (3,), (4,), (4, 5), (6,), (7, 1), (8,), inputs=2),
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


def pieces(route: Sequence[tuple[int, int]]) -> Iterator[Sequence[tuple[int, int]]]:
    assert len(route) >= 4
    assert len(route) % 3 == 1
    for k in range(0, len(route) - 1, 3):
        yield route[k : k + 4]


def enters(route: Sequence[tuple[int, int]], box: Box) -> bool:
    """Whether the curve has a point strictly inside the box: Bernstein's formula at points about a pixel apart."""
    left, top, right, bottom = box
    for piece in pieces(route):
        xs, ys = [2 * x for x, _ in piece], [2 * y for _, y in piece]
        if max(xs) <= left or min(xs) >= right or max(ys) <= top or min(ys) >= bottom:
            continue  # the curve lies in the hull of its points
        n = max(8, sum(abs(a - b) for a, b in zip(xs + ys, (xs + ys)[1:], strict=False)) // 2)
        for i in range(n + 1):
            j = n - i
            weights = (j**3, 3 * j * j * i, 3 * j * i * i, i**3)
            x = sum(w * value for w, value in zip(weights, xs, strict=True))
            y = sum(w * value for w, value in zip(weights, ys, strict=True))
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
    axis, sign = (0, 1) if direction in ("LR", "RL") else (1, 1)
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
        found += [f"edge {e} runs through node {k}" for k, one in enumerate(nodes) if enters(route, one)]
        found += [
            f"edge {e} runs through label {j}"
            for j, mark in enumerate(marks)
            if mark is not None and j != e and enters(route, mark)
        ]
        own, place = marks[e], layout.labels[e]
        if own is not None and place is not None:
            spot = (2 * place[0] - 8, 2 * place[1] - 8, 2 * place[0] + 8, 2 * place[1] + 8)
            if not enters(route, spot):
                found.append(f"edge {e} misses the centre of its label")
    return found


def crossings(layout: Layout, edges: Sequence[tuple[int, int]]) -> int:
    """How often two edges cross, on polylines of eight chords per Bezier piece; meeting at an end does not count."""
    lines = []
    for route in layout.routes:
        line: list[tuple[int, int]] = []
        for piece in pieces(route):
            for i in range(9):
                j = 8 - i
                weights = (j**3, 3 * j * j * i, 3 * j * i * i, i**3)
                point = tuple(sum(w * p[axis] for w, p in zip(weights, piece, strict=True)) for axis in (0, 1))
                if not line or line[-1] != point:
                    line.append((point[0], point[1]))
        lines.append(line)

    def side(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
        value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        return (value > 0) - (value < 0)

    total = 0
    for k, one in enumerate(lines):
        for other in lines[:k]:
            met = False
            for a, b in zip(one, one[1:], strict=False):
                for c, d in zip(other, other[1:], strict=False):
                    if max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]):
                        continue
                    if side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0:
                        met = True
                        total += 1
            del met
    return total


def placed(name: str, engine: str, direction: str = "LR") -> Layout:
    drawing = GRAPHS[name]
    return arrange(drawing.sizes, drawing.edges, drawing.labels, direction=direction, engine=engine)


# -- tests ----------------------------------------------------------------------------------------------------------


@engine_names
@pytest.mark.parametrize("direction", DIRECTIONS)
@graphs
def test_promises(name: str, direction: str, engine: str) -> None:
    layout = placed(name, engine, direction)
    assert layout.engine == engine
    assert problems(GRAPHS[name], layout, direction) == []
