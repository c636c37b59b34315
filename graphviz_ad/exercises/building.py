"""What the builders of exercises share: a graph with adjoints, keys of nodes that can be typed, and the exercise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.visible import called, visible
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.judgements import Question
from graphviz_ad.exercises.numbers import LARGEST, swept
from graphviz_ad.graph import Graph

__all__ = ["LARGEST", "Keys", "askable", "built", "senders", "some", "swept"]


class Keys:
    """Keys by which answers name the nodes of a graph: their names, where these can be typed and read back.

    A name with blanks around it, or with characters that do not show, gets a visible stand-in; no two nodes share one.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> graph = gad.trace(lambda d: d["x"] * d[" x"], {"x": 2.0, " x": 3.0})
    >>> keys = Keys(graph)
    >>> [keys[node] for node in graph.nodes]
    ['x', 'x′', 'out']
    """

    def __init__(self, graph: BaseGraph) -> None:
        self._keys: list[str] = []
        taken: set[str] = set()
        for name in graph.names:
            key = visible(name).strip() or "?"
            while key in taken:
                key += "′"
            taken.add(key)
            self._keys.append(key)

    def __getitem__(self, node: Node | int) -> str:
        return self._keys[node if isinstance(node, int) else node.id]


def askable(node: Node) -> bool:
    """Whether a node is small enough to be typed, and real."""
    return int(np.prod(node.shape)) <= LARGEST and not is_complex(node.value)


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
