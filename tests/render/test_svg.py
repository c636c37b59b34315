"""SVG figures: well-formed whatever the names, self-contained, reproducible, with the hooks that scripts rely on."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree as ET

import pytest

from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import theme
from graphviz_ad.render.display import Picture, picture
from graphviz_ad.render.items import Path, parts
from graphviz_ad.render.svg import THEMES, to_svg
from tests.render import figures

SVG = "{http://www.w3.org/2000/svg}"
SCENES = sorted(figures.ALL)
HOSTILE = {
    "markup": "<script>alert(1)</script>",
    "quotes": "\"'`&quot;&#39;",
    "cdata": "]]><![CDATA[<!--",
    "entity": "&amp;&lt;&nbsp;&",
    "style": "</style></title></svg>",
    "controls": "a\x00b\x08c\x1b[31m\x7f\x85",
    "lines": "a\nb\rc\td",
    "surrogate": "\ud83d and \udc00",
    "nonchars": "\ufffe\uffff",
    "bidi": "\u202eevil\u2066\u2069\u200f",
    "hebrew": "משקל",
    "emoji": "👩‍👩‍👧😀",
    "zalgo": "z" + "\u0301\u0316\u0489" * 200,
    "mathtext": "$x^2$ \\frac{a}{b} $",
    "format": "{0} %s %(a)s",
    "empty": "",
    "spaces": "   ",
    "long": "abcdefghij" * 1000,
    "url": "url(#a) href=#b javascript:alert(1)",
}


def draw(name: str) -> Picture:
    return picture(figures.ALL[name](), engine="layered")


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg.encode())


def found(root: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in root.iter() if name in element.get("class", "").split()]


def structure(element: ET.Element) -> object:
    return element.tag, element.get("class"), [structure(child) for child in element]


def spoil(name: str) -> Picture:
    """The chain, with everything that comes from a user spelled in a hostile way."""
    scene = figures.chain(name)
    nodes = tuple(dataclasses.replace(n, operation=n.operation and name, value_text=name) for n in scene.nodes)
    edges = tuple(dataclasses.replace(e, local_text=name, contribution=name) for e in scene.edges)
    return picture(dataclasses.replace(scene, title=name, alt=name, nodes=nodes, edges=edges), engine="layered")


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("style", ["auto", "page"])
def test_hostile_names_stay_names(kind: str, style: str) -> None:
    svg = to_svg(spoil(HOSTILE[kind]), theme=style, prefix="gad-test")
    plain = to_svg(spoil("abc"), theme=style, prefix="gad-test")
    root = parse(svg)
    # An operation of one or two signs is set larger, a role muted, a long number smaller: a class, never an element.
    soften = re.compile(r" gad-(sign|role|size-[0-9]+)")
    assert soften.sub("", repr(structure(root))) == soften.sub("", repr(structure(parse(plain))))
    svg.encode("utf-8")
    assert len(svg) < 3 * len(plain) + 20 * len(HOSTILE[kind])
    for text in root.iter(f"{SVG}text"):
        assert len(text.text or "") <= 200


@pytest.mark.parametrize(
    "kind", ["markup", "quotes", "cdata", "entity", "style", "hebrew", "emoji", "mathtext", "lines"]
)
def test_names_survive_in_the_hooks(kind: str) -> None:
    root = parse(to_svg(spoil(HOSTILE[kind])))
    assert found(root, "gad-node")[0].get("data-node") == HOSTILE[kind]
    assert found(root, "gad-edge")[0].get("data-input") == HOSTILE[kind]


def test_names_are_shown_literally() -> None:
    for name in ("<b>x</b>", "$x$", "a & b", "&amp;", "σ₁"):
        root = parse(to_svg(spoil(name)))
        assert found(root, "gad-name")[0].text == name


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("style", THEMES)
def test_refers_to_nothing(name: str, style: str) -> None:
    svg = to_svg(draw(name), theme=style)
    root = parse(svg)
    assert not re.search(r"url\(|href|@import|<script|<image|<foreignObject|<use|\son\w+=", svg)
    assert not any(element.get("id") for element in root.iter())
    assert svg.count("http") == 1  # the namespace


@pytest.mark.parametrize("style", ["auto", "light", "dark"])
def test_style_keeps_to_itself(style: str) -> None:
    root = parse(to_svg(draw("broken"), theme=style))
    (sheet,) = root.iter(f"{SVG}style")
    (scope,) = set(root.get("class", "").split()) - {"gad-picture"}
    text = re.sub(r"@media \(prefers-color-scheme:dark\)\{(.*)\}$", r"\1", sheet.text or "")
    assert "@" not in text
    selectors = re.findall(r"([^{}]+)\{", text)
    assert len(selectors) > 20
    assert all(selector == f".{scope}" or selector.startswith(f".{scope} ") for selector in selectors)
    assert re.fullmatch(r"gad-[0-9a-f]{8}", scope)


def test_themes() -> None:
    light, dark = (theme.colours(scheme)["--gad-value"] for scheme in ("light", "dark"))
    drawn = draw("chain")
    assert light in to_svg(drawn, theme="light")
    assert dark not in to_svg(drawn, theme="light")
    assert light not in to_svg(drawn, theme="dark")
    assert dark in to_svg(drawn, theme="dark")
    before, media, after = to_svg(drawn, theme="auto").partition("@media (prefers-color-scheme:dark)")
    assert media
    assert light in before
    assert dark in after


def test_page_leaves_colours_to_the_page() -> None:
    drawn = draw("chain")
    root = parse(to_svg(drawn, theme="page"))
    assert not list(root.iter(f"{SVG}style"))
    assert not found(root, "gad-background")
    assert not found(root, "gad-legend")
    assert root.get("height") == str(drawn.height)
    static = parse(to_svg(drawn, theme="light"))
    assert len(found(static, "gad-legend")) == 1
    assert static.get("height") == str(drawn.height + drawn.legend_height)


def test_every_class_has_a_rule() -> None:
    known = {name for rule in theme.rules() for name in rule.classes}
    structural = {"gad-picture", "gad-node", "gad-edge", "gad-cut", "gad-local", "gad-contribution", "gad-legend"}
    structural |= {"gad-frame", "gad-heat-value", "gad-heat-adjoint", "gad-heat-tangent"}
    for name in SCENES:
        root = parse(to_svg(draw(name), theme="page"))
        used = {word for element in root.iter() for word in element.get("class", "").split()}
        used = {word for word in used if not re.fullmatch(r"gad-([0-9a-f]{8}|size-[0-9]+)", word)}
        assert used <= known | structural


def test_unknown_theme_and_prefix() -> None:
    with pytest.raises(ArgumentError, match=r"unknown theme: 'sepia' .*'auto', 'light', 'dark', 'page'"):
        to_svg(draw("chain"), theme="sepia")
    with pytest.raises(ArgumentError, match="prefix"):
        to_svg(draw("chain"), prefix="a{}b")


def test_hooks() -> None:
    root = parse(to_svg(draw("chain")))
    assert root.get("role") == "img"
    assert root.get("data-engine") == "layered"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    x, *_ = found(root, "gad-node")
    expected = {
        "data-node": "x", "data-id": "0", "data-kind": "input", "data-role": "input", "data-reached": "true",
        "data-value": "1.5", "data-adjoint": "95.0625", "data-consumers": "1", "data-reported": "1",
    }  # fmt: skip
    assert {name: value for name, value in x.attrib.items() if name.startswith("data-")} == expected
    last = found(root, "gad-edge")[-1]
    expected = {
        "data-edge": "2", "data-input": "v2", "data-consumer": "y", "data-argnum": "0", "data-local": "31.6875",
        "data-contribution": "31.6875",
    }  # fmt: skip
    assert {name: value for name, value in last.attrib.items() if name.startswith("data-")} == expected


@pytest.mark.parametrize("name", SCENES)
def test_what_the_story_reveals_is_one_element_each(name: str) -> None:
    scene = figures.ALL[name]()
    root = parse(to_svg(draw(name), theme="page"))
    nodes = {group.get("data-id"): group for group in found(root, "gad-node")}
    assert set(nodes) == {str(node.id) for node in scene.nodes}
    for node in scene.nodes:
        group = nodes[str(node.id)]
        assert len(found(group, "gad-box")) == 1
        assert found(group, "gad-box")[0].tag == f"{SVG}rect"
        assert len(found(group, "gad-value")) == 1
        assert len(found(group, "gad-operation")) == 1
        assert len(found(group, "gad-adjoint")) == int(node.differentiable)
        assert len(found(group, "gad-counter")) == int(node.consumers > 1)
    edges = {group.get("data-edge"): group for group in found(root, "gad-edge")}
    assert set(edges) == {str(edge.index) for edge in scene.edges}
    for edge in scene.edges:
        group = edges[str(edge.index)]
        assert ("gad-cut" in group.get("class", "").split()) == edge.cut
        for part in ("gad-line", "gad-arrow"):
            assert [element.tag for element in found(group, part)] == [f"{SVG}path"]
        assert len(found(group, "gad-local")) == int(edge.local_text is not None)
        assert len(found(group, "gad-contribution")) == int(edge.contribution_text is not None)


@pytest.mark.parametrize("name", SCENES)
def test_same_scene_same_bytes(name: str) -> None:
    assert to_svg(draw(name)) == to_svg(draw(name))


def test_prefix_comes_from_the_content() -> None:
    scopes = {parse(to_svg(draw(name), theme=style)).get("class") for name in SCENES for style in ("light", "dark")}
    assert len(scopes) == 2 * len(SCENES)
    assert 'class="gad-picture gad-mine"' in to_svg(draw("chain"), prefix="gad-mine")


@pytest.mark.parametrize("name", SCENES)
def test_compact(name: str) -> None:
    drawn = draw(name)
    svg = to_svg(drawn, theme="page")
    nodes = re.findall(r'<g class="gad-node".*?</g>', svg)
    assert max(map(len, nodes)) < 1200
    assert len(svg) < 1200 * (len(nodes) + svg.count('class="gad-edge'))
    assert not re.search(r"\d\.\d\d", " ".join(re.findall(r' (?:d|x|y|width|height)="([^"]*)"', svg)))


def test_attributes_change_no_structure() -> None:
    """Only a number that has to be fitted carries textLength."""
    root = parse(to_svg(draw("chain")))
    assert not [text for text in root.iter(f"{SVG}text") if text.get("textLength")]
    root = parse(to_svg(draw("tensors")))
    assert [text for text in root.iter(f"{SVG}text") if text.get("textLength")]


def test_level_curves_are_written_as_lines() -> None:
    """Most edges run level for most of their way; the same line takes a tenth of the text."""
    whole = picture(figures.chain())
    lines = [item for item in parts(whole.items) if isinstance(item, Path) and "gad-line" in item.classes]
    assert all(command == "C" for line in lines for command, _ in line.commands[1:])
    drawn = re.findall(r'<path class="gad-line" d="([^"]*)"', to_svg(whole, theme="page"))
    assert len(drawn) == len(lines) == 3
    for text, line in zip(drawn, lines, strict=True):
        assert re.fullmatch(r"M[\d.]+ [\d.]+(H[\d.]+)+", text)
        assert float(text.rpartition("H")[2]) == pytest.approx(line.commands[-1][1][-1][0], abs=0.05)


def test_no_part_carries_a_style_of_its_own_and_the_page_knows_every_size() -> None:
    """A page's content security policy ignores style attributes, and so would shrunk numbers stay too wide."""
    from graphviz_ad.render import fit
    from graphviz_ad.render.items import Text as Words
    from graphviz_ad.widget.bundle import static_text

    wide = [fit.number(("gad-value",), 0, 0, "8" * length, 60) for length in range(1, 30)]
    sizes = {words.size for words in wide if words.size}
    assert len(sizes) >= 3
    css = static_text("explorer.css")
    for size in (*sizes, fit.SHORTENED, fit.SMALLEST):
        assert f".gad-size-{size} {{\n  font-size: {size}px;" in css.split("/* explorer */")[1]
    texts = (Words(("gad-value",), 5, 5, "8", 9.5, 20), Words(("gad-value",), 5, 5, "8"))
    text = to_svg(dataclasses.replace(picture(figures.chain()), items=texts), theme="light")
    assert "style=" not in text
    own = re.search(r"\.gad-[0-9a-f]{8} \.gad-size-9-5\{font-size:9\.5px\}", text)
    assert own is not None
    assert own.start() > text.index(" .gad-value")  # of two rules that fit as well, the later one counts
