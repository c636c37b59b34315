"""The log of attempts: off unless it is turned on, without names, safe to append to, and a report of what it shows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises import log
from tests.run import ROOT


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(log.VARIABLE, raising=False)
    yield tmp_path / "attempts.jsonl"
    gad.exercises.log_to(None)


def two_paths(x):
    u = x**2
    y = 3 * u + 2 * x
    return y


def exercise():
    return gad.exercises.adjoints(two_paths, x=3.0)


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]


def test_nothing_is_logged_unless_a_course_says_so(file, monkeypatch) -> None:
    monkeypatch.chdir(file.parent)
    exercise().check({"x": 36})
    assert list(file.parent.iterdir()) == []
    gad.exercises.log_to(file)
    exercise().check({"x": 36})
    gad.exercises.log_to(None)
    exercise().check({"x": 36})
    assert len(lines(file)) == 1


def test_the_environment_turns_it_on(file, monkeypatch) -> None:
    monkeypatch.setenv(log.VARIABLE, str(file))
    exercise().check({"x": 36})
    assert lines(file)[0]["parts"]["x"] == {"ok": False, "misconceptions": ["M16"]}


def test_a_line_holds_no_answer_no_seed_and_no_name(file) -> None:
    from dataclasses import replace

    gad.exercises.log_to(file, student="Ada Lovelace", salt="a secret of ours")
    ex = replace(exercise(), seed="Ada Lovelace").explained()
    ex.check({"x": 36.5, "u": "3", "why": "I, Ada, think so"})
    text = file.read_text(encoding="ascii")
    assert "Ada" not in text
    assert "36.5" not in text
    (line,) = lines(file)
    assert set(line) == {"version", "day", "exercise", "kind", "parts", "student"}
    assert line["parts"] == {"u": {"ok": True, "misconceptions": []}, "x": {"ok": False, "misconceptions": []}}
    assert (file.stat().st_mode & 0o077) == 0 or sys.platform == "win32"


def test_hashes_belong_together_and_need_a_salt(file) -> None:
    for student, salt in (
        ("ada", "salt number one"),
        ("ada", "salt number one"),
        ("bob", "salt number one"),
        ("ada", "another salt"),
    ):
        gad.exercises.log_to(file, student=student, salt=salt)
        exercise().check({"x": 36})
    first, again, other, elsewhere = (line["student"] for line in lines(file))
    assert first == again
    assert len({first, other, elsewhere}) == 3
    for salt in (None, "short"):
        with pytest.raises(ArgumentError, match="a secret of the course"):
            gad.exercises.log_to(file, student="ada", salt=salt)
    with pytest.raises(ArgumentError, match="path of a file"):
        gad.exercises.log_to(3)


def test_what_was_not_answered_is_no_attempt(file) -> None:
    gad.exercises.log_to(file)
    exercise().check({"x": "", "u": "3 +"})
    assert not file.exists()
    exercise().check({"u": 3})
    assert list(lines(file)[0]["parts"]) == ["u"]


def test_a_line_that_broke_off_harms_no_other(file) -> None:
    file.write_text('{"version": 1, "exer', encoding="ascii")
    gad.exercises.log_to(file)
    exercise().check({"x": 36})
    found = gad.exercises.report(file)
    assert (found.attempts, found.broken) == (1, 1)
    assert "1 line could not be read" in found.summary


def test_processes_append_at_once(file) -> None:
    code = (
        "import graphviz_ad as gad\n"
        f"gad.exercises.log_to({str(file)!r})\n"
        "ex = gad.exercises.adjoints(lambda x: 3 * x**2 + 2 * x, x=3.0).only('x')\n"
        "for _ in range(40): ex.check({'x': 36})\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
    assert len(lines(file)) == 80


def test_a_log_that_cannot_be_written_spoils_no_attempt(file) -> None:
    gad.exercises.log_to(file.parent / "no folder" / "attempts.jsonl")
    with pytest.warns(RuntimeWarning, match="attempts cannot be logged"):
        assert exercise().check({"x": 36}).misconception == "M16"
    assert exercise().only("x").check({"x": 20}).ok  # said once


def test_the_report(file) -> None:
    gad.exercises.log_to(file, student="ada", salt="salt number one")
    exercise().check({"x": 36, "u": 3})
    exercise().check({"x": 36.0})
    exercise().check({"x": 1234})
    gad.exercises.log_to(file, student="bob", salt="salt number one")
    gad.exercises.adjoints(lambda a, b: np.sin(a * b), a=1.0, b=2.0).check({"a": 2})
    found = gad.exercises.report(file)
    assert (found.attempts, found.answers, found.right, found.exercises, found.students) == (4, 5, 1, 2, 2)
    by_code = {line.code: line for line in found.lines}
    assert (by_code["M16"].answers, by_code["M16"].exercises, by_code["M16"].students) == (2, 1, 1)
    assert found.lines[-1].title == "No known mistake"
    assert str(found).splitlines()[0] == "4 attempts of 2 students at 2 exercises: 1 of 5 answers right."
    assert "M16" in str(found)
    assert "Paths multiplied" in found._repr_html_()
    ax = found.plot()
    assert [bar.get_width() for bar in ax.patches] == [line.answers for line in found.lines]
    ax.figure.clear()
    assert gad.exercises.report(file, file).attempts == 8


@pytest.mark.parametrize(
    "line",
    [
        "[]", "3", "null", '{"version": 2, "exercise": "f", "parts": {}}', '{"version": 1, "exercise": 3, "parts": {}}',
        '{"version": 1, "exercise": "f", "parts": {"x": {"ok": 1, "misconceptions": []}}}',
        '{"version": 1, "exercise": "f", "parts": {"x": {"ok": true, "misconceptions": [3]}}}',
        "[" * 9999, '{"version": 1, "exercise": "f", "student": [], "parts": {}}',
    ],
)  # fmt: skip
def test_lines_from_anywhere(file, line) -> None:
    file.write_text(line + "\n", encoding="utf-8")
    found = gad.exercises.report(file)
    assert (found.attempts, found.broken) == (0, 1)


def test_a_code_from_anywhere_is_escaped(file) -> None:
    part = {"x": {"ok": False, "misconceptions": ["<script>"]}}
    file.write_text(json.dumps({"version": 1, "exercise": "<b>", "parts": part}) + "\n", encoding="utf-8")
    assert "<script>" not in gad.exercises.report(file)._repr_html_()


def test_reports_need_a_file(file) -> None:
    with pytest.raises(ArgumentError, match="cannot be read"):
        gad.exercises.report(file)
    with pytest.raises(ArgumentError, match="takes the files"):
        gad.exercises.report()
