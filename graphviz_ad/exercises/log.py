"""Attempts, logged only where a course turns it on: to a local file of JSON lines, without names or answers."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphviz_ad.errors import ArgumentError

if TYPE_CHECKING:
    from graphviz_ad.exercises.exercise import Exercise, Result

VARIABLE = "GRAPHVIZ_AD_LOG"
"""The environment variable that turns logging on: its value is the file."""
VERSION = 1
_SHORTEST_SALT = 8
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class _Target:
    path: Path
    student: str


_target: _Target | None = None
_complained: set[str] = set()


def log_to(path: str | os.PathLike[str] | None, *, student: str | None = None, salt: str | None = None) -> None:
    """Log from now on every attempt of this process to a file; ``None`` turns it off.

    A line holds the day, the exercise's name and type, and of each question its key, whether it was right and which
    misconceptions fit. It holds no name, no answer, and no seed, which may be a student's number. Nothing is sent
    anywhere. The environment variable ``GRAPHVIZ_AD_LOG`` does the same for all processes that have it.

    Parameters
    ----------
    path : path or None
        Lines are appended; several processes may do so at once.
    student : str, optional
        Anything that tells students apart; logged is a hash of it alone, so that attempts of one belong together.
    salt : str, optional
        A secret of the course, needed with ``student``: without it a hash could be found by trying all students.

    Examples
    --------
    >>> import graphviz_ad as gad, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "attempts.jsonl"
    >>> gad.exercises.log_to(file)
    >>> gad.exercises.adjoints(lambda x: 3 * x**2 + 2 * x, x=3.0).only("x").check({"x": 36}).misconception
    'M16'
    >>> gad.exercises.log_to(None)
    >>> print(gad.exercises.report(file))  # doctest: +ELLIPSIS
    1 attempt at 1 exercise: 0 of 1 answer right.
    M16  Paths multiplied  1  ████████████
    """
    global _target  # noqa: PLW0603  (one log for one process)
    if path is None:
        _target = None
        return
    if student is not None and (not isinstance(salt, str) or len(salt) < _SHORTEST_SALT):
        raise ArgumentError(f"with student= goes salt=, a secret of the course of at least {_SHORTEST_SALT} characters")
    given: Any = path
    if not isinstance(given, str | os.PathLike) or not os.fspath(given):
        raise ArgumentError(f"log_to takes the path of a file, or None, not {given!r}")
    _target = _Target(Path(path), "" if student is None else _hashed(str(student), str(salt)))


def _hashed(student: str, salt: str) -> str:
    return hmac.new(salt.encode(), student.encode(), hashlib.sha256).hexdigest()[:16]


def _current() -> _Target | None:
    named = os.environ.get(VARIABLE)
    return _target or (_Target(Path(named), "") if named else None)


def attempt(exercise: Exercise, result: Result) -> None:
    """Log what came of one check; nothing where logging is off."""
    if _current() is not None:
        graded = {one.key for one in exercise.questions if one.graded}
        parts = {
            key: (part.ok, part.misconceptions)
            for key, part in result.parts.items()
            if key in graded and part.kind in ("right", "wrong")
        }
        note(exercise.name, exercise.kind, parts)


def note(name: str, kind: str, parts: Mapping[str, tuple[bool, Iterable[str]]]) -> None:
    """Log an attempt: of each part whether it is right, and the misconceptions that fit."""
    target = _current()
    if target is None or not parts:
        return
    line: dict[str, Any] = {
        "version": VERSION,
        "day": dt.datetime.now(dt.UTC).date().isoformat(),
        "exercise": name[:_LONGEST],
        "kind": kind,
        "parts": {
            key[:_LONGEST]: {"ok": bool(ok), "misconceptions": [] if ok else list(codes)}
            for key, (ok, codes) in parts.items()
        },
    }
    if target.student:
        line["student"] = target.student
    try:
        _append(target.path, json.dumps(line, ensure_ascii=True, separators=(",", ":")))
    except OSError as error:  # a student's attempt counts, whether or not it can be logged
        if str(target.path) not in _complained:
            _complained.add(str(target.path))
            warnings.warn(f"attempts cannot be logged: {error}", RuntimeWarning, stacklevel=4)


def _append(path: Path, line: str) -> None:
    """One line at the end, by one write: lines of several processes do not mix."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        torn = False
        if os.fstat(handle).st_size:  # what broke off within a line leaves that one broken, and no other
            os.lseek(handle, -1, os.SEEK_END)
            torn = os.read(handle, 1) != b"\n"
        os.write(handle, ("\n" * torn + line + "\n").encode("ascii"))
    finally:
        os.close(handle)
