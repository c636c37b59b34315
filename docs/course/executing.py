"""Executes a notebook from clean in one kernel, and reads numbers from its namespace after the cells that show them."""

from __future__ import annotations

import ast
import copy
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.util import run_sync
from traitlets.config import Config

from docs.course import cleaning

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
SECONDS_PER_CELL = 300

READER = '''
def _course_reading(expression):
    """What an expression gives after this cell, and whether it reads a graph of the namespace."""
    import ast, json
    import numpy
    from graphviz_ad import Graph
    names = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
    space = get_ipython().user_ns

    def holds(value):
        if isinstance(value, dict):
            return any(map(holds, value.values()))
        if isinstance(value, (list, tuple)):
            return any(map(holds, value))
        return isinstance(value, Graph) or isinstance(getattr(value, "graph", None), Graph)

    graph = any(holds(space[name]) for name in names if name in space)
    return json.dumps([numpy.asarray(eval(expression, space)).tolist(), graph])
'''


FOR_PAPER = """
def _course_pictures():
    from functools import cached_property
    from graphviz_ad.errors import ArgumentError
    from graphviz_ad.render.presets import fitted
    from graphviz_ad.widget.view import View

    whole = View.picture.func

    def picture(view):
        found = whole(view)
        if view.width is not None or found.width <= 1040:
            return found
        try:
            return fitted(view.scene, 860.0, engine=view.engine)
        except ArgumentError:  # no room for a text that can be read
            return found

    View.picture = cached_property(picture)
    View.picture.__set_name__(View, "picture")
_course_pictures()
"""
"""An explorer scrolls, paper does not: pictures that are wider than a page are wrapped, as `save(width=860)` does."""


@dataclass(frozen=True)
class Reading:
    """What an expression gave: its value, whether it was read from a Graph, and the error, "" for none."""

    value: Any
    graph: bool
    error: str = ""


@dataclass
class Run:
    """An executed notebook, with outputs as they are committed, and readings by cell and expression."""

    notebook: nbformat.NotebookNode
    readings: dict[tuple[str, str], Reading] = field(default_factory=dict)
    live: nbformat.NotebookNode | None = None
    """The same with all outputs, pages that play included."""


def course() -> list[Path]:
    """The notebooks of the course, in their order."""
    return sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def runs_here(path: Path) -> bool:
    """Whether what a notebook imports is installed: one of them needs PyTorch, which nothing else does."""
    return "torch" not in path.stem or find_spec("torch") is not None


def asked_for(beginnings: Sequence[str]) -> list[Path]:
    """The notebooks whose names begin so (all by default); those that cannot run here are named and left out."""
    found = [path for path in course() if not beginnings or path.name.startswith(tuple(beginnings))]
    for path in found:
        if not runs_here(path):
            print(f"{path.name}: left out, since PyTorch is not installed", flush=True)
    return [path for path in found if runs_here(path)]


def for_each(work: Callable[[Path], str]) -> int:
    """Work on the notebooks that the command line names (all by default), two at a time; print what is said."""
    with ProcessPoolExecutor(2) as pool:
        for said in pool.map(work, asked_for(sys.argv[1:])):
            print(said, flush=True)
    return 0


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook as it is committed."""
    return nbformat.read(path, as_version=4)


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def execute(path: Path, readings: Mapping[str, Sequence[str]] | None = None, before: str = FOR_PAPER) -> Run:
    """Execute a notebook from clean, in a folder of its own.

    Parameters
    ----------
    path
        The notebook; it is not written.
    readings
        Expressions that are evaluated after a cell, by the cell's id.
    before
        Code that the kernel runs first, without a trace in the notebook; left out, it wraps wide pictures.
    """
    # numbers that are printed do not depend on how many threads linear algebra has
    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    notebook = read(path)
    metadata = dict(notebook.metadata)
    for cell in code(notebook):
        cell.outputs, cell.execution_count = [], None
    found: dict[tuple[str, str], Reading] = {}
    # one folder for what the notebook saves, one for its kernel
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as sockets:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(
            notebook,
            timeout=SECONDS_PER_CELL,
            kernel_name="python3",
            resources=resources,
            store_widget_state=False,
            config=_own_sockets(Path(sockets)),
        )
        with client.setup_kernel():
            _silently(client, READER + before, {})
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
                for expression, reading in _readings(client, (readings or {}).get(cell.id, ())).items():
                    found[cell.id, expression] = reading
    notebook.metadata = nbformat.from_dict(metadata)  # what the kernel says of itself is of this machine
    for cell in code(notebook):
        cell.metadata.pop("execution", None)  # the times of this run
    for cell in code(notebook):
        cell.outputs = cleaning.joined(cell.outputs)
    live = copy.deepcopy(notebook)
    for cell in code(notebook):
        cell.outputs = cleaning.static(cell.outputs)
    return Run(notebook, found, live)


def _own_sockets(folder: Path) -> Config:
    """Kernels that start side by side may choose the same ports and wait for ever; each has its own files instead."""
    return Config() if os.name == "nt" else Config(KernelManager={"transport": "ipc", "ip": str(folder / "kernel")})


def _readings(client: NotebookClient, expressions: Sequence[str]) -> dict[str, Reading]:
    asked = {expression: f"_course_reading({expression!r})" for expression in expressions}
    replies = _silently(client, "", asked) if asked else {}
    found = {}
    for expression, reply in replies.items():
        if reply["status"] == "ok":
            value, graph = json.loads(ast.literal_eval(reply["data"]["text/plain"]))
            found[expression] = Reading(value, graph)
        else:
            found[expression] = Reading(None, False, f"{reply['ename']}: {reply['evalue']}")
    return found


def _silently(client: NotebookClient, source: str, expressions: dict[str, str]) -> dict[str, Any]:
    """Run code that leaves no output and no number of execution; return what expressions give."""
    reply = run_sync(client.kc.execute_interactive)(
        source,
        silent=True,
        store_history=False,
        user_expressions=expressions,
        allow_stdin=False,
        timeout=SECONDS_PER_CELL,
        output_hook=lambda message: None,
    )
    content = reply["content"]
    if content["status"] != "ok":
        raise RuntimeError(f"{content.get('ename')}: {content.get('evalue')}")
    found: dict[str, Any] = content["user_expressions"]
    return found
