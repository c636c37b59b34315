"""What the desk answers about nodes, edges, arrays and cells: strict JSON, checked questions, what a page carries."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.widget import desk, whatif
from graphviz_ad.widget.details import BUDGET
from graphviz_ad.widget.view import View


def layer(X, W, b):
    Z = X @ W + b
    loss = np.mean(np.maximum(0, Z) ** 2)
    return loss


ARGUMENTS = (np.array([[1.0, -2.0], [0.5, 3.0], [1.0, 1.0]]), np.array([[1.0], [0.5]]), np.array([0.25]))


@pytest.fixture
def view() -> View:
    return View(gad.trace(layer, *ARGUMENTS))


def test_a_page_carries_every_node_edge_array_and_table(view: View) -> None:
    found = desk.baked(view)
    json.dumps(found, allow_nan=False)
    for node in view.scene.nodes:
        assert found[f"node:{node.id}"]["name"] == node.name
        if node.shape:
            value = view.graph[node.id].value
            assert found[f"array:{node.id}:value"]["entries"] == value.ravel().tolist()
    for edge in view.scene.edges:
        assert (found[f"edge:{edge.index}"]["input"], found[f"edge:{edge.index}"]["consumer"]) == (
            edge.input,
            edge.consumer,
        )
    product = view.graph["Z"].inputs[0]
    assert [one["name"] for one in found[f"used:{product.id}"]["inputs"]] == ["X", "W"]


def test_numbers_of_the_answers_are_those_of_the_graph(view: View) -> None:
    weights = view.graph["W"]
    data = desk.answer(view, f"array:{weights.id}:adjoint").data
    np.testing.assert_array_equal(np.reshape(data["entries"], data["shape"]), weights.adjoint)
    assert data["scale"] > 0
    assert desk.answer(view, f"stats:{weights.id}:adjoint").data == data["statistics"]


def test_large_arrays_are_bytes_and_in_a_page_means() -> None:
    view = View(gad.trace(lambda X: np.sum(X * X), np.arange(3000.0).reshape(60, 50)))
    answer = desk.answer(view, "array:0:value")
    assert answer.data["entries"] is None
    assert (answer.data["means"]["rows"], answer.data["means"]["columns"]) == (32, 32)
    np.testing.assert_array_equal(np.frombuffer(answer.buffers[0], "<f8"), np.arange(3000.0))


def test_the_arrays_of_a_page_are_bounded() -> None:
    def f(x):
        for _ in range(40):
            x = np.sin(x)
        return np.sum(x)

    found = desk.baked(View(gad.trace(f, np.ones(1000)), fold="none"))
    sizes = [len(data["entries"]) for question, data in found.items() if question.startswith("array:")]
    assert BUDGET - 1000 < sum(sizes) <= BUDGET


def test_one_cell_and_all_cells_say_the_same(view: View) -> None:
    product = view.graph["Z"].inputs[0]
    table = desk.answer(view, f"used:{product.id}").data
    for cell in range(3):
        one = desk.answer(view, f"used:{product.id}:{cell}").data
        assert [row["cells"] for row in one["inputs"]] == [row["cells"][cell] for row in table["inputs"]]


@pytest.mark.parametrize(
    "question",
    ["node:99", "node:", "node:-1", "node:²", "edge:99", "edge:x", "array:0", "array:0:size", "array:0:tangent",
     "array:99:value", "used:0", "used:0:99", "used:0:x", "node:" + "9" * 5000, "stats:0:tangent",
     "used:0:" + "9" * 14, "used:0:" + "9" * 5000, "nudge:" + "9" * 5000, "nudge:0:" + "9" * 14, "nudge:x",
     "nudge:0:²", "paths:" + "9" * 14, "paths:٣", "node:٣"],
)  # fmt: skip
def test_questions_that_make_no_sense_are_answered_by_a_sentence(view: View, question: str) -> None:
    with pytest.raises(gad.ArgumentError, match=r"\w+ \w+") as caught:
        desk.answer(view, question)
    assert len(str(caught.value)) < 250


def test_a_story_that_is_wrong_on_purpose_has_no_arrays_of_right_adjoints() -> None:
    view = View(gad.trace(layer, *ARGUMENTS), wrong="no-broadcast-sum")
    assert desk.answer(view, "array:1:value").data["entries"]
    with pytest.raises(gad.ArgumentError, match="no adjoint"):
        desk.answer(view, "array:1:adjoint")
    assert not any(question.endswith(":adjoint") for question in desk.baked(view))


def test_the_answers_of_another_evaluation_are_its_own(view: View) -> None:
    graph = gad.trace(lambda x: x * x, 2.0)
    before, after = View(graph), View(graph).evaluate({"x": 3.0})
    told = [desk.answer(one, "node:1").data["value"]["exact"] for one in (before, after)]
    assert told == ["4.0", "9.0"]


def test_a_cell_is_the_one_that_was_asked_for(view: View) -> None:
    product = view.graph["Z"].inputs[0].id
    cell = "9" * 14
    with pytest.raises(gad.ArgumentError, match=f"no cell {cell}"):
        desk.answer(view, f"used:{product}:{cell}")


def test_other_looks_carry_the_values_of_arrays_alone(view: View) -> None:
    def arrays(shown: View) -> set[str]:
        return {question.split(":")[2] for question in desk.baked(shown) if question.startswith("array:")}

    assert arrays(view) == {"value", "adjoint"}
    assert arrays(view.looked({"mode": "forward", "seed": "W"})) == {"value"}
    assert arrays(View(view.graph, mode="forward", seed={"W": np.ones((2, 1))})) == {"value", "tangent"}


def test_what_cannot_be_answered_leaves_the_rest_of_a_page(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_view: View, argument: str) -> None:
        raise gad.ArgumentError(f"nothing is known of {argument!r}.")

    known = desk.baked(view)
    answered = {question for question in known if not question.startswith("node:")}
    monkeypatch.setitem(desk.QUESTIONS, "node", replace(desk.QUESTIONS["node"], answer=refuse))
    found = desk.baked(view)
    asked = {question for question in known if question not in answered}
    assert set(found) == answered | {f"why:{question}" for question in asked}
    assert found["why:node:0"] == "nothing is known of '0'."

    def fail(_view: View, argument: str) -> None:
        raise ZeroDivisionError(argument)

    monkeypatch.setitem(desk.QUESTIONS, "node", replace(desk.QUESTIONS["node"], answer=fail))
    with pytest.raises(ZeroDivisionError):
        desk.baked(view)


def test_a_page_nudges_inputs_first() -> None:
    x = gad.variable(2.0, name="x")
    u = x * 2.0
    for _ in range(10):
        u = np.sin(u)
    y = gad.variable(3.0, name="y")
    view = View(gad.graph(u * y))
    nodes = list(whatif.nodes(view))
    assert len(nodes) == 8
    assert [view.graph[int(id_)].name for id_ in nodes][:2] == ["x", "y"]
    assert view.graph["y"].id > view.graph["x"].id + 1


def test_a_page_measures_nothing_in_a_graph_of_many_numbers() -> None:
    small, large = (View(gad.trace(lambda x: np.sum(x * 2.0), np.ones(size))) for size in (3, 150_000))
    assert ([*whatif.nodes(small)] != [], whatif.checks(small)) == (True, [""])
    assert ([*whatif.nodes(large)], whatif.checks(large)) == ([], [])
