"""The paths from one node to the output as a picture shows them: visible edges, products in symbols and in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.equations import is_scalar, local_term, number_term, partial_term
from graphviz_ad.story.narration import described
from graphviz_ad.story.notation import printer
from graphviz_ad.story.outline import Item, Outline
from graphviz_ad.story.paths import Paths
from graphviz_ad.story.terms import Operation, Term
from graphviz_ad.story.timeline import Timeline

LISTED = 50
"""So many paths are listed: what one may read one by one."""
_LONG = 10  # of a longer product only the ends are written


def paths_data(line: Timeline, number: int) -> dict[str, Any]:
    """The paths from one visible thing, by its id, as strict JSON.

    Every path has ``links``, the visible edges along it, by index; ``inside``, the names of collapsed groups in which
    other edges of it lie; and texts: ``route``, ``symbols``, ``factors``, ``product``. Several paths may look the same
    where groups are collapsed.
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
                "symbols": _symbols(edges),
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


def _symbols(edges: Sequence[Edge]) -> str:
    """The local derivatives along a path as a product in symbols; of tensors as ∂u/∂x."""
    shown = edges if len(edges) <= _LONG else [*edges[:3], *edges[-2:]]
    text = printer("unicode", "∂L/∂v").text
    terms = [_local(edge) for edge in shown]
    factors = [text(term) if len(terms) == 1 else _enclosed(text(term), term, not at) for at, term in enumerate(terms)]
    if len(edges) > _LONG:
        factors.insert(3, "…")
    return " · ".join(factors)


def _local(edge: Edge) -> Term:
    """∂consumer/∂input in its own symbols where it is a number, or an array that scales; else as ∂consumer/∂input."""
    found = local_term(edge)
    if found is None and is_scalar(edge):
        found = number_term(edge)
    return partial_term(edge) if found is None else found


def _enclosed(text: str, term: Term, first: bool) -> str:
    """A factor in parentheses where its sum, or a sign behind another factor, would be torn apart by the product."""
    sum_ = isinstance(term, Operation) and term.name in ("add", "subtract")
    return f"({text})" if sum_ or (text.startswith("−") and not first) else text
