"""Backward passes that are wrong on purpose, against tiny ones written here, and the scenes that play them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.inspect import Inspector
from graphviz_ad.story.misplay import Misplay, misplayed
from graphviz_ad.story.numbers import brief
from graphviz_ad.story.staging import stage, story_line
from graphviz_ad.story.state import states
from graphviz_ad.story.wrong import WRONG, WrongPass, applicable
from tests.core.test_gold import fork
from tests.thinned import thinned

EVERYWHERE = ("overwrite", "depth-first", "no-zeroing")


def random_graph(seed: int) -> gad.Graph:
    """A graph with fan-out: of numbers for even seeds, else of arrays and numbers that are broadcast."""
    rng = np.random.default_rng(seed)
    plan = rng.integers(0, 6, size=(int(rng.integers(4, 14)), 3))

    def f(x, y):
        pool = [x, y]
        for operation, first, second in plan:
            a, b = pool[first % len(pool)], pool[second % len(pool)]
            pool.append([a + b, a * b, np.sin(a) - b, np.maximum(a, b), a * 2, b / (2 + np.cos(a))][operation])
        return np.sum(pool[-1] * pool[-2] + pool[2] * x)

    shapes = [((), ()), ((3,), ()), ((), ()), ((2, 3), (3,))][seed % 4]
    x, y = (rng.uniform(0.5, 1.5, size=shape)[()] for shape in shapes)
    return gad.trace(f, x, y).backward()


# -- tiny passes, written another way -----------------------------------------------------------


def sent_by(graph: gad.Graph, consumer: int, adjoint: Any) -> Iterator[tuple[int, Any]]:
    """What a node sends back to each of its inputs."""
    for edge in graph.edges:
        if edge.consumer.id != consumer or not edge.active or not edge.consumer.reached:
            continue
        local = edge.local
        if hasattr(local, "vjp"):
            sent = local.vjp(adjoint)
        else:
            sent = np.asarray(adjoint * local)
            while sent.ndim > len(edge.input.shape):
                sent = sent.sum(axis=0)
            for axis, length in enumerate(edge.input.shape):
                if length == 1:
                    sent = sent.sum(axis=axis, keepdims=True)
        yield edge.input.id, sent


def tiny(graph: gad.Graph, kind: str) -> dict[int, Any]:
    """The adjoints that a textbook's few lines would give, with its mistake; "" for none."""
    (output,) = graph.outputs
    accumulators: dict[int, Any] = {}
    if kind == "no-zeroing":
        accumulators = tiny(graph, "")
    accumulators[output.id] = np.ones(output.shape)
    if kind == "depth-first":
        visited: set[int] = set()

        def visit(node: int) -> None:
            if node in visited:
                return
            visited.add(node)
            found = list(sent_by(graph, node, accumulators[node]))
            for start, sent in found:
                accumulators[start] = accumulators.get(start, 0.0) + sent
            for start, _ in found:
                visit(start)

        visit(output.id)
        return accumulators
    for node in range(output.id, -1, -1):
        if node in accumulators:
            for start, sent in sent_by(graph, node, accumulators[node]):
                accumulators[start] = sent if kind == "overwrite" else accumulators.get(start, 0.0) + sent
    return accumulators


def close(one: Any, two: Any) -> bool:
    return np.shape(one) == np.shape(two) and np.allclose(one, two, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", thinned(range(200), 4))
def test_two_hundred_graphs_with_fan_out(seed: int) -> None:
    graph = random_graph(seed)
    right = tiny(graph, "")
    assert right
    for position, adjoint in right.items():
        assert close(graph[position].adjoint, adjoint)
    for kind in EVERYWHERE:
        run, expected = WrongPass(graph, kind), tiny(graph, kind)
        assert set(run.accumulators) == set(expected)
        for position, adjoint in expected.items():
            assert close(run.accumulators[position], adjoint), (kind, graph.names[position])
        check_first(graph, run)


def check_first(graph: gad.Graph, run: WrongPass) -> None:
    """The marked node is the first that sends on, or is left with, something other than its adjoint."""
    counts: dict[int, int] = {}
    held: dict[int, Any] = {}
    first = None
    sends = [edge.input.id for edge in graph.edges if edge.active and edge.consumer.reached]
    senders = {edge.consumer.id for edge in graph.edges if edge.active and edge.consumer.reached}
    fired: set[int] = set()
    for number, event in enumerate(run.events):
        if event.edge is not None:
            consumer = graph.edges[event.edge].consumer.id
            if consumer not in fired and not close(held[consumer], graph[consumer].adjoint) and first is None:
                first = (consumer, number)
            fired.add(consumer)
        if event.kind == "contribution" and run.events[number + 1 : number + 2] != []:
            follows = run.events[number + 1].kind == "sum"
        else:
            follows = False
        if not follows:
            held[event.position] = event.new
            counts[event.position] = counts.get(event.position, 0) + (event.kind != "seed")
            full = counts[event.position] == sends.count(event.position)
            wrong = not close(event.new, graph[event.position].adjoint)
            if wrong and full and event.position not in fired and first is None:
                first = (event.position, number)
    assert senders == fired
    found = run.first and (run.first.position, run.first.event)
    assert found == first
    if run.first is not None:
        assert np.array_equal(run.first.right, graph[run.first.position].adjoint)


def test_the_random_graphs_make_each_mistake_matter() -> None:
    differing = {
        kind: sum(WrongPass(random_graph(seed), kind).first is not None for seed in range(40)) for kind in WRONG
    }
    assert min(differing[kind] for kind in EVERYWHERE) > 20
    assert differing["no-broadcast-sum"] > 10
    assert differing["missing-transpose"] == 0


# -- gold points --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "a", "b", "first", "wrong", "early"),
    [
        ("overwrite", 1, 1, "c", 1, False),
        ("depth-first", 4, 3, "c", 1, True),
        ("no-zeroing", 100, 76, "e", 2, False),
    ],
)
def test_the_graph_that_shows_order_and_accumulation(kind, a, b, first, wrong, early) -> None:
    graph = gad.trace(fork, 2.0, 3.0).backward()
    run = WrongPass(graph, kind)
    assert (run.accumulators[graph["a"].id], run.accumulators[graph["b"].id]) == (a, b)
    assert run.first is not None
    assert (graph.names[run.first.position], run.first.wrong, run.first.early) == (first, wrong, early)
    assert [graph[name].adjoint for name in "ab"] == [25, 19]  # the graph's own adjoints are left alone


@pytest.mark.parametrize(
    ("f", "x", "kind", "wrong", "right"),
    [
        (lambda x: x * x + x, 3.0, "overwrite", 3.0, 7.0),  # x·1, then x, then x again
        (lambda x: x**2 + x, 3.0, "overwrite", 6.0, 7.0),
        (lambda x: x**2 + x, 3.0, "no-zeroing", 20.0, 7.0),  # 7 + 1 + 2·6: the square holds 1 already
        (lambda x: (x + 1) ** 2, 3.0, "no-zeroing", 8 + 8 + 8.0, 8.0),
        (lambda s: s**2 * s**3, 2.0, "overwrite", 32.0, 80.0),
    ],
)
def test_points_of_the_curriculum(f, x, kind, wrong, right) -> None:
    graph = gad.trace(f, x).backward()
    run = WrongPass(graph, kind)
    assert (run.accumulators[0], graph.inputs[0].adjoint) == (wrong, right)


def test_a_seeded_result_that_is_used_counts_its_seed_as_a_contribution() -> None:
    def f(x):
        u = x * 3.0
        return u, u * u

    graph = gad.trace(f, 1.0).backward([5.0, 1.0])
    run = WrongPass(graph, "overwrite")
    assert (graph["u"].adjoint, run.accumulators[graph["u"].id]) == (11.0, 3.0)

    def used(x):
        u = x * 3.0
        return u, np.sin(u)

    assert applicable(gad.trace(used, 1.0).backward([5.0, 1.0]))[0].applies


def test_a_long_chain_needs_no_recursion() -> None:
    def f(x):
        for _ in range(5000):
            x = x + 1.0
        return x

    assert WrongPass(gad.trace(f, 1.0).backward(), "depth-first").first is None


# -- shapes -------------------------------------------------------------------------------------


def layer(X, W, b):
    Y = X @ W + b
    return np.mean(Y**2)


OBLONG = (np.arange(12.0).reshape(4, 3), np.arange(6.0).reshape(3, 2), np.ones(2))
SQUARE = (np.arange(9.0).reshape(3, 3), np.arange(9.0).reshape(3, 3) ** 2, np.ones(3))


def test_a_missing_transpose_of_square_matrices_gives_wrong_numbers() -> None:
    graph = gad.trace(layer, *SQUARE).backward()
    run = WrongPass(graph, "missing-transpose")
    X, W, adjoint = graph["X"].value, graph["W"].value, graph["v1"].adjoint
    np.testing.assert_allclose(run.accumulators[graph["X"].id], adjoint @ W)
    np.testing.assert_allclose(run.accumulators[graph["W"].id], X @ adjoint)
    np.testing.assert_array_equal(run.accumulators[graph["b"].id], graph["b"].adjoint)
    assert [graph.names[one.position] for one in run.differing] == ["X", "W"]
    assert not run.stopped


def test_a_missing_transpose_of_other_matrices_ends_the_pass() -> None:
    graph = gad.trace(layer, *OBLONG).backward()
    run = WrongPass(graph, "missing-transpose")
    assert run.stopped
    assert run.events[-1].clash == ((4, 2), (3, 2))
    assert run.first is not None
    assert (graph.names[run.first.position], run.first.wrong) == ("X", None)
    assert graph["W"].id not in run.accumulators
    scene = stage(gad.trace(layer, *OBLONG), wrong="missing-transpose")
    assert (
        "NumPy cannot multiply (4, 2) @ (3, 2): 2 and 3 are not equal. The pass ends here" in scene.steps[-1].narration
    )
    adjoints = {node.name: node.adjoint for node in scene.nodes}
    assert adjoints["X"] is adjoints["W"] is None
    assert scene.wrong is not None
    assert scene.wrong.stopped
    assert scene.wrong.first is not None
    assert (scene.wrong.first.wrong, scene.wrong.first.wrong_text) == (None, "no number")


@pytest.mark.parametrize(
    ("a", "b", "left", "right"),
    [
        ((3, 3), (3,), None, lambda a, b, adjoint: a @ adjoint),
        ((3,), (3, 3), lambda a, b, adjoint: adjoint @ b, None),
        ((2, 3, 3), (3,), None, lambda a, b, adjoint: np.einsum("kij,kj->i", a, adjoint)),
        ((2, 3, 3), (3, 3), lambda a, b, adjoint: adjoint @ b, lambda a, b, adjoint: (a @ adjoint).sum(axis=0)),
        ((3,), (3,), None, None),
    ],
)
def test_products_of_other_ranks(a, b, left, right) -> None:
    rng = np.random.default_rng(0)
    graph = gad.trace(lambda a, b: np.sum(np.sin(a @ b)), rng.normal(size=a), rng.normal(size=b)).backward()
    run = WrongPass(graph, "missing-transpose")
    product = graph.nodes[2]
    for position, rule in enumerate((left, right)):
        node = graph.nodes[position]
        wrong = node.adjoint if rule is None else rule(graph["a"].value, graph["b"].value, product.adjoint)
        np.testing.assert_allclose(run.accumulators[position], wrong)
    names = [graph.names[one.position] for one in run.differing]
    assert names == [name for name, rule in zip("ab", (left, right), strict=True) if rule is not None]


def test_a_dot_over_other_axes_has_no_place_for_it() -> None:
    graph = gad.trace(lambda a, b: np.sum(np.dot(a, b)), np.ones((2, 3, 3)), np.ones((2, 3, 3))).backward()
    assert WrongPass(graph, "missing-transpose").first is None


def test_a_broadcast_that_is_not_summed_keeps_the_consumers_shape() -> None:
    graph = gad.trace(layer, *OBLONG).backward()
    run = WrongPass(graph, "no-broadcast-sum")
    np.testing.assert_array_equal(run.accumulators[graph["b"].id], graph["Y"].adjoint)
    assert [graph.names[one.position] for one in run.differing] == ["b"]
    kinds = [event.kind for event in run.events]
    assert "sum" not in kinds
    assert "sum" in [event.kind for event in WrongPass(graph, "overwrite").events]
    scene = stage(gad.trace(layer, *OBLONG), wrong="no-broadcast-sum")
    (bias,) = [node for node in scene.nodes if node.name == "b"]
    assert bias.adjoint is not None
    assert json.loads(bias.adjoint)["shape"] == [4, 2]
    assert bias.adjoint_cells is not None
    assert (bias.adjoint_cells.rows, bias.adjoint_cells.columns) == (4, 2)


def test_what_follows_a_wrong_shape_is_what_numpy_makes_of_it() -> None:
    def f(b, X):
        v = b * 2.0
        return np.sum(X * v)

    graph = gad.trace(f, 3.0, np.arange(3.0)).backward()
    run = WrongPass(graph, "no-broadcast-sum")
    np.testing.assert_array_equal(run.accumulators[graph["b"].id], [0.0, 2.0, 4.0])
    assert [graph.names[one.position] for one in run.differing] == ["v", "b"]


def doubled_back(adjoint, out, x):
    if adjoint.shape != x.shape:
        raise KeyError("not this shape")
    return adjoint * 2.0


DOUBLE = gad.custom(lambda x: x * 2.0, vjp=doubled_back)


@pytest.mark.parametrize(
    ("f", "args", "words"),
    [
        (
            lambda b, X: np.sum(X + DOUBLE(b)),
            (np.ones(3), np.ones((2, 3))),
            "has no use for an adjoint of shape (2, 3)",
        ),
        (
            lambda b, X, Z: np.sum(X + b) + np.sum(Z + b),
            (1.0, np.ones(3), np.ones(2)),
            "cannot add arrays of the shapes",
        ),
    ],
)
def test_shapes_that_do_not_fit_end_the_pass(f, args, words) -> None:
    scene = stage(gad.trace(f, *args), wrong="no-broadcast-sum")
    assert scene.wrong is not None
    assert scene.wrong.stopped
    assert words in scene.steps[-1].narration
    assert scene.steps[-1].narration.endswith("The pass ends here with an error.")
    assert [node.adjoint for node in scene.nodes if node.name == "b"] == [None]  # never finished


def test_a_users_own_rule_may_raise_anything() -> None:
    graph = gad.trace(lambda b, X: np.sum(X + DOUBLE(b)), np.ones(3), np.ones((2, 3))).backward()
    run = WrongPass(graph, "no-broadcast-sum")
    assert run.stopped
    assert run.events[-1].clash == ((2, 3), (3,))


# -- what can be chosen -------------------------------------------------------------------------


def chosen(graph: gad.Graph, mode: str = "reverse") -> dict[str, str]:
    return {choice.kind: choice.why for choice in applicable(graph, mode)}


def test_which_apply() -> None:
    applies = {kind for kind, why in chosen(gad.trace(fork, 2.0, 3.0)).items() if not why}
    assert applies == {"overwrite", "depth-first", "no-zeroing"}
    applies = {kind for kind, why in chosen(gad.trace(layer, *OBLONG)).items() if not why}
    assert applies == {"no-zeroing", "missing-transpose", "no-broadcast-sum"}
    assert [choice.applies for choice in applicable(gad.trace(lambda x: x * x, 2.0))] == [
        True,
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("seed", range(30))
def test_what_does_not_apply_changes_nothing(seed: int) -> None:
    graph = random_graph(seed)
    for choice in applicable(graph):
        assert choice.applies is (choice.why == "")
        if not choice.applies:
            assert WrongPass(graph, choice.kind).first is None


def test_without_a_backward_pass_none_applies() -> None:
    assert set(chosen(gad.trace(lambda x: x * 2, np.ones(3))).values()) == {
        "The output out has shape (3,): for adjoints write graph.backward(seed=...) first."
    }
    assert set(chosen(gad.trace(fork, 2.0, 3.0), "forward").values()) == {"These are mistakes of the backward pass."}
    assert chosen(gad.trace(lambda x: (x, x)[0], 2.0))["no-zeroing"] == "Nothing flows back."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wrong": "sideways"}, r"unknown wrong: 'sideways' \(must be one of \['overwrite', 'depth-first'"),
        ({"wrong": "overwrite", "mode": "forward", "seed": {"a": 1.0}}, "is a mistake of the backward pass"),
    ],
)
def test_what_cannot_be_played(options, message) -> None:
    with pytest.raises(gad.ArgumentError, match=message):
        stage(gad.trace(fork, 2.0, 3.0), **options)
    with pytest.raises(gad.ArgumentError, match=r"this story has none\. The output out has shape"):
        stage(gad.trace(lambda x: x * 2, np.ones(3)), wrong="overwrite")


# -- the scene ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("seed", thinned(range(8), 4))
def test_a_wrong_scene_keeps_the_contract(kind: str, seed: int) -> None:
    graph = random_graph(seed)
    scene, run = stage(graph, wrong=kind), WrongPass(graph, kind)
    right = stage(graph)
    assert [node.name for node in scene.nodes] == [node.name for node in right.nodes]
    assert [step.kind for step in scene.steps if step.kind == "value"] == [
        s.kind for s in right.steps if s.kind == "value"
    ]
    final = list(states(scene))[-1]
    for node in scene.nodes:
        if node.id in run.accumulators and run.complete(node.id) and node.adjoint is not None:
            assert close(number(node.adjoint), run.accumulators[node.id])
            assert final.nodes[node.id].adjoint
            assert final.nodes[node.id].accumulator == node.adjoint_text
    sent = [step.edge for step in scene.steps if step.kind == "contribution"]
    assert len(sent) == len(set(sent))
    for step in scene.steps:
        if step.edge is not None:
            assert scene.edges[step.edge].input == step.node


def number(text: str) -> Any:
    if not text.startswith("{"):
        return float(text)
    table = json.loads(text)
    return np.reshape(np.array(table["data"], dtype=float), table["shape"])


@pytest.mark.parametrize("kind", ["overwrite", "no-zeroing"])
def test_the_order_is_that_of_the_right_story(kind: str) -> None:
    for seed in range(12):
        graph = random_graph(seed)
        steps = [(step.kind, step.node, step.edge, step.reported) for step in stage(graph, wrong=kind).steps]
        assert steps == [(step.kind, step.node, step.edge, step.reported) for step in stage(graph).steps]


def test_what_the_scene_says_of_the_mistake() -> None:
    scene = stage(gad.trace(fork, 2.0, 3.0), wrong="overwrite")
    wrong = scene.wrong
    assert wrong is not None
    assert wrong.verdict == "The first node that differs is c: it ends up with 1; its adjoint is 7."
    assert [scene.nodes[one.node].name for one in wrong.differing] == ["c", "d", "a", "b"]
    assert wrong.first is not None
    assert (wrong.first.wrong, wrong.first.right) == ("1.0", "7.0")
    words = scene.steps[wrong.first.step - 1].narration
    assert words.endswith("6 is replaced by 1 (2 of 2 consumers). That is not the adjoint of c, which is 7.")
    assert "It ends with these adjoints: a 1, b 1." in scene.alt
    assert "25" not in scene.alt
    assert scene.title == "fork, wrong on purpose"


def test_too_early_and_too_late() -> None:
    scene = stage(gad.trace(fork, 2.0, 3.0), wrong="depth-first")
    assert scene.wrong is not None
    assert scene.wrong.first is not None
    words = scene.steps[scene.wrong.first.step - 1].narration
    assert words.startswith("c sends on what it has after 1 of 2 consumers: 1; its adjoint is 7. a gets from c: ")
    assert scene.steps[-2].narration.endswith("Too late: c has sent its adjoint on already.")


def test_a_mistake_that_happens_to_change_nothing_says_so() -> None:
    scene = stage(gad.trace(lambda x: np.sin(x), 1.0), wrong="overwrite")
    assert scene.wrong is not None
    assert scene.wrong.verdict == "It changes nothing here. No node gets more than one contribution."
    # the later contribution is all there is, since the other one is 0
    scene = stage(gad.trace(lambda x: x + (x - 2.0) ** 2, 2.0), wrong="overwrite")
    assert scene.wrong is not None
    assert (scene.wrong.differing == ()) is scene.wrong.verdict.endswith("at this point by chance.")


def test_no_group_is_collapsed() -> None:
    def f(x):
        with gad.scope("block"):
            y = x * x + x
        return y

    graph = gad.trace(f, 3.0)
    assert any(node.kind == "group" for node in stage(graph, fold="all").nodes)
    assert not any(node.kind == "group" for node in stage(graph, fold="all", wrong="overwrite").nodes)


# -- the ledger in Details ------------------------------------------------------------------------


def told(graph: gad.Graph, kind: str, name: str) -> dict[str, Any]:
    line = story_line(graph)
    place = next(number for number, item in enumerate(line.outline.items) if item.name == name)
    return Misplay(line, kind).node(Inspector(line).node(place))


def rows(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    return [tuple(row[key] for key in ("symbols", "numbers", "sent", "old", "new")) for row in facts["ledger"]]


def test_the_second_pass_starts_from_what_the_first_one_left() -> None:
    # x = 2, u = 4, v = 16, out = 32: the first pass leaves 2 at v, 2·16 = 32 → 2·2·4 = 16 at u, 16 + 16·4 = 80 at x
    def f(x):
        u = x * x
        v = u * u
        return v * x

    graph = gad.trace(f, 2.0)
    assert rows(told(graph, "no-zeroing", "v")) == [("∂out/∂out · x", "1 × 2", "2", "2", "4")]
    assert rows(told(graph, "no-zeroing", "u")) == [
        ("what stands at v × ∂v/∂u", "4 × 4", "16", "16", "32"),
        ("what stands at v × ∂v/∂u", "4 × 4", "16", "32", "48"),
    ]
    found = told(graph, "no-zeroing", "x")
    assert rows(found) == [
        ("∂out/∂out · v", "1 × 16", "16", "80", "96"),
        ("what stands at u × ∂u/∂x", "48 × 2", "96", "96", "192"),
        ("what stands at u × ∂u/∂x", "48 × 2", "96", "192", "288"),
    ]
    assert found["adjoint"]["exact"] == "288.0"


def test_a_product_without_its_transpose_is_not_told_by_the_right_formula() -> None:
    W, x = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0])

    def f(x):
        h = W @ x
        return np.sum(h * h)

    graph = gad.trace(f, x)
    h = W @ x
    (row,) = told(graph, "missing-transpose", "x")["ledger"]
    assert row["symbols"].endswith(", without the ᵀ of W")
    assert (row["sent"], row["old"], row["new"]) == (brief(W @ (2 * h)), "0", brief(W @ (2 * h)))
    line = story_line(graph)
    index = next(link.index for link in line.outline.links if line.outline.items[link.input].name == "x")
    found = Misplay(line, "missing-transpose").edge(Inspector(line).edge(index))
    assert found["local"]["map"] == row["symbols"]
    assert "shapes" not in found["contribution"]
    assert found["contribution"]["number"]["shape"] == "(2,)"


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("seed", thinned(range(12), 4))
def test_the_ledger_and_the_story_have_the_same_numbers(kind: str, seed: int) -> None:
    graph = random_graph(seed)
    if kind not in [choice.kind for choice in applicable(graph) if choice.applies]:
        return
    line = story_line(graph)
    found, scene, misplay = Inspector(line), stage(graph, wrong=kind), Misplay(line, kind)
    for number, shown in enumerate(scene.nodes):
        facts = misplay.node(found.node(number))
        steps = {order: step for order, step in enumerate(scene.steps, 1) if step.node == shown.id}
        left = kind == "no-zeroing" and shown.reached and not shown.seeded
        before = stage(graph).nodes[number].adjoint if left else "0"
        for row in facts["ledger"]:
            assert same_number(row["old"], before), (shown.name, row)
            before = steps[row["step"]].adjoint
            assert same_number(row["new"], before)
        assert (facts["adjoint"] or {"exact": None})["exact"] in (shown.adjoint, "")
        for state in states(scene) if shown.reached and shown.adjoint else ():
            assert (state.step >= facts["revealed"]["adjoint"]) == state.nodes[shown.id].adjoint
    for index, shown_edge in enumerate(scene.edges):
        sent = misplay.edge(found.edge(index))["contribution"]
        assert (sent is None) is (shown_edge.contribution is None)
        if sent is not None:
            assert same_number(sent["number"]["text"], shown_edge.contribution)


def same_number(text: str, exact: str | None) -> bool:
    """Whether a text in the ledger stands for a step's exact number; arrays by their JSON."""
    if exact is None:
        return text == ""
    if not exact.startswith("{"):
        return text == brief(float(exact), 4, 40)
    data = json.loads(exact)
    return text == brief(np.array(data["data"], float).reshape(data["shape"]), 4, 40)


def test_a_story_of_another_kind_is_refused() -> None:
    line = story_line(gad.trace(fork, 2.0, 3.0), "forward", seed={"a": 1.0})
    with pytest.raises(gad.ArgumentError, match="this story has none"):
        misplayed(stage(gad.trace(fork, 2.0, 3.0)), line, "overwrite")


def test_an_unreached_input_keeps_its_zero() -> None:
    scene = stage(gad.trace(lambda x, y: x * x, 3.0, 5.0), wrong="overwrite")
    assert [node.adjoint for node in scene.nodes if node.name == "y"] == ["0.0"]
    assert scene.steps[-1].narration.endswith("No path leads from y to out: its adjoint is 0.")
