"""The derivation: one equation per value and per adjoint, whose every part has the same number."""

from __future__ import annotations

import ast

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError, SeedError
from graphviz_ad.story.derivation import derivation
from graphviz_ad.story.equations import scalar_local
from graphviz_ad.story.notation import NOTATIONS, printer
from graphviz_ad.story.plain import identifier, namespace
from graphviz_ad.story.terms import Symbol, symbols
from tests.core.test_gold import fork


def neuron(w, x, b, t):
    z = w * x + b
    y = np.tanh(z)
    L = (y - t) ** 2
    return L


def layer(X, W, b):
    H = np.maximum(X @ W + b, 0)
    loss = np.mean(H**2)
    return loss


def kinks(x, y):
    a = np.where(x > y, x * y, np.exp(-x))
    b = np.maximum(a, 0.5) - np.clip(y, -1.0, 1.0) / x
    return b * a - b


SCALARS = [
    (neuron, (0.5, 2.0, -1.0, 0.3)),
    (fork, (2.0, 3.0)),
    (kinks, (0.4, 1.7)),
    (kinks, (1.9, 0.7)),
    (lambda x: x * x * x, (1.3,)),
    (lambda x: -x - (-x) ** 2 / (1 - x), (0.3,)),
]
TENSORS = [
    (layer, (np.arange(12.0).reshape(4, 3) / 7 - 1, np.ones((3, 2)) / 3, np.array([0.1, -0.2]))),
    (lambda x: np.sum(np.sort(x) * x) + x[0], (np.array([1.3, -0.2, 0.4]),)),
]


def text(term, notation="v̄", form="unicode", output="L") -> str:
    return printer(form, notation, output).text(term)


def names_of(graph) -> dict:
    """What the names in plain texts stand for."""
    names = dict(namespace())
    for node in graph.nodes:
        name = identifier(node.name)
        names[name] = np.float64(node.value) if node.shape == () and node.dtype.kind == "f" else node.value
        if node.differentiable and graph.has_adjoints:
            names[f"{name}_bar"] = node.adjoint
        if node.differentiable and graph.has_tangents:
            names[f"{name}_dot"] = node.tangent
    for edge in graph.edges:
        if edge.active and not edge.input.shape and not edge.consumer.shape:
            names[f"d{identifier(edge.consumer.name)}_d{identifier(edge.input.name)}"] = scalar_local(edge)
    return names


def check(found, graph) -> None:
    """Every part of every equation has the number that its left side has."""
    names = names_of(graph)
    for line in (*found.given, *found.values, *found.derivatives):
        expected = eval(text(line.left, form="plain"), names)
        for part in line.chain:
            if x_times_x(part):
                continue
            got = eval(compile(ast.parse(text(part, form="plain"), mode="eval"), "line", "eval"), names)
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12, err_msg=text(part))
            assert np.shape(got) == line.shape


def x_times_x(term) -> bool:
    """The chain rule names a local derivative by its two ends, which x·x has two of (their numbers differ in x − x)."""
    return text(term).count("∂") > 1 and len(symbols(term)) == 1


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(("f", "args"), SCALARS + TENSORS)
def test_every_part_of_an_equation_has_the_same_number(f, args, notation) -> None:
    graph = gad.trace(f, *args)
    check(derivation(graph, notation=notation), graph.backward())


@pytest.mark.parametrize(("f", "args"), SCALARS + TENSORS)
def test_so_have_tangents(f, args) -> None:
    graph = gad.trace(f, *args)
    first = graph.inputs[0]
    seed = {first.name: np.ones(first.shape)[()]}
    found = derivation(graph, "forward", seed=seed)
    assert found.derivatives
    check(found, graph.forward(seed))


def test_a_wrong_number_is_found() -> None:
    graph = gad.trace(neuron, 0.5, 2.0, -1.0, 0.3)
    found = derivation(graph)
    with pytest.raises(AssertionError):
        check(found, gad.trace(neuron, 0.6, 2.0, -1.0, 0.3).backward())


def test_one_line_per_node_in_the_order_of_the_story() -> None:
    graph = gad.trace(neuron, 0.5, 2.0, -1.0, 0.3)
    found = derivation(graph)
    assert [text(line.left) for line in found.given] == ["w", "x", "b", "t"]
    assert [text(line.left) for line in found.values] == ["v1", "z", "y", "v2", "L"]
    assert [line.left.name for line in found.derivatives] == ["L", "v2", "y", "z", "v1", "t", "b", "x", "w"]
    assert (found.title, found.output, found.mode) == ("neuron", "L", "reverse")


def lines(found, part="derivatives", **options) -> list[str]:
    return [
        " = ".join(text(term, output=found.output, **options) for term in (line.left, *line.chain))
        for line in getattr(found, part)
    ]


def test_the_neuron_in_full() -> None:
    found = derivation(gad.trace(neuron, 0.5, 2.0, -1.0, 0.3), notation="v̄")
    assert lines(found, "values") == [
        "v1 = w·x = 0.5 × 2 = 1",
        "z = v1 + b = 1 + (−1) = 0",
        "y = tanh(z) = tanh(0) = 0",
        "v2 = y − t = 0 − 0.3 = −0.3",
        "L = v2² = (−0.3)² = 0.09",
    ]
    assert lines(found) == [
        "L̄ = 1",
        "v̄2 = L̄·2·v2 = 1 × (−0.6) = −0.6",
        "ȳ = v̄2 × 1 = −0.6 × 1 = −0.6",
        "z̄ = ȳ · (1 − y²) = −0.6 × 1 = −0.6",
        "v̄1 = z̄ × 1 = −0.6 × 1 = −0.6",
        "t̄ = v̄2 × (−1) = −0.6 × (−1) = 0.6",
        "b̄ = z̄ × 1 = −0.6 × 1 = −0.6",
        "x̄ = v̄1·w = −0.6 × 0.5 = −0.3",
        "w̄ = v̄1·x = −0.6 × 2 = −1.2",
    ]


def test_several_consumers_are_summed() -> None:
    def f(x):
        a = x * x
        b = a - x
        return b

    found = derivation(gad.trace(f, 3.0))
    assert lines(found, notation="∂L/∂v")[-1] == (
        "∂b/∂x = ∂b/∂b · ∂b/∂x + ∂b/∂a · ∂a/∂x + ∂b/∂a · ∂a/∂x = ∂b/∂b × (−1) + ∂b/∂a · x + ∂b/∂a · x"
        " = 1 × (−1) + 1 × 3 + 1 × 3 = 5"
    )


def test_tensors_have_shapes_instead_of_numbers() -> None:
    found = derivation(gad.trace(layer, np.ones((4, 3)), np.ones((3, 2)), np.zeros(2)), notation="v̄")
    assert lines(found)[-3:] == ["b̄ = sum(v̄2, axis 0)", "W̄ = Xᵀ v̄1", "X̄ = v̄1 Wᵀ"]
    assert [line.shape for line in found.derivatives][-3:] == [(2,), (3, 2), (4, 3)]
    assert found.given[0].chain == ()


def test_tangents_go_forwards() -> None:
    found = derivation(gad.trace(neuron, 0.5, 2.0, -1.0, 0.3), "forward", seed={"w": 1.0}, notation="v̄")
    assert lines(found) == [
        "ẇ = 1",
        "v̇1 = ∂v1/∂w · ẇ = x·ẇ = 2 × 1 = 2",
        "ż = ∂z/∂v1 · v̇1 = v̇1 = 1 × 2 = 2",
        "ẏ = ∂y/∂z · ż = (1 − y²) · ż = 1 × 2 = 2",
        "v̇2 = ∂v2/∂y · ẏ = ẏ = 1 × 2 = 2",
        "L̇ = ∂L/∂v2 · v̇2 = 2·v2·v̇2 = −0.6 × 2 = −1.2",
    ]


def test_inputs_without_path_get_0() -> None:
    found = derivation(gad.trace(lambda x, y: x**2, 3.0, 4.0), notation="v̄")
    assert "ȳ = 0" in lines(found)


def test_a_seed_and_an_output_of_ones_own() -> None:
    def two(x, y):
        p = x * y
        s = p + x
        return p, s

    graph = gad.trace(two, 2.0, 3.0)
    assert derivation(graph).derivatives == ()  # no sweep knows where to start
    found = derivation(graph, output="s", notation="∂L/∂v")
    assert found.output == "s"
    assert "∂s/∂y = ∂s/∂p · ∂p/∂y = ∂s/∂p · x = 1 × 2 = 2" in lines(found, notation="∂L/∂v")
    both = derivation(graph, seed={"p": 10.0, "s": 1.0}, notation="v̄")
    assert both.output == "L"
    assert "p̄ = s̄ × 1 + 10 = 1 × 1 + 10 = 11" in lines(both)
    with pytest.raises(SeedError):
        derivation(graph, seed={"x": 1.0})


def test_values_alone_where_there_is_no_derivative() -> None:
    found = derivation(gad.trace(lambda x: x > 1, 2.0))
    assert (len(found.values), found.derivatives) == (1, ())


def test_not_without_end() -> None:
    def long(x):
        for _ in range(201):
            x = np.sin(x)
        return x

    with pytest.raises(
        ArgumentError, match=r"the graph has 202 nodes; a derivation holds at most 200, .*smaller piece"
    ):
        derivation(gad.trace(long, 1.0))


def test_unknown_notation() -> None:
    with pytest.raises(ArgumentError, match="unknown notation"):
        derivation(gad.trace(lambda x: x * 1, 1.0), notation="d")


def test_constants_that_are_arrays_have_names() -> None:
    found = derivation(gad.trace(lambda x: np.sum(x * np.arange(3.0)), np.ones(3)))
    assert Symbol("c1", (3,)) in {line.left for line in found.given}
