"""Eigenvalues and singular values with their vectors: both modes, second order, and vectors that are not determined."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import central, check
from tests.torched import torch

RNG = np.random.default_rng(0)


def general(*shape):
    """Matrices whose eigenvalues and singular values lie apart."""
    return np.random.default_rng(3).normal(size=shape) + 2.0 * np.eye(*shape[-2:]) * (1 + np.arange(shape[-1]))


def matrix_of(values, shape=None, seed=8):
    """A matrix with these singular values."""
    m, n = shape or (len(values), len(values))
    rng = np.random.default_rng(seed)
    u, v = (np.linalg.qr(rng.normal(size=(size, size)))[0] for size in (m, n))
    return u[:, : len(values)] * np.array(values) @ v[:, : len(values)].T


def symmetric_of(values, seed=9):
    """A symmetric matrix with these eigenvalues."""
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))[0]
    a = q * np.array(values) @ q.T
    return (a + a.T) / 2


def by_torch(f, x):
    """Gradient and Hessian of a number by torch."""
    x = torch.tensor(x, dtype=torch.float64)
    gradient = torch.autograd.functional.jacobian(f, x)
    return gradient.numpy(), torch.autograd.functional.hessian(f, x).numpy()


def compare(ours, theirs, x):
    """A function of both libraries, to second order."""
    gradient, hessian = by_torch(theirs, x)
    np.testing.assert_allclose(gad.grad(ours)(x), gradient, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(gad.hessian(ours)(x), hessian, rtol=1e-8, atol=1e-9)


# -- symmetric matrices -------------------------------------------------------------------------


@pytest.mark.parametrize("UPLO", ["L", "U", "l"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 3), (2, 3, 3)])
def test_eigh(shape, UPLO) -> None:
    a = general(*shape)  # any matrix: the other triangle is not read
    check(lambda a: np.linalg.eigh(a, UPLO)[0], a)
    check(lambda a: np.linalg.eigh(a, UPLO).eigenvectors, a)
    check(lambda a: np.linalg.eigvalsh(a, UPLO=UPLO), a)


def test_the_gradient_is_in_the_triangle_that_is_read() -> None:
    a = symmetric_of([1.0, 2.0, 4.0])
    for UPLO, triangle in (("L", np.tril), ("U", np.triu)):

        def f(a, UPLO=UPLO):
            values, vectors = np.linalg.eigh(a, UPLO)
            return values[0] ** 2 + np.sum(vectors[:, 2] ** 4)

        gradient = gad.grad(f)(a)
        np.testing.assert_array_equal(gradient, triangle(gradient))
        np.testing.assert_allclose(gradient, central(f, a), rtol=1e-6, atol=1e-8)
        # what other libraries give has both halves of each entry
        spread = gad.grad(lambda a, f=f: f((a + a.T) / 2))(a)
        np.testing.assert_allclose(spread, (gradient + gradient.T) / 2, rtol=1e-12, atol=1e-14)


def test_eigh_is_numpys_own_tuple() -> None:
    a = general(3, 3)
    kinds = []

    def f(a):
        result = np.linalg.eigh(a)
        kinds.append(type(result))
        values, vectors = result
        return np.sum(result.eigenvalues * values) + np.sum(result.eigenvectors[0] * vectors[0])

    gad.grad(f)(a)
    assert kinds == [type(np.linalg.eigh(np.eye(1)))]
    graph = gad.trace(lambda a: np.linalg.eigh(a), a)
    for node, value in zip(graph.outputs, np.linalg.eigh(a), strict=True):
        np.testing.assert_array_equal(node.value, value)
    assert [node.primitive.name for node in graph.outputs] == ["eigenvalues", "eigenvectors"]


def test_eigh_against_torch() -> None:
    x = np.random.default_rng(1).normal(size=(3, 3))

    def ours(x):
        values, vectors = np.linalg.eigh(x @ x.T)
        return np.sum(np.sin(values)) + np.sum(vectors[:, 0] ** 4) * np.sum((vectors[:, 1:] @ vectors[:, 1:].T) ** 3)

    def theirs(x):
        values, vectors = torch.linalg.eigh(x @ x.T)
        rest = vectors[:, 1:] @ vectors[:, 1:].T
        return torch.sin(values).sum() + (vectors[:, 0] ** 4).sum() * (rest**3).sum()

    compare(ours, theirs, x)


def test_a_function_of_a_matrix_by_eigh_is_its_closed_form() -> None:
    """(V / w) Vᵀ is the inverse, and (V √w) Vᵀ squared is the matrix."""
    a = symmetric_of([1.0, 2.0, 4.0])
    weights = RNG.normal(size=(3, 3))

    def by_eigh(power):
        def f(a):
            values, vectors = np.linalg.eigh((a + a.T) / 2)
            return (vectors * values**power) @ vectors.T

        return f

    def inverse(a):
        return np.linalg.inv((a + a.T) / 2)

    def compared(f):
        return gad.hessian(lambda a: np.sum(weights * f(a)))(a)

    np.testing.assert_allclose(compared(by_eigh(-1.0)), compared(inverse), rtol=1e-9, atol=1e-10)
    root = by_eigh(0.5)
    squared = gad.jacobian(lambda a: root(a) @ root(a))(a)
    np.testing.assert_allclose(squared, gad.jacobian(lambda a: (a + a.T) / 2)(a), atol=1e-12)


def test_third_order() -> None:
    a = symmetric_of([1.0, 2.0, 4.0])

    def second(t):
        return gad.hessian(lambda t: np.linalg.eigvalsh(a + t * np.diag([1.0, -1.0, 2.0]))[1])(t)

    np.testing.assert_allclose(gad.grad(second)(0.1), central(second, 0.1), rtol=1e-6)


def test_equal_eigenvalues_have_a_first_derivative_and_no_more() -> None:
    a = symmetric_of([1.0, 1.0, 3.0])
    np.testing.assert_allclose(gad.grad(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2))(np.eye(3)), 2 * np.eye(3))
    # of a sum over equal ones it does not matter which vectors are taken

    def f(a):
        return np.sum(np.linalg.eigvalsh((a + a.T) / 2)[:2] ** 3)

    found = gad.grad(f)(a)
    projector = np.eye(3) - np.outer(*[np.linalg.eigh(a)[1][:, 2]] * 2)
    np.testing.assert_allclose(found, 3 * projector, atol=1e-12)
    np.testing.assert_allclose(found, central(f, a), atol=1e-6)
    with pytest.raises(gad.UnsupportedError, match=r"closer to each other than 1e-08 of the largest.*no second one"):
        gad.hessian(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2))(a)


@pytest.mark.parametrize("f", [np.linalg.eigh, np.linalg.svd])
@pytest.mark.parametrize("values", [[1.0, 1.0, 3.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0 + 1e-9, 3.0]])
def test_vectors_of_close_values_are_an_error(f, values) -> None:
    a = np.diag(values)
    for derivative in (
        lambda: gad.grad(lambda a: np.sum(f(a)[-1 if f is np.linalg.eigh else 0] ** 3))(a),
        lambda: gad.jvp(lambda a: f(a)[-1 if f is np.linalg.eigh else 0], (a,), (np.ones((3, 3)),)),
        lambda: gad.hessian(lambda a: np.sum((f(a)[0] if f is np.linalg.eigh else f(a)[1]) ** 2))(a),
    ):
        with pytest.raises(gad.UnsupportedError, match=r"closer to each other.*at line \d+ of test_decompositions.py"):
            derivative()


def test_values_that_are_apart_by_more_than_the_limit_are_not() -> None:
    a = np.diag([1.0, 1.0 + 1e-6, 3.0])
    slope = gad.grad(lambda a: np.sum(np.linalg.eigh(a)[1][:, 2] * [1.0, 2.0, 3.0]))(a)
    np.testing.assert_allclose(slope[2, :2], [1 / 2, 2 / 2], rtol=1e-5)
    single = np.diag([1.0, 1.0 + 2e-7, 3.0]).astype(np.float32)
    with pytest.raises(gad.UnsupportedError, match="1e-06 of the largest"):
        gad.grad(lambda a: np.linalg.eigh(a)[1][0, 0])(single)


def test_one_close_pair_in_a_stack_is_an_error() -> None:
    stack = np.stack([np.diag([1.0, 2.0]), np.eye(2)])
    with pytest.raises(gad.UnsupportedError, match="eigenvalues are closer"):
        gad.grad(lambda a: np.sum(np.linalg.eigh(a)[1]))(stack)


@pytest.mark.parametrize("f", [np.linalg.eig, np.linalg.eigvals])
def test_general_eigenvalues_are_an_error(f) -> None:
    with pytest.raises(gad.UnsupportedError, match=rf"np\.linalg\.{f.__name__} has no .*complex.*linalg\.eig.*h\(A\)"):
        gad.trace(lambda a: f(a), np.eye(2))


# -- singular values ----------------------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (3, 2), (2, 3), (1, 2), (2, 3, 2), (2, 1, 2, 2)])
def test_svd(shape, full) -> None:
    a = general(*shape)
    for part in range(3):
        check(lambda a, p=part: np.linalg.svd(a, full_matrices=full)[p], a)


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (5, 1), (2, 4, 2)])
def test_svd_of_long_matrices(shape) -> None:
    a = general(*shape)
    for part in range(3):
        check(lambda a, p=part: np.linalg.svd(a, full_matrices=False)[p], a)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2)])
def test_singular_values_alone(shape) -> None:
    a = general(*shape)
    check(lambda a: np.linalg.svd(a, compute_uv=False), a)
    if hasattr(np.linalg, "svdvals"):
        check(np.linalg.svdvals, a)


@pytest.mark.parametrize("compute_uv", [True, False])
@pytest.mark.parametrize("stack", [(), (2,)])
def test_svd_of_a_symmetric_matrix(compute_uv, stack) -> None:
    a = symmetric_of([-5.0, 1.0, 3.0]) + RNG.normal(size=(*stack, 3, 3)) / 10
    wanted = np.linalg.svd(a, compute_uv=compute_uv, hermitian=True)
    for part in range(3) if compute_uv else [...]:
        check(lambda a, p=part: _part(np.linalg.svd(a, compute_uv=compute_uv, hermitian=True), p), a)
        found = gad.trace(lambda a, p=part: _part(np.linalg.svd(a, True, compute_uv, True), p), a).outputs[0].value
        np.testing.assert_array_equal(found, _part(wanted, part))


def _part(result, part):
    return result if part is ... else result[part]


def test_svd_is_numpys_own_tuple() -> None:
    a = general(3, 2)
    kinds = []

    def f(a):
        result = np.linalg.svd(a)
        kinds.append(type(result))
        return np.sum(result.S) + np.sum(result.Vh**3) + np.sum(result.U[:, :2] ** 3)

    gad.grad(f)(a)
    assert kinds == [type(np.linalg.svd(np.eye(1)))]
    graph = gad.trace(lambda a: tuple(np.linalg.svd(a)), a)
    for node, value in zip(graph.outputs, np.linalg.svd(a), strict=True):
        np.testing.assert_array_equal(node.value, value)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
def test_svd_against_torch(shape) -> None:
    def ours(a):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return np.sum(np.sin(s)) + np.sum((u[:, :1] @ vh[:1]) ** 3) + np.sum(u[:, 1] ** 4) * np.sum(vh[0] ** 4)

    def theirs(a):
        u, s, vh = torch.linalg.svd(a, full_matrices=False)
        return torch.sin(s).sum() + ((u[:, :1] @ vh[:1]) ** 3).sum() + (u[:, 1] ** 4).sum() * (vh[0] ** 4).sum()

    compare(ours, theirs, general(*shape))


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (5, 2)])
def test_what_is_the_same_for_every_basis_of_the_rest(shape) -> None:
    """The further columns of a full factor span what the others leave over."""
    a, k = general(*shape), min(shape)

    def rest(a):
        u, _, vh = np.linalg.svd(a)
        further = u[:, k:] if shape[0] > k else vh[k:].T
        return further @ further.T

    check(rest, a)

    def by_inverse(a):  # the same by a closed form
        wide = a if shape[0] > k else a.T
        return np.eye(max(shape)) - wide @ np.linalg.inv(wide.T @ wide) @ wide.T

    np.testing.assert_allclose(gad.jacobian(rest)(a), gad.jacobian(by_inverse)(a), atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_what_depends_on_the_basis_of_the_rest_is_an_error(shape) -> None:
    weights = RNG.normal(size=(4, 4))

    def f(a):
        u, _, vh = np.linalg.svd(a)
        return np.sum(weights * (u if shape[0] == 4 else vh))

    with pytest.raises(gad.UnsupportedError, match=r"arbitrary basis.*full_matrices=False"):
        gad.grad(f)(general(*shape))


def test_a_singular_value_of_zero_has_derivative_zero() -> None:
    """Like |x|: on both sides it grows."""
    a = matrix_of([3.0, 1.0, 0.0])
    direction = RNG.normal(size=(3, 3))
    gradient = gad.grad(lambda a: np.linalg.svd(a)[1][2])(a)
    np.testing.assert_array_equal(gradient, np.zeros((3, 3)))
    assert gad.jvp(lambda a: np.linalg.svd(a, compute_uv=False), (a,), (direction,))[1][2] == 0.0
    np.testing.assert_array_equal(gad.grad(lambda a: np.sum(np.linalg.svd(a)[1]))(np.zeros((2, 3))), np.zeros((2, 3)))
    found = gad.jacobian(lambda a: np.linalg.svd(a)[1][:2])(a)
    np.testing.assert_allclose(found, central(lambda a: np.linalg.svd(a)[1][:2], a), atol=1e-7)


def test_equal_singular_values_have_a_first_derivative() -> None:
    q = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    np.testing.assert_allclose(gad.grad(lambda a: np.sum(np.linalg.svd(a)[1] ** 2))(q), 2 * q, atol=1e-14)
    np.testing.assert_allclose(gad.grad(lambda a: np.sum(np.linalg.svd(a, compute_uv=False)))(q), q, atol=1e-14)


def test_vectors_beside_a_singular_value_of_zero() -> None:
    square, long = matrix_of([3.0, 1.0, 0.0]), matrix_of([3.0, 0.0], (3, 2))
    check(lambda a: np.linalg.svd(a)[0][:, :2] ** 2, square, second=False, atol=1e-5)
    check(lambda a: np.linalg.svd(a, full_matrices=False)[2] ** 2, long, second=False, atol=1e-5)
    with pytest.raises(gad.UnsupportedError, match="some singular values are 0, or closer"):
        gad.grad(lambda a: np.linalg.svd(a, full_matrices=False)[0][0, 0])(long)


# -- dtypes, sizes, graphs, errors --------------------------------------------------------------

CALLS = {
    "eigvalsh": np.linalg.eigvalsh,
    "eigenvalues": lambda a: np.linalg.eigh(a)[0],
    "eigenvectors": lambda a: np.linalg.eigh(a)[1],
    "u": lambda a: np.linalg.svd(a)[0],
    "s": lambda a: np.linalg.svd(a)[1],
    "vh": lambda a: np.linalg.svd(a)[2],
    "svdvals": lambda a: np.linalg.svd(a, compute_uv=False),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2), (2, 0, 0)])
def test_empty_matrices(name, shape) -> None:
    a = np.zeros(shape)
    np.testing.assert_array_equal(gad.grad(lambda a: np.sum(CALLS[name](a)))(a), a)


@pytest.mark.parametrize("name", CALLS)
def test_layout_and_dtype(name) -> None:
    a = general(4, 4)[::-1, ::-1].T
    check(CALLS[name], a, second=False)
    small = a.astype(np.float32)
    slope = gad.grad(lambda a: np.sum(CALLS[name](a) ** 3))(small)
    assert slope.dtype == np.float32
    np.testing.assert_allclose(slope, gad.grad(lambda a: np.sum(CALLS[name](a) ** 3))(a), rtol=1e-3, atol=1e-3)


def test_parameters_survive_json_and_replay() -> None:
    a = general(3, 3)

    def f(a):
        values, vectors = np.linalg.eigh(a, "U")
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return np.sum(values * vectors) + np.sum(u * s * vh) + np.sum(np.linalg.svd(a, compute_uv=False))

    graph = gad.trace(f, a)
    again = gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict())))
    np.testing.assert_array_equal(again.evaluate(a=2 * a + 1).outputs[0].value, f(2 * a + 1))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: np.linalg.eigh(x), np.linalg.LinAlgError, "square"),
        (lambda x: np.linalg.eigvalsh(x), np.linalg.LinAlgError, "square"),
        (lambda x: np.linalg.svd(x[0]), np.linalg.LinAlgError, "dimensional"),
        (lambda x: np.linalg.eigh(x[:, :2], "x"), ValueError, "UPLO argument must be 'L' or 'U'"),
    ],
)
def test_errors(call, kind, words) -> None:
    with pytest.raises(kind, match=words):
        gad.trace(call, np.ones((2, 3)))
