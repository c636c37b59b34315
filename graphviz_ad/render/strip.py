"""Puts several steps of a story side by side, numbered, each with its sentence: one display list, laid out once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import caption, fit, legend
from graphviz_ad.render.compact import scaled, smallest
from graphviz_ad.render.display import Page, Picture
from graphviz_ad.render.items import Box, Group, Item, Text, moved, parts
from graphviz_ad.render.presets import INCH, UNITS, Format, _without_cells, fitted, format_of
from graphviz_ad.render.reveal import at_step
from graphviz_ad.story.scene import Scene
from graphviz_ad.story.state import State, resolve_step, state_at

LEAST = 340  # a frame is at least this wide, so that its sentence can be read
GAP = 16  # between frames, and around them
HEADER = 30
MOST_LINES = 6
WORDS = 0.85  # px to a px of the stylesheet: the size of sentences in a strip of a given width
NARROWEST = 150  # in a narrower frame no sentence can be read
MOST_COLUMNS = 4  # of a strip of a given width
_CELLS = ("gad-heat", "gad-mask")
SHAPE = 1.5  # width by height of a strip whose columns are chosen here


def film_strip(
    picture: Picture, scene: Scene, steps: Iterable[int] | None = None, columns: int | None = None
) -> Picture:
    """The story as numbered frames, in the picture's natural size.

    Parameters
    ----------
    picture
        The complete display list of the scene.
    scene
        Its steps are shown.
    steps
        Which, as for `graphviz_ad.render.reveal.at_step`, in any order; None: those that matter most.
    columns
        How many frames stand side by side; None: as many as make a handy shape.

    Raises
    ------
    ArgumentError
        There is no such step, or no step at all; or columns is no whole number above 0.
    """
    shots = _shots(steps, scene)
    frame = _Frame(picture, scene, shots, max(picture.width, LEAST))
    across = _handy(len(shots), frame.width, frame.height) if columns is None else _positive(columns)
    return frame.strip(min(across, len(shots)))


def fitted_strip(
    scene: Scene,
    width: float | str,
    steps: Iterable[int] | None = None,
    columns: int | None = None,
    *,
    direction: str | None = None,
    engine: str = "auto",
) -> Picture:
    """The story as numbered frames that are together as wide as ``width`` says, drawn so that they can be read.

    Parameters
    ----------
    scene
        Its steps are shown.
    width, direction, engine
        As for `graphviz_ad.render.presets.fitted`; a slide has no room for several pictures.
    steps
        As for `film_strip`; None: those that matter most, and fewer of them where that many would be too high.
    columns
        How many frames stand side by side; None: as many as make the lowest strip of good texts.

    Raises
    ------
    ArgumentError
        As `film_strip`; or the strip does not fit.
    """
    target = format_of(width)
    if target.height is not None:
        raise ArgumentError(
            f"a film strip has no width={target.said!r}: in several frames no text would be large enough for it. Save "
            f"one picture for each step: graph.save(..., step=k, width={target.said!r})."
        )
    across = None if columns is None else _positive(columns)
    strip = _lowest(scene, target, _shots(steps, scene), across, direction, engine)
    if steps is None and _height(strip) > target.tallest:
        strip = _lowest(scene, target, _shots(sorted({*_turns(scene)}), scene), across, direction, engine)
    if _height(strip) > target.tallest:
        raise ArgumentError(
            f"a film strip of {len(strip.items)} frames with width={target.said!r} would be "
            f"{_height(strip) / INCH:.1f} inches high, and {target.tallest / INCH:.3g} are the most: choose fewer "
            "steps, such as steps=[0, -1], or a larger width; or save single pictures: graph.save(..., step=k)."
        )
    return strip


def _lowest(
    scene: Scene, target: Format, shots: Sequence[State], columns: int | None, direction: str | None, engine: str
) -> Picture:
    """Of all strips of a width that are not too high, one with texts as large as is good; of these the lowest."""
    best: tuple[tuple[float, ...], Picture] | None = None
    problem: ArgumentError | None = None
    most = min(len(shots), MOST_COLUMNS if columns is None else columns)
    for across in range(1 if columns is None else most, most + 1):
        room = int((target.width / WORDS - GAP) / across) - GAP
        if room < NARROWEST:
            problem = problem or ArgumentError(
                f"{across} frame{'s' if across > 1 else ''} side by side in width={target.said!r} would be too narrow "
                f"for any sentence: write {'fewer columns or ' if across > 1 else ''}a larger width."
            )
            break
        try:
            picture = fitted(scene, room * WORDS, direction=direction, engine=engine)
        except ArgumentError as error:
            problem = problem or ArgumentError(f"in a film strip with width={target.said!r}, {error}")
            continue
        assert picture.page is not None
        scale = room / picture.page.view[2]
        strip = _Frame(picture, scene, shots, room, scale).strip(across, target)
        text, height = min(WORDS * scale * smallest(picture.items), target.good), _height(strip)
        worth = height <= target.tallest, round(text, 1), -height
        if best is None or worth > best[0]:
            best = worth, strip
    if best is None:
        assert problem is not None
        raise problem
    return best[1]


def _height(strip: Picture) -> float:
    """Of a strip on its page, in px."""
    assert strip.page is not None
    return strip.page.pixels[1]


@dataclass(frozen=True)
class _Frame:
    """What all frames of a strip have in common. Sizes are those of words; ``scale`` of them are a picture's unit."""

    picture: Picture
    scene: Scene
    shots: Sequence[State]
    width: int
    scale: float = 1.0

    @cached_property
    def sentences(self) -> list[list[str]]:
        """What is said of each step, in lines."""
        room = self.width - 2 * caption.MARGIN
        return [caption.lines(shot.narration, room, MOST_LINES) for shot in self.shots]

    @property
    def below(self) -> int:
        """Where the picture ends."""
        return HEADER - int(-self.scale * self.picture.height // 1)

    @cached_property
    def height(self) -> int:
        """With the line above the picture and the longest sentence below it."""
        return self.below + caption.LINE * max(len(sentence) for sentence in self.sentences) + 8

    def strip(self, across: int, target: Format | None = None) -> Picture:
        """All frames, in rows of so many, and the legend below them; the sizes of a page are those of its format."""
        picture, scene = self.picture, self.scene
        rows = -(-len(self.shots) // across)
        width, height = GAP + across * (self.width + GAP), GAP + rows * (self.height + GAP)
        frames = tuple(
            self.drawn(place, GAP + place % across * (self.width + GAP), GAP + place // across * (self.height + GAP))
            for place in range(len(self.shots))
        )
        if not any(name.startswith(_CELLS) for item in parts(picture.items) for name in item.classes):
            scene = _without_cells(scene)  # the picture had no room for them
        key, key_width, key_height = legend.draw(scene, width - GAP, height, legend.LEAST if target is None else 1)
        told = " ".join(f"{place}. Step {shot.step}: {shot.narration}" for place, shot in enumerate(self.shots, 1))
        made = replace(
            picture,
            alt=f"{fit.title(scene.title)} in {len(self.shots)} frames. {told}",
            width=width,
            height=height,
            items=frames,
            legend=key,
            legend_width=key_width,
            legend_height=key_height,
        )
        return made if target is None else self.on_page(made, target)

    def drawn(self, place: int, left: int, top: int) -> Group:
        """One frame."""
        shot, picture = self.shots[place], self.picture
        still = at_step(picture, self.scene, shot.step)
        free = (self.width - self.scale * picture.width) // 2
        shown = [moved(item, (left + free) / self.scale, (top + HEADER) / self.scale) for item in still.items]
        edge = Box(("gad-film",), left, top, self.width, self.height, 8)
        words = caption.draw(self.sentences[place], left + caption.MARGIN, top + self.below + caption.LINE - 6)
        head = _head(place + 1, shot, self.scene, left, top)
        first, last = self.sized((edge, *head)), self.sized(tuple(words))
        return Group(("gad-shot",), (*first, *shown, *last), (("data-step", str(shot.step)),))

    def sized(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """What is drawn in the sizes of words, in the picture's units."""
        return items if self.scale == 1 else scaled(Group((), items), 1 / self.scale, 0, 0).items

    def on_page(self, strip: Picture, target: Format) -> Picture:
        """The strip as wide as it is to be."""
        wide, high = target.width / WORDS, float(strip.height + (strip.legend_height if strip.legend else 0))
        unit, pixels = UNITS[target.unit], (target.width, high * WORDS)
        name = "" if target.unit == "px" else target.unit
        view = (strip.width - wide) / 2 / self.scale, 0.0, wide / self.scale, high / self.scale
        return replace(
            strip,
            legend=strip.legend and scaled(strip.legend, 1 / self.scale, 0, 0),
            page=Page(f"{pixels[0] / unit:.6g}{name}", f"{pixels[1] / unit:.6g}{name}", pixels, view),
        )


def notable(scene: Scene) -> list[int]:
    """The steps to show where none are asked for: start, end, each turn of the story, and the first fork.

    At most six. A fork is where a node waits for a second contribution; without one, halfway stands for it.
    """
    first, turn, last = _turns(scene)
    found = {first, turn, last}
    if turn < last:
        found.add(turn + 1)  # where the sweep starts
        summed = {step.edge for step in scene.steps if step.kind == "sum"}
        adding = [
            (place, step)
            for place, step in enumerate(scene.steps[turn:], turn + 1)
            if step.edge is not None and (step.kind != "contribution" or step.edge not in summed)
        ]
        waiting = next((step.node for _, step in adding if not step.complete), None)
        arrivals = [place for place, step in adding if step.node == waiting]
        found |= {arrivals[0], arrivals[-1]} if arrivals else {(turn + 1 + last) // 2}
    else:
        found.add(last // 2)
    return sorted(found)


def _turns(scene: Scene) -> tuple[int, int, int]:
    """Nothing but what is given; all values; complete."""
    last = len(scene.steps)
    return 0, next((place for place, step in enumerate(scene.steps) if step.kind != "value"), last), last


def _shots(steps: Iterable[int] | None, scene: Scene) -> list[State]:
    """The states to show."""
    asked: Any = steps
    if asked is None:
        asked = notable(scene)
    elif isinstance(asked, str) or not isinstance(asked, Iterable):
        raise ArgumentError(f"steps must be a list of whole numbers such as [0, 5, -1], not {asked!r}")
    chosen = [resolve_step(scene, step) for step in asked]
    if not chosen:
        raise ArgumentError("steps is empty: write at least one, or leave it out for the steps that matter most.")
    return [state_at(scene, step) for step in chosen]


def _positive(columns: int) -> int:
    asked: Any = columns
    if isinstance(asked, bool) or not isinstance(asked, int) or asked < 1:
        raise ArgumentError(f"columns must be a whole number above 0, not {columns!r}")
    return columns


def _handy(frames: int, width: int, height: int) -> int:
    """The number of columns with which a strip comes closest to its shape; of two that do, the one with fewer gaps."""

    def badness(across: int) -> tuple[float, int]:
        rows = -(-frames // across)
        shape = across * width / (rows * height * SHAPE)
        return round(max(shape, 1 / shape) * (1 + (rows * across - frames) / frames), 3), across

    return min(range(1, frames + 1), key=badness)


def _head(number: int, shot: State, scene: Scene, left: int, top: int) -> Iterator[Item]:
    """The frame's number, and where in the story it is."""
    figure = str(number)
    yield Text(("gad-caption-number",), left + caption.MARGIN, top + 21, figure)
    beside = left + caption.MARGIN + fit.measure(figure, "bold", "gad-caption-number") + 9
    phase = "complete" if shot.phase == "done" else shot.phase
    yield Text(("gad-caption-step",), beside, top + 21, f"step {shot.step} of {len(scene.steps)}, {phase}")
