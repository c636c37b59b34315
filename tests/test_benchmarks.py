"""The benchmarks without the clock: both sides are equal, samples become the right table, and a hand edit is seen."""

from __future__ import annotations

import contextlib
import doctest
import itertools
import math
import platform
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from benchmarks import chain, figures, gradflow, network, report, run, unwatched
from benchmarks.agreement import agree, checked
from benchmarks.cases import CASES, PEERS, Case
from benchmarks.measure import FEWEST, MOST, interleave, length_bytes, peak_bytes, seconds, wall_seconds

BY_NAME = {case.name: case for case in CASES}

# ------------------------------------------------------------------------------------------------ what is compared


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[pytest.mark.slow] * (case.name in {"gradflow-growth", "gradflow-processes"}))
        for case in CASES
        if case.name not in {"import", "figure-growth", "figure-seconds", "gradflow-quick"}
        and not case.browser  # see tests/browser/test_benchmark.py
        and case.against not in {*PEERS} - {"autograd"}
    ],
    ids=lambda case: case.name,
)
def test_both_sides_of_a_case_are_proven_equal(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    if case.program and case.missing():
        pytest.skip(case.missing())
    proofs = []

    def proof(*words: Any) -> None:
        agree(*words)
        proofs.append(words)

    for module in ("agreement", "chain", "figures", "gradflow"):
        monkeypatch.setattr(f"benchmarks.{module}.agree", proof)
    assert case.missing() == ""
    case.pair()
    assert proofs


def test_the_import_is_measured_on_both_sides() -> None:
    assert all(0 < cost() < 60 for cost in BY_NAME["import"].pair())


def test_a_quick_measurement_is_told_in_milliseconds() -> None:
    ours, millisecond = BY_NAME["gradflow-quick"].pair()
    assert millisecond() == 1e-3
    assert 0 < ours() < 60


def test_gradient_flow_by_hand_and_by_autograd_would_be_seen_to_differ() -> None:
    by_hand, by_autograd = (function(3, 8, 4) for function in (gradflow.by_hand, gradflow.by_autograd))
    agree([np.asarray(column) for column in by_hand], [np.asarray(column) for column in by_autograd])
    by_hand[0][1] *= 1.000001
    with pytest.raises(AssertionError):
        agree([np.asarray(column) for column in by_hand], [np.asarray(column) for column in by_autograd])


def test_names_of_cases_are_unique_and_lines_tell_them_apart() -> None:
    assert len(BY_NAME) == len(CASES)
    assert len({(case.what, case.against) for case in CASES}) == len(CASES)


def test_a_missing_peer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.cases.find_spec", lambda name: None)
    assert BY_NAME["chain-torch"].missing() == "torch not installed"
    assert BY_NAME["mlp"].missing() == ""
    assert run.measure_alone(BY_NAME["chain-torch"], FEWEST) == {"note": "torch not installed"}


def test_a_missing_program_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.cases.find_spec", lambda name: name)
    monkeypatch.setattr("benchmarks.cases.shutil.which", lambda name: None)
    assert BY_NAME["svg-bytes"].missing() == BY_NAME["svg-layered"].missing() == "dot not installed"
    assert BY_NAME["svg-build"].missing() == BY_NAME["figure-growth"].missing() == ""


def test_a_missing_function_of_ours_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(gad, "trace")
    assert BY_NAME["chain-trace"].missing() == "gad.trace missing"


@pytest.mark.parametrize("length", [1, 3, 7, 300])
def test_the_chain_by_hand_is_right(length: int) -> None:
    counted = itertools.count(1)

    class Counting(float):
        """A number that counts what is done with it."""

        def __mul__(self, other: float) -> Counting:
            next(counted)
            return Counting(float(self) * other)

        def __add__(self, other: float) -> Counting:
            next(counted)
            return Counting(float(self) + other)

    def sin(x: float) -> Counting:
        next(counted)
        return Counting(np.sin(float(x)))

    value, slope = chain.by_hand(length)
    assert chain.chain(Counting(chain.START), length, sin) == pytest.approx(value, rel=1e-12)
    assert next(counted) == length + 1
    step = 1e-6
    rise = chain.chain(chain.START + step, length) - chain.chain(chain.START - step, length)
    assert rise / (2 * step) == pytest.approx(slope, rel=1e-4)
    assert abs(slope) > 1e-4  # nothing vanishes: what is compared is a number


def test_two_lengths_of_the_chain_are_two_lengths() -> None:
    ours, theirs = chain.pair(lambda length: lambda: chain.by_hand(length), 30, 12)
    agree(ours(), chain.by_hand(30))
    assert theirs() == chain.by_hand(12)


@pytest.mark.parametrize("net", [network.MLP, network.SMALL], ids=["mlp", "small"])
def test_the_networks_by_hand_are_right(net: network.Network) -> None:
    loss, gradients = network.by_hand(net)()
    params, x, targets = net.data()
    assert loss == pytest.approx(net.loss(network.forward(params, x), targets), rel=1e-12)
    for number, gradient in enumerate(gradients):
        place = np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)
        sides = []
        for step in (1e-5, -1e-5):
            moved = [p.copy() for p in params]
            moved[number][place] += step
            sides.append(net.loss(network.forward(moved, x), targets))
        assert (sides[0] - sides[1]) / 2e-5 == pytest.approx(gradient[place], rel=1e-5)


def test_float32_stays_float32_on_both_sides() -> None:
    for side in (network.ours(network.MLP, "float32"), network.by_hand(network.MLP, "float32")):
        loss, gradients = side()
        assert {loss.dtype, *(gradient.dtype for gradient in gradients)} == {np.dtype("float32")}


@pytest.mark.parametrize(
    ("ours", "theirs", "dtype"),
    [
        (1.0, 1.0 + 1e-8, "float64"),
        ((1.0, [np.ones(3)]), (1.0, [np.ones(2)]), "float64"),
        (np.ones(3), 1.0, "float64"),
        ((1.0, [np.ones(3)]), (1.0,), "float64"),
        (np.float32(1), np.float32(1.001), "float32"),
        (np.float32(1), np.float64(1), "float32"),
        (np.float64(1), np.float64(1), "float32"),
        (np.zeros(3), np.zeros(3), "float64"),
        (np.nan, 1.0, "float64"),
    ],
    ids=["number", "shape", "broadcast", "count", "float32", "dtype", "both dtypes", "zeros", "nan"],
)
def test_functions_that_differ_are_not_compared(ours: Any, theirs: Any, dtype: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        checked(lambda: ours, lambda: theirs, dtype)


def test_small_entries_may_differ_by_the_rounding_of_large_ones() -> None:
    agree(np.array([1.0, 1e-12]), np.array([1.0, 2e-12]))


def test_the_check_for_changed_arrays_is_off_only_inside() -> None:
    where = unwatched.places()
    with unwatched.unwatched(where):
        assert not unwatched.notices()
    assert unwatched.notices()
    with contextlib.suppress(KeyError), unwatched.unwatched(where):
        raise KeyError
    assert unwatched.notices()


# ------------------------------------------------------------------------------------------------ figures


class Value:
    """What of micrograd's Value a neuron's figure needs, so that its cases are tested where micrograd is not."""

    def __init__(self, data: float, inputs: tuple[Any, ...] = (), op: str = "", local: tuple[float, ...] = ()) -> None:
        self.data, self.grad = data, 0.0
        self._prev, self._op, self._local = inputs, op, local

    def __add__(self, other: Value) -> Value:
        return Value(self.data + other.data, (self, other), "+", (1.0, 1.0))

    def __mul__(self, other: Value) -> Value:
        return Value(self.data * other.data, (self, other), "*", (other.data, self.data))

    def relu(self) -> Value:
        return Value(max(self.data, 0.0), (self,), "ReLU", (float(self.data > 0),))

    def backward(self, adjoint: float = 1.0) -> None:
        self.grad += adjoint
        for start, local in zip(self._prev, self._local, strict=True):
            start.backward(adjoint * local)  # right as long as no inner value is used twice


@pytest.fixture
def micrograd(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ModuleType("micrograd.engine")
    engine.Value = Value  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "micrograd", ModuleType("micrograd"))
    monkeypatch.setitem(sys.modules, "micrograd.engine", engine)


@pytest.fixture
def proofs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `figures` proves equal."""
    proven: list[Any] = []

    def proof(*words: Any) -> None:
        agree(*words)
        proven.append(words)

    monkeypatch.setattr("benchmarks.figures.agree", proof)
    return proven


@pytest.mark.usefixtures("micrograd")
def test_the_sources_of_both_pictures_show_the_same_numbers(proofs: list[Any]) -> None:
    for count, drawn in enumerate((True, False), 1):
        build, source = figures.build_pair(3, drawn)
        assert len(proofs) == count
        assert figures.our_nodes(build(), ".4f") == figures.their_nodes(source())
        assert len(figures.their_nodes(source())) == figures.nodes_of(3) == 14
    assert build() == figures.ours(3, "layered")  # nothing is left out


@pytest.mark.usefixtures("micrograd")
@pytest.mark.parametrize("name", [case.name for case in CASES if case.against == "micrograd" and case.program])
def test_the_finished_pictures_show_the_same_numbers(
    name: str, monkeypatch: pytest.MonkeyPatch, proofs: list[Any]
) -> None:
    monkeypatch.setattr("benchmarks.cases.find_spec", lambda name: name)
    if BY_NAME[name].missing():
        pytest.skip(BY_NAME[name].missing())
    ours, theirs = (function() for function in BY_NAME[name].pair())
    assert len(proofs) == 1
    assert len(figures.their_nodes(theirs)) == figures.nodes_of(2) == 10
    assert figures.our_nodes(ours, ".4f") == figures.their_nodes(theirs)
    assert f'data-engine="{name.removeprefix("svg-")}"' in ours


@pytest.mark.usefixtures("micrograd")
def test_pictures_that_differ_are_not_compared() -> None:
    svg, source = figures.ours(2, "layered"), figures.draw_dot(figures.their_neuron(2)).source
    figures.alike(svg, source)
    for wrong in (source.replace("grad 1.0000", "grad 1.0001", 1), source.replace("data", "Data", 1)):
        assert wrong != source
        with pytest.raises(AssertionError):
            figures.alike(svg, wrong)
    with pytest.raises((AssertionError, ValueError)):
        figures.alike(figures.ours(3, "layered"), source)


def test_the_picture_of_micrograd_has_a_record_for_each_value_and_a_node_for_each_operation() -> None:
    x = Value(3.0)
    out = x * x + x
    out.backward()
    source = figures.draw_dot(out).source
    assert source.count("shape=record") == 3
    assert sorted(re.findall(r"label=\"?([+*])\"?\]", source)) == ["*", "+"]
    assert figures.their_nodes(source) == [(3.0, 7.0), (9.0, 1.0), (12.0, 1.0)]
    assert source.count("->") == 2 + 4  # from the operations, and x is used three times


def test_numbers_in_a_picture_are_read_from_the_text_too() -> None:
    assert figures.their_nodes("<text>data &#45;1.5000</text>\n<text>grad 0.2500</text>") == [(-1.5, 0.25)]


@pytest.mark.parametrize("looks", [figures.DRESSED, figures.PLAIN], ids=["dressed", "plain"])
def test_graphviz_shows_in_tables_what_our_figure_shows(looks: Any) -> None:
    if BY_NAME["svg-bytes"].missing():
        pytest.skip(BY_NAME["svg-bytes"].missing())
    ours, table = (function() for function in figures.size_pair(2, looks))
    nodes, edges = figures.table_numbers(table)
    assert (len(nodes), len(edges)) == (10, 9)
    assert (figures.our_nodes(ours, ".4g"), figures.our_edges(ours, ".4g")) == (nodes, edges)
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", table)
    for name in ("weights[0]", "inputs[1]", "scale", "total", "out"):
        assert name in texts
        assert f'data-node="{name}"' in ours
    for words in ("prefers-color-scheme", "gad-legend", "<style>"):
        assert words in ours
    assert ("#e3f4ee" in table) == (looks is figures.DRESSED)


def test_the_figure_of_a_long_graph_holds_all_of_it() -> None:
    graph = gad.trace(chain.chain, chain.START, 3000)
    took, svg = figures.long_figure(graph)
    assert took > 0
    assert not graph.has_adjoints  # the next sample sweeps again
    figures.complete(svg, 3000)
    with pytest.raises(AssertionError):
        figures.complete(svg, 2999)
    for number in (r'data-adjoint="[^"]*"', r'data-value="[^"]*"'):
        with pytest.raises(AssertionError):
            figures.complete(re.sub(number, lambda found: found[0].split('"')[0] + '"0.5"', svg), 3000)
    with pytest.raises(AssertionError, match="operations are missing"):
        figures.complete(re.sub(r">\d+ operations<", ">1 operations<", svg, count=1), 3000)


@pytest.mark.slow
def test_figures_of_long_graphs_are_proven_complete_and_measure_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    proofs = []
    monkeypatch.setattr("benchmarks.figures.complete", lambda svg, length: proofs.append(length))
    costs = figures.growth_pair(500, 200)
    assert proofs == [500, 200]
    assert all(0 < cost() < 60 for cost in costs)
    ours, second = figures.second_pair(300)
    assert proofs == [500, 200, 300]
    assert second() == 1.0  # the ratio is a number of seconds
    assert 0 < ours() < 60


# ------------------------------------------------------------------------------------------------ samples


def test_samples_are_taken_in_turns() -> None:
    order: list[str] = []

    def sampler(name: str) -> Any:
        counter = itertools.count()

        def sample() -> float:
            order.append(name)
            return float(next(counter))

        return sample

    assert interleave(sampler("ours"), sampler("theirs"), pairs=10) == [[float(i), float(i)] for i in range(10)]
    assert order == ["ours", "theirs"] * 10


@pytest.mark.parametrize(("budget", "count"), [(0.0, FEWEST), (1e9, MOST)])
def test_there_are_enough_samples_however_long_they_take(budget: float, count: int) -> None:
    assert len(interleave(lambda: 1.0, lambda: 2.0, budget=budget)) == count


def test_a_fast_function_is_called_many_times_for_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0.0, 1e-3)
    collected = itertools.count()
    monkeypatch.setattr("benchmarks.measure.time.process_time", lambda: next(clock))
    monkeypatch.setattr("benchmarks.measure.gc.collect", lambda: next(collected))
    calls = itertools.count()

    def function() -> None:
        next(calls)
        next(clock)  # takes a thousandth of a second; looking at the clock takes another

    sample = seconds(function)
    before, garbage = next(calls), next(collected)
    took = sample()
    assert next(collected) == garbage + 2  # nothing that the other side left
    count = next(calls) - before - 1
    assert count == 16  # the first power of two that reaches a hundredth
    assert took == pytest.approx(1e-3 * (count + 1) / count)


def test_work_of_another_process_is_measured_by_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0.0, 0.25)
    monkeypatch.setattr("benchmarks.measure.time.perf_counter", lambda: next(clock))
    monkeypatch.setattr("benchmarks.measure.time.process_time", lambda: math.nan)
    assert wall_seconds(lambda: None)() == 0.25


def test_the_length_of_a_text_is_that_of_its_file() -> None:
    assert length_bytes(lambda: "∂v")() == 4.0


def test_memory_is_the_peak_and_not_what_is_left() -> None:
    peak = peak_bytes(lambda: bytearray(10_000_000)[:10])()
    assert 10_000_000 <= peak < 10_100_000


def test_samples_are_divided_by_the_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("c", "what", "against", 1.0, lambda: (lambda: 30.0, lambda: 8.0), lambda f: f, per=(10, 2))
    assert run.measure(case, 9) == [[3.0, 4.0]] * 9


def test_the_ratio_is_the_median_over_the_pairs() -> None:
    assert report.ratio([[1.0, 2.0], [30.0, 40.0], [9.0, 1.0]]) == 0.75
    assert report.ratio([[1.0, 2.0], [2.0, 2.0]]) == 0.75


# ------------------------------------------------------------------------------------------------ the table


def case(**fields: Any) -> report.Record:
    return {"name": "n", "what": "a chain", "against": "autograd", "limit": 0.5, "unit": "s"} | fields


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"samples": [[1.0, 2.0]] * 9}, ["0.5", "≤ 0.5", "ok", "1 s", "2 s", "9"]),
        ({"samples": [[1.02e-3, 2e-3]]}, ["0.51", "≤ 0.5", "over", "1.02 ms", "2 ms", "1"]),
        ({"samples": [[3.0, 2.0]], "limit": None}, ["1.5", "", "", "3 s", "2 s", "1"]),
        ({"samples": [[201.4, 839.6]], "unit": "B"}, ["0.24", "≤ 0.5", "ok", "201 B", "840 B", "1"]),
        ({"note": "autograd not installed"}, ["", "≤ 0.5", "autograd not installed", "", "", ""]),
    ],
    ids=["ok", "over", "information", "bytes", "missing"],
)
def test_a_line_says_the_ratio_the_limit_and_whether_it_holds(fields: Any, expected: list[str]) -> None:
    assert report.cells(case(**fields)) == ["a chain", "autograd", *expected]


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0.01234, "s", "12.3 ms"),
        (1.0, "s", "1 s"),
        (3.456e-6, "s", "3.46 µs"),
        (3e-10, "s", "0.3 ns"),
        (2.5e6, "B", "2.5 MB"),
        (0.0, "B", "0 B"),
    ],
)
def test_amounts_have_three_digits_and_a_prefix(number: float, unit: str, text: str) -> None:
    assert report.amount(number, unit) == text


def test_the_examples_in_the_renderer_are_right() -> None:
    result = doctest.testmod(report)
    assert result.attempted >= 4
    assert result.failed == 0


RECORD: report.Record = {
    "commit": "0123abc-dirty",
    "machine": "A processor, 2 cores",
    "versions": {"Python": "3.11.7", "torch": "not installed"},
    "cases": [
        case(samples=[[0.125, 1.0], [0.25, 1.0], [0.5, 1.0]]),
        case(name="m", against="torch", note="torch not installed"),
    ],
}


def test_the_file_holds_its_samples_and_is_made_from_them() -> None:
    text = report.render(RECORD)
    assert report.samples_in(text) == RECORD
    for part in (
        "0123abc-dirty",
        "A processor, 2 cores",
        "torch not installed",
        "| 0.25 | ≤ 0.5 | ok | 250 ms | 1 s | 3 |",
    ):
        assert part in text


def intact(text: str) -> bool:
    """Whether a RESULTS.md is what its own samples give."""
    return report.render(report.samples_in(text)) == text


@pytest.mark.parametrize(
    ("old", "new"),
    [("| 0.25 |", "| 0.20 |"), ("| ok |", "| fine |"), ("[0.25,1.0]", "[0.15,1.0]"), ("0123abc-dirty", "0123abc")],
)
def test_a_hand_edit_would_be_seen(old: str, new: str) -> None:
    text = report.render(RECORD)
    assert intact(text)
    assert old in text
    assert not intact(text.replace(old, new, 1))


def test_the_results_are_those_that_the_command_wrote() -> None:
    if report.RESULTS.exists():
        text = report.RESULTS.read_text(encoding="utf-8")
        assert intact(text)
        assert {row["name"] for row in report.samples_in(text)["cases"]} <= set(BY_NAME)


# ------------------------------------------------------------------------------------------------ the command


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Any]:
    """The command with samples that take no time, and a file of its own."""
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.setattr(run, "measure_alone", lambda case, pairs: {"samples": [[0.001, 1.0]] * (pairs or FEWEST)})

    def command(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["run", *words])
        return run.main()

    return command


def test_the_command_shows_every_case_and_writes_when_asked(finished: Any, capsys: Any, tmp_path: Any) -> None:
    assert finished() == 0
    shown = capsys.readouterr().out
    for number, measured in enumerate(CASES, 1):
        assert f"[{number:2}/{len(CASES)}] {measured.what}" in shown
    assert not (tmp_path / "RESULTS.md").exists()
    assert finished("--write") == 0
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert intact(text)
    assert [row["name"] for row in report.samples_in(text)["cases"]] == [measured.name for measured in CASES]
    (tmp_path / "RESULTS.md").write_text(text.replace("| ok |", "| fine |"), encoding="utf-8")
    assert finished("--render") == 0
    assert (tmp_path / "RESULTS.md").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ({"samples": [[9.0, 1.0]]}, 0),
        ({"note": "failed"}, 1),
        ({"note": "failed: took too long"}, 1),
        ({"note": "torch not installed"}, 0),
    ],
)
def test_the_command_fails_for_what_failed_but_not_for_what_is_over(
    finished: Any, monkeypatch: pytest.MonkeyPatch, outcome: Any, status: int
) -> None:
    good = {"samples": [[0.001, 1.0]]}
    monkeypatch.setattr(run, "measure_alone", lambda case, pairs: outcome if case.name == "mlp" else good)
    assert finished("--case", "mlp", "--case", "small") == status


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--pairs", "8"], "fewer than 9"),
        (["--case", "mlp", "--write"], "leave --case out"),
        (["--case", "nonsense"], "invalid choice"),
    ],
)
def test_a_command_that_cannot_be_is_refused(finished: Any, capsys: Any, words: list[str], sentence: str) -> None:
    with pytest.raises(SystemExit):
        finished(*words)
    assert sentence in capsys.readouterr().err


def test_a_case_runs_in_a_process_of_its_own_with_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def process(command: list[str], **options: Any) -> Any:
        seen.update(options, command=command)
        return type("Done", (), {"stdout": "[[1.0, 2.0]]"})

    monkeypatch.setattr(run.subprocess, "run", process)
    assert run.measure_alone(BY_NAME["mlp"], 9) == {"samples": [[1.0, 2.0]]}
    assert seen["command"][1:] == ["-m", "benchmarks.run", "--alone", "--case", "mlp", "--pairs", "9"]
    assert {seen["env"][name] for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")} == {"1"}


def test_the_commit_and_the_machine_name_no_place() -> None:
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|unknown", run.commit())
    assert platform.node() not in run.machine() or len(platform.node()) < 4
    assert set(run.versions()) == {"Python", "numpy", *PEERS, "dot"}
    assert run.versions()["numpy"] == np.__version__


@pytest.mark.parametrize(
    ("said", "version"),
    [("dot - graphviz version 2.43.0 (0)\n", "2.43.0"), ("nonsense", "not installed"), (None, "not installed")],
)
def test_the_version_of_graphviz_is_said(monkeypatch: pytest.MonkeyPatch, said: str | None, version: str) -> None:
    def process(command: list[str], **options: Any) -> Any:
        if said is None:
            raise FileNotFoundError(command[0])
        return type("Done", (), {"stderr": said})

    monkeypatch.setattr(run.subprocess, "run", process)
    assert run.versions()["dot"] == version
