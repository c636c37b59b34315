"""Reductions: NumPy's values and errors for every argument form, and derivatives to second order, zeros included."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from autograd.differential_operators import make_jvp

import graphviz_ad as gad
from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.primitives.reductions import normal_axis, stretch
from tests.primitives.derivatives import check_no_promotion, record

X = np.random.default_rng(0).normal(size=(2, 3, 2))
MASK = np.arange(12).reshape(2, 3, 2) % 5 != 0
NAMES = ["sum", "mean", "prod", "max", "min", "amax", "amin", "var", "std"]
AXES = [
    {},
    {"axis": None},
    {"axis": 0},
    {"axis": -1},
    {"axis": np.int64(1)},
    {"axis": (0, 2)},
    {"axis": (-1, 0)},
    {"axis": (0, 1, 2)},
    {"axis": None, "keepdims": True},
    {"axis": 1, "keepdims": True},
    {"axis": (1, -1), "keepdims": True},
]


def weighted(f):
    """A scalar that depends on every element of f's result."""

    def total(x):
        y = f(x)
        return np.sum(y * np.cos(np.arange(float(y.size))).reshape(y.shape))

    return total


def numeric(f, x, h=1e-6):
    """The gradient of a scalar function by central differences."""
    found = np.zeros(x.shape)
    for position in np.ndindex(x.shape):
        moved = np.zeros(x.shape)
        moved[position] = h
        found[position] = (f(x + moved) - f(x - moved)) / (2 * h)
    return found


def check(f, x, *, second=True):
    """Value, both modes, many seeds at once, float32 and second order of one form."""
    expected, (got, _) = f(x), gad.vjp(f, x)
    np.testing.assert_array_equal(got, expected)
    assert type(got) is type(expected)
    slope = gad.grad(weighted(f))(x)
    np.testing.assert_allclose(slope, numeric(weighted(f), x), rtol=1e-6, atol=1e-8)
    direction = np.random.default_rng(1).normal(size=x.shape)
    pushed = gad.jvp(weighted(f), (x,), (direction,))[1]
    np.testing.assert_allclose(pushed, np.sum(slope * direction), rtol=1e-10)
    reverse, forward = gad.jacobian(f, mode="rev")(x), gad.jacobian(f, mode="fwd")(x)
    assert reverse.shape == forward.shape == np.shape(expected) + x.shape
    np.testing.assert_allclose(reverse, forward, rtol=1e-10, atol=1e-12)
    small = x.astype(np.float32)
    found = gad.grad(weighted(lambda v: f(v) ** 2))(small)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(gad.vjp(f, small)[0], f(small))
    assert gad.vjp(f, small)[0].dtype == f(small).dtype
    if second:
        hessian = gad.hessian(weighted(f))(x)
        near = numeric(lambda v: np.sum(gad.grad(weighted(f))(v) * direction), x)
        np.testing.assert_allclose(np.tensordot(direction, hessian, x.ndim), near, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", AXES, ids=str)
def test_every_form_of_the_axis(name, form) -> None:
    check(lambda x: getattr(np, name)(x, **form), X)


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "var", "std"])
def test_methods_and_positional_arguments(name) -> None:
    f = getattr(np, name)
    for call in (
        lambda x: getattr(x, name)(),
        lambda x: getattr(x, name)(1),
        lambda x: getattr(x, name)(axis=(0, 1), keepdims=True),
        lambda x: f(x, 1),
        lambda x: f(x, -1, None),
    ):
        check(call, X, second=False)
    if name in ("sum", "mean", "prod", "var", "std"):
        check(lambda x: f(x, 0, np.float64), X, second=False)
        check(lambda x: f(x, 0, None, None), X, second=False)


def test_positional_arguments_to_the_end() -> None:
    check(lambda x: np.sum(x, 0, None, None, True, 2.5, MASK), X, second=False)
    check(lambda x: np.prod(x, 0, None, None, True, 2.5, MASK), X, second=False)
    check(lambda x: np.max(x, 0, None, True, -0.1, MASK), X, second=False)
    check(lambda x: np.var(x, 0, None, None, 1, True), X, second=False)


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "var", "std"])
@pytest.mark.parametrize(
    "form", [{}, {"axis": 1}, {"axis": (0, 2), "keepdims": True}, {"axis": (0, 1), "dtype": float}], ids=str
)
@pytest.mark.parametrize("mask", [MASK, MASK[:1, :1] | MASK[0], MASK[:, :1, 1:2] | True], ids=["whole", "rows", "all"])
def test_a_mask(name, form, mask) -> None:
    check(lambda x: getattr(np, name)(x, where=mask, **form), X)


def test_a_traced_mask_replays() -> None:
    def f(x):
        return np.mean(x * x, where=x > 0) + np.sum(x, where=x < -1)

    x = np.array([1.0, -0.5, -2.0, 3.0])
    np.testing.assert_allclose(gad.grad(f)(x), [1, 0, 1, 3])
    graph = gad.trace(f, x)
    other = np.array([-1.5, 2.0, 4.0, -3.0])
    assert graph.evaluate(x=other).outputs[0].value == f(other)
    np.testing.assert_allclose(graph.evaluate(x=other).backward()["x"].adjoint, gad.grad(f)(other))


def test_masked_out_elements_send_nothing_even_where_they_are_nan() -> None:
    x = np.array([1.0, np.nan, 3.0])
    for name in ("sum", "mean", "prod", "var", "std"):
        slope = gad.grad(lambda x: getattr(np, name)(x, where=~np.isnan(x)))(x)  # noqa: B023
        assert slope[1] == 0.0
        assert np.all(np.isfinite(slope))
        assert np.isfinite(gad.jvp(lambda x: getattr(np, name)(x, where=~np.isnan(x)), (x,), (x,))[1])  # noqa: B023
    np.testing.assert_array_equal(gad.grad(lambda x: np.std(x, where=x == 1.0))(x), [np.nan, 0, 0])


@pytest.mark.parametrize("name", ["sum", "prod"])
@pytest.mark.parametrize("initial", [2.5, 3, np.float32(0.5), np.array(1.5)], ids=repr)
def test_an_initial_value(name, initial) -> None:
    check(lambda x: getattr(np, name)(x, axis=1, initial=initial), X)
    check(lambda x: getattr(np, name)(x, initial=initial, where=MASK), X)
    assert gad.trace(lambda x: getattr(np, name)(x, initial=initial), X).to_dict()


@pytest.mark.parametrize("name", ["max", "min"])
def test_largest_with_initial_and_mask(name) -> None:
    f = getattr(np, name)
    for form in ({}, {"axis": 1}, {"axis": (0, -1), "keepdims": True}):
        check(lambda x: f(x, initial=0.2, **form), X, second=False)  # noqa: B023
        check(lambda x: f(x, initial=-0.1, where=MASK, **form), X, second=False)  # noqa: B023
        check(lambda x: f(x, initial=0, where=x < 5, **form), X, second=False)  # noqa: B023
    assert gad.grad(lambda start: f(np.array([1.0, 2.0]), initial=1.0) * start)(2.0)
    empty = np.zeros((0, 3))
    np.testing.assert_array_equal(gad.vjp(lambda x: f(x, axis=0, initial=1.0) + 0 * np.sum(x), empty)[0], np.ones(3))


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("form", [{"ddof": 1}, {"ddof": 0.5}, {"correction": 1}, {"ddof": np.int64(1)}], ids=str)
def test_degrees_of_freedom(name, form) -> None:
    check(lambda x: getattr(np, name)(x, axis=1, **form), X)
    check(lambda x: getattr(np, name)(x, axis=(0, 1), where=MASK, **form), X)


def test_values_are_numpys_on_ints_and_bools() -> None:
    x = np.array([0.5, -1.5, 2.0, 3.5])
    for name in ("sum", "mean", "max", "prod", "var", "std"):
        for discrete in (lambda x: x > 0, lambda x: np.floor(x).astype(int)):
            if name != "prod":
                expected = getattr(np, name)(discrete(x))
                assert gad.vjp(lambda x: getattr(np, name)(discrete(x)) + 0 * x[0], x)[0] == expected  # noqa: B023
    assert gad.grad(lambda x: np.mean(x > 0) * np.sum(x))(x)[0] == 0.75


def test_single_precision_in_sum_of_doubles() -> None:
    total, slope = gad.value_and_grad(lambda x: np.sum(x, dtype=np.float32))(X)
    assert total.dtype == np.float32
    assert total == np.sum(X, dtype=np.float32)
    assert slope.dtype == np.float64
    np.testing.assert_array_equal(slope, np.ones(X.shape))


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "var", "std"])
def test_against_autograd_in_both_modes(name) -> None:
    ours, theirs = getattr(np, name), getattr(anp, name)
    for form in ({}, {"axis": 1}, {"axis": (0, 2), "keepdims": True}):
        expected = autograd.grad(lambda x: anp.sum(anp.sin(theirs(x, **form))))(X)  # noqa: B023
        np.testing.assert_allclose(gad.grad(lambda x: np.sum(np.sin(ours(x, **form))))(X), expected, rtol=1e-10)  # noqa: B023
        # autograd's forward modes of the others fail for some axes
        if name in ("sum", "mean"):
            direction = np.cos(X)
            pushed = make_jvp(lambda x: theirs(x, **form))(X)(direction)[1]  # noqa: B023
            np.testing.assert_allclose(gad.jvp(lambda x: ours(x, **form), (X,), (direction,))[1], pushed, rtol=1e-10)  # noqa: B023


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "var", "std", "cumsum"])
def test_a_rule_does_not_promote_float32(name) -> None:
    primitive = REGISTRY[name]
    x = X.astype(np.float32)
    params = {"axis": 1} if name == "cumsum" else {"axis": -1, "keepdims": False}
    for mask in [()] if name in ("max", "min", "cumsum") else [(), (MASK,)]:
        check_no_promotion(record(primitive, (x, *mask), params))


# -- sizes --------------------------------------------------------------------------------------


def test_scalars() -> None:
    for x in (1.5, np.float64(1.5), np.float32(1.5), np.array(1.5)):
        for name in ("sum", "mean", "prod", "max", "min"):
            for form in ({}, {"axis": None}, {"axis": ()}, {"axis": 0}, {"axis": -1}):
                if name == "mean" and form.get("axis") in (0, -1):
                    continue  # NumPy's own error
                value, slope = gad.value_and_grad(lambda x: getattr(np, name)(x, **form))(x)  # noqa: B023
                assert value == 1.5
                assert slope == 1.0
                assert type(slope) is type(x)
        assert gad.grad(np.var)(x) == 0.0


def test_nothing_to_reduce() -> None:
    empty = np.zeros((0, 3))
    assert gad.grad(np.sum)(empty).shape == (0, 3)
    assert gad.grad(np.prod)(empty).shape == (0, 3)
    for name in ("sum", "prod"):
        value, pullback = gad.vjp(lambda x: getattr(np, name)(x, axis=0), empty)  # noqa: B023
        np.testing.assert_array_equal(value, getattr(np, name)(empty, axis=0))
        assert pullback(np.ones(3))[0].shape == (0, 3)
    for name in ("mean", "max", "std"):
        assert gad.jacobian(lambda x: getattr(np, name)(x, axis=1), mode="rev")(empty).shape == (0, 0, 3)  # noqa: B023
    with pytest.raises(ValueError, match="zero-size array"):
        gad.grad(np.max)(empty)


def test_errors_are_numpys() -> None:
    with pytest.raises(np.exceptions.AxisError):
        gad.grad(lambda x: np.sum(np.sum(x, axis=5)))(X)
    with pytest.raises(ValueError, match="duplicate"):
        gad.grad(lambda x: np.sum(np.sum(x, axis=(0, 0))))(X)
    with pytest.raises(ValueError, match="simultaneously"):
        gad.grad(lambda x: np.var(x, ddof=1, correction=1))(X)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.var(x, mean=np.mean(x, keepdims=True)), r"np.var\(..., mean=...\).*Leave it out"),
        (lambda x: np.sum(x, initial=x[0, 0, 0]), r"np.sum\(..., initial=...\).*initial \+ np.sum\(x\)"),
        (lambda x: np.max(x, where=MASK), r"np.max\(..., where=...\).*initial"),
        (lambda x: np.sum(x, out=np.zeros(())), r"out=...\) would write"),
        (lambda x: np.sum(x, None, None, np.zeros(())), r"out=...\) would write"),
        (lambda x: np.cumsum(x, 0, None, np.zeros(())), r"out=...\) would write"),
    ],
)
def test_what_has_no_rule_is_named(call, words) -> None:
    with pytest.raises(gad.GraphvizADError, match=words):
        gad.trace(lambda x: call(x) + np.sum(x), X)


# -- product ------------------------------------------------------------------------------------


@pytest.mark.parametrize("zeros", [(), (1,), (0, 3), (0, 1, 3)])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8])
def test_products_with_zeros_to_third_order(zeros, length) -> None:
    """The product is linear in each element, so every derivative is the product of the others, zeros or not."""
    x = np.arange(2.0, 2.0 + length)
    x[[i for i in zeros if i < length]] = 0.0
    np.testing.assert_array_equal(gad.grad(np.prod)(x), [np.prod(np.delete(x, i)) for i in range(length)])
    hessian = [[0.0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(length)] for i in range(length)]
    np.testing.assert_array_equal(gad.hessian(np.prod)(x), hessian)
    third = gad.jacobian(gad.hessian(np.prod))(x)
    for i, j, k in np.ndindex(third.shape):
        expected = np.prod(np.delete(x, [i, j, k])) if len({i, j, k}) == 3 else 0.0
        assert third[i, j, k] == expected


def test_products_over_axes_with_zeros() -> None:
    x = X.copy()
    x[0, 1, 1] = x[1, 0, 0] = x[1, 2, 0] = x[1, 2, 1] = 0.0
    for form in ({}, {"axis": 1}, {"axis": (0, 2)}, {"axis": (-1, 0), "keepdims": True}, {"axis": 2, "where": MASK}):
        check(lambda x: np.prod(x, **form), x)  # noqa: B023


# -- variance -----------------------------------------------------------------------------------


def test_variance_of_equal_numbers() -> None:
    x = np.full(4, 1.5)
    np.testing.assert_array_equal(gad.grad(np.var)(x), np.zeros(4))
    np.testing.assert_allclose(gad.hessian(np.var)(x), np.eye(4) / 2 - 1 / 8)
    assert np.all(np.isnan(gad.grad(np.std)(x)))  # 0/0: a corner, like |x| in four dimensions


# -- largest and smallest -----------------------------------------------------------------------


@pytest.mark.parametrize(("f", "sign"), [(np.max, 1.0), (np.min, -1.0)])
def test_ties_share_equally_in_both_modes(f, sign) -> None:
    x = sign * np.array([[3.0, 3.0, 1.0], [2.0, 5.0, 5.0]])
    np.testing.assert_array_equal(gad.grad(lambda x: f(x))(x), [[0, 0, 0], [0, 0.5, 0.5]])
    rows = np.array([[0.5, 0.5, 0], [0, 0.5, 0.5]])
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(f(x, axis=1)))(x), rows)
    np.testing.assert_array_equal(gad.jvp(lambda x: f(x, axis=1), (x,), (np.ones((2, 3)),))[1], [1, 1])
    np.testing.assert_array_equal(gad.hessian(f)(x), np.zeros((2, 3, 2, 3)))


def test_an_infinite_adjoint_reaches_the_largest_alone() -> None:
    np.testing.assert_array_equal(gad.grad(lambda x: np.sqrt(np.max(x)))(np.array([-1.0, 0.0])), [0, np.inf])


def test_nan_among_the_elements() -> None:
    x = np.array([[1.0, np.nan, 2.0], [1.0, 2.0, 3.0]])
    for name in ("max", "min", "sum", "mean", "prod", "var", "std"):
        f = getattr(np, name)
        np.testing.assert_array_equal(gad.vjp(lambda x: f(x, axis=1), x)[0], f(x, axis=1))  # noqa: B023
        if name in ("max", "min", "var", "std"):
            slope = gad.grad(lambda x: np.sum(f(x, axis=1)))(x)  # noqa: B023
            assert np.all(np.isnan(slope[0]))
            assert np.all(np.isfinite(slope[1]))
    np.testing.assert_array_equal(gad.grad(np.sum)(x), np.ones((2, 3)))


# -- running sum --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.cumsum(x),
        lambda x: np.cumsum(x, axis=None),
        lambda x: np.cumsum(x, 0),
        lambda x: np.cumsum(x, axis=-1),
        lambda x: np.cumsum(x, axis=1, dtype=float),
        lambda x: x.cumsum(),
        lambda x: x.cumsum(axis=-2),
    ],
)
def test_running_sums(f) -> None:
    check(f, X)
    check(lambda x: np.cumsum(x) ** 2, X[0, 0])


def test_running_sums_of_scalars_and_nothing() -> None:
    assert gad.vjp(np.cumsum, 2.0)[0] == np.array([2.0])
    assert gad.grad(lambda x: np.cumsum(x)[0])(2.0) == 1.0
    assert gad.jacobian(lambda x: np.cumsum(x, axis=0))(np.zeros((0, 2))).shape == (0, 2, 0, 2)
    with pytest.raises(np.exceptions.AxisError):
        gad.trace(lambda x: np.cumsum(x, axis=2), np.ones(3))


# -- shapes -------------------------------------------------------------------------------------


def test_axes_are_normalised() -> None:
    assert normal_axis(None, 3) == (0, 1, 2)
    assert normal_axis((-1, 0), 3) == (0, 2)
    assert normal_axis([1], 3) == (1,)
    assert normal_axis(0, 0) == ()


def test_stretching_keeps_leading_axes_in_front() -> None:
    many = np.arange(6.0).reshape(2, 3)
    found = stretch(many, (3, 4), 1, lead=(2,))
    assert found.shape == (2, 3, 4)
    np.testing.assert_array_equal(found[..., 0], many)
    np.testing.assert_array_equal(found[..., 3], many)
    assert stretch(1.0, (2, 3), None).shape == (2, 3)
    assert stretch(np.ones(3), (2, 3), 0).shape == (2, 3)
