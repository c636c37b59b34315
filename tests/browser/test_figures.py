"""Saved figures in a real browser: each step as in the explorer, animations, themes, and many figures on one page."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page

import graphviz_ad as gad
from graphviz_ad.render.animate import SECONDS_AT_FIRST, SECONDS_PER_STEP
from graphviz_ad.story.staging import stage
from graphviz_ad.widget import bundle
from tests.browser.driver import Explorer
from tests.conftest import BROWSER_ARGUMENTS
from tests.run import find_browser


def fan_out(a: Any, b: Any) -> Any:
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    y = e + f
    return y


def layer(X: Any, W: Any, b: Any, t: Any) -> Any:
    z = X @ W + b
    h = np.maximum(0, z)
    L = np.mean((h - t) ** 2)
    return L


def slope(x: Any) -> Any:
    return np.sin(x) * x


def both(x: Any) -> Any:
    return np.sin(x), np.cos(x)


def grouped(x: Any) -> Any:
    with gad.scope("outer"):
        a, b = both(x)
        with gad.scope("inner"):
            c = a * b + a
    with gad.scope("last"):
        y = np.exp(c) * b
    return y


OPTIONS: dict[str, dict[str, Any]] = {
    "fan out": {},
    "layer": {},
    "tangents": {"mode": "forward"},
    "meeting tangents": {"mode": "forward", "seed": {"a": 1.0}},
    "groups": {"fold": ("both", "last")},
    "groups, tangents": {"fold": ("both", "last"), "mode": "forward"},
}


@pytest.fixture(scope="module")
def graphs() -> dict[str, gad.Graph]:
    X, W = np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]]), np.array([[1.0], [-0.5]])
    return {
        "fan out": gad.trace(fan_out, 2.0, 3.0),
        "layer": gad.trace(layer, gad.constant(X), W, np.array([0.1]), gad.constant(np.ones((3, 1)))),
        "tangents": gad.trace(slope, 0.75),
        "meeting tangents": gad.trace(fan_out, 2.0, 3.0),
        "groups": gad.trace(grouped, 0.5),
        "groups, tangents": gad.trace(grouped, 0.5),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIONS)
def test_every_step_is_the_explorers(name: str, graphs: dict[str, gad.Graph], tmp_path: Path, page: Page) -> None:
    """Hooks, numbers and what each node and edge is called."""
    graph, options = graphs[name], {"engine": "layered", **OPTIONS[name]}
    page.goto(graph.save(tmp_path / "graph.html", **options).as_uri())
    explorer = Explorer(page)
    played = []
    for step in range(explorer.where[1] + 1):
        explorer.go(step)
        explorer.expect_step(step)
        played.append(explorer.state())
    assert len(played) > 6
    page.goto("about:blank")  # away from the page's content security policy
    for step, expected in enumerate(played):
        text = graph.save(tmp_path / "still.svg", step=step, **options).read_text(encoding="utf-8")
        page.set_content(text)
        assert Explorer(page, page.locator("svg")).state() == expected, step


def shot(page: Page, path: Path, clip: tuple[int, int]) -> Image.Image:
    """Return what a page shows of an image file in its upper left corner."""
    page.goto("about:blank")
    (path.parent / "image.html").write_text(
        f'<!DOCTYPE html><body style="margin:0"><img id="figure" src="{path.name}">', encoding="utf-8"
    )
    page.goto((path.parent / "image.html").as_uri())
    page.locator("img").evaluate("image => image.decode()")
    data = page.screenshot(clip={"x": 0, "y": 0, "width": clip[0], "height": clip[1]})
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and ImageChops.difference(one, other).getbbox() is None


def stopped(svg: str, seconds: float) -> str:
    """Return an animated figure that plays once, held still at a time: all its delays end so much earlier."""

    def earlier(match: re.Match[str]) -> str:
        return f"{match[1]} {match[2]}s {float(match[3] or 0) - seconds:.3f}s paused"

    held, count = re.subn(r"(gad-[0-9a-f]{8}-(?:on|off)) ([\d.]+)s(?: ([\d.]+)s)?", earlier, svg)
    assert count > 20
    return held


def middle(step: int) -> float:
    """Return the time in the middle of a step of an animation."""
    return SECONDS_AT_FIRST / 2 if step == 0 else SECONDS_AT_FIRST + (step - 0.5) * SECONDS_PER_STEP


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scheme"),
    [("fan out", "light"), ("fan out", "dark"), ("layer", "dark"), ("meeting tangents", "light"), ("groups", "dark")],
)
def test_an_animated_image_shows_one_step_after_the_other(
    name: str,
    scheme: str,
    graphs: dict[str, gad.Graph],
    tmp_path: Path,
    page_factory: Callable[..., Page],
    screenshots: Path,
) -> None:
    """In a plain <img>: at every time, to the pixel, the picture at that step; at the end the complete one."""
    graph, options = graphs[name], {"engine": "layered", **OPTIONS[name]}
    moving = graph.save(tmp_path / "moving.svg", animate=True, **options).read_text(encoding="utf-8")
    complete = graph.save(tmp_path / "complete.svg", **options)
    still = complete.read_text(encoding="utf-8")
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', still)
    legend = re.search(r'class="gad-legend"><[^>]* (?:y="(\d+)|d="M[\d.]+ ([\d.]+))', still)
    assert size is not None
    assert legend is not None
    clip = int(size[1]), int(float(legend[1] or legend[2])) - 20
    page = page_factory(theme=scheme, width=int(size[1]) + 20, height=int(size[2]) + 100)
    steps = len(stage(graph, **OPTIONS[name]).steps)
    held = tmp_path / "held.svg"
    seen = []
    for step in (0, 1, steps // 2, steps - 1, steps):
        held.write_text(stopped(moving, middle(step)), encoding="utf-8")
        seen.append(shot(page, held, clip))
        expected = shot(page, graph.save(tmp_path / "step.svg", step=step, **options), clip)
        assert same(seen[-1], expected), step
    held.write_text(stopped(moving, middle(steps) + SECONDS_PER_STEP), encoding="utf-8")
    last = shot(page, held, clip)
    page.screenshot(path=screenshots / f"animated-{name.replace(' ', '-')}-{scheme}.png")
    assert same(last, shot(page, complete, clip))
    assert not any(same(one, other) for one, other in zip(seen, [*seen[1:], last], strict=True))


@pytest.fixture
def quiet_browser(browser: Browser) -> Iterator[Browser]:
    """Start a browser whose person has asked for less motion; the emulation of it does not reach into images."""
    options = [*BROWSER_ARGUMENTS, "--force-prefers-reduced-motion"]
    if os.getuid() == 0:  # Chromium's sandbox refuses root
        options.append("--no-sandbox")
    started = browser.browser_type.launch(executable_path=find_browser(), args=options)
    yield started
    started.close()


def hidden_texts(page: Page) -> list[str]:
    """Return the texts of the figure that cannot be seen now."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("text")]
             .filter(text => getComputedStyle(text).visibility === "hidden").map(text => text.textContent)"""
    )
    return found


@pytest.mark.slow
def test_it_stands_still_where_less_motion_is_asked_for(
    graphs: dict[str, gad.Graph], tmp_path: Path, page_factory: Callable[..., Page], quiet_browser: Browser
) -> None:
    path = graphs["fan out"].save(tmp_path / "moving.svg", animate=True, engine="layered")
    wanted = "Complete after 16 steps: every value, and every adjoint."
    for motion, complete in (("reduce", True), ("no-preference", False)):
        page = page_factory(reduced_motion=motion)
        page.goto(path.as_uri())
        assert (wanted not in hidden_texts(page)) == complete
        running = page.evaluate("document.getAnimations().length")
        assert (running == 0) == complete
    held = tmp_path / "held.svg"
    held.write_text(stopped(path.read_text(encoding="utf-8"), 99), encoding="utf-8")
    quiet, usual = quiet_browser.new_context().new_page(), page_factory()
    assert same(shot(quiet, path, (900, 300)), shot(usual, held, (900, 300)))


@pytest.mark.slow
def test_an_animation_in_a_loop_starts_again(
    graphs: dict[str, gad.Graph], tmp_path: Path, page_factory: Callable[..., Page]
) -> None:
    page = page_factory(reduced_motion="no-preference")
    once, again = (
        graphs["fan out"].save(tmp_path / f"{play}.svg", animate=play, engine="layered") for play in (True, "loop")
    )
    looks = []
    for path in (once, again):
        page.goto(path.as_uri())
        assert page.evaluate("document.getAnimations().length > 0")
        endless = "document.getAnimations().every(each => each.effect.getComputedTiming().endTime === Infinity)"
        assert page.evaluate(endless) == (path == again)
        for step in (0, 7, 16, 17):
            page.evaluate(
                "time => document.getAnimations().forEach(each => { each.pause(); each.currentTime = time })",
                1000 * middle(step),
            )
            looks.append(hidden_texts(page))
    assert looks[:4] == looks[4:]
    period = page.evaluate("document.getAnimations()[0].effect.getComputedTiming().duration")
    page.evaluate("time => document.getAnimations().forEach(each => { each.currentTime = time })", period + 100)
    assert hidden_texts(page) == looks[0]


STYLES = """root => [root, ...root.querySelectorAll("*")].map(part => {
  const style = getComputedStyle(part);
  return ["fill", "stroke", "strokeWidth", "strokeDasharray", "fontSize", "fontFamily", "fontWeight", "fontStyle",
    "textAnchor", "visibility", "animationName", "animationDuration", "animationIterationCount", "whiteSpace",
    "opacity", "maxWidth"].map(name => style[name]).join("|");
})"""


def styles(page: Page, parts: list[str]) -> list[Any]:
    """Return the computed styles of all figures of a page that holds these pieces of HTML."""
    page.set_content("<!DOCTYPE html>" + "".join(f"<div>{part}</div>" for part in parts))
    page.evaluate("document.getAnimations().forEach(each => { each.pause(); each.currentTime = 2000 })")
    return [figure.evaluate(STYLES) for figure in page.locator("svg.gad-picture").all()]


@pytest.mark.slow
def test_figures_on_one_page_leave_each_other_alone(graphs: dict[str, gad.Graph], tmp_path: Path, page: Page) -> None:
    """Twenty and more, some of them twice, beside an explorer's stylesheet: each looks as if it were alone."""

    def figure(name: str, **options: Any) -> str:
        path = graphs[name].save(tmp_path / "figure.svg", engine="layered", **OPTIONS[name], **options)
        return path.read_text(encoding="utf-8")

    figures = [
        figure(name, **options)
        for name in ("fan out", "layer", "tangents", "groups")
        for options in ({}, {"theme": "dark"}, {"step": 2}, {"step": 5}, {"animate": True}, {"animate": "loop"})
    ]
    strip = graphs["fan out"].film_strip(tmp_path / "strip.svg", [0, 7, -1], engine="layered")
    figures += [figures[0], figures[4], figures[5], strip.read_text(encoding="utf-8")]
    assert len(figures) > 20
    css = f"<style>{bundle.static_text('explorer.css')}</style>"
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        alone = [styles(page, [one])[0] for one in figures]
        assert styles(page, [*figures, css]) == alone
        assert styles(page, [css, *reversed(figures)]) == alone[::-1]
    assert len({str(look) for look in alone}) > 12
