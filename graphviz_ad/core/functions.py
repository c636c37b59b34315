"""The text of a function in which nodes were made: its own lines, and nothing else of its file."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import CodeType

from graphviz_ad.core.place import MAX_TEXT

_OPTIMIZED = 0x1
"""The flag of a code that is a function's; modules and bodies of classes lack it."""

COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")

Range = tuple[int, int]  # the first and the last line, from 1


@dataclass(frozen=True, slots=True)
class FunctionText:
    """A function as it was written when it was traced; or, outside of functions, one statement.

    Attributes
    ----------
    file
        Base name of its file, or "cell"; never a path.
    name
        As after ``def``; "lambda" for a lambda, "" for a statement.
    line
        The number of its first line, from 1; decorators count.
    lines
        As they are written, without line ends.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def double(x):
    ...     return 2 * x
    >>> (text,) = gad.trace(double, 3.0).functions
    >>> text.name, text.line, text.lines
    ('double', 1, ('def double(x):', '    return 2 * x'))
    """

    file: str
    name: str
    line: int
    lines: tuple[str, ...]

    def __contains__(self, line: int) -> bool:
        return self.line <= line < self.line + len(self.lines)


class FunctionFinder:
    """Finds in the syntax tree of one file the lines of a code object; each function is made once."""

    def __init__(self, file: str, lines: Sequence[str], found: Sequence[ast.AST]) -> None:
        self._file = file
        self._lines = lines
        self._found = found  # statements and lambdas, outer ones before those inside them
        self._made: dict[tuple[str, Range], FunctionText] = {}
        self._by_code: dict[tuple[int, str, int], FunctionText | None] = {}

    def function(self, code: CodeType, line: int) -> FunctionText | None:
        """The function of a code, or the statement on a line outside of functions; None where the file is another."""
        name = code.co_name
        exact = bool(code.co_flags & _OPTIMIZED) and name not in COMPREHENSIONS
        key = (code.co_firstlineno, name, 0 if exact else line)
        if key not in self._by_code:
            self._by_code[key] = self._find(code, line, exact)
        found = self._by_code[key]
        return found if found is not None and line in found else None

    def _find(self, code: CodeType, line: int, exact: bool) -> FunctionText | None:
        if exact:
            name = "lambda" if code.co_name == "<lambda>" else code.co_name
            lines = self._functions.get((code.co_firstlineno, name))
        elif code.co_flags & _OPTIMIZED and line in self._around:
            name, lines = self._around[line]
        else:
            name, lines = "", self._statements.get(line)
        if lines is None:
            return None
        made = self._made.get((name, lines))
        if made is None:
            first, last = lines
            text = tuple([row.rstrip("\r\n")[:MAX_TEXT] for row in self._lines[first - 1 : last]])
            made = self._made[name, lines] = FunctionText(self._file, name, first, text)
        return made

    @cached_property
    def _functions(self) -> dict[tuple[int, str], Range]:
        """By first line and name; lambdas that begin on one line are one."""
        ranges: dict[tuple[int, str], Range] = {}
        for node in self._found:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                name, (first, last) = _named(node)
                ranges[first, name] = (first, max(last, ranges.get((first, name), (0, 0))[1]))
        return ranges

    @cached_property
    def _around(self) -> dict[int, tuple[str, Range]]:
        """By line the innermost function around it."""
        around: dict[int, tuple[str, Range]] = {}
        for node in self._found:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                name, (first, last) = _named(node)
                around |= dict.fromkeys(range(first, last + 1), (name, (first, last)))
        return around

    @cached_property
    def _statements(self) -> dict[int, Range]:
        """By line the innermost statement; of one with a body only its head."""
        statements: dict[int, Range] = {}
        for node in self._found:
            if isinstance(node, ast.stmt):
                first, last = node.lineno, node.end_lineno or node.lineno
                body = getattr(node, "body", None)
                if body:
                    last = max(first, body[0].lineno - 1)
                statements |= dict.fromkeys(range(first, last + 1), (first, last))
        return statements


def _named(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> tuple[str, Range]:
    last = node.end_lineno or node.lineno
    if isinstance(node, ast.Lambda):
        return "lambda", (node.lineno, last)
    return node.name, (min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]), last)
