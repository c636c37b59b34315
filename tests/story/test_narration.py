"""Single words of the sentences: counts, arguments, several results, and how adjoints are written."""

from __future__ import annotations

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.story.narration import amount
from graphviz_ad.story.staging import story_line
from graphviz_ad.story.timeline import Timeline


def told(line: Timeline, kind: str) -> list[str]:
    return [step.narration for step in line if step.kind == kind]


@pytest.mark.parametrize(
    ("times", "operations", "words"), [(1, 1, "1 operation"), (1, 2, "2 operations"), (3, 1, "3 × 1 operation")]
)
def test_how_much_is_inside_of_a_group(times: int, operations: int, words: str) -> None:
    def f(x):
        for _ in range(times):
            with gad.scope("step"):
                for _ in range(operations):
                    x = np.sin(x)
        return x

    (item,) = [item for item in story_line(gad.trace(f, 1.0), fold="all").outline.items if item.group]
    assert item.group is not None
    assert amount(item.group) == words


def test_a_group_names_the_value_that_comes_out_of_it() -> None:
    def f(x, y):
        with gad.scope("block"):
            z = x * y + 1.0
        return z

    line = story_line(gad.trace(f, 2.0, 3.0), fold="all")
    assert told(line, "value") == ["block: 2 operations on x and y give z = 7"]


def test_one_operation_gives() -> None:
    def relu(v):
        with gad.scope("relu"):
            h = np.maximum(v, 0.0)
        return h

    line = story_line(gad.trace(lambda x: relu(x * 2.0) + 1.0, 3.0), fold=("relu",))
    assert any(words.startswith("relu: 1 operation on v1 gives ") for words in told(line, "value"))


def test_each_argument_of_a_square_is_told_apart() -> None:
    sentences = told(gad.trace(lambda x: x * x, 3.0).timeline(), "contribution")
    assert [sentence.split(":")[0] for sentence in sentences] == [
        "x gets from out (argument 1)",
        "x gets from out (argument 2)",
    ]


def test_a_result_that_is_used_again_adds_to_its_seed() -> None:
    def f(x):
        y = 2.0 * x
        z = 3.0 * y
        return y, z

    line = gad.trace(f, 1.0).timeline(seed={"y": 10.0, "z": 1.0})
    first = told(line, "contribution")[0]
    assert first.endswith("Added up: 10 + 3 = 13 (1 of 1 consumer). That is the adjoint of y.")


def test_sentences_write_adjoints_as_asked() -> None:
    graph = gad.trace(lambda x: np.sin(x) * 2.0, 0.5)
    for notation, symbol in (("∂L/∂v", "adjoint of out × "), ("v̄", "adj(out) × "), ("grad", "grad out × ")):
        first = told(story_line(graph, notation=notation), "contribution")[0]
        assert symbol in first, first
