"""Graphs with frames: everything stands in its frame, nothing else does, and opening a group disturbs no other."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import layered
from graphviz_ad.render.display import picture
from graphviz_ad.render.items import Group, parts
from graphviz_ad.render.layout import DIRECTIONS, Layout, arrange
from graphviz_ad.render.svg import to_svg
from tests.render import figures
from tests.render.test_layout import (
    LABEL,
    NODE,
    Box,
    Drawing,
    box_of,
    clear_of,
    crossings,
    enters,
    hull,
    needs_dot,
    problems,
    random_graph,
    share_area,
)

TITLE = (90, 24)


@dataclasses.dataclass(frozen=True)
class Compound:
    """A drawing whose nodes stand in frames."""

    drawing: Drawing
    outer: list[int | None]  # per frame
    home: list[int | None]  # per node
    titles: list[tuple[int, int] | None]

    def arrange(self, direction: str = "LR", engine: str = "layered") -> Layout:
        d = self.drawing
        frames = list(zip(self.outer, self.titles, strict=True))
        return arrange(d.sizes, d.edges, d.labels, frames=frames, inside=self.home, direction=direction, engine=engine)

    def around(self, node: int) -> list[int]:
        """All frames around a node."""
        found: list[int] = []
        frame = self.home[node]
        while frame is not None:
            found.append(frame)
            frame = self.outer[frame]
        return found


def compound(
    operations: Sequence[tuple[Sequence[int], int | None]], inputs: int, outer: Sequence[int | None], title: bool = True
) -> Compound:
    """``inputs`` inputs in no frame, then operations: what each takes, and the frame in which it stands."""
    edges = [(i, inputs + k) for k, (taken, _) in enumerate(operations) for i in taken]
    count = inputs + len(operations)
    home = [None] * inputs + [frame for _, frame in operations]
    return Compound(
        Drawing([NODE] * count, edges, [LABEL] * len(edges)), list(outer), home, [TITLE if title else None] * len(outer)
    )


BY_HAND = {
    "nested frames": compound(
        [((0, 1), 2), ((3,), 2), ((4, 2), 1), ((0,), 3), ((6, 5), 3), ((3, 7), 0), ((8,), None)], 3, [None, 0, 1, 0]
    ),
    "a frame with several outputs": compound(
        [((0,), 0), ((0, 1), 0), ((1,), 0), ((2, 3), None), ((4,), None)], 2, [None]
    ),
    "a member takes an input directly": compound([((0,), 0), ((1, 2), 0), ((3, 0), 0), ((4,), None)], 2, [None]),
    "two frames side by side": compound(
        [((0,), 0), ((2,), 0), ((0, 1), 1), ((4,), 1), ((3, 5), None)], 2, [None, None]
    ),
    "edges around a frame and into it": compound(
        [((0,), None), ((1,), 0), ((2,), 0), ((3, 0), 0), ((4, 0), None), ((5, 1), None), ((6, 2), None)], 1, [None]
    ),
    "no label": compound([((0,), 0), ((1,), 0)], 1, [None], title=False),
    "one node": compound([((0,), 0), ((1,), None)], 1, [None]),
    "one node in three frames": compound([((0,), 2), ((1,), None)], 1, [None, 0, 1]),
    "everything in a frame": compound([((0,), 0), ((1, 0), 0)], 1, [None]),
    "nothing in a frame": compound([((0,), None)], 1, [None, 0]),
    "frames in a row with shared inputs": compound(
        [((0, 1), 0), ((3, 2), 0), ((4, 1), 1), ((5, 2), 1), ((6, 1), 2), ((7, 2), 2), ((8, 4), None)], 3, [None] * 3
    ),
    "two components in a frame": compound([((0,), 0), ((1,), 0), ((2,), None), ((3,), None)], 2, [None]),
    "x * x into a frame": compound([((0, 0), 0), ((1, 1), 0), ((2, 2), None)], 1, [None]),
    "two values into one node": compound([((0,), 0), ((0,), 0), ((2, 1), 1), ((3,), None)], 1, [None, None]),
    "two values into an inner frame": compound([((0,), 0), ((0,), 0), ((2, 1), 2), ((3,), None)], 1, [None, None, 1]),
    "from frame to frame": compound(
        [((0,), 0), ((0,), 0), ((0,), 0), ((3,), 1), ((1,), 1), ((2, 4), 1), ((5, 6), 1), ((7,), None)], 1, [None, None]
    ),
}


# No drawing of these is without crossings; the second could do with one, if the order around its frame knew the inside.
CROSSED = {"nested frames": 1, "edges around a frame and into it": 2, "frames in a row with shared inputs": 2}


def random_compound(seed: int) -> Compound:
    """A random graph whose operations are cut into nested frames, as calls would."""
    rng = random.Random(seed)
    drawing = random_graph(seed)
    count = len(drawing.sizes)
    taken = {v for _, v in drawing.edges}
    first = min(taken, default=count)
    home: list[int | None] = [None] * count
    outer: list[int | None] = []
    titles: list[tuple[int, int] | None] = []

    def cut(start: int, stop: int, frame: int | None, depth: int) -> None:
        at = start
        while at < stop:
            end = min(stop, at + rng.randint(1, max(2, (stop - start) // 2)))
            if depth < 3 and rng.random() < 0.6:
                outer.append(frame)
                titles.append(None if rng.random() < 0.2 else (rng.randint(20, 160), 24))
                cut(at, end, len(outer) - 1, depth + 1)
            else:
                home[at:end] = [frame] * (end - at)
            at = end

    cut(first, count, None, 0)
    for node in range(first):  # inputs that one operation takes stand now and then in its frame
        used = [v for u, v in drawing.edges if u == node]
        if len(used) == 1 and rng.random() < 0.3:
            home[node] = home[used[0]]
    return Compound(drawing, outer, home, titles)


GRAPHS = BY_HAND | {f"random {seed}": random_compound(seed) for seed in range(50)}


@functools.cache
def placed(name: str, direction: str, engine: str) -> Layout:
    return GRAPHS[name].arrange(direction, engine)


def areas(layout: Layout) -> list[Box]:
    return [(2 * f.x, 2 * f.y, 2 * (f.x + f.width), 2 * (f.y + f.height)) for f in layout.frames]


def contains(outer: Box, inner: Box) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def broken(graph: Compound, layout: Layout, *, strict: bool = True) -> list[str]:
    """Every broken promise about frames, in words; without ``strict`` routes and labels' strips are left out."""
    found: list[str] = []
    rectangles = areas(layout)
    sizes = [*graph.drawing.sizes]
    nodes = [box_of(centre, size) for centre, size in zip(layout.nodes, sizes, strict=True)]
    for k, (area, outer) in enumerate(zip(rectangles, graph.outer, strict=True)):
        if not contains((0, 0, 2 * layout.width, 2 * layout.height), area):
            found.append(f"frame {k} is cut off")
        if outer is not None and not contains(rectangles[outer], area):
            found.append(f"frame {k} is not in frame {outer}")
        above = set()
        frame: int | None = k
        while frame is not None:
            above.add(frame)
            frame = graph.outer[frame]
        found += [
            f"frames {k} and {j} overlap"
            for j, other in enumerate(rectangles[:k])
            if j not in above and share_area(area, other)
        ]
        strip = None
        if (title := graph.titles[k]) is not None and strict:
            strip = (area[0], area[1], area[0] + 2 * title[0], area[1] + 2 * title[1])
            if not contains(area, strip):
                found.append(f"the label of frame {k} has no room")
            found += [f"the label of frame {k} lies on frame {j}" for j, other in enumerate(rectangles)
                      if graph.outer[j] == k and share_area(strip, other)]  # fmt: skip
        for node, box in enumerate(nodes):
            inside = k in graph.around(node)
            if inside and not contains(area, box):
                found.append(f"node {node} is not in frame {k}")
            if not inside and share_area(area, box):
                found.append(f"node {node} stands in frame {k}")
            if strip is not None and share_area(strip, box):
                found.append(f"node {node} lies on the label of frame {k}")
        for e, ((u, v), route, place, size) in enumerate(
            zip(graph.drawing.edges, layout.routes, layout.labels, graph.drawing.labels, strict=True)
        ):
            if not strict:
                continue
            foreign = k not in (*graph.around(u), *graph.around(v))
            if foreign and not clear_of(hull(route), area) and enters(route, area):
                found.append(f"edge {e} runs through frame {k}")
            if strip is not None and not clear_of(hull(route), strip) and enters(route, strip):
                found.append(f"edge {e} runs over the label of frame {k}")
            if place is not None and size is not None:
                mark = box_of(place, size)
                if k in graph.around(v) and not contains(area, mark):
                    found.append(f"the numbers of edge {e} are not in frame {k}")
    return found


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        (name, way)
        for k, name in enumerate(GRAPHS)
        for way in DIRECTIONS
        if way == "LR" or name in BY_HAND or k % 5 == 0
    ],
)
def test_promises(name: str, direction: str) -> None:
    graph, layout = GRAPHS[name], placed(name, direction, "layered")
    assert len(layout.frames) == len(graph.outer)
    assert all(type(side) is int for frame in layout.frames for side in frame)
    assert problems(graph.drawing, layout, direction) == []
    assert broken(graph, layout) == []


@needs_dot
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", BY_HAND)
def test_clusters_of_dot(name: str, direction: str) -> None:
    graph, layout = GRAPHS[name], placed(name, direction, "dot")
    assert problems(graph.drawing, layout, direction) == []
    assert broken(graph, layout, strict=False) == []


@pytest.mark.parametrize("name", [f"random {seed}" for seed in range(0, 50, 8)])
def test_promises_hold_with_lanes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layered, "LANE_BUDGET", -(10**9))
    graph = GRAPHS[name]
    layout = graph.arrange()
    assert problems(graph.drawing, layout, "LR") == []
    assert broken(graph, layout) == []


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_borders_add_no_crossings(direction: str) -> None:
    """Edges leave and meet nodes in the order of the ports on the frames that they lead through."""
    counts = {name: crossings(placed(name, direction, "layered")) for name in BY_HAND}
    assert counts == dict.fromkeys(BY_HAND, 0) | CROSSED


def test_a_frame_with_one_line_is_straight() -> None:
    """The main path goes on in a straight line through a frame's border."""
    layout = placed("nested frames", "LR", "layered")
    assert len({layout.nodes[node][1] for node in (3, 4, 5, 7, 8, 9)}) == 1


# -- opening and closing ----------------------------------------------------------------------------------------------


def closed(graph: Compound, frame: int) -> tuple[Compound, dict[int, int]]:
    """The graph with one frame closed to a box, and where the other nodes are now."""
    gone = {k for k in range(len(graph.outer)) if k == frame or any(f == frame for f in above(graph.outer, k))}
    inside = [frame in graph.around(node) for node in range(len(graph.home))]
    last = max((node for node, there in enumerate(inside) if there), default=-1)
    kept = [node for node, there in enumerate(inside) if not there or node == last]
    number = {node: k for k, node in enumerate(kept)}
    frames = {k: j for j, k in enumerate(k for k in range(len(graph.outer)) if k not in gone)}
    edges: dict[tuple[int, int], tuple[int, int] | None] = {}
    for (u, v), label in zip(graph.drawing.edges, graph.drawing.labels, strict=True):
        one, two = (last if inside[node] else node for node in (u, v))
        if one != two:
            edges.setdefault((number[one], number[two]), label)
    home = [graph.outer[frame] if node == last else graph.home[node] for node in kept]
    drawing = Drawing([graph.drawing.sizes[node] for node in kept], list(edges), list(edges.values()))
    return Compound(
        drawing,
        [None if (o := graph.outer[k]) is None else frames[o] for k in frames],
        [None if h is None else frames[h] for h in home],
        [graph.titles[k] for k in frames],
    ), {node: k for node, k in number.items() if node != last}


def above(outer: Sequence[int | None], frame: int) -> list[int]:
    found = []
    upper = outer[frame]
    while upper is not None:
        found.append(upper)
        upper = outer[upper]
    return found


@pytest.mark.slow
def test_opening_a_group_keeps_the_others_in_order() -> None:
    """What stands above, below, left or right of something else stands there afterwards.

    That is certain for nodes of one frame that are joined by edges: left and right, and above and below in one rank.
    """
    pairs, kept = [0, 0], [0, 0]
    for name in [*BY_HAND, *(f"random {seed}" for seed in range(0, 50, 3))]:
        graph, whole = GRAPHS[name], placed(name, "LR", "layered")
        parts_of = layered.components(len(graph.home), graph.drawing.edges)
        part = {node: k for k, (nodes, _) in enumerate(parts_of) for node in nodes}
        for frame in range(len(graph.outer)):
            folded, number = closed(graph, frame)
            before = folded.arrange()
            assert problems(folded.drawing, before, "LR") == []
            for a, b in itertools.combinations(number, 2):
                same_frame = graph.home[a] == graph.home[b] and part[a] == part[b]
                for axis in (0, 1):
                    first = before.nodes[number[a]][axis] - before.nodes[number[b]][axis]
                    second = whole.nodes[a][axis] - whole.nodes[b][axis]
                    if first == 0 or second == 0:
                        continue
                    pairs[axis] += 1
                    kept[axis] += (first > 0) == (second > 0)
                    same_rank = before.nodes[number[a]][0] == before.nodes[number[b]][0]
                    if same_frame and (axis == 0 or same_rank):
                        assert (first > 0) == (second > 0), (name, frame, a, b, axis)
    assert min(pairs) > 10_000
    assert kept[0] / pairs[0] > 0.99
    assert kept[1] / pairs[1] > 0.9


# -- determinism, size, errors ----------------------------------------------------------------------------------------

DETERMINISM = """
import hashlib
from tests.render import test_compound
digest = hashlib.sha256()
for name in test_compound.GRAPHS:
    digest.update(repr(test_compound.placed(name, "LR", "layered")).encode())
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_same_bytes_in_every_process() -> None:
    root = Path(__file__).parents[2]
    digests = set()
    for seed in ("0", "4711"):
        paths = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        done = subprocess.run(
            [sys.executable, "-c", DETERMINISM], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_deep_nesting_needs_no_recursion() -> None:
    depth = 1200
    layout = compound([((0,), depth - 1), ((1,), None)], 1, [None, *range(depth - 1)]).arrange()
    assert len(layout.frames) == depth


def test_what_leaves_a_frame_must_not_come_back() -> None:
    with pytest.raises(ArgumentError, match=r"frames\[0\]: what leaves this frame leads back into it"):
        compound([((0,), 0), ((1,), None), ((2,), 0)], 1, [None]).arrange()


@pytest.mark.parametrize(
    ("outer", "home", "message"),
    [
        ([0], [None, None], r"frames\[0\]: the frame around it must come before it, not 0"),
        ([None, 5], [None, None], r"frames\[1\]: the frame around it must come before it, not 5"),
        ([None], [None, 1], "inside: one entry per node is needed"),
        ([None], [None], "inside: one entry per node is needed"),
    ],
)
def test_bad_frames_are_named(outer: list[int | None], home: list[int | None], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Compound(Drawing([NODE] * 2, [(0, 1)], [None]), outer, home, [TITLE] * len(outer)).arrange()


# -- drawn ------------------------------------------------------------------------------------------------------------


def test_frames_are_painted_below_everything() -> None:
    drawn = picture(figures.nested_frames())
    groups = [item for item in drawn.items if isinstance(item, Group)]
    kinds = [group.classes[0] for group in groups]
    assert kinds[:5] == ["gad-frame"] * 5
    assert "gad-frame" not in kinds[5:]
    assert [dict(group.hooks) for group in groups[:2]] == [
        {"data-group": "model", "data-id": "50"},
        {"data-group": "encode", "data-id": "51"},
    ]
    tones = [[item.classes for item in parts([group]) if "gad-frame-box" in item.classes] for group in groups[:3]]
    assert tones == [[("gad-frame-box",)], [("gad-frame-box", "gad-frame-odd")], [("gad-frame-box",)]]


def test_frames_in_svg() -> None:
    svg = to_svg(picture(figures.nested_frames()))
    assert '<g class="gad-frame" data-group="model" data-id="50"><title>model</title>' in svg
    assert ">encode: 3 operations</text>" in svg
    assert svg.count('class="gad-frame-label"') == 4  # one frame has no label
