"""Says what differs between two payloads: a page then carries many of them, and a kernel sends a new one in little."""

from __future__ import annotations

import re
from typing import Any

_PIECES = re.compile("(?=[<>])")
_LONG = 2000  # texts above it are compared piece by piece: they are pictures


def diff(base: Any, new: Any) -> Any:
    """Return the patch that leads from `base` to `new`, both strict JSON; None where they are equal.

    A patch is ``[new]`` (replace), ``[]`` (take the key away), ``{key: patch}`` for two objects, or two arrays of one
    length, or ``{"<": [[piece, text], ...]}`` for two long texts with equally many pieces; static/patch.js applies it.

    Examples
    --------
    >>> diff({"steps": [1, 2], "mode": "reverse"}, {"steps": [1, 3], "mode": "reverse"})
    {'steps': {'1': [3]}}
    """
    if type(base) is not type(new):
        return [new]
    if isinstance(base, dict):
        changes: dict[str, Any] = {key: [] for key in base if key not in new}
        for key, value in new.items():
            patch = diff(base[key], value) if key in base else [value]
            if patch is not None:
                changes[key] = patch
        return changes or None
    if isinstance(base, list | tuple) and len(base) == len(new):
        patches = {str(at): diff(old, now) for at, (old, now) in enumerate(zip(base, new, strict=True))}
        return {at: patch for at, patch in patches.items() if patch is not None} or None
    if isinstance(base, str) and len(base) > _LONG and base != new:
        before, after = _cut(base), _cut(new)
        if len(before) == len(after):
            pairs = enumerate(zip(before, after, strict=True))
            return {"<": [[at, now] for at, (old, now) in pairs if old != now]}
    return None if base == new else [new]


def update(sent: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    """Return what a page that was sent one payload is told, for it to show another.

    Where the picture is drawn alike, that is the patch alone: the page changes the numbers in the picture that stands
    there. It always leads from the payload that was sent whole, so that a message may be late, or lost, without harm.

    Examples
    --------
    >>> update({"svg": "<svg/>", "title": "f"}, {"svg": "<svg/>", "title": "g"})
    {'patch': {'title': ['g']}}
    >>> update({"svg": "<svg/>"}, {"svg": "<svg><g/></svg>"})
    {'payload': {'svg': '<svg><g/></svg>'}, 'patch': None}
    """
    patch = diff(sent, payload)
    if patch is not None and isinstance(patch.get("svg"), list):
        return {"payload": payload, "patch": None}
    return {"patch": patch}


def pieces(text: str) -> int:
    """Return how many pieces a text has; pictures that are drawn alike have equally many."""
    return len(_cut(text))


def _cut(text: str) -> list[str]:
    found = _PIECES.split(text)
    return found[1:] if found and found[0] == "" else found  # JavaScript's split gives no empty piece in front
