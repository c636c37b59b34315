"""Lowers the display list to matplotlib, which writes PNG and PDF with its own DejaVu fonts, the same everywhere."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import metrics
from graphviz_ad.render import theme as themes
from graphviz_ad.render.display import Picture, page_of
from graphviz_ad.render.items import ARC, Box, Group, Item, Path, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 72  # to the inch; figures have one point to the pixel, so that sizes in px are sizes in points
PIXELS = 96  # to the inch, as CSS has them, for pictures that stand on a page of a size in the world
MAX_PIXELS = 2**15  # what a side of a PNG may have; Agg itself ends at 2**16
FAMILIES = {"sans": "DejaVu Sans", "mono": "DejaVu Sans Mono"}
ANCHORS: dict[str, Literal["left", "center", "right"]] = {"start": "left", "middle": "center", "end": "right"}


def to_png(picture: Picture, *, theme: str = "light", scale: float = 2.0) -> bytes:
    """Write a picture as PNG, ``scale`` image pixels to a pixel of the picture; theme "light" or "dark".

    The file has a palette of 256 colours: a picture has few, and notebooks carry a third of the bytes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image, PngImagePlugin

    if not 0 < scale <= 16:
        raise ArgumentError(f"scale must be a number above 0 and at most 16, not {scale!r}")
    page = page_of(picture)
    scale = min(scale, MAX_PIXELS / max(page.pixels))
    # A picture on a page of its own has inches; another one is as large as its pixels say.
    per_inch = (PIXELS if picture.page else POINTS) * scale
    canvas: Any = FigureCanvasAgg(_figure(picture, theme, per_inch))
    canvas.draw()
    indices, palette = _indexed(np.asarray(canvas.buffer_rgba()))
    indexed = Image.fromarray(indices)
    indexed.putpalette(palette.tobytes())
    about = PngImagePlugin.PngInfo()
    for key, text in (("Software", "graphviz_ad"), ("Title", picture.title), ("Description", picture.alt)):
        about.add_itxt(key, text)
    with io.BytesIO() as file:
        indexed.save(file, "PNG", optimize=True, pnginfo=about, dpi=(per_inch, per_inch))
        return file.getvalue()


def _indexed(pixels: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Palette indices (height, width) and palette (256, 3) of RGBA pixels.

    The commonest colours are the palette, so flat ones stay exact; only rare shades of smoothed edges move.
    """
    packed = pixels[..., 0].astype(np.int64) << 16 | pixels[..., 1].astype(np.int64) << 8 | pixels[..., 2]
    colours, where, counts = np.unique(packed, return_inverse=True, return_counts=True)
    palette = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.int32)
    common = palette[np.argsort(-counts, kind="stable")[:256]]
    nearest = np.empty(len(palette), np.uint8)
    for start in range(0, len(palette), 4096):
        apart = palette[start : start + 4096, None, :] - common[None, :, :]
        nearest[start : start + 4096] = np.argmin(np.sum(apart * apart, axis=2), axis=1)
    return nearest[where].reshape(packed.shape), common.astype(np.uint8)


def to_pdf(picture: Picture, *, theme: str = "light") -> bytes:
    """Write a picture as a PDF of one page, of its own size; theme "light" or "dark"."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    canvas: Any = FigureCanvasPdf(_figure(picture, theme, POINTS))
    about = {
        "Title": picture.title,
        "Subject": picture.alt,
        "Creator": "graphviz_ad",
        "Producer": None,
        "CreationDate": None,
    }
    with io.BytesIO() as file:
        canvas.print_pdf(file, metadata=about)
        return file.getvalue()


def _figure(picture: Picture, theme: str, dpi: float) -> Figure:
    """The whole picture as artists of a bare Figure: no pyplot, no Axes, every property given.

    Of the user's settings only those remain that matplotlib reads while it writes: the hinting of fonts, and how a PDF
    is put together (``pdf.*``).
    """
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    page = page_of(picture)
    left, top, wide, high = page.view
    inch = PIXELS if picture.page else POINTS
    width, height = (side / inch for side in page.pixels)
    unit = POINTS * width / wide  # points
    figure = Figure(
        figsize=(width, height), dpi=dpi, facecolor=themes.colours(theme)["--gad-background"],
        edgecolor="none", linewidth=0, frameon=True,
    )  # fmt: skip
    figure.patch.set(sketch_params=None, path_effects=[])
    down = Affine2D().translate(-left, -top - high).scale(width / wide, -height / high) + figure.dpi_scale_trans
    legend = () if picture.legend is None else (picture.legend,)
    for order, artist in enumerate(_artists((*picture.items, *legend), theme, unit)):
        artist.set(transform=down, zorder=order, clip_on=False, sketch_params=None, path_effects=[], snap=False)
        figure.add_artist(artist)
    return figure


def _artists(items: Iterable[Item], theme: str, unit: float) -> Iterator[Any]:
    """Artists of items; ``unit`` is the items' unit in points: what is no coordinate is measured in points."""
    for item in items:
        if isinstance(item, Group):
            yield from _artists(item.items, theme, unit)
        elif isinstance(item, Text):
            yield _text(item, theme, unit)
        else:
            yield _shape(item, theme, unit)


def _shape(item: Box | Path, theme: str, unit: float) -> Any:
    from matplotlib import rcParams
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    codes = {"M": [Outline.MOVETO], "L": [Outline.LINETO], "C": [Outline.CURVE4] * 3, "Z": [Outline.CLOSEPOLY]}
    commands = _rounded(item) if isinstance(item, Box) else item.commands
    points = [point for letter, group in commands for point in (group or ((0.0, 0.0),))]
    outline = Outline(points, [code for letter, _ in commands for code in codes[letter]])
    style = themes.style(*item.classes)
    width = unit * float(style.get("stroke-width", "1px").removesuffix("px"))
    measure = width if rcParams["lines.scale_dashes"] else 1.0  # what matplotlib measures dashes in
    pattern = [unit * float(dash) / measure for dash in style.get("stroke-dasharray", "").split()]
    return PathPatch(
        outline,
        facecolor=_colour(style.get("fill", "#000000"), theme),
        edgecolor=_colour(style.get("stroke", "none"), theme),
        linewidth=width,
        linestyle=(0, pattern) if pattern else "solid",
        capstyle=style.get("stroke-linecap", "butt"),
        joinstyle="miter",
        fill=style.get("fill") != "none",
        hatch=None,
        antialiased=True,
    )


def _colour(value: str, theme: str) -> str:
    return themes.resolve(value, theme)


def _rounded(box: Box) -> tuple[tuple[str, tuple[tuple[float, float], ...]], ...]:
    """A box's outline, clockwise from the left end of its top edge."""
    left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    r, k = box.radius, box.radius * (1 - ARC)
    return (
        ("M", ((left + r, top),)),
        ("L", ((right - r, top),)),
        ("C", ((right - k, top), (right, top + k), (right, top + r))),
        ("L", ((right, bottom - r),)),
        ("C", ((right, bottom - k), (right - k, bottom), (right - r, bottom))),
        ("L", ((left + r, bottom),)),
        ("C", ((left + k, bottom), (left, bottom - k), (left, bottom - r))),
        ("L", ((left, top + r),)),
        ("C", ((left, top + k), (left + k, top), (left + r, top))),
        ("Z", ()),
    )


def _text(item: Text, theme: str, unit: float) -> Any:
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text as Words

    style = themes.style(*item.classes)
    font = "mono" if "Mono" in style["font-family"] else "sans"
    weight = "bold" if style.get("font-weight") == "700" else "normal"
    size = unit * (item.size or float(style["font-size"].removesuffix("px")))
    return Words(
        item.x,
        item.y,
        "".join(char if metrics.covered(char, font) else metrics.REPLACEMENT for char in item.text),
        color=_colour(style.get("fill", "#000000"), theme),
        fontproperties=FontProperties(
            family=FAMILIES[font],
            style="italic" if style.get("font-style") == "italic" else "normal",
            variant="normal",
            weight=weight,
            stretch="normal",
            size=size,
        ),
        horizontalalignment=ANCHORS[style.get("text-anchor", "start")],
        verticalalignment="baseline",
        rotation=0,
        usetex=False,
        parse_math=False,
        wrap=False,
        antialiased=True,
    )
