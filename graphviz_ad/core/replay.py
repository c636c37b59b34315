"""Computes a graph again with other values at some nodes, or at single uses of them: only what depends on these."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_ad.core.traced import replay_value

if TYPE_CHECKING:
    from graphviz_ad.core.graph import BaseGraph

_NONE: Mapping[Any, Any] = {}


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it: the new values by position, and why it ended early, if it did."""

    values: dict[int, Any]
    """Of the nodes that were given, and of all that depend on them; the other nodes keep theirs."""
    reason: str = ""
    """Where the graph would be another one: a guard sees something else, or a shape differs; "" if it is the same."""


def replay(
    graph: BaseGraph,
    values: Mapping[int, Any],
    arguments: Mapping[tuple[int, int], Any] = _NONE,
    only: Collection[int] | None = None,
) -> Replay:
    """The graph's values with other numbers in some places; the function is not run again.

    Parameters
    ----------
    values
        New values by position, of any nodes, in the kind and shape of the old ones (see `kindred`). A node that is
        given its old value, the object itself, stays as it is, whatever happens to its inputs.
    arguments
        New values by consumer and argnum: what this one use of a node sees. Its other uses see the node.
    only
        The positions that are computed; the others keep their values, whatever happens to their inputs.

    Notes
    -----
    Guards are checked. At the first that sees something else the replay ends, as `Graph.evaluate` does: what follows
    would be computed along a branch that the function does not take.
    """
    records, table = graph.records, graph.input_table
    new = {position: value for position, value in values.items() if value is not records[position].value}
    consumers = {consumer for consumer, _ in arguments}
    first = min([*new, *consumers], default=len(records))
    for position in range(first, len(records)) if only is None else sorted({*only, *new}):
        if position in new:
            value = new[position]
        elif position in values:
            continue
        else:
            row = table[position]
            if position not in consumers and not any(start in new for start in row):
                continue
            seen = [new[start] if start in new else records[start].value for start in row]
            if position in consumers:
                seen = [arguments.get((position, argnum), value) for argnum, value in enumerate(seen)]
            try:
                value = replay_value(records[position], seen)
            except (ValueError, IndexError, TypeError) as error:
                return Replay(new, f"{graph.names[position]} cannot be computed with these shapes ({error})")
            new[position] = value
        reason = graph.broken(position, value)
        if reason:
            return Replay(new, reason)
    return Replay(new)


def kindred(value: Any, old: Any) -> Any:
    """A value in the kind of number that the old one is, and in memory of its own.

    Examples
    --------
    >>> kindred(np.float64(2.5), 1.0), kindred(0.1, np.float32(1.0)), kindred([1, 2], np.zeros(2))
    (2.5, np.float32(0.1), array([1., 2.]))
    """
    if type(old) is float:
        return float(value)
    if type(old) is complex:
        return complex(value)
    found = np.array(value, dtype=old.dtype)
    return found if isinstance(old, np.ndarray) else found[()]
