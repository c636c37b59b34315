"""What autograd itself keeps of a computation: its graph, walked from a result back to what is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from graphviz_ad.core.custom import named_apart
from graphviz_ad.core.primitive import Primitive
from graphviz_ad.core.traced import Traced
from graphviz_ad.errors import ReplayError, UnsupportedError
from graphviz_ad.frontends.torch_values import kind_of, tensor_of, value_of

if TYPE_CHECKING:
    from graphviz_ad.frontends.torch_capture import Capture


class Passage(NamedTuple):
    """A piece of computation that nobody watched, as one node."""

    primitive: Primitive
    inputs: list[Traced]
    note: str


def passage(tensor: Any, capture: Capture) -> Passage:
    """The node of a tensor that compiled code, an `autograd.Function` or a gradient has made.

    Its inputs are the nearest values that the capture knows; its contributions are what autograd's own functions say.
    """
    import torch

    end = torch.autograd.graph.get_gradient_edge(tensor)
    order, borders = _between(end.node, capture)
    inputs, kinds = [], []
    for edge in borders:
        inputs.append(capture.by_edge[edge])
        kinds.append(capture.kinds[inputs[-1].index])
    name = called(end.node.name()) if len(order) == 1 else f"{called(end.node.name())}…"
    out = kind_of(tensor)
    places = {edge: number for number, edge in enumerate(borders)}

    def pull(argnum: int, adjoint: Any, _out: Any, _inputs: Sequence[Any], /, **_params: Any) -> Any:
        if type(adjoint) is Traced:
            raise UnsupportedError(f"{name} is an operation of PyTorch's: there is no graph of its derivative.")
        found = backwards(order, places, end, tensor_of(adjoint, out))[argnum]
        return None if found is None else value_of(found)

    def push(*_args: Any, **_params: Any) -> Any:
        raise UnsupportedError(f"{name} ran where Python could not see it: no tangent passes it.")

    made = Primitive(
        name, name, _not_again(name), "general", vjps=(pull,), jvps=(push,), variadic=True, pushes=False, whole=True
    )
    hidden = "" if len(order) == 1 else f"{len(order)} operations that autograd kept"
    return Passage(named_apart(made, f"{name}#torch"), inputs, hidden)


def cut(name: str) -> Primitive:
    """An operation that autograd has not kept, and behind which there is no derivative."""
    return named_apart(Primitive(name, name, _not_again(name), "cut"), f"{name}#torch")


def _not_again(name: str) -> Callable[..., Any]:
    def compute(*_inputs: Any, **_params: Any) -> Any:
        raise ReplayError(
            f"{name} ran where Python could not see it, so its value cannot be computed at other inputs; call "
            "gad.from_torch again."
        )

    return compute


def _between(end: Any, capture: Capture) -> tuple[list[Any], list[tuple[Any, int]]]:
    """Autograd's functions from a result back to known values, consumers first; and these values."""
    order: list[Any] = []
    borders: dict[tuple[Any, int], None] = {}
    seen: set[Any] = set()
    stack: list[tuple[Any, bool]] = [(end, False)]
    while stack:
        function, left = stack.pop()
        if left:
            order.append(function)
            continue
        if function in seen:
            continue
        seen.add(function)
        stack.append((function, True))
        for before, number in function.next_functions:
            if before is None:
                continue
            if (before, number) in capture.by_edge:
                borders[before, number] = None
            elif hasattr(before, "variable"):  # a leaf that no watched operation used
                capture.node_of(before.variable)
                borders[before, number] = None
            else:
                stack.append((before, False))
    order.reverse()
    return order, list(borders)


def backwards(order: Sequence[Any], places: dict[tuple[Any, int], int], end: Any, adjoint: Any) -> list[Any]:
    """What a piece of autograd's graph makes of an adjoint at its end: the sum of what comes to each of its borders."""
    import torch

    pending: dict[Any, dict[int, Any]] = {end.node: {end.output_nr: adjoint}}
    found: list[Any] = [None] * len(places)
    with torch.no_grad():
        for function in order:
            given = pending.pop(function, None)
            if given is None:
                continue
            for (before, number), sent in zip(function.next_functions, sent_by(function, given), strict=False):
                if before is None or sent is None:
                    continue
                place = places.get((before, number))
                if place is not None:
                    found[place] = sent if found[place] is None else found[place] + sent
                else:
                    held = pending.setdefault(before, {})
                    held[number] = sent if number not in held else held[number] + sent
    return found


def sent_by(function: Any, given: dict[int, Any]) -> tuple[Any, ...]:
    """What one of autograd's functions sends to each of its inputs; ``given``: adjoints of its outputs by number.

    Raises
    ------
    UnsupportedError
        What it had saved is gone, since a backward pass went through it.
    """
    import torch

    arguments = []
    for number, shape in enumerate(function._input_metadata):  # noqa: SLF001  (PyTorch's documented name for it)
        one = given.get(number)
        arguments.append(torch.zeros(shape.shape, dtype=shape.dtype, device=shape.device) if one is None else one)
    call = function if callable(function) else function.apply
    try:
        sent = call(*arguments)
    except RuntimeError as error:
        raise UnsupportedError(
            f"{called(function.name())} cannot be asked again: {str(error).splitlines()[0]} Look at the "
            "graph before the backward pass, or keep it: loss.backward(retain_graph=True)."
        ) from error
    return sent if isinstance(sent, tuple) else (sent,)


def called(name: str) -> str:
    """What autograd's name of a function says.

    Examples
    --------
    >>> called("AddmmBackward0"), called("NllLossBackward0"), called("torch::autograd::AccumulateGrad")
    ('addmm', 'nll_loss', 'accumulate_grad')
    """
    plain = re.sub(r"Backward\d*$", "", name.rpartition("::")[2]) or name
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()
