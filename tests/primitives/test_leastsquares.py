"""Pseudoinverses, least squares and ranks: full rank, constant lower rank, closed forms, and torch."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import central, check
from tests.torched import torch

RNG = np.random.default_rng(0)


def matrix(*shape):
    return np.random.default_rng(3).normal(size=shape) + 2.0 * np.eye(shape[-2], shape[-1])


# -- pseudoinverse ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 1, 2, 3)])
def test_pinv(shape) -> None:
    check(np.linalg.pinv, matrix(*shape))


@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_pinv_is_its_closed_form(shape) -> None:
    def closed(a):
        return np.linalg.inv(a.T @ a) @ a.T if shape[0] > shape[1] else a.T @ np.linalg.inv(a @ a.T)

    a, weights = matrix(*shape), RNG.normal(size=shape[::-1])
    for derivative in (gad.jacobian, lambda f: gad.hessian(lambda a: np.sum(weights * f(a)))):
        np.testing.assert_allclose(derivative(np.linalg.pinv)(a), derivative(closed)(a), rtol=1e-9, atol=1e-11)


def test_pinv_of_equal_singular_values() -> None:
    """Its rule needs no singular vectors."""
    for a in (np.eye(3), np.eye(4, 2), np.eye(2, 4)):
        check(np.linalg.pinv, a)


def of_rank_one(parts):
    """4 × 3 matrices that keep the rank 1, whatever the seven numbers are."""
    return parts[:4, None] * parts[4:]


def test_pinv_of_lower_rank() -> None:
    parts = RNG.normal(size=7)

    def closed(parts):
        a = of_rank_one(parts)
        return a.T / np.sum(a**2)

    def f(parts):
        return np.linalg.pinv(of_rank_one(parts), 1e-10)

    check(f, parts, rtol=1e-5)
    np.testing.assert_allclose(gad.jacobian(f)(parts), gad.jacobian(closed)(parts), rtol=1e-9, atol=1e-11)
    zero = gad.grad(lambda a: np.sum(np.linalg.pinv(a)))(np.zeros((2, 3)))
    np.testing.assert_array_equal(zero, np.zeros((2, 3)))


def test_pinv_against_torch() -> None:
    for shape in [(3, 3), (4, 2), (2, 4)]:
        a, weights = matrix(*shape), RNG.normal(size=shape[::-1])

        def theirs(a, weights=weights):
            return (torch.tensor(weights) * torch.sin(torch.linalg.pinv(a))).sum()

        found = gad.grad(lambda a, w=weights: np.sum(w * np.sin(np.linalg.pinv(a))))(a)
        wanted = torch.autograd.functional.jacobian(theirs, torch.tensor(a)).numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("options", [{"rcond": 1e-12}, {"rtol": 1e-12}, {"rtol": None}, {"rcond": np.float64(1e-9)}])
def test_limits_of_pinv(options) -> None:
    check(lambda a: np.linalg.pinv(a, **options), matrix(3, 2), second=False)


def test_a_limit_for_each_matrix() -> None:
    stack = np.stack([np.eye(2), np.diag([1.0, 1e-13])])
    limits = np.array([1e-15, 1e-10])
    found = gad.trace(lambda a: np.linalg.pinv(a, limits), stack).outputs[0].value
    np.testing.assert_array_equal(found, np.linalg.pinv(stack, limits))
    np.testing.assert_array_equal(found[1], np.diag([1.0, 0.0]))


def test_pinv_of_a_symmetric_matrix_reads_one_triangle() -> None:
    a = matrix(3, 3)
    check(lambda a: np.linalg.pinv(a, hermitian=True), a)
    check(lambda a: np.linalg.pinv(a, hermitian=True), matrix(2, 3, 3), second=False)
    gradient = gad.grad(lambda a: np.sum(np.linalg.pinv(a, hermitian=True)))(a)
    np.testing.assert_array_equal(np.triu(gradient, 1), np.zeros((3, 3)))


def test_a_limit_that_cuts_what_is_not_zero_is_an_error() -> None:
    a = np.diag([1.0, 0.01])
    with pytest.raises(gad.UnsupportedError, match=r"pinv\(..., rcond=0.1\) cut off .*np\.linalg\.svd\("):
        gad.grad(lambda a: np.sum(np.linalg.pinv(a, 0.1)))(a)

    def written_out(a):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return vh.T @ (np.where(s > 0.1, 1 / s, 0.0)[:, None] * u.T)

    np.testing.assert_allclose(
        gad.jacobian(written_out)(a), central(lambda a: np.linalg.pinv(a, 0.1), a), rtol=1e-6, atol=1e-8
    )


# -- least squares ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 3), (3,)),
        ((4, 2), (4,)),
        ((4, 2), (4, 3)),
        ((2, 4), (2,)),
        ((2, 4), (2, 3)),
        ((3, 1), (3, 1)),
        ((1, 1), (1,)),
    ],
)
def test_lstsq(left, right) -> None:
    a, b = matrix(*left), np.random.default_rng(1).normal(size=right)
    check(lambda a, b: np.linalg.lstsq(a, b)[0], a, b)
    check(lambda a, b: np.linalg.lstsq(a, b)[1], a, b)
    check(lambda a: np.linalg.lstsq(a, b, rcond=None)[3], a)
    wanted = np.linalg.lstsq(a, b)
    found = gad.trace(lambda a, b: np.linalg.lstsq(a, b), a, b).outputs
    assert len(found) == 4
    for node, value in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(node.value, value)
        assert node.dtype == np.asarray(value).dtype


def test_lstsq_solves_the_normal_equations() -> None:
    a, b, weights = matrix(4, 2), RNG.normal(size=4), RNG.normal(size=2)

    def closed(a, b):
        return np.linalg.solve(a.T @ a, a.T @ b)

    def f(a, b):
        return np.linalg.lstsq(a, b)[0]

    for argnum in (0, 1):
        np.testing.assert_allclose(gad.jacobian(f, argnum)(a, b), gad.jacobian(closed, argnum)(a, b), atol=1e-12)
        second = [gad.hessian(lambda a, b, f=one: np.sum(weights * f(a, b)), argnum)(a, b) for one in (f, closed)]
        np.testing.assert_allclose(*second, rtol=1e-9, atol=1e-11)
    left_over = gad.grad(lambda a, b: np.sum(np.linalg.lstsq(a, b)[1]))(a, b)
    closed_left = gad.grad(lambda a, b: np.sum((b - a @ closed(a, b)) ** 2))(a, b)
    np.testing.assert_allclose(left_over, closed_left, rtol=1e-10, atol=1e-12)


def test_lstsq_against_torch() -> None:
    for shape in [(3, 3), (5, 2)]:
        a, b = matrix(*shape), RNG.normal(size=(shape[0], 2))
        for argnum in (0, 1):
            found = gad.grad(lambda a, b: np.sum(np.sin(np.linalg.lstsq(a, b)[0])), argnum)(a, b)
            tensors = torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)
            torch.sin(torch.linalg.lstsq(*tensors).solution).sum().backward()
            np.testing.assert_allclose(found, tensors[argnum].grad.numpy(), rtol=1e-9, atol=1e-12)


def test_lstsq_of_lower_rank() -> None:
    """Along changes that keep the rank; the remaining squares are not given there."""
    parts, b = RNG.normal(size=7), RNG.normal(size=4)

    def f(parts):
        return np.linalg.lstsq(of_rank_one(parts), b, 1e-10)[0]

    def closed(parts):
        a = of_rank_one(parts)
        return a.T @ b / np.sum(a**2)

    check(f, parts, rtol=1e-5)
    np.testing.assert_allclose(gad.jacobian(f)(parts), gad.jacobian(closed)(parts), rtol=1e-9, atol=1e-11)
    a = of_rank_one(parts)
    np.testing.assert_array_equal(gad.jacobian(lambda a: np.linalg.lstsq(a, b)[1])(a), np.zeros((0, 4, 3)))
    for mode in ("rev", "fwd"):
        assert gad.jacobian(lambda b: np.linalg.lstsq(a, b)[1], mode=mode)(b).shape == (0, 4)


def test_lstsq_with_one_traced_operand() -> None:
    a, b = matrix(4, 2), RNG.normal(size=4)
    x, residuals, rank, s = [], [], [], []

    def f(b):
        for kept, one in zip((x, residuals, rank, s), np.linalg.lstsq(a, b), strict=True):
            kept.append(one)
        return np.sum(x[0]) + np.sum(residuals[0])

    gad.grad(f)(b)
    assert rank[0] == 2
    np.testing.assert_array_equal(s[0], np.linalg.lstsq(a, b)[3])
    check(lambda a: np.linalg.lstsq(a, [1, 2, 3, 4])[0], a)


def test_a_limit_of_lstsq_that_cuts_what_is_not_zero_is_an_error() -> None:
    with pytest.raises(gad.UnsupportedError, match=r"np\.linalg\.lstsq\(..., rcond=0.1\) cut off"):
        gad.grad(lambda a: np.sum(np.linalg.lstsq(a, np.ones(2), 0.1)[0]))(np.diag([1.0, 0.01]))
    a = matrix(3, 3)
    check(lambda a: np.linalg.lstsq(a, np.ones(3), -1)[0], a, second=False)


# -- rank ---------------------------------------------------------------------------------------


def test_matrix_rank_is_a_plain_number_in_the_graph() -> None:
    a = np.diag([1.0, 0.5, 0.0])
    for options in ({}, {"tol": 0.7}, {"rtol": 0.7}, {"hermitian": True}, {"tol": np.array(0.7)}):
        graph = gad.trace(lambda a, o=options: a * np.linalg.matrix_rank(a, **o), a)
        np.testing.assert_array_equal(graph.outputs[0].value, a * np.linalg.matrix_rank(a, **options))
        again = gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict())))
        wanted = (a + np.eye(3)) * np.linalg.matrix_rank(a + np.eye(3), **options)
        np.testing.assert_array_equal(again.evaluate(a=a + np.eye(3)).outputs[0].value, wanted)
    slope = gad.grad(lambda a: np.sum(a * np.linalg.matrix_rank(a)))(a)
    np.testing.assert_array_equal(slope, np.full((3, 3), 2.0))
    stack = np.stack([a, np.eye(3)])
    found = gad.trace(lambda a: np.linalg.matrix_rank(a) + 0 * np.sum(a), stack).outputs[0].value
    np.testing.assert_array_equal(found, [2, 3])


# -- dtypes, sizes, errors ----------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0, 0), (0, 2), (2, 0), (0, 2, 2)])
def test_empty_matrices(shape) -> None:
    a = np.zeros(shape)
    np.testing.assert_array_equal(gad.grad(lambda a: np.sum(np.linalg.pinv(a)))(a), a)


def test_float32_stays() -> None:
    a = matrix(4, 2)
    calls = [np.linalg.pinv, lambda a: np.linalg.lstsq(a, a[:, 0])[0], lambda a: np.linalg.lstsq(a, a**2)[1]]
    for call in calls:
        small = gad.grad(lambda a, f=call: np.sum(f(a) ** 2))(a.astype(np.float32))
        assert small.dtype == np.float32
        np.testing.assert_allclose(small, gad.grad(lambda a, f=call: np.sum(f(a) ** 2))(a), rtol=1e-3, atol=1e-4)


def test_parameters_survive_json() -> None:
    a = matrix(3, 2)

    def f(a):
        return np.linalg.pinv(a, rtol=None) @ np.linalg.lstsq(a.T, a[0])[0] + np.sum(np.linalg.lstsq(a, a)[3])

    graph = gad.trace(f, a)
    again = gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict())))
    np.testing.assert_array_equal(again.evaluate(a=2 * a + 1).outputs[0].value, f(2 * a + 1))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: np.linalg.pinv(x[0]), np.linalg.LinAlgError, "dimensional"),
        (lambda x: np.linalg.pinv(x, 0.1, rtol=0.1), ValueError, "can't be both set"),
        (lambda x: np.linalg.lstsq(x, np.ones(3)), np.linalg.LinAlgError, "Incompatible"),
        (lambda x: np.linalg.lstsq(x[0], np.ones(3)), np.linalg.LinAlgError, "dimensional"),
        (lambda x: np.linalg.pinv(x, x[0, 0]), gad.ExitError, "gad.detach"),
        (lambda x: np.linalg.matrix_rank(x, x[0, 0]) * x, gad.ExitError, "gad.detach"),
        (lambda x: np.linalg.lstsq(x, np.ones(2), x[0, 0]), gad.ExitError, "gad.detach"),
        (lambda x: np.linalg.matrix_rank(x, 0.1, rtol=0.1) * x, ValueError, "can't be both set"),
    ],
)
def test_errors(call, kind, words) -> None:
    with pytest.raises(kind, match=words):
        gad.trace(call, np.ones((2, 3)))
