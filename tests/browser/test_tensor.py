"""The Cells panel as a person reads it: every cell by mouse and keys, statistics, and from which cells a cell comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from graphviz_ad import nn
from graphviz_ad.story import arrays
from graphviz_ad.story.arrays import statistics
from graphviz_ad.story.used import Uses
from graphviz_ad.widget import look
from graphviz_ad.widget.view import View
from tests.browser.driver import Explorer, Notebook
from tests.conftest import JupyterLab

Open = Callable[..., Explorer]


@pytest.fixture
def opened(tmp_path: Path, page_factory: Callable[..., Page], monkeypatch: pytest.MonkeyPatch) -> Open:
    """Return a function that writes a graph's page, with one way of looking, opens it and goes to the Cells."""

    def departures(_: View) -> Iterator[dict[str, Any]]:
        yield from ()

    monkeypatch.setattr(look, "departures", departures)

    def open_page(graph: gad.Graph, node: str, options: dict[str, Any] | None = None, **page_options: Any) -> Explorer:
        path = tmp_path / "graph.html"
        path.write_text(View(graph, **(options or {})).page(), encoding="utf-8")
        page = page_factory(**page_options)
        page.goto(path.as_uri())
        explorer = Explorer(page)
        explorer.press("Last step")
        explorer.root.get_by_role("tab", name="Cells").click()
        choose(explorer, node)
        return explorer

    return open_page


def choose(explorer: Explorer, node: str) -> None:
    explorer.root.get_by_label("Array", exact=True).select_option(label=node)


def layer(X, W, b):
    Z = X @ W + b
    loss = np.mean(np.maximum(0, Z) ** 2)
    return loss


LAYER = gad.trace(
    layer, np.array([[1.0, -2.0, 0.5], [0.1, 3.0, 1 / 3]]), np.array([[1.0, 2.0], [0.5, 0.0], [-1.0, 1e-7]]), np.ones(2)
)


def conv(x, kernel):
    y = nn.conv2d(x, kernel)
    return np.sum(nn.max_pool(y, 2))


CONV = gad.trace(conv, np.arange(25.0).reshape(1, 1, 5, 5) - 12, np.array([[[[1.0, 0.0], [0.0, -1.0]]]]))


def heat_map(explorer: Explorer) -> Locator:
    return explorer.root.locator(".gad-tensor-map svg.gad-cells").first


def point(explorer: Explorer, drawn: Locator, row: int, column: int, shape: tuple[int, int]) -> None:
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] * (column + 0.5) / shape[1]
    explorer.page.mouse.move(x, box["y"] + box["height"] * (row + 0.5) / shape[0])


def read_out(explorer: Explorer) -> Locator:
    return explorer.root.locator(".gad-read-out")


def framed(explorer: Explorer, name: str) -> Locator:
    return explorer.root.locator(f'.gad-origin[data-node="{name}"] .gad-origin-told')


@pytest.mark.slow
@pytest.mark.parametrize("which", ["value", "adjoint"])
def test_every_cell_is_read_out_exactly(opened: Open, which: str) -> None:
    explorer = opened(LAYER, "W")
    explorer.root.locator(f'.gad-kinds button[data-which="{which}"]').click()
    numbers = getattr(LAYER["W"], which)
    for row in range(3):
        for column in range(2):
            point(explorer, heat_map(explorer), row, column, (3, 2))
            expect(read_out(explorer)).to_contain_text(f"W[{row}, {column}] = ")
            assert float((read_out(explorer).text_content() or "").split(" = ")[1]) == numbers[row, column]


def test_the_arrows_walk_through_the_cells_and_not_through_the_story(opened: Open) -> None:
    explorer = opened(LAYER, "X")
    step = explorer.where[0]
    heat_map(explorer).focus()
    expect(read_out(explorer)).to_have_text("X[0, 0] = 1")
    for key, place in (("ArrowRight", "[0, 1]"), ("ArrowDown", "[1, 1]"), ("End", "[1, 2]"), ("ArrowRight", "[1, 2]"),
                       ("ArrowUp", "[0, 2]"), ("Home", "[0, 0]"), ("ArrowLeft", "[0, 0]")):  # fmt: skip
        explorer.page.keyboard.press(key)
        expect(read_out(explorer)).to_contain_text(f"X{place} = ")
    assert explorer.where[0] == step


def test_statistics_and_histogram_are_those_of_the_array(opened: Open) -> None:
    explorer = opened(LAYER, "W")
    told = statistics(LAYER["W"].value)
    for name in ("min", "mean", "max", "std", "zeros", "nan", "inf"):
        expect(explorer.root.locator(f'[data-stat="{name}"]')).to_have_text(str(told[name]))
    bars = explorer.root.locator(".gad-histogram rect")
    counts = bars.evaluate_all("bars => bars.map(bar => Number(bar.dataset.count))")
    assert counts == told["histogram"]["counts"]


@pytest.mark.slow
def test_what_is_not_finite_is_marked_by_a_sign(opened: Open) -> None:
    with np.errstate(all="ignore"):
        graph = gad.trace(lambda x: np.sum(np.log(x)), np.array([0.0, -1.0, 1.0]))
    explorer = opened(graph, "v1")
    drawn = heat_map(explorer)
    expect(drawn.locator(".gad-cell-nan")).to_have_count(1)
    expect(drawn.locator(".gad-cell-inf")).to_have_count(1)
    expect(explorer.root.locator('[data-stat="nan"]')).to_have_text("1")
    expect(explorer.root.locator('[data-stat="inf"]')).to_have_text("1")
    for column, text in enumerate(("-inf", "nan", "0")):
        point(explorer, drawn, 0, column, (1, 3))
        expect(read_out(explorer)).to_have_text(f"v1[{column}] = {text}")


def test_a_cell_of_a_matrix_product_marks_its_row_and_its_column(opened: Open) -> None:
    product = LAYER["Z"].inputs[0]
    explorer = opened(LAYER, product.name)
    uses = Uses(View(LAYER).line.outline)
    for row, column in ((0, 1), (1, 0)):
        point(explorer, heat_map(explorer), row, column, (2, 2))
        expect(read_out(explorer)).to_contain_text(f"[{row}, {column}]")
        number = next(n for n, item in enumerate(uses.outline.items) if item.id == product.id)
        for one in uses.of(number, 2 * row + column)["inputs"]:
            cells = " ".join(map(str, one["cells"]))
            expect(framed(explorer, one["name"])).to_have_attribute("data-cells", cells)
    frames = explorer.root.locator('.gad-origin[data-node="X"] .gad-cell-used')
    assert (frames.get_attribute("d") or "").count("M") == 3


@pytest.mark.slow
@pytest.mark.parametrize("fold", ["all", "none"])
def test_a_cell_of_a_convolution_marks_image_and_kernel(opened: Open, fold: str) -> None:
    product = next(node for node in CONV.nodes if node.primitive and node.primitive.name == "einsum")
    explorer = opened(CONV, "conv2d" if fold == "all" else product.name, {"fold": fold})
    point(explorer, heat_map(explorer), 1, 2, (4, 4))
    expect(read_out(explorer)).to_contain_text("[0, 0, 1, 2]")
    expect(framed(explorer, "x")).to_have_attribute("data-cells", "7 8 12 13")
    expect(framed(explorer, "kernel")).to_have_attribute("data-cells", "0 1 2 3")


@pytest.mark.slow
def test_an_index_marks_what_it_took(opened: Open) -> None:
    graph = gad.trace(lambda table: np.sum(table[np.array([2, 0, 2])] ** 2), np.arange(8.0).reshape(4, 2))
    explorer = opened(graph, "v1")
    point(explorer, heat_map(explorer), 2, 1, (3, 2))
    expect(framed(explorer, "table")).to_have_attribute("data-cells", "5")
    # and the other way round: row 2 was taken twice
    inputs = explorer.root.locator('.gad-origin[data-node="table"] svg.gad-cells')
    point(explorer, inputs, 2, 1, (4, 2))
    expect(framed(explorer, "table")).to_have_text("table[2, 1] = 5")
    assert (heat_map(explorer).locator(".gad-cell-used").get_attribute("d") or "").count("M") == 2


def test_nothing_is_shown_before_its_time(opened: Open) -> None:
    explorer = opened(LAYER, "Z")
    explorer.press("First step")
    panel = explorer.root.locator(".gad-tensor")
    expect(panel).to_contain_text("Z: not yet")
    expect(panel.locator("svg")).to_have_count(0)
    explorer.go(2)
    expect(heat_map(explorer)).to_be_visible()
    panel.locator('button[data-which="adjoint"]').click()
    expect(panel).to_contain_text("Z: not yet")


def test_a_large_array_is_shown_as_means_and_says_so(opened: Open) -> None:
    graph = gad.trace(lambda X: np.sum(X * X), np.random.default_rng(0).normal(size=(60, 50)))
    explorer = opened(graph, "X")
    expect(explorer.root.locator(".gad-tensor-map")).to_contain_text("as means of blocks only")
    expect(explorer.root.locator('[data-stat="mean"]')).to_have_text(statistics(graph["X"].value)["mean"])


@pytest.mark.slow
def test_around_the_cell_of_a_very_large_array_its_neighbours_are_shown(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = np.random.default_rng(0).normal(size=(100, 90))
    monkeypatch.setattr(arrays, "MOST_ENTRIES", value.size)
    explorer = opened(gad.trace(lambda X: np.sum(X * X), value), "X")
    heat_map(explorer).focus()
    near = explorer.root.locator(".gad-close-up svg.gad-cells")
    expect(near).to_be_visible()
    for key in ("PageDown", "End", "ArrowUp"):
        explorer.page.keyboard.press(key)
    expect(read_out(explorer)).to_have_text(f"X[98, 89] = {value[98, 89].item()!r}")
    expect(near).to_be_visible()
    point(explorer, heat_map(explorer), 32, 32, (64, 64))  # the middle of the block in which rows 50 and 51 begin
    expect(read_out(explorer)).to_contain_text(f"X[50, 45] = {value[50, 45].item()!r}")


@pytest.mark.slow
def test_every_negative_cell_carries_its_sign_on_top(opened: Open) -> None:
    explorer = opened(CONV, "x", {"fold": "all"})
    classes = heat_map(explorer).locator("path").evaluate_all("all => all.map(one => one.getAttribute('class'))")
    signs = [name.startswith("gad-cell-minus") for name in classes if "halo" not in name][:-2]
    assert any(signs)
    assert signs == sorted(signs)
    drawn = heat_map(explorer).locator(".gad-cell-minus, .gad-cell-minus-strong")
    counts = drawn.evaluate_all("all => all.map(one => one.getAttribute('d').split('M').length - 1)")
    assert sum(counts) == int((CONV["x"].value < 0).sum())


@pytest.mark.slow
def test_a_graph_of_numbers_has_no_such_tab(
    tmp_path: Path, page_factory: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "departures", lambda _: iter(()))
    page = page_factory()
    page.goto(gad.trace(np.sin, 1.0).save(tmp_path / "sine.html").as_uri())
    expect(Explorer(page).root.get_by_role("tab", name="Details")).to_be_visible()
    expect(Explorer(page).root.get_by_role("tab", name="Cells")).to_be_hidden()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("zoom", [1, 2])
def test_pictures_of_it(opened: Open, screenshots: Path, scheme: str, zoom: int) -> None:
    size = {"width": 1280 // zoom, "height": 900 // zoom}
    explorer = opened(CONV, "conv2d", {"fold": "all"}, theme=scheme, device_scale_factor=zoom, **size)
    point(explorer, heat_map(explorer), 1, 2, (4, 4))
    expect(framed(explorer, "x")).to_have_attribute("data-cells", "7 8 12 13")
    explorer.page.screenshot(path=screenshots / f"cells-{scheme}-{zoom}00.png", full_page=True)
    overflow = explorer.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


BIG = """\
import numpy as np
import graphviz_ad as gad

value = np.random.default_rng(0).normal(size=(100, 90))
explorer = gad.trace(lambda X: np.sum(X * X), value).explore()
explorer"""


@pytest.mark.slow
def test_in_a_notebook_a_large_array_comes_as_bytes_with_every_cell(
    jupyter_lab: JupyterLab, page_factory: Callable[..., Page]
) -> None:
    book = Notebook.write(page_factory(), jupyter_lab, "cells.ipynb", BIG)
    book.run(0)
    explorer = book.explorer(0)
    explorer.press("Last step")
    explorer.root.get_by_role("tab", name="Cells").click()
    choose(explorer, "X")
    value = np.random.default_rng(0).normal(size=(100, 90))
    heat_map(explorer).focus()
    explorer.page.keyboard.press("PageDown")
    expect(read_out(explorer)).to_have_text(f"X[99, 0] = {value[99, 0].item()!r}")
    # too many cells for one table: this cell's origin is asked for by itself
    choose(explorer, "v1")
    heat_map(explorer).focus()
    explorer.page.keyboard.press("ArrowDown")
    expect(framed(explorer, "X")).to_have_attribute("data-cells", "90")


@pytest.mark.slow
def test_windows_stand_in_a_grid_of_their_places(opened: Open) -> None:
    graph = gad.trace(lambda x: np.sum(x * 2.0), np.arange(144.0).reshape(1, 1, 4, 4, 3, 3))
    explorer = opened(graph, "x")
    drawn = heat_map(explorer)
    box = drawn.bounding_box()
    assert box is not None
    assert abs(box["width"] - box["height"]) < 1
    assert box["width"] > 200
    values = graph["x"].value
    for a, b, i, j in ((0, 0, 0, 0), (0, 3, 2, 1), (2, 1, 0, 2), (3, 3, 2, 2)):
        # the gaps between the windows are narrower than half a cell
        point(explorer, drawn, 3 * a + i, 3 * b + j, (12, 12))
        expect(read_out(explorer)).to_have_text(f"x[0, 0, {a}, {b}, {i}, {j}] = {values[0, 0, a, b, i, j]:g}")
    drawn.focus()
    for key, place in (
        ("PageUp", "0, 3, 0, 2"),
        ("Home", "0, 0, 0, 0"),
        ("End", "0, 3, 0, 2"),
        ("PageDown", "3, 3, 2, 2"),
        ("ArrowLeft", "3, 3, 2, 1"),
        ("ArrowUp", "3, 3, 1, 1"),
    ):
        explorer.page.keyboard.press(key)
        expect(read_out(explorer)).to_contain_text(f"x[0, 0, {place}]")
