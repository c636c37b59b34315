"""Ways to look in a real browser: mode, labels, groups, search, upstream and downstream; and what stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import graphviz_ad as gad
from graphviz_ad.widget.view import View
from tests.browser.driver import Explorer
from tests.browser.live import Kernel, show
from tests.story.test_outline import layered


def f(x, b):
    u = np.tanh(x * b)
    v = u - x
    y = u * v + x**2
    return y


def inner(x):
    return np.sin(x) * x


def outer(x):
    h = np.exp(inner(x))
    return h / (1 + h)


def nested(x):
    y = outer(x) + x
    return y


@pytest.fixture
def live(page_factory: Callable[..., Page]) -> Callable[..., tuple[Explorer, Kernel]]:
    """Return a function that shows a graph with a kernel behind it."""

    def open_live(graph: gad.Graph, page: dict[str, Any] | None = None, **options: Any) -> tuple[Explorer, Kernel]:
        return show(page_factory(**(page or {})), View(graph, **options))

    return open_live


@pytest.fixture
def saved(tmp_path: Path, page_factory: Callable[..., Page]) -> Callable[..., Explorer]:
    """Return a function that saves a graph's page and opens it."""

    def open_page(graph: gad.Graph, page: dict[str, Any] | None = None, **options: Any) -> Explorer:
        path = graph.save(tmp_path / "graph.html", **options)
        opened = page_factory(**(page or {}))
        opened.goto(path.as_uri())
        return Explorer(opened)

    return open_page


def marked(explorer: Explorer, name: str) -> set[str]:
    found = explorer.root.locator(f"g.gad-node.{name}").evaluate_all("nodes => nodes.map(node => node.dataset.node)")
    return set(found)


def choose(explorer: Explorer, what: str, value: str) -> None:
    explorer.root.locator(f"select.gad-{what}").select_option(value)


# ------------------------------------------------------------------------------------------------ mode and labels


@pytest.mark.slow
def test_forward_mode_shows_pythons_tangents(live: Callable[..., tuple[Explorer, Kernel]], screenshots: Path) -> None:
    graph = gad.trace(f, 0.5, 3.0)
    explorer, kernel = live(graph)
    explorer.go(8)
    choose(explorer, "mode", "forward:b")
    expect(explorer.root).to_have_attribute("data-mode", "forward")
    assert kernel.looks == [{"mode": "forward", "seed": "b"}]
    explorer.press("Last step")
    right = gad.trace(f, 0.5, 3.0).forward({"b": 1.0})
    assert explorer.numbers("tangent") == {
        node.name: float(node.tangent) for node in right.nodes if node.differentiable and node.name in "xbuvy v1 v2 v3"
    }
    explorer.page.screenshot(path=screenshots / "ways-forward.png")
    choose(explorer, "mode", "forward:x")
    expect(explorer.node("x")).to_have_attribute("data-tangent", "1.0")
    choose(explorer, "mode", "reverse")
    expect(explorer.root).to_have_attribute("data-mode", "reverse")
    assert kernel.looks[-1] == {}
    explorer.press("Last step")
    assert float(explorer.read("x")["adjoint"]) == float(graph.backward()["x"].adjoint)


def test_the_story_stays_where_it_was(live: Callable[..., tuple[Explorer, Kernel]]) -> None:
    explorer, _ = live(gad.trace(f, 0.5, 3.0))
    explorer.go(3)
    words = explorer.root.locator(".gad-narration").inner_text()
    choose(explorer, "mode", "forward:x")
    expect(explorer.root).to_have_attribute("data-mode", "forward")
    explorer.expect_step(3)
    assert explorer.root.locator(".gad-narration").inner_text() == words
    explorer.go(10)
    choose(explorer, "mode", "reverse")  # the last that both stories tell: all values are there
    expect(explorer.root).to_have_attribute("data-mode", "reverse")
    explorer.expect_step(6)
    explorer.press("Last step")
    choose(explorer, "labels", "both")
    expect(explorer.root).to_have_attribute("data-phase", "done")


def test_an_entry_of_an_array_can_move(live: Callable[..., tuple[Explorer, Kernel]]) -> None:
    graph = gad.trace(lambda w: np.sum(w * np.array([1.0, 10.0])), np.array([2.0, 3.0]))
    explorer, _ = live(graph)
    choose(explorer, "mode", "forward:w[1]")
    expect(explorer.root).to_have_attribute("data-mode", "forward")
    explorer.press("Last step")
    assert float(explorer.read("out")["tangent"]) == 10.0


def test_labels(live: Callable[..., tuple[Explorer, Kernel]], screenshots: Path) -> None:
    explorer, kernel = live(gad.trace(f, 0.5, 3.0))
    for labels in ("symbols", "both", "numbers"):
        choose(explorer, "labels", labels)
        expect(explorer.root.locator("select.gad-labels")).to_have_value(labels)
        assert kernel.looks[-1] == {"labels": labels}
    choose(explorer, "labels", "both")
    explorer.press("Last step")
    explorer.page.screenshot(path=screenshots / "ways-both.png")


@pytest.mark.slow
def test_a_page_without_a_kernel_has_these_looks_too(saved: Callable[..., Explorer]) -> None:
    explorer = saved(gad.trace(f, 0.5, 3.0))
    explorer.go(3)
    choose(explorer, "mode", "forward:x")
    expect(explorer.root).to_have_attribute("data-mode", "forward")
    explorer.expect_step(3)
    choose(explorer, "labels", "symbols")  # carried for one departure at a time: back to reverse mode
    expect(explorer.root).to_have_attribute("data-mode", "reverse")
    expect(explorer.root.locator("select.gad-mode")).to_have_value("reverse")
    expect(explorer.root.locator("select.gad-labels")).to_have_value("symbols")
    explorer.press("Last step")
    assert float(explorer.read("x")["adjoint"]) == float(gad.trace(f, 0.5, 3.0).backward()["x"].adjoint)


def expect_told(explorer: Explorer, words: str) -> None:
    """Wait for a sentence that is seen and announced."""
    expect(explorer.root.locator(".gad-notice")).to_have_text(words)
    expect(explorer.root.locator(".gad-announcement")).to_have_text(words)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_a_page_says_which_look_goes_back(saved: Callable[..., Explorer], screenshots: Path, theme: str) -> None:
    explorer = saved(gad.trace(nested, 0.5), {"theme": theme})
    one = "This page shows one way of looking at a time: "
    choose(explorer, "labels", "symbols")
    expect(explorer.root.locator("text.gad-formula-value").first).to_be_attached()
    expect(explorer.root.locator(".gad-notice")).to_be_empty()  # nothing else was chosen
    choose(explorer, "mode", "forward:x")
    expect(explorer.root).to_have_attribute("data-mode", "forward")
    expect_told(explorer, f"{one}labels are back to numbers.")
    explorer.page.screenshot(path=screenshots / f"ways-one-look-{theme}.png")
    choose(explorer, "labels", "both")
    expect_told(explorer, f"{one}the mode is back to reverse.")
    explorer.root.get_by_role("button", name="Close inner").click()
    expect_told(explorer, f"{one}labels are back to numbers.")
    expect(explorer.node("inner")).to_have_attribute("data-kind", "group")
    choose(explorer, "labels", "symbols")
    expect_told(explorer, f"{one}inner is open again.")
    choose(explorer, "labels", "numbers")  # as the page opened: nothing goes back that was not asked for
    expect(explorer.root.locator("text.gad-formula-value")).to_have_count(0)
    expect(explorer.root.locator("select.gad-labels")).to_have_value("numbers")
    expect(explorer.root.locator(".gad-notice")).to_be_empty()


@pytest.mark.slow
def test_a_page_closes_again_what_it_opened(saved: Callable[..., Explorer]) -> None:
    explorer = saved(gad.trace(nested, 0.5), fold=("outer",))
    explorer.root.get_by_role("button", name="Open outer").click()
    expect(explorer.node("h")).to_be_attached()
    # two things at once were not drawn, and are not offered
    expect(explorer.root.get_by_role("button", name="Close inner")).to_have_count(0)
    explorer.root.get_by_role("button", name="Close outer").click()
    expect(explorer.node("outer")).to_have_attribute("data-kind", "group")
    expect(explorer.root.locator(".gad-notice")).to_be_empty()


@pytest.mark.slow
def test_a_slider_of_a_page_says_which_look_goes_back(saved: Callable[..., Explorer]) -> None:
    explorer = saved(gad.trace(f, 0.5, 3.0), inputs={"x": [0.25, 0.5, 0.75]})
    choose(explorer, "mode", "forward:b")
    expect(explorer.root).to_have_attribute("data-mode", "forward")
    slider = explorer.root.get_by_role("slider", name="x", exact=True)
    for value in ("0.75", "0.5"):  # it is dragged on: what was said stays
        slider.press("ArrowRight" if value == "0.75" else "ArrowLeft")
        expect(explorer.node("x")).to_have_attribute("data-value", value)
        expect_told(explorer, "This page shows one way of looking at a time: the mode is back to reverse.")
    slider.press("ArrowRight")
    expect(explorer.node("x")).to_have_attribute("data-value", "0.75")
    choose(explorer, "labels", "both")
    expect_told(explorer, "Back to the page's own inputs: this way of looking was drawn for them alone.")
    expect(explorer.node("x")).to_have_attribute("data-value", "0.5")


# ------------------------------------------------------------------------------------------------ groups


@pytest.mark.slow
def test_groups_open_and_close_in_the_picture(live: Callable[..., tuple[Explorer, Kernel]], screenshots: Path) -> None:
    explorer, kernel = live(layered(3))
    explorer.go(4)
    explorer.root.get_by_role("button", name="Close dense_2").click()
    expect(explorer.node("dense_2")).to_have_attribute("data-kind", "group")
    assert kernel.looks[-1] == {"closed": ["dense_2"]}
    explorer.expect_step(3)  # v1, z, h; then the first step inside of what was closed
    sign = explorer.root.get_by_role("button", name="Open dense_2")
    expect(sign).to_be_focused()
    expect(sign).to_have_attribute("aria-expanded", "false")
    explorer.root.get_by_role("button", name="Close dense_3").press("Enter")
    expect(explorer.node("dense_3")).to_have_attribute("data-kind", "group")
    explorer.page.screenshot(path=screenshots / "ways-groups.png")
    explorer.root.get_by_role("button", name="Open dense_2").press("Enter")
    expect(explorer.node("z_2")).to_be_attached()
    assert kernel.looks[-1] == {"open": ["dense_2"], "closed": ["dense_3"]}
    explorer.press("Last step")
    right = layered(3).backward()
    np.testing.assert_allclose(
        np.array(right["layers[0][1]"].adjoint), np.array(_data(explorer.read("layers[0][1]")["adjoint"]))
    )


def _data(text: str) -> list[float]:
    import json

    data: list[float] = json.loads(text)["data"]
    return data


@pytest.mark.slow
def test_what_was_clicked_does_not_jump(live: Callable[..., tuple[Explorer, Kernel]]) -> None:
    explorer, _ = live(layered(4))
    close = explorer.root.get_by_role("button", name="Close dense_3")
    close.scroll_into_view_if_needed()
    before = close.bounding_box()
    close.click()
    sign = explorer.root.get_by_role("button", name="Open dense_3")
    expect(sign).to_be_focused()
    after, box = sign.bounding_box(), explorer.node("dense_3").bounding_box()
    stage = explorer.root.locator(".gad-stage").bounding_box()
    assert before
    assert after
    assert box
    assert stage
    # the whole box is there, and under the pointer still, but where it would then not be seen whole
    assert stage["x"] <= box["x"] + 1
    assert box["x"] + box["width"] <= stage["x"] + stage["width"] + 1
    assert abs(after["x"] - before["x"]) < 30 or box["x"] - stage["x"] < 30


def test_groups_by_the_menu_and_by_keys(live: Callable[..., tuple[Explorer, Kernel]]) -> None:
    explorer, kernel = live(gad.trace(nested, 0.5))
    menu = explorer.root.locator(".gad-groups")
    menu.locator("summary").press("Enter")
    boxes = menu.get_by_role("checkbox")
    assert boxes.evaluate_all("boxes => boxes.map(box => [box.dataset.group, box.checked])") == [
        ["outer", True],
        ["inner", True],
    ]
    boxes.nth(1).press("Space")
    expect(explorer.node("inner")).to_have_attribute("data-kind", "group")
    expect(menu.get_by_role("checkbox").nth(1)).to_be_focused()
    expect(menu.get_by_role("checkbox").nth(1)).not_to_be_checked()
    menu.get_by_role("checkbox").nth(0).press("Space")
    expect(explorer.node("outer")).to_have_attribute("data-kind", "group")
    assert kernel.looks[-1] == {"closed": ["inner", "outer"]}
    expect(menu.get_by_role("checkbox")).to_have_count(1)
    menu.get_by_role("checkbox").nth(0).press("Space")
    expect(explorer.node("inner")).to_have_attribute("data-kind", "group")  # as it was left
    menu.get_by_role("checkbox").nth(0).press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    assert explorer.where[0] == 0  # none of these keys played a step


@pytest.mark.slow
def test_a_long_chain_opens_range_by_range(live: Callable[..., tuple[Explorer, Kernel]]) -> None:
    def chain(x):
        for _ in range(100):
            x = x * 1.01
        return x

    explorer, _ = live(gad.trace(chain, 1.0))
    before = explorer.root.locator('g.gad-node[data-kind="group"]').count()
    assert before > 5
    explorer.root.locator(".gad-sign-button").nth(1).click()
    expect(explorer.root.locator("g.gad-frame")).to_have_count(1)
    assert explorer.root.locator('g.gad-node[data-kind="group"]').count() == before - 1


@pytest.mark.slow
def test_a_graph_without_groups_has_no_menu(live: Callable[..., tuple[Explorer, Kernel]]) -> None:
    explorer, _ = live(gad.trace(f, 0.5, 3.0))
    expect(explorer.root.locator(".gad-groups")).to_be_hidden()
    assert explorer.root.locator(".gad-sign-button").count() == 0


# ------------------------------------------------------------------------------------------------ search and streams


@pytest.mark.slow
def test_search_goes_from_one_to_the_next(live: Callable[..., tuple[Explorer, Kernel]]) -> None:
    explorer, _ = live(layered(3))
    explorer.root.press("/")
    field = explorer.root.get_by_role("searchbox")
    expect(field).to_be_focused()
    explorer.page.keyboard.type("TANH")
    count = explorer.root.locator(".gad-found-count")
    expect(count).to_have_text("3 found")
    assert marked(explorer, "gad-found") == {"h", "h_2", "h_3"}
    for number, name in ((1, "h"), (2, "h_2"), (3, "h_3"), (1, "h")):
        field.press("Enter")
        expect(count).to_have_text(f"{number} of 3")
        assert marked(explorer, "gad-selected") == {name}
        box, stage = explorer.node(name).bounding_box(), explorer.root.locator(".gad-stage").bounding_box()
        assert box
        assert stage
        assert stage["x"] - 1 <= box["x"] <= stage["x"] + stage["width"] - box["width"] + 1
    field.press("Shift+Enter")
    expect(count).to_have_text("3 of 3")
    field.fill("input")
    expect(count).to_have_text("6 found")
    field.fill("nowhere")
    expect(count).to_have_text("none")
    field.press("Enter")
    field.press("Escape")
    expect(field).to_have_value("")
    assert marked(explorer, "gad-found") == set()
    assert explorer.where[0] == 0


def test_upstream_and_downstream_of_what_is_selected(
    live: Callable[..., tuple[Explorer, Kernel]], screenshots: Path
) -> None:
    explorer, _ = live(gad.trace(f, 0.5, 3.0))
    upstream = explorer.root.get_by_role("button", name="upstream", exact=True)
    expect(upstream).to_have_attribute("aria-disabled", "true")
    explorer.root.press("u")
    expect(upstream).to_have_attribute("aria-pressed", "false")
    expect(explorer.root.locator(".gad-announcement")).to_have_text("Select a node first.")
    explorer.node("u").click()
    expect(upstream).not_to_have_attribute("aria-disabled", "true")
    explorer.root.press("u")
    assert marked(explorer, "gad-kept") == {"x", "b", "v1", "u"}
    expect(explorer.root.get_by_role("button", name="upstream", exact=True)).to_have_attribute("aria-pressed", "true")
    assert explorer.node("y").evaluate("node => Number(getComputedStyle(node).opacity)") < 0.5
    explorer.page.screenshot(path=screenshots / "ways-upstream.png")
    explorer.root.press("d")
    assert marked(explorer, "gad-kept") == {"x", "b", "v1", "u", "v", "v2", "y"}
    explorer.root.press("u")
    assert marked(explorer, "gad-kept") == {"u", "v", "v2", "y"}
    explorer.node("v").click()
    assert marked(explorer, "gad-kept") == {"v", "v2", "y"}
    explorer.root.get_by_role("button", name="downstream", exact=True).click()
    assert marked(explorer, "gad-kept") == set()
    assert explorer.node("y").evaluate("node => Number(getComputedStyle(node).opacity)") == 1
    explorer.root.press("u")
    explorer.node("v").press("Escape")
    expect(upstream).to_have_attribute("aria-pressed", "false")
    explorer.node("v").click()
    assert marked(explorer, "gad-kept") == set()


@pytest.mark.slow
def test_where_there_is_little_room_the_ways_are_behind_a_button(live: Callable[..., tuple[Explorer, Kernel]]) -> None:
    explorer, _ = live(gad.trace(f, 0.5, 3.0), {"width": 600, "height": 700})
    more = explorer.root.get_by_role("button", name="Ways to look")
    mode = explorer.root.get_by_role("combobox", name="Mode")
    expect(more).to_have_attribute("aria-expanded", "false")
    expect(mode).to_be_hidden()
    more.press("Enter")
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(mode).to_be_visible()
    more.press("Enter")
    expect(mode).to_be_hidden()
    explorer.root.press("/")
    expect(explorer.root.get_by_role("searchbox")).to_be_focused()
    explorer.page.set_viewport_size({"width": 1000, "height": 700})
    expect(more).to_be_hidden()
    expect(mode).to_be_visible()
    explorer.page.set_viewport_size({"width": 600, "height": 700})
    explorer.go(3)
    explorer.page.evaluate("scrollTo(0, 300)")
    top = explorer.root.locator(".gad-toolbar").bounding_box()
    assert top
    assert top["y"] >= -1, "the buttons stay in sight"


def a_function_whose_name_is_long_enough_for_a_whole_line(x):
    return np.sin(x) * x


def calls(x):
    y = a_function_whose_name_is_long_enough_for_a_whole_line(
        x
    ) + a_function_whose_name_is_long_enough_for_a_whole_line(2 * x)
    return y


@pytest.mark.slow
@pytest.mark.parametrize("make", [lambda: layered(3), lambda: gad.trace(calls, 0.5)], ids=["short", "long"])
def test_the_menu_of_groups_stays_in_a_narrow_view(
    live: Callable[..., tuple[Explorer, Kernel]], screenshots: Path, make: Callable[[], gad.Graph]
) -> None:
    explorer, _ = live(make(), {"width": 640, "height": 450})
    explorer.press("Ways to look")
    explorer.root.locator(".gad-groups summary").click()
    menu = explorer.root.locator(".gad-menu-list")
    for width in (640, 320, 480, 720, 900, 700):
        explorer.page.set_viewport_size({"width": width, "height": 450})
        explorer.page.wait_for_timeout(100)  # the size of a menu is seen before the next picture of the page
        box = menu.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert explorer.page.evaluate("document.scrollingElement.scrollWidth") <= width
    explorer.page.screenshot(path=screenshots / "ways-menu.png")
