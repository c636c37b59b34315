"""One root of one real function, by halving the bracket and stepping along exponentials (Ridders 1979)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable


def root(f: Callable[[float], float], a: float, b: float, tolerance: float = 1e-15) -> float:
    """Where f changes its sign between a and b.

    Parameters
    ----------
    f : callable
        Continuous, with different signs at a and b.
    a, b : float
    tolerance : float
        The bracket's width at which to stop, relative to where it is.

    Returns
    -------
    float

    Examples
    --------
    >>> round(root(lambda x: x * x - 2, 0.0, 2.0), 12)
    1.414213562373
    """
    low, high = f(a), f(b)
    if low == 0 or high == 0:
        return a if low == 0 else b
    if (low < 0) == (high < 0):
        raise ValueError(f"f({a!r}) = {low!r} and f({b!r}) = {high!r} do not enclose a root")
    for _ in range(100):
        middle = 0.5 * (a + b)
        if abs(b - a) <= tolerance * max(abs(middle), 1e-300) or middle in {a, b}:
            return middle
        value = f(middle)
        if value == 0:
            return middle
        size = max(abs(low), abs(high), abs(value))  # so that no product over- or underflows
        bend = math.sqrt((value / size) ** 2 - (low / size) * (high / size))
        x = middle + (middle - a) * math.copysign(1.0, low - high) * (value / size) / bend
        x = x if min(a, b) < x < max(a, b) else middle  # rounding
        y = f(x)
        if y == 0:
            return x
        points = sorted([(a, low), (b, high), (middle, value), (x, y)])
        # the narrowest neighbours of different sign
        (a, low), (b, high) = min(
            (pair for pair in itertools.pairwise(points) if (pair[0][1] < 0) != (pair[1][1] < 0)),
            key=lambda pair: pair[1][0] - pair[0][0],
        )
    return 0.5 * (a + b)
