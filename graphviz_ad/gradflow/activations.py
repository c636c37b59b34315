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
from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError

Array = np.ndarray[Any, Any]


def linear(x: Any) -> Any:
    """No activation: a linear network, the one case whose spectrum is known in closed form."""
    return x


def hard_tanh(x: Any) -> Any:
    """x, cut off at −1 and 1."""
    return np.clip(x, -1.0, 1.0)


_REACH, _CELLS = 6, 16  # beyond 6, erf is ±1 to rounding; 16 cells for each unit of x


def _taylor(terms: int = 11) -> Array:
    """The Taylor coefficients of erf around the middle of each cell, shape (terms, cells).

    For f = erf′, f′ = −2x f, so that (k + 1) bₖ₊₁ = −2 (x bₖ + bₖ₋₁) for those of f.
    """
    x = np.arange(-_REACH * _CELLS, _REACH * _CELLS + 1) / _CELLS
    rows = [np.array([math.erf(each) for each in x.tolist()])]
    b, before = 2 / math.sqrt(math.pi) * np.exp(-(x**2)), np.zeros(len(x))
    for k in range(1, terms):
        rows.append(b / k)
        b, before = -2 * (x * b + before) / k, b
    return np.stack(rows)


_TAYLOR = _taylor()


def _erf(x: Any) -> Any:
    """The error function to rounding, without SciPy: the Taylor polynomial around the nearest sixteenth."""
    array = np.asarray(x)
    cut = np.clip(array, -_REACH, _REACH)
    nearest = np.rint(cut * _CELLS)
    cell = np.nan_to_num(nearest).astype(np.intp) + _REACH * _CELLS
    rest = cut - nearest / _CELLS
    out = _TAYLOR[-1][cell]
    for row in _TAYLOR[-2::-1]:
        out = out * rest + row[cell]
    return out.astype(array.dtype, copy=False) if array.dtype.kind == "f" else out


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
    "linear": (linear, ()),
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
"""The activations that are known by name: the one table of them, for theory and measurement."""


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
    hint = f" Did you mean {near[0]!r}?" if near else ""
    shown = repr(activation) if isinstance(activation, str) or activation is None else brief(activation)
    raise ArgumentError(f"unknown activation: {shown} (must be one of {list(FUNCTIONS)}, or a NumPy function).{hint}")


@functools.cache
def _known(name: str) -> Activation:
    function, kinks = _KNOWN[name]
    return Activation(name, function, elementwise_grad(function), kinks)


_PROBE = np.concatenate([np.linspace(-8.3, 8.9, 44), [-0.4, 0.2, 0.7]])  # off the round numbers, where kinks are
_PROBE.setflags(write=False)


def _checked(function: Callable[[Any], Any]) -> Activation:
    """A user's own function, tried out at a few places before anything is built on it."""
    title = getattr(function, "__name__", type(function).__name__)
    name = "activation" if title == "<lambda>" else title
    what = f"activation {title}"
    with np.errstate(all="ignore"):
        try:
            values = np.asarray(function(_PROBE.copy()))
        except Exception as error:
            raise ArgumentError(
                f"{what} does not work on an array of shape {_PROBE.shape} ({error}); write it in NumPy, with np.where "
                "in the place of `if`."
            ) from error
        if values.shape != _PROBE.shape or not np.issubdtype(values.dtype, np.floating):
            raise ArgumentError(
                f"{what} gives {values.dtype} of shape {values.shape} for floats of shape {_PROBE.shape}; it must give "
                "one float for each."
            )
        alone = np.concatenate([np.asarray(function(_PROBE[i : i + 1].copy())) for i in range(_PROBE.size)])
        if not np.allclose(values, alone, rtol=1e-9, atol=1e-12, equal_nan=True):
            raise ArgumentError(
                f"{what} mixes the elements of its array, or draws at random; it must work on each alone."
            )
        derivative = elementwise_grad(function)
        try:
            slopes = derivative(_PROBE.copy())
        except Exception as error:
            raise ArgumentError(f"{what} has no derivative: {error}") from error
    if not np.any(slopes):
        raise ArgumentError(
            f"{what} has no derivative but 0, wherever it was tried: nothing flows back through it. A step needs a "
            "smooth stand-in, or gad.custom with a derivative of your own."
        )
    return Activation(name, function, derivative)
