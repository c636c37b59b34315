"""Common functions that HIPS autograd lacks or gets wrong, each by name: right here, in both modes and to second order.

A case is wrong there in reverse mode, in forward mode, or both: no rule, an error, nan, or a wrong number in silence.
"""

from __future__ import annotations

import warnings

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from autograd.differential_operators import make_jvp
from numpy.lib.stride_tricks import sliding_window_view

import graphviz_ad as gad
from tests.primitives.derivatives import central, check
from tests.torched import torch

RNG = np.random.default_rng(0)
V = np.array([0.7, -1.2, 2.0, 0.4])
W = np.array([1.5, 0.3, -0.8])
M = RNG.normal(size=(3, 4))
S = RNG.normal(size=(3, 3))
SYMMETRIC = S @ S.T + np.diag([1.0, 2.0, 3.0])
CUBE = RNG.normal(size=(2, 3, 4))
ZERO = np.array([2.0, 0.0, 3.0, 4.0])
TWO_ZEROS = np.array([0.0, 5.0, 0.0])
WITH_NAN = np.array([1.0, np.nan, 3.0, -2.0])
T = torch


CASES = {
    # name: function of NumPy, its arguments, the same in torch or None
    "cbrt": (np.cbrt, (V,), None),
    "convolve": (np.convolve, (V, W), None),
    "convolve same": (lambda a, v: np.convolve(a, v, "same"), (V, W), None),
    "convolve valid": (lambda a, v: np.convolve(a, v, "valid"), (V, W), None),
    "correlate full": (lambda a, v: np.correlate(a, v, "full"), (V, W), None),
    "sliding_window_view": (lambda x: sliding_window_view(x, 2), (V,), lambda x: x.unfold(0, 2, 1)),
    "sliding_window_view axis": (lambda x: sliding_window_view(x, 2, axis=1), (M,), lambda x: x.unfold(1, 2, 1)),
    "pad": (lambda x: np.pad(x, 1), (M,), lambda x: T.nn.functional.pad(x, (1, 1, 1, 1))),
    "pad pairs": (
        lambda x: np.pad(x, ((1, 0), (2, 1))),
        (M,),
        lambda x: T.nn.functional.pad(x, (2, 1, 1, 0)),
    ),
    "pad edge": (
        lambda x: np.pad(x, (1, 2), mode="edge"),
        (V,),
        lambda x: T.nn.functional.pad(x[None, None], (1, 2), mode="replicate")[0, 0],
    ),
    "pad reflect": (
        lambda x: np.pad(x, (1, 2), mode="reflect"),
        (V,),
        lambda x: T.nn.functional.pad(x[None, None], (1, 2), mode="reflect")[0, 0],
    ),
    "cumprod": (np.cumprod, (V,), lambda x: T.cumprod(x, 0)),
    "cumprod axis": (lambda x: np.cumprod(x, axis=1), (M,), lambda x: T.cumprod(x, 1)),
    "cumprod over a zero": (np.cumprod, (ZERO,), lambda x: T.cumprod(x, 0)),
    "cumsum method": (lambda x: x.cumsum(axis=0), (M,), lambda x: T.cumsum(x, 0)),
    "prod over a zero": (np.prod, (ZERO,), T.prod),
    "prod over two zeros": (np.prod, (TWO_ZEROS,), T.prod),
    "prod axis over a zero": (lambda x: np.prod(x.reshape(2, 2), axis=1), (ZERO,), lambda x: x.reshape(2, 2).prod(1)),
    "median odd": (np.median, (W,), T.median),
    "median even": (np.median, (V,), lambda x: T.quantile(x, 0.5)),
    "median axis": (lambda x: np.median(x, axis=0), (M,), lambda x: T.median(x, 0).values),
    "quantile": (lambda x: np.quantile(x, 0.3), (V,), lambda x: T.quantile(x, 0.3)),
    "percentile": (lambda x: np.percentile(x, 30, axis=1), (M,), lambda x: T.quantile(x, 0.3, 1)),
    "average": (lambda x, w: np.average(x, weights=w), (V, V**2), lambda x, w: (x * w).sum() / w.sum()),
    "ptp": (lambda x: np.ptp(x, axis=1), (M,), lambda x: x.amax(1) - x.amin(1)),
    "broadcast_to": (lambda x: np.broadcast_to(x, (2, 4)), (V,), lambda x: x.broadcast_to(2, 4)),
    "broadcast_arrays": (lambda x, y: np.multiply(*np.broadcast_arrays(x, y)), (V, W[:, None]), lambda x, y: x * y),
    "einsum ii->": (lambda x: np.einsum("ii->", x), (S,), T.trace),
    "einsum ii->i": (lambda x: np.einsum("ii->i", x), (S,), T.diagonal),
    "einsum ii": (lambda x: np.einsum("ii", x), (S,), T.trace),
    "einsum ...": (lambda x, y: np.einsum("...ij,...jk", x, y), (CUBE, M.T), lambda x, y: x @ y),
    "vdot": (np.vdot, (V, V**2), T.dot),
    "vdot of matrices": (np.vdot, (M, M**2), lambda x, y: (x * y).sum()),
    "inner of matrices": (np.inner, (M, M**2), T.inner),
    "take": (lambda x: np.take(x, [0, 2, 2]), (V,), lambda x: x[[0, 2, 2]]),
    "take axis": (lambda x: np.take(x, [2, 0], axis=1), (M,), lambda x: x[:, [2, 0]]),
    "take along axis": (
        lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1),
        (M,),
        lambda x: T.sort(x, 1).values,
    ),
    "flip": (np.flip, (M,), lambda x: T.flip(x, (0, 1))),
    "flip axis": (lambda x: np.flip(x, 1), (M,), lambda x: T.flip(x, (1,))),
    "flipud": (np.flipud, (M,), T.flipud),
    "rot90": (lambda x: np.rot90(x, 3), (M,), lambda x: T.rot90(x, 3)),
    "sort of a matrix": (np.sort, (M,), lambda x: T.sort(x).values),
    "sort axis 0": (lambda x: np.sort(x, axis=0), (M,), lambda x: T.sort(x, 0).values),
    "sort axis None": (lambda x: np.sort(x, axis=None), (M,), lambda x: T.sort(x.ravel()).values),
    "sort descending": (lambda x: np.sort(x)[:, ::-1], (M,), lambda x: T.sort(x, descending=True).values),
    "partition": (
        lambda x: np.partition(x, 1, axis=1)[:, :2].sum(axis=1),
        (M,),
        lambda x: T.sort(x).values[:, :2].sum(1),
    ),
    "meshgrid": (lambda x, y: np.multiply(*np.meshgrid(x, y)), (V, W), lambda x, y: y[:, None] * x),
    "norm": (np.linalg.norm, (V,), T.linalg.norm),
    "norm of a matrix": (np.linalg.norm, (M,), T.linalg.norm),
    "norm axis keepdims": (
        lambda x: np.linalg.norm(x, axis=1, keepdims=True),
        (M,),
        lambda x: T.linalg.norm(x, dim=1, keepdim=True),
    ),
    "norm keepdims": (
        lambda x: x / np.linalg.norm(x, keepdims=True),
        (M,),
        lambda x: x / T.linalg.norm(x),
    ),
    "norm 1 axis": (lambda x: np.linalg.norm(x, 1, axis=0), (M,), lambda x: T.linalg.norm(x, 1, dim=0)),
    "norm inf axis": (
        lambda x: np.linalg.norm(x, np.inf, axis=0),
        (M,),
        lambda x: T.linalg.norm(x, float("inf"), dim=0),
    ),
    "norm 3": (lambda x: np.linalg.norm(x, 3), (V,), lambda x: T.linalg.norm(x, 3)),
    "nansum": (np.nansum, (V,), T.nansum),
    "nanmean axis": (lambda x: np.nanmean(x, axis=1), (M,), lambda x: T.nanmean(x, 1)),
    "nanmax": (np.nanmax, (V,), T.amax),
    "nanmedian": (np.nanmedian, (W,), T.nanmedian),
    "diff": (np.diff, (M,), T.diff),
    "diff n": (lambda x: np.diff(x, n=2, axis=0), (M,), lambda x: T.diff(x, n=2, dim=0)),
    "diff prepend": (lambda x: np.diff(x, prepend=0.0), (V,), lambda x: T.diff(x, prepend=T.zeros(1, dtype=T.float64))),
    "ediff1d": (np.ediff1d, (V,), T.diff),
    "gradient": (np.gradient, (V,), lambda x: T.gradient(x)[0]),
    "trapezoid": (lambda y, x: np.trapezoid(y, x), (V, np.cumsum(V**2)), T.trapezoid),
    "interp": (lambda x, y: np.interp(x, [0.0, 1.0, 2.0], y), (np.array([0.3, 1.6]), W), None),
    "cross": (np.cross, (W, W**2), lambda x, y: T.linalg.cross(x, y)),
    "kron": (np.kron, (S, M), T.kron),
    "insert": (lambda x, v: np.insert(x, 1, v), (V, np.float64(0.3)), None),
    "delete": (lambda x: np.delete(x, [0, 2]), (V,), lambda x: x[[1, 3]]),
    "append": (np.append, (V, W), lambda x, y: T.cat([x, y])),
    "resize": (lambda x: np.resize(x, (2, 3)), (V,), lambda x: x[[0, 1, 2, 3, 0, 1]].reshape(2, 3)),
    "trace offset": (lambda x: np.trace(x, offset=1), (M,), lambda x: T.diagonal(x, 1).sum()),
    "diagonal axes": (
        lambda x: np.diagonal(x, 1, 2, 0),
        (CUBE,),
        lambda x: T.diagonal(x, 1, 2, 0),
    ),
    "unwrap": (np.unwrap, (np.array([0.5, 6.5, -1.0]),), None),
    "cov": (np.cov, (M,), T.cov),
    "corrcoef": (np.corrcoef, (M,), T.corrcoef),
    "vander": (np.vander, (W,), None),
    "polyval": (np.polyval, (V, np.float64(0.6)), None),
    "select": (lambda x: np.select([x > 1, x < 0], [x**2, x**3], 0.5), (V,), None),
    "choose": (lambda x, y: np.choose([0, 1, 1, 0], [x, y]), (V, V**2), None),
    "linspace": (lambda a, b: np.linspace(a, b, 5), (np.float64(0.3), np.float64(2.0)), None),
    "geomspace": (lambda a: np.geomspace(a, 2.0, 4), (np.float64(0.3),), None),
    "matrix_power": (lambda x: np.linalg.matrix_power(x, 3), (S,), lambda x: T.linalg.matrix_power(x, 3)),
    "matrix_power negative": (
        lambda x: np.linalg.matrix_power(x, -2),
        (SYMMETRIC,),
        lambda x: T.linalg.matrix_power(x, -2),
    ),
    "std of a mask": (lambda x: np.std(x, where=np.array([True, False, True, True])), (V,), None),
    "max initial": (lambda x: np.max(x, initial=0.5), (V,), None),
    "sum where": (lambda x: np.sum(x, where=np.array([True, False, True, True])), (V,), None),
    "clip": (lambda x: np.clip(x, -1, 1), (V,), lambda x: T.clip(x, -1, 1)),
    "hypot": (np.hypot, (V, V**2), T.hypot),
    "logaddexp": (np.logaddexp, (V, V**2), T.logaddexp),
    "var ddof axis keepdims": (
        lambda x: np.var(x, axis=(0, 2), ddof=1, keepdims=True),
        (CUBE,),
        lambda x: T.var(x, (0, 2), keepdim=True),
    ),
}
UFUNC_METHODS_AND_MORE = {
    "eigvalsh": (
        lambda x: np.linalg.eigvalsh((x + x.T) / 2),
        (SYMMETRIC,),
        lambda x: T.linalg.eigvalsh((x + x.T) / 2),
    ),
    "add.reduce": (lambda x: np.add.reduce(x, axis=1), (M,), lambda x: x.sum(1)),
    "multiply.reduce over a zero": (np.multiply.reduce, (ZERO,), T.prod),
    "maximum.reduce": (lambda x: np.maximum.reduce(x, axis=0), (M,), lambda x: x.amax(0)),
    "add.accumulate": (np.add.accumulate, (V,), lambda x: T.cumsum(x, 0)),
    "multiply.accumulate over a zero": (np.multiply.accumulate, (ZERO,), lambda x: T.cumprod(x, 0)),
    "multiply.outer": (np.multiply.outer, (V, W), T.outer),
    "subtract.outer": (np.subtract.outer, (V, W), lambda x, y: x[:, None] - y),
}
CASES |= UFUNC_METHODS_AND_MORE


@pytest.mark.parametrize("name", CASES)
def test_right(name) -> None:
    """Against central differences, in both modes, and each mode of each mode."""
    f, arguments, _ = CASES[name]
    check(f, *arguments, rtol=1e-5)


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name][2] is not None])
def test_as_torch(name) -> None:
    f, arguments, theirs = CASES[name]
    tensors = [torch.tensor(x, requires_grad=True) for x in arguments]
    out = theirs(*tensors)
    weights = np.cos(np.arange(float(out.numel()))).reshape(tuple(out.shape))
    (out * torch.tensor(weights)).sum().backward()
    ours = gad.grad(lambda *xs: np.sum(f(*xs) * weights), tuple(range(len(arguments))))(*arguments)
    for one, tensor in zip(ours, tensors, strict=True):
        np.testing.assert_allclose(one, tensor.grad.numpy(), rtol=1e-8, atol=1e-10)


NAN_FORMS = [
    "nansum",
    "nanmean",
    "nanmax",
    "nanmin",
    "nanprod",
    "nanvar",
    "nanstd",
    "nanmedian",
    "nancumsum",
    "nancumprod",
]


@pytest.mark.parametrize("name", NAN_FORMS)
def test_beside_a_nan(name) -> None:
    f = getattr(np, name)
    there = ~np.isnan(WITH_NAN)

    def of_the_others(v):
        return f(np.insert(v, 1, np.nan))

    wanted = central(of_the_others, WITH_NAN[there])
    for mode in ("rev", "fwd"):
        found = gad.jacobian(f, mode=mode)(WITH_NAN)
        np.testing.assert_allclose(found[..., there], wanted, rtol=1e-6, atol=1e-8)
        np.testing.assert_array_equal(found[..., ~there], 0)


def test_they_do_fail_there() -> None:
    """The comparison stands: these are wrong in autograd, in the version that is installed."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        assert np.isnan(autograd.grad(anp.prod)(ZERO)[1])
        assert not hasattr(anp, "cumprod") or _fails(autograd.grad(lambda x: anp.sum(anp.cumprod(x))), V)
        for f, x in (
            (lambda x: anp.sum(anp.sort(x)), M),
            (lambda x: anp.median(x), V),
            (lambda x: anp.sum(anp.cbrt(x)), V),
            (lambda x: anp.nansum(x), V),
        ):
            assert _fails(autograd.grad(f), x)
        pushed = make_jvp(lambda x: anp.linalg.norm(x, axis=1, keepdims=True))(M)(np.ones_like(M))[1]
        assert pushed.shape == (3, 3)  # of a result of shape (3, 1), and no error
    right = gad.jvp(lambda x: np.linalg.norm(x, axis=1, keepdims=True), (M,), (np.ones_like(M),))[1]
    wanted = M.sum(axis=1, keepdims=True) / np.linalg.norm(M, axis=1, keepdims=True)
    np.testing.assert_allclose(right, wanted, rtol=1e-12)


def _fails(derivative, x) -> bool:
    try:
        derivative(x)
    except Exception:  # noqa: BLE001  (whatever it raises)
        return True
    return False
