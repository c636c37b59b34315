"""What only asks for the form: the answers are NumPy's, and plain data; a traced fill keeps its derivative."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad

X = np.arange(6.0).reshape(2, 3)


def seen(call, x):
    """What a call gives for a traced value."""
    found = []
    gad.trace(lambda v: (found.append(call(v)), np.sum(v))[1], x)
    return found[0]


@pytest.mark.parametrize("x", [X, np.float32(X), 2.0, np.float64(2.0), np.zeros((0, 2))])
@pytest.mark.parametrize(
    "call",
    [
        np.shape,
        np.ndim,
        np.size,
        np.iscomplexobj,
        np.isrealobj,
        lambda x: np.result_type(x, np.float32),
        lambda x: np.result_type(x, 1),
    ],
)
def test_questions(call, x) -> None:
    assert seen(call, x) == call(x)


def test_size_along_an_axis() -> None:
    for axis in (0, -1):
        assert seen(lambda x, axis=axis: np.size(x, axis), X) == np.size(X, axis)


@pytest.mark.parametrize("x", [X, np.float32(X).T, 2.0, np.zeros((0, 2))])
@pytest.mark.parametrize(
    "call",
    [
        np.zeros_like,
        np.ones_like,
        lambda x: np.zeros_like(x, int),
        lambda x: np.ones_like(x, dtype=bool, shape=(2, 2)),
        lambda x: np.zeros_like(x, shape=3),
        lambda x: np.zeros_like(x, order="F", subok=False),
        lambda x: np.full_like(x, 7),
        lambda x: np.full_like(x, 2.5, dtype=np.float32, shape=[2]),
        lambda x: np.full_like(x, [1.0, 2.0], shape=(3, 2)),
        lambda x: np.full_like(x, np.nan),
    ],
)
def test_fills_are_plain_data(call, x) -> None:
    found, wanted = seen(call, x), call(x)
    assert type(found) is np.ndarray
    assert found.dtype == wanted.dtype
    assert found.flags.writeable
    np.testing.assert_array_equal(found, wanted)


def test_a_traced_fill_keeps_its_derivative() -> None:
    def f(x, v):
        return np.sum(np.full_like(x, v) * np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))

    prototype, fill = gad.grad(f, (0, 1))(X, 0.5)
    assert fill == 21.0
    np.testing.assert_array_equal(prototype, np.zeros((2, 3)))
    _, fill = gad.grad(f, (0, 1))(X, np.array([[1.0], [2.0]]))
    np.testing.assert_array_equal(fill, [[6.0], [15.0]])
    assert gad.jvp(lambda v: np.full_like(v, v, shape=3), (0.5,), (2.0,))[1].tolist() == [2.0, 2.0, 2.0]
    value, pullback = gad.vjp(lambda x, v: np.full_like(x, v), np.float32(X), 0.1)
    assert value.dtype == np.float32
    assert type(pullback(np.ones_like(value))[1]) is float


def test_a_traced_fill_of_an_int_array_is_a_break() -> None:
    graph = gad.trace(lambda x: (np.full_like(x, x[0], dtype=int), np.sum(x)), np.array([1.5, 2.5]))
    np.testing.assert_array_equal(graph.outputs[0].value, [1, 1])
    assert graph.outputs[0].adjoint is None


def test_a_traced_fill_of_a_plain_array_says_what_to_write() -> None:
    with pytest.raises(gad.UnsupportedError, match=r"np.full_like needs np.copyto.*Write x \* np.ones_like\(a\)"):
        gad.grad(lambda v: np.sum(np.full_like(X, v)))(0.5)


def test_an_uninitialised_array_is_refused() -> None:
    for call in (np.empty_like, lambda x: np.empty_like(x, dtype=float)):
        with pytest.raises(gad.UnsupportedError, match=r"np.empty_like at line .* np.stack them, or write np.zeros_"):
            gad.grad(lambda x, call=call: np.sum(x + call(x)))(X)


def test_a_copy_is_the_value_itself() -> None:
    def f(x):
        y = np.copy(x, order="F")
        assert y is x
        return np.sum(y.copy() ** 2)

    np.testing.assert_array_equal(gad.grad(f)(X), 2 * X)
