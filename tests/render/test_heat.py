"""Heat maps, masks and collapsed groups as they are drawn; without colours, everything is still told apart."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

import graphviz_ad as gad
from graphviz_ad.render import edges, heat, nodes, theme
from graphviz_ad.render.display import Picture, picture
from graphviz_ad.render.items import Box, Group, Item, Path, Text, parts
from graphviz_ad.render.mpl import to_png
from graphviz_ad.render.svg import to_svg
from graphviz_ad.story.scene import Cells, Scene
from graphviz_ad.story.staging import stage
from tests.render import figures
from tests.render.test_picture import box, groups, has, inside, node, only, words
from tests.render.test_theme import contrast, fill, luminance

LEVELS = tuple(heat.heat_class(level) for level in range(-5, 6))


def layer(X, W, b):
    z = X @ W + b
    h = np.maximum(z, 0)
    loss = np.sum(h**2)
    return loss


def scene(seed: int = 0, low: float = -1.0) -> Scene:
    rng = np.random.default_rng(seed)
    X, W, b = rng.uniform(low, 1, (4, 3)), rng.uniform(low, 1, (3, 5)), rng.uniform(low, 1, 5)
    return stage(gad.trace(layer, gad.constant(X), W, b))


def draw(shown: Scene, direction: str = "LR") -> Picture:
    return picture(shown, direction=direction, engine="layered")


def grey(drawn: Picture, scheme: str = "light", scale: int = 4) -> np.ndarray:
    with Image.open(io.BytesIO(to_png(drawn, theme=scheme, scale=scale))) as image:
        return np.asarray(image.convert("L")).astype(int)


def alone(cells: Cells) -> Picture:
    """A picture of nothing but one grid."""
    width, height = heat.size(cells)
    items = (Box(("gad-background",), 0, 0, width + 4, height + 4), *heat.draw(cells, 2, 2))
    return Picture("cells", "", width + 4, height + 4, "", items, None, 0, 0)


def extent(path: Path) -> tuple[float, float, float, float]:
    points = [point for _, group in path.commands for point in group]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


# -- where cells stand ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_heat_maps_stand_in_their_slots_below_the_number(direction: str) -> None:
    drawn = draw(scene(), direction)
    for name, kinds in {"X": ("value",), "W": ("value", "adjoint"), "h": ("value", "adjoint"), "loss": ()}.items():
        group = node(drawn, name)
        for kind in ("value", "adjoint", "tangent"):
            assert has(group, f"gad-heat-{kind}") == (kind in kinds), (name, kind)
        for kind in kinds:
            found = only(group, f"gad-heat-{kind}")
            assert isinstance(found, Group)
            grid, number = box(found, "gad-grid"), only(group, f"gad-{kind}")
            assert isinstance(number, Text)
            assert inside(grid, box(group, f"gad-slot-{kind}"))
            assert grid.y > number.y
            for cell in found.items:
                if isinstance(cell, Path):
                    left, top, right, bottom = extent(cell)
                    assert inside(Box((), left, top, right - left, bottom - top), grid)


def test_scalars_keep_their_size() -> None:
    """A picture without arrays is what it is without heat maps."""

    def f(x):
        return np.maximum(0, x**2) * x

    graph = gad.trace(f, 1.5)
    assert to_svg(draw(stage(graph))) == to_svg(draw(stage(graph, show=())))


def structure(drawn: Picture) -> list[Item]:
    still = ("gad-box", "gad-line", "gad-arrow", "gad-slot-value", "gad-slot-adjoint", "gad-grid", "gad-name")
    return [part for part in parts(drawn.items) if part.classes[0] in still]


def test_nothing_moves_when_numbers_change() -> None:
    usual = draw(scene())
    for other in (scene(1), scene(2, low=0.5)):
        assert structure(draw(other)) == structure(usual)
    for number in (0.0, np.nan, 1e300):
        X, W, b = np.full((4, 3), number), np.zeros((3, 5)), np.ones(5)
        assert structure(draw(stage(gad.trace(layer, gad.constant(X), W, b)))) == structure(usual)


def test_size_depends_on_the_shape() -> None:
    assert heat.size(Cells(4, 3, (0,) * 12)) == (39, 51)
    assert heat.size(Cells(8, 8, (0,) * 64)) == (51, 51)
    assert heat.size(Cells(8, 8, (0,) * 64, note="means")) == (50, 50)
    assert heat.size(Cells(1, 3, (0,) * 3)) == (39, 15)
    assert heat.size(Cells(8, 1, (0,) * 8)) == (15, 51)
    assert heat.size(Cells(8, 4, (0,) * 32, slices=2)) == (27, 54)
    for cells in (Cells(rows, columns, (1,) * rows * columns) for rows in range(1, 9) for columns in range(1, 9)):
        assert heat.size(cells)[0] <= 99
        assert heat.size(cells)[1] <= 51


def test_one_path_to_a_level() -> None:
    cells = Cells(2, 4, (1, 1, -5, -5, -1, 0, None, 1))
    names = [item.classes for item in heat.draw(cells, 0, 0)]
    assert len(names) == len(set(names))
    assert {name for (name,) in names} == {
        "gad-grid", "gad-heat-p1", "gad-heat-n1", "gad-heat-n5", "gad-heat-zero",
        "gad-heat-nan", "gad-heat-minus-weak", "gad-heat-minus-strong",
    }  # fmt: skip
    (ones,) = [item for item in heat.draw(cells, 0, 0) if item.classes == ("gad-heat-p1",)]
    assert isinstance(ones, Path)
    assert [letter for letter, _ in ones.commands].count("M") == 3


def test_cells_that_are_entries_stand_apart_and_means_touch() -> None:
    def gap(note: str) -> float:
        (path,) = [item for item in heat.draw(Cells(1, 2, (3, 3), note=note), 0, 0) if isinstance(item, Path)]
        xs = [x for _, points in path.commands for x, _ in points]
        return xs[4] - xs[1]

    assert gap("") == 1
    assert gap("1 × 20 as means of blocks") == 0


def test_stacked_matrices_stand_apart() -> None:
    (path,) = [item for item in heat.draw(Cells(4, 1, (2,) * 4, slices=2), 0, 0) if isinstance(item, Path)]
    tops = [points[0][1] for letter, points in path.commands if letter == "M"]
    steps = np.diff(tops)
    assert steps[0] == steps[2] == steps[1] - heat.APART


def test_masks_stand_on_the_edge_instead_of_a_number() -> None:
    shown = scene()
    (gate,) = [edge for edge in shown.edges if edge.mask is not None]
    drawn = draw(shown)
    for group in groups(drawn, "gad-edge"):
        is_gate = dict(group.hooks)["data-edge"] == str(gate.index)
        assert has(group, "gad-mask-on") == is_gate
        if is_gate:
            local = only(group, "gad-local")
            assert isinstance(local, Group)
            assert inside(box(local, "gad-grid"), box(local, "gad-chip-local"))
            assert "\u2202h/\u2202z" in local.title
            chip, sent = box(local, "gad-chip-local"), box(group, "gad-chip-contribution")
            assert chip.y + chip.height < sent.y
            names = {item.id: item for item in shown.nodes}
            room = edges.label_size(gate, names[gate.input], names[gate.consumer])
            assert room is not None
            assert room[1] == 2 * chip.height + edges.CHIP_GAP  # the line runs through its middle


def test_a_mask_is_filled_by_how_much_is_on() -> None:
    def area(level: int) -> float:
        path = next(
            item for item in heat.draw(Cells(1, 1, (level,), mask=True), 0, 0) if item.classes == ("gad-mask-on",)
        )
        assert isinstance(path, Path)
        left, top, right, bottom = extent(path)
        return (right - left) * (bottom - top)

    areas = [area(level) / area(5) for level in (1, 2, 3, 4)]
    assert areas == pytest.approx([0.2, 0.4, 0.6, 0.8])
    names = {item.classes[0] for item in heat.draw(Cells(1, 1, (0,), mask=True), 0, 0)}
    assert names == {"gad-grid", "gad-mask-off"}


# -- collapsed groups -------------------------------------------------------------------------------------------------


def collapsed(**changes: object) -> Group:
    chain = figures.chain()
    nodes = [
        dataclasses.replace(n, kind="group", operation="12 operations") if n.name == "v2" else n for n in chain.nodes
    ]
    nodes = [dataclasses.replace(n, **changes) if n.name == "v2" else n for n in nodes]  # type: ignore[arg-type]
    return node(draw(dataclasses.replace(chain, nodes=tuple(nodes))), "v2")


def test_a_group_looks_like_a_stack_and_shows_its_one_value() -> None:
    group = collapsed()
    assert sum("gad-stack" in item.classes for item in group.items) == 4  # two sheets, above and below
    assert words(group, "gad-operation") == "12 operations"
    assert words(group, "gad-value") == "3.25"
    assert words(group, "gad-adjoint") == "31.69"
    assert not has(node(draw(figures.chain()), "v2"), "gad-stack")
    front = box(group)
    chain = figures.chain()
    spare = nodes.form(dataclasses.replace(chain.nodes[2], kind="group"), "reverse").outer[1] - front.height
    for item in group.items:
        if isinstance(item, Path) and "gad-stack" in item.classes:
            left, top, right, bottom = extent(item)
            assert front.x < left
            assert right < front.x + front.width
            assert bottom <= front.y or top >= front.y + front.height
            assert max(front.y - top, bottom - front.y - front.height) <= spare / 2


def test_a_group_with_several_values_says_so() -> None:
    group = collapsed(value=None, value_text="3 outputs", adjoint=None, adjoint_text=None)
    assert words(group, "gad-outputs") == "3 outputs"
    for name in ("gad-value", "gad-slot-value", "gad-adjoint", "gad-slot-adjoint", "gad-glyph-value"):
        assert not has(group, name)
    assert "data-value" not in dict(group.hooks)
    assert "data-adjoint" not in dict(group.hooks)
    text = only(group, "gad-outputs")
    assert isinstance(text, Text)
    assert text.x == box(group).x + box(group).width / 2


def test_edges_end_at_a_groups_box() -> None:
    def f(x):
        with gad.scope("block"):
            y = np.sin(x) * 2.0
        return y * x

    drawn = draw(stage(gad.trace(f, 1.0), fold="all"))
    front = box(node(drawn, "block"))
    (into,) = [edge for edge in groups(drawn, "gad-edge") if dict(edge.hooks)["data-consumer"] == "block"]
    arrow = only(into, "gad-arrow")
    assert isinstance(arrow, Path)
    assert arrow.commands[1][1][0][0] == front.x


def test_parallel_edges_are_clearly_two() -> None:
    def f(x):
        b = x
        return x * b

    for direction in ("LR", "TB"):
        one, two = groups(draw(stage(gad.trace(f, 3.0)), direction), "gad-edge")
        assert [dict(edge.hooks)["data-argnum"] for edge in (one, two)] == ["0", "1"]
        first, second = only(one, "gad-arrow"), only(two, "gad-arrow")
        assert isinstance(first, Path)
        assert isinstance(second, Path)
        (a,), (b,) = first.commands[1][1], second.commands[1][1]
        assert max(abs(a[0] - b[0]), abs(a[1] - b[1])) >= 10  # arrows end apart
        chips = [[box(edge, f"gad-chip-{kind}") for kind in ("local", "contribution")] for edge in (one, two)]
        for ours in chips[0]:
            for theirs in chips[1]:
                apart = ours.x + ours.width <= theirs.x or theirs.x + theirs.width <= ours.x
                assert apart or ours.y + ours.height <= theirs.y or theirs.y + theirs.height <= ours.y


# -- the legend -------------------------------------------------------------------------------------------------------


def key(drawn: Picture) -> list[str]:
    assert drawn.legend is not None
    return [item.text for item in drawn.legend.items if isinstance(item, Text)]


def test_legend_shows_each_scale_with_its_ends_and_zero() -> None:
    shown = dataclasses.replace(scene(), scales=(("value", "0.6", "2.4"), ("adjoint", "2.5", "10")))
    texts = key(draw(shown))
    for text in ("−2.4", "−0.6", "0", "0.6", "2.4", "−10", "−2.5", "2.5", "10"):
        assert text in texts
    assert "mask: on, off" in texts
    assert "NaN or ±∞" not in texts
    assert "touching cells: means of blocks" not in texts
    drawn = draw(shown)
    assert drawn.legend is not None
    for name in LEVELS:
        assert sum(name in part.classes for part in parts([drawn.legend])) == 2


def test_legend_says_what_else_there_is() -> None:
    x = np.ones((9, 9))
    x[0, 0] = np.nan
    texts = key(draw(stage(gad.trace(lambda x: np.sum(x), x))))
    assert "touching cells: means of blocks" in texts
    assert "NaN or ±∞" in texts
    assert "mask: on, off" not in texts
    assert "several operations" not in texts

    def f(x):
        with gad.scope("block"):
            y = np.sin(x) * 2.0
        return y

    assert "several operations" in key(draw(stage(gad.trace(f, 1.0), fold="all")))


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_legend_with_scales_fits(direction: str) -> None:
    drawn = draw(scene(), direction)
    assert drawn.legend is not None
    page = Box((), 0, drawn.height, drawn.legend_width, drawn.legend_height)
    for item in drawn.legend.items:
        if isinstance(item, Box):
            assert inside(item, page), item
        elif isinstance(item, Text):
            assert drawn.height < item.y < drawn.height + drawn.legend_height
    crowded = dataclasses.replace(scene(), scales=(("value", "1.2e-11", "4.8e-11"), ("adjoint", "25", "100")))
    assert "4.8e-11" in key(draw(crowded))
    assert "1.2e-11" not in key(draw(crowded))  # it would touch its neighbours
    assert "25" in key(draw(crowded))


def test_a_picture_of_values_alone_has_a_scale_too() -> None:
    texts = key(draw(stage(gad.trace(lambda x: (x * 2.0, x * 3.0), np.array([1.0, 2.0])))))
    assert "6" in texts
    assert "adjoint" not in texts


# -- colours ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", theme.THEMES)
def test_levels_get_stronger_away_from_zero_and_are_as_strong_on_both_sides(scheme: str) -> None:
    light = [luminance(fill(name, scheme)) for name in LEVELS]
    for side in (light[5:], light[5::-1]):
        assert sorted(side[1:], reverse=scheme == "light") == side[1:]
    for negative, positive in zip(light[4::-1], light[6:], strict=True):
        assert (max(negative, positive) + 0.05) / (min(negative, positive) + 0.05) < 1.15
    assert len({fill(name, scheme) for name in LEVELS}) == 11


# Linear RGB as it is seen without red or without green cones (Machado, Oliveira and Fernandes 2009, severity 1).
PROTAN = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])
DEUTAN = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])


@pytest.mark.parametrize("scheme", theme.THEMES)
@pytest.mark.parametrize("eye", [PROTAN, DEUTAN], ids=["protan", "deutan"])
def test_sign_is_seen_without_red_or_green_cones(eye: np.ndarray, scheme: str) -> None:
    def blue(name: str) -> float:
        """How much bluer than yellow a colour is for this eye, relative to its brightness."""
        colour = fill(name, scheme)
        linear = np.array([(int(colour[k : k + 2], 16) / 255) ** 2.2 for k in (1, 3, 5)])
        seen = eye @ linear
        return float((seen[2] - seen[:2].mean()) / seen.sum())

    for level in range(1, 6):
        assert blue(f"gad-heat-n{level}") > 0.03
        assert blue(f"gad-heat-p{level}") < -0.03


@pytest.mark.parametrize("scheme", theme.THEMES)
def test_every_negative_level_carries_a_minus_that_is_seen(scheme: str) -> None:
    for level in range(-5, 6):
        signs = [item for item in heat.draw(Cells(1, 1, (level,)), 0, 0) if "minus" in item.classes[0]]
        assert len(signs) == (level < 0)
        for sign in signs:
            ink = theme.resolve(theme.style(*sign.classes)["stroke"], scheme)
            assert contrast(ink, fill(heat.heat_class(level), scheme)) >= 3


def test_png_paints_every_level_in_the_stylesheets_colour() -> None:
    cells = Cells(1, 8, (5, 4, 3, 2, 1, 0, -1, -5))
    for scheme in theme.THEMES:
        drawn = alone(cells)
        with Image.open(io.BytesIO(to_png(drawn, theme=scheme, scale=4))) as image:
            pixels = image.convert("RGB")
        for k, level in enumerate(cells.levels):
            assert level is not None
            seen = pixels.getpixel((int((3 + 12 * k + 3) * 4), 24))
            assert "#{:02x}{:02x}{:02x}".format(*seen) == fill(heat.heat_class(level), scheme)  # type: ignore[misc]


# -- without colours --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", theme.THEMES)
def test_grey_cells_still_tell_sign_zero_and_what_is_not_finite(scheme: str) -> None:
    image = grey(alone(Cells(1, 4, (5, -5, 0, None))), scheme)

    def cell(k: int) -> np.ndarray:
        left = (3 + 12 * k) * 4
        return image[3 * 4 + 6 : 3 * 4 + 42, left + 6 : left + 42]

    def marked(k: int) -> bool:
        return bool(np.ptp(cell(k)) > 60)

    assert [marked(k) for k in range(4)] == [False, True, False, True]
    assert abs(int(cell(0)[0, 0]) - int(cell(2)[0, 0])) > 60
    middle = cell(1)[18]
    assert abs(middle[18] - middle[0]) > 60  # a line along the middle: a minus
    assert abs(int(cell(1)[4, 18]) - int(middle[0])) < 10


@pytest.mark.parametrize("scheme", theme.THEMES)
def test_grey_masks_tell_on_from_off(scheme: str) -> None:
    image = grey(alone(Cells(1, 2, (5, 0), mask=True)), scheme)
    on, off = (image[3 * 4 + 12 : 3 * 4 + 36, left + 12 : left + 36] for left in (12, 60))
    assert np.ptp(on) < 5
    assert np.ptp(off) < 5
    assert abs(on.mean() - off.mean()) > 120


def test_the_three_slots_differ_in_form() -> None:
    """Whatever the colours: glyph, line style and slant."""
    drawn = draw(figures.chain())
    group, edge = node(drawn, "v1"), groups(drawn, "gad-edge")[0]
    assert "stroke-dasharray" not in theme.style("gad-slot-value")
    assert "stroke-dasharray" in theme.style("gad-slot-adjoint")
    assert "stroke-dasharray" in theme.style("gad-chip-contribution")
    assert "stroke-dasharray" not in theme.style("gad-chip-local")
    slants = {name: theme.style(name).get("font-style") for name in ("gad-value", "gad-adjoint", "gad-number-local")}
    assert slants == {"gad-value": None, "gad-adjoint": None, "gad-number-local": "italic"}
    assert words(edge, "gad-local")[0] == "\u2202"
    assert words(edge, "gad-contribution")[0] == "\u25bc"
    up, down = (only(group, f"gad-glyph-{kind}") for kind in ("value", "adjoint"))
    assert isinstance(up, Path)
    assert isinstance(down, Path)
    assert up.commands[2][1][0][1] < up.commands[0][1][0][1]  # its tip is above its base
    assert down.commands[2][1][0][1] > down.commands[0][1][0][1]


@pytest.mark.parametrize("scheme", theme.THEMES)
def test_a_grey_print_tells_the_three_slots_apart(scheme: str) -> None:
    """Measured in the pixels of a grey image: which way a glyph points, and whether an outline is dashed."""
    drawn, scale = draw(figures.chain()), 4
    image = grey(drawn, scheme, scale)
    group, edge = node(drawn, "v1"), groups(drawn, "gad-edge")[0]

    def ink(left: float, top: float, right: float, bottom: float) -> np.ndarray:
        area = image[round(top * scale) : round(bottom * scale), round(left * scale) : round(right * scale)]
        ground = np.bincount(area.ravel()).argmax()
        return np.abs(area - ground) > 40

    def points_up(kind: str) -> bool:
        glyph = only(group, f"gad-glyph-{kind}")
        assert isinstance(glyph, Path)
        rows = ink(*np.add(extent(glyph), (-1, -1, 1, 1))).sum(axis=1)
        return bool(rows[: len(rows) // 2].sum() < rows[len(rows) // 2 :].sum())

    def gaps(found: Group, name: str) -> int:
        """How often the upper outline of a box is interrupted."""
        outline = box(found, name)
        x, y, right = outline.x + 8, outline.y, outline.x + outline.width - 8
        drawn_at = ink(x, y - 1.5, right, y + 1.5).any(axis=0)
        return int(np.sum(np.diff(drawn_at.astype(int)) == -1))

    assert points_up("value")
    assert not points_up("adjoint")
    assert gaps(group, "gad-slot-value") <= 1
    assert gaps(group, "gad-slot-adjoint") >= 8
    assert gaps(edge, "gad-chip-contribution") >= 5
    assert box(group, "gad-slot-value").y < box(group, "gad-slot-adjoint").y


def test_svg_writes_level_and_upright_lines_short() -> None:
    square = (("M", ((3, 4),)), ("L", ((9, 4),)), ("L", ((9, 8.5),)), ("L", ((3, 8.5),)), ("Z", ()), ("M", ((3, 9),)))
    slanted = (("L", ((5, 11),)), ("C", ((5, 12), (6, 13), (7, 11))), ("L", ((9, 11),)), ("L", ((9.04, 12),)))
    drawn = Picture("", "", 9, 9, "", (Path(("gad-line",), square + slanted),), None, 0, 0)
    assert 'd="M3 4H9V8.5H3ZM3 9L5 11C5 12 6 13 7 11H9V12"' in to_svg(drawn)
