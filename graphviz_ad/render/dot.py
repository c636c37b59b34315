"""The engine ``dot``: Graphviz places and routes, through the ``graphviz`` package; its answer becomes integers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from graphviz_ad.errors import EngineError
from graphviz_ad.render.geometry import MARGIN, Edge, Placement, Point, Route, Size, framed, straight

# A notebook must not hang: Graphviz needs milliseconds for a lecture's graph, and gets no more than this.
TIMEOUT = 20
DPI = 72  # Graphviz measures boxes in inches and positions in points; at 72 both are our pixels
INSTALL = 'install Graphviz (Debian: apt install graphviz; macOS: brew install graphviz); engine="layered" needs nothing'


def missing() -> str:
    """Why this engine cannot be used here; an empty string where it can."""
    if find_spec("graphviz") is None:
        return f'the Python package "graphviz" is not installed: pip install graphviz, and {INSTALL}'
    if shutil.which("dot") is None:
        return f'the program "dot" was not found: {INSTALL}'
    return ""


def place(sizes: Sequence[Size], edges: Sequence[Edge], labels: Sequence[Size | None]) -> Placement:
    """Centres, routes and label centres for a flow from left to right; see `layout.arrange`."""
    reason = missing()
    if reason:
        raise EngineError(reason)
    answer = _run(_source(sizes, edges, labels))
    try:
        return _read(answer, sizes, edges, labels)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise EngineError(f"Graphviz gave an answer that cannot be read ({error!r}); {INSTALL}") from error


def _source(sizes: Sequence[Size], edges: Sequence[Edge], labels: Sequence[Size | None]) -> str:
    """The graph in DOT: a label is a box of its own on the way, so that nothing else may use its place."""
    import graphviz

    graph = graphviz.Digraph(
        graph_attr={"rankdir": "LR", "nodesep": "0.3", "ranksep": "0.4", "splines": "true"},
        node_attr={"shape": "box", "fixedsize": "true", "label": "", "margin": "0"},
        edge_attr={"dir": "none", "headport": "w", "tailport": "e"},
    )
    for k, (width, height) in enumerate(sizes):
        graph.node(f"n{k}", width=_inches(width), height=_inches(height))
    layers = "2" if any(label is not None for label in labels) else "1"
    for e, ((u, v), label) in enumerate(zip(edges, labels, strict=True)):
        if label is None:
            graph.edge(f"n{u}", f"n{v}", id=f"e{e}", minlen=layers)
            continue
        graph.node(f"l{e}", width=_inches(label[0]), height=_inches(label[1]))
        graph.edge(f"n{u}", f"l{e}", id=f"a{e}")
        # The label stands just before the consumer: stretching this half costs more than the other.
        graph.edge(f"l{e}", f"n{v}", id=f"b{e}", weight="2")
    return str(graph.source)


def _inches(pixels: int) -> str:
    return f"{pixels / DPI:.6f}"


def _run(source: str) -> dict[str, Any]:
    """Graphviz's answer as JSON. The package's own ``pipe`` has no time limit, so the program is called here."""
    try:
        done = subprocess.run(
            ["dot", "-Kdot", "-Tjson0"],
            input=source.encode("utf-8"),
            capture_output=True,
            timeout=TIMEOUT,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) if os.name == "nt" else 0,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f'Graphviz took longer than {TIMEOUT} s and was stopped; use engine="layered"') from None
    except OSError as error:
        raise EngineError(f'the program "dot" could not be started ({error}); {INSTALL}') from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise EngineError(f"Graphviz failed with status {done.returncode}: {said}; {INSTALL}")
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise EngineError(f"Graphviz gave an answer that is not JSON ({error}); {INSTALL}") from error
    return answer


def _read(
    answer: dict[str, Any], sizes: Sequence[Size], edges: Sequence[Edge], labels: Sequence[Size | None]
) -> Placement:
    """Integer coordinates, y down, with our margin around."""
    objects, links = answer.get("objects", []), answer.get("edges", [])

    def point(text: str) -> Point:
        x, y = text.split(",")[:2]
        return round(float(x)), round(-float(y))

    centres = {o["name"]: point(o["pos"]) for o in objects}
    curves = {link["id"]: [point(p) for p in link["pos"].split() if p[0] not in "es"] for link in links}
    nodes = [centres[f"n{k}"] for k in range(len(sizes))]
    routes: list[Route] = []
    boxes: list[Point | None] = []

    def joined(curve: list[Point], start: Point, end: Point) -> list[Point]:
        return [start, *curve[1:-1], end]

    for e, ((u, v), label) in enumerate(zip(edges, labels, strict=True)):
        start = (nodes[u][0] + (sizes[u][0] + 1) // 2, nodes[u][1])
        end = (nodes[v][0] - (sizes[v][0] + 1) // 2, nodes[v][1])
        if label is None:
            routes.append(tuple(joined(curves[f"e{e}"], start, end)))
            boxes.append(None)
            continue
        middle = centres[f"l{e}"]
        before = (middle[0] - (label[0] + 1) // 2, middle[1])
        after = (middle[0] + (label[0] + 1) // 2, middle[1])
        route = joined(curves[f"a{e}"], start, before)
        route += straight(before, after)
        route += joined(curves[f"b{e}"], after, end)[1:]
        routes.append(tuple(route))
        boxes.append(middle)
    return framed(nodes, routes, boxes, sizes, labels, MARGIN)
