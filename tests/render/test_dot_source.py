"""DOT source for the user's own hand: complete, and safe whatever the names."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess

import pytest

from graphviz_ad.render.dot_source import to_digraph
from tests.render import figures


def ask_dot(source: str) -> dict[str, dict[str, str]]:
    """What Graphviz reads in a source, by node id."""
    if shutil.which("dot") is None:
        pytest.skip("the program dot is not installed here; users need not have it either")
    done = subprocess.run(["dot", "-Tdot_json"], input=source.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return {item["name"]: item for item in json.loads(done.stdout)["objects"]}


def test_numbers() -> None:
    source = to_digraph(figures.chain()).source
    assert 'n0 [label="▲ 1.5|x\\ninput|▼ 95.06"' in source
    assert 'n1 [label="▲ 2.25|v1\\npower\\ 2|▼ 31.69"' in source
    assert 'n2 -> n3 [label="∂ 31.69\\n▼ 31.69"]' in source
    assert "rankdir=LR" in source


def test_fields_stand_one_above_the_other_in_both_directions() -> None:
    assert 'n0 [label="{▲ 1.5|x\\ninput|▼ 95.06}"' in to_digraph(figures.chain(), "TB").source


def test_breaks_and_what_has_no_adjoint() -> None:
    source = to_digraph(figures.broken()).source
    assert "n0 -> n3 [style=dotted]" in source
    assert "no path from the output" in source
    (inside,) = [line for line in source.splitlines() if line.strip().startswith("n3 [")]
    assert "▼" not in inside


@pytest.mark.parametrize("name", figures.ALL)
def test_graphviz_reads_it(name: str) -> None:
    scene = figures.ALL[name]()
    assert set(ask_dot(to_digraph(scene).source)) == {f"n{node.id}" for node in scene.nodes}


@pytest.mark.parametrize(
    "name",
    [
        '"];evil [label="', "back\\slash\\", "\\N\\G\\l", "<b>bold</b>", "<>", "{a|b}", "a->b", "subgraph", "a:b:c",
        "\ud800", "a\x00b", "a\nb", "&lt;&#65;", "", " ", "x" * 10_000, "😀", "// comment", "/* c */", "#x", "%s",
    ],
)  # fmt: skip
def test_hostile_names_add_nothing(name: str) -> None:
    scene = figures.chain(name)
    nodes = tuple(dataclasses.replace(n, operation=n.operation and name, value_text=name) for n in scene.nodes)
    edges = tuple(dataclasses.replace(e, local_text=name) for e in scene.edges)
    graph = to_digraph(dataclasses.replace(scene, nodes=nodes, edges=edges))
    read = ask_dot(graph.source)
    assert set(read) == {"n0", "n1", "n2", "n3"}
    assert read["n0"]["shape"] == "Mrecord"
    unescaped = re.sub(r"\\.", "", read["n0"]["label"])
    assert unescaped.count("|") == 2
    assert not set("{}<>") & set(unescaped)
    assert not re.search("&(?!amp;)", unescaped)
