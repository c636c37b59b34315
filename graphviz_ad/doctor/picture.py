"""The examined graph as a picture: cut edges drawn cut, and under each node that was found what was found there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.doctor.finding import Finding
from graphviz_ad.story.scene import Scene
from graphviz_ad.story.staging import stage

MOST_OPENED = 12
"""So many nodes are drawn whatever is folded."""


def scene(graph: BaseGraph, findings: Sequence[Finding]) -> Scene:
    """The scene of a graph with what was found under its nodes."""
    notes: dict[str, str] = {}
    for finding in findings:
        for name, words in finding.marks.items():
            if words and name in graph:
                notes.setdefault(graph[name].name, words)
    marked = [name for finding in findings for name in finding.marks if name in graph]
    grouped = [name for name in dict.fromkeys(marked) if graph[name].group or len(graph) > MOST_OPENED * 5]
    drawn = stage(graph, expand=tuple(graph[name].name for name in grouped[:MOST_OPENED]))
    nodes = tuple(replace(node, note=notes.get(node.name, "")) for node in drawn.nodes)
    said = " ".join(f"{finding.what}" for finding in findings)
    return replace(drawn, nodes=nodes, alt=f"{said} {drawn.alt}".strip())


def picture(graph: BaseGraph, findings: Sequence[Finding], **options: Any) -> Any:
    """The display list of the scene; options are those of `graphviz_ad.render.display.picture`."""
    width = options.pop("width", None)
    drawn = scene(graph, findings)
    if width is not None:
        from graphviz_ad.render.presets import fitted

        return fitted(drawn, width, **options)
    from graphviz_ad.render.display import picture

    return picture(drawn, **options)
