"""Small sick functions, each with its finding and the line of it, and a healthy twin that has none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import graphviz_ad as gad

RNG = np.random.default_rng(5)
X = RNG.normal(size=(16, 4))
W = RNG.normal(size=(4, 6)) / 2
V = RNG.normal(size=6)
E = RNG.normal(size=(3, 2))
WIDE = RNG.normal(size=(16, 24))
SMALL = RNG.normal(size=(5, 3))


class Sick(NamedTuple):
    """A function, its arguments, what the doctor must say of it, and its healthy twin."""

    f: Callable[..., Any]
    well: Callable[..., Any]
    args: tuple[Any, ...]
    kind: str
    lost: tuple[str, ...]
    says: str
    """What must stand in the report."""
    well_args: tuple[Any, ...] | None = None


# In each function the sick line ends with a comment of three exclamation marks.


def premature_detach(encoder: Any, decoder: Any) -> Any:  # items 91, E23
    code = gad.detach(np.tanh(SMALL @ encoder))  # !!!
    return np.mean((code @ decoder - SMALL) ** 2)


def no_detach(encoder: Any, decoder: Any) -> Any:
    code = np.tanh(SMALL @ encoder)
    return np.mean((code @ decoder - SMALL) ** 2)


def detach_and_zero(encoder: Any, decoder: Any) -> Any:
    code = gad.detach(np.tanh(SMALL @ encoder))
    out = np.mean((code @ decoder - SMALL) ** 2)
    return out + 0.0 * np.sum(encoder)  # !!!


def item(w: Any, v: Any) -> Any:  # item 90
    u = w * 2.0
    scale = u.item()  # !!!
    return scale * v


def no_item(w: Any, v: Any) -> Any:
    u = w * 2.0
    return u * v


def to_float(w: Any, v: Any) -> Any:
    u = w * 2.0
    return float(u) * v  # !!!


def python_math(w: Any, v: Any) -> Any:
    return math.sin(w) * v  # !!!


def numpy_sin(w: Any, v: Any) -> Any:
    return np.sin(w) * v


def array_copy(w: Any, v: Any) -> Any:
    parts = np.array([w * v, w + v])  # !!!
    return np.sum(parts**2)


def stacked(w: Any, v: Any) -> Any:
    parts = np.stack([w * v, w + v])
    return np.sum(parts**2)


def listed(w: Any) -> Any:
    terms = (w * 2.0).tolist()  # !!!
    return np.sum(np.array(terms) ** 2)


def not_listed(w: Any) -> Any:
    terms = w * 2.0
    return np.sum(terms**2)


def hard_choice(scores: Any) -> Any:  # item 92
    chosen = np.argmax(scores)  # !!!
    return np.sum(np.arange(6.0) * (np.arange(6) == chosen))


def soft_choice(scores: Any) -> Any:
    return np.sum(np.arange(6.0) * gad.nn.softmax(scores))


def counted(w: Any) -> Any:
    right = np.tanh(w) > 0.5  # !!!
    return np.mean(np.where(right, 1.0, 0.0))


def smooth_count(w: Any) -> Any:
    return np.mean(gad.nn.sigmoid((np.tanh(w) - 0.5) / 0.5))


def whole(w: Any) -> Any:
    steps = (3.0 * w).astype(int)  # !!!
    return np.sum(steps * 0.5)


def not_whole(w: Any) -> Any:
    steps = 3.0 * w
    return np.sum(steps * 0.5)


def rounded(w: Any) -> Any:
    return np.sum(np.round(w))  # !!!


def straight_through(w: Any) -> Any:
    return np.sum(w + gad.detach(np.round(w) - w))


def never_used(w: Any, v: Any) -> Any:
    return np.sum(w**2)


def both_used(w: Any, v: Any) -> Any:
    return np.sum(w**2) + np.sum(v**2)


def left_lying(w: Any, v: Any) -> Any:
    h = np.tanh(X @ w)
    g = np.sin(v)  # !!!  # noqa: F841  (that is the mistake)
    return np.mean(h**2)


def picked_up(w: Any, v: Any) -> Any:
    h = np.tanh(X @ w)
    g = np.sin(v)
    return np.mean((h @ g) ** 2)


def overflowing(z: Any) -> Any:  # E15
    p = np.exp(z) / np.sum(np.exp(z))  # !!!
    return -np.log(p[0])


def shifted(z: Any) -> Any:
    return -gad.nn.log_softmax(z)[0]


def log_of_zero(p: Any) -> Any:
    return -np.sum(np.log(p))  # !!!


def log_of_more(p: Any) -> Any:
    return -np.sum(np.log(np.maximum(p, 1e-12)))


def division(a: Any) -> Any:  # E16
    return np.sum(a / np.abs(a))  # !!!


def safe_division(a: Any) -> Any:
    return np.sum(a / (np.abs(a) + 1e-12))


def mask_after(x: Any) -> Any:
    root = np.sqrt(x)  # !!!
    return np.sum(np.where(x > 0, root, 0.0))


def mask_before(x: Any) -> Any:
    root = np.sqrt(np.where(x > 0, x, 1.0))
    return np.sum(np.where(x > 0, root, 0.0))


def bad_data(w: Any, x: Any) -> Any:
    return np.sum(w * x)


def relu_net(w: Any, b: Any) -> Any:
    h = np.maximum(0, X @ w + b)  # !!!
    return np.mean((h - 1.0) ** 2)


def half_dead(w: Any, b: Any) -> Any:
    h = gad.nn.relu(X @ w + b)  # !!!
    return np.mean((h @ V) ** 2)


def saturated(w: Any) -> Any:  # M12
    h = np.tanh(X @ w)  # !!!
    return np.mean((h @ V) ** 2)


def by_hand(w: Any) -> Any:
    h = 1 / (1 + np.exp(-(X @ w)))  # !!!
    return np.mean((h @ V) ** 2)


def zero_weights(w: Any, v: Any) -> Any:
    h = np.tanh(X @ w)
    return np.mean((h @ v - 1.0) ** 2)  # !!!


def at_the_bottom(w: Any) -> Any:
    return (w - 3.0) ** 2  # !!!


def several(w: Any) -> Any:
    return w * 2.0, w * 3.0


def one(w: Any) -> Any:
    return np.sum(w * 2.0 + w * 3.0)


def vector(w: Any) -> Any:
    return w * 2.0  # !!!


def count(w: Any) -> Any:
    return np.argmax(w)  # !!!


def assigned(w: Any) -> Any:
    y = w * 2.0
    y[0] = 0.0  # !!!
    return np.sum(y)


def replaced(w: Any) -> Any:
    y = w * 2.0
    return np.sum(np.where(np.arange(6) == 0, 0.0, y))


def crashing(w: Any) -> Any:
    h = X @ w
    return np.sum(h + np.ones(7))  # !!!


def not_crashing(w: Any) -> Any:
    h = X @ w
    return np.sum(h + np.ones(6))


def returns_nothing(w: Any) -> Any:
    np.sum(w**2)


def returns(w: Any) -> Any:
    return np.sum(w**2)


def without_rule(w: Any) -> Any:
    return np.sum(np.add.reduceat(w, [0, 2]))  # !!!


def product(w: Any, v: Any) -> Any:
    return np.sum(w @ v)


def deep(weights: Any) -> Any:
    h = WIDE
    for each in weights:
        h = np.tanh(h @ each)  # !!!
    return np.mean(h**2)


def deep_linear(weights: Any) -> Any:
    h = WIDE
    for each in weights:
        h = h @ each  # !!!
    return np.mean(h**2)


def _draw(count: int, deviation: float) -> list[Any]:
    return [RNG.normal(size=(24, 24)) * deviation for _ in range(count)]


GLOROT = [gad.nn.glorot_normal((24, 24), rng=RNG) for _ in range(12)]
ZEROS = np.zeros(6)
SICK = (
    Sick(premature_detach, no_detach, (E, E.T.copy()), "detach", ("encoder",), "No error is raised"),
    Sick(detach_and_zero, no_detach, (E, E.T.copy()), "zero", ("encoder",), "gad.detach cuts it"),
    Sick(item, no_item, (np.float64(1.5), np.float64(2.0)), "exit", ("w",), "Leave it out"),
    Sick(to_float, no_item, (1.5, 2.0), "exit", ("w",), "leave float() out"),
    Sick(python_math, numpy_sin, (1.5, 2.0), "exit", ("w",), "Write np.sin"),
    Sick(array_copy, stacked, (1.5, 2.0), "exit", ("w", "v"), "np.stack"),
    Sick(listed, not_listed, (V,), "exit", ("w",), "Index or iterate"),
    Sick(hard_choice, soft_choice, (V,), "position", ("scores",), "gad.nn.softmax(scores)"),
    Sick(counted, smooth_count, (V,), "comparison", ("w",), "True or False"),
    Sick(whole, not_whole, (V,), "cast", ("w",), "whole numbers"),
    Sick(rounded, straight_through, (V,), "step", ("w",), "constant between its jumps"),
    Sick(never_used, both_used, (V, V + 1), "unused", ("v",), "Nothing is computed from it"),
    Sick(left_lying, picked_up, (W, V), "loose", ("v",), "nothing uses g"),
    Sick(overflowing, shifted, (np.array([1000.0, 999.0]),), "inf", (), "z[0] = 1000"),
    Sick(log_of_zero, log_of_more, (np.array([0.5, 0.0]),), "inf", (), "p[1] = 0", (np.array([0.5, 0.1]),)),
    Sick(division, safe_division, (np.array([2.0, 0.0]),), "nan", (), "a[1] = 0"),
    Sick(mask_after, mask_before, (np.array([0.0, 4.0]),), "nan gradient", ("x",), "0 × ∞ is no 0"),
    Sick(bad_data, bad_data, (V, np.array([1, 2, np.nan, 4, 5, 6])), "nan", (), "1 of 6 places", (V, V + 1)),
    Sick(relu_net, relu_net, (W, ZEROS - 30), "zero", ("w", "b"), "The units are off here", (W, ZEROS)),
    Sick(half_dead, half_dead, (W, np.array([-30.0] * 3 + [0.0] * 3)), "dead", (), "3 of 6 units", (W, ZEROS)),
    Sick(saturated, saturated, (W * 50,), "saturated", (), "tanh is saturated", (W,)),
    Sick(by_hand, by_hand, (W * 50,), "saturated", (), "sigmoid is saturated", (W,)),
    Sick(zero_weights, zero_weights, (W, ZEROS), "zero", ("w",), "multiplies h by v, which is 0", (W, V)),
    Sick(at_the_bottom, at_the_bottom, (3.0,), "zero", ("w",), "flat", (2.5,)),
    Sick(several, one, (2.0,), "loss", (), "returns 2 values"),
    Sick(vector, one, (V,), "loss", (), "shape (6,)"),
    Sick(count, one, (V,), "loss", (), "of dtype int64"),
    Sick(assigned, replaced, (V,), "in place", (), "np.where"),
    Sick(crashing, not_crashing, (W,), "exception", (), "ended with ValueError"),
    Sick(returns_nothing, returns, (V,), "result", (), "returned None"),
    Sick(without_rule, returns, (V,), "no rule", (), "np.add.reduceat"),
    Sick(bad_data, bad_data, (3, 4), "input", (), "Write 2.0 instead of 2", (3.0, 4.0)),
    Sick(
        product, product, (W[:, :4], W[:, 1:5].T), "shared memory", ("w", "v"), "the same memory", (W[:, :4].copy(), W)
    ),
    Sick(product, product, (E @ E.T,) * 2, "shared memory", ("w", "v"), "the same array", (E, E.T.copy())),
    Sick(deep, deep, (_draw(12, 0.07),), "vanishing", (), "mean-field theory of tanh", (GLOROT,)),
    Sick(deep_linear, deep_linear, (_draw(12, 0.6),), "exploding", (), "Gradients explode", (GLOROT,)),
)
"""All of them; item numbers, E and M are those of the course's list of mistakes."""
