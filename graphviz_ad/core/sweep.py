"""Sweeps: from a seed, adjoints flow backwards along the edges; from tangents, tangents flow forwards.

One code for both uses: on plain arrays it gives numbers, on traced values it appends the derivative's
own nodes. Adjoints of several consumers are summed here, and so are broadcast axes: never in a rule.

Of a complex value z = a + ib the adjoint is ∂L/∂a + i ∂L/∂b. So what a holomorphic function sends back is its adjoint
times the conjugate of its derivative, and a real input of a complex value gets the real part: both happen here too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.directions import direction
from graphviz_ad.core.primitive import HOLOMORPHIC, Primitive, is_ours
from graphviz_ad.core.traced import Traced, dtype_of, is_constant, is_differentiable, shape_of, value_of
from graphviz_ad.errors import ArgumentError

by_index = attrgetter("index")
_float64 = np.float64
_complex128 = np.complex128


def ancestors(outputs: Iterable[Traced], floor: int = 0) -> list[Traced]:
    """Every node that the outputs depend on, in evaluation order. No recursion: chains may be long.

    Nodes with a creation index below ``floor`` are named, but not what lies below them.
    """
    seen: set[int] = set()
    found: list[Traced] = []
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.index in seen:
            continue
        seen.add(node.index)
        found.append(node)
        if node.index >= floor:
            stack.extend([item for item in node.inputs if type(item) is Traced and item.index not in seen])
    found.sort(key=by_index)
    return found


def active_edge(consumer: Traced, argnum: int) -> bool:
    """Whether the edge into ``argnum`` sends a contribution when its consumer has an adjoint."""
    primitive = consumer.primitive
    return (
        primitive is not None
        and primitive.active(argnum)
        and consumer.differentiable
        and is_differentiable(consumer.inputs[argnum])
    )


_add = np.add.reduce  # what np.sum calls, without its questions
_FRONT = tuple(tuple(range(count)) for count in range(65))


def sum_to_shape(value: Any, shape: tuple[int, ...], lead: int = 0) -> Any:
    """Sum over the axes along which a value of this shape was broadcast; ``lead`` axes in front stay.

    Examples
    --------
    >>> sum_to_shape(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    >>> sum_to_shape(np.ones((5, 2, 3)), (3,), lead=1).shape
    (5, 3)
    """
    current = shape_of(value)
    front = current[:lead]
    if current == front + shape:
        return value
    extra = len(current) - lead - len(shape)
    if extra < 0:
        return np.broadcast_to(value, front + shape)
    if not lead and type(value) is np.ndarray and current[extra:] == shape:
        # only axes in front, such as a bias that was added to a batch
        return value.reshape(shape) if all(length == 1 for length in current[:extra]) else _add(value, _FRONT[extra])
    skip = lead + extra
    # an axis of length 1 has nothing to sum
    axes = tuple([axis for axis in range(lead, skip) if current[axis] != 1]) + tuple(
        [skip + axis for axis, length in enumerate(shape) if length == 1 and current[skip + axis] != 1]
    )
    if not axes:
        return np.reshape(value, front + shape) if type(value) is Traced else value.reshape(front + shape)
    if type(value) is np.ndarray:
        return _add(value, axis=axes, keepdims=True).reshape(front + shape)
    return np.reshape(np.sum(value, axis=axes, keepdims=True), front + shape)


Nodes = bool | Collection[int]
"""What rules see: numbers (False), nodes (True), or nodes only for these creation indices: the rest is constant."""


# -- one edge -----------------------------------------------------------------------------------


def _arguments(node: Traced, traced: Nodes) -> tuple[Any, ...]:
    """The output and then the inputs that a rule sees: numbers, or the nodes themselves (constants stay numbers)."""
    inputs = node.inputs
    if traced:
        if traced is True:
            return (node, *[value_of(item) if is_constant(item) else item for item in inputs])
        return tuple([_seen(item, traced) for item in (node, *inputs)])
    # Python's own floats raise at 1 / 0.0 and turn complex at (-8.0) ** 0.5; NumPy's give inf and nan
    out = node.value
    if type(out) is float:
        out = _float64(out)
    elif type(out) is complex:
        out = _complex128(out)
    if len(inputs) == 1:  # one and two are written out: this is the inner loop of every sweep
        first = inputs[0]
        if type(first) is Traced:
            first = first.value
        kind = type(first)
        return out, _float64(first) if kind is float else _complex128(first) if kind is complex else first
    if len(inputs) == 2:
        first, second = inputs
        if type(first) is Traced:
            first = first.value
        kind = type(first)
        if kind is float or kind is complex:
            first = _of_numpy(first)
        if type(second) is Traced:
            second = second.value
        kind = type(second)
        return out, first, _float64(second) if kind is float else _complex128(second) if kind is complex else second
    return (out, *[_of_numpy(value_of(item)) for item in inputs])


def _seen(item: Any, traced: Any) -> Any:
    if type(item) is not Traced:
        return item
    if item.index in traced:
        return item
    return _of_numpy(item.value)


def _of_numpy(value: Any) -> Any:
    """Python's own floats and complex numbers as NumPy's."""
    kind = type(value)
    return _float64(value) if kind is float else _complex128(value) if kind is complex else value


def conjugate(value: Any) -> Any:
    """The complex conjugate; of what is real, the thing itself: no operation."""
    return np.conjugate(value) if is_complex(value_of(value)) else value


def _is_turned(adjoint: Any) -> bool:
    """Whether an adjoint is that of a complex value."""
    kind = type(adjoint)
    return kind is not _float64 and kind is not float and (kind is complex or adjoint.dtype.kind == "c")


def _scale(direction: Any, partial: Any) -> Any:
    """An adjoint or tangent times a local derivative."""
    kind = type(partial)
    if kind is float:
        if partial == 1.0:
            return direction
        return -direction if partial == -1.0 else direction * partial
    if kind is _float64:
        if type(direction) is not _float64:
            partial = float(partial)  # weakly promoted: a number must not turn a float32 sweep into float64
    elif kind is _complex128:
        if type(direction) is not _complex128:
            partial = complex(partial)
    elif kind is Traced and type(direction) in (float, _float64) and direction == 1.0 and _is_float64(partial.value):
        return partial  # the seed: no node "1 × ..." in a gradient's own graph
    return direction * partial


def _is_float64(value: Any) -> bool:
    return type(value) is float or type(value) is _float64


def _looped(rule: Any, many: Any) -> Any:
    """A rule that takes one adjoint (or tangent) at a time, on many."""
    found = [rule(many[number]) for number in range(many.shape[0])]
    some = next((one for one in found if one is not None), None)
    if some is None:
        return None  # a user's rule may say None for zeros
    zeros = np.zeros(shape_of(some), dtype_of(value_of(some)))
    return np.stack([zeros if one is None else one for one in found])


def contribution(node: Traced, argnum: int, adjoint: Any, traced: Nodes = False, batched: bool = False) -> Any:
    """What ``node`` sends back along one edge: adjoint × local derivative, in the input's shape and dtype.

    None on edges without derivative. ``batched``: the adjoint is many, on an extra leading axis.
    """
    sent = unsummed_contribution(node, argnum, adjoint, traced, batched)
    return None if sent is None else _fit(sent, node.inputs[argnum].value, 1 if batched else 0)


def unsummed_contribution(node: Traced, argnum: int, adjoint: Any, traced: Nodes = False, batched: bool = False) -> Any:
    """What ``node`` sends back along one edge, before the sum over broadcast axes; None without derivative."""
    primitive = node.primitive
    assert primitive is not None
    sent = _sent(node, argnum, adjoint, _arguments(node, traced), batched)
    return None if sent is None else landed(sent, node.inputs[argnum].value)


def _sent(node: Traced, argnum: int, adjoint: Any, arguments: tuple[Any, ...], batched: bool) -> Any:
    """What a node sends back along one edge, as its rule gives it; None without derivative.

    An explicit rule is written for real numbers, with the local derivative somewhere in it: of a holomorphic function
    it sees the conjugates of what it would see, which is the conjugate of the local derivative.
    """
    primitive = node.primitive
    assert primitive is not None
    turned = primitive.name in HOLOMORPHIC and _is_turned(adjoint)
    if primitive.scales:
        if primitive.partials[argnum] is None:
            return None
        partial = primitive.partial(argnum, arguments[0], arguments[1:], node.params)
        return _scale(adjoint, conjugate(partial) if turned else partial)
    if turned:
        arguments = tuple([conjugate(value) for value in arguments])
    if primitive.variadic:
        arguments = (arguments[0], arguments[1:])
    return _by_rule(primitive, argnum, adjoint, arguments, node.params, batched)


def landed(sent: Any, target: Any) -> Any:
    """A contribution as a real value takes it: of a complex one the real part."""
    return np.real(sent) if is_complex(value_of(sent)) and not is_complex(target) else sent


def _by_rule(
    primitive: Primitive, argnum: int, adjoint: Any, arguments: tuple[Any, ...], params: dict[str, Any], batched: bool
) -> Any:
    """A contribution by an explicit VJP; None where there is none."""
    vjps = primitive.vjps
    if primitive.variadic:
        every: Any = vjps[0]
        out, inputs = arguments
        if batched and not primitive.batched:
            return _looped(lambda one: every(argnum, one, out, inputs, **params), adjoint)
        return every(argnum, adjoint, out, inputs, **params)
    if argnum < len(vjps) and vjps[argnum] is not None:
        rule: Any = vjps[argnum]
    else:
        return None
    if batched and not primitive.batched:
        return _looped(lambda one: rule(one, *arguments, **params), adjoint)
    return rule(adjoint, *arguments, **params)


def _fit(sent: Any, target: Any, lead: int) -> Any:
    """A contribution in the shape and dtype of the value that it goes to; ``lead`` axes in front stay."""
    kind = type(sent)
    if kind is _float64:
        if type(target) is _float64 or type(target) is float:
            return sent
    elif (
        kind is np.ndarray
        and type(target) is np.ndarray
        and sent.shape == target.shape
        and sent.dtype == target.dtype
        and not lead
    ):
        return sent
    sent = landed(sent, target)
    shape = shape_of(target)
    if shape_of(sent)[lead:] != shape:
        sent = sum_to_shape(sent, shape, lead)
    dtype = dtype_of(target)
    if type(sent) is np.ndarray:
        return sent if sent.dtype == dtype else sent.astype(dtype)
    if dtype_of(value_of(sent)) != dtype:
        sent = sent.astype(dtype) if hasattr(sent, "astype") else dtype.type(sent)
    return sent


def push(node: Traced, argnum: int, tangent: Any, *, traced: Nodes = False, batched: bool = False) -> Any:
    """What one edge adds to its consumer's tangent: local derivative × tangent, in the consumer's shape and dtype.

    None on edges without derivative. ``batched``: the tangent is many, on an extra leading axis.
    """
    primitive = node.primitive
    assert primitive is not None
    if not primitive.active(argnum):
        return None
    out, *inputs = _arguments(node, traced)
    if batched and primitive.kind == "elementwise":
        # the leading axis must stay in front of all axes that broadcasting adds
        missing = node.ndim - node.inputs[argnum].ndim
        if missing:
            shape = shape_of(tangent)
            tangent = np.reshape(tangent, (*shape[:1], *(1,) * missing, *shape[1:]))

    def rule(one: Any) -> Any:
        if primitive.jvps or primitive.variadic:
            return primitive.jvp(argnum, one, out, tuple(inputs), node.params)
        return _scale(one, primitive.partial(argnum, out, tuple(inputs), node.params))

    sent = _looped(rule, tangent) if batched and not primitive.batched else rule(tangent)
    if sent is None:
        return None
    lead = shape_of(tangent)[:1] if batched else ()
    if shape_of(sent) != lead + node.shape:
        sent = np.broadcast_to(sent, lead + node.shape)
    if dtype_of(value_of(sent)) != node.dtype:
        sent = sent.astype(node.dtype) if hasattr(sent, "astype") else node.dtype.type(sent)
    return sent


# -- all edges ----------------------------------------------------------------------------------


def reverse(
    seeds: list[tuple[Traced, Any]],
    *,
    leaves: Collection[int] = (),
    only: Collection[int] | None = None,
    traced: Nodes = False,
    batched: bool = False,
    keep: bool = True,
) -> dict[int, Any]:
    """The adjoints, by creation index, of everything that the seeded nodes depend on.

    The node made last goes first, so each sends only once all its consumers have reported; what no adjoint
    reaches is never looked at. Without ``keep`` only the adjoints of leaves stay, the others are freed as soon as
    they were sent on, and so are nodes that nobody else holds: ``seeds`` is used up. ``leaves``: creation indices
    at which the sweep ends, beside inputs; ``only``: the nodes that take part. ``batched``: the seeds are many, on
    an extra leading axis.
    """
    pending: dict[int, tuple[Traced, Any]] = {}  # by creation index: a node and the sum of what was sent to it
    for node, seed in seeds:
        before = pending.get(node.index)
        pending[node.index] = (node, seed if before is None else before[1] + seed)
    seeds.clear()
    before = None
    waiting = [-index for index in pending]
    heapify(waiting)
    lead = 1 if batched else 0
    adjoints: dict[int, Any] = {}
    with np.errstate(all="ignore"):  # the user did not write the rules: inf and nan show in the numbers
        while waiting:
            index = -heappop(waiting)
            node, adjoint = pending.pop(index)
            if node.primitive is None or index in leaves:
                adjoints[index] = adjoint
                continue
            if keep:
                adjoints[index] = adjoint
            primitive = node.primitive
            partials = primitive.partials if primitive.scales else None
            turned = type(adjoint) is not _float64 and _is_turned(adjoint) and primitive.name in HOLOMORPHIC
            arguments: tuple[Any, ...] | None = None
            argnum = -1
            for item in node.inputs:
                argnum += 1
                if type(item) is not Traced or not item.differentiable:
                    continue
                number = item.index
                if only is not None and number not in only:
                    continue
                if turned:
                    if arguments is None:
                        arguments = _arguments(node, traced)
                    sent = _sent(node, argnum, adjoint, arguments, batched)
                    if sent is None:
                        continue
                    sent = _fit(sent, item.value, lead)
                elif partials is None:
                    if arguments is None:
                        arguments = _arguments(node, traced)
                        if primitive.variadic:
                            arguments = (arguments[0], arguments[1:])  # once for all edges: there may be many
                    sent = _by_rule(primitive, argnum, adjoint, arguments, node.params, batched)
                    if sent is None:
                        continue
                    if type(sent) is not _float64 or type(item.value) is not _float64:
                        sent = _fit(sent, item.value, lead)
                else:
                    # the same as above, without the calls: most nodes are elementwise
                    partial: Any = partials[argnum]
                    kind = type(partial)
                    if kind is float:
                        sent = adjoint if partial == 1.0 else _scale(adjoint, partial)
                    elif partial is None:
                        continue
                    else:
                        if kind is int and not traced:
                            other = node.inputs[partial]
                            partial = other.value if type(other) is Traced else other
                        else:
                            if arguments is None:
                                arguments = _arguments(node, traced)
                            if kind is int:
                                partial = arguments[partial + 1]
                            else:
                                partial = partial(*arguments, **node.params) if node.params else partial(*arguments)
                        kind = type(partial)
                        if kind is type(adjoint) or (kind is float and not traced):
                            sent = adjoint * partial
                        else:
                            sent = _scale(adjoint, partial)
                    if type(sent) is not _float64 or type(item.value) is not _float64:
                        sent = _fit(sent, item.value, lead)
                before = pending.get(number)
                if before is None:
                    pending[number] = (item, sent)
                    heappush(waiting, -number)
                else:
                    pending[number] = (item, before[1] + sent)
    return adjoints


def forward(order: Iterable[Traced], tangents: dict[int, Any], *, traced: Nodes = False, batched: bool = False) -> None:
    """Fill ``tangents`` (by creation index), which holds the inputs' tangents, for every node in ``order``."""
    with np.errstate(all="ignore"):
        for node in order:
            if node.primitive is None or not node.differentiable or node.index in tangents:
                continue
            total: Any = None
            for argnum, item in enumerate(node.inputs):
                if type(item) is not Traced or not item.differentiable or item.index not in tangents:
                    continue
                sent = push(node, argnum, tangents[item.index], traced=traced, batched=batched)
                if sent is not None:
                    total = sent if total is None else total + sent
            if total is not None:
                tangents[node.index] = total


def seed_like(value: Any) -> Any:
    """The seed 1 in a value's own dtype: a Python float would turn a float32 sweep into float64.

    Examples
    --------
    >>> seed_like(np.float32(3.0))
    np.float32(1.0)
    """
    if type(value) is float:
        return 1.0
    if type(value) is _float64:
        return _float64(1.0)
    return np.ones(shape_of(value), dtype_of(value))[()]


class LocalJacobian:
    """The local derivative of a primitive that is not elementwise, as a linear map.

    ``shape`` is the consumer's shape followed by the input's.
    """

    __slots__ = ("_argnum", "_node", "shape")

    def __init__(self, node: Traced, argnum: int) -> None:
        self._node = node
        self._argnum = argnum
        self.shape: tuple[int, ...] = node.shape + node.inputs[argnum].shape

    @property
    def is_ours(self) -> bool:
        """Whether the rule is one of this package, not a user's own (gad.custom)."""
        return is_ours(self._node.primitive)

    def vjp(self, adjoint: Any) -> Any:
        """The adjoint (consumer's shape) taken back to the input's shape."""
        adjoint = direction(adjoint, self._node.value, "the adjoint", "the consumer")
        with np.errstate(all="ignore"):
            return contribution(self._node, self._argnum, adjoint)

    def jvp(self, tangent: Any) -> Any:
        """The tangent (input's shape) taken on to the consumer's shape."""
        tangent = direction(tangent, self._node.inputs[self._argnum].value, "the tangent", "the input")
        with np.errstate(all="ignore"):
            return push(self._node, self._argnum, tangent)

    @property
    def holomorphic(self) -> bool:
        """Whether it takes i times a tangent to i times what it makes of the tangent, as a matrix does."""
        target, consumer = self._node.inputs[self._argnum], self._node
        return consumer.primitive is not None and (
            not is_complex(target.value) or (is_complex(consumer.value) and consumer.primitive.name != "conjugate")
        )

    def dense(self) -> np.ndarray[Any, Any]:
        """The whole Jacobian, shape ``self.shape``; an error above 10⁶ entries."""
        size = int(np.prod(self.shape, dtype=object))
        if size > 10**6:
            raise ArgumentError(f"this Jacobian has shape {self.shape}, {size} entries; use .vjp or .jvp above 10**6.")
        target = self._node.inputs[self._argnum]
        primitive = self._node.primitive
        if primitive is not None and not primitive.pushes:
            rows = [np.ravel(self.vjp(row.reshape(self._node.shape))) for row in np.eye(self._node.size)]
            return np.reshape(rows, self.shape)
        columns = []
        for position in range(target.size):
            tangent = np.zeros(target.size, target.dtype)
            tangent[position] = 1
            columns.append(np.ravel(self.jvp(tangent.reshape(target.shape))))
            if tangent.dtype.kind == "c" and not self.holomorphic:
                raise ArgumentError(
                    f"{primitive.name if primitive else 'this'} of a complex value has no complex derivative, so no "
                    "matrix of one; use .vjp or .jvp."
                )
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
    out, *inputs = _arguments(node, False)
    with np.errstate(all="ignore"):
        partial = np.asarray(primitive.partial(argnum, out, tuple(inputs), node.params))
    if partial.dtype.kind == "c" or node.dtype.kind != "c":  # a real derivative of a complex value stays real
        partial = partial.astype(node.dtype, copy=False)
    return np.broadcast_to(partial, node.shape)[()] if partial.shape != node.shape else partial[()]
