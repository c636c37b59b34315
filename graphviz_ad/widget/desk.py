"""Answers what the front end asks about a view: one entry per kind of question, for the kernel and for the page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphviz_ad.errors import ArgumentError
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
    kernel, and ``holds`` says for which positions of its sliders an answer is right: "home" (where the page opens),
    "everywhere" (whatever the inputs are), or "followed": it is computed anew for every position.
    """

    answer: Callable[[View, str], Answer]
    baked: Callable[[View], Iterable[str]] = lambda _: ()
    holds: str = "home"


QUESTIONS: dict[str, Question] = {
    "node": Question(lambda view, id_: Answer(details.node(view, id_)), details.nodes, "followed"),
    "edge": Question(lambda view, index: Answer(details.edge(view, index)), details.edges, "followed"),
    "array": Question(lambda view, which: Answer(*details.array(view, which)), details.baked_arrays),
    "stats": Question(lambda view, which: Answer(details.statistics(view, which))),
    "used": Question(lambda view, cell: Answer(details.used(view, cell)), details.baked_uses),
    "cost": Question(lambda view, _: Answer(costs.cost(view)), lambda _: [""], "followed"),
    "code": Question(lambda view, _: Answer(code_data(view.line.outline)), lambda _: [""], "followed"),
    "paths": Question(lambda view, number: Answer(costs.paths(view, number)), costs.inputs, "followed"),
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


def of_kinds(answers: dict[str, Any], holds: Collection[str]) -> dict[str, Any]:
    """Return those of the answers whose questions hold as said."""
    return {question: data for question, data in answers.items() if QUESTIONS[question.split(":")[0]].holds in holds}


def baked(view: View, holds: Collection[str] = ("home", "everywhere", "followed")) -> dict[str, Any]:
    """Return the answers that a page carries, by question; only of questions that hold as said."""
    found: dict[str, Any] = {}
    for kind, known in QUESTIONS.items():
        if known.holds in holds:
            for argument in known.baked(view):
                found[f"{kind}:{argument}" if argument else kind] = known.answer(view, argument).data
    return found
