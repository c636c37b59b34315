"""Texts that fit: as they are, smaller, or shortened, by DejaVu's widths and the stylesheet's sizes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from graphviz_ad.render import metrics, theme
from graphviz_ad.render.items import Text

SMALLEST = 9  # px: a number that would have to be smaller is shortened instead ...
SHORTENED = 11  # ... and then needs not be that small
MAX_TITLE = 300  # characters of a tooltip


@cache
def size(name: str) -> int:
    """The font size of a class, in px."""
    return int(theme.style(name)["font-size"].removesuffix("px"))


def measure(text: str, font: str, name: str) -> int:
    """The width of a text in a class's size, in whole px."""
    return metrics.pixels(text, font, size(name))


def shorten(text: str, font: str, name: str, room: int) -> str:
    """A name or an operation as it can be shown in ``room`` px: beginning and end stay, an ellipsis in the middle."""
    return metrics.shorten(metrics.visible(text), font, size(name), room)


def title(text: str) -> str:
    """A tooltip: in full, unless it is absurdly long."""
    shown = metrics.visible(text)
    return shown if len(shown) <= MAX_TITLE else shown[: MAX_TITLE - 1] + metrics.ELLIPSIS


def placed(classes: tuple[str, ...], x: float, y: float, text: str, font: str) -> Text:
    """A text for which room was made; held to its width where that is a guess, because DejaVu lacks a character."""
    guessed = not all(metrics.covered(char, font) for char in text)
    return Text(classes, x, y, text, None, measure(text, font, classes[0]) if guessed else None)


def number(classes: tuple[str, ...], x: float, y: float, text: str, room: int) -> Text:
    """A number, in the monospaced font: smaller where it is too wide for ``room`` px, shortened where it still is."""
    shown = metrics.visible(text[: metrics.MAX_SHOWN + 1])
    wanted = size(classes[0])
    for smaller in range(wanted, SMALLEST - 1, -1):
        width = metrics.pixels(shown, "mono", smaller)
        if width <= room:
            fitting = Text(classes, x, y, shown)
            return fitting if smaller == wanted else replace(fitting, size=smaller, length=width)
    shown = metrics.shorten(shown, "mono", SHORTENED, room, keep_end=False)
    return Text(classes, x, y, shown, SHORTENED, metrics.pixels(shown, "mono", SHORTENED))
