"""A PyTorch operation as a primitive: PyTorch itself computes it again, and its own rules give the contributions."""

from __future__ import annotations

import contextlib
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core.custom import named_apart
from graphviz_ad.core.primitive import REGISTRY, Primitive
from graphviz_ad.core.traced import Traced
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.frontends.torch_values import Kind, tensor_of, value_of

DRAW = "draw"
"""The parameter of an operation that drew random numbers: which of the states in `Call.states` it began with."""


class Slot(NamedTuple):
    """The place of a tensor among the arguments of a call: its argnum, and what NumPy does not know of it."""

    argnum: int
    kind: Kind


class Viewed(NamedTuple):
    """The place of a view among the arguments: where in its base it lies. What changes it changes the base."""

    base: Slot
    size: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int


class Call:
    """One operation with everything that is no tensor in it, ready to be computed at other numbers."""

    def __init__(
        self, function: Callable[..., Any], args: Any, kwargs: Any, pick: tuple[str, int], changes: bool,
        states: list[Any], autocast: tuple[tuple[str, Any], ...] = (),
    ) -> None:  # fmt: skip
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.pick = pick
        """("out", n): the n-th tensor of the result; ("slot", n): what became of argument n, changed in place."""
        self.changes = changes
        self.states = states
        self.autocast = autocast

    def run(self, tensors: Sequence[Any], params: dict[str, Any]) -> Any:
        """The result for these tensors; none of them is changed."""
        import torch

        given = [tensor.clone() for tensor in tensors] if self.changes else list(tensors)

        def fill(leaf: Any) -> Any:
            if type(leaf) is Slot:
                return given[leaf.argnum]
            if type(leaf) is Viewed:
                return given[leaf.base.argnum].as_strided(leaf.size, leaf.stride, leaf.offset)
            return leaf

        drawn = _state(self.states[params[DRAW]] if DRAW in params else None)
        with contextlib.ExitStack() as around:
            around.enter_context(drawn)
            around.enter_context(torch._C.DisableTorchFunction())  # noqa: SLF001  (not even for modes of a user's)
            for device, dtype in self.autocast:
                around.enter_context(torch.autocast(device, dtype, cache_enabled=False))
            result = self.function(*mapped(fill, self.args), **mapped(fill, self.kwargs))
        if self.pick[0] == "slot":
            return given[self.pick[1]]
        return tensors_in(result)[self.pick[1]]


def autocast() -> tuple[tuple[str, Any], ...]:
    """For which devices operations choose their own dtypes now, and which."""
    import torch

    return tuple([(one, torch.get_autocast_dtype(one)) for one in ("cpu", "cuda") if torch.is_autocast_enabled(one)])


@contextlib.contextmanager
def _state(state: Any) -> Iterator[None]:
    """Draw the same random numbers as then; afterwards it is as if none had been drawn."""
    import torch

    if state is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(state)
        yield


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same nest of tuples, lists and dicts with other leaves."""
    kind = type(tree)
    if kind is list:
        return [mapped(function, item) for item in tree]
    if isinstance(tree, tuple) and kind not in (Slot, Viewed):
        items = [mapped(function, item) for item in tree]
        return tuple(items) if kind is tuple or not hasattr(kind, "_fields") else kind(*items)
    if kind is dict:
        return {key: mapped(function, item) for key, item in tree.items()}
    return function(tree)


def tensors_in(tree: Any) -> list[Any]:
    """The tensors in a nest of tuples, lists and dicts, in order."""
    import torch

    if isinstance(tree, torch.Tensor):
        return [tree]
    found: list[Any] = []
    if isinstance(tree, tuple | list):
        for item in tree:
            found += tensors_in(item)
    elif isinstance(tree, dict):
        for item in tree.values():
            found += tensors_in(item)
    return found


# -- what was asked already ----------------------------------------------------------------------


class Answers:
    """The last contributions and tangents: pictures and pages ask for the same ones again and again."""

    ROOM = 2_000
    """So many answers are remembered, and"""
    BYTES = 64 * 2**20
    """so much of their arrays."""
    SMALL = 4_096
    """Entries of an array that is known by its numbers; a larger one by being the same, if nobody can write to it."""

    def __init__(self) -> None:
        self._known: OrderedDict[Any, tuple[Any, Any, int]] = OrderedDict()
        self._bytes = 0

    def get(self, question: tuple[Any, ...], inputs: Sequence[Any], answer: Callable[[], Any]) -> Any:
        """The answer to a question about these very inputs."""
        key: list[Any] = [*map(id, inputs)]
        for item in question:
            if not isinstance(item, np.ndarray | np.generic):
                key.append(item)
            elif item.size <= self.SMALL:
                key.append((item.tobytes(), item.dtype))
            elif item.flags.writeable:
                return answer()
            else:
                key.append(id(item))
        found = self._known.get(tuple(key))
        if found is None:
            # what stands behind an id is held, so that nothing else gets this id
            made = answer()
            size = sum(
                np.asarray(one).nbytes for one in (made if isinstance(made, list) else [made]) if one is not None
            )
            found = self._known[tuple(key)] = (made, (question, inputs), size)
            self._bytes += size
            while len(self._known) > self.ROOM or (self._bytes > self.BYTES and len(self._known) > 1):
                self._bytes -= self._known.popitem(last=False)[1][2]
        return found[0]


ANSWERS = Answers()


# -- primitives ---------------------------------------------------------------------------------


def primitive_of(
    name: str, call: Call, kinds: Sequence[Kind], out: Kind, stopped: str, moving: Sequence[bool]
) -> Primitive:
    """The primitive of one call.

    ``stopped``: "" where derivatives pass, else the kind "cut" or "plain"; ``moving``: which arguments required one.
    """

    def compute(*inputs: Any, **params: Any) -> Any:
        import torch

        with torch.no_grad():
            return value_of(
                call.run([tensor_of(value, kind) for value, kind in zip(inputs, kinds, strict=True)], params)
            )

    def pull(argnum: int, adjoint: Any, _out: Any, inputs: Sequence[Any], /, **params: Any) -> Any:
        _plain(name, adjoint, inputs)

        def sent() -> list[Any]:
            import torch

            tensors = [tensor_of(value, kind) for value, kind in zip(inputs, kinds, strict=True)]
            leaves = {place: one for place, one in enumerate(tensors) if moving[place]}
            for leaf in leaves.values():
                leaf.requires_grad_()
            with torch.enable_grad():
                result = call.run(tensors, params)
            found: list[Any] = [None] * len(tensors)
            if result.requires_grad:
                seed = tensor_of(adjoint, out)
                grads = torch.autograd.grad(result, list(leaves.values()), seed, allow_unused=True)
                for place, grad in zip(leaves, grads, strict=True):
                    found[place] = None if grad is None else value_of(grad)
            return found

        return ANSWERS.get((call, params.get(DRAW), adjoint), inputs, sent)[argnum]

    def push(argnum: int, tangent: Any, _out: Any, inputs: Sequence[Any], /, **params: Any) -> Any:
        _plain(name, tangent, inputs)

        def pushed() -> Any:
            from torch.autograd import forward_ad

            tensors = [tensor_of(value, kind) for value, kind in zip(inputs, kinds, strict=True)]
            try:
                with warnings.catch_warnings(), forward_ad.dual_level():
                    warnings.simplefilter("ignore")  # PyTorch's about itself, at its first use
                    tensors[argnum] = forward_ad.make_dual(tensors[argnum], tensor_of(tangent, kinds[argnum]))
                    found = forward_ad.unpack_dual(call.run(tensors, params)).tangent
                    return None if found is None else value_of(found)
            except (NotImplementedError, RuntimeError) as error:
                reason = str(error).partition("\n")[0]
                raise UnsupportedError(f"PyTorch has no forward mode for {name}: {reason}") from error

        return ANSWERS.get((call, params.get(DRAW), tangent, argnum), inputs, pushed)

    if stopped:
        return named_apart(Primitive(name, name, compute, stopped), f"{name}#torch")
    slopes = SLOPES.get(name, ()) if len(kinds) == 1 else ()
    made = Primitive(
        name, name, compute, "elementwise" if slopes else "general", slopes,
        vjps=tuple([_of(pull, argnum) if moves else None for argnum, moves in enumerate(moving)]),
        jvps=tuple([_of(push, argnum) if moves else None for argnum, moves in enumerate(moving)]),
        whole=True, formulas=FORMULAS.get(name, ()),
    )  # fmt: skip
    return named_apart(made, f"{name}#torch")


def _of(rule: Callable[..., Any], argnum: int) -> Callable[..., Any]:
    """The rule of one argument."""
    return lambda direction, out, *inputs, **params: rule(argnum, direction, out, inputs, **params)


def _plain(name: str, direction: Any, inputs: Sequence[Any]) -> None:
    if any(type(value) is Traced for value in (direction, *inputs)):
        raise UnsupportedError(
            f"{name} is an operation of PyTorch's, whose rule is no NumPy code: there is no graph of its derivative. "
            "For second derivatives call torch.autograd.grad(..., create_graph=True) in the function."
        )


SLOPES: dict[str, tuple[Callable[..., Any], ...]] = {
    "relu": (lambda out, x: np.where(x > 0, 1.0, 0.0),),
    "sigmoid": (lambda out, x: out * (1 - out),),
}
"""Of elementwise operations that NumPy lacks the local derivative, so that edges show it; PyTorch's rule sends back."""

FORMULAS: dict[str, tuple[Callable[..., Any] | None, ...]] = {
    "linear": (
        lambda adjoint, out, x, weight, *bias: adjoint @ weight,
        lambda adjoint, out, x, weight, *bias: np.swapaxes(adjoint, -1, -2) @ x,
        lambda adjoint, out, x, weight, bias: np.sum(adjoint, axis=tuple(range(np.ndim(adjoint) - 1))),
    ),
}
"""Of some operations the rules as a reader knows them, in NumPy; those that run are PyTorch's own."""


# -- operations that NumPy has as well --------------------------------------------------------------

_SAME = {
    "add": "add", "sub": "subtract", "subtract": "subtract", "mul": "multiply", "multiply": "multiply",
    "div": "divide", "divide": "divide", "true_divide": "divide", "truediv": "divide", "neg": "negative",
    "negative": "negative", "exp": "exp", "log": "log", "sqrt": "sqrt", "sin": "sin", "cos": "cos", "tanh": "tanh",
    "square": "square", "pow": "power", "matmul": "matmul", "mm": "matmul", "rsub": "subtract", "radd": "add",
    "rmul": "multiply", "rtruediv": "divide", "rdiv": "divide", "rpow": "power", "rmatmul": "matmul", "log1p": "log1p",
    "expm1": "expm1", "abs": "absolute", "maximum": "maximum", "minimum": "minimum",
}  # fmt: skip
_TURNED = {"rsub", "radd", "rmul", "rtruediv", "rdiv", "rpow", "rmatmul"}
_REDUCED = {"sum", "mean"}


Known = tuple[Primitive, list[Any], dict[str, Any]]
"""A primitive of ours, its operands and its parameters."""


def own(name: str, args: Any, kwargs: Any, tensors: Sequence[Any], out: Any) -> Known | None:
    """Our own primitive for a call, with its operands (tensors or numbers) and parameters; None where there is none.

    Only where NumPy computes the same in the same dtype, so that formulas, what-if and exercises know the operation.
    """
    import torch

    if out.dtype not in (torch.float32, torch.float64) or out.layout is not torch.strided:
        return None
    if any(one.dtype != out.dtype or one.device.type != "cpu" or one.layout is not torch.strided for one in tensors):
        return None
    if name in _REDUCED:
        return _reduced(name, args, kwargs)
    known = _SAME.get(name)
    if known is None or kwargs:
        return None
    operands = list(args)
    if not all(isinstance(item, torch.Tensor) or type(item) in (int, float) for item in operands):
        return None
    primitive = REGISTRY[known]
    if len(operands) != (len(primitive.partials) or 2):
        return None
    if name in _TURNED:
        operands.reverse()
    if known == "matmul" and any(not isinstance(item, torch.Tensor) for item in operands):
        return None
    return primitive, operands, {}


def _reduced(name: str, args: Any, kwargs: Any) -> Known | None:
    import torch

    names = ("dim", "keepdim")
    if len(args) > 3 or not args or set(kwargs) - set(names) or not isinstance(args[0], torch.Tensor):
        return None
    given = {**dict(zip(names, args[1:], strict=False)), **kwargs}
    axis = given.get("dim")
    if isinstance(axis, list):
        axis = tuple(axis)
    axes = axis if isinstance(axis, tuple) else () if axis is None else (axis,)
    if not all(type(one) is int for one in axes) or axis == ():
        return None
    return REGISTRY[name], [args[0]], {"axis": axis, "keepdims": bool(given.get("keepdim", False))}
