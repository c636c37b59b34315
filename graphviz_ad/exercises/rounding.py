"""Right numbers that are 0 but for rounding: cos(π/2), or contributions that cancel; nobody is to answer 6e-17."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.traced import shape_of
from graphviz_ad.exercises.functions import Functions
from graphviz_ad.story.answers import NOTHING, ROUNDING

LARGEST = 4096
"""The entries of a derivative between arrays that are looked at one by one, at most."""


class Rounding:
    """How far the numbers of a graph may be off, by what the last digits of their inputs can do; and 0 for what is.

    A number counts as 0 if it is no larger than that, and smaller than what an answer may be off where 0 is right. The
    slope of a saturated function is small without being off: it stays.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> graph = gad.trace(lambda x: 3 * np.sin(x), np.pi / 2).backward()
    >>> f"{graph['x'].adjoint:.1e}", Rounding(Functions(graph)).adjoint(graph["x"])
    ('1.8e-16', 0.0)
    """

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.graph = functions.graph

    def value(self, node: Node) -> Any:
        """The value of a node."""
        return _cleaned(node.value, self._values.get(node.id)) if _is_small(node.value) else node.value

    def adjoint(self, node: Node) -> Any:
        """The adjoint of a node."""
        return _cleaned(node.adjoint, self._adjoints.get(node.id)) if _is_small(node.adjoint) else node.adjoint

    def local(self, edge: Edge) -> Any:
        """The local derivative of an edge."""
        return _cleaned(edge.local, self._slopes(edge)) if _is_small(edge.local) else edge.local

    def product(self, edges: Iterable[Edge], product: Any) -> Any:
        """The product along a path: 0 where one of its factors is."""
        if not _is_small(product):
            return product
        gone = any(
            _is_small(edge.local) and not np.any(self.local(edge)) for edge in edges if shape_of(edge.local) == ()
        )
        return np.zeros(shape_of(product))[()] if gone else product

    # -- by how much they may be off --------------------------------------------------------------------

    @cached_property
    def _values(self) -> dict[int, Any]:
        found: dict[int, Any] = {}
        with np.errstate(all="ignore"):
            for node in self.graph.nodes:
                if node.kind != "primitive" or is_complex(node.value):
                    continue
                total: Any = 0.0
                for edge in self.functions.into(node.id):
                    moved = found.get(edge.input.id, 0.0) + _digits(edge.input)
                    total = total + _pushed(edge, moved)
                found[node.id] = total
        return found

    @cached_property
    def _adjoints(self) -> dict[int, Any]:
        found: dict[int, Any] = {}
        with np.errstate(all="ignore"):
            for node in reversed(self.graph.nodes):
                for edge in self.functions.edges(node.id):
                    sent = self._sent(edge, found.get(edge.consumer.id, 0.0))
                    found[node.id] = found.get(node.id, 0.0) + sent
        return found

    def _sent(self, edge: Edge, above: Any) -> Any:
        """By how much the contribution of an edge may be off, if the adjoint of the consumer may be so by ``above``."""
        adjoint = edge.consumer.adjoint
        if is_complex(adjoint) or is_complex(edge.input.value):
            return 0.0
        above = above + ROUNDING * _unit(edge.input) * np.abs(adjoint)
        local = edge.local
        if isinstance(local, sweep.LocalJacobian):
            dense = _dense(local)
            return 0.0 if dense is None else np.tensordot(above, np.abs(dense), np.ndim(above))
        wide = np.abs(local) * above + self._slopes(edge) * np.abs(adjoint)
        return sweep.sum_to_shape(np.broadcast_to(wide, edge.consumer.shape), edge.input.shape)

    def _slopes(self, edge: Edge) -> Any:
        """By how much a local derivative changes with the last digits of its input."""
        for use in self.functions.edge_uses(edge.input.id):
            if use.consumer == edge.consumer.id and len(use.edges) == 1:
                here = self.functions.derivative(use)
                there = self.functions.derivative(use, np.asarray(edge.input.value + _digits(edge.input))[()])
                if here is not None and there is not None and shape_of(here) == shape_of(there):
                    return np.abs(here - there)
        return 0.0


def _unit(node: Node) -> float:
    return float(np.finfo(node.dtype).eps) if node.dtype.kind == "f" else 0.0


def _digits(node: Node) -> Any:
    """The last digits of a value."""
    return ROUNDING * _unit(node) * np.abs(node.value)


def _pushed(edge: Edge, moved: Any) -> Any:
    local = edge.local
    if isinstance(local, sweep.LocalJacobian):
        dense = _dense(local)
        return 0.0 if dense is None else np.tensordot(np.abs(dense), moved, len(edge.input.shape))
    return 0.0 if is_complex(local) else np.abs(local) * moved


def _dense(local: sweep.LocalJacobian) -> Any:
    if int(np.prod(local.shape)) > LARGEST:
        return None
    try:
        dense = local.dense()
    except Exception:  # noqa: BLE001  (a user's own rule may raise anything)
        return None
    return None if is_complex(dense) else dense


def _is_small(number: Any) -> bool:
    """Whether some of the numbers could be nothing but rounding: mostly none, and then nothing is computed."""
    array = np.asarray(number)
    if array.dtype.kind != "f":
        return False
    size = np.abs(array)
    return bool(np.any((size > 0) & (size < NOTHING)))


def _cleaned(number: Any, off: Any) -> Any:
    """The number, 0 where it is as small as what it may be off."""
    array = np.asarray(number)
    if off is None:
        return number
    size = np.abs(array)
    with np.errstate(all="ignore"):
        found = np.where((size <= off) & (size < NOTHING), np.zeros((), array.dtype), array)[()]
    return float(found) if isinstance(number, float) else found
