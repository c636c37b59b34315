"""The committed notebooks run from clean, print what they printed, and read well without a kernel."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PICTURES = {"image/svg+xml", "image/png", "text/plain"}


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")


def is_progress(output: nbformat.NotebookNode) -> bool:
    """Whether this is a bar that a slow machine shows, and takes away again."""
    return output.output_type == "stream" and output.name == "stderr" and output.text.startswith("\r")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_prints_what_it_printed(path: Path, tmp_path: Path) -> None:
    kept, fresh = read(path), read(path)
    for cell in code(fresh):
        cell.outputs, cell.execution_count = [], None
    # files that the notebook saves go to a folder of their own
    NotebookClient(fresh, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    for old, new in zip(code(kept), code(fresh), strict=True):
        assert printed(new) == printed(old), f"run it again and commit: {path.name} prints something else now"
        shown = [output for output in new.outputs if not is_progress(output)]
        assert [output.output_type for output in shown] == [output.output_type for output in old.outputs]
        assert not [output for output in shown if output.output_type == "stream" and output.name == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_executed_and_stands_on_its_own(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert path.stat().st_size <= 10**6
    assert "widgets" not in notebook.metadata  # saved widget state asks a content network for its code
    text = path.read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert os.fspath(FOLDER.parent) not in text
    pictures = [
        output for cell in code(notebook) for output in cell.outputs if "image/svg+xml" in output.get("data", {})
    ]
    assert pictures
    assert all(set(output.data) == PICTURES for output in pictures)
    assert all('data-engine="layered"' in output.data["image/svg+xml"] for output in pictures)
