"""What `measure` may be asked for: the names that it knows, and a frozen record of one choice."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad import nn
from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.activations import FUNCTIONS, resolve

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


def old(shape: tuple[int, ...], *, rng: np.random.Generator) -> Array:
    """U(±1/√fan-in), the heuristic before 2010: Var W = 1/(3 fan-in) (Glorot and Bengio 2010, equation 1)."""
    bound = 1 / math.sqrt(shape[1])
    return rng.uniform(-bound, bound, shape)


ACTIVATIONS = FUNCTIONS
"""The activations that have a name; the table is that of `activations`."""

INITS: dict[str, Function] = {
    "glorot": nn.glorot_normal,
    "glorot_normal": nn.glorot_normal,
    "glorot_uniform": nn.glorot_uniform,
    "he": nn.he_normal,
    "he_normal": nn.he_normal,
    "he_uniform": nn.he_uniform,
    "lecun": nn.lecun_normal,
    "lecun_normal": nn.lecun_normal,
    "lsuv": nn.orthogonal,  # what it starts from; the layers are scaled one after the other as x goes through
    "old": old,
    "orthogonal": nn.orthogonal,
}
"""The initialisations that have a name; each takes ``shape`` and ``rng``."""

NORMS = {"batch": -2, "layer": -1}
"""Which axis of (batch, width) a normalisation takes its mean and variance over."""

LOSSES = ("cross_entropy", "mse")
DTYPES = ("float32", "float64")
ROOT = ("1/sqrt(L)", "1/√L")
"""The residual scale that goes with the depth L."""

LEARNING_RATE = 0.1
"""Of the one step of plain SGD whose size `update_ratio` gives."""


@dataclass(frozen=True)
class Settings:
    """What was measured: the arguments of `measure`, with every seed listed."""

    depth: int = 50
    width: int = 256
    batch: int = 128
    activation: str | Function = "tanh"
    init: str | Function = "glorot"
    weight_var: float | None = None
    bias_var: float = 0.0
    residual: float | str | None = None
    norm: str | None = None
    clip: float | None = None
    loss: str | Function = "mse"
    seeds: tuple[int, ...] = tuple(range(10))
    dtype: str = "float64"

    def __post_init__(self) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        for name, least in (("depth", 1), ("width", 1), ("batch", 1)):
            put(name, whole(getattr(self, name), name, least))
        put("seeds", seeds_of(self.seeds))
        put("bias_var", number(self.bias_var, "bias_var"))
        if self.weight_var is not None:
            put("weight_var", number(self.weight_var, "weight_var"))
        if self.clip is not None:
            put("clip", positive(self.clip, "clip"))
        put("init", known(self.init, "init", INITS, "a function of shape and rng"))
        put("loss", known(self.loss, "loss", LOSSES, "a function of the outputs"))
        put("norm", known(self.norm, "norm", (*NORMS, None)))
        put("dtype", known(_dtype_name(self.dtype), "dtype", DTYPES))
        put("activation", named_or_own(self.activation))
        self._check_together()

    def _check_together(self) -> None:
        residual: Any = self.residual
        if isinstance(residual, str):
            known(residual, "residual", (*ROOT, None), "a number")
        elif residual is not None:
            number(residual, "residual", least=-math.inf)
        if self.init == "lsuv" and self.weight_var is not None:
            raise ArgumentError(
                f'init="lsuv" scales every weight until its output has variance 1: weight_var={self.weight_var!r} '
                "would not last. Leave one of the two out."
            )
        if self.norm == "batch" and self.batch < 2:
            raise ArgumentError('norm="batch" needs batch ≥ 2: the variance of one sample is 0.')

    @property
    def function(self) -> Function:
        """The activation as a function."""
        return ACTIVATIONS[self.activation] if isinstance(self.activation, str) else self.activation

    @property
    def scale(self) -> float | None:
        """The residual scale α as a number; None without skips."""
        if isinstance(self.residual, str):
            return 1 / math.sqrt(self.depth)
        return None if self.residual is None else float(self.residual)

    def draw(self, rng: np.random.Generator) -> Array:
        """One layer's weight, float64 (width, width), (out, in)."""
        shape = (self.width, self.width)
        if self.weight_var is not None:
            std = math.sqrt(self.weight_var)
            if self.init == "orthogonal":
                return nn.orthogonal(shape, std, rng=rng)
            return rng.normal(0.0, std / math.sqrt(self.width), shape)
        init = INITS[self.init] if isinstance(self.init, str) else self.init
        try:
            drawn = init(shape, rng=rng)
        except TypeError as error:
            raise ArgumentError(f"init must be a function of shape and rng, init(shape, rng=rng): {error}") from error
        W = floats(drawn, "what init gives")
        if np.isnan(W).any():
            raise ArgumentError(f"init gave NaN in {np.isnan(W).sum()} of {W.size} weights.")
        if W.shape != shape:
            raise ArgumentError(f"init gave a weight of shape {W.shape}; the shape that it was asked for is {shape}.")
        return W

    def __str__(self) -> str:
        parts = [f"depth {self.depth}, width {self.width}, batch {self.batch}", title(self.activation)]
        if self.weight_var is None or self.init == "orthogonal":
            parts.append(f"init {title(self.init)}")
        if self.weight_var is not None:
            parts.append(f"σ_w² = {self.weight_var:g}")
        if self.bias_var:
            parts.append(f"σ_b² = {self.bias_var:g}")
        if self.residual is not None:
            parts.append(f"residual {self.residual if isinstance(self.residual, str) else format(self.residual, 'g')}")
        parts += [f"{self.norm} norm"] * bool(self.norm)
        parts += [f"clip {self.clip:g}"] if self.clip is not None else []
        parts += [f"loss {title(self.loss)}"] if self.loss != "mse" else []
        parts += [self.dtype] if self.dtype != "float64" else []
        return ", ".join([*parts, f"{len(self.seeds)} seed{'s' * (len(self.seeds) != 1)}"])


# -- checks --------------------------------------------------------------------------------------


def named_or_own(activation: Any) -> str | Function:
    """An activation as settings keep it: the name of the table, or the function that was given, tried out."""
    found = resolve(activation)
    return found.name if isinstance(activation, str) else found.function


def title(value: Any) -> str:
    """What a text calls a name or a function."""
    return value if isinstance(value, str) else getattr(value, "__name__", type(value).__name__)


def known(value: Any, name: str, names: Iterable[Any], or_else: str = "") -> Any:
    """The value, if it is among the names or, where ``or_else`` says what may come instead, a function."""
    names = list(names)
    if value is None and None in names:
        return value
    if isinstance(value, str) and value in names:
        return value
    if or_else and callable(value):
        return value
    near = difflib.get_close_matches(value, [each for each in names if each], 1) if isinstance(value, str) else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = f"one of {names}" + (f", or {or_else}" if or_else else "")
    shown = repr(value) if isinstance(value, str) or value is None else brief(value)
    raise ArgumentError(f"unknown {name}: {shown} (must be {listed}).{hint}")


def whole(value: Any, name: str, least: int) -> int:
    """The value as an int that is large enough."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ArgumentError(f"{name}={value!r} must be a whole number, at least {least}.")
    return int(value)


def number(value: Any, name: str, least: float = 0.0) -> float:
    """The value as a finite float that is large enough."""
    fits = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or value < least:
        wanted = "a finite number" + (", 0 or more" if least == 0 else "")
        raise ArgumentError(f"{name}={value!r} must be {wanted}.")
    return float(value)


def positive(value: Any, name: str) -> float:
    """The value as a finite float above 0."""
    if number(value, name) == 0:
        raise ArgumentError(f"{name}={value!r} must be more than 0.")
    return float(value)


def floats(values: Any, name: str) -> Array:
    """The values as an array of floats."""
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be numbers, in rows of one length, not {brief(values)}.") from None


def window(layers: Any) -> tuple[int, int]:
    """A first and a last layer."""
    try:
        first, last = layers
        return whole(first, "the first of layers", 0), whole(last, "the last of layers", 0)
    except (TypeError, ValueError):
        raise ArgumentError(f"layers={layers!r} must be the pair (first, last).") from None


def seeds_of(seeds: Any) -> tuple[int, ...]:
    """A count, or a list, of seeds as a tuple of different ints: a count n is 0 … n − 1."""
    if isinstance(seeds, int | np.integer) and not isinstance(seeds, bool):
        return tuple(range(whole(seeds, "seeds", 1)))
    try:
        listed = tuple(whole(seed, "a seed", 0) for seed in seeds)
    except TypeError:
        raise ArgumentError(f"seeds={seeds!r} must be how many, or a list of ints.") from None
    if not listed or len(set(listed)) != len(listed):
        raise ArgumentError(f"seeds={seeds!r} must hold at least one seed, and none of them twice.")
    return listed


def _dtype_name(dtype: Any) -> Any:
    try:
        return np.dtype(dtype).name if dtype is not None else dtype
    except TypeError:
        return dtype
