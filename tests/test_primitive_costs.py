"""The table of what each primitive costs: a reason stands wherever the limit is passed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import primitives
from graphviz_ad.core.primitive import REGISTRY

PAGE = primitives.TABLE.read_text(encoding="utf-8")
LINES = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize(
    ("name", "seconds", "reason"),
    [
        ("add", (20e-6, 25e-6, 1e-6), "what a call takes at any size: 25 µs in all, and 20 for (3,)"),
        ("sort", (20e-6, 90e-6, 6e-6), "positions are sorted too, and the adjoint goes back by them: 90 µs in all"),
        ("subtract", (20e-6, 40e-6, 1e-6), "the bare call is one pass over the numbers: 40 µs in all"),
        ("reshape", (20e-6, 40e-6, 4e-6), "the bare call makes a view: 40 µs in all"),
        ("exp", (20e-6, 90e-6, 6e-6), f"{primitives.UNKNOWN}: 90 µs in all"),
        ("exp", (None, 90e-6, 6e-6), f"{primitives.UNKNOWN}: 90 µs in all"),
    ],
)
def test_a_reason_is_read_off_the_seconds_or_the_table(name, seconds, reason) -> None:
    assert primitives.why(REGISTRY[name], *seconds) == reason


def test_every_reason_belongs_to_a_primitive() -> None:
    assert primitives.REASONS.keys() <= {primitive.name for primitive in primitives.differentiable()}


def test_both_sides_of_a_line_are_the_same_call() -> None:
    primitive = REGISTRY["cumsum"]
    found = primitives.fitting(primitive, (1000,))
    assert found is not None
    inputs, params = found
    assert np.shape(inputs[0]) == (1000,)
    value = primitives.ours(primitive, inputs, params, 3)()
    np.testing.assert_array_equal(value, primitive.compute(*inputs, **params))


def test_the_page_has_no_line_without_a_reason() -> None:
    # a new primitive joins it when `make bench` is run next
    assert len(LINES) > 200
    assert {line[0].strip("`") for line in LINES} <= {primitive.name for primitive in primitives.differentiable()}
    for name, _, middle, _, _, reason in LINES:
        if middle != "–" and float(middle) > primitives.LIMIT:
            assert reason, name
            assert primitives.UNKNOWN not in reason, name
