"""What a function of a user's own computes, as a text that is the same in every process and changes with its code."""

from __future__ import annotations

import dis
import functools
import hashlib
import sys
import types
from typing import Any

import numpy as np

STABLE = ("builtins", "cmath", "graphviz_ad", "math", "numpy", "scipy")
"""Packages whose functions are known by their name and the package's version."""


class _UnknownError(Exception):
    """Something that has no text which stays the same."""


def fingerprint(function: Any) -> str | None:
    """A text for a function: of its code, its constants, and everything that it refers to; None where that fails.

    Two functions with the same text give the same numbers; names of arguments, line numbers and the file do not count.
    None: an object with state, or a function that calls into modules of which only NumPy's, SciPy's and ours are known.

    Examples
    --------
    >>> def steep(slope):
    ...     return lambda x: np.tanh(slope * x)
    >>> fingerprint(steep(2.0)) == fingerprint(steep(2.0)), fingerprint(steep(2.0)) == fingerprint(steep(3.0))
    (True, False)
    >>> fingerprint(np.tanh).split()[0]
    'numpy.tanh'
    """
    try:
        text = _told(function, ())
    except _UnknownError:
        return None
    return text if len(text) < 80 else f"code {hashlib.sha256(text.encode()).hexdigest()}"


def _told(value: Any, inside: tuple[int, ...]) -> str:
    """The text of a value; ``inside``: the functions whose text is being made, for those that call themselves."""
    if id(value) in inside:
        return f"itself {inside.index(id(value))}"
    kind = type(value)
    if value is None or value is Ellipsis or kind in {bool, int, float, complex, str, bytes}:
        return f"{kind.__name__} {value!r}"
    if kind in {tuple, list}:
        return f"{kind.__name__} [{', '.join(_told(item, inside) for item in value)}]"
    if kind in {set, frozenset}:  # their order differs from process to process
        return f"{kind.__name__} [{', '.join(sorted(_told(item, inside) for item in value))}]"
    if kind is dict:
        items = (f"{_told(key, inside)}: {_told(item, inside)}" for key, item in value.items())
        return f"dict [{', '.join(sorted(items))}]"
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufc":
        data = np.ascontiguousarray(value)
        return f"array {data.dtype.str} {np.shape(value)} {hashlib.sha256(data.tobytes()).hexdigest()}"
    name = _by_name(value)
    if name:
        return name
    if isinstance(value, functools.partial):
        parts = (value.func, value.args, value.keywords)
        return f"partial [{', '.join(_told(part, inside) for part in parts)}]"
    if isinstance(value, types.FunctionType):
        return _function(value, (*inside, id(value)))
    raise _UnknownError


def _by_name(value: Any) -> str:
    """``numpy.tanh 2.4.6`` for what a stable package calls so itself; "" for everything else."""
    if isinstance(value, types.ModuleType):
        name = value.__name__
        return f"{name} {_version(name)}" if name.split(".")[0] in STABLE else ""
    title: Any = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    modules = [getattr(value, "__module__", None), *(["numpy", "scipy.special"] if isinstance(value, np.ufunc) else [])]
    for module in modules:
        if isinstance(module, str) and isinstance(title, str) and module.split(".")[0] in STABLE:
            found: Any = sys.modules.get(module)
            for part in title.split("."):
                found = getattr(found, part, None)
            if found is value:
                return f"{module}.{title} {_version(module)}"
    return ""


def _version(module: str) -> str:
    package = module.split(".", maxsplit=1)[0]
    return str(getattr(sys.modules.get(package), "__version__", "Python"))


def _function(function: types.FunctionType, inside: tuple[int, ...]) -> str:
    try:
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
    except ValueError:  # a name that has no value yet
        raise _UnknownError from None
    names = sorted(_globals(function.__code__))
    around = {name: function.__globals__[name] for name in names if name in function.__globals__}
    parts = [function.__defaults__, function.__kwdefaults__, cells, *around.values()]
    told = ", ".join(_told(part, inside) for part in parts)
    return f"function [{_code(function.__code__, inside)}, {list(around)}, {told}]"


def _globals(code: types.CodeType) -> set[str]:
    found = {str(step.argval) for step in dis.get_instructions(code) if step.opname in {"LOAD_GLOBAL", "LOAD_NAME"}}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _globals(constant)
    return found


def _code(code: types.CodeType, inside: tuple[int, ...]) -> str:
    constants = [
        _code(constant, inside) if isinstance(constant, types.CodeType) else _told(constant, inside)
        for constant in code.co_consts
    ]
    shape = (code.co_argcount, code.co_kwonlyargcount, code.co_flags, code.co_nlocals, len(code.co_freevars))
    return f"code [{code.co_code.hex()}, {shape}, {code.co_names}, {constants}, {code.co_exceptiontable.hex()}]"
