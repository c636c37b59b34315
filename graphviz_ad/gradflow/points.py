"""The points of a sweep: what a grid asks for, checked before anything is measured, and their pieces."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.measurement import TOGETHER
from graphviz_ad.gradflow.settings import Settings, known, title

NAMES = tuple(field.name for field in dataclasses.fields(Settings))
"""The arguments of `measure`."""

PIECE = 0.1
"""Seconds that a piece of a point takes at least, by `cost`: below it, handing it out costs more than it saves."""


@dataclass(frozen=True)
class Point:
    """One point of a grid: its number from 1 on, what was asked there, and all settings that follow."""

    number: int
    asked: Mapping[str, Any]
    settings: Settings

    def __str__(self) -> str:
        return f"point {self.number} ({worded(self.asked)})"


def worded(asked: Mapping[str, Any]) -> str:
    """Settings as one writes them: ``activation='tanh', depth=50``."""
    shown = (f"{name}={title(value) if callable(value) else repr(value)}" for name, value in asked.items())
    return ", ".join(shown) or "no settings"


def points_of(grid: Any, fixed: Mapping[str, Any]) -> list[Point]:
    """The points of a grid in its order, the last name changing fastest; every setting is checked.

    Examples
    --------
    >>> [str(point) for point in points_of({"depth": [5, 10], "activation": ["tanh"]}, {"width": 8})]
    ["point 1 (depth=5, activation='tanh')", "point 2 (depth=10, activation='tanh')"]
    """
    for name in fixed:
        known(name, "setting", NAMES)
    if isinstance(grid, Mapping):
        for name in grid:
            known(name, "setting in the grid", NAMES)
        lists = [_values(name, values) for name, values in grid.items()]
        asked: list[dict[str, Any]] = [dict(zip(grid, values, strict=True)) for values in itertools.product(*lists)]
    elif isinstance(grid, Sequence) and not isinstance(grid, str) and all(isinstance(row, Mapping) for row in grid):
        asked = [dict(row) for row in grid]
    else:
        raise ArgumentError(
            f"grid is {brief(grid)}; it must be a dict of lists, such as {{'activation': ['tanh', 'relu'], 'depth': "
            "[10, 50]}, or a list of dicts of settings, one for each point."
        )
    if not asked:
        raise ArgumentError("grid has no point: it is empty.")
    points = [_point(number, settings, fixed) for number, settings in enumerate(asked, 1)]
    places: dict[Settings, Point] = {}
    for point in points:
        twin = places.setdefault(point.settings, point)
        if twin is not point:
            raise ArgumentError(f"{twin} and {point} have the same settings; a grid holds each point once.")
    return points


def _point(number: int, asked: dict[str, Any], fixed: Mapping[str, Any]) -> Point:
    for name in asked:
        known(name, f"setting in point {number}", NAMES)
        if name in fixed:
            raise ArgumentError(f"{name} is in the grid and among the fixed settings; leave one of the two out.")
    try:
        return Point(number, asked, Settings(**{**fixed, **asked}))
    except ArgumentError as error:
        raise ArgumentError(f"point {number} ({worded(asked)}): {error}") from error


def _values(name: str, values: Any) -> list[Any]:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        shown = title(values) if callable(values) else repr(values)
        raise ArgumentError(
            f"grid[{name!r}] is {shown}; it must be a list of values. A setting that is the same everywhere stands "
            f"beside the grid: sweep(grid, {name}={shown})."
        )
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    if not listed:
        raise ArgumentError(f"grid[{name!r}] is empty; it must hold at least one value.")
    return listed


def cost(settings: Settings) -> float:
    """About how many seconds one core needs, for deciding what pays; within a factor of a few."""
    depth, width, batch, seeds = settings.depth, settings.width, settings.batch, len(settings.seeds)
    calls = seeds if width > TOGETHER else 1  # narrow nets of all seeds go through one sweep
    python = 2e-4 * depth * calls
    products = 6 * batch * width**2 * depth * seeds / 2e10
    elementwise = 3e-8 * batch * width * depth * seeds
    draws = 1.5e-8 * width**2 * depth * seeds
    if settings.init in {"orthogonal", "lsuv"}:
        draws += 1e-9 * width**3 * depth * seeds
    return python + products + elementwise + draws


def pieces_of(settings: Settings) -> list[Settings]:
    """The same point in pieces of fewer seeds, where each is work enough; how many does not depend on who works.

    Examples
    --------
    >>> [piece.seeds for piece in pieces_of(Settings(depth=200, seeds=(3, 5)))], len(pieces_of(Settings(depth=2)))
    ([(3,), (5,)], 1)
    """
    seeds = settings.seeds
    if settings.width <= TOGETHER:
        return [settings]
    block = max(1, round(PIECE * len(seeds) / cost(settings)))
    if block >= len(seeds):
        return [settings]
    return [dataclasses.replace(settings, seeds=seeds[start : start + block]) for start in range(0, len(seeds), block)]
