"""The comparison by which drift of a notebook is found finds it, and lets the last digit of a machine pass."""

from __future__ import annotations

import pytest

from tests.notebooks.comparing import difference
from tests.notebooks.table import near


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dw1 = 0.230482", "dw1 = 0.230484"),
        ("dw1 = 0.230482", "dw1 = 0.2305"),
        ("x is 24", "x is 25"),
        ("x is 24", "x was 24"),
        ("0.25", "0.26"),
        ("1 2", "1 2 3"),
        ("-0.230482", "0.230482"),
        ("−1.443", "1.443"),
        ("1.234e-05", "1.234e-06"),
        ("a\nb", "a"),
    ],
)
def test_drift_is_found(old: str, new: str) -> None:
    assert difference(old, new)
    assert difference(new, old)


@pytest.mark.parametrize(("old", "new"), [("0.230482", "0.230483"), ("−1.443", "−1.444"), ("1.234e-05", "1.235e-05")])
def test_the_last_digit_is_the_machines(old: str, new: str) -> None:
    assert not difference(old, new)
    assert not difference(old, old)


def test_near_knows_shapes_sizes_and_nan() -> None:
    assert near([1.0, 2.0], [1.0, 2.000001], 1e-5)
    assert not near([1.0, 2.0], [1.0, 2.1], 1e-5)
    assert not near([[1.0]], [1.0], 1e-5)
    assert not near(2.6e-8, 2.7e-8, 1e-3)
    assert near(float("nan"), float("nan"), 1e-5)
    assert not near(0.0, float("nan"), 1e-5)
    assert near("passed", "passed", 1e-5)
    assert not near(True, False, 1e-5)
