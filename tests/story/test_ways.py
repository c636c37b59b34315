"""Paths as the explorer's panel shows them: along visible edges, their products in symbols and numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.staging import story_line
from graphviz_ad.story.ways import LISTED, paths_data
from tests.story.test_outline import layered
from tests.story.test_paths import doublings


def f(x, b):
    u = np.tanh(x * b)
    v = u - x
    y = u * v + x**2
    return y


def test_products_along_visible_edges_add_up_to_the_adjoint() -> None:
    graph = gad.trace(f, 0.5, 3.0)
    line = story_line(graph)
    data = paths_data(line, graph["x"].id)
    flow, total = line.flow, 0.0
    for path in data["paths"]:
        product = 1.0
        for before, index in zip([None, *path["links"]], path["links"], strict=False):
            link = line.outline.links[index]
            assert before is None or line.outline.links[before].consumer == link.input
            product *= flow.local(link)
        total += product
    assert np.isclose(total, graph["x"].adjoint)
    assert data["total"] == data["adjoint"] == "0.8052"
    rows = {path["route"]: (path["symbols"], path["factors"], path["product"]) for path in data["paths"]}
    assert rows["x → v1 → u → v2 → y"] == ("b · (1 − u²) · v · 1", "3 × 0.1807 × 0.4051 × 1", "0.2196")
    assert rows["x → v → v2 → y"] == ("−1 · u · 1", "−1 × 0.9051 × 1", "−0.9051")
    assert data["comparison"] == "4 paths against 9 edges of one sweep"


def test_a_negative_factor_behind_another_is_enclosed() -> None:
    graph = gad.trace(lambda x: np.cos(np.exp(x)), 0.5)
    (path,) = paths_data(story_line(graph), 0)["paths"]
    assert path["symbols"] == "v1 · (−sin(v1))"


@pytest.mark.parametrize(
    ("f", "symbols"),
    [
        (lambda x: np.maximum(0, x) * 2.0, "(0 if x ≤ 0 else 1) · 2"),
        (lambda x: np.sin(x) % x, "cos(x) · 1"),
        (lambda x: np.where(x > 1, x**2, x) * 3.0, "(0 if x > 1 else 1) · 3"),
        (lambda x: np.exp(x) - x, "−1"),
    ],
)
def test_cases_are_enclosed_in_a_product(f, symbols: str) -> None:
    found = [path["symbols"] for path in paths_data(story_line(gad.trace(f, 3.0)), 0)["paths"]]
    assert symbols in found, found


def test_a_seed_that_is_not_1_is_a_factor() -> None:
    # y = 2·x², so with the seed [1, 10] the two entries get 1·4·2 = 8 and 10·4·3 = 120
    graph = gad.trace(lambda x: 2.0 * x**2, np.array([2.0, 3.0])).backward(np.array([1.0, 10.0]))
    data = paths_data(story_line(graph), 0)
    (path,) = data["paths"]
    assert path["symbols"] == "2·x · 2 · seed [1, 10]"
    assert path["product"] == "[8, 120] of shape (2,)"
    (path,) = paths_data(story_line(gad.trace(lambda x: x**2, 3.0).backward(-2.0)), 0)["paths"]
    assert (path["symbols"], path["product"]) == ("2·x · seed (−2)", "−12")


def test_the_order_of_factors_that_are_no_numbers_is_said() -> None:
    W, x = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([1.0, 2.0])
    line = story_line(gad.trace(lambda W, x: np.sum(np.tanh(W @ x)), W, x))
    data = paths_data(line, 1)
    (path,) = data["paths"]
    assert "opposite order" in data["order"]
    # as the sentence says: the output's Jacobian first, a row for each entry of what is differentiated
    slope = np.diag(1 - np.tanh(W @ x) ** 2)
    assert np.allclose(line.graph["x"].adjoint, np.ones((1, 2)) @ slope @ W)
    assert path["symbols"].startswith("∂v1/∂x · ")
    assert paths_data(story_line(gad.trace(f, 0.5, 3.0)), 0)["order"] == ""


def test_two_to_the_sixtieth() -> None:
    graph = gad.trace(doublings, 1.0, 60)
    data = paths_data(story_line(graph, fold="none"), 0)
    assert (data["count"], len(data["paths"]), data["complete"]) == ("1,152,921,504,606,846,976", LISTED, False)
    assert data["comparison"].startswith("1,152,921,504,606,846,976 paths against 120 edges")
    assert "…" in data["paths"][0]["symbols"]


def test_edges_inside_collapsed_groups_are_said() -> None:
    graph = layered(3)
    line = story_line(graph, fold="all")
    number = next(item.id for item in line.outline.items if item.name == "X")
    assert paths_data(line, number)["paths"] == []  # X is data
    whole = story_line(graph, fold=("dense_2",))
    start = next(n.id for n in graph.inputs if n.name == "layers[0][0]")
    (path,) = paths_data(whole, start)["paths"]
    assert path["inside"] == ["dense_2"]
    assert whole.outline.items[whole.outline.links[path["links"][0]].input].name == "layers[0][0]"
    assert path["symbols"].startswith("∂")
    json.dumps(path, allow_nan=False)


def test_what_cannot_be_asked() -> None:
    line = story_line(gad.trace(f, 0.5, 3.0))
    with pytest.raises(ArgumentError, match="nothing visible has the id 99"):
        paths_data(line, 99)

    def inner(x):
        return np.sin(x), np.cos(x)

    def outer(x):
        a, b = inner(x)
        return a * b * a

    line = story_line(gad.trace(outer, 1.0), fold="all")
    group = next(item for item in line.outline.items if item.group)
    with pytest.raises(ArgumentError, match="several values leave the group inner: open it"):
        paths_data(line, group.id)
