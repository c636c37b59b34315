"""Products: values, both modes, second order and many seeds, for every combination of shapes and argument forms."""

from __future__ import annotations

import json

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.primitives import products
from tests.primitives.derivatives import check, check_no_promotion

SHAPES = {
    np.matmul: [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((4, 2, 3), (3, 2)),
        ((2, 3), (4, 3, 2)),
        ((3,), (4, 3, 2)),
        ((4, 2, 3), (3,)),
        ((2, 1, 2, 3), (3, 3, 2)),
        ((1, 2, 3), (2, 3, 2)),
    ],
    np.dot: [
        ((), ()),
        ((), (2, 2)),
        ((3,), ()),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((2, 2, 3), (3,)),
        ((3,), (2, 3, 2)),
        ((2, 2, 3), (3, 2)),
        ((2, 3), (2, 3, 2)),
        ((2, 2, 3), (2, 3, 2)),
    ],
    np.inner: [((), ()), ((), (2, 2)), ((3,), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 2, 3), (4, 3))],
    np.outer: [((), ()), ((), (2,)), ((2,), (3,)), ((2, 2), (3,)), ((2, 2), (2, 1))],
    np.vdot: [((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (6,))],
    np.tensordot: [((2, 3), (2, 3)), ((2, 2, 3), (2, 3, 2))],
    np.vecdot: [((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (2, 3))],
    np.linalg.matmul: [((2, 3), (3, 4))],
    np.linalg.outer: [((2,), (3,))],
    np.linalg.tensordot: [((2, 3), (2, 3))],
    np.linalg.vecdot: [((2, 3), (3,))],
}
if hasattr(np, "matvec"):
    SHAPES[np.matvec] = [((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3)), ((2, 1, 2, 3), (3, 3))]
    SHAPES[np.vecmat] = [((3,), (3, 2)), ((4, 3), (3, 2)), ((3,), (4, 3, 2)), ((2, 1, 3), (3, 3, 2))]
PAIRS = [
    pytest.param(function, *shapes, id=f"{function.__module__.rpartition('.')[2]}.{function.__name__}-{shapes}")
    if hasattr(function, "__module__") and function.__module__
    else pytest.param(function, *shapes, id=f"{function.__name__}-{shapes}")
    for function, rows in SHAPES.items()
    for shapes in rows
]


def two(left, right, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=left)[()], rng.normal(size=right)[()]


@pytest.mark.parametrize(("function", "left", "right"), PAIRS)
def test_values_and_derivatives(function, left, right) -> None:
    check(function, *two(left, right))


@pytest.mark.parametrize(("function", "left", "right"), PAIRS)
def test_a_constant_on_either_side(function, left, right) -> None:
    a, b = two(left, right)
    both = gad.grad(lambda a, b: np.sum(function(a, b)), (0, 1))(a, b)
    np.testing.assert_array_equal(gad.grad(lambda a: np.sum(function(a, b)))(a), both[0])
    np.testing.assert_array_equal(gad.grad(lambda b: np.sum(function(a, b)))(b), both[1])


@pytest.mark.parametrize("function", [np.matmul, np.dot, np.inner, np.outer, np.tensordot])
def test_against_autograd(function) -> None:
    theirs = getattr(anp, function.__name__)
    for left, right in SHAPES[function]:
        if function is np.outer and len(left) != 1:
            continue  # autograd's rule is for vectors
        a, b = two(left, right)
        for argnum in (0, 1):
            ours = gad.grad(lambda a, b: np.sum(np.sin(function(a, b))), argnum)(a, b)
            wanted = autograd.grad(lambda a, b: anp.sum(anp.sin(theirs(a, b))), argnum)(a, b)
            np.testing.assert_allclose(ours, wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "axes", [0, 1, 2, (1, 0), (-1, 0), ([1, 0], [0, 1]), ((0,), (1,)), ([-2, -1], [1, 0]), ([], [])]
)
def test_tensordot_takes_axes_in_every_form(axes) -> None:
    shapes = ((2, 3), (2, 3)) if axes == 2 else ((2, 3), (3, 2))
    check(lambda a, b: np.tensordot(a, b, axes), *two(*shapes))


def test_tensordot_brings_axes_back_in_order() -> None:
    a, b = two((2, 3, 4), (4, 5, 2))
    check(lambda a, b: np.tensordot(a, b, axes=([2, 0], [0, 2])), a, b, second=False)
    check(lambda a, b: np.tensordot(a, b, axes=([0, 2], [2, 0])), a, b, second=False)


# -- einsum -------------------------------------------------------------------------------------

SUBSCRIPTS = [
    ("ij,jk->ik", (2, 3), (3, 2)),
    ("ij,jk", (2, 3), (3, 2)),
    ("ba,cb", (2, 3), (4, 2)),
    ("i,i", (3,), (3,)),
    ("i,j", (2,), (3,)),
    ("ij,kj->ik", (2, 3), (4, 3)),
    ("ij,j,jk->k", (2, 3), (3,), (3, 2)),
    ("a,b,c,d->dbca", (2,), (1,), (2,), (3,)),
    ("ii->i", (3, 3)),
    ("ii->", (3, 3)),
    ("ii", (3, 3)),
    ("iij->j", (2, 2, 3)),
    ("iji->ij", (2, 3, 2)),
    ("iii->i", (2, 2, 2)),
    ("iijj->ij", (2, 2, 3, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("ji", (2, 3)),
    ("ij,k->k", (2, 3), (4,)),
    ("iik,k->i", (2, 2, 3), (3,)),
    ("...ij,...jk->...ik", (4, 2, 3), (3, 2)),
    ("...ij,...jk", (2, 1, 2, 3), (3, 3, 2)),
    ("...i,...i", (2, 1, 3), (2, 3)),
    ("i...->...", (2, 3)),
    ("i...i->...i", (2, 3, 2)),
    ("...,...->...", (2, 3), (3,)),
    ("ij,ij->ij", (1, 3), (2, 3)),
    ("ij,jk->ik", (2, 1), (3, 2)),
    ("ii,i->i", (3, 3), (1,)),
    ("ij,j->i", (2, 1), (3,)),
    (",ij->ij", (), (2, 3)),
    ("->", ()),
    ("Ab,bA->A", (2, 3), (3, 2)),
    (" i j , j -> i ", (2, 3), (3,)),
]


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize(("subscripts", "shapes"), [(row[0], row[1:]) for row in SUBSCRIPTS])
def test_einsum(subscripts, shapes, optimize) -> None:
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=shape)[()] for shape in shapes]
    check(lambda *x: np.einsum(subscripts, *x, optimize=optimize), *operands)


def is_plain(subscripts):
    """Whether autograd has the rule: no letter twice in one operand, no ellipsis, nothing that broadcasts."""
    terms = subscripts.partition("->")[0].split(",")
    twice = any(len(set(term)) < len(term) for term in terms)
    return not twice and "." not in subscripts and subscripts not in ("ij,ij->ij", "ij,j->i", "ij,jk->ik")


@pytest.mark.parametrize(("subscripts", "shapes"), [(row[0], row[1:]) for row in SUBSCRIPTS if is_plain(row[0])])
def test_einsum_against_autograd(subscripts, shapes) -> None:
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=shape) for shape in shapes]
    for argnum in range(len(operands)):
        ours = gad.grad(lambda *x: np.sum(np.sin(np.einsum(subscripts, *x))), argnum)(*operands)
        theirs = autograd.grad(lambda *x: anp.sum(anp.sin(anp.einsum(subscripts, *x))), argnum)(*operands)
        np.testing.assert_allclose(ours, theirs, rtol=1e-11)


def test_einsum_with_lists_of_numbers() -> None:
    a, b = two((2, 3), (3, 4))
    check(lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), a, b)
    check(lambda a, b: np.einsum(a, [0, 1], b, [1, 2]), a, b)
    check(lambda a, b: np.einsum(a, [30, 1], b, [1, 2]), a, b)
    check(lambda a, b: np.einsum(a, [..., 7], b, [7, 3], [..., 3]), a, b)
    check(lambda a: np.einsum(a, [1, 0]), a)


def test_einsum_takes_plans() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    path = np.einsum_path("ij,jk,kl->il", a, b, c)[0]
    for optimize in (path, "greedy", "optimal", True):
        check(lambda *x, optimize=optimize: np.einsum("ij,jk,kl->il", *x, optimize=optimize), a, b, c, second=False)

    def planned(a, b, c):
        path, _ = np.einsum_path("ij,jk,kl->il", a, b, c)
        return np.sum(np.einsum("ij,jk,kl->il", a, b, c, optimize=path))

    np.testing.assert_allclose(gad.grad(planned)(a, b, c), np.ones((2, 2)) @ (b @ c).T)


def test_large_einsums_have_the_same_derivative_as_matmul() -> None:
    a, b = two((30, 40), (40, 20))  # large enough for the rule to plan its contraction
    ours = gad.grad(lambda a, b: np.sum(np.einsum("ij,jk->ik", a, b) ** 2), (0, 1))(a, b)
    wanted = gad.grad(lambda a, b: np.sum((a @ b) ** 2), (0, 1))(a, b)
    for found, right in zip(ours, wanted, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-11)


def test_nothing_is_sent_beside_a_diagonal() -> None:
    """The adjoint is inf on the diagonal; beside it 0 × inf must not appear."""
    x = np.array([[0.0, 2.0], [3.0, 4.0]])
    with np.errstate(divide="ignore"):
        found = gad.grad(lambda x: np.sum(np.sqrt(np.einsum("ii->i", x))))(x)
    np.testing.assert_array_equal(found, [[np.inf, 0.0], [0.0, 0.25]])


# -- dtypes, sizes ------------------------------------------------------------------------------

CALLS = {
    "matmul": lambda a, b: a @ b,
    "dot": np.dot,
    "inner": lambda a, b: np.inner(a, b.T),
    "outer": np.outer,
    "tensordot": lambda a, b: np.tensordot(a, b, 1),
    "einsum": lambda a, b: np.einsum("ij,jk->ik", a, b),
    "einsum trace": lambda a, b: np.einsum("ij,ji,kk->", a, b, a @ b),
    "vecdot": lambda a, b: np.vecdot(a, b.T[:1]),
}


@pytest.mark.parametrize("name", CALLS)
def test_float32_stays_float32(name) -> None:
    a, b = (x.astype(np.float32) for x in two((2, 3), (3, 2)))
    f = CALLS[name]
    out, pullback = gad.vjp(f, a, b)
    assert out.dtype == np.float32
    assert [x.dtype for x in pullback(np.ones_like(out))] == [np.float32, np.float32]
    np.testing.assert_array_equal(out, f(a, b))


@pytest.mark.parametrize("name", CALLS)
def test_rules_do_not_promote_float32(name) -> None:
    """The sweep casts at the end, which would hide a whole backward pass in float64."""
    a, b = (x.astype(np.float32) for x in two((2, 3), (3, 2)))
    graph = gad.trace(CALLS[name], a, b)
    for node in graph.nodes:
        record = graph.records[node.id]
        if record.primitive is not None:
            check_no_promotion(record)


@pytest.mark.parametrize("name", CALLS)
def test_ints_among_the_operands(name) -> None:
    a, _ = two((2, 3), (3, 2))
    counts = np.arange(6).reshape(3, 2)
    ours = gad.grad(lambda a: np.sum(CALLS[name](a, counts)))(a)
    np.testing.assert_allclose(ours, gad.grad(lambda a: np.sum(CALLS[name](a, counts.astype(float))))(a), rtol=1e-14)
    mixed = gad.grad(lambda a: np.sum(CALLS[name](a, counts)))(a.astype(np.float32))
    assert mixed.dtype == np.float32


@pytest.mark.parametrize(
    ("function", "left", "right"),
    [
        (np.matmul, (0, 3), (3, 2)),
        (np.matmul, (2, 0), (0, 2)),
        (np.matmul, (0, 2, 3), (3, 2)),
        (np.dot, (2, 0), (0, 2)),
        (np.dot, (2, 0, 3), (3,)),
        (np.inner, (0,), (0,)),
        (np.outer, (0,), (2,)),
        (np.vdot, (0,), (0,)),
        (np.tensordot, (2, 0), (2, 0)),
        (lambda a, b: np.einsum("ij,jk->ik", a, b), (2, 0), (0, 2)),
        (lambda a, b: np.einsum("ii,j->j", a, b), (0, 0), (2,)),
    ],
)
def test_empty_arrays(function, left, right) -> None:
    a, b = two(left, right)
    for found, x in zip(gad.grad(lambda a, b: np.sum(function(a, b)), (0, 1))(a, b), (a, b), strict=True):
        np.testing.assert_array_equal(found, np.zeros(x.shape))


def test_lists_and_methods() -> None:
    a, b = two((2, 3), (3,))
    np.testing.assert_array_equal(gad.vjp(lambda a: a.dot(b), a)[0], a.dot(b))
    np.testing.assert_array_equal(gad.vjp(lambda a: np.matmul(a, [1.0, 2.0, 3.0]), a)[0], a @ [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(gad.vjp(lambda a: [1.0, 2.0] @ a, a)[0], [1.0, 2.0] @ a)


def test_a_value_twice() -> None:
    a, _ = two((3, 3), (1,))
    np.testing.assert_allclose(gad.grad(lambda a: np.sum(a @ a))(a), np.ones((3, 3)) @ a.T + a.T @ np.ones((3, 3)))
    check(lambda a: np.einsum("ij,jk,ki->", a, a, a), a)


def test_third_order() -> None:
    f = gad.grad(gad.grad(gad.grad(lambda x: np.einsum("i,i,i->", x * np.ones(2), x * np.ones(2), x * np.ones(2)))))
    assert f(3.0) == pytest.approx(12.0)


# -- the hot path -------------------------------------------------------------------------------


def test_the_rules_of_a_matrix_product_copy_nothing() -> None:
    """One product on a transposed view each: the operands that reach it share memory with the arrays themselves."""
    seen = []

    class Watched(np.ndarray):
        def __matmul__(self, other):
            seen.append((np.asarray(self), np.asarray(other)))
            return np.asarray(self) @ np.asarray(other)

    a, b = two((4, 3), (3, 2))
    adjoint = np.ones((4, 2))
    rule = products._matmul.vjps
    np.testing.assert_array_equal(rule[0](adjoint.view(Watched), a @ b, a, b.view(Watched)), adjoint @ b.T)
    np.testing.assert_array_equal(rule[1](adjoint.view(Watched), a @ b, a.view(Watched), b), a.T @ adjoint)
    assert len(seen) == 2
    assert np.shares_memory(seen[0][0], adjoint)
    assert np.shares_memory(seen[0][1], b)
    assert np.shares_memory(seen[1][0], a)
    assert np.shares_memory(seen[1][1], adjoint)


def test_one_matrix_for_a_batch_never_becomes_a_batch_of_matrices() -> None:
    a, b = two((50, 2, 3), (3, 4))
    sent = products._matmul.vjps[1](np.ones((50, 2, 4)), a @ b, a, b)
    assert sent.shape == (3, 4)


# -- graphs -------------------------------------------------------------------------------------


def test_parameters_survive_json() -> None:
    a, b = two((2, 3), (3, 2))

    def f(a, b):
        path = ["einsum_path", (0, 1)]
        return np.einsum("ij,jk->ik", a, b, optimize=path) + np.tensordot(a, b, axes=([1], [0])) + np.dot(a, b)

    graph = gad.trace(f, a, b)
    again = gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict())))
    np.testing.assert_array_equal(again.evaluate(a=2 * a, b=b).outputs[0].value, f(2 * a, b))


def test_each_product_has_its_own_name() -> None:
    a, b = two((3, 3), (3, 3))
    graph = gad.trace(
        lambda a, b: np.dot(a, b) @ np.inner(a, b) + np.tensordot(a, b, 1) + np.einsum("ij,jk", a, b), a, b
    )
    names = [node.primitive.name for node in graph.nodes if node.primitive]
    assert names == ["dot", "inner", "matmul", "tensordot", "add", "einsum", "add"]


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda x: x @ 2.0,
            gad.ArgumentError,
            r"second argument is a scalar at line \d+ of test_products.py .*write `\*`",
        ),
        (lambda x: np.matmul(2.0, x), gad.ArgumentError, "first argument is a scalar"),
        (lambda x: x @ np.ones(3), ValueError, "mismatch in its core dimension"),
        (lambda x: np.dot(x, np.ones(3)), ValueError, "not aligned"),
        (lambda x: np.inner(x, np.ones(3)), ValueError, "not aligned"),
        (lambda x: np.vdot(x, np.ones(3)), ValueError, "size"),
        (lambda x: np.tensordot(x, np.ones(3), 1), ValueError, "shape-mismatch"),
        (lambda x: np.tensordot(x, x, ([0], [5])), IndexError, "out of range"),
        (lambda x: np.linalg.outer(x, np.ones(3)), ValueError, "one-dimensional"),
        (lambda x: np.einsum("ij,jk->il", x, x), ValueError, "output"),
        (lambda x: np.einsum("ij,jk->ik", x), ValueError, "operand"),
        (lambda x: np.einsum("ijk->i", x), ValueError, "subscripts"),
        (lambda x: np.einsum(x, [0, -1]), ValueError, "valid range"),
        (lambda x: np.einsum(x, [0, 52]), ValueError, "valid range"),
        (
            lambda x: np.einsum("ij->", x, dtype=np.float32),
            gad.UnsupportedError,
            r"np.einsum\(..., dtype=...\).*astype",
        ),
        (lambda x: np.einsum("ij->ji", x, order="F"), gad.UnsupportedError, r"order=..."),
        (lambda x: np.matmul(x, x, axes=[(0, 1), (0, 1), (0, 1)]), gad.UnsupportedError, "axes=.*moveaxis"),
        (lambda x: np.matmul(x, x, dtype=np.float32), gad.UnsupportedError, "dtype=.*astype"),
        (lambda x: np.vecdot(x, x, axis=0), gad.UnsupportedError, "axis=.*moveaxis"),
        (lambda x: np.matmul(x, x, out=np.ones((2, 2))), gad.ImmutableError, "out="),
        (lambda x: np.einsum("ij->ji", x, out=np.ones((2, 2))), gad.ImmutableError, "out="),
    ],
)
def test_errors(call, kind, words) -> None:
    with pytest.raises(kind, match=words):
        gad.trace(call, np.eye(2))


def test_options_that_change_nothing_pass() -> None:
    x = np.eye(2)
    gad.trace(lambda x: np.matmul(x, x, casting="same_kind", order="K", dtype=None), x)
    gad.trace(lambda x: np.einsum("ij->ji", x, casting="safe", order="K", dtype=None), x)
    gad.trace(lambda x: np.vecdot(x, x, axis=-1), x)
