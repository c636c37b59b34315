"""Names and sources: read from the user's own code, by the rules that the documentation promises."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest

import graphviz_ad as gad


def made(graph: gad.Graph) -> list[str]:
    return [node.name for node in graph.nodes if node.primitive is not None]


def test_assignment_unpacking_augmented_walrus_attribute() -> None:
    class Box:
        pass

    box = Box()

    def f(x):
        u = x * 2
        a, b = x + 1, x + 2
        x += 3
        (c := a * b)
        box.h = c + u
        table = {}
        table["t"] = box.h * x
        w: float = table["t"] * 2
        return w * 3

    graph = gad.trace(f, 1.0)
    assert made(graph) == ["u", "a", "b", "x_2", "c", "h", "t", "w", "out"]


def test_names_through_return() -> None:
    def helper(z):
        s = np.tanh(z)
        return s

    def direct(z):
        return z * 2

    def outer(z):
        y = helper(z)
        return y

    def f(x):
        h = helper(x)
        d = direct(h)
        o = outer(d)
        return o + 1

    graph = gad.trace(f, 0.5)
    assert made(graph) == ["h", "d", "o", "out"]
    assert graph["s"].id == graph["h"].id
    assert graph["y"].id == graph["o"].id
    assert graph["s_2"].id == graph["o"].id


def test_tuples_through_return() -> None:
    def forward(x):
        z = x * 2
        h = np.sin(z)
        return z, h

    def f(x):
        first, second = forward(x)
        return first * second

    graph = gad.trace(f, 0.5)
    assert made(graph) == ["first", "second", "out"]
    assert graph["h"].id == graph["second"].id


def test_repeats_skip_names_that_the_user_wrote() -> None:
    def f(x):
        h = x * 1.5
        h_2 = h + 1
        h = h * h_2
        h = h + 2
        return h

    assert made(gad.trace(f, 1.0)) == ["h", "h_2", "h_3", "h_4"]


def test_loops_and_sums() -> None:
    def f(x):
        for _ in range(3):
            x = np.tanh(x)
        total = sum([x, x * 2, x * 3])
        return total

    assert made(gad.trace(f, 0.3)) == ["x_2", "x_3", "x_4", "v1", "v2", "v3", "v4", "total"]


def test_unpacking_and_iterating_a_traced_array() -> None:
    def f(x):
        a, b = x
        s = a * b
        for item in x:
            s = s + item
        return s

    assert made(gad.trace(f, np.array([1.0, 2.0]))) == ["a", "b", "s", "item", "s_2", "item_2", "s_3"]


def test_an_alias_makes_no_node() -> None:
    def f(x):
        y = x
        z = y * 2
        return z

    graph = gad.trace(f, 1.0)
    assert graph.names == ("x", "c1", "z")
    assert graph["y"].id == graph["x"].id


def test_lambdas_and_unnamed_results() -> None:
    graph = gad.trace(lambda x: (x**2 + 1) ** 3, 1.5)
    assert made(graph) == ["v1", "v2", "out"]
    assert made(gad.trace(lambda x: (x * 2, x * 3), 1.0)) == ["out", "out_2"]


def test_map_gives_no_name_to_its_elements() -> None:
    def square(v):
        return v * v

    def f(x):
        ys = list(map(square, [x, x]))
        return ys[0] + ys[1]

    assert made(gad.trace(f, 1.0)) == ["v1", "v2", "out"]


def test_sources_say_line_and_columns() -> None:
    def f(x):
        u = x * 2
        return np.sin(u)

    graph = gad.trace(f, 1.0)
    source = graph["u"].source
    assert source.file == "test_names.py"
    assert source.text == "x * 2"
    assert graph["out"].source.line == source.line + 1
    assert (source.column, source.end_column) == (12, 17)
    assert "/" not in str(source)


def test_groups_are_calls() -> None:
    def dense(x, w):
        return np.tanh(x * w)

    def f(x):
        return dense(dense(x, 2.0), 3.0)

    graph = gad.trace(f, 0.1)
    groups = [node.group for node in graph.nodes if node.primitive]
    assert groups == ["dense", "dense", "dense_2", "dense_2"]


def test_constants_take_the_name_of_their_variable() -> None:
    W = np.ones((2, 2))

    def f(x):
        return np.sum(np.matmul(x, W) + x @ W)

    graph = gad.trace(f, np.ones(2))
    assert graph["W"].kind == "constant"
    assert sum(node.kind == "constant" for node in graph.nodes) == 1


def test_unknown_names_list_what_there_is() -> None:
    graph = gad.trace(lambda speed: speed * 2, 1.0)
    with pytest.raises(gad.UnknownNameError, match="Did you mean 'speed'"):
        graph["sped"]
    with pytest.raises(KeyError, match="ids go from 0 to 2"):
        graph[99]
    assert graph[0].name == "speed"


PROGRAM = """
import graphviz_ad as gad
def f(x):
    u = x * 2
    return u + 1
print(gad.trace(f, 1.0).names)
"""


def run(tmp_path, *flags: str, source: str = PROGRAM) -> str:
    file = tmp_path / "program.py"
    file.write_text(textwrap.dedent(source))
    done = subprocess.run([sys.executable, *flags, str(file)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_without_positions_only_numbers(tmp_path) -> None:
    assert run(tmp_path) == "('x', 'c1', 'u', 'c2', 'out')"
    assert run(tmp_path, "-X", "no_debug_ranges") == "('x', 'c1', 'v1', 'c2', 'out')"


def test_code_without_source() -> None:
    space: dict = {}
    exec("def f(x):\n    u = x * 2\n    return u + 1", space)
    assert gad.trace(space["f"], 1.0).names == ("x", "c1", "v1", "c2", "out")


def test_layers_give_groups_but_neither_names_nor_places() -> None:
    weights, start = np.ones((4, 3)), np.zeros(4)

    def net(x, t):
        shifted = gad.nn.linear(x, weights, start)
        hidden = gad.nn.sigmoid(shifted)
        loss = gad.nn.cross_entropy(hidden, t)
        return loss

    graph = gad.trace(net, np.ones((2, 3)), np.array([0, 1]))
    assert [node.primitive.name for node in graph.outputs] == ["mean"]
    named = {node.name: node.group for node in graph if node.primitive is not None and not node.name.startswith("v")}
    assert named == {"shifted": "linear", "hidden": "sigmoid", "loss": "cross_entropy"}
    assert {node.source.text for node in graph if node.group and "linear" in node.group} == {
        "gad.nn.linear(x, weights, start)"
    }
    assert "cross_entropy/log_softmax" in {node.group for node in graph}
    assert not any(node.name in ("x", "W", "b") for node in graph if node.kind == "constant")


def test_numpys_max_names_its_result_and_pythons_does_not() -> None:
    def f(x):
        top = np.max(x)
        small = np.min(x)
        best = max(x[0], x[1])
        return top * small * best

    graph = gad.trace(f, np.array([1.0, 2.0]))
    assert graph["top"].primitive.name == "max"
    assert graph["small"].primitive.name == "min"
    assert graph["best"].primitive.name == "index"
