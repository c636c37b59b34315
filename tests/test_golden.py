"""The story in words and the picture of twelve examples are what they were; run this file to write them anew."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.widget.packing import unpack
from tests.examples import EXAMPLES
from tests.thinned import thinned

GOLDEN = Path(__file__).parent / "golden"
FORMS = (".txt", ".svg")
NUMBER = re.compile(r"[-−]?\d+\.\d+(?:e[-−]?\d+)?")
GOLD = {
    "cube": {"x": 95.0625},
    "fork": {"a": 25.0, "b": 19.0, "c": 7.0, "d": 6.0},
    "one_hidden_unit": {"w1": 0.230482, "b1": 0.115241, "w2": -1.538150, "b2": -2.050156},
    "sigmoid_loss": {"x": 0.287470},
    "two_paths": {"x": 7.0},
    "product_of_powers": {"s": 80.0},
    "log_chain": {"x": 0.769239},
}
"""Adjoints as the curriculum gives them."""


def drawn(name: str, form: str, folder: Path) -> str:
    return EXAMPLES[name]().save(folder / f"{name}{form}", engine="layered").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_drift(name: str, form: str, tmp_path: Path) -> None:
    """Structure exactly; numbers to 1e-9, since processors differ in a function's last bit."""
    kept = (GOLDEN / f"{name}{form}").read_text(encoding="utf-8")
    new = drawn(name, form, tmp_path)
    prefix = re.compile(r"gad-[0-9a-f]{8}")  # a hash of the content
    kept, new = prefix.sub("gad-0", kept), prefix.sub("gad-0", new)
    assert NUMBER.sub("#", kept) == NUMBER.sub("#", new), (
        f"run python -m tests.test_golden if {name}{form} is better now"
    )
    for a, b in zip(NUMBER.findall(kept), NUMBER.findall(new), strict=True):
        one, two = float(a.replace("−", "-")), float(b.replace("−", "-"))
        assert math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-12)


def test_every_golden_file_belongs_to_an_example() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {f"{name}{form}" for name in EXAMPLES for form in FORMS}
    assert len(EXAMPLES) == 12


@pytest.mark.parametrize("name", GOLD)
def test_the_curriculums_numbers(name: str) -> None:
    graph = EXAMPLES[name]()
    for node, adjoint in GOLD[name].items():
        assert graph[node].adjoint == pytest.approx(adjoint, abs=5e-7)


def table(text: str) -> Any:
    """A number, or an array, of the page contract."""
    if text.startswith("{"):
        found = json.loads(text)
        return np.reshape([float(entry) for entry in found["data"]], found["shape"])
    return float(text)


@pytest.mark.parametrize("name", thinned(EXAMPLES, 3))
def test_picture_page_and_json_have_the_graphs_numbers(name: str, tmp_path: Path) -> None:
    graph = EXAMPLES[name]()
    picture = ET.fromstring(graph.save(tmp_path / "a.svg").read_text(encoding="utf-8"))
    space = "{http://www.w3.org/2000/svg}"
    groups = [group for group in picture.iter(f"{space}g") if "data-id" in group.attrib]
    seen = 0
    for group in groups:
        if "gad-node" not in group.attrib["class"].split():
            continue
        node = graph[int(group.attrib["data-id"])]
        assert group.attrib["data-node"] == node.name
        np.testing.assert_array_equal(table(group.attrib["data-value"]), node.value)
        seen += 1
        if node.adjoint is not None:
            np.testing.assert_array_equal(table(group.attrib["data-adjoint"]), node.adjoint)
    assert seen >= len(graph.inputs) + 1
    page = graph.save(tmp_path / "a.html").read_text(encoding="utf-8")
    found = re.search(r'id="gad-payload">([^<]*)<', page)
    assert found is not None
    payload = unpack(found[1])
    for entry in payload["nodes"]:
        np.testing.assert_array_equal(table(entry["value"]), graph[entry["id"]].value)
        if entry["adjoint"] is not None:
            np.testing.assert_array_equal(table(entry["adjoint"]), graph[entry["id"]].adjoint)
    for entry in payload["edges"]:
        edge = next(e for e in graph.edges if (e.consumer.id, e.argnum) == (entry["consumer"], entry["argnum"]))
        if entry["contribution"] is not None:
            np.testing.assert_array_equal(table(entry["contribution"]), edge.contribution)
    again = gad.Graph.from_dict(json.loads(graph.save(tmp_path / "a.json").read_text(encoding="utf-8")))
    for node in graph.nodes:
        np.testing.assert_array_equal(again[node.id].value, node.value)
    words = graph.save(tmp_path / "a.txt").read_text(encoding="utf-8")
    assert len(words.splitlines()) == len(graph.timeline()) + 1


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for example in EXAMPLES:
        for suffix in FORMS:
            drawn(example, suffix, GOLDEN)
    print(f"tests/golden: {len(EXAMPLES)} examples")
