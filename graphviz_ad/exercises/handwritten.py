"""A backward pass written by hand: calls it, and finds the gradients in whatever it gives back."""

from __future__ import annotations

import dis
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

from graphviz_ad.core.pytree import attributes, is_float_leaf, leaves, path_name
from graphviz_ad.core.traced import Traced, is_constant
from graphviz_ad.core.where import base_name, brief
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.naming import Names, stems

_TABLES = frozenset({"grads", "grad", "gradients", "_grads"})
_UPSTREAM = re.compile(
    r"(?i)d?_?(g|grad|gradient|upstream|adjoint|seed|delta|d?out|dy|dz|.*(bar|_grad|grad_.*|output))"
)

SIMPLE = float | int | np.ndarray | np.generic


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a backward pass gave no gradients: a sentence, and the error that it raised, if it did."""

    text: str
    error: BaseException | None = None


@dataclass(slots=True)
class Handed:
    """What a backward pass gave: gradients by node name, keys that belong to no node, and its own variables."""

    gradients: dict[str, Any] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    """Local variables at its end, where each was assigned once: by their own names."""
    problem: Problem | None = None
    ordered: bool = False
    """Whether they came without names, and were taken in the order of the arguments."""


def split(given: Any, f: Any, args: tuple[Any, ...]) -> tuple[Any, Any, tuple[Any, ...]]:
    """The backward pass, the function to trace and its arguments; of an object with its methods the object comes first.

    A backward pass may be a function, an object with ``backward``, or such an object's bound method.
    """
    if inspect.isclass(given):
        raise ArgumentError(f"compare one object, not its class: write gad.compare({given.__name__}(...), ...).")
    owner = given if hasattr(given, "backward") else getattr(given, "__self__", None)
    if owner is given and not callable(given) and not _holds_floats(owner):  # a layer without parameters
        f = getattr(owner, getattr(f, "__name__", "")) if _akin(getattr(f, "__self__", None), owner) else f
        made = (getattr(owner, name, None) for name in ("loss", "forward"))
        return owner.backward, next(filter(None, made), None) if f is None else f, args
    if owner is None or inspect.ismodule(owner) or not _holds_floats(owner):
        if not callable(given):
            raise ArgumentError(
                f"a backward pass is a function, or an object with a method backward, not {brief(given)}"
            )
        method = getattr(args[0], "backward", None) if args else None
        if method is not None and getattr(method, "__func__", None) is given:
            return method, f, args
        return given, f, args
    method = given.backward if owner is given else given
    if f is None:
        f = next((getattr(type(owner), name) for name in ("loss", "forward") if hasattr(type(owner), name)), None)
    f = getattr(f, "__func__", f)  # net.loss means the loss of any such net
    return method, f, (owner, *args)


def _akin(one: Any, other: Any) -> bool:
    """Whether a method of one may be meant for the other."""
    return one is not None and (isinstance(one, type(other)) or isinstance(other, type(one)))


def _holds_floats(owner: Any) -> bool:
    return any(is_float_leaf(leaf) for _, leaf in leaves(owner))


def argument_names(f: Any, args: Sequence[Any]) -> list[str]:
    """What a function calls its arguments."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return [f"x{n + 1}" for n in range(len(args))]
    names = [one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return [*names, *(f"argument {n}" for n in range(len(names), len(args)))][: len(args)]


def arranged(backward: Callable[..., Any], inputs: Mapping[str, Any], seed: Any, scalar: bool) -> tuple[Any, ...]:
    """The arguments for a backward pass: inputs by name where it uses their names, and the adjoint of the result.

    Raises
    ------
    ArgumentError
        It asks for something that cannot be given.
    """
    try:
        parameters = list(inspect.signature(backward).parameters.values())
    except (TypeError, ValueError):
        return tuple(inputs.values())
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return tuple(inputs.values())
    plain = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    asked = [one.name for one in plain if one.default is one.empty or one.name in inputs]
    found = {name: inputs[name] for name in asked if name in inputs}
    open_ = [name for name in asked if name not in found]
    rest = [name for name in inputs if name not in found]
    method = hasattr(backward, "__self__")
    if open_ and (len(open_) == len(rest) + 1 or (not scalar and (method or len(open_) > len(rest)))):
        upstream = next((name for name in open_ if _UPSTREAM.fullmatch(name)), open_[-1])
        found[upstream] = seed
        open_.remove(upstream)
    if open_ and method:  # what a method has kept of its forward pass it does not ask for again
        rest = rest[-len(open_) :]
    if len(open_) > len(rest) or (len(open_) < len(rest) and open_):
        raise ArgumentError(
            f"{named(backward)} asks for {', '.join(asked)}; what there is to give is {', '.join(inputs)}"
            " and, as one argument more, the adjoint of the result."
        )
    found |= {name: inputs[other] for name, other in zip(open_, rest, strict=False)}
    return tuple(found[name] for name in asked)


def seeded_argument(backward: Callable[..., Any], inputs: Mapping[str, Any], scalar: bool) -> str:
    """The argument that gets the adjoint of the result, if its name does not say so; else ""."""
    marker = object()
    try:
        given = arranged(backward, inputs, marker, scalar)
        asked = list(inspect.signature(backward).parameters)
    except (ArgumentError, TypeError, ValueError):
        return ""
    place = next((n for n, one in enumerate(given) if one is marker), None)
    if place is None:
        return ""
    told = _UPSTREAM.fullmatch(asked[place]) or any(stems(asked[place]))
    return "" if told else asked[place]


def named(function: Any) -> str:
    """What a text calls a function."""
    name = getattr(function, "__name__", type(function).__name__)
    return "the backward pass" if name == "<lambda>" else name


def call(backward: Callable[..., Any], args: Sequence[Any]) -> tuple[Any, dict[str, Any], Problem | None]:
    """What a backward pass returns, its local variables at the end, and what went wrong."""
    code = getattr(inspect.unwrap(getattr(backward, "__func__", backward)), "__code__", None)
    kept: dict[str, Any] = {}

    def at_return(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "return" and frame.f_code is code:
            kept.clear()
            kept.update(frame.f_locals)

    before = sys.getprofile()
    try:
        with np.errstate(all="ignore"):
            if code is not None and before is None:
                sys.setprofile(at_return)
            try:
                result = backward(*args)
            finally:
                sys.setprofile(before)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a student's code may raise anything)
        return None, {}, Problem(raised(named(backward), error, code), error)
    once = set(_assigned_once(code)) if isinstance(code, CodeType) else set()
    return result, {name: value for name, value in kept.items() if name in once}, None


def raised(name: str, error: BaseException, code: CodeType | None = None) -> str:
    """An error in a student's code as a sentence with its line."""
    if type(error).__name__ == "StudentError":  # from its own process (`fresh`): it is a sentence already
        return str(error)
    ours = str(Path(__file__).parent.parent)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(ours)]
    own = [frame for frame in frames if code is not None and frame.filename == code.co_filename]
    what = "sys.exit" if isinstance(error, SystemExit) else type(error).__name__
    words = f": {error}" if str(error) and not isinstance(error, SystemExit) else ""
    if not (own or frames):
        return f"{name} raised {what}{words}"
    frame = (own or frames)[-1]
    line = f" (`{frame.line.strip()}`)" if frame.line else ""
    return f"{name} raised {what} at line {frame.lineno} of {base_name(frame.filename)}{line}{words}"


def _assigned_once(code: CodeType) -> Iterator[str]:
    """Local variables that have one value from their assignment to the end: no loop makes them again."""
    stored: dict[str, list[int]] = {}
    loops: list[tuple[int, int]] = []
    for step in dis.get_instructions(code):
        if step.opname.startswith("STORE_"):
            for name in step.argval if isinstance(step.argval, tuple) else (step.argval,):
                stored.setdefault(str(name), []).append(step.offset)
        elif step.opname.startswith("JUMP_BACKWARD") and isinstance(step.argval, int):
            loops.append((step.argval, step.offset))
    for name, places in stored.items():
        if len(places) == 1 and not any(start <= places[0] <= end for start, end in loops):
            yield name


# -- what it gives back -----------------------------------------------------------------------------


def read(
    result: Any,
    names: Names,
    units: Sequence[Sequence[str]],
    value: Any = None,
    fits: Callable[[str, Any], bool] = lambda name, gradient: True,
) -> Handed:
    """The gradients in what a backward pass returned.

    Parameters
    ----------
    units
        The inputs whose gradients are asked for, in order: of each argument the names of its leaves.
    value
        The value of the function, which some return before the gradients.
    fits
        Whether something has the shape of a node: of two orders the one that fits better is taken.
    """
    handed = Handed()
    flat = [name for unit in units for name in unit]
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        result = dict(zip(result._fields, result, strict=True))
    if isinstance(result, tuple | list) and len(result) == 2 and len(units) != 2 and _is_value(result[0], value):
        result = result[1]
    if result is None:
        return handed
    if isinstance(result, Mapping):
        _keyed(result, names, handed, "")
    elif isinstance(result, SIMPLE):
        if len(flat) == 1:
            handed.gradients[flat[0]] = result
        else:
            handed.problem = Problem(
                f"One array came back, and the gradients of {', '.join(flat)} are asked for: return a dictionary."
            )
    elif isinstance(result, tuple | list):
        _in_order(result, names, units, handed, fits)
    elif attributes(result):
        _keyed(attributes(result), names, handed, "")
    else:
        handed.problem = Problem(f"What came back is {brief(result)}; return a dictionary of gradients by name.")
    return handed


def read_attributes(owner: Any, names: Names, handed: Handed) -> None:
    """Gradients that an object keeps: dW1, grads["W1"]; what was returned goes before."""
    own = attributes(owner)
    for key, value in names.renamed(own, derived=True).items():
        found = Handed()
        if key not in own:  # it has got the name of a node
            found.gradients[key] = value
        elif key in _TABLES and isinstance(value, Mapping):
            _keyed(value, names, found, "")
        elif (name := names.find(key, derived=True)) is not None:
            found.gradients[name] = value
        elif isinstance(value, list | tuple):
            for stem in stems(key):
                _keyed({stem: value}, names, found, "")
        handed.gradients = found.gradients | handed.gradients


def _is_value(first: Any, value: Any) -> bool:
    return isinstance(first, SIMPLE) and np.shape(first) == np.shape(value) and bool(np.allclose(first, value))


def _keyed(table: Mapping[Any, Any], names: Names, handed: Handed, around: str) -> None:
    for key, value in (table if around else names.renamed(table)).items():
        path = f"{around}{key}" if isinstance(key, str) and not around else f"{around}.{key}"
        name = names.find(path) or (names.find(str(key)) if around else None)
        if name is not None:
            handed.gradients[name] = value
        elif isinstance(value, Mapping):
            _keyed(value, names, handed, path)
        elif isinstance(value, list | tuple) and value and not isinstance(value[0], float | int):
            _keyed({f"{path}[{n}]": item for n, item in enumerate(value)}, names, handed, "")
        else:
            handed.unknown.append(str(key))


def _in_order(
    result: Sequence[Any],
    names: Names,
    units: Sequence[Sequence[str]],
    handed: Handed,
    fits: Callable[[str, Any], bool],
) -> None:
    tables = [item for item in result if isinstance(item, Mapping)]
    flat = [name for unit in units for name in unit]
    handed.ordered = not tables and len(flat) > 1
    if result and len(tables) == len(result):
        for table in tables:
            _keyed(table, names, handed, "")
    elif len(result) == len(units) != len(flat):
        for unit, item in zip(units, result, strict=True):
            if len(unit) == 1:
                handed.gradients[unit[0]] = item
            elif isinstance(item, Mapping):
                _keyed(item, names, handed, "")
            else:
                parts = [leaf for _, leaf in leaves(item)]
                handed.gradients |= dict(zip(unit, parts, strict=False))
    elif len(found := list(result)) == len(flat) or len(found := [one for _, one in leaves(found)]) == len(flat):
        by_place = names.turned(flat)  # (dW, db) of each layer, and the object keeps all W before all b
        orders = [flat] if by_place is None else [flat, by_place]
        best = max(orders, key=lambda order: sum(map(fits, order, found)))
        handed.gradients |= dict(zip(best, found, strict=True))
    elif len(flat) == 1 and all(isinstance(item, float | int) for item in result):
        handed.gradients[flat[0]] = list(result)
    else:
        handed.problem = Problem(
            f"{len(result)} came back, and {len(flat)} gradients are asked for: those of {', '.join(flat)}. "
            "Return them in this order, or as a dictionary by name."
        )


def is_input(leaf: Any) -> bool:
    """Whether an adjoint is asked for: a float, unless it was handed over by `gad.constant`."""
    return is_float_leaf(leaf) and not (type(leaf) is Traced and is_constant(leaf))


def leaf_names(name: str, argument: Any) -> list[tuple[str, ...]]:
    """Of each float of an argument the ways to name it: whole, and inside the argument."""
    found = []
    for path, leaf in leaves(argument):
        if is_input(leaf):
            inner = (path_name(path),) if path else ()
            found.append((path_name((f".{name}", *path)), *inner))
    return found
