"""Numbers, shapes and lists as texts: exact ones for machines (the page contract), short ones for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.errors import UnsupportedError

MAX_ENTRIES = 64
"""Arrays up to this size travel entry by entry, larger ones as a summary."""


def exact(value: Any) -> str:
    """A number as machines read it: Python ``repr`` for scalars, JSON for arrays.

    Examples
    --------
    >>> exact(np.float32(0.5)), exact(float("-inf"))
    ('0.5', '-inf')
    >>> exact(np.array([[1.0, np.nan]]))
    '{"shape":[1,2],"data":[1.0,"nan"]}'
    """
    array = np.asarray(value)
    if array.shape == ():
        return repr(array.item())
    table: dict[str, Any] = {"shape": list(array.shape)}
    if array.size <= MAX_ENTRIES:
        table["data"] = [strict(item) for item in array.ravel().tolist()]
    else:
        numbers = array.astype(float)
        finite = numbers[~np.isnan(numbers)]
        table |= {"min": None, "mean": None, "max": None}
        if finite.size:
            with np.errstate(all="ignore"):
                table |= {
                    "min": strict(float(finite.min())),
                    "mean": strict(float(finite.mean())),
                    "max": strict(float(finite.max())),
                }
        table["nan"] = int(array.size - finite.size)
    import json  # only arrays need it

    return json.dumps(table, separators=(",", ":"), allow_nan=False)


def strict(number: Any) -> Any:
    """Non-finite floats as texts: JSON has no word for them."""
    return repr(number) if isinstance(number, float) and not math.isfinite(number) else number


def short(number: Any, digits: int = 4) -> str:
    """One number with ``digits`` significant digits, as printed in pictures.

    Examples
    --------
    >>> [short(x) for x in (1.5, -0.000012345, 34.328125, 20000.0, 123456789.0, float("inf"), True)]
    ['1.5', '−1.234e-5', '34.33', '20000', '1.235e8', '∞', 'True']
    """
    if isinstance(number, bool | np.bool_):
        return str(bool(number))
    if isinstance(number, int | np.integer):
        return _sign(str(int(number)))
    return _float_text(float(number) + 0.0, digits)  # a minus before zero tells people nothing


@lru_cache(4096)
def _float_text(value: float, digits: int) -> str:
    """One story tells the same number many times: on a node, on edges, in sentences."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < 10**6 and digits >= 4:
        return _sign(str(int(value)))
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    return _sign(text)


def _sign(text: str) -> str:
    return "−" + text[1:] if text.startswith("-") else text


def brief(value: Any, digits: int = 4, width: int = 17) -> str:
    """A value in the few characters of a node's slot: its number, its entries, or its range.

    Examples
    --------
    >>> brief(np.array([1.0, 2.5])), brief(np.arange(100.0)), brief(np.array([True, False, True]))
    ('[1, 2.5]', '0 … 99', '2 of 3 true')
    """
    if isinstance(value, float):
        return short(value, digits)
    array = np.asarray(value)
    if array.shape == ():
        return short(array.item() if array.dtype.kind in "biu" else array, digits)
    if array.size == 0:
        return "empty"
    if array.dtype.kind == "b":
        return f"{int(array.sum())} of {array.size} true"
    if array.ndim == 1 and array.size <= 4:
        text = "[" + ", ".join(short(item, digits) for item in array) + "]"
        if len(text) > width:
            text = "[" + ", ".join(short(item, 2) for item in array) + "]"
        if len(text) <= width:
            return text
    numbers = array[~np.isnan(array)] if array.dtype.kind == "f" else array
    if numbers.size == 0:
        return "all NaN"
    low, high = numbers.min(), numbers.max()
    if low == high and numbers.size == array.size:
        return f"all {short(low, digits)}"
    text = f"{short(low, 3)} … {short(high, 3)}"
    return f"{text}, NaN" if numbers.size < array.size else text


def enclosed(text: str) -> str:
    """A number's text in parentheses where it is negative: its sign would stand behind another one.

    Examples
    --------
    >>> enclosed(short(2.0)), enclosed(short(-2.0))
    ('2', '(−2)')
    """
    return f"({text})" if text.startswith("−") else text


def listed(words: Sequence[str], most: int = 6) -> str:
    """Words in a sentence; a long list is cut.

    Examples
    --------
    >>> listed(["x"]), listed("abcdef"), listed("abcdefgh")
    ('x', 'a, b, c, d, e and f', 'a, b, c, d, e and 3 more')
    """
    if len(words) > most:
        return f"{', '.join(words[: most - 1])} and {len(words) - most + 1} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def shape_text(shape: tuple[int, ...]) -> str:
    """``(2, 3)`` for arrays, "" for scalars."""
    return str(tuple(int(n) for n in shape)) if shape else ""


def entries(local: LocalJacobian) -> Any:
    """The entries of a local Jacobian; None where no rule gives them, or a user's own (gad.custom) raises.

    They come from the rule, asked for unit vectors: it may be made for the adjoints of its own sweep alone.
    """
    try:
        return local.dense()
    except UnsupportedError:
        return None
    except Exception:
        if local.is_ours:
            raise
        return None


def plain_local(local: Any) -> Any:
    """A local derivative as it is shown: a Jacobian of one number by one number is that number, where it is known."""
    if not isinstance(local, LocalJacobian) or local.shape:
        return local
    number = entries(local)
    return local if number is None else number[()]
