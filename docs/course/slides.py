"""Makes slides of the notebooks: one HTML file each, with explorers that play and no request to any network."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import latex2mathml.converter
import nbformat
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from docs.course.cleaning import IMAGE, WIDGET, joined
from docs.course.executing import NOTEBOOKS, execute, for_each

STATIC = Path(__file__).parent / "static"
FOLDER = NOTEBOOKS.parent / "build" / "slides"
PAGE = re.compile(r'<iframe class="gad-frame" title="([^"]*)".*?data-gad-page="([^"]*)"', re.DOTALL)
BEGINNINGS = ("slide", "subslide")

WHAT_PLAYS = """
def _course_pages():
    from IPython import display
    from graphviz_ad.exercises import page, show
    from graphviz_ad.widget import still as standing
    from graphviz_ad.widget.still import still

    standing.LIGHT = 1_500_000

    def played(exercise):
        display.display({"text/html": still(page.page(exercise), exercise.title, 600)}, raw=True)
        display.display(page.static_bundle(exercise), raw=True)

    show.show = played
_course_pages()
"""
"""In a notebook the kernel judges answers; slides have none, and carry the page that judges without Python. Their
explorers carry all that may be asked of them, also where that takes seconds to compute."""


class Formulas(IPythonRenderer):
    """Markdown of a notebook, with formulas as MathML, which browsers know by themselves."""

    def inline_math(self, body: str) -> str:
        """A formula in a line."""
        return latex2mathml.converter.convert(body)

    def emphasis(self, text: str) -> str:
        """Whole sentences are what the audience is asked before it sees the answer: they are marked."""
        asked = "?" in text or text.rstrip().endswith((".", ")"))
        return f'<em class="ask">{text}</em>' if asked else f"<em>{text}</em>"

    def block_math(self, body: str) -> str:
        """A formula of its own."""
        return latex2mathml.converter.convert(body, display="block")


@dataclass
class Slide:
    """What stands on one slide: its parts as HTML, and the heading that it continues, "" where it has its own."""

    continues: str = ""
    parts: list[str] = field(default_factory=list)

    @property
    def html(self) -> str:
        """The slide as HTML."""
        again = f'<p class="again">{self.continues}</p>\n' if self.continues else ""
        return f'<section tabindex="-1">\n{again}{"".join(self.parts)}</section>\n'


def markdown(text: str) -> str:
    """Markdown as HTML."""
    renderer = Formulas(escape=False, exclude_anchor_links=True)
    return str(MarkdownWithMath(renderer=renderer).render(text))


def source(text: str) -> str:
    """Python with colours, in a box that scrolls by keyboard too; a slide has no room for two empty lines."""
    text = re.sub(r"\n\n\n+", "\n\n", text)
    return str(highlight(text, PythonLexer(), HtmlFormatter(nowrap=False))).replace("<pre>", '<pre tabindex="0">')


def image(kind: str, data: str, words: str, paper: bool) -> str:
    """A picture, as an image: its style and ids stay its own. ``paper``: only where nothing plays."""
    encoded = data.replace("\n", "") if kind == "image/png" else base64.b64encode(data.encode()).decode()
    mark = ' class="paper"' if paper else ""
    return f'<img{mark} alt="{html.escape(words)}" src="data:{kind};base64,{encoded}">\n'


def alternative(svg: str) -> str:
    """What a picture says of itself."""
    found = re.search(r"<desc[^>]*>(.*?)</desc>", svg, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def shown(outputs: list[nbformat.NotebookNode]) -> list[tuple[str, bool]]:
    """Each output as HTML, and whether it is large: a page that plays, or a picture."""
    found: list[tuple[str, bool]] = []
    for output in joined(outputs):
        data = output.get("data", {})
        page = PAGE.search(data.get("text/html", ""))
        plays = bool(found) and found[-1][0].startswith("<iframe")
        if WIDGET in data:
            continue
        if output.output_type == "stream":
            found.append((f'<pre tabindex="0">{html.escape(output.text)}</pre>\n', False))
        elif output.output_type == "error":
            raise RuntimeError(f"{output.ename}: {output.evalue}")
        elif page:
            frame = f'<iframe title="{page[1]}" sandbox="allow-scripts" data-page="{page[2]}"></iframe>\n'
            found.append((frame, True))
        elif plays and ("image/svg+xml" in data or "text/html" in data):
            found[-1] = (found[-1][0] + _on_paper(data), True)
        elif "image/svg+xml" in data:
            svg = data["image/svg+xml"]
            found.append((image("image/svg+xml", svg, alternative(svg) or data["text/plain"], paper=False), True))
        elif "image/png" in data:
            found.append((image("image/png", data["image/png"], data.get("text/plain", ""), paper=False), True))
        elif "text/html" in data and "gad-still" not in data["text/html"]:
            found.append((data["text/html"], False))
        elif data.get("text/plain"):
            found.append((f'<pre tabindex="0">{html.escape(data["text/plain"])}</pre>\n', False))
    return found


def _on_paper(data: dict[str, str]) -> str:
    """What stands in the place of a page that plays where nothing can."""
    if "image/svg+xml" in data and "text/html" in data:  # an exercise: its words too
        words = IMAGE.sub("", data["text/html"])
        return f'<div class="paper">{words}</div>\n' + image("image/svg+xml", data["image/svg+xml"], "", paper=True)
    if "text/html" in data:
        return f'<div class="paper">{data["text/html"]}</div>\n'
    svg = data["image/svg+xml"]
    return image("image/svg+xml", svg, alternative(svg), paper=True)


def slides(notebook: nbformat.NotebookNode) -> list[Slide]:
    """The slides of an executed notebook.

    A slide begins where a cell's ``slide_type`` says so; a page that plays has one of its own, and so has a picture.
    What a cell prints waits until it is asked for, and so do fragments: a question stands before its answer.
    """
    found: list[Slide] = []
    heading = ""

    def begin(own: bool) -> None:
        found.append(Slide("" if own else heading))

    for cell in notebook.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if kind == "skip":
            continue
        title = re.match(r"#+ (.*)", cell.source) if cell.cell_type == "markdown" else None
        if kind in BEGINNINGS or not found:
            begin(own=title is not None)
        if title is not None:
            heading = markdown(title[1]).strip().removeprefix("<p>").removesuffix("</p>")
        waits = "waiting" if kind == "fragment" else ""
        if cell.cell_type == "markdown":
            text = markdown(cell.source)
            found[-1].parts.append(
                f"<aside>{text}</aside>\n" if kind == "notes" else f'<div class="{waits}">{text}</div>\n'
            )
            continue
        alone = cell.source.lstrip().startswith("gad.exercise(")  # one line that only asks
        if not alone:
            found[-1].parts.append(f'<div class="{waits}">{source(cell.source)}</div>\n')
        for text, large in shown(cell.outputs):
            if large and found[-1].parts and not (alone and len(found[-1].parts) == 1):
                begin(own=False)
            found[-1].parts.append(f'<div class="output{"" if large else " waiting"}">{text}</div>\n')
    return [slide for slide in found if slide.parts]


def document(notebook: nbformat.NotebookNode, title: str) -> str:
    """One HTML file with all slides."""
    style, script = ((STATIC / name).read_text(encoding="utf-8") for name in ("slides.css", "slides.js"))
    body = "".join(slide.html for slide in slides(notebook))
    digest = hashlib.sha256(body.encode()).hexdigest()[:12]
    # 'unsafe-inline': a frame inherits this policy beside its own, which names its scripts one by one
    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
    return f"""<!DOCTYPE html>
<html lang="en" data-content="{digest}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}</main>
<nav aria-label="Slides">
<button type="button" aria-label="Back" title="Back: ←">←</button>
<output aria-live="polite"></output>
<button type="button" aria-label="On" title="On: → or space. Also Home, End, f: full screen, n: notes">→</button>
</nav>
<script>
{script}</script>
</body>
</html>
"""


def live(path: Path) -> nbformat.NotebookNode:
    """A notebook with all its outputs, pages that play included."""
    return execute(path, before=WHAT_PLAYS).live


def make(path: Path) -> str:
    """Execute a notebook and write its slides; return what was done, in words."""
    executed = live(path)
    title = executed.cells[0].source.split("\n", 1)[0].lstrip("# ")
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / f"{path.stem}.html"
    target.write_text(document(executed, title), encoding="utf-8")
    return (
        f"{target.relative_to(NOTEBOOKS.parent)}: {len(slides(executed))} slides, {target.stat().st_size / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    sys.exit(for_each(make))
