"""Turn a Scene and its picture into the plain JSON that the front end plays."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from graphviz_ad.core.visible import REPLACEMENT
from graphviz_ad.story.scene import Scene

VERSION = 1

# What the front end has no use for stays in Python: the picture already shows it.
_NODE_FIELDS_NOT_SENT = (
    "operation",
    "shape",
    "dtype",
    "frame",
    "seeded",
    "value_cells",
    "adjoint_cells",
    "tangent_cells",
)
_EDGE_FIELDS_NOT_SENT = ("mask", "pushed")


def payload(scene: Scene, svg: str, *, live: bool, frozen: str | None, notice: str = "") -> dict[str, Any]:
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
    """
    data = {
        "version": VERSION,
        "title": scene.title,
        "alt": scene.alt,
        "mode": scene.mode,
        "svg": svg,
        "intro": scene.intro,
        "nodes": [
            {key: value for key, value in asdict(node).items() if key not in _NODE_FIELDS_NOT_SENT}
            for node in scene.nodes
        ],
        "edges": [
            {key: value for key, value in asdict(edge).items() if key not in _EDGE_FIELDS_NOT_SENT}
            for edge in scene.edges
        ],
        "steps": [asdict(step) for step in scene.steps],
        "scales": [list(scale) for scale in scene.scales],
        "live": live,
        "frozen": frozen,
        "notice": notice,
    }
    return {key: _sendable(value) for key, value in data.items()}


def _sendable(value: Any) -> Any:
    """Texts that UTF-8 can hold: one lone surrogate in a name, and Jupyter could not send the message."""
    if isinstance(value, str):
        return value if value.isascii() else "".join(REPLACEMENT if "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, dict):
        return {key: _sendable(item) for key, item in value.items()}
    return [_sendable(item) for item in value] if isinstance(value, list | tuple) else value


def phase_at(data: dict[str, Any], step: int) -> str:
    """Return the phase after `step` steps: "forward", "backward" ("tangent" in forward mode), "done"."""
    steps = data["steps"]
    if step >= len(steps):
        return "done"
    if all(event["kind"] == "value" for event in steps[:step]):
        return "forward"
    return "tangent" if data["mode"] == "forward" else "backward"
