"""`gad.from_torch(loss)`: the graph that autograd has kept of a loss, with the values that can still be known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.custom import named_apart
from graphviz_ad.core.graph import Tables
from graphviz_ad.core.primitive import Primitive
from graphviz_ad.core.source import assign_names
from graphviz_ad.core.traced import Traced
from graphviz_ad.errors import ArgumentError, OutputError, ReplayError, UnsupportedError
from graphviz_ad.frontends.torch_kept import called, sent_by
from graphviz_ad.frontends.torch_values import Kind, same_bits, tensor_of, value_of
from graphviz_ad.graph import Graph

LOST = "value not kept"
GONE = (
    "the graph of this loss is gone, since loss.backward() frees it. Call gad.from_torch(loss) before, or write "
    "loss.backward(retain_graph=True)."
)


def graph_of_loss(loss: Any, named: Sequence[Any], more: dict[str, Any], frame: Any) -> Graph:
    """The graph behind a tensor; ``named``: modules or dicts of names; ``frame``: where the user's variables are."""
    import torch

    if not loss.requires_grad:
        raise OutputError(
            "this tensor requires no gradient: autograd has kept nothing of how it was computed. Was it computed in "
            "torch.no_grad(), detached, or made of numbers (.item())? gad.from_torch(f, x) watches the function run."
        )
    if loss.numel() != 1:
        raise OutputError(
            f"the loss has shape {tuple(loss.shape)}; a backward pass starts from one number: write loss.mean() or "
            "loss.sum()."
        )
    if loss.is_complex():
        raise OutputError("the loss is complex, and only a real number has a gradient: write loss.abs() or loss.real.")
    names = _names([*named, *([more] if more else [])], frame)
    if loss.grad_fn is None:
        raise OutputError("this tensor is a leaf: nothing was computed from it yet.")
    walk = _Walk(loss, names)
    order = walk.order
    edges = [torch.autograd.graph.GradientEdge(function, number) for function, number in order]
    try:
        grads = torch.autograd.grad(loss, edges, torch.ones_like(loss), retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        raise UnsupportedError(GONE) from error
    walk.sent = [
        None if grad is None else sent_by(function, {number: grad}) if not hasattr(function, "variable") else ()
        for (function, number), grad in zip(order, grads, strict=True)
    ]
    walk.grads = [None if grad is None else value_of(grad) for grad in grads]
    return walk.graph().take_adjoints({place: grad for place, grad in enumerate(walk.grads) if grad is not None})


def _names(named: Sequence[Any], frame: Any) -> dict[int, str]:
    """What the user calls tensors, by id: what was given, else the variables where `from_torch` was called."""
    import torch

    found: dict[int, str] = {}

    def look(name: str, value: Any) -> None:
        if isinstance(value, torch.nn.Module):
            for path, parameter in value.named_parameters():
                found.setdefault(id(parameter), f"{name}.{path}" if name else path)
        elif isinstance(value, torch.Tensor):
            found.setdefault(id(value), name)
        elif isinstance(value, dict):
            for key, item in value.items():
                look(f"{name}.{key}" if name else str(key), item)
        elif isinstance(value, list | tuple) and not name:
            for item in value:
                if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
                    look(*item)

    for thing in named:
        if isinstance(thing, Iterator):
            thing = list(thing)  # model.parameters(), model.named_parameters()
        if not isinstance(thing, torch.nn.Module | dict | list | tuple):
            raise ArgumentError(
                f"after a loss come the module or a dict of names of its parameters, not {type(thing).__name__}: "
                "gad.from_torch(loss, model). To run a function on inputs, give the function: gad.from_torch(f, x)."
            )
        look("", thing)
    variables = {**frame.f_globals, **frame.f_locals}
    modules = {name: value for name, value in variables.items() if isinstance(value, torch.nn.Module)}
    for name, value in modules.items():
        look("" if len(modules) == 1 else name, value)
    for name, value in variables.items():
        if isinstance(value, torch.Tensor) and not name.startswith("_"):
            look(name, value)
    return found


class _Walk:
    """Autograd's functions behind a loss, inputs before consumers, and what is known of their values."""

    def __init__(self, loss: Any, names: dict[int, str]) -> None:
        import torch

        self.names = names
        self.grads: list[Any] = []
        self.sent: list[Any] = []
        """By place what each function sent back; kept, since `loss.backward()` will free what it is made from."""
        end = torch.autograd.graph.get_gradient_edge(loss)
        self.order: list[tuple[Any, int]] = []
        self.place: dict[tuple[Any, int], int] = {}
        self.known: dict[tuple[Any, int], Any] = {(end.node, end.output_nr): value_of(loss)}
        self._order(end.node, end.output_nr)
        self._sort()
        for function in dict.fromkeys(function for function, _ in self.order):
            self._learn(function)
        self._infer()

    def _order(self, end: Any, number: int) -> None:
        stack: list[tuple[Any, int, bool]] = [(end, number, False)]
        while stack:
            function, output, left = stack.pop()
            key = (function, output)
            if key in self.place:
                continue
            if left:
                self.place[key] = len(self.order)
                self.order.append(key)
                continue
            stack.append((function, output, True))
            before = [(one, nr, False) for one, nr in function.next_functions if one is not None]
            stack += reversed([step for step in before if step[:2] not in self.place])

    def _sort(self) -> None:
        """Leaves as the user names them, then operations as they were made: autograd numbers them."""
        known = {identity: number for number, identity in enumerate(self.names)}

        def key(step: tuple[Any, int]) -> tuple[int, int]:
            function, _ = step
            if hasattr(function, "variable"):
                return 0, known.get(id(function.variable), len(known))
            return 1, function._sequence_nr()  # noqa: SLF001  (PyTorch's only name for it)

        found = sorted(self.order, key=key)
        place = {step: number for number, step in enumerate(found)}
        if all(place[before] < place[step] for step in found for before in _inputs(step[0])):
            self.order, self.place = found, place

    def _learn(self, function: Any) -> None:
        """What a function has saved tells the values of its result and of its inputs."""
        if hasattr(function, "variable"):
            self.known[function, 0] = value_of(function.variable)
            return
        name = called(function.name())
        result = _saved(function, "result")
        if result is not None:
            self.known.setdefault((function, 0), value_of(result))
        for argument, key in zip(_ARGUMENTS.get(name, ("self", "other")), function.next_functions, strict=False):
            if key[0] is not None:
                value = _saved(function, argument)
                if value is not None:
                    self.known.setdefault(key, value_of(value))

    def _infer(self) -> None:
        """Values that follow from others: a few operations keep nothing, since their derivative needs nothing."""
        for key in self.order:
            function, _ = key
            compute = _SIMPLE.get(called(function.name())) if key not in self.known else None
            inputs = function.next_functions
            if compute is not None and all(one is not None and (one, nr) in self.known for one, nr in inputs):
                found = compute(function, *[self.known[one, nr] for one, nr in inputs])
                if found is not None and np.shape(found) == _shape(key)[0]:
                    self.known[key] = found

    def graph(self) -> Graph:
        """The graph: leaves are inputs, functions are operations."""
        records: list[Traced] = []
        notes: dict[int, str] = {}
        roles: list[str] = []
        given: list[str | None] = []
        inputs: list[int] = []
        for place, (function, number) in enumerate(self.order):
            shape, kind = _shape((function, number))
            value = self.known.get((function, number))
            if value is None or np.shape(value) != shape:
                dtype = np.asarray(value_of(_empty(kind))).dtype
                value = np.full(shape, np.nan, dtype)[()]
                notes[place] = LOST
            if hasattr(function, "variable"):
                name = self.names.get(id(function.variable))
                records.append(Traced(value, None, (), {"role": "parameter", "name": name}, None))
                inputs.append(place)
                roles.append("parameter")
                given.append(name)
                continue
            before = _inputs(function)
            label = called(function.name())
            outputs = len(function._input_metadata)  # noqa: SLF001
            label = label if outputs == 1 else f"{label}[{number}]"
            sources = tuple(records[self.place[key]] for key in before)
            then = (self.grads[place], self.sent[place])
            records.append(Traced(value, _primitive(label, function, number, kind, then), sources, {}, None))
            roles.append("")
            given.append(None)
        end = len(self.order) - 1
        # a leaf without a name that anybody knows is p1, p2, …
        unnamed = iter(range(1, len(inputs) + 1))
        given = [f"p{next(unnamed)}" if name is None and place in inputs else name for place, name in enumerate(given)]
        nobody: list[list[str]] = [[] for _ in records]
        names = assign_names(records, given, nobody, [end], [None] * len(records))
        tables = Tables(
            names=names, inputs=tuple(inputs), outputs=(end,), roles=tuple(roles), sources=(None,) * len(records),
            groups=(None,) * len(records), notes=notes,
        )  # fmt: skip
        lost = f" {len(notes)} values, shown as nan, were not kept." if notes else ""
        return Graph(records, tables, f"{PARTIAL}{lost}")


PARTIAL = (
    "This is what autograd kept of a loss that had been computed: no source lines, no modules, nothing of what needs "
    "no gradient. gad.from_torch(f, x) watches the code run and has all of it."
)


def _inputs(function: Any) -> list[tuple[Any, int]]:
    """What a function sends to, without the inputs that require no gradient."""
    return [(one, number) for one, number in function.next_functions if one is not None]


def _primitive(label: str, function: Any, number: int, kind: Kind, then: tuple[Any, Any]) -> Primitive:
    """An operation that knows what it sent back in the backward pass of then, and asks autograd for anything else."""
    edges = [place for place, (one, _) in enumerate(function.next_functions) if one is not None]

    def compute(*_inputs: Any, **_params: Any) -> Any:
        raise ReplayError(
            f"this graph is what autograd kept of a loss: {label} cannot be computed at other inputs. Give the "
            "function: gad.from_torch(f, x)."
        )

    def pull(argnum: int, adjoint: Any, _out: Any, _inputs: Sequence[Any], /, **_params: Any) -> Any:
        if type(adjoint) is Traced:
            raise UnsupportedError(f"{label} is an operation of PyTorch's: there is no graph of its derivative.")
        if then[0] is not None and same_bits(adjoint, then[0]):
            sent = then[1][edges[argnum]]
        else:
            sent = sent_by(function, {number: tensor_of(adjoint, kind)})[edges[argnum]]
        return None if sent is None else value_of(sent)

    def push(*_args: Any, **_params: Any) -> Any:
        raise UnsupportedError(f"autograd keeps reverse mode alone: no tangent passes {label}.")

    made = Primitive(
        label, label, compute, "general", vjps=(pull,), jvps=(push,), variadic=True, pushes=False, whole=True
    )
    return named_apart(made, f"{label}#torch")


def _shape(key: tuple[Any, int]) -> tuple[tuple[int, ...], Kind]:
    import torch

    function, number = key
    if hasattr(function, "variable"):
        one = function.variable
        return tuple(one.shape), Kind(one.dtype, one.device, one.layout)
    meta = function._input_metadata[number]  # noqa: SLF001  (PyTorch's documented name for it)
    return tuple(meta.shape), Kind(meta.dtype, meta.device, torch.strided)


def _empty(kind: Kind) -> Any:
    import torch

    return torch.zeros((), dtype=kind.dtype)


def _saved(function: Any, name: str) -> Any:
    """A tensor that a function has saved; None where it has not, or where it is gone."""
    import torch

    try:
        found = getattr(function, f"_saved_{name}", None)
    except RuntimeError as error:
        if "freed" in str(error) or "second time" in str(error):
            raise UnsupportedError(GONE) from error
        return None  # changed in place since
    return found if isinstance(found, torch.Tensor) else None


_ARGUMENTS = {
    "addmm": ("bias", "mat1", "mat2"), "mm": ("self", "mat2"), "bmm": ("self", "mat2"), "nll_loss": ("self",),
    "convolution": ("input", "weight"), "native_batch_norm": ("input", "weight"),
    "native_layer_norm": ("input", "weight", "bias"), "mse_loss": ("self", "target"),
    "max_pool2_d_with_indices": ("self",), "embedding": (),
}  # fmt: skip
"""Under which names functions save their inputs, where not as ``self`` and ``other``."""


def _scaled(function: Any, name: str) -> float:
    return float(getattr(function, f"_saved_{name}", 1))


_SIMPLE: dict[str, Any] = {
    "add": lambda f, a, *b: a + _scaled(f, "alpha") * b[0] if b else None,
    "sub": lambda f, a, *b: a - _scaled(f, "alpha") * b[0] if b else None,
    "t": lambda f, a: np.swapaxes(a, 0, 1),
    "addmm": lambda f, b, x, w: b + x @ w,
    "mm": lambda f, x, w: x @ w,
    "relu": lambda f, a: np.maximum(a, 0),
    "neg": lambda f, a: -a,
    "sum": lambda f, a: np.sum(a),
    "mean": lambda f, a: np.mean(a),
    "clone": lambda f, a: a,
}
"""What can be computed again, and in NumPy: such a value may differ from PyTorch's in the last digit."""
