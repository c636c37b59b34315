"""Sliding windows: NumPy's values for every form of the arguments, and the transpose that adds windows back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import graphviz_ad as gad
from graphviz_ad.core.primitive import REGISTRY
from tests.primitives.derivatives import check

FORMS = [
    ((6,), 3, None),
    ((6,), (3,), 0),
    ((6,), 6, 0),
    ((6,), 1, -1),
    ((6,), 0, 0),
    ((3, 4), (2, 3), None),
    ((3, 4), 2, 1),
    ((3, 4), 2, -2),
    ((3, 4), (2,), (0,)),
    ((3, 4), (3, 2), (1, 0)),
    ((3, 4), (2, 2), (-1, -2)),
    ((5, 2), (2, 3), (0, 0)),
    ((2, 3, 4), (2, 2), (1, 2)),
    ((2, 3, 4), (), ()),
    ((2, 3, 4), [3, 4], [1, 2]),
]


@pytest.mark.parametrize(("shape", "window", "axis"), FORMS)
def test_values_and_derivatives(shape, window, axis) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    check(lambda x: sliding_window_view(x, window, axis), x, second=False)
    check(lambda x: np.sin(sliding_window_view(x, window_shape=window, axis=axis)), x)


@pytest.mark.parametrize(("shape", "window", "axis"), FORMS)
def test_the_transpose_adds_every_window_where_it_was_taken(shape, window, axis) -> None:
    """Told from ``np.add.at`` on the windows of the positions, which says the same slowly."""
    x = np.random.default_rng(0).normal(size=shape)
    places = sliding_window_view(np.arange(x.size).reshape(shape), window, axis)
    adjoint = np.random.default_rng(1).normal(size=places.shape)
    wanted = np.zeros(x.size)
    np.add.at(wanted, places.ravel(), adjoint.ravel())
    _, pullback = gad.vjp(lambda x: sliding_window_view(x, window, axis), x)
    np.testing.assert_allclose(pullback(adjoint)[0], wanted.reshape(shape), rtol=1e-13, atol=1e-14)


def test_a_convolution() -> None:
    rng = np.random.default_rng(0)
    images, kernels = rng.normal(size=(2, 2, 4, 5)), rng.normal(size=(3, 2, 2, 3))

    def convolve(images, kernels):
        return np.einsum("ncyxhw,kchw->nkyx", sliding_window_view(images, (2, 3), axis=(2, 3)), kernels)

    check(convolve, images, kernels, second=False)
    graph = gad.trace(lambda i, k: np.sum(convolve(i, k) ** 2), images, kernels)
    assert [node.primitive.name for node in graph.nodes if node.primitive][:2] == ["sliding_window_view", "einsum"]
    product = gad.hvp(lambda k: np.sum(convolve(images, k) ** 2))(kernels, kernels)
    np.testing.assert_allclose(product, gad.grad(lambda k: np.sum(convolve(images, k) ** 2))(kernels), rtol=1e-12)


def test_the_gradient_as_a_graph_has_one_node_for_the_transpose() -> None:
    x = np.arange(5.0)
    graph = gad.trace(gad.grad(lambda x: np.sum(sliding_window_view(x, 2) ** 2)), x)
    assert "fold_windows" in [node.primitive.name for node in graph.nodes if node.primitive]
    np.testing.assert_array_equal(graph.outputs[0].value, 2 * x * [1, 2, 2, 2, 1])


@pytest.mark.parametrize("shape", [(7, 2), (2, 7), (1, 3), (3, 1)])
def test_folding_sums_the_diagonals(shape) -> None:
    """Whichever of positions and offsets is the longer one."""
    windows = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    diagonals = [np.trace(windows[::-1], offset=offset) for offset in range(1 - shape[0], shape[1])]
    np.testing.assert_array_equal(REGISTRY["fold_windows"].compute(windows, axis=(0,)), diagonals)


def test_folding_takes_as_many_additions_as_the_shorter_axis() -> None:
    added = []

    class Counted(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            added.append(ufunc)
            plain = [np.asarray(x) for x in inputs]
            return getattr(ufunc, method)(*plain, out=tuple(np.asarray(x) for x in kwargs["out"]))

    for shape in [(50, 3), (3, 50)]:
        REGISTRY["fold_windows"].compute(np.ones(shape).view(Counted), axis=(0,))
    assert added == [np.add] * 6


def test_float32_and_parameters() -> None:
    x = np.arange(6, dtype=np.float32)
    assert gad.grad(lambda x: np.sum(sliding_window_view(x, 3)))(x).dtype == np.float32
    assert REGISTRY["fold_windows"].compute(np.ones((2, 3), np.float32), axis=(0,)).dtype == np.float32
    graph = gad.trace(lambda x: np.sum(sliding_window_view(x, np.int64(3), axis=np.int64(-1))), x)
    again = gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict())))
    assert again.outputs[0].value == graph.outputs[0].value


def test_a_view_is_read_only() -> None:
    x = np.arange(4.0)
    value = gad.trace(lambda x: sliding_window_view(x, 2), x).outputs[0].value
    assert not value.flags.writeable


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: sliding_window_view(x, 9), ValueError, "larger than input array"),
        (lambda x: sliding_window_view(x, (1, 1)), ValueError, "for all dimensions"),
        (lambda x: sliding_window_view(x, (1, 1), axis=0), ValueError, "matching length"),
        (lambda x: sliding_window_view(x, -1), ValueError, "negative"),
        (lambda x: sliding_window_view(x, 1, axis=1), np.exceptions.AxisError, "axis"),
        (lambda x: sliding_window_view(x, 2, writeable=True), gad.ImmutableError, "leave writeable out"),
    ],
)
def test_errors(call, kind, words) -> None:
    with pytest.raises(kind, match=words):
        gad.trace(call, np.arange(4.0))
