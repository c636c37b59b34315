"""Looks: what a web page may ask for, what is refused and in which words, and what there is to choose."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import GraphvizADError
from graphviz_ad.widget import desk
from graphviz_ad.widget.look import choices, departures, looked
from graphviz_ad.widget.view import View
from tests.story.test_outline import chain, layered


def f(x, W):
    u = W @ np.array([1.0, 2.0])
    y = np.sum(u * u) * x + x
    return y


def view(**options) -> View:
    return View(gad.trace(f, 2.0, np.ones((2, 2))), **options)


def groups(shown: View) -> dict[str, bool]:
    return {group["name"]: group["open"] for group in choices(shown)["groups"]}


def test_nothing_changed() -> None:
    assert looked(view(), {}).payload(False) == view().payload(False)


@pytest.mark.parametrize(
    ("look", "name", "tangent"),
    [
        ({"mode": "forward"}, "x", 1.0),
        ({"mode": "forward", "seed": "x"}, "x", 1.0),
        ({"seed": "W"}, "W", np.ones((2, 2))),
        ({"seed": "W[0, 1]"}, "W", np.array([[0.0, 1.0], [0.0, 0.0]])),
        ({"seed": "W[1,0]"}, "W", np.array([[0.0, 0.0], [1.0, 0.0]])),
    ],
)
def test_forward_mode_from_an_input(look, name, tangent) -> None:
    shown = looked(view(), look)
    right = shown.graph.forward({name: tangent})
    scene = {node.name: node for node in shown.scene.nodes}
    assert shown.scene.mode == "forward"
    assert float(scene["y"].tangent) == float(right["y"].tangent)
    assert shown.payload(True)["look"] == look
    seeds = [one["seed"] for one in choices(shown)["seeds"]]
    assert choices(shown)["seed"] in seeds


def test_back_to_reverse_mode() -> None:
    shown = looked(view(mode="forward", seed={"x": 2.0}), {"mode": "reverse"})
    assert shown.scene.mode == "reverse"
    kept = looked(view(mode="forward", seed={"x": 2.0}), {"labels": "both"})
    assert float(next(n for n in kept.scene.nodes if n.name == "x").tangent) == 2.0
    assert choices(kept)["seed"] == ""  # no look says "twice"


WRONG = [
    (3, "a look must be a dict"),
    ({"zoom": 1}, "unknown look: 'zoom' (must be among ['mode', 'seed'"),
    ({1: 1}, "unknown look: 1"),
    ({"mode": 3}, "unknown mode: 3 (must be one of ['reverse', 'forward'])"),
    ({"mode": "fwd"}, "unknown mode: 'fwd'"),
    ({"mode": ["forward"]}, "unknown mode: ['forward']"),
    ({"seed": 1.0}, "seed must be a text"),
    ({"seed": "Z"}, "no input that can move is named 'Z'. The inputs are: x, W."),
    ({"seed": "WW"}, "Did you mean 'W'?"),
    ({"seed": "W[3,1]"}, "W has shape (2, 2): there is no entry 'W[3,1]'."),
    ({"seed": "W[1]"}, "there is no entry 'W[1]'"),
    ({"seed": "x[0]"}, "x has shape ()"),
    ({"seed": "W[9999999999999999999999, 0]"}, "there is no entry"),
    ({"labels": []}, "unknown labels: []"),
    ({"wrong": "nix"}, "unknown wrong: 'nix'"),
    ({"wrong": "overwrite", "mode": "forward"}, "needs mode 'reverse'"),
    ({"mode": "reverse", "seed": "x"}, "a seed belongs to mode 'forward'"),
    ({"open": "W"}, "open must be a list of names of groups"),
    ({"open": [1]}, "open must be a list of names of groups"),
    ({"closed": {"a": 1}}, "closed must be a list"),
    ({"open": ["a"], "closed": ["a"]}, "both open and closed"),
    ({"open": ["nix"]}, "no group is named 'nix'. This graph has no groups."),
    ({"closed": ["x"]}, "no group is named 'x'"),
]


@pytest.mark.parametrize(("look", "words"), WRONG, ids=str)
def test_what_is_refused(look, words) -> None:
    with pytest.raises(GraphvizADError) as caught:
        looked(view(), look).payload(True)
    assert words in str(caught.value)


# ------------------------------------------------------------------------------------------------ groups


def test_a_group_that_was_open_by_itself_closes_and_opens_again() -> None:
    base = View(layered(3))
    assert groups(base) == {"dense": True, "dense_2": True, "dense_3": True}
    shown = looked(base, {"closed": ["dense_2"]})
    assert groups(shown) == {"dense": True, "dense_2": False, "dense_3": True}
    assert [node.name for node in shown.scene.nodes if node.kind == "group"] == ["dense_2"]
    assert groups(looked(base, {"closed": [], "open": ["dense_2"]})) == groups(base)


def test_repeats_and_what_is_in_them() -> None:
    base = View(layered(24))
    assert groups(base) == {"dense … dense_24": False}
    assert choices(base)["groups"][0]["text"] == "24 × 3 operations"
    opened = looked(base, {"open": ["dense … dense_24", "dense_3"]})
    entries = choices(opened)["groups"]
    assert [(one["name"], one["open"], one["depth"]) for one in entries[:4]] == [
        ("dense … dense_24", True, 0),
        ("dense", False, 1),
        ("dense_2", False, 1),
        ("dense_3", True, 1),
    ]
    again = looked(base, {"open": ["dense_3"], "closed": ["dense … dense_24"]})
    assert groups(again) == {"dense … dense_24": False}
    inner = looked(base, {"open": ["dense … dense_24"], "closed": ["dense_3"]})
    assert not groups(inner)["dense_3"]


def test_ranges_of_long_graphs() -> None:
    base = View(chain(500))
    name = next(iter(groups(base)))
    opened = looked(base, {"open": [name]})
    assert groups(opened)[name]
    assert groups(looked(base, {"closed": [name]})) == groups(base)


def test_a_range_in_a_closed_range_is_remembered() -> None:
    base = View(chain(1500))
    name = next(iter(groups(base)))
    inner = [one["name"] for one in choices(looked(base, {"open": [name]}))["groups"] if one["depth"] == 1]
    assert inner
    assert groups(looked(base, {"open": [name, inner[0]]}))[inner[0]]
    # it is made only where the outer one is open, and yet it is no unknown name
    assert groups(looked(base, {"open": [inner[0]], "closed": [name]})) == groups(base)


def test_nested_calls_keep_their_state_inside_a_closed_one() -> None:
    def inner(x):
        return np.sin(x) * x

    def outer(x):
        return np.exp(inner(x))

    base = View(gad.trace(lambda x: outer(x) + 1.0, 0.5))
    assert groups(base) == {"outer": True, "inner": True}
    assert [one["depth"] for one in choices(base)["groups"]] == [0, 1]
    assert groups(looked(base, {"closed": ["outer", "inner"]})) == {"outer": False}
    assert groups(looked(base, {"closed": ["inner"]})) == {"outer": True, "inner": False}
    everything = replace(base, fold="all")
    assert groups(everything) == {"outer": False}
    assert groups(looked(everything, {"open": ["inner"]})) == {"outer": True, "inner": True}


# ------------------------------------------------------------------------------------------------ choices


def test_choices_are_strict_json_and_each_of_them_can_be_taken() -> None:
    base = View(layered(2))
    found = json.loads(json.dumps(choices(base), allow_nan=False))
    assert [mode["mode"] for mode in found["modes"]] == ["reverse", "forward"]
    for seed in found["seeds"][:20]:
        assert looked(base, {"mode": "forward", "seed": seed["seed"]}).scene.steps
    for labels in found["labels"]:
        assert looked(base, {"labels": labels}).scene.nodes
    for wrong in found["wrong"]:
        assert bool(wrong["why"]) != wrong["applies"]
        if wrong["applies"]:
            assert looked(base, {"wrong": wrong["kind"]}).scene.steps
    for look in departures(base):
        assert looked(base, look).payload(False)["svg"] != base.payload(False)["svg"]


def test_modes_that_there_are_not_say_why() -> None:
    one_way = gad.custom(lambda x: x * 2.0, vjp=lambda adjoint, out, x: adjoint * 2.0)
    forward = choices(View(gad.trace(lambda x: one_way(x), 1.0)))["modes"][1]
    assert "has no rule for forward mode" in forward["why"]
    reverse = choices(View(gad.trace(lambda x: (x * 2.0, x * 3.0), 1.0)))["modes"][0]
    assert "2 outputs" in reverse["why"]
    assert choices(View(gad.trace(lambda x: x * 2.0, 1.0)))["modes"] == [
        {"mode": "reverse", "why": ""},
        {"mode": "forward", "why": ""},
    ]


# ------------------------------------------------------------------------------------------------ questions


def test_questions_about_cost_and_paths() -> None:
    shown = view()
    assert desk.answer(shown, "cost").data["inputs"] == 5
    assert desk.answer(shown, f"paths:{shown.graph['x'].id}").data["name"] == "x"
    for bad in ("paths:", "paths:x", "paths:-1", "paths:99", "paths:²", "paths:" + "9" * 5000):
        with pytest.raises(GraphvizADError):
            desk.answer(shown, bad)
    with pytest.raises(GraphvizADError):
        desk.answer(View(gad.trace(lambda x: (x * 2.0, x * 3.0), 1.0)), "paths:0")
    assert {"cost", "paths:0", "paths:1"} <= set(desk.baked(shown))
    assert "paths:0" not in desk.baked(View(gad.trace(lambda x: (x * 2.0, x * 3.0), 1.0)))
