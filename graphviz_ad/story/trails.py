"""Where the trail of a node ends: the places at which what is computed from it stops carrying a derivative."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.core.source import Source
from graphviz_ad.core.sweep import active_edge
from graphviz_ad.core.visible import called

KINDS = {
    "detach": "a cut that was asked for",
    "no_grad": "what is computed where nothing is recorded",
    "position": "a position, such as that of the largest",
    "comparison": "a comparison or a logical value",
    "cast": "a cast to int or bool",
    "step": "a function that is constant between its jumps",
    "exit": "a plain Python number or array",
    "loose": "something that nothing uses",
}
"""The kinds of ends, and what a value becomes there."""

_POSITIONS = {
    "argmax", "argmin", "argsort", "argpartition", "nanargmax", "nanargmin", "searchsorted", "digitize", "lexsort",
    "sorted_order", "running_place",
}  # fmt: skip
_UNRECORDED = ("no_grad", "inference_mode")
_CASTS = {"astype_discrete", "to", "type", "long", "int", "short", "char", "byte", "bool"}


@dataclass(frozen=True, slots=True)
class End:
    """One place where a trail ends.

    ``node`` is the last one on the trail; ``consumer`` what it becomes there, None where it leaves the graph through
    an exit, or where nothing uses it. ``way`` is what the exit or the cut is called.
    """

    kind: str
    node: Node
    consumer: Node | None
    source: Source | None
    way: str = ""

    def __str__(self) -> str:
        if self.consumer is None:
            return f"where it leaves through {self.way}" if self.way else f"with {called(self.node.name)}, unused"
        if self.kind in {"detach", "no_grad"}:
            return f"where {self.way} cuts it"
        return f"where {called(self.consumer.name)} becomes {self.consumer.dtype.name}"


def ends(graph: BaseGraph, start: Node) -> Iterator[End]:
    """The ends of a node's trail, in evaluation order: breaks, then exits, then what nothing uses.

    A trail that leads on to an output ends there in the way that it should, and is not among them.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> graph = gad.trace(lambda w, v: gad.detach(w * 2) * v, 1.0, 3.0)
    >>> [(end.kind, end.consumer.name, str(end)) for end in ends(graph, graph["w"])]
    [('detach', 'v2', 'where gad.detach cuts it')]
    """
    seen = {start.id}
    used: set[int] = set()
    for consumer, row in enumerate(graph.input_table):  # in evaluation order
        for argnum, position in enumerate(row):
            if position not in seen:
                continue
            used.add(position)
            edge = graph.edge(consumer, argnum)
            if edge.active:
                seen.add(consumer)
            elif edge.is_break:
                yield End(kind_of(edge.consumer), edge.input, edge.consumer, edge.consumer.source, _way(edge.consumer))
    left: set[int] = set()
    for guard in graph.tables.guards:
        if guard.position in seen:
            left.add(guard.position)
            yield End("exit", graph.nodes[guard.position], None, guard.source, guard.exit)
    for position in sorted(seen - used - left - set(graph.tables.outputs)):
        if position != start.id:
            node = graph.nodes[position]
            yield End("loose", node, None, node.source)


def _way(consumer: Node) -> str:
    """What a cut is called in the user's code; "" of what is none."""
    if consumer.primitive is None or consumer.primitive.kind != "cut":
        return ""
    words = consumer.note.partition(",")[0]
    if words.startswith(_UNRECORDED):
        return f"torch.{words}()"
    return ".detach()" if words else "gad.detach"


def kind_of(consumer: Node) -> str:
    """What kind of end a node without derivative is to those that it uses; one of `KINDS`."""
    primitive = consumer.primitive
    if primitive is not None and primitive.kind == "cut":
        return "no_grad" if consumer.note.startswith(_UNRECORDED) else "detach"
    name = "" if primitive is None else primitive.name
    if name in _POSITIONS:
        return "position"
    if name in _CASTS:
        return "cast"
    return "comparison" if consumer.dtype.kind == "b" else "step"


def behind(graph: BaseGraph, position: int) -> set[int]:
    """A node and all from which a derivative would flow into it."""
    if position < 0:
        return set()
    found, stack = {position}, [position]
    while stack:
        consumer = stack.pop()
        for argnum, start in enumerate(graph.input_table[consumer]):
            if start not in found and active_edge(graph.records[consumer], argnum):
                found.add(start)
                stack.append(start)
    return found
