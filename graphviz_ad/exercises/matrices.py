"""Expressions over named matrices, read by a parser of our own: ``Y_bar.T @ X``, ``sum(Y_bar, 0)``, ``outer(g, x)``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np

from graphviz_ad.core.traced import shape_of
from graphviz_ad.errors import ArgumentError

LONGEST = 200
"""An expression has at most so many characters."""
DEEPEST = 20
"""Parentheses are nested at most so deeply."""
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)|(?P<word>[^\W\d]\w*)|(?P<sign>\S))"
)
_OVERLINE = "\u0304"
_BAR = re.compile(rf"([^\W\d]\w*){_OVERLINE}((?:(?!ᵀ)\w)*)")
_SAME = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "⊙": "*", "÷": "/", "\xa0": " "})
_FUNCTIONS = ("sum", "outer")


class MisfitError(ArgumentError):
    """Two shapes that an expression brings together and that do not fit; ``transposed``: they would with a ᵀ."""

    def __init__(self, message: str, transposed: bool) -> None:
        super().__init__(message)
        self.transposed = transposed


def shaped(value: Any) -> str:
    """The shape of an array as people write it.

    Examples
    --------
    >>> shaped(np.zeros((2, 3))), shaped(np.zeros(2)), shaped(1.0)
    ('(2,3)', '(2,)', '()')
    """
    shape = shape_of(value)
    return f"({shape[0]},)" if len(shape) == 1 else f"({','.join(map(str, shape))})"


def evaluate(text: Any, names: Mapping[str, Any]) -> Any:
    """The value of an expression.

    Known are ``@ * + - /``, ``.T`` or ``ᵀ``, parentheses, numbers, ``sum(A, axis)``, ``A.sum(axis)`` and
    ``outer(a, b)``; an adjoint may be written ``Y_bar``, ``Ȳ`` or ``dY``.

    Parameters
    ----------
    text : str
    names
        The arrays by name.

    Raises
    ------
    MisfitError
        Shapes do not fit.
    ArgumentError
        The expression cannot be read.

    Examples
    --------
    >>> Y_bar, X = np.ones((4, 2)), np.ones((4, 3))
    >>> evaluate("Ȳᵀ @ X", {"Y_bar": Y_bar, "X": X}).shape
    (2, 3)
    >>> evaluate("Y_bar @ X", {"Y_bar": Y_bar, "X": X})
    Traceback (most recent call last):
    graphviz_ad.exercises.matrices.MisfitError: (4,2) @ (4,3) does not fit: 2 columns meet 4 rows.
    """
    if not isinstance(text, str):
        raise ArgumentError('Give an expression as a text, such as "Y_bar.T @ X".')
    if len(text) > LONGEST:
        raise ArgumentError(f"An expression has at most {LONGEST} characters, and this one has {len(text)}.")
    with np.errstate(all="ignore"):
        return _Reader(text, names).value()


class _Reader:
    """Reads one expression, and computes as it goes."""

    def __init__(self, text: str, names: Mapping[str, Any]) -> None:
        self.names = names
        self.tokens = _tokens(text)
        self.place = 0
        self.depth = 0

    def value(self) -> Any:
        found = self._sum()
        if self.place < len(self.tokens):
            raise ArgumentError(f"I cannot read {self._next!r} at this place.")
        return found

    @property
    def _next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _take(self, *wanted: str) -> str:
        """The next token if it is one of these; "" else."""
        token = self._next
        if token and token in wanted:
            self.place += 1
            return token
        return ""

    def _need(self, token: str) -> None:
        if not self._take(token):
            found = f"there is {self._next!r}" if self._next else "the expression ends"
            raise ArgumentError(f"A {token!r} is missing: {found} instead.")

    def _sum(self) -> Any:
        left = self._product()
        while sign := self._take("+", "-"):
            left = _joined(sign, left, self._product())
        return left

    def _product(self) -> Any:
        left = self._signed()
        while sign := self._take("@", "*", "/"):
            left = _joined(sign, left, self._signed())
        return left

    def _signed(self) -> Any:
        negative = False
        while sign := self._take("+", "-"):
            negative ^= sign == "-"
        found = self._turned()
        return np.negative(found) if negative else found

    def _turned(self) -> Any:
        found = self._atom()
        while True:
            if self._take("ᵀ"):
                found = np.transpose(found)
            elif self._take("."):
                if self._take("T"):
                    found = np.transpose(found)
                elif self._take("sum"):
                    self._open()
                    found = self._summed(found)
                else:
                    raise ArgumentError(f"Known are .T and .sum(axis), not .{self._next}")
            else:
                return found

    def _open(self) -> None:
        self._need("(")
        self.depth += 1
        if self.depth > DEEPEST:
            raise ArgumentError("These parentheses are nested too deeply.")

    def _close(self) -> None:
        self._need(")")
        self.depth -= 1

    def _atom(self) -> Any:
        if self._next == "(":
            self._open()
            found = self._sum()
            self._close()
            return found
        token = self._next
        if not token:
            raise ArgumentError("The expression ends where a name or a number is missing.")
        self.place += 1
        if token[0].isdigit() or (token[0] == "." and len(token) > 1):
            return float(token)
        if token == "np" and token not in self.names and self._take("."):
            token = self._next
            self.place += 1
            if token not in _FUNCTIONS:
                raise ArgumentError(f"Known are the functions sum and outer, not {token!r}.")
        if token in _FUNCTIONS and self._next == "(":
            self._open()
            found = self._sum()
            if token == "sum":
                return self._summed(found, "," if self._take(",") else "")
            self._need(",")
            other = self._sum()
            self._close()
            return np.outer(found, other)
        return self._named(token)

    def _summed(self, value: Any, comma: str = "") -> Any:
        """The rest of a sum: ``axis``, ``axis=0, keepdims=True`` or nothing, and the parenthesis."""
        axis: int | None = None
        keep = False
        while self._next != ")":
            word = self._take("axis", "keepdims")
            if word:
                self._need("=")
            if word == "keepdims":
                if not (told := self._take("True", "False")):
                    raise ArgumentError("keepdims is True or False.")
                keep = told == "True"
            else:
                sign = -1 if self._take("-") else 1
                if not self._next.isdigit():
                    raise ArgumentError(f"An axis is a whole number, not {self._next!r}.")
                axis = sign * int(self._next)
                self.place += 1
            comma = self._take(",")
            if not comma:
                break
        self._close()
        if axis is not None and not -np.ndim(value) <= axis < np.ndim(value):
            raise ArgumentError(f"There is no axis {axis} in an array of shape {shaped(value)}.")
        return np.sum(value, axis=axis, keepdims=keep)

    def _named(self, token: str) -> Any:
        if token in self.names:
            return self.names[token]
        if token[0] == "d" and f"{token[1:]}_bar" in self.names:
            return self.names[f"{token[1:]}_bar"]
        raise ArgumentError(f"{token!r} is not known here; known are {', '.join(self.names)}.")


def _tokens(text: str) -> list[str]:
    plain = unicodedata.normalize("NFC", _BAR.sub(r"\1\2_bar", unicodedata.normalize("NFD", text))).translate(_SAME)
    found: list[str] = []
    place = 0
    while place < len(plain.rstrip()):
        match = _TOKEN.match(plain, place)
        assert match is not None  # a sign is any character
        place = match.end()
        token = match.group().strip()
        # ᵀ is a letter to Python: Xᵀ is X, then ᵀ
        bare = token.rstrip("ᵀ") if match["word"] else token
        found += ([bare] if bare else []) + ["ᵀ"] * (len(token) - len(bare))
    return found


def _joined(sign: str, a: Any, b: Any) -> Any:
    shapes = f"{shaped(a)} {sign} {shaped(b)}"
    if sign == "@":
        if np.ndim(a) == 0 or np.ndim(b) == 0:
            raise MisfitError(
                f"{shapes} does not fit: @ joins arrays, and a number is multiplied with *.", transposed=False
            )
        inner, rows = shape_of(a)[-1], shape_of(b)[-2 if np.ndim(b) > 1 else 0]
        if inner != rows:
            fits = inner == shape_of(b)[-1] or shape_of(a)[0] == rows
            raise MisfitError(
                f"{shapes} does not fit: {_many(inner, a)} meet {_many(rows, b, rows=True)}.", transposed=fits
            )
        return np.matmul(a, b)
    try:
        return {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[sign](a, b)
    except ValueError:
        fits = shape_of(a) == shape_of(b)[::-1]
        raise MisfitError(f"{shapes} does not fit: {sign} works entry by entry.", transposed=fits) from None


def _many(count: int, value: Any, rows: bool = False) -> str:
    what = "entries" if np.ndim(value) == 1 else "rows" if rows else "columns"
    return f"{count} {what}" if count != 1 else f"1 {'entry' if what == 'entries' else what[:-1]}"
