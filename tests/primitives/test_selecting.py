"""Picking, repeating, sorting and padding: every argument form, in every mode and order of derivative."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.moves import check_moves
from tests.thinned import thinned

RNG = np.random.default_rng(6)
ROW, TABLE, BLOCK = (RNG.normal(size=shape) for shape in ((4,), (3, 4), (2, 3, 3)))
PLACES = np.array([[2, 0, 0], [1, 3, -1], [0, 0, 0]])

CASES = [
    (lambda x: np.repeat(x, 2), TABLE),
    (lambda x: np.repeat(x, 3, axis=-1), TABLE),
    (lambda x: np.repeat(x, [1, 0, 2], 0), TABLE),
    (lambda x: np.repeat(x, np.array([2]), axis=0), TABLE),
    (lambda x: np.repeat(x, 0), ROW),
    (lambda x: np.repeat(x, 3), 0.5),
    (lambda x: x.repeat(2, 1), TABLE),
    (lambda x: np.tile(x, 2), TABLE),
    (lambda x: np.tile(x, (2, 3)), ROW),
    (lambda x: np.tile(x, [2]), TABLE),
    (lambda x: np.tile(x, (1, 2, 1, 2)), TABLE),
    (lambda x: np.tile(x, 3), 0.5),
    (lambda x: np.tile(x, (0, 2)), ROW),
    (lambda x: np.take(x, 5), TABLE),
    (lambda x: np.take(x, [[0, 5], [5, -1]]), TABLE),
    (lambda x: np.take(x, [0, 2, 2], 0), TABLE),
    (lambda x: np.take(x, -1, axis=-1), TABLE),
    (lambda x: np.take(x, [], axis=1), TABLE),
    (lambda x: np.take(x, PLACES, axis=1), TABLE),
    (lambda x: np.take(x, [9, -7, 4], axis=1, mode="wrap"), TABLE),
    (lambda x: np.take(x, [9, -7, 4], mode="clip", axis=0), TABLE),
    (lambda x: np.take(x, [99, 1], None, None, "clip"), TABLE),
    (lambda x: x.take([1, 1]), TABLE),
    (lambda x: np.take(x, np.argmax(x, axis=1), axis=1), TABLE),
    (lambda x: np.take(x, np.argmax(x) + 9, mode="wrap"), ROW),
    (lambda x: np.take_along_axis(x, PLACES, 1), TABLE),
    (lambda x: np.take_along_axis(x, PLACES[:1] % 3, axis=0), TABLE[:, :3]),
    (lambda x: np.take_along_axis(x, np.array([5, 5, 0]), None), TABLE),
    (lambda x: np.take_along_axis(x, np.argsort(x, axis=0), axis=0), TABLE),
    (lambda x: np.take_along_axis(x, np.expand_dims(np.argmax(x, -1), -1), -1), TABLE),
    (lambda x: np.compress([True, False, True], x, axis=0), TABLE),
    (lambda x: np.compress([0, 1], x, -1), TABLE),
    (lambda x: np.compress([0, 1, 1], x), TABLE),
    (lambda x: np.compress(x[0] > 0.1, x, axis=1), TABLE),
    (lambda x: np.extract(TABLE > 0, x), TABLE),
    (lambda x: np.extract(x > 0.1, x), TABLE),
    (lambda x: np.delete(x, 1), TABLE),
    (lambda x: np.delete(x, [0, -1], axis=1), TABLE),
    (lambda x: np.delete(x, slice(0, 2), 0), TABLE),
    (lambda x: np.delete(x, np.array([True, False, True]), 0), TABLE),
    (lambda x: np.resize(x, (2, 7)), TABLE),
    (lambda x: np.resize(x, 3), TABLE),
    (lambda x: np.rot90(x), TABLE),
    (lambda x: np.rot90(x, -1, axes=(2, 0)), BLOCK),
    (lambda x: np.sort(x), TABLE),
    (lambda x: np.sort(x, 0), TABLE),
    (lambda x: np.sort(x, axis=None), TABLE),
    (lambda x: np.sort(x, kind="mergesort"), ROW),
    (lambda x: np.sort(x, stable=True), ROW),
    (lambda x: np.partition(x, 2), TABLE),
    (lambda x: np.partition(x, [0, 1], axis=0), TABLE),
    (lambda x: np.partition(x, kth=5, axis=None), TABLE),
    (lambda x: np.diag(x), ROW),
    (lambda x: np.diag(x, 1), ROW),
    (lambda x: np.diag(x, k=-2), TABLE),
    (lambda x: np.diag(x), TABLE),
    (lambda x: np.diagflat(x, 1), TABLE[:2, :2]),
    (lambda x: np.diagonal(x), TABLE),
    (lambda x: np.diagonal(x, -1, axis1=1, axis2=0), TABLE),
    (lambda x: np.diagonal(x, 1, 0, 2), BLOCK),
    (lambda x: x.diagonal(), TABLE),
    (lambda x: np.trace(x), TABLE),
    (lambda x: np.trace(x, 1, axis1=1, axis2=-1), BLOCK),
    (lambda x: np.trace(x, offset=9), TABLE),
    (lambda x: x.trace(), TABLE),
    (lambda x: np.tril(x), TABLE),
    (lambda x: np.tril(x, -1), BLOCK),
    (lambda x: np.triu(x, k=1), TABLE),
    (lambda x: np.triu(x), ROW),
]


@pytest.mark.parametrize(("f", "x"), CASES)
def test_values_and_derivatives(f, x) -> None:
    check_moves(f, np.abs(np.asarray(x)[()]) + 0.05)


PADS = [
    (1,),
    ((1, 2),),
    (((1, 0), (0, 2)),),
    ([[1], [2]],),
    (np.array([[1, 0], [0, 2]]), "constant"),
    (0,),
    (1, "constant", {"constant_values": 3}),
    (1, "constant", {"constant_values": (1.5, 2.5)}),
    (((1, 2), (3, 4)), "constant", {"constant_values": ((1, 2), (3, 4))}),
    (2, "edge"),
    (2, "reflect"),
    (7, "reflect"),
    (3, "reflect", {"reflect_type": "even"}),
    (2, "reflect", {"reflect_type": "odd"}),
    (5, "symmetric"),
    (2, "symmetric", {"reflect_type": "odd"}),
    (6, "wrap"),
    (((0, 2), (1, 0)), "wrap"),
    (2, "linear_ramp"),
    (((0, 2), (3, 0)), "linear_ramp", {"end_values": ((1, 2), (3, 4))}),
    (2, "mean"),
    (2, "mean", {"stat_length": 2}),
    (2, "mean", {"stat_length": ((1, 2), (3, 1))}),
    (2, "mean", {"stat_length": None}),
]


@pytest.mark.parametrize("arguments", thinned([(pad,) for pad in PADS], 3))
def test_padding(arguments) -> None:
    *rest, options = arguments if isinstance(arguments[-1], dict) else (*arguments, {})
    check_moves(lambda x: np.pad(x, *rest, **options), TABLE)
    check_moves(lambda x: np.pad(x, *rest, **options), np.array([[0.5, 1.5]]))


def test_padding_by_axis() -> None:
    if tuple(int(n) for n in np.__version__.split(".")[:2]) >= (2, 3):
        check_moves(lambda x: np.pad(x, {-1: 2, 0: (0, 1)}), TABLE)
    else:
        pytest.skip("NumPy 2.3 brought dictionaries")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.pad(x, 1, "empty"), r"np.pad\(..., mode='empty'\) at line .* write mode='constant'"),
        (lambda x: np.pad(x, 1, mode="maximum"), r"np.max\(x, axis, keepdims=True\)"),
        (lambda x: np.pad(x, 1, mode="median"), r"np.median\(x, axis, keepdims=True\)"),
        (lambda x: np.pad(x, 1, lambda *_: None), "np.concatenate the border"),
        (lambda x: np.pad(x, 1, constant_values=x[0, 0]), r"np.pad\(..., constant_values=...\) with a traced value"),
        (lambda x: np.pad(x, 1, constant_values=(0.0, x[0, 0])), r"constant_values=...\) with a traced value"),
        (lambda x: np.sort(x, order="name"), r"np.sort\(..., order=...\) names fields"),
        (lambda x: np.partition(x, 1, order="name"), r"np.partition\(..., order=...\) names fields"),
        (lambda x: np.take(x, [0], 0, np.zeros((1, 4))), r"np.take\(..., out=...\)"),
        (lambda x: np.trace(x, 0, 0, 1, None, np.zeros(())), r"np.trace\(..., out=...\)"),
    ],
)
def test_what_has_no_rule_says_what_to_write(call, words) -> None:
    with pytest.raises((gad.UnsupportedError, gad.ImmutableError), match=words):
        gad.grad(lambda x: np.sum(call(x)))(TABLE)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.take(x, 12),
        lambda x: np.take(x, [3], axis=0),
        lambda x: np.take_along_axis(x, PLACES[0], 0),
        lambda x: np.repeat(x, [1, 2], axis=0),
        lambda x: np.pad(x, -1),
        lambda x: np.pad(x, 1.5),
        lambda x: np.pad(x, ((1, 1), (1, 1), (1, 1))),
        lambda x: np.pad(x, 1, "around"),
        lambda x: np.pad(x, 1, "edge", constant_values=1),
        lambda x: np.sort(x, kind="bogo"),
        lambda x: np.delete(x, 4, axis=0),
        lambda x: np.diagonal(x, 0, 0, 0),
    ],
)
def test_what_numpy_refuses_is_numpys_error(call) -> None:
    with pytest.raises((ValueError, IndexError, TypeError)) as plain:
        call(TABLE)
    with pytest.raises(type(plain.value)) as traced:
        gad.grad(lambda x: np.sum(call(x)))(TABLE)
    assert not isinstance(traced.value, gad.GraphvizADError)


EMPTY = [
    lambda x: np.repeat(x, 2, 1),
    lambda x: np.tile(x, (2, 2)),
    lambda x: np.take(x, [0, 1], 1),
    lambda x: np.sort(x, 0),
    lambda x: np.sort(x, None),
    np.tril,
    np.diagonal,
    np.trace,
    lambda x: np.pad(x, 1),
    lambda x: np.diag(x[:, 0]),
]


@pytest.mark.parametrize("f", EMPTY)
def test_arrays_without_elements(f) -> None:
    check_moves(f, np.zeros((0, 3)))


# -- what is taken at ties, and beside infinities -----------------------------------------------


def test_equal_elements_are_sorted_as_they_stand() -> None:
    x = np.array([2.0, 1.0, 2.0, 1.0, 2.0] * 8)
    weights = np.arange(float(x.size))
    wanted = np.empty(x.size)
    wanted[np.argsort(x, kind="stable")] = weights
    for kind in (None, "quicksort", "stable"):
        gradient = gad.grad(lambda v, kind=kind: np.sum(np.sort(v, kind=kind) * weights))(x)
        np.testing.assert_array_equal(gradient, wanted)
        tangent = gad.jvp(lambda v, kind=kind: np.sort(v, kind=kind), (x,), (weights,))[1]
        np.testing.assert_array_equal(tangent, weights[np.argsort(x, kind="stable")])


def test_equal_elements_are_partitioned_as_a_stable_sort_ranks_them() -> None:
    x = np.random.default_rng(2).integers(0, 9, 200).astype(float)
    wanted = np.zeros(200)
    wanted[np.argsort(x, kind="stable")[50]] = 1.0
    np.testing.assert_array_equal(gad.grad(lambda v: np.partition(v, 50)[50])(x), wanted)
    out, tangent = gad.jvp(lambda v: np.partition(v, 50), (x,), (x,))
    np.testing.assert_array_equal(tangent, out)


def test_sorted_nan_comes_last_with_its_derivative() -> None:
    x = np.array([np.nan, 2.0, -np.inf])
    value, pullback = gad.vjp(np.sort, x)
    np.testing.assert_array_equal(value, [-np.inf, 2.0, np.nan])
    np.testing.assert_array_equal(pullback(np.array([1.0, 2.0, 3.0]))[0], [3.0, 2.0, 1.0])


@pytest.mark.parametrize("function", [np.tril, np.triu])
def test_what_is_cut_away_contributes_nothing(function) -> None:
    kept = function(np.ones((3, 3))) == 1
    value, pullback = gad.vjp(function, np.where(kept, 1.0, np.inf))
    np.testing.assert_array_equal(value, np.where(kept, 1.0, 0.0))
    np.testing.assert_array_equal(pullback(np.full((3, 3), np.inf))[0], np.where(kept, np.inf, 0.0))


def test_sorting_replays_in_the_new_order() -> None:
    def f(x):
        return np.sum(np.sort(x) ** 2 * np.arange(3.0))

    x, other = np.array([1.5, 3.0, 0.5]), np.array([2.5, 0.25, 1.5])
    graph = gad.trace(f, x)
    np.testing.assert_array_equal(graph.evaluate(x=other)["x"].adjoint, gad.grad(f)(other))
    slope = graph.derivative("x").evaluate(x=other)
    assert slope.notice == ""
    np.testing.assert_array_equal(slope.outputs[0].value, gad.grad(f)(other))


def test_traced_indices_replay() -> None:
    def f(x):
        best = np.take_along_axis(x, np.expand_dims(np.argmax(x, axis=1), 1), axis=1)
        return np.sum(best**2) + np.sum(np.take(x, np.argmin(x, axis=0), axis=0) ** 3)

    graph = gad.trace(f, TABLE[:, :3])
    other = -TABLE[:, 1:]
    replayed = graph.evaluate(x=other)
    assert replayed.notice == ""
    np.testing.assert_array_equal(replayed["x"].adjoint, gad.grad(f)(other))
    slope = graph.derivative("x").evaluate(x=other)
    np.testing.assert_array_equal(slope.outputs[0].value, gad.grad(f)(other))


@pytest.mark.parametrize("pick", [lambda x: np.compress(x > 1, x), lambda x: np.extract(x > 1, x)])
def test_a_traced_condition_replays(pick) -> None:
    def f(x):
        return np.sum(pick(x) ** 2 * np.array([1.0, 2.0]))

    x, other = np.array([1.5, 3.0, 0.5]), np.array([2.5, 0.25, 1.5])
    replayed = gad.trace(f, x).evaluate(x=other)
    assert replayed.notice == ""
    np.testing.assert_array_equal(replayed["x"].adjoint, [5.0, 0.0, 6.0])


def test_traced_counts_leave_a_guard() -> None:
    def f(x):
        return np.sum(np.repeat(x, np.argmax(x) + 1) ** 2) + np.sum(np.tile(x, np.argmax(x) + 1))

    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(gad.grad(f)(x), 4 * x + 2)
    again = gad.trace(f, x).evaluate(x=x[::-1])
    assert "run again" in again.notice
    np.testing.assert_array_equal(again["x"].adjoint, 2 * x[::-1] + 1)


# -- names, and beside others -------------------------------------------------------------------


def test_nodes_are_called_what_numpy_calls_them() -> None:
    def f(x):
        x = np.sort(np.tile(np.repeat(np.take(x, [0, 1]), 2), 3))
        return np.trace(np.tril(np.diag(np.pad(x, 1, "edge"))))

    names = [node.primitive.name for node in gad.trace(f, ROW).nodes if node.primitive]
    assert names == ["take", "repeat", "tile", "sort", "pad", "diag", "tril", "trace"]


@pytest.mark.parametrize(
    "f",
    [
        lambda xp, x: xp.repeat(x, 2, axis=1),
        lambda xp, x: xp.tile(x, (2, 3)),
        lambda xp, x: xp.sort(x, axis=None) if xp is np else xp.sort(xp.ravel(x)),
        lambda xp, x: xp.diag(x[0], 1),
        lambda xp, x: xp.trace(x),
        lambda xp, x: xp.tril(x, 1),
        lambda xp, x: xp.triu(x, -1),
        lambda xp, x: xp.rot90(x),
        lambda xp, x: xp.pad(x, ((1, 2), (0, 3)), "constant"),
    ],
)
def test_an_independent_library_agrees(f) -> None:
    weights = np.random.default_rng(1).normal(size=np.shape(f(np, TABLE)))
    ours = gad.grad(lambda x: np.sum(weights * np.sin(f(np, x))))(TABLE)
    theirs = autograd.grad(lambda x: anp.sum(weights * anp.sin(f(anp, x))))(TABLE)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize(("f", "x"), CASES)
def test_the_flat_form_keeps_every_parameter(f, x) -> None:
    x = np.abs(np.asarray(x)[()]) + 0.05
    graph = gad.trace(lambda v: np.sum(f(v) ** 2), x)
    again = gad.Graph.from_dict(graph.to_dict()).evaluate()
    np.testing.assert_array_equal(again.outputs[0].adjoint, 1.0)
    np.testing.assert_array_equal(again.inputs[0].adjoint, graph.inputs[0].adjoint)
