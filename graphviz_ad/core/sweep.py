"""Sweeps: from a seed, adjoints flow backwards along the edges; from tangents, tangents flow forwards.

One code for both uses: on plain arrays it gives numbers, on traced values it appends the derivative's
own nodes. Adjoints of several consumers are summed here, and so are broadcast axes: never in a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from graphviz_ad.core.traced import Traced, dtype_of, is_constant, is_differentiable, shape_of, value_of
from graphviz_ad.errors import ArgumentError

by_index = attrgetter("index")


def ancestors(outputs: Iterable[Traced]) -> list[Traced]:
    """Every node that the outputs depend on, in evaluation order. No recursion: chains may be long."""
    seen: set[int] = set()
    found: list[Traced] = []
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.index in seen:
            continue
        seen.add(node.index)
        found.append(node)
        stack.extend(item for item in node.inputs if type(item) is Traced and item.index not in seen)
    found.sort(key=by_index)
    return found


def active_edge(consumer: Traced, argnum: int) -> bool:
    """Whether the edge into ``argnum`` sends a contribution when its consumer has an adjoint."""
    primitive = consumer.primitive
    return (
        primitive is not None
        and primitive.active(argnum)
        and is_differentiable(consumer)
        and is_differentiable(consumer.inputs[argnum])
    )


def sum_to_shape(value: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which a value of this shape was broadcast.

    Examples
    --------
    >>> sum_to_shape(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    """
    current = shape_of(value)
    if current == shape:
        return value
    lead = len(current) - len(shape)
    if lead < 0:
        return np.broadcast_to(value, shape)
    axes = tuple(range(lead)) + tuple(
        lead + axis for axis, length in enumerate(shape) if length == 1 and current[lead + axis] != 1
    )
    if axes:
        value = np.sum(value, axis=axes, keepdims=True)
    return np.reshape(value, shape)


def _arguments(node: Traced, traced: bool) -> tuple[Any, tuple[Any, ...]]:
    """The output and inputs that a rule sees: numbers, or the nodes themselves (constants stay numbers)."""
    if traced:
        return node, tuple(value_of(item) if is_constant(item) else item for item in node.inputs)
    return _numpy_float(node.value), tuple(_numpy_float(value_of(item)) for item in node.inputs)


def _numpy_float(value: Any) -> Any:
    """Python's own floats raise at 1 / 0.0 and turn complex at (-8.0) ** 0.5; NumPy's give inf and nan."""
    return np.float64(value) if type(value) is float else value


def unsummed_contribution(node: Traced, argnum: int, adjoint: Any, *, traced: bool = False) -> Any:
    """What ``node`` sends back along one edge, before the sum over broadcast axes."""
    assert node.primitive is not None
    out, inputs = _arguments(node, traced)
    return node.primitive.vjp(argnum, adjoint, out, inputs, node.params)


def contribution(node: Traced, argnum: int, adjoint: Any, *, traced: bool = False) -> Any:
    """What ``node`` sends back along one edge: adjoint × local derivative, in the input's shape and dtype."""
    target = node.inputs[argnum]
    result = sum_to_shape(unsummed_contribution(node, argnum, adjoint, traced=traced), target.shape)
    dtype = target.dtype
    if dtype_of(value_of(result)) != dtype:
        result = result.astype(dtype) if hasattr(result, "astype") else dtype.type(result)
    return result


def reverse(
    order: Sequence[Traced],
    adjoints: dict[int, Any],
    *,
    traced: bool = False,
    keep: bool = True,
    only: set[int] | None = None,
) -> None:
    """Fill ``adjoints`` (by creation index), which holds the seeds, for every node in ``order``.

    ``order`` is in evaluation order; it is taken backwards, so a node sends only once all its consumers
    have reported. Without ``keep`` an adjoint is freed as soon as it was sent on; ``only`` names the nodes
    that take part.
    """
    with np.errstate(all="ignore"):  # the user did not write the rules: inf and nan show in the numbers
        for node in reversed(order):
            if node.primitive is None:
                continue
            adjoint = adjoints.get(node.index) if keep else adjoints.pop(node.index, None)
            if adjoint is None:
                continue
            for argnum, item in enumerate(node.inputs):
                if type(item) is not Traced or not active_edge(node, argnum):
                    continue
                if only is not None and item.index not in only:
                    continue
                sent = contribution(node, argnum, adjoint, traced=traced)
                before = adjoints.get(item.index)
                adjoints[item.index] = sent if before is None else before + sent


def forward(order: Sequence[Traced], tangents: dict[int, Any], *, traced: bool = False) -> None:
    """Fill ``tangents`` (by creation index), which holds the inputs' tangents, for every node in ``order``."""
    with np.errstate(all="ignore"):
        for node in order:
            if node.primitive is None:
                continue
            total: Any = None
            for argnum, item in enumerate(node.inputs):
                if type(item) is not Traced or item.index not in tangents or not active_edge(node, argnum):
                    continue
                sent = push(node, argnum, tangents[item.index], traced=traced)
                total = sent if total is None else total + sent
            if total is not None:
                tangents[node.index] = total


def push(node: Traced, argnum: int, tangent: Any, *, traced: bool = False) -> Any:
    """What one edge adds to its consumer's tangent: local derivative × tangent, in the consumer's shape."""
    assert node.primitive is not None
    out, inputs = _arguments(node, traced)
    sent = node.primitive.jvp(argnum, tangent, out, inputs, node.params)
    if shape_of(sent) != node.shape:
        sent = np.broadcast_to(sent, node.shape)
    if dtype_of(value_of(sent)) != node.dtype:
        sent = sent.astype(node.dtype) if hasattr(sent, "astype") else node.dtype.type(sent)
    return sent


def seed_like(value: Any) -> Any:
    """The seed 1 in a value's own dtype: a Python float would turn a float32 sweep into float64.

    Examples
    --------
    >>> seed_like(np.float32(3.0))
    np.float32(1.0)
    """
    if type(value) is float:
        return 1.0
    return np.ones(shape_of(value), dtype_of(value))[()]


def _shaped(value: Any, node: Traced, what: str) -> Any:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or array.shape != node.shape:
        raise ArgumentError(
            f"the {what} must be numbers of shape {node.shape}, not {array.dtype} of shape {array.shape}."
        )
    return array.astype(node.dtype)[()]


class LocalJacobian:
    """The local derivative of a primitive that is not elementwise, as a linear map.

    ``shape`` is the consumer's shape followed by the input's.
    """

    __slots__ = ("_argnum", "_node", "shape")

    def __init__(self, node: Traced, argnum: int) -> None:
        self._node = node
        self._argnum = argnum
        self.shape: tuple[int, ...] = node.shape + node.inputs[argnum].shape

    def vjp(self, adjoint: Any) -> Any:
        """The adjoint (consumer's shape) taken back to the input's shape."""
        adjoint = _shaped(adjoint, self._node, "adjoint")
        with np.errstate(all="ignore"):
            return contribution(self._node, self._argnum, adjoint)

    def jvp(self, tangent: Any) -> Any:
        """The tangent (input's shape) taken on to the consumer's shape."""
        tangent = _shaped(tangent, self._node.inputs[self._argnum], "tangent")
        with np.errstate(all="ignore"):
            return push(self._node, self._argnum, tangent)

    def dense(self) -> np.ndarray[Any, Any]:
        """The whole Jacobian, shape ``self.shape``; an error above 10⁶ entries."""
        size = int(np.prod(self.shape, dtype=object))
        if size > 10**6:
            raise ArgumentError(f"this Jacobian has shape {self.shape}, {size} entries; use .vjp or .jvp above 10**6.")
        target = self._node.inputs[self._argnum]
        columns = []
        for position in range(target.size):
            tangent = np.zeros(target.size, target.dtype)
            tangent[position] = 1
            columns.append(np.ravel(self.jvp(tangent.reshape(target.shape))))
        flat = np.stack(columns, axis=1) if columns else np.zeros((self._node.size, 0))
        return flat.reshape(self.shape)

    def __repr__(self) -> str:
        return f"LocalJacobian(shape={self.shape})"


def local_derivative(node: Traced, argnum: int) -> Any:
    """∂consumer/∂input of one edge: an array of the consumer's shape, else a `LocalJacobian`.

    None for edges without derivative: from constants, bool and int nodes, and breaks.
    """
    if not active_edge(node, argnum):
        return None
    primitive = node.primitive
    assert primitive is not None
    if primitive.kind != "elementwise":
        return LocalJacobian(node, argnum)
    out, inputs = _arguments(node, False)
    with np.errstate(all="ignore"):
        partial = np.asarray(primitive.partial(argnum, out, inputs, node.params), dtype=node.dtype)
    return np.broadcast_to(partial, node.shape)[()] if partial.shape != node.shape else partial[()]
