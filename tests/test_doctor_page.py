"""What docs/doctor.md says happens as it says."""

from __future__ import annotations

import linecache
import re
from pathlib import Path

import pytest

import graphviz_ad as gad
from graphviz_ad.doctor import THRESHOLDS
from tests.doctor.sick import SICK
from tests.torched import torch

PAGE = (Path(__file__).parent.parent / "docs" / "doctor.md").read_text(encoding="utf-8")


def run(code: str, space: dict) -> dict:
    linecache.cache["doctor.py"] = (len(code), None, code.splitlines(keepends=True), "doctor.py")
    exec(compile(code, "doctor.py", "exec"), space)
    return space


def test_the_snippets_run_and_print_what_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second, third = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    space = run(first, {})
    printed = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert printed is not None
    assert capsys.readouterr().out == printed.group(1)
    run(second, space)
    report = space["report"]
    assert repr(report.findings[0].parameters) in second
    assert repr(report.table("parameters").to_dict()["state"]) in second
    assert {path.name for path in tmp_path.iterdir()} == {"doctor.svg", "doctor.html"}
    run(third, space)


def test_the_tables_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", PAGE, re.MULTILINE))
    assert {name: float(value) for name, value in rows.items()} == {
        name: threshold.value for name, threshold in THRESHOLDS.items()
    }
    kinds = PAGE.partition("## What it finds")[2].partition("##")[0]
    named = {
        name
        for line in kinds.splitlines()
        for name in re.findall(r"`([^`]+)`", line.split("|")[1] if "|" in line else "")
    }
    assert {sick.kind for sick in SICK} <= named


def test_the_part_about_pytorch() -> None:
    torch.manual_seed(0)
    code = re.findall(r"```python torch\n(.*?)```", PAGE, re.DOTALL)[0]
    space = run(code, {"gad": gad})
    assert repr(space["found"].findings[0].parameters) in code
    assert space["found"].findings[0].kind == "no_grad"
