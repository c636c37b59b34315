"""What flows along links: through groups from end to end, in the order of the sweep, and where nothing moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.flow import Across
from graphviz_ad.story.outline import Link
from graphviz_ad.story.staging import story_line
from graphviz_ad.story.timeline import Timeline


def into(line: Timeline, name: str) -> Link:
    """The link from a node to the one collapsed group."""
    items = line.outline.items
    (found,) = [link for link in line.outline.links if items[link.input].name == name and items[link.consumer].group]
    return found


def test_several_edges_into_a_group_add_up_in_the_order_of_the_sweep() -> None:
    def f(x):
        u = x * 1.0
        with gad.scope("group"):
            y = u * 0.1 + u * 0.2 + u * 0.3
        return y

    line = story_line(gad.trace(f, 1.0), fold="all")
    assert 0.3 + 0.2 + 0.1 != 0.1 + 0.2 + 0.3
    assert line.flow.contribution(into(line, "u")) == line.graph["u"].adjoint == 0.3 + 0.2 + 0.1


def test_across_a_group_of_numbers_with_arrays_inside() -> None:
    def f(x):
        with gad.scope("group"):
            pair = np.stack([x, 2.0 * x])
            y = np.sum(pair * pair)
        return y

    line = story_line(gad.trace(f, 3.0), fold="all")
    assert line.flow.local(into(line, "x")) == 30.0


def test_across_a_group_that_decides_entry_by_entry() -> None:
    def f(x):
        with gad.scope("group"):
            y = x * (x > 0.0) + 0.5 * x
        return np.sum(y)

    line = story_line(gad.trace(f, np.array([2.0, -3.0])), fold="all")
    np.testing.assert_array_equal(line.flow.local(into(line, "x")), [1.5, 0.5])


def test_across_a_group_that_computes_a_number_beside_the_entries() -> None:
    def f(x, t):
        with gad.scope("group"):
            y = x * np.sin(t)
        return np.sum(y)

    line = story_line(gad.trace(f, np.array([2.0, -3.0]), 0.5), fold="all")
    np.testing.assert_array_equal(line.flow.local(into(line, "x")), np.full(2, np.sin(0.5)))
    local = line.flow.local(into(line, "t"))
    assert isinstance(local, Across)
    assert local.shape == (2,)


def test_across_a_group_that_mixes_entries_only_the_shape_is_known() -> None:
    def f(x, W):
        with gad.scope("group"):
            y = np.tanh(W @ x)
        return np.sum(y)

    local = (line := story_line(gad.trace(f, np.ones(3), np.eye(3)), fold="all")).flow.local(into(line, "x"))
    assert isinstance(local, Across)
    assert local.shape == (3, 3)


def test_a_derivative_across_a_group_ends_where_the_group_begins() -> None:
    def f(x):
        u = x * 2.0
        v = np.sin(u)
        with gad.scope("group"):
            y = u * v
        return y

    line = story_line(gad.trace(f, 1.0), fold="all")
    assert line.flow.local(into(line, "u")) == np.sin(2.0)  # not by way of v, which is outside


def test_an_explicit_broadcast_sums_in_its_own_formula() -> None:
    line = gad.trace(lambda x: np.sum(np.broadcast_to(x, (4, 3)) * 2.0), np.ones(3)).timeline()
    last = line[-1]
    assert (last.kind, last.node.name, last.new.tolist()) == ("contribution", "x", [8.0] * 3)


# -- forward mode -------------------------------------------------------------------------------


def tangents(line: Timeline) -> list[tuple[str, str]]:
    """Input and consumer of every tangent step."""
    items = line.outline.items
    links = [step.link for step in line if step.kind == "tangent"]
    return [(items[link.input].name, items[link.consumer].name) for link in links if link is not None]


def test_a_group_whose_result_does_not_move_gets_zero() -> None:
    def f(a, b):
        with gad.scope("group"):
            y = np.where(a * 2.0 > 0.0, b, 3.0)
        return y

    line = story_line(gad.trace(f, 1.0, 5.0), "forward", seed={"a": 1.0}, fold="all")
    assert line.flow.pushed(into(line, "a")) == 0.0
    assert line.flow.pushed(into(line, "b")) == 0.0


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x, y: np.sin(y) * x + np.cos(y), [("x", "v2"), ("v2", "out")]),
        (lambda x, y: np.where(x > 0.0, x, y), [("x", "out")]),
        (lambda x, y: np.where(x, x * 2.0, y), [("x", "v1"), ("v1", "out")]),
        (lambda x, y: gad.detach(x) * y + x, [("x", "out")]),
        (lambda x, y: np.floor(x) * y + x, [("x", "out")]),
    ],
    ids=["another input", "comparison", "condition", "detach", "floor"],
)
def test_only_what_moves_gets_a_tangent(f: Any, expected: list[tuple[str, str]]) -> None:
    assert tangents(gad.trace(f, 1.0, 2.0).timeline("forward", seed={"x": 1.0})) == expected


# -- the timeline around it ---------------------------------------------------------------------


def test_what_a_sweep_starts_from_stands_in_its_first_steps() -> None:
    graph = gad.trace(lambda x: (x * 2.0, x * 3.0), 1.0)
    names = [node.name for node in graph.outputs]
    line = graph.timeline(seed=dict.fromkeys(names, 1.0))
    seeds = [step for step in line if step.kind == "seed"]
    assert line.seed_step == seeds[0].order == 2
    assert [(step.old, step.new, step.complete) for step in seeds] == [(0.0, 1.0, True)] * 2
    assert [(step.old, step.new) for step in line if step.kind == "value"] == [(None, None)] * 2


def test_a_group_with_inputs_inside_is_computed_in_a_step_of_its_own() -> None:
    graph = gad.trace(lambda xs: sum(x * x for x in xs), [float(k) for k in range(500)])
    line = story_line(graph)
    told = [step.item.name for step in line if step.kind == "value"]
    assert told == [item.name for item in line.outline.items if item.group and item.group.operations]
