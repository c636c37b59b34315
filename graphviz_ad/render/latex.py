"""Lowers a derivation to LaTeX: a document, a fragment of ``align*``, or Markdown with formulas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphviz_ad.story.derivation import Derivation, Line
from graphviz_ad.story.notation import printer
from graphviz_ad.story.printing import Printer
from graphviz_ad.story.terms import Operation, Symbol, Term

WIDTH = 76
"""About so many characters of a formula go on one line; what is longer is broken."""


class _Writer:
    """Writes the lines of one derivation; the width of a formula is that of its one-line Unicode text."""

    def __init__(self, derivation: Derivation, digits: int) -> None:
        self.latex = printer("latex", derivation.notation, derivation.output, digits)
        # a gradient's ∇ with its index and its function is as wide as a quotient in one line
        ruler = derivation.notation if derivation.notation == "v̄" else "∂L/∂v"
        self.ruler = printer("unicode", ruler, derivation.output, digits)

    def rows(self, line: Line, margin: int) -> Iterator[str]:
        """One equation as rows of an alignment, behind a left side of this width.

        Broken before an equals sign, and inside long sums.
        """
        left = self.latex.text(line.left)
        if not line.chain:
            yield rf"{left} &\in {space(line.shape)}"
            return
        row, used = f"{left} &", margin
        empty = True
        for term in line.chain:
            for pieces, width in self.broken(term):
                if not empty and used + width > WIDTH:
                    yield row
                    row, used = "&", margin
                row += pieces if pieces.startswith(" {}") else f" = {pieces}"
                used += width
                empty = False
        yield row + (rf" \quad {space(line.shape, exact=True)}" if line.shape else "")

    def broken(self, term: Term) -> list[tuple[str, int]]:
        """A term as pieces that may stand on lines of their own, with their widths."""
        width = len(self.ruler.text(term)) + 3
        if width <= WIDTH:
            return [(self.latex.text(term), width)]
        summands: list[tuple[str, Term]] = []
        while isinstance(term, Operation) and term.name in ("add", "subtract"):
            summands.append((" + " if term.name == "add" else " - ", term.arguments[1]))
            term = term.arguments[0]
        pieces = [(self.latex.text(term), len(self.ruler.text(term)) + 3)]
        for sign, summand in reversed(summands):
            # what stands behind a sign is printed as the sum would print it
            whole = Operation("add" if sign == " + " else "subtract", (Symbol("x"), summand), {}, summand.shape)
            text = self.latex.text(whole).removeprefix(f"x{sign}")
            pieces.append((f" {{}}{sign}{text}", len(self.ruler.text(summand)) + 3))
        return pieces

    def block(self, lines: Sequence[Line]) -> str:
        """All equations as the rows of one alignment."""
        margin = max(len(self.ruler.text(line.left)) for line in lines)
        return " \\\\\n".join(f"  {row}" for line in lines for row in self.rows(line, margin))


def space(shape: Sequence[int], *, exact: bool = False) -> str:
    """Where an array lives: R^{4×3}; ``exact``: its shape alone, in parentheses."""
    sizes = r" \times ".join(map(str, shape))
    return rf"({sizes})" if exact else rf"\mathbf{{R}}^{{{sizes}}}"


def _parts(derivation: Derivation) -> list[tuple[str, tuple[Line, ...]]]:
    backwards = "Tangents, forwards" if derivation.mode == "forward" else "Adjoints, backwards"
    parts = [("Given", derivation.given), ("Values, forwards", derivation.values), (backwards, derivation.derivatives)]
    return [(heading, lines) for heading, lines in parts if lines]


def fragment(derivation: Derivation, digits: int = 4) -> str:
    """The derivation as ``align*`` environments, to be put into a document of one's own that loads amsmath."""
    write = _Writer(derivation, digits)
    return "".join(
        f"\\noindent {heading}:\n\\begin{{align*}}\n{write.block(lines)}\n\\end{{align*}}\n"
        for heading, lines in _parts(derivation)
    )


def document(derivation: Derivation, digits: int = 4) -> str:
    """The derivation as a complete document for pdflatex."""
    return (
        "\\documentclass{article}\n\\usepackage{amsmath}\n\\allowdisplaybreaks\n\\begin{document}\n"
        f"\\section*{{{_title(derivation)}}}\n{fragment(derivation, digits)}\\end{{document}}\n"
    )


def markdown(derivation: Derivation, digits: int = 4) -> str:
    """The derivation as Markdown with formulas between dollar signs, as Jupyter and GitHub read it."""
    write = _Writer(derivation, digits)
    blocks = [
        f"**{heading}**\n\n$$\n\\begin{{aligned}}\n{write.block(lines)}\n\\end{{aligned}}\n$$\n"
        for heading, lines in _parts(derivation)
    ]
    return f"## {_title(derivation)}\n\n" + "\n".join(blocks)


def _title(derivation: Derivation) -> str:
    text: Printer = printer("latex")
    return f"Derivation of ${text.text(Symbol(derivation.title))}$" if derivation.title else "Derivation"
