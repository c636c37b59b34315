"""X14: which values have to be kept for the backward pass: those that a derivative rule uses, by running it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.visible import called
from graphviz_ad.exercises.building import Keys, built, some, swept
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.questions import Option, Several
from graphviz_ad.graph import Graph
from graphviz_ad.story.equations import is_folded
from graphviz_ad.story.formula import contribution_formula
from graphviz_ad.story.work import Work

MOST = 24
"""So many values are offered at most: of a larger graph those that come first."""


def cached(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X14: which values must be kept from the way forwards for the way back.

    A value is kept if some derivative rule that runs uses it, as the memory ledger has it: a product needs its other
    factor, a sum needs nothing, exp and tanh need their own result.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> def f(w, x, b):
    ...     z = w * x + b
    ...     h = np.tanh(z)
    ...     return h
    >>> ex = gad.exercises.cached(f, w=0.5, x=2.0, b=0.1)
    >>> ex.solution
    {'kept': ['w', 'x', 'h']}
    >>> print(ex.check({"kept": ["w", "x", "z", "h"]}).message)
    kept: “z” does not belong to them. Which rules run at the nodes that use z, and does any of them ask for its value?
    """
    graph = swept(f, *args, **kwargs)
    keys, work = Keys(graph), Work(graph)
    used: dict[int, list[Edge]] = {}
    for edge in graph.edges:
        if edge.active and edge.consumer.reached:
            for position in work.vjp(edge.consumer.id, edge.argnum).values:
                used.setdefault(position, []).append(edge)
    nodes = [node for node in graph.nodes if not is_folded(node)][:MOST]
    kept = frozenset(keys[node] for node in nodes if node.id in used)
    options = tuple(Option(keys[node], called(node.name), "", _useless(node)) for node in nodes)
    missing = {
        keys[node]: Option(keys[node], called(node.name), "", _needed(node, used[node.id]))
        for node in nodes
        if node.id in used
    }
    asked = "Which values does the backward pass use, so that they must be kept until then?"
    reason = "no value is used by any rule." if not kept else ""
    questions = [Several("kept", asked, kept, options, missing)] if kept else []
    return built(graph, "X14", "What is kept for", asked, questions, "values", why_not=reason)


def _useless(node: Node) -> tuple[str, ...]:
    name = called(node.name)
    consumers = dict.fromkeys(one.name for one in node.consumers)
    if not consumers:
        where = f"No rule asks for it: the way back begins with the adjoint of {name}, not with its value."
        return (f"Which rule runs first, and does it ask for the value of {name}?", where)
    return (
        f"Which rules run at the nodes that use {name}, and does any of them ask for its value?",
        f"No rule at {some(consumers)} or at {name} itself uses the number that {name} was, only its adjoint or shape.",
    )


def _needed(node: Node, edges: Sequence[Edge]) -> tuple[str, ...]:
    name = called(node.name)
    edge = edges[0]
    formula = contribution_formula(edge, "v̄", "plain")
    return (
        f"A value is missing. Which numbers does the way back from {called(edge.consumer.name)} to its inputs use?",
        f"{name} is used on the way back: {formula}.",
    )
