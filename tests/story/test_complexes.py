"""Complex values in the story: numbers as texts, the conjugate in formulas and sentences, and what asks about them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.core.traced import apply
from graphviz_ad.story import arrays
from graphviz_ad.story.answers import judge
from graphviz_ad.story.cells import on_scale
from graphviz_ad.story.check import check
from graphviz_ad.story.formula import contribution_formula, expression, jacobian_text, local_formula, operation
from graphviz_ad.story.nudge import nudge
from graphviz_ad.story.numbers import brief, enclosed, exact, factor, is_sum, short
from graphviz_ad.story.outline import whole
from graphviz_ad.story.used import Uses
from graphviz_ad.story.wrong import WRONG, WrongPass
from graphviz_ad.widget.desk import baked
from graphviz_ad.widget.view import View
from tests.story.expressions import balanced
from tests.story.test_formula import is_real
from tests.thinned import thinned


def waves(x):
    z = np.exp(1j * x)
    w = z + 1
    return np.abs(w) ** 2


def spectrum(x):
    s = np.fft.rfft(x)
    p = np.abs(s) ** 2
    h = np.fft.irfft(s * np.exp(-1j * np.arange(4)), 6)
    return np.sum(p * np.arange(4.0)) + h[0]


def parts(x, y):
    z = (x + 1j * y) * (2 - 1j)
    a = np.real(z) + np.imag(z) * np.angle(z)
    return a + np.real(np.conj(z) * z)


X = np.random.default_rng(0).normal(size=6)
GRAPHS = {
    "waves": lambda: gad.trace(waves, 0.7),
    "spectrum": lambda: gad.trace(spectrum, X),
    "parts": lambda: gad.trace(parts, 0.5, -1.5),
    "matrices": lambda: gad.trace(lambda x: np.sum(np.abs(np.ones((2, 3)) * 1j @ np.exp(1j * x)) ** 2), X[:3]),
    "gradient": lambda: gad.trace(waves, 0.7).derivative("x"),
}


# -- texts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.25 + 0.5j, "1.25+0.5i"),
        (-1.25 - 0.5j, "−1.25−0.5i"),
        (1j, "i"),
        (-1j, "−i"),
        (2j, "2i"),
        (3 + 0j, "3+0i"),
        (0j, "0+0i"),
        (1 - 1j, "1−i"),
        (complex(np.nan, 1), "NaN+i"),
        (complex(0, -np.inf), "−∞i"),
        (np.exp(1j * np.pi), "−1+0i"),  # what rounding leaves beside the other part is nothing
        (1e-20 + 1e-20j, "1e-20+1e-20i"),
        (np.complex64(0.1 + 0.2j), "0.1+0.2i"),
    ],
)
def test_one_number(number: complex, text: str) -> None:
    assert short(number) == text
    again = complex(exact(number))
    assert np.array_equal(np.asarray(again, np.asarray(number).dtype), number, equal_nan=True)


def test_a_number_with_two_parts_stands_in_parentheses() -> None:
    assert [is_sum(short(z)) for z in (1 + 1j, 1 - 1j, -1 - 1j, 1j, -2j, -2.0, 1e-9 + 0j, 1e-9j)] == [
        True, True, True, False, False, False, True, False,
    ]  # fmt: skip
    assert factor(short(-2j)) == "−2i"
    assert enclosed(short(-2j)) == "(−2i)"
    assert enclosed(short(1 - 2j)) == factor(short(1 - 2j)) == "(1−2i)"


def test_arrays() -> None:
    z = np.array([1 + 2j, -1j])
    assert brief(z) == "[1+2i, −i]"
    assert brief(np.full(9, 1 - 1j)) == "all 1−i"
    assert brief(np.exp(1j * np.arange(9.0))) == "|·| all 1"
    assert brief(3 * np.exp(1j * np.arange(9.0)) * np.arange(9)) == "|·| 0 … 24"
    assert json.loads(exact(z)) == {"shape": [2], "data": ["(1+2j)", "(-0-1j)"]}
    assert json.loads(exact(np.ones(99) * (3 + 4j))) == {
        "shape": [99], "min": 5.0, "mean": 5.0, "max": 5.0, "nan": 0, "of": "magnitude",
    }  # fmt: skip
    data, buffers = arrays.entries(z)
    assert (data["entries"], data["texts"], buffers) == ([np.sqrt(5), 1.0], ["(1+2j)", "(-0-1j)"], ())
    _, (buffer,) = arrays.entries(np.ones(2000) * (3 + 4j))
    assert set(np.frombuffer(buffer)) == {5.0}
    assert arrays.statistics(z)["dtype"] == "complex128"
    assert arrays.statistics(z)["max"] == "2.236"
    assert arrays.means(np.ones(99) * (3 + 4j))["entries"][0] == 5.0
    cells = on_scale(np.array([3 + 4j, -5, 0]), 5.0)
    assert cells is not None
    assert (cells.levels, cells.magnitude) == ((5, 5, 0), True)


# -- formulas and sentences ---------------------------------------------------------------------


def test_formulas_show_the_conjugate() -> None:
    graph = GRAPHS["waves"]()
    edges = {(edge.input.name, edge.consumer.name): edge for edge in graph.edges}
    assert contribution_formula(edges["v1", "z"], "v̄").startswith("v̄1 = z̄·conj(z) = (3.53+1.288i)·conj(0.7648+0.6442i)")
    assert contribution_formula(edges["x", "v1"], "v̄") == "x̄ = Re(v̄1·conj(i)) = Re((3.53−1.288i)·conj(i)) = −1.288"
    assert contribution_formula(edges["w", "v2"], "v̄") == "w̄ = v̄2 · w/v2"
    assert contribution_formula(edges["x", "v1"], "v̄", "plain") == "x_bar = np.real(v1_bar * np.conjugate(1j))"
    assert contribution_formula(edges["v1", "z"], "v̄", "latex").count(r"\operatorname{conj}") == 2
    assert local_formula(edges["v1", "z"]) == "∂z/∂v1 = z"  # the local derivative itself is not conjugated
    assert jacobian_text(edges["w", "v2"]) == ""  # no matrix of complex numbers does it
    matrices = GRAPHS["matrices"]()
    product = next(edge for edge in matrices.edges if edge.consumer.primitive.name == "matmul" and edge.argnum == 1)
    assert "conj(" in contribution_formula(product, "v̄")
    assert [operation(node) for node in GRAPHS["spectrum"]().nodes if node.primitive][:2] == ["rfft", "abs"]


def test_plain_formulas_compute_the_contribution() -> None:
    """Python reads the plain text and gets the very number that was sent back."""
    for name in ("waves", "parts"):
        graph = GRAPHS[name]()
        told = 0
        for edge in graph.edges:
            if not edge.active:
                continue
            text = contribution_formula(edge, "v̄", "plain").partition("= ")[2]
            names = {node.name: node.value for node in graph.nodes} | {
                f"{node.name}_bar": node.adjoint for node in graph.nodes if node.differentiable
            }
            np.testing.assert_allclose(eval(text, {"np": np}, names), edge.contribution, rtol=1e-12, err_msg=text)
            told += 1
        assert told


def test_sentences_multiply_right() -> None:
    lines = [step.narration for step in GRAPHS["waves"]().timeline()]
    assert lines[1] == "z = exp(v1) = exp(0.7i) = 0.7648+0.6442i"
    assert lines[9] == (
        "v1 gets from z: adjoint of z × conj(∂z/∂v1) = (3.53+1.288i) × conj(0.7648+0.6442i) = 3.53−1.288i. "
        "That is the adjoint of v1."
    )
    assert "Re(adjoint of v1 × conj(∂v1/∂x)) = Re((3.53−1.288i) × conj(i)) = −1.288" in lines[10]
    forward = gad.trace(waves, 0.7)
    forward.forward({"x": 1.0})
    told = [step.narration for step in forward.timeline(mode="forward")]
    assert "(0.7648+0.6442i) × i = −0.6442+0.7648i" in told[7]
    assert "Re(" in told[9]


COMPLEX_ONES = [p for p in REGISTRY.values() if p.sample and p.kind != "plain" and not is_real(p)]


@pytest.mark.parametrize("primitive", COMPLEX_ONES, ids=lambda p: p.name)
def test_every_primitive_of_complex_values(primitive) -> None:
    """Its label, its formula, and the plain text of a contribution, which Python computes as the sweep did."""
    for inputs, params in primitive.sample(np.random.default_rng(7)):
        (z,) = inputs
        a, b = gad.variable(np.real(z).copy()[()], name="a"), gad.variable(np.imag(z).copy()[()], name="b")
        made = apply(primitive, (a + 1j * b if np.iscomplexobj(z) else a,), params)
        end = np.sum(np.real(made * (1 - 0.5j)))
        graph = gad.graph(end).backward()
        node = next(node for node in graph.nodes if node.primitive is primitive)
        (edge,) = [edge for edge in graph.edges if edge.consumer.id == node.id]
        assert 0 < len(operation(node)) <= 60
        assert "x" in expression(node, ["x"])
        text = contribution_formula(edge, "v̄", "plain").partition("= ")[2]
        names = {"np": np, edge.input.name: edge.input.value, node.name: node.value, f"{node.name}_bar": node.adjoint}
        found = np.asarray(eval(text, names))
        np.testing.assert_allclose(np.broadcast_to(found, edge.input.shape), edge.contribution, rtol=1e-9, atol=1e-12)
        for notation in ("∂L/∂v", "v̄", "grad"):
            assert balanced(contribution_formula(edge, notation, "latex"))
            assert "\n" not in contribution_formula(edge, notation)
        if z.size and z.size <= 6:
            local_formula(edge), jacobian_text(edge)


def test_which_cells_were_used() -> None:
    shown = whole(gad.trace(lambda x: np.real(np.fft.fft(1j * x)[2] + 0j), X))
    uses = Uses(shown)
    for number, item in enumerate(shown.items):
        if item.name in ("v1", "v2"):
            table = uses.of(number, 0)["inputs"][0]
            assert table["cells"] == ([0] if item.name == "v1" else list(range(6)))


# -- what asks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRAPHS)
def test_the_check_agrees(name: str) -> None:
    graph = GRAPHS[name]()
    found = check(graph.timeline())
    assert found.count("differs") == 0, found.summary
    assert {finding.verdict for finding in found.nodes.values()} <= {"agrees", "unmeasured"}
    assert any(finding.verdict == "agrees" for finding in found.edges.values())


def test_a_wrong_conjugate_does_not_pass_the_check() -> None:
    graph = GRAPHS["waves"]()
    graph.backward()
    position = graph.position("z")
    graph._adjoints[graph.records[position].index] = np.conj(graph["z"].adjoint)
    assert check(graph.timeline()).nodes[position].verdict == "differs"


def test_a_nudge_moves_the_real_part() -> None:
    graph = GRAPHS["waves"]()
    found = nudge(graph.timeline(), graph.position("z")).answer()
    assert found["name"] == "Re z"
    assert float(found["adjoint"]) == pytest.approx(np.real(graph["z"].adjoint), rel=1e-9)
    best = found["rows"][found["best"]["central"]]["central"]
    assert float(best[0].replace("−", "-")) == pytest.approx(np.real(graph["z"].adjoint), rel=1e-6)


@pytest.mark.parametrize("name", GRAPHS)
def test_paths_add_up(name: str) -> None:
    graph = GRAPHS[name]()
    for node in graph.nodes:
        if node.differentiable:
            paths = graph.paths(node.name)
            if paths.complete and paths.count:
                np.testing.assert_allclose(np.asarray(paths.total), np.asarray(node.adjoint), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", GRAPHS)
def test_wrong_passes_run(name: str, kind: str) -> None:
    graph = GRAPHS[name]()
    graph.backward()
    assert WrongPass(graph, kind).events


@pytest.mark.parametrize("name", thinned(GRAPHS, 3))
def test_every_question_has_an_answer(name: str) -> None:
    """Whatever the panels ask, about a story of adjoints and of tangents, with groups closed and with mistakes."""
    graph = GRAPHS[name]()
    start = graph.inputs[0]
    seed = {start.name: np.ones(start.shape)[()]}
    looks = ({}, {"labels": "both"}, {"labels": "symbols"}, {"mode": "forward", "seed": seed}, {"wrong": "no-zeroing"})
    for look in looks:
        view = View(graph, **look)
        for followed in (False, True):
            json.dumps(baked(view, (followed,)), allow_nan=False)
        assert view.svg()


@pytest.mark.parametrize("suffix", ["svg", "png", "tex", "txt", "json", "dot"])
@pytest.mark.parametrize("name", thinned(GRAPHS, 3))
def test_every_figure_is_saved(name: str, suffix: str, tmp_path) -> None:
    assert GRAPHS[name]().save(tmp_path / f"figure.{suffix}").stat().st_size


def test_the_picture_says_magnitudes_and_conjugates() -> None:
    text = View(GRAPHS["spectrum"]()).svg()
    assert "of complex numbers: magnitudes" in text
    assert "of complex values × conj ∂" in text
    assert "of complex" not in View(gad.trace(np.sin, 0.5)).svg()


def test_an_answer_is_asked_for_by_parts() -> None:
    verdict = judge("1.25", 1.25 - 0.5j)
    assert (verdict.ok, verdict.kind) == (False, "unread")
    assert "np.real" in verdict.text
