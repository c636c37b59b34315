"""select, choose, piecewise, insert, apply_along_axis, bincount: NumPy's values and errors, derivatives, replay."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.primitives.moves import check_types

X = np.random.default_rng(0).normal(size=(3, 4))
V = X[0]
MASK = np.array([True, False, True, False])


def test_select() -> None:
    check(lambda x, y: np.select([x > 0.1, MASK], [x * x, y], default=2.0), X, V)
    check(lambda x: np.select([MASK], [x]), V)
    check(lambda x: np.select((MASK, ~MASK), (x, 3), x[0]), X)
    check(lambda x: np.select([MASK, MASK], [x[0], np.arange(4)], x[1]), V)
    check(lambda x: np.select([x > 0, x > -1], [x, x**2], x**3), X)
    check_types(lambda x: np.select([MASK], [x]), V)
    for call in (
        lambda x: np.select([MASK], [x, x]),
        lambda x: np.select([], [], x),
        lambda x: np.select([np.arange(4)], [x]),
    ):
        with pytest.raises((TypeError, ValueError)) as theirs:
            call(V)
        with pytest.raises(theirs.type, match=str(theirs.value)[:20]):
            gad.jacobian(call)(V)


@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_choose(mode) -> None:
    number = np.array([0, 2, 1, 0]) if mode == "raise" else np.array([-5, 7, 1, 2])
    check(lambda x, y: np.choose(number, [x, y, 3.0], mode=mode), X, V)
    check(lambda x: np.choose(number, x * x, mode=mode), X)
    check(lambda x: np.choose(2, x, mode=mode), X)
    check_types(lambda x: np.choose(number, x, mode=mode), X)
    check(lambda x: np.choose(np.argmax(x, axis=0), x), X)
    check(lambda x: (x > 0).choose([x, x * x]), X)


def test_choose_out_of_range() -> None:
    for number in ([3], [-1]):
        with pytest.raises(ValueError, match="invalid entry"):
            gad.jacobian(lambda x, number=number: np.choose(number, x))(X)


def test_choose_by_a_traced_int_is_a_guard() -> None:
    graph = gad.trace(lambda x: np.choose(np.argmax(x), [x[0] ** 2, x[1] ** 3]), np.array([2.0, 1.0]))
    assert graph.outputs[0].value == 4.0
    assert graph.evaluate(x=np.array([2.0, 3.0])).outputs[0].value == 27.0


def test_piecewise() -> None:
    check(lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda t: t**2, lambda t: 3 * t]), X)
    check(lambda x: np.piecewise(x, [x < 0], [lambda t, k: k * t, 5.0], 3.0), X, second=False)
    check(lambda x: np.piecewise(x, x < 0, [np.exp, np.sin]), V)
    check(lambda x: np.piecewise(x, x > 0, [np.log, 0.5]), np.float64(2.0))
    check(lambda x: np.piecewise(x, [MASK, ~MASK], [lambda t: t**2, 1]), V)
    check(lambda x: np.piecewise(x, [x > 9], [np.log]), X, second=False)
    check(lambda x: np.piecewise(x, [x > 0], [np.log, 0.5]), np.float64(2.0))
    with pytest.raises(ValueError, match="functions are expected"):
        gad.jacobian(lambda x: np.piecewise(x, [MASK], [1, 2, 3]))(V)
    # where no place fits a condition its function is not called: that is a guard
    graph = gad.trace(lambda x: np.sum(x * np.piecewise(x, [x > 9], [np.log])), V)
    assert graph.evaluate(x=V + 10).outputs[0].value == np.sum((V + 10) * np.log(V + 10))


@pytest.mark.parametrize(
    ("obj", "values", "axis"),
    [
        (1, 2.0, None),
        (1, [1.0, 2.0, 3.0, 4.0], 0),
        (-1, [[1.0], [2.0], [3.0]], 1),
        ([1], [[1.0], [2.0], [3.0]], 1),
        ([0, 2, 2], 5.0, 1),
        ([0, -1], [[1.0, 2.0]], -1),
        (slice(0, 3, 2), [[1.0], [2.0]], 0),
        (np.zeros(0, np.intp), [], None),
        (2, [1.0, 2.0, 3.0], None),
    ],
    ids=str,
)
def test_insert(obj, values, axis) -> None:
    check(lambda x: np.insert(x * x, obj, values, axis), X)
    if np.size(values):
        check(lambda v: np.insert(X, obj, v, axis), np.array(values, dtype=float)[()])
    check_types(lambda x: np.insert(x, obj, np.asarray(values).tolist(), axis), X)


def test_insert_into_ints_cuts_as_numpy_does() -> None:
    value = gad.trace(lambda v: np.insert(np.arange(3), 1, v) * v, 2.7).outputs[0].value
    np.testing.assert_array_equal(value, np.insert(np.arange(3), 1, 2.7) * 2.7)
    with pytest.raises(IndexError):
        gad.jacobian(lambda x: np.insert(x, 9, 1.0))(V)


def test_apply_along_axis() -> None:
    cube = np.random.default_rng(1).normal(size=(2, 3, 2))
    for axis in (0, 1, -1):
        check(lambda x, axis=axis: np.apply_along_axis(lambda line: line @ line, axis, x), cube)
        check(lambda x, axis=axis: np.apply_along_axis(lambda line: line[1:] ** 2, axis, x), cube)
        check(lambda x, axis=axis: np.apply_along_axis(np.outer, axis, x, [1.0, 2.0]), cube, second=False)
    check(lambda x: np.apply_along_axis(np.sum, 0, x), V)
    with pytest.raises(ValueError, match="iteration dimensions are 0"):
        gad.jacobian(lambda x: np.apply_along_axis(np.sum, 0, x))(np.zeros((3, 0)))


def test_apply_over_axes() -> None:
    cube = np.random.default_rng(1).normal(size=(2, 3, 2))
    for axes in (0, (0, 2), [1, -1]):
        check(lambda x, axes=axes: np.apply_over_axes(np.sum, x * x, axes), cube)
    check(lambda x: np.apply_over_axes(np.cumprod, x, 1), cube, second=False)
    with pytest.raises(ValueError, match="correct shape"):
        gad.jacobian(lambda x: np.apply_over_axes(lambda a, axis: a[0, 0, 0], x, 0))(cube)


def test_bincount() -> None:
    number = np.array([0, 2, 2, 5])
    check(lambda w: np.bincount(number, w * w), V)
    check(lambda w: np.bincount(number, weights=w, minlength=8), V)
    small = V.astype(np.float32)
    assert gad.vjp(lambda w: np.bincount(number, w), small)[0].dtype == np.bincount(number, small).dtype
    assert gad.grad(lambda w: np.sum(np.bincount(number, w)))(small).dtype == np.float32
    check(lambda x: np.bincount(np.argsort(x), x), V, second=False)
    with pytest.raises(gad.UnsupportedError, match="whole numbers"):
        gad.jacobian(np.bincount)(V)
    with pytest.raises(ValueError, match="same length"):
        gad.jacobian(lambda w: np.bincount(number[:2], w))(V)


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.1.0", reason="a mask was taken for numbers before")
def test_insert_by_a_mask() -> None:
    check(lambda x: np.insert(x, np.array([True, False, True]), x[0, 0], axis=0), X)
