"""Walks the registry: every primitive's rules against central differences, in both modes, to second order."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core import sweep
from graphviz_ad.core.primitive import REGISTRY, Primitive
from graphviz_ad.core.traced import Traced, apply, dtype_of, is_floating, replay_value, value_of

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
    return [i for i, x in enumerate(inputs) if is_floating(x) and primitive.active(i)]


def record(primitive: Primitive, inputs: tuple, params: dict) -> Traced:
    leaves = tuple(Traced(x, None, (), {"role": "input"}, None) if is_floating(x) else x for x in inputs)
    return apply(primitive, leaves, params)


def central(f, x, direction, h=1e-6):
    return (np.asarray(f(x + h * direction)) - np.asarray(f(x - h * direction))) / (2 * h)


@pytest.mark.parametrize(("primitive", "number"), CASES)
def test_both_modes_against_central_differences(primitive: Primitive, number: int) -> None:
    inputs, params = case(primitive, number)
    node = record(primitive, inputs, params)
    rng = np.random.default_rng(1)
    tested = 0
    for argnum in active(primitive, inputs):
        x = np.asarray(inputs[argnum], dtype=float)
        direction = rng.normal(size=x.shape)[()]
        adjoint = rng.normal(size=node.shape)[()]

        def f(value, argnum=argnum):
            return primitive.compute(*inputs[:argnum], value, *inputs[argnum + 1 :], **params)

        pushed = np.asarray(sweep.push(node, argnum, direction))
        pulled = np.asarray(sweep.contribution(node, argnum, adjoint))
        assert pulled.shape == x.shape
        assert pushed.shape == node.shape
        np.testing.assert_allclose(pushed, central(f, x[()], direction), rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(np.sum(adjoint * pushed), np.sum(pulled * direction), rtol=1e-9, atol=1e-12)
        tested += 1
    assert tested


@pytest.mark.parametrize(("primitive", "number"), CASES)
def test_second_order(primitive: Primitive, number: int) -> None:
    """The rule itself, traced, has the derivative that central differences of the rule give."""
    inputs, params = case(primitive, number)
    node = record(primitive, inputs, params)
    rng = np.random.default_rng(2)
    adjoint = rng.normal(size=node.shape)[()]
    for argnum in active(primitive, inputs):
        weights = rng.normal(size=np.shape(inputs[argnum]))[()]
        for other in active(primitive, inputs):

            def first(value, argnum=argnum, other=other, weights=weights):
                arguments = (*inputs[:other], value, *inputs[other + 1 :])
                if type(value) is Traced:
                    made = apply(primitive, arguments, params)
                    lifted = tuple(made.inputs)
                    sent = primitive.vjp(argnum, adjoint, made, lifted, params)
                else:
                    sent = primitive.vjp(argnum, adjoint, primitive.compute(*arguments, **params), arguments, params)
                sent = sweep.sum_to_shape(sent, np.shape(inputs[argnum]))
                return np.sum(sent * weights)

            x = np.asarray(inputs[other], dtype=float)[()]
            if not np.size(x):
                continue
            result = first(Traced(x, None, (), {"role": "input"}, None))
            slope = gad.grad(lambda v, first=first: first(v) + 0.0 * np.sum(v))(x) if type(result) is Traced else 0 * x
            direction = rng.normal(size=x.shape)[()]
            np.testing.assert_allclose(
                np.sum(slope * direction), central(first, x, direction), rtol=1e-5, atol=1e-7, err_msg=primitive.name
            )


@pytest.mark.parametrize(("primitive", "number"), CASES)
def test_many_seeds_at_once_are_the_seeds_one_by_one(primitive: Primitive, number: int) -> None:
    """On a leading axis, in numbers and as nodes; primitives that cannot are looped over by the sweep."""
    inputs, params = case(primitive, number)
    node = record(primitive, inputs, params)
    rng = np.random.default_rng(4)
    for argnum in active(primitive, inputs):
        shape = np.shape(inputs[argnum])
        adjoints = rng.normal(size=(3, *node.shape))
        tangents = rng.normal(size=(3, *shape))
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
        small = tuple(np.asarray(x, np.float32)[()] if is_floating(x) else x for x in inputs)
        if "dtype" in params and params["dtype"] is not None:
            continue  # it asks for another dtype
        node = record(primitive, small, params)
        if any(dtype_of(x).kind in "iu" and np.ndim(x) for x in small):
            continue  # NumPy takes an array of ints and one of float32 to float64
        assert node.dtype == np.float32
        for argnum in active(primitive, small):
            adjoint = np.ones(node.shape, np.float32)[()]
            unfitted = sweep.unsummed_contribution(node, argnum, adjoint)
            assert dtype_of(unfitted) == np.float32, f"{primitive.name}, argument {argnum}: a float64 sweep"
            assert sweep.push(node, argnum, np.ones(np.shape(small[argnum]), np.float32)[()]).dtype == np.float32


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
            dense = local.dense()
            adjoint = np.random.default_rng(3).normal(size=node.shape)[()]
            axes = node.value.ndim if hasattr(node.value, "ndim") else 0
            np.testing.assert_allclose(np.tensordot(adjoint, dense, axes), local.vjp(adjoint), rtol=1e-9, atol=1e-12)


def test_a_wrong_rule_would_be_found() -> None:
    """The check above can fail: a rule with a flipped sign is caught."""
    node = record(REGISTRY["sin"], (0.7,), {})
    wrong = -np.cos(0.7)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(sweep.push(node, 0, 1.0), wrong, rtol=1e-6)
