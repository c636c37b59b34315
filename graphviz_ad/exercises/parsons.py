"""X10: the lines of a backward pass, to be put into order; a step has at most one wrong line beside its right one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from graphviz_ad.core.graph import Edge
from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.building import built, swept
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import alike
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.exercises.questions import Option, Order
from graphviz_ad.graph import Graph
from graphviz_ad.story.equations import is_scalar
from graphviz_ad.story.formula import contribution_formula, local_formula
from graphviz_ad.story.narration import described
from graphviz_ad.story.plain import identifier

MOST = 20
"""So many lines can be put into order at most."""
_SUM = re.compile(r"np\.reshape\(np\.sum\((\w+), axis=\((\d+),\), keepdims=True\), shape=\([\d, ]*\)\)")
DISTRACTORS = 3
"""So many wrong lines stand among them, at most."""


class Line(NamedTuple):
    """One line: what it is added to, what it reads, and the text; ``code`` and ``hints`` of a line that is wrong."""

    text: str
    target: int
    source: int | None
    code: str = ""
    hints: tuple[str, ...] = ()


def parsons(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X10: put the lines of the backward pass into order, without the wrong ones that stand among them.

    All accumulators start at 0. Lines are in order if no adjoint is read before all of its contributions are in.

    Parameters
    ----------
    f
        A function, called with the other arguments as by `gad.trace`; or a graph.

    Raises
    ------
    ArgumentError
        There are more than 20 lines.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x, w):
    ...     u = w * x
    ...     y = u**2
    ...     return y
    >>> ex = gad.exercises.parsons(f, x=2.0, w=3.0)
    >>> for option in ex.questions[0].items:
    ...     print(option.key, option.text)
    A u_bar += y_bar * (2 * u)
    B u_bar += y_bar + 2 * u
    C w_bar += u_bar * x
    D w_bar += x
    E x_bar += u_bar
    F x_bar += u_bar * w
    G y_bar += 1
    >>> ex.check({"lines": list("GACF")}).ok, ex.check({"lines": list("GAFC")}).ok
    (True, True)
    >>> print(ex.check({"lines": list("GACE")}).message)
    lines: “x_bar += u_bar” has no place here. That is the adjoint of u: it has arrived at u, and not yet at x.
    """
    graph = swept(f, *args, **kwargs)
    edges = [edge for edge in graph.edges if edge.active and edge.consumer.reached]
    edges.sort(key=lambda edge: (-edge.consumer.id, edge.argnum))
    seeds = [Line(f"{_bar(graph, one)} += {_seed(graph.seed_of(one))}", one, None) for one in graph.seeded]
    right = [*seeds, *(Line(_line(edge), edge.input.id, edge.consumer.id) for edge in edges)]
    if len(right) > MOST:
        raise ArgumentError(f"at most {MOST} lines can be put into order, and this backward pass has {len(right)}.")
    wrong = _distractors(edges)
    shown = sorted([*right, *wrong], key=lambda line: line.text)
    keys = {id(line): chr(ord("A") + number) for number, line in enumerate(shown)}
    items = tuple(Option(keys[id(line)], line.text, line.code, line.hints) for line in shown)
    before = {
        (keys[id(first)], keys[id(second)]): _too_early(graph, first, second)
        for first in right
        for second in right
        if second.source == first.target
    }
    asked = "All accumulators start at 0. Put the lines into an order that works, and leave out those that are wrong."
    distractors = frozenset(keys[id(line)] for line in wrong)
    questions = [Order("lines", asked, items, before, distractors)] if len(right) > 2 else []
    why = "its backward pass has fewer than three lines."
    return built(graph, "X10", "The backward pass of", asked, questions, "values", why_not=why)


def _bar(graph: Graph, position: int) -> str:
    return f"{identifier(graph.names[position])}_bar"


def _seed(seed: Any) -> str:
    return described(seed) if shape_of(seed) == () else "seed"


def _line(edge: Edge) -> str:
    """What an edge sends, as a line that adds it."""
    formula = contribution_formula(edge, "v̄", "plain")
    left, right = re.split(r" \+?= ", formula, maxsplit=1)
    right = _SUM.sub(r"np.sum(\1, axis=\2)", right)
    return f"{left} += {right}"


def _too_early(graph: Graph, first: Line, second: Line) -> Option:
    name = called(graph.names[first.target])
    text = f"“{second.text}” reads the adjoint of {name} before “{first.text}” has added to it."
    ask = f"Which lines add something to {_bar(graph, first.target)}, and which of them come later here?"
    return Option("", text, "M2", (ask,))


# -- wrong lines ----------------------------------------------------------------------------------


def _distractors(edges: Sequence[Edge]) -> list[Line]:
    """At most one for an edge and for an input, each another misconception as far as there are."""
    found: list[Line] = []
    targets: set[int] = set()
    codes: set[str] = set()
    right = {_line(edge) for edge in edges}
    for again in (False, True):
        for edge in reversed(edges):
            if len(found) == DISTRACTORS or edge.input.id in targets:
                continue
            for line in _wrong(edge):
                if (again or line.code not in codes) and line.text not in right:
                    found.append(line)
                    codes.add(line.code)
                    targets.add(edge.input.id)
                    break
    return found


def _wrong(edge: Edge) -> Iterator[Line]:
    """Lines that somebody with a misconception would write for this edge, and that do not do the same here."""
    target = f"{identifier(edge.input.name)}_bar"
    above = f"{identifier(edge.consumer.name)}_bar"
    right = _line(edge)
    if is_scalar(edge):
        adjoint, local, sent = edge.consumer.adjoint, edge.local, edge.contribution
        text = local_formula(edge, "plain").partition(" = ")[2]
        if not alike(adjoint, sent):
            yield _made(edge, f"{target} += {above}", "M4b")
        if text and not alike(local, sent):
            yield _made(edge, f"{target} += {text}", "M4")
        if text and not alike(adjoint + local, sent) and not alike(local, 1.0):
            yield _made(edge, f"{target} += {above} + {text}", "sum")
        return
    bare = right.replace(".T", "")
    made = edge.consumer.primitive
    if made is not None and made.name == "matmul" and bare != right:
        yield _made(edge, bare, "M7")
    if edge.consumer.shape != edge.input.shape and made is not None and made.name in ("add", "subtract"):
        yield _made(edge, f"{target} += {above}", "M8")


def _made(edge: Edge, text: str, code: str) -> Line:
    x, u = called(edge.input.name), called(edge.consumer.name)
    facts = {"x": x, "u": u, "out": "the result", "shape": str(edge.input.shape), "wide": str(edge.consumer.shape)}
    mistake = MISCONCEPTIONS[code]
    name = "Adjoint and local derivative are added there." if code == "sum" else mistake.name.format(**facts)
    hints = (name, mistake.question.format(**facts))
    return Line(text, edge.input.id, edge.consumer.id, code, hints)
