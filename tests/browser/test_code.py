"""The Code panel: the traced functions' lines, marked at every step of both passes, in step with the picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import graphviz_ad as gad
from tests.browser.driver import Explorer, Notebook
from tests.conftest import JupyterLab


def sigmoid(z):
    """From 0 to 1."""
    return 1 / (1 + np.exp(-z))


def neuron(w, x, b, t):
    # one neuron, größe σ
    z = w * x + b
    h = sigmoid(z)
    L = (h - t) ** 2
    return L


def looped(x):
    for _ in range(3):
        x = np.sin(x) * 0.5
    return x


class CodePanel:
    """What a person sees in the panel."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self.root = explorer.root.locator(".gad-code")

    def open(self) -> CodePanel:
        self.explorer.root.get_by_role("tab", name="Code").click()
        expect(self.root.locator(".gad-code-line").first).to_be_visible()
        return self

    def line(self, text: str) -> Locator:
        return self.root.locator(".gad-code-line").filter(has_text=text)

    def marked(self, name: str) -> str:
        """The letters under one mark, lines joined."""
        return "".join(self.root.locator(f".gad-mark-{name}").all_text_contents())

    def signs(self) -> list[str]:
        """Sign and number of the lines that are active."""
        return self.root.locator(".gad-code-now").evaluate_all(
            "rows => rows.map(row => `${row.querySelector('.gad-code-sign').textContent} ${row.dataset.line}`)"
        )


def opened(page: Page, path: Path, graph: gad.Graph, **options: Any) -> CodePanel:
    graph.save(path / "graph.html", **options)
    page.goto((path / "graph.html").as_uri())
    return CodePanel(Explorer(page)).open()


def test_every_step_of_both_passes_is_marked(page: Page, tmp_path: Path, screenshots: Path) -> None:
    graph = gad.trace(neuron, 0.5, 2.0, -1.0, 1.0)
    panel = opened(page, tmp_path, graph)
    assert (panel.marked("value"), panel.signs()) == ("", [])
    for number, step in enumerate(graph.timeline(), 1):
        panel.explorer.go(number)
        maker = step.node if step.link is None else graph.edges[step.link.edges[0]].consumer
        mark, sign = ("value", "▲") if step.kind == "value" else ("adjoint", "▼")
        assert panel.marked(mark) == maker.source.text, step
        assert panel.signs() == [f"{sign} {maker.source.line}"]
        other = "adjoint" if mark == "value" else "value"
        assert panel.marked(other) == ""
        assert panel.marked("call") == ("sigmoid(z)" if maker.group == "sigmoid" else "")
        if step.link is not None and step.node.name in ("w", "x", "b", "t", "z", "h"):
            assert panel.marked("read") == step.node.name
        if number == 12:
            page.screenshot(path=screenshots / "code.png", full_page=True)


def test_lines_blocks_and_numbers(page: Page, tmp_path: Path) -> None:
    panel = opened(page, tmp_path, gad.trace(neuron, 0.5, 2.0, -1.0, 1.0))
    assert panel.root.locator(".gad-code-head").all_text_contents() == ["test_code.py neuron", "test_code.py sigmoid"]
    own = Path(__file__).read_text(encoding="utf-8").splitlines()
    shown = panel.root.locator(".gad-code-line").evaluate_all(
        "rows => rows.map(row => [row.dataset.line, row.querySelector('.gad-code-text').textContent])"
    )
    assert len(shown) == 9
    for number, text in shown:
        assert text == own[int(number) - 1] + "\n"


@pytest.mark.slow
def test_a_line_marks_its_nodes_and_a_node_its_expression(page: Page, tmp_path: Path) -> None:
    panel = opened(page, tmp_path, gad.trace(neuron, 0.5, 2.0, -1.0, 1.0))
    picture = panel.explorer.root.locator("g.gad-from-code")
    panel.line("z = w * x + b").hover()
    expect(picture).to_have_count(2)
    names = picture.evaluate_all("nodes => nodes.map(node => node.dataset.node)")
    assert names == ["v1", "z"]
    panel.line("h = sigmoid(z)").hover()  # all that the call has made
    expect(picture).to_have_count(4)
    panel.explorer.root.locator(".gad-words").hover()
    expect(picture).to_have_count(0)
    panel.explorer.node("z").hover()
    assert panel.marked("pointed") == "w * x + b"
    panel.explorer.node("w").hover()  # an input: where it is read
    assert panel.marked("pointed") == "w"
    panel.explorer.root.locator(".gad-words").hover()
    assert panel.marked("pointed") == ""
    panel.explorer.node("L").click()
    assert panel.marked("selected") == "(h - t) ** 2"


@pytest.mark.slow
def test_a_click_goes_to_the_step_and_the_keyboard_reaches_the_lines(page: Page, tmp_path: Path) -> None:
    graph = gad.trace(neuron, 0.5, 2.0, -1.0, 1.0)
    panel = opened(page, tmp_path, graph)
    steps = [number for number, step in enumerate(graph.timeline(), 1) if step.kind == "value"]
    panel.line("L = (h - t) ** 2").click()
    panel.explorer.expect_step(steps[-2])
    panel.line("L = (h - t) ** 2").click()
    panel.explorer.expect_step(steps[-1])
    panel.line("L = (h - t) ** 2").click()  # and from the last to the first
    panel.explorer.expect_step(steps[-2])
    lively = panel.root.locator(".gad-code-lively")
    assert lively.count() == 4
    assert panel.root.locator('.gad-code-line[tabindex="0"]').count() == 1
    lively.first.focus()
    page.keyboard.press("Enter")
    panel.explorer.expect_step(steps[0])
    page.keyboard.press("ArrowDown")
    expect(lively.nth(1)).to_be_focused()
    expect(panel.explorer.root.locator("g.gad-from-code")).to_have_count(4)
    page.keyboard.press("ArrowRight")  # still a step
    panel.explorer.expect_step(steps[0] + 1)
    assert (
        lively.first.get_attribute("aria-label")
        == f"line {lively.first.get_attribute('data-line')}: z = w * x + b; makes v1, z"
    )


def test_a_loop_visits_its_line_turn_by_turn(page: Page, tmp_path: Path) -> None:
    graph = gad.trace(looped, 1.0)
    panel = opened(page, tmp_path, graph)
    seen = []
    for _ in range(7):
        panel.line("x = np.sin(x) * 0.5").click()
        seen.append(panel.explorer.where[0])
    assert seen == [1, 2, 3, 4, 5, 6, 1]


@pytest.mark.slow
def test_a_closed_panel_listens_to_nothing(page: Page, tmp_path: Path) -> None:
    panel = opened(page, tmp_path, gad.trace(neuron, 0.5, 2.0, -1.0, 1.0))
    panel.explorer.root.get_by_role("tab", name="Details").click()
    page.evaluate(
        """() => { window.changes = 0;
             new MutationObserver(found => { window.changes += found.length }).observe(
               document.querySelector(".gad-code"), {subtree: true, childList: true, attributes: true}) }"""
    )
    panel.explorer.node("z").hover()
    panel.explorer.press("Step forward")
    panel.explorer.press("Last step")
    assert page.evaluate("window.changes") == 0
    panel.open()
    assert panel.signs() != []


@pytest.mark.slow
def test_a_collapsed_group_marks_all_of_its_lines(page: Page, tmp_path: Path) -> None:
    panel = opened(page, tmp_path, gad.trace(neuron, 0.5, 2.0, -1.0, 1.0), fold="all")
    panel.explorer.node("sigmoid").hover()
    assert panel.root.locator(".gad-mark-pointed").count() > 0
    assert {row.split()[-1] for row in panel.signs()} == set()
    panel.line("h = sigmoid(z)").click()
    assert panel.marked("call") == "sigmoid(z)"
    assert panel.marked("value") == "1 / (1 + np.exp(-z))"


@pytest.mark.slow
def test_forward_mode_has_its_own_sign(page: Page, tmp_path: Path) -> None:
    graph = gad.trace(neuron, 0.5, 2.0, -1.0, 1.0).forward({"w": 1.0})
    panel = opened(page, tmp_path, graph, mode="forward")
    panel.explorer.press("Last step")
    assert [sign[0] for sign in panel.signs()] == ["▶"]
    assert panel.marked("tangent") == "(h - t) ** 2"


@pytest.mark.slow
def test_no_source_says_why(page: Page, tmp_path: Path) -> None:
    space: dict[str, Any] = {}
    exec("def f(x):\n    return x * x", space)
    gad.trace(space["f"], 2.0).save(tmp_path / "graph.html")
    page.goto((tmp_path / "graph.html").as_uri())
    page.get_by_role("tab", name="Code").click()
    expect(page.locator(".gad-code-note")).to_contain_text("There is no code to show")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_hostile_lines_are_text(page_factory: Any, tmp_path: Path, screenshots: Path, scheme: str) -> None:
    data = gad.trace(neuron, 0.5, 2.0, -1.0, 1.0).to_dict()
    hostile = '    z = w * x + b  # </script><img src=x onerror=alert(1)> \u202e \x1b[31m "' + "𝛂" * 300
    data["functions"][0]["lines"][2] = hostile
    data["functions"][1]["name"] = "<b>sigmoid</b>"
    page = page_factory(theme=scheme)
    panel = opened(page, tmp_path, gad.Graph.from_dict(data))
    assert panel.root.locator("img, b, script").count() == 0
    shown = panel.line("z = w * x + b").locator(".gad-code-text").text_content() or ""
    assert shown == hostile.replace("\u202e", "\ufffd").replace("\x1b", "\ufffd") + "\n"
    panel.explorer.go(2)
    assert panel.marked("value") == "w * x + b"
    width = panel.root.evaluate(
        "root => [root.scrollWidth > root.clientWidth, document.documentElement.scrollWidth <= innerWidth]"
    )
    assert width == [True, True]  # a long line scrolls inside of the panel
    page.screenshot(path=screenshots / f"code-hostile-{scheme}.png", full_page=True)


@pytest.mark.slow
def test_a_cell_of_a_notebook(page: Page, jupyter_lab: JupyterLab) -> None:
    notebook = Notebook.write(
        page,
        jupyter_lab,
        "code.ipynb",
        "import numpy as np, graphviz_ad as gad\ndef f(w):\n    z = w * 3.0\n    return np.sin(z)\ngad.explore(f, 0.5)",
    )
    notebook.run(0)
    panel = CodePanel(notebook.explorer(0)).open()
    assert panel.root.locator(".gad-code-head").all_text_contents() == ["cell f"]
    panel.line("return np.sin(z)").click()
    panel.explorer.expect_step(2)
    assert panel.marked("value") == "np.sin(z)"
    # JupyterLab's own keys, by which D D would delete the cell and B make one, are not meant here
    panel.explorer.root.focus()
    for key in ("d", "d", "b", "l"):
        page.keyboard.press(key)
    expect(panel.explorer.root).to_have_class(re.compile("gad-lecture"))
    page.keyboard.press("l")
    assert page.locator(".jp-CodeCell").count() == 1
    panel.explorer.expect_step(2)
