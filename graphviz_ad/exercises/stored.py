"""The state of an exercise as plain JSON: answers as JSON takes them, and what is read of a state from anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.answers import MOST

VERSION = 1
COUNTED = ("attempts", "hints")
_HOLDERS = (list, tuple, set, frozenset, dict)


def storable(answer: Any) -> Any:
    """An answer as JSON takes it; what cannot be stored as its text.

    Examples
    --------
    >>> storable(np.float64(2.0)), storable(np.ones(2)), storable({"b", "a"}), storable(len)
    (2.0, [1.0, 1.0], ['a', 'b'], '<built-in function len>')
    """
    if isinstance(answer, np.generic | np.ndarray):
        answer = answer.tolist()
    try:
        if _is_endless(answer):
            return text_of(answer)
        if isinstance(answer, set | frozenset):
            answer = sorted(answer, key=str)
        return json.loads(json.dumps(answer, allow_nan=False))
    except Exception:  # noqa: BLE001  (an answer may be anything: nested without end, or with methods that raise)
        return text_of(answer)


def _is_endless(answer: Any) -> bool:
    """Whether lists in lists come to more than any answer: also a small one that holds another often, and so on."""
    waiting, seen = [answer], 0
    while waiting and seen <= MOST:
        found = waiting.pop()
        if isinstance(found, _HOLDERS):
            seen += len(found)
            inside = found.values() if isinstance(found, dict) else found
            waiting += [one for one in inside if isinstance(one, _HOLDERS)]
    return seen > MOST


def text_of(answer: Any) -> str:
    """Anything as text; of what has none, or has no end, its type."""
    try:
        if not _is_endless(answer):
            return str(answer)
    except Exception:  # noqa: BLE001  (a number of 5000 digits, or an object whose text is an error)
        pass
    return f"<{type(answer).__name__}>"


def read_state(state: Any) -> Mapping[str, Any]:
    """A state, or its JSON, as a mapping of this version.

    Raises
    ------
    ArgumentError
        It is no JSON, or no state.

    Examples
    --------
    >>> read_state('{"exercise": "fork", "version": 1}')
    {'exercise': 'fork', 'version': 1}
    """
    if isinstance(state, str):
        try:
            state = json.loads(state)
        except (ValueError, RecursionError):
            raise ArgumentError(f"this is no state of an exercise, which is JSON: {state[:80]}") from None
    version = state.get("version") if isinstance(state, Mapping) else None
    if isinstance(version, bool) or version != VERSION:
        raise ArgumentError(f"this is no state of an exercise of version {VERSION}: {text_of(state)[:80]}")
    found: Mapping[str, Any] = state
    return found


def kept_part(state: Mapping[str, Any], part: str, keys: Iterable[str]) -> dict[str, Any]:
    """What a state has of one part, for the questions that are asked; it may come from anywhere."""
    found = state.get(part)
    if found is None:
        return {}
    counts = part in COUNTED
    if not isinstance(found, Mapping) or (counts and not all(_count(number) for number in found.values())):
        raise ArgumentError(f"the {part} of this state are broken: {text_of(found)[:80]}")
    return {key: storable(found[key]) for key in keys if key in found}


def _count(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0
