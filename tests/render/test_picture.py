"""The display list: what stands where, what depends on what, and what is told apart by form."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import pytest

from graphviz_ad.render import fit, metrics, theme
from graphviz_ad.render.display import Picture, picture
from graphviz_ad.render.items import Box, Group, Item, Path, Text, parts
from graphviz_ad.story.scene import Scene
from tests.render import figures

ENGINE = "layered"
SCENES = sorted(figures.ALL)


def draw(scene: Scene, direction: str = "LR") -> Picture:
    return picture(scene, direction=direction, engine=ENGINE)


def groups(drawn: Picture, name: str) -> list[Group]:
    return [item for item in drawn.items if isinstance(item, Group) and name in item.classes]


def node(drawn: Picture, name: str) -> Group:
    (found,) = [group for group in groups(drawn, "gad-node") if dict(group.hooks)["data-node"] == name]
    return found


def only(group: Group, name: str) -> Item:
    (found,) = [item for item in parts([group]) if name in item.classes]
    return found


def words(group: Group, name: str) -> str:
    found = only(group, name)
    found = found.items[-1] if isinstance(found, Group) else found
    assert isinstance(found, Text)
    return found.text


def has(group: Group, name: str) -> bool:
    return any(name in item.classes for item in parts([group]))


def box(group: Group, name: str = "gad-box") -> Box:
    found = only(group, name)
    assert isinstance(found, Box)
    return found


def inside(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def span(text: Text) -> tuple[float, float]:
    """Left and right end of a text."""
    style = theme.style(*text.classes)
    font = "mono" if "Mono" in style["font-family"] else "bold" if style.get("font-weight") == "700" else "sans"
    size = text.size or float(style["font-size"].removesuffix("px"))
    width = text.length or metrics.width(text.text, font, 1) * size / metrics.UNITS
    left = {"start": text.x, "middle": text.x - width / 2, "end": text.x - width}[style.get("text-anchor", "start")]
    return left, left + width


def test_numbers_of_the_chain() -> None:
    drawn = draw(figures.chain())
    assert words(node(drawn, "x"), "gad-value") == "1.5"
    assert words(node(drawn, "x"), "gad-adjoint") == "95.06"
    assert words(node(drawn, "y"), "gad-value") == "34.33"
    assert words(node(drawn, "y"), "gad-adjoint") == "1"
    assert words(node(drawn, "v1"), "gad-operation") == "power 2"
    numbers = {
        dict(e.hooks)["data-input"]: (words(e, "gad-local"), words(e, "gad-contribution"))
        for e in groups(drawn, "gad-edge")
    }
    assert numbers == {"x": ("∂ 3", "▼ 95.06"), "v1": ("∂ 1", "▼ 31.69"), "v2": ("∂ 31.69", "▼ 31.69")}


def test_fixture_sweeps() -> None:
    """The fixtures' own numbers, against the ones derived by hand."""
    adjoints = {n.name: float(n.adjoint) for n in figures.fan_out().nodes if n.adjoint}
    assert adjoints == {"a": 25, "b": 19, "c": 7, "d": 6, "e": 1, "f": 1, "y": 1}
    adjoints = {n.name: float(n.adjoint) for n in figures.neuron().nodes if n.adjoint}
    assert adjoints["w1"] == pytest.approx(0.230482, abs=1e-6)
    assert adjoints["b1"] == pytest.approx(0.115241, abs=1e-6)
    assert adjoints["w2"] == pytest.approx(-1.538150, abs=1e-6)
    assert adjoints["b2"] == pytest.approx(-2.050156, abs=1e-6)


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_every_part_stands_inside_its_own(name: str, direction: str) -> None:
    drawn = draw(figures.ALL[name](), direction)
    for group in groups(drawn, "gad-node"):
        outer = box(group)
        slots = [item for item in group.items if isinstance(item, Box) and item.classes[0].startswith("gad-slot")]
        assert all(inside(slot, outer) for slot in slots)
        value, *backward = slots
        assert all(value.y + value.height < slot.y for slot in backward)
        for item in group.items:
            if isinstance(item, Text):
                left, right = span(item)
                assert outer.x + 5 <= left, (item, outer)
                assert right <= outer.x + outer.width - 5, (item, outer)
    everything = Box((), 0, 0, drawn.width, drawn.height)
    assert all(inside(box(group, rim), everything) for group in groups(drawn, "gad-node") for rim in ("gad-box",))


@pytest.mark.parametrize("name", SCENES)
def test_texts_of_a_slot_do_not_touch(name: str) -> None:
    for group in groups(draw(figures.ALL[name]()), "gad-node"):
        if has(group, "gad-adjoint"):
            number = only(group, "gad-adjoint")
            for aside in ("gad-counter", "gad-seed"):
                if has(group, aside):
                    remark = only(group, aside)
                    assert isinstance(number, Text)
                    assert isinstance(remark, Text)
                    assert span(number)[1] < span(remark)[0]


@pytest.mark.parametrize("name", SCENES)
def test_a_line_passes_between_its_numbers(name: str) -> None:
    drawn = draw(figures.ALL[name]())
    checked = 0
    for edge in groups(drawn, "gad-edge"):
        if not has(edge, "gad-local"):
            continue
        above, below = box(edge, "gad-chip-local"), box(edge, "gad-chip-contribution")
        assert above.y + above.height < below.y
        line = only(edge, "gad-line")
        assert isinstance(line, Path)
        middle = (above.y + above.height + below.y) / 2
        heights = [y for x, y in curve(line) if abs(x - (above.x + above.width / 2)) < 3]
        assert heights
        assert all(abs(y - middle) <= 4 for y in heights)
        checked += 1
    assert checked


def curve(path: Path) -> Iterator[tuple[float, float]]:
    start = path.commands[0][1][0]
    for letter, points in path.commands[1:]:
        assert letter == "C"
        b, c, d = points
        for step in range(201):
            t = step / 200
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            corners = (start, b, c, d)
            yield (
                sum(w * p[0] for w, p in zip(weights, corners, strict=True)),
                sum(w * p[1] for w, p in zip(weights, corners, strict=True)),
            )
        start = d


@pytest.mark.parametrize("name", SCENES)
def test_nothing_moves_when_numbers_change(name: str) -> None:
    scene = figures.ALL[name]()
    other = dataclasses.replace(
        scene,
        nodes=tuple(
            dataclasses.replace(n, value_text="-1.235e-05", adjoint_text=n.adjoint_text and "-9.876e+22")
            for n in scene.nodes
        ),
        edges=tuple(
            dataclasses.replace(e, local_text=e.local_text and "7", contribution_text=e.local_text and "-1.235e-05")
            for e in scene.edges
        ),
    )
    one, two = draw(scene), draw(other)
    assert (one.width, one.height, one.legend) == (two.width, two.height, two.legend)
    still = ("gad-box", "gad-name", "gad-line", "gad-arrow", "gad-slot-value", "gad-slot-adjoint", "gad-break")
    for before, after in zip(one.items, two.items, strict=True):
        kept = [[i for i in parts([group]) if i.classes[0] in still] for group in (before, after)]
        assert kept[0] == kept[1]


def test_longest_number_is_shown_in_full() -> None:
    scene = figures.fan_out()
    numbers = [dataclasses.replace(n, value_text="-1.235e-308", adjoint_text="-1.235e-308") for n in scene.nodes]
    drawn = draw(dataclasses.replace(scene, nodes=tuple(numbers)))
    for group in groups(drawn, "gad-node"):
        assert words(group, "gad-value") == "-1.235e-308"
        assert words(group, "gad-adjoint") == "-1.235e-308"


def test_arrays_are_shortened_at_their_end() -> None:
    group = node(draw(figures.tensors()), "W1")
    assert words(group, "gad-value").startswith("[[0.1257, -0.1")
    assert words(group, "gad-value").endswith("…")
    assert words(group, "gad-shape") == "(3, 2)"


def test_roles_and_kinds_are_told_apart_by_form() -> None:
    drawn = draw(figures.neuron())
    for name, role in {"w1": "parameter", "x": "data", "t": "target"}.items():
        group = node(drawn, name)
        assert words(group, "gad-operation") == role
        assert has(group, "gad-bar")
        assert box(group).radius > box(node(drawn, "z")).radius
    assert not has(node(drawn, "z"), "gad-bar")
    assert has(node(drawn, "L"), "gad-rim")
    assert not has(node(drawn, "e"), "gad-rim")

    drawn = draw(figures.broken())
    table = node(drawn, "table")
    assert words(table, "gad-operation") == "constant"
    assert box(table).radius < box(node(drawn, "v1")).radius


def test_what_has_no_adjoint_has_no_slot_for_one() -> None:
    drawn = draw(figures.broken())
    for name in ("inside", "table"):
        assert has(node(drawn, name), "gad-slot-value")
        assert not has(node(drawn, name), "gad-slot-adjoint")
        assert not has(node(drawn, name), "gad-adjoint")
    assert words(node(drawn, "inside"), "gad-shape") == "bool"
    assert has(node(drawn, "v1"), "gad-slot-adjoint")


def test_input_without_path() -> None:
    drawn = draw(figures.broken())
    assert words(node(drawn, "unused"), "gad-note") == "no path from the output"
    assert words(node(drawn, "unused"), "gad-adjoint") == "0"
    assert not has(node(drawn, "x"), "gad-note")


def test_cut_edge() -> None:
    drawn = draw(figures.broken())
    (cut,) = groups(drawn, "gad-cut")
    assert dict(cut.hooks)["data-consumer"] == "inside"
    assert has(cut, "gad-break")
    assert not has(cut, "gad-local")
    assert not has(cut, "gad-contribution")
    assert "stroke-dasharray" in theme.style(*only(cut, "gad-line").classes)


def test_counters_only_where_there_is_a_sum() -> None:
    drawn = draw(figures.fan_out())
    shown = {
        dict(g.hooks)["data-node"]: words(g, "gad-counter") for g in groups(drawn, "gad-node") if has(g, "gad-counter")
    }
    assert shown == dict.fromkeys("abcd", "Σ 2/2")
    assert words(node(drawn, "y"), "gad-seed") == "seed"


def test_forward_mode_shows_tangents() -> None:
    scene = figures.chain()
    nodes = tuple(
        dataclasses.replace(n, adjoint=None, adjoint_text=None, tangent="1.0", tangent_text="1") for n in scene.nodes
    )
    edges = tuple(dataclasses.replace(e, contribution=None, contribution_text=None) for e in scene.edges)
    drawn = draw(dataclasses.replace(scene, nodes=nodes, edges=edges, mode="forward"))
    assert words(node(drawn, "v1"), "gad-tangent") == "1"
    assert not has(node(drawn, "v1"), "gad-slot-adjoint")
    assert dict(node(drawn, "v1").hooks)["data-tangent"] == "1.0"
    assert drawn.legend is not None
    assert "tangent" in [item.text for item in drawn.legend.items if isinstance(item, Text)]


def legend_words(drawn: Picture) -> list[str]:
    assert drawn.legend is not None
    return [item.text for item in drawn.legend.items if isinstance(item, Text) and "gad-key" in item.classes]


def test_legend_says_what_there_is() -> None:
    assert "no derivative passes" in legend_words(draw(figures.broken()))
    assert "no derivative passes" not in legend_words(draw(figures.chain()))
    assert "contributions added" in legend_words(draw(figures.fan_out()))
    assert "contributions added" not in legend_words(draw(figures.chain()))


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_legend_fits(direction: str) -> None:
    drawn = draw(figures.chain(), direction)
    assert drawn.legend is not None
    for item in drawn.legend.items:
        if isinstance(item, Text):
            left, right = span(item)
            assert left >= 0
            assert right <= drawn.legend_width
            assert drawn.height < item.y < drawn.height + drawn.legend_height


def test_values_alone_need_neither_empty_slots_nor_a_legend() -> None:
    """Several outputs without a seed: nothing was swept."""
    scene = figures.chain()
    nodes = tuple(dataclasses.replace(n, adjoint=None, adjoint_text=None) for n in scene.nodes)
    drawn = draw(dataclasses.replace(scene, nodes=nodes, edges=()))
    assert drawn.legend is None
    assert drawn.legend_height == 0
    assert not any(has(group, "gad-slot-adjoint") or has(group, "gad-seed") for group in groups(drawn, "gad-node"))


def test_arrow_ends_at_the_consumer() -> None:
    drawn = draw(figures.chain())
    for edge in groups(drawn, "gad-edge"):
        target = node(drawn, dict(edge.hooks)["data-consumer"])
        border = box(target, "gad-rim") if has(target, "gad-rim") else box(target)
        arrow = only(edge, "gad-arrow")
        assert isinstance(arrow, Path)
        tip = arrow.commands[1][1][0]
        assert tip[0] == border.x
        assert border.y < tip[1] < border.y + border.height


def test_names_are_shortened_but_kept_in_the_title() -> None:
    drawn = draw(figures.chain("a_rather_long_name_for_the_weight_of_one_connection"))
    group = node(drawn, "a_rather_long_name_for_the_weight_of_one_connection")
    assert "…" in words(group, "gad-name")
    assert "a_rather_long_name_for_the_weight_of_one_connection" in group.title


def test_number_shrinks_before_it_is_shortened() -> None:
    fits = fit.number(("gad-value",), 0, 0, "1.5", 80)
    assert (fits.size, fits.length, fits.text) == (None, None, "1.5")
    smaller = fit.number(("gad-value",), 0, 0, "1.23456789012", 80)
    assert smaller.text == "1.23456789012"
    assert smaller.size is not None
    assert smaller.size < 13
    assert smaller.length is not None
    assert smaller.length <= 80
    shortened = fit.number(("gad-value",), 0, 0, "1" * 5000, 80)
    assert shortened.text.endswith("…")
    assert shortened.length is not None
    assert shortened.length <= 80


def test_coordinates_are_finite() -> None:
    for name in SCENES:
        for item in parts(draw(figures.ALL[name]()).items):
            if isinstance(item, Path):
                assert all(math.isfinite(v) for _, points in item.commands for point in points for v in point)


def test_what_is_pushed_forwards_points_forwards() -> None:
    import graphviz_ad as gad
    from graphviz_ad.story.staging import stage

    graph = gad.trace(lambda a, b: (a + b) * a, 2.0, 3.0)
    forward = picture(stage(graph, mode="forward", seed={"a": 1.0}))
    words = [item.text for item in parts(forward.items) if isinstance(item, Text)]
    assert sum(text.startswith("\u25b6 ") for text in words) == 4
    assert not any(text.startswith("\u25bc ") for text in words)
    titles = [item.title for item in parts(forward.items) if isinstance(item, Group)]
    assert "a adds 1 to the tangent of v1" in titles
    back = [item.text for item in parts(picture(stage(graph)).items) if isinstance(item, Text)]
    assert sum(text.startswith("\u25bc ") for text in back) == 4
    assert not any(text.startswith("\u25b6 ") for text in back)


def test_a_seed_that_is_added_to_contributions_is_named() -> None:
    import graphviz_ad as gad
    from graphviz_ad.story.staging import stage

    def two(x):
        a = x * 2.0
        return a, a * 3.0, x + 1.0

    graph = gad.trace(two, 1.0).backward({"a": 1.0, "out": 5.0})
    words = [item.text for item in parts(picture(stage(graph)).items) if isinstance(item, Text)]
    assert "Σ 1/1 + seed" in words
    assert words.count("seed") == 1  # of the two other results, one got a seed
