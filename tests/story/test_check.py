"""The check by finite differences: no false alarm, and the right edge where a rule is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.story.check import Check, check
from graphviz_ad.story.numbers import plain_local
from graphviz_ad.story.staging import story_line
from tests.story.graphs import random_function


def of(f: Callable[..., Any], *args: Any, **options: Any) -> tuple[Any, Check]:
    line = story_line(gad.trace(f, *args), **options)
    return line, check(line)


def verdicts(line: Any, found: Check) -> dict[str, str]:
    items = line.outline.items
    return {
        f"{items[link.input].name}->{items[link.consumer].name}": found.edges[link.index].verdict
        for link in line.outline.links
        if link.index in found.edges
    }


@pytest.mark.parametrize("first", [0, *(pytest.param(first, marks=pytest.mark.slow) for first in range(25, 300, 25))])
def test_no_false_alarm_on_random_smooth_graphs(first: int) -> None:
    for seed in range(first, first + 25):
        f, xs = random_function(seed)
        line, found = of(f, *xs)
        assert {finding.verdict for finding in [*found.edges.values(), *found.nodes.values()]} == {"agrees"}, seed
        errors = [finding.error for finding in [*found.edges.values(), *found.nodes.values()]]
        assert max(errors) < 1e-4
        moving = [link for link in line.outline.links if any(edge.active for edge in line.outline.edges(link))]
        assert len(found.edges) == len(moving)
        assert "No local derivative differs" in found.summary


def test_the_numbers_are_the_graphs_own() -> None:
    line, found = of(lambda x, y: np.exp(x * y) + np.sin(x), 0.3, 1.2)
    for link in line.outline.links:
        if link.index in found.edges:
            assert found.edges[link.index].claimed == plain_local(line.flow.local(link))
    for id_, finding in found.nodes.items():
        assert finding.claimed == line.graph.nodes[id_].adjoint
        assert finding.measured == pytest.approx(finding.claimed, rel=1e-6)


def cube(x: Any) -> Any:
    return x**3


WRONG_REVERSE = gad.custom(cube, vjp=lambda adjoint, out, x: adjoint * 2.0 * x * x)
WRONG_FORWARD = gad.custom(
    cube, vjp=lambda adjoint, out, x: adjoint * 3.0 * x * x, jvp=lambda t, out, x: t[0] * 2.9 * x * x
)
HALF_WRONG = gad.custom(
    lambda x, y: x * y, vjp=lambda adjoint, out, x, y: (adjoint * y, np.where(adjoint != 0.0, adjoint * x * 1.01, 0.0))
)


@pytest.mark.parametrize("wrong", [WRONG_REVERSE, WRONG_FORWARD], ids=["vjp", "jvp"])
@pytest.mark.parametrize("x", [0.7, np.array([0.7, -1.2, 0.1])], ids=["number", "array"])
def test_a_wrong_rule_is_caught_at_its_own_edge(wrong: Any, x: Any) -> None:
    def f(x: Any) -> Any:
        u = np.sin(x)
        v = wrong(u)
        w = v * u
        return np.sum(w)

    line, found = of(f, x)
    told = verdicts(line, found)
    assert [edge for edge, verdict in told.items() if verdict == "differs"] == ["u->v"]
    assert "u → v" in found.summary
    names = {line.graph.names[id_] for id_, finding in found.nodes.items() if finding.verdict == "differs"}
    assert names == ({"x", "u"} if wrong is WRONG_REVERSE else set()), "what lies behind the wrong rule, and only that"


def test_one_wrong_argument_of_two() -> None:
    line, found = of(lambda x, y: np.sum(HALF_WRONG(np.sin(x), np.cos(y))), np.ones(3), np.arange(3.0))
    assert sorted(verdicts(line, found).values()) == ["agrees", "agrees", "agrees", "agrees", "differs"]
    (wrong,) = [finding for finding in found.edges.values() if finding.verdict == "differs"]
    assert wrong.error == pytest.approx(0.01, rel=0.05)


def test_a_kink_is_no_error() -> None:
    def f(x: Any) -> Any:
        h = np.maximum(0.0, x)
        return h + np.abs(x)

    line, found = of(f, 0.0)
    told = verdicts(line, found)
    assert told["x->h"] == "kink"
    (kink,) = [found.edges[link.index] for link in line.outline.links if line.outline.items[link.consumer].name == "h"]
    assert kink.note == "A kink: the slope is 0 on the left and 1 on the right; the rule takes 0."
    assert "differs" not in told.values()
    assert "2 kinks" in found.summary


def test_beside_a_kink_there_is_none() -> None:
    for x in (1e-3, -1e-3, 1e-6, 5.0):
        assert set(verdicts(*of(lambda x: 3.0 * np.maximum(0.0, x) + np.abs(x), x)).values()) == {"agrees"}


def test_what_cannot_be_measured_says_why() -> None:
    def f(x: Any) -> Any:
        root = np.sqrt(x)
        step = np.floor(x)
        held = gad.detach(x)
        bit = x > 0.5
        return root + step + held * x + np.where(bit, x, 0.0)

    line, found = of(f, 0.0)
    told = {line.outline.items[line.outline.links[index].consumer].name: one for index, one in found.edges.items()}
    assert "∞" in told["root"].note
    assert "step function" in told["step"].note
    assert "gad.detach" in told["held"].note
    assert "bool" in told["bit"].note
    assert {told[name].verdict for name in ("root", "step", "held", "bit")} == {"unmeasured"}
    assert all(math.isnan(told[name].error) for name in ("root", "step", "held", "bit"))


def test_ways_through_detach_are_no_part_of_an_adjoint() -> None:
    line, found = of(lambda x: gad.detach(x) * x + 2.0 * x, 3.0)
    assert found.nodes[line.graph["x"].id].verdict == "agrees"
    assert found.nodes[line.graph["x"].id].measured == pytest.approx(5.0)


def test_a_branch_beside_the_point_is_measured_from_the_other_side() -> None:
    line, found = of(lambda x: x * x if x >= 1.0 else -x, 1.0)
    finding = found.nodes[line.graph["x"].id]
    assert finding.verdict == "agrees"
    assert "x >= 1.0" in finding.note


def test_float32_is_measured_with_its_own_patience() -> None:
    x = np.linspace(-2.0, 2.0, 7, dtype=np.float32)
    _, found = of(lambda x: np.sum(np.tanh(x) * np.exp(x)), x)
    assert {finding.verdict for finding in found.edges.values()} == {"agrees"}


def test_a_group_is_measured_from_end_to_end() -> None:
    def f(x: Any, W: Any) -> Any:
        with gad.scope("layer"):
            y = np.tanh(W @ x) * 2.0
        return np.sum(y * y)

    line, found = of(f, np.array([0.3, -0.2, 0.9]), np.arange(6.0).reshape(2, 3) / 5, fold="all")
    (group,) = [item for item in line.outline.items if item.group is not None]
    into = [link for link in line.outline.links if line.outline.items[link.consumer] is group]
    assert [found.edges[link.index].verdict for link in into] == ["agrees", "agrees"]
    assert not any(isinstance(line.flow.local(link), LocalJacobian) for link in into)


def test_a_wrong_rule_inside_a_group_shows_at_the_group() -> None:
    def f(x: Any) -> Any:
        u = np.sin(x)
        with gad.scope("layer"):
            v = WRONG_REVERSE(u) + 1.0
        return v * 2.0

    line, found = of(f, 0.7, fold="all")
    assert verdicts(line, found) == {"x->u": "agrees", "u->layer": "differs", "layer->out": "agrees"}


def test_several_seeded_outputs_are_weighed_by_their_seeds() -> None:
    graph = gad.trace(lambda x: (np.sin(x), x * x), 0.4)
    one, two = (node.name for node in graph.outputs)
    line = story_line(graph, seed={one: 2.0, two: -3.0})
    found = check(line)
    assert found.nodes[line.graph["x"].id].claimed == 2.0 * np.cos(0.4) - 3.0 * 0.8
    assert {finding.verdict for finding in found.nodes.values()} == {"agrees"}


def test_a_function_that_raises_beside_the_point_is_no_failure() -> None:
    def picky(x: Any) -> Any:
        if x != 2.0:
            raise RuntimeError("only 2 will do")
        return x * x

    rule = gad.custom(picky, vjp=lambda adjoint, out, x: 2.0 * x * adjoint)
    line, found = of(lambda x: rule(x) + x, 2.0)
    assert "only 2 will do" in next(one.note for one in found.edges.values() if one.verdict == "unmeasured")
    assert found.nodes[line.graph["x"].id].verdict == "unmeasured"


def test_a_rule_that_raises_for_other_adjoints_is_no_failure() -> None:
    def picky(adjoint: Any, out: Any, x: Any) -> Any:
        if not np.all(adjoint == 2.0):
            raise RuntimeError("only 2 will do")
        return adjoint * np.cos(x)

    rule = gad.custom(lambda x: np.sin(x), vjp=picky)
    line, found = of(lambda x: np.sum(rule(x) * 2.0), np.array([0.3, 0.4]))
    assert verdicts(line, found)["x->v1"] == "unmeasured"
    assert "only 2 will do" in next(one.note for one in found.edges.values() if one.verdict == "unmeasured")
    assert found.nodes[line.graph["x"].id].verdict == "agrees"


def test_the_answer_is_strict_json_and_counts() -> None:
    line, found = of(lambda x: np.sqrt(x) + x * x, 0.0)
    told = json.loads(json.dumps(found.answer(), allow_nan=False))
    assert sum(told["counts"].values()) == len(told["edges"]) == len(found.edges)
    assert all(isinstance(one["measured"], str) for one in told["edges"])
    assert len(told["nodes"]) == len([node for node in line.graph.nodes if node.differentiable])


@pytest.mark.slow
def test_a_large_graph_is_measured_in_part_and_says_so() -> None:
    def f(xs: Any) -> Any:
        total = xs * 1.0
        for _ in range(220):
            total = total + xs
        return total

    _, found = of(f, 1.0, fold="none")
    assert len(found.edges) == 2 * 220 + 1
    assert "left out" in found.summary


def sinc(x: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.where(x == 0, 1.0, np.sin(x) / x)


def test_no_rule_is_blamed_beside_nan() -> None:
    _, found = of(sinc, 0.0)
    assert found.count("differs") == 0
    assert "differ from" not in found.summary


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda t: np.sin(100 * t), 2024.0, 100 * math.cos(202_400.0)),
        (lambda t: np.sin(100 * t), 10_000.003, 100 * math.cos(100 * 10_000.003)),
        (lambda t: np.cos(3 * t), 50_000.017, -3 * math.sin(3 * 50_000.017)),
    ],
)
def test_smooth_functions_far_from_zero_have_no_kinks(f: Any, x: float, slope: float) -> None:
    line, found = of(f, x)
    assert {finding.verdict for finding in [*found.edges.values(), *found.nodes.values()]} == {"agrees"}
    assert found.nodes[line.graph.inputs[0].id].measured == pytest.approx(slope, rel=1e-4)


def sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-200.0 * (x - 2.5)))


def off_by(factor: float, f: Any, slope: Any) -> Any:
    return gad.custom(f, vjp=lambda adjoint, out, x: adjoint * slope(x) * factor)


@pytest.mark.parametrize(
    ("f", "slope", "x", "factor"),
    [(np.sin, np.cos, 1e6, 1.01), (sigmoid, lambda x: 200.0 * sigmoid(x) * (1.0 - sigmoid(x)), 2.517, 1.05)],
    ids=["far", "steep"],
)
def test_a_rule_that_is_a_little_wrong_is_caught(f: Any, slope: Any, x: float, factor: float) -> None:
    for wrong, verdict in ((1.0, "agrees"), (factor, "differs")):
        rule = off_by(wrong, f, slope)
        line, found = of(lambda x, rule=rule: rule(x) * 2.0, x)
        assert verdicts(line, found)["x->v1"] == verdict


def test_a_jump_is_named_whatever_its_rule_claims() -> None:
    step = gad.custom(lambda x: np.where(x >= 0, 1.0, 0.0) + x, vjp=lambda adjoint, out, x: -37.0 * adjoint)
    line, found = of(lambda x: step(x) * 1.0, 0.0)
    (edge,) = [one for one in found.edges.values() if one.verdict == "jump"]
    assert (edge.claimed, edge.note) == (-37.0, "v1 jumps here: there is no slope.")
    assert "1 jump" in found.summary
    line, found = of(lambda x, y: np.where(x > y, x * y, x + y) * x, 1.0, 1.0)
    assert {found.nodes[line.graph[name].id].note for name in "xy"} == {"out jumps here: there is no slope."}


def test_where_terms_cancel_the_check_says_that_it_cannot_tell() -> None:
    line, found = of(lambda x: (1 - np.cos(x)) / x**2, 1e-6)
    finding = found.nodes[line.graph["x"].id]
    assert finding.verdict == "coarse"
    assert finding.error == abs(finding.measured - finding.claimed) / max(abs(finding.measured), abs(finding.claimed))
    agreeing = sum(one.verdict == "agrees" for one in found.nodes.values())
    assert 1 < agreeing < len(found.nodes)
    assert f"The adjoints of {agreeing} nodes agree" in found.summary


def test_of_arrays_it_is_said_what_the_numbers_are() -> None:
    line, found = of(lambda x: np.sum(np.abs(x)) + np.max(x), np.array([1.0, 0.0, -2.0, 1.0]))
    assert found.nodes[line.graph["x"].id].note.endswith("Measured along a random direction.")
    notes = {line.outline.items[link.consumer].name: found.edges[link.index].note for link in line.outline.links}
    assert notes["v1"].endswith("Measured along a random direction, with random weights on the entries of v1.")
    assert notes["out"] == ""
    line, found = of(lambda x: np.sin(x) * x, 0.7)
    assert {finding.note for finding in [*found.edges.values(), *found.nodes.values()]} == {""}


def test_one_and_several_in_words() -> None:
    _, found = of(lambda x: WRONG_REVERSE(x) * 1.0, 0.7)
    assert found.summary == (
        "1 of 2 local derivatives differs: x → v1. "
        "The adjoint of x differs from the measured slope of out, as it must behind a wrong local derivative."
    )
    _, found = of(lambda x: WRONG_REVERSE(np.sin(x)) * 1.0, 0.7)
    assert "The adjoints of x and v1 differ from the measured slopes of out, as they must" in found.summary
    _, found = of(np.sqrt, 0.0)
    assert "The adjoint of 1 node agrees with the measured slope of out." in found.summary
    _, found = of(np.sin, 0.5)
    assert "No local derivative differs from its difference quotient: 1 agrees." in found.summary
