"""X8, X10 and X13: broken graphs, lines to order, and graphs to construct."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.broken import BROKEN
from tests.exercises.kinds import GRAPHS, chain, diamond, square, two_paths, whole, wrong

LINES = [name for name in GRAPHS if name != "gates"]


def played(lines, graph):
    """What the inputs end with if these lines are run: they are Python, and every accumulator starts at 0."""
    scope = {"np": np, "scatter": None}
    for node in graph.nodes:
        scope[node.name] = node.value
        scope[f"{node.name}_bar"] = np.zeros(node.shape)
    exec("\n".join(lines), scope)
    return [scope[f"{node.name}_bar"] for node in graph.inputs]


@pytest.mark.parametrize("name", LINES)
def test_the_solution_computes_the_adjoints_and_its_reverse_does_not(name):
    f, point = GRAPHS[name]
    ex = whole(gad.exercises.parsons(f, **point))
    question = ex.questions[0]
    if name != "hostile":
        texts = {one.key: one.text for one in question.items}
        found = played([texts[key] for key in question.solution], ex.graph)
        assert all(np.allclose(a, node.adjoint) for a, node in zip(found, ex.graph.inputs, strict=True))
    wrong(ex, "lines", question.solution[::-1], "M2")
    assert ex.check({"lines": question.solution[:-1]}).parts["lines"].text.startswith("1 is missing")


@pytest.mark.parametrize("f", [chain, square])
def test_exactly_the_orders_that_compute_the_adjoints_are_right(f):
    ex = gad.exercises.parsons(f, 1.3)
    question = ex.questions[0]
    texts = {one.key: one.text for one in question.items}
    orders = [*itertools.permutations(question.solution)]
    for given in orders[:: max(1, len(orders) // 120)]:
        right = np.allclose(played([texts[key] for key in given], ex.graph)[0], ex.graph["x"].adjoint)
        assert question.judge(list(given)).ok == right, [texts[key] for key in given]


@pytest.mark.parametrize("name", LINES)
def test_at_most_one_wrong_line_for_each_step_and_each_is_wrong(name):
    f, point = GRAPHS[name]
    ex = gad.exercises.parsons(f, **point)
    question = ex.questions[0]
    wrong_lines = [one for one in question.items if one.key in question.distractors]
    assert len(wrong_lines) <= 3
    targets = [one.text.partition(" ")[0] for one in wrong_lines]
    assert len(set(targets)) == len(targets)
    for one in wrong_lines:
        assert one.text not in {other.text for other in question.items if other.key not in question.distractors}
        part = wrong(ex, "lines", [*question.solution, one.key], one.code)
        assert "has no place here" in part.text


def test_wrong_lines_give_other_numbers():
    ex = gad.exercises.parsons(diamond, a=2.0, b=3.0)
    question = ex.questions[0]
    texts = {one.key: one.text for one in question.items}
    assert {one.code for one in question.items} == {"", "M4b", "M4", "sum"}
    for key in question.distractors:
        target = texts[key].partition(" ")[0]
        place = next(n for n, one in enumerate(question.solution) if texts[one].startswith(target))
        given = [*question.solution[:place], key, *question.solution[place + 1 :]]
        found = played([texts[one] for one in given], ex.graph)
        assert not np.allclose(found, [25.0, 19.0])


def test_a_line_that_is_right_elsewhere_is_no_wrong_line():
    def difference(x):
        u = x - x
        return u * x

    question = gad.exercises.parsons(difference, 3.0).questions[0]
    same = [one.key for one in question.items if one.text == "x_bar += u_bar"]
    assert len(same) == 1
    assert not question.distractors & {*same}


def test_a_line_too_early_says_what_is_missing():
    question = gad.exercises.parsons(two_paths, x=3.0).questions[0]
    keys = {one.text: one.key for one in question.items}
    early = [keys["u_bar += y_bar"]]
    assert "reads the adjoint of y before “y_bar += 1” has added to it" in question.consequence(early).text


def test_too_long_a_program():
    def long(x):
        for _ in range(30):
            x = np.sin(x)
        return x

    with pytest.raises(ArgumentError, match="at most 20 lines"):
        gad.exercises.parsons(long, 1.0)


# -- broken graphs --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_function_is_refused_and_the_repaired_one_is_right(name):
    ex = whole(gad.exercises.reconnect(name))
    assert ex.code.startswith(f"def {name}(")
    assert "Any" not in ex.code
    assert " detach(" not in ex.code.removeprefix("def detach(")
    assert ("gad.detach(" in ex.code) == (name in ("detach", "encoder"))
    part = wrong(ex, "f", BROKEN[name].f, "M9")
    assert "This one is connected" in part.hints[-1]
    assert "This one is connected" not in part.hints[0]


def cut(a, b):
    return gad.detach(a * b) ** 2 + (a + b) ** 2


def cut_by_zero(a, b):
    return gad.detach((a * b) ** 2 + (a + b) ** 2) + 0.0 * (a + b)


def other_value(a, b):
    return a * b


def raises(a, b):
    raise RuntimeError(f"no {a} {b}.")


def other_arguments(a):
    return a


def plain(a, b):
    return float(a) * b


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (cut, "the result changes with a at another rate"),
        (cut_by_zero, "the result changes with a at another rate"),
        (other_value, "At a = 2, b = 3 the value is 6, and 61 is wanted."),
        (raises, "raised RuntimeError: no 2.0 3.0."),
        (other_arguments, "raised TypeError"),
        (lambda a, b: 61.0, "depends on no input"),
        (
            lambda a, b: gad.detach(a * b) ** 2 + gad.detach(a + b) ** 2,
            "from the result to a and b.",
        ),
    ],
)
def test_repairs_that_are_none(f, said):
    part = wrong(gad.exercises.reconnect("array_copy"), "f", f, "M9")
    assert said in part.text


def test_a_function_of_ones_own():
    ex = gad.exercises.reconnect(plain, a=2.0, b=3.0)
    assert ex.code.startswith("def plain(a, b):")
    assert ex.graph is None
    assert wrong(ex, "f", plain).text.startswith("float()")
    assert ex.check({"f": lambda a, b: a * b}).ok
    assert gad.exercises.reconnect(plain, 2.0, 3.0, fixed=other_value).solution == {"f": other_value}


def test_what_is_no_function():
    ex = gad.exercises.reconnect("item")
    assert ex.check({"f": 3.0}).parts["f"].kind == "unread"
    with pytest.raises(ArgumentError, match=r"unknown broken function: 'x'.*item"):
        gad.exercises.reconnect("x")
    with pytest.raises(ArgumentError, match="its own arguments"):
        gad.exercises.reconnect("item", 2.0)
    with pytest.raises(ArgumentError, match="a function or one of"):
        gad.exercises.reconnect(3)


# -- graphs to construct --------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRAPHS)
def test_a_function_has_its_own_adjoints(name):
    f, point = GRAPHS[name]
    ex = whole(gad.exercises.construct(f, **point))
    assert ex.solution == {"f": f}


def test_wanted_adjoints_by_name():
    ex = whole(gad.exercises.construct({"x": 7.0, "w": 3.0}, x=3.0, w=2.0))
    assert ex.check({"f": lambda x, w: w * x + 5 * x}).ok
    assert ex.check({"f": lambda w, x: w * x + 5 * x}).ok
    part = wrong(ex, "f", lambda x, w: w * x, "")
    assert part.text == "The adjoint of x is 2, and 7 is wanted."
    assert "the product 5 would do" in part.hints[1]
    wrong(ex, "f", lambda x, w: 7 * x, "M9")
    wrong(ex, "f", lambda x, w: w * x + 5 * gad.detach(x), "")
    wrong(ex, "f", lambda x: x, "")
    assert ex.check({"f": lambda p, q: 7 * p + 3 * q}).ok  # other names, the same order
    assert "not one number" in wrong(ex, "f", lambda x, w: [x, w], "").text
    assert ex.check({"f": "x*w"}).parts["f"].kind == "unread"


def test_primitives_that_must_be_used():
    ex = gad.exercises.construct({"x": 1.0}, x=0.0, uses=["sin"])
    assert ex.check({"f": np.sin}).ok
    part = wrong(ex, "f", lambda x: 1.0 * x, "")
    assert part.text == "The adjoints are right, and sin is not in the graph."


def test_a_graph_and_arrays():
    graph = gad.trace(two_paths, 3.0)
    assert gad.exercises.construct(graph).check({"f": two_paths}).ok
    ex = whole(gad.exercises.construct({"v": [1.0, 2.0]}, v=np.zeros(2)))
    assert ex.check({"f": lambda v: v[0] + 2 * v[1]}).ok


@pytest.mark.parametrize(
    ("wanted", "args", "point", "said"),
    [
        ({"q": 1.0}, (), {"x": 1.0}, "'q', and the point has"),
        ({}, (), {"x": 1.0}, "no adjoint is wanted"),
        ({"x": [1.0, 2.0]}, (), {"x": 1.0}, "must have its shape"),
        ({"x": 1.0}, (1.0,), {}, "given by keywords"),
    ],
)
def test_wanted_adjoints_that_make_no_sense(wanted, args, point, said):
    with pytest.raises(ArgumentError, match=said):
        gad.exercises.construct(wanted, *args, **point)
