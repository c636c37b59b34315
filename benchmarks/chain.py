"""A chain of operations on one number: nothing but the price of an operation."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import graphviz_ad as gad
from benchmarks.agreement import Pair, agree
from benchmarks.measure import Function

# x ↦ 2 sin x + b with its fixed point 2π/3, where the slope is -1: neither the values nor the product of the slopes run
# away or vanish, however long the chain.
A, B, START = 2.0, 2 * math.pi / 3 - math.sqrt(3), 2.0


def chain(x: Any, length: int, sin: Callable[[Any], Any] = np.sin) -> Any:
    """`length` operations: sin, times A, plus B, sin, … and sin for what is left of a division by three."""
    for _ in range(length // 3):
        x = sin(x)
        x = x * A
        x = x + B
    for _ in range(length % 3):
        x = sin(x)
    return x


def by_hand(length: int) -> tuple[float, float]:
    """The chain's value and slope."""
    x, slope = START, 1.0
    for _ in range(length // 3):
        slope *= A * math.cos(x)
        x = math.sin(x) * A + B
    for _ in range(length % 3):
        slope *= math.cos(x)
        x = math.sin(x)
    return x, slope


def ours(length: int) -> Function:
    """Our value and gradient."""
    return partial(gad.value_and_grad(chain), START, length)


def autograd(length: int) -> Function:
    """HIPS autograd's."""
    import autograd
    import autograd.numpy as anp

    return partial(autograd.value_and_grad(chain), START, length, anp.sin)


def torch(length: int) -> Function:
    """Eager PyTorch's."""
    import torch

    torch.set_num_threads(1)

    def both() -> Any:
        x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
        out = chain(x, length, torch.sin)
        return out, *torch.autograd.grad(out, x)

    return both


def micrograd(length: int) -> Function:
    """micrograd's, whose Value has no sin: given one here in micrograd's own style."""
    from micrograd.engine import Value

    def sin(value: Any) -> Any:
        out = Value(math.sin(value.data), (value,), "sin")

        def backward() -> None:
            value.grad += math.cos(value.data) * out.grad

        out._backward = backward  # noqa: SLF001  (how micrograd defines an operation)
        return out

    def both() -> Any:
        x = Value(START)
        out = chain(x, length, sin)
        out.backward()
        return out.data, x.grad

    return both


def pair(theirs: Callable[[int], Function], length: int, their_length: int | None = None) -> Pair:
    """Our chain and another, each equal to the one by hand; of another length where two lengths are compared."""
    lengths = length, their_length or length
    functions = ours(lengths[0]), theirs(lengths[1])
    for function, count in zip(functions, lengths, strict=True):
        agree(function(), by_hand(count))
    return functions


def traced_pair(length: int) -> Pair:
    """`gad.trace`, with names and sources but without the sweep, and autograd's value and gradient."""
    trace, theirs = partial(gad.trace, chain, START, length), autograd(length)
    graph = trace()
    agree((graph.outputs[0].value, graph["x"].adjoint), theirs())
    return trace, theirs
