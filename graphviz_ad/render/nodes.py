"""Draws a node: value on top, name and operation in the middle, adjoint at the bottom, each in a slot of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from graphviz_ad.render import fit, heat
from graphviz_ad.render.items import ARC, Box, Group, Item, Path, Text
from graphviz_ad.story.scene import Cells, SceneNode

INSET = 5  # from a node's border to its slots
SLOT = 23  # height of a slot, or of its line with the number where a heat map is below it
FORMULA = 16  # height of the line with a formula above the number's
FORMULA_ROOM = 180  # longer formulas are shortened
FORMULA_WIDTH = 76  # of a node without numbers, at least
BELOW = 5  # from a heat map to the slot's lower border
MIDDLE = 40  # height of the part between the slots: name and operation
NOTE = 15  # height of the line with a note, such as "no path from the output"
WIDTH = 112  # room for the longest number of four significant digits, -1.235e-05
TENSOR_WIDTH = 150  # room for the short form of an array, 17 characters at 11 px
NAME_ROOM = 170
BADGE_ROOM = 130
OPERATION_ROOM = 170
BADGE_GAP = 7
RIM = 4  # an output's second outline, this far outside the first
STACK = 4  # a group's sheets look out this far above and below it, each
SHEETS = 2
GLYPH = 9  # width of the triangles
BEFORE = INSET + 7 + GLYPH + 3  # from a node's border to what is written in a slot
AFTER = 2 * INSET + 6  # and from there to the other border
RADIUS = {"input": 14, "primitive": 7, "constant": 2, "group": 7}

NO_PATH = "no path from the output"


@dataclass(frozen=True, slots=True)
class Form:
    """A node's size and parts. It depends on structure only, so that a picture does not move when a number changes."""

    width: int
    height: int
    rim: int
    stack: int
    several: bool  # a group with several outgoing values: "3 outputs" instead of a number
    upper: int  # height of the value's slot
    lower: int  # height of the adjoint's or tangent's
    backward: str  # the lower slot: "adjoint", "tangent", or "" for none
    name: str
    badge: str
    operation: str
    formulas: tuple[str, str]  # of the value, and of what is in the lower slot; "" for none
    manner: tuple[str, ...]  # a second class for the operation's line
    aside: tuple[str, str]  # class and text of the small remark in the adjoint's slot
    note: str  # the line below everything: no path leads there, or what was found

    @property
    def outer(self) -> tuple[int, int]:
        """Width and height with an output's second outline and a group's sheets."""
        return self.width + 2 * self.rim, self.height + 2 * (self.rim + self.stack)

    @property
    def headline(self) -> int:
        """Width of the line with the name and the badge."""
        badge = BADGE_GAP + fit.measure(self.badge, "mono", "gad-shape") if self.badge else 0
        return fit.measure(self.name, "bold", "gad-name") + badge


def form(node: SceneNode, mode: str) -> Form:
    """What a node is made of, and how large it is; ``mode`` is the scene's, or "values" where nothing was swept."""
    backward = _backward(node, mode)
    operation = node.operation or node.role or node.kind
    sign = len(operation) <= 2 and not any(char.isalnum() for char in operation)
    note = NO_PATH if backward == "adjoint" and not node.reached and node.kind == "input" else ""
    note = fit.shorten(node.note or note, "sans", "gad-note", OPERATION_ROOM)
    aside = _aside(node) if backward == "adjoint" else ("", "")
    several = node.value is None
    kinds = ("" if several else "value", backward)
    upper = SLOT if several else _slot_height(node, "value", node.value_cells)
    lower = _slot_height(node, backward, _cells(node, backward)) if backward else -INSET
    formulas = tuple(fit.shorten(formula(node, kind), "sans", "gad-formula-value", FORMULA_ROOM) for kind in kinds)
    made = Form(
        width=0,
        height=2 * INSET + upper + MIDDLE + lower + (NOTE if note else 0),
        rim=RIM if node.output else 0,
        stack=STACK * SHEETS if node.kind == "group" else 0,
        several=several,
        upper=upper,
        lower=lower,
        backward=backward,
        name=fit.shorten(node.name, "bold", "gad-name", NAME_ROOM),
        badge=fit.shorten(_badge(node), "mono", "gad-shape", BADGE_ROOM),
        operation=fit.shorten(operation, "sans", "gad-operation", OPERATION_ROOM),
        formulas=(formulas[0], formulas[1]),
        manner=("gad-role",) if not node.operation else ("gad-sign",) if sign else (),
        aside=aside,
        note=note,
    )
    lines = (
        made.headline,
        fit.measure(made.operation, "sans", "gad-operation"),
        fit.measure(note, "sans", "gad-note") if note else 0,
    )
    beside = fit.measure(aside[1], "sans", aside[0]) + 4 if aside[0] else 0
    least = (TENSOR_WIDTH if is_wide(node) else WIDTH) if has_numbers(node) else FORMULA_WIDTH
    slots = (BEFORE + fit.measure(text, "sans", "gad-formula-value") + AFTER for text in formulas if text)
    return replace(made, width=max(max(least, *slots, 0) + beside, max(lines) + 4 * INSET + 4))


def formula(node: SceneNode, kind: str) -> str:
    """The formula of a node's "value", "adjoint" or "tangent", where it is to be shown."""
    return getattr(node.symbols, kind) if node.symbols is not None and kind else ""


def has_numbers(node: SceneNode) -> bool:
    """Whether the node's numbers are shown, and not their formulas in their place."""
    return node.symbols is None or not node.symbols.alone


def _backward(node: SceneNode, mode: str) -> str:
    """What the lower slot holds. A group has one only where it has one number to show there."""
    backward = {"reverse": "adjoint", "forward": "tangent"}.get(mode, "") if node.differentiable else ""
    alone = node.kind != "group" or (node.adjoint if backward == "adjoint" else node.tangent) is not None
    return backward if alone else ""


def _cells(node: SceneNode, backward: str) -> Cells | None:
    return {"adjoint": node.adjoint_cells, "tangent": node.tangent_cells}.get(backward)


def _slot_height(node: SceneNode, kind: str, cells: Cells | None) -> int:
    above = FORMULA if formula(node, kind) and has_numbers(node) else 0
    return above + SLOT + (heat.size(cells)[1] + BELOW if cells is not None else 0)


def _badge(node: SceneNode) -> str:
    """Shape, and the type where it is not the usual one."""
    return " ".join(part for part in (node.shape, "" if node.dtype == "float64" else node.dtype) if part)


def _aside(node: SceneNode) -> tuple[str, str]:
    """Where an adjoint comes from, if not from one consumer: how many contributions were added, or the seed."""
    if node.consumers > 1 or (node.consumers and node.seeded):
        more = " + seed" if node.seeded else ""
        return "gad-counter", f"\u03a3 {node.consumers}/{node.consumers}{more}"
    if node.seeded:
        return "gad-seed", "seed"
    return "", ""


def draw(node: SceneNode, form: Form, centre: tuple[int, int]) -> Group:
    """The node in its complete state, around ``centre``."""
    return Group(("gad-node",), tuple(_parts(node, form, centre)), tuple(_hooks(node)), fit.title(_title(node)))


def _parts(node: SceneNode, form: Form, centre: tuple[int, int]) -> Iterator[Item]:
    left, top = centre[0] - form.width // 2, centre[1] - form.height // 2
    middle, radius = left + form.width / 2, RADIUS[node.kind]
    if form.rim:
        width, height = form.outer
        yield Box(("gad-rim",), left - RIM, centre[1] - height // 2, width, height, radius + RIM)
    yield from _sheets(form, left, top)
    kind: tuple[str, ...] = () if node.kind == "primitive" else (f"gad-box-{node.kind}",)
    kind += ("gad-box-found",) if node.note else ()
    yield Box(("gad-box", *kind), left, top, form.width, form.height, radius)
    if node.kind == "input":
        bar = ("M", ((left, top + radius),)), ("L", ((left, top + form.height - radius),))
        yield Path(("gad-bar",), bar)

    inner = left + INSET, top + INSET, form.width - 2 * INSET
    if form.several:
        yield Text(("gad-outputs",), middle, top + INSET + 18, node.value_text)
    else:
        words = form.formulas[0], node.value_text if has_numbers(node) else ""
        yield from _slot("value", words, *inner, cells=node.value_cells, about=node.name)

    line = top + INSET + form.upper + 18
    start = middle - form.headline / 2
    yield fit.placed(("gad-name",), start, line, form.name, "bold")
    if form.badge:
        after = start + fit.measure(form.name, "bold", "gad-name") + BADGE_GAP
        yield fit.placed(("gad-shape",), after, line, form.badge, "mono")
    yield fit.placed(("gad-operation", *form.manner), middle, line + 16, form.operation, "sans")

    if form.backward:
        number = node.tangent_text if form.backward == "tangent" else node.adjoint_text
        inner = left + INSET, top + INSET + form.upper + MIDDLE, form.width - 2 * INSET
        cells = _cells(node, form.backward)
        words = form.formulas[1], (number or "") if has_numbers(node) else ""
        yield from _slot(form.backward, words, *inner, form.aside, cells=cells, about=node.name)
    if form.note:
        yield Text(("gad-note",), middle, top + form.height - INSET - 3, form.note)


def _sheets(form: Form, left: float, top: float) -> Iterator[Path]:
    """The edges of the sheets that look out behind a group's box: there are several operations inside."""
    bend = STACK * (1 - ARC)
    for sheet in range(1, SHEETS + 1 if form.stack else 1):
        begin, end = left + 2 * sheet * STACK, left + form.width - 2 * sheet * STACK
        for border, out in ((top, -1), (top + form.height, 1)):
            near, far = border + out * (sheet - 1) * STACK, border + out * sheet * STACK
            corners = (begin, far - out * bend), (begin + bend, far), (begin + STACK, far)
            yield Path(
                ("gad-stack",),
                (
                    ("M", ((begin, near),)),
                    ("C", corners),
                    ("L", ((end - STACK, far),)),
                    ("C", ((end - bend, far), (end, far - out * bend), (end, near))),
                ),
            )


def _slot(
    name: str,
    words: tuple[str, str],
    left: float,
    top: float,
    width: float,
    aside: tuple[str, str] = ("", ""),
    *,
    cells: Cells | None,
    about: str,
) -> Iterator[Item]:
    """The field of one number: outline, triangle, number, a small remark at the right end; below them a heat map.

    A formula stands above its number, or in its place.
    """
    formula, number = words
    above = FORMULA if formula and number else 0
    height = above + SLOT + (heat.size(cells)[1] + BELOW if cells is not None else 0)
    yield Box((f"gad-slot-{name}",), left, top, width, height, 6)
    yield triangle(name, left + 7, top + (above + SLOT) / 2)
    begin, end = left + 7 + GLYPH + 3, left + width - 5
    if aside[0]:
        end -= fit.measure(aside[1], "sans", aside[0]) + 3
    if formula:
        yield fit.placed((f"gad-formula-{name}",), (begin + end) / 2, top + 16, formula, "sans")
    if number or not formula:
        yield fit.number((f"gad-{name}",), (begin + end) / 2, top + above + 16, number, int(end - begin))
    if aside[0]:
        yield Text((aside[0],), left + width - 6, top + above / 2 + 15.5, aside[1])
    if cells is not None:
        grid = tuple(heat.draw(cells, left + (width - heat.size(cells)[0]) // 2, top + above + SLOT))
        told = ", ".join(filter(None, ("magnitudes" if cells.magnitude else "", cells.note)))
        title = f"{name} of {about}: {told}" if told else ""
        yield Group((f"gad-heat-{name}",), grid, title=fit.title(title))


def is_wide(node: SceneNode) -> bool:
    """Whether the numbers of a node need more room than one real number: those of arrays and complex numbers."""
    return bool(node.shape) or node.dtype.startswith("complex")


def triangle(name: str, left: float, middle: float) -> Path:
    """The sign of a number: up for a value, down for an adjoint, to the right for a tangent."""
    if name == "adjoint":
        corners = ((left, middle - 4), (left + GLYPH, middle - 4), (left + GLYPH / 2, middle + 4))
    elif name == "tangent":
        corners = ((left, middle - 4.5), (left + GLYPH - 1, middle), (left, middle + 4.5))
    else:
        corners = ((left, middle + 4), (left + GLYPH, middle + 4), (left + GLYPH / 2, middle - 4))
    return Path((f"gad-glyph-{name}",), (("M", corners[:1]), ("L", corners[1:2]), ("L", corners[2:]), ("Z", ())))


def _hooks(node: SceneNode) -> Iterator[tuple[str, str]]:
    yield "data-node", node.name
    yield "data-id", str(node.id)
    yield "data-kind", node.kind
    yield "data-role", node.role
    yield "data-reached", "true" if node.reached else "false"
    if node.value is not None:
        yield "data-value", node.value
    if node.adjoint is not None:
        yield "data-adjoint", node.adjoint
    if node.tangent is not None:
        yield "data-tangent", node.tangent
    yield "data-consumers", str(node.consumers)
    yield "data-reported", str(node.consumers)


def _title(node: SceneNode) -> str:
    says = f"{node.name} = {node.operation}" if node.operation else f"{node.name}: {node.role or node.kind}"
    formulas = (node.symbols.value, node.symbols.adjoint, node.symbols.tangent) if node.symbols is not None else ()
    if formulas and formulas[0] not in ("", node.name):
        says = f"{node.name} = {formulas[0]}"
    details = (*formulas[1:], _badge(node), "output" if node.output else "", node.source or "")
    return ", ".join([says, *filter(None, details)])
