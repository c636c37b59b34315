"""The code pane: where in the traced functions' lines each visible thing was made, called and mentioned."""

from __future__ import annotations

import json
import linecache
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.visible import REPLACEMENT
from graphviz_ad.story.code import MAX_CALLS, MAX_LINE, MAX_LINES, code_data
from graphviz_ad.story.outline import outline


class Pane:
    """What `code_data` says of one graph, as texts."""

    def __init__(self, graph: gad.Graph, **options: Any) -> None:
        self.outline = outline(graph, **options)
        self.data = json.loads(json.dumps(code_data(self.outline), allow_nan=False))
        self.ids = {item.name: str(item.id) for item in self.outline.items}

    def texts(self, spans: list[list[int]]) -> list[str]:
        """The text under each span; one that lies outside of its line is an error here."""
        found = []
        for block, row, start, end in spans:
            line = self.data["blocks"][block]["lines"][row]
            assert 0 <= start < end <= len(line)
            found.append(line[start:end])
        return found

    def made(self, name: str) -> list[str]:
        return self.texts(self.data["nodes"].get(self.ids[name], []))

    def called(self, name: str) -> list[str]:
        return self.texts(self.data["calls"].get(self.ids[name], []))

    def mentions(self) -> dict[str, list[str]]:
        """Text and column of each mention, by "input -> consumer"; two edges between the same have a number."""
        found: dict[str, list[str]] = {}
        items = self.outline.items
        for link in self.outline.links:
            key = f"{items[link.input].name} -> {items[link.consumer].name}"
            key += "#2" if key in found else ""
            spans = self.data["mentions"].get(str(link.index), [])
            texts = self.texts(spans)
            found[key] = [f"{text}@{span[2]}" for text, span in zip(texts, spans, strict=True)]
        return found


def layer(x, W):
    h = x @ W
    return np.tanh(h)


def net(x, W1, W2):
    hidden = layer(x, W1)
    return layer(hidden, W2).sum()


NET = (np.ones(2), np.eye(2), np.eye(2))


def from_source(source: str, name: str = "f", file: str = "/data/ipykernel_9/7.py") -> Any:
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    space: dict[str, Any] = {"np": np, "gad": gad}
    exec(compile(source, file, "exec"), space)
    return space[name]


def test_expressions_calls_and_blocks() -> None:
    pane = Pane(gad.trace(net, *NET))
    assert [(block["label"], block["name"], len(block["lines"])) for block in pane.data["blocks"]] == [
        ("test_code.py", "net", 3),
        ("test_code.py", "layer", 3),
    ]
    assert pane.data["blocks"][0]["first"] == net.__code__.co_firstlineno
    assert (pane.made("h"), pane.called("h")) == (["x @ W"], ["layer(x, W1)"])
    assert (pane.made("h_2"), pane.called("h_2")) == (["x @ W"], ["layer(hidden, W2)"])
    assert (pane.made("out"), pane.called("out")) == (["layer(hidden, W2).sum()"], [])
    assert pane.made("x") == []


def test_mentions_are_in_the_expression_or_in_the_call_that_handed_the_input_on() -> None:
    mentions = Pane(gad.trace(net, *NET)).mentions()
    assert mentions == {
        "x -> h": ["x@19"],
        "W1 -> h": ["W1@22"],
        "h -> hidden": ["h@19"],
        "hidden -> h_2": ["hidden@17"],
        "W2 -> h_2": ["W2@25"],
        "h_2 -> v1": ["h@19"],
        "v1 -> out": ["layer(hidden, W2)@11"],
    }


def test_equal_names_are_told_apart() -> None:
    def f(w, x):
        return w * x * w + x * x

    assert Pane(gad.trace(f, 2.0, 3.0)).mentions() == {
        "w -> v1": ["w@11"],
        "x -> v1": ["x@15"],
        "v1 -> v2": ["w * x@11"],
        "w -> v2": ["w@19"],
        "x -> v3": ["x@23"],
        "x -> v3#2": ["x@27"],
        "v2 -> out": ["w * x * w@11"],
        "v3 -> out": ["x * x@23"],
    }


def test_a_name_that_means_something_else_there_is_not_marked() -> None:
    def inner(x, y):
        return x - y

    def f(x, y):
        return inner(y, x)

    pane = Pane(gad.trace(f, 2.0, 3.0))
    assert pane.mentions() == {"y -> out": ["y@17"], "x -> out": ["x@20"]}  # of `inner(y, x)`, not of `x - y`


def test_a_collapsed_group_has_all_spans_inside() -> None:
    pane = Pane(gad.trace(net, *NET), fold=("layer", "layer_2"))
    assert pane.made("layer") == ["x @ W", "np.tanh(h)"]
    assert pane.called("layer") == ["layer(x, W1)"]
    assert pane.called("layer_2") == ["layer(hidden, W2)"]
    assert pane.mentions()["layer -> layer_2"] == ["hidden@17"]

    both = Pane(gad.trace(net, *NET), fold="all")
    (name,) = (item.name for item in both.outline.items if item.group is not None)
    assert both.made(name) == ["x @ W", "np.tanh(h)"]
    assert both.called(name) == []  # no call has led to all of it


def test_turns_of_a_loop_share_their_expressions() -> None:
    def f(x):
        for _ in range(3):
            x = np.sin(0.5 * x)
        return x

    pane = Pane(gad.trace(f, 1.0))
    assert [pane.made(name) for name in ("x_2", "x_3", "x_4")] == [["np.sin(0.5 * x)"]] * 3
    assert pane.mentions()["x_2 -> v2"] == ["x@25"]


def test_functions_inside_lambdas_and_comprehensions_stand_in_one_block() -> None:
    def f(x):
        def square(y):
            return y * y

        shifted = lambda z: np.sin(z) * x  # noqa: E731
        return square(x) + sum(i * x for i in range(2)) + shifted(x)

    pane = Pane(gad.trace(f, 2.0))
    assert [block["name"] for block in pane.data["blocks"]] == ["f"]
    assert pane.data["blocks"][0]["lines"][0] == "def f(x):"  # without the indent
    texts = [text for name in pane.ids for text in pane.made(name)]
    assert {"y * y", "i * x", "np.sin(z)", "np.sin(z) * x"} <= set(texts)
    assert pane.mentions()["x -> v8"] == ["x@36"]  # read from around the lambda


def test_expressions_of_several_lines() -> None:
    def f(x, y):
        return (
            x
            + y
        )  # fmt: skip

    pane = Pane(gad.trace(f, 2.0, 3.0))
    assert pane.made("out") == ["x", "+ y"]
    assert pane.mentions() == {"x -> out": ["x@8"], "y -> out": ["y@10"]}


def test_tabs_and_letters_beyond_ascii_keep_their_columns() -> None:
    f = from_source(
        'def f(x):\n\tgröße = len("€𝛂") * x\n\treturn gröss(größe)\n\ndef gröss(σ):\n\treturn σ + np.sin(σ)\n'
    )
    pane = Pane(gad.trace(f, 2.0))
    assert pane.data["blocks"][0]["lines"][1] == '\tgröße = len("€𝛂") * x'
    assert pane.made("größe") == ['len("€𝛂") * x']
    assert pane.made("out") == ["σ + np.sin(σ)"]


def test_statements_outside_of_functions_stand_one_below_the_other() -> None:
    z = from_source("x = gad.variable(2.0)\ny = x * x\nif y > 1:\n    z = y * x\n\n\nz = z + 1.0\n", "z")
    pane = Pane(gad.graph(z))
    assert [(block["name"], block["first"], block["lines"]) for block in pane.data["blocks"]] == [
        ("", 2, ["y = x * x", "if y > 1:", "    z = y * x"]),
        ("", 7, ["z = z + 1.0"]),
    ]
    assert pane.made("y") == ["x * x"]


@pytest.mark.parametrize(
    "hostile", ["</script><script>x", "\u202e gnp", "\x1b[31m", "\u2066", "a" + "\u0301" * 30, "\x00"]
)
def test_hostile_lines_are_shown_with_as_many_characters(hostile: str) -> None:
    data = gad.trace(net, *NET).to_dict()
    text = f'    h = x @ W  # "{hostile}"'
    data["functions"][1]["lines"][1] = text
    pane = Pane(gad.Graph.from_dict(data))
    line = pane.data["blocks"][1]["lines"][1]
    assert len(line) == len(text)
    assert not any(char in line for char in "\u202e\x1b\u2066\x00")
    assert line.count("\u0301") <= 3
    assert (REPLACEMENT in line) == (not hostile.startswith("<"))
    assert pane.made("h") == ["x @ W"]


def test_places_outside_of_their_lines_are_cut() -> None:
    data = gad.trace(net, *NET).to_dict()
    data["nodes"][3]["source"] |= {"column": 10, "end_column": 2**31 - 1, "end_line": 2**31 - 1}
    data["nodes"][4]["source"] |= {"column": 2**31 - 1}
    pane = Pane(gad.Graph.from_dict(data))
    assert pane.made("h") == ["@ W", "return np.tanh(h)"]
    assert pane.made("hidden") == []


def test_too_much_code_is_cut() -> None:
    lines = "".join(f"    a{k} = {k}\n" for k in range(MAX_LINES))
    f = from_source(f"def f(x):\n    y = x * x  # {'y' * MAX_LINE}\n{lines}    return y * x\n")
    pane = Pane(gad.trace(f, 2.0))
    assert len(pane.data["blocks"][0]["lines"]) == MAX_LINES
    assert max(map(len, pane.data["blocks"][0]["lines"])) == MAX_LINE
    assert pane.data["cut"] is True
    assert (pane.made("y"), pane.made("out")) == (["x * x"], [])


def test_calls_nested_deeply() -> None:
    def deep(x, depth):
        return np.sin(x) if depth == 0 else deep(x, depth - 1) * 0.5

    pane = Pane(gad.trace(deep, 1.0, MAX_CALLS + 20), fold="none")
    assert pane.called("v1") == ["deep(x, depth - 1)"]


def test_without_source_there_is_no_block() -> None:
    space: dict[str, Any] = {}
    exec("def f(x):\n    return x * x", space)
    assert code_data(outline(gad.trace(space["f"], 2.0))) == {
        "blocks": [],
        "cut": False,
        "nodes": {},
        "calls": {},
        "mentions": {},
    }


def test_derivative_nodes_have_no_line() -> None:
    graph = gad.trace(gad.value_and_grad(lambda x: np.sin(x) * x), 2.0)
    pane = Pane(graph)
    for node in graph:
        assert bool(pane.made(node.name)) == (node.kind == "primitive" and node.role == "")
