"""A user's own primitive: a function with the derivative rules that its author gives it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from graphviz_ad.core.primitive import REGISTRY, Primitive
from graphviz_ad.core.pytree import Path, leaves, map_leaves
from graphviz_ad.core.traced import Traced, apply, is_differentiable, is_floating, operand, shape_of
from graphviz_ad.core.where import brief, here
from graphviz_ad.errors import ArgumentError, InputError, OutputError, UnsupportedError


def custom(
    f: Callable[..., Any], vjp: Callable[..., Any] | None = None, jvp: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """A user's own primitive: one node with its own rules, whatever f does inside.

    Parameters
    ----------
    f : callable
        Takes numbers and arrays by position, returns one float or array of floats. It runs on plain values, so
        loops, solvers and compiled code may be inside. Keyword arguments are passed through and not differentiated.
    vjp : callable, optional
        ``vjp(adjoint, out, *args)`` returns the adjoint of the argument, or a tuple with one per argument, each in
        its argument's shape; None for what has no derivative. It is called once for each argument that an adjoint
        goes to.
    jvp : callable, optional
        ``jvp(tangents, out, *args)`` returns the tangent of the result; ``tangents`` is a tuple, zeros for
        arguments that do not move and None for those that are no floats. A mode whose rule is missing raises.
        Both are plain NumPy and run on traced values too, which gives higher derivatives. Keyword arguments of
        the call are passed to them as well.

    Returns
    -------
    callable
        Like f, on plain and on traced values.

    Raises
    ------
    ArgumentError
        Neither a vjp nor a jvp is given, or one is no function.
    UnsupportedError
        When a sweep comes to it in a mode whose rule is missing.

    Examples
    --------
    A function of two arguments, and one that lets only a part of the adjoint through:

    >>> import graphviz_ad as gad
    >>> def product_vjp(adjoint, out, x, y):
    ...     return adjoint * y, adjoint * x
    >>> product = gad.custom(lambda x, y: x * y, vjp=product_vjp)
    >>> gad.grad(product, (0, 1))(2.0, 3.0)
    (3.0, 2.0)
    >>> clip_gradient = gad.custom(lambda x: x * 1.0, vjp=lambda adjoint, out, x: np.minimum(adjoint, 1.0))
    >>> gad.grad(lambda x: 5 * clip_gradient(x))(2.0)
    1.0
    """
    given: list[tuple[Any, str]] = [(f, "f"), *((rule, name) for rule, name in ((vjp, "vjp"), (jvp, "jvp")) if rule)]
    for rule, name in given:
        if not callable(rule):
            raise ArgumentError(f"{name} must be a function, not {rule!r}.")
    if vjp is None and jvp is None:
        raise ArgumentError("gad.custom(f) needs a rule: give vjp=, or jvp=, or both, as in gad.custom(f, vjp=f_vjp).")
    primitive = _primitive(f, vjp, jvp)

    @functools.wraps(f, updated=())
    def function(*args: Any, **kwargs: Any) -> Any:
        fixed = [(place, value) for place, value in enumerate(args) if not isinstance(value, _NUMBERS)]
        for place, value in [*fixed, *kwargs.items()]:
            if any(type(leaf) is Traced for _, leaf in leaves(value)):
                raise InputError(
                    f"{primitive.name}, a gad.custom function, got a traced value inside argument {place!r}{here()}; "
                    "what is to be differentiated by is passed by position, one number or array each."
                )
        if not any(type(value) is Traced for value in args):
            return f(*args, **kwargs)
        # what is no input of the node is kept as it is now: the caller may change it before the sweep
        params = map_leaves(_copied, {_FIXED: tuple(fixed), **kwargs} if fixed else kwargs)
        return apply(primitive, tuple(operand(value) for value in args if isinstance(value, _NUMBERS)), params)

    return function


_FIXED = "what is fixed"
"""The parameter that holds the arguments that are no numbers; no keyword of a user's can be called so."""

_NUMBERS = (Traced, np.ndarray, np.generic, float, int, complex)


def _copied(_path: Path, value: Any) -> Any:
    return value.copy() if type(value) is np.ndarray else value


def _whole(inputs: Sequence[Any], fixed: tuple[tuple[int, Any], ...]) -> list[Any]:
    """The arguments of the call: the nodes' numbers, and between them what is no number (a text, a function)."""
    args = list(inputs)
    for place, value in fixed:
        args.insert(place, value)
    return args


def _primitive(f: Callable[..., Any], vjp: Callable[..., Any] | None, jvp: Callable[..., Any] | None) -> Primitive:
    label = getattr(f, "__name__", type(f).__name__)
    label = "custom" if label == "<lambda>" else label

    def compute(*inputs: Any, **params: Any) -> Any:
        fixed = params.pop(_FIXED, ())
        out = f(*_whole([_locked(value) for value in inputs], fixed), **params)
        if type(out) is Traced:
            raise InputError(
                f"{label}, a gad.custom function, met a traced value from outside{here()}; pass it as an argument."
            )
        if isinstance(out, np.ndarray | np.generic | float) and is_floating(out):
            return out
        what = f"a {type(out).__name__}" if not hasattr(out, "dtype") else f"dtype {out.dtype}"
        raise OutputError(
            f"{label}, a gad.custom function, returned {what}{here()}; it must return one float or array of floats."
        )

    def pull(argnum: int, adjoint: Any, out: Any, inputs: Sequence[Any], /, **params: Any) -> Any:
        if vjp is None:
            _missing(label, "vjp", "reverse")
        fixed = params.pop(_FIXED, ())
        args = _whole([_locked(value) for value in inputs], fixed)
        found = _asked(
            vjp, (_locked(adjoint), _locked(out), *args), params, f"the vjp of {label}", "adjoint, out, *args"
        )
        if len(args) == 1 and not isinstance(found, tuple):
            found = (found,)
        if not isinstance(found, tuple) or len(found) != len(args):
            raise ArgumentError(
                f"the vjp of {label} must return a tuple of {len(args)}, one adjoint per argument (None without "
                f"derivative), not {brief(found)}."
            )
        place = _places(len(args), fixed)[argnum]
        return _checked(found[place], shape_of(inputs[argnum]), f"the vjp of {label} gave argument {place} an adjoint")

    def push(argnum: int, tangent: Any, out: Any, inputs: Sequence[Any], /, **params: Any) -> Any:
        if jvp is None:
            _missing(label, "jvp", "forward")
        fixed = params.pop(_FIXED, ())
        # one edge at a time, so that each edge of the picture has its own part; the rule is linear in the tangents
        moving = [
            _locked(tangent) if i == argnum else _zeros(value) if _moves(value) else None
            for i, value in enumerate(inputs)
        ]
        tangents = tuple(_whole(moving, tuple((place, None) for place, _ in fixed)))
        args = _whole([_locked(value) for value in inputs], fixed)
        found = _asked(jvp, (tangents, _locked(out), *args), params, f"the jvp of {label}", "tangents, out, *args")
        return _checked(found, shape_of(out), f"the jvp of {label} gave a tangent")

    primitive = Primitive(
        label,
        label,
        compute,
        "general",
        vjps=(pull,),
        jvps=(push,),
        variadic=True,
        pulls=vjp is not None,
        pushes=jvp is not None,
    )
    number = next(n for n in itertools.count(1) if f"{label}#{n}" not in _BY_KEY)
    _BY_KEY[f"{label}#{number}"] = primitive
    _KEYS[primitive] = f"{label}#{number}"
    return primitive


# A flat form must find its own primitive again, and no other of the same name: the second `f` is f#2
_BY_KEY: WeakValueDictionary[str, Primitive] = WeakValueDictionary()
_KEYS: WeakKeyDictionary[Primitive, str] = WeakKeyDictionary()


def named_apart(primitive: Primitive, key: str) -> Primitive:
    """A primitive made elsewhere, with a flat name that no program finds: read back, it is what the file says of it."""
    _KEYS[primitive] = key
    return primitive


def flat_name(primitive: Primitive) -> str:
    """What a primitive is called in a graph's flat form."""
    return _KEYS.get(primitive, primitive.name)


def by_flat_name(name: str) -> Primitive | None:
    """The primitive of a flat form, if this program has it."""
    return _BY_KEY.get(name) if "#" in name else REGISTRY.get(name)


def _asked(rule: Callable[..., Any], args: tuple[Any, ...], params: dict[str, Any], what: str, form: str) -> Any:
    """What a user's rule says; one with another signature is told how it is called."""
    try:
        return rule(*args, **params)
    except TypeError as error:
        import inspect  # only an error needs it

        try:
            inspect.signature(rule).bind(*args, **params)
        except TypeError:
            raise ArgumentError(
                f"{what} is called with {len(args)} arguments, as rule({form}), which it does not take: {error}."
            ) from error
        except ValueError:
            pass  # a builtin without a signature
        raise


def _locked(value: Any) -> Any:
    """A view that cannot be written to: what a user's rule gets is what other nodes need."""
    if type(value) is not np.ndarray:
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def _moves(value: Any) -> bool:
    return is_differentiable(value) or (type(value) is not Traced and is_floating(value))


def _zeros(value: Any) -> Any:
    return np.zeros(shape_of(value), getattr(value, "dtype", float))[()]


def _places(count: int, fixed: tuple[tuple[int, Any], ...]) -> list[int]:
    """Where in the call each number stands."""
    taken = {place for place, _ in fixed}
    return [place for place in range(count) if place not in taken]


def _checked(found: Any, shape: tuple[int, ...], what: str) -> Any:
    """What a user's rule gave, if it is usable; None stands for zeros."""
    if found is None:
        return None
    numbers = isinstance(found, Traced | np.ndarray | np.generic | float | int)
    if not numbers or getattr(getattr(found, "dtype", None), "kind", "f") not in "biuf":
        kind = f" of dtype {found.dtype}" if hasattr(found, "dtype") else ""
        raise ArgumentError(f"{what} that is no real number{here()}: {brief(found)}{kind}.")
    if shape_of(found) != shape:
        raise ArgumentError(f"{what} of shape {shape_of(found)}{here()}; it must have shape {shape}.")
    return found


def _missing(label: str, rule: str, mode: str) -> NoReturn:
    raise UnsupportedError(
        f"{label} is a gad.custom function without {rule}=, which {mode} mode needs{here()}. Give it one: "
        f"gad.custom({label}, {rule}=...)."
    )
