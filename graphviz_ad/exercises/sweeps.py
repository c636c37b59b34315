"""Exercises on the backward sweep: the order in which nodes send (X5), and where to add or to set (X6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from graphviz_ad.core.graph import Edge
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.building import Keys, built, senders, some, swept
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.judgements import Judgement
from graphviz_ad.exercises.questions import Choice, Option, Order
from graphviz_ad.exercises.stored import text_of
from graphviz_ad.graph import Graph
from graphviz_ad.story.narration import described
from graphviz_ad.story.numbers import enclosed

MOST = 30
"""So many nodes are put into an order at most: nobody orders more."""
TOGETHER = 5
"""Of a node with so many consumers at most, a page knows what it would send after any of them."""


@dataclass(frozen=True)
class Sent:
    """What arrives at one node: from each consumer its contribution, and the seed where a sweep starts there."""

    name: str
    right: Any
    seed: Any
    parts: Mapping[str, Any]
    """By key of the consumer."""

    def early(self, reported: Sequence[str]) -> str:
        """What happens if the node sends after these consumers alone."""
        there = [key for key in self.parts if key in reported]
        missing = [key for key in self.parts if key not in reported]
        if not there and self.seed is None:
            wait = f"{some(missing)} has not reported" if len(missing) == 1 else f"none of {some(missing)} has reported"
            return f"{self.name} would send 0 instead of {described(self.right)}: {wait}."
        partial = sum((self.parts[key] for key in there), start=0.0 if self.seed is None else self.seed)
        verb = "has" if len(there) == 1 else "have"
        heard = f"{some(there)} {verb} reported, " if there else "only the seed is there, "
        wait = f"{some(missing)} {'has' if len(missing) == 1 else 'have'} not"
        if np.allclose(partial, self.right, rtol=1e-9, atol=0):  # by chance: what is missing is 0
            return (
                f"{self.name} would send {described(partial)} before its counter is full: {heard}{wait}. "
                "What is missing is 0 here, and need not be elsewhere."
            )
        return f"{self.name} would send {described(partial)} instead of {described(self.right)}: {heard}{wait}."

    @property
    def sum(self) -> str:
        """All parts, as a sum of numbers where they are numbers."""
        parts = [*([] if self.seed is None else [self.seed]), *self.parts.values()]
        if len(parts) < 2 or len(parts) > 6 or any(np.shape(part) for part in parts):
            return described(self.right)
        text = " + ".join(enclosed(described(part)) if n else described(part) for n, part in enumerate(parts))
        return f"{text} = {described(self.right)}"


@dataclass(frozen=True)
class SweepOrder(Order):
    """The order in which nodes send: a wrong one is told with the number that would be sent."""

    sent: Mapping[str, Sent] = field(default_factory=dict)

    def judge(self, answer: Any) -> Judgement:  # noqa: D102
        found = super().judge(answer)
        if found.kind != "wrong":
            return found
        given = [text_of(item).strip() for item in answer]
        for place in range(1, len(given) + 1):
            said = self.consequence(given[:place])
            if said is not None:
                return replace(found, text=said.text, misconceptions=("M2",), hints=(*said.hints, self._shown))
        return found

    @property
    def _shown(self) -> str:
        return f"One right order is {some([str(key) for key in self.solution], MOST)}."

    def consequence(self, answer: Any) -> Option | None:
        """What happens if the last node of an order sends now; None where it may."""
        given = [text_of(item).strip() for item in answer] if isinstance(answer, list | tuple) else []
        if not given or given[-1] not in self.sent:
            return None
        sent = self.sent[given[-1]]
        if all(key in given for key in sent.parts):
            return None
        return Option(given[-1], sent.early(given[:-1]), "M2", _waits(sent))

    def baked(self) -> dict[str, Any]:
        """As JSON; ``early`` has the words for every set of consumers that have reported, one bit for each of them."""
        early = {}
        for key, sent in self.sent.items():
            if 0 < len(sent.parts) <= TOGETHER:
                consumers = list(sent.parts)
                sets = [
                    [one for one, there in zip(consumers, reversed(bits), strict=True) if there]
                    for bits in product((False, True), repeat=len(consumers))
                ]
                early[key] = {"consumers": consumers, "texts": [sent.early(reported) for reported in sets[:-1]]}
        return super().baked() | {"early": early}


def _waits(sent: Sent) -> tuple[str, str]:
    number = len(sent.parts)
    counter = {1: "its one consumer has", 2: "both consumers have"}.get(number, f"all {number} consumers have")
    return (
        f"Which nodes use {sent.name}, and which of them have sent already?",
        f"{sent.name} sends once {counter} reported, {some(sent.parts)}: it gets {sent.sum}.",
    )


def order(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X5: put the nodes into the order of a backward sweep.

    Every order in which each node sends after all of its consumers is right. A node that comes too early is told with
    the number that it would send.

    Parameters
    ----------
    f
        A function, called with the other arguments as by `gad.trace`; or a graph.

    Raises
    ------
    ArgumentError
        More than 30 nodes send something, or none.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(a, b):
    ...     c = a + b
    ...     d = a * b
    ...     e = c + d
    ...     f = c * d
    ...     y = e + f
    ...     return y
    >>> ex = gad.exercises.order(f, a=2.0, b=3.0)
    >>> ex.check({"order": ["y", "f", "e", "c", "d"]}).ok
    True
    >>> print(ex.check({"order": ["y", "e", "d", "f", "c"]}).message)
    order: d would send 1 instead of 6: e has reported, f has not. Which nodes use d, and which of them have sent \
already?
    """
    graph = swept(f, *args, **kwargs)
    keys, arriving = Keys(graph), senders(graph)
    sending = {edge.consumer.id for edges in arriving.values() for edge in edges}
    if len(sending) > MOST:
        raise ArgumentError(f"at most {MOST} nodes can be put into an order, and {len(sending)} send something here.")
    sent: dict[str, Sent] = {}
    for position in sorted(sending):
        parts: dict[str, Any] = {}
        for edge in arriving.get(position, []):
            key = keys[edge.consumer]
            parts[key] = edge.contribution + parts[key] if key in parts else edge.contribution
        node = graph[position]
        seed = graph.seed_of(position) if position in graph.seeded else None
        sent[keys[node]] = Sent(called(node.name), node.adjoint, seed, parts)
    before = {
        (first, key): Option(key, _missing(one, first), "M2", _waits(one))
        for key, one in sent.items()
        for first in one.parts
    }
    items = tuple(Option(key, one.name) for key, one in sent.items())
    prompt = "In which order do the nodes send their adjoints back? Begin at the end."
    questions = [SweepOrder("order", prompt, items, before, sent=sent)] if len(items) > 1 else []
    why = "fewer than two nodes send something back."
    return built(graph, "X5", "The sweep of", prompt, questions, "values", why_not=why)


def _missing(sent: Sent, consumer: str) -> str:
    """One consumer too many to wait for: what would be missing."""
    part = described(sent.parts[consumer])
    return f"{sent.name} would send before {called(consumer)} has reported: its {part} would be missing."


# -- add or set -----------------------------------------------------------------------------------


def accumulate(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X6: for every node, whether its contributions must be added up (+=), or may be set (=).

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x):
    ...     u = 3 * x
    ...     y = u + x**2
    ...     return y
    >>> ex = gad.exercises.accumulate(f, x=2.0)
    >>> ex.solution["x"], ex.solution["u"]
    ('add', 'set')
    >>> print(ex.only("x").check({"x": "set"}).message)
    x: “= does no harm” is not right. How many arrows lead away from x, and what does each of them bring back?
    """
    graph = swept(f, *args, **kwargs)
    keys = Keys(graph)
    questions = [
        _choice(keys[position], called(graph[position].name), edges, position in graph.seeded)
        for position, edges in sorted(senders(graph).items(), reverse=True)
        if not (graph[position].kind == "constant" and graph[position].shape == ())
    ]
    prompt = "The accumulators start at 0. Where must a contribution be added with +=, and where does = do no harm?"
    why = "no node gets a contribution."
    return built(graph, "X6", "Add or set:", prompt, questions, "values", why_not=why)


def _choice(key: str, name: str, edges: Sequence[Edge], seeded: bool) -> Choice:
    several = len(edges) + seeded > 1
    sent = [edge.contribution for edge in edges]
    right = described(edges[0].input.adjoint)
    from_ = some([edge.consumer.name for edge in edges])
    asked = f"How many arrows lead away from {name}, and what does each of them bring back?"
    if several:
        lost = sum(sent[:-1], start=edges[0].graph.seed_of(edges[0].input.id) if seeded else 0.0)
        shown = (
            f"Contributions come from {from_}{' and the seed' if seeded else ''}. With = the last one, "
            f"{described(sent[-1])}, replaces what was there: {described(lost)} would be lost, and {right} is right."
        )
    else:
        shown = f"One contribution alone comes to {name}, {right} from {from_}: there is nothing that = could replace."
    options = (
        Option("add", "it must be +=", "", () if several else (asked, shown)),
        Option("set", "= does no harm", "M1" if several else "", (asked, shown) if several else ()),
    )
    return Choice(key, f"{name} gets its contributions: += or =?", "add" if several else "set", options)
