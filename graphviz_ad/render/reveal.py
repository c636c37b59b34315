"""Takes a complete display list to a step of the story: hides what is not known yet and marks what happens.

It only leaves out, marks and rewrites; no part ever moves. What is shown when is decided in `graphviz_ad.story.state`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from graphviz_ad.render import fit, metrics
from graphviz_ad.render.display import Picture
from graphviz_ad.render.items import Group, Item, Path, Text
from graphviz_ad.story.scene import Scene, SceneEdge, SceneNode
from graphviz_ad.story.state import State, state_at

# Class of a part -> the class that it gets as well. The explorer's stylesheet says the same for its own state classes.
_PENDING_NODE = {
    "gad-box": "gad-box-pending",
    "gad-rim": "gad-box-pending",
    "gad-stack": "gad-box-pending",
    "gad-name": "gad-name-pending",
    "gad-slot-value": "gad-slot-pending",
    "gad-glyph-value": "gad-glyph-pending",
}
_WAITING_NODE = {
    "gad-slot-adjoint": "gad-slot-pending",
    "gad-slot-tangent": "gad-slot-pending",
    "gad-glyph-adjoint": "gad-glyph-pending",
    "gad-glyph-tangent": "gad-glyph-pending",
}
_ACTIVE_NODE = {"gad-box": "gad-box-active"}
_PENDING_EDGE = {"gad-line": "gad-line-pending", "gad-arrow": "gad-arrow-pending"}
_FEEDING_EDGE = {"gad-line": "gad-line-feeding", "gad-arrow": "gad-arrow-feeding"}
_MOVING_EDGE = {"gad-line": "gad-line-moving", "gad-arrow": "gad-arrow-moving"}
_ACTIVE_EDGE = {"gad-line": "gad-line-active", "gad-arrow": "gad-arrow-active"}

# What shows a running sum until it is complete, and the sign before it.
_RUNNING = {"gad-adjoint", "gad-tangent"}
_SIGNS = {"gad-glyph-adjoint", "gad-glyph-tangent"}


@dataclass(frozen=True, slots=True)
class Look:
    """How one node or edge differs from its complete state."""

    classes: tuple[str, ...] = ()  # what the group is called now: "gad-pending", "gad-active", ...
    hooks: tuple[tuple[str, str | None], ...] = ()  # data attributes that are other, None: not there
    hidden: frozenset[str] = frozenset()  # classes of parts that are not shown
    marks: tuple[tuple[str, str], ...] = ()  # class of a part, and the class that it gets as well
    accumulator: str | None = None  # what the adjoint's or tangent's slot shows in its place
    reported: int | None = None  # what the counter shows in place of its whole


COMPLETE = Look()

Owners = Mapping[tuple[str, str], SceneNode | SceneEdge]


def at_step(picture: Picture, scene: Scene, step: int | None) -> Picture:
    """The picture after ``step`` steps of the story; None: the complete one.

    Parameters
    ----------
    picture
        The complete display list of the scene.
    scene
        What it shows.
    step
        0 to the number of steps, as a page's ``data-step``; negative ones count from the end.

    Raises
    ------
    ArgumentError
        There is no such step.
    """
    if step is None:
        return picture
    state = state_at(scene, step)
    known = owners(scene)
    return replace(
        picture,
        alt=fit.title(f"{scene.title}, step {state.step} of {len(scene.steps)}: {state.narration}"),
        items=tuple(_at(item, known, scene, state) for item in picture.items),
    )


def _at(item: Item, known: Owners, scene: Scene, state: State) -> Item:
    if not isinstance(item, Group):
        return item
    owner = owner_of(item, known)
    if owner is None:
        return replace(item, items=tuple(_at(part, known, scene, state) for part in item.items))
    now = look(owner, scene, state)
    hooks = dict(now.hooks)
    return replace(
        item,
        classes=item.classes + now.classes,
        hooks=tuple((name, hooks.get(name) or value) for name, value in item.hooks if hooks.get(name, "") is not None),
        items=tuple(part for part in (shown(part, now, item) for part in item.items) if part is not None),
    )


def owners(scene: Scene) -> Owners:
    """Every node and edge of a scene under the hook by which its group is found."""
    nodes = {("data-id", str(node.id)): node for node in scene.nodes}
    return nodes | {("data-edge", str(edge.index)): edge for edge in scene.edges}


def owner_of(group: Group, known: Owners) -> SceneNode | SceneEdge | None:
    """The node or the edge that a group draws; None if it is something else."""
    if "gad-node" not in group.classes and "gad-edge" not in group.classes:
        return None
    return next((known[hook] for hook in group.hooks if hook in known), None)


def look(owner: SceneNode | SceneEdge, scene: Scene, state: State) -> Look:
    """How a node or an edge looks in a state of the story."""
    return _node(owner, scene, state) if isinstance(owner, SceneNode) else _edge(owner, scene, state)


def _node(node: SceneNode, scene: Scene, state: State) -> Look:
    known = state.nodes[node.id]
    active = node.id == state.active_node
    waiting = known.accumulator is None
    turned = state.phase == "backward" or (state.phase == "done" and scene.mode == "reverse")
    gathering = known.accumulator is not None and not (known.adjoint or known.tangent)
    hidden = {
        "gad-value": not known.value,
        "gad-formula-value": not known.value,
        "gad-outputs": not known.value,
        "gad-operation": not known.value,
        "gad-adjoint": known.accumulator is None,
        "gad-formula-adjoint": known.accumulator is None,
        "gad-seed": known.accumulator is None,
        "gad-tangent": known.accumulator is None,
        "gad-formula-tangent": known.accumulator is None,
        "gad-heat-value": not known.value,
        "gad-heat-adjoint": not known.adjoint,  # of the final number: a running sum has none
        "gad-heat-tangent": not known.tangent,
        "gad-counter": not turned,
        "gad-note": state.phase != "done",
    }
    marks = (
        (_PENDING_NODE if not known.value else {})
        | (_WAITING_NODE if waiting else {})
        | (_ACTIVE_NODE if active else {})
    )
    return Look(
        classes=_names(pending=not known.value, waiting=waiting, gathering=gathering, active=active),
        hooks=(
            *_unless(known.value, "data-value"),
            *_unless(known.adjoint, "data-adjoint"),
            *_unless(known.tangent, "data-tangent"),
            ("data-reported", str(known.reported)),
        ),
        hidden=frozenset(name for name, off in hidden.items() if off),
        marks=tuple(marks.items()),
        accumulator=known.accumulator if gathering else None,
        reported=None if known.reported == node.consumers else known.reported,
    )


def _edge(edge: SceneEdge, scene: Scene, state: State) -> Look:
    local, sent = edge.index in state.locals, edge.index in state.contributions
    pending = not state.nodes[edge.consumer].value
    feeding = edge.index in state.feeding
    active = edge.index == state.active_edge and not feeding  # on the way back
    forwards = scene.mode == "forward" and state.phase in {"tangent", "done"}
    marks = dict(_PENDING_EDGE if pending and not edge.cut else {})
    if feeding:
        marks = _MOVING_EDGE if forwards else _FEEDING_EDGE
    elif active:
        marks = _ACTIVE_EDGE
    return Look(
        classes=_names(pending=pending, active=active, feeding=feeding, reported=sent),
        hooks=(*_unless(local, "data-local"), *_unless(sent, "data-contribution")),
        hidden=frozenset(
            name for name, known in (("gad-local", local), ("gad-contribution", sent)) if not known
        ),
        marks=tuple(marks.items()),
    )  # fmt: skip


def _names(**states: bool) -> tuple[str, ...]:
    return tuple(f"gad-{name}" for name, holds in states.items() if holds)


def _unless(known: bool, hook: str) -> tuple[tuple[str, None], ...]:
    return () if known else ((hook, None),)


def shown(item: Item, now: Look, group: Group) -> Item | None:
    """A part of a node's or an edge's group as it looks now; None while it is hidden."""
    if not now.hidden.isdisjoint(item.classes):
        return None
    if isinstance(item, Group):
        parts = (shown(part, now, group) for part in item.items)
        return replace(item, items=tuple(part for part in parts if part is not None))
    marks = tuple(mark for part, mark in now.marks if part in item.classes)
    if marks:
        item = replace(item, classes=item.classes + marks)
    if now.accumulator is not None and not _RUNNING.isdisjoint(item.classes):
        return _number(item, now.accumulator, group.items) if isinstance(item, Text) else None
    if now.reported is not None and "gad-counter" in item.classes and isinstance(item, Text):
        return replace(item, text=re.sub(r"\d+", str(now.reported), item.text, count=1))
    return item


def _number(item: Text, number: str, beside: Iterable[Item]) -> Text:
    """A running sum in the place of what it comes to, as wide at most as there is room between sign and remark."""
    signs = [part for part in beside if isinstance(part, Path) and not _SIGNS.isdisjoint(part.classes)]
    size = item.size or fit.size(item.classes[0])
    wide = metrics.width(number, "mono", 1) * size / metrics.UNITS
    begins = [x + 3 for sign in signs for _, points in sign.commands for x, _ in points]
    room = 2 * (item.x - max(begins)) if begins else wide
    if wide <= room:
        return replace(item, text=number, length=None)
    return replace(item, text=number, size=round(size * room / wide, 1), length=room)
