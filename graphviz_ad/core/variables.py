"""What a user makes by hand: variables, constants, and cuts; and the check of arrays that enter."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphviz_ad.core.primitive import Primitive, linear, plain
from graphviz_ad.core.pytree import Path, map_leaves
from graphviz_ad.core.recorder import Recorder
from graphviz_ad.core.traced import Traced, apply, constant_node, dtype_of, is_floating, refuse_in_use
from graphviz_ad.errors import ArgumentError, InputError

ROLES = ("input", "parameter", "data", "target")

DETACH = plain("detach", lambda x: x, kind="cut", symbol="detach")

# An inner `grad` at a traced point gets a node of its own, told from the point by identity: this is what
# keeps nested derivatives apart without levels
ALIAS: Primitive = linear(
    "alias",
    lambda x: x,
    transpose=lambda adjoint, out, x: adjoint,
    pushforward=lambda tangent, out, x: tangent,
    batched=True,
)


def check_array(value: Any, what: str, *, data: bool = False) -> None:
    """Refuse what no derivative is defined for: complex, object, masked, matrix, record, string arrays.

    ``data``: nothing is differentiated by it, so it may be complex.
    """
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        raise InputError(
            f"{what} is a {type(value).__module__}.{type(value).__name__}, whose rules differ from an array's; "
            "write np.asarray(x) first."
        )
    kind = dtype_of(value).kind
    if kind == "c" and data:
        return
    if kind == "c":
        raise InputError(
            f"{what} is complex; only real numbers are differentiated. Pass real and imaginary parts and write x + 1j "
            "* y; or wrap it in gad.constant, if it is data."
        )
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
        refuse_in_use(value, function)
        value = value.value
    if isinstance(value, list | tuple):
        value = np.array(value)
    if not isinstance(value, np.ndarray | np.generic | float | int | complex):
        raise InputError(f"{function} takes {wanted}, not a {type(value).__name__}.")
    check_array(value, f"{function}(value)", data=function == "gad.constant")
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
