"""Arrays for people who look closer: their entries, statistics and a histogram, as strict JSON and raw bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.story.numbers import brief, shape_text, short, strict

MOST_ENTRIES = 1024
"""Arrays up to this size travel as JSON, larger ones as bytes."""
BINS = 20


def entries(value: Any) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    """All entries in C order: as a list up to `MOST_ENTRIES`, else as little-endian float64 in one buffer.

    ``dtype`` is the array's own; "sent" says what the numbers became on the way.

    Examples
    --------
    >>> entries(np.array([[1.0, np.inf]]))
    ({'shape': [1, 2], 'dtype': 'float64', 'sent': 'float64', 'entries': [1.0, 'inf']}, ())
    >>> data, (buffer,) = entries(np.arange(2000, dtype=np.int32))
    >>> data, len(buffer)
    ({'shape': [2000], 'dtype': 'int32', 'sent': 'float64', 'entries': None}, 16000)
    """
    array = np.asarray(value)
    data = {"shape": list(array.shape), "dtype": array.dtype.name, "sent": array.dtype.name, "entries": None}
    if array.dtype.kind == "c" and array.size > MOST_ENTRIES:
        array = np.abs(array)  # the picture of them is one of their magnitudes
    if array.size <= MOST_ENTRIES:
        if array.dtype.kind == "c":  # drawn by their magnitudes, told in both parts
            data["texts"] = [repr(one) for one in array.ravel().tolist()]
            array = np.abs(array)
        data["entries"] = [strict(one) for one in array.ravel().tolist()]
        return data, ()
    data["sent"] = "float64"
    return data, (array.astype("<f8").tobytes(),)


def statistics(value: Any, digits: int = 4) -> dict[str, Any]:
    """What an array is like as a whole: strict JSON, numbers as texts for people.

    Of complex numbers it is told of their magnitudes. NaN and infinite entries are counted and take no further part.
    ``histogram`` has one more text in ``edges`` than numbers in ``counts``; where every bar is one number (bools,
    constant arrays) ``edges`` are these numbers.

    Examples
    --------
    >>> found = statistics(np.array([1.0, 2.0, np.nan, 4.0]))
    >>> [found[key] for key in ("size", "min", "mean", "max", "nan", "inf", "zeros")]
    [4, '1', '2.333', '4', 1, 0, 0]
    >>> statistics(np.array([True, False, True]))["histogram"]
    {'edges': ['False', 'True'], 'counts': [1, 2]}
    """
    array = np.asarray(value)
    magnitude = array.dtype.kind == "c"
    numbers = (np.abs(array) if magnitude else array.astype(float)).ravel().astype(float)
    finite = numbers[np.isfinite(numbers)]
    found: dict[str, Any] = {
        "shape": shape_text(array.shape),
        "dtype": array.dtype.name,
        "size": int(array.size),
        "nan": int(np.isnan(numbers).sum()),
        "inf": int(np.isinf(numbers).sum()),
        "zeros": int((numbers == 0).sum()),
        "min": None,
        "mean": None,
        "max": None,
        "std": None,
        "histogram": None,
    }
    if finite.size:
        # scaled by a power of two, which changes no digit: no sum, no square and no range overflows
        power = int(np.frexp(np.abs(finite).max())[1])
        scaled = np.ldexp(finite, -power)

        def text(number: Any) -> str:
            with np.errstate(all="ignore"):
                return short(np.ldexp(number, power), digits)

        found |= {"min": short(finite.min(), digits), "max": short(finite.max(), digits)}
        found |= {"mean": text(scaled.mean()), "std": text(scaled.std())}
        found["histogram"] = _bars(array, digits) if array.dtype.kind == "b" else _histogram(scaled, text)
    return found


def largest(value: Any) -> float:
    """The largest finite number of an array, without its sign; 0 where there is none."""
    numbers = np.abs(np.asarray(value))
    finite = numbers[np.isfinite(numbers)]
    return float(finite.max()) if finite.size else 0.0


def _bars(array: np.ndarray[Any, Any], digits: int) -> dict[str, Any]:
    true = int(array.sum())
    return {"edges": [brief(False, digits), brief(True, digits)], "counts": [array.size - true, true]}


def _histogram(numbers: np.ndarray[Any, Any], text: Callable[[Any], str]) -> dict[str, Any]:
    bins = min(BINS, max(5, round(numbers.size**0.5)))
    edges = np.linspace(numbers.min(), numbers.max(), bins + 1)
    if not np.all(np.diff(edges) > 0):  # one number, but for its last bits
        return {"edges": [text(numbers.min())], "counts": [int(numbers.size)]}
    counts, _ = np.histogram(numbers, edges)
    return {"edges": list(map(text, edges)), "counts": counts.tolist()}


def means(value: Any, most: int = 32) -> dict[str, Any]:
    """A large array as a table of at most ``most`` rows and columns, each cell the mean of a block.

    Of more than two axes all but the last are rows, as in the picture. Non-finite means are texts.

    Examples
    --------
    >>> means(np.arange(8.0).reshape(2, 4), 2)
    {'rows': 2, 'columns': 2, 'entries': [0.5, 2.5, 4.5, 6.5]}
    """
    array = np.abs(value) if np.iscomplexobj(value) else np.asarray(value, float)
    table = array.reshape(-1, array.shape[-1] if array.ndim else 1)
    for axis in (0, 1):
        length = table.shape[axis]
        if length > most:
            starts = [k * length // most for k in range(most)]
            sizes = np.diff([*starts, length])
            with np.errstate(all="ignore"):
                table = np.add.reduceat(table, starts, axis=axis) / (sizes[:, None] if axis == 0 else sizes)
    numbers = [strict(float(f"{one:.6g}")) for one in table.ravel().tolist()]
    return {"rows": table.shape[0], "columns": table.shape[1], "entries": numbers}
