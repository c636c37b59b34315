"""The plots of gradient flow: what is drawn is what was measured, and the line below says it."""

from __future__ import annotations

import io
import itertools
import math
import pickle
import re
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import plots, style, theory
from graphviz_ad.gradflow.predict import predict
from graphviz_ad.gradflow.profile import fit_window, profile, share, tenfold, trouble
from graphviz_ad.gradflow.remedies import REMEDIES
from graphviz_ad.gradflow.table import COLUMNS, Flow
from tests.render.test_theme import contrast
from tests.thinned import thinned

SMALL: dict[str, Any] = {"depth": 24, "width": 64, "batch": 16, "seeds": 4}


@pytest.fixture(scope="module")
def vanishing() -> Flow:
    return gad.gradflow.measure(**SMALL | {"depth": 50}, weight_var=0.5, bias_var=0.0025)


@pytest.fixture(scope="module")
def relu() -> Flow:
    return gad.gradflow.measure(**SMALL | {"depth": 50}, activation="relu", weight_var=1.0)


def made(layers: int = 8, seeds: int = 2, **given: Any) -> Flow:
    """A flow of given numbers: a column is one value, one for each layer, or (seeds, layers)."""
    columns = {
        name: np.broadcast_to(np.asarray(given.get(name, 1.0), float), (seeds, layers)).ravel() for name in COLUMNS[2:]
    }
    columns["seed"], columns["layer"] = np.repeat(range(seeds), layers), np.tile(np.arange(1, layers + 1), seeds)
    return Flow(columns)


def line(ax: Axes, label: str) -> Any:
    (found,) = [one for one in ax.lines if one.get_label() == label]
    return found


def marks(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts if text.get_gid() == style.MARK]


def drawn(ax: Axes) -> np.ndarray[Any, Any]:
    """The figure's pixels; draws it, so that an Axes that cannot be drawn fails."""
    canvas: Any = FigureCanvasAgg(ax.get_figure(root=True))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


# ------------------------------------------------------------------------------------------------ against depth


def test_the_line_is_the_geometric_mean_over_the_seeds_and_the_band_their_quantiles(vanishing: Flow) -> None:
    ax = plots.depth(vanishing)
    for panel, column in zip([ax, *ax.child_axes], ["delta_norm", "weight_grad_norm"], strict=True):
        table = vanishing.by_seed(column)
        measured = line(panel, "measured")
        np.testing.assert_array_equal(measured.get_xdata(), np.arange(1, 51))
        np.testing.assert_allclose(measured.get_ydata(), np.exp(np.log(table).mean(axis=0)), rtol=1e-12)
        heights = panel.collections[0].get_paths()[0].vertices[:, 1]
        low, high = np.exp(np.quantile(np.log(table), [0.1, 0.9], axis=0))
        np.testing.assert_allclose([heights.min(), heights.max()], [low.min(), high.max()], rtol=1e-9)
        assert panel.get_yscale() == "log"
    drawn(ax)


def test_the_reading_states_the_slopes_of_the_table_and_of_theory(vanishing: Flow) -> None:
    ax = plots.depth(vanishing)
    measured = tenfold(vanishing.slope("delta_norm", layers=(20, 48)))
    told = theory.mean_field("tanh", 0.5, 0.0025).layers_per_tenfold
    assert plots.reading(ax).startswith(f"δ shrinks tenfold every {measured:.1f} layers; theory says {told:.1f}; ")
    assert "fitted over layers 20–48" in plots.reading(ax)
    other = plots.reading(plots.depth(vanishing, layers=(30, 40)))
    assert f"every {tenfold(vanishing.slope('delta_norm', layers=(30, 40))):.1f} layers" in other
    assert "30–40" in other


def test_the_theory_line_is_the_mean_field_recursion_through_the_last_layer(vanishing: Flow) -> None:
    ax = plots.depth(vanishing)
    logs = theory.mean_field("tanh", 0.5, 0.0025).log_delta(50)
    last = line(ax, "measured").get_ydata()[-1]
    np.testing.assert_allclose(line(ax, "theory").get_ydata(), last * np.exp(logs), rtol=1e-9)


def test_the_dotted_band_is_that_of_finite_width(relu: Flow) -> None:
    ax = plots.depth(relu)
    low, high = (one.get_ydata() for one in ax.lines if one.get_gid() == "gad-band")
    told = theory.finite_width(64, 49, "relu")  # of ln‖·‖², so half of it is that of ln‖·‖
    assert math.log(high[0] / low[0]) / 2 == pytest.approx(1.96 * told.std / 2, rel=1e-9)
    mean_field = line(ax, "theory").get_ydata()[0]
    assert math.log(high[0] * low[0] / mean_field**2) / 2 == pytest.approx(told.mean / 2, rel=1e-9)
    assert low[-1] == high[-1] == line(ax, "theory").get_ydata()[-1]


@pytest.mark.parametrize(("activation", "weight_var"), thinned([("relu", 2.0), ("linear", 1.0), ("tanh", 2.0)], 3))
@pytest.mark.parametrize("column", ["delta_norm", "weight_grad_norm"])
def test_the_dotted_band_holds_nineteen_nets_of_twenty(activation: str, weight_var: float, column: str) -> None:
    flow = gad.gradflow.measure(
        20, 48, 1, activation=activation, weight_var=weight_var, bias_var=0.0, seeds=400
    )  # fmt: skip
    predicted = predict(flow, column)
    assert predicted is not None
    logs = np.log(flow.by_seed(column))
    logs -= logs[:, -1:]
    _, low, high = predicted.through(profile(flow, column))
    tie = math.log(profile(flow, column).typical[-1])
    inside = ((logs > np.log(low) - tie) & (logs < np.log(high) - tie))[:, [0, 8]].mean(axis=0)
    np.testing.assert_allclose(inside, 0.95 if activation != "tanh" else 0.91, atol=0.035)


@pytest.mark.parametrize(("activation", "variance"), [("relu", 5 + 5 - 2 * 1), ("linear", 2 + 2)])
def test_the_weight_gradient_walks_with_the_signal_and_against_it(activation: str, variance: float) -> None:
    """ReLU: 5 backwards, 5 forwards, and the masks, which both share, 1; the two means cancel."""
    predicted = predict(gad.gradflow.measure(4, 64, 4, activation, "he", seeds=1), "weight_grad_norm")
    assert predicted is not None
    assert 4 * 64 * predicted.per_layer == pytest.approx(variance, rel=1e-9)
    assert predicted.drift == pytest.approx(0, abs=1e-12)


def test_theory_of_a_mean_square_is_that_of_the_norm_squared(vanishing: Flow) -> None:
    norm, square = predict(vanishing, "delta_norm"), predict(vanishing, "delta_mean_square")
    assert norm is not None
    assert square is not None
    np.testing.assert_allclose(square.logs, 2 * norm.logs)
    assert square.per_layer == pytest.approx(4 * norm.per_layer)
    assert square.drift == pytest.approx(2 * norm.drift)


def test_the_scale_of_a_branch_is_in_the_weight_gradients_from_the_second_layer_on() -> None:
    flow = gad.gradflow.measure(6, 128, 1, activation="relu", init="he", residual=0.01, seeds=8)
    predicted = predict(flow, "weight_grad_norm")
    assert predicted is not None
    measured = np.log(profile(flow, "weight_grad_norm").typical)
    np.testing.assert_allclose(measured - measured[-1], predicted.logs - predicted.logs[-1], atol=0.15)
    assert predicted.logs[0] - predicted.logs[1] > 4  # ln 100, and half of the square that a ReLU takes


def test_in_relu_nets_without_biases_the_weight_gradients_are_flat_while_the_adjoints_vanish(relu: Flow) -> None:
    ax = plots.depth(relu)
    (other,) = ax.child_axes
    assert line(ax, "theory").get_ydata()[0] == pytest.approx(line(ax, "theory").get_ydata()[-1] * 2**-24.5)
    np.testing.assert_allclose(np.ptp(np.log(line(other, "theory").get_ydata())), 0, atol=1e-9)
    adjoints, weights = (line(panel, "measured").get_ydata() for panel in (ax, other))
    assert adjoints[0] < 1e-6 * adjoints[-1]
    assert 0.1 < weights[0] / weights[-1] < 10
    assert re.search(
        r"δ shrinks tenfold every 6\.\d layers; .*‖∂L/∂W‖ .*; theory says it stays level", plots.reading(ax)
    )


def test_a_power_of_the_depth_is_told_by_its_factor_in_all() -> None:
    flow = gad.gradflow.measure(depth=60, width=128, batch=32, seeds=3)  # Glorot's tanh: ‖δ‖² falls as 0.71/L
    factor = profile(flow, "delta_norm").typical[-1] / profile(flow, "delta_norm").typical[0]
    assert f"δ shrinks by a factor {factor:.3g} over 60 layers; theory says a factor 9." in (
        plots.reading(plots.depth(flow))
    )


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu", "init": "he", "residual": 1.0},
        {"activation": "tanh", "residual": 0.5, "bias_var": 0.1},
        {"activation": "relu", "init": "he", "residual": "1/sqrt(L)"},
        {"activation": "relu", "init": "he", "norm": "layer", "residual": 1.0},
        {"activation": "relu", "init": "he", "norm": "batch", "residual": 1.0},
        {"activation": "tanh", "norm": "layer"},
        {"activation": "relu", "init": "he", "norm": "batch", "bias_var": 1.0},
        {"activation": "tanh", "init": "orthogonal", "weight_var": 1.5, "bias_var": 0.05},
    ],
    ids=str,
)
def test_theory_meets_nets_with_skips_and_normalisation(options: dict[str, Any]) -> None:
    flow = gad.gradflow.measure(depth=30, width=128, batch=64, seeds=4, **options)
    for column in ("delta_norm", "activation_norm"):
        predicted = predict(flow, column)
        assert predicted is not None
        assert profile(flow, column).slope((8, 28)) == pytest.approx(predicted.slope((8, 28)), abs=0.02)


@pytest.mark.parametrize("options", [{"init": "lsuv"}, {"init": lambda shape, rng: rng.normal(size=shape) / 8}])
def test_where_theory_has_nothing_to_say_there_is_no_line(options: dict[str, Any]) -> None:
    ax = plots.depth(gad.gradflow.measure(**SMALL, **options))
    assert "theory" not in [one.get_label() for one in ax.lines]
    assert "theory" not in plots.reading(ax)


def test_several_flows_are_named_by_what_differs() -> None:
    flows = [gad.gradflow.measure(**SMALL, activation=name) for name in ("tanh", "relu")]
    ax = plots.depth(flows)
    for flow, name in zip(flows, ("tanh", "relu"), strict=True):
        np.testing.assert_array_equal(line(ax, name).get_ydata(), profile(flow, "delta_norm").typical)
        assert f"{name}: δ " in plots.reading(ax)
    assert line(ax, "tanh").get_marker() != line(ax, "relu").get_marker()
    assert line(plots.depth({"a": flows[0], "b": flows[1]}), "b").get_ydata()[0] == line(ax, "relu").get_ydata()[0]


# ------------------------------------------------------------------------------------------------ what left the floats


def test_overflow_is_marked_from_its_layer_on() -> None:
    flow = made(50, delta_norm=np.where(np.arange(1, 51) <= 37, np.inf, 1.0))
    ax = plots.depth(flow, columns="delta_norm")
    assert marks(ax) == ["overflow from layer 37 on"]
    (bar,) = [one for one in ax.lines if one.get_gid() == style.MARK]
    assert list(bar.get_xdata()) == [37, 1]
    assert np.isnan(line(ax, "measured").get_ydata()[:37]).all()
    assert plots.reading(ax).startswith("δ: overflow from layer 37 on")
    drawn(ax)


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("activation_norm", [1.0, 1.0, math.inf, math.nan], "overflow from layer 3 on"),
        ("delta_norm", [math.nan] * 4, "overflow in every layer"),
        ("delta_norm", [[math.inf, 1, 1, 1], [1, 1, 1, 1]], "overflow from layer 1 on in 1 of 2 seeds"),
        ("delta_norm", [0.0, 0.0, 1e-300, 1.0], "exactly 0 from layer 2 on"),
        ("delta_norm", [1.0, 2.0, 3.0, 4.0], ""),
        ("dead", [0.0, 0.0, 0.0, 1.0], ""),
    ],
)
def test_trouble_in_words(column: str, values: Any, words: str) -> None:
    flow = made(4, **{column: values})
    assert trouble(profile(flow, column)) == words
    if words:
        ax = plots.depth(flow, columns=column)
        assert marks(ax) == [words]
        drawn(ax)


@pytest.mark.parametrize("options", [{"weight_var": 2e13}, {"weight_var": 2e13, "loss": "cross_entropy"}])
def test_nets_that_overflow_are_drawn(options: dict[str, Any]) -> None:
    ax = plots.depth(gad.gradflow.measure(depth=60, width=32, batch=8, activation="relu", seeds=2, **options))
    assert marks(ax)
    assert "the forward pass overflows from layer " in plots.reading(ax)
    drawn(ax)


def test_overflow_is_marked_in_every_other_plot_too() -> None:
    bad = np.array([math.inf, 1.0, 1.0])
    for ax in (
        plots.update_ratio(made(3, update_ratio=bad)),
        plots.saturation(made(3, saturated=[math.nan, 0.5, 0.5])),
        plots.ridgelines([[math.inf, 1.0], [1.0, 2.0]]),
    ):
        assert marks(ax)
        drawn(ax)
    for ax in (plots.heat([bad, bad]), plots.clipping(bad, 1.0)):
        assert "overflow" in plots.reading(ax)
        assert any(artist.get_gid() == style.MARK for artist in ax.get_children())
        drawn(ax)


# ------------------------------------------------------------------------------------------------ remedies


def test_a_remedy_is_drawn_before_and_after_and_found_out_by_the_settings() -> None:
    base: dict[str, Any] = {**SMALL, "activation": "relu", "weight_var": 3.0}
    before = gad.gradflow.measure(**base)
    for name, title, options in (
        ("clipping", "clipping", {"clip": 1e-3}),
        ("batch_norm", "batch norm", {"norm": "batch"}),
        ("layer_norm", "layer norm", {"norm": "layer"}),
        ("residual", "residual connections", {"residual": 1.0}),
        ("scaled_residual", "scaled residual connections", {"residual": "1/sqrt(L)"}),
        ("scaled_residual", "scaled residual connections", {"residual": 0.1}),
        ("initialisation", "a new initialisation", {"weight_var": 2.0}),
        ("initialisation", "a new initialisation", {"weight_var": None, "init": "he"}),
        ("orthogonal", "orthogonal weights", {"init": "orthogonal", "weight_var": None}),
        ("lsuv", "LSUV", {"init": "lsuv", "weight_var": None}),
    ):
        after = gad.gradflow.measure(**base | options)
        ax = plots.remedy(before, after)
        for label, flow in (("before", before), (f"after {title}", after)):
            np.testing.assert_array_equal(line(ax, label).get_ydata(), profile(flow, "delta_norm").typical)
        assert plots.reading(ax).startswith("Before: δ ")
        assert f" After {title}: δ " in plots.reading(ax)
        assert plots.reading(ax).endswith(REMEDIES[name].does_not_fix)


def test_clipping_moves_all_layers_by_one_factor_and_no_adjoint() -> None:
    base: dict[str, Any] = {**SMALL, "activation": "tanh", "weight_var": 0.5, "seeds": 1}
    ax = plots.remedy(gad.gradflow.measure(**base), gad.gradflow.measure(**base, clip=1e-6))
    (weights,) = ax.child_axes
    np.testing.assert_array_equal(line(ax, "before").get_ydata(), line(ax, "after clipping").get_ydata())
    ratio = line(weights, "after clipping").get_ydata() / line(weights, "before").get_ydata()
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
    assert ratio[0] < 0.1


def test_a_comparison_is_drawn_with_its_own_sentence() -> None:
    both = gad.gradflow.remedies.compare("batch_norm", depth=12, width=24, batch=8, seeds=2)
    ax = plots.remedy(both)
    for label, flow in (("before", both.before), ("after batch norm", both.after)):
        np.testing.assert_array_equal(line(ax, label).get_ydata(), profile(flow, "delta_norm").typical)
    assert plots.reading(ax).endswith(both.remedy.does_not_fix)
    with pytest.raises(ArgumentError, match="needs the flow after it too"):
        plots.remedy(both.before)


def test_time_steps_and_groups_are_drawn_without_theory() -> None:
    ax = plots.depth(gad.gradflow.measure_recurrent(steps=20, width=16, batch=8, seeds=2), columns="delta_norm")
    assert "time step" in ax.get_xlabel()
    assert "theory" not in plots.reading(ax)
    assert re.search(r"time steps", plots.reading(ax))
    drawn(ax)


def test_an_unclear_remedy_asks_for_its_name(vanishing: Flow) -> None:
    with pytest.raises(ArgumentError, match=r"none changed. Name it: one of .*'clipping'"):
        plots.remedy(vanishing, vanishing)
    clipped = gad.gradflow.measure(**SMALL, clip=1.0)
    with pytest.raises(ArgumentError, match=r"clip was taken away. Name it"):
        plots.remedy(clipped, gad.gradflow.measure(**SMALL))
    with pytest.raises(ArgumentError, match=r"norm and weights changed. Name it"):
        plots.remedy(clipped, gad.gradflow.measure(**SMALL, clip=1.0, init="he", norm="layer"))
    with pytest.raises(ArgumentError, match=r"unknown remedy: 'prayer' .*'residual'"):
        plots.remedy(vanishing, vanishing, "prayer")


# ------------------------------------------------------------------------------------------------ the other plots


def test_saturation_and_update_ratio_draw_the_table(relu: Flow) -> None:
    ax = plots.saturation(relu)
    for column in ("saturated", "dead"):
        np.testing.assert_allclose(line(ax, column).get_ydata(), relu.by_seed(column).mean(axis=0))
        assert f"{column}: {share(relu.by_seed(column)[:, 0].mean())} in layer 1" in plots.reading(ax).lower()
    heights = ax.collections[1].get_paths()[0].vertices[:, 1]
    low, high = np.quantile(relu.by_seed("dead"), [0.1, 0.9], axis=0)
    np.testing.assert_allclose([heights.min(), heights.max()], [low.min(), high.max()], atol=1e-12)
    ax = plots.update_ratio(relu)
    np.testing.assert_allclose(line(ax, "measured").get_ydata(), profile(relu, "update_ratio").typical)
    assert set(line(ax, "guide 1e-3").get_ydata()) == {1e-3}
    low, high = ax.get_ylim()
    assert low < 1e-3 < high


def test_a_reading_leaves_names_as_they_are() -> None:
    flows = {"mine": made(3, update_ratio=1e-9), "theirs": made(3)}
    assert plots.reading(plots.update_ratio(flows)).startswith("mine: layer 1 moves by 1e-9 of its size")
    assert plots.reading(plots.spectrum({"mine": [1.0], "theirs": [2.0]})) == "mine: all at 1; theirs: all at 2."


def test_a_small_share_is_not_none_and_a_large_one_not_all() -> None:
    ax = plots.saturation(made(3, saturated=[0.0, 0.0024, 0.9976], dead=[0.0, 0.0, 0.0]))
    assert plots.reading(ax) == (
        "Saturated: none in layer 1, over 99% in layer 3, at most over 99% (layer 3); no layer has dead units."
    )
    assert "none within 10% of 1" in plots.reading(plots.spectrum([0.5, 2.0]))
    ax = plots.ridgelines([np.append(np.ones(999), math.inf), np.ones(4)])
    assert marks(ax) == ["under 1% overflow"]


def test_the_legend_says_what_the_bands_of_seeds_hold() -> None:
    flows = {"a": made(5, seeds=4), "b": made(5, seeds=4), "c": made(5, seeds=1)}
    for draw in (plots.depth, plots.update_ratio):
        for given in (flows, flows["a"], {"a": flows["a"], "b": flows["c"]}):
            legend = draw(given).get_legend()
            assert legend is not None
            assert [text.get_text() for text in legend.get_texts()].count("80% of 4 seeds") == 1
        legend = draw(flows["c"]).get_legend()
        assert legend is not None
        assert not any("80%" in text.get_text() for text in legend.get_texts())
    legend = plots.saturation(flows["a"]).get_legend()
    assert legend is not None
    assert "80% of 4 seeds" in [text.get_text() for text in legend.get_texts()]
    legend = plots.depth({"a": flows["a"], "b": made(5, seeds=2)}).get_legend()
    assert legend is not None
    assert "80% of 2 to 4 seeds" in [text.get_text() for text in legend.get_texts()]


def test_the_phase_diagram_has_its_critical_line_and_dots_where_they_were_measured() -> None:
    flow = gad.gradflow.measure(**SMALL | {"width": 128}, weight_var=2.25, bias_var=0.2)
    ax = plots.phase("tanh", {"here": flow})
    dot = line(ax, "here")
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (2.25, 0.2)
    measured = 2 * flow.slope("delta_norm", layers=fit_window(24))
    wanted = style.diverging("light")((measured + 1) / 2)
    assert dot.get_markerfacecolor() == pytest.approx(wanted)
    error = abs(measured - math.log(theory.mean_field("tanh", 2.25, 0.2).chi_1))
    assert f"1 measured dot lies within {error:.3g} of theory" in plots.reading(ax)
    critical = line(ax, "χ₁ = 1").get_xydata()
    for bias_var, weight_var in [(0.0025, 1.26009), (0.05, 1.76095), (0.2, 2.28515)]:
        assert np.interp(bias_var, critical[:, 1], critical[:, 0]) == pytest.approx(weight_var, abs=2e-3)


def test_the_critical_line_of_relu_is_upright_and_gelu_has_one_only_where_signals_come_to_it() -> None:
    assert set(line(plots.phase("relu"), "χ₁ = 1").get_xdata()) == {2.0}
    gelu = line(plots.phase("gelu"), "χ₁ = 1").get_xydata()
    gelu = gelu[np.isfinite(gelu).all(axis=1)]
    assert np.min(np.hypot(*(gelu - [1.98306, 0.17292]).T)) < 5e-3
    for weight_var, bias_var in gelu[:: max(1, len(gelu) // 4)]:
        assert theory.mean_field("gelu", weight_var * 0.97, bias_var).chi_1 < 1


def test_a_flow_that_does_not_belong_in_the_phase_diagram_is_refused(relu: Flow) -> None:
    with pytest.raises(ArgumentError, match="has the activation relu, the phase diagram tanh"):
        plots.phase("tanh", relu)
    with pytest.raises(ArgumentError, match="plain nets"):
        plots.phase("tanh", made())
    with pytest.raises(ArgumentError, match=r"weight_vars=.*low < high"):
        plots.phase("tanh", weight_vars=(2.0, 1.0))


def test_heat_draws_every_cell_at_its_step_and_layer() -> None:
    norms = 10.0 ** -np.arange(12).reshape(3, 4)
    ax = plots.heat(norms, steps=[0, 10, 20])
    mesh: Any = ax.collections[0]
    np.testing.assert_allclose(np.asarray(mesh.get_array()).reshape(4, 3), norms.T)
    assert ax.get_xlim() == (-5, 25)
    assert ax.get_ylim() == (0.5, 4.5)
    table = {"step": np.repeat([0, 10, 20], 4), "layer": np.tile([1, 2, 3, 4], 3), "delta_norm": norms.ravel()}
    again: Any = plots.heat(type("Watched", (), {"columns": table})).collections[0]
    np.testing.assert_array_equal(again.get_array(), mesh.get_array())
    assert "exactly 0 from step 10 on, in 1 of 4 layers" in plots.reading(
        plots.heat(np.where(norms == 1e-6, 0, norms), [0, 10, 20])
    )


def test_the_spectrum_counts_singular_values_and_shows_theorys_edge() -> None:
    rng = np.random.default_rng(0)
    J = np.linalg.multi_dot([rng.normal(size=(120, 120)) / math.sqrt(120) for _ in range(3)])
    values = np.linalg.svd(J, compute_uv=False)
    edge = theory.singular_values(3).largest
    ax = plots.spectrum(J, edge=edge)
    counts = line(ax, "measured").get_ydata()[:-1]
    assert counts.sum() == pytest.approx(1)
    bins = line(ax, "measured").get_xdata()
    assert counts[24] == pytest.approx(np.mean((values >= bins[24]) & (values < bins[25])))
    assert line(ax, "theory: largest").get_xdata()[0] == edge
    assert line(ax, "1").get_xdata()[0] == 1
    assert f"to {values[0]:.3g}, {np.mean(abs(values - 1) <= 0.1):.0%} within 10% of 1" in plots.reading(ax)
    Q = np.linalg.qr(J)[0]
    both = plots.spectrum({"Gaussian": J, "orthogonal": Q})
    assert np.count_nonzero(line(both, "orthogonal").get_ydata()) == 1
    assert "orthogonal: all at 1" in plots.reading(both)


def test_ridgelines_pick_layers_and_draw_their_histograms() -> None:
    rng = np.random.default_rng(0)
    layers = [rng.normal(size=4000) * 0.9**k for k in range(30)]
    ax = plots.ridgelines(layers)
    assert [one.get_label() for one in ax.lines] == [text.get_text() for text in ax.get_yticklabels()]
    assert [one.get_label() for one in ax.lines][:: len(ax.lines) - 1] == ["1", "30"]
    widths = []
    for row, one in enumerate(ax.lines):
        height = one.get_ydata() - (len(ax.lines) - 1 - row)
        widths.append(math.sqrt(np.sum(height * one.get_xdata() ** 2) / np.sum(height)))
    np.testing.assert_allclose(widths, [layers[int(one.get_label()) - 1].std() for one in ax.lines], rtol=0.1)
    log = plots.ridgelines(layers, kind="adjoint", scale="log")
    assert log.lines[0].get_color() == style.palette("light").adjoint
    drawn(log)


def test_shattered_gradients_are_told_from_smooth_ones() -> None:
    rng = np.random.default_rng(0)
    noise, smooth = rng.normal(size=(4, 400)), np.sin(np.linspace(0, 9, 400))
    ax = plots.shattered({"noise": noise, "smooth": smooth}, lags=50)
    rows = noise - noise.mean(axis=1, keepdims=True)
    by_hand = np.mean([np.correlate(row, row, "full")[399:450] / (row @ row) for row in rows], axis=0)
    np.testing.assert_allclose(line(ax, "noise").get_ydata(), by_hand, rtol=1e-9, atol=1e-12)
    assert "noise: halved after 1 step;" in plots.reading(ax)
    assert line(ax, "smooth").get_ydata()[5] > 0.9
    far = plots.shattered({"smooth": smooth}, lags=200)
    below = int(np.flatnonzero(line(far, "smooth").get_ydata() < 0.5)[0])
    assert f"smooth: halved after {below} steps. " in plots.reading(far)
    assert "above ½ over all 9 steps" in plots.reading(plots.shattered(smooth, lags=9))


def test_the_grid_has_a_panel_for_each_pair_and_a_line_for_each_depth() -> None:
    options = [(a, i, d) for a in ("tanh", "relu") for i in ("glorot", "he") for d in (10, 20)]
    flows = [gad.gradflow.measure(d, 32, 8, activation=a, init=i, seeds=2) for a, i, d in options]
    ax = plots.grid(flows)
    assert len(ax.child_axes) == 4
    panel = ax.child_axes[3]  # he, relu
    flow = flows[options.index(("relu", "he", 20))]
    typical = profile(flow, "delta_norm").typical
    np.testing.assert_allclose(line(panel, "depth 20").get_ydata(), typical / typical[-1])
    np.testing.assert_array_equal(line(panel, "depth 20").get_xdata(), np.arange(19, -1, -1))
    assert len({cell.get_ylim() for cell in ax.child_axes}) == 1
    assert "relu with he" in plots.reading(ax)
    assert "relu with glorot" not in plots.reading(ax)
    drawn(ax)


def test_clipping_shortens_the_long_and_leaves_the_rest() -> None:
    norms = np.array([0.5, 117.4, 0.005, 3.0])
    ax = plots.clipping(norms, 1.0)
    assert line(ax, "after").get_ydata().tolist() == [0.5, 1.0, 0.005, 1.0]
    assert line(ax, "before").get_ydata().tolist() == norms.tolist()
    assert plots.reading(ax).startswith("2 of 4 steps were shortened, the largest from 117 to 1; 2 stay as they are,")
    assert "0.005: clipping does not cure vanishing" in plots.reading(ax)


# ------------------------------------------------------------------------------------------------ Axes and figures


def every(ax: Any = lambda: None, theme: str | None = None) -> Iterator[Axes]:
    """Each plot once, on the Axes that ``ax()`` gives."""
    flow = gad.gradflow.measure(depth=12, width=24, batch=8, seeds=2)
    other = gad.gradflow.measure(depth=12, width=24, batch=8, seeds=2, residual=1.0)
    yield plots.depth(flow, ax=ax(), theme=theme)
    yield plots.remedy(flow, other, ax=ax(), theme=theme)
    yield plots.saturation(flow, ax=ax(), theme=theme)
    yield plots.update_ratio([flow, other], ax=ax(), theme=theme)
    yield plots.phase("tanh", flow, ax=ax(), theme=theme)
    yield plots.heat(np.exp(-np.arange(12.0).reshape(3, 4)), ax=ax(), theme=theme)
    yield plots.spectrum(np.diag([0.5, 1.0, 2.0]), ax=ax(), theme=theme)
    yield plots.ridgelines([[-1.0, 0.0, 1.0], [0.1, 0.2, 0.3]], ax=ax(), theme=theme)
    yield plots.shattered(np.sin(np.arange(40.0)), ax=ax(), theme=theme)
    yield plots.grid([flow, other], rows="residual", ax=ax(), theme=theme)
    yield plots.clipping([1.0, 3.0], 2.0, ax=ax(), theme=theme)


@pytest.mark.slow
def test_no_plot_touches_pyplot_or_the_settings() -> None:
    import matplotlib.pyplot as plt

    before, numbers = dict(mpl.rcParams), plt.get_fignums()
    for ax in every():
        data, size = ax._repr_png_()  # type: ignore[attr-defined]
        assert data.startswith(b"\x89PNG")
        assert size["width"] > 300
        figure, whole = ax.get_figure(root=True), ax.get_tightbbox()
        assert whole is not None
        assert figure is not None
        assert whole.x0 >= 0
        assert whole.y0 >= 0
        assert whole.x1 <= figure.bbox.x1
        assert whole.y1 <= figure.bbox.y1
        assert plots.reading(ax).endswith((".", ".)"))
    assert plt.get_fignums() == numbers
    assert dict(mpl.rcParams) == before


def test_every_plot_takes_given_axes_and_gives_them_back() -> None:
    import matplotlib.pyplot as plt

    given: list[Axes] = []

    def one() -> Axes:
        figure, axes = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
        given.append(axes[1])
        plt.close(figure)
        return given[-1]

    for ax in every(one):
        assert ax is given[-1]
        figure = ax.get_figure(root=True)
        assert isinstance(figure, Figure)
        drawn(ax)
        left, right = figure.axes[0].get_position(), ax.get_position()
        assert left.x1 <= right.x0  # what belongs to one Axes stays in its place
        outer = ax.get_tightbbox()
        assert outer is not None
        assert outer.x1 <= figure.bbox.x1 + 1


def in_a_grid(size: tuple[float, float], layout: Any) -> list[Axes]:
    """Four plots with long readings in a 2 × 2 grid of a figure of so many inches."""
    flow = gad.gradflow.measure(depth=12, width=24, batch=8, activation="relu", weight_var=1.0, seeds=2)
    other = gad.gradflow.measure(12, 24, 8, activation="relu", weight_var=1.0, norm="batch", seeds=2)
    figure = Figure(figsize=size, layout=layout)
    a, b, c, d = figure.subplots(2, 2).ravel()
    return [
        plots.remedy(flow, other, ax=a), plots.phase("relu", flow, ax=b), plots.saturation(flow, ax=c),
        plots.update_ratio([flow, other], ax=d),
    ]  # fmt: skip


def reading_of(ax: Axes) -> Any:
    (found,) = [text for text in ax.texts if text.get_gid() == style.READING]
    return found


@pytest.mark.parametrize("layout", thinned([None, "constrained", "tight"], 3))
def test_a_reading_is_whole_in_a_grid_of_plots_and_leaves_the_others_alone(layout: Any) -> None:
    axes = in_a_grid((9, 7), layout)
    drawn(axes[0])
    boxes = [reading_of(ax).get_window_extent() for ax in axes]
    whole = axes[0].get_figure(root=True).bbox  # type: ignore[union-attr]
    for ax, box in zip(axes, boxes, strict=True):
        assert 0 <= box.x0 < box.x1 <= whole.x1
        assert box.y0 >= -1
        assert box.y1 < ax.bbox.y0
        assert ax.bbox.height > 0.09 * whole.height
        place = ax.bbox.width / ax.get_axes_locator().part  # type: ignore[union-attr]
        assert box.width <= place + 2
        assert box.width > 0.6 * place  # as few lines as fit
    for above, below in ((0, 2), (1, 3)):
        rest = axes[below].get_tightbbox()
        assert rest is not None
        assert boxes[above].y0 >= rest.y1 - 1
        assert boxes[0].x1 < boxes[1].x0


def test_a_reading_is_broken_anew_when_the_figure_is_resized_or_cropped() -> None:
    ax = plots.depth(made(12, delta_norm=np.exp(-np.arange(12.0))))
    words, figure = plots.reading(ax), ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    drawn(ax)
    before = reading_of(ax).get_text().count("\n")
    figure.set_size_inches(4, 4)
    drawn(ax)
    assert reading_of(ax).get_text().count("\n") > before
    assert plots.reading(ax) == words
    first = plots.depth(made(12, delta_norm=np.exp(-np.arange(12.0))), ax=Figure((12, 9)).add_subplot(2, 2, 1))
    drawn(first)
    lines = reading_of(first).get_text()
    with io.BytesIO() as file:  # cropping, as notebooks do, puts other locators into the Axes
        first.get_figure(root=True).savefig(file, format="png", bbox_inches="tight")  # type: ignore[union-attr]
    assert reading_of(first).get_text() == lines


def test_a_reading_breaks_at_spaces_and_at_nothing_else() -> None:
    ax = plots.update_ratio(made(12, update_ratio=1e-9), ax=Figure(figsize=(1.6, 4)).add_subplot())
    drawn(ax)
    assert reading_of(ax).get_text().count("\n") >= 2
    assert plots.reading(ax) == "Layer 1 moves by 1e-9 of its size, layer 12 by 1e-9; the guide is 1e-3 everywhere."


def test_the_users_style_does_not_leak_in() -> None:
    flow = made(12, delta_norm=np.exp(-np.arange(12.0)))
    plain = drawn(plots.depth(flow))
    names = ("axes.facecolor", "axes.edgecolor", "text.color", "xtick.color", "ytick.color", "legend.facecolor")
    theirs: dict[str, Any] = dict.fromkeys(names, "red") | {"font.family": "serif", "axes.grid": True, "font.size": 20}
    with mpl.rc_context(theirs | {"lines.linestyle": ":", "lines.linewidth": 9}):
        styled = drawn(plots.depth(flow))
    np.testing.assert_array_equal(plain, styled)


@pytest.mark.slow
def test_a_dark_figure_gets_dark_colours_and_a_theme_can_be_asked_for() -> None:
    flow = made()
    for figure, theme, wanted in (
        (Figure(facecolor="#101010"), None, "dark"), (Figure(facecolor="white"), None, "light"),
        (Figure(facecolor="none"), None, "light"), (Figure(facecolor="white"), "dark", "dark"),
    ):  # fmt: skip
        ax = plots.depth(flow, ax=figure.add_subplot(), theme=theme)
        assert line(ax, "measured").get_color() == style.palette(wanted).adjoint
    for ax in every(theme="dark"):
        assert mpl.colors.to_hex(ax.get_figure(root=True).get_facecolor()) == style.palette("dark").background
        drawn(ax)


def test_figures_can_be_saved_and_pickled() -> None:
    ax = plots.depth(made())
    again = pickle.loads(pickle.dumps(ax.get_figure(root=True)))
    assert plots.reading(again.axes[0]) == plots.reading(ax)
    with io.BytesIO() as file:
        ax.get_figure(root=True).savefig(file, format="pdf")  # type: ignore[union-attr]
        assert file.getvalue().startswith(b"%PDF")


# ------------------------------------------------------------------------------------------------ colours


def lab(colour: str, deficient: bool) -> np.ndarray[Any, Any]:
    """CIE L*a*b* of a colour, as seen, or as seen without M-cones (Machado, Oliveira and Fernandes 2009, table 1)."""
    part = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    if deficient:
        seen = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
        linear = np.clip(np.array(seen) @ linear, 0, 1)
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = np.array(to_xyz) @ linear / [0.95047, 1, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_that_share_a_plot_differ_for_eyes_without_green_cones(theme: str) -> None:
    colours = style.palette(theme)
    together = [colours.adjoint, colours.theory, colours.value, colours.text]
    for one, other in itertools.combinations(together, 2):
        assert np.linalg.norm(lab(one, deficient=True) - lab(other, deficient=True)) > 25, (one, other)
    assert np.linalg.norm(lab(colours.adjoint, True) - lab(colours.muted, True)) > 25  # after and before
    for colour in [*together, colours.muted, colours.warning, *colours.shades(5)]:
        assert contrast(colour, colours.background) >= 3, colour
    # and the check can tell: vermilion and green of one lightness become one
    seen, full = (np.linalg.norm(lab("#d55e00", which) - lab("#7d8a00", which)) for which in (True, False))
    assert seen < 25 < full


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_of_norms_run_one_way_in_lightness_also_in_grey(theme: str) -> None:
    ramp = [mpl.colors.to_hex(style.sequential(theme)(x)) for x in np.linspace(0, 1, 21)]
    for deficient in (False, True):
        lightness = np.array([lab(colour, deficient)[0] for colour in ramp])
        steps = np.diff(lightness)
        assert (steps < 0).all() or (steps > 0).all()
        assert np.ptp(lightness) > 50


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plots.depth(made(), columns="delta"), "unknown column: 'delta' .*'delta_norm'"),
        (lambda: plots.depth(made(), columns=()), "columns is empty .*'delta_norm'"),
        (lambda: plots.depth(made(), layers=(5, 99)), "layers=.* within 1 … 8"),
        (lambda: plots.depth(made(), theme="blue"), "unknown theme: 'blue' .*'light', 'dark'"),
        (lambda: plots.depth(made(), ax=[]), "ax must be matplotlib Axes or None, not list"),
        (lambda: plots.depth([]), "this collection is empty"),
        (lambda: plots.depth([1, 2]), "not int; a flow is what gad.gradflow.measure"),
        (lambda: plots.depth("tanh"), "not str"),
        (lambda: plots.saturation([made(), made()]), "one flow, not 2"),
        (lambda: plots.grid([gad.gradflow.measure(3, 4, 2, seeds=1)], rows="init"),
         "unknown setting: 'init' .*'weights'"),
        (lambda: plots.heat([1.0]), r"\(steps, layers\), not of shape \(1,\)"),
        (lambda: plots.heat([[1.0], [2.0]], steps=[3, 3]), "2 growing numbers"),
        (lambda: plots.spectrum([math.nan]), "with inf or nan"),
        (lambda: plots.spectrum(np.zeros((2, 2, 2))), r"of shape \(2, 2, 2\)"),
        (lambda: plots.ridgelines([[1.0]], kind="values"), "unknown kind: 'values' .*'activation', 'adjoint'"),
        (lambda: plots.ridgelines([]), "at least one layer"),
        (lambda: plots.shattered(np.ones(20)), "the same everywhere"),
        (lambda: plots.shattered(np.arange(20.0), lags=20), "lags=20 must be at least 1 and less than the 20"),
        (lambda: plots.clipping([1.0], 0.0), "threshold=0.0 must be more than 0"),
        (lambda: plots.clipping([[1.0]], 1.0), r"shape \(steps,\)"),
        (lambda: plots.clipping([-1.0], 1.0), "norms must be 0 or more; -1 is not"),
        (lambda: plots.clipping("abc", 1.0), "norms must be numbers"),
        (lambda: plots.depth(made(), columns="seed"), "'seed' holds no measurement .*'delta_norm'"),
        (lambda: plots.depth(made(), columns=3), "columns is 3 .*'delta_norm'"),
        (lambda: plots.depth(made(), layers=5), r"layers=5 must be the pair \(first, last\)"),
        (lambda: plots.depth([made(), gad.gradflow.measure_recurrent(4, 4, 4, seeds=1)]), "layers and over time steps"),
        (lambda: plots.phase("tanh", weight_vars=3), "weight_vars=3 must be"),
        (lambda: plots.heat([[1.0, 2.0], [3.0]]), "norms must be numbers, in rows of one length"),
        (lambda: plots.spectrum(np.zeros((3, 3))), "all singular values are 0"),
        (lambda: plots.spectrum(np.eye(2), edge=-1.0), "edge=-1.0"),
        (lambda: plots.ridgelines({"a": [1.0]}), "a layer's number='a'"),
        (lambda: plots.ridgelines(3), "layers must be arrays"),
        (lambda: plots.shattered(np.arange(20.0), lags="a"), "lags='a'"),
        (lambda: plots.autocorrelation([1.0, 2.0], 5), "lags=5 must be less than the length of the series, 2"),
    ],
)  # fmt: skip
def test_bad_input_is_told_what_is_known(call: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        call()
