"""Fingerprints: each against a straightforward run of its mistake, on random graphs and at the curriculum's points."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.exercises.fingerprints import Fingerprint, Fingerprints, alike
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.story.wrong import WrongPass
from tests.core.test_gold import fork
from tests.story.test_wrong import random_graph, sent_by, tiny
from tests.thinned import thinned


def wrong(f: Any, *args: Any, of: str = "") -> dict[str, list[Any]]:
    """The wrong adjoints of one node, by code."""
    graph = gad.trace(f, *args).backward()
    return by_code(Fingerprints(graph).of_adjoint(of or graph.inputs[0].name))


def by_code(found: Iterable[Fingerprint]) -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = {}
    for one in found:
        table.setdefault(one.code, []).append(one.value)
    return table


def has(values: Any, wanted: Any) -> bool:
    return any(np.shape(one) == np.shape(wanted) and np.allclose(one, wanted, rtol=1e-6) for one in values)


def collide(found: dict[str, list[Any]]) -> set[frozenset[str]]:
    return {
        frozenset(pair)
        for pair in combinations(found, 2)
        if any(alike(one, two) for one in found[pair[0]] for two in found[pair[1]])
    }


# -- two hundred graphs -----------------------------------------------------------------------------


FEW = 400  # steps of what is exponential


class TooLongError(Exception):
    pass


def listed_paths(graph: gad.Graph, start: int) -> list[Any] | None:
    """What each path sends back, by plain recursion; None where that takes too long."""
    found: list[Any] = []
    steps = 0

    def walk(node: int, adjoint: Any) -> None:
        nonlocal steps
        steps += 1
        if steps > FEW:
            raise TooLongError
        if node == start:
            found.append(adjoint)
            return
        for source, sent in sent_by(graph, node, adjoint):
            walk(source, sent)

    (output,) = graph.outputs
    try:
        walk(output.id, np.ones(output.shape)[()])
    except TooLongError:
        return None
    return found


def recursion(graph: gad.Graph) -> dict[int, Any] | None:
    """Each node adds to its inputs and calls them at once; None where that takes too long."""
    (output,) = graph.outputs
    held: dict[int, Any] = {output.id: 1.0}
    calls = 0

    def visit(node: int) -> None:
        nonlocal calls
        calls += 1
        if calls > FEW:
            raise TooLongError
        found = list(sent_by(graph, node, held[node]))
        for source, sent in found:
            held[source] = held.get(source, 0.0) + sent
        for source, _ in found:
            visit(source)

    try:
        visit(output.id)
    except TooLongError:
        return None
    return held


def expected(graph: gad.Graph, position: int, passes: dict[str, Any]) -> dict[str, list[Any]]:
    """The numbers of the simple mistakes at one node, written another way than in the package."""
    node = graph[position]
    into = [e for e in graph.edges if e.input.id == position and e.active and e.consumer.reached]
    sent = [edge.contribution for edge in into]
    found: dict[str, list[Any]] = {
        "M1": [*sent, passes["overwrite"][position]] if len(sent) > 1 else [passes["overwrite"][position]],
        "M2": [passes["depth-first"][position]],
        "M3": [passes["no-zeroing"][position], 2 * node.adjoint],
        "sign": [-node.adjoint],
        "value": [node.value],
    }
    if passes["recursion"] is not None:
        found["M2"].append(passes["recursion"][position])
    paths = listed_paths(graph, position)
    if paths and 1 < len(paths) <= 64:
        product = 1.0
        for path in paths:
            product = product * path
        found["M16"] = [product]
    return found


@pytest.mark.parametrize("seed", thinned(range(200), 5))
def test_two_hundred_graphs_with_fan_out(seed: int) -> None:
    graph = random_graph(seed)
    fingerprints = Fingerprints(graph)
    passes = {kind: tiny(graph, kind) for kind in ("overwrite", "depth-first", "no-zeroing")} | {
        "recursion": recursion(graph)
    }
    for node in graph.inputs:
        made = fingerprints.of_adjoint(node.id)
        found = by_code(made)
        table = expected(graph, node.id, passes) if node.reached else {}
        for code, values in table.items():
            names = [code, "M15"] if code == "M1" else [code]  # a parameter's fork is told as one
            for value in values:
                if np.all(np.isfinite(value)) and not alike(value, node.adjoint, 2e-3):
                    said = [v for name in names for v in found.get(name, [])]
                    assert any(alike(one, value) for one in said), (node.name, code, value)
        for code in {"M3", "M16", "sign"} & set(found) & set(table):  # and nothing else has these codes
            assert all(has(table[code], value) for value in found[code]), (node.name, code)
        for one in made:
            assert not alike(one.value, node.adjoint), (node.name, one.code)
            assert all(one.hints)
        assert all(len(found.get(code, [])) <= 1 for code in ("M16", "M5", "composed", "sum", "sign"))


def test_the_random_graphs_make_most_mistakes_show() -> None:
    seen: dict[str, int] = {}
    for seed in range(40):
        graph = random_graph(seed)
        for code in by_code([one for name in "xy" for one in Fingerprints(graph).of_adjoint(name)]):
            seen[code] = seen.get(code, 0) + 1
    assert {code for code, count in seen.items() if count > 9} >= {"M1", "M2", "M3", "M4", "M4b", "M8", "M16", "value"}


# -- the curriculum's points ------------------------------------------------------------------------


def test_the_graph_that_shows_order_and_accumulation() -> None:
    for name, numbers in {"a": (25, 1, 4, 29, 100), "b": (19, 1, 3, 22, 76)}.items():
        found = wrong(fork, 2.0, 3.0, of=name)
        _, overwritten, first, naive, twice = numbers
        assert overwritten in found["M1"]
        assert {first, naive} <= set(found["M2"])
        assert twice in found["M3"]
    graph = gad.trace(fork, 2.0, 3.0)
    question = gad.exercises.adjoints(graph).only("a").questions[0]
    assert question.judge(25).ok
    for answer, code in ((1, "M1"), (4, "M2"), (29, "M2"), (100, "M3"), (18, "M1"), (270, "M16")):
        assert question.judge(answer).misconceptions == (code,)


def cube(x):
    u = x**2 + 1
    y = u**3
    return y


def test_forgot_inner_is_the_answer_for_an_inner_derivative_of_one() -> None:
    graph = gad.trace(lambda x: (x + 1) ** 2, 3.0).backward()
    assert graph[0].adjoint == 8
    assert "M6" not in by_code(Fingerprints(graph).of_adjoint(0))


def test_the_product_of_two_paths_is_the_dropped_identity_path_everywhere() -> None:
    for x in (3.0, -0.5, 2.0):
        found = wrong(lambda x: x**2 + x, x)
        assert frozenset({"M1", "M16"}) in collide(found)
        assert has(found["M16"], 2 * x)
    judged = gad.exercises.adjoints(lambda x: x**2 + x, 3.0).only("x").check({"x": 6}).parts["x"]
    assert set(judged.misconceptions) >= {"M1", "M16"}
    assert "?" in judged.hints[0]


def test_added_local_derivatives_are_right_at_one() -> None:
    def product(s):
        x, y = s**2, s**3
        return x * y

    assert "M4" not in wrong(product, 1.0)  # 2 + 3, and 5 is right
    assert has(wrong(product, 0.5)["M4"], 1.75)


def test_two_mistakes_give_twelve_at_one() -> None:
    found = wrong(cube, 1.0)
    assert has(found["M6"], 12)
    assert has(found["composed"], 12)  # 3·(2·1)²
    assert has(found["M5"], 6)
    assert frozenset({"M6", "composed"}) in collide(found)
    judged = gad.exercises.adjoints(cube, 1.0).only("x").check({"x": 12}).parts["x"]
    assert set(judged.misconceptions) == {"M6", "composed"}


@pytest.mark.parametrize("f", [lambda x: np.exp(2 * x), lambda x: np.exp(-(x**2))])
@pytest.mark.parametrize("x", [1.0, 0.5, -1.5])
def test_the_value_of_an_exponential_is_its_outer_derivative(f, x) -> None:
    assert frozenset({"M6", "value"}) in collide(wrong(f, x))


GOOD = [
    (cube, 1.5),
    (cube, 3.0),
    (cube, -0.5),
    (lambda x: np.sin(3 * x + 2), 1.0),
    (lambda x: (3 * x + 1) ** 5, 1.0),
    (lambda x: np.sqrt(1 + x**2), 2.0),
    (lambda x: np.log(x**2 + 1), 2.0),
]


@pytest.mark.parametrize(("f", "x"), GOOD)
def test_good_points_tell_the_chain_rules_mistakes_apart(f, x) -> None:
    found = wrong(f, x)
    chain = {"M4", "M5", "M6", "composed", "sum", "M3"}
    assert chain <= set(found)
    assert not [pair for pair in collide(found) if pair <= chain]


def test_a_good_point_for_two_paths() -> None:
    found = wrong(lambda s: s**2 * s**3, 0.5)
    assert not [pair for pair in collide(found) if pair <= {"M1", "M3", "M16"}]
    for f, x in ((lambda x: 3 * x**2 + 2 * x, 3.0), (lambda x: x * np.sin(x), 2.0)):
        found = wrong(f, x)
        assert {"M1", "M16"} <= set(found)
        assert frozenset({"M1", "M16"}) not in collide(found)


# -- derivatives at the wrong place, against formulas -----------------------------------------------


@pytest.mark.parametrize("x", [0.3, 1.5, -0.7])
def test_wrong_places_of_a_chain_by_hand(x) -> None:
    def chain(x):
        u = x**2
        v = np.sin(u)
        y = np.exp(v)
        return y

    found = wrong(chain, x)
    assert has(found["M5"], np.exp(x) * np.cos(x) * 2 * x)
    assert has(found["composed"], np.exp(np.cos(2 * x)))
    assert has(found["sum"], 2 * x + np.cos(x**2) + np.exp(np.sin(x**2)))
    assert has(found["M6"], np.exp(np.sin(x**2)) * np.cos(x**2))
    assert has(found["M6"], np.exp(np.sin(x**2)))
    assert has(found["M4"], 2 * x)


def test_a_call_is_one_function() -> None:
    slope = lambda z: 1 / (2 + np.exp(z) + np.exp(-z))  # noqa: E731

    def own(z):
        return 1 / (1 + np.exp(-z))

    for sigmoid in (gad.nn.sigmoid, own):

        def f(x, sigmoid=sigmoid):
            u = x**3
            h = sigmoid(u)
            y = h**2
            return y

        found = wrong(f, 0.8)
        h = 1 / (1 + np.exp(-(0.8**3)))
        assert has(found["M5"], 2 * 0.8 * slope(0.8) * 3 * 0.8**2)
        assert has(found["M6"], 2 * h * slope(0.8**3))
        assert has(found["M4"], 3 * 0.8**2)
        assert has(wrong(f, 0.8, of="u")["M4"], slope(0.8**3))
        assert has(wrong(f, 0.8, of="u")["M4b"], 2 * h)
    keys = gad.exercises.adjoints(lambda x: gad.nn.sigmoid(x**3) ** 2, 0.8).keys
    assert len(keys) == 3  # nothing from inside of the sigmoid


# -- closed gates -----------------------------------------------------------------------------------


def test_what_arrives_at_a_closed_gate() -> None:
    def f(z):
        h = np.maximum(0, z)
        return np.sum(h * np.array([2.0, 3.0, 4.0]))

    z = np.array([-2.0, 0.5, 3.0])
    judged = gad.exercises.adjoints(f, z).only("z").check({"z": [2, 3, 4]})
    assert judged.misconception == "M12"
    assert gad.exercises.adjoints(f, z).only("z").check({"z": [0, 3, 4]}).ok
    # all of them open: nothing to say of gates
    assert "M12" not in wrong(f, np.abs(z))


@pytest.mark.parametrize("squash", [np.tanh, gad.nn.sigmoid])
def test_a_saturated_gate(squash) -> None:
    def f(z):
        h = squash(z)
        y = 3 * h
        return y

    assert has(wrong(f, 9.0)["M12"], 3.0)
    assert "M12" not in wrong(f, 0.5)
    assert has(wrong(f, 0.5, of="z")["M6"], 3.0)


# -- shared parameters ------------------------------------------------------------------------------


def recurrent(w, h, x1, x2, x3):
    for x in (x1, x2, x3):
        h = np.tanh(w * h + x)
    return h


def test_the_turns_of_a_loop() -> None:
    point = (0.5, 0.1, 1.0, 0.2, -0.4)
    graph = gad.trace(recurrent, *point).backward()
    parts = [edge.contribution for edge in graph.edges if edge.input.name == "w"]
    found = wrong(recurrent, *point)
    assert len(parts) == 3
    assert all(has(found["M15"], part) for part in parts)
    assert all(has(found["M15"], graph["w"].adjoint - part) for part in parts)
    assert "M1" not in found
    assert "M15" not in wrong(lambda x: x * x + x, 3.0)


def test_a_turn_may_use_a_parameter_twice() -> None:
    def f(w, h):
        for _ in range(2):
            h = w * h + w**2
        return h

    # turn 1: (h + 2w)·w = (3 + 1)·0.5, turn 2: h₁ + 2w = 1.75 + 1
    found = wrong(f, 0.5, 3.0)
    assert has(found["M15"], 2.0)
    assert has(found["M15"], 2.75)


def test_a_layer_that_is_called_twice_shares_its_weight() -> None:
    def layer(h, w):
        return np.tanh(w * h)

    def net(w, x):
        return layer(layer(x, w), w)

    assert "M15" in wrong(net, 0.5, 2.0)
    parameter = gad.variable(0.5, "w", role="parameter")
    w = parameter
    h = np.tanh(w * 2.0)
    y = np.sin(h * w) + w
    graph = gad.graph(y)
    assert "M15" in by_code(Fingerprints(graph.backward()).of_adjoint("w"))


# -- arrays -----------------------------------------------------------------------------------------


def layer(X, W, b):
    Y = X @ W + b
    return np.mean(Y**2)


OBLONG = (np.arange(12.0).reshape(4, 3), np.arange(6.0).reshape(3, 2), np.ones(2))
SQUARE = (np.arange(9.0).reshape(3, 3), np.arange(9.0).reshape(3, 3) ** 2, np.ones(3))


def test_a_transposed_answer_is_named() -> None:
    graph = gad.trace(layer, *OBLONG)
    ex = gad.exercises.adjoints(graph).only("W")
    assert ex.check({"W": graph["W"].adjoint.T.tolist()}).misconception == "M7"
    assert ex.check({"W": graph["W"].adjoint.tolist()}).ok


def test_a_left_out_transpose_of_square_matrices_is_silent() -> None:
    X, W, _ = SQUARE
    graph = gad.trace(layer, *SQUARE).backward()
    above = graph["Y"].adjoint
    assert has(wrong(layer, *SQUARE, of="X")["M7"], above @ W)
    assert has(wrong(layer, *SQUARE, of="W")["M7"], X @ above)


def test_a_bias_that_was_not_summed() -> None:
    graph = gad.trace(layer, *OBLONG).backward()
    ex = gad.exercises.adjoints(graph).only("b")
    assert ex.check({"b": graph["Y"].adjoint.tolist()}).misconception == "M8"
    # the mean over the rows instead of their sum
    assert ex.check({"b": (graph["b"].adjoint / 4).tolist()}).misconception == "M11"


def test_a_slip_of_one_edge_is_known_where_the_pass_breaks_off() -> None:
    def f(b, W, X):
        return np.sum(np.tanh((X + b) @ W)) * np.sum(b * X[:, :1])

    def g(s, X, V):
        Y = X * s
        return np.sum(np.tanh(Y @ V))

    graph = gad.trace(g, 2.0, OBLONG[0] / 9, OBLONG[1] / 9).backward()
    assert has(by_code(Fingerprints(graph).of_adjoint("s"))["M8"], graph["Y"].adjoint * OBLONG[0] / 9)
    assert Fingerprints(gad.trace(f, np.ones(3), OBLONG[1], OBLONG[0]).backward()).of_adjoint("b")


def test_a_broadcast_is_known_where_a_clash_ends_the_wrong_pass() -> None:
    def f(s, b, X, Z):
        Y = s * X
        return np.sum(Y**2) + np.sum(X + b) + np.sum(Z + b)

    X, Z = np.array([1.0, 2.0, -1.0]), np.ones(2)
    graph = gad.trace(f, 2.0, 1.0, gad.constant(X), gad.constant(Z)).backward()
    assert WrongPass(graph, "no-broadcast-sum").stopped
    assert has(by_code(Fingerprints(graph).of_adjoint("s"))["M8"], 4 * X * X)


# -- scales -----------------------------------------------------------------------------------------


def slope(loss: Any, p: Any) -> Any:
    return gad.grad(loss)(p, np.array([1.0, 5.0, 2.0]))


MEAN = lambda p, t: np.mean((p - t) ** 2)  # noqa: E731
SUM = lambda p, t: np.sum((p - t) ** 2)  # noqa: E731
HALF = lambda p, t: 0.5 * np.sum((p - t) ** 2)  # noqa: E731
BY_HAND = lambda p, t: np.sum((p - t) ** 2) / 3  # noqa: E731


@pytest.mark.parametrize(
    ("loss", "others", "not_others"),
    [
        (MEAN, [SUM, HALF, lambda p, t: MEAN(p, t) / 2], [lambda p, t: 2 * MEAN(p, t)]),
        (BY_HAND, [SUM, HALF, lambda p, t: MEAN(p, t) / 2], [lambda p, t: MEAN(p, t) / 3]),
        (SUM, [MEAN, HALF, lambda p, t: MEAN(p, t) / 2], [lambda p, t: 3 * SUM(p, t)]),
        (HALF, [SUM, MEAN, lambda p, t: HALF(p, t) / 3], [lambda p, t: HALF(p, t) / 2]),
    ],
)
def test_another_convention_is_another_loss(loss, others, not_others) -> None:
    p = np.array([2.0, 4.0, 6.0])
    found = wrong(loss, p, np.array([1.0, 5.0, 2.0]))["M11"]
    assert all(has(found, slope(other, p)) for other in others)
    assert not any(has(found, slope(other, p)) for other in not_others)


def test_a_graph_without_a_loss_has_no_scale() -> None:
    assert "M11" not in wrong(fork, 2.0, 3.0)
    assert "M11" not in wrong(cube, 1.5)
    assert "M11" not in wrong(lambda x: np.sin(x) * x**2, 2.0)
    assert "M11" not in wrong(lambda x: (3 * x) ** 2, 2.0)
    # twice the right number is an earlier pass, and nothing else
    assert gad.exercises.adjoints(cube, 1.5).only("x").check({"x": 2 * 95.0625}).misconception == "M3"


# -- values and local derivatives -------------------------------------------------------------------


def test_wrong_values_and_local_derivatives() -> None:
    def f(x):
        u = 3 * x
        v = u + 2
        y = np.sin(v)
        return y

    graph = gad.trace(f, 1.0).backward()
    found = Fingerprints(graph)
    assert has(by_code(found.of_value("y"))["skipped"], np.sin(3.0))
    assert has(by_code(found.of_value("v"))["skipped"], 3.0)
    (edge,) = [edge for edge in graph.edges if edge.consumer.name == "y"]
    table = by_code(found.of_local(edge))
    assert has(table["at output"], np.cos(np.sin(5.0)))
    assert has(table["value"], np.sin(5.0))
    graph = gad.trace(lambda a, b: 7 * (a * b), 2.0, 3.0).backward()
    (edge, _) = [edge for edge in graph.edges if edge.consumer.name == "v1"]
    table = by_code(Fingerprints(graph).of_local(edge))
    assert has(table["other"], 2.0)
    assert has(table["contribution"], 21.0)


def test_data_and_targets_have_adjoints() -> None:
    w, t = gad.variable(2.0, "w", role="parameter"), gad.variable(1.0, "t", role="target")
    ex = gad.exercises.adjoints(gad.graph((w * 3.0 - t) ** 2))
    judged = ex.only("t").check({"t": 0})
    assert judged.misconception == "M10"
    assert "target" in judged.parts["t"].hints[0]


# -- large, complex, hostile ------------------------------------------------------------------------


def test_more_paths_than_anybody_can_list() -> None:
    def doubled(x):
        for _ in range(40):
            x = x + x * 0.3
        return x

    graph = gad.trace(doubled, 1.0).backward()
    found = by_code(Fingerprints(graph).of_adjoint("x"))
    assert "M16" not in found
    assert {"M1", "M2", "M3", "M4"} <= set(found) | {"M2"}


def test_a_long_chain_is_looked_at_nearby_only(monkeypatch) -> None:
    def chain(x):
        for _ in range(1000):
            x = x + np.sin(x) / 1000
        return x

    graph = gad.trace(chain, 1.0).backward()
    asked = []
    original = gad.exercises.fingerprints.Functions.derivative
    monkeypatch.setattr(gad.exercises.fingerprints.Functions, "derivative", lambda *a: asked.append(0) or original(*a))
    found = by_code(Fingerprints(graph).of_adjoint("x"))
    assert "M5" not in found
    assert "M3" in found
    assert len(asked) < 10


def test_complex_values_between_real_ones() -> None:
    def f(x, y):
        z = np.exp(1j * x) * y
        return np.real(z * z) + x

    graph = gad.trace(f, 0.5, 2.0).backward()
    for node in graph:
        assert not any(np.iscomplexobj(one.value) for one in Fingerprints(graph).of_adjoint(node.id))
        assert not any(np.iscomplexobj(one.value) for one in Fingerprints(graph).of_value(node.id))
    for edge in graph.edges:
        Fingerprints(graph).of_local(edge)
    assert has(wrong(f, 0.5, 2.0)["M3"], 2 * graph["x"].adjoint)


def test_names_with_braces_are_only_names() -> None:
    x = gad.variable(3.0, "{x}{0}%s")
    found = Fingerprints(gad.graph(x**2 + 2 * x).backward()).of_adjoint(0)
    assert any("{x}{0}%s" in one.hints[0] for one in found)


def test_every_misconception_has_texts() -> None:
    assert {f"M{number}" for number in range(1, 17)} <= set(MISCONCEPTIONS)
    for one in MISCONCEPTIONS.values():
        assert one.question.rstrip().endswith("?") or one.question.endswith("there.")
        assert all(one)
