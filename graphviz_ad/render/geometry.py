"""Integer geometry that both layout engines share: a placement's parts, Bezier chains, and exact hit tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

Point = tuple[int, int]
Size = tuple[int, int]
Edge = tuple[int, int]
Route = tuple[Point, ...]

# Room around the whole picture, so that line widths, arrowheads and focus rings are never cut off.
MARGIN = 16


class Frame(NamedTuple):
    """A frame around boxes: the frame around it, None for none, and the size of its label, None for no label."""

    outer: int | None
    label: Size | None


class Rectangle(NamedTuple):
    """Where a frame lies: its top left corner, and its size."""

    x: int
    y: int
    width: int
    height: int


class Placement(NamedTuple):
    """What an engine returns, always for a flow from left to right; `layout.arrange` turns it."""

    nodes: list[Point]
    routes: list[Route]
    labels: list[Point | None]
    width: int
    height: int
    frames: tuple[Rectangle, ...] = ()


class Box(NamedTuple):
    """A rectangle in doubled coordinates, so that odd widths around integer centres stay exact."""

    left: int
    top: int
    right: int
    bottom: int


def box(centre: Point, size: Size) -> Box:
    """The doubled rectangle of ``size`` around ``centre``."""
    (x, y), (width, height) = centre, size
    return Box(2 * x - width, 2 * y - height, 2 * x + width, 2 * y + height)


def straight(start: Point, end: Point) -> list[Point]:
    """The three points that continue a Bezier chain from ``start`` straight to ``end``."""
    (x0, y0), (x1, y1) = start, end
    return [(x0 + (x1 - x0) // 3, y0 + (y1 - y0) // 3), (x1 - (x1 - x0) // 3, y1 - (y1 - y0) // 3), end]


def swing(start: Point, end: Point) -> list[Point]:
    """The three points of an S curve that leaves ``start`` and reaches ``end`` horizontally."""
    (x0, y0), (x1, y1) = start, end
    if y0 == y1:
        return straight(start, end)
    middle = (x0 + x1) // 2
    return [(middle, y0), (middle, y1), end]


def cubics(route: Sequence[Point]) -> Iterator[tuple[Point, Point, Point, Point]]:
    """The cubic pieces of a Bezier chain of 1 + 3n points."""
    for i in range(0, len(route) - 1, 3):
        yield route[i], route[i + 1], route[i + 2], route[i + 3]


def curve_hits(piece: Sequence[Point], target: Box) -> bool:
    """Whether a cubic enters the interior of ``target``: exact subdivision until a hull decides."""
    # Every halving multiplies by eight instead of dividing, so all comparisons are between integers.
    stack = [(tuple((2 * x, 2 * y) for x, y in piece), 1)]
    while stack:
        points, scale = stack.pop()
        left, right, top, bottom = (scale * side for side in (target.left, target.right, target.top, target.bottom))
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        if max(xs) <= left or min(xs) >= right or max(ys) <= top or min(ys) >= bottom:
            continue
        if any(left < x < right and top < y < bottom for x, y in (points[0], points[3])):
            return True
        if scale >= 8**8:  # pieces are far below a pixel here, and still straddle the border: call it a hit
            return True
        a, b, c, d = points
        ab, bc, cd = _sum(a, b), _sum(b, c), _sum(c, d)
        abc, bcd = _sum(ab, bc), _sum(bc, cd)
        mid = _sum(abc, bcd)
        first = (_times(a, 8), _times(ab, 4), _times(abc, 2), mid)
        second = (mid, _times(bcd, 2), _times(cd, 4), _times(d, 8))
        stack.append((first, scale * 8))
        stack.append((second, scale * 8))
    return False


def route_hits(route: Sequence[Point], target: Box) -> bool:
    """Whether any piece of a Bezier chain enters the interior of ``target``."""
    return any(curve_hits(piece, target) for piece in cubics(route))


def framed(
    nodes: list[Point],
    routes: list[Route],
    boxes: list[Point | None],
    sizes: Sequence[Size],
    labels: Sequence[Size | None],
    margin: int,
    frames: Sequence[Rectangle] = (),
) -> Placement:
    """The same picture moved so that everything lies ``margin`` inside its width and height."""
    if not nodes and not frames:
        return Placement([], [], [], 2 * margin, 2 * margin)
    xs: list[int] = []
    ys: list[int] = []
    for (x, y), (w, h) in zip(nodes, sizes, strict=True):
        xs += [x - (w + 1) // 2, x + (w + 1) // 2]
        ys += [y - (h + 1) // 2, y + (h + 1) // 2]
    for label, size in zip(boxes, labels, strict=True):
        if label is not None and size is not None:
            xs += [label[0] - (size[0] + 1) // 2, label[0] + (size[0] + 1) // 2]
            ys += [label[1] - (size[1] + 1) // 2, label[1] + (size[1] + 1) // 2]
    for frame in frames:
        xs += [frame.x, frame.x + frame.width]
        ys += [frame.y, frame.y + frame.height]
    for route in routes:
        xs += [x for x, _ in route]
        ys += [y for _, y in route]
    dx, dy = margin - min(xs), margin - min(ys)
    return Placement(
        [(x + dx, y + dy) for x, y in nodes],
        [tuple((x + dx, y + dy) for x, y in route) for route in routes],
        [None if label is None else (label[0] + dx, label[1] + dy) for label in boxes],
        max(xs) + dx + margin,
        max(ys) + dy + margin,
        tuple(frame._replace(x=frame.x + dx, y=frame.y + dy) for frame in frames),
    )


def _sum(p: Point, q: Point) -> Point:
    return p[0] + q[0], p[1] + q[1]


def _times(p: Point, factor: int) -> Point:
    return p[0] * factor, p[1] * factor
