"""X13: write a function whose graph has the adjoints that are wanted."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError, GraphvizADError, SeedError
from graphviz_ad.exercises.building import some, swept
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import alike
from graphviz_ad.exercises.judgements import Judgement
from graphviz_ad.exercises.questions import Checked
from graphviz_ad.graph import Graph, trace
from graphviz_ad.story.narration import described

KEY = "f"


def construct(
    f: Callable[..., Any] | Mapping[str, Any], *args: Any, uses: Sequence[str] = (), **kwargs: Any
) -> Exercise:
    """X13: give a function whose graph has these adjoints at this point.

    Parameters
    ----------
    f
        A function that does it: its adjoints are those that are wanted. Or the wanted adjoints by name; then the
        other arguments are keywords, and the answer is a function of them.
    uses : list of str
        Names of primitives that the answer's graph must have, such as ``["sin"]``: without them a sum of multiples of
        the inputs will always do.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> ex = gad.exercises.construct({"x": 7.0, "w": 3.0}, x=3.0, w=2.0, uses=["multiply"])
    >>> print(ex.prompt)
    Write a function of x and w whose result has the adjoints x: 7, w: 3 at x = 3, w = 2; its graph must use multiply.
    >>> ex.check({"f": lambda x, w: w * x + 5 * x}).ok
    True
    >>> print(ex.check({"f": lambda x, w: w * x}).message)
    f: The adjoint of x is 2, and 7 is wanted. Which paths lead from x to the result, and what do they add up to?
    """
    example: Callable[..., Any] | None = None
    if isinstance(f, Mapping):
        if args:
            raise ArgumentError("where adjoints are given by name, the point is given by keywords: x=3.0, w=2.0")
        unknown = sorted(set(f) - set(kwargs))
        if unknown:
            raise ArgumentError(f"wanted is the adjoint of {unknown[0]!r}, and the point has {list(kwargs)}")
        if not f:
            raise ArgumentError("no adjoint is wanted")
        wanted = {name: np.asarray(value, float)[()] for name, value in f.items()}
        for name, value in wanted.items():
            if shape_of(value) != shape_of(np.asarray(kwargs[name])):
                own = np.shape(kwargs[name])
                raise ArgumentError(f"the adjoint of {name} must have its shape, {own}, not {shape_of(value)}")
        values = {name: np.asarray(kwargs[name], float)[()] for name in kwargs}
        title = "function"
    else:
        graph = swept(f, *args, **kwargs)
        wanted = {node.name: node.adjoint for node in graph.inputs if node.differentiable}
        values = {node.name: node.value for node in graph.inputs}
        if isinstance(f, Graph):  # the answer takes its inputs by their names
            kwargs = dict(values)
        else:
            example = f
        title = graph.title or "function"
    told = ", ".join(f"{called(name)}: {described(value)}" for name, value in wanted.items())
    point = ", ".join(f"{called(name)} = {described(value)}" for name, value in values.items())
    must = f"; its graph must use {some(uses)}" if uses else ""
    prompt = f"Write a function of {some(values)} whose result has the adjoints {told} at {point}{must}."
    judge = _Judge(args, dict(kwargs), wanted, tuple(uses))
    if not uses and example is None:
        example = _Weighted(dict(wanted))
    question = Checked(KEY, prompt, judge, example, "a function")
    return Exercise(title, "X13", "Construct a graph", prompt, (question,), None)


class _Weighted:
    """A sum of multiples of its arguments: the plainest function with given adjoints."""

    def __init__(self, weights: Mapping[str, Any]) -> None:
        self.weights = weights

    def __call__(self, **values: Any) -> Any:
        total: Any = 0.0
        for name, weight in self.weights.items():
            total = total + np.sum(weight * values[name])
        return total


class _Judge:
    """Traces the answer at the point and compares adjoints."""

    def __init__(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], wanted: Mapping[str, Any], uses: tuple[str, ...]
    ) -> None:
        self.args = args
        self.kwargs = kwargs
        self.wanted = wanted
        self.uses = uses

    def __call__(self, answer: Any) -> Judgement | None:
        """What is wrong with a function; None if it is right."""
        if not callable(answer):
            raise ArgumentError("Give the function itself, such as f = lambda x: 2 * x, not its value.")
        try:
            args, kwargs = self._arguments(answer)
            graph = trace(answer, *args, **kwargs)
            graph.backward()
        except SeedError:
            text = "The result of your function is not one number, and adjoints start from one."
            return self._wrong(text, "", "Which number is to be differentiated: a sum of them, or one of them?")
        except GraphvizADError as error:
            return self._wrong(str(error), "", "What does gad.trace say of your function at this point?")
        except Exception as error:  # noqa: BLE001  (a student's own function may raise anything)
            return self._wrong(
                f"Your function raised {type(error).__name__}: {error}.", "", "Does it take these inputs?"
            )
        nodes = graph.inputs
        if len(nodes) < len(self.wanted):
            return self._wrong(f"Your function has {len(nodes)} inputs.", "", f"It is asked for {len(self.wanted)}.")
        named = {node.name: node for node in nodes}
        for place, (name, right) in enumerate(self.wanted.items()):
            node = named.get(name, nodes[place])
            told = called(name)
            if not node.reached:
                text = (
                    f"No path leads from {told} to the result, so its adjoint is 0, and {described(right)} is wanted."
                )
                if not alike(node.adjoint, right):
                    return self._wrong(text, "M9", f"Where does {told} go, and does anything lead on from there?")
            elif not alike(node.adjoint, right):
                text = f"The adjoint of {told} is {described(node.adjoint)}, and {described(right)} is wanted."
                ask = f"Which paths lead from {told} to the result, and what do they add up to?"
                return self._wrong(text, "", ask, self._needed(node.adjoint, right, told))
        used = {node.primitive.name for node in graph.nodes if node.primitive is not None}
        missing = [name for name in self.uses if name not in used]
        if missing:
            text = f"The adjoints are right, and {some(missing)} is not in the graph."
            return self._wrong(text, "", f"In the graph are {some(sorted(used))}.")
        return None

    def _arguments(self, answer: Callable[..., Any]) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """The point as the answer takes it: by the inputs' names, or in their order where it calls them otherwise."""
        try:
            inspect.signature(answer).bind(*self.args, **self.kwargs)
        except (TypeError, ValueError):
            return (*self.args, *self.kwargs.values()), {}
        return self.args, self.kwargs

    def _needed(self, found: Any, right: Any, name: str) -> str:
        if shape_of(found) != shape_of(right):
            return f"An adjoint has the shape of its variable: {shape_of(right)}."
        return f"One more path from {name} with the product {described(np.subtract(right, found))} would do."

    def _wrong(self, text: str, code: str, *hints: str) -> Judgement:
        return Judgement(KEY, False, "wrong", text, (code,) if code else (), hints)
