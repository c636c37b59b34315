"""What a log of attempts shows: which misconceptions occur, how often and where, as a table and a small plot."""

from __future__ import annotations

import html
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNKNOWN = "—"
_BAR = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One misconception: in how many answers, in how many exercises, and of how many students, if these are known."""

    code: str
    title: str
    answers: int
    exercises: int
    students: int


@dataclass(frozen=True)
class Report:
    """Counts over one or several logs; `report` makes it. In a notebook it shows itself as a table with bars."""

    attempts: int
    answers: int
    right: int
    exercises: int
    students: int
    lines: tuple[Line, ...]
    broken: int
    """Lines of the files that could not be read."""

    @property
    def summary(self) -> str:
        """The counts in a sentence."""
        of = f" of {_some(self.students, 'student')}" if self.students else ""
        lost = f" {_some(self.broken, 'line')} could not be read." if self.broken else ""
        return (
            f"{_some(self.attempts, 'attempt')}{of} at {_some(self.exercises, 'exercise')}: "
            f"{self.right} of {_some(self.answers, 'answer')} right.{lost}"
        )

    def _rows(self) -> Iterator[tuple[Line, float]]:
        most = max((line.answers for line in self.lines), default=1)
        for line in self.lines:
            yield line, line.answers / most

    def __str__(self) -> str:
        code = max((len(line.code) for line in self.lines), default=0)
        title = max((len(line.title) for line in self.lines), default=0)
        count = max((len(str(line.answers)) for line in self.lines), default=0)
        rows = [
            f"{line.code:<{code}}  {line.title:<{title}}  {line.answers:>{count}}  {'█' * max(round(_BAR * share), 1)}"
            for line, share in self._rows()
        ]
        return "\n".join([self.summary, *rows])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{word}</th>" for word in ("", "misconception", "answers", "exercises", "students", ""))
        bar = '<td><div style="background:#D55E00;height:.8em;width:{:.1f}em"></div></td>'
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{html.escape(str(text))}</td>"
                for text in (line.code, line.title, line.answers, line.exercises, line.students or "")
            )
            + bar.format(_BAR * share)
            + "</tr>"
            for line, share in self._rows()
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        return f"<p>{html.escape(self.summary)}</p>{table}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """The misconceptions as bars, the most frequent first; the axes come back."""
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(6, 0.6 + 0.32 * max(len(self.lines), 1)), layout="constrained")
        names = [
            line.title if line.code in (line.title, UNKNOWN) else f"{line.title} ({line.code})" for line in self.lines
        ]
        bars = ax.barh(names, [line.answers for line in self.lines], color="#D55E00")
        ax.bar_label(bars, padding=3)
        ax.invert_yaxis()
        ax.set_xlabel("wrong answers that show it")
        ax.spines[["top", "right"]].set_visible(False)
        ax.locator_params(axis="x", integer=True)
        return ax


def report(*paths: str | os.PathLike[str]) -> Report:
    """Which misconceptions occur in logs of attempts (`gad.exercises.log_to`).

    An answer that two misconceptions explain counts for both.

    Parameters
    ----------
    *paths
        One log, or several, as of the machines of a class.

    Returns
    -------
    Report
        Printed it is a table; ``.plot()`` draws it, ``.lines`` holds the numbers.
    """
    if not paths:
        raise ArgumentError('report takes the files that were logged to: report("attempts.jsonl")')
    attempts = answers = right = broken = 0
    counts: Counter[str] = Counter()
    places: dict[str, set[str]] = {}
    who: dict[str, set[str]] = {}
    exercises: set[str] = set()
    students: set[str] = set()
    for text in _lines(paths):
        found = _read(text)
        if found is None:
            broken += 1
            continue
        attempts += 1
        exercises.add(found["exercise"])
        student = found.get("student", "")
        students |= {student} - {""}
        for part in found["parts"].values():
            answers += 1
            right += part["ok"]
            for code in () if part["ok"] else part["misconceptions"] or [UNKNOWN]:
                counts[code] += 1
                places.setdefault(code, set()).add(found["exercise"])
                who.setdefault(code, set()).update({student} - {""})
    order = sorted(counts, key=lambda code: (code == UNKNOWN, -counts[code], code))
    lines = tuple(Line(code, _title(code), counts[code], len(places[code]), len(who[code])) for code in order)
    return Report(attempts, answers, right, len(exercises), len(students), lines, broken)


def _lines(paths: tuple[Any, ...]) -> Iterator[str]:
    for path in paths:
        try:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
        except (OSError, TypeError, ValueError) as error:
            raise ArgumentError(f"the log {str(path)!r} cannot be read: {error}") from error
        yield from (line for line in text.split("\n") if line.strip())


def _read(text: str) -> dict[str, Any] | None:
    """One line, if it is one of ours: files come from anywhere."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("version") != 1 or not isinstance(found.get("parts"), dict):
        return None
    if not isinstance(found.get("exercise"), str) or not isinstance(found.get("student", ""), str):
        return None
    for part in found["parts"].values():
        if not isinstance(part, dict) or not isinstance(part.get("ok"), bool):
            return None
        codes = part.get("misconceptions")
        if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
            return None
    return found


def _title(code: str) -> str:
    if code == UNKNOWN:
        return "No known mistake"
    return MISCONCEPTIONS[code].title if code in MISCONCEPTIONS else code


def _some(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
