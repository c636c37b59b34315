"""Groups as a tree, folding by itself and by name, ranges of long graphs, and the numbers on the links."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.flow import Across, Flow
from graphviz_ad.story.groups import Forest, positions
from graphviz_ad.story.outline import READABLE, Outline, ends, outline, whole
from graphviz_ad.story.staging import stage, story_line


def dense(x, W, b):
    z = x @ W + b
    return np.tanh(z)


def net(X, layers):
    h = X
    for W, b in layers:
        h = dense(h, W, b)
    return np.mean(h**2)


def layered(depth: int) -> gad.Graph:
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(3, 3)), rng.normal(size=3)) for _ in range(depth)]
    return gad.trace(net, gad.constant(rng.normal(size=(4, 3))), layers)


def names(shown: Outline) -> list[str]:
    return [item.name for item in shown.items]


def chain(length: int) -> gad.Graph:
    def f(x):
        for _ in range(length):
            x = x * 1.01
        return x

    return gad.trace(f, 1.0)


def consistent(shown: Outline) -> None:
    """Every node is in at most one item, links lead forwards, and no edge between two items is lost."""
    every = [position for item in shown.items for position in item.positions]
    assert len(every) == len(set(every))
    assert all(link.input < link.consumer for link in shown.links)
    linked = sorted(place for link in shown.links for place in link.edges)
    owner = shown.owner
    crossing = [
        place
        for place, (start, consumer) in enumerate(ends(shown.graph))
        if start in owner and consumer in owner and owner[start] != owner[consumer]
    ]
    assert linked == crossing
    known = {frame.id for frame in shown.frames}
    assert all(frame.frame is None or frame.frame in known for frame in shown.frames)
    assert all(item.frame is None or item.frame in known for item in shown.items)
    ids = [item.id for item in shown.items] + [frame.id for frame in shown.frames]
    assert len(ids) == len(set(ids))
    assert len(set(names(shown))) == len(shown.items)


def test_a_small_graph_shows_everything_with_frames_around_calls() -> None:
    graph = layered(2)
    shown = outline(graph)
    consistent(shown)
    assert [frame.group.name for frame in shown.frames] == ["dense", "dense_2"]
    inside = [item.name for item in shown.items if item.frame == shown.frames[0].id]
    assert inside == ["v1", "z", "h"]
    with_numbers = outline(
        gad.trace(lambda x: dense(x, 2.0 * np.ones((1, 1)), 1.0).sum() * 3.0, np.ones((1, 1))), constants=True
    )
    assert [item.name for item in with_numbers.items if item.frame] == ["v1", "c1", "z", "v2"]


def test_all_folds_equal_neighbours_to_one() -> None:
    shown = outline(layered(3), fold="all")
    consistent(shown)
    group = next(item.group for item in shown.items if item.group)
    assert (group.name, group.kind, group.times, group.operations) == ("dense … dense_3", "repeat", 3, 9)
    different = outline(
        gad.trace(lambda x: np.sum(dense(dense(x, np.ones((3, 3)), 0.1), np.ones((3, 2)), 0.1)), np.ones((4, 3))),
        fold="all",
    )
    assert [item.name for item in different.items if item.group] == ["dense", "dense_2"]  # other shapes


def test_repeats_are_equal_in_their_wiring_too() -> None:
    def one(x):
        a = np.sin(x)
        return a * x

    def f(x):
        for _ in range(2):
            with gad.scope("step"):
                x = np.sin(x) * x
        with gad.scope("step"):
            x = np.sin(x) * np.sin(x)
        return x

    shown = outline(gad.trace(f, 1.0), fold="all")
    assert [item.name for item in shown.items if item.group] == ["step … step_2", "step_3"]


def test_folding_by_name_and_expanding() -> None:
    graph = layered(3)
    shown = outline(graph, fold=("dense", "dense_3"))
    consistent(shown)
    assert [item.name for item in shown.items if item.group] == ["dense", "dense_3"]
    assert [frame.group.name for frame in shown.frames] == ["dense_2"]
    opened = outline(graph, fold="all", expand=("dense_2",))
    consistent(opened)
    assert [item.name for item in opened.items if item.group] == ["dense", "dense_3"]
    by_node = outline(graph, fold="all", expand=("z_2",))
    assert names(by_node) == names(opened)
    ids = {item.name: item.id for item in shown.items if item.group}
    assert all(ids[item.name] == item.id for item in opened.items if item.name in ids)


@pytest.mark.parametrize("options", [{"fold": ("nothing",)}, {"expand": ("nothing",)}])
def test_an_unknown_group_is_an_error_that_lists_them(options: dict[str, object]) -> None:
    with pytest.raises(gad.UnknownNameError, match=r"no group is named 'nothing'. The groups are: .*dense"):
        outline(layered(2), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("fold", ["some", 3, None, [1]])
def test_a_bad_fold_is_an_error(fold: object) -> None:
    with pytest.raises(gad.ArgumentError, match="fold"):
        outline(layered(2), fold=fold)


def test_many_layers_fold_by_themselves() -> None:
    shown = outline(layered(25))
    consistent(shown)
    assert len(shown.items) <= READABLE
    groups = [item.group for item in shown.items if item.group]
    assert groups[0].kind == "repeat"


def test_many_equal_layers_become_one_even_where_their_boxes_would_fit() -> None:
    def f(x, w):
        for k in range(24):
            with gad.scope(f"layer{k + 1}"):
                x = np.tanh(w * x) + 0.1
        return x

    shown = outline(gad.trace(f, 0.5, 1.2))
    consistent(shown)
    assert names(shown) == ["x", "w", "layer1 … layer24"]
    assert stage(gad.trace(f, 0.5, 1.2)).nodes[2].operation == "24 × 3 operations"


def test_of_nested_groups_the_inner_ones_fold_first() -> None:
    def block(x):
        for _ in range(3):
            with gad.scope("unit"):
                x = np.sin(x) * 1.1 + x
        return x

    def f(x):
        for _ in range(8):
            x = block(x)
        return x

    graph = gad.trace(f, 1.0)
    shown = outline(graph)
    consistent(shown)
    assert len(shown.items) <= READABLE
    assert {item.group.name.split("_")[0] for item in shown.items if item.group} == {"unit"}
    assert len(shown.frames) == 8


@pytest.mark.parametrize("length", [59, 60, 61, 700, 5000])
def test_a_long_graph_without_groups_is_cut_into_ranges(length: int) -> None:
    graph = chain(length)
    shown = outline(graph)
    consistent(shown)
    assert len(shown.items) <= READABLE
    operations = sum(item.group.operations if item.group else item.name != "x" for item in shown.items)
    assert operations == length
    assert "x" in names(shown)


def test_ranges_are_cut_where_few_values_pass() -> None:
    def f(x):
        for _ in range(40):
            a, b, c = np.sin(x), np.cos(x), np.tanh(x)
            x = a * b * c
        return x

    shown = outline(gad.trace(f, 0.5))
    consistent(shown)
    assert all(len(item.outgoing) == 1 for item in shown.items)


def test_a_range_expands_to_ranges() -> None:
    graph = chain(5000)
    first = outline(graph)
    middle = first.items[6]
    opened = outline(graph, expand=(middle.name,))
    consistent(opened)
    assert [frame.group.name for frame in opened.frames] == [middle.name]
    kept = [item.name for item in first.items if item.name != middle.name]
    assert [name for name in names(opened) if name in kept] == kept
    deep = outline(graph, expand=("x_2500",))
    consistent(deep)
    assert "x_2500" in names(deep)
    assert len(deep.items) < 150


def test_many_inputs_go_inside_and_into_ranges() -> None:
    graph = gad.trace(lambda xs: sum(x * x for x in xs), [float(k) for k in range(500)])
    shown = outline(graph)
    consistent(shown)
    assert len(shown.items) <= READABLE
    used_twice = gad.trace(lambda xs: sum(xs) * sum(xs), [float(k) for k in range(500)])
    shown = outline(used_twice)
    consistent(shown)
    assert len(shown.items) <= READABLE
    assert any(item.group and not item.group.operations for item in shown.items)
    assert "inputs" in stage(used_twice).nodes[0].operation


def test_a_call_that_is_interrupted_is_two_groups_and_no_circle() -> None:
    def steps(x):
        while True:
            x = np.sin(x)
            yield x

    def f(x):
        made = steps(x)
        a = next(made) * 2.0
        return next(made) * a

    shown = outline(gad.trace(f, 1.0), fold="all")
    consistent(shown)
    assert [item.name for item in shown.items if item.group] == ["steps", "steps (part 2)"]


def test_a_group_never_takes_the_name_of_a_node() -> None:
    def h(x):
        return np.sin(x) * 2.0

    def f(x):
        h1 = h(x)
        with gad.scope("h1"):
            y = h1 * 3.0
        return y

    shown = outline(gad.trace(f, 1.0), fold="all")
    consistent(shown)
    assert names(shown) == ["x", "h", "h1()"]


def test_calls_nested_deeper_than_pictures_go() -> None:
    def down(x, depth):
        return np.sin(x) if depth == 0 else down(x, depth - 1) * 1.1

    graph = gad.trace(lambda x: down(x, 200), 1.0)
    shown = outline(graph)
    consistent(shown)
    assert len(shown.items) <= READABLE


def random_grouped(seed: int) -> gad.Graph:
    rng = np.random.default_rng(seed)

    def grow(pool, depth):
        for _ in range(int(rng.integers(1, 5))):
            if depth and rng.random() < 0.5:
                with gad.scope(f"g{int(rng.integers(3))}"):
                    grow(pool, depth - 1)
            a, b = pool[int(rng.integers(len(pool)))], pool[int(rng.integers(len(pool)))]
            pool.append([a + b, a * b, np.sin(a), np.tanh(b) * 2.0][int(rng.integers(4))])

    def f(x, y):
        pool = [x, y]
        grow(pool, 3)
        return pool[-1] * pool[-2] + pool[len(pool) // 2]

    return gad.trace(f, 0.7, -0.4)


def every_group(graph: gad.Graph) -> list[str]:
    return list(Forest(graph).groups)


@pytest.mark.parametrize("seed", range(30))
def test_border_numbers_are_sums_of_inner_ones(seed: int) -> None:
    graph = random_grouped(seed)
    rng = np.random.default_rng(seed + 1000)
    groups = every_group(graph)
    chosen = tuple(name for name in groups if rng.random() < 0.6)
    for fold in ("all", "none", chosen):
        line = story_line(graph, fold=fold)
        shown = line.outline
        consistent(shown)
        flow = Flow(shown)
        for link in shown.links:
            if shown.source(link) is None:
                assert flow.contribution(link) is None
                continue
            edges = [edge for edge in shown.edges(link) if edge.active and edge.consumer.reached]
            if edges:
                assert flow.contribution(link) == pytest.approx(sum(edge.contribution for edge in edges), rel=1e-12)
            result = shown.node(link.consumer)
            if edges and result is not None:
                # end to end: what goes in times the derivative across is what comes out
                local = flow.local(link)
                assert local * result.adjoint == pytest.approx(flow.contribution(link), rel=1e-9, abs=1e-12)
        for number, item in enumerate(shown.items):
            node = shown.node(number)
            arriving = [link for link in shown.links if link.input == number and flow.sends(link)]
            if node is not None and arriving and item.id not in graph.tables.outputs:
                total = sum(flow.contribution(link) for link in arriving)
                assert total + (1.0 if node.id in graph.tables.outputs else 0.0) == pytest.approx(
                    node.adjoint, rel=1e-9
                )
        last = {step.item.id: step for step in line if step.kind in ("seed", "contribution", "sum")}
        for step in last.values():
            if step.node is not None:
                assert step.complete
                assert step.new == step.node.adjoint


@pytest.mark.parametrize("seed", range(10))
def test_tangents_across_groups(seed: int) -> None:
    graph = random_grouped(seed)
    line = story_line(graph, "forward", seed={"x": 1.0}, fold="all")
    final = {step.item.id: step for step in line if step.kind == "tangent"}
    for step in final.values():
        if step.node is not None:
            assert step.new == step.node.tangent
            links = line.outline.incoming[line.outline.owner[step.node.id]]
            pushed = [
                line.flow.pushed(link) for link in links if any(e.input.tangent for e in line.outline.edges(link))
            ]
            assert sum(pushed) == pytest.approx(step.node.tangent, rel=1e-9, abs=1e-12)


def test_across_a_group_of_tensors() -> None:
    def gate(x):
        return np.tanh(x) * x

    def f(x, W):
        return np.sum(gate(x) @ W)

    x, W = np.array([[0.5, -1.0]]), np.ones((2, 3))
    graph = gad.trace(f, x, W)
    shown = story_line(graph, fold="all").outline
    link = next(link for link in shown.links if shown.items[link.consumer].name == "gate")
    expected = (1 - np.tanh(x) ** 2) * x + np.tanh(x)
    np.testing.assert_allclose(Flow(shown).local(link), expected, rtol=1e-12)

    def layer(x, W):
        return np.tanh(x @ W)

    graph = gad.trace(lambda x, W: np.sum(layer(x, W)), x, W)
    shown = story_line(graph, fold="all").outline
    link = next(link for link in shown.links if shown.items[link.input].name == "W")
    local = Flow(shown).local(link)
    assert isinstance(local, Across)
    assert local.shape == (1, 3, 2, 3)
    edge = next(edge for edge in stage(graph, fold="all").edges if edge.index == link.index)
    assert edge.local_text == "(1, 3)×(2, 3)"


def test_a_group_with_several_values_shows_their_number_only() -> None:
    def pair(x):
        return np.sin(x), np.cos(x)

    def f(x):
        a, b = pair(x)
        return a * b + a

    scene = stage(gad.trace(f, 1.0), fold="all")
    group = next(node for node in scene.nodes if node.kind == "group")
    assert (group.value, group.value_text, group.adjoint, group.operation) == (None, "2 outputs", None, "2 operations")
    assert group.consumers == 3
    into = next(edge for edge in scene.edges if edge.consumer == group.id)
    assert into.local is None
    assert float(into.contribution or "") == gad.grad(f)(1.0)
    whole_group = [step for step in scene.steps if step.node == group.id]
    assert [step.kind for step in whole_group] == ["value", "contribution", "contribution", "contribution"]
    assert "pair: 2 operations on x give a = 0.8415 and b = 0.5403" in whole_group[0].narration


def test_every_visible_node_is_told_once_and_in_order() -> None:
    line = story_line(layered(3), fold=("dense",))
    values = [step.item.id for step in line if step.kind == "value"]
    expected = [item.id for item in line.outline.items if item.group or line.graph.nodes[item.id].primitive]
    assert values == expected


def test_the_whole_graph_is_the_plain_outline() -> None:
    graph = layered(2)
    shown = whole(graph)
    assert shown.plain
    assert [link.edges for link in shown.links] == [(place,) for place in range(len(graph.edges))]
    consistent(shown)


def test_members_in_order() -> None:
    forest = Forest(layered(2))
    assert list(positions(forest.roots)) == sorted(forest.order)


def test_sentences_about_a_collapsed_group_name_nothing_inside_of_it() -> None:
    graph = layered(2)
    line = story_line(graph, fold=("dense",))
    hidden = {"v1", "z"}
    for step in line:
        words = set(step.narration.replace("∂", " ").replace("/", " ").replace("(", " ").replace(",", " ").split())
        assert not words & hidden, step.narration
        if step.link is not None and line.outline.items[step.link.consumer].group is not None:
            assert step.formula() == ""
            assert step.reason == ""


def weighted(layers: int, *, shared: bool) -> gad.Graph:
    def f(x, ws):
        for k in range(layers):
            with gad.scope(f"layer{k + 1}"):
                x = np.tanh(ws[0 if shared else k] * x)
        return x

    return gad.trace(f, 0.5, [1.0 + k / layers for k in range(1 if shared else layers)])


def test_what_each_of_many_equal_layers_has_of_its_own_goes_inside() -> None:
    graph = weighted(40, shared=False)
    shown = outline(graph)
    consistent(shown)
    assert names(shown) == ["x", "layer1 … layer40"]
    scene = stage(graph)
    assert scene.nodes[1].operation == "40 × 2 operations, 40 inputs"
    assert scene.steps[0].narration.startswith("layer1 … layer40: 40 × 2 operations, 40 inputs on x give x_41 = ")
    few = outline(weighted(4, shared=False), fold="all")
    assert len(few.items) == 1 + 4 + 1  # four weights can be read beside their box
    tied = outline(weighted(40, shared=True))
    assert names(tied) == ["x", "ws[0]", "layer1 … layer40"]


def test_all_folds_long_graphs_without_groups_too() -> None:
    shown = outline(chain(3000), fold="all")
    consistent(shown)
    assert len(shown.items) <= READABLE


def test_the_words_for_a_folded_picture_tell_what_is_visible() -> None:
    scene = stage(layered(25))
    assert "Operations: dense … dense_25 (25 × 3 operations, 50 inputs) = " in scene.alt
    assert "@" not in scene.alt
    assert "v1 = " in stage(layered(2)).alt


def test_where_there_is_no_group_the_error_says_so() -> None:
    with pytest.raises(gad.UnknownNameError, match=r"no group is named 'a'. This graph has no groups."):
        outline(chain(3), expand=("a",))


def test_many_groups_fold_for_a_narrow_width_by_themselves(tmp_path: Path) -> None:
    graph = layered(4)
    with pytest.raises(gad.ArgumentError, match="does not fit"):
        graph.save(tmp_path / "net.svg", width="page", fold="none")
    text = graph.save(tmp_path / "net.svg", width="page").read_text(encoding="utf-8")
    assert 'data-kind="group"' in text
    with pytest.raises(gad.ArgumentError, match="does not fit"):
        graph.save(tmp_path / "net.svg", width="page", step=3)  # the third step of another story is not what was asked


def test_many_weights_that_all_layers_share_stay_beside_their_box() -> None:
    def f(x, ws):
        for _ in range(20):
            with gad.scope("layer"):
                for w in ws:
                    x = np.tanh(w * x)
        return x

    shown = outline(gad.trace(f, 0.5, [1.0 + k / 14 for k in range(14)]))
    consistent(shown)
    assert len(shown.items) == 1 + 14 + 1
