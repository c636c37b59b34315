"""Optimisers as functions: parameters, gradients and state go in, new parameters and new state come out.

Parameters are an array, or nested dicts, lists, tuples or objects of arrays; gradients have the same structure, as
`gad.grad` gives them. What is no float stays as it is; an array of ints is refused, since it would never be trained.
Nothing is changed in place, so an update can itself be traced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core.pytree import Path, is_float_leaf, leaves, map_leaves, path_name
from graphviz_ad.core.where import here
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
        Structures or shapes differ, params hold an array of ints, or ``nesterov`` has no momentum.

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
    _check(params, {"grads": grads} if state is None else {"grads": grads, "state": state})

    def faster(_: Any, grad: Any, u: Any) -> Any:
        return momentum * u + grad

    velocity = grads if state is None else _map(faster, params, grads, state)
    step = _map(faster, params, grads, velocity) if nesterov else velocity
    return _map(lambda p, u: p - lr * u, params, step), velocity


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
        Structures or shapes differ, params hold an array of ints, or the state is none that Adam gave.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> params, state = nn.adam(np.array([1.0, 1.0]), np.array([100.0, -0.5]), lr=0.1)
    >>> params.round(6)
    array([0.9, 1.1])
    """
    if state is None:
        _check(params, {"grads": grads})
        nothing = _map(lambda _, grad: 0.0 * grad, params, grads)
        state = {"t": 0, "m": nothing, "v": nothing}
    elif not isinstance(state, dict) or set(state) != {"t", "m", "v"}:
        found = f"a dict with the keys {list(state)}" if isinstance(state, dict) else f"a {type(state).__name__}"
        raise ArgumentError(
            f"state is {found}{here()}; it must be the {{'t': steps done, 'm': ..., 'v': ...}} that the last step of "
            "adam gave, or None for the first."
        )
    else:
        _check(params, {"grads": grads, "state['m']": state["m"], "state['v']": state["v"]})
    t = state["t"] + 1
    m = _map(lambda _, grad, m: beta1 * m + (1 - beta1) * grad, params, grads, state["m"])
    v = _map(lambda _, grad, v: beta2 * v + (1 - beta2) * grad * grad, params, grads, state["v"])
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
        √Σ grad² over all numbers of all arrays, before clipping.

    Raises
    ------
    ArgumentError
        ``max_norm`` is not positive, the norm is not finite, or grads hold an array of ints.

    Examples
    --------
    >>> import numpy as np
    >>> from graphviz_ad import nn
    >>> clipped, norm = nn.clip_by_global_norm({"W": np.array([3.0, 0.0]), "b": 4.0}, max_norm=1.0)
    >>> norm
    np.float64(5.0)
    >>> clipped["W"], clipped["b"]
    (array([0.6, 0. ]), 0.8)
    """
    if not max_norm > 0:
        raise ArgumentError(f"max_norm={max_norm!r} must be more than 0.")
    _refuse_ints(grads, "grads", "would not be clipped")
    norm = np.sqrt(sum(np.sum(leaf * leaf) for _, leaf in leaves(grads) if is_float_leaf(leaf)))
    if not np.isfinite(norm):
        raise ArgumentError(
            f"the gradients have norm {norm}: one of them is nan or inf, or so large that its square is. No factor "
            "mends that; look for the step where it began."
        )
    if norm <= max_norm:
        return grads, norm
    return _map(lambda grad: grad * (max_norm / norm), grads), norm


def _map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """``function(leaf, ...)`` in place of every float leaf, with the leaves at the same place of the others.

    A Python float stays one, though NumPy's functions make np.float64 of it.
    """
    tables = [dict(leaves(other)) for other in others]

    def at(path: Path, leaf: Any) -> Any:
        if not is_float_leaf(leaf):
            return leaf
        new = function(leaf, *(table[path] for table in tables))
        return float(new) if type(leaf) is float and isinstance(new, np.floating) else new

    return map_leaves(at, tree)


def _check(params: Any, others: dict[str, Any]) -> None:
    """Refuse params with an array of ints, and others (by what to call them) of another structure or other shapes."""
    _refuse_ints(params, "params", "gets no gradient")
    places = dict(leaves(params))
    floats = {path: np.shape(leaf) for path, leaf in places.items() if is_float_leaf(leaf)}
    for name, other in others.items():
        found = {path: leaf for path, leaf in leaves(other) if leaf is not None}
        for path, shape in floats.items():
            if path not in found or np.shape(found[path]) != shape:
                there = f"shape {np.shape(found[path])}" if path in found else "nothing"
                raise _mismatch(path, f"shape {shape} in params and {there} in {name}")
        for path, leaf in found.items():
            if path not in places or (path not in floats and is_float_leaf(leaf)):
                there = "no float" if path in places else "nothing"
                raise _mismatch(path, f"shape {np.shape(leaf)} in {name} and {there} in params")


def _refuse_ints(tree: Any, whole: str, consequence: str) -> None:
    """Refuse arrays of ints, which would be passed over; single ints may be settings, such as a number of layers."""
    for path, leaf in leaves(tree):
        if isinstance(leaf, np.ndarray) and leaf.ndim and leaf.dtype.kind in "iu":
            name = path_name(path) or whole
            raise ArgumentError(f"{name} holds ints and {consequence}{here()}; write {name}.astype(float).")


def _mismatch(path: Path, shapes: str) -> ArgumentError:
    return ArgumentError(
        f"{path_name(path) or 'the array'} has {shapes}{here()}: parameters, gradients and state must have one "
        "structure."
    )
