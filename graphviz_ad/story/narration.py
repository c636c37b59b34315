"""Every step as one sentence with its numbers, and the whole graph as a paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.visible import called, visible
from graphviz_ad.story.flow import is_map
from graphviz_ad.story.formula import contribution_formula, expression, is_folded, shape_equation
from graphviz_ad.story.notation import NOTATIONS, printer
from graphviz_ad.story.numbers import brief, plain_local, shape_text
from graphviz_ad.story.terms import Symbol

if TYPE_CHECKING:
    from graphviz_ad.story.groups import Group
    from graphviz_ad.story.outline import Item
    from graphviz_ad.story.timeline import Step, Timeline


def sentence(step: Step) -> str:
    """The step in symbols and numbers."""
    if step.kind == "value":
        words = _value(step)
    elif step.kind == "seed":
        words = _seed(step)
    elif step.kind == "sum":
        words = _sum(step)
    else:
        words = _flow(step)
    lost = unreached(step.timeline) if step.order == len(step.timeline) - 1 else ""
    return visible(f"{words} {lost}" if lost else words)


def _value(step: Step) -> str:
    group, node = step.item.group, step.node
    if group is not None:
        return _group(step)
    assert node is not None
    parts = [_equation(node)]
    if node.shape == () and all(i.shape == () for i in node.inputs):
        parts.append(expression(node, [brief(i.value) for i in node.inputs]))
    parts.append(described(node.value))
    return " = ".join(part for part, after in pairwise([*parts, ""]) if part != after)


def _group(step: Step) -> str:
    """A collapsed group: what goes in, how much is done, what comes out."""
    item, outline = step.item, step.timeline.outline
    assert item.group is not None
    work = amount(item.group)
    links = outline.incoming[outline.items.index(item)]
    names = list(dict.fromkeys(called(outline.items[link.input].name) for link in links))
    given = f" on {listed(names)}" if names else ""
    if step.node is not None:
        return f"{called(item.name)}: {work}{given} give {_called(step.node, item)}{described(step.node.value)}"
    nodes = [outline.graph.nodes[position] for position in item.outgoing]
    results = [f"{called(node.name)} = {described(node.value)}" for node in nodes]
    return f"{called(item.name)}: {work}{given} give {listed(results)}"


def _called(node: Node, item: Item) -> str:
    return "" if node.name == item.name else f"{called(node.name)} = "


def amount(group: Group) -> str:
    """How much is inside a group: "12 operations", "3 × 4 operations"."""
    count = group.operations
    if group.kind == "repeat" and count % group.times == 0:
        return f"{group.times} × {count // group.times} operation{'' if count == group.times else 's'}"
    return f"{count} operation{'' if count == 1 else 's'}" if count else f"{len(group.members)} inputs"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in a sentence: "x, y and z"; a long list is cut."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def described(value: Any) -> str:
    """A number, or an array's entries or range with its shape."""
    shape = shape_text(getattr(value, "shape", ()))
    return f"{brief(value, width=40)} of shape {shape}" if shape else brief(value)


def _seed(step: Step) -> str:
    name = called(step.item.name if step.node is None else step.node.name)
    if step.mode == "forward":
        return f"Start at {name}: its tangent is {described(step.new)}. How fast does everything else move?"
    return f"Start at {name}: ∂{name}/∂{name} = {described(step.new)}. The adjoints flow backwards from here."


def _flow(step: Step) -> str:
    link, timeline = step.link, step.timeline
    assert link is not None
    outline = timeline.outline
    source, result = outline.source(link), outline.node(link.consumer)
    forward = step.kind == "tangent"
    start, consumer = called(outline.items[link.input].name), called(outline.items[link.consumer].name)
    ends = (consumer, start) if forward else (start, consumer)
    words = f"{ends[0]} gets from {ends[1]}{_slot(step)}"
    adds = timeline.adds(step.order)
    sent = step.contribution if adds else step.product
    if source is None or result is None or sent is None:
        if sent is None:
            return f"{words}: {'tangents' if forward else 'contributions'} for {_several(step)}."
        return f"{words}: {described(sent)}.{_added(step) if adds else ''}"
    local, edge = plain_local(step.local), step.edge
    rule = source.tangent if forward else result.adjoint
    if is_map(local) or shape_of(local) or shape_of(rule):
        equation = "" if forward or edge is None or not adds else _tensor_equation(edge, timeline)
        if equation:
            return f"{words}: {equation}: {brief(sent, width=40)}.{_added(step)}"
        numbers = described(sent)
    else:
        first, second = (local, rule) if forward else (rule, local)
        numbers = f"{brief(first)} × {_atom(brief(second))} = {described(sent)}"
    partial = f"∂{consumer}/∂{start}"
    if forward:
        product = f"{partial} × {_direction(start, timeline, 'tangent')}"
    else:
        product = f"{_direction(consumer, timeline, 'adjoint')} × {partial}"
    return f"{words}: {product} = {numbers}.{_added(step) if adds else ''}"


def _direction(name: str, timeline: Timeline, what: str) -> str:
    """The adjoint or tangent of a node, in words or as a symbol."""
    if timeline.notation == NOTATIONS[0]:
        return f"{what} of {name}"
    return printer("unicode", timeline.notation).text(Symbol(name, (), what))


def _tensor_equation(edge: Edge, timeline: Timeline) -> str:
    """What comes back along an edge between arrays, as a formula and with its shapes."""
    formula = contribution_formula(edge, timeline.notation, output=timeline.result)
    left, _, right = shape_equation(edge).partition(" = ")
    return f"{formula}, shapes {left} = {right}" if formula and left != right else formula


def _several(step: Step) -> str:
    """What passes along a link of several values."""
    assert step.link is not None
    edges = step.timeline.outline.edges(step.link)
    values = len({edge.input.id for edge in edges})
    return f"{values} of its values" if values > 1 else "one of its values"


def _sum(step: Step) -> str:
    """Every copy of a broadcast input sends a contribution; they are summed."""
    link, outline = step.link, step.timeline.outline
    assert link is not None
    name = called(outline.items[link.input].name)
    product, sent = shape_of(step.product), shape_of(step.contribution)
    copies = int(np.prod(product) // max(int(np.prod(sent)), 1))
    shapes = f"{shape_text(product)} → {shape_text(sent) or 'a number'}"
    where = axes_text(broadcast_axes(product, sent))
    return (
        f"{name} was broadcast {where}, so that each entry was used {copies} times: the contributions are summed "
        f"{where}, {shapes}: {described(step.contribution)}.{_added(step)}"
    )


def broadcast_axes(wide: tuple[int, ...], narrow: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of ``wide`` along which ``narrow`` was repeated.

    Examples
    --------
    >>> broadcast_axes((5, 2, 3), (2, 1)), broadcast_axes((4, 3), ())
    ((0, 2), (0, 1))
    """
    front = len(wide) - len(narrow)
    return tuple(
        axis for axis, length in enumerate(wide) if axis < front or (narrow[axis - front] == 1 and length != 1)
    )


def axes_text(axes: Sequence[int]) -> str:
    """``over axis 0``, ``over axes 0 and 2``."""
    return f"over ax{'is' if len(axes) == 1 else 'es'} {listed([str(axis) for axis in axes])}"


def _added(step: Step) -> str:
    """What becomes of the accumulator."""
    forward = step.kind == "tangent"
    what = "tangent" if forward else "adjoint"
    if step.node is None:  # a group with several values has one accumulator for each
        return ""
    if step.expected == 1 and step.timeline.seed_of(step) is None:
        return f" That is the {what} of {called(step.node.name)}."
    who = "inputs" if forward else "consumers"
    total = f"{brief(step.old)} + {_atom(brief(step.contribution))} = {brief(step.new)}"
    if step.node.shape:
        total = described(step.new)
    end = f" That is the {what} of {called(step.node.name)}." if step.complete else ""
    return f" Added up: {total} ({step.reported} of {step.expected} {who}).{end}"


def _slot(step: Step) -> str:
    """Which argument it is, where a consumer uses the same input more than once."""
    edge = step.edge
    if edge is None:
        return ""
    uses = [i for i in edge.consumer.inputs if i.id == edge.input.id]
    return f" (argument {edge.argnum + 1})" if len(uses) > 1 else ""


def _atom(text: str) -> str:
    return f"({text})" if text.startswith("−") else text


def unreached(timeline: Timeline) -> str:
    """Which inputs no adjoint reaches."""
    if timeline.mode != "reverse" or timeline.seed_step is None:
        return ""
    lost = [called(node.name) for node in timeline.graph.inputs if not node.reached]
    if not lost:
        return ""
    result = listed([called(node.name) for node in timeline.graph.outputs])
    if len(lost) == 1:
        return f"No path leads from {lost[0]} to {result}: its adjoint is 0."
    return f"No path leads from {listed(lost)} to {result}: their adjoints are 0."


def introduction(timeline: Timeline) -> str:
    """What is known before the first step."""
    graph = timeline.graph
    inputs = graph.inputs
    shown = ", ".join(f"{called(node.name)} = {brief(node.value)}" for node in inputs[:6])
    more = f" and {len(inputs) - 6} more inputs" if len(inputs) > 6 else ""
    if timeline.seed_step is None:
        return visible(f"Given: {shown}{more}. The values follow. {no_sweep(graph)}")
    way = "tangents forwards" if timeline.mode == "forward" else "adjoints backwards"
    return visible(f"Given: {shown}{more}. First come the values, then the {way}.")


def no_sweep(graph: BaseGraph) -> str:
    """Why the story has no backward pass."""
    outputs = graph.outputs
    if len(outputs) != 1:
        write = f"graph.backward(seed={{{called(outputs[0].name)!r}: 1.0}})"
        return f"There are {len(outputs)} outputs: for adjoints write {write} first."
    if not outputs[0].differentiable:
        return f"The output {called(outputs[0].name)} is of dtype {outputs[0].dtype}: it has no derivative."
    one_way = next((p for node in graph.nodes if node.reached and (p := node.primitive) and not p.pulls), None)
    if one_way is not None:
        return f"There are no adjoints: {called(one_way.name)} has no rule for reverse mode (gad.custom takes vjp=...)."
    shape = shape_text(outputs[0].shape)
    return f"The output {called(outputs[0].name)} has shape {shape}: for adjoints write graph.backward(seed=...) first."


def story(timeline: Timeline) -> str:
    """The whole story as numbered lines, for screen readers, files and tests."""
    lines = [introduction(timeline)]
    lines += [f"{step.order + 1}. {step.narration}" for step in timeline]
    return "\n".join(lines) + "\n"


def alt_text(graph: BaseGraph) -> str:
    """One paragraph that says what the picture shows, for people who do not see it.

    Parameters
    ----------
    graph
        What `gad.trace` or `gad.graph` returned. Adjoints are told once a reverse sweep has run.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def cube(x):
    ...     u = x**2 + 1
    ...     y = u**3
    ...     return y
    >>> print(gad.alt_text(gad.trace(cube, 1.5).backward()))
    Computational graph of cube. Input: x = 1.5. Operations: v1 = x² = 2.25; u = v1 + 1 = 3.25; y = u³ = 34.33. \
Result: y = 34.33. Adjoints: ∂y/∂x = 95.06.
    """
    inputs, outputs = graph.inputs, graph.outputs
    made = [node for node in graph.nodes if node.primitive is not None]
    given = [f"{called(node.name)} = {brief(node.value)}" for node in inputs]
    steps = [f"{_equation(node)} = {brief(node.value)}" for node in made[:8]]
    if len(made) > 8:
        steps = [*steps[:6], f"{len(made) - 6} more operations"]
    parts = [
        f"Computational graph{' of ' + graph.title if graph.title else ''}.",
        f"Input{'' if len(inputs) == 1 else 's'}: {listed(given, 8)}.",
    ]
    if steps:
        parts.append(f"Operation{'' if len(made) == 1 else 's'}: {'; '.join(steps)}.")
    results = listed([f"{called(node.name)} = {brief(node.value)}" for node in outputs])
    parts.append(f"Result{'' if len(outputs) == 1 else 's'}: {results}.")
    if graph.has_adjoints:
        result = called(outputs[0].name) if len(outputs) == 1 else "output"
        adjoints = [f"∂{result}/∂{called(node.name)} = {brief(node.adjoint)}" for node in inputs]
        parts.append(f"Adjoint{'' if len(inputs) == 1 else 's'}: {listed(adjoints, 8)}.")
    return visible(" ".join(parts))


def _equation(node: Node) -> str:
    """A node's formula with names: ``u = x² + 1``."""
    names = [brief(i.value) if is_folded(i) else called(i.name) for i in node.inputs]
    return f"{called(node.name)} = {expression(node, names)}"
