"""Nudges: quotients beside the adjoint, what lies between, and the ratios along the chain."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.nudge import POWERS, Nudge, nudge
from graphviz_ad.story.staging import story_line
from tests.story.graphs import random_function


def of(f: Any, *args: Any, name: str = "x", cell: int | str | None = None, **options: Any) -> Nudge:
    line = story_line(gad.trace(f, *args), **options)
    (item,) = [item.id for item in line.outline.items if item.name == name]
    return nudge(line, item, cell)


def power_chain(x: Any) -> Any:
    u = 3.0 * x
    y = u * 2.0
    return y


def test_quotients_are_those_of_the_function_itself() -> None:
    def f(x: Any) -> Any:
        return (x * x + 1) ** 3

    found = of(f, 1.5)
    assert found.adjoint == 95.0625
    for row in found.rows:
        epsilon = row.epsilon
        assert row.right.slope == (f(1.5 + epsilon) - f(1.5)) / epsilon
        assert row.left.slope == (f(1.5 - epsilon) - f(1.5)) / -epsilon
        assert row.central.slope == pytest.approx((f(1.5 + epsilon) - f(1.5 - epsilon)) / (2 * epsilon), rel=1e-15)
        assert row.right.error == abs(row.right.slope - 95.0625) / max(row.right.slope, 95.0625)
    assert [row.power for row in found.rows] == list(POWERS)


def test_the_error_falls_and_rises_again() -> None:
    found = of(lambda x: np.exp(np.sin(x)), 0.8)
    errors = [row.right.error for row in found.rows]
    assert found.best("right") in (7, 8, 9)
    assert found.best("central") in (4, 5, 6)
    assert errors[0] > errors[4] > errors[8] < errors[14]
    assert any("ε = 10⁻⁸" in note for note in found.notes)


def test_a_node_inside_and_the_graph_stays_as_it_is() -> None:
    def f(x: Any) -> Any:
        u = np.sin(x)
        y = u * u
        return y

    found = of(f, 0.5, name="u")
    assert found.adjoint == pytest.approx(2 * math.sin(0.5))
    assert found.rows[6].central.error < 1e-6


def test_ratios_multiply_along_a_chain() -> None:
    found = of(power_chain, 1.0)
    chain = found.chains[found.rows[3].chains[0]]
    assert [chain.nodes[id_] for id_ in sorted(chain.nodes)] == ["1×", "3×", "6×"]
    assert sorted(chain.edges.values()) == ["2×", "3×"]
    assert chain.sentence == "u moves 3× as much as x; y moves 2× as much as u ⇒ 6×."


def test_ratios_add_up_at_a_fork() -> None:
    def f(x: Any) -> Any:
        u = 3.0 * x
        w = 5.0 * x
        y = 2.0 * u + w
        return y

    found = of(f, 1.0)
    assert found.chains[found.rows[2].chains[1]].sentence.endswith(
        "y moves 1 × 6 by way of v1 + 1 × 5 by way of w ⇒ 11×."
    )


def test_where_ways_act_on_each_other_it_is_said() -> None:
    found = of(lambda x: x * x, 3.0)
    sentences = [found.chains[row.chains[0]].sentence for row in found.rows]
    assert "(3 + 3) by way of x ⇒ 7×" in sentences[0]
    assert "act on each other" in sentences[0]
    assert "act on each other" not in sentences[5]


def test_a_long_chain_is_told_as_a_product() -> None:
    def f(x: Any) -> Any:
        for _ in range(9):
            x = x * 2.0
        return x + 0.0

    chain = of(f, 1.0).chains[0]
    assert "2 × 2 × 2 × 2 × … × 2 × 1 = 512" in chain.sentence
    assert "moves 512×" in chain.sentence


def test_many_paths_are_counted() -> None:
    def f(x: Any) -> Any:
        for _ in range(5):
            x = x * 0.5 + np.sin(x)
        return x

    assert "32 paths lead from x" in of(f, 1.0).chains[0].sentence


def test_a_kink_at_the_point_is_named() -> None:
    found = of(lambda x: np.maximum(0.0, x) * 2.0 + x, 0.0)
    assert found.verdict.kind == "kink"
    assert "the slope is 1 on the left and 3 on the right; the rule takes 1" in found.notes[0]
    assert found.rows[5].right.slope == pytest.approx(3.0)
    assert found.rows[5].left.slope == pytest.approx(1.0)


def test_a_kink_in_between_is_named_for_those_steps_that_cross_it() -> None:
    def f(x: Any) -> Any:
        h = np.maximum(0.0, x)
        return h * h + x

    found = of(f, 0.005)
    crossing = [bool(row.notes[1]) for row in found.rows]
    assert crossing == [True, True, True] + [False] * 12
    assert "h changes sides" in found.rows[0].notes[1]
    assert not any(row.notes[0] for row in found.rows)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.abs, 0.5),
        (lambda x: np.where(x > 0.0, x, 2.0 * x), 0.5),
        (lambda x: np.max(np.stack([x, 2.0 - x])), 1.5),
        (lambda x: x + np.floor(x), 1.5),
        (lambda x: np.clip(x, 0.0, 4.0), 0.5),
    ],
    ids=["abs", "where", "max", "floor", "clip"],
)
def test_what_turns_between(f: Any, x: float) -> None:
    rows = of(f, x).rows
    assert rows[0].notes[1]
    assert not rows[1].notes[1]
    assert not rows[2].notes[1]


def test_a_branch_in_between_ends_the_measurement_and_is_named() -> None:
    def f(x: Any) -> Any:
        if x > 0.0:
            return x * x
        return -x

    found = of(f, 0.005)
    assert math.isnan(found.rows[0].left.slope)
    assert "`x > 0.0`" in found.rows[0].notes[1]
    assert "another branch begins" in found.rows[0].notes[1]
    assert found.rows[0].right.slope == pytest.approx(1.01)
    assert found.rows[4].central.error < 1e-9
    told = found.answer()
    assert told["rows"][0]["left"] == ["", 0, "", None]


def test_of_an_array_the_cell_with_the_largest_adjoint_one_cell_or_all() -> None:
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    f = lambda x: np.sum(x**3)  # noqa: E731
    largest = of(f, x)
    assert (largest.name, largest.adjoint) == ("x[1, 1]", 27.0)
    one = of(f, x, cell=1)
    assert (one.name, one.adjoint, one.value) == ("x[0, 1]", 12.0, -2.0)
    assert one.rows[5].central.error < 1e-9
    every = of(f, x, cell="all")
    assert (every.name, every.adjoint) == ("all of x", pytest.approx(3 + 12 + 0.75 + 27))
    assert every.rows[5].central.error < 1e-8
    assert x.tolist() == [[1.0, -2.0], [0.5, 3.0]]


def test_random_graphs_agree_at_every_node() -> None:
    for seed in range(2):
        f, xs = random_function(seed)
        line = story_line(gad.trace(f, *xs))
        for number, item in enumerate(line.outline.items):
            node = line.outline.node(number)
            if node is not None and node.differentiable:
                found = nudge(line, item.id)
                assert found.verdict.kind == "agrees", (seed, item)
                assert min(row.central.error for row in found.rows) < 1e-4 or abs(found.adjoint) < 1e-3
                json.dumps(found.answer(), allow_nan=False)


def test_a_wrong_rule_is_suspected() -> None:
    wrong = gad.custom(lambda x: x**3, vjp=lambda adjoint, out, x: adjoint * 2.0 * x * x)
    found = of(lambda x: wrong(x) + x, 0.7)
    assert found.verdict.kind == "differs"
    assert "a local derivative on the way is wrong" in found.notes[-1]


def test_a_step_that_is_lost_in_rounding() -> None:
    found = of(lambda x: 3.0 * x, np.float32(3.0))
    assert "From ε = 10⁻⁷ on, x + ε rounds to x itself." in found.notes
    assert found.rows[-1].right.slope == 0.0


def test_ways_through_detach_are_named() -> None:
    found = of(lambda x: gad.detach(x) * x, 2.0)
    assert found.adjoint == 2.0
    assert found.rows[5].central.slope == pytest.approx(4.0)
    assert "gad.detach" in found.notes[-1]


def test_digits_that_agree() -> None:
    right = of(lambda x: (x * x + 1) ** 3, 1.5).answer()["rows"][4]["right"]
    assert (right[0][: right[1]], right[0][right[1] :]) == ("95.0", "7444461")


@pytest.mark.parametrize(
    ("f", "name", "words"),
    [
        (lambda x: np.where(x > 0.0, x, 0.0), "v1", "cannot move a little"),
        (lambda x: (x, x * x), "x", "no single number"),
    ],
    ids=["bool", "two results"],
)
def test_what_cannot_be_nudged_says_why(f: Any, name: str, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        of(f, 2.0, name=name)


def test_a_node_or_cell_that_is_not_there() -> None:
    with pytest.raises(ArgumentError, match="no node 99"):
        nudge(story_line(gad.trace(lambda x: x * x, 1.0)), 99)
    with pytest.raises(ArgumentError, match="has 3 entries"):
        of(lambda x: np.sum(x), np.ones(3), cell=3)


def test_a_group_with_one_value_is_nudged_by_it() -> None:
    def f(x: Any) -> Any:
        with gad.scope("layer"):
            y = np.sin(x) * 2.0
        return y * y

    found = of(f, 0.5, name="layer", fold="all")
    assert found.adjoint == pytest.approx(4.0 * math.sin(0.5))
    assert found.rows[5].central.error < 1e-9


def sentence(found: Nudge, power: int, side: int = 0) -> str:
    row = next(row for row in found.rows if row.power == power)
    return found.chains[row.chains[side]].sentence


def sinc(x: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.where(x == 0, 1.0, np.sin(x) / x)


def test_where_the_adjoint_is_nan_a_page_and_an_explorer_are_made_all_the_same(tmp_path: Path) -> None:
    for f, x in ((sinc, 0.0), (lambda x: np.sin(x) * 1.0, 5e-324)):
        gad.trace(f, x).save(tmp_path / "page.html")
        assert (tmp_path / "page.html").stat().st_size > 1000
        assert gad.explore(f, x).payload["nodes"]
    found = of(sinc, 0.0)
    assert math.isnan(found.adjoint)
    assert all(math.isnan(row.right.error) for row in found.rows)
    json.dumps(found.answer(), allow_nan=False)


def test_numbers_at_the_edges_of_the_floats_are_nudged() -> None:
    numbers = [0.0, 5e-324, 1e-300, 1e300, math.inf, math.nan, np.float32(1e-45), np.array([5e-324]), np.array([1e300])]
    with np.errstate(all="ignore"):
        for f in (np.sin, np.sqrt, np.log, lambda x: 1.0 / x, lambda x: x - x):
            for x in numbers:
                line = story_line(gad.trace(lambda x, f=f: np.sum(f(x)), x))
                for node in line.graph.nodes:
                    if node.differentiable:
                        json.dumps(nudge(line, node.id).answer(), allow_nan=False)


def straight(found: Nudge) -> bool:
    return any("straight line" in note for note in found.notes)


def test_a_straight_line_is_one_to_both_sides() -> None:
    assert straight(of(lambda x: 3.0 * x + 1000.0, 0.7))
    assert straight(of(lambda x: 3.0 * x, np.float32(0.7)))
    for f, x in ((np.abs, 0.5), (lambda x: x**3, -1 / 3), (lambda x: x * x, 1.5), (lambda x: np.floor(x) * x, 1.5)):
        assert not straight(of(f, x)), x


@pytest.mark.parametrize(
    ("f", "x", "felt"),
    [
        (lambda x: np.floor(x) * x, 1.5, "A larger ε feels the step, a smaller one the rounding."),
        (np.abs, 0.5, "A larger ε feels the kink, a smaller one the rounding."),
        (lambda x: np.where(x > 0.0, x, 2.0 * x), 0.5, "A larger ε feels the kink or the step, "),
        (np.exp, 0.7, "A larger ε feels the curvature, a smaller one the rounding."),
        (lambda x: np.abs(x) * x, 0.5, "A larger ε feels the curvature and the kink, a smaller one the rounding."),
    ],
    ids=["floor", "abs", "where", "exp", "both"],
)
def test_what_a_larger_step_feels(f: Any, x: float, felt: str) -> None:
    assert felt in " ".join(of(f, x).notes)


def test_where_there_is_no_slope_it_is_said() -> None:
    found = of(lambda x: np.floor(x) * x, 2.0)
    assert found.verdict.kind == "jump"
    assert found.notes[0] == "out jumps here: there is no slope."


def two(a: Any) -> tuple[Any, Any]:
    p = a * a
    q = np.sin(a)
    return p, q


def test_behind_a_closed_group_of_several_values_the_result_still_moves() -> None:
    def behind(a: Any) -> Any:
        p, q = two(a)
        return p * q + p

    def beside(a: Any) -> Any:
        p, q = two(a)
        return p * q + a

    epsilon = 1e-3
    for f, value in (
        (behind, lambda a: a * a * math.sin(a) + a * a),
        (beside, lambda a: a * a * math.sin(a) + a),
    ):
        found = of(f, 1.3, name="a", fold="all")
        slope = (value(1.3 + epsilon) - value(1.3)) / epsilon
        assert sentence(found, -3) == f"out moves {slope:.2f}× as much as a."


def test_what_depends_but_does_not_move() -> None:
    still = "out does not move at this ε."
    assert sentence(of(lambda x: np.maximum(0.0, x) * 3.0, -2.0), -3) == still
    assert sentence(of(lambda x, y: x * y * 0.0 + x, 2.0, 3.0, name="y"), -3) == still
    assert sentence(of(lambda x: (x + 1e10) - 1e10, 1.0), -8) == still


def test_what_moves_by_a_condition_alone() -> None:
    found = of(lambda x: np.where(x > 0.0, 2.0, 1.0) + 0.0 * x, -0.5)
    assert sentence(found, -3) == "out does not move at this ε."
    assert sentence(found, 0) == "out moves 1× as much as x."


def test_rounding_is_no_interplay() -> None:
    for f, x in ((lambda x: x * x + x, 3.0), (lambda x: (2.0 * x) * (2.0 * x), 0.3)):
        found = of(f, x)
        assert "act on each other" in sentence(found, 0)
        assert not any("(At this ε" in sentence(found, power, side) for power in range(-5, -15, -1) for side in (0, 1))

    def square(x: Any) -> Any:
        u = x * np.float32(2.0)
        return u * u

    assert "(At this ε" not in sentence(of(square, np.float32(3.0)), -5)


def test_ratios_are_over_the_step_that_was_made() -> None:
    made = (3.0 + 1e-14) - 3.0
    assert made != 1e-14
    found = of(lambda x: x * 1.0, 3.0)
    assert set(found.chains[found.rows[14].chains[0]].nodes.values()) == {"1×"}
    assert found.rows[14].right.slope == made / 1e-14


def test_a_condition_that_turns_is_no_interplay() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.where(x > y, x * y, x + y) * 2.0

    found = of(f, 0.95, 1.0)
    assert sentence(found, -1).endswith("is not quite the sum: the condition turns.)")
    assert "(At this ε" not in sentence(found, -3)


def twice(x: Any) -> tuple[Any, Any]:
    a = x * x
    b = a * 3.0
    return a, b


def test_of_several_results_the_chain_ends_in_their_sum() -> None:
    seed = {"a": 1.0, "b": 1.0}
    assert sentence(of(twice, 3.0, seed=seed), -6) == (
        "a moves (3 + 3) by way of x ⇒ 6×; b moves 3× as much as a ⇒ 18×. "
        "L = 1 × a + 1 × b moves 1 × 6 + 1 × 18 = 24× as much as x."
    )
    assert sentence(of(twice, 3.0, name="a", seed=seed), -6) == (
        "b moves 3× as much as a. L = 1 × a + 1 × b moves 1 × 1 + 1 × 3 = 4× as much as a."
    )
    assert sentence(of(twice, 3.0, name="b", seed=seed), -6) == (
        "L = 1 × a + 1 × b moves 1 × 0 + 1 × 1 = 1× as much as b."
    )
    alone = of(twice, 3.0, name="a", seed={"a": 1.0})
    assert sentence(alone, -6) == "a is the result itself."
    assert sentence(of(twice, 3.0, seed={"b": -2.0}), -6).endswith("L = (−2) × b moves (−2) × 18 = −36× as much as x.")


def test_of_a_seeded_array_the_sum_is_said() -> None:
    found = of(lambda x: x * x, np.array([1.0, 2.0]), seed=np.array([1.0, 10.0]))
    assert sentence(found, -6).endswith("L, the sum of seed × output, moves 40× as much as x[1].")


def test_nothing_moves_without_a_path() -> None:
    assert of(lambda x, y: y * 1.0 + 0.0 * np.floor(x), 1.5, 2.0).chains[-1].sentence.startswith("Nothing leads")


def test_a_forward_story_keeps_its_tangents() -> None:
    graph = gad.trace(lambda x: np.sin(x), 0.4)
    line = story_line(graph, "forward")
    assert nudge(line, line.graph["x"].id).adjoint == pytest.approx(math.cos(0.4))
    assert not line.graph.has_adjoints
