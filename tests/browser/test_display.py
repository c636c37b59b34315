"""Where no kernel or no widget is to be had, the picture shows: the cases of decision 0002-explorer-display."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.sign import NotebookNotary
from playwright.sync_api import Page, expect

from tests.browser.driver import Explorer, Notebook, loaded
from tests.conftest import JupyterLab, Watch, quiet_jupyter

CELL = """\
import graphviz_ad as gad

def f(x):
    s = x**2
    u = s + 1
    y = u**3
    return y

explorer = gad.explore(f, x=1.5)
explorer"""


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """Return a notebook that nbclient has run: its outputs, and the widgets' state in its metadata."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in quiet_jupyter(folder).items():
            if os.environ.get(name) != value:
                patch.setenv(name, value)
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(CELL)],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        NotebookClient(notebook, timeout=120).execute()
    assert "application/vnd.jupyter.widget-state+json" in notebook.metadata.widgets
    return notebook


def without_state(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a copy as JupyterLab saves it by default: outputs, but no widget state."""
    bare = copy.deepcopy(notebook)
    bare.metadata.pop("widgets")
    return bare


def put(lab: JupyterLab, page: Page, name: str, notebook: nbformat.NotebookNode, *, trusted: bool) -> Notebook:
    """Write a notebook where the server finds it, signed by its person or not, and open it."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata["made_for"] = name  # a signature belongs to content: never share one between tests
    nbformat.write(notebook, lab.folder / name)
    if trusted:
        data = quiet_jupyter(lab.folder.parent / "jupyter")["JUPYTER_DATA_DIR"]
        notary = NotebookNotary(data_dir=data)
        notary.sign(nbformat.read(lab.folder / name, as_version=4))
        notary.store.close()
    return Notebook(page, lab, name).open()


def forget_missing_model(watch: Watch) -> None:
    """Take out the one error that ipywidgets itself writes when a model is gone; anything else stays."""
    watch.errors[:] = [error for error in watch.errors if "widget model not found" not in error]


def expect_still_picture(book: Notebook, number: int = 0) -> None:
    """The picture, whole, and neither an error nor a widget."""
    expect(book.pictures(number)).to_have_count(1)
    assert loaded(book.pictures(number))
    expect(book.page.locator(".gad-explorer")).to_have_count(0)
    for words in ("model not found", "Loading widget", "Error displaying"):
        expect(book.page.get_by_text(words).and_(book.page.locator(":visible"))).to_have_count(0)


def test_alive_the_picture_hides_behind_the_explorer(page: Page, jupyter_lab: JupyterLab) -> None:
    book = Notebook.write(page, jupyter_lab, "alive.ipynb", "print('before')\n" + CELL)
    book.run(0)
    book.explorer(0)
    expect(book.pictures(0)).to_have_count(0)
    expect(book.outputs(0).and_(page.locator(":visible"))).to_have_count(2)  # the printed word, the explorer


def test_two_explorers_in_one_cell_each_hide_their_own_picture(page: Page, jupyter_lab: JupyterLab) -> None:
    cell = CELL + "\nfrom IPython.display import display\ndisplay(explorer, gad.trace(f, 2.0), gad.explore(f, x=2.0))"
    book = Notebook.write(page, jupyter_lab, "two.ipynb", cell.replace("\nexplorer\n", "\n"))
    book.run(0)
    expect(page.locator(".gad-explorer")).to_have_count(2)
    expect(book.pictures(0)).to_have_count(1)  # the graph's own, between them


def test_saved_and_reopened_without_its_kernel(
    page: Page, jupyter_lab: JupyterLab, watch: Watch, screenshots: Path
) -> None:
    book = Notebook.write(page, jupyter_lab, "reopened.ipynb", CELL)
    book.run(0)
    book.explorer(0).press("Last step")
    saved = book.save()
    assert "widgets" not in saved["metadata"]
    book.restart_kernel()
    book.open()
    expect_still_picture(book)
    expect(page.get_by_text("Error displaying widget: model not found")).to_be_attached()  # and hidden: see above
    hint = book.outputs(0).last.evaluate("output => getComputedStyle(output, '::after').content")
    assert "Run this cell" in hint
    page.screenshot(path=screenshots / "lab-reopened.png")
    forget_missing_model(watch)
    book.run(0)
    book.explorer(0)
    expect(book.pictures(0)).to_have_count(0)


def test_reopened_beside_its_running_kernel_it_is_alive(page: Page, jupyter_lab: JupyterLab, watch: Watch) -> None:
    book = Notebook.write(page, jupyter_lab, "running.ipynb", CELL, "print(explorer.step)")
    book.run(0)
    book.explorer(0).press("Step forward")
    book.save()
    book.open()
    explorer = book.explorer(0)
    explorer.expect_step(1)
    explorer.press("Step forward")
    expect(explorer.field("x")).to_be_enabled()
    assert book.run(1) == "2"
    expect(book.pictures(0)).to_have_count(0)
    forget_missing_model(watch)


def test_untrusted_the_png_shows(
    page: Page, jupyter_lab: JupyterLab, executed: nbformat.NotebookNode, screenshots: Path
) -> None:
    book = put(jupyter_lab, page, "untrusted.ipynb", without_state(executed), trusted=False)
    expect_still_picture(book)
    assert (book.pictures(0).get_attribute("src") or "").startswith("data:image/png")
    expect(page.get_by_text("run this cell to play it")).to_be_visible()
    page.screenshot(path=screenshots / "lab-untrusted.png")


def test_untrusted_with_saved_state_the_png_shows(
    page: Page, jupyter_lab: JupyterLab, executed: nbformat.NotebookNode
) -> None:
    book = put(jupyter_lab, page, "untrusted-state.ipynb", executed, trusted=False)
    expect_still_picture(book)


def test_trusted_without_state_the_svg_shows(
    page: Page, jupyter_lab: JupyterLab, executed: nbformat.NotebookNode, watch: Watch
) -> None:
    book = put(jupyter_lab, page, "trusted.ipynb", without_state(executed), trusted=True)
    expect_still_picture(book)
    assert "svg" in (book.pictures(0).get_attribute("src") or "")
    forget_missing_model(watch)


def test_trusted_with_saved_state_it_plays_and_its_inputs_say_that_no_kernel_is_behind(
    page: Page, jupyter_lab: JupyterLab, executed: nbformat.NotebookNode
) -> None:
    book = put(jupyter_lab, page, "trusted-state.ipynb", executed, trusted=True)
    explorer = book.explorer(0)
    explorer.press("Last step")
    assert explorer.numbers("adjoint")["x"] == 95.0625
    expect(explorer.root.get_by_text("The kernel does not answer")).to_be_visible()
    expect(explorer.field("x")).to_be_disabled()
    expect(book.pictures(0)).to_have_count(0)


def export(notebook: nbformat.NotebookNode, path: Path) -> Path:
    """Write a notebook as HTML, as `jupyter nbconvert --to html` does."""
    body, _ = HTMLExporter().from_notebook_node(notebook)
    path.write_text(body, encoding="utf-8")
    return path


CONTENT_NETWORKS = ("https://cdnjs.cloudflare.com/", "https://unpkg.com/", "https://cdn.jsdelivr.net/")


@pytest.mark.filterwarnings("ignore:Alternative text is missing")
@pytest.mark.parametrize("state", [True, False], ids=["executed", "saved"])
def test_nbconvert_without_a_network(
    page: Page, executed: nbformat.NotebookNode, watch: Watch, tmp_path: Path, screenshots: Path, state: bool
) -> None:
    notebook = executed if state else without_state(executed)
    page.goto(export(notebook, tmp_path / "export.html").as_uri())
    page.wait_for_timeout(1500)  # what its scripts ask for does not come
    picture = page.locator(".jp-OutputArea-output img:visible")
    expect(picture).to_have_count(1)
    assert loaded(picture)
    expect(page.locator(".jp-OutputArea-child").and_(page.locator(":visible"))).to_have_count(1)
    page.screenshot(path=screenshots / f"nbconvert-{'executed' if state else 'saved'}.png")
    # nbconvert's own page asks content networks for require.js, MathJax and the widget manager, ours for nothing.
    assert all(address.startswith(CONTENT_NETWORKS) for address in watch.foreign)
    assert all("Failed to load resource" in error or "requirejs" in error for error in watch.errors)
    watch.foreign.clear()
    watch.errors.clear()


@pytest.mark.filterwarnings("ignore:Alternative text is missing")
def test_nbconvert_with_its_widget_manager_shows_the_explorer_once(
    page: Page, executed: nbformat.NotebookNode, watch: Watch, tmp_path: Path
) -> None:
    """Stand in for the widget manager that an export fetches: put the explorer where it would put it."""
    page.goto(export(executed, tmp_path / "export.html").as_uri())
    page.evaluate(
        """() => { const root = document.createElement("div");
                   root.className = "gad-explorer"; root.textContent = "live";
                   document.querySelector(".jupyter-widgets.jp-OutputArea-output").append(root) }"""
    )
    expect(page.locator(".jp-OutputArea-output img:visible")).to_have_count(0)
    expect(page.locator(".gad-explorer")).to_be_visible()
    watch.foreign.clear()
    watch.errors.clear()


def test_without_our_style_both_show_and_nothing_is_blank(
    page_factory: Callable[..., Page], executed: nbformat.NotebookNode, watch: Watch, tmp_path: Path
) -> None:
    """A host that strips ``<style>`` (GitHub, nbviewer's sanitiser) still has the picture."""
    bare: Any = without_state(executed)
    outputs = bare.cells[0].outputs
    outputs[:] = [output for output in outputs if "text/html" not in output.get("data", {})]
    page = page_factory(javascript=False)
    page.goto(export(bare, tmp_path / "bare.html").as_uri())
    expect(page.locator(".jp-OutputArea-output img:visible")).to_have_count(1)
    watch.foreign.clear()
    watch.errors.clear()


def test_the_page_written_by_save_plays_the_same_story(page: Page, jupyter_lab: JupyterLab, tmp_path: Path) -> None:
    """One story in the widget and in the file: the same steps, the same numbers, the same words."""
    book = Notebook.write(page, jupyter_lab, "same.ipynb", CELL + "\nexplorer.graph.save('same.html')\nexplorer")
    book.run(0)
    told = [story(book.explorer(0))]
    page.goto((jupyter_lab.folder / "same.html").as_uri())
    told.append(story(Explorer(page)))
    assert told[0] == told[1]
    assert len(told[0]) > 7


def story(explorer: Explorer) -> list[Any]:
    """Return all that is told, step by step."""
    steps = []
    for step in range(explorer.where[1] + 1):
        explorer.go(step)
        steps.append([explorer.where, explorer.state(), explorer.root.get_by_role("status").text_content()])
    return steps
