"""Sweeps: the same numbers whoever computes them, nothing computed twice, and no point lost when a worker is."""

from __future__ import annotations

import concurrent.futures as cf
import io
import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError, SweepError
from graphviz_ad.gradflow import points, results, workers
from graphviz_ad.gradflow.fingerprint import fingerprint
from graphviz_ad.gradflow.measurement import measure
from graphviz_ad.gradflow.settings import Settings
from graphviz_ad.gradflow.sweeping import Sweep, sweep
from graphviz_ad.gradflow.table import COLUMNS
from tests.run import ROOT

GRID: dict[str, list[Any]] = {"activation": ["tanh", "relu"], "weight_var": [0.5, 1.0, 3.0]}
SMALL: dict[str, Any] = {"depth": 4, "width": 9, "batch": 5, "seeds": [4, 1]}


def same(one: Sweep, other: Sweep, order: list[int] | None = None) -> None:
    """Assert that two sweeps have the same numbers at every point."""
    assert len(one) == len(other)
    for place, flow in enumerate(one.flows):
        twin = other.flows[order[place] if order else place]
        for name in COLUMNS:
            np.testing.assert_allclose(flow[name], twin[name], rtol=1e-10, atol=0, err_msg=name)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """What is measured in this process from now on."""
    seen: list[Settings] = []
    measured = workers.measured

    def counting(settings: Settings) -> Any:
        seen.append(settings)
        return measured(settings)

    monkeypatch.setattr(workers, "measured", counting)
    return seen


@pytest.fixture
def two_processes() -> Iterator[cf.ProcessPoolExecutor]:
    with cf.ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Write a module that workers can import, as a user does."""

    def write(text: str) -> Any:
        name = f"own_{len(text)}_{os.getpid()}"
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        return __import__(name)

    return write


# ------------------------------------------------------------------------------------------------ the table


def test_a_grid_is_all_combinations_and_each_point_is_what_measure_gives() -> None:
    found = sweep(GRID, **SMALL)
    assert len(found) == 6
    assert found.points[1] == {"activation": "tanh", "weight_var": 1.0}
    for point, flow in zip(found.points, found, strict=True):
        alone = measure(**SMALL, **point)
        assert flow.to_dict() == alone.to_dict()
    assert list(found.columns) == ["activation", "weight_var", "depth", "width", "batch", *COLUMNS]
    frame = found.to_frame()
    assert len(frame) == 6 * 2 * 4
    mine = frame[(frame.activation == "relu") & (frame.weight_var == 3.0)]
    assert mine["delta_norm"].tolist() == found[5]["delta_norm"].tolist()
    rows = found.to_csv()
    assert rows is not None
    assert rows.splitlines()[1].startswith("tanh,0.5,4,9,5,4,1,")
    assert found.to_dict()["seed"][:8] == [4] * 4 + [1] * 4


def test_a_list_of_points_may_have_different_settings() -> None:
    def gate(h: Any) -> Any:
        return h * np.tanh(h)

    found = sweep([{"activation": gate}, {"activation": "relu", "init": "he"}, {"norm": "layer"}], **SMALL)
    assert found.to_dict()["init"][:: 2 * 4] == ["glorot", "he", "glorot"]
    assert found.to_dict()["norm"][:: 2 * 4] == [None, None, "layer"]
    assert found.to_dict()["activation"][:: 2 * 4] == ["gate", "relu", "tanh"]
    assert found[0].to_dict() == measure(activation=gate, **SMALL).to_dict()


def test_functions_of_one_name_are_told_apart_in_the_table() -> None:
    steep = [lambda h, k=k: np.tanh(k * h) for k in (1.0, 2.0)]
    found = sweep({"activation": steep}, **SMALL)
    assert list(dict.fromkeys(found["activation"])) == ["<lambda>", "<lambda>_2"]
    assert found.slopes()[0] < found.slopes()[1]


def test_points_are_chosen_by_their_settings_and_plots_take_them() -> None:
    found = sweep(GRID, **SMALL)
    chosen = found.where(activation="relu", weight_var=[1.0, 3.0])
    assert [flow.settings.weight_var for flow in chosen] == [1.0, 3.0]
    assert chosen["delta_norm"].tolist() == [*found[4]["delta_norm"], *found[5]["delta_norm"]]
    panels = gad.gradflow.plots.grid(found)
    assert {panel.get_title() for panel in panels.child_axes} >= {"tanh", "relu"}
    assert gad.gradflow.plots.depth(chosen, columns="delta_norm").lines
    with pytest.raises(ArgumentError, match=r"no point has depth=7; in this sweep depth is one of \[4\]"):
        found.where(depth=7)
    with pytest.raises(ArgumentError, match=r"unknown setting: 'depht'.*Did you mean 'depth'"):
        found.where(depht=7)
    with pytest.raises(ArgumentError, match="unknown column: 'delta'"):
        found["delta"]


@pytest.mark.parametrize(
    ("grid", "fixed", "sentence"),
    [
        ({"depht": [3]}, {}, "unknown setting in the grid: 'depht'.*Did you mean 'depth'"),
        ({"depth": [3]}, {"widht": 3}, "unknown setting: 'widht'.*Did you mean 'width'"),
        ([{"depth": 3}, {"dpeth": 3}], {}, "unknown setting in point 2: 'dpeth'"),
        ({"activation": "tanh"}, {}, "must be a list of values.*sweep\\(grid, activation='tanh'\\)"),
        ({"depth": 3}, {}, "must be a list of values"),
        ({"depth": []}, {}, "is empty"),
        ([], {}, "no point"),
        ("depth", {}, "must be a dict of lists"),
        ({"depth": [3, 0]}, {}, r"point 2 \(depth=0\): depth=0 must be a whole number"),
        ({"activation": ["tanh", "than"]}, {}, r"point 2 \(activation='than'\): unknown activation"),
        ({"depth": [3]}, {"depth": 4}, "depth is in the grid and among the fixed settings"),
        ({"depth": [3, 3]}, {}, r"point 1 \(depth=3\) and point 2 \(depth=3\) have the same settings"),
    ],
)
def test_a_grid_that_cannot_be_is_refused_before_anything_is_measured(
    grid: Any, fixed: dict[str, Any], sentence: str, counted: list[Settings]
) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        sweep(grid, **fixed)
    assert counted == []


# ------------------------------------------------------------------------------------------------ who computes


def test_numbers_do_not_depend_on_executor_order_or_pieces(
    two_processes: cf.Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = {"activation": ["tanh", np.tanh], "weight_var": [0.5, 4.0]}
    settings: dict[str, Any] = {"depth": 12, "width": 80, "batch": 10, "seeds": 3}
    reference = sweep(wide, **settings)
    assert reference.how == "in this process"
    monkeypatch.setattr(points, "PIECE", 1e-9)
    assert len(points.pieces_of(reference[0].settings)) == 3
    listed = [{"activation": a, "weight_var": v} for v in (4.0, 0.5) for a in (np.tanh, "tanh")]
    same(sweep(listed, **settings), reference, [3, 1, 2, 0])
    with cf.ThreadPoolExecutor(3) as threads:
        same(sweep(wide, threads, **settings), reference)
    away = sweep(wide, two_processes, **settings)
    assert away.how == "on a ProcessPoolExecutor"
    same(away, reference)


def test_processes_of_its_own_come_where_they_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 2)
    reference = sweep(GRID, **SMALL)
    assert reference.how == "in this process"
    monkeypatch.setattr(workers, "PAYS", 0.0)
    own = lambda h: h * np.tanh(h)  # noqa: E731
    found = sweep({"activation": ["tanh", "relu", own], "weight_var": [0.5, 1.0, 3.0]}, **SMALL)
    assert found.how == "by 2 processes and this one"  # a lambda cannot travel
    same(found.where(activation=["tanh", "relu"]), reference)
    assert found[6].to_dict() == measure(activation=own, weight_var=0.5, **SMALL).to_dict()
    monkeypatch.setattr(workers, "cores", lambda: 1)
    assert sweep(GRID, **SMALL).how == "in this process"


def test_what_pays_is_told_from_the_size_of_the_work() -> None:
    def choice(**settings: Any) -> int:
        jobs = [workers.Job(Settings(**settings), place) for place in range(4)]
        return workers.pool_for(jobs)[0]

    assert choice(depth=10, width=16) == 0
    assert choice(depth=500, width=512, seeds=tuple(range(10))) == (
        min(workers.cores(), 4) if workers.cores() > 1 else 0
    )


def test_a_script_without_a_guard_does_not_run_twice(tmp_path: Path) -> None:
    script = tmp_path / "lecture.py"
    script.write_text(
        textwrap.dedent("""\
        import numpy as np
        import graphviz_ad as gad
        from graphviz_ad.gradflow import workers
        print("started")
        workers.PAYS, workers.cores = 0.0, lambda: 2
        def own(h):
            return h * np.tanh(h)
        found = gad.gradflow.sweep({"activation": ["tanh", own], "weight_var": [1.0, 2.0]}, depth=3, width=8, seeds=1)
        print(found.how, len(found))
        """)
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, env=environment, timeout=90
    )
    assert done.stderr == ""
    assert done.stdout == "started\nby 2 processes and this one 4\n"


def test_a_pool_of_its_own_leaves_no_trace_here() -> None:
    main = sys.modules["__main__"]
    with workers.Workers(1) as pool:
        assert pool.submit(math.sqrt, 4.0).result() == 2.0
        assert sys.modules["__main__"] is main


def threads_now() -> list[int]:
    """How many threads each library of linear algebra would use."""
    return [library["num_threads"] for library in workers._libraries().info() if library["user_api"] == "blas"]


def test_linear_algebra_has_one_thread_while_a_piece_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    with workers._libraries().limit(limits=2, user_api="blas"):
        before = threads_now()
        seen: list[list[int]] = []
        measured = workers.measured

        def looking(settings: Settings) -> Any:
            seen.append(threads_now())
            return measured(settings)

        monkeypatch.setattr(workers, "measured", looking)
        sweep({"weight_var": [1.0]}, **SMALL)
        with cf.ThreadPoolExecutor(2) as pool:
            sweep({"weight_var": [1.0, 2.0]}, pool, **SMALL)
        workers.compute(Settings(depth=2, width=3), home=-1)  # what another process does
        assert seen == [[1] * len(before)] * 4
        assert threads_now() == before != [1] * len(before)


def test_a_function_that_cannot_travel_is_refused_by_name_and_threads_take_it(two_processes: cf.Executor) -> None:
    own = lambda h: np.tanh(h)  # noqa: E731
    with pytest.raises(ArgumentError, match=r"<lambda> cannot be measured in other processes.*leave executor out"):
        sweep({"activation": ["tanh", own]}, two_processes, **SMALL)
    with cf.ThreadPoolExecutor(2) as threads:
        found = sweep({"activation": ["tanh", own]}, threads, **SMALL)
    np.testing.assert_allclose(found[0]["delta_norm"], found[1]["delta_norm"], rtol=1e-10)


def test_a_function_of_a_notebook_is_refused_by_name(
    two_processes: cf.Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = type(sys)("__main__")
    exec("import numpy as np\ndef mine(h):\n    return np.tanh(h)", notebook.__dict__)
    monkeypatch.setitem(sys.modules, "__main__", notebook)
    with pytest.raises(ArgumentError, match="mine cannot be measured in other processes: it was written in a notebook"):
        sweep({"activation": [notebook.mine]}, two_processes, **SMALL)


class Odd(cf.Executor):
    """Runs what it gets at once; ``trouble`` may raise in its place."""

    def __init__(self, trouble: Callable[[Settings, int], None]) -> None:
        self.trouble = trouble
        self.calls: list[Any] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> cf.Future[Any]:
        future: cf.Future[Any] = cf.Future()
        self.calls.append(args[:2])
        try:
            self.trouble(*args[:2])
            future.set_result(fn(*args))
        except Exception as error:  # noqa: BLE001  (what an executor does)
            future.set_exception(error)
        return future


class KilledWorker(Exception):  # noqa: N818
    """As Dask calls it."""


def test_a_point_whose_worker_died_is_given_out_again() -> None:
    def trouble(settings: Settings, attempt: int) -> None:
        if settings.weight_var == 1.0 and attempt < 2:
            raise KilledWorker

    odd = Odd(trouble)
    same(sweep(GRID, odd, **SMALL), sweep(GRID, **SMALL))
    assert [attempt for settings, attempt in odd.calls if settings.weight_var == 1.0] == [0, 0, 1, 1, 2, 2]
    with pytest.raises(SweepError, match="2 of 6 points failed") as failed:
        sweep(GRID, Odd(trouble), retries=1, **SMALL)
    assert len(failed.value.sweep) == 4


def test_what_cannot_be_pickled_somewhere_else_is_explained() -> None:
    def trouble(settings: Settings, attempt: int) -> None:
        if callable(settings.activation):
            raise TypeError("cannot pickle 'generator' object")

    own = lambda h: np.tanh(h)  # noqa: E731
    sentence = r"<lambda> cannot travel to the executor's workers.*leave executor out"
    with pytest.raises(SweepError, match=sentence) as failed:
        sweep({"activation": ["tanh", own]}, Odd(trouble), **SMALL)
    assert failed.value.sweep.points == ({"activation": "tanh"},)


@pytest.mark.parametrize("executor", [3, cf.ThreadPoolExecutor, object()])
def test_what_is_no_executor_is_refused(executor: Any) -> None:
    with pytest.raises(ArgumentError, match=r"must be a concurrent\.futures\.Executor"):
        sweep(GRID, executor, **SMALL)


def test_a_dask_client_in_the_place_of_its_executor_is_told_what_to_write() -> None:
    client = type("Client", (), {"submit": print, "get_executor": print})()
    with pytest.raises(ArgumentError, match=r"Write executor=client.get_executor\(\)"):
        sweep(GRID, client, **SMALL)


FATAL = """
    import multiprocessing, os, signal
    from pathlib import Path
    import numpy as np

    def once(h):
        if multiprocessing.parent_process() is not None and not (Path(__file__).parent / "died").exists():
            (Path(__file__).parent / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return np.tanh(h)

    def always(h):
        if multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return np.tanh(h)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_worker_that_dies_costs_no_point(
    module: Callable[[str], Any], two_processes: cf.Executor, tmp_path: Path
) -> None:
    own = module(FATAL)
    grid = {"activation": ["relu", own.once], "weight_var": [0.5, 1.0, 3.0]}
    found = sweep(grid, two_processes, **SMALL)
    assert (tmp_path / "died").exists()
    assert any("a worker process ended" in note for note in found.notes)
    same(found, sweep(grid, **SMALL))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_point_that_kills_every_worker_fails_alone(
    module: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = module(FATAL)
    monkeypatch.setattr(workers, "cores", lambda: 2)
    monkeypatch.setattr(workers, "PAYS", 0.0)
    with pytest.raises(SweepError, match=r"1 of 4 points failed. point 2 \(activation=always\)") as failed:
        sweep({"activation": ["relu", own.always, "tanh", "gelu"]}, retries=1, **SMALL)
    assert [point["activation"] for point in failed.value.sweep.points] == ["relu", "tanh", "gelu"]
    assert list(failed.value.sweep.failures) == [1]


def test_a_failed_point_is_named_and_the_others_are_kept(tmp_path: Path, counted: list[Settings]) -> None:
    def init(shape: tuple[int, int], rng: Any) -> Any:
        return rng.normal(size=shape) if shape[0] != 7 else rng.normal(size=(2, 2))

    grid = {"width": [5, 7, 6]}
    with pytest.raises(SweepError, match=r"1 of 3 points failed. point 2 \(width=7\): init gave a weight") as failed:
        sweep(grid, init=init, depth=3, batch=4, seeds=2, folder=tmp_path)
    kept = failed.value.sweep
    assert [flow.settings.width for flow in kept] == [5, 6]
    assert isinstance(failed.value.__cause__, ArgumentError)
    assert kept.failures == {1: f"point 2 (width=7): {failed.value.__cause__}"}
    counted.clear()
    with pytest.raises(SweepError):
        sweep(grid, init=init, depth=3, batch=4, seeds=2, folder=tmp_path)
    assert [settings.width for settings in counted] == [7]


# ------------------------------------------------------------------------------------------------ the folder


def test_a_second_sweep_computes_only_what_is_new(tmp_path: Path, counted: list[Settings]) -> None:
    first = sweep(GRID, folder=tmp_path / "deep" / "er", **SMALL)
    assert len(counted) == 6
    assert len(list((tmp_path / "deep" / "er").iterdir())) == 6
    again = sweep(GRID, folder=tmp_path / "deep" / "er", **SMALL)
    assert len(counted) == 6
    assert again.to_dict() == first.to_dict()
    sweep(GRID | {"weight_var": [0.5, 1, 2.0]}, folder=tmp_path / "deep" / "er", **SMALL)
    assert len(counted) == 8  # 1 is 1.0
    sweep(GRID, folder=tmp_path / "deep" / "er", **(SMALL | {"seeds": [1, 4]}))
    assert len(counted) == 14


def test_an_interrupted_sweep_goes_on_where_it_was(
    tmp_path: Path, counted: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = workers.measured

    def interrupted(settings: Settings) -> Any:
        if len(counted) == 4:
            raise KeyboardInterrupt
        return counting(settings)

    monkeypatch.setattr(workers, "measured", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep(GRID, folder=tmp_path, **SMALL)
    monkeypatch.setattr(workers, "measured", counting)
    found = sweep(GRID, folder=tmp_path, **SMALL)
    assert len(counted) == len(set(counted)) == 6
    same(found, sweep(GRID, **SMALL))


def test_pieces_of_an_unfinished_point_are_not_computed_again(
    tmp_path: Path, counted: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"width": 70, "depth": 3, "batch": 4, "seeds": 3}
    monkeypatch.setattr(points, "PIECE", 1e-9)
    counting = workers.measured

    def interrupted(asked: Settings) -> Any:
        if len(counted) == 5:
            raise KeyboardInterrupt
        return counting(asked)

    monkeypatch.setattr(workers, "measured", interrupted)
    with cf.ThreadPoolExecutor(1) as thread, pytest.raises((KeyboardInterrupt, SweepError)):
        sweep({"weight_var": [1.0, 2.0]}, thread, folder=tmp_path, **settings)
    assert len(list(tmp_path.iterdir())) == 1 + 2  # one point, and two pieces of the other
    monkeypatch.setattr(workers, "measured", counting)
    found = sweep({"weight_var": [1.0, 2.0]}, folder=tmp_path, **settings)
    assert len(counted) == len(set(counted)) == 6
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(points, "PIECE", 1e9)
    same(found, sweep({"weight_var": [1.0, 2.0]}, **settings))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_process_leaves_what_it_finished(tmp_path: Path, counted: list[Settings]) -> None:
    code = f"""
    import os, signal
    from graphviz_ad.gradflow import sweeping, workers
    measured, seen = workers.measured, []
    def fatal(settings):
        seen.append(settings)
        if len(seen) == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return measured(settings)
    workers.measured = fatal
    sweeping.sweep({GRID!r}, folder={str(tmp_path)!r}, **{SMALL!r})
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, env=environment, timeout=90)
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 4
    sweep(GRID, folder=tmp_path, **SMALL)
    assert len(counted) == 2


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(page: Any, out: Any, **_: Any) -> None:
        out.write(json.dumps(page)[:500])
        raise KeyboardInterrupt

    monkeypatch.setattr(results.json, "dump", half)
    with pytest.raises(KeyboardInterrupt):
        sweep(GRID, folder=tmp_path, **SMALL)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_costs_no_numbers_and_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(page: Any, out: Any, **_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results.json, "dump", full)
    found = sweep(GRID, folder=tmp_path, **SMALL)
    assert len(found) == 6
    (note,) = found.notes
    assert "cannot be written" in note
    assert "No space left" in note
    assert list(tmp_path.iterdir()) == []


def damaged(text: str) -> str:
    page = json.loads(text)
    page["columns"]["delta_norm"][0] *= 2
    return json.dumps(page)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda text: text[: len(text) // 2], "is damaged"),
        (lambda text: "", "is damaged"),
        (lambda text: "[1, 2]", "is damaged"),
        (damaged, "is damaged"),
        (lambda text: text.replace('"width":9', '"width":8'), "is damaged"),
        (lambda text: text.replace(f'"{results.VERSION}"', '"0"'), "is of another version (0, not"),
    ],
    ids=["cut", "empty", "other", "digit", "settings", "version"],
)
def test_a_file_that_cannot_be_used_is_measured_again_and_said(
    spoil: Callable[[str], str], sentence: str, tmp_path: Path, counted: list[Settings], caplog: Any
) -> None:
    first = sweep(GRID, folder=tmp_path, **SMALL)
    file = sorted(tmp_path.iterdir())[2]
    file.write_text(spoil(file.read_text()))
    counted.clear()
    again = sweep(GRID, folder=tmp_path, **SMALL)
    assert len(counted) == 1
    assert again.to_dict() == first.to_dict()
    (note,) = again.notes
    assert sentence in note
    assert file.name in note
    assert sentence in caplog.text
    assert sweep(GRID, folder=tmp_path, **SMALL).notes == ()


def test_numbers_that_are_not_finite_survive_the_folder(tmp_path: Path, counted: list[Settings]) -> None:
    settings: dict[str, Any] = {"depth": 60, "width": 8, "batch": 4, "seeds": 2, "activation": "linear", "init": "he"}
    first = sweep({"weight_var": [1e12]}, folder=tmp_path, **settings)
    assert not np.isfinite(first["activation_mean_square"]).all()
    again = sweep({"weight_var": [1e12]}, folder=tmp_path, **settings)
    assert len(counted) == 1
    np.testing.assert_array_equal(again["delta_mean_square"], first["delta_mean_square"])
    np.testing.assert_array_equal(again["activation_mean_square"], first["activation_mean_square"])


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArgumentError, match=r"folder=.* cannot be made"):
        sweep(GRID, folder=tmp_path / "file" / "below", **SMALL)


SLOPE = 2.0


def by_global(h: Any) -> Any:
    return np.tanh(SLOPE * h)


def test_a_function_is_known_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def steep(slope: float) -> Any:
        return lambda h: np.tanh(slope * h)

    def helped(h: Any) -> Any:
        return by_global(h) + 1

    def moved(h: Any) -> Any:
        return by_global(h) + 1

    assert fingerprint(steep(2.0)) == fingerprint(steep(2.0)) != fingerprint(steep(2.5))
    assert fingerprint(helped) == fingerprint(moved) is not None
    before = fingerprint(helped)
    monkeypatch.setitem(globals(), "SLOPE", 3.0)
    assert fingerprint(helped) != before
    assert fingerprint(lambda h: np.tanh(h)) != fingerprint(lambda h: np.sin(h))
    assert fingerprint(lambda h: h + 1.0) != fingerprint(lambda h: h + 2.0)
    assert fingerprint(gad.nn.relu) == "graphviz_ad.nn.activations.relu 0.1.0"

    def itself(n: int) -> Any:
        return itself(n - 1) if n else 0

    assert fingerprint(itself) is not None


def test_what_has_no_lasting_name_has_no_fingerprint() -> None:
    class Gate:
        def __call__(self, h: Any) -> Any:
            return h * np.tanh(h)

    state = threading.Lock()
    assert fingerprint(Gate()) is None
    assert fingerprint(lambda h: h if state else -h) is None
    assert fingerprint(lambda h: textwrap.dedent(h)) is None


def test_fingerprints_are_the_same_in_another_process(module: Callable[[str], Any], tmp_path: Path) -> None:
    text = """
        import numpy as np
        WORDS = {"b": 1.0, "a": 2.0}
        def own(h, among={"x", "y", "z", "w"}):
            return np.tanh(h) * (1.0 if "q" in {"a", "b", "c"} else WORDS["a"])
    """
    mine = fingerprint(module(text).own)
    name = next(tmp_path.glob("own_*.py")).stem
    code = f"import {name}; from graphviz_ad.gradflow.fingerprint import fingerprint; print(fingerprint({name}.own))"
    for seed in "01":
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.strip() == mine


def test_own_functions_are_resumed_by_their_code_or_it_is_said(tmp_path: Path, counted: list[Settings]) -> None:
    def steep(slope: float) -> Any:
        return lambda h: np.tanh(slope * h)

    for slope, calls in ((2.0, 1), (2.0, 1), (3.0, 2)):
        sweep({"activation": [steep(slope)]}, folder=tmp_path, **SMALL)
        assert len(counted) == calls
    lock = threading.Lock()
    odd = lambda h: np.tanh(h) if lock else h  # noqa: E731
    found = sweep({"activation": [odd], "weight_var": [1.0, 2.0]}, folder=tmp_path, **SMALL)
    assert len(found.notes) == 1
    assert "<lambda> refers to something that has no lasting name" in found.notes[0]
    assert len(list(tmp_path.iterdir())) == 2


# ------------------------------------------------------------------------------------------------ progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_one_bar_counts_the_nets_and_vanishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphviz_ad.widget.progress.SECONDS_OF_SILENCE", 0.0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    sweep(GRID, **SMALL)
    written = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert [part.split()[-3] for part in written.split("\r") if " of " in part] == ["2", "4", "6", "8", "10"]
    assert written.endswith("\r")
    assert written.split("\r")[-2].strip() == ""
    monkeypatch.setattr(sys, "stderr", Terminal())
    sweep(GRID, progress=False, **SMALL)
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_the_bar_vanishes_from_an_interrupted_sweep(counted: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    counting = workers.measured

    def interrupted(settings: Settings) -> Any:
        if len(counted) == 2:
            raise KeyboardInterrupt
        return counting(settings)

    monkeypatch.setattr(workers, "measured", interrupted)
    monkeypatch.setattr("graphviz_ad.widget.progress.SECONDS_OF_SILENCE", 0.0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(KeyboardInterrupt):
        sweep(GRID, **SMALL)
    *_, shown, cleared, rest = sys.stderr.getvalue().split("\r")  # type: ignore[attr-defined]
    assert shown.endswith("4 of 12")
    assert cleared.strip() == rest == ""


def ended(group: int) -> bool:
    """Whether nobody of a process group is left, after some patience."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.2)
    return False


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no such signals")
def test_an_interrupt_ends_the_processes_of_a_sweep_and_keeps_what_they_finished(tmp_path: Path) -> None:
    script = tmp_path / "long.py"
    script.write_text(
        textwrap.dedent(f"""\
        import graphviz_ad as gad
        from graphviz_ad.gradflow import workers
        workers.PAYS, workers.cores = 0.0, lambda: 2
        grid = {{"weight_var": [0.01 * k for k in range(1, 500)]}}
        gad.gradflow.sweep(grid, depth=100, width=64, seeds=8, folder={str(tmp_path / "out")!r})
        """)
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, script], stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(list((tmp_path / "out").glob("point-*"))) < 3:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
    assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    kept = len(list((tmp_path / "out").glob("point-*")))
    assert 3 <= kept < 499
    assert ended(process.pid)
    assert len(list((tmp_path / "out").glob("point-*"))) == kept


# ------------------------------------------------------------------------------------------------ a cluster


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_that_loses_a_worker_finishes_the_sweep(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    steep = 1.5
    own = lambda h: np.tanh(steep * h)  # noqa: E731  (Dask takes what pickle does not)
    grid = {"activation": ["tanh", "relu", own], "weight_var": [0.5, 1.0, 1.5, 2.0]}
    settings: dict[str, Any] = {"depth": 60, "width": 128, "batch": 32, "seeds": 4}
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, local_directory=str(tmp_path)
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victim = next(iter(client.run(os.getpid).values()))
        killed = threading.Event()
        files = tmp_path / "results"

        def kill() -> None:
            while not killed.wait(0.02):
                if files.is_dir() and any(files.iterdir()):
                    os.kill(victim, signal.SIGKILL)
                    killed.set()

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        found = sweep(grid, client.get_executor(), folder=files, **settings)
        assert killed.is_set()
        killer.join()
        survivors = set(client.run(os.getpid).values())
    assert victim not in survivors
    assert found.how == "on a ClientExecutor"
    same(found, sweep(grid, **settings))
    assert math.isfinite(found.slopes()[0])
