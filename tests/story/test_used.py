"""Which cells were used: against perturbing every cell of every input, for every primitive and through groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad import nn
from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.core.traced import invoke
from graphviz_ad.story.outline import outline, whole
from graphviz_ad.story.used import MOST, Uses
from tests.thinned import thinned

NO_JUMP = {"remainder", "interp", "fmod", "heaviside", "cholesky"}
"""What stays as it is under nearly every change, or is not defined after one: perturbing says nothing."""
LOOKS_AT_MORE = {"power", "clip", "norm", "cofactor", "cofactor_change", "unwrap"}
LOOKS_AT_MORE |= {"quantile", "percentile", "nanquantile", "nanpercentile"}  # of weights some cannot matter
"""What also reads cells that do not matter here: x in x**0, or of a column that has not the largest sum."""
CASES = [
    (name, number)
    for name, primitive in REGISTRY.items()
    if primitive.sample is not None and primitive.kind != "plain" and name not in NO_JUMP
    for number, (inputs, _) in enumerate(primitive.sample(np.random.default_rng(0)))
    if not any(map(np.iscomplexobj, inputs))  # no inputs of a graph: tests/story/test_complexes.py looks at them
]


def perturbed(compute: Any, values: list[Any], argnum: int) -> np.ndarray[Any, Any]:
    """Whether output cells (rows) change with the cells of one input (columns)."""
    rng = np.random.default_rng(3)
    before = np.asarray(compute(*values))
    source = np.asarray(values[argnum], float)
    changed = np.zeros((before.size, source.size), bool)
    for cell in range(source.size):
        for by in (rng.uniform(0.1, 0.2), rng.uniform(50, 90), -rng.uniform(50, 90)):
            moved = source.copy()
            moved.flat[cell] += by
            with np.errstate(all="ignore"):
                after = np.asarray(compute(*values[:argnum], moved[()], *values[argnum + 1 :]))
            same = (after == before) | (np.isnan(after) & np.isnan(before))
            changed[:, cell] |= ~same.ravel()
    return changed


def table_of(uses: Uses, position: int, argnum: int) -> np.ndarray[Any, Any] | None:
    graph = uses.graph
    size = graph.records[position].size
    rows = []
    for cell in range(size):
        one = np.zeros(graph.records[position].shape, bool)
        one.flat[cell] = True
        read = uses.read(position, argnum, one)
        if read is None:
            return None
        assert read.shape == graph.records[position].inputs[argnum].shape
        rows.append(read.ravel())
    return np.reshape(np.array(rows, bool), (size, graph.records[position].inputs[argnum].size))


@pytest.mark.parametrize(("name", "number"), thinned(CASES, 3))
def test_every_primitive_against_perturbing_each_cell(name: str, number: int) -> None:
    primitive = REGISTRY[name]
    assert primitive.sample is not None
    values, params = primitive.sample(np.random.default_rng(5))[number]

    def f(*floats: Any) -> Any:
        rest = iter(floats)
        operands = tuple(next(rest) if is_float(value) else value for value in values)
        return invoke(primitive, operands, dict(params))

    if np.iscomplexobj(primitive.compute(*values, **params)):
        graph = gad.trace(lambda *floats: np.real(f(*floats)), *(value for value in values if is_float(value)))
    else:
        graph = gad.trace(f, *(value for value in values if is_float(value)))
    made = [position for position, record in enumerate(graph.records) if record.primitive is primitive]
    uses = Uses(whole(graph))
    for position in made[-1:]:
        record = graph.records[position]
        plain = [item.value for item in record.inputs]
        for argnum, item in enumerate(record.inputs):
            if not is_float(item.value):
                continue
            found = table_of(uses, position, argnum)
            assert found is not None
            expected = perturbed(lambda *v, r=record: r.primitive.compute(*v, **r.params), plain, argnum)
            if name in LOOKS_AT_MORE:
                expected |= found
            np.testing.assert_array_equal(found, expected, f"{name} {params} argument {argnum}")


def is_float(value: Any) -> bool:
    return np.asarray(value).dtype.kind == "f"


def end_to_end(graph: gad.Graph, name: str, **options: Any) -> dict[str, np.ndarray[Any, Any]]:
    """For every visible input of a node the table of cells, without what stands in the way."""
    uses = Uses(outline(graph, **options))
    (item,) = [number for number, one in enumerate(uses.outline.items) if one.name == name]
    node = uses.outline.node(item)
    assert node is not None
    found: dict[str, np.ndarray[Any, Any]] = {}
    for cell in range(int(np.prod(node.shape, dtype=int))):
        for one in uses.of(item, cell)["inputs"]:
            size = int(np.prod(one["shape"], dtype=int))
            table = found.setdefault(one["name"], np.zeros((np.size(node.value), size), bool))
            table[cell, one["cells"]] = True
            assert one["count"] == len(one["cells"])
    return found


SHAPES = [((1, 2, 5, 4), (2, 2, 3, 2)), ((2, 1, 4, 4), (1, 1, 2, 2))]


@pytest.mark.parametrize("fold", ["all", "none"])
@pytest.mark.parametrize(("stride", "padding"), [(1, "valid"), (2, "valid"), (1, "same"), ((2, 1), 1)])
@pytest.mark.parametrize(("image", "bank"), SHAPES)
def test_a_convolution_marks_the_cells_of_image_kernel_and_bias(
    image: Any, bank: Any, stride: Any, padding: Any, fold: str
) -> None:
    rng = np.random.default_rng(1)
    x, kernel, b = rng.normal(size=image), rng.normal(size=bank), rng.normal(size=bank[:1])
    kernel.flat[1] = 0.0  # a zero hides nothing

    def f(x, kernel, b):
        y = nn.conv2d(x, kernel, b, stride=stride, padding=padding)
        return y

    graph = gad.trace(f, x, kernel, b)
    if fold == "all":
        found = end_to_end(graph, "conv2d", fold=fold)
        assert set(found) == {"x", "kernel", "b"}
    else:
        (product,) = [node for node in graph.nodes if node.primitive and node.primitive.name == "einsum"]
        found = end_to_end(graph, product.name, fold=fold)
        graph = gad.trace(lambda x, kernel: nn.conv2d(x, kernel, stride=stride, padding=padding), x, kernel)
    values = {"x": x, "kernel": rng.uniform(0.5, 1.5, kernel.shape), "b": b}
    for argnum, name in enumerate(node.name for node in graph.inputs):

        def again(*new: Any) -> Any:
            return nn.conv2d(*new, stride=stride, padding=padding)

        given = [values[node.name] for node in graph.inputs]
        expected = perturbed(again, given, argnum)
        if name == "kernel":  # a weight on the padding's zeros is used too
            expected = np.repeat(np.eye(len(kernel), dtype=bool), kernel[0].size, axis=1)
            expected = np.tile(np.repeat(expected, found[name].shape[0] // (len(x) * len(kernel)), axis=0), (len(x), 1))
        np.testing.assert_array_equal(found[name], expected, name)


def test_the_windows_of_a_pooling_are_marked_in_the_image() -> None:
    x = np.arange(16.0).reshape(1, 1, 4, 4)

    def f(x):
        y = nn.max_pool(x, 2)
        return y

    graph = gad.trace(f, x)
    (largest,) = [node for node in graph.nodes if node.primitive and node.primitive.name == "max"]
    uses = Uses(whole(graph))
    direct, behind = uses.of(largest.id, 1)["inputs"]
    assert (direct["cells"], direct["through"]) == ([4, 5, 6, 7], "")
    assert (behind["name"], behind["cells"]) == ("x", [2, 3, 6, 7])
    assert behind["through"] == direct["name"]


def test_repeated_indices_and_branches() -> None:
    def f(x, t):
        y = x[np.array([2, 0, 2])]
        z = np.where(np.array([True, False, True]), y, t)
        return z

    graph = gad.trace(f, np.ones(3), np.zeros(3))
    uses = Uses(outline(graph))
    assert [one["cells"] for one in uses.of(graph["y"].id, 2)["inputs"]] == [[2]]
    found = {one["name"]: one["cells"] for one in uses.of(graph["z"].id, 1)["inputs"]}
    assert found["y"] == []
    assert found["t"] == [1]


def test_both_factors_of_a_square_are_one_input() -> None:
    graph = gad.trace(lambda x: x * x, np.ones(2))
    (one,) = Uses(outline(graph)).of(1, 1)["inputs"]
    assert (one["name"], one["cells"]) == ("x", [1])


def test_the_table_says_the_same_as_cell_by_cell() -> None:
    graph = gad.trace(lambda X, w: X @ w, np.ones((2, 3)), np.ones(3))
    uses = Uses(outline(graph))
    table = uses.table(2)
    assert table is not None
    for cell in range(2):
        assert [one["cells"][cell] for one in table["inputs"]] == [one["cells"] for one in uses.of(2, cell)["inputs"]]
    assert uses.table(0) is None  # an input is computed from nothing
    assert Uses(outline(gad.trace(lambda x: x + 1.0, np.ones(65)))).table(1) is None


def test_a_table_that_would_be_long_is_left_out() -> None:
    assert Uses(outline(gad.trace(lambda A, x: A @ x, np.ones((60, 80)), np.ones(80)))).table(2) is None


def test_long_lists_are_cut_and_say_so() -> None:
    uses = Uses(outline(gad.trace(np.sum, np.ones(MOST + 5))))
    (one,) = uses.of(1, 0)["inputs"]
    assert (len(one["cells"]), one["count"]) == (MOST, MOST + 5)


def test_a_function_of_the_users_own_is_unknown() -> None:
    double = gad.custom(lambda x: 2 * x, vjp=lambda adjoint, out, x: 2 * adjoint)
    graph = gad.trace(lambda x: double(x) + 1.0, np.ones(2))
    found = Uses(outline(graph)).of(graph.nodes[1].id, 0)
    assert (found["inputs"], found["unknown"]) == ([], [0])


def test_an_index_that_was_computed_is_known_and_so_is_what_it_takes_from() -> None:
    def f(x):
        k = np.argmax(x)
        y = x[k]
        return y

    graph = gad.trace(f, np.array([1.0, 3.0, 2.0]))
    uses = Uses(outline(graph))
    found = uses.of(graph["y"].id, 0)
    assert {one["name"]: one["cells"] for one in found["inputs"]} == {"x": [1], "k": [0]}
    assert found["unknown"] == []
    assert uses.of(graph["k"].id, 0)["inputs"][0]["cells"] == [0, 1, 2]


GRID = np.arange(24.0).reshape(2, 3, 4)
ORDER = np.array([3.0, 1.0, 2.0])
INDICES: dict[str, Any] = {
    "a line": lambda x, i: x[0, 0][i],
    "twice": lambda x, i: x[0][i][:, 1],
    "behind a slice": lambda x, i: x[:, i],
    "two indices apart": lambda x, i: x[i % 2, :, i],
    "two indices that broadcast": lambda x, i: x[1][(i % 3)[:, None], i],
    "behind dots": lambda x, i: x[..., None, i],
    "beside a mask": lambda x, i: x[np.array([True, False]), :, i],
    "beside an int": lambda x, i: x[0, i, 1:],
    "a column": lambda x, i: x[:, :, i[:, None]],
    "take": lambda x, i: np.take(x, i, axis=1),
    "take from the end": lambda x, i: np.take(x, i, axis=-2),
    "take flat": lambda x, i: np.take(x, i),
    "along an axis": lambda x, i: np.take_along_axis(x, np.reshape(i, (1, 3, 1)), axis=1),
    "sorted rows": lambda x, i: np.take_along_axis(x, np.argsort(-x, axis=2), axis=2),
}


@pytest.mark.parametrize("name", INDICES)
def test_the_cells_of_an_index_are_those_that_lead_elsewhere_when_they_change(name: str) -> None:
    graph = gad.trace(lambda x, s: INDICES[name](x, np.argsort(s)), GRID, ORDER)
    uses = Uses(whole(graph))
    checked = 0
    for position, record in enumerate(graph.records):
        if record.primitive is None or record.primitive.name not in ("index", "take", "take_along_axis"):
            continue
        plain = [item.value for item in record.inputs]
        for argnum in range(1, len(plain)):
            index = np.asarray(plain[argnum])
            expected = np.zeros((record.size, index.size), bool)
            for cell in range(index.size):
                other = index.copy()
                other.flat[cell] = (other.flat[cell] + 1) % 2 if index.max() < 2 else (other.flat[cell] + 1) % 3
                again = record.primitive.compute(*plain[:argnum], other, *plain[argnum + 1 :], **record.params)
                expected[:, cell] = np.ravel(again != record.value)
            np.testing.assert_array_equal(table_of(uses, position, argnum), expected)
            checked += 1
    assert checked


def test_a_mask_that_was_computed_is_unknown() -> None:
    def f(x):
        positive = x > 0
        y = x[positive]
        return y

    graph = gad.trace(f, np.array([1.0, -3.0, 2.0]))
    found = Uses(whole(graph)).of(graph["y"].id, 1)
    assert [(one["name"], one["cells"]) for one in found["inputs"]] == [("x", [2])]
    assert found["unknown"] == [graph["positive"].id]


def test_there_is_no_such_cell_and_no_cell_of_several_values() -> None:
    def f(x):
        with gad.scope("pair"):
            a = x + 1.0
            b = x * 2.0
        return a * b

    uses = Uses(outline(gad.trace(f, np.ones(2)), fold="all"))
    with pytest.raises(gad.ArgumentError, match="no cell 2: its 2 cells"):
        uses.of(0, 2)
    with pytest.raises(gad.ArgumentError, match="'pair' holds several values"):
        uses.of(1, 0)
