"""X15: by how much the output changes if one input changes a little, from its adjoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from graphviz_ad.core.graph import Node
from graphviz_ad.core.visible import called
from graphviz_ad.errors import GraphvizADError
from graphviz_ad.exercises.building import Keys, askable, built, senders, swept
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import Fingerprint, alike
from graphviz_ad.exercises.questions import Number
from graphviz_ad.graph import Graph
from graphviz_ad.story.narration import described

STEPS = (0.1, 0.01, 0.001, 1e-4, 1e-5, 1e-6)
"""How far an input is nudged: the first of these at which the curve is as good as straight."""
STRAIGHT = 2e-4
"""So far, relatively, the true change may be from adjoint × step: within what a typed answer may be off."""
MOST = 8
"""So many inputs are asked for, at most."""


def nudge(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X15: predict the change of the output for a small change of each input; of an array its first entry moves.

    Steps are so small that the adjoint times the step and the true change agree: either is right.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x, w):
    ...     y = w * x**2
    ...     return y
    >>> ex = gad.exercises.nudge(f, x=3.0, w=2.0)
    >>> print(ex.questions[0].prompt)
    x goes from 3 to 3.001: by how much does y change?
    >>> ex.check({"x": "12 * 0.001", "w": "9 * 0.1"}).ok
    True
    >>> print(ex.only("x").check({"x": 12}).message)
    x: 12 is not right. That is the change of y for a change of x by 1, if it went on like this.
    """
    graph = swept(f, *args, **kwargs)
    keys = Keys(graph)
    ends = [graph.nodes[position] for position in graph.seeded]
    chosen = [
        node
        for node in graph.inputs
        if node.differentiable
        and node.reached
        and askable(node)
        and np.size(node.value)
        and node.id not in graph.seeded
    ][:MOST]
    questions = []
    if len(ends) == 1 and np.size(ends[0].value) == 1 and np.all(np.asarray(graph.seed_of(ends[0].id)) == 1):
        questions = [question for node in chosen for question in _question(graph, node, ends[0], keys[node])]
    prompt = "A small change of one input: how far does it move the result? All other inputs stay."
    return built(graph, "X15", "A small change in", prompt, questions, "all", why_not="no input moves its one result.")


def _question(graph: Graph, node: Node, end: Node, key: str) -> Iterator[Number]:
    adjoint = float(np.ravel(node.adjoint)[0])
    value = float(np.ravel(node.value)[0])
    found = _step(graph, node, end, adjoint)
    if found is None or not np.isfinite(adjoint):
        return
    step, after = found
    place = called(node.name) + (f"[{', '.join('0' * len(node.shape))}]" if node.shape else "")
    change, out, small = adjoint * step, called(end.name), described(step)
    shown = f"Adjoint × step: {described(adjoint)} × {small} = {described(change)}"
    facts = (
        (
            "value",
            after,
            f"That is the value of {out} after the nudge.",
            f"Where was {out} before, and how far has it moved?",
        ),
        (
            "M11",
            adjoint,
            f"That is the change of {out} for a change of {place} by 1, if it went on like this.",
            f"{place} changes by {small} only. What part of it is that?",
        ),
        (
            "M11",
            adjoint / step,
            "That is the adjoint divided by the step.",
            f"Does {out} move more or less if {place} moves less?",
        ),
        (
            "M4b",
            step,
            f"That is how far {place} has moved.",
            f"How many times as far does {out} move? The adjoint of {called(node.name)} says it.",
        ),
    )
    wrong = [
        Fingerprint(code, number, (name, question, f"{shown}, not {described(number)}."))
        for code, number, name, question in facts
    ]
    for edge in senders(graph).get(node.id, []):
        local = edge.local
        if isinstance(local, float | np.floating) and edge.consumer.id != end.id:
            first = called(edge.consumer.name)
            hints = (
                f"That is how far {first} moves, by the local derivative ∂{first}/∂{place} alone.",
                f"What does the rest of the way do, from {first} to {out}?",
                f"{shown}, not {described(local * step)}.",
            )
            wrong.append(Fingerprint("M4", float(local) * step, hints))
    told = tuple(one for one in wrong if np.isfinite(one.value) and not alike(one.value, change))
    clues = (
        f"What does the adjoint of {called(node.name)} say about {out}?",
        f"{place} moves by {small}; {out} moves by so many times that. Which number is it?",
    )
    prompt = f"{place} goes from {_long(value)} to {_long(value + step)}: by how much does {out} change?"
    yield Number(key, prompt, change, told, clues)


def _long(number: float) -> str:
    return f"{number:.10g}".replace("-", "−")


def _step(graph: Graph, node: Node, end: Node, adjoint: float) -> tuple[float, float] | None:
    """The largest step at which nothing tells the curve from its tangent, and the result after it; None for none."""
    before = float(np.ravel(end.value)[0])
    for step in STEPS:
        moved = np.array(node.value, float)
        moved.flat[0] += step
        try:
            with np.errstate(all="ignore"):  # beside the point there may be no numbers
                after = graph.evaluate(**{node.name: moved if node.shape else float(moved)})
        except GraphvizADError:  # another branch, or a graph that cannot be run again
            continue
        place = [node.id for node in graph.outputs].index(end.id)  # among all results, seeded or not
        there = float(np.ravel(after.outputs[place].value)[0])
        rounding = 64 * np.finfo(float).eps * max(abs(before), abs(there))
        if abs(there - before - adjoint * step) <= STRAIGHT * abs(adjoint * step) + rounding:
            return step, there
    return None
