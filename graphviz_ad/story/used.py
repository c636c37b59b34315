"""Which cells of its inputs a cell of a result was computed from: structure, not numbers, so a zero hides nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.core.traced import Traced
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.led import led_from
from graphviz_ad.story.outline import Outline

Mask = np.ndarray[Any, np.dtype[np.bool_]]

MOST = 4096
"""So many cells of one input are listed; the rest is counted."""
TABLE = 64
"""Results of at most so many cells are answered for all their cells at once."""

_LANES = {
    "max", "min", "argmax", "argmin", "any", "all", "count_nonzero", "norm", "sort", "partition", "argsort",
    "sorted_order", "nanmax", "nanmin", "nanargmax", "nanargmin", "median", "nanmedian", "order_shares", "argpartition",
    "unwrap", "quantile", "percentile", "nanquantile", "nanpercentile",
}  # fmt: skip
"""What looks at every entry along its axes, though its derivative may come from a single one."""
_WHOLE = {("searchsorted", 0), ("digitize", 1), ("interval", 1)}
"""What is searched through, by primitive and argument: all of it counts."""
_MATRICES = {"det_sign", "cofactor", "cofactor_change"}
"""What looks at whole matrices, the last two axes."""


class Uses:
    """The cells that were used, for one outline.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> from graphviz_ad.story.outline import outline
    >>> shown = outline(gad.trace(lambda X, w: X @ w, np.ones((2, 3)), np.ones(3)))
    >>> for one in Uses(shown).of(2, 1)["inputs"]:
    ...     print(one["name"], one["cells"])
    X [3, 4, 5]
    w [0, 1, 2]
    """

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.graph: BaseGraph = outline.graph
        self._generic: dict[int, Traced] = {}

    def of(self, item: int, cell: int) -> dict[str, Any]:
        """What the cell at a flat index (C order) of an item's value was computed from, as strict JSON.

        ``inputs`` holds for every visible node the flat indices of the cells; at most `MOST` are listed, ``count``
        says how many there are. Behind sliding windows stands what the windows slide over: then ``through`` names
        them. ``unknown`` lists the ids of inputs of which nothing is known.
        """
        node = self.outline.node(item)
        if node is None:
            name = self.outline.items[item].name
            raise ArgumentError(f"{name!r} holds several values: ask for one of the nodes inside of it.")
        size = _size(node.shape)
        if not 0 <= cell < size:
            raise ArgumentError(f"{node.name!r} has no cell {cell}: its {size} cells are numbered from 0 in C order.")
        one = np.zeros(node.shape, bool)
        one.flat[cell] = True
        entering, unknown = self._entering(item, one)
        found: list[dict[str, Any]] = []
        for start, cells in entering.items():
            found += self._listed(item, start, cells)
        owner, items = self.outline.owner, self.outline.items
        return {
            "node": items[item].id,
            "cell": cell,
            "inputs": found,
            "unknown": sorted({items[owner[start]].id for start in unknown if start in owner}),
        }

    def table(self, item: int) -> dict[str, Any] | None:
        """`of` for every cell: under each input ``cells`` is a list of lists; None where that would be too long."""
        node = self.outline.node(item)
        if node is None or node.primitive is None or not 1 <= _size(node.shape) <= TABLE:
            return None
        rows = [self.of(item, cell) for cell in range(_size(node.shape))]
        if sum(one["count"] for row in rows for one in row["inputs"]) > MOST:
            return None
        inputs = []
        for same in zip(*(row["inputs"] for row in rows), strict=True):
            inputs.append({**same[0], "cells": [one["cells"] for one in same]})
            del inputs[-1]["count"]
        return {"node": rows[0]["node"], "inputs": inputs, "unknown": rows[0]["unknown"]}

    # -- one step back ----------------------------------------------------------------------------

    def read(self, position: int, argnum: int, cells: Mask) -> Mask | None:
        """The cells of one input from which these cells of a node were computed; None where that is not known."""
        record = self.graph.records[position]
        primitive, source = record.primitive, record.inputs[argnum]
        assert primitive is not None
        if primitive.kind == "cut" or primitive.name in ("astype", "astype_discrete"):
            return cells
        if REGISTRY.get(primitive.name) is not primitive:
            return None  # a user's own function, which may do anything
        if primitive.name in _LANES:
            # axes of the quantiles that were asked for stand in front
            several = np.ndim(record.params.get("q", 0.0))
            cells = np.asarray(cells.any(axis=tuple(range(several))))
            return _along(cells, source.shape, record.params.get("axis"))
        if (primitive.name, argnum) in _WHOLE:
            return np.full(source.shape, cells.any())
        if primitive.name in _MATRICES:
            return _along(cells, source.shape, (-2, -1))
        if primitive.kind in ("elementwise", "plain") or (primitive.name, argnum) == ("interp", 0):
            if primitive.name == "where" and argnum:
                condition = np.asarray(record.inputs[0].value, bool)
                cells = cells & (condition if argnum == 1 else ~condition)
            return np.asarray(sweep.sum_to_shape(cells.astype(int), source.shape), int).astype(bool)
        if not primitive.active(argnum):
            return led_from(record, argnum, cells)
        return self._by_rule(position, argnum, cells)

    def _by_rule(self, position: int, argnum: int, cells: Mask) -> Mask:
        """Where the rule that takes adjoints back gives something, at numbers among which none is special."""
        record = self._generic.get(position)
        if record is None:
            record = self._generic[position] = _at_generic_numbers(self.graph.records[position])
        rng = np.random.default_rng(1)
        adjoint = np.where(cells, rng.uniform(0.5, 1.5, cells.shape), 0.0)[()]
        if is_complex(record.value):  # a real input takes the real part: none must be without one
            adjoint = adjoint * (1 + 1j * np.asarray(rng.uniform(0.5, 1.5, cells.shape)))[()]
        with np.errstate(all="ignore"):
            sent = sweep.contribution(record, argnum, adjoint)
        return np.asarray(np.asarray(sent) != 0)

    # -- from a visible thing to what enters it ---------------------------------------------------

    def _entering(self, item: int, cells: Mask) -> tuple[dict[int, Mask], set[int]]:
        """Of everything that enters an item the cells that were used; and the positions of what is unknown."""
        shown, table = self.outline.items[item], self.graph.input_table
        inside = set(shown.positions)
        assert shown.result is not None
        used: dict[int, Mask] = {shown.result: cells}
        unknown: set[int] = set()
        for position in sorted(inside, reverse=True):
            for argnum, start in enumerate(table[position]):
                if position in unknown:
                    unknown.add(start)
                if position not in used:
                    continue
                read = self.read(position, argnum, used[position])
                if read is None:
                    unknown.add(start)
                else:
                    used[start] = used[start] | read if start in used else read
        order = [start for position in sorted(inside) for start in table[position] if start not in inside]
        return {start: used[start] for start in dict.fromkeys(order) if start in used}, unknown - inside

    def _listed(self, item: int, start: int, cells: Mask) -> list[dict[str, Any]]:
        """The cells of one input as they are sent, if it is visible, and of what is behind its windows."""
        found = []
        for position, through in ((start, None), (self._behind_windows(start), start)):
            if position is None:
                continue
            if through is not None:
                cells = self._through(position, through, cells)
            number = self.outline.owner.get(position)
            if number is None or self.outline.items[number].result != position or number == item:
                continue  # a number in the code, or one value of a group with several
            flat = np.flatnonzero(cells)
            found.append(
                {
                    "node": self.outline.items[number].id,
                    "name": self.graph.names[position],
                    "shape": list(self.graph.records[position].shape),
                    "through": "" if through is None else self.graph.names[through],
                    "cells": flat[:MOST].tolist(),
                    "count": len(flat),
                }
            )
        return found

    def _behind_windows(self, start: int) -> int | None:
        """What sliding windows slide over, before it was padded; None where a node is none of windows."""
        path = self._path(start)
        return path[-1] if path else None

    def _path(self, start: int) -> list[int]:
        """From windows, perhaps every second of them, to what they slide over, perhaps padded."""
        found: list[int] = []
        position = start
        for name, optional in (("index", True), ("sliding_window_view", False), ("pad", True)):
            primitive = self.graph.records[position].primitive
            if primitive is not None and primitive.name == name:
                position = self.graph.input_table[position][0]
                found.append(position)
            elif not optional:
                return []
        return found

    def _through(self, end: int, start: int, cells: Mask) -> Mask:
        """Cells of windows taken back to what they slide over."""
        position, used = start, cells
        for before in self._path(start):
            read = self.read(position, 0, used)
            assert read is not None
            position, used = before, read
        assert position == end
        return used


def _along(cells: Mask, shape: tuple[int, ...], axis: Any) -> Mask:
    """Every cell of a shape that lies with one of these on the same line (or plane) along axes."""
    if axis is None:
        return np.full(shape, cells.any())
    if cells.ndim != len(shape):
        cells = np.expand_dims(cells, axis)
    return np.broadcast_to(cells.any(axis=axis, keepdims=True), shape)


def _at_generic_numbers(record: Traced) -> Traced:
    """A node computed anew from random numbers; ints and bools that decide what is taken stay."""
    primitive = record.primitive
    assert primitive is not None
    if primitive.name == "interp":
        return record  # its knots must be in order
    rng = np.random.default_rng(0)
    values = [
        rng.uniform(0.5, 1.5, one.shape) if primitive.active(argnum) else one.value
        for argnum, one in enumerate(record.inputs)
    ]
    params = {name: value for name, value in record.params.items() if name != "dtype"}
    try:
        with np.errstate(all="ignore"):
            value = primitive.compute(*values, **params)
    except (ValueError, TypeError, ArithmeticError, np.linalg.LinAlgError):
        return record  # such as a Cholesky factor, which not every matrix has
    inputs = tuple(Traced(one, None, (), {"role": "input"}, None) for one in values)
    return Traced(value, primitive, inputs, params, None)


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=int))
