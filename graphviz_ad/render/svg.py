"""Lowers the display list to SVG, for figures that stand alone and for the explorer's page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import metrics
from graphviz_ad.render import theme as themes
from graphviz_ad.render.display import Picture, page_of
from graphviz_ad.render.items import Box, Item, Path, Text

_CLASS = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_SPECIAL = re.compile(r'[^ -~]|["&<>]')

THEMES = ("auto", "light", "dark", "page")


def to_svg(
    picture: Picture,
    *,
    theme: str = "auto",
    prefix: str | None = None,
    motion: Callable[[str], str] | None = None,
) -> str:
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
    motion
        Given that class, more style: the CSS by which the figure moves. Not for theme "page".
    """
    if theme not in THEMES:
        allowed = ", ".join(repr(known) for known in THEMES)
        raise ArgumentError(f"unknown theme: {theme!r} (must be one of {allowed})")
    if prefix is not None and not _CLASS.fullmatch(prefix):
        raise ArgumentError(f"prefix must be a class name (letters, digits, - and _, a letter first), not {prefix!r}")
    static = theme != "page"
    items: tuple[Item, ...] = picture.items
    page = page_of(picture, static)
    if static:
        if picture.legend is not None:
            items += (picture.legend,)
        items = (Box(("gad-background",), *page.view), *items)
    out: list[str] = []
    classes, at = _Classes(), _Numbers()
    _lower(items, out, classes, at)
    body = "".join(out)
    moves = motion("") if motion is not None else ""
    scope = prefix or "gad-" + hashlib.sha256(f"{theme} {body}{moves}".encode()).hexdigest()[:8]
    view = " ".join([at[side] for side in page.view])
    style = ""
    if static:
        used = {word for group in classes for word in group}
        style = themes.stylesheet(theme, f".{scope}", used) + _sizes(used, scope)
        style += motion(scope) if motion is not None else ""
        style = f"<style>{style}</style>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gad-picture {_attribute(scope)}" '
        f'viewBox="{view}" width="{page.width}" height="{page.height}" role="img" '
        f'data-engine="{_attribute(picture.engine)}">'
        f"<title>{_escape(picture.title)}</title><desc>{_escape(picture.alt)}</desc>{style}{body}</svg>\n"
    )


class _Numbers(dict[float, str]):
    """Coordinates as text, to a tenth of a pixel; a picture repeats most of them."""

    def __missing__(self, value: float) -> str:
        rounded = round(value * 10)
        text = self[value] = str(rounded // 10) if rounded % 10 == 0 else f"{rounded / 10:.1f}"
        return text


class _Classes(dict[tuple[str, ...], str]):
    """Classes as an attribute; its keys are those that the picture uses."""

    def __missing__(self, classes: tuple[str, ...]) -> str:
        text = self[classes] = f' class="{" ".join(classes)}"'
        return text


_SIZE = "gad-size-"


def _size_class(size: str) -> str:
    """The class of a font size: no style attribute, since a page that allows no inline style would ignore it."""
    return _SIZE + size.replace(".", "-")


def _sizes(used: set[str], scope: str) -> str:
    """Rules for the sizes that a figure uses; those of the explorer's page are in its stylesheet."""
    sizes = sorted(name.removeprefix(_SIZE) for name in used if name.startswith(_SIZE))
    return "".join(f".{scope} .{_SIZE}{size}{{font-size:{size.replace('-', '.')}px}}" for size in sizes)


def _lower(items: Iterable[Item], out: list[str], classes: _Classes, at: _Numbers) -> None:
    """Append the items' text to ``out``. This runs for every part of every node: it is written to be fast."""
    for item in items:
        if isinstance(item, Box):
            radius = f' rx="{at[item.radius]}"' if item.radius else ""
            out.append(
                f'<rect{classes[item.classes]} x="{at[item.x]}" y="{at[item.y]}" width="{at[item.width]}" '
                f'height="{at[item.height]}"{radius}/>'
            )
        elif isinstance(item, Text):
            names = (*item.classes, _size_class(at[item.size])) if item.size else item.classes
            length = f' textLength="{at[item.length]}" lengthAdjust="spacingAndGlyphs"' if item.length else ""
            out.append(f'<text{classes[names]} x="{at[item.x]}" y="{at[item.y]}"{length}>{_escape(item.text)}</text>')
        elif isinstance(item, Path):
            out.append(f'<path{classes[item.classes]} d="{_data(item, at)}"/>')
        else:
            hooks = "".join([f' {name}="{value}"' for name, value in item.hooks])
            if hooks and _SPECIAL.search("".join([value for _, value in item.hooks])):
                hooks = "".join([f' {name}="{_attribute(value)}"' for name, value in item.hooks])
            title = f"<title>{_escape(item.title)}</title>" if item.title else ""
            out.append(f"<g{classes[item.classes]}{hooks}>{title}")
            _lower(item.items, out, classes, at)
            out.append("</g>")


def _data(path: Path, at: _Numbers) -> str:
    """The commands as text; level and upright lines as H and V, also where a curve happens to be level."""
    words = []
    last_x = last_y = ""
    for letter, group in path.commands:
        if letter == "C":
            (one, two, three) = group
            x, y, high, low = at[three[0]], at[three[1]], at[one[1]], at[two[1]]
            if high == low == y == last_y:
                words.append(f"H{x}")
            else:
                words.append(f"C{at[one[0]]} {high} {at[two[0]]} {low} {x} {y}")
        elif group:
            x, y = at[group[0][0]], at[group[0][1]]
            if letter == "L" and y == last_y:
                words.append(f"H{x}")
            elif letter == "L" and x == last_x:
                words.append(f"V{y}")
            else:
                words.append(f"{letter}{x} {y}")
        else:
            words.append(letter)
            continue
        last_x, last_y = x, y
    return "".join(words)


def _escape(text: str) -> str:
    if "&" in text or "<" in text or ">" in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def _attribute(text: str) -> str:
    """An attribute's value, exact but for what XML cannot hold: those characters become U+FFFD."""
    legal = text
    if not (text.isascii() and text.isprintable()):
        legal = "".join(char if metrics.legal_in_xml(char) else metrics.REPLACEMENT for char in text)
    return _escape(legal).replace('"', "&quot;").replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")
