"""Lowers the display list to SVG, for figures that stand alone and for the explorer's page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import metrics
from graphviz_ad.render import theme as themes
from graphviz_ad.render.display import Picture
from graphviz_ad.render.items import Box, Group, Item, Path, Text, parts

_CLASS = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

THEMES = ("auto", "light", "dark", "page")


def to_svg(picture: Picture, *, theme: str = "auto", prefix: str | None = None) -> str:
    """Write a picture as SVG.

    Parameters
    ----------
    picture
        What to draw.
    theme
        "light", "dark", or "auto": light, and dark where the viewer prefers it. "page" leaves colours, background and
        legend to the page around it.
    prefix
        The class that keeps the figure's style to itself; "gad-" and a hash of the content when None.
    """
    if theme not in THEMES:
        allowed = ", ".join(repr(known) for known in THEMES)
        raise ArgumentError(f"unknown theme: {theme!r} (must be one of {allowed})")
    if prefix is not None and not _CLASS.fullmatch(prefix):
        raise ArgumentError(f"prefix must be a class name (letters, digits, - and _, a letter first), not {prefix!r}")
    static = theme != "page"
    items: tuple[Item, ...] = picture.items
    width, height = picture.width, picture.height
    if static:
        if picture.legend is not None:
            items += (picture.legend,)
            width, height = max(width, picture.legend_width), height + picture.legend_height
        items = (Box(("gad-background",), 0, 0, width, height), *items)
    body = "".join(_lower(items))
    scope = prefix or "gad-" + hashlib.sha256(f"{theme} {body}".encode()).hexdigest()[:8]
    style = _style(items, theme, scope) if static else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gad-picture {_attribute(scope)}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'data-engine="{_attribute(picture.engine)}">'
        f"<title>{_escape(picture.title)}</title><desc>{_escape(picture.alt)}</desc>{style}{body}</svg>\n"
    )


def _style(items: Iterable[Item], name: str, scope: str) -> str:
    used = {word for item in parts(items) for word in item.classes}
    return f"<style>{themes.stylesheet(name, '.' + scope, used)}</style>"


def _lower(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        classes = f'class="{" ".join(item.classes)}"'
        if isinstance(item, Group):
            hooks = "".join(f' {name}="{_attribute(value)}"' for name, value in item.hooks)
            title = f"<title>{_escape(item.title)}</title>" if item.title else ""
            yield f"<g {classes}{hooks}>{title}{''.join(_lower(item.items))}</g>"
        elif isinstance(item, Box):
            radius = f' rx="{_number(item.radius)}"' if item.radius else ""
            yield (
                f'<rect {classes} x="{_number(item.x)}" y="{_number(item.y)}" width="{_number(item.width)}" '
                f'height="{_number(item.height)}"{radius}/>'
            )
        elif isinstance(item, Path):
            yield f'<path {classes} d="{_data(item)}"/>'
        else:
            yield _text(item, classes)


def _text(item: Text, classes: str) -> str:
    size = f' style="font-size:{_number(item.size)}px"' if item.size else ""
    length = ""
    if item.length:
        length = f' textLength="{_number(item.length)}" lengthAdjust="spacingAndGlyphs"'
    return f'<text {classes} x="{_number(item.x)}" y="{_number(item.y)}"{size}{length}>{_escape(item.text)}</text>'


def _data(path: Path) -> str:
    return "".join(
        letter + " ".join(f"{_number(x)} {_number(y)}" for x, y in points) for letter, points in path.commands
    )


def _number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    rounded = round(value * 10)
    return str(rounded // 10) if rounded % 10 == 0 else f"{rounded / 10:.1f}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    """An attribute's value, exact but for what XML cannot hold: those characters become U+FFFD."""
    legal = "".join(char if metrics.legal_in_xml(char) else metrics.REPLACEMENT for char in text)
    return _escape(legal).replace('"', "&quot;").replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")
