"""The committed notebooks run from clean, show what they showed, and read well without a kernel."""

from __future__ import annotations

import functools
import os
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from docs.course.executing import NOTEBOOKS, Run, code, course, execute, read, runs_here
from tests.notebooks import gold_basics, gold_more
from tests.notebooks.comparing import difference, pictured, printed
from tests.notebooks.table import Gold, Shown, near

GOLD: list[Gold] = [*gold_basics.GOLD, *gold_more.GOLD]
SHOWN: list[Shown] = [*gold_basics.SHOWN, *gold_more.SHOWN]
ITEMS = range(1, 101)
ERRORS = [f"E{number}" for number in range(1, 27)]
PATHS = {path.stem: path for path in course()}
PICTURES = {"image/svg+xml", "image/png", "text/plain"}
LARGEST = 10**6


def executed(name: str) -> Run:
    """The notebook, run once, with all that the tables want to read."""
    readings: dict[str, list[str]] = {}
    for gold in GOLD:
        if gold.notebook == name:
            readings.setdefault(gold.cell, []).append(gold.read)
    for shown in SHOWN:
        if shown.notebook == name:
            readings.setdefault(shown.cell, []).extend([shown.wrong, shown.right])
    return execute(PATHS[name], readings)


@functools.cache
def committed(name: str) -> nbformat.NotebookNode:
    return read(PATHS[name])


def tagged(kind: str, name: str) -> set[tuple[str, object]]:
    """The cells of a notebook whose metadata name items, or errors."""
    return {(cell.id, one) for cell in committed(name).cells for one in cell.metadata.get(kind, ())}


def drift(kept: nbformat.NotebookNode, run: Run) -> list[str]:
    """What a notebook shows otherwise than it did."""
    found = []
    for old, new in zip(code(kept), code(run.notebook), strict=True):
        found += [f"{old.id}: {said}" for kind in (printed, pictured) if (said := difference(kind(old), kind(new)))]
        if [one.output_type for one in new.outputs] != [one.output_type for one in old.outputs]:
            found.append(f"{old.id}: it has other outputs")
        found += [f"{old.id}: {one.text}" for one in new.outputs if one.get("name") == "stderr"]
    return found


def wrong_gold(name: str, run: Run) -> list[str]:
    """The gold numbers of a notebook that are not read from a graph."""
    found = []
    for gold in GOLD:
        if gold.notebook == name:
            reading = run.readings[gold.cell, gold.read]
            if reading.error or not gold.agrees(reading.value):
                wanted = f"{reading.error or reading.value}, not {gold.value}"
                found.append(f"item {gold.item}, cell {gold.cell}: {gold.read} is {wanted}")
            elif not reading.graph:
                found.append(f"item {gold.item}, cell {gold.cell}: {gold.read} reads no Graph")
    return found


def unclear_errors(name: str, run: Run) -> list[str]:
    """The pitfalls of a notebook at which wrong and right are not what they should be, or not two things."""
    found = []
    for shown in SHOWN:
        if shown.notebook == name:
            wrong, right = (run.readings[shown.cell, expression] for expression in (shown.wrong, shown.right))
            where = f"{shown.error}, cell {shown.cell}"
            if wrong.error or not near(wrong.value, shown.wrong_value, shown.rtol):
                found.append(f"{where}: {shown.wrong} is {wrong.error or wrong.value}, not {shown.wrong_value}")
            if right.error or not near(right.value, shown.right_value, shown.rtol):
                found.append(f"{where}: {shown.right} is {right.error or right.value}, not {shown.right_value}")
            if near(wrong.value, right.value, 10 * shown.rtol):
                found.append(f"{where}: what is wrong cannot be told from what is right")
    return found


@pytest.mark.parametrize("name", PATHS)
def test_it_runs_from_clean_and_shows_its_numbers(name: str) -> None:
    if not runs_here(PATHS[name]):
        pytest.skip("PyTorch is not installed")
    run = executed(name)
    assert drift(committed(name), run) == [], "look at it, run `make notebooks` and commit"
    assert wrong_gold(name, run) == []
    assert unclear_errors(name, run) == []


@pytest.mark.parametrize("name", PATHS)
def test_it_is_committed_executed_and_stands_on_its_own(name: str) -> None:
    notebook, path = committed(name), PATHS[name]
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert path.stat().st_size <= LARGEST
    assert "widgets" not in notebook.metadata  # saved widget state asks a content network for its code
    text = path.read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert os.fspath(NOTEBOOKS.parent) not in text
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    pictures = [output.data for output in outputs if "image/svg+xml" in output.get("data", {})]
    exercises = [data for data in pictures if data["text/plain"].startswith("The picture of the exercise: ")]
    assert len(pictures) > len(exercises)
    assert all(set(data) == PICTURES for data in pictures if data not in exercises)
    graphs = [data["image/svg+xml"] for data in pictures if data["text/plain"].startswith("<Graph")]
    assert graphs
    assert all('data-engine="layered"' in svg for svg in graphs)
    # what plays belongs to a kernel, to slides and to pages: here it would be hundreds of kilobytes in every cell
    assert "srcdoc" not in text
    assert "widget-view+json" not in text


@pytest.mark.parametrize("name", PATHS)
def test_its_cells_have_names_and_its_slides_a_beginning(name: str) -> None:
    cells = committed(name).cells
    names = [cell.id for cell in cells]
    assert len(set(names)) == len(names)
    assert not [one for one in names if not one.strip("0123456789abcdef")], "an id is a speaking name"
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert cells[0].metadata["slideshow"]["slide_type"] == "slide"
    kinds = {cell.metadata.get("slideshow", {}).get("slide_type", "-") for cell in cells}
    assert kinds <= {"slide", "subslide", "fragment", "skip", "notes", "-"}
    if name == "00_first_graph":
        return
    assert 20 <= len(cells) <= 44
    assert "will be able to" in "".join(cell.source for cell in cells[:2])
    assert any("gad.exercise(" in cell.source for cell in cells[-4:]), "it ends with exercises"


@pytest.mark.parametrize("name", PATHS)
def test_what_a_cell_says_it_covers_is_in_the_tables(name: str) -> None:
    assert tagged("items", name) == {(gold.cell, gold.item) for gold in GOLD if gold.notebook == name}
    assert tagged("errors", name) == {(shown.cell, shown.error) for shown in SHOWN if shown.notebook == name}


@pytest.mark.parametrize("name", PATHS)
def test_errors_are_shown_as_pitfalls_only(name: str) -> None:
    cells = committed(name).cells
    for before, cell in pairwise(cells):
        if cell.metadata.get("errors"):
            marked = before.cell_type == "markdown" and "Pitfall" in before.source.split("\n")[0]
            assert marked or 'gad.exercise("bug-' in cell.source, f"{cell.id}: no heading says that this is a pitfall"


def test_no_item_and_no_error_is_left_out() -> None:
    assert [item for item in ITEMS if item not in {gold.item for gold in GOLD}] == []
    assert [error for error in ERRORS if error not in {shown.error for shown in SHOWN}] == []
    assert {gold.notebook for gold in GOLD} | {shown.notebook for shown in SHOWN} <= set(PATHS)
