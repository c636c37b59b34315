"""The panel as a page without a kernel: a grid of nets measured beforehand, and layers of the one it opens with."""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import panel
from graphviz_ad.gradflow.controls import OFFERED, SLIDERS, chosen_settings, present
from graphviz_ad.gradflow.measurement import measured
from graphviz_ad.gradflow.opened import opened
from graphviz_ad.gradflow.settings import ROOT, Settings
from graphviz_ad.gradflow.table import Flow
from graphviz_ad.widget import bundle, desk
from graphviz_ad.widget.packing import pack
from graphviz_ad.widget.page import document, titled
from graphviz_ad.widget.patch import diff
from graphviz_ad.widget.view import View

GRID: dict[str, tuple[Any, ...]] = {
    "activation": ("tanh", "relu"),
    "weight_var": (0.5, 1.0, 1.5, 2.0, 2.5, 4.0),
    "bias_var": (0.0, 0.05),
    "depth": (20, 50),
    "residual": (None, "1/√L"),
}
"""What the controls of a page offer where nobody says."""
MOST = 1000
"""So many nets are measured for a page at most."""
LAYERS = 6
"""A page carries so many layers of the net that it opens with, from the first to the last."""


def axes(settings: Settings, grid: Mapping[str, Sequence[Any]] | None) -> dict[str, tuple[Any, ...]]:
    """The values of every control of a page, the net's own among them; a control without a choice has that one."""
    given = GRID if grid is None else grid
    for name in given:
        if name not in OFFERED:
            raise ArgumentError(f"grid: unknown control {name!r} (must be some of {list(OFFERED)})")
    found = {}
    for name in OFFERED:
        own = present(settings, name)
        try:
            values = list(dict.fromkeys("1/√L" if value == ROOT[0] else value for value in given.get(name, ())))
        except TypeError:
            raise ArgumentError(f"grid: {name} needs a list of values, such as {list(OFFERED[name][:3])}.") from None
        for value in values:
            chosen_settings(settings, {name: value})  # raises for what no net has
        if own is None and name in SLIDERS:  # a σ_w² that the initialisation does not have
            values = values or [1.0]
        elif own not in values and grid is None and name in SLIDERS and values:  # a grid of that size, and no larger
            values[min((abs(value - own), place) for place, value in enumerate(values))[1]] = own
        elif own not in values:
            values.append(own)
        found[name] = tuple(sorted(values) if name in SLIDERS else values)
    count = math.prod(len(values) for values in found.values())
    if count > MOST:
        sizes = " × ".join(str(len(values)) for values in found.values() if len(values) > 1)
        raise ArgumentError(f"grid: {sizes} = {count} nets would be measured; at most {MOST}. Use fewer values.")
    return found


def page(
    flow: Flow,
    grid: Mapping[str, Sequence[Any]] | None,
    progress: Callable[[int, int], None] | None = None,
    layers: Iterable[int] | None = None,
) -> str:
    """The page as one text.

    Parameters
    ----------
    flow
        What the page opens with.
    grid
        The values of its controls by name, `GRID` for None; ``{}``: none can be turned.
    progress
        Called with how many of how many nets are measured.
    layers
        Which layers can be opened; by default some, from the first to the last.
    """
    report = progress or (lambda done, total: None)
    settings = flow.settings
    values = axes(settings, grid)
    home = panel.payload(flow, live=False, offered=values)
    place = {control["name"]: control["at"] for control in home["controls"]}
    names = [name for name, own in values.items() if len(own) > 1]
    places = list(itertools.product(*(range(len(values[name])) for name in names)))
    variants: dict[str, Any] = {}
    alike: dict[tuple[Any, ...], tuple[str, dict[str, Any]]] = {}
    for done, at in enumerate(places, 1):
        chosen = {name: values[name][index] for name, index in zip(names, at, strict=True) if index != place[name]}
        if chosen:
            shown = panel.payload(measured(chosen_settings(settings, chosen)), live=False, offered=values)
            # a patch to the first page that is drawn alike: as many layers, the same diagram
            look = tuple(chosen.get(name) for name in ("activation", "depth", "residual"))
            of, before = alike.get(look, ("", home))
            own = ",".join(map(str, at))
            variants[own] = {"of": of, "payload": diff(before, shown)}
            alike.setdefault(look, (own, shown))
        report(done, len(places))
    carried = _layers(settings.depth) if layers is None else sorted(set(layers))
    found = {str(number): _layer(flow, number) for number in carried}
    start = {**home, "axes": names, "layers": list(map(int, found))}
    title = f"Gradient flow: {settings}"
    carries = {"gad-payload": pack(start), "gad-baked": pack({"variants": variants, "layers": found})}
    return document(title, titled(title, _still(home)), carries, bundle.FLOW)


def _layers(depth: int) -> list[int]:
    """Layers from the first to the last, evenly."""
    return sorted({round(1 + (depth - 1) * part / (LAYERS - 1)) for part in range(LAYERS)})


def _layer(flow: Flow, number: int) -> dict[str, Any]:
    """An open layer, with what its explorer can be asked."""
    found = opened(flow, number)
    view = View(found.graph, seed=found.delta)
    payload = {**view.payload(False), "looks": {}, "sliders": {}}
    return {"text": found.text, "payload": payload, "answers": desk.baked(view, (True,))}


def _still(home: Mapping[str, Any]) -> str:
    """What the page shows without scripts: the plots with their readings."""
    parts = "".join(
        f'<figure class="gad-flow-plot">{svg[svg.index("<svg") :]}<figcaption>{html.escape(home["readings"][name])}'
        "</figcaption></figure>"
        for name, svg in home["plots"].items()
    )
    return f'<div class="gad-explorer gad-flow"><div class="gad-flow-plots">{parts}</div></div>'
