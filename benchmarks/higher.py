"""Nested derivatives, whole Jacobians and Hessians, and a gradient that is nothing but overhead."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import graphviz_ad as gad
from benchmarks.agreement import Pair, checked
from benchmarks.measure import Function


def tanh(x: Any, lib: Any = np) -> Any:
    """A function with derivatives of every order."""
    return lib.tanh(x)


def rosenbrock(x: Any, lib: Any = np) -> Any:
    """The banana valley in many dimensions."""
    return lib.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def two_layers(x: Any, W1: Any, W2: Any, lib: Any = np) -> Any:
    """tanh(W2 tanh(W1 x))."""
    return lib.tanh(W2 @ lib.tanh(W1 @ x))


def weighted(x: Any, weights: Any, lib: Any = np) -> Any:
    """A sum of products."""
    return lib.sum(x * weights)


def numbers(*shape: int) -> Any:
    """Some numbers of a moderate size, the same every time."""
    return np.random.default_rng(1).normal(size=shape) / math.sqrt(shape[-1])


def nested(grad: Callable[..., Any], f: Callable[..., Any], order: int, at: float) -> Function:
    """The derivative of an order, by differentiating so many times."""
    for _ in range(order):
        f = grad(f)
    return partial(f, at)


def sixth_pair() -> Pair:
    """The sixth derivative of tanh."""
    import autograd
    import autograd.numpy as anp

    return checked(nested(gad.grad, tanh, 6, 0.5), nested(autograd.grad, partial(tanh, lib=anp), 6, 0.5))


def pair(transform: str, f: Callable[..., Any], *args: Any) -> Pair:
    """One transform of one function, by us and by autograd."""
    import autograd
    import autograd.numpy as anp

    ours, theirs = getattr(gad, transform), getattr(autograd, transform)
    return checked(partial(ours(f), *args), partial(theirs(partial(f, lib=anp)), *args))
