"""Checks a NumPy function that moves elements: values, types, and derivatives of every order and mode, many at once."""

from __future__ import annotations

import itertools

import numpy as np

import graphviz_ad as gad
from tests.primitives.derivatives import central, check


def check_moves(f, *args):
    """``f`` of the squares, so that there is something to differentiate twice; and f itself in float32."""

    def squared(*xs):
        return f(*(x * x for x in xs))

    check(squared, *args)
    for argnum, outer, inner in itertools.product(range(len(args)), ("rev", "fwd"), ("rev", "fwd")):
        first = gad.jacobian(squared, argnum, mode=inner)
        found = gad.jacobian(first, argnum, mode=outer)(*args)

        def along(v, argnum=argnum, first=first):
            return first(*args[:argnum], v, *args[argnum + 1 :])

        np.testing.assert_allclose(
            found, central(along, args[argnum]), rtol=1e-5, atol=1e-6, err_msg=f"argument {argnum}, {outer} of {inner}"
        )
    check_types(f, *args)


def check_types(f, *args):
    """The value is NumPy's in float32 too, and neither derivative leaves float32."""
    args = tuple(np.float32(x) for x in args)
    value, pullback = gad.vjp(f, *args)
    wanted = f(*args)
    assert type(value) is type(wanted)
    np.testing.assert_array_equal(value, wanted)
    assert value.dtype == wanted.dtype
    for x, gradient in zip(args, pullback(np.ones_like(wanted)), strict=True):
        assert (gradient.dtype, gradient.shape) == (np.float32, x.shape)
    _, tangent = gad.jvp(f, args, tuple(np.ones_like(x)[()] for x in args))
    assert (tangent.dtype, tangent.shape) == (wanted.dtype, wanted.shape)
