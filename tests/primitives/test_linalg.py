"""Linear algebra: values, both modes and second order, at regular and at singular matrices; products and powers."""

from __future__ import annotations

import json

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import central, check, check_no_promotion

RNG = np.random.default_rng(0)


def regular(*shape):
    return np.random.default_rng(3).normal(size=shape) + 2.0 * np.eye(shape[-1])


def definite(n, *stack):
    half = np.random.default_rng(4).normal(size=(*stack, n, n))
    return half @ np.swapaxes(half, -1, -2) + n * np.eye(n)


SQUARE = [(1, 1), (2, 2), (3, 3), (2, 2, 2), (2, 1, 2, 2)]


# -- inverse and solution -----------------------------------------------------------------------


@pytest.mark.parametrize("shape", SQUARE)
def test_inv(shape) -> None:
    check(np.linalg.inv, regular(*shape))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((2, 2), (2,)),
        ((2, 2), (2, 2)),  # one matrix, never two vectors
        ((3, 3), (3, 1)),
        ((3, 2, 2), (2,)),
        ((3, 2, 2), (2, 3)),
        ((2, 2, 2), (2, 2)),
        ((2, 2), (3, 2, 1)),
        ((2, 1, 2, 2), (3, 2, 2)),
    ],
)
def test_solve(left, right) -> None:
    a, b = regular(*left), np.random.default_rng(0).normal(size=right)
    check(np.linalg.solve, a, b)
    np.testing.assert_array_equal(gad.grad(lambda a: np.sum(np.linalg.solve(a, b)))(a).shape, left)
    np.testing.assert_array_equal(gad.grad(lambda b: np.sum(np.linalg.solve(a, b)))(b).shape, right)


def test_solve_with_ints() -> None:
    a = regular(2, 2)
    check(lambda a: np.linalg.solve(a, [1, 2]), a)
    check(lambda b: np.linalg.solve(np.array([[2, 1], [1, 3]]), b), np.array([1.0, 2.0]))


def test_against_autograd() -> None:
    a, b = regular(3, 3), np.random.default_rng(0).normal(size=(3, 2))
    for name in ("inv", "det", "norm"):
        ours = gad.grad(lambda a, name=name: np.sum(np.sin(getattr(np.linalg, name)(a))))(a)
        theirs = autograd.grad(lambda a, name=name: anp.sum(anp.sin(getattr(anp.linalg, name)(a))))(a)
        np.testing.assert_allclose(ours, theirs, rtol=1e-11)
    for argnum in (0, 1):
        ours = gad.grad(lambda a, b: np.sum(np.linalg.solve(a, b) ** 2), argnum)(a, b)
        theirs = autograd.grad(lambda a, b: anp.sum(anp.linalg.solve(a, b) ** 2), argnum)(a, b)
        np.testing.assert_allclose(ours, theirs, rtol=1e-11)
    ours = gad.grad(lambda a: np.linalg.slogdet(a)[1])(a)
    np.testing.assert_allclose(ours, autograd.grad(lambda a: anp.linalg.slogdet(a)[1])(a), rtol=1e-12)
    spd = definite(3)
    ours = gad.grad(lambda a: np.sum(np.sin(np.linalg.cholesky(a))))(spd)
    theirs = autograd.grad(lambda a: anp.sum(anp.sin(anp.linalg.cholesky(a))))(spd)
    np.testing.assert_allclose(ours, theirs, rtol=1e-11)


# -- determinant --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SQUARE)
def test_det(shape) -> None:
    check(np.linalg.det, regular(*shape))
    check(lambda a: np.exp(0.1 * np.linalg.det(a)), regular(*shape))


SINGULAR = {
    "rank 1 of 2": np.array([[1.0, 2.0], [2.0, 4.0]]),
    "rank 0 of 2": np.zeros((2, 2)),
    "rank 2 of 3": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
    "zero row": np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [7.0, 8.0, 10.0]]),
    "rank 1 of 3": np.outer([1.0, 2.0, -1.0], [3.0, 0.5, 2.0]),
    "rank 0 of 3": np.zeros((3, 3)),
    "rank 2 of 4": np.outer([1.0, 2, 3, 4], [1.0, 0, 2, 1]) + np.outer([0.0, 1, 1, 5], [2.0, 1, 0, 3]),
    "a stack": np.stack([np.eye(2), np.array([[1.0, 2.0], [2.0, 4.0]]), np.zeros((2, 2))]),
}


def cofactors(a):
    """By their definition: determinants of what is left without a row and a column."""
    n = len(a)
    minors = [
        [np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) * (-1) ** (i + j) for j in range(n)] for i in range(n)
    ]
    return np.array(minors)


@pytest.mark.parametrize("name", SINGULAR)
def test_det_of_singular_matrices(name) -> None:
    a = SINGULAR[name]
    found = gad.grad(lambda a: np.sum(np.linalg.det(a)))(a)
    wanted = cofactors(a) if a.ndim == 2 else np.stack([cofactors(one) for one in a])
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    check(np.linalg.det, a, atol=1e-5)  # second order too


def test_third_derivative_of_det() -> None:
    a = regular(3, 3)
    directions = RNG.normal(size=(2, 3, 3))

    def second(a):
        first = gad.jvp(lambda a: gad.jvp(np.linalg.det, (a,), (directions[0],))[1], (a,), (directions[1],))[1]
        return first

    np.testing.assert_allclose(gad.grad(second)(a), central(second, a), rtol=1e-6, atol=1e-8)
    fourth = gad.grad(lambda a: np.sum(gad.grad(second)(a) * directions[0]))(a)
    np.testing.assert_allclose(fourth, np.zeros((3, 3)), atol=1e-12)  # a cubic has no fourth derivative
    with pytest.raises(gad.UnsupportedError, match=r"third derivative of np\.linalg\.det.*singular"):
        gad.grad(second)(SINGULAR["rank 2 of 3"])


def test_det_of_small_and_large_numbers() -> None:
    """The product det · inverse would overflow or be 0 × inf here; the cofactors are plain numbers."""
    np.testing.assert_allclose(gad.grad(np.linalg.det)(np.diag([1e200, 1e-200])), np.diag([1e-200, 1e200]), rtol=1e-12)
    np.testing.assert_allclose(gad.grad(np.linalg.det)(np.diag([1e-200, 1e-200])), np.diag([1e-200] * 2), rtol=1e-12)
    wide = np.diag([1e200, 1e200, 1e-200, 1e-200])  # whose determinant is 1
    np.testing.assert_allclose(np.diag(gad.grad(np.linalg.det)(wide)), 1 / np.diag(wide), rtol=1e-12)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_nan_stays_with_its_matrix() -> None:
    stack = np.stack([np.eye(2), np.full((2, 2), np.nan), [[1.0, np.inf], [0.0, 1.0]]])
    found = gad.grad(lambda a: np.sum(np.linalg.det(a)))(stack)
    np.testing.assert_allclose(found[0], np.eye(2), atol=1e-15)
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize("shape", SQUARE)
def test_slogdet(shape) -> None:
    a = regular(*shape)
    check(lambda a: np.linalg.slogdet(a)[1], a)
    check(lambda a: np.linalg.slogdet(-a).logabsdet, a, second=False)
    result = gad.trace(lambda a: tuple(np.linalg.slogdet(a)), a).outputs
    np.testing.assert_array_equal(result[0].value, np.linalg.slogdet(a).sign)


def test_slogdet_is_numpys_own_tuple_with_a_plain_sign() -> None:
    kinds = []

    def f(a):
        result = np.linalg.slogdet(a)
        kinds.append(type(result))
        sign, logarithm = result
        return result.sign * np.exp(result.logabsdet) + 0 * sign * logarithm

    a = regular(3, 3)
    np.testing.assert_allclose(gad.grad(f)(a), gad.grad(np.linalg.det)(a), rtol=1e-12)
    assert kinds == [type(np.linalg.slogdet(np.eye(1)))]
    np.testing.assert_array_equal(gad.grad(lambda a: np.linalg.slogdet(a).sign + 0 * np.sum(a))(a), np.zeros((3, 3)))


def test_slogdet_of_a_singular_matrix() -> None:
    a = np.array([[1.0, 2.0], [2.0, 4.0]])
    assert gad.trace(lambda a: np.linalg.slogdet(a)[1], a).outputs[0].value == -np.inf
    with pytest.raises(gad.ArgumentError, match=r"is singular, .*Use np\.linalg\.det, which has one"):
        gad.grad(lambda a: np.linalg.slogdet(a)[1])(a)


# -- Cholesky factor ----------------------------------------------------------------------------


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("stack", [(), (2,), (2, 1)])
def test_cholesky(upper, stack) -> None:
    a = definite(3, *stack)
    # differences only along symmetric directions: NumPy reads one triangle
    check(lambda x: np.linalg.cholesky(x + np.swapaxes(x, -1, -2), upper=upper), a)


@pytest.mark.parametrize("upper", [False, True])
def test_the_gradient_of_cholesky_is_symmetric(upper) -> None:
    a = definite(3)
    weights = RNG.normal(size=(3, 3))
    gradient = gad.grad(lambda a: np.sum(weights * np.linalg.cholesky(a, upper=upper)))(a)
    np.testing.assert_allclose(gradient, gradient.T, rtol=1e-12)
    direction = RNG.normal(size=(3, 3))
    _, change = gad.jvp(lambda a: np.linalg.cholesky(a, upper=upper), (a,), (direction,))
    _, same = gad.jvp(lambda a: np.linalg.cholesky(a, upper=upper), (a,), (0.5 * (direction + direction.T),))
    np.testing.assert_allclose(change, same, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(np.sum(weights * change), np.sum(gradient * direction), rtol=1e-10)
    other = np.triu(change, 1) if not upper else np.tril(change, -1)
    np.testing.assert_array_equal(other, np.zeros((3, 3)))


def test_cholesky_reads_one_triangle_as_numpy_does() -> None:
    a = definite(3)
    a[0, 2] = 77.0
    np.testing.assert_array_equal(gad.vjp(np.linalg.cholesky, a)[0], np.linalg.cholesky(a))


def test_cholesky_gives_the_log_determinant() -> None:
    a = definite(3)
    by_factor = gad.grad(lambda a: 2 * np.sum(np.log(np.einsum("ii->i", np.linalg.cholesky(a)))))(a)
    np.testing.assert_allclose(by_factor, gad.grad(lambda a: np.linalg.slogdet(a)[1])(a), rtol=1e-11)


# -- powers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [-2, -1, 0, 1, 2, 3, 4, 7, np.int64(5)])
@pytest.mark.parametrize("shape", [(2, 2), (2, 3, 3)])
def test_matrix_power(power, shape) -> None:
    check(lambda a: np.linalg.matrix_power(a, power) + 0 * a, regular(*shape) / 2)


# -- tensors as matrices, products ----------------------------------------------------------------


@pytest.mark.parametrize(("shape", "ind"), [((2, 2, 4), 2), ((4, 2, 2), 1), ((2, 3, 3, 2), 2)])
def test_tensorinv(shape, ind) -> None:
    a = np.random.default_rng(2).normal(size=shape)
    check(lambda a: np.linalg.tensorinv(a, ind), a, rtol=1e-5, atol=1e-5, second=False)
    check(lambda a: np.linalg.tensorinv(a, ind=ind), regular(4, 4).reshape(2, 2, 4) if ind == 2 else a, second=False)


@pytest.mark.parametrize(
    ("left", "right", "axes"),
    [((2, 3, 6), (2, 3), None), ((4, 2, 2), (4,), None), ((2, 6, 3), (2, 3), (1,)), ((3, 3), (3,), None)],
)
def test_tensorsolve(left, right, axes) -> None:
    size = int(np.prod(right))
    a = regular(size, size)
    a = np.moveaxis(a.reshape(*right, size), -1, axes[0]) if axes else a.reshape(left)
    assert a.shape == left
    b = np.random.default_rng(0).normal(size=right)
    check(lambda a, b: np.linalg.tensorsolve(a, b, axes=axes), a, b, rtol=1e-5)


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 3), (3, 4)],
        [(2, 3), (3, 4), (4, 2)],
        [(9, 2), (2, 9), (9, 2)],
        [(2, 2), (2, 2), (2, 2)],
        [(3,), (3, 4), (4, 2)],
        [(2, 3), (3, 4), (4,)],
        [(3,), (3, 4), (4,)],
        [(3,), (3,)],
        [(5, 2), (2, 6), (6, 1), (1, 4)],
        [(2, 2), (2, 2), (2, 2), (2, 2)],
        [(3,), (3, 2), (2, 5), (5, 3), (3,)],
    ],
)
def test_multi_dot(shapes) -> None:
    arrays = [np.random.default_rng(n).normal(size=shape) for n, shape in enumerate(shapes)]
    check(lambda *arrays: np.linalg.multi_dot(arrays), *arrays, second=len(arrays) == 3)


def test_multi_dot_takes_the_cheapest_order() -> None:
    column, row = np.ones((9, 1)), np.ones((1, 9))
    graph = gad.trace(lambda u, v, w: np.linalg.multi_dot([u, v, w]), column, row, column)
    assert [node.shape for node in graph.nodes if node.primitive] == [(1, 1), (9, 1)]
    graph = gad.trace(lambda a, b, c, d: np.linalg.multi_dot([a, b, c, d]), row, column, row, column)
    assert [node.shape for node in graph.nodes if node.primitive] == [(1, 1), (1, 1), (1, 1)]


def test_the_names_in_linalg_take_the_last_two_axes() -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 4))
    for offset in (0, 1, -1):
        check(lambda x, k=offset: np.linalg.trace(x, offset=k), x)
        check(lambda x, k=offset: np.linalg.diagonal(x, offset=k), x)
    y = np.random.default_rng(2).normal(size=(3,))
    check(lambda x, y: np.linalg.cross(x, y, axis=-1), np.random.default_rng(1).normal(size=(2, 3)), y)
    check(lambda x, y: np.linalg.cross(x, y, axis=0), np.random.default_rng(1).normal(size=(3, 2)), np.ones((3, 2)))


# -- dtypes, sizes, graphs, errors --------------------------------------------------------------

CALLS = {
    "inv": np.linalg.inv,
    "solve": lambda a: np.linalg.solve(a, a[0]),
    "solve matrix": lambda a: np.linalg.solve(a, a),
    "det": np.linalg.det,
    "slogdet": lambda a: np.linalg.slogdet(a)[1],
    "cholesky": np.linalg.cholesky,
}


@pytest.mark.parametrize("name", CALLS)
def test_float32_is_never_promoted(name) -> None:
    a = definite(3).astype(np.float32)
    graph = gad.trace(CALLS[name], a)
    for node in graph.nodes:
        record = graph.records[node.id]
        if record.primitive is not None and record.differentiable:
            check_no_promotion(record)


@pytest.mark.parametrize("name", ["inv", "solve matrix", "det", "slogdet", "cholesky"])
@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2), (2, 0, 0)])
def test_empty_matrices(name, shape) -> None:
    a = np.zeros(shape)
    np.testing.assert_array_equal(gad.grad(lambda a: np.sum(CALLS[name](a)))(a), a)


def test_parameters_survive_json() -> None:
    a = definite(2)

    def f(a):
        return np.linalg.cholesky(a, upper=True) + np.linalg.solve(a, a[0])

    graph = gad.trace(f, a)
    again = gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict())))
    np.testing.assert_array_equal(again.evaluate(a=2 * a).outputs[0].value, f(2 * a))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: np.linalg.inv(x), np.linalg.LinAlgError, "square"),
        (lambda x: np.linalg.det(x), np.linalg.LinAlgError, "square"),
        (lambda x: np.linalg.slogdet(x), np.linalg.LinAlgError, "square"),
        (lambda x: np.linalg.cholesky(x), np.linalg.LinAlgError, "square"),
        (lambda x: np.linalg.matrix_power(x, 2), np.linalg.LinAlgError, "square"),
        (lambda x: np.linalg.inv(x[0]), np.linalg.LinAlgError, "dimensional"),
        (lambda x: np.linalg.inv(np.zeros((2, 2)) * x[0, 0]), np.linalg.LinAlgError, "Singular"),
        (lambda x: np.linalg.cholesky(-np.eye(2) * x[0, 0] ** 2), np.linalg.LinAlgError, "positive definite"),
        (lambda x: np.linalg.solve(np.eye(2) * x[0, 0], np.ones(3)), ValueError, "mismatch"),
        (lambda x: np.linalg.tensorinv(x, 0), ValueError, "Invalid ind"),
        (lambda x: np.linalg.tensorsolve(x, np.ones(2)), np.linalg.LinAlgError, "requirement"),
        (lambda x: np.linalg.multi_dot([x]), ValueError, "at least two"),
        (lambda x: np.linalg.multi_dot([x, np.ones(3), x]), np.linalg.LinAlgError, "must be two-dimensional"),
        (lambda x: np.linalg.multi_dot([x, np.ones((2, 2)), np.ones((2, 3))]), ValueError, "not aligned"),
        (lambda x: np.linalg.multi_dot([x, 2, x]), np.linalg.LinAlgError, "must be two-dimensional"),
        (lambda x: np.linalg.multi_dot([2.0, x, x.T]), np.linalg.LinAlgError, "must be two-dimensional"),
        (lambda x: np.linalg.multi_dot([x[None], x.T, x]), np.linalg.LinAlgError, "must be two-dimensional"),
        (lambda x: np.linalg.cross(x[:, :2], x[:, :2]), ValueError, "3-dimensional vectors"),
    ],
)
def test_errors(call, kind, words) -> None:
    with pytest.raises(kind, match=words):
        gad.trace(call, np.ones((2, 3)))
