"""Long and wide graphs: no recursion, no crash where a graph is freed at once, the same numbers after every copy."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import graphviz_ad as gad

LENGTH = 100_000


def chain(x):
    for _ in range(LENGTH):
        x = np.negative(x)
    return x


@pytest.fixture(scope="module")
def long_graph():
    return gad.trace(chain, 2.0)


def test_a_long_graph_has_its_numbers(long_graph) -> None:
    assert len(long_graph) == LENGTH + 1
    assert (long_graph.outputs[0].value, long_graph["x"].adjoint) == (2.0, 1.0)
    assert long_graph.forward({"x": 1.0}).outputs[0].tangent == 1.0
    assert long_graph.evaluate(x=3.0).outputs[0].value == 3.0
    assert long_graph.derivative("x").outputs[0].value == 1.0
    assert len(repr(long_graph)) < 200
    with pytest.raises(gad.ArgumentError, match=r"100001 nodes; at most 2000 .* Fold it"):
        long_graph.save("chain.svg", fold="none")


def test_a_long_graph_makes_a_figure_that_can_be_read(long_graph, tmp_path) -> None:
    text = long_graph.save(tmp_path / "chain.svg").read_text(encoding="utf-8")
    assert text.count('data-kind="group"') == 12
    assert 'data-node="x"' in text
    assert "8333 operations" in text


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy])
def test_a_long_graph_is_copied(long_graph, way) -> None:
    again = way(long_graph)
    assert again is not long_graph
    assert (len(again), again.names, again["x"].adjoint) == (LENGTH + 1, long_graph.names, 1.0)


@pytest.mark.slow
def test_a_long_graph_is_pickled(long_graph) -> None:
    again = pickle.loads(pickle.dumps(long_graph))
    assert again.names == long_graph.names
    assert [node.value for node in again.nodes[::997]] == [node.value for node in long_graph.nodes[::997]]
    assert again.evaluate(x=3.0).outputs[0].value == 3.0


@pytest.mark.slow
def test_every_transformation_of_a_long_chain() -> None:
    assert gad.value_and_grad(chain)(2.0) == (2.0, 1.0)
    assert gad.jvp(chain, (2.0,), (1.0,)) == (2.0, 1.0)
    assert gad.hessian(chain)(2.0) == 0.0
    x = gad.variable(2.0)
    z = chain(x)
    assert copy.deepcopy(z) is z
    assert gad.graph(z).inputs[0].adjoint == 1.0


def test_a_node_with_very_many_inputs_and_one_with_very_many_consumers() -> None:
    many = 3_000
    assert gad.grad(lambda x: np.sum(np.stack([x] * many)))(2.0) == many
    assert gad.grad(lambda x: sum([x] * many))(2.0) == many
    slopes = gad.grad(lambda items: np.sum(np.stack(items) ** 2))([1.0] * many)
    assert slopes == [2.0] * many


def test_diamonds_are_counted_and_not_walked() -> None:
    def f(x):
        for _ in range(60):  # 2⁶⁰ paths
            x = x + x
        return x

    assert gad.grad(f)(1.0) == 2.0**60
    assert gad.trace(f, 1.0)["x"].adjoint == 2.0**60
    assert gad.jvp(f, (1.0,), (1.0,)) == (2.0**60, 2.0**60)


def test_nothing_is_kept_of_what_was_let_go() -> None:
    gad.grad(lambda x: np.sum(x * x))(np.ones(10))  # what is made once
    gad.trace(lambda x: np.sum(x * x), np.ones(10))
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(50):
        gad.grad(lambda x: np.sum(x * x))(np.ones(10))
        gad.trace(lambda x: np.sum(x * x), np.ones(10)).backward()
    gc.collect()
    assert len(gc.get_objects()) - before < 50


MILLION = """
    import gc, sys, threading
    import numpy as np
    import graphviz_ad as gad

    def chain(x):
        for _ in range({length}):
            x = np.negative(x)
        return x

    def work():
        sys.setrecursionlimit(200)
        out, pullback = gad.vjp(chain, 2.0)
        assert (out, pullback(3.0)) == (2.0, (3.0,))
        del pullback  # a million nodes at once
        gc.collect()
        {more}
        print("right")

    threading.stack_size(256 * 1024)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
"""


def run(length: int, more: str = "pass") -> str:
    code = textwrap.dedent(MILLION).format(length=length, more=more)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    return done.stdout + done.stderr + (f"exit code {done.returncode}" if done.returncode else "")


@pytest.mark.slow
def test_a_million_nodes_are_differentiated_and_freed_on_a_small_stack() -> None:
    assert run(1_000_000) == "right\n"


@pytest.mark.slow
def test_a_million_nodes_in_every_mode_on_a_small_stack() -> None:
    modes = "assert (gad.grad(chain)(2.0), gad.jvp(chain, (2.0,), (1.0,))) == (1.0, (2.0, 1.0))"
    variables = "z = chain(gad.variable(2.0)); del z"
    assert run(1_000_000, f"{modes}; {variables}") == "right\n"
