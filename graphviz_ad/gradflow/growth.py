"""Factors and bounds in closed form: initialisations, residual branches, batch norm, recurrent nets, finite width."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.activations import Activation, resolve
from graphviz_ad.gradflow.passage import slope_square, variance
from graphviz_ad.gradflow.quadrature import gaussian_mean
from graphviz_ad.gradflow.settings import known, number, whole, window

Array = np.ndarray[Any, Any]

# ------------------------------------------------------------------------------------------------ initialisations


def glorot_var(fan_in: int, fan_out: int) -> float:
    """Var Wᵢⱼ = 2/(fan_in + fan_out): halfway between keeping activations and keeping gradients.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), equation
    12; uniform between ±√6/√(fan_in + fan_out) has this variance.

    Examples
    --------
    >>> glorot_var(100, 300)
    0.005
    """
    return 2 / (whole(fan_in, "fan_in", 1) + whole(fan_out, "fan_out", 1))


def he_var(fan_in: int, alpha: float = 0.0) -> float:
    """Var Wᵢⱼ = 2/((1 + α²) fan_in), which a (leaky) ReLU of slope α for x ≤ 0 needs.

    He et al., "Delving deep into rectifiers" (2015), equations 10 and 15.

    Examples
    --------
    >>> he_var(200)
    0.01
    """
    return 2 / ((1 + number(alpha, "alpha", least=-math.inf) ** 2) * whole(fan_in, "fan_in", 1))


def init_weight_var(init: str, fan_in: int = 1, fan_out: int = 1, alpha: float = 0.0) -> float:
    """σ_w² = fan_in · Var Wᵢⱼ of an initialisation by name.

    Parameters
    ----------
    init : {"glorot", "he", "lecun", "old"}
        "old" is U(−1/√fan_in, 1/√fan_in), uniform, that Glorot and Bengio (2010) warn of: σ_w² = ⅓.
    fan_in, fan_out : int
        Equal by default.
    alpha : float
        The slope of a leaky ReLU, for "he".

    Returns
    -------
    float

    Examples
    --------
    >>> init_weight_var("he"), init_weight_var("glorot", fan_in=100, fan_out=300)
    (2.0, 0.5)
    """
    known(init, "init", ("glorot", "he", "lecun", "old"))
    if init == "glorot":
        return fan_in * glorot_var(fan_in, fan_out)
    if init == "he":
        return fan_in * he_var(fan_in, alpha)
    return 1.0 if init == "lecun" else 1 / 3


# ------------------------------------------------------------------------------------------------ remedies


def residual_growth(alpha: float, depth: int, chi: float = 1.0) -> float:
    """(1 + α² χ)^depth: the growth of E‖δ‖² over residual blocks x ← x + α W φ(x).

    As Yang and Schoenholz, "Mean field residual networks: on the edge of chaos" (2017), for one branch. With ReLU
    and He's initialisation the branch alone keeps the gradient, χ = 1. α = 1/√depth keeps the growth below e;
    α = 0 (Bachlechner et al., "ReZero is all you need", 2020) has none, and no other network than the identity yet.

    Parameters
    ----------
    alpha : float
        The branch's scale.
    depth : int
        The number of blocks, 0 or more.
    chi : float
        The branch's own factor σ_w² E[φ′²].

    Returns
    -------
    float
        inf where it overflows.

    Examples
    --------
    >>> residual_growth(1.0, 20)
    1048576.0
    """
    alpha, chi, depth = number(alpha, "alpha", least=-math.inf), number(chi, "chi"), whole(depth, "depth", 0)
    try:
        return float((1 + alpha**2 * chi) ** depth)
    except OverflowError:
        return math.inf


def batchnorm_growth(activation: Any) -> float:
    """E[φ′(z)²]/Var[φ(z)]: by what E‖δ‖² grows per layer of batch norm and φ, towards the input.

    Yang et al., "A mean field theory of batch normalization" (2019). The batch is large and the network has no skip
    connections; normalised pre-activations are standard normal. It is at least 1, and 1 for linear layers only: no
    choice of weights helps. The norm itself grows by the square root.

    Parameters
    ----------
    activation : str or callable

    Returns
    -------
    float

    Examples
    --------
    >>> round(batchnorm_growth("relu"), 5)  # π/(π − 1)
    1.46694
    """
    phi = resolve(activation)
    return slope_square(phi, 1.0) / variance(phi, 1.0)


@dataclass(frozen=True)
class RNNBounds:
    """Where the gradient through time must vanish, and where it may explode.

    Attributes
    ----------
    gamma : float
        γ = sup |φ′|.
    threshold : float
        1/γ. A largest singular value of the recurrent weights below it suffices for vanishing; one above it is
        necessary, not sufficient, for exploding.
    """

    gamma: float
    threshold: float

    def growth(self, largest_singular_value: float, steps: int) -> float:
        """(γ s_max)^steps: an upper bound for what ‖δ‖ is multiplied by over so many time steps.

        Examples
        --------
        >>> round(rnn_bounds("tanh").growth(0.9, 50), 5)
        0.00515
        """
        steps, factor = whole(steps, "steps", 0), self.gamma * number(largest_singular_value, "largest_singular_value")
        try:
            return float(factor**steps)
        except OverflowError:
            return math.inf


def rnn_bounds(activation: Any) -> RNNBounds:
    """The bounds of Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013).

    Parameters
    ----------
    activation : str, callable, or float
        An activation, whose largest |φ′| is looked for between −20 and 20; or that number γ itself.

    Returns
    -------
    RNNBounds

    Examples
    --------
    >>> rnn_bounds("tanh")
    RNNBounds(gamma=1.0, threshold=1.0)
    >>> rnn_bounds("sigmoid").threshold
    4.0
    """
    if isinstance(activation, int | float) and not isinstance(activation, bool):
        gamma = number(activation, "gamma", least=5e-324)
    else:
        phi = resolve(activation)
        gamma = largest_slope(phi)
    return RNNBounds(gamma, 1 / gamma)


def largest_slope(phi: Activation, reach: float = 20.0) -> float:
    """The largest |φ′| between −reach and reach."""
    h = np.concatenate([np.linspace(-reach, reach, 8001), np.asarray(phi.kinks) + 1e-12, np.asarray(phi.kinks) - 1e-12])
    with np.errstate(all="ignore"):
        slopes = np.abs(phi.derivative(h))
        best = float(h[int(np.nanargmax(slopes))])
        close = np.abs(phi.derivative(best + np.linspace(-1, 1, 2001) * reach / 4000))
    return float(max(np.nanmax(slopes), np.nanmax(close)))


# ------------------------------------------------------------------------------------------------ finite width


@dataclass(frozen=True)
class FiniteWidth:
    """The distribution of ln of a squared norm, beside its mean-field value; `finite_width` makes it.

    ``mean`` and ``variance`` are floats, or arrays where the depth was one. E‖·‖² is what mean field says; a typical
    network has less, and the mean is made by a few large ones.
    """

    mean: Any
    variance: Any

    @property
    def std(self) -> Any:
        """√variance."""
        return np.sqrt(self.variance)

    def band(self, standard_deviations: float = 2.0) -> tuple[Any, Any]:
        """The lower and the upper edge in ln of the squared norm; about 95% of networks lie between them by default."""
        return self.mean - standard_deviations * self.std, self.mean + standard_deviations * self.std


def finite_width(width: Any, depth: Any = None, activation: Any = "relu", q: float = 1.0) -> FiniteWidth:
    """How ln ‖J u‖² of one network is spread about its mean-field value: roughly normal, wider with depth/width.

    Hanin and Nica, "Products of many large random matrices and gradients in deep neural networks" (2018), after
    Hanin, "Which neural net architectures give rise to exploding and vanishing gradients?" (2018), whose measure is
    β = Σ 1/nₗ. Each layer adds the variance (3κ − 1)/n, κ = E[φ′⁴]/E[φ′²]², and half of it is missing in the mean:
    5/n for ReLU (κ = 2), 2/n for a linear network (κ = 1), as proved there. For other activations it is the same
    count with slopes that are independent of the weights; that the forward signal fluctuates as well is left out.

    Parameters
    ----------
    width : int or sequence of int
        n, or one nₗ for every layer that is passed.
    depth : int or array of int, optional
        How many layers of width n are passed; an array gives arrays. Not with a sequence of widths.
    activation : str or callable
    q : float
        The mean square of the pre-activations; it plays no part for ReLU and linear.

    Returns
    -------
    FiniteWidth

    Raises
    ------
    ArgumentError
        A width or depth is not allowed, or both say how many layers there are.

    Examples
    --------
    >>> finite_width(100, 50)
    FiniteWidth(mean=-1.25, variance=2.5)
    >>> finite_width(100, 50, "linear")
    FiniteWidth(mean=-0.5, variance=1.0)
    """
    if np.ndim(width):
        if depth is not None:
            raise ArgumentError("a sequence of widths says how many layers there are: leave depth out.")
        beta: Any = math.fsum(1 / whole(n, "width", 1) for n in width)
    else:
        if depth is None:
            raise ArgumentError("finite_width needs depth= beside one width, or a sequence of widths.")
        layers = np.asarray(depth)
        if not np.issubdtype(layers.dtype, np.integer) or np.any(layers < 0):
            raise ArgumentError(f"depth={depth!r} must be ints, 0 or more.")
        beta = layers / whole(width, "width", 1) if layers.ndim else int(layers) / whole(width, "width", 1)
    variance = _variance_per_beta(activation, q) * beta
    return FiniteWidth(-variance / 2, variance)


def finite_width_slope(
    width: int, layers: tuple[int, int], activation: Any = "relu", q: float = 1.0, seeds: int = 1
) -> tuple[float, float]:
    """What finite width does to a slope of ln ‖δ‖², fitted by least squares over layers a … b.

    After Hanin and Nica (2018), ln ‖δ‖² is mean field's line plus a random walk, whose steps are those of
    `finite_width`. So the slope is biased, and scatters more than the residuals of the fit let one think: neighbours
    in a random walk are not independent.

    Parameters
    ----------
    width : int
    layers : (int, int)
        The first and the last layer of the fit.
    activation, q
        As in `finite_width`.
    seeds : int
        Over how many networks the slope is averaged.

    Returns
    -------
    (float, float)
        The bias per layer towards the input, and the standard error.

    Examples
    --------
    >>> bias, error = finite_width_slope(1000, (20, 48), "relu", seeds=5)
    >>> round(bias, 4), round(error, 4)
    (-0.0025, 0.0064)
    """
    first, last = window(layers)
    points = whole(last - first + 1, "the window's length", 2)
    step = _variance_per_beta(activation, q) / whole(width, "width", 1)
    x = np.arange(points) - (points - 1) / 2
    weights = x / np.sum(x * x)
    beyond = np.cumsum(weights[::-1])[::-1][1:]  # step j moves all points from j on
    return -step / 2, math.sqrt(step * float(np.sum(beyond**2)) / whole(seeds, "seeds", 1))


def kurtosis(activation: Any, q: float = 1.0) -> float:
    """κ = E[φ′⁴]/E[φ′²]²: 1 for linear, 2 for ReLU; how unevenly the units pass gradients on."""
    phi = resolve(activation)
    std = math.sqrt(q if q > 0 else 1e-24)
    square = gaussian_mean(lambda h: phi.derivative(h) ** 2, std, phi.kinks)
    return gaussian_mean(lambda h: phi.derivative(h) ** 4, std, phi.kinks) / square**2


def _variance_per_beta(activation: Any, q: float) -> float:
    return 3 * kurtosis(activation, q) - 1
