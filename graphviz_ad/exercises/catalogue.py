"""The catalogue: every exercise by name with what it teaches, as a table; `gad.exercise` takes one from it."""

from __future__ import annotations

import difflib
import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.entries import Entry
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.generator import checked_seed
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.exercises.stored import read_state, text_of

COLUMNS = ("name", "type", "title", "goal", "item", "tells apart")
KINDS = tuple(f"X{number}" for number in range(1, 17))


@cache
def entries() -> dict[str, Entry]:
    """All entries by name, in the order of the types."""
    from graphviz_ad.exercises import by_arrays, by_kinds, by_numbers, by_random

    groups = [
        *(by_numbers.CHAINS, by_numbers.FORKS, by_numbers.NEURONS, by_arrays.ARRAYS, by_arrays.GATES, by_arrays.NETS),
        *(by_kinds.ROUTES, by_kinds.BUGS, by_kinds.BREAKS, by_kinds.SHAPES, by_kinds.OTHERS, by_random.RANDOM),
    ]
    listed = [one for group in groups for one in group]
    found = {one.name: one for one in sorted(listed, key=lambda one: KINDS.index(one.kind))}
    assert len(found) == len(listed), "two entries have one name"
    return found


class Catalogue(Sequence[Entry]):
    """A table of exercises, one row each; an entry by its position or its name.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> table = gad.exercises.catalogue(type="X5")
    >>> [entry.name for entry in table]
    ['sweep-order', 'sweep-of-a-neuron']
    >>> table["sweep-order"].codes
    ('M2',)
    """

    def __init__(self, chosen: Sequence[Entry]) -> None:
        self._entries = tuple(chosen)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return Catalogue(self._entries[key]) if isinstance(key, slice) else self._entries[key]
        for entry in self._entries:
            if entry.name == key:
                return entry
        raise unknown(key, [entry.name for entry in self._entries])

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The cells as texts, in the order of `COLUMNS`."""
        return [(entry.name, entry.kind, entry.title, entry.goal, entry.item, ", ".join(entry.codes)) for entry in self]

    def to_dict(self) -> dict[str, list[str]]:
        """The table by column, for pandas and the like."""
        return {column: [row[place] for row in self.rows] for place, column in enumerate(COLUMNS)}

    def __repr__(self) -> str:
        rows = [COLUMNS, *self.rows]
        widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
        lines = [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        return "\n".join([*lines, f"{len(self)} exercises"])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col"{_LEFT}>{html.escape(column)}</th>' for column in COLUMNS)
        body = "".join(_row(entry, cells) for entry, cells in zip(self, self.rows, strict=True))
        caption = f"<caption>{len(self)} exercises</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


_LEFT = ' style="text-align: left"'


def _row(entry: Entry, cells: tuple[str, ...]) -> str:
    """One row; the name in one piece, to be copied, and the codes with what they mean."""
    name, *middle, _ = (html.escape(cell) for cell in cells)
    codes = ", ".join(
        f'<abbr title="{html.escape(MISCONCEPTIONS[code].title)}">{html.escape(code)}</abbr>' for code in entry.codes
    )
    first = f'<th scope="row" style="text-align: left; white-space: nowrap">{name}</th>'
    return f"<tr>{first}{''.join(f'<td{_LEFT}>{cell}</td>' for cell in (*middle, codes))}</tr>"


def catalogue(
    *,
    type: str | None = None,  # noqa: A002  (the word of the table's column)
    item: str | int | None = None,
    tells: str | None = None,
) -> Catalogue:
    """All exercises that there are, as a table.

    Parameters
    ----------
    type : str, optional
        Only those of a type, "X1" to "X16".
    item : str or int, optional
        Only those from an item of the curriculum, such as 62, or from one of its errors, such as "E9".
    tells : str, optional
        Only those that tell a misconception apart, such as "M1".

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> for row in gad.exercises.catalogue(item=62).rows:
    ...     print(row[0], "|", row[3], "|", row[5])
    product-paths | Differentiate a product whose factors share their input | M1, M16, M3
    """
    if type is not None and type not in KINDS:
        raise ArgumentError(f"unknown type: {type!r} (must be one of {list(KINDS)})")
    known = [code for entry in entries().values() for code in entry.codes]
    if tells is not None and tells not in known:
        raise ArgumentError(f"unknown misconception: {tells!r} (must be one of {sorted(set(known))})")
    items = {part for entry in entries().values() for part in _items(entry)}
    if item is not None and str(item) not in items:
        raise ArgumentError(f"no exercise is from item {item!r} (there are numbers from 1 to 99, and errors as 'E9')")
    return Catalogue(
        [
            entry
            for entry in entries().values()
            if (type is None or entry.kind == type)
            and (item is None or str(item) in _items(entry))
            and (tells is None or tells in entry.codes)
        ]
    )


def _items(entry: Entry) -> list[str]:
    return [part.strip() for part in entry.item.split(",")]


def unknown(name: str, names: Sequence[str]) -> ArgumentError:
    """The error for a name that there is not, with those that are near."""
    near = difflib.get_close_matches(name, names, 3, 0.6)
    near += [other for other in names if name and name.lower() in other and other not in near][: 3 - len(near)]
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "gad.exercises.catalogue() lists them all."
    return ArgumentError(f"unknown exercise: {name!r}; {hint}")


def exercise(
    name: str | Mapping[str, Any],
    seed: int | str = 0,
    *,
    blanks: int | None = None,
    direction: str = "last",
    explain: bool = False,
    **options: Any,
) -> Exercise:
    """Take an exercise from the catalogue; or go on from a state.

    Parameters
    ----------
    name : str or dict
        A name of `gad.exercises.catalogue`; or `Exercise.state`, or its JSON, which brings its answers back on any
        machine. A state has its seed and options already: then there are no other arguments.
    seed : int or str
        A student's id, say: each gets numbers of their own, always the same ones, on every machine.
    blanks : int, optional
        The fading ladder: so many questions are left, the others are worked already.
    direction : {"last", "first"}
        Which of them are left.
    explain : bool
        Whether a question in words stands at the end; it is never graded.
    **options
        Of that exercise, such as ``difficulty=3`` of "random".

    Raises
    ------
    ArgumentError
        There is no exercise of this name, or no such option; or no inputs were found (take another seed).

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> ex = gad.exercise("multi-path", seed="s1234")
    >>> ex.kind, ex.keys
    ('X3', ('v', 'u', 's', 'x'))
    >>> gad.exercise("multi-path", seed="s1234", blanks=1).keys
    ('x',)
    >>> again = gad.exercise(ex.state)
    >>> again.solution == ex.solution
    True
    >>> gad.exercise("multipath")
    Traceback (most recent call last):
    graphviz_ad.errors.ArgumentError: unknown exercise: 'multipath'; did you mean 'multi-path'?
    """
    state = read_state(name) if isinstance(name, str) and name.lstrip().startswith("{") else name
    if isinstance(state, Mapping):
        if options or blanks is not None or explain or (seed, direction) != (0, "last"):
            raise ArgumentError("a state has its seed and options already: write gad.exercise(state)")
        return _resumed(state)
    if not isinstance(name, str):
        raise ArgumentError(f"an exercise is asked for by its name, or by a state, not by {name!r}")
    entry = entries().get(name.strip())
    if entry is None:
        raise unknown(name, list(entries()))
    given: dict[str, Any] = dict(options)
    made = entry.exercise(checked_seed(seed), given)
    if blanks is not None:
        made = made.faded(blanks, direction)
        given |= {"blanks": blanks, "direction": direction}
    if not isinstance(explain, bool):
        raise ArgumentError(f"explain must be True or False, not {explain!r}")
    if explain:
        made = made.explained()
        given["explain"] = True
    return replace(made, options=given)


def _resumed(state: Mapping[str, Any]) -> Exercise:
    name, options = state.get("exercise"), state.get("options", {})
    if not isinstance(name, str) or not isinstance(options, Mapping) or {"name", "seed"} & set(options):
        raise ArgumentError(f"this is no state of an exercise: {text_of(dict(state))[:80]}")
    if name not in entries():
        near = unknown(name, list(entries()))
        raise ArgumentError(f"{near} For an exercise on a function of your own write exercise.resume(state).")
    return exercise(name, state.get("seed", 0), **{str(key): value for key, value in options.items()}).resume(state)
