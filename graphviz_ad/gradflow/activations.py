"""Activations by name, or anybody's own: a NumPy function, its derivative from the traced core, and its kinks."""

from __future__ import annotations

import difflib
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad import nn
from graphviz_ad import primitives as _primitives  # noqa: F401  (fills the registry)
from graphviz_ad.core.custom import custom
from graphviz_ad.core.transforms import elementwise_grad
from graphviz_ad.errors import ArgumentError, GraphvizADError

Array = np.ndarray[Any, Any]


def identity(x: Any) -> Any:
    """No activation: a linear network, the one case whose spectrum is known in closed form."""
    return 1.0 * x  # a node of its own, so that the pre-activation and what follows it are two


def hard_tanh(x: Any) -> Any:
    """x, cut off at −1 and 1."""
    return np.clip(x, -1.0, 1.0)


def _erf(x: Any) -> Any:
    return np.vectorize(math.erf, otypes=[float])(x)


erf = custom(
    _erf,
    vjp=lambda adjoint, out, x: adjoint * (2 / math.sqrt(math.pi)) * np.exp(-(x**2)),
    jvp=lambda tangents, out, x: tangents[0] * (2 / math.sqrt(math.pi)) * np.exp(-(x**2)),
)
"""The error function, which NumPy lacks and the theory likes: with it many averages have a closed form."""

# name -> function and kinks: the inputs at which the derivative, or a higher one, jumps
_KNOWN: dict[str, tuple[Callable[[Any], Any], tuple[float, ...]]] = {
    "elu": (nn.elu, (0.0,)),
    "erf": (erf, ()),
    "gelu": (nn.gelu, ()),
    "hard_tanh": (hard_tanh, (-1.0, 1.0)),
    "leaky_relu": (nn.leaky_relu, (0.0,)),
    "linear": (identity, ()),
    "relu": (nn.relu, (0.0,)),
    "selu": (nn.selu, (0.0,)),
    "sigmoid": (nn.sigmoid, ()),
    "silu": (nn.silu, ()),
    "sin": (np.sin, ()),
    "softplus": (nn.softplus, ()),
    "tanh": (nn.tanh, ()),
}
_ALIASES = {"identity": "linear", "swish": "silu", "logistic": "sigmoid", "hardtanh": "hard_tanh"}

FUNCTIONS = {name: function for name, (function, _) in _KNOWN.items()}
"""The activations that are known by name."""


@dataclass(frozen=True)
class Activation:
    """An activation function φ as the theory and the measurement see it.

    Attributes
    ----------
    name : str
        Its name; for a function of one's own, the function's.
    function : callable
        φ: from an array to one of the same shape, element by element.
    derivative : callable
        φ′, from the traced core.
    kinks : tuple of float
        Where φ′ is known to jump.
    """

    name: str
    function: Callable[[Any], Any]
    derivative: Callable[[Any], Any]
    kinks: tuple[float, ...] = ()


def resolve(activation: Any) -> Activation:
    """The activation behind a name or a function.

    Parameters
    ----------
    activation : str, callable or Activation
        One of `FUNCTIONS` (spaces and hyphens count as underscores), or a function of one's own that works on arrays
        element by element and is written in NumPy, so that it can be differentiated.

    Returns
    -------
    Activation

    Raises
    ------
    ArgumentError
        The name is unknown, or the function does not work on arrays, mixes elements, gives no floats, or has the
        derivative 0 wherever one looks.

    Examples
    --------
    >>> import numpy as np
    >>> resolve("leaky ReLU").name
    'leaky_relu'
    >>> resolve(np.tanh).derivative(np.array([0.0, 20.0]))
    array([1., 0.])
    >>> resolve("than")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.ArgumentError: unknown activation: 'than' (must be one of ['elu', ...). Did you mean 'tanh'?
    """
    if isinstance(activation, Activation):
        return activation
    if isinstance(activation, str):
        key = activation.strip().lower().replace("-", "_").replace(" ", "_")
        key = _ALIASES.get(key, key)
        if key in _KNOWN:
            return _known(key)
    elif callable(activation):
        for name, (function, _) in _KNOWN.items():
            if function is activation:  # gad.nn.selu is "selu", and np.tanh needs no check
                return _known(name)
        return _checked(activation)
    near = difflib.get_close_matches(activation.lower(), FUNCTIONS, 1) if isinstance(activation, str) else []
    hint = f". Did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(
        f"unknown activation: {activation!r} (must be one of {list(FUNCTIONS)}, or a NumPy function){hint}"
    )


@functools.cache
def _known(name: str) -> Activation:
    function, kinks = _KNOWN[name]
    return Activation(name, function, elementwise_grad(function), kinks)


def _checked(function: Callable[[Any], Any]) -> Activation:
    """A user's own function, tried out at a few places before anything is built on it."""
    name = getattr(function, "__name__", type(function).__name__)
    name = "activation" if name == "<lambda>" else name
    points = np.array([-2.3, -1.1, -0.4, 0.2, 0.7, 1.6])
    with np.errstate(all="ignore"):
        try:
            values = np.asarray(function(points.copy()))
        except Exception as error:
            raise ArgumentError(
                f"{name} does not work on an array ({error}); write it in NumPy, with np.where in the place of `if`."
            ) from error
        if values.shape != points.shape or not np.issubdtype(values.dtype, np.floating):
            raise ArgumentError(
                f"{name} made {values.dtype} of shape {values.shape} from 6 floats; an activation gives one float each."
            )
        alone = np.concatenate([np.asarray(function(points[i : i + 1])) for i in range(points.size)])
        if not np.allclose(values, alone, rtol=1e-9, atol=1e-12, equal_nan=True):
            raise ArgumentError(f"{name} mixes the elements of its array; an activation works on each alone.")
        derivative = elementwise_grad(function)
        try:
            slopes = derivative(points)
        except GraphvizADError as error:
            raise ArgumentError(f"{name} has no derivative: {error}") from error
    if not np.any(slopes):
        raise ArgumentError(
            f"{name} has the derivative 0 wherever it was tried: nothing flows back through it. A step needs a smooth "
            "stand-in, or gad.custom with a derivative of your own."
        )
    return Activation(name, function, derivative)
