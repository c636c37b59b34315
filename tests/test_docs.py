"""Every snippet of the documentation runs as it stands, page by page, and gives what the page says."""

from __future__ import annotations

import doctest
import linecache
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import graphviz_ad as gad
from graphviz_ad import cli
from graphviz_ad.sphinx import snippets
from graphviz_ad.sphinx.drawn import drawn

ROOT = Path(__file__).parent.parent
OWN_TESTS = {
    "docs/errors.md": "tests/test_docs_tables.py",
    "CONTRIBUTING.md": "tests/test_contributing.py",
}
PAGES = [
    file.relative_to(ROOT).as_posix()
    for file in sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
    if "_build" not in file.parts and file.name not in {"README.md", "CHANGELOG.md"}
]
LONG = {"docs/learn/gallery.md"}
"""Pages that take more than a few seconds."""
READ_ELSEWHERE = {
    "": "a drawing in letters",
    "latex": "compiled by tests/sphinx/test_howto.py",
    "rst": "built by tests/sphinx/test_howto.py",
    "md": "the same",
    "mermaid": "a drawing",
    "text": "output",
}
"""Languages that no Python can run, and why that is no gap."""
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=fence)\s*$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page: what stands behind the fence, its lines, and where the first of them is."""

    info: str
    body: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    for found in _FENCE.finditer(text):
        yield Block(found["info"].strip(), found["body"], text.count("\n", 0, found.start("body")) + 1)


def options(body: str) -> tuple[dict[str, str], str]:
    """The options of a directive and what comes after them."""
    found = re.match(r"(?::[\w-]+:[^\n]*\n)*\n?", body)
    assert found is not None
    return dict(re.findall(r"^:([\w-]+): ?(.*)$", found.group(), re.MULTILINE)), body[found.end() :]


class Page:
    """What stands on a page, run from the top to the end as a reader would."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.names: dict[str, Any] = {"__name__": "page"}
        self.drawn: dict[str, Any] = {}

    def run(self, block: Block) -> None:
        language = block.info.strip("{}").split(" ")[0]
        how = getattr(self, f"run_{language.replace('-', '_')}", None)
        if how is not None:
            how(block)
        elif not block.info.startswith("{") or language in {"code-block", "code"}:  # a directive is Sphinx's own
            assert language in READ_ELSEWHERE, f"{self.name}, line {block.line}: who runs {block.info!r}?"

    def run_python(self, block: Block) -> None:
        snippets.run(block.body, self.names, self.name, block.line)

    def run_pycon(self, block: Block) -> None:
        test = doctest.DocTestParser().get_doctest(block.body, self.names, self.name, self.name, block.line - 1)
        test.globs = self.names  # not a copy: the next block goes on with it
        words: list[str] = []
        file = f"<doctest {self.name}[0]>"
        linecache.checkcache(file)
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        runner.run(test, out=words.append, clear_globs=False)
        assert not runner.failures, "".join(words)

    def run_graphviz_ad(self, block: Block) -> None:
        asked, code = options(block.body)
        if "continue" not in asked:
            self.drawn = snippets.namespace()
        ran = snippets.run(code, self.drawn, self.name, block.line)
        if asked.get("show") != "none":
            made = drawn(ran.value, self.folder, page=False, paper=False, options={})
            assert made.svg or made.png or made.text or made.page or asked.get("show") == "explorer"
            assert made.alt or "alt" in asked or made.page

    def run_sh(self, block: Block) -> None:
        """Commands of ours run; those of the Makefile are there; nothing is installed."""
        (self.folder / "model.py").write_text(MODEL, encoding="utf-8")
        for line in filter(None, map(str.strip, block.body.split("\n"))):
            program, *words = line.partition("#")[0].split()
            if program == "graphviz-ad" and words[0] != "demo":
                assert cli.main(words) in (0, None), line
            elif program == "make":
                targets = (ROOT / "Makefile").read_text(encoding="utf-8")
                assert all(re.search(rf"(?m)^{word}:", targets) for word in words if "=" not in word), line
            else:
                assert program in {"pip", "git", "cd", "graphviz-ad", "jupyter", "python", "sphinx-build"}, line


MODEL = """
import numpy as np

def neuron(w, b, x, t):
    return (np.tanh(w * x + b) - t) ** 2
"""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in PAGES if name not in OWN_TESTS],
)
def test_every_snippet_of_a_page_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    if re.search(r"^import torch|^from torch", text, re.MULTILINE):
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    page = Page(name, tmp_path)
    for block in blocks(text):
        page.run(block)


def test_a_snippet_that_is_wrong_is_found(tmp_path: Path) -> None:
    page = Page("page.md", tmp_path)
    found = list(blocks("a\n```python\nx = 1\n```\n```pycon\n>>> x\n2\n```\n````md\n```{graphviz-ad}\n```\n````\n"))
    assert [(block.info, block.line) for block in found] == [("python", 3), ("pycon", 6), ("md", 10)]
    page.run(found[0])
    with pytest.raises(AssertionError, match=r"Expected:\s+2\s+Got:\s+1"):
        page.run(found[1])
    with pytest.raises(snippets.SnippetError, match="ZeroDivisionError") as error:
        page.run(Block("python", "\nx / 0\n", 7))
    assert error.value.line == 8
    with pytest.raises(AssertionError, match="who runs 'cobol'"):
        page.run(Block("cobol", "", 1))
    with pytest.raises(AssertionError):
        page.run(Block("sh", "make nothing\n", 1))


def test_the_pages_have_snippets() -> None:
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in PAGES]
    kinds = [block.info for text in texts for block in blocks(text)]
    assert kinds.count("python") > 10
    assert kinds.count("{graphviz-ad}") > 10
    assert kinds.count("pycon") > 5


def test_what_the_pages_name_is_public() -> None:
    for name in PAGES:
        text = (ROOT / name).read_text(encoding="utf-8")
        if name.startswith(("docs/learn", "docs/howto", "docs/explanation", "docs/index")):
            for word in set(re.findall(r"\bgad\.([a-z_]\w*)", text)):
                assert hasattr(gad, word), f"{name}: gad.{word}"
