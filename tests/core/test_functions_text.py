"""A graph keeps the lines of the functions that made it, as they were when they ran, and no others."""

from __future__ import annotations

import copy
import json
import linecache
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.functions import FunctionText

FIRST = Path(__file__).read_text(encoding="utf-8").splitlines()


def shape(graph: gad.Graph) -> list[tuple[str, int, int]]:
    """Name, first line and number of lines of each function."""
    return [(text.name, text.line, len(text.lines)) for text in graph.functions]


def layer(x, W):
    h = x @ W
    return np.tanh(h)


def net(x, W1, W2):
    # a comment belongs to the function
    hidden = layer(x, W1)

    return layer(hidden, W2).sum()


NET = (np.ones(2), np.eye(2), np.eye(2))


def same(f):
    return f


@same
@same
def decorated(x):
    return x * x


class Model:
    """Not shown: only its method is."""

    def loss(self, x):
        sigma = x * x  # größer
        return len("σß€𝛂") * sigma + np.sin(sigma)


def test_only_the_functions_own_lines_callers_first() -> None:
    graph = gad.trace(net, *NET)
    assert [text.name for text in graph.functions] == ["net", "layer"]
    for text in graph.functions:
        assert text.file == "test_functions_text.py"
        assert text.lines == tuple(FIRST[text.line - 1 : text.line - 1 + len(text.lines)])
    assert graph.functions[0].lines[0] == "def net(x, W1, W2):"
    assert graph.functions[0].lines[-1] == "    return layer(hidden, W2).sum()"


def test_each_place_knows_its_function_and_the_calls_that_led_there() -> None:
    graph = gad.trace(net, *NET)
    first, second = (node.source for node in graph if node.primitive and node.primitive.name == "tanh")
    assert first.function is second.function is graph.functions[1]
    assert (first.caller.text, second.caller.text) == ("layer(x, W1)", "layer(hidden, W2)")
    assert first.caller.function is graph.functions[0]
    assert first.caller.caller is None


def test_decorators_and_methods() -> None:
    graph = gad.trace(decorated, 2.0)
    assert graph.functions[0].lines == ("@same", "@same", "def decorated(x):", "    return x * x")
    graph = gad.trace(Model().loss, 2.0)
    assert graph.functions[0].lines[0] == "    def loss(self, x):"
    assert graph.functions[0].lines[-1] == '        return len("σß€𝛂") * sigma + np.sin(sigma)'


def test_columns_count_characters() -> None:
    source = gad.trace(Model().loss, 2.0)["out"].source
    line = source.function.lines[source.line - source.function.line]
    assert line[source.column : source.end_column] == source.text == 'len("σß€𝛂") * sigma + np.sin(sigma)'


def test_lambdas_comprehensions_and_functions_inside() -> None:
    square = lambda x: (  # noqa: E731
        x * x
    )
    (text,) = gad.trace(square, 2.0).functions
    assert (text.name, len(text.lines), text.lines[1].strip()) == ("lambda", 3, "x * x")

    def sums(x):
        def inner(y):
            return y * y

        return sum(inner(x) * i for i in range(3)) + sum([x * i for i in range(2)])

    graph = gad.trace(sums, 2.0)
    assert [text.name for text in graph.functions] == ["sums", "inner"]
    assert {node.source.function.name for node in graph if node.source} == {"sums", "inner"}
    assert {node.source.caller.text for node in graph if node.source and node.source.caller} == {"inner(x)"}


def test_a_loop_and_a_layer_add_nothing() -> None:
    def f(x):
        for _ in range(5):
            x = gad.nn.softplus(x)
        return x

    graph = gad.trace(f, 1.0)
    assert [text.name for text in graph.functions] == ["f"]
    assert len({id(node.source) for node in graph if node.source}) == 1
    assert all(node.source.caller is None for node in graph if node.source)


def test_statements_outside_of_functions(tmp_path: Path) -> None:
    source = (
        "import graphviz_ad as gad\nsecret = 1\nx = gad.variable(2.0)\ny = (x *\n     x)\nif y > 1:\n    z = y + x\n"
    )
    file = str(tmp_path / "script.py")
    Path(file).write_text(source)
    space: dict[str, Any] = {}
    exec(compile(source, file, "exec"), space)
    graph = gad.graph(space["z"])
    assert [(text.name, text.line, text.lines) for text in graph.functions] == [
        ("", 4, ("y = (x *", "     x)")),
        ("", 6, ("if y > 1:",)),
        ("", 7, ("    z = y + x",)),
    ]


def test_cells_of_a_notebook() -> None:
    cells = {
        "/data/ipykernel_47/1.py": "def g(x):\n    return x * x\n",
        "/data/ipykernel_47/2.py": "def f(x):\n    return g(x) + 1\n",
    }
    space: dict[str, Any] = {}
    for file, source in cells.items():
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        exec(compile(source, file, "exec"), space)
    graph = gad.trace(space["f"], 2.0)
    assert [(text.file, text.name, text.line) for text in graph.functions] == [("cell", "f", 1), ("cell", "g", 1)]
    assert "ipykernel" not in json.dumps(graph.to_dict())


def test_without_source_there_is_nothing() -> None:
    space: dict[str, Any] = {}
    exec("def f(x):\n    return x * x", space)
    graph = gad.trace(space["f"], 2.0)
    assert graph.functions == ()
    assert gad.Graph.from_dict(graph.to_dict()).functions == ()


def test_a_file_that_changes_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text("def f(x):\n    return x * x\n")
    space: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), space)
    graph = gad.trace(space["f"], 2.0)
    file.write_text("# nothing\n" * 10)
    linecache.checkcache(str(file))
    assert graph.functions[0].lines == ("def f(x):", "    return x * x")
    assert gad.trace(space["f"], 2.0).functions == ()  # what stands there now is another text
    file.write_text("def f(x): return x * x  # of one line\n")
    linecache.checkcache(str(file))
    assert gad.trace(space["f"], 2.0).functions == ()  # the second line, which ran, is not there


def test_the_graph_of_a_derivative_has_the_functions_of_its_forward_nodes() -> None:
    graph = gad.trace(gad.grad(Model().loss), 2.0)
    assert [text.name for text in graph.functions] == ["loss"]
    forward = gad.trace(Model().loss, 2.0)
    assert forward.derivative("x").functions == forward.functions


@pytest.mark.parametrize(
    "way",
    [
        lambda graph: gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict(), allow_nan=False))),
        copy.copy,
        copy.deepcopy,
        lambda graph: pickle.loads(pickle.dumps(graph)),
        lambda graph: graph.evaluate(x=np.zeros(2)),
    ],
    ids=["json", "copy", "deepcopy", "pickle", "evaluate"],
)
def test_copies_keep_them(way: Callable[[gad.Graph], gad.Graph]) -> None:
    graph = gad.trace(net, *NET)
    back = way(graph)
    assert back.functions == graph.functions != ()
    for old, new in zip(graph.nodes, back.nodes, strict=True):
        assert (old.source and old.source.caller) == (new.source and new.source.caller)
        assert (old.source and old.source.function) == (new.source and new.source.function)
    assert {key: back.to_dict()[key] for key in ("functions", "calls")} == {
        key: graph.to_dict()[key] for key in ("functions", "calls")
    }


def test_calls_are_written_once_however_deep() -> None:
    def deep(x, depth):
        return np.sin(x) if depth == 0 else deep(x, depth - 1) * 0.5

    graph = gad.trace(deep, 1.0, 60)
    data = graph.to_dict()
    assert len(data["functions"]) == 1
    assert len(data["calls"]) == 60
    assert gad.Graph.from_dict(data).to_dict() == data


def test_files_of_earlier_releases_have_none() -> None:
    data = gad.trace(net, *NET).to_dict()
    del data["functions"], data["calls"]
    for node in data["nodes"]:
        for key in ("function", "caller"):
            (node["source"] or {}).pop(key, None)
    graph = gad.Graph.from_dict(data)
    assert graph.functions == ()
    assert graph["hidden"].source.text == "np.tanh(h)"


LINE = {"file": "a.py", "name": "f", "line": 1, "lines": ["def f(x):"]}

DAMAGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no list": (lambda d: d.update(functions={}), r"functions is an object; expected a list"),
    "no function": (lambda d: d.update(functions=[None]), r"functions\[0\] is null; expected an object"),
    "no lines": (lambda d: d["functions"][0].pop("lines"), r"functions\[0\] has no 'lines'"),
    "a number for a line": (lambda d: d["functions"][0]["lines"].append(3), r"functions\[0\]\.lines\[\d\] is 3"),
    "two lines in one": (
        lambda d: d["functions"][0].update(lines=["a\nb"]),
        r"lines\[0\] is 'a\\nb'; expected one line",
    ),
    "a huge line": (lambda d: d["functions"][0].update(lines=["x" * 200_000]), r"expected a text of at most 100,000"),
    "line 0": (lambda d: d["functions"][0].update(line=0), r"functions\[0\]\.line is 0; expected a whole number"),
    "line true": (lambda d: d["functions"][0].update(line=True), r"functions\[0\]\.line is true"),
    "a folder": (
        lambda d: d["functions"][0].update(file="/data/ada/f.py"),
        r"functions\[0\]\.file .* without a folder",
    ),
    "name": (lambda d: d["functions"][0].update(name=None), r"functions\[0\]\.name is null; expected a text"),
    "which function": (
        lambda d: d["nodes"][-1]["source"].update(function=2),
        r"source\.function is 2; expected the pos",
    ),
    "function -1": (lambda d: d["nodes"][-1]["source"].update(function=-1), r"source\.function is -1"),
    "another function": (
        lambda d: d["nodes"][-1]["source"].update(function=1),
        r"source\.line is \d+; expected a line of",
    ),
    "calls": (lambda d: d.update(calls=3), r"calls is 3; expected a list"),
    "a call nowhere": (lambda d: d.update(calls=[None]), r"calls\[0\] is null; expected a place"),
    "a call of itself": (
        lambda d: d["calls"][0].update(caller=0),
        r"calls\[0\]\.caller is 0; expected the position of",
    ),
    "a later caller": (lambda d: d["calls"][0].update(caller=1), r"calls\[0\]\.caller is 1; expected the position of"),
    "which caller": (
        lambda d: d["nodes"][-1]["source"].update(caller=99),
        r"source\.caller is 99; expected the position",
    ),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_what_is_wrong_in_a_file_is_named_with_its_place(kind: str) -> None:
    damage, words = DAMAGES[kind]
    data = gad.trace(net, *NET).to_dict()
    damage(data)
    with pytest.raises(gad.ArgumentError, match=words):
        gad.Graph.from_dict(data)


def test_lines_count_against_what_a_file_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    data = gad.trace(net, *NET).to_dict()
    data["functions"].append({**LINE, "lines": ["x"] * 100})
    monkeypatch.setattr("graphviz_ad.core.place.MAX_ENTRIES", 99)
    with pytest.raises(gad.ArgumentError, match=r"too large: at functions\[2\]\.lines"):
        gad.Graph.from_dict(data)


def test_an_endless_line_can_be_read_again() -> None:
    source = "def f(x):\n    return x * x  # " + "y" * 200_000 + "\n"
    file = "/data/ipykernel_47/3.py"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    made = FunctionText("cell", "f", 1, ("def f(x):", source.splitlines()[1][:100_000]))
    space: dict[str, Any] = {}
    exec(compile("def f(x):\n    return x * x\n", file, "exec"), space)
    graph = gad.trace(space["f"], 2.0)
    assert graph.functions == (made,)
    assert gad.Graph.from_dict(graph.to_dict()).functions == (made,)
