"""Makes the graph that is examined, and keeps the error that ended the function, if one did."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from graphviz_ad.core import foreign
from graphviz_ad.core import trace as tracing
from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.traced import Traced
from graphviz_ad.core.where import brief
from graphviz_ad.doctor.numbers import NOT_KEPT
from graphviz_ad.errors import ArgumentError
from graphviz_ad.graph import Graph, graph


def is_partial(seen: Graph | None, f: Any, reader: Callable[..., Any] | None) -> bool:
    """Whether a graph is what another library has kept of a computation, and not all of it."""
    kept = seen is not None and any(note.startswith(NOT_KEPT) for note in seen.tables.notes.values())
    return kept or (reader is not None and not callable(f))


def graph_of(
    f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], reader: Callable[..., Any] | None
) -> tuple[Graph | None, Exception | None]:
    """The graph of what is to be examined, and the error that ended it, if one did."""
    if isinstance(f, BaseGraph):
        if args or kwargs:
            raise ArgumentError("a graph has its inputs already: write gad.doctor(graph), or gad.doctor(f, x)")
        given: Any = f
        return given if given.has_adjoints else copy.copy(given), None
    if type(f) is not Traced and not callable(f) and not foreign.library_of(f):
        raise ArgumentError(
            f"gad.doctor takes a function with its arguments, a graph, or a loss of PyTorch with its model, not "
            f"{brief(f)}. A plain number does not know what it was computed from: pass the function, gad.doctor(loss, "
            "params)."
        )
    try:
        with np.errstate(all="ignore"):  # what overflows is what we look for
            if reader is not None:
                return reader(f, *args, **kwargs), None
            if type(f) is Traced:
                return graph(f), None
            return tracing.trace(Graph, f, args, kwargs, loose=True), None
    except Exception as error:  # what a user's function raises is what we look for
        seen = getattr(error, "graph", None)
        if isinstance(error, ArgumentError) and seen is None:
            raise  # the call itself was wrong, not what happened inside
        return seen, error
