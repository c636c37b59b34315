"""Every step as one sentence with its numbers, and the whole graph as a paragraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.traced import shape_of
from graphviz_ad.story.formula import expression, is_folded
from graphviz_ad.story.numbers import brief, plain_local, shape_text

if TYPE_CHECKING:
    from graphviz_ad.story.timeline import Step, Timeline


def sentence(step: Step) -> str:
    """The step in symbols and numbers."""
    if step.kind == "value":
        return _value(step.node)
    if step.kind == "seed":
        return _seed(step)
    return _flow(step)


def _value(node: Node) -> str:
    symbols = expression(node, [brief(i.value) if is_folded(i) else i.name for i in node.inputs])
    result = described(node.value)
    numbers = ""
    if node.shape == () and all(i.shape == () for i in node.inputs):
        filled = expression(node, [brief(i.value) for i in node.inputs])
        numbers = f" = {filled}" if filled != symbols else ""
    return f"{node.name} = {symbols}{numbers} = {result}"


def described(value: Any) -> str:
    """A number, or an array's entries or range with its shape."""
    shape = shape_text(getattr(value, "shape", ()))
    return f"{brief(value, width=40)} of shape {shape}" if shape else brief(value)


def _seed(step: Step) -> str:
    name = step.node.name
    if step.mode == "forward":
        return f"Start at {name}: its tangent is {described(step.new)}. How fast does everything else move?"
    return f"Start at {name}: ∂{name}/∂{name} = {described(step.new)}. The adjoints flow backwards from here."


def _flow(step: Step) -> str:
    edge = step.edge
    assert edge is not None
    source, consumer = edge.input.name, edge.consumer.name
    forward = step.kind == "tangent"
    local = plain_local(step.local)
    sent = described(step.contribution)
    slot = _slot(step)
    if forward:
        start, rule = (
            f"{consumer} gets from {source}{slot}: ∂{consumer}/∂{source} × tangent of {source}",
            edge.input.tangent,
        )
    else:
        start, rule = (
            f"{source} gets from {consumer}{slot}: adjoint of {consumer} × ∂{consumer}/∂{source}",
            edge.consumer.adjoint,
        )
    if isinstance(local, LocalJacobian) or shape_of(local) or shape_of(rule):
        numbers = f" = {sent}"
    elif forward:
        numbers = f" = {brief(local)} × {_atom(brief(rule))} = {sent}"
    else:
        numbers = f" = {brief(rule)} × {_atom(brief(local))} = {sent}"
    what = "tangent" if forward else "adjoint"
    if step.expected == 1:
        return f"{start}{numbers}. That is the {what} of {step.node.name}."
    who = "inputs" if forward else "consumers"
    total = f"{brief(step.old)} + {_atom(brief(step.contribution))} = {brief(step.new)}"
    if step.node.shape:
        total = described(step.new)
    return f"{start}{numbers}. Added up: {total} ({step.reported} of {step.expected} {who})."


def _slot(step: Step) -> str:
    """Which argument it is, where a consumer uses the same input more than once."""
    edge = step.edge
    assert edge is not None
    uses = [i for i in edge.consumer.inputs if i.id == edge.input.id]
    return f" (argument {edge.argnum + 1})" if len(uses) > 1 else ""


def _atom(text: str) -> str:
    return f"({text})" if text.startswith("−") else text


def introduction(timeline: Timeline) -> str:
    """What is known before the first step."""
    graph = timeline.graph
    inputs = graph.inputs
    shown = ", ".join(f"{node.name} = {brief(node.value)}" for node in inputs[:6])
    more = f" and {len(inputs) - 6} more inputs" if len(inputs) > 6 else ""
    if timeline.seed_step is None:
        return f"Given: {shown}{more}. Step forward to compute the values. {no_sweep(graph)}"
    way = "tangents forwards" if timeline.mode == "forward" else "adjoints backwards"
    return f"Given: {shown}{more}. Step forward: first the values, then the {way}."


def no_sweep(graph: BaseGraph) -> str:
    """Why the story has no backward pass."""
    outputs = graph.outputs
    if len(outputs) != 1:
        write = f"graph.backward(seed={{{outputs[0].name!r}: 1.0}})"
        return f"There are {len(outputs)} outputs: for adjoints write {write} first."
    if not outputs[0].differentiable:
        return f"The output {outputs[0].name} is of dtype {outputs[0].dtype}: it has no derivative."
    one_way = next((p for node in graph.nodes if node.reached and (p := node.primitive) and not p.pulls), None)
    if one_way is not None:
        return f"There are no adjoints: {one_way.name} is a gad.custom function without a vjp."
    shape = shape_text(outputs[0].shape)
    return f"The output {outputs[0].name} has shape {shape}: for adjoints write graph.backward(seed=...) first."


def story(timeline: Timeline) -> str:
    """The whole story as numbered lines, for screen readers, files and tests."""
    lines = [introduction(timeline)]
    lines += [f"{step.order + 1}. {step.narration}" for step in timeline]
    if timeline.mode == "reverse" and timeline.seed_step is not None:
        lost = [node.name for node in timeline.graph.inputs if not node.reached]
        if lost:
            lines.append(f"No path from the output: {', '.join(lost)} (adjoint 0).")
    return "\n".join(lines) + "\n"


def alt_text(graph: BaseGraph) -> str:
    """One paragraph that says what the picture shows."""
    primitives = [node for node in graph.nodes if node.primitive is not None]
    outputs = ", ".join(f"{node.name} = {brief(node.value)}" for node in graph.outputs[:4])
    text = (
        f"Computational graph{' of ' + graph.title if graph.title else ''}: {len(graph.inputs)} "
        f"input{'' if len(graph.inputs) == 1 else 's'}, "
        f"{len(primitives)} operation{'' if len(primitives) == 1 else 's'}, "
        f"result {outputs}."
    )
    if graph.has_adjoints:
        shown = graph.inputs[:8]
        text += " Adjoints: " + ", ".join(f"{node.name} {brief(node.adjoint)}" for node in shown) + "."
    return text
