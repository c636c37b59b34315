"""The answers about costs and paths that the explorer's panels ask for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from graphviz_ad.story.cost import cost_data
from graphviz_ad.story.timeline import can_sweep
from graphviz_ad.story.ways import paths_data
from graphviz_ad.widget.details import whole

if TYPE_CHECKING:
    from graphviz_ad.widget.view import View

BAKED = 12
"""Of so many inputs a page carries the paths."""


def cost(view: View) -> dict[str, Any]:
    """Return what derivatives of this graph cost."""
    return cost_data(view.line)


def paths(view: View, argument: str) -> dict[str, Any]:
    """Return the paths from one visible thing, by its id."""
    return paths_data(view.line, whole(argument))


def inputs(view: View) -> Iterator[str]:
    """Yield the ids of the visible inputs from which there may be paths."""
    graph = view.line.graph
    if view.line.seed_step is None or not (view.mode == "reverse" or can_sweep(graph)):
        return
    wanted = {node.id for node in graph.inputs if node.differentiable}
    shown = (item.id for item in view.line.outline.items if item.group is None and item.id in wanted)
    yield from islice(map(str, shown), BAKED)
