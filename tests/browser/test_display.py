"""Where no kernel or no widget is to be had, the picture shows: the cases of decision 0002-explorer-display."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter, SlidesExporter
from nbformat.sign import NotebookNotary
from playwright.sync_api import Locator, Page, expect

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


@pytest.mark.slow
def test_alive_the_picture_hides_behind_the_explorer(page: Page, jupyter_lab: JupyterLab) -> None:
    book = Notebook.write(page, jupyter_lab, "alive.ipynb", "print('before')\n" + CELL)
    book.run(0)
    book.explorer(0)
    expect(book.pictures(0)).to_have_count(0)
    expect(book.outputs(0).and_(page.locator(":visible"))).to_have_count(2)  # the printed word, the explorer
    expect(page.locator("iframe.gad-frame")).to_have_count(1)  # for exports; nothing is played here
    assert page.locator("iframe.gad-frame").get_attribute("srcdoc") is None


@pytest.mark.slow
def test_two_explorers_in_one_cell_each_hide_their_own_picture(page: Page, jupyter_lab: JupyterLab) -> None:
    cell = CELL + "\nfrom IPython.display import display\ndisplay(explorer, gad.trace(f, 2.0), gad.explore(f, x=2.0))"
    book = Notebook.write(page, jupyter_lab, "two.ipynb", cell.replace("\nexplorer\n", "\n"))
    book.run(0)
    expect(page.locator(".gad-explorer")).to_have_count(2)
    expect(book.pictures(0)).to_have_count(1)  # the graph's own, between them


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_untrusted_the_png_shows(
    page: Page, jupyter_lab: JupyterLab, executed: nbformat.NotebookNode, screenshots: Path
) -> None:
    book = put(jupyter_lab, page, "untrusted.ipynb", without_state(executed), trusted=False)
    expect_still_picture(book)
    assert (book.pictures(0).get_attribute("src") or "").startswith("data:image/png")
    expect(page.get_by_text("run this cell to play it")).to_be_visible()
    page.screenshot(path=screenshots / "lab-untrusted.png")


@pytest.mark.slow
def test_untrusted_with_saved_state_the_png_shows(
    page: Page, jupyter_lab: JupyterLab, executed: nbformat.NotebookNode
) -> None:
    book = put(jupyter_lab, page, "untrusted-state.ipynb", executed, trusted=False)
    expect_still_picture(book)


@pytest.mark.slow
def test_trusted_without_state_the_svg_shows(
    page: Page, jupyter_lab: JupyterLab, executed: nbformat.NotebookNode, watch: Watch
) -> None:
    book = put(jupyter_lab, page, "trusted.ipynb", without_state(executed), trusted=True)
    expect_still_picture(book)
    assert "svg" in (book.pictures(0).get_attribute("src") or "")
    forget_missing_model(watch)


@pytest.mark.slow
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


def export(notebook: nbformat.NotebookNode, path: Path, exporter: Any = HTMLExporter, **options: Any) -> Path:
    """Write a notebook as nbconvert does."""
    body, _ = exporter(**options).from_notebook_node(notebook)
    path.write_text(body, encoding="utf-8")
    return path


CONTENT_NETWORKS = ("https://cdnjs.cloudflare.com/", "https://unpkg.com/", "https://cdn.jsdelivr.net/")
THEIRS = ("Failed to load resource", "requirejs", "require is not defined")


def forget_templates(watch: Watch) -> None:
    """Take out what nbconvert's own templates ask content networks for: require.js, MathJax, the widget manager."""
    watch.foreign[:] = [address for address in watch.foreign if not address.startswith(CONTENT_NETWORKS)]
    watch.errors[:] = [error for error in watch.errors if not any(words in error for words in THEIRS)]


def pictures(page: Page) -> Locator:
    """Return the still pictures of an export that a person can see."""
    return page.locator(".jp-OutputArea-output img:visible")


def playing(page: Page) -> Explorer:
    """Return the explorer that plays in an export's frame, once it is there."""
    expect(page.locator("iframe.gad-frame")).to_be_visible()
    explorer = Explorer(page, page.frame_locator("iframe.gad-frame").locator(".gad-explorer"))
    expect(explorer.root.get_by_role("button", name="Step forward", exact=True)).to_be_visible()
    return explorer


@pytest.mark.filterwarnings("ignore:Alternative text is missing")
@pytest.mark.parametrize(
    "state", [pytest.param(True, id="executed", marks=pytest.mark.slow), pytest.param(False, id="saved")]
)
def test_an_export_plays_the_page_in_place_of_the_picture(
    page: Page, executed: nbformat.NotebookNode, watch: Watch, tmp_path: Path, screenshots: Path, state: bool
) -> None:
    notebook = executed if state else without_state(executed)
    nbformat.write(notebook, tmp_path / "story.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "story.ipynb"]
    subprocess.run(
        command, cwd=tmp_path, env=quiet_jupyter(tmp_path / "jupyter"), check=True, capture_output=True, timeout=120
    )
    page.goto((tmp_path / "story.html").as_uri())
    explorer = playing(page)
    expect(pictures(page)).to_have_count(0)
    expect(page.locator(".jp-OutputArea-child").and_(page.locator(":visible"))).to_have_count(1)
    step, steps, phase = explorer.where
    assert (step, phase) == (0, "forward")
    assert explorer.numbers("value") == {"x": 1.5}
    for moment, number in (("first", 0), ("middle", steps // 2 + 1), ("last", steps)):
        while explorer.where[0] < number:
            explorer.press("Step forward")
        page.screenshot(path=screenshots / f"nbconvert-{'executed' if state else 'saved'}-{moment}.png")
    assert explorer.where[2] == "done"
    assert explorer.numbers("adjoint") == {"x": 95.0625, "s": 31.6875, "u": 31.6875, "y": 1.0}
    # the frame is as tall as its page, also when that grows
    document = page.frame_locator("iframe.gad-frame").locator("html")
    for width in (1280, 640):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        tall, room = document.evaluate("html => [html.scrollHeight, html.ownerDocument.defaultView.innerHeight]")
        assert tall <= room + 1, f"{tall} pixels of page in {room} pixels of frame"
    forget_templates(watch)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Alternative text is missing")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_export_wears_the_documents_theme(
    page_factory: Callable[..., Page],
    executed: nbformat.NotebookNode,
    watch: Watch,
    tmp_path: Path,
    screenshots: Path,
    theme: str,
) -> None:
    page = page_factory(theme="light" if theme == "dark" else "dark")
    page.goto(export(without_state(executed), tmp_path / "export.html", theme=theme).as_uri())
    explorer = playing(page)
    explorer.press("Last step")
    page.screenshot(path=screenshots / f"nbconvert-{theme}.png")
    ground = explorer.root.evaluate("root => getComputedStyle(root).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}[theme]
    assert explorer.root.evaluate("root => getComputedStyle(document.body).colorScheme") == theme
    forget_templates(watch)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Alternative text is missing")
@pytest.mark.parametrize("exporter", [SlidesExporter, HTMLExporter], ids=["slides", "classic"])
def test_slides_and_the_classic_template_play_too(
    page: Page, executed: nbformat.NotebookNode, watch: Watch, tmp_path: Path, exporter: Any
) -> None:
    options = {"template_name": "classic"} if exporter is HTMLExporter else {}
    page.goto(export(without_state(executed), tmp_path / "export.html", exporter, **options).as_uri())
    explorer = playing(page)
    explorer.press("Last step")
    assert explorer.numbers("adjoint")["x"] == 95.0625
    expect(page.locator(".jp-OutputArea-output img:visible, .output_svg img:visible")).to_have_count(0)
    watch.errors[:] = [error for error in watch.errors if "$ is not defined" not in error]  # the classic template's
    forget_templates(watch)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Alternative text is missing")
def test_on_paper_an_export_shows_the_whole_picture(
    page: Page, executed: nbformat.NotebookNode, watch: Watch, tmp_path: Path
) -> None:
    page.goto(export(without_state(executed), tmp_path / "export.html").as_uri())
    playing(page)
    page.emulate_media(media="print")
    expect(page.locator("iframe.gad-frame")).to_be_hidden()
    expect(pictures(page)).to_have_count(1)
    forget_templates(watch)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Alternative text is missing")
@pytest.mark.parametrize("how", ["without scripts", "sanitised"])
def test_where_an_export_cannot_play_the_picture_stays(
    page_factory: Callable[..., Page], executed: nbformat.NotebookNode, watch: Watch, tmp_path: Path, how: str
) -> None:
    page = page_factory(javascript=how != "without scripts")
    page.goto(export(executed, tmp_path / "export.html", sanitize_html=how == "sanitised").as_uri())
    page.wait_for_timeout(1000)  # what its scripts ask for does not come
    expect(pictures(page)).to_have_count(1)
    assert loaded(pictures(page))
    expect(page.locator("iframe.gad-frame").and_(page.locator(":visible"))).to_have_count(0)
    forget_templates(watch)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Alternative text is missing")
def test_nbconvert_with_its_widget_manager_shows_the_explorer_once(
    page: Page, executed: nbformat.NotebookNode, watch: Watch, tmp_path: Path
) -> None:
    """Stand in for the widget manager that an export fetches: put the explorer where it would put it."""
    page.goto(export(executed, tmp_path / "export.html").as_uri())
    playing(page)
    page.evaluate(
        """() => { const root = document.createElement("div");
                   root.className = "gad-explorer"; root.textContent = "live";
                   document.querySelector(".jupyter-widgets.jp-OutputArea-output").append(root) }"""
    )
    expect(pictures(page)).to_have_count(0)
    expect(page.locator("iframe.gad-frame")).to_be_hidden()
    expect(page.locator(".gad-explorer")).to_be_visible()
    forget_templates(watch)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Alternative text is missing")
def test_of_a_frame_an_export_takes_nothing_but_a_height(
    page: Page, executed: nbformat.NotebookNode, watch: Watch, tmp_path: Path
) -> None:
    page.goto(export(without_state(executed), tmp_path / "export.html").as_uri())
    playing(page)
    page.wait_for_timeout(300)
    frame = page.locator("iframe.gad-frame")
    assert frame.get_attribute("sandbox") == "allow-scripts"  # no rights of this origin
    before = frame.get_attribute("height")
    page.evaluate("window.postMessage({gadHeight: 77}, '*')")  # not from the frame
    for height in ("'tall'", "-5", "1e9", "NaN", "{}", "null"):
        frame.evaluate("frame => frame.contentWindow")  # it can be named, not entered
        page.frames[1].evaluate(f"window.parent.postMessage({{gadHeight: {height}}}, '*')")
    page.frames[1].evaluate("window.parent.postMessage(null, '*')")
    page.wait_for_timeout(300)
    assert frame.get_attribute("height") == before
    page.frames[1].evaluate("window.parent.postMessage({gadHeight: 777}, '*')")
    expect(frame).to_have_attribute("height", "777")
    forget_templates(watch)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Alternative text is missing")
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
    forget_templates(watch)


@pytest.mark.slow
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
