"""Draws the cells of an array: a heat map whose colours are centred on zero, or a mask that is on or off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graphviz_ad.render.items import Box, Item, Path, Point
from graphviz_ad.story.scene import Cells

LARGEST = 12  # px: a cell's side
HEIGHT = 48  # px: eight rows of 6
GAP = 1  # px between two cells, and before the first; none between means of blocks
RIM = 1  # px from there to the grid's outline
APART = 3  # px between stacked matrices
ALL_ON = 5  # a mask's level where every entry is on
SIGNS = {  # a minus is seen on every negative cell, and is as strong as the cell
    "gad-heat-minus-weak": (-1,),
    "gad-heat-minus": (-2, -3),
    "gad-heat-minus-strong": (-4, -5),
}

Field = tuple[float, float, float, float]  # left, top, width, height


def size(cells: Cells, cell: tuple[int, int] | None = None) -> tuple[int, int]:
    """Width and height of a grid with its outline."""
    wide, high = cell or _cell(cells)
    around = 2 * RIM + _gap(cells)
    return cells.columns * wide + around, cells.rows * high + around + (cells.slices - 1) * APART


def _gap(cells: Cells) -> int:
    return 0 if cells.note else GAP


def _cell(cells: Cells) -> tuple[int, int]:
    """Width and height of a cell, by the shape alone: large for a few rows, small for many."""
    high = min(LARGEST, HEIGHT // cells.rows)
    return LARGEST if cells.columns == 1 else high, high


def draw(cells: Cells, left: float, top: float, cell: tuple[int, int] | None = None) -> Iterator[Item]:
    """A grid whose upper left corner is given. Cells that are entries stand apart, those that are means touch."""
    wide, high = cell or _cell(cells)
    yield Box(("gad-grid",), left, top, *size(cells, cell), 1)
    gap = _gap(cells)
    fields: dict[int | None, list[Field]] = {}
    for k, level in enumerate(cells.levels):
        row, column = divmod(k, cells.columns)
        x = left + RIM + gap + column * wide
        y = top + RIM + gap + row * high + row // (cells.rows // cells.slices) * APART
        fields.setdefault(level, []).append((x, y, wide - gap, high - gap))
    yield from _mask(fields) if cells.mask else _heat(fields)
    if None in fields:
        yield Path(("gad-heat-nan",), tuple(part for field in fields[None] for part in _cross(field)))


def _heat(fields: dict[int | None, list[Field]]) -> Iterator[Path]:
    """One path for each level, so that a grid is a few elements however many cells it has.

    Every negative cell carries a minus: a print without colours tells it by that.
    """
    levels = sorted(level for level in fields if level is not None)
    for level in levels:
        yield _filled(heat_class(level), fields[level])
    for name, belongs in SIGNS.items():
        signs = tuple(part for level in levels if level in belongs for field in fields[level] for part in _minus(field))
        if signs:
            yield Path((name,), signs)


def heat_class(level: int) -> str:
    """The class of a level: gad-heat-n5 ... gad-heat-zero ... gad-heat-p5."""
    return "gad-heat-zero" if level == 0 else f"gad-heat-{'n' if level < 0 else 'p'}{abs(level)}"


def _mask(fields: dict[int | None, list[Field]]) -> Iterator[Path]:
    """What is on is filled, what is off an outline; between them (half on, a block's mean) a field of that area."""
    levels = sorted(level for level in fields if level is not None)
    off = [_inner(field, 0.7, 0.7) for level in levels if level < ALL_ON for field in fields[level]]
    if off:
        yield _filled("gad-mask-off", off)
    on = []
    for level in filter(None, levels):
        margin = (1 - (level / ALL_ON) ** 0.5) / 2
        on += [_inner(field, margin * field[2], margin * field[3]) for field in fields[level]]
    if on:
        yield _filled("gad-mask-on", on)


def _filled(name: str, fields: Iterable[Field]) -> Path:
    return Path((name,), tuple(part for field in fields for part in _outline(field)))


def _inner(field: Field, x: float, y: float) -> Field:
    left, top, width, height = field
    return left + x, top + y, width - 2 * x, height - 2 * y


def _outline(field: Field) -> Iterator[tuple[str, tuple[Point, ...]]]:
    left, top, width, height = field
    yield "M", ((left, top),)
    yield "L", ((left + width, top),)
    yield "L", ((left + width, top + height),)
    yield "L", ((left, top + height),)
    yield "Z", ()


def _minus(field: Field) -> Iterator[tuple[str, tuple[Point, ...]]]:
    left, top, width, height = field
    half = min(width, height) / 4
    yield "M", ((left + width / 2 - half, top + height / 2),)
    yield "L", ((left + width / 2 + half, top + height / 2),)


def _cross(field: Field) -> Iterator[tuple[str, tuple[Point, ...]]]:
    left, top, width, height = _inner(field, field[2] / 5, field[3] / 5)
    yield "M", ((left, top),)
    yield "L", ((left + width, top + height),)
    yield "M", ((left + width, top),)
    yield "L", ((left, top + height),)
