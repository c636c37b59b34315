"""Writes a Scene in Graphviz's own language, for people who want to lay it out and style it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_ad.render import metrics, theme
from graphviz_ad.story.scene import Scene, SceneEdge, SceneNode

if TYPE_CHECKING:
    from graphviz import Digraph

MAX_TEXT = 120  # characters of one line of a label


def to_digraph(scene: Scene, direction: str = "LR") -> Digraph:
    """Write the complete state of a scene as a `graphviz.Digraph`; needs the Python package only.

    Nodes are called ``n0``, ``n1``, … by their ids; a node's label holds its value (▲), its name and operation, and
    its adjoint (▼); an edge's its local derivative (∂) and its contribution (▼).
    """
    from graphviz import Digraph

    colours = theme.colours("light")
    graph = Digraph(
        name="graphviz_ad",
        graph_attr={"rankdir": direction, "bgcolor": colours["--gad-background"], "fontname": "DejaVu Sans"},
        node_attr={
            "shape": "Mrecord",
            "fontname": "DejaVu Sans",
            "fontsize": "12",
            "style": "filled",
            "color": colours["--gad-line"],
            "fillcolor": colours["--gad-panel"],
            "fontcolor": colours["--gad-text"],
        },
        edge_attr={
            "fontname": "DejaVu Sans",
            "fontsize": "10",
            "color": colours["--gad-line"],
            "fontcolor": colours["--gad-local"],
        },
    )
    for node in scene.nodes:
        graph.node(f"n{node.id}", _node_label(node, scene.mode, across=direction in {"TB", "BT"}), **_node_style(node))
    for edge in scene.edges:
        graph.edge(f"n{edge.input}", f"n{edge.consumer}", _edge_label(edge) or None, **_edge_style(edge))
    return graph


def _node_label(node: SceneNode, mode: str, *, across: bool) -> str:
    """A record of the node's fields, one above the other; a record's fields run along the ranks, so LR needs braces."""
    about = [_record(node.name), _record(node.operation or node.role or node.kind)]
    if node.shape:
        about.insert(1, _record(node.shape))
    fields = [f"\u25b2 {_record(node.value_text)}", "\\n".join(about)]
    if node.differentiable and mode == "forward" and node.tangent_text is not None:
        fields.append(f"\u25b6 {_record(node.tangent_text)}")
    elif node.differentiable and node.adjoint_text is not None:
        fields.append(f"\u25bc {_record(node.adjoint_text)}")
        if not node.reached and node.kind == "input":
            fields.append("no path from the output")
    label = "|".join(fields)
    return f"{{{label}}}" if across else label


def _node_style(node: SceneNode) -> dict[str, str]:
    colours = theme.colours("light")
    if node.kind == "input":
        return {"fillcolor": colours["--gad-input-fill"]}
    if node.kind == "constant":
        return {"shape": "record", "fillcolor": colours["--gad-constant-fill"]}
    return {"penwidth": "2"} if node.output else {}


def _edge_label(edge: SceneEdge) -> str:
    lines = []
    if edge.local_text is not None:
        lines.append(f"\u2202 {_plain(edge.local_text)}")
    if edge.contribution_text is not None:
        lines.append(f"\u25bc {_plain(edge.contribution_text)}")
    return "\\n".join(lines)


def _edge_style(edge: SceneEdge) -> dict[str, str]:
    if edge.cut:
        return {"style": "dotted"}
    return {} if edge.active else {"penwidth": "0.6"}


def _plain(text: str) -> str:
    """Text for a label, its backslashes and its likenesses of HTML entities kept from meaning anything."""
    shown = metrics.visible(text)
    if len(shown) > MAX_TEXT:
        shown = shown[: MAX_TEXT // 2] + metrics.ELLIPSIS + shown[-MAX_TEXT // 2 :]
    return shown.replace("\\", "\\\\").replace("&", "&amp;")


def _record(text: str) -> str:
    """Text for a field of a record, where braces, bars, angle brackets and spaces mean something too."""
    return "".join(f"\\{char}" if char in "{}|<> " else char for char in _plain(text))
