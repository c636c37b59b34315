"""Statistics, histograms and entries of arrays: against NumPy, and where NumPy gives no number."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from graphviz_ad.story.arrays import MOST_ENTRIES, entries, statistics
from graphviz_ad.story.numbers import short

ANY = arrays_of.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_]),
    arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
)


@settings(deadline=None, derandomize=True)
@given(ANY)
def test_statistics_of_anything_are_strict_json_and_count_every_entry(value: Any) -> None:
    found = statistics(value)
    json.dumps(found, allow_nan=False)
    bars = found["histogram"]
    counted = sum(bars["counts"]) if bars else 0
    assert counted + found["nan"] + found["inf"] == found["size"] == value.size
    if bars and len(bars["edges"]) != len(bars["counts"]):
        assert len(bars["edges"]) == len(bars["counts"]) + 1


@settings(deadline=None, derandomize=True)
@given(ANY)
def test_entries_come_back_as_they_were(value: Any) -> None:
    data, buffers = entries(value)
    json.dumps(data, allow_nan=False)
    assert not buffers
    again = np.array([float(one) for one in data["entries"]]).reshape(data["shape"])
    np.testing.assert_array_equal(again, value.astype(float))


def test_statistics_are_those_of_numpy() -> None:
    value = np.random.default_rng(0).normal(size=(30, 7))
    found = statistics(value, 6)
    for name in ("min", "mean", "max", "std"):
        assert found[name] == short(getattr(np, name)(value), 6)
    counts, edges = np.histogram(value, len(found["histogram"]["counts"]))
    assert found["histogram"]["counts"] == counts.tolist()
    assert found["histogram"]["edges"] == [short(edge, 6) for edge in edges]


@pytest.mark.parametrize("scale", [1.0, 0.1, 1e300, 2.0**1010])
def test_every_number_is_counted_in_its_own_bar(scale: float) -> None:
    for size in range(2, 121):
        value = np.arange(size) * scale
        bars = statistics(value, 12)["histogram"]
        counts, edges = np.histogram(value, len(bars["counts"]))
        assert bars["counts"] == counts.tolist()
        assert bars["edges"] == [short(edge, 12) for edge in edges]
    assert statistics(np.arange(6.0))["histogram"]["counts"] == [1, 1, 1, 1, 2]


def test_what_is_not_finite_is_counted_and_left_out() -> None:
    found = statistics(np.array([np.nan, np.inf, -np.inf, 0.0, 2.0, 0.0]))
    assert [found[name] for name in ("nan", "inf", "zeros", "min", "mean", "max")] == [1, 2, 2, "0", "0.6667", "2"]


def test_nothing_but_nan_has_no_mean() -> None:
    found = statistics(np.full(3, np.nan))
    assert [found[name] for name in ("min", "mean", "max", "std", "histogram")] == [None] * 5


@pytest.mark.parametrize("value", [np.full((2, 2), 7.0), np.zeros(5), np.array(3.5), np.full(9, -1e300)])
def test_a_constant_array_is_one_bar(value: Any) -> None:
    found = statistics(value)
    assert found["histogram"] == {"edges": [short(np.ravel(value)[0])], "counts": [value.size]}
    assert found["min"] == found["max"] == found["mean"]


def test_numbers_at_the_end_of_the_range_do_not_overflow() -> None:
    found = statistics(np.array([1.5e308, -1.5e308, 1.0, 1.7e308]))
    assert found["max"] == "1.7e308"
    assert found["mean"] == "4.25e307"
    assert sum(found["histogram"]["counts"]) == 4


def test_large_arrays_travel_as_bytes_in_c_order() -> None:
    value = np.asfortranarray(np.arange(40 * 30, dtype=np.float32).reshape(40, 30))
    value[1, 2] = np.nan
    data, (buffer,) = entries(value)
    assert value.size > MOST_ENTRIES
    assert (data["shape"], data["dtype"], data["sent"], data["entries"]) == ([40, 30], "float32", "float64", None)
    np.testing.assert_array_equal(np.frombuffer(buffer, "<f8").reshape(40, 30), value.astype(float))


def test_a_number_is_an_array_of_one_entry() -> None:
    assert entries(2.5)[0]["entries"] == [2.5]
    assert statistics(np.int64(3))["dtype"] == "int64"
