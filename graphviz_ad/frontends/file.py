"""A graph of a function in a file: ``model.py:neuron`` at values written as text, as the command line has them."""

from __future__ import annotations

import ast
import contextlib
import difflib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from graphviz_ad.core.variables import constant
from graphviz_ad.errors import ArgumentError, GraphvizADError
from graphviz_ad.graph import Graph, trace

PACKAGE = Path(__file__).resolve().parents[1]


class UserCodeError(GraphvizADError, RuntimeError):
    """The user's own file cannot be run; the message says file, line and reason, and is no traceback."""


def graph_of_file(target: str, at: Sequence[str] = (), constants: Sequence[str] = ()) -> Graph:
    """Run a file, then one of its functions on traced values.

    Parameters
    ----------
    target
        ``FILE.py:FUNCTION``.
    at
        ``NAME=VALUE`` for the arguments to differentiate by.
    constants
        ``NAME=VALUE`` for the other arguments.

    Raises
    ------
    ArgumentError
        What was written does not fit: the file, the function, a name or a value.
    UserCodeError
        The file, or the function, raises.
    """
    file, name = split(target)
    given = {key: as_input(key, text) for key, text in pairs(at, "--at").items()}
    others = {key: as_constant(text) for key, text in pairs(constants, "--constant").items()}
    twice = [key for key in given if key in others]
    if twice:
        raise ArgumentError(f"{twice[0]} is given both by --at and by --constant; write it once.")
    with loaded(file) as module:
        function = function_of(module, name, file)
        args, kwargs = arguments(function, name, given, others)
        with told(file):
            return trace(function, *args, **kwargs)


# -- the file -----------------------------------------------------------------------------------


def split(target: str) -> tuple[Path, str]:
    """Take ``FILE.py:FUNCTION`` apart; the file must be there.

    Examples
    --------
    >>> split("model.py")
    Traceback (most recent call last):
    graphviz_ad.errors.ArgumentError: 'model.py' names no function; write FILE.py:FUNCTION, such as model.py:loss
    """
    start, colon, name = target.rpartition(":")
    if not colon or not name.isidentifier():
        file = Path(target.rstrip(":"))
        names = _functions(file)
        which = f" (it defines {', '.join(names)})" if names else ""
        example = f"{file if file.suffix else 'model.py'}:{names[0] if names else 'loss'}"
        raise ArgumentError(f"{target!r} names no function{which}; write FILE.py:FUNCTION, such as {example}")
    file = Path(start)
    if file.suffix == ".ipynb":
        raise ArgumentError(
            f"{file.name} is a notebook, which Jupyter runs; write in it: gad.trace({name}, ...).save('figure.svg')"
        )
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise ArgumentError(f"the file {start} {what}; write FILE.py:FUNCTION, such as model.py:{name}")
    return file, name


def _functions(file: Path) -> list[str]:
    """The functions that a file defines, found without running it."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


@contextlib.contextmanager
def loaded(file: Path) -> Iterator[ModuleType]:
    """Run a file as a module that is not ``__main__``; meanwhile it finds the modules beside it.

    It is compiled here and not imported by name, so that no ``__pycache__`` appears beside it, and none that is out
    of date is taken.
    """
    path = file.resolve()
    # its own name, so that modules beside it may import it, unless a module of that name is there already
    name = path.stem if path.stem not in sys.modules else f"_file_{path.stem}"
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(path))
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.path.insert(0, str(path.parent))
    sys.modules[name] = module
    try:
        with told(file):
            exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), module.__dict__)
        yield module
    finally:
        sys.modules.pop(name, None)
        with contextlib.suppress(ValueError):  # the file may have changed sys.path
            sys.path.remove(str(path.parent))


def function_of(module: ModuleType, name: str, file: Path) -> Callable[..., Any]:
    """The function of that name; an error names those that look like it."""
    function = getattr(module, name, None)
    if callable(function):
        return function  # type: ignore[no-any-return]
    if function is not None:
        raise ArgumentError(f"{name} in {file.name} is no function but a {type(function).__name__}")
    known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    near = difflib.get_close_matches(name, known, 3)
    own = [key for key in known if getattr(getattr(module, key), "__module__", None) == module.__name__]
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has: {', '.join(own[:20]) or 'none'}"
    raise ArgumentError(f"{file.name} has no function named {name}; {hint}")


@contextlib.contextmanager
def told(file: Path) -> Iterator[None]:
    """Turn whatever the user's code raises into one message; errors that never came to that code stay as they are."""
    try:
        yield
    except Exception as problem:
        place = _place(problem, file.resolve())
        if not place and isinstance(problem, GraphvizADError):
            raise
        raise UserCodeError(f"{place or file.name}\n{_reason(problem)}") from problem
    except SystemExit as end:
        raise UserCodeError(f"{_place(end, file.resolve()) or file.name}\nSystemExit: {end.code}") from end


def _place(problem: BaseException, file: Path) -> str:
    """The innermost line of the user's own code: of the file, or of a module beside it."""
    if isinstance(problem, SyntaxError) and problem.filename and problem.lineno:
        text = (problem.text or "").rstrip()
        caret = "^".rjust(problem.offset) if text and problem.offset and problem.offset > 0 else ""
        code = "".join(f"\n    {line}" for line in _dedented(text, caret))
        return f"{Path(problem.filename).name}, line {problem.lineno}:{code}"
    for frame in reversed(traceback.extract_tb(problem.__traceback__)):
        path = Path(frame.filename)
        own = path == file or (file.parent in path.parents and "site-packages" not in path.parts)
        if own and PACKAGE not in path.parents:
            where = "" if frame.name == "<module>" else f", in {frame.name}"
            return f"{path.name}, line {frame.lineno}{where}:" + (f"\n    {frame.line}" if frame.line else "")
    return ""


def _dedented(text: str, caret: str) -> list[str]:
    margin = len(text) - len(text.lstrip())
    return [line for line in (text[margin:], caret[margin:]) if line]


def _reason(problem: BaseException) -> str:
    message = problem.msg if isinstance(problem, SyntaxError) else str(problem)
    return f"{type(problem).__name__}: {message}" if message else type(problem).__name__


# -- the arguments ------------------------------------------------------------------------------


def pairs(words: Sequence[str], option: str) -> dict[str, str]:
    """Take ``NAME=VALUE`` apart.

    Examples
    --------
    >>> pairs(["x=2.0", "w=[1, 2]"], "--at")
    {'x': '2.0', 'w': '[1, 2]'}
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier() or not text.strip():
            raise ArgumentError(f"{option} takes NAME=VALUE, such as {option} x=2.0; {word!r} is none")
        if name in found:
            raise ArgumentError(f"{option} gives {name} twice; write it once.")
        found[name] = text.strip()
    return found


def literal(text: str) -> Any:
    """A value as Python writes it, and ``nan`` and ``inf``; nothing is evaluated.

    Raises
    ------
    ValueError
        It is no such value.
    """
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return float(text)


def as_input(name: str, text: str) -> Any:
    """A value to differentiate by: numbers become floats, lists of numbers arrays of floats.

    Examples
    --------
    >>> as_input("x", "2"), as_input("x", "{'w': (1, 2)}"), as_input("x", "[[1, 2], [3, 4]]").shape
    (2.0, {'w': (1.0, 2.0)}, (2, 2))
    """
    try:
        value = literal(text)
    except ValueError as problem:
        raise ArgumentError(
            f"--at {name}={text} is no number and no list of numbers; write for example --at {name}=2.0 or "
            f'--at "{name}=[1.0, 2.0]", and --constant {name}={text} for an argument that is no number'
        ) from problem
    return _floats(name, value)


def _floats(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _floats(name, item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple([_floats(name, item) for item in value])
    if isinstance(value, list):
        return _array(name, value) if _all_numbers(value) else [_floats(name, item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArgumentError(
            f"--at takes numbers, and {name} has {value!r}, by which nothing can be differentiated; "
            f"write --constant {name}={value!r} for an argument that goes to the function as it is"
        )
    try:
        return float(value)
    except OverflowError as problem:
        raise ArgumentError(f"a number in --at {name} is too large for a float") from problem


def _all_numbers(value: Any) -> bool:
    if isinstance(value, list):
        return all(_all_numbers(item) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _any_float(value: Any) -> bool:
    return any(_any_float(item) for item in value) if isinstance(value, list) else isinstance(value, float)


def _array(name: str, value: list[Any]) -> Any:
    try:
        return np.array(value, dtype=float)
    except (ValueError, OverflowError) as problem:
        raise ArgumentError(
            f"{name} is no array: its rows have different lengths, or a number is too large for a float; "
            f'write for example "{name}=[[1, 2], [3, 4]]"'
        ) from problem


def as_constant(text: str) -> Any:
    """A value that goes to the function as it is: floats and arrays as data, and what is no value at all as text.

    Examples
    --------
    >>> as_constant("3"), as_constant("[4, 2]"), as_constant("relu"), as_constant("True")
    (3, [4, 2], 'relu', True)
    """
    try:
        return _data(literal(text))
    except ValueError:
        if text[0] in "[({\"'":
            example = '"n=[1, 2]"'
            raise ArgumentError(
                f"--constant has {text}, which is no value; write for example --constant {example}"
            ) from None
        return text


def _data(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _data(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple([_data(item) for item in value])
    if isinstance(value, list):
        if _all_numbers(value) and _any_float(value):  # whole numbers may be sizes or positions: they stay a list
            return constant(_array("--constant", value))
        return [_data(item) for item in value]
    return constant(value) if isinstance(value, float) else value


def arguments(
    function: Callable[..., Any], name: str, at: Mapping[str, Any], constants: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The call's arguments in the order of the function's own parameters; what is not given keeps its default.

    Raises
    ------
    ArgumentError
        A parameter is missing, or unknown, or there is nothing to differentiate by.
    """
    given = {**at, **constants}
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # written in C: it alone knows
        return tuple(given.values()), {}
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    unknown = [key for key in given if all(key != p.name for p in named)]
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in parameters):
        known = ", ".join(p.name for p in named) or "none"
        raise ArgumentError(f"{name}() has no parameter named {unknown[0]} (its parameters: {known})")
    missing = [p.name for p in named if p.default is p.empty and p.name not in given]
    if missing:
        example = " ".join(f"{key}=1.0" for key in missing)
        raise ArgumentError(
            f"{name}() needs a value for {' and '.join(missing)}; add it, for example: --at {example}"
            + (" (beside those that you have given)" if given else "")
        )
    if not at:
        first = next((p for p in named if p.name not in constants), None)
        number = first.default if first and isinstance(first.default, float) else 2.0
        example = f"{first.name if first else 'x'}={number!r}"
        raise ArgumentError(f"there is nothing to differentiate {name}() by; write for example: --at {example}")
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for parameter in named:
        if parameter.name not in given:
            continue
        before = [p for p in named[: named.index(parameter)] if p.name not in given]
        if parameter.kind is not parameter.KEYWORD_ONLY and not before:
            args.append(given[parameter.name])
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            raise ArgumentError(f"{name}() takes {parameter.name} by position: give {before[0].name} as well.")
        else:
            kwargs[parameter.name] = given[parameter.name]
    return tuple(args), kwargs | {key: given[key] for key in unknown}
