"""The explorer in the other notebooks that a student may use: it shows, steps and recomputes there as in JupyterLab."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import Explorer, Notebook7
from tests.browser.test_exercises import Shown
from tests.conftest import JupyterLab, Watch, free_port, quiet_jupyter, running_server

CELL = """\
import graphviz_ad as gad

def f(x):
    s = x**2
    u = s + 1
    y = u**3
    return y

explorer = gad.explore(f, x=1.5)
explorer"""

MARIMO = f"""\
import marimo

app = marimo.App()


@app.cell
def _():
    {CELL.replace(chr(10), chr(10) + "    ")}
    return (explorer,)


@app.cell
def _(explorer):
    more = explorer.step + 1000
    more
    return


if __name__ == "__main__":
    app.run()
"""


EXERCISE = """\
import marimo

app = marimo.App()


@app.cell
def _():
    import graphviz_ad as gad

    ex = gad.exercise("multi-path", seed=5)
    ex.show()
    return (ex,)


if __name__ == "__main__":
    app.run()
"""


def play(explorer: Explorer, screenshots: Path, name: str) -> None:
    """Step through the story by buttons and keys, change the input, and compare with the derivative by hand."""
    step, steps, phase = explorer.where
    assert (step, phase) == (0, "forward")
    assert explorer.numbers("value") == {"x": 1.5}
    for moment, number in (("first", 0), ("middle", steps // 2 + 1), ("last", steps)):
        while explorer.where[0] < number:
            explorer.press("Step forward")
        explorer.root.screenshot(path=screenshots / f"{name}-{moment}.png")
    assert explorer.where == (steps, steps, "done")
    assert explorer.numbers("value") == {"x": 1.5, "s": 2.25, "u": 3.25, "y": 34.328125}
    assert explorer.numbers("adjoint") == {"x": 95.0625, "s": 31.6875, "u": 31.6875, "y": 1.0}  # 6x(x² + 1)² at 1.5
    explorer.root.focus()
    explorer.page.keyboard.press("Home")
    explorer.expect_step(0)
    explorer.page.keyboard.press("End")
    explorer.expect_step(steps)
    field = explorer.field("x")
    expect(field).to_be_enabled()
    field.fill("3")
    field.press("Enter")
    expect(explorer.node("y")).to_have_attribute("data-value", "1000.0")
    expect(explorer.node("x")).to_have_attribute("data-adjoint", "1800.0")  # 6 · 3 · 10²
    explorer.expect_step(steps)


def ground(explorer: Explorer) -> str:
    """Return the colour behind the picture."""
    colour: str = explorer.root.evaluate("root => getComputedStyle(root).backgroundColor")
    return colour


GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}
OTHER = {"light": "dark", "dark": "light"}  # what the system prefers, where the notebook's own theme is to decide


# What Notebook 7.6 itself complains of while it starts, with or without us: its shortcuts hear of settings that are not
# loaded yet, and its debugger of a kernel that is not there yet.
NOTEBOOKS_OWN = (
    "Command 'filebrowser:open-path' not registered",
    "Cannot read properties of undefined (reading 'schema')",
    "Could not restore the debugger state",
)


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_notebook_7(
    page_factory: Callable[..., Page], jupyter_lab: JupyterLab, watch: Watch, screenshots: Path, theme: str
) -> None:
    page = page_factory(theme=OTHER[theme])
    book = Notebook7.write(page, jupyter_lab, f"seven-{theme}.ipynb", CELL, "print(explorer.graph['x'].adjoint)")
    book.run(0)
    if theme == "dark":
        page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    explorer = book.explorer(0)
    expect(book.pictures(0)).to_have_count(0)
    assert ground(explorer) == GROUNDS[theme]
    play(explorer, screenshots, f"notebook7-{theme}")
    assert book.run(1) == "1800.0"
    page.screenshot(path=screenshots / f"notebook7-{theme}.png")
    watch.errors[:] = [error for error in watch.errors if not any(words in error for words in NOTEBOOKS_OWN)]


@contextmanager
def in_marimo(page_factory: Callable[..., Page], tmp_path: Path, notebook: str, theme: str) -> Iterator[Page]:
    """A notebook in marimo's own theme, in a browser that prefers the other one."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "host.py").write_text(notebook, encoding="utf-8")
    # marimo reads its settings from the nearest pyproject.toml and from the person's home, which is none here.
    settings = f'[tool.marimo.display]\ntheme = "{theme}"\n[tool.marimo.runtime]\nauto_instantiate = true\n'
    (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
    home = tmp_path / "home"
    environment = quiet_jupyter(home) | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)}
    command = [sys.executable, "-m", "marimo", "edit", str(folder / "host.py"), "--headless", "--no-token"]
    command += ["--skip-update-check", "--port", str(free_port())]
    with running_server(command, r"(?<=URL: )http://\S+", environment=environment) as server:
        page = page_factory(theme=OTHER[theme], service_workers="allow")  # marimo's page has one for itself
        page.goto(server.address)
        yield page
        page.close()  # before its server ends, which it would complain about


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marimo(page_factory: Callable[..., Page], tmp_path: Path, screenshots: Path, theme: str) -> None:
    with in_marimo(page_factory, tmp_path, MARIMO, theme) as page:
        explorer = Explorer(page)
        expect(explorer.root).to_be_visible(timeout=60_000)
        assert ground(explorer) == GROUNDS[theme]
        play(explorer, screenshots, f"marimo-{theme}")
        page.screenshot(path=screenshots / f"marimo-{theme}.png")


@pytest.mark.slow
def test_an_exercise_in_marimo(page_factory: Callable[..., Page], tmp_path: Path, screenshots: Path) -> None:
    with in_marimo(page_factory, tmp_path, EXERCISE, "light") as page:
        shown = Shown(page)
        expect(shown.root).to_be_visible(timeout=60_000)
        shown.answer("s", "-3")
        assert "-3 has the right size and the wrong sign." in shown.told("s", "wrong")
        shown.answer("s", "2 + 1")  # what only a kernel reads
        assert "2 + 1 is right." in shown.told("s", "right")
        styles = shown.root.locator(".gad-ex-code, .gad-ex-hints").evaluate_all(
            "lists => [...new Set(lists.map(list => getComputedStyle(list).listStyleType))].sort()"
        )
        assert styles == ["decimal", "disc"]  # lines are asked for by their numbers
        page.screenshot(path=screenshots / "marimo-exercise.png")
