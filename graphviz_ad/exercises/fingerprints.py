"""Fingerprints: the number that each misconception gives on this very graph, by running the wrong algorithm on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.traced import shape_of
from graphviz_ad.exercises.functions import Functions, Use, by_consumer, turns_of
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.exercises.mistaken import Ways, naive_recursion, scales
from graphviz_ad.story.answers import TYPED
from graphviz_ad.story.narration import described
from graphviz_ad.story.numbers import enclosed, shape_text
from graphviz_ad.story.timeline import can_sweep
from graphviz_ad.story.wrong import WrongPass, applicable, untransposed

PASSES = {"overwrite": "M1", "depth-first": "M2", "no-zeroing": "M3", "missing-transpose": "M7"}
"""The wrong backward passes (`story.wrong`) with the misconception that each is."""
INSTEAD = {"M15": ("M1",), "M12": ("M4b", "M6"), "M7": ("M4b", "M6")}
"""Where two codes have one number, the one that says more: of a shared weight, a closed gate, a transpose."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A wrong number with the misconception that gives it, and three hints: name, question, show."""

    code: str
    value: Any
    hints: tuple[str, str, str]

    @property
    def title(self) -> str:
        """The misconception in a few words."""
        return MISCONCEPTIONS[self.code].title


def alike(value: Any, other: Any, rtol: float = TYPED) -> bool:
    """Whether two numbers or arrays have one shape and cannot be told apart by a typed answer."""
    if value is None or other is None or shape_of(value) != shape_of(other):
        return False
    kind = complex if is_complex(value) or is_complex(other) else float
    a, b = np.asarray(value, kind), np.asarray(other, kind)
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= rtol * np.maximum(np.abs(a), np.abs(b)) + 1e-12
        near &= np.isfinite(a) & np.isfinite(b)  # nothing is near infinity
    return bool(np.all(near | (a == b) | (np.isnan(a) & np.isnan(b))))


class Fingerprints:
    """All wrong numbers of one graph, for the adjoint or the value of a node, or the local derivative of an edge.

    Each is what a wrong algorithm gives on this very graph: backward passes of `story.wrong`, and those of `mistaken`.

    Parameters
    ----------
    graph
        A graph with adjoints, the right ones.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def two_paths(x):
    ...     a = 3 * x**2
    ...     y = a + 2 * x
    ...     return y
    >>> found = Fingerprints(gad.trace(two_paths, 3.0).backward()).of_adjoint("x")
    >>> [(one.code, float(one.value)) for one in found if one.code in ("M1", "M16")]
    [('M1', 18.0), ('M1', 2.0), ('M16', 36.0)]
    """

    def __init__(self, graph: BaseGraph) -> None:
        self.graph = graph
        self.functions = Functions(graph)

    @cached_property
    def _runs(self) -> dict[str, WrongPass]:
        return {choice.kind: WrongPass(self.graph, choice.kind) for choice in applicable(self.graph) if choice.applies}

    @cached_property
    def _sent(self) -> dict[str, dict[int, Any]]:
        """By wrong pass what each node held when it sent it on."""
        edges = self.graph.edges
        return {
            kind: {edges[event.edge].consumer.id: event.held for event in run.events if event.edge is not None}
            for kind, run in self._runs.items()
        }

    @cached_property
    def _recursion(self) -> dict[int, Any]:
        return naive_recursion(self.graph)

    @cached_property
    def _results(self) -> list[Node]:
        return [self.graph.nodes[position] for position in self.graph.seeded]

    # -- what is asked for --------------------------------------------------------------------------

    def of_adjoint(self, name: str | int) -> tuple[Fingerprint, ...]:
        """The wrong adjoints of a node; none is within a typed answer of the right one."""
        node = self.graph[name]
        right = node.adjoint
        if right is None or is_complex(right):
            return ()
        with np.errstate(all="ignore"):
            return _distinct(right, self._adjoints(node, right))

    def of_value(self, name: str | int) -> tuple[Fingerprint, ...]:
        """The wrong values of a node; a graph without one result to sweep from has values all the same."""
        node = self.graph[name]
        if is_complex(node.value) or node.dtype.kind == "b":
            return ()
        words = _Words(self.graph, node, node.value)
        adjoint = node.adjoint if can_sweep(self.graph) else None
        found = [] if adjoint is None else [words.made("adjoint", adjoint)]
        for skipped in self._skipped(node):
            words.facts["u"] = skipped[0]
            found.append(words.made("skipped", skipped[1]))
        return _distinct(node.value, [*found, words.made("sign", np.negative(node.value))])

    def _skipped(self, node: Node) -> Iterator[tuple[str, Any]]:
        """The value of a function at what its input was made from: a step left out."""
        for source in dict.fromkeys(node.inputs):
            earlier = [one for one in source.inputs if one.differentiable]
            uses = [use for use in self.functions.uses(source.id) if use.consumer == node.id]
            if len(earlier) == 1 and uses:
                value = self.functions.value(uses[0], earlier[0].value)
                if value is not None and shape_of(value) == node.shape:
                    yield source.name, value

    def of_local(self, edge: Edge) -> tuple[Fingerprint, ...]:
        """The wrong local derivatives of an edge; none where it is a map between arrays."""
        right = edge.local
        if right is None or isinstance(right, sweep.LocalJacobian) or is_complex(right):
            return ()
        words = _Words(self.graph, edge.input, right, edge.consumer.name)
        words.facts["out"] = edge.consumer.name
        sent = edge.contribution
        found = [words.made("contribution", sent)] if shape_of(sent) == shape_of(right) else []
        others = [
            other.local
            for other in self.functions.into(edge.consumer.id)
            if other.argnum != edge.argnum and not isinstance(other.local, sweep.LocalJacobian)
        ]
        found += [words.made("other", other) for other in others]
        (use,) = [use for use in self.functions.edge_uses(edge.input.id) if use.consumer == edge.consumer.id]
        if use.alone and len(use.edges) == 1:
            elsewhere = self.functions.derivative(use, edge.consumer.value)
            found += [] if elsewhere is None else [words.made("at output", elsewhere)]
        words.facts["of"] = edge.consumer.name
        found.append(words.made("value", edge.consumer.value))
        return _distinct(right, [*found, words.made("sign", np.negative(right))])

    # -- the wrong adjoints of one node ---------------------------------------------------------------

    def _adjoints(self, node: Node, right: Any) -> Iterator[Fingerprint]:
        edges = self.functions.edges(node.id)
        uses = self.functions.uses(node.id)
        words = _Words(self.graph, node, right)
        words.contributions([edge.contribution for edge in edges], [edge.consumer.name for edge in edges])
        yield from self._forks(node, edges, words)
        yield from self._passes(node, right, words)
        yield from self._shapes(node, right, edges, words)
        ways = Ways(self.functions, node)
        yield from self._halves(node, uses, words, ways)
        if ways.complete:
            yield from self._along(ways, words)
        for end in (node, *self._results):
            words.facts["of"] = end.name
            if end.shape == node.shape:
                yield words.made("value", end.value)
        if node.role in ("data", "target"):
            yield words.made("M10", np.zeros(node.shape)[()])
        yield words.made("sign", np.negative(right))
        copies = {edge.consumer.shape[0] for edge in edges if len(edge.consumer.shape) > len(node.shape)}
        ratios = scales(self.graph, ways.uses) if ways.complete else []
        for ratio, text in [*ratios, *[(1 / count, f"1/{count}") for count in sorted(copies) if count > 1]]:
            words.facts["ratio"] = text
            yield words.made("M11", ratio * right)

    def _forks(self, node: Node, edges: list[Edge], words: _Words) -> Iterator[Fingerprint]:
        """Some of what arrives at a node that is used more than once."""
        if len(edges) < 2:
            return
        turns = turns_of(node, edges)
        code = "M15" if turns else "M1"
        parts = [[edge] for edge in edges] + list(by_consumer(edges)) + turns
        for part in parts:
            if len(part) < len(edges):
                yield words.made(code, sum((edge.contribution for edge in part[1:]), start=part[0].contribution))
        whole = turns or list(by_consumer(edges))
        for part in whole if len(whole) > 2 else ():
            rest = [edge.contribution for edge in edges if edge not in part]
            words.facts["u"] = part[0].consumer.name
            yield words.made(code, sum(rest[1:], start=rest[0]), "That leaves out what {u} sends to {x}.")

    def _passes(self, node: Node, right: Any, words: _Words) -> Iterator[Fingerprint]:
        """What whole backward passes give that are wrong in one way."""
        for kind, code in PASSES.items():
            yield from (words.made(code, value) for value in self._ended(kind, node.id))
        for value in self._ended("no-broadcast-sum", node.id):
            if shape_of(value) != node.shape:
                words.facts["wide"] = shape_text(shape_of(value)) or "()"
                yield words.made("M8", value)
        if node.id in self._recursion:
            yield words.made("M2", self._recursion[node.id])
        yield words.made("M3", 2 * right)

    def _ended(self, kind: str, position: int) -> Iterator[Any]:
        """What a node sent on in a wrong pass, or ended with; nothing where the pass broke off."""
        run = self._runs.get(kind)
        if run is None or run.stopped:
            return
        if position in self._sent[kind]:
            yield self._sent[kind][position]
        if position in run.accumulators:
            yield run.accumulators[position]

    def _shapes(self, node: Node, right: Any, edges: list[Edge], words: _Words) -> Iterator[Fingerprint]:
        """Slips of one edge alone, from the right adjoint of its consumer: also where a whole pass would break off."""
        if len(node.shape) == 2:
            yield words.made("M7", np.swapaxes(right, -1, -2))
        if len(edges) != 1:
            return
        (edge,) = edges
        record, above = self.graph.records[edge.consumer.id], edge.consumer.adjoint
        rule = untransposed(record, edge.argnum)
        if rule is not None:
            try:
                yield words.made("M7", rule(above))
            except ValueError:  # shapes that do not fit: no number to write down
                return
        elif not isinstance(edge.local, sweep.LocalJacobian):
            wide = sweep.unsummed_contribution(record, edge.argnum, above)
            if wide is not None and shape_of(wide) != node.shape:
                words.facts["wide"] = shape_text(shape_of(wide)) or "()"
                yield words.made("M8", wide)

    def _halves(self, node: Node, uses: tuple[Use, ...], words: _Words, ways: Ways) -> Iterator[Fingerprint]:
        """Half of one product: the local derivative alone, or what arrives alone.

        At a fork a half that equals its product is no slip of that edge: what is missing are the other edges. And a
        bare 1 there is a whole contribution more often than half of one.
        """
        fork = len(uses) > 1

        locals_ = [self.functions.derivative(use) for use in uses]
        aboves = [self.graph[use.consumer].adjoint for use in uses]
        late = "M4b"
        for use, local, above in zip(uses, locals_, aboves, strict=True):
            parts = [edge.contribution for edge in use.edges]
            whole = [sum(parts[1:], start=parts[0]), np.ones(node.shape)] if fork else []
            words.facts["u"] = self.graph.names[use.consumer]
            words.facts["local"] = "unknown" if local is None else described(local)
            if local is not None and shape_of(local) == node.shape and not any(alike(local, one) for one in whole):
                yield words.made("M4", local)
            inner = node.kind == "input" and not fork and use.alone and self.graph.seeded != (use.consumer,)
            late = "M6" if inner else "M4b"
            if shape_of(above) == node.shape and not any(alike(above, one) for one in whole):
                yield words.made("M12" if self.functions.is_closed(use) else late, above)
        if fork and all(use.alone for use in uses):
            words.facts["u"] = words.facts["consumers"]
            if all(local is not None and shape_of(local) == node.shape for local in locals_):
                yield words.made("M4", sum(locals_[1:], start=locals_[0]), "That is the sum of the local derivatives.")
            if all(shape_of(above) == node.shape for above in aboves):
                yield words.made("M6", sum(aboves[1:], start=aboves[0]), "That is the sum of the consumers' adjoints.")
        elif len(uses) == 1 and node.kind == "input":
            for use in ways.chain[1:-1]:
                words.facts["u"] = self.graph.names[use.consumer]
                if self.graph[use.consumer].shape == node.shape:
                    yield words.made(late, self.graph[use.consumer].adjoint)

    def _along(self, ways: Ways, words: _Words) -> Iterator[Fingerprint]:
        """Products where sums belong, sums where products belong, and derivatives taken at the wrong place."""
        products = ways.products()
        if len(products) > 1:
            words.facts["k"] = str(len(products))
            yield words.made("M16", math.prod(products[1:], start=products[0]))
        for code, value in (("sum", ways.added()), ("M5", ways.misplaced()), ("composed", ways.composed())):
            if value is not None:
                yield words.made(code, value)


class _Words:
    """The names and numbers that the texts of a misconception are filled with."""

    def __init__(self, graph: BaseGraph, node: Node, right: Any, consumer: str = "") -> None:
        seeded = graph.seeded if can_sweep(graph) else ()
        outputs = [graph.nodes[position].name for position in seeded] or [graph.outputs[0].name]
        self.facts: dict[str, str] = dict.fromkeys(("consumers", "wide", "ratio", "local"), "") | {
            "x": node.name,
            "of": node.name,
            "u": consumer,
            "out": outputs[0],
            "right": described(right),
            "sum": described(right),
            "shape": shape_text(node.shape) or "()",
            "k": "1",
            "role": node.role,
        }

    def contributions(self, sent: list[Any], consumers: list[str]) -> None:
        """What arrives, as a sum of numbers, and from whom."""
        self.facts["k"] = str(len(sent))
        names = list(dict.fromkeys(consumers))
        self.facts["consumers"] = " and ".join(names) if len(names) < 4 else f"{len(names)} others"
        if consumers:
            self.facts["u"] = consumers[0]
        if sent and len(sent) <= 6 and not any(shape_of(one) for one in sent):
            self.facts["sum"] = " + ".join(
                enclosed(described(one)) if n else described(one) for n, one in enumerate(sent)
            )

    def made(self, code: str, value: Any, named: str = "") -> Fingerprint:
        """The fingerprint of that value; ``named``: a first hint that fits it better."""
        facts = self.facts | {"yours": described(value)}
        mistake = MISCONCEPTIONS[code]
        name, question, show = (text.format(**facts) for text in (named or mistake.name, *mistake[2:]))
        return Fingerprint(code, value, (name, question, show))


def _distinct(right: Any, found: Iterable[Fingerprint]) -> tuple[Fingerprint, ...]:
    """Those that are not the right answer, each misconception's number once.

    A number within two tolerances of the right one is left out: an answer between them would be near both.
    """
    kept: list[Fingerprint] = []
    for one in found:
        if is_complex(one.value) or not np.all(np.isfinite(np.asarray(one.value, float))):
            continue
        if alike(one.value, right, 2 * TYPED):
            continue
        if not any(other.code == one.code and alike(other.value, one.value) for other in kept):
            kept.append(one)
    return tuple(
        one
        for one in kept
        if not any(one.code in INSTEAD.get(other.code, ()) and alike(other.value, one.value) for other in kept)
    )
