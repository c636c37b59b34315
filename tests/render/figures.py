"""Scenes for the tests of the picture, written by hand: they need neither a tracer nor a layout engine."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from graphviz_ad.story.scene import Scene, SceneEdge, SceneFrame, SceneNode

Node = dict[str, object]
Edge = tuple[str, str, float]  # input, consumer, local derivative


def text(number: float) -> str:
    return f"{number:.4g}"


def node(name: str, operation: str = "", value: float = 0.0, **changes: object) -> Node:
    return {"name": name, "operation": operation, "number": value, **changes}


def tell(
    title: str,
    nodes: Sequence[Node],
    edges: Sequence[Edge],
    *,
    cut: Sequence[tuple[str, str]] = (),
    frames: Sequence[SceneFrame] = (),
) -> Scene:
    """A Scene from nodes in evaluation order (the last is the output) and edges; adjoints by a sweep over the edges."""
    ids = {str(spec["name"]): index for index, spec in enumerate(nodes)}
    plain = {
        name
        for name, spec in zip(ids, nodes, strict=True)
        if spec.get("differentiable") is False or spec.get("kind") == "constant"
    }
    live = [(a, b) not in cut and a not in plain and b not in plain for a, b, _ in edges]
    last = list(ids)[-1]
    adjoints = dict.fromkeys(ids, 0.0) | {last: 1.0}
    reached = {last}
    contributions: list[float | None] = [None] * len(edges)
    consumers = dict.fromkeys(ids, 0)
    for consumer in reversed(ids):
        for index, (a, b, local) in enumerate(edges):
            if b == consumer and live[index] and b in reached:
                contributions[index] = local * adjoints[b]
                adjoints[a] += local * adjoints[b]
                reached.add(a)
                consumers[a] += 1
    return Scene(
        title=title,
        alt=f"The graph of {title}.",
        nodes=tuple(
            _node(ids[name], spec, name in reached, name == last, adjoints[name], consumers[name])
            for name, spec in zip(ids, nodes, strict=True)
        ),
        edges=tuple(
            SceneEdge(
                index=index,
                input=ids[a],
                consumer=ids[b],
                argnum=sum(other[1] == b for other in edges[:index]),
                active=contributions[index] is not None,
                cut=(a, b) in cut,
                local=None if contributions[index] is None else repr(local),
                local_text=None if contributions[index] is None else text(local),
                contribution=None if contributions[index] is None else repr(contributions[index]),
                contribution_text=None if contributions[index] is None else text(contributions[index] or 0.0),
            )
            for index, (a, b, local) in enumerate(edges)
        ),
        steps=(),
        intro="",
        mode="reverse",
        frames=tuple(frames),
    )


def _node(id_: int, spec: Node, reached: bool, output: bool, adjoint: float, consumers: int) -> SceneNode:
    kind = str(spec.get("kind", "primitive" if spec["operation"] else "input"))
    differentiable = bool(spec.get("differentiable", kind != "constant"))
    number = spec["number"]
    made = SceneNode(
        id=id_,
        name=str(spec["name"]),
        kind=kind,
        role="input" if kind == "input" else "",
        operation=str(spec["operation"]),
        shape="",
        dtype="float64",
        differentiable=differentiable,
        reached=reached,
        consumers=consumers,
        output=output,
        seeded=output,
        editable=kind == "input",
        value=repr(number),
        value_text=text(number) if isinstance(number, float) else str(number),
        adjoint=repr(adjoint) if differentiable else None,
        adjoint_text=text(adjoint) if differentiable else None,
        tangent=None,
        tangent_text=None,
        source=None if kind != "primitive" else "model.py:3",
    )
    own = {field.name for field in dataclasses.fields(SceneNode)}
    return dataclasses.replace(made, **{key: value for key, value in spec.items() if key in own})  # type: ignore[arg-type]


def chain(name: str = "x") -> Scene:
    """(x² + 1)³ at x = 1.5."""
    return tell(
        "f",
        [node(name, value=1.5), node("v1", "power 2", 2.25), node("v2", "+ 1", 3.25), node("y", "power 3", 34.328125)],
        [(name, "v1", 3.0), ("v1", "v2", 1.0), ("v2", "y", 31.6875)],
    )


def fan_out() -> Scene:
    """Two inputs with two consumers each: a = 2, b = 3: c = a + b, d = a·b, e = c + d, f = c·d, y = e + f."""
    return tell(
        "fan_out",
        [
            node("a", value=2.0),
            node("b", value=3.0),
            node("c", "+", 5.0),
            node("d", "×", 6.0),
            node("e", "+", 11.0),
            node("f", "×", 30.0),
            node("y", "+", 41.0),
        ],
        [
            ("a", "c", 1.0), ("b", "c", 1.0), ("a", "d", 3.0), ("b", "d", 2.0), ("c", "e", 1.0), ("d", "e", 1.0),
            ("c", "f", 6.0), ("d", "f", 5.0), ("e", "y", 1.0), ("f", "y", 1.0),
        ],
    )  # fmt: skip


def neuron() -> Scene:
    """Item 5 of the curriculum: h = σ(w₁x + b₁), y = w₂h + b₂, L = (y − t)²."""
    w1, b1, w2, b2, x, t = 0.5, 0.1, -0.3, 0.2, 2.0, 1.0
    z = w1 * x + b1
    h = 1 / (1 + math.exp(-z))
    y = w2 * h + b2
    e = y - t
    return tell(
        "loss",
        [
            node("w1", value=w1, role="parameter"),
            node("x", value=x, role="data"),
            node("b1", value=b1, role="parameter"),
            node("w2", value=w2, role="parameter"),
            node("b2", value=b2, role="parameter"),
            node("t", value=t, role="target"),
            node("v1", "×", w1 * x),
            node("z", "+", z),
            node("h", "sigmoid", h),
            node("v2", "×", w2 * h),
            node("y", "+", y),
            node("e", "−", e),
            node("L", "power 2", e * e),
        ],
        [
            ("w1", "v1", x), ("x", "v1", w1), ("v1", "z", 1.0), ("b1", "z", 1.0), ("z", "h", h * (1 - h)),
            ("w2", "v2", h), ("h", "v2", w2), ("v2", "y", 1.0), ("b2", "y", 1.0), ("y", "e", 1.0), ("t", "e", -1.0),
            ("e", "L", 2 * e),
        ],
    )  # fmt: skip


def tensors() -> Scene:
    """A layer with a batch of four: every number is an array, and the texts are long."""
    scene = tell(
        "layer",
        [
            node("X", value=0.0, kind="constant", shape="(4, 3)"),
            node("W1", value=0.0, role="parameter", shape="(3, 2)"),
            node("b1", value=0.0, role="parameter", shape="(2,)"),
            node("Y", value=0.0, role="target", shape="(4, 2)", dtype="float32"),
            node("v1", "matmul", 0.0, shape="(4, 2)"),
            node("z", "+", 0.0, shape="(4, 2)"),
            node("h", "maximum 0", 0.0, shape="(4, 2)"),
            node("error", "−", 0.0, shape="(4, 2)"),
            node("v2", "square", 0.0, shape="(4, 2)"),
            node("loss", "mean", 0.2731),
        ],
        [
            ("X", "v1", 1.0), ("W1", "v1", 1.0), ("v1", "z", 1.0), ("b1", "z", 1.0), ("z", "h", 1.0),
            ("h", "error", 1.0), ("Y", "error", -1.0), ("error", "v2", 2.0), ("v2", "loss", 0.125),
        ],
    )  # fmt: skip
    array = "[[0.1257, -0.1321], [0.6404, 0.1049], [-0.5357, 0.3616], [1.304, 0.9471]]"
    return dataclasses.replace(
        scene,
        nodes=tuple(
            dataclasses.replace(n, value_text=array, adjoint_text=n.adjoint_text and "mean -0.02508") if n.shape else n
            for n in scene.nodes
        ),
        edges=tuple(
            dataclasses.replace(e, local_text=e.local_text and "4×2×3×2", contribution_text=e.local_text and array)
            for e in scene.edges
        ),
    )


def broken() -> Scene:
    """A comparison ends differentiability, a constant has no adjoint, and one input is not reached."""
    return tell(
        "kink",
        [
            node("x", value=-0.75),
            node("unused", value=4.0),
            node("table", value=3.0, kind="constant"),
            node("inside", "> 0", differentiable=False, dtype="bool", value_text="False"),
            node("v1", "square", 0.5625),
            node("v2", "×", 1.6875),
            node("out", "where", 1.6875),
        ],
        [
            ("x", "inside", 0.0), ("x", "v1", -1.5), ("v1", "v2", 3.0), ("table", "v2", 0.0),
            ("inside", "out", 0.0), ("v2", "out", 1.0),
        ],
        cut=[("x", "inside")],
    )  # fmt: skip


def large() -> Scene:
    """Forty nodes with some skip edges."""
    nodes = [node(f"x{k}", value=0.1 * k + 0.5) for k in range(6)]
    edges: list[Edge] = []
    for k in range(34):
        name = f"v{k + 1}"
        first, second = str(nodes[k]["name"]), str(nodes[k + 2 + k % 4]["name"])
        edges += [(first, name, 1.0), (second, name, -0.01 * k)]
        nodes.append(node(name, "×" if k % 3 else "+", 1.2345 * k))
    return tell("large", nodes, edges)


def nested_frames() -> Scene:
    """Groups in groups, two of them side by side, one with two outputs, one without a name."""
    frames = [
        SceneFrame(50, "model", "model", None),
        SceneFrame(51, "encode", "3 operations", 50),
        SceneFrame(52, "", "", 51),
        SceneFrame(53, "decode", "decode", 50),
        SceneFrame(54, "one", "one", None),
    ]
    nodes = [
        node("x", value=1.0), node("w", value=2.0), node("b", value=0.5),
        node("a", "×", 2.0, frame=52), node("c", "sin", 0.9, frame=52), node("d", "+", 1.4, frame=51),
        node("k", "exp", 2.718, frame=53), node("m", "×", 3.806, frame=53), node("s", "+", 5.806, frame=50),
        node("o", "cos", -0.4161, frame=54), node("y", "+", 5.39),
    ]  # fmt: skip
    ends = ["xa", "wa", "ac", "cd", "bd", "xk", "km", "dm", "as", "ms", "wo", "sy", "oy"]
    return tell("nested", nodes, [(one, two, 0.5) for one, two in ends], frames=frames)


ALL = {
    "chain": chain,
    "fan_out": fan_out,
    "neuron": neuron,
    "tensors": tensors,
    "broken": broken,
    "large": large,
    "nested_frames": nested_frames,
}
