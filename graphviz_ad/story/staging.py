"""Stages a graph: makes the Scene, plain data that every view shows, from its timeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, overload

from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.run import patient_collector
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story import narration
from graphviz_ad.story.cells import paint
from graphviz_ad.story.flow import Across, is_map
from graphviz_ad.story.formula import operation
from graphviz_ad.story.misplay import misplayed
from graphviz_ad.story.notation import NOTATIONS
from graphviz_ad.story.numbers import MAX_ENTRIES, brief, entries, exact, plain_local, shape_text
from graphviz_ad.story.outline import Item, Link, outline
from graphviz_ad.story.scene import Scene, SceneEdge, SceneFrame, SceneNode, SceneStep
from graphviz_ad.story.symbols import check_labels, with_symbols
from graphviz_ad.story.timeline import Step, Timeline, can_sweep, swept
from graphviz_ad.story.wrong import check_wrong

SHOW = ("heatmaps", "constants")

MOST = {"nodes": 2000, "steps": 6000}
"""More than this make no readable picture, and a page that no browser plays well."""


def stage(
    graph: BaseGraph,
    *,
    mode: str = "reverse",
    output: str | None = None,
    seed: Any = None,
    show: Collection[str] = ("heatmaps",),
    digits: int = 4,
    fold: Any = "auto",
    expand: Collection[str] = (),
    notation: str = NOTATIONS[0],
    labels: str = "numbers",
    wrong: str = "",
    close: Collection[str] = (),
) -> Scene:
    """The scene of a graph: its complete state and the steps that lead there.

    Parameters
    ----------
    mode, output, seed
        As for ``graph.timeline``; without one scalar output and without seed only values are shown.
    show
        "heatmaps": arrays as small heat maps and masks, see `graphviz_ad.story.cells`. "constants": untraced scalars
        as nodes, instead of folding them into labels.
    digits
        Significant digits of the numbers for people.
    fold, expand, close
        Which groups are collapsed, see `graphviz_ad.story.outline.outline`.
    notation
        How sentences and formulas write adjoints, see `graphviz_ad.story.notation`.
    labels
        "numbers"; "symbols": formulas in their place, and no heat maps; "both".
    wrong
        A backward pass that is wrong on purpose, one of `graphviz_ad.story.wrong.WRONG`; "" for the right one. It goes
        from node to node, so no group is collapsed, whatever ``fold`` says.
    """
    check_shown(show, digits, labels, wrong)
    if wrong:
        fold, expand, close = "none", (), ()
    line = story_line(graph, mode, output, seed, "constants" in show, fold, expand, notation, close)
    return staged(line, show, digits, labels, wrong)


def check_shown(show: Any, digits: Any, labels: str, wrong: str) -> None:
    """Raise where a picture cannot show what is asked for."""
    check_labels(labels)
    if wrong:
        check_wrong(wrong)
    if not isinstance(digits, int) or isinstance(digits, bool) or not 1 <= digits <= 17:
        raise ArgumentError(f"precision must be a whole number from 1 to 17, not {digits!r}")
    if isinstance(show, str) or not isinstance(show, Collection):
        raise ArgumentError(f'show must be a tuple of texts such as ("constants",), not {show!r}')
    unknown = [item for item in show if item not in SHOW]
    if unknown:
        raise ArgumentError(f"unknown show: {unknown[0]!r} (must be among {list(SHOW)})")


def staged(line: Timeline, show: Collection[str], digits: int, labels: str, wrong: str) -> Scene:
    """The scene of a story; what it shows is checked already."""
    with patient_collector:  # the views of a large graph are many objects, none of them in a circle
        made = _Stage(line, "constants" not in show, digits)
        scene, nodes = made.scene(), made.nodes()
        if wrong:
            scene, nodes = misplayed(scene, line, wrong, digits)
        if "heatmaps" in show and labels != "symbols":
            scene = paint(scene, nodes, [line.flow.alone(link) for link in line.outline.links])
        return with_symbols(scene, line, labels, digits)


def story_line(
    graph: BaseGraph,
    mode: str = "reverse",
    output: str | None = None,
    seed: Any = None,
    constants: bool = False,
    fold: Any = "auto",
    expand: Collection[str] = (),
    notation: str = NOTATIONS[0],
    close: Collection[str] = (),
) -> Timeline:
    """The timeline that a picture of the graph shows: of what is visible, with a sweep where there can be one."""
    only_values = mode == "reverse" and output is None and seed is None and not can_sweep(graph)
    if not only_values:
        graph = swept(graph, mode, output, seed)
    shown = outline(graph, constants=constants, fold=fold, expand=expand, close=close)
    _bounded(len(shown.items), "nodes")
    return Timeline(shown, mode, not only_values, notation)


def _bounded(count: int, what: str) -> None:
    if count > MOST[what]:
        raise ArgumentError(
            f"this picture would have {count} {what}; at most {MOST[what]} can be read and played. Fold it: leave out "
            "fold= (long graphs are then folded by themselves), write fold='all', or trace a smaller piece."
        )


class _Stage:
    def __init__(self, line: Timeline, fold: bool, digits: int) -> None:
        self.line = line
        self.outline = line.outline
        self.graph = line.graph
        self.fold = fold
        self.digits = digits
        self.swept = line.mode == "reverse" and line.seed_step is not None
        self.moving = line.mode == "forward"
        self.outputs = set(self.graph.tables.outputs)

    def scene(self) -> Scene:
        title = called(self.graph.title) or "graph of " + ", ".join(
            called(node.name) for node in self.graph.outputs[:3]
        )
        return Scene(
            title=title,
            alt=narration.alt_text(
                self.graph, self.outline if any(item.group for item in self.outline.items) else None
            ),
            nodes=tuple(self._node(number, item) for number, item in enumerate(self.outline.items)),
            edges=tuple(self._edge(link) for link in self.outline.links),
            steps=Steps(self.line, self._pair),
            intro=narration.introduction(self.line),
            mode=self.line.mode,
            frames=tuple(
                SceneFrame(frame.id, frame.group.name, narration.amount(frame.group), frame.frame)
                for frame in self.outline.frames
            ),
        )

    def nodes(self) -> dict[int, Any]:
        """By the id of a scene's node: the node whose numbers it shows."""
        shown = ((item.id, self.outline.node(number)) for number, item in enumerate(self.outline.items))
        return {id_: node for id_, node in shown if node is not None}

    def _text(self, value: Any) -> str:
        return brief(value, self.digits)

    def _pair(self, value: Any) -> tuple[str | None, str | None]:
        return (None, None) if value is None else (exact(value), self._text(value))

    def _node(self, number: int, item: Item) -> SceneNode:
        node = self.outline.node(number)
        group = item.group
        inside = [self.graph.nodes[position] for position in item.outgoing]
        value: tuple[str | None, str | None] = (None, f"{len(inside)} outputs" if inside else "no output")
        adjoint: tuple[str | None, str | None] = (None, None)
        tangent = adjoint
        if node is not None:
            value = self._pair(node.value)
            adjoint = self._pair(node.adjoint if self.swept else None)
            tangent = self._pair(node.tangent if self.moving else None)
        elif group is not None and not group.operations:
            value = (None, f"{len(inside)} values")
        return SceneNode(
            id=item.id,
            name=item.name,
            kind="group" if group is not None or node is None else node.kind,
            role="" if group is not None or node is None else node.role,
            operation=operation(node, self.fold) if group is None and node is not None else self._contents(item),
            shape="" if node is None else shape_text(node.shape),
            dtype="float64" if node is None else node.dtype.name,
            differentiable=any(one.differentiable for one in inside),
            reached=any(one.reached for one in inside),
            consumers=self.line.expected(number) if self.swept else 0,
            output=any(position in self.outputs for position in item.outgoing),
            editable=group is None and node is not None and node.kind == "input" and node.shape == (),
            value=value[0],
            value_text=value[1] or "",
            adjoint=adjoint[0],
            adjoint_text=adjoint[1],
            tangent=tangent[0],
            tangent_text=tangent[1],
            source=None if group is not None or node is None or node.source is None else str(node.source),
            frame=item.frame,
            seeded=self.swept and any(position in self.graph.seeded for position in item.outgoing),
        )

    def _contents(self, item: Item) -> str:
        return "" if item.group is None else narration.contents(item, self.graph)

    def _edge(self, link: Link) -> SceneEdge:
        flow = self.line.flow
        edges = self.outline.edges(link)
        reached = any(edge.consumer.reached for edge in edges)
        active = any(edge.active and (not self.swept or edge.consumer.reached) for edge in edges)
        local = contribution = None
        if self.moving or (self.swept and reached):
            local = plain_local(flow.local(link))
        if active and self.swept:
            contribution = flow.contribution(link)
        if active and self.moving:
            contribution = flow.pushed(link)
        pair: tuple[str | None, str | None] = None, None
        if is_map(local) and not local.shape:
            pass  # a number that a user's own rule does not give
        elif isinstance(local, LocalJacobian | Across):
            result, source = self.outline.node(link.consumer), self.outline.source(link)
            if (edge := flow.alone(link)) is not None:
                result, source = edge.consumer, edge.input
            assert result is not None
            assert source is not None
            machine = exact_shape(local) if isinstance(local, LocalJacobian) else _shape_json(local.shape)
            pair = machine, f"{shape_text(result.shape) or '()'}×{shape_text(source.shape) or '()'}"
            if not local.shape:  # a number by a number, but not one number: of |z| there is one for each part of z
                pair = machine, "by parts"
        else:
            pair = self._pair(local)
        sent = self._pair(contribution)
        return SceneEdge(
            index=link.index,
            input=self.outline.items[link.input].id,
            consumer=self.outline.items[link.consumer].id,
            argnum=link.argnum,
            active=active,
            cut=any(edge.is_break for edge in edges) and not any(edge.active for edge in edges),
            local=pair[0],
            local_text=pair[1],
            contribution=sent[0],
            contribution_text=sent[1],
            pushed=self.moving,
        )


class Steps(Sequence[SceneStep]):
    """The steps of a scene, each made when it is asked for: a still picture needs none of their sentences."""

    def __init__(self, line: Timeline, pair: Callable[[Any], tuple[str | None, str | None]]) -> None:
        self._line = line
        self._pair = pair
        self._known: dict[int, SceneStep] = {}

    def __len__(self) -> int:
        return len(self._line)

    @overload
    def __getitem__(self, position: int) -> SceneStep: ...
    @overload
    def __getitem__(self, position: slice) -> list[SceneStep]: ...
    def __getitem__(self, position: int | slice) -> SceneStep | list[SceneStep]:
        _bounded(len(self), "steps")
        if isinstance(position, slice):
            return [self[order] for order in range(*position.indices(len(self)))]
        order = range(len(self))[position]
        if order not in self._known:
            self._known[order] = self._made(self._line[order])
        return self._known[order]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as a list's

    def _made(self, step: Step) -> SceneStep:
        total = self._pair(step.new)
        return SceneStep(
            kind=step.kind,
            node=step.item.id,
            edge=None if step.link is None else step.link.index,
            adjoint=total[0],
            adjoint_text=total[1],
            reported=step.reported,
            complete=step.complete,
            narration=step.narration,
        )


def _shape_json(shape: tuple[int, ...]) -> str:
    return '{"shape":[' + ",".join(str(n) for n in shape) + "]}"


def exact_shape(local: LocalJacobian) -> str:
    """A local Jacobian for machines: its shape; its entries up to 64, where its rule gives them."""
    size = 1
    for length in local.shape:
        size *= length
    known = entries(local) if size <= MAX_ENTRIES and local.holomorphic else None
    return _shape_json(local.shape) if known is None else exact(known)
