"""Assertions for courses and gradient checks: silent where all is right, else an AssertionError with the feedback."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises import check_gradient
from graphviz_ad.exercises.fresh import StudentError, Worker, decoded, encoded
from tests.core.test_gold import fork
from tests.run import ROOT


def two_paths(x):
    u = x**2
    y = 3 * u + 2 * x
    return y


# -- adjoints -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ans",
    [
        {"x": 20},
        {"x": 20.0},
        {"x": "18 + 2"},
        {"x": 20.01},
        {"x": np.float64(20)},
        {"x": 20, "u": 3, "x->u": "2*3"},
        {"x": 20, "x → u": 6},
    ],
    ids=str,
)
def test_right_adjoints_pass(ans) -> None:
    gad.assert_adjoints(two_paths, {"x": 3.0}, ans)
    gad.assert_adjoints(two_paths, 3.0, ans)
    gad.assert_adjoints(two_paths, (3.0,), ans)
    gad.assert_adjoints(gad.trace(two_paths, 3.0), ans=ans)


@pytest.mark.parametrize(
    ("ans", "words"),
    [
        ({"x": 36}, "x: 36 is not right. That is the product of 2 paths from x to y."),
        ({"x": 18}, "One|one contribution"),
        ({"x": -20}, "wrong sign"),
        ({"x": None}, "x: There is no answer yet."),
        ({}, "x: There is no answer yet."),
        ({"u": 3}, "x: There is no answer yet."),
        ({"x": 20, "u": 4}, "u: 4 is not right"),
        ({"x": 20, "z": 4}, "z: no node is named 'z'"),
        ({"x": 20, "x->z": 4}, "no edge is called 'x->z'"),
        ({"x": 20, "x->u": 7}, "x->u: 7 is not right"),
        ({"x": "__import__('os')"}, "x: "),
        ({"x": [20]}, r"x: Your answer has the shape \(1,\)"),
        ({"x": 20, 3: 4}, "answers are a dictionary by name"),
        ([20], "answers are a dictionary by name"),
        (None, "answers are a dictionary by name"),
    ],
    ids=str,
)
def test_wrong_adjoints_raise_with_the_feedback(ans, words) -> None:
    with pytest.raises(AssertionError, match=words):
        gad.assert_adjoints(two_paths, {"x": 3.0}, ans)


def test_every_wrong_answer_is_told() -> None:
    with pytest.raises(AssertionError) as caught:
        gad.assert_adjoints(fork, {"a": 2.0, "b": 3.0}, {"a": 50, "b": 38})
    assert str(caught.value).count("earlier backward pass") == 2


def test_how_much_is_told_and_asked() -> None:
    for hints, last in ((1, "from x to y."), (2, "between paths?"), (3, "not 36.")):
        with pytest.raises(AssertionError, match=f"{last.replace('?', '.')}$"):
            gad.assert_adjoints(two_paths, {"x": 3.0}, {"x": 36}, hints=hints)
    gad.assert_adjoints(two_paths, {"x": 3.0}, {"u": 3}, asked=["u"])
    with pytest.raises(AssertionError, match="u: There is no answer yet"):
        gad.assert_adjoints(two_paths, {"x": 3.0}, {"x": 20}, asked=["x", "u"])


def test_another_tolerance() -> None:
    gad.assert_adjoints(two_paths, {"x": 3.0}, {"x": 20.5}, rtol=0.1)
    with pytest.raises(AssertionError, match="more digits"):
        gad.assert_adjoints(two_paths, {"x": 3.0}, {"x": 20.01}, rtol=1e-6)
    gad.assert_adjoints(two_paths, {"x": 3.0}, {"x": 20}, rtol=1e-6)


def test_arrays_as_answers() -> None:
    def f(W, x):
        y = W @ x
        return np.sum(y**2)

    W, x = np.arange(6.0).reshape(2, 3), np.array([1.0, 0.0, 2.0])
    right = {"W": np.outer(2 * (W @ x), x), "x": (2 * W.T @ (W @ x)).tolist()}
    gad.assert_adjoints(f, {"W": W, "x": x}, right)
    with pytest.raises(AssertionError, match="W: "):
        gad.assert_adjoints(f, {"W": W, "x": x}, right | {"W": np.outer(x, 2 * (W @ x))})


# -- backward passes ------------------------------------------------------------------------------------


def loss(W, x):
    return np.sum((W @ x) ** 2)


def test_backward_passes_without_inputs() -> None:
    gad.assert_backward(
        lambda W, x: (np.outer(2 * W @ x, x), 2 * W.T @ W @ x), loss, shapes="random-nonsquare", seeds=3
    )
    with pytest.raises(AssertionError, match="The first wrong adjoint on the way back is that of W"):
        gad.assert_backward(lambda W, x: (np.outer(x, 2 * W @ x), 2 * W.T @ W @ x), loss)


def test_an_error_of_the_student_is_the_cause() -> None:
    def backward(W, x):
        return W / np.ones(99)

    with pytest.raises(AssertionError, match="backward raised ValueError at line") as caught:
        gad.assert_backward(backward, loss)
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize("backward", [None, ..., 3], ids=str)
def test_no_backward_pass_yet(backward) -> None:
    with pytest.raises(AssertionError, match="no backward pass yet"):
        gad.assert_backward(backward, loss)


# -- connections ----------------------------------------------------------------------------------------


def test_connected_losses_pass() -> None:
    gad.assert_connected(loss, {"W": np.ones((2, 3)), "x": np.ones(3)})
    gad.assert_connected(loss, (np.ones((2, 3)), np.ones(3)))
    gad.assert_connected(gad.trace(loss, np.ones((2, 3)), np.ones(3)), ["W", "x"])
    w, x = gad.variable(2.0, name="w"), gad.variable(3.0, name="x")
    gad.assert_connected(w * gad.detach(w) * x, [w, "x"])
    gad.assert_connected(lambda w, x: w * x, {"w": 1.0, "x": gad.constant(2.0)})


def detached(w, v):
    h = w * 2
    h = gad.detach(h)
    return h * v


def rounded(w, v):
    k = np.argmax(w * 3)
    return v * k


def counted(w, v):
    k = int(w * 3)
    return v * k


def plain(w, v):
    k = (w * 3).item()
    return v * k


def unused(w, v):
    return v * 2


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (detached, r"to w: the trail ends at line 3 \(`gad.detach\(h\)`\), where gad.detach cuts it"),
        (rounded, r"to w: the trail ends at line 2 \(`np.argmax\(w \* 3\)`\), where k becomes int64"),
        (counted, r"int\(\) was asked of a traced float at line 2 .*is that meant"),
        (plain, "item.*line 2"),
        (unused, "to w: nothing on the way to it uses it"),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_the_line_where_the_trail_ends(f, words) -> None:
    start = f.__code__.co_firstlineno - 1
    with pytest.raises(AssertionError) as caught:
        gad.assert_connected(f, {"w": 1.5, "v": 2.0})
    import re

    said = re.sub(r"line (\d+)", lambda found: f"line {int(found[1]) - start}", str(caught.value))
    assert re.search(words, said, re.DOTALL), said


def test_a_plain_number_is_not_connected() -> None:
    with pytest.raises(AssertionError, match="a plain number"):
        gad.assert_connected(3.0, {"w": 1.0})
    w, v = gad.variable(2.0, name="w"), gad.variable(2.0, name="v")
    with pytest.raises(AssertionError, match="The result is not computed from v"):
        gad.assert_connected(w * 2, [w, v])
    with pytest.raises(ArgumentError):
        gad.assert_connected(w * 2, 7)


# -- slopes ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flow():
    return gad.gradflow.measure(depth=30, width=64, batch=32, activation="linear", weight_var=0.25, seeds=6)


def test_slopes(flow) -> None:
    right = 0.5 * np.log(0.25)
    gad.assert_slope(flow, right, tol=0.03)
    gad.assert_slope(flow, gad.gradflow.theory.mean_field("linear", 0.25), tol=0.03)
    gad.assert_slope(flow, tol=0.03)
    gad.assert_slope({"depth": 12, "width": 64, "activation": "linear", "weight_var": 0.25, "seeds": 6}, tol=0.05)
    for wrong, words in (
        (2 * right, "the slope of ln ‖δ‖², twice"),
        (-right, "the sign is the other one"),
        (0.0, "slope of the weight gradients"),
        (0.3, "and the prediction is 0.3"),
        ("0.3", "a slope is a number"),
    ):
        with pytest.raises(AssertionError, match=words):
            gad.assert_slope(flow, wrong, tol=0.03)
    with pytest.raises(ArgumentError, match="net must be"):
        gad.assert_slope(3.0, 1.0)


# -- gradient checks ------------------------------------------------------------------------------------

TAIL = 20.0  # of the sigmoid: its derivative is 2e-9 there


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("f", "gradient", "x"),
    [
        (lambda x: np.sum(x**2), lambda x: 2 * x, np.array([1.0, 2.0, 3.0])),
        (lambda x: np.sum(x**2), lambda x: 2 * x, [1, 2, 3]),  # whole numbers
        (lambda x: np.sum(x**2), lambda x: 2 * x, np.array([1, 2, 3])),
        (lambda x: np.sum(x**3), lambda x: 3 * x**2, np.arange(6).reshape(2, 3)),  # two axes
        (np.exp, np.exp, np.array([10.0, 12.0])),  # a large derivative: absolute errors of 3e-6
        (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), TAIL),
        (lambda x: np.sum(0 * x), lambda x: 0 * x, np.ones(3)),  # 0/0
        (lambda x: np.sum(np.maximum(x, 0)), lambda x: (x > 0) * 1.0, np.array([-1.0, 0.0, 2.0])),
        (lambda x: np.sum(np.maximum(x, 0)), lambda x: (x > 0) * 1.0, np.array([1e-7, -1e-9])),  # beside a kink
        (abs, 0.3, 0.0),
        (lambda x: x**2, 6, 3),
        (lambda x: 1e-9 * x**2, lambda x: 2e-9 * x, 3.0),
        (lambda x: np.sum(x), np.ones(400), np.zeros(400)),
    ],
    ids=[
        "squares", "ints", "int array", "2-D", "exp", "tail", "0/0", "kink", "beside a kink", "slope at a kink",
        "number", "tiny", "many",
    ],
)  # fmt: skip
def test_right_gradients_pass(f, gradient, x) -> None:
    found = check_gradient(f, gradient, x)
    assert found.ok, found.message
    assert len(found.entries) == min(np.size(x), 100)


@pytest.mark.parametrize(
    ("f", "gradient", "x", "code", "words"),
    [
        (sigmoid, lambda x: 0.0, TAIL, "M13", "an absolute tolerance lets it pass"),
        (lambda x: 1e-9 * x**2, lambda x: 1e-9 * x, 3.0, "M13", "relative error of 0.5"),
        (lambda x: np.sum(x**2), lambda x: x, np.ones(3), None, "3 of 3 entries differ"),
        (lambda x: np.sum(x**2), lambda x: np.full(x.shape, x.sum()), np.arange(6.0).reshape(2, 3), None, "differ"),
        (abs, 1.7, 0.0, None, "differs"),
        (lambda x: np.sum(x**2), lambda x: np.sum(2 * x), np.ones(3), None, "x the shape"),
        (lambda x: x**2, lambda x: None, 3.0, None, "returned None"),
        (lambda x: x**2, None, 3.0, None, "no gradient yet"),
        (lambda x: x**2, lambda x: x / "2", 3.0, None, "raised"),
        (lambda x: x**2, "6", 3.0, None, ""),
        (np.sign, lambda x: 0.0, 0.0, None, "jumps"),
        (lambda x: np.nan * x, lambda x: np.nan, 1.0, None, "Nothing could be measured"),
    ],
    ids=[
        "tail", "tiny", "half", "row sums", "kink", "shape", "None", "nothing", "error", "text", "jump", "nan",
    ],
)  # fmt: skip
def test_wrong_gradients_are_found(f, gradient, x, code, words) -> None:
    if gradient == "6":
        assert check_gradient(f, gradient, x).ok  # an array of one text that is a number
        return
    found = check_gradient(f, gradient, x)
    assert not found.ok
    assert found.misconception == code
    assert words in found.message


@pytest.mark.parametrize(
    ("f", "x"), [(3.0, 1.0), (lambda x: None, 1.0), (lambda x: np.ones(2) * x, 1.0), (np.sin, "x"), (np.sin, 1j)]
)
def test_what_cannot_be_checked(f, x) -> None:
    with pytest.raises(ArgumentError):
        check_gradient(f, np.cos, x)


# -- a process of its own ---------------------------------------------------------------------------------


def fresh(**task) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "graphviz_ad.exercises.fresh"], input=json.dumps(task), capture_output=True, text=True,
        timeout=120, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.returncode, done.stdout


CHECK = "gad.assert_backward(backward, lambda W, x: np.sum((W @ x) ** 2))"
BACKWARD = "def backward(W, x):\n    print('said')\n    return {'W': np.outer(2 * W @ x, x), 'x': 2 * W.T @ W @ x}"


def test_a_check_in_a_fresh_process() -> None:
    assert fresh(code=BACKWARD, names=["backward"], check=CHECK) == (0, "")
    patch = "    import graphviz_ad as g\n    g.assert_backward = g.compare = print\n"
    wrong = BACKWARD.replace("2 * W.T", "3 * W.T").replace("    return", f"{patch}    return")
    code, said = fresh(code=wrong, names=["backward"], check=CHECK)
    assert (code, "The first wrong adjoint on the way back is that of x" in said) == (1, True)


@pytest.mark.slow
def test_answers_in_a_fresh_process() -> None:
    assert fresh(check="    assert answers['a'] == 3\n", answers={"a": 3}) == (0, "")
    assert fresh(check="assert answers['a'] == 3", answers={"a": 4})[0] == 1
    assert fresh(code="def backward(", names=["backward"], check=CHECK)[1].startswith("The code raised SyntaxError")
    assert fresh(code="", names=["backward"], check=CHECK) == (1, "There is no function backward.\n")
    assert fresh(code="x")[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("while True: pass", "took more than"),
        ("import os; os._exit(0)", "ended its process"),
        ("import sys; sys.exit(0)", "sys.exit at line 2 of student.py"),
        ("1 / 0", "ZeroDivisionError at line 2 of student.py (`1 / 0`)"),
        ("return object()", ""),
    ],
)
def test_what_a_students_code_may_do_to_its_own_process(line, words) -> None:
    worker = Worker(seconds=60)
    try:
        worker.run(f"def f(x):\n    {line}")
        worker.seconds = 2 if "while" in line else 60
        f = worker.function("f")
        if not words:
            assert "object" in f(1.0)
        else:
            with pytest.raises(StudentError) as caught:
                f(1.0)
            assert words in str(caught.value)
    finally:
        worker.close()


def test_numbers_cross_unchanged() -> None:
    for value in (0.1, float("inf"), np.float32(0.1), np.arange(6.0).reshape(2, 3) / 7, np.array([], int), True, None):
        back = decoded(encoded(value))
        np.testing.assert_array_equal(back, value)
        assert np.asarray(back).dtype == np.asarray(value).dtype
    assert decoded(encoded({"a": [1, (2.5, "x")]})) == {"a": [1, (2.5, "x")]}
    for hostile in ({"array": ["x"], "shape": [1], "dtype": "O"}, {"array": [1], "shape": [9], "dtype": "f8"}):
        with pytest.raises(StudentError):
            decoded(hostile)


def test_data_and_targets_need_no_answer_and_are_judged_where_there_is_one() -> None:
    def loss(w, x, t):
        return (w * x - t) ** 2

    inputs = (2.0, gad.variable(3.0, name="x", role="data"), gad.variable(1.0, name="t", role="target"))
    gad.assert_adjoints(loss, inputs, {"w": 30})
    gad.assert_adjoints(loss, inputs, {"w": 30, "x": 20, "t": "-10"})
    with pytest.raises(AssertionError, match="t: 10 has the right size and the wrong sign"):
        gad.assert_adjoints(loss, inputs, {"w": 30, "t": 10})
    with pytest.raises(AssertionError, match="w: There is no answer yet"):
        gad.assert_adjoints(loss, inputs, {})
    with pytest.raises(AssertionError, match="x: There is no answer yet"):
        gad.assert_adjoints(loss, (2.0, 3.0, 1.0), {"w": 30, "t": -10})
    with pytest.raises(AssertionError, match="x: There is no answer yet"):
        gad.assert_adjoints(lambda x: x**2, gad.variable(3.0, name="x", role="data"), {})
