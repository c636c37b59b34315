"""Terms: made from traced values, simplified as one writes on paper, never with another number."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.traced import Traced
from graphviz_ad.story.notation import printer
from graphviz_ad.story.terms import (
    Number,
    Operation,
    Symbol,
    operation_term,
    simplified,
    substituted,
    symbols,
    traced_term,
)
from tests.story.expressions import random_term, value

X, Y = Symbol("x"), Symbol("y")


def text(f) -> str:
    """The simplified term of a function of x and y, in Unicode."""
    x, y = (Traced(np.float64(number), None, (), {"role": "input"}, None) for number in (0.7, 1.3))
    term = traced_term(f(x, y), {x.index: X, y.index: Y})
    assert term is not None
    return printer().text(simplified(term))


@pytest.mark.parametrize(
    ("f", "written"),
    [
        (lambda x, y: x * 1.0, "x"),
        (lambda x, y: x + 0.0, "x"),
        (lambda x, y: 0.0 + x, "x"),
        (lambda x, y: 0.0 * x, "0"),
        (lambda x, y: x**1, "x"),
        (lambda x, y: x**0, "1"),
        (lambda x, y: np.negative(-x), "x"),
        (lambda x, y: -1.0 * x, "−x"),
        (lambda x, y: x * 3.0, "3·x"),
        (lambda x, y: 2.0 * (3.0 * x), "6·x"),
        (lambda x, y: x - (-y), "x + y"),
        (lambda x, y: x + (-y), "x − y"),
        (lambda x, y: -(x - y), "y − x"),
        (lambda x, y: (-x) * y, "−x·y"),
        (lambda x, y: x * (-y), "−x·y"),
        (lambda x, y: x * (1 / y), "x/y"),
        (lambda x, y: 0.5 / x, "1/(2·x)"),
        (lambda x, y: x / 1.0, "x"),
        (lambda x, y: x * x, "x²"),
        (lambda x, y: x * x * x, "x³"),
        (lambda x, y: 3 * x * x, "3·x²"),
        (lambda x, y: (1 - x) * (1 + x), "1 − x²"),
        (lambda x, y: x / y / y, "x/y²"),
        (lambda x, y: np.log(2.0) * x, "log(2)·x"),
        (lambda x, y: x / np.float64(np.pi), "x/π"),
    ],
)
def test_what_one_does_not_write(f, written) -> None:
    assert text(f) == written


@pytest.mark.parametrize("seed", range(300))
def test_simplifying_keeps_the_number(seed) -> None:
    term = random_term(np.random.default_rng(seed), 4)
    with np.errstate(all="ignore"):
        before, after = (float(value(t)) for t in (term, simplified(term)))
    if np.isfinite(before):  # 0 × inf and inf − inf are what simplifying may lose
        assert after == pytest.approx(before, rel=1e-9, abs=1e-12)


def test_a_graph_that_shares_is_not_written_out_for_ever() -> None:
    x = Traced(1.0, None, (), {"role": "input"}, None)
    y = x
    for _ in range(60):
        y = y * y + 1.0
    assert traced_term(y, {x.index: X}) is None


def test_a_users_own_primitive_of_a_known_name_is_a_call() -> None:
    def sin(x):
        return 2.0 * x

    graph = gad.trace(gad.custom(sin, vjp=lambda adjoint, out, x: 2 * adjoint), 1.0)
    node = graph.outputs[0]
    term = operation_term(node.primitive, [X], node.params, ())
    assert (term.name, term.params) == ("call", {"name": "sin"})
    assert printer("plain").text(term) == "sin(x)"


def test_symbols_and_substitution() -> None:
    term = Operation("add", (X, Operation("multiply", (Number(2.0), Y))))
    assert symbols(term) == {X, Y}
    assert printer().text(substituted(term, {Y: Number(-3.0)})) == "x + 2 × (−3)"
    assert printer().text(term) == "x + 2·y"
