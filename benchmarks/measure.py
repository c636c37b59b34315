"""How two functions are compared: warm, interleaved samples of processor time or memory, taken in turns."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

FEWEST, MOST = 9, 61
"""Pairs of samples: never fewer, and no more even where time is left."""

SAMPLE = 0.01
"""Seconds that a sample of processor time takes at least; a fast function is called many times for it."""

Function = Callable[[], Any]
Sampler = Callable[[], float]
Gauge = Callable[[Function], Sampler]
"""Makes of a function the sampler that runs it and says what that took."""


def seconds(function: Function, clock: Callable[[], float] | None = None) -> Sampler:
    """Processor seconds of one call; the collector stays on, but starts each sample with nothing left to collect."""
    now = clock or time.process_time

    def spent(calls: int) -> float:
        gc.collect()
        start = now()
        for _ in range(calls):
            function()
        return now() - start

    calls = 1
    while spent(calls) < SAMPLE:  # which also warms caches, lazy imports and the processor's clock
        calls *= 2
    return lambda: spent(calls) / calls


def wall_seconds(function: Function) -> Sampler:
    """Seconds of one call by the clock on the wall, where another process does a part of the work."""
    return seconds(function, time.perf_counter)


def length_bytes(function: Callable[[], str]) -> Sampler:
    """How long the text is that a function returns, as a file has it."""
    return lambda: float(len(function().encode("utf-8")))


def peak_bytes(function: Function) -> Sampler:
    """The most memory that a call holds at once, on top of what was there before."""
    function()

    def peak() -> float:
        gc.collect()
        tracemalloc.start()
        try:
            function()
            return float(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()

    return peak


def told(function: Function) -> Sampler:
    """What the function itself returns, where it measures; called once to warm up."""
    function()
    return function


def interleave(ours: Sampler, theirs: Sampler, pairs: int | None = None, budget: float = 4.0) -> list[list[float]]:
    """Samples in turns (ours, theirs, ours, …), so that a slow minute of the machine strikes both.

    Parameters
    ----------
    ours, theirs : callable
        Samplers, warm.
    pairs : int, optional
        How many; by default as many as fit into `budget` seconds, but `FEWEST` at least and `MOST` at most.
    budget : float
    """
    fewest, most = (FEWEST, MOST) if pairs is None else (pairs, pairs)
    samples: list[list[float]] = []
    start = time.monotonic()
    while len(samples) < fewest or (len(samples) < most and time.monotonic() - start < budget):
        samples.append([ours(), theirs()])
    return samples
