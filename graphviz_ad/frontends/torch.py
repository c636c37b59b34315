"""`gad.from_torch`: the graph of PyTorch code that ran once, with PyTorch's own values and gradients."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphviz_ad.core import source as sources
from graphviz_ad.core import sweep
from graphviz_ad.core.recorder import Recorder, allowed_folder
from graphviz_ad.core.run import patient_collector
from graphviz_ad.core.trace import build
from graphviz_ad.core.traced import Traced
from graphviz_ad.errors import ArgumentError, InputError, OutputError, UnsupportedError
from graphviz_ad.graph import Graph


def from_torch(f: Any, /, *inputs: Any, **kwargs: Any) -> Graph:
    """The graph of PyTorch code: every operation with its value and adjoint, as PyTorch computes them.

    Parameters
    ----------
    f : callable, torch.nn.Module or torch.Tensor
        A function of tensors or a module, which is run once on the inputs. Or a loss that has been computed already:
        then the graph is what autograd has kept of it, which has no source lines and lacks some values.
    *inputs, **kwargs
        All go to ``f``. After a loss: the module, or a dict of names, by which its parameters are called.

    Returns
    -------
    Graph
        Its inputs are the tensors that require a gradient: the arguments, then all parameters of the modules, named as
        in ``named_parameters()``. Modules are groups. Adjoints are the numbers of PyTorch's own backward pass, to the
        last bit, and so are all values. ``node.note`` tells what was computed in place, is a view, or ran in
        ``no_grad``; where a gradient is lost the edge ``is_break``.

    Raises
    ------
    ArgumentError
        There is no function, module or loss.
    InputError
        A tensor has no numbers (the device "meta", a lazy module).
    OutputError
        No result requires a gradient. ``error.graph`` shows how far gradients would have come.
    UnsupportedError
        The function calls ``backward()``, or changes a parameter in place.

    Notes
    -----
    Model, gradients, buffers, hooks, random state and training flag are as before, also where the code raises.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> from importlib.util import find_spec
    >>> if find_spec("torch"):
    ...     import torch
    ...     w = torch.tensor(3.0, requires_grad=True)
    ...     graph = gad.from_torch(lambda x: (w * x - 1.0) ** 2, torch.tensor(2.0))
    ...     assert (graph.outputs[0].value, graph["w"].adjoint) == (25.0, 20.0)
    """
    torch = imported()
    if isinstance(f, torch.Tensor):
        from graphviz_ad.frontends.torch_loss import graph_of_loss

        return graph_of_loss(f, inputs, kwargs, sys._getframe(1))
    return capture(f, inputs, kwargs, sys._getframe())


def imported() -> Any:
    """PyTorch, or what to do to have it."""
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "gad.from_torch needs PyTorch, which is not installed: pip install 'graphviz-ad[torch]', or what "
            "pytorch.org says for your machine."
        ) from error
    return torch


def capture(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], boundary: Any) -> Graph:
    """Run a function or a module under a watch, and its backward pass."""
    import torch

    from graphviz_ad.frontends.torch_capture import Capture
    from graphviz_ad.frontends.torch_modules import modules_watched
    from graphviz_ad.frontends.torch_state import Kept, modules_of, same_random_numbers, unwrapped, variables_of

    if not callable(f):
        raise ArgumentError(
            f"gad.from_torch needs a function, a module or a loss that is a tensor, not {f!r}; write "
            "gad.from_torch(lambda x, y: loss(model(x), y), x, y)."
        )
    f = unwrapped(f)
    own = isinstance(f, torch.nn.Module)
    code = type(f).forward if own else f
    recorder = Recorder(boundary, () if _is_torchs(code) else allowed_folder(code))
    kept = Kept()
    run = Capture(recorder, kept)
    roots = {"": f} if own else modules_of(f)
    roots |= {name: value for name, value in _bound(f.forward if own else f, args, kwargs).items() if _is_module(value)}
    roots = {name: unwrapped(module) for name, module in roots.items()}
    tops = _tops(roots)
    try:
        with patient_collector, same_random_numbers(), _eager():
            for name, module in tops.items():
                _check_lazy(module)
                run.modules.add(module, "" if len(tops) == 1 else name)
            for name, value in variables_of(*(() if own else (f,))).items():
                if isinstance(value, torch.Tensor):
                    run.modules.names.setdefault(id(value), name)
            for name, tensor in _arguments(f.forward if own else f, args, kwargs):
                kept.keep_tensor(tensor)
                run.modules.names.setdefault(id(tensor), name)
                if tensor.requires_grad and tensor.is_leaf:
                    run.node_of(tensor)
            for module in tops.values():
                for parameter in module.parameters():
                    if parameter.requires_grad and id(parameter) not in run.seen:
                        run.leaf(parameter, run.modules.names[id(parameter)], "parameter")
            with modules_watched(run), run.watching():
                result = f(*args, **kwargs)
            return _finished(run, f, result)
    except Exception as error:
        if getattr(error, "graph", None) is None:
            with contextlib.suppress(Exception):
                error.graph = _so_far(run, f)  # type: ignore[attr-defined]
        raise
    finally:
        recorder.close()
        kept.restore()


@contextlib.contextmanager
def _eager() -> Iterator[None]:
    """Compiled code runs as it is written, so that it can be watched."""
    import torch

    stance = getattr(torch.compiler, "set_stance", None)
    if stance is None or "torch._dynamo" not in sys.modules:
        yield
        return
    with stance("force_eager"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Using `torch.compile.module.` when there are global hooks")
        yield


def _is_torchs(code: Any) -> bool:
    return str(getattr(code, "__module__", "")).partition(".")[0] == "torch"


def _tops(roots: dict[str, Any]) -> dict[str, Any]:
    """Of some modules those that are part of no other."""
    inner = {id(part) for module in roots.values() for part in module.modules() if part is not module}
    return {name: module for name, module in roots.items() if id(module) not in inner}


def _check_lazy(module: Any) -> None:
    from torch.nn.parameter import is_lazy

    for name, parameter in module.named_parameters():
        if is_lazy(parameter):
            raise InputError(
                f"the parameter {name!r} has no shape yet: run the lazy module once, model(x), then capture it."
            )


def _bound(f: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by the names of the function's parameters."""
    import inspect

    try:
        return dict(inspect.signature(f).bind_partial(*args, **kwargs).arguments)
    except (TypeError, ValueError):  # written in C, or called wrongly, which it will say itself
        return {f"x{number}": value for number, value in enumerate(args, 1)} | kwargs


def _is_module(value: Any) -> bool:
    import torch

    return isinstance(value, torch.nn.Module)


def _arguments(f: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> list[tuple[str, Any]]:
    """The tensors among the arguments, and their names."""
    from graphviz_ad.frontends.torch_ops import tensors_in

    found: list[tuple[str, Any]] = []
    for name, value in _bound(f, args, kwargs).items():
        tensors = tensors_in(value)
        found += [(name if len(tensors) == 1 else f"{name}[{i}]", tensor) for i, tensor in enumerate(tensors)]
    return found


# -- the end ------------------------------------------------------------------------------------


def _finished(run: Any, f: Any, result: Any) -> Graph:
    from graphviz_ad.frontends.torch_ops import tensors_in

    tensors = tensors_in(result)
    if not tensors:
        raise OutputError(
            f"{_title(f) or 'the function'} returned no tensor but {type(result).__name__}; return the loss itself, "
            "not loss.item() or a number made from it."
        )
    outputs = [run.node_of(tensor) for tensor in tensors]
    floating = {
        node.index: (node, tensor) for node, tensor in zip(outputs, tensors, strict=True) if node.differentiable
    }
    if not floating:
        error = OutputError(_without_gradient(run, f))
        error.graph = _built(run, f, outputs)
        raise error
    graph = _built(run, f, [node for node, _ in floating.values()])
    if len(floating) == 1:
        ((_, tensor),) = floating.values()
        if tensor.numel() == 1:
            _take_gradients(run, graph, tensor)
    return graph


def _without_gradient(run: Any, f: Any) -> str:
    what = f"the result of {_title(f)}" if _title(f) else "the result"
    if not run.inputs:
        return (
            f"{what} requires no gradient, and nothing that it is made of does; write w.requires_grad_() for what is "
            "to be differentiated by, or give a module that is not frozen."
        )
    return (
        f"{what} requires no gradient: every way from {run.inputs[0].params.get('name') or 'an input'} to it is cut "
        "(detach, no_grad, a comparison, argmax, a cast to int). error.graph shows where; gad.doctor tells."
    )


def _title(f: Any) -> str:
    name = getattr(f, "__name__", type(f).__name__)
    return "" if name == "<lambda>" else str(name)


def _so_far(run: Any, f: Any) -> Graph | None:
    used = {item.index for node in run.nodes for item in node.inputs}
    ends = [node for node in run.nodes if node.index not in used and node.primitive is not None]
    return _built(run, f, ends or run.inputs or run.nodes)


def _built(run: Any, f: Any, outputs: Sequence[Traced], retrace: Callable[..., Any] | None = None) -> Graph:
    """The graph, with what is known beside the nodes: groups, notes, lines of what happened inside of modules."""
    import torch

    guards = run.guards
    for node in run.nodes:
        if node.index in run.hidden:  # a line that several operations share names none of them
            node.site = None
    calls = list(run.recorder.calls.values())
    graph = build(Graph, outputs, guards, calls, run.inputs, retrace, _title(f))
    order = sweep.ancestors([*outputs, *(guard.node for guard in guards), *run.inputs])
    run.positions = {node.index: position for position, node in enumerate(order)}
    tables = graph.tables
    lines = sources.SourceMap()
    groups, found, notes = list(tables.groups), list(tables.sources), {}
    for position, node in enumerate(order):
        index = node.index
        if index in run.shared:
            notes[position] = "adjoint of its uses outside"
        if index in run.groups:
            groups[position] = run.groups[index] or None
        if index in run.hidden:
            found[position] = lines.source(run.hidden[index])
        if index in run.notes:
            notes[position] = run.notes[index]
        kind = run.kinds.get(index)
        exact = "" if kind is None else str(kind.dtype).removeprefix("torch.")
        if exact and exact != str(node.dtype) and exact != "bool":
            notes[position] = ", ".join(filter(None, (notes.get(position), exact)))
    for seen in run.seen.values():
        position = run.positions.get(seen.node.index)
        if position is not None and seen.node.primitive is None:
            groups[position] = run.modules.owners.get(id(seen.tensor))
        if position is not None and isinstance(seen.tensor, torch.nn.Parameter) and not seen.required:
            notes[position] = ", ".join(filter(None, ("frozen", notes.get(position))))
    return Graph(graph.records, replace(tables, groups=tuple(groups), sources=tuple(found), notes=notes))


def _overwritten(graph: Graph) -> str:
    """What is said where PyTorch refuses the backward pass since a value that it needs has been changed."""
    changed = [node for node in graph.nodes if node.note.startswith("in place")]
    places = [
        f"{node.name} ({node.primitive.name if node.primitive else ''}"
        + (f", {node.source.file}, line {node.source.line}: `{node.source.text}`)" if node.source else ")")
        for node in changed[:5]
    ]
    return (
        "a value that the backward pass needs was changed in place, so PyTorch refuses to run it. Changed in place: "
        f"{'; '.join(places) or 'something that was not watched'}. Write it without the underscore: y = y + 1."
    )


def _take_gradients(run: Any, graph: Graph, output: Any) -> None:
    """The numbers of PyTorch's own backward pass, for every value of the graph."""
    import torch

    from graphviz_ad.frontends.torch_values import value_of

    wanted = [index for index in run.positions if index in run.edges]
    edges = [run.edges[index] for index in wanted]
    try:
        found = torch.autograd.grad(output, edges, torch.ones_like(output), retain_graph=True, allow_unused=True)
    except RuntimeError as problem:
        if "inplace operation" not in str(problem):
            raise
        error = UnsupportedError(_overwritten(graph))
        error.graph = graph
        raise error from problem
    adjoints = {
        run.positions[index]: value_of(grad) for index, grad in zip(wanted, found, strict=True) if grad is not None
    }
    for position in sorted((run.positions[index] for index in run.shared if index in run.positions), reverse=True):
        adjoints[position] = _from_outside(graph, position, adjoints)
    graph.take_adjoints(adjoints)


def _from_outside(graph: Graph, position: int, adjoints: dict[int, Any]) -> Any:
    """The adjoint of a result from which its operation has made another: what its uses outside of that send."""
    record = graph.records[position]
    total = np.zeros(record.shape, record.dtype)[()]
    for consumer, row in enumerate(graph.input_table):
        for argnum, start in enumerate(row):
            if start == position and consumer in adjoints and sweep.active_edge(graph.records[consumer], argnum):
                total = total + sweep.contribution(graph.records[consumer], argnum, adjoints[consumer])
    return total
