"""Random inputs for a comparison: what belongs together stays together, so that nobody right is told to be wrong."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.exercises.draws import Draws, redrawn

RNG = np.random.default_rng(0)


def softmax(Z, axis=1):
    E = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def picked(Z, y):
    """Cross-entropy with whole numbers as labels; rows without a label are left out in silence."""
    return -np.mean(np.log(softmax(Z)[np.arange(len(y)), y]))


def picked_backward(Z, y):
    P = softmax(Z)
    P[np.arange(len(y)), y] -= 1
    return P / len(y)


LABELS = np.array([0, 2, 1, 1])


def test_a_right_cross_entropy_with_labels_is_right() -> None:
    found = gad.compare(picked_backward, picked, (RNG.normal(size=(4, 3)), LABELS))
    assert found.ok, found.message
    assert {case.row("Z").right_shape[0] for case in found.cases if case.moved} - {4}


def test_many_classes_are_moved_to_more_and_never_to_fewer() -> None:
    labels = np.array([39, 0, 5])
    found = gad.compare(picked_backward, picked, (RNG.normal(size=(3, 40)), labels))
    assert found.ok, found.message
    classes = [case.row("Z").right_shape[1] for case in found.cases]
    assert min(classes) == 40
    assert max(classes) > 40


@pytest.mark.parametrize("axis", [1, 0])
def test_the_fused_gradient_meets_targets_that_add_up_to_1(axis) -> None:
    """With P − Y and rows of Y that do not add up to 1 a right gradient would be told to be wrong."""

    def loss(Z, Y):
        return -np.sum(Y * np.log(softmax(Z, axis)))

    def backward(Z, Y):
        return softmax(Z, axis) - Y

    onehot = np.eye(3)[[0, 2, 1, 1]]
    for targets in (onehot, softmax(RNG.normal(size=(4, 3)))):
        Y = targets if axis else targets.T
        found = gad.compare(backward, loss, (RNG.normal(size=Y.shape), Y), wrt=["Z"])
        assert found.ok, found.message
        assert any(case.moved for case in found.cases)


def test_samples_that_a_zip_would_drop_stay_with_their_targets() -> None:
    def loss(W, X, T):
        total = 0.0
        for x, t in zip(X, T):  # noqa: B905  (as a student writes it)
            total = total + np.sum((W @ x - t) ** 2)
        return total

    inputs = {"W": RNG.normal(size=(2, 3)), "X": RNG.normal(size=(4, 3)), "T": RNG.normal(size=(4, 2))}
    found = gad.compare(lambda W, X, T: 2 * (X @ W.T - T).T @ X, loss, inputs, wrt=["W"])
    assert found.ok, found.message
    assert any(case.moved for case in found.cases)


def test_ones_are_numbers_and_no_labels() -> None:
    drawn = redrawn(np.ones(50), (50,), np.random.default_rng(0))
    assert np.ptp(drawn) > 0.5
    assert (drawn > 0).all()


@pytest.mark.parametrize("seed", range(20))
def test_labels_keep_both_values(seed) -> None:
    drawn = redrawn(np.array([0.0, 1.0, 1.0]), (3,), np.random.default_rng(seed))
    assert set(drawn) == {0.0, 1.0}


def test_shares_of_1_along_either_axis() -> None:
    rng = np.random.default_rng(0)
    rows = redrawn(np.eye(3)[[0, 0, 1, 2]], (5, 6), rng)
    assert set(np.unique(rows)) == {0.0, 1.0}
    np.testing.assert_array_equal(rows.sum(axis=1), 1)
    columns = redrawn(np.array([[0.25, 0.5, 0.5], [0.75, 0.5, 0.5]]), (3, 4), rng)
    np.testing.assert_allclose(columns.sum(axis=0), 1)
    assert np.ptp(columns.sum(axis=1)) > 0.1


def test_an_axis_counts_as_free_only_where_its_new_entries_matter() -> None:
    def first_two(x):
        return np.sum(x[:2] ** 2)

    assert Draws(first_two, (np.ones(4),)).blocks == []
    assert Draws(lambda x: np.sum(x**2), (np.ones(4),)).blocks == [((0, 0),)]
    assert Draws(lambda x: np.max(x), (np.array([5.0, -1.0, -2.0]),)).blocks == [((0, 0),)]
    assert Draws(picked, (RNG.normal(size=(4, 3)), LABELS)).blocks == [((0, 1),), ((0, 0), (1, 0))]
