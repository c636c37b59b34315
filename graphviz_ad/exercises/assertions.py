"""Assertions for courses: an AssertionError carries the feedback, so that pytest, nbgrader and otter show it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError, UnknownNameError
from graphviz_ad.exercises.building import edge_key, swept
from graphviz_ad.exercises.case import GIVEN
from graphviz_ad.exercises.compare import compare
from graphviz_ad.exercises.fingerprints import Fingerprints, alike
from graphviz_ad.exercises.judgements import Judgement
from graphviz_ad.exercises.questions import Number
from graphviz_ad.graph import Graph
from graphviz_ad.story.answers import TYPED, parse
from graphviz_ad.story.numbers import listed, short


def assert_adjoints(
    f: Callable[..., Any] | Graph,
    inputs: Any = (),
    ans: Any = None,
    rtol: float = TYPED,
    *,
    asked: Sequence[str] | None = None,
    hints: int = 2,
) -> None:
    """Raise, with the feedback, unless a student's adjoints are right.

    Parameters
    ----------
    f : callable or Graph
    inputs : dict, tuple, array or number
        Arguments by name, or in order; not looked at where ``f`` is a graph.
    ans : dict
        Answers by the names of nodes, and of edges for local derivatives (``"x->u"``): numbers, fractions and
        expressions as texts, lists, arrays.
    rtol : float
        Relative tolerance of decimals; fractions and expressions must be exact.
    asked : list of str, optional
        What has to be answered; by default the adjoints of all inputs but data and targets (`gad.variable` with such a
        role): what is missing would else count as right, and no answer at all as well. Whatever else is answered has
        to be right too.
    hints : int
        How much the feedback tells: 1 names the mistake, 2 asks what leads on, 3 shows the right number.

    Raises
    ------
    AssertionError
        An answer is wrong or missing.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x):
    ...     y = 3 * x**2 + 2 * x
    ...     return y
    >>> gad.assert_adjoints(f, {"x": 3.0}, {"x": "6*3 + 2"})
    >>> gad.assert_adjoints(f, {"x": 3.0}, {"x": 36}, hints=1)
    Traceback (most recent call last):
    AssertionError: x: 36 is not right. That is the product of 2 paths from x to y.
    """
    traced = _graph_of(f, inputs)
    if not isinstance(ans, Mapping) or not all(isinstance(key, str) for key in ans):
        raise AssertionError(
            f"answers are a dictionary by name, such as {{{traced.inputs[0].name!r}: 0}}: {brief(ans)}"
        )
    if asked is None:
        inner = [node for node in traced.inputs if node.role not in GIVEN]
        asked = [node.name for node in inner or traced.inputs if node.differentiable and node.reached]
    wrong = Fingerprints(traced)
    answers = {str(key).strip().replace(" ", "").replace("→", "->"): answer for key, answer in ans.items()}
    failed = []
    for key in dict.fromkeys([*asked, *answers]):
        try:
            question = _question(traced, wrong, key)
        except UnknownNameError as error:
            failed.append(f"{key}: {error}")
            continue
        found = _judged(question, answers.get(key), rtol)
        if not found.ok:
            failed.append(f"{key}: {found.message(hints)}")
    if failed:
        raise AssertionError("\n".join(failed))


def _graph_of(f: Any, inputs: Any) -> Graph:
    if isinstance(f, BaseGraph):
        return swept(f)  # type: ignore[arg-type]  # every graph that a user has is a Graph
    if isinstance(inputs, Mapping):
        return swept(f, **inputs)
    return swept(f, *(inputs if isinstance(inputs, tuple) else (inputs,)))


def _question(traced: BaseGraph, wrong: Fingerprints, key: str) -> Number:
    if "->" in key:
        edges = {edge_key(edge): edge for edge in traced.edges if edge.active}
        if key not in edges:
            raise UnknownNameError(f"no edge is called {key!r}; the edges are {listed(list(edges), 12)}.")
        edge = edges[key]
        local = edge.local
        if shape_of(local) != edge.consumer.shape or not isinstance(local, float | np.ndarray | np.generic):
            raise UnknownNameError(f"the edge {key} is a map between arrays: there is no one number on it.")
        return Number(key, f"∂{edge.consumer.name}/∂{edge.input.name}", local, wrong.of_local(edge))
    node = traced[key]
    if not node.differentiable:
        raise UnknownNameError(f"{key} is a constant and has no adjoint.")
    return Number(key, f"the adjoint of {key}", node.adjoint, wrong.of_adjoint(node.id))


def _judged(question: Number, answer: Any, rtol: float) -> Judgement:
    found = question.judge(answer)
    if rtol == TYPED or found.kind == "unread":
        return found
    value = parse(answer, shape_of(question.right)).value
    near = alike(value, question.right, rtol)
    if found.ok and not near:
        return Judgement(
            question.key, False, "wrong", f"That is right to 1/1000, and asked for is {rtol:g}: more digits."
        )
    if not found.ok and near:
        return Judgement(question.key, True, "right", "")
    return found


def assert_backward(
    backward: Any,
    f: Callable[..., Any] | None = None,
    inputs: Any = None,
    *,
    shapes: str | Mapping[str, Any] = "random-nonsquare",
    seeds: int | Sequence[int] = 3,
    wrt: Sequence[str] | None = None,
    rtol: float = 1e-6,
) -> None:
    """Raise, with the feedback, unless a backward pass written by hand gives the graph's adjoints.

    The arguments are those of `gad.compare`.

    Raises
    ------
    AssertionError
        A gradient is wrong, missing or of another shape, or the student's code raised an error.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.assert_backward(lambda x: 6 * x * (x**2 + 1) ** 2, lambda x: (x**2 + 1) ** 3, 1.5)
    >>> gad.assert_backward(lambda x: 3 * (x**2 + 1) ** 2, lambda x: (x**2 + 1) ** 3, 1.5)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: The first wrong adjoint on the way back is that of x. ... How fast does v1 itself change with x?
    """
    if not callable(backward) and not hasattr(backward, "backward"):
        raise AssertionError(f"There is no backward pass yet: a function was expected, not {brief(backward)}.")
    found = compare(backward, f, inputs, shapes=shapes, seeds=seeds, wrt=wrt, rtol=rtol)
    if not found.ok:
        problem = next((case.problem for case in found.cases if case.problem is not None), None)
        raise AssertionError(found.message) from (problem.error if problem else None)


# -- gradients across depth ---------------------------------------------------------------------------


def assert_slope(
    net: Any,
    theory: Any = None,
    tol: float = 0.015,
    *,
    column: str = "delta_norm",
    layers: tuple[int, int] | None = None,
) -> None:
    """Raise unless gradients shrink or grow across depth as predicted.

    Parameters
    ----------
    net : Flow, Settings or dict
        What `gad.gradflow.measure` gave, or its arguments: then it is measured here.
    theory : number, MeanField or None
        The change of ln ‖δ‖ per layer towards the input; what `gad.gradflow.theory.mean_field` gave; None for the
        theory of the net's own settings.
    tol : float
        Allowed difference of the two slopes.
    column : str
        Another column of the table.
    layers : (first, last), optional
        The layers over which the line is fitted; by default from 2/5 of the depth on, without the last two.

    Raises
    ------
    AssertionError
        The slopes differ; it says so if the prediction is the slope of another quantity.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> net = gad.gradflow.measure(depth=30, width=100, batch=32, activation="linear", weight_var=0.25, seeds=4)
    >>> gad.assert_slope(net, -0.693, tol=0.02)
    >>> gad.assert_slope(net, -1.386, tol=0.02)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: ln ‖δ‖ changes by -0.69... -1.386 is the slope of ln ‖δ‖², twice that of ln ‖δ‖.
    """
    from graphviz_ad import gradflow
    from graphviz_ad.gradflow.measurement import measured
    from graphviz_ad.gradflow.predict import predict
    from graphviz_ad.gradflow.settings import Settings

    if isinstance(net, Mapping):
        net = gradflow.measure(**net)
    elif isinstance(net, Settings):
        net = measured(net)
    if not isinstance(net, gradflow.table.Flow):
        raise ArgumentError(
            f"net must be what gad.gradflow.measure gave, or a dictionary of its arguments: {brief(net)}"
        )
    if layers is None:
        first, last = net.layers[0], net.layers[-1]
        layers = (first + 2 * (last - first) // 5, last - 2) if last - first >= 9 else (first, last)
    found = net.slope(column, layers)
    if theory is None:
        prediction = predict(net, column)
        if prediction is None:
            raise ArgumentError("there is no theory for this net: give the slope as a number.")
        wanted = prediction.slope(layers)
    else:
        wanted = getattr(theory, "slope", theory)
    if isinstance(wanted, bool) or not isinstance(wanted, float | int | np.floating):
        raise AssertionError(f"a slope is a number, the change of ln per layer towards the input, not {brief(wanted)}.")
    if abs(found - wanted) <= tol:
        return
    words = (
        f"{_words_of(column)} changes by {found:.4g} per {net.unit} towards the input ({net.unit}s {layers[0]} to "
        f"{layers[1]}), and the prediction is {wanted:.4g}: they differ by {abs(found - wanted):.3g}, and {tol:g} is "
        "allowed."
    )
    raise AssertionError(f"{words} {_slip(net, column, layers, float(wanted), found, tol)}".strip())


def _words_of(column: str) -> str:
    return {"delta_norm": "ln ‖δ‖", "delta_mean_square": "ln mean δ²"}.get(column, f"ln {column}")


def _slip(net: Any, column: str, layers: tuple[int, int], wanted: float, found: float, tol: float) -> str:
    """What the prediction is instead."""
    if not math.isfinite(found):
        return f"What was measured is no line: {net.reading}"
    if abs(2 * found - wanted) <= 2 * tol:
        return f"{wanted:.4g} is the slope of ln ‖δ‖², twice that of ln ‖δ‖."
    if abs(found + wanted) <= tol:
        return "The size is right, and the sign is the other one: which way are layers counted here?"
    other = "weight_grad_norm" if column == "delta_norm" else "delta_norm"
    slope = net.slope(other, layers)
    if column == "delta_norm" and abs(slope - wanted) <= tol:
        return (
            f"That is the slope of the weight gradients, {short(slope)}, which also hold what comes in from below. "
            "Which of the two shows how the adjoint fares from layer to layer?"
        )
    return ""
