"""X16: steps of the story to be explained in one's own words; kept, never graded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphviz_ad.core.visible import called
from graphviz_ad.exercises.building import Keys, built, senders, some, swept
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.questions import Text
from graphviz_ad.graph import Graph
from graphviz_ad.story.narration import sentence

MOST = 4
"""So many steps are to be explained, at most."""


def explain(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X16: explain in words how the adjoints of a few nodes come about; nothing of it is graded.

    Chosen are the nodes with the most contributions. The story's own sentences are shown afterwards.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x):
    ...     u = 3 * x
    ...     y = u + x**2
    ...     return y
    >>> ex = gad.exercises.explain(f, x=2.0)
    >>> ex.keys
    ('x', 'u', 'v1')
    >>> print(ex.questions[0].prompt)
    x is used by u and v1. In your own words: why does it get the adjoint that it gets?
    >>> ex.check({"x": "each use sends something, and that adds up"}).score
    1.0
    """
    graph = swept(f, *args, **kwargs)
    keys, arriving = Keys(graph), senders(graph)
    steps: dict[int, list[str]] = {}
    for step in graph.timeline() if len(graph.seeded) == 1 else ():
        if step.kind in ("contribution", "sum") and step.node is not None:
            steps.setdefault(step.node.id, []).append(sentence(step))
    chosen = sorted(arriving, key=lambda position: (-len(arriving[position]), position))[:MOST]
    questions = []
    for position in chosen:
        name = called(graph[position].name)
        consumers = some(dict.fromkeys(edge.consumer.name for edge in reversed(arriving[position])))
        prompt = f"{name} is used by {consumers}. In your own words: why does it get the adjoint that it gets?"
        questions.append(Text(keys[position], prompt, " ".join(steps.get(position, ()))))
    return built(
        graph,
        "X16",
        "In words:",
        "Say it in a sentence or two, then compare.",
        questions,
        "all",
        why_not="no node gets a contribution.",
    )
