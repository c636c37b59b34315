"""Watches PyTorch code run once: every operation that the user's code asks for becomes a node.

PyTorch hands each of its public functions, before anything is opened up, to the `TorchFunctionMode` that is active:
that is the level at which its users think (`linear`, `conv2d`, `batch_norm`), and the mode sees what stands above
autograd too: `.item()`, `detach`, comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from graphviz_ad.core.recorder import Guard, Recorder, Site
from graphviz_ad.core.traced import Traced, constant_node
from graphviz_ad.errors import UnsupportedError
from graphviz_ad.frontends.torch_modules import Modules
from graphviz_ad.frontends.torch_ops import DRAW, Call, Slot, Viewed, autocast, mapped, own, primitive_of, tensors_in
from graphviz_ad.frontends.torch_state import Kept, set_version, version_of
from graphviz_ad.frontends.torch_values import kind_of, tensor_of, value_of
from graphviz_ad.frontends.torch_watching import (
    carries,
    is_tensor,
    is_wrapped,
    itself,
    shares,
    strided_view,
    watching_mode,
)
from graphviz_ad.frontends.torch_words import ASKING, EXITS, SETTING, name_of, opened, parameters


class Seen:
    """A tensor that was met, its node, and what it looked like then: later it may have been changed."""

    __slots__ = ("grad_fn", "node", "required", "tensor", "version")

    def __init__(self, tensor: Any, node: Traced) -> None:
        self.tensor = tensor
        self.node = node
        self.version = version_of(tensor)
        self.grad_fn = tensor.grad_fn
        self.required = tensor.requires_grad

    def holds(self) -> bool:
        """Whether the tensor still is what it was."""
        tensor = self.tensor
        return (
            self.version == version_of(tensor)
            and self.grad_fn is tensor.grad_fn
            and self.required == tensor.requires_grad
        )


class Capture:
    """One run: the nodes in the order in which they were made, and which tensor each one is."""

    def __init__(self, recorder: Recorder, kept: Kept) -> None:
        import torch

        self.recorder = recorder
        self.kept = kept
        self.seen: dict[int, Seen] = {}
        self.by_edge: dict[tuple[Any, int], Traced] = {}
        self.edges: dict[int, Any] = {}  # creation index -> autograd's own name for the value
        self.inputs: list[Traced] = []
        self.nodes: list[Traced] = []
        self.dependent: set[int] = set()  # creation indices of what an input has a say in, through breaks too
        self.hidden: dict[int, Site] = {}  # nodes whose line is known, but is not the line that names them
        self.notes: dict[int, str] = {}
        self.groups: dict[int, str] = {}
        self.guards: list[Guard] = []
        self.kinds: dict[int, Any] = {}
        self.modules = Modules(kept)
        self.shared: set[int] = set()  # results from which their own operation has made another result
        self.states: list[Any] = []
        self._primitives: dict[Any, Any] = {}
        self._state = torch.get_rng_state()

    # -- leaves ---------------------------------------------------------------------------------

    def leaf(self, tensor: Any, name: str | None, role: str = "") -> Traced:
        """The node of a tensor that no watched operation made: an input where it requires a gradient."""
        what = f"the tensor {name!r}" if name else "a tensor"
        if tensor.requires_grad and tensor.is_complex():
            raise UnsupportedError(
                f"{what} is complex and requires a gradient; a graph starts from real numbers: hold the real and the "
                "imaginary part as two parameters and write torch.complex(a, b)."
            )
        value = value_of(tensor, what)
        if tensor.requires_grad:
            node = Traced(value, None, (), {"role": role or "input", "name": name}, self.recorder)
            self.inputs.append(node)
            self.dependent.add(node.index)
        else:
            node = constant_node(value, self.recorder, name)
        self._met(tensor, node)
        return node

    def _met(self, tensor: Any, node: Traced) -> None:
        import torch

        self.seen[id(tensor)] = Seen(tensor, node)
        self.kinds[node.index] = kind_of(tensor)
        self.nodes.append(node)
        if carries(tensor):
            with torch.enable_grad():  # PyTorch needs it to find the edge of a leaf
                edge = torch.autograd.graph.get_gradient_edge(tensor)
            self.edges[node.index] = edge
            self.by_edge[edge.node, edge.output_nr] = node
        else:
            node.differentiable = False

    def node_of(self, tensor: Any) -> Traced:
        """The node that a tensor is now."""
        seen = self.seen.get(id(tensor))
        if seen is not None and seen.tensor is tensor:
            if seen.holds():
                return seen.node
            if tensor.is_leaf and seen.required != tensor.requires_grad and seen.version == version_of(tensor):
                return self.leaf(tensor, self.modules.names.get(id(tensor)))  # requires_grad_() in the function
            return self._changed(tensor, seen)
        base = tensor._base  # noqa: SLF001  (PyTorch's documented name for what a view is a view of)
        if base is not None and id(base) in self.seen:
            return self._view(tensor, base)
        if tensor.grad_fn is not None:
            return self._unwatched(tensor)
        self.kept.keep_tensor(tensor)
        return self.leaf(tensor, self.modules.names.get(id(tensor)))

    def _changed(self, tensor: Any, seen: Seen) -> Traced:
        """A tensor that has become another: changed in place through a view of it, or by what was not watched."""
        base = tensor._base  # noqa: SLF001
        if base is not None and id(base) in self.seen:
            return self._view(tensor, base)
        if tensor.grad_fn is not seen.grad_fn and tensor.grad_fn is not None:
            return self._unwatched(tensor)
        if tensor.is_leaf and tensor.requires_grad:
            self._refuse_change(tensor)
        return self._make("overwritten", itself, (tensor,), {}, [seen.node], tensor, ("out", 0), note="in place")

    def _refuse_change(self, tensor: Any) -> NoReturn:
        """A parameter is to stay what it was: its gradient could not say which of its values it belongs to."""
        import torch

        seen = self.seen[id(tensor)]
        with torch.no_grad():
            tensor.data.copy_(tensor_of(seen.node.value, kind_of(tensor)))
        set_version(tensor, seen.version)
        name = seen.node.params.get("name") or "a leaf"
        raise UnsupportedError(
            f"the function changes {name!r}, which requires a gradient, in place. Capture the loss alone, without the "
            "optimiser's step: gad.from_torch(loss_function, ...)."
        )

    def _view(self, tensor: Any, base: Any) -> Traced:
        """A view that no watched operation made, or whose base has changed: it is made anew from the base."""
        size, stride, offset = tuple(tensor.size()), tensor.stride(), tensor.storage_offset() - base.storage_offset()
        args = (base, size, stride, offset)
        return self._make("as_strided", strided_view, args, {}, [self.node_of(base)], tensor, ("out", 0), note="view")

    def _unwatched(self, tensor: Any) -> Traced:
        """A value that autograd knows and nobody saw being made: compiled code, an autograd.Function, a gradient."""
        from graphviz_ad.frontends.torch_kept import passage

        found = passage(tensor, self)
        return self._add(found.primitive, found.inputs, {}, tensor, value_of(tensor), found.note)

    def _leads_on(self, tensor: Any, results: Sequence[Any]) -> bool:
        """Whether another result of the same operation is made from this one, as h of an LSTM's cell is from c."""
        others = [one.grad_fn for one in results if one is not tensor and one.grad_fn not in (None, tensor.grad_fn)]
        seen: set[Any] = set()
        while others:
            function = others.pop()
            for before, number in function.next_functions:
                if before is tensor.grad_fn:
                    return True
                if before is not None and before not in seen and (before, number) not in self.by_edge:
                    seen.add(before)
                    others.append(before)
        return False

    # -- operations -----------------------------------------------------------------------------

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one function of PyTorch's and note what it did."""
        import torch

        name = name_of(function)
        if name == "backward":
            raise UnsupportedError(
                "the function calls backward(); gad.from_torch runs the backward pass itself. Give it a function that "
                "returns the loss."
            )
        inner = opened(function)
        if inner is not None:
            with self.watching():
                return inner(*args, **kwargs)
        tensors = tensors_in(args) + tensors_in(kwargs)
        if torch._C._functorch.peek_interpreter_stack() is not None or any(map(is_wrapped, tensors)):  # noqa: SLF001
            return function(*args, **kwargs)  # inside vmap or torch.func.grad: only what comes out of them has numbers
        if name in EXITS:
            self._exit(name, tensors)
            return function(*args, **kwargs)
        if name == "grad" and str(getattr(function, "__module__", "")).startswith("torch.autograd"):
            return self._gradient(function, args, kwargs, tensors)
        if name in ASKING or (not tensors and name in SETTING):
            return function(*args, **kwargs)
        nodes = [self.node_of(tensor) for tensor in tensors]
        before = [version_of(tensor) for tensor in tensors]
        state = self._state
        result = function(*args, **kwargs)
        after = torch.get_rng_state()
        drew = not torch.equal(state, after)
        self._state = after
        changed = [place for place, tensor in enumerate(tensors) if version_of(tensor) != before[place]]
        results = tensors_in(result)
        self._note(function, name, args, kwargs, tensors, nodes, results, changed, state if drew else None)
        return result

    def _gradient(self, function: Any, args: Any, kwargs: Any, tensors: Sequence[Any]) -> Any:
        """A gradient inside the function: with ``create_graph=True`` autograd keeps how it was made."""
        from graphviz_ad.frontends.torch_kept import cut

        nodes = [self.node_of(tensor) for tensor in tensors]
        result = function(*args, **kwargs)
        for tensor in tensors_in(result):
            if tensor.grad_fn is not None:
                self.node_of(tensor)
            else:
                self._add(cut("grad"), nodes, {}, tensor, value_of(tensor), "no create_graph")
        return result

    def _note(
        self, function: Any, name: str, args: Any, kwargs: Any, tensors: list[Any], nodes: list[Traced],
        results: list[Any], changed: list[int], state: Any,
    ) -> None:  # fmt: skip
        done: set[int] = set()
        for place in changed:
            tensor = tensors[place]
            if id(tensor) in done:
                continue
            done.add(id(tensor))
            if tensor.is_leaf and tensor.requires_grad and id(tensor) in self.seen:
                self._refuse_change(tensor)
            base = tensor._base  # noqa: SLF001
            if base is None or id(base) not in self.seen:
                self._make(name, function, args, kwargs, nodes, tensor, ("slot", place), state, "in place", tensors)
                continue
            # PyTorch sees a change of the base here, and the view is made anew from it: so do we
            old = [*nodes, self.seen[id(base)].node]
            self._make(
                name, function, args, kwargs, old, base, ("slot", len(tensors)), state, "in place, through a view",
                [*tensors, base], through=(place, tensor),
            )  # fmt: skip
        for number, tensor in enumerate(results):
            if id(tensor) in done:
                continue
            known = self.seen.get(id(tensor))
            if known is not None and known.tensor is tensor:
                continue  # it hands on what it was given
            note = "view" if shares(tensor, tensors) else ""
            label = name if len(results) == 1 else f"{name}[{number}]"
            made = self._make(label, function, args, kwargs, nodes, tensor, ("out", number), state, note, tensors)
            if len(results) > 1 and tensor.grad_fn is not None and self._leads_on(tensor, results):
                self.shared.add(made.index)

    def _make(
        self, name: str, function: Any, args: Any, kwargs: Any, nodes: list[Traced], tensor: Any, pick: tuple[str, int],
        state: Any = None, note: str = "", tensors: Sequence[Any] | None = None, through: Any = None,
    ) -> Traced:  # fmt: skip
        """The node of one result."""
        stopped, why = self._stopped(name, nodes, tensor)
        if pick[0] == "out" and not note and state is None:
            found = own(name, args, kwargs, tensors if tensors is not None else tensors_in(args), tensor)
            if found is not None and not stopped:
                primitive, operands, params = found
                where = {id(one): node for one, node in zip(tensors or (), nodes, strict=True)}
                inputs = [where[id(one)] if id(one) in where else constant_node(one, self.recorder) for one in operands]
                return self._add(primitive, inputs, params, tensor, value_of(tensor), "")
        given = tensors if tensors is not None else tensors_in(args)
        slots = iter([Slot(argnum, kind_of(one)) for argnum, one in enumerate(given)])
        places: dict[int, Any] = {}
        if through is not None:
            place, view = through
            base = Slot(len(given) - 1, kind_of(given[-1]))
            shift = view.storage_offset() - given[-1].storage_offset()
            places[place] = Viewed(base, tuple(view.size()), view.stride(), shift)

        def emptied(leaf: Any) -> Any:
            if not is_tensor(leaf):
                return leaf
            slot = next(slots)
            return places.get(slot.argnum, slot)

        filled = mapped(emptied, args), mapped(emptied, kwargs)
        call = Call(function, *filled, pick, pick[0] == "slot", self.states, autocast())
        out = kind_of(tensor)
        kinds = [kind_of(one) for one in given]
        moving = tuple([node.differentiable for node in nodes])
        key = (name, function, repr((call.args, call.kwargs, call.autocast)), pick, out, stopped, tuple(kinds), moving)
        if key not in self._primitives:
            self._primitives[key] = primitive_of(name, call, kinds, out, stopped, moving)
        params = parameters(name, args, kwargs)
        if state is not None:
            self.states.append(state)
            params[DRAW] = len(self.states) - 1
        return self._add(
            self._primitives[key], nodes, params, tensor, value_of(tensor), ", ".join(filter(None, (note, why)))
        )

    def _stopped(self, name: str, nodes: Sequence[Traced], tensor: Any) -> tuple[str, str]:
        """Whether derivatives end at an operation: the kind of its primitive, and why."""
        import torch

        if carries(tensor):
            return "", ""
        if not any(node.differentiable for node in nodes):
            return "plain", ""
        if name in ("detach", "detach_", "data"):
            return "cut", "detach"
        if tensor.is_floating_point() and not torch.is_grad_enabled():
            return "cut", "inference_mode" if torch.is_inference_mode_enabled() else "no_grad"
        return "plain", ""

    def _add(
        self, primitive: Any, inputs: Sequence[Traced], params: dict[str, Any], tensor: Any, value: Any, note: str
    ) -> Traced:
        site = self.recorder.site()
        node = Traced(value, primitive, tuple(inputs), params, self.recorder, site)
        if self.modules.inside and site is not None:
            self.hidden[node.index] = site
        self._met(tensor, node)
        if any(item.index in self.dependent for item in inputs):
            self.dependent.add(node.index)
        if self.modules.running:
            self.groups[node.index] = self.modules.group
        if note:
            self.notes[node.index] = note
        return node

    def _exit(self, name: str, tensors: Sequence[Any]) -> None:
        for tensor in tensors:
            node = self.node_of(tensor)
            if node.index in self.dependent:
                self.guards.append(Guard(node, EXITS[name], node.value, self.recorder.site()))

    # -- watching -------------------------------------------------------------------------------

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Let PyTorch hand every function that this thread calls to `call`."""
        with watching_mode()(self):
            yield
