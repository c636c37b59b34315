"""The paths from one node to the output as a picture shows them: visible edges, products in symbols and in numbers."""

from __future__ import annotations

from typing import Any

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.traced import shape_of
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.equations import is_scalar, local_term, number_term, partial_term
from graphviz_ad.story.narration import described
from graphviz_ad.story.notation import printer
from graphviz_ad.story.numbers import brief, enclosed
from graphviz_ad.story.outline import Item, Outline
from graphviz_ad.story.paths import Path, Paths
from graphviz_ad.story.terms import Term
from graphviz_ad.story.timeline import Timeline

LISTED = 50
"""So many paths are listed: what one may read one by one."""
_LONG = 10  # of a longer product only the ends are written
_ORDER = (
    "The factors stand in the order of the path. As matrices, ∂u/∂x with a row for each entry of u, they are "
    "multiplied in the opposite order, the output's first."
)


def paths_data(line: Timeline, number: int) -> dict[str, Any]:
    """The paths from one visible thing, by its id, as strict JSON.

    Every path has ``links``, the visible edges along it, by index; ``inside``, the names of collapsed groups in which
    other edges of it lie; and texts: ``route``, ``symbols``, ``factors``, ``product``. Several paths may look the same
    where groups are collapsed. ``order`` says in which order factors that are no numbers are meant.
    """
    outline = line.outline
    node = _start(outline, number)
    paths = Paths(line.graph, node.id, None, LISTED)
    link_of = {place: link.index for link in outline.links for place in link.edges}
    place_of = {(edge.consumer.id, edge.argnum): place for place, edge in enumerate(line.graph.edges)}
    found = []
    for path in paths:
        edges = path.edges
        links, inside = [], []
        for edge in edges:
            link = link_of.get(place_of[edge.consumer.id, edge.argnum])
            if link is not None:
                links.append(link)
            elif (item := _around(outline, edge)) is not None:
                inside.append(item.name)
        found.append(
            {
                "links": list(dict.fromkeys(links)),
                "inside": list(dict.fromkeys(inside)),
                "route": path.route,
                "symbols": _symbols(path),
                "factors": path.factors,
                "product": described(path.product),
            }
        )
    adjoint = paths.node.adjoint
    return {
        "name": node.name,
        "paths": found,
        "count": f"{paths.count:,}" if paths.count < 10**21 else "",
        "work": paths.work,
        "complete": paths.complete,
        "total": None if paths.total is None else described(paths.total),
        "adjoint": None if adjoint is None else described(adjoint),
        "order": _ORDER if any(node.shape or is_complex(node.value) for path in paths for node in path.nodes) else "",
        "summary": paths.summary,
        "comparison": paths.comparison if paths.count else "",
    }


def _start(outline: Outline, number: int) -> Node:
    for place, item in enumerate(outline.items):
        if item.id == number:
            node = outline.node(place)
            if node is None:
                raise ArgumentError(f"several values leave the group {item.name}: open it to follow one of them.")
            return node
    raise ArgumentError(f"nothing visible has the id {number}.")


def _around(outline: Outline, edge: Edge) -> Item | None:
    number = outline.owner.get(edge.consumer.id)
    return None if number is None else outline.items[number]


def _symbols(path: Path) -> str:
    """The local derivatives along a path as a product in symbols, of tensors as ∂u/∂x; then a seed that is not 1."""
    edges, seed = path.edges, path.seed
    shown = edges if len(edges) <= _LONG else [*edges[:3], *edges[-2:]]
    drawn = [_PRINTER.drawn(_local(edge)) for edge in shown]
    alone = len(drawn) == 1 and not _said(seed)
    factors = [text if alone else _enclosed(text, level, not at) for at, (text, level) in enumerate(drawn)]
    if len(edges) > _LONG:
        factors.insert(3, "…")
    if _said(seed):
        factors.append(f"seed {enclosed(brief(seed))}")
    return " · ".join(factors)


def _said(seed: Any) -> bool:
    return bool(shape_of(seed)) or seed != 1


def _local(edge: Edge) -> Term:
    """∂consumer/∂input in its own symbols where it is a number, or an array that scales; else as ∂consumer/∂input."""
    if is_complex(edge.consumer.value) or is_complex(edge.input.value):
        return partial_term(edge)  # what it does to both parts, not one number
    found = local_term(edge)
    if found is None and is_scalar(edge):
        found = number_term(edge)
    return partial_term(edge) if found is None else found


def _enclosed(text: str, level: int, first: bool) -> str:
    """A factor in parentheses where the product would tear it apart, or its sign would stand behind another factor."""
    loose = level < _PRINTER.levels["multiply"][0]
    return f"({text})" if loose or (text.startswith("−") and not first) else text


_PRINTER = printer("unicode", "∂L/∂v")
