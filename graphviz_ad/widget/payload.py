"""Turn a Scene and its picture into the plain JSON that the front end plays."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from graphviz_ad.core.visible import REPLACEMENT
from graphviz_ad.story.scene import Scene

VERSION = 1

# What the front end has no use for stays in Python: the picture already shows it.
_NODE_FIELDS_NOT_SENT = (
    "note",
    "seeded",
    "value_cells",
    "adjoint_cells",
    "tangent_cells",
    "symbols",
)
_EDGE_FIELDS_NOT_SENT = ("mask", "pushed", "symbols")


def payload(
    scene: Scene,
    svg: str,
    *,
    live: bool,
    frozen: str | None,
    notice: str = "",
    look: dict[str, Any] | None = None,
    looks: dict[str, Any] | None = None,
    sliders: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return everything that a view of the scene needs, as strict JSON.

    Parameters
    ----------
    scene
        The graph and its steps. All its numbers are texts already, so no NaN can reach the JSON.
    svg
        The complete picture, drawn with ``theme="page"``.
    live
        Whether a kernel stands behind the view.
    frozen
        Why inputs cannot be changed, as a sentence for people; None where they can.
    notice
        Something that the person should know about this graph, e.g. that a branch was taken anew.
    look, looks
        How the graph is looked at, and which ways there are; see `graphviz_ad.widget.look`.
    sliders
        The values for which a page without kernel carries the numbers, by input.
    training
        Which iteration of a training this is.
    """
    names = edge_names(scene)
    data = {
        "version": VERSION,
        "title": scene.title,
        "alt": scene.alt,
        "mode": scene.mode,
        "svg": svg,
        "intro": scene.intro,
        "nodes": [_fields(node, _NODE_FIELDS_NOT_SENT) for node in scene.nodes],
        "edges": [
            {"name": name} | _fields(edge, _EDGE_FIELDS_NOT_SENT) for name, edge in zip(names, scene.edges, strict=True)
        ],
        "frames": [asdict(frame) for frame in scene.frames],
        "steps": [_fields(step) for step in scene.steps],
        "scales": [list(scale) for scale in scene.scales],
        "live": live,
        "frozen": frozen,
        "notice": notice,
        "look": look or {},
        "looks": looks or {},
        "sliders": sliders or {},
        "wrong": None if scene.wrong is None else asdict(scene.wrong),
        "training": training,
    }
    return {key: sendable(value) for key, value in data.items()}


def edge_names(scene: Scene) -> list[str]:
    """Return the name of every edge: "x->u"; where several join the same two nodes, "x->u#1" for the second argument.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> from graphviz_ad.story.staging import stage
    >>> edge_names(stage(gad.trace(lambda x: x * x, 3.0)))
    ['x->out', 'x->out#1']
    """
    called = {node.id: node.name for node in scene.nodes}
    met: set[tuple[int, int]] = set()
    names = []
    for edge in scene.edges:
        pair = (edge.input, edge.consumer)
        names.append(f"{called[edge.input]}->{called[edge.consumer]}" + (f"#{edge.argnum}" if pair in met else ""))
        met.add(pair)
    return names


def _fields(part: Any, without: Collection[str] = ()) -> dict[str, Any]:
    """Return the fields of a flat dataclass by name; `dataclasses.asdict` would copy every number on the way."""
    return {name: getattr(part, name) for name in part.__slots__ if name not in without}


_SURROGATE = re.compile("[\ud800-\udfff]")


def sendable(value: Any) -> Any:
    """Return the same JSON in texts that UTF-8 can hold: one lone surrogate, and Jupyter could not send the message."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub(REPLACEMENT, value)
    if isinstance(value, dict):
        return {key: sendable(item) for key, item in value.items()}
    return [sendable(item) for item in value] if isinstance(value, list | tuple) else value


def phases(data: dict[str, Any]) -> list[str]:
    """Return the phase after 0, 1, … steps: "forward", then "backward" ("tangent" in forward mode), at last "done"."""
    kinds = [event["kind"] for event in data["steps"]]
    turn = next((at for at, kind in enumerate(kinds) if kind != "value"), len(kinds))
    second = "tangent" if data["mode"] == "forward" else "backward"
    return ["forward" if step <= turn else second for step in range(len(kinds))] + ["done"]


def same_step(before: dict[str, Any], step: int, after: dict[str, Any]) -> int:
    """Return where another story of the same graph stands where this one stood, as `sameStep` of static/story.js does.

    That is where the last thing that both tell has just happened; the end, if this one was at its end.
    """
    if step >= len(before["steps"]):
        return len(after["steps"])
    places = {deed: place for place, deed in enumerate(_deeds(after), 1)}
    return next((places[deed] for deed in reversed(_deeds(before)[:step]) if deed in places), 0)


def _deeds(data: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return what each step does, by names, since ids may differ from one payload to the next, and for which time."""
    nodes = {node["id"]: node["name"] for node in data["nodes"]}
    edges = {edge["index"]: edge["name"] for edge in data["edges"]}
    times: Counter[tuple[Any, ...]] = Counter()
    found = []
    for event in data["steps"]:
        deed = (event["kind"], nodes.get(event["node"]), edges.get(event["edge"]))
        times[deed] += 1
        found.append((*deed, times[deed]))
    return found


def scalar_inputs(data: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of all inputs that a person may change; nan and inf as texts, which JSON lacks."""
    return {node["name"]: strict(float(node["value"])) for node in data["nodes"] if node["editable"]}


def strict(number: float) -> float | str:
    """Return a number as strict JSON has it: nan and inf as texts."""
    return number if math.isfinite(number) else str(number)


def selectable(data: dict[str, Any]) -> list[str]:
    """Return the names of everything that can be selected: nodes, then edges."""
    return [node["name"] for node in data["nodes"]] + [edge["name"] for edge in data["edges"]]
