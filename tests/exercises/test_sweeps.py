"""X5 and X6: the order of a backward sweep, and += or =."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.building import Keys
from tests.exercises.kinds import GRAPHS, chain, diamond, two_paths, whole, wrong


@pytest.mark.parametrize("name", GRAPHS)
def test_the_solution_is_right_and_the_reverse_is_not(name):
    f, point = GRAPHS[name]
    ex = whole(gad.exercises.order(f, **point))
    assert ex.kind == "X5"
    part = wrong(ex, "order", ex.solution["order"][::-1], "M2")
    assert "instead of" in part.text


def test_any_order_that_waits_for_all_consumers_is_right():
    ex = gad.exercises.order(diamond, a=2.0, b=3.0)
    graph = ex.graph
    waits = {key: {node.name for node in graph[key].consumers} for key in "cdefy"}
    right = 0
    for given in itertools.permutations("cdefy"):
        legal = all(waits[key] <= set(given[:place]) for place, key in enumerate(given))
        assert ex.check({"order": list(given)}).ok == legal, given
        right += legal
    assert right == 4


def test_an_early_node_is_told_with_the_number_that_it_would_send():
    question = gad.exercises.order(diamond, a=2.0, b=3.0).questions[0]
    texts = {
        ("y", "e", "d"): "d would send 1 instead of 6: e has reported, f has not.",
        ("y", "f", "d"): "d would send 5 instead of 6: f has reported, e has not.",
        ("y", "d"): "d would send 0 instead of 6: none of f and e has reported.",
        ("e",): "e would send 0 instead of 1: y has not reported.",
    }
    for given, text in texts.items():
        said = question.consequence(list(given))
        assert said.text == text
        assert said.code == "M2"
    assert question.consequence(["y", "e", "f", "d"]) is None
    assert question.consequence([]) is None
    # the first node that is too early counts, whatever comes after it
    part = question.judge(["y", "e", "d", "c", "f"])
    assert part.text == texts["y", "e", "d"]
    assert part.hints[1] == "d sends once both consumers have reported, f and e: it gets 5 + 1 = 6."


def test_a_page_knows_what_would_be_sent_after_every_set_of_consumers():
    early = gad.exercises.order(diamond, a=2.0, b=3.0).questions[0].baked()["early"]
    assert early["d"]["consumers"] == ["f", "e"]
    told = [text.partition(" instead")[0] for text in early["d"]["texts"]]
    assert told == ["d would send 0", "d would send 5", "d would send 1"]
    assert "y" not in early


def test_a_node_that_is_used_twice_by_one_consumer_and_one_that_is_seeded():
    graph = gad.trace(lambda x: (x**2, np.sin(x**2)), 1.5)
    first, second = graph.outputs
    graph.backward({first.name: 1.0, second.name: 1.0})
    question = gad.exercises.order(graph).questions[0]
    used = gad.exercises.order(GRAPHS["square"][0], x=1.3).questions[0]
    assert used.sent["u"].parts.keys() == {"v1"}
    assert question.judge(question.solution).ok


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (["y", "q"], "'q' is none of the items"),
        (["y", "y"], "stands there twice"),
        ("yefdc", "Give a list"),
        ({"y": 1}, "Give a list"),
    ],
)
def test_what_is_no_order(answer, said):
    part = gad.exercises.order(diamond, a=2.0, b=3.0).check({"order": answer}).parts["order"]
    assert part.kind == "unread"
    assert said in part.text


def test_an_order_that_stops_half_way_names_what_is_missing():
    part = gad.exercises.order(diamond, a=2.0, b=3.0).questions[0].judge(["y", "e", "f"])
    assert not part.ok
    assert "missing" in part.text


def test_too_many_nodes_or_too_few():
    def long(x):
        for _ in range(40):
            x = np.sin(x)
        return x

    with pytest.raises(ArgumentError, match="at most 30 nodes"):
        gad.exercises.order(long, 1.0)
    with pytest.raises(ArgumentError, match="fewer than two nodes"):
        gad.exercises.order(np.sin, 1.0)


def test_keys_can_be_typed_and_no_two_are_one():
    graph = gad.trace(lambda d: sum(d.values()), {"": 1.0, " ": 2.0, "x": 3.0, " x": 4.0, "?": 5.0})
    keys = [Keys(graph)[node] for node in graph.nodes]
    assert len(set(keys)) == len(keys)
    assert all(key and key == key.strip() for key in keys)


# -- add or set -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRAPHS)
def test_add_where_several_contributions_arrive(name):
    f, point = GRAPHS[name]
    ex = whole(gad.exercises.accumulate(f, **point))
    for question in ex.questions:
        other = {"add": "set", "set": "add"}[question.right]
        wrong(ex, question.key, other, "M1" if other == "set" else "")


def test_what_an_assignment_would_lose():
    ex = gad.exercises.accumulate(diamond, a=2.0, b=3.0)
    assert ex.solution == {"f": "set", "e": "set", "d": "add", "c": "add", "b": "add", "a": "add"}
    part = wrong(ex, "a", "set", "M1")
    assert "the last one, 7, replaces what was there: 18 would be lost, and 25 is right" in part.hints[1]
    part = wrong(ex, "e", "add", "")
    assert "One contribution alone comes to e, 1 from y" in part.hints[1]


def test_a_chain_needs_no_sum():
    assert set(gad.exercises.accumulate(chain, x=1.0).solution.values()) == {"set"}
    assert gad.exercises.accumulate(two_paths, x=3.0).solution["x"] == "add"
