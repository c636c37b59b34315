"""Chooses how a term is printed: as Unicode, as LaTeX or as plain Python, with one of three notations of adjoints."""

from __future__ import annotations

from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.paper import Unicode
from graphviz_ad.story.plain import Plain
from graphviz_ad.story.printing import Printer
from graphviz_ad.story.tex import Latex

FORMS = ("unicode", "latex", "plain")
NOTATIONS = ("∂L/∂v", "v̄", "grad")

_PRINTERS: dict[str, type[Printer]] = {"unicode": Unicode, "latex": Latex, "plain": Plain}


def check_notation(notation: Any) -> None:
    """Refuse a notation that there is not."""
    if notation not in NOTATIONS:
        raise ArgumentError(f"unknown notation: {notation!r} (must be one of {list(NOTATIONS)})")


def printer(form: str = "unicode", notation: str = "∂L/∂v", output: str = "L", digits: int = 4) -> Printer:
    r"""The printer of one form and notation.

    Examples
    --------
    >>> from graphviz_ad.story.terms import Number, Operation, Symbol
    >>> x, y = Symbol("x"), Symbol("y_1")
    >>> term = Operation("multiply", (Operation("add", (x, Number(1.0))), Operation("power", (y, Number(2)))))
    >>> for form in FORMS:
    ...     print(printer(form).text(term))
    (x + 1) · y_1²
    \left(x + 1\right) \cdot y_{1}^{2}
    (x + 1.0) * y_1 ** 2
    """
    if form not in FORMS:
        raise ArgumentError(f"unknown form: {form!r} (must be one of {list(FORMS)})")
    check_notation(notation)
    return _PRINTERS[form](notation, output, digits)
