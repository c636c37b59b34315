"""Parts of floating-point numbers, families of derivatives, steps and replacements, against NumPy, torch and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special

import graphviz_ad as gad
from graphviz_ad.primitives.families import _bessel, _sinc_derivative
from tests.primitives.derivatives import check
from tests.torched import torch

X = np.array([[-2.5, -0.3, 0.8], [1.25, 3.1, -8.1]])
Y = np.array([0.5, -2.0, 1.5])
FORMS = (X, X.astype(np.float32), X[:, ::-1].T, np.float64(0.3), np.float32(-1.3), np.array(0.25), X[:0], 1.5)


def same(found, wanted) -> None:
    np.testing.assert_array_equal(found, wanted)
    assert np.asarray(found).dtype == np.asarray(wanted).dtype
    assert np.shape(found) == np.shape(wanted)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))


# -- parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", FORMS, ids=range(len(FORMS)))
def test_values_of_both_results(x) -> None:
    for function in (np.modf, np.frexp, lambda x: np.divmod(x, 0.7), lambda x: divmod(x, 0.7)):
        found = []
        gad.vjp(lambda x, function=function, found=found: (found.append(function(x)), np.sum(x))[1], x)
        for ours, theirs in zip(found[0], function(x), strict=True):
            same(ours.value, theirs)


@pytest.mark.parametrize("x", FORMS, ids=range(len(FORMS)))
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.copysign(x, -1.0),
        lambda x: np.nextafter(x, 9.0),
        lambda x: np.ldexp(x, 3),
        lambda x: np.fmod(x, 0.7),
        lambda x: np.fmod(7, x),
        lambda x: np.fabs(x),
        lambda x: np.heaviside(x, 0.5),
        lambda x: np.float_power(np.abs(x), 1.5),
        lambda x: np.float_power(2, x),
        lambda x: np.sinc(x),
        lambda x: np.nan_to_num(x),
        lambda x: np.fmax(x, 0.5),
        lambda x: np.logaddexp2(x, 1),
    ],
)
def test_values(f, x) -> None:
    same(gad.vjp(lambda x: f(x) * 1, x)[0], f(x) * 1)


def test_i0_is_numpys_number_in_the_dtype_of_its_input() -> None:
    for x in FORMS:
        same(gad.vjp(np.i0, x)[0], np.i0(x)[()])


def test_derivatives_of_parts() -> None:
    for f in (
        lambda x: np.modf(x)[0] * x,
        lambda x: np.modf(x)[1] * x,
        lambda x: np.frexp(x)[0] * x,
        lambda x: np.ldexp(np.frexp(x)[0], np.frexp(x)[1] + 1),
        lambda x: np.divmod(x, 0.7)[1] * x + np.divmod(x, 0.7)[0],
        lambda x: np.divmod(7.3, x)[1] * x,
        lambda x: np.copysign(x, Y) * x,
        lambda x: np.copysign(Y, x) * x,
        lambda x: np.nextafter(x, Y) ** 2,
        lambda x: np.ldexp(x, np.array([1, -2, 0])) ** 2,
        lambda x: np.ldexp(x, np.floor(x).astype(int)),
        lambda x: np.spacing(x) + x**2,
        lambda x: np.fabs(x) * x,
        lambda x: np.fmod(x, 0.7) * x,
        lambda x: np.fmod(7.3, x) * x,
    ):
        check(f, X)


def test_traced_frexp_replays() -> None:
    graph = gad.trace(lambda x: np.ldexp(*np.frexp(x)) + np.spacing(x), 0.7)
    assert graph.evaluate(x=1234.5).outputs[0].value == 1234.5 + np.spacing(1234.5)


def test_the_rest_of_a_division_belongs_to_numpys_own_quotient() -> None:
    x, y = 1.0, 0.1  # 1.0 is 9 × 0.1 and a rest, though 1.0 / 0.1 rounds to 10
    assert gad.grad(np.fmod, 1)(x, y) == -9.0
    assert gad.grad(np.fmod, (0, 1))(-7.5, 2.0) == (1.0, 3.0)
    assert gad.grad(np.fmod, 1)(3.0, np.inf) == 0.0
    for a in np.random.default_rng(0).uniform(-50, 50, 300):
        ours = gad.grad(np.fmod, (0, 1))(a, 0.37)
        t = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (a, 0.37)]
        torch.fmod(*t).backward()
        assert ours == tuple(float(v.grad) for v in t)


# -- kinks --------------------------------------------------------------------------------------


def test_larger_and_smaller_of_what_is_no_nan() -> None:
    pairs = [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (np.nan, 2.0), (2.0, np.nan)]
    for a, b in pairs:
        for ours, theirs in ((np.fmax, torch.fmax), (np.fmin, torch.fmin)):
            t = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (a, b)]
            theirs(*t).backward()
            wanted = (0.5, 0.5) if a == b else tuple(float(v.grad) for v in t)  # torch gives a tie to the first
            assert gad.grad(ours, (0, 1))(a, b) == wanted
            assert tuple(gad.jacobian(ours, (0, 1), mode="fwd")(a, b)) == wanted
    assert gad.grad(lambda x: np.fmax(x, 0.0))(0.0) == 0.0  # ReLU′(0), as np.maximum
    assert gad.grad(lambda x: np.fmax(x, 0.0))(np.nan) == 0.0
    assert gad.grad(lambda x: np.sqrt(np.fmax(x, 0.25)))(-1.0) == 0.0


def test_the_step_by_its_value_at_zero() -> None:
    x = np.array([-1.0, 0.0, 0.0, 2.0, np.nan])
    slope = gad.grad(lambda h: np.sum(np.heaviside(x, h) * np.arange(5.0)[:, None].T))(np.full(5, 0.5))
    np.testing.assert_array_equal(slope, [0, 1, 2, 0, 0])
    np.testing.assert_array_equal(gad.grad(lambda x: np.sum(np.heaviside(x, 0.5) + x))(x), np.ones(5))
    np.testing.assert_array_equal(gad.jvp(lambda h: np.heaviside(x, h), (0.5,), (2.0,))[1], [0, 2, 2, 0, 0])


@pytest.mark.parametrize("options", [{}, {"nan": 1.5}, {"nan": 2, "posinf": 3.0, "neginf": -3.0}, {"copy": True}])
def test_nan_to_num(options) -> None:
    x = np.array([1.0, np.nan, np.inf, -np.inf, -2.0])
    for array in (x, x.astype(np.float32)):
        same(gad.vjp(lambda x: np.nan_to_num(x, **options), array)[0], np.nan_to_num(array, **options))
    t = torch.tensor(x, requires_grad=True)
    torch.nan_to_num(t).square().sum().backward()
    for mode in ("rev", "fwd"):
        slope = gad.jacobian(lambda x: np.sum(np.nan_to_num(x, posinf=0.0, neginf=0.0) ** 2), mode=mode)(x)
        np.testing.assert_array_equal(slope, [2, 0, 0, 0, -4])
        np.testing.assert_array_equal(slope, np.where(np.isfinite(x), t.grad.numpy(), 0))


def test_nan_to_num_refuses_what_it_cannot_do() -> None:
    with pytest.raises(gad.UnsupportedError, match=r"copy=.*in place: write x = np.nan_to_num\(x\)"):
        gad.grad(lambda x: np.nan_to_num(x, copy=False))(1.0)
    with pytest.raises(gad.UnsupportedError, match=r"nan=.*np.where\(np.isnan\(x\), value, x\)"):
        gad.grad(lambda x: np.nan_to_num(x, nan=x))(1.0)


# -- float_power --------------------------------------------------------------------------------


def test_float_power_is_power_in_float64() -> None:
    x, y = np.array([0.5, 2.0], np.float32), np.array([2.0, -1.5], np.float32)
    value, pullback = gad.vjp(np.float_power, x, y)
    assert value.dtype == np.float64
    assert [slope.dtype for slope in pullback(np.ones(2))] == [np.float32] * 2
    check(np.float_power, x.astype(float), y.astype(float))
    assert gad.grad(lambda x: np.float_power(x, 3))(-2.0) == 12.0
    assert gad.grad(lambda x: np.float_power(x, 0))(0.0) == 0.0


# -- families -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", range(1, 9))
def test_every_derivative_of_sinc_against_its_integral(order) -> None:
    """sin(u)/u is the integral of cos(ut) over t from 0 to 1, so its derivatives are integrals as well."""
    points, weights = np.polynomial.legendre.leggauss(200)
    t, weights = (points + 1) / 2, weights / 2
    for x in (0.0, 1e-9, -1e-4, 0.3, 0.954, 0.956, -1.0, 1.5, 3.3, 12.0):
        u = math.pi * x
        wanted = np.sum(weights * t**order * np.cos(u * t + order * math.pi / 2))
        np.testing.assert_allclose(_sinc_derivative(x, order), wanted, rtol=1e-12, atol=2e-14)
    assert _sinc_derivative(np.float32([0.3, 5.0]), order).dtype == np.float32


@pytest.mark.parametrize("order", range(1, 6))
def test_every_bessel_function_against_scipy(order) -> None:
    x = np.array([0.0, -1e-3, 0.5, 5.0, -30.0, 700.0])
    np.testing.assert_allclose(_bessel(x, order), scipy.special.iv(order, x), rtol=1e-13)
    np.testing.assert_array_equal(_bessel(np.array([800.0, np.inf, np.nan]), order), [np.inf, np.inf, np.nan])
    assert _bessel(np.float32(0.3), order).dtype == np.float32


def test_sinc_and_i0_to_fourth_order_also_at_zero() -> None:
    f, g = np.sinc, np.i0
    for wanted_sinc, wanted_i0 in ((0, 0), (-(math.pi**2) / 3, 0.5), (0, 0), (math.pi**4 / 5, 3 / 8)):
        f, g = gad.grad(f), gad.grad(g)
        for x in (0.0, 1e-9):
            np.testing.assert_allclose(f(x), wanted_sinc, rtol=1e-12, atol=1e-6)
            np.testing.assert_allclose(g(x), wanted_i0, rtol=1e-12, atol=1e-6)
    check(np.sinc, np.array([-1.7, 0.0, 0.3, 1.0]))
    check(np.i0, np.array([-1.7, 0.0, 0.3, 5.0]))
    assert abs(gad.grad(np.sinc)(1e-8) / (-(math.pi**2) * 1e-8 / 3) - 1) < 1e-12
    for x in (0.3, 2.5, -4.1):
        t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        (torch.sinc(t) + torch.i0(t)).backward()
        assert gad.grad(lambda x: np.sinc(x) + np.i0(x))(x) == pytest.approx(float(t.grad), rel=1e-12)
