"""Executes the notebooks of the course from clean, and writes those back whose outputs changed; `make notebooks`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat

from docs.course.executing import code, execute, for_each, read

LARGEST = 10**6


def seen(notebook: nbformat.NotebookNode) -> list[Any]:
    """All that is committed of the outputs but the bytes of PNG, which differ from machine to machine."""
    found: list[Any] = []
    for cell in code(notebook):
        found.append(cell.execution_count)
        for output in cell.outputs:
            data = {kind: value for kind, value in output.get("data", {}).items() if kind != "image/png"}
            found.append((output.output_type, output.get("text"), "image/png" in output.get("data", {}), data))
    return found


def write(path: Path) -> str:
    """Execute one notebook; return what was done, in words."""
    kept = read(path)
    fresh = execute(path).notebook
    if seen(kept) == seen(fresh):
        return f"{path.name}: as it was"
    nbformat.validate(fresh)
    nbformat.write(fresh, path)
    size = path.stat().st_size
    return f"{path.name}: written, {size // 1000} kB" + (", TOO LARGE" if size > LARGEST else "")


if __name__ == "__main__":
    sys.exit(for_each(write))
