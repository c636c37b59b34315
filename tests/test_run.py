"""The test run itself: what it counts, what it calls a failure, and what it says where a tool is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import run

TESTS = """
import pytest
def test_good(): pass
def test_bad(): assert 1 == 2
def test_left_out(): pytest.skip("because")
@pytest.fixture
def broken_end():
    yield
    raise RuntimeError
def test_breaks_at_its_end(broken_end): pass
"""

HANGS = """
import pathlib, time
def test_good(): pass
def test_bad(): assert 1 == 2
def test_hangs():
    (pathlib.Path(__file__).parent / "begun").touch()
    time.sleep(100)
"""


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run, "OUTPUT", tmp_path)
    monkeypatch.setattr(run, "ROOT", tmp_path)
    return tmp_path


def test_every_test_is_counted_once(output: Path) -> None:
    (output / "test_them.py").write_text(TESTS, encoding="utf-8")
    count = run.pytest("trial", "-p", "no:cacheprovider", str(output))
    assert (count.passed, count.failed, count.skipped) == (1, 2, 1)


def test_no_test_at_all_is_a_failure_unless_allowed(output: Path) -> None:
    (output / "test_none.py").write_text("", encoding="utf-8")
    count = run.pytest("trial", str(output))
    assert (count.passed, count.failed, count.note) == (0, 1, "no test was found")
    count = run.pytest("trial", str(output), may_be_empty=True)
    assert (count.passed, count.failed) == (0, 0)


def test_a_file_that_does_not_import_is_a_failure(output: Path) -> None:
    (output / "test_broken.py").write_text("import nothing_of_this_name", encoding="utf-8")
    assert run.pytest("trial", str(output)).failed == 1


def test_a_stage_that_hangs_is_stopped_and_still_says_what_failed(
    output: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (output / "test_hangs.py").write_text(HANGS, encoding="utf-8")

    class UntilItHangs(subprocess.Popen[bytes]):
        """A process whose time is up as soon as its last test has begun, on fast and on slow machines."""

        def wait(self, timeout: float | None = None) -> int:
            if timeout == run.SECONDS_PER_STAGE:
                while not (output / "begun").exists():
                    time.sleep(0.1)
                raise subprocess.TimeoutExpired(self.args, timeout)
            return super().wait(timeout)

    monkeypatch.setattr(run.subprocess, "Popen", UntilItHangs)
    count = run.pytest("trial", "-p", "no:cacheprovider", str(output))
    assert count.note == "took too long"
    assert count.failed >= 2
    assert "assert 1 == 2" in capfd.readouterr().out


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no root")
@pytest.mark.parametrize("uid", [1000, 0])
def test_a_missing_browser_is_a_failure_with_its_remedy(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(run, "BROWSERS", ("no-such-browser",))
    monkeypatch.setattr(os, "getuid", lambda: uid)
    monkeypatch.setattr(run.shutil, "which", lambda name: "apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(run, "run", lambda command, **options: ran.append(command) or 0)
    count = run.browser_tests(slow=False)
    assert (count.passed, count.failed, count.skipped) == (0, 1, 0)
    assert "sudo apt-get install chromium" in count.note
    assert [command[1] for command in ran] == (["update", "install"] if uid == 0 else [])


def test_node_comes_from_the_wheel_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.shutil, "which", lambda name: None)
    found = run.find_node()
    assert found is not None
    node, npm = found
    assert run.node_version(node[0]) >= run.NODE
    assert Path(npm[1]).is_file()


def test_an_old_node_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.shutil, "which", lambda name: name)
    monkeypatch.setattr(run, "node_version", lambda node: (18, 19) if node == "node" else (22, 1))
    found = run.find_node()
    assert found is not None
    assert found[0] != ["node"]


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (1, 1)])
def test_the_closing_line_and_the_exit_code(
    failed: int, code: int, output: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = []

    def stage(name: str, count: run.Count) -> run.Count:
        ran.append(name)
        return count

    parts = {
        "first": lambda: stage("first", run.Count(passed=2, failed=failed, note="why" if failed else "")),
        "second": lambda: stage("second", run.Count(passed=3, skipped=1)),
    }
    monkeypatch.setattr(run, "stages", lambda slow: parts)
    monkeypatch.setattr(sys, "argv", ["run.py"])
    assert run.main() == code
    assert ran == ["first", "second"], "one failure hides no other stage"
    assert capsys.readouterr().out.splitlines()[-1] == f"5 passed, {failed} failed, 1 skipped"
