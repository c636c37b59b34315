"""One net with all its arrays: the layers' values and adjoints, its Jacobian, its gradients along a line of inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphviz_ad.core.transforms import jacobian
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import nets
from graphviz_ad.gradflow.measurement import Draws
from graphviz_ad.gradflow.settings import Settings, known, whole

Array = np.ndarray[Any, Any]


class Net:
    """One net, drawn as `measure` draws it; `net` makes it.

    Attributes
    ----------
    settings : Settings
        With the one seed.
    weights, biases : list of array
        Wˡ of shape (width, width) and bˡ of shape (1, width), or None, of the layers 1 … depth.
    x : array, shape (batch, width)
        Its inputs.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._layer = nets.layer(settings)
        self._draws = Draws(settings, settings.seeds)
        self.x = self._draws.inputs()
        self.weights: list[Array] = []
        self.biases: list[Array | None] = []
        h = self.x
        with np.errstate(all="ignore"):
            for position in range(settings.depth):
                W, b = self._draws.weight(), self._draws.bias()
                if settings.init == "lsuv":
                    W = self._draws.scaled(W, b, self._layer(h, W)[2] if position else h)
                self.weights.append(W)
                self.biases.append(b)
                h = self._through(position, h)[0]
        self._seed = self._draws.seed(h)

    def _through(self, position: int, h: Any) -> tuple[Any, ...]:
        W, b = self.weights[position], self.biases[position]
        return self._layer(h, W, b) if position else (nets.first(h, W, b),)

    def __call__(self, x: Any) -> Any:
        """The outputs for inputs of shape (…, width): a plain function, to trace or to differentiate."""
        for position in range(self.settings.depth):
            x = self._through(position, x)[0]
        return x

    def __repr__(self) -> str:
        return f"a net of {self.settings}"

    @property
    def activations(self) -> dict[int, Array]:
        """Layer → φ(h) for the inputs, shape (batch, width)."""
        found, h = {}, self.x
        with np.errstate(all="ignore"):
            for position in range(self.settings.depth):
                h, *inside = self._through(position, h)
                if inside:
                    found[position] = inside[-1]
            found[self.settings.depth] = self._layer(h, self.weights[-1])[2]
        return found

    @property
    def adjoints(self) -> dict[int, Array]:
        """Layer → δ, the adjoint of its pre-activation, shape (batch, width)."""
        return self._back(self.x, self._seed)[0]

    def _back(self, x: Array, seed: Array) -> tuple[dict[int, Array], Array]:
        """The adjoints of the layers, and of the inputs."""
        steps, h = [], x
        with np.errstate(all="ignore"):
            for position in range(self.settings.depth):
                steps.append(nets.Step(lambda h, at=position: self._through(at, h), (h,), (0,)))
                h = steps[-1].results[0]
            found, delta = {}, seed
            while steps:
                found[len(steps)] = delta
                (delta,) = steps.pop().pull(delta)
        return dict(sorted(found.items())), delta

    def jacobian(self, sample: int = 0) -> Array:
        """∂outputs/∂inputs at one of the inputs, shape (width, width): what `plots.spectrum` takes.

        Raises
        ------
        ArgumentError
            No such sample, or batch normalisation, with which the outputs depend on all samples at once.
        """
        if self.settings.norm == "batch":
            raise ArgumentError("with batch normalisation no sample has a Jacobian of its own: take another net.")
        if whole(sample, "sample", 0) >= len(self.x):
            raise ArgumentError(f"sample={sample} must be less than the batch, {len(self.x)}.")
        with np.errstate(all="ignore"):
            return np.asarray(jacobian(self)(self.x[sample : sample + 1])[0, :, 0, :])

    def along_a_line(self, points: int = 256, reach: float = 4.0) -> Array:
        """The slope of one output along a line through the inputs' space, shape (points,): for `plots.shattered`.

        The line goes through 0 in a random direction of typical length, from −reach to reach.
        """
        points, width = whole(points, "points", 2), self.settings.width
        direction = self.x[0] * math.sqrt(width) / np.linalg.norm(self.x[0])
        along = np.linspace(-reach, reach, points)[:, None].astype(self.x.dtype) * direction
        seed = np.zeros((points, width), self.x.dtype)
        seed[:, 0] = 1
        return np.asarray(self._back(along, seed)[1] @ direction)


def net(seed: int = 0, **settings: Any) -> Net:
    """Draw one net as `measure` does, to look at its arrays: whole distributions in the place of norms.

    Parameters
    ----------
    seed : int
        Which one: its numbers are those of the rows with this seed in the table of `measure`.
    **settings
        The arguments of `measure`, but ``seeds``.

    Returns
    -------
    Net

    Raises
    ------
    ArgumentError
        As in `measure`; an unknown argument too.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> deep = gad.gradflow.net(depth=20, width=32, batch=16, weight_var=0.5)
    >>> ax = gad.gradflow.plots.ridgelines(deep.adjoints, kind="adjoint", scale="log")
    >>> ax = gad.gradflow.plots.spectrum(deep.jacobian())
    >>> ax = gad.gradflow.plots.shattered({"depth 20": deep.along_a_line()})
    """
    free = [name for name in Settings.__dataclass_fields__ if name != "seeds"]
    for name in settings:
        known(name, "setting of a net", free)
    return Net(Settings(**settings, seeds=(whole(seed, "seed", 0),)))
