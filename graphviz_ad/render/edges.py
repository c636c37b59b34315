"""Draws an edge: the line, the local derivative above it, the contribution below it, and the break of a cut one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphviz_ad.render import fit, heat, metrics
from graphviz_ad.render.items import Box, Group, Item, Path, Point, Text
from graphviz_ad.render.nodes import is_wide
from graphviz_ad.story.scene import Cells, EdgeSymbols, SceneEdge, SceneNode

CHIP = 17  # height of the field behind a number
FORMULA = 15  # height of the line with a formula above the number's
FORMULA_ROOM = 132  # px: a formula that needs more is shown in its short form
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
    wide = (fit.measure(formula, "sans", f"gad-formula-{look}") for _, look, (formula, _) in words(edge) if formula)
    return max(_label_width(edge, node, consumer), max(wide, default=0) + 8), 2 * _chip_height(edge) + CHIP_GAP


def _chip_height(edge: SceneEdge) -> int:
    """Of the higher one of an edge's two fields; in that of a gate a mask stands instead of a number."""
    height = CHIP + (FORMULA if any(formula and number for _, _, (formula, number) in words(edge)) else 0)
    return height if edge.mask is None else max(height, heat.size(edge.mask)[1] + 2 * MASK_INSET)


def _label_width(edge: SceneEdge, node: SceneNode, consumer: SceneNode) -> int:
    """The room for numbers."""
    if edge.symbols is not None and edge.symbols.alone:
        return 0
    return TENSOR_LABEL_WIDTH if is_wide(node) or is_wide(consumer) else LABEL_WIDTH


def words(edge: SceneEdge, room: int = FORMULA_ROOM) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """What is written in an edge's fields: which one it is, its look, and the formula and the number in it.

    A formula stands in the place of the number, or above it; "" where there is none. One is always there.
    """
    look, sign = ("pushed", "\u25b6") if edge.pushed else ("contribution", "\u25bc")
    symbols = edge.symbols or EdgeSymbols((), (), False)
    if edge.local_text is not None:
        forms = () if edge.mask is not None else symbols.local
        yield "local", "local", _said("\u2202", forms, edge.local_text, "local", room, alone=symbols.alone)
    if edge.contribution_text is not None:
        forms, number = symbols.contribution, edge.contribution_text
        yield "contribution", look, _said(sign, forms, number, look, room, alone=symbols.alone)


def _said(sign: str, forms: Sequence[str], number: str, look: str, room: int, *, alone: bool) -> tuple[str, str]:
    """A formula and a number with their sign; of several formulas the first that fits into so many px."""
    if not forms:
        return "", f"{sign} {number}"
    name = f"gad-formula-{look}"
    shown = [metrics.visible(form) for form in forms]
    texts = [form if form.startswith(sign) else f"{sign} {form}" for form in shown]
    found = next((text for text in texts if fit.measure(text, "sans", name) <= room), None)
    return fit.shorten(texts[-1], "sans", name, room) if found is None else found, "" if alone else f"= {number}"


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
    room = _label_width(edge, node, consumer) - 8
    for name, look, texts in words(edge):
        if name == "contribution":
            yield _chip(name, look, texts, x, y + CHIP_GAP / 2, room, title(edge, node, consumer, name))
        elif edge.mask is None:
            yield _chip(name, look, texts, x, y - CHIP_GAP / 2, room, title(edge, node, consumer, name), up=True)
        else:
            top = y - CHIP_GAP / 2 - _chip_height(edge)
            yield _mask(edge.mask, x, top, _chip_height(edge), title(edge, node, consumer, name))


def title(edge: SceneEdge, node: SceneNode, consumer: SceneNode, name: str) -> str:
    """What a field says when it is pointed at: its formula in full, and its number."""
    start, end = (fit.shorten(name, "sans", "gad-operation", 200) for name in (node.name, consumer.name))
    symbols = edge.symbols or EdgeSymbols((), (), False)
    if name == "local":
        return " = ".join((f"\u2202{end}/\u2202{start}", *symbols.local[:1], edge.local_text or ""))
    says = " = ".join((*symbols.contribution[:1], edge.contribution_text or ""))
    return f"{start} adds {says} to the tangent of {end}" if edge.pushed else f"{end} sends {says} to {start}"


def _chip(
    name: str, look: str, texts: tuple[str, str], middle: float, edge: float, room: int, says: str, *, up: bool = False
) -> Group:
    """A number on a small field of its own, so that no line runs through it; its formula above it, or in its place.

    The field stands below ``edge``, or ``up`` from there.
    """
    formula, number = texts
    above = FORMULA if formula and number else 0
    top = edge - (above + CHIP if up else 0)
    lines: list[Text] = []
    wide: list[float] = []
    if formula:
        lines.append(fit.placed((f"gad-formula-{look}",), middle, top + 12.5, formula, "sans"))
        wide.append(fit.measure(formula, "sans", f"gad-formula-{look}"))
    if number:
        shown = fit.number((f"gad-number-{look}",), middle, top + above + 12.5, number, room)
        lines.append(shown)
        wide.append(shown.length or fit.measure(shown.text, "mono", f"gad-number-{look}"))
    width = max(wide) + 8
    field = Box((f"gad-chip-{look}",), middle - width / 2, top, width, above + CHIP, 4)
    return Group((f"gad-{name}",), (field, *lines), title=fit.title(says))


def _mask(cells: Cells, middle: float, top: float, height: int, says: str) -> Group:
    """What a gate lets pass, cell by cell."""
    before = fit.measure("\u2202", "mono", "gad-number-local")
    wide, high = heat.size(cells)
    width = before + wide + 3 * MASK_INSET
    left = middle - width / 2
    field = Box(("gad-chip-local",), left, top, width, height, 4)
    sign = Text(("gad-number-local",), left + MASK_INSET + before / 2, top + height / 2 + 4.5, "\u2202")
    grid = heat.draw(cells, left + before + 2 * MASK_INSET, top + (height - high) / 2)
    return Group(("gad-local",), (field, sign, *grid), title=fit.title(says))


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
