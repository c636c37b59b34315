"""Answers of the What if panel: a nudged node, and the check of the whole graph by finite differences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from graphviz_ad.core.primitive import is_ours
from graphviz_ad.story.check import check as checked
from graphviz_ad.story.nudge import WHOLE
from graphviz_ad.story.nudge import nudge as nudged
from graphviz_ad.story.timeline import can_sweep
from graphviz_ad.widget.details import whole

if TYPE_CHECKING:
    from graphviz_ad.widget.view import View

BAKED = 8
"""Of so many nodes a page carries what a nudge does."""
ENTRIES = 200_000
"""Graphs of more numbers are not computed again a hundred times for a page."""
FOREIGN = 40
"""Nor are graphs with more operations that are not ours: PyTorch takes far longer for a small one than NumPy."""


def nudge(view: View, argument: str) -> dict[str, Any]:
    """Return what a nudge of "id", of an array's "id:cell", or of all its entries, "id:all", does."""
    item, _, cell = argument.partition(":")
    which = {"": None, WHOLE: WHOLE}[cell] if cell in ("", WHOLE) else whole(cell)
    return nudged(view.line, whole(item), which).answer()


def check(view: View) -> dict[str, Any]:
    """Return the findings of finite differences for every edge and node."""
    return checked(view.line).answer()


def nodes(view: View) -> Iterator[str]:
    """Yield the ids of the visible nodes that can be nudged, inputs first."""
    line = view.line
    if not _small(view) or not can_sweep(line.graph):
        return
    shown = [(item.id, line.outline.node(number)) for number, item in enumerate(line.outline.items)]
    able = [(id_, node) for id_, node in shown if node is not None and node.differentiable and 0 not in node.shape]
    able.sort(key=lambda pair: pair[1].kind != "input")
    yield from islice((str(id_) for id_, _ in able), BAKED)


def checks(view: View) -> list[str]:
    """Return the one check that there is, where a page carries it."""
    return [""] if _small(view) else []


def _small(view: View) -> bool:
    records = view.line.graph.records
    if sum(not is_ours(record.primitive) for record in records) > FOREIGN:
        return False
    return sum(record.size for record in records) <= ENTRIES
