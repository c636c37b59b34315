"""linspace, logspace, geomspace with traced ends: NumPy's values for every form, and derivatives to second order."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.primitives.moves import check_types

FORMS = [{}, {"num": 4}, {"num": 5, "endpoint": False}, {"num": 1}, {"num": 0}, {"num": 3, "axis": -1}]
A, B = np.array([[1.5, 0.5], [2.0, 3.0]]), np.array([4.0, 0.7])


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("name", ["linspace", "logspace", "geomspace"])
def test_forms(name, form) -> None:
    f = getattr(np, name)
    second = form.get("num", 50) < 50
    check(lambda a, b: f(a, b, **form), np.float64(1.5), np.float64(0.25), second=second, rtol=1e-5)
    check(lambda a: f(a, 2, **form), np.float64(1.5), second=second, rtol=1e-5)
    check(lambda b: f(1, b, **form), np.float64(1.5), second=second, rtol=1e-5)
    check(lambda a: f(a, a, **form), np.float64(1.5), second=second, rtol=1e-5)
    if second:
        check(lambda a, b: f(a, b, **form), A, B, rtol=1e-5)
        check(lambda a, b: f(a, b, **form), B, A, rtol=1e-5)
    if name != "geomspace":
        check_types(lambda a, b: f(a, b, **form), A, B)


def test_python_floats() -> None:
    for name in ("linspace", "logspace", "geomspace"):
        f = getattr(np, name)
        graph = gad.trace(lambda a, b, f=f: f(a, b, 4), 1.5, 2.5)
        np.testing.assert_array_equal(graph.outputs[0].value, f(1.5, 2.5, 4))
        assert isinstance(gad.grad(lambda a, f=f: f(a, 2.5, 4)[1])(1.5), float)


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("num", [1, 4])
def test_step(num, endpoint) -> None:
    wanted = np.linspace(1.5, 4.0, num, endpoint, True)
    got, _ = gad.vjp(lambda a: np.linspace(a, 4.0, num, endpoint, True), 1.5)
    np.testing.assert_array_equal(got[0], wanted[0])
    np.testing.assert_array_equal(got[1], wanted[1])
    if num - endpoint:
        check(lambda a, b: np.linspace(a, b, num, endpoint, True)[1], np.float64(1.5), np.float64(4.0))


@pytest.mark.parametrize("base", [2.0, np.array([2.0, 3.0]), 10])
def test_base_of_logspace(base) -> None:
    check(lambda a, b: np.logspace(a, b, 3, base=base), A, B, rtol=1e-5)
    check(lambda a, b: np.logspace(a, b, 3, base=base, axis=1), A, B, rtol=1e-5)
    check(lambda base: np.logspace(0.5, 2.0, 3, base=base), np.asarray(base, float)[()], rtol=1e-5)


def test_negative_ends_of_geomspace() -> None:
    check(lambda a, b: np.geomspace(a, b, 4), np.float64(-1.5), np.float64(-0.2), rtol=1e-5)
    with pytest.raises(ValueError, match="zero"):
        gad.jacobian(lambda a: np.geomspace(a, 0.0, 3))(1.0)


def test_geomspace_of_float32_is_float64_as_in_numpy() -> None:
    value, pullback = gad.vjp(lambda a: np.geomspace(a, np.float32(2), 3), np.float32(1.5))
    assert value.dtype == np.geomspace(np.float32(1.5), np.float32(2), 3).dtype
    assert pullback(np.ones_like(value))[0].dtype == np.float32


def test_refused() -> None:
    for name in ("linspace", "logspace", "geomspace"):
        with pytest.raises(gad.UnsupportedError, match="dtype"):
            gad.jacobian(lambda a, name=name: getattr(np, name)(a, 9.0, 3, dtype=int))(1.0)
    with pytest.raises(ValueError, match="non-negative"):
        gad.jacobian(lambda a: np.linspace(a, 9.0, -3))(1.0)
