"""What a scene says of collapsed groups and of edges, and which scenes there are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.scene import SceneNode
from graphviz_ad.story.staging import stage


def group_of(graph: gad.Graph, **options: Any) -> SceneNode:
    (found,) = [node for node in stage(graph, fold="all", **options).nodes if node.kind == "group"]
    return found


@pytest.mark.parametrize("digits", [0, 18, True, 4.0, "4"])
def test_a_precision_that_numbers_do_not_have_is_an_error(digits: Any) -> None:
    with pytest.raises(gad.ArgumentError, match="precision must be a whole number from 1 to 17"):
        stage(gad.trace(np.sin, 1.0), digits=digits)


def test_a_story_of_too_many_steps_is_an_error_when_it_is_told() -> None:
    def widened(u, w):
        for _ in range(1600):
            u = u * w
        return np.sum(u)

    scene = stage(gad.trace(widened, np.ones(2), np.ones(1)), fold="none", show=())
    assert len(scene.steps) == 1601 + 1 + 3 * 1600 + 1, "values, seed, two contributions and a sum each, the last sum"
    with pytest.raises(gad.ArgumentError, match="6403 steps; at most 6000"):
        scene.steps[0]


def test_a_group_of_which_nothing_goes_on() -> None:
    def f(x):
        with gad.scope("decision"):
            positive = x * 2.0 > 0.0
        return np.sin(x) if positive else x

    group = group_of(gad.trace(f, 1.0))
    assert (group.value, group.value_text, group.adjoint) == (None, "no output", None)


def test_a_group_with_a_decision_and_a_number_is_differentiable() -> None:
    def f(x):
        with gad.scope("block"):
            y = x * 2.0
            positive = y > 0.0
        return np.where(positive, y, 0.5)

    group = group_of(gad.trace(f, 1.0))
    assert (group.value_text, group.differentiable) == ("2 outputs", True)


def test_an_edge_on_which_anything_comes_back_is_no_break() -> None:
    def f(x):
        with gad.scope("block"):
            y = x * (x > 0.0)
        return y

    (edge,) = stage(gad.trace(f, 1.0), fold="all").edges
    assert (edge.active, edge.cut) == (True, False)


def test_an_edge_to_what_the_seeded_output_does_not_need_sends_nothing() -> None:
    graph = gad.trace(lambda x: (np.sin(x), np.cos(x)), 1.0)
    scene = stage(graph, output="out", seed=1.0)
    assert [(edge.active, edge.contribution is None) for edge in scene.edges] == [(True, False), (False, True)]


def test_a_group_of_inputs_is_not_edited_as_one() -> None:
    graph = gad.trace(lambda xs: xs[3] * 2.0, [float(k) for k in range(500)])
    groups = [node for node in stage(graph).nodes if node.kind == "group"]
    assert groups
    assert not any(node.editable for node in groups)
