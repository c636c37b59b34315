"""The fixed point of the signal and the factor of the gradient in deep random networks of infinite width.

The network is h¹ = W¹x, hˡ⁺¹ = Wˡ⁺¹ φ(hˡ) + b with independent Wᵢⱼ ~ N(0, σ_w²/fan-in) and b ~ N(0, σ_b²), so
``weight_var`` is σ_w² and ``bias_var`` is σ_b². The inputs have mean square 1. q is the mean square of a
pre-activation, δˡ = ∂L/∂hˡ its adjoint, and

    q ← σ_w² E[φ(√q z)²] + σ_b²,   χ = σ_w² E[φ′(√q z)²],   E‖δˡ‖² = χ E‖δˡ⁺¹‖².

Slopes are per layer towards the input and of ‖δ‖ in natural logarithms, ½ ln χ, unless they say otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphviz_ad.gradflow import passage
from graphviz_ad.gradflow.activations import Activation, resolve
from graphviz_ad.gradflow.passage import chi_at, q_map
from graphviz_ad.gradflow.roots import root
from graphviz_ad.gradflow.settings import number, whole

Array = np.ndarray[Any, Any]

_SMALLEST, _LARGEST = 1e-12, 1e24  # a q* outside counts as 0 and as infinite


@dataclass(frozen=True)
class MeanField:
    """What the theory says about one activation and one pair of variances; `mean_field` makes it.

    Attributes
    ----------
    activation : str
    weight_var, bias_var : float
        σ_w² and σ_b².
    q_star : float
        The mean square of the pre-activations deep in the network: the fixed point that inputs of mean square 1 come
        to. 0 where signals die, inf where they grow without end.
    chi_1 : float
        χ₁, the factor by which E‖δ‖² changes per layer towards the input, at q_star. At 0 and inf it is the limit.
    note : str
        One sentence: what q does and what the gradient does.
    """

    activation: str
    weight_var: float
    bias_var: float
    q_star: float
    chi_1: float
    _phi: Activation = field(repr=False, compare=False)

    @property
    def slope(self) -> float:
        """½ ln χ₁: what ln ‖δ‖ gains per layer towards the input."""
        return 0.5 * _log(self.chi_1)

    @property
    def depth_scale(self) -> float:
        """ξ = −1/ln χ₁: ‖δ‖² changes by a factor e over |ξ| layers; positive where it vanishes, inf where χ₁ = 1.

        Negative where gradients explode (Schoenholz et al. 2017, whose ξ_∇ it is).
        """
        log = _log(self.chi_1)
        return math.inf if log == 0 else -1 / log + 0.0

    @property
    def layers_per_tenfold(self) -> float:
        """2 ln 10 / |ln χ₁|: after so many layers ‖δ‖ is ten times smaller or larger; inf where χ₁ = 1."""
        log = abs(_log(self.chi_1))
        return math.inf if log == 0 else 2 * math.log(10) / log

    @property
    def note(self) -> str:
        """One sentence: what the signal does, and what the gradient does."""
        if self.q_star == 0:
            signal = "the signal dies out (q* = 0)"
        elif self.q_star == math.inf:
            signal = "the signal grows without end (q* = ∞)"
        elif self.bias_var == 0 and all(
            abs(self._q_next(self.q_star * factor) / (self.q_star * factor) - 1) < 1e-12 for factor in (0.5, 2.0)
        ):
            signal = f"the signal keeps the size that it starts with (here q = {self.q_star:.4g})"
        else:
            signal = f"the signal settles at q* = {self.q_star:.4g}"
        layers = self.layers_per_tenfold
        if self.chi_1 == 0:
            gradient = "no gradient passes"
        elif layers == math.inf:
            gradient = "gradients neither vanish nor explode exponentially"
            if self.q_star == 0:  # the slow way there may cost what Glorot's tanh loses
                gradient += ", but may lose a power of the depth"
        else:
            way = "vanish" if self.chi_1 < 1 else "explode"
            gradient = f"gradients {way}: ×10 per {layers:.3g} layers"
        return f"{signal}; {gradient}."

    def q(self, layers: int, q_0: float = 1.0) -> Array:
        """The mean square of the pre-activations of layers 1 … layers, from the input on.

        Parameters
        ----------
        layers : int
        q_0 : float
            The mean square of the inputs, which layer 1 takes as they are: q₁ = σ_w² q₀ + σ_b².

        Returns
        -------
        array, shape (layers,)
            With inf from where it overflows.

        Raises
        ------
        ArgumentError
            ``layers`` is no positive int, or ``q_0`` negative.

        Examples
        --------
        >>> mean_field("tanh", 1.5, 0.05).q(4).round(4)
        array([1.55  , 0.7614, 0.5679, 0.4921])
        """
        layers = whole(layers, "layers", 1)
        return passage.signal(self._phi, self.weight_var, self.bias_var, layers, number(q_0, "q_0"))

    def chi(self, layers: int, q_0: float = 1.0) -> Array:
        """χ at each of the layers 1 … layers, where q is still on its way: E‖δˡ‖² = χˡ E‖δˡ⁺¹‖².

        Parameters and errors are those of `q`.

        Returns
        -------
        array, shape (layers,)
        """
        return passage.factors(self._phi, self.weight_var, self.q(layers, q_0))

    def log_delta(self, depth: int, q_0: float = 1.0) -> Array:
        """The logarithm of the expected ‖δˡ‖ for l = 1 … depth, 0 at the last layer (root mean square over networks).

        The line to draw beside a measurement: deep inside its slope is that of χ₁; the first layers, where q is on
        its way to q*, have their own.

        Parameters and errors are those of `q`.

        Returns
        -------
        array, shape (depth,)

        Examples
        --------
        Glorot's initialisation with tanh is critical, and yet loses gradient: a power of the depth, no exponential.

        >>> for depth in (25, 100):
        ...     print(round(float(np.exp(2 * mean_field("tanh", 1.0, 0.0).log_delta(depth)[0])) * depth, 2))
        0.75
        0.72
        """
        return passage.log_delta(self.chi(depth, q_0))

    def _q_next(self, q: float) -> float:
        return q_map(self._phi, self.weight_var, self.bias_var, q)


def mean_field(activation: Any, weight_var: float, bias_var: float = 0.0) -> MeanField:
    """The fixed point q* of the signal and the factor χ₁ of the gradient, at infinite width.

    Poole et al., "Exponential expressivity in deep neural networks through transient chaos" (2016), for q*;
    Schoenholz et al., "Deep information propagation" (2017), for χ₁ and the depth scale.

    Several fixed points are possible; taken is the one that inputs of mean square 1 come to, layer by layer. Where
    each q is one (ReLU with σ_w² = 2, σ_b² = 0), it is that of layer 1.

    Parameters
    ----------
    activation : str or callable
        A name such as "tanh", or a NumPy function of one's own; its derivative comes from the traced core.
    weight_var : float
        σ_w², where Var Wᵢⱼ = σ_w²/fan-in; not negative.
    bias_var : float
        σ_b²; not negative.

    Returns
    -------
    MeanField

    Raises
    ------
    ArgumentError
        An unknown name, a function that is no activation, a variance that is negative or no finite number.

    Examples
    --------
    >>> tanh = mean_field("tanh", 1.5, 0.05)
    >>> round(tanh.q_star, 5), round(tanh.chi_1, 5), round(tanh.depth_scale, 2)
    (0.41804, 0.93864, 15.79)
    >>> mean_field("relu", 1.0, 0.0).chi_1  # half of the units pass it on
    0.5
    >>> print(mean_field(lambda h: np.where(h > 0, h, 0.1 * h), 2.0, 0.0).note)
    the signal grows without end (q* = ∞); gradients explode: ×10 per 463 layers.
    """
    phi = resolve(activation)
    weight_var, bias_var = number(weight_var, "weight_var"), number(bias_var, "bias_var")
    q = fixed_point(phi, weight_var, bias_var)
    return MeanField(phi.name, weight_var, bias_var, q, chi_at(phi, weight_var, q), phi)


def _log(chi: float) -> float:
    """The logarithm of χ, with −inf at 0, and 0 for what differs from 1 by rounding only."""
    if chi == 0:
        return -math.inf
    log = math.log(chi)
    return 0.0 if abs(log) < 1e-12 else log


# ------------------------------------------------------------------------------------------------ fixed points


def fixed_point(phi: Activation, weight_var: float, bias_var: float) -> float:
    """The fixed point that inputs of mean square 1 come to; 0 and inf are limits."""

    def excess(q: float) -> float:
        """By which part of itself q grows in one layer; rounding counts as 0."""
        part = q_map(phi, weight_var, bias_var, q) / q - 1
        return 0.0 if abs(part) < 1e-13 else part

    # Layer by layer first: that finds the right one also where the map is not monotone. Near a critical point it
    # would take for ever.
    q = weight_var + bias_var
    for _ in range(60):
        if q < _SMALLEST:
            break
        q, before = q_map(phi, weight_var, bias_var, q), q
        if not q < _LARGEST:
            return math.inf
        if abs(q - before) <= 4e-15 * before:
            break
    if q >= _SMALLEST and excess(q) == 0:
        return q

    # Then on in the same direction, in strides, to where the map crosses the diagonal.
    up = q >= _SMALLEST and excess(q) > 0
    while _SMALLEST <= q < _LARGEST:
        beyond = q * 1.5 if up else q / 1.5
        if excess(beyond) * (1 if up else -1) < 0:
            return root(lambda x: q_map(phi, weight_var, bias_var, x) / x - 1, q, beyond)
        q = beyond
    if up:
        return math.inf
    # Below the smallest q the map ends at 0, unless a tiny bias, or φ(0) ≠ 0, holds it up.
    return q_map(phi, weight_var, bias_var, 0.0)
