"""What an inspector tells of nodes and edges: against the graph's own numbers, and when the story reveals it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.inspect import Inspector
from graphviz_ad.story.numbers import brief
from graphviz_ad.story.staging import stage, story_line
from graphviz_ad.story.state import states
from tests import examples


def fork(x):
    u = x * x
    s = np.tanh(u)
    y = s + x
    return y


def layer(X, W, b):
    Z = X @ W + b
    H = np.maximum(0, Z)
    loss = np.mean(H**2)
    return loss


def inspector(graph: gad.Graph, mode: str = "reverse", **options: Any) -> Inspector:
    return Inspector(story_line(graph, mode, **options))


def node(found: Inspector, name: str) -> dict[str, Any]:
    (number,) = [number for number, item in enumerate(found.outline.items) if item.name == name]
    return found.node(number)


def edge(found: Inspector, input_name: str, consumer: str, argnum: int = 0) -> dict[str, Any]:
    items = found.outline.items
    (link,) = [
        link
        for link in found.outline.links
        if (items[link.input].name, items[link.consumer].name, link.argnum) == (input_name, consumer, argnum)
    ]
    return found.edge(link.index)


def block(x, w):
    with gad.scope("block"):
        z = w * x
        h = np.tanh(z)
    return h + x


LAYER = gad.trace(layer, np.array([[1.0, -2.0], [0.5, 3.0], [1.0, 1.0]]), np.array([[1.0], [0.5]]), np.array([0.25]))


def test_a_node_says_what_it_is_and_how_it_is_computed() -> None:
    found = node(inspector(gad.trace(fork, 0.5)), "u")
    assert found["formula"] == {"left": "u", "chain": ["x·x", "0.5 × 0.5", "0.25"]}
    assert (found["primitive"], found["operation"], found["kind"]) == ("multiply", "×", "primitive")
    assert found["source"]["place"].startswith("test_inspect.py:")
    assert found["source"]["text"] == "x * x"
    assert found["value"] == {"text": "0.25", "shape": "", "exact": "0.25"}
    assert [end["name"] for end in found["inputs"]] == ["x", "x"]
    assert [end["name"] for end in found["consumers"]] == ["s"]


def test_the_ledger_has_a_row_for_every_contribution_with_the_running_sum() -> None:
    graph = gad.trace(fork, 0.5)
    rows = node(inspector(graph), "x")["ledger"]
    assert [row["symbols"] for row in rows] == ["∂y/∂y × 1", "∂y/∂u · x", "∂y/∂u · x"]
    assert [(row["old"], row["sent"], row["new"]) for row in rows] == [
        ("0", "1", "1"),
        ("1", "0.47", "1.47"),
        ("1.47", "0.47", "1.94"),
    ]
    assert rows[-1]["new"] == brief(graph["x"].adjoint)
    assert [row["reported"] for row in rows] == [1, 2, 3]
    assert [row["complete"] for row in rows] == [False, False, True]


def test_the_ledger_of_tangents_starts_at_the_inputs() -> None:
    graph = gad.trace(fork, 0.5)
    found = inspector(graph, "forward")
    rows = node(found, "y")["ledger"]
    assert [(row["symbols"], row["numbers"], row["new"]) for row in rows] == [
        ("ṡ", "1 × 0.94", "0.94"),
        ("ẋ", "1 × 1", "1.94"),
    ]
    assert [row["from"] for row in rows] == [graph["s"].id, graph["x"].id]
    assert node(found, "y")["symbol"] == "ẏ"
    assert node(found, "y")["adjoint"] is None


@pytest.mark.parametrize(
    ("graph", "options"),
    [
        (gad.trace(fork, 0.5), {}),
        (gad.trace(fork, 0.5), {"mode": "forward"}),
        (gad.trace(examples.fork, 1.0, 2.0), {"mode": "forward", "seed": {"b": 1.0}}),
        (LAYER, {}),
        (LAYER, {"mode": "forward", "seed": {"b": np.ones(1)}}),
        (gad.trace(block, 2.0, 0.25), {"fold": "all"}),
        (gad.trace(lambda x, unused: x * 2.0, 1.0, 5.0), {}),
    ],
)
def test_the_steps_that_reveal_are_those_of_the_story(graph: gad.Graph, options: dict[str, Any]) -> None:
    found, scene = inspector(graph, **options), stage(graph, **options)
    mode = scene.mode
    kind = "tangent" if mode == "forward" else "adjoint"
    for state in states(scene):
        for number, item in enumerate(found.outline.items):
            told, known = found.node(number), state.nodes[item.id]
            assert (state.step >= told["revealed"]["value"]) == known.value
            if told["differentiable"]:
                assert (state.step >= told["revealed"][kind]) == getattr(known, kind)
            arrived = [row for row in told["ledger"] if row["step"] <= state.step]
            if arrived:
                assert arrived[-1]["new"] == known.accumulator
                if mode == "reverse":
                    assert len(arrived) == known.reported
        for index in range(len(found.outline.links)):
            told = found.edge(index)["revealed"]
            if scene.edges[index].contribution is not None:
                assert (state.step >= told["local"]) == (index in state.locals)
                assert (state.step >= told["contribution"]) == (index in state.contributions)


def test_broadcasting_shows_what_is_sent_before_and_after_the_sum() -> None:
    (row,) = node(inspector(LAYER), "b")["ledger"]
    assert row["summed"]["shape"] == "(3, 1)"
    assert row["summed"]["to"] == "(1,)"
    assert row["summed"]["step"] == row["step"] - 1
    assert row["shapes"] == "(1,) = sum over axis 0 of (3,1)"
    assert row["sent"] == row["new"] == brief(LAYER["b"].adjoint)
    (product,) = [one for one in LAYER.edges if one.input.name == "b"]
    assert row["summed"]["text"] == brief(product.consumer.adjoint, width=40)


def test_an_edge_opens_its_local_derivative_in_symbols_and_numbers() -> None:
    told = edge(inspector(gad.trace(fork, 0.5)), "u", "s")
    assert told["local"]["left"] == "∂s/∂u"
    assert told["local"]["chain"] == ["1 − s²", "1 − 0.2449²", "0.94"]
    assert (told["contribution"]["symbols"], told["contribution"]["numbers"]) == ("∂y/∂s · (1 − s²)", "1 × 0.94")
    assert told["contribution"]["number"]["exact"] == "0.940014848806378"
    assert (told["factor"]["symbol"], told["factor"]["number"]["exact"]) == ("∂y/∂s", "1.0")
    pushed = edge(inspector(gad.trace(fork, 0.5), "forward"), "u", "s")
    assert (pushed["factor"]["symbol"], pushed["factor"]["number"]["text"]) == ("u̇", "1")
    assert pushed["contribution"]["number"]["text"] == "0.94"


def test_an_edge_says_why_it_is_one_or_zero() -> None:
    graph = gad.trace(lambda x, b: np.maximum(0, x) + b, -2.0, 1.0)
    found = inspector(graph)
    assert edge(found, "b", "out", 1)["reason"] == "out = v1 + b adds b with factor 1"
    assert edge(found, "x", "v1", 1)["reason"].endswith("where x ≤ 0, and here x = −2")


def test_an_edge_between_arrays_shows_shapes_and_small_jacobians() -> None:
    found = inspector(LAYER)
    told = edge(found, "X", LAYER.edges[0].consumer.name)
    assert told["local"]["shape"] == "(3, 1) × (3, 2)"
    assert told["local"]["number"] is None
    assert told["contribution"]["shapes"] == "(3,2) = (3,1)(1,2)"
    assert told["local"]["map"].endswith(" Wᵀ")
    cumulated = edge(inspector(gad.trace(lambda x: np.sum(np.cumsum(x)), np.ones(2))), "x", "v1")
    assert cumulated["local"]["matrix"] == "⎡1 0⎤\n⎣1 1⎦"


def test_a_break_sends_nothing_and_says_so() -> None:
    told = edge(inspector(gad.trace(lambda x: x + gad.detach(x), 2.0)), "x", "v1")
    assert told["cut"]
    assert told["contribution"] is None
    assert told["local"] is None
    assert "detach" in told["reason"]


def test_a_collapsed_group_says_what_it_holds_and_what_flows() -> None:
    graph = gad.trace(block, 2.0, 0.25)
    found = inspector(graph, fold="all")
    told = node(found, "block")
    assert told["contents"] == "2 operations"
    assert [(one["name"], one["operation"]) for one in told["members"]] == [("z", "×"), ("h", "tanh")]
    assert [end["name"] for end in told["inputs"]] == ["w", "x"]
    assert told["out"][0]["name"] == "h"
    assert told["value"]["exact"] == repr(float(graph["h"].value))
    across = edge(found, "w", "block")
    assert across["through"] == "block"
    assert across["contribution"]["symbols"] == ""
    assert across["contribution"]["number"]["exact"] == repr(float(graph["w"].adjoint))
    assert across["local"]["number"]["text"] == brief(graph["w"].adjoint)


def test_a_group_of_several_results_has_no_number_of_its_own() -> None:
    def f(x):
        with gad.scope("pair"):
            a = x + 1.0
            b = x * 2.0
        return a * b

    told = node(inspector(gad.trace(f, 3.0), fold="all"), "pair")
    assert "value" not in told
    assert [(one["name"], one["value"]["exact"]) for one in told["out"]] == [("a", "4.0"), ("b", "6.0")]


def test_an_input_without_path_is_known_at_the_end() -> None:
    graph = gad.trace(lambda x, unused: x * 2.0, 1.0, 5.0)
    told = node(inspector(graph), "unused")
    assert (told["reached"], told["ledger"], told["adjoint"]["text"]) == (False, [], "0")
    assert told["revealed"]["adjoint"] == len(inspector(graph).line)


def test_in_the_graph_of_a_derivative_a_node_knows_its_part() -> None:
    graph = gad.trace(lambda x: np.sin(x) * x, 0.5).derivative("x")
    found = inspector(graph)
    roles = [found.node(number)["role"] for number in range(len(found.outline.items))]
    assert roles == [graph.nodes[item.positions[0]].role for item in found.outline.items]
    assert "adjoint" in roles


def test_everything_is_strict_json_also_of_non_finite_numbers() -> None:
    with np.errstate(all="ignore"):
        graph = gad.trace(lambda x, y: np.sum(np.log(x) * y), np.array([0.0, -1.0]), np.array([1.0, np.inf]))
    for mode, seed in (("reverse", None), ("forward", {"x": np.ones(2)})):
        found = inspector(graph, mode, seed=seed)
        for number in range(len(found.outline.items)):
            json.dumps(found.node(number), allow_nan=False)
        for index in range(len(found.outline.links)):
            json.dumps(found.edge(index), allow_nan=False)


def test_a_graph_that_cannot_be_swept_has_values_only() -> None:
    graph = gad.trace(lambda x: (x + 1.0, x * 2.0), 1.0)
    found = inspector(graph)
    told = node(found, "x")
    assert (told["adjoint"], told["tangent"], told["ledger"], told["expected"]) == (None, None, [], 0)
    assert found.edge(0)["contribution"] is None
