"""A user's own primitives: their rules in every mode and order, in graphs, and what is refused."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import central

X3 = np.array([0.3, -0.7, 1.2])


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def sigmoid_vjp(adjoint, out, x):
    return adjoint * out * (1.0 - out)


def sigmoid_jvp(tangents, out, x):
    return tangents[0] * out * (1.0 - out)


BOTH = gad.custom(sigmoid, vjp=sigmoid_vjp, jvp=sigmoid_jvp)
REVERSE = gad.custom(sigmoid, vjp=sigmoid_vjp)
FORWARD = gad.custom(sigmoid, jvp=sigmoid_jvp)


def tangent_of(f):
    return lambda x: gad.jvp(f, (x,), (1.0,))[1]


def primitives(graph):
    return [node.primitive.name for node in graph.nodes if node.primitive is not None]


# -- rules in use -------------------------------------------------------------------------------


def test_on_plain_values_it_is_the_function_itself() -> None:
    for function in (BOTH, REVERSE, FORWARD):
        assert function(0.5) == sigmoid(0.5)
        np.testing.assert_array_equal(function(X3), sigmoid(X3))
        assert function.__name__ == "sigmoid"
    assert gad.custom(lambda n: n + 1, vjp=lambda a, out, n: a)(2) == 3


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_order_is_that_of_the_plain_function(order) -> None:
    plain = sigmoid
    reverse, forward, mixed = REVERSE, FORWARD, BOTH
    for step in range(order):
        plain = gad.grad(plain)
        reverse = gad.grad(reverse)
        forward = tangent_of(forward)
        mixed = gad.grad(mixed) if step % 2 else tangent_of(mixed)
    for found in (reverse(0.3), forward(0.3), mixed(0.3)):
        assert found == pytest.approx(plain(0.3), rel=1e-10)


def test_jacobians_send_seeds_one_after_the_other() -> None:
    wanted = np.diag(sigmoid(X3) * (1 - sigmoid(X3)))
    np.testing.assert_allclose(gad.jacobian(REVERSE, mode="rev")(X3), wanted)
    np.testing.assert_allclose(gad.jacobian(FORWARD, mode="fwd")(X3), wanted)
    second = gad.jacobian(gad.jacobian(sigmoid))(X3)
    for outer, inner in (("rev", "rev"), ("rev", "fwd"), ("fwd", "rev"), ("fwd", "fwd")):
        found = gad.jacobian(gad.jacobian(BOTH, mode=inner), mode=outer)(X3)
        np.testing.assert_allclose(found, second, atol=1e-12)
    assert gad.jacobian(BOTH)(np.zeros((0, 2))).shape == (0, 2, 0, 2)
    assert gad.jacobian(BOTH)(np.float32([1, 2])).dtype == np.float32


def test_rules_with_shapes_that_tell_one_seed_from_many() -> None:
    def matmul_vjp(adjoint, out, A, x):
        assert adjoint.shape == out.shape == (2,)
        return np.outer(adjoint, x), A.T @ adjoint

    def matmul_jvp(tangents, out, A, x):
        assert tangents[0].shape == (2, 3)
        assert tangents[1].shape == (3,)
        return tangents[0] @ x + A @ tangents[1]

    times = gad.custom(lambda A, x: A @ x, vjp=matmul_vjp, jvp=matmul_jvp)
    A = np.array([[0.4, -1.1, 0.7], [1.3, 0.2, -0.6]])
    for mode in ("rev", "fwd"):
        by_a, by_x = gad.jacobian(lambda A, x: np.sin(times(A, x)), (0, 1), mode=mode)(A, X3)
        np.testing.assert_allclose(by_x, central(lambda x: np.sin(A @ x), X3), atol=1e-9)
        np.testing.assert_allclose(by_a, central(lambda A: np.sin(A @ X3), A), atol=1e-9)
    gad.check_grads(times, (A, X3), order=3)


def test_the_cheaper_mode_is_the_one_that_is_taken() -> None:
    # with one rule only, the other mode would raise
    assert gad.jacobian(lambda x: FORWARD(x) * np.ones(5))(0.5).shape == (5,)
    assert gad.jacobian(lambda x: np.sum(REVERSE(x)))(X3).shape == (3,)
    with pytest.raises(gad.UnsupportedError, match="without vjp="):
        gad.jacobian(lambda x: np.sum(FORWARD(x)))(X3)


def test_rules_see_the_dtype_of_their_own_values() -> None:
    seen = []

    def see_adjoint(adjoint, out, x):
        seen.append((adjoint.dtype, out.dtype, x.dtype))
        return adjoint

    def see_tangents(tangents, out, x):
        seen.append((tangents[0].dtype, out.dtype, x.dtype))
        return tangents[0]

    same = gad.custom(lambda x: x, vjp=see_adjoint, jvp=see_tangents)
    x = np.float32([1.0, 2.0])
    assert gad.grad(lambda x: np.sum(same(x) * np.array([1.0, 2.0])))(x).dtype == np.float32
    assert gad.jvp(lambda x: same(x * np.float32(2)) * np.array([1.0, 2.0]), (x,), (np.ones(2),))[1].dtype == np.float64
    assert seen == [(np.float32,) * 3] * 2


def test_only_some_arguments_have_a_derivative() -> None:
    power = gad.custom(
        lambda x, n, scale: scale * x**n,
        vjp=lambda adjoint, out, x, n, scale: (adjoint * scale * n * x ** (n - 1), None, adjoint * x**n),
    )
    assert gad.grad(power, (0, 2))(2.0, 3, 5.0) == (60.0, 8.0)
    _, pullback = gad.vjp(power, 2.0, 3, 5.0)
    assert pullback(1.0) == (60.0, None, 8.0)
    still = gad.custom(lambda x: x * x, vjp=lambda adjoint, out, x: None)
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(still(x)))(X3), np.zeros(3))


def test_none_for_some_seeds_and_not_for_others() -> None:
    square = gad.custom(
        lambda x: x * x,
        vjp=lambda adjoint, out, x: 2 * adjoint * x if np.any(adjoint) else None,
        jvp=lambda tangents, out, x: 2 * tangents[0] * x if np.any(tangents[0]) else None,
    )
    wanted = np.concatenate([np.diag(2 * X3), np.eye(3)])
    np.testing.assert_allclose(gad.jacobian(lambda x: np.concatenate([square(x), x]), mode="rev")(X3), wanted)
    found = gad.jacobian(lambda x: square(x[:2]), mode="fwd")(X3)
    np.testing.assert_allclose(found, wanted[:2])


def test_tangents_are_zeros_for_what_does_not_move_and_none_for_what_cannot() -> None:
    seen = []

    def rule(tangents, out, x, y, n, word):
        seen.append(tangents)
        return tangents[0] * y + x * tangents[1]

    times = gad.custom(lambda x, y, n, word: x * y, jvp=rule)
    assert gad.jvp(lambda x: times(x, 3.0, 2, "word"), (2.0,), (1.0,)) == (6.0, 3.0)
    (tangents,) = seen
    assert (tangents[0], tangents[1], tangents[2], tangents[3]) == (1.0, 0.0, None, None)
    assert gad.jvp(lambda x, y: times(x, y, 2, "word"), (2.0, 5.0), (1.0, 1.0))[1] == 7.0


def test_arguments_that_are_no_numbers_pass_through() -> None:
    named = gad.custom(lambda x, name: getattr(np, name)(x), vjp=lambda a, out, x, name: (a * np.cos(x), None))
    assert gad.grad(named)(0.5, "sin") == np.cos(0.5)
    first = gad.custom(lambda f, x: f(x), vjp=lambda a, out, f, x: (None, a * np.cos(x)))
    assert gad.grad(first, 1)(np.sin, 0.5) == np.cos(0.5)
    between = gad.custom(lambda x, f, y: f(x) * y, vjp=lambda a, out, x, f, y: (a * y * np.cos(x), None, a * f(x)))
    assert gad.grad(between, (0, 2))(0.5, np.sin, 2.0) == (2 * np.cos(0.5), np.sin(0.5))


def test_keyword_arguments_are_passed_to_the_rules() -> None:
    scaled = gad.custom(
        lambda x, k=1.0: k * x * x,
        vjp=lambda adjoint, out, x, k=1.0: 2 * adjoint * k * x,
        jvp=lambda tangents, out, x, k=1.0: 2 * tangents[0] * k * x,
    )
    assert gad.grad(lambda x: scaled(x, k=4.0))(0.5) == 4.0
    assert gad.jvp(lambda x: scaled(x, k=4.0), (0.5,), (1.0,))[1] == 4.0
    assert gad.grad(scaled)(0.5) == 1.0


@pytest.mark.parametrize(
    "word",
    [
        *("fixed", "argnum", "adjoint", "tangent", "out", "inputs"),
        "tangents",
        "params",
    ],
)
def test_keyword_arguments_of_any_name(word) -> None:
    def take(**kwargs):
        return kwargs[word]

    scaled = gad.custom(
        lambda x, text, **kwargs: take(**kwargs) * x,
        vjp=lambda a, o, /, x, text, **kwargs: (a * take(**kwargs), None),
        jvp=lambda t, o, /, x, text, **kwargs: t[0] * take(**kwargs),
    )
    assert gad.grad(lambda x: scaled(x, "text", **{word: 4}))(0.5) == 4.0
    assert gad.jvp(lambda x: scaled(x, "text", **{word: 4}), (0.5,), (1.0,))[1] == 4.0


def test_gradients_may_lie() -> None:
    # the straight-through estimator, and a gradient turned round: what a rule says is what comes
    through = gad.custom(lambda x: np.round(x), vjp=lambda adjoint, out, x: adjoint)
    assert gad.grad(lambda x: 3 * through(x) ** 2)(1.7) == 12.0
    turned = gad.custom(lambda x: 1.0 * x, vjp=lambda adjoint, out, x: -adjoint)
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(turned(x) + x))(X3), np.zeros(3))


def test_a_rule_that_changes_the_adjoint_in_place_harms_nobody() -> None:
    def rule(adjoint, out, x):
        adjoint *= 2
        return adjoint * x

    square = gad.custom(lambda x: x * x, vjp=rule)
    seed = np.ones(3)
    for call in (
        lambda: gad.vjp(lambda x, y: square(x) + y, X3, X3)[1](seed),
        lambda: gad.grad(lambda x, y: np.sum(square(x) + y), (0, 1))(X3, X3),
    ):
        try:
            by_x, by_y = call()
        except ValueError:
            continue  # refused: the adjoint cannot be written
        np.testing.assert_allclose(by_x, 2 * X3)
        np.testing.assert_array_equal(by_y, np.ones(3))
    np.testing.assert_array_equal(seed, np.ones(3))


# -- the implicit function theorem --------------------------------------------------------------


def solve_fixed_point(a):
    """The z with z = cos(a z): by iteration, which nobody wants to differentiate through."""
    z = 0.5
    for _ in range(200):
        z = np.cos(a * z)
    return z


def fixed_point_vjp(adjoint, z, a):
    # z = g(z, a): dz/da = g_a / (1 - g_z)
    sine = np.sin(a * z)
    return adjoint * (-z * sine) / (1 + a * sine)


def test_a_fixed_point_by_the_implicit_function_theorem() -> None:
    implicit = gad.custom(solve_fixed_point, vjp=fixed_point_vjp)
    # through the 200 steps comes the same
    assert gad.grad(implicit)(0.8) == pytest.approx(gad.grad(solve_fixed_point)(0.8), rel=1e-12)
    assert gad.grad(gad.grad(implicit))(0.8) == pytest.approx(gad.grad(gad.grad(solve_fixed_point))(0.8), rel=1e-10)
    assert len(gad.trace(implicit, 0.8).nodes) == 2
    gad.check_grads(implicit, (0.8,), order=3, modes=("rev",))


def test_a_solver_whose_rule_takes_gradients_of_its_own() -> None:
    def residual(z, p):
        return z - p["s"] * np.tanh(p["W"] @ z) - p["b"]

    def solve(s):
        z = np.zeros(2)
        for _ in range(100):
            z = s * np.tanh(WEIGHTS @ z) + BIAS
        return z

    WEIGHTS, BIAS = np.array([[0.3, -0.2], [0.1, 0.4]]), np.array([0.5, -0.3])

    def rule(adjoint, z, s):
        jacobian = gad.jacobian(lambda z: residual(z, {"s": s, "W": WEIGHTS, "b": BIAS}))(z)
        u = np.linalg.solve(jacobian.T, adjoint)
        _, pullback = gad.vjp(lambda s: residual(z, {"s": s, "W": WEIGHTS, "b": BIAS}), s)
        return -pullback(u)[0]

    implicit = gad.custom(solve, vjp=rule)
    np.testing.assert_allclose(gad.jacobian(implicit, mode="rev")(0.9), central(solve, 0.9), atol=1e-9)
    slope = gad.grad(lambda s: np.sum(implicit(s) ** 2))
    assert slope(0.9) == pytest.approx(float(central(lambda s: np.sum(solve(s) ** 2), 0.9)), rel=1e-8)
    assert gad.grad(slope)(0.9) == pytest.approx(float(central(slope, 0.9)), rel=1e-7)


# -- in graphs ----------------------------------------------------------------------------------


def traced():
    def f(x):
        y = BOTH(x)
        return 3.0 * y

    return gad.trace(f, 0.5)


def test_it_is_one_node_of_its_own_name() -> None:
    graph = traced()
    assert primitives(graph) == ["sigmoid", "multiply"]
    assert graph["y"].primitive.name == "sigmoid"
    slope = sigmoid(0.5) * (1 - sigmoid(0.5))
    assert graph["x"].adjoint == pytest.approx(3 * slope)
    graph.forward(tangents={"x": 1.0})
    assert graph.outputs[0].tangent == pytest.approx(3 * slope)
    assert graph.derivative("x").outputs[0].value == pytest.approx(3 * slope)
    (edge,) = [edge for edge in graph.edges if edge.consumer.name == "y"]
    assert edge.contribution == pytest.approx(3 * slope)
    assert edge.local.vjp(1.0) == pytest.approx(slope)
    assert edge.local.jvp(1.0) == pytest.approx(slope)
    assert edge.local.dense() == pytest.approx(slope)


def test_graphs_with_it_replay_and_travel() -> None:
    graph = traced()
    again = [
        graph,
        gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict()))),
        copy.deepcopy(graph),
        copy.copy(graph),
        pickle.loads(pickle.dumps(graph)),
    ]
    for other in again:
        assert primitives(other) == ["sigmoid", "multiply"]
        assert other.outputs[0].value == 3 * sigmoid(0.5)
        moved = other.evaluate(x=-1.0)
        assert moved.outputs[0].value == 3 * sigmoid(-1.0)
        assert moved["x"].adjoint == pytest.approx(3 * sigmoid(-1.0) * (1 - sigmoid(-1.0)))


def test_graphs_keep_arguments_that_are_plain_data() -> None:
    power = gad.custom(
        lambda x, n, word, k=1, s=0.0: k * x**n + s,
        vjp=lambda a, out, x, n, word, k=1, s=0.0: (a * k * n * x ** (n - 1), None, None),
    )
    graph = gad.trace(lambda x: power(x, 2, "word", k=3, s=0.5), 1.5)
    for other in (gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict()))), copy.deepcopy(graph)):
        assert other.evaluate(x=2.0).outputs[0].value == 12.5
        assert other["x"].adjoint == 9.0


def test_two_functions_of_one_name_stay_apart() -> None:
    def bend(x):
        return x * x

    first = gad.custom(bend, vjp=lambda a, out, x: 2 * a * x)

    def bend(x):
        return x * x * x

    second = gad.custom(bend, vjp=lambda a, out, x: 3 * a * x * x)
    graph = gad.trace(lambda x: first(x) + second(x), 2.0)
    other = gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict())))
    assert other["x"].adjoint == 4 + 12
    assert other.evaluate(x=3.0).outputs[0].value == 9 + 27


def test_a_registered_name_is_not_taken() -> None:
    def sin(x):
        return np.sin(x)

    own = gad.custom(sin, vjp=lambda adjoint, out, x: 7.0 * adjoint)
    graph = gad.trace(lambda x: own(x) + np.sin(x), 0.0)
    assert graph["x"].adjoint == 8.0
    for other in (gad.Graph.from_dict(graph.to_dict()), copy.deepcopy(graph)):
        assert other["x"].adjoint == 8.0
        assert other.evaluate(x=np.pi / 2)["x"].adjoint == pytest.approx(7.0)


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gad.custom(np.sin), r"needs a rule: give vjp=, or jvp=, or both"),
        (lambda: gad.custom(3, vjp=np.sin), "f must be a function, not 3"),
        (lambda: gad.custom(np.sin, vjp=3), "vjp must be a function, not 3"),
        (lambda: gad.custom(np.sin, jvp="x"), "jvp must be a function, not 'x'"),
    ],
)
def test_declarations_that_cannot_be(call, words) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()


def test_a_missing_rule_is_named_with_the_line() -> None:
    for call in (
        lambda: gad.jvp(REVERSE, (1.0,), (1.0,)),
        lambda: gad.jacobian(REVERSE, mode="fwd")(1.0),
        lambda: gad.grad(gad.jacobian(REVERSE, mode="fwd"))(1.0),
        lambda: gad.trace(REVERSE, 1.0).forward(tangents={"x": 1.0}),
        lambda: gad.check_grads(REVERSE, (1.0,)),
    ):
        with pytest.raises(gad.UnsupportedError, match=r"sigmoid .*without jvp=, which forward mode needs at line \d+"):
            call()
    for call in (
        lambda: gad.grad(FORWARD)(1.0),
        lambda: gad.vjp(FORWARD, 1.0)[1](1.0),
        lambda: gad.jacobian(FORWARD, mode="rev")(1.0),
        lambda: gad.trace(FORWARD, 1.0).backward(),
    ):
        with pytest.raises(
            gad.UnsupportedError, match=r"without vjp=, which reverse mode needs .*gad.custom\(sigmoid, vjp"
        ):
            call()
    assert gad.trace(FORWARD, 1.0).forward(tangents={"x": 1.0}).outputs[0].tangent == gad.grad(BOTH)(1.0)


def with_vjp(rule, f=lambda x: x * x):
    return lambda: gad.grad(lambda x: np.sum(gad.custom(f, vjp=rule)(x)))(X3)


def with_jvp(rule):
    return lambda: gad.jvp(gad.custom(lambda x: x * x, jvp=rule), (X3,), (X3,))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            with_vjp(lambda a, out, x: np.ones(2)),
            r"argument 0 an adjoint of shape \(2,\) at line .*; it must have",
        ),
        (with_vjp(lambda a, out, x: 1.0), r"an adjoint of shape \(\) at line .*; it must have shape \(3,\)"),
        (with_vjp(lambda a, out, x: "text"), "an adjoint that is no real number at line .*: 'text'"),
        (with_vjp(lambda a, out, x: [1.0, 2.0, 3.0]), "an adjoint that is no real number at line .*: a list of 3"),
        (with_vjp(lambda a, out, x: (a, a)), "must return a tuple of 1, .* not a tuple of 2"),
        (with_vjp(lambda a, out, x: a * 1j), "complex"),
        (with_vjp(lambda a, out, x: np.array([1.0, None, 2.0])), "object"),
        (
            with_jvp(lambda t, out, x: np.ones(2)),
            r"gave a tangent of shape \(2,\) at line .*; it must have",
        ),
        (with_jvp(lambda t, out, x: (t[0],)), "a tangent that is no real number at line .*: a tuple of 1"),
        (with_jvp(lambda t, out, x: t[0] * 1j), "complex"),
    ],
)
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_rules_that_return_what_is_no_adjoint(call, words) -> None:
    with pytest.raises(gad.ArgumentError, match=words):
        call()


@pytest.mark.parametrize("rule", [
    lambda a, out, x, y: (a * y,),
    lambda a, out, x, y: a * y,
    lambda a, out, x, y: [a * y, a * x],
    lambda a, out, x, y: np.array([a * y, a * x]),
    lambda a, out, x, y: None,
])  # fmt: skip
def test_rules_of_several_arguments_return_a_tuple(rule) -> None:
    times = gad.custom(lambda x, y: x * y, vjp=rule)
    with pytest.raises(gad.ArgumentError, match="must return a tuple of 2, one adjoint per argument"):
        gad.grad(times)(1.0, 2.0)


@pytest.mark.parametrize("result", [3, True, None, (1.0, 2.0), "text", np.arange(2), 1j])
def test_functions_that_return_what_is_no_float(result) -> None:
    function = gad.custom(lambda x: result, vjp=lambda adjoint, out, x: adjoint)
    with pytest.raises(gad.OutputError, match=r"gad.custom function, returned .*it must return one float"):
        gad.grad(function)(1.0)


def test_traced_values_must_come_by_position_and_bare() -> None:
    first = gad.custom(lambda v: v[0] * v[1], vjp=lambda adjoint, out, v: (adjoint,))
    for call in (
        lambda: gad.grad(lambda x: first([x, x]))(1.0),
        lambda: gad.grad(lambda d: first(d))({0: 1.0, 1: 2.0}),
    ):
        with pytest.raises(
            gad.InputError, match=r"traced value inside argument 0 at line \d+ .*by position, one number"
        ):
            call()
    scaled = gad.custom(lambda x, k=1.0: k * x, vjp=lambda adjoint, out, x, k=1.0: adjoint)
    with pytest.raises(gad.InputError, match=r"traced value inside argument 'k'"):
        gad.grad(lambda x: scaled(x, k=x))(1.0)


def test_a_function_that_closes_over_a_traced_value_is_told_so() -> None:
    def f(x):
        return gad.custom(lambda v: v * x, vjp=lambda adjoint, out, v: adjoint * x)(2.0 * x)

    with pytest.raises(gad.GraphvizADError, match="traced"):
        gad.grad(f)(2.0)


def test_functions_that_change_their_argument_are_noticed() -> None:
    function = gad.custom(lambda x: np.add(x, 1, out=x), vjp=lambda adjoint, out, x: adjoint)
    with pytest.raises((gad.MutationError, ValueError)):
        gad.grad(lambda x: np.sum(function(x)))(X3.copy())


def test_a_result_that_is_the_argument_itself() -> None:
    same = gad.custom(lambda x: x, vjp=lambda adjoint, out, x: 2 * adjoint)
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(same(x) * 3))(X3), np.full(3, 6.0))


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(REVERSE, id="vjp alone"),
        pytest.param(FORWARD, id="jvp alone"),
        pytest.param(BOTH, id="both"),
    ],
)
@pytest.mark.parametrize("x", [0.5, X3], ids=["scalar", "vector"])
def test_graphs_of_one_rule_are_drawn_and_saved(function, x, tmp_path) -> None:
    graph = gad.trace(lambda x: np.sum(function(x) * 2.0), x)
    assert "sigmoid" in graph.to_dot().source
    for suffix in ("svg", "html", "json", "txt"):
        path = tmp_path / f"graph.{suffix}"
        graph.save(str(path))
        assert "sigmoid" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(REVERSE, id="vjp alone"),
        pytest.param(FORWARD, id="jvp alone"),
        pytest.param(BOTH, id="both"),
    ],
)
def test_the_whole_local_jacobian_takes_the_rule_that_there_is(function) -> None:
    (edge,) = gad.trace(function, X3).edges
    np.testing.assert_allclose(edge.local.dense(), np.diag(sigmoid(X3) * (1 - sigmoid(X3))))


def test_lists_and_dicts_among_the_arguments_travel_too() -> None:
    scaled = gad.custom(
        lambda x, factors, names: x * factors[0] * names["a"],
        vjp=lambda adjoint, out, x, factors, names: (adjoint * factors[0] * names["a"], None, None),
    )
    graph = gad.trace(lambda x: scaled(x, [2, 3], {"a": 4}), 1.0)
    assert copy.deepcopy(graph)["x"].adjoint == 8.0
    assert gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict())))["x"].adjoint == 8.0
