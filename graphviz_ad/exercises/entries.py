"""What a catalogue is made of: an entry, and how it becomes an exercise for a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.exercise import Exercise, listed
from graphviz_ad.exercises.generator import Draw, Space, found, point, program, too_hard
from graphviz_ad.exercises.questions import Number

Tells = Mapping[str, tuple[str, ...]]
"""By question the misconceptions that it tells apart."""


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue.

    Attributes
    ----------
    name, kind, title, goal
        The name by which it is asked for; the type, "X1" to "X16"; a title; what is learnt.
    item
        Where in the curriculum it comes from: numbers of its items, and of its errors ("E9").
    tells
        By question the misconceptions that wrong answers there are told apart by.
    options
        By name the values that an option of its own may have, the default first.
    """

    name: str
    kind: str
    title: str
    goal: str
    item: str
    tells: Tells = field(default_factory=dict)
    wrong: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    """By question and misconception an answer that shows it, where the question has no table of wrong answers."""
    finds: tuple[str, ...] = ()
    """The misconceptions of which one stands in a program that is shown, to be found."""
    options: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    make: Callable[[Entry, Draw, Mapping[str, Any]], tuple[Exercise, Tells, str]] | None = field(
        default=None, repr=False
    )

    @property
    def codes(self) -> tuple[str, ...]:
        """The misconceptions that it tells apart."""
        return tuple(dict.fromkeys([*(code for codes in self.tells.values() for code in codes), *self.finds]))

    def exercise(self, seed: int | str, options: Mapping[str, Any]) -> Exercise:
        """The exercise of a seed."""
        unknown = [name for name in options if name not in self.options]
        if unknown:
            known = listed([*self.options, "blanks", "direction", "explain"])
            raise ArgumentError(f"unknown option of {self.name!r}: {unknown[0]!r} (there are {known})")
        chosen = {name: values[0] for name, values in self.options.items()} | dict(options)
        for name, value in chosen.items():
            if isinstance(value, bool) or value not in self.options[name]:
                raise ArgumentError(f"unknown {name}: {value!r} (must be one of {list(self.options[name])})")
        make = self.make
        assert make is not None
        made = found(self.name, seed, lambda draw: make(self, draw, chosen))
        return replace(
            made, name=self.name, kind=self.kind, title=self.title, goal=self.goal, item=self.item, seed=seed,
            options=dict(options),
        )  # fmt: skip


def traced(
    build: Callable[..., Exercise],
    code: str,
    space: Space,
    tells: Tells | None = None,
    only: tuple[str, ...] = (),
    check: bool = True,
) -> dict[str, Any]:
    """The parts of an entry about a function: its lines, what its arguments are drawn from, and the kind of questions.

    Parameters
    ----------
    space
        Also, as "$c", of constants that stand in the lines.
    only
        The questions that are asked; all of them if it is ().
    check
        Whether the numbers must be such as are computed by hand.
    """
    text = code.strip("\n") + "\n"

    def make(entry: Entry, draw: Draw, _options: Mapping[str, Any]) -> tuple[Exercise, Tells, str]:
        chosen = point(draw, space)
        lines = text
        for name in [name for name in chosen if name.startswith("$")]:
            lines = lines.replace(name, str(chosen.pop(name)))
        made = build(program(entry.name, lines), **chosen)
        made = replace(made.only(*only) if only else made, code=lines.rstrip())
        names = [one.key for one in made.questions if isinstance(one, Number)]
        bad = too_hard(made.graph, names) if check and made.graph is not None else ""
        return made, entry.tells, bad

    return {"make": make, "tells": tells or {}}


def fixed(build: Callable[[Draw], Exercise], tells: Tells | None = None, **more: Any) -> dict[str, Any]:
    """The parts of an entry that is built otherwise."""

    def make(entry: Entry, draw: Draw, _options: Mapping[str, Any]) -> tuple[Exercise, Tells, str]:
        return build(draw), entry.tells, ""

    return {"make": make, "tells": tells or {}, **more}
