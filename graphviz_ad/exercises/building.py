"""What the builders of exercises share: a graph with adjoints, keys of nodes that can be typed, and the exercise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.visible import called, visible
from graphviz_ad.errors import ArgumentError, SeedError
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.judgements import Question
from graphviz_ad.graph import Graph, trace

LARGEST = 16
"""A question asks for so many entries at most: nobody types more."""


class Keys:
    """Keys by which answers name the nodes of a graph: their names, where these can be typed and read back.

    A name with blanks around it, or with characters that do not show, gets a visible stand-in; no two nodes share one.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> graph = gad.trace(lambda d: d["x"] * d[" x"], {" x": 2.0, "x": 3.0})
    >>> keys = Keys(graph)
    >>> [keys[node] for node in graph.nodes]
    ['x′', 'x', 'out']
    """

    def __init__(self, graph: BaseGraph) -> None:
        shown = [visible(name).strip() or "?" for name in graph.names]
        taken = {name for name, key in zip(graph.names, shown, strict=True) if name == key}  # these keep their names
        self._keys: list[str] = []
        for name, key in zip(graph.names, shown, strict=True):
            if name != key:
                while key in taken:
                    key += "′"
                taken.add(key)
            self._keys.append(key)

    def __getitem__(self, node: Node | int) -> str:
        return self._keys[node if isinstance(node, int) else node.id]


def traced(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Graph:
    """The graph of a call, or that graph."""
    if not isinstance(f, Graph):
        return trace(f, *args, **kwargs)
    if args or kwargs:
        raise ArgumentError("a graph has its inputs already; for others pass graph.evaluate(...), or the function")
    return f


def swept(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Graph:
    """The graph of a call, or that graph, with its adjoints."""
    graph = traced(f, *args, **kwargs)
    if not graph.has_adjoints:
        try:
            graph.backward()
        except SeedError as error:
            if graph is f:
                raise
            raise SeedError(f"{error} Here that takes graph = gad.trace(f, ...): pass that graph then.") from None
    return graph


def edge_key(edge: Edge, keys: Keys | None = None) -> str:
    """The key of an edge: ``x->u``; ``x->u#1`` for the second argument of the same node.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x):
    ...     y = x * x
    ...     return y
    >>> [edge_key(edge) for edge in gad.trace(f, 2.0).edges]
    ['x->y', 'x->y#1']
    """
    uses = [other for other in edge.consumer.inputs[: edge.argnum] if other.id == edge.input.id]
    ends = (edge.input.name, edge.consumer.name) if keys is None else (keys[edge.input], keys[edge.consumer])
    return "->".join(ends) + (f"#{len(uses)}" if uses else "")


def askable(node: Node) -> bool:
    """Whether a node is small enough to be typed, and real, and has a number at all."""
    return 0 < int(np.prod(node.shape)) <= LARGEST and not is_complex(node.value)


def senders(graph: BaseGraph) -> dict[int, list[Edge]]:
    """By position of the input the edges along which contributions arrive, in the order in which a sweep sends them."""
    found: dict[int, list[Edge]] = {}
    for edge in sorted(graph.edges, key=lambda edge: -edge.consumer.id):
        if edge.active and edge.consumer.reached:
            found.setdefault(edge.input.id, []).append(edge)
    return found


def some(names: Iterable[str], most: int = 6) -> str:
    """Names as a sentence lists them, shortened.

    Examples
    --------
    >>> some(["a"]), some("abc"), some([])
    ('a', 'a, b and c', 'none')
    """
    found = [called(name) for name in names]
    if len(found) > most:
        return f"{', '.join(found[: most - 1])} and {len(found) - most + 1} more"
    return f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else found[0] if found else "none"


def built(
    graph: Graph | None,
    kind: str,
    title: str,
    prompt: str,
    questions: Sequence[Question],
    reveals: str = "values",
    *,
    name: str = "",
    code: str = "",
    why_not: str = "",
) -> Exercise:
    """The exercise; an error that says why where there is nothing to ask."""
    if not questions:
        raise ArgumentError(f"this graph has nothing to ask for: {why_not}")
    name = name or (graph.title if graph is not None else "") or "function"
    return Exercise(name, kind, f"{title} {called(name)}", prompt, tuple(questions), graph, code=code, reveals=reveals)
