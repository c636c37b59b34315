"""Questions with given options: one of them, several of them, or all of them in an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.judgements import NO_ANSWER, Judgement, Question
from graphviz_ad.exercises.stored import text_of


@dataclass(frozen=True)
class Option:
    """One possible answer of a choice: ``hints`` say what it would mean, where it is wrong."""

    key: str
    text: str
    code: str = ""
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice(Question):
    """One of several options, by its key."""

    right: str = ""
    options: tuple[Option, ...] = ()

    kind = "choice"

    @property
    def solution(self) -> Any:  # noqa: D102
        return self.right

    def judge(self, answer: Any) -> Judgement:  # noqa: D102
        if self.is_blank(answer):
            return self._unread(NO_ANSWER)
        option = {one.key: one for one in self.options}.get(text_of(answer).strip())
        if option is None:
            return self._unread(f"{text_of(answer)!r} is none of the options: {_listed(self.options)}.")
        if option.key == self.right:
            return self._right(f"“{option.text}” is right.")
        codes = (option.code,) if option.code else ()
        return Judgement(
            self.key, False, "wrong", f"“{option.text}” is not right.", codes, led(option.hints, self._shown)
        )

    @property
    def _shown(self) -> str:
        return f"Right is {_quoted(self.options, [self.right])}."

    def asked(self) -> dict[str, Any]:  # noqa: D102
        return super().asked() | {"options": [_offered(one) for one in self.options]}

    def baked(self) -> dict[str, Any]:  # noqa: D102
        return super().baked() | {"right": self.right, "options": [_option(one, self._shown) for one in self.options]}


LOOK_AGAIN = "What would follow if that were so? Try it on the smallest case that you know."


LEFT_OVER = "Which of those that are left belong here, and which of them are wrong?"
STILL_LEFT = "All of them have a place. Which of those that are left may come next?"
FURTHER = "Which of the others belongs to them as well?"


def led(hints: Sequence[str], shown: str, lead: str = LOOK_AGAIN) -> tuple[str, ...]:
    """Hints that end with the right answer, and never begin with it.

    Examples
    --------
    >>> led(("Are you sure?",), "It is a.")
    ('Are you sure?', 'It is a.')
    """
    given = tuple(hints) or (lead,)
    return given if len(given) > 2 else (*given, shown)


def _quoted(options: Sequence[Option], keys: Sequence[str]) -> str:
    texts = {one.key: one.text for one in options}
    return ", ".join(f"“{texts.get(key, key)}”" for key in keys) or "none"


def _listed(options: Sequence[Option]) -> str:
    return ", ".join(repr(one.key) for one in options)


def _offered(one: Option) -> dict[str, Any]:
    return {"key": one.key, "text": one.text}


def _option(one: Option, shown: str, lead: str = LOOK_AGAIN) -> dict[str, Any]:
    return {"key": one.key, "text": one.text, "code": one.code, "hints": list(led(one.hints, shown, lead))}


@dataclass(frozen=True)
class Several(Question):
    """Any number of options, by their keys; ``missing`` says what it means to leave one out."""

    right: frozenset[str] = frozenset()
    options: tuple[Option, ...] = ()
    missing: Mapping[str, Option] = field(default_factory=dict)

    kind = "several"

    @property
    def blank(self) -> Any:  # noqa: D102
        return None

    @property
    def solution(self) -> Any:  # noqa: D102
        return [one.key for one in self.options if one.key in self.right]

    def judge(self, answer: Any) -> Judgement:  # noqa: D102
        if self.is_blank(answer):
            return self._unread(NO_ANSWER)
        if isinstance(answer, str) or not isinstance(answer, list | tuple | set | frozenset):
            return self._unread(f"Give a list of options, such as {[one.key for one in self.options[:2]]}.")
        keys = {one.key: one for one in self.options}
        given = {text_of(item).strip() for item in answer}
        unknown = sorted(given - keys.keys())
        if unknown:
            return self._unread(f"{unknown[0]!r} is none of the options: {_listed(self.options)}.")
        if given == self.right:
            return self._right("All of them, and no other: right.")
        wrong = [keys[key] for key in keys if key in given - self.right]
        left = [self.missing.get(key, keys[key]) for key in keys if key in self.right - given]
        first = (wrong or left)[0]
        text = f"“{first.text}” does not belong to them." if wrong else f"{len(left)} of them {_is(left)} missing."
        codes = (first.code,) if first.code else ()
        lead = LOOK_AGAIN if wrong else FURTHER
        return Judgement(self.key, False, "wrong", text, codes, led(first.hints, self._shown, lead))

    @property
    def _shown(self) -> str:
        return f"Right are {_quoted(self.options, self.solution)}."

    def asked(self) -> dict[str, Any]:  # noqa: D102
        return super().asked() | {"options": [_offered(one) for one in self.options]}

    def baked(self) -> dict[str, Any]:  # noqa: D102
        return super().baked() | {
            "right": sorted(self.right),
            "options": [_option(one, self._shown) for one in self.options],
            "missing": {
                one.key: _option(self.missing.get(one.key, one), self._shown, FURTHER)
                for one in self.options
                if one.key in self.right
            },
        }


def _is(items: Sequence[Any]) -> str:
    return "is" if len(items) == 1 else "are"


@dataclass(frozen=True)
class Order(Question):
    """A sequence of all items; any that keeps the pairs of ``before`` is right.

    ``before`` has for each pair what happens if the second comes first: the consequence, as an `Option`'s hints.
    ``distractors`` are items that belong nowhere.
    """

    items: tuple[Option, ...] = ()
    before: Mapping[tuple[str, str], Option] = field(default_factory=dict)
    distractors: frozenset[str] = frozenset()

    kind = "order"

    @property
    def solution(self) -> Any:  # noqa: D102
        left = [one.key for one in self.items if one.key not in self.distractors]
        found: list[str] = []
        while left:
            free = [key for key in left if not any(second == key and first in left for first, second in self.before)]
            if not free:
                raise ArgumentError(f"no order of {left} keeps all pairs: they form a circle.")
            found.append(free[0])
            left.remove(free[0])
        return found

    def judge(self, answer: Any) -> Judgement:  # noqa: D102
        if self.is_blank(answer):
            return self._unread(NO_ANSWER)
        if isinstance(answer, str) or not isinstance(answer, list | tuple):
            return self._unread("Give a list in order, the first one first.")
        keys = {one.key: one for one in self.items}
        given = [text_of(item).strip() for item in answer]
        unknown = [key for key in given if key not in keys]
        if unknown:
            return self._unread(f"{unknown[0]!r} is none of the items: {_listed(self.items)}.")
        place = {key: n for n, key in enumerate(given)}
        if len(place) < len(given):
            twice = next(key for key in given if given.count(key) > 1)
            return self._unread(f"{twice!r} stands there twice.")
        for key in given:
            if key in self.distractors:
                one = keys[key]
                codes = (one.code,) if one.code else ()
                return Judgement(
                    self.key, False, "wrong", f"“{one.text}” has no place here.", codes, led(one.hints, self._shown)
                )
        broken = [
            (place[second], said)
            for (first, second), said in self.before.items()
            if second in place and place.get(first, len(given)) > place[second]
        ]
        if broken:
            _, said = min(broken, key=lambda one: one[0])
            codes = (said.code,) if said.code else ()
            return Judgement(self.key, False, "wrong", said.text, codes, led(said.hints, self._shown))
        left = [key for key in keys if key not in place and key not in self.distractors]
        if left:  # which ones must not be told where others stand among them that belong nowhere
            which = "" if self.distractors else f": {', '.join(left)}"
            return Judgement(self.key, False, "wrong", f"{len(left)} {_is(left)} missing{which}.", (), self._unfinished)
        return self._right("A right order.")

    @property
    def _unfinished(self) -> tuple[str, ...]:
        return led((), self._shown, LEFT_OVER if self.distractors else STILL_LEFT)

    @property
    def _shown(self) -> str:
        return f"One right order is {_quoted(self.items, self.solution)}."

    def consequence(self, answer: Any) -> Option | None:
        """What happens if the last item of an order comes now: the first rule that it breaks; None for nothing.

        An order that is still being made is looked at after each item, as a sweep plays.
        """
        given = [text_of(item).strip() for item in answer] if isinstance(answer, list | tuple) else []
        if not given:
            return None
        last = next((one for one in self.items if one.key == given[-1] and one.key in self.distractors), None)
        early = (said for (first, second), said in self.before.items() if second == given[-1] and first not in given)
        return next(early, None) if last is None else replace(last, text=f"“{last.text}” has no place here.")

    def asked(self) -> dict[str, Any]:  # noqa: D102
        return super().asked() | {"items": [_offered(one) for one in self.items]}

    def baked(self) -> dict[str, Any]:  # noqa: D102
        pairs = [
            {"first": first, "second": second} | _option(said, self._shown)
            for (first, second), said in self.before.items()
        ]
        return super().baked() | {
            "items": [_option(one, self._shown) for one in self.items],
            "before": pairs,
            "hints": list(self._unfinished),
            "distractors": sorted(self.distractors),
        }
