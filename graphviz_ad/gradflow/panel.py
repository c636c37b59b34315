"""All that the interactive panel shows of one measured net: plots, readings and controls as data, and one picture."""

from __future__ import annotations

import textwrap
from collections.abc import Collection
from typing import Any

from graphviz_ad.gradflow import chart
from graphviz_ad.gradflow.against_depth import cause, sentences
from graphviz_ad.gradflow.chart import Panel
from graphviz_ad.gradflow.controls import OFFERED, controls
from graphviz_ad.gradflow.curve import HOOKS, SHORT, curve
from graphviz_ad.gradflow.phase import phase, point_of
from graphviz_ad.gradflow.predict import predict
from graphviz_ad.gradflow.profile import fit_window, number, profile
from graphviz_ad.gradflow.settings import Settings, title
from graphviz_ad.gradflow.style import sentence
from graphviz_ad.gradflow.table import Flow
from graphviz_ad.render import metrics
from graphviz_ad.render.display import Picture
from graphviz_ad.render.items import Item, Text, moved

COLUMNS = ("delta_norm", "weight_grad_norm")
BAKED = ("value", "theory")  # the exact numbers of which a page carries many nets
VERSION = 1
GAP, HEAD, ROW = 16, 30, 17  # px between panels, above them, and from line to line of a reading
LETTERS = 57  # of a reading in a line as wide as a panel


def panels(flow: Flow, hooks: Collection[str] = HOOKS) -> dict[str, Panel]:
    """The plots of a measured net: "delta", "weight" and "phase"."""
    return {SHORT[column]: curve(flow, column, hooks) for column in COLUMNS} | {"phase": phase(flow.settings)}


def readings(flow: Flow) -> dict[str, str]:
    """What each plot says, in a sentence or two."""
    window = fit_window(flow.settings.depth)
    lines = {column: profile(flow, column) for column in COLUMNS}
    found = {}
    for column, line in lines.items():
        parts = sentences(line, predict(flow, column), window, brief=False)
        fitted = f"towards the input; fitted over layers {window[0]}–{window[1]}"
        found[SHORT[column]] = sentence("; ".join(parts)) + f" ({fitted[0].upper() + fitted[1:]}.)"
    if why := cause(flow, list(lines.values())):
        found["delta"] = f"{sentence(why[0])} {found['delta']}"
    return found | {"phase": _place(flow.settings)}


def _place(settings: Settings) -> str:
    """Where the net stands in the phase diagram."""
    point = point_of(settings)
    if point is None:
        if settings.residual is not None or settings.norm is not None:
            what = "A skip connection" if settings.residual is not None else f"{str(settings.norm).capitalize()} norm"
            return (
                f"{what} changes how q and χ go on: the diagram is that of plain nets, and this net has no dot in it."
            )
        return f"{title(settings.init)} weights have no σ_w² that theory knows: this net has no dot in the diagram."
    way = "ordered" if point.chi_1 < 1 else "chaotic"
    scale = abs(point.depth_scale)
    where = "This net is critical" if scale > 1e6 else f"This net is {way}: a depth scale ξ of {number(scale)} layers"
    return f"{where}, χ₁ = {point.chi_1:.3g}. Theory: {point.note}"


def payload(flow: Flow, *, live: bool, offered: Any = OFFERED, notice: str = "") -> dict[str, Any]:
    """What the front end shows, as strict JSON."""
    settings = flow.settings
    drawn = panels(flow, HOOKS if live else BAKED)
    return {
        "version": VERSION,
        "title": metrics.visible(str(settings)),
        "plots": {name: panel.svg(f"gad-flow-{name}") for name, panel in drawn.items()},
        "readings": {name: metrics.visible(text) for name, text in readings(flow).items()},
        "controls": [control.to_dict(settings) for control in controls(settings, offered)],
        "depth": settings.depth,
        "live": live,
        "notice": notice,
    }


def picture(flow: Flow) -> Picture:
    """The three plots side by side, each with its reading below: the picture that needs no page and no kernel."""
    said = readings(flow)
    items: list[Item] = []
    lowest = 0
    for place, (name, panel) in enumerate(panels(flow).items()):
        left = place * (chart.WIDTH + GAP)
        items += [moved(item, left, HEAD) for item in panel.picture.items]
        rows = textwrap.wrap(metrics.visible(said[name]), LETTERS)
        top = HEAD + chart.HEIGHT + 16
        items += [Text(("gad-flow-reading",), left + 8, top + ROW * row, text) for row, text in enumerate(rows)]
        lowest = max(lowest, top + ROW * len(rows))
    words = metrics.shorten(metrics.visible(str(flow.settings)), "sans", 13, 3 * chart.WIDTH)
    head = Text(("gad-flow-title",), 8, 20, words)
    width = 3 * chart.WIDTH + 2 * GAP
    heading = f"Gradient flow: {metrics.visible(str(flow.settings))}"
    alt = " ".join(metrics.visible(text) for text in said.values())
    return Picture(heading, alt, width, lowest + 2, "plot", (head, *items), None, 0, 0)
