"""A node's operation in words, its formula, and the formulas of its local derivatives and contributions."""

from __future__ import annotations

from collections.abc import Sequence

from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.primitive import is_ours
from graphviz_ad.story.equations import (
    adjoint_term,
    contribution_chain,
    contribution_term,
    is_alone,
    is_folded,
    is_scalar,
    local_term,
    number_term,
    own_term,
    partial_term,
    value_term,
)
from graphviz_ad.story.notation import printer
from graphviz_ad.story.numbers import short
from graphviz_ad.story.paper import Unicode
from graphviz_ad.story.printing import HOLE, INFIX, key_text, parameter_words
from graphviz_ad.story.reasons import local_reason
from graphviz_ad.story.shapes import jacobian_text, shape_equation
from graphviz_ad.story.terms import Symbol

__all__ = [
    "HOLE", "INFIX", "contribution_formula", "expression", "is_folded", "jacobian_text", "key_text", "local_formula",
    "local_reason", "operation", "shape_equation", "value_formula",
]  # fmt: skip

_COMMUTATIVE = {"add", "multiply", "maximum", "minimum", "equal", "not_equal"}


def operation(node: Node, fold: bool = True) -> str:
    """What made a node, with scalar constants folded in: "sin", "+ 1", "1 − ·", "power 3", "sum axis 0".

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> graph = gad.trace(lambda x: 1 - (x**2 + 1) ** 3, 1.0)
    >>> [operation(node) for node in graph.nodes if node.primitive]
    ['power 2', '+ 1', 'power 3', '1 − ·']
    """
    primitive = node.primitive
    if primitive is None:
        return ""
    name, symbol = primitive.name, INFIX.get(primitive.name, primitive.symbol)
    inputs = node.inputs
    numbers = [short(i.value) if fold and is_folded(i) else None for i in inputs]
    # a primitive of another's may be called like one of ours, and have other parameters
    extra = "".join(f" {word}" for word in parameter_words(name if is_ours(primitive) else "", node.params))
    extra += f", {node.note}" if node.note not in ("", symbol) else ""
    if len(inputs) == 2 and (name in INFIX or name in ("power", "maximum", "minimum")) and any(numbers):
        left, right = numbers
        if left is not None and right is not None:
            return f"{left} {symbol} {right}"
        if right is not None:
            return f"{symbol} {right}"
        return f"{symbol} {left}" if name in _COMMUTATIVE else f"{left} {symbol} {HOLE}"
    if any(number is not None for number in numbers):
        return f"{symbol}({', '.join(HOLE if number is None else number for number in numbers)})" + extra
    return symbol + extra


def value_formula(node: Node, form: str = "unicode") -> str:
    """A node's value as an equation in symbols.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(w, x, b):
    ...     z = w * x
    ...     return z + b
    >>> graph = gad.trace(f, 2.0, 3.0, 1.0)
    >>> value_formula(graph["z"]), value_formula(graph["out"], "plain")
    ('z = w·x', 'out = z + b')
    """
    text = printer(form).text
    return f"{text(own_term(node))} = {text(value_term(node))}"


class _Texts(Unicode):
    """Prints symbols as the texts that they are."""

    def _symbol(self, symbol: Symbol) -> tuple[str, int]:
        text = symbol.name
        if text.startswith("−"):
            return text, self.levels["negative"][0]
        return text, 20 if text[:1].isdigit() and ("e" in text or " " in text) else 100


def expression(node: Node, arguments: Sequence[str]) -> str:
    """A node's formula with these texts for its inputs: ``x²``, ``w·x``, ``tanh(z)``."""
    terms = (Symbol(text, i.shape) for text, i in zip(arguments, node.inputs, strict=True))
    return _Texts().text(value_term(node, terms))


def local_formula(edge: Edge, form: str = "unicode") -> str:
    r"""The local derivative as an equation; for a tensor, what it makes of an adjoint. "" without derivative.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> edge = gad.trace(np.tanh, 0.5).edges[0]
    >>> for form in ("unicode", "latex", "plain"):
    ...     print(local_formula(edge, form))
    ∂out/∂x = 1 − out²
    \frac{\partial {\text{out}}}{\partial x} = 1 - {\text{out}}^{2}
    dout_dx = 1 - out ** 2
    """
    if not edge.active:
        return ""
    printed = printer(form, "v̄")
    left = printed.text(partial_term(edge))
    local = local_term(edge)
    if local is None and is_scalar(edge):
        local = number_term(edge)
    if local is not None:
        return f"{left} = {printed.text(local)}"
    back = printed.text(contribution_term(edge))
    if form == "plain":
        return f"{printed.text(adjoint_term(edge.input))} = {back}"
    adjoint = printed.text(adjoint_term(edge.consumer))
    return f"{left}: {adjoint} ↦ {back}" if form == "unicode" else rf"{left} \colon {adjoint} \mapsto {back}"


def contribution_formula(
    edge: Edge, notation: str = "∂L/∂v", form: str = "unicode", output: str = "L", digits: int = 4
) -> str:
    """What an edge sends back as an equation in symbols and, for scalars, in numbers; "" without derivative.

    An input to which several edges send something gets the sum: then the equation says ``+=``.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(w, x):
    ...     z = w * x
    ...     return z**2
    >>> graph = gad.trace(f, 2.0, 3.0)
    >>> contribution_formula(graph.edges[0], output="y")
    '∂y/∂w = ∂y/∂z · ∂z/∂w = ∂y/∂z · x = 12 × 3 = 36'
    >>> contribution_formula(graph.edges[0], "v̄"), contribution_formula(graph.edges[0], "v̄", "plain")
    ('w̄ = z̄·x = 12 × 3 = 36', 'w_bar = z_bar * x')
    """
    if not edge.active:
        return ""
    printed = printer(form, notation, output, digits)
    sign = " = " if is_alone(edge) else r" \mathrel{+}= " if form == "latex" else " += "
    left = printed.text(adjoint_term(edge.input))
    if form == "plain":
        return f"{left}{sign}{printed.text(contribution_term(edge))}"
    return left + sign + " = ".join(printed.text(term) for term in contribution_chain(edge, notation))
