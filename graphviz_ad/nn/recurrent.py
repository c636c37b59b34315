"""Recurrent layers: a cell makes one step, and a loop with the same weights makes a sequence.

The weights are tied: every step uses the same W_x, W_h and b, so backpropagation through time sums their gradients
over the steps, as it does for any value that is used more than once. The weights of several gates lie on top of each
other, in the order that each cell names. Time comes first: x is (T, N, D), or (T, D) for one sequence. States have the
samples of x, (N, H) or (H,): nothing broadcasts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core.traced import value_of
from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError
from graphviz_ad.nn.activations import sigmoid
from graphviz_ad.nn.layers import linear


def rnn_cell(x: Any, h: Any, W_x: Any, W_h: Any, b: Any) -> Any:
    """One step of the simple recurrent network: tanh(W_x x + W_h h + b).

    Elman, "Finding structure in time" (1990).

    Parameters
    ----------
    x : array (N, D) or (D,)
        The input of this step.
    h : array (N, H) or (H,)
        The state before it, for the samples of x.
    W_x : array (H, D)
    W_h : array (H, H)
    b : array (H,)

    Returns
    -------
    array (N, H) or (H,)
        The state after it.

    Raises
    ------
    ArgumentError
        The shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.rnn_cell(np.ones(1), np.zeros(2), np.ones((2, 1)), np.eye(2), np.zeros(2)).round(4)
    array([0.7616, 0.7616])
    """
    _check_cell(1, x, h, W_x, W_h)
    return np.tanh(linear(x, W_x, b) + linear(h, W_h))


def gru_cell(x: Any, h: Any, W_x: Any, W_h: Any, b: Any) -> Any:
    """One step of the gated recurrent unit: z ⊙ h + (1 − z) ⊙ n.

    Reset gate r = σ(W_xr x + W_hr h + b_r), update gate z = σ(W_xz x + W_hz h + b_z), candidate
    n = tanh(W_xn x + b_n + r ⊙ (W_hn h)). Cho et al., "Learning phrase representations using RNN encoder-decoder"
    (2014), have W_hn (r ⊙ h) in the candidate; here, as in PyTorch, r acts after the product, so that one product
    serves all gates.

    Parameters
    ----------
    x : array (N, D) or (D,)
        The input of this step.
    h : array (N, H) or (H,)
        The state before it, for the samples of x.
    W_x : array (3 H, D)
        Rows: reset, update, candidate.
    W_h : array (3 H, H)
    b : array (3 H,)

    Returns
    -------
    array (N, H) or (H,)
        The state after it.

    Raises
    ------
    ArgumentError
        The shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.gru_cell(np.ones(1), np.array([0.8]), np.zeros((3, 1)), np.zeros((3, 1)), np.zeros(3))
    array([0.4])
    """
    _check_cell(3, x, h, W_x, W_h)
    size = np.shape(h)[-1]
    from_x = linear(x, W_x, b)
    from_h = linear(h, W_h)
    reset = sigmoid(from_x[..., :size] + from_h[..., :size])
    update = sigmoid(from_x[..., size : 2 * size] + from_h[..., size : 2 * size])
    candidate = np.tanh(from_x[..., 2 * size :] + reset * from_h[..., 2 * size :])
    return update * h + (1 - update) * candidate


def lstm_cell(x: Any, h: Any, c: Any, W_x: Any, W_h: Any, b: Any) -> tuple[Any, Any]:
    """One step of the long short-term memory: c ← f ⊙ c + i ⊙ n and h ← o ⊙ tanh(c).

    With a = W_x x + W_h h + b cut into four: input gate i = σ(a_i), forget gate f = σ(a_f), candidate n = tanh(a_n),
    output gate o = σ(a_o). Hochreiter and Schmidhuber, "Long short-term memory" (1997); the forget gate is by Gers,
    Schmidhuber and Cummins (2000). Along c the local derivative is f alone: where f is near 1, gradients last.

    Parameters
    ----------
    x : array (N, D) or (D,)
        The input of this step.
    h, c : array (N, H) or (H,)
        State and memory before it, for the samples of x.
    W_x : array (4 H, D)
        Rows: input gate, forget gate, candidate, output gate.
    W_h : array (4 H, H)
    b : array (4 H,)

    Returns
    -------
    h, c : arrays (N, H) or (H,)
        State and memory after it.

    Raises
    ------
    ArgumentError
        The shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> h, c = nn.lstm_cell(np.ones(1), np.zeros(1), np.ones(1), np.zeros((4, 1)), np.zeros((4, 1)), np.zeros(4))
    >>> c
    array([0.5])
    """
    _check_cell(4, x, h, W_x, W_h)
    if np.shape(c) != np.shape(h):
        raise ArgumentError(
            f"h of shape {np.shape(h)} and c of shape {np.shape(c)}{here()}: state and memory must have one shape, "
            "(N, H) or (H,)."
        )
    size = np.shape(h)[-1]
    a = linear(x, W_x, b) + linear(h, W_h)
    i = sigmoid(a[..., :size])
    f = sigmoid(a[..., size : 2 * size])
    candidate = np.tanh(a[..., 2 * size : 3 * size])
    o = sigmoid(a[..., 3 * size :])
    c = f * c + i * candidate
    return o * np.tanh(c), c


def rnn(x: Any, W_x: Any, W_h: Any, b: Any, *, h: Any = None) -> Any:
    """The states of a simple recurrent network over a sequence, unrolled step by step.

    Parameters
    ----------
    x : array (T, N, D) or (T, D)
    W_x, W_h, b
        As in `rnn_cell`, for every step the same.
    h : array (N, H) or (H,), optional
        The state before the first step; without it zeros.

    Returns
    -------
    array (T, N, H) or (T, H)
        The state after each step; the last one is ``[-1]``.

    Raises
    ------
    ArgumentError
        The shapes do not fit, or there is no step.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.rnn(np.ones((3, 1)), np.ones((1, 1)), np.eye(1), np.zeros(1)).round(4)
    array([[0.7616],
           [0.9427],
           [0.9597]])
    """
    (states,) = _unrolled(rnn_cell, x, (h,), W_x, W_h, b)
    return states


def gru(x: Any, W_x: Any, W_h: Any, b: Any, *, h: Any = None) -> Any:
    """The states of a gated recurrent unit over a sequence, unrolled step by step.

    Parameters
    ----------
    x : array (T, N, D) or (T, D)
    W_x, W_h, b
        As in `gru_cell`, for every step the same.
    h : array (N, H) or (H,), optional
        The state before the first step; without it zeros.

    Returns
    -------
    array (T, N, H) or (T, H)
        The state after each step; the last one is ``[-1]``.

    Raises
    ------
    ArgumentError
        The shapes do not fit, or there is no step.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> nn.gru(np.ones((2, 1)), np.zeros((3, 1)), np.zeros((3, 1)), np.zeros(3), h=np.array([0.8]))
    array([[0.4],
           [0.2]])
    """
    (states,) = _unrolled(gru_cell, x, (h,), W_x, W_h, b)
    return states


def lstm(x: Any, W_x: Any, W_h: Any, b: Any, *, h: Any = None, c: Any = None) -> tuple[Any, Any]:
    """The states and memories of a long short-term memory over a sequence, unrolled step by step.

    Parameters
    ----------
    x : array (T, N, D) or (T, D)
    W_x, W_h, b
        As in `lstm_cell`, for every step the same.
    h, c : array (N, H) or (H,), optional
        State and memory before the first step; without them zeros.

    Returns
    -------
    states, memories : arrays (T, N, H) or (T, H)
        After each step; the last ones are ``[-1]``.

    Raises
    ------
    ArgumentError
        The shapes do not fit, or there is no step.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> zeros = np.zeros((4, 1))
    >>> states, memories = nn.lstm(np.ones((2, 1)), zeros, zeros, np.zeros(4), c=np.ones(1))
    >>> memories
    array([[0.5 ],
           [0.25]])
    """
    states, memories = _unrolled(lstm_cell, x, (h, c), W_x, W_h, b)
    return states, memories


def _unrolled(cell: Callable[..., Any], x: Any, start: tuple[Any, ...], W_x: Any, W_h: Any, b: Any) -> list[Any]:
    """Each of a cell's states after every step, stacked over time; a start of None is zeros."""
    if np.ndim(x) not in {2, 3} or np.shape(x)[0] == 0:
        raise ArgumentError(f"x of shape {np.shape(x)}{here()}: it must be (T, N, D) or (T, D) with at least one step.")
    # in W_h's dtype, so that float32 stays float32
    shape, dtype = np.shape(x)[1:-1] + np.shape(W_h)[-1:], np.asarray(value_of(W_h)).dtype
    states = tuple(np.zeros(shape, dtype) if state is None else state for state in start)
    history = []
    for step in x:
        out = cell(step, *states, W_x, W_h, b)
        states = out if isinstance(out, tuple) else (out,)
        history.append(states)
    return [np.stack(values) for values in zip(*history, strict=True)]


def _check_cell(gates: int, x: Any, h: Any, W_x: Any, W_h: Any) -> None:
    """Refuse weights whose rows are not one block of H per gate, and a state of other samples than x.

    `linear` checks the rest.
    """
    size = np.shape(h)[-1] if np.ndim(h) else 0
    rows = "H" if gates == 1 else f"{gates} H"
    if np.shape(W_h) != (gates * size, size) or np.shape(W_x)[:1] != (gates * size,):
        raise ArgumentError(
            f"h of shape {np.shape(h)}, W_x of shape {np.shape(W_x)} and W_h of shape {np.shape(W_h)}{here()}: they "
            f"must be (..., H), ({rows}, D) and ({rows}, H)."
        )
    if np.shape(h)[:-1] != np.shape(x)[:-1]:
        raise ArgumentError(
            f"x of shape {np.shape(x)} and h of shape {np.shape(h)}{here()}: every sample has a state of its own, so "
            "they must be (N, D) and (N, H), or (D,) and (H,). To start all samples from one state write "
            "np.broadcast_to(h, (N, H))."
        )
