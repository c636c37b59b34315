"""Measures gradient flow: nets are drawn, swept once, and what came back is tabled layer by layer."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphviz_ad import nn
from graphviz_ad.core.transforms import grad
from graphviz_ad.gradflow import nets
from graphviz_ad.gradflow.settings import LEARNING_RATE, Settings, seeds_of
from graphviz_ad.gradflow.sizes import clipping, norms, saturation
from graphviz_ad.gradflow.table import COLUMNS, Flow

Array = np.ndarray[Any, Any]

TOGETHER = 64
"""Up to this width all seeds go through one sweep, on a leading axis: there Python costs more than arithmetic."""
ENTRIES_AT_ONCE = 2**25
"""Fewer seeds at once where their nets would hold more numbers than this."""

INPUTS, WEIGHTS, BIASES, TARGETS = range(4)
"""The streams of random numbers of one seed: the first layers of a net do not depend on how deep it is."""


def measure(
    depth: int = 50,
    width: int = 256,
    batch: int = 128,
    activation: str | Callable[..., Any] = "tanh",
    init: str | Callable[..., Any] = "glorot",
    weight_var: float | None = None,
    bias_var: float = 0.0,
    residual: float | str | None = None,
    norm: str | None = None,
    clip: float | None = None,
    loss: str | Callable[..., Any] = "mse",
    seeds: int | Sequence[int] = 10,
    dtype: str = "float64",
) -> Flow:
    """Draw deep nets, sweep each once, and table how large adjoints, gradients and activations are in every layer.

    The net is h¹ = W¹ x + b¹ and hˡ = Wˡ φ(hˡ⁻¹) + bˡ up to the outputs hᴸ, with L = ``depth`` and rows of x drawn from
    the standard normal distribution.

    Parameters
    ----------
    depth, width, batch : int
        Layers, units in each of them and in the input, samples.
    activation : str or callable
        φ: a name, or an elementwise NumPy function of your own.
    init : str or callable
        How weights are drawn: a name of `gad.nn` ("glorot", "he", "lecun", "orthogonal", "lsuv", …); "old", which is
        U(±1/√fan-in) and PyTorch's default; or a function ``init(shape, rng=rng)``.
    weight_var : float, optional
        σ_w² in Var W = σ_w² / fan-in. It replaces ``init`` by normal draws; orthogonal weights stay so, times σ_w.
    bias_var : float
        σ_b², the variance of normal biases; 0: no biases.
    residual : float or str, optional
        Skip connections of scale α: hˡ = hˡ⁻¹ + α (Wˡ φ(hˡ⁻¹) + bˡ) from the second layer on. "1/sqrt(L)" is 1/√depth.
    norm : {"batch", "layer"}, optional
        φ takes h with mean 0 and variance 1, over the samples or over the units.
    clip : float, optional
        Weight gradients whose global norm is larger are scaled to it. Adjoints stay: clipping acts on parameters.
    loss : {"mse", "cross_entropy"} or callable
        "mse" is the mean square of outputs minus targets, with targets that lie a standard normal draw r away from the
        outputs: δᴸ = 2 r / (batch · width) in every net, and no forward explosion reaches it. "cross_entropy" takes the
        outputs as logits of labels drawn at random. A function takes the outputs (batch, width) to a number.
    seeds : int or list of int
        How many nets (0, 1, …), or which.
    dtype : {"float64", "float32"}
        Draws are the same in both.

    Returns
    -------
    Flow
        One row for each seed and layer. Norms are those of whole arrays (batch, width), mean squares their squares by
        their size. ``delta_…``: δˡ, the adjoint of the pre-activation hˡ. ``weight_grad_norm``: ‖∂L/∂Wˡ‖.
        ``activation_…``: φ(hˡ). ``saturated``: the share of entries where |φ′| is at most 5% of its largest value (for
        ReLU those at or below 0). ``dead``: the share of units that are so for every sample. ``update_ratio``:
        ‖ΔW‖ / ‖W‖ of one step of SGD with learning rate 0.1. Overflow stays as inf or nan, and `Flow.reading` says
        where it begins.

    Raises
    ------
    ArgumentError
        An unknown name, a size of 0, a negative variance, an activation without derivative.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> flow = gad.gradflow.measure(depth=30, width=64, batch=32, activation="sigmoid", weight_var=1.0, seeds=3)
    >>> len(flow), round(flow.slope("delta_norm", layers=(5, 30)), 1)  # theory: ½ ln 0.0557 = −1.44
    (90, -1.4)
    """
    settings = Settings(
        depth, width, batch, activation, init, weight_var, bias_var, residual, norm, clip, loss, seeds_of(seeds), dtype
    )  # fmt: skip
    return measured(settings)


def measured(settings: Settings) -> Flow:
    """What `measure` gives, for settings that exist already."""
    at_once = 1
    if settings.width <= TOGETHER:
        entries = settings.depth * settings.width * (settings.width + 4 * settings.batch)
        at_once = max(1, ENTRIES_AT_ONCE // entries)
    with np.errstate(all="ignore"):  # overflow is what is measured: it stays in the numbers
        blocks = [
            _swept(settings, settings.seeds[start : start + at_once])
            for start in range(0, len(settings.seeds), at_once)
        ]
    layers = np.arange(1, settings.depth + 1)
    columns = {name: np.concatenate([block[name] for block in blocks]).ravel() for name in COLUMNS[2:]}
    columns["seed"] = np.repeat(settings.seeds, settings.depth)
    columns["layer"] = np.tile(layers, len(settings.seeds))
    return Flow(columns, settings)


def _swept(settings: Settings, seeds: Sequence[int]) -> dict[str, Array]:
    """Each column as an array (seeds, layers)."""
    table = {name: np.empty((len(seeds), settings.depth)) for name in COLUMNS[2:]}
    draws = Draws(settings, seeds)
    step = nets.layer(settings)
    slack = saturation(settings.activation)
    steps: list[nets.Step] = []
    weight_norms = np.empty((len(seeds), settings.depth))
    entries = settings.batch * settings.width

    def look(position: int, taken: Any, activated: Any) -> None:
        table["activation_norm"][:, position] = norms(activated)
        where = slack(taken)
        dead = np.logical_and.reduce(where, axis=-2)
        # net by net, which is much faster than along axes
        table["saturated"][:, position] = [np.count_nonzero(one) for one in where.reshape(len(seeds), -1)]
        table["dead"][:, position] = [np.count_nonzero(one) for one in dead.reshape(len(seeds), -1)]

    h = draws.inputs()
    for position in range(settings.depth):
        W, b = draws.weight(), draws.bias()
        if settings.init == "lsuv":
            W = draws.scaled(W, b, step(h, W)[2] if position else h)
        weight_norms[:, position] = norms(W)
        if position:
            steps.append(nets.Step(step, (h, W, b), (0, 1)))
            h, *inside = steps[-1].results
            look(position - 1, *inside)
        else:
            steps.append(nets.Step(nets.first, (h, W, b), (1,)))
            (h,) = steps[-1].results
    look(settings.depth - 1, *step(h, W)[1:])

    delta: Any = draws.seed(h)
    for position in reversed(range(settings.depth)):
        table["delta_norm"][:, position] = norms(delta)
        *before, gradient = steps.pop().pull(delta)
        table["weight_grad_norm"][:, position] = norms(gradient)
        delta = before[0] if before else None

    table["delta_mean_square"] = table["delta_norm"] ** 2 / entries
    table["activation_mean_square"] = table["activation_norm"] ** 2 / entries
    undefined = np.where(np.isnan(table["activation_norm"]), math.nan, 1.0)
    table["saturated"] *= undefined
    table["saturated"] /= entries
    table["dead"] *= undefined
    table["dead"] /= settings.width
    if settings.clip is not None:
        table["weight_grad_norm"] *= clipping(table["weight_grad_norm"], settings.clip)
    table["update_ratio"] = LEARNING_RATE * table["weight_grad_norm"] / weight_norms
    return table


class Draws:
    """The random numbers of several seeds, in the order in which a net asks for them."""

    def __init__(self, settings: Settings, seeds: Sequence[int]) -> None:
        self._settings = settings
        self._single = len(seeds) == 1
        self._streams = [[np.random.default_rng([seed, stream]) for seed in seeds] for stream in range(4)]

    def _stacked(self, stream: int, draw: Callable[[np.random.Generator], Array]) -> Array:
        """One draw for each seed: on a leading axis, or without one for a single seed."""
        drawn = [draw(rng) for rng in self._streams[stream]]
        stacked = drawn[0] if self._single else np.stack(drawn)
        return stacked.astype(self._settings.dtype, copy=False)

    def inputs(self) -> Array:
        """Standard normal rows."""
        shape = (self._settings.batch, self._settings.width)
        return self._stacked(INPUTS, lambda rng: rng.standard_normal(shape))

    def weight(self) -> Array:
        """The next layer's weight."""
        return self._stacked(WEIGHTS, self._settings.draw)

    def bias(self) -> Array | None:
        """The next layer's bias, of shape (…, 1, width)."""
        if not self._settings.bias_var:
            return None
        std, shape = math.sqrt(self._settings.bias_var), (1, self._settings.width)
        return self._stacked(BIASES, lambda rng: rng.normal(0.0, std, shape))

    def scaled(self, W: Array, b: Array | None, x: Array) -> Array:
        """The weight divided until x Wᵀ + b has variance 1 (`gad.nn.lsuv`, a layer at a time)."""
        if not self._single:
            biases: Any = [None] * len(W) if b is None else b
            return np.stack([_unit_variance(*each) for each in zip(W, biases, x, strict=True)])
        return _unit_variance(W, b, x)

    def seed(self, outputs: Array) -> Array:
        """The adjoint of the outputs that the loss sends."""
        settings = self._settings
        if settings.loss == "mse":
            scale = 2 / (settings.batch * settings.width)
            return scale * self._stacked(TARGETS, lambda rng: rng.standard_normal(outputs.shape[-2:]))
        nets_outputs = [outputs] if self._single else list(outputs)
        found = []
        for rng, one in zip(self._streams[TARGETS], nets_outputs, strict=True):
            f: Any = settings.loss
            if f == "cross_entropy":
                f = functools.partial(_cross_entropy, labels=rng.integers(settings.width, size=settings.batch))
            found.append(grad(f)(one))
        return found[0] if self._single else np.stack(found)


def _cross_entropy(outputs: Any, labels: Array) -> Any:
    return nn.cross_entropy(outputs, labels)


def _unit_variance(W: Array, b: Array | None, x: Array) -> Array:
    return nn.lsuv(lambda weights, x: [nets.first(x, weights[0], b)], [W], x)[0].astype(W.dtype, copy=False)
