"""Draws the legend of a static figure: what each sign in it means, as short as it can be said."""

from __future__ import annotations

from collections.abc import Iterator

from graphviz_ad.render import fit
from graphviz_ad.render.edges import pair_of_strokes
from graphviz_ad.render.items import Box, Group, Item, Text
from graphviz_ad.render.nodes import GLYPH, triangle
from graphviz_ad.story.scene import Scene

LEFT = 14
ROW = 20
GAP = 18  # between two entries
LEAST = 460  # a legend may be this wide where the graph is narrower

_SAMPLES = {  # widths in px
    "value": GLYPH,
    "local": 8,
    "adjoint": GLYPH,
    "tangent": GLYPH,
    "contribution": 22,
    "counter": 25,
    "break": 16,
    "output": 20,
}


def draw(scene: Scene, width: int, top: int) -> tuple[Group | None, int, int]:
    """The legend below a graph of this width, its own width and its height; None where nothing backward is shown."""
    entries = list(_entries(scene))
    if not entries:
        return None, 0, 0
    limit = max(width, LEAST) - LEFT
    items: list[Item] = []
    x, y, right = LEFT, top + 12, 0
    for name, words in entries:
        length = _SAMPLES[name] + 5 + fit.measure(words, "sans", "gad-key")
        if x > LEFT and x + length > limit:
            x, y = LEFT, y + ROW
        items += _sample(name, x, y)
        items.append(Text(("gad-key",), x + _SAMPLES[name] + 5, y, words))
        right = max(right, x + length)
        x += length + GAP
    return Group(("gad-legend",), tuple(items)), right + LEFT, y + 12 - top


def _entries(scene: Scene) -> Iterator[tuple[str, str]]:
    """What this picture shows and a newcomer may not know: a sample and its meaning."""
    backward = any(node.adjoint is not None for node in scene.nodes)
    forward = any(node.tangent is not None for node in scene.nodes)
    if not backward and not forward:
        return
    yield "value", "value"
    if any(edge.local_text is not None for edge in scene.edges):
        yield "local", "local derivative"
    if scene.mode == "forward":
        yield "tangent", "tangent"
    else:
        yield "adjoint", "adjoint"
        if any(edge.contribution_text is not None for edge in scene.edges):
            yield "contribution", "sent back: adjoint of the consumer \u00d7 \u2202"
        if any(node.consumers > 1 for node in scene.nodes):
            yield "counter", "contributions added"
    if any(edge.cut for edge in scene.edges):
        yield "break", "no derivative passes"
    if any(node.output for node in scene.nodes):
        yield "output", "output"


def _sample(name: str, x: float, y: float) -> Iterator[Item]:
    """The sample left of an entry's words, on the baseline ``y``."""
    if name in {"value", "adjoint", "tangent"}:
        yield triangle(name, x, y - 4)
    elif name == "local":
        yield Text(("gad-number-local",), x + 4, y, "\u2202")
    elif name == "contribution":
        yield Box(("gad-chip-contribution",), x, y - 11, 22, 14, 4)
        yield Text(("gad-number-contribution",), x + 11, y, "\u25bc", 10)
    elif name == "counter":
        yield Text(("gad-counter",), x + 25, y, "\u03a3 2/2")
    elif name == "break":
        yield from pair_of_strokes(x + 8, y - 4, across=True)
    else:
        yield Box(("gad-rim",), x, y - 11, 20, 14, 5)
        yield Box(("gad-box",), x + 3, y - 8, 14, 8, 2)
