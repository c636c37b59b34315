"""Draws a gradient against depth: what was measured, theory beside it, and marks for what left the floats."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from graphviz_ad.gradflow import chart
from graphviz_ad.gradflow.chart import Frame, Panel
from graphviz_ad.gradflow.predict import Prediction, predict
from graphviz_ad.gradflow.profile import SYMBOLS, Array, Profile, number, profile, trouble
from graphviz_ad.gradflow.table import Flow
from graphviz_ad.render import metrics
from graphviz_ad.render.items import Box, Group, Item, Path, Text

TITLES = {
    "delta_norm": "Adjoints ‖δ‖ per layer",
    "weight_grad_norm": "Weight gradients ‖∂L/∂W‖ per layer",
}
SHORT = {"delta_norm": "delta", "weight_grad_norm": "weight"}
MOST_DOTS = 60
"""Above so many layers the line has no dots: they would be the line."""
HOOKS = ("value", "low", "high", "theory", "theory-low", "theory-high")
"""The exact numbers of a layer."""
LEAST = 0.6
"""Powers of ten that an axis shows to either side of its middle at least: what hardly changes looks so."""


def curve(flow: Flow, column: str, hooks: Collection[str] = HOOKS) -> Panel:
    """A column of a flow against depth, on a logarithmic scale.

    Each layer is a group ``g.gad-layer`` with exact numbers: ``data-layer``, ``data-value`` (the geometric mean over
    the seeds; inf, nan or 0 where some seed left the floats), ``data-low`` and ``data-high`` (eight seeds of ten),
    ``data-theory``, and ``data-theory-low`` and ``data-theory-high`` (95% of nets of this width); as far as ``hooks``
    asks for them.
    """
    shown = profile(flow, column)
    predicted = predict(flow, column)
    nothing = np.full(len(shown.layers), math.nan)
    theory = (nothing, nothing, nothing) if predicted is None else predicted.through(shown)
    logs = {
        name: _log(values)
        for name, values in zip(
            ("typical", "low", "high", "middle", "below", "above"),
            (shown.typical, shown.low, shown.high, *theory),
            strict=True,
        )
    }
    last = int(shown.layers.max())
    frame = Frame((0.5, last + 0.5), _range(list(logs.values()), shown))
    items = [
        chart.heading(TITLES.get(column, SYMBOLS.get(column, column))),
        *chart.key(_key(shown, predicted, np.isfinite(logs["below"]).any())),
        *chart.axes(frame, [(layer, str(layer)) for layer in chart.layer_ticks(last)], chart.decades(*frame.up)),
        Text(("gad-flow-name", "gad-flow-middle"), (frame.left + frame.right) / 2, chart.HEIGHT - 8, _axis(flow.unit)),
    ]
    places = {name: frame.points(shown.layers, values) for name, values in logs.items()}
    kind = SHORT.get(column, "delta")
    if shown.seeds > 1:
        items.append(chart.area((f"gad-flow-seeds-{kind}",), places["low"], places["high"]))
    items += [chart.line(("gad-flow-width",), places[name]) for name in ("below", "above")]
    items.append(chart.line((f"gad-flow-line-{kind}",), places["typical"]))
    items.append(chart.line(("gad-flow-theory",), places["middle"]))
    items += _mark(frame, shown)
    for at, exact in enumerate(_exact(shown, theory)):
        found = tuple((f"data-{name}", number) for name, number in exact if name in ("layer", *hooks))
        items.append(_layer(frame, shown, at, places["typical"][at], found, kind, theory[0][at]))
    return Panel(TITLES.get(column, column), _alt(shown, predicted), tuple(items))


def _log(values: Array) -> Array:
    usable = np.isfinite(values) & (values > 0)
    return np.where(usable, np.log10(np.where(usable, values, 1.0)), math.nan)


def _range(logs: list[Array], shown: Profile) -> tuple[float, float]:
    """Both ends of the axis as powers of ten; with room for a bar where something left the floats."""
    finite = np.concatenate(logs)
    finite = finite[np.isfinite(finite)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (-1.0, 1.0)
    middle, half = (low + high) / 2, max(0.54 * (high - low), LEAST)
    above, below = (0.28 * half * (found is not None) for found in (shown.overflow(), shown.vanished()))
    return middle - half - below, middle + half + above


def _axis(unit: str) -> str:
    return {"layer": "layer (1 is next to the input)", "time step": "time step (1 is the first)"}.get(unit, unit)


def _key(shown: Profile, predicted: Prediction | None, finite_width: Any) -> list[tuple[str, tuple[str, ...], str]]:
    kind = SHORT.get(shown.column, "delta")
    entries: list[tuple[str, tuple[str, ...], str]] = [("line", (f"gad-flow-line-{kind}",), "measured")]
    if shown.seeds > 1:
        entries.append(("area", (f"gad-flow-seeds-{kind}",), f"80% of {shown.seeds} seeds"))
    if predicted is not None:
        entries.append(("line", ("gad-flow-theory",), "theory"))
    if finite_width:
        entries.append(("line", ("gad-flow-width",), "95% by width"))
    return entries


def _exact(shown: Profile, theory: tuple[Array, Array, Array]) -> list[tuple[tuple[str, str], ...]]:
    """Of each layer the numbers as Python writes them; what does not exist is left out."""
    with np.errstate(all="ignore"):
        value = np.where(np.isfinite(shown.typical), shown.typical, _lost(shown))
    columns = {"value": value, "low": shown.low, "high": shown.high}
    columns |= dict(zip(("theory", "theory-low", "theory-high"), theory, strict=True))
    return [
        (
            ("layer", str(int(layer))),
            *(
                (name, repr(float(values[at])))
                for name, values in columns.items()
                if name == "value" or np.isfinite(values[at])
            ),
        )
        for at, layer in enumerate(shown.layers)
    ]


def _lost(shown: Profile) -> Array:
    """What stands for a layer in which some seed left the floats: inf or nan before 0."""
    table = shown.table
    worst = np.where((table == 0).any(axis=0), 0.0, math.nan)
    worst = np.where(np.isnan(table).any(axis=0), math.nan, worst)
    return np.where(np.isinf(table).any(axis=0), math.inf, worst)


def _layer(
    frame: Frame, shown: Profile, at: int, place: tuple[float, float], hooks: tuple[tuple[str, str], ...], kind: str,
    theory: float,
) -> Group:  # fmt: skip
    """What a pointer finds of one layer: a strip as high as the frame, and the dot on the line."""
    layer = int(shown.layers[at])
    half = (frame.right - frame.left) / len(shown.layers) / 2
    strip = Box(("gad-flow-strip",), frame.x(layer) - half, frame.top, 2 * half, frame.bottom - frame.top)
    items: list[Item] = [strip]
    if len(shown.layers) <= MOST_DOTS and math.isfinite(place[1]):
        items.append(chart.disc((f"gad-flow-dot-{kind}",), *place, 2.2))
    value = float(dict(hooks)["data-value"])
    symbol = SYMBOLS.get(shown.column, shown.column)
    said = f"{symbol} = {number(value)}" if math.isfinite(value) else f"{symbol} overflows"
    beside = f", theory {number(float(theory))}" if math.isfinite(theory) else ""
    return Group(("gad-layer",), tuple(items), hooks, f"{shown.unit} {layer}: {said}{beside}")


def _mark(frame: Frame, shown: Profile) -> list[Item]:
    """A bar along an edge over the layers whose numbers left the floats, with its words: overflow above, 0 below."""
    words = trouble(shown)
    if not words:
        return []
    over = shown.overflow()
    start = over if over is not None else shown.vanished()
    assert start is not None  # else there is no trouble
    end = shown.layers.max() if shown.forward else shown.layers.min()
    edge = frame.top + 6 if over is not None else frame.bottom - 6
    left, right = sorted((frame.x(start), frame.x(end)))
    left, right = (left - 4, right) if start < end else (left, right + 4)
    bar = Path(("gad-flow-mark",), (("M", ((left, edge),)), ("L", ((right, edge),))))
    width = 1.1 * metrics.pixels(words, "sans", chart.SMALL)  # bold
    # beside the bar, where the line does not come; under or over it where it takes the whole width
    if right + 8 + width < frame.right:
        written = Text(("gad-flow-mark-text",), right + 6, edge + 4, words)
    elif left - 8 - width > frame.left:
        written = Text(("gad-flow-mark-text", "gad-flow-end"), left - 6, edge + 4, words)
    else:
        written = Text(("gad-flow-mark-text",), frame.left + 6, edge + (18 if over is not None else -9), words)
    hooks = (("data-mark", "overflow" if over is not None else "zero"), ("data-from", str(int(start))))
    return [Group(("gad-flow-lost",), (bar, written), hooks)]


def _alt(shown: Profile, predicted: Prediction | None) -> str:
    ends = [
        f"{shown.unit} {int(shown.layers[at])}: {number(float(shown.typical[at]))}"
        for at in (0, -1)
        if math.isfinite(shown.typical[at])
    ]
    what = f"{SYMBOLS.get(shown.column, shown.column)} against depth on a logarithmic scale"
    beside = "" if predicted is None else ", beside what theory says"
    return ". ".join([what + beside, *ends, *filter(None, [trouble(shown)])]) + "."
