"""One layer of a measured net as a graph: its own arrays, and the adjoint that the layers above sent it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphviz_ad.core.variables import constant
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import nets
from graphviz_ad.gradflow.measurement import Draws
from graphviz_ad.gradflow.profile import number
from graphviz_ad.gradflow.settings import Settings, whole
from graphviz_ad.gradflow.table import Flow
from graphviz_ad.graph import Graph, trace

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class OpenedLayer:
    """A layer as it was measured: all samples, all units, of one seed.

    ``graph`` is the layer's own function on its own arrays; its sweep starts at ``delta``, δ of this layer, so the
    adjoint of W is the weight gradient that was measured, and that of h is δ of the layer before.
    """

    layer: int
    seed: int
    graph: Graph
    delta: Array
    text: str


def opened(flow: Flow, layer: int, seed: int | None = None) -> OpenedLayer:
    """A layer of a measured net as a graph with its real numbers; the net is drawn and swept once more.

    Parameters
    ----------
    flow : Flow
        What `measure` returned.
    layer : int
        Its number, from 1 at the input.
    seed : int, optional
        Of which net; by default the first seed that was measured.

    Raises
    ------
    ArgumentError
        The flow is not that of a measured net, or has no such layer or seed.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> flow = gad.gradflow.measure(depth=5, width=8, batch=4, seeds=2)
    >>> found = opened(flow, 3)
    >>> bool(np.isclose(np.linalg.norm(found.graph["W"].adjoint), flow["weight_grad_norm"][2]))
    True
    """
    settings = flow.settings
    if not isinstance(settings, Settings):
        raise ArgumentError("only a layer of a net that gad.gradflow.measure(...) has drawn can be opened.")
    if whole(layer, "layer", 1) > settings.depth:
        raise ArgumentError(f"layer={layer} must be one of the layers 1 to {settings.depth}.")
    seed = settings.seeds[0] if seed is None else seed
    if seed not in settings.seeds:
        raise ArgumentError(f"seed={seed!r} must be one of those that were measured: {list(settings.seeds)}.")
    with np.errstate(all="ignore"):
        h, W, b, delta = _arrays(settings, seed, layer)
        graph = _graph(settings, layer, h, W, b)
        graph.backward(seed=delta)
    return OpenedLayer(layer, seed, graph, delta, _text(flow, layer, seed))


def _arrays(settings: Settings, seed: int, layer: int) -> tuple[Array, Array, Array | None, Array]:
    """What comes into a layer, its weight and bias, and the adjoint of what it gives."""
    draws, step = Draws(settings, (seed,)), nets.layer(settings)
    h: Any = draws.inputs()
    above: list[nets.Step] = []
    found: tuple[Any, Any, Any] | None = None
    for number_of in range(1, settings.depth + 1):
        W, b = draws.weight(), draws.bias()
        if settings.init == "lsuv":
            W = draws.scaled(W, b, step(h, W)[2] if number_of > 1 else h)
        if number_of == layer:
            found = (h, W, b)
        if number_of > layer:
            above.append(nets.Step(step, (h, W, b), (0,)))
            h = above[-1].results[0]
        else:
            h = step(h, W, b)[0] if number_of > 1 else nets.first(h, W, b)
    assert found is not None  # the layer is one of them
    delta: Any = draws.seed(h)
    while above:
        (delta,) = above.pop().pull(delta)
    return (*found, delta)


def _graph(settings: Settings, layer: int, h: Array, W: Array, b: Array | None) -> Graph:
    """The very function of `nets` that was measured, traced; its values have the names of the formulas."""
    if layer == 1:
        return _named(trace(nets.first, constant(h, "x"), W, b), layer, "h")
    step = nets.layer(settings)

    def layer_of_the_net(h: Any, W: Any, b: Any) -> Any:
        return step(h, W, b)[0]

    return _named(trace(layer_of_the_net, h, W, b), layer, "h_next")


def _named(graph: Graph, layer: int, out: str) -> Graph:
    """The graph with names for what library code leaves without: the activation a, Wᵀ, their product, the output."""
    primary = list(graph.names)
    product = next(node for node in graph.nodes if node.primitive is not None and node.primitive.name == "matmul")
    activated, transposed = (edge.input for edge in graph.edges if edge.consumer.id == product.id)
    chosen = {transposed.id: "Wᵀ", product.id: "aWᵀ", graph.outputs[0].id: out}
    if activated.primitive is not None:
        chosen[activated.id] = "a"
    for place, name in chosen.items():
        primary[place] = name
    names = replace(graph.tables.names, primary=tuple(primary))
    return Graph(graph.records, replace(graph.tables, names=names, title=f"layer {layer}"))


def _text(flow: Flow, layer: int, seed: int) -> str:
    """What is shown, exactly, and how its numbers stand to those of the curves."""
    settings = flow.settings
    row = settings.seeds.index(seed), layer - 1
    delta, gradient = (float(flow.by_seed(column)[row]) for column in ("delta_norm", "weight_grad_norm"))
    many = len(settings.seeds)
    curve = f" The curves are the geometric mean of {many} nets." if many > 1 else ""
    clipped = " before clipping" if settings.clip is not None else ""
    return (
        f"Layer {layer} of the net of seed {seed}: all {settings.batch} samples × {settings.width} units, the arrays "
        f"that were measured. ‖δ‖ = {number(delta)} is the adjoint of what the layer gives, "
        f"‖∂L/∂W‖ = {number(gradient)}{clipped} that of W.{curve}"
    )
