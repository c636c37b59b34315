"""Every step as one sentence with its numbers, and the whole graph as a paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Edge, Node
from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.visible import called, visible
from graphviz_ad.story.equations import is_landing, is_scalar, is_turned, output_name, tangent_term
from graphviz_ad.story.flow import is_map
from graphviz_ad.story.formula import contribution_formula, expression, is_folded, shape_equation
from graphviz_ad.story.notation import NOTATIONS, printer
from graphviz_ad.story.numbers import brief, enclosed, factor, listed, plain_local, shape_text
from graphviz_ad.story.shapes import axes_text, broadcast_axes
from graphviz_ad.story.terms import Operation, Symbol

if TYPE_CHECKING:
    from graphviz_ad.story.groups import Group
    from graphviz_ad.story.outline import Item, Outline
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
        parts.append(_formula(node, [brief(i.value) for i in node.inputs]))
    parts.append(described(node.value))
    return " = ".join(part for part, after in pairwise([*parts, ""]) if part != after)


def _group(step: Step) -> str:
    """A collapsed group: what goes in, how much is done, what comes out."""
    item, outline = step.item, step.timeline.outline
    assert item.group is not None
    work = contents(item, outline.graph)
    links = outline.incoming[outline.items.index(item)]
    names = [called(outline.items[link.input].name) for link in links]
    given = f" on {listed(names)}" if names else ""
    start = f"{called(item.name)}: {work}{given} {'gives' if work == '1 operation' else 'give'}"
    if step.node is not None:
        return f"{start} {_called(step.node, item)}{described(step.node.value)}"
    nodes = [outline.graph.nodes[position] for position in item.outgoing]
    results = [f"{called(node.name)} = {described(node.value)}" for node in nodes]
    return f"{start} {listed(results)}"


def _called(node: Node, item: Item) -> str:
    return "" if node.name == item.name else f"{called(node.name)} = "


def contents(item: Item, graph: BaseGraph) -> str:
    """What is inside a collapsed group: its operations, and inputs that only it uses."""
    assert item.group is not None
    inputs = sum(position in graph.input_positions for position in item.positions) if item.group.operations else 0
    return amount(item.group) + (f", {inputs} input{'' if inputs == 1 else 's'}" if inputs else "")


def amount(group: Group) -> str:
    """How much is inside a group: "12 operations", "3 × 4 operations"."""
    count = group.operations
    if group.kind == "repeat":
        return f"{group.times} × {count // group.times} operation{'' if count == group.times else 's'}"
    return f"{count} operation{'' if count == 1 else 's'}" if count else f"{len(group.members)} inputs"


def described(value: Any) -> str:
    """A number, or an array's entries or range with its shape."""
    shape = shape_text(getattr(value, "shape", ()))
    return f"{brief(value, width=40)} of shape {shape}" if shape else brief(value)


def _seed(step: Step) -> str:
    graph, forward = step.timeline.graph, step.mode == "forward"
    name = called(step.item.name if step.node is None else step.node.name)
    if step.node is not None:
        given = f"its {'tangent' if forward else 'adjoint'} is {described(step.new)}"
        if step.timeline.result == step.node.name:
            given = f"{partial_text(step.node.name, step.node.name)} = {described(step.new)}"
    else:  # a group with several values
        seeds = [p for p in (graph.moved if forward else graph.seeded) if p in step.item.positions]
        shown = [f"that of {called(graph.names[p])} is {described(graph.seed_of(p))}" for p in seeds]
        given = f"of its {'tangents' if forward else 'adjoints'}, {listed(shown)}"
    after = "How fast does everything else move?" if forward else "The adjoints flow backwards from here."
    return f"Start at {name}: {given}. {after}"


def _flow(step: Step) -> str:
    link, timeline = step.link, step.timeline
    assert link is not None
    outline = timeline.outline
    source, result = outline.source(link), outline.node(link.consumer)
    forward = step.kind == "tangent"
    start, consumer = called(outline.items[link.input].name), called(outline.items[link.consumer].name)
    ends = (consumer, start) if forward else (start, consumer)
    words = f"{ends[0]} gets from {ends[1]}{argument_words(step.edge)}"
    adds = timeline.adds(step.order)
    sent = step.contribution if adds else step.product
    if source is None or result is None or sent is None:
        if sent is None:
            return f"{words}: {'tangents for its values' if forward else f'contributions for {_several(step)}'}."
        return f"{words}: {described(sent)}.{_added(step) if adds else ''}"
    local, edge = plain_local(step.local), timeline.flow.alone(link)
    rule = source.tangent if forward else result.adjoint
    turned, landing = (False, False) if forward or edge is None else (is_turned(edge), is_landing(edge))
    turned = turned and is_complex(local)
    if is_map(local) or shape_of(local) or shape_of(rule):
        arrays = edge is not None and not is_scalar(edge)  # else it is a number that a user's own rule does not give
        equation = _tensor_equation(edge, timeline) if edge is not None and arrays and adds and not forward else ""
        if equation:
            return f"{words}: {equation}: {brief(sent, width=40)}.{_added(step)}"
        numbers = described(sent)
    else:
        first, second = (local, rule) if forward else (rule, local)
        numbers = f"{product_of_numbers(first, second, turned, landing)} = {described(sent)}"
    value, made = called(source.name), called(result.name)  # of a collapsed group: the one value that comes out of it
    partial = partial_text(result.name, source.name)
    if forward and is_map(local) and edge is not None and not local.shape:
        product = printer("unicode", timeline.notation, timeline.result).text(tangent_term(edge))
    elif forward:
        product = f"{partial} × {_direction(value, timeline, 'tangent')}"
    else:
        product = f"{_direction(made, timeline, 'adjoint')} × {f'conj({partial})' if turned else partial}"
        product = _real_part(product, landing)
    return f"{words}: {product} = {numbers}.{_added(step) if adds else ''}"


def product_of_numbers(first: Any, second: Any, turned: bool = False, landing: bool = False) -> str:
    """Two numbers multiplied: the second conjugated, if it is ``turned``; of the product the real part, if it lands."""
    after = f"conj({brief(second)})" if turned else enclosed(brief(second))
    return _real_part(f"{factor(brief(first))} × {after}", landing)


def _real_part(product: str, landing: bool) -> str:
    """A product, or its real part: what a real input of a complex value takes."""
    return f"Re({product})" if landing else product


def partial_text(name: str, start: str) -> str:
    """A derivative as formulas write it: with parentheses around a name that is a quotient itself."""
    return printer().text(Operation("partial", (), {"consumer": name, "input": start}))


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
    used = "each entry" if sent else "it"
    return (
        f"{name} was broadcast {where}, so that {used} was used {copies} times: the contributions are summed "
        f"{where}, {shapes}: {described(step.contribution)}.{_added(step)}"
    )


def _added(step: Step) -> str:
    """What becomes of the accumulator."""
    forward = step.kind == "tangent"
    what = "tangent" if forward else "adjoint"
    if step.node is None:  # a group with several values has one accumulator for each
        return ""
    if step.expected == 1 and step.timeline.seed_of(step) is None:
        return f" That is the {what} of {called(step.node.name)}."
    total = f"{brief(step.old)} + {enclosed(brief(step.contribution))} = {brief(step.new)}"
    if step.node.shape:
        total = described(step.new)
    end = f" That is the {what} of {called(step.node.name)}." if step.complete else ""
    return f" Added up: {total} ({reports(step.reported, step.expected, forward)}).{end}"


def reports(reported: int, expected: int, forward: bool = False) -> str:
    """How many of a node's consumers, or of its inputs, have sent something: "1 of 2 consumers"."""
    return f"{reported} of {expected} {'input' if forward else 'consumer'}{'' if expected == 1 else 's'}"


def argument_words(edge: Edge | None) -> str:
    """Which argument it is, where a consumer uses the same input more than once."""
    if edge is None:
        return ""
    uses = [i for i in edge.consumer.inputs if i.id == edge.input.id]
    return f" (argument {edge.argnum + 1})" if len(uses) > 1 else ""


def unreached(timeline: Timeline) -> str:
    """Which inputs no adjoint reaches."""
    if timeline.mode != "reverse" or timeline.seed_step is None:
        return ""
    lost = [called(node.name) for node in timeline.graph.inputs if not node.reached]
    if not lost:
        return ""
    result = listed([called(timeline.graph.names[position]) for position in timeline.graph.seeded])
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
        one = f"np.ones({outputs[0].shape})" if outputs[0].shape else "1.0"
        write = f"graph.backward(seed={{{called(outputs[0].name)!r}: {one}}})"
        return f"There are {len(outputs)} outputs: for adjoints write {write} first."
    if not outputs[0].differentiable:
        what = "a constant" if outputs[0].kind == "constant" else f"of dtype {outputs[0].dtype}"
        return f"The output {called(outputs[0].name)} is {what}: it has no derivative."
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


def alt_text(graph: BaseGraph, shown: Outline | None = None) -> str:
    """One paragraph that says what the picture shows, for people who do not see it; see `graphviz_ad.alt_text`.

    ``shown``: what is visible, if some of it is folded.
    """
    inputs, outputs = graph.inputs, graph.outputs
    given = [f"{called(node.name)} = {brief(node.value)}" for node in inputs]
    if shown is None:
        made = [node for node in graph.nodes if node.primitive is not None]
        count, steps = len(made), [f"{_equation(node)} = {brief(node.value)}" for node in made[:8]]
    else:
        count, steps = _visible_operations(shown)
    if count > 8:
        steps = [*steps[:6], f"{count - 6} more {'operations' if shown is None else 'boxes'}"]
    parts = [
        f"Computational graph{' of ' + graph.title if graph.title else ''}.",
        f"Input{'' if len(inputs) == 1 else 's'}: {listed(given, 8)}.",
    ]
    if steps:
        parts.append(f"Operation{'' if count == 1 else 's'}: {'; '.join(steps)}.")
    results = listed([f"{called(node.name)} = {brief(node.value)}" for node in outputs])
    parts.append(f"Result{'' if len(outputs) == 1 else 's'}: {results}.")
    if graph.has_adjoints:
        result = output_name(graph)
        seeded = [graph.nodes[position] for position in graph.seeded]
        seeds = [f"{partial_text(result, node.name)} = {brief(graph.seed_of(node.id))}" for node in seeded]
        told = "" if [result] == [node.name for node in seeded] else f" for {listed(seeds)}"
        adjoints = [f"{partial_text(result, node.name)} = {brief(node.adjoint)}" for node in inputs]
        parts.append(f"Adjoint{'' if len(inputs) == 1 else 's'}{told}: {listed(adjoints, 8)}.")
    return visible(" ".join(parts))


def _visible_operations(shown: Outline) -> tuple[int, list[str]]:
    """How many operations and collapsed groups are visible, and the first of them in words."""
    made = [item for item in shown.items if item.group or shown.graph.nodes[item.id].primitive]
    words = []
    for item in made[:8]:
        node = None if item.result is None else shown.graph.nodes[item.result]
        result = "" if node is None else f" = {brief(node.value)}"
        if item.group is None and node is not None:
            words.append(f"{_equation(node)}{result}")
        else:
            words.append(f"{called(item.name)} ({contents(item, shown.graph)}){result}")
    return len(made), words


def _equation(node: Node) -> str:
    """A node's formula with names: ``u = x² + 1``."""
    names = [brief(i.value) if is_folded(i) else called(i.name) for i in node.inputs]
    return f"{called(node.name)} = {_formula(node, names)}"


def _formula(node: Node, arguments: Sequence[str]) -> str:
    """A formula that can stand behind "=": a question whether two are equal stands in parentheses."""
    assert node.primitive is not None
    text = expression(node, arguments)
    return f"({text})" if node.primitive.name == "equal" else text
