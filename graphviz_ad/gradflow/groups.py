"""Gradient flow in a graph of your own: one row for each group that multiplies by a weight.

A graph says nothing about layers, so they are found: every product of a weight belongs to one, and groups (function
calls, ``with gad.scope("layer1")``) say which products belong together. A loop over time is a graph like any other:
its layers are the time steps, and its tied weights get from each step the contribution of that step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.settings import LEARNING_RATE
from graphviz_ad.gradflow.sizes import SATURATED_BELOW, norm
from graphviz_ad.gradflow.table import COLUMNS, Flow

PRODUCTS = {
    "matmul", "dot", "einsum", "inner", "tensordot", "outer",
    "linear", "addmm", "mm", "bmm", "conv1d", "conv2d", "conv3d", "lstm[0]", "gru[0]", "rnn_tanh[0]",  # of PyTorch's
}  # fmt: skip
VIEWS = {
    "transpose", "swapaxes", "reshape", "moveaxis", "index", "ravel", "squeeze", "expand_dims",
    "t", "T", "mT", "view", "permute", "flatten", "unsqueeze", "contiguous",  # of PyTorch's
}  # fmt: skip
SHIFTS = {"add", "subtract"}


def of(graph: BaseGraph, within: str = "") -> Flow:
    """The table of a traced graph: how large adjoints, weight gradients and activations are in each group.

    Parameters
    ----------
    graph : Graph
        With one scalar output, or after ``graph.backward(seed=…)``.
    within : str
        Only what was made inside this group, which is taken apart further: ``within="rnn"``.

    Returns
    -------
    Flow
        One row for each layer in evaluation order; ``names`` has their groups. A layer is an outermost group with a
        product of a weight (deeper ones where there is but one), or such a product itself where it belongs to no
        group. A weight is an input that is no data: where both factors are inputs, roles say it, else the second is
        taken. The pre-activation is the last product of the layer with what is added to it; the activation is the
        last value of its shape before the next layer begins, and in the last layer the pre-activation itself.
        ``weight_grad_norm``: of what the layer's own products send to their weights. ``saturated`` and ``dead``
        compare slopes with the largest in the layer. The rest is as in `measure`.

    Raises
    ------
    ArgumentError
        No graph, no such group, no layer, or NaN in the data.
    SeedError
        The graph has several outputs, or one that is no scalar, and no seed.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> def layer(x, W):
    ...     return np.tanh(x @ W)
    >>> def net(x, weights):
    ...     for W in weights:
    ...         x = layer(x, W)
    ...     return np.mean(x**2)
    >>> rng = np.random.default_rng(0)
    >>> weights = [rng.normal(size=(8, 8)) / 8 for _ in range(3)]
    >>> flow = gad.gradflow.of(gad.trace(net, gad.constant(rng.normal(size=(4, 8))), weights))
    >>> flow.names
    {1: 'layer', 2: 'layer_2', 3: 'layer_3'}
    """
    given: Any = graph
    if not isinstance(given, BaseGraph):
        raise ArgumentError(
            f"gad.gradflow.of takes a graph, not {brief(given)}: write gad.gradflow.of(gad.trace(f, x))."
        )
    for node in graph.nodes:
        if node.primitive is None and node.dtype.kind == "f" and np.isnan(node.value).any():
            count = int(np.isnan(node.value).sum())
            raise ArgumentError(
                f"{node.kind} {node.name!r} holds NaN in {count} of {np.size(node.value)} places, which would "
                "spread to every gradient; look at the data first: np.isnan(x)."
            )
    layers = layers_of(graph, within)
    first = graph.adjoint_of(layers[0].pre.id)  # an output without seed is told here
    assert first is not None
    rows = [layer.row() for layer in layers]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in COLUMNS[2:]}
    columns |= {"seed": [0] * len(rows), "layer": list(range(1, len(rows) + 1))}
    names = {number: layer.name for number, layer in enumerate(layers, 1)}
    return Flow(columns, unit="group", names=names, title=graph.title or "a graph")


@dataclass
class Layer:
    """What belongs together: products of weights, and the nodes up to the next layer."""

    name: str
    products: list[tuple[Edge, Node]]  # the edge from the weight (or a view of it), and the weight
    pre: Node
    activation: Node
    members: set[int]

    def row(self) -> dict[str, float]:
        """The layer's row of the table."""
        delta, activated = norm(self.pre.adjoint), norm(self.activation.value)
        with np.errstate(all="ignore"):
            gradient = _joint([norm(edge.contribution) for edge, _ in self.products])
            weight = _joint([norm(node.value) for node in {node.id: node for _, node in self.products}.values()])
            saturated, dead = self._saturation()
            return {
                "delta_norm": delta,
                "delta_mean_square": float(np.float64(delta) ** 2 / self.pre.adjoint.size),
                "weight_grad_norm": gradient,
                "activation_norm": activated,
                "activation_mean_square": float(np.float64(activated) ** 2 / np.size(self.activation.value)),
                "saturated": saturated,
                "dead": dead,
                "update_ratio": float(LEARNING_RATE * np.float64(gradient) / weight),
            }

    def _saturation(self) -> tuple[float, float]:
        """The shares of saturated entries and dead units, from φ′ between pre-activation and activation."""
        if self.pre.id == self.activation.id:
            return 0.0, 0.0
        graph = self.pre._graph  # noqa: SLF001  (a node's own graph)
        start, end = graph.records[self.pre.id], graph.records[self.activation.id]
        inside = {graph.records[position].index for position in self.members}
        found = sweep.reverse([(end, np.ones_like(end.value))], leaves={start.index}, only=inside)
        slope = np.abs(np.asarray(found.get(start.index, np.zeros(start.shape))))
        if np.isnan(slope).any():
            return math.nan, math.nan
        where = slope <= SATURATED_BELOW * slope.max(initial=0.0)
        return float(where.mean()), float(where.all(axis=tuple(range(where.ndim - 1))).mean())


def _joint(sizes: Sequence[float]) -> float:
    return norm(np.array(sizes)) if sizes else math.nan


def layers_of(graph: BaseGraph, within: str = "") -> list[Layer]:
    """The layers of a graph in evaluation order; `of` says how they are found."""
    prefix = f"{within}/" if within else ""
    products = []
    for node in graph.nodes:
        if node.primitive is not None and node.primitive.name in PRODUCTS and node.differentiable:
            if within and not f"{node.group}/".startswith(prefix):
                continue
            weight = _weight_of(node)
            if weight is not None:
                products.append((node, *weight))
    if not products:
        groups = sorted({node.group.split("/")[0] for node in graph.nodes if node.group})
        if within and not any(f"{node.group}/".startswith(prefix) for node in graph.nodes):
            raise ArgumentError(f"unknown group: {within!r} (must be one of {groups}, or a group in them)")
        raise ArgumentError(
            "no layer was found: nothing multiplies by an input with np.matmul, @, np.dot or np.einsum. Weights must "
            "be arguments of the traced function, so that they have gradients."
        )
    rows = _rows([(node, (node.group or "")[len(prefix) :] if node.group else "") for node, _, _ in products])
    starts = [min(_start(graph, prefix + name, positions), positions[0]) for name, positions in rows.items()]
    layers = []
    by_node = {node.id: (edge, weight) for node, edge, weight in products}
    stops = [*starts[1:], len(graph)]
    for (name, positions), start, stop in zip(rows.items(), starts, stops, strict=True):
        members = set(range(start, stop)) | set(positions)
        pre = _shifted(graph, positions[-1], members)
        last = stop == len(graph)
        same = [
            position
            for position in members
            if position > pre
            and graph.nodes[position].shape == graph.nodes[pre].shape
            and _depends(graph, position, pre)
        ]
        activation = pre if last or not same else max(same)
        layers.append(
            Layer(
                name,
                [by_node[position] for position in positions],
                graph.nodes[pre],
                graph.nodes[activation],
                members,
            )
        )
    return layers


def _weight_of(node: Node) -> tuple[Edge, Node] | None:
    """The edge along which a product takes a weight, and the weight; None where it multiplies other things."""
    found = []
    for argnum, start in enumerate(node.inputs):
        source = start
        while source.primitive is not None and source.primitive.name in VIEWS:
            source = source.inputs[0]
        if source.kind == "input" and source.differentiable and source.role not in {"data", "target"}:
            found.append((Edge(node._graph, start, node, argnum), source))  # noqa: SLF001
    if len(found) > 1:
        found = [each for each in found if each[1].role == "parameter"] or found
        found = [each for each in found if len(each[1].shape) > 1] or found  # PyTorch's linear takes its bias too
    return found[-1] if found else None


def _rows(products: Sequence[tuple[Node, str]]) -> dict[str, list[int]]:
    """Name of each layer → its products: by the outermost groups of which there are several."""
    deepest = max(group.count("/") for _, group in products) + 1
    rows: dict[str, list[int]] = {}
    for depth in range(1, deepest + 1):
        rows = {}
        for node, group in products:
            name = "/".join(group.split("/")[:depth]) or node.name
            rows.setdefault(name, []).append(node.id)
        if len(rows) > 1:
            break
    return rows


def _start(graph: BaseGraph, name: str, positions: Sequence[int]) -> int:
    """The first node of a group that a layer is; its first product where it is no group."""
    inside = [node.id for node in graph.nodes if node.group and f"{node.group}/".startswith(f"{name}/")]
    return min(inside, default=positions[0])


def _shifted(graph: BaseGraph, position: int, members: set[int]) -> int:
    """The last product of a layer with what is added to it."""
    consumers = _consumers(graph)
    while True:
        after = [number for number in consumers.get(position, ()) if number in members]
        if len(after) != 1 or len(consumers[position]) != 1:
            return position
        node = graph.nodes[after[0]]
        if node.primitive is None or node.primitive.name not in SHIFTS or node.shape != graph.nodes[position].shape:
            return position
        position = after[0]


def _consumers(graph: BaseGraph) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for consumer, row in enumerate(graph.input_table):
        for position in row:
            found.setdefault(position, []).append(consumer)
    return found


def _depends(graph: BaseGraph, position: int, on: int) -> bool:
    """Whether a node is made from another one."""
    stack, seen = [position], set()
    while stack:
        number = stack.pop()
        if number == on:
            return True
        if number > on and number not in seen:
            seen.add(number)
            stack.extend(graph.input_table[number])
    return False
