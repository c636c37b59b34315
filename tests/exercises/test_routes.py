"""X4: the paths, their products, and the sum."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.questions import Several
from tests.exercises.kinds import GRAPHS, diamond, hostile, square, two_paths, whole, wrong


@pytest.mark.parametrize("name", [name for name in GRAPHS if name != "gates"])
def test_products_of_right_paths_add_up_to_the_adjoint(name):
    f, point = GRAPHS[name]
    ex = whole(gad.exercises.paths(f, **point))
    for question in ex.questions:
        if isinstance(question, Several):
            products = [np.asarray(ex.solution[key]) for key in question.solution]
            node = question.key.removeprefix("paths of ")
            assert np.allclose(sum(products), ex.solution[node])


def test_false_routes_are_refused_with_the_arrow_that_is_missing():
    ex = gad.exercises.paths(diamond, a=2.0, b=3.0).only("paths of a")
    right = ex.solution["paths of a"]
    assert right == ["a->c->e->y", "a->c->f->y", "a->d->e->y", "a->d->f->y"]
    false = [one.key for one in ex.questions[0].options if one.key not in right]
    assert false
    arrows = {(edge.input.name, edge.consumer.name) for edge in ex.graph.edges}
    for key in false:
        stops = key.split("->")
        missing = [pair for pair in pairwise(stops) if pair not in arrows]
        assert len(missing) == 1
        part = wrong(ex, "paths of a", [*right, key], "")
        start, end = missing[0]
        assert f"No arrow leads from {start} to {end}" in part.hints[1]


def test_nothing_tells_a_path_from_a_route_that_is_none():
    ex = gad.exercises.paths(diamond, a=2.0, b=3.0)
    offered = [one.key for one in ex.questions[0].options]
    assert list(ex.keys) == ["paths of a", *offered, "a"]
    assert offered == sorted(offered, key=lambda key: (len(key), key))


def test_a_path_left_out_is_a_contribution_lost():
    ex = gad.exercises.paths(diamond, a=2.0, b=3.0)
    part = wrong(ex, "paths of a", ["a->c->e->y"], "M1")
    assert "3 of them are missing" in part.text
    assert "a is used by c and d" in part.hints[0]


@pytest.mark.parametrize(
    ("key", "answer", "code"),
    [
        ("x->v1->u->y", 10, "sum"),
        ("x->v1->u->y", 6, "M4"),
        ("x->v1->u->y", 3, "M6"),
        ("x->v1->u->y", 20, "M1"),
        ("x", 36, "M16"),
        ("x", 18, "M1"),
    ],
)
def test_wrong_products_and_sums_have_names(key, answer, code):
    wrong(gad.exercises.paths(two_paths, x=3.0), key, answer, code)


def test_a_route_that_is_none_has_the_product_0():
    ex = gad.exercises.paths(two_paths, x=3.0)
    part = wrong(ex, "x->u->y", 3, "")
    assert "No arrow leads from x to u: u is computed from v1." in part.hints


def test_two_arguments_of_one_node_are_two_paths():
    ex = gad.exercises.paths(square, x=1.3)
    assert ex.solution["paths of x"] == ["x->y", "x->u->v1->y", "x->u#1->v1->y"]
    assert ex.check({**ex.solution, "paths of x": {"x->y", "x->u->v1->y"}}).misconception == "M1"


def test_names_that_look_like_routes():
    ex = whole(gad.exercises.paths(hostile, {"a": 2.0, "a->out": 3.0, "out": 4.0}))
    assert len(set(ex.keys)) == len(ex.keys)
    assert ex.check({" a → total_2 → total_3 ": 1}).parts  # an arrow is an arrow, however it is written


def test_too_many_paths():
    def deep(x):
        for _ in range(8):
            x = x * x
        return x

    with pytest.raises(ArgumentError, match="from 1 to 6 paths"):
        gad.exercises.paths(deep, 1.01)
