"""Answers of the Details and Cells panels: a node or an edge, an array, the cells that a cell was computed from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_ad.errors import ArgumentError
from graphviz_ad.story import arrays

if TYPE_CHECKING:
    from graphviz_ad.widget.view import View

WHICH = ("value", "adjoint", "tangent")
BUDGET = 16_384
"""So many entries of arrays a page carries at most; they are in it for looking closer."""
_DIGITS = 18
"""No index has more, and an int of thousands of digits cannot be read at all."""


def node(view: View, argument: str) -> dict[str, Any]:
    """Return everything about the node with this id."""
    return view.told_of_node(view.inspector.node(_item(view, argument)))


def edge(view: View, argument: str) -> dict[str, Any]:
    """Return everything about the edge with this index."""
    index = whole(argument)
    if not 0 <= index < len(view.line.outline.links):
        raise ArgumentError(f"there is no edge {argument!r} in this picture.")
    facts = view.inspector.edge(index)
    return view.misplay.edge(facts) if view.wrong else facts


def nodes(view: View) -> Iterator[str]:
    """Yield the id of every visible node."""
    yield from (str(item.id) for item in view.line.outline.items)


def edges(view: View) -> Iterator[str]:
    """Yield the index of every visible edge."""
    yield from (str(link.index) for link in view.line.outline.links)


def array(view: View, argument: str) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    """Return entries, statistics and scale of "id:value", "id:adjoint" or "id:tangent", and bytes for a large one."""
    which, value = _array(view, argument)
    data, buffers = arrays.entries(value)
    data["statistics"] = arrays.statistics(value, view.precision)
    data["means"] = arrays.means(value) if buffers else None
    ends = {kind: float(end) for kind, _, end in view.scene.scales}
    data["scale"] = ends.get(which) or arrays.largest(value)  # the number of the strongest colour, as in the picture
    return data, buffers


def statistics(view: View, argument: str) -> dict[str, Any]:
    """Return what "id:value", "id:adjoint" or "id:tangent" is like as a whole."""
    return arrays.statistics(_array(view, argument)[1], view.precision)


def baked_arrays(view: View) -> Iterator[str]:
    """Yield what a page answers of arrays: every array that a node shows, as far as the page's size allows.

    The tangents of other looks, one for each input that may be seeded, would make it several times as large.
    """
    left = BUDGET
    outline = view.line.outline
    for number, item in enumerate(outline.items):
        shown = outline.node(number)
        if shown is None or not shown.shape:
            continue
        size = int(np.prod(shown.shape, dtype=int))
        for which in WHICH if not view.look else WHICH[:1]:
            cost = min(size, arrays.MOST_ENTRIES)
            if cost <= left and _number(view, number, which) is not None:
                left -= cost
                yield f"{item.id}:{which}"


def used(view: View, argument: str) -> dict[str, Any]:
    """Return the cells from which the cell "id:cell" was computed; of "id" alone a table for all its cells."""
    name, _, cell = argument.partition(":")
    item = _item(view, name)
    if cell:
        return view.uses.of(item, whole(cell))
    table = view.uses.table(item)
    if table is None:
        raise ArgumentError("this table would be too long: ask for one cell.")
    return table


def baked_uses(view: View) -> Iterator[str]:
    """Yield the nodes for all of whose cells a page knows from where they come."""
    for number, item in enumerate(view.line.outline.items):
        shown = view.line.outline.node(number)
        if shown is not None and shown.shape and view.uses.table(number) is not None:
            yield str(item.id)


def whole(text: str) -> int:
    """Return the number of a node, an edge or a cell, as it stands in a question."""
    if not text.isascii() or not text.isdigit():
        raise ArgumentError(f"{text!r} is no whole number.")
    if len(text) > _DIGITS:
        raise ArgumentError(f"{text[:_DIGITS]}… is more than there are nodes, edges or cells.")
    return int(text)


def _item(view: View, text: str) -> int:
    number = view.inspector.numbers.get(whole(text))
    if number is None:
        raise ArgumentError(f"there is no node {text!r} in this picture.")
    return number


def _array(view: View, argument: str) -> tuple[str, Any]:
    name, _, which = argument.partition(":")
    if which not in WHICH:
        raise ArgumentError(f"unknown numbers: {which!r} (must be one of {list(WHICH)})")
    value = _number(view, _item(view, name), which)
    if value is None:
        raise ArgumentError(f"this node has no {which} in this story.")
    return which, value


def _number(view: View, number: int, which: str) -> Any:
    """One of a node's numbers, where the story has it."""
    shown = view.line.outline.node(number)
    # the graph's own adjoints are not those of a story that is wrong on purpose
    told = {"value": True, "adjoint": view.inspector.swept and not view.wrong, "tangent": view.inspector.forward}
    if shown is None or not told[which]:
        return None
    return view.adjoint_of(shown) if which == "adjoint" else getattr(shown, which)
