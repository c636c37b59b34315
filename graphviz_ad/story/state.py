"""The state of a story after k steps: which numbers are revealed, and what the last step has just done.

The explorer's `stateAt` (widget/static/story.js) means the same; a test plays both side by side.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.scene import Scene, SceneStep


@dataclass(frozen=True, slots=True)
class NodeState:
    """What is known of one node."""

    value: bool  # its value is revealed
    adjoint: bool = False  # its adjoint is final
    accumulator: str | None = None  # what its adjoint's or tangent's slot shows; None while nothing has arrived
    tangent: bool = False  # its tangent is final
    reported: int = 0  # contributions received so far
    updated: str | None = None  # in training: what the value's slot shows after the update
    zeroed: str | None = None  # in training: what the adjoint's slot shows after the zeroing


@dataclass(frozen=True, slots=True)
class State:
    """Everything that is visible after ``step`` steps."""

    step: int
    phase: str  # "forward" | "backward" | "tangent" | "done"
    narration: str
    nodes: dict[int, NodeState]  # by id
    locals: frozenset[int]  # indices of the edges whose local derivative is revealed
    contributions: frozenset[int]  # indices of the edges whose contribution is revealed
    active_node: int | None
    active_edge: int | None
    feeding: frozenset[int]  # indices of the edges that bring the active node its value, or add to its tangent


def resolve_step(scene: Scene, step: int) -> int:
    """A step from 0 to the number of steps; negative ones count from the end, -1 is the last."""
    last = len(scene.steps)
    try:
        wanted = None if isinstance(step, bool) else operator.index(step)
    except TypeError:
        wanted = None
    if wanted is None:
        raise ArgumentError(f"a step must be a whole number from 0 to {last}, not {step!r}")
    if not -last - 1 <= wanted <= last:
        raise ArgumentError(
            f"there is no step {wanted}: this story has {last} step{'' if last == 1 else 's'}; "
            f"write a number from 0 (only what is given) to {last} (complete), or -1 for the last."
        )
    return wanted + last + 1 if wanted < 0 else wanted


def state_at(scene: Scene, step: int) -> State:
    """The state after ``step`` steps; see `resolve_step` for what may be asked."""
    return next(islice(states(scene), resolve_step(scene, step), None))


def states(scene: Scene) -> Iterator[State]:
    """Every state of a story, from step 0 to the last."""
    computed = {step.node for step in scene.steps if step.kind == "value"}
    nodes = {node.id: NodeState(value=node.id not in computed) for node in scene.nodes}
    local: set[int] = set()
    contributions: set[int] = set()
    arriving: dict[int, list[int]] = {}
    for edge in scene.edges:
        arriving.setdefault(edge.consumer, []).append(edge.index)
    # where a sum over broadcast axes follows, it is the sum that reveals the contribution
    summed = {step.edge for step in scene.steps if step.kind == "sum"}
    last = len(scene.steps)
    forwards = scene.mode == "forward"
    phase = "forward"

    def state(played: int, step: SceneStep | None) -> State:
        feeding: list[int] = []
        if step is not None and step.kind == "value":
            feeding = arriving.get(step.node, [])
        elif step is not None and forwards and step.edge is not None:
            feeding = [step.edge]
        return State(
            step=played,
            phase="done" if played == last else phase,
            narration=scene.intro if step is None else step.narration,
            nodes=dict(nodes),
            locals=frozenset(local),
            contributions=frozenset(contributions),
            active_node=None if step is None else step.node,
            active_edge=None if step is None else step.edge,
            feeding=frozenset(feeding),
        )

    def settle() -> None:
        """At the end: what no step speaks about, such as an input without a path to the output."""
        for node in scene.nodes:
            known = replace(nodes[node.id], value=True)
            if node.tangent is not None:
                known = replace(known, tangent=True, accumulator=node.tangent_text)
            if node.adjoint is not None:
                known = replace(known, adjoint=True, accumulator=node.adjoint_text)
            nodes[node.id] = known
        local.update(edge.index for edge in scene.edges if edge.local is not None)
        contributions.update(edge.index for edge in scene.edges if edge.contribution is not None)

    if not scene.steps:
        settle()
    yield state(0, None)
    for played, step in enumerate(scene.steps, 1):
        known = nodes[step.node]
        if step.kind == "value":
            nodes[step.node] = replace(known, value=True)
        elif step.kind == "update":
            nodes[step.node] = replace(known, adjoint=True, updated=step.value_text)
        elif step.kind == "zero":
            for id_, one in nodes.items():
                if one.updated is not None:
                    nodes[id_] = replace(one, zeroed=step.adjoint_text)
        else:
            phase = "tangent" if forwards else "backward"
            if step.edge is not None:
                local.add(step.edge)
            if step.kind != "contribution" or step.edge not in summed:
                known = replace(known, accumulator=step.adjoint_text)
                if forwards:  # what arrives is no consumer's report
                    nodes[step.node] = replace(known, tangent=step.complete)
                else:
                    nodes[step.node] = replace(known, adjoint=step.complete, reported=step.reported)
                if step.edge is not None:
                    contributions.add(step.edge)
        if played == last:
            settle()
        yield state(played, step)
