"""Finds the activations of a graph, whatever they were written with: `np.tanh`, `gad.nn.sigmoid`, 1 / (1 + exp(-z))."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from typing import Any

import numpy as np

from graphviz_ad.core.custom import flat_name
from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.gradflow.activations import FUNCTIONS

Array = np.ndarray[Any, Any]

PROBES = np.array([-3.0, -1.5, -0.5, 0.25, 1.0, 2.5])
"""Where a function is compared with the known ones; between them they tell all apart."""
SAME = 1e-6
"""So much may rounding change a value at a probe, which is of size 1."""
COARSE = 10_000
"""Values at the first probe are looked up by so many parts of 1 before all are compared."""
LONGEST = 14
"""Operations of the longest activation that is looked for: that of gelu and selu have ten."""
_KINDS = {"elementwise", "linear", "plain"}
NAMES = ("relu", "tanh", "sigmoid", "hard_tanh", "erf", "leaky_relu", "elu", "selu", "gelu", "silu")


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation in a graph: the node that it takes, the node that it gives, and its name."""

    name: str
    pre: Node
    out: Node


def activations(graph: BaseGraph) -> Iterator[Activation]:
    """The activations of a graph in evaluation order, recognised by what they compute.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> def f(z):
    ...     h = np.maximum(z, 0)
    ...     return np.sum(1 / (1 + np.exp(-h)))
    >>> [(found.name, found.pre.name, found.out.name) for found in activations(gad.trace(f, np.ones(3)))]
    [('relu', 'z', 'h'), ('sigmoid', 'h', 'v4')]
    """
    consumers: dict[int, list[int]] = {}
    for consumer, row in enumerate(graph.input_table):
        for position in row:
            consumers.setdefault(position, []).append(consumer)
    inside: set[int] = set()  # of activations that were found
    for node in graph.nodes:
        if not node.differentiable or node.id in inside or (node.primitive is None and node.kind != "input"):
            continue
        single = _by_name(graph, node.id, consumers)
        if single is not None:
            yield single
            continue
        run: list[int] = []
        for position, values in _run(graph, node.id, consumers):
            run.append(position)
            name = _known(values) if graph.records[position].differentiable else ""
            if name:
                inside.update(run[:-1])
                yield Activation(name, node, graph.nodes[position])
                break


def _by_name(graph: BaseGraph, start: int, consumers: dict[int, list[int]]) -> Activation | None:
    """An activation that is one operation of another library, which is known by its name."""
    for position in consumers.get(start, ()):
        made = graph.records[position].primitive
        if made is not None and made.name in NAMES and flat_name(made) != made.name:
            return Activation(made.name, graph.nodes[start], graph.nodes[position])
    return None


def _run(graph: BaseGraph, start: int, consumers: dict[int, list[int]]) -> Iterator[tuple[int, Any]]:
    """Nodes made of this one and of numbers alone, in evaluation order, with what they are at the probes."""
    shape = graph.records[start].shape
    values: dict[int, Any] = {start: PROBES}
    waiting = sorted(set(consumers.get(start, ())))  # sorted is a heap
    pushed = set(waiting)
    while waiting and len(values) <= LONGEST:
        position = heappop(waiting)
        record = graph.records[position]
        made = record.primitive
        if made is None or made.kind not in _KINDS or record.shape != shape or flat_name(made) != made.name:
            continue
        taken = []
        for item in graph.input_table[position]:
            other = graph.records[item]
            if item in values:
                taken.append(values[item])
            elif type(other.value) in {int, float} and other.primitive is None and item not in graph.input_positions:
                taken.append(other.value)
            elif other.primitive is None and item not in graph.input_positions and np.size(other.value) == 1:
                taken.append(np.reshape(other.value, ())[()])
        if len(taken) < len(graph.input_table[position]):
            continue  # made of other things as well
        try:
            values[position] = made.compute(*taken, **record.params)
        except (TypeError, ValueError):
            continue  # no function of the elements alone
        for consumer in consumers.get(position, ()):
            if consumer not in pushed:
                pushed.add(consumer)
                heappush(waiting, consumer)
        yield position, values[position]


def _known(found: Any) -> str:
    """The name of the activation that has these values at the probes; "" for none of them."""
    if np.shape(found) != PROBES.shape:
        return ""
    names, table, room, first = _table()
    start = float(found[0])
    if not math.isfinite(start) or round(start * COARSE) not in first:
        return ""  # nearly all that is asked about
    rows = (np.abs(table - found) <= room).all(axis=1)
    return names[int(rows.argmax())] if rows.any() else ""


@cache
def _table() -> tuple[tuple[str, ...], Array, Array, frozenset[int]]:
    """The known activations, their values at the probes, and by how much rounding may change these."""
    table = np.stack([np.asarray(FUNCTIONS[name](PROBES.copy())) for name in NAMES])
    near = [round(value * COARSE) + step for value in table[:, 0].tolist() for step in (-1, 0, 1)]
    return NAMES, table, SAME * (0.1 + np.abs(table)), frozenset(near)
