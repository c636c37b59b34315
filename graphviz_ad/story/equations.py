"""The two sides of equations as terms: values, local derivatives, contributions and tangents.

A derivative's term comes from the rule that ran: the rule runs once more, on stand-ins of the values, and the small
graph that it leaves is the term.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.primitive import HOLOMORPHIC, is_ours
from graphviz_ad.core.sweep import LocalJacobian, conjugate, landed, sum_to_shape
from graphviz_ad.core.traced import Traced
from graphviz_ad.story.numbers import plain_local
from graphviz_ad.story.printing import COMPARISONS
from graphviz_ad.story.terms import (
    Number,
    Operation,
    Symbol,
    Term,
    is_number,
    make,
    operation_term,
    plain_term,
    simplified,
    substituted,
    traced_term,
)

# -- values -------------------------------------------------------------------------------------


def is_folded(node: Node) -> bool:
    """Whether a node is an untraced scalar, which pictures put into its consumer's label."""
    return node.kind == "constant" and node.shape == ()


def leaf_term(node: Node) -> Term:
    """How a node stands in its consumers' formulas: by its name; an untraced scalar as its number.

    A comparison to which nobody gave a name stands as it is: ``x > 0``.
    """
    return value_term(node) if is_condition(node) else own_term(node)


def own_term(node: Node) -> Term:
    """A node by its name; an untraced scalar as its number."""
    return plain_term(node.value) if is_folded(node) else Symbol(node.name, node.shape)


def is_condition(node: Node) -> bool:
    """Whether a node is a comparison to which nobody gave a name."""
    unnamed = node.name.startswith("v") and node.name[1:].isdigit()
    made = node.primitive is not None and node.primitive.name in COMPARISONS
    return unnamed and made and not any(is_condition(i) for i in node.inputs)


def value_term(node: Node, arguments: Iterable[Term] | None = None) -> Operation:
    """The operation that made a node, of its inputs or of these arguments."""
    assert node.primitive is not None
    terms = map(leaf_term, node.inputs) if arguments is None else arguments
    return operation_term(node.primitive, terms, node.params, node.shape)


def value_chain(node: Node) -> list[Term]:
    """The right sides of a value's equation: in symbols and, for scalars, in numbers and the result."""
    chain: list[Term] = [value_term(node)]
    if node.shape:
        return chain
    if not any(i.shape for i in node.inputs):
        filled = value_term(node, [plain_term(i.value) for i in node.inputs])
        chain += [filled] if filled != chain[0] else []
    return [*chain, plain_term(node.value)]


# -- derivatives --------------------------------------------------------------------------------


class _StandIns:
    """The values that a rule of one edge sees, as leaves of a small graph of its own, each with its term."""

    def __init__(self, edge: Edge) -> None:
        consumer = edge.consumer
        assert consumer.primitive is not None
        self.primitive = consumer.primitive
        self.argnum = edge.argnum
        self.params = consumer.params
        self.turned = is_turned(edge)
        self.target = edge.input.value
        self.known: dict[int, Term] = {}
        leaves: dict[int, Any] = {}
        for node in (consumer, *consumer.inputs):
            if node.id not in leaves:
                leaves[node.id] = node.value if is_folded(node) else self.leaf(node.value, leaf_term(node))
        self.out = leaves[consumer.id]
        self.inputs = tuple(leaves[node.id] for node in consumer.inputs)

    def leaf(self, value: Any, term: Term) -> Traced:
        """A leaf with this term."""
        made = Traced(value, None, (), {"role": "input"}, None)
        self.known[made.index] = term
        return made

    def term(self, value: Any) -> Term | None:
        """The term of what a rule gave; None where it is too long to be read."""
        found = traced_term(value, self.known)
        return None if found is None else simplified(found)

    def by_rule(self, rule: Callable[..., Any], direction: Traced) -> Any:
        """What a rule of JVPs makes of a direction."""
        if self.primitive.variadic:
            return rule(self.argnum, direction, self.out, self.inputs, **self.params)
        return rule(direction, self.out, *self.inputs, **self.params)

    def back(self, rule: Callable[..., Any], direction: Traced) -> Any:
        """What a rule of VJPs makes of a direction: with conjugates and of the real part, as the sweep has it."""
        if self.turned:
            self.out, self.inputs = conjugate(self.out), tuple(map(conjugate, self.inputs))
        return landed(self.by_rule(rule, direction), self.target)

    @property
    def is_ours(self) -> bool:
        """Whether the rule is one of the registry: a user's own function need not run on stand-ins."""
        return is_ours(self.primitive)


def is_turned(edge: Edge) -> bool:
    """Whether the sweep conjugates the local derivative: that of a holomorphic function with a complex value."""
    primitive = edge.consumer.primitive
    return primitive is not None and primitive.name in HOLOMORPHIC and is_complex(edge.consumer.value)


def is_landing(edge: Edge) -> bool:
    """Whether a real input of a complex value takes the real part of what comes back."""
    return is_complex(edge.consumer.value) and not is_complex(edge.input.value)


def _back_factor(edge: Edge, local: Term) -> Term:
    """What the adjoint is multiplied by on the way back: the local derivative or its conjugate."""
    return Operation("conjugate", (local,), {}, local.shape) if is_turned(edge) and is_complex(edge.local) else local


def _landed_term(edge: Edge, sent: Term) -> Term:
    return Operation("real", (sent,), {}, sent.shape) if is_landing(edge) else sent


def local_term(edge: Edge) -> Term | None:
    """∂consumer/∂input of an elementwise primitive; None for others, and on edges without derivative."""
    consumer = edge.consumer
    if not edge.active or consumer.primitive is None or not consumer.primitive.partials:
        return None
    stand = _StandIns(edge)
    primitive, argnum = stand.primitive, stand.argnum
    with np.errstate(all="ignore"):
        formula = primitive.formula(argnum)
        if formula is not None:
            return stand.term(formula(stand.out, *stand.inputs, **stand.params))
        return stand.term(primitive.partial(argnum, stand.out, stand.inputs, stand.params))


def adjoint_term(node: Node) -> Symbol:
    """A node's adjoint."""
    return Symbol(node.name, node.shape, "adjoint")


def partial_term(edge: Edge) -> Operation:
    """∂consumer/∂input as a symbol."""
    return Operation("partial", (), {"consumer": edge.consumer.name, "input": edge.input.name})


def product_term(edge: Edge) -> Term:
    """What an edge sends back in symbols, before the sum over broadcast axes: adjoint × local derivative, a VJP."""
    stand, consumer = _StandIns(edge), edge.consumer
    primitive, argnum = stand.primitive, stand.argnum
    adjoint = adjoint_term(consumer)
    local = local_term(edge)
    if local is not None and (not primitive.vjps or primitive.whole or is_scalar(edge)):
        # as it is said: the adjoint, then the local derivative
        local = _back_factor(edge, local)
        if is_number(local) or not isinstance(local, Operation):
            sent = simplified(Operation("multiply", (adjoint, local), {}, consumer.shape))
        else:
            sent = _ordered(make("multiply", adjoint, local), adjoint, local)
        return _landed_term(edge, sent)
    found: Term | None = None
    place = 0 if primitive.variadic else argnum
    rule = None if primitive.partials else primitive.formula(place)
    if stand.is_ours and primitive.vjps:
        rule = rule or primitive.vjps[place]
    if rule is not None:
        with np.errstate(all="ignore"):
            found = stand.term(stand.back(rule, stand.leaf(np.ones(consumer.shape, consumer.dtype)[()], adjoint)))
    if found is not None:
        return found
    if is_scalar(edge):
        return Operation("multiply", (adjoint, partial_term(edge)))
    known = (adjoint, own_term(consumer), *map(leaf_term, consumer.inputs))
    params = {"consumer": consumer.name, "input": edge.input.name, "name": primitive.name}
    return Operation("pullback", known, params, edge.input.shape)


def is_scalar(edge: Edge) -> bool:
    """Whether a number goes to a number, with one number between them; |z|, say, has two, one for each part of z."""
    if edge.consumer.shape or edge.input.shape:
        return False
    return not is_complex(edge.input.value) or not isinstance(local := edge.local, LocalJacobian) or local.holomorphic


def is_alone(edge: Edge) -> bool:
    """Whether what an edge sends is all of its input's adjoint: no other edge sends any, and no sweep starts there."""
    graph, node = edge.graph, edge.input
    sending = [one for one in graph.edges if one.input.id == node.id and one.active and one.consumer.reached]
    return len(sending) <= 1 and not (graph.has_adjoints and node.id in graph.seeded)


def number_term(edge: Edge) -> Term | None:
    """The local derivative of a number by a number, of a primitive that is not elementwise; None where unknown."""
    slope = simplified(substituted(contribution_term(edge), {adjoint_term(edge.consumer): Number(1.0)}))
    if slope != partial_term(edge):
        return slope
    number = scalar_local(edge)  # a user's own primitive
    return None if number is None else plain_term(number)


def _ordered(product: Term, first: Term, second: Term) -> Term:
    """The product as simplified, unless simplifying has only changed its order."""
    if isinstance(product, Operation) and product.name == "multiply" and product.arguments == (second, first):
        return Operation("multiply", (first, second), {}, product.shape)
    return product


def contribution_term(edge: Edge) -> Term:
    """What an edge sends back in symbols, in the input's shape: summed over broadcast axes."""
    sent = product_term(edge)
    shape = edge.input.shape
    if sent.shape == shape:
        return sent
    leaf = Traced(np.zeros(sent.shape), None, (), {"role": "input"}, None)
    found = traced_term(sum_to_shape(leaf, shape), {leaf.index: sent})
    assert found is not None
    return simplified(found)


def tangent_term(edge: Edge) -> Term:
    """What an edge adds to its consumer's tangent, in symbols."""
    stand, consumer = _StandIns(edge), edge.consumer
    tangent = Symbol(edge.input.name, edge.input.shape, "tangent")
    local = local_term(edge)
    primitive = stand.primitive
    if local is not None and not primitive.jvps:
        return _ordered(make("multiply", local, tangent), local, tangent)
    found: Term | None = None
    if stand.is_ours and primitive.jvps:
        rule = primitive.jvps[0 if primitive.variadic else stand.argnum]
        assert rule is not None
        with np.errstate(all="ignore"):
            value = np.ones(edge.input.shape, edge.input.dtype)[()]
            found = stand.term(stand.by_rule(rule, stand.leaf(value, tangent)))
    return found if found is not None else Operation("product", (partial_term(edge), tangent), {}, consumer.shape)


# -- right sides --------------------------------------------------------------------------------


def contribution_chain(edge: Edge, notation: str = "∂L/∂v") -> list[Term]:
    """The right sides of a contribution's equation: the chain rule, in symbols, in numbers, and the result.

    The numbers are left out where the local derivative is unknown.
    """
    adjoint, local, sent = adjoint_term(edge.consumer), local_term(edge), contribution_term(edge)
    scalar = is_scalar(edge)
    if scalar and local is not None and is_number(local):
        sent = Operation("multiply", (adjoint, _back_factor(edge, local)))  # × 1 is said: it is the point
        sent = _landed_term(edge, sent)
    chain: list[Term] = [sent]
    by_rule = _landed_term(edge, Operation("multiply", (adjoint, _back_factor(edge, partial_term(edge)))))
    if notation == "∂L/∂v" and scalar and not _is_product_with_partial(sent):
        chain.insert(0, by_rule)
    if scalar:
        number = scalar_local(edge)
        if number is not None:
            product = Operation("multiply", (plain_term(edge.consumer.adjoint), _back_factor(edge, plain_term(number))))
            chain.append(_landed_term(edge, product))
        chain.append(plain_term(edge.contribution))
    return chain


def tangent_chain(edges: Sequence[Edge]) -> list[Term]:
    """The right sides of a tangent's equation: the chain rule, in symbols, in numbers, and the result."""
    consumer = edges[0].consumer
    chain = [total([tangent_term(edge) for edge in edges], consumer.shape, tidy=True)]
    if consumer.shape:
        return chain
    if all(map(is_scalar, edges)):
        slopes: list[Term] = []
        numbers: list[Term] = []
        for edge in edges:
            number = scalar_local(edge)
            slopes.append(Operation("multiply", (partial_term(edge), Symbol(edge.input.name, (), "tangent"))))
            if number is not None:
                numbers.append(Operation("multiply", (plain_term(number), plain_term(edge.input.tangent))))
        chain = [total(slopes, ()), *chain, *([total(numbers, ())] if len(numbers) == len(slopes) else [])]
    return [*chain, plain_term(consumer.tangent)]


def total(terms: Iterable[Term], shape: tuple[int, ...], *, tidy: bool = False) -> Term:
    """The sum of terms; ``tidy``: a + (−b) is written a − b."""
    return reduce(lambda a, b: make("add", a, b) if tidy else Operation("add", (a, b), {}, shape), terms)


def output_name(graph: BaseGraph) -> str:
    """What stands behind ∂: the name of the output that the sweep starts from.

    Another letter, L as a rule, where there are several, or where the seed is not 1: then the adjoints are derivatives
    of something beyond, and the seeds say how it changes with the outputs.
    """
    seeded = graph.seeded if graph.has_adjoints else graph.tables.outputs
    if len(seeded) == 1 and (not graph.has_adjoints or np.array_equal(np.ravel(graph.seed_of(seeded[0])), [1])):
        return graph.names[seeded[0]]
    return next((letter for letter in "LJEQ" if letter not in graph.names), "L")


def _is_product_with_partial(term: Term) -> bool:
    return isinstance(term, Operation) and any(isinstance(a, Operation) and a.name == "partial" for a in term.arguments)


def scalar_local(edge: Edge) -> Any:
    """The local derivative of a number by a number; None where a user's own rule does not give it."""
    local = plain_local(edge.local)
    return None if isinstance(local, LocalJacobian) else local
