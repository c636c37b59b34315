"""Derivatives of plain NumPy functions: `grad`, `value_and_grad`, and `detach`, `constant`, `variable`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.mutation import sampled, used, verify
from graphviz_ad.core.primitive import Primitive, linear, plain
from graphviz_ad.core.pytree import Path, is_float_leaf, map_leaves, path_name
from graphviz_ad.core.recorder import Recorder
from graphviz_ad.core.traced import (
    Traced,
    apply,
    constant_node,
    dtype_of,
    is_constant,
    is_differentiable,
    is_floating,
    shape_of,
)
from graphviz_ad.errors import ArgumentError, InputError, OutputError

ROLES = ("input", "parameter", "data", "target")

DETACH = plain("detach", lambda x: x, kind="cut", symbol="detach")

# An inner `grad` at a traced point gets a node of its own, told from the point by identity: this is what
# keeps nested derivatives apart without levels
ALIAS: Primitive = linear(
    "alias", lambda x: x, transpose=lambda adjoint, out, x: adjoint, pushforward=lambda tangent, out, x: tangent
)


def check_array(value: Any, what: str) -> None:
    """Refuse what no derivative is defined for: complex, object, masked, matrix, record, string arrays."""
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        raise InputError(
            f"{what} is a {type(value).__module__}.{type(value).__name__}, whose rules differ from an array's; "
            "write np.asarray(x) first."
        )
    kind = dtype_of(value).kind
    if kind == "c":
        raise InputError(f"{what} is complex; only real numbers are differentiated. Pass real and imaginary parts.")
    if kind not in "biuf":
        raise InputError(f"{what} has dtype {dtype_of(value)}; write x.astype(float) to make it numbers.")


def variable(value: Any, name: str | None = None, role: str = "input") -> Traced:
    """An input for the imperative style, or an argument of `gad.trace` with a role of its own.

    Parameters
    ----------
    value : float or array of floats
        Copied, so that later changes of the array do no harm.
    name : str, optional
        The node's name.
    role : {"input", "parameter", "data", "target"}

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> x = gad.variable(2.0, name="x")
    >>> z = x**2 + 1
    >>> gad.graph(z)["x"].adjoint
    np.float64(4.0)
    """
    if role not in ROLES:
        raise ArgumentError(f"unknown role: {role!r} (must be one of {list(ROLES)})")
    _check_name(name)
    value = _own(value, "gad.variable", "a float or an array of floats")
    if not is_floating(value):
        raise InputError(f"gad.variable({value!r}) is no float: write floats, such as 2.0 instead of 2.")
    return Traced(value, None, (), {"name": name, "role": role}, Recorder())


def constant(value: Any, name: str | None = None) -> Traced:
    """Data, not an input: no adjoint is computed for it.

    Parameters
    ----------
    value : number or array
        Copied. Given to a traced function, it arrives there as the plain value.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> graph = gad.trace(lambda w, x: w * x, 3.0, gad.constant(2.0))
    >>> [node.name for node in graph.inputs]
    ['w']
    """
    _check_name(name)
    return constant_node(_own(value, "gad.constant", "a number or an array of numbers"), Recorder(), name)


def _own(value: Any, function: str, wanted: str) -> Any:
    """A checked copy of what a user hands over for keeps."""
    if type(value) is Traced:
        value = value.value
    if isinstance(value, list | tuple):
        value = np.array(value)
    if not isinstance(value, np.ndarray | np.generic | float | int):
        raise InputError(f"{function} takes {wanted}, not a {type(value).__name__}.")
    check_array(value, f"{function}(value)")
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def _check_name(name: Any) -> None:
    if name is not None and (not isinstance(name, str) or not name):
        raise ArgumentError(f"name must be a text of at least one character, not {name!r}")


def detach(x: Any) -> Any:
    """The same value without a derivative: the graph is cut here, and drawn so.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.grad(lambda x: x * gad.detach(x))(3.0)
    3.0
    """

    def leaf(_path: Path, value: Any) -> Any:
        return apply(DETACH, (value,), {}, weak=type(value.value) is float) if type(value) is Traced else value

    return map_leaves(leaf, x)


# -- gradients ----------------------------------------------------------------------------------


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
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
        tuple of them if ``argnums`` is one.

    Raises
    ------
    InputError
        An argument holds no float, or a complex number.
    OutputError
        The result is not a float with one element.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.grad(lambda x: (x**2 + 1) ** 3)(1.0)
    24.0
    """
    both = value_and_grad(f, argnums)

    @functools.wraps(f, assigned=("__name__", "__doc__"), updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Like `grad`, with the function's value: ``(value, gradient)`` at the cost of one pass each way.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.value_and_grad(lambda x: x**2 + 1)(3.0)
    (10.0, 6.0)
    """
    if not callable(f):
        raise ArgumentError(f"f must be a function, not {f!r}; write gad.grad(f)(x), not gad.grad(f(x)).")
    positions = _argnums(argnums)
    single = isinstance(argnums, int | np.integer)

    @functools.wraps(f, assigned=("__name__", "__doc__"), updated=())
    def both(*args: Any, **kwargs: Any) -> Any:
        where = [_position(number, len(args)) for number in positions]
        new_args = list(args)
        inputs: dict[tuple[int, Path], Traced] = {}
        for number in dict.fromkeys(where):
            found = _open(args[number], number, inputs)
            new_args[number] = found
        out = f(*[_plain_constant(a) for a in new_args], **{key: _plain_constant(a) for key, a in kwargs.items()})
        value, gradients = _gradients(out, inputs)
        structured = tuple(_close(args[number], number, gradients) for number in where)
        return value, structured[0] if single else structured

    return both


def _argnums(argnums: Any) -> tuple[int, ...]:
    numbers = (argnums,) if isinstance(argnums, int | np.integer) else argnums
    if (
        not isinstance(numbers, tuple | list)
        or not numbers
        or not all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in numbers)
    ):
        raise ArgumentError(f"argnums must be an int or a tuple of ints, not {argnums!r}")
    return tuple(int(n) for n in numbers)


def _position(number: int, count: int) -> int:
    if not -count <= number < count:
        raise ArgumentError(
            f"argnums={number} is out of range: the function was called with {count} positional argument"
            f"{'' if count == 1 else 's'}."
        )
    return number % count


def _plain_constant(value: Any) -> Any:
    return value.value if type(value) is Traced and is_constant(value) else value


def _open(argument: Any, number: int, inputs: dict[tuple[int, Path], Traced]) -> Any:
    """The argument with a fresh input in place of every float."""

    def leaf(path: Path, value: Any) -> Any:
        if not is_float_leaf(value):
            return value
        if type(value) is Traced:
            if not is_differentiable(value):
                return value
            fresh = apply(ALIAS, (value,), {}, weak=type(value.value) is float)
        else:
            check_array(value, f"argument {number}{path_name(path) and ', ' + path_name(path)}")
            watched = [used(sampled(value))] if isinstance(value, np.ndarray) else None
            fresh = Traced(value, None, (), {"role": "input", "name": None}, None, watched)
        inputs[number, path] = fresh
        return fresh

    before = len(inputs)
    opened = map_leaves(leaf, argument)
    if len(inputs) == before:
        hint = "write 2.0 instead of 2" if isinstance(argument, int) else "pass floats, or arrays of floats"
        if isinstance(argument, np.ndarray):
            hint = f"its dtype is {argument.dtype}: write x.astype(float)"
        if isinstance(argument, complex):
            hint = "only real numbers are differentiated"
        raise InputError(f"argument {number} ({_short(argument)}) holds no float to differentiate by; {hint}.")
    return opened


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else type(value).__name__


def _close(argument: Any, number: int, gradients: dict[tuple[int, Path], Any]) -> Any:
    """The gradients in the argument's structure; None where nothing was differentiated."""
    return map_leaves(lambda path, value: gradients.get((number, path)), argument, whole=True)


def check_scalar_output(out: Any) -> None:
    """Refuse a result that has no gradient, and say why."""
    if isinstance(out, tuple | list | dict):
        raise OutputError(
            f"the function returned a {type(out).__name__}; grad needs one float. Return one number, such as the loss."
        )
    if out is None:
        raise OutputError("the function returned None; did it forget `return`?")
    kind = dtype_of(out).kind
    if kind != "f":
        name = {"b": "bool", "i": "int", "u": "int", "c": "complex"}.get(kind, str(dtype_of(out)))
        raise OutputError(
            f"the function returned a {name}, which has no derivative; return a float that depends on the inputs."
        )
    size = int(np.prod(shape_of(out)))
    if size != 1:
        raise OutputError(
            f"the function returned an array of shape {shape_of(out)}; grad needs one number. Reduce it first, for "
            "example with np.sum or np.mean."
        )


def _gradients(out: Any, inputs: dict[tuple[int, Path], Traced]) -> tuple[Any, dict[tuple[int, Path], Any]]:
    check_scalar_output(out)
    adjoints: dict[int, Any] = {}
    traced = False
    if type(out) is Traced:
        order = sweep.ancestors([out])
        own = {node.index for node in inputs.values()}
        # Something else than our inputs and constants below: an outer derivative looks on, so it gets nodes
        traced = any(
            (node.primitive is None and node.index not in own and not is_constant(node))
            or (node.index in own and node.primitive is not None)
            for node in order
        )
        only = _dependent(order, own) if traced else None
        if not traced or out.index in (only or ()):
            adjoints[out.index] = sweep.seed_like(out.value)
            for node in order:
                if node.recorder is None and node.site:
                    for use in node.site:
                        verify(use)
            order = [node for node in order if node.index not in own]
            sweep.reverse(order, adjoints, traced=traced, keep=False, only=only)
    gradients = {}
    for key, node in inputs.items():
        found = adjoints.get(node.index)
        gradients[key] = zeros_for(node.value) if found is None else _like(found, node.value)
    value = out if traced or type(out) is not Traced else out.value
    return value, gradients


def _dependent(order: list[Traced], own: set[int]) -> set[int]:
    """The nodes that depend on our own inputs; only they take part in our sweep."""
    depends = set(own)
    for node in order:
        if any(type(item) is Traced and item.index in depends for item in node.inputs):
            depends.add(node.index)
    return depends


def _like(gradient: Any, value: Any) -> Any:
    """A gradient as the kind of number that its argument is."""
    if type(gradient) is Traced:
        return gradient
    if type(value) is float:
        return float(gradient)
    if isinstance(value, np.ndarray):
        # a fresh array: what comes back never shares memory with an adjoint or a constant
        return np.array(gradient, dtype=value.dtype).reshape(value.shape)
    return value.dtype.type(gradient)


def zeros_for(value: Any) -> Any:
    """The gradient of what nothing depends on."""
    if isinstance(value, np.ndarray):
        return np.zeros(value.shape, value.dtype)
    return 0.0 if type(value) is float else np.zeros((), dtype_of(value))[()]
