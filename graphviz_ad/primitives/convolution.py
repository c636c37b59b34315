"""Convolution and correlation of two sequences: np.convolve and np.correlate in every mode.

Both are a part of the full convolution. A rule convolves the part's adjoint with the other sequence
turned round, and takes what belongs to the part; over many adjoints at once it slides.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from graphviz_ad.core.primitive import general, handles
from graphviz_ad.core.traced import apply, operand, shape_of
from graphviz_ad.primitives.indexing import leading

_MODES = {0: "valid", 1: "same", 2: "full"}


def _part(a: int, v: int, mode: str, *, correlated: bool) -> tuple[int, int]:
    """Where the result begins in the full convolution of these lengths, and its length."""
    short, long = min(a, v), max(a, v)
    if mode == "full":
        return 0, a + v - 1
    if mode == "valid":
        return short - 1, long - short + 1
    # of an even number of places beyond one end more are on the left; correlate turns round when it swaps its operands
    return (short // 2 if correlated and v > a else (short - 1) // 2), long


def _slid(x: Any, kernel: Any) -> Any:
    """The kernel laid on every place of ``x`` where it fits, products summed; not turned round."""
    return sliding_window_view(x, shape_of(kernel)[0], axis=-1) @ kernel


def _padded(x: Any, before: int, behind: int) -> Any:
    return np.pad(x, ((0, 0),) * (len(shape_of(x)) - 1) + ((before, behind),)) if before or behind else x


def _pulled(correlated: bool, argnum: int, adjoint: Any, out: Any, a: Any, v: Any, mode: str) -> Any:
    lengths = shape_of(a)[0], shape_of(v)[0]
    start, length = _part(*lengths, mode, correlated=correlated)
    # correlate(a, v) is convolve(a, v turned round)
    turned = v if argnum == 0 and correlated else np.flip(a if argnum else v)
    if leading(adjoint, 1):
        full = _padded(adjoint, start, sum(lengths) - 1 - start - length)
        found = _slid(full, np.flip(turned))
    else:
        first = lengths[1 - argnum] - 1 - start
        found = np.convolve(adjoint, turned)[first : first + lengths[argnum]]
    return np.flip(found, -1) if correlated and argnum else found


def _pushed(correlated: bool, argnum: int, tangent: Any, out: Any, a: Any, v: Any, mode: str) -> Any:
    lengths = shape_of(a)[0], shape_of(v)[0]
    if not leading(tangent, 1):
        function: Any = np.correlate if correlated else np.convolve
        return function(tangent, v, mode) if argnum == 0 else function(a, tangent, mode)
    start, length = _part(*lengths, mode, correlated=correlated)
    other = a if argnum else (np.flip(v) if correlated else v)
    moved = np.flip(tangent, -1) if correlated and argnum else tangent
    border = shape_of(other)[0] - 1
    return _slid(_padded(moved, border, border), np.flip(other))[..., start : start + length]


def _sequences(function: Any, usual: str) -> None:
    correlated = function is np.correlate

    def sample(rng: np.random.Generator) -> list[Any]:
        lengths = [(5, 3), (2, 5), (4, 4), (3, 1)]
        return [
            ((rng.normal(size=n), rng.normal(size=m)), {"mode": mode}) for n, m in lengths for mode in _MODES.values()
        ]

    primitive = general(
        function.__name__,
        function,
        vjps=[functools.partial(_pulled, correlated, argnum) for argnum in (0, 1)],
        jvps=[functools.partial(_pushed, correlated, argnum) for argnum in (0, 1)],
        batched=True,
        sample=sample,
    )

    def handler(a: Any, v: Any, mode: Any = usual) -> Any:
        mode = _MODES.get(mode, mode)
        left, right = operand(a), operand(v)
        if not correlated:
            left, right = np.atleast_1d(left), np.atleast_1d(right)
        return apply(primitive, (left, right), {"mode": mode})

    handler.__name__ = function.__name__
    handles(function)(handler)


_sequences(np.convolve, "full")
_sequences(np.correlate, "valid")
