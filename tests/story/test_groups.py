"""What makes groups equal, how they are called, where long sequences are cut, and how much a picture takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.groups import MAX_DEPTH, RANGES, Forest
from graphviz_ad.story.outline import Outline, outline
from tests.story.test_outline import chain, consistent


def names(shown: Outline) -> list[str]:
    return [item.name for item in shown.items]


# -- names --------------------------------------------------------------------------------------


def test_the_parts_of_an_interrupted_call_are_counted() -> None:
    def steps(x):
        while True:
            x = np.sin(x)
            yield x

    def f(x):
        made = steps(x)
        a = next(made) * 2.0
        b = next(made) * a
        return next(made) * b

    assert list(Forest(gad.trace(f, 1.0)).groups) == ["steps", "steps (part 2)", "steps (part 3)"]


def test_calls_are_groups_down_to_a_depth_of_24() -> None:
    def down(x, depth):
        return np.sin(x) if depth == 0 else down(x, depth - 1) * 1.1

    assert len(Forest(gad.trace(lambda x: down(x, 40), 1.0)).groups) == MAX_DEPTH == 24


def test_a_range_is_called_by_the_outermost_names_of_its_members() -> None:
    def f(x):
        for _ in range(8):
            with gad.scope("step"):
                x = np.sin(x)
        for _ in range(60):
            x = x * 1.01
        for _ in range(8):
            with gad.scope("step"):
                x = np.sin(x)
        return x

    forest = Forest(gad.trace(f, 1.0))
    made = forest.ranges(forest.repeated(forest.roots), 20)
    assert made[0].name.startswith("step … x")  # type: ignore[union-attr]
    assert made[-1].name.endswith(" … step_16")  # type: ignore[union-attr]


# -- equal neighbours ---------------------------------------------------------------------------

THREE, FOUR = np.ones(3), np.ones(4)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("up", np.sin), ("down", np.sin)),
        (("step", lambda x: np.sum(x, axis=0) * 1.0), ("step", lambda x: np.sum(x, axis=(0, 1)) * 1.0)),
        (("step", lambda x: np.sin(x)), ("step", lambda x: np.cos(x))),
    ],
    ids=["name", "shape", "operation"],
)
def test_groups_that_differ_are_not_repeats(first: Any, second: Any) -> None:
    def f(x):
        results = []
        for name, step in (first, second):
            with gad.scope(name):
                results.append(step(x))
        return np.sum(results[0]) + np.sum(results[1])

    shown = outline(gad.trace(f, np.ones((2, 3, 4))), fold="all")
    assert [item.group.kind for item in shown.items if item.group] == ["call", "call"]


@pytest.mark.parametrize(
    ("one", "two"), [(THREE, FOUR), (THREE, THREE.astype(np.float32))], ids=["shape of what goes in", "dtype"]
)
def test_equal_operations_on_other_arrays_are_not_repeats(one: np.ndarray, two: np.ndarray) -> None:
    def f(a, b):
        with gad.scope("step"):
            x = np.sum(a)
        with gad.scope("step"):
            y = np.sum(b)
        return x + y

    shown = outline(gad.trace(f, one, two), fold="all")
    assert [item.group.kind for item in shown.items if item.group] == ["call", "call"]
    same = outline(gad.trace(f, one, one), fold="all")
    assert [item.group.times for item in same.items if item.group] == [2]


# -- how much a picture takes -------------------------------------------------------------------


def test_sixty_nodes_are_shown_one_by_one_and_more_are_not() -> None:
    assert len(outline(chain(59)).items) == 60
    assert not any(item.group for item in outline(chain(59)).items)
    assert any(item.group for item in outline(chain(60)).items)


def test_sixty_groups_are_shown_one_by_one() -> None:
    def f(x, count):
        for k in range(count):
            with gad.scope("odd" if k % 2 and k > 1 else "even"):  # the first two are equal
                x = np.sin(x) * 1.1
        return x

    kinds = [[item.group.kind for item in outline(gad.trace(f, 1.0, n)).items if item.group] for n in (59, 60)]
    assert kinds[0] == ["call"] * 59
    assert kinds[1][0] == "repeat"


@pytest.mark.parametrize(("count", "kinds"), [(7, ["call"] * 7), (8, ["repeat"])])
def test_eight_equal_layers_are_one_in_a_graph_that_folds_by_itself(count: int, kinds: list[str]) -> None:
    def f(x):
        for _ in range(count):
            with gad.scope("layer"):
                for _ in range(10):
                    x = np.sin(x)
        return x

    shown = outline(gad.trace(f, 1.0))
    assert [item.group.kind for item in shown.items if item.group] == kinds


def test_a_long_sequence_is_cut_into_twelve_ranges() -> None:
    shown = outline(chain(5000))
    assert len([item for item in shown.items if item.group]) == RANGES == 12


def test_how_many_values_pass_each_place() -> None:
    def f(x):
        y = np.sin(x)
        z = y * y
        w = z + y
        return w * z

    forest = Forest(gad.trace(f, 1.0))
    assert forest._passing(forest.roots)[:5] == [0, 1, 2, 2, 0]


# -- what goes inside ---------------------------------------------------------------------------


def test_inputs_of_one_range_go_inside_where_they_are_too_many() -> None:
    graph = gad.trace(lambda xs: sum(x * x for x in xs) * xs[0], [float(k) for k in range(500)])
    shown = outline(graph)
    consistent(shown)
    assert all(item.group.operations for item in shown.items if item.group)
    assert "xs[0]" in names(shown)  # of two ranges


def test_an_input_that_is_a_result_never_goes_inside() -> None:
    graph = gad.trace(lambda xs: (sum(x * x for x in xs), xs[7]), [float(k) for k in range(500)])
    shown = outline(graph)
    consistent(shown)
    assert "xs[7]" in names(shown)
    assert "xs[8]" not in names(shown)


def test_nodes_and_inputs_together_fit() -> None:
    def f(xs):
        total = sum(xs)
        for _ in range(100):
            total = total * 1.01
        return total

    shown = outline(gad.trace(f, [float(k) for k in range(55)]))
    consistent(shown)
    assert len(shown.items) <= 60


def test_an_array_that_a_group_and_others_use_stands_before_both() -> None:
    numbers = np.ones(3)

    def f(x):
        with gad.scope("group"):
            y = np.sin(x)
            z = y + numbers
        return np.sum(z * numbers)

    shown = outline(gad.trace(f, np.ones(3)), fold="all")
    consistent(shown)
    assert next(item for item in shown.items if item.group).result is not None


def test_a_number_stands_in_the_frame_that_all_its_consumers_share() -> None:
    number = np.array(2.0)

    def f(x):
        with gad.scope("outer"):
            with gad.scope("one"):
                x = x * number
            with gad.scope("two"):
                x = x * number
        return x

    shown = outline(gad.trace(f, 1.0), constants=True)
    frames = {frame.id: frame.group.name for frame in shown.frames}
    (shared,) = [item for item in shown.items if shown.graph.nodes[item.id].kind == "constant"]
    assert frames[shared.frame] == "outer"  # type: ignore[index]


def test_arguments_of_a_collapsed_group_are_numbered() -> None:
    def f(x, y, z):
        with gad.scope("group"):
            w = x * y + z
        return w

    shown = outline(gad.trace(f, 1.0, 2.0, 3.0), fold="all")
    assert [(shown.items[link.input].name, link.argnum) for link in shown.links] == [("x", 0), ("y", 1), ("z", 2)]
