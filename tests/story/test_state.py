"""The state after k steps: by hand for small stories, and the same as the explorer's for all."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.scene import Scene, SceneStep
from graphviz_ad.story.staging import stage
from graphviz_ad.story.state import NodeState, State, resolve_step, state_at, states
from graphviz_ad.widget.payload import payload
from tests.run import NO_NODE, ROOT, find_node
from tests.widget import stories


def broadcast() -> Scene:
    """The fan-out's story, its first contribution to `a` told as a contribution and a sum over broadcast axes."""
    scene = stories.fan_out()
    steps: list[SceneStep] = []
    for step in scene.steps:
        if step.kind == "contribution" and step.node == 0 and step.reported == 1:
            steps += [replace(step, adjoint=None, adjoint_text=None, reported=0), replace(step, kind="sum")]
        else:
            steps.append(step)
    return replace(scene, steps=tuple(steps))


def traced() -> Iterable[tuple[str, Scene]]:
    """Scenes of real graphs: arrays with broadcasting, a cut, an input without a path, forward mode, values alone."""

    def layer(W: Any, b: Any, idle: float) -> Any:
        z = gad.constant(np.arange(6.0).reshape(3, 2)) @ W + b
        h = np.maximum(0, z)
        L = np.sum(h * h) + np.sum(gad.detach(h))
        return L

    yield "layer", stage(gad.trace(layer, np.array([[0.5], [-1.0]]), np.array([0.25]), 4.0))

    def product(x: float, y: float) -> Any:
        u = x * y
        return np.sin(u) + u * x

    yield "forward mode", stage(gad.trace(product, 0.5, 2.0), mode="forward", seed={"x": 1.0})

    def pair(x: Any) -> Any:
        return np.sin(x), np.cos(x)

    def grouped(x: float) -> Any:
        a, b = pair(x)
        with gad.scope("last"):
            y = a * b + a
        return y

    for fold in ("all", "none", ("pair",)):
        for mode in ("reverse", "forward"):
            yield f"groups {fold}, {mode}", stage(gad.trace(grouped, 0.5), fold=fold, mode=mode)

    def many(values: list[float]) -> Any:
        product: Any = 1.0
        total: Any = 0.0
        for value in values:
            product = product * value
        for value in values:
            total = total + value
        return product * total

    yield "many inputs", stage(gad.trace(many, list(np.linspace(0.9, 1.1, 80))))
    yield "values", stage(gad.trace(lambda x: (x * 2, x + 1.0), 3.0))
    yield "constants", stage(gad.trace(product, 0.5, 2.0), show=("constants",))
    yield "no step at all", stage(gad.trace(lambda x: x, 3.0))
    for zero in (True, False):
        explorer = gad.explore_training(
            lambda p, x: np.mean((p["w"] * x) ** 2), {"w": 1.0}, None, np.ones(3), zero=zero
        )
        explorer.iteration = 1
        yield f"training, zero={zero}", explorer._adapter.scene
        explorer.close()
    yield "an input as the output", stage(gad.trace(lambda x: (x, x * x), 3.0), output="x")


SCENES: dict[str, Scene] = {
    "chain": stories.chain(),
    "forwards": stories.forwards(),
    "meeting": stories.meeting(),
    "fan out": stories.fan_out(idle=1.0),
    "broadcast": broadcast(),
    "long": stories.large(40),
    **dict(traced()),
}

PLAY = """
const source = process.argv[1];
const { stateAt } = await import(`data:text/javascript;base64,${source}`);
let text = "";
for await (const piece of process.stdin) text += piece;
const sorted = (set) => [...set].sort((a, b) => a - b);
console.log(JSON.stringify(JSON.parse(text).map((payload) =>
  Array.from({ length: payload.steps.length + 1 }, (_, step) => {
    const state = stateAt(payload, step);
    return {
      ...state,
      nodes: [...state.nodes].map(([id, node]) => [id, node.updated ? { ...node, updated: node.updated.text } : node]),
      locals: sorted(state.locals),
      contributions: sorted(state.contributions),
      feeding: sorted(state.feeding),
    };
  }))));
"""


@pytest.fixture(scope="module")
def played() -> dict[str, list[dict[str, Any]]]:
    """Return every state of every scene as the explorer's own JavaScript has it."""
    found = find_node()
    if found is None:
        pytest.fail(NO_NODE, pytrace=False)
    code = (ROOT / "graphviz_ad" / "widget" / "static" / "story.js").read_bytes()
    payloads = [payload(scene, "", live=False, frozen=None) for scene in SCENES.values()]
    done = subprocess.run(
        [*found[0], "--input-type=module", "-e", PLAY, base64.b64encode(code).decode()],
        input=json.dumps(payloads), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(zip(SCENES, json.loads(done.stdout), strict=True))


def plain(state: State) -> dict[str, Any]:
    """Return a state in JavaScript's words."""
    return {
        "step": state.step,
        "phase": state.phase,
        "narration": state.narration,
        "nodes": [
            [
                id_,
                {name: getattr(known, name) for name in ("value", "adjoint", "accumulator", "tangent", "reported")}
                | {name: text for name in ("updated", "zeroed") if (text := getattr(known, name)) is not None},
            ]
            for id_, known in state.nodes.items()
        ],
        "locals": sorted(state.locals),
        "contributions": sorted(state.contributions),
        "activeNode": state.active_node,
        "activeEdge": state.active_edge,
        "feeding": sorted(state.feeding),
    }


@pytest.mark.parametrize("name", SCENES)
def test_python_and_the_explorer_agree(name: str, played: dict[str, list[dict[str, Any]]]) -> None:
    mine = [plain(state) for state in states(SCENES[name])]
    assert len(mine) == len(SCENES[name].steps) + 1
    for here, there in zip(mine, played[name], strict=True):
        assert here == there


def test_the_scenes_hold_what_is_to_be_compared() -> None:
    kinds = {step.kind for scene in SCENES.values() for step in scene.steps}
    assert kinds == {"value", "seed", "contribution", "sum", "tangent", "update", "zero"}
    assert {state.phase for scene in SCENES.values() for state in states(scene)} == {
        "forward", "backward", "tangent", "done",
    }  # fmt: skip


def test_the_chain_by_hand() -> None:
    scene = SCENES["chain"]  # x -> s -> u -> y, ids 0 to 3: three values, the seed, three contributions
    first = state_at(scene, 0)
    assert [known.value for known in first.nodes.values()] == [True, False, False, False]
    assert (first.phase, first.active_node, first.narration) == ("forward", None, scene.intro)
    second = state_at(scene, 2)
    assert (second.active_node, second.feeding, second.active_edge) == (2, {1}, None)
    assert second.locals == second.contributions == set()
    fifth = state_at(scene, 5)
    assert (fifth.phase, fifth.active_edge, fifth.locals, fifth.contributions) == ("backward", 2, {2}, {2})
    assert fifth.nodes[2] == NodeState(True, True, "31.69", False, 1)
    assert fifth.nodes[1] == NodeState(True)
    last = state_at(scene, -1)
    assert (last.step, last.phase, last.contributions) == (7, "done", {0, 1, 2})


def test_an_accumulator_on_its_way() -> None:
    scene = SCENES["fan out"]
    seen = [state.nodes[0] for state in states(scene)]
    assert [known.accumulator for known in dict.fromkeys(seen)] == [None, "18", "25"]
    assert [(known.adjoint, known.reported) for known in dict.fromkeys(seen)] == [(False, 0), (False, 1), (True, 2)]
    idle = next(node.id for node in scene.nodes if node.name == "idle")
    assert state_at(scene, -2).nodes[idle].accumulator is None
    assert state_at(scene, -1).nodes[idle].accumulator == "0"


def test_a_sum_reveals_what_its_contribution_does_not() -> None:
    scene = SCENES["broadcast"]
    (place,) = [place for place, step in enumerate(scene.steps) if step.kind == "sum"]
    edge = scene.steps[place].edge
    before, at, after = (state_at(scene, place + more) for more in (-1, 0, 1))
    assert edge not in before.locals
    assert edge in at.locals
    assert edge not in at.contributions
    assert at.nodes == before.nodes
    assert edge in after.contributions
    assert after.nodes[0] == NodeState(True, False, "18", False, 1)


def test_a_tangent_on_its_way() -> None:
    """The product f = c · d gets d · ċ = 6 and c · ḋ = 15: one edge a step, and a running sum until both have come."""
    scene = SCENES["meeting"]
    names = {node.name: node.id for node in scene.nodes}
    (first, second) = (place for place, step in enumerate(scene.steps, 1) if step.node == names["f"] and step.edge)
    before, half, whole = (state_at(scene, step) for step in (first - 1, first, second))
    assert before.nodes[names["f"]] == NodeState(True)
    assert half.nodes[names["f"]] == NodeState(True, accumulator="6")
    assert whole.nodes[names["f"]] == NodeState(True, accumulator="21", tangent=True)
    for state, old in ((half, before), (whole, half)):
        edge = scene.steps[state.step - 1].edge
        assert state.locals - old.locals == state.contributions - old.contributions == {edge}
        assert state.feeding == {edge}
        assert (state.phase, state.active_node, state.active_edge) == ("tangent", names["f"], edge)


def test_a_seed_shows_its_tangent() -> None:
    scene = SCENES["meeting"]
    turn = [step.kind for step in scene.steps].index("seed") + 1
    state = state_at(scene, turn)
    assert state.nodes[0] == NodeState(True, accumulator="1", tangent=True)
    assert not state.locals
    assert not state.feeding
    more = [replace(step, complete=step.kind != "seed") for step in scene.steps]
    assert state_at(replace(scene, steps=tuple(more)), turn).nodes[0] == NodeState(True, accumulator="1")


def test_what_does_not_move_has_its_zero_at_the_end() -> None:
    scene = SCENES["meeting"]
    assert state_at(scene, -2).nodes[1] == NodeState(True)
    assert state_at(scene, -1).nodes[1] == NodeState(True, accumulator="0", tangent=True)
    unmoved = {edge.index for edge in scene.edges if edge.input == 1}
    assert not unmoved & (state_at(scene, -2).locals | state_at(scene, -2).contributions)
    assert unmoved < state_at(scene, -1).contributions


def test_what_no_step_computes_is_given() -> None:
    """A collapsed group without operations, such as a range of many inputs, as well as inputs and constants."""
    scene = SCENES["many inputs"]
    first = state_at(scene, 0)
    kinds = {(node.kind, node.operation.endswith("inputs")): first.nodes[node.id].value for node in scene.nodes}
    assert kinds == {("group", True): True, ("group", False): False}


def test_which_steps_there_are() -> None:
    scene = SCENES["chain"]
    assert [resolve_step(scene, step) for step in (0, 7, -1, -8, np.int64(3))] == [0, 7, 7, 0, 3]
    for step in (8, -9):
        with pytest.raises(ArgumentError, match=rf"there is no step {step}: this story has 7 steps; write a number"):
            resolve_step(scene, step)
    for wrong in (1.5, "3", True, None):
        with pytest.raises(ArgumentError, match="a step must be a whole number from 0 to 7, not"):
            resolve_step(scene, wrong)  # type: ignore[arg-type]
