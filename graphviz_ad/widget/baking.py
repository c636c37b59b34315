"""Computes beforehand what a page without a kernel may be asked: answers, other ways of looking, and sliders."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError, GraphvizADError
from graphviz_ad.story.numbers import brief, exact
from graphviz_ad.widget import desk
from graphviz_ad.widget.look import offered
from graphviz_ad.widget.packing import pack
from graphviz_ad.widget.patch import diff, pieces
from graphviz_ad.widget.payload import sendable

if TYPE_CHECKING:
    from graphviz_ad.widget.view import View

MAX_NODES = 60
"""Above it a page carries its own story only: every further way of looking would cost as much again."""
MAX_POSITIONS = 1000
"""So many combinations of slider positions are computed at most."""


def variant_key(looked: Mapping[str, Any], at: tuple[int, ...] = ()) -> str:
    """Return the key of a variant, as `variantKey` of static/standin.js writes it."""
    parts = [f"{name}={json.dumps(looked[name], separators=(',', ':'), ensure_ascii=False)}" for name in sorted(looked)]
    return "&".join(parts + ([f"at={','.join(map(str, at))}"] if at else []))


def sliders(view: View, inputs: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the values of every slider, sorted, with the present value of its input among them."""
    found: dict[str, list[float]] = {}
    for name, values in inputs.items():
        node = next((one for one in view.graph.inputs if one.name == name), None)
        if node is None:
            names = ", ".join(called(one.name) for one in view.graph.inputs)
            raise ArgumentError(f"inputs: there is no input {name!r} (inputs: {names})")
        if node.shape != ():
            raise ArgumentError(f"inputs: {name} has shape {node.shape}; only scalar inputs can have sliders.")
        try:
            numbers = {float(value) for value in np.asarray(values, dtype=float).ravel()}
        except (TypeError, ValueError):
            raise ArgumentError(f"inputs: {name} needs a list of numbers such as np.linspace(-3, 3, 61).") from None
        if not numbers or not all(map(math.isfinite, numbers)):
            raise ArgumentError(f"inputs: {name} needs finite numbers such as np.linspace(-3, 3, 61).")
        own = float(node.value)
        others = {node.dtype.type(number).item() for number in numbers}
        # np.linspace gives 0.8000000000000003 for 0.8: two positions that look the same would be one too many
        found[name] = sorted({own} | {value for value in others if not math.isclose(value, own, rel_tol=1e-9)})
    positions = math.prod(len(values) for values in found.values())
    if positions > MAX_POSITIONS:
        sizes = " × ".join(str(len(values)) for values in found.values())
        product_of = f"{sizes} = " if len(found) > 1 else ""
        raise ArgumentError(
            f"inputs: {product_of}{positions} positions of the sliders would be computed, one graph for each; at most "
            f"{MAX_POSITIONS}. Use fewer values, e.g. np.linspace(-3, 3, 21)."
        )
    return found


def slider_json(grid: Mapping[str, list[float]], digits: int) -> dict[str, Any]:
    """Return the sliders as the front end reads them."""
    return {
        name: {"values": [exact(value) for value in values], "texts": [brief(value, digits) for value in values]}
        for name, values in grid.items()
    }


def _alike(view: View, other: View) -> bool:
    """Whether two views show the same nodes and edges of one graph: what was measured on one holds for the other."""
    if view.graph.records is not other.graph.records:
        return False  # a later iteration of a training
    return [edge.index for edge in view.line.outline.links] == [edge.index for edge in other.line.outline.links] and [
        item.id for item in view.line.outline.items
    ] == [item.id for item in other.line.outline.items]


def bake(
    view: View,
    payload: dict[str, Any],
    grid: Mapping[str, list[float]],
    progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, Any], str]:
    """Return a page's payload with the choices that it carries, and all that it carries besides, packed.

    Parameters
    ----------
    view, payload
        What the page shows when it opens.
    grid
        The values of the sliders, from `sliders`.
    progress
        Called with how many of how many variants are done.
    """
    report = progress or (lambda done, total: None)
    here = desk.baked(view, (False,))
    answers = here | desk.baked(view, (True,))
    looks = {variant_key(sendable(look)): look for look in view.departures()}
    home = tuple(values.index(float(view.graph[name].value)) for name, values in grid.items())
    places = [place for place in product(*(range(len(values)) for values in grid.values())) if place != home]
    total = len(looks) + len(places)
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}  # by key of the variant: its payload and its answers
    for done, (key, wanted) in enumerate(looks.items(), 1):
        # what cannot be drawn is not offered; a user's own rule may raise anything
        with contextlib.suppress(GraphvizADError if view.graph.is_ours else Exception):
            other = view.looked(wanted)
            measured = here if _alike(view, other) else {}
            found[key] = other.payload(False), measured | desk.baked(other, (True,))
        report(done, total)
    carried = [looks[key] for key in found]
    payload = offered(payload, payload, carried)
    variants: dict[str, Any] = {}
    # a variant is a patch to the first one that is drawn alike: forward mode from y is nearly that from x
    first = ("", payload, answers)
    alike = {pieces(payload["svg"]): first}

    def add(key: str, shown: dict[str, Any], known: dict[str, Any]) -> None:
        shown = {**shown, **{name: payload[name] for name in ("frozen", "sliders", "live")}}
        shown = offered(shown, payload, carried)
        size = pieces(shown["svg"])
        of, before, said = alike.get(size, first)
        variants[key] = {"of": of, "payload": diff(before, shown), "answers": diff(said, known)}
        alike.setdefault(size, (key, shown, known))

    for key, (shown, known) in found.items():
        add(key, shown, known)
    for done, place in enumerate(places, len(looks) + 1):
        numbers = {name: values[at] for (name, values), at in zip(grid.items(), place, strict=True)}
        other = view.evaluate(numbers)
        add(variant_key(payload["look"], place), other.payload(False), desk.baked(other, (True,)))
        report(done, total)
    return payload, packed(payload["svg"], answers, variants)


def packed(svg: str, answers: dict[str, Any], variants: dict[str, Any]) -> str:
    """Return what a page carries besides its payload."""
    return pack({"svg": svg, "answers": answers, "variants": variants})
