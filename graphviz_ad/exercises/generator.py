"""Exercises from a seed, the same on every machine: inputs for work by hand that tell mistakes apart."""

from __future__ import annotations

import hashlib
import linecache
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import Any, TypeVar

import numpy as np

from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import alike
from graphviz_ad.exercises.questions import Number
from graphviz_ad.story.answers import TYPED
from graphviz_ad.story.numbers import brief

T = TypeVar("T")

TRIES = 80
"""So many inputs are drawn at most."""
ENOUGH = 3
"""Of so many that will do, the one with the fewest collisions is taken."""
LARGEST = 2000
"""Numbers above are not for work by hand."""
DENOMINATOR = 64

WHOLE = (-3.0, -2.0, -1.0, 1.0, 2.0, 3.0)
POSITIVE = (1.0, 2.0, 3.0, 4.0)
HALVES = (-1.5, -0.5, 0.5, 1.5, 2.5, 2.0, 3.0, -2.0)
SMALL = (-0.5, 0.25, 0.5, 1.0, -1.0, 1.5)
SIGNS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0)


def checked_seed(seed: Any) -> int | str:
    """A student's id as it goes into a state: an int or a text."""
    if isinstance(seed, bool) or not isinstance(seed, int | str | np.integer):
        raise ArgumentError(f"a seed is a whole number or a text, such as a student's id, not {seed!r}")
    return seed if isinstance(seed, str) else int(seed)


class Draw:
    """A stream of choices that depends on a text alone: on no machine, no version of Python or NumPy.

    Examples
    --------
    >>> draw = Draw("two-paths", "ada")
    >>> [draw.below(6) for _ in range(5)], draw.pick("abc")
    ([0, 4, 3, 3, 2], 'b')
    """

    def __init__(self, *parts: Any) -> None:
        self._text = "\x1f".join(str(part) for part in parts)
        self._count = 0

    def below(self, number: int) -> int:
        """A whole number from 0 on, below this one."""
        self._count += 1
        text = f"{self._text}\x1f{self._count}"
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % number

    def pick(self, options: Sequence[T]) -> T:
        """One of several."""
        return options[self.below(len(options))]

    def array(self, shape: tuple[int, ...], options: Sequence[float]) -> np.ndarray[Any, Any]:
        """An array of choices."""
        return np.array([self.pick(options) for _ in range(math.prod(shape))], float).reshape(shape)


@dataclass(frozen=True, slots=True)
class Array:
    """An array to be drawn: its shape, and what its entries are chosen from."""

    shape: tuple[int, ...]
    options: Sequence[float] = WHOLE

    def __call__(self, draw: Draw) -> Any:
        """The array of a draw."""
        return draw.array(self.shape, self.options)


Space = Mapping[str, Sequence[float] | Callable[[Draw], Any]]
"""By argument what its value is chosen from, or drawn by."""


def point(draw: Draw, space: Space) -> dict[str, Any]:
    """The arguments of a function."""
    return {name: options(draw) if callable(options) else draw.pick(options) for name, options in space.items()}


@lru_cache(maxsize=1024)
def program(name: str, code: str) -> Callable[..., Any]:
    r"""A function of this package's own text, with its lines where Python looks for them: so that its nodes have names.

    Examples
    --------
    >>> program("double", "def f(x):\n    y = 2 * x\n    return y")(3.0)
    6.0
    """
    from graphviz_ad import nn

    file = f"<exercise {name} {hashlib.sha256(code.encode()).hexdigest()[:8]}>"  # one text for each name, or names mix
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    names: dict[str, Any] = {"np": np, "nn": nn}
    exec(compile(code, file, "exec"), names)  # the catalogue's own text: no student's comes here
    made: Callable[..., Any] = list(names.values())[-1]
    return made


# -- what can be done by hand -----------------------------------------------------------------------

_TABLE: dict[str, tuple[tuple[str, Callable[[Any], Any]], ...]] = {
    "exp": (("exp({})", np.exp),),
    "log": (("log({})", np.log),),
    "sqrt": (("sqrt({})", np.sqrt),),
    # the slope, too: 1 - tanh(3)² from five digits of tanh(3) has hardly three
    "tanh": (("tanh({})", np.tanh), ("1 − tanh({})²", lambda x: 1 / np.cosh(x) ** 2)),
    "sin": (("sin({})", np.sin), ("cos({})", np.cos)),
    "cos": (("cos({})", np.cos), ("sin({})", np.sin)),
}
"""By primitive the functions whose values are given: itself, and what its derivative needs."""


def by_hand(value: Any) -> bool:
    """Whether all numbers are short decimals or small fractions.

    Examples
    --------
    >>> by_hand(2.125), by_hand([1 / 3, -2]), by_hand(0.1234567), by_hand(1e6)
    (True, True, False, False)
    """
    numbers = np.asarray(value, float).ravel()
    if not np.all(np.isfinite(numbers)) or np.any(np.abs(numbers) > LARGEST):
        return False
    return all(_short(float(number)) for number in numbers)


def _short(number: float) -> bool:
    fraction = Fraction(number).limit_denominator(DENOMINATOR)
    return any(math.isclose(number, near, rel_tol=1e-9, abs_tol=1e-12) for near in (float(fraction), round(number, 3)))


def help_table(graph: BaseGraph) -> str:
    """The values of functions that nobody computes by hand, as a person needs them for this graph; "" for none."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        for text, function in _TABLE.get(node.primitive.name, ()) if node.primitive is not None else ():
            for number in np.asarray(node.inputs[0].value, float).ravel():
                with np.errstate(all="ignore"):
                    found[text.format(brief(number, 6))] = brief(function(number), 5)
    return ", ".join(f"{call} = {value}" for call, value in found.items())


def too_hard(graph: BaseGraph, names: Iterable[str]) -> str:
    """Why the numbers of a graph are nothing for work by hand; "" where they are."""
    given: set[int] = set()  # what depends on a value of the table: no longer a short number
    for node in graph.nodes:
        if node.primitive is None or node.dtype.kind != "f":
            continue
        after = any(one.id in given for one in node.inputs)
        if node.primitive.name in _TABLE or after:
            given.add(node.id)
        checked = [one.value for one in node.inputs] if node.primitive.name in _TABLE and not after else []
        if not after and node.primitive.name not in _TABLE:
            checked = [node.value]
        if not all(by_hand(one) for one in checked):
            return f"the value of {node.name} is no short number"
    for name in names:
        if name not in graph or graph[name].adjoint is None:
            continue
        adjoint = np.asarray(graph[name].adjoint)
        if not (given or by_hand(adjoint)):
            return f"the adjoint of {name} is no short number"
        if not np.any(adjoint) or np.any((np.abs(adjoint) > LARGEST) | ((adjoint != 0) & (np.abs(adjoint) < 2e-3))):
            return f"the adjoint of {name} is 0, or too large or too small"
    return ""


# -- what tells mistakes apart ------------------------------------------------------------------------


def collisions(question: Number) -> list[tuple[str, str]]:
    """The pairs of misconceptions that give one number in a question."""
    pairs = combinations(question.fingerprints, 2)
    return [(a.code, b.code) for a, b in pairs if a.code != b.code and alike(a.value, b.value, 2 * TYPED)]


def unclear(exercise: Exercise, tells: Mapping[str, Iterable[str]]) -> str:
    """Why an exercise does not tell those misconceptions apart; "" where it does.

    Each must be there, for no answer near the right one, and with a number that no other misconception has.
    """
    for question in exercise.questions:
        codes = set(tells.get(question.key, ()))
        if not codes or not isinstance(question, Number):
            continue
        missing = codes - {one.code for one in question.fingerprints}
        if missing:
            return f"{min(missing)} gives the right answer of {question.key}"
        for pair in collisions(question):
            if codes & set(pair):
                return f"{pair[0]} and {pair[1]} give one number for {question.key}"
        for one in question.fingerprints:  # a sign is told by itself, before any fingerprint
            if one.code in codes - {"sign"} and alike(np.negative(one.value), question.right, 2 * TYPED):
                return f"{one.code} is the right answer of {question.key} but for its sign"
    return ""


def found(
    name: str, seed: int | str, make: Callable[[Draw], tuple[Exercise, Mapping[str, Iterable[str]], str]]
) -> Exercise:
    """The exercise that a seed leads to: inputs are drawn until mistakes can be told apart.

    Parameters
    ----------
    make
        From a draw to an exercise, what it has to tell apart by key, and why its numbers are no good ("" if they are).

    Raises
    ------
    ArgumentError
        No inputs were found.
    """
    good: list[tuple[int, int, Exercise]] = []
    why = ""
    for attempt in range(TRIES):
        exercise, tells, bad = make(Draw(name, seed, attempt))
        why = bad or unclear(exercise, tells)
        if not why:
            count = sum(len(collisions(one)) for one in exercise.questions if isinstance(one, Number))
            good.append((count, attempt, exercise))
            if not count or len(good) == ENOUGH:
                break
    if not good:
        raise ArgumentError(
            f"no inputs for {name!r} were found in {TRIES} tries from the seed {seed!r} (at last: {why}); "
            "take another seed."
        )
    exercise = min(good, key=lambda one: one[:2])[2]
    worked = exercise.graph is not None and exercise.kind in ("X1", "X2", "X3", "X4", "X15")
    table = help_table(exercise.graph) if worked and exercise.graph is not None else ""
    return replace(exercise, prompt=f"{exercise.prompt} You may use: {table}.") if table else exercise
