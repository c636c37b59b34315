"""Every public function of NumPy, with a traced value in every place: traced, refused by name, or of no matter.

What never happens: a plain result that changes with the traced input.
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special

import graphviz_ad as gad
from graphviz_ad.core.pytree import leaves
from graphviz_ad.core.traced import Traced

MODULES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft, "np.lib.stride_tricks": np.lib.stride_tricks}
MODULES |= {"np.ma": np.ma, "np.random": np.random, "scipy.special": scipy.special, "scipy.linalg": scipy.linalg}

_SETTINGS = (
    "test info show_config show_runtime seterr seterrcall geterr geterrcall errstate set_printoptions printoptions "
    "setbufsize seed set_state get_state set_bit_generator get_bit_generator default_rng RandomState Generator "
    "SeedSequence BitGenerator MT19937 PCG64 PCG64DXSM Philox SFC64"
)
SETTINGS = set(_SETTINGS.split())
"""What changes NumPy's own settings, or makes a generator: no function of numbers."""

NUMPYS_OWN = {
    "from_dlpack": "no attribute '__dlpack__'",
    "frombuffer": "bytes-like object",
    **dict.fromkeys(("MaskedArray", "masked_array", "fix_invalid"), "Mask and data not compatible"),
    "nditer": "flagged as writeable",
    "zeros": "expected a sequence of integers",
    "ones": "expected a sequence of integers",
    "empty": "expected a sequence of integers",
    "ndarray": "expected a sequence of integers",
}
"""NumPy drops our error, or never asks, and says in its own words that it takes no such thing."""

PLAIN = {
    **dict.fromkeys(("array2string", "array_str", "array_repr", "str_", "bytes_"), "texts: printing is no exit"),
    "isscalar": "a traced value is an array, if a small one",
}
"""Results that are plain all the same, and why."""

VALUES = {
    "s": lambda by: 0.75 + by,
    "v": lambda by: np.array([0.25, 0.5, 0.75]) + by,
    "m": lambda by: np.array([[2.0, 0.5], [0.5, 1.0]]) + by * np.eye(2),
}
OTHERS: dict[str, Any] = {
    "i": 1,
    "n": 3,
    "l": [0, 1],
    "c": [0.5, 1.0, 2.0],
    "b": np.array([True, False, True]),
    "B": np.array([[True, False], [True, True]]),
    "f": lambda x: x * 2,
    "h": np.sum,
}
PATTERNS = [
    "".join(pattern)
    for length in (1, 2, 3)
    for pattern in itertools.product([*VALUES, *OTHERS] if length < 3 else "svmilf", repeat=length)
    if set(pattern) & {*VALUES}
]
MOST = 3
"""So many calls of each function and place, for each shape and number of arguments."""


def plain_call(function: Any, pattern: str, place: int, by: float) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(
            *[argument(letter, number, by if number == place else 0.0) for number, letter in enumerate(pattern)]
        )


def argument(letter: str, place: int, by: float = 0.0) -> Any:
    """What stands for a letter: in every place another number, since functions ask whether two are equal."""
    if letter in VALUES:
        return VALUES[letter](place / 16 + by)
    other = OTHERS[letter]
    return other.copy() if isinstance(other, np.ndarray) else list(other) if isinstance(other, list) else other


def equal(a: Any, b: Any) -> bool:
    """Whether two plain results are the same."""
    if isinstance(a, list | tuple):
        return isinstance(b, list | tuple) and len(a) == len(b) and all(map(equal, a, b))
    try:
        return bool(np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind in "fc"))
    except TypeError:
        return type(a) is type(b)


def is_number(value: Any) -> bool:
    """Whether a result is made of numbers: no generator, no object that has yet to be called."""
    if isinstance(value, list | tuple):
        return all(map(is_number, value))
    return isinstance(value, bool | int | float | complex | str | bytes | np.generic | np.ndarray)


def holds_traced(value: Any) -> bool:
    return any(type(leaf) is Traced for _, leaf in leaves(value))


def names_of(name: str, function: Any) -> set[str]:
    """What a function may be called: it may have several names, and np.ma wraps its own."""
    prefix, _, short = name.rpartition(".")
    module = MODULES.get(prefix, np.ndarray)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same = {one for one in dir(module) if getattr(module, one, None) is function}
    return {short, getattr(function, "__name__", short), *same, *({"np.ma."} if prefix == "np.ma" else ())} | {
        "np.round"
    } & {f"np.{short[:5]}"}


def wrong(name: str, function: Any, pattern: str, place: int) -> str:
    """What is wrong with one call with a traced value in one place; "" if nothing is."""
    call = f"{name}({pattern[:place]}[{pattern[place]}]{pattern[place + 1 :]})"
    short = name.rpartition(".")[2]
    arguments = [argument(letter, number) for number, letter in enumerate(pattern)]
    arguments[place] = gad.variable(arguments[place])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = function(*arguments)
        except gad.GraphvizADError as error:
            text = str(error) + "".join(getattr(error, "__notes__", ()))
            fine = any(one in text for one in names_of(name, function)) or isinstance(error, gad.errors.InputError)
            return "" if fine else f"{call}: {type(error).__name__}: {error}"
        except Exception as error:  # noqa: BLE001
            if isinstance(error.__cause__ or error.__context__, gad.GraphvizADError):
                return ""  # NumPy's own words, with ours behind them
            # an option of the wrong kind, which NumPy would not have looked at: in NumPy's words
            own = isinstance(error, TypeError | ValueError | IndexError) and "Traced" not in str(error)
            if own or NUMPYS_OWN.get(short, "\0") in str(error):
                return ""
            return f"{call}: {type(error).__name__}: {error}"
    if type(found) is Traced or holds_traced(found) or short in PLAIN or not is_number(found):
        return ""
    try:
        moved = plain_call(function, pattern, place, 1 / 1024)
    except Exception:  # noqa: BLE001
        return f"{call}: plain, and another input is refused"
    return "" if equal(found, moved) else f"{call}: plain {found!r:.60}, which depends on the input"


def calls(function: Any) -> list[tuple[str, int]]:
    """Calls that NumPy takes, each with the place of a float that may be traced."""
    found: dict[tuple[int, int, str], list[tuple[str, int]]] = {}
    for pattern in PATTERNS:
        free = [place for place, letter in enumerate(pattern) if letter in VALUES]
        if not free or all(len(found.get((len(pattern), place, pattern[place]), ())) >= MOST for place in free):
            continue
        try:
            plain_call(function, pattern, 0, 0.0)
        except Exception:  # noqa: BLE001
            continue
        for place in free:
            kept = found.setdefault((len(pattern), place, pattern[place]), [])
            if len(kept) < MOST:
                kept.append((pattern, place))
    return [one for kept in found.values() for one in kept]


def is_function(value: Any) -> bool:
    return callable(value) and not (isinstance(value, type) and issubclass(value, BaseException))


def public(prefix: str) -> list[str]:
    module = MODULES[prefix]
    names = getattr(module, "__all__", None) or dir(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sorted(
            name
            for name in names
            if not name.startswith("_") and is_function(getattr(module, name, None)) and name not in SETTINGS
        )


@pytest.mark.parametrize("prefix", MODULES)
def test_every_function(prefix: str) -> None:
    found, walked = [], 0
    for name in public(prefix):
        function = getattr(MODULES[prefix], name)
        for pattern, place in calls(function):
            walked += 1
            problem = wrong(f"{prefix}.{name}", function, pattern, place)
            if problem:
                found.append(problem)
    assert not found, f"{len(found)} of {walked}:\n" + "\n".join(found)
    assert walked > {"np": 4000, "np.ma": 1000}.get(prefix, 5)


METHODS = sorted(name for name in dir(np.ndarray) if not name.startswith("_"))


def test_every_method_and_attribute_of_an_array() -> None:
    found, walked = [], 0
    for name in METHODS:

        def member(x: Any, *arguments: Any, name: str = name) -> Any:
            value = getattr(x, name)
            return value(*arguments) if callable(value) else value

        for pattern, place in calls(member):
            if pattern[0] in ("v", "m"):
                walked += 1
                found.append(wrong(f"np.ndarray.{name}", member, pattern, place))
    found = [problem for problem in found if problem]
    assert not found, f"{len(found)} of {walked}:\n" + "\n".join(found)
    assert walked > 300
