"""The look of the plots: the graphs' colours and fonts, set on the Axes and never in matplotlib's global settings."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter

from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow import caption
from graphviz_ad.gradflow.profile import number
from graphviz_ad.render import theme as themes

FONT = "DejaVu Sans"  # matplotlib brings it along: the same widths on every machine
SIZE = caption.SIZE  # points
MARKERS = ("o", "s", "^", "D", "v", "P")  # several flows in one plot differ by more than a shade
READING = "gad-reading"  # the gid of the line under a figure
MARK = "gad-overflow"  # the gid of what marks numbers that cannot be drawn
SCALE = 2  # image pixels to a pixel of a figure in a notebook


@dataclass(frozen=True)
class Palette:
    """Colours by meaning: forward values green-blue, adjoints vermilion, what theory says blue."""

    theme: str
    background: str
    text: str
    muted: str
    faint: str
    value: str
    value_fill: str
    adjoint: str
    adjoint_dark: str
    adjoint_fill: str
    theory: str
    theory_fill: str
    warning: str

    def of(self, column: str) -> tuple[str, str]:
        """Line and fill of a column of the table: what belongs to the forward pass is green-blue."""
        forward = column.startswith("activation") or column in {"saturated", "dead"}
        return (self.value, self.value_fill) if forward else (self.adjoint, self.adjoint_fill)

    def shades(self, count: int, column: str = "delta_norm") -> list[str]:
        """So many shades of a column's colour, dark to light, for several flows in one plot."""
        line, _ = self.of(column)
        if count == 1:
            return [line]
        # both ends keep a contrast of 3 with the background
        ends = [_mix(line, "#000000", 0.7), line] if self.theme == "light" else [line, _mix(line, "#ffffff", 0.7)]
        ramp = LinearSegmentedColormap.from_list("shades", ends)
        return [_hex(ramp(place)) for place in np.linspace(0, 1, count)]


def palette(theme: str) -> Palette:
    """The colours of a theme, "light" or "dark", out of the one stylesheet of the project."""
    named = themes.colours(theme)
    keys = (
        "background", "text", "muted", "faint", "value-line", "value-fill", "adjoint-line", "adjoint", "adjoint-fill",
        "local-line", "local-fill", "warning",
    )  # fmt: skip
    return Palette(theme, *(named[f"--gad-{key}"] for key in keys))


class FlowAxes(Axes):
    """Axes on a figure of their own that pyplot does not know; as the last value of a cell they show the figure."""

    name = "gad_flow"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        figure = self.get_figure(root=True)
        assert isinstance(figure, Figure)
        with io.BytesIO() as file:
            figure.savefig(file, format="png", dpi=SCALE * 100, facecolor=figure.get_facecolor(), bbox_inches=None)
            width, height = figure.get_size_inches() * 100
            return file.getvalue(), {"width": round(width), "height": round(height)}


def canvas(ax: Axes | None, theme: str | None, size: tuple[float, float]) -> tuple[Axes, Palette]:
    """The Axes to draw on, dressed, and its colours: the user's own, or new ones on a figure of ``size`` inches.

    No pyplot: a figure made here is registered nowhere and leaves no state behind. ``theme=None`` means light on a new
    figure, and on a given one the theme of its background.
    """
    if theme is not None:
        themes.colours(theme)  # raises for an unknown one
    if ax is None:
        colours = palette(theme or "light")
        figure = Figure(figsize=size, dpi=100, facecolor=colours.background, edgecolor="none", layout="constrained")
        ax = figure.add_subplot(axes_class=FlowAxes)
    elif not isinstance(ax, Axes):
        raise ArgumentError(f"ax must be matplotlib Axes or None, not {type(ax).__name__}; for one of several, axes[0]")
    else:
        colours = palette(theme or _theme_of(ax))
    dress(ax, colours)
    return ax, colours


def inches(ax: Axes) -> float:
    """How wide the Axes' place is, as far as it is known before anything is laid out."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return float(ax.get_position(original=True).width * figure.get_size_inches()[0])


def _theme_of(ax: Axes) -> str:
    figure = ax.get_figure(root=True)
    red, green, blue, alpha = to_rgba(figure.get_facecolor() if figure is not None else "white")
    return "dark" if alpha > 0.5 and 0.3 * red + 0.59 * green + 0.11 * blue < 0.5 else "light"


def dress(ax: Axes, colours: Palette) -> None:
    """Set every colour, font and line of the Axes that a style sheet of the user could have changed."""
    ax.set_facecolor(colours.background)
    ax.grid(visible=False, which="both")
    ax.grid(visible=True, which="major", color=colours.faint, linewidth=0.6, alpha=0.35, linestyle="-")
    ax.set_axisbelow(True)
    for side, spine in ax.spines.items():
        spine.set(visible=side in {"left", "bottom"}, color=colours.muted, linewidth=0.8)
    ax.tick_params(
        which="both", color=colours.muted, labelcolor=colours.text, labelsize=SIZE - 1, labelfontfamily=FONT,
        width=0.8, top=False, right=False, labeltop=False, labelright=False, direction="out",
    )  # fmt: skip


def title(ax: Axes, text: str, colours: Palette, pad: float = 7) -> None:
    """A title above the left end of the Axes."""
    ax.set_title(text, loc="left", color=colours.text, fontsize=SIZE + 1, fontfamily=FONT, fontweight="bold", pad=pad)


def label(ax: Axes, x: str, y: str, colours: Palette) -> None:
    """The labels of both axes."""
    ax.set_xlabel(x, color=colours.text, fontsize=SIZE, fontfamily=FONT)
    ax.set_ylabel(y, color=colours.text, fontsize=SIZE, fontfamily=FONT)


def words(ax: Axes, x: float, y: float, text: str, colours: Palette, **more: Any) -> Text:
    """A text in the plot, on a ground of its own so that lines do not run through it."""
    options: dict[str, Any] = {
        "color": colours.text, "fontsize": SIZE - 1, "fontfamily": FONT, "zorder": 6,
        "bbox": {"facecolor": colours.background, "edgecolor": "none", "pad": 1.2, "alpha": 0.8},
    }  # fmt: skip
    return ax.text(x, y, text, **options | more)


def legend(ax: Axes, colours: Palette, **more: Any) -> None:
    """A legend of what carries a label, without a frame; none where nothing does."""
    if ax.get_legend_handles_labels()[1] or more.get("handles"):
        options: dict[str, Any] = {
            "frameon": True, "framealpha": 0.8, "facecolor": colours.background, "edgecolor": "none",
            "labelcolor": colours.text, "prop": {"family": FONT, "size": SIZE - 1}, "fancybox": False, "borderpad": 0.2,
        }  # fmt: skip
        ax.legend(**options | more)


def say(ax: Axes, text: str, colours: Palette, below: float | None = None) -> None:
    """Write the reading under the Axes: what to see in the figure, in numbers; `reading` gives it back.

    Lines of the text stay lines, and are broken where they are wider than the place of the Axes. The size of its
    letters goes with that width, and the plot makes room where no layout does.
    """
    written = caption.Reading(ax, text, below or (34 if ax.get_xlabel() else 20), color=colours.text, fontfamily=FONT)
    written.set_gid(READING)


def sentence(text: str, name: bool = False) -> str:
    """The text with a capital, unless it begins with a symbol or a name, and a full stop."""
    first = text[:1].upper() if text[:1].isascii() and not name else text[:1]
    return first + text[1:] + ("" if text.endswith(".") else ".")


def reading(ax: Axes) -> str:
    """The sentence under a figure of this module, unbroken; empty where there is none."""
    return " ".join(text.get_text().replace("\n", " ") for text in ax.texts if text.get_gid() == READING)


def powers(axis: Axis, low: float, high: float, most: int = 9) -> None:
    """Ticks of a logarithmic axis between 10**low and 10**high: powers of ten, or 1, 2 and 5 of each where few fit.

    matplotlib's own ticks overflow near the largest floats.
    """
    step = max(1, math.ceil((high - low) / most))
    ticks = [power for power in range(math.ceil(low), math.floor(high) + 1) if power % step == 0]
    if len(ticks) >= 3:
        places = [10.0**power for power in ticks]
        names = [f"$\\mathdefault{{10^{{{power}}}}}$" for power in ticks]
        fine = [k * 10.0**power for power in range(math.ceil(low), math.floor(high)) for k in range(2, 10)]
    else:
        tens = range(math.floor(low), math.ceil(high) + 1)
        places = [k * 10.0**power for power in tens for k in (1, 2, 5) if 10**low <= k * 10.0**power <= 10**high]
        names, fine = [number(value) for value in places], []
    axis.set_major_locator(FixedLocator(places))
    axis.set_major_formatter(FixedFormatter(names))
    axis.set_minor_locator(FixedLocator(fine if step == 1 else []))
    axis.set_minor_formatter(NullFormatter())


def beside(ax: Axes, count: int, colours: Palette, gap: float = 0.2) -> list[Axes]:
    """Share the place of the Axes among ``count`` panels in a row: the Axes itself, and insets to its right.

    The insets are children of the Axes and move with it, so that the whole takes one cell of anybody's figure.
    """
    if count == 1:
        return [ax]
    caption.placed(ax).part = 1 / (count + (count - 1) * gap)
    panels = [ax, *(ax.inset_axes((place * (1 + gap), 0.0, 1.0, 1.0)) for place in range(1, count))]
    for panel in panels[1:]:
        dress(panel, colours)
    return panels


def bar(ax: Axes, mappable: Any, text: str, colours: Palette, ends: tuple[str, str] = ("", "")) -> None:
    """A colour bar to the right; ``ends`` stand before its first and last number where colours stop there."""
    figure = ax.get_figure(root=False)
    assert figure is not None
    caption.placed(ax).part = 0.86  # the rest is for the bar and its numbers; as a child of the Axes it moves with them
    drawn = figure.colorbar(mappable, cax=ax.inset_axes((1.03, 0.0, 0.045, 1.0)))
    drawn.outline.set(edgecolor=colours.muted, linewidth=0.6)
    drawn.ax.tick_params(
        which="both", color=colours.muted, labelcolor=colours.text, labelsize=SIZE - 1, labelfontfamily=FONT
    )
    drawn.set_label(text, color=colours.text, fontsize=SIZE, fontfamily=FONT)
    if any(ends):
        ticks = [tick for tick in drawn.get_ticks() if mappable.norm.vmin <= tick <= mappable.norm.vmax]
        names = [f"{tick:g}".replace("-", "−") for tick in ticks]
        drawn.set_ticks(ticks, labels=[ends[0] + names[0], *names[1:-1], ends[1] + names[-1]])


def single(colour: str) -> ListedColormap:
    """One colour for every number."""
    return ListedColormap([colour])


def diverging(theme: str) -> LinearSegmentedColormap:
    """Blue (shrinks) over grey (stays) to red (grows): the heat colours of the graphs' arrays."""
    named = themes.colours(theme)
    steps = [*(f"n{k}" for k in range(5, 0, -1)), "zero", *(f"p{k}" for k in range(1, 6))]
    return LinearSegmentedColormap.from_list(f"gad-diverging-{theme}", [named[f"--gad-heat-{step}"] for step in steps])


def sequential(theme: str) -> LinearSegmentedColormap:
    """From the background's own tone to strong vermilion; its lightness runs one way, so it reads in grey too."""
    named = themes.colours(theme)
    strong = "#5a1e00" if theme == "light" else "#ffd9bd"
    ramp = [named["--gad-adjoint-fill"], named["--gad-adjoint-line"], strong]
    return LinearSegmentedColormap.from_list(f"gad-adjoints-{theme}", ramp)


def _mix(colour: str, other: str, share: float) -> str:
    return _hex((1 - share) * np.array(to_rgba(colour)) + share * np.array(to_rgba(other)))


def _hex(colour: Sequence[float] | np.ndarray[Any, Any]) -> str:
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in colour[:3])
