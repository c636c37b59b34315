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
    >>> complex(exact(1.5 - 2j))
    (1.5-2j)
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
        numbers = np.abs(array) if array.dtype.kind == "c" else array.astype(float)
        missing = np.isnan(numbers)
        finite = numbers[~missing] if missing.any() else numbers.ravel()
        table |= {"min": None, "mean": None, "max": None}
        if finite.size:
            with np.errstate(all="ignore"):
                table |= {
                    "min": strict(float(finite.min())),
                    "mean": strict(float(finite.mean())),
                    "max": strict(float(finite.max())),
                }
        table["nan"] = int(array.size - finite.size)
        if array.dtype.kind == "c":
            table["of"] = "magnitude"
    import json  # only arrays need it

    return json.dumps(table, separators=(",", ":"), allow_nan=False)


def strict(number: Any) -> Any:
    """Non-finite floats, and complex numbers, as texts: JSON has no word for them."""
    if isinstance(number, complex):
        return repr(number)
    return repr(number) if isinstance(number, float) and not math.isfinite(number) else number


def short(number: Any, digits: int = 4) -> str:
    """One number with ``digits`` significant digits, as printed in pictures.

    Examples
    --------
    >>> [short(x) for x in (1.5, -0.000012345, 34.328125, 20000.0, 123456789.0, float("inf"), True)]
    ['1.5', '−1.234e-5', '34.33', '20000', '1.235e8', '∞', 'True']
    >>> [short(z) for z in (1.25 - 0.5j, 1j, -2.5j, 3 + 0j, complex(0.0, float("inf")))]
    ['1.25−0.5i', 'i', '−2.5i', '3+0i', '∞i']
    """
    if isinstance(number, complex | np.complexfloating):
        return _complex_text(complex(number), digits)
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


def _complex_text(value: complex, digits: int) -> str:
    """Both parts; of one that is only what rounding has left beside the other, 0."""
    real, imag = value.real, value.imag
    size = max(abs(real), abs(imag))
    if math.isfinite(size):
        real, imag = (0.0 if abs(part) < _ROUNDING * size else part for part in (real, imag))
    texts = [_float_text(part + 0.0, digits) for part in (real, imag)]
    unit = {"1": "i", "−1": "−i"}.get(texts[1], f"{texts[1]}i")
    if real == 0 and imag != 0:
        return unit
    return f"{texts[0]}{'' if unit.startswith('−') else '+'}{unit}"


_ROUNDING = 1e-14


def _sign(text: str) -> str:
    return "−" + text[1:] if text.startswith("-") else text


def brief(value: Any, digits: int = 4, width: int = 17) -> str:
    """A value in the few characters of a node's slot: its number, its entries, or its range.

    Examples
    --------
    >>> brief(np.array([1.0, 2.5])), brief(np.arange(100.0)), brief(np.array([True, False, True]))
    ('[1, 2.5]', '0 … 99', '2 of 3 true')
    >>> brief(np.array([1j, 2 - 1j])), brief(np.exp(1j * np.arange(9)) * np.arange(9))
    ('[i, 2−i]', '|·| 0 … 8')
    """
    if isinstance(value, float):
        return short(value, digits)
    array = np.asarray(value)
    if array.shape == ():
        text = short(array.item() if array.dtype.kind in "biuc" else array, digits)
        # both parts in one slot: with fewer digits, if need be
        return short(array.item(), 2) if array.dtype.kind == "c" and len(text) > width else text
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
    numbers = array[~np.isnan(array)] if array.dtype.kind in "fc" else array
    if numbers.size == 0:
        return "all NaN"
    size = ""
    if array.dtype.kind == "c":
        if np.all(numbers == numbers.flat[0]) and numbers.size == array.size:
            return f"all {short(numbers.flat[0], digits)}"
        numbers, size = np.abs(numbers), "|·| "  # complex numbers have no order: the range is that of their lengths
        if numbers.max() - numbers.min() <= 1e-12 * numbers.max():
            return f"{size}all {short(numbers.max(), digits)}{', NaN' if numbers.size < array.size else ''}"
    low, high = numbers.min(), numbers.max()
    if low == high and numbers.size == array.size:
        return f"all {short(low, digits)}"
    text = f"{size}{short(low, 3)} … {short(high, 3)}"
    return f"{text}, NaN" if numbers.size < array.size else text


def enclosed(text: str) -> str:
    """A number's text in parentheses where it is negative, or a sum: its sign would stand behind another one.

    Examples
    --------
    >>> enclosed(short(2.0)), enclosed(short(-2.0))
    ('2', '(−2)')
    >>> factor(short(-2.0)), factor(short(1 - 2j))
    ('−2', '(1−2i)')
    """
    return f"({text})" if text.startswith("−") else factor(text)


def factor(text: str) -> str:
    """A number's text as the first of a product: a complex one of two parts stands in parentheses."""
    return f"({text})" if is_sum(text) else text


def is_sum(text: str) -> bool:
    """Whether a text is that of a complex number with both parts."""
    return text.endswith("i") and ("+" in text or "−" in text[1:])


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
    if not isinstance(local, LocalJacobian) or local.shape or not local.holomorphic:
        return local
    number = entries(local)
    return local if number is None else number[()]
