"""Which node the key of a gradient means: dW, grad_W, W_bar, and dW1 where a list of weights is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_AFFIXES = (
    re.compile(r"(?:dL_?/?d_?|dloss_?d?_?|∂L/∂|∇|∂|grad_|gradient_|delta_|adj_|adjoint_|d_|g_)(?P<name>.+)"),
    re.compile(r"(?P<name>.+?)(?:_grad|_gradient|_bar|bar|_adj|_adjoint|\u0304)"),
    re.compile(r"[dg](?P<name>.+)"),
)
"""How people call the gradient of `W`: dW, grad_W, W_bar, …"""
_PLACE = re.compile(r"(?P<list>\w+)\[(?P<place>\d+)\](?:\.(?P<field>\w+))?")
_NUMBERED = re.compile(r"(?P<letters>[^\W\d_]+)_?(?P<number>\d+)")


def stems(key: str) -> Iterator[str]:
    """What a key says if it is the name of a gradient."""
    for affix in _AFFIXES:
        if match := affix.fullmatch(key):
            yield match["name"]


class Names:
    """Which node a key means: the node's name, its place in the arguments, or either as the name of a gradient.

    Parameters
    ----------
    known
        Every name by which a node is known, with the name to use.

    Examples
    --------
    >>> names = Names({"weights[0]": "weights[0]", "weights[1]": "weights[1]", "b": "b"})
    >>> names.find("db"), names.renamed({"dW1": 1, "dW2": 2, "db": 3})
    ('b', {'weights[0]': 1, 'weights[1]': 2, 'db': 3})
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known
        self.lists: dict[str, dict[int, str]] = {}
        """Of lists in the arguments, and of one attribute of the objects in a list, the nodes by place."""
        for key, name in known.items():
            if match := _PLACE.fullmatch(key):
                self.lists.setdefault(match["field"] or match["list"], {})[int(match["place"])] = name

    def find(self, key: str, derived: bool = False) -> str | None:
        """The node that a key means; ``derived``: only a name made for a gradient, such as dW, counts."""
        if not derived and key in self.known:
            return self.known[key]
        return next((self.known[stem] for stem in stems(key) if stem in self.known), None)

    def renamed(self, table: Mapping[Any, Any], derived: bool = False) -> dict[Any, Any]:
        """A table of gradients in which the keys of a list's members are their names: dW1 for weights[0]."""
        found: dict[str, dict[int, str]] = {}
        new: dict[Any, Any] = {}
        for key, value in table.items():
            if isinstance(key, str) and self.find(key) is None:
                for stem in (*stems(key), *([] if derived else [key])):
                    match = _NUMBERED.fullmatch(stem)
                    if match and (of := self._list(match["letters"])):
                        found.setdefault(of, {})[int(match["number"])] = key
                        break
                    of = self._list(stem) if isinstance(value, list | tuple) else None
                    if of and len(value) == len(self.lists[of]):
                        new |= {key: dict(zip(self._members(of), value, strict=True))}
                        break
        for of, keys in found.items():
            members, numbers = self._members(of), sorted(keys)
            first = numbers[0]
            # counted from 0 or from 1: what is missing at the end is missed later
            if first in (0, 1) and numbers[-1] - first < len(members):
                new |= {keys[number]: {members[number - first]: table[keys[number]]} for number in numbers}
        flat: dict[Any, Any] = {}
        for key, value in table.items():
            flat |= new.get(key, {key: value}) if isinstance(key, str) else {key: value}
        return flat

    def _list(self, letters: str) -> str | None:
        """The one list that letters can mean: its name, or how it begins."""
        if letters in self.lists:
            return letters
        fit = [name for name in self.lists if name.casefold().startswith(letters.casefold())]
        return fit[0] if len(fit) == 1 else None

    def _members(self, of: str) -> list[str]:
        return [name for _, name in sorted(self.lists[of].items())]

    def turned(self, asked: list[str]) -> list[str] | None:
        """Names of several lists, list by list, in the order place by place: W1, b1, W2, b2; None for other names."""
        of = {name: (place, list_) for list_, members in self.lists.items() for place, name in members.items()}
        if not asked or any(name not in of for name in asked):
            return None
        return sorted(asked, key=lambda name: of[name][0])
