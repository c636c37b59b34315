"""The table of a measurement: columns, slopes, and its ways out into other programs."""

from __future__ import annotations

import csv
import io
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.table import COLUMNS, Flow


def flow_of(delta: Any, **others: Any) -> Flow:
    """Make a table of two seeds × layers with these adjoints."""
    delta = np.asarray(delta, float)
    seeds, layers = delta.shape
    columns: dict[str, Any] = {name: np.ones(delta.size) for name in COLUMNS}
    columns["seed"], columns["layer"] = np.repeat([4, 2][:seeds], layers), np.tile(np.arange(1, layers + 1), seeds)
    columns["delta_norm"] = delta.ravel()
    return Flow(columns | others)


def test_the_columns_come_in_their_order_and_are_python_numbers_in_a_dict() -> None:
    flow = flow_of([[1, 2, 3], [4, 5, 6]])
    assert tuple(flow.columns) == COLUMNS
    assert flow.to_dict()["seed"] == [4, 4, 4, 2, 2, 2]
    assert flow.to_dict()["layer"] == [1, 2, 3, 1, 2, 3]
    assert {type(value) for value in flow.to_dict()["delta_norm"]} == {float}
    assert (flow.seeds, flow.layers, len(flow)) == ((4, 2), (1, 2, 3), 6)
    np.testing.assert_array_equal(flow.by_seed("delta_norm"), [[1, 2, 3], [4, 5, 6]])


def test_a_slope_is_in_ln_per_layer_towards_the_input() -> None:
    layers = np.arange(1, 11)
    flow = flow_of([0.5 ** (10 - layers), 0.25 ** (10 - layers)])
    np.testing.assert_allclose(flow.slopes("delta_norm"), np.log([0.5, 0.25]))
    assert flow.slope("delta_norm", layers=(3, 8)) == pytest.approx(math.log(0.5 * 0.25) / 2)


def test_a_slope_is_the_line_of_least_squares_within_its_window() -> None:
    values = np.exp(np.random.default_rng(0).normal(size=(2, 12)))
    flow = flow_of(values)
    expected = [-np.polyfit(np.arange(3, 10), np.log(row[2:9]), 1)[0] for row in values]
    np.testing.assert_allclose(flow.slopes("delta_norm", (3, 9)), expected)


def test_what_has_no_logarithm_has_no_slope() -> None:
    flow = flow_of([[1, 2, 0, 4], [1, 2, 4, np.inf]])
    assert np.isnan(flow.slopes("delta_norm")).all()
    np.testing.assert_array_equal(np.isnan(flow.slopes("delta_norm", (1, 3))), [True, False])


@pytest.mark.parametrize("layers", [(2, 2), (0, 3), (2, 9), (3, 1), 3, (1, 2, 3), ("a", 2)])
def test_a_window_outside_the_layers_is_refused(layers: Any) -> None:
    with pytest.raises(ArgumentError, match="layers="):
        flow_of([[1, 2, 3]]).slope("delta_norm", layers)


def test_unknown_columns_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ArgumentError, match=r"unknown column: 'delta' \(must be one of \['seed'"):
        flow_of([[1, 2]]).slope("delta")
    with pytest.raises(ArgumentError, match=r"column 'seed' holds no measurement \(must be one of \['delta_norm'"):
        flow_of([[1, 2]]).slope("seed")
    with pytest.raises(ArgumentError, match="must be"):
        Flow({"seed": [1]})
    with pytest.raises(ArgumentError, match="of one length"):
        Flow({name: [1.0] for name in COLUMNS} | {"seed": [1, 2]})


def test_csv_holds_every_number_exactly(tmp_path: Path) -> None:
    flow = flow_of([[0.1, 1e-300, np.inf], [np.nan, 2 / 3, 1.0]])
    text = flow.to_csv()
    assert text is not None
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    np.testing.assert_array_equal([float(row["delta_norm"]) for row in rows], flow["delta_norm"])
    assert rows[2]["delta_norm"] == "inf"
    assert flow.to_csv(tmp_path / "flow.csv") is None
    assert (tmp_path / "flow.csv").read_text(encoding="utf-8") == text


def test_a_frame_has_the_same_columns() -> None:
    pandas = pytest.importorskip("pandas")
    flow = flow_of([[1, 2, 3], [4, 5, 6]])
    frame = flow.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert tuple(frame.columns) == COLUMNS
    assert frame.groupby("seed")["delta_norm"].max().to_dict() == {2: 6.0, 4: 3.0}


def test_without_pandas_a_frame_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ArgumentError, match=r"not installed; to_dict\(\) and to_csv\(\)"):
        flow_of([[1, 2]]).to_frame()


def test_overflow_is_found_and_said_in_the_direction_of_its_pass() -> None:
    flow = flow_of([[np.inf, np.inf, 1.0], [1.0, np.nan, 1.0]], activation_norm=[1.0, np.inf, np.nan] * 2)
    assert flow.overflow["delta_norm"] == (1, 2)
    assert flow.overflow["activation_norm"] == (2, 3)
    assert "activations overflow from layer 2 on" in flow.reading
    assert "adjoints overflow from layer 2 on, towards the input" in flow.reading


def test_the_reading_says_how_many_layers_make_a_factor_of_ten() -> None:
    assert (
        "shrinks by ×0.1 per layer towards the input over layers 1 to 4: a factor of 10 every 1."
        in flow_of([[1e-3, 1e-2, 1e-1, 1.0]]).reading
    )
    assert "grows by ×10" in flow_of([[1e3, 1e2, 1e1, 1.0]]).reading
    assert "keeps its size" in flow_of([[1.0, 1.1, 1.0, 1.0]]).reading


def test_long_tables_show_both_ends_and_escape_what_they_say() -> None:
    columns = flow_of(np.ones((1, 30))).columns
    flow = Flow(columns, names={1: "<first>"}, title="a < b")
    text, page = repr(flow), flow._repr_html_()
    assert text.count("\n") < 14
    assert "⋮" in text
    assert "1 <first>" in text
    assert "1 &lt;first&gt;" in page
    assert "a &lt; b" in page
    assert page.count("<tr>") == 10
