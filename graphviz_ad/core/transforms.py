"""Derivatives of plain NumPy functions: gradients, Jacobians, Hessians, and products with them, in both modes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import REAL_RESULT, is_complex
from graphviz_ad.core.directions import direction
from graphviz_ad.core.pytree import Path, leaves, map_leaves, path_name
from graphviz_ad.core.recording import (
    Key,
    Recording,
    as_kind_of,
    check_result,
    refuse_without_floats,
    zeros_for,
)
from graphviz_ad.core.run import patient_collector
from graphviz_ad.core.traced import dtype_of, is_floating, shape_of, value_of
from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError, InputError, OutputError, SeedError

Function = Callable[..., Any]
Argnums = int | Sequence[int]

ENTRIES_AT_ONCE = 2**22
"""Seeds are batched as long as no batched adjoint has more entries than this."""


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """The gradient of a function with one scalar result.

    Parameters
    ----------
    f : callable
        A plain NumPy function; its result has one element.
    argnums : int or tuple of int
        Which positional arguments to differentiate by: floats, arrays of floats, or nested
        dict/list/tuple of them, or objects whose attributes hold arrays.

    Returns
    -------
    callable
        Takes f's arguments and gives the gradient in the argument's structure, shape and dtype; a
        tuple of them if ``argnums`` is one. Beside floats, an int, a bool, a text or None inside a container has
        the gradient None; for an object it is an object of the same class with gradients as attributes.

    Raises
    ------
    InputError
        An argument holds no float, or a complex number, or something that nothing can look into.
    OutputError
        The result is not a float with one element.
    MutationError
        An array was changed in place between its use and the sweep.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.grad(lambda x: (x**2 + 1) ** 3)(1.0)
    24.0
    """
    return _second(_swept_once(f, argnums, "grad", check_scalar_output), f)


def value_and_grad(f: Function, argnums: Argnums = 0) -> Function:
    """Like `grad`, with the function's value: ``(value, gradient)`` at the cost of one pass each way.

    Parameters, results and errors are those of `grad`.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.value_and_grad(lambda x: x**2 + 1)(3.0)
    (10.0, 6.0)
    """
    return _swept_once(f, argnums, "value_and_grad", check_scalar_output)


def elementwise_grad(f: Function, argnums: Argnums = 0) -> Function:
    """The gradient of the sum of a function's result: the derivative of each element where f works on each alone.

    Parameters and errors are those of `grad`, but the result may be an array of any shape.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.elementwise_grad(np.tanh)(np.array([0.0, 20.0]))
    array([1., 0.])
    """
    return _second(_swept_once(f, argnums, "elementwise_grad", check_one_output), f)


def _swept_once(f: Function, argnums: Argnums, name: str, check: Callable[[Any, str], None]) -> Function:
    """``(value, gradient)`` by one reverse sweep that starts from ones."""
    check_function(f, name)
    positions, single = _argnums(argnums)

    @_named_after(f)
    def both(*args: Any, **kwargs: Any) -> Any:
        with patient_collector:
            where = _positions(positions, len(args))
            recording = Recording(f, args, kwargs, where)
            check(recording.out, name)
            value = recording.settle(recording.out)
            seeds = [(recording.out, sweep.seed_like(value_of(recording.out)))]
            recording.release()
            gradients = recording.pull(seeds)
            structured = recording.close_all(where, gradients)
            return value, structured[0] if single else tuple(structured)

    return both


# -- products with a Jacobian -------------------------------------------------------------------


def vjp(f: Function, /, *args: Any, **kwargs: Any) -> tuple[Any, Function]:
    """The result of a function and its pullback, which takes an adjoint of the result back to the arguments.

    Parameters
    ----------
    f : callable
        Its result may be any nest of floats and arrays.
    *args, **kwargs
        Every positional argument that holds floats is differentiated by.

    Returns
    -------
    out
        ``f(*args, **kwargs)``.
    pullback : callable
        ``pullback(adjoint)``, with the adjoint in the structure and shapes of ``out``, gives a tuple with one
        entry per argument, None for arguments without floats. Bool and int results take any adjoint, and send zeros.

    Raises
    ------
    SeedError
        The adjoint has another structure or shape than the result.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> out, pullback = gad.vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> out, pullback(1.0)
    (6.0, (3.0, 2.0))
    """
    check_function(f, "vjp", "gad.vjp(f, x)")
    with patient_collector:
        recording = Recording(f, args, kwargs, range(len(args)), every=False, copied=True)
    _check_inputs(recording, args, "vjp")
    check_result(recording.out)

    def pullback(adjoint: Any) -> tuple[Any, ...]:
        with patient_collector:
            gradients = recording.pull(_seeds(recording.out, adjoint))
            return tuple(
                recording.close(number, gradients) if recording.holds(number) else None for number in range(len(args))
            )

    return recording.result(own=True), pullback


def _check_inputs(recording: Recording, args: Sequence[Any], name: str) -> None:
    if not recording.inputs:
        if args:
            refuse_without_floats(args[0], 0)
        raise InputError(f"gad.{name} needs an argument that holds floats.")


def _seeds(out: Any, adjoint: Any) -> list[tuple[Any, Any]]:
    """Every leaf of the result with its seed."""
    seeds = []
    for path, leaf, given in _paired(out, adjoint, "the adjoint", "the result", SeedError):
        if is_floating(value_of(leaf)):
            where = f"the adjoint{_of(path)}"
            seeds.append((leaf, direction(given, value_of(leaf), where, f"the result{_of(path)}", SeedError)))
    return seeds


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The result of a function and its tangent: how the result moves when the arguments move along ``tangents``.

    Parameters
    ----------
    f : callable
        Its result may be any nest of floats and arrays.
    primals : tuple
        The arguments.
    tangents : tuple
        In the structure and shapes of ``primals``; None, or 0, for what is no float.

    Returns
    -------
    tuple
        ``(out, out_tangent)``; the tangent of a bool or int is zeros.

    Raises
    ------
    ArgumentError
        A tangent has another structure or shape than its argument, or moves what is no float.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    check_function(f, "jvp", "gad.jvp(f, (x,), (tangent,))")
    for value, name in ((primals, "primals"), (tangents, "tangents")):
        if not isinstance(value, tuple | list):
            raise ArgumentError(f"{name} must be a tuple with one entry per argument, not {brief(value)}.")
    if len(primals) != len(tangents):
        raise ArgumentError(
            f"primals and tangents must be of one length, one tangent for each argument: got {len(primals)} and "
            f"{len(tangents)}."
        )
    return _jvp(f, tuple(primals), {}, range(len(primals)), tuple(tangents))


def _jvp(
    f: Function,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    argnums: Sequence[int],
    tangents: Sequence[Any],
    called: str = "",
) -> tuple[Any, Any]:
    with patient_collector:
        recording = Recording(f, args, kwargs, argnums, every=False)
        _check_inputs(recording, args, "jvp")
        check_result(recording.out)
        table: dict[Key, Any] = {}
        for number, tangent in zip(argnums, tangents, strict=True):
            what = f"argument {number}"
            name = called or f"the tangent of {what}"
            for path, leaf, given in _paired(args[number], tangent, name, what, ArgumentError):
                node = recording.inputs.get((number, path))
                if node is not None:
                    table[number, path] = direction(given, node.value, f"{name}{_of(path)}", f"{what}{_of(path)}")
                elif not (given is None or (isinstance(given, int | float | np.ndarray) and not np.any(given))):
                    raise ArgumentError(
                        f"{what}{_of(path)} is {brief(leaf)}, no float, and cannot move: its tangent must be None."
                    )
        tangent_of = recording.push(table)

        def tangent_leaf(_path: Path, leaf: Any) -> Any:
            value = value_of(leaf)
            if not isinstance(value, float | int | np.ndarray | np.generic):
                return None
            found = tangent_of(leaf)
            like = value if is_floating(value) else np.zeros(shape_of(value))[()]
            return zeros_for(like) if found is None else as_kind_of(found, like)

        return recording.result(), map_leaves(tangent_leaf, recording.out)


def _paired(tree: Any, other: Any, what: str, of: str, kind: type[Exception]) -> list[tuple[Path, Any, Any]]:
    """The leaves of two trees side by side; an error that names the place where their structures differ."""
    ours = leaves(tree)
    if len(ours) == 1 and ours[0][0] == ():
        return [((), tree, other)]
    theirs = dict(leaves(other))
    missing = [path for path, _ in ours if path not in theirs]
    if missing or len(theirs) != len(ours):
        place = path_name(missing[0]) if missing else path_name(next(p for p in theirs if p not in dict(ours)))
        raise kind(f"{what} must have the structure of {of}; they differ at {place or 'the top'}.")
    return [(path, leaf, theirs[path]) for path, leaf in ours]


def _of(path: Path) -> str:
    return f" at {path_name(path)}" if path else ""


def hvp(f: Function, argnums: Argnums = 0) -> Function:
    """Hessian-vector products, without the Hessian: the tangent of the gradient along ``v``.

    Returns
    -------
    callable
        Takes f's arguments and then ``v``, in the structure of the argument (a tuple of them if ``argnums`` is one),
        and gives H v in the same structure. Errors are those of `grad` and `jvp`.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """
    check_function(f, "hvp")
    positions, single = _argnums(argnums)
    gradient = _second(_swept_once(f, argnums, "hvp", check_scalar_output), f)

    @_named_after(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        if len(args) < 2:
            raise ArgumentError("gad.hvp(f) takes f's arguments and then v: gad.hvp(f)(x, v).")
        *primals, v = args
        where = _positions(positions, len(primals))
        if not single and (not isinstance(v, tuple | list) or len(v) != len(where)):
            raise ArgumentError(f"v must be a tuple of {len(where)}, one for each of argnums={argnums}.")
        moved = _jvp(gradient, tuple(primals), kwargs, where, [v] if single else v, "v")[1]
        like = primals[where[0]] if single else tuple(primals[number] for number in where)
        kinds = dict(leaves(like))
        return map_leaves(
            lambda path, value: value if value is None else as_kind_of(value, value_of(kinds[path])), moved
        )

    return product


# -- whole Jacobians ----------------------------------------------------------------------------


def jacobian(f: Function, argnums: Argnums = 0, mode: str | None = None) -> Function:
    """The Jacobian of a function: how every element of the result depends on every element of an argument.

    Parameters
    ----------
    f : callable
        Its result may be any nest of floats and arrays.
    argnums : int or tuple of int
        As for `grad`.
    mode : {"rev", "fwd", None}
        One seed for each element of the result ("rev"), or for each of the arguments ("fwd"); None takes the fewer.
        All seeds go through one sweep, on a leading axis.

    Returns
    -------
    callable
        Takes f's arguments and gives arrays of shape ``out.shape + in.shape``, in the structure of the result and
        therein of the argument.

    Raises
    ------
    OutputError
        The result holds a bool or int, which has no derivative, or nothing at all.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return _jacobian(f, argnums, mode, "jacobian")


def _jacobian(f: Function, argnums: Argnums, mode: str | None, name: str) -> Function:
    check_function(f, name)
    positions, single = _argnums(argnums)
    if mode not in ("rev", "fwd", None):
        raise ArgumentError(f"unknown mode: {mode!r} (must be one of ['rev', 'fwd', None])")

    @_named_after(f)
    def whole(*args: Any, **kwargs: Any) -> Any:
        with patient_collector:
            where = _positions(positions, len(args))
            recording = Recording(f, args, kwargs, where)
            check_result(recording.out)
            outs = [(path, leaf) for path, leaf in leaves(recording.out) if leaf is not None and type(leaf) is not str]
            for path, leaf in outs:
                if not is_floating(value_of(leaf)):
                    raise OutputError(f"the result{_of(path)} is {_described(leaf)}, which has no derivative.")
            if not outs:
                check_one_output(recording.out, name)
            entries = sum(math.prod(shape_of(leaf)) for _, leaf in outs)
            floats = sum(node.size for node in recording.inputs.values())
            chosen = mode or ("rev" if entries <= floats else "fwd")
            table = _by_rows(recording, outs) if chosen == "rev" else _by_columns(recording, outs)

            def block(path: Path, leaf: Any) -> Any:
                if leaf is None or type(leaf) is str:
                    return None
                rows = {recording.inputs[key].index: found for (place, key), found in table.items() if place == path}
                found = recording.close_all(where, rows, shape_of(leaf))
                return found[0] if single else tuple(found)

            return map_leaves(block, recording.out)

    return whole


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """The matrix of second derivatives of a function with one scalar result: the Jacobian of its gradient.

    Parameters and errors are those of `grad`. An argument of shape ``s`` gives an array of shape ``s + s``; a container
    gives a container of containers, a block for each pair of its leaves.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    check_function(f, "hessian")
    return _jacobian(_second(_swept_once(f, argnums, "hessian", check_scalar_output), f), argnums, None, "hessian")


Blocks = dict[tuple[Path, Key], Any]


def _by_rows(recording: Recording, outs: Sequence[tuple[Path, Any]]) -> Blocks:
    """Reverse mode: a seed for each element of the result."""
    table: Blocks = {}
    largest = max((node.size for node in recording.inputs.values()), default=1)
    for path, leaf in outs:
        if not recording.depends(leaf):
            continue
        pieces: dict[Key, list[Any]] = {}
        for seeds in _unit_seeds(leaf.value, max(largest, leaf.size)):
            found = recording.pull([(leaf, seeds)], batched=True)
            for key, node in recording.inputs.items():
                if node.index in found:
                    pieces.setdefault(key, []).append(found[node.index])
        for key, parts in pieces.items():
            rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
            table[path, key] = np.reshape(rows, leaf.shape + recording.inputs[key].shape)
    return table


def _by_columns(recording: Recording, outs: Sequence[tuple[Path, Any]]) -> Blocks:
    """Forward mode: a tangent for each element of the arguments."""
    table: Blocks = {}
    largest = max((math.prod(shape_of(leaf)) for _, leaf in outs), default=1)
    for key, node in recording.inputs.items():
        pieces: dict[Path, list[Any]] = {}
        for tangents in _unit_seeds(node.value, max(largest, node.size)):
            tangent_of = recording.push({key: tangents}, batched=True)
            for path, leaf in outs:
                found = tangent_of(leaf)
                if found is not None:
                    pieces.setdefault(path, []).append(found)
        for path, leaf in outs:
            if path not in pieces:
                continue
            parts = pieces[path]
            columns = parts[0] if len(parts) == 1 else np.concatenate(parts)
            turned = np.transpose(columns, (*range(1, 1 + leaf.ndim), 0))
            table[path, key] = np.reshape(turned, leaf.shape + node.shape)
    return table


def _unit_seeds(value: Any, largest: int) -> list[Any]:
    """Unit seeds for every element of a value, stacked on a leading axis, in as few pieces as memory allows."""
    size = math.prod(shape_of(value))
    if not size:
        return []
    rows = np.eye(size, dtype=dtype_of(value)).reshape(size, *shape_of(value))
    step = max(1, ENTRIES_AT_ONCE // max(1, largest))
    return [rows[start : start + step] for start in range(0, size, step)]


# -- arguments and results ----------------------------------------------------------------------


def _named_after(f: Function) -> Callable[[Function], Function]:
    return functools.wraps(f, assigned=("__name__", "__doc__"), updated=())


def _second(both: Function, f: Function) -> Function:
    @_named_after(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def check_function(f: Any, name: str, use: str = "") -> None:
    """Refuse what is no function, and say how the transformation is written."""
    if not callable(f):
        wanted = use or f"gad.{name}(f)(x)"
        raise ArgumentError(f"f must be a function, not {brief(f)}; write {wanted}, not gad.{name}(f(x)).")


def _argnums(argnums: Any) -> tuple[tuple[int, ...], bool]:
    single = isinstance(argnums, int | np.integer)
    numbers = (argnums,) if single else argnums
    if (
        not isinstance(numbers, tuple | list)
        or not numbers
        or not all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in numbers)
    ):
        raise ArgumentError(f"argnums must be an int or a tuple of ints, not {argnums!r}")
    return tuple(int(n) for n in numbers), single


def _positions(numbers: Sequence[int], count: int) -> list[int]:
    for number in numbers:
        if not -count <= number < count:
            raise ArgumentError(
                f"argnums={number} is out of range: the function was called with {count} positional argument"
                f"{'' if count == 1 else 's'}. What is differentiated by is passed by position, not as a keyword."
            )
    return [number % count for number in numbers]


def _described(value: Any) -> str:
    kind = dtype_of(value).kind
    return {"b": "a bool", "i": "an int", "u": "an int"}.get(kind, f"a {type(value).__name__}")


def check_one_output(out: Any, name: str = "grad") -> None:
    """Refuse a result that is not one float or one array of floats, and say why."""
    if isinstance(out, tuple | list | dict):
        raise OutputError(
            f"the function returned a {type(out).__name__}; {name} needs one float. Return one number, such as the "
            "loss."
        )
    if out is None:
        raise OutputError("the function returned None; did it forget `return`?")
    if is_complex(value_of(out)):
        raise OutputError(f"the function returned a complex value: {REAL_RESULT}.")
    if not is_floating(value_of(out)):
        raise OutputError(
            f"the function returned {_described(out)}, which has no derivative; return a float that depends on the "
            "inputs."
        )


def check_scalar_output(out: Any, name: str = "grad") -> None:
    """Refuse a result that has no gradient, and say why."""
    check_one_output(out, name)
    size = math.prod(shape_of(out))
    if size != 1:
        raise OutputError(
            f"the function returned an array of shape {shape_of(out)}; {name} needs one number. Reduce it first, for "
            "example with np.sum or np.mean."
        )
