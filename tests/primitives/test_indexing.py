"""Indexing: every kind of key, plain and traced, in every mode and order of derivative."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.moves import check_moves

RNG = np.random.default_rng(5)
ROW, TABLE, BLOCK = (RNG.normal(size=shape) for shape in ((4,), (3, 4), (2, 3, 4)))
ROWS, COLUMNS = np.array([0, 1, 0]), np.array([1, -1, 1])
MASK = np.array([True, False, True, True])

BASIC = [
    (ROW, 1),
    (ROW, -1),
    (ROW, np.int64(2)),
    (ROW, np.array(2)),
    (ROW, slice(1, None)),
    (ROW, slice(None, None, -2)),
    (ROW, slice(np.int64(1), np.int64(3))),
    (ROW, slice(2, 2)),
    (ROW, None),
    (ROW, Ellipsis),
    (ROW, ()),
    (ROW, (None, Ellipsis, None, 2)),
    (TABLE, 0),
    (TABLE, (1, -2)),
    (TABLE, (slice(None), 1)),
    (TABLE, (slice(None, None, -1), slice(1, 3))),
    (BLOCK, (Ellipsis, 0)),
    (BLOCK, (0, Ellipsis, slice(0, 1))),
    (0.5, None),
    (0.5, ()),
    (0.5, Ellipsis),
]
ADVANCED = [
    (ROW, ROWS),
    (ROW, [0, 2, 2, -1]),
    (ROW, []),
    (ROW, range(3)),
    (ROW, np.uint8([3, 3])),
    (ROW, np.zeros((2, 0), int)),
    (ROW, np.array([[0, 1], [1, 1]])),
    (TABLE, ROWS),
    (TABLE, [[0, 1], [1, 1]]),
    (TABLE, (ROWS, COLUMNS)),
    (TABLE, ([0, 0], [1, 1])),
    (TABLE, ((0, 0), (1, 2))),
    (TABLE, (ROWS[:, None], COLUMNS)),
    (TABLE, (ROWS, 1)),
    (TABLE, (slice(None), COLUMNS)),
    (TABLE, (slice(1, None), [0, 0])),
    (TABLE, (ROWS, slice(None, None, 2))),
    (TABLE, (ROWS, None, COLUMNS)),
    (BLOCK, (ROWS, slice(None), COLUMNS)),
    (BLOCK, (0, slice(None), COLUMNS)),
    (BLOCK, (ROWS, slice(None), 1)),
    (BLOCK, (slice(None), ROWS, COLUMNS)),
    (BLOCK, (ROWS, COLUMNS)),
    (BLOCK, (ROWS, Ellipsis, COLUMNS)),
    (BLOCK, (Ellipsis, ROWS, COLUMNS)),
    (BLOCK, (ROWS, Ellipsis, COLUMNS, COLUMNS)),
    (BLOCK, (None, ROWS, slice(1, 3), COLUMNS[:, None])),
    (BLOCK, (np.array(1), slice(None), COLUMNS)),
]
MASKS = [
    (ROW, MASK),
    (ROW, [True, False, False, False]),
    (ROW, np.zeros(4, bool)),
    (ROW, True),
    (ROW, np.False_),
    (TABLE, TABLE > 0),
    (TABLE, (slice(None), MASK)),
    (TABLE, MASK[:3]),
    (TABLE, (MASK[:3], [0, 3])),
    (TABLE, (MASK[:3], MASK & [True, True, True, False])),
    (TABLE, (MASK[:3], 2)),
    (TABLE, (MASK[:3], slice(None, 2))),
    (TABLE, (MASK[:3], None)),
    (BLOCK, (slice(None), TABLE > 0)),
    (BLOCK, (BLOCK[:, :, 0] > 0, slice(1, 3))),
    (BLOCK, ([True, False], slice(None), [0])),
]


@pytest.mark.parametrize(("x", "key"), BASIC + ADVANCED + MASKS)
def test_values_and_derivatives(x, key) -> None:
    x = np.asarray(x)[()]
    check_moves(lambda v: v[key], x)


@pytest.mark.parametrize(("x", "key"), ADVANCED + MASKS)
def test_repeated_places_add_up(x, key) -> None:
    """What is sent back is what NumPy's unbuffered addition gives."""
    wanted = np.zeros(x.shape)
    adjoint = np.random.default_rng(1).normal(size=x[key].shape)
    np.add.at(wanted, key if isinstance(key, tuple) else (key,), adjoint)
    np.testing.assert_allclose(gad.vjp(lambda v: v[key], x)[1](adjoint)[0], wanted, rtol=1e-12)


def test_a_few_rows_of_a_large_table() -> None:
    """Both ways of adding up: directly for few elements of many, by position else."""
    for rows in (40, 4000):
        table, key = RNG.normal(size=(1000, 3)), RNG.integers(0, 1000, rows)
        key[:2] = 7
        wanted = np.zeros((1000, 3))
        np.add.at(wanted, key, np.cos(table[key]))
        np.testing.assert_allclose(gad.grad(lambda x, key=key: np.sum(np.sin(x[key])))(table), wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "key", [(slice(None), [0, 0]), (slice(None), slice(0, 2)), np.zeros((0, 3), bool), (slice(0, 0), 1)]
)
def test_arrays_without_elements(key) -> None:
    check_moves(lambda x: x[key], np.zeros((0, 3)))


# -- traced keys --------------------------------------------------------------------------------


LARGE = np.array([0.5, 2.0, 1.2, 3.0])
POSITIVE = np.array([[0.5, 2.0, 1.2], [1.5, 0.25, 3.0]])


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x[x > 1], LARGE),
        (lambda x: x[x > 1], POSITIVE),
        (lambda x: x[(x > 0.3) & (x < 2)], POSITIVE),
        (lambda x: x[x > 100], LARGE),
        (lambda x: x[:, x[0] > 1], POSITIVE),
        (lambda x: x[x[:, 0] > 1, 1:], POSITIVE),
        (lambda x: x[np.argmax(x)], LARGE),
        (lambda x: x[np.argmin(x), None], LARGE),
        (lambda x: x[..., np.argmax(x[0])], POSITIVE),
        (lambda x: x[np.argmax(x[:, 0]), np.argmax(x[0])], POSITIVE),
        (lambda x: x[np.argmax(x, 0), np.arange(3)], POSITIVE),
        (lambda x: x[np.argmax(x, 0), :, None], POSITIVE),
        (lambda x: x[np.argsort(x[:, 0])], POSITIVE),
        (lambda x: x[np.argsort(x)][::-1], LARGE),
        (lambda x: x[[0, np.argmax(x)]], LARGE),
        (lambda x: x[: np.argmax(x)], LARGE),
        (lambda x: x[int(np.argmax(x)) % 2], LARGE),
    ],
)
def test_traced_keys(f, x) -> None:
    check_moves(f, x)


def test_traced_positions_replay() -> None:
    def f(x):
        i, j = np.argmax(x), np.argmin(x)
        return x[i] * x[j] + np.sum(x[x > 1] ** 2)

    x, other = np.array([1.5, 3.0, 0.5]), np.array([2.5, 0.25, 1.5])
    graph = gad.trace(f, x)
    assert graph.outputs[0].value == f(x)
    replayed = graph.evaluate(x=other)
    assert replayed.notice == ""
    assert replayed.outputs[0].value == f(other)
    np.testing.assert_array_equal(replayed["x"].adjoint, gad.grad(f)(other))
    slope = graph.derivative("x").evaluate(x=other)
    np.testing.assert_array_equal(slope.outputs[0].value, gad.grad(f)(other))


def test_a_mask_with_another_count_is_traced_anew() -> None:
    def f(x):
        return np.sum(x[x > 0] ** 2)

    graph = gad.trace(f, np.array([1.0, -1.0, 2.0])).evaluate(x=np.array([1.0, 3.0, 2.0]))
    assert "run again" in graph.notice
    np.testing.assert_array_equal(graph["x"].adjoint, [2.0, 6.0, 4.0])


def test_many_seeds_replay_with_traced_positions() -> None:
    """A Jacobian's own graph follows the positions of the new inputs."""

    def f(x):
        return np.sum(gad.jacobian(lambda v: v[np.argsort(v)] ** 2, mode="rev")(x) * np.arange(9.0).reshape(3, 3))

    x, other = np.array([1.5, 3.0, 0.5]), np.array([2.5, 0.25, 1.5])
    replayed = gad.trace(f, x).evaluate(x=other)
    assert replayed.notice == ""
    assert replayed.outputs[0].value == f(other)
    np.testing.assert_array_equal(replayed["x"].adjoint, gad.grad(f)(other))


def test_ints_and_bools_can_be_indexed_too() -> None:
    def f(x):
        order = np.argsort(x)
        return x[order[-1]] * 2 + np.sum(x[(x > 0)[::-1]])

    x = np.array([3.0, -1.0, 2.0])
    np.testing.assert_array_equal(gad.grad(f)(x), [3.0, 0.0, 1.0])


def test_a_plain_array_at_a_traced_position() -> None:
    def f(x):
        return np.sum(TABLE[np.argmax(x)] * x)

    x = np.arange(4.0)[::-1]
    graph = gad.trace(f, x[:4])
    np.testing.assert_array_equal(graph["x"].adjoint, TABLE[0])


# -- iteration ----------------------------------------------------------------------------------


def test_rows_and_unpacking() -> None:
    def f(x):
        total = 0.0
        for number, row in enumerate(x):
            first, *_rest, last = row
            total = total + (number + 1) * first * last
        a, b, _c = x
        return total + np.sum(a * b)

    def by_place(x):
        return sum((n + 1) * x[n, 0] * x[n, 3] for n in range(3)) + np.sum(x[0] * x[1])

    np.testing.assert_allclose(gad.grad(f)(TABLE), gad.grad(by_place)(TABLE), rtol=1e-14)
    check_moves(lambda x: np.stack([row[::-1] for row in x]), TABLE)


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [4, -5, (0, 0), [0, 4], np.array([1.5]), 1.5, "a", np.zeros(3, bool), (Ellipsis, Ellipsis), np.array([])],
)
def test_what_numpy_refuses_is_numpys_error(key) -> None:
    with pytest.raises(IndexError) as plain:
        ROW[key]
    with pytest.raises(IndexError) as traced:
        gad.grad(lambda x: np.sum(x[key]))(ROW)
    assert str(traced.value) == str(plain.value)


def test_a_traced_float_is_no_index() -> None:
    with pytest.raises(gad.ArgumentError, match=r"a traced float was used as an index at line \d+ of test_indexing.py"):
        gad.grad(lambda x: x[x[0]])(ROW)


def test_the_key_is_copied() -> None:
    key = np.array([0, 1])
    graph = gad.trace(lambda x: np.sum(x[key] ** 2), ROW)
    key[:] = 3
    np.testing.assert_array_equal(graph["x"].adjoint, [2 * ROW[0], 2 * ROW[1], 0.0, 0.0])


def test_the_callers_array_is_not_touched() -> None:
    x = ROW.copy()
    gad.grad(lambda v: np.sum(v[1:] * v[:-1] + v[::-1][[0, 0, 1]]))(x)
    np.testing.assert_array_equal(x, ROW)
    assert x.flags.writeable


# -- beside others ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        1,
        (slice(None), -1),
        (ROWS, COLUMNS),
        (ROWS, slice(None, None, 2)),
        (slice(None), [0, 0, 3]),
        TABLE > 0,
        (None, Ellipsis, 1),
    ],
)
def test_an_independent_library_agrees(key) -> None:
    weights = np.random.default_rng(1).normal(size=TABLE[key].shape)
    ours = gad.hessian(lambda x: np.sum(weights * np.sin(x[key])))(TABLE)
    theirs = autograd.hessian(lambda x: anp.sum(weights * anp.sin(x[key])))(TABLE)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize(
    ("x", "key"), [(ROW, 1), (ROW, ROWS), (TABLE, (slice(None), MASK)), (TABLE, (slice(1), None, COLUMNS))]
)
def test_the_flat_form_keeps_the_key(x, key) -> None:
    graph = gad.trace(lambda v: np.sum(v[key] ** 2), x)
    again = gad.Graph.from_dict(graph.to_dict()).evaluate(v=x + 1)
    np.testing.assert_array_equal(again["v"].adjoint, gad.grad(lambda v: np.sum(v[key] ** 2))(x + 1))
    gradient = gad.Graph.from_dict(graph.derivative("v").to_dict())
    np.testing.assert_array_equal(gradient.outputs[0].value, graph["v"].adjoint)
