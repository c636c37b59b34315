"""docs/kinks.md is true: every row of its table is run, in reverse and in forward mode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphviz_ad as gad

PAGE = Path(__file__).parents[1] / "docs" / "kinks.md"
NAMES = {"np": np, "gad": gad}
# what the design settles; a row that is lost is noticed
SETTLED = [
    ("np.maximum(0, x)", "0.0"),
    ("np.maximum(x[0], x[1])", "[1.0, 1.0]"),
    ("np.minimum(x, 1.0)", "1.0"),
    ("np.maximum(x, gad.detach(x))", "1.0"),
    ("np.clip(x, 0.0, 1.0)", "0.0"),
    ("np.maximum(x, 0.0)", "np.nan"),
    ("np.where(x > 0, x, 0.0)", "0.0"),
    ("np.sqrt(np.where(x > 0, 5 * x, x))", "0.0"),
    ("x[np.argmax(x)]", "[3.0, 3.0]"),
    ("x[np.argsort(x, stable=True)][1]", "[2.0, 2.0]"),
    ("np.max(x)", "[3.0, 3.0, 1.0]"),
    ("np.max(x)", "[1.0, np.nan]"),
    ("np.sort(x)[1]", "[2.0, 2.0]"),
    ("np.abs(x)", "0.0"),
    ("np.linalg.norm(x)", "[0.0, 0.0]"),
    ("np.std(x)", "[2.0, 2.0]"),
    ("np.sign(x)", "0.0"),
    ("np.sqrt(x)", "0.0"),
    ("x ** 0", "0.0"),
    ("0.0 ** x", "0.0"),
    ("np.prod(x)", "[0.0, 0.0, 3.0]"),
    ("np.arctan2(x[0], x[1])", "[0.0, 0.0]"),
    ("np.logaddexp(x[0], x[1])", "[-np.inf, -np.inf]"),
]


def cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.replace(r"\|", "¦").strip("| \n").split(" | ")]


def rows() -> list[tuple[str, str, str]]:
    """Function, point and derivative of every row; headings inside the table stand in bold."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    found = [cells(line) for line in lines[2:] if not line.startswith("| **")]
    assert all(len(row) == 4 and all(row) for row in found), "every row has four cells, the reason too"
    return [(row[0], row[1], row[2]) for row in found]


@pytest.mark.parametrize(("code", "at", "slope"), rows())
def test_the_row_is_true_in_both_modes(code, at, slope) -> None:
    f = eval(f"lambda x: {code}", NAMES)
    x, expected = eval(at, NAMES), eval(slope, NAMES)
    x = np.array(x) if isinstance(x, list) else x
    with np.errstate(all="ignore"):  # poles warn where the value is computed, as NumPy's do
        reverse = gad.grad(f)(x)
        forward = gad.jacobian(f, mode="fwd")(x)
        graph = gad.trace(f, x)
    np.testing.assert_array_equal(reverse, expected)
    np.testing.assert_array_equal(forward, expected)
    np.testing.assert_array_equal(graph["x"].adjoint, expected)


def test_no_settled_row_is_missing_and_none_stands_twice() -> None:
    keys = [(code, at) for code, at, _ in rows()]
    assert len(set(keys)) == len(keys)
    assert set(SETTLED) <= set(keys)


def test_the_modes_differ_where_the_page_says_so_and_the_remedy_heals_both() -> None:
    def slopes(f, x):
        return gad.grad(f)(x), gad.jacobian(f, mode="fwd")(x)

    np.testing.assert_array_equal(slopes(lambda x: np.where(x > 0, np.sqrt(x), 3 * x), 0.0), [np.nan, 3.0])
    np.testing.assert_array_equal(slopes(lambda x: np.sqrt(np.maximum(x, 0.0)), -1.0), [0.0, np.nan])
    np.testing.assert_array_equal(
        slopes(lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 3 * x), 0.0), [3.0, 3.0]
    )
    assert np.isnan(gad.grad(lambda x: np.sqrt(x) ** 2)(0.0))
