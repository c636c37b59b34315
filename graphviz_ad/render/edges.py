"""Draws an edge: the line, the local derivative above it, the contribution below it, and the break of a cut one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphviz_ad.render import fit, heat
from graphviz_ad.render.items import Box, Group, Item, Path, Point, Text
from graphviz_ad.story.scene import Cells, SceneEdge, SceneNode

CHIP = 17  # height of the field behind a number
MASK_INSET = 4  # around a mask that stands in a field
CHIP_GAP = 8  # the line passes between the two fields, also when it is drawn thick
LABEL_WIDTH = 76  # room for the longest number of four significant digits
TENSOR_LABEL_WIDTH = 128
BREAK = (18, 16)
ARROW_LENGTH, ARROW_WIDTH = 9, 7

Route = Sequence[tuple[int, int]]


def label_size(edge: SceneEdge, node: SceneNode, consumer: SceneNode) -> tuple[int, int] | None:
    """The space to keep free on the edge's line: fixed, so that no number can move a node."""
    if edge.cut:
        return BREAK
    if edge.local_text is None and edge.contribution_text is None:
        return None
    return _label_width(node, consumer), 2 * _chip_height(edge) + CHIP_GAP


def _chip_height(edge: SceneEdge) -> int:
    """Of the local derivative's field: a gate's mask stands in it instead of a number."""
    return CHIP if edge.mask is None else max(CHIP, heat.size(edge.mask)[1] + 2 * MASK_INSET)


def _label_width(node: SceneNode, consumer: SceneNode) -> int:
    return TENSOR_LABEL_WIDTH if node.shape or consumer.shape else LABEL_WIDTH


def draw(
    edge: SceneEdge, node: SceneNode, consumer: SceneNode, route: Route, label: tuple[int, int] | None, *, across: bool
) -> Group:
    """The edge in its complete state; ``across`` says that values flow from left to right, or right to left."""
    x, y = label if label is not None else _halfway(route)
    parts = list(_line(edge, route))
    if edge.cut:
        parts += pair_of_strokes(x, y, across=across)
    else:
        parts += _numbers(edge, node, consumer, x, y)
    classes = ("gad-edge", "gad-cut") if edge.cut else ("gad-edge",)
    return Group(classes, tuple(parts), tuple(_hooks(edge, node, consumer)))


def _line(edge: SceneEdge, route: Route) -> Iterator[Item]:
    """The line up to the arrowhead, and the arrowhead, whose tip touches the consumer."""
    tip = route[-1]
    before = next((point for point in reversed(route) if point != tip), (tip[0] - 1, tip[1]))
    length = ((tip[0] - before[0]) ** 2 + (tip[1] - before[1]) ** 2) ** 0.5
    along = (tip[0] - before[0]) / length, (tip[1] - before[1]) / length
    base = tip[0] - ARROW_LENGTH * along[0], tip[1] - ARROW_LENGTH * along[1]
    side = -along[1] * ARROW_WIDTH / 2, along[0] * ARROW_WIDTH / 2
    points: list[Point] = [*route[:-1], base]
    curves = [("C", tuple(points[start : start + 3])) for start in range(1, len(points), 3)]
    state = ("gad-line-cut",) if edge.cut else () if edge.active else ("gad-line-plain",)
    yield Path(("gad-line", *state), (("M", (points[0],)), *curves))
    wings = (base[0] + side[0], base[1] + side[1]), (base[0] - side[0], base[1] - side[1])
    yield Path(("gad-arrow",), (("M", (wings[0],)), ("L", (tip,)), ("L", (wings[1],)), ("Z", ())))


def _numbers(edge: SceneEdge, node: SceneNode, consumer: SceneNode, x: float, y: float) -> Iterator[Group]:
    start, end = (fit.shorten(name, "sans", "gad-operation", 200) for name in (node.name, consumer.name))
    room = _label_width(node, consumer) - 8
    if edge.local_text is not None:
        title = f"\u2202{end}/\u2202{start} = {edge.local_text}"
        top = y - CHIP_GAP / 2 - _chip_height(edge)
        if edge.mask is None:
            yield _chip("local", f"\u2202 {edge.local_text}", x, top, room, title)
        else:
            yield _mask(edge.mask, x, top, _chip_height(edge), title)
    if edge.contribution_text is not None:
        title = f"{end} sends {edge.contribution_text} to {start}"
        if edge.pushed:
            title = f"{start} adds {edge.contribution_text} to the tangent of {end}"
        look, words = sent(edge)
        yield _chip("contribution", words, x, y + CHIP_GAP / 2, room, title, look)


def sent(edge: SceneEdge) -> tuple[str, str]:
    """How a contribution looks, and its text with the sign of its direction."""
    if edge.pushed:
        return "pushed", f"\u25b6 {edge.contribution_text}"
    return "contribution", f"\u25bc {edge.contribution_text}"


def _chip(name: str, text: str, middle: float, top: float, room: int, title: str, look: str = "") -> Group:
    """A number on a small field of its own, so that no line runs through it."""
    look = look or name
    words = fit.number((f"gad-number-{look}",), middle, top + 12.5, text, room)
    width = (words.length or fit.measure(words.text, "mono", f"gad-number-{look}")) + 8
    field = Box((f"gad-chip-{look}",), middle - width / 2, top, width, CHIP, 4)
    return Group((f"gad-{name}",), (field, words), title=fit.title(title))


def _mask(cells: Cells, middle: float, top: float, height: int, title: str) -> Group:
    """What a gate lets pass, cell by cell."""
    sign = fit.measure("\u2202", "mono", "gad-number-local")
    wide, high = heat.size(cells)
    width = sign + wide + 3 * MASK_INSET
    left = middle - width / 2
    field = Box(("gad-chip-local",), left, top, width, height, 4)
    words = Text(("gad-number-local",), left + MASK_INSET + sign / 2, top + height / 2 + 4.5, "\u2202")
    grid = heat.draw(cells, left + sign + 2 * MASK_INSET, top + (height - high) / 2)
    return Group(("gad-local",), (field, words, *grid), title=fit.title(title))


def pair_of_strokes(x: float, y: float, *, across: bool) -> Iterator[Item]:
    """The break of a line: values pass, derivatives do not."""
    if across:
        yield Box(("gad-break-gap",), x - 4, y - 7, 8, 14)
        strokes = ((x - 7, y + 7), (x - 1, y - 7)), ((x + 1, y + 7), (x + 7, y - 7))
    else:
        yield Box(("gad-break-gap",), x - 7, y - 4, 14, 8)
        strokes = ((x - 7, y - 1), (x + 7, y - 7)), ((x - 7, y + 7), (x + 7, y + 1))
    yield Path(("gad-break",), tuple(command for a, b in strokes for command in (("M", (a,)), ("L", (b,)))))


def _halfway(route: Route) -> Point:
    """The middle of a route's middle curve."""
    start = (len(route) - 1) // 3 // 2 * 3
    return _on_curve(route[start : start + 4], 0.5)


def _on_curve(curve: Route, t: float) -> Point:
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    (px, py), (qx, qy), (rx, ry), (sx, sy) = curve
    return a * px + b * qx + c * rx + d * sx, a * py + b * qy + c * ry + d * sy


def _hooks(edge: SceneEdge, node: SceneNode, consumer: SceneNode) -> Iterator[tuple[str, str]]:
    yield "data-edge", str(edge.index)
    yield "data-input", node.name
    yield "data-consumer", consumer.name
    yield "data-argnum", str(edge.argnum)
    if edge.local is not None:
        yield "data-local", edge.local
    if edge.contribution is not None:
        yield "data-contribution", edge.contribution
