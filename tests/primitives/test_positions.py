"""Positions: NumPy's values, nodes that replay, no derivative; and what is refused since its shape is no plain one."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad

X = np.random.default_rng(0).normal(size=(3, 4))
V = X[0]
KNOTS = np.array([-0.5, 0.0, 0.4])

CALLS = {
    "argpartition": lambda x: np.argpartition(x, 2),
    "argpartition axis None": lambda x: np.argpartition(x, (1, 3), axis=None),
    "argpartition axis": lambda x: np.argpartition(x, -1, 0, "introselect"),
    "method": lambda x: x.argpartition(1, axis=0),
    "searchsorted": lambda x: np.searchsorted(KNOTS, x),
    "searchsorted list": lambda x: np.searchsorted([-0.5, 0.0, 0.4], x, side="right"),
    "searchsorted in": lambda x: np.searchsorted(np.sort(x[0]), 0.1),
    "searchsorted sorter": lambda x: np.searchsorted(x[0], x[1], "left", np.argsort(x[0])),
    "searchsorted method": lambda x: np.sort(x[0]).searchsorted([0.1, 0.2], "right"),
    "digitize": lambda x: np.digitize(x, KNOTS),
    "digitize right": lambda x: np.digitize(x, KNOTS[::-1], right=True),
    "digitize bins": lambda x: np.digitize([0.1, 0.3], np.sort(x[0])),
    "lexsort": lambda x: np.lexsort((x[0], np.round(x[1]))),
    "lexsort rows": lambda x: np.lexsort(x, axis=0),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_and_replay(name) -> None:
    f = CALLS[name]
    graph = gad.trace(f, X)
    wanted = f(X)
    np.testing.assert_array_equal(graph.outputs[0].value, wanted)
    assert graph.outputs[0].value.dtype == wanted.dtype
    assert not graph.outputs[0].differentiable
    again = graph.evaluate(x=-X)
    np.testing.assert_array_equal(again.outputs[0].value, f(-X))


@pytest.mark.parametrize("name", CALLS)
def test_no_derivative_goes_through(name) -> None:
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(x * x) + np.sum(CALLS[name](x)))(X), 2 * X)


def test_positions_pick_values() -> None:
    smallest = gad.grad(lambda x: np.sum(x[np.argpartition(x, 2)[:2]]))(V)
    np.testing.assert_array_equal(smallest, (np.sort(V)[1] >= V).astype(float))


def test_positions_of_a_shape() -> None:
    square = X[:, :3]
    for f in (
        np.diag_indices_from,
        np.tril_indices_from,
        lambda x: np.triu_indices_from(x, 1),
        lambda x: np.tril_indices_from(x, k=-1),
    ):
        np.testing.assert_array_equal(
            gad.jacobian(lambda x, f=f: x[f(x)])(square),
            np.eye(9).reshape(9, 3, 3)[np.ravel_multi_index(f(square), (3, 3))],
        )


def test_many_results_that_the_values_decide() -> None:
    for name in ("nonzero", "flatnonzero", "argwhere"):
        with pytest.raises(gad.UnsupportedError, match=rf"np.{name}\(np.asarray\(mask\)\)"):
            gad.jacobian(lambda x, name=name: x[getattr(np, name)(x > 0)])(V)
    with pytest.raises(gad.UnsupportedError, match="x\\[mask\\]"):
        gad.jacobian(lambda x: x[(x > 0).nonzero()])(V)
    # what the errors say
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(x[x > 0]))(V), (V > 0) * 1.0)
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(x[np.nonzero(np.asarray(x > 0))]))(V), (V > 0) * 1.0)


def test_unique_and_histograms() -> None:
    for name in ("unique", "unique_values", "unique_counts", "unique_inverse", "unique_all"):
        if hasattr(np, name):
            with pytest.raises(gad.UnsupportedError, match="as many values as differ"):
                gad.jacobian(getattr(np, name))(V)
    for name in ("histogram", "histogram_bin_edges", "histogramdd"):
        with pytest.raises(gad.UnsupportedError, match=f"np.{name}.*changes bins"):
            gad.jacobian(lambda x, name=name: getattr(np, name)(x))(X)
    with pytest.raises(gad.UnsupportedError, match="changes bins"):
        gad.jacobian(lambda x: np.histogram2d(x, x))(V)
    with pytest.raises(gad.UnsupportedError, match="drops as many"):
        gad.jacobian(np.trim_zeros)(V)

    # what the errors say
    def sum_of_different(x):
        places = np.unique(np.asarray(gad.detach(x)), return_index=True)[1]
        return np.sum(x[places])

    assert gad.grad(sum_of_different)(np.array([2.0, 1.0, 2.0])).tolist() == [1, 1, 0]
    np.testing.assert_array_equal(
        gad.trace(lambda x: x[0] * np.histogram(np.asarray(gad.detach(x)))[0], V).outputs[0].value,
        V[0] * np.histogram(V)[0],
    )
