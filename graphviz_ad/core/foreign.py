"""Front ends for values of other libraries: the package says here where they are, and layers below them find them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

READERS: dict[str, Callable[[], Callable[..., Any]]] = {}
"""Name of a library → what imports and returns the function that makes a graph of its values; filled at the top."""


def reader_for(values: Iterable[Any]) -> Callable[..., Any] | None:
    """The function that makes graphs of the library to which one of these values, or one inside of it, belongs.

    No library is imported to find that out.

    Examples
    --------
    >>> reader_for([1.0, [2.0]]) is None
    True
    """
    for value in values:
        name = library_of(value)
        if name:
            return READERS[name]()
    return None


def library_of(value: Any) -> str:
    """The library in `READERS` that a value belongs to, or the first one inside of a list or a dict; "" for none."""
    for kind in type(value).__mro__:
        name = kind.__module__.partition(".")[0]
        if name in READERS:
            return name
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return next((name for one in inside if (name := library_of(one))), "")
