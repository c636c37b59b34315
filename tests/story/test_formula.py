"""Labels and formulas of every primitive: short, one line, and right by Python's own parser."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.traced import Traced, apply, is_floating
from graphviz_ad.story.formula import (
    contribution_formula,
    expression,
    jacobian_text,
    local_formula,
    local_reason,
    operation,
    shape_equation,
    value_formula,
)
from graphviz_ad.story.plain import identifier, namespace
from tests.story.expressions import balanced, needless


def is_real(primitive) -> bool:
    """Whether a primitive is one of real numbers; tests/story/test_complexes.py walks the others."""
    cases = primitive.sample(np.random.default_rng(0))
    return not any(
        np.iscomplexobj(x) for inputs, params in cases for x in (*inputs, primitive.compute(*inputs, **params))
    )


@pytest.mark.parametrize("primitive", [p for p in REGISTRY.values() if p.sample and is_real(p)], ids=lambda p: p.name)
def test_every_primitive_has_a_label_and_a_formula(primitive) -> None:
    for inputs, params in primitive.sample(np.random.default_rng(0)):
        leaves = tuple(Traced(x, None, (), {"role": "input"}, None) if is_floating(x) else x for x in inputs)
        made = apply(primitive, leaves, params)
        graph = gad.Graph.from_dict(gad.graph(*_as_variables(primitive, inputs, params)).to_dict())
        node = graph.outputs[0]
        assert node.primitive is primitive
        np.testing.assert_array_equal(node.value, made.value)
        label = operation(node)
        assert label.strip() == label
        assert 0 < len(label) <= 60
        assert "\n" not in label
        arguments = [f"x{i}" for i in range(len(node.inputs))]
        formula = expression(node, arguments)
        assert "\n" not in formula
        assert any(name in formula for name in arguments) or not arguments


def _as_variables(primitive, inputs, params):
    lifted = tuple(gad.variable(x) if is_floating(x) else x for x in inputs)
    return [apply(primitive, lifted, params)]


@pytest.mark.parametrize(
    ("f", "label"),
    [
        (lambda x: np.sum(x, axis=0), "sum axis 0"),
        (lambda x: np.sort(x), "sort"),
        (lambda x: np.sort(x, axis=0), "sort axis 0"),
        (lambda x: np.einsum("ij,kj->ik", x, x), "einsum ij,kj->ik"),
        (lambda x: np.tensordot(x, x, axes=2), "tensordot axes 2"),
        (lambda x: np.linalg.norm(x, axis=1), "norm axis 1"),
        (lambda x: np.linalg.norm(x, 1, axis=1), "norm 1 axis 1"),
        (lambda x: np.reshape(x, (3, 2)), "reshape (3, 2)"),
        (lambda x: np.reshape(x, (3, 2), order="F"), "reshape (3, 2) order F"),
        (lambda x: x[0, 1:], "[ ] 0, 1:"),
        (lambda x: np.repeat(x, 2, axis=0), "repeat × 2 axis 0"),
        (lambda x: np.pad(x, 1, mode="edge"), "pad edge"),
        (lambda x: x**2, "power 2"),
        (lambda x: 1 - x, "1 − ·"),
    ],
)
def test_labels(f, label) -> None:
    node = gad.trace(f, np.arange(1.0, 7.0).reshape(2, 3)).outputs[0]
    assert operation(node) == label


# -- local derivatives, against differences of the primitive --------------------------------------


def graph_of(primitive, inputs, params):
    """The graph of one primitive, its float inputs named a, b, c …, swept from a random seed."""
    lifted = tuple(gad.variable(x, name="abcdefg"[i]) if is_floating(x) else x for i, x in enumerate(inputs))
    y = apply(primitive, lifted, params)
    graph = gad.graph(y)
    return graph.backward(np.random.default_rng(1).normal(size=graph.outputs[0].shape)[()])


def evaluate(text: str, graph) -> object:
    """What Python's own parser makes of a plain text, with the graph's values and adjoints for its names."""
    names = namespace() | {identifier(node.name): node.value for node in graph.nodes}
    names |= {f"{identifier(node.name)}_bar": node.adjoint for node in graph.nodes if node.differentiable}
    with np.errstate(all="ignore"):
        return eval(compile(ast.parse(text, mode="eval"), "formula", "eval"), names)


DIFFERENTIABLE = [p for p in REGISTRY.values() if p.sample and p.kind not in ("plain", "cut") and is_real(p)]
ELEMENTWISE = [p for p in DIFFERENTIABLE if p.kind == "elementwise"]


@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=lambda p: p.name)
def test_the_local_derivative_as_python_is_the_difference_quotient(primitive) -> None:
    step, tested = 1e-6, 0
    for inputs, params in primitive.sample(np.random.default_rng(7)):
        graph = graph_of(primitive, inputs, params)
        for edge in graph.edges:
            if not edge.active:
                continue
            left, text = local_formula(edge, "plain").split(" = ", 1)
            assert left == f"d{edge.consumer.name}_d{edge.input.name}"
            before, x, after = inputs[: edge.argnum], inputs[edge.argnum], inputs[edge.argnum + 1 :]
            ends = [primitive.compute(*before, x + way, *after, **params) for way in (step, -step)]
            quotient = (ends[0] - ends[1]) / (2 * step)
            found = np.broadcast_to(evaluate(text, graph), np.shape(quotient))
            np.testing.assert_allclose(found, quotient, rtol=1e-6, atol=1e-8, err_msg=text)
            tested += 1
    assert tested


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=lambda p: p.name)
def test_every_contribution_as_python_is_what_the_sweep_sent(primitive) -> None:
    for inputs, params in primitive.sample(np.random.default_rng(7)):
        if "lead" in params:
            continue  # of batched sweeps only, which no picture shows
        graph = graph_of(primitive, inputs, params)
        for edge in graph.edges:
            if not edge.active:
                continue
            left, text = re.split(r" \+?= ", contribution_formula(edge, "v̄", "plain"), maxsplit=1)
            assert left == f"{edge.input.name}_bar"
            assert needless(text) == []
            if text.startswith("vjp_"):
                long = (
                    "interp",
                    "cofactor_change",
                    "cholesky",
                    "cond",
                    "left_singular_vectors",
                    "right_singular_vectors",
                )
                assert primitive.name in long  # too long to be read
                continue
            found = evaluate(text, graph)
            assert np.shape(found) == edge.input.shape
            np.testing.assert_allclose(found, edge.contribution, rtol=1e-9, atol=1e-12, err_msg=text)
            for notation in ("∂L/∂v", "v̄", "grad"):
                for form in ("unicode", "latex"):
                    shown = contribution_formula(edge, notation, form)
                    assert "\n" not in shown
                    assert len(shown) < 700
                    assert form != "latex" or balanced(shown)
            if edge.input.shape or edge.consumer.shape:
                assert shape_equation(edge).startswith(str(edge.input.shape).replace(" ", ""))


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=lambda p: p.name)
def test_small_jacobians_are_the_dense_ones(primitive) -> None:
    for inputs, params in primitive.sample(np.random.default_rng(7)):
        graph = graph_of(primitive, inputs, params)
        for edge in graph.edges:
            text = jacobian_text(edge, "plain")
            if not edge.active or not text:
                continue
            rows, columns = (int(np.prod(node.shape)) for node in (edge.consumer, edge.input))
            assert 1 <= rows <= 6
            assert 1 <= columns <= 6
            dense = LocalJacobian(graph.records[edge.consumer.id], edge.argnum).dense().reshape(rows, columns)
            np.testing.assert_allclose(evaluate(text, graph), dense, rtol=1e-12)
            lines = jacobian_text(edge).splitlines()
            assert len(lines) == rows
            assert len({len(line) for line in lines}) == 1
            assert balanced(jacobian_text(edge, "latex"))


def test_a_wrong_formula_is_found(monkeypatch) -> None:
    """The tests above can fail: a formula with another sign is not the difference quotient."""
    wrong = dataclasses.replace(REGISTRY["hypot"], formulas=(lambda out, x, y: -x / out, lambda out, x, y: y / out))
    inputs, params = REGISTRY["hypot"].sample(np.random.default_rng(7))[0]
    edge = graph_of(REGISTRY["hypot"], inputs, params).edges[0]
    assert local_formula(edge) == "∂y/∂a = a/y"
    monkeypatch.setitem(REGISTRY, "hypot", wrong)
    edge = graph_of(wrong, inputs, params).edges[0]
    assert local_formula(edge) == "∂y/∂a = −a/y"


# -- as a reader sees them ------------------------------------------------------------------------


def edges(f, *args):
    graph = gad.trace(f, *args)
    return {(edge.input.name, edge.consumer.name): edge for edge in graph.edges}


@pytest.mark.parametrize(
    ("f", "formula"),
    [
        (lambda x: np.tanh(x), "1 − out²"),
        (lambda x: np.exp(x), "out"),
        (lambda x: np.sin(x), "cos(x)"),
        (lambda x: np.cos(x), "−sin(x)"),
        (lambda x: np.log(x), "1/x"),
        (lambda x: np.sqrt(x), "1/(2·out)"),
        (lambda x: x**2, "2·x"),
        (lambda x: x**3, "3·x²"),
        (lambda x: x**0.5, "0.5·x^(−0.5)"),
        (lambda x: x**-1, "−x⁻²"),
        (lambda x: 2.0**x, "out·log(2)"),
        (lambda x: 1 / x, "−out/x"),
        (lambda x: x / 4, "0.25"),
        (lambda x: 3 - x, "−1"),
        (lambda x: np.arctan(x), "1/(1 + x²)"),
        (lambda x: np.maximum(x, 0), "0 if x ≤ 0 else 1"),
        (lambda x: np.clip(x, -1, 1), "0 if x ≥ 1 else 0 if x ≤ −1 else 1"),
        (lambda x: np.abs(x), "sign(x)"),
        (lambda x: np.where(x > 0, x, 0.0), "1 if x > 0 else 0"),
        (lambda x: np.degrees(x), "180/π"),
        (lambda x: np.log2(x), "1/(log(2)·x)"),
        (lambda x: np.dot(x, 3.0), "3"),
    ],
)
def test_local_derivatives_in_unicode(f, formula) -> None:
    assert local_formula(edges(f, 0.7)["x", "out"]) == f"∂out/∂x = {formula}"


def test_local_derivatives_of_tensors_are_what_they_make_of_an_adjoint() -> None:
    def f(X, W):
        Y = X @ W
        return np.sum(Y, axis=0)

    found = edges(f, np.ones((4, 3)), np.ones((3, 2)))
    assert local_formula(found["X", "Y"]) == "∂Y/∂X: Ȳ ↦ Ȳ Wᵀ"
    assert local_formula(found["W", "Y"]) == "∂Y/∂W: Ȳ ↦ Xᵀ Ȳ"
    assert local_formula(found["X", "Y"], "plain") == "X_bar = Y_bar @ W.T"
    latex = r"\frac{\partial Y}{\partial W} \colon \bar{Y} \mapsto X^{\top} \, \bar{Y}"
    assert local_formula(found["W", "Y"], "latex") == latex
    assert local_formula(found["Y", "out"]) == "∂out/∂Y: adj(out) ↦ broadcast(adj(out), (4, 2))"


def test_contributions_in_three_notations() -> None:
    def f(w, x):
        z = w * x
        return z + x

    found = edges(f, 3.0, 2.0)
    edge = found["x", "z"]
    assert contribution_formula(edge, output="L") == "∂L/∂x += ∂L/∂z · ∂z/∂x = ∂L/∂z · w = 1 × 3 = 3"
    assert contribution_formula(edge, "v̄") == "x̄ += z̄·w = 1 × 3 = 3"
    assert contribution_formula(edge, "grad") == "grad x += grad z · w = 1 × 3 = 3"
    assert contribution_formula(edge, "v̄", "latex") == r"\bar{x} \mathrel{+}= \bar{z} \cdot w = 1 \times 3 = 3"
    assert contribution_formula(edge, "grad", "plain") == "grad_x += grad_z * w"
    assert contribution_formula(found["w", "z"], "v̄") == "w̄ = z̄·x = 1 × 2 = 2"
    assert contribution_formula(found["x", "out"], "v̄") == "x̄ += adj(out) × 1 = 1 × 1 = 1"


@pytest.mark.parametrize(
    ("f", "args", "name", "equation", "contribution"),
    [
        (lambda X, W: X @ W, [(4, 3), (3, 2)], "X", "(4,3) = (4,2)(2,3)", "X̄ = Ȳ Wᵀ"),
        (lambda X, W: X @ W, [(4, 3), (3, 2)], "W", "(3,2) = (3,4)(4,2)", "W̄ = Xᵀ Ȳ"),
        (lambda W, x: W @ x, [(4, 3), (3,)], "W", "(4,3) = (4,1)(1,3)", "W̄ = Ȳ xᵀ"),
        (lambda W, x: W @ x, [(4, 3), (3,)], "x", "(3,) = (3,4)(4,)", "x̄ = Wᵀ Ȳ"),
        (lambda x, W: x @ W, [(3,), (3, 4)], "x", "(3,) = (3,4)(4,)", "x̄ = W Ȳ"),
        (lambda x, W: x @ W, [(3,), (3, 4)], "W", "(3,4) = (3,1)(1,4)", "W̄ = x Ȳᵀ"),
        (lambda X, W: np.dot(X, W), [(4, 3), (3, 2)], "X", "(4,3) = (4,2)(2,3)", "X̄ = Ȳ Wᵀ"),
        (lambda X, W: X @ W, [(5, 4, 3), (5, 3, 2)], "X", "(5,4,3) = (5,4,2)(5,2,3)", "X̄ = Ȳ Wᵀ"),
        (
            lambda X, W: X @ W, [(4, 3), (5, 3, 2)], "X", "(4,3) = sum over axis 0 of (5,4,2)(5,2,3)",
            "X̄ = sum(Ȳ Wᵀ, axis 0)",
        ),
        (lambda X, b: X + b, [(4, 3), (3,)], "b", "(3,) = sum over axis 0 of (4,3)", "b̄ = sum(Ȳ, axis 0)"),
        (lambda X, b: X + b, [(4, 3), (4, 1)], "b", "(4,1) = sum over axis 1 of (4,3)", "b̄ = sum(Ȳ, axis 1)"),
        (lambda X, b: X + b, [(4, 3), ()], "b", "() = sum over axes 0 and 1 of (4,3)", "b̄ = sum(Ȳ, axis 0, 1)"),
        (lambda X, V: X * V, [(4, 3), (4, 3)], "X", "(4,3) = (4,3) ⊙ (4,3)", "X̄ = Ȳ ⊙ V"),
        (lambda X: np.tanh(X), [(4, 3)], "X", "(4,3) = (4,3) ⊙ (4,3)", "X̄ = Ȳ ⊙ (1 − Y²)"),
        (lambda X: np.sum(X, axis=1), [(4, 3)], "X", "(4,3) = broadcast of (4,1)", "X̄ = broadcast(Ȳ, (4, 3))"),
        (lambda X: np.mean(X), [(4, 3)], "X", "(4,3) = broadcast of ()", "X̄ = broadcast(Ȳ/12, (4, 3))"),
        (lambda X: X[1:3], [(4, 3)], "X", "(4,3) = zeros plus (2,3)", "X̄ = scatter(Ȳ, [1:3], (4, 3))"),
        (lambda X: X.T, [(4, 3)], "X", "(4,3) = (4,3)", "X̄ = Ȳᵀ"),
        (lambda X: np.reshape(X, (2, 6)), [(4, 3)], "X", "(4,3) = reshape of (2,6)", "X̄ = reshape(Ȳ, (4, 3))"),
        (
            lambda X, W: np.einsum("ij,jk->ik", X, W), [(4, 3), (3, 2)], "X", "(4,3) = einsum of (4,2) and (3,2)",
            "X̄ = einsum[ik,jk→ij](Ȳ, W)",
        ),
        (lambda X: np.amax(X), [(4, 3)], "X", "(4,3) = pullback of ()", "X̄ = Ȳ/sum(X = Y) if X = Y else 0"),
    ],
)  # fmt: skip
def test_tensors_in_shapes_and_symbols(f, args, name, equation, contribution) -> None:
    def named(*args):
        Y = f(*args)
        return Y

    rng = np.random.default_rng(0)
    names = inspect.signature(f).parameters
    graph = gad.trace(
        named, *(gad.variable(rng.normal(size=shape)[()], n) for shape, n in zip(args, names, strict=True))
    )
    node = graph.outputs[0]
    graph.backward(np.ones(node.shape))
    edge = next(edge for edge in graph.edges if edge.input.name == name and edge.active)
    assert node.name == "Y"
    assert shape_equation(edge) == equation
    assert contribution_formula(edge, "v̄") == contribution


def test_scalars_have_no_shape_equation_and_breaks_no_formula() -> None:
    found = edges(lambda x: x * np.floor(x), 2.5)
    assert shape_equation(found["x", "out"]) == ""
    for text in (local_formula, contribution_formula, shape_equation, jacobian_text):
        assert text(found["x", "v1"]) == ""


def test_large_jacobians_are_not_written_out() -> None:
    assert jacobian_text(edges(lambda x: np.cumsum(x), np.ones(7))["x", "out"]) == ""
    assert jacobian_text(edges(lambda x: np.cumsum(x), np.ones(6))["x", "out"]).count("\n") == 5


def test_a_row_and_a_column() -> None:
    assert jacobian_text(edges(lambda x: np.sum(x), np.ones(3))["x", "out"]) == "[1 1 1]"
    assert jacobian_text(edges(lambda x: x * np.arange(2.0), 3.0)["x", "out"]) == "⎡0⎤\n⎣1⎦"


@pytest.mark.parametrize(
    ("f", "args", "edge", "reason"),
    [
        (lambda z, b: z + b, (1.0, 2.0), ("b", "out"), "out = z + b adds b with factor 1"),
        (lambda z, b: z - b, (1.0, 2.0), ("z", "out"), "out = z − b contains z with factor 1"),
        (lambda z, b: z - b, (1.0, 2.0), ("b", "out"), ""),
        (lambda x: +x, (1.0,), ("x", "out"), "out = +x hands x on as it is"),
        (lambda x: x * 1.0, (3.0,), ("x", "out"), "out = x × 1 hands x on as it is"),
        (lambda x: x**0, (3.0,), ("x", "out"), "out = x⁰ does not change with x"),
        (lambda w, x: w * x, (3.0, 1.0), ("w", "out"), "∂out/∂w = x, and here x = 1"),
        (lambda w, x: w * x, (3.0, 2.0), ("w", "out"), ""),
        (lambda x: np.tanh(x), (40.0,), ("x", "out"), "∂out/∂x = 1 − out², and here out = 1"),
        (
            lambda x: np.maximum(0, x), (-2.0,), ("x", "out"),
            "out = max(0, x) does not change with x where x ≤ 0, and here x = −2",
        ),
        (
            lambda x: np.maximum(0, x), (2.0,), ("x", "out"),
            "out = max(0, x) hands x on as it is where x > 0, and here x = 2",
        ),
        (
            lambda x: np.maximum(0, x), (0.0,), ("x", "out"),
            "out = max(0, x) has a kink at x = 0: slope 0 on the left, 1 on the right; by convention 0 is used",
        ),
        (
            lambda x: np.maximum(x, 1), (1.0,), ("x", "out"),
            "out = max(x, 1) has a kink at x = 1: slope 0 on the left, 1 on the right; by convention 0 is used",
        ),
        (
            lambda x: np.minimum(x, 1), (np.float32(1.0),), ("x", "out"),
            "out = min(x, 1) has a kink at x = 1: slope 1 on the left, 0 on the right; by convention 0 is used",
        ),
        (
            lambda x: np.clip(x, 0, 1), (1.0,), ("x", "out"),
            "out = clip(x, 0, 1) has a kink at x = 1: slope 1 on the left, 0 on the right; by convention 0 is used",
        ),
        (
            lambda x: np.clip(x, 0, 1), (0.0,), ("x", "out"),
            "out = clip(x, 0, 1) has a kink at x = 0: slope 0 on the left, 1 on the right; by convention 0 is used",
        ),
        (lambda x: np.clip(x, 1, 1), (1.0,), ("x", "out"), "out = clip(x, 1, 1) does not change with x where x ≥ 1"),
        (
            lambda x: gad.nn.relu(x), (0.0,), ("x", "out"),
            "out = max(x, 0) has a kink at x = 0: slope 0 on the left, 1 on the right; by convention 0 is used",
        ),
        (
            lambda x: np.maximum(x, gad.detach(x)), (2.0,), ("x", "out"),
            "has a kink at v1 = 2, x = 2: slope 0 on the left, 1 on the right; by convention 0 is used",
        ),
        (
            lambda x: np.where(x > 0, x, 5.0), (0.0,), ("x", "out"),
            "where x ≤ 0, and here x = 0, just where the cases meet: the one that was taken counts",
        ),
        (lambda x, y: np.maximum(x, y), (2.0, 2.0), ("x", "out"), ""),
        (lambda x: (x > 1) * x, (2.0,), ("x", "out"), "∂out/∂x = x > 1, and here x = 2"),
        (lambda x: np.maximum(0, x), (np.nan,), ("x", "out"), ""),
        (
            lambda x, y: np.maximum(x, y), (2.0, 1.0), ("x", "out"),
            "out = max(x, y) hands x on as it is where x ≥ y and x ≠ y, and here x = 2, y = 1",
        ),
        (
            lambda x: np.where(x > 0, x, 0.5), (-2.0,), ("x", "out"),
            "out = x if x > 0 else 0.5 does not change with x where x ≤ 0, and here x = −2",
        ),
        (lambda x: x + np.floor(x), (2.5,), ("x", "v1"), "v1 = floor(x) stays as it is while x changes a little"),
        (lambda x: x * gad.detach(x), (2.5,), ("x", "v1"), "detach takes the number of x alone"),
        (lambda x: x + 1, (2.5,), ("c1", "out"), "c1 is a constant"),
        (lambda x: np.where(x > 0, x, x), (2.5,), ("v1", "out"), "v1 is no float: nothing can change it a little"),
        (lambda x: np.maximum(x, 0), (np.array([-1.0, 1.0]),), ("x", "out"), ""),
        (lambda x: x * np.ones(2), (np.array([-1.0, 1.0]),), ("x", "out"), "which is 1 everywhere here"),
        (lambda x: np.cumsum(x), (np.array([-1.0, 1.0]),), ("x", "out"), ""),
        (lambda x: x.astype(np.float32), (1.0,), ("x", "out"), "out = astype(x, float32) hands x on as it is"),
    ],
)  # fmt: skip
def test_why_a_local_derivative_is_0_or_1(f, args, edge, reason) -> None:
    found = local_reason(edges(f, *args)[edge])
    assert reason in found
    assert "x = 2, x = 2" not in found
    assert bool(reason) == bool(found)


def test_a_users_own_primitive() -> None:
    double = gad.custom(lambda x: 2 * x, vjp=lambda adjoint, out, x: 2 * adjoint)
    edge = edges(lambda x: double(x), 3.0)["x", "out"]
    assert local_formula(edge) == "∂out/∂x = 2"
    assert contribution_formula(edge, "v̄") == "x̄ = adj(out) · ∂out/∂x = 1 × 2 = 2"
    edge = edges(lambda x: np.sum(double(x)), np.ones(2))["x", "v1"]
    assert contribution_formula(edge, "v̄") == "x̄ = (∂v1/∂x)ᵀ v̄1"
    assert contribution_formula(edge, "v̄", "plain") == "x_bar = vjp_custom(v1_bar, v1, x)"
    assert shape_equation(edge) == "(2,) = pullback of (2,)"


def test_a_local_derivative_that_runs_no_rule_of_the_user() -> None:
    """A user's own rule need not take stand-ins: it is not asked."""

    def pull(adjoint, out, x):
        assert type(x) is not Traced
        return adjoint * float(np.asarray(x))

    half = gad.custom(lambda x: 0.5 * x * x, vjp=pull)
    edge = edges(lambda x: half(x), 3.0)["x", "out"]
    assert local_formula(edge) == "∂out/∂x = 3"


def test_value_formulas_and_texts() -> None:
    def f(w, x, b):
        z = w * x + b
        return z**2

    graph = gad.trace(f, 2.0, -3.0, 1.0)
    assert [value_formula(node) for node in graph.nodes if node.primitive] == ["v1 = w·x", "z = v1 + b", "out = z²"]
    assert value_formula(graph["z"], "latex") == "z = v_{1} + b"
    assert expression(graph["v1"], ["2", "−3"]) == "2 × (−3)"
    assert expression(graph["z"], ["−6", "−1"]) == "−6 + (−1)"
    assert expression(graph["out"], ["−5", "2"]) == "(−5)²"
    assert expression(graph["out"], ["1.2e-5", "2"]) == "(1.2e-5)²"
    assert expression(graph["out"], ["0 … 9", "2"]) == "(0 … 9)²"


def test_an_equation_adds_up_only_where_several_edges_send_something() -> None:
    def f(x):
        return np.where(x > 0, x, 0.0)

    def g(x):
        a = x * 2
        return a, a * 3

    graph = gad.trace(f, 2.0)
    sending = [edge for edge in graph.edges if edge.active]
    assert [contribution_formula(edge, "v̄").partition("x̄ = ")[0] for edge in sending] == [""]
    graph = gad.trace(g, 2.0).backward({"a": 5.0, "out": 1.0})
    assert contribution_formula(graph.edges[2], "v̄", "plain").startswith("a_bar += ")


@pytest.mark.parametrize(
    ("f", "formula"),
    [
        (lambda x: np.sum(x, initial=10.0), "out = sum(x, initial 10.0)"),
        (lambda x: np.sum(x, where=x > 0), "out = sum(x, where x > 0)"),
        (lambda x: np.var(x, ddof=1), "out = var(x, ddof 1)"),
        (lambda x: np.transpose(x[None, None], (2, 0, 1)), "out = transpose(v1, axes (2, 0, 1))"),
    ],
)
def test_a_formula_names_what_changes_its_value(f, formula) -> None:
    assert value_formula(gad.trace(f, np.array([1.0, -2.0, 3.0])).outputs[0]) == formula
