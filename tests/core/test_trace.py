"""Tracing: inputs, constants, exits, guards, immutability, kinks, and what an error leaves behind."""

from __future__ import annotations

import math

import numpy as np
import pytest

import graphviz_ad as gad

# -- inputs and constants -----------------------------------------------------------------------


def test_floats_are_inputs_and_the_rest_passes_through() -> None:
    seen = {}

    def f(x, n, flag, text, W):
        seen.update(n=n, flag=flag, text=text)
        return np.sum(W * x) * n

    graph = gad.trace(f, 2.0, 3, True, "a", np.ones(2))
    assert [node.name for node in graph.inputs] == ["x", "W"]
    assert seen == {"n": 3, "flag": True, "text": "a"}
    assert [node.role for node in graph.inputs] == ["input", "input"]


def test_unused_inputs_are_inputs_without_path() -> None:
    graph = gad.trace(lambda x, y: x * 2, 1.0, np.ones(3))
    assert graph["y"].reached is False
    np.testing.assert_array_equal(graph["y"].adjoint, np.zeros(3))
    assert graph["x"].reached is True


def test_container_leaves_are_named_by_key_or_path() -> None:
    graph = gad.trace(lambda p: p["W1"] * p["b1"], {"W1": 1.0, "b1": 2.0})
    assert [node.name for node in graph.inputs] == ["W1", "b1"]
    graph = gad.trace(lambda layers: layers[0]["W"] * layers[1]["W"], [{"W": 1.0}, {"W": 2.0}])
    assert [node.name for node in graph.inputs] == ["layers[0].W", "layers[1].W"]
    assert graph["layers[0].W"].adjoint == 2.0


def test_constants_are_nodes_and_copies() -> None:
    data = np.array([1.0, 2.0])
    graph = gad.trace(lambda w: np.sum(w * data), 3.0)
    data[:] = 0
    constant = graph["data"]
    assert constant.kind == "constant"
    assert constant.primitive is None
    assert constant.adjoint is None
    np.testing.assert_array_equal(constant.value, [1, 2])
    assert graph["w"].adjoint == 3.0


def test_the_callers_arrays_are_copied() -> None:
    x = np.ones(3)
    graph = gad.trace(np.sum, x)
    x[:] = 7
    assert graph.outputs[0].value == 3
    np.testing.assert_array_equal(graph.inputs[0].value, np.ones(3))
    variable = gad.variable(x, name="v")
    x[:] = 1
    assert variable.value[0] == 7


def test_gad_constant_is_no_input() -> None:
    labels = np.array([0, 1])
    graph = gad.trace(lambda w, X, y: np.sum(X[y] * w), 2.0, gad.constant(np.array([1.0, 2.0])), gad.constant(labels))
    assert [node.name for node in graph.inputs] == ["w"]


def test_roles() -> None:
    graph = gad.trace(
        lambda w, x: w * x, gad.variable(2.0, role="parameter"), gad.variable(3.0, name="data", role="data")
    )
    assert [(node.name, node.role) for node in graph.inputs] == [("w", "parameter"), ("data", "data")]
    with pytest.raises(gad.ArgumentError, match="unknown role: 'weights'"):
        gad.variable(1.0, role="weights")


def test_the_imperative_style() -> None:
    x = gad.variable(2.0, name="x")
    y = gad.variable(np.array([1.0, 2.0]), name="y")
    z = np.sum(x * y)
    loss = z**2
    graph = gad.graph(loss)
    assert graph.names == ("x", "y", "v1", "z", "c1", "loss")
    assert graph["x"].adjoint == 2 * 6 * 3
    several = gad.graph(z, loss)
    assert [node.name for node in several.outputs] == ["z", "loss"]
    with pytest.raises(gad.OutputError, match=r"gad\.variable"):
        gad.graph(3.0)


def test_an_output_may_be_an_input_and_any_nest() -> None:
    graph = gad.trace(lambda x: {"same": x, "pair": (x * 2, [x + 1])}, 3.0)
    assert [node.value for node in graph.outputs] == [3.0, 6.0, 4.0]
    assert gad.trace(lambda x: x, 3.0)["x"].adjoint == 1.0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: gad.trace(lambda x: x, 2), gad.InputError, "2.0 instead of 2"),
        (lambda: gad.trace(lambda x: 1.0, 2.0), gad.OutputError, "depends on no input"),
        (lambda: gad.trace(lambda x: None, 2.0), gad.OutputError, "forget `return`"),
        (lambda: gad.trace(5.0), gad.ArgumentError, "function"),
        (lambda: gad.trace(np.sum, np.ones(2) * 1j), gad.InputError, "complex"),
        (lambda: gad.trace(lambda x: x * np.array(["a"]), 1.0), gad.InputError, "dtype <U1"),
        (lambda: gad.trace(lambda x: x * np.ma.ones(2), 1.0), gad.InputError, "MaskedArray"),
        (lambda: gad.variable(2), gad.InputError, "2.0 instead of 2"),
        (lambda: gad.variable("2"), gad.InputError, "str"),
    ],
)
def test_refusals(call, error, words) -> None:
    with pytest.raises(error, match=words):
        call()


def test_a_result_without_input_names_the_last_exit() -> None:
    def f(x):
        return 1.0 if x > 0 else 0.0

    with pytest.raises(gad.OutputError, match=r"bool\(\) at test_trace.py, line \d+ \(`x > 0`\)"):
        gad.trace(f, 2.0)


def test_an_error_inside_f_brings_the_graph_so_far() -> None:
    def f(x):
        u = x * 2
        raise RuntimeError(f"mine {u}")

    with pytest.raises(RuntimeError, match="mine") as caught:
        gad.trace(f, 3.0)
    assert caught.value.graph["u"].value == 6.0


# -- exits and guards ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leave", "remedy"),
    [
        (float, "np.sin"),
        (lambda x: x.item(), "gad.detach"),
        (math.sin, "np.sin"),
        (lambda x: np.array([x]), "np.stack"),
        (np.asarray, "np.stack"),
        (lambda x: x.tolist(), "Index or iterate"),
        (int, "astype"),
        (bool, "x != 0"),
        (round, "np.round"),
    ],
)
def test_a_float_may_not_leave(leave, remedy) -> None:
    with pytest.raises(gad.ExitError, match=remedy) as caught:
        gad.trace(lambda x: x * leave(x), 2.0)
    assert isinstance(caught.value, TypeError)
    assert "test_trace.py" in str(caught.value)


def test_printing_is_no_exit(capsys) -> None:
    graph = gad.trace(lambda x: (print(x, f"{x:.2f}", str(x), repr(x)), x * 2)[1], 1.5)
    assert capsys.readouterr().out == "1.5 1.50 1.5 Traced(1.5)\n"
    assert not graph.tables.guards


def test_guards_replay_or_run_again() -> None:
    calls = []

    def f(x):
        calls.append(1)
        if x > 0:
            return x * 2
        return x * 3

    graph = gad.trace(f, 1.0)
    assert [guard.exit for guard in graph.tables.guards] == ["bool()"]
    assert graph["v1"].dtype == bool
    assert graph["v1"].adjoint is None
    same = graph.evaluate(x=5.0)
    assert (same.outputs[0].value, len(calls), same.notice) == (10.0, 1, "")
    other = graph.evaluate(x=-1.0)
    assert (other.outputs[0].value, other["x"].adjoint, len(calls)) == (-3.0, 3.0, 2)
    assert "test_trace.py" in other.notice
    assert "`x > 0`" in other.notice


FUNCTIONS = {
    "where": lambda x: np.sum(np.where(x > 0, x, 0.01 * x)),
    "mask": lambda x: np.sum(x[x > 0] ** 2),
    "argmax": lambda x: x[np.argmax(x)] * 3,
    "sorted": lambda x: sorted([x[0], x[1], x[2]])[1] * 2,
    "while": lambda x: halve(np.sum(x * x)),
    "clip": lambda x: clipped(x),
    "iteration": lambda x: sum(item * item for item in x),
    "sign": lambda x: np.sum(np.sign(x) * x),
}


def halve(s):
    while s > 1:
        s = s / 2
    return s


def clipped(x):
    norm = np.sqrt(np.sum(x**2))
    if norm > 1:
        x = x / norm
    return np.sum(x * x * x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_replay_equals_a_fresh_trace_bit_for_bit(name) -> None:
    f = FUNCTIONS[name]
    rng = np.random.default_rng(5)
    graph = gad.trace(f, np.array([0.3, -0.2, 1.4]))
    key = graph.inputs[0].name
    for _ in range(20):
        x = rng.normal(size=3) * 2
        again, fresh = graph.evaluate(**{key: x}), gad.trace(f, x)
        assert np.array_equal(again.outputs[0].value, fresh.outputs[0].value)
        assert np.array_equal(again.inputs[0].adjoint, fresh.inputs[0].adjoint)
        assert again.names == fresh.names


def test_evaluate_checks_names_and_keeps_the_old_graph() -> None:
    graph = gad.trace(lambda x, W: np.sum(W * x), 2.0, np.ones(2))
    with pytest.raises(gad.UnknownNameError, match="no node is named 'y'"):
        graph.evaluate(y=1.0)
    with pytest.raises(gad.ArgumentError, match="must be a number"):
        graph.evaluate(x="three")
    bigger = graph.evaluate(W=np.ones(5))  # another shape: run again
    assert bigger.outputs[0].value == 10.0
    assert "shape" in bigger.notice
    assert graph.outputs[0].value == 4.0
    assert graph.evaluate(x=3).outputs[0].value == 6.0


def test_a_graph_without_function_raises_where_a_guard_fails() -> None:
    x = gad.variable(2.0, name="x")
    y = x * 2 if x > 0 else x * 3
    graph = gad.graph(y)
    assert graph.evaluate(x=3.0).outputs[0].value == 6.0
    with pytest.raises(gad.ReplayError, match="no function to run again"):
        graph.evaluate(x=-3.0)


# -- immutability -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.__setitem__(0, 1.0),
        lambda x: np.copyto(np.ones(2), x),
        lambda x: np.place(x, [True, False], 1.0),
        lambda x: np.put(x, [0], 1.0),
        lambda x: np.putmask(x, [True, False], 1.0),
        lambda x: np.fill_diagonal(x, 1.0),
        lambda x: np.add.at(np.ones(2), [0], x),
        lambda x: np.add(x, 1.0, out=np.ones(2)),
        lambda x: np.sum(x, out=np.ones(())),
        lambda x: x.fill(1.0),
        lambda x: x.sort(),
    ],
)
def test_nothing_is_changed_in_place(change) -> None:
    with pytest.raises(gad.ImmutableError) as caught:
        gad.trace(lambda x: (change(x), x)[1] * 1, np.array([1.0, 2.0]))
    assert isinstance(caught.value, TypeError)


def test_writing_into_a_plain_array_names_our_cause() -> None:
    def f(x):
        plain = np.zeros(3)
        plain[0] = x
        return x

    with pytest.raises(ValueError, match="sequence") as caught:
        gad.trace(f, 1.0)
    assert isinstance(caught.value.__cause__, gad.ExitError)


def test_augmented_assignment_rebinds() -> None:
    def f(x):
        y = x
        y += 1
        y *= x
        return y

    graph = gad.trace(f, 3.0)
    assert graph.outputs[0].value == 12.0
    assert graph["x"].adjoint == 7.0


# -- kinks, IEEE, promotion ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: np.maximum(0, x), 0.0, 0.0),
        (lambda x: np.maximum(x, 0), 0.0, 0.0),
        (lambda x: np.minimum(x, 1.0), 1.0, 0.0),
        (lambda x: np.maximum(x, x * 1), 2.0, 1.0),
        (lambda x: abs(x), 0.0, 0.0),
        (lambda x: np.max(np.stack([x, 2 * x - 1, x])), 1.0, 4 / 3),
        (lambda x: np.sign(x), 2.0, 0.0),
    ],
)
def test_kinks(f, x, slope) -> None:
    assert gad.grad(f)(x) == pytest.approx(slope)
    assert gad.trace(f, x).inputs[0].adjoint == pytest.approx(slope)


def test_two_traced_values_share_a_tie() -> None:
    assert gad.grad(np.maximum, (0, 1))(1.0, 1.0) == (0.5, 0.5)
    assert gad.grad(np.minimum, (0, 1))(1.0, 1.0) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("f", "x", "value"),
    [
        (np.log, 0.0, -np.inf),
        (lambda x: 1 / x, 0.0, np.inf),
        (np.exp, 1000.0, np.inf),
        (np.sqrt, -1.0, np.nan),
        (lambda x: x ** (1 / 3), -8.0, np.nan),
        (lambda x: x**-1, 0.0, np.inf),
        (lambda x: x**2, 1e200, np.inf),
        (np.sin, np.inf, np.nan),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_ieee(f, x, value) -> None:
    assert np.array_equal(gad.trace(f, x).outputs[0].value, value, equal_nan=True)
    assert np.array_equal(gad.value_and_grad(f)(x)[0], value, equal_nan=True)


def test_promotion_is_numpys() -> None:
    single = np.ones(2, dtype=np.float32)
    functions = [
        lambda x: x * 2 * single,
        lambda x: np.sin(x) * single,
        lambda x: (1 / x) * single,
        lambda x: x**2 * single,
    ]
    for f in functions:
        assert gad.trace(f, 2.0).outputs[0].dtype == f(2.0).dtype


def test_detach_is_a_break() -> None:
    graph = gad.trace(lambda x: gad.detach(x) * x, 3.0)
    assert graph["x"].adjoint == 3.0
    breaks = [edge for edge in graph.edges if edge.is_break]
    assert [(edge.input.name, edge.local, edge.contribution) for edge in breaks] == [("x", None, None)]
    assert gad.detach(2.0) == 2.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.linalg.eig(x), "np.linalg.eig has no derivative rule"),
        (lambda x: np.polydiv(x, x), "np.polydiv"),
        (lambda x: np.add.reduceat(x, [0]), r"np.sum\(x\[i:j\]\)"),
        (lambda x: np.full_like(np.ones(2), x), r"x \* np.ones_like\(a\)"),
        (lambda x: np.sin(x, dtype=np.float32), "dtype"),
        (lambda x: x.nonzero(), "nonzero"),
        (lambda x: np.reshape(x, (2, 1), order="K"), "order"),
        (lambda x: x @ 2.0, "write `\\*`"),
    ],
)
def test_what_has_no_rule_says_so(call, words) -> None:
    with pytest.raises((gad.UnsupportedError, gad.ArgumentError), match=words):
        gad.trace(lambda x: (call(x), x)[1] * 1, np.ones(2))


def test_a_call_without_arguments_says_what_is_missing() -> None:
    def f(x, y):
        return x * y

    with pytest.raises(gad.InputError, match=r"^f\(\) was called without any argument.*Write the values.*gad\.trace"):
        gad.trace(f)
