"""The formulas that a picture may show with its numbers, or instead of them: each from the rule that ran."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from graphviz_ad.core.graph import Edge
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.equations import (
    adjoint_term,
    contribution_term,
    is_scalar,
    local_term,
    number_term,
    own_term,
    partial_term,
    tangent_term,
    value_term,
)
from graphviz_ad.story.notation import printer
from graphviz_ad.story.outline import Item, Link
from graphviz_ad.story.scene import EdgeSymbols, NodeSymbols, Scene, SceneEdge, SceneNode
from graphviz_ad.story.terms import Operation, Symbol, Term
from graphviz_ad.story.timeline import Timeline

LABELS = ("numbers", "symbols", "both")
LOCAL = "∂"  # the sign of a local derivative in pictures, where there is no room for more


def check_labels(labels: Any) -> None:
    """Refuse labels that there are not."""
    if labels not in LABELS:
        raise ArgumentError(f"unknown labels: {labels!r} (must be one of {list(LABELS)})")


def with_symbols(scene: Scene, line: Timeline, labels: str, digits: int = 4) -> Scene:
    """The scene with the formula of every number: beside it ("both"), or in its place ("symbols").

    Parameters
    ----------
    scene
        The picture of the timeline, with numbers alone.
    line
        The story that the scene is the end of.
    labels
        One of `LABELS`.
    digits
        Significant digits of the numbers in formulas.
    """
    if labels == "numbers":
        return scene
    made = _Symbols(line, labels == "symbols", digits)
    return replace(
        scene,
        nodes=tuple(
            replace(shown, symbols=made.node(number, item, shown))
            for number, (item, shown) in enumerate(zip(line.outline.items, scene.nodes, strict=True))
        ),
        edges=tuple(
            replace(shown, symbols=made.edge(link, shown))
            for link, shown in zip(line.outline.links, scene.edges, strict=True)
        ),
    )


def _product(moving: Term, local: Term, pushed: bool) -> Operation:
    """As it is said: adjoint times local derivative, local derivative times tangent."""
    return Operation("multiply", (local, moving) if pushed else (moving, local))


class _Symbols:
    def __init__(self, line: Timeline, alone: bool, digits: int) -> None:
        self.line = line
        self.outline = line.outline
        self.alone = alone
        self.text: Callable[[Term], str] = printer("unicode", line.notation, line.result, digits).text

    def node(self, number: int, item: Item, shown: SceneNode) -> NodeSymbols:
        """The formula of a value, and the names of its derivatives."""
        node = self.outline.node(number)
        value = adjoint = tangent = ""
        if node is not None:
            if item.group is not None:
                value = self._call(number, item) or node.name
            elif node.primitive is not None:
                value = self.text(value_term(node))
            elif self.alone:  # beside its number, the name would say nothing new
                value = self.text(own_term(node))
            if shown.adjoint is not None:
                adjoint = self.text(adjoint_term(node))
            if shown.tangent is not None:
                tangent = self.text(Symbol(node.name, node.shape, "tangent"))
        return NodeSymbols(value, adjoint, tangent, self.alone)

    def _call(self, number: int, item: Item) -> str:
        """A collapsed call as a function of what enters it; "" for other groups."""
        if item.group is None or item.group.kind != "call":
            return ""
        names = dict.fromkeys(self.outline.items[link.input].name for link in self.outline.incoming[number])
        return self.text(Operation("call", tuple(Symbol(name) for name in names), {"name": item.name}))

    def edge(self, link: Link, shown: SceneEdge) -> EdgeSymbols:
        """A local derivative and what is made of it, each in full and in short."""
        edge = self.line.flow.alone(link)
        if edge is None:
            partial, moving = self._across(link), self._moving(link, forward=shown.pushed)
            local, contribution = self._said([partial]), self._said([_product(moving, partial, shown.pushed)])
        else:
            local = self._said([self._local(edge), partial_term(edge)])
            contribution = self._said(self._sent(edge, shown.pushed))
        number = (shown.local_text or "").replace("-", "−")
        if not self.alone and local[:1] and number in (local[0], f"all {local[0]}"):
            local = ()  # 1 and -1 need not be said twice
        if contribution:
            short = self.text(_product(self._moving(link, forward=shown.pushed), Symbol(LOCAL), shown.pushed))
            contribution = (*contribution, short)
        return EdgeSymbols(
            local if shown.local_text is not None else (),
            contribution if shown.contribution_text is not None else (),
            self.alone,
        )

    def _said(self, terms: list[Term]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(self.text, terms)))

    def _local(self, edge: Edge) -> Term:
        """The local derivative of an elementwise primitive, or of a number by a number; else its name."""
        if not edge.active:
            return partial_term(edge)
        found = local_term(edge)
        if found is None and is_scalar(edge):
            found = number_term(edge)
        return partial_term(edge) if found is None else found

    def _sent(self, edge: Edge, pushed: bool) -> list[Term]:
        """What flows along an edge, by the rule that ran and by the chain rule."""
        if not edge.active:
            return []
        partial = partial_term(edge)
        if pushed:
            tangent = Symbol(edge.input.name, edge.input.shape, "tangent")
            return [tangent_term(edge), _product(tangent, partial, pushed)]
        return [contribution_term(edge), _product(adjoint_term(edge.consumer), partial, pushed)]

    def _across(self, link: Link) -> Operation:
        """The derivative across a group, or along several edges at once, by the names of its ends."""
        source, result = self.outline.source(link), self.outline.node(link.consumer)
        items = self.outline.items
        names = {
            "consumer": items[link.consumer].name if result is None else result.name,
            "input": items[link.input].name if source is None else source.name,
        }
        return Operation("partial", (), names)

    def _moving(self, link: Link, *, forward: bool) -> Symbol:
        """The adjoint or the tangent that a link multiplies."""
        node = self.outline.source(link) if forward else self.outline.node(link.consumer)
        item = self.outline.items[link.input if forward else link.consumer]
        name, shape = (item.name, ()) if node is None else (node.name, node.shape)
        return Symbol(name, shape, "tangent" if forward else "adjoint")
