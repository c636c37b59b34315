"""One net with all its arrays: the same numbers as the table of its seed, and Jacobians against finite differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import plots, theory

SMALL: dict[str, Any] = {"depth": 5, "width": 12, "batch": 7}


@pytest.mark.parametrize(
    "options",
    [
        {"bias_var": 0.1},
        {"activation": "relu", "init": "he", "residual": 0.5},
        {"activation": "relu", "init": "lsuv"},
        {"norm": "batch", "loss": "cross_entropy"},
        {"norm": "layer", "dtype": "float32"},
    ],
    ids=str,
)
def test_its_arrays_have_the_norms_of_the_table(options: dict[str, Any]) -> None:
    table = gad.gradflow.measure(**SMALL, **options, seeds=[3])
    net = gad.gradflow.net(seed=3, **SMALL, **options)
    assert list(net.activations) == list(net.adjoints) == [1, 2, 3, 4, 5]
    for arrays, column in ((net.activations, "activation_norm"), (net.adjoints, "delta_norm")):
        assert {array.shape for array in arrays.values()} == {(7, 12)}
        assert {array.dtype.name for array in arrays.values()} == {options.get("dtype", "float64")}
        rtol = 1e-5 if "dtype" in options else 1e-12
        np.testing.assert_allclose([np.linalg.norm(array) for array in arrays.values()], table[column], rtol=rtol)


@pytest.mark.parametrize("options", [{"bias_var": 0.1}, {"residual": 0.5}, {"norm": "layer"}], ids=str)
def test_the_jacobian_is_that_of_finite_differences(options: dict[str, Any]) -> None:
    net = gad.gradflow.net(**SMALL, **options)
    x, step = net.x[4], 1e-6
    ends = [np.concatenate([net((x + sign * step * np.eye(12))[:, None, :])[:, 0]]) for sign in (1, -1)]
    np.testing.assert_allclose(net.jacobian(4), (ends[0] - ends[1]).T / (2 * step), rtol=1e-5, atol=1e-8)


def test_slopes_along_a_line_are_those_of_the_output() -> None:
    net = gad.gradflow.net(**SMALL, bias_var=0.1)
    slopes = net.along_a_line(points=2001, reach=2.0)
    direction = net.x[0] * math.sqrt(12) / np.linalg.norm(net.x[0])
    t = np.linspace(-2, 2, 2001)
    np.testing.assert_allclose(slopes[1:-1], np.gradient(net(t[:, None] * direction)[:, 0], t)[1:-1], atol=1e-4)


def test_gradients_of_deep_plain_nets_shatter_and_those_of_residual_nets_less() -> None:
    def correlation(**options: Any) -> float:
        common: dict[str, Any] = {"width": 100, "batch": 2, "activation": "relu", "init": "he", "bias_var": 0.01}
        lines = [gad.gradflow.net(seed, **common, **options).along_a_line() for seed in range(6)]
        return float(plots.autocorrelation(np.stack(lines), 15)[15])

    shallow, deep, skips = correlation(depth=3), correlation(depth=40), correlation(depth=40, residual="1/sqrt(L)")
    assert deep < skips
    assert deep < shallow


def test_the_spectrum_of_a_gaussian_linear_net_comes_near_its_edge() -> None:
    net = gad.gradflow.net(depth=2, width=200, batch=1, activation="linear", weight_var=1.0)
    largest = np.linalg.svd(net.jacobian(), compute_uv=False)[0]
    assert largest == pytest.approx(theory.singular_values(2).largest, rel=0.08)
    net = gad.gradflow.net(depth=9, width=50, batch=1, activation="linear", init="orthogonal")
    np.testing.assert_allclose(np.linalg.svd(net.jacobian(), compute_uv=False), 1, rtol=1e-12)


def test_what_no_net_has_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"unknown setting of a net: 'seeds' \(must be one of \['depth', 'width'"):
        gad.gradflow.net(seeds=3)
    with pytest.raises(ArgumentError, match="seed=-1"):
        gad.gradflow.net(seed=-1)
    with pytest.raises(ArgumentError, match="sample=7 must be less than the batch, 7"):
        gad.gradflow.net(**SMALL).jacobian(7)
    with pytest.raises(ArgumentError, match="no sample has a Jacobian of its own"):
        gad.gradflow.net(**SMALL, norm="batch").jacobian()
    with pytest.raises(ArgumentError, match="points=1"):
        gad.gradflow.net(**SMALL).along_a_line(points=1)
