"""Formulas as they are written on paper, in general and in one line of Unicode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphviz_ad.core.visible import called
from graphviz_ad.story.numbers import brief, is_sum, short
from graphviz_ad.story.printing import ATOM, INFIX, MASKED, Drawn, Printer, key_text, numbers_meet, parameter_words
from graphviz_ad.story.terms import Number, Operation, Symbol, Term


class OnPaper(Printer):
    """What Unicode and LaTeX have in common: the notation of mathematics."""

    def power(self, base: str, exponent: str) -> str:
        """A base that stands safely, with any exponent."""
        raise NotImplementedError

    def _transposed(self, text: str) -> str:
        """A text that stands safely, transposed."""
        raise NotImplementedError

    def _named(self, name: str, arguments: Sequence[str]) -> Drawn:
        """A function's name and its arguments."""
        raise NotImplementedError

    def _word(self, text: str) -> str:
        """A parameter in words."""
        raise NotImplementedError

    def _call(self, term: Operation) -> Drawn:
        name = str(term.params["name"]) if term.name == "call" else _ON_PAPER_NAMES.get(term.name, term.name)
        words = parameter_words(term.name, term.params) if term.name != "call" else []
        arguments = [self.text(argument) for argument in term.arguments]
        if term.name in MASKED and len(arguments) == 2:
            arguments[1] = f"{self._word('where ')}{arguments[1]}"
        return self._named(name, [*arguments, *map(self._word, words)])

    def _draw_alias(self, term: Operation) -> Drawn:
        return self.drawn(term.arguments[0])

    _draw_axes_of_one = _draw_alias

    def _draw_negative(self, term: Operation) -> Drawn:
        level, _, least = self.levels["negative"]
        inner, found = self.drawn(term.arguments[0])
        if found < least or inner.startswith((self.minus, "+")):
            inner = self._enclosed(inner)
        return f"{self.minus}{inner}", level

    def _draw_positive(self, term: Operation) -> Drawn:
        level, _, least = self.levels["positive"]
        return f"+{self._operand(term.arguments[0], least)}", level

    def _draw_square(self, term: Operation) -> Drawn:
        return self._draw_power(Operation("power", (term.arguments[0], Number(2))))

    def _draw_power(self, term: Operation) -> Drawn:
        level, least, _ = self.levels["power"]
        base, exponent = term.arguments
        return self._raised(self._operand(base, least), exponent), level

    def _raised(self, base: str, exponent: Term) -> str:
        """A base that stands safely, with an exponent."""
        raise NotImplementedError

    def _draw_reciprocal(self, term: Operation) -> Drawn | None:
        return self.drawn(Operation("divide", (Number(1), term.arguments[0]), {}, term.shape))

    def _draw_inv(self, term: Operation) -> Drawn:
        return self._raised(self._operand(term.arguments[0], 51), Number(-1)), self.levels["power"][0]

    def _draw_transpose(self, term: Operation) -> Drawn | None:
        if term.name == "transpose" and term.params.get("axes") is not None:
            return None
        return self._transposed(self._operand(term.arguments[0], 51)), self.levels["transpose"][0]

    _draw_matrix_transpose = _draw_transpose

    def _draw_swapaxes(self, term: Operation) -> Drawn | None:
        ndim = len(term.shape)
        axes = {axis % ndim for axis in (term.params["axis1"], term.params["axis2"])} if ndim else set()
        return (
            self._draw_transpose(Operation("matrix_transpose", term.arguments))
            if axes == {ndim - 2, ndim - 1}
            else None
        )

    def _draw_matmul(self, term: Operation) -> Drawn:
        a, b = term.arguments
        if len(a.shape) == 1:
            a = Operation("matrix_transpose", (a,), {}, a.shape)  # a row
        return self.drawn(Operation("product", (a, b), {}, term.shape))

    def _draw_product(self, term: Operation) -> Drawn:
        a, b, level = self._both(term, "matmul")
        return self._juxtaposed(a, b), level

    def _juxtaposed(self, a: str, b: str) -> str:
        """A product of matrices."""
        raise NotImplementedError

    def _draw_dot(self, term: Operation) -> Drawn | None:
        a, b = (len(argument.shape) for argument in term.arguments)
        if not a or not b:
            return self.drawn(Operation("multiply", term.arguments, {}, term.shape))
        return self._draw_matmul(term) if a <= 2 and b <= 2 else None

    def _draw_inner(self, term: Operation) -> Drawn | None:
        vectors = all(len(argument.shape) == 1 for argument in term.arguments)
        return self._draw_matmul(term) if vectors else None

    _draw_vdot = _draw_vecdot = _draw_inner

    def _draw_outer(self, term: Operation) -> Drawn | None:
        a, b = term.arguments
        if len(a.shape) != 1 or len(b.shape) != 1:
            return None
        return self.drawn(Operation("product", (a, Operation("matrix_transpose", (b,), {}, b.shape)), {}, term.shape))

    def _draw_index(self, term: Operation) -> Drawn:
        base, *parts = term.arguments
        key = key_text(term.params["key"], [Unicode().text(part) for part in parts])
        return f"{self._operand(base, 50)}[{self._word(key)}]", ATOM

    def _draw_scatter(self, term: Operation) -> Drawn:
        value, *parts = term.arguments
        key = key_text(term.params["key"], [Unicode().text(part) for part in parts])
        return self._named("scatter", [self.text(value), f"[{self._word(key)}]", self._word(str(term.shape))])

    def _draw_broadcast_to(self, term: Operation) -> Drawn:
        if isinstance(term.arguments[0], Number):
            return self.drawn(term.arguments[0])
        return self._named("broadcast", [self.text(term.arguments[0]), self._word(str(term.shape))])

    def _draw_einsum(self, term: Operation) -> Drawn:
        subscripts = self._word(term.params["subscripts"].replace("->", "→"))
        return f"{self._indexed('einsum', subscripts)}{self._enclosed(', '.join(map(self.text, term.arguments)))}", ATOM

    def _indexed(self, name: str, index: str) -> str:
        """A function's name with an index."""
        raise NotImplementedError

    def _draw_partial(self, term: Operation) -> Drawn:
        return self._partial(term.params["consumer"], term.params["input"])

    def _draw_pullback(self, term: Operation) -> Drawn:
        slope = Operation("partial", (), term.params)
        return self._drawn_product(self._transposed(self._enclosed(self.text(slope))), term.arguments[0])

    def _drawn_product(self, left: str, right: Term) -> Drawn:
        level, _, least = self.levels["matmul"]
        return self._juxtaposed(left, self._operand(right, least)), level

    def _draw_logical_not(self, term: Operation) -> Drawn:
        level, _, least = self.levels["logical_not"]
        return f"{self.negation}{self._operand(term.arguments[0], least)}", level

    negation = "not "


_ON_PAPER_NAMES = {
    "maximum": "max",
    "conjugate": "conj",
    "real": "Re",
    "imag": "Im",
    "modulus": "abs",
    "minimum": "min",
    "cofactor": "cof",
    "cofactor_change": "cof′",
    "fold_windows": "fold",
    "sliding_window_view": "windows",
    "sorted_order": "order",
    "astype_discrete": "astype",
    "logabsdet": "log|det|",
    "det_sign": "sign det",
    "rint": "round",
}

SUPERSCRIPT = str.maketrans("0123456789−-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")


class Unicode(OnPaper):
    """Formulas in one line of text: ``w·x + b``, ``x²``, ``Ȳ Wᵀ``."""

    def _number(self, value: Any) -> Drawn:
        text = short(value, self.digits)
        if is_sum(text):
            return text, self.levels["add"][0]
        return text, self.levels["negative"][0] if text.startswith("−") else 20 if "e" in text else ATOM

    def _array(self, value: Any) -> Drawn:
        return "mask" if value.dtype.kind == "b" else brief(value, self.digits), ATOM

    def _name(self, name: str) -> Drawn:
        text = called(name)
        simple = all(
            letter.isalnum() or letter in "_.[]'" or (not letter.isascii() and letter != "∂") for letter in text
        )
        return text, ATOM if simple else 20

    def _adjoint(self, name: str) -> Drawn:
        text = self._operand(Symbol(name), ATOM)
        if self.notation == "grad":
            return f"grad {text}", self._FRACTION
        if self.notation == "v̄":
            return _marked(text, "\u0304", "adj"), ATOM
        return f"∂{self._operand(Symbol(self.output), ATOM)}/∂{text}", self._FRACTION

    def _tangent(self, name: str) -> Drawn:
        return _marked(self._operand(Symbol(name), ATOM), "\u0307", "tangent"), ATOM

    def _partial(self, consumer: str, name: str) -> Drawn:
        return f"∂{self._operand(Symbol(consumer), ATOM)}/∂{self._operand(Symbol(name), ATOM)}", self._FRACTION

    _FRACTION = 21
    """How tightly ∂L/∂v binds: as a product, but not as one that goes on with another slash."""

    def _infix(self, term: Operation) -> Drawn | None:
        name = term.name
        if name not in INFIX:
            return None
        a, b, level = self._both(term)
        if name == "divide":
            if self.drawn(term.arguments[0])[1] == self._FRACTION:
                a = self._enclosed(a)  # ∂L/∂a / b would be read as ∂L/(∂a / b), or worse
            return f"{a}/{b}", level
        if name == "multiply":
            if all(argument.shape for argument in term.arguments):
                return f"{a} ⊙ {b}", level
            if numbers_meet(term, a, b):
                return f"{a} × {b}", level
            loose = any(sign in a + b for sign in " /")
            return f"{a} · {b}" if loose else f"{a}·{b}", level
        return f"{a} {INFIX[name]} {b}", level

    def _juxtaposed(self, a: str, b: str) -> str:
        return f"{a} {b}"

    def _raised(self, base: str, exponent: Term) -> str:
        text, level = self.drawn(exponent)
        if len(text) <= 4 and all(letter in "0123456789−" for letter in text):
            return f"{base}{text.translate(SUPERSCRIPT)}"
        return f"{base}^{text if level == ATOM else self._enclosed(text)}"

    def _transposed(self, text: str) -> str:
        return f"{text}ᵀ"

    def _named(self, name: str, arguments: Sequence[str]) -> Drawn:
        return f"{name}({', '.join(arguments)})", ATOM

    def _indexed(self, name: str, index: str) -> str:
        return f"{name}[{index}]"

    def _word(self, text: str) -> str:
        return text

    def _root(self, term: Operation, sign: str) -> Drawn:
        level, _, least = self.levels["sqrt"]
        return f"{sign}{self._operand(term.arguments[0], least)}", level

    def _draw_sqrt(self, term: Operation) -> Drawn:
        return self._root(term, "√")

    def _draw_cbrt(self, term: Operation) -> Drawn:
        return self._root(term, "∛")

    def _draw_absolute(self, term: Operation) -> Drawn:
        return f"|{self.text(term.arguments[0])}|", ATOM

    _draw_modulus = _draw_absolute

    def _draw_norm(self, term: Operation) -> Drawn | None:
        words = parameter_words("norm", term.params)
        return None if words else (f"‖{self.text(term.arguments[0])}‖", ATOM)

    def _draw_where(self, term: Operation) -> Drawn:
        level, least, last = self.levels["where"]
        condition, yes, no = term.arguments
        first, test = (self._operand(part, least, first=True) for part in (yes, condition))
        return f"{first} if {test} else {self._operand(no, last, first=True)}", level


def _marked(name: str, mark: str, word: str) -> str:
    """A name with a mark over it: over its letter where it is one letter with an index, else in words."""
    import unicodedata

    one = name[:1].isalpha() and (name[1:] == "" or name[1:].isdigit() or name[1] in "_₀₁₂₃₄₅₆₇₈₉")
    return unicodedata.normalize("NFC", name[0] + mark) + name[1:] if one else f"{word}({name})"
