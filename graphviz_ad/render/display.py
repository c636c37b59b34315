"""The display list: a Scene, laid out and drawn in its complete state, ready to be lowered to SVG, PNG or PDF."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from graphviz_ad.render import edges, fit, frames, legend, metrics, nodes
from graphviz_ad.render.edges import Route
from graphviz_ad.render.geometry import Point, Rectangle
from graphviz_ad.render.items import Group, Item
from graphviz_ad.render.layout import Layout, arrange
from graphviz_ad.story.scene import Scene, SceneEdge, SceneNode


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
    page: Page | None = None  # None: as large as the picture is, a px to a unit


@dataclass(frozen=True, slots=True)
class Page:
    """The page that a picture stands on: its size in the world, and the part of the plane that it shows."""

    width: str  # as SVG says it: "3.5in", "1280"
    height: str
    pixels: tuple[float, float]  # the same in CSS px, 96 to the inch
    view: tuple[float, float, float, float]  # left, top, width and height in the picture's own units


def page_of(picture: Picture, static: bool = True) -> Page:
    """The page that a picture stands on with its legend; as large as the two of them where no width was asked for.

    In the explorer, which is not static, there is no legend, and the page around it says how wide a picture is.
    """
    if static and picture.page is not None:
        return picture.page
    width = max(picture.width, picture.legend_width) if static else picture.width
    height = picture.height + (picture.legend_height if static else 0)
    return Page(str(width), str(height), (width, height), (0, 0, width, height))


class Hand(Protocol):
    """How nodes and the numbers of edges are drawn, in units of which the layout has ``grain`` pixels to one."""

    grain: float

    def form(self, node: SceneNode, mode: str) -> Any:
        """What a node is made of; its ``outer`` is its width and height."""

    def draw(self, node: SceneNode, form: Any, centre: tuple[int, int]) -> Group:
        """The node around ``centre``."""

    def label_size(self, edge: SceneEdge, node: SceneNode, consumer: SceneNode) -> tuple[int, int] | None:
        """The space to keep free on an edge's line."""

    def line(
        self, edge: SceneEdge, node: SceneNode, consumer: SceneNode, route: Route, label: Point | None, *, across: bool
    ) -> Group:
        """The edge with its numbers."""


class Full:
    """Everything in the sizes of the stylesheet, as the explorer shows it."""

    grain = 1.0
    form = staticmethod(nodes.form)
    draw = staticmethod(nodes.draw)
    label_size = staticmethod(edges.label_size)
    line = staticmethod(edges.draw)


@dataclass(frozen=True, slots=True)
class Plan:
    """A scene that is laid out and not yet drawn: another layout of the same boxes can be drawn in its place."""

    scene: Scene
    hand: Hand
    direction: str
    forms: tuple[Any, ...]
    sizes: tuple[tuple[int, int], ...]  # of the nodes, in the layout's pixels, as all of the layout
    ends: tuple[tuple[int, int], ...]  # the edges, as indices of nodes
    labels: tuple[tuple[int, int] | None, ...]
    layout: Layout

    def picture(self, layout: Layout | None = None) -> Picture:
        """The display list."""
        scene, hand = self.scene, self.hand
        layout = _in_units(layout or self.layout, hand.grain)
        across = self.direction in {"LR", "RL"}
        lines = [
            hand.line(edge, scene.nodes[a], scene.nodes[b], route, label, across=across)
            for edge, (a, b), route, label in zip(scene.edges, self.ends, layout.routes, layout.labels, strict=True)
        ]
        boxes = [
            hand.draw(node, form, centre)
            for node, form, centre in zip(scene.nodes, self.forms, layout.nodes, strict=True)
        ]
        grounds = frames.draw(scene.frames, layout.frames)
        key, key_width, key_height = legend.draw(scene, layout.width, layout.height)
        return Picture(
            title=fit.title(scene.title),
            alt=metrics.visible(scene.alt),
            width=layout.width,
            height=layout.height,
            engine=layout.engine,
            items=(*grounds, *lines, *boxes),
            legend=key,
            legend_width=key_width,
            legend_height=key_height,
        )


def plan(scene: Scene, *, direction: str = "LR", engine: str = "auto", hand: Hand | None = None) -> Plan:
    """Lay a scene out; see `picture`."""
    hand = hand or Full()
    swept = any(node.adjoint is not None or node.tangent is not None for node in scene.nodes)
    forms = tuple(hand.form(node, scene.mode if swept else "values") for node in scene.nodes)
    position = {node.id: index for index, node in enumerate(scene.nodes)}
    ends = tuple((position[edge.input], position[edge.consumer]) for edge in scene.edges)
    sizes = tuple(_pixels(form.outer, hand.grain) for form in forms)
    wanted = [
        hand.label_size(edge, scene.nodes[a], scene.nodes[b]) for edge, (a, b) in zip(scene.edges, ends, strict=True)
    ]
    labels = tuple(None if size is None else _pixels(size, hand.grain) for size in wanted)
    place = {None: None} | {frame.id: index for index, frame in enumerate(scene.frames)}
    titles = [frames.label_size(frame) for frame in scene.frames]
    around = [
        (place[frame.frame], None if title is None else _pixels(title, hand.grain))
        for frame, title in zip(scene.frames, titles, strict=True)
    ]
    inside = [place[node.frame] for node in scene.nodes]
    layout = arrange(sizes, ends, labels, frames=around, inside=inside, direction=direction, engine=engine)
    return Plan(scene, hand, direction, forms, sizes, ends, labels, layout)


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
    return plan(scene, direction=direction, engine=engine).picture()


def _pixels(size: tuple[float, float], grain: float) -> tuple[int, int]:
    """A size in the layout's whole pixels."""
    return -int(-size[0] * grain // 1), -int(-size[1] * grain // 1)


def _in_units(layout: Layout, grain: float) -> Layout:
    """A layout in the units that things are drawn in. Its points need not be whole numbers any more."""
    if grain == 1:
        return layout

    def units(point: Any) -> Any:
        return point[0] / grain, point[1] / grain

    return replace(
        layout,
        nodes=tuple(units(point) for point in layout.nodes),
        routes=tuple(tuple(units(point) for point in route) for route in layout.routes),
        labels=tuple(None if point is None else units(point) for point in layout.labels),
        width=_pixels((layout.width / grain, 0), 1)[0],
        height=_pixels((layout.height / grain, 0), 1)[0],
        frames=tuple(Rectangle(*units(frame[:2]), *units(frame[2:])) for frame in layout.frames),
    )
