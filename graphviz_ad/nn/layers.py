"""Dense layers: the linear map, the table of embeddings, and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.traced import value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError
from graphviz_ad.nn.arrays import as_array
from graphviz_ad.nn.seeding import generator


def linear(x: Any, W: Any, b: Any = None) -> Any:
    """The linear (affine) map y = x Wᵀ + b: a row of W for every output, samples in rows.

    For one sample this is y = W x + b. Backwards, with ȳ the adjoint of y: x̄ = ȳ W, W̄ = ȳᵀ x, and b̄ is the sum of ȳ
    over the samples. W has shape (out, in), as in PyTorch; Keras keeps its transpose.

    Parameters
    ----------
    x : array (in,), (N, in) or (..., in)
    W : array (out, in)
    b : array (out,), optional

    Returns
    -------
    array (out,), (N, out) or (..., out)

    Raises
    ------
    ArgumentError
        The shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> W, b = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]), np.array([10.0, 20.0])
    >>> nn.linear(np.array([1.0, 1.0, 1.0]), W, b)
    array([16., 21.])
    >>> nn.linear(np.ones((4, 3)), W, b).shape
    (4, 2)
    """
    x, W, b = as_array(x), as_array(W), as_array(b)
    if np.ndim(W) != 2 or np.ndim(x) == 0 or np.shape(x)[-1] != np.shape(W)[1]:
        raise ArgumentError(
            f"x of shape {np.shape(x)} and W of shape {np.shape(W)}{here()}: W must be (out, in) and x (..., in), with "
            "one row of W per output. If W is (in, out), write W.T."
        )
    if b is not None and np.shape(b) != np.shape(W)[:1]:
        raise ArgumentError(f"b of shape {np.shape(b)}{here()}: it must be {np.shape(W)[:1]}, one number per output.")
    y = x @ W.T
    return y if b is None else y + b


def embedding(table: Any, ids: Any) -> Any:
    """The rows of a table by their numbers; a row that is taken twice gets both gradients, summed.

    Parameters
    ----------
    table : array (V, D)
        A row per word.
    ids : int array of any shape
        From 0 to V − 1.

    Returns
    -------
    array of ids' shape + (D,)

    Raises
    ------
    ArgumentError
        An id is no int or out of range (a negative one would silently count from the end).

    Examples
    --------
    >>> import numpy as np
    >>> import graphviz_ad as gad
    >>> from graphviz_ad import nn
    >>> table, ids = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 1, 0])
    >>> gad.grad(lambda table: np.sum(nn.embedding(table, ids)))(table)
    array([[1., 1.],
           [2., 2.]])
    """
    table, ids = as_array(table), as_array(ids)
    value = np.asarray(value_of(ids))
    if value.dtype.kind not in "iu":
        raise ArgumentError(f"ids of dtype {value.dtype}{here()}: row numbers must be ints; write ids.astype(int).")
    if value.size and not 0 <= value.min() <= value.max() < len(table):
        raise ArgumentError(
            f"ids from {value.min()} to {value.max()}{here()}: a table of shape {np.shape(table)} has rows 0 to "
            f"{len(table) - 1}."
        )
    return table[ids]


def dropout(
    x: Any, rate: float, *, seed: int | None = None, rng: np.random.Generator | None = None, training: bool = True
) -> Any:
    """Zeros in place of a random part of x, and the rest divided by 1 − rate, so that the expectation stays.

    This is inverted dropout: nothing is left to do when not training. Srivastava et al., "Dropout: a simple way to
    prevent neural networks from overfitting" (2014). In a trace the draw is a constant: a replay keeps it.

    Parameters
    ----------
    x : array of any shape
    rate : float
        The probability of a zero, 0 ≤ rate < 1.
    seed, rng : int or np.random.Generator
        Where the draw comes from; one of them is needed when training.
    training : bool
        Without it x comes back as it is.

    Returns
    -------
    array of x's shape

    Raises
    ------
    ArgumentError
        The rate is out of range, or training has no seed.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.dropout(np.ones(6), 0.5, seed=0)
    array([2., 0., 0., 0., 2., 2.])
    """
    if not 0 <= rate < 1:
        raise ArgumentError(f"rate={rate!r} must be at least 0 and less than 1: it is the probability of a zero.")
    x = as_array(x)
    if not training or rate == 0:
        return x
    kept = generator(seed, rng).random(np.shape(x)) >= rate
    return np.where(kept, x / (1 - rate), 0.0)
