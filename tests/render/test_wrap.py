"""Wrapped layouts keep every promise of a layout: nothing overlaps, nothing is run through, nothing is cut off."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise

import pytest

from graphviz_ad.render import wrap
from graphviz_ad.render.geometry import Point, Rectangle, swing
from graphviz_ad.render.layout import DIRECTIONS, Layout, arrange
from graphviz_ad.render.wrap import wraps
from tests.render.test_layout import (
    CURRICULUM,
    GRAPHS,
    HAS_DOT,
    LABEL,
    NODE,
    Drawing,
    chain,
    crossings,
    graph,
    pieces,
    problems,
)
from tests.thinned import thinned


@functools.cache
def wrapped(name: str, direction: str, engine: str = "layered") -> list[tuple[int, Layout]]:
    drawing = GRAPHS[name]
    layout = arrange(drawing.sizes, drawing.edges, drawing.labels, direction=direction, engine=engine)
    return list(wraps(layout, drawing.sizes, drawing.edges, drawing.labels, direction))


def bands(layout: Layout, direction: str) -> list[list[int]]:
    """The nodes of each band: those whose order along the flow is unbroken, as far as a chain goes."""
    along = 0 if direction in {"LR", "RL"} else 1
    sign = -1 if direction in {"RL", "BT"} else 1
    found: list[list[int]] = [[]]
    for node, centre in enumerate(layout.nodes):
        if found[-1] and sign * centre[along] <= sign * layout.nodes[found[-1][-1]][along]:
            found.append([])
        found[-1].append(node)
    return found


def runs(route: Sequence[Point]) -> Iterator[tuple[int, int, int, int]]:
    """The pieces of a route that go along an axis: 0 or 1, where on the other, from, to."""
    for a, b, c, d in pieces(route):
        for axis in (0, 1):
            if a[1 - axis] == b[1 - axis] == c[1 - axis] == d[1 - axis]:
                yield axis, a[1 - axis], min(a[axis], d[axis]), max(a[axis], d[axis])


def overlaps(layout: Layout) -> list[tuple[int, int]]:
    """Pairs of edges that lie on one another for a while."""
    straight = [list(runs(route)) for route in layout.routes]
    return [
        (e, j)
        for (e, one), (j, other) in combinations(enumerate(straight), 2)
        for axis, level, start, end in one
        for way, height, begin, stop in other
        if axis == way and level == height and max(start, begin) < min(end, stop)
    ]


def kept(drawing: Drawing, direction: str, found: Sequence[tuple[int, Layout]]) -> None:
    """Every promise of a layout but the order along the flow, which starts anew in each band."""
    (_, whole), *rest = found
    before = set(overlaps(whole))
    for lines, layout in rest:
        broken = [problem for problem in problems(drawing, layout, direction) if "come before" not in problem]
        assert broken == [], lines
        assert set(overlaps(layout)) <= before


@pytest.mark.parametrize("direction", thinned(DIRECTIONS, 2))
@pytest.mark.parametrize("name", sorted(set(CURRICULUM) - {"scalar net 3-2-1", "unrolled RNN of 6"}))
def test_promises(name: str, direction: str) -> None:
    kept(GRAPHS[name], direction, wrapped(name, direction))


@pytest.mark.parametrize("seed", thinned(range(0, 50, 4), 4))
def test_promises_on_random_graphs(seed: int) -> None:
    direction = DIRECTIONS[seed // 4 % 4]
    found = wrapped(f"random {seed}", direction)
    assert len(found) > 2
    kept(GRAPHS[f"random {seed}"], direction, found[:6])


@pytest.mark.skipif(not HAS_DOT, reason='the program "dot" (Graphviz) is not installed: its layouts are not wrapped')
@pytest.mark.parametrize("name", ["chain of 12", "y = e + f", "two-layer net", "attention"])
def test_promises_on_layouts_of_dot(name: str) -> None:
    kept(GRAPHS[name], "LR", wrapped(name, "LR", "dot"))


def test_a_chain_is_read_like_lines_of_text() -> None:
    found = dict(wrapped("chain of 12", "LR"))
    whole, three = found[0], found[2]
    assert [len(band) for band in bands(three, "LR")] in ([5, 4, 4], [4, 5, 4])
    assert three.width < whole.width / 2
    first, second, third = bands(three, "LR")
    rows = [{three.nodes[node][1] for node in band} for band in (first, second, third)]
    assert [len(row) for row in rows] == [1, 1, 1]
    assert max(rows[0]) < min(rows[1])
    assert max(rows[1]) < min(rows[2])
    # The line leaves at the right, comes back below all nodes of its band, and enters at the left.
    route = three.routes[first[-1]]
    assert max(x for x, _ in route) > three.nodes[first[-1]][0] + NODE[0] // 2
    assert min(x for x, _ in route) < three.nodes[second[0]][0] - NODE[0] // 2 - LABEL[0]
    (level,) = {a[1] for a, _, _, d in pieces(route) if a[1] == d[1] and a[1] not in rows[0] | rows[1]}
    room = NODE[1] // 2 + 2 * wrap.TURN  # the turns are round, and touch nothing
    assert max(rows[0]) + room <= level <= min(rows[1]) - room
    label = three.labels[first[-1]]
    assert label is not None
    assert label[1] in rows[1]


def test_more_bands_are_narrower_and_higher() -> None:
    whole, *rest = [layout for _, layout in wrapped("unrolled RNN of 3", "LR")]
    assert min(layout.width for layout in rest) < whole.width / 3
    assert all(layout.width < whole.width and layout.height > whole.height for layout in rest)


def test_inputs_go_with_their_consumer() -> None:
    """Where a cut would part an input from its only consumer, the input stands in the consumer's band."""
    drawing = GRAPHS["1-hidden-unit net"]
    checked = 0
    for lines, layout in wrapped("1-hidden-unit net", "LR")[1:4]:
        assert lines <= 3  # one for each cut: nothing but the main path goes on
        for (u, v), route in zip(drawing.edges, layout.routes, strict=True):
            if u < 6:
                assert layout.nodes[u][0] < layout.nodes[v][0]
                assert len({x for x, _ in route}) > 1
                checked += 1
    assert checked


def test_an_edge_over_a_whole_band_runs_beside_it() -> None:
    drawing = GRAPHS["wide skip"]
    (layout,) = [layout for _, layout in wrapped("wide skip", "LR") if len(bands(layout, "LR")) == 3][:1]
    first, middle, last = bands(layout, "LR")
    far = [e for e, (u, v) in enumerate(drawing.edges) if u in first and v in last]
    assert far
    for e in far:
        lane = max(x for x, _ in layout.routes[e])
        assert lane > max(layout.nodes[node][0] for node in middle) + NODE[0] // 2


def test_a_chain_gets_no_crossing() -> None:
    assert all(crossings(layout) == 0 for _, layout in wrapped("chain of 12", "LR"))
    assert all(crossings(layout) == 0 for _, layout in wrapped("1-hidden-unit net", "TB"))


@pytest.mark.parametrize("name", ["chain of 12", "two-layer net", "y = e + f"])
def test_directions_are_the_same_picture_turned(name: str) -> None:
    drawing = GRAPHS[name]
    tall = Drawing([(h, w) for w, h in drawing.sizes], drawing.edges, [(h, w) for w, h in filter(None, drawing.labels)])
    layout = arrange(tall.sizes, tall.edges, tall.labels, direction="TB")
    turned = list(wraps(layout, tall.sizes, tall.edges, tall.labels, "TB"))
    for (_, one), (_, two), (_, back) in zip(wrapped(name, "LR"), turned, wrapped(name, "RL"), strict=True):
        assert [(y, x) for x, y in one.nodes] == list(two.nodes)
        assert [[(y, x) for x, y in route] for route in one.routes] == [list(route) for route in two.routes]
        assert (one.height, one.width) == (two.width, two.height)
        assert [(one.width - x, y) for x, y in one.nodes] == list(back.nodes)


def test_frames_stay_around_their_members() -> None:
    sizes, ends = [NODE] * 8, list(pairwise(range(8)))
    labels = [LABEL] * 7
    inside = [None, 0, 0, None, 1, 1, None, None]
    for direction in DIRECTIONS:
        layout = arrange(
            sizes, ends, labels, frames=[(None, (60, 20)), (None, None)], inside=inside, direction=direction
        )
        found = [made for _, made in wraps(layout, sizes, ends, labels, direction)]
        assert len(found) > 2
        for made in found:
            for k, frame in enumerate(made.frames):
                held = [node for node, centre in enumerate(made.nodes) if holds(frame, centre)]
                assert held == [node for node, home in enumerate(inside) if home == k]
                assert 0 < frame.x < frame.x + frame.width < made.width
                assert 0 < frame.y < frame.y + frame.height < made.height


def holds(frame: Rectangle, centre: Point) -> bool:
    return frame.x < centre[0] < frame.x + frame.width and frame.y < centre[1] < frame.y + frame.height


def test_a_line_that_skips_bends_lies_on_no_other() -> None:
    def route(*points: Point) -> tuple[Point, ...]:
        return (points[0], *(control for a, b in pairwise(points) for control in swing(a, b)))

    nodes = ((50, 200), (200, 200), (800, 104), (300, 20), (800, 300))
    long = route((220, 200), (400, 200), (560, 104), (780, 104))
    other = route((320, 20), (360, 104), (450, 104), (560, 300), (780, 300))
    layout = Layout(nodes, (route((70, 200), (180, 200)), long, other), (None, None, None), 850, 350, "layered")
    for ends, skips in (([(0, 1), (1, 2), (3, 4)], False), ([(0, 1), (1, 2)], True)):
        made = replace(layout, routes=layout.routes[: len(ends)], labels=(None,) * len(ends))
        found = dict(wraps(made, [(40, 20)] * 5, ends, [None] * len(ends), "LR"))
        tail = found[1].routes[1][-7:]  # the last bend, or none, and what is flat behind it
        assert (tail[0][1] == tail[3][1]) is skips


def test_what_no_paper_would_hold_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = chain(12)
    layout = arrange(drawing.sizes, drawing.edges, drawing.labels)
    monkeypatch.setattr(wrap, "MOST_CUTS", 5)
    assert len(list(wraps(layout, drawing.sizes, drawing.edges, drawing.labels, "LR"))) == 1


def test_without_a_place_to_cut_there_is_one_band() -> None:
    star = graph(tuple(range(5)), inputs=5)
    layout = arrange(star.sizes, star.edges, star.labels)
    assert list(wraps(layout, star.sizes, star.edges, star.labels, "LR")) == [(0, layout)]
