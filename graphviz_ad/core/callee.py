"""Which library function a line of the user's called: what an error that comes up deep inside of it is about."""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
from itertools import islice
from types import FrameType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core.primitive import function_name
from graphviz_ad.core.recorder import PACKAGE_FOLDER, is_library, user_frame

_UNKNOWN: Any = object()

_PASSES_ON = sys.stdlib_module_names - {"math", "cmath", "statistics", "random"}
"""Modules whose functions call others, or are no functions of numbers: the error is not about them."""


class Callee(NamedTuple):
    """The function that the user's own line called."""

    label: str
    """Its name as a user would write it: ``np.full``."""
    function: Any
    """The function itself; None where only its name is known."""


def callee() -> Callee | None:
    """The library function that the nearest line of user code is calling; None where that is not to be known."""
    frame = user_frame(sys._getframe(1))
    if frame is None:
        return None
    written = _written(frame)
    if written is None:
        return _running(frame)
    function = _resolved(written, frame)
    if function is _UNKNOWN:
        name = written.attr if isinstance(written, ast.Attribute) else ""
        # a generator that was made on the spot
        drawn = name and hasattr(np.random.Generator, name) and "random" in ast.unparse(written)
        return Callee(f"np.random.{name}", None) if drawn else _running(frame)
    label = _label(written, function, frame)
    return None if label is None else Callee(label, function)


def _written(frame: FrameType) -> ast.expr | None:
    """What is called, or indexed, by the instruction that a frame is at, as it is written."""
    positions = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), None)
    if positions is None or None in positions:
        return None
    first, last, start, end = positions
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)[first - 1 : last]  # type: ignore[operator]
    if not lines:
        return None
    encoded = [line.encode() for line in lines]  # columns count the bytes of UTF-8
    encoded[-1] = encoded[-1][:end]
    encoded[0] = encoded[0][start:]
    try:
        expression = ast.parse(f"({b''.join(encoded).decode()})", mode="eval").body
    except (SyntaxError, ValueError):
        return None
    if isinstance(expression, ast.Call):
        return expression.func
    return expression.value if isinstance(expression, ast.Subscript) else None


def _resolved(expression: ast.expr, frame: FrameType) -> Any:
    """The object that a dotted name stands for.

    Only modules, classes and NumPy's own objects are asked for a name: they run no code of the user's.
    """
    if isinstance(expression, ast.Name):
        for names in (frame.f_locals, frame.f_globals, vars(builtins)):
            if expression.id in names:
                return names[expression.id]
    if isinstance(expression, ast.Attribute):
        base = _resolved(expression.value, frame)
        if isinstance(
            base, ModuleType | type | np.ndarray | np.ufunc | np.random.Generator | np.random.RandomState
        ) or (base is not _UNKNOWN and type(base).__module__.startswith("scipy.")):
            return getattr(base, expression.attr, _UNKNOWN)
    return _UNKNOWN


def _label(expression: ast.expr, function: Any, frame: FrameType) -> str | None:
    """A function's public name; None for what is no library's."""
    if isinstance(function, np.vectorize):
        return "np.vectorize"  # it has taken the name of the function in it
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.random.Generator | np.random.RandomState):
        return f"np.random.{function.__name__}"
    if isinstance(owner, np.ndarray):
        return f"np.ndarray.{function.__name__}"
    base = _resolved(expression.value, frame) if isinstance(expression, ast.Attribute) else None
    if isinstance(base, ModuleType):
        module, name = base.__name__, expression.attr  # type: ignore[attr-defined]
    elif isinstance(base, np.ufunc):
        return f"{function_name(base)}.{function.__name__}"
    elif base is not None and not isinstance(base, type) and type(base).__module__.startswith("scipy."):
        return f"{_public(type(base).__module__)}.{ast.unparse(expression).rpartition('.')[2]}"
    elif isinstance(function, np.ufunc):
        return function_name(function)
    else:
        kind = function if hasattr(function, "__name__") else type(function)
        module, name = getattr(kind, "__module__", None) or "", kind.__name__
    loaded = sys.modules.get(module)
    filename = getattr(loaded, "__file__", None) or ""
    if (
        module.partition(".")[0] in _PASSES_ON
        or filename.startswith(PACKAGE_FOLDER)
        or (filename and not is_library(filename))
    ):
        return None
    if loaded is None:
        return None
    parts = module.split(".")
    for end in range(1, len(parts)):  # the shortest module that gives it out
        outer = ".".join(parts[:end])
        if getattr(sys.modules.get(outer), name, None) is function:
            return f"{_public(outer)}.{name}"
    return f"{_public(module)}.{name}"


def _public(module: str) -> str:
    """A module by its public name: ``scipy.special`` for ``scipy.special._logsumexp``."""
    parts = module.split(".")
    private = [number for number, part in enumerate(parts) if part.startswith("_")]
    public = parts[: private[0]] if private else parts
    if public[0] == "numpy":
        public = ["np"] if public == ["numpy", "lib"] else ["np", *public[1:]]
    return ".".join(public)


def _running(user: FrameType) -> Callee | None:
    """The outermost Python function of a library that the user's line has entered, by its frame alone."""
    frame: FrameType | None = sys._getframe(1)
    found = None
    while frame is not None and frame is not user:
        if not frame.f_code.co_filename.startswith(PACKAGE_FOLDER):
            found = frame
        frame = frame.f_back
    if found is None:
        return None
    kind, _, name = found.f_code.co_qualname.rpartition(".")
    if name in ("__call__", "__init__", "__new__", "__getitem__"):
        name = kind.rpartition(".")[2]
    if not name or name.startswith(("_", "<")):
        return None
    return Callee(f"{_public(found.f_globals.get('__name__', ''))}.{name}", None)
