"""The generator: the same draws everywhere, numbers for work by hand, and no two mistakes with one number."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.exercises.by_random import CORE, LEAST, told_apart
from graphviz_ad.exercises.catalogue import entries
from graphviz_ad.exercises.generator import (
    LARGEST,
    Array,
    Draw,
    by_hand,
    collisions,
    found,
    help_table,
    point,
    program,
    too_hard,
    unclear,
)
from graphviz_ad.exercises.questions import Number
from tests.thinned import thinned

RATIONAL = {"add", "subtract", "multiply", "divide", "negative", "power", "square", "maximum", "minimum", "clip",
            "sum", "mean", "matmul", "dot", "transpose", "getitem", "positive"}  # fmt: skip


PINNED = [7, 1, 5, 4, 0, 6, 3, 8]


def test_draws_are_those_of_a_text() -> None:
    draw = Draw("fork", "s1", 0)
    assert [draw.below(10) for _ in range(8)] == PINNED
    assert [Draw("fork", "s1", 0).below(10) for _ in range(3)] == PINNED[:1] * 3
    assert Draw("a", "b", 0).below(10**6) != Draw("a", "c", 0).below(10**6)
    assert Draw("a", "bc").below(10**6) != Draw("ab", "c").below(10**6)
    counts = np.bincount([Draw("x", n).below(6) for n in range(3000)], minlength=6)
    assert counts.min() > 400
    assert np.shape(Array((2, 3))(Draw("x"))) == (2, 3)
    assert set(point(Draw("x"), {"a": (1.0, 2.0), "B": Array((2,), (5.0,))})) == {"a", "B"}


@pytest.mark.parametrize(
    ("number", "short"),
    [(0.5, True), (-2.125, True), (1 / 3, True), (-7 / 12, True), (0.001, True), (np.pi, False), (1 / 97, False),
     (LARGEST + 1.0, False), (float("nan"), False), (float("inf"), False), ([1.0, 0.1234567], False)],
)  # fmt: skip
def test_short_numbers(number, short) -> None:
    assert by_hand(number) is short


@pytest.mark.parametrize("name", thinned([n for n, e in entries().items() if e.kind in ("X1", "X2", "X3")], 5))
@pytest.mark.parametrize("seed", [3, "eve"])
def test_numbers_can_be_done_by_hand(name: str, seed: int | str) -> None:
    ex = gad.exercise(name, seed=seed)
    graph = ex.graph
    assert graph is not None
    used = {node.primitive.name for node in graph.nodes if node.primitive is not None}
    for node in graph.inputs:
        assert by_hand(node.value)
    if used <= RATIONAL:
        assert "You may use" not in ex.prompt
        for question in ex.questions:
            assert isinstance(question, Number)
            assert by_hand(question.right) or question.key not in graph, question.key
    else:
        # every function that nobody computes by hand is in the table of the prompt
        table = ex.prompt.partition("You may use: ")[2]
        for function in ("exp", "log", "sqrt", "tanh", "sin", "cos"):
            assert (f"{function}(" in table) >= (function in used), function


def test_the_table_is_exact_enough_for_the_slope() -> None:
    f = program("flat", "def f(x):\n    y = np.tanh(x)\n    return y\n")
    graph = gad.trace(f, 3.0).backward()
    entry = re.search(r"1 − tanh\(3\)² = ([0-9.e−-]+)", help_table(graph))
    assert entry is not None
    assert float(entry[1].replace("−", "-")) == pytest.approx(1 - np.tanh(3.0) ** 2, rel=1e-4)


def test_two_programs_of_one_name_keep_their_own_lines() -> None:
    one = program("same", "def f(x):\n    first = 2 * x\n    return first\n")
    two = program("same", "def f(x):\n    second = 3 * x\n    return second\n")
    assert gad.trace(one, 1.0).names[-1] == "first"
    assert gad.trace(two, 1.0).names[-1] == "second"
    assert gad.trace(one, 1.0).names[-1] == "first"
    assert program("same", "def f(x):\n    first = 2 * x\n    return first\n") is one


# -- what is rejected ---------------------------------------------------------------------------------


def cube(x):
    u = x**2 + 1
    y = u**3
    return y


def test_points_at_which_mistakes_collide_are_unclear() -> None:
    def why(f, x, codes, key="x"):
        return unclear(gad.exercises.adjoints(f, x).only(key), {key: codes})

    assert "give one number" in why(cube, 1.0, ["M6", "composed"])
    assert why(cube, 1.5, ["M6", "composed", "M5", "M4"]) == ""
    assert "right answer" in why(lambda x: (x + 1) ** 2, 3.0, ["M6"])
    assert "M1" in why(lambda x: x**2 + x, 3.0, ["M16"])
    assert why(lambda x: 3 * x**2 + 2 * x, 3.0, ["M16", "M1"]) == ""
    assert why(cube, 1.0, []) == ""


def test_inputs_are_drawn_until_they_will_do_or_it_says_so() -> None:
    def make(draw):
        x = draw.pick((1.0, 1.5))
        return gad.exercises.adjoints(cube, x).only("x"), {"x": ("M6", "composed")}, ""

    assert {found("cube", seed, make).graph["x"].value for seed in range(4)} == {1.5}

    def never(draw):
        return gad.exercises.adjoints(cube, 1.0).only("x"), {"x": ("M6",)}, ""

    with pytest.raises(gad.ArgumentError, match=r"no inputs for 'cube' were found in 80 tries from the seed 4"):
        found("cube", 4, never)


def test_the_point_with_the_fewest_collisions_is_taken() -> None:
    def make(draw):
        x = draw.pick((1.0, 1.5))
        return gad.exercises.adjoints(cube, x).only("x"), {"x": ("M4",)}, ""

    points = [found("cube", seed, make).graph["x"].value for seed in range(12)]
    first = [Draw("cube", seed, 0).pick((1.0, 1.5)) for seed in range(12)]
    assert points.count(1.5) > first.count(1.5)


def test_numbers_that_are_too_hard() -> None:
    graph = gad.trace(lambda x: x**5, 7.0).backward()
    assert too_hard(graph, ["x"])
    assert too_hard(gad.trace(lambda x: x * 0.123456, 1.0).backward(), ["x"])
    assert too_hard(gad.trace(lambda x: np.sum(np.maximum(0, x)), np.array([-1.0, -2.0])).backward(), ["x"])
    assert not too_hard(gad.trace(lambda x: x**2 / 3, 0.5).backward(), ["x"])


# -- random graphs ------------------------------------------------------------------------------------

RANDOM = [(difficulty, seed) for seed in ("s1", 2, "s3", 4) for difficulty in range(1, 6)]


@pytest.mark.parametrize(("difficulty", "seed"), thinned(RANDOM, 4))
def test_random_graphs(difficulty: int, seed: int | str) -> None:
    ex = gad.exercise("random", difficulty=difficulty, seed=seed)
    assert ex.check(ex.solution).ok
    assert ex.options == {"difficulty": difficulty}
    assert gad.exercise("random", difficulty=difficulty, seed=seed).code == ex.code
    assert gad.exercise(ex.state).solution == ex.solution
    told = told_apart(ex)
    assert max(len(codes) for codes in told.values()) >= LEAST[difficulty]
    for key, codes in told.items():
        question = next(one for one in ex.questions if one.key == key)
        assert isinstance(question, Number)
        assert set(codes) <= set(CORE)
        assert not any(code in codes for pair in collisions(question) for code in pair)
        for one in question.fingerprints:
            if one.code in codes:
                assert question.judge(np.asarray(one.value).tolist()).misconceptions == (one.code,)


def test_a_random_graph_that_tells_nothing_apart_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LEAST, 1, 99)
    with pytest.raises(gad.ArgumentError, match=r"too few mistakes|no short number|too large"):
        gad.exercise("random", difficulty=1)


@pytest.mark.slow
def test_harder_graphs_are_larger() -> None:
    def looks(difficulty):
        made = [gad.exercise("random", difficulty=difficulty, seed=seed) for seed in range(4)]
        return {
            "questions": np.mean([len(ex.keys) for ex in made]),
            "forks": np.mean([sum(len(node.consumers) > 1 for node in ex.graph.nodes) for ex in made]),
            "functions": np.mean(["np." in ex.code.replace("np.sum", "") for ex in made]),
            "arrays": np.mean([any(node.shape for node in ex.graph.nodes) for ex in made]),
        }

    found_ = [looks(difficulty) for difficulty in range(1, 6)]
    assert found_[0]["forks"] == 0
    assert found_[1]["forks"] > 0
    assert [one["functions"] for one in found_] == [0, 0, 1, 1, 1]
    assert [one["arrays"] for one in found_] == [0, 0, 0, 0, 1]
    assert found_[0]["questions"] < found_[1]["questions"] < found_[3]["questions"]
