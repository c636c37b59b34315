"""Stages a graph: makes the Scene, plain data that every view shows, from its timeline."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story import narration
from graphviz_ad.story.formula import is_folded, operation
from graphviz_ad.story.numbers import brief, exact, plain_local, shape_text
from graphviz_ad.story.scene import Scene, SceneEdge, SceneNode, SceneStep
from graphviz_ad.story.timeline import Timeline, can_sweep, timeline, values_only

SHOW = ("constants",)

MAX_VISIBLE = 2000
"""More nodes or steps than this make no readable picture, and a page that no browser plays well."""


def stage(
    graph: BaseGraph,
    *,
    mode: str = "reverse",
    output: str | None = None,
    seed: Any = None,
    show: Collection[str] = (),
    digits: int = 4,
) -> Scene:
    """The scene of a graph: its complete state and the steps that lead there.

    Parameters
    ----------
    mode, output, seed
        As for ``graph.timeline``; without one scalar output and without seed only values are shown.
    show
        ``("constants",)`` draws untraced scalars as nodes instead of folding them into labels.
    digits
        Significant digits of the numbers for people.
    """
    asked: tuple[Any, Any] = (digits, show)  # what a user passes may be anything
    if not isinstance(asked[0], int) or isinstance(asked[0], bool) or not 1 <= digits <= 17:
        raise ArgumentError(f"precision must be a whole number from 1 to 17, not {digits!r}")
    if isinstance(asked[1], str) or not isinstance(asked[1], Collection):
        raise ArgumentError(f'show must be a tuple of texts such as ("constants",), not {show!r}')
    unknown = [item for item in show if item not in SHOW]
    if unknown:
        raise ArgumentError(f"unknown show: {unknown[0]!r} (must be among {list(SHOW)})")
    if sum(1 for node in graph.nodes if "constants" in show or not is_folded(node)) > MAX_VISIBLE:
        raise ArgumentError(
            f"the graph has {len(graph.nodes)} nodes; a picture holds at most {MAX_VISIBLE}. Trace a smaller piece, "
            "for example fewer layers or iterations."
        )
    if mode == "reverse" and output is None and seed is None and not can_sweep(graph):
        line = values_only(graph)
    else:
        line = timeline(graph, mode, output, seed)
    return _Stage(line, "constants" not in show, digits).scene()


class _Stage:
    def __init__(self, line: Timeline, fold: bool, digits: int) -> None:
        self.line = line
        self.graph = line.graph
        self.fold = fold
        self.digits = digits
        self.swept = line.mode == "reverse" and line.seed_step is not None
        self.moving = line.mode == "forward"
        self.visible = [node for node in self.graph.nodes if not (fold and is_folded(node))]
        shown = {node.id for node in self.visible}
        self.outputs = {node.id for node in self.graph.outputs}
        self.positions = {(edge.consumer.id, edge.argnum): place for place, edge in enumerate(self.graph.edges)}
        self.edges = [edge for edge in self.graph.edges if edge.input.id in shown and edge.consumer.id in shown]
        self.edge_index = {(edge.consumer.id, edge.argnum): index for index, edge in enumerate(self.edges)}

    def scene(self) -> Scene:
        title = self.graph.title or "graph of " + ", ".join(node.name for node in self.graph.outputs[:3])
        return Scene(
            title=title,
            alt=narration.alt_text(self.graph),
            nodes=tuple(self._node(node) for node in self.visible),
            edges=tuple(self._edge(index, edge) for index, edge in enumerate(self.edges)),
            steps=tuple(self._steps()),
            intro=narration.introduction(self.line),
            mode=self.line.mode,
        )

    def _text(self, value: Any) -> str:
        return brief(value, self.digits)

    def _pair(self, value: Any) -> tuple[str | None, str | None]:
        return (None, None) if value is None else (exact(value), self._text(value))

    def _node(self, node: Node) -> SceneNode:
        adjoint = self._pair(node.adjoint if self.swept else None)
        tangent = self._pair(node.tangent if self.moving else None)
        return SceneNode(
            id=node.id,
            name=node.name,
            kind=node.kind,
            role=node.role,
            operation=operation(node, self.fold),
            shape=shape_text(node.shape),
            dtype=node.dtype.name,
            differentiable=node.differentiable,
            reached=node.reached,
            consumers=self.line.expected(node.id) if self.swept else 0,
            output=node.id in self.outputs,
            editable=node.kind == "input" and node.shape == (),
            value=exact(node.value),
            value_text=self._text(node.value),
            adjoint=adjoint[0],
            adjoint_text=adjoint[1],
            tangent=tangent[0],
            tangent_text=tangent[1],
            source=None if node.source is None else str(node.source),
        )

    def _edge(self, index: int, edge: Edge) -> SceneEdge:
        local = plain_local(edge.local) if self.swept or self.moving else None
        contribution: Any = None
        if edge.active and self.swept and edge.consumer.reached:
            contribution = edge.contribution
        if edge.active and self.moving:
            contribution = self.line.pushed(self.positions[edge.consumer.id, edge.argnum])
        if isinstance(local, LocalJacobian):
            pair: tuple[str | None, str | None] = (
                exact_shape(local),
                f"{shape_text(edge.consumer.shape) or '()'}×{shape_text(edge.input.shape) or '()'}",
            )
        else:
            pair = self._pair(local)
        if self.swept and not edge.consumer.reached:
            pair = (None, None)
        sent = self._pair(contribution)
        return SceneEdge(
            index=index,
            input=edge.input.id,
            consumer=edge.consumer.id,
            argnum=edge.argnum,
            active=edge.active and (not self.swept or edge.consumer.reached),
            cut=edge.is_break,
            local=pair[0],
            local_text=pair[1],
            contribution=sent[0],
            contribution_text=sent[1],
        )

    def _steps(self) -> list[SceneStep]:
        steps = []
        for step in self.line:
            total = self._pair(step.new)
            edge = step.edge
            steps.append(
                SceneStep(
                    kind=step.kind,
                    node=step.node.id,
                    edge=None if edge is None else self.edge_index[edge.consumer.id, edge.argnum],
                    adjoint=total[0],
                    adjoint_text=total[1],
                    reported=step.reported,
                    complete=step.complete,
                    narration=step.narration,
                )
            )
        return steps


def exact_shape(local: LocalJacobian) -> str:
    """A local Jacobian for machines: its shape; its entries up to 64."""
    size = 1
    for length in local.shape:
        size *= length
    if size <= 64:
        return exact(local.dense())
    return '{"shape":[' + ",".join(str(n) for n in local.shape) + "]}"
