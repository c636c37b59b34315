"""`with gad.scope("layer1")`: names a group of nodes where no function call does."""

from __future__ import annotations

import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Self

from graphviz_ad.errors import ArgumentError


class scope:  # noqa: N801  (a word of the user's code, like `open`)
    """A context in which every node belongs to a group of this name; nothing is recorded where nothing is traced.

    Parameters
    ----------
    name : str
        What pictures call the group. Repeats get _2, _3; a slash makes a group inside a group.

    Raises
    ------
    ArgumentError
        The name is no text, or empty.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x):
    ...     with gad.scope("square and add"):
    ...         return x**2 + 1.0
    >>> gad.trace(f, 3.0)["out"].group
    'square and add'
    """

    __slots__ = ("_name", "_opened")

    def __init__(self, name: str) -> None:
        given: Any = name  # what a user passes may be anything
        if not isinstance(given, str) or not all(part.strip() for part in given.split("/")):
            raise ArgumentError(f'gad.scope needs a name, such as gad.scope("layer1"), not {name!r}.')
        self._name = name
        self._opened: list[Scope] = []

    def __enter__(self) -> Self:
        opened = Scope(self._name, sys._getframe(1))
        self._opened.append(opened)
        _here.stack.append(opened)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        opened = self._opened.pop()
        opened.frame = None
        if opened in _here.stack:  # a generator may be closed by another thread
            _here.stack.remove(opened)


class Scope:
    """One execution of a `with gad.scope(...)`: its name, and the scopes around it."""

    __slots__ = ("enclosing", "frame", "name", "outer")

    def __init__(self, name: str, frame: FrameType) -> None:
        self.name = name
        self.frame: FrameType | None = frame
        self.outer = innermost(frame)
        """The scope around it in the same call."""
        self.enclosing: Scope | None = _here.stack[-1] if _here.stack else None
        """The scope around it in whatever call."""


class _Here(threading.local):
    def __init__(self) -> None:
        self.stack: list[Scope] = []


_here = _Here()


def innermost(frame: FrameType | None = None) -> Scope | None:
    """The innermost open scope of one call, or of this thread."""
    stack = _here.stack
    if frame is None:
        return stack[-1] if stack else None
    for opened in reversed(stack):
        if opened.frame is frame:
            return opened
    return None


def any_open() -> bool:
    """Whether a scope is open in this thread."""
    return bool(_here.stack)
