"""Labels and formulas of every primitive: short, one line, and right where a reader would look twice."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.core.traced import Traced, apply, is_floating
from graphviz_ad.story.formula import expression, operation


@pytest.mark.parametrize("primitive", [p for p in REGISTRY.values() if p.sample], ids=lambda p: p.name)
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
