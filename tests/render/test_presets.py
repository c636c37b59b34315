"""Figures of a given width: that wide, nothing cut off, no text too small; or an error that says why."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.render import mpl, theme
from graphviz_ad.render.compact import Compact, smallest, text_size
from graphviz_ad.render.display import Picture
from graphviz_ad.render.items import Box, Group, Text, parts
from graphviz_ad.render.mpl import to_pdf, to_png
from graphviz_ad.render.presets import INCH, POINT, PRESETS, fitted, format_of
from graphviz_ad.render.svg import to_svg
from graphviz_ad.widget.view import View
from tests.render import figures
from tests.render.test_picture import span

SVG = "{http://www.w3.org/2000/svg}"


def sin_chain(count: int) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        for _ in range(count):
            x = np.sin(x)
        return x

    return f


def sin_chain_in_a_scope(x: Any) -> Any:
    with gad.scope("chain"):
        return sin_chain(40)(x)


def fork(a: Any, b: Any) -> Any:
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    y = e + f
    return y


def neuron(w: Any, b: Any, x: Any, t: Any) -> Any:
    z = w * x + b
    y = np.tanh(z)
    loss = (y - t) ** 2
    return loss


def two_inputs(x1: Any, w1: Any, x2: Any, w2: Any, b: Any) -> Any:
    n = x1 * w1 + x2 * w2 + b
    o = np.tanh(n)
    return o


def cube(x: Any) -> Any:
    u = x**2 + 1
    y = u**3
    return y


def nested(x: Any) -> Any:
    a = x**2 + 1
    b = np.log(a)
    y = np.sin(b)
    return y


def two_paths(s: Any) -> Any:
    x = s**2
    y = s**3
    z = x * y
    return z


def tangle(x: Any, y: Any) -> Any:
    a = x * y
    b = np.sin(a)
    c = x + b
    d = c * y
    e = d / a
    f = e - x
    return f


def distance(x1: Any, y1: Any, x2: Any, y2: Any) -> Any:
    return np.sqrt((x1 - x2) ** 2 + (y1 - y2) ** 2)


def tiny(x: Any, y: Any) -> Any:
    z = x * y
    w = np.exp(z)
    return w * 1e-3


def long_names(a_very_long_parameter_name_that_never_ends: Any, learning_rate: Any) -> Any:
    another_quite_long_intermediate_result = a_very_long_parameter_name_that_never_ends * learning_rate
    the_loss_of_the_whole_batch = another_quite_long_intermediate_result**2
    return the_loss_of_the_whole_batch


def kink(x: Any, y: Any) -> Any:
    z = gad.detach(x) * y
    return np.maximum(0, z) + x


GRAPHS: dict[str, Callable[[], Any]] = {
    "x² + x": lambda: gad.trace(lambda x: x**2 + x, 3.0),
    "(x² + 1)³": lambda: gad.trace(cube, 1.0),
    "sin ln": lambda: gad.trace(nested, 1.0),
    "z = xy": lambda: gad.trace(two_paths, 2.0),
    "fork": lambda: gad.trace(fork, -4.0, 2.0),
    "neuron": lambda: gad.trace(neuron, 0.5, 0.1, 2.0, 1.0),
    "neuron of two inputs": lambda: gad.trace(two_inputs, 2.0, -3.0, 0.0, 1.0, 6.88),
    "one sine": lambda: gad.trace(np.sin, 1.0),
    "chain of 12": lambda: gad.trace(sin_chain(12), 0.7),
    "sin((2x + 1)²)": lambda: gad.trace(lambda x: np.sin((2 * x + 1) ** 2), 1.0),
    "softplus": lambda: gad.trace(lambda x: np.log(1 + np.exp(x)), 0.3),
    "polynomial": lambda: gad.trace(lambda a, b, c, x: a * x**2 + b * x + c, 1.0, 2.0, 3.0, 0.5),
    "sum of products": lambda: gad.trace(lambda a, b, c, d, e: a * b + c * d + e, 1.0, 2.0, 3.0, 4.0, 5.0),
    "distance": lambda: gad.trace(distance, 1.0, 2.0, 4.0, 6.0),
    "tangle": lambda: gad.trace(tangle, 2.0, 3.0),
    "tiny numbers": lambda: gad.trace(tiny, -1.235e-5, 2.3456e-7),
    "long names": lambda: gad.trace(long_names, 1.5, -1.235e-5),
    "kink": lambda: gad.trace(kink, 2.0, 3.0),
}
SCENES = {name: lambda make=make: View(make()).scene for name, make in GRAPHS.items()} | {
    "1-1-1 net": figures.neuron,
    "broken": figures.broken,
    "hand-made chain": figures.chain,
}
scenes = pytest.mark.parametrize("name", SCENES)
LEAST = {"column": 6.0, "page": 6.0, "slide": 18.0}  # pt


def pixels(length: str) -> float:
    """An attribute such as "3.5in" in px."""
    match = re.fullmatch(r"([0-9.]+)([a-z]*)", length)
    assert match
    return float(match[1]) * {"": 1, "px": 1, "in": 96, "mm": 96 / 25.4, "cm": 96 / 2.54, "pt": 96 / 72}[match[2]]


def sizes(source: str) -> list[float]:
    """The size of every text of an SVG as it is seen, in px: by its class, and the figure's scale."""
    root = ET.fromstring(source)
    width = pixels(root.attrib["width"])
    scale = width / float(root.attrib["viewBox"].split()[2])
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", style(root))
    by_class = {
        selector.split(".")[-1]: float(found[1])
        for selectors, body in rules
        for selector in selectors.split(",")
        if (found := re.search(r"font-size:([0-9.]+)px", body))
    }
    seen = []
    for text in root.iter(f"{SVG}text"):
        classes = [by_class[name] for name in text.attrib["class"].split() if name in by_class]
        seen.append(scale * classes[-1])
    return seen


def style(root: ET.Element) -> str:
    return "".join(element.text or "" for element in root.iter(f"{SVG}style"))


def boxes(drawn: Picture, name: str) -> list[Box]:
    return [item for item in parts(drawn.items) if isinstance(item, Box) and name in item.classes]


def apart(one: Box, other: Box) -> bool:
    return (
        one.x + one.width <= other.x + 0.1
        or other.x + other.width <= one.x + 0.1
        or one.y + one.height <= other.y + 0.1
        or other.y + other.height <= one.y + 0.1
    )


@pytest.mark.parametrize("width", PRESETS)
@scenes
def test_a_figure_can_be_read(name: str, width: str) -> None:
    drawn = fitted(SCENES[name](), width)
    seen = sizes(to_svg(drawn, theme="light"))
    assert min(seen) >= LEAST[width] * POINT
    assert max(seen) <= 2.2 * min(seen)  # one figure, one size of text, but for names and signs
    assert drawn.page is not None
    left, top, wide, high = drawn.page.view
    for item in parts((*drawn.items, *([drawn.legend] if drawn.legend else []))):
        if isinstance(item, Box):
            assert left <= item.x < item.x + item.width <= left + wide
            assert top <= item.y < item.y + item.height <= top + high
        elif isinstance(item, Text):
            begin, end = span(item)
            assert left <= begin < end <= left + wide + 0.1, item.text
            assert top <= item.y - text_size(item) < item.y <= top + high, item.text
        elif not isinstance(item, Group):
            points = [point for _, points in item.commands for point in points]
            assert all(left <= x <= left + wide and top <= y <= top + high for x, y in points)
    nodes = boxes(drawn, "gad-box")
    chips = [*boxes(drawn, "gad-chip-local"), *boxes(drawn, "gad-chip-contribution")]
    placed = [*nodes, *chips]
    assert len(nodes) == len(SCENES[name]().nodes)
    assert [
        (one, other) for k, one in enumerate(placed) for other in placed[:k] if not apart(one, other)
    ] == []  # fmt: skip


@scenes
def test_texts_stand_inside_their_node(name: str) -> None:
    for width in ("column", "slide"):
        for group in fitted(SCENES[name](), width).items:
            if not isinstance(group, Group) or "gad-node" not in group.classes:
                continue
            (box,) = [item for item in group.items if isinstance(item, Box) and "gad-box" in item.classes]
            slots = [item for item in group.items if isinstance(item, Box) and item.classes[0].startswith("gad-slot")]
            for text in (item for item in group.items if isinstance(item, Text)):
                begin, end = span(text)
                assert box.x < begin < end < box.x + box.width, text
                around = [slot for slot in slots if slot.y < text.y < slot.y + slot.height]
                assert all(slot.x + 18 < begin < end < slot.x + slot.width for slot in around), text
                if not around and "gad-note" not in text.classes:
                    assert box.x + 5 <= begin < end <= box.x + box.width - 5, text
                if not around:
                    assert all(not slot.y < text.y - 5 < slot.y + slot.height for slot in slots)


def test_slide_has_the_size_of_a_screen(tmp_path: Path) -> None:
    graph = GRAPHS["neuron"]()
    root = ET.fromstring(graph.save(tmp_path / "slide.svg", width="slide").read_text())
    assert (root.attrib["width"], root.attrib["height"]) == ("1280", "720")
    _, _, wide, high = map(float, root.attrib["viewBox"].split())
    assert wide / high == pytest.approx(16 / 9, abs=0.002)
    with Image.open(graph.save(tmp_path / "slide.png", width="slide")) as image:
        assert image.size == (2560, 1440)
    with Image.open(graph.save(tmp_path / "dark.png", width="slide", theme="dark")) as image:
        background = theme.colours("dark")["--gad-background"]
        assert image.convert("RGB").getpixel((2, 2)) == tuple(int(background[k : k + 2], 16) for k in (1, 3, 5))


@pytest.mark.parametrize(
    ("width", "said", "points"),
    [("column", "3.5in", 252), ("page", "7in", 504), ("85mm", "85mm", 240.945), ("252pt", "252pt", 252),
     ("9cm", "9cm", 255.118), (600, "600", 450), ("600px", "600", 450), ("slide", "1280", 960), (" 4 IN ", "4in", 288)],
)  # fmt: skip
def test_page_has_the_width_that_was_asked_for(width: float | str, said: str, points: float) -> None:
    drawn = fitted(figures.fan_out(), width)
    assert drawn.page is not None
    root = ET.fromstring(to_svg(drawn))
    assert root.attrib["width"] == said
    assert pixels(root.attrib["height"]) == pytest.approx(drawn.page.pixels[1], abs=0.1)
    box = re.search(rb"/MediaBox \[ 0 0 ([0-9.]+) ([0-9.]+) \]", to_pdf(drawn))
    assert box
    assert float(box[1]) == pytest.approx(points, abs=0.01)
    assert float(box[2]) == pytest.approx(drawn.page.pixels[1] / POINT, abs=0.01)
    wide, high = drawn.page.view[2:]
    assert drawn.page.pixels[0] / wide == pytest.approx(drawn.page.pixels[1] / high)


def test_png_has_the_pixels_of_its_page() -> None:
    drawn = fitted(figures.neuron(), "column")
    assert drawn.page is not None
    for scale in (1.0, 2.5):
        with Image.open(io.BytesIO(to_png(drawn, scale=scale))) as image:
            assert image.size == (336 * scale, int(drawn.page.pixels[1] * scale + 1e-6))


@pytest.mark.parametrize(
    "width", ["wide", "85", "furlongs", "85 furlongs", "mm", "", "-3in", "1e3px", True, (3,), [1], b"3in"]
)
def test_unknown_widths_are_named(width: Any) -> None:
    with pytest.raises(ArgumentError, match=re.escape(f"unknown width: {width!r} (must be a number of px, a length")):
        fitted(figures.chain(), width)


@pytest.mark.parametrize("width", [0, -5, 95.9, 9601, "1mm", "200in", float("nan"), float("inf")])
def test_impossible_widths_are_named(width: float | str) -> None:
    with pytest.raises(ArgumentError, match=r"width must lie between 96 and 9600 px .*, not"):
        fitted(figures.chain(), width)


def test_too_much_for_a_slide_says_what_to_write() -> None:
    with pytest.raises(ArgumentError) as caught:
        fitted(figures.large(), "slide")
    said = str(caught.value)
    assert re.search(r"40 nodes does not fit width='slide' .* would have \d+\.\d pt, and 18 pt is the least", said)
    assert "trace a smaller piece" in said
    assert "fold='all'" not in said  # there is nothing to fold
    with pytest.raises(ArgumentError, match=r"'slide'.*fold='all'"):
        View(gad.trace(sin_chain_in_a_scope, 0.5), width="slide").svg()
    with pytest.raises(ArgumentError, match=r"and 6 pt is the least.*width='page'"):
        fitted(figures.large(), "column")
    with pytest.raises(ArgumentError, match=r"width='120px'.*a larger width"):
        fitted(figures.neuron(), 120)


@pytest.mark.parametrize(("direction", "axis", "sign"), [("LR", 0, 1), ("RL", 0, -1), ("TB", 1, 1), ("BT", 1, -1)])
def test_a_direction_that_was_said_is_kept(direction: str, axis: int, sign: int) -> None:
    drawn = fitted(figures.chain(), "column", direction=direction)
    lines = [item.items[0] for item in drawn.items if isinstance(item, Group) and "gad-edge" in item.classes]
    tips = [line.commands[-1][1][-1][axis] - line.commands[-1][1][-2][axis] for line in lines]  # type: ignore[union-attr]
    assert all(sign * tip > 0 for tip in tips)


def test_a_direction_that_was_not_said_is_chosen(tmp_path: Path) -> None:
    graph = GRAPHS["neuron of two inputs"]()
    free = fitted(View(graph).scene, "column")
    both = [fitted(View(graph).scene, "column", direction=way) for way in ("LR", "TB")]
    assert free in both
    saved = graph.save(tmp_path / "free.svg", width="column").read_text()
    assert saved == to_svg(free)
    assert graph.save(tmp_path / "lr.svg", width="column", direction="LR").read_text() == to_svg(both[0])


def test_numbers_are_shown_in_full() -> None:
    scene = SCENES["tiny numbers"]()
    for width in PRESETS:
        words = {item.text for item in parts(fitted(scene, width).items) if isinstance(item, Text)}
        for node in scene.nodes:
            assert {node.value_text, node.adjoint_text} <= words
        for edge in scene.edges:
            assert {f"∂ {edge.local_text}", f"▼ {edge.contribution_text}"} <= words


def test_long_names_keep_both_ends() -> None:
    words = [item.text for item in parts(fitted(SCENES["long names"](), "slide").items) if isinstance(item, Text)]
    assert "learning_rate" in words
    assert any(re.fullmatch(r"a_very_.*….*ends", word) for word in words)


def test_absurd_numbers_are_shortened_and_not_cut_off() -> None:
    graph = gad.trace(lambda x: np.exp(x) * 1e200, -1 / 3)
    drawn = fitted(View(graph, precision=17).scene, "page")
    for group in (item for item in drawn.items if isinstance(item, Group) and "gad-node" in item.classes):
        (box,) = [item for item in group.items if isinstance(item, Box) and "gad-box" in item.classes]
        assert all(
            box.x < span(item)[0] < span(item)[1] < box.x + box.width for item in group.items if isinstance(item, Text)
        )


@pytest.mark.parametrize("width", PRESETS)
def test_a_small_graph_is_not_blown_up(width: str) -> None:
    drawn = fitted(SCENES["one sine"](), width)
    assert drawn.page is not None
    scale = drawn.page.pixels[0] / drawn.page.view[2]
    assert smallest(drawn.items) * scale <= PRESETS[width].largest * 1.001
    left, _, wide, _ = drawn.page.view
    outer = boxes(drawn, "gad-box")
    begin, end = min(box.x for box in outer), max(box.x + box.width for box in outer)
    assert begin - left == pytest.approx(left + wide - end, abs=8)  # in the middle


def test_legend_is_at_the_bottom_and_as_wide_as_the_page() -> None:
    for width in ("column", "slide"):
        drawn = fitted(figures.fan_out(), width)
        assert drawn.legend is not None
        assert drawn.page is not None
        top = min(item.y - 20 for item in parts([drawn.legend]) if isinstance(item, Text))
        assert all(box.y + box.height < top + 10 for box in boxes(drawn, "gad-box"))
        rows = {round(item.y) for item in parts([drawn.legend]) if isinstance(item, Text) and "gad-key" in item.classes}
        assert len(rows) == {"column": 3, "slide": 2}[width]


def test_a_slide_gives_up_its_legend_before_its_text() -> None:
    drawn = fitted(SCENES["1-1-1 net"](), "slide")
    assert drawn.legend is None
    assert fitted(SCENES["1-1-1 net"](), "column").legend is not None


def test_a_step_stands_where_the_complete_picture_does(tmp_path: Path) -> None:
    graph = GRAPHS["neuron"]()
    whole = ET.fromstring(graph.save(tmp_path / "whole.svg", width="slide").read_text())
    early = ET.fromstring(graph.save(tmp_path / "early.svg", width="slide", step=3).read_text())
    assert whole.attrib["viewBox"] == early.attrib["viewBox"]
    rects = [
        [node.find(f"{SVG}rect").attrib["x"] for node in root.iter(f"{SVG}g") if "gad-node" in node.get("class", "")]  # type: ignore[union-attr]
        for root in (whole, early)
    ]
    assert rects[0] == rects[1]
    assert min(sizes((tmp_path / "early.svg").read_text())) >= 24


def test_running_sums_have_the_size_of_other_numbers(tmp_path: Path) -> None:
    graph = GRAPHS["tangle"]()
    for step in range(len(View(graph).scene.steps)):
        path = graph.save(tmp_path / "step.svg", width="slide", step=step)
        assert min(sizes(path.read_text())) >= 24, step


def test_heat_maps_are_given_up_before_the_figure_is() -> None:
    def layer(W: Any, x: Any) -> Any:
        h = np.tanh(W @ x)
        return np.sum(h**2)

    scene = View(gad.trace(layer, np.linspace(-1, 1, 15).reshape(5, 3), np.array([1.0, -2.0, 0.5]))).scene
    assert any(node.value_cells for node in scene.nodes)
    wide, narrow = fitted(scene, "page"), fitted(scene, "70mm", direction="TB")
    assert boxes(wide, "gad-grid")
    seen = sizes(to_svg(narrow))
    assert min(seen) >= 6 * POINT


def test_a_width_is_for_pictures(tmp_path: Path) -> None:
    for suffix in ("html", "dot", "json", "txt"):
        with pytest.raises(ArgumentError, match="what has a width is a picture"):
            GRAPHS["x² + x"]().save(tmp_path / f"figure.{suffix}", width="slide")
        assert not list(tmp_path.iterdir())


def test_long_arrays_do_not_make_wide_nodes() -> None:
    scene = figures.tensors()
    hand = Compact(scene)
    assert max(hand.form(node, "reverse").outer[0] for node in scene.nodes) < 240
    drawn = hand.draw(scene.nodes[0], hand.form(scene.nodes[0], "reverse"), (0, 0))
    assert any(isinstance(item, Text) and "…" in item.text for item in parts([drawn]))


def test_lines_are_scaled_with_the_picture() -> None:
    drawn = fitted(figures.neuron(), "column")
    assert drawn.page is not None
    unit = 252 / drawn.page.view[2]
    widest = max(
        artist.get_linewidth() for artist in mpl._figure(drawn, "light", 72).artists if hasattr(artist, "get_linewidth")
    )
    assert widest == pytest.approx(5 * unit)  # the bar of an input
    assert unit < 0.7


def test_same_bytes_every_time() -> None:
    scene = figures.neuron()
    assert to_svg(fitted(scene, "slide")) == to_svg(fitted(scene, "slide"))
    assert to_pdf(fitted(scene, "column")) == to_pdf(fitted(scene, "column"))


def test_without_a_width_nothing_changes(tmp_path: Path) -> None:
    graph = GRAPHS["fork"]()
    root = ET.fromstring(graph.save(tmp_path / "plain.svg").read_text())
    assert root.attrib["viewBox"] == f"0 0 {root.attrib['width']} {root.attrib['height']}"


def test_all_texts_of_compact_nodes_have_one_size() -> None:
    scene = figures.neuron()
    hand = Compact(scene)
    for node in scene.nodes:
        drawn = hand.draw(node, hand.form(node, "reverse"), (0, 0))
        found = {
            text_size(item) for item in parts([drawn]) if isinstance(item, Text) and "gad-sign" not in item.classes
        }
        assert found == {13}


def test_inches_are_inches() -> None:
    assert format_of("1in").width == INCH == format_of("25.4mm").width == format_of("72pt").width == format_of(96).width
