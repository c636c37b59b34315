"""What a question and a judgement are, and how a judgement is put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphviz_ad.exercises.fingerprints import Fingerprint

NO_ANSWER = "There is no answer yet."


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of one answer.

    ``misconceptions`` are the codes of all that fit; a text names one alone, two as a question. ``hints`` are at most
    three: name, question, show. ``kind`` is "right", "wrong" or "unread".
    """

    key: str
    ok: bool
    kind: str
    text: str
    misconceptions: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    def message(self, attempt: int = 1) -> str:
        """The feedback of the so-many-th attempt: each adds a hint."""
        return " ".join([self.text, *self.hints[: max(attempt, 1)]]).strip()


@dataclass(frozen=True)
class Question:
    """One thing that is asked: ``key`` in the answers' dictionary, and ``prompt`` for people."""

    key: str
    prompt: str

    kind = "question"
    graded = True

    def judge(self, answer: Any) -> Judgement:
        """Right, or wrong with what is known of the mistake."""
        raise NotImplementedError

    @property
    def solution(self) -> Any:
        """A right answer, as it would be given."""
        raise NotImplementedError

    @property
    def blank(self) -> Any:
        """What stands in the dictionary to fill in."""
        return None

    def is_blank(self, answer: Any) -> bool:
        """Whether nothing was answered yet."""
        return answer is None or (isinstance(answer, str) and not answer.strip())

    def asked(self) -> dict[str, Any]:
        """What a front end needs to ask, as JSON; nothing in it tells the answer."""
        return {"key": self.key, "kind": self.kind, "prompt": self.prompt, "graded": self.graded}

    def baked(self) -> dict[str, Any]:
        """What a page needs to ask and to judge without Python, as JSON."""
        return self.asked()

    def _right(self, text: str) -> Judgement:
        return Judgement(self.key, True, "right", text)

    def _unread(self, text: str) -> Judgement:
        return Judgement(self.key, False, "unread", text)


def told(key: str, text: str, found: Sequence[Fingerprint], hints: Sequence[str]) -> Judgement:
    """A wrong answer with the mistakes that fit: one is named, of several it is asked which.

    Parameters
    ----------
    found
        The fingerprints that the answer matches.
    hints
        What to say if none does.
    """
    by_code = {one.code: one for one in reversed(found)}
    codes = tuple(dict.fromkeys(one.code for one in found))
    if len(codes) == 1:
        return Judgement(key, False, "wrong", text, codes, by_code[codes[0]].hints)
    if codes:
        first, second = (by_code[code] for code in codes[:2])
        asked = f"Two mistakes give this very number here. Was it “{first.title}” or “{second.title}”?"
        return Judgement(
            key, False, "wrong", text, codes, (asked, f"{first.hints[1]} {second.hints[1]}", first.hints[2])
        )
    return Judgement(key, False, "wrong", text, (), tuple(hints))
