"""What flows along the visible links of a graph: local derivatives, contributions, tangents, also across groups."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.traced import shape_of
from graphviz_ad.story.outline import Item, Link, Outline


class Flow:
    """The numbers on the links of one outline; each is computed when asked."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.graph: BaseGraph = outline.graph
        self._across: dict[int, dict[int, Any] | None] = {}
        self._sent: dict[int, Any] = {}

    def sends(self, link: Link) -> bool:
        """Whether anything comes back along a link."""
        return any(edge.active and edge.consumer.reached for edge in self.outline.edges(link))

    def alone(self, link: Link) -> Edge | None:
        """The edge that a link is; None where it stands for several, or for a way through a group."""
        if len(link.edges) != 1 or self.outline.items[link.consumer].group is not None:
            return None
        return self.graph.edges[link.edges[0]]

    # -- reverse mode -----------------------------------------------------------------------------

    def contribution(self, link: Link) -> Any:
        """What comes back along a link, in the input's shape; None where it goes to several values."""
        if link.index not in self._sent:
            total: Any = None
            if self.outline.source(link) is not None:
                for edge in reversed(self.outline.edges(link)):  # in the order of the sweep
                    if edge.active and edge.consumer.reached:
                        sent = edge.contribution
                        total = sent if total is None else total + sent
            self._sent[link.index] = total
        return self._sent[link.index]

    def product(self, link: Link) -> Any:
        """Adjoint × local derivative, before the sum over broadcast axes."""
        edge = self.alone(link)
        if edge is None or not edge.active:
            return self.contribution(link)
        with np.errstate(all="ignore"):
            return sweep.unsummed_contribution(
                self.graph.records[edge.consumer.id], edge.argnum, self.graph.adjoint_of(edge.consumer.id)
            )

    def is_summed(self, link: Link) -> bool:
        """Whether the input was broadcast, so that its contributions have to be summed over axes."""
        edge = self.alone(link)
        if edge is None or not edge.consumer.shape:
            return False
        primitive = edge.consumer.primitive
        assert primitive is not None
        if primitive.whole:
            return False
        if primitive.scales:
            return _entries(edge.consumer.shape) > _entries(edge.input.shape)
        # a rule may give one result for each copy, as that of a matrix product with a batch does
        return len(edge.consumer.inputs) > 1 and _entries(shape_of(self.product(link))) > _entries(edge.input.shape)

    # -- local derivatives ------------------------------------------------------------------------

    def local(self, link: Link) -> Any:
        """∂consumer/∂input: of one edge as the graph has it; across a group from end to end.

        A `Across` where only its shape is known; None where no single value goes in or comes out.
        """
        edge = self.alone(link)
        if edge is not None:
            return edge.local
        item = self.outline.items[link.consumer]
        source, result = self.outline.source(link), self.outline.node(link.consumer)
        if source is None or result is None or not any(edge.active for edge in self.outline.edges(link)):
            return None
        if not result.differentiable:  # a group that decides something
            return None
        if item.group is None or not self._entrywise(item, source, result):
            return Across(result.shape + source.shape)
        ends = self._ends(link.consumer, result)
        return Across(result.shape + source.shape) if ends is None else ends.get(source.id)

    def _entrywise(self, item: Item, source: Node, result: Node) -> bool:
        """Whether each entry of a group's result depends on the same entry of its input alone, by one number.

        Of complex values the derivative from end to end may be no number.
        """
        if any(is_complex(self.graph.records[position].value) for position in (source.id, *item.positions)):
            return False
        if source.shape == result.shape == ():
            return True
        # what was broadcast could not come back to the result's shape without an operation that does not scale
        records = (self.graph.records[position] for position in item.positions)
        return source.shape == result.shape and all(
            record.primitive is None or not record.differentiable or record.primitive.scales for record in records
        )

    def pull(self, link: Link, adjoint: Any) -> Any:
        """What would come back along a link across a group if the group's one result had this adjoint."""
        source, result = self.outline.source(link), self.outline.node(link.consumer)
        assert source is not None
        assert result is not None
        return self._through(link.consumer, result, adjoint).get(source.id)

    def _ends(self, number: int, result: Node) -> dict[int, Any] | None:
        """The derivatives of a group's result by everything that enters it, by one sweep through the group.

        None where a user's own rule (gad.custom) in it is not made for the adjoints of this sweep.
        """
        if number not in self._across:
            try:
                self._across[number] = self._through(number, result, np.ones(result.shape, result.dtype)[()])
            except Exception:
                if self.graph.is_ours:
                    raise
                self._across[number] = None
        return self._across[number]

    def _through(self, number: int, result: Node, adjoint: Any) -> dict[int, Any]:
        """An adjoint of a group's result taken back to everything that enters the group."""
        records = self.graph.records
        inside = set(self.outline.items[number].positions)
        entering = {
            start: records[start]
            for position in inside
            for start in self.graph.input_table[position]
            if start not in inside
        }
        leaves = {record.index for record in entering.values()}
        only = {records[position].index for position in inside} | leaves
        found = sweep.reverse([(records[result.id], adjoint)], leaves=leaves, only=only)
        return {
            start: np.asarray(found.get(record.index, np.zeros(record.shape, record.dtype)))[()]
            for start, record in entering.items()
        }

    # -- forward mode -----------------------------------------------------------------------------

    def pushed(self, link: Link) -> Any:
        """What a link adds to its consumer's tangent; None where the consumer has several values."""
        edge = self.alone(link)
        records = self.graph.records
        if edge is not None:
            with np.errstate(all="ignore"):
                return sweep.push(records[edge.consumer.id], edge.argnum, edge.input.tangent)
        result = self.outline.node(link.consumer)
        if result is None or not result.differentiable:
            return None
        starts = {edge.input.id: edge.input for edge in self.outline.edges(link)}
        tangents = {records[start].index: node.tangent for start, node in starts.items() if node.tangent is not None}
        inside = [records[position] for position in self.outline.items[link.consumer].positions]
        sweep.forward(inside, tangents)
        moved = tangents.get(records[result.id].index)
        return np.zeros(result.shape, result.dtype)[()] if moved is None else moved


class Across:
    """The shape of a derivative from end to end of a group: the consumer's, then the input's."""

    __slots__ = ("shape",)

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape


def is_map(local: Any) -> TypeGuard[LocalJacobian | Across]:
    """Whether a local derivative is no array of numbers but a linear map, of which the shape is shown."""
    return isinstance(local, LocalJacobian | Across)


def _entries(shape: tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count
