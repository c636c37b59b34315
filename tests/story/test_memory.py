"""The memory ledger: enough is kept for every step, nothing longer than it is used, and the sums agree."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core import sweep
from graphviz_ad.core.traced import Traced, replay_value
from graphviz_ad.story.cost import Cost, cost_data
from graphviz_ad.story.memory import Ledger
from graphviz_ad.story.staging import story_line
from tests.story.test_outline import layered


def random_graph(seed: int) -> gad.Graph:
    """A graph with fan-out of numbers and arrays, with broadcasting and products, that ends in one number."""
    rng = np.random.default_rng(seed)
    unary = [np.tanh, np.exp, np.sin, np.negative, lambda a: a**2, lambda a: np.sqrt(1 + a * a)]
    binary = [np.add, np.subtract, np.multiply, np.maximum, lambda a, b: a / (2 + np.cos(b))]

    def f(x, s, W, b):
        known = [x, s, b, W @ x]
        for _ in range(rng.integers(3, 12)):
            a = known[rng.integers(len(known))]
            kind = rng.integers(6)
            if kind == 0:
                known.append(np.sum(a))
            elif kind <= 2:
                known.append(unary[rng.integers(len(unary))](a))
            else:
                known.append(binary[rng.integers(len(binary))](a, known[rng.integers(len(known))]) * 0.5)
        return np.sum(known[-1] * known[-2]) + known[-3 if np.shape(known[-3]) == () else 1]

    return gad.trace(f, rng.normal(size=3), 0.7, rng.normal(size=(3, 3)), rng.normal(size=3))


class Memory(dict):
    """Arrays by what and position: what is not held is NaN."""

    def of(self, what, position, graph):
        record = graph.records[position]
        found = self.get((what, position))
        if found is None:
            found = record.value if record.dtype.kind != "f" else np.full(record.shape, np.nan, record.dtype)[()]
        return found


def played(graph, line, holdings) -> Memory:
    """Play a story with what is held alone, and forget everything at its last step."""
    memory = Memory()
    for position, record in enumerate(graph.records):
        if record.primitive is None:
            memory["value", position] = record.value
    what = "tangent" if line.mode == "forward" else "adjoint"
    product = None
    for step, event in enumerate(line.events, 1):
        item = line.outline.items[event.item].id
        link = line.outline.links[event.link] if event.link >= 0 else None
        if event.kind == "value":
            record = graph.records[item]
            values = [memory.of("value", i, graph) for i in graph.input_table[item]]
            memory["value", item] = replay_value(record, values)
        elif event.kind == "seed":
            memory[what, item] = line.graph.seed_of(item)
        else:
            edge = graph.edges[link.edges[0]]
            consumer, argnum = edge.consumer.id, edge.argnum
            record = graph.records[consumer]
            leaves = {
                i: Traced(memory.of("value", i, graph), graph.records[i].primitive, (), graph.records[i].params, None)
                for i in graph.input_table[consumer]
            }
            inputs = tuple(leaves[i] for i in graph.input_table[consumer])
            node = Traced(memory.of("value", consumer, graph), record.primitive, inputs, record.params, None)
            if line.mode == "forward":
                sent = sweep.push(node, argnum, memory.of(what, edge.input.id, graph))
            elif event.kind == "sum":
                sent = sweep.sum_to_shape(product, edge.input.shape)
            else:
                product = sweep.unsummed_contribution(node, argnum, memory.of(what, consumer, graph))
                sent = sweep.contribution(node, argnum, memory.of(what, consumer, graph))
            if not (event.kind == "contribution" and line.events[step : step + 1] and line.events[step].kind == "sum"):
                before = memory.get((what, item))
                memory[what, item] = sent if before is None else before + sent
        for held in holdings:
            if held.last == step:
                memory.pop((held.what, held.position), None)
            if held.made == step and held.what != "product":
                assert (held.what, held.position) in memory or held.last == step
    return memory


@pytest.mark.parametrize("seed", range(100))
def test_what_is_held_is_enough_and_not_too_much(seed: int) -> None:
    graph = random_graph(seed)
    for line in (story_line(graph, constants=True), story_line(graph, "forward", seed={"s": 1.0}, constants=True)):
        what = "tangent" if line.mode == "forward" else "adjoint"
        ledger = Ledger(line)
        kept = [held for held in ledger.holdings if not held.result and not held.caller]
        memory = played(graph, line, kept)
        for node in (*line.graph.inputs, *line.graph.outputs):
            if (held := memory.get((what, node.id))) is not None:
                np.testing.assert_allclose(held, getattr(node, what), rtol=1e-12)
        # nothing is kept longer than its last use: one step less, and that use meets NaN
        assert all(any(use.step == held.last for use in held.uses) or held.made == held.last for held in kept)
        # and the sums are those of what is held
        for step in range(ledger.steps + 1):
            assert ledger.totals[step] == sum(held.bytes for held in ledger.at(step) if not held.caller)
        assert ledger.peak == ledger.totals[ledger.peak_step] == max(ledger.totals)


def test_what_is_forgotten_too_early_is_missed() -> None:
    """The check above can fail: a value that is let go one step early spoils an adjoint."""
    graph = gad.trace(lambda x: np.exp(np.sin(x)), 0.5)
    line = story_line(graph, constants=True)
    early = [
        type(held)(held.what, held.position, held.item, held.bytes, held.made, held.last - 1, held.uses)
        for held in Ledger(line).holdings
        if not held.caller and not held.result
    ]
    assert np.isnan(played(graph, line, early)["adjoint", 0])


def small(w, x, b):
    z = w * x + b
    h = np.tanh(z)
    return h * h + x


def test_a_ledger_by_hand() -> None:
    ledger = Ledger(story_line(gad.trace(small, 2.0, 3.0, 1.0)))
    graph = ledger.line.graph
    rows = {(held.what, graph.names[held.position]): (held.made, held.last) for held in ledger.holdings}
    # steps: 1-5 values v1 z h v2 out, 6 seed, 7-8 out, 9-10 v2, 11 h, 12-13 z, 14-15 v1
    assert rows["value", "v1"] == (1, 2)  # + uses no value
    assert rows["value", "z"] == (2, 3)  # tanh uses its output
    assert rows["value", "h"] == (3, 11)
    assert rows["value", "v2"] == (4, 5)
    assert rows["value", "out"] == (5, 15)  # the result
    assert rows["adjoint", "out"] == (6, 8)
    assert rows["adjoint", "v2"] == (7, 10)
    assert rows["adjoint", "x"] == (8, 15)
    assert ledger.totals == [0, 8, 16, 16, 16, 24, 24, 32, 40, 40, 40, 40, 32, 40, 40, 40]
    assert (ledger.peak, ledger.peak_step, ledger.caller, ledger.alone) == (40, 8, 24, 16)
    assert [graph.names[held.position] for held in ledger.freed(2)] == ["v1"]
    by = {graph.names[held.position]: [use.by for use in held.uses if use.by] for held in ledger.holdings[:3]}
    assert by["x"] == ["v1", "out", "∂v1/∂w"]
    assert by["b"] == ["z"]


def test_forward_mode_holds_values_and_tangents_only_side_by_side() -> None:
    def chain(x):
        for _ in range(20):
            x = np.sin(x)
        return x

    graph = gad.trace(chain, 0.5)
    back, ahead = Ledger(story_line(graph)), Ledger(story_line(graph, "forward", seed={"x": 1.0}))
    assert back.peak >= 20 * 8
    assert ahead.together == 4 * 8  # a value and a tangent, old and new
    assert back.together is None
    assert back.alone == 2 * 8


def test_a_product_waits_for_its_sum() -> None:
    graph = gad.trace(lambda X, b: np.sum(np.exp(X + b)), np.ones((4, 3)), np.ones(3))
    ledger = Ledger(story_line(graph))
    (product,) = [held for held in ledger.holdings if held.what == "product"]
    assert (product.bytes, product.last - product.made) == (96, 1)
    assert ledger.line.events[product.made].kind == "sum"


@pytest.mark.parametrize("fold", ["none", "all"])
def test_operations_add_up_to_those_of_the_methods(fold: str) -> None:
    for seed in range(20):
        graph = random_graph(seed)
        assert Ledger(story_line(graph, fold=fold)).operations[-1] == Cost(graph)["reverse"].scalars
    graph = layered(2)
    assert Ledger(story_line(graph, fold=fold)).operations[-1] == Cost(graph)["reverse"].scalars
    graph = gad.trace(lambda s: np.sin(s) * np.exp(s) + s, 0.7)
    assert Ledger(story_line(graph, "forward", fold=fold)).operations[-1] == Cost(graph)["forward"].scalars


@pytest.mark.parametrize("fold", ["none", "all"])
def test_node_evaluations_add_up_to_those_of_the_methods(fold: str) -> None:
    for seed in range(20):
        graph = random_graph(seed)
        found = Ledger(story_line(graph, fold=fold)).evaluations
        made = sum(node.primitive is not None for node in graph.nodes)
        passed = {edge.consumer.id for edge in graph.edges if edge.active and edge.consumer.reached}
        assert found[-1] == Cost(graph)["reverse"].nodes == made + len(passed)
        assert found == sorted(found)
    graph = gad.trace(lambda s: np.sin(s) * np.exp(s) + s, 0.7)
    found = Ledger(story_line(graph, "forward", fold=fold)).evaluations
    assert found[-1] == Cost(graph)["forward"].nodes == 4  # each computes its value and its tangent together


def test_a_node_counts_again_when_it_sends() -> None:
    # v1 = x·x, out = v1 + x: two values, the seed, then out sends twice and v1 sends twice
    ledger = Ledger(story_line(gad.trace(lambda x: x * x + x, 3.0)))
    assert ledger.evaluations == [0, 1, 2, 2, 3, 3, 4, 4]


def test_a_sum_over_broadcast_axes_is_paid_for_when_it_is_done() -> None:
    graph = gad.trace(lambda X, b: np.sum(X + b), np.ones((4, 3)), np.ones(3))
    ledger = Ledger(story_line(graph))
    at = next(step for step, event in enumerate(ledger.line.events, 1) if event.kind == "sum")
    done = np.diff(ledger.operations)
    assert (done[at - 2], done[at - 1]) == (0, 12 - 3)


def test_collapsed_groups_sum_what_is_inside() -> None:
    graph = layered(3)
    whole, folded = (Ledger(story_line(graph, fold=fold)) for fold in ("none", "all"))
    assert folded.operations[-1] == whole.operations[-1]
    assert folded.caller == whole.caller
    assert folded.steps < whole.steps
    values = sum(held.bytes for held in whole.holdings if held.what == "value")
    assert sum(held.bytes for held in folded.holdings if held.what == "value") == values
    adjoints = sum(held.bytes for held in whole.holdings if held.what == "adjoint")
    assert sum(held.bytes for held in folded.holdings if held.what == "adjoint") == adjoints
    assert all(0 <= held.made <= held.last <= folded.steps for held in folded.holdings)
    data = cost_data(story_line(graph, fold="all"))["memory"]
    group = next(item for item in data["items"] if item["group"] and item["what"] == "value" and item["count"] > 1)
    assert group["bytes"] > 8
    assert sum(one["bytes"] for one in data["items"] if one["what"] == "value") == values
    assert data["evaluations"][-1] == Cost(graph)["reverse"].nodes


def test_a_story_without_a_sweep_holds_values_alone() -> None:
    ledger = Ledger(story_line(gad.trace(lambda x: (np.sin(x), np.exp(x)), 1.0)))
    assert {held.what for held in ledger.holdings} == {"value"}
    assert ledger.totals == [0, 8, 16]
