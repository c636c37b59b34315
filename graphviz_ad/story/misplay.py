"""A backward pass that is wrong on purpose as scene and ledger: the right ones, with its own numbers and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.visible import called, visible
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story import narration
from graphviz_ad.story.equations import is_landing, is_turned
from graphviz_ad.story.inspect import Facts, number_text, numbered
from graphviz_ad.story.narration import described
from graphviz_ad.story.numbers import brief, enclosed, exact, plain_local, shape_text
from graphviz_ad.story.scene import Scene, SceneDifference, SceneEdge, SceneNode, SceneStep, SceneWrong
from graphviz_ad.story.shapes import axes_text, broadcast_axes
from graphviz_ad.story.timeline import Timeline
from graphviz_ad.story.wrong import WRONG, Difference, Event, WrongPass, applicable, untransposed


class Shown(NamedTuple):
    """The numbers of one node, as a heat map takes them from a node."""

    value: Any
    adjoint: Any
    tangent: Any = None


def misplayed(scene: Scene, line: Timeline, kind: str, digits: int = 4) -> tuple[Scene, dict[int, Any]]:
    """The scene as a wrong algorithm has it, and its nodes' numbers by id.

    Parameters
    ----------
    scene
        The right one, of a reverse sweep, without heat maps.
    line
        The story that it tells; of nodes alone, without collapsed groups.
    kind
        One of `graphviz_ad.story.wrong.WRONG`.
    digits
        Significant digits of the numbers for people.
    """
    if line.mode != "reverse" or line.seed_step is None:
        why = "" if line.mode != "reverse" else f" {narration.no_sweep(line.graph)}"
        raise ArgumentError(f"wrong={kind!r} is a mistake of the backward pass, and this story has none.{why}")
    return Misplay(line, kind, digits).scene(scene)


class Misplay:
    """How one wrong pass is told.

    Parameters
    ----------
    line
        The story of a reverse sweep, of nodes alone, without collapsed groups.
    kind
        One of `graphviz_ad.story.wrong.WRONG`.
    digits
        Significant digits of the numbers for people.
    """

    def __init__(self, line: Timeline, kind: str, digits: int = 4) -> None:
        run = WrongPass(line.graph, kind)
        self.line = line
        self.graph = line.graph
        self.run = run
        self.digits = digits
        self.words = _Words(line, run)
        self.link_of = {link.edges[0]: link.index for link in line.outline.links}  # each link is one edge
        assert line.seed_step is not None
        self.turn = line.seed_step

    # -- the scene --------------------------------------------------------------------------------

    def scene(self, right: Scene) -> tuple[Scene, dict[int, Any]]:
        """The scene with the wrong numbers, and its nodes' numbers by id, from the right one."""
        run, mistake = self.run, WRONG[self.run.kind]
        wrong = SceneWrong(
            kind=run.kind,
            title=mistake.title,
            explanation=mistake.explanation,
            question=mistake.question,
            verdict=visible(self.words.verdict()),
            differing=tuple(map(self._difference, run.differing)),
            stopped=run.stopped,
        )
        values = right.steps[: self.turn]
        made = replace(
            right,
            title=f"{right.title}, wrong on purpose",
            alt=self._alt(wrong),
            nodes=tuple(map(self._node, right.nodes)),
            edges=self._edges(right.edges),
            steps=(*values, *(self._step(number, event) for number, event in enumerate(run.events))),
            intro=f"{right.intro} Wrong on purpose: {mistake.explanation}",
            wrong=wrong,
        )
        return made, {node.id: Shown(self.graph.nodes[node.id].value, self._ends_with(node.id)) for node in made.nodes}

    def _pair(self, value: Any) -> tuple[str | None, str | None]:
        return (None, None) if value is None else (exact(value), brief(value, self.digits))

    def _ends_with(self, position: int) -> Any:
        """A node's adjoint as the wrong pass leaves it; None where it was never finished."""
        if position not in self.run.plan.reached:
            return self.graph.adjoint_of(position)  # zeros
        return self.run.accumulators.get(position) if self.run.complete(position) else None

    def _node(self, node: SceneNode) -> SceneNode:
        adjoint, text = self._pair(self._ends_with(node.id))
        return replace(node, adjoint=adjoint, adjoint_text=text)

    def _edges(self, edges: Sequence[SceneEdge]) -> tuple[SceneEdge, ...]:
        sent: dict[int, Any] = {}  # a sum comes after its product
        for event in self.run.events:
            if event.edge is not None:
                sent[self.link_of[event.edge]] = event.sent
        pairs = [(edge, self._pair(sent.get(edge.index))) for edge in edges]
        return tuple(replace(edge, contribution=pair[0], contribution_text=pair[1]) for edge, pair in pairs)

    def _step(self, number: int, event: Event) -> SceneStep:
        adjoint, text = self._pair(event.new)
        return SceneStep(
            kind=event.kind,
            node=event.position,
            edge=None if event.edge is None else self.link_of[event.edge],
            adjoint=adjoint,
            adjoint_text=text,
            reported=event.reported,
            complete=self.words.completes(number),
            narration=visible(self.words.sentence(number)),
        )

    def _difference(self, one: Difference) -> SceneDifference:
        told = self.words.told(one)
        return SceneDifference(
            node=one.position,
            step=self.turn + one.event + 1,
            wrong=None if one.wrong is None else exact(one.wrong),
            wrong_text=told[0],
            right=exact(one.right),
            right_text=told[1],
            early=one.early,
        )

    def _alt(self, wrong: SceneWrong) -> str:
        bare = type(self.graph)(self.graph.records, self.graph.tables)  # without the right adjoints
        ends = [(node.name, self._ends_with(node.id)) for node in self.graph.inputs if node.differentiable]
        told = [f"{called(name)} {'–' if adjoint is None else brief(adjoint)}" for name, adjoint in ends]
        return visible(
            f"{narration.alt_text(bare)} The backward pass is wrong on purpose: {wrong.title}. "
            f"It ends with these adjoints: {', '.join(told[:8])}. {wrong.verdict}"
        )

    # -- the ledger -------------------------------------------------------------------------------

    def node(self, facts: Facts) -> Facts:
        """What `graphviz_ad.story.inspect` tells of a node, with the numbers and the words of this pass."""
        events = [(number, event) for number, event in enumerate(self.run.events) if event.position == facts["id"]]
        symbols = {row["edge"]: row["symbols"] for row in facts["ledger"]}
        rows = [
            self._row(number, event, symbols)
            for number, event in events
            if event.edge is not None and not self.words.sum_follows(number)
        ]
        final = [number for number, _ in events if self.words.completes(number)]
        revealed = self._step_after(final[-1]) if final else self._step_after(len(self.run.events) - 1)
        adjoint = self._ends_with(facts["id"])
        return facts | {
            "ledger": rows,
            "adjoint": None if facts["adjoint"] is None or adjoint is None else numbered(adjoint, self.digits),
            "revealed": facts["revealed"] | {"adjoint": revealed},
        }

    def _step_after(self, number: int) -> int:
        return self.turn + number + 1

    def _row(self, number: int, event: Event, symbols: Mapping[int, str]) -> Facts:
        assert event.edge is not None
        link = self.link_of[event.edge]
        old, new = (number_text(one, self.digits) for one in (event.old, event.new))
        return {
            "step": self._step_after(number),
            "edge": link,
            "from": self.graph.edges[event.edge].consumer.id,
            "reported": event.reported,
            "complete": self.words.completes(number),
            "summed": None,
            "sent": number_text(event.sent, self.digits),
            "old": old or "0",
            "new": new,
        } | self._product(event, symbols.get(link, ""))

    def _product(self, event: Event, right: str) -> dict[str, str]:
        """The product in words and in numbers; where everything is as it should be, the right formula is as good."""
        said, numbers = self.words.product(event)
        return {"symbols": visible(said if self.words.spoilt(event) or not right else right), "numbers": numbers}

    def edge(self, facts: Facts) -> Facts:
        """What is told of an edge, with the numbers and the words of this pass."""
        place = self.line.outline.links[facts["index"]].edges[0]
        along = [number for number, event in enumerate(self.run.events) if event.edge == place]
        first, last = (along[0], along[-1]) if along else [len(self.run.events) - 1] * 2
        facts = facts | {"revealed": {"local": self._step_after(first), "contribution": self._step_after(last)}}
        facts["factor"] = None
        contribution, event = facts["contribution"], self.run.events[last]
        if not along or event.sent is None or contribution is None:
            return facts | {"contribution": None}
        contribution = contribution | self._product(event, contribution["symbols"]) | {"summed": None}
        facts["contribution"] = contribution | {"number": numbered(event.sent, self.digits)}
        if rule := self.words.rule(event):
            facts["contribution"].pop("shapes", None)
            facts["local"] = facts["local"] and facts["local"] | {"map": visible(rule)}
        return facts


class _Words:
    """What a wrong pass does, in sentences."""

    def __init__(self, line: Timeline, run: WrongPass) -> None:
        self.line = line
        self.graph = line.graph
        self.run = run
        self.names = [called(name) for name in self.graph.names]
        self.expected: Mapping[int, int] = run.plan.expected
        self.differing = {one.position: one for one in run.differing}

    def completes(self, number: int) -> bool:
        """Whether a node has heard from all its consumers with this event."""
        event = self.run.events[number]
        return event.reported == self.expected.get(event.position, 0)

    def told(self, one: Difference) -> tuple[str, str]:
        """The wrong and the right number; with their shapes where these are what differs."""
        if one.wrong is None:
            return "no number", described(one.right)
        if shape_of(one.wrong) == shape_of(one.right) and brief(one.wrong) != brief(one.right):
            return brief(one.wrong), brief(one.right)
        if shape_of(one.wrong) != shape_of(one.right):
            return described(one.wrong), described(one.right)
        return brief(one.wrong, 12), brief(one.right, 12)

    def verdict(self) -> str:
        """The first node that differs."""
        run, first = self.run, self.run.first
        if first is None:
            why = next(choice.why for choice in applicable(self.graph) if choice.kind == run.kind)
            return f"It changes nothing here. {why or 'The numbers are the same at this point by chance.'}"
        name = self.names[first.position]
        wrong, right = self.told(first)
        if first.wrong is None:
            return f"The first node that differs is {name}: it gets no number, because shapes do not fit."
        what = "sends on" if first.early else "ends up with"
        return f"The first node that differs is {name}: it {what} {wrong}; its adjoint is {right}."

    def sentence(self, number: int) -> str:
        """One event."""
        event = self.run.events[number]
        if event.kind == "seed":
            words = self._seed(number, event)
        elif event.kind == "sum":
            words = self._sum(event)
        else:
            words = self._contribution(number, event)
        if event.clash:
            return f"{words} {self._clash(event)} The pass ends here with an error."
        adds = event.kind == "sum" or not self.sum_follows(number)
        if event.edge is not None and adds:
            words = f"{words} {self._added(number, event)}"
        lost = narration.unreached(self.line) if number == len(self.run.events) - 1 else ""
        return f"{words} {lost}" if lost else words

    def sum_follows(self, number: int) -> bool:
        """Whether what an event sends is summed over broadcast axes before it is added."""
        return number + 1 < len(self.run.events) and self.run.events[number + 1].kind == "sum"

    def _seed(self, number: int, event: Event) -> str:
        name = self.names[event.position]
        if self.run.kind == "no-zeroing" and number == 0:
            return (
                "One backward pass has run, and nobody has set the accumulators back to 0. The second pass starts at "
                f"{name}: its adjoint is {described(event.new)}."
            )
        return f"Start at {name}: its adjoint is {described(event.new)}. The adjoints flow backwards from here."

    def _contribution(self, number: int, event: Event) -> str:
        assert event.edge is not None
        edge = self.graph.edges[event.edge]
        consumer, name = edge.consumer, self.names[event.position]
        words = f"{name} gets from {self.names[consumer.id]}{narration.argument_words(edge)}"
        early = event.heard < self.expected.get(consumer.id, 0)
        if early:
            reports = narration.reports(event.heard, self.expected[consumer.id])
            before = f"{self.names[consumer.id]} sends on what it has after {reports}: {brief(event.held)}"
            wrong = self.differing.get(consumer.id)
            if wrong is not None and wrong.event == number:
                before += f"; its adjoint is {self.told(wrong)[1]}"
            words = f"{before}. {words}"
        if event.sent is None:
            return f"{words}: {self.rule(event)}."
        said, numbers = self.product(event)
        if not numbers:
            how = self.rule(event)
            return f"{words}: {how + ': ' if how else ''}{described(event.sent)}."
        return f"{words}: {said} = {numbers} = {brief(event.sent)}."

    def product(self, event: Event) -> tuple[str, str]:
        """What is sent as a product, in words and in numbers; "" for these where they are arrays."""
        assert event.edge is not None
        edge = self.graph.edges[event.edge]
        local = plain_local(edge.local)
        said = f"{self._holding(event)} × {narration.partial_text(edge.consumer.name, edge.input.name)}"
        if shape_of(local) or shape_of(event.held) or hasattr(local, "vjp"):
            return self.rule(event) or said, ""
        turned = is_turned(edge) and is_complex(local)
        return said, narration.product_of_numbers(event.held, local, turned, is_landing(edge))

    def spoilt(self, event: Event) -> bool:
        """Whether what is sent is not the right product: by this edge's rule, or as the consumer's adjoint is none."""
        assert event.edge is not None
        return self.graph.edges[event.edge].consumer.id in self.differing or bool(self.rule(event))

    def _holding(self, event: Event) -> str:
        """The consumer's adjoint; where it is not, what stands in its accumulator."""
        assert event.edge is not None
        consumer = self.graph.edges[event.edge].consumer.id
        return f"{'what stands at' if consumer in self.differing else 'adjoint of'} {self.names[consumer]}"

    def rule(self, event: Event) -> str:
        """What this mistake leaves out on this edge; "" where it is no place for it."""
        assert event.edge is not None
        edge = self.graph.edges[event.edge]
        if self.run.kind == "no-broadcast-sum" and event.edge in self.run.plan.summed:
            axes = axes_text(broadcast_axes(edge.consumer.shape, edge.input.shape))
            return f"{self.names[event.position]} was broadcast {axes}, but nothing is summed"
        if (
            self.run.kind != "missing-transpose"
            or untransposed(self.graph.records[edge.consumer.id], edge.argnum) is None
        ):
            return ""
        other = self.names[edge.consumer.inputs[1 - edge.argnum].id]
        adjoint = self._holding(event)
        product = f"{adjoint} @ {other}" if edge.argnum == 0 else f"{other} @ {adjoint}"
        return f"{product}, without the ᵀ of {other}"

    def _sum(self, event: Event) -> str:
        assert event.edge is not None
        edge = self.graph.edges[event.edge]
        axes = axes_text(broadcast_axes(edge.consumer.shape, edge.input.shape))
        return (
            f"{self.names[event.position]} was broadcast: the contributions are summed {axes}: {described(event.sent)}."
        )

    def _added(self, number: int, event: Event) -> str:
        """What becomes of the accumulator, and whether that is the adjoint in the end."""
        expected = self.expected[event.position]
        reports = f" ({narration.reports(event.reported, expected)})" if expected > 1 else ""
        words = ""
        if event.old is not None and self.run.kind == "overwrite":
            words = f"{brief(event.old)} is replaced by {brief(event.sent)}{reports}."
        elif event.old is not None:
            left = " to what the first pass left" if self.run.kind == "no-zeroing" and event.reported == 1 else ""
            total = f"{brief(event.old)} + {enclosed(brief(event.sent))} = {brief(event.new)}"
            words = f"Added{left or ' up'}: {described(event.new) if shape_of(event.new) else total}{reports}."
        elif expected > 1:
            words = f"So far: {brief(event.new)}{reports}."
        name = self.names[event.position]
        if self.run.has_sent(event.position, number):
            return f"{words} Too late: {name} has sent its adjoint on already."
        if not self.completes(number):
            return words
        wrong = self.differing.get(event.position)
        verdict = f"That is the adjoint of {name}."
        if wrong is not None:
            verdict = f"That is not the adjoint of {name}, which is {self.told(wrong)[1]}."
        return f"{words} {verdict}".strip()

    def _clash(self, event: Event) -> str:
        """What NumPy says of shapes that do not fit, in our words."""
        one, two = (shape_text(shape) or "()" for shape in event.clash)
        if event.sent is not None:
            return f"NumPy cannot add arrays of the shapes {one} and {two}."
        if self.run.kind == "missing-transpose":
            inner = f": {event.clash[0][-1]} and {event.clash[1][max(len(event.clash[1]) - 2, 0)]} are not equal"
            return f"NumPy cannot multiply {one} @ {two}{inner}."
        return f"NumPy has no use for an adjoint of shape {one} at a value of shape {two}."
