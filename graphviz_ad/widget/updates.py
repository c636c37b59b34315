"""Draws the heat map of a parameter's new value behind that of the old one; a style shows one of the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from graphviz_ad.render import heat
from graphviz_ad.render.items import Box, Group, Item
from graphviz_ad.story.cells import on_scale

if TYPE_CHECKING:
    from graphviz_ad.render.display import Picture
    from graphviz_ad.story.outline import Outline
    from graphviz_ad.story.scene import Cells, Scene
    from graphviz_ad.story.training import Iteration


def updated_cells(scene: Scene, outline: Outline, iteration: Iteration) -> dict[str, Cells]:
    """Return the heat maps of the new values by the id of their node, on the scale of the old ones."""
    shown = {node.id: node for node in scene.nodes}
    peak = next((float(end) for kind, _, end in scene.scales if kind == "value"), 0.0)
    found = {}
    for parameter in iteration.parameters:
        node = shown.get(outline.items[outline.owner[parameter.id]].id)
        if node is None or node.kind == "group" or node.value_cells is None or parameter.new is None:
            continue
        cells = on_scale(parameter.new, peak)
        if cells is not None:
            found[str(node.id)] = cells
    return found


def with_updates(picture: Picture, cells: Mapping[str, Cells]) -> Picture:
    """Return a picture for the front end: the new heat maps stand beside the old ones, and are not displayed."""

    def walked(item: Item, known: Cells | None) -> list[Item]:
        if not isinstance(item, Group):
            return [item]
        known = cells.get(dict(item.hooks).get("data-id", "")) if "gad-node" in item.classes else known
        made = replace(item, items=tuple(part for one in item.items for part in walked(one, known)))
        if known is None or "gad-heat-value" not in item.classes:
            return [made]
        grid = next(one for one in item.items if isinstance(one, Box))
        drawn = tuple(heat.draw(known, grid.x, grid.y))
        return [made, replace(item, classes=("gad-heat-updated",), items=drawn, hooks=(("display", "none"),))]

    return replace(picture, items=tuple(part for item in picture.items for part in walked(item, None)))
