"""Derivatives within derivatives: any order, any mix of modes, no confusion between them, nothing traced left over."""

from __future__ import annotations

import itertools
import random

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import central

X3 = np.array([0.3, -0.7, 1.2])


def leaves(value):
    """Everything in a nest of results, objects included."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return leaves(list(vars(value).values())) if hasattr(value, "__dict__") else [value]


def plain(value):
    """The value, after a look at every leaf: numbers and arrays of floats, and no traced value."""
    for leaf in leaves(value):
        assert type(leaf) in (float, np.float64, np.ndarray), type(leaf)
    return value


def slope_by_grad(f):
    return gad.grad(f)


def slope_by_jvp(f):
    return lambda x: gad.jvp(f, (x,), (1.0,))[1]


def slope_by_vjp(f):
    return lambda x: gad.vjp(f, x)[1](1.0)[0]


def slope_by_rows(f):
    return gad.jacobian(f, mode="rev")


def slope_by_columns(f):
    return gad.jacobian(f, mode="fwd")


SLOPES = {
    "grad": slope_by_grad,
    "jvp": slope_by_jvp,
    "vjp": slope_by_vjp,
    "rows": slope_by_rows,
    "cols": slope_by_columns,
}


# -- orders and mixes ---------------------------------------------------------------------------


@pytest.mark.parametrize(("outer", "middle", "inner"), list(itertools.product(SLOPES, repeat=3)))
def test_third_derivatives_by_every_mix(outer, middle, inner) -> None:
    def f(x):
        return np.sin(2 * x) * np.exp(x)

    third = SLOPES[outer](SLOPES[middle](SLOPES[inner](f)))
    # sin(2x)eˣ is the imaginary part of e^((1+2i)x)
    assert plain(third(0.4)) == pytest.approx(((1 + 2j) ** 3 * np.exp((1 + 2j) * 0.4)).imag, rel=1e-12)


@pytest.mark.parametrize("mix", list(itertools.product(["grad", "jvp"], repeat=4)), ids=" of ".join)
def test_fourth_derivatives_by_every_mix(mix) -> None:
    def f(x):
        return x**6 / (1.0 + 0.0 * x) + np.sin(x)

    for name in mix:
        f = SLOPES[name](f)
    assert plain(f(1.5)) == pytest.approx(360 * 1.5**2 + np.sin(1.5), rel=1e-12)


@pytest.mark.parametrize(("name", "f", "fourth"), [
    ("exp", lambda x: np.exp(2 * x), lambda x: 16 * np.exp(2 * x)),
    ("log", np.log, lambda x: -6 / x**4),
    ("reciprocal", lambda x: 1 / x, lambda x: 24 / x**5),
    ("sqrt", np.sqrt, lambda x: -15 / 16 * x**-3.5),
    ("power", lambda x: x**5, lambda x: 120 * x),
    ("product", lambda x: x * np.sin(x), lambda x: x * np.sin(x) - 4 * np.cos(x)),
])  # fmt: skip
def test_fourth_derivatives_in_closed_form(name, f, fourth) -> None:
    for slope in SLOPES.values():
        assert plain(slope(slope(slope(slope(f))))(1.3)) == pytest.approx(fourth(1.3), rel=1e-10)


def test_jacobians_of_jacobians_of_gradients() -> None:
    def f(x):
        return np.sum(x) ** 4 + np.prod(x)

    third = np.full((3, 3, 3), 24 * X3.sum())
    for place in itertools.permutations(range(3)):
        third[place] += 1
    for outer, inner in itertools.product(["rev", "fwd"], repeat=2):
        found = gad.jacobian(gad.jacobian(gad.grad(f), mode=inner), mode=outer)(X3)
        np.testing.assert_allclose(plain(found), third, rtol=1e-12)
    np.testing.assert_allclose(plain(gad.jacobian(gad.hessian(f))(X3)), third, rtol=1e-12)
    fourth = gad.hessian(lambda x: np.trace(gad.hessian(f)(x)))(X3)
    np.testing.assert_allclose(plain(fourth), np.full((3, 3), 72.0), rtol=1e-12)


def test_a_gradient_of_a_hessian_vector_product() -> None:
    def f(x):
        return np.sum(np.sin(x) * x) ** 2

    v, w = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.4, -1.0])

    def along(x):
        return np.sum(w * gad.hvp(f)(x, v))

    np.testing.assert_allclose(plain(gad.grad(along)(X3)), central(along, X3), rtol=1e-7)
    np.testing.assert_allclose(gad.grad(along)(X3) @ w, gad.jvp(along, (X3,), (w,))[1], rtol=1e-12)
    # linear in v: its Jacobian by v is the Hessian
    for mode in ("rev", "fwd"):
        found = plain(gad.jacobian(lambda v: gad.hvp(f)(X3, v), mode=mode)(v))
        np.testing.assert_allclose(found, gad.hessian(f)(X3), rtol=1e-12)


def test_forward_over_forward_and_reverse_over_reverse_of_an_array_function() -> None:
    def f(x):
        return np.tanh(x) @ np.cos(x[::-1])

    v, w = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.4, -1.0])
    wanted = v @ gad.hessian(f)(X3) @ w
    assert gad.jvp(lambda x: gad.jvp(f, (x,), (v,))[1], (X3,), (w,))[1] == pytest.approx(wanted, rel=1e-12)
    assert gad.jvp(lambda x: gad.vjp(f, x)[1](1.0)[0] @ v, (X3,), (w,))[1] == pytest.approx(wanted, rel=1e-12)
    slope = gad.vjp(lambda x: gad.jvp(f, (x,), (v,))[1], X3)[1](1.0)[0]
    assert plain(slope) @ w == pytest.approx(wanted, rel=1e-12)
    slope = gad.vjp(lambda x: gad.vjp(f, x)[1](1.0)[0] @ v, X3)[1](1.0)[0]
    assert plain(slope) @ w == pytest.approx(wanted, rel=1e-12)


# -- perturbation confusion ---------------------------------------------------------------------


@pytest.mark.parametrize("outer", SLOPES)
@pytest.mark.parametrize("inner", SLOPES)
def test_the_case_of_siskind_and_pearlmutter(outer, inner) -> None:
    # d/dx (x · d/dy (x + y)) = 1; who confuses the two perturbations finds 2
    assert plain(SLOPES[outer](lambda x: x * SLOPES[inner](lambda y: x + y)(1.0))(1.0)) == 1.0
    # d/dx (x · d/dy (x · y)) = 2x
    assert plain(SLOPES[outer](lambda x: x * SLOPES[inner](lambda y: x * y)(2.0))(3.0)) == 6.0


@pytest.mark.parametrize("outer", SLOPES)
@pytest.mark.parametrize("inner", SLOPES)
def test_an_inner_derivative_at_a_plain_point_closes_over_the_outer_variable(outer, inner) -> None:
    # d/dy (x y²) at y = 1 is 2x, and its rule multiplies by the plain point
    assert plain(SLOPES[outer](lambda x: SLOPES[inner](lambda y: x * y * y)(1.0))(3.0)) == 2.0
    found = plain(SLOPES[outer](lambda x: SLOPES[inner](lambda y: np.sin(x * y))(0.5))(3.0))
    assert found == pytest.approx(np.cos(1.5) - 1.5 * np.sin(1.5), rel=1e-12)


@pytest.mark.parametrize("outer", SLOPES)
@pytest.mark.parametrize("inner", SLOPES)
def test_an_inner_derivative_at_the_outer_variable(outer, inner) -> None:
    # the inner function uses the point both as its own variable and as a constant
    assert plain(SLOPES[outer](lambda x: SLOPES[inner](lambda y: x * y**3)(x))(2.0)) == 9 * 4.0
    assert plain(SLOPES[outer](lambda x: SLOPES[inner](lambda y: x)(x))(2.0)) == 0.0
    assert plain(SLOPES[outer](lambda x: SLOPES[inner](lambda y: y)(x) * x)(2.0)) == 1.0


@pytest.mark.parametrize("slope", SLOPES.values(), ids=SLOPES)
def test_an_outer_variable_that_comes_as_a_further_argument(slope) -> None:
    assert plain(slope(lambda x: gad.grad(lambda y, k: y * y * k)(2.0, x))(3.0)) == 4.0
    assert plain(slope(lambda x: gad.grad(lambda y, k=None: y * y * k)(2.0, k=x))(3.0)) == 4.0
    assert plain(slope(lambda x: gad.grad(lambda y, d: y * y * d["k"])(2.0, {"k": x}))(3.0)) == 4.0
    assert plain(slope(lambda x: gad.vjp(lambda y, k: y * y * k, 2.0, k=x)[1](1.0)[0])(3.0)) == 4.0
    # a result beside it that is the outer variable's alone
    assert plain(slope(lambda x: gad.vjp(lambda y: (y, x * x), 2.0)[0][1])(3.0)) == 6.0
    assert plain(slope(lambda x: gad.jvp(lambda y: (y, x * x), (2.0,), (1.0,))[0][1])(3.0)) == 6.0
    assert plain(slope(lambda x: 2 * x + gad.jvp(lambda y: (y, x * x), (2.0,), (1.0,))[1][1])(3.0)) == 2.0


def test_three_levels_that_see_each_other() -> None:
    def f(x):
        return gad.grad(lambda y: gad.jvp(lambda z: x * y * y * z**3, (2.0,), (1.0,))[1])(3.0)

    assert plain(f(5.0)) == 5 * 6 * 12.0
    assert plain(gad.grad(f)(5.0)) == 6 * 12.0
    assert plain(gad.jvp(f, (5.0,), (1.0,))) == (5 * 6 * 12.0, 6 * 12.0)


def test_curried_derivatives() -> None:
    # D applied to a function that returns a function, as Manzyuk and others have it: the tangent outlives its call
    def shift(x):
        return lambda f, z: f(z + x)

    def outer(x):
        return gad.grad(lambda z: shift(x)(np.exp, z))(1.0)

    assert plain(gad.grad(outer)(0.0)) == pytest.approx(np.e)
    assert plain(gad.jvp(outer, (0.0,), (1.0,))[1]) == pytest.approx(np.e)


def test_recursion_through_gradients() -> None:
    def f(x, depth):
        return x * x if depth == 0 else x * gad.grad(lambda y: f(y, depth - 1))(x)

    # x², 2x², 4x², …
    for depth in range(5):
        assert plain(f(3.0, depth)) == 2**depth * 9.0
    assert plain(gad.grad(f)(3.0, 4)) == 2**4 * 6.0


# -- random programs, against autograd ----------------------------------------------------------

M = np.array([[0.3, -0.5, 0.2], [0.7, 0.1, -0.4], [-0.2, 0.6, 0.5]])

STEPS = {
    "sin": lambda xp, a: xp.sin(a),
    "tanh": lambda xp, a: xp.tanh(a),
    "matrix": lambda xp, a: xp.dot(M, a),
    "neighbours": lambda xp, a: xp.concatenate([a[1:] * a[:-1], a[:1]]),
    "by the sum": lambda xp, a: xp.sum(a) * a,
    "from the top": lambda xp, a: a - xp.max(a),
    "positions": lambda xp, a: a[np.array([2, 0, 0])],
    "cumsum": lambda xp, a: xp.cumsum(a),
}

# all give the gradient of the sum of f's result
SUM_SLOPES = (
    lambda f: gad.grad(lambda y: np.sum(f(y))),
    gad.elementwise_grad,
    lambda f: lambda x: gad.vjp(f, x)[1](np.ones(3))[0],
    lambda f: lambda x: np.sum(gad.jacobian(f, mode="rev")(x), axis=0),
    lambda f: lambda x: np.sum(gad.jacobian(f, mode="fwd")(x), axis=0),
    lambda f: gad.jacobian(lambda y: np.sum(f(y)), mode="fwd"),
    lambda f: lambda x: gad.grad(lambda s: np.sum(gad.jvp(f, (x,), (s,))[1]))(np.array([0.1, 0.2, 0.3])),
)


def program(dice, depth, variables):
    """A random expression: derivatives within it close over all variables around them."""
    if depth:
        kind = dice.choice(["derivative", "derivative", "add", "multiply", "step", "step", "step"])
    else:
        kind = dice.choice(["variable", "variable", "variable", "constant"])
    if kind == "constant":
        return kind, dice.uniform(-1, 1) * X3
    if kind == "variable":
        return kind, dice.randrange(variables)
    if kind == "step":
        return kind, dice.choice(list(STEPS)), program(dice, depth - 1, variables)
    if kind == "derivative":
        point = program(dice, max(0, depth - 2), variables)
        return kind, dice.randrange(len(SUM_SLOPES)), program(dice, depth - 1, variables + 1), point
    return kind, program(dice, depth - 1, variables), program(dice, depth - 1, variables)


def run(part, variables, xp, slopes):
    kind, *rest = part
    if kind in ("variable", "constant"):
        return variables[rest[0]] if kind == "variable" else rest[0]
    if kind == "step":
        return STEPS[rest[0]](xp, run(rest[1], variables, xp, slopes))
    if kind == "derivative":
        number, body, point = rest

        def inner(y):
            return run(body, [*variables, y], xp, slopes) + 0.0 * y  # so that autograd finds y in it

        return slopes[number](inner)(1.0 * run(point, variables, xp, slopes))
    first, second = (run(item, variables, xp, slopes) for item in rest)
    return first + second if kind == "add" else first * second


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_of_nested_derivatives(seed) -> None:
    dice = random.Random(seed)
    whole = ("derivative", dice.randrange(len(SUM_SLOPES)), program(dice, dice.choice([3, 4, 5]), 1), ("variable", 0))
    x = np.array([dice.uniform(-1, 1) for _ in range(3)])
    with np.errstate(all="ignore"):
        theirs = [lambda f: autograd.grad(lambda y: anp.sum(f(y)))] * len(SUM_SLOPES)
        wanted = run(whole, [x], anp, theirs)
        np.testing.assert_allclose(plain(run(whole, [x], np, SUM_SLOPES)), wanted, rtol=1e-8, atol=1e-10)


# -- by the seed and by the tangent -------------------------------------------------------------


def test_derivatives_by_the_seed() -> None:
    for slope in SLOPES.values():
        assert plain(slope(lambda s: gad.vjp(lambda x: x**3, 2.0)[1](s)[0])(5.0)) == 12.0
    _, pullback = gad.vjp(lambda x: np.stack([np.sum(x * x), np.prod(x)]), X3)  # made before, used within
    wanted = gad.jacobian(lambda x: np.stack([np.sum(x * x), np.prod(x)]))(X3)
    for mode in ("rev", "fwd"):
        found = plain(gad.jacobian(lambda s: pullback(s)[0], mode=mode)(np.ones(2)))
        np.testing.assert_allclose(found, wanted.T, rtol=1e-12)
    np.testing.assert_allclose(plain(pullback(np.ones(2)))[0], wanted.sum(axis=0), rtol=1e-12)


def test_derivatives_by_the_tangent() -> None:
    for slope in SLOPES.values():
        assert plain(slope(lambda t: gad.jvp(lambda x: x**3, (2.0,), (t,))[1])(5.0)) == 12.0
        # by the point and by the tangent at once: t · d(t³)/dt = 3t³
        assert plain(slope(lambda t: gad.jvp(lambda x: x**3, (t,), (t,))[1])(2.0)) == 36.0
        assert plain(slope(lambda t: gad.vjp(lambda x: x**3, t)[1](t)[0])(2.0)) == 36.0


def test_a_closure_and_a_tangent_from_outside() -> None:
    # x · (2xy · x) at y = 1 is 2x³
    for slope in SLOPES.values():
        assert plain(slope(lambda x: x * gad.jvp(lambda y: x * y * y, (1.0,), (x,))[1])(3.0)) == 54.0
        assert plain(slope(lambda x: x * gad.vjp(lambda y: x * y * y, 1.0)[1](x)[0])(3.0)) == 54.0


def test_some_leaves_of_the_seed_are_traced() -> None:
    def back(s):
        _, pullback = gad.vjp(lambda x: {"a": x * x, "b": [np.sum(x)]}, X3)
        return pullback({"a": np.ones(3), "b": [s]})[0]

    np.testing.assert_array_equal(plain(gad.jacobian(back)(2.0)), np.ones(3))
    np.testing.assert_allclose(plain(back(2.0)), 2 * X3 + 2)


# -- pullbacks and results that outlive their call ----------------------------------------------


def test_a_pullback_is_used_twice_and_after_other_calls() -> None:
    def f(x):
        _, pullback = gad.vjp(lambda y: y**2 * x, 3.0)
        first = pullback(1.0)[0]
        gad.grad(lambda z: z * x)(1.0)
        return first * pullback(2.0)[0]

    # 6x · 12x
    assert plain(f(2.0)) == 72 * 4.0
    assert plain(gad.grad(f)(2.0)) == 144 * 2.0
    assert plain(gad.jvp(f, (2.0,), (1.0,))) == (72 * 4.0, 144 * 2.0)


def test_inner_gradients_of_unrelated_values_are_numbers() -> None:
    def f(x):
        slope = gad.grad(np.sin)(0.0)  # nothing of x in it
        assert type(slope) is float
        return slope * x if float(slope) > 0.5 else x

    assert plain(gad.value_and_grad(f)(3.0)) == (3.0, 1.0)


def test_a_function_that_keeps_its_argument() -> None:
    kept = []

    def f(x):
        kept.append(x)
        y = x * x
        kept.append(y)
        return np.sum(y)

    calls = {
        "grad": lambda: gad.grad(f)(X3),
        "value_and_grad": lambda: gad.value_and_grad(f)(X3),
        "elementwise_grad": lambda: gad.elementwise_grad(f)(X3),
        "hessian": lambda: gad.hessian(f)(X3),
        "jacobian": lambda: gad.jacobian(f, mode="fwd")(X3),
        "hvp": lambda: gad.hvp(f)(X3, X3),
        "jvp": lambda: gad.jvp(f, (X3,), (X3,)),
        "vjp": lambda: gad.vjp(f, X3)[1](1.0),
    }
    for name, call in calls.items():
        first = plain(call())
        second = plain(call())  # while the traced values of the first are still about
        for a, b in zip(leaves(first), leaves(second), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)
    # what was kept is an ordinary value, and right
    assert float(np.sum(kept[1]).value) == pytest.approx(np.sum(X3**2))
    np.testing.assert_array_equal(kept[-2].value, X3)


def test_a_graph_of_a_value_that_outlived_its_gradient() -> None:
    kept = []

    def f(x):
        kept.append(x * x)
        return np.sum(kept[-1])

    gad.grad(f)(X3)
    graph = gad.graph(np.sum(kept[0] * 2.0))
    np.testing.assert_allclose(graph.inputs[0].adjoint, 4 * X3)


def test_exceptions_within_leave_the_outer_call_right() -> None:
    def inner(y):
        raise ValueError("inner")

    def f(x):
        try:
            gad.grad(inner)(x)
        except ValueError:
            return x * x
        return x

    assert plain(gad.grad(f)(3.0)) == 6.0


# -- derivatives inside algorithms --------------------------------------------------------------


def train(rate, w):
    """Five steps of gradient descent, and how far that came."""

    def loss(w):
        return np.sum((w - 1.0) ** 4) + w[0] * w[1]

    for _ in range(5):
        w = w - rate * gad.grad(loss)(w)
    return np.sum(w**2)


def test_the_meta_gradient_by_the_learning_rate() -> None:
    w = np.array([1.5, -0.5])
    wanted = central(lambda rate: train(rate, w), 0.02)
    assert plain(gad.grad(train)(0.02, w)) == pytest.approx(float(wanted), rel=1e-7)
    assert plain(gad.jvp(lambda rate: train(rate, w), (0.02,), (1.0,)))[1] == pytest.approx(float(wanted), rel=1e-7)
    second = central(lambda rate: gad.grad(train)(rate, w), 0.02)
    assert plain(gad.hessian(train)(0.02, w)) == pytest.approx(float(second), rel=1e-6)


def test_the_meta_gradient_by_the_start() -> None:
    w = np.array([1.5, -0.5])
    np.testing.assert_allclose(plain(gad.grad(train, 1)(0.02, w)), central(lambda w: train(0.02, w), w), rtol=1e-7)
    np.testing.assert_allclose(
        plain(gad.hessian(train, 1)(0.02, w)), central(lambda w: gad.grad(train, 1)(0.02, w), w), rtol=1e-6
    )


def test_training_with_momentum_by_a_dict_of_parameters() -> None:
    x, t = np.array([[0.5, -1.0], [1.5, 0.3]]), np.array([0.2, -0.4])

    def final_loss(settings):
        def loss(p):
            return np.mean((np.tanh(x @ p["w"] + p["b"]) - t) ** 2)

        p = {"w": np.array([0.3, -0.2]), "b": 0.1}
        speed = {key: 0.0 * value for key, value in p.items()}
        for _ in range(4):
            slope = gad.grad(loss)(p)
            speed = {key: settings["momentum"] * speed[key] - settings["rate"] * slope[key] for key in p}
            p = {key: p[key] + speed[key] for key in p}
        return loss(p)

    settings = {"rate": 0.3, "momentum": 0.8}
    found = plain(gad.grad(final_loss)(settings))
    for key, setting in settings.items():
        wanted = central(lambda v, key=key: final_loss({**settings, key: v}), setting)
        assert found[key] == pytest.approx(float(wanted), rel=1e-7)


def test_newtons_method_is_differentiated_through() -> None:
    def root(a):
        def f(x):
            return x * x - a

        x = 1.0
        for _ in range(8):
            x = x - f(x) / gad.grad(f)(x)
        return x

    assert plain(root(2.0)) == pytest.approx(np.sqrt(2))
    assert plain(gad.grad(root)(2.0)) == pytest.approx(0.5 / np.sqrt(2), rel=1e-10)
    assert plain(gad.grad(gad.grad(root))(2.0)) == pytest.approx(-0.25 * 2**-1.5, rel=1e-8)
    assert plain(gad.jvp(root, (2.0,), (1.0,)))[1] == pytest.approx(0.5 / np.sqrt(2), rel=1e-10)


def test_a_gradient_in_the_middle_of_a_function() -> None:
    def energy(q):
        return np.sum(q**4) / 4 + q[0] * q[1]

    def f(q):
        force = -gad.grad(energy)(q)
        moved = q + 0.1 * force
        return np.sum(np.where(moved > 0, moved**2, moved)) * energy(moved)

    q = np.array([0.8, -0.4])
    np.testing.assert_allclose(plain(gad.grad(f)(q)), central(f, q), rtol=1e-7)
    np.testing.assert_allclose(plain(gad.hessian(f)(q)), central(gad.grad(f), q), rtol=1e-6)


def test_a_gradient_decides_a_branch() -> None:
    def f(x):
        return x * x if gad.grad(np.sin)(x) > 0 else -x

    assert plain(gad.grad(f)(1.0)) == 2.0
    assert plain(gad.grad(f)(2.0)) == -1.0


def test_detached_gradients_are_constants_of_the_outer_derivative() -> None:
    assert plain(gad.grad(lambda x: x * gad.detach(gad.grad(lambda y: y**3)(x)))(2.0)) == 12.0
    assert plain(gad.grad(lambda x: gad.grad(lambda y: y * y * gad.detach(x))(x))(3.0)) == 6.0
    assert plain(gad.hessian(lambda x: x**2 * gad.detach(x))(3.0)) == 6.0
    assert plain(gad.jvp(lambda x: x**2 * gad.detach(x), (3.0,), (1.0,))) == (27.0, 18.0)


# -- together with graphs -----------------------------------------------------------------------


def test_the_trace_of_a_gradient_shows_the_derivatives_nodes() -> None:
    graph = gad.trace(gad.grad(np.sin), 2.0)
    assert [node.primitive and node.primitive.name for node in graph.nodes] == [None, "cos"]
    assert graph.outputs[0].value == np.cos(2.0)
    assert graph["x"].adjoint == -np.sin(2.0)
    assert graph.evaluate(x=0.0).outputs[0].value == 1.0
    graph = gad.trace(gad.hvp(lambda x: np.sum(x**3)), X3, X3)
    np.testing.assert_allclose(graph.outputs[0].value, 6 * X3 * X3)
    graph = gad.trace(gad.jacobian(lambda x: x**2), X3)
    np.testing.assert_allclose(graph.outputs[0].value, np.diag(2 * X3))


def test_the_trace_of_a_gradient_that_closes_over_the_variable() -> None:
    graph = gad.trace(lambda x: gad.grad(lambda y: x * y * y)(1.5), 2.0)
    assert [node.name for node in graph.inputs] == ["x"]
    assert graph.outputs[0].value == 6.0
    assert graph["x"].adjoint == 3.0
    assert graph.evaluate(x=5.0).outputs[0].value == 15.0


def test_a_gradient_of_a_function_of_a_variable() -> None:
    v = gad.variable(3.0, name="v")
    slope = gad.grad(lambda x: x**3)(v)
    assert slope.value == 27.0
    assert gad.graph(slope)["v"].adjoint == 18.0


@pytest.mark.parametrize(
    "slope",
    [
        lambda f: gad.grad(f)(2.0),
        lambda f: gad.jacobian(f)(2.0),
        lambda f: gad.jvp(f, (2.0,), (1.0,))[1],
        lambda f: gad.vjp(f, 2.0)[1](1.0)[0],
    ],
)
def test_a_gradient_that_closes_over_a_variable(slope) -> None:
    v = gad.variable(3.0, name="v")
    found = slope(lambda x: v * x * x)
    assert found.value == 12.0
    assert gad.graph(found)["v"].adjoint == 4.0
