"""Random expressions as terms; whether a text has needless parentheses, and whether LaTeX is balanced."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

import numpy as np

from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.story.terms import Number, Operation, Symbol, Term

NAMES = {"x": 0.7, "y": 1.3, "W_1": 2.1}
BINARY = ("add", "subtract", "multiply", "divide", "power", "maximum", "remainder")
UNARY = ("negative", "exp", "sin", "square", "sqrt", "absolute")


def random_term(rng: np.random.Generator, depth: int, unary: Sequence[str] = UNARY) -> Term:
    """A term over `NAMES`, at most so deep."""
    kind = rng.integers(8) if depth else rng.integers(2)
    if kind == 0:
        return Number(round(float(rng.uniform(-3, 3)), 1))
    if kind == 1:
        return Symbol(str(rng.choice(list(NAMES))))
    if kind <= 3:
        return Operation(str(rng.choice(list(unary))), (random_term(rng, depth - 1, unary),))
    return Operation(str(rng.choice(BINARY)), (random_term(rng, depth - 1, unary), random_term(rng, depth - 1, unary)))


def meaning(text: str) -> str:
    """How Python reads a text."""
    return ast.dump(ast.parse(text, mode="eval"))


def pairs(text: str) -> Iterator[tuple[int, int]]:
    """Every pair of parentheses that is not the argument list of a call."""
    stack: list[int] = []
    for place, letter in enumerate(text):
        if letter == "(":
            stack.append(place)
        elif letter == ")":
            start = stack.pop()
            if not (start and (text[start - 1].isalnum() or text[start - 1] in "_]")):
                yield start, place


def needless(text: str) -> list[str]:
    """What the text would be without one pair of parentheses, where it would mean the same."""
    found = []
    for start, end in pairs(text):
        shorter = text[:start] + text[start + 1 : end] + text[end + 1 :]
        try:
            same = meaning(shorter) == meaning(text)
        except SyntaxError:
            continue
        if same:
            found.append(shorter)
    return found


def value(term: Term) -> float:
    """The number of a term, by the primitives themselves."""
    if isinstance(term, Number):
        return np.float64(term.value)
    if isinstance(term, Symbol):
        return np.float64(NAMES[term.name])
    if term.name == "pi":
        return np.pi
    params = {"tie": 0.5} if term.name == "maximum" else {}
    return REGISTRY[term.name].compute(*map(value, term.arguments), **params)


def balanced(text: str) -> bool:
    r"""Whether braces, \left and \right, and environments are closed as they were opened."""
    depth = 0
    for brace in re.findall(r"\\\\|\\[{}]|[{}]", text):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        if depth < 0:
            return False
    count = text.count
    return depth == 0 and count(r"\left") == count(r"\right") and count(r"\begin{") == count(r"\end{")
