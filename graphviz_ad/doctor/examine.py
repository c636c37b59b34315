"""`gad.doctor`: runs a function once, looks at its graph from all sides, and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphviz_ad.core import foreign
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.core.pytree import is_float_leaf, leaves
from graphviz_ad.core.traced import Traced, is_constant, is_floating
from graphviz_ad.core.visible import called
from graphviz_ad.doctor import connection, memory, numbers, zeros
from graphviz_ad.doctor.activations import activations
from graphviz_ad.doctor.depth import across, depth
from graphviz_ad.doctor.dialect import in_torch, speaks_torch
from graphviz_ad.doctor.failures import failed, is_exit
from graphviz_ad.doctor.finding import Finding, Parameter, parameters_of, some, sorted_findings
from graphviz_ad.doctor.graphs import graph_of, is_partial
from graphviz_ad.doctor.loss import no_loss
from graphviz_ad.doctor.report import Report
from graphviz_ad.doctor.thresholds import chosen
from graphviz_ad.doctor.units import blocked_units
from graphviz_ad.errors import OutputError
from graphviz_ad.gradflow.sizes import norm
from graphviz_ad.graph import Graph
from graphviz_ad.story.numbers import short
from graphviz_ad.story.trails import behind, ends

MOST_NODES = 10_000
"""Of larger graphs activations and layers are not looked for."""


def doctor(f: Any, /, *args: Any, thresholds: Mapping[str, float] | None = None, **kwargs: Any) -> Report:
    """Why is this gradient None, zero, huge or NaN: every parameter examined, with the line where it goes wrong.

    Parameters
    ----------
    f : callable, Graph, traced value, or a module, function or loss of PyTorch
        A function is run once, as `gad.trace` runs it. A Graph keeps the seed of its reverse sweep, if one has run.
        A loss of PyTorch that is computed already comes with its model or its parameters: ``gad.doctor(loss, model)``.
    *args, **kwargs
        All go to ``f``.
    thresholds : dict, optional
        Other lines between well and ill than those of `gad.doctor.THRESHOLDS`, by name.

    Returns
    -------
    Report
        ``str(report)``, ``report.findings``, ``report.parameters``, ``report.table()``, ``report.save("doctor.svg")``.
        An error inside of ``f`` is a finding, not an exception.

    Raises
    ------
    ArgumentError
        ``f`` is nothing that can be examined, or a threshold is unknown.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> def loss(w, v):
    ...     h = gad.detach(np.tanh(w))
    ...     return (h * v) ** 2
    >>> report = gad.doctor(loss, 0.5, 2.0)
    >>> [(finding.kind, finding.parameters) for finding in report.findings]
    [('detach', ('w',))]
    >>> gad.doctor(lambda w, v: (np.tanh(w) * v) ** 2, 0.5, 2.0).findings
    ()
    """
    limits = chosen(thresholds)
    reader = foreign.reader_for([f, *args, *kwargs.values()])
    wanted = memory.named([*args, kwargs]) if reader is not None and not callable(f) else {}
    seen, error = graph_of(f, (wanted,) if wanted else args, {} if wanted else kwargs, reader)
    examination = _Examination(seen, error, limits, partial=is_partial(seen, f, reader), wanted=wanted)
    if isinstance(f, BaseGraph | Traced):
        examination.unseen.append("memory shared between parameters (a graph has copies): give the function instead")
    elif reader is not None:
        tensors = wanted or memory.named([f, *memory.modules_of(f), *args, *kwargs.values()])
        examination.shared(memory.arrays(tensors))
    else:
        examination.memory(args, kwargs)
    report = examination.report()
    if reader is not None or speaks_torch(seen):
        report.findings = tuple(map(in_torch, report.findings))
    return report


class _Examination:
    """One graph, looked at from all sides."""

    def __init__(
        self,
        seen: Graph | None,
        error: Exception | None,
        limits: Mapping[str, float],
        *,
        partial: bool,
        wanted: Mapping[str, Any],
    ) -> None:
        self.partial = partial
        self.wanted = wanted
        """The parameters, by name, that a loss which is computed already should lead to."""
        self.graph = seen
        self.error = error
        self.limits = limits
        self.findings: list[Finding] = []
        self.looked: list[str] = []
        self.unseen: list[str] = []
        self.parameters: tuple[Parameter, ...] = ()
        self.depth: Any = None
        # a result that cannot be differentiated comes from a function that ran to its end
        self.ended = error is not None and not isinstance(error, OutputError)
        if error is not None:
            self._failed(error)
        if seen is not None:
            with np.errstate(all="ignore"):
                self._examine(seen)
        elif wanted:  # autograd has kept nothing at all
            self.findings[0] = replace(self.findings[0], parameters=tuple(wanted))
            self.parameters = tuple(
                Parameter(name, "parameter", tuple(one.shape), "cut", None, self.findings[0].why)
                for name, one in wanted.items()
            )

    def report(self) -> Report:
        """What was found."""
        return Report(
            self.graph,
            sorted_findings(self.findings),
            self.parameters,
            tuple(self.looked),
            tuple(self.unseen),
            dict(self.limits),
            None if self.depth is None else self.depth.flow,
        )

    def _failed(self, error: Exception) -> None:
        guard = None
        if self.graph is not None and self.graph.tables.guards:
            guard = self.graph.tables.guards[-1]
        found = failed(error, guard.source if guard is not None and self.ended and is_exit(error) else None)
        if found.kind != "result" or self.graph is None or not self._is_cut_off():
            self.findings.append(found)

    def _is_cut_off(self) -> bool:
        """Whether the trails of the parameters say more than the error does."""
        assert self.graph is not None
        nodes = parameters_of(self.graph)
        return bool(nodes) and any(end for node in nodes for end in ends(self.graph, node) if end.kind != "loose")

    def _examine(self, seen: Graph) -> None:
        nodes = parameters_of(seen)
        if self.ended:
            self._broken_off(seen, nodes)
        elif self._seeded(seen):
            self._swept(seen, nodes)
        else:
            self.findings += connection.lost(seen, nodes)
            self.parameters = tuple(self._cut(node) for node in nodes)
        if self.ended or not seen.has_adjoints:
            self.findings += numbers.forward(seen, harmful=True)
        self.looked.append(f"{len(seen)} nodes: every value finite" if not self._has("nan", "inf") else "")
        if not self._has("nan", "inf") and seen.has_adjoints and not self._has("nan gradient"):
            self.looked[-1] += ", every adjoint too"
        self.looked = [line for line in self.looked if line]

    def _has(self, *kinds: str) -> bool:
        return any(finding.kind in kinds for finding in self.findings)

    # -- the loss ---------------------------------------------------------------------------------

    def _seeded(self, seen: Graph) -> bool:
        """Whether a sweep has a place to start from; what is no scalar is summed, and said so."""
        outputs = seen.outputs
        if seen.has_adjoints:
            self.looked.append("the sweep that this graph has: its own seed")
            return True
        floats = [node for node in dict.fromkeys(outputs) if node.differentiable and not is_complex(node.value)]
        if len(outputs) == 1 and len(floats) == 1 and outputs[0].value is not None and np.size(outputs[0].value) == 1:
            seen.backward()
            self.looked.append(f"the loss: one number, {called(outputs[0].name)} = {short(outputs[0].value)}")
            return True
        if isinstance(self.error, OutputError):
            return False
        self.findings.append(no_loss(outputs))
        if not floats:
            return False
        seen.backward(seed={node.name: np.ones(node.shape, node.dtype)[()] for node in floats})
        return True

    # -- after a sweep ----------------------------------------------------------------------------

    def _swept(self, seen: Graph, nodes: Sequence[Node]) -> None:
        absent = [name for name in self.wanted if name not in {node.name for node in nodes}]
        if self.partial:
            self.findings += connection.missing([*absent, *(node.name for node in nodes if not node.reached)])
        else:
            self.findings += connection.lost(seen, nodes)
        suffering = [node.name for node in nodes if node.reached and numbers.is_bad(node.adjoint)]
        astray = any(numbers.is_bad(node.value) for node in seen.outputs if not node.note.startswith(numbers.NOT_KEPT))
        wrong = bool(suffering) or astray
        made = list(numbers.forward(seen, harmful=astray))
        if suffering and not self.partial and not any(finding.severity == "error" for finding in made):
            back = list(numbers.backward(seen, suffering))
            made = back + [one for one in made if not set(one.marks).intersection(*(each.marks for each in back))]
        self.findings += made
        if not wrong and not self.partial:
            self.findings += zeros.blocked(seen, nodes)
        self.parameters = tuple(self._known(node) for node in nodes)
        self.parameters += tuple(
            Parameter(name, "parameter", tuple(self.wanted[name].shape), "cut", None, self.findings[0].why)
            for name in absent
        )
        fine = sum(parameter.state == "reached" for parameter in self.parameters)
        count = len(self.parameters)
        every = "all get" if count > 1 else "it gets"
        self.looked.append(
            f"{count} {_word(self.parameters)}: {every if fine == count else f'{fine} get'} a gradient that is finite "
            "and not 0"
        )
        if self.partial:
            self.unseen.append("lines, cuts, activations and layers: of a loss that is computed already autograd has "
                               "kept only a part; give the function instead")  # fmt: skip
        elif len(seen) > MOST_NODES:
            self.unseen.append(f"activations and layers: the graph has {len(seen):,} nodes, more than {MOST_NODES:,}")
        elif wrong:
            self.unseen.append("activations and layers: first there must be numbers")
        else:
            self._deep(seen)
        self._cuts(seen, nodes)

    def _deep(self, seen: Graph) -> None:
        found = list(activations(seen))
        zero = {name for finding in self.findings if finding.kind == "zero" for name in finding.nodes}
        self.findings += [
            finding for finding in blocked_units(found, self.limits) if not zero.intersection(finding.nodes)
        ]
        if found:
            kinds = sorted({activation.name for activation in found})
            self.looked.append(
                f"{len(found)} activation{'s' * (len(found) > 1)} ({', '.join(kinds)}), for dead and saturated units"
            )
        self.depth = depth(seen, found)
        if self.depth is not None:
            self.looked.append(f"{len(self.depth.layers)} layers: {self.depth.reading}")
            finding = across(self.depth, self.limits)
            if finding is not None:
                self.findings.append(finding)

    def _cuts(self, seen: Graph, nodes: Sequence[Node]) -> None:
        """Cuts beside which another way leads back: no finding, and yet to be known."""
        told = {node for finding in self.findings for node in finding.nodes}
        places: dict[str, None] = {}
        for node in nodes:
            if node.reached:
                for end in ends(seen, node):
                    group = end.consumer is not None and end.consumer.group
                    if (
                        end.kind == "detach"
                        and end.consumer is not None
                        and end.consumer.name not in told
                        and not group
                    ):
                        places[str(end.source) if end.source else end.consumer.name] = None
        if places:
            self.looked.append(f"a cut that leaves other ways back, at {' and '.join(list(places)[:3])}")

    def _known(self, node: Node) -> Parameter:
        if not node.reached:
            return self._cut(node)
        size = norm(node.adjoint)
        state = "not finite" if numbers.is_bad(node.adjoint) else "zero" if zeros.is_zero(node.adjoint) else "reached"
        finding = next((one for one in self.findings if state != "reached" and node.name in one.parameters), None)
        if state == "not finite" and finding is None:
            finding = next((one for one in self.findings if one.kind in {"nan", "inf"}), None)
        why, where = ("", "") if finding is None else (finding.why, finding.where)
        return Parameter(node.name, node.role, node.shape, state, size, why, where)

    def _cut(self, node: Node) -> Parameter:
        finding = next((one for one in self.findings if node.name in one.parameters), None)
        state = "unused" if finding is not None and finding.kind == "unused" else "cut"
        why, where = ("", "") if finding is None else (finding.why, finding.where)
        return Parameter(node.name, node.role, node.shape, state, None, why, where)

    # -- a function that did not come to its end ----------------------------------------------------

    def _broken_off(self, seen: Graph, nodes: Sequence[Node]) -> None:
        assert self.error is not None
        left = seen.tables.guards[-1].position if seen.tables.guards and is_exit(self.error) else -1
        hidden = behind(seen, left)
        first = self.findings[0]
        on_trail = tuple(node.name for node in nodes if node.id in hidden)
        if on_trail:
            self.findings[0] = replace(
                first, parameters=on_trail, why=f"{first.why} Nothing would come back to {some(on_trail)}."
            )
        self.parameters = tuple(
            Parameter(
                node.name,
                node.role,
                node.shape,
                "cut" if node.id in hidden else "unknown",
                None,
                first.why if node.id in hidden else "the function ended before its loss was computed",
                first.where if node.id in hidden else "",
            )
            for node in nodes
        )
        self.unseen.append("adjoints, activations and layers: the function ended before its loss was computed")

    # -- the arguments ------------------------------------------------------------------------------

    def memory(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Look for parameters that share memory, among the arrays that were passed."""
        values = [leaf for argument in (*args, *kwargs.values()) for _, leaf in leaves(argument) if is_float_leaf(leaf)]
        arrays = [
            leaf
            for leaf in values
            if type(leaf) is not Traced or not (is_constant(leaf) or not is_floating(leaf.value))
        ]
        nodes = [] if self.graph is None else list(self.graph.inputs)
        if len(nodes) != len(arrays):
            return
        examined = {node.id for node in (parameters_of(self.graph) if self.graph is not None else [])}
        pairs = [(node.name, one) for node, one in zip(nodes, arrays, strict=True) if node.id in examined]
        self.shared(pairs)

    def shared(self, pairs: Sequence[tuple[str, Any]]) -> None:
        """Look for arrays, by name, that share memory."""
        found = list(memory.shared(pairs))
        self.findings += found
        if not found and sum(isinstance(one, np.ndarray) for _, one in pairs) > 1:
            self.looked.append("memory: none is shared between them")


def _word(nodes: Sequence[Parameter]) -> str:
    word = "parameter" if any(node.role == "parameter" for node in nodes) else "input"
    return f"{word}s" if len(nodes) != 1 else word
