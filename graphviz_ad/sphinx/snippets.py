"""Runs the Python snippet of a document, and says of an error in which line of the document it happened."""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import os
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from graphviz_ad.core.where import base_name

SETUP = "import numpy as np\nimport graphviz_ad as gad\n"
"""What runs before a document's first snippet, unless its project says otherwise."""


class SnippetError(Exception):
    """A snippet cannot be run or shown; ``line`` is the line of the document."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Ran(NamedTuple):
    """What a snippet has left: the value of its last expression (None if it ends otherwise), and what it printed."""

    value: Any
    printed: str


def namespace(setup: str = SETUP) -> dict[str, Any]:
    """The names that a document's first snippet finds."""
    names: dict[str, Any] = {"__name__": "__snippet__"}
    exec(compile(setup, "<setup>", "exec"), names)
    return names


def run(code: str, names: dict[str, Any], document: str = "snippet", line: int = 1) -> Ran:
    r"""Run a snippet as a notebook runs a cell, in the folder that it finds itself in.

    Parameters
    ----------
    code
        Python statements; the value of a last expression is kept.
    names
        The snippet reads and leaves its variables here.
    document, line
        The file in which it stands, and the line of its first line: tracebacks and the code pane name them.

    Raises
    ------
    SnippetError
        It is no Python, or it raises; the message has the error's own words.

    Examples
    --------
    >>> run("x = 2.0\nprint('hello')\nx * 3", {})
    Ran(value=6.0, printed='hello\n')
    >>> run("x = 2.0\nx / 0", {}, "page.md", 10)
    Traceback (most recent call last):
    graphviz_ad.sphinx.snippets.SnippetError: ZeroDivisionError: float division by zero (`x / 0`)
    """
    # A name of its own, of which only the last part is ever shown: two snippets of a document are two sources.
    file = f"{document}:{line}/{base_name(document)}"
    text = "\n" * (line - 1) + code
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    try:
        statements, last = _parsed(text, file)
    except (SyntaxError, ValueError) as error:
        where = error.lineno if isinstance(error, SyntaxError) and error.lineno else line
        raise SnippetError(f"{type(error).__name__}: {getattr(error, 'msg', error)}", where) from error
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(statements, names)
            value = None if last is None else eval(last, names)
    except (Exception, SystemExit) as error:
        raise _told(error, file, line) from error
    return Ran(value, printed.getvalue())


def _parsed(text: str, file: str) -> tuple[CodeType, CodeType | None]:
    tree = ast.parse(text, file)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        return compile(tree, file, "exec", dont_inherit=True), None
    tree.body.pop()
    ending = compile(ast.Expression(last.value), file, "eval", dont_inherit=True)
    return compile(tree, file, "exec", dont_inherit=True), ending


def _told(error: BaseException, file: str, line: int) -> SnippetError:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    where = frames[-1].lineno if frames and frames[-1].lineno else line
    source = linecache.getline(file, where).strip()
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    # errors of ours name the place themselves
    return SnippetError(words if source in words else f"{words} (`{source}`)", where)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder to run in that is gone afterwards, so that what a snippet saves does not stay among the documents."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="graphviz-ad-") as folder:
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)
