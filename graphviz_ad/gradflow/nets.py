"""The measured nets as plain NumPy functions, one layer each, whose pullbacks come from the traced core.

A layer is h ← W φ(h) + b: h is the pre-activation, φ(h) the activation. Arrays may have leading axes, one net for each
entry: (…, batch, width) and (…, width, width).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphviz_ad import nn
from graphviz_ad.core.recording import Recording
from graphviz_ad.core.run import patient_collector
from graphviz_ad.core.traced import value_of
from graphviz_ad.gradflow.settings import NORMS, Settings

Array = np.ndarray[Any, Any]


def product(x: Any, W: Any) -> Any:
    """The product x Wᵀ, a row of W for every output, for each net on the leading axes."""
    return x @ np.swapaxes(W, -1, -2)


def first(x: Any, W: Any, b: Any = None) -> Any:
    """The pre-activation of the first layer, which takes the inputs as they are."""
    h = product(x, W)
    return h if b is None else h + b


def layer(settings: Settings) -> Callable[..., Any]:
    """The function of all further layers: from a pre-activation to the next one, and what it did on the way.

    It gives the next pre-activation, what the activation took (h, or h normalised) and what it gave. With a residual
    scale α the next pre-activation is h + α (W φ(h) + b): He et al., "Identity mappings in deep residual networks"
    (2016), where normalisation and activation stand before the weight.
    """
    activation, alpha = settings.function, settings.scale
    axis = None if settings.norm is None else NORMS[settings.norm]

    def step(h: Any, W: Any, b: Any = None) -> tuple[Any, Any, Any]:
        taken = h if axis is None else nn.layer_norm(h, axis=axis)
        activated = activation(taken)
        branch = first(activated, W, b)
        return branch if alpha is None else h + alpha * branch, taken, activated

    return step


class Step:
    """One call of a layer, with its pullback: values forwards now, adjoints backwards later.

    ``results``: what the layer gave, as plain arrays; adjoints start from the first of them.
    """

    __slots__ = ("_inputs", "_out", "_recording", "results")

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], argnums: Sequence[int]) -> None:
        with patient_collector:
            recording = Recording(f, args, {}, argnums)
        out = recording.out if isinstance(recording.out, tuple) else (recording.out,)
        self.results = tuple(value_of(each) for each in out)
        self._inputs = tuple(recording.inputs[number, ()] for number in argnums)
        self._out = out[0]
        self._recording = recording
        recording.release()

    def pull(self, adjoint: Any) -> tuple[Any, ...]:
        """The adjoints of the arguments in ``argnums``, from that of the first result; once only."""
        out, self._out = self._out, None
        adjoints = self._recording.pull([(out, adjoint)])
        return tuple(
            adjoints[node.index] if node.index in adjoints else np.zeros_like(node.value) for node in self._inputs
        )
