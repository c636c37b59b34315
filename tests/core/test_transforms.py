"""Every transformation against closed forms, differences, autograd, and the other transformations."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import central

X3 = np.array([0.3, -0.7, 1.2])
SPD = np.array([[3.0, 0.4, 0.1], [0.4, 2.0, 0.3], [0.1, 0.3, 1.5]])
A23 = np.array([[0.4, -1.1, 0.7], [1.3, 0.2, -0.6]])
B32 = np.array([[0.5, 1.5], [-0.3, 0.8], [1.1, -0.9]])

# -- many seeds at once -------------------------------------------------------------------------

# functions of arrays: each takes NumPy (ours, or autograd's) and a point, whose shape is given
VECTORS = {
    "arithmetic": ((3,), lambda xp, x: (x * x + 2.0) / (3.0 - x) - x),
    "power of both": ((3,), lambda xp, x: (x**2 + 1.5) ** x),
    "row and column": ((3,), lambda xp, x: x[:, None] * x[None, :] + x),
    "row against column": ((2, 3), lambda xp, x: x[:, :1] * x[:1, :] - x / 2.0),
    "a scalar against a matrix": ((), lambda xp, x: x * A23 + xp.sin(x)),
    "an axis of one": ((1, 3), lambda xp, x: x + xp.ones((4, 1)) * x**2),
    "two broadcast ways": ((3, 1), lambda xp, x: xp.exp(x) * A23[:, None, :]),
    "elementwise chain": ((3,), lambda xp, x: xp.tanh(xp.sin(x) + xp.log(x**2 + 1.0)) / xp.sqrt(x**2 + 2.0)),
    "where": ((3,), lambda xp, x: xp.where(x > 0, xp.sin(x), x * x * x)),
    "where broadcast": ((3,), lambda xp, x: xp.where(A23 > 0.3, x, 2.0 * x[:1])),
    "maximum minimum": ((3,), lambda xp, x: xp.maximum(x, 0.1) * xp.minimum(x, x[::-1])),
    "clip": ((3,), lambda xp, x: xp.clip(x * x, 0.2, 1.0) + x),
    "max over an axis": ((2, 3), lambda xp, x: xp.max(x * x, axis=1)),
    "min keepdims": ((2, 3), lambda xp, x: x - xp.min(x, axis=0, keepdims=True)),
    "sum over axes": ((2, 3), lambda xp, x: xp.sum(x * x, axis=(0, 1), keepdims=True) * x),
    "sum over a negative axis": ((2, 3), lambda xp, x: xp.sum(xp.exp(x), axis=-1)),
    "mean": ((2, 3), lambda xp, x: x - xp.mean(x * x, axis=-1, keepdims=True)),
    "var": ((2, 3), lambda xp, x: xp.var(x, axis=1, ddof=1)),
    "std": ((2, 3), lambda xp, x: x / xp.std(x, axis=0, keepdims=True)),
    "prod": ((2, 3), lambda xp, x: xp.prod(x + 2.0, axis=0)),
    "cumsum": ((2, 3), lambda xp, x: xp.cumsum(x * x, axis=1)),
    "softmax": ((2, 3), lambda xp, x: xp.exp(x) / xp.sum(xp.exp(x), axis=1, keepdims=True)),
    "an index": ((3,), lambda xp, x: x[1] * x[-1]),
    "slices": ((2, 3), lambda xp, x: x[:, 1:] * x[:, :-1]),
    "a new axis and steps": ((4,), lambda xp, x: x[::-2, None] * x[1::2]),
    "positions, repeated": ((3,), lambda xp, x: xp.sin(x[np.array([0, 2, 2, 1])]) * x[0]),
    "positions in two axes": ((2, 3), lambda xp, x: x[np.array([0, 1, 1]), np.array([2, 0, 0])] ** 2),
    "a mask": ((2, 3), lambda xp, x: x[A23 > 0] * 3.0),
    "matrix by vector": ((3,), lambda xp, x: A23 @ (x * x)),
    "vector by matrix": ((3,), lambda xp, x: x @ B32 * xp.sum(x)),
    "vector by vector": ((3,), lambda xp, x: (x @ x) * x),
    "matrix by matrix": ((2, 3), lambda xp, x: xp.matmul(x, B32) @ x),
    "stacks of matrices": ((2, 2, 2), lambda xp, x: xp.matmul(x, xp.swapaxes(x, -1, -2))),
    "a stack by one matrix": ((2, 2), lambda xp, x: xp.matmul(np.arange(8.0).reshape(2, 2, 2), x) @ x),
    "dot": ((2, 3), lambda xp, x: xp.dot(x, x.T)),
    "outer": ((3,), lambda xp, x: xp.outer(x, xp.sin(x))),
    "inner": ((2, 3), lambda xp, x: xp.inner(x, x)),
    "tensordot": ((2, 3), lambda xp, x: xp.tensordot(x, x, axes=([1], [1]))),
    "einsum": ((2, 3), lambda xp, x: xp.einsum("ij,kj->ik", x, x * x)),
    "einsum with a free sum": ((2, 3), lambda xp, x: xp.einsum("ij,kj->i", x, x)),
    "stack": ((3,), lambda xp, x: xp.stack([x, x * x, xp.sin(x)], axis=1)),
    "concatenate": ((2, 3), lambda xp, x: xp.concatenate([x, x * x, A23], axis=0)),
    "reshape": ((2, 3), lambda xp, x: xp.reshape(x * x, (3, 2)) @ x),
    "transpose": ((2, 3), lambda xp, x: xp.transpose(x) * x[0, 0]),
    "transpose of three axes": ((2, 1, 3), lambda xp, x: xp.transpose(x * x, (2, 0, 1))),
    "moveaxis and squeeze": ((2, 1, 3), lambda xp, x: xp.squeeze(xp.moveaxis(x * x, 2, 0), axis=2)),
    "broadcast_to": ((3,), lambda xp, x: xp.broadcast_to(x * x, (2, 3)) * A23),
    "repeat": ((3,), lambda xp, x: xp.repeat(x * x, 2)),
    "tile": ((3,), lambda xp, x: xp.tile(x * x, (2, 2))),
    "roll": ((3,), lambda xp, x: x * xp.roll(x, 1)),
    "flip": ((2, 3), lambda xp, x: x * xp.flip(x, axis=1)),
    "diag": ((3,), lambda xp, x: xp.diag(x * x) + xp.outer(x, x)),
    "trace": ((3, 3), lambda xp, x: xp.trace(x @ x) * x[0]),
    "triangles": ((3, 3), lambda xp, x: xp.tril(x * x) - xp.triu(x)),
    "sort": ((2, 3), lambda xp, x: xp.sort(x * x, axis=-1)),
    "pad": ((2, 3), lambda xp, x: xp.pad(x * x, ((1, 0), (0, 2)), mode="constant")),
    "solve": ((3,), lambda xp, x: xp.linalg.solve(SPD + xp.diag(x), x)),
    "solve many": ((3, 2), lambda xp, x: xp.linalg.solve(SPD, x * x)),
    "inv": ((3, 3), lambda xp, x: xp.linalg.inv(SPD + x)),
    "det": ((3, 3), lambda xp, x: xp.linalg.det(SPD + x) * x[1]),
    "norm": ((3,), lambda xp, x: x / xp.linalg.norm(x)),
    "custom": ((3,), lambda xp, x: gad_cube(x) * x if xp is np else x**4),
    "split and stacked otherwise": ((4,), lambda xp, x: xp.vstack([part * x[0] for part in xp.split(x, 2)])),
    "hstack": ((2, 3), lambda xp, x: xp.hstack([x, x[:, :1] ** 2])),
    "functions of two": ((3,), lambda xp, x: xp.logaddexp(x, x[:1]) + xp.arctan2(x, x**2 + 1.0)),
    "minimum of equals": ((3,), lambda xp, x: xp.minimum(x * x, x * x) + xp.maximum(0.0, x - x)),
    "absolute": ((2, 3), lambda xp, x: xp.abs(x) ** 1.5),
    "expm1 log1p": ((3,), lambda xp, x: xp.expm1(x) * xp.log1p(x * x)),
    "sum of everything": ((2, 3), lambda xp, x: xp.sum(x**3)),
    "a constant": ((3,), lambda xp, x: 0.0 * x + A23),
    "the point itself": ((2, 3), lambda xp, x: x),
    # autograd has not these, or not for all shapes
    "windows": ((5,), lambda xp, x: np.lib.stride_tricks.sliding_window_view(x * x, 3) @ X3),
    "take_along_axis": ((2, 3), lambda xp, x: np.take_along_axis(x * x, np.argsort(x, axis=1), axis=1)),
    "take": ((2, 3), lambda xp, x: np.take(x * x, [2, 0, 0], axis=1)),
    "delete": ((4,), lambda xp, x: np.delete(x * x, [1, 3])),
    "cholesky": ((3, 3), lambda xp, x: np.linalg.cholesky(SPD + (x + x.T) / 8)),
    "slogdet": ((3, 3), lambda xp, x: np.linalg.slogdet(SPD + x / 4)[1] * x[0]),
    "rot90": ((2, 3), lambda xp, x: np.rot90(x * x)),
    "remainder": ((3,), lambda xp, x: np.remainder(x * 3.0, 1.7) * x),
    "hypot": ((3,), lambda xp, x: np.hypot(x, x[::-1] ** 2)),
    "matrix_power": ((2, 2), lambda xp, x: np.linalg.matrix_power(x, 3)),
    "compress and append": ((4,), lambda xp, x: np.append(np.compress([1, 0, 1, 1], x * x), x)),
    "unstack": ((2, 3), lambda xp, x: np.multiply(*np.unstack(x * x))),
    "extract": ((2, 3), lambda xp, x: np.extract(A23 > 0, x * x)),
    "vecdot": ((2, 3), lambda xp, x: np.vecdot(x, x * x)),
}
BEYOND_AUTOGRAD = {
    *("where broadcast", "broadcast_to", "flip", "sort"),  # it has them for some shapes only, or in one mode
    *("windows", "take_along_axis", "take", "delete", "cholesky", "slogdet", "vecdot", "rot90", "remainder", "hypot"),
    *("matrix_power", "compress and append", "unstack", "extract"),
}

gad_cube = gad.custom(
    lambda x: x * x * x,
    vjp=lambda adjoint, out, x: 3 * adjoint * x**2,
    jvp=lambda tangents, out, x: 3 * tangents[0] * x**2,
)


def point(shape):
    """Numbers without ties, none of them near a kink of the functions above."""
    return np.random.default_rng(sum(shape)).permutation(np.linspace(-1.15, 1.25, int(np.prod(shape)))).reshape(shape)


@pytest.mark.parametrize("name", VECTORS)
def test_many_seeds_at_once_give_what_one_after_the_other_gives(name) -> None:
    shape, function = VECTORS[name]
    x = point(shape)

    def f(x):
        return function(np, x)

    out, pullback = gad.vjp(f, x)
    rows = gad.jacobian(f, mode="rev")(x)
    columns = gad.jacobian(f, mode="fwd")(x)
    assert rows.shape == columns.shape == np.shape(out) + shape
    np.testing.assert_allclose(rows, columns, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(rows, central(f, x), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(gad.jacobian(f)(x), rows if np.size(out) <= x.size else columns)
    for place in np.ndindex(np.shape(out)):
        seed = np.zeros(np.shape(out))
        seed[place] = 1.0
        np.testing.assert_allclose(rows[place], pullback(seed)[0], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(rows[place], gad.grad(lambda x, place=place: f(x)[place])(x), rtol=1e-12, atol=1e-14)
    for place in np.ndindex(shape):
        tangent = np.zeros(shape)
        tangent[place] = 1.0
        np.testing.assert_allclose(columns[(..., *place)], gad.jvp(f, (x,), (tangent,))[1], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", VECTORS)
def test_second_derivatives_of_every_mix_of_modes_agree(name) -> None:
    shape, function = VECTORS[name]
    x = point(shape)

    def f(x):
        return function(np, x)

    weights = np.random.default_rng(1).normal(size=np.shape(f(x)))
    wanted = central(gad.grad(lambda x: np.sum(weights * f(x))), x)
    for outer in ("rev", "fwd"):
        for inner in ("rev", "fwd"):
            second = gad.jacobian(gad.jacobian(f, mode=inner), mode=outer)(x)
            found = np.tensordot(weights, second, axes=weights.ndim)
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6, err_msg=f"{outer} of {inner}")
    np.testing.assert_allclose(gad.hessian(lambda x: np.sum(weights * f(x)))(x), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in VECTORS if name not in BEYOND_AUTOGRAD])
def test_jacobians_are_those_of_autograd(name) -> None:
    shape, function = VECTORS[name]
    x = point(shape)
    wanted = autograd.jacobian(lambda x: function(anp, x))(x)
    np.testing.assert_allclose(gad.jacobian(lambda x: function(np, x))(x), wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", VECTORS)
def test_float32_stays_float32_in_every_transformation(name) -> None:
    shape, function = VECTORS[name]
    x = point(shape).astype(np.float32)[()]

    def f(x):
        return function(np, x) * np.float32(1)

    double = gad.jacobian(f)(point(shape))
    wanted = np.asarray(f(x)).dtype  # some of the functions meet float64 constants
    out, tangent = gad.jvp(f, (x,), (np.ones_like(x)[()],))
    assert np.asarray(out).dtype == np.asarray(tangent).dtype == wanted
    assert np.asarray(gad.elementwise_grad(f)(x)).dtype == np.float32
    for mode in ("rev", "fwd"):
        found = gad.jacobian(f, mode=mode)(x)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, double, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("mode", ["rev", "fwd"])
def test_seeds_that_do_not_fit_at_once_go_in_pieces(mode, monkeypatch) -> None:
    x = np.linspace(0.1, 1.0, 7)

    def f(x):
        return np.cumsum(x) * x

    whole, second = gad.jacobian(f, mode=mode)(x), gad.jacobian(gad.jacobian(f, mode=mode), mode=mode)(x)
    monkeypatch.setattr("graphviz_ad.core.transforms.ENTRIES_AT_ONCE", 15)
    np.testing.assert_array_equal(gad.jacobian(f, mode=mode)(x), whole)
    np.testing.assert_array_equal(gad.jacobian(gad.jacobian(f, mode=mode), mode=mode)(x), second)


# -- every kind of number -----------------------------------------------------------------------

KINDS = [0.7, np.float64(0.7), np.float32(0.7), np.float16(0.5), np.array(0.7), np.array(0.7, np.float32)]


@pytest.mark.parametrize("x", KINDS, ids=lambda x: f"{type(x).__name__} {getattr(x, 'dtype', '')}")
def test_scalars_come_back_as_the_kind_that_they_are(x) -> None:
    def f(x):
        return x * x * x

    one = type(x)(1) if not isinstance(x, np.ndarray) else np.ones_like(x)
    found = {
        "grad": gad.grad(f)(x),
        "value_and_grad": gad.value_and_grad(f)(x)[1],
        "elementwise_grad": gad.elementwise_grad(f)(x),
        "jacobian rev": gad.jacobian(f, mode="rev")(x),
        "jacobian fwd": gad.jacobian(f, mode="fwd")(x),
        "vjp": gad.vjp(f, x)[1](one)[0],
    }
    for name, slope in found.items():
        assert type(slope) is type(x), name
        assert np.asarray(slope).dtype == np.asarray(x).dtype, name
        np.testing.assert_allclose(slope, 3 * x * x, rtol=4 * np.finfo(np.asarray(x).dtype).eps, err_msg=name)
    assert type(gad.hessian(f)(x)) is type(x)
    np.testing.assert_allclose(gad.hessian(f)(x), 6 * x, rtol=1e-2)
    value, tangent = gad.jvp(f, (x,), (one,))
    assert type(value) is type(f(x))
    assert type(tangent) is type(f(x))


@pytest.mark.parametrize("x", [np.float64(0.7), np.array(0.7), 0.7, np.float32(0.7)], ids=lambda x: type(x).__name__)
def test_a_hessian_vector_product_is_of_the_arguments_kind(x) -> None:
    found = gad.hvp(lambda x: x * x * x)(x, x)
    assert np.asarray(found).dtype == np.asarray(x).dtype
    np.testing.assert_allclose(found, 6 * x * x, rtol=1e-6)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_arrays_without_elements(shape) -> None:
    x = np.zeros(shape)
    for mode in ("rev", "fwd", None):
        assert gad.jacobian(lambda x: x * 2, mode=mode)(x).shape == shape + shape
        assert gad.jacobian(lambda x: np.sum(x) + 1.0, mode=mode)(x).shape == shape
        assert gad.jacobian(lambda y: y[:0], mode=mode)(X3).shape == (0, 3)
    assert gad.grad(np.sum)(x).shape == shape
    assert gad.elementwise_grad(np.sin)(x).shape == shape
    assert gad.hessian(lambda x: np.sum(x * x))(x).shape == shape + shape
    assert gad.hvp(lambda x: np.sum(x * x))(x, x).shape == shape
    assert gad.vjp(np.sin, x)[1](x)[0].shape == shape
    assert gad.jvp(np.sin, (x,), (x,))[1].shape == shape


def test_results_of_one_element_have_a_gradient() -> None:
    for shape in ((), (1,), (1, 1)):
        value, slope = gad.value_and_grad(lambda x, s=shape: np.reshape(np.sum(x * x), s))(X3)
        assert np.shape(value) == shape
        np.testing.assert_allclose(slope, 2 * X3)
    np.testing.assert_allclose(gad.hessian(lambda x: np.reshape(np.sum(x**3), (1, 1)))(X3), np.diag(6 * X3))


# -- transformations against each other ---------------------------------------------------------


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_hessian(x):
    """Its closed form (for three variables)."""
    a, b, c = x
    return np.array(
        [
            [1200 * a**2 - 400 * b + 2, -400 * a, 0],
            [-400 * a, 202 + 1200 * b**2 - 400 * c, -400 * b],
            [0, -400 * b, 200],
        ]
    )


def test_the_hessian_is_the_jacobian_of_the_gradient_in_both_modes() -> None:
    wanted = rosenbrock_hessian(X3)
    np.testing.assert_allclose(gad.hessian(rosenbrock)(X3), wanted, rtol=1e-12)
    for mode in ("rev", "fwd", None):
        np.testing.assert_allclose(gad.jacobian(gad.grad(rosenbrock), mode=mode)(X3), wanted, rtol=1e-12)


def test_a_hessian_vector_product_is_the_hessian_times_the_vector() -> None:
    for v in np.eye(3):
        np.testing.assert_allclose(gad.hvp(rosenbrock)(X3, v), rosenbrock_hessian(X3) @ v, rtol=1e-12, atol=1e-12)
    found = gad.hvp(rosenbrock)(X3, np.array([1, 2, 3]))  # ints are directions too
    np.testing.assert_allclose(found, rosenbrock_hessian(X3) @ [1, 2, 3], rtol=1e-12)


def test_hessian_vector_products_by_several_arguments() -> None:
    def f(x, y):
        return np.sum(x * x * y) + y[0] ** 3

    y, u, v = np.array([0.5, 1.5, -2.0]), np.array([1.0, -1.0, 0.5]), np.array([0.2, 0.7, 1.0])
    (xx, xy), (yx, yy) = gad.hessian(f, (0, 1))(X3, y)
    along_x, along_y = gad.hvp(f, (0, 1))(X3, y, (u, v))
    np.testing.assert_allclose(along_x, xx @ u + xy @ v, rtol=1e-12)
    np.testing.assert_allclose(along_y, yx @ u + yy @ v, rtol=1e-12)
    np.testing.assert_allclose(gad.hvp(f, -1)(X3, y, v), yy @ v, rtol=1e-12)
    np.testing.assert_allclose(gad.hvp(lambda x, k, *, scale: scale * np.sum(x**k))(X3, 3, u, scale=2.0), 12 * X3 * u)


def test_pullback_and_pushforward_are_transposes() -> None:
    def f(x, y):
        return {"a": np.sin(x) @ y, "b": (x[0] * y, np.outer(x, y[:, 0]))}

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=3), rng.normal(size=(3, 2))
    tangents = (rng.normal(size=3), rng.normal(size=(3, 2)))
    adjoint = {"a": rng.normal(size=2), "b": (rng.normal(size=(3, 2)), rng.normal(size=(3, 3)))}
    out, pullback = gad.vjp(f, x, y)
    same, moved = gad.jvp(f, (x, y), tangents)
    np.testing.assert_array_equal(out["b"][1], same["b"][1])
    back = pullback(adjoint)
    there = np.sum(adjoint["a"] * moved["a"]) + sum(
        np.sum(a * t) for a, t in zip(adjoint["b"], moved["b"], strict=True)
    )
    assert there == pytest.approx(sum(np.sum(a * t) for a, t in zip(back, tangents, strict=True)), rel=1e-12)


def test_values_are_those_of_the_function_itself() -> None:
    def f(x):
        return np.tanh(x) @ np.exp(x) / 3

    for value in (gad.value_and_grad(f)(X3)[0], gad.vjp(f, X3)[0], gad.jvp(f, (X3,), (X3,))[0]):
        assert value == f(X3)
        assert type(value) is np.float64


def test_elementwise_gradients() -> None:
    np.testing.assert_allclose(gad.elementwise_grad(np.sin)(X3), np.cos(X3))
    np.testing.assert_allclose(gad.elementwise_grad(gad.elementwise_grad(np.sin))(X3), -np.sin(X3))
    np.testing.assert_allclose(gad.elementwise_grad(lambda x: np.outer(x, X3))(X3), np.full(3, X3.sum()))
    both = gad.elementwise_grad(lambda x, y: x * y, (0, 1))(X3, 2.0)
    np.testing.assert_allclose(both[0], [2, 2, 2])
    assert both[1] == pytest.approx(X3.sum())


# -- argnums, keywords, and what passes through -------------------------------------------------


def product(x, y, z):
    return x * y**2 * z**3


@pytest.mark.parametrize("argnums", [0, 2, -1, (0,), (1, 2), (2, 0), [0, -1], np.int64(1)])
def test_argnums(argnums) -> None:
    point = (2.0, 3.0, 5.0)
    partials = [9 * 125.0, 2 * 6 * 125.0, 2 * 9 * 75.0]
    if isinstance(argnums, int | np.integer):
        wanted = partials[argnums]
    else:
        wanted = tuple(partials[n] for n in argnums)
    assert gad.grad(product, argnums)(*point) == wanted
    assert gad.value_and_grad(product, argnums)(*point) == (2 * 9 * 125.0, wanted)
    assert gad.elementwise_grad(product, argnums)(*point) == wanted
    for mode in ("rev", "fwd", None):
        assert gad.jacobian(product, argnums, mode=mode)(*point) == wanted


def test_repeated_argnums_give_the_gradient_as_often() -> None:
    assert gad.grad(lambda x, y: x * y, (0, 0))(2.0, 3.0) == (3.0, 3.0)
    assert gad.grad(lambda x, y: x * y, (0, -2, 1))(2.0, 3.0) == (3.0, 3.0, 2.0)
    assert gad.jacobian(lambda x, y: x * y, (0, 0))(2.0, 3.0) == (3.0, 3.0)
    first, second = gad.grad(lambda x: np.sum(x * x), (0, 0))(X3)
    np.testing.assert_array_equal(first, second)
    first[0] = 9  # each its own
    assert second[0] == 2 * X3[0]


def test_what_holds_no_float_passes_through() -> None:
    def f(x, n, flag, word, nothing, function, *, shift):
        assert type(n) is int
        assert flag is True
        assert word == "sum"
        assert nothing is None
        return getattr(np, word)(function(x) * n) + shift

    args = (X3, 3, True, "sum", None, np.sin)
    np.testing.assert_allclose(gad.grad(f)(*args, shift=1.0), 3 * np.cos(X3))
    np.testing.assert_allclose(gad.jacobian(f)(*args, shift=1.0), 3 * np.cos(X3))
    np.testing.assert_allclose(gad.hessian(f)(*args, shift=1.0), np.diag(-3 * np.sin(X3)))
    np.testing.assert_allclose(gad.hvp(f)(*args, X3, shift=1.0), -3 * np.sin(X3) * X3)
    _, pullback = gad.vjp(f, *args, shift=1.0)
    slope, *rest = pullback(1.0)
    np.testing.assert_allclose(slope, 3 * np.cos(X3))
    assert rest == [None] * 5


def test_tangents_of_what_holds_no_float() -> None:
    def f(x, n, positions, word):
        return x[positions] * n if word else x

    args = (X3, 3, np.array([0, 2]), "yes")
    for still in ((None, None, None), (0, np.zeros(2), None)):
        _, tangent = gad.jvp(f, args, (X3, *still))
        np.testing.assert_allclose(tangent, 3 * X3[[0, 2]])
    with pytest.raises(gad.ArgumentError, match="argument 1 is 3, no float, and cannot move: its tangent must be None"):
        gad.jvp(f, args, (X3, 1.0, None, None))


def test_constants_are_not_differentiated() -> None:
    def f(d, scale):
        return d["a"] * d["b"] * scale

    arguments = ({"a": 2.0, "b": gad.constant(3.0)}, gad.constant(5.0))
    assert gad.grad(f)(*arguments) == {"a": 15.0, "b": None}
    assert gad.vjp(f, *arguments)[1](1.0) == ({"a": 15.0, "b": None}, None)
    assert gad.value_and_grad(lambda x: gad.constant(2.0))(1.0) == (2.0, 0.0)
    with pytest.raises(gad.InputError):
        gad.grad(lambda x: x * x)(gad.constant(2.0))


# -- results that are no computation at all -----------------------------------------------------


def test_a_result_that_is_the_argument_itself() -> None:
    assert gad.value_and_grad(lambda x: x)(2.0) == (2.0, 1.0)
    np.testing.assert_array_equal(gad.jacobian(lambda x: x)(X3), np.eye(3))
    np.testing.assert_array_equal(gad.jacobian(lambda x: x, mode="fwd")(X3), np.eye(3))
    np.testing.assert_array_equal(gad.vjp(lambda x: (x, x), X3)[1]((X3, X3))[0], 2 * X3)
    seed = X3.copy()
    slope = gad.vjp(lambda x: x, X3)[1](seed)[0]
    slope[0] = 99  # the seed is not handed back
    assert seed[0] == X3[0]
    tangent = gad.jvp(lambda x: x, (X3,), (seed,))[1]
    tangent[0] = 99
    assert seed[0] == X3[0]


@pytest.mark.parametrize("constant", [3.0, np.float64(3), np.ones(2), np.zeros((0,))])
def test_a_result_that_depends_on_nothing(constant) -> None:
    shape = np.shape(constant)
    for mode in ("rev", "fwd", None):
        found = gad.jacobian(lambda x: constant, mode=mode)(X3)
        assert found.shape == (*shape, 3)
        assert not found.any()
    _, pullback = gad.vjp(lambda x: constant, X3)
    np.testing.assert_array_equal(pullback(np.ones(shape))[0], np.zeros(3))
    out, tangent = gad.jvp(lambda x: constant, (X3,), (X3,))
    np.testing.assert_array_equal(out, constant)
    np.testing.assert_array_equal(tangent, np.zeros(shape))


def test_a_result_that_depends_on_some_arguments() -> None:
    np.testing.assert_array_equal(gad.grad(lambda x, y: y * 2.0, (0, 1))(X3, 1.0)[0], np.zeros(3))
    first, second = gad.jacobian(lambda x, y: y * y, (0, 1))(X3, X3)
    assert not first.any()
    np.testing.assert_allclose(second, np.diag(2 * X3))
    (xx, xy), (yx, yy) = gad.hessian(lambda x, y: np.sum(y**2) + x, (0, 1))(1.0, X3)
    assert xx == 0
    assert not xy.any()
    assert not yx.any()
    np.testing.assert_allclose(yy, 2 * np.eye(3))
    np.testing.assert_array_equal(gad.hessian(lambda x: np.sum(x))(X3), np.zeros((3, 3)))
    np.testing.assert_array_equal(gad.hvp(lambda x: np.sum(x))(X3, X3), np.zeros(3))


@pytest.mark.parametrize("f", [lambda x: x > 0, np.argsort, lambda x: 3, lambda x: True, lambda x: x.astype(int)])
def test_bool_and_int_results(f) -> None:
    out, pullback = gad.vjp(f, X3)
    np.testing.assert_array_equal(pullback(np.ones(np.shape(out)))[0], np.zeros(3))
    same, tangent = gad.jvp(f, (X3,), (X3,))
    np.testing.assert_array_equal(same, out)
    np.testing.assert_array_equal(tangent, np.zeros(np.shape(out)))
    for transformation in (gad.grad, gad.value_and_grad, gad.elementwise_grad, gad.jacobian, gad.hessian):
        with pytest.raises(TypeError, match=r"a bool|an int"):
            transformation(f)(X3)


# -- pullbacks ----------------------------------------------------------------------------------


def test_a_pullback_is_used_as_often_as_one_likes() -> None:
    _, pullback = gad.vjp(lambda x: x * x, X3)
    first = pullback(np.ones(3))[0]
    gad.grad(lambda x: np.sum(x))(X3)
    doubled = pullback(np.full(3, 2.0))[0]
    first[:] = 0  # the caller's to change
    np.testing.assert_allclose(doubled, 4 * X3)
    np.testing.assert_allclose(pullback(np.ones(3))[0], 2 * X3)


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_argument_changed_before_the_pullback_does_no_harm(order) -> None:
    for shape in ((3,), (64, 64)):
        x = np.full(shape, 2.0, order=order)
        _, pullback = gad.vjp(lambda x: x * x, x)
        x[..., 0] = 5
        np.testing.assert_array_equal(pullback(np.ones(shape))[0], np.full(shape, 4.0))


def test_a_result_changed_before_the_pullback_does_no_harm() -> None:
    out, pullback = gad.vjp(np.exp, X3)
    try:
        out -= 5.0
    except ValueError:
        return  # a result that cannot be written does no harm either
    np.testing.assert_allclose(pullback(np.ones(3))[0], np.exp(X3))


def test_names_and_documentation_are_the_functions_own() -> None:
    def loss(x):
        """Of no use."""
        return x

    for transformation in (gad.grad, gad.value_and_grad, gad.elementwise_grad, gad.jacobian, gad.hessian, gad.hvp):
        made = transformation(loss)
        assert (made.__name__, made.__doc__) == ("loss", "Of no use.")


# -- errors -------------------------------------------------------------------------------------

TRANSFORMATIONS = (gad.grad, gad.value_and_grad, gad.elementwise_grad, gad.jacobian, gad.hessian, gad.hvp)


@pytest.mark.parametrize("transformation", TRANSFORMATIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("argnums", [(), [], True, (0, True), 0.0, (0.0,), "0", None, {0}, np.bool_(True)], ids=repr)
def test_argnums_that_are_none(transformation, argnums) -> None:
    with pytest.raises(gad.ArgumentError, match="argnums must be an int or a tuple of ints, not"):
        transformation(lambda x: x, argnums)


@pytest.mark.parametrize("transformation", TRANSFORMATIONS[:-1], ids=lambda f: f.__name__)
@pytest.mark.parametrize("argnums", [2, -3, (0, 2)], ids=repr)
def test_argnums_out_of_range(transformation, argnums) -> None:
    with pytest.raises(gad.ArgumentError, match=r"argnums=(2|-3) is out of range: .* 2 positional arguments"):
        transformation(lambda x, y: x, argnums)(1.0, 2.0)


@pytest.mark.parametrize("transformation", TRANSFORMATIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("value", [3.0, None, X3], ids=["number", "None", "array"])
def test_what_is_no_function(transformation, value) -> None:
    name = transformation.__name__
    with pytest.raises(gad.ArgumentError, match=rf"write gad.{name}\(f\)\(x\), not gad.{name}\(f\(x\)\)"):
        transformation(value)


def test_unknown_modes_are_named() -> None:
    with pytest.raises(gad.ArgumentError, match=r"unknown mode: 'reverse' \(must be one of \['rev', 'fwd', None\]\)"):
        gad.jacobian(np.sin, mode="reverse")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gad.vjp(np.sin, X3)[1](np.ones(2)), r"the adjoint has shape \(2,\); it must have the shape \(3,\)"),
        (lambda: gad.vjp(np.sin, X3)[1](1.0), r"the adjoint has shape \(\); it must have the shape \(3,\)"),
        (lambda: gad.vjp(np.sin, 1.0)[1](np.ones(1)), r"the adjoint has shape \(1,\)"),
        (lambda: gad.vjp(np.sin, 1.0)[1]("1"), "must be a number or an array of numbers, not '1'"),
        (lambda: gad.vjp(np.sin, 1.0)[1](1j), "must be a number or an array of numbers, not 1j"),
        (lambda: gad.vjp(np.sin, 1.0)[1](None), "not None"),
        (lambda: gad.vjp(np.sin, 1.0)[1](v for v in [1.0]), "must be a number or an array of numbers"),
        (lambda: gad.vjp(lambda x: (x, x), 1.0)[1](1.0), r"structure of the result; they differ at \[0\]"),
        (lambda: gad.vjp(lambda x: (x, x), 1.0)[1]((1.0,)), r"structure of the result; they differ at \[1\]"),
        (lambda: gad.vjp(lambda x: {"a": x}, 1.0)[1]({"a": 1.0, "b": 1.0}), "they differ at b"),
        (lambda: gad.vjp(lambda x: {"a": [x]}, X3)[1]({"a": [1.0]}), r"the adjoint at a\[0\] has shape \(\)"),
    ],
)
def test_seeds_that_do_not_fit(call, words) -> None:
    with pytest.raises(gad.SeedError, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gad.jvp(np.sin, (X3,), (np.ones(2),)), r"tangent of argument 0 has shape \(2,\)"),
        (lambda: gad.jvp(np.sin, (X3,), (1.0,)), r"it must have the shape \(3,\) of argument 0"),
        (lambda: gad.jvp(np.sin, (X3,), ()), "of one length.*got 1 and 0"),
        (lambda: gad.jvp(np.sin, X3, X3), "primals must be a tuple with one entry per argument"),
        (lambda: gad.jvp(np.sin, (X3,), X3), "tangents must be a tuple with one entry per argument"),
        (lambda: gad.jvp(np.multiply, (1.0, 2.0), (1.0, None)), "tangent of argument 1 .* not None"),
        (lambda: gad.jvp(lambda d: d["a"], ({"a": 1.0, "b": 2.0},), ({"a": 1.0},)), "they differ at b"),
        (lambda: gad.jvp(lambda d: d["a"], ({"a": X3},), ({"a": 1.0},)), r"tangent of argument 0 at a has shape \(\)"),
        (lambda: gad.jvp(3.0, (1.0,), (1.0,)), "f must be a function, not 3.0"),
        (lambda: gad.vjp(3.0, 1.0), "f must be a function, not 3.0"),
        (lambda: gad.hvp(np.sum)(X3), r"takes f's arguments and then v: gad.hvp\(f\)\(x, v\)"),
        (lambda: gad.hvp(np.sum)(X3, np.ones(2)), r"has shape \(2,\); it must have the shape \(3,\)"),
        (lambda: gad.hvp(np.multiply, (0, 1))(1.0, 2.0, 1.0), "v must be a tuple of 2"),
    ],
)
def test_tangents_that_do_not_fit(call, words) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()


@pytest.mark.parametrize("transformation", [gad.grad, gad.elementwise_grad, gad.jacobian, gad.hessian])
@pytest.mark.parametrize("result", [None, 1j, np.ones(2) * 1j, "text", {1.0}], ids=repr)
def test_results_that_have_no_derivative(transformation, result) -> None:
    with pytest.raises(gad.OutputError):
        transformation(lambda x: result)(1.0)


@pytest.mark.parametrize("transformation", [gad.grad, gad.elementwise_grad, gad.jacobian, gad.hessian])
def test_generators_are_refused(transformation) -> None:
    with pytest.raises(gad.OutputError, match="generator"):
        transformation(lambda x: (x * k for k in range(3)))(1.0)
    with pytest.raises(gad.InputError, match="generator, into which nothing can look"):
        transformation(lambda x: sum(x))(v for v in [1.0, 2.0])


@pytest.mark.parametrize("argument", [2, True, np.arange(3), 1j, np.ones(2) * 1j, np.complex128(1), [1, 2]], ids=repr)
def test_integer_and_complex_inputs_are_type_errors(argument) -> None:
    for transformation in (*TRANSFORMATIONS[:-1],):
        with pytest.raises(TypeError, match=r"real numbers|2\.0 instead of 2|astype\(float\)|holds no float"):
            transformation(lambda x: x)(argument)


def test_the_users_own_error_comes_through_and_leaves_nothing() -> None:
    def boom(x):
        raise ZeroDivisionError("mine")

    for call in (
        lambda: gad.grad(boom)(1.0),
        lambda: gad.jacobian(boom)(X3),
        lambda: gad.vjp(boom, 1.0),
        lambda: gad.jvp(boom, (1.0,), (1.0,)),
        lambda: gad.hvp(boom)(1.0, 1.0),
    ):
        with pytest.raises(ZeroDivisionError, match="mine"):
            call()
    assert gad.grad(np.sin)(0.0) == 1.0
