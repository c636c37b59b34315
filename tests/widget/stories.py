"""Scenes for the tests of the front end, told by hand: they need neither a tracer nor a layout engine."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from graphviz_ad.render.display import picture as draw
from graphviz_ad.render.svg import to_svg
from graphviz_ad.story.scene import Scene, SceneEdge, SceneNode, SceneStep
from graphviz_ad.widget.payload import payload

Local = tuple[str, float]  # (name of the input, local derivative)


def tell(title: str, inputs: dict[str, float], operations: list[tuple[str, str, float, list[Local]]]) -> Scene:
    """Return the Scene of scalar operations ``(name, label, value, local derivatives)``; the last one is the output."""
    names = [*inputs, *(name for name, *_ in operations)]
    numbers = {name: id_ for id_, name in enumerate(names)}
    values = {**inputs, **{name: value for name, _, value, _ in operations}}
    labels = {name: label for name, label, _, _ in operations}
    triples = [
        (source, name, argnum, local)
        for name, _, _, locals_ in operations
        for argnum, (source, local) in enumerate(locals_)
    ]
    reached = {names[-1]}
    for source, consumer, _, _ in reversed(triples):
        if consumer in reached:
            reached.add(source)
    active = [consumer in reached for _, consumer, _, _ in triples]
    waiting = {name: sum(a for a, t in zip(active, triples, strict=True) if t[0] == name) for name in names}
    consumers = dict(waiting)

    steps = [_value_step(numbers[name], f"{name} = {label} = {value:.4g}") for name, label, value, _ in operations]
    adjoints = dict.fromkeys(names, 0.0)
    adjoints[names[-1]] = 1.0
    steps.append(_step("seed", numbers[names[-1]], None, 1.0, 0, True, f"{names[-1]}̄ = 1: the seed."))
    contributions: dict[int, float] = {}
    for consumer in reversed(names):
        for index, (source, to, _, local) in enumerate(triples):
            if to != consumer or not active[index]:
                continue
            old = adjoints[source]
            contributions[index] = adjoints[consumer] * local
            adjoints[source] = old + contributions[index]
            waiting[source] -= 1
            words = f"{consumer}̄ · ∂{consumer}/∂{source} = {adjoints[consumer]:.4g} · {local:.4g}"
            words += f" = {contributions[index]:.4g}, added to {source}̄: {old:.4g} → {adjoints[source]:.4g}"
            reported = consumers[source] - waiting[source]
            steps.append(
                _step("contribution", numbers[source], index, adjoints[source], reported, waiting[source] == 0, words)
            )
    return Scene(
        title=title,
        alt=f"The graph of {title}.",
        nodes=tuple(
            SceneNode(
                id=numbers[name],
                name=name,
                kind="input" if name in inputs else "primitive",
                role="input" if name in inputs else "",
                operation=labels.get(name, ""),
                shape="",
                dtype="float64",
                differentiable=True,
                reached=name in reached,
                consumers=consumers[name],
                output=name == names[-1],
                editable=name in inputs,
                value=repr(float(values[name])),
                value_text=f"{values[name]:.4g}",
                adjoint=repr(float(adjoints[name])),
                adjoint_text=f"{adjoints[name]:.4g}",
                tangent=None,
                tangent_text=None,
                source="cell:1" if name not in inputs else None,
            )
            for name in names
        ),
        edges=tuple(
            SceneEdge(
                index=index,
                input=numbers[source],
                consumer=numbers[consumer],
                argnum=argnum,
                active=active[index],
                cut=False,
                local=repr(float(local)),
                local_text=f"{local:.4g}",
                contribution=repr(float(contributions[index])) if active[index] else None,
                contribution_text=f"{contributions[index]:.4g}" if active[index] else None,
            )
            for index, (source, consumer, argnum, local) in enumerate(triples)
        ),
        steps=tuple(steps),
        intro=f"The inputs of {title}.",
        mode="reverse",
    )


def _value_step(node: int, narration: str) -> SceneStep:
    return SceneStep("value", node, None, None, None, 0, False, narration)


def _step(
    kind: str, node: int, edge: int | None, adjoint: float, reported: int, complete: bool, narration: str
) -> SceneStep:
    return SceneStep(kind, node, edge, repr(float(adjoint)), f"{adjoint:.4g}", reported, complete, narration)


def chain(x: float = 1.5) -> Scene:
    """(x² + 1)³: at 1.5 the value is 34.328125 and the derivative 95.0625."""
    s, u = x * x, x * x + 1
    return tell(
        "(x² + 1)³",
        {"x": x},
        [
            ("s", "x²", s, [("x", 2 * x)]),
            ("u", "s + 1", u, [("s", 1.0)]),
            ("y", "u³", u**3, [("u", 3 * u * u)]),
        ],
    )


def forwards(x: float = 1.5) -> Scene:
    """The same function in forward mode, seeded with x' = 1: the tangents are 1, 3, 3 and 95.0625."""
    return moved(chain(x), "x")


def meeting(a: float = 2.0, b: float = 3.0) -> Scene:
    """The fan-out in forward mode, seeded with a' = 1: at (2, 3) the tangents are c 1, d 3, e 4, f 21, y 25."""
    return moved(fan_out(a, b), "a")


def moved(scene: Scene, start: str) -> Scene:
    """Return a scene in forward mode: one input moves, and every edge that it reaches adds to a tangent."""
    tangents = dict.fromkeys((node.id for node in scene.nodes), 0.0)
    seed = next(node for node in scene.nodes if node.name == start)
    tangents[seed.id] = 1.0
    reached = {seed.id}
    steps = [step for step in scene.steps if step.kind == "value"]
    steps.append(_step("seed", seed.id, None, 1.0, 0, True, f"{start}\u0307 = 1: the seed."))
    pushed = dict.fromkeys((edge.index for edge in scene.edges), 0.0)
    for node in scene.nodes:
        arriving = [edge for edge in scene.edges if edge.consumer == node.id and edge.input in reached]
        for reported, edge in enumerate(arriving, 1):
            pushed[edge.index] = float(edge.local or "nan") * tangents[edge.input]
            tangents[node.id] += pushed[edge.index]
            reached.add(node.id)
            words = f"{pushed[edge.index]:.4g} for {node.name}\u0307, {reported} of {len(arriving)}"
            whole = reported == len(arriving)
            steps.append(_step("tangent", node.id, edge.index, tangents[node.id], reported, whole, words))
    return replace(
        scene,
        nodes=tuple(
            replace(
                node,
                consumers=0,
                adjoint=None,
                adjoint_text=None,
                tangent=repr(tangents[node.id]),
                tangent_text=f"{tangents[node.id]:.4g}",
            )
            for node in scene.nodes
        ),
        edges=tuple(
            replace(edge, contribution=repr(pushed[edge.index]), contribution_text=f"{pushed[edge.index]:.4g}")
            for edge in scene.edges
        ),
        steps=tuple(steps),
        mode="forward",
    )


def large(length: int = 500) -> Scene:
    """A chain of many nodes: x, then x + 1 again and again."""
    names = ["x", *(f"v{number}" for number in range(1, length))]
    return tell(
        "a long chain",
        {"x": 1.0},
        [
            (name, f"{before} + 1", 1.0 + number, [(before, 1.0)])
            for number, (before, name) in enumerate(pairwise(names), start=1)
        ],
    )


def fan_out(a: float = 2.0, b: float = 3.0, idle: float | None = None) -> Scene:
    """The graph of curriculum.md's last line: at (2, 3) the adjoints are a 25, b 19, c 7, d 6."""
    c, d = a + b, a * b
    e, f = c + d, c * d
    return tell(
        "(a + b + ab) + (a + b)·ab",
        {"a": a, "b": b} | ({} if idle is None else {"idle": idle}),
        [
            ("c", "a + b", c, [("a", 1.0), ("b", 1.0)]),
            ("d", "a · b", d, [("a", b), ("b", a)]),
            ("e", "c + d", e, [("c", 1.0), ("d", 1.0)]),
            ("f", "c · d", f, [("c", d), ("d", c)]),
            ("y", "e + f", e + f, [("e", 1.0), ("f", 1.0)]),
        ],
    )


def picture(scene: Scene) -> str:
    """Return the picture that the front end plays; "layered" draws the same on every machine."""
    return to_svg(draw(scene, engine="layered"), theme="page")


def told(scene: Scene, *, live: bool = False, frozen: str | None = None, notice: str = "") -> dict[str, Any]:
    """Return the payload of a scene."""
    return payload(scene, picture(scene), live=live, frozen=frozen, notice=notice)
