"""Ufunc methods: NumPy's values for every form of the arguments, derivatives in both modes and to second order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.primitive import METHODS
from tests.primitives.derivatives import check
from tests.torched import torch

X = np.random.default_rng(0).uniform(0.5, 2, (2, 3, 4))
SUMS = ["add", "multiply", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2", "hypot"]
ORDERED = ["subtract", "divide", "power"]
RUNNING = ["add", "multiply", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2", "hypot", *ORDERED]


def seen(f, x):
    """What a call gives for a traced value."""
    found = []
    gad.vjp(lambda v: (found.append(f(v)), np.sum(v))[1], x)
    return found[0]


def same(f, x) -> None:
    found, wanted = seen(f, x), f(x)
    np.testing.assert_array_equal(found.value, wanted)
    assert found.dtype == np.asarray(wanted).dtype
    assert found.shape == np.shape(wanted)


LAYOUTS = (X, X.astype(np.float32), X[..., ::-1], X.T, X[:, ::-1], X[:, :1], np.asfortranarray(X))


# -- reduce -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SUMS)
def test_sums_of_every_kind(name) -> None:
    reduce = getattr(np, name).reduce
    for f in (
        reduce,
        lambda x: reduce(x, 1),
        lambda x: reduce(x, axis=-1, keepdims=True),
        lambda x: reduce(x, axis=None),
        lambda x: reduce(x, axis=(0, 2), keepdims=True),
        lambda x: reduce(x, dtype=np.float32),
        lambda x: reduce(x, initial=0.75),
        lambda x: reduce(x, 0, None, None, True),
    ):
        for x in LAYOUTS:
            same(f, x)
        if f(X).dtype == np.float64:
            check(f, X[:, :2, :2] * 1.0, second=False)
    check(lambda x: reduce(x, axis=1), X[:, :, :2] * 1.0)
    same(lambda x: reduce(x * 1.0), 1.5)


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "minimum", "fmax", "fmin"])
def test_sums_with_a_mask(name) -> None:
    reduce = getattr(np, name).reduce
    mask = X > 1
    same(lambda x: reduce(x, axis=1, where=mask, initial=1.0), X)
    check(lambda x: reduce(x, axis=1, where=mask, initial=1.0), X)


@pytest.mark.parametrize("name", ORDERED)
def test_what_is_done_in_order(name) -> None:
    reduce = getattr(np, name).reduce
    for f in (
        reduce,
        lambda x: reduce(x, axis=-1),
        lambda x: reduce(x, axis=1, keepdims=True),
        lambda x: reduce(x, axis=1, initial=1.5),
        lambda x: reduce(x, axis=(2,)),
    ):
        for x in LAYOUTS:
            same(f, x)
        check(f, X[:, :2, :2] * 1.0)
    with pytest.raises(gad.errors.ArgumentError, match="goes along one axis"):
        seen(lambda x: reduce(x, axis=(0, 1)), X)
    same(lambda x: reduce(x[0, 0, 0], axis=None), X)


@pytest.mark.parametrize("name", ["logical_and", "logical_or"])
def test_truth(name) -> None:
    reduce = getattr(np, name).reduce
    for f in (lambda x: reduce(x > 1), lambda x: reduce(x, axis=1), lambda x: reduce(x > 1, axis=None, keepdims=True)):
        same(f, X)


def test_logaddexp_of_all_is_logsumexp() -> None:
    x = np.random.default_rng(1).normal(size=(3, 5))
    t = torch.tensor(x, requires_grad=True)
    torch.logsumexp(t, 1).square().sum().backward()
    slope = gad.grad(lambda x: np.sum(np.logaddexp.reduce(x, axis=1) ** 2))(x)
    np.testing.assert_allclose(slope, t.grad.numpy(), rtol=1e-13)
    np.testing.assert_allclose(gad.grad(np.logaddexp.reduce)(np.array([1000.0, 1000.0])), [0.5, 0.5])
    np.testing.assert_array_equal(gad.grad(np.logaddexp.reduce)(np.array([0.0, -np.inf])), [1.0, 0.0])
    np.testing.assert_array_equal(gad.grad(np.hypot.reduce)(np.zeros(3)), np.zeros(3))


def test_many_seeds() -> None:
    for name in ("logaddexp", "hypot"):
        for axis in (0, 1, None, (0, 2)):

            def f(x, name=name, axis=axis):
                return getattr(np, name).reduce(x, axis=axis)

            np.testing.assert_allclose(gad.jacobian(f, mode="rev")(X), gad.jacobian(f, mode="fwd")(X), rtol=1e-13)


# -- accumulate ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNNING)
def test_running(name) -> None:
    accumulate = getattr(np, name).accumulate
    for f in (accumulate, lambda x: accumulate(x, 1), lambda x: accumulate(x, axis=-1)):
        for x in (*LAYOUTS, X[:, :0]):
            same(f, x)
    check(lambda x: accumulate(x, axis=1), X[:, :, :2] * 1.0)
    same(lambda x: accumulate(x, dtype=np.float32), X)
    with pytest.raises(TypeError, match="cannot accumulate on a scalar"):
        seen(accumulate, 2.0)


def test_running_extremes_of_what_numpy_treats_apart() -> None:
    special = [0.0, -0.0, np.nan, 1.0, np.inf, -np.inf, 2.0]
    for row in itertools.permutations(special, 4):
        x = np.array(row)
        for ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
            with np.errstate(invalid="ignore"):
                same(ufunc.accumulate, x)


def test_a_running_extreme_of_equals_is_the_first() -> None:
    slope = gad.jacobian(np.maximum.accumulate)(np.array([1.0, 3.0, 3.0, 2.0]))
    np.testing.assert_array_equal(slope, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]])
    slope = gad.jacobian(np.fmax.accumulate)(np.array([np.nan, 1.0, np.nan, 2.0]))
    np.testing.assert_array_equal(slope, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])


def test_running_maximum_replays() -> None:
    graph = gad.trace(lambda x: np.sum(np.maximum.accumulate(x) ** 2), np.array([1.0, 3.0, 2.0]))
    assert graph.evaluate(x=np.array([3.0, 1.0, 4.0])).outputs[0].value == 34.0


# -- outer --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["add", "subtract", "multiply", "divide", "power", "maximum", "arctan2", "hypot", "logaddexp"]
)
def test_outer(name) -> None:
    outer = getattr(np, name).outer
    a, b = np.array([0.5, 1.5]), np.array([[0.7, 1.1, 2.3]])
    for f in (lambda x: outer(x, b), lambda x: outer(b, x), lambda x: outer(x, 2), lambda x: outer([1, 2], x)):
        same(f, a)
        check(f, a)
    same(lambda x: outer(x, x), a)
    check(outer, a, b)
    same(lambda x: np.greater.outer(x, b), a)


def test_every_binary_ufunc_with_a_rule_has_an_outer() -> None:
    assert {(ufunc, "outer") for ufunc in (np.add, np.copysign, np.heaviside, np.less)} <= set(METHODS)
    assert len([method for _, method in METHODS if method == "outer"]) > 25


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: np.add.at(np.zeros(3), [0, 1], x), gad.ImmutableError, r"np\.add\.at changes.*== indices\) @ v"),
        (lambda x: np.add.reduceat(x, [0, 1]), gad.UnsupportedError, r"np\.add\.reduceat.*np\.stack\(\[np\.sum"),
        (lambda x: np.add.reduce(x, out=np.zeros(())), gad.ImmutableError, r"np\.add.*out=...\) would write"),
        (lambda x: np.add.accumulate(x, out=np.zeros(2)), gad.ImmutableError, r"np\.add.*out=...\) would write"),
        (lambda x: np.arctan2.reduce(x), gad.UnsupportedError, r"np\.arctan2\.reduce has no derivative rule"),
        (lambda x: np.hypot.reduce(x, where=x > 1), gad.UnsupportedError, r"np\.hypot\.reduce\(..., where=...\)"),
        (lambda x: np.hypot.reduce(x, initial=x[0]), gad.UnsupportedError, r"initial=...\).*np\.hypot\(initial, np"),
        (lambda x: np.divide.reduce(x, where=x > 1), gad.UnsupportedError, r"np\.divide\.reduce.*x\[mask\]"),
        (lambda x: np.maximum.reduce(x, where=x > 1), gad.UnsupportedError, r"where=.*initial="),
        (lambda x: np.add.outer(x, x, dtype=np.float32), gad.UnsupportedError, r"np\.add\(..., dtype=...\)"),
    ],
)
def test_refused(call, kind, words) -> None:
    with pytest.raises(kind, match=words):
        gad.grad(lambda x: np.sum(call(x)))(np.ones(2))
