"""Random numbers come from a seed or a generator that the caller names, never from a hidden global one."""

from __future__ import annotations

import numpy as np

from graphviz_ad.core.where import here
from graphviz_ad.errors import ArgumentError


def generator(seed: int | None, rng: np.random.Generator | None) -> np.random.Generator:
    """The generator to draw from: ``rng`` itself, or a fresh one from ``seed``.

    Parameters
    ----------
    seed : int, optional
    rng : np.random.Generator, optional
        It moves on with every draw.

    Raises
    ------
    ArgumentError
        Neither or both are given.

    Examples
    --------
    >>> generator(0, None).integers(10) == generator(0, None).integers(10)
    np.True_
    """
    if (seed is None) == (rng is None):
        raise ArgumentError(
            f"{'neither seed nor rng was' if seed is None else 'both seed and rng were'} given{here()}; random numbers "
            "need one of them, so that they can be drawn again: seed=0, or rng=np.random.default_rng(0)."
        )
    return np.random.default_rng(seed) if rng is None else rng
