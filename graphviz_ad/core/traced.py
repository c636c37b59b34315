"""A traced value behaves like the array it holds and remembers the primitive that made it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NoReturn

import numpy as np

from graphviz_ad.core.callee import callee
from graphviz_ad.core.complexes import check_complex, complex_form, is_complex
from graphviz_ad.core.instead import INSTEAD, instead
from graphviz_ad.core.primitive import (
    BINARY,
    HANDLERS,
    METHODS,
    OPERATORS,
    UNARY,
    Primitive,
    function_name,
    handler_of,
    refuse_out,
)
from graphviz_ad.core.recorder import Guard, Recorder, next_index
from graphviz_ad.core.run import Run, join
from graphviz_ad.core.where import here
from graphviz_ad.errors import (
    ExitError,
    GraphvizADError,
    ImmutableError,
    InputError,
    UnsupportedAttributeError,
    UnsupportedError,
)

PYTHON_NUMBERS = (float, int, bool)
"""Numbers that NumPy promotes weakly."""

_float64 = np.float64
NO_PARAMS: dict[str, Any] = {}
"""Shared by all nodes without parameters; nobody writes into a node's parameters."""


class Traced:
    """One value of a graph, drop-in for an array of its shape.

    A leaf (input or constant) has no primitive; its ``params`` hold its name and role. ``differentiable``: the value
    is a float, or complex, and no constant, so an adjoint may be sent to it. ``recorder`` notes names and places
    (`gad.trace` and variables), or is the `Run` of a transformation, or None in a graph.
    """

    __slots__ = ("differentiable", "index", "inputs", "params", "primitive", "recorder", "site", "value")

    # NumPy's own operators give way to ours: `array * traced` calls __rmul__
    __array_priority__ = 1000.0

    def __init__(
        self,
        value: Any,
        primitive: Primitive | None,
        inputs: tuple[Any, ...],
        params: dict[str, Any],
        recorder: Recorder | Run | None,
        site: Any = None,
    ) -> None:
        kind = type(value)
        if kind is float or kind is _float64:
            self.differentiable = primitive is not None or params.get("role") != "constant"
        elif kind is np.ndarray or hasattr(value, "dtype"):
            number = value.dtype.kind
            self.differentiable = number in "fc" and (primitive is not None or params.get("role") != "constant")
            if number != "f" and primitive is not None:
                check_complex(primitive, value, *map(value_of, inputs))
        else:
            self.differentiable = kind is complex and primitive is not None
        self.value = value
        self.primitive = primitive
        self.inputs = inputs
        self.params = params
        self.index = next_index()
        self.recorder = recorder
        self.site = site

    def without_recorder(self, inputs: tuple[Any, ...]) -> Traced:
        """The same node with other input nodes, free of recorder and place: what a graph keeps."""
        node = _new(Traced)
        node.value = self.value
        node.differentiable = self.differentiable
        node.primitive = self.primitive
        node.inputs = inputs
        node.params = self.params
        node.index = next_index()
        node.recorder = node.site = None
        return node

    # -- what an array tells about itself -------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return getattr(self.value, "shape", ())

    @property
    def dtype(self) -> np.dtype[Any]:
        return dtype_of(self.value)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a traced scalar")
        return self.shape[0]

    def __iter__(self) -> Iterator[Traced]:
        if not self.shape:
            raise TypeError("iteration over a traced scalar")
        return (self[position] for position in range(self.shape[0]))

    def __repr__(self) -> str:
        return f"Traced({self.value!r})"

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __hash__(self) -> int:
        called = callee()
        what = "a traced value was used" if called is None else f"{called.label} uses a traced value"
        raise ExitError(
            f"{what} as a dictionary key or in a set{here()}, where only its number would count. "
            "Use a plain number or a name as the key."
        )

    # -- NumPy's protocols ----------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            primitive = UNARY.get(ufunc)
            if primitive is not None:
                value = self.value
                if type(value) is not _float64 and is_complex(value):
                    primitive = complex_form(primitive)
                out = primitive.compute(value)
                if type(self.recorder) is Run and type(out) is _float64:
                    return _scalar_node(out, primitive, inputs, self.recorder)
                return _node(out, primitive, inputs, NO_PARAMS, self.recorder)
            primitive = BINARY.get(ufunc)
            if primitive is not None:
                try:
                    return _of_two(primitive, primitive.compute, operand(inputs[0]), operand(inputs[1]))
                except ValueError:
                    pass  # shapes that do not fit: the handler may know better words
            handler = HANDLERS.get(ufunc)
            if handler is not None:
                return handler(*inputs)
        label = function_name(ufunc)
        if method == "at":
            remedy = instead(f"{label}.at") or "Build the new value instead, e.g. with np.where or np.stack."
            raise ImmutableError(f"{label}.at changes an array in place{here()}, which the graph cannot see. {remedy}")
        if method != "__call__":
            label = f"{label}.{method}"
        if kwargs.get("out") is not None:
            _refuse_inner(f"{label}(..., out=...)", label)
        refuse_out(label, kwargs)
        if method != "__call__":
            found = METHODS.get((ufunc, method))
            if found is None:
                raise unsupported(label)
            return found(*inputs, **kwargs)
        handler = handler_of(ufunc)
        if handler is None:
            raise unsupported(label)
        return handler(*inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        handler = handler_of(function)
        if handler is None:
            raise unsupported(function_name(function))
        try:
            return handler(*args, **kwargs)
        except GraphvizADError as error:
            called = callee()
            if called is not None and called.label not in str(error) and not hasattr(error, "__notes__"):
                error.add_note(f"This came up inside of {called.label}.")
            raise

    # -- exits ----------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(self._leave("bool()", "Write a comparison such as `x != 0`."))

    def __int__(self) -> int:
        return int(self._leave("int()", "Use np.floor(x).astype(int) for a traced int."))

    def __index__(self) -> int:
        return operator.index(self._leave("an index", "Use an int, or np.argmax(x) for a traced one."))

    def __float__(self) -> float:
        return float(self._leave("float() or a function of `math`", _MATH_REMEDY))

    def __complex__(self) -> complex:
        return complex(self._leave("complex()", "Write x + 1j * y for a complex number of traced parts."))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        value = self._leave(
            "np.array or np.asarray", "Build arrays with np.stack([...]), np.concatenate or np.reshape instead."
        )
        return np.array(value, dtype=dtype)

    def item(self, *args: Any) -> Any:
        return np.asarray(self._leave(".item()", "Leave it out.")).item(*args)

    def tolist(self) -> Any:
        return np.asarray(self._leave(".tolist()", "Index or iterate the traced value instead.")).tolist()

    def as_integer_ratio(self) -> tuple[int, int]:
        return np.asarray(self._leave("as_integer_ratio()", "Leave it out.")).item().as_integer_ratio()  # type: ignore[no-any-return]

    def __floor__(self) -> Any:
        return int(self._leave("math.floor()", "Use np.floor(x)."))

    def __ceil__(self) -> Any:
        return int(self._leave("math.ceil()", "Use np.ceil(x)."))

    def __trunc__(self) -> Any:
        return int(self._leave("math.trunc()", "Use np.trunc(x)."))

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    # -- copies: a traced value never changes, so it is its own copy -----------------------------

    def __copy__(self) -> Traced:
        return self

    def __deepcopy__(self, memo: Any) -> Traced:
        return self

    def __reduce__(self) -> NoReturn:
        raise UnsupportedError(
            f"a traced value cannot be pickled{here()}: it stands for a whole computation. Pickle gad.graph(z), or the "
            "number alone: gad.graph(z).outputs[0].value."
        )

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._leave("round()", "Use np.round(x), or format the number with f'{x:.3f}'."), digits)

    def _leave(self, way: str, remedy: str) -> Any:
        """The plain value of a bool, an int or a detached node, recorded as a guard; another float may not leave."""
        if (is_floating(self.value) or is_complex(self.value)) and not _is_cut(self):
            what = "float" if is_floating(self.value) else "complex number"
            called = callee()
            self._refuse(way if called is None else called.label)
            if called is not None:
                raise ExitError(
                    f"{called.label} wants the plain number of a traced {what}{here()}. That would cut the graph in "
                    f"silence. {_in_place_of(called.label, called.function, remedy)} Where the cut is meant, give it "
                    "gad.detach(x)."
                )
            raise ExitError(
                f"{way} was asked of a traced {what}{here()}. That would turn it into a plain number and cut the "
                f"graph in silence. {remedy} Where the cut is meant, take it of gad.detach(x)."
            )
        recorder = self.recorder
        if isinstance(recorder, Recorder):
            recorder = recorder.find()
            value = self.value.copy() if isinstance(self.value, np.ndarray) else self.value
            recorder.guards.append(Guard(self, way, value, recorder.site()))
        return self.value

    def _refuse(self, way: str) -> None:
        """Note a float's exit that is about to be refused: the graph so far shows where it would have left."""
        if isinstance(self.recorder, Recorder):
            recorder = self.recorder.find()
            recorder.refused = Guard(self, way, self.value, recorder.site())

    # -- what would change a value in place -----------------------------------------------------

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        called = callee()
        if called is not None:
            raise ImmutableError(
                f"{called.label} changes an array in place{here()}, which the graph cannot see. {instead(called.label)}"
            )
        raise ImmutableError(
            f"a traced value cannot be changed in place{here()}: the graph would not see it. "
            "Instead of `x[i] = v` write `x = np.where(mask, v, x)`, or collect the pieces and np.stack them."
        )

    def __getitem__(self, key: Any) -> Any:
        return HANDLERS["index"](self, key)

    @property
    def T(self) -> Any:
        return HANDLERS[np.transpose](self)

    @property
    def mT(self) -> Any:
        return HANDLERS[np.matrix_transpose](self)


_MATH_REMEDY = "Use the NumPy function (np.sin(x) instead of math.sin(x)), or leave float() out."

IN_PLACE = {
    "fill": "Use np.full_like or a constant instead.",
    "sort": "Use np.sort(x), which returns a new value.",
    "partition": "Use np.partition(x, k), which returns a new value.",
    "put": "Use np.where or np.stack to build the new value.",
    "resize": "Use np.reshape(x, shape), which returns a new value.",
    "setfield": "Use np.where or np.stack to build the new value.",
    "setflags": "A traced value is always read-only.",
}

_KEEP_OUT = "Write it with functions that have a rule, give it one with gad.custom, or keep it outside."


def _in_place_of(label: str, function: Any, remedy: str) -> str:
    """What to write where a function has asked a traced float for its number."""
    if isinstance(function, type) and issubclass(function, np.generic):
        return f"Leave it out, or write x.astype({label})."
    if label not in INSTEAD and isinstance(function, Hashable) and handler_of(function) is not None:
        return f"Only arrays of it can be traced, and a list is none: write {label}(np.stack([...]))."
    return instead(label) or (remedy if label.startswith("np.") else _KEEP_OUT)


def unsupported(label: str) -> UnsupportedError:
    """The error for a function that has no entry in the registry."""
    called = callee()
    if called is not None and called.label != label:  # the user's own call, in the body of which it came to this
        hint = instead(called.label) or instead(label) or _KEEP_OUT
        return UnsupportedError(f"{called.label} needs {label}, which has no derivative rule here{here()}. {hint}")
    return UnsupportedError(f"{label} has no derivative rule here{here()}. {instead(label) or _KEEP_OUT}")


def _refuse_inner(what: str, label: str) -> None:
    """Raise where it was not the user who called a function, but one of NumPy's that the user called."""
    called = callee()
    if called is not None and called.label != label:
        raise unsupported(what)


# -- values -------------------------------------------------------------------------------------


def is_floating(value: Any) -> bool:
    """Whether a value is a float or an array of floats: what derivatives are about."""
    if type(value) is float:
        return True
    dtype = getattr(value, "dtype", None)
    return dtype is not None and dtype.kind == "f"


def dtype_of(value: Any) -> np.dtype[Any]:
    """The dtype of a plain value; a Python float is float64."""
    found = getattr(value, "dtype", None)
    return np.asarray(value).dtype if found is None else found


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a plain or traced value; () for a Python number."""
    return getattr(value, "shape", ())


def value_of(value: Any) -> Any:
    """The plain value behind a traced one."""
    return value.value if type(value) is Traced else value


def is_constant(value: Any) -> bool:
    """Whether a value is data of the computation: plain, or a constant node."""
    return type(value) is not Traced or (value.primitive is None and value.params.get("role") == "constant")


def is_differentiable(value: Any) -> bool:
    """Whether an adjoint may be sent to this value: a traced float that is no constant."""
    return type(value) is Traced and value.differentiable


# written once: `float | int` in an isinstance() is made anew at every call
_SEQUENCES = (list, tuple)
_OPERANDS = (float, int, complex, np.generic, np.ndarray, *_SEQUENCES)


def operand(value: Any) -> Any:
    """Check what meets a traced value; lists of numbers become arrays."""
    kind = type(value)
    if kind is Traced or kind is float or kind is int or kind is bool or kind is complex:
        return value
    if kind is np.ndarray and value.dtype.kind in "fiubc":
        return value
    if isinstance(value, _SEQUENCES):
        value = np.asarray(value)
        kind = np.ndarray
    if isinstance(value, np.generic) or kind is np.ndarray:
        if value.dtype.kind in "biufc":
            return value
        raise InputError(
            f"an array of dtype {value.dtype} meets a traced value{here()}; write x.astype(float) to make it numbers."
        )
    if isinstance(value, np.ndarray):
        raise InputError(
            f"a {kind.__module__}.{kind.__name__} meets a traced value{here()}, whose rules differ from an array's; "
            "write np.asarray(x) first."
        )
    raise InputError(f"a {kind.__name__} meets a traced value{here()}; only numbers and arrays of numbers can.")


# -- recording ----------------------------------------------------------------------------------


def constant_node(value: Any, recorder: Recorder | Run | None, name: str | None = None) -> Traced:
    """A constant as a node of its own."""
    return Traced(value, None, (), {"role": "constant", "name": name}, recorder)


def refuse_in_use(value: Any, whom: str) -> None:
    """Raise where ``whom`` would take the number alone of what a running call differentiates by, or traces."""
    recorder = value.recorder
    if isinstance(recorder, Recorder):
        recorder = recorder.find()
    running = recorder is not None and (recorder.tracing if isinstance(recorder, Recorder) else recorder.running)
    if running and value.differentiable and not _is_cut(value):
        raise InputError(
            f"{whom} was given a value of a function that is being differentiated or traced{here()}. Only its number "
            "would go on, and the derivative would be cut in silence. Pass gad.detach(x), or do this outside of the "
            "function."
        )


def _is_cut(value: Any) -> bool:
    return value.primitive is not None and value.primitive.kind == "cut"


def _lift(value: Any, recorder: Recorder) -> Traced:
    """The constant node of a plain operand, from a copy: the caller may change its array later."""
    if not isinstance(value, np.ndarray):
        return constant_node(value, recorder)
    known = recorder.constants.get(id(value))
    if known is not None and known[0] is value:
        node = known[1]
        if node is not None and np.array_equal(node.value, value, equal_nan=value.dtype.kind in "fc"):
            return node  # type: ignore[no-any-return]
    node = constant_node(value.copy(order="K"), recorder, known[2] if known is not None and known[0] is value else None)
    if recorder.tracing:
        recorder.constants[id(value)] = (value, node, node.params["name"])
        recorder.nodes.append(node)
    return node


def apply(
    primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any], *, weak: bool = False, known: Any = None
) -> Traced:
    """Compute a primitive on values of which at least one is traced, and record the node.

    ``weak``: a Python operator on Python numbers gives a Python float, which NumPy promotes weakly. ``known``: the
    value, where it came along with another's: a decomposition has several results.
    """
    recorder: Recorder | Run | None = None
    values = []
    for item in inputs:
        if type(item) is Traced:
            value = item.value
            values.append(value)
            kind = type(value)
            if kind is not float and kind is not _float64 and is_complex(value):
                primitive = complex_form(primitive)
            found = item.recorder
            if found is not recorder and found is not None:
                recorder = found if recorder is None else join(recorder, found)
        else:
            values.append(item)
    try:
        out = primitive.compute(*values, **params) if known is None else known
    except TypeError:
        check_complex(primitive, *map(value_of, inputs))  # a complex constant may be what the function does not take
        raise
    return _node(_as_python(out) if weak else out, primitive, inputs, params, recorder)


def _as_python(value: Any) -> float | complex:
    """NumPy's number as the Python number that it promotes weakly."""
    return complex(value) if is_complex(value) else float(value)


def _node(
    out: Any, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any], recorder: Recorder | Run | None
) -> Traced:
    """The node of a computed value, kept by whoever keeps its inputs."""
    if type(recorder) is Run:
        for item in inputs:
            if type(item) is np.ndarray:
                recorder.use(item)
    elif recorder is not None:
        recorder = recorder.find()  # type: ignore[union-attr]
        inputs = tuple([item if type(item) is Traced else _lift(item, recorder) for item in inputs])
        node = Traced(out, primitive, inputs, params, recorder, recorder.site())
        if recorder.tracing:
            recorder.nodes.append(node)
        return node
    return Traced(out, primitive, inputs, params, recorder)


def _of_two(primitive: Primitive, operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Traced:
    """A primitive of two checked operands and no parameters, computed by ``operation``."""
    recorder: Recorder | Run | None = None
    if type(left) is Traced:
        a, recorder = left.value, left.recorder
    else:
        a = left
    if type(right) is Traced:
        b, found = right.value, right.recorder
        if found is not recorder and found is not None:
            recorder = found if recorder is None else join(recorder, found)
    else:
        b = right
    try:
        out = operation(a, b)
    except TypeError:
        check_complex(primitive, a, b)
        raise
    if type(recorder) is Run:
        if type(left) is np.ndarray:
            recorder.use(left)
        elif type(right) is np.ndarray:
            recorder.use(right)
        return Traced(out, primitive, (left, right), NO_PARAMS, recorder)
    return _node(out, primitive, (left, right), NO_PARAMS, recorder)


def _scalar_node(out: Any, primitive: Primitive, inputs: tuple[Any, ...], run: Run) -> Traced:
    """What `Traced` does, for the most frequent node: a call of a class costs as much as all that it does here."""
    node = _new(Traced)
    node.value = out
    node.differentiable = True
    node.primitive = primitive
    node.inputs = inputs
    node.params = NO_PARAMS
    node.index = next_index()
    node.recorder = run
    node.site = None
    return node


_new = object.__new__


def invoke(primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Apply a primitive to traced or plain values alike."""
    if any(type(item) is Traced for item in inputs):
        return apply(primitive, inputs, params)
    return primitive.compute(*inputs, **params)


def replay_value(node: Traced, values: list[Any]) -> Any:
    """A node's value at other inputs, with the promotion that the recorded one had."""
    assert node.primitive is not None
    out = node.primitive.compute(*values, **node.params)
    return _as_python(out) if type(node.value) is float or type(node.value) is complex else out


# -- operators ----------------------------------------------------------------------------------


def _acceptable(value: Any) -> bool:
    return type(value) is Traced or isinstance(value, _OPERANDS)


def _divide(a: Any, b: Any) -> Any:
    # Python's own 1 / 0.0 raises; np.float64 is a float to isinstance, but follows NumPy's rules already
    if type(a) in PYTHON_NUMBERS and type(b) in PYTHON_NUMBERS:
        return float(np.divide(a, b))
    try:
        return a / b
    except ZeroDivisionError:  # of two Python numbers, one of them complex
        return complex(np.divide(a, b))


def _power(a: Any, b: Any) -> Any:
    out = OPERATORS["power"].compute(a, b)
    return float(out) if type(a) in PYTHON_NUMBERS and type(b) in PYTHON_NUMBERS else out


def _weakly(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    """A ufunc as an operator: of Python numbers it gives a Python float."""

    def operation(a: Any, b: Any) -> Any:
        out = ufunc(a, b)
        return float(out) if type(a) in PYTHON_NUMBERS and type(b) in PYTHON_NUMBERS else out

    return operation


def _binary(
    name: str, operation: Callable[[Any, Any], Any]
) -> tuple[Callable[[Traced, Any], Any], Callable[[Traced, Any], Any]]:
    """An operator and its reflection. Python floats stay Python floats, which NumPy promotes weakly."""

    def forward(self: Traced, other: Any) -> Any:
        kind = type(other)
        if kind is float or kind is int:
            try:
                out = operation(self.value, other)
            except TypeError:
                check_complex(OPERATORS[name], self.value)
                raise
            if type(self.recorder) is Run and type(out) is _float64:
                return _scalar_node(out, OPERATORS[name], (self, other), self.recorder)
            return _node(out, OPERATORS[name], (self, other), NO_PARAMS, self.recorder)
        if kind is Traced:
            return _of_two(OPERATORS[name], operation, self, other)
        return _of_two(OPERATORS[name], operation, self, operand(other)) if _acceptable(other) else NotImplemented

    def reflected(self: Traced, other: Any) -> Any:
        return _of_two(OPERATORS[name], operation, operand(other), self) if _acceptable(other) else NotImplemented

    return forward, reflected


def _handler(function: Any) -> Callable[..., Any]:
    handler = handler_of(function)
    if handler is None:
        raise unsupported(function_name(function))
    return handler


def _dispatched(ufunc: np.ufunc) -> tuple[Callable[[Traced, Any], Any], Callable[[Traced, Any], Any]]:
    def forward(self: Traced, other: Any) -> Any:
        return self.__array_ufunc__(ufunc, "__call__", self, other) if _acceptable(other) else NotImplemented

    def reflected(self: Traced, other: Any) -> Any:
        return self.__array_ufunc__(ufunc, "__call__", other, self) if _acceptable(other) else NotImplemented

    return forward, reflected


def _unary(name: str) -> Callable[[Traced], Any]:
    def run(self: Traced) -> Any:
        return apply(OPERATORS[name], (self,), NO_PARAMS, weak=type(self.value) in (float, complex))

    return run


def _method(name: str, function: Any) -> Callable[..., Any]:
    def run(self: Traced, *args: Any, **kwargs: Any) -> Any:
        return _handler(function)(self, *args, **kwargs)

    run.__name__ = name
    return run


def _refused(name: str, remedy: str) -> Callable[..., NoReturn]:
    def refuse(_self: Traced, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise ImmutableError(f".{name}() changes an array in place{here()}, which the graph cannot see. {remedy}")

    return refuse


def _unavailable(name: str) -> property:
    """An attribute of arrays that traced values lack: not by ``__getattr__``, which would slow all the others."""

    def refuse(_self: Traced) -> NoReturn:
        called = callee()
        if called is not None:
            raise UnsupportedAttributeError(
                f"{called.label} needs .{name}, which is not available on traced values{here()}. "
                f"{instead(called.label) or _KEEP_OUT}"
            )
        raise UnsupportedAttributeError(
            f".{name} is not available on traced values{here()}. {instead('np.' + name)}".rstrip()
        )

    return property(refuse)


def _install() -> None:
    arithmetic = {
        "add": ("add", operator.add),
        "sub": ("subtract", operator.sub),
        "mul": ("multiply", operator.mul),
        "truediv": ("divide", _divide),
        "pow": ("power", _power),
        "mod": ("remainder", _weakly(np.remainder)),
        "floordiv": ("floor_divide", _weakly(np.floor_divide)),
    }
    for symbol, (name, operation) in arithmetic.items():
        forward, reflected = _binary(name, operation)
        setattr(Traced, f"__{symbol}__", forward)
        setattr(Traced, f"__r{symbol}__", reflected)
    dispatched = {
        "matmul": np.matmul,
        "and": np.bitwise_and,
        "or": np.bitwise_or,
        "xor": np.bitwise_xor,
    }
    for symbol, ufunc in dispatched.items():
        forward, reflected = _dispatched(ufunc)
        setattr(Traced, f"__{symbol}__", forward)
        setattr(Traced, f"__r{symbol}__", reflected)
    comparisons = {
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
        "eq": np.equal,
        "ne": np.not_equal,
    }
    for symbol, ufunc in comparisons.items():
        setattr(Traced, f"__{symbol}__", _dispatched(ufunc)[0])
    for symbol, name in {"neg": "negative", "pos": "positive", "abs": "absolute"}.items():
        setattr(Traced, f"__{symbol}__", _unary(name))
    methods = "sum mean max min argmax argmin any all reshape ravel transpose swapaxes squeeze dot take clip copy"
    methods += " prod var std cumsum argsort repeat diagonal trace round"
    methods += " cumprod choose argpartition searchsorted nonzero"
    for name in methods.split():
        setattr(Traced, name, _method(name, getattr(np, name)))
    for name, remedy in IN_PLACE.items():
        setattr(Traced, name, _refused(name, remedy))


def _invert(self: Traced) -> Any:
    if self.dtype.kind == "b":
        return HANDLERS[np.logical_not](self)
    raise unsupported("np.invert")


def _reshape(self: Traced, *shape: Any, order: str = "C") -> Any:
    return HANDLERS[np.reshape](self, shape[0] if len(shape) == 1 else shape, order=order)


def _transpose(self: Traced, *axes: Any) -> Any:
    if not axes or axes == (None,):
        return HANDLERS[np.transpose](self)
    return HANDLERS[np.transpose](self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes)


def _astype(self: Traced, dtype: Any, copy: bool = True) -> Any:  # noqa: ARG001  (a node is always a new value)
    return HANDLERS["astype"](self, dtype)


def _compress(self: Traced, condition: Any, axis: Any = None, out: Any = None) -> Any:
    return HANDLERS[np.compress](condition, self, axis, out)  # the function takes them the other way round


def _flatten(self: Traced, order: str = "C") -> Any:
    return HANDLERS[np.ravel](self, order)


def _real(self: Traced) -> Any:
    return HANDLERS[np.real](self)


def _imag(self: Traced) -> Any:
    return HANDLERS[np.imag](self)


def _conj(self: Traced) -> Any:
    return HANDLERS[np.conjugate](self)


_install()
Traced.real, Traced.imag = property(_real), property(_imag)  # type: ignore[attr-defined]
Traced.conj = Traced.conjugate = _conj  # type: ignore[attr-defined]
setattr(Traced, "__invert__", _invert)  # noqa: B010  (mypy does not take it as an assignment)
Traced.reshape = _reshape  # type: ignore[attr-defined]
Traced.transpose = _transpose  # type: ignore[attr-defined]
Traced.astype = _astype  # type: ignore[attr-defined]
Traced.flatten = _flatten  # type: ignore[attr-defined]
Traced.compress = _compress  # type: ignore[attr-defined]
for _name in dir(np.ndarray):
    if not _name.startswith("_") and not hasattr(Traced, _name):
        setattr(Traced, _name, _unavailable(_name))
