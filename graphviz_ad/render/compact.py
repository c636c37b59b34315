"""Draws nodes and the numbers of edges in one text size, as small as they can be: for figures of a given width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from graphviz_ad.render import edges, fit, metrics, nodes, theme
from graphviz_ad.render.edges import Route
from graphviz_ad.render.geometry import Point
from graphviz_ad.render.items import Box, Group, Item, Path, Text, parts
from graphviz_ad.story.scene import Scene, SceneEdge, SceneNode

SIZE = 13  # px: every text, but for signs such as "×", which are larger
ROW = 17  # height of a number's field
FORMULA = 15  # height of the line with a formula above the number
FORMULA_ROOM = 150  # px: longer formulas are shortened
LINE = 18  # height of a line between two of them
INSET = 2  # from a node's border to its fields
RIM = 3  # an output's second outline, this far outside the first
FRONT = 7 + nodes.GLYPH + 3  # from a field's left end to its number: the triangle stands there
BACK = 5  # from a number to its field's right end
CHIP = 14  # height of the field behind a number on an edge
CHIP_GAP = 4  # the line passes between two of them
APART = 6  # between a name and what follows it
NAME_ROOM = 150
GRAIN = 2.2  # the layout's gaps are made for larger forms than these: so many of its pixels are one here
TIGHT = 3.4  # gaps that are still gaps
SPARE = 4  # px around a number
SIDE = 5  # from a name to the border beside it
WIDER = 16  # px: a node may be so much wider than its numbers if its name and operation then stand in one line
LEAST = 46  # px: the room for a number, at least
MOST = 185  # px: longer numbers are shortened; 17 digits are not


@dataclass(frozen=True, slots=True)
class Form:
    """A node's size and lines; without lines it is drawn as the explorer shows it, larger by ``factor``."""

    outer: tuple[float, float]
    full: nodes.Form
    lines: tuple[tuple[Word, ...], ...] = ()  # between the two numbers
    remark: Word | None = None  # beside the adjoint
    formulas: tuple[Word | None, Word | None] = (None, None)  # of the value, and of the adjoint or tangent
    rows: tuple[int, int] = (ROW, ROW)  # how high their fields are
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of text that is as wide as the fixed table says."""

    classes: tuple[str, ...]
    text: str
    font: str
    size: int = SIZE

    @property
    def width(self) -> int:
        """In px."""
        return metrics.pixels(self.text, self.font, self.size)

    def at(self, x: float, y: float) -> Text:
        """The word on its baseline; held to its width where that is a guess."""
        guessed = not all(metrics.covered(char, self.font) for char in self.text)
        return Text(self.classes, x, y, self.text, self.size, self.width if guessed else None)


class Compact:
    """Nodes of three lines: value, name and operation, adjoint. All numbers of a picture have the same room.

    Heat maps and masks stay what they are, and are drawn larger instead, until their texts have the size of the others.
    """

    def __init__(self, scene: Scene, grain: float = GRAIN) -> None:
        self.grain = grain
        self.sums: dict[int, list[str]] = {}  # what a node's adjoint shows on the way
        for step in scene.steps:
            self.sums.setdefault(step.node, []).append(step.adjoint_text or "")
        scalar = [n for n in scene.nodes if not n.shape and n.value is not None and nodes.has_numbers(n)]
        numbers = [text for node in scalar for text in (node.value_text, node.adjoint_text, node.tangent_text)]
        numbers += [text for node in scalar for text in self.sums.get(node.id, ())]
        # Nodes of one size are calmer to look at; where room is short, each is as narrow as its own numbers.
        widest = max((_wide(text) for text in numbers if text), default=0)
        self.room = LEAST if grain == TIGHT else max(LEAST, widest)

    def form(self, node: SceneNode, mode: str) -> Form:
        """What a node is made of, and how large it is."""
        full = nodes.form(node, mode)
        if node.value_cells is not None:
            factor = max(1.0, SIZE / smallest([nodes.draw(node, full, (0, 0))]))
            return Form((full.outer[0] * factor, full.outer[1] * factor), full, factor=factor)
        numbers = [text for text in (node.adjoint_text, *self.sums.get(node.id, ())) if text]
        if full.backward == "tangent":
            numbers = [node.tangent_text or ""]
        both = nodes.has_numbers(node)
        formulas = _formula(node, "value"), _formula(node, full.backward)
        wide = [_wide(number) for number in numbers if both]
        wide += [formula.width for formula in formulas[1:] if formula]
        inner = [*wide, LEAST if node.shape else self.room]
        inner += [_wide(node.value_text)] if both or node.value is None else []
        inner += [formula.width for formula in formulas[:1] if formula]
        width = FRONT + BACK + SPARE + max(inner)
        lines = list(_lines(node, full, width))
        # How many contributions were added stands beside the sum, or above it where that takes less room.
        remark = Word((full.aside[0],), full.aside[1], "sans") if full.aside[0] else None
        beside = 0
        if remark:
            beside = FRONT + SPARE + max(wide) + APART + remark.width + BACK
            if beside > width and _length((*lines[-1], remark)) <= width:
                lines[-1] = (*lines[-1], remark)
                remark, beside = None, 0
        note = metrics.pixels(full.note, "sans", SIZE) + 4 if full.note else 0
        width = max([width, beside, note, *(_length(line) + 2 * SIDE for line in lines)])
        upper, lower = (ROW + (FORMULA if formula and both else 0) for formula in formulas)
        height = 2 * INSET + upper + (lower if full.backward else 0) + LINE * (len(lines) + bool(note))
        around = RIM if full.rim else 0
        outer = width + 2 * INSET + 2 * around, height + 2 * around + 2 * full.stack
        return Form(outer, full, tuple(lines), remark, formulas, (upper, lower))

    def draw(self, node: SceneNode, form: Form, centre: tuple[int, int]) -> Group:
        """The node in its complete state, around ``centre``."""
        if not form.lines:
            return scaled(nodes.draw(node, form.full, (0, 0)), form.factor, *centre)
        around = form.full.rim - RIM if form.full.rim else 0
        width, height = int(form.outer[0]) + 2 * around, int(form.outer[1]) + 2 * around
        full = replace(
            form.full, width=width - 2 * form.full.rim, height=height - 2 * (form.full.rim + form.full.stack)
        )
        whole = nodes.draw(node, full, centre)
        sheets = (item for item in whole.items if "gad-stack" in item.classes)
        return replace(whole, items=(*sheets, *self._parts(node, form, centre)))

    def _parts(self, node: SceneNode, form: Form, centre: tuple[float, float]) -> Iterator[Item]:
        rim, stack, backward = RIM if form.full.rim else 0, form.full.stack, form.full.backward
        width, height = form.outer[0] - 2 * rim, form.outer[1] - 2 * rim - 2 * stack
        left, top, radius = centre[0] - width / 2, centre[1] - height / 2, min(8, nodes.RADIUS[node.kind])
        if rim:
            yield Box(("gad-rim",), left - rim, top - rim - stack, *form.outer, radius + rim)
        kind: tuple[str, ...] = () if node.kind == "primitive" else (f"gad-box-{node.kind}",)
        kind += ("gad-box-found",) if node.note else ()
        yield Box(("gad-box", *kind), left, top, width, height, radius)
        if node.kind == "input":
            bar = ("M", ((left, top + radius),)), ("L", ((left, top + height - radius),))
            yield Path(("gad-bar",), bar)
        inner = width - 2 * INSET
        if node.value is None:
            yield Text(("gad-outputs",), left + width / 2, top + INSET + 13.5, node.value_text, SIZE)
        else:
            words = form.formulas[0], node.value_text if nodes.has_numbers(node) else ""
            yield from _field("value", words, left + INSET, top + INSET, inner, None)
        for place, line in enumerate(form.lines):
            yield from _line(line, left + width / 2, top + INSET + form.rows[0] + 13 + place * LINE)
        if backward:
            number = (node.tangent_text if backward == "tangent" else node.adjoint_text) or ""
            words = form.formulas[1], number if nodes.has_numbers(node) else ""
            below = top + INSET + form.rows[0] + LINE * len(form.lines)
            yield from _field(backward, words, left + INSET, below, inner, form.remark)
        if form.full.note:
            yield Text(("gad-note",), left + width / 2, top + height - INSET - 4.5, form.full.note, SIZE)

    def label_size(self, edge: SceneEdge, node: SceneNode, consumer: SceneNode) -> tuple[int, int] | None:
        """The space to keep free on the edge's line."""
        size = edges.label_size(edge, node, consumer)
        if size is None or edge.cut:
            return size
        if edge.mask is not None:
            factor = SIZE / 10
            return int(size[0] * factor) + 1, int(size[1] * factor) + 1
        chips = [_chip_size(texts) for _, _, texts in _words(edge)]
        return max(wide for wide, _ in chips), 2 * max(high for _, high in chips) + CHIP_GAP + 2

    def line(
        self, edge: SceneEdge, node: SceneNode, consumer: SceneNode, route: Route, label: Point | None, *, across: bool
    ) -> Group:
        """The edge in its complete state."""
        whole = edges.draw(edge, node, consumer, route, label, across=across)
        if edge.cut or label is None:
            return whole
        x, y = label
        words = {f"gad-{name}": (look, texts) for name, look, texts in _words(edge)}
        items: list[Item] = []
        for item in whole.items:
            name = item.classes[0]
            if not isinstance(item, Group) or name not in words:
                items.append(item)
            elif edge.mask is not None:
                factor = SIZE / smallest([item])
                items.append(scaled(item, factor, x - factor * x, y - factor * y))
            else:
                look, texts = words[name]
                top = y + CHIP_GAP / 2 if name == "gad-contribution" else y - CHIP_GAP / 2 - _chip_size(texts)[1]
                items.append(replace(item, items=tuple(_chip(look, texts, x, top))))
        return replace(whole, items=tuple(items))


def _wide(number: str) -> int:
    return min(MOST, metrics.pixels(metrics.visible(number[: metrics.MAX_SHOWN]), "mono", SIZE))


def _shown(number: str) -> str:
    return metrics.shorten(metrics.visible(number), "mono", SIZE, MOST, keep_end=False)


def _formula(node: SceneNode, kind: str) -> Word | None:
    """What is shown of the formula of a node's "value", "adjoint" or "tangent"; None where there is none."""
    text = metrics.shorten(metrics.visible(nodes.formula(node, kind)), "sans", SIZE, FORMULA_ROOM)
    return Word((f"gad-formula-{kind}",), text, "sans") if text else None


def _words(edge: SceneEdge) -> Iterator[tuple[str, str, tuple[Word | None, str]]]:
    """What stands in each field of an edge: which one it is, its look, its formula and its number."""
    room = FORMULA_ROOM * fit.size("gad-formula-local") // SIZE  # as it is measured there
    for name, look, (formula, number) in edges.words(edge, room):
        yield name, look, (Word((f"gad-formula-{look}",), formula, "sans") if formula else None, number)


def _chip_size(texts: tuple[Word | None, str]) -> tuple[int, int]:
    formula, number = texts
    width = max(formula.width if formula else 0, _wide(number)) + 8
    return width, CHIP + (FORMULA if formula and number else 0)


def _chip(name: str, texts: tuple[Word | None, str], middle: float, top: float) -> Iterator[Item]:
    formula, number = texts
    width, height = _chip_size(texts)
    yield Box((f"gad-chip-{name}",), middle - width / 2, top, width, height, 4)
    if formula:
        yield formula.at(middle, top + 11.5)
    if number:
        yield Text((f"gad-number-{name}",), middle, top + height - CHIP + 11.5, _shown(number), SIZE)


def _lines(node: SceneNode, full: nodes.Form, width: float) -> Iterator[tuple[Word, ...]]:
    """Name and operation, in one line where they fit; what an input is, its form says."""
    name = Word(("gad-name",), metrics.shorten(metrics.visible(node.name), "bold", SIZE, NAME_ROOM), "bold")
    sign = "gad-sign" in full.manner
    shown = metrics.shorten(metrics.visible(node.operation), "sans", SIZE, NAME_ROOM)
    operation = Word(("gad-operation", *full.manner), shown, "sans", fit.size("gad-sign") if sign else SIZE)
    badge = Word(("gad-shape",), full.badge, "mono")
    line = [name]
    for word in (badge, operation):
        if not word.text:
            continue
        if _length((*line, word)) > width + WIDER:
            if node.kind == "group":  # how many operations are in it can be left out
                continue
            yield tuple(line)
            line = []
        line.append(word)
    yield tuple(line)


def _length(line: Iterable[Word]) -> int:
    words = list(line)
    return sum(word.width for word in words) + APART * (len(words) - 1)


def _line(line: tuple[Word, ...], middle: float, base: float) -> Iterator[Text]:
    """The words of a line, side by side around the middle."""
    x = middle - _length(line) / 2
    for word in line:
        anchor = theme.style(*word.classes).get("text-anchor", "start")
        yield word.at(x + word.width * {"start": 0, "middle": 0.5, "end": 1}[anchor], base)
        x += word.width + APART


def _field(
    name: str, words: tuple[Word | None, str], left: float, top: float, width: float, remark: Word | None
) -> Iterator[Item]:
    """The field of one number: outline, triangle, formula, number, and a small remark at the right end."""
    formula, number = words
    above = FORMULA if formula and number else 0
    yield Box((f"gad-slot-{name}",), left, top, width, above + ROW, 5)
    yield nodes.triangle(name, left + 7, top + (above + ROW) / 2)
    begin, end = left + FRONT, left + width - BACK
    if remark:
        yield Text(remark.classes, end, top + above / 2 + 13, remark.text, SIZE)
        end -= remark.width + APART
    if formula:
        yield formula.at((begin + end) / 2, top + 13)
    if number or not formula:
        yield Text((f"gad-{name}",), (begin + end) / 2, top + above + 13, _shown(number), SIZE)


# ------------------------------------------------------------------------------------------------ sizes of texts


def text_size(text: Text) -> float:
    """How large a text is drawn, in units of its picture."""
    return text.size or float(theme.style(*text.classes)["font-size"].removesuffix("px"))


def smallest(items: Iterable[Item]) -> float:
    """The size of the smallest text; that of an ordinary one where there is none."""
    return min((text_size(item) for item in parts(items) if isinstance(item, Text)), default=float(SIZE))


def scaled(group: Group, factor: float, dx: float, dy: float) -> Group:
    """A group and all in it, larger or smaller, and then moved."""
    return replace(group, items=tuple(_scaled(item, factor, dx, dy) for item in group.items))


def _scaled(item: Item, factor: float, dx: float, dy: float) -> Item:
    if isinstance(item, Group):
        return scaled(item, factor, dx, dy)
    if isinstance(item, Path):
        return replace(
            item,
            commands=tuple(
                (letter, tuple((factor * x + dx, factor * y + dy) for x, y in points))
                for letter, points in item.commands
            ),
        )
    x, y = factor * item.x + dx, factor * item.y + dy
    if isinstance(item, Text):
        length = None if item.length is None else factor * item.length
        return replace(item, x=x, y=y, size=factor * text_size(item), length=length)
    return Box(item.classes, x, y, factor * item.width, factor * item.height, factor * item.radius)
