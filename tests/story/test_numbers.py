"""Numbers as texts: exact for machines, short for people."""

from __future__ import annotations

import json

import numpy as np
import pytest

from graphviz_ad.story.numbers import brief, exact, shape_text, short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.30000000000000004"),
        (np.float64(1.5), "1.5"),
        (np.float32(0.25), "0.25"),
        (float("nan"), "nan"),
        (-np.inf, "-inf"),
        (np.bool_(True), "True"),
        (np.int64(3), "3"),
    ],
)
def test_scalars_are_python_reprs(value, text) -> None:
    assert exact(value) == text


def test_arrays_are_strict_json_in_c_order() -> None:
    assert json.loads(exact(np.array([[1, 2.5], [np.inf, np.nan]]))) == {
        "shape": [2, 2],
        "data": [1, 2.5, "inf", "nan"],
    }
    assert json.loads(exact(np.arange(64.0)))["data"][-1] == 63
    large = np.arange(65.0)
    large[3] = np.nan
    assert json.loads(exact(large)) == {"shape": [65], "min": 0, "mean": (65 * 32 - 3) / 64, "max": 64, "nan": 1}
    assert json.loads(exact(np.full(100, np.nan))) == {
        "shape": [100],
        "min": None,
        "mean": None,
        "max": None,
        "nan": 100,
    }
    assert json.loads(exact(np.zeros((0, 3)))) == {"shape": [0, 3], "data": []}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (34.328125, "34.33"),
        (9999.4, "9999"),
        (1234567.8, "1.235e6"),
        (500000.0, "500000"),
        (0.00012346, "0.0001235"),
        (1.2e-9, "1.2e-9"),
        (-2.0, "−2"),
        (float("nan"), "NaN"),
        (-np.inf, "−∞"),
        (0.0, "0"),
    ],
)
def test_short_numbers(number, text) -> None:
    assert short(number) == text


def test_brief_arrays_fit_their_slot() -> None:
    rng = np.random.default_rng(0)
    for shape in [(1,), (3,), (4,), (2, 3), (5, 5), (0,), (7, 1, 2)]:
        for scale in [1e-9, 1.0, 1e9]:
            assert len(brief(rng.normal(size=shape) * scale)) <= 26
    assert brief(np.ones((2, 2))) == "all 1"
    assert brief(np.array([1.0, np.nan, 3.0, 4.0, 5.0])) == "1 … 5, NaN"
    assert brief(np.full(9, np.nan)) == "all NaN"
    assert shape_text((2, 3)) == "(2, 3)"
    assert shape_text(()) == ""


def test_zero_has_no_sign_for_people_and_keeps_it_for_machines() -> None:
    assert short(-0.0) == "0"
    assert brief(np.array([-0.25, -0.0])) == "[−0.25, 0]"
    assert exact(-0.0) == "-0.0"
