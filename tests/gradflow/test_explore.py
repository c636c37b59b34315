"""The gradient flow panel in Python: its pictures say what was measured; wishes, layers, files and their safety."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import baked, chart, nets, panel, theory
from graphviz_ad.gradflow.controls import OFFERED, controls, key
from graphviz_ad.gradflow.curve import curve
from graphviz_ad.gradflow.explorer import FlowExplorer, settings_of
from graphviz_ad.gradflow.measurement import measured
from graphviz_ad.gradflow.opened import opened
from graphviz_ad.gradflow.phase import frame_of, phase
from graphviz_ad.gradflow.predict import predict
from graphviz_ad.gradflow.profile import profile
from graphviz_ad.gradflow.table import Flow
from graphviz_ad.render.svg import to_svg
from graphviz_ad.widget.packing import unpack
from tests.test_repository import fresh

SMALL: dict[str, Any] = {"depth": 12, "width": 8, "batch": 4, "weight_var": 0.5, "bias_var": 0.05, "seeds": 3}
NAMES = {"delta": "delta_norm", "weight": "weight_grad_norm"}


def net(**more: Any) -> Flow:
    return measured(settings_of({**SMALL, **more}))


@pytest.fixture
def explorer() -> Any:
    made = gad.gradflow.explore(**SMALL)
    yield made
    made.close()


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(re.sub(r'\sxmlns="[^"]*"', "", svg, count=1))


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [part for part in root.iter() if name in (part.get("class") or "").split()]


def points(path: ET.Element) -> np.ndarray[Any, Any]:
    """The places of a path of lines, H and V as well; nan before each of its pieces but the first."""
    found: list[tuple[float, float]] = []
    for letter, text in re.findall(r"([MLHVZ])([-\d. ]*)", path.get("d") or ""):
        numbers = [float(word) for word in text.split()]
        if letter == "M" and found:
            found.append((math.nan, math.nan))
        if letter in "ML":
            found.append((numbers[0], numbers[1]))
        elif letter == "H":
            found.append((numbers[0], found[-1][1]))
        elif letter == "V":
            found.append((found[-1][0], numbers[0]))
    return np.array(found)


# ------------------------------------------------------------------------------------------------ the curves


@pytest.mark.parametrize("name", NAMES)
def test_each_layer_carries_its_exact_numbers(name: str) -> None:
    flow = net()
    table = flow.by_seed(NAMES[name])
    groups = of_class(parsed(curve(flow, NAMES[name]).svg("x")), "gad-layer")
    assert [int(one.get("data-layer") or 0) for one in groups] == list(flow.layers)

    def numbers(hook: str) -> list[float]:
        return [float(one.get(f"data-{hook}") or "nan") for one in groups]

    np.testing.assert_allclose(numbers("value"), np.exp(np.log(table).mean(axis=0)), rtol=1e-13)
    np.testing.assert_allclose(numbers("low"), np.exp(np.quantile(np.log(table), 0.1, axis=0)), rtol=1e-12)
    np.testing.assert_allclose(numbers("high"), np.exp(np.quantile(np.log(table), 0.9, axis=0)), rtol=1e-12)
    predicted = predict(flow, NAMES[name])
    assert predicted is not None
    for hook, line in zip(
        ("theory", "theory-low", "theory-high"), predicted.through(profile(flow, NAMES[name])), strict=True
    ):
        assert numbers(hook) == line.tolist()


def test_theory_beside_the_adjoints_is_the_mean_field_recursion() -> None:
    flow = net()
    groups = of_class(parsed(curve(flow, "delta_norm").svg("x")), "gad-layer")
    told = np.log([float(one.get("data-theory") or "nan") for one in groups])
    np.testing.assert_allclose(told - told[-1], theory.mean_field("tanh", 0.5, 0.05).log_delta(12), atol=1e-12)


def test_the_line_stands_where_its_numbers_are_on_a_logarithmic_axis() -> None:
    svg = parsed(curve(net(), "delta_norm").svg("x"))
    groups = of_class(svg, "gad-layer")
    values = np.log([float(one.get("data-value") or "nan") for one in groups])
    drawn = points(of_class(svg, "gad-flow-line-delta")[1])  # the first is the sample in the key
    slope, at_one = np.polyfit(values, drawn[:, 1], 1)
    assert slope < 0
    np.testing.assert_allclose(drawn[:, 1], at_one + slope * values, atol=0.06)  # drawn to a tenth of a pixel
    ticks = {one.text: float(one.get("y") or 0) - 4 for one in of_class(svg, "gad-flow-tick-up")}
    for text, y in ticks.items():
        power = re.fullmatch("10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text or "")
        number = (
            10.0 ** int(power[1].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))) if power else float(text or 0)
        )
        assert y == pytest.approx(at_one + slope * math.log(number), abs=0.3)
    assert len(ticks) >= 3


@pytest.mark.parametrize(
    ("settings", "kind", "where", "start"),
    [
        ({"activation": "relu", "weight_var": 1e60, "bias_var": 0.0}, "overflow", "delta", None),
        ({"activation": "sigmoid", "weight_var": 1e-60, "bias_var": 0.0, "dtype": "float64"}, "zero", "delta", None),
    ],
)
def test_what_left_the_floats_is_marked_and_not_dropped(settings: Any, kind: str, where: str, start: Any) -> None:
    flow = net(**settings)
    svg = parsed(curve(flow, NAMES[where]).svg("x"))
    (mark,) = of_class(svg, "gad-flow-lost")
    assert mark.get("data-mark") == kind
    table = flow.by_seed("delta_norm")
    lost = ~np.isfinite(table) if kind == "overflow" else table == 0
    first = int(np.flatnonzero(lost.any(axis=0)).max()) + 1  # adjoints come from the output
    assert mark.get("data-from") == str(first)
    words = "overflow" if kind == "overflow" else "exactly 0"
    assert words in "".join(mark.itertext())
    groups = of_class(svg, "gad-layer")
    assert len(groups) == 12
    for layer, one in enumerate(groups):
        assert math.isfinite(float(one.get("data-value") or "nan")) == (not lost[:, layer].any() or kind == "zero")
    assert words in panel.readings(flow)["delta"]


def test_the_readings_say_slopes_in_words() -> None:
    flow = net(depth=30, width=32)
    slope = profile(flow, "delta_norm").slope((12, 28))
    told = panel.readings(flow)
    assert told["delta"].startswith(f"δ shrinks tenfold every {math.log(10) / -slope:.1f} layers; theory says 5.5.")
    assert "fitted over layers 12–28" in told["delta"]
    point = theory.mean_field("tanh", 0.5, 0.05)
    assert f"χ₁ = {point.chi_1:.3g}" in told["phase"]
    assert f"a depth scale ξ of {point.depth_scale:.3g} layers" in told["phase"]
    assert panel.readings(net(residual=1.0))["phase"].startswith("A skip connection changes how q and χ go on")
    assert panel.readings(net(init="lsuv", weight_var=None))["phase"].startswith("lsuv weights have no σ_w²")


# ------------------------------------------------------------------------------------------------ the diagram


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_line_of_the_diagram_is_the_critical_line_of_theory(activation: str) -> None:
    settings = settings_of({**SMALL, "activation": activation})
    frame = frame_of(settings)
    line = points(of_class(parsed(phase(settings).svg("x")), "gad-flow-critical")[0])
    weight_vars = frame.across[0] + (line[:, 0] - frame.left) / (frame.right - frame.left) * np.ptp(frame.across)
    bias_vars = (frame.bottom - line[:, 1]) / (frame.bottom - frame.top) * frame.up[1]
    if activation == "relu":
        np.testing.assert_allclose(weight_vars, 2.0, atol=0.002)
    else:  # the check numbers, within half a pixel
        for bias_var, weight_var in ((0.01, 1.42421), (0.05, 1.76095), (0.1, 1.98607), (0.2, 2.28515)):
            assert np.interp(bias_var, bias_vars, weight_vars) == pytest.approx(weight_var, abs=0.008)
    assert bias_vars.min() == pytest.approx(0.0, abs=1e-3)
    assert bias_vars.max() == pytest.approx(0.3, abs=1e-3), "up to the edge of the diagram"


def test_the_dot_is_where_the_net_is_and_says_what_theory_says() -> None:
    settings = settings_of(SMALL)
    (dot,) = of_class(parsed(phase(settings).svg("x")), "gad-flow-now")
    told = theory.mean_field("tanh", 0.5, 0.05)
    assert float(dot.get("data-chi-1") or 0) == told.chi_1
    assert float(dot.get("data-q-star") or 0) == told.q_star
    frame = frame_of(settings)
    inside = dot.findall("rect")[1]
    x, y, size = (float(inside.get(name) or 0) for name in ("x", "y", "width"))
    assert (x + size / 2, y + size / 2) == pytest.approx((frame.x(0.5), frame.y(0.05)), abs=0.11)


@pytest.mark.parametrize("more", [{"residual": 1.0}, {"norm": "layer"}, {"init": "lsuv", "weight_var": None}])
def test_a_net_that_the_diagram_is_not_about_has_no_dot(more: Any) -> None:
    assert not of_class(parsed(phase(settings_of({**SMALL, **more})).svg("x")), "gad-flow-now")


def test_a_net_far_out_widens_the_diagram() -> None:
    frame = frame_of(settings_of({**SMALL, "weight_var": 40.0, "bias_var": 2.0}))
    assert (frame.across[1], frame.up[1]) == pytest.approx((44.0, 2.2))


def test_both_phases_are_named_on_their_own_side_of_the_line() -> None:
    settings = settings_of(SMALL)
    svg = parsed(phase(settings).svg("x"))
    frame = frame_of(settings)
    for region in of_class(svg, "gad-flow-region"):
        text = region.findall(".//text")[0]
        weight_var = frame.across[0] + (float(text.get("x") or 0) - frame.left) / 312 * np.ptp(frame.across)
        bias_var = (frame.bottom - float(text.get("y") or 0)) / (frame.bottom - frame.top) * frame.up[1]
        chi = theory.mean_field("tanh", weight_var, bias_var).chi_1
        assert (chi < 1) == (region.get("data-region") == "ordered")
    assert {one.get("data-region") for one in of_class(svg, "gad-flow-region")} == {"ordered", "chaotic"}


def test_the_dot_hides_no_words() -> None:
    for weight_var in np.linspace(0.2, 3.9, 11):
        for bias_var in (0.02, 0.07, 0.12, 0.17, 0.21):
            settings = settings_of({**SMALL, "weight_var": float(weight_var), "bias_var": bias_var})
            frame = frame_of(settings)
            x, y = frame.x(weight_var), frame.y(bias_var)
            for chip in of_class(parsed(phase(settings).svg("x")), "gad-flow-chip"):
                if "gad-flow-blank" in (chip.get("class") or ""):
                    continue
                left, top, wide, high = (float(chip.get(name) or 0) for name in ("x", "y", "width", "height"))
                across, up = max(left - x, x - left - wide, 0), max(top - y, y - top - high, 0)
                assert math.hypot(across, up) > 7.5, (weight_var, bias_var)
                assert frame.top < top
                assert top + high < frame.bottom


# ------------------------------------------------------------------------------------------------ an open layer

KINDS: list[dict[str, Any]] = [
    {},
    {"activation": "relu", "bias_var": 0.0},
    {"residual": 0.5},
    {"norm": "batch"},
    {"norm": "layer", "activation": "gelu"},
    {"init": "lsuv", "weight_var": None},
    {"init": "orthogonal"},
    {"loss": "cross_entropy"},
    {"dtype": "float32"},
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: ",".join(map(str, kind.values())) or "plain")
@pytest.mark.parametrize("layer", [1, 7, 12])
def test_an_open_layer_has_the_adjoints_that_were_measured(kind: dict[str, Any], layer: int) -> None:
    flow = net(**kind)
    for row, seed in enumerate(flow.seeds[:2]):
        found = opened(flow, layer, seed)
        digits = 1e-5 if kind.get("dtype") == "float32" else 1e-12
        delta, gradient = (flow.by_seed(column)[row] for column in NAMES.values())
        (out,) = found.graph.outputs
        assert np.linalg.norm(out.adjoint) == pytest.approx(delta[layer - 1], rel=digits)
        assert np.linalg.norm(found.graph["W"].adjoint) == pytest.approx(gradient[layer - 1], rel=digits)
        if layer > 1:
            assert np.linalg.norm(found.graph["h"].adjoint) == pytest.approx(delta[layer - 2], rel=digits)
            size = flow.by_seed("activation_norm")[row, layer - 2]
            step = nets.layer(flow.settings)(found.graph["h"].value, found.graph["W"].value)
            assert np.linalg.norm(step[2]) == pytest.approx(size, rel=digits)


def test_what_an_open_layer_shows_is_said() -> None:
    flow = net()
    found = opened(flow, 5)
    assert found.text.startswith(
        "Layer 5 of the net of seed 0: all 4 samples × 8 units, the arrays that were measured."
    )
    assert f"‖δ‖ = {flow.by_seed('delta_norm')[0, 4]:.3g}" in found.text
    assert "The curves are the geometric mean of 3 nets." in found.text
    assert "mean" not in opened(net(seeds=[4]), 5).text
    assert found.graph.tables.title == "layer 5"


@pytest.mark.parametrize(
    ("layer", "seed", "words"),
    [
        (13, None, "layers 1 to 12"),
        (0, None, "at least 1"),
        (2.5, None, "whole number"),
        (3, 9, r"measured: \[0, 1, 2\]"),
    ],
)
def test_a_layer_that_is_none_is_an_error(layer: Any, seed: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        opened(net(), layer, seed)


def test_a_graphs_own_flow_has_no_layer_to_open() -> None:
    flow = gad.gradflow.of(gad.trace(lambda W: np.sum(np.ones((2, 3)) @ W), np.ones((3, 2))))
    with pytest.raises(ArgumentError, match="has drawn can be opened"):
        opened(flow, 1)


# ------------------------------------------------------------------------------------------------ the widget


def test_it_is_made_with_the_settings_of_measure(explorer: FlowExplorer) -> None:
    assert explorer.settings.weight_var == 0.5
    np.testing.assert_array_equal(explorer.flow["delta_norm"], gad.gradflow.measure(**SMALL)["delta_norm"])
    assert repr(explorer) == "<Gradient flow: depth 12, width 8, batch 4, tanh, σ_w² = 0.5, σ_b² = 0.05, 3 seeds>"
    assert explorer.readings == panel.readings(explorer.flow)
    with pytest.raises(ArgumentError, match=r"unknown setting: 'weigth_var' .*Did you mean 'weight_var'"):
        gad.gradflow.explore(weigth_var=1.0)
    with pytest.raises(ArgumentError, match="depth=0"):
        gad.gradflow.explore(depth=0)


def test_a_change_measures_anew_and_closes_the_layer(explorer: FlowExplorer) -> None:
    explorer.layer = 3
    child = explorer.explorer
    assert child is not None
    assert explorer.opened["model"] == child.model_id
    assert child.shown["nodes"][-1]["name"] == "h_next"
    explorer.change(weight_var=2.0, depth=5)
    assert (explorer.settings.weight_var, explorer.settings.depth, explorer.layer) == (2.0, 5, None)
    assert explorer.opened == {}
    assert child.comm is None
    explorer.change(init="he")
    assert (explorer.settings.init, explorer.settings.weight_var) == ("he", None)
    explorer.layer = 2
    explorer.layer = None
    assert explorer.explorer is None
    with pytest.raises(ArgumentError, match="layers 1 to 5"):
        explorer.layer = 6
    with pytest.raises(ArgumentError, match="unknown activation"):
        explorer.change(activation="thanh")
    assert explorer.settings.activation == "tanh"


def wish(explorer: FlowExplorer, nonce: float, **what: Any) -> None:
    explorer.set_state({"wish": {"nonce": nonce, **what}})


def test_a_wish_of_the_page_is_granted(explorer: FlowExplorer) -> None:
    wish(explorer, 1.5, values={"weight_var": "2.0", "residual": "1/√L"})
    assert (explorer.settings.weight_var, explorer.settings.residual, explorer.answered) == (2.0, "1/√L", 1.5)
    np.testing.assert_array_equal(explorer.flow["delta_norm"], net(weight_var=2.0, residual="1/√L")["delta_norm"])
    wish(explorer, 2.5, layer=4)
    assert (explorer.layer, explorer.answered) == (4, 2.5)
    wish(explorer, 3.5, layer=0)
    assert (explorer.layer, explorer.answered) == (None, 3.5)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"values": {"weight_var": "1e9"}}, "unknown weight_var"),
        ({"values": {"seeds": "1"}}, "unknown control: 'seeds'"),
        ({"values": {"activation": "__import__"}}, "unknown activation"),
        ({"values": {"norm": "batch"}}, "needs batch ≥ 2"),
        ({"layer": 99}, "layers 1 to 12"),
        ({"layer": "1"}, "names no control and no layer"),
        ({}, "names no control and no layer"),
    ],
)
def test_a_wish_that_cannot_be_is_answered_with_words(what: Any, words: str) -> None:
    explorer = gad.gradflow.explore(**{**SMALL, "batch": 1})
    before = explorer.flow
    wish(explorer, 7.0, **what)
    assert words in explorer.error
    assert explorer.answered == 7.0
    assert explorer.flow is before
    wish(explorer, 8.0, values={"depth": "10"})
    assert explorer.error == ""
    explorer.close()


def test_the_page_sets_nothing_but_wishes(explorer: FlowExplorer) -> None:
    payload = explorer.payload
    explorer.set_state({"payload": {}, "opened": {"layer": 3}, "error": "boo", "wish": {"nonce": math.nan}})
    explorer.set_state({"wish": "no dict"})
    assert (explorer.payload, explorer.opened, explorer.error) == (payload, {}, "")


def test_an_activation_that_fails_is_told_on_the_page() -> None:
    wide = {"limit": 8}

    def own(h: Any) -> Any:
        if h.shape[-1] > wide["limit"] and h.ndim > 1:
            raise RuntimeError("too wide for me")
        return np.tanh(h)

    explorer = gad.gradflow.explore(**{**SMALL, "activation": own})
    assert "own" in explorer.payload["controls"][0]["keys"]
    wish(explorer, 1.0, values={"width": "16"})
    assert "too wide for me" in explorer.error
    assert explorer.settings.width == 8
    explorer.close()


def test_controls_offer_the_nets_own_values() -> None:
    settings = settings_of({**SMALL, "weight_var": 1.76095, "depth": 12})
    found = {control.name: control for control in controls(settings)}
    assert list(found) == list(OFFERED)
    for name, control in found.items():
        assert len({key(value) for value in control.values}) == len(control.values), name
    assert found["weight_var"].values[found["weight_var"].at] == 1.76095
    assert list(found["weight_var"].values) == sorted(found["weight_var"].values)
    assert found["depth"].values[found["depth"].at] == 12
    lsuv = {control.name: control for control in controls(settings_of({"init": "lsuv"}))}
    assert lsuv["weight_var"].text == "set by lsuv"
    he = {control.name: control for control in controls(settings_of({"init": "he"}))}
    assert he["weight_var"].values[he["weight_var"].at] == 2.0


# ------------------------------------------------------------------------------------------------ files and display


def test_pictures_are_written_by_suffix(explorer: FlowExplorer, tmp_path: Path) -> None:
    svg = explorer.save(tmp_path / "flow.svg").read_text(encoding="utf-8")
    root = parsed(svg)
    assert len(of_class(root, "gad-layer")) == 2 * 12
    assert of_class(root, "gad-flow-now")
    words = " ".join(one.text or "" for one in of_class(root, "gad-flow-reading"))
    for reading in explorer.readings.values():
        assert reading in words
    assert "url(" not in svg
    assert "href" not in svg
    assert explorer.save(tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")
    assert explorer.save(tmp_path / "flow.pdf", theme="dark").read_bytes().startswith(b"%PDF")
    for path, more, error in (
        ("flow.gif", {}, "unknown suffix"),
        ("no/flow.svg", {}, "does not exist"),
        ("flow.svg", {"theme": "red"}, "unknown theme"),
        ("flow.svg", {"grid": {}}, "controls of a page"),
        ("flow.html", {"grid": {"colour": [1]}}, "unknown control 'colour'"),
        ("flow.html", {"grid": {"weight_var": [-1.0]}}, "weight_var=-1.0"),
        ("flow.html", {"grid": {"weight_var": 3.0}}, "needs a list"),
        ("flow.html", {"grid": {"weight_var": range(1, 50), "bias_var": np.linspace(0, 1, 50)}}, "at most 1000"),
    ):
        with pytest.raises(ArgumentError, match=error):
            explorer.save(tmp_path / path, **more)  # type: ignore[arg-type]


def story(page: str, part: str) -> Any:
    found = re.search(rf'id="gad-{part}">([^<]*)<', page)
    assert found
    return unpack(found[1])


def test_a_page_carries_every_combination_and_nothing_of_the_network(explorer: FlowExplorer, tmp_path: Path) -> None:
    told = []
    grid = {"weight_var": [0.5, 2.0], "depth": [6], "activation": ["relu"]}
    page = baked.page(explorer.flow, grid, lambda done, total: told.append((done, total)))
    assert told[-1] == (8, 8)
    start, carried = story(page, "payload"), story(page, "baked")
    assert start["axes"] == ["activation", "weight_var", "depth"]
    assert len(carried["variants"]) == 7
    assert list(carried["layers"]) == [str(layer) for layer in start["layers"]] == ["1", "3", "5", "8", "10", "12"]
    assert start["live"] is False
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert not re.search(r"https?://(?!www\.w3\.org)", page)


def test_a_hostile_name_is_text_wherever_it_is_shown(tmp_path: Path) -> None:
    def own(h: Any) -> Any:
        return np.tanh(h)

    own.__name__ = '</script><img src=x onerror="alert(1)">&'
    explorer = gad.gradflow.explore(**{**SMALL, "activation": own})
    page = explorer.save(tmp_path / "hostile.html", grid={}).read_text(encoding="utf-8")
    assert "<img" not in page
    assert own.__name__ not in page
    for svg in (*explorer.payload["plots"].values(), to_svg(panel.picture(explorer.flow))):
        assert "<img" not in svg
        parsed(svg)
    assert own.__name__ in json.dumps(explorer.payload, ensure_ascii=False).replace('\\"', '"')
    explorer.close()


@pytest.mark.slow
def test_a_page_of_the_usual_grid_is_small(tmp_path: Path) -> None:
    explorer = gad.gradflow.explore(weight_var=1.2, bias_var=0.0025)
    assert explorer.save(tmp_path / "flow.html").stat().st_size < 1.5e6
    explorer.close()


def test_without_a_kernel_a_still_picture_is_shown(explorer: FlowExplorer, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    explorer._ipython_display_()
    assert [list(data) for data in shown] == [
        ["text/html"],
        ["image/svg+xml", "image/png", "text/plain"],
        ["application/vnd.jupyter.widget-view+json", "text/plain"],
    ]
    assert 'sandbox="allow-scripts"' in shown[0]["text/html"]
    assert shown[2]["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    explorer.close()
    explorer._ipython_display_()
    assert list(shown[3]) == list(shown[1])


def test_measuring_needs_no_widget() -> None:
    code = (
        "import sys, graphviz_ad as gad; gad.gradflow.measure(depth=2, width=2, batch=2, seeds=1); "
        "print(*sorted({name.split('.')[0] for name in sys.modules} & {'anywidget', 'matplotlib', 'ipywidgets'}))"
    )
    assert fresh(code).split() == []


def test_ticks() -> None:
    assert chart.decades(-0.2, 0.8) == [
        (pytest.approx(math.log10(value)), text) for value, text in ((1, "1"), (2, "2"), (5, "5"))
    ]
    assert [text for _, text in chart.decades(-300, 300)][:2] == ["10⁻²⁵⁸", "10⁻¹⁷²"]
