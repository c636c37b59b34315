"""Gradient flow across time: the layers of a recurrent net are its steps, and all of them have one weight."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphviz_ad import nn
from graphviz_ad.gradflow import nets
from graphviz_ad.gradflow.settings import (
    ACTIVATIONS,
    LEARNING_RATE,
    known,
    named_or_own,
    number,
    positive,
    seeds_of,
    title,
    whole,
)  # fmt: skip
from graphviz_ad.gradflow.sizes import clipping, norm, saturation
from graphviz_ad.gradflow.table import COLUMNS, Flow

Array = np.ndarray[Any, Any]

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
"""The cells, and how many blocks of rows their weights have."""
KEEPS = {"gru": 1, "lstm": 1}
"""Which block of rows is the gate that keeps the old state: the update gate, the forget gate."""


def measure_recurrent(
    steps: int = 50,
    width: int = 64,
    batch: int = 64,
    cell: str = "rnn",
    activation: str | Callable[..., Any] = "tanh",
    weight_var: float = 1.0,
    input_var: float = 0.01,
    keep_bias: float = 1.0,
    orthogonal: bool = False,
    clip: float | None = None,
    seeds: int | Sequence[int] = 10,
) -> Flow:
    """Unroll recurrent nets over time, sweep back from the last state, and table what reaches every step.

    The simple net is h_t = W_h φ(h_{t−1}) + u_t, with u_t = W_x x_t normal of variance ``input_var``; gated cells are
    those of `gad.nn`. The loss looks at the last state alone (the mean square of its distance to targets that lie a
    standard normal draw away; of the LSTM at its memory), so what arrives at step 1 is what the net can learn about its
    first input.

    Parameters
    ----------
    steps, width, batch : int
        Time steps, units of the state, sequences.
    cell : {"rnn", "gru", "lstm"}
    activation : str or callable
        φ of the simple net.
    weight_var : float
        σ_w² in Var W_h = σ_w² / width.
    input_var : float
        Variance of what the input adds to every pre-activation.
    keep_bias : float
        Bias of the gate that keeps the old state. The larger, the longer gradients last (Jozefowicz et al., "An
        empirical exploration of recurrent network architectures", 2015).
    orthogonal : bool
        Orthogonal W_h times σ_w.
    clip, seeds
        As in `measure`.

    Returns
    -------
    Flow
        One row for each seed and time step; the column is called ``layer`` all the same. δ is the adjoint of h_t, of
        gated cells that of the state which they keep: h_t for "gru", the memory c_t for "lstm". ``weight_grad_norm`` is
        what the step contributes to ∂L/∂W_h, which is the sum over all steps; ``clip`` acts on that sum.
        ``saturated`` and ``dead`` are 0 for gated cells, which have no one activation.

    Raises
    ------
    ArgumentError
        As in `measure`.

    Notes
    -----
    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013): gradients vanish if
    the largest singular value of W_h is below 1/γ, with γ the largest |φ′|, and can explode only if it is above.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> simple = gad.gradflow.measure_recurrent(steps=20, width=32, weight_var=0.25, seeds=3)
    >>> gated = gad.gradflow.measure_recurrent(steps=20, width=32, weight_var=0.25, cell="lstm", keep_bias=4.0, seeds=3)
    >>> simple.slope("delta_norm") < -0.6, gated.slope("delta_norm") > -0.1
    (True, True)
    """
    steps, width, batch = whole(steps, "steps", 1), whole(width, "width", 1), whole(batch, "batch", 1)
    known(cell, "cell", GATES)
    activation = named_or_own(activation)
    std, spread = math.sqrt(number(weight_var, "weight_var")), math.sqrt(number(input_var, "input_var"))
    number(keep_bias, "keep_bias", least=-math.inf)
    if clip is not None:
        positive(clip, "clip")
    listed = seeds_of(seeds)
    blocks = []
    with np.errstate(all="ignore"):
        for seed in listed:
            streams = [np.random.default_rng([seed, stream]) for stream in range(3)]
            draw = nn.orthogonal if orthogonal else functools.partial(nn.normal, std=1 / math.sqrt(width))
            blocks_of = [draw((width, width), rng=streams[0]) for _ in range(GATES[cell])]
            W = std * np.concatenate(blocks_of)
            bias = np.zeros(len(W))
            if cell in KEEPS:
                bias[KEEPS[cell] * width : (KEEPS[cell] + 1) * width] = keep_bias
            given = bias + spread * streams[1].standard_normal((steps, batch, len(W)))
            target = streams[2].standard_normal((batch, width)) * (2 / (batch * width))
            blocks.append(_unrolled(cell, activation, W, given, target, clip))
    columns = {name: np.concatenate([block[name] for block in blocks]) for name in COLUMNS[2:]}
    columns["seed"], columns["layer"] = np.repeat(listed, steps), np.tile(np.arange(1, steps + 1), len(listed))
    name = f"{cell} over {steps} steps, width {width}, batch {batch}, {title(activation)}, σ_w² = {weight_var:g}"
    return Flow(columns, unit="time step", title=f"{name}, {len(listed)} seed{'s' * (len(listed) != 1)}")


def _unrolled(
    cell: str, activation: str | Callable[..., Any], W: Array, given: Array, target: Array, clip: float | None
) -> dict[str, Array]:
    """The columns of one net."""
    phi = ACTIVATIONS[activation] if isinstance(activation, str) else activation
    step = functools.partial(_CELLS[cell], phi)
    width = W.shape[1]
    slack = saturation(activation) if cell == "rnn" else (lambda h: np.zeros(h.shape, bool))
    table = {name: np.zeros(len(given)) for name in COLUMNS[2:]}
    state = np.zeros((target.shape[0], 2 * width if cell == "lstm" else width))
    calls = []
    for position, u in enumerate(given):
        calls.append(nets.Step(step, (state, W, u), (0, 1)))
        (state,) = calls[-1].results
        h = state[:, :width]  # of the LSTM's pair h, c
        activated = phi(h) if cell == "rnn" else h
        where = slack(h)
        table["activation_norm"][position] = norm(activated)
        table["activation_mean_square"][position] = table["activation_norm"][position] ** 2 / h.size
        table["saturated"][position], table["dead"][position] = where.mean(), where.all(axis=0).mean()
    delta: Any = np.concatenate([np.zeros_like(target), target], axis=1) if cell == "lstm" else target
    total = np.zeros_like(W)
    for position in reversed(range(len(given))):
        kept = delta[:, -width:]  # of the LSTM's pair the memory
        table["delta_norm"][position] = norm(kept)
        table["delta_mean_square"][position] = table["delta_norm"][position] ** 2 / kept.size
        delta, contribution = calls.pop().pull(delta)
        table["weight_grad_norm"][position] = norm(contribution)
        total += contribution
    if clip is not None:
        table["weight_grad_norm"] *= clipping(np.array([[norm(total)]]), clip)[0]
    table["update_ratio"] = LEARNING_RATE * table["weight_grad_norm"] / norm(W)
    return table


# -- cells: a state, the recurrent weight, and what bias and input add --------------------------------


def _rnn(phi: Callable[..., Any], h: Any, W: Any, u: Any) -> Any:
    return nets.first(phi(h), W, u)


def _gru(_phi: Callable[..., Any], h: Any, W: Any, u: Any) -> Any:
    # u stands for W_x x + b: the input of the cell with weight 1
    return nn.gru_cell(u, h, np.eye(len(W)), W, np.zeros(len(W)))


def _lstm(_phi: Callable[..., Any], state: Any, W: Any, u: Any) -> Any:
    width = W.shape[1]
    h, c = nn.lstm_cell(u, state[:, :width], state[:, width:], np.eye(len(W)), W, np.zeros(len(W)))
    return np.concatenate([h, c], axis=1)


_CELLS: dict[str, Callable[..., Any]] = {"gru": _gru, "lstm": _lstm, "rnn": _rnn}
