"""Losses: what each convention gives, their closed-form gradients, stable tails, labels that are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn

PREDICTION, TARGET = np.array([2.0, 4.0, 6.0]), np.array([1.0, 5.0, 2.0])  # errors 1, −1, 4


@pytest.mark.parametrize(
    ("options", "value", "factor"),
    [
        ({}, 6.0, 2 / 3),
        ({"half": True}, 3.0, 1 / 3),
        ({"reduction": "sum"}, 18.0, 2.0),
        ({"reduction": "sum", "half": True}, 9.0, 1.0),
    ],
)
def test_every_scaling_of_the_squared_error(options, value: float, factor: float) -> None:
    found, slope = gad.value_and_grad(nn.mse)(PREDICTION, TARGET, **options)
    assert found == pytest.approx(value, rel=1e-15)
    np.testing.assert_allclose(slope, factor * np.array([1, -1, 4]), rtol=1e-15)


def test_the_single_losses() -> None:
    np.testing.assert_array_equal(nn.mse(PREDICTION, TARGET, reduction="none"), [1, 1, 16])
    np.testing.assert_array_equal(nn.mse(PREDICTION, TARGET, half=True, reduction="none"), [0.5, 0.5, 8])
    assert nn.cross_entropy(np.zeros((2, 3)), np.array([0, 2]), reduction="none").shape == (2,)


def test_the_mean_counts_every_number_of_a_matrix() -> None:
    assert nn.mse(np.ones((2, 3)), np.zeros((2, 3))) == 1
    np.testing.assert_allclose(gad.grad(nn.mse)(np.ones((2, 3)), np.zeros((2, 3))), np.full((2, 3), 2 / 6))


# -- binary cross-entropy -----------------------------------------------------------------------


def test_bce_is_what_the_formula_says() -> None:
    p, t = np.array([0.7, 0.2, 0.5]), np.array([1.0, 0.0, 0.25])
    expected = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    np.testing.assert_allclose(nn.bce(p, t, reduction="none"), expected, rtol=1e-14)
    assert nn.bce(p, t) == pytest.approx(expected.mean())
    np.testing.assert_allclose(gad.grad(nn.bce)(p, t, reduction="sum"), (p - t) / (p * (1 - p)), rtol=1e-13)


def test_a_sigmoid_under_bce_sends_p_minus_t() -> None:
    """And not (p − t) σ′, as the squared error does: for p = 0.7 and t = 1, −0.3 instead of −0.063."""
    z = math.log(0.7 / 0.3)
    assert gad.grad(lambda z: nn.bce(nn.sigmoid(z), 1.0))(z) == pytest.approx(-0.3)
    assert gad.grad(lambda z: nn.mse(nn.sigmoid(z), 1.0, half=True))(z) == pytest.approx(-0.063)


def test_bce_at_certain_probabilities() -> None:
    p, t = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    np.testing.assert_array_equal(nn.bce(p, t, reduction="none"), [0, 0])
    np.testing.assert_array_equal(gad.grad(nn.bce)(p, t, reduction="sum"), [-1, 1])
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert nn.bce(np.array([0.0]), np.array([1.0])) == np.inf


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_the_gradient_by_the_target_is_minus_the_logit(t: float) -> None:
    z = 1.2
    assert gad.grad(nn.bce, 1)(nn.sigmoid(z), t) == pytest.approx(-z)
    assert gad.grad(nn.bce_with_logits, 1)(z, t) == pytest.approx(-z)


def test_bce_with_logits_is_bce_of_the_sigmoid() -> None:
    rng = np.random.default_rng(0)
    z, t = rng.normal(size=(3, 2)) * 3, rng.random((3, 2))
    assert nn.bce_with_logits(z, t) == pytest.approx(nn.bce(nn.sigmoid(z), t), rel=1e-13)
    np.testing.assert_allclose(gad.grad(nn.bce_with_logits)(z, t), (nn.sigmoid(z) - t) / 6, atol=1e-15)


def test_bce_with_logits_at_a_thousand() -> None:
    z, t = np.array([-1000.0, 1000.0, -1000.0, 1000.0, 0.0]), np.array([1.0, 0.0, 0.0, 1.0, 1.0])
    for dtype in (np.float64, np.float32):
        losses = nn.bce_with_logits(z.astype(dtype), t.astype(dtype), reduction="none")
        np.testing.assert_allclose(losses, [1000, 1000, 0, 0, math.log(2)], rtol=1e-6)
        slope = gad.grad(nn.bce_with_logits)(z.astype(dtype), t.astype(dtype), reduction="sum")
        np.testing.assert_array_equal(slope, [-1, 1, 0, 0, -0.5])


def test_targets_may_be_bools() -> None:
    t = np.array([True, False])
    assert nn.bce(np.array([0.8, 0.4]), t) == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    assert nn.bce_with_logits(np.zeros(2), t) == pytest.approx(math.log(2))


# -- cross-entropy ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["numbers", "one-hot", "one-hot ints", "one-hot bools"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_gradient_of_cross_entropy_is_p_minus_y(form: str, reduction: str) -> None:
    logits = np.random.default_rng(1).normal(size=(4, 3))
    numbers = np.array([2, 0, 1, 1])
    y = np.eye(3)[numbers]
    labels = {"numbers": numbers, "one-hot": y, "one-hot ints": y.astype(int), "one-hot bools": y.astype(bool)}[form]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    value, slope = gad.value_and_grad(nn.cross_entropy)(logits, labels, reduction=reduction)
    count = 4 if reduction == "mean" else 1
    assert value == pytest.approx(-np.sum(np.log(p[range(4), numbers])) / count)
    np.testing.assert_allclose(slope, (p - y) / count, atol=1e-15)


def test_cross_entropy_with_soft_labels() -> None:
    logits = np.random.default_rng(2).normal(size=(2, 3))
    y = np.array([[0.2, 0.3, 0.5], [0.1, 0.9, 0.0]])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert nn.cross_entropy(logits, y) == pytest.approx(-np.sum(y * np.log(p)) / 2)
    np.testing.assert_allclose(gad.grad(nn.cross_entropy)(logits, y), (p - y) / 2, atol=1e-15)


def test_the_hessian_of_cross_entropy_is_the_softmax_covariance() -> None:
    logits = np.array([[0.5, -1.0, 2.0]])
    p = np.exp(logits[0]) / np.exp(logits[0]).sum()
    hessian = gad.hessian(nn.cross_entropy)(logits, np.array([1])).reshape(3, 3)
    np.testing.assert_allclose(hessian, np.diag(p) - np.outer(p, p), atol=1e-15)


def test_cross_entropy_at_a_thousand() -> None:
    logits = np.array([[1000.0, 0.0, -1000.0], [0.0, 1000.0, 1000.0]])
    losses = nn.cross_entropy(logits, np.array([2, 1]), reduction="none")
    np.testing.assert_allclose(losses, [2000, math.log(2)])
    slope = gad.grad(nn.cross_entropy)(logits, np.array([2, 1]), reduction="sum")
    np.testing.assert_allclose(slope, [[1, 0, -1], [0, -0.5, 0.5]])


def test_one_hot_labels_may_be_traced_inputs() -> None:
    logits, y = np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]])
    graph = gad.trace(nn.cross_entropy, logits, y)
    np.testing.assert_allclose(graph["labels"].adjoint, -nn.log_softmax(logits))
    assert graph.outputs[0].value == pytest.approx(math.log(1 + math.exp(-1)))


def test_labels_may_come_from_a_traced_argmax() -> None:
    graph = gad.trace(lambda z: nn.cross_entropy(z, np.argmax(z, axis=1)), np.array([[1.0, 2.0], [3.0, 0.0]]))
    np.testing.assert_allclose(graph["z"].adjoint, gad.grad(nn.cross_entropy)(graph["z"].value, np.array([1, 0])))


# -- what is refused ----------------------------------------------------------------------------

Z = np.zeros((4, 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.mse(PREDICTION, TARGET, reduction="avg"), r"'avg' \(must be one of \['mean', 'sum', 'none'\]\)"),
        (lambda: nn.mse(np.ones((3, 1)), np.ones(3)), r"\(3, 1\) and target of shape \(3,\)"),
        (lambda: nn.bce(np.ones(3), np.ones((1, 3))), r"\(3,\) and target of shape \(1, 3\)"),
        (lambda: nn.bce_with_logits(np.ones(2), np.ones(3)), r"\(2,\) and target of shape \(3,\)"),
        (lambda: nn.bce(np.ones(2) / 2, np.array([-1.0, 1.0])), r"from -1.0 to 1.0"),
        (lambda: nn.bce_with_logits(np.ones(2), np.array([0, 2])), r"from 0 to 2"),
        (lambda: nn.cross_entropy(Z, np.zeros((1, 4), int)), r"\(1, 4\) do not fit logits of shape \(4, 3\)"),
        (lambda: nn.cross_entropy(Z, np.zeros(3, int)), r"\(3,\) do not fit"),
        (lambda: nn.cross_entropy(Z, np.zeros((4, 2))), r"\(4, 2\) do not fit"),
        (lambda: nn.cross_entropy(Z, np.zeros(4)), r"must be ints, not float64"),
        (lambda: nn.cross_entropy(Z, np.zeros(4, bool)), r"must be ints, not bool"),
        (lambda: nn.cross_entropy(Z, np.array([0, 1, 2, 3])), r"from 0 to 3.*classes 0 to 2"),
        (lambda: nn.cross_entropy(Z, np.array([0, 1, 2, -1])), r"from -1 to 2"),
        (lambda: nn.cross_entropy(Z, np.ones((4, 3))), r"\(4, 3\).*each row must be a distribution"),
        (lambda: nn.cross_entropy(Z, np.tile([-1.0, 1.0, 1.0], (4, 1))), r"not negative"),
        (lambda: nn.cross_entropy(np.zeros(3), np.array([1])), r"\(3,\).*must be \(N, C\).*logits\[None\]"),
    ],
)
def test_what_is_refused(call, words: str) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()


def test_a_refusal_names_the_line_of_the_user() -> None:
    with pytest.raises(gad.ArgumentError, match=r"at line \d+ of test_losses.py"):
        gad.trace(lambda z: nn.cross_entropy(z, np.zeros((1, 4), int)), Z)
