"""Figures: the time from a function, a graph or a layout to the SVG, and its bytes, beside what Graphviz takes."""

from __future__ import annotations

import gc
import html
import re
import time
from collections.abc import Callable, Iterable
from copy import copy
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

import graphviz_ad as gad
from benchmarks import chain
from benchmarks.agreement import Pair, agree
from benchmarks.measure import Function
from graphviz_ad.render.svg import to_svg
from graphviz_ad.widget.view import View

Numbers = list[tuple[float, ...]]
"""What a figure says of its nodes (value, adjoint) or of its edges (local derivative, contribution), sorted."""

RELU = partial(np.maximum, 0.0)  # not a function of Python's: its calls would be a group


def neuron(weights: Iterable[Any], inputs: Iterable[Any], scale: Any, relu: Callable[[Any], Any]) -> Any:
    """A scale times relu(w·x) in single operations: for n weights a graph of 4n + 2 nodes, in every library the same.

    The scale makes what an edge sends back another number than its local derivative.
    """
    total, *others = [weight * x for weight, x in zip(weights, inputs, strict=True)]
    for product in others:
        total = total + product
    return scale * relu(total)


def nodes_of(fan_in: int) -> int:
    """How many nodes a neuron's graph has."""
    return 4 * fan_in + 2


def arguments(fan_in: int) -> tuple[list[float], list[float], float]:
    """Weights, inputs and scale, no two of them alike, and a positive sum: no derivative is zero."""
    return [0.6 + 0.013 * k for k in range(fan_in)], [1.7 - 0.017 * k for k in range(fan_in)], 0.35


def rounded(pairs: Iterable[Iterable[float]], form: str) -> Numbers:
    """As they are printed, in an order that both figures can be brought into."""
    return sorted(tuple(float(format(number, form)) for number in pair) for pair in pairs)


# ------------------------------------------------------------------------------------------------ ours


def view(fan_in: int, engine: str = "layered") -> View:
    """A neuron's complete picture, every node of it, and nothing computed yet but the neuron."""
    return View(gad.trace(neuron, *arguments(fan_in), RELU), engine=engine, fold="none")


def ours(fan_in: int, engine: str) -> str:
    """From the function to the text of the SVG: trace, sweep, stage, lay out, draw, lower."""
    return view(fan_in, engine).svg()


def shown(svg: str, kind: str, *names: str) -> list[list[float]]:
    """The exact numbers in our SVG, by the attributes of its nodes or edges."""
    groups = [item for item in ET.fromstring(svg).iter() if kind in item.get("class", "").split()]
    return [[float(group.attrib[name]) for name in names] for group in groups]


def our_nodes(svg: str, form: str) -> Numbers:
    """The value and the adjoint of every node in our SVG."""
    return rounded(shown(svg, "gad-node", "data-value", "data-adjoint"), form)


def our_edges(svg: str, form: str) -> Numbers:
    """The local derivative and the contribution of every edge in our SVG."""
    return rounded(shown(svg, "gad-edge", "data-local", "data-contribution"), form)


# ------------------------------------------------------------------------------------------------ micrograd's way


def their_neuron(fan_in: int) -> Any:
    """The same neuron of micrograd's Values, after its backward pass."""
    from micrograd.engine import Value

    weights, inputs, scale = arguments(fan_in)
    out = neuron([Value(w) for w in weights], [Value(x) for x in inputs], Value(scale), Value.relu)
    out.backward()
    return out


def draw_dot(root: Any) -> Any:
    """The picture of micrograd: what `draw_dot` in its notebook asks of the package graphviz, call by call.

    A record with the data and the grad of every Value, a small node for its operation, and the edges.
    """
    from graphviz import Digraph

    values, edges, found = [root], [], {root}
    for value in values:  # which grows meanwhile
        for start in value._prev:  # noqa: SLF001  (how micrograd keeps its graph)
            edges.append((start, value))
            if start not in found:
                found.add(start)
                values.append(start)
    dot = Digraph(format="svg", graph_attr={"rankdir": "LR"})
    for value in values:
        operation = value._op  # noqa: SLF001
        label = f"{{ data {value.data:.4f} | grad {value.grad:.4f} }}"
        dot.node(name=str(id(value)), label=label, shape="record")
        if operation:
            dot.node(name=str(id(value)) + operation, label=operation)
            dot.edge(str(id(value)) + operation, str(id(value)))
    for start, value in edges:
        dot.edge(str(id(start)), str(id(value)) + value._op)  # noqa: SLF001
    return dot


def theirs(fan_in: int) -> str:
    """From the function to the text of the SVG: the expression, its backward pass, `draw_dot`, the program dot."""
    return str(draw_dot(their_neuron(fan_in)).pipe(format="svg", encoding="utf-8"))


def their_nodes(text: str) -> Numbers:
    """The data and the grad of every record in the source or the SVG of `draw_dot`."""
    words = re.findall(r"\b(data|grad) (-?\d+\.\d{4})(?!\d)", html.unescape(text))
    assert [word for word, _ in words] == ["data", "grad"] * (len(words) // 2), "not data and grad in turns"
    numbers = [float(number) for _, number in words]
    return sorted(zip(numbers[::2], numbers[1::2], strict=True))


def alike(our_svg: str, their_text: str) -> None:
    """Assert that both figures show the same value and the same adjoint of every node."""
    agree(our_nodes(our_svg, ".4f"), their_nodes(their_text))


def build_pair(fan_in: int, drawn: bool = True) -> Pair:
    """Of graphs with all their numbers, the texts that describe the picture: our SVG, and the source that dot gets.

    Nothing is laid out on either side. Ours starts from the display list, or, if not even that was `drawn`, from
    the coordinates of the layout.
    """
    from graphviz_ad.render.display import plan

    laid_out = plan(view(fan_in).scene, engine="layered")
    picture, root = laid_out.picture(), their_neuron(fan_in)

    def build() -> str:
        return to_svg(picture if drawn else laid_out.picture())

    def source() -> str:
        return str(draw_dot(root).source)

    alike(build(), source())
    assert len(our_nodes(build(), ".4f")) == nodes_of(fan_in)
    return build, source


def finished_pair(fan_in: int, engine: str) -> Pair:
    """From one function to the finished SVG, ours and micrograd's."""
    pair = partial(ours, fan_in, engine), partial(theirs, fan_in)
    svg = pair[0]()
    assert f'data-engine="{engine}"' in svg
    alike(svg, pair[1]())
    return pair


# ------------------------------------------------------------------------------------------------ Graphviz's own SVG


MONO = 'FACE="DejaVu Sans Mono"'
DRESSED = {
    "node": 'STYLE="ROUNDED" BORDER="1" CELLBORDER="0" COLOR="#6f7a86" BGCOLOR="#ffffff"',
    "value": ('STYLE="ROUNDED" BORDER="1" COLOR="#009e73" BGCOLOR="#e3f4ee"', f'{MONO} COLOR="#00684b"'),
    "name": ("", 'FACE="DejaVu Sans Bold"'),
    "operation": ("", 'FACE="DejaVu Sans"'),
    "adjoint": ('STYLE="ROUNDED" BORDER="1" COLOR="#d55e00" BGCOLOR="#fdeee4"', f'{MONO} COLOR="#a63d00"'),
    "edge": 'BORDER="0" CELLSPACING="2"',
    "local": ('BGCOLOR="#e5f1fa"', f'{MONO} COLOR="#005a8f"'),
    "contribution": ('BORDER="1" COLOR="#d55e00" BGCOLOR="#fdeee4"', f'{MONO} COLOR="#a63d00"'),
}
"""Attributes of the tables, and of each cell and its font: the looks of our picture, as near as Graphviz comes."""

PLAIN: dict[str, Any] = dict.fromkeys(DRESSED, ("", ""))
PLAIN |= {"node": 'BORDER="0" CELLBORDER="1"', "edge": 'BORDER="0"'}
"""Nothing but the texts, black in Graphviz's own font; around those of a node there are lines."""


def html_labels(fan_in: int, looks: dict[str, Any]) -> Any:
    """A neuron's graph as one writes it for Graphviz to show what ours shows: a table for each node and each edge."""
    from graphviz import Digraph

    def table(kind: str, **cells: str) -> str:
        rows = []
        for part, text in cells.items():
            cell, font = looks[part]
            shown = f"<FONT {font}>{html.escape(text)}</FONT>" if font else html.escape(text)
            rows.append(f"<TR><TD {cell}>{shown}</TD></TR>")
        return f"<<TABLE {looks[kind]}>{''.join(rows)}</TABLE>>"

    def number(glyph: str, text: str | None) -> str:
        return f"{glyph} {float(text or 'nan'):.4g}"

    scene = view(fan_in).scene
    dot = Digraph(format="svg", graph_attr={"rankdir": "LR"}, node_attr={"shape": "plain"})
    for node in scene.nodes:
        value, adjoint = number("\u25b2", node.value), number("\u25bc", node.adjoint)
        about = node.operation or node.role
        dot.node(f"n{node.id}", table("node", value=value, name=node.name, operation=about, adjoint=adjoint))
    for edge in scene.edges:
        local, sent = number("\u2202", edge.local), number("\u25bc", edge.contribution)
        dot.edge(f"n{edge.input}", f"n{edge.consumer}", table("edge", local=local, contribution=sent))
    return dot


def table_numbers(svg: str) -> tuple[Numbers, Numbers]:
    """What Graphviz's SVG of `html_labels` says of nodes and of edges."""
    texts: dict[str, list[list[str]]] = {"node": [], "edge": []}
    for group in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"):
        if group.get("class") in texts:
            lines = group.iter("{http://www.w3.org/2000/svg}text")
            texts[group.attrib["class"]].append([line.text or "" for line in lines])

    def number(text: str) -> float:
        return float(text.split()[1])  # after the glyph

    nodes = [(number(value), number(adjoint)) for value, _name, _operation, adjoint in texts["node"]]
    return sorted(nodes), sorted((number(local), number(sent)) for local, sent in texts["edge"])


def size_pair(fan_in: int, looks: dict[str, Any]) -> Pair:
    """Finished SVGs of one graph: ours with legend and both colour schemes, and Graphviz's with HTML-like labels."""
    svg = ours(fan_in, "layered")
    table = html_labels(fan_in, looks).pipe(format="svg", encoding="utf-8")
    agree([our_nodes(svg, ".4g"), our_edges(svg, ".4g")], [*table_numbers(table)])
    return (lambda: svg), (lambda: table)


# ------------------------------------------------------------------------------------------------ long graphs


def long_figure(graph: gad.Graph) -> tuple[float, str]:
    """Processor seconds from a graph as it was traced to its SVG, sweep included, and the SVG."""
    fresh = copy(graph)  # shares the records, but nothing that was derived from them
    gc.collect()
    start = time.process_time()
    svg = View(fresh, engine="layered").svg()
    return time.process_time() - start, svg


def complete(svg: str, length: int) -> None:
    """Assert that a folded figure holds the whole chain: its value, its slope, all its operations, and few boxes."""
    boxes = [item.attrib for item in ET.fromstring(svg).iter() if "gad-node" in item.get("class", "").split()]
    start = next(box for box in boxes if box["data-node"] == "x")
    agree((float(boxes[-1]["data-value"]), float(start["data-adjoint"])), chain.by_hand(length))
    counts = re.findall(r">(\d+) operations<", svg)
    assert sum(map(int, counts)) == length, "operations are missing"
    assert len(boxes) <= 60, "nobody can read that"


def long_cost(length: int) -> Function:
    """What the figure of a long chain takes, measured by itself: tracing is not a part of it."""
    graph = gad.trace(chain.chain, chain.START, length)
    complete(long_figure(graph)[1], length)
    return lambda: long_figure(graph)[0]


def growth_pair(long: int, short: int) -> Pair:
    """Figures of two lengths of the chain."""
    return long_cost(long), long_cost(short)


def second_pair(length: int) -> Pair:
    """The figure of a long chain, and a second: the ratio is a number of seconds."""
    return long_cost(length), lambda: 1.0
