"""What an operation and a derivative rule cost in scalar operations, and which values a rule uses: found by running it.

A scalar operation is one of +, −, ×, ÷, a comparison or a function such as exp, on one entry. Elementwise primitives do
one per entry of the result; a matrix product (m, k) @ (k, n) does mn(2k − 1), about 2mnk: k products and k − 1 sums per
entry; a sum of n entries does n − 1; moving data (reshape, transpose, an index, concatenate, a cast) does none.
Factorisations, sorting and a user's own primitive are estimates: the usual leading term; one per entry of the result.

A rule is run once on stand-ins for what it is given. The small graph that it leaves says both: its leaves are what the
rule uses, its nodes are what it does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.core.traced import Traced, is_constant, shape_of

Shape = tuple[int, ...]


class Rule(NamedTuple):
    """What the rule of one edge uses and does, in one mode."""

    values: tuple[int, ...]
    """The nodes whose values it uses: among the consumer and its inputs, by position."""
    operations: int
    """Scalar operations, with the sum over broadcast axes."""
    entries: int
    """How many numbers it makes, before that sum."""
    summed: int = 0
    """Of the scalar operations, those of that sum."""


class Work:
    """What the operations and the rules of one graph cost; each is looked at once, when asked."""

    def __init__(self, graph: BaseGraph) -> None:
        self.graph = graph
        self._rules: dict[tuple[int, int, bool], Rule] = {}

    def value(self, position: int) -> int:
        """Scalar operations that compute a node from its inputs."""
        return operations(self.graph.records[position])

    def vjp(self, consumer: int, argnum: int) -> Rule:
        """What sending one contribution back takes."""
        return self._rule(consumer, argnum, back=True)

    def jvp(self, consumer: int, argnum: int) -> Rule:
        """What sending one tangent on takes."""
        return self._rule(consumer, argnum, back=False)

    def _rule(self, consumer: int, argnum: int, *, back: bool) -> Rule:
        key = (consumer, argnum, back)
        if key not in self._rules:
            self._rules[key] = _run(self.graph, consumer, argnum, back)
        return self._rules[key]


def _run(graph: BaseGraph, consumer: int, argnum: int, back: bool) -> Rule:
    record, row = graph.records[consumer], graph.input_table[consumer]
    primitive = record.primitive
    assert primitive is not None
    if REGISTRY.get(primitive.name) is not primitive:
        # a user's own rule need not run on stand-ins: it is handed everything, so everything is kept for it
        entries = graph.records[row[argnum]].size if back else record.size
        return Rule(tuple(dict.fromkeys((consumer, *row))), entries, entries)
    stand_ins: dict[int, Traced] = {}
    for position in row:
        if position not in stand_ins:
            stand_ins[position] = _stand_in(graph.records[position])
    inputs = tuple(stand_ins[position] for position in row)
    moving = inputs[argnum] if not back else record
    direction = Traced(np.ones(moving.shape, moving.dtype)[()], None, (), {"role": "input"}, None)
    node = Traced(record.value, primitive, inputs, record.params, None)
    # an untraced number is seen as that number: x ** 2 uses x alone
    seen = {node.index} | {one.index for one in inputs if not (is_constant(one) and one.shape == ())}
    with np.errstate(all="ignore"):
        if back:
            sent = sweep.unsummed_contribution(node, argnum, direction, seen)
        else:
            sent = sweep.push(node, argnum, direction, traced=seen)
    entries = math.prod(shape_of(sent)) if sent is not None else 0
    summed = max(0, entries - inputs[argnum].size) if back else 0
    if type(sent) is not Traced:
        return Rule((), summed, entries, summed)
    # the rule's own nodes are younger than what it was given, and what lies below that is not looked at
    found = sweep.ancestors([sent], floor=node.index + 1)
    used = {one.index for one in found}
    values = [consumer] if node.index in used else []
    values += [position for position, one in stand_ins.items() if one.index in used]
    done = sum(operations(one) for one in found if one.index > node.index)
    return Rule(tuple(values), done + summed, entries, summed)


def _stand_in(record: Traced) -> Traced:
    role = "constant" if is_constant(record) else "input"
    return Traced(record.value, None, (), {"role": role}, None)


# -- scalar operations of one primitive ---------------------------------------------------------


def operations(node: Traced) -> int:
    """Scalar operations that compute a node from its inputs; 0 for inputs and constants.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> graph = gad.trace(lambda W, x: np.sum(np.tanh(W @ x)), np.ones((2, 3)), np.ones(3))
    >>> [(node.primitive.name, operations(graph.records[node.id])) for node in graph.nodes if node.primitive]
    [('matmul', 10), ('tanh', 2), ('sum', 1)]
    """
    primitive = node.primitive
    if primitive is None:
        return 0
    shapes = [shape_of(item.value if type(item) is Traced else item) for item in node.inputs]
    count = _COUNTS.get(primitive.name) if REGISTRY.get(primitive.name) is primitive else None
    if count is not None:
        return max(0, count(shapes, node.shape, node.params))
    moves = primitive.kind in ("linear", "cut") or primitive.name in _MOVING
    return 0 if moves else node.size


_MOVING = {
    "positive", "index", "concatenate", "stack", "vstack", "hstack", "dstack", "column_stack", "astype",
    "astype_discrete",
}  # fmt: skip
"""What moves data, beside the linear primitives: those add only where `_COUNTS` says so."""


def _size(shape: Shape) -> int:
    return math.prod(shape)


def _reduced(shapes: Sequence[Shape], out: Shape, _params: Any) -> int:
    return _size(shapes[0]) - _size(out)


def _every(times: int) -> Callable[..., int]:
    return lambda shapes, out, params: times * _size(shapes[0])


def _product(terms: Callable[[Sequence[Shape], Shape], int]) -> Callable[..., int]:
    """A product of which every entry sums so many terms."""
    return lambda shapes, out, params: _size(out) * (2 * terms(shapes, out) - 1)


def _last_axis(shapes: Sequence[Shape], _out: Shape) -> int:
    return shapes[0][-1] if shapes[0] and shapes[1] else 1


def _shared(shapes: Sequence[Shape], out: Shape) -> int:
    """How many terms a contraction of two arrays sums: what both have and the result has not."""
    return math.isqrt(_size(shapes[0]) * _size(shapes[1]) // max(1, _size(out)))


def _einsum(shapes: Sequence[Shape], out: Shape, params: Any) -> int:
    lengths: dict[Any, int] = {}
    for term, shape in zip(params["subscripts"].partition("->")[0].replace(" ", "").split(","), shapes, strict=True):
        before, dots, after = term.partition("...")
        inside = range(len(shape) - len(before) - len(after)) if dots else ()
        # axes under the dots are counted from the last one
        letters = [*before, *reversed(inside), *after]
        for letter, length in zip(letters, shape, strict=True):
            lengths[letter] = max(length, lengths.get(letter, 0)) if length else 0
    terms = math.prod(lengths.values())
    return terms * (len(shapes) - 1) + terms - _size(out)


def _sorted(shapes: Sequence[Shape], _out: Shape, _params: Any) -> int:
    return _size(shapes[0]) * math.ceil(math.log2(max(shapes[0], default=1) or 1))


def _cubic(numerator: int, denominator: int = 1) -> Callable[..., int]:
    """A factorisation of n × n matrices, one or a stack of them."""
    return lambda shapes, out, params: numerator * _size(shapes[0]) * shapes[0][-1] // denominator


def _factors(numerator: int, denominator: int = 1) -> Callable[..., int]:
    """A factorisation of m × n matrices, one or a stack of them."""
    return lambda shapes, out, params: numerator * _size(shapes[0]) * min(shapes[0][-2:]) // denominator


def _solve(shapes: Sequence[Shape], out: Shape, _params: Any) -> int:
    return 2 * _size(shapes[0]) * shapes[0][-1] // 3 + 2 * _size(out) * shapes[0][-1]


_COUNTS: dict[str, Callable[..., int]] = {
    **dict.fromkeys(("sum", "prod", "max", "min", "argmax", "argmin", "any", "all", "count_nonzero"), _reduced),
    **dict.fromkeys(("mean", "cumsum", "fold_windows", "scatter", "partition"), _every(1)),
    "norm": _every(2),
    "var": _every(4),
    "std": lambda shapes, out, params: 4 * _size(shapes[0]) + _size(out),
    "trace": lambda shapes, out, params: _size(out) * (min(shapes[0]) - 1),
    **dict.fromkeys(("matmul", "dot", "inner", "vecdot", "matvec", "vecmat"), _product(_last_axis)),
    **dict.fromkeys(("vdot", "outer", "tensordot"), _product(_shared)),
    "einsum": _einsum,
    **dict.fromkeys(("sort", "sorted_order", "argsort", "order_shares", "lexsort"), _sorted),
    **dict.fromkeys(("nansum", "nanprod", "nanmax", "nanmin", "nanargmax", "nanargmin"), _reduced),
    **dict.fromkeys(("nanmean", "cumprod", "median", "nanmedian", "argpartition"), _every(1)),
    **dict.fromkeys(("quantile", "percentile", "nanquantile", "nanpercentile"), _every(1)),
    "nanvar": _every(4),
    "nanstd": lambda shapes, out, params: 4 * _size(shapes[0]) + _size(out),
    "unwrap": _every(3),
    "polyval": lambda shapes, out, params: 2 * _size(out) * shapes[0][0],
    "convolve": lambda shapes, out, params: 2 * _size(shapes[0]) * _size(shapes[1]),
    "correlate": lambda shapes, out, params: 2 * _size(shapes[0]) * _size(shapes[1]),
    "linspace": lambda shapes, out, params: 2 * _size(out),
    "geomspace": lambda shapes, out, params: 2 * _size(out),
    "interp": lambda shapes, out, params: 4 * _size(out),
    **dict.fromkeys(("det", "logabsdet", "det_sign"), _cubic(2, 3)),
    # rough counts of LAPACK's ways: G. H. Golub and C. F. Van Loan, Matrix Computations, sections 5.2, 8.3 and 8.6
    **dict.fromkeys(("eigvalsh", "eigenvalues"), _factors(4, 3)),
    "eigenvectors": _factors(9),
    **dict.fromkeys(("svdvals", "singular_values", "lstsq_singular_values", "lstsq_rank", "cond"), _factors(4)),
    **dict.fromkeys(("left_singular_vectors", "right_singular_vectors", "pinv"), _factors(14)),
    **dict.fromkeys(("qr_q", "qr_r", "qr_r_alone"), _factors(2)),
    **dict.fromkeys(("lstsq", "lstsq_residuals"), _factors(4)),
    "cholesky": _cubic(1, 3),
    "inv": _cubic(2),
    "cofactor": _cubic(2),
    "cofactor_change": _cubic(6),
    "solve": _solve,
}
