"""The formula of one step of the story, and why its local derivative is 0 or 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_ad.core.graph import Edge
from graphviz_ad.story.equations import (
    adjoint_term,
    output_name,
    product_term,
    tangent_chain,
    tangent_term,
    value_chain,
)
from graphviz_ad.story.formula import contribution_formula, local_reason
from graphviz_ad.story.notation import printer
from graphviz_ad.story.terms import Symbol, plain_term

if TYPE_CHECKING:
    from graphviz_ad.story.timeline import Step


def step_formula(step: Step, form: str = "unicode", notation: str = "∂L/∂v", digits: int = 4) -> str:
    """What a step does as an equation, in symbols and, for scalars, in numbers; "" for steps of collapsed groups.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> for step in gad.trace(lambda w, x: w * x, 2.0, 3.0).timeline():
    ...     print(step_formula(step))
    out = w·x = 2 × 3 = 6
    ∂out/∂out = 1
    ∂out/∂w = ∂out/∂out · ∂out/∂w = ∂out/∂out · x = 1 × 3 = 3
    ∂out/∂x = ∂out/∂out · ∂out/∂x = ∂out/∂out · w = 1 × 2 = 2
    """
    node, graph = step.node, step.timeline.graph
    output = output_name(graph)
    printed = printer(form, notation, output, digits)
    sign = " = "
    if node is None or step.item.group is not None:
        return ""
    if step.kind == "value":
        symbol, chain = Symbol(node.name, node.shape), value_chain(node)
    elif step.kind == "seed":
        forward = step.mode == "forward"
        symbol = Symbol(node.name, node.shape, "tangent") if forward else adjoint_term(node)
        chain = [plain_term(node.tangent if forward else step.new)]
    else:
        edge = _edge(step)
        if edge is None:
            return ""
        if step.kind == "tangent":
            symbol, chain = Symbol(node.name, node.shape, "tangent"), tangent_chain([edge])
            if step.expected > 1:
                sign = r" \mathrel{+}= " if form == "latex" else " += "
                chain = chain if node.shape else [*chain[:-1], plain_term(step.contribution)]
            if form == "plain":
                chain = [tangent_term(edge)]
        elif step.timeline.adds(step.order):
            return contribution_formula(edge, notation, form, output, digits)
        else:
            return printed.text(product_term(edge))  # the sum over broadcast axes is the next step
    if form == "plain":
        chain = chain[:1]
    return printed.text(symbol) + sign + " = ".join(map(printed.text, chain))


def step_reason(step: Step) -> str:
    """Why the local derivative of a step's edge is exactly 0 or 1; "" where it is neither.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> step_reason(gad.trace(lambda z, b: z + b, 2.0, 3.0).timeline()[-1])
    'out = z + b adds b with factor 1'
    """
    edge = _edge(step)
    return "" if edge is None else local_reason(edge)


def _edge(step: Step) -> Edge | None:
    """The edge along which a number flows, where the link is that edge alone."""
    return None if step.link is None else step.timeline.flow.alone(step.link)
