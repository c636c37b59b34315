"""The display list: a Scene, laid out and drawn in its complete state, ready to be lowered to SVG, PNG or PDF."""

from __future__ import annotations

from dataclasses import dataclass

from graphviz_ad.render import edges, fit, legend, metrics, nodes
from graphviz_ad.render.items import Group, Item
from graphviz_ad.render.layout import arrange
from graphviz_ad.story.scene import Scene


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn. ``legend`` lies below the graph, in static figures only."""

    title: str
    alt: str
    width: int
    height: int
    engine: str
    items: tuple[Item, ...]
    legend: Group | None
    legend_width: int
    legend_height: int


def picture(scene: Scene, *, direction: str = "LR", engine: str = "auto") -> Picture:
    """Lay a scene out and draw it.

    Parameters
    ----------
    scene
        What to draw.
    direction
        Where the values flow, see `graphviz_ad.render.layout.arrange`.
    engine
        The layout engine: "auto", "dot" or "layered".
    """
    swept = any(node.adjoint is not None or node.tangent is not None for node in scene.nodes)
    forms = [nodes.form(node, scene.mode if swept else "values") for node in scene.nodes]
    position = {node.id: index for index, node in enumerate(scene.nodes)}
    ends = [(position[edge.input], position[edge.consumer]) for edge in scene.edges]
    placed = [(edge, scene.nodes[a], scene.nodes[b]) for edge, (a, b) in zip(scene.edges, ends, strict=True)]
    layout = arrange(
        [form.outer for form in forms],
        ends,
        [edges.label_size(*edge) for edge in placed],
        direction=direction,
        engine=engine,
    )
    across = direction in {"LR", "RL"}
    lines = [
        edges.draw(*edge, route, label, across=across)
        for edge, route, label in zip(placed, layout.routes, layout.labels, strict=True)
    ]
    boxes = [
        nodes.draw(node, form, centre) for node, form, centre in zip(scene.nodes, forms, layout.nodes, strict=True)
    ]
    key, key_width, key_height = legend.draw(scene, layout.width, layout.height)
    return Picture(
        title=fit.title(scene.title),
        alt=metrics.visible(scene.alt),
        width=layout.width,
        height=layout.height,
        engine=layout.engine,
        items=(*(lines[index] for index in edges.paint_order(layout.routes, layout.labels)), *boxes),
        legend=key,
        legend_width=key_width,
        legend_height=key_height,
    )
