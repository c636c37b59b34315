"""diff, ediff1d, trapezoid, gradient, unwrap: NumPy's values and errors for every form, derivatives to second order."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.primitives.moves import check_types
from tests.thinned import thinned
from tests.torched import torch

X = np.random.default_rng(0).normal(size=(4, 5, 3))
LINE = np.random.default_rng(1).normal(size=6)
PLACES = np.array([0.0, 0.3, 1.1, 1.5, 2.7, 3.0])


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"n": 2},
        {"n": 0},
        {"n": np.int64(3), "axis": 1},
        {"axis": 0},
        {"axis": 0, "prepend": 1.5},
        {"axis": 1, "append": [[[1.0, 2.0, 3.0]]] * 4},
        {"prepend": 0.0, "append": 2, "n": 2},
        {"n": 9},
    ],
    ids=str,
)
def test_diff(form) -> None:
    check(lambda x: np.diff(x * x, **form), X)
    if not isinstance(form.get("append"), list):
        check_types(lambda x: np.diff(x, **form), X)


def test_diff_of_traced_borders_and_bools() -> None:
    check(lambda a, b: np.diff(np.arange(3.0), prepend=a, append=b), np.float64(0.3), np.array([1.0, 2.0]))
    check(lambda x: x[1:] * np.diff(x > 0), LINE, second=False)
    for call in (lambda x: np.diff(x, n=-1), lambda x: np.diff(x[0])):
        with pytest.raises(ValueError, match=r"order must be|one dimensional"):
            gad.grad(call)(LINE)


@pytest.mark.parametrize(
    "form", [{}, {"to_end": 1.0}, {"to_begin": [2, 3]}, {"to_begin": 0.5, "to_end": [[1.0], [2.0]]}], ids=str
)
def test_ediff1d(form) -> None:
    check(lambda x: np.ediff1d(x * x, **form), LINE)
    check(lambda x: np.ediff1d(x, **form), X[0])
    check_types(lambda x: np.ediff1d(x, **form), LINE)


def test_ediff1d_of_traced_ends() -> None:
    check(lambda a, b: np.ediff1d(np.arange(3.0), b, a), np.float64(0.3), np.array([1.0, 2.0]))
    with pytest.raises(TypeError, match="same_kind"):
        gad.grad(lambda x: np.sum(np.ediff1d(np.arange(3), to_end=x)))(1.0)


@pytest.mark.parametrize("axis", thinned([0, 1, -1], 3))
def test_trapezoid(axis) -> None:
    check(lambda y: np.trapezoid(y * y, axis=axis), X)
    check(lambda y: np.trapezoid(y, dx=0.3, axis=axis), X)
    check(lambda y, dx: np.trapezoid(y, dx=dx, axis=axis), X, np.float64(0.3))
    check(lambda y, x: np.trapezoid(y, x, axis=axis), X, PLACES[: X.shape[axis]])
    check(lambda y, x: np.trapezoid(y, x, axis=axis), X, X**2)
    check_types(lambda y, x: np.trapezoid(y, x, axis=axis), X, PLACES[: X.shape[axis]])
    y, x = torch.tensor(X, requires_grad=True), torch.tensor(PLACES[: X.shape[axis]], requires_grad=True)
    torch.trapezoid(y, x, dim=axis).sum().backward()
    ours = gad.grad(lambda y, x: np.sum(np.trapezoid(y, x, axis=axis)), (0, 1))(X, PLACES[: X.shape[axis]])
    for one, other in zip(ours, (y, x), strict=True):
        np.testing.assert_allclose(one, other.grad.numpy(), atol=1e-12)


def test_the_old_name_of_trapezoid() -> None:
    if "trapz" in vars(np):
        with pytest.warns(DeprecationWarning, match="trapezoid"):
            value = vars(np)["trapz"](LINE)
        assert gad.vjp(np.trapezoid, LINE)[0] == value


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize(
    "spacing", [(), (0.5,), (PLACES,), (np.arange(6),), (np.linspace(0, 1, 6),), (2,)], ids=lambda s: str(s)[:20]
)
def test_gradient_of_a_line(spacing, edge_order) -> None:
    check(lambda f: np.gradient(f * f, *spacing, edge_order=edge_order), LINE)
    check_types(lambda f: np.gradient(f, edge_order=edge_order), LINE)
    if edge_order == 1:
        small = [torch.tensor(np.asarray(one, float)) for one in spacing]
        f = torch.tensor(LINE, requires_grad=True)
        given = {"spacing": (small[0],) if small[0].ndim else small[0].item()} if small else {}
        (torch.gradient(f, **given)[0] ** 2).sum().backward()
        ours = gad.grad(lambda f: np.sum(np.gradient(f, *spacing) ** 2))(LINE)
        np.testing.assert_allclose(ours, f.grad.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("axis", [0, -1, (0, 2), (1, 0), None])
def test_gradient_along_axes(axis, edge_order) -> None:
    count = 3 if axis is None else len(axis) if isinstance(axis, tuple) else 1
    spacings = [0.5, PLACES, 2.0][:count]
    axes = range(3) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    spacings = [one if np.ndim(one) == 0 else one[: X.shape[a]] for one, a in zip(spacings, axes, strict=True)]
    for given in ((), spacings):
        wanted = np.gradient(X, *given, axis=axis, edge_order=edge_order)
        got, _ = gad.vjp(lambda x, g=given: np.gradient(x, *g, axis=axis, edge_order=edge_order), X)
        assert type(got) is type(wanted)
        for part in range(count):

            def f(x, given=given, part=part):
                slopes = np.gradient(x * x, *given, axis=axis, edge_order=edge_order)
                return slopes[part] if count > 1 else slopes

            check(f, X, second=False)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient_as_torch(edge_order) -> None:
    x = torch.tensor(X, requires_grad=True)
    sum((s * s).sum() for s in torch.gradient(x, edge_order=edge_order)).backward()
    ours = gad.grad(lambda x: sum(np.sum(s * s) for s in np.gradient(x, edge_order=edge_order)))(X)
    np.testing.assert_allclose(ours, x.grad.numpy(), rtol=1e-10)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient_by_its_spacing(edge_order) -> None:
    check(lambda f, h: np.gradient(f, h, edge_order=edge_order), LINE, np.float64(0.3))
    check(lambda f, x: np.gradient(f, x, edge_order=edge_order), LINE, PLACES)
    check(lambda h, x: np.gradient(X, h, x, axis=(0, 1), edge_order=edge_order)[1], np.float64(0.3), PLACES[:5])


def test_gradient_by_equal_steps() -> None:
    """Each traced place has a derivative of its own, where NumPy would take one step for all."""
    places = np.arange(6.0)
    f = lambda x: np.gradient(LINE, x)  # noqa: E731
    np.testing.assert_allclose(gad.vjp(f, places)[0], f(places), rtol=1e-14, atol=1e-15)
    moved = [(f(places + 1e-6 * row) - f(places - 1e-6 * row)) / 2e-6 for row in np.eye(6)]
    for mode in ("rev", "fwd"):
        np.testing.assert_allclose(gad.jacobian(f, mode=mode)(places), np.transpose(moved), rtol=1e-6, atol=1e-8)


def test_gradient_of_ints_and_errors() -> None:
    check(lambda h: np.gradient([1, 4, 9], h), np.float64(0.5))
    for call in (
        lambda x: np.gradient(x, 1.0, 2.0),
        lambda x: np.gradient(x, PLACES[:3]),
        lambda x: np.gradient(x, np.ones((2, 2))),
        lambda x: np.gradient(x[:1]),
        lambda x: np.gradient(x, edge_order=3),
    ):
        with pytest.raises((TypeError, ValueError)) as theirs:
            call(LINE)
        with pytest.raises(theirs.type, match=str(theirs.value)[:20].replace("(", r"\(")):
            gad.jacobian(call)(LINE)


@pytest.mark.parametrize("form", [{}, {"axis": 0}, {"period": 2.0}, {"discont": 4.0, "axis": 1}], ids=str)
def test_unwrap(form) -> None:
    x = np.random.default_rng(2).uniform(-9, 9, (4, 5))
    check(lambda x: np.unwrap(x, **form), x)
    check_types(lambda x: np.unwrap(x, **form), x)


def test_unwrap_refused() -> None:
    for argument in ("period", "discont"):
        with pytest.raises(gad.UnsupportedError, match=argument):
            gad.grad(lambda t, a=argument: np.sum(np.unwrap(LINE * t, **{a: t})))(3.0)


def test_fix() -> None:
    for f in (np.fix, lambda x: x * np.fix(x)):
        np.testing.assert_array_equal(gad.vjp(f, LINE * 3)[0], f(LINE * 3))
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(x * np.fix(x)))(LINE * 3), np.fix(LINE * 3))
