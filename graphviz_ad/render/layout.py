"""One small interface to the layout engines: boxes and edges in, integer coordinates out."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import compound, dot
from graphviz_ad.render.geometry import Edge, Frame, Placement, Point, Rectangle, Route, Size

DIRECTIONS = ("LR", "TB", "RL", "BT")

_PLACERS: dict[str, Callable[..., Placement]] = {
    # the same graph at other inputs, or at the next step of a training, has boxes of the same sizes as a rule
    "layered": lru_cache(maxsize=32)(compound.place),
    "dot": dot.place,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands, in integer pixels, y down; all of it inside (0, 0) - (width, height)."""

    nodes: tuple[Point, ...]  # the centre of each node's box
    routes: tuple[Route, ...]  # per edge: 1 + 3n points, cubic Bezier pieces from the input's border to the consumer's
    labels: tuple[Point | None, ...]  # per edge: the centre of its label's box
    width: int
    height: int
    engine: str  # the engine that made it: "layered" or "dot"
    frames: tuple[Rectangle, ...] = ()  # where each frame lies


@dataclass(frozen=True, slots=True)
class Engine:
    """A layout engine, and where it cannot be used on this machine, why."""

    name: str
    available: bool
    reason: str


def engines() -> tuple[Engine, ...]:
    """The layout engines: ``layered`` works everywhere, ``dot`` where Graphviz is installed."""
    missing = dot.missing()
    return Engine("layered", True, ""), Engine("dot", not missing, missing)


def arrange(
    sizes: Sequence[tuple[int, int]],
    edges: Sequence[tuple[int, int]],
    labels: Sequence[tuple[int, int] | None],
    *,
    frames: Sequence[tuple[int | None, tuple[int, int] | None]] = (),
    inside: Sequence[int | None] | None = None,
    direction: str = "LR",
    engine: str = "auto",
) -> Layout:
    """Coordinates for a graph of boxes.

    Parameters
    ----------
    sizes
        (width, height) of each node's box.
    edges
        (input, consumer) as indices into ``sizes``, each input before its consumer; parallel edges are allowed.
    labels
        (width, height) of the box to keep free on each edge, or None.
    frames
        Rectangles around some of the boxes, an outer one before those in it: (index of the frame around it or None,
        (width, height) to keep free for its label at its top left or None). A frame holds nothing else, and no edge
        runs through it that does not begin or end in it. What leaves a frame must not lead back into it.
    inside
        The innermost frame around each node, or None.
    direction
        Where the values flow: "LR", "TB", "RL" or "BT".
    engine
        "layered" (our own, the same result on every machine), "dot" (Graphviz), or "auto": the better one,
        which is layered; see docs/decisions/0003-layered-first.md.

    Raises
    ------
    ArgumentError
        For an unknown direction or engine, sizes that are not positive, or edges and frames that do not fit.
    EngineError
        For ``engine="dot"`` where Graphviz is missing, fails or takes too long.
    """
    if direction not in DIRECTIONS:
        raise ArgumentError(f"unknown direction: {direction!r} (must be one of {list(DIRECTIONS)})")
    if engine not in ("auto", *_PLACERS):
        raise ArgumentError(f"unknown engine: {engine!r} (must be one of {['auto', *_PLACERS]})")
    boxes = [_size("sizes", k, size) for k, size in enumerate(sizes)]
    links = [_edge(k, edge, len(boxes)) for k, edge in enumerate(edges)]
    if len(labels) != len(links):
        raise ArgumentError(f"labels: one entry per edge is needed, {len(links)}, not {len(labels)}; None for no label")
    marks = [None if label is None else _size("labels", k, label) for k, label in enumerate(labels)]
    # Engines know only the flow from left to right: other directions are its transposes and mirror images.
    upright = direction in ("TB", "BT")
    if upright:
        boxes = [(h, w) for w, h in boxes]
        marks = [None if mark is None else (mark[1], mark[0]) for mark in marks]
    groups = [_frame(k, frame, upright) for k, frame in enumerate(frames)]
    homes = [None] * len(boxes) if inside is None else list(inside)
    if len(homes) != len(boxes) or any(home is not None and not 0 <= home < len(groups) for home in homes):
        raise ArgumentError(f"inside: one entry per node is needed, an index into frames or None, not {inside!r}")
    name = "layered" if engine == "auto" else engine
    strip = {"TB": "left", "BT": "right"}.get(direction, "top")
    placement = _PLACERS[name](tuple(boxes), tuple(links), tuple(marks), tuple(groups), tuple(homes), strip)
    return _turned(placement, name, upright, direction in ("RL", "BT"))


def _turned(placement: Placement, engine: str, upright: bool, mirrored: bool) -> Layout:
    """The layout of a placement, turned from left-to-right into the direction that was asked for."""
    width, height = placement.width, placement.height

    def turn(point: Point) -> Point:
        x, y = point
        x = width - x if mirrored else x
        return (y, x) if upright else (x, y)

    return Layout(
        nodes=tuple(turn(p) for p in placement.nodes),
        routes=tuple(tuple(turn(p) for p in route) for route in placement.routes),
        labels=tuple(None if p is None else turn(p) for p in placement.labels),
        width=height if upright else width,
        height=width if upright else height,
        engine=engine,
        frames=tuple(_turned_rectangle(r, width, upright, mirrored) for r in placement.frames),
    )


def _turned_rectangle(rectangle: Rectangle, width: int, upright: bool, mirrored: bool) -> Rectangle:
    x, y, w, h = rectangle
    x = width - x - w if mirrored else x
    return Rectangle(y, x, h, w) if upright else Rectangle(x, y, w, h)


def _frame(k: int, frame: tuple[int | None, tuple[int, int] | None], upright: bool) -> Frame:
    outer, label = frame
    if outer is not None and not 0 <= outer < k:
        raise ArgumentError(f"frames[{k}]: the frame around it must come before it, not {outer!r}")
    if label is None:
        return Frame(outer, None)
    width, height = _size("frames", k, label)
    return Frame(outer, (height, width) if upright else (width, height))


def _size(argument: str, k: int, size: tuple[int, int]) -> Size:
    try:
        width, height = size
        width, height = operator.index(width), operator.index(height)
    except (TypeError, ValueError):
        raise ArgumentError(f"{argument}[{k}] must be two whole numbers (width, height), not {size!r}") from None
    if width <= 0 or height <= 0:
        raise ArgumentError(f"{argument}[{k}] must be positive, not {size!r}")
    return width, height


def _edge(k: int, edge: tuple[int, int], count: int) -> Edge:
    try:
        one, two = edge
        one, two = operator.index(one), operator.index(two)
    except (TypeError, ValueError):
        raise ArgumentError(f"edges[{k}] must be two node indices (input, consumer), not {edge!r}") from None
    if not 0 <= one < two < count:
        raise ArgumentError(
            f"edges[{k}] = ({one}, {two}): indices must lie in 0 ... {count - 1}, the input's below the consumer's"
        )
    return one, two
