"""Which parameters of a network make one layer, told from where they stand and how many axes they have."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from graphviz_ad.core.pytree import Path


def layers_of(dims: dict[Path, int]) -> list[int]:
    """To which layer each parameter belongs, from 1 on, by their places and numbers of axes.

    A layer has one array of two or more axes. What is in one container belongs together, or what has one number at
    the end of its name; else an array of two axes begins a layer.

    Examples
    --------
    >>> layers_of({("['W1']",): 2, ("['W2']",): 2, ("['b1']",): 1, ("['b2']",): 1})
    [1, 2, 1, 2]
    >>> layers_of({("[0]",): 2, ("[1]",): 1, ("[2]",): 2, ("[3]",): 1})
    [1, 1, 2, 2]
    """
    by_container = [path[:-1] for path in dims]
    digits = ["".join(filter(str.isdigit, path[-1])) if path else "" for path in dims]
    started = np.cumsum([axes > 1 for axes in dims.values()])
    matrices = [axes > 1 for axes in dims.values()]
    for keys in (by_container, digits):
        held = Counter(key for key, matrix in zip(keys, matrices, strict=True) if matrix)
        if set(held) == set(keys) and set(held.values()) == {1}:
            return _numbered(keys)
    return np.maximum(started, 1).tolist() if any(matrices) else list(range(1, len(matrices) + 1))


def _numbered(keys: list[Any]) -> list[int]:
    places = {key: number for number, key in enumerate(dict.fromkeys(keys), 1)}
    return [places[key] for key in keys]
