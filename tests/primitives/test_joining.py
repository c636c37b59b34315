"""Joining arrays and cutting them: every argument form, in every mode and order of derivative."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.moves import check_moves

RNG = np.random.default_rng(4)
ROW, PAIR, TABLE, WIDE, TALL, BLOCK = (
    RNG.normal(size=shape) for shape in ((3,), (2,), (2, 3), (2, 1), (1, 3), (2, 3, 2))
)

JOINS = [
    (lambda x, y: np.concatenate([x, y]), ROW, PAIR),
    (lambda x, y: np.concatenate((x, y, x), 0), TABLE, TALL),
    (lambda x, y: np.concatenate([y, x], axis=-1), TABLE, WIDE),
    (lambda x, y: np.concatenate([y, x], axis=None), TABLE, 0.5),
    (lambda x, y: np.concatenate([x, y, np.zeros((0, 3))]), TABLE, TALL),
    (lambda x, y: np.concatenate([x, [1.0, 2.0], y]), ROW, PAIR),
    (lambda x, y: np.concatenate([x, y], 0, None), ROW, PAIR),
    (lambda x, y: np.stack([x, y]), ROW, ROW + 1),
    (lambda x, y: np.stack([x, y, x], axis=1), TABLE, TABLE + 1),
    (lambda x, y: np.stack((x, y), -1), TABLE, TABLE + 1),
    (lambda x, y: np.stack([x, y, 2.0]), 0.5, 1.5),
    (lambda x, y: np.stack([np.zeros((0, 3)), x[:0]], 1) * y, TABLE, 0.5),
    (lambda x, y: np.vstack([x, y]), TABLE, ROW),
    (lambda x, y: np.vstack([x, y]), 0.5, 1.5),
    (lambda x, y: np.vstack((x, y)), BLOCK, BLOCK[:1]),
    (lambda x, y: np.hstack([x, y]), TABLE, WIDE),
    (lambda x, y: np.hstack([x, y, 1.0]), ROW, 0.5),
    (lambda x, y: np.hstack((x, y)), BLOCK, BLOCK[:, :1]),
    (lambda x, y: np.dstack([x, y]), ROW, TALL),
    (lambda x, y: np.dstack([x, y]), TABLE, BLOCK),
    (lambda x, y: np.dstack([x, y]), 0.5, 1.5),
    (lambda x, y: np.column_stack([x, y]), PAIR, TABLE),
    (lambda x, y: np.column_stack([x, y, np.ones(3)]), ROW, ROW + 1),
    (lambda x, y: np.append(x, y), TABLE, 0.5),
    (lambda x, y: np.block([x, y, 1.0]), ROW, PAIR),
    (lambda x, y: np.block([[x, y], [np.ones((1, 4))]]), TABLE, WIDE),
    (lambda x, y: np.block([[x], [y]]), ROW, TABLE),
    (lambda x, y: np.block([[[x]], [[y]]]), TABLE, BLOCK[:, :, 0]),
    (lambda x, y: np.block(x) * y, ROW, 0.5),
    (lambda x, y: np.append(x, y, axis=0), TABLE, TALL),
]


@pytest.mark.parametrize(("f", "x", "y"), JOINS)
def test_joining(f, x, y) -> None:
    check_moves(f, x, y)


@pytest.mark.parametrize("name", ["concatenate", "stack", "vstack", "hstack"])
def test_a_traced_array_is_a_sequence_of_its_rows(name) -> None:
    check_moves(getattr(np, name), BLOCK)


def test_pieces_that_are_plain_or_ints_are_constants() -> None:
    def f(x):
        return np.sum(np.concatenate([x, np.array([1, 2]), [3.0]]) ** 2)

    np.testing.assert_array_equal(gad.grad(f)(ROW), 2 * ROW)
    kinds = [node.kind for node in gad.trace(f, ROW).nodes]
    assert kinds.count("constant") == 3  # two arrays and the exponent


@pytest.mark.parametrize("function", [np.concatenate, np.stack, np.vstack, np.hstack])
def test_dtype_and_casting(function) -> None:
    x = np.float32([1.5, 2.5])

    def f(v):
        return function([v, v], dtype=np.float64, casting="safe")

    value, pullback = gad.vjp(f, x)
    np.testing.assert_array_equal(value, f(x))
    assert value.dtype == np.float64
    (gradient,) = pullback(np.ones_like(value))
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, [2.0, 2.0])
    assert gad.jvp(f, (x,), (x,))[1].dtype == np.float64
    with pytest.raises(TypeError, match="Cannot cast"):
        gad.grad(lambda v: np.sum(function([v, v], dtype=int)))(x)
    graph = gad.trace(lambda v: (function([v, v], dtype=int, casting="unsafe"), np.sum(v)), x)
    assert graph.nodes[1].dtype == int
    assert not graph.edges[0].active


@pytest.mark.parametrize("function", [np.concatenate, np.stack])
def test_a_result_array_is_refused(function) -> None:
    for call in (lambda x: function([x, x], 0, np.zeros(6)), lambda x: function([x, x], out=np.zeros(6))):
        with pytest.raises(gad.ImmutableError, match=rf"np.{function.__name__}\(..., out=...\)"):
            gad.grad(lambda x, call=call: np.sum(call(x)))(ROW)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.concatenate([x, np.ones((2, 2))]),
        lambda x: np.concatenate([x, x], axis=2),
        lambda x: np.stack([x, np.ones(3)]),
        lambda x: np.stack([x, x], axis=3),
        lambda x: np.hstack([x, np.ones(3)]),
        lambda x: np.split(x, 2, axis=1)[0],
        lambda x: np.dsplit(x, 2)[0],
        lambda x: np.block([[x], x]),
        lambda x: np.block([[x, np.ones((3, 3))]]),
    ],
)
def test_what_numpy_refuses_is_numpys_error(call) -> None:
    with pytest.raises(ValueError) as plain:
        call(TABLE)
    with pytest.raises(type(plain.value)) as traced:
        gad.grad(lambda x: np.sum(call(x)))(TABLE)
    assert str(traced.value) == str(plain.value)


CUTS = [
    (lambda x: np.split(x, 2), TABLE),
    (lambda x: np.split(x, 3, axis=-1), TABLE),
    (lambda x: np.split(x, [1, 4]), np.arange(6.0)),
    (lambda x: np.split(x, (2, 1), axis=1), TABLE),
    (lambda x: np.split(x, np.array([1, 9]), 1), TABLE),
    (lambda x: np.split(x, [-1]), ROW),
    (lambda x: np.array_split(x, 2), ROW),
    (lambda x: np.array_split(x, 5, axis=1), TABLE),
    (lambda x: np.hsplit(x, 3), ROW),
    (lambda x: np.hsplit(x, [1]), TABLE),
    (lambda x: np.vsplit(x, 2), TABLE),
    (lambda x: np.dsplit(x, 2), BLOCK),
]
if hasattr(np, "unstack"):
    CUTS += [(lambda x: np.unstack(x), TABLE), (lambda x: np.unstack(x, axis=-1), BLOCK)]


@pytest.mark.parametrize(("f", "x"), CUTS)
def test_cutting(f, x) -> None:
    wanted = f(x)
    for number in range(len(wanted)):
        check_moves(lambda v, number=number: f(v)[number], x)
    weights = range(1, len(wanted) + 1)
    gradient = gad.grad(lambda v: sum(w * np.sum(piece) for w, piece in zip(weights, f(v), strict=True)))(x)
    filled = f(np.arange(x.size).reshape(x.shape))
    expected = np.zeros(x.size)
    for weight, places in zip(weights, filled, strict=True):
        expected[places] += weight
    np.testing.assert_array_equal(gradient, expected.reshape(x.shape))


def test_cutting_gives_what_numpy_gives() -> None:
    def f(x):
        pieces = np.split(x, 3)
        assert type(pieces) is list
        first, _second, third = pieces
        return np.sum(first * third)

    np.testing.assert_array_equal(gad.grad(f)(ROW), [ROW[2], 0.0, ROW[0]])


@pytest.mark.parametrize(
    "f",
    [
        lambda xp, x: xp.concatenate([x, x * 2, xp.sin(x)], axis=1),
        lambda xp, x: xp.stack([x, x * 2], axis=1),
        lambda xp, x: xp.vstack([x, x[0]]),
        lambda xp, x: xp.hstack([x, x[:, :1]]),
        lambda xp, x: xp.array_split(x, 2, axis=1)[1],
    ],
)
def test_an_independent_library_agrees(f) -> None:
    weights = np.random.default_rng(1).normal(size=np.shape(f(np, TABLE)))
    ours = gad.grad(lambda x: np.sum(weights * np.sin(f(np, x))))(TABLE)
    theirs = autograd.grad(lambda x: anp.sum(weights * anp.sin(f(anp, x))))(TABLE)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_many_pieces() -> None:
    def f(x):
        return np.sum(np.stack([np.sin(v) for v in x]) ** 2)

    x = np.linspace(0, 3, 500)
    np.testing.assert_allclose(gad.grad(f)(x), np.sin(2 * x), atol=1e-14)
    np.testing.assert_allclose(gad.jvp(f, (x,), (np.ones(500),))[1], np.sum(np.sin(2 * x)), rtol=1e-12)


def test_replay_equals_a_fresh_trace() -> None:
    def f(x, y):
        left, right = np.split(np.hstack([x, y, x]), [4])
        return np.sum(left**2) * np.sum(right)

    replayed = gad.trace(f, ROW, PAIR).evaluate(x=ROW + 1, y=PAIR * 2)
    assert replayed.notice == ""
    for name, gradient in zip("xy", gad.grad(f, (0, 1))(ROW + 1, PAIR * 2), strict=True):
        np.testing.assert_array_equal(replayed[name].adjoint, gradient)
        np.testing.assert_array_equal(gad.Graph.from_dict(replayed.to_dict())[name].adjoint, gradient)
