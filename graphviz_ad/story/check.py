"""Checks a whole graph by finite differences: every local derivative, and every adjoint."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.replay import Replay, kindred, replay
from graphviz_ad.core.visible import called
from graphviz_ad.errors import GraphvizADError
from graphviz_ad.story.differences import (
    AGREES,
    COARSE,
    DIFFERS,
    KINK,
    UNMEASURED,
    VERDICTS,
    Verdict,
    compare,
    inner,
    output_change,
    rounding_unit,
    scales_of,
)
from graphviz_ad.story.equations import output_name
from graphviz_ad.story.numbers import listed, short
from graphviz_ad.story.outline import Link
from graphviz_ad.story.timeline import Timeline, can_sweep

Claim = Callable[[Any, Any, Any], tuple[float, float]]
"""Of weights, the input's value and a tangent: the slope that a rule says, and the size of what it is a sum of."""

_MOST = 20_000
"""Nodes that are computed again for each step of the measurement; what is beyond is left out, and said."""
_DIGITS = 6
_OFF = "The rule is not the derivative: it is wrong, or meant to be another, as where gradients are clipped."


@dataclass(frozen=True, slots=True)
class Finding:
    """What the measurement of one edge or node came to."""

    verdict: str
    """"agrees", "kink", "coarse", "unmeasured" or "differs"."""
    claimed: float
    """The local derivative of an edge or the adjoint of a node; of arrays along a direction."""
    measured: float
    error: float
    """The relative error; nan where nothing was measured."""
    note: str = ""
    """A sentence, where there is something to say."""


@dataclass(frozen=True, slots=True)
class Check:
    """The findings: of edges by their index in the outline's links, of nodes by the id of their item."""

    edges: dict[int, Finding]
    nodes: dict[int, Finding]
    summary: str

    def count(self, verdict: str) -> int:
        """How many edges have a verdict."""
        return sum(finding.verdict == verdict for finding in self.edges.values())

    def answer(self) -> dict[str, Any]:
        """All of it as strict JSON, with numbers as texts."""
        return {
            "summary": self.summary,
            "counts": {verdict: self.count(verdict) for verdict in VERDICTS},
            "edges": [{"edge": index, **_told(finding)} for index, finding in self.edges.items()],
            "nodes": [{"node": id_, **_told(finding)} for id_, finding in self.nodes.items()],
        }


def _told(finding: Finding) -> dict[str, str]:
    return {
        "verdict": finding.verdict,
        "claimed": "" if math.isnan(finding.claimed) else short(finding.claimed, _DIGITS),
        "measured": "" if math.isnan(finding.measured) else short(finding.measured, _DIGITS),
        "error": "" if math.isnan(finding.error) else short(finding.error, 2),
        "note": finding.note,
    }


def check(line: Timeline) -> Check:
    """Compare every local derivative and every adjoint of what is visible with central differences.

    Along an edge only this use of the input moves, and only the consumer is computed; for an adjoint everything that
    depends on the node is computed again. Arrays are moved along a direction t and looked at with weights a, and
    ⟨a, J t⟩ is compared with what the reverse (and, where it has a rule of its own, the forward) rule says; both are
    random numbers of a fixed seed. A collapsed group is measured from end to end. The function is not run again.
    """
    checker = _Checker(line)
    edges = {link.index: finding for link in line.outline.links if (finding := checker.link(link)) is not None}
    nodes = checker.nodes()
    return Check(edges, nodes, _summary(checker, edges, nodes))


class _Checker:
    def __init__(self, line: Timeline) -> None:
        self.line = line
        self.outline = line.outline
        self.graph: BaseGraph = line.graph
        self.left_out = 0

    # -- edges ------------------------------------------------------------------------------------

    def link(self, link: Link) -> Finding | None:
        """The finding of one link; None where no derivative is expected, as from a constant."""
        source, result = self.outline.source(link), self.outline.node(link.consumer)
        alone = self.line.flow.alone(link)
        edges = [edge for edge in self.outline.edges(link) if edge.input.differentiable]
        if not edges:
            return None
        if alone is not None:
            return self._edge(alone)
        if source is None or result is None:
            # no one derivative belongs to the link: each of the edges that it stands for has its own
            return _worst([self._edge(edge) for edge in edges])
        if not result.differentiable or not any(edge.active for edge in edges):
            return _unmeasured(_why_none(result, False))
        inside = self.outline.items[link.consumer].positions
        return self._ends(edges, result, inside, [_pulling(partial(self.line.flow.pull, link))])

    def _edge(self, edge: Edge) -> Finding:
        result = edge.consumer
        if not edge.active:
            return _unmeasured(_why_none(result, edge.is_break))
        record, argnum = self.graph.records[result.id], edge.argnum
        assert record.primitive is not None
        claims = [_pulling(partial(sweep.contribution, record, argnum))] if record.primitive.pulls else []
        # elementwise primitives use one partial derivative in both directions
        if record.primitive.pushes and not record.primitive.scales:
            claims.append(_pushing(partial(sweep.push, record, argnum)))
        return self._ends([edge], result, [result.id], claims)

    def _ends(self, edges: Sequence[Edge], result: Node, inside: Collection[int], claims: Sequence[Claim]) -> Finding:
        """Move what these edges of one node see, and look at the result."""
        source = edges[0].input
        rng = np.random.default_rng([source.id, result.id, edges[0].argnum])
        tangent, weights = _direction(rng, source), _weights(rng, result)
        only = set(inside) - _cuts(self.graph, inside)
        size = inner(np.abs(weights), np.abs(result.value))

        def moved(value: Any) -> Replay:
            return replay(self.graph, {}, {(edge.consumer.id, edge.argnum): value for edge in edges}, only)

        def change(found: Replay) -> float:
            new = found.values.get(result.id, result.value)
            return math.nan if found.reason else inner(weights, np.subtract(new, result.value, dtype=float))

        def claimed(claim: Claim) -> Callable[[], tuple[float, float]]:
            return lambda: claim(kindred(weights, result.value), source.value, kindred(tangent, source.value))

        found = _worst([self._measured(source, tangent, moved, change, claimed(claim), size) for claim in claims])
        return replace(found, note=_OFF) if found.verdict == DIFFERS and not found.note else found

    # -- nodes ------------------------------------------------------------------------------------

    def nodes(self) -> dict[int, Finding]:
        """The findings of the adjoints, inputs first where there is too much to compute."""
        if not can_sweep(self.graph):
            return {}
        wanted = []
        for number, item in enumerate(self.outline.items):
            node = self.outline.node(number)
            if node is not None and node.differentiable:
                wanted.append((item.id, node))
        wanted.sort(key=lambda pair: pair[1].kind != "input")
        room = _MOST
        found: dict[int, Finding] = {}
        for place, (id_, node) in enumerate(wanted):
            room -= len(self.graph) - node.id
            if room < 0:
                self.left_out = len(wanted) - place
                break
            found[id_] = self._node(node)
        return dict(sorted(found.items()))

    def _node(self, node: Node) -> Finding:
        tangent = _direction(np.random.default_rng([node.id, 2]), node)
        cuts = self._all_cuts

        def moved(value: Any) -> Replay:
            return replay(self.graph, {**cuts, node.id: value})

        def claim() -> tuple[float, float]:
            return inner(node.adjoint, tangent), self._noise

        return self._measured(node, tangent, moved, lambda found: output_change(self.graph, found), claim, 0.0)

    @cached_property
    def _all_cuts(self) -> dict[int, Any]:
        """What `gad.detach` gave stays as it is: an adjoint knows nothing of the ways through it."""
        records = self.graph.records
        return {position: records[position].value for position in _cuts(self.graph, range(len(records)))}

    @cached_property
    def _noise(self) -> float:
        """Σ |adjoint × value|: what the rounding of every number may add up to in the output."""
        total = sum(inner(np.abs(node.adjoint), np.abs(node.value)) for node in self.graph.nodes if node.differentiable)
        return total if math.isfinite(total) else 0.0

    # -- both -------------------------------------------------------------------------------------

    def _measured(
        self,
        node: Node,
        tangent: Any,
        moved: Callable[[Any], Replay],
        change: Callable[[Replay], float],
        claim: Callable[[], tuple[float, float]],
        size: float,
    ) -> Finding:
        reasons: list[str] = []
        changed: Mapping[int, Any] = {}

        def along(step: float) -> float:
            nonlocal changed
            try:
                with np.errstate(all="ignore"):
                    found = moved(kindred(node.value + step * tangent, node.value))
            except Exception as error:  # noqa: BLE001  (a user's own function may raise anything beside the point)
                reasons.append(f"{type(error).__name__}: {error}")
                return math.nan
            if found.reason:
                reasons.append(found.reason)
            changed = found.values
            return change(found)

        try:
            with np.errstate(all="ignore"):
                claimed, terms = claim()
        except GraphvizADError as error:
            return _unmeasured(str(error))
        scales = scales_of(node.value)
        along(0.0 if not node.shape else scales[0] * 2.0**-20)
        epsilon = rounding_unit([node.value, *changed.values()])
        verdict = compare(along, claimed, scales, size + terms, epsilon)
        return Finding(verdict.kind, claimed, verdict.measured, verdict.error, finding_note(verdict, claimed, reasons))


def _pulling(pull: Callable[[Any], Any]) -> Claim:
    """What a reverse rule says: ⟨Jᵀ a, t⟩, and the size of the terms of that sum."""

    def claim(weights: Any, value: Any, tangent: Any) -> tuple[float, float]:
        sent = pull(weights)
        # a user's own rule may answer None for zeros
        return (0.0, 0.0) if sent is None else (inner(sent, tangent), inner(np.abs(sent), np.abs(value)))

    return claim


def _pushing(push: Callable[[Any], Any]) -> Claim:
    """What a forward rule says: ⟨a, J t⟩."""

    def claim(weights: Any, _value: Any, tangent: Any) -> tuple[float, float]:
        sent = push(tangent)
        return (0.0 if sent is None else inner(weights, sent)), 0.0

    return claim


def _worst(findings: Sequence[Finding]) -> Finding:
    """The finding that says most against the rules, of several for one link."""
    return max(findings, key=lambda finding: VERDICTS.index(finding.verdict))


def _unmeasured(note: str) -> Finding:
    return Finding(UNMEASURED, math.nan, math.nan, math.nan, note)


def _why_none(result: Node, is_break: bool) -> str:
    if not result.differentiable:
        return f"{called(result.name)} is {_a(result.dtype.name)}: there is no derivative along this edge."
    if is_break and result.primitive is not None and result.primitive.kind == "cut":
        return "gad.detach ends the derivative here, whatever differences would show."
    return "There is no derivative along this edge: the result is a step function of its input."


def _a(dtype: str) -> str:
    return f"an {dtype}" if dtype.startswith("int") else f"a {dtype}"


def finding_note(verdict: Verdict, claimed: float, reasons: list[str]) -> str:
    """A verdict in a sentence, where it needs one; ``reasons``: why some steps could not be measured."""
    if verdict.kind == UNMEASURED:
        if not math.isfinite(claimed):
            return f"The derivative is {short(claimed)} here, which no difference can show."
        return (
            f"Beside this point there is nothing to measure: {reasons[-1]}."
            if reasons
            else ("Beside this point the numbers are not finite.")
        )
    if not math.isnan(verdict.left):
        return (
            f"A kink: the slope is {short(verdict.left)} on the left and {short(verdict.right)} on the right; "
            f"the rule takes {short(claimed)}."
        )
    if verdict.kind == COARSE:
        return "Rounding disturbs the differences so much that they say nothing."
    if reasons and verdict.kind == AGREES:
        return f"For some steps it could not be measured: {reasons[-1]}."
    return ""


def _direction(rng: np.random.Generator, node: Node) -> Any:
    """A tangent of a node: 1 for a number; entries ±1 and ±½ for arrays, with which steps hardly round."""
    if not node.shape:
        return 1.0
    return rng.choice([-1.0, -0.5, 0.5, 1.0], size=node.shape)


def _weights(rng: np.random.Generator, node: Node) -> Any:
    return rng.normal(size=node.shape) if node.shape else 1.0


def _cuts(graph: BaseGraph, positions: Any) -> set[int]:
    """The positions of nodes that `gad.detach` made."""
    made = ((position, graph.records[position].primitive) for position in positions)
    return {position for position, primitive in made if primitive is not None and primitive.kind == "cut"}


def _summary(checker: _Checker, edges: dict[int, Finding], nodes: dict[int, Finding]) -> str:
    """The whole check in two or three sentences."""
    counts = Counter(finding.verdict for finding in edges.values())
    measured = sum(counts.values()) - counts[UNMEASURED]
    items, links = checker.outline.items, checker.outline.links
    wrong = [links[index] for index, finding in edges.items() if finding.verdict == DIFFERS]
    result = output_name(checker.graph)
    off = [item.name for item in items if item.id in nodes and nodes[item.id].verdict == DIFFERS]
    parts = []
    if wrong:
        names = [f"{called(items[link.input].name)} → {called(items[link.consumer].name)}" for link in wrong]
        parts.append(f"{len(wrong)} of {_some(measured, 'local derivative')} {_verb(wrong)}: {listed(names)}.")
    elif measured:
        parts.append(f"No local derivative differs from its difference quotient, of {measured} measured.")
    else:
        parts.append("There was no local derivative to measure.")
    if off:
        known = f"∂{called(result)}/∂… of {listed([called(name) for name in off])} {_verb(off)}"
        because = ", as they must behind a wrong local derivative" if wrong else ""
        parts.append(f"The adjoint{'' if len(off) == 1 else 's'} {known} from the measured slope{because}.")
    else:
        agreeing = sum(finding.verdict == AGREES for finding in nodes.values())
        if agreeing:
            parts.append(
                f"The adjoints of {_some(agreeing, 'node')} agree with the measured slopes of {called(result)}."
            )
    beside = [
        _some(counts[kind], word) for kind, word in ((KINK, "kink"), (COARSE, "edge too noisy to tell")) if counts[kind]
    ]
    if counts[UNMEASURED]:
        beside.append(f"{_some(counts[UNMEASURED], 'edge')} that cannot be measured")
    if beside:
        parts.append(f"Beside them: {listed(beside)}.")
    if checker.left_out:
        parts.append(f"{_some(checker.left_out, 'adjoint')} left out: the graph is large.")
    return " ".join(parts)


def _some(count: int, what: str) -> str:
    first, _, rest = what.partition(" ")
    if count == 1:
        return f"1 {what}"
    return f"{count} {first}s {rest}".rstrip() if first in ("edge", "kink", "node", "adjoint") else f"{count} {what}s"


def _verb(several: list[Any]) -> str:
    return "differs" if len(several) == 1 else "differ"
