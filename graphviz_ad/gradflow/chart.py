"""A plot as a display list: a frame with its two axes, lines with gaps, bands, key and labels at fixed places."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphviz_ad.gradflow.profile import number
from graphviz_ad.render import metrics
from graphviz_ad.render.display import Picture
from graphviz_ad.render.items import Box, Group, Item, Path, Text
from graphviz_ad.render.svg import to_svg

Array = np.ndarray[Any, Any]
Commands = list[tuple[str, tuple[tuple[float, float], ...]]]
Tick = tuple[float, str]
Place = tuple[float, float, float, float]  # left, top, right, bottom

WIDTH, HEIGHT = 380, 300
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 50, 46  # what a panel leaves around its frame
SMALL = 11  # px, the size of ticks and keys
FLOATS = 300  # powers of ten beyond are no floats any more, or soon none
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Frame:
    """Where a plot stands on its panel, and what its axes run over; a logarithmic axis counts powers of ten."""

    across: tuple[float, float]
    up: tuple[float, float]
    left: float = LEFT
    top: float = TOP
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM

    def x(self, value: Any) -> Any:
        """The place of a number on the horizontal axis, px."""
        low, high = self.across
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def y(self, value: Any) -> Any:
        """The place of a number on the vertical axis, px."""
        low, high = self.up
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)

    def points(self, xs: Any, ys: Any) -> list[tuple[float, float]]:
        """Places of many, nan where a number is missing."""
        return list(zip(self.x(np.asarray(xs, float)).tolist(), self.y(np.asarray(ys, float)).tolist(), strict=True))


@dataclass(frozen=True)
class Panel:
    """One plot: what it shows, its words for who does not see it, and its parts."""

    title: str
    alt: str
    items: tuple[Item, ...]
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def picture(self) -> Picture:
        """The panel as a picture of its own."""
        drawn = tuple(item for item in self.items if not (isinstance(item, Path) and not item.commands))
        return Picture(self.title, metrics.visible(self.alt), self.width, self.height, "plot", drawn, None, 0, 0)

    def svg(self, prefix: str) -> str:
        """The panel for a page whose style colours it."""
        return to_svg(self.picture, theme="page", prefix=prefix)


# ---------------------------------------------------------------------------------------------------------- shapes


def runs(points: Iterable[tuple[float, ...]]) -> list[list[tuple[float, ...]]]:
    """Points in unbroken runs: nan ends one."""
    found: list[list[tuple[float, ...]]] = [[]]
    for point in points:
        if all(map(math.isfinite, point)):
            found[-1].append(point)
        elif found[-1]:
            found.append([])
    return [run for run in found if run]


def line(classes: tuple[str, ...], points: Iterable[tuple[float, float]]) -> Path:
    """A line through the points, broken where one is missing."""
    commands: Commands = []
    for run in runs(points):
        commands += _drawn((x, y) for x, y in run)
    return Path(classes, tuple(commands))


def area(classes: tuple[str, ...], low: Sequence[tuple[float, float]], high: Sequence[tuple[float, float]]) -> Path:
    """The area between two lines over the same places."""
    commands: Commands = []
    both = [(*below, above[1]) for below, above in zip(low, high, strict=True)]
    for run in runs(both):
        outline = [(x, below) for x, below, _ in run] + [(x, above) for x, _, above in reversed(run)]
        commands += [*_drawn(outline), ("Z", ())]
    return Path(classes, tuple(commands))


def _drawn(points: Iterable[tuple[float, float]]) -> Commands:
    return [("L" if place else "M", (point,)) for place, point in enumerate(points)]


def disc(classes: tuple[str, ...], x: float, y: float, radius: float) -> Box:
    """A filled circle."""
    return Box(classes, x - radius, y - radius, 2 * radius, 2 * radius, radius)


def variance(x: float, y: float, letter: str, *, anchor: str = "start") -> list[Item]:
    """σ² with its index, as a textbook sets it; ``x`` is the left end, or the middle."""
    left = x - 10 if anchor == "middle" else x
    return [Text(("gad-flow-name",), left, y, "σ²"), Text(("gad-flow-index",), left + 9, y + 4, letter)]


def chip(x: float, y: float, text: str, *classes: str) -> tuple[Group, Place]:
    """Words in the middle of a place, on a ground of their own; and the place that they take."""
    width = metrics.pixels(text, "sans", SMALL) + 8
    box = (x - width / 2, y - 9, x + width / 2, y + 6)
    ground = Box(("gad-flow-chip",), box[0], box[1], width, box[3] - box[1], 3)
    return Group((), (ground, Text(("gad-flow-chip-text", *classes), x, y + 3, text))), box


def apart(one: Place, other: Place) -> bool:
    """Whether two places do not meet."""
    return one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


def blank(item: Item) -> Item:
    """The same item, unseen: two pictures of one shape differ in little."""
    if isinstance(item, Group):
        return replace(item, items=tuple(map(blank, item.items)))
    return replace(item, classes=(*item.classes, "gad-flow-blank"))


# ------------------------------------------------------------------------------------------------------------ axes


def heading(text: str) -> Text:
    """The title above a frame."""
    return Text(("gad-flow-title",), 8, 17, text)


def axes(frame: Frame, across: Iterable[Tick], up: Iterable[Tick], *, grid: bool = True) -> list[Item]:
    """Ground, grid and ticks."""
    items: list[Item] = [
        Box(("gad-flow-ground",), frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top)
    ]
    for value, text in up:
        y = frame.y(value)
        if grid:
            items.append(Path(("gad-flow-grid",), (("M", ((frame.left, y),)), ("L", ((frame.right, y),)))))
        items.append(Text(("gad-flow-tick", "gad-flow-tick-up"), frame.left - 6, y + 4, text))
    for value, text in across:
        x = frame.x(value)
        items.append(Path(("gad-flow-axis",), (("M", ((x, frame.bottom),)), ("L", ((x, frame.bottom + 4),)))))
        items.append(Text(("gad-flow-tick",), x, frame.bottom + 17, text))
    corner = ((frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom))
    items.append(Path(("gad-flow-axis",), tuple(_drawn(corner))))
    return items


def key(entries: Sequence[tuple[str, tuple[str, ...], str]], y: float = 37, left: float = 8) -> list[Item]:
    """A row of samples with their words: ("line" or "area", classes, words)."""
    items: list[Item] = []
    x = left
    for kind, classes, words in entries:
        if kind == "area":
            items.append(Box(classes, x, y - 9, 16, 9))
        else:
            items.append(Path(classes, (("M", ((x, y - 4),)), ("L", ((x + 18, y - 4),)))))
        items.append(Text(("gad-flow-key",), x + 22, y, words))
        x += 22 + metrics.pixels(words, "sans", 10) + 12
    return items


def decades(low: float, high: float, most: int = 7) -> list[Tick]:
    """Ticks between two powers of ten: every so many powers, or 1, 2 and 5 of each where few fit.

    Examples
    --------
    >>> decades(-9.3, 0.4)
    [(-8, '10⁻⁸'), (-6, '10⁻⁶'), (-4, '10⁻⁴'), (-2, '10⁻²'), (0, '1')]
    """
    step = max(1, math.ceil((high - low) / most))
    ticks = [power for power in range(math.ceil(low), math.floor(high) + 1) if power % step == 0]
    if len(ticks) >= 3 or max(-low, high) > FLOATS:
        return [(power, "1" if power == 0 else f"10{str(power).translate(SUPERSCRIPTS)}") for power in ticks]
    tens = range(math.floor(low), math.ceil(high) + 1)
    places = [(power + math.log10(k), k * 10.0**power) for power in tens for k in (1, 2, 5)]
    return [(place, number(value)) for place, value in places if low <= place <= high]


def layer_ticks(last: int) -> list[int]:
    """Layer 1, and round numbers up to the last.

    Examples
    --------
    >>> layer_ticks(50)
    [1, 10, 20, 30, 40, 50]
    """
    rough = last / 6
    power = 10 ** math.floor(math.log10(max(rough, 1)))
    step = next(int(k * power) for k in (1, 2, 5, 10) if k * power >= rough)
    return [1, *(tick for tick in range(step, last + 1, step) if tick - 1 >= step / 2)]
