"""Cells: arrays as at most 8 × 8 levels, zero in the middle, one scale to each kind of number; masks are on or off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.cells import MOST
from graphviz_ad.story.scene import Cells, Scene, SceneNode
from graphviz_ad.story.staging import stage


def shown(scene: Scene, name: str) -> SceneNode:
    (found,) = [node for node in scene.nodes if node.name == name]
    return found


def value_cells(array: Any) -> Cells:
    """The cells of one input's values in a picture in which nothing is larger."""

    def f(x):
        y = x[..., :1]
        return y

    found = shown(stage(gad.trace(f, array)), "x").value_cells
    assert found is not None
    return found


def linear(X, W, b):
    Y = X @ W.T + b
    loss = np.mean(Y**2)
    return loss


def layer() -> gad.Graph:
    rng = np.random.default_rng(0)
    return gad.trace(linear, gad.constant(rng.normal(size=(4, 3))), rng.normal(size=(2, 3)), rng.normal(size=2))


def test_a_matrix_is_drawn_as_it_is() -> None:
    cells = value_cells(np.array([[0.0, 25.0, -25.0], [1.0, 1.1, -9.0]]))
    assert (cells.rows, cells.columns, cells.mask, cells.note) == (2, 3, False, "")
    assert cells.levels == (0, 5, -5, 1, 2, -3)


@pytest.mark.parametrize(
    ("shape", "rows", "columns", "slices"),
    [
        ((3,), 1, 3, 1), ((1, 3), 1, 3, 1), ((3, 1), 3, 1, 1), ((20,), 1, 8, 1), ((5, 20), 5, 8, 1),
        ((16, 32), 8, 8, 1), ((2, 3, 4), 6, 4, 2), ((2, 1, 3, 3), 6, 3, 2), ((1, 1, 6, 6), 6, 6, 1),
        ((4, 8, 8), 8, 8, 4), ((3, 8, 8), 8, 8, 1), ((1, 1, 1, 2), 1, 2, 1),
    ],
)  # fmt: skip
def test_shapes(shape: tuple[int, ...], rows: int, columns: int, slices: int) -> None:
    cells = value_cells(np.ones(shape))
    assert (cells.rows, cells.columns, cells.slices) == (rows, columns, slices)
    assert len(cells.levels) == rows * columns
    assert bool(cells.note) == (rows * columns < np.prod(shape))


def test_larger_arrays_are_means_of_blocks() -> None:
    table = np.zeros((16, 32))
    table[:2, :4] = 4.0  # the first block
    table[14:, 28] = 4.0  # a quarter of the last
    table[2, 4] = -4.0  # an eighth of one
    cells = value_cells(table)
    assert cells.levels[0] == 5
    assert cells.levels[-1] == 3  # √(1/4) of five levels
    assert cells.levels[9] == -2  # √(1/8)
    assert sum(1 for level in cells.levels if level) == 3
    assert cells.note == "16 × 32 as means of blocks"


def test_blocks_cover_every_entry_once() -> None:
    """Of a length that 8 does not divide too: one entry moves one cell."""
    for length in (9, 13, 15, 17):
        for place in range(length):
            row = np.zeros(length)
            row[place] = 1.0
            assert sum(1 for level in value_cells(row).levels if level) == 1


def test_means_do_not_overflow() -> None:
    assert value_cells(np.full((16, 16), 1.7e308)).levels == (5,) * 64
    assert value_cells(np.array([5e-324, -5e-324])).levels == (5, -5)


def test_what_is_not_finite_has_a_level_of_its_own_also_in_a_block() -> None:
    assert value_cells(np.array([np.nan, 1.0, np.inf, -np.inf, -1.0])).levels == (None, 5, None, None, -5)
    table = np.ones((16, 16))
    table[0, 0] = np.nan
    assert value_cells(table).levels == (None, *(5,) * 63)
    assert value_cells(np.full(3, np.nan)).levels == (None,) * 3


def test_all_values_share_a_scale_and_all_adjoints_another() -> None:
    def f(small, large):
        y = np.sum(small * 1000.0) + np.sum(large)
        return y

    scene = stage(gad.trace(f, np.array([0.04, 0.01]), np.array([1.0, -100.0])))
    small, large = shown(scene, "small"), shown(scene, "large")
    assert large.value_cells is not None
    assert small.value_cells is not None
    assert large.value_cells.levels == (1, -5)
    assert small.value_cells.levels == (1, 1)
    assert small.adjoint_cells is not None
    assert large.adjoint_cells is not None
    assert small.adjoint_cells.levels == (5, 5)  # 1000 each
    assert large.adjoint_cells.levels == (1, 1)
    assert {kind: end for kind, _, end in scene.scales} == {"value": "100", "adjoint": "1000"}


def test_the_scale_is_rounded_up_so_that_last_bits_move_nothing() -> None:
    exact = np.array([2.4, 2.4 * 0.16, -2.4 * 0.36])
    scene = stage(gad.trace(lambda x: np.sum(x), exact))
    assert scene.scales[0] == ("value", "0.6", "2.4")
    for shifted in (np.nextafter(exact, 9), np.nextafter(exact, -9)):
        assert value_cells(shifted).levels == value_cells(exact).levels == (5, 2, -3)
    assert stage(gad.trace(lambda x: np.sum(x), np.array([2.41, 0.0]))).scales[0][2] == "2.5"


@pytest.mark.parametrize("tenths", range(10, 100, 7))
def test_borders_belong_to_the_lower_level(tenths: int) -> None:
    peak = tenths / 10
    borders = np.array([peak * k * k / 25 for k in range(6)])
    assert value_cells(borders).levels == (0, 1, 2, 3, 4, 5)
    assert value_cells(-borders * (1 + 1e-12)).levels == (0, -1, -2, -3, -4, -5)
    for array in (borders, borders * (1 + 1e-12), borders * (1 - 1e-12)):
        scene = stage(gad.trace(lambda x: x[:1], array))
        assert scene.scales[0][2] == str(peak).removesuffix(".0")


def test_rounding_errors_are_zero() -> None:
    assert value_cells(np.array([1.0, 1e-16, -1e-16, 1e-6])).levels == (5, 0, 0, 1)


def test_masks_do_not_count_for_the_scale() -> None:
    def f(x, keep):
        y = np.sum(x * keep * (x > 0))
        return y

    scene = stage(gad.trace(f, np.array([0.01, -0.02, 0.03]), gad.constant(np.array([0.0, 2.0, 2.0]))))
    assert scene.scales[0] == ("value", "0.015", "0.06")


def test_blocks_are_as_even_as_can_be() -> None:
    row = np.zeros(15)
    row[[0, 13, 14]] = 1.0  # blocks of one entry and of two
    assert value_cells(row).levels == (5, 0, 0, 0, 0, 0, 0, 5)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8))
def test_levels_keep_order_and_sign(numbers: list[float]) -> None:
    levels = value_cells(np.array(numbers)).levels
    assert all(level is not None for level in levels)
    largest = max(abs(number) for number in numbers)
    for number, level in zip(numbers, levels, strict=True):
        assert level is not None
        assert -5 <= level <= 5
        assert (level > 0) == (number > 1e-8 * largest) or abs(number) <= 1e-8 * largest
        assert abs(level) == 5 or abs(number) < largest or not largest
    pairs = sorted(zip(numbers, levels, strict=True))
    assert [level for _, level in pairs] == sorted(level for level in levels if level is not None)


def test_bools_are_masks() -> None:
    def f(x):
        positive = x > 0
        y = np.sum(np.where(positive, x, 0.0))
        return y

    scene = stage(gad.trace(f, np.array([[1.0, -1.0], [2.0, -3.0]])))
    cells = shown(scene, "positive").value_cells
    assert cells == Cells(2, 2, (5, 0, 5, 0), mask=True)
    assert shown(scene, "positive").adjoint_cells is None


def test_a_block_of_a_mask_is_all_on_only_where_every_entry_is() -> None:
    def f(x):
        keep = x > 0
        y = np.sum(x * keep)
        return y

    x = np.ones((16, 16))
    x[0, 0] = x[0, 2] = x[0, 3] = x[1, 2] = x[1, 3] = -1.0  # three quarters, and nothing
    cells = shown(stage(gad.trace(f, x)), "keep").value_cells
    assert cells is not None
    assert cells.levels == (4, 0, *(5,) * 62)


@pytest.mark.parametrize(
    ("gate", "levels"),
    [
        (lambda x: np.maximum(0, x), [(0, 0, 5, 5)]),
        (lambda x: np.clip(x, -1.5, 1.5), [(0, 5, 5, 0)]),
        (lambda x: np.minimum(x, 1.0), [(5, 5, 5, 0)]),
        (lambda x: np.where(x > 0.7, x, -x), [(0, 0, 0, 5), (5, 5, 5, 0)]),
        (lambda x: np.maximum(x, x + 0.0), [(2, 2, 2, 2), (2, 2, 2, 2)]),  # ties share equally
    ],
)
def test_gates_show_what_they_let_pass(gate: Any, levels: list[tuple[int, ...]]) -> None:
    scene = stage(gad.trace(lambda x: np.sum(gate(x)), np.array([-2.0, -1.0, 0.5, 3.0])))
    masks = [edge.mask for edge in scene.edges if edge.mask is not None]
    assert [mask.levels for mask in masks] == levels
    assert all(mask.mask for mask in masks)


def test_the_room_for_a_mask_does_not_depend_on_numbers() -> None:
    """A layer whose units are all on has a mask too, and a sum, whose derivatives are all 1, never has one."""

    def f(x, b):
        z = x + b
        y = np.sum(np.maximum(z, 0))
        return y

    for x in ([1.0, 2.0], [-1.0, 2.0], [-1.0, -2.0], [np.nan, 1.0]):
        scene = stage(gad.trace(f, np.array(x), np.zeros(2)))
        names = {node.id: node.name for node in scene.nodes}
        assert [names[edge.input] for edge in scene.edges if edge.mask is not None] == ["z"]


def test_a_scalar_gate_shows_its_number() -> None:
    scene = stage(gad.trace(lambda x: np.maximum(0, x) ** 2, 3.0))
    assert all(edge.mask is None for edge in scene.edges)


def test_constants_of_zeros_and_one_other_number_are_masks() -> None:
    def f(x, keep, weights):
        y = np.sum(x * keep * weights)
        return y

    dropout, weights = np.array([0.0, 1.25, 1.25]), np.array([0.0, 1.0, 2.0])
    scene = stage(gad.trace(f, np.array([0.0, 1.0, 1.0]), gad.constant(dropout), gad.constant(weights)))
    assert [shown(scene, name).value_cells.mask for name in ("x", "keep", "weights")] == [False, True, False]  # type: ignore[union-attr]
    assert shown(scene, "keep").value_cells.levels == (0, 5, 5)  # type: ignore[union-attr]


def test_what_is_no_array_of_numbers_has_no_cells() -> None:
    scene = stage(gad.trace(lambda x, one, none: x * 2 + np.sum(one) + np.sum(none), 2.0, np.ones(1), np.ones((0, 3))))
    assert all(node.value_cells is None and node.adjoint_cells is None for node in scene.nodes)
    assert scene.scales == ()


def test_forward_mode_has_cells_of_tangents() -> None:
    scene = stage(gad.trace(lambda x: x**2, np.array([1.0, 2.0])), mode="forward", seed={"x": np.array([1.0, 0.0])})
    assert shown(scene, "x").tangent_cells == Cells(1, 2, (4, 0))
    assert shown(scene, "x").adjoint_cells is None
    assert [kind for kind, *_ in scene.scales] == ["value", "tangent"]


def test_a_collapsed_group_has_the_cells_of_its_one_value() -> None:
    def f(x):
        with gad.scope("norm"):
            centred = x - np.mean(x)
            y = centred / np.sqrt(np.mean(centred**2))
        return np.sum(y**3)

    def g(x):
        with gad.scope("two"):
            a, b = x * 2.0, x * 3.0
        return np.sum(a * b)

    one = shown(stage(gad.trace(f, np.arange(4.0)), fold="all"), "norm")
    assert one.kind == "group"
    assert one.value_cells is not None
    assert one.adjoint_cells is not None
    two = shown(stage(gad.trace(g, np.arange(4.0)), fold="all"), "two")
    assert (two.value, two.value_text, two.value_cells, two.adjoint_cells) == (None, "2 outputs", None, None)


def test_show_switches_heat_maps_off() -> None:
    plain = stage(layer(), show=())
    assert all(node.value_cells is None and node.adjoint_cells is None for node in plain.nodes)
    assert all(edge.mask is None for edge in plain.edges)
    assert plain.scales == ()
    assert stage(layer()) == stage(layer(), show=("heatmaps",)) != plain
    with pytest.raises(ArgumentError, match=r"unknown show: 'heatmap' \(must be among \['heatmaps', 'constants'\]\)"):
        stage(layer(), show=("heatmap",))


def test_axes_stay_within_bounds() -> None:
    rng = np.random.default_rng(1)
    for shape in ((100,), (9, 9), (3, 50, 2), (2, 3, 4, 5)):
        cells = value_cells(rng.normal(size=shape))
        assert max(cells.rows, cells.columns) <= MOST
