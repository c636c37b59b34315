"""What a shown graph is in each kind of document: picture and page in HTML, the picture in LaTeX, words elsewhere."""

from __future__ import annotations

import hashlib
import html
import posixpath
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from graphviz_ad.sphinx.drawn import Drawn

STYLE, SCRIPT = "graphviz_ad.css", "graphviz_ad.js"
IN_BROWSERS = ("html", "dirhtml", "singlehtml")
"""The builders whose pages are opened in a browser: a book's reader plays nothing."""
HEIGHT = 640
"""How many px a page is given until it says what it needs."""


class Shown(nodes.General, nodes.Element):
    """A graph in a document: ``drawn`` (a `Drawn`), ``alt`` and ``show``."""


def register(app: Sphinx) -> None:
    """Tell Sphinx how each kind of document shows a graph."""
    words = (_visit_words, None)
    app.add_node(Shown, html=(_visit_html, None), latex=(_visit_latex, None), text=words, man=words, texinfo=words)
    app.add_css_file(STYLE)
    app.add_js_file(SCRIPT, loading_method="defer")
    app.connect("builder-inited", _offer)


def _offer(app: Sphinx) -> None:
    """Put our style and script among the files of the theme."""
    if app.builder.format == "html":
        app.config.html_static_path = [*app.config.html_static_path, str(files("graphviz_ad.sphinx") / "static")]


def _write(translator: Any, content: str | bytes, suffix: str) -> str:
    """Write a file beside the document's other images, named after what is in it; return its name."""
    data = content if isinstance(content, bytes) else content.encode()
    name = f"gad-{hashlib.sha256(data).hexdigest()[:16]}{suffix}"
    builder = translator.builder
    target = Path(builder.outdir, builder.imagedir if builder.format == "html" else "", name)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return name


# -- HTML ---------------------------------------------------------------------------------------


def _visit_html(self: Any, node: Any) -> None:
    made: Drawn = node["drawn"]
    plays = made.page and node["show"] != "svg" and self.builder.name in IN_BROWSERS
    picture = _picture(self, made, node["alt"])
    if not plays:
        inside = picture or f"<p>{html.escape(node['alt'])}</p>"
    elif node["show"] == "explorer" or not picture:
        inside = _frame(self, made) + picture.replace('class="', 'class="gad-on-paper ', 1)
    else:
        inside = (
            f'{picture}\n<details class="gad-more"><summary>Step through it</summary>\n{_frame(self, made)}</details>'
        )
    names = " ".join(["gad-figure", *node["classes"]])
    ids = "".join(f'<span id="{html.escape(one)}"></span>' for one in node["ids"])
    self.body.append(f'<div class="{html.escape(names)}">{ids}{inside}</div>\n')
    raise nodes.SkipNode


def _address(self: Any, content: str | bytes, suffix: str) -> str:
    return html.escape(posixpath.join(self.builder.imgpath, _write(self, content, suffix)))


def _picture(self: Any, made: Drawn, alt: str) -> str:
    if not made.svg and not made.png:
        return ""
    source = _address(self, made.svg, ".svg") if made.svg else _address(self, made.png, ".png")
    size = "" if made.size is None else ' width="{:.0f}" height="{:.0f}"'.format(*made.size)
    return f'<img class="gad-still" src="{source}" alt="{html.escape(alt)}"{size} loading="lazy">'


def _frame(self: Any, made: Drawn) -> str:
    """The page, which runs its own scripts and may do nothing else; a frame far below is not fetched yet."""
    source = _address(self, made.page, ".html")
    return (
        f'<iframe class="gad-frame" src="{source}" title="Explorer: step through the graph" sandbox="allow-scripts"'
        f' allow="fullscreen" loading="lazy" height="{HEIGHT}"></iframe>\n'
        f'<p class="gad-alone"><a href="{source}">On a page of its own</a></p>\n'
    )


# -- elsewhere ----------------------------------------------------------------------------------


def _visit_latex(self: Any, node: Any) -> None:
    made: Drawn = node["drawn"]
    if not made.pdf and not made.png:
        _visit_words(self, node)
    name = _write(self, made.pdf, ".pdf") if made.pdf else _write(self, made.png, ".png")
    ids = "".join(self.hypertarget(one, anchor=False) for one in node["ids"])
    self.body.append(f"\n{ids}\\noindent\\sphinxincludegraphics{{{{{name[:-4]}}}{name[-4:]}}}\n")
    raise nodes.SkipNode


def _visit_words(self: Any, node: Any) -> None:
    """Say what the picture shows."""
    if hasattr(self, "add_text"):  # plain text
        self.new_state()
        self.add_text(node["alt"])
        self.end_state()
    else:
        self.body.append(f"\n{self.encode(node['alt']) if hasattr(self, 'encode') else node['alt']}\n")
    raise nodes.SkipNode
