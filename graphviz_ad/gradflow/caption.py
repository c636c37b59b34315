"""The reading under a plot: broken to the width of its place, with room made for it where nothing else does."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox, IdentityTransform

from graphviz_ad.render import metrics

SIZE, SMALLEST = 9.0, 6.0  # points
NARROWEST = 8.0  # letters' sizes: what a line has at least
SLACK = 1.03  # what rounding to pixels may add to a line
SPACING = 1.35
WIDE = 250.0  # points: a place that is narrower gets smaller letters
CLEAR = 15.0  # points between a reading and the title of what lies below, where no layout keeps them apart
MOST = 0.75  # of a place's height that its reading may take from the plot


class Reading(Annotation):
    """Text below Axes that is broken anew for every width that they get, by a layout or by a hand."""

    def __init__(self, ax: Axes, text: str, below: float, **look: Any) -> None:
        self._said, self._place = text.splitlines(), placed(ax)
        super().__init__(
            "", xy=(0, 0), xycoords=ax.transAxes, xytext=(0, -below), textcoords="offset points", va="top", ha="left",
            linespacing=SPACING, annotation_clip=False, clip_on=False, fontsize=SIZE, **look,
        )  # fmt: skip
        self.set_transform(IdentityTransform())  # until it is placed; in data coordinates a layout would overlook it
        ax.add_artist(self)
        self._place.reading = self
        self.fit()

    def fit(self) -> float:
        """Break the lines for the present width; the height that they take, in points."""
        width = self._place.points()[0]
        size = min(SIZE, max(SMALLEST, SIZE * width / WIDE))
        lines = [part for line in self._said for part in _broken(line, max(width / size, NARROWEST))]
        text = "\n".join(lines)
        if text != self.get_text() or size != self.get_fontsize():  # else a drawing would ask for another one
            self.set_text(text)
            self.set_fontsize(size)
        return float(len(lines) * size * SPACING)

    def draw(self, renderer: Any) -> None:
        """As any text; fitted first."""
        self.fit()
        super().draw(renderer)

    def get_window_extent(self, renderer: Any = None) -> Bbox:  # type: ignore[override]  # as Annotation has it
        """As any text's; fitted first, so that a layout engine makes room for the lines that will be drawn."""
        self.fit()
        return super().get_window_extent(renderer)


def _broken(line: str, room: float) -> list[str]:
    """The line as lines that are no wider than so many font sizes, but for single words."""
    lines: list[str] = []
    for word in line.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and SLACK * metrics.width(longer, "sans", 1) > room * metrics.UNITS:
            lines.append(word)
        else:
            lines[-1:] = [longer]
    return lines


class Place:
    """Puts Axes into a part of the place that they were given, and above their reading.

    A class, so that figures can be pickled. A constrained layout makes room for the reading by itself; without one
    the room comes out of the Axes' own place, so that the reading does not run into what lies below.
    """

    def __init__(self, ax: Axes) -> None:
        self._ax: Any = ax
        self._before: Any = ax.get_axes_locator()
        self._box = ax.get_position(original=True)  # as parts of the figure; the last one that was given
        self.part = 1.0
        self.reading: Reading | None = None

    def points(self) -> tuple[float, float]:
        """Width and height of the whole place, that of all panels, in points."""
        # not by the Axes' own box, which is that of the drawing before, nor by the figure's, which cropping changes
        box = self._box.transformed(self._ax.get_figure(root=False).transSubfigure)
        dpi = self._ax.get_figure(root=True).dpi
        return 72 * box.width / dpi, 72 * box.height / dpi

    def get_subplotspec(self) -> Any:
        """The cell of a grid that the Axes are in, as a tight layout asks for it."""
        return self._ax.get_subplotspec()

    def __call__(self, ax: Any, renderer: Any) -> Any:
        """The Axes' own box, as parts of the figure; matplotlib asks for it before it draws."""
        box = ax.get_position(original=True) if self._before is None else self._before(ax, renderer)
        self._box, room = box, 0.0
        if self.reading is not None and not _constrained(ax.get_figure(root=True)):
            room = min((self.reading.fit() + CLEAR) / self.points()[1], MOST) * box.height
        return Bbox.from_bounds(box.x0, box.y0 + room, box.width * self.part, box.height - room)


def _constrained(figure: Any) -> bool:
    """Whether a constrained layout placed the Axes; while a figure is saved, a stand-in tells of it by this alone."""
    engine = figure.get_layout_engine()
    return engine is not None and not engine.colorbar_gridspec


def placed(ax: Axes) -> Place:
    """What puts the Axes into their place; made where they have none of ours."""
    found = ax.get_axes_locator()
    if not isinstance(found, Place):
        found = Place(ax)
        ax.set_axes_locator(found)
    return found
