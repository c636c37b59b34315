"""A primitive is a NumPy function with its derivative rules; four declarators fill one registry."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphviz_ad.errors import ArgumentError, GraphvizADError, ImmutableError, UnsupportedError

Rule = Callable[..., Any]
Bound = tuple[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Primitive:
    """One NumPy function: how it is computed, how it looks, and its derivative.

    A rule is written in plain NumPy, so it runs on arrays (numbers) and on traced values (the
    gradient's own graph) alike. It never sums over broadcast axes: the sweep does, in one place.

    ``partials[i](out, *inputs, **params)`` is ∂out/∂input i of an elementwise primitive, or a float
    where it is the same everywhere, or an int: the argnum of the input that it equals;
    ``vjps[i](adjoint, out, *inputs, **params)`` and ``jvps[i](tangent, out, *inputs, **params)`` are
    explicit rules; None: no derivative there.
    With ``variadic`` there is one rule of each, called with the argnum first and the inputs as a tuple.

    ``batched``: the rules also take many adjoints (or tangents) at once, stacked on one extra leading axis, and
    give as many results. Elementwise rules do so by broadcasting; for the others a sweep with many seeds loops.
    """

    name: str
    symbol: str
    compute: Callable[..., Any]
    kind: str  # "elementwise" | "linear" | "general" | "plain" (no derivative) | "cut" (gad.detach)
    partials: tuple[Rule | float | int | None, ...] = ()
    vjps: tuple[Rule | None, ...] = ()
    jvps: tuple[Rule | None, ...] = ()
    variadic: bool = False
    batched: bool = False
    sample: Callable[[np.random.Generator], Sequence[Bound]] | None = field(default=None, repr=False)
    pulls: bool = True
    pushes: bool = True
    """Whether there are rules for reverse and for forward mode; a user's own primitive may lack one."""
    whole: bool = False
    """Whether its explicit rules sum over broadcast axes themselves, as those of another library do."""
    formulas: tuple[Rule | None, ...] = ()
    """By argnum, rules to be read instead of those that run: formulas on screen are rules, traced and printed."""
    scales: bool = field(init=False)
    """Whether every contribution is the adjoint times a partial derivative."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "scales", bool(self.partials) and not self.vjps)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def active(self, argnum: int) -> bool:
        """Whether the edge into argument ``argnum`` carries a derivative."""
        if self.variadic:
            return True
        if self.partials:
            return self.partials[argnum] is not None
        return argnum < len(self.vjps) and self.vjps[argnum] is not None

    def partial(self, argnum: int, out: Any, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """∂out/∂input for an elementwise primitive; broadcasts against ``out``."""
        rule = self.partials[argnum]
        if type(rule) is int:
            return inputs[rule]
        return rule(out, *inputs, **params) if callable(rule) else rule

    def formula(self, argnum: int) -> Rule | None:
        """The rule to be read in place of the one that runs, if there is one; it takes the same arguments."""
        return self.formulas[argnum] if argnum < len(self.formulas) else None

    def jvp(self, argnum: int, tangent: Any, out: Any, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """What ``tangent`` of argument ``argnum`` adds to the output's tangent, by the explicit rule."""
        rule = self.jvps[0 if self.variadic else argnum]
        assert rule is not None
        if self.variadic:
            return rule(argnum, tangent, out, inputs, **params)
        return rule(tangent, out, *inputs, **params)


class Dynamic:
    """The place, in an index, of a traced bool or int node: it is an input of the index node."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return f"Dynamic({self.number})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dynamic) and other.number == self.number

    def __hash__(self) -> int:
        return hash(("Dynamic", self.number))


REGISTRY: dict[str, Primitive] = {}
"""Every primitive by name."""

UNARY: dict[Any, Primitive] = {}
"""Ufunc of one argument -> its primitive: the short way for what is called most."""

BINARY: dict[Any, Primitive] = {}
"""Ufunc of two arguments -> its primitive."""

HANDLERS: dict[Any, Callable[..., Any]] = {}
"""NumPy function or ufunc -> what to do when it meets a traced value."""

COMPLEX: dict[str, str] = {}
"""Primitives that take complex values -> the one that does so: itself, or its form for them (of the absolute value)."""

HOLOMORPHIC: set[str] = set()
"""Of these, the ones whose rules are written as for real numbers: the sweep conjugates the local derivative."""

METHODS: dict[tuple[Any, str], Callable[..., Any]] = {}
"""Ufunc and the name of its method -> what to do: ``(np.add, "reduce")``."""

LATE: dict[str, Callable[[Any], None]] = {}
"""Modules that we never import -> what declares rules for their functions, once the user has imported them."""

OPERATORS: dict[str, Primitive] = {}
"""``"add"`` for ``+`` and so on: the primitive behind each Python operator."""


def register(primitive: Primitive) -> Primitive:
    """Put a primitive into the registry; a name can be taken once."""
    if primitive.name in REGISTRY:
        raise ArgumentError(f"a primitive named {primitive.name!r} exists already")
    REGISTRY[primitive.name] = primitive
    if isinstance(primitive.compute, np.ufunc):
        short = UNARY if primitive.compute.nin == 1 else BINARY
        short[primitive.compute] = primitive
    return primitive


def declare_late() -> None:
    """Declare the rules for modules that the user has imported since."""
    for name in [name for name in LATE if name in sys.modules]:
        LATE.pop(name)(sys.modules[name])


def handler_of(function: Any) -> Callable[..., Any] | None:
    """What to do when a function meets a traced value; None where there is no rule."""
    handler = HANDLERS.get(function)
    if handler is None and LATE:
        declare_late()
        handler = HANDLERS.get(function)
    return handler


def elementwise(
    name: str,
    compute: Callable[..., Any],
    *partials: Rule | float | int | None,
    symbol: str | None = None,
    vjps: Sequence[Rule | None] = (),
    jvps: Sequence[Rule | None] = (),
    formulas: Sequence[Rule | None] = (),
    sample: Callable[[np.random.Generator], Sequence[Bound]] | None = None,
) -> Primitive:
    """Declare a primitive by its partial derivatives; VJP and JVP both follow.

    ``vjps``/``jvps`` override what follows where a product would be wrong (0 × inf in ``where``), ``formulas``
    how a partial derivative is shown where its rule guards against what a reader need not see.
    """
    return register(
        Primitive(
            name,
            symbol or name,
            compute,
            "elementwise",
            partials,
            vjps=tuple(vjps),
            jvps=tuple(jvps),
            batched=True,
            formulas=tuple(formulas),
            sample=sample,
        )
    )


def linear(
    name: str,
    compute: Callable[..., Any],
    transpose: Rule,
    pushforward: Rule,
    *,
    symbol: str | None = None,
    batched: bool = False,
    formula: Rule | None = None,
    sample: Callable[[np.random.Generator], Sequence[Bound]] | None = None,
) -> Primitive:
    """Declare a function that is linear in its first argument, by its transpose.

    ``transpose(adjoint, out, x, **params)``; ``pushforward`` is the NumPy function itself, taken on the
    tangent: ``pushforward(tangent, out, x, **params)``. ``formula`` is the transpose as it is shown.
    """
    return register(
        Primitive(
            name,
            symbol or name,
            compute,
            "linear",
            vjps=(transpose,),
            jvps=(pushforward,),
            batched=batched,
            formulas=(formula,),
            sample=sample,
        )
    )


def general(
    name: str,
    compute: Callable[..., Any],
    vjps: Sequence[Rule | None],
    jvps: Sequence[Rule | None],
    *,
    symbol: str | None = None,
    variadic: bool = False,
    batched: bool = False,
    formulas: Sequence[Rule | None] = (),
    sample: Callable[[np.random.Generator], Sequence[Bound]] | None = None,
) -> Primitive:
    """Declare a primitive with explicit VJP and JVP; ``formulas`` are the VJPs as they are shown."""
    return register(
        Primitive(
            name,
            symbol or name,
            compute,
            "general",
            vjps=tuple(vjps),
            jvps=tuple(jvps),
            variadic=variadic,
            batched=batched,
            formulas=tuple(formulas),
            sample=sample,
        )
    )


def plain(
    name: str,
    compute: Callable[..., Any],
    *,
    symbol: str | None = None,
    kind: str = "plain",
    sample: Callable[[np.random.Generator], Sequence[Bound]] | None = None,
) -> Primitive:
    """Declare a primitive without derivative: comparisons, ``argmax``, ``sign``, casts to bool and int."""
    return register(Primitive(name, symbol or name, compute, kind, sample=sample))


def handles(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate the function that runs when one of these NumPy functions meets a traced value.

    Its signature is NumPy's, less what has no derivative rule: an argument that it lacks becomes an
    error that names the argument.
    """

    def wrap(handler: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(handler)
        label = function_name(functions[0])

        def checked(*args: Any, **kwargs: Any) -> Any:
            if "out" in kwargs:
                refuse_out(label, kwargs)
            try:
                return handler(*args, **kwargs)
            except TypeError as error:
                # only now, since binding costs more than most handlers: was it the call itself that did not fit?
                if isinstance(error, GraphvizADError):
                    raise
                try:
                    signature.bind(*args, **kwargs)
                except TypeError:
                    raise _unknown_argument(label, signature, args, kwargs) from error
                raise

        checked.handler = handler  # type: ignore[attr-defined]  # docs/coverage.md reads its signature
        for function in functions:
            HANDLERS[function] = checked
        return handler

    return wrap


def refuse_out(label: str, kwargs: dict[str, Any]) -> None:
    """Drop ``out=None``; anything else would write into an array behind the graph's back."""
    if kwargs.pop("out", None) is not None:
        raise ImmutableError(
            f"{label}(..., out=...) would write a traced result into an existing array, which the graph cannot see. "
            f"Write `y = {label}(...)` instead."
        )


def _unknown_argument(
    label: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> GraphvizADError:
    extra = [name for name in kwargs if name not in signature.parameters]
    known = ", ".join(signature.parameters)
    if extra:
        return UnsupportedError(
            f"{label}(..., {extra[0]}=...) has no derivative rule here; the arguments that have one are: {known}."
        )
    return UnsupportedError(f"{label} was called with {len(args)} positional arguments; it takes: {known}.")


def _ufunc_name(ufunc: np.ufunc, name: str) -> str:
    """A ufunc does not know its module: it is looked for where it may be."""
    for label, module in (("np", np), ("scipy.special", sys.modules.get("scipy.special"))):
        if getattr(module, name, None) is ufunc:
            return f"{label}.{name}"
    return "np.frompyfunc" if name.endswith("(vectorized)") else name


def function_name(function: Any) -> str:
    """``np.linalg.norm`` for the function of that name: what a user would write."""
    name = getattr(function, "__name__", str(function))
    if isinstance(function, np.ufunc):
        return _ufunc_name(function, name)
    module = getattr(function, "__module__", None) or "numpy"
    if not module.startswith("numpy"):
        return f"{module}.{name}"
    for part in ("linalg", "fft", "random"):
        if part in module:
            return f"np.{part}.{name}"
    return f"np.{name}"


def is_ours(primitive: Primitive | None) -> bool:
    """Whether a primitive is one of the registry: a user's own rule (gad.custom) may raise anything beside a sweep."""
    return primitive is None or REGISTRY.get(primitive.name) is primitive
