"""What a rule uses: said by the rule itself, and held against what it does when the rest is spoiled."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core import sweep
from graphviz_ad.core.primitive import REGISTRY, Primitive
from graphviz_ad.core.traced import Traced
from graphviz_ad.story.work import Work, operations
from tests.story.test_formula import graph_of


def is_real(primitive):
    """Whether a graph can consist of it alone: complex values are neither inputs nor results."""
    samples = primitive.sample(np.random.default_rng(3))
    return not any(np.iscomplexobj(x) for xs, params in samples for x in (*xs, primitive.compute(*xs, **params)))


RULES = [p for p in REGISTRY.values() if p.sample and p.kind not in ("plain", "cut") and is_real(p)]


def ran(graph, consumer, argnum, back, spoil, by=np.nan):
    """What the rule of an edge gives where the values of some nodes are spoiled: multiplied by a number."""
    record, row = graph.records[consumer], graph.input_table[consumer]

    def value(position):
        known = graph.records[position].value
        # what is no float steers a rule, and stays
        return known * by if position in spoil and graph.records[position].dtype.kind == "f" else known

    # as in the graph, each node once
    leaves = {i: Traced(value(i), graph.records[i].primitive, (), graph.records[i].params, None) for i in row}
    node = Traced(value(consumer), record.primitive, tuple(leaves[i] for i in row), record.params, None)
    shape = record.shape if back else record.inputs[argnum].shape
    direction = np.random.default_rng(0).normal(size=shape)[()]
    with np.errstate(all="ignore"):
        return sweep.contribution(node, argnum, direction) if back else sweep.push(node, argnum, direction)


@pytest.mark.parametrize("primitive", RULES, ids=lambda p: p.name)
def test_a_rule_uses_no_value_that_it_does_not_name(primitive: Primitive) -> None:
    checked = 0
    for inputs, params in primitive.sample(np.random.default_rng(3)):
        graph = graph_of(primitive, inputs, params)
        consumer = graph.outputs[0].id
        work = Work(graph)
        for argnum in range(len(graph.input_table[consumer])):
            if not sweep.active_edge(graph.records[consumer], argnum):
                continue
            for back in (True, False):
                rule = work.vjp(consumer, argnum) if back else work.jvp(consumer, argnum)
                others = {consumer, *graph.input_table[consumer]} - set(rule.values)
                right = ran(graph, consumer, argnum, back, ())
                np.testing.assert_array_equal(ran(graph, consumer, argnum, back, others), right)
                checked += 1
    assert checked


X = np.array([0.3, 0.6])
M = np.array([[0.2, 0.4], [0.1, 0.7]])

NEEDS = [  # a function of x (and w): what the rule back to x uses, and its scalar operations
    (lambda x: x + 2.0, (0.5,), [], 0),
    (lambda x: 2.0 - x, (0.5,), [], 1),
    (lambda x: -x, (0.5,), [], 1),
    (lambda x: x * 3.0, (0.5,), [], 1),
    (lambda x, w: x * w, (0.5, 2.0), ["w"], 1),
    (lambda x, w: x / w, (0.5, 2.0), ["w"], 2),
    (lambda x, w: w / x, (0.5, 2.0), ["out", "x"], 3),
    (np.exp, (0.5,), ["out"], 1),
    (np.tanh, (0.5,), ["out"], 3),
    (np.sqrt, (0.5,), ["out"], 2),
    (np.log, (0.5,), ["x"], 2),
    (np.sin, (0.5,), ["x"], 2),
    (lambda x: x**2, (0.5,), ["x"], 2),
    (lambda x: np.sum(x), (X,), [], 0),
    (lambda x: np.mean(x), (X,), [], 1),
    (lambda x: np.prod(x), (X,), ["x"], None),
    (lambda x: x[1], (X,), [], None),
    (lambda x: x.reshape(2, 1), (X,), [], 0),
    (lambda x: np.stack([x, x]), (X,), [], 0),
    (lambda x, w: w @ x, (X, M), ["w"], 6),
    (lambda x, w: x @ w, (M, X), ["w"], 4),
    (lambda x: np.maximum(x, 0.0), (X,), ["x"], None),
    (lambda x: np.where(x > 0, x, 0.0), (X,), ["v1"], None),
    (np.linalg.inv, (M,), ["out"], None),
]


@pytest.mark.parametrize(("f", "args", "names", "count"), NEEDS)
def test_what_the_rules_of_well_known_operations_use(f, args, names, count) -> None:
    graph = gad.trace(lambda x, *w: f(x, *w), *args) if len(args) == 1 else gad.trace(lambda x, w: f(x, w), *args)
    out = graph.outputs[0].id
    argnum = next(n for n, i in enumerate(graph.input_table[out]) if graph.names[i] == "x")
    rule = Work(graph).vjp(out, argnum)
    assert sorted(graph.names[position] for position in rule.values) == names
    if count is not None:
        assert rule.operations == count
    # and each of them is really used
    for position in rule.values:
        if graph.records[position].dtype.kind == "f":
            right, wrong = (ran(graph, out, argnum, True, spoil, -2.0) for spoil in ((), (position,)))
            assert not np.array_equal(right, wrong)


def test_a_users_own_rule_is_handed_everything() -> None:
    square = gad.custom(lambda x: x * x, vjp=lambda adjoint, out, x: adjoint * 2 * x)
    graph = gad.trace(lambda x: square(x), 3.0)
    assert Work(graph).vjp(1, 0).values == (1, 0)


COUNTED = [
    (lambda x: np.exp(x), (np.ones((2, 3)),), 6),
    (lambda x: x.T, (np.ones((2, 3)),), 0),
    (lambda x: np.concatenate([x, x]), (X,), 0),
    (lambda x: x[0], (X,), 0),
    (lambda x: np.sum(x, axis=0), (np.ones((2, 3)),), 3),
    (lambda x: np.mean(x), (np.ones((2, 3)),), 6),
    (lambda x: np.max(x), (np.ones((2, 3)),), 5),
    (lambda x: np.cumsum(x), (X,), 2),
    (lambda x: x @ np.ones((3, 4)), (np.ones((2, 3)),), 40),
    (lambda x: np.ones((5, 2, 3)) @ x, (np.ones((3, 4)),), 200),
    (lambda x: np.dot(x, x), (X,), 3),
    (lambda x: np.outer(x, x), (X,), 4),
    (lambda x: np.vdot(x, x), (M,), 7),
    (lambda x: np.tensordot(x, np.ones((3, 4, 5)), 2), (np.ones((2, 3, 4)),), 230),
    (lambda x: np.einsum("ij,jk->ik", x, x), (M,), 12),
    (lambda x: np.einsum("...ij,...jk->...ik", x, np.ones((5, 3, 4))), (np.ones((2, 3)),), 200),
    (lambda x: np.einsum("ij->", x), (M,), 3),
    (lambda x: np.trace(x), (M,), 1),
    (lambda x: np.linalg.inv(x), (M,), 16),
]


@pytest.mark.parametrize(("f", "args", "count"), COUNTED)
def test_scalar_operations_counted_by_hand(f, args, count) -> None:
    graph = gad.trace(lambda x: f(x), *args)
    assert operations(graph.records[graph.outputs[0].id]) == count
    assert operations(graph.records[0]) == 0


def test_no_primitive_has_a_negative_count() -> None:
    for primitive in RULES:
        for inputs, params in primitive.sample(np.random.default_rng(3)):
            graph = graph_of(primitive, inputs, params)
            assert operations(graph.records[graph.outputs[0].id]) >= 0
