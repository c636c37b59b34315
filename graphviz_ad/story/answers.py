"""A student's answer: reads numbers, fractions, expressions and lists, and judges them against the right number.

The explorer's `judged` (widget/static/answers.js) means the same for decimals and fractions; a table of cases is tested
on both sides.
"""

from __future__ import annotations

import math
import numbers
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.traced import shape_of
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.numbers import shape_text

LONGEST = 200
"""An answer has at most so many characters."""
MOST = 100_000
"""A list has at most so many entries."""
LARGEST_EXPONENT = 64
TYPED = 1e-3
"""How far a decimal may be off, relative to the right number: four digits are enough."""
COMPUTED = 1e-9
"""How far a fraction or an expression may be off: nobody rounded it."""
ROUNDING = 4
"""The right number may be off by so many units of its own dtype's last digit."""
NOTHING = 1e-12
"""How far an answer may be off where the right number is 0."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that could be read."""

    value: Any  # a float, or an array
    computed: Any  # a fraction or an expression, not a decimal; of an array, for each entry


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer is right, and what to say of it.

    ``kind`` is "right", "wrong", "sign" (right but for its sign), "close" (a fraction or an expression that would do as
    a decimal), "shape" (of another shape than the right one) or "unread" (it cannot be read; ``text`` says why).
    """

    ok: bool
    text: str
    kind: str
    answer: Answer | None = None


def judge(answer: Any, right: Any, noise: float = 0.0) -> Verdict:
    """Compare an answer with the right number or array.

    Decimals may be off by 1/1000 of the right number, fractions and expressions by rounding alone; in a list each entry
    by its own rule.

    Parameters
    ----------
    answer
        A number, a text such as "0.75", "3/4", "2*(1 - 0.5)**2", "[1, 2, 3]"; for arrays also a list or an array.
    right
        The right number or array.
    noise
        What rounding may have made of a right 0, such as the last digit of the numbers that it was summed from.

    Examples
    --------
    >>> for answer in ("3/4", "0.7501", "-0.75", "0.8", "0,75", [0.75]):
    ...     print(judge(answer, 0.75).text)
    3/4 is right.
    0.7501 is right.
    -0.75 has the right size and the wrong sign.
    0.8 is not right.
    Write 0.75 with a point, not with a comma.
    Your answer has the shape (1,), and one number is asked for.
    >>> print(judge("0.6666/2", 1 / 3).text)
    0.6666/2 is close, but a fraction or an expression must be exact: write its result as a decimal; four digits are \
enough.
    """
    if is_complex(right):
        return Verdict(False, "A complex number is asked for by its parts: answer np.real and np.imag of it.", "unread")
    try:
        given = parse(answer, shape_of(right))
    except ArgumentError as error:
        return Verdict(False, str(error), "unread")
    told = str(answer).strip() if isinstance(answer, str) or shape_of(given.value) == () else "Your answer"
    if shape_of(given.value) != shape_of(right):
        wanted = shape_text(shape_of(right))
        got = shape_text(shape_of(given.value))
        asked = f"what is asked for has the shape {wanted}" if wanted else "one number is asked for"
        words = f"Your answer has the shape {got}, and {asked}." if got else f"{told} is one number, and {asked}."
        return Verdict(False, words, "shape", given)
    exactly = np.where(given.computed, COMPUTED, TYPED)
    if _close(given.value, right, exactly, noise):
        return Verdict(True, f"{told} is right.", "right", given)
    if _close(np.negative(given.value), right, exactly, noise):
        return Verdict(False, f"{told} has the right size and the wrong sign.", "sign", given)
    if _close(given.value, right, TYPED, noise):
        return Verdict(False, f"{told} is close, but {EXACTLY}", "close", given)
    return Verdict(False, f"{told} is not right.", "wrong", given)


EXACTLY = "a fraction or an expression must be exact: write its result as a decimal; four digits are enough."


def _close(value: Any, right: Any, rtol: Any, noise: float) -> bool:
    """Whether every entry is near enough; a right number that may be nothing but noise is 0, too."""
    dtype = getattr(right, "dtype", np.dtype(float))
    rounding = ROUNDING * float(np.finfo(dtype if dtype.kind == "f" else float).eps)
    wanted = np.asarray(right, dtype=float)
    with np.errstate(all="ignore"):
        size = np.abs(wanted)
        slack = (rtol + rounding) * size + np.where(size == 0, max(NOTHING, noise), np.where(size <= noise, noise, 0.0))
        return bool(np.all((np.abs(value - wanted) <= slack) & np.isfinite(wanted) | _same(value, wanted)))


def _same(value: Any, wanted: Any) -> Any:
    return (value == wanted) | (np.isnan(value) & np.isnan(wanted))


def parse(answer: Any, shape: tuple[int, ...] = ()) -> Answer:
    """Read a number, a text or a (nested) list of them.

    Parameters
    ----------
    answer
        What a person gave.
    shape
        The shape that is asked for: it is not checked, but words on how to write an answer depend on it.

    Raises
    ------
    ArgumentError
        The answer cannot be read; the sentence says why, and what to write instead.

    Examples
    --------
    >>> parse("2*(1 - 0.5)**2"), parse("[1, 3/4]")
    (Answer(value=0.5, computed=True), Answer(value=array([1.  , 0.75]), computed=array([False,  True])))
    """
    if isinstance(answer, str):
        return _Reader(answer, shape).answer()
    if isinstance(answer, bool | np.bool_):
        raise ArgumentError(f"{answer} is no number: write 1 or 0.")
    if isinstance(answer, numbers.Real | Decimal):
        try:
            return Answer(float(answer), isinstance(answer, numbers.Rational) and answer.denominator != 1)
        except OverflowError:
            raise ArgumentError("This number is too large.") from None
        except ValueError:  # a Decimal may be a NaN that signals
            raise ArgumentError("This is no number.") from None
    if isinstance(answer, np.ndarray):
        if answer.dtype.kind not in "iuf":
            raise ArgumentError(f"An array of numbers is asked for, not of dtype {answer.dtype}.")
        return Answer(answer.astype(float)[()], np.zeros(answer.shape, bool)[()])
    if isinstance(answer, list | tuple):
        return _stacked([parse(item) for item in _shallow(answer)])
    raise ArgumentError('An answer is a number, a text such as "3/4", or a list of these.')


def _shallow(items: list[Any] | tuple[Any, ...], most: int = 32) -> list[Any] | tuple[Any, ...]:
    """The same list, unless lists are nested deeper than arrays have axes, or in themselves."""
    level: list[Any] = list(items)
    for _ in range(most):
        if len(level) > MOST:  # also a small list that holds another one often, which does so again
            raise ArgumentError("These are more numbers than anything that is asked for.")
        level = [inner for item in level if isinstance(item, list | tuple) for inner in item]
        if not level:
            return items
    raise ArgumentError("These lists are nested too deeply.")


def _stacked(rows: list[Answer]) -> Answer:
    shapes = {shape_of(row.value) for row in rows}
    if len(shapes) > 1:
        raise ArgumentError("The rows of a list must be equally long.")
    return Answer(
        np.array([row.value for row in rows], dtype=float), np.array([row.computed for row in rows], dtype=bool)
    )


# -- texts ----------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<word>[^\W\d]\w*)|(?P<sign>\*\*|.))"
)
_SAME = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "∞": " inf ", "\xa0": " "})
_COMMA = re.compile(r"([+-]?[0-9]+),([0-9]+)")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?")
_WORDS = {"inf": math.inf, "infinity": math.inf, "nan": math.nan}
_BINARY: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class _Reader:
    """Reads one text by Python's precedence: ``**`` binds tighter than a sign before it, then * and /, then + and -.

    A parser of our own: Python's would build what a hostile text asks for before anything could be refused.
    """

    def __init__(self, text: str, shape: tuple[int, ...] = ()) -> None:
        if len(text) > LONGEST:
            raise ArgumentError(f"An answer has at most {LONGEST} characters.")
        plain = text.translate(_SAME).strip()
        self.shape = shape
        if not shape and _THOUSANDS.fullmatch(plain):
            raise ArgumentError(
                f"Write {plain.replace(',', '')} without a comma between the thousands; decimals have a point."
            )
        comma = _COMMA.fullmatch(plain)
        if comma and not shape:
            raise ArgumentError(f"Write {comma[1]}.{comma[2]} with a point, not with a comma.")
        if not plain:
            raise ArgumentError("There is no answer yet.")
        self.tokens = [(match.lastgroup or "", match[match.lastgroup or 0]) for match in _TOKEN.finditer(plain)]
        self.at = 0
        self.computed = False
        self.depth = 0

    def answer(self) -> Answer:
        """The whole text."""
        with np.errstate(all="ignore"):
            found = self._list() if self._next() == "[" else Answer(self._sum(), self.computed)
        if self.at < len(self.tokens):
            raise self._unexpected()
        return found

    def _next(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _take(self, *wanted: str) -> str:
        """The next token, if it is one of these; "" otherwise."""
        token = self._next()
        if not token or token not in wanted:
            return ""
        self.at += 1
        return token

    def _unexpected(self) -> ArgumentError:
        token = self._next()
        if token == "^":
            return ArgumentError("Write a power with **, as in 2**3.")
        if token == "," and self.shape:
            example = "[1, 2]" if len(self.shape) == 1 else "[[1, 2], [3, 4]]"
            return ArgumentError(f"Several numbers go into [ ], as in {example}; decimals have a point.")
        if token == ",":
            return ArgumentError("Write decimals with a point, not with a comma; several numbers go into [ ].")
        if not token:
            return ArgumentError("Something is missing at the end.")
        return ArgumentError(
            f"{token!r} cannot be read here: write a number, a fraction such as 3/4, or + - * / ** ( )."
        )

    def _list(self) -> Answer:
        self._deeper()
        self.at += 1
        rows: list[Answer] = []
        while not self._take("]"):
            if rows and not self._take(","):
                raise self._unexpected()
            self.computed = False
            rows.append(self._list() if self._next() == "[" else Answer(self._sum(), self.computed))
        self.depth -= 1
        return _stacked(rows)

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > 30:  # fewer than NumPy has axes
            raise ArgumentError("These parentheses are nested too deeply.")

    def _sum(self) -> float:
        return self._chain(self._product, "+", "-")

    def _product(self) -> float:
        return self._chain(self._signed, "*", "/")

    def _chain(self, part: Callable[[], float], *signs: str) -> float:
        total = part()
        while sign := self._take(*signs):
            self.computed = True
            second = part()
            if sign == "/" and second == 0:
                raise ArgumentError("A division by 0 is no number; write inf, -inf or nan if that is what you mean.")
            total = _BINARY[sign](total, second)
        return total

    def _signed(self) -> float:
        negative = False
        while sign := self._take("+", "-"):
            negative ^= sign == "-"
        found = self._power()
        return -found if negative else found

    def _power(self) -> float:
        base = self._atom()
        if not self._take("**"):
            return base
        self.computed = True
        self._deeper()
        exponent = self._signed()
        self.depth -= 1
        if abs(exponent) > LARGEST_EXPONENT:
            raise ArgumentError(f"An exponent is at most {LARGEST_EXPONENT} here.")
        if base == 0 and exponent < 0:
            raise ArgumentError("A division by 0 is no number; write inf, -inf or nan if that is what you mean.")
        try:
            found: Any = base**exponent  # of floats, but complex for (-8) ** 0.5
        except OverflowError:
            raise ArgumentError("This number is too large.") from None
        if isinstance(found, complex):
            raise ArgumentError("A power of a negative number with such an exponent is no real number.")
        return float(found)

    def _atom(self) -> float:
        if self._take("("):
            self._deeper()
            found = self._sum()
            if not self._take(")"):
                raise ArgumentError("A ) is missing.") if not self._next() else self._unexpected()
            self.depth -= 1
            return found
        kind, token = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        if kind == "number":
            self.at += 1
            return float(token)
        if kind == "word" and token.lower() in _WORDS:
            self.at += 1
            return _WORDS[token.lower()]
        if kind == "word":
            raise ArgumentError(f"{token!r} is no number: write its value.")
        raise self._unexpected()
