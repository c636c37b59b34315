"""A node's operation in words and as a formula: "+ 1", "power 3", ``u = x² + 1``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.graph import Node
from graphviz_ad.story.numbers import short

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
_COMMUTATIVE = {"add", "multiply", "maximum", "minimum", "equal", "not_equal"}
_SUPERSCRIPT = str.maketrans("0123456789−-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻·")
HOLE = "·"


def is_folded(node: Node) -> bool:
    """Whether a node is an untraced scalar, which pictures put into its consumer's label."""
    return node.kind == "constant" and node.shape == ()


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
    extra = _parameters(node)
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


def _parameters(node: Node) -> str:
    assert node.primitive is not None
    params = node.params
    name = node.primitive.name
    if name in ("reshape", "ravel", "broadcast_to"):
        shape = f" {params['shape']}" if "shape" in params else ""
        return shape + (f" order {params['order']}" if params.get("order", "C") != "C" else "")
    if name in ("astype", "astype_discrete"):
        return f" {np.dtype(params['dtype']).name}"
    if name in ("index", "scatter"):
        return f" {key_text(params['key'])}"
    words = [word + _brief(params[key]) for key, word in _SHOWN.get(name, {}).items() if params.get(key) is not None]
    axis = params.get("axis")
    hidden = _USUAL_AXIS.get(name)
    if axis is not None and axis != hidden:
        words.append(f"axis {axis if isinstance(axis, int) else ', '.join(map(str, axis)) or '()'}")
    return "".join(f" {word}" for word in words)


def _brief(value: Any) -> str:
    text = str(value.tolist() if isinstance(value, np.ndarray) else value)
    return text if len(text) <= 24 else text[:23] + "…"


_SHOWN: dict[str, dict[str, str]] = {
    "einsum": {"subscripts": ""},
    "tensordot": {"axes": "axes "},
    "norm": {"order": ""},
    "sliding_window_view": {"window_shape": ""},
    "repeat": {"repeats": "× "},
    "tile": {"reps": ""},
    "roll": {"shift": "by "},
    "pad": {"mode": ""},
}
"""Parameters that a label shows, and the word before each; an axis is shown wherever there is one."""

_USUAL_AXIS = {
    "stack": 0,
    "concatenate": 0,
    "sort": -1,
    "partition": -1,
    "sorted_order": -1,
    "argsort": -1,
    "take_along_axis": -1,
}
"""The axis that needs no word, since it is NumPy's own choice."""


def key_text(key: Any) -> str:
    """An index as it is written: ``1, :2``."""
    if isinstance(key, tuple):
        return ", ".join(key_text(part) for part in key) or "()"
    if isinstance(key, slice):
        text = f"{'' if key.start is None else key.start}:{'' if key.stop is None else key.stop}"
        return text if key.step is None else f"{text}:{key.step}"
    if key is Ellipsis:
        return "…"
    if isinstance(key, np.ndarray):
        return "mask" if key.dtype.kind == "b" else str(key.tolist()) if key.size <= 6 else "positions"
    return HOLE if type(key).__name__ == "Dynamic" else str(key)


def expression(node: Node, arguments: Sequence[str]) -> str:
    """A node's formula with these texts for its inputs: ``x²``, ``w × x``, ``tanh(z)``."""
    primitive = node.primitive
    assert primitive is not None
    name = primitive.name
    if name == "power":
        base, exponent = arguments
        if all(letter in "0123456789−." for letter in exponent) and len(exponent) <= 3:
            return f"{_atom(base)}{exponent.translate(_SUPERSCRIPT)}"
        return f"{_atom(base)}^{_atom(exponent)}"
    if name == "square":
        return f"{_atom(arguments[0])}²"
    if name in INFIX:
        left, right = arguments
        return f"{left} {INFIX[name]} {_atom(right)}"
    if name == "negative":
        return f"−{_atom(arguments[0])}"
    if name == "absolute":
        return f"|{arguments[0]}|"
    if name == "transpose" and node.params.get("axes") is None:
        return f"{_atom(arguments[0])}ᵀ"
    if name == "index":
        return f"{_atom(arguments[0])}[{key_text(node.params['key'])}]"
    return f"{primitive.symbol if primitive.symbol.isidentifier() else name}({', '.join(arguments)})"


def _atom(text: str) -> str:
    """A negative number in parentheses, everything else as it is."""
    return f"({text})" if text.startswith("−") else text
