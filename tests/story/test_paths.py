"""Paths: every one is found once, its product is what the sweep would send along it, and their sum is the adjoint."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.story.paths import Paths
from tests.core.test_gold import fork


def listed(paths: Paths) -> dict[str, float]:
    """Return every route with its product."""
    return {path.route: float(path.product) for path in paths}


def doublings(x, number):
    y = x
    for _ in range(number):
        y = y + y
    return y


# ------------------------------------------------------------------------------------------------ worked examples


def square_and_itself(x):
    y = x**2 + x
    return y


def same_twice(x):
    b = x
    y = b * x
    return y


def two_ways(s):
    x = s**2
    y = s**3
    z = x * y
    return z


def powers(t):
    x = t**2
    y = t**3
    z = x**2 * y**3
    return z


def test_the_identity_path_counts() -> None:
    paths = gad.trace(square_and_itself, 3.0).paths("x")
    assert listed(paths) == {"x → v1 → y": 6.0, "x → y": 1.0}
    assert (paths.total, paths.count, paths.work, paths.complete) == (7.0, 2, 3, True)
    assert [len(path.edges) for path in paths] == [2, 1]


def test_another_name_is_no_edge_and_two_arguments_are_two_paths() -> None:
    paths = gad.trace(same_twice, 3.0).paths("b")  # the alias finds x
    assert listed(paths) == {"x →¹ y": 3.0, "x →² y": 3.0}
    assert [edge.argnum for path in paths for edge in path.edges] == [0, 1]
    assert paths.total == 6.0


def test_a_product_of_powers_of_one_variable() -> None:
    assert [path.product for path in gad.trace(two_ways, 2.0).paths("s")] == [32.0, 48.0]
    assert gad.trace(two_ways, 2.0).paths("s").total == 80.0
    assert [path.product for path in gad.trace(powers, 1.0).paths("t")] == [4.0, 9.0]
    assert gad.trace(powers, 1.0).paths("t").total == 13.0


FORK_A = """\
4 paths against 8 edges of one sweep, from a to y
a → c → e → y       1 × 1 × 1 = 1
a → d → e → y       3 × 1 × 1 = 3
a → c → f → y       1 × 6 × 1 = 6
a → d → f → y       3 × 5 × 1 = 15
sum of the 4 paths            = 25, the adjoint of a"""


def test_the_graph_that_shows_order_and_accumulation() -> None:
    graph = gad.trace(fork, 2.0, 3.0)
    assert str(graph.paths("a")) == FORK_A
    assert listed(graph.paths("b")) == {
        "b → c → e → y": 1.0,
        "b → d → e → y": 2.0,
        "b → c → f → y": 6.0,
        "b → d → f → y": 10.0,
    }
    assert graph.paths("b").total == 19.0
    assert graph.paths("a").summary == (
        "4 paths lead from a to y: multiply along each of them and add them up, 1 + 3 + 6 + 15 = 25, and that is the "
        "adjoint of a (4 paths against 8 edges of one sweep)."
    )


def test_a_path_is_told_in_names_and_numbers() -> None:
    def f(x):
        u = x * 2
        y = u * -3
        return y

    paths = gad.trace(f, 5.0).paths("x")
    (path,) = paths
    assert str(path) == path.text == "x → u → y: 2 × (−3) = −6"
    assert [node.name for node in path.nodes] == ["x", "u", "y"]
    assert path.locals == (2.0, -3.0)
    assert paths.summary == "One path leads from x to y, so the product along it is the adjoint of x: −6."
    assert gad.trace(square_and_itself, 3.0).paths("x")[1].text == "x → y: 1"
    assert repr(paths) == "<Paths x → y: 1 path against 2 edges of one sweep>"
    assert repr(path) == "<Path x → u → y: 2 × (−3) = −6>"


def test_a_sum_with_negative_terms_is_readable() -> None:
    paths = gad.trace(lambda x: x - 3 * x, 1.0).paths("x")
    assert "1 + (−3) = −2, and that is the adjoint of x" in paths.summary


# ------------------------------------------------------------------------------------------------ against the sweep


def all_routes(graph: gad.Graph, start: int) -> list[tuple[tuple[int, int], ...]]:
    """Find the paths in another way: forwards, by recursion, as (consumer, argnum)."""
    if start == graph.outputs[0].id:
        return [()]
    return [
        ((edge.consumer.id, edge.argnum), *rest)
        for edge in graph.edges
        if edge.input.id == start and edge.active
        for rest in all_routes(graph, edge.consumer.id)
    ]


def random_graph(seed: int, *, tensors: bool) -> gad.Graph:
    rng = np.random.default_rng(seed)
    plan = rng.integers(0, 7, size=(int(rng.integers(3, 9)), 3))

    def f(x, y):
        pool = [x, y]
        for operation, first, second in plan:
            a, b = pool[-1 - first % min(len(pool), 3)], pool[second % len(pool)]
            made = (
                lambda a, b: a + b,
                lambda a, b: a * b,
                lambda a, b: np.sin(a) - b,
                lambda a, b: np.maximum(a, b),
                lambda a, b: a * 2 + (b > 0),
                lambda a, b: np.tanh(a) * gad.detach(b),
                lambda a, b: a * a + np.sum(b),
            )[operation]
            pool.append(made(a, b))
        return np.sum(pool[-1] * pool[-2])

    shapes = ((2, 3), (3,)) if tensors else ((), ())
    return gad.trace(f, *[rng.normal(size=shape)[()] for shape in shapes])


@pytest.mark.parametrize("tensors", [False, True])
@pytest.mark.parametrize("seed", range(100))
def test_every_path_is_found_once_and_their_sum_is_the_adjoint(seed: int, tensors: bool) -> None:
    graph = random_graph(seed, tensors=tensors)
    for node in graph.inputs:
        expected = all_routes(graph, node.id)
        paths = graph.paths(node.name, limit=10**6)
        found = [tuple((edge.consumer.id, edge.argnum) for edge in path.edges) for path in paths]
        assert len(found) == len(set(found)) == paths.count
        assert set(found) == set(expected)
        assert paths.work == len({step for route in expected for step in route})
        scale = sum(np.abs(path.product) for path in paths)
        assert np.all(np.abs(paths.total - node.adjoint) <= 1e-12 * scale)
        assert paths.total.shape == node.shape
        if not tensors:
            for path in paths:
                assert path.product == pytest.approx(np.prod([1.0, *path.locals]), rel=1e-12)


def test_random_graphs_have_fan_out() -> None:
    counts = [random_graph(seed, tensors=False).paths("x", limit=1).count for seed in range(100)]
    assert max(counts) > 30
    assert sum(count > 3 for count in counts) > 30
    assert min(counts) == 0


def test_a_tensor_keeps_its_shape_along_a_path() -> None:
    def f(x, W, b):
        h = np.tanh(W @ x + b)
        y = np.sum(h * h) + x[0]
        return y

    graph = gad.trace(f, np.array([1.0, 2.0, 3.0]), np.full((2, 3), 0.1), 0.5)
    paths = graph.paths("x")
    assert [path.product.shape for path in paths] == [(3,)] * 3
    assert paths[2].product.tolist() == [1.0, 0.0, 0.0]
    assert "x → v5 → y" in str(paths)
    assert "= [1, 0, 0] of shape (3,)" in str(paths)
    assert paths[2].factors == ""
    assert isinstance(paths[2].locals[0], LocalJacobian)
    bias = graph.paths("b")  # broadcast: summed over the two rows
    assert [path.product.shape for path in bias] == [(), ()]
    assert bias.total == pytest.approx(graph["b"].adjoint, rel=1e-12)
    with pytest.raises(ValueError, match="read-only"):
        paths[0].product[0] = 5.0


def test_float32_stays_float32() -> None:
    graph = gad.trace(lambda x: np.sum(x * x + x), np.arange(3, dtype=np.float32))
    paths = graph.paths("x")
    assert paths.total.dtype == paths[0].product.dtype == np.float32
    assert paths.total.tolist() == [1.0, 3.0, 5.0]


def test_leaves_of_a_nest_have_paths_of_their_own() -> None:
    def f(layers):
        x = 1.0
        for layer in layers:
            x = x * layer["w"] + layer["b"]
        return x

    graph = gad.trace(f, [{"w": 2.0, "b": 1.0}, {"w": 3.0, "b": -1.0}])
    assert graph.paths("layers[0].w").total == 3.0
    assert graph.paths("layers[1].w").total == 3.0
    assert graph.paths("layers[1].b").count == 1


def test_only_edges_with_a_derivative_make_paths() -> None:
    graph = gad.trace(lambda x: x * (x > 0) + gad.detach(x) * 2 + np.floor(x), 1.5)
    assert graph.paths("x").count == 1
    assert graph.paths("x").total == graph["x"].adjoint == 1.0
    choice = gad.trace(lambda x: np.where(x, x * 3, x), 1.5)  # not by the choice itself, though it leads on
    assert listed(choice.paths("x")) == {"x → v1 → out": 3.0, "x →³ out": 0.0}
    assert "second … argument)" in str(choice.paths("x"))


def test_a_rule_that_answers_none_makes_a_path_of_zeros() -> None:
    def product(x, y):
        return x * y

    cut = gad.custom(product, vjp=lambda adjoint, out, x, y: (None, adjoint * x))
    paths = gad.trace(lambda x: cut(x, x) + x, 3.0).paths("x")
    assert [path.product for path in paths] == [0.0, 3.0, 1.0]
    assert paths.total == 4.0


def test_numbers_that_are_not_finite_pass_in_silence() -> None:
    with np.errstate(all="ignore"):
        graph = gad.trace(lambda x: np.log(x) + x * 0.0, 0.0)
    paths = graph.paths("x")
    assert [path.product for path in paths] == [np.inf, 0.0]
    assert paths.total == np.inf
    assert "= ∞, the adjoint of x" in str(paths)


# ------------------------------------------------------------------------------------------------ many paths


def test_ten_doublings() -> None:
    paths = gad.trace(doublings, 1.0, 10).paths("x")
    assert (paths.count, paths.work) == (1024, 20)
    assert not paths.complete
    shown = str(paths).splitlines()
    assert shown[0] == "1,024 paths against 20 edges of one sweep, from x to y_10"
    assert shown[1] == "listed are the first 100 of 1,024 paths; their sum is not the adjoint of x"
    assert shown[2] == "(→¹, →² …: by the first, the second … argument)"
    assert len(shown) == 3 + 100 + 1
    assert shown[-1].startswith("sum of the first 100 of 1,024 paths  ")
    assert shown[-1].endswith(" = 100, not the adjoint of x")
    assert "listed are the first 100 of 1,024 paths, and their sum is not the adjoint of x." in paths.summary

    every = gad.trace(doublings, 1.0, 10).paths("x", limit=1024)
    assert every.complete
    assert every.total == 1024.0
    assert str(every).endswith(" = 1024, the adjoint of x")


def test_sixty_doublings_are_counted_and_not_listed() -> None:
    paths = gad.trace(doublings, 1.0, 60).paths("x", limit=7)
    assert paths.count == 2**60
    assert paths.work == 120
    assert len(paths) == 7
    assert paths.total == 7.0
    assert "1,152,921,504,606,846,976 paths against 120 edges of one sweep" in str(paths)
    assert (
        str(paths[0])
        == "x →¹ y →¹ y_2 →¹ y_3 → … 54 more … →¹ y_58 →¹ y_59 →¹ y_60: 1 × 1 × 1 × … × 1 × 1 (60 factors) = 1"
    )
    assert len(paths[0].edges) == 60


@pytest.mark.slow
def test_a_chain_of_a_hundred_thousand_doublings() -> None:
    paths = gad.trace(doublings, 0.0, 100_000).paths("x", limit=2)
    assert paths.count == 2**100_000
    assert paths.work == 200_000
    assert [path.product for path in paths] == [1.0, 1.0]
    assert len(paths[1].edges) == 100_000
    assert paths.summary.startswith("About 10³⁰¹⁰² paths lead from x")
    assert repr(paths).endswith("about 10³⁰¹⁰² paths against 200,000 edges of one sweep, the first 2 listed>")


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, None, "all", 10**6 + 1])
def test_a_limit_that_is_none_is_refused(limit: object) -> None:
    with pytest.raises(gad.ArgumentError, match="limit must be a whole number from 1 to 1,000,000, not "):
        gad.trace(fork, 2.0, 3.0).paths("a", limit=limit)


def test_exactly_as_many_as_the_limit_are_complete() -> None:
    graph = gad.trace(fork, 2.0, 3.0)
    assert graph.paths("a", limit=4).complete
    assert not graph.paths("a", limit=3).complete


# ------------------------------------------------------------------------------------------------ a sequence


def test_paths_behave_as_a_sequence() -> None:
    paths = gad.trace(fork, 2.0, 3.0).paths("a")
    routes = [path.route for path in paths]
    assert [path.route for path in paths] == routes, "a second walk is the same"
    assert len(paths) == 4
    assert paths[-1].route == routes[3]
    assert [path.route for path in paths[1:3]] == routes[1:3]
    assert paths[2:1] == []
    assert [path.route for path in reversed(paths)] == routes[::-1]
    with pytest.raises(IndexError):
        paths[4]


def test_edges_are_those_of_the_graph() -> None:
    graph = gad.trace(fork, 2.0, 3.0)
    assert all(any(edge is other for other in graph.edges) for path in graph.paths("a") for edge in path.edges)


# ------------------------------------------------------------------------------------------------ where they end


def test_no_path() -> None:
    graph = gad.trace(lambda x, y: x * 2, 1.0, 2.0)
    paths = graph.paths("y")
    assert (paths.count, paths.work, len(paths), paths.total, paths.complete) == (0, 0, 0, 0.0, True)
    assert str(paths) == paths.summary
    assert paths.summary == ("No path leads from y to out along edges that carry a derivative: the adjoint of y is 0.")
    assert list(paths) == []


def test_what_has_no_adjoint_has_no_paths() -> None:
    graph = gad.trace(lambda x: x * (x > 0) * np.array([1.0, 2.0])[1], 1.0)
    mask = next(node for node in graph.nodes if node.dtype == bool)
    paths = graph.paths(mask.id)
    assert (paths.count, paths.total) == (0, None)
    assert paths.summary == f"{mask.name} is of dtype bool: it has no adjoint, and no path leads from it to out."
    constant = next(node for node in graph.nodes if node.kind == "constant")
    assert "is a constant: it has no adjoint" in graph.paths(constant.name).summary


def test_paths_start_at_any_node() -> None:
    graph = gad.trace(fork, 2.0, 3.0)
    assert listed(graph.paths("c")) == {"c → e → y": 1.0, "c → f → y": 6.0}
    assert graph.paths("c").total == graph["c"].adjoint


def test_the_output_itself_is_a_path_without_edges() -> None:
    graph = gad.trace(fork, 2.0, 3.0)
    (path,) = graph.paths("y")
    assert (path.edges, path.locals, path.product, path.route) == ((), (), 1.0, "y")
    assert str(path) == "y: 1"
    graph.backward(seed=5.0)
    assert str(graph.paths("y")[0]) == "y: seed 5 = 5"


def test_an_output_that_is_an_array_itself() -> None:
    graph = gad.trace(lambda x: x, np.ones(2)).backward(seed=np.array([3.0, 4.0]))
    assert graph.paths("x").total.tolist() == [3.0, 4.0]
    assert "[3, 4] of shape (2,)" in str(graph.paths("x"))


def several(x):
    u = x * 2
    y = u * 3
    z = u + x
    return {"u": u, "y": y, "z": z}


def test_several_outputs_need_a_seed_or_a_choice() -> None:
    graph = gad.trace(several, 1.0)
    with pytest.raises(gad.SeedError, match=r"3 outputs \(u, y, z\)"):
        graph.paths("x")
    chosen = graph.paths("x", output="z")
    assert listed(chosen) == {"x → u → z": 2.0, "x → z": 1.0}
    assert "from x to z" in str(chosen)
    assert chosen.total == chosen.node.adjoint == 3.0
    assert not graph.has_adjoints, "the choice leaves the graph as it is"

    graph.backward(seed={"u": 10.0, "y": -1.0})
    seeded = graph.paths("x")
    assert listed(seeded) == {"x → u": 20.0, "x → u → y": -6.0}
    assert seeded.total == graph["x"].adjoint == 14.0
    assert [path.text for path in seeded] == ["x → u: 2 × seed 10 = 20", "x → u → y: 2 × 3 × seed (−1) = −6"]


def test_a_later_sweep_leaves_paths_as_they_are() -> None:
    graph = gad.trace(fork, 2.0, 3.0)
    paths = graph.paths("a")
    first = paths[0].product
    graph.backward(seed=100.0)
    assert paths[0].product == first
    assert paths.total == 25.0
    assert graph.paths("a").total == 2500.0


def test_an_output_that_is_no_scalar_needs_a_seed() -> None:
    graph = gad.trace(lambda x: x * x, np.array([1.0, 2.0]))
    with pytest.raises(gad.SeedError, match=r"Write graph\.backward\(seed="):
        graph.paths("x")
    with pytest.raises(gad.SeedError, match=r"has shape \(2,\); paths end at one number"):
        graph.paths("x", output="out")
    graph.backward(seed=np.array([1.0, 10.0]))
    assert graph.paths("x").total.tolist() == graph["x"].adjoint.tolist() == [2.0, 40.0]


def test_an_unknown_name_is_named() -> None:
    graph = gad.trace(fork, 2.0, 3.0)
    with pytest.raises(gad.UnknownNameError, match="no node is named 'q'"):
        graph.paths("q")
    with pytest.raises(gad.SeedError, match="'c' is no output"):
        graph.paths("a", output="c")


def test_a_graph_from_a_file_has_paths() -> None:
    graph = gad.Graph.from_dict(gad.trace(fork, 2.0, 3.0).to_dict())
    assert str(graph.paths("a")) == FORK_A


def test_the_graph_of_a_gradient_has_paths() -> None:
    slope = gad.trace(lambda x: x**3 * x, 2.0).derivative("x")
    paths = slope.paths("x", limit=1000)
    assert paths.complete
    assert paths.total == pytest.approx(48.0)
