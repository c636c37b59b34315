"""The kernel-free page as a person uses it, opened from disk: buttons, keys, slider, numbers, themes, no network."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from graphviz_ad.widget.page import page as write_page
from tests.browser.driver import Explorer
from tests.widget import stories
from tests.widget.stories import Scene

# Hand-derived: (x² + 1)³ at 1.5 is 3.25³ = 34.328125, its derivative 6x(x² + 1)² = 95.0625, and 3u² = 31.6875.
CHAIN = {
    "x": ("1.5", "95.0625"),
    "s": ("2.25", "31.6875"),
    "u": ("3.25", "31.6875"),
    "y": ("34.328125", "1.0"),
}
# curriculum: the graph that tells order and accumulation errors apart
FAN_OUT = {"a": "25.0", "b": "19.0", "c": "7.0", "d": "6.0", "e": "1.0", "f": "1.0", "y": "1.0"}


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page]) -> Callable[..., Explorer]:
    """Return a function that writes a scene's page to disk and opens it."""

    def open_page(scene: Scene, **options: Any) -> Explorer:
        path = tmp_path / "graph.html"
        path.write_text(write_page(stories.told(scene), scene.title), encoding="utf-8")
        page = page_factory(**options)
        page.goto(path.as_uri())
        return Explorer(page)

    return open_page


def test_it_opens_at_the_beginning_and_ends_complete(opened: Callable[..., Explorer], screenshots: Path) -> None:
    explorer = opened(stories.chain())
    assert explorer.where == (0, 7, "forward")
    assert explorer.read("x")["value"] == "1.5"
    assert "value" not in explorer.read("s")
    explorer.page.screenshot(path=screenshots / "page-first.png")
    explorer.press("Last step")
    assert explorer.where == (7, 7, "done")
    for name, (value, adjoint) in CHAIN.items():
        assert (explorer.read(name)["value"], explorer.read(name)["adjoint"]) == (value, adjoint)
    assert float(explorer.edge("x", "s").get_attribute("data-local") or "nan") == 3.0
    assert float(explorer.edge("u", "y").get_attribute("data-contribution") or "nan") == 31.6875
    explorer.page.screenshot(path=screenshots / "page-last.png")


def chain(x: float) -> object:
    s = x**2
    u = s + 1
    y = u**3
    return y


def net(w1: float, b1: float, w2: float, b2: float, x: float, t: float) -> object:
    z = w1 * x + b1
    h = 1 / (1 + np.exp(-z))
    y = w2 * h + b2
    L = (y - t) ** 2
    return L


def test_the_page_that_a_graph_saves(tmp_path: Path, page: Page, screenshots: Path) -> None:
    path = gad.trace(chain, 1.5).save(tmp_path / "chain.html")
    page.goto(path.as_uri())
    explorer = Explorer(page)
    assert explorer.where == (0, 7, "forward")
    explorer.root.focus()
    page.keyboard.press("End")
    assert explorer.numbers("value") == pytest.approx({name: float(value) for name, (value, _) in CHAIN.items()})
    assert explorer.numbers("adjoint") == pytest.approx({name: float(adjoint) for name, (_, adjoint) in CHAIN.items()})
    page.screenshot(path=screenshots / "page-saved.png")


def test_the_page_of_the_net_with_one_hidden_unit(tmp_path: Path, page: Page, screenshots: Path) -> None:
    path = gad.trace(net, 0.5, 0.1, -0.3, 0.2, 2.0, 1.0).save(tmp_path / "net.html")
    page.goto(path.as_uri())
    explorer = Explorer(page)
    explorer.press("Last step")
    values, adjoints = explorer.numbers("value"), explorer.numbers("adjoint")
    for name, value in {"z": 1.1, "h": 0.750260, "y": -0.025078, "L": 1.050785}.items():
        assert values[name] == pytest.approx(value, abs=5e-7)
    for name, adjoint in {"w1": 0.230482, "b1": 0.115241, "w2": -1.538150, "b2": -2.050156}.items():
        assert adjoints[name] == pytest.approx(adjoint, abs=5e-7)
    page.screenshot(path=screenshots / "page-net.png", full_page=True)


def test_the_page_of_a_polynomial_that_nobody_has_seen_before(tmp_path: Path, page: Page) -> None:
    draw = random.Random()
    a, b, c, x = (round(draw.uniform(-3, 3), 3) for _ in range(4))
    page.goto(gad.trace(lambda x: a * x**3 + b * x**2 + c * x, x).save(tmp_path / "polynomial.html").as_uri())
    explorer = Explorer(page)
    explorer.press("Last step")
    what = f"{a} x³ + {b} x² + {c} x at {x}"
    assert explorer.numbers("value")["out"] == pytest.approx(a * x**3 + b * x**2 + c * x, rel=1e-9, abs=1e-12), what
    assert explorer.numbers("adjoint")["x"] == pytest.approx(3 * a * x**2 + 2 * b * x + c, rel=1e-9, abs=1e-12), what


def test_each_step_reveals_one_number_and_every_number_stays(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.chain())
    seen = 1  # x
    for _ in range(7):
        explorer.press("Step forward")
        revealed = explorer.root.evaluate(
            """root => root.querySelectorAll("g.gad-node[data-value]").length
                     + root.querySelectorAll("g.gad-node[data-adjoint]").length"""
        )
        assert revealed == seen + 1
        seen = revealed


@pytest.mark.slow
def test_back_undoes_forward_exactly(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.fan_out(idle=4.0))
    steps = explorer.where[1]
    there = []
    for _ in range(steps):
        there.append(explorer.state())
        explorer.press("Step forward")
    for step in reversed(range(steps)):
        explorer.press("Step back")
        assert explorer.state() == there[step], f"step {step}"


def test_buttons_stop_at_both_ends(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.chain())
    explorer.press("Step back")
    assert explorer.where[0] == 0
    explorer.press("Last step")
    explorer.press("Step forward")
    assert explorer.where[0] == 7
    explorer.press("First step")
    assert explorer.where[0] == 0


def test_a_running_sum_is_shown_and_counted_but_is_no_adjoint_yet(
    opened: Callable[..., Explorer], screenshots: Path
) -> None:
    explorer = opened(stories.fan_out(idle=4.0))
    explorer.go(9)  # five values, the seed, y to e and f, and f's contribution to c: 6 of 7
    c = explorer.node("c")
    expect(c).to_have_attribute("data-reported", "1")
    expect(c).to_have_attribute("data-consumers", "2")
    assert "adjoint" not in explorer.read("c")
    expect(c.locator("text.gad-adjoint")).to_have_text("6")
    expect(c.locator("text.gad-counter")).to_have_text("Σ 1/2")
    expect(c).to_contain_class("gad-gathering gad-active")
    explorer.page.screenshot(path=screenshots / "page-middle.png")
    explorer.press("Last step")
    expect(c.locator("text.gad-adjoint")).to_have_text("7")
    expect(c.locator("text.gad-counter")).to_have_text("Σ 2/2")
    for name, adjoint in FAN_OUT.items():
        assert explorer.read(name)["adjoint"] == adjoint


def test_an_input_without_a_path_ends_with_zero(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.fan_out(idle=4.0))
    explorer.go(15)
    assert "adjoint" not in explorer.read("idle")
    explorer.go(16)
    assert (explorer.read("idle")["adjoint"], explorer.read("idle")["reached"]) == ("0.0", "false")


def test_the_keys_work_wherever_the_focus_is(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.chain())
    slider = explorer.root.get_by_role("slider", name="Step")
    for focus in (explorer.root, explorer.root.get_by_role("button", name="Last step"), slider):
        focus.focus()
        for key, step in (("End", 7), ("ArrowLeft", 6), ("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2)):
            explorer.page.keyboard.press(key)
            assert explorer.where[0] == step, f"{key} moved twice or not at all"
    explorer.root.focus()
    explorer.page.keyboard.press("Control+Home")
    assert explorer.where[0] == 2, "a key with a modifier belongs to the browser"


def test_the_slider_can_be_dragged(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.chain())
    slider = explorer.root.get_by_role("slider", name="Step")
    box = slider.bounding_box()
    assert box is not None
    explorer.page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    explorer.page.mouse.down()
    explorer.page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2, steps=5)
    explorer.page.mouse.up()
    assert explorer.where == (7, 7, "done")
    expect(slider).to_have_attribute("aria-valuetext", "step 7 of 7")


@pytest.mark.slow
def test_play_takes_a_step_every_700_ms_and_stops_at_the_end(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.chain())
    page = explorer.page
    page.clock.install(time=0)
    page.reload()
    page.clock.pause_at(60_000)
    explorer.press("Play")
    assert explorer.where[0] == 0
    page.clock.run_for(699)
    assert explorer.where[0] == 0
    page.clock.run_for(1)
    assert explorer.where[0] == 1
    expect(explorer.root.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.clock.run_for(6 * 700)
    assert explorer.where == (7, 7, "done")
    expect(explorer.root.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.clock.run_for(10 * 700)
    assert explorer.where[0] == 7
    explorer.press("Play")  # at the end: from the beginning
    assert explorer.where[0] == 0
    page.clock.run_for(2 * 700)
    assert explorer.where[0] == 2
    explorer.root.focus()
    page.keyboard.press(" ")  # pause
    page.clock.run_for(5 * 700)
    assert explorer.where[0] == 2
    page.keyboard.press(" ")
    page.clock.run_for(700)
    explorer.press("Step forward")  # a person's own step ends the play
    page.clock.run_for(5 * 700)
    assert explorer.where[0] == 4


def test_the_inputs_are_closed_and_say_why(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.chain())
    field = explorer.root.locator('input.gad-input[data-node="x"]')
    expect(field).to_be_disabled()
    expect(field).to_have_value("1.5")
    expect(field).to_have_accessible_description(
        "This page has no Python behind it: the inputs cannot be changed here."
    )


def test_the_narration_is_one_polite_status_whose_height_never_changes(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.fan_out(), width=340)
    status = explorer.root.get_by_role("status")
    expect(status).to_have_count(1)
    expect(status).to_have_attribute("aria-live", "polite")
    expect(status).to_have_text("The inputs of (a + b + ab) + (a + b)·ab.")
    heights, said = set(), set()
    for step in range(explorer.where[1] + 1):
        explorer.go(step)
        said.add(status.text_content())
        heights.add(explorer.root.evaluate("root => root.getBoundingClientRect().height"))
    assert len(heights) == 1, "something jumps"
    assert len(said) == explorer.where[1] + 1


@pytest.mark.slow
def test_nodes_never_move(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.fan_out(idle=4.0))
    places = (
        "root => [...root.querySelectorAll('.gad-box')].map(box => Object.values(box.getBoundingClientRect().toJSON()))"
    )
    first = explorer.root.evaluate(places)
    for step in range(explorer.where[1] + 1):
        explorer.go(step)
        assert explorer.root.evaluate(places) == first


def test_forward_mode_reveals_tangents(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.forwards())
    explorer.go(5)
    assert explorer.where == (5, 7, "tangent")
    assert (explorer.read("s")["tangent"], explorer.read("x")["tangent"]) == ("3.0", "1.0")
    assert "tangent" not in explorer.read("u")
    expect(explorer.node("x").locator("text.gad-tangent")).to_be_visible()
    expect(explorer.node("u").locator("text.gad-tangent")).to_be_hidden()
    assert explorer.edge("x", "s").get_attribute("data-local") == "3.0"
    assert explorer.edge("s", "u").get_attribute("data-local") is None
    explorer.press("Last step")
    assert (explorer.read("y")["tangent"], explorer.where[2]) == ("95.0625", "done")
    assert "adjoint" not in explorer.read("y")


def test_without_scripts_the_complete_picture_stands(opened: Callable[..., Explorer], screenshots: Path) -> None:
    explorer = opened(stories.chain(), javascript=False)
    assert explorer.where == (7, 7, "done")
    expect(explorer.node("x").locator("text.gad-adjoint")).to_be_visible()
    explorer.page.screenshot(path=screenshots / "page-without-scripts.png")


def test_the_policy_stops_a_script_that_is_not_ours(
    opened: Callable[..., Explorer], watch: Any, tmp_path: Path
) -> None:
    explorer = opened(stories.chain())
    added = """() => { const script = document.createElement("script"); script.textContent = "window.foreign = 1";
                       document.body.append(script); fetch("http://127.0.0.1:9/").catch(() => {});
                       return window.foreign }"""
    assert explorer.page.evaluate(added) is None
    explorer.page.wait_for_timeout(100)
    assert len(watch.errors) >= 2, "the browser reports both"
    assert all("Content Security Policy" in error for error in watch.errors)
    watch.errors.clear()


def test_nothing_is_asked_of_anybody(opened: Callable[..., Explorer], watch: Any) -> None:
    explorer = opened(stories.chain())
    explorer.press("Last step")
    explorer.page.wait_for_timeout(300)
    assert [address for address in watch.requests if not address.startswith("file:")] == []
    assert len(watch.requests) == 1


CONTRAST = """root => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
                           return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const over = (top, below) => { const a = top[3] / 255;
                                 return [0, 1, 2].map(i => top[i] * a + below[i] * (1 - a)).concat(255); };
  const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => { const [r, g, b] = c.map(v => linear(v / 255));
                       return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = element => { const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 255]); };
  const words = [...root.querySelectorAll("span, p, label, var, .gad-input")]
    .filter(e => e.value || [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
    .filter(e => getComputedStyle(e).visibility !== "hidden" && e.getClientRects().length);
  return words.map(e => { const below = ground(e), text = over(rgba(getComputedStyle(e).color), below);
    const [a, b] = [light(text), light(below)].sort((p, q) => q - p);
    return [e.className + ": " + (e.value || e.textContent).slice(0, 30), (a + 0.05) / (b + 0.05)]; });
}"""


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_word_around_the_picture_can_be_read(
    opened: Callable[..., Explorer], screenshots: Path, theme: str
) -> None:
    explorer = opened(stories.fan_out(idle=4.0), theme=theme)
    for step in (0, 8, 16):
        explorer.go(step)
        explorer.page.wait_for_timeout(200)  # transitions
        found = explorer.root.evaluate(CONTRAST)
        assert len(found) > 10
        assert [(words, round(ratio, 2)) for words, ratio in found if ratio < 4.5] == []
        explorer.page.screenshot(path=screenshots / f"page-{theme}-{step}.png")


@pytest.mark.slow
def test_the_dark_page_is_dark(opened: Callable[..., Explorer]) -> None:
    grounds = [
        opened(stories.chain(), theme=theme).root.evaluate("root => getComputedStyle(root).backgroundColor")
        for theme in ("light", "dark")
    ]
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 23, 28)"]


def test_a_wide_picture_scrolls_before_it_gets_too_small_and_follows_the_story(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.large(12), width=700)
    stage = explorer.root.locator(".gad-stage")
    assert stage.evaluate("stage => stage.scrollWidth > stage.clientWidth")
    assert explorer.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "only the picture scrolls"
    size = "text => parseFloat(getComputedStyle(text).fontSize) * text.getCTM().a"
    assert explorer.node("v3").locator("text.gad-value").evaluate(size) > 10
    for label in ("Last step", "First step"):
        explorer.press(label)
        for _ in range(3):
            explorer.press("Step back" if label == "Last step" else "Step forward")
        inside = """stage => { const a = stage.querySelector(".gad-node.gad-active").getBoundingClientRect(),
                                      b = stage.getBoundingClientRect();
                                return a.left >= b.left && a.right <= b.right }"""
        assert stage.evaluate(inside)


@pytest.mark.slow
@pytest.mark.parametrize("zoom", [1, 2])
def test_zoomed_to_200_percent_nothing_is_cut_off(
    opened: Callable[..., Explorer], screenshots: Path, zoom: int
) -> None:
    explorer = opened(stories.fan_out(), width=1280 // zoom, height=900 // zoom, device_scale_factor=zoom)
    explorer.go(9)
    assert explorer.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for control in explorer.root.locator(":is(button, input, .gad-phase, .gad-position):visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1280 // zoom
    explorer.page.screenshot(path=screenshots / f"page-zoom-{zoom}.png")


def test_reduced_motion_moves_nothing_by_itself(opened: Callable[..., Explorer]) -> None:
    animated = "root => root.getAnimations({subtree: true}).length"
    explorer = opened(stories.chain(), reduced_motion="no-preference")
    explorer.go(6)
    assert explorer.root.evaluate(animated) > 0
    explorer.page.emulate_media(reduced_motion="reduce")
    explorer.go(5)
    assert explorer.root.evaluate(animated) == 0


@pytest.mark.slow
def test_five_hundred_nodes_step_without_delay(opened: Callable[..., Explorer]) -> None:
    explorer = opened(stories.large(500))
    assert explorer.where[1] == 499 + 1 + 499
    milliseconds = explorer.root.evaluate(
        """async root => { const forward = root.querySelector('[aria-label="Step forward"]');
             const times = [];
             for (let k = 0; k < 30; k++) { const from = performance.now(); forward.click();
               root.getBoundingClientRect(); times.push(performance.now() - from);
               await new Promise(requestAnimationFrame); }
             return times.sort((a, b) => a - b)[15] }"""
    )
    assert explorer.where[0] == 30
    assert milliseconds < 100, "measured: about 10 ms; a rebuilt picture takes ten times as long"
