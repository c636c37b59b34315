"""X4: which paths lead from an input to the output, what each comes to, and what their products make together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.visible import called
from graphviz_ad.exercises.building import Keys, askable, built, some, swept
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import Fingerprint, Fingerprints, alike
from graphviz_ad.exercises.judgements import Question
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.exercises.questions import Number, Option, Several
from graphviz_ad.exercises.rounding import Rounding
from graphviz_ad.graph import Graph
from graphviz_ad.story.equations import is_folded
from graphviz_ad.story.narration import described
from graphviz_ad.story.numbers import enclosed
from graphviz_ad.story.paths import Path, Paths

MOST = 6
"""So many paths are asked for at most: more are not multiplied by hand."""
FALSE = 2
"""So many routes along arrows that are not there stand beside them, at most."""


def paths(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X4: pick the paths from an input to the output, multiply along each of them, and add the products up.

    Beside the paths stand routes that use an arrow which is not there: nothing flows along them, so that their product
    is 0. Asked is about the input with the most paths, up to six; of several such about the first.

    Parameters
    ----------
    f
        A function, called with the other arguments as by `gad.trace`; or a graph.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x):
    ...     u = 3 * x**2
    ...     y = u + 2 * x
    ...     return y
    >>> ex = gad.exercises.paths(f, x=3.0)
    >>> ex.keys
    ('paths of x', 'x->u->y', 'x->v1->y', 'x->v2->y', 'x->v1->u->y', 'x')
    >>> ex.solution["paths of x"], ex.solution["x"]
    (['x->v2->y', 'x->v1->u->y'], 20.0)
    >>> print(ex.only("x").check({"x": 36}).message)
    x: 36 is not right. That is the product of 2 paths from x to y.
    """
    graph = swept(f, *args, **kwargs)
    keys, wrong = Keys(graph), Fingerprints(graph)
    found = []
    for node in graph.nodes:
        if node.kind == "input" and node.differentiable and askable(node):
            listed = Paths(graph, node.id, limit=MOST)
            if 0 < listed.count <= MOST:
                found.append(listed)
    questions: list[Question] = []
    for listed in [max(found, key=lambda listed: listed.count)] if found else []:
        for one in _questions(graph, keys, wrong, listed):
            key = one.key
            while key in {other.key for other in questions}:  # a node may be called "x->y"
                key += "′"
            questions.append(replace(one, key=key))
    why = f"no input of up to 16 real numbers has from 1 to {MOST} paths to the output."
    return built(graph, "X4", "Paths of", PROMPT, questions, "locals", why_not=why)


PROMPT = (
    "Which routes follow the arrows all the way? Multiply the local derivatives along each (0 where an arrow is "
    "missing), and add the products up."
)


class Route(NamedTuple):
    """A candidate: the nodes that it goes through, and the edges; None where an arrow is missing."""

    key: str
    nodes: tuple[Node, ...]
    path: Path | None


def _questions(graph: Graph, keys: Keys, wrong: Fingerprints, listed: Paths) -> Iterator[Question]:
    node, rounding = listed.node, Rounding(wrong.functions)
    name, out = called(node.name), called(graph.nodes[next(iter(listed.seeds))].name)
    right = [Route(_key(keys, path.edges, path.nodes), path.nodes, path) for path in listed]
    false = [Route("->".join(keys[stop] for stop in stops), stops, None) for stops in _false(graph, right)]
    # the order must not tell which are which
    routes = sorted([*right, *false], key=lambda one: (len(one.key), one.key))
    options = tuple(Option(one.key, _text(one), *_never(one)) for one in routes)
    missing = {one.key: Option(one.key, _text(one), "M1", _overlooked(one, name)) for one in right}
    yield Several(
        f"paths of {keys[node]}",
        f"Which of these are paths from {name} to {out}?",
        frozenset(one.key for one in right),
        options,
        missing,
    )
    for one in routes:
        product = np.zeros(node.shape)[()] if one.path is None else rounding.product(one.path.edges, one.path.product)
        if one.path is None:
            clue, where = _never(one)[1]
            yield Number(one.key, f"the product along {_text(one)}", product, (), (clue, where))
        else:
            hints = (
                f"The path has {len(one.path.edges)} arrows: which number stands on each?",
                "Rates in sequence multiply: take them one after the other.",
            )
            prompt = f"the product along {_text(one)}"
            yield Number(one.key, prompt, product, _mistakes(one.path, node), hints)
    hint = f"{_count(len(right))}: what do their products make together?"
    right_sum = rounding.adjoint(node)
    yield Number(keys[node], f"∂{out}/∂{name}, from the products", right_sum, wrong.of_adjoint(node.id), (hint,))


def _count(number: int) -> str:
    return "One path leads there" if number == 1 else f"{number} paths lead there"


def _key(keys: Keys, edges: Sequence[Edge], nodes: Sequence[Node]) -> str:
    """``x->u->y``; ``x->u#1`` by the second argument of the same node."""
    text = keys[nodes[0]]
    for edge in edges:
        uses = [one for one in edge.consumer.inputs[: edge.argnum] if one.id == edge.input.id]
        text += f"->{keys[edge.consumer]}" + (f"#{len(uses)}" if uses else "")
    return text


def _text(route: Route) -> str:
    return route.path.route if route.path is not None else " → ".join(called(node.name) for node in route.nodes)


# -- routes that are none -------------------------------------------------------------------------


def _false(graph: Graph, right: Sequence[Route]) -> list[tuple[Node, ...]]:
    """Routes with one arrow that is not there: a stop left out, or one path's beginning with another's end."""
    arrows = {(edge.input.id, edge.consumer.id) for edge in graph.edges}
    true = {tuple(node.id for node in one.nodes) for one in right}
    found: dict[tuple[int, ...], tuple[Node, ...]] = {}
    for stops in _variants([one.nodes for one in right]):
        ids = tuple(node.id for node in stops)
        broken = [pair for pair in pairwise(ids) if pair not in arrows]
        if len(broken) == 1 and len(set(ids)) == len(ids) and ids not in true:
            found.setdefault(ids, stops)
    return list(found.values())[:FALSE]


def _variants(routes: Sequence[tuple[Node, ...]]) -> Iterator[tuple[Node, ...]]:
    for stops in routes:
        for place in range(1, len(stops) - 1):
            yield (*stops[:place], *stops[place + 1 :])
    for one in routes:
        for other in routes:
            for place in range(1, len(one) - 1):
                for goal in range(1, len(other) - 1):
                    if one[place].id not in {node.id for node in other[goal:]}:
                        yield (*one[: place + 1], *other[goal:])


def _never(route: Route) -> tuple[str, tuple[str, ...]]:
    """What it means to take a route for a path: its code, and two hints; nothing where it is one."""
    if route.path is not None:
        return "", ()
    for start, end in pairwise(route.nodes):
        if start.id not in {node.id for node in end.inputs}:
            first, second = called(start.name), called(end.name)
            made = some(dict.fromkeys(node.name for node in end.inputs if not is_folded(node)))
            return "", (
                f"Follow it arrow by arrow, from {called(route.nodes[0].name)} on: is each of them there?",
                f"No arrow leads from {first} to {second}: {second} is computed from {made}.",
            )
    return "", ()


def _overlooked(route: Route, name: str) -> tuple[str, ...]:
    consumers = some(dict.fromkeys(node.name for node in route.nodes[0].consumers))
    return (
        f"{name} is used by {consumers}, and each node on the way may be used more than once.",
        "Which node has two arrows that lead away from it, and did you follow both?",
    )


# -- wrong products -------------------------------------------------------------------------------


def _mistakes(path: Path, node: Node) -> tuple[Fingerprint, ...]:
    """What comes out if the locals are added, one is left out, or everything that flows is taken for one path."""
    right, total = path.product, node.adjoint
    found = [
        Fingerprint(
            "M1", total, (
                "That is what all paths make together.",
                "Which of the arrows belong to this one path alone?",
                f"Along this path alone it is {described(right)}, not {described(total)}.",
            ),
        )
    ]  # fmt: skip
    locals_ = path.locals
    if not any(isinstance(local, LocalJacobian) or shape_of(local) != node.shape for local in locals_):
        numbers = " × ".join(enclosed(described(local)) if n else described(local) for n, local in enumerate(locals_))
        shown = f"Multiplied it is {numbers} = {described(right)}"
        if len(locals_) > 1:
            added = sum(locals_[1:], start=locals_[0])
            hints = (
                "That is the sum of the numbers along the path.",
                MISCONCEPTIONS["sum"].question,
                f"{shown}, not {described(added)}.",
            )
            found.append(Fingerprint("sum", added, hints))
            rest = np.prod(np.stack(locals_[1:]), axis=0)
            first, start = called(path.nodes[1].name), called(node.name)
            hints = (
                f"One factor is missing: that is how {called(path.nodes[-1].name)} changes with {first}.",
                f"How fast does {first} itself change with {start}?",
                f"{shown}, not {described(rest)}.",
            )
            found.append(Fingerprint("M6", rest, hints))
            hints = (
                f"That is the number on the first arrow, ∂{first}/∂{start}.",
                f"What do the arrows after {first} do to it?",
                f"{shown}, not {described(locals_[0])}.",
            )
            found.append(Fingerprint("M4", locals_[0], hints))
    kept: list[Fingerprint] = []
    for one in found:
        told = any(alike(one.value, other.value) and one.code == other.code for other in kept)
        if shape_of(one.value) == node.shape and not alike(one.value, right) and not told:
            kept.append(one)
    return tuple(kept)
