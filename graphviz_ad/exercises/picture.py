"""The picture of an exercise: its graph with what is given, and a question mark where a number is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.questions import Number
from graphviz_ad.exercises.spelling import spelled
from graphviz_ad.render import fit, reveal
from graphviz_ad.render.display import Picture
from graphviz_ad.render.items import Group, Item, Text
from graphviz_ad.render.svg import to_svg
from graphviz_ad.story.numbers import listed
from graphviz_ad.story.scene import Scene, SceneEdge, SceneNode
from graphviz_ad.widget.view import View

if TYPE_CHECKING:
    from graphviz_ad.exercises.exercise import Exercise

REVEALS = ("nothing", "values", "locals", "all")
ABOUT = {"X1": "value", "X2": "local"}
"""Which number of a node or an edge a kind asks for by its name; the others ask for the adjoint."""


@dataclass(frozen=True)
class Shown:
    """What is shown of an exercise's graph at first: a picture, and the same in words.

    Numbers are "known" (shown), "asked" (a question mark) or "hidden"; what is not known is in no part of the result.
    """

    exercise: Exercise

    @cached_property
    def view(self) -> View:
        """The graph with all that it has; without heat maps, whose scales tell of numbers."""
        return View(self.exercise.graph, show=(), fold="none")

    @property
    def scene(self) -> Scene:
        """Its nodes and edges."""
        return self.view.scene

    @cached_property
    def _names(self) -> dict[int, str]:
        return {node.id: node.name for node in self.scene.nodes}

    @cached_property
    def _keys(self) -> dict[int, str]:
        """The keys of all edges, by index: "x->u", and "x->u#1" for the second use by the same node."""
        uses: dict[tuple[int, int], int] = {}
        found = {}
        for edge in sorted(self.scene.edges, key=lambda one: (one.consumer, one.argnum)):
            pair = edge.input, edge.consumer
            key = f"{self._names[edge.input]}->{self._names[edge.consumer]}"
            found[edge.index] = key + (f"#{uses[pair]}" if pair in uses else "")
            uses[pair] = uses.get(pair, 0) + 1
        return found

    @cached_property
    def _asked(self) -> frozenset[str]:
        return frozenset(one.key for one in self.exercise.questions if isinstance(one, Number))

    def state(self, what: str, owner: SceneNode | SceneEdge) -> str:
        """Whether a "value", "adjoint", "local" or "contribution" is "known", "asked" or "hidden"."""
        level = self.exercise.reveals
        key = owner.name if isinstance(owner, SceneNode) else self._keys[owner.index]
        if ABOUT.get(self.exercise.kind, "adjoint") == what:
            if key in self._asked:
                return "asked"
            if key in self.exercise.given:
                return "known"
        return "known" if self._free(what, owner, level) else "hidden"

    def _free(self, what: str, owner: SceneNode | SceneEdge, level: str) -> bool:
        """Whether a number is shown that is neither asked for nor worked."""
        if isinstance(owner, SceneNode):
            if what == "value":
                return level != "nothing" or owner.kind in ("input", "constant")
            return level == "all" or (owner.seeded and level == "locals")
        if what == "local":
            return level in ("locals", "all")
        both = [one for one in self.scene.nodes if one.id in (owner.input, owner.consumer)]
        return level == "all" and all(self.state("adjoint", one) == "known" for one in both)

    # -- the picture ----------------------------------------------------------------------------------

    @cached_property
    def picture(self) -> Picture:
        """The display list."""
        whole: Picture = self.view.picture
        known = reveal.owners(self.scene)
        items = tuple(self._redrawn(item, known) for item in whole.items)
        title = fit.title(self.exercise.title)
        return replace(whole, title=title, alt=fit.title(f"{title}. {' '.join(self.words)}"), items=items)

    def svg(self, theme: str = "auto") -> str:
        """The picture as SVG; theme "page" leaves colours to the page around it."""
        return to_svg(self.picture, theme=theme)

    def _redrawn(self, item: Item, known: reveal.Owners) -> Item:
        if not isinstance(item, Group):
            return item
        owner = reveal.owner_of(item, known)
        if owner is None:
            return replace(item, items=tuple(self._redrawn(part, known) for part in item.items))
        whats = ("value", "adjoint") if isinstance(owner, SceneNode) else ("local", "contribution")
        states = {what: self.state(what, owner) for what in whats}
        look = _look(states, self.exercise.reveals)
        gone = {name for name, _ in look.hooks}
        asked = {what for what, state in states.items() if state == "asked"}
        parts = (reveal.shown(part, look, item) for part in item.items)
        return replace(
            item,
            classes=(*item.classes, "gad-asked") if asked else item.classes,
            hooks=tuple(hook for hook in item.hooks if hook[0] not in gone),
            items=tuple(_questioned(part, asked) for part in parts if part is not None),
        )

    # -- the same in words ----------------------------------------------------------------------------

    @cached_property
    def words(self) -> tuple[str, ...]:
        """A sentence for each node, in the order of the computation."""
        return tuple(" ".join(self._of_node(node)) for node in self.scene.nodes)

    def _of_node(self, node: SceneNode) -> Iterator[str]:
        edges = [edge for edge in self.scene.edges if edge.consumer == node.id]
        edges.sort(key=lambda edge: edge.argnum)
        inputs = listed([self._names[edge.input] for edge in edges])
        shape = f" of shape {node.shape}" if node.shape else ""
        made = f"{node.operation} from {inputs}" if edges else node.role or node.operation or node.kind
        numbers = [
            f"{what} {'asked' if state == 'asked' else self._number(what, node)}"
            for what in ("value", "adjoint")
            if (state := self.state(what, node)) != "hidden" and (what == "value" or node.adjoint is not None)
        ]
        yield f"{'; '.join([f'{node.name}: {made}{shape}', *numbers])}."
        for edge in edges:
            state = self.state("local", edge)
            local = self._locals.get((edge.consumer, edge.argnum))
            if state != "hidden" and local is not None:  # a map between arrays is told by the operation alone
                told = "asked" if state == "asked" else spelled(local)
                yield f"Local derivative along {self._keys[edge.index]}: {told}."

    def _number(self, what: str, node: SceneNode) -> str:
        found: Any = self.exercise.graph
        return spelled(getattr(found[node.id], what))

    @cached_property
    def _locals(self) -> dict[tuple[int, int], Any]:
        graph: Any = self.exercise.graph
        locals_ = {(edge.consumer.id, edge.argnum): edge.local for edge in graph.edges if edge.active}
        return {at: local for at, local in locals_.items() if not isinstance(local, LocalJacobian)}


def _look(states: dict[str, str], level: str) -> reveal.Look:
    """What disappears of a node or an edge, and which slots are drawn empty."""
    hidden, marks = set(), []
    if level != "all":
        hidden |= {"gad-counter", "gad-note"}
    for what, state in states.items():
        if state != "known":
            marks += [(f"gad-slot-{what}", "gad-slot-pending"), (f"gad-glyph-{what}", "gad-glyph-pending")]
        if state == "hidden":
            hidden |= {f"gad-{what}", f"gad-formula-{what}"}
            hidden |= {"gad-seed"} if what == "adjoint" else {"gad-outputs"} if what == "value" else set()
    hooks = tuple((f"data-{what}", None) for what, state in states.items() if state != "known")
    return reveal.Look(hooks=hooks, hidden=frozenset(hidden), marks=tuple(marks))


def _questioned(item: Item, asked: set[str]) -> Item:
    """A part with a question mark in the place of the number that is asked for."""
    if isinstance(item, Text) and any(f"gad-{what}" in item.classes for what in asked):
        return replace(item, text="?", size=None, length=None)
    if isinstance(item, Group) and "local" in asked and "gad-local" in item.classes:
        numbers = [part for part in item.items if isinstance(part, Text)]
        sign = replace(numbers[0], text="∂ ?", size=None, length=None)
        return replace(item, items=(item.items[0], sign), title="")
    return item


def shown(exercise: Exercise) -> Shown | None:
    """What is shown of an exercise's graph; None where it is about none."""
    if exercise.reveals not in REVEALS:
        raise ArgumentError(f"unknown reveals: {exercise.reveals!r} (must be one of {list(REVEALS)})")
    return None if exercise.graph is None else Shown(exercise)
