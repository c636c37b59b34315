"""The timeline and what is told: order, sums, sentences, and the scene that every view gets."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.narration import story
from graphviz_ad.story.staging import stage, story_line
from tests.core.test_gold import fork, unit


def cube(x):
    u = x**2 + 1
    return u**3


CUBE = """\
Given: x = 1.5. First come the values, then the adjoints backwards.
1. v1 = x² = 1.5² = 2.25
2. u = v1 + 1 = 2.25 + 1 = 3.25
3. out = u³ = 3.25³ = 34.33
4. Start at out: ∂out/∂out = 1. The adjoints flow backwards from here.
5. u gets from out: adjoint of out × ∂out/∂u = 1 × 31.69 = 31.69. That is the adjoint of u.
6. v1 gets from u: adjoint of u × ∂u/∂v1 = 31.69 × 1 = 31.69. That is the adjoint of v1.
7. x gets from v1: adjoint of v1 × ∂v1/∂x = 31.69 × 3 = 95.06. That is the adjoint of x.
"""


def test_the_story_in_words() -> None:
    assert story(gad.trace(cube, 1.5).timeline()) == CUBE


def test_steps_are_numbers_computed_when_asked() -> None:
    line = gad.trace(fork, 2.0, 3.0).timeline()
    assert [step.kind for step in line] == ["value"] * 5 + ["seed"] + ["contribution"] * 10
    last = line[-2]
    assert (last.node.name, last.edge.consumer.name, last.old, last.contribution, last.new) == ("a", "c", 18, 7, 25)
    assert (last.reported, last.expected, last.complete) == (2, 2, True)
    assert [step.order for step in line[-3:]] == [13, 14, 15]
    assert len(line) == 16


def random_graph(seed: int) -> gad.Graph:
    rng = np.random.default_rng(seed)
    plan = rng.integers(0, 5, size=(int(rng.integers(3, 14)), 3))

    def f(x, y):
        pool = [x, y]
        for operation, first, second in plan:
            a, b = pool[first % len(pool)], pool[second % len(pool)]
            pool.append([a + b, a * b, np.sin(a) - b, np.maximum(a, b), a * 2][operation])
        return pool[-1] * pool[-2]

    return gad.trace(f, 0.7, -0.4)


@pytest.mark.parametrize("seed", range(20))
def test_a_node_fires_only_when_all_consumers_have_reported(seed: int) -> None:
    graph = random_graph(seed)
    line = graph.timeline()
    outstanding = {node.id: line.expected(node.id) for node in graph.nodes}
    for step in line:
        if step.kind == "contribution":
            assert outstanding[step.edge.consumer.id] == 0
            outstanding[step.node.id] -= 1
            if step.complete:
                assert step.new == step.node.adjoint  # the same sum, in the same order: the same bits
    assert all(count == 0 for count in outstanding.values())
    sent = [(step.edge.consumer.id, step.edge.argnum) for step in line if step.kind == "contribution"]
    assert len(sent) == len(set(sent))


def test_forward_mode_tells_tangents() -> None:
    graph = gad.trace(unit, 0.5, 0.1, -0.3, 0.2, 2.0, 1.0)
    with pytest.raises(gad.ArgumentError, match="which input moves"):
        graph.timeline(mode="forward")
    line = graph.timeline(mode="forward", seed={"w1": 1.0})
    assert line[-1].new == pytest.approx(0.230482, abs=5e-7)
    assert line[-1].node.name == "L"
    assert {step.kind for step in line} == {"value", "seed", "tangent"}
    with pytest.raises(gad.ArgumentError, match="unknown mode: 'sideways'"):
        graph.timeline(mode="sideways")


def test_an_output_and_a_seed_can_be_chosen() -> None:
    graph = gad.trace(lambda x: (x * 2, np.stack([x, x])), 3.0)
    line = graph.timeline(output="out_2", seed=[1.0, 10.0])
    assert line[-1].new == 11.0
    assert graph.has_adjoints is False  # the graph's own adjoints are left alone


def test_the_scene_folds_scalars_and_counts_reporting_edges() -> None:
    def f(x, y):
        if x > 0:
            return x * x + gad.detach(x)
        return y

    scene = stage(gad.trace(f, 2.0, 5.0))
    nodes = {node.name: node for node in scene.nodes}
    assert nodes["x"].consumers == 2  # the comparison and the detached use never report
    assert nodes["y"].reached is False
    assert nodes["y"].adjoint == "0.0"
    assert [edge.cut for edge in scene.edges if edge.input == nodes["x"].id] == [True, False, False, True]
    assert all(node.kind != "constant" for node in scene.nodes)
    comparison = next(node for node in scene.nodes if node.dtype == "bool")
    assert (comparison.operation, comparison.adjoint, comparison.value) == ("> 0", None, "True")
    shown = stage(gad.trace(f, 2.0, 5.0), show=("constants",))
    assert sum(node.kind == "constant" for node in shown.nodes) == 1
    with pytest.raises(gad.ArgumentError, match="unknown show: 'everything'"):
        stage(gad.trace(f, 2.0, 5.0), show=("everything",))


def test_scene_numbers_are_the_graphs() -> None:
    graph = gad.trace(lambda X, W: np.mean(np.tanh(X @ W) ** 2), np.ones((2, 3)), np.full((3, 2), 0.1))
    scene = stage(graph)
    for node in scene.nodes:
        found = graph[node.id]
        if node.shape:
            table = json.loads(node.adjoint)
            np.testing.assert_array_equal(np.reshape(table["data"], table["shape"]), found.adjoint)
        elif node.adjoint is not None:
            assert float(node.adjoint) == found.adjoint
    final = {step.node: step for step in scene.steps if step.kind != "value"}
    for node in scene.nodes:
        if node.id in final:
            assert final[node.id].adjoint == node.adjoint


def test_without_a_scalar_output_the_story_goes_forwards_and_says_why() -> None:
    vector = gad.trace(lambda x: x * 2, np.ones(3))
    scene = stage(vector)
    assert {step.kind for step in scene.steps} == {"value"}
    assert "graph.backward(seed=" in scene.intro
    assert all(node.adjoint is None for node in scene.nodes)
    vector.backward(np.ones(3))
    assert {step.kind for step in stage(vector).steps} == {"value", "seed", "contribution"}


def test_too_many_nodes_for_a_picture() -> None:
    def long(x):
        for _ in range(2100):
            x = x * 1.1
        return x

    graph = gad.trace(long, 1.0)
    with pytest.raises(gad.ArgumentError, match=r"would have 2101 nodes; at most 2000 .* Fold it"):
        stage(graph, fold="none")
    assert len(stage(graph).nodes) <= 60


def test_alt_text() -> None:
    graph = gad.trace(cube, 1.5)
    words = "Computational graph of cube. Input: x = 1.5. Operations: v1 = x² = 2.25; u = v1 + 1 = 3.25; "
    assert gad.alt_text(graph).startswith(words)
    assert "djoint" not in gad.alt_text(graph)
    graph.backward()
    assert gad.alt_text(graph).endswith("Result: out = 34.33. Adjoint: ∂out/∂x = 95.06.")
    long = gad.alt_text(gad.trace(lambda xs: sum(np.sin(x) for x in xs), [float(k) for k in range(50)]))
    assert " and 43 more. Operations: " in long
    assert "more operations" in long
    assert len(long) < 700


def test_a_custom_function_of_one_number_shows_a_number() -> None:
    cube = gad.custom(lambda x: x**3, vjp=lambda adjoint, out, x: 3 * x**2 * adjoint)
    graph = gad.trace(lambda x: cube(x) * 2, 2.0)
    scene = stage(graph)
    (edge,) = [edge for edge in scene.edges if edge.input == graph["x"].id]
    assert (edge.local, edge.contribution) == ("12.0", "24.0")
    assert "2 × 12 = 24" in story(graph.timeline())


def test_without_a_vjp_the_story_says_so() -> None:
    cube = gad.custom(lambda x: x**3, jvp=lambda tangents, out, x: 3 * x**2 * tangents[0])
    graph = gad.trace(lambda x: cube(x) * 2, 2.0)
    words = story(story_line(graph))
    assert "There are no adjoints: custom has no rule for reverse mode (gad.custom takes vjp=...)." in words
    assert "has shape" not in words


def test_the_sum_over_broadcast_axes_is_a_step_of_its_own() -> None:
    X, b = np.arange(6.0).reshape(3, 2), np.array([1.0, 2.0])
    graph = gad.trace(lambda X, b, s: np.sum((X + b) * s), X, b, 2.0)
    line = graph.timeline()
    kinds = [(step.kind, step.node.name) for step in line if step.kind in ("contribution", "sum")]
    assert kinds == [
        ("contribution", "v2"),
        ("contribution", "v1"),
        ("contribution", "s"),
        ("sum", "s"),
        ("contribution", "X"),
        ("contribution", "b"),
        ("sum", "b"),
    ]
    before, summed = line[-2], line[-1]
    assert (before.product.shape, before.contribution.shape, summed.contribution.shape) == ((3, 2), (2,), (2,))
    assert (before.complete, before.reported, summed.complete, summed.reported) == (False, 0, True, 1)
    np.testing.assert_array_equal(before.new, np.zeros(2))
    np.testing.assert_array_equal(summed.new, graph["b"].adjoint)
    np.testing.assert_array_equal(before.product.sum(axis=0), summed.contribution)
    assert summed.narration == (
        "b was broadcast over axis 0, so that each entry was used 3 times: the contributions are summed over axis 0, "
        "(3, 2) → (2,): [6, 6] of shape (2,). That is the adjoint of b."
    )
    scalar = next(step for step in line if step.kind == "sum")
    assert scalar.narration == (
        "s was broadcast over axes 0 and 1, so that it was used 6 times: the contributions are summed over axes 0 "
        "and 1, (3, 2) → a number: 24. That is the adjoint of s."
    )


def test_derivatives_of_a_collapsed_group_are_told_by_the_values_that_come_out_of_it() -> None:
    def f(x: Any) -> Any:
        for _ in range(100):
            x = np.sin(x)
        return x

    sentences = [step.narration for step in stage(gad.trace(f, 0.5)).steps]
    told = [sentence for sentence in sentences if "∂" in sentence and "gets from" in sentence]
    assert told
    assert all(re.search(r": adjoint of x_\d+ × ∂x_\d+/∂x(_\d+)? = ", sentence) for sentence in told)


def test_a_batch_of_matrix_products_is_summed_too_and_a_reshape_is_not() -> None:
    rng = np.random.default_rng(0)
    A, W = rng.normal(size=(1, 4, 3)), rng.normal(size=(5, 3, 2))
    line = gad.trace(lambda A, W: np.sum(A @ W), A, W).timeline()
    summed = [step for step in line if step.kind == "sum"]
    assert [step.node.name for step in summed] == ["A"]
    assert summed[0].product.shape == (5, 4, 3)
    one = gad.trace(lambda x, y: np.sum(x + y), np.ones((1, 3)), np.ones(3)).timeline()
    assert not [step for step in one if step.kind == "sum"]


def test_a_step_is_found_by_its_place_alone() -> None:
    rng = np.random.default_rng(3)
    plan = rng.permutation(60)
    graph = gad.trace(lambda x: sum(np.sin(x * float(k)) for k in range(20)), 0.3)
    in_order = [(step.kind, step.reported, step.old, step.new) for step in graph.timeline()]
    line = graph.timeline()
    for place in plan:
        step = line[int(place)]
        assert (step.kind, step.reported, step.old, step.new) == in_order[int(place)]


def test_the_last_step_names_inputs_without_a_path() -> None:
    line = gad.trace(lambda x, y, z: x * 2.0, 1.0, 2.0, 3.0).timeline()
    assert line[-1].narration.endswith("No path leads from y and z to out: their adjoints are 0.")
    assert "No path" not in line[-2].narration
    assert story(line).count("No path") == 1


def two_results(x, w):
    a = x * 2
    b = w * 3
    return a, b


def test_without_a_path_means_to_the_output_that_was_seeded() -> None:
    line = gad.trace(two_results, 2.0, 3.0).timeline(output="a")
    assert line[-1].narration.endswith("No path leads from w to a: its adjoint is 0.")


def test_only_a_seed_of_one_makes_the_adjoints_derivatives_of_the_output() -> None:
    def square(x):
        y = x**2
        return y

    one, two = gad.trace(square, 3.0).timeline(seed=1.0), gad.trace(square, 3.0).timeline(seed=2.0)
    assert "∂y/∂y = 1" in one[1].narration
    assert one[2].formula().startswith("∂y/∂x = ∂y/∂y · ∂y/∂x")
    assert "Start at y: its adjoint is 2." in two[1].narration
    assert two[2].formula().startswith("∂L/∂x = ∂L/∂y · ∂y/∂x")
    assert gad.alt_text(one.graph).endswith("Adjoint: ∂y/∂x = 6.")
    assert gad.alt_text(two.graph).endswith("Adjoint for ∂L/∂y = 2: ∂L/∂x = 12.")
    both = gad.trace(two_results, 2.0, 3.0).backward({"a": 1.0, "b": 5.0})
    assert gad.alt_text(both).endswith("Adjoints for ∂L/∂a = 1 and ∂L/∂b = 5: ∂L/∂x = 2 and ∂L/∂w = 15.")


def test_what_stands_behind_the_derivative_sign_is_no_other_node() -> None:
    def f(x):
        L = x * 2
        return L, L * x

    line = gad.trace(f, 3.0).timeline(seed={"L": 2.0, "out": 1.0})
    assert line.result == "J"
    assert "Start at L: its adjoint is 2." in story(line)
    assert line[-1].formula().startswith("∂J/∂x += ∂J/∂L · ∂L/∂x")


def test_a_derivative_s_own_graph_is_told_with_parentheses() -> None:
    graph = gad.trace(lambda x: x**3, 2.0).derivative("x")
    text = story(graph.timeline())
    assert "∂(∂out/∂x)/∂(∂out/∂x) = 1" in text
    assert "∂(∂out/∂x)/∂v1 = 1 × 3 = 3" in text
    assert gad.alt_text(graph.backward()).endswith("Adjoint: ∂(∂out/∂x)/∂x = 12.")


def test_a_constant_result_has_no_backward_pass() -> None:
    def f(x, y):
        return 2.0 * x + 0.0 * y

    graph = gad.trace(f, 1.0, 2.0).derivative("x")
    assert graph.outputs[0].kind == "constant"
    told = "is a constant: it has no derivative."
    assert told in stage(graph).intro
    assert told in story(graph.timeline(seed=1.0))
    assert "Start at" not in story(graph.timeline(seed=1.0))


def test_a_group_that_decides_something_has_no_tangent() -> None:
    def f(x):
        with gad.scope("gate"):
            positive = x * 2 > 0
        return np.where(positive, x, -x)

    scene = stage(gad.trace(f, 2.0), mode="forward", fold="all")
    (gate,) = [node for node in scene.nodes if node.kind == "group"]
    assert not [step for step in scene.steps if step.kind == "tangent" and step.node == gate.id]
    (edge,) = [edge for edge in scene.edges if edge.consumer == gate.id]
    assert (edge.local, edge.contribution) == (None, None)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_sweep_may_start_in_a_group_with_several_values(mode: str) -> None:
    def f(x):
        with gad.scope("block"):
            a = x * 2
            b = np.sin(x)
        return a, b

    seed = {"a": 1.0, "b": 5.0} if mode == "reverse" else {"x": 1.0}
    steps = stage(gad.trace(f, 2.0), mode=mode, seed=seed, fold="all").steps
    starts = [step.narration for step in steps if step.kind == "seed"]
    assert len(starts) == 1
    if mode == "reverse":
        assert "Start at block: of its adjoints, that of a is 1 and that of b is 5." in starts[0]


def many_inputs(*xs):
    y = xs[0]
    for i in range(120):
        y = np.tanh(y) * xs[(11 * i) % 70]
    return y


def test_an_input_that_moves_is_never_hidden_in_a_group() -> None:
    values = [1.0 + i / 50 for i in range(70)]
    graph = gad.trace(many_inputs, *values)
    moved = {"xs[7]": 1.0, "xs[10]": 2.0}
    scene = stage(graph, mode="forward", seed=moved)
    out = next(node for node in scene.nodes if node.output)
    assert [step.kind for step in scene.steps].count("seed") >= 1
    (last,) = [step for step in scene.steps if step.node == out.id and step.complete and step.kind == "tangent"]
    assert last.adjoint == out.tangent == repr(float(graph.forward(moved).outputs[0].tangent))


def test_a_group_of_inputs_holds_as_many_values_as_inputs() -> None:
    scene = stage(gad.trace(many_inputs, *[1.0 + i / 50 for i in range(100)]))
    groups = [
        node
        for node in scene.nodes
        if node.kind == "group" and node.operation.endswith("inputs") and "operation" not in node.operation
    ]
    assert groups
    for node in groups:
        assert node.value is None
        assert node.value_text == node.operation.replace("inputs", "values")


def test_only_what_was_seeded_is_called_so() -> None:
    def two(x):
        a = x * 2.0
        return a, a * 3.0, x + 1.0

    graph = gad.trace(two, 1.0).backward({"a": 1.0, "out": 5.0})
    seeded = {node.name: node.seeded for node in stage(graph).nodes}
    assert seeded == {"x": False, "a": True, "out": True, "out_2": False}
    assert not any(node.seeded for node in stage(graph, mode="forward", seed={"x": 1.0}).nodes)


def test_a_question_whether_two_are_equal_is_no_chain_of_equations() -> None:
    line = gad.trace(lambda x, y: (x == y) * x, 2.0, 2.0).timeline()
    assert line[0].narration == "v1 = (x = y) = (2 = 2) = True"
