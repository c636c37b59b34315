"""A name can be any text: it is shown literally or shortened, and never becomes an element, a line or a command."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from functools import cache, lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import graphviz_ad as gad
from graphviz_ad.core.flat import to_dict
from graphviz_ad.widget.packing import pack, unpack
from graphviz_ad.widget.page import page
from graphviz_ad.widget.view import _WRITERS, View
from tests.thinned import thinned

NASTY = {
    "quotes": "\"'`&quot;&#39;",
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "breakout": '"><script>alert(1)</script><g x="',
    "cdata": "]]><![CDATA[<!-- -->",
    "end of style": "</style></title></svg></script></textarea>",
    "comment": "<!--<script>",
    "link": "javascript:alert(1)",
    "url": "url(#a) href=#b @import 'x'",
    "dot": '"]; evil [label="x", URL="http://x"]; "',
    "dot html": "<<table><tr><td href='x'>y</td></tr></table>>",
    "dot record": "{a|b}|<port> c\\l\\N\\G\\E",
    "dot port": "a:b:c -> d; subgraph { e }",
    "backslash": "\\",
    "entity": "&lt;&amp;&#60;&nbsp;&",
    "controls": "a\x00b\x07c\x1b[31md\x7fe\x85",
    "lines": "a\nb\r\nc\x0bd\x0ce\x1cf\u2028g\u2029h",
    "tabs": "a\tb",
    "override": "\u202eevil\u202d",
    "isolates": "\u2066a\u2067b\u2068c",
    "marks": "\u200fa\u200eb\u061c",
    "hebrew": "משקל",
    "surrogates": "\ud83d and \udc00",
    "nonchars": "\ufffe\uffff\ufdd0",
    "invisible": "\u200b\ufeff\u00ad\u2060",
    "emoji": "👩‍👩‍👧😀",
    "zalgo": "z" + "\u0301\u0316\u0489" * 200,
    "spaces": "   ",
    "long": "abcdefghij" * 1000,
    "long without ascii": "語" * 10_000,
    "mathtext": "$x^2$ \\frac{a}{b} $ \\input{/etc/passwd}",
    "markdown": "[a](javascript:alert(1)) `b` **c** | d\n# e",
    "format": "{0} %s %(a)s {name!r}",
    "proto": "__proto__",
    "number": "1e5",
    "path": "../../etc/passwd",
}

ANY = st.text(st.characters(exclude_categories=[]), min_size=1, max_size=40) | st.text(
    alphabet="<>&\"'/\\]![-=;:{}|\n\r\u2028\u202e\x00 a()#%$`@", min_size=1, max_size=30
)


@lru_cache(64)
def graph_of(name: str) -> gad.Graph:
    """A graph in which everything that a user can name has this name."""

    class Args:
        pass

    args = Args()
    vars(args)[name] = 0.25

    def shift(x: Any, word: str = "") -> Any:
        return x + 1.0

    shift.__name__ = shift.__qualname__ = name
    own = gad.custom(shift, vjp=lambda adjoint, out, x, word="": adjoint)

    def inner(x: Any) -> Any:
        return np.tanh(x) * x

    called = name.replace("/", "|")  # a slash makes groups in groups
    inner.__code__ = inner.__code__.replace(co_name=called, co_qualname=called)

    def f(x: Any, table: Any, args: Any) -> Any:
        with gad.scope(name.replace("/", "|").strip() or "x"):
            y = inner(x) * table[name]
        kept = {}
        kept[name] = own(y, word=name) * vars(args)[name]
        return np.sum(np.pad(np.stack([kept[name], x]), 1, mode="edge")) + np.einsum(
            "i,i->", table["array"], np.stack([x, x, x])
        )

    f.__name__ = name
    table = {name: gad.variable(2.0, name=name, role="parameter"), "array": gad.constant(np.arange(3.0), name=name)}
    return gad.trace(f, gad.variable(1.5, name=name), table, args)


@pytest.fixture(scope="module")
def plain() -> gad.Graph:
    """The same graph with the name "abc" everywhere."""
    return graph_of("abc")


@lru_cache(64)
def view_of(graph: gad.Graph, **options: Any) -> View:
    return View(graph, engine="layered", **options)


def test_the_name_is_everywhere() -> None:
    graph = graph_of("abc")
    assert graph.title == "abc"
    assert sum(name.startswith("abc") for name in graph.names) >= 3
    assert any("abc" in (node.group or "") for node in graph.nodes)
    assert "abc" in {node.primitive.name for node in graph.nodes if node.primitive}


# -- SVG ----------------------------------------------------------------------------------------------

FITTING = {"textLength", "lengthAdjust"}  # set where a text is fitted into its room


def skeleton(svg: str) -> Counter[Any]:
    """Every element of a picture by its way from the root, with its classes and the names of its attributes."""
    found: Counter[Any] = Counter()

    def walk(element: ET.Element, way: tuple[str, ...]) -> None:
        classes = " ".join(
            word
            for word in element.get("class", "").split()
            if not re.fullmatch(r"gad-[0-9a-f]{8}|gad-(sign|role|size-.*)", word)
        )
        here = (*way, f"{element.tag.rpartition('}')[2]}.{classes}")
        assert "style" not in element.attrib
        assert not any(re.match(r"on|.*href|id$|src", key) for key in element.attrib), element.attrib
        found[here, tuple(sorted(set(element.attrib) - FITTING))] += 1
        for child in element:
            walk(child, here)

    walk(ET.fromstring(svg.encode()), ())
    return found


def same_picture(name: str, plain: gad.Graph, **options: Any) -> None:
    svg = view_of(graph_of(name), **options).svg()
    assert skeleton(svg) == skeleton(view_of(plain, **options).svg())
    assert all(len(text) <= 400 for text in re.findall(r">([^<]*)</(?:text|title)>", svg))
    assert not bidi_controls(re.sub(r'="[^"]*"', "", svg))


def bidi_controls(text: str) -> set[str]:
    return {
        char
        for char in text
        if unicodedata.bidirectional(char) in {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"}
        or char in "\u200e\u200f\u061c"
    }


@pytest.mark.parametrize("kind", thinned(NASTY, 4))
def test_pictures_have_the_same_parts(kind: str, plain: gad.Graph) -> None:
    same_picture(NASTY[kind], plain)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=ANY)
def test_pictures_have_the_same_parts_whatever_the_name(name: str, plain: gad.Graph) -> None:
    same_picture(name, plain)


# -- the page -----------------------------------------------------------------------------------------


class Tokens(HTMLParser):
    """What a browser finds in a page: elements with the names of their attributes, comments, and the scripts' texts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: Counter[Any] = Counter()
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs} - {name.lower() for name in FITTING}
        assert not any(re.match(r"on|.*href|src", name) for name in names), attrs
        self.found[tag, tuple(sorted(names))] += 1
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.found["/" + tag] += 1
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data

    def handle_comment(self, data: str) -> None:
        self.found["comment"] += 1

    def handle_decl(self, decl: str) -> None:
        self.found["declaration", decl] += 1

    def unknown_decl(self, data: str) -> None:
        self.found["unknown declaration"] += 1

    def handle_pi(self, data: str) -> None:
        self.found["instruction"] += 1


def shape_of_json(value: Any) -> Any:
    """A JSON value without its texts and numbers."""
    if isinstance(value, dict):
        return {key: shape_of_json(item) for key, item in value.items()}
    return [shape_of_json(item) for item in value] if isinstance(value, list) else type(value).__name__


def page_of(graph: gad.Graph, whole: bool) -> str:
    """The page, with all that it can be asked or without."""
    view = view_of(graph)
    return view.page() if whole else page(view.payload(False), view.scene.title)


@cache
def plain_page(plain: gad.Graph, whole: bool) -> Tokens:
    return Tokens(page_of(plain, whole))


def same_page(name: str, plain: gad.Graph, whole: bool = False) -> None:
    text = page_of(graph_of(name), whole)
    text.encode()
    made, expected = Tokens(text), plain_page(plain, whole)
    assert made.found == expected.found
    assert made.scripts[2:] == expected.scripts[2:], "what follows the story and its answers is the same front end"
    assert not set(made.scripts[0]) & set("<>&\u2028\u2029")
    data, other = (unpack(text.scripts[0]) for text in (made, expected))
    assert shape_of_json(data) == shape_of_json(other)


@pytest.mark.parametrize("kind", thinned(["script", "surrogates", "long"], 3))
def test_pages_with_all_their_answers_have_the_same_parts(kind: str, plain: gad.Graph) -> None:
    same_page(NASTY[kind], plain, whole=True)


@pytest.mark.parametrize("kind", thinned(NASTY, 4))
def test_pages_have_the_same_parts(kind: str, plain: gad.Graph) -> None:
    same_page(NASTY[kind], plain)


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=ANY)
def test_pages_have_the_same_parts_whatever_the_name(name: str, plain: gad.Graph) -> None:
    same_page(name, plain)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=ANY)
@example(text=NASTY["surrogates"])
def test_what_a_page_carries_cannot_end_its_element(text: str) -> None:
    written = pack({text: [text]})
    assert re.fullmatch(r"[^\s\"$&'<>\\`{]*", written)
    readable = text.encode("utf-8", "replace").decode()
    assert unpack(written) == {readable: [readable]}


@pytest.mark.parametrize("kind", thinned(NASTY, 4))
def test_what_the_widget_sends_can_be_sent(kind: str) -> None:
    payload = view_of(graph_of(NASTY[kind])).payload(True)
    json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()  # as Jupyter does


def test_the_front_end_parses_no_text_but_the_picture() -> None:
    folder = Path(gad.__file__).parent / "widget" / "static"
    scripts = sorted(folder.glob("*.js"))
    assert scripts
    for file in scripts:
        text = file.read_text(encoding="utf-8")
        forbidden = (
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|createContextualFragment"
        )
        assert not re.search(forbidden, text), file.name
        # the picture alone, of which tests/browser/test_robust.py shows that nothing but SVG is taken
        assert ("parseFromString" in text) == (file.name == "markup.js")


# -- DOT ----------------------------------------------------------------------------------------------


def asked(source: str) -> Any:
    """What Graphviz reads in a source: names of nodes, edges, and the names of their attributes."""
    done = subprocess.run(["dot", "-Tdot_json"], input=source.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    read = json.loads(done.stdout)
    assert not re.search(r'"(URL|href|\w*URL|\w*href|tooltip|target|image|shapefile)"', done.stdout.decode())
    return (
        sorted(read),
        [(item["name"], sorted(item)) for item in read["objects"]],
        [(edge["tail"], edge["head"], sorted(edge)) for edge in read["edges"]],
        [len(re.findall(r"(?<!\\)(?:\\\\)*\|", item["label"])) for item in read["objects"]],
    )


def same_dot(name: str, plain: gad.Graph) -> None:
    source = str(view_of(graph_of(name)).dot().source)
    source.encode()
    assert asked(source) == asked(str(view_of(plain).dot().source))
    assert not bidi_controls(source)


needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the program dot is not installed here")


@needs_dot
@pytest.mark.parametrize("kind", thinned(NASTY, 4))
def test_dot_has_the_same_parts(kind: str, plain: gad.Graph) -> None:
    same_dot(NASTY[kind], plain)


@needs_dot
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=ANY)
def test_dot_has_the_same_parts_whatever_the_name(name: str, plain: gad.Graph) -> None:
    same_dot(name, plain)


# -- texts --------------------------------------------------------------------------------------------


def harmless(text: str) -> bool:
    """Whether a line of text is one, and nothing in it acts on a terminal or turns what stands around it."""
    return (
        len(text.splitlines()) <= 1
        and not {char for char in text if unicodedata.category(char) in {"Cc", "Cs"}}
        and not bidi_controls(text)
    )


def story_starts(graph: gad.Graph) -> list[str]:
    """The first word of every line: Given, and the numbers of the steps."""
    return [line.split(" ")[0] for line in view_of(graph).story().splitlines()]


def test_a_story_has_one_line_per_step(plain: gad.Graph) -> None:
    for kind, name in NASTY.items():
        assert story_starts(graph_of(name)) == story_starts(plain), kind
        assert all(map(harmless, view_of(graph_of(name)).story().splitlines())), kind


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=ANY)
def test_a_story_has_one_line_per_step_whatever_the_name(name: str, plain: gad.Graph) -> None:
    assert story_starts(graph_of(name)) == story_starts(plain)
    assert all(map(harmless, view_of(graph_of(name)).story().splitlines()))


def test_what_a_page_says_is_harmless() -> None:
    for kind, name in NASTY.items():
        scene = view_of(graph_of(name)).scene
        assert all(map(harmless, (scene.intro, scene.alt, *(step.narration for step in scene.steps)))), kind


def test_a_repr_is_one_harmless_line() -> None:
    for kind, name in NASTY.items():
        graph = graph_of(name)
        texts = [repr(graph), *map(repr, graph.nodes), *map(repr, graph.edges), *map(repr, graph.timeline())]
        assert all(map(harmless, texts)), kind


SIGNS = set("_#&{}$%") | {"prime", "vert", "backslash", "acute", "wedge", "sim", "hat", "grave", "ast", "lt", "gt"}
"""What LaTeX writes for a sign, beside its own commands."""


def commands(text: str) -> set[str]:
    return set(re.findall(r"\\([A-Za-z]+|.)", text, re.DOTALL))


@pytest.mark.parametrize("suffix", sorted({".tex", ".md"} & set(_WRITERS)))
@pytest.mark.parametrize("kind", thinned(NASTY, 4))
def test_names_are_no_commands_of_latex_or_markdown(suffix: str, kind: str, tmp_path: Path, plain: gad.Graph) -> None:
    text, expected = (
        graph.save(tmp_path / f"graph{suffix}").read_text(encoding="utf-8") for graph in (graph_of(NASTY[kind]), plain)
    )
    assert commands(text) - commands(expected) <= SIGNS
    bare = re.sub(r"\\.", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") == re.sub(r"\\.", "", expected).count("$")
    assert all(map(harmless, text.split("\n")))
    assert not re.search("<[A-Za-z/!?]", text)
    assert len(text) < 20 * len(expected)


# -- every other form --------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, derandomize=True)
@given(name=ANY)
def test_the_flat_form_keeps_every_name(name: str) -> None:
    graph = graph_of(name)
    text = json.dumps(to_dict(graph), allow_nan=False)
    back = gad.Graph.from_dict(json.loads(text))
    assert back.names == graph.names
    assert back.title == graph.title == name
    assert [node.group for node in back.nodes] == [node.group for node in graph.nodes]


PIXELS = {".png", ".pdf"}
TEXTS = sorted(set(_WRITERS) - PIXELS)
"""All suffixes that there are, also those that come later."""


# a page takes a second: test_pages_with_all_their_answers_have_the_same_parts reads some of them every time
@pytest.mark.parametrize(
    "suffix", [pytest.param(suffix, marks=pytest.mark.slow) if suffix == ".html" else suffix for suffix in TEXTS]
)
@pytest.mark.parametrize("kind", thinned(NASTY, 4))
def test_every_text_can_be_written_and_read(suffix: str, kind: str, tmp_path: Path) -> None:
    written = graph_of(NASTY[kind]).save(tmp_path / f"graph{suffix}", engine="layered")
    assert len(written.read_text(encoding="utf-8")) > 200


@pytest.mark.parametrize("suffix", thinned(sorted(PIXELS), 2))
def test_every_picture_can_be_written(suffix: str, tmp_path: Path) -> None:
    name = "".join(name for name in NASTY.values() if len(name) < 100)
    data = graph_of(name).save(tmp_path / f"graph{suffix}", engine="layered").read_bytes()
    assert data.startswith((b"\x89PNG", b"%PDF"))
    assert b"/URI" not in data
    assert b"/JavaScript" not in data


@pytest.mark.parametrize("suffix", [".svg", ".dot", ".json"])
@pytest.mark.parametrize("kind", ["lines", "controls"])
def test_names_make_no_lines(suffix: str, kind: str, tmp_path: Path, plain: gad.Graph) -> None:
    text, expected = (
        graph.save(tmp_path / f"graph{suffix}", engine="layered").read_text(encoding="utf-8")
        for graph in (graph_of(NASTY[kind]), plain)
    )
    assert text.count("\n") == expected.count("\n")
