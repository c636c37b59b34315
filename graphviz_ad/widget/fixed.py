"""Dicts and lists to be read: changed in place, nobody would hear of it, and they would say what is not shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphviz_ad.errors import ImmutableError


def _refused(self: Any, *_args: Any, **_options: Any) -> None:
    raise ImmutableError(self.remedy)


_refuse: Any = _refused


class FixedDict(dict[Any, Any]):
    """A dict that says what to write instead of changing it; a copy of it is an ordinary one."""

    __slots__ = ("remedy",)

    def __init__(self, values: Mapping[Any, Any], remedy: str) -> None:
        super().__init__((key, fixed(value, remedy)) for key, value in values.items())
        self.remedy = remedy

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]  # so that `explorer.inputs |= …` sets it
        return {**self, **other}

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


class FixedList(list[Any]):
    """A list that says what to write instead of changing it."""

    __slots__ = ("remedy",)

    def __init__(self, values: Iterable[Any], remedy: str) -> None:
        super().__init__(fixed(value, remedy) for value in values)
        self.remedy = remedy

    __setitem__ = __delitem__ = __iadd__ = __imul__ = append = clear = extend = _refuse
    insert = pop = remove = reverse = sort = _refuse

    def __reduce__(self) -> Any:
        return list, (list(self),)


def fixed(value: Any, remedy: str) -> Any:
    """Return the same JSON to be read only.

    Examples
    --------
    >>> fixed({"open": ["a"]}, "write explorer.look = {...}")["open"].append("b")
    Traceback (most recent call last):
    graphviz_ad.errors.ImmutableError: write explorer.look = {...}
    """
    if isinstance(value, Mapping):
        return FixedDict(value, remedy)
    return FixedList(value, remedy) if isinstance(value, list | tuple) else value
