"""Norms of every order and condition numbers: both modes, second order, ties, zeros, and singular matrices."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import central, check, check_no_promotion
from tests.torched import torch

VECTOR_ORDERS = [None, 2, 1, np.inf, -np.inf, 0, 3, 2.5, 1.5, 0.5, -1, -2, np.float64(3.0), np.int64(2)]
MATRIX_ORDERS = [None, "fro", "f", 1, -1, np.inf, -np.inf, 2, -2, 2.0, "nuc"]


@pytest.mark.parametrize("order", VECTOR_ORDERS)
def test_vector_norms(order) -> None:
    x = np.random.default_rng(1).normal(size=(3, 4))
    check(lambda x: np.linalg.norm(x, order), x[0])
    check(lambda x: np.linalg.norm(x, ord=order, axis=0), x)
    check(lambda x: np.linalg.norm(x, order, -1, True), x)
    check(lambda x: np.linalg.norm(x, ord=order, axis=(1,), keepdims=True), x, second=False)


@pytest.mark.parametrize("order", MATRIX_ORDERS)
def test_matrix_norms(order) -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 4))
    check(lambda x: np.linalg.norm(x, order), x[0])
    for axis in [(0, 1), (-1, 0), (2, 1)]:
        for keepdims in (False, True):
            check(lambda x, a=axis, k=keepdims: np.linalg.norm(x, order, axis=a, keepdims=k), x, second=False)


def test_norms_of_everything() -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 2))
    check(np.linalg.norm, x)
    check(lambda x: np.linalg.norm(x, keepdims=True), x)
    check(np.linalg.norm, -2.0)
    check(np.linalg.norm, x[0, 0])


@pytest.mark.parametrize("order", [2, 1, np.inf, 3])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 0, 1), (-1,)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_vector_norm(order, axis, keepdims) -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 2))
    check(lambda x: np.linalg.vector_norm(x, ord=order, axis=axis, keepdims=keepdims), x, second=False)


@pytest.mark.parametrize("keepdims", [False, True])
def test_matrix_norm(keepdims) -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 2))
    check(lambda x: np.linalg.matrix_norm(x, keepdims=keepdims), x)
    for order in (1, 2, -2, "nuc"):
        check(lambda x, o=order: np.linalg.matrix_norm(x, ord=o, keepdims=keepdims), x)


@pytest.mark.parametrize("order", [None, 2, 1, np.inf, -np.inf, 0, 3, 1.5, 0.5, -1])
def test_the_norm_has_derivative_zero_at_the_zero_vector(order) -> None:
    zero = np.zeros(3)
    with np.errstate(divide="ignore"):  # 0 ** -1 inside NumPy's own norm
        np.testing.assert_array_equal(gad.grad(lambda x: np.linalg.norm(x, order))(zero), zero)
        _, change = gad.jvp(lambda x: np.linalg.norm(x, order), (zero,), (np.ones(3),))
        assert change == 0.0
        np.testing.assert_array_equal(gad.hessian(lambda x: np.linalg.norm(x, order))(zero), np.zeros((3, 3)))


def test_a_zero_row_does_no_harm_to_the_others() -> None:
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    found = gad.grad(lambda x: np.sum(np.linalg.norm(x, axis=1)))(x)
    np.testing.assert_array_equal(found, [[0.6, 0.8], [0.0, 0.0]])


def test_a_zero_element_has_derivative_zero_in_every_norm_of_powers() -> None:
    for order in (3, 1.5, 0.5):
        slope = gad.grad(lambda x, order=order: np.linalg.norm(x, order))(np.array([2.0, 0.0, -1.0]))
        assert slope[1] == 0.0
        assert np.isfinite(slope).all()


def test_equal_elements_share_the_largest_norm() -> None:
    slope = gad.grad(lambda x: np.linalg.norm(x, np.inf))(np.array([2.0, -2.0, 1.0]))
    np.testing.assert_array_equal(slope, [0.5, -0.5, 0.0])
    slope = gad.grad(lambda x: np.linalg.norm(x, 1))(np.array([[1.0, -1.0], [2.0, 2.0]]))
    np.testing.assert_array_equal(slope, [[0.5, -0.5], [0.5, 0.5]])


def test_large_numbers_do_not_overflow_in_the_rule() -> None:
    slope = gad.grad(lambda x: np.linalg.norm(x, 3))(np.array([3e100, 4e100]))
    np.testing.assert_allclose(slope, gad.grad(lambda x: np.linalg.norm(x, 3))(np.array([3.0, 4.0])), rtol=1e-12)


# -- norms by singular values -------------------------------------------------------------------


def orthogonal(n, seed=5):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


@pytest.mark.parametrize("order", [2, -2, "nuc"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
def test_against_torch(order, shape) -> None:
    x = np.random.default_rng(1).normal(size=shape)

    def theirs(x):
        return torch.linalg.matrix_norm(x, order)

    tensor = torch.tensor(x)
    np.testing.assert_allclose(
        gad.grad(lambda x: np.linalg.norm(x, order))(x),
        torch.autograd.functional.jacobian(theirs, tensor).numpy(),
        rtol=1e-10,
    )
    np.testing.assert_allclose(
        gad.hessian(lambda x: np.linalg.norm(x, order))(x),
        torch.autograd.functional.hessian(theirs, tensor).numpy(),
        rtol=1e-8,
        atol=1e-10,
    )


def test_equal_singular_values_share() -> None:
    """As equal elements share the largest: no matter which vectors are taken."""
    np.testing.assert_allclose(gad.grad(lambda x: np.linalg.norm(x, 2))(np.eye(3)), np.eye(3) / 3)
    np.testing.assert_allclose(gad.grad(lambda x: np.linalg.norm(x, -2))(np.diag([1.0, 1.0, 2.0]))[2, 2], 0.0)
    np.testing.assert_allclose(gad.grad(lambda x: np.linalg.norm(x, "nuc"))(orthogonal(3)), orthogonal(3), atol=1e-14)


@pytest.mark.parametrize("order", [2, -2, "nuc"])
def test_norms_at_singular_matrices_are_flat_in_what_is_zero(order) -> None:
    q, p = orthogonal(3), orthogonal(3, 6)
    a = q * np.array([3.0, 1.0, 0.0]) @ p
    found = gad.grad(lambda x: np.linalg.norm(x, order))(a)
    wanted = {2: np.outer(q[:, 0], p[0]), -2: np.zeros((3, 3)), "nuc": q[:, :2] @ p[:2]}[order]
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    np.testing.assert_allclose(found, central(lambda x: np.linalg.norm(x, order), a), atol=1e-6)
    np.testing.assert_array_equal(gad.grad(lambda x: np.linalg.norm(x, order))(np.zeros((2, 3))), np.zeros((2, 3)))


def test_the_second_derivative_at_equal_singular_values_is_an_error() -> None:
    with pytest.raises(gad.UnsupportedError, match="singular values are closer"):
        gad.hessian(lambda x: np.linalg.norm(x, 2))(np.eye(2))


# -- condition numbers --------------------------------------------------------------------------


def close(shape):
    return np.random.default_rng(2).normal(size=shape) + 2 * np.eye(shape[-2], shape[-1])


@pytest.mark.parametrize("p", [None, 2, -2, "fro", "nuc", 1, -1, np.inf, -np.inf, np.int64(2)])
@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (2, 3, 3)])
def test_cond(p, shape) -> None:
    check(lambda x: np.linalg.cond(x, p), close(shape), rtol=1e-5)


@pytest.mark.parametrize("p", [None, 2, -2])
@pytest.mark.parametrize("shape", [(4, 2), (2, 3), (2, 2, 3)])
def test_cond_of_matrices_that_are_not_square(p, shape) -> None:
    check(lambda x: np.linalg.cond(x, p), close(shape), rtol=1e-5)


def test_cond_of_an_orthogonal_matrix_is_at_its_smallest() -> None:
    np.testing.assert_allclose(gad.grad(np.linalg.cond)(np.eye(3)), np.zeros((3, 3)), atol=1e-15)
    for p in ("fro", "nuc"):
        np.testing.assert_allclose(gad.grad(lambda x, p=p: np.linalg.cond(x, p))(orthogonal(3)), 0, atol=1e-13)


@pytest.mark.parametrize("p", [None, 1, "fro"])
def test_cond_of_a_singular_matrix(p) -> None:
    a = np.diag([1.0, 0.0])
    assert gad.trace(lambda a: np.linalg.cond(a, p), a).outputs[0].value == np.inf
    with pytest.raises(gad.ArgumentError, match=r"np\.linalg\.cond: the matrix is singular.*cond\(a, -2\), which is 0"):
        gad.grad(lambda a: np.linalg.cond(a, p))(a)
    np.testing.assert_array_equal(gad.grad(lambda a: np.linalg.cond(a, -2))(a), np.zeros((2, 2)))


# -- dtypes, sizes, graphs, errors --------------------------------------------------------------

CALLS = {
    "norm": np.linalg.norm,
    "norm 1": lambda a: np.linalg.norm(a, 1),
    "norm rows": lambda a: np.linalg.norm(a, axis=1),
    "norm 3": lambda a: np.linalg.norm(a[0], 3),
    "norm inf": lambda a: np.linalg.norm(a[0], np.inf),
    "norm 2": lambda a: np.linalg.norm(a, 2),
    "norm nuc": lambda a: np.linalg.norm(a, "nuc"),
    "cond": np.linalg.cond,
    "cond 1": lambda a: np.linalg.cond(a, 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_float32_is_never_promoted(name) -> None:
    a = close((3, 3)).astype(np.float32)
    graph = gad.trace(CALLS[name], a)
    np.testing.assert_array_equal(graph.outputs[0].value, CALLS[name](a))
    for node in graph.nodes:
        record = graph.records[node.id]
        if record.primitive is not None and record.differentiable:
            check_no_promotion(record)


@pytest.mark.parametrize("order", [None, "nuc"])
@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2), (2, 0, 0), (2, 0, 3)])
def test_empty_matrices(order, shape) -> None:
    a = np.zeros(shape)
    np.testing.assert_array_equal(gad.grad(lambda a: np.sum(np.linalg.norm(a, order, axis=(-2, -1))))(a), a)


def test_parameters_survive_json() -> None:
    a = close((2, 2))

    def f(a):
        norms = np.linalg.norm(a, np.inf, axis=(0, 1)) + np.linalg.norm(a, axis=-1) + np.linalg.norm(a, "nuc")
        return norms + np.linalg.cond(a, np.inf)

    graph = gad.trace(f, a)
    again = gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict())))
    np.testing.assert_array_equal(again.evaluate(a=2 * a + 1).outputs[0].value, f(2 * a + 1))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: np.linalg.norm(x, 3), ValueError, "Invalid norm order"),
        (lambda x: np.linalg.norm(x[0], "fro"), ValueError, "Invalid norm order"),
        (lambda x: np.linalg.norm(x, axis=2), np.exceptions.AxisError, "axis"),
        (lambda x: np.linalg.norm(x, axis=(0, 0)), ValueError, "Duplicate"),
        (lambda x: np.linalg.norm(x[:, :0], -1), ValueError, "zero-size"),
        (lambda x: np.linalg.cond(x, 1), np.linalg.LinAlgError, "square"),
        (lambda x: np.linalg.cond(x[:0]), np.linalg.LinAlgError, "empty"),
    ],
)
def test_errors(call, kind, words) -> None:
    with pytest.raises(kind, match=words):
        gad.trace(call, np.ones((2, 3)))
