"""Difference quotients of plain functions: smooth ones, kinks, jumps, and what no difference can tell."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphviz_ad.story.differences import Verdict, compare, relative_error, scales_of


def verdict(f: Callable[[Any], Any], x: float, claimed: float) -> Verdict:
    """What differences of f at x say of a slope; size: the output, and what the rounding of the input makes of it."""
    size = abs(float(f(x))) + abs(claimed * x)
    return compare(lambda step: float(f(x + step)) - float(f(x)), claimed, scales_of(x), size, 2.0**-52)


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-200.0 * (x - 2.5)))


def floor_times(x: float) -> float:
    return math.floor(x) * x


@pytest.mark.parametrize("pair", [(0.0, math.nan), (math.nan, 0.0), (math.nan, math.nan), (0.0, math.inf)])
def test_beside_what_is_no_number_there_is_no_relative_error(pair: tuple[float, float]) -> None:
    assert math.isnan(relative_error(*pair))


@pytest.mark.parametrize(
    ("f", "slope", "x"),
    [
        (math.sin, math.cos, 200_000.0),
        (math.sin, math.cos, 1e8),
        (lambda t: math.sin(100 * t), lambda t: 100 * math.cos(100 * t), 2024.0),
        (lambda t: math.sin(100 * t), lambda t: 100 * math.cos(100 * t), 10_000.003),
        (lambda x: math.cos(3 * x), lambda x: -3 * math.sin(3 * x), 50_000.017),
        (lambda x: x + math.sin(2 * math.pi * x), lambda x: 1 + 2 * math.pi * math.cos(2 * math.pi * x), 200_000.3),
        (sigmoid, lambda x: 200 * sigmoid(x) * (1 - sigmoid(x)), 2.517),
        (math.sin, math.cos, 5e-324),
    ],
    ids=["sin", "sin far", "sin 100", "sin 100 far", "cos 3", "aliased", "steep", "tiny"],
)
def test_smooth_functions_agree_and_a_wrong_slope_does_not(
    f: Callable[[float], float], slope: Callable[[float], float], x: float
) -> None:
    right = slope(x)
    found = verdict(f, x, right)
    assert found.kind == "agrees"
    assert found.measured == pytest.approx(right, rel=2e-4)
    for factor in (1.05, 0.95, 1.01):
        assert verdict(f, x, right * factor).kind == "differs"


def test_where_the_steps_are_coarse_beside_the_waves_the_mean_slope_is_not_taken_for_the_slope() -> None:
    assert verdict(lambda x: x + math.sin(2 * math.pi * x), 200_000.3, 1.0).kind == "differs"


@pytest.mark.parametrize(
    ("f", "x", "left", "right"),
    [
        (abs, 0.0, -1.0, 1.0),
        (lambda x: max(0.0, x - 1e6), 1e6, 0.0, 1.0),
        (lambda x: abs(x - 1.0) * math.exp(x), 1.0, -math.e, math.e),
        (lambda x: 100.0 * x + 0.25 * abs(x - 3.0), 3.0, 99.75, 100.25),
        (lambda x: max(x, 1e-7), 1e-7, 0.0, 1.0),
    ],
    ids=["abs", "far", "curved", "small", "at a small number"],
)
def test_a_kink_has_two_slopes(f: Callable[[float], float], x: float, left: float, right: float) -> None:
    found = verdict(f, x, left)
    assert found.kind == "kink"
    assert (found.left, found.right) == (pytest.approx(left, abs=1e-5), pytest.approx(right, abs=1e-5))
    assert verdict(f, x, right + 1.0).kind == "differs"


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (floor_times, 2.0),
        (floor_times, -3.0),
        (lambda x: x * x if x > 1.0 else x + 1.0, 1.0),
        (lambda x: (x >= 0.0) + x, 0.0),
        (lambda x: 5.0 if x == 0.0 else x, 0.0),
    ],
    ids=["right", "negative", "left", "at 0", "one point"],
)
@pytest.mark.parametrize("claimed", [1.0, -37.0])
def test_a_jump_has_no_slope_whatever_is_claimed(f: Callable[[float], float], x: float, claimed: float) -> None:
    found = verdict(f, x, claimed)
    assert found.kind == "jump"
    assert math.isnan(found.measured)


def test_beside_a_jump_there_is_none() -> None:
    assert verdict(floor_times, 1.5, 1.0).kind == "agrees"
    assert verdict(floor_times, 2.0 + 1e-5, 2.0).kind == "agrees"


def test_what_is_only_steep_is_no_jump() -> None:
    assert verdict(lambda x: math.tanh(1e8 * x), 0.0, 1e8).kind != "jump"
    assert verdict(lambda x: math.copysign(math.sqrt(abs(x)), x), 0.0, 1.0).kind not in ("jump", "agrees")


def test_where_terms_cancel_nothing_is_said() -> None:
    def f(x: float) -> float:
        return (1.0 - math.cos(x)) / x**2

    x = 1e-6
    size = 1e12  # 1/x², by which the rounding of cos(x) is multiplied
    found = compare(lambda step: f(x + step) - f(x), -88.9, scales_of(x), size, 2.0**-52)
    assert found.kind == "coarse"
    assert found.error == abs(found.measured + 88.9) / max(abs(found.measured), 88.9)


def test_zero_agrees_with_zero() -> None:
    assert verdict(math.tanh, 50.0, 0.0).kind == "agrees"
    assert verdict(lambda x: x**3, 0.0, 0.0).kind == "agrees"
    assert verdict(lambda x: math.cos(3.0 * x), 0.0, 0.0).kind == "agrees"
    assert verdict(lambda x: x**3, 0.0, 1e-3).kind == "differs"


def test_without_numbers_nothing_is_measured() -> None:
    for size in (math.nan, math.inf):
        assert compare(lambda step: 0.0, 1.0, [1.0], size, 2.0**-52).kind == "unmeasured"
    assert verdict(lambda x: 0.0 if x == 1.0 else math.nan, 1.0, 0.0).kind == "unmeasured"


def test_steps_to_one_side_where_there_is_only_one() -> None:
    found = verdict(lambda x: x**1.5 if x >= 0 else math.nan, 0.25, 0.75)
    assert (found.kind, found.measured) == ("agrees", pytest.approx(0.75))
    assert verdict(lambda x: x * x if x >= 1.0 else math.nan, 1.0, 2.0).kind == "agrees"


def test_float32_is_measured_with_what_it_has() -> None:
    x = np.float32(0.75)

    def change(step: float) -> float:
        return float(np.tanh(np.float32(x + np.float32(step)))) - float(np.tanh(x))

    slope = 1.0 - math.tanh(0.75) ** 2
    assert compare(change, slope, scales_of(x), 1.0, 2.0**-23).kind == "agrees"
    assert compare(change, 1.1 * slope, scales_of(x), 1.0, 2.0**-23).kind == "differs"
