"""Reshape, transpose, flip, roll and broadcast: every argument form, in every mode and order of derivative."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.moves import check_moves

ROW, TABLE, BLOCK, ONES = (np.random.default_rng(3).normal(size=s) for s in ((3,), (2, 3), (2, 3, 2), (1, 3, 1)))

CASES = [
    (lambda x: np.reshape(x, (3, 2)), TABLE),
    (lambda x: np.reshape(x, [3, -1], "C"), TABLE),
    (lambda x: np.reshape(x, -1), TABLE),
    (lambda x: np.reshape(x, np.array([6])), TABLE),
    (lambda x: np.reshape(x, shape=(6, 2), order="F"), BLOCK),
    (lambda x: np.reshape(x, (1, 1)), 0.7),
    (lambda x: np.reshape(x, (), copy=True), np.array([0.7])),
    (lambda x: x.reshape(3, 2), TABLE),
    (lambda x: x.reshape((3, 2), order="F"), TABLE),
    (lambda x: np.ravel(x), TABLE),
    (lambda x: np.ravel(x, order="F"), BLOCK),
    (lambda x: x.ravel(), TABLE),
    (lambda x: x.flatten(), TABLE),
    (lambda x: np.squeeze(x), ONES),
    (lambda x: np.squeeze(x, 0), ONES),
    (lambda x: np.squeeze(x, axis=(0, -1)), ONES),
    (lambda x: x.squeeze(), ONES),
    (lambda x: np.squeeze(x), np.array([[0.5]])),
    (lambda x: np.expand_dims(x, 1), TABLE),
    (lambda x: np.expand_dims(x, axis=(0, -1)), TABLE),
    (lambda x: np.expand_dims(x, [0]), 0.5),
    (lambda x: np.atleast_1d(x), 0.5),
    (lambda x: np.atleast_1d(x), ROW),
    (lambda x: np.atleast_2d(x), 0.5),
    (lambda x: np.atleast_2d(x), ROW),
    (lambda x: np.atleast_3d(x), ROW),
    (lambda x: np.atleast_3d(x), TABLE),
    (lambda x: np.transpose(x), TABLE),
    (lambda x: np.transpose(x), ROW),
    (lambda x: np.transpose(x, (2, 0, 1)), BLOCK),
    (lambda x: np.transpose(x, axes=[-1, 0, 1]), BLOCK),
    (lambda x: x.T, BLOCK),
    (lambda x: x.transpose(1, 2, 0), BLOCK),
    (lambda x: x.transpose((1, 2, 0)), BLOCK),
    (lambda x: np.swapaxes(x, 0, -1), BLOCK),
    (lambda x: x.swapaxes(1, 2), BLOCK),
    (lambda x: np.moveaxis(x, 0, -1), BLOCK),
    (lambda x: np.moveaxis(x, [0, 1], (-1, 0)), BLOCK),
    (lambda x: np.rollaxis(x, 2), BLOCK),
    (lambda x: np.rollaxis(x, 0, start=3), BLOCK),
    (lambda x: np.matrix_transpose(x), BLOCK),
    (lambda x: np.linalg.matrix_transpose(x), TABLE),
    (lambda x: np.broadcast_to(x, (2, 3)), ROW),
    (lambda x: np.broadcast_to(x, [4, 2, 3]), np.array([[0.5], [1.5]])),
    (lambda x: np.broadcast_to(x, 2), 0.5),
    (lambda x: np.broadcast_to(x, (0,)), np.array([0.5])),
    (lambda x: np.broadcast_arrays(x, np.ones((2, 1)))[0], ROW),
    (lambda x: np.flip(x), BLOCK),
    (lambda x: np.flip(x, 0), TABLE),
    (lambda x: np.flip(x, axis=(0, -1)), BLOCK),
    (lambda x: np.flip(x, ()), TABLE),
    (lambda x: np.flipud(x), TABLE),
    (lambda x: np.flipud(x), ROW),
    (lambda x: np.fliplr(x), BLOCK),
    (lambda x: np.roll(x, 1), TABLE),
    (lambda x: np.roll(x, -4, axis=1), TABLE),
    (lambda x: np.roll(x, (1, 2), (0, -1)), BLOCK),
    (lambda x: np.roll(x, 1, axis=[0, 1]), TABLE),
    (lambda x: np.roll(x, (1, 1), axis=1), TABLE),
    (lambda x: np.roll(x, (1, 1)), TABLE),
    (lambda x: np.roll(x, np.array([1, 2]), (0, 1)), TABLE),
]


@pytest.mark.parametrize(("f", "x"), CASES)
def test_values_and_derivatives(f, x) -> None:
    check_moves(f, np.asarray(x)[()])


EMPTY = [
    lambda x: np.reshape(x, (3, 0, 2)),
    np.ravel,
    np.transpose,
    lambda x: np.moveaxis(x, 0, 1),
    np.flip,
    lambda x: np.roll(x, 1),
    lambda x: np.roll(x, 1, 0),
    lambda x: np.broadcast_to(x, (2, 0, 3)),
    np.atleast_3d,
]


@pytest.mark.parametrize("f", EMPTY)
def test_arrays_without_elements(f) -> None:
    check_moves(f, np.zeros((0, 3)))


@pytest.mark.parametrize(
    "f",
    [
        lambda xp, x: xp.reshape(x, (3, 2), order="F"),
        lambda xp, x: xp.ravel(x, "F"),
        lambda xp, x: xp.moveaxis(x, 0, 1),
        lambda xp, x: xp.roll(x, 2),
        lambda xp, x: xp.expand_dims(xp.swapaxes(x, 0, 1), 1),
        lambda xp, x: xp.flipud(xp.fliplr(x)),
    ],
)
def test_an_independent_library_agrees(f) -> None:
    weights = np.random.default_rng(1).normal(size=np.shape(f(np, TABLE)))
    ours = gad.grad(lambda x: np.sum(weights * np.sin(f(np, x))))(TABLE)
    theirs = autograd.grad(lambda x: anp.sum(weights * anp.sin(f(anp, x))))(TABLE)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_several_arguments_at_once() -> None:
    def f(x, y):
        a, b, c = np.atleast_2d(x, np.ones(2), y)
        assert type(b) is np.ndarray
        assert (a.shape, b.shape, c.shape) == ((1, 1), (1, 2), (1, 3))
        return np.sum(a * c) + np.sum(b)

    assert gad.grad(f)(2.0, np.arange(3.0)) == 3.0

    def g(x, y):
        left, right, plain = np.broadcast_arrays(x, y, 2.0)
        assert type(plain) is np.ndarray
        return np.sum(left * right * plain)

    x, y = gad.grad(g, (0, 1))(np.ones((2, 1)), np.arange(3.0))
    np.testing.assert_array_equal(x, [[6.0], [6.0]])
    np.testing.assert_array_equal(y, [4.0, 4.0, 4.0])


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("sparse", [False, True])
def test_grids(indexing, sparse) -> None:
    def f(x, y, number=0):
        return np.meshgrid(x, y, 0.5, indexing=indexing, sparse=sparse)[number]

    for number in range(2):
        check_moves(lambda x, y, number=number: f(x, y, number) * 1.0, ROW, TABLE)
    assert type(gad.vjp(lambda x: np.meshgrid(x, x), ROW)[0]) is tuple
    with pytest.raises(ValueError, match="Valid values for `indexing`"):
        gad.grad(lambda x: np.meshgrid(x, x, indexing="yx")[0])(ROW)


def test_an_array_that_has_the_axes_already_is_no_new_node() -> None:
    graph = gad.trace(lambda x: np.sum(np.atleast_2d(np.atleast_1d(x))), TABLE)
    assert [node.primitive.name for node in graph.nodes if node.primitive] == ["sum"]


def test_nodes_are_called_what_numpy_calls_them() -> None:
    def f(x):
        x = np.flip(np.roll(np.moveaxis(np.squeeze(x), 0, 1), 1))
        return np.sum(np.ravel(np.expand_dims(x, 0)))

    names = [node.primitive.name for node in gad.trace(f, BLOCK).nodes if node.primitive]
    assert names == ["squeeze", "moveaxis", "roll", "flip", "expand_dims", "ravel", "sum"]


def test_the_gradients_own_graph_says_what_undoes_the_function() -> None:
    graph = gad.trace(lambda x: np.sum(np.flip(x, 0) ** 2), TABLE).derivative("x")
    assert [node.primitive.name for node in graph.nodes if node.primitive][-1] == "flip"
    graph = gad.trace(lambda x: np.sum(np.roll(x, 2, axis=1) ** 2), TABLE).derivative("x")
    last = graph.outputs[0]
    assert (last.primitive.name, last.params) == ("roll", {"shift": -2, "axis": (-1,)})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.reshape(x, (3, 2), order="A"), r"np.reshape\(..., order='A'\) depends on how an array lies in"),
        (lambda x: np.ravel(x, "K"), r"np.ravel\(..., order='K'\) .* write order='C' or order='F'"),
    ],
)
def test_orders_that_depend_on_memory_are_refused(call, words) -> None:
    with pytest.raises(gad.UnsupportedError, match=words):
        gad.grad(lambda x: np.sum(call(x)))(TABLE)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: np.reshape(x, (4, 2)), ValueError),
        (lambda x: np.reshape(x, (2.0, 3)), TypeError),
        (lambda x: np.reshape(x.T, (6,), copy=False), ValueError),
        (lambda x: np.squeeze(x, 0), ValueError),
        (lambda x: np.transpose(x, (0, 0)), ValueError),
        (lambda x: np.swapaxes(x, 0, 2), np.exceptions.AxisError),
        (lambda x: np.flip(x, 2), np.exceptions.AxisError),
        (lambda x: np.roll(x, 1, 2), np.exceptions.AxisError),
        (lambda x: np.broadcast_to(x, (2, 2)), ValueError),
    ],
)
def test_what_numpy_refuses_is_numpys_error(call, error) -> None:
    with pytest.raises(error):
        call(TABLE)
    with pytest.raises(error) as caught:
        gad.grad(lambda x: np.sum(call(x)))(TABLE)
    assert not isinstance(caught.value, gad.GraphvizADError)


def test_traced_ints_in_a_shape_leave_a_guard() -> None:
    def f(x):
        n = np.argmax(x[0]) + 1
        return np.sum(np.reshape(x, (n, -1))[0])

    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    graph = gad.trace(f, x)
    assert graph.outputs[0].value == 3.0
    again = graph.evaluate(x=np.array([[2.0, 1.0], [3.0, 4.0]]))
    assert again.outputs[0].value == 10.0
    assert "run again" in again.notice


def test_replay_equals_a_fresh_trace() -> None:
    def f(x):
        return np.sum(np.roll(np.flip(np.reshape(x, (3, 2), order="F"), 1), 1, axis=0) * np.arange(6.0).reshape(3, 2))

    new = TABLE + 1
    replayed = gad.trace(f, TABLE).evaluate(x=new)
    assert replayed.notice == ""
    np.testing.assert_array_equal(replayed["x"].adjoint, gad.grad(f)(new))
    np.testing.assert_array_equal(gad.Graph.from_dict(replayed.to_dict())["x"].adjoint, gad.grad(f)(new))
