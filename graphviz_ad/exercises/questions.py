"""Questions of every kind, each with its right answer, its fingerprints, and a judgement that names the mistake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.choices import Choice, Option, Order, Several
from graphviz_ad.exercises.fingerprints import Fingerprint, alike
from graphviz_ad.exercises.judgements import NO_ANSWER, Judgement, Question, told
from graphviz_ad.exercises.spelling import spelled
from graphviz_ad.story.answers import COMPUTED, TYPED, Verdict, judge

__all__ = [
    "NO_ANSWER", "Checked", "Choice", "Judgement", "Number", "Option", "Order", "Question", "Several", "Text", "told",
]  # fmt: skip


@dataclass(frozen=True)
class Number(Question):
    """A number or an array: a decimal within 1/1000, a fraction or an expression to rounding (`story.answers`).

    Examples
    --------
    >>> question = Number("x", "∂y/∂x", right=7.0)
    >>> question.judge("14/2").ok, question.judge(7.001).ok
    (True, True)
    >>> print(question.judge("-7").message())
    -7 has the right size and the wrong sign. Which factor on the way is negative?
    >>> print(question.judge(5).message(3))
    5 is not right. No mistake that is known here gives this number. \
Which numbers flow in, and what is done with them? It is 7, and you wrote 5.
    """

    right: Any = 0.0
    fingerprints: tuple[Fingerprint, ...] = ()
    hints: tuple[str, ...] = ()
    """What to say where no fingerprint matches: two at most, before the right number is shown."""

    kind = "number"

    @property
    def solution(self) -> Any:  # noqa: D102
        return np.asarray(self.right).tolist()

    def judge(self, answer: Any) -> Judgement:  # noqa: D102
        if self.is_blank(answer):
            return self._unread(NO_ANSWER)
        verdict = judge(answer, self.right)
        if verdict.ok:
            return self._right(verdict.text)
        if verdict.answer is None or verdict.kind == "close":  # that is how to write it, and no mistake
            return self._unread(verdict.text)
        given = verdict.answer
        rtol = COMPUTED if np.all(given.computed) else TYPED
        found = [one for one in self._wrong if alike(given.value, one.value, rtol)]
        yours = answer.strip() if isinstance(answer, str) else spelled(given.value)
        return self._told(verdict, found, yours)

    def _told(self, verdict: Verdict, found: Sequence[Fingerprint], yours: str) -> Judgement:
        shown = f"It is {spelled(self.right)}, and you wrote {yours}."
        said = told(self.key, verdict.text, found, (*self._leading, shown))
        if verdict.kind == "sign" and said.misconceptions == ("sign",):  # the verdict has named it already
            return replace(said, hints=said.hints[1:])
        return said

    @property
    def _leading(self) -> tuple[str, str]:
        """Two hints that do not give the number away."""
        given = self.hints[:2]
        return (*given, *LEADING[len(given) :])  # type: ignore[return-value]  # two, whatever is given

    @property
    def _wrong(self) -> tuple[Fingerprint, ...]:
        """All fingerprints; the wrong sign is one of every number."""
        other = np.negative(self.right)
        if any(one.code == "sign" for one in self.fingerprints) or alike(other, self.right, 2 * TYPED):
            return self.fingerprints
        right = spelled(self.right)
        hints = ("The size is right, and the sign is the other one.", "Which factor on the way is negative?")
        return (*self.fingerprints, Fingerprint("sign", other, (*hints, f"It is {right}, not {spelled(other)}.")))

    def asked(self) -> dict[str, Any]:  # noqa: D102
        return super().asked() | {"shape": list(np.shape(self.right))}

    def baked(self) -> dict[str, Any]:  # noqa: D102
        wrong = [
            {"code": one.code, "title": one.title, "value": _plain(one.value), "hints": list(one.hints)}
            for one in self._wrong
        ]
        dtype = str(np.asarray(self.right).dtype)
        right = {"right": _plain(self.right), "text": spelled(self.right), "dtype": dtype}
        return super().baked() | right | {"wrong": wrong, "hints": list(self._leading)}


LEADING = (
    "No mistake that is known here gives this number.",
    "Which numbers flow in, and what is done with them?",
)
"""What leads on where a question has no hints of its own."""


def _plain(value: Any) -> Any:
    """Numbers as JSON takes them; what is not finite as a text."""
    array = np.asarray(value, float)
    if array.shape:
        return [_plain(item) for item in array]
    number = float(array)
    return number if np.isfinite(number) else repr(number)


@dataclass(frozen=True)
class Checked(Question):
    """An answer that only Python can judge: a function, or an expression over arrays.

    ``check(answer)`` gives a `Judgement`, or None for right; its ArgumentError means that the answer cannot be read.
    """

    check: Callable[[Any], Judgement | None] = lambda answer: None
    example: Any = None
    expects: str = "a function"
    written: bool = False
    """Whether an answer is a text, which can be typed wherever Python judges it."""

    kind = "checked"

    @property
    def solution(self) -> Any:  # noqa: D102
        return self.example

    def judge(self, answer: Any) -> Judgement:  # noqa: D102
        if self.is_blank(answer):
            return self._unread(NO_ANSWER)
        try:
            found = self.check(answer)
        except ArgumentError as error:
            return self._unread(str(error))
        return found or self._right("Right.")

    def asked(self) -> dict[str, Any]:  # noqa: D102
        return super().asked() | {"expects": self.expects} | ({"written": True} if self.written else {})

    def baked(self) -> dict[str, Any]:  # noqa: D102
        return {name: value for name, value in self.asked().items() if name != "written"}


@dataclass(frozen=True)
class Text(Question):
    """Words of one's own: kept, never graded; ``model`` is shown afterwards."""

    model: str = ""

    kind = "text"
    graded = False

    @property
    def solution(self) -> Any:  # noqa: D102
        return self.model

    def judge(self, answer: Any) -> Judgement:  # noqa: D102
        if self.is_blank(answer):
            return self._unread(NO_ANSWER)
        return self._right(f"Compare with: {self.model}" if self.model else "Kept.")

    def baked(self) -> dict[str, Any]:  # noqa: D102
        return super().baked() | {"model": self.model}
