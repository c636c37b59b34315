"""Normalisation layers: mean 0 and variance 1, over the features of a sample or over the samples of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.variables import detach
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError
from graphviz_ad.nn.arrays import as_array


def layer_norm(x: Any, gamma: Any = None, beta: Any = None, *, axis: int = -1, eps: float = 1e-5) -> Any:
    """γ (x − μ) / √(σ² + ε) + β with mean μ and variance σ² of each sample's own features.

    Ba, Kiros and Hinton, "Layer normalization" (2016). σ² is divided by the number of features D, not by D − 1.

    Parameters
    ----------
    x : array (..., D)
    gamma, beta : array (D,), optional
        Scale and shift of each feature; without them 1 and 0.
    axis : int
        The axis of the features. With another one than the last, gamma and beta need a shape that broadcasts to x's.
    eps : float
        Keeps the root away from 0.

    Returns
    -------
    array of x's shape

    Raises
    ------
    ArgumentError
        The shape of gamma or beta does not fit x.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.layer_norm(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])).round(3)
    array([[-1.225,  0.   ,  1.225],
           [-1.225,  0.   ,  1.225]])
    """
    x, gamma, beta = as_array(x), as_array(gamma), as_array(beta)
    last = axis in {-1, np.ndim(x) - 1}
    for name, value in (("gamma", gamma), ("beta", beta)):
        if value is not None and not (np.shape(value) == np.shape(x)[-1:] if last else _stretches(value, x)):
            wanted = f"{np.shape(x)[-1:]}, one number per feature" if last else f"one that broadcasts to {np.shape(x)}"
            raise ArgumentError(f"{name} of shape {np.shape(value)}{here()}: it must be {wanted}.")
    centred = x - np.mean(x, axis=axis, keepdims=True)
    variance = np.mean(centred**2, axis=axis, keepdims=True)
    y = centred / np.sqrt(variance + eps)
    y = y if gamma is None else gamma * y
    return y if beta is None else y + beta


def batch_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    running: Any = None,
    training: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """γ (x − μ) / √(σ² + ε) + β with mean μ and variance σ² of each channel over the batch.

    Ioffe and Szegedy, "Batch normalization" (2015). In training μ and σ² are the batch's own (σ² divided by the number
    of values n), and gradients flow through both: the samples of a batch depend on each other. Afterwards the
    running statistics take their place. Nothing is remembered in secret: those come in and go out as values,

        running mean ← (1 − momentum) · running mean + momentum · μ

    and the same for the variance, there with n − 1 in place of n. No gradient flows through them.

    Parameters
    ----------
    x : array (N, C), (N, C, L) or (N, C, H, W)
    gamma, beta : array (C,), optional
        Scale and shift of each channel; without them 1 and 0.
    running : (mean, variance), two arrays (C,), optional
    training : bool
        Whether to use the batch's statistics; without it ``running`` is needed and used.
    momentum : float
        The weight of the new batch.
    eps : float
        Keeps the root away from 0.

    Returns
    -------
    y, or (y, (mean, variance)) in training with ``running``

    Raises
    ------
    ArgumentError
        x has no channels or, in training, a single value per channel; gamma, beta or the running statistics are not
        one number per channel; or ``running`` is no pair, or missing.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> nn.batch_norm(x).round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> y, running = nn.batch_norm(x, running=(np.zeros(2), np.ones(2)))
    >>> running
    (array([0.2, 2. ]), array([ 1.1, 20.9]))
    >>> nn.batch_norm(x, running=running, training=False).shape
    (2, 2)
    """
    x = as_array(x)
    if np.ndim(x) < 2:
        raise ArgumentError(f"x of shape {np.shape(x)}{here()}: it must be (N, C), (N, C, L) or (N, C, H, W).")
    channels = np.shape(x)[1]
    axes = (0, *range(2, np.ndim(x)))
    per_channel = (1, channels, *(1 for _ in axes[1:]))  # where (C,) stands to broadcast against x

    gamma, beta = as_array(gamma), as_array(beta)
    _check_channels(channels, gamma=gamma, beta=beta)
    if running is not None:
        if not isinstance(running, tuple | list) or len(running) != 2:
            raise ArgumentError(f"running must be the pair (mean, variance){here()}.")
        running = as_array(running[0]), as_array(running[1])
        _check_channels(channels, **{"the running mean": running[0], "the running variance": running[1]})

    if training:
        count = np.size(x) // channels if channels else 0
        if count < 2:
            raise ArgumentError(
                f"x of shape {np.shape(x)}{here()}: training needs at least two values per channel, as the variance of "
                "one is 0."
            )
        mean = np.mean(x, axis=axes, keepdims=True)
        variance = np.mean((x - mean) ** 2, axis=axes, keepdims=True)
    elif running is None:
        raise ArgumentError(f"training=False needs running=(mean, variance){here()}, the statistics to use.")
    else:
        mean, variance = np.reshape(running[0], per_channel), np.reshape(running[1], per_channel)

    y = (x - mean) / np.sqrt(variance + eps)
    y = y if gamma is None else y * np.reshape(gamma, per_channel)
    y = y if beta is None else y + np.reshape(beta, per_channel)
    if not training or running is None:
        return y

    unbiased = detach(variance) * (count / (count - 1))
    new_mean = (1 - momentum) * running[0] + momentum * np.reshape(detach(mean), (channels,))
    new_variance = (1 - momentum) * running[1] + momentum * np.reshape(unbiased, (channels,))
    return y, (new_mean, new_variance)


def _stretches(value: Any, x: Any) -> bool:
    """Whether a value broadcasts against x and leaves x's shape as it is."""
    own, whole = np.shape(value)[::-1], np.shape(x)[::-1]
    return len(own) <= len(whole) and all(size in {1, length} for size, length in zip(own, whole, strict=False))


def _check_channels(channels: int, **values: Any) -> None:
    """Refuse what is not one number per channel: a single one would count for all, in silence."""
    for name, value in values.items():
        if value is not None and np.shape(value) != (channels,):
            raise ArgumentError(
                f"{name} of shape {np.shape(value)}{here()}: it must be ({channels},), one number per channel."
            )
