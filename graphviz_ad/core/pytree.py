"""Takes nested arguments apart into leaves and puts them together again."""

from __future__ import annotations

import copy
import enum
import functools
import types
from collections.abc import (
    Callable,
    Collection,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Set,
    ValuesView,
)
from typing import Any

import numpy as np

from graphviz_ad.core.traced import Traced
from graphviz_ad.errors import InputError

Path = tuple[str, ...]

_OPAQUE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, enum.Enum, np.ufunc)


def is_float_leaf(value: Any) -> bool:
    """A leaf that can be differentiated: a Python or NumPy float, an array of floats, a traced value."""
    kind = type(value)
    if kind is float or kind is Traced or kind is complex:
        return True  # a complex one is refused with a reason where it enters
    return isinstance(value, _NUMPY) and value.dtype.kind in "fc"


_NUMPY = (np.ndarray, np.generic)


def leaves(tree: Any) -> list[tuple[Path, Any]]:
    """Every leaf with its path, in leaf order: ``("layers", "[0]", ".W")``."""
    return list(_walk(tree, (), frozenset()))


def attributes(value: Any) -> dict[str, Any]:
    """What an object holds: its ``vars()`` and its slots."""
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            mangled = slot.startswith("__") and not slot.endswith("__")
            name = f"_{kind.__name__.lstrip('_')}{slot}" if mangled else slot
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def opaque(value: Any) -> str:
    """What a value is that may hold floats, or compute them later, where nothing can look; "" for all others."""
    name = type(value).__name__
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        held = any(is_float_leaf(item) for item in value.flat)
        return "an array of objects, into which nothing can look; write x.astype(float), or pass a list" if held else ""
    if isinstance(value, _SEEN | enum.Enum) or value is None or isinstance(value, type):
        return ""
    later = isinstance(value, Iterator | Set | KeysView | ValuesView | ItemsView)
    if later or (isinstance(value, Collection) and any(is_float_leaf(item) for item in _items_of(value))):
        return f"a {name}, into which nothing can look; use a list, a tuple or a dict"
    return ""


def _items_of(value: Collection[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, Mapping) else value


_SEEN = np.ndarray | np.generic | str | bytes | int | float | complex | Traced | range


def _is_object(value: Any) -> bool:
    return (
        type(value) is not Traced
        and (hasattr(value, "__dict__") or any("__slots__" in kind.__dict__ for kind in type(value).__mro__))
        and not isinstance(value, (*_OPAQUE, np.ndarray, np.generic, BaseException))
        and not callable(getattr(value, "__get__", None))
    )


def _walk(tree: Any, path: Path, seen: frozenset[int]) -> Iterator[tuple[Path, Any]]:
    if isinstance(tree, dict | list | tuple):
        if id(tree) in seen:
            return
        seen = seen | {id(tree)}
        items = zip(_dict_keys(tree), tree.values()) if isinstance(tree, dict) else zip(_keys(tree), tree)  # noqa: B905
        for key, value in items:
            yield from _walk(value, (*path, key), seen)
    elif _is_object(tree):
        if id(tree) in seen:
            return
        seen = seen | {id(tree)}
        inside = [found for key, value in attributes(tree).items() for found in _walk(value, (*path, f".{key}"), seen)]
        # an object without floats is one leaf
        yield from inside if any(is_float_leaf(leaf) for _, leaf in inside) else [(path, tree)]
    else:
        yield path, tree


def _keys(tree: list[Any] | tuple[Any, ...]) -> list[str]:
    """What the elements are called: the fields of a named tuple, else positions."""
    fields = getattr(tree, "_fields", None)
    if fields:
        return [f".{field}" for field in fields]
    return (
        _POSITIONS[: len(tree)] if len(tree) <= len(_POSITIONS) else [f"[{position}]" for position in range(len(tree))]
    )


_POSITIONS = [f"[{position}]" for position in range(256)]


@functools.lru_cache(maxsize=1024)
def _text_key(key: str) -> str:
    return f"[{key!r}]"


def _dict_keys(tree: dict[Any, Any]) -> list[str]:
    """What the entries are called; keys that print alike are told apart."""
    if all(type(key) is str for key in tree):
        return [_text_key(key) for key in tree]
    names = [f"[{key!r}]" for key in tree]
    return [name if names.count(name) == 1 else f"{name}#{number}" for number, name in enumerate(names)]


def map_leaves(function: Callable[[Path, Any], Any], tree: Any) -> Any:
    """The same structure with ``function(path, leaf)`` in place of every leaf.

    Lists, tuples and dicts come back new, and so do objects that hold floats (shallow copies with new attributes);
    other objects count as one leaf. A container inside itself comes back inside itself.
    """
    return _map(function, tree, (), {})


def _map(function: Callable[[Path, Any], Any], tree: Any, path: Path, around: dict[int, Any]) -> Any:
    """``around``: the new containers that we are in, by the id of the old one."""
    kind = type(tree)
    if kind in _PLAIN_LEAVES:
        return function(path, tree)
    if id(tree) in around:
        return around[id(tree)]
    if isinstance(tree, dict | list | tuple) and kind not in _CONTAINERS:
        held = [name for name, value in attributes(tree).items() if is_float_leaf(value)]
        if held:
            raise InputError(
                f"a {kind.__name__} holds floats in its attribute {held[0]!r}; put them among its entries."
            )
    new: Any
    if isinstance(tree, list):
        # an empty one of the same kind
        new = [] if kind is list else copy.copy(tree)
        around = {**around, id(tree): new}
        new[:] = _items(function, tree, path, around)
        return new
    if isinstance(tree, tuple):
        values = _items(function, tree, path, around)
        return tuple(values) if kind is tuple else tuple.__new__(kind, values)
    if isinstance(tree, dict):
        new = {} if kind is dict else copy.copy(tree)
        around = {**around, id(tree): new}
        for name, (key, value) in zip(_dict_keys(tree), tree.items(), strict=True):
            new[key] = _map(function, value, (*path, name), around)
        return new
    if not _is_object(tree) or not any(is_float_leaf(leaf) for _, leaf in _walk(tree, path, frozenset())):
        return function(path, tree)
    new = copy.copy(tree)
    if new is tree:  # writing into it would change the caller's own object
        raise InputError(f"a {kind.__name__} holds floats but cannot be copied; pass them in a dict instead.")
    around = {**around, id(tree): new}
    for key, value in attributes(tree).items():
        object.__setattr__(new, key, _map(function, value, (*path, f".{key}"), around))
    return new


def _items(
    function: Callable[[Path, Any], Any], tree: list[Any] | tuple[Any, ...], path: Path, around: dict[int, Any]
) -> list[Any]:
    return [
        function((*path, key), value) if type(value) in _PLAIN_LEAVES else _map(function, value, (*path, key), around)
        for key, value in zip(_keys(tree), tree, strict=True)
    ]


_CONTAINERS = frozenset({dict, list, tuple})

_PLAIN_LEAVES = frozenset(
    {float, int, bool, str, bytes, complex, type(None), np.ndarray, np.float64, np.float32, Traced}
)
"""Types that are leaves at first sight."""


def path_name(path: Path) -> str:
    """``layers[0].W`` for a path: keys as attributes where they are names."""
    text = ""
    for part in path:
        key = part[2:-2] if part[:2] in ("['", '["') else None
        if key is not None and key.isidentifier():
            text += f".{key}" if text else key
        elif part.startswith(".") and not text:
            text = part[1:]
        else:
            text += part
    return text


def last_key(path: Path) -> str | None:
    """``W1`` for a path that ends in a key or an attribute; None where it ends in a position."""
    part = path[-1] if path else ""
    if part[:2] in ("['", '["'):
        return part[2:-2]
    return part[1:] if part.startswith(".") else None
