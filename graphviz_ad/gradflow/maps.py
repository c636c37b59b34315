"""Plots over a plane: the phase diagram with measured dots, and the heat map of depth against training step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import plane, style, theory
from graphviz_ad.gradflow.activations import resolve
from graphviz_ad.gradflow.drawing import named
from graphviz_ad.gradflow.predict import variance_of
from graphviz_ad.gradflow.profile import SYMBOLS, Array, fit_window, number, profile
from graphviz_ad.gradflow.settings import Settings, floats
from graphviz_ad.gradflow.style import Palette

STRONGEST = 1.0  # |ln χ₁| at the ends of the colour scale


def phase(
    activation: Any = "tanh",
    flows: Any = (),
    *,
    weight_vars: tuple[float, float] | None = None,
    bias_vars: tuple[float, float] | None = None,
    layers: tuple[int, int] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    theme: str | None = None,
) -> Axes:
    """The phase diagram over (σ_w², σ_b²): where gradients vanish, where they explode, and the line between, χ₁ = 1.

    "Left of the line gradients vanish, right of it they explode; 4 measured dots lie within 0.013 of theory's ln χ₁":
    a dot has the colour of what was measured, so one that agrees with theory is hardly seen but for its rim.

    The colour is ln χ₁, the change of ln E‖δ‖² per layer towards the input; thin lines are depth scales ξ = 1/|ln χ₁|
    (Poole et al. 2016, figure 1; Schoenholz et al. 2017, figure 1).

    Parameters
    ----------
    activation : str or callable
        A name, or a NumPy function.
    flows : a Flow, a list of flows, or a dict from names to flows
        Measured nets with this activation; each is a dot at its own variances. Others are an error.
    weight_vars, bias_vars : (low, high), optional
        Ranges of σ_w² and σ_b²; by default 0.2 … 4 and 0 … 0.3, or as far as the dots reach.
    layers : (first, last), optional
        The layers over which the measured slopes are fitted, by default 20–48 of 50.
    ax, title, theme
        As in `depth`.

    Returns
    -------
    matplotlib Axes
        The line χ₁ = 1 has the label ``χ₁ = 1``, each dot that of its flow.

    Raises
    ------
    ArgumentError
        A range that is none, a flow without variances or with another activation.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> ax = gad.gradflow.plots.phase("tanh")
    >>> [line.get_label() for line in ax.lines]
    ['χ₁ = 1']
    """
    phi = resolve(activation)
    dots = (
        [_dot(name, flow, phi, layers) for name, flow in named(flows).items()]
        if hasattr(flows, "columns") or flows
        else []
    )
    wide = _range("weight_vars", weight_vars, 0.2, max([4.0, *(1.1 * dot[1] for dot in dots)]))
    high = _range("bias_vars", bias_vars, 0.0, max([0.3, *(1.1 * dot[2] for dot in dots)]))
    ax, colours = style.canvas(ax, theme, (6.0, 4.4))
    field = plane.field(phi, wide, high)
    with np.errstate(divide="ignore"):
        logs = np.log(field.chi_1)
    shade, norm = style.diverging(colours.theme), Normalize(-STRONGEST, STRONGEST)
    ax.grid(visible=False)
    mesh = ax.pcolormesh(
        field.weight_var, field.bias_var, np.clip(logs, -STRONGEST, STRONGEST), cmap=shade, norm=norm,
        shading="gouraud", rasterized=True, zorder=0,
    )  # fmt: skip
    _contours(ax, field.weight_var, field.bias_var, logs, colours)
    _critical(ax, phi, high[1], colours)
    errors: list[float] = []
    placed: list[tuple[float, float]] = []
    for name, weight_var, bias_var, measured in dots:
        colour = shade(norm(np.clip(measured, -STRONGEST, STRONGEST)))
        ax.plot(
            [weight_var], [bias_var], linestyle="none", marker="o", markersize=11, markerfacecolor=colour,
            markeredgecolor=colours.text, markeredgewidth=1.4, zorder=6, label=name, clip_on=False,
        )  # fmt: skip
        near = [
            abs(weight_var - w) < 0.16 * (wide[1] - wide[0]) and abs(bias_var - b) < 0.1 * high[1] for w, b in placed
        ]
        below = any(near) and bias_var > 0.1 * high[1]  # two numbers in one place
        placed.append((weight_var, bias_var))
        ax.annotate(
            f"{measured:+.3f}".replace("-", "−"), (weight_var, bias_var), (0, -8 if below else 8), color=colours.text,
            textcoords="offset points", ha="center", va="top" if below else "bottom", fontsize=style.SIZE - 1,
            fontfamily=style.FONT, zorder=7,
            bbox={"facecolor": colours.background, "edgecolor": "none", "pad": 1, "alpha": 0.7},
        )  # fmt: skip
        errors.append(abs(measured - np.log(theory.mean_field(phi, weight_var, bias_var).chi_1)))
    ax.set(xlim=wide, ylim=high)
    style.bar(ax, mesh, "ln χ₁ per layer (below 0: vanishes)", colours, ends=("≤ ", "≥ "))
    style.label(ax, r"weight variance $\sigma_w^2$", r"bias variance $\sigma_b^2$", colours)
    style.title(ax, title or f"Phase diagram of {phi.name}", colours)
    reading = "left of the line χ₁ = 1 gradients vanish, right of it they explode"
    if errors:
        dots_word = "measured dot lies" if len(errors) == 1 else "measured dots lie"
        reading += f"; {len(errors)} {dots_word} within {number(max(errors))} of theory's ln χ₁"
    style.say(ax, style.sentence(reading), colours)
    return ax


def _dot(name: str, flow: Any, phi: Any, layers: tuple[int, int] | None) -> tuple[str, float, float, float]:
    """Name, σ_w², σ_b² and measured ln χ₁ of a flow."""
    settings: Any = flow.settings
    weight_var = variance_of(settings) if isinstance(settings, Settings) else None
    if weight_var is None or settings.residual is not None or settings.norm is not None:
        raise ArgumentError(
            f"the flow {name!r} has no place here: the phase diagram is that of plain nets with a variance."
        )
    own = resolve(settings.function)
    if own.name != phi.name:
        raise ArgumentError(f"the flow {name!r} has the activation {own.name}, the phase diagram {phi.name}.")
    line = profile(flow, "delta_norm")
    return name, weight_var, float(settings.bias_var), 2 * line.slope(layers or fit_window(settings.depth))


def _range(name: str, given: tuple[float, float] | None, low: float, high: float) -> tuple[float, float]:
    if given is None:
        return low, high
    first, last = floats(given, name).ravel().tolist() if np.size(given) == 2 else (math.nan, math.nan)
    if not 0 <= first < last < np.inf:
        raise ArgumentError(f"{name}={given!r} must be (low, high) with 0 ≤ low < high.")
    return float(first), float(last)


def _contours(ax: Axes, weight_var: Array, bias_var: Array, logs: Array, colours: Palette) -> None:
    levels = sorted(sign / scale for scale in plane.SCALES for sign in (-1, 1))
    finite = logs[np.isfinite(logs)]
    levels = [level for level in levels if finite.min() < level < finite.max()]
    if levels:
        lines = ax.contour(
            weight_var, bias_var, logs, levels=levels, colors=[colours.text], linewidths=0.7, linestyles="solid",
            alpha=0.65, zorder=2,
        )  # fmt: skip
        names = {level: f"ξ = {round(1 / abs(level))}" for level in levels}
        for text in lines.clabel(fmt=names, fontsize=style.SIZE - 1.5, inline=True):
            text.set(fontfamily=style.FONT, color=colours.text)


def _critical(ax: Axes, phi: Any, high: float, colours: Palette) -> None:
    """The line χ₁ = 1, exactly."""
    weight_var, bias_var = plane.critical(phi, high)
    if weight_var.size:
        ax.plot(weight_var, bias_var, color=colours.text, linewidth=2.2, zorder=5, label="χ₁ = 1")
        style.legend(ax, colours, handles=[ax.lines[-1]], loc="upper right")


def heat(
    norms: Any,
    steps: Sequence[int] | None = None,
    *,
    column: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    theme: str | None = None,
) -> Axes:
    """Gradient norms by layer and training step as colours on a logarithmic scale.

    "Layer 1: 3.1e-9 at step 0, 2.4e-6 at step 200; layer 50: 0.031 and 0.012": whether training ever brings gradients
    to the first layers.

    Parameters
    ----------
    norms : array of shape (steps, layers), or a table whose ``columns`` hold ``step``, ``layer`` and ``column``
        Such a table is what `gad.gradflow.watch` gives.
        inf and nan are drawn in the colour of overflow, exact zeros as a gap: both are in the reading.
    steps : sequence of int, optional
        The number of each recorded training step, 0, 1, … by default.
    column : str, optional
        What the numbers are: "delta_norm", of a watched training "gradient_norm".
    ax, title, theme
        As in `depth`.

    Returns
    -------
    matplotlib Axes
        Its ``collections[0]`` holds the numbers; layer 1 is at the bottom.

    Raises
    ------
    ArgumentError
        For numbers that are no table of steps by layers.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> ax = gad.gradflow.plots.heat([[1e-6, 1e-3, 1.0], [1e-5, 1e-2, 1.0]], steps=[0, 10])
    >>> gad.gradflow.plots.reading(ax)
    'Layer 1: 1e-6 at step 0, 1e-5 at step 10; layer 3: 1 and 1.'
    """
    norms = getattr(norms, "by_layer", norms)
    if column is None:
        column = "gradient_norm" if "gradient_norm" in getattr(norms, "columns", ()) else "delta_norm"
    table, when, layers = _table(norms, steps, column)
    ax, colours = style.canvas(ax, theme, (6.2, 4.2))
    usable = np.isfinite(table) & (table > 0)
    low, high = (table[usable].min(), table[usable].max()) if usable.any() else (0.1, 1.0)
    scale = LogNorm(low, high if high > low else low * 10)
    ramp = style.sequential(colours.theme)
    ax.grid(visible=False)
    ax.set_facecolor(colours.background)
    shown = np.ma.masked_where(~usable, table)
    mesh = ax.pcolormesh(_edges(when), _edges(layers), shown.T, cmap=ramp, norm=scale, rasterized=True)
    over = np.ma.masked_where(np.isfinite(table), np.ones_like(table))
    if over.count():
        block = ax.pcolormesh(
            _edges(when), _edges(layers), over.T, cmap=style.single(colours.theory), vmin=0, vmax=1, rasterized=True
        )
        block.set_gid(style.MARK)
        handle = Line2D([], [], color=colours.theory, marker="s", markersize=8, linestyle="none", label="overflow")
        style.legend(ax, colours, handles=[handle], loc="upper right")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    style.bar(ax, mesh, SYMBOLS.get(column, column), colours)
    style.label(ax, "training step", "layer (1 is next to the input)", colours)
    style.title(ax, title or f"{SYMBOLS.get(column, column)} during training", colours)
    style.say(ax, _read(table, when, layers), colours)
    return ax


def _table(norms: Any, steps: Sequence[int] | None, column: str) -> tuple[Array, Array, Array]:
    if hasattr(norms, "columns"):
        columns = norms.columns
        missing = [name for name in ("step", "layer", column) if name not in columns]
        if missing:
            raise ArgumentError(f"the table has no column {missing[0]!r}; heat needs 'step', 'layer' and {column!r}.")
        when, row = np.unique(np.asarray(columns["step"]), return_inverse=True)
        layers, place = np.unique(np.asarray(columns["layer"]), return_inverse=True)
        table = np.full((len(when), len(layers)), np.nan)
        table[row, place] = np.asarray(columns[column], float)
        return table, when, layers
    table = floats(norms, "norms")
    if table.ndim != 2 or not table.size:
        raise ArgumentError(f"norms must be an array of shape (steps, layers), not of shape {table.shape}.")
    when = np.arange(len(table)) if steps is None else floats(steps, "steps").astype(int)
    if when.shape != (len(table),) or (np.diff(when) <= 0).any():
        raise ArgumentError(f"steps must be {len(table)} growing numbers, one for each row of norms.")
    return table, when, np.arange(1, table.shape[1] + 1)


def _edges(centres: Array) -> Array:
    """The borders of cells around growing centres."""
    middle = (centres[1:] + centres[:-1]) / 2
    first, last = (centres[0] - 0.5, centres[-1] + 0.5) if len(centres) == 1 else (
        1.5 * centres[0] - 0.5 * centres[1], 1.5 * centres[-1] - 0.5 * centres[-2]
    )  # fmt: skip
    return np.concatenate([[first], middle, [last]])


def _read(table: Array, when: Array, layers: Array) -> str:
    def value(step: int, layer: int) -> str:
        return number(float(table[step, layer])) if np.isfinite(table[step, layer]) else "overflow"

    text = (
        f"layer {layers[0]}: {value(0, 0)} at step {when[0]}, {value(-1, 0)} at step {when[-1]}; "
        f"layer {layers[-1]}: {value(0, -1)} and {value(-1, -1)}"
    )
    for word, where in (("overflow", ~np.isfinite(table)), ("exactly 0", table == 0)):
        if where.any():
            at = int(np.flatnonzero(where.any(axis=1))[0])
            text += f"; {word} from step {when[at]} on, in {where.any(axis=0).sum()} of {len(layers)} layers"
    return style.sentence(text)
