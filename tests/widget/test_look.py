"""Looks: what a web page may ask for, what is refused and in which words, and what there is to choose."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import GraphvizADError
from graphviz_ad.widget import desk
from graphviz_ad.widget.baking import variant_key
from graphviz_ad.widget.look import choices, departures, looked, offered
from graphviz_ad.widget.packing import unpack
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
    ({"seed": "W[999999999999999999, 0]"}, "there is no entry"),
    ({"seed": f"W[{'9' * 5000}, 0]"}, "999999999999999999… is more than there are nodes, edges or cells."),
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


def test_opening_undoes_what_the_view_was_made_with() -> None:
    base = View(layered(3), close=("dense_2", "dense_3"))
    assert groups(base) == {"dense": True, "dense_2": False, "dense_3": False}
    assert groups(looked(base, {"open": ["dense_2"]})) == {"dense": True, "dense_2": True, "dense_3": False}


def test_there_are_never_more_seeds_than_a_menu_can_hold() -> None:
    weights = {f"w{number}": np.ones(16) for number in range(20)}  # 20 · (1 + 16) ways to move
    seeds = choices(View(gad.trace(lambda **w: sum(np.sum(one) for one in w.values()), **weights)))["seeds"]
    assert len(seeds) == 300
    assert [one["seed"] for one in seeds[15:18]] == ["w0[14]", "w0[15]", "w1"]


# ------------------------------------------------------------------------------------------------ pages


def nine(a, b, c, d, e, f, g, h, i):
    return np.tanh(a * b + c) * d + np.tanh(e * f + g) * h + i


def in_a_page(base: View) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What a page of this view offers, and the looks that it carries."""
    page = base.page()
    payload, baked = (unpack(re.search(f'id="gad-{name}">([^<]*)<', page)[1]) for name in ("payload", "baked"))
    carried = [look for look in base.departures() if variant_key(look) in baked["variants"]]
    assert len(carried) == len(baked["variants"])
    return payload["looks"], carried


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_page_offers_the_seeds_that_it_carries(mode: str) -> None:
    graph = gad.trace(nine, *np.linspace(0.1, 0.9, 9))
    looks, carried = in_a_page(View(graph, mode=mode, seed={"h": 1.0} if mode == "forward" else None))
    offered = [one["seed"] for one in looks["seeds"]]
    assert offered == [*"abcdef"] + (["h"] if mode == "forward" else [])
    assert {look["seed"] for look in carried if "seed" in look} == set("abcdef")
    assert [one["why"] for one in looks["modes"]] == ["", ""]
    assert looks["labels"] == ["numbers", "symbols", "both"]
    taken = {one["kind"] for one in looks["wrong"] if one["applies"]}
    assert taken == {look["wrong"] for look in carried if "wrong" in look}
    assert bool(taken) == (mode == "reverse")
    assert all(one["why"] for one in looks["wrong"] if not one["applies"])


def test_a_page_offers_the_groups_that_it_carries() -> None:
    base = View(layered(14), fold="none")
    assert len(choices(base)["groups"]) == 14
    looks, carried = in_a_page(base) if len(base.scene.nodes) <= 60 else in_a_page(View(layered(14), fold="all"))
    toggled = [name for look in carried for key in ("open", "closed") for name in look.get(key, ())]
    assert [one["name"] for one in looks["groups"]] == toggled
    assert 0 < len(toggled) <= 12


def test_a_page_of_many_nodes_offers_nothing_that_it_does_not_carry() -> None:
    base = View(chain(61), fold="none")
    assert len(base.scene.nodes) > 60
    assert in_a_page(base) == ({}, [])
    assert base.payload(True)["looks"]["labels"] == ["numbers", "symbols", "both"], "a kernel draws what is asked for"


def test_a_variant_of_a_page_offers_what_leads_back_or_is_carried() -> None:
    base = View(layered(24))
    home = base.payload(False)
    carried = list(base.departures())
    name = "dense … dense_24"
    assert {"open": [name]} in carried
    shown = looked(base, {"open": [name]}).payload(False)
    assert {one["name"] for one in shown["looks"]["groups"]} > {name, "dense_3"}
    kept = offered(shown, offered(home, home, carried), carried)
    assert [(one["name"], one["open"]) for one in kept["looks"]["groups"]] == [(name, True)]
    assert kept["steps"] == shown["steps"]


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


def test_a_page_carries_the_paths_of_twelve_inputs() -> None:
    graph = gad.trace(lambda **w: sum(w.values()), **{f"w{number}": 1.0 for number in range(15)})
    found = [question for question in desk.baked(View(graph)) if question.startswith("paths:")]
    assert found == [f"paths:{graph[f'w{number}'].id}" for number in range(12)]
