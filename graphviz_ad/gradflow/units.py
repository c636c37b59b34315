"""Plots of single units and single updates per layer: saturated and dead units, the update ratio with its guide."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import style
from graphviz_ad.gradflow.drawing import draw_profile, layer_axis, layer_label, legend, log_scale, mark, named
from graphviz_ad.gradflow.in_training import by_steps
from graphviz_ad.gradflow.profile import SYMBOLS, Array, number, profile, share, trouble

GUIDE = 1e-3


def saturation(flow: Any, *, ax: Axes | None = None, title: str | None = None, theme: str | None = None) -> Axes:
    """Shares of saturated and of dead units per layer.

    "Saturated: 55% in layer 1, 47% in layer 30; no {unit} has dead units": a saturated unit passes almost no gradient
    back, a dead one none for any example of the batch.

    Parameters
    ----------
    flow : Flow
    ax, title, theme
        As in `depth`.

    Returns
    -------
    matplotlib Axes
        Lines ``saturated`` and ``dead``: means over the seeds, with eight seeds of ten as bands.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> flow = gad.gradflow.measure(depth=6, width=32, weight_var=9.0, seeds=2)
    >>> ax = gad.gradflow.plots.saturation(flow)
    >>> [line.get_label() for line in ax.lines]
    ['saturated', 'dead']
    """
    if len(named(flow)) != 1:
        raise ArgumentError(f"saturation draws one flow, not {len(flow)}: give each Axes of its own, ax=axes[0].")
    (found,) = named(flow).values()
    profiles = {column: profile(found, column) for column in ("saturated", "dead")}
    ax, colours = style.canvas(ax, theme, (5.6, 3.7))
    parts = []
    for (column, line), colour, marker, dashes in zip(
        profiles.items(), (colours.value, colours.text), "os", ("-", (0, (4, 2))), strict=True
    ):  # fmt: skip
        if line.seeds > 1:
            ax.fill_between(line.layers, line.low, line.high, color=colour, alpha=0.2, linewidth=0, zorder=2)
        ax.plot(
            line.layers, line.typical, color=colour, linewidth=1.7, marker=marker, markersize=3.6, linestyle=dashes,
            label=column, markevery=max(1, len(line.layers) // 16), zorder=4,
        )  # fmt: skip
        parts.append(_shares(column, line.layers, line.typical, line.unit))
        if line.overflow() is not None:
            mark(ax, line, f"{column}: {trouble(line)}", int(column == "dead"), colours)
    ax.set_ylim(-0.03, 1.03)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    layer_axis(ax, int(profiles["dead"].layers.max()))
    style.label(ax, layer_label([found], style.inches(ax)), "share of units", colours)
    style.title(ax, title or "Saturated and dead units", colours)
    legend(ax, list(profiles.values()), colours)
    style.say(ax, style.sentence("; ".join(parts)), colours)
    return ax


def _shares(column: str, layers: Array, shares: Array, unit: str) -> str:
    if not np.isfinite(shares).any():
        return f"no {unit}'s {column} units can be counted"
    most = int(np.nanargmax(shares))
    if shares[most] == 0:
        return f"no {unit} has {column} units"
    return (
        f"{column}: {share(shares[0])} in {unit} {layers[0]}, {share(shares[-1])} in {unit} {layers[-1]}, at most "
        f"{share(shares[most])} ({unit} {layers[most]})"
    )


def update_ratio(flows: Any, *, ax: Axes | None = None, title: str | None = None, theme: str | None = None) -> Axes:
    """Size of an update beside the size of the weights, ‖ΔW‖ / ‖W‖ per layer, with the guide at 1e-3.

    "Layer 1 moves by 9.2e-11 of its size, layer 50 by 3.2e-4: the guide is 1e-3". One learning rate for all layers
    cannot serve both. The guide is a rule of thumb about updates, not gradients (Karpathy, CS231n notes, "Neural
    networks 3").

    Parameters
    ----------
    flows : a Flow, a list of flows, or a dict from names to flows; or what `gad.gradflow.watch` gives
        Of a watched training the ratio is drawn against the training step, a line for each layer.
    ax, title, theme
        As in `depth`.

    Returns
    -------
    matplotlib Axes
        A line for each flow, and one labelled ``guide 1e-3``.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> ax = gad.gradflow.plots.update_ratio(gad.gradflow.measure(depth=6, width=32, seeds=2))
    >>> ax.lines[-1].get_label(), float(ax.lines[-1].get_ydata()[0])
    ('guide 1e-3', 0.001)
    """
    if hasattr(flows, "by_layer"):
        return by_steps(flows, GUIDE, SYMBOLS["update_ratio"], ax=ax, title=title, theme=theme)
    given = named(flows)
    found = {name: profile(flow, "update_ratio") for name, flow in given.items()}
    ax, colours = style.canvas(ax, theme, (5.6, 3.7))
    parts = []
    for place, ((name, line), shade) in enumerate(zip(found.items(), colours.shades(len(found)), strict=True)):
        draw_profile(ax, line, shade, style.MARKERS[place % len(style.MARKERS)], name, alone=len(found) == 1)
        first, last = _moved(line.typical[0]), _moved(line.typical[-1])
        said = f"{line.unit} {line.layers[0]} moves by {first} of its size, {line.unit} {line.layers[-1]} by {last}"
        parts.append(f"{name}: {said}" if len(found) > 1 else said)
    ax.axhline(GUIDE, color=colours.theory, linewidth=1.3, linestyle=(0, (5, 2.5)), zorder=3, label="guide 1e-3")
    marks = [(name, line) for name, line in found.items() if trouble(line)]
    log_scale(ax, [line for _, line in marks])
    layer_axis(ax, max(int(line.layers.max()) for line in found.values()))
    rows = {True: 0, False: 0}
    for name, line in marks:
        above = line.overflow() is not None
        mark(ax, line, trouble(line) if len(found) == 1 else f"{name}: {trouble(line)}", rows[above], colours)
        rows[above] += 1
    style.label(ax, layer_label(given.values(), style.inches(ax)), SYMBOLS["update_ratio"], colours)
    style.title(ax, title or "Update beside weight, per layer", colours)
    legend(ax, list(found.values()), colours)
    style.say(ax, style.sentence("; ".join([*parts, "the guide is 1e-3 everywhere"]), name=len(found) > 1), colours)
    return ax


def _moved(ratio: float) -> str:
    return number(float(ratio)) if math.isfinite(ratio) else "a number that left the floats"
