"""Walks the registry: every primitive's rules against central differences, in both modes, to second order."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.primitive import REGISTRY, Primitive
from graphviz_ad.core.traced import Traced, dtype_of, replay_value, value_of
from graphviz_ad.errors import ArgumentError
from tests.primitives.derivatives import check_no_promotion, inner, is_number, random_like, record

DIFFERENTIABLE = [p for p in REGISTRY.values() if p.kind not in ("plain", "cut") and p.name not in ("alias", "astype")]
CASES = [
    pytest.param(primitive, number, id=f"{primitive.name}-{number}")
    for primitive in DIFFERENTIABLE
    for number in range(len(primitive.sample(np.random.default_rng(0))) if primitive.sample else 1)
]


def case(primitive: Primitive, number: int) -> tuple[tuple, dict]:
    assert primitive.sample is not None, f"{primitive.name} has no sample inputs: every entry needs some"
    return primitive.sample(np.random.default_rng(7))[number]


def active(primitive: Primitive, inputs: tuple) -> list[int]:
    return [i for i, x in enumerate(inputs) if is_number(x) and primitive.active(i)]


def central(f, x, direction, h=1e-6):
    return (np.asarray(f(x + h * direction)) - np.asarray(f(x - h * direction))) / (2 * h)


# -- the checks: functions of a primitive and its inputs, which a wrong primitive fails ---------


def check_both_modes(primitive: Primitive, inputs: tuple, params: dict) -> None:
    """JVP against central differences, VJP against JVP."""
    node = record(primitive, inputs, params)
    rng = np.random.default_rng(1)
    tested = 0
    for argnum in active(primitive, inputs):
        x = np.asarray(inputs[argnum])
        direction = random_like(rng, x)
        adjoint = random_like(rng, node.value)

        def f(value, argnum=argnum):
            return primitive.compute(*inputs[:argnum], value, *inputs[argnum + 1 :], **params)

        pushed = np.asarray(sweep.push(node, argnum, direction))
        pulled = np.asarray(sweep.contribution(node, argnum, adjoint))
        assert pulled.shape == x.shape
        assert pushed.shape == node.shape
        np.testing.assert_allclose(pushed, central(f, x[()], direction), rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(inner(adjoint, pushed), inner(pulled, direction), rtol=1e-9, atol=1e-12)
        tested += 1
    assert tested


def check_second_order(primitive: Primitive, inputs: tuple, params: dict, *, pulled: bool) -> None:
    """A rule, traced, has the derivative that central differences of the rule on numbers give."""
    rng = np.random.default_rng(2)
    along_edge = sweep.contribution if pulled else sweep.push
    node = record(primitive, inputs, params)
    for argnum in active(primitive, inputs):
        ends = (node, node.inputs[argnum]) if pulled else (node.inputs[argnum], node)
        direction, weights = (random_like(rng, end.value) for end in ends)
        for other in active(primitive, inputs):

            def first(value, argnum=argnum, other=other, direction=direction, weights=weights):
                made = record(primitive, (*inputs[:other], value, *inputs[other + 1 :]), params)
                return inner(weights, along_edge(made, argnum, direction, traced=type(value) is Traced))

            x = np.asarray(inputs[other])[()]
            if not np.size(x):
                continue
            # the rule of a linear primitive does not depend on v at all
            if is_complex(x):
                pulled_back = gad.grad(lambda a, b, first=first: first(a + 1j * b) + 0.0 * np.sum(a + b), (0, 1))
                real, imag = pulled_back(np.real(x).copy(), np.imag(x).copy())
                slope = real + 1j * imag
            else:
                slope = gad.grad(lambda v, first=first: first(v) + 0.0 * np.sum(v))(x)
            change = random_like(rng, x)
            np.testing.assert_allclose(inner(slope, change), central(first, x, change), rtol=1e-5, atol=1e-7)


def check_many_seeds(primitive: Primitive, inputs: tuple, params: dict) -> None:
    """Many seeds on a leading axis, in numbers and as nodes, are the seeds one by one."""
    node = record(primitive, inputs, params)
    rng = np.random.default_rng(4)
    for argnum in active(primitive, inputs):
        shape = np.shape(inputs[argnum])
        adjoints = random_like(rng, node.value, (3,))
        tangents = random_like(rng, inputs[argnum], (3,))
        for traced in (False, True):
            pulled = value_of(sweep.contribution(node, argnum, adjoints, traced=traced, batched=True))
            pushed = value_of(sweep.push(node, argnum, tangents, traced=traced, batched=True))
            assert pulled.shape == (3, *shape)
            assert pushed.shape == (3, *node.shape)
            for k in range(3):
                one_adjoint, one_tangent = adjoints[k][()], tangents[k][()]
                np.testing.assert_allclose(
                    pulled[k], sweep.contribution(node, argnum, one_adjoint), rtol=1e-10, atol=1e-12
                )
                np.testing.assert_allclose(pushed[k], sweep.push(node, argnum, one_tangent), rtol=1e-10, atol=1e-12)


CHECKS = {
    "both modes": check_both_modes,
    "second order of the VJP": functools.partial(check_second_order, pulled=True),
    "second order of the JVP": functools.partial(check_second_order, pulled=False),
    "many seeds": check_many_seeds,
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(("primitive", "number"), CASES)
def test_rules(primitive: Primitive, number: int, check: str) -> None:
    CHECKS[check](primitive, *case(primitive, number))


@pytest.mark.parametrize(("primitive", "number"), CASES)
def test_replay_is_the_record(primitive: Primitive, number: int) -> None:
    inputs, params = case(primitive, number)
    node = record(primitive, inputs, params)
    again = replay_value(node, list(inputs))
    assert type(again) is type(node.value)
    np.testing.assert_array_equal(again, node.value)


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=lambda p: p.name)
def test_float32_stays_float32(primitive: Primitive) -> None:
    for number in range(len(primitive.sample(np.random.default_rng(0)))):
        inputs, params = case(primitive, number)
        small = tuple(np.asarray(x, "F" if is_complex(x) else "f")[()] if is_number(x) else x for x in inputs)
        if "dtype" in params and params["dtype"] is not None:
            continue  # it asks for another dtype
        node = record(primitive, small, params)
        if any(dtype_of(x).kind in "iu" and np.ndim(x) for x in small):
            continue  # NumPy takes an array of ints and one of float32 to float64
        if primitive.name in ("interp", "geomspace") or np.ndim(params.get("q", 0.0)):
            continue  # NumPy computes these in float64, and several quantiles in the dtype of the q
        if primitive.name in ("float_power", "gammainc", "gammaincc"):
            continue  # NumPy and SciPy compute these in float64
        check_no_promotion(node)


@pytest.mark.parametrize(("primitive", "number"), CASES)
def test_the_local_derivative_is_the_rule(primitive: Primitive, number: int) -> None:
    inputs, params = case(primitive, number)
    node = record(primitive, inputs, params)
    for argnum in active(primitive, inputs):
        local = sweep.local_derivative(node, argnum)
        target = node.inputs[argnum]
        if primitive.kind == "elementwise":
            assert np.shape(local) == node.shape
            tangent = np.random.default_rng(3).normal(size=target.shape)[()]
            np.testing.assert_allclose(local * tangent, sweep.push(node, argnum, tangent), rtol=1e-12)
        else:
            assert local.shape == node.shape + target.shape
            if not local.holomorphic and target.size:
                with pytest.raises(ArgumentError, match="no complex derivative"):
                    local.dense()
                continue
            dense = local.dense()
            adjoint = random_like(np.random.default_rng(3), node.value)
            axes = node.value.ndim if hasattr(node.value, "ndim") else 0
            pulled = np.tensordot(adjoint, np.conj(dense), axes)
            pulled = pulled if is_complex(target.value) else np.real(pulled)
            np.testing.assert_allclose(pulled, local.vjp(adjoint), rtol=1e-9, atol=1e-12)


# -- the checks can fail ------------------------------------------------------------------------


def _wrong(compute, kind, *partials, vjp=None, jvp=None) -> Primitive:
    """A primitive outside the registry."""
    rules = {} if partials else {"vjps": (vjp,), "jvps": (jvp,)}
    return Primitive(compute.__name__, compute.__name__, compute, kind, partials, batched=True, **rules)


def _running(direction, out, x):
    return np.cumsum(direction, axis=-1)


def _running_back(direction, out, x):
    return np.flip(np.cumsum(np.flip(direction, -1), axis=-1), -1)


def _doubled(direction, out, x):
    return direction * 2 * x


def _doubled_by_a_constant(direction, out, x):
    return direction * 2 * value_of(x)


def _doubled_in_float64(direction, out, x):
    return direction * 2 * x.astype(np.float64)


def _flipped_seeds(direction, out, x):
    return np.flip(direction, 0)


WRONG = {
    "flipped sign": (_wrong(np.sin, "elementwise", lambda out, x: -np.cos(x)), {"both modes"}),
    "vjp of a linear map": (_wrong(np.cumsum, "linear", vjp=_running, jvp=_running), {"both modes"}),
    "jvp of a linear map": (_wrong(np.cumsum, "linear", vjp=_running_back, jvp=_running_back), {"both modes"}),
    "constant partial": (
        _wrong(np.square, "elementwise", lambda out, x: 2 * value_of(x)),
        {"second order of the VJP", "second order of the JVP"},
    ),
    "constant in the vjp": (
        _wrong(np.square, "general", vjp=_doubled_by_a_constant, jvp=_doubled),
        {"second order of the VJP"},
    ),
    "constant in the jvp": (
        _wrong(np.square, "general", vjp=_doubled, jvp=_doubled_by_a_constant),
        {"second order of the JVP"},
    ),
    "axis of the seeds": (_wrong(np.flip, "linear", vjp=_flipped_seeds, jvp=_flipped_seeds), {"many seeds"}),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_found_by_the_check_that_is_for_it(name: str) -> None:
    """And by no other, so each check is needed."""
    primitive, meant = WRONG[name]
    found = set()
    for check, run in CHECKS.items():
        try:
            run(primitive, (np.array([0.3, -0.7, 1.1]),), {})
        except AssertionError:
            found.add(check)
    assert found == meant


@pytest.mark.parametrize(("vjp", "jvp"), [(_doubled_in_float64, _doubled), (_doubled, _doubled_in_float64)])
def test_a_rule_in_float64_is_found(vjp, jvp) -> None:
    inputs = (np.ones(3, np.float32),)
    check_no_promotion(record(_wrong(np.square, "general", vjp=_doubled, jvp=_doubled), inputs, {}))
    with pytest.raises(AssertionError):
        check_no_promotion(record(_wrong(np.square, "general", vjp=vjp, jvp=jvp), inputs, {}))
