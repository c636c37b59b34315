"""Draws a frame: the quiet ground of an expanded group, with the group's name at its top left."""

from __future__ import annotations

from collections.abc import Sequence

from graphviz_ad.render import fit
from graphviz_ad.render.items import Box, Group, Item
from graphviz_ad.story.scene import SceneFrame

RADIUS = 10
INSET = 12  # from the frame's left border to its label
STRIP = 24  # height of the label's strip
BASELINE = 17
LABEL_ROOM = 240  # longer labels are shortened

Area = tuple[int, int, int, int]


def label_size(frame: SceneFrame) -> tuple[int, int] | None:
    """The room to keep free at a frame's top left, None without a label."""
    text = _label(frame, LABEL_ROOM)
    return (fit.measure(text, "bold", "gad-frame-label") + 2 * INSET, STRIP) if text else None


def _label(frame: SceneFrame, room: int) -> str:
    """The group's name, and what else is to be said of it."""
    known = not frame.label or (frame.label.startswith(frame.name) and not frame.name.isdigit())
    text = frame.label or frame.name if known else f"{frame.name}: {frame.label}"
    return fit.shorten(text, "bold", "gad-frame-label", room)


def draw(frames: Sequence[SceneFrame], areas: Sequence[Area]) -> list[Group]:
    """All frames, outer ones first, each over the one around it; ``areas`` are left, top, width and height."""
    depth: dict[int | None, int] = {None: -1}
    groups = []
    for frame, (left, top, width, height) in zip(frames, areas, strict=True):
        depth[frame.id] = depth[frame.frame] + 1
        tone = ("gad-frame-odd",) if depth[frame.id] % 2 else ()
        items: list[Item] = [Box(("gad-frame-box", *tone), left, top, width, height, RADIUS)]
        text = _label(frame, min(LABEL_ROOM, width - 2 * INSET))
        if text:
            items.append(fit.placed(("gad-frame-label",), left + INSET, top + BASELINE, text, "bold"))
        hooks = (("data-group", frame.name), ("data-id", str(frame.id)))
        groups.append(Group(("gad-frame",), tuple(items), hooks, fit.title(frame.label or frame.name)))
    return groups
