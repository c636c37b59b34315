"""Every step of a story has a formula, whose parts have the numbers that the step says."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.notation import FORMS, NOTATIONS
from graphviz_ad.story.steps import step_formula, step_reason
from tests.core.test_gold import fork
from tests.story.expressions import balanced
from tests.story.test_derivation import layer, neuron


def formulas(line, *args, **options) -> list[str]:
    return [step_formula(step, *args, **options) for step in line]


def test_a_neuron_backwards() -> None:
    line = gad.trace(neuron, 0.5, 2.0, -1.0, 0.3).timeline()
    assert formulas(line, notation="v̄") == [
        "v1 = w·x = 0.5 × 2 = 1",
        "z = v1 + b = 1 + (−1) = 0",
        "y = tanh(z) = tanh(0) = 0",
        "v2 = y − t = 0 − 0.3 = −0.3",
        "L = v2² = (−0.3)² = 0.09",
        "L̄ = 1",
        "v̄2 = L̄·2·v2 = 1 × (−0.6) = −0.6",
        "ȳ = v̄2 × 1 = −0.6 × 1 = −0.6",
        "t̄ = v̄2 × (−1) = −0.6 × (−1) = 0.6",
        "z̄ = ȳ · (1 − y²) = −0.6 × 1 = −0.6",
        "v̄1 = z̄ × 1 = −0.6 × 1 = −0.6",
        "b̄ = z̄ × 1 = −0.6 × 1 = −0.6",
        "w̄ = v̄1·x = −0.6 × 2 = −1.2",
        "x̄ = v̄1·w = −0.6 × 0.5 = −0.3",
    ]


def test_tangents_forwards() -> None:
    def f(x):
        a = x * x
        b = a - x
        return b

    line = gad.trace(f, 3.0).timeline("forward")
    assert formulas(line, notation="v̄")[2:] == [
        "ẋ = 1",
        "ȧ += ∂a/∂x · ẋ = x·ẋ = 3 × 1 = 3",
        "ȧ += ∂a/∂x · ẋ = x·ẋ = 3 × 1 = 3",
        "ḃ += ∂b/∂a · ȧ = ȧ = 1 × 6 = 6",
        "ḃ += ∂b/∂x · ẋ = −ẋ = −1 × 1 = −1",
    ]


def test_a_sum_over_broadcast_axes_is_a_step_of_its_own() -> None:
    line = gad.trace(lambda X, b: np.sum(X + b), np.ones((4, 3)), np.zeros(3)).timeline()
    found = {step.kind: step_formula(step, notation="v̄") for step in line if step.node.name == "b"}
    assert found == {"contribution": "v̄1", "sum": "b̄ = sum(v̄1, axis 0)"}


def test_plain_texts_are_assignments() -> None:
    graph = gad.trace(lambda w, x: w * x, 2.0, 3.0)
    assert formulas(graph.timeline(), "plain") == [
        "out = w * x", "dout_dout = 1.0", "dout_dw = dout_dout * x", "dout_dx = dout_dout * w",
    ]  # fmt: skip
    moved = graph.timeline("forward", seed={"x": 1.0})
    assert formulas(moved, "plain")[1:] == ["x_dot = 1.0", "out_dot = w * x_dot"]


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("f", "args"), [(fork, (2.0, 3.0)), (layer, (np.ones((4, 3)), np.ones((3, 2)), np.zeros(2)))])
def test_every_step_in_every_form(f, args, form, notation) -> None:
    for step in gad.trace(f, *args).timeline():
        text = step_formula(step, form, notation)
        assert text
        assert "\n" not in text
        assert form != "latex" or balanced(text)


def test_numbers_agree_with_the_step() -> None:
    for step in gad.trace(fork, 2.0, 3.0).timeline():
        said = step_formula(step).split(" = ")[-1].replace("−", "-")
        number = step.value if step.kind == "value" else step.new if step.kind == "seed" else step.contribution
        assert float(said) == pytest.approx(number, rel=1e-3)


def test_reasons() -> None:
    line = gad.trace(lambda z, b: (z + b) * z, 2.0, 3.0).timeline()
    assert [step_reason(step) for step in line if step.kind == "contribution"].count("") == 2
    assert step_reason(line[-1]) == "v1 = z + b adds b with factor 1"
    assert step_reason(line[0]) == ""


def test_steps_of_collapsed_groups_have_none() -> None:
    def f(x):
        with gad.scope("deep"):
            y = np.sin(x) * np.cos(x)
        return y * 2.0

    graph = gad.trace(f, 0.3)
    from graphviz_ad.story.staging import story_line

    line = story_line(graph, "reverse", None, None, False, "all", ())
    grouped = [step for step in line if step.item.group is not None]
    assert grouped
    assert {step_formula(step) for step in grouped if step.kind == "value"} == {""}
