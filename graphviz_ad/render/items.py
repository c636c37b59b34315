"""What a picture is made of: boxes, paths, texts and groups of them, at fixed places and without colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

Point = tuple[float, float]
ARC = 0.5523  # control points of a quarter circle, in radii from its ends


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with rounded corners."""

    classes: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float
    radius: float = 0


@dataclass(frozen=True, slots=True)
class Path:
    """Lines and curves: commands "M", "L" (one point each), "C" (three points) and "Z" (none)."""

    classes: tuple[str, ...]
    commands: tuple[tuple[str, tuple[Point, ...]], ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text on its baseline.

    ``size`` is set where it is not what the style says, ``length`` (px) where the viewer's font must not change it.
    """

    classes: tuple[str, ...]
    x: float
    y: float
    text: str
    size: float | None = None
    length: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Items that belong together; ``hooks`` are the data attributes by which scripts and tests find them."""

    classes: tuple[str, ...]
    items: tuple[Item, ...]
    hooks: tuple[tuple[str, str], ...] = ()
    title: str = ""


Item = Box | Path | Text | Group


def parts(items: Iterable[Item]) -> Iterator[Item]:
    """All items, groups first and then what is in them."""
    for item in items:
        yield item
        if isinstance(item, Group):
            yield from parts(item.items)


def moved(item: Item, right: float, down: float) -> Item:
    """The same item at another place."""
    if isinstance(item, Group):
        return replace(item, items=tuple(moved(part, right, down) for part in item.items))
    if isinstance(item, Path):
        commands = ((letter, tuple((x + right, y + down) for x, y in points)) for letter, points in item.commands)
        return replace(item, commands=tuple(commands))
    return replace(item, x=item.x + right, y=item.y + down)
