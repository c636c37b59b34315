"""A row of a comparison: the adjoint that a backward pass gave for a node beside the graph's, and how they differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad.core.graph import Node
from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.visible import called
from graphviz_ad.exercises.draws import value_of
from graphviz_ad.story.numbers import brief, shape_text, short

RIGHT, WRONG, SHAPE, MISSING, UNREAD = "right", "wrong", "shape", "missing", "unread"


@dataclass(frozen=True, slots=True)
class Row:
    """One node: the adjoint that came back, and the graph's."""

    name: str
    status: str
    yours: Any
    right: Any
    error: float
    """The largest difference, relative to the largest entry of the right adjoint; nan where there is none."""

    @property
    def right_shape(self) -> tuple[int, ...]:
        """The shape of the node, and of its adjoint."""
        return shape_of(self.right)

    def texts(self) -> tuple[str, ...]:
        """The row as a table shows it."""
        mark = {RIGHT: "✓", MISSING: "missing", UNREAD: "no numbers"}.get(self.status, "✗")
        yours = "" if self.status in (MISSING, UNREAD) else _entry(self.yours)
        off = (
            ""
            if self.status in (RIGHT, MISSING, UNREAD)
            else self.status
            if math.isnan(self.error)
            else short(self.error)
        )
        return called(self.name), mark, yours, _entry(self.right), off


def _entry(value: Any) -> str:
    shape = shape_text(shape_of(value))
    return f"{brief(value)} {shape}".strip() if shape else brief(value)


def row_of(node: Node, yours: Any, rtol: float) -> Row:
    """The row of a node; ``yours`` is None where nothing came back for it."""
    right = node.adjoint
    if yours is None:
        return Row(node.name, MISSING if node.reached else RIGHT, None, right, math.nan)
    yours = value_of(yours)
    try:
        array = np.asarray(yours, float)[()]
    except (TypeError, ValueError):
        return Row(node.name, UNREAD, yours, right, math.nan)
    if array.shape != np.shape(right):
        return Row(node.name, SHAPE, array, right, math.nan)
    exact = np.asarray(right, float)
    with np.errstate(all="ignore"):
        rtol = max(rtol, 1e3 * float(np.finfo(node.dtype).eps))
        size = float(np.max(np.abs(exact[np.isfinite(exact)]), initial=0.0)) if exact.shape else abs(float(exact))
        off = np.abs(array - exact)
        same = (array == exact) | (np.isnan(array) & np.isnan(exact))
        worst = float(np.max(np.where(same, 0.0, off), initial=0.0))
    error = worst / size if size else (0.0 if worst <= 1e-12 else math.inf)
    return Row(node.name, RIGHT if error <= rtol else WRONG, array, right, error)


def off(row: Row) -> str:
    """How a row of the right shape is wrong, in a sentence."""
    yours, right = np.asarray(row.yours, float), np.asarray(row.right, float)
    with np.errstate(all="ignore"):
        distance = np.abs(yours - right)
    distance = np.where(np.isnan(distance), np.inf, distance)
    if distance.size == 1:
        return f"You have {short(yours.item())}, the graph has {short(right.item())}."
    place = np.unravel_index(int(np.argmax(distance)), distance.shape)
    wrong = int(np.sum(distance > 1e-6 * np.max(np.abs(right), initial=0.0)))
    where = ", ".join(str(int(n)) for n in place)
    count = (
        "Every entry is"
        if wrong == distance.size
        else f"{wrong} of {distance.size} entries {'is' if wrong == 1 else 'are'}"
    )
    ratio = _ratio(yours, right)
    times = "" if ratio is None else f", {short(ratio)} times the graph's" if wrong == distance.size else ""
    return f"{count} off{times}; at [{where}] you have {short(yours[place])}, the graph has {short(right[place])}."


def _ratio(yours: Any, right: Any) -> float | None:
    """The one factor between two arrays."""
    size = float(np.sum(right * right))
    ratio = float(np.sum(yours * right)) / size if size else 0.0
    near = np.isfinite(ratio) and np.allclose(yours, ratio * right, rtol=1e-6, atol=1e-12 * abs(ratio) * size**0.5)
    return ratio if near and ratio not in (0.0, -1.0) else None  # the other sign has a name of its own
