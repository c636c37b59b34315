"""Each small sick function has its finding, with its line, and its healthy twin has none."""

from __future__ import annotations

import inspect
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.doctor import THRESHOLDS
from tests.doctor.sick import SICK, E, Sick, V, W, X, deep, item, no_detach, premature_detach


def marked_line(f: Any) -> int | None:
    """The line of a function that has a comment of three exclamation marks."""
    lines, start = inspect.getsourcelines(f)
    return next((start + number for number, line in enumerate(lines) if "# !!!" in line), None)


@pytest.mark.parametrize("sick", SICK, ids=lambda sick: f"{sick.f.__name__}-{sick.kind.replace(' ', '-')}")
def test_the_finding_and_its_line(sick: Sick) -> None:
    report = gad.doctor(sick.f, *sick.args)
    found = [finding for finding in report.findings if finding.kind == sick.kind]
    assert found, str(report)
    first = found[0]
    assert set(sick.lost) <= set(first.parameters), str(report)
    assert sick.says in re.sub(r"\s+", " ", str(report)), str(report)
    line = marked_line(sick.f)
    if line is not None:
        assert first.where == f"sick.py:{line}", str(report)
        assert first.code
    assert first.why
    assert first.instead
    states = {one.name: one.state for one in report.parameters}
    assert all(states[name] != "reached" for name in sick.lost if sick.kind != "shared memory")


@pytest.mark.parametrize("sick", SICK, ids=lambda sick: sick.well.__name__)
def test_a_healthy_twin_has_none(sick: Sick) -> None:
    report = gad.doctor(sick.well, *(sick.args if sick.well_args is None else sick.well_args))
    assert report.findings == (), str(report)
    assert report.ok
    assert str(report).startswith("nothing found\n  looked at  the loss: one number")
    assert {one.state for one in report.parameters} == {"reached"}


def test_no_sick_function_has_findings_of_many_kinds() -> None:
    """One cause is one finding: what follows from it is told with it."""
    counts = {sick.f.__name__: len(gad.doctor(sick.f, *sick.args).findings) for sick in SICK}
    # exp overflows, which is told, and inf / inf is NaN, which is told too
    assert {name for name, count in counts.items() if count > 1} <= {"overflowing", "count", "deep_linear"}, counts


def test_what_comes_back_is_the_gradient() -> None:
    report = gad.doctor(no_detach, E, E.T.copy())
    slopes = gad.grad(no_detach, (0, 1))(E, E.T.copy())
    assert [one.adjoint_norm for one in report.parameters] == pytest.approx([np.linalg.norm(each) for each in slopes])


# -- what can be given ------------------------------------------------------------------------------------


def test_a_graph() -> None:
    graph = gad.trace(premature_detach, E, E.T.copy())
    report = gad.doctor(graph)
    assert [finding.kind for finding in report.findings] == ["detach"]
    assert not graph.has_adjoints, "the user's graph is as it was"
    assert any("memory" in line for line in report.not_looked_at)
    with pytest.raises(gad.ArgumentError, match="a graph has its inputs already"):
        gad.doctor(graph, 1.0)


def test_a_graph_keeps_its_seed() -> None:
    graph = gad.trace(lambda w: (w[:2], w[2:]), V).backward(seed=[np.ones(2), None])
    report = gad.doctor(graph)
    assert report.findings == ()
    assert "its own seed" in report.looked_at[0]
    assert report.parameters[0].adjoint_norm == pytest.approx(np.sqrt(2))


def test_a_traced_value() -> None:
    w, v = gad.variable(2.0, name="w", role="parameter"), gad.variable(3.0, name="v", role="parameter")
    report = gad.doctor(gad.detach(w) * v)
    assert report.findings[0].parameters == ("w",) if "w" in report.graph.names else report.graph is not None


def test_data_and_targets_need_no_gradient() -> None:
    def loss(w: Any, x: Any, t: Any) -> Any:
        return np.mean((w * gad.detach(x) - gad.detach(t)) ** 2)

    sick = gad.doctor(loss, V, V + 1, V + 2)
    assert {name for finding in sick.findings for name in finding.parameters} == {"x", "t"}
    assert "gad.constant" in sick.findings[0].instead
    roles = gad.variable(V + 1, role="data"), gad.variable(V + 2, role="target")
    assert gad.doctor(loss, V, *roles).ok


def test_nested_parameters_and_keywords() -> None:
    def loss(params: Any, *, scale: float = 1.0) -> Any:
        return np.sum(params["W"] ** 2) * scale

    report = gad.doctor(loss, {"W": W, "b": V}, scale=2.0)
    states = {one.name: one.state for one in report.parameters}
    assert states == {"W": "reached", "b": "unused", "scale": "reached"}


def test_what_is_no_function() -> None:
    with pytest.raises(gad.ArgumentError, match="A plain number does not know"):
        gad.doctor(0.25, [W])
    with pytest.raises(gad.ArgumentError, match=r"unknown threshold: 'dead' \(must be one of \['vanishing'"):
        gad.doctor(no_detach, E, E.T, thresholds={"dead": 0.5})
    for value in (-1, "much", True, np.inf):
        with pytest.raises(gad.ArgumentError, match="must be a positive number"):
            gad.doctor(no_detach, E, E.T, thresholds={"dead_share": value})
    with pytest.raises(gad.ArgumentError, match="thresholds must be a dict"):
        gad.doctor(no_detach, E, E.T, thresholds=0.5)


def test_an_argument_error_inside_is_a_finding() -> None:
    def loss(z: Any) -> Any:
        return np.sum(gad.nn.softmax(z, axis=0) * gad.variable(1.0, role="nothing"))

    report = gad.doctor(loss, V)
    assert [finding.kind for finding in report.findings] == ["error"]
    assert "unknown role" in report.findings[0].what


# -- thresholds -------------------------------------------------------------------------------------------


def test_every_threshold_is_explained_and_can_be_set() -> None:
    for name, threshold in THRESHOLDS.items():
        assert threshold.unit, name
        assert threshold.source, name
        assert threshold.meaning, name
        assert threshold.value > 0
    weights = [np.eye(24) * 0.5 for _ in range(4)]
    assert gad.doctor(deep, weights).ok
    strict = gad.doctor(deep, weights, thresholds={"vanishing": 0.5})
    assert [finding.kind for finding in strict.findings] == ["vanishing"]
    assert strict.thresholds["vanishing"] == 0.5

    def relu(w: Any, b: Any) -> Any:
        return np.mean((np.maximum(X @ w + b, 0) @ V) ** 2)

    b = np.array([-30.0, 0, 0, 0, 0, 0])
    assert gad.doctor(relu, W, b).ok
    assert [one.kind for one in gad.doctor(relu, W, b, thresholds={"dead_share": 0.1}).findings] == ["dead"]
    assert gad.doctor(relu, W, b, thresholds={"dead_share": 0.1, "samples": 17}).ok

    def bounded(w: Any) -> Any:
        return np.mean((np.tanh(X @ w) @ V) ** 2)

    assert gad.doctor(bounded, W).ok
    for other in ({"saturated_share": 0.01}, {"saturated_below": 0.9}):
        assert [one.kind for one in gad.doctor(bounded, W * 2, thresholds=other).findings] == ["saturated"]
    grown = [np.eye(4) * 3.0] * 3
    linear = gad.doctor(lambda ws: np.sum(X @ ws[0] @ ws[1] @ ws[2]), [np.copy(each) for each in grown])
    assert linear.ok
    assert gad.doctor(
        lambda ws: np.sum(X @ ws[0] @ ws[1] @ ws[2]), [np.copy(each) for each in grown], thresholds={"exploding": 5}
    ).findings[0].kind == "exploding"  # fmt: skip


def test_theory_stands_beside_the_measurement() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 100))
    sent_back = rng.normal(size=(64, 100))
    weights = [rng.normal(size=(100, 100)) * np.sqrt(0.5 / 100) for _ in range(30)]

    def net(weights: Any) -> Any:
        h = x
        for each in weights:
            h = np.tanh(h @ each)
        return np.mean(h * sent_back)  # what comes back must be as random as the theory takes it to be

    report = gad.doctor(net, weights)
    found = re.search(r"‖δ‖ ×([\d.]+) per layer .*σ_w² = ([\d.]+): ×([\d.]+)", report.findings[0].why)
    assert found is not None
    measured, variance, theory = map(float, found.groups())
    assert variance == pytest.approx(0.5, abs=0.02)
    assert theory == pytest.approx(np.exp(gad.gradflow.theory.mean_field("tanh", variance, 0.0).slope), abs=1e-3)
    assert measured == pytest.approx(theory, rel=0.05)
    assert report.flow is not None
    assert report.table("layers") is report.flow


# -- the report -------------------------------------------------------------------------------------------


def test_tables() -> None:
    report = gad.doctor(premature_detach, E, E.T.copy())
    frame = report.table().to_frame()
    assert list(frame["kind"]) == ["detach"]
    assert frame["where"][0].startswith("sick.py:")
    parameters = report.table("parameters").to_dict()
    assert parameters["state"] == ["cut", "reached"]
    assert np.isnan(parameters["adjoint_norm"][0])
    assert parameters["adjoint_norm"][1] > 0
    assert str(report.table().to_csv()).startswith("severity,kind,what,where,")
    with pytest.raises(gad.ArgumentError, match="unknown table: 'layer'"):
        report.table("layer")
    assert len(gad.doctor(no_detach, E, E.T.copy()).table()) == 0


def test_the_picture_has_cut_edges_and_notes(tmp_path: Path) -> None:
    report = gad.doctor(premature_detach, E, E.T.copy())
    svg = report.save(tmp_path / "doctor.svg").read_text(encoding="utf-8")
    assert re.search(r'class="[^"]*gad-cut', svg)
    assert f"cut at sick.py:{marked_line(premature_detach)}" in svg
    assert svg.count("gad-box-found") >= 1
    for suffix, head in ((".png", b"\x89PNG"), (".pdf", b"%PDF"), (".html", b"<!doctype"), (".txt", b"1 error")):
        assert report.save(tmp_path / f"doctor{suffix}").read_bytes().startswith(head)
    assert "width" in report.save(tmp_path / "column.svg", width="column", theme="dark").read_text(encoding="utf-8")
    for path, message in (("x.gif", "unknown suffix"), ("no/x.svg", "does not exist")):
        with pytest.raises(gad.ArgumentError, match=message):
            report.save(tmp_path / path)
    with pytest.raises(gad.ArgumentError, match="unknown theme"):
        report.save(tmp_path / "x.svg", theme="pink")


def test_where_a_float_leaves_is_marked() -> None:
    report = gad.doctor(item, np.float64(2.0), np.float64(3.0))
    assert list(report.findings[0].marks.values()) == ["leaves the graph here"]
    from graphviz_ad.doctor.picture import scene

    notes = {node.name: node.note for node in scene(report.graph, report.findings).nodes}
    assert list(filter(None, notes.values())) == ["leaves the graph here"]


def test_a_healthy_picture_has_no_note(tmp_path: Path) -> None:
    report = gad.doctor(no_detach, E, E.T.copy())
    assert "gad-box-found" not in report.save(tmp_path / "well.svg").read_text(encoding="utf-8")


def test_without_graph_there_is_text_and_no_picture(tmp_path: Path) -> None:
    report = gad.doctor(lambda w: w**2, 3)
    assert report.graph is None
    with pytest.raises(gad.ArgumentError, match="there is no graph to draw"):
        report.save(tmp_path / "x.svg")
    assert "Write 2.0 instead of 2" in report._repr_html_()


def test_names_are_text_not_markup() -> None:
    w = gad.variable(V, name="<script>alert(1)</script>")
    page = gad.doctor(lambda a: np.sum(gad.detach(a)), w)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_large_graph_says_what_was_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphviz_ad.doctor import examine

    monkeypatch.setattr(examine, "MOST_NODES", 5)
    report = gad.doctor(no_detach, E, E.T.copy())
    assert report.ok
    assert "activations and layers" in report.not_looked_at[0]


def test_a_finding_is_told_once_for_a_line() -> None:
    report = gad.doctor(deep, [RNG_WIDE[number] for number in range(5)])
    saturated = [finding for finding in report.findings if finding.kind == "saturated"]
    assert len(saturated) == 1
    assert "The same in 5 places" in saturated[0].what


RNG_WIDE = np.random.default_rng(1).normal(size=(5, 24, 24)) * 3


def test_the_vanishing_net_of_the_course() -> None:  # item 36
    rng = np.random.default_rng(1)
    sizes = [2, 10, 10, 10, 1]
    weights = [rng.normal(size=(after, before)) * 0.01 for before, after in pairwise(sizes)]
    x, y = rng.normal(size=(2, 100)), rng.integers(0, 2, (1, 100)).astype(float)

    def loss(weights: Any) -> Any:
        a = x
        for each in weights:
            a = 1 / (1 + np.exp(-(each @ a)))
        return np.mean((a - y) ** 2)

    report = gad.doctor(loss, weights)
    assert [one.kind for one in report.findings] == ["vanishing"]
    assert "sigmoid layers" in report.findings[0].why
    assert "at most 1/4" in report.findings[0].instead


def test_infinite_masks_are_healthy() -> None:
    """A mask of -inf is written on purpose, and no gradient goes wrong behind it."""
    mask = np.where(np.tri(4) > 0, 0.0, -np.inf)

    def attention(q: Any, k: Any) -> Any:
        return np.sum(gad.nn.softmax(q @ k.T + mask, axis=-1)[:, 0] ** 2)

    assert gad.doctor(attention, X[:4], X[4:8].copy()).ok


def test_an_overflow_that_does_no_harm_is_a_note() -> None:
    def loss(w: Any) -> Any:
        return np.sum(w * 2.0) + np.sum(np.minimum(gad.detach(np.exp(w * 1e4)), 1.0))

    report = gad.doctor(loss, np.ones(2))
    assert [(one.severity, one.kind) for one in report.findings] == [("note", "inf")]


def test_the_first_inf_and_then_the_nan_that_comes_of_it() -> None:
    report = gad.doctor(lambda z: np.sum(np.exp(z) / np.sum(np.exp(z))), np.array([0.0, 800.0]))
    first, second = report.findings
    assert (first.kind, second.kind) == ("inf", "nan")
    assert "z[1] = 800" in first.why
    assert second.what.endswith("is NaN at [1].")
    assert re.search(r"\[1\] = ∞ and v\d = ∞", second.why)
