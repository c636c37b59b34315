"""Plots of whole distributions: singular values of the Jacobian, histograms per layer, autocorrelation of gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import style
from graphviz_ad.gradflow.profile import Array, number, share
from graphviz_ad.gradflow.settings import floats, positive, whole

BINS = 48
MOST = 12  # ridges in one plot
TINY = 1e-14  # of the largest singular value: below it stands rounding alone
KINDS = ("activation", "adjoint")
SCALES = ("linear", "log")


def spectrum(
    jacobians: Any,
    *,
    edge: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    theme: str | None = None,
) -> Axes:
    """Singular values of the input–output Jacobian as histograms on a logarithmic axis, with the line at 1.

    "Gaussian: from 2.1e-4 to 5.2, 7% within 10% of 1; orthogonal: all within 10% of 1": at 1 a direction passes
    unchanged in both senses; the spread says in how many directions nothing comes back (Saxe et al. 2013; Pennington
    et al.
    2017).

    Parameters
    ----------
    jacobians : array, or a dict from names to arrays
        A Jacobian, shape (out, in), or its singular values, shape (n,).
    edge : float, optional
        The largest singular value that theory gives, such as ``theory.singular_values(depth).largest``: a dashed line.
    ax, title, theme
        As in `depth`.

    Returns
    -------
    matplotlib Axes
        A step line for each spectrum (shares of the singular values; of several, each relative to its fullest bin), and
        the lines ``1`` and ``theory: largest``.

    Raises
    ------
    ArgumentError
        For an array of another shape, for inf and nan.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> ax = gad.gradflow.plots.spectrum(np.diag([0.5, 1.0, 1.0, 2.0]))
    >>> gad.gradflow.plots.reading(ax)
    'From 0.5 to 2, 50% within 10% of 1.'
    """
    named = jacobians if isinstance(jacobians, Mapping) else {"measured": jacobians}
    if not named:
        raise ArgumentError("there is no Jacobian to draw: the dict is empty")
    spectra = {str(name): _singular(name, values) for name, values in named.items()}
    if edge is not None:
        edge = positive(edge, "edge")
    ax, colours = style.canvas(ax, theme, (5.6, 3.8))
    top = max(values.max() for values in spectra.values()) or 1.0
    shown = np.concatenate([values[values > TINY * top] for values in spectra.values()] + [np.ones(1)])
    # the last hundredth may be decades below: it is counted in the first bin
    low = math.log10(min(np.quantile(values[values > TINY * top], 0.01) for values in spectra.values()))
    low, high = min(low, 0.0), math.log10(max(shown.max(), edge or 0.0))
    margin = 0.05 * (high - low) + 0.1
    bins = np.linspace(low - margin, high + margin, BINS + 1)
    # 1 in the middle of a bin: else rounding would deal an orthogonal net's out to two
    bins += (0.5 - ((-bins[0]) / (bins[1] - bins[0])) % 1) * -(bins[1] - bins[0])
    parts = []
    for place, ((name, values), shade) in enumerate(zip(spectra.items(), colours.shades(len(spectra)), strict=True)):
        kept = values[values > TINY * top]
        counts = np.histogram(np.clip(np.log10(kept), bins[0], bins[-1]), bins)[0] / len(values)
        # a net whose values are all alike would flatten the others: each has its own height
        counts = counts / counts.max() if len(spectra) > 1 else counts
        ax.stairs(counts, 10**bins, fill=True, color=shade, alpha=0.18 if len(spectra) > 1 else 0.28, zorder=2)
        ax.step(
            10**bins, np.append(counts, counts[-1]), where="post", color=shade, linewidth=1.6, zorder=4, label=name,
            linestyle=("-", (0, (4, 1.5)), (0, (1.5, 1.2)))[place % 3],
        )  # fmt: skip
        near = np.mean(np.abs(values - 1) <= 0.1)
        same = np.ptp(kept) < 1e-6 * top
        text = f"all at {number(kept[0])}" if same else f"from {number(kept[0])} to {number(kept[-1])}"
        text += "" if same else f", {share(float(near))} within 10% of 1"
        lost = 1 - len(kept) / len(values)
        parts.append(
            (f"{name}: " if len(spectra) > 1 else "") + text + (f", {share(lost)} are 0 to rounding" if lost else "")
        )
    ax.axvline(1.0, color=colours.text, linewidth=1.4, zorder=5, label="1")
    if edge is not None:
        ax.axvline(
            edge, color=colours.theory, linewidth=1.5, linestyle=(0, (5, 2.5)), zorder=5, label="theory: largest"
        )
        parts.append(f"theory's largest is {number(edge)}")
    ax.set_xscale("log")
    ax.set_xlim(10 ** bins[0], 10 ** bins[-1])
    ax.set_ylim(bottom=0)
    style.powers(ax.xaxis, bins[0], bins[-1])
    style.label(
        ax,
        "singular value of the input–output Jacobian",
        "count, relative to the fullest bin" if len(spectra) > 1 else "share of the singular values",
        colours,
    )
    style.title(ax, title or "Spectrum of the Jacobian", colours)
    style.legend(ax, colours)
    style.say(ax, style.sentence("; ".join(parts), name=len(spectra) > 1), colours)
    return ax


def _singular(name: Any, values: Any) -> Array:
    array = floats(values, str(name))
    if array.ndim not in {1, 2} or not array.size or not np.isfinite(array).all():
        what = f"of shape {array.shape}" if np.isfinite(array).all() else "with inf or nan in it"
        raise ArgumentError(f"{name}: expected a Jacobian (out, in) or its singular values (n,), not an array {what}.")
    found = np.sort(np.abs(array) if array.ndim == 1 else np.linalg.svd(array, compute_uv=False))
    if not found[-1]:
        raise ArgumentError(f"{name}: all singular values are 0, which have no place on a logarithmic axis.")
    return found


def ridgelines(
    layers: Any,
    *,
    kind: str = "activation",
    scale: str = "linear",
    ax: Axes | None = None,
    title: str | None = None,
    theme: str | None = None,
) -> Axes:
    """Histograms of activations, or of adjoints, one ridge for each layer, layer 1 on top.

    "Standard deviation 0.63 in layer 1, 0.11 in layer 50": vanishing and saturation as shapes (Glorot and Bengio 2010,
    figures 6 and 7).

    Parameters
    ----------
    layers : sequence of arrays, or a dict from layer numbers to arrays
        The values of each layer, of any shape. Of more than 12 layers, 12 are drawn, evenly chosen.
    kind : {"activation", "adjoint"}
        What the values are: green-blue or vermilion.
    scale : {"linear", "log"}
        The values themselves, or their sizes by powers of ten, where layers of very different size can be compared.
    ax, title, theme
        As in `depth`.

    Returns
    -------
    matplotlib Axes
        A line for each drawn layer, labelled with its number; each ridge has its own height.

    Raises
    ------
    ArgumentError
        For an unknown kind or scale, or no layers.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> ax = gad.gradflow.plots.ridgelines([np.linspace(-1, 1, 101), np.linspace(-0.1, 0.1, 101)])
    >>> gad.gradflow.plots.reading(ax)
    'Standard deviation 0.583 in layer 1, 0.0583 in layer 2.'
    """
    for value, name, known in ((kind, "kind", KINDS), (scale, "scale", SCALES)):
        if value not in known:
            raise ArgumentError(f"unknown {name}: {value!r} (must be one of {list(known)})")
    if not isinstance(layers, Mapping | Iterable) or isinstance(layers, str):
        raise ArgumentError(f"layers must be arrays, one for each layer, not {brief(layers)}.")
    items = dict(layers) if isinstance(layers, Mapping) else dict(enumerate(layers, 1))
    named = {whole(layer, "a layer's number", 0): values for layer, values in items.items()}
    arrays = {layer: floats(named[layer], f"layer {layer}").ravel() for layer in sorted(named)}
    if not arrays or any(not values.size for values in arrays.values()):
        raise ArgumentError("ridgelines needs at least one layer, and a number in each")
    numbers = list(arrays)
    chosen = [
        numbers[k] for k in np.unique(np.linspace(0, len(numbers) - 1, min(MOST, len(numbers))).round().astype(int))
    ]
    ax, colours = style.canvas(ax, theme, (5.6, 0.9 + 0.36 * max(len(chosen), 5) + 0.5))
    line_colour, fill = (
        (colours.value, colours.value_fill) if kind == "activation" else (colours.adjoint, colours.adjoint_fill)
    )
    drawn = {layer: _finite(arrays[layer], scale) for layer in chosen}
    together = np.concatenate([values for values in drawn.values() if values.size] or [np.zeros(1)])
    low, high = np.quantile(together, [0.001, 0.999])
    margin = 0.04 * (high - low) or 0.5
    bins = np.linspace(low - margin, high + margin, 81)
    middle = (bins[1:] + bins[:-1]) / 2
    for row, (layer, values) in enumerate(drawn.items()):
        base = float(len(chosen) - 1 - row)
        counts = np.histogram(values, bins)[0].astype(float)
        height = base + 1.35 * counts / (counts.max() or 1.0)
        ax.fill_between(middle, base, height, color=fill, linewidth=0, zorder=3 + row)
        ax.plot(middle, height, color=line_colour, linewidth=1.2, zorder=3.5 + row, label=str(layer))
        words = _lost(arrays[layer], scale)
        if words:
            text = style.words(ax, 0.995, base + 0.06, words, colours, transform=ax.get_yaxis_transform(), ha="right")
            text.set(color=colours.warning, zorder=40)
            text.set_gid(style.MARK)
    ax.set_yticks([len(chosen) - 1.0 - row for row in range(len(chosen))], [str(layer) for layer in chosen])
    ax.set_xlim(bins[0], bins[-1])
    ax.set_ylim(-0.15, len(chosen) + 0.45)
    ax.grid(visible=False, axis="y")
    name = {"activation": "activation", "adjoint": "adjoint δ"}[kind]
    if scale == "log":
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        ax.xaxis.set_major_formatter(lambda power, _: f"$\\mathdefault{{10^{{{power:.0f}}}}}$")
        name = f"size of the {name}"
    style.label(ax, name, "layer", colours)
    style.title(ax, title or f"{'Activations' if kind == 'activation' else 'Adjoints'} layer by layer", colours)
    style.say(ax, _spread(arrays), colours)
    return ax


def _finite(values: Array, scale: str) -> Array:
    values = values[np.isfinite(values)]
    return values if scale == "linear" else np.log10(np.abs(values[values != 0]))


def _lost(values: Array, scale: str) -> str:
    """What of a layer cannot be drawn, in words."""
    over = float(np.mean(~np.isfinite(values)))
    zero = float(np.mean(values == 0)) if scale == "log" else 0.0
    return ", ".join(f"{share(part)} {word}" for part, word in ((over, "overflow"), (zero, "exactly 0")) if part)


def _spread(arrays: Mapping[int, Array]) -> str:
    def std(values: Array) -> str:
        with np.errstate(all="ignore"):
            return number(float(np.std(values))) if np.isfinite(values).all() else "overflow"

    first, last = min(arrays), max(arrays)
    text = f"standard deviation {std(arrays[first])} in layer {first}"
    return style.sentence(text + (f", {std(arrays[last])} in layer {last}" if last != first else ""))


def shattered(
    gradients: Any,
    *,
    lags: int | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    theme: str | None = None,
) -> Axes:
    """Autocorrelation of a gradient along a line of inputs: how soon the gradient at one says nothing of the next.

    "depth 2: halved after 9 steps; depth 50: after 1": the gradients of deep plain nets look like white noise, those of
    shallow and residual nets do not. To be read as a picture: no rate is claimed (Balduzzi et al., "The shattered
    gradients problem", 2017).

    Parameters
    ----------
    gradients : array, or a dict from names to arrays
        dy/dx at inputs along a line in equal steps, shape (n,); several lines, shape (lines, n), are averaged.
    lags : int, optional
        How many lags are drawn, a quarter of n by default.
    ax, title, theme
        As in `depth`.

    Returns
    -------
    matplotlib Axes
        A line for each name, from 1 at lag 0; and ``white noise`` at 0.

    Raises
    ------
    ArgumentError
        For arrays that are too short, constant or not finite.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> ax = gad.gradflow.plots.shattered({"smooth": np.cos(np.linspace(0, 6, 200))})
    >>> gad.gradflow.plots.reading(ax).startswith("smooth: halved after")
    True
    """
    named = gradients if isinstance(gradients, Mapping) else {"measured": gradients}
    if not named:
        raise ArgumentError("there is no gradient to draw: the dict is empty")
    series = {str(name): np.atleast_2d(floats(values, str(name))) for name, values in named.items()}
    short = min(values.shape[-1] for values in series.values())
    count = short // 4 if lags is None else whole(lags, "lags", 0)
    if not 1 <= count < short:
        raise ArgumentError(f"lags={lags!r} must be at least 1 and less than the {short} inputs.")
    ax, colours = style.canvas(ax, theme, (5.6, 3.7))
    parts = []
    for place, ((name, values), shade) in enumerate(zip(series.items(), colours.shades(len(series)), strict=True)):
        correlation = autocorrelation(values, count)
        ax.plot(
            np.arange(count + 1), correlation, color=shade, linewidth=1.7, marker=style.MARKERS[place % 6],
            markersize=3.6, markevery=max(1, count // 12), label=name, zorder=4,
        )  # fmt: skip
        below = np.flatnonzero(correlation < 0.5)
        half = (
            f"halved after {below[0]} step{'' if below[0] == 1 else 's'}"
            if below.size
            else f"above ½ over all {count} steps"
        )
        parts.append(f"{name}: {half}" if len(series) > 1 or name != "measured" else half)
    ax.axhline(0.0, color=colours.theory, linewidth=1.3, linestyle=(0, (5, 2.5)), zorder=3, label="white noise")
    ax.set_xlim(-0.02 * count, 1.02 * count)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    style.label(ax, "lag: steps along the line of inputs", "autocorrelation of the gradient", colours)
    style.title(ax, title or "Shattered gradients", colours)
    style.legend(ax, colours)
    style.say(ax, "; ".join(parts) + ". White noise would be 0 at once. A picture, not a rate.", colours)
    return ax


def autocorrelation(series: Any, lags: int) -> Array:
    """Correlation of a series with itself, shifted by 0 … lags; of several series (rows) the mean.

    Parameters
    ----------
    series : array (n,) or (rows, n)
    lags : int

    Returns
    -------
    array (lags + 1,)
        From 1 on; each lag's sum is divided by n, so that far lags, which few pairs speak for, count less.

    Raises
    ------
    ArgumentError
        For a series that is not finite, or constant.

    Examples
    --------
    >>> autocorrelation([1.0, -1.0, 1.0, -1.0], 2)
    array([ 1.  , -0.75,  0.5 ])
    """
    rows: Array = np.atleast_2d(floats(series, "series"))
    if not whole(lags, "lags", 0) < rows.shape[1]:
        raise ArgumentError(f"lags={lags} must be less than the length of the series, {rows.shape[1]}.")
    if not np.isfinite(rows).all():
        raise ArgumentError("the gradients hold inf or nan: an autocorrelation needs finite numbers.")
    rows = rows - rows.mean(axis=1, keepdims=True)
    power = (rows**2).sum(axis=1)
    if not (power > 0).all():
        raise ArgumentError("a gradient that is the same everywhere has no autocorrelation: take other inputs.")
    width = rows.shape[1]
    shifted = [(rows[:, : width - lag] * rows[:, lag:]).sum(axis=1) / power for lag in range(lags + 1)]
    return np.asarray(np.mean(shifted, axis=1))
