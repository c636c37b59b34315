"""Exercises whose answers are numbers of a graph: values (X1), local derivatives (X2) and adjoints (X3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.exercise import Exercise, listed
from graphviz_ad.exercises.fingerprints import Fingerprints
from graphviz_ad.exercises.questions import Number
from graphviz_ad.graph import Graph, trace

LARGEST = 16
"""A question asks for so many entries at most: nobody types more."""


def swept(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Graph:
    """The graph of a call, or that graph, with its adjoints."""
    graph = f if isinstance(f, Graph) else trace(f, *args, **kwargs)
    graph.backward() if not graph.seeded else None
    return graph


def edge_key(edge: Edge) -> str:
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
    return f"{edge.input.name}->{edge.consumer.name}" + (f"#{len(uses)}" if uses else "")


def values(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X1: compute the values forwards; asked is every node that a primitive has made."""
    graph = swept(f, *args, **kwargs)
    wrong = Fingerprints(graph)
    questions = [
        Number(node.name, f"the value of {node.name}", node.value, wrong.of_value(node.id), _compute(node))
        for node in graph.nodes
        if node.kind == "primitive" and _askable(node) and node.id not in wrong.functions.hidden
    ]
    return _made(graph, "X1", "Values", "Compute the values, from the inputs to the result.", questions, "nothing")


def local_derivatives(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X2: the local derivative on every edge that carries one as a number or an array of numbers."""
    graph = swept(f, *args, **kwargs)
    wrong = Fingerprints(graph)
    inside = wrong.functions.inside
    questions = []
    for edge in graph.edges:
        if (
            edge.active
            and edge.consumer.reached
            and not isinstance(edge.local, LocalJacobian)
            and _askable(edge.consumer)
            and edge.consumer.id not in inside
        ):
            hints = (f"How fast does {edge.consumer.name} change with {edge.input.name} alone?",)
            prompt = f"∂{edge.consumer.name}/∂{edge.input.name}"
            questions.append(Number(edge_key(edge), prompt, edge.local, wrong.of_local(edge), hints))
    return _made(graph, "X2", "Local derivatives", "Write the local derivative on each edge.", questions, "values")


def adjoints(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X3: the adjoints, backwards from the output.

    Parameters
    ----------
    f
        A function, called with the other arguments as by `gad.trace`; or a graph.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(a, b):
    ...     c = a + b
    ...     d = a * b
    ...     y = c * d
    ...     return y
    >>> ex = gad.exercises.adjoints(f, a=2.0, b=3.0)
    >>> ex.keys
    ('d', 'c', 'b', 'a')
    >>> ex.check({"d": 5, "c": "2*3", "a": 15, "b": 16}).misconception
    'M1'
    """
    graph = swept(f, *args, **kwargs)
    wrong = Fingerprints(graph)
    end = graph.outputs[0]
    senders = Counter(edge.input.id for edge in graph.edges if edge.active and edge.consumer.reached)
    questions = [
        Number(node.name, f"∂{end.name}/∂{node.name}", node.adjoint, wrong.of_adjoint(node.id), _gather(node, senders))
        for node in reversed(graph.nodes)
        if node.differentiable and node.reached and node.id != end.id and _askable(node)
        if node.id not in wrong.functions.hidden
    ]
    return _made(graph, "X3", "Adjoints", "Send the adjoint back, from the result to the inputs.", questions, "locals")


def _askable(node: Node) -> bool:
    return int(np.prod(node.shape)) <= LARGEST and not is_complex(node.value)


def _compute(node: Node) -> tuple[str, ...]:
    inputs = listed(dict.fromkeys(one.name for one in node.inputs))
    return (f"{node.name} is computed from {inputs}: which operation, and which numbers flow in?",)


def _gather(node: Node, senders: Counter[int]) -> tuple[str, ...]:
    consumers = listed(dict.fromkeys(one.name for one in node.consumers))
    number = senders[node.id]
    sends = "one contribution" if number == 1 else f"{number} contributions"
    return (
        f"{node.name} is used by {consumers}: it gets {sends}.",
        "That is the adjoint of the consumer times the local derivative of the edge. Which numbers are these?",
    )


def _made(graph: Graph, kind: str, what: str, prompt: str, questions: list[Any], reveals: str) -> Exercise:
    if not questions:
        raise ArgumentError(
            f"this graph has nothing to ask for: no node of up to {LARGEST} real numbers gets an adjoint"
        )
    name = graph.title or "function"
    return Exercise(name, kind, f"{what} of {name}", prompt, tuple(questions), graph, reveals=reveals)
