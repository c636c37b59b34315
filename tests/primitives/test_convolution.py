"""np.convolve and np.correlate: NumPy's values for all lengths and modes, and derivatives to second order."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.primitives.moves import check_types
from tests.torched import torch

LENGTHS = [(1, 1), (4, 1), (1, 4), (5, 2), (2, 5), (5, 3), (3, 5), (4, 4), (6, 4), (4, 6)]
A, V = np.random.default_rng(0).normal(size=6), np.random.default_rng(1).normal(size=6)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "m"), LENGTHS)
@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_every_mode(name, n, m, mode) -> None:
    f = getattr(np, name)
    check(lambda a, v: f(a, v, mode), A[:n], V[:m])
    check(lambda a: f(a * a, V[:m], mode), A[:n])
    check_types(lambda a, v: f(a, v, mode), A[:n], V[:m])


def test_other_calls() -> None:
    check(lambda a: np.convolve(a, [1, 2]), A)
    check(lambda a: np.convolve([1.0, 2.0, 3.0], a, mode="same"), A)
    check(lambda a: np.correlate(np.arange(3), a), A)
    check(lambda a: np.convolve(a, 3.0), A)
    check(lambda a: np.convolve(2.0, a), np.float64(0.5))
    check(lambda a: np.convolve(a[::-2], V[::3]), A)
    check(lambda a: np.convolve(a, a), A)
    for call in (lambda a: np.convolve(a, []), lambda a: np.convolve(a[:0], V), lambda a: np.correlate(a, [])):
        with pytest.raises(ValueError, match=r"empty|cannot be"):
            gad.jacobian(call)(A)
    with pytest.raises(ValueError, match="mode"):
        gad.jacobian(lambda a: np.convolve(a, V, "other"))(A)
    with pytest.raises(ValueError, match=r"too deep|depth"):
        gad.jacobian(lambda a: np.convolve(a, V))(A.reshape(2, 3))


def test_as_torch() -> None:
    a, v = (torch.tensor(x, requires_grad=True) for x in (A, V[:3]))
    (torch.nn.functional.conv1d(a[None], v[None, None])[0] ** 2).sum().backward()
    ours = gad.grad(lambda a, v: np.sum(np.correlate(a, v) ** 2), (0, 1))(A, V[:3])
    for one, other in zip(ours, (a, v), strict=True):
        np.testing.assert_allclose(one, other.grad.numpy(), rtol=1e-10)
