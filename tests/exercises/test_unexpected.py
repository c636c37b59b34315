"""Answers, keys, seeds, states and functions that nobody expects: each is read, or refused in words."""

from __future__ import annotations

import json
import warnings
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError, SeedError
from graphviz_ad.exercises.building import Keys
from graphviz_ad.exercises.questions import Number
from tests.exercises.kinds import GRAPHS, diamond, whole


class Mute:
    """An object whose text is an error."""

    def __repr__(self) -> str:
        raise RuntimeError


def nested(depth: int) -> list[Any]:
    found: list[Any] = [1]
    for _ in range(depth):
        found = [found]
    return found


def doubled(depth: int) -> list[Any]:
    """A list of 2**depth numbers that takes no room."""
    found: list[Any] = [1.0]
    for _ in range(depth):
        found = [found, found]
    return found


# -- answers ------------------------------------------------------------------------------------------

UNREAD = [10**5000, Fraction(10**5000, 3), nested(5000), doubled(31), Mute(), [Mute()], Decimal("sNaN"), {"a": Mute()}]


@pytest.mark.parametrize("answer", UNREAD, ids=range(len(UNREAD)))
def test_an_answer_that_is_no_number_is_told_so_and_can_be_stored(answer: Any) -> None:
    ex = gad.exercises.adjoints(diamond, a=2.0, b=3.0).only("a")
    part = ex.check({"a": answer}).parts["a"]
    assert part.kind == "unread"
    json.dumps(ex.state, allow_nan=False)
    for kind in (gad.exercises.order, gad.exercises.accumulate):
        other = kind(diamond, a=2.0, b=3.0)
        assert not other.check({other.keys[0]: answer}).ok
        json.dumps(other.state, allow_nan=False)


def test_decimals_are_numbers() -> None:
    ex = gad.exercises.adjoints(diamond, a=2.0, b=3.0).only("a")
    assert ex.check({"a": Decimal("25.01")}).ok
    assert not ex.check({"a": Decimal("25.1")}).ok
    assert ex.check({"a": Decimal("NaN")}).parts["a"].kind == "wrong"


# -- keys ---------------------------------------------------------------------------------------------


def test_one_question_is_answered_once() -> None:
    ex = gad.exercises.local_derivatives(diamond, a=2.0, b=3.0)
    for ask in (ex.check, ex.keep, ex.judged):
        with pytest.raises(ArgumentError, match="'a->c' is answered twice: also as 'a → c'"):
            ask({"a->c": 1, "a → c": 2})
    assert ex.answers == {}
    assert ex.check({" a → c ": 1}).parts["a->c"].ok


@pytest.mark.parametrize("kind", ["values", "local_derivatives", "adjoints"])
@pytest.mark.parametrize("name", GRAPHS)
def test_numbers_are_asked_of_any_graph(kind: str, name: str) -> None:
    f, point = GRAPHS[name]
    ex = whole(getattr(gad.exercises, kind)(f, **point))
    for key, answer in ex.solution.items():
        assert ex.only(key).check({key: answer}).ok, key


def test_names_that_look_alike_have_keys_of_their_own() -> None:
    names = {" x": 2.0, "x": 3.0, "a->b": 4.0, "a → b": 5.0, "a": 6.0, "b": 7.0}
    graph = gad.trace(lambda d: d[" x"] * d["x"] * d["a->b"] * d["a → b"] * d["a"] * d["b"], names)
    assert {key: graph[position].value for position, key in enumerate(Keys(graph)[node] for node in graph.inputs)} == {
        "x′": 2.0, "x": 3.0, "a->b": 4.0, "a → b": 5.0, "a": 6.0, "b": 7.0,
    }  # fmt: skip
    for ex in (gad.exercises.adjoints(graph), gad.exercises.local_derivatives(graph)):
        whole(ex)
    twins = gad.trace(lambda d: np.sin(d["a"]) + np.cos(d["a->b"]), {"a": 0.5, "a->b": 0.25})
    whole(gad.exercises.local_derivatives(twins))


# -- functions ------------------------------------------------------------------------------------------


def branches(x: Any) -> Any:
    large = x > 1
    y = x**2 if large else -x
    return y


def two_results(x: Any) -> Any:
    a = x**2
    b = np.sin(a)
    return a, b


def test_a_comparison_is_no_value_to_compute() -> None:
    ex = whole(gad.exercises.values(branches, x=2.0))
    assert ex.solution == {"y": 4.0}


def test_values_need_no_place_to_sweep_from() -> None:
    assert whole(gad.exercises.values(two_results, x=2.0)).keys == ("a", "b")
    assert whole(gad.exercises.values(lambda x: 2 * x, x=np.ones(3))).solution == {"out": [2.0, 2.0, 2.0]}
    gad.exercises.values(two_results, x=2.0)._repr_mimebundle_()


@pytest.mark.parametrize("kind", ["adjoints", "local_derivatives", "paths", "order", "accumulate", "nudge", "explain"])
def test_several_results_need_a_graph_with_a_seed(kind: str) -> None:
    ask = getattr(gad.exercises, kind)
    with pytest.raises(SeedError, match=r"graph = gad\.trace\(f, \.\.\.\): pass that graph"):
        ask(two_results, x=2.0)
    graph = gad.trace(two_results, x=2.0)
    with pytest.raises(SeedError, match=r"Write graph\.backward"):
        ask(graph)
    graph.backward(seed={"b": 1.0})
    assert ask(graph).questions


def test_with_two_seeds_no_adjoint_is_called_a_derivative_of_one_of_the_results() -> None:
    graph = gad.trace(two_results, x=2.0)
    graph.backward(seed={"b": 1.0})
    ex = whole(gad.exercises.adjoints(graph))
    assert ex.questions[-1].prompt == "∂b/∂x"
    graph.backward(seed={"a": 1.0, "b": 1.0})
    ex = whole(gad.exercises.adjoints(graph))
    assert [one.prompt for one in ex.questions] == ["the adjoint of a", "the adjoint of x"]
    assert ex.solution["a"] == pytest.approx(1 + np.cos(4.0))
    graph.backward(seed={"b": 2.0})
    assert gad.exercises.adjoints(graph).questions[-1].prompt == "the adjoint of x"


@pytest.mark.parametrize("kind", ["values", "adjoints", "shape_puzzle", "cached"])
def test_a_graph_has_its_inputs_already(kind: str) -> None:
    graph = gad.trace(diamond, a=2.0, b=3.0)
    with pytest.raises(ArgumentError, match="a graph has its inputs already"):
        getattr(gad.exercises, kind)(graph, a=5.0)


def test_nothing_to_ask_for_is_said_of_what_was_asked() -> None:
    for kind, words in (("values", "no primitive"), ("local_derivatives", "no edge"), ("adjoints", "no node")):
        with pytest.raises(ArgumentError, match=f"nothing to ask for: {words}"):
            getattr(gad.exercises, kind)(lambda x: x, x=1.0)
    with pytest.raises(ArgumentError, match="nothing to ask for"):
        gad.exercises.adjoints(np.sum, np.zeros(0))


def test_beside_the_point_a_nudge_warns_of_nothing() -> None:
    with np.errstate(all="ignore"):
        graph = gad.trace(lambda x: np.log(x) * x, -1.0).backward()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ArgumentError, match="nothing to ask for"):
            gad.exercises.nudge(graph)


# -- right numbers that are 0 but for rounding ------------------------------------------------------------


def flat_top(x: Any) -> Any:
    u = np.sin(x)
    y = 3 * u
    return y


def cancelling(x: Any) -> Any:
    y = 0.1 * x + 0.2 * x - 0.3 * x
    return y


def test_zero_is_right_where_rounding_alone_made_something_else_of_it() -> None:
    for ask, f, x, key in (
        ("adjoints", flat_top, np.pi / 2, "x"),
        ("local_derivatives", flat_top, np.pi / 2, "x->u"),
        ("paths", flat_top, np.pi / 2, "x"),
        ("paths", flat_top, np.pi / 2, "x->u->y"),
        ("values", flat_top, np.pi, "y"),
        ("values", cancelling, 1.0, "y"),
        ("adjoints", cancelling, 1.0, "x"),
    ):
        ex = getattr(gad.exercises, ask)(f, x=x).only(key)
        assert ex.solution == {key: 0.0}, (ask, f)
        assert ex.check({key: 0}).ok
        assert ex.check({key: "1/1000"}).parts[key].kind == "wrong"
    assert gad.trace(flat_top, np.pi / 2).backward()["x"].adjoint != 0  # or this tests nothing
    assert gad.trace(cancelling, 1.0)["y"].value != 0


def test_of_an_array_each_entry_by_itself() -> None:
    x = np.array([0.5, np.pi / 2, 31.0])

    def f(x: Any, A: Any) -> Any:
        u = np.sin(x) * np.array([1.0, 1.0, 1e-13])
        return np.sum(A @ u)

    A = np.array([[1.0, 2.0, 3.0], [1.0, -1.0, 1.0]])
    ex = gad.exercises.adjoints(f, x=x, A=A).only("x")
    right = ex.solution["x"]
    assert right[1] == 0
    assert right[2] == pytest.approx(4e-13 * np.cos(31.0))  # small, and not by rounding


def test_what_is_small_without_being_off_stays() -> None:
    ex = gad.exercises.adjoints(lambda x: gad.nn.sigmoid(x) * 2, x=31.0).only("x")
    assert 0 < ex.solution["x"] < 1e-12
    part = ex.check({"x": 0}).parts["x"]
    assert not part.ok
    assert "sign" not in part.misconceptions  # 0 is near minus the right number, too
    assert "sign" not in Number("x", "", 7e-14).judge(0).misconceptions


# -- seeds and states ---------------------------------------------------------------------------------------


def test_a_seed_may_be_any_text() -> None:
    ex = gad.exercise("multi-path", seed="\ud800")
    assert gad.exercise(json.loads(json.dumps(ex.state))).solution == ex.solution


def test_a_state_is_taken_as_json_too() -> None:
    ex = gad.exercise("fork", seed="s1", blanks=2)
    ex.check({"a": 1})
    again = gad.exercise(json.dumps(ex.state))
    assert (again.keys, again.answers, again.solution) == (ex.keys, ex.answers, ex.solution)


@pytest.mark.parametrize(
    "state", ["{", '{"a":' * 50_000, {"options": {"seed": 1}}, {"options": {"name": "x"}}, {"version": True}]
)
def test_a_broken_state_is_refused(state: Any) -> None:
    ex = gad.exercise("fork", seed=1)
    with pytest.raises(ArgumentError, match="no state of an exercise"):
        gad.exercise(ex.state | state if isinstance(state, dict) else state)
    if isinstance(state, str) or "version" in state:
        with pytest.raises(ArgumentError, match="no state of an exercise"):
            ex.resume(ex.state | state if isinstance(state, dict) else state)


def test_a_state_has_its_seed_and_options_already() -> None:
    state = gad.exercise("fork", seed=1).state
    for more in ({"seed": 2}, {"blanks": 1}, {"explain": True}, {"difficulty": 2}):
        with pytest.raises(ArgumentError, match="a state has its seed and options already"):
            gad.exercise(state, **more)


def test_a_state_from_elsewhere_is_plain_json_again() -> None:
    ex = gad.exercise("fork", seed=1)
    again = ex.resume(ex.state | {"answers": {"a": {1: Mute()}}, "tried": {"a": float("inf")}})
    json.dumps(again.state, allow_nan=False)


# -- orders that are not whole --------------------------------------------------------------------------------


def test_what_is_missing_does_not_tell_the_wrong_lines() -> None:
    ex = gad.exercises.parsons(diamond, a=2.0, b=3.0)
    question = ex.questions[0]
    assert question.distractors
    for given in ([], question.solution[:3]):
        part = ex.check({"lines": given}).parts["lines"]
        assert part.text == f"{len(question.solution) - len(given)} are missing."
        assert part.hints[0].endswith("?")
        assert part.hints[-1].startswith("One right order is")
    # where all have a place, the names tell nothing
    part = gad.exercises.order(diamond, a=2.0, b=3.0).check({"order": ["y", "f"]}).parts["order"]
    assert part.text == "3 are missing: c, d, e."
    assert 1 < len(part.hints) <= 3
