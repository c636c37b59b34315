"""Pictures of a given width: for a column or a page of a paper, for a slide, or any length; with texts one can read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import legend
from graphviz_ad.render.compact import TIGHT, Compact, scaled, smallest
from graphviz_ad.render.display import Full, Hand, Page, Picture, Plan, plan
from graphviz_ad.render.items import Group
from graphviz_ad.render.layout import Layout
from graphviz_ad.render.wrap import wraps
from graphviz_ad.story.scene import Scene

INCH = 96.0  # CSS px
UNITS = {"px": 1.0, "pt": INCH / 72, "mm": INCH / 25.4, "cm": INCH / 2.54, "in": INCH}
POINT = UNITS["pt"]

NARROWEST, WIDEST = 96.0, 9600.0  # px: what a figure's width may be
TALLEST = 9 * INCH  # what a paper's page has room for

CALM = 0.9  # what a picture keeps of its worth for every line that leads from one band to another

_LENGTH = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([a-z]+)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Format:
    """What a figure has to fit into, in CSS px."""

    said: str  # as the user said it, for messages
    unit: str  # in which SVG says its size
    width: float
    height: float | None  # None: as high as the picture needs, up to ``tallest``
    tallest: float
    least: float  # no text is smaller ...
    good: float  # ... and none needs to be, where it can have this size
    largest: float  # what the smallest text may grow to where there is room


def _paper(said: str, unit: str, width: float) -> Format:
    return Format(said, unit, width, None, max(TALLEST, width), 6 * POINT, 7 * POINT, 8 * POINT)


PRESETS = {
    "column": _paper("column", "in", 3.5 * INCH),
    "page": _paper("page", "in", 7 * INCH),
    "slide": Format("slide", "px", 1280, 720, 720, 18.01 * POINT, 18.01 * POINT, 24 * POINT),
}


def format_of(width: float | str) -> Format:
    """What ``width`` asks for: a number of px, a length such as "85mm", or a preset.

    Raises
    ------
    ArgumentError
        It is none of these, or no figure can be so narrow or so wide.

    Examples
    --------
    >>> format_of("slide").height, format_of("1in").width, format_of(300).width
    (720, 96.0, 300.0)
    """
    said, unit = width, "px"
    if isinstance(width, str):
        if width in PRESETS:
            return PRESETS[width]
        match = _LENGTH.fullmatch(width)
        unit = match[2].lower() if match else ""
        if not match or unit not in UNITS:
            raise _unknown(width)
        px = float(match[1]) * UNITS[unit]
    elif isinstance(width, bool):
        raise _unknown(width)
    else:
        try:
            px = float(width)
        except (TypeError, ValueError):
            raise _unknown(width) from None
        said = f"{px:g}px"
    if not NARROWEST <= px <= WIDEST:  # also false for nan
        raise ArgumentError(
            f"width must lie between {NARROWEST:g} and {WIDEST:g} px (1 inch and 100 inches), not {width!r}"
        )
    return _paper(str(said).strip(), unit, px)


def _unknown(width: object) -> ArgumentError:
    return ArgumentError(
        f"unknown width: {width!r} (must be a number of px, a length such as '85mm', '3.5in', '252pt', '12cm' or "
        f"'600px', or one of {list(PRESETS)})"
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """One way to draw a scene at a width: how large its smallest text would be (px), and how good that is."""

    plan: Plan
    layout: Layout
    legend: Group | None  # in px
    below: float  # its height
    scale: float  # px to a unit
    text: float
    worth: tuple[float, ...]


def fitted(scene: Scene, width: float | str, *, direction: str | None = None, engine: str = "auto") -> Picture:
    """Draw a scene so that it fits a width, with the largest text that is possible.

    The picture may be wrapped into bands, and where the forms that the explorer shows would be too small, nodes are
    drawn in a more compact form.

    Parameters
    ----------
    scene
        What to draw.
    width
        See `format_of`.
    direction
        Where the values flow; None: from left to right or from top to bottom, whatever suits.
    engine
        The layout engine; what `dot` has laid out is not always wrapped.

    Raises
    ------
    ArgumentError
        The text would be too small to read.
    """
    target = format_of(width)
    best: _Choice | None = None
    for hand, shown, bonus in _hands(scene):
        if best is not None and bonus == 1.0 and best.text >= (target.good if shown == scene else target.least):
            break
        for way in ("LR", "TB") if direction is None else (direction,):
            made = plan(shown, direction=way, engine=engine, hand=hand)
            for choice in _choices(made, target, bonus):
                if best is None or choice.worth > best.worth:
                    best = choice
    if best is None or best.text < target.least:
        raise _too_small(scene, target, 0.0 if best is None else best.text)
    return _placed(best, target)


def _hands(scene: Scene) -> Iterator[tuple[Hand, Scene, float]]:
    """Ways of drawing, the later ones only where those before are too large, and what each is worth beside others."""
    yield Full(), scene, 1.2
    yield Compact(scene), scene, 1.1
    yield Compact(scene, TIGHT), scene, 1.0
    plain = _without_cells(scene)
    if plain != scene:
        yield Compact(plain), plain, 1.0
        yield Compact(plain, TIGHT), plain, 1.0


def _without_cells(scene: Scene) -> Scene:
    """The scene with its numbers alone, without heat maps and masks."""
    return replace(
        scene,
        nodes=tuple(replace(node, value_cells=None, adjoint_cells=None, tangent_cells=None) for node in scene.nodes),
        edges=tuple(replace(edge, mask=None) for edge in scene.edges),
        scales=(),
    )


def _choices(made: Plan, target: Format, bonus: float) -> Iterator[_Choice]:
    """A plan in one band, in two, and so on, each at the largest scale that fits."""
    grain = made.hand.grain
    unit = smallest(made.picture().items)
    for lines, layout in wraps(made.layout, made.sizes, made.ends, made.labels, made.direction):
        width, height = layout.width / grain, layout.height / grain
        for key, below in _legends(made.scene, target):
            scale = min(target.width / width, (target.tallest - below) / height, target.largest / unit)
            text = scale * unit
            # Among texts that are good enough, a paper wants the low picture; a slide, the large text. Every line from
            # one band to another costs something. What is equal but for rounding is equal.
            worth = bonus * text * CALM**lines / (1.0 if target.height else (scale * height + below) ** 0.7)
            yield _Choice(
                made, layout, key, below, scale, text,
                (min(text, target.least), min(text, target.good), key is not None, round(math.log(worth), 3)),
            )  # fmt: skip


def _legends(scene: Scene, target: Format) -> Iterator[tuple[Group | None, float]]:
    """The legend in px, with its height; and a picture without one, where the height is given or it is too wide."""
    whole, _, _ = legend.draw(scene, 1, 0, 1)
    if whole is None:
        yield None, 0.0
        return
    factor = 1.01 * target.good / smallest([whole])  # sizes are written to a tenth
    group, width, height = legend.draw(scene, int(target.width / factor), 0, 1)
    if group is not None and width * factor <= target.width + 1:
        yield scaled(group, factor, (target.width - width * factor) / 2, 0), height * factor
        if target.height is None:
            return
    yield None, 0.0


def _placed(choice: _Choice, target: Format) -> Picture:
    """The picture in the middle of its page, the legend at the bottom."""
    scale, drawn = choice.scale, choice.plan.picture(choice.layout)
    key, below = choice.legend, choice.below
    height = target.height or scale * drawn.height + below
    view_width, view_height = target.width / scale, height / scale
    left = (drawn.width - view_width) / 2
    top = (drawn.height - (height - below) / scale) / 2
    if key is not None:
        key = scaled(key, 1 / scale, left, top + view_height - below / scale)
    unit = UNITS[target.unit]
    return replace(
        drawn,
        legend=key,
        legend_width=0,
        legend_height=0,
        page=Page(
            _said(target.width / unit, target.unit), _said(height / unit, target.unit), (target.width, height),
            (left, top, view_width, view_height),
        ),
    )  # fmt: skip


def _said(length: float, unit: str) -> str:
    """A length as SVG says it."""
    shown = f"{length:.3f}".rstrip("0").rstrip(".")
    return shown if unit == "px" else shown + unit


def _too_small(scene: Scene, target: Format, text: float) -> ArgumentError:
    """What the text would be, and what can be done."""
    wider = {"column": ["width='page'"], "page": [], "slide": []}.get(target.said, ["a larger width"])
    fold = ["draw groups as one node with fold='all'"] if scene.frames else []  # else all of them are folded already
    ways = ["trace a smaller piece of the function", *fold, "fewer digits with a smaller precision", *wider]
    size, least = math.floor(10 * text / POINT) / 10, round(target.least / POINT)
    return ArgumentError(
        f"the picture of {len(scene.nodes)} nodes does not fit width={target.said!r} with text that can be read: its "
        f"smallest text would have {size} pt, and {least} pt is the least. Show less: {', '.join(ways)}"
    )
