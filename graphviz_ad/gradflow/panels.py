"""Small multiples and series: the grid activation × init × depth, and gradient norms before and after clipping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import style
from graphviz_ad.gradflow.drawing import log_scale, named, settings_of
from graphviz_ad.gradflow.profile import (
    SYMBOLS,
    Profile,
    change,
    fit_window,
    layers_of,
    number,
    profile,
    tenfold,
    trouble,
)
from graphviz_ad.gradflow.settings import floats, positive


def grid(
    flows: Any,
    *,
    rows: str = "weights",
    columns: str = "activation",
    column: str = "delta_norm",
    ax: Axes | None = None,
    title: str | None = None,
    theme: str | None = None,
) -> Axes:
    """Activation × initialisation × depth: a panel for each pair, a line for each depth, all on one scale.

    "Of 9 pairs, 3 stay within a factor 10 over their depth: tanh with glorot, relu with he, …": which initialisation
    goes with which activation.

    Every line is divided by its value in the last layer and runs from the loss backwards, so that nets of different
    depth lie over each other where they follow one law.

    Parameters
    ----------
    flows : list of flows, or a dict from names to flows
    rows, columns : str
        Settings that the panels differ in: "weights" is the initialisation or σ_w², whichever was used; "activation",
        "residual", "norm", "width", "bias_var", "loss", "clip", "dtype".
    column : str
        The column of the table.
    ax, title, theme
        As in `depth`.

    Returns
    -------
    matplotlib Axes
        The frame; the panels are its ``child_axes``, row by row.

    Raises
    ------
    ArgumentError
        For flows without settings, or an unknown setting.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> nets = [(a, i) for a in ("tanh", "relu") for i in ("glorot", "he")]
    >>> flows = [gad.gradflow.measure(depth=12, width=24, batch=8, activation=a, init=i, seeds=2) for a, i in nets]
    >>> ax = gad.gradflow.plots.grid(flows)
    >>> [panel.get_title() for panel in ax.child_axes[:2]]
    ['tanh', 'relu']
    """
    found = [(settings_of(flow), profile(flow, column)) for flow in named(flows).values()]
    for setting in (rows, columns):
        missing = [known for known, _ in found if setting not in known]
        if missing:
            raise ArgumentError(f"unknown setting: {setting!r} (must be one of {sorted(missing[0])})")
    tops, sides = (list(dict.fromkeys(_text(key, known[key]) for known, _ in found)) for key in (columns, rows))
    depths = sorted({int(line.layers.max()) for _, line in found})
    ax, colours = style.canvas(ax, theme, (1.2 + 2.1 * len(tops), 1.4 + 1.6 * len(sides)))
    ax.set_axis_off()
    shades = dict(zip(depths, colours.shades(len(depths), column), strict=True))
    steady = []
    cells: dict[tuple[str, str], Axes] = {}
    for row, side in enumerate(sides):
        for place, top in enumerate(tops):
            cell = _cell(ax, row, place, len(sides), len(tops))
            style.dress(cell, colours)
            cells[side, top] = cell
            here = [
                line
                for known, line in found
                if (_text(rows, known[rows]), _text(columns, known[columns])) == (side, top)
            ]
            for line in sorted(here, key=lambda line: int(line.layers.max())):
                last = int(line.layers.max())
                cell.plot(
                    last - line.layers, line.typical / _last(line), color=shades[last], linewidth=1.6,
                    label=f"depth {last}",
                    marker=style.MARKERS[depths.index(last) % 6], markersize=3, markevery=max(1, last // 8), zorder=4,
                )  # fmt: skip
            if here:
                deepest = max(here, key=lambda line: int(line.layers.max()))
                text, level = _brief(deepest)
                written = style.words(
                    cell, 0.03, 0.05, text, colours, transform=cell.transAxes, fontsize=style.SIZE - 1.5
                )
                if trouble(deepest):
                    written.set(color=colours.warning)
                    written.set_gid(style.MARK)
                steady += [f"{top} with {side}"] if level else []
            if row == 0:
                cell.set_title(top, color=colours.text, fontsize=style.SIZE, fontfamily=style.FONT, pad=5)
            if place == 0:
                style.label(cell, "", side, colours)
            if row == len(sides) - 1:
                style.label(cell, "layers before the loss", cell.get_ylabel(), colours)
    _share(list(cells.values()), depths[-1], len(tops), len(sides))
    handles = [
        Line2D([], [], color=shades[last], marker=style.MARKERS[k % 6], markersize=4, label=f"depth {last}")
        for k, last in enumerate(depths)
    ]
    # above the panels' own titles: the name on the left, the depths below it
    style.legend(ax, colours, handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=1.6)
    style.title(ax, title or f"{SYMBOLS.get(column, column)} relative to the last layer", colours, pad=36)
    many = len(cells)
    told = f": {', '.join(steady)}" if steady else ""
    stay = f"{len(steady) or 'none'} stay{'s' * (len(steady) < 2)}"
    style.say(
        ax, f"Of {many} pair{'s' * (many != 1)}, {stay} within a factor 10 "
        f"from the loss to layer 1 at depth {depths[-1]}{told}.", colours, below=30,
    )  # fmt: skip
    return ax


def _text(key: str, value: Any) -> str:
    if key == "residual":
        return "plain" if value is None else f"residual × {value}"
    if key in {"norm", "clip"}:
        return f"no {key}" if value is None else f"{value} {key}" if key == "norm" else f"clip {value}"
    return str(getattr(value, "__name__", value)) if key in {"activation", "weights", "loss"} else f"{key} {value}"


def _cell(ax: Axes, row: int, place: int, rows: int, columns: int) -> Axes:
    wide, high = 1 / (columns + 0.12 * (columns - 1)), 1 / (rows + 0.18 * (rows - 1))
    return ax.inset_axes((place * 1.12 * wide, 1 - high - row * 1.18 * high, wide, high))


def _last(line: Profile) -> float:
    usable = line.typical[np.isfinite(line.typical) & (line.typical > 0)]
    return float(usable[-1]) if usable.size else math.nan


def _brief(line: Profile) -> tuple[str, bool]:
    """A panel's words, and whether the gradient stays within a factor 10."""
    words = trouble(line)
    if words:
        return words, False
    depth = int(line.layers.max())
    within = float(line.typical.max() / line.typical.min())
    slope = line.slope(fit_window(depth))
    if change("", slope, line.typical).endswith("layers") and within > 10:
        return f"{'÷' if slope < 0 else '×'}10 every {layers_of(tenfold(slope))} layers", False
    return f"within a factor {number(within)}", within <= 10


def _share(cells: Sequence[Axes], depth: int, columns: int, rows: int) -> None:
    """One scale for all panels; numbers stand at the left and at the bottom only."""
    drawn = [cell for cell in cells if cell.lines] or list(cells)
    for cell in drawn:
        log_scale(cell)
    low, high = min(cell.get_ylim()[0] for cell in drawn), max(cell.get_ylim()[1] for cell in drawn)
    # far more than the floats of a student's screen can use: the steepest line would flatten all others
    low, high = max(low, 1e-24), min(high, 1e24)
    for k, cell in enumerate(cells):
        style.powers(cell.yaxis, math.log10(low), math.log10(high), most=5)
        cell.set(ylim=(low, high), xlim=(-0.03 * depth, 1.03 * depth))
        cell.tick_params(labelleft=k % columns == 0, labelbottom=k // columns == rows - 1)


def clipping(
    norms: Any,
    threshold: float,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    theme: str | None = None,
) -> Axes:
    """The gradient's norm at each training step before and after clipping to a threshold.

    "12 of 200 steps were shortened, the largest from 117 to 1; the other 188 are as small as before": g ← g θ/‖g‖ where
    ‖g‖ > θ keeps the direction (Pascanu, Mikolov and Bengio 2013), and does nothing for gradients that vanish.

    Parameters
    ----------
    norms : array of shape (steps,)
        Global norms before clipping; inf is marked.
    threshold : float
        θ, above 0.
    ax, title, theme
        As in `depth`.

    Returns
    -------
    matplotlib Axes
        Lines ``before``, ``after`` and ``threshold``.

    Raises
    ------
    ArgumentError
        For a threshold that is not above 0, or norms that are no series.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> ax = gad.gradflow.plots.clipping([0.5, 117.4, 0.005], threshold=1.0)
    >>> ax.lines[1].get_ydata().tolist()
    [0.5, 1.0, 0.005]
    """
    values = floats(norms, "norms")
    if values.ndim != 1 or not values.size:
        raise ArgumentError(f"norms must be one number for each step, shape (steps,), not of shape {values.shape}.")
    if (values < 0).any():
        raise ArgumentError(f"norms must be 0 or more; {np.nanmin(values):g} is not the norm of anything.")
    threshold = positive(threshold, "threshold")
    ax, colours = style.canvas(ax, theme, (5.8, 3.7))
    steps = np.arange(len(values))
    finite = np.where(np.isfinite(values) & (values > 0), values, np.nan)
    after = np.where(np.isfinite(values), np.minimum(values, threshold), np.nan)
    look: dict[str, Any] = {"linewidth": 1.4, "markersize": 3.4, "markevery": max(1, len(values) // 24)}
    ax.plot(
        steps,
        finite,
        color=colours.muted,
        marker="s",
        markerfacecolor=colours.background,
        label="before",
        zorder=3,
        **look,
    )
    ax.plot(steps, after, color=colours.adjoint, marker="o", label="after", zorder=4, **look)
    ax.axhline(threshold, color=colours.theory, linewidth=1.3, linestyle=(0, (5, 2.5)), zorder=2, label="threshold")
    log_scale(ax)
    over = np.flatnonzero(~np.isfinite(values))
    if over.size:
        low, high = ax.get_ylim()
        ax.set_ylim(low, min(high * (high / low) ** 0.1, 10.0**307.9))
        marks = ax.plot(
            over, np.full(len(over), 0.97), linestyle="none", marker="^", color=colours.warning, markersize=7,
            transform=ax.get_xaxis_transform(), zorder=7, label=f"overflow from step {over[0]} on" if over.size > 1
            else f"overflow at step {over[0]}",
        )  # fmt: skip
        marks[0].set_gid(style.MARK)
    style.label(ax, "training step", "norm of the whole gradient", colours)
    style.title(ax, title or "Clipping, before and after", colours)
    style.legend(ax, colours)
    style.say(ax, _shortened(values, threshold, over), colours)
    return ax


def _shortened(values: np.ndarray[Any, Any], threshold: float, over: np.ndarray[Any, Any]) -> str:
    cut = np.isfinite(values) & (values > threshold)
    text = f"{cut.sum() or 'none'} of {len(values)} steps {'was' if cut.sum() < 2 else 'were'} shortened"
    if cut.any():
        text += f", the largest from {number(values[cut].max())} to {number(threshold)}"
    rest = values[np.isfinite(values) & ~cut]
    if rest.size:
        stay = "stays as it is" if rest.size == 1 else "stay as they are"
        text += f"; {rest.size} {stay}, down to {number(rest.min())}: clipping does not cure vanishing"
    return style.sentence(text).removesuffix(".") + (
        f"; {over.size} overflowed, which clipping cannot undo." if over.size else "."
    )
