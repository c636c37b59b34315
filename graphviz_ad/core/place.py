"""A place in a stranger's JSON: gives what stands there in the type that is wanted, or says where and what is wrong."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NoReturn

from graphviz_ad.errors import ArgumentError

MAX_TEXT = 100_000
"""Characters of one name, title or parameter."""

MAX_ENTRIES = 10_000_000
"""Numbers in all the arrays of one file."""


class Place:
    """One value of a file and the way to it, ``nodes[3].inputs[0]``; only JSON's own types are taken."""

    __slots__ = ("path", "room", "value")

    def __init__(self, value: Any, path: str = "", room: list[int] | None = None) -> None:
        self.value = value
        self.path = path
        self.room = [MAX_ENTRIES] if room is None else room  # shared by all places of a file

    def wrong(self, expected: str) -> NoReturn:
        """Refuse what stands here."""
        raise ArgumentError(f"this graph is damaged: {self.path} is {self.shown()}; expected {expected}.")

    def shown(self) -> str:
        """What stands here, in few words, however large it is."""
        return _shown(self.value)

    def at(self, key: str | int) -> Place:
        """The place below a key or a position that is there."""
        step = f"[{key}]" if isinstance(key, int) else f".{key}" if key.isidentifier() else f"[{_shown(key)}]"
        return Place(self.value[key], (self.path + step).removeprefix("."), self.room)

    def table(self) -> dict[str, Any]:
        """A JSON object."""
        if type(self.value) is not dict or not all(type(key) is str and len(key) <= MAX_TEXT for key in self.value):
            self.wrong(f"an object with keys of at most {MAX_TEXT:,} characters")
        return self.value

    def entry(self, key: str) -> Place:
        """What an object must have under a key."""
        if key not in self.table():
            raise ArgumentError(f"this graph is damaged: {self.path or 'the whole'} has no {key!r}.")
        return self.at(key)

    def items(self, length: int | None = None) -> list[Place]:
        """The places of a JSON list."""
        if type(self.value) is not list or length not in (None, len(self.value)):
            self.wrong("a list" if length is None else f"a list of {length}")
        return [self.at(position) for position in range(len(self.value))]

    def whole(self, low: int, high: int, what: str = "") -> int:
        """A whole number in low, …, high − 1; a bool is none."""
        if type(self.value) is not int or not low <= self.value < high:
            self.wrong(what or f"a whole number from {low} to {high - 1}")
        return self.value

    def text(self, among: Collection[str] = ()) -> str:
        """A text; one of ``among`` where there are any."""
        if type(self.value) is not str or len(self.value) > MAX_TEXT:
            self.wrong(f"a text of at most {MAX_TEXT:,} characters")
        if among and self.value not in among:
            self.wrong(f"one of {list(among)}")
        return self.value

    def take(self, count: int) -> None:
        """Count the numbers of an array against what one file may hold."""
        self.room[0] -= count
        if self.room[0] < 0:
            raise ArgumentError(f"this graph is too large: at {self.path} it has more than {MAX_ENTRIES:,} numbers.")


def _shown(value: Any) -> str:
    """What was found, in few words, however large it is."""
    if type(value) is str:
        return repr(value) if len(value) <= 40 else f"{value[:30]!r}… ({len(value):,} characters)"
    if type(value) is int:
        return str(value) if value.bit_length() <= 100 else f"a number of {value.bit_length():,} bits"
    if type(value) is bool:
        return "true" if value else "false"
    if value is None or type(value) is float:
        return "null" if value is None else repr(value)
    return "an object" if type(value) is dict else "a list" if type(value) is list else f"a {type(value).__name__}"
