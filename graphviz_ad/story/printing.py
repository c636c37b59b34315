"""What all printers of terms share: one table of precedence, and the words for parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.primitive import Dynamic
from graphviz_ad.story.terms import Array, Number, Operation, Symbol, Term

HOLE = "·"

# -- precedence ---------------------------------------------------------------------------------
# For every operation: how tightly it binds, and how tightly its left and its right operand must bind to stand without
# parentheses. It is Python's own table, so that Python reads the plain text as it was meant.

COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
LEVELS = {
    "where": (1, 2, 1),
    "logical_or": (2, 2, 3),
    "logical_xor": (2, 2, 3),
    "logical_and": (3, 3, 4),
    "logical_not": (4, 0, 4),
    **dict.fromkeys(COMPARISONS, (5, 6, 6)),
    "add": (10, 10, 11),
    "subtract": (10, 10, 11),
    "sum": (12, 0, 13),
    **dict.fromkeys(("multiply", "divide", "matmul", "remainder", "floor_divide"), (20, 20, 21)),
    "negative": (30, 0, 30),
    "positive": (30, 0, 30),
    "sqrt": (35, 0, 50),
    "power": (40, 41, 30),
    "index": (50, 50, 0),
    "transpose": (50, 50, 0),
}
ATOM = 100

# On paper sums and products need no order, the sign of a product stands before all of it, a product of matrices is
# written without a sign and so binds tighter, "mod" is a word and so binds less, and no superscript follows another.
ON_PAPER = LEVELS | {
    "add": (10, 10, 10),
    "multiply": (20, 20, 20),
    "remainder": (15, 15, 25),
    "floor_divide": (15, 15, 25),
    "matmul": (22, 22, 22),
    "negative": (20, 0, 20),
    "positive": (20, 0, 20),
    "power": (40, 51, ATOM),
}

INFIX = {
    "add": "+",
    "subtract": "−",
    "multiply": "×",
    "divide": "÷",
    "matmul": "@",
    "remainder": "mod",
    "floor_divide": "//",
    "less": "<",
    "less_equal": "≤",
    "greater": ">",
    "greater_equal": "≥",
    "equal": "=",
    "not_equal": "≠",
    "logical_and": "and",
    "logical_or": "or",
    "logical_xor": "xor",
}
"""The signs of operations as a picture's labels show them."""

Drawn = tuple[str, int]
"""A text and how tightly it binds."""


# -- parameters ---------------------------------------------------------------------------------


def key_text(key: Any, parts: Sequence[str] = ()) -> str:
    """An index as it is written: ``1, :2``; ``parts`` are the texts of its traced ints and bools."""
    if isinstance(key, tuple):
        return ", ".join(key_text(part, parts) for part in key) or "()"
    if isinstance(key, slice):
        text = f"{'' if key.start is None else key.start}:{'' if key.stop is None else key.stop}"
        return text if key.step is None else f"{text}:{key.step}"
    if key is Ellipsis:
        return "…"
    if isinstance(key, np.ndarray):
        return "mask" if key.dtype.kind == "b" else str(key.tolist()) if key.size <= 6 else "positions"
    if isinstance(key, Dynamic):
        return parts[key.number] if key.number < len(parts) else HOLE
    return str(key)


def parameter_words(name: str, params: Mapping[str, Any]) -> list[str]:
    """The parameters that a reader must know, each in a word or two: "axis 0", "order F"."""
    if name in ("reshape", "ravel", "broadcast_to"):
        shape = [str(params["shape"])] if "shape" in params else []
        return shape + ([f"order {params['order']}"] if params.get("order", "C") != "C" else [])
    if name in ("astype", "astype_discrete"):
        return [np.dtype(params["dtype"]).name]
    if name in ("index", "scatter"):
        return [key_text(params["key"])]
    if name in ("tril", "triu"):
        return [f"k {params['k']}"] if params["k"] else []
    words = [word + _brief(params[key]) for key, word in _SHOWN.get(name, {}).items() if params.get(key) is not None]
    axis = params.get("axis")
    if axis is not None and axis != _USUAL_AXIS.get(name):
        words.append(f"axis {axis if isinstance(axis, int) else ', '.join(map(str, axis)) or '()'}")
    return words


def _brief(value: Any) -> str:
    text = str(value.tolist() if isinstance(value, np.ndarray) else value)
    return text if len(text) <= 24 else text[:23] + "…"


_SHOWN: dict[str, dict[str, str]] = {
    "einsum": {"subscripts": ""},
    **{name: {"n": "n ", "norm": ""} for name in ("fft", "ifft", "rfft", "irfft")},
    **{name: {"s": "s ", "axes": "axes ", "norm": ""} for name in ("fftn", "ifftn", "rfftn", "irfftn")},
    "tensordot": {"axes": "axes "},
    "norm": {"order": ""},
    "cond": {"p": ""},
    "pinv": {"rcond": "rcond "},
    "sliding_window_view": {"window_shape": ""},
    "repeat": {"repeats": "× "},
    "tile": {"reps": ""},
    "roll": {"shift": "by "},
    "pad": {"mode": ""},
    "transpose": {"axes": "axes "},
    "sum": {"initial": "initial "},
    "prod": {"initial": "initial "},
    "var": {"ddof": "ddof "},
    "std": {"ddof": "ddof "},
    "nanvar": {"ddof": "ddof "},
    "nanstd": {"ddof": "ddof "},
    "quantile": {"q": ""},
    "percentile": {"q": ""},
    "nanquantile": {"q": ""},
    "nanpercentile": {"q": ""},
    "convolve": {"mode": ""},
    "correlate": {"mode": ""},
    "linspace": {"num": ""},
    "geomspace": {"num": ""},
    "searchsorted": {"side": ""},
}
"""Parameters that a label shows, and the word before each; an axis is shown wherever there is one."""

MASKED = ("sum", "mean", "prod", "var", "std", "nansum", "nanmean", "nanprod", "nanvar", "nanstd")
"""Primitives whose second argument says which entries count."""

_USUAL_AXIS = {
    "stack": 0,
    "concatenate": 0,
    "sort": -1,
    "partition": -1,
    "sorted_order": -1,
    "argsort": -1,
    "take_along_axis": -1,
    "argpartition": -1,
    "lexsort": -1,
    "unwrap": -1,
    "linspace": 0,
    "geomspace": 0,
    **dict.fromkeys(("fft", "ifft", "rfft", "irfft"), -1),
}
"""The axis that needs no word, since it is NumPy's own choice."""


# -- printers -----------------------------------------------------------------------------------


def numbers_meet(product: Operation, left: str, right: str) -> bool:
    """Whether a product needs a cross: a dot before a number would be taken for a decimal point."""
    second = product.arguments[1]
    if isinstance(second, Number) or (isinstance(second, Symbol) and right.lstrip("(−")[:1].isdigit()):
        return True
    return left[-1:].isdigit() and right[:1].isdigit()


class Printer:
    """Prints terms; ``output`` is the name behind ∂, ``notation`` one of `NOTATIONS`."""

    levels = ON_PAPER
    left, right = "(", ")"
    minus = "−"
    pi = "π"

    def __init__(self, notation: str = "∂L/∂v", output: str = "L", digits: int = 4) -> None:
        self.notation = notation
        self.output = output
        self.digits = digits

    def text(self, term: Term) -> str:
        """The term as text."""
        return self.drawn(term)[0]

    def drawn(self, term: Term) -> Drawn:
        """The text of a term, and how tightly it binds."""
        if isinstance(term, Number):
            return self._number(term.value)
        if isinstance(term, Array):
            return self._array(term.value)
        if isinstance(term, Symbol):
            return self._symbol(term)
        if term.name == "pi":
            return self.pi, ATOM
        special: Callable[[Operation], Drawn | None] | None = getattr(self, f"_draw_{term.name}", None)
        found = special(term) if special is not None else None
        if found is None and len(term.arguments) == 2:
            found = self._infix(term)
        return self._call(term) if found is None else found

    def _operand(self, term: Term, least: int, *, first: bool = False) -> str:
        """A term as a part of another: in parentheses where it binds less than ``least``, or begins with a sign."""
        text, level = self.drawn(term)
        return self._enclosed(text) if level < least or (text.startswith(self.minus) and not first) else text

    def _enclosed(self, text: str) -> str:
        """The text in parentheses."""
        return f"{self.left}{text}{self.right}"

    def _both(self, term: Operation, name: str = "") -> tuple[str, str, int]:
        """Both operands of a term, and how tightly the whole binds."""
        level, left, right = self.levels[name or term.name]
        a, b = term.arguments
        loose = level < self.levels["add"][0]  # behind a comparison a sign cannot be misread
        return self._operand(a, left, first=True), self._operand(b, right, first=loose), level

    # what each form says in its own way

    def _number(self, value: Any) -> Drawn:
        """A plain number."""
        raise NotImplementedError

    def _array(self, value: Any) -> Drawn:
        """A plain array."""
        raise NotImplementedError

    def _symbol(self, symbol: Symbol) -> Drawn:
        """A node's name, or its adjoint's or tangent's."""
        if symbol.kind == "adjoint":
            return self._adjoint(symbol.name)
        return self._tangent(symbol.name) if symbol.kind == "tangent" else self._name(symbol.name)

    def _name(self, name: str) -> Drawn:
        """A node's name."""
        raise NotImplementedError

    def _adjoint(self, name: str) -> Drawn:
        """A node's adjoint."""
        raise NotImplementedError

    def _tangent(self, name: str) -> Drawn:
        """A node's tangent."""
        raise NotImplementedError

    def _partial(self, consumer: str, name: str) -> Drawn:
        """The local derivative ∂consumer/∂name."""
        raise NotImplementedError

    def _infix(self, term: Operation) -> Drawn | None:
        """An operation of two arguments with a sign between them; None if it has no sign."""
        raise NotImplementedError

    def _call(self, term: Operation) -> Drawn:
        """A function of its arguments."""
        raise NotImplementedError
