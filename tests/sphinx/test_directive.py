"""The directive in small documents: figure, words and page in HTML, the picture in LaTeX, errors with their line."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

import graphviz_ad as gad
from tests.sphinx.documents import CONF, MARKDOWN, RST, Built, build


def cube(x):
    u = x**2 + 1
    return u**3


WORDS = gad.alt_text(gad.trace(cube, 1.5).backward())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("small"), index_rst=RST, other_md=MARKDOWN, conf=CONF + "numfig = True\n")


def test_a_build_has_no_warnings(built: Built) -> None:
    assert built.warnings == []


def test_the_figure_its_words_and_its_caption(built: Built) -> None:
    page = built.read("index.html")
    figure = re.search(r'<figure[^>]* id="cube">(.*?)</figure>', page, re.DOTALL)
    assert figure is not None
    image = re.search(r'<img class="gad-still" src="(\S+\.svg)" alt="(.*?)" width="(\d+)"', figure[1])
    assert image is not None
    assert html.unescape(image[2]) == WORDS
    assert int(image[3]) <= 720
    svg = built.read(image[1])
    assert WORDS in html.unescape(svg)
    assert re.search(r"prefers-color-scheme: ?dark", svg)
    assert "A <em>cube</em>." in figure[1]
    assert 'href="#cube"><span class="std std-numref">Fig. 1' in page


def test_the_explorer_waits_behind_a_word_until_it_is_wanted(built: Built) -> None:
    page = built.read("index.html")
    behind = re.search(r"<details.*?</details>", page, re.DOTALL)
    assert behind is not None
    frame = re.search(r'<iframe [^>]*src="(\S+\.html)"[^>]*>', behind[0])
    assert frame is not None
    assert 'sandbox="allow-scripts"' in frame[0]
    assert 'loading="lazy"' in frame[0]
    assert 'class="gad-explorer"' in built.read(frame[1])
    assert f'<a href="{frame[1]}">' in behind[0]


def test_an_explorer_alone_has_a_picture_for_paper(built: Built) -> None:
    page = built.read("index.html")
    shown = re.search(r'<div class="gad-figure wide">(.*?)</div>', page, re.DOTALL)
    assert shown is not None
    assert "<details" not in shown[1]
    assert 'class="gad-on-paper gad-still"' in shown[1]
    assert "x = 2.5" in shown[1]  # its words


def test_code_and_what_it_prints(built: Built) -> None:
    page = built.read("index.html")
    assert page.count('class="highlight-python') == 1
    assert "two &lt;b&gt;words&lt;/b&gt;" in page
    assert "<b>words" not in page


def test_options_of_the_picture_and_files_that_a_snippet_has_saved(built: Built) -> None:
    page = built.read("other.html")
    image = re.search(r'src="(\S+\.svg)"', page)
    assert image is not None
    assert "cos" in built.read(image[1])  # a formula
    assert "<iframe" not in page
    assert "begin" in page
    assert "align*" in page
    assert not list((built.folder.parent / "source").glob("*.tex"))  # it was written elsewhere


def test_style_and_script_come_along(built: Built) -> None:
    page = built.read("index.html")
    for name in ("graphviz_ad.css", "graphviz_ad.js"):
        assert f"_static/{name}" in page
        assert built.read(f"_static/{name}")


WRONG = """\
# Wrong

```{graphviz-ad}
:show: svg

x = 1.0
y = x / 0
```

```{graphviz-ad}
def (
```

```{graphviz-ad}
17
```

```{graphviz-ad}
:width: 10
gad.trace(lambda x: x * 2, 1.0)
```

```{graphviz-ad}
:labels: both
gad.explore(lambda x: x * 2, 1.0)
```

```{graphviz-ad}
gad.trace(lambda x: float(x), 1.0)
```

```{graphviz-ad}
import matplotlib.figure
matplotlib.figure.Figure()
```

```{graphviz-ad}
:show: sideways
gad.trace(lambda x: x * 2, 1.0)
```

```{graphviz-ad}
:show: svg
x
```
"""


def test_errors_name_the_document_and_the_line(tmp_path: Path) -> None:
    rst = "Wrong\n=====\n\n.. graphviz-ad::\n\n   x = 1.0\n   x / 0\n\n.. toctree::\n\n   wrong\n"
    built = build(tmp_path, index_rst=rst, wrong_md=WRONG)
    told = [line for line in built.warnings if "WARNING" in line or "ERROR" in line]
    expected = [
        ("index.rst:7", "ZeroDivisionError: float division by zero (`x / 0`)"),
        ("wrong.md:7", "ZeroDivisionError: float division by zero (`y = x / 0`)"),
        ("wrong.md:11", "SyntaxError"),
        ("wrong.md:14", "ends with a value of type int; it must end with a graph"),
        ("wrong.md:18", "width must lie between"),
        ("wrong.md:23", "the option :labels: is for a snippet that ends with a graph"),
        ("wrong.md:29", "ExitError"),
        ("wrong.md:32", "write the option :alt:"),
        ("wrong.md:38", "sideways"),
        ("wrong.md:44", "NameError: name 'x' is not defined"),
    ]
    for place, words in expected:
        assert any(line.startswith(f"{place}: ") and words in line for line in told), (place, words, told)
    assert len(told) == len(expected)
    assert "This figure could not be made: ZeroDivisionError" in built.read("wrong.html")
    assert all("[graphviz_ad]" in line for line in told if "sideways" not in line)


def test_each_snippet_starts_anew_unless_it_goes_on(tmp_path: Path) -> None:
    snippet = "```{{graphviz-ad}}\n:show: none\n{}\n```\n\n"
    text = "# T\n\n" + snippet.format("x = 1.0") + snippet.format(":continue:\nassert x == 1.0\nassert a == 3")
    conf = CONF + 'graphviz_ad_setup = "a = 3"\n'
    assert build(tmp_path, index_md=text, conf=conf).warnings == []
    again = build(tmp_path, index_md=text + snippet.format("x"), conf=conf)
    assert ["NameError" in line for line in again.warnings] == [True]


@pytest.mark.slow
@pytest.mark.parametrize(("builder", "file"), [("latex", "small.tex"), ("text", "index.txt"), ("man", "small.1")])
def test_other_documents(builder: str, file: str, tmp_path: Path) -> None:
    built = build(tmp_path, builder, index_rst=RST, other_md=MARKDOWN)
    assert [line for line in built.warnings if "numref" not in line and "numfig" not in line] == []
    text = built.read(file)
    if builder == "latex":
        pictures = re.findall(r"\\sphinxincludegraphics\{\{(gad-\w+)\}\.pdf\}", text)
        assert len(pictures) == 3  # the explorer is a picture here
        assert all((built.folder / f"{name}.pdf").read_bytes().startswith(b"%PDF") for name in pictures)
    else:
        assert "Computational graph of cube. Input: x = 1.5." in " ".join(text.split())


@pytest.mark.slow
def test_a_book_plays_nothing(tmp_path: Path) -> None:
    conf = CONF + 'copyright = "nobody"\nversion = "1"\n'
    built = build(tmp_path, "epub", index_rst=RST, other_md=MARKDOWN, conf=conf)
    page = built.read("index.xhtml")
    assert "<iframe" not in page
    assert page.count("gad-still") == 2


@pytest.mark.slow
def test_documents_read_for_one_builder_serve_another(tmp_path: Path) -> None:
    document = "T\n=\n\n.. graphviz-ad::\n\n   gad.trace(lambda x: x * 2, 1.0)\n"
    build(tmp_path, index_rst=document)
    built = build(tmp_path, "latex", index_rst=document)
    assert len(list(built.folder.glob("gad-*.pdf"))) == 1
