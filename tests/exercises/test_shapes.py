"""X9: the parser of matrix expressions, and the puzzles made with it."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphviz_ad as gad
from graphviz_ad import nn
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.matrices import MisfitError, evaluate
from tests.exercises.kinds import numbers, whole, wrong

A, B, v = numbers(4, 3, seed=1), numbers(4, 2, seed=2), numbers(3, seed=4)
NAMES = {"A": A, "B": B, "v": v, "Y_bar": B, "h1_bar": v, "d": 2.0 * v}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A.T @ B", A.T @ B),
        ("Aᵀ@B", A.T @ B),
        ("Aᵀ @ Ȳ", A.T @ B),
        ("A.T@dY", A.T @ B),
        ("(B.T @ A).T", A.T @ B),
        ("h̄1 + h1̄", 2 * v),
        ("-A + 2*A", A),
        ("2 * A * A / A - A", A),
        ("A ⊙ v", A * v),
        ("A − v", A - v),
        ("- -A", A),
        ("-A @ v", -A @ v),
        ("A - A + A", A),
        ("A @ v * 2", A @ v * 2),
        ("A / 2 / 2", A / 4),
        ("sum(A)", np.sum(A)),
        ("sum(A, 0)", A.sum(0)),
        ("A.sum(axis=1)", A.sum(1)),
        ("A.sum()", A.sum()),
        ("np.sum(A, axis=-1, keepdims=True)", A.sum(1, keepdims=True)),
        ("outer(v, v)", np.outer(v, v)),
        ("np.outer(A @ v, v).T.T", np.outer(A @ v, v)),
        ("sum(A * A, 0).T", (A * A).sum(0)),
        (".5 * A + 5e-1 * A", A),
        ("d", 2.0 * v),
    ],
)
def test_expressions_are_read_as_numpy_reads_them(text, value):
    found = evaluate(text, NAMES)
    assert np.shape(found) == np.shape(value)
    assert np.allclose(found, value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends where a name"),
        ("A @", "ends where a name"),
        ("A B", "cannot read 'B'"),
        ("(A", r"'\)' is missing: the expression ends"),
        ("A)", r"cannot read '\)'"),
        ("Q", "'Q' is not known here; known are A, B, v"),
        ("A.shape", "Known are .T and .sum"),
        ("A.__class__", "Known are .T and .sum"),
        ("__import__('os')", "'__import__' is not known"),
        ("np.linalg", "not 'linalg'"),
        ("np.", "not ''"),
        ("A[0]", r"cannot read '\['"),
        ("A ** 2", "cannot|known|missing"),
        ("sum(A, 5)", "no axis 5"),
        ("sum(A, x)", "whole number"),
        ("sum(A, keepdims=1)", "True or False"),
        ("sum(A, 0", "is missing"),
        ("outer(A)", "',' is missing"),
        ("lambda: 0", "'lambda' is not known"),
        ("(" * 30 + "A" + ")" * 30, "too deeply"),
        ("A" * 201, "at most 200 characters"),
        (3, "as a text"),
        (None, "as a text"),
    ],
)
def test_what_cannot_be_read_says_so(text, said):
    with pytest.raises(ArgumentError, match=said) as caught:
        evaluate(text, NAMES)
    assert not isinstance(caught.value, MisfitError)


@pytest.mark.parametrize(
    ("text", "said", "transposed"),
    [
        ("B @ A", "(4,2) @ (4,3) does not fit: 2 columns meet 4 rows.", True),
        ("A @ B", "(4,3) @ (4,2) does not fit: 3 columns meet 4 rows.", True),
        ("v @ B", "(3,) @ (4,2) does not fit: 3 entries meet 4 rows.", False),
        ("A * B", "(4,3) * (4,2) does not fit: * works entry by entry.", False),
        ("A + A.T", "(4,3) + (3,4) does not fit: + works entry by entry.", True),
        ("2 @ A", "() @ (4,3) does not fit: a number is multiplied with *, not with @.", False),
    ],
)
def test_shapes_that_do_not_fit(text, said, transposed):
    with pytest.raises(MisfitError) as caught:
        evaluate(text, NAMES)
    assert caught.value.transposed == transposed
    assert said in str(caught.value) or "@ joins arrays" in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ABv @*+-/().Tᵀ,sum01=\u0304dY_bar\n", max_size=60))
def test_nothing_but_an_argument_error_comes_out(text):
    with contextlib.suppress(ArgumentError):
        evaluate(text, NAMES)


# -- puzzles ----------------------------------------------------------------------------------------


def linear(X, W, b):
    Y = X @ W.T + b
    return Y


def net(X, W, b, V):
    H = np.tanh(X @ W + b)
    Y = H @ V
    return np.mean((Y - 1.0) ** 2)


def vector(W, x, b):
    z = W @ x - b
    return z


def tied(W, X):
    Y = X @ W
    Z = Y @ W.T
    return Z


def attention(Q, K, V):
    S = Q @ K.T / np.sqrt(3.0)
    O = S @ V  # noqa: E741
    return O


def gated(A, B, c):
    G = A * B / c
    return G


def left(x, W):
    y = x @ W
    return y


def hostile(d):
    return d["a b"] @ d["import os"]


def column(W, b, X):
    Z = W @ X + b
    return Z


PUZZLES = {
    "linear": (linear, (numbers(4, 3), numbers(2, 3), numbers(2)), 3),
    "net": (net, (numbers(4, 3), numbers(3, 2), numbers(2), numbers(2, 5)), 4),
    "vector": (vector, (numbers(2, 3), numbers(3), numbers(2)), 3),
    "tied": (tied, (numbers(3, 2), numbers(4, 3, seed=9)), 2),
    "attention": (attention, (numbers(4, 3), numbers(5, 3, seed=8), numbers(5, 2)), 3),
    "gated": (gated, (numbers(4, 3), numbers(4, 3, seed=5), np.array([1.0, 2.0, 4.0])), 3),
    "left": (left, (numbers(3), numbers(3, 2)), 2),
    "hostile": (hostile, ({"a b": numbers(2, 3), "import os": numbers(3, 4)},), 2),
    "column": (column, (numbers(2, 3), numbers(2, 1), numbers(3, 4)), 3),
}


@pytest.mark.parametrize("name", PUZZLES)
def test_every_array_can_be_assembled(name):
    f, args, count = PUZZLES[name]
    ex = whole(gad.exercises.shape_puzzle(f, *args))
    assert len(ex.questions) == count
    for key in ex.keys:
        assert f"{key}_bar" not in ex.solution[key]  # the answer is not at hand


@pytest.mark.parametrize(
    ("key", "answer", "code", "said"),
    [
        ("W", "Y_bar @ X", "M7", "(4,2) @ (4,3) does not fit: 2 columns meet 4 rows."),
        ("W", "X.T @ Y_bar", "M7", "W is (2,3), and yours is (3,2)"),
        ("W", "-Y_bar.T @ X", "sign", "The shape (2,3) is right, and the numbers are not."),
        ("W", "W", "", "numbers are not"),
        ("b", "Y_bar", "M8", "b is (2,), and yours is (4,2)"),
        ("b", "sum(Y_bar, 1)", "M7", "b is (2,), and yours is (4,)"),
        ("X", "Y_bar @ W.T", "M7", "(4,2) @ (3,2) does not fit"),
    ],
)
def test_wrong_expressions_have_names(key, answer, code, said):
    f, args, _ = PUZZLES["linear"]
    part = wrong(gad.exercises.shape_puzzle(f, *args), key, answer, code)
    assert said in part.text
    assert "Right is" in part.hints[-1]
    assert "Right is" not in part.hints[0]


def test_one_use_of_a_matrix_that_is_used_twice():
    f, args, _ = PUZZLES["tied"]
    ex = gad.exercises.shape_puzzle(f, *args)
    wrong(ex, "W", "X.T @ Y_bar", "M1")
    assert ex.check({"W": "X.T @ Y_bar + Z_bar.T @ Y"}).parts["W"].ok


def test_what_cannot_be_read_is_no_attempt():
    f, args, _ = PUZZLES["linear"]
    part = gad.exercises.shape_puzzle(f, *args).check({"W": "__import__('os').system('true')"}).parts["W"]
    assert part.kind == "unread"


def test_square_matrices_are_refused():
    with pytest.raises(ArgumentError, match=r"all matrices are square.*\(4, 3\)"):
        gad.exercises.shape_puzzle(linear, np.ones((3, 3)), np.ones((3, 3)), np.ones(3))


def test_what_cannot_be_assembled():
    with pytest.raises(ArgumentError, match="no input array"):
        gad.exercises.shape_puzzle(lambda X: np.sort(X, axis=0), numbers(4, 3))


def test_a_call_is_one_function_with_one_slope():
    def layer(W, x, b):
        h = nn.sigmoid(W @ x + b)
        return h

    ex = whole(gad.exercises.shape_puzzle(layer, W=numbers(2, 3), x=numbers(3), b=numbers(2)))
    assert ex.solution == {"W": "outer(h_bar * h_prime, x)", "x": "W.T @ (h_bar * h_prime)", "b": "h_bar * h_prime"}
    assert ex.check({"b": "h_bar * h * (1 - h)", "W": "outer(h_bar * h_prime, x)", "x": "Wᵀ @ (h̄ * h_prime)"}).ok
    assert "h_prime (2,) (the slope of the function that makes it" in ex.questions[0].prompt
    wrong(ex, "b", "h_bar", "")
