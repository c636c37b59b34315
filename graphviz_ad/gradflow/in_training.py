"""The update ratio of a watched training: a line for each layer over the steps, and the guide at 1e-3."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from graphviz_ad.gradflow import style
from graphviz_ad.gradflow.drawing import log_scale
from graphviz_ad.gradflow.profile import Array, number

NAMED = 6  # lines that a legend tells apart


def by_steps(training: Any, guide: float, label: str, *, ax: Axes | None, title: str | None, theme: str | None) -> Axes:
    """‖Δθ‖ / ‖θ‖ of every layer against the training step; ``training`` is what `watch` gives.

    "At step 490 layer 1 moves by 2.1e-5 of its size, layer 50 by 8.4e-4 …": a layer far below the guide hardly learns,
    one far above it is thrown about.
    """
    table = training.by_layer
    layers, steps = np.unique(table["layer"]), np.unique(table["step"])
    ratios: Array = table["update_ratio"].reshape(len(steps), len(layers))
    ax, colours = style.canvas(ax, theme, (6.2, 3.9))
    shown = _chosen(len(layers))
    shades = colours.shades(len(layers))
    for place, layer in enumerate(layers):
        drawn = np.where(np.isfinite(ratios[:, place]) & (ratios[:, place] > 0), ratios[:, place], np.nan)
        named = place in shown
        ax.plot(
            steps, drawn, color=shades[place], linewidth=1.6 if named else 0.8, zorder=4 if named else 3,
            label=f"layer {layer}" if named else f"_layer {layer}",
            marker=style.MARKERS[shown.index(place) % len(style.MARKERS)] if named else None, markersize=3.6,
            markevery=max(1, len(steps) // 12),
        )  # fmt: skip
    ax.axhline(guide, color=colours.theory, linewidth=1.3, linestyle=(0, (5, 2.5)), zorder=5, label="guide 1e-3")
    log_scale(ax)
    bad = training.first_bad
    if bad:
        line = ax.axvline(
            bad[0], color=colours.warning, linewidth=1.6, zorder=6, label=f"{bad[2]} from step {bad[0]} on"
        )
        line.set_gid(style.MARK)
    margin = 0.02 * max(float(steps[-1] - steps[0]), 1.0)
    ax.set_xlim(steps[0] - margin, steps[-1] + margin)  # steps without a finite number keep their place
    style.label(ax, "training step", label, colours)
    style.title(ax, title or "Update beside weight, during training", colours)
    style.legend(ax, colours)
    style.say(ax, style.sentence(_read(ratios, steps, layers, bad)), colours)
    return ax


def _chosen(count: int) -> list[int]:
    """Which of so many layers get a name: all, or some from the first to the last."""
    return list(range(count)) if count <= NAMED else np.linspace(0, count - 1, NAMED).round().astype(int).tolist()


def _read(ratios: Array, steps: Array, layers: Array, bad: tuple[int, str, float] | None) -> str:
    usable = np.flatnonzero(np.isfinite(ratios).all(axis=1))
    parts = []
    if usable.size:
        row = int(usable[-1])
        ends = dict.fromkeys([0, len(layers) - 1])
        moves = [f"layer {layers[k]} by {number(float(ratios[row, k]))} of its size" for k in ends]
        parts.append(f"at step {steps[row]} {', '.join(moves).replace(' by', ' moves by', 1)}")
        parts.append("the guide is 1e-3")
        if len(layers) > 1 and (ratios[row] > 0).all():
            spread = float(ratios[row].max() / ratios[row].min())
            if math.isfinite(spread) and spread >= 10:
                parts.append(f"no one learning rate serves layers that differ by a factor {number(spread)}")
    if bad:
        parts.append(f"the {bad[1]} is {bad[2]} from step {bad[0]} on")
    return "; ".join(parts) or "no step was taken yet"
