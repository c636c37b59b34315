"""Checks of derivatives: a NumPy function's in both modes and to second order, and one node's rules by themselves."""

from __future__ import annotations

import numpy as np

import graphviz_ad as gad
from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.traced import Traced, apply, dtype_of, is_floating, value_of


def is_number(x):
    """Whether an adjoint can be sent to a value: a float, or complex."""
    return is_floating(x) or is_complex(x)


def random_like(rng, value, lead=()):
    """Random numbers of a value's shape, behind ``lead``: complex ones for a complex value."""
    shape = lead + np.shape(value)
    found = rng.normal(size=shape)
    return (found + 1j * rng.normal(size=shape) if is_complex(value) else found)[()]


def inner(a, b):
    """The inner product that adjoints and tangents have: of complex numbers that of their two parts."""
    return np.sum(np.real(np.conj(a) * b))


def record(primitive, inputs, params):
    """The node of a primitive whose float and complex inputs are all inputs of a graph."""
    leaves = (
        Traced(x, None, (), {"role": "input"}, None) if is_number(x) and type(x) is not Traced else x for x in inputs
    )
    return apply(primitive, tuple(leaves), params)


def _is_single(value):
    return np.finfo(dtype_of(value)).dtype == np.float32


def check_no_promotion(node):
    """No rule of a float32 node gives float64; the sweep casts at the end, which would hide it."""
    assert _is_single(node.value)
    primitive = node.primitive
    inputs = tuple(value_of(item) for item in node.inputs)
    for argnum, x in enumerate(inputs):
        if not sweep.active_edge(node, argnum):
            continue
        message = f"{primitive.name}, argument {argnum}"
        with np.errstate(all="ignore"):
            sent = sweep.unsummed_contribution(node, argnum, np.ones(node.shape, node.dtype)[()])
            assert _is_single(sent), message
            if primitive.jvps:  # otherwise the same partial derivative serves both modes
                tangent = np.ones(np.shape(x), dtype_of(x))[()]
                sent = primitive.jvp(argnum, tangent, node.value, inputs, node.params)
                assert _is_single(sent), message


def central(f, x, step=1e-6):
    """The Jacobian of f at x by central differences, of shape output + input."""
    x = np.asarray(x, dtype=float)
    columns = []
    for place in np.ndindex(x.shape):
        change = np.zeros(x.shape)
        change[place] = step
        columns.append((np.asarray(f((x + change)[()])) - np.asarray(f((x - change)[()]))) / (2 * step))
    shape = np.shape(f(x[()]))
    return np.stack(columns, axis=-1).reshape(shape + x.shape) if columns else np.zeros(shape + x.shape)


def check(f, *args, rtol=1e-6, atol=1e-7, second=True):
    """Every float argument: rows by reverse mode, columns by forward mode, then each mode of each mode."""
    value = f(*args)
    traced, _ = gad.vjp(f, *args)
    np.testing.assert_array_equal(traced, value)
    assert np.asarray(traced).dtype == np.asarray(value).dtype
    weights = np.random.default_rng(5).normal(size=np.shape(value))
    for argnum, x in enumerate(args):
        if np.asarray(x).dtype.kind != "f":
            continue

        def along(v, argnum=argnum):
            return f(*args[:argnum], v, *args[argnum + 1 :])

        wanted = central(along, x)
        for mode in ("rev", "fwd"):
            found = gad.jacobian(f, argnum, mode=mode)(*args)
            np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol, err_msg=f"argument {argnum}, {mode}")
        if not second:
            continue
        direction = np.random.default_rng(6).normal(size=np.shape(x))[()]
        pulled = gad.grad(lambda v, along=along: np.sum(weights * along(v)))

        def pushed(v, along=along, direction=direction):
            return gad.jvp(along, (v,), (direction,))[1]

        for mode, derivative in (("rev", pulled), ("fwd", pulled), ("rev", pushed), ("fwd", pushed)):
            found = gad.jacobian(derivative, mode=mode)(x)
            message = f"argument {argnum}, {mode} of {'pulled' if derivative is pulled else 'pushed'}"
            np.testing.assert_allclose(found, central(derivative, x), rtol=10 * rtol, atol=10 * atol, err_msg=message)
