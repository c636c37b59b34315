"""The first number that is none: the node that makes NaN or inf of good inputs, forwards and then backwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.visible import called
from graphviz_ad.doctor.finding import Finding, expression, some
from graphviz_ad.story.formula import operation
from graphviz_ad.story.numbers import brief

Array = np.ndarray[Any, Any]

_FORWARD = {
    "exp": "Subtract the largest entry first, np.exp(z - np.max(z)); or take gad.nn.softmax, gad.nn.log_softmax, "
    "gad.nn.sigmoid, which do.",
    "log": "Keep it away from 0: np.log(np.maximum(p, 1e-12)); better, take the loss of the scores themselves, "
    "gad.nn.cross_entropy(scores, labels).",
    "log1p": "Keep its input above -1.",
    "divide": "Keep the denominator away from 0: a / (b + 1e-12), or np.where(b == 0, 1.0, b) below the line.",
    "sqrt": "Keep its input at 0 or above: np.sqrt(np.maximum(x, 0) + 1e-12).",
    "power": "A negative number has no power that is a fraction, and 0 none that is negative: np.abs(x), or np.maximum"
    "(x, 1e-12) first. A large one overflows: scale it.",
    "square": "Scale the numbers down, or take float64.",
    "matmul": "The products overflow: scale the weights or the inputs down.",
    "arccos": "Keep its input between -1 and 1 with np.clip.",
    "arcsin": "Keep its input between -1 and 1 with np.clip.",
}
_FORWARD |= dict.fromkeys(("log2", "log10"), _FORWARD["log"])
_FORWARD |= dict.fromkeys(("exp2", "expm1", "sinh", "cosh"), _FORWARD["exp"])
_BACKWARD = {
    "sqrt": "Its slope at 0 is infinite: np.sqrt(x + 1e-12).",
    "norm": "Its slope at 0 is none: np.sqrt(np.sum(x**2) + 1e-12).",
    "power": "Its slope at 0 is infinite where the exponent is below 1: (x + 1e-12) ** p.",
    "log": "Its slope 1/x at 0 is infinite: np.log(np.maximum(x, 1e-12)).",
    "divide": "Its slope at a denominator of 0 is infinite: put a safe number there first.",
}
_MASKED = "Make the input safe before the function, and not its result after it: np.{0}(np.where(x > 0, x, 1.0))."


NOT_KEPT = "value not kept"
"""The note of a node whose value nobody knows: no number was computed wrong there."""


def bad(value: Any) -> Array:
    """Where a value is NaN or infinite."""
    array = np.asarray(value)
    return ~np.isfinite(array) if array.dtype.kind in "fc" else np.zeros(array.shape, bool)


def is_bad(value: Any) -> bool:
    """Whether NaN or inf is in it."""
    return value is not None and bool(bad(value).any())


def forward(graph: BaseGraph, harmful: bool) -> Iterator[Finding]:
    """The first node that holds NaN or inf without having got it from its inputs, and the first that makes NaN of inf.

    ``harmful``: it is known to reach the result or a gradient; else it is a note.
    """
    severity = "error" if harmful else "note"
    infinite = False
    for node in graph.nodes:
        if not is_bad(node.value) or node.note.startswith(NOT_KEPT):
            continue
        if node.primitive is None:
            if node.kind == "input":
                yield _given(node)
                return
            if np.isnan(np.asarray(node.value)).any():
                yield _given(node)
                return
            continue  # an infinite constant is written on purpose: a mask
        values = [np.asarray(start.value) for start in node.inputs]
        makes_nan = np.isnan(np.asarray(node.value)).any() and not any(
            value.dtype.kind in "fc" and np.isnan(value).any() for value in values
        )
        if makes_nan or not any(is_bad(value) for value in values):
            if makes_nan or not infinite:
                yield _made(node, severity)
            if makes_nan:
                return
            infinite = True


def _given(node: Node) -> Finding:
    array = np.asarray(node.value)
    count = int(bad(array).sum())
    word = "NaN" if np.isnan(array).any() else "inf"
    return Finding(
        "error",
        "nan" if word == "NaN" else "inf",
        f"The {node.role or node.kind} {called(node.name)} holds {word} in {count} of {array.size} places.",
        "It was not computed here: it came in so, and spreads to all that is computed from it.",
        f"Look at where {called(node.name)} comes from: np.isnan(x).any(), np.isfinite(x).all().",
        node.source,
        {node.name: f"came in with {word}"},
    )


def _made(node: Node, severity: str) -> Finding:
    assert node.primitive is not None
    array = np.asarray(node.value)
    nan = bool(np.isnan(array).any())
    where = np.isnan(array) if nan else bad(array)
    place = tuple(int(each) for each in np.argwhere(where)[0])
    word = "NaN" if nan else brief(array[place][()])
    spot = f" at [{', '.join(map(str, place))}]" if place else ""
    many = int(where.sum())
    amount = f", and in {many - 1} other places" if many > 1 else ""
    return Finding(
        severity,
        "nan" if nan else "inf",
        f"The first {'NaN' if nan else 'inf'}: {called(node.name)} is {word}{spot}{amount}.",
        f"`{expression(node)}` ({operation(node)}) makes it of {_taken(node.inputs, array.shape, place)}.",
        _FORWARD.get(node.primitive.name, "Keep its inputs where it is defined, and small enough."),
        node.source,
        {node.name: f"the first {'NaN' if nan else 'inf'}"},
    )


def _taken(inputs: Sequence[Node], shape: tuple[int, ...], place: tuple[int, ...]) -> str:
    """The inputs of a node with their values: at one place where they have it."""
    words = []
    for start in inputs:
        value = np.asarray(start.value)
        try:
            at = np.broadcast_to(value, shape)[place][()]
        except ValueError:
            words.append(f"{called(start.name)} = {brief(start.value)}")
            continue
        spot = f"[{', '.join(map(str, place))}]" if place and value.shape == shape else ""
        name = f"{called(start.name)}{spot} = " if start.kind != "constant" or value.shape else ""
        words.append(f"{name}{brief(at)}")
    return " and ".join(words)


def backward(graph: BaseGraph, suffering: Sequence[str]) -> Iterator[Finding]:
    """The first edge, on the way back, that sends NaN or inf though its consumer's adjoint is a number."""
    reached = graph.reached_positions
    for position in range(len(graph) - 1, -1, -1):
        if position not in reached or is_bad(adjoint := graph.adjoint_of(position)):
            continue
        for argnum in range(len(graph.input_table[position])):
            edge = graph.edge(position, argnum)
            if edge.active and is_bad(sent := edge.contribution):
                yield _sent(edge, np.asarray(adjoint), np.asarray(sent), suffering)
                return


def _sent(edge: Edge, adjoint: Array, sent: Array, suffering: Sequence[str]) -> Finding:
    consumer, start = edge.consumer, edge.input
    assert consumer.primitive is not None
    place = tuple(int(each) for each in np.argwhere(bad(sent))[0])
    value = np.asarray(start.value)[place][()]
    spot = f"[{', '.join(map(str, place))}]" if place else ""
    with np.errstate(all="ignore"):
        local = edge.local
    why = f"At {called(start.name)}{spot} = {brief(value)} "
    masked = False
    if isinstance(local, LocalJacobian) or np.shape(local) not in (adjoint.shape, ()) or adjoint.shape != sent.shape:
        why += f"the derivative of `{expression(consumer)}` is not finite."
    else:
        arrived, slope = adjoint[place][()], np.broadcast_to(local, adjoint.shape)[place][()]
        masked = bool(arrived == 0 and not np.isfinite(slope))
        why += (
            f"the local derivative of `{expression(consumer)}` is {brief(slope)}; times the adjoint {brief(arrived)} "
            f"that arrives, this is {brief(sent[place][()])}."
        )
        if masked:
            why += " That place was masked afterwards, but 0 × ∞ is no 0."
    name = consumer.primitive.name
    return Finding(
        "error",
        "nan gradient",
        f"The gradient turns to {'NaN' if np.isnan(sent).any() else 'inf'} on the way back, first at "
        f"{called(consumer.name)}; it reaches {some(suffering)}.",
        why,
        _MASKED.format(name)
        if masked
        else _BACKWARD.get(name, _FORWARD.get(name, "Keep its input where the slope is finite.")),
        consumer.source,
        {consumer.name: f"sends {'NaN' if np.isnan(sent).any() else 'inf'} back"},
        tuple(suffering),
    )
