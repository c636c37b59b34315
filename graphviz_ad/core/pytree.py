"""Takes nested arguments apart into leaves and puts them together again."""

from __future__ import annotations

import copy
import enum
import functools
import operator
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from graphviz_ad.core.traced import Traced
from graphviz_ad.errors import InputError

Path = tuple[str, ...]

_OPAQUE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, enum.Enum, np.ufunc)


def is_float_leaf(value: Any) -> bool:
    """A leaf that can be differentiated: a Python or NumPy float, an array of floats, a traced value."""
    kind = type(value)
    if kind is float or kind is Traced:
        return True
    dtype = getattr(value, "dtype", None)
    return isinstance(value, np.ndarray | np.generic) and dtype is not None and dtype.kind in "fc"


def leaves(tree: Any) -> list[tuple[Path, Any]]:
    """Every leaf with its path, in leaf order: ``("layers", "[0]", ".W")``."""
    return list(_walk(tree, (), frozenset()))


def _has_arrays(value: Any, seen: frozenset[int]) -> bool:
    return any(is_float_leaf(leaf) for _, leaf in _walk(value, (), seen))


def _is_object(value: Any) -> bool:
    return (
        hasattr(value, "__dict__")
        and not isinstance(value, (*_OPAQUE, np.ndarray, np.generic, BaseException))
        and not callable(getattr(value, "__get__", None))
    )


def _walk(tree: Any, path: Path, seen: frozenset[int]) -> Iterator[tuple[Path, Any]]:
    if isinstance(tree, dict | list | tuple) or _is_object(tree):
        if id(tree) in seen:
            return
        seen = seen | {id(tree)}
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _walk(value, (*path, f"[{key!r}]"), seen)
    elif isinstance(tree, list | tuple):
        for key, value in zip(_keys(tree), tree, strict=True):
            yield from _walk(value, (*path, key), seen)
    elif _is_object(tree):
        for key, value in vars(tree).items():
            yield from _walk(value, (*path, f".{key}"), seen)
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
def _key(key: str) -> str:
    return f"[{key!r}]"


def map_leaves(function: Callable[[Path, Any], Any], tree: Any, *, whole: bool = False) -> Any:
    """The same structure with ``function(path, leaf)`` in place of every leaf.

    Objects are copied shallowly before their attributes change. What holds no float stays as it is, or, with
    ``whole``, is taken apart like the rest (objects without floats count as one leaf).
    """
    return _map(function, tree, (), frozenset(), whole)


def _map(function: Callable[[Path, Any], Any], tree: Any, path: Path, seen: frozenset[int], whole: bool) -> Any:
    kind = type(tree)
    if kind in _PLAIN_LEAVES:
        return function(path, tree)
    if (kind is list or kind is tuple) and len(tree) <= len(_POSITIONS):
        # the most frequent container: a list of arrays
        inner = seen | {id(tree)} if id(tree) not in seen else None
        if inner is None:
            return tree
        values = [
            function((*path, key), value)
            if type(value) in _PLAIN_LEAVES
            else _map(function, value, (*path, key), inner, whole)
            for key, value in zip(_POSITIONS, tree, strict=False)
        ]
        if not whole and all(map(operator.is_, values, tree)):
            return tree
        return values if kind is list else tuple(values)
    is_object = not isinstance(tree, dict | list | tuple)
    if is_object and not _is_object(tree):
        return function(path, tree)
    if id(tree) in seen:
        return tree
    if is_object and whole and not _has_arrays(tree, seen):
        return function(path, tree)
    seen = seen | {id(tree)}
    if isinstance(tree, dict):
        items = {
            key: _map(function, value, (*path, _key(key) if type(key) is str else f"[{key!r}]"), seen, whole)
            for key, value in tree.items()
        }
        if not whole and all(items[key] is value for key, value in tree.items()):
            return tree
        if kind is dict:
            return items
        new = copy.copy(tree)
        new.update(items)
        return new
    if isinstance(tree, list | tuple):
        values = [
            _map(function, value, (*path, key), seen, whole) for key, value in zip(_keys(tree), tree, strict=True)
        ]
        if not whole and all(map(operator.is_, values, tree)):
            return tree
        return kind(*values) if hasattr(tree, "_fields") else kind(values)
    changed = {
        key: new
        for key, value in vars(tree).items()
        if (new := _map(function, value, (*path, f".{key}"), seen, whole)) is not value
    }
    if not changed:
        return tree
    new = copy.copy(tree)
    if new is tree:  # writing into it would change the caller's own object
        raise InputError(f"a {kind.__name__} holds floats but cannot be copied; pass them in a dict instead.")
    new.__dict__.update(changed)
    return new


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
