"""Draws the legend of a static figure: what each sign in it means, as short as it can be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphviz_ad.render import fit, heat
from graphviz_ad.render.edges import pair_of_strokes
from graphviz_ad.render.items import Box, Group, Item, Path, Text
from graphviz_ad.render.nodes import GLYPH, triangle
from graphviz_ad.story.scene import Cells, Scene

LEFT = 14
ROW = 20
GAP = 18  # between two entries
BAR_CELL = 18, 10  # one colour of a scale
SCALE = GLYPH + 6 + 11 * BAR_CELL[0] + 24  # width of a scale with the ends of its numbers
AXIS = 13  # what its numbers need below the row
MINUS = "\u2212"
LEAST = 460  # a legend may be this wide where the graph is narrower

_SAMPLES = {  # widths in px
    "value": GLYPH,
    "local": 8,
    "adjoint": GLYPH,
    "tangent": GLYPH,
    "contribution": 22,
    "pushed": 22,
    "counter": 25,
    "break": 16,
    "output": 20,
    "group": 20,
    "means": 26,
    "mask": 26,
    "magnitude": 26,
    "nan": 14,
}
_BAR = Cells(1, 11, tuple(range(-5, 6)), note="every level")
_GRIDS = {
    "means": Cells(1, 2, (2, -2), note="means"),
    "mask": Cells(1, 2, (5, 0), mask=True),
    "magnitude": Cells(1, 2, (1, 4)),
    "nan": Cells(1, 1, (None,)),
}


def draw(scene: Scene, width: int, top: int, least: int = LEAST) -> tuple[Group | None, int, int]:
    """The legend below a graph of this width, its own width and its height; None where there is nothing to say."""
    limit = max(width, least) - LEFT
    items: list[Item] = []
    x, y, right, deep = LEFT, top + 12, 0, 0

    def room(length: int) -> None:
        """Go on where ``length`` px are free: in this row or the next."""
        nonlocal x, y, deep
        if x > LEFT and x + length > limit:
            x, y, deep = LEFT, y + ROW + deep, 0

    for name, words in (*_signs(scene), *_cells(scene)):
        length = _SAMPLES[name] + 5 + fit.measure(words, "sans", "gad-key")
        room(length)
        items += (*_sample(name, x, y), Text(("gad-key",), x + _SAMPLES[name] + 5, y, words))
        x += length + GAP
        right = max(right, x)
    room(len(scene.scales) * (SCALE + GAP) - GAP)  # all scales in one row, if that is possible
    for kind, *numbers in scene.scales:
        room(SCALE)
        items += _scale(kind, numbers, x, y)
        x, deep = x + SCALE + GAP, AXIS
        right = max(right, x)
    return (Group(("gad-legend",), tuple(items)), right - GAP + LEFT, y + deep + 12 - top) if items else (None, 0, 0)


def _signs(scene: Scene) -> Iterator[tuple[str, str]]:
    """What this picture shows and a newcomer may not know: a sample and its meaning."""
    backward = any(node.adjoint is not None for node in scene.nodes)
    forward = any(node.tangent is not None for node in scene.nodes)
    if not backward and not forward:
        return
    yield "value", "value"
    if any(edge.local_text is not None for edge in scene.edges):
        yield "local", "local derivative"
    if scene.mode == "forward":
        yield "tangent", "tangent"
        if any(edge.contribution_text is not None for edge in scene.edges):
            yield "pushed", "passed on: \u2202 \u00d7 tangent of the input"
    else:
        yield "adjoint", "adjoint"
        if any(edge.contribution_text is not None for edge in scene.edges):
            turned = any(node.dtype.startswith("complex") for node in scene.nodes)
            words = "sent back: adjoint of the consumer \u00d7 \u2202"
            yield "contribution", f"{words}, of complex values \u00d7 conj \u2202" if turned else words
        if any(node.consumers > 1 for node in scene.nodes):
            yield "counter", "contributions added"
    if any(edge.cut for edge in scene.edges):
        yield "break", "no derivative passes"
    if any(node.output for node in scene.nodes):
        yield "output", "output"
    if any(node.kind == "group" for node in scene.nodes):
        yield "group", "several operations"


def _cells(scene: Scene) -> Iterator[tuple[str, str]]:
    """What the cells of arrays mean, apart from their colours."""
    shown = [edge.mask for edge in scene.edges if edge.mask is not None]
    for node in scene.nodes:
        shown += [cells for cells in (node.value_cells, node.adjoint_cells, node.tangent_cells) if cells is not None]
    if any(cells.note for cells in shown):
        yield "means", "touching cells: means of blocks"
    if any(cells.mask for cells in shown):
        yield "mask", "mask: on, off"
    if any(cells.magnitude for cells in shown):
        yield "magnitude", "of complex numbers: magnitudes"
    if any(None in cells.levels for cells in shown):
        yield "nan", "NaN or \u00b1\u221e"


def _scale(kind: str, numbers: Sequence[str], x: float, y: float) -> Iterator[Item]:
    """The colours of one kind of number, and under them what they stand for: a quarter of the end is half way."""
    yield triangle(kind, x, y - 4)
    cell, bar = BAR_CELL[0], heat.size(_BAR, BAR_CELL)[0]
    left = x + GLYPH + 6
    yield from heat.draw(_BAR, left, y - 9, BAR_CELL)
    middle = left + bar / 2
    yield Text(("gad-scale",), middle, y + AXIS - 1, "0")
    crowded = sum(fit.measure(MINUS + number, "mono", "gad-scale") for number in numbers) / 2 > 2.5 * cell
    for number, away in zip(numbers, (3 * cell, 5.5 * cell), strict=True):
        if not crowded or number == numbers[-1]:
            yield Text(("gad-scale",), middle - away, y + AXIS - 1, MINUS + number)
            yield Text(("gad-scale",), middle + away, y + AXIS - 1, number)


def _sample(name: str, x: float, y: float) -> Iterator[Item]:
    """The sample left of an entry's words, on the baseline ``y``."""
    if name in {"value", "adjoint", "tangent"}:
        yield triangle(name, x, y - 4)
    elif name == "local":
        yield Text(("gad-number-local",), x + 4, y, "\u2202")
    elif name in {"contribution", "pushed"}:
        yield Box((f"gad-chip-{name}",), x, y - 11, 22, 14, 4)
        yield Text((f"gad-number-{name}",), x + 11, y, "\u25bc" if name == "contribution" else "\u25b6", 10)
    elif name == "counter":
        yield Text(("gad-counter",), x + 25, y, "\u03a3 2/2")
    elif name == "break":
        yield from pair_of_strokes(x + 8, y - 4, across=True)
    elif name == "group":
        yield Box(("gad-box",), x, y - 9, 20, 10, 2)
        edges = [((x + inset, y - 9 - away), (x + 20 - inset, y - 9 - away)) for inset, away in ((2, 2), (4, 4))]
        yield Path(("gad-stack",), tuple(command for a, b in edges for command in (("M", (a,)), ("L", (b,)))))
    elif name in _GRIDS:
        yield from heat.draw(_GRIDS[name], x, y - 4 - heat.size(_GRIDS[name])[1] / 2)
    else:
        yield Box(("gad-rim",), x, y - 11, 20, 14, 5)
        yield Box(("gad-box",), x + 3, y - 8, 14, 8, 2)
