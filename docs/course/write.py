"""Executes the notebooks of the course from clean, and writes those back whose outputs changed; `make notebooks`."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nbformat

from docs.course.executing import asked_for, code, execute, read

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


def main() -> int:
    """Execute all notebooks, or those whose names begin as the arguments say."""
    with ProcessPoolExecutor(2) as pool:
        for said in pool.map(write, asked_for(sys.argv[1:])):
            print(said, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
