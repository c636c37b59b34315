"""Convolutions and pooling: windows slide over the input, and each gives one number.

Channels come first: x is (N, C, L) or (N, C, H, W).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError
from graphviz_ad.nn.arrays import as_array

Sizes = int | tuple[int, ...]


def conv1d(x: Any, kernel: Any, b: Any = None, *, stride: int = 1, padding: str | Sizes = "valid") -> Any:
    """The cross-correlation of a batch of signals with a bank of kernels.

    y[n, o, t] = b[o] + Σ_c Σ_i x[n, c, t·stride + i] · kernel[o, c, i]. The kernel is not flipped: what deep learning
    calls convolution is a cross-correlation. See `conv2d`, which has the same arguments for two axes.

    Parameters
    ----------
    x : array (N, C, L)
    kernel : array (O, C, k)
    b : array (O,), optional
    stride : int
    padding : "valid", "same" or int

    Returns
    -------
    array (N, O, L'), where L' = (L + padding − k) // stride + 1; with "same" it is ⌈L / stride⌉

    Raises
    ------
    ArgumentError
        The shapes do not fit, or stride or padding is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.conv1d(np.array([[[1.0, 2.0, 4.0, 7.0]]]), np.array([[[-1.0, 1.0]]]))
    array([[[1., 2., 3.]]])
    """
    x, kernel, b = as_array(x), as_array(kernel), as_array(b)
    steps = _check_convolution(x, kernel, b, stride, 1)
    widths = _padding(padding, np.shape(x)[2:], np.shape(kernel)[2:], steps)
    padded = np.pad(x, [(0, 0), (0, 0), *widths]) if np.any(widths) else x
    windows = sliding_window_view(padded, np.shape(kernel)[2:], axis=(2,))
    if steps != (1,):
        windows = windows[_every(steps)]
    y = np.einsum("ncti,oci->not", windows, kernel, optimize=True)  # by a matrix product: several times faster
    return y if b is None else y + b[:, None]


def conv2d(x: Any, kernel: Any, b: Any = None, *, stride: Sizes = 1, padding: str | Sizes = "valid") -> Any:
    """The cross-correlation of a batch of images with a bank of kernels.

    y[n, o, h, w] = b[o] + Σ_c Σ_i Σ_j x[n, c, h·stride + i, w·stride + j] · kernel[o, c, i, j]. The kernel is not
    flipped: what deep learning calls convolution is a cross-correlation. Its gradients, for stride 1: the kernel's is
    the cross-correlation of x with ȳ; the one of x is the true, flipping, convolution of ȳ with the kernel.

    Parameters
    ----------
    x : array (N, C, H, W)
    kernel : array (O, C, kh, kw)
    b : array (O,), optional
    stride : int or (int, int)
    padding : "valid", "same", int or (int, int)
        Zeros around x: none; as many as make the output ⌈size / stride⌉, an odd one at the end; or so many on
        either side of each axis.

    Returns
    -------
    array (N, O, H', W'), where H' = (H + padding − kh) // stride + 1 with the padding of both sides

    Raises
    ------
    ArgumentError
        The shapes do not fit, or stride or padding is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> nn.conv2d(x, np.array([[[[-1.0, 0.0], [0.0, 1.0]]]]))
    array([[[[4., 4.],
             [4., 4.]]]])
    """
    x, kernel, b = as_array(x), as_array(kernel), as_array(b)
    steps = _check_convolution(x, kernel, b, stride, 2)
    widths = _padding(padding, np.shape(x)[2:], np.shape(kernel)[2:], steps)
    padded = np.pad(x, [(0, 0), (0, 0), *widths]) if np.any(widths) else x
    windows = sliding_window_view(padded, np.shape(kernel)[2:], axis=(2, 3))
    if steps != (1, 1):
        windows = windows[_every(steps)]
    y = np.einsum("nchwij,ocij->nohw", windows, kernel, optimize=True)
    return y if b is None else y + b[:, None, None]


def max_pool(x: Any, window: Sizes, *, stride: Sizes | None = None) -> Any:
    """The largest number of every window; its gradient goes there, and in equal shares where several tie.

    Parameters
    ----------
    x : array (N, C, L) or (N, C, H, W)
    window : int, or one per axis that the window slides along
    stride : int, or one per axis; without it the windows do not overlap
        What is left at the end of an axis and fills no window is dropped.

    Returns
    -------
    array (N, C, L') or (N, C, H', W'), where L' = (L − window) // stride + 1

    Raises
    ------
    ArgumentError
        The shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.max_pool(np.array([[[1.0, 5.0, 2.0, 3.0, 9.0]]]), 2)
    array([[[5., 3.]]])
    """
    sizes, steps, axes = _check_pool(x, window, stride)
    windows = sliding_window_view(x, sizes, axis=axes)[_every(steps)]
    return np.max(windows, axis=tuple(-1 - number for number in range(len(axes))))


def avg_pool(x: Any, window: Sizes, *, stride: Sizes | None = None) -> Any:
    """The mean of every window; its gradient is shared equally.

    Parameters
    ----------
    x : array (N, C, L) or (N, C, H, W)
    window : int, or one per axis that the window slides along
    stride : int, or one per axis; without it the windows do not overlap
        As in `max_pool`.

    Returns
    -------
    array (N, C, L') or (N, C, H', W')

    Raises
    ------
    ArgumentError
        The shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.avg_pool(np.array([[[1.0, 5.0, 2.0, 3.0, 9.0]]]), 2)
    array([[[3. , 2.5]]])
    """
    sizes, steps, axes = _check_pool(x, window, stride)
    windows = sliding_window_view(x, sizes, axis=axes)[_every(steps)]
    return np.mean(windows, axis=tuple(-1 - number for number in range(len(axes))))


# -- none of these makes a node: they look at shapes only ----------------------------------------


def _every(steps: tuple[int, ...]) -> tuple[slice, ...]:
    """The index of every so-many-th window: ``[:, :, ::2, ::2]``."""
    return (slice(None), slice(None), *(slice(None, None, step) for step in steps))


def _per_axis(value: Any, count: int, what: str, least: int = 1) -> tuple[int, ...]:
    """One size per axis, from an int for all or a tuple."""
    sizes = (value,) * count if isinstance(value, int | np.integer) else value
    if (
        not isinstance(sizes, tuple | list)
        or len(sizes) != count
        or not all(isinstance(size, int | np.integer) and size >= least for size in sizes)
    ):
        raise ArgumentError(f"{what}={value!r}{here()}: it must be an int of at least {least}, or a tuple of {count}.")
    return tuple(int(size) for size in sizes)


def _padding(
    padding: Any, lengths: tuple[int, ...], window: tuple[int, ...], steps: tuple[int, ...]
) -> list[tuple[int, int]]:
    """How many zeros before and after x, for each axis; a window must fit once at least."""
    if isinstance(padding, str):
        if padding not in {"valid", "same"}:
            raise ArgumentError(f"unknown padding: {padding!r} (must be 'valid', 'same', an int or one per axis)")
        widths = [(0, 0)] * len(lengths)
        if padding == "same":
            # -(-n // s) is n / s rounded up: the number of windows, of which the last must still fit
            missing = [
                max((-(-length // step) - 1) * step + size - length, 0)
                for length, size, step in zip(lengths, window, steps, strict=True)
            ]
            widths = [(total // 2, total - total // 2) for total in missing]
    else:
        widths = [(width, width) for width in _per_axis(padding, len(lengths), "padding", 0)]
    if any(size > length + sum(width) for length, size, width in zip(lengths, window, widths, strict=True)):
        raise ArgumentError(f"a kernel of {window} does not fit into x of {lengths} with padding={padding!r}{here()}.")
    return widths


def _check_convolution(x: Any, kernel: Any, b: Any, stride: Any, axes: int) -> tuple[int, ...]:
    """Refuse shapes that do not fit; return the stride of each axis."""
    wanted = ("(N, C, L)", "(O, C, k)") if axes == 1 else ("(N, C, H, W)", "(O, C, kh, kw)")
    for name, value, form in zip(("x", "kernel"), (x, kernel), wanted, strict=True):
        if np.ndim(value) != axes + 2:
            raise ArgumentError(f"{name} of shape {np.shape(value)}{here()}: it must be {form}.")
    if np.shape(x)[1] != np.shape(kernel)[1]:
        raise ArgumentError(
            f"x of shape {np.shape(x)} has {np.shape(x)[1]} channels and kernel of shape {np.shape(kernel)} has "
            f"{np.shape(kernel)[1]}{here()}: x must be {wanted[0]} and kernel {wanted[1]}, with one C."
        )
    if b is not None and np.shape(b) != np.shape(kernel)[:1]:
        raise ArgumentError(f"b of shape {np.shape(b)}{here()}: it must be {np.shape(kernel)[:1]}, one per kernel.")
    return _per_axis(stride, axes, "stride")


def _check_pool(x: Any, window: Any, stride: Any) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Refuse shapes that do not fit; return window, stride and number of each axis that the window slides along."""
    if np.ndim(x) not in {3, 4}:
        raise ArgumentError(f"x of shape {np.shape(x)}{here()}: it must be (N, C, L) or (N, C, H, W).")
    count = np.ndim(x) - 2
    sizes = _per_axis(window, count, "window")
    if any(size > length for size, length in zip(sizes, np.shape(x)[2:], strict=True)):
        raise ArgumentError(f"a window of {sizes} does not fit into x of shape {np.shape(x)}{here()}.")
    return sizes, sizes if stride is None else _per_axis(stride, count, "stride"), tuple(range(2, np.ndim(x)))
