"""Gradients against depth beside theory, and the same plot before and after a remedy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import style
from graphviz_ad.gradflow.drawing import (
    NARROW,
    draw_profile,
    draw_theory,
    layer_axis,
    layer_label,
    legend,
    log_scale,
    mark,
    named,
    settings_of,
)
from graphviz_ad.gradflow.predict import Prediction, predict
from graphviz_ad.gradflow.profile import (
    SYMBOLS,
    Profile,
    change,
    fit_window,
    form_of,
    profile,
    trouble,
)  # fmt: skip
from graphviz_ad.gradflow.remedies import REMEDIES, Comparison
from graphviz_ad.gradflow.settings import known, window
from graphviz_ad.gradflow.style import Palette
from graphviz_ad.gradflow.table import Flow

TITLES = {
    "delta_norm": "Adjoints  ‖δ‖",
    "weight_grad_norm": "Weight gradients  ‖∂L/∂W‖",
    "activation_norm": "Activations  ‖activation‖",
}
BOTH = ("delta_norm", "weight_grad_norm")
Window = tuple[int, int]


def depth(
    flows: Any,
    *,
    columns: str | Sequence[str] = BOTH,
    layers: Window | None = None,
    theory: bool = True,
    ax: Axes | None = None,
    title: str | None = None,
    theme: str | None = None,
) -> Axes:
    """Gradient norms against depth on a logarithmic scale: adjoints and weight gradients side by side, with theory.

    "δ shrinks tenfold every 6.6 layers; theory says 6.6": a straight line means that every layer multiplies the
    gradient by the same factor.

    The line is the geometric mean over the seeds, the band around it holds eight seeds of ten. Theory is dashed blue:
    the mean-field recursion from the last layer backwards, with the layers' own variances q_l on the way (Schoenholz et
    al., "Deep information propagation", 2017), the weight gradient as that of one example. The dotted lines hold 95% of
    nets of this width for one example (Hanin and Nica, "Products of many large random matrices and gradients in deep
    neural networks", 2018): right for ReLU and linear nets, a little narrow where units saturate. They run below
    theory's line, which is a mean that a few large nets make; a batch of many averages some of that away. Read both
    panels: in ReLU nets without biases the weight gradients stay flat while the adjoints vanish.

    Parameters
    ----------
    flows : a Flow, a list of flows, or a dict from names to flows
        What `measure` returned. Several flows are told apart by markers and shades.
    columns : str or sequence of str
        Columns of the flow's table, a panel for each.
    layers : (first, last), optional
        The layers over which the slopes in the reading are fitted; by default the inner ones, 20–48 of 50.
    theory : bool
        Whether to draw theory where it exists: not for initialisations of your own, LSUV, or time steps.
    ax : matplotlib Axes, optional
        Where to draw. All panels share its place. Without it, Axes on a new figure that pyplot does not know; as the
        last value of a notebook cell they show it.
    title : str, optional
        Instead of the panels' own titles.
    theme : {"light", "dark"}, optional
        By default light, or what the given figure's background asks for.

    Returns
    -------
    matplotlib Axes
        The first panel; further panels are its ``child_axes``. Line labels: ``measured`` or the flow's name,
        ``theory``.

    Raises
    ------
    ArgumentError
        For an unknown column or theme, and for anything that is no flow.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> flow = gad.gradflow.measure(depth=12, width=32, weight_var=0.5, bias_var=0.0025, seeds=3)
    >>> ax = gad.gradflow.plots.depth(flow)
    >>> gad.gradflow.plots.reading(ax)  # doctest: +ELLIPSIS
    'δ shrinks tenfold every ... layers; theory says ...
    """
    found = named(flows)
    wanted = _columns(columns)
    last = max(int(np.max(flow.columns["layer"])) for flow in found.values())
    window = _window(layers, last)
    ax, colours = style.canvas(ax, theme, (4.6 * len(wanted) + 0.6, 3.9))
    looks = [
        (shade, style.MARKERS[place % len(style.MARKERS)], False)
        for place, shade in enumerate(colours.shades(len(found), wanted[0] if wanted else "delta_norm"))
    ]
    told = _panels(ax, found, wanted, layers, theory, looks, title, colours)
    unit = next(iter(found.values())).unit
    slopes = [profile(flow, column).slope(window) for flow in found.values() for column in wanted]
    fitted = [f"(Towards the input; fitted over {unit}s {window[0]}–{window[1]}.)"] * (not np.isnan(slopes).all())
    if len(found) == 1:
        text = " ".join(["; ".join(part for parts in told.values() for part in parts) + ".", *fitted])
    else:
        text = "\n".join([*(f"{name}: {', '.join(parts)}." for name, parts in told.items()), *fitted])
    style.say(ax, text, colours)
    return ax


def remedy(
    before: Flow | Comparison,
    after: Flow | None = None,
    name: str | None = None,
    *,
    columns: str | Sequence[str] = BOTH,
    layers: Window | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    theme: str | None = None,
) -> Axes:
    """The plot against depth before and after a remedy, with a sentence on what the remedy does not fix.

    "Before: δ shrinks tenfold every 6.7 layers. After batch norm: δ grows tenfold every 12.0 layers."

    Parameters
    ----------
    before, after : Flow
        The net as it was, and with the remedy; or one ``remedies.compare(...)`` in place of both.
    name : str, optional
        One of `remedies.REMEDIES`: "initialisation", "batch_norm", … By default what the settings of ``after`` have
        that those of ``before`` lack.
    columns, layers, ax, title, theme
        As in `depth`.

    Returns
    -------
    matplotlib Axes
        As `depth` returns them, with the lines ``before`` and ``after …``, which names the remedy.

    Raises
    ------
    ArgumentError
        For an unknown remedy, or where the settings do not tell which one it is.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> measure = gad.gradflow.measure
    >>> before, after = (measure(12, 32, activation="relu", weight_var=var, seeds=2) for var in (1.0, 2.0))
    >>> ax = gad.gradflow.plots.remedy(before, after)
    >>> gad.gradflow.plots.reading(ax)  # doctest: +ELLIPSIS
    'Before: δ shrinks tenfold every ... After a new initialisation: ... It does not fix the shape: ...
    """
    if isinstance(before, Comparison):
        both = before
    elif after is None:
        raise ArgumentError("remedy needs the flow after it too: remedy(before, after), or one remedies.compare(...).")
    else:
        named([before, after])
        if name is not None:
            known(name, "remedy", REMEDIES)
        both = Comparison(REMEDIES[name or _differs(before, after)], before, after)
    flows = both.flows
    wanted = _columns(columns)
    ax, colours = style.canvas(ax, theme, (4.6 * len(wanted) + 0.6, 4.1))
    looks = [(colours.muted, "s", True), (colours.of(wanted[0])[0], "o", False)]
    told = _panels(ax, flows, wanted, layers, theory=True, looks=looks, title=title, colours=colours)
    lines = [f"{when[:1].upper()}{when[1:]}: {', '.join(parts)}." for when, parts in told.items()]
    style.say(ax, "\n".join([*lines, both.remedy.does_not_fix]), colours)
    return ax


def _differs(before: Any, after: Any) -> str:
    """The remedy that ``after`` has and ``before`` lacks, by their settings."""
    old, new = settings_of(before), settings_of(after)
    changed = [key for key in ("residual", "clip", "norm", "weights") if old.get(key) != new.get(key)]
    if len(changed) == 1 and new[changed[0]] is not None:
        (key,) = changed
        if key == "norm":
            return f"{new[key]}_norm"
        if key == "residual":  # small enough that the squared norm grows by less than e over the depth
            return "scaled_residual" if after.settings.scale**2 * after.settings.depth < 1 + 1e-9 else "residual"
        if key == "weights":
            return after.settings.init if after.settings.init in {"orthogonal", "lsuv"} else "initialisation"
        return "clipping"
    gone = changed and all(new[key] is None for key in changed)
    raise ArgumentError(
        f"the settings do not tell which remedy this is: {' and '.join(changed) or 'none'} "
        f"{'was taken away' if gone else 'changed'}. Name it: one of {list(REMEDIES)}."
    )


def _columns(columns: Any) -> tuple[str, ...]:
    if isinstance(columns, str):
        return (columns,)
    if not isinstance(columns, Sequence) or not columns:
        what = "is empty" if isinstance(columns, Sequence) else f"is {columns!r}"
        raise ArgumentError(f"columns {what} (must be some of {sorted(SYMBOLS)})")
    return tuple(columns)


def _window(layers: Window | None, last: int) -> Window:
    if layers is None:
        return fit_window(last)
    first, end = window(layers)
    if not 1 <= first < end <= last:
        raise ArgumentError(
            f"layers={layers!r} must be the first and the last of at least two layers within 1 … {last}."
        )
    return first, end


def _panels(
    ax: Axes, found: Mapping[str, Any], wanted: Sequence[str], layers: Window | None, theory: bool,
    looks: Sequence[tuple[str, str, bool]], title: str | None, colours: Palette,
) -> dict[str, list[str]]:  # fmt: skip
    """Draw a panel for each column; what there is to say about each flow comes back."""
    told: dict[str, list[str]] = {name: [] for name in found}
    tables = {column: {name: profile(flow, column) for name, flow in found.items()} for column in wanted}
    for panel, column in zip(style.beside(ax, len(wanted), colours), wanted, strict=True):
        marks = []
        for (name, line), (colour, marker, hollow) in zip(tables[column].items(), looks, strict=True):
            predicted = predict(found[name], column) if theory else None
            if predicted is not None:
                alone = len(found) == 1
                label = None if "theory" in panel.get_legend_handles_labels()[1] else "theory"
                draw_theory(panel, line, predicted, colours, label=label, band=alone)
            draw_profile(panel, line, colour, marker, name, alone=len(found) == 1, hollow=hollow)
            told[name] += sentences(line, predicted, _window(layers, int(line.layers.max())), brief=len(found) > 1)
            if words := trouble(line):
                marks.append((line, words if len(found) == 1 else f"{name}: {words}"))
        log_scale(panel, [line for line, _ in marks])
        layer_axis(panel, max(int(line.layers.max()) for line in tables[column].values()))
        inches = style.inches(ax) / len(wanted)
        style.label(panel, layer_label(found.values(), inches), SYMBOLS.get(column, column), colours)
        style.title(panel, title or TITLES.get(column, SYMBOLS.get(column, column)), colours)
        rows = {True: 0, False: 0}  # bars above, bars below
        for line, words in marks:
            above = line.overflow() is not None
            mark(panel, line, words, rows[above], colours)
            rows[above] += 1
        drawn = any(np.isfinite(line.typical).any() for line in tables[column].values())
        if drawn and (
            panel is ax or (len(found) <= 2 and inches > NARROW)
        ):  # the same names once more would hide lines
            top, bottom = (0.14 * min(count, 3) for count in (rows[True], rows[False]))
            legend(
                panel, list(tables[column].values()), colours, loc="best", small=inches < NARROW,
                bbox_to_anchor=(0.0, bottom, 1.0, 1.0 - top - bottom),
            )  # fmt: skip
    for name, flow in found.items():
        told[name] += cause(flow, [tables[column][name] for column in wanted])
    return told


def sentences(line: Profile, predicted: Prediction | None, window: Window, brief: bool) -> list[str]:
    """Trouble, change and theory of one profile as parts of a sentence."""
    symbol = "δ" if line.column == "delta_norm" else SYMBOLS.get(line.column, line.column)
    words = trouble(line)
    parts = [f"{symbol}: {words}"] if words else []
    slope = line.slope(window)
    if math.isnan(slope) and words:
        return parts
    said = change(symbol, slope, line.typical, line.unit)
    if predicted is not None:
        values = np.exp(predicted.logs - predicted.logs.max())
        theory = change("", predicted.slope(window), values, line.unit, form_of(slope, line.typical)).strip()
        theory = _second(said.removeprefix(symbol).strip(), theory, line)
        said += f" (theory: {theory})" if brief else f"; theory says {theory}"
    return [*parts, said]


def _second(said: str, theory: str, line: Profile) -> str:
    """What theory says, without the words that were just said: "shrinks tenfold every 6.6 layers; theory says 6.6"."""
    for start in ("shrinks tenfold every ", "grows tenfold every ", "stays within ", "shrinks by ", "grows by "):
        if said.startswith(start) and theory.startswith(start):
            over = f" over {len(line.layers)} {line.unit}s"
            return theory.removeprefix(start).removesuffix(over).removesuffix(f" {line.unit}s")
    return f"it {theory}"


def cause(flow: Any, drawn: Sequence[Profile]) -> list[str]:
    """Where the forward pass left the floats, the words that say so."""
    if all(line.forward for line in drawn):
        return []
    forward = profile(flow, "activation_norm").overflow()
    if forward is None:
        return []
    nothing = all(np.isnan(line.typical).all() for line in drawn)
    return [
        f"the forward pass overflows from {flow.unit} {forward} on" + (", so no gradient comes back" if nothing else "")
    ]
