"""The explorer in JupyterLab as a newcomer gets it: run cells, press buttons and keys, read numbers, compare."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.driver import Explorer, Notebook
from tests.conftest import JupyterLab, Watch

CHAIN = """\
import graphviz_ad as gad

def f(x):
    s = x**2
    u = s + 1
    y = u**3
    return y

explorer = gad.explore(f, x=1.5)
explorer"""

# Hand-derived: 3.25³ and 6x(x² + 1)² at 1.5.
CHAIN_VALUES = {"x": 1.5, "s": 2.25, "u": 3.25, "y": 34.328125}
CHAIN_ADJOINTS = {"x": 95.0625, "s": 31.6875, "u": 31.6875, "y": 1.0}

NET = """\
import numpy as np
import graphviz_ad as gad

def loss(w1, b1, w2, b2, x, t):
    z = w1 * x + b1
    h = 1 / (1 + np.exp(-z))
    y = w2 * h + b2
    L = (y - t) ** 2
    return L

explorer = gad.explore(loss, w1=0.5, b1=0.1, w2=-0.3, b2=0.2, x=2.0, t=1.0)
explorer"""


def close(found: dict[str, float], wanted: dict[str, float], digits: float) -> None:
    """Compare the numbers of some nodes."""
    assert {name: found.get(name) for name in wanted} == pytest.approx(wanted, rel=0, abs=digits)


@pytest.fixture(scope="module")
def desk(browser: Browser, jupyter_lab: JupyterLab) -> Iterator[tuple[Notebook, Watch]]:
    """Open one notebook of four empty cells for all tests of this file: JupyterLab takes seconds to load."""
    watch = Watch()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    watch.follow(context)
    yield Notebook.write(context.new_page(), jupyter_lab, "desk.ipynb", "", "", "", ""), watch
    context.close()


@pytest.fixture
def notebook(
    desk: tuple[Notebook, Watch], screenshots: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Return a function that clears the desk and says what each cell is going to hold."""
    book, watch = desk

    def lay_out(*cells: str) -> Notebook:
        book.sources = []
        for number in range(4):
            if book.outputs(number).count():
                book.run(number, "pass")
        book.sources = list(cells)
        return book

    yield lay_out
    name = re.sub(r"\W+", "-", request.node.name)
    book.page.screenshot(path=screenshots / f"desk-{name}.png")
    book.page.evaluate("document.body.dataset.jpThemeLight = 'true'")
    book.page.emulate_media(color_scheme="light")
    if problems := watch.report():
        watch.errors.clear()
        watch.foreign.clear()
        pytest.fail(problems, pytrace=False)


def test_a_function_typed_into_a_cell_is_stepped_by_buttons_and_keys(
    notebook: Callable[..., Notebook], screenshots: Path
) -> None:
    book = notebook(CHAIN)
    book.run(0)
    explorer = book.explorer(0)
    step, steps, phase = explorer.where
    assert (step, phase) == (0, "forward")
    assert explorer.numbers("value") == {"x": 1.5}
    book.page.screenshot(path=screenshots / "lab-first.png")

    for number in range(1, steps + 1):
        explorer.press("Step forward")
        assert explorer.where[0] == number
        if number == steps // 2 + 1:
            book.page.screenshot(path=screenshots / "lab-middle.png")
    assert explorer.where[2] == "done"
    close(explorer.numbers("value"), CHAIN_VALUES, 1e-12)
    close(explorer.numbers("adjoint"), CHAIN_ADJOINTS, 1e-12)
    assert float(explorer.edge("s", "u").get_attribute("data-local") or "nan") == 1.0
    assert float(explorer.edge("u", "y").get_attribute("data-contribution") or "nan") == pytest.approx(31.6875)
    book.page.screenshot(path=screenshots / "lab-last.png")

    explorer.root.focus()
    for key, wanted in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", steps)):
        book.page.keyboard.press(key)
        assert explorer.where[0] == wanted, f"{key} did something else"
    book.page.keyboard.press("Home")
    book.page.keyboard.press(" ")
    expect(explorer.root.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    explorer.expect_step(2)
    book.page.keyboard.press(" ")
    expect(explorer.root.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(book.page.locator(".jp-CodeCell")).to_have_count(4)  # no key reached the notebook


@pytest.mark.slow
def test_the_net_with_one_hidden_unit(notebook: Callable[..., Notebook]) -> None:
    book = notebook(NET)
    book.run(0)
    explorer = book.explorer(0)
    explorer.press("Last step")
    close(explorer.numbers("value"), {"z": 1.1, "h": 0.750260, "y": -0.025078, "L": 1.050785}, 5e-7)
    close(explorer.numbers("adjoint"), {"w1": 0.230482, "b1": 0.115241, "w2": -1.538150, "b2": -2.050156}, 5e-7)


@pytest.mark.slow
def test_a_polynomial_that_nobody_has_seen_before(notebook: Callable[..., Notebook]) -> None:
    draw = random.Random()
    a, b, c, x = (round(draw.uniform(-3, 3), 3) for _ in range(4))
    book = notebook("")
    book.run(
        0,
        f"import graphviz_ad as gad\ngad.explore(lambda x: {a} * x**3 + {b} * x**2 + {c} * x, x={x!r})",
    )
    explorer = book.explorer(0)
    explorer.press("Last step")
    what = f"{a} x³ + {b} x² + {c} x at {x}"
    assert explorer.numbers("value")["out"] == pytest.approx(a * x**3 + b * x**2 + c * x, rel=1e-9, abs=1e-12), what
    assert explorer.numbers("adjoint")["x"] == pytest.approx(3 * a * x**2 + 2 * b * x + c, rel=1e-9, abs=1e-12), what


def test_page_and_python_stay_in_step(notebook: Callable[..., Notebook]) -> None:
    book = notebook(CHAIN, "explorer.step = 5", "print(explorer.step, explorer.steps, explorer.phase)", "explorer")
    book.run(0)
    first = book.explorer(0)
    steps = first.where[1]
    book.run(1)
    first.expect_step(5)
    book.run(3)
    second = book.explorer(3)
    assert second.where == first.where
    second.press("Step forward")
    first.expect_step(6)
    assert book.run(2) == f"6 {steps} backward"
    book.page.keyboard.press("Escape")
    second.press("Last step")
    assert book.run(2) == f"{steps} {steps} done"
    first.press("First step")
    second.expect_step(0)


@pytest.mark.slow
def test_a_new_input_is_evaluated_by_the_kernel(notebook: Callable[..., Notebook], screenshots: Path) -> None:
    book = notebook(CHAIN, 'print(explorer.graph["x"].value, explorer.graph["x"].adjoint)')
    book.run(0)
    explorer = book.explorer(0)
    explorer.press("Last step")
    field = explorer.field("x")
    expect(field).to_be_enabled()
    assert float(field.input_value()) == 1.5

    field.fill("3")  # no Enter: a pause is enough
    expect(explorer.node("y")).to_have_attribute("data-value", "1000.0")
    close(explorer.numbers("adjoint"), {"x": 1800.0}, 1e-9)  # 6 · 3 · 10²
    assert explorer.where[2] == "done", "the step is kept"
    assert [float(word) for word in book.run(1).split()] == [3.0, 1800.0]

    explorer.go(2)
    field.fill("-1")
    field.press("Enter")
    expect(explorer.node("x")).to_have_attribute("data-value", "-1.0")
    assert explorer.where[0] == 2
    book.page.screenshot(path=screenshots / "lab-edited.png")


@pytest.mark.slow
def test_a_bad_number_is_refused_and_the_old_graph_kept(notebook: Callable[..., Notebook], screenshots: Path) -> None:
    book = notebook(CHAIN, "print(explorer.graph['x'].value)")
    book.run(0)
    explorer = book.explorer(0)
    field, alert = explorer.field("x"), explorer.root.locator("[role=alert]")
    for text, says in (("abc", "'abc' is not a number"), ("", "Empty: write a number"), ("1,5", "write 1.5")):
        field.fill(text)
        field.press("Enter")
        expect(alert).to_contain_text(says)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_value(text)
        assert explorer.read("x")["value"] == "1.5"
    book.page.screenshot(path=screenshots / "lab-refused.png")
    assert book.run(1) == "1.5"
    field.press("Escape")
    expect(field).to_have_value("1.5")
    expect(alert).to_be_empty()


@pytest.mark.slow
def test_typing_into_an_input_moves_no_step_and_reaches_no_shortcut(notebook: Callable[..., Notebook]) -> None:
    book = notebook(CHAIN)
    book.run(0)
    explorer = book.explorer(0)
    explorer.go(3)
    field = explorer.field("x")
    field.fill("12")
    for key in ("Home", "ArrowRight", "ArrowLeft", "End", " ", "a", "d", "d", "x"):
        field.press(key)
    expect(field).to_have_value("12 addx")
    assert explorer.where[0] == 3
    expect(book.page.locator(".jp-CodeCell")).to_have_count(4)
    button = explorer.root.locator("[role=tab]:not([hidden])").first
    for key in (
        "ArrowDown",
        "x",
        "b",
        "d",
        "d",
        "ArrowUp",
    ):  # commands of a notebook
        button.focus()
        book.page.keyboard.press(key)
        expect(button).to_be_focused()
    expect(book.page.locator(".jp-CodeCell")).to_have_count(4)


@pytest.mark.slow
def test_the_last_of_many_edits_wins(notebook: Callable[..., Notebook]) -> None:
    book = notebook(CHAIN, "print(explorer.graph['x'].value)")
    book.run(0)
    explorer = book.explorer(0)
    field = explorer.field("x")
    expect(field).to_be_enabled()
    for number in range(20):
        field.fill(str(number))
        field.press("Enter")
    expect(explorer.node("x")).to_have_attribute("data-value", "19.0")
    assert float(field.input_value()) == 19  # as typed, or as Python writes it
    assert book.run(1) == "19.0"


@pytest.mark.slow
def test_a_branch_taken_at_a_new_input_is_traced_again(notebook: Callable[..., Notebook]) -> None:
    book = notebook(
        "import graphviz_ad as gad\n"
        "def f(x):\n    if x > 0:\n        y = x * x\n    else:\n        y = -2.0 * x + 1.0\n    return y\n"
        "explorer = gad.explore(f, x=3.0)\nexplorer"
    )
    book.run(0)
    explorer = book.explorer(0)
    explorer.press("Last step")
    close(explorer.numbers("adjoint"), {"x": 6.0}, 0)
    explorer.field("x").fill("-3")
    expect(explorer.node("y")).to_have_attribute("data-value", "7.0")
    explorer.press("Last step")
    close(explorer.numbers("adjoint"), {"x": -2.0}, 0)


@pytest.mark.slow
def test_after_a_restart_the_picture_stays_and_says_that_it_is_not_live(
    notebook: Callable[..., Notebook], screenshots: Path
) -> None:
    book = notebook(CHAIN)
    book.run(0)
    explorer = book.explorer(0)
    explorer.press("Last step")
    expect(explorer.field("x")).to_be_enabled()
    book.restart_kernel()
    expect(explorer.field("x")).to_be_disabled()
    expect(explorer.root.get_by_text("run this cell again")).to_be_visible()
    close(explorer.numbers("adjoint"), CHAIN_ADJOINTS, 1e-12)
    explorer.press("First step")  # the story is all in the page
    explorer.press("Step forward")
    assert explorer.where[0] == 1
    book.page.screenshot(path=screenshots / "lab-restarted.png")
    book.run(0)
    fresh = book.explorer(0)
    assert fresh.where[0] == 0
    expect(fresh.field("x")).to_be_enabled()


@pytest.mark.slow
def test_a_busy_kernel_closes_the_inputs_until_it_answers(notebook: Callable[..., Notebook]) -> None:
    book = notebook(CHAIN + "\nfrom IPython.display import display\ndisplay(explorer)\nimport time\ntime.sleep(6)")
    book.start(0)
    explorer = Explorer(book.page, book.cell(0).locator(".gad-explorer"))
    expect(explorer.root).to_be_visible(timeout=30_000)
    expect(explorer.root.get_by_text("The kernel does not answer")).to_be_visible()
    explorer.press("Last step")
    close(explorer.numbers("adjoint"), CHAIN_ADJOINTS, 1e-12)
    expect(explorer.field("x")).to_be_enabled(timeout=20_000)
    expect(explorer.root.get_by_text("The kernel does not answer")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_explorer_wears_the_notebooks_theme(
    notebook: Callable[..., Notebook], screenshots: Path, theme: str
) -> None:
    book = notebook(CHAIN)
    page = book.page
    page.emulate_media(color_scheme="light" if theme == "dark" else "dark")  # the notebook's own theme decides
    book.run(0)
    explorer = book.explorer(0)
    if theme == "dark":
        page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    for step in (0, explorer.where[1] // 2 + 1, explorer.where[1]):
        explorer.go(step)
        page.wait_for_timeout(200)
        explorer.root.screenshot(path=screenshots / f"lab-{theme}-{step}.png")
    ground = explorer.root.evaluate("root => getComputedStyle(root).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}[theme]


@pytest.mark.slow
def test_views_leave_nothing_behind(notebook: Callable[..., Notebook]) -> None:
    book = notebook(CHAIN, "explorer.close()")
    for _ in range(3):
        book.run(0)
        book.explorer(0).press("Play")
    expect(book.page.locator(".gad-explorer")).to_have_count(1)
    book.run(1)
    expect(book.page.locator(".gad-explorer")).to_have_count(0)
    expect(book.pictures(0)).to_have_count(1)  # the picture is back in its place
    book.page.wait_for_timeout(1500)  # a timer left behind would throw now
