"""Exercises whose answers are numbers of a graph: values (X1), local derivatives (X2) and adjoints (X3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core.graph import Node
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.visible import called
from graphviz_ad.exercises.building import LARGEST, Keys, askable, built, edge_key, some, swept, traced
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import Fingerprints
from graphviz_ad.exercises.questions import Number
from graphviz_ad.exercises.rounding import Rounding
from graphviz_ad.graph import Graph


def values(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X1: compute the values forwards; asked is every number that a primitive has made."""
    graph = traced(f, *args, **kwargs)
    keys, wrong = Keys(graph), Fingerprints(graph)
    rounding = Rounding(wrong.functions)
    questions = [
        Number(
            keys[node],
            f"the value of {called(node.name)}",
            rounding.value(node),
            wrong.of_value(node.id),
            _compute(node),
        )
        for node in graph.nodes
        if node.kind == "primitive" and node.dtype.kind in "iuf" and askable(node)
        if node.id not in wrong.functions.hidden
    ]
    asked = "Compute the values, from the inputs to the result."
    why = f"no primitive has made a value of up to {LARGEST} real numbers."
    return built(graph, "X1", "Values of", asked, questions, "nothing", why_not=why)


def local_derivatives(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X2: the local derivative on every edge that carries one as a number or an array of numbers."""
    graph = swept(f, *args, **kwargs)
    keys, wrong = Keys(graph), Fingerprints(graph)
    rounding, inside = Rounding(wrong.functions), wrong.functions.inside
    questions: dict[str, Number] = {}
    for edge in graph.edges:
        if (
            edge.active
            and edge.consumer.reached
            and not isinstance(edge.local, LocalJacobian)
            and askable(edge.consumer)
            and edge.consumer.id not in inside
        ):
            x, u = called(edge.input.name), called(edge.consumer.name)
            hints = (f"How fast does {u} change with {x} alone?",)
            key = edge_key(edge, keys)
            while key in questions:  # nodes may be called "a", "b->c" and "a->b", "c"
                key += "′"
            questions[key] = Number(key, f"∂{u}/∂{x}", rounding.local(edge), wrong.of_local(edge), hints)
    asked = "Write the local derivative on each edge."
    why = f"no edge to the result carries up to {LARGEST} real numbers; local derivatives between arrays are maps."
    return built(graph, "X2", "Local derivatives of", asked, list(questions.values()), "values", why_not=why)


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
    keys, wrong = Keys(graph), Fingerprints(graph)
    rounding = Rounding(wrong.functions)
    ends = [called(graph.nodes[position].name) for position in graph.seeded]
    alone = len(ends) == 1 and np.all(np.asarray(graph.seed_of(graph.seeded[0])) == 1)
    senders = Counter(edge.input.id for edge in graph.edges if edge.active and edge.consumer.reached)
    questions = [
        Number(
            keys[node],
            f"∂{ends[0]}/∂{called(node.name)}" if alone else f"the adjoint of {called(node.name)}",
            rounding.adjoint(node),
            wrong.of_adjoint(node.id),
            _gather(node, senders),
        )
        for node in reversed(graph.nodes)
        if node.differentiable and node.reached and senders[node.id] and askable(node)
        if node.id not in wrong.functions.hidden
    ]
    asked = "Send the adjoint back, from the result to the inputs."
    why = f"no node of up to {LARGEST} real numbers gets a contribution."
    return built(graph, "X3", "Adjoints of", asked, questions, "locals", why_not=why)


def _compute(node: Node) -> tuple[str, ...]:
    inputs = some(dict.fromkeys(one.name for one in node.inputs))
    return (f"{called(node.name)} is computed from {inputs}: which operation, and which numbers flow in?",)


def _gather(node: Node, senders: Counter[int]) -> tuple[str, ...]:
    consumers = some(dict.fromkeys(one.name for one in node.consumers))
    number = senders[node.id]
    sends = "one contribution" if number == 1 else f"{number} contributions"
    return (
        f"{called(node.name)} is used by {consumers}: it gets {sends}.",
        "That is the adjoint of the consumer times the local derivative of the edge. Which numbers are these?",
    )
