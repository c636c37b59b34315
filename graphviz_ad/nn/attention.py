"""Scaled dot-product attention, with one head and with many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError
from graphviz_ad.nn.activations import softmax
from graphviz_ad.nn.arrays import as_array
from graphviz_ad.nn.layers import linear


def attention(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    """softmax(Q Kᵀ / √d_k) V: every query takes the mean of the values, weighted by how well its key fits.

    Vaswani et al., "Attention is all you need" (2017), equation 1. Backwards, with the weights P, the scores
    S = Q Kᵀ / √d_k and their adjoints: V̄ = Pᵀ Ō, P̄ = Ō Vᵀ, S̄ = P ⊙ (P̄ − rowsum(P̄ ⊙ P)), Q̄ = S̄ K / √d_k and
    K̄ = S̄ᵀ Q / √d_k.

    Parameters
    ----------
    q : array (..., T, d_k)
        A query per row.
    k : array (..., S, d_k)
        A key per row.
    v : array (..., S, d_v)
        The value of each key.
    mask : bool array that broadcasts to (..., T, S), optional
        True where a query may look. Hidden scores become −inf: their weight and their gradients are exactly 0.

    Returns
    -------
    array (..., T, d_v)

    Raises
    ------
    ArgumentError
        The shapes do not fit, the mask is not of bools, or it leaves a query nothing to look at: the softmax of
        that row would be 0 / 0, and its nan would spread to every gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> q, k = np.zeros((2, 4)), np.ones((2, 4))
    >>> nn.attention(q, k, np.array([[2.0], [6.0]]), nn.causal_mask(2))
    array([[2.],
           [4.]])
    """
    q, k, v, mask = as_array(q), as_array(k), as_array(v), as_array(mask)
    _check_attention(q, k, v, mask)
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(np.shape(k)[-1])
    if mask is not None:
        scores = np.where(mask, scores, -math.inf)
    return softmax(scores) @ v


def causal_mask(length: int) -> np.ndarray[Any, Any]:
    """A mask that lets position t look at positions up to t: no look into the future.

    Parameters
    ----------
    length : int
        The number T of positions.

    Returns
    -------
    bool array (T, T)

    Examples
    --------
    >>> from graphviz_ad import nn
    >>> nn.causal_mask(3)
    array([[ True, False, False],
           [ True,  True, False],
           [ True,  True,  True]])
    """
    return np.tril(np.ones((length, length), dtype=bool))


def multi_head_attention(x: Any, W_q: Any, W_k: Any, W_v: Any, W_o: Any, heads: int, mask: Any = None) -> Any:
    """Self-attention in several heads, each on its own part of the features; W_o mixes what they found.

    Vaswani et al., "Attention is all you need" (2017), section 3.2.2; without biases. Weights have the shape (out, in)
    of `linear`, and head h reads rows h·d to (h + 1)·d − 1 of W_q, W_k and W_v.

    Parameters
    ----------
    x : array (..., T, D)
    W_q, W_k : array (heads · d_k, D)
    W_v : array (heads · d_v, D)
    W_o : array (D_out, heads · d_v)
    heads : int
    mask : bool array that broadcasts to (..., heads, T, T), optional
        As in `attention`: (T, T) is for all heads; one per sample is (N, 1, T, T).

    Returns
    -------
    array (..., T, D_out)

    Raises
    ------
    ArgumentError
        The shapes do not fit, ``heads`` does not divide them, or the mask is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> eye = np.eye(4)
    >>> nn.multi_head_attention(np.ones((3, 4)), eye, eye, eye, eye, heads=2)
    array([[1., 1., 1., 1.],
           [1., 1., 1., 1.],
           [1., 1., 1., 1.]])
    """
    q = split_heads(linear(x, W_q), heads)
    k = split_heads(linear(x, W_k), heads)
    v = split_heads(linear(x, W_v), heads)
    return linear(merge_heads(attention(q, k, v, mask)), W_o)


def split_heads(x: Any, heads: int) -> Any:
    """The features cut into equal parts, one per head.

    Parameters
    ----------
    x : array (..., T, heads · d)
    heads : int

    Returns
    -------
    array (..., heads, T, d)

    Raises
    ------
    ArgumentError
        ``heads`` does not divide the number of features.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.split_heads(np.ones((5, 3, 8)), 2).shape
    (5, 2, 3, 4)
    """
    *lead, length, features = np.shape(x)
    if heads < 1 or features % heads:
        raise ArgumentError(f"heads={heads} does not divide the {features} features{here()} into equal parts.")
    return np.swapaxes(np.reshape(x, (*lead, length, heads, features // heads)), -3, -2)


def merge_heads(x: Any) -> Any:
    """The parts of all heads side by side again: what `split_heads` did, undone.

    Parameters
    ----------
    x : array (..., heads, T, d)

    Returns
    -------
    array (..., T, heads · d)

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.merge_heads(np.ones((5, 2, 3, 4))).shape
    (5, 3, 8)
    """
    *lead, heads, length, features = np.shape(x)
    return np.reshape(np.swapaxes(x, -3, -2), (*lead, length, heads * features))


def _check_attention(q: Any, k: Any, v: Any, mask: Any) -> None:
    shapes = [np.shape(value) for value in (q, k, v)]
    if min(map(len, shapes)) < 2 or shapes[0][-1] != shapes[1][-1] or shapes[1][-2] != shapes[2][-2]:
        raise ArgumentError(
            f"q, k and v of shapes {shapes[0]}, {shapes[1]} and {shapes[2]}{here()}: they must be (..., T, d_k), "
            "(..., S, d_k) and (..., S, d_v), with one d_k and one S."
        )
    if mask is None:
        return
    if getattr(mask, "dtype", None) != np.dtype(bool):
        raise ArgumentError(f"the mask must be an array of bools{here()}, True where a query may look.")
    # a mask that was computed from traced values leaves a guard here: a replay asks again
    if not np.all(np.any(mask, axis=-1)):
        raise ArgumentError(
            f"the mask of shape {np.shape(mask)} hides every key from some query{here()}: no weights are left to sum "
            "to 1. Let each query see one key at least, such as itself."
        )
