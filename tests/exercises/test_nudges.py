"""X14, X15 and X16: what is kept, small changes, and words."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.work import Work
from tests.exercises.kinds import GRAPHS, chain, diamond, layer, numbers, two_paths, whole, wrong


@pytest.mark.parametrize("name", GRAPHS)
def test_adjoint_times_step_and_the_true_change_are_both_right(name):
    f, point = GRAPHS[name]
    ex = whole(gad.exercises.nudge(f, **point))
    for question, node in zip(ex.questions, ex.graph.inputs, strict=True):  # none is left out
        step = question.right / np.ravel(node.adjoint)[0]
        moved = np.array(node.value)
        moved.flat[0] += step
        after = ex.graph.evaluate(**{node.name: moved if node.shape else float(moved)})
        change = float(after.outputs[0].value - ex.graph.outputs[0].value)
        assert question.judge(repr(change)).ok
        assert question.judge(change).ok


@pytest.mark.parametrize(
    ("answer", "code"),
    [(20, "M11"), (0.001, "M4b"), (20 / 0.001, "M11"), (-0.02, "sign"), (33.020003, "value"), (0.006, "M4"), (0.5, "")],
)
def test_wrong_changes_have_names(answer, code):
    ex = gad.exercises.nudge(two_paths, x=3.0)
    assert ex.questions[0].prompt == "x goes from 3 to 3.001: by how much does y change?"
    wrong(ex, "x", answer, code)


def test_a_step_does_not_jump_over_a_kink():
    ex = gad.exercises.nudge(lambda x: np.maximum(x, 0.0) * 2, -0.05)
    assert not ex.questions[0].right
    assert "to −0.04:" in ex.questions[0].prompt


def test_nothing_to_nudge():
    with pytest.raises(ArgumentError, match="no input moves its one result"):
        gad.exercises.nudge(gad.trace(lambda x: gad.detach(x) * 2.0, 1.0))


# -- what is kept ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRAPHS)
def test_kept_is_what_rules_use(name):
    f, point = GRAPHS[name]
    ex = whole(gad.exercises.cached(f, **point))
    question = ex.questions[0]
    for option in question.options:
        if option.key in question.right:
            part = wrong(ex, "kept", [key for key in ex.solution["kept"] if key != option.key], "")
            assert "missing" in part.text
        else:
            part = wrong(ex, "kept", [*ex.solution["kept"], option.key], "")
            assert option.text in part.text


def test_what_is_kept_of_a_layer():
    ex = gad.exercises.cached(layer, X=numbers(4, 3), W=numbers(3, 2), b=numbers(2))
    assert ex.solution == {"kept": ["X", "W", "H"]}  # not b, not the pre-activation: tanh uses its own result
    work = Work(ex.graph)
    used = {p for e in ex.graph.edges if e.active for p in work.vjp(e.consumer.id, e.argnum).values}
    assert {ex.graph[name].id for name in ("X", "W", "H")} == used


def test_a_sum_keeps_nothing():
    with pytest.raises(ArgumentError, match="no value is used by any rule"):
        gad.exercises.cached(lambda x, y: x + y, 1.0, 2.0)


# -- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRAPHS)
def test_words_are_kept_and_never_graded(name):
    f, point = GRAPHS[name]
    ex = whole(gad.exercises.explain(f, **point))
    assert all(not one.graded and one.model for one in ex.questions)
    ex.check({ex.keys[0]: "because both send something"})
    assert ex.answers[ex.keys[0]] == "because both send something"


def test_the_node_with_the_most_contributions_comes_first():
    assert gad.exercises.explain(diamond, a=2.0, b=3.0).keys[:2] == ("a", "b")
    assert "6 + 1" not in gad.exercises.explain(chain, x=1.0).questions[0].model
