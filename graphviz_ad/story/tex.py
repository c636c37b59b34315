"""Formulas for LaTeX's math mode: whatever a name holds, what comes out is valid and shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from graphviz_ad.story.numbers import brief, is_sum, short
from graphviz_ad.story.paper import OnPaper
from graphviz_ad.story.printing import ATOM, Drawn, numbers_meet, parameter_words
from graphviz_ad.story.terms import Number, Operation, Term

_LATEX_INFIX = {
    "add": " + ",
    "subtract": " - ",
    "matmul": r" \, ",
    "remainder": r" \bmod ",
    "less": " < ",
    "less_equal": r" \le ",
    "greater": " > ",
    "greater_equal": r" \ge ",
    "equal": " = ",
    "not_equal": r" \ne ",
    "logical_and": r" \land ",
    "logical_or": r" \lor ",
    "logical_xor": r" \oplus ",
}

_EXPONENT = re.compile(r"e(-?\d+)(i?)")

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta",
    "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi",
    "Ω": "Omega",
}  # fmt: skip
_GREEK_WORDS = frozenset(_GREEK.values())

_MATH_SIGNS = {
    "\\": r"\backslash ",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "^": r"\wedge ",
    "~": r"\sim ",
    "<": "<",
    ">": ">",
    "|": r"\vert ",
    "`": r"\prime ",
    "∂": r"\partial ",
    "∇": r"\nabla ",
    "′": r"\text{'}",
    "×": r"\times ",
    "·": r"\cdot ",
    "−": "-",
    "…": r"\ldots ",
    "→": r"\to ",
    "∞": r"\infty ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    **{letter: rf"\{name} " for letter, name in _GREEK.items()},
    **{digit: f"{{}}_{{{number}}}" for number, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **{digit: f"{{}}^{{{number}}}" for number, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}
_ACCENTS = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0306": "breve",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030a": "mathring",
    "\u030c": "check",
}
_LONGEST_NAME = 40


def latex_text(text: str) -> str:
    r"""Any text as LaTeX for math mode that shows it and does nothing else.

    Letters of other scripts, for which pdflatex has no font, are shown by their number.

    Examples
    --------
    >>> print(latex_text(r"100% \input"))
    \text{100}\%\text{ }\backslash \text{input}
    """
    import unicodedata

    if len(text) > _LONGEST_NAME:
        text = text[: _LONGEST_NAME - 1] + "…"
    result: list[str] = []
    run = ""
    for letter in unicodedata.normalize("NFC", text):
        if letter in _ACCENTS and run[-1:].isalpha():
            result += [rf"\text{{{run[:-1]}}}"] * (len(run) > 1) + [_foreign(run[-1] + letter, letter)]
            run = ""
            continue
        if letter.isascii() and letter.isprintable() and letter not in _MATH_SIGNS:
            run += letter
            continue
        if run:
            result.append(rf"\text{{{run}}}")
            run = ""
        result.append(_MATH_SIGNS.get(letter) or _foreign(unicodedata.normalize("NFD", letter), letter))
    if run:
        result.append(rf"\text{{{run}}}")
    return "".join(result)


def _foreign(parts: str, letter: str) -> str:
    if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha() and parts[1] in _ACCENTS:
        return rf"\{_ACCENTS[parts[1]]}{{\text{{{parts[0]}}}}}"
    return rf"\text{{U+{ord(letter):04X}}}"


def _latex_base(text: str) -> str:
    if len(text) == 1 and text.isascii() and text.isalpha():
        return text
    if text in _GREEK or text in _GREEK_WORDS:
        return rf"\{_GREEK.get(text, text)}"
    return latex_text(text)


def _latex_parts(name: str) -> tuple[str, str]:
    """A name's letter and its index: ``W_out``, ``W1`` and ``sigma_1`` have one."""
    import re

    found = re.fullmatch(r"([^\W\d_]+?)_?(\d+)", name) or re.fullmatch(r"([^\W\d_]+)_(\w+)", name)
    if found is None:
        return _latex_base(name), ""
    index = found[2]
    return _latex_base(found[1]), index if index.isascii() and index.isdigit() else _latex_base(index)


class Latex(OnPaper):
    """Formulas for LaTeX's math mode, with amsmath."""

    left, right = r"\left(", r"\right)"
    minus = "-"
    pi = r"\pi"
    negation = r"\lnot "

    def _number(self, value: Any) -> Drawn:
        written = short(value, self.digits)
        text = written.replace("−", "-")
        if text in ("True", "False", "NaN"):
            return rf"\text{{{text}}}", ATOM
        text = text.replace("∞", r"\infty ").rstrip()
        if is_sum(written) or (text.endswith("i") and "e" in text):
            text = _EXPONENT.sub(r" \\cdot 10^{\1}\2", text)
            return text, self.levels["add"][0]
        if "e" in text:
            mantissa, exponent = text.split("e")
            return rf"{mantissa} \cdot 10^{{{exponent}}}", 20
        return text, self.levels["negative"][0] if text.startswith("-") else ATOM

    def _array(self, value: Any) -> Drawn:
        return latex_text("mask" if value.dtype.kind == "b" else brief(value, self.digits)), ATOM

    def _name(self, name: str) -> Drawn:
        base, index = _latex_parts(name)
        return f"{base}_{{{index}}}" if index else f"{{{base}}}" if len(base) > 1 else base, ATOM

    def _marked(self, name: str, mark: str) -> Drawn:
        base, index = _latex_parts(name)
        marked = rf"\{mark}{{{base}}}" if len(base) == 1 or (base.startswith("\\") and base[1:].isalpha()) else ""
        if not marked:
            marked = rf"\{'overline' if mark == 'bar' else mark}{{{base}}}"
        return f"{marked}_{{{index}}}" if index else marked, ATOM

    def _adjoint(self, name: str) -> Drawn:
        if self.notation == "v̄":
            return self._marked(name, "bar")
        if self.notation == "grad":
            return rf"\nabla_{{{self._name(name)[0]}}} {self._name(self.output)[0]}", 21
        return self._partial(self.output, name)

    def _tangent(self, name: str) -> Drawn:
        return self._marked(name, "dot")

    def _partial(self, consumer: str, name: str) -> Drawn:
        return rf"\frac{{\partial {self._name(consumer)[0]}}}{{\partial {self._name(name)[0]}}}", 25

    def _infix(self, term: Operation) -> Drawn | None:
        name = term.name
        if name == "divide":
            a, b = (self.text(argument) for argument in term.arguments)
            if r"\frac" in a:  # a fraction on a fraction is too small to read
                whole = self._operand(term.arguments[0], self.levels["multiply"][1], first=True)
                return rf"{whole} \cdot \frac{{1}}{{{b}}}", self.levels["multiply"][0]
            return rf"\frac{{{a}}}{{{b}}}", 25
        if name == "floor_divide":
            a, b = (self.text(argument) for argument in term.arguments)
            return rf"\left\lfloor \frac{{{a}}}{{{b}}} \right\rfloor", ATOM
        if name == "multiply":
            a, b, level = self._both(term)
            if all(argument.shape for argument in term.arguments):
                return rf"{a} \odot {b}", level
            if numbers_meet(term, a, b):
                return rf"{a} \times {b}", level
            number = isinstance(term.arguments[0], Number) and "cdot" not in a and not a.startswith(self.left)
            return f"{a} {b}" if number else rf"{a} \cdot {b}", level
        if name not in _LATEX_INFIX:
            return None
        a, b, level = self._both(term)
        return f"{a}{_LATEX_INFIX[name]}{b}", level

    def _juxtaposed(self, a: str, b: str) -> str:
        return rf"{a} \, {b}"

    def _raised(self, base: str, exponent: Term) -> str:
        return f"{base}^{{{self.text(exponent)}}}"

    def _transposed(self, text: str) -> str:
        return rf"{text}^{{\top}}"

    def _named(self, name: str, arguments: Sequence[str]) -> Drawn:
        function = _LATEX_FUNCTIONS.get(name) or rf"\operatorname{{{_operator(name)}}}"
        return rf"{function}{self._enclosed(', '.join(arguments))}", ATOM

    def _indexed(self, name: str, index: str) -> str:
        return rf"\operatorname{{{name}}}_{{{index}}}"

    def _word(self, text: str) -> str:
        return latex_text(text)

    def _draw_exp(self, term: Operation) -> Drawn:
        return f"e^{{{self.text(term.arguments[0])}}}", self.levels["power"][0]

    def _draw_sqrt(self, term: Operation) -> Drawn:
        return rf"\sqrt{{{self.text(term.arguments[0])}}}", ATOM

    def _draw_cbrt(self, term: Operation) -> Drawn:
        return rf"\sqrt[3]{{{self.text(term.arguments[0])}}}", ATOM

    def _draw_modulus(self, term: Operation) -> Drawn:
        return self._draw_absolute(term)

    def _draw_absolute(self, term: Operation) -> Drawn:
        return rf"\left\lvert {self.text(term.arguments[0])} \right\rvert", ATOM

    def _draw_norm(self, term: Operation) -> Drawn | None:
        words = parameter_words("norm", term.params)
        return None if words else (rf"\left\lVert {self.text(term.arguments[0])} \right\rVert", ATOM)

    def _draw_sum(self, term: Operation) -> Drawn | None:
        if len(term.arguments) > 1 or "initial" in term.params:
            return None
        level, _, least = self.levels["sum"]
        words = parameter_words("sum", term.params)
        under = rf"_{{{self._word(words[0])}}}" if words else ""
        return rf"\sum{under} {self._operand(term.arguments[0], least)}", level

    def _draw_where(self, term: Operation) -> Drawn:
        rows, rest = [], term
        while True:
            condition, a, b = rest.arguments
            rows.append(rf"{self.text(a)} & \text{{if }} {self.text(condition)}")
            if not (isinstance(b, Operation) and b.name == "where"):
                break
            rest = b
        rows.append(rf"{self.text(b)} & \text{{otherwise}}")
        lines = r" \\ ".join(rows)
        return rf"\begin{{cases}} {lines} \end{{cases}}", self.levels["where"][0]


_LATEX_FUNCTIONS = {
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
    **{
        name: f"\\{name}"
        for name in (
            "sin",
            "cos",
            "tan",
            "arcsin",
            "arccos",
            "arctan",
            "sinh",
            "cosh",
            "tanh",
            "log",
            "max",
            "min",
            "det",
        )
    },
}


def _operator(name: str) -> str:
    return name.replace("_", r"\_") if name.isascii() and name.isidentifier() else latex_text(name)
