"""Initial weights: how large they must be so that signals and gradients neither fade nor grow with depth.

A shape is (out, in), as `linear` takes it, or (out, in, k…) for kernels. Then fan_in = in · k… counts what an output
sums over, and fan_out = out · k… what an input goes to. Every function that draws takes ``seed`` or ``rng``, and gives
a plain float64 array back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphviz_ad.errors import ArgumentError
from graphviz_ad.nn.arrays import as_array
from graphviz_ad.nn.seeding import generator

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]


def zeros(shape: int | Shape) -> Array:
    """Zeros: right for biases, wrong for weights, whose rows would stay equal for ever.

    Parameters
    ----------
    shape : int or tuple of int
        An int n is (n,), as in NumPy.

    Returns
    -------
    array of that shape

    Examples
    --------
    >>> from graphviz_ad import nn
    >>> nn.zeros(3)
    array([0., 0., 0.])
    """
    return np.zeros(shape)


def normal(
    shape: int | Shape, std: float = 1.0, *, seed: int | None = None, rng: np.random.Generator | None = None
) -> Array:
    """Draws from the normal distribution with mean 0 and a standard deviation that you choose.

    Parameters
    ----------
    shape : int or tuple of int
        An int n is (n,), as in NumPy.
    std : float
    seed, rng : int or np.random.Generator
        One of them.

    Returns
    -------
    array of that shape

    Raises
    ------
    ArgumentError
        Neither or both of ``seed`` and ``rng`` are given.

    Examples
    --------
    >>> from graphviz_ad import nn
    >>> nn.normal((2, 3), 0.01, seed=0).std() < 0.02
    np.True_
    """
    return generator(seed, rng).normal(0.0, std, shape)


def glorot_normal(shape: Shape, *, seed: int | None = None, rng: np.random.Generator | None = None) -> Array:
    """Normal with variance 2 / (fan_in + fan_out): a compromise between keeping signals and keeping gradients.

    For tanh and other activations with slope 1 at 0. Glorot and Bengio, "Understanding the difficulty of training deep
    feedforward neural networks" (2010).

    Parameters
    ----------
    shape : (out, in) or (out, in, k…)
    seed, rng : int or np.random.Generator
        One of them.

    Returns
    -------
    array of that shape

    Raises
    ------
    ArgumentError
        The shape has no fan, or neither or both of ``seed`` and ``rng`` are given.

    Examples
    --------
    >>> from graphviz_ad import nn
    >>> round(float(nn.glorot_normal((300, 100), seed=0).var() * 400), 1)
    2.0
    """
    return generator(seed, rng).normal(0.0, math.sqrt(2 / sum(_fans(shape))), shape)


def glorot_uniform(shape: Shape, *, seed: int | None = None, rng: np.random.Generator | None = None) -> Array:
    """Uniform between ±√(6 / (fan_in + fan_out)), which has the variance of `glorot_normal`.

    Glorot and Bengio (2010), equation 16.

    Parameters
    ----------
    shape : (out, in) or (out, in, k…)
    seed, rng : int or np.random.Generator
        One of them.

    Returns
    -------
    array of that shape

    Raises
    ------
    ArgumentError
        The shape has no fan, or neither or both of ``seed`` and ``rng`` are given.

    Examples
    --------
    >>> from graphviz_ad import nn
    >>> round(float(nn.glorot_uniform((300, 100), seed=0).var() * 400), 1)
    2.0
    """
    bound = math.sqrt(6 / sum(_fans(shape)))
    return generator(seed, rng).uniform(-bound, bound, shape)


def he_normal(shape: Shape, *, seed: int | None = None, rng: np.random.Generator | None = None) -> Array:
    """Normal with variance 2 / fan_in, where the 2 makes up for the half that a ReLU takes away.

    He et al., "Delving deep into rectifiers" (2015), equation 10.

    Parameters
    ----------
    shape : (out, in) or (out, in, k…)
    seed, rng : int or np.random.Generator
        One of them.

    Returns
    -------
    array of that shape

    Raises
    ------
    ArgumentError
        The shape has no fan, or neither or both of ``seed`` and ``rng`` are given.

    Examples
    --------
    >>> from graphviz_ad import nn
    >>> round(float(nn.he_normal((300, 100), seed=0).var() * 100), 1)
    2.0
    """
    fan_in, _ = _fans(shape)
    return generator(seed, rng).normal(0.0, math.sqrt(2 / fan_in), shape)


def he_uniform(shape: Shape, *, seed: int | None = None, rng: np.random.Generator | None = None) -> Array:
    """Uniform between ±√(6 / fan_in), which has the variance of `he_normal`.

    Parameters
    ----------
    shape : (out, in) or (out, in, k…)
    seed, rng : int or np.random.Generator
        One of them.

    Returns
    -------
    array of that shape

    Raises
    ------
    ArgumentError
        The shape has no fan, or neither or both of ``seed`` and ``rng`` are given.

    Examples
    --------
    >>> from graphviz_ad import nn
    >>> round(float(nn.he_uniform((300, 100), seed=0).var() * 100), 1)
    2.0
    """
    fan_in, _ = _fans(shape)
    bound = math.sqrt(6 / fan_in)
    return generator(seed, rng).uniform(-bound, bound, shape)


def lecun_normal(shape: Shape, *, seed: int | None = None, rng: np.random.Generator | None = None) -> Array:
    """Normal with variance 1 / fan_in: a sum of fan_in terms gets the variance of one; what `selu` needs.

    LeCun et al., "Efficient BackProp" (1998), section 4.6.

    Parameters
    ----------
    shape : (out, in) or (out, in, k…)
    seed, rng : int or np.random.Generator
        One of them.

    Returns
    -------
    array of that shape

    Raises
    ------
    ArgumentError
        The shape has no fan, or neither or both of ``seed`` and ``rng`` are given.

    Examples
    --------
    >>> from graphviz_ad import nn
    >>> round(float(nn.lecun_normal((300, 100), seed=0).var() * 100), 1)
    1.0
    """
    fan_in, _ = _fans(shape)
    return generator(seed, rng).normal(0.0, math.sqrt(1 / fan_in), shape)


def orthogonal(
    shape: Shape, gain: float = 1.0, *, seed: int | None = None, rng: np.random.Generator | None = None
) -> Array:
    """A random matrix with orthonormal rows or columns, times a gain: all its singular values are the gain.

    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks"
    (2013). A kernel counts as the matrix (out, in · k…).

    Parameters
    ----------
    shape : (out, in) or (out, in, k…)
    gain : float
    seed, rng : int or np.random.Generator
        One of them.

    Returns
    -------
    array of that shape

    Raises
    ------
    ArgumentError
        The shape has no fan, or neither or both of ``seed`` and ``rng`` are given.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> Q = nn.orthogonal((3, 3), seed=0)
    >>> np.allclose(Q @ Q.T, np.eye(3))
    True
    """
    fan_in, _ = _fans(shape)
    rows, columns = shape[0], fan_in
    draw = generator(seed, rng).normal(size=(max(rows, columns), min(rows, columns)))
    Q, R = np.linalg.qr(draw)
    Q = Q * np.sign(np.diag(R))  # QR alone prefers some rotations to others (Mezzadri 2007)
    return gain * (Q if rows >= columns else Q.T).reshape(shape)


def lsuv(
    forward: Callable[[list[Array], Any], Sequence[Any]],
    weights: Sequence[Array],
    x: Any,
    *,
    tolerance: float = 0.01,
    max_steps: int = 10,
) -> list[Array]:
    """Layer-sequential unit variance: from the first layer on, each weight is divided until its output has variance 1.

    Mishkin and Matas, "All you need is a good init" (2016), algorithm 1, which starts from orthonormal weights
    (`orthogonal`) and measures what comes before the activation.

    Parameters
    ----------
    forward : callable
        ``forward(weights, x)`` gives the output of every layer, in order, one per weight.
    weights : sequence of arrays
    x : array
        A batch of inputs, large enough to measure a variance.
    tolerance : float
        How far from 1 a variance may stay.
    max_steps : int
        How often one layer may be scaled, at least once. A linear layer without bias needs one step.

    Returns
    -------
    list of arrays
        The scaled weights; those given stay as they are.

    Raises
    ------
    ArgumentError
        ``max_steps`` is less than 1, the outputs are not one per weight, or the variance of one does not come to 1,
        such as that of a layer that gives zeros only.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> def forward(weights, x):
    ...     z1 = nn.linear(x, weights[0])
    ...     z2 = nn.linear(nn.relu(z1), weights[1])
    ...     return [z1, z2]
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(100, 4))
    >>> weights = nn.lsuv(forward, [nn.orthogonal((8, 4), rng=rng), nn.orthogonal((2, 8), rng=rng)], x)
    >>> [round(float(np.var(z)), 6) for z in forward(weights, x)]
    [1.0, 1.0]
    """
    if max_steps < 1:
        raise ArgumentError(f"max_steps={max_steps!r} must be at least 1: it is how often a layer may be scaled.")
    weights = [as_array(W) for W in weights]

    def variance_of(layer: int) -> float:
        outputs = forward(weights, x)
        if len(outputs) != len(weights):
            raise ArgumentError(f"forward gave {len(outputs)} outputs for {len(weights)} weights; it must be one each.")
        return float(np.var(outputs[layer]))

    for layer in range(len(weights)):
        variance = variance_of(layer)
        for _ in range(max_steps):
            if abs(variance - 1) < tolerance or not 0 < variance < math.inf:
                break
            weights[layer] = weights[layer] / math.sqrt(variance)
            variance = variance_of(layer)
        if not abs(variance - 1) < tolerance:
            raise ArgumentError(
                f"the output of layer {layer} has variance {variance:.4g}, which scaling its weight did not bring to 1 "
                f"in {max_steps} steps; look at its inputs, its bias and the weight itself."
            )
    return weights


def _fans(shape: Any) -> tuple[int, int]:
    """fan_in and fan_out of a weight."""
    if not isinstance(shape, tuple | list) or len(shape) < 2 or min(shape) < 1:
        raise ArgumentError(f"shape {shape!r} has no fan: it must be (out, in) or (out, in, k…), without a 0.")
    size = math.prod(shape[2:])
    return shape[1] * size, shape[0] * size
