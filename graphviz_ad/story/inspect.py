"""Everything about one node or one edge, for the person who asks "why?": formulas, numbers, ledger, as plain data.

What is told is complete; each piece says by which step the story reveals it, so that a view can hold it back. Steps
are counted as the explorer does: after step k the first k events have happened, 0 is what is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.visible import called, visible
from graphviz_ad.story import narration
from graphviz_ad.story.equations import (
    adjoint_term,
    contribution_chain,
    contribution_term,
    is_landing,
    is_scalar,
    is_turned,
    local_term,
    number_term,
    partial_term,
    product_term,
    scalar_local,
    tangent_term,
    value_chain,
)
from graphviz_ad.story.flow import Across, is_map
from graphviz_ad.story.formula import jacobian_text, local_reason, operation, shape_equation
from graphviz_ad.story.notation import printer
from graphviz_ad.story.numbers import brief, exact, plain_local, shape_text
from graphviz_ad.story.outline import Link
from graphviz_ad.story.reasons import unknown
from graphviz_ad.story.terms import Operation, Symbol, Term, is_number, plain_term, substituted, symbols
from graphviz_ad.story.timeline import Step, Timeline

MOST_MEMBERS = 60
"""So many operations of a collapsed group are listed."""

Facts = dict[str, Any]


class Inspector:
    """Answers about the visible nodes and edges of one story.

    Parameters
    ----------
    line
        The story; in it is what is visible.
    digits
        Significant digits of the numbers for people.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x):
    ...     u = x * x
    ...     return u + x
    >>> found = Inspector(gad.trace(f, 3.0).timeline())
    >>> found.node(1)["formula"]
    {'left': 'u', 'chain': ['x·x', '3 × 3', '9']}
    >>> for row in found.node(0)["ledger"]:
    ...     print(row["step"], row["from"], "|", row["symbols"], "=", row["numbers"], "|", row["old"], "→", row["new"])
    5 2 | ∂out/∂out × 1 = 1 × 1 | 0 → 1
    6 1 | ∂out/∂u · x = 1 × 3 | 1 → 4
    7 1 | ∂out/∂u · x = 1 × 3 | 4 → 7
    """

    def __init__(self, line: Timeline, digits: int = 4) -> None:
        self.line = line
        self.outline = line.outline
        self.digits = digits
        self.printed = printer("unicode", line.notation, line.result, digits)
        self.numbers = {item.id: number for number, item in enumerate(self.outline.items)}
        self.last = len(line)
        self._steps: dict[int, list[Step]] = {}  # by item
        self._along: dict[int, list[Step]] = {}  # by link
        for step in line:
            event = line.events[step.order]
            self._steps.setdefault(event.item, []).append(step)
            if event.link >= 0:
                self._along.setdefault(event.link, []).append(step)
        self._products: dict[int, Facts] = {}  # by link: the ledger and the edge both tell it
        self._outgoing: dict[int, list[Link]] = {}
        for link in self.outline.links:
            self._outgoing.setdefault(link.input, []).append(link)
        self.swept = line.mode == "reverse" and line.seed_step is not None
        self.forward = line.mode == "forward"

    # -- nodes ------------------------------------------------------------------------------------

    def node(self, number: int) -> Facts:
        """Everything about one visible node or collapsed group, by its position in the outline."""
        item, node = self.outline.items[number], self.outline.node(number)
        steps = self._steps.get(number, [])
        group = item.group
        facts: Facts = {
            "id": item.id,
            "name": visible(item.name),
            "kind": "group" if group is not None or node is None else node.kind,
            "inputs": [self._end(link, link.input) for link in self.outline.incoming[number]],
            "consumers": [self._end(link, link.consumer) for link in self._outgoing.get(number, ())],
            "revealed": self._revealed(steps),
            "expected": self.line.expected(number),
            "seed": self._seed(steps),
            "ledger": [self._row(step) for step in steps if step.link is not None and self.line.adds(step.order)],
        }
        if group is not None:
            facts |= self._group(number)
        if node is not None:
            facts |= self._numbers(node)
            if group is None:
                facts |= self._made(node)
        return facts

    def _end(self, link: Link, number: int) -> Facts:
        item = self.outline.items[number]
        return {"edge": link.index, "node": item.id, "name": called(item.name)}

    def _revealed(self, steps: Sequence[Step]) -> dict[str, int]:
        """The steps after which value, adjoint and tangent are known; what no step tells is known at the end."""
        kinds = {step.kind: step.order + 1 for step in steps}
        final = next((step.order + 1 for step in reversed(steps) if step.complete), None)
        if final is None:
            final = next((step.order + 1 for step in steps if step.kind == "seed"), self.last)
        return {"value": kinds.get("value", 0), "adjoint": final, "tangent": final}

    def _seed(self, steps: Sequence[Step]) -> Facts | None:
        for step in steps:
            if step.kind == "seed" and step.new is not None:
                return {"step": step.order + 1, "text": self._text(step.new)}
        return None

    def _numbers(self, node: Node) -> Facts:
        return {
            "shape": shape_text(node.shape),
            "dtype": node.dtype.name,
            "differentiable": node.differentiable,
            "reached": node.reached,
            "value": self._number(node.value),
            "adjoint": self._number(node.adjoint if self.swept else None),
            "tangent": self._number(node.tangent if self.forward else None),
            "symbol": self._derivative(node),
        }

    def _made(self, node: Node) -> Facts:
        """What made a node: its operation, its formula, its place in the source, its part in a derivative."""
        primitive, source = node.primitive, node.source
        facts: Facts = {
            "aliases": [called(name) for name in node.aliases],
            "role": node.role,
            "order": node.derivative_order,
            "primitive": "" if primitive is None else primitive.name,
            "operation": operation(node),
            "formula": None,
            "source": None,
            "group": "" if node.group is None else visible(node.group),
        }
        if primitive is not None:
            chain = self._chain(value_chain(node))
            facts["formula"] = {"left": self._shown(Symbol(node.name, node.shape)), "chain": chain}
        if source is not None:
            facts["source"] = {"place": visible(str(source)), "line": source.line, "text": visible(source.text)}
        return facts

    def _group(self, number: int) -> Facts:
        """What a collapsed group holds, what flows in and what flows out."""
        item, graph = self.outline.items[number], self.line.graph
        assert item.group is not None
        made = [graph.nodes[place] for place in item.positions if graph.records[place].primitive is not None]
        members = made or [graph.nodes[place] for place in item.positions]
        return {
            "contents": narration.contents(item, graph),
            "members": [
                {"name": called(one.name), "operation": operation(one), "shape": shape_text(one.shape)}
                for one in members[:MOST_MEMBERS]
            ],
            "count": len(members),
            "out": [
                {
                    "name": called(one.name),
                    "shape": shape_text(one.shape),
                    "value": self._number(one.value),
                    "adjoint": self._number(one.adjoint if self.swept else None),
                    "tangent": self._number(one.tangent if self.forward else None),
                }
                for one in (graph.nodes[place] for place in item.outgoing[:MOST_MEMBERS])
            ],
        }

    # -- the ledger -------------------------------------------------------------------------------

    def _row(self, step: Step) -> Facts:
        """One contribution: where it comes from, the product in symbols and numbers, the sum before and after."""
        link = step.link
        assert link is not None
        row: Facts = {"step": step.order + 1, "edge": link.index, "reported": step.reported, "complete": step.complete}
        row["from"] = self.outline.items[link.input if self.forward else link.consumer].id
        row |= self._product(link)
        row["sent"] = self._text(step.contribution)
        row["old"], row["new"] = self._text(step.old), self._text(step.new)
        return row

    def _product(self, link: Link) -> Facts:
        """What flows along a link, as factors: adjoint × local derivative, or local derivative × tangent."""
        if link.index not in self._products:
            self._products[link.index] = self._factors(link)
        return self._products[link.index]

    def _factors(self, link: Link) -> Facts:
        edge = self.line.flow.alone(link)
        facts: Facts = {"symbols": "", "numbers": "", "summed": None}
        if edge is None:
            return facts
        if self.forward:
            facts["symbols"] = self._shown(tangent_term(edge))
            if is_scalar(edge) and (number := scalar_local(edge)) is not None:
                factors = plain_term(number), plain_term(edge.input.tangent)
                facts["numbers"] = self._shown(Operation("multiply", factors))
            return facts
        if is_scalar(edge):
            *said, _ = contribution_chain(edge, "v̄")
            if scalar_local(edge) is not None:
                facts["numbers"] = self._shown(said.pop())
            facts["symbols"] = " = ".join(map(self._shown, said))
            return facts
        facts["symbols"] = self._shown(product_term(edge))
        facts["shapes"] = shape_equation(edge)
        if self.line.flow.is_summed(link):
            product = self.line.flow.product(link)
            first = self._along[link.index][0] if link.index in self._along else None
            facts["summed"] = {
                "step": self.last if first is None else first.order + 1,
                "shape": shape_text(shape_of(product)),
                "text": self._text(product),
                "to": shape_text(edge.input.shape) or "()",
            }
        return facts

    # -- edges ------------------------------------------------------------------------------------

    def edge(self, index: int) -> Facts:
        """Everything about one visible edge, by its position in the outline's links."""
        link = self.outline.links[index]
        edge, edges = self.line.flow.alone(link), self.outline.edges(link)
        steps = self._along.get(index, [])
        consumer = self.outline.items[link.consumer]
        active = any(one.active and (not self.swept or one.consumer.reached) for one in edges)
        facts: Facts = {
            "index": index,
            "input": self.outline.items[link.input].id,
            "consumer": consumer.id,
            "argnum": link.argnum,
            "active": active,
            "cut": any(one.is_break for one in edges) and not any(one.active for one in edges),
            "through": "" if consumer.group is None else called(consumer.name),
            "edges": len(edges),
            "revealed": {
                "local": steps[0].order + 1 if steps else self.last,
                "contribution": steps[-1].order + 1 if steps else self.last,
            },
            "factor": self._factor(link),
            "local": self._local(link, edge),
            "turned": edge is not None and not self.forward and is_turned(edge) and is_complex(edge.local),
            "landing": edge is not None and not self.forward and is_landing(edge),
            "reason": self._reason(link, edge),
            "contribution": None,
        }
        if active and (self.swept or self.forward):
            sent = self.line.flow.pushed(link) if self.forward else self.line.flow.contribution(link)
            facts["contribution"] = self._product(link) | {"number": self._number(sent)}
        return facts

    def _reason(self, link: Link, edge: Edge | None) -> str:
        """Why a local derivative is 0 or 1, or why it is left out; "" where there is nothing to say."""
        if edge is not None:
            return local_reason(edge)
        local = self.line.flow.local(link)
        name = called(self.outline.items[link.consumer].name)
        return unknown(f"a rule inside {name}") if is_map(local) and not local.shape else ""

    def _factor(self, link: Link) -> Facts | None:
        """What the local derivative is multiplied with: the consumer's adjoint, or the input's tangent."""
        node = self.outline.source(link) if self.forward else self.outline.node(link.consumer)
        value = None if node is None else node.tangent if self.forward else node.adjoint if self.swept else None
        if node is None or value is None:
            return None
        return {"node": self.outline.items[link.input if self.forward else link.consumer].id} | {
            "symbol": self._derivative(node),
            "number": self._number(value),
        }

    def _derivative(self, node: Node) -> str:
        """How a node's adjoint, or its tangent, is written."""
        return self._shown(Symbol(node.name, node.shape, "tangent") if self.forward else adjoint_term(node))

    def _local(self, link: Link, edge: Edge | None) -> Facts | None:
        """∂consumer/∂input: by its name, in symbols, filled with numbers, as a number; small Jacobians as a matrix."""
        local = plain_local(self.line.flow.local(link))
        if local is None:
            return None
        facts: Facts = {"left": "", "chain": [], "map": "", "shape": "", "number": None, "matrix": ""}
        if edge is not None:
            facts["left"] = self._shown(partial_term(edge))
        if is_map(local) and not local.shape:
            return facts  # a number that a user's own rule does not give
        if isinstance(local, LocalJacobian | Across):
            ends = (
                (edge.consumer, edge.input) if edge else (self.outline.node(link.consumer), self.outline.source(link))
            )
            facts["shape"] = " × ".join("()" if end is None else shape_text(end.shape) or "()" for end in ends)
            if not local.shape:
                facts["shape"] = "by parts"
            if edge is not None:
                facts["map"] = self._map(edge)
                facts["matrix"] = jacobian_text(edge, digits=self.digits)
            return facts
        facts["number"] = self._number(local)
        facts["shape"] = shape_text(shape_of(local))
        if edge is not None:
            facts["chain"] = self._chain(self._local_chain(edge, local))
        return facts

    def _map(self, edge: Edge) -> str:
        """What the local derivative makes of an adjoint, or of a tangent: for arrays it is no number."""
        if self.forward:
            given, made = Symbol(edge.input.name, edge.input.shape, "tangent"), tangent_term(edge)
        else:
            given, made = adjoint_term(edge.consumer), contribution_term(edge)
        return f"{self._shown(partial_term(edge))}: {self._shown(given)} ↦ {self._shown(made)}"

    def _local_chain(self, edge: Edge, local: Any) -> list[Term]:
        term = local_term(edge)
        if term is None and is_scalar(edge):
            term = number_term(edge)
        if term is None:
            return []
        if shape_of(local):
            return [term]
        known = {Symbol(node.name): plain_term(node.value) for node in (*edge.consumer.inputs, edge.consumer)}
        names = symbols(term)
        filled = substituted(term, dict(known)) if names and names <= set(known) else None
        return [term, *([] if filled is None or is_number(term) else [filled]), plain_term(local)]

    # -- texts ------------------------------------------------------------------------------------

    def _shown(self, term: Term) -> str:
        return visible(self.printed.text(term))

    def _chain(self, terms: Sequence[Term]) -> list[str]:
        """The right sides of an equation; what says the same as the one before is left out."""
        texts: list[str] = []
        for text in map(self._shown, terms):
            if not texts or texts[-1] != text:
                texts.append(text)
        return texts

    def _text(self, value: Any) -> str:
        return number_text(value, self.digits)

    def _number(self, value: Any) -> Facts | None:
        return None if value is None else numbered(value, self.digits)


def number_text(value: Any, digits: int) -> str:
    """A number or an array in the width that a table has; "" for none."""
    return "" if value is None else brief(value, digits, 40)


def numbered(value: Any, digits: int) -> Facts:
    """A number for people, and the exact one; arrays in short, with their shape."""
    shape = shape_text(np.shape(value))
    return {"text": number_text(value, digits), "shape": shape, "exact": "" if shape else exact(value)}
