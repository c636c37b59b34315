"""The gradient flow panel: turned, clicked and walked by keys, in a page and in JupyterLab; numbers are read off."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from graphviz_ad.gradflow import panel
from graphviz_ad.gradflow.controls import changed
from graphviz_ad.gradflow.explorer import settings_of
from graphviz_ad.gradflow.measurement import measured
from graphviz_ad.gradflow.predict import predict
from graphviz_ad.gradflow.profile import profile
from graphviz_ad.gradflow.table import Flow
from graphviz_ad.widget import bundle
from tests.browser.axe import barriers
from tests.browser.driver import SECONDS, Explorer, Notebook
from tests.browser.test_accessibility import CUT, FOCUS
from tests.conftest import JupyterLab

NET: dict[str, Any] = {"depth": 12, "width": 8, "batch": 4, "weight_var": 1.5, "bias_var": 0.05, "seeds": 3}
GRID = {"activation": ("tanh", "relu"), "weight_var": (0.5, 1.5, 3.0), "bias_var": (0.05, 0.2), "depth": (6, 12)}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a small grid."""
    made = gad.gradflow.explore(**NET)
    path = made.save(tmp_path_factory.mktemp("flow") / "flow.html", grid=GRID)
    made.close()
    return path


def opened(page: Page, file: Path) -> Locator:
    page.goto(file.as_uri())
    root = page.locator(".gad-flow")
    expect(root.locator(".gad-flow-stage svg")).to_have_count(3)
    return root


def stage(root: Locator, name: str) -> Locator:
    return root.locator(f'.gad-flow-stage[data-plot="{name}"]')


def layers(root: Locator, name: str) -> list[dict[str, str]]:
    """Return the data attributes of every layer of a curve."""
    found: list[dict[str, str]] = (
        stage(root, name).locator("g.gad-layer").evaluate_all("groups => groups.map(group => ({...group.dataset}))")
    )
    return found


def shows(root: Locator, flow: Flow) -> None:
    """Compare all numbers of the page with a measurement: exactly, but for how processors round."""
    for name, column in (("delta", "delta_norm"), ("weight", "weight_grad_norm")):
        told = layers(root, name)
        line, predicted = profile(flow, column), predict(flow, column)
        assert [int(one["layer"]) for one in told] == line.layers.tolist()
        np.testing.assert_allclose([float(one["value"]) for one in told], line.typical, rtol=1e-12)
        if predicted is not None:
            np.testing.assert_allclose([float(one["theory"]) for one in told], predicted.through(line)[0], rtol=1e-12)
        expect(root.locator(f'figure:has([data-plot="{name}"]) figcaption')).to_have_text(panel.readings(flow)[name])


def net(**more: Any) -> Flow:
    return measured(settings_of({**NET, **more}))


def click_in_plane(root: Locator, weight_var: float, bias_var: float) -> None:
    """Click where a person sees these variances by the ticks of the axes."""
    place: list[float] = stage(root, "phase").evaluate(
        """(stage, [across, up]) => {
          const ticks = [...stage.querySelectorAll("text.gad-flow-tick")].map((one) => ({
            value: Number(one.textContent), x: one.x.baseVal[0].value, y: one.y.baseVal[0].value,
            up: one.classList.contains("gad-flow-tick-up") }));
          const at = (list, value, side) => {
            const [first, last] = [list[0], list[list.length - 1]];
            return first[side] + (last[side] - first[side]) * (value - first.value) / (last.value - first.value);
          };
          const x = at(ticks.filter((one) => !one.up), across, "x");
          const y = at(ticks.filter((one) => one.up), up, "y") - 4;  // the baseline of its words
          const svg = stage.querySelector("svg"), frame = svg.getBoundingClientRect();
          const grain = frame.width / svg.viewBox.baseVal.width;
          return [frame.left + x * grain, frame.top + y * grain];
        }""",
        [weight_var, bias_var],
    )
    root.page.mouse.click(*place)


# ------------------------------------------------------------------------------------------------ the page


def test_the_page_shows_what_was_measured_and_a_click_in_the_diagram_another_net(
    page: Page, file: Path, screenshots: Path
) -> None:
    root = opened(page, file)
    shows(root, net())
    page.screenshot(path=screenshots / "flow-page.png", full_page=True)
    click_in_plane(root, 2.9, 0.19)
    dot = root.locator(".gad-flow-now")
    expect(dot).to_have_attribute("data-weight-var", "3.0")
    assert float(dot.get_attribute("data-bias-var") or 0) == 0.2
    told = gad.gradflow.theory.mean_field("tanh", 3.0, 0.2)
    assert float(dot.get_attribute("data-chi-1") or 0) == pytest.approx(told.chi_1, rel=1e-12)
    shows(root, net(weight_var=3.0, bias_var=0.2))
    root.get_by_label("activation").select_option(label="relu")
    expect(stage(root, "phase").locator("svg")).to_contain_text("Phase diagram of relu")
    shows(root, net(weight_var=3.0, bias_var=0.2, activation="relu"))
    root.get_by_role("slider", name="depth").press("ArrowLeft")
    expect(stage(root, "delta")).to_have_attribute("aria-valuemax", "6")
    shows(root, net(weight_var=3.0, bias_var=0.2, activation="relu", depth=6))


def test_what_the_page_does_not_carry_it_says(page: Page, file: Path) -> None:
    root = opened(page, file)
    expect(root.locator(".gad-flow-controls + .gad-reason")).to_contain_text("As they are stay: init, width,")
    assert root.get_by_label("norm").is_disabled()
    stage(root, "delta").locator('g.gad-layer[data-layer="2"]').click()
    expect(root.locator(".gad-notice").first).to_contain_text("of this net it can open the layers 1, 3, ")
    root.get_by_role("slider", name="depth").press("ArrowLeft")
    stage(root, "delta").locator('g.gad-layer[data-layer="3"]').click()
    expect(root.locator(".gad-notice").first).to_contain_text("only of the net that it opened with")


def norm(text: str | None) -> float:
    """The size of an array that stands in a data attribute in full."""
    data = json.loads(text or "{}")
    return float(np.linalg.norm(np.array(data["data"], float)))


def test_by_keys_alone_a_layer_opens_with_the_adjoints_that_were_measured(
    page: Page, file: Path, screenshots: Path
) -> None:
    root = opened(page, file)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.plot") == "delta":
            break
    else:
        pytest.fail("Tab does not reach the curve")
    page.keyboard.press("End")
    expect(stage(root, "delta")).to_have_attribute("aria-valuenow", "12")
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    said = stage(root, "delta").get_attribute("aria-valuetext") or ""
    assert said.startswith("layer 10: ‖δ‖ = ")
    page.keyboard.press("Enter")
    child = Explorer(page, root.locator(".gad-flow-explorer > .gad-explorer"))
    expect(child.root).to_be_visible()
    expect(root.locator(".gad-flow-about")).to_contain_text("Layer 10 of the net of seed 0: all 4 samples × 8 units")
    child.press("Last step")
    flow = net()
    delta, gradient = (flow.by_seed(column)[0] for column in ("delta_norm", "weight_grad_norm"))
    assert norm(child.read("h_next")["adjoint"]) == pytest.approx(delta[9], rel=1e-12)
    assert norm(child.read("h")["adjoint"]) == pytest.approx(delta[8], rel=1e-12)
    assert norm(child.read("W")["adjoint"]) == pytest.approx(gradient[9], rel=1e-12)
    page.screenshot(path=screenshots / "flow-layer.png", full_page=True)
    stage(root, "phase").focus()
    page.keyboard.press("ArrowRight")
    expect(root.locator(".gad-flow-now")).to_have_attribute("data-weight-var", "3.0")
    page.keyboard.press("ArrowUp")
    expect(root.locator(".gad-flow-now")).to_have_attribute("data-bias-var", "0.2")
    expect(child.root).to_have_count(0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")  # back in the net that the page carries the layers of
    stage(root, "weight").focus()
    page.keyboard.press("Enter")
    expect(child.root).to_be_visible()
    root.get_by_role("button", name="Close layer").press("Enter")
    expect(child.root).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_barrier(page_factory: Callable[..., Page], file: Path, screenshots: Path, theme: str) -> None:
    page = page_factory(theme=theme)
    root = opened(page, file)
    found = barriers(page)
    stage(root, "delta").locator('g.gad-layer[data-layer="12"]').click()
    expect(root.locator(".gad-flow-explorer > .gad-explorer")).to_be_visible()
    page.screenshot(path=screenshots / f"flow-{theme}.png", full_page=True)
    found += barriers(page)
    assert not found, "\n".join(found)


@pytest.mark.slow
def test_tab_walks_through_the_panel_with_a_focus_that_is_seen(page: Page, file: Path) -> None:
    root = opened(page, file)
    names = []
    for _ in range(30):
        page.keyboard.press("Tab")
        place = page.evaluate(FOCUS)
        if place is None:
            break
        assert place["seen"], place
        assert place["inView"], place
        names.append(place["name"])
    assert {"activation", "weight variance σ_w²", "depth"} <= set(names)
    assert sum(name.startswith(("Adjoints", "Weight gradients", "Phase diagram")) for name in names) == 3
    assert root.locator("[tabindex='0']").count() == 3


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 640, 1000, 1400])
def test_nothing_is_cut_off(page_factory: Callable[..., Page], file: Path, screenshots: Path, width: int) -> None:
    page = page_factory(width=width, device_scale_factor=2 if width == 640 else 1)  # 1280 px at 200%
    root = opened(page, file)
    stage(root, "delta").locator('g.gad-layer[data-layer="12"]').click()
    expect(root.locator(".gad-flow-explorer > .gad-explorer")).to_be_visible()
    page.screenshot(path=screenshots / f"flow-{width}.png", full_page=True)
    assert page.evaluate(CUT) == []


def test_without_scripts_the_plots_and_their_readings_are_there(page_factory: Callable[..., Page], file: Path) -> None:
    page = page_factory(javascript=False)
    page.goto(file.as_uri())
    expect(page.locator("svg.gad-picture")).to_have_count(3)
    expect(page.locator("figcaption").first).to_have_text(panel.readings(net())["delta"])


# ------------------------------------------------------------------------------------------------ a kernel that is slow

_START = """async ([source, style, payload]) => {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);
  const values = { payload, patch: null, opened: {}, wish: {}, error: "", answered: 0 };
  const listeners = new Map();
  const fire = (name, ...args) => { for (const heard of [...(listeners.get(name) ?? [])]) heard(...args); };
  const model = {
    get: (key) => values[key],
    set: (key, value) => {
      values[key] = value;
      if (key === "wish") void window.kernelWishes(value).then(async (state) => {
        await new Promise((done) => setTimeout(done, 150));
        Object.assign(values, state);
        for (const key of Object.keys(state)) fire(`change:${key}`);
      });
    },
    save_changes: () => {},
    send: () => fire("msg:custom", { kind: "live" }, []),
    on: (name, heard) => void listeners.set(name, (listeners.get(name) ?? new Set()).add(heard)),
    off: (name, heard) => void listeners.get(name)?.delete(heard),
  };
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  const el = document.createElement("div");
  document.body.append(el);
  widget.render({ model, el });
}"""


@pytest.mark.slow
def test_where_no_widget_stands_in_another_it_is_said(page: Page) -> None:
    page.expose_function(
        "kernelWishes", lambda wish: {"opened": {"layer": 3, "text": "x", "model": "m"}, "answered": wish["nonce"]}
    )
    start = panel.payload(net(), live=True)
    page.evaluate(_START, [bundle.script(bundle.FLOW), bundle.style(bundle.FLOW), start])
    root = page.locator(".gad-flow")
    stage(root, "delta").locator('g.gad-layer[data-layer="3"]').click()
    expect(root.locator(".gad-notice").first).to_contain_text(".explorer as the last line of a cell")
    expect(root.locator(".gad-flow-heading")).to_have_text("Layer 3")


def live(page: Page) -> tuple[Locator, list[dict[str, Any]]]:
    """Show a panel with this process as its kernel; the wishes that it hears come back with it."""
    wishes: list[dict[str, Any]] = []
    settings = settings_of(NET)

    def wished(wish: dict[str, Any]) -> dict[str, Any]:
        nonlocal settings
        wishes.append(wish["values"])
        settings = changed(settings, wish["values"])
        return {"payload": panel.payload(measured(settings), live=True), "error": "", "answered": wish["nonce"]}

    page.expose_function("kernelWishes", wished)
    start = panel.payload(measured(settings), live=True)
    page.evaluate(_START, [bundle.script(bundle.FLOW), bundle.style(bundle.FLOW), start])
    return page.locator(".gad-flow"), wishes


@pytest.mark.slow
def test_a_net_is_measured_where_the_click_is(page: Page) -> None:
    root, wishes = live(page)
    click_in_plane(root, 3.0, 0.2)
    expect(root.locator(".gad-flow-now")).to_have_attribute("data-weight-var", "3.0")
    expect(root.locator(".gad-flow-now")).to_have_attribute("data-bias-var", "0.2")
    assert wishes == [{"weight_var": "3.0", "bias_var": "0.2"}]
    stage(root, "phase").press("Shift+ArrowLeft")
    expect(root.locator(".gad-flow-now")).to_have_attribute("data-weight-var", "2.75")
    shows(root, net(weight_var=2.75, bias_var=0.2))


def test_while_a_slider_is_dragged_only_the_latest_net_is_measured(page: Page) -> None:
    root, wishes = live(page)
    slider = root.get_by_role("slider", name="weight variance")
    slider.evaluate(
        """async (slider) => {
          for (let at = 10; at < 40; at += 1) {
            slider.value = at;
            slider.dispatchEvent(new Event("input", {bubbles: true}));
            await new Promise((done) => setTimeout(done, 5));
          }
        }"""
    )
    last = "2.05"  # 0.1 and 39 steps of 0.05
    expect(root.locator(".gad-flow-now")).to_have_attribute("data-weight-var", last)
    expect(root).not_to_have_attribute("aria-busy", "true")
    assert slider.input_value() == "39"
    assert wishes[-1] == {"weight_var": last}
    assert 2 <= len(wishes) <= 4, "one on its way, and then the latest"
    shows(root, net(weight_var=2.05))


# ------------------------------------------------------------------------------------------------ JupyterLab

CELL = f"""\
import numpy as np
import graphviz_ad as gad
panel = gad.gradflow.explore(**{NET!r})
panel"""
PRINT = """\
flow, at = panel.flow, panel.layer - 1
numbers = [flow.by_seed("delta_norm")[0, at], flow.by_seed("weight_grad_norm")[0, at]]
graph = panel.explorer.graph
numbers += [np.linalg.norm(graph.outputs[0].adjoint), np.linalg.norm(graph["W"].adjoint)]
print(*map(float, numbers), panel.settings.weight_var)"""


@pytest.mark.slow
def test_in_jupyterlab_a_click_measures_a_net_and_opens_a_layer(
    page: Page, jupyter_lab: JupyterLab, screenshots: Path
) -> None:
    book = Notebook.write(page, jupyter_lab, "flow.ipynb", CELL, PRINT, "panel.change(depth=5)")
    book.run(0)
    root = book.cell(0).locator(".gad-flow")
    expect(root.locator(".gad-flow-stage svg")).to_have_count(3, timeout=30 * SECONDS)
    expect(book.pictures(0)).to_have_count(0)  # the still picture has given way
    shows(root, net())
    root.scroll_into_view_if_needed()
    click_in_plane(root, 3.0, 0.05)
    expect(root.locator(".gad-flow-now")).to_have_attribute("data-weight-var", "3.0", timeout=10 * SECONDS)
    root.screenshot(path=screenshots / "flow-lab-plots.png")
    stage(root, "delta").locator('g.gad-layer[data-layer="7"]').click()
    child = Explorer(page, root.locator(".gad-flow-explorer > .gad-explorer"))
    expect(child.root).to_be_visible(timeout=20 * SECONDS)
    child.press("Last step")
    expect(child.root).to_have_attribute("data-phase", "done")
    delta, gradient, out, weight, weight_var = map(float, book.run(1).split())
    assert weight_var == 3.0
    assert [out, weight] == pytest.approx([delta, gradient], rel=1e-12)
    assert norm(child.read("h_next")["adjoint"]) == pytest.approx(delta, rel=1e-12)
    assert norm(child.read("W")["adjoint"]) == pytest.approx(gradient, rel=1e-12)
    root.screenshot(path=screenshots / "flow-lab.png")
    book.run(2)
    expect(stage(root, "delta")).to_have_attribute("aria-valuemax", "5")
    expect(child.root).to_have_count(0)
    assert math.isclose(
        float(layers(root, "delta")[-1]["value"]), profile(net(weight_var=3.0, depth=5), "delta_norm").typical[-1]
    )
