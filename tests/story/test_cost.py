"""Costs counted by hand on small graphs, and against what the sweeps of random graphs do."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.cost import Cost, cost_data
from graphviz_ad.story.memory import bytes_text
from graphviz_ad.story.staging import story_line


def test_a_product_of_two_numbers_plus_one() -> None:
    """For w·x + b: two operations; back 0 + 0 for the sum, 1 + 1 for the product, nothing is added up."""
    cost = Cost(gad.trace(lambda w, x, b: w * x + b, 2.0, 3.0, 1.0))
    assert (cost.inputs, cost.outputs, cost.operations, cost.scalars) == (3, 1, 2, 2)
    rows = {method.key: (method.sweeps, method.nodes, method.scalars) for method in cost.methods}
    assert rows == {
        "differences": (4, 8, 8),
        "central": (6, 12, 12),
        # w moves v1 (one product) and out; x the same; b moves out alone
        "forward": (3, 6, 6 + 2),
        "reverse": (2, 4, 2 + 2),
    }
    assert cost.cheapest == "reverse"


def test_a_fork_adds_up() -> None:
    """x·x + x: back along two edges of the product (1 each) and one of the sum; three arrive at x: 2 additions."""
    cost = Cost(gad.trace(lambda x: x * x + x, 3.0))
    assert cost["reverse"].scalars == 2 + 2 + 2
    # forwards: two products for v1, one addition there, one addition in out
    assert cost["forward"].scalars == 2 + 2 + 1 + 1
    assert cost["differences"].scalars == 4


def test_a_matrix_product() -> None:
    """W (2×3) @ x (3): 2·(3 + 2) = 10; its sum 1; back: outer product 6 and Wᵀ·ȳ 3·(2 + 1) = 9."""
    cost = Cost(gad.trace(lambda W, x: np.sum(W @ x), np.ones((2, 3)), np.ones(3)))
    assert (cost.inputs, cost.scalars) == (9, 11)
    assert cost["reverse"].scalars == 11 + 6 + 9
    assert cost["differences"].scalars == 10 * 11


def test_many_inputs_need_two_sweeps_back() -> None:
    cost = Cost(gad.trace(lambda x: np.mean(np.tanh(x) ** 2), np.ones(100)))
    assert [method.sweeps for method in cost.methods] == [101, 200, 100, 2]
    assert cost.sentence == (
        "Reverse mode: 2 sweeps over 3 operations, whatever the number of inputs; forward mode: 100 sweeps, one for "
        "each input number; finite differences: 101 runs."
    )
    assert "8 of 16 digits (central: about 10)" in cost.accuracy


def test_many_outputs_are_cheaper_forwards() -> None:
    cost = Cost(gad.trace(lambda t: np.sin(t * np.arange(1.0, 6.0)), 0.5))
    assert (cost.inputs, cost.outputs) == (1, 5)
    assert [cost[key].sweeps for key in ("forward", "reverse")] == [1, 6]
    assert cost.cheapest == "forward"
    assert "Cheaper here: forward mode, since there are more outputs than inputs." in cost.sentence


def test_only_the_outputs_that_were_seeded_count() -> None:
    graph = gad.trace(lambda x, y: (x * y, np.sin(x), y**3), 2.0, 3.0)
    assert Cost(graph).outputs == 3
    assert Cost(graph.backward(seed={"out_2": 1.0} if "out_2" in graph else [None, 1.0, None])).outputs == 1


def test_half_as_many_digits_in_single_precision() -> None:
    assert "about 3 of 7 digits" in Cost(gad.trace(lambda x: x**2, np.float32(2.0))).accuracy


def brute(graph: gad.Graph, back: bool) -> int:
    """Scalar operations of one sweep for each entry, each followed on its own."""
    cost = Cost(graph)
    total = 0
    starts = graph.outputs if back else graph.inputs
    for start in starts:
        for _ in range(int(np.prod(start.shape))):
            reached, done = {start.id}, 0
            arrivals = {start.id: 1}
            for edge in reversed(graph.edges) if back else graph.edges:
                first, last = (edge.consumer.id, edge.input.id) if back else (edge.input.id, edge.consumer.id)
                if first in reached and edge.active:
                    rule = cost.work.vjp if back else cost.work.jvp
                    done += rule(edge.consumer.id, edge.argnum).operations
                    reached.add(last)
                    arrivals[last] = arrivals.get(last, 0) + 1
            done += sum((count - 1) * int(np.prod(graph.nodes[i].shape)) for i, count in arrivals.items())
            total += done
    return total


def test_every_sweep_pays_for_what_it_reaches() -> None:
    def f(x, y, z):
        u = x * y
        v = np.exp(u) + z
        return u * np.sum(v), v[0] * y, z

    graph = gad.trace(f, 0.5, np.array([1.0, 2.0]), 3.0)
    cost = Cost(graph)
    assert cost["forward"].scalars == cost.inputs * cost.scalars + brute(graph, back=False)
    assert cost["reverse"].scalars == cost.scalars + brute(graph, back=True)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_the_data_are_strict_json(mode: str) -> None:
    with np.errstate(all="ignore"):
        graph = gad.trace(lambda x, y: np.log(x) * y, 0.0, 2.0)
    line = story_line(graph, mode, seed={"x": 1.0} if mode == "forward" else None)
    data = json.loads(json.dumps(cost_data(line), allow_nan=False))
    assert len(data["memory"]["totals"]) == len(line) + 1 == len(data["memory"]["operations"])
    assert set(data["memory"]["texts"]) == {str(count) for count in data["memory"]["totals"]}
    assert (data["memory"]["together"] is None) == (mode == "reverse")
    assert [method["key"] for method in data["methods"]] == ["differences", "central", "forward", "reverse"]


def test_nothing_to_differentiate() -> None:
    cost = Cost(gad.trace(lambda x: np.floor(x).astype(int) + 1, 2.5))
    assert cost.sentence.startswith("There is nothing to differentiate")


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_999, "1 MB")])
def test_bytes_for_people(count: int, text: str) -> None:
    assert bytes_text(count) == text
