"""Gradient flow: by us, by hand and by autograd; many seeds, many processes, and the price of being watched."""

from __future__ import annotations

import concurrent.futures as cf
import math
import multiprocessing
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import graphviz_ad as gad
from benchmarks import network
from benchmarks.agreement import Pair, agree, checked

Table = list[list[Any]]
"""The columns of `measure` from ``delta_norm`` on; one number for each layer, from the input on.

What is saturated and what is dead are added up: no unit is dead here, and a column of zeros would prove nothing.
"""

FLAT = math.atanh(math.sqrt(1 - 0.05))
"""Beyond it tanh has at most 5% of its slope: what counts as saturated."""


def columns(flow: Any) -> Table:
    """Our table without the numbers of seeds and layers."""
    *sizes, saturated, dead, ratio = list(flow.columns.values())[2:]
    return [*sizes, saturated + dead, ratio]


def ours(depth: int, width: int, batch: int, seeds: Any = 1) -> Any:
    """A tanh net, measured."""
    return gad.gradflow.measure(depth=depth, width=width, batch=batch, weight_var=1.0, seeds=seeds)


def drawn(width: int, batch: int) -> tuple[Any, Callable[[], Any], Any]:
    """Inputs, what draws the next weight, and the adjoint of the outputs, of seed 0."""
    inputs, weights, _, targets = (np.random.default_rng([0, stream]) for stream in range(4))
    std = 1 / math.sqrt(width)
    x = inputs.standard_normal((batch, width))
    return x, lambda: weights.normal(0.0, std, (width, width)), targets.standard_normal(x.shape) * (2 / x.size)


def row(delta: Any, gradient: Any, h: Any, activation: Any, W: Any) -> list[Any]:
    """What `measure` tables of one layer, as one writes it."""
    flat = np.abs(h) >= FLAT
    slope = np.linalg.norm(gradient)
    return [
        np.linalg.norm(delta), np.mean(delta**2), slope, np.linalg.norm(activation), np.mean(activation**2),
        flat.mean() + flat.all(axis=0).mean(), 0.1 * slope / np.linalg.norm(W),
    ]  # fmt: skip


def by_hand(depth: int, width: int, batch: int) -> Table:
    """Forward and backward pass written out, with the same numbers taken on the way."""
    x, draw, delta = drawn(width, batch)
    weights, hs, activations = [], [], [x]
    for _ in range(depth):
        weights.append(draw())
        hs.append(activations[-1] @ weights[-1].T)
        activations.append(np.tanh(hs[-1]))
    rows = []
    for layer in reversed(range(depth)):
        gradient = delta.T @ activations[layer]
        rows.append(row(delta, gradient, hs[layer], activations[layer + 1], weights[layer]))
        if layer:
            delta = (delta @ weights[layer]) * (1 - activations[layer] ** 2)
    return [list(column) for column in zip(*reversed(rows), strict=True)]


def by_autograd(depth: int, width: int, batch: int) -> Table:
    """Gradients of the weights by HIPS autograd, and of zeros that are added to each pre-activation: these are δ."""
    import autograd
    import autograd.numpy as anp
    from autograd.tracer import getval

    x, draw, seed = drawn(width, batch)
    weights = [draw() for _ in range(depth)]
    zeros = [np.zeros((batch, width)) for _ in range(depth)]
    hs: list[Any] = []

    def loss(weights: Any, zeros: Any) -> Any:
        activation = x
        for W, zero in zip(weights, zeros, strict=True):
            h = anp.dot(activation, W.T) + zero
            hs.append(getval(h))
            activation = anp.tanh(h)
        return anp.sum(h * seed)

    gradients, deltas = autograd.grad(loss, (0, 1))(weights, zeros)
    found = zip(deltas, gradients, hs, weights, strict=True)
    rows = [row(delta, gradient, h, np.tanh(h), W) for delta, gradient, h, W in found]
    return [list(column) for column in zip(*rows, strict=True)]


SIZE = (100, 128, 128)
"""Depth, width and batch."""


def pair(theirs: Callable[[int, int, int], Table], *size: int) -> Pair:
    """We and another, column by column."""
    size = size or SIZE
    return checked(lambda: columns(ours(*size)), lambda: [np.asarray(column) for column in theirs(*size)])


def growth_pair(deep: int, shallow: int, width: int = 128, batch: int = 128) -> Pair:
    """A deep net and a shallow one; forwards the shallow one is the beginning of the deep one."""
    long, short = (partial(ours, depth, width, batch) for depth in (deep, shallow))
    agree(long()["activation_norm"][:shallow], short()["activation_norm"])
    return long, short


def seeds_pair(depth: int = 50, width: int = 16, batch: int = 128) -> Pair:
    """Ten seeds at once, and one after the other."""

    def loop() -> Any:
        flows = [columns(ours(depth, width, batch, [seed])) for seed in range(10)]
        return [np.concatenate(column) for column in zip(*flows, strict=True)]

    return checked(lambda: columns(ours(depth, width, batch, 10)), loop)


def processes_pair(depth: int = 50, width: int = 256, batch: int = 128) -> Pair:
    """A sweep on two processes, which are there already, and in this one alone."""
    pool = cf.ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
    variances = [0.5, 1.0, 1.5, 2.0]

    def two() -> Any:
        found = gad.gradflow.sweep(
            {"weight_var": variances}, pool, depth=depth, width=width, batch=batch, seeds=2, progress=False
        )
        return [columns(flow) for flow in found]

    def one() -> Any:
        measure = partial(gad.gradflow.measure, depth=depth, width=width, batch=batch, seeds=2)
        return [columns(measure(weight_var=variance)) for variance in variances]

    return checked(two, one)


def quick_pair(depth: int = 50, width: int = 64) -> Pair:
    """Seconds of a measurement as the sliders ask for it, and a millisecond."""

    def cost() -> float:
        start = time.process_time()
        flow = ours(depth, width, 128)
        spent = time.process_time() - start
        assert len(flow) == depth
        return spent

    return cost, lambda: 1e-3


def watched_pair(steps: int = 50) -> Pair:
    """Steps of the MLP with our gradients and gradient descent, watched every tenth, and bare."""
    params, x, targets = network.MLP.data()
    both = gad.value_and_grad(lambda params, x, targets: network.MLP.loss(network.forward(params, x), targets))

    def step(params: Any) -> Any:
        loss, grads = both(params, x, targets)
        return loss, grads, [p - 0.1 * grad for p, grad in zip(params, grads, strict=True)]

    def bare() -> Any:
        now = params
        for _ in range(steps):
            _, _, now = step(now)
        return now

    def watched() -> Any:
        return gad.gradflow.watch(step, params, every=10, steps=steps, progress=False).params

    return checked(watched, bare)
