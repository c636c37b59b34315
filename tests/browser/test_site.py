"""The documentation site as it is built: nothing missing, nothing fetched, and what a reader does in it."""

from __future__ import annotations

import functools
import inspect
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import barriers
from tests.run import ROOT

pytestmark = pytest.mark.slow

FOREIGN = re.compile(r"https?://")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it as `make docs` does; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    words = ["-q", "-W", "--keep-going", "-b", "html", "-c", "docs", "-d", str(folder / "doctrees"), "."]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words, str(folder / "html")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    """The address of the site on this machine: axe reads style sheets, which it may not do in files."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Reader(HTMLParser):
    """What a page refers to, what can be referred to in it, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"id", "name"} and value:
                self.anchors.add(value)
            elif name == "href" and value is not None:
                (self.links if tag == "a" else self.loads).append(value)
            elif name in {"src", "srcset", "data", "poster", "action"} and value:
                self.loads.append(value)
        rel = dict(attrs).get("rel")
        if tag == "link" and rel not in {"stylesheet", "icon"}:  # index, search, next: a place, nothing that is loaded
            self.links.append(self.loads.pop())


def pages(site: Path) -> Iterator[Path]:
    # the pages that are shown in frames have a policy of their own, and their own tests
    return (file for file in sorted(site.rglob("*.html")) if "_images" not in file.parts)


def test_every_link_leads_somewhere(site: Path) -> None:
    read = {file: Reader(file.read_text(encoding="utf-8")) for file in pages(site)}
    assert len(read) > 40
    broken = []
    for file, found in read.items():
        for link in found.links + found.loads:
            parts = urlsplit(link)
            if parts.scheme in {"http", "https", "mailto", "data"}:
                continue
            path, anchor = urldefrag(link)
            target = (file.parent / unquote(path.partition("?")[0])).resolve() if path else file
            if not target.is_file() or (anchor and target in read and unquote(anchor) not in read[target].anchors):
                broken.append(f"{file.relative_to(site)}: {link}")
    assert broken == []


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for file in pages(site):
        loads = Reader(file.read_text(encoding="utf-8")).loads
        assert [one for one in loads if FOREIGN.match(one)] == [], file.name
    for file in [*site.rglob("*.css"), *site.rglob("*.js")]:
        text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(r"(?:url\(|@import|from|import\()\s*['\"]?(https?://[^'\")\s]+)", text) == [], file.name


def test_every_page_opens_and_says_nothing_to_the_console(site: Path, page: Page) -> None:
    for file in pages(site):
        page.goto(file.as_uri(), wait_until="load")
        expect(page).to_have_title(re.compile(r"\w"))
    # errors and requests to other hosts fail the fixture


SEEN = ["docs/index", "docs/learn/tutorial", "docs/howto/documents", "docs/reference/graphs", "docs/kinks", "search"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_shuts_anybody_out(site: Path, served: str, theme: str, page_factory: Callable[..., Page]) -> None:
    page = page_factory(theme=theme)
    for name in [*SEEN, *[f"notebooks/{file.stem}" for file in sorted((site / "notebooks").glob("*.html"))][:3]]:
        page.goto(f"{served}/{name}.html")
        found = [line for line in barriers(page) if "gad-frame" not in line]
        assert found == [], name


@pytest.mark.parametrize("width", [400, 1280])
def test_no_page_is_wider_than_its_window(site: Path, width: int, page_factory: Callable[..., Page]) -> None:
    page = page_factory(width=width)
    for name in [*SEEN, "docs/learn/gallery", "docs/coverage", "benchmarks/RESULTS"]:
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name


def test_a_figure_opens_its_explorer_in_the_theme_of_the_page(site: Path, page: Page) -> None:
    page.goto((site / "docs/index.html").as_uri())
    frame = page.frame_locator("iframe.gad-frame")
    expect(page.locator("iframe.gad-frame")).to_be_hidden()
    page.get_by_text("Step through it", exact=True).first.click()
    root = frame.locator(".gad-explorer")
    expect(root).to_have_attribute("data-step", "0")
    root.focus()
    page.keyboard.press("End")
    expect(root).to_have_attribute("data-phase", "done")
    inside = root.element_handle().owner_frame()
    assert inside is not None
    tall = page.locator("iframe.gad-frame").evaluate("frame => frame.getBoundingClientRect().height")
    assert tall == pytest.approx(inside.evaluate("document.documentElement.getBoundingClientRect().height") + 2, abs=2)

    def background() -> str:
        return str(root.evaluate("root => getComputedStyle(root).getPropertyValue('background-color')"))

    assert background() == "rgb(255, 255, 255)"
    toggle = page.locator(".theme-toggle:visible").first
    for _ in range(3):
        if page.evaluate("document.body.dataset.theme") != "dark":
            toggle.click()
    assert page.evaluate("document.body.dataset.theme") == "dark"
    expect(frame.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    assert background() == "rgb(20, 23, 28)"
    assert page.locator("img.gad-still").first.evaluate("one => getComputedStyle(one).colorScheme") == "dark"


def test_of_the_page_around_it_an_explorer_takes_nothing_but_a_theme(site: Path, page: Page) -> None:
    page.goto((site / "docs/index.html").as_uri())
    page.get_by_text("Step through it", exact=True).first.click()
    root = page.frame_locator("iframe.gad-frame").locator(".gad-explorer")
    expect(root).to_have_attribute("data-step", "0")
    page.wait_for_timeout(300)
    frame = page.locator("iframe.gad-frame")
    for data in ("null", "'dark'", "{}", "{gadTheme: 'red'}", "{gadTheme: {}}", "{gadTheme: '<img>'}"):
        frame.evaluate(f"frame => frame.contentWindow.postMessage({data}, '*')")
    page.wait_for_timeout(300)
    expect(page.frame_locator("iframe.gad-frame").locator("body")).to_have_attribute("data-jp-theme-light", "true")
    before = frame.get_attribute("height")
    page.evaluate("postMessage({gadHeight: 77}, '*')")  # not from a frame
    page.wait_for_timeout(200)
    assert frame.get_attribute("height") == before


def test_on_paper_there_is_the_picture(site: Path, page: Page) -> None:
    page.goto((site / "docs/learn/tutorial.html").as_uri())
    expect(page.locator(".gad-on-paper").first).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".gad-on-paper").first).to_be_visible()
    expect(page.locator("iframe.gad-frame").first).to_be_hidden()


def test_formulas_are_mathematics(site: Path) -> None:
    texts = [file.read_text(encoding="utf-8") for file in pages(site)]
    assert sum(text.count("<math") for text in texts) > 0
    assert not any(re.search(r"<script[^>]*mathjax", text, re.IGNORECASE) for text in texts)


def test_everything_public_is_in_the_reference(site: Path) -> None:
    import graphviz_ad as gad

    text = "".join(file.read_text(encoding="utf-8") for file in (site / "docs" / "reference").glob("*.html"))
    anchors = Reader(text).anchors
    public = {f"graphviz_ad.{name}": getattr(gad, name) for name in gad.__all__}
    for name, module in list(public.items()):
        if inspect.ismodule(module):
            public |= {f"{name}.{one}": getattr(module, one) for one in module.__all__}
    assert len(public) > 100
    assert [name for name, value in public.items() if not inspect.ismodule(value) and name not in anchors] == []


def test_the_gallery_shows_what_its_lines_make(site: Path) -> None:
    text = (site / "docs/learn/gallery.html").read_text(encoding="utf-8")
    sections = re.findall(r"<h2>(.*?)<a .*?</section>", text, re.DOTALL)
    made = re.findall(r'<section id="[^"]+">\s*<h2>.*?</section>', text, re.DOTALL)
    assert len(sections) == len(made) >= 15
    for section in made:
        assert 'class="highlight-python' in section
        assert re.search(r"gad-still|gad-frame|highlight-(latex|none)", section), section[:100]
