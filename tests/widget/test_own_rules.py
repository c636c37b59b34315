"""A user's own rule (gad.custom) may be made for the adjoints of its own sweep alone: nothing else may need it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.formula import local_formula
from graphviz_ad.widget import baking, desk
from graphviz_ad.widget.view import View

LEFT_OUT = "the rule of own (gad.custom) could not be asked for the local derivative alone: that is left out"


def made_for(right: Any, jvp: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """A square, or a sum of squares, whose vjp knows one adjoint."""

    def own(x):
        return x * x if np.shape(right) == np.shape(x) else np.sum(x * x)

    def vjp(adjoint, out, x):
        if np.shape(adjoint) != np.shape(right) or not np.array_equal(adjoint, right):
            raise RuntimeError(f"made for {right}, not for {adjoint}")
        return adjoint * 2 * x

    return gad.custom(own, vjp=vjp, jvp=jvp)


def stubborn(tangents, out, x):
    raise RuntimeError("no tangent is right")


def numbers(x):
    u = made_for(18.0)(x)
    a = 3 * u
    b = u * 5.0
    return a * 2 + b * 2.4


def vectors(x):
    u = made_for(np.array([2.0, 4.0, 2.0]))(x)
    return np.sum(u * np.array([2.0, 4.0, 2.0]))


def to_a_number(x):
    return 3.0 * made_for(np.float64(3.0))(x)


def both_ways(x):
    return 3.0 * made_for(3.0, stubborn)(x)


VECTOR = np.array([1.0, 2.0, 3.0])
CASES = [(numbers, 3.0), (vectors, VECTOR), (to_a_number, VECTOR), (both_ways, 2.0)]
CASE = pytest.mark.parametrize(("f", "x"), CASES, ids=lambda one: getattr(one, "__name__", ""))


@CASE
@pytest.mark.parametrize("suffix", ["svg", "html", "txt", "tex", "md", "json", "dot"])
def test_every_file_can_be_saved(f: Callable[..., Any], x: Any, suffix: str, tmp_path: Path) -> None:
    assert gad.trace(f, x).save(tmp_path / f"graph.{suffix}").stat().st_size > 100


@CASE
def test_it_can_be_explored(f: Callable[..., Any], x: Any) -> None:
    explorer = gad.explore(f, x)
    edge = explorer.payload["edges"][0]
    assert edge["contribution"] is not None
    assert edge["local"] in (None, '{"shape":[3,3]}', '{"shape":[3]}')  # its entries are what is left out
    explorer.close()


@CASE
def test_what_is_left_out_is_said(f: Callable[..., Any], x: Any) -> None:
    told = View(gad.trace(f, x)).answer("edge:0").data
    assert told["reason"] == LEFT_OUT
    assert told["contribution"]["number"]["text"]  # what the sweep sent is there
    assert told["local"]["number"] is None
    assert told["local"]["matrix"] == ""


def test_a_number_without_its_local_derivative_is_told_without_it() -> None:
    view = View(gad.trace(numbers, 3.0))
    told = view.answer("edge:0").data
    assert told["contribution"]["number"]["text"] == "108"  # 18 · 2 · 3
    (row,) = view.answer("node:0").data["ledger"]
    assert (row["symbols"], row["numbers"], row["sent"]) == ("∂out/∂u · ∂u/∂x", "", "108")
    assert view.scene.steps[-1].narration.startswith("x gets from u: adjoint of u × ∂u/∂x = 108. ")
    assert local_formula(view.line.graph.edges[0]) == "∂u/∂x: ū ↦ ū · ∂u/∂x"


def grouped(x):
    with gad.scope("inner"):
        u = made_for(18.0)(x)
        v = u * 6.0
    return v * 3.0


@pytest.mark.parametrize("suffix", ["svg", "html", "txt"])
def test_within_a_collapsed_group_it_is_not_asked_either(suffix: str, tmp_path: Path) -> None:
    graph = gad.trace(grouped, 3.0)
    assert graph.save(tmp_path / f"graph.{suffix}", **({"fold": "all"} if suffix != "txt" else {})).stat().st_size > 100
    view = View(graph, fold="all")
    told = view.answer("edge:0").data
    assert told["through"] == "inner"
    assert told["contribution"]["number"]["text"] == "108"  # 3 · 6 · 2 · 3
    assert told["local"]["number"] is None
    assert told["reason"].startswith("a rule inside inner (gad.custom) could not be asked")


def test_a_rule_that_can_be_asked_is_asked() -> None:
    square = gad.custom(lambda x: x * x, vjp=lambda adjoint, out, x: adjoint * 2 * x)
    told = View(gad.trace(square, 3.0)).answer("edge:0").data
    assert (told["local"]["number"]["text"], told["reason"]) == ("6", "")


def test_a_page_says_what_its_answers_lack() -> None:
    known = desk.baked(View(gad.trace(numbers, 3.0)))
    # each of the two paths has an adjoint of its own: 6 and 12
    assert known["why:paths:0"].startswith("RuntimeError: made for 18.0, not for ")
    assert "paths:0" not in known


def test_what_could_not_be_drawn_is_not_offered() -> None:
    view = View(gad.trace(both_ways, 2.0))
    assert {"mode": "forward", "seed": "x"} in list(view.departures())
    payload, _ = baking.bake(view, view.payload(False), {})
    assert payload["looks"]["seeds"] == []
    assert payload["looks"]["modes"][1]["why"]
    assert set(payload["looks"]["labels"]) == {"numbers", "symbols", "both"}
