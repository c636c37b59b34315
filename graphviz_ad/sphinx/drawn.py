"""Makes of what a snippet ends with what a document shows: picture, page and words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.graph import Graph, alt_text

PICTURES = (".svg", ".png", ".pdf")
TEXTS = {".txt": "none", ".md": "markdown", ".tex": "latex", ".dot": "dot", ".json": "json"}
"""The other forms in which a graph is saved, and the languages of their blocks."""
_SIZE = re.compile(r'<svg[^>]*?\bwidth="([\d.]+)(?:pt|px)?"[^>]*?\bheight="([\d.]+)(?:pt|px)?"')
_DESCRIPTION = re.compile(r"<desc>(.*?)</desc>", re.DOTALL)
WHAT = "a graph, an explorer, an exercise, a panel, a matplotlib figure, or the path of a file that it has saved"


@dataclass(frozen=True)
class Drawn:
    """What a document shows: any of a picture, a page and a text; and the picture in words."""

    svg: str = ""
    png: bytes = b""
    pdf: bytes = b""
    page: str = ""
    text: str = ""
    language: str = "none"
    alt: str = ""

    @property
    def size(self) -> tuple[float, float] | None:
        """Width and height of the picture in px, where it is an SVG that says so."""
        found = _SIZE.search(self.svg)
        return (float(found[1]), float(found[2])) if found else None


def drawn(value: Any, folder: Path, *, page: bool, paper: bool = True, options: dict[str, Any]) -> Drawn:
    """Draw what a snippet ends with.

    Parameters
    ----------
    value
        A graph; whatever has a ``save`` as graphs have it; a figure or axes of matplotlib; a path.
    folder
        Where files may be written.
    page, paper
        Whether the page that plays without Python is wanted, and whether the picture as PDF is.
    options
        Those of `Graph.save`; for graphs alone.

    Raises
    ------
    ArgumentError
        It is nothing of the kind, or cannot be drawn like that.
    """
    if options and not isinstance(value, Graph):
        raise ArgumentError(
            f"the option :{next(iter(options))}: is for a snippet that ends with a graph, and this one ends with "
            f"{_called(value)}; write it as an argument in the snippet"
        )
    if isinstance(value, Path):
        return _from_file(value)
    figure = getattr(value, "figure", value)  # axes know theirs
    if callable(getattr(figure, "savefig", None)):
        return _plotted(figure, folder)
    if not callable(getattr(value, "save", None)):
        raise ArgumentError(f"the snippet ends with {_called(value)}; it must end with {WHAT}")
    found: dict[str, bytes] = {}
    still = paper and not options.get("animate")
    for suffix in (".svg", *((".pdf",) if still else ()), *((".html",) if page else ())):
        asked = {key: option for key, option in options.items() if suffix != ".html" or key not in OF_PICTURES}
        try:
            found[suffix] = value.save(folder / f"figure{suffix}", **asked).read_bytes()
        except ArgumentError as error:
            # an exercise is no .pdf, and may have no picture at all
            if isinstance(value, Graph) or not re.search(r"unknown suffix|has no picture", str(error)):
                raise
    svg = found.get(".svg", b"").decode()
    return Drawn(
        svg=svg,
        pdf=found.get(".pdf", b""),
        page=found.get(".html", b"").decode(),
        alt=alt_text(value) if isinstance(value, Graph) else _described(svg),
    )


OF_PICTURES = ("width", "step", "animate")
"""The options that a page does not have."""


def _called(value: Any) -> str:
    return "no expression, or None" if value is None else f"a value of type {type(value).__name__}"


def _described(svg: str) -> str:
    """The words that a picture of ours carries."""
    import html

    found = _DESCRIPTION.search(svg)
    return html.unescape(found[1]) if found else ""


def _from_file(path: Path) -> Drawn:
    if not path.is_file():
        raise ArgumentError(f"the snippet ends with the path {path.name!r}, and there is no such file")
    suffix, data = path.suffix.lower(), path.read_bytes()
    if suffix in TEXTS:
        return Drawn(text=data.decode(), language=TEXTS[suffix], alt=path.name)
    if suffix == ".svg":
        svg = data.decode()
        return Drawn(svg=svg, alt=_described(svg))
    if suffix == ".png":
        return Drawn(png=data)
    if suffix == ".pdf":
        return Drawn(pdf=data)
    if suffix == ".html":
        return Drawn(page=data.decode())
    raise ArgumentError(f"a document cannot show {path.name!r} (must end in one of {[*PICTURES, '.html', *TEXTS]})")


def _plotted(figure: Any, folder: Path) -> Drawn:
    import matplotlib as mpl

    from graphviz_ad.gradflow.style import reading

    with mpl.rc_context({"svg.hashsalt": "graphviz_ad", "svg.fonttype": "path"}):
        figure.savefig(folder / "plot.svg", bbox_inches="tight", metadata={"Date": None})
    figure.savefig(folder / "plot.pdf", bbox_inches="tight", metadata={"CreationDate": None})
    svg = (folder / "plot.svg").read_text(encoding="utf-8")
    words = " ".join(filter(None, map(reading, figure.axes)))
    return Drawn(svg=svg[svg.index("<svg") :], pdf=(folder / "plot.pdf").read_bytes(), alt=words)
