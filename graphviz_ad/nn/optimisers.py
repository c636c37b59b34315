"""Optimisers as functions: parameters, gradients and state go in, new parameters and new state come out.

Parameters are an array, or nested dicts, lists, tuples or objects of arrays; gradients have the same structure, as
`gad.grad` gives them. What is no float stays as it is. Nothing is changed in place, so an update can itself be traced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core.pytree import is_float_leaf, leaves, map_leaves, path_name
from graphviz_ad.errors import ArgumentError


def sgd(
    params: Any, grads: Any, state: Any = None, *, lr: float, momentum: float = 0.0, nesterov: bool = False
) -> tuple[Any, Any]:
    """One step of gradient descent: u ← momentum · u + grad, then params ← params − lr · u.

    The velocity u is the state. It is a sum of gradients, as in PyTorch: while the gradient stays the same, a step
    grows to 1 / (1 − momentum) times its first length. With ``nesterov`` the step is lr · (momentum · u + grad), one
    momentum step ahead: Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013).
    Momentum is from Polyak (1964).

    Parameters
    ----------
    params : nested arrays
    grads : nested arrays
        In the structure and shapes of params.
    state : what the last step gave, or None for the first
    lr : float
        The learning rate.
    momentum : float
    nesterov : bool

    Returns
    -------
    params, state
        The new ones. The state has the structure of params.

    Raises
    ------
    ArgumentError
        Structures or shapes differ, or ``nesterov`` has no momentum.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> params, state = nn.sgd({"w": np.array([1.0, 2.0])}, {"w": np.array([10.0, 0.0])}, lr=0.1)
    >>> params
    {'w': array([0., 2.])}
    """
    if nesterov and momentum == 0:
        raise ArgumentError("nesterov=True looks one momentum step ahead: it needs momentum, such as 0.9.")
    velocity = grads if state is None else _map(lambda g, u: momentum * u + g, grads, state)
    step = _map(lambda g, u: momentum * u + g, grads, velocity) if nesterov else velocity
    return _map(lambda p, s: p - lr * s, params, step), velocity


def adam(
    params: Any,
    grads: Any,
    state: Any = None,
    *,
    lr: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[Any, Any]:
    """One step of Adam: params ← params − lr · m̂ / (√v̂ + ε).

    m and v are running means of the gradient and of its square. They start at 0, so after t steps they are too small
    by the factor 1 − βᵗ; m̂ and v̂ make up for that. The first step is therefore lr · sign(grad), whatever the gradient's
    size. Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.

    Parameters
    ----------
    params : nested arrays
    grads : nested arrays
        In the structure and shapes of params.
    state : what the last step gave, or None for the first
    lr : float
        The learning rate.
    beta1, beta2 : float
        How much m and v keep of what they were.
    eps : float

    Returns
    -------
    params, state
        The new ones. The state is {"t": steps done, "m": …, "v": …}, m and v in the structure of params.

    Raises
    ------
    ArgumentError
        Structures or shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> params, state = nn.adam(np.array([1.0, 1.0]), np.array([100.0, -0.5]), lr=0.1)
    >>> params.round(6)
    array([0.9, 1.1])
    """
    if state is None:
        nothing = _map(lambda g: 0.0 * g, grads)
        state = {"t": 0, "m": nothing, "v": nothing}
    t = state["t"] + 1
    m = _map(lambda g, m: beta1 * m + (1 - beta1) * g, grads, state["m"])
    v = _map(lambda g, v: beta2 * v + (1 - beta2) * g * g, grads, state["v"])
    unbias1, unbias2 = 1 - beta1**t, 1 - beta2**t
    new = _map(lambda p, m, v: p - lr * (m / unbias1) / (np.sqrt(v / unbias2) + eps), params, m, v)
    return new, {"t": t, "m": m, "v": v}


def clip_by_global_norm(grads: Any, max_norm: float) -> tuple[Any, Any]:
    """All gradients times one factor, so that together they are at most ``max_norm`` long; the direction stays.

    A remedy for exploding gradients, and for them only: it does nothing for vanishing ones. Pascanu, Mikolov and
    Bengio, "On the difficulty of training recurrent neural networks" (2013), algorithm 1.

    Parameters
    ----------
    grads : nested arrays
    max_norm : float
        More than 0.

    Returns
    -------
    clipped : nested arrays
        In the structure of grads; grads themselves where they are short enough.
    norm : scalar
        √Σ g² over all numbers of all arrays, before clipping.

    Raises
    ------
    ArgumentError
        ``max_norm`` is not positive, or the norm is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> clipped, norm = nn.clip_by_global_norm({"W": np.array([3.0, 0.0]), "b": 4.0}, max_norm=1.0)
    >>> norm
    np.float64(5.0)
    >>> clipped["W"], clipped["b"]
    (array([0.6, 0. ]), np.float64(0.8))
    """
    if not max_norm > 0:
        raise ArgumentError(f"max_norm={max_norm!r} must be more than 0.")
    norm = np.sqrt(sum(np.sum(leaf * leaf) for _, leaf in leaves(grads) if is_float_leaf(leaf)))
    if not np.isfinite(norm):
        raise ArgumentError(
            f"the gradients have norm {norm}: one of them is nan or inf, or so large that its square is. No factor "
            "mends that; look for the step where it began."
        )
    if norm <= max_norm:
        return grads, norm
    return _map(lambda g: g * (max_norm / norm), grads), norm


def _map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """``function(leaf, ...)`` in place of every float leaf, with the leaves at the same place of the others."""
    tables = [dict(leaves(other)) for other in others]

    def at(path: tuple[str, ...], leaf: Any) -> Any:
        if not is_float_leaf(leaf):
            return leaf
        matching = [table.get(path) for table in tables]
        for other in matching:
            if other is None or np.shape(other) != np.shape(leaf):
                found = "nothing" if other is None else f"shape {np.shape(other)}"
                raise ArgumentError(
                    f"{path_name(path) or 'the array'} has shape {np.shape(leaf)} in one argument and {found} in "
                    "another: parameters, gradients and state must have one structure."
                )
        return function(leaf, *matching)

    return map_leaves(at, tree)
