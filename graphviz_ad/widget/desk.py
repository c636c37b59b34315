"""Answers what the front end asks about a view: one entry per kind of question, for the kernel and for the page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphviz_ad.errors import ArgumentError, GraphvizADError, in_words
from graphviz_ad.story.code import code_data
from graphviz_ad.widget import costs, details, whatif

if TYPE_CHECKING:
    from graphviz_ad.widget.view import View


@dataclass(frozen=True, slots=True)
class Answer:
    """Strict JSON, and what is too big for it as bytes."""

    data: Any
    buffers: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of question: how it is answered, and which of its kind a page carries the answers of.

    A question is ``kind`` or ``kind:argument``, such as "node:12"; ``answer(view, argument)`` may raise an
    `ArgumentError`, whose words the person reads. ``baked(view)`` lists the arguments that a page answers without a
    kernel; with ``followed`` they are computed anew for every position of its sliders and every way of looking, else
    they hold where the page opens.
    """

    answer: Callable[[View, str], Answer]
    baked: Callable[[View], Iterable[str]] = lambda _: ()
    followed: bool = False


QUESTIONS: dict[str, Question] = {
    "node": Question(lambda view, id_: Answer(details.node(view, id_)), details.nodes, followed=True),
    "edge": Question(lambda view, index: Answer(details.edge(view, index)), details.edges, followed=True),
    "array": Question(lambda view, which: Answer(*details.array(view, which)), details.baked_arrays),
    "stats": Question(lambda view, which: Answer(details.statistics(view, which))),
    "used": Question(lambda view, cell: Answer(details.used(view, cell)), details.baked_uses),
    "cost": Question(lambda view, _: Answer(costs.cost(view)), lambda _: [""], followed=True),
    "code": Question(lambda view, _: Answer(code_data(view.line.outline)), lambda _: [""], followed=True),
    "paths": Question(lambda view, number: Answer(costs.paths(view, number)), costs.inputs, followed=True),
    "nudge": Question(lambda view, which: Answer(whatif.nudge(view, which)), whatif.nodes),
    "check": Question(lambda view, _: Answer(whatif.check(view)), whatif.checks),
}


def answer(view: View, question: str) -> Answer:
    """Answer one question; it comes from a page, so anything may be asked."""
    kind, _, argument = question.partition(":")
    known = QUESTIONS.get(kind)
    if known is None:
        raise ArgumentError(f"unknown question: {question!r} (must be one of {list(QUESTIONS)}); reload the page.")
    return known.answer(view, argument)


def baked(view: View, followed: Collection[bool] = (False, True)) -> dict[str, Any]:
    """Return the answers that a page carries, by question: of those that are ``followed``, of the others, or of all.

    Where there is no answer, the reason stands under "why:" and the question.
    """
    found: dict[str, Any] = {}
    for kind, known in QUESTIONS.items():
        if known.followed in followed:
            for argument in known.baked(view):
                question = f"{kind}:{argument}" if argument else kind
                try:
                    found[question] = known.answer(view, argument).data
                except Exception as error:
                    if view.graph.is_ours and not isinstance(error, GraphvizADError):
                        raise
                    found[f"why:{question}"] = in_words(error)
    return found
