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
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.replay import Replay, kindred, replay
from graphviz_ad.core.visible import called
from graphviz_ad.errors import GraphvizADError
from graphviz_ad.story.differences import (
    AGREES,
    COARSE,
    DIFFERS,
    JUMP,
    KINK,
    UNMEASURED,
    VERDICTS,
    Verdict,
    compare,
    difference,
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
    """"agrees", "kink", "jump", "coarse", "unmeasured" or "differs"."""
    claimed: float
    """The local derivative of an edge or the adjoint of a node; of arrays along a direction."""
    measured: float
    error: float
    """The relative error; nan where nothing was measured, or where both are nothing beside the slopes around."""
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
            return math.nan if found.reason else inner(weights, difference(new, result.value))

        def claimed(claim: Claim) -> Callable[[], tuple[float, float]]:
            return lambda: claim(kindred(weights, result.value), source.value, kindred(tangent, source.value))

        findings = [self._measured(source, tangent, moved, change, claimed(claim), size, result) for claim in claims]
        found = _worst(findings)
        if found.verdict == DIFFERS and not found.note:
            found = replace(found, note=_OFF)
        return _with_arrays(found, source, result)

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

        found = self._measured(node, tangent, moved, lambda found: output_change(self.graph, found), claim, 0.0)
        return _with_arrays(found, node)

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
        result: Node | None = None,
    ) -> Finding:
        reasons: list[str] = []
        changed: Mapping[int, Any] = {}

        def along(step: float) -> float:
            nonlocal changed
            try:
                with np.errstate(all="ignore"):
                    value = kindred(node.value + step * tangent, node.value)
                    if step and np.array_equal(value, node.value):
                        return math.nan  # lost in rounding: a step that is none says nothing
                    found = moved(value)
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
        except Exception as error:  # noqa: BLE001  (a user's own rule may raise anything beside the point)
            return _unmeasured(f"The rule does not answer here: {type(error).__name__}: {error}.")
        scales = scales_of(node.value)
        along(0.0 if not node.shape else scales[0] * 2.0**-20)
        epsilon = rounding_unit([node.value, *changed.values()])
        verdict = compare(along, claimed, scales, size + terms, epsilon)
        name = called(output_name(self.graph) if result is None else result.name)
        note = finding_note(verdict, claimed, name, reasons)
        return Finding(verdict.kind, claimed, verdict.measured, verdict.error, note)


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


def _with_arrays(found: Finding, source: Node, result: Node | None = None) -> Finding:
    """A finding that says what its numbers are where arrays were compared: one slope, not one of each entry."""
    how = ["along a random direction"] if source.shape or is_complex(source.value) else []
    if result is not None and (result.shape or is_complex(result.value)):
        what = "entries" if result.shape else "parts"
        how.append(f"with random weights on the {what} of {called(result.name)}")
    if not how or found.verdict == UNMEASURED:
        return found
    return replace(found, note=f"{found.note} Measured {', '.join(how)}.".strip())


def finding_note(verdict: Verdict, claimed: float, result: str, reasons: list[str]) -> str:
    """A verdict in a sentence, where it needs one.

    Parameters
    ----------
    result
        The name of what was looked at.
    reasons
        Why some steps could not be measured.
    """
    if verdict.kind == UNMEASURED:
        if not math.isfinite(claimed):
            return f"The derivative is {short(claimed)} here, which no difference can show."
        return (
            f"Beside this point there is nothing to measure: {reasons[-1]}."
            if reasons
            else ("Beside this point the numbers are not finite.")
        )
    if verdict.kind == JUMP:
        return f"{result} jumps here: there is no slope."
    if not math.isnan(verdict.left):
        return (
            f"A kink: the slope is {short(verdict.left)} on the left and {short(verdict.right)} on the right; "
            f"the rule takes {short(claimed)}."
        )
    if verdict.kind == COARSE:
        return "This says nothing: rounding is as large as the slope, or the function turns within the steps."
    if reasons and verdict.kind == AGREES:
        return f"For some steps it could not be measured: {reasons[-1]}."
    return ""


def _direction(rng: np.random.Generator, node: Node) -> Any:
    """A tangent of a node: 1 for a number; of arrays entries of few binary digits, with which steps hardly round.

    A complex node moves in both of its parts.
    """
    if is_complex(node.value):
        return (_steps(rng, node) + 1j * _steps(rng, node))[()]
    return _steps(rng, node) if node.shape else 1.0


def _steps(rng: np.random.Generator, node: Node) -> Any:
    return rng.choice([-1.0, 1.0], size=node.shape) * rng.integers(32, 65, size=node.shape) / 64


def _weights(rng: np.random.Generator, node: Node) -> Any:
    if is_complex(node.value):
        return rng.normal(size=node.shape) + 1j * rng.normal(size=node.shape)
    return rng.normal(size=node.shape) if node.shape else 1.0


def _cuts(graph: BaseGraph, positions: Any) -> set[int]:
    """The positions of nodes that `gad.detach` made."""
    made = ((position, graph.records[position].primitive) for position in positions)
    return {position for position, primitive in made if primitive is not None and primitive.kind == "cut"}


def _summary(checker: _Checker, edges: dict[int, Finding], nodes: dict[int, Finding]) -> str:
    """The whole check in two or three sentences."""
    counts = Counter(finding.verdict for finding in edges.values())
    compared = counts[AGREES] + counts[KINK] + counts[DIFFERS]
    items, links = checker.outline.items, checker.outline.links
    wrong = [links[index] for index, finding in edges.items() if finding.verdict == DIFFERS]
    result = output_name(checker.graph)
    off = [item.name for item in items if item.id in nodes and nodes[item.id].verdict == DIFFERS]
    parts = []
    if wrong:
        names = [f"{called(items[link.input].name)} → {called(items[link.consumer].name)}" for link in wrong]
        parts.append(f"{len(wrong)} of {_some(compared, 'local derivative')} {_verb(len(wrong), 'differ')}: ")
        parts[-1] += f"{listed(names)}."
    elif compared:
        agree = f": {counts[AGREES]} {_verb(counts[AGREES], 'agree')}" if counts[AGREES] else ""
        parts.append(f"No local derivative differs from its difference quotient{agree}.")
    else:
        parts.append("There was no local derivative to compare.")
    if off:
        s, they = ("", "it") if len(off) == 1 else ("s", "they")
        because = f", as {they} must behind a wrong local derivative" if wrong else ""
        whose = f"{listed([called(name) for name in off])} {_verb(len(off), 'differ')}"
        parts.append(f"The adjoint{s} of {whose} from the measured slope{s} of {called(result)}{because}.")
    else:
        agreeing = sum(finding.verdict == AGREES for finding in nodes.values())
        if agreeing:
            what, s = f"{_some(agreeing, 'node')} {_verb(agreeing, 'agree')}", "" if agreeing == 1 else "s"
            parts.append(f"The adjoint{s} of {what} with the measured slope{s} of {called(result)}.")
    words = ((KINK, "kink"), (JUMP, "jump"), (COARSE, "edge too coarse to tell"))
    beside = [_some(counts[kind], word) for kind, word in words if counts[kind]]
    if counts[UNMEASURED]:
        beside.append(f"{_some(counts[UNMEASURED], 'edge')} that cannot be measured")
    if beside:
        parts.append(f"Beside them: {listed(beside)}.")
    if checker.left_out:
        parts.append(f"{_some(checker.left_out, 'adjoint')} left out: the graph is large.")
    return " ".join(parts)


def _some(count: int, what: str) -> str:
    if count == 1:
        return f"1 {what}"
    first, _, rest = what.partition(" ")
    if first in ("edge", "kink", "jump", "node", "adjoint"):
        return f"{count} {first}s {rest}".rstrip()
    return f"{count} {what}s"


def _verb(count: int, verb: str) -> str:
    return f"{verb}s" if count == 1 else verb
