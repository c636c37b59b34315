"""Convolutions and pooling against loops that a reader can follow, values and gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn


def naive_conv2d(x, kernel, seed, stride, widths):
    """Value and gradients of a cross-correlation, one product at a time."""
    (above, below), (left, right) = widths
    padded = np.pad(x, [(0, 0), (0, 0), (above, below), (left, right)])
    n_out = [(padded.shape[2 + i] - kernel.shape[2 + i]) // stride[i] + 1 for i in range(2)]
    y = np.zeros((x.shape[0], kernel.shape[0], *n_out))
    dx, dk = np.zeros_like(padded), np.zeros_like(kernel)
    for n, o, h, w in np.ndindex(y.shape):
        for c, i, j in np.ndindex(kernel.shape[1:]):
            row, column = h * stride[0] + i, w * stride[1] + j
            y[n, o, h, w] += padded[n, c, row, column] * kernel[o, c, i, j]
            dx[n, c, row, column] += seed[n, o, h, w] * kernel[o, c, i, j]
            dk[o, c, i, j] += seed[n, o, h, w] * padded[n, c, row, column]
    inner = dx[:, :, above : padded.shape[2] - below, left : padded.shape[3] - right]
    return y, inner, dk


@pytest.mark.parametrize(
    ("stride", "padding", "steps", "widths"),
    [
        (1, "valid", (1, 1), ((0, 0), (0, 0))),
        (1, "same", (1, 1), ((1, 1), (0, 1))),  # an even kernel: the odd zero goes to the end
        ((2, 1), 1, (2, 1), ((1, 1), (1, 1))),
        (2, (0, 2), (2, 2), ((0, 0), (2, 2))),
        (2, "same", (2, 2), ((1, 1), (0, 0))),
        (5, "same", (5, 5), ((0, 0), (0, 1))),
    ],
)
def test_conv2d_is_the_loop(stride, padding, steps, widths) -> None:
    rng = np.random.default_rng(0)
    x, kernel, b = rng.normal(size=(2, 3, 5, 6)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
    y = nn.conv2d(x, kernel, b, stride=stride, padding=padding)
    seed = rng.normal(size=y.shape)
    value, dx, dk = naive_conv2d(x, kernel, seed, steps, widths)
    np.testing.assert_allclose(y, value + b[:, None, None], atol=1e-13)
    gradients = gad.grad(lambda x, k, b: np.sum(seed * nn.conv2d(x, k, b, stride=stride, padding=padding)), (0, 1, 2))(
        x, kernel, b
    )
    for gradient, expected in zip(gradients, (dx, dk, seed.sum(axis=(0, 2, 3))), strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-13)


@pytest.mark.parametrize(("stride", "padding", "widths"), [(1, "valid", (0, 0)), (2, "same", (1, 1)), (3, 2, (2, 2))])
def test_conv1d_is_conv2d_of_height_one(stride: int, padding, widths: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    x, kernel, b = rng.normal(size=(2, 3, 7)), rng.normal(size=(4, 3, 3)), rng.normal(size=4)
    y = nn.conv1d(x, kernel, b, stride=stride, padding=padding)
    seed = rng.normal(size=y.shape)
    value, dx, dk = naive_conv2d(x[:, :, None], kernel[:, :, None], seed[:, :, None], (1, stride), ((0, 0), widths))
    np.testing.assert_allclose(y, value[:, :, 0] + b[:, None], atol=1e-13)
    gradients = gad.grad(lambda x, k, b: np.sum(seed * nn.conv1d(x, k, b, stride=stride, padding=padding)), (0, 1, 2))(
        x, kernel, b
    )
    for gradient, expected in zip(gradients, (dx[:, :, 0], dk[:, :, 0], seed.sum(axis=(0, 2))), strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-13)


@pytest.mark.parametrize("length", [4, 5, 6, 7])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_gives_the_length_divided_by_the_stride_rounded_up(length: int, size: int, stride: int) -> None:
    y = nn.conv1d(np.ones((1, 1, length)), np.ones((1, 1, size)), stride=stride, padding="same")
    assert y.shape == (1, 1, math.ceil(length / stride))


def test_the_kernel_is_not_flipped() -> None:
    x = np.zeros((1, 1, 1, 5))
    x[..., 2] = 1
    kernel = np.array([1.0, 2.0, 3.0]).reshape(1, 1, 1, 3)
    np.testing.assert_array_equal(nn.conv2d(x, kernel)[0, 0, 0], [3, 2, 1])
    np.testing.assert_array_equal(nn.conv1d(x[:, :, 0], kernel[:, :, 0])[0, 0], [3, 2, 1])


def test_the_gradients_are_a_correlation_and_a_flipping_convolution() -> None:
    rng = np.random.default_rng(2)
    x, kernel, seed = rng.normal(size=8), rng.normal(size=3), rng.normal(size=6)
    dx, dk = gad.grad(lambda x, k: np.sum(seed * nn.conv1d(x[None, None], k[None, None])[0, 0]), (0, 1))(x, kernel)
    np.testing.assert_allclose(dk, np.correlate(x, seed, "valid"))
    np.testing.assert_allclose(dx, np.convolve(seed, kernel, "full"))


# -- pooling ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "pick"), [("max_pool", np.max), ("avg_pool", np.mean)])
@pytest.mark.parametrize(("window", "stride"), [(2, None), ((3, 2), None), (3, 2), ((2, 3), (1, 2))])
def test_pooling_is_the_loop(name: str, pick, window, stride) -> None:
    x = np.random.default_rng(3).normal(size=(2, 3, 6, 7))
    y = getattr(nn, name)(x, window, stride=stride)
    wh, ww = (window, window) if isinstance(window, int) else window
    sh, sw = (wh, ww) if stride is None else (stride, stride) if isinstance(stride, int) else stride
    assert y.shape == (2, 3, (6 - wh) // sh + 1, (7 - ww) // sw + 1)
    for n, c, h, w in np.ndindex(y.shape):
        assert y[n, c, h, w] == pytest.approx(pick(x[n, c, h * sh : h * sh + wh, w * sw : w * sw + ww]), rel=1e-14)


def test_pooling_of_signals() -> None:
    x = np.array([[[1.0, 5.0, 2.0, 3.0, 9.0]]])
    np.testing.assert_array_equal(nn.max_pool(x, 3, stride=1), [[[5, 5, 9]]])
    np.testing.assert_array_equal(gad.elementwise_grad(lambda x: nn.max_pool(x, 3, stride=1))(x), [[[0, 2, 0, 0, 1]]])
    np.testing.assert_array_equal(gad.elementwise_grad(lambda x: nn.avg_pool(x, 2))(x), [[[0.5, 0.5, 0.5, 0.5, 0]]])


def test_the_largest_of_a_window_share_its_gradient() -> None:
    x = np.array([[[[1.0, 1.0, 3.0, 2.0], [0.0, 1.0, 3.0, 3.0]]]])
    slope = gad.elementwise_grad(lambda x: nn.max_pool(x, 2))(x)
    third = 1 / 3
    np.testing.assert_allclose(slope[0, 0], [[third, third, third, 0], [0, third, third, third]])


@pytest.mark.parametrize("pool", [nn.max_pool, nn.avg_pool])
def test_a_stride_is_named_as_for_convolutions(pool) -> None:
    with pytest.raises(TypeError, match="positional"):
        pool(np.ones((1, 1, 4)), 2, 1)
    with pytest.raises(TypeError, match="positional"):
        nn.conv1d(np.ones((1, 1, 4)), np.ones((1, 1, 2)), None, 1)


# -- what is refused ----------------------------------------------------------------------------

X, KERNEL = np.ones((1, 2, 4, 4)), np.ones((3, 2, 3, 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.conv2d(X[0], KERNEL), r"x of shape \(2, 4, 4\).*must be \(N, C, H, W\)"),
        (lambda: nn.conv2d(X, KERNEL[0]), r"kernel of shape \(2, 3, 3\).*must be \(O, C, kh, kw\)"),
        (lambda: nn.conv1d(X, KERNEL), r"must be \(N, C, L\)"),
        (lambda: nn.conv2d(X, np.ones((3, 1, 3, 3))), r"has 2 channels and kernel of shape \(3, 1, 3, 3\) has 1"),
        (lambda: nn.conv2d(X, KERNEL, np.ones(2)), r"b of shape \(2,\).*must be \(3,\)"),
        (lambda: nn.conv2d(X, KERNEL, stride=0), r"stride=0.*at least 1, or a tuple of 2"),
        (lambda: nn.conv2d(X, KERNEL, stride=(1, 2, 3)), r"stride=\(1, 2, 3\)"),
        (lambda: nn.conv2d(X, KERNEL, padding="full"), r"'full' \(must be 'valid', 'same'"),
        (lambda: nn.conv2d(X, KERNEL, padding=-1), r"padding=-1.*at least 0"),
        (lambda: nn.conv2d(X, np.ones((3, 2, 5, 3))), r"kernel of \(5, 3\) does not fit into x of \(4, 4\)"),
        (lambda: nn.max_pool(X[0, 0], 2), r"\(4, 4\).*must be \(N, C, L\)"),
        (lambda: nn.avg_pool(X, 5), r"window of \(5, 5\) does not fit"),
        (lambda: nn.max_pool(X, 1.5), r"window=1.5"),
    ],
)
def test_what_is_refused(call, words: str) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()
