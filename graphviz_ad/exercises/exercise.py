"""An exercise: what is asked about a graph, the judgement of a dictionary of answers, and a state that survives."""

from __future__ import annotations

import copy
import re
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises import log
from graphviz_ad.exercises.judgements import NO_ANSWER
from graphviz_ad.exercises.questions import Judgement, Question, Text
from graphviz_ad.exercises.stored import VERSION, kept_part, read_state, storable

if TYPE_CHECKING:
    import os
    from pathlib import Path

_ARROW = re.compile(r"\s*(?:->|→)\s*")


def _fresh() -> dict[str, Any]:
    """Answers as they are now, those that were wrong last, how many were, and hints asked for; all by key."""
    return {"answers": {}, "tried": {}, "attempts": {}, "hints": {}}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a dictionary of answers.

    ``score`` is the share of graded questions that are right, from 0 to 1; ``misconception`` the code of the first
    mistake that has a name, or None; ``message`` the feedback for people; ``parts`` the judgements by key.
    """

    ok: bool
    score: float
    misconception: str | None
    message: str
    parts: Mapping[str, Judgement]

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Exercise:
    """Questions about one graph, or about code.

    `gad.exercise` takes one from the catalogue; `gad.exercises.adjoints` and its kin make one from any function.

    Attributes
    ----------
    name, kind
        The name in the catalogue, or the function's; the type, "X1" to "X16".
    graph
        What the questions are about; None where they are not about one graph.
    questions
        In the order in which they are asked.
    given
        What is shown with its answer, by key: steps that are worked already.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x):
    ...     y = 3 * x**2 + 2 * x
    ...     return y
    >>> ex = gad.exercises.adjoints(f, x=3.0).only("x")
    >>> ex.check({"x": 20}).ok
    True
    >>> print(ex.check({"x": 36}).message)
    x: 36 is not right. That is the product of 2 paths from x to y.
    """

    name: str
    kind: str
    title: str
    prompt: str
    questions: tuple[Question, ...]
    graph: BaseGraph | None = None
    goal: str = ""
    item: str = ""
    seed: Any = None
    code: str = ""
    """Lines of a program that the questions are about; "" for none."""
    given: Mapping[str, Any] = field(default_factory=dict)
    reveals: str = "values"
    """What the picture shows at first: "nothing", "values", "locals" (values and local derivatives) or "all"."""
    options: Mapping[str, Any] = field(default_factory=dict)
    _progress: dict[str, Any] = field(default_factory=_fresh, repr=False, compare=False)

    # -- which questions ----------------------------------------------------------------------------

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the answers' dictionary."""
        return tuple(one.key for one in self.questions)

    @property
    def blank(self) -> dict[str, Any]:
        """The dictionary to fill in."""
        return {one.key: one.blank for one in self.questions}

    @property
    def solution(self) -> dict[str, Any]:
        """Right answers to all questions."""
        return {one.key: one.solution for one in self.questions}

    def only(self, *keys: str) -> Self:
        """The same exercise with these questions alone; nothing else is given away."""
        chosen = [self._question(key) for key in keys]
        return replace(self, questions=tuple(chosen), _progress=_fresh())

    def faded(self, blanks: Any, direction: Any = "last") -> Self:
        """Worked but for some steps: the last ones are blank, or the first ones.

        Parameters
        ----------
        blanks : int
            How many questions are left; the others are shown with their answers.
        direction : {"last", "first"}
        """
        if direction not in ("last", "first"):
            raise ArgumentError(f"unknown direction: {direction!r} (must be 'last' or 'first')")
        graded = [one for one in self.questions if one.graded]
        if isinstance(blanks, bool) or not isinstance(blanks, int) or not 1 <= blanks <= len(graded):
            raise ArgumentError(f"blanks must be a whole number from 1 to {len(graded)}, not {blanks!r}")
        asked = graded[-blanks:] if direction == "last" else graded[:blanks]
        worked = {one.key: one.solution for one in graded if one not in asked}
        left = tuple(one for one in self.questions if one in asked or not one.graded)
        return replace(self, questions=left, given={**self.given, **worked}, _progress=_fresh())

    def explained(self, prompt: str = "Explain one of your steps in a sentence.", model: str = "") -> Self:
        """The same with a question in words at its end, which is kept and never graded."""
        return replace(self, questions=(*self.questions, Text("why", prompt, model)), _progress=_fresh())

    def _question(self, key: Any) -> Question:
        """By its key; blanks around it do not count, nor how an arrow is written, where nothing else is called so."""
        if isinstance(key, str):
            written = {_ARROW.sub("->", one.key.strip()): one for one in reversed(self.questions)}
            found = {one.key: one for one in self.questions}.get(key) or written.get(_ARROW.sub("->", key.strip()))
            if found is not None:
                return found
        raise ArgumentError(f"{key!r} is not asked here (asked are {list(self.keys)})")

    def _by_key(self, answers: Any) -> dict[str, Any]:
        """Answers by the keys of their questions."""
        if not isinstance(answers, Mapping):
            raise ArgumentError(f"answers are a dictionary, such as {self.blank!r}")
        found: dict[str, Any] = {}
        for key, answer in answers.items():
            question = self._question(key)
            if question.key in found:
                raise ArgumentError(f"{question.key!r} is answered twice: also as {key!r}")
            found[question.key] = answer
        return found

    # -- answers ------------------------------------------------------------------------------------

    def check(self, answers: Any) -> Result:
        """Judge a dictionary of answers; what is missing counts as not answered.

        The feedback of a question that is answered wrongly again, in another way, goes on to its next hint.

        Raises
        ------
        ArgumentError
            The answers are no dictionary, or a key is not asked for, or is there twice.
        """
        by_key = self._by_key(answers)
        result = self._result({one.key: self.judge(one.key, by_key.get(one.key)) for one in self.questions})
        log.attempt(self, result)
        self.tell({key: part for key, part in result.parts.items() if part.text != NO_ANSWER})
        return result

    def tell(self, parts: Mapping[str, Judgement], but: Any = None) -> None:
        """Let every front end that shows this exercise know what came of answers, ``but`` for the one that asked."""
        for front_end in FRONT_ENDS:
            if front_end is not but and front_end.exercise._progress is self._progress:  # noqa: SLF001
                front_end.follow(parts)

    def judged(self, answers: Mapping[str, Any]) -> dict[str, Judgement]:
        """Judge some answers alone, as a front end asks for them, by key."""
        parts = {key: self.judge(key, answer) for key, answer in self._by_key(answers).items()}
        log.attempt(self, Result(False, 0.0, None, "", parts))
        return parts

    def judge(self, key: str, answer: Any) -> Judgement:
        """Judge the answer to one question, keep it, and count it where it is wrong in another way than before."""
        question = self._question(key)
        found = question.judge(answer)
        if not question.is_blank(answer):
            kept = storable(answer)
            tried, attempts = self._progress["tried"], self._progress["attempts"]
            if found.kind == "wrong" and tried.get(question.key, _NEVER) != kept:
                attempts[question.key] = attempts.get(question.key, 0) + 1
                tried[question.key] = kept
            self._progress["answers"][question.key] = kept
        return found

    def _result(self, parts: Mapping[str, Judgement]) -> Result:
        graded = [parts[one.key] for one in self.questions if one.graded]
        right = sum(part.ok for part in graded)
        codes = [code for part in graded for code in part.misconceptions[:1]]
        score = right / len(graded) if graded else 1.0
        return Result(right == len(graded), score, codes[0] if codes else None, self._said(parts), parts)

    def _said(self, parts: Mapping[str, Judgement]) -> str:
        open_ = [part for part in parts.values() if not part.ok]
        if not open_:
            words = [part.text for part in parts.values() if part.text and not self._question(part.key).graded]
            return " ".join(["All right." if len(parts) > 1 else "Right.", *words])
        first = min(open_, key=lambda part: (part.kind != "wrong", part.text == NO_ANSWER))
        more = f" ({len(open_) - 1} more to look at.)" if len(open_) > 1 else ""
        return f"{first.key}: {self.feedback(first)}{more}"

    def feedback(self, part: Judgement) -> str:
        """The words on one judgement, with as many hints as there were attempts, or were asked for."""
        return part.message(self._due(part))

    def hints(self, part: Judgement) -> tuple[str, ...]:
        """The hints that `feedback` gives."""
        return part.hints[: self._due(part)]

    def hint(self, part: Judgement) -> tuple[str, ...]:
        """One hint more, without another attempt."""
        if self._due(part) < len(part.hints):
            self._progress["hints"][part.key] = self._progress["hints"].get(part.key, 0) + 1
        return self.hints(part)

    def _due(self, part: Judgement) -> int:
        attempts: int = self._progress["attempts"].get(part.key, 1)
        asked: int = self._progress["hints"].get(part.key, 0)
        return max(attempts, 1) + asked

    def keep(self, answers: Any) -> None:
        """Keep answers that are not to be judged yet."""
        kept = [(self._question(key), storable(answer)) for key, answer in self._by_key(answers).items()]
        for question, answer in kept:
            if question.is_blank(answer):
                self._progress["answers"].pop(question.key, None)
            else:
                self._progress["answers"][question.key] = answer

    # -- how it looks ---------------------------------------------------------------------------------

    def show(self) -> None:
        """Show the exercise with a field for each answer, in a notebook; where nobody looks it does nothing.

        Nothing that a person does there is needed afterwards: "Copy answers" gives the dictionary for `check`.
        """
        from graphviz_ad.exercises.show import show

        show(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page that asks and judges without Python (.html), or the picture of what is shown at first (.svg).

        The page holds the right answers for its own use; a grade needs `check`.
        """
        from graphviz_ad.exercises.page import save

        return save(self, path)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        from graphviz_ad.exercises.page import static_bundle

        return static_bundle(self)

    # -- state --------------------------------------------------------------------------------------

    @property
    def state(self) -> dict[str, Any]:
        """Where a person has come to, as plain JSON: `gad.exercise(state)` goes on from it, on any machine."""
        options = {name: storable(value) for name, value in self.options.items()}
        found = {"exercise": self.name, "version": VERSION, "seed": storable(self.seed), "options": options}
        return copy.deepcopy(found | self._progress)

    def resume(self, state: Any) -> Self:
        """Go on from a state, or its JSON: this exercise with its answers and attempts.

        Examples
        --------
        >>> import json, graphviz_ad as gad
        >>> ex = gad.exercises.adjoints(lambda x: x**2, x=3.0)
        >>> ex.check({"x": 3}).ok
        False
        >>> cell = json.dumps(ex.state)
        >>> gad.exercises.adjoints(lambda x: x**2, x=3.0).resume(cell).answers
        {'x': 3}
        """
        state = read_state(state)
        if state.get("exercise") != self.name:
            raise ArgumentError(f"this state belongs to {state.get('exercise')!r}, and the exercise is {self.name!r}")
        if state.get("seed") != storable(self.seed):
            raise ArgumentError(f"this state has the seed {state.get('seed')!r}, and the exercise {self.seed!r}")
        return replace(self, _progress={part: kept_part(state, part, self.keys) for part in _fresh()})

    @property
    def answers(self) -> dict[str, Any]:
        """The answers given last."""
        return copy.deepcopy(self._progress["answers"])

    def __repr__(self) -> str:
        return f"<Exercise {self.name!r} ({self.kind}): {', '.join(self.keys)}>"


FRONT_ENDS: weakref.WeakSet[Any] = weakref.WeakSet()
"""What shows an exercise now: each has an ``exercise``, and follows what is judged elsewhere."""
_NEVER = object()
"""What was tried before the first attempt."""


def listed(names: Iterable[str]) -> str:
    """Names as a sentence lists them."""
    found = list(names)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else "none"
