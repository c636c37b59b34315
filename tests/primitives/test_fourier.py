"""The transforms of np.fft: values and dtypes are NumPy's, derivatives those of differences, for every n and norm."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core import sweep
from graphviz_ad.errors import ImmutableError, UnsupportedError
from tests.primitives.derivatives import check
from tests.thinned import thinned

rng = np.random.default_rng(11)
ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fft2", "ifft2", "fftn", "ifftn", "rfft2", "irfft2", "rfftn", "irfftn"]
HALF_IN = {"irfft", "hfft", "irfft2", "irfftn"}
REAL_IN = {"rfft", "ihfft", "rfft2", "rfftn"}


def weighed(z):
    """A real function of a transform that sees both parts of every entry."""
    weights = np.arange(1.0, 1.0 + z.size).reshape(z.shape)
    return np.real(z) * weights + np.imag(z) ** 2


def turned(name, x):
    """A complex argument of the inputs, where the transform takes one."""
    return x if name in REAL_IN else x * (1 + 0.5j) + 0.25j * x**2


@pytest.mark.parametrize("norm", thinned([None, "backward", "ortho", "forward"], 2))
@pytest.mark.parametrize(("shape", "n", "axis"), [((5,), None, -1), ((4,), 7, 0), ((6,), 3, -1), ((4, 3), 5, 0)])
@pytest.mark.parametrize("name", ONE)
def test_along_one_axis(name, shape, n, axis, norm) -> None:
    function, x = getattr(np.fft, name), rng.normal(size=shape)
    check(lambda v: weighed(function(turned(name, v), n=n, axis=axis, norm=norm)), x)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3, 4), {}),
        ((3, 4), {"s": (4, 3), "axes": (0, 1), "norm": "ortho"}),
        ((2, 3, 4), {"axes": (2, 0), "norm": "forward"}),
    ],
)
@pytest.mark.parametrize("name", SEVERAL)
def test_along_several_axes(name, shape, options) -> None:
    function, x = getattr(np.fft, name), rng.normal(size=shape)
    check(lambda v: weighed(function(turned(name, v), **options)), x)


@pytest.mark.parametrize("name", [*ONE, *SEVERAL])
def test_float32_is_as_numpy_has_it(name) -> None:
    x = rng.normal(size=(4, 4)).astype(np.float32)
    function = getattr(np.fft, name)
    value, pullback = gad.vjp(lambda v: weighed(function(turned(name, v))), x)
    assert value.dtype == weighed(function(turned(name, x))).dtype
    assert pullback(np.ones_like(value))[0].dtype == np.float32


def test_parseval() -> None:
    x = rng.normal(size=8)
    gradient = gad.grad(lambda v: np.sum(np.abs(np.fft.fft(v, norm="ortho")) ** 2))(x)
    np.testing.assert_allclose(gradient, 2 * x, rtol=1e-12)


@pytest.mark.parametrize("n", [None, 4, 9])
@pytest.mark.parametrize("name", ONE)
def test_pytorch_agrees(name, n) -> None:
    from tests.torched import torch

    x, theirs, ours = rng.normal(size=6), getattr(torch.fft, name), getattr(np.fft, name)
    leaf = torch.tensor(x, requires_grad=True)
    torch.sum(torch.abs(theirs(turned(name, leaf), n=n)) ** 3).backward()
    found = gad.grad(lambda v: np.sum(np.abs(ours(turned(name, v), n=n)) ** 3))(x)
    np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_what_the_real_transform_ignores_gets_nothing() -> None:
    """The mean of a half spectrum, and its middle where n is even, are read as real numbers."""
    graph = gad.trace(lambda y: np.sum(np.fft.irfft(1j * y, 6) * np.arange(6.0)), rng.normal(size=4))
    found = next(node for node in graph.nodes if node.dtype == complex and node.shape).adjoint
    assert found[0].imag == found[3].imag == 0


@pytest.mark.parametrize("axes", [None, 0, (1,), (0, 1), (-1,)])
@pytest.mark.parametrize("function", [np.fft.fftshift, np.fft.ifftshift])
def test_shifts(function, axes) -> None:
    check(lambda v: function(v * np.arange(15.0).reshape(3, 5), axes) ** 2, rng.normal(size=(3, 5)))


def test_frequencies_are_plain() -> None:
    assert (
        type(gad.trace(lambda x: np.sum(np.abs(np.fft.rfft(x)) * np.fft.rfftfreq(6)), rng.normal(size=6))) is gad.Graph
    )
    assert gad.grad(lambda d: np.sum(np.fft.fftfreq(5, d) ** 2))(0.5) == pytest.approx(
        -2 * 4 * np.sum(np.fft.fftfreq(5) ** 2) * 2
    )


def test_errors_are_numpys_or_ours() -> None:
    x = rng.normal(size=(2, 3))
    for f, kind, words in [
        (lambda v: np.fft.fft(v, axis=2), IndexError, "out of bounds"),
        (lambda v: np.fft.fft(v, 0), ValueError, "data points"),
        (lambda v: np.fft.fft(v, norm="other"), ValueError, "Invalid norm"),
        (lambda v: np.fft.fftn(v, (2, 2), (0,)), ValueError, "different lengths"),
        (lambda v: np.fft.fftn(v, axes=(0, -2)), UnsupportedError, "one axis twice"),
        (lambda v: np.fft.fft(v, out=np.zeros((2, 3), complex)), ImmutableError, "existing array"),
    ]:
        with pytest.raises(kind, match=words):
            gad.vjp(f, x)
    with pytest.raises(TypeError):
        np.fft.rfft(x + 1j)
    with pytest.raises(UnsupportedError, match=r"np.fft.fft\(z\)"):
        gad.vjp(lambda v: np.abs(np.fft.rfft(v + 1j)), x)


def test_a_transform_without_its_factor_is_found(monkeypatch) -> None:
    """The tests above can fail: a sweep that takes no real part has another adjoint."""
    monkeypatch.setattr(sweep, "landed", lambda sent, target: np.abs(sent))
    with pytest.raises(AssertionError):
        test_parseval()
