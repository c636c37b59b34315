"""Backward passes that are wrong on purpose, on any graph: what each sends, and the first node that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.traced import Traced, shape_of
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story import narration
from graphviz_ad.story.flow import Flow
from graphviz_ad.story.outline import whole
from graphviz_ad.story.timeline import can_sweep


class Mistake(NamedTuple):
    """One wrong algorithm in words."""

    title: str
    explanation: str
    question: str  # what to ask somebody who has made it


WRONG = {
    "overwrite": Mistake(
        "= instead of +=",
        "Each contribution replaces what has arrived before it, so that the last one wins.",
        "Which nodes have more than one consumer, and what became of the contributions that were replaced?",
    ),
    "depth-first": Mistake(
        "Sent on too early",
        "Depth first: a node sends its adjoint on as soon as it is first visited, although not all of its consumers "
        "have reported, and is not visited again.",
        "Which counter was not full when its node sent its adjoint on?",
    ),
    "no-zeroing": Mistake(
        "Not set back to zero",
        "A second backward pass adds to the accumulators that the first one has filled.",
        "Which accumulators had to be set back to 0: those of the inputs only, or the inner ones too?",
    ),
    "missing-transpose": Mistake(
        "A transpose left out",
        "The factors of a matrix product Y = A·B get Ȳ·B and A·Ȳ instead of Ȳ·Bᵀ and Aᵀ·Ȳ.",
        "An adjoint has the shape of its variable. Which factor needs ᵀ, and what if the matrices are square?",
    ),
    "no-broadcast-sum": Mistake(
        "A broadcast not summed",
        "What comes back to an input that was broadcast keeps the shape of the consumer: the sum over the broadcast "
        "axes is left out.",
        "Every copy of the input sends a contribution. What happens to several contributions to one variable?",
    ),
}
"""The wrong algorithms by name; see `WrongPass` for what each does exactly."""


def check_wrong(kind: Any) -> None:
    """Refuse a wrong algorithm that there is not."""
    if kind not in WRONG:
        raise ArgumentError(f"unknown wrong: {kind!r} (must be one of {list(WRONG)})")


class Event(NamedTuple):
    """One step of a wrong backward pass, as the steps of a `Timeline`."""

    kind: str  # "seed" | "contribution" | "sum" (over broadcast axes, of the contribution before)
    position: int  # of the node whose accumulator changes
    edge: int | None  # position in graph.edges
    held: Any  # what the consumer held when it sent
    heard: int  # how many contributions it had received by then
    sent: Any  # of a contribution that a sum follows: the product; None at a clash
    old: Any  # the accumulator before; None where nothing had arrived
    new: Any
    reported: int
    clash: tuple[tuple[int, ...], ...] = ()  # the shapes that do not fit; the pass ends here


class Difference(NamedTuple):
    """A node at which a wrong pass goes wrong."""

    position: int
    wrong: Any  # what it sent on, or ended with; None where shapes did not fit
    right: Any
    event: int  # position in WrongPass.events: when it shows
    early: bool  # it sent this on before all its consumers had reported


class WrongPass:
    """One wrong backward pass over a graph.

    All but "depth-first" go in the order of the right sweep: the node made last sends first, to its inputs by argnum.

    overwrite
        An accumulator is set to each contribution; so the last one, that of the consumer made first, stays.
    depth-first
        A recursion from the output: a node that is visited for the first time sends what its accumulator holds to all
        its inputs, and then the inputs are visited in turn; a node that was visited before is left alone. This is a
        depth-first walk without the topological order: what arrives after the first visit is added and never sent on.
    no-zeroing
        The second of two passes: every accumulator, also of inner nodes, holds what the first pass left, but for
        the output's, which is set to the seed again. The events are those of the second pass.
    missing-transpose
        The rules of np.matmul and np.dot without their transposes: adjoint @ b and a @ adjoint. Products of two vectors
        and outer products have none to leave out. A pass whose shapes do not fit ends there, as the program would.
    no-broadcast-sum
        A contribution to an input that was broadcast keeps the consumer's shape; what follows is what NumPy makes of
        such an adjoint, until shapes do not fit. Then the pass ends.

    Parameters
    ----------
    graph
        A graph with adjoints, the right ones.
    kind
        One of `WRONG`.
    """

    def __init__(self, graph: BaseGraph, kind: str) -> None:
        check_wrong(kind)
        self.graph = graph
        self.kind = kind
        self.plan = _Plan(graph)
        self.events: list[Event] = []
        self.accumulators: dict[int, Any] = {}
        """By position, what every node ends with; nodes that nothing has arrived at are missing."""
        self.reported: dict[int, int] = {}
        self.stopped = False
        self._fired: dict[int, tuple[int, int]] = {}  # the number of events before, and of reports received
        self._held: dict[int, Any] = {}
        self._run()

    # -- the pass ---------------------------------------------------------------------------------

    def _run(self) -> None:
        graph, plan = self.graph, self.plan
        if self.kind == "no-zeroing":
            self.accumulators = {position: graph.adjoint_of(position) for position in plan.reached}
        for position in plan.seeds:
            seed = graph.seed_of(position)
            self.accumulators[position] = seed
            self.events.append(Event("seed", position, None, None, 0, None, None, seed, 0))
        for consumer in plan.depth_first() if self.kind == "depth-first" else plan.newest_first():
            self._fired[consumer] = len(self.events), self.reported.get(consumer, 0)
            self._held[consumer] = self.accumulators[consumer]
            for argnum, edge in plan.sending[consumer]:
                self._send(consumer, argnum, edge)
                if self.stopped:
                    return

    def _send(self, consumer: int, argnum: int, edge: int) -> None:
        position = self.graph.input_table[consumer][argnum]
        held, heard = self._held[consumer], self._fired[consumer][1]
        reported = self.reported.get(position, 0)
        # what the accumulator holds: the seed, an earlier contribution, or what an earlier pass left
        old = self.accumulators.get(position)
        event = Event("contribution", position, edge, held, heard, None, old, old, reported)
        sum_follows = edge in self.plan.summed and self.kind != "no-broadcast-sum"
        product = None
        with np.errstate(all="ignore"):
            try:
                if sum_follows:
                    product = self._product(consumer, argnum, held)
                sent = self._contribution(consumer, argnum, edge, held, product)
            except Exception:  # noqa: BLE001  (a user's own rule, too, may raise anything at a wrong shape)
                self.events.append(event._replace(clash=self._shapes(consumer, argnum, held)))
                self.stopped = True
                return
            if sum_follows:
                self.events.append(event._replace(sent=product))
                event = event._replace(kind="sum")
            try:
                new = sent if old is None or self.kind == "overwrite" else old + sent
            except ValueError:
                self.events.append(event._replace(sent=sent, clash=(shape_of(old), shape_of(sent))))
                self.stopped = True
                return
        self.accumulators[position] = new
        self.reported[position] = reported + 1
        self.events.append(event._replace(sent=sent, new=new, reported=reported + 1))

    def _product(self, consumer: int, argnum: int, held: Any) -> Any:
        """Adjoint × local derivative, before the sum over broadcast axes."""
        record = self.graph.records[consumer]
        rule = untransposed(record, argnum) if self.kind == "missing-transpose" else None
        return sweep.unsummed_contribution(record, argnum, held) if rule is None else rule(held)

    def _contribution(self, consumer: int, argnum: int, edge: int, held: Any, product: Any) -> Any:
        record = self.graph.records[consumer]
        target = record.inputs[argnum]
        unsummed = self.kind == "no-broadcast-sum" and (edge in self.plan.summed or shape_of(held) != record.shape)
        if self.kind == "missing-transpose" and untransposed(record, argnum) is not None:
            sent = self._product(consumer, argnum, held) if product is None else product
            sent = sweep.sum_to_shape(sweep.landed(sent, target.value), target.shape)
        elif unsummed:
            sent = self._product(consumer, argnum, held)
        else:
            sent = sweep.contribution(record, argnum, held)
        # a user's own rule may answer None for zeros
        return np.zeros(target.shape, target.dtype)[()] if sent is None else np.asarray(sent, target.dtype)[()]

    def _shapes(self, consumer: int, argnum: int, held: Any) -> tuple[tuple[int, ...], ...]:
        """The shapes that do not fit, in the order in which they stand."""
        record = self.graph.records[consumer]
        if self.kind == "missing-transpose" and untransposed(record, argnum) is not None:
            other = record.inputs[1 - argnum].shape
            return (shape_of(held), other) if argnum == 0 else (other, shape_of(held))
        return shape_of(held), record.shape

    # -- what is wrong with it --------------------------------------------------------------------

    @cached_property
    def differing(self) -> tuple[Difference, ...]:
        """The nodes that sent on, or ended with, something other than their adjoint, in the order of this pass.

        Numbers differ where more than rounding tells them apart. What was sent on counts, not what arrived too late.
        """
        received: dict[int, int] = {}
        scale: dict[int, float] = {}
        for number, event in enumerate(self.events):
            received[event.position] = number
            for part in (event.sent, event.old):
                scale[event.position] = max(scale.get(event.position, 0.0), _largest(part))
        found = []
        for position, last in received.items():
            right = self.graph.adjoint_of(position)
            expected = self.plan.expected.get(position, 0)
            fired = self._fired.get(position)
            early = fired is not None and fired[1] < expected
            if self.events[last].clash:
                found.append(Difference(position, None, right, last, False))
            elif fired is not None or self.reported.get(position, 0) == expected:
                wrong = self.accumulators[position] if fired is None else self._held[position]
                if not _same(wrong, right, scale[position]):
                    shows = last
                    if fired is not None:
                        before = (n for n, event in enumerate(self.events[: fired[0]]) if event.position == position)
                        shows = fired[0] if early else max(before)
                    found.append(Difference(position, wrong, right, shows, early))
        return tuple(sorted(found, key=lambda one: (one.event, not one.early)))

    @property
    def first(self) -> Difference | None:
        """The first node that differs; None where this mistake changes nothing at this point."""
        return self.differing[0] if self.differing else None

    def has_sent(self, position: int, event: int) -> bool:
        """Whether a node had sent its adjoint on by the time of an event."""
        return position in self._fired and self._fired[position][0] <= event

    def complete(self, position: int) -> bool:
        """Whether all contributions have arrived at a node in the end."""
        return self.reported.get(position, 0) == self.plan.expected.get(position, 0)


class _Plan:
    """Who sends to whom in a backward pass over a graph, right or wrong."""

    def __init__(self, graph: BaseGraph) -> None:
        self.graph = graph
        self.seeds = [position for position in graph.seeded if graph.nodes[position].differentiable]
        self.reached = graph.reached_positions
        table, records = graph.input_table, graph.records
        starts = [0, *accumulate(len(row) for row in table)]
        self.sending: dict[int, list[tuple[int, int]]] = {}  # consumer -> (argnum, position in graph.edges)
        self.expected: dict[int, int] = {}
        for consumer, row in enumerate(table):
            if consumer not in self.reached:
                continue
            active = [argnum for argnum in range(len(row)) if sweep.active_edge(records[consumer], argnum)]
            if active:
                self.sending[consumer] = [(argnum, starts[consumer] + argnum) for argnum in active]
            for argnum in active:
                self.expected[row[argnum]] = self.expected.get(row[argnum], 0) + 1

    @cached_property
    def summed(self) -> frozenset[int]:
        """The edges, by position, whose contribution is summed over broadcast axes."""
        outline = whole(self.graph)
        flow = Flow(outline)
        sending = [edge for pairs in self.sending.values() for _, edge in pairs]
        return frozenset(edge for edge in sending if flow.is_summed(outline.links[edge]))

    def newest_first(self) -> Iterator[int]:
        """The nodes that send something, as the right sweep takes them."""
        return reversed(self.sending)

    def depth_first(self) -> Iterator[int]:
        """The nodes that send something in the order of a depth-first walk; no recursion: chains may be long."""
        table = self.graph.input_table
        visited: set[int] = set()
        stack = list(reversed(self.seeds))
        while stack:
            position = stack.pop()
            if position in visited or position not in self.sending:
                continue
            visited.add(position)
            yield position
            stack += [table[position][argnum] for argnum, _ in reversed(self.sending[position])]

    def too_early(self) -> bool:
        """Whether the depth-first walk comes to a node before all its consumers have reported."""
        reported: dict[int, int] = {}
        for consumer in self.depth_first():
            if reported.get(consumer, 0) < self.expected.get(consumer, 0):
                return True
            for argnum, _ in self.sending[consumer]:
                position = self.graph.input_table[consumer][argnum]
                reported[position] = reported.get(position, 0) + 1
        return False


def untransposed(record: Traced, argnum: int) -> Callable[[Any], Any] | None:
    """The rule of a product of matrices without its transpose; None where the right rule has none.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> W = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> record = gad.trace(lambda W, x: W @ x, W, np.ones(2)).records[-1]
    >>> untransposed(record, 0), untransposed(record, 1)(np.array([1.0, 0.0]))  # W's first row would be right
    (None, array([1., 3.]))
    """
    if record.primitive is None or record.primitive.name not in ("matmul", "dot"):
        return None
    # the conjugates of complex matrices stay: it is the transpose that is forgotten
    a, b = (sweep.conjugate(item.value) if is_complex(record.value) else item.value for item in record.inputs)
    left, right = len(shape_of(a)), len(shape_of(b))
    if record.primitive.name == "dot" and not (1 <= left <= 2 and 1 <= right <= 2):
        return None  # sums over other axes than matmul
    if argnum == 0:
        return (lambda adjoint: adjoint @ b) if right >= 2 else None
    if left < 2:
        return None
    if right == 1 and left > 2:
        return lambda adjoint: (a @ adjoint[..., None])[..., 0]
    return lambda adjoint: a @ adjoint


def _largest(part: Any) -> float:
    numbers = np.abs(np.asarray(0.0 if part is None else part)).astype(float)
    return float(np.max(numbers, initial=0.0, where=np.isfinite(numbers)))


def _same(wrong: Any, right: Any, scale: float) -> bool:
    """Whether nothing but rounding tells two adjoints apart; ``scale``: the largest number that was added."""
    if shape_of(wrong) != shape_of(right):
        return False
    rounding = 16 * float(np.finfo(np.asarray(right).dtype).eps)
    return np.allclose(wrong, right, rtol=max(1e-9, rounding), atol=rounding * scale, equal_nan=True)


# -- which apply ----------------------------------------------------------------------------------


class Choice(NamedTuple):
    """One wrong algorithm, and whether a graph has a place for its mistake."""

    kind: str
    title: str
    applies: bool
    why: str  # why it does not apply; "" if it does


def applicable(graph: BaseGraph, mode: str = "reverse") -> tuple[Choice, ...]:
    """Every wrong algorithm, each with whether this graph has a place for the mistake, and if not, why.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> for choice in applicable(gad.trace(lambda x: np.sin(x) * 2, 1.0)):
    ...     print(f"{choice.kind}: {choice.why or 'applies'}")
    overwrite: No node gets more than one contribution.
    depth-first: Depth first comes to every node after all its consumers have reported.
    no-zeroing: applies
    missing-transpose: No matrix product sends anything back by way of a transpose.
    no-broadcast-sum: No input was broadcast.
    """
    if mode != "reverse":
        reasons = dict.fromkeys(WRONG, "These are mistakes of the backward pass.")
    elif not can_sweep(graph):
        reasons = dict.fromkeys(WRONG, narration.no_sweep(graph))
    else:
        reasons = _reasons(_Plan(graph))
    return tuple(Choice(kind, WRONG[kind].title, not why, why) for kind, why in reasons.items())


def _reasons(plan: _Plan) -> dict[str, str]:
    """Why each mistake has no place in a graph; "" where it has one."""
    arriving = dict(plan.expected)
    for position in plan.seeds:
        arriving[position] = arriving.get(position, 0) + 1
    records = plan.graph.records
    products = any(
        untransposed(records[consumer], argnum) for consumer, pairs in plan.sending.items() for argnum, _ in pairs
    )
    return {
        "overwrite": "" if max(arriving.values(), default=0) > 1 else "No node gets more than one contribution.",
        "depth-first": ""
        if plan.too_early()
        else "Depth first comes to every node after all its consumers have reported.",
        "no-zeroing": "" if plan.sending else "Nothing flows back.",
        "missing-transpose": "" if products else "No matrix product sends anything back by way of a transpose.",
        "no-broadcast-sum": "" if plan.summed else "No input was broadcast.",
    }
