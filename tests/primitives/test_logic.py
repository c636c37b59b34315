"""Comparisons, logic, steps and positions: NumPy's values in every argument form, no derivative, faithful replay."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.primitive import REGISTRY

X = np.array([[0.5, -1.5, 0.0], [2.5, 2.5, -3.0]])
Y = np.array([0.5, 1.0, -0.0])


def node_of(f, x):
    """The node of a result without derivative, which is no output of its own."""
    kept = []

    def probe(x):
        kept.append(f(x))
        return np.sum(x)

    gad.vjp(probe, x)
    return kept[0]


def check(f, x=X):
    expected, got = f(x), node_of(f, x)
    np.testing.assert_array_equal(got.value, expected)
    assert got.dtype == np.asarray(expected).dtype
    assert got.primitive.kind == "plain"


@pytest.mark.parametrize("name", ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"])
def test_comparisons(name) -> None:
    f = getattr(np, name)
    for other in (Y, 0.5, 1, np.float32(0.5), [0.5, 1.0, 0.0], True):
        check(lambda x: f(x, other))  # noqa: B023
        check(lambda x: f(other, x))  # noqa: B023
    check(lambda x: f(x, np.nan * x))
    check(lambda x: f(x, 0.5), 0.5)


def test_comparison_operators() -> None:
    for f in (
        lambda x: x < Y,
        lambda x: x <= 0.5,
        lambda x: x > Y,
        lambda x: x >= 0.5,
        lambda x: x == Y,
        lambda x: x != 0.5,
        lambda x: (x > 0) & (x < 2),
        lambda x: (x > 0) | (Y > 0),
        lambda x: (x > 0) ^ True,
        lambda x: ~(x > 0),
    ):
        check(f)


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_logic(name) -> None:
    f = getattr(np, name)
    check(lambda x: f(x, Y))
    check(lambda x: f(x > 0, True))


@pytest.mark.parametrize(
    "name", ["logical_not", "isnan", "isfinite", "isinf", "signbit", "sign", "floor", "ceil", "trunc", "rint"]
)
def test_of_one_number(name) -> None:
    f = getattr(np, name)
    for x in (X, X.astype(np.float32), np.array([np.nan, np.inf, -np.inf, -0.0, 0.5]), 1.5, np.float32(-1.5)):
        check(f, x)
    check(lambda x: f(x[:0]))


def test_bits_of_ints_have_no_rule() -> None:
    check(lambda x: np.bitwise_and(x > 0, x < 2))
    with pytest.raises(gad.UnsupportedError, match="bitwise_and"):
        node_of(lambda x: np.floor(x).astype(int) & 1, X)


# -- steps --------------------------------------------------------------------------------------


def test_floor_division() -> None:
    for f in (
        lambda x: x // 0.75,
        lambda x: 7 // (x + 10),
        lambda x: np.floor_divide(x, Y + 2),
        lambda x: np.floor_divide(Y, 2 + x * x),
    ):
        check(f)
    assert gad.grad(lambda x: x * (x // 2.0) + x % 2.0)(5.5) == 3.0  # the quotient counts as a constant


def test_rounding() -> None:
    x = np.array([0.125, 2.675, -1.5, 149.5])
    for f in (
        lambda x: np.round(x),
        lambda x: np.round(x, 2),
        lambda x: np.round(x, decimals=-2),
        lambda x: np.around(x, 1),
        lambda x: x.round(2),
    ):
        check(f, x)
    check(np.round, 2.5)
    with pytest.raises(gad.ImmutableError, match="out="):
        node_of(lambda x: np.round(x, 1, np.zeros(4)), x)


@pytest.mark.parametrize("f", [np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, lambda x: x // 0.7])
def test_steps_send_nothing(f) -> None:
    x = np.array([0.3, -1.2, 2.0])
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(f(x) * x))(x), f(x))
    np.testing.assert_array_equal(gad.jvp(lambda x: f(x) * x, (x,), (np.ones(3),))[1], f(x))
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(f(x)))(x), np.zeros(3))


# -- positions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions_of_extremes(name) -> None:
    f = getattr(np, name)
    for call in (
        f,
        lambda x: f(x, None),
        lambda x: f(x, 1),
        lambda x: f(x, axis=-2),
        lambda x: f(x, axis=0, keepdims=True),
        lambda x: f(x, axis=None, keepdims=True),
        lambda x: getattr(x, name)(),
        lambda x: getattr(x, name)(axis=np.int64(1)),
        lambda x: f(np.array([np.nan, 1.0]) * x[0, :2]),
    ):
        check(call)
    with pytest.raises(gad.ImmutableError, match="out="):
        node_of(lambda x: f(x, 0, np.zeros(3, int)), X)
    with pytest.raises(ValueError, match="empty"):
        node_of(lambda x: f(x[:0]), X)


@pytest.mark.parametrize("name", ["any", "all"])
def test_truth_over_axes(name) -> None:
    f = getattr(np, name)
    for call in (
        lambda x: f(x > 0),
        lambda x: f(x),
        lambda x: f(x > 0, 0),
        lambda x: f(x > 0, axis=(0, 1)),
        lambda x: f(x > 0, axis=(-1,), keepdims=True),
        lambda x: f(x > 0, -1, None, True),
        lambda x: getattr(x > 0, name)(axis=1),
        lambda x: f(x[:0] > 0),
    ):
        check(call)
    with pytest.raises(gad.UnsupportedError, match=rf"np.{name}\(..., where=...\).*mask"):
        node_of(lambda x: f(x > 0, where=x < 2), X)
    with pytest.raises(gad.ImmutableError, match="out="):
        node_of(lambda x: f(x > 0, 0, np.zeros(3, bool)), X)


def test_counting() -> None:
    for call in (
        np.count_nonzero,
        lambda x: np.count_nonzero(x > 0, axis=0),
        lambda x: np.count_nonzero(x > 0, axis=(0, 1), keepdims=True),
        lambda x: np.count_nonzero(x[:0]),
    ):
        check(call)
    assert gad.grad(lambda x: np.sum(x) / np.count_nonzero(x > 0))(X)[0, 0] == 1 / 3


def test_order() -> None:
    x = np.random.default_rng(0).integers(0, 5, size=(4, 300)).astype(float)
    for call in (
        np.argsort,
        lambda x: np.argsort(x, 0),
        lambda x: np.argsort(x, axis=-2),
        lambda x: np.argsort(x, axis=None),
        lambda x: np.argsort(x, kind="stable"),
        lambda x: np.argsort(x, kind="heapsort"),
        lambda x: np.argsort(x, stable=True),
        lambda x: x.argsort(),
        lambda x: x.argsort(axis=0),
    ):
        check(call, x)
    with pytest.raises(gad.UnsupportedError, match=r"np.argsort\(..., order=...\)"):
        node_of(lambda x: np.argsort(x, order="a"), X)


@pytest.mark.parametrize("x", [X, X.astype(np.float32), 0.5])
def test_closeness_and_equality(x) -> None:
    near = np.asarray(x) + np.float32(1e-9)
    for call in (
        lambda x: np.isclose(x, near),
        lambda x: np.isclose(near, x, 0.0, 0.0),
        lambda x: np.isclose(x, near * 1.1, rtol=0.2),
        lambda x: np.isclose(x * np.nan, np.nan, equal_nan=True),
        lambda x: np.allclose(x, near),
        lambda x: np.allclose(x, x + 1, atol=2),
        lambda x: np.array_equal(x, near),
        lambda x: np.array_equal(x, x),
        lambda x: np.array_equal(x, np.zeros(7)),
        lambda x: np.array_equal(x * np.nan, x * np.nan, equal_nan=True),
        lambda x: np.array_equiv(x, x),
        lambda x: np.fix(x),
    ):
        check(call, x)


def test_closeness_is_a_guard_where_python_asks_for_its_truth() -> None:
    def f(x):
        return x * 2 if np.allclose(x, 1.0) else x * 3

    assert (gad.grad(f)(1.0), gad.grad(f)(2.0)) == (2.0, 3.0)
    graph = gad.trace(f, 1.0)
    assert graph.evaluate(x=1.0 + 1e-12).outputs[0].value == 2 * (1.0 + 1e-12)  # the guard holds
    assert graph.evaluate(x=2.0).outputs[0].value == 6.0  # it fails, and f runs again
    with pytest.raises(gad.ReplayError, match="saw True before and sees False now"):
        gad.Graph.from_dict(graph.to_dict()).evaluate(x=2.0)
    many = gad.trace(lambda x: np.sum(np.where(np.isclose(x, 1.0), x, x * x)), np.array([1.0, 2.0]))
    assert many.evaluate(x=np.array([3.0, 1.0])).outputs[0].value == 10.0


# -- replay -------------------------------------------------------------------------------------


def test_everything_replays_at_other_inputs() -> None:
    def f(x):
        steps = np.floor(x) + np.sign(x) + np.round(x, 1) + x // 0.7 + np.trunc(x) + np.rint(x)
        places = np.argmax(x) + np.argmin(x, axis=0, keepdims=True) + np.argsort(x, stable=True)
        truths = np.any(x > 1) + np.all(x > -5, axis=(0,)) + np.count_nonzero(x > 0) + np.isnan(x)
        return np.sum(x * (steps + places + truths))

    x, other = np.array([0.5, -1.25, 3.0]), np.array([-2.5, 0.75, 0.1])
    graph = gad.trace(f, x)
    assert graph.outputs[0].value == f(x)
    replayed = graph.evaluate(x=other)
    assert replayed.outputs[0].value == f(other)
    again = gad.Graph.from_dict(graph.to_dict())
    assert again.evaluate(x=other).outputs[0].value == f(other)


def test_a_primitive_without_derivative_has_no_active_edge() -> None:
    for primitive in REGISTRY.values():
        if primitive.kind == "plain":
            assert not any(primitive.active(argnum) for argnum in range(3))


# -- casts --------------------------------------------------------------------------------------


def test_casts_between_floats_have_a_derivative_and_others_are_breaks() -> None:
    x = np.array([0.5, -1.5])
    slope = gad.grad(lambda x: np.sum(x.astype(np.float32) ** 2))(x)
    assert slope.dtype == np.float64
    np.testing.assert_array_equal(slope, 2 * x)
    many = gad.jacobian(lambda x: x.astype(np.float32), mode="rev")(x)
    np.testing.assert_array_equal(many, gad.jacobian(lambda x: x.astype(np.float32), mode="fwd")(x))
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(x * x.astype(int)))(x), x.astype(int))
    with pytest.raises(gad.InputError, match="only numbers and bools"):
        gad.grad(lambda x: np.sum(x.astype("S3")))(x)
