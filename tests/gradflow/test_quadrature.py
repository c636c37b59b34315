"""Averages over the normal distribution against SciPy's adaptive quadrature, also at kinks and extreme widths."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.gradflow.activations import FUNCTIONS, resolve
from graphviz_ad.gradflow.quadrature import gaussian_mean
from graphviz_ad.gradflow.roots import root

integrate = pytest.importorskip("scipy.integrate")
DENSITY = 1 / math.sqrt(2 * math.pi)


def by_scipy(f: Callable[[Any], Any], std: float, points: tuple[float, ...] = ()) -> float:
    """E[f(std z)], panel by panel, by another program."""
    ends = sorted({-12.0, *range(-6, 7), 12.0, *(point / std for point in points if abs(point) < 12 * std)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it comes to rounding
        return math.fsum(
            integrate.quad(
                lambda z: float(f(np.array([std * z]))[0]) * DENSITY * math.exp(-z * z / 2),
                a, b, epsabs=1e-14, epsrel=1e-12, limit=200,
            )[0]
            for a, b in itertools.pairwise(ends)
        )  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("std", [0.01, 0.7, 1.0, 5.0])
def test_both_averages_of_every_activation(name: str, std: float) -> None:
    phi = resolve(name)
    slope = gad.elementwise_grad(FUNCTIONS[name])
    for f in (lambda h: phi.function(h) ** 2, lambda h: slope(h) ** 2):
        assert gaussian_mean(f, std, phi.kinks) == pytest.approx(by_scipy(f, std, phi.kinks), rel=1e-10)


@pytest.mark.parametrize(
    ("f", "mean"),
    [
        (lambda h: h**2, 1.0),
        (lambda h: h**8, 105.0),
        (np.cos, math.exp(-0.5)),
        (np.exp, math.exp(0.5)),
        (np.abs, math.sqrt(2 / math.pi)),
        (lambda h: np.maximum(h, 0) ** 2, 0.5),
        (lambda h: 1.0 * (h > 0.3), 0.5 * math.erfc(0.3 / math.sqrt(2))),  # a jump that nobody told
        (lambda h: np.abs(h - 1 / 3), 2 * DENSITY * math.exp(-1 / 18) + math.erf(1 / 3 / math.sqrt(2)) / 3),
    ],
)
def test_means_in_closed_form(f: Callable[[Any], Any], mean: float) -> None:
    assert gaussian_mean(f) == pytest.approx(mean, rel=1e-13)


def test_the_kink_that_gauss_hermite_gets_wrong() -> None:
    """180 nodes of the usual rule give 1.0660 for SELU; what is right is 1.0716."""
    phi = resolve("selu")
    nodes, weights = np.polynomial.hermite_e.hermegauss(180)
    usual = np.sum(weights * phi.derivative(nodes) ** 2) / np.sum(weights)
    assert usual == pytest.approx(1.0660, abs=5e-5)
    assert gaussian_mean(lambda h: phi.derivative(h) ** 2, 1.0, phi.kinks) == pytest.approx(1.07157, abs=5e-6)


def test_half_is_half_to_the_last_bit() -> None:
    for std in (1e-14, 0.3, 1.0, 77.0, 1e14):
        assert gaussian_mean(lambda h: 1.0 * (h > 0), std) == 0.5


@pytest.mark.parametrize("std", [1e2, 1e4, 1e6, 1e12])
def test_a_spike_of_width_one_is_found_under_a_wide_distribution(std: float) -> None:
    """E[tanh′(std z)²] → (4/3) density(0)/std."""
    mean = gaussian_mean(lambda h: (1 - np.tanh(h) ** 2) ** 2, std)
    assert mean == pytest.approx(4 / 3 * DENSITY / std, rel=1 / std**2 + 1e-12)


def test_fast_oscillations() -> None:
    assert gaussian_mean(lambda h: np.sin(h) ** 2, 100.0) == pytest.approx(0.5, abs=1e-12)


def test_edges_of_the_floats() -> None:
    assert gaussian_mean(lambda h: h + 3.0, 0.0) == 3.0
    assert gaussian_mean(lambda h: np.exp(h**2), 100.0) == math.inf
    assert math.isnan(gaussian_mean(lambda h: h * math.nan))


@pytest.mark.parametrize("std", [-1.0, math.nan, math.inf])
def test_a_standard_deviation_is_finite_and_not_negative(std: float) -> None:
    with pytest.raises(gad.ArgumentError, match="std="):
        gaussian_mean(np.cos, std)


@pytest.mark.parametrize(
    ("f", "a", "b", "where"),
    [
        (math.cos, 0.0, 3.0, math.pi / 2),
        (lambda x: x**3 - 2, 0.0, 1e6, 2 ** (1 / 3)),
        (lambda x: math.copysign(1.0, x - 0.7), 0.0, 1.0, 0.7),
        (lambda x: x - 2, 5.0, 2.0, 2.0),
        (lambda x: x - 5, 5.0, 2.0, 5.0),
        (lambda x: 1e-300 * (x - 0.25), 0.0, 1.0, 0.25),
        (lambda x: 1e200 * (x - 0.3), 0.0, 1.0, 0.3),
    ],
)
def test_roots(f: Callable[[float], float], a: float, b: float, where: float) -> None:
    assert root(f, a, b) == pytest.approx(where, rel=1e-14)


def test_a_root_must_be_enclosed() -> None:
    with pytest.raises(ValueError, match="enclose"):
        root(lambda x: x * x + 1, -1.0, 2.0)
