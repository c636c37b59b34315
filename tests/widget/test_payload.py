"""The payload is strict JSON, holds everything the front end plays, and names its phases."""

from __future__ import annotations

import json
from typing import Any

import pytest

import graphviz_ad as gad
from graphviz_ad.widget.payload import phases, same_step
from tests.widget import stories


def test_payload_has_exactly_the_fields_of_the_contract() -> None:
    data = stories.told(stories.chain(), live=True, notice="Traced again.")
    assert set(data) == {
        "version", "title", "alt", "mode", "svg", "intro", "nodes", "edges", "steps", "scales", "live", "frozen",
        "notice", "frames", "look", "looks", "sliders", "wrong", "training",
    }  # fmt: skip
    assert set(data["nodes"][0]) == {
        "id", "name", "kind", "role", "reached", "consumers", "editable", "differentiable", "output",
        "value", "value_text", "adjoint", "adjoint_text", "tangent", "tangent_text", "source",
        "operation", "shape", "dtype", "frame",
    }  # fmt: skip
    assert set(data["edges"][0]) == {
        "name", "index", "input", "consumer", "argnum", "active", "cut",
        "local", "local_text", "contribution", "contribution_text",
    }  # fmt: skip
    assert set(data["steps"][0]) == {
        "kind", "node", "edge", "adjoint", "adjoint_text", "reported", "complete", "narration",
        "value", "value_text",
    }  # fmt: skip
    assert (data["live"], data["frozen"], data["notice"]) == (True, None, "Traced again.")


def test_payload_is_strict_json_with_numbers_that_json_does_not_know() -> None:
    scene = stories.tell("x · inf", {"x": float("nan")}, [("y", "x · inf", float("inf"), [("x", float("-inf"))])])
    text = json.dumps(stories.told(scene), allow_nan=False)
    back = json.loads(text)
    assert [node["value"] for node in back["nodes"]] == ["nan", "inf"]
    assert back["edges"][0]["local"] == "-inf"


@pytest.mark.parametrize(
    ("scene", "told"),
    [
        (stories.chain(), ["forward"] * 4 + ["backward"] * 3 + ["done"]),
        (stories.forwards(), ["forward"] * 4 + ["tangent"] * 3 + ["done"]),
    ],
    ids=["reverse", "forward"],
)
def test_phase_turns_with_the_seed_and_ends_with_the_last_step(scene: stories.Scene, told: list[str]) -> None:
    assert phases(stories.told(scene)) == told


def test_a_story_of_no_step_or_of_values_alone_has_its_phases_too() -> None:
    data = stories.told(stories.chain())
    assert phases({**data, "steps": []}) == ["done"]
    assert phases({**data, "steps": data["steps"][:2]}) == ["forward", "forward", "done"]


def test_another_story_stands_where_the_last_thing_has_happened_that_both_tell() -> None:
    def branching(x: Any) -> Any:
        return x * x + x if x > 0 else x * 3

    longer, shorter = (gad.explore(branching, x).shown for x in (2.0, -1.0))
    assert [same_step(longer, step, shorter) for step in range(9)] == [0, 1, 1, 2, 3, 3, 4, 4, 4]
    assert [same_step(shorter, step, longer) for step in range(5)] == [0, 1, 3, 4, 8]
    assert [same_step(longer, step, longer) for step in range(9)] == list(range(9)), "x gets from v2 twice"
