"""What plots against depth are drawn with: lines and bands, theory's line, axes, and marks for what overflowed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import style
from graphviz_ad.gradflow.chart import layer_ticks
from graphviz_ad.gradflow.predict import Prediction
from graphviz_ad.gradflow.profile import Profile, number
from graphviz_ad.gradflow.style import Palette
from graphviz_ad.gradflow.table import Flow

NARROW = 2.2  # inches: panels that are narrower have short labels and share one small legend
LARGEST = 307.9  # as a power of ten, of what an axis can end at


def named(flows: Any) -> dict[str, Flow]:
    """Flows by their names: a mapping as it is; one flow, or several, named by what differs in their settings."""
    if isinstance(flows, Mapping):
        found = {str(name): flow for name, flow in flows.items()}
    elif isinstance(flows, Flow):
        found = {"measured": flows}
    elif isinstance(flows, Sequence) and not isinstance(flows, str):
        found = (
            dict(zip(_names(flows), flows, strict=True))
            if all(isinstance(flow, Flow) for flow in flows)
            else {str(place): flow for place, flow in enumerate(flows)}
        )
    else:
        found = {"": flows}
    wrong = [flow for flow in found.values() if not isinstance(flow, Flow)]
    if wrong or not found:
        what = f"not {type(wrong[0]).__name__}" if wrong else "and this collection is empty"
        raise ArgumentError(
            "expected a flow, a list of flows or a dict from names to flows, "
            f"{what}; a flow is what gad.gradflow.measure(...) returns."
        )
    units = sorted({flow.unit for flow in found.values()})
    if len(units) > 1:
        raise ArgumentError(f"flows over {units[0]}s and over {units[1]}s have no common axis: draw them apart.")
    return found


def settings_of(flow: Flow) -> dict[str, Any]:
    """A flow's settings by name; a weight variance or an initialisation, whichever was used, is its ``weights``."""
    settings = getattr(flow, "settings", None)
    found = {name: getattr(settings, name) for name in getattr(settings, "__dataclass_fields__", ())}
    if "init" in found:
        init, var = found.pop("init"), found.pop("weight_var", None)
        found["weights"] = _title(init) if var is None else f"σ_w² = {number(float(var))}"
    return found


def _names(flows: Sequence[Flow]) -> list[str]:
    fields = [settings_of(flow) for flow in flows]
    keys = [key for key in (fields[0] if fields else {}) if key != "seeds"]
    differing = [key for key in keys if len({repr(field.get(key)) for field in fields}) > 1]
    names = [", ".join(filter(None, (_setting(key, field.get(key)) for key in differing))) for field in fields]
    unclear = len(set(names)) < len(names) or not all(names)
    return [f"{place}: {name}".removesuffix(": ") for place, name in enumerate(names, 1)] if unclear else names


def _setting(key: str, value: Any) -> str:
    if value is None:
        return {"norm": "no norm", "clip": "no clip", "residual": "plain"}.get(key, "")
    if isinstance(value, str) or callable(value):
        return f"{_title(value)} norm" if key == "norm" else _title(value)
    before = {"bias_var": "σ_b² = ", "residual": "residual × "}.get(key, key.replace("_", " ") + " ")
    return before + (number(float(value)) if isinstance(value, int | float) else str(value))


def _title(value: Any) -> str:
    return value if isinstance(value, str) else str(getattr(value, "__name__", value))


def draw_profile(
    ax: Axes, line: Profile, colour: str, marker: str, name: str, *, alone: bool, hollow: bool = False
) -> None:
    """A profile's line with its band of seeds; the band has a label where the profile is alone."""
    if line.seeds > 1:
        ax.fill_between(
            line.layers, line.low, line.high, color=colour, alpha=0.25 if alone else 0.15, linewidth=0, zorder=2,
            label=f"80% of {line.seeds} seeds" if alone else None,
        )  # fmt: skip
    ax.plot(
        line.layers, line.typical, color=colour, linewidth=1.7, marker=marker, markersize=4.2 if hollow else 3.6,
        zorder=4, label=name, markevery=max(1, np.isfinite(line.typical).sum() // 16), linestyle="-",
        markerfacecolor=ax.get_facecolor() if hollow else colour,
    )  # fmt: skip


def legend(ax: Axes, lines: Sequence[Profile], colours: Palette, *, small: bool = False, **more: Any) -> None:
    """The legend, which also says what the bands of seeds hold where no single line's label does."""
    handles, labels = ax.get_legend_handles_labels()
    seeds = sorted({line.seeds for line in lines if line.seeds > 1})
    if seeds and not any(label.startswith("80% of ") for label in labels):
        count = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
        handles.append(Patch(facecolor=colours.muted, alpha=0.3, linewidth=0, label=f"80% of {count} seeds"))
    if small:
        more["prop"] = {"family": style.FONT, "size": style.SIZE - 2.5}
    style.legend(ax, colours, handles=handles, **more)


def draw_theory(
    ax: Axes, line: Profile, predicted: Prediction, colours: Palette, *, label: str | None, band: bool
) -> None:
    """Theory's line through the profile at the loss's end, and what nets of the flow's width may do around it."""
    middle, low, high = predicted.through(line)
    ax.plot(line.layers, middle, color=colours.theory, linewidth=1.5, linestyle=(0, (5, 2.5)), zorder=5, label=label)
    if band and np.isfinite(low).any():
        edge: dict[str, Any] = {
            "color": colours.theory,
            "linewidth": 0.9,
            "linestyle": (0, (1, 1.6)),
            "zorder": 3,
            "gid": "gad-band",
        }
        ax.plot(line.layers, low, label="finite width: 95%", **edge)
        ax.plot(line.layers, high, **edge)


def log_scale(ax: Axes, marks: Sequence[Profile] = ()) -> None:
    """A logarithmic axis that shows every finite number of the lines, without blowing up what hardly changes.

    ``marks`` are the profiles that get a bar along an edge: there the axis leaves room.
    """
    drawn = np.concatenate([np.asarray(item.get_ydata(), float) for item in ax.lines] or [np.ones(1)])
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    low, high = (math.log10(drawn.min()), math.log10(drawn.max())) if drawn.size else (-1.0, 1.0)
    middle, half = (low + high) / 2, max(0.54 * (high - low), 0.6)  # at least a little over a decade
    above = 0.28 * half * sum(line.overflow() is not None for line in marks)
    below = 0.28 * half * sum(line.overflow() is None for line in marks)
    low, high = max(middle - half - below, -LARGEST), min(middle + half + above, LARGEST)
    ax.set_ylim(10.0**low, 10.0**high)  # before the scale: its own choice of limits overflows near the largest floats
    ax.set_yscale("log")
    style.powers(ax.yaxis, low, high)


def layer_label(flows: Iterable[Flow], inches: float = math.inf) -> str:
    """The label of the axis of layers, or of what the flows have in their place; a word where that is narrow."""
    (unit, *_) = (flow.unit for flow in flows)
    return (
        unit
        if inches < 2.2
        else {"layer": "layer (1 is next to the input)", "time step": "time step (1 is the first)"}.get(unit, unit)
    )


def layer_axis(ax: Axes, last: int) -> None:
    """Layers on the horizontal axis, from 1, at round numbers."""
    ax.set_xlim(1 - 0.02 * last - 0.2, last + 0.02 * last + 0.2)
    ax.set_xticks(layer_ticks(last))


def mark(ax: Axes, line: Profile, text: str, row: int, colours: Palette) -> None:
    """A bar along an edge over the layers whose numbers left the floats, and its words: overflow above, 0 below."""
    over = line.overflow()
    start = over if over is not None else line.vanished()
    assert start is not None
    end = int(line.layers.max() if line.forward else line.layers.min())
    height, away, va = (0.985, -0.12, "top") if over is not None else (0.015, 0.12, "bottom")
    height += away * row
    drawn = ax.plot(
        [start, end], [height, height], transform=ax.get_xaxis_transform(), color=colours.warning, linewidth=4,
        solid_capstyle="butt", zorder=7, marker="|", markersize=9, markeredgewidth=1.6, clip_on=False,
    )  # fmt: skip
    drawn[0].set_gid(style.MARK)
    right = min(start, end) > line.layers.mean()
    written = style.words(
        ax, max(start, end) if right else min(start, end), height + away / 4, text, colours, color=colours.warning,
        fontweight="bold", va=va, ha="right" if right else "left", transform=ax.get_xaxis_transform(),
    )  # fmt: skip
    written.set_gid(style.MARK)
