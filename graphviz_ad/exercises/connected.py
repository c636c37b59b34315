"""Asserts that a derivative leads from the loss back to every parameter, and names the line where the trail ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.core.traced import Traced
from graphviz_ad.core.visible import called
from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError, ExitError, OutputError
from graphviz_ad.graph import graph, trace
from graphviz_ad.story.trails import ends


def assert_connected(loss: Any, params: Any) -> None:
    """Raise unless a derivative leads from the loss back to every parameter; name the line where the trail ends.

    Parameters
    ----------
    loss : callable, Graph or traced value
        A function; the graph of one; or the result of a computation with `gad.variable`.
    params : dict, tuple, list or str
        Of a function its arguments, by name or in order: all their floats must be connected. Of a graph names of its
        nodes; of a traced value the variables themselves, or their names.

    Raises
    ------
    AssertionError
        There is no way back to one of them.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> def loss(w, v):
    ...     h = gad.detach(w * 2)
    ...     return h * v
    >>> gad.assert_connected(loss, {"w": 1.0, "v": 3.0})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: No way leads back from the result to w: the trail ends at line 2 (`gad.detach(w * 2)`), ...
    """
    try:
        traced, names = _loss_graph(loss, params)
    except (ExitError, OutputError) as error:
        raise AssertionError(f"{error} No way leads back through a plain number: is that meant?") from error
    cut = [name for name in names if not traced[name].reached]
    if not cut:
        return
    result = called(traced.outputs[0].name)
    result = "the result" if result == "out" else result
    words = []
    for name in cut:
        ends = list(_ends(traced, traced[name]))
        trail = f"the trail ends at {' and at '.join(ends)}" if ends else "nothing on the way to it uses it"
        words.append(f"No way leads back from {result} to {called(name)}: {trail}. Is that meant?")
    raise AssertionError("\n".join(words))


def _loss_graph(loss: Any, params: Any) -> tuple[BaseGraph, list[str]]:
    if isinstance(loss, BaseGraph):
        return loss, _names(loss, params)
    if type(loss) is Traced:
        traced: BaseGraph = graph(loss)
        return traced, _names(traced, params)
    if not callable(loss):
        raise AssertionError(
            f"the loss is {brief(loss)}, a plain number: no way leads back from it. Pass the function, or a value that "
            "is computed from gad.variable(...)."
        )
    if isinstance(params, Mapping):
        made = trace(loss, **params)
    else:
        made = trace(loss, *(params if isinstance(params, tuple | list) else (params,)))
    return made, [node.name for node in made.inputs if node.role not in ("data", "target")]


def _names(traced: BaseGraph, params: Any) -> list[str]:
    wanted = params.values() if isinstance(params, Mapping) else params
    if isinstance(params, str) or type(params) is Traced:
        wanted = [params]
    if not isinstance(wanted, Iterable):
        raise ArgumentError(f"params must be names, or variables, not {brief(params)}")
    names = []
    for one in wanted:
        if type(one) is Traced:
            name = one.params.get("name")
            if name not in traced:
                raise AssertionError(f"The result is not computed from {called(name) if name else brief(one.value)}.")
            names.append(str(name))
        else:
            names.append(traced[one].name)
    return names


def _ends(traced: BaseGraph, start: Node) -> Iterator[str]:
    """Where what is computed from a node leaves the graph."""
    told = []
    for end in ends(traced, start):
        line = end.source
        told.append(f"line {line.line}{f' (`{line.text}`)' if line.text else ''}, {end}" if line else str(end))
    yield from dict.fromkeys(told[:3])
