"""Python's control flow under a trace: replay equals a fresh trace, and another branch is noticed."""

from __future__ import annotations

import inspect
import math
import re
from typing import Any, NamedTuple

import numpy as np
import pytest

import graphviz_ad as gad


def leaky_relu(x):
    return np.sum(np.where(x > 0, x, 0.01 * x))


def positives(x):
    return np.sum(x[x > 0] ** 2)


def largest(x):
    return x[np.argmax(x)] * 3


def middle(x):
    ordered = sorted([x[0], x[1], x[2]])
    return ordered[1] * 2


def newton(x):
    root = x[0]
    while np.abs(root * root - x[0]) > 1e-6:
        root = (root + x[0] / root) / 2
    return root


def clipped(x):
    norm = np.sqrt(np.sum(x**2))
    if norm > 1:
        x = x / norm
    return np.sum(x**3)


def until_negative(x):
    total = x[0] * 0
    for item in x:
        if item < 0:
            break
        total = total + np.sin(item)
    return total


def without_negatives(x):
    total = x[0] * 0
    for item in x:
        if item < 0:
            continue
        total = total + np.exp(item)
    return total


def attempt(x):
    try:
        if x[0] > 1:
            raise ValueError
        return np.sum(x)
    except ValueError:
        return np.sum(np.log(x * x))


def collatz(x, depth=0):
    if x[0] < 1 or depth > 20:
        return np.sum(x)
    return collatz(x / 2, depth + 1) * 3


def early(x):
    if x[0] > 0:
        return np.prod(x)
    return np.sum(np.sin(x))


def any_builtin(x):
    return np.sum(x * 2 if any(item > 1 for item in x) else x * x)


def all_builtin(x):
    return np.sum(x * 2 if all(item > 0 for item in x) else x * x)


def any_numpy(x):
    return np.sum(x * 2) if np.any(x > 1) else np.sum(x * x)


def matching(x):
    match int(np.argmin(x)):
        case 0:
            return x[0] * x[1]
        case 1:
            return np.sum(np.tanh(x))
        case _:
            return x[2] * 5


def counting(x):
    n = np.count_nonzero(x > 0)
    return np.sum(x) * n


def rounds(x):
    total = np.sum(x)
    for _ in range(int(np.floor(x[0]).astype(int))):
        total = np.cos(total)
    return total


def largest_two(x):
    order = np.argsort(x)
    return x[order[-1]] * x[order[-2]]


def choice_of_functions(x):
    f = np.sin if x[0] > x[1] else np.cos
    return np.sum(f(x))


def assertion(x):
    assert x[0] > -100, "far"
    return np.sum(x * x)


def conditional_expression(x):
    return (x[0] * 2 if x[0] > x[1] else x[1]) * x[2]


def boolean_operators(x):
    return np.sum(x * 3) if x[0] > 0 and (x[1] > 0 or not x[2] > 0) else np.sum(x)


def walrus(x):
    if (norm := np.sum(x * x)) > 4:
        return norm / 4
    return norm


def nested_loops(x):
    total = x[0] * 0
    for left in x:
        for right in x:
            if left > right:
                total = total + left * right
    return total


def maximum_builtin(x):
    return max(x[0], x[1], x[2]) * min(x[0] * 2, x[1])


class Case(NamedTuple):
    """A function, a point, one on the same side of every branch, and one on another side."""

    f: Any
    here: list[float]
    near: list[float]
    far: list[float] | None
    line: str  # what the notice of `far` names


CASES = [
    Case(leaky_relu, [0.3, -0.2, 1.4], [-0.5, 2.0, 0.0], None, ""),
    Case(positives, [0.3, -0.2, 1.4], [0.1, -3.0, 2.0], [0.1, 3.0, 2.0], "shape"),
    Case(largest, [0.3, -0.2, 1.4], [9.0, 2.0, 1.0], None, ""),
    Case(middle, [0.3, -0.2, 1.4], [0.5, -9.0, 2.5], [0.3, 2.0, 1.4], "sorted([x[0], x[1], x[2]])"),
    Case(newton, [2.0, 0.0, 0.0], [2.1, 1.0, 1.0], [900.0, 0.0, 0.0], "np.abs(root * root - x[0]) > 1e-6"),
    Case(clipped, [1.0, 2.0, 3.0], [3.0, -1.0, 2.0], [0.1, 0.2, 0.3], "norm > 1"),
    Case(until_negative, [1.0, 2.0, -1.0], [3.0, 0.5, -2.0], [1.0, -2.0, 3.0], "item < 0"),
    Case(without_negatives, [1.0, -2.0, 1.0], [3.0, -0.5, 2.0], [-1.0, 2.0, 3.0], "item < 0"),
    Case(attempt, [0.5, 2.0, 1.0], [0.7, -0.5, 2.0], [2.0, 2.0, 3.0], "x[0] > 1"),
    Case(collatz, [5.0, 2.0, 1.0], [7.0, -0.5, 2.0], [9.0, 2.0, 3.0], "x[0] < 1"),
    Case(early, [5.0, 2.0, 1.0], [7.0, -0.5, 2.0], [-9.0, 2.0, 3.0], "x[0] > 0"),
    Case(any_builtin, [0.5, 2.0, 1.0], [0.7, 3.5, 2.0], [0.0, 0.2, 0.3], "item > 1"),
    Case(all_builtin, [0.5, 2.0, 1.0], [0.7, 3.5, 2.0], [0.5, 2.0, -1.0], "item > 0"),
    Case(any_numpy, [0.5, 2.0, 1.0], [3.0, 0.0, 0.0], [0.0, 0.2, 0.3], "np.any(x > 1)"),
    Case(matching, [0.5, 2.0, 1.0], [0.7, 3.5, 2.0], [5.0, 2.0, 3.0], "int(np.argmin(x))"),
    Case(counting, [0.5, 2.0, -1.0], [-1.0, 3.5, 2.0], None, ""),
    Case(rounds, [2.5, 2.0, -1.0], [2.9, 3.5, 2.0], [4.5, 2.0, -1.0], "np.floor(x[0]).astype(int)"),
    Case(largest_two, [0.5, 2.0, -1.0], [9.0, 3.5, 10.0], None, ""),
    Case(choice_of_functions, [2.5, 2.0, -1.0], [9.0, 3.5, 10.0], [1.0, 3.5, 10.0], "x[0] > x[1]"),
    Case(assertion, [2.5, 2.0, -1.0], [9.0, 3.5, 10.0], None, ""),
    Case(conditional_expression, [2.5, 2.0, -1.0], [9.0, 3.5, 10.0], [1.0, 3.5, 10.0], "x[0] > x[1]"),
    Case(boolean_operators, [2.5, 2.0, -1.0], [9.0, 3.5, 10.0], [2.5, -2.0, 10.0], "x[1] > 0"),
    Case(walrus, [2.5, 2.0, -1.0], [9.0, 3.5, 10.0], [0.1, 0.2, 0.3], "(norm := np.sum(x * x)) > 4"),
    Case(nested_loops, [2.5, 2.0, -1.0], [9.0, 3.5, 1.0], [2.5, 3.0, -1.0], "left > right"),
    Case(maximum_builtin, [2.5, 2.0, -1.0], [9.0, 3.5, 1.0], [2.5, 3.0, -1.0], "max(x[0], x[1], x[2])"),
]
EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.f.__name__)
BRANCHING = pytest.mark.parametrize("case", [case for case in CASES if case.far], ids=lambda case: case.f.__name__)


def same(one: gad.Graph, other: gad.Graph) -> bool:
    """Whether two graphs agree in every bit: names, values, adjoints, guards."""
    assert one.names == other.names
    for a, b in zip(one.nodes, other.nodes, strict=True):
        assert a.primitive is b.primitive
        for x, y in ((a.value, b.value), (a.adjoint, b.adjoint)):
            assert (np.asarray(x).tobytes(), type(x)) == (np.asarray(y).tobytes(), type(y)), a.name
    return [guard.value for guard in one.tables.guards] == [guard.value for guard in other.tables.guards]


def counted(f):
    """A function that counts its calls."""

    def wrapped(x):
        wrapped.calls += 1
        return f(x)

    wrapped.calls = 0
    return wrapped


@EVERY
def test_on_the_same_side_the_function_does_not_run_again(case) -> None:
    f = counted(case.f)
    graph = gad.trace(f, np.array(case.here))
    again = graph.evaluate(x=np.array(case.near))
    assert (f.calls, again.notice) == (1, "")
    assert same(again, gad.trace(f, np.array(case.near)))
    assert again.outputs[0].value == case.f(np.array(case.near))
    np.testing.assert_array_equal(again.inputs[0].adjoint, gad.grad(case.f)(np.array(case.near)))
    assert same(again.evaluate(x=np.array(case.here)), graph)


@BRANCHING
def test_on_another_side_it_runs_again_and_the_notice_names_the_line(case) -> None:
    f = counted(case.f)
    graph = gad.trace(f, np.array(case.here))
    again = graph.evaluate(x=np.array(case.far))
    assert f.calls == 2
    assert same(again, gad.trace(f, np.array(case.far)))
    assert again.outputs[0].value == case.f(np.array(case.far))
    assert again.notice.startswith("The function was run again: ")
    assert case.line in again.notice
    if case.line != "shape":
        lines, first = inspect.getsourcelines(case.f)
        numbers = [first + number for number, line in enumerate(lines) if case.line in line]
        found = re.search(r"at test_control_flow\.py, line (\d+) \(`(.*)`\) Python saw", again.notice)
        assert found is not None
        assert case.line in found[2]
        assert int(found[1]) in numbers
    back = again.evaluate(x=np.array(case.here))
    assert same(back, graph)
    assert graph.outputs[0].value == case.f(np.array(case.here))  # the old graph is as it was


@BRANCHING
def test_a_graph_from_a_file_replays_and_says_when_it_cannot(case) -> None:
    graph = gad.Graph.from_dict(gad.trace(case.f, np.array(case.here)).to_dict())
    again = graph.evaluate(x=np.array(case.near))
    assert same(again, gad.trace(case.f, np.array(case.near)))
    with pytest.raises(gad.ReplayError, match="no function to run again; trace the function anew") as caught:
        graph.evaluate(x=np.array(case.far))
    assert case.line in str(caught.value)
    assert graph.outputs[0].value == case.f(np.array(case.here))


@EVERY
def test_at_random_points_replay_is_a_fresh_trace(case) -> None:
    rng = np.random.default_rng(3)
    graph = gad.trace(case.f, np.array(case.here))
    for _ in range(10):
        x = np.abs(rng.normal(size=3)) * 3 if case.f in {newton, collatz, rounds} else rng.normal(size=3) * 2
        again = graph.evaluate(x=x)
        assert same(again, gad.trace(case.f, x))
        assert again.outputs[0].value == case.f(x)


@EVERY
def test_every_transformation_takes_the_branch_of_its_point(case) -> None:
    for point in (case.here, case.near, case.far or case.here):
        x = np.array(point)
        slope = gad.grad(case.f)(x)
        step = 1e-6
        differences = [(case.f(x + step * e) - case.f(x - step * e)) / (2 * step) for e in np.eye(3)]
        if not np.allclose(x, 0.0) and 0.0 not in x:  # a kink there
            np.testing.assert_allclose(slope, differences, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(gad.jacobian(case.f, mode="fwd")(x), slope, rtol=1e-12)


PLAIN = np.array([1.0, 2.0, 3.0])

# `n` is the traced int np.argmax(x), `x` an array of three floats
LEAVING = (
    "np.sum(PLAIN[x > 1]) * x[0]",
    "PLAIN.take(n) * x[0]",
    "np.take(PLAIN, n) * x[0]",
    "np.sum(np.ones(n + 1)) * x[0]",
    "np.zeros((n, 2)).size * x[0]",
    "np.sum(np.eye(n + 1)) * x[0]",
    "np.sum(np.full(n + 1, 2.0)) * x[0]",
    "np.sum(np.linspace(0, 1, n + 2)) * x[0]",
    "sum(x[i] for i in range(n + 1))",
    "np.sum(x[: n + 1])",
    "np.sum(x[n:])",
    "x[-n - 1]",
    "x[(n + 1) // 2]",
    "x[(n + 1) % 3]",
    "x[abs(n - 1)]",
    "x[min(n, 1)]",
    "x[np.minimum(n, 1)]",
    "[1.0, 2.0, 3.0][n] * x[0]",
    "len([1, 2, 3][:n]) * x[0]",
    "{0: 1.0, 1: 2.0, 2: 3.0}[int(n)] * x[0]",
    "len('a' * n) * x[0]",
    "float(n) * x[0]",
    "n * x[0]",
    "n.item() * x[0]",
    "math.sqrt(n) * x[0]",
    "len(bytes(n)) * x[0]",
    "divmod(int(n), 2)[1] * x[0]",
    "len(range(0, 10, n + 1)) * x[0]",
    "np.sum(x ** n)",
    "np.sum(2.0 ** n) * x[0]",
    "np.roll(x, n)[0]",
    "np.sum(np.repeat(x, n + 1))",
    "np.sum(np.repeat(PLAIN, n + 1)) * x[0]",
    "np.sum(np.tile(x, n + 1))",
    "np.cumsum(x)[n]",
    "np.sum(np.split(x, [n])[0]) + x[0]",
    "np.sum(np.delete(x, n))",
    "(x > 1).tolist().count(True) * x[0]",
    "np.asarray(x > 1).sum() * x[0]",
    "np.sum(np.array([x[0] > 1, x[1] > 1])) * x[0]",
    "sum(x[i] for i, large in enumerate(x > 1) if large) + x[0]",
    "np.sum((x > 1) * x)",
    "np.sum(x > 1) * x[0]",
    "np.mean(x > 1) * x[0]",
    "sum(x > 1) * x[0]",
    "np.sum(x[~(x > 1)]) + x[0]",
    "x[np.argsort(x)][0]",
    "sorted(range(3), key=lambda i: x[i])[0] * x[1]",
    "max(x, key=lambda item: item * item)",
    "x[0] * 2 if n in (0, 1) else x[0] * 3",
    "x[0] * 2 if int(n) == 1 else x[0] * 3",
)
POINTS = [np.array(point) for point in ([2.5, 0.5, 0.2], [0.5, 2.5, 0.2], [1.5, 1.2, 2.2], [0.2, 0.1, 0.3])]


@pytest.mark.parametrize("expression", LEAVING)
def test_ints_and_bools_that_leave_are_guards(expression) -> None:
    def f(x):
        return eval(expression, {"np": np, "math": math, "PLAIN": PLAIN, "x": x, "n": np.argmax(x)})

    for start in POINTS:
        graph = gad.trace(f, start)
        kept = gad.Graph.from_dict(graph.to_dict())
        for x in POINTS:
            again, fresh = graph.evaluate(x=x), gad.trace(f, x)
            assert again.outputs[0].value == fresh.outputs[0].value == f(x)
            np.testing.assert_array_equal(again.inputs[0].adjoint, fresh.inputs[0].adjoint)
            np.testing.assert_array_equal(gad.grad(f)(x), fresh.inputs[0].adjoint)
            if again.notice:
                with pytest.raises(gad.ReplayError):
                    kept.evaluate(x=x)
            else:
                assert kept.evaluate(x=x).outputs[0].value == f(x)


def test_nan_on_a_guard_is_another_side() -> None:
    graph = gad.trace(clipped, np.array([1.0, 2.0, 3.0]))
    again = graph.evaluate(x=np.array([np.nan, 2.0, 3.0]))
    assert "`norm > 1`" in again.notice
    assert math.isnan(again.outputs[0].value)


def test_an_assertion_that_fails_at_the_new_point_is_the_users_own() -> None:
    graph = gad.trace(assertion, np.array([1.0, 2.0, 3.0]))
    with pytest.raises(AssertionError, match="far"):
        graph.evaluate(x=np.array([-200.0, 2.0, 3.0]))
    assert graph.evaluate(x=np.array([2.0, 2.0, 3.0])).notice == ""


def test_a_shape_is_a_guard() -> None:
    def mean_of(x):
        return sum(item for item in x) / len(x)

    graph = gad.trace(mean_of, np.ones(3))
    again = graph.evaluate(x=np.arange(5.0))
    assert again.outputs[0].value == 2.0
    assert "shape (5,) instead of (3,)" in again.notice
    with pytest.raises(gad.ReplayError, match="shape"):
        gad.Graph.from_dict(graph.to_dict()).evaluate(x=np.arange(5.0))


def test_a_caught_error_of_ours_leaves_a_right_graph() -> None:
    def f(x):
        try:
            y = math.sin(x)
        except TypeError:
            y = np.sin(x)
        return y * x

    graph = gad.trace(f, 2.0)
    assert graph["x"].adjoint == gad.grad(f)(2.0) == pytest.approx(np.cos(2.0) * 2 + np.sin(2.0))
    assert graph.evaluate(x=3.0).outputs[0].value == np.sin(3.0) * 3


def test_what_depends_on_the_outside_is_a_constant_of_the_trace() -> None:
    rng = np.random.default_rng(0)
    graph = gad.trace(lambda x: x * rng.normal(), 1.0)
    drawn = graph.outputs[0].value
    assert graph.evaluate(x=2.0).outputs[0].value == 2 * drawn
