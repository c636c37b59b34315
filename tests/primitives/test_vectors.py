"""kron and cross: NumPy's values, warnings and errors for every form, and derivatives to second order."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.primitives.moves import check_types
from tests.torched import torch

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((), ()),
        ((), (2, 3)),
        ((3,), ()),
        ((2,), (3,)),
        ((2, 3), (2, 2)),
        ((2,), (2, 3)),
        ((2, 1, 2), (3, 2)),
        ((0,), (2,)),
    ],
)
def test_kron(a, b) -> None:
    x, y = RNG.normal(size=a)[()], RNG.normal(size=b)[()]
    check(np.kron, x, y)
    check(lambda x: np.kron(x, [[1, 2], [3, 4]]), x)
    check(lambda x: np.kron(x * x, x), x)
    check_types(np.kron, x, y)


@pytest.mark.parametrize(
    ("a", "b", "form"),
    [
        ((3,), (3,), {}),
        ((2, 3), (3,), {}),
        ((2, 3), (2, 3), {}),
        ((4, 1, 3), (2, 3), {}),
        ((3, 2), (3, 2), {"axis": 0}),
        ((3, 2), (2, 3), {"axisa": 0, "axisc": 0}),
        ((2, 3), (3, 2), {"axisb": 0, "axisc": -1}),
        ((2,), (2,), {}),
        ((2,), (3,), {}),
        ((5, 3), (2,), {}),
        ((5, 2), (5, 2), {}),
        ((2, 5), (3, 5), {"axis": 0}),
    ],
    ids=str,
)
def test_cross(a, b, form) -> None:
    x, y = RNG.normal(size=a), RNG.normal(size=b)
    axis = form.get("axis", -1)
    flat = not {"axisa", "axisb"} & set(form) and 2 in (a[axis], b[axis])
    if flat:
        with pytest.warns(DeprecationWarning, match="2-dimensional") as found:
            gad.vjp(lambda x, y: np.cross(x, y, **form), x, y)
        assert all(one.filename == __file__ for one in found)
    with warnings.catch_warnings():
        if flat:
            warnings.simplefilter("ignore", DeprecationWarning)
        check(lambda x, y: np.cross(x, y, **form), x, y)
        if a != (2,) or b != (2,):  # there NumPy gives an array of no axes, and we a number
            check_types(lambda x, y: np.cross(x, y, **form), x, y)


def test_cross_as_torch_and_by_hand() -> None:
    a, b = RNG.normal(size=(2, 4, 3))
    x, y = torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)
    (torch.cross(x, y, dim=-1) ** 2).sum().backward()
    ours = gad.grad(lambda x, y: np.sum(np.cross(x, y) ** 2), (0, 1))(a, b)
    np.testing.assert_allclose(ours[0], x.grad.numpy(), rtol=1e-10)
    np.testing.assert_allclose(ours[1], y.grad.numpy(), rtol=1e-10)
    check(lambda x: np.linalg.cross(x, [1, 2, 3]), a)
    check(lambda x: np.cross([1, 2, 3], x), a)


def test_errors() -> None:
    for call in (
        lambda x: np.cross(x, np.ones(4)),
        lambda x: np.cross(x[0], x),
        lambda x: np.linalg.cross(x[:2], x[:2]),
        lambda x: np.cross(x, x, axis=3),
    ):
        with pytest.raises(ValueError, match=r".") as theirs:
            call(np.ones(3))
        with pytest.raises(theirs.type, match=str(theirs.value)[:16]):
            gad.jacobian(call)(np.ones(3))
