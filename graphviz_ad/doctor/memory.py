"""Finds parameters that lie in the same memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from types import CellType
from typing import Any

import numpy as np

from graphviz_ad.doctor.finding import Finding, some

MOST_WORK = 100_000
"""How long NumPy may think about one pair of views; a pair that takes longer is taken to overlap if their ranges do."""


def shared(named_arrays: Sequence[tuple[str, Any]]) -> Iterator[Finding]:
    """One finding for each set of arrays, by name, that share memory."""
    spans = []
    for number, (_, value) in enumerate(named_arrays):
        if isinstance(value, np.ndarray) and value.size and value.flags.writeable:
            spans.append((*np.lib.array_utils.byte_bounds(value), number))
    spans.sort()
    owner = list(range(len(named_arrays)))  # of each the first one of its set
    for place, (_, high, first) in enumerate(spans):
        for low, _, second in spans[place + 1 :]:
            if low >= high:
                break
            if owner[first] != owner[second] and _overlap(named_arrays[first][1], named_arrays[second][1]):
                low_one, high_one = sorted((owner[first], owner[second]))
                owner = [low_one if each == high_one else each for each in owner]
    for start in dict.fromkeys(owner):
        members = [number for number, each in enumerate(owner) if each == start]
        if len(members) > 1:
            same = all(named_arrays[number][1] is named_arrays[start][1] for number in members)
            yield finding([named_arrays[number][0] for number in members], same=same)


def named(values: Iterable[Any]) -> dict[str, Any]:
    """The parameters of modules, dicts and lists of PyTorch that require a gradient, by name, each once."""
    found: dict[int, tuple[str, Any]] = {}
    for value in values:
        if hasattr(value, "named_parameters"):
            pairs = list(value.named_parameters())
        elif isinstance(value, dict):
            pairs = [(str(name), one) for name, one in value.items()]
        elif isinstance(value, list | tuple):
            pairs = [(f"[{number}]", one) for number, one in enumerate(value)]
        else:
            continue
        for name, one in pairs:
            if getattr(one, "requires_grad", False):
                found.setdefault(id(one), (name, one))
    return dict(found.values())


def arrays(tensors: dict[str, Any]) -> list[tuple[str, Any]]:
    """Tensors as arrays in their own memory; one that is none in this machine's memory is left out."""
    found = []
    for name, one in tensors.items():
        with contextlib.suppress(TypeError, RuntimeError):  # another device, or a dtype that NumPy lacks
            found.append((name, one.detach().numpy()))
    return found


def modules_of(f: Any) -> list[Any]:
    """The modules that a function of the user's speaks of: in its closure, or among its globals."""
    code = getattr(f, "__code__", None)
    if code is None:
        return []
    around = [cell.cell_contents for cell in f.__closure__ or () if _is_filled(cell)]
    around += [f.__globals__[name] for name in code.co_names if name in f.__globals__]
    return [value for value in around if hasattr(value, "named_parameters") and not isinstance(value, type)]


def _is_filled(cell: CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _overlap(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> bool:
    try:
        return np.shares_memory(first, second, max_work=MOST_WORK)  # type: ignore[arg-type]  # NumPy's stubs know two of the ints
    except np.exceptions.TooHardError:
        return True


def finding(names: Sequence[str], *, same: bool) -> Finding:
    """What is said of two parameters that share memory."""
    return Finding(
        "warning",
        "shared memory",
        f"{some(names)} {'are the same array' if same else 'lie in the same memory'}.",
        "Each gets an adjoint of its own, of its own uses; an update in place (W -= lr * grad) moves both, and moves "
        "what they share twice.",
        "Copy one of them, np.copy(W), if they are two; pass one and use it twice, if they are tied: then its adjoint "
        "is the sum.",
        None,
        dict.fromkeys(names, "shares its memory"),
        tuple(names),
    )
