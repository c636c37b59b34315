"""Elementwise primitives: NumPy's values, and three derivatives of each, against autograd and central differences."""

from __future__ import annotations

import itertools
import math

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from autograd.differential_operators import make_jvp

import graphviz_ad as gad
from graphviz_ad.core import sweep
from graphviz_ad.core.primitive import HANDLERS, REGISTRY
from tests.primitives.derivatives import check_no_promotion, record

LINE = (-1.3, -0.2, 0.4, 1.7)
POSITIVE = (0.3, 1.0, 2.6)
INSIDE = (-0.8, -0.1, 0.3, 0.9)
UNARY = {
    "negative": LINE,
    "positive": LINE,
    "absolute": LINE,
    "fabs": LINE,
    "square": LINE,
    "sqrt": POSITIVE,
    "cbrt": (*POSITIVE, -0.7),
    "reciprocal": (*POSITIVE, -0.7),
    "exp": LINE,
    "exp2": LINE,
    "expm1": LINE,
    "log": POSITIVE,
    "log2": POSITIVE,
    "log10": POSITIVE,
    "log1p": (*POSITIVE, -0.7),
    "sin": LINE,
    "cos": LINE,
    "tan": (-1.1, -0.2, 0.4, 1.2),
    "arcsin": INSIDE,
    "arccos": INSIDE,
    "arctan": LINE,
    "sinh": LINE,
    "cosh": LINE,
    "tanh": LINE,
    "arcsinh": LINE,
    "arccosh": (1.2, 2.5),
    "arctanh": INSIDE,
    "degrees": LINE,
    "rad2deg": LINE,
    "radians": LINE,
    "deg2rad": LINE,
}
PAIRS = ((0.7, 1.9), (2.3, 0.6), (-1.4, 0.8), (-0.3, -2.1), (5.2, 1.5))
BINARY = {
    "add": PAIRS,
    "subtract": PAIRS,
    "multiply": PAIRS,
    "divide": PAIRS,
    "power": ((0.7, 1.9), (2.3, 0.6), (1.5, -0.8), (3.0, 2.0)),
    "remainder": PAIRS,
    "arctan2": PAIRS,
    "hypot": PAIRS,
    "logaddexp": PAIRS,
    "logaddexp2": PAIRS,
    "fmod": PAIRS,
    "copysign": PAIRS,
    "nextafter": PAIRS,
    "maximum": PAIRS,
    "minimum": PAIRS,
    "fmax": PAIRS,
    "fmin": PAIRS,
}
ALL = [(name, (point,)) for name, points in UNARY.items() for point in points] + [
    (name, pair) for name, pairs in BINARY.items() for pair in pairs
]
IDS = [f"{name}{point}" for name, point in ALL]


def value(f, *args):
    return gad.vjp(f, *args)[0]


def central(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


def test_the_tables_above_name_every_elementwise_primitive() -> None:
    named = {p.name for p in REGISTRY.values() if p.kind == "elementwise" and isinstance(p.compute, np.ufunc)}
    assert named - {"heaviside", "float_power"} <= {*UNARY, *BINARY}  # a step; always float64
    assert all(getattr(np, name) in HANDLERS for name in (*UNARY, *BINARY))


# -- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "points"), [*UNARY.items(), *BINARY.items()], ids=[*UNARY, *BINARY])
def test_values_are_numpys_for_every_kind_of_number(name, points) -> None:
    f = getattr(np, name)
    rows = [point if isinstance(point, tuple) else (point,) for point in points]
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    for dtype in (np.float64, np.float32, np.float16):
        arguments = [column.astype(dtype) for column in columns]
        for arrays in (
            arguments,
            [a[0] for a in arguments],
            [np.array(a[1]) for a in arguments],
            [a[:0] for a in arguments],
            [np.stack([a, a])[:, :2] for a in arguments],
        ):
            expected, got = f(*arrays), value(f, *arrays)
            np.testing.assert_array_equal(got, expected)
            assert got.dtype == expected.dtype == dtype
            assert type(got) is type(expected)
    for row in rows:
        assert value(f, *row) == f(*row)
        assert type(value(f, *row)) is type(f(*row))


@pytest.mark.parametrize("name", BINARY)
def test_values_with_constants_and_ints_on_either_side(name) -> None:
    f = getattr(np, name)
    x = np.array([0.6, 1.7, 2.3], dtype=np.float32)
    for other in (2, 2.0, np.float64(2), np.float32(2), np.array([1, 2, 3]), np.array([[1.0], [2.0]]), True):
        for g in (lambda x: f(x, other), lambda x: f(other, x)):  # noqa: B023
            expected, got = g(x), value(g, x)
            np.testing.assert_array_equal(got, expected)
            assert got.dtype == expected.dtype
            slope = gad.grad(lambda x: np.sum(g(x)))(x)  # noqa: B023
            assert slope.dtype == x.dtype
            near = [central(lambda v, i=i: np.sum(g(_moved(x, i, v))), 0.0, 1e-6) for i in range(3)]  # noqa: B023
            np.testing.assert_allclose(slope, near, rtol=2e-3, atol=1e-5)


def _moved(x, position, by):
    x = x.astype(float)
    x[position] += by
    return x


def test_operators_and_functions_are_the_same_primitive() -> None:
    x, y = 5.5, 2.0
    for f in (
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / y,
        lambda x, y: x % y,
        lambda x, y: x**y,
        lambda x, y: 2.5 % x + 7 % y,
        lambda x, y: -x,
        lambda x, y: +x,
        lambda x, y: abs(x),
    ):
        got = gad.grad(f, (0, 1))(x, y)
        np.testing.assert_allclose(got[0], central(lambda v: f(v, y), x), rtol=1e-8)  # noqa: B023
        np.testing.assert_allclose(got[1], central(lambda v: f(x, v), y), rtol=1e-8)  # noqa: B023
        assert value(f, x, y) == f(x, y)


# -- derivatives --------------------------------------------------------------------------------

# autograd lacks these; its hypot has no forward mode
LACKING = {"positive", "cbrt", "hypot", "copysign", "nextafter", "fmod"}


@pytest.mark.parametrize(
    ("name", "point"),
    [pytest.param(*row, id=label) for row, label in zip(ALL, IDS, strict=True) if row[0] not in LACKING],
)
def test_both_modes_against_autograd(name, point) -> None:
    ours, theirs = getattr(np, name), getattr(anp, name)
    for argnum in range(len(point)):
        expected = autograd.grad(theirs, argnum)(*point)

        def ours_at(x, argnum=argnum):
            return ours(*point[:argnum], x, *point[argnum + 1 :])

        def theirs_at(x, argnum=argnum):
            return theirs(*point[:argnum], x, *point[argnum + 1 :])

        for kind in (float, np.float64, np.array):
            x = kind(point[argnum])
            slope = gad.grad(ours_at)(x)
            np.testing.assert_allclose(slope, expected, rtol=1e-13)
            assert type(slope) is (np.ndarray if kind is np.array else kind)
        np.testing.assert_allclose(gad.jvp(ours_at, (point[argnum],), (1.5,))[1], 1.5 * expected, rtol=1e-13)
        if name not in ("remainder", "arctan2"):
            pushed = make_jvp(theirs_at)(point[argnum])(1.5)[1]
            np.testing.assert_allclose(gad.jvp(ours_at, (point[argnum],), (1.5,))[1], pushed, rtol=1e-13)
        array = np.full((2, 3), point[argnum])
        np.testing.assert_allclose(gad.elementwise_grad(ours_at)(array), np.full((2, 3), expected), rtol=1e-13)


@pytest.mark.filterwarnings("ignore:Output seems independent of input")  # autograd, where a derivative is 0
@pytest.mark.parametrize(("name", "point"), ALL, ids=IDS)
def test_second_and_third_derivative(name, point) -> None:
    f = getattr(np, name)
    for argnum in range(len(point)):

        def at(x, argnum=argnum):
            return f(*point[:argnum], x, *point[argnum + 1 :])

        x = point[argnum]
        first = gad.grad(at)
        second = gad.grad(first)
        third = gad.grad(second)
        np.testing.assert_allclose(second(x), central(first, x), rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(third(x), central(second, x), rtol=1e-6, atol=1e-7)
        if name not in LACKING:
            theirs = getattr(anp, name)

            def their(x, argnum=argnum, theirs=theirs):
                return theirs(*point[:argnum], x, *point[argnum + 1 :])

            for _ in range(3):
                their = autograd.grad(their)
            np.testing.assert_allclose(third(x), their(x), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", BINARY)
def test_mixed_derivatives(name) -> None:
    f = getattr(np, name)
    for x, y in BINARY[name]:
        hessian = gad.hessian(lambda v: f(v[0], v[1]))(np.array([x, y]))
        np.testing.assert_allclose(hessian[0, 1], hessian[1, 0], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(hessian[0, 1], central(lambda y: gad.grad(f)(x, y), y), rtol=1e-7, atol=1e-9)  # noqa: B023


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_float32_stays_float32_in_both_modes_and_orders(name) -> None:
    f = getattr(np, name)
    points = UNARY.get(name) or BINARY[name]
    rows = [point if isinstance(point, tuple) else (point,) for point in points]
    arguments = tuple(np.array(column, dtype=np.float32) for column in zip(*rows, strict=True))
    for argnum, argument in enumerate(arguments):
        slope = gad.elementwise_grad(f, argnum)(*arguments)
        exact = gad.elementwise_grad(f, argnum)(*[a.astype(float) for a in arguments])
        assert slope.dtype == np.float32
        np.testing.assert_allclose(slope, exact, rtol=3e-6)
        ones = [np.zeros_like(a) for a in arguments]
        ones[argnum] = np.ones_like(argument)
        pushed = gad.jvp(f, arguments, tuple(ones))[1]
        assert pushed.dtype == np.float32
        np.testing.assert_allclose(pushed, exact, rtol=3e-6)
        assert gad.elementwise_grad(gad.elementwise_grad(f, argnum), argnum)(*arguments).dtype == np.float32


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_a_rule_does_not_promote_float32(name) -> None:
    primitive = REGISTRY[name]
    params = primitive.sample(np.random.default_rng(0))[0][1]
    points = UNARY.get(name) or BINARY[name]
    row = points[0] if isinstance(points[0], tuple) else (points[0],)
    for shape in ((), (4,)):
        inputs = tuple(np.full(shape, x, dtype=np.float32)[()] for x in row)
        check_no_promotion(record(primitive, inputs, params))


def test_a_power_of_float32_with_a_python_exponent_stays_float32() -> None:
    x = np.array([0.5, 1.5], dtype=np.float32)
    for exponent in (3, np.float64(3.0), np.float64(0.5)):  # a Python float reaches a rule as np.float64
        assert REGISTRY["power"].partial(0, x**3, (x, exponent), {}).dtype == np.float32


def test_rules_of_scalars_give_scalars() -> None:
    """`np.where` makes 0-d arrays of them, with which NumPy is slower from then on."""
    one = np.float64(1.0)
    for name, inputs in (("maximum", (one, 0.0)), ("where", (np.True_, one, one)), ("clip", (one, 0.0, 2.0))):
        primitive = REGISTRY[name]
        params = {"maximum": {"tie": 0.5}, "clip": {"tie_low": 0.0, "tie_high": 0.0}}.get(name, {})
        argnum = 1 if name == "where" else 0
        node = record(primitive, inputs, params)
        for along_edge in (sweep.contribution, sweep.push):
            assert type(along_edge(node, argnum, one)) is np.float64


def test_many_seeds_at_once() -> None:
    x, y = np.array([0.5, 1.5, 2.5]), np.array([[1.0], [2.0]])
    for name in BINARY:
        f = getattr(np, name)
        for argnum in (0, 1):
            fast = gad.jacobian(f, argnum, mode="rev")(x, y)
            np.testing.assert_allclose(fast, gad.jacobian(f, argnum, mode="fwd")(x, y), rtol=1e-14, atol=1e-15)
            assert fast.shape == (2, 3, *(x, y)[argnum].shape)


# -- power --------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [-2.0, -1.0, 0.0, 0.5, 3.0])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 5])
def test_powers_of_any_base_with_int_exponents(base, exponent) -> None:
    """Closed forms to the third derivative, however the exponent is written."""
    forms = (exponent, float(exponent), np.int32(exponent), np.float64(exponent), np.array(exponent), gad.constant)
    expected = [math.perm(exponent, k) * base ** (exponent - k) if exponent >= k else 0.0 for k in (1, 2, 3)]
    for form in forms:
        power = gad.constant(float(exponent)) if form is gad.constant else form
        for f in (lambda x: x**power, lambda x: np.power(x, power)):  # noqa: B023
            got = []
            for _ in range(3):
                f = gad.grad(f)
                got.append(f(base))
            np.testing.assert_allclose(got, expected)
        slope = gad.elementwise_grad(lambda x: x**power)(np.array([base, base]))  # noqa: B023
        np.testing.assert_allclose(slope, [expected[0]] * 2)


def test_exponents_in_an_array() -> None:
    exponents = np.array([0, 1, 2, 3])
    x = np.array([0.0, 0.0, -2.0, -3.0])
    np.testing.assert_array_equal(gad.elementwise_grad(lambda x: x**exponents)(x), [0, 1, -4, 27])
    second = gad.elementwise_grad(gad.elementwise_grad(lambda x: x**exponents))(x)
    np.testing.assert_array_equal(second, [0, 0, 2, -18])
    np.testing.assert_array_equal(gad.elementwise_grad(lambda x: x ** exponents.astype(np.uint8))(x), [0, 1, -4, 27])


def test_base_and_exponent_traced() -> None:
    by_base, by_exponent = gad.grad(lambda x, y: x**y, (0, 1))(-2.0, 3.0)
    assert by_base == 12.0
    assert np.isnan(by_exponent)  # (-2) ** y is no number beside y = 3
    assert gad.grad(lambda x, y: x**y, (0, 1))(0.0, 2.0) == (0.0, 0.0)
    assert gad.grad(lambda x, y: x**y, (0, 1))(np.inf, -1.0) == (0.0, 0.0)
    assert gad.grad(lambda y: 2**y)(3.0) == pytest.approx(8 * math.log(2))
    assert gad.grad(lambda y: 0.0**y)(2.0) == 0.0
    assert gad.grad(lambda y: np.array(0) ** y)(2.0) == 0.0
    # x ** y at y = 0 is 1 whatever x is, but its derivative by x changes with y: ∂²/∂x∂y = 1/x
    hessian = gad.hessian(lambda v: v[0] ** v[1])(np.array([4.0, 0.0]))
    np.testing.assert_allclose(hessian, [[0, 0.25], [0.25, math.log(4) ** 2]])


def test_a_root_at_zero_is_infinitely_steep() -> None:
    for f in (np.sqrt, np.cbrt, lambda x: x**0.5, lambda x: np.power(x, 0.25)):
        assert gad.grad(f)(0.0) == np.inf
    with np.errstate(divide="ignore"):
        assert gad.grad(lambda x: x**-1)(0.0) == -np.inf
    with np.errstate(invalid="ignore"):
        assert np.isnan(gad.grad(lambda x: x ** (1 / 3))(-8.0))


def test_the_function_and_the_operator_round_as_numpy_does() -> None:
    rng = np.random.default_rng(0)
    for x, y in itertools.product(rng.uniform(0.01, 100, 400), (2, -1.0, 0.5, 1.5)):
        assert value(lambda x: x**y, x) == x**y  # noqa: B023
        assert value(lambda x: np.power(x, y), x) == np.power(x, y)  # noqa: B023


# -- careful numbers ----------------------------------------------------------------------------


def test_accuracy_near_zero_and_far_out() -> None:
    assert gad.grad(np.expm1)(-50.0) == np.exp(-50.0)
    assert gad.grad(np.log1p)(1e-20) == 1.0
    assert gad.grad(np.arcsin)(1 - 1e-16) == pytest.approx(1 / math.sqrt(2 * 2**-53), rel=1e-7)
    assert gad.grad(np.arcsinh)(1e200) == pytest.approx(1e-200, abs=0)
    assert gad.grad(np.arctan2)(1e200, 1e200) == pytest.approx(5e-201, abs=0)
    assert gad.grad(np.arctan2)(1e-200, 1e-200) == pytest.approx(5e199)
    assert gad.grad(np.hypot)(3e200, 4e200) == pytest.approx(0.6)
    assert gad.grad(np.tanh)(1000.0) == 0.0
    # the remainder belongs to NumPy's own floor: 1.0 is 9 × 0.1 and a rest, though 1.0 / 0.1 rounds to 10
    assert gad.grad(np.remainder, 1)(1.0, 0.1) == -np.floor_divide(1.0, 0.1) == -9.0


@pytest.mark.parametrize(
    ("pair", "slopes"),
    [
        ((1e10, 1e10), (0.5, 0.5)),
        ((1000.0, -1000.0), (1.0, 0.0)),
        ((-700.0, 0.0), (math.exp(-700), 1.0)),
        ((np.inf, 3.0), (1.0, 0.0)),
        ((-np.inf, 3.0), (0.0, 1.0)),
    ],
)
def test_logaddexp_neither_overflows_nor_loses_digits(pair, slopes) -> None:
    np.testing.assert_allclose(gad.grad(np.logaddexp, (0, 1))(*pair), slopes, rtol=1e-12)
    assert gad.grad(gad.grad(np.logaddexp))(1000.0, -1000.0) == 0.0
    assert gad.grad(gad.grad(gad.grad(np.logaddexp)))(-1000.0, 1000.0) == 0.0


@pytest.mark.parametrize("name", ["sin", "exp", "log", "sqrt", "tanh", "multiply", "divide", "power", "maximum"])
def test_nan_and_inf_propagate(name) -> None:
    f = getattr(np, name)
    with np.errstate(all="ignore"):
        for x in (np.nan, np.inf, -np.inf, 0.0, -1.0):
            arguments = (x,) if name in UNARY else (x, 2.5)
            np.testing.assert_equal(value(f, *arguments), f(*arguments))
            np.testing.assert_equal(value(f, np.array(arguments[0]), *arguments[1:]), f(*arguments))
        if name in UNARY:
            assert np.isnan(gad.grad(f)(np.nan))


# -- clip and where -----------------------------------------------------------------------------

CLIPS = [
    lambda x: np.clip(x, -0.5, 1.0),
    lambda x: np.clip(x, a_min=-0.5, a_max=1.0),
    lambda x: np.clip(x, -0.5, a_max=1.0),
    lambda x: np.clip(x, min=-0.5, max=1.0),
    lambda x: np.clip(x, None, 1.0),
    lambda x: np.clip(x, 0, None),
    lambda x: np.clip(x, a_min=None, a_max=1),
    lambda x: np.clip(x, max=0.5),
    lambda x: np.clip(x, min=0.5),
    lambda x: np.clip(x, np.array([[-0.4], [0.1]]), np.array([0.9, 1.1, 0.2])),
    lambda x: np.clip(x, 1.0, -1.0),
    lambda x: x.clip(-0.5, 1.0),
    lambda x: x.clip(0.25),
    lambda x: x.clip(max=0.25),
    lambda x: np.clip(x, -0.5, 1.0, dtype=None),
]


@pytest.mark.parametrize("number", range(len(CLIPS)))
def test_clip_in_every_form(number) -> None:
    f = CLIPS[number]
    x = np.array([[-0.9, 0.35, 1.7], [0.6, -0.3, 0.15]])
    for array in (x, x.astype(np.float32)):
        expected, got = f(array), value(f, array)
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == expected.dtype
    h = 1e-6
    np.testing.assert_allclose(gad.elementwise_grad(f)(x), _kept(x, f, h), atol=1e-9)
    np.testing.assert_allclose(gad.jacobian(f, mode="fwd")(x), gad.jacobian(f, mode="rev")(x))


def _kept(x, f, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def test_clip_with_traced_bounds() -> None:
    def f(x, low, high):
        return np.sum(np.clip(x, low, high) * np.array([1.0, 2.0, 4.0]))

    x = np.array([-1.0, 0.2, 3.0])
    by_x, by_low, by_high = gad.grad(f, (0, 1, 2))(x, 0.0, 1.0)
    np.testing.assert_array_equal(by_x, [0, 2, 0])
    assert (by_low, by_high) == (1.0, 4.0)
    # crossed bounds: NumPy gives the upper one
    assert gad.grad(lambda *bounds: np.clip(0.5, *bounds), (0, 1))(2.0, 1.0) == (0.0, 1.0)
    # plain data, traced bounds; traced data and one traced bound
    assert gad.grad(lambda low: np.sum(np.clip(np.array([-1.0, 2.0]), low, None)))(0.5) == 1.0
    assert gad.grad(lambda high: np.sum(np.clip(np.array([-1.0, 2.0]), -2.0, high)))(0.5) == 1.0


def test_what_was_not_chosen_sends_exactly_zero() -> None:
    for f in (
        lambda x: np.sqrt(np.clip(x, 0.0, 1.0)),
        lambda x: np.sqrt(np.maximum(x, 0.0)),
        lambda x: np.sqrt(-np.minimum(-x, 0.0)) - np.sqrt(-np.minimum(0.0, -x)),
        lambda x: np.where(x > 0, 1.0, 2.0) * np.sqrt(np.where(x > 0, x, 0.0)),
    ):
        assert gad.grad(f)(-1.0) == 0.0
    assert gad.jvp(lambda x: np.where(x > 0, np.sqrt(x), x), (0.0,), (1.0,))[1] == 1.0
    assert gad.jvp(lambda x: np.maximum(np.sqrt(x), 1 + x), (0.0,), (1.0,))[1] == 1.0
    assert gad.jvp(lambda x: np.clip(np.sqrt(x), 0.5, 2.0), (0.0,), (1.0,))[1] == 0.0


def test_where_takes_three_arguments_of_every_kind() -> None:
    x = np.array([[-1.0, 2.0, 3.0], [0.5, -2.0, 1.0]])
    for f in (
        lambda x: np.where(x > 0, x, 0.5 * x),
        lambda x: np.where(x > 0, x * x, np.array([1.0, 2.0, 3.0])),
        lambda x: np.where(np.array([True, False, True]), 1.0, x),
        lambda x: np.where(True, x, 0),
        lambda x: np.where([[True], [False]], x, np.sin(x)),
    ):
        np.testing.assert_array_equal(value(f, x), f(x))
        np.testing.assert_allclose(gad.elementwise_grad(f)(x), _kept(x, f, 1e-6), rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(gad.jacobian(f, mode="fwd")(x), gad.jacobian(f, mode="rev")(x))
    slopes = gad.grad(lambda a, b: np.sum(np.where(x > 0, a, b)), (0, 1))(1.0, 2.0)
    assert slopes == (4.0, 2.0)
    assert value(lambda x: np.where(x > 0, x, 0), np.float32(2)).dtype == np.float32


def test_where_with_one_argument_says_why_not() -> None:
    with pytest.raises(gad.UnsupportedError, match=r"no fixed shape.*x\[condition\]"):
        gad.grad(lambda x: np.sum(x[np.where(x > 0)]))(np.ones(3))


# -- what has no rule ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.sin(x, where=np.array([True, False])), r"np.sin\(..., where=...\).*np.where\(mask, np.sin\(x\)"),
        (lambda x: np.exp(x, dtype=np.float32), r"np.exp\(..., dtype=...\).*astype"),
        (lambda x: np.add(x, x, casting="unsafe"), r"np.add\(..., casting=...\)"),
        (lambda x: np.maximum(x, 0, where=x > 0), r"np.maximum\(..., where=...\)"),
        (lambda x: np.power(x, 2, dtype=np.float32), r"np.power\(..., dtype=...\)"),
        (lambda x: np.clip(x, 0, 1, dtype=np.float32), r"np.clip\(..., dtype=...\)"),
        (lambda x: np.isnan(x, where=x > 0), r"np.isnan\(..., where=...\)"),
        (lambda x: np.less(x, 1, dtype=bool), r"np.less\(..., dtype=...\)"),
        (lambda x: np.sin(x, out=np.zeros(2)), r"out=...\) would write"),
        (lambda x: np.clip(x, 0, 1, np.zeros(2)), r"out=...\) would write"),
        (lambda x: np.clip(x, 0, 1, min=0), "not as both"),
    ],
)
def test_keyword_arguments_of_ufuncs_are_named(call, words) -> None:
    with pytest.raises(gad.GraphvizADError, match=words):
        gad.trace(lambda x: np.sum(call(x) * 1.0), np.ones(2))


def test_keyword_arguments_at_their_defaults_pass() -> None:
    f = np.sin
    assert gad.grad(lambda x: f(x, where=True, casting="same_kind", dtype=None, out=None))(1.0) == math.cos(1.0)
