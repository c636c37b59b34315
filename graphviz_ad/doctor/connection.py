"""Tells whether every parameter is reached by a derivative of the loss, and if not, at which line its trail ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.core.visible import called, visible
from graphviz_ad.doctor.finding import Finding, expression, some
from graphviz_ad.story.trails import End, ends


def lost(graph: BaseGraph, nodes: Iterable[Node]) -> Iterator[Finding]:
    """One finding for each cause by which parameters get no gradient; those of one cause are told together."""
    causes: dict[tuple[object, ...], tuple[list[Node], list[End]]] = {}
    for node in nodes:
        if not node.reached:
            found = list(ends(graph, node))
            key = tuple((end.kind, end.way, end.node.id if end.consumer is None else end.consumer.id) for end in found)
            causes.setdefault(key, ([], found))[0].append(node)
    for start, found in causes.values():
        yield _finding(start, found)


def _finding(start: Sequence[Node], found: Sequence[End]) -> Finding:
    names = tuple(node.name for node in start)
    data = " If it is data, wrap it in gad.constant(...)." if all(node.role == "input" for node in start) else ""
    if not found:
        one = len(names) == 1
        return Finding(
            "error",
            "unused",
            f"{some(names)} {'is' if one else 'are'} never used.",
            f"Nothing is computed from {'it' if one else 'them'}, so the loss does not change with "
            f"{'it' if one else 'them'}: the adjoint is 0, and training never moves {'it' if one else 'them'}.",
            f"Use {'it' if one else 'them'}, or leave {'it' if one else 'them'} out.{data}",
            marks=dict.fromkeys(names, "never used"),
            parameters=names,
        )
    first = min(found, key=lambda end: end.kind == "loose")  # what is left lying about explains less than a cut
    why, instead = told(first)
    others = [end for end in found if end is not first]
    if others:
        why += " The trail also ends " + " and ".join(dict.fromkeys(map(_elsewhere, others[:2]))) + "."
    line = f" at {visible(str(first.source))}" if first.source is not None else ""
    marks = dict.fromkeys(names, f"{'lost' if first.kind == 'loose' else 'cut'}{line}")
    for end in (first, *others):
        if end.consumer is not None:
            marks.setdefault(end.consumer.name, "")
        else:
            marks.setdefault(end.node.name, "leaves the graph here" if end.way else "nothing uses it")
    return Finding(
        "error",
        first.kind,
        f"No gradient reaches {some(names)}.",
        why,
        instead + data,
        first.source,
        marks,
        names,
    )


def missing(names: Sequence[str]) -> Iterator[Finding]:
    """What can be said where autograd kept but a part: who is not in it; the reason was not kept."""
    if names:
        yield Finding(
            "error",
            "not in the graph",
            f"No gradient reaches {some(names)}.",
            "The graph behind this loss does not lead there: a cut (detach, no_grad, item, argmax …) lies between, or "
            "nothing uses it. Autograd keeps no record of what it did not follow, so the line is not known.",
            "Give the function, and the line is found: gad.doctor(lambda x: loss(model(x)), x).",
            None,
            dict.fromkeys(names, "not in the loss's graph"),
            tuple(names),
        )


def _elsewhere(end: End) -> str:
    return f"at {visible(str(end.source))}, {end}" if end.source is not None else str(end)


def told(end: End) -> tuple[str, str]:
    """Why a trail ends there, and what to write instead."""
    kind, node, made = end.kind, called(end.node.name), "" if end.consumer is None else expression(end.consumer)
    if kind == "detach":
        why = f"{end.way} hands the value of {node} on and sends nothing back. No error is raised."
        instead = f"Leave {end.way} out; if the cut is meant, train what lies behind it by a loss of its own."
    elif kind == "no_grad":
        why = f"`{made}` ran inside of {end.way}, where nothing is recorded: values go on, no gradient comes back."
        instead = f"Move it out of the block `with {end.way}:`; that block is for evaluation."
    elif kind == "position":
        why = (
            f"`{made}` is a position: it jumps from one whole number to the next and never slides, so it has no "
            "derivative."
        )
        instead = "Take a weighted mean instead: np.sum(gad.nn.softmax(scores) * values); a position is for evaluation."
    elif kind == "comparison":
        why = f"`{made}` is True or False: while {node} changes a little it stays as it is."
        instead = (
            "Take a smooth step, gad.nn.sigmoid((a - b) / width). np.where(condition, a, b) has derivatives by a and "
            "b, by its condition none."
        )
    elif kind == "cast":
        why = f"`{made}` turns floats into whole numbers, which have no derivative."
        instead = "Keep floats: leave the cast out, or cast a copy that only indexes."
    elif kind == "step":
        why = f"`{made}` is constant between its jumps: its derivative is 0 wherever there is one."
        instead = (
            "Leave it out where a gradient is wanted; to round forwards and pass the gradient on as it is, write "
            "x + gad.detach(np.round(x) - x)."
        )
    elif kind == "exit":
        why = f"{node} leaves the graph through {end.way}: what is computed from the plain number knows nothing of it."
        instead = exit_remedy(end.way)
    else:
        why = f"{node} is computed from it at this line, and nothing uses {node}."
        instead = f"Use {node} in what follows: does a later line take an earlier value in its place?"
    return why, instead


def exit_remedy(way: str) -> str:
    """What to write in the place of an exit."""
    if way.startswith(("math.", "float() or")):
        return "Write the NumPy function (np.sin(x) for math.sin(x)), and leave float() out."
    if "np." in way or "tolist" in way:
        return "Build arrays from traced values with np.stack([...]) or np.concatenate; index instead of .tolist()."
    if way.lstrip(".") in {"item()", "numpy()", "float()"}:
        return f"Leave {way} out of what the loss is computed from; a plain number is for printing."
    return "Compute with the value itself; take a plain number only to choose a branch or an index."
