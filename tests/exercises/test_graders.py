"""The assignment in notebooks/exercises/ in real graders: their scores of right, half-right and broken submissions.

nbgrader and otter-grader have an environment of their own (see the Makefile): what they bring to JupyterLab is not what
a newcomer has.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.exercises.graders import POINTS, SCORES, SUBMISSIONS, submission, task_of
from tests.run import ROOT

EXERCISES = ROOT / "notebooks" / "exercises"
PROGRAMS = Path(os.environ.get("GRAPHVIZ_AD_GRADERS", Path(sys.prefix) / "graders" / "bin"))
needs_graders = pytest.mark.skipif(
    not (PROGRAMS / "nbgrader").is_file(), reason="nbgrader and otter-grader are installed by make test-all alone"
)
PATIENCE = 300
"""Seconds that a cell, or in otter a notebook, may take on a busy machine: checks of these tasks take about two."""
SECONDS = 30
"""So long is waited for what has no end."""


def run(*words: str | Path, folder: Path, seconds: float = 1500) -> str:
    """Run a grader's command; what it printed comes back."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {
        "PATH": os.pathsep.join([str(PROGRAMS), environment.get("PATH", os.defpath)]),
        "JUPYTER_CONFIG_DIR": str(folder / ".jupyter"),
        "JUPYTER_DATA_DIR": str(folder / ".jupyter"),
        "IPYTHONDIR": str(folder / ".ipython"),
    }
    done = subprocess.run(
        [PROGRAMS / words[0], *words[1:]], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    return done.stdout


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


# -- without graders: what is committed ---------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(EXERCISES.rglob("*.ipynb")), ids=lambda path: path.parent.name)
def test_the_source_is_valid_and_has_no_output(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert not any(cell.outputs or cell.execution_count for cell in code)


def test_both_sources_ask_the_same() -> None:
    one, two = (read(path) for path in sorted(EXERCISES.rglob("*.ipynb")))
    assert [c.source for c in one.cells if c.cell_type == "markdown"] == [
        c.source for c in two.cells if c.cell_type == "markdown"
    ]


ENDLESS = ("loop", "loop_inside")

# -- nbgrader -----------------------------------------------------------------------------------------


@pytest.mark.slow
@needs_graders
def test_nbgrader(tmp_path: Path) -> None:
    """Release, submit, autograde, feedback: one test, since what it needs takes minutes."""
    course = tmp_path / "course"
    shutil.copytree(EXERCISES / "nbgrader", course)
    said = run("nbgrader", "generate_assignment", "backprop", folder=course)
    released = course / "release" / "backprop" / "backprop.ipynb"
    assert released.is_file(), said
    assert holds_no_solution(released)
    for name in SUBMISSIONS:
        handed_in = course / "submitted" / name / "backprop"
        handed_in.mkdir(parents=True)
        nbformat.write(submission(read(released), name), handed_in / "backprop.ipynb")
    autograde = ("nbgrader", "autograde", "backprop")
    said = run(
        *autograde,
        f"--CourseDirectory.student_id_exclude={','.join(ENDLESS)}",
        f"--ExecutePreprocessor.timeout={PATIENCE}",
        folder=course,
    )
    for name in ENDLESS:
        said += run(*autograde, "--student", name, f"--ExecutePreprocessor.timeout={SECONDS}", folder=course)
    run("nbgrader", "export", folder=course)
    with (course / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert {float(row["max_score"]) for row in rows.values()} == {sum(POINTS.values())}
    assert {name: float(row["score"] or 0) for name, row in rows.items()} == SCORES, said
    run("nbgrader", "generate_feedback", "backprop", "--student", "wrong", folder=course)
    page = (course / "feedback" / "wrong" / "backprop" / "backprop.html").read_text(encoding="utf-8")
    for words in FEEDBACK:
        assert words in page


# -- otter --------------------------------------------------------------------------------------------

OTTER = {name: score for name, score in SCORES.items() if name not in ("loop_inside", "copied")}
"""It has no limit for a cell: wherever a loop is, it takes the whole notebook with it, and one of them shows that. Each
notebook costs about 18 seconds of a processor, of which 8 are otter's own start: nbgrader's test has the copied one."""


@pytest.mark.slow
@needs_graders
def test_otter(tmp_path: Path) -> None:
    said = run("otter", "assign", "--no-pdfs", EXERCISES / "otter" / "backprop.ipynb", "dist", folder=tmp_path)
    released = tmp_path / "dist" / "student" / "backprop.ipynb"
    assert released.is_file(), said
    assert holds_no_solution(released)
    folder = tmp_path / "graded"
    folder.mkdir()
    for name in OTTER:
        nbformat.write(submission(read(released), name), folder / f"{name}.ipynb")
    (zipped,) = (tmp_path / "dist" / "autograder").glob("*.zip")
    handed_in = sorted(folder.glob("*.ipynb"))
    grade = EXERCISES / "otter" / "grade.py"
    ending = [path for path in handed_in if path.stem not in ENDLESS]
    endless = [path for path in handed_in if path.stem in ENDLESS]
    said = run("python", grade, "--seconds", str(PATIENCE), zipped, *ending, folder=folder)
    said += run("python", grade, "--seconds", str(SECONDS), zipped, *endless, folder=folder)
    texts = {name: (folder / f"{name}.results.json").read_text(encoding="utf-8") for name in OTTER}
    scores = {name: sum(test.get("score", 0) for test in json.loads(text)["tests"]) for name, text in texts.items()}
    assert scores == OTTER, said
    for words in FEEDBACK:
        assert words in texts["wrong"]
    assert "took more than" in texts["loop"]
    assert "ended its kernel" in texts["exit_hard"]


FEEDBACK = (
    "That contains an earlier backward pass",
    "The first wrong adjoint on the way back is that of",
    "No way leads back from",
)
"""What the grader's own report has to say to who gets everything wrong."""


def holds_no_solution(released: Path) -> bool:
    """Whether a student's notebook asks all tasks, and tells neither solutions nor hidden tests."""
    text = released.read_text(encoding="utf-8")
    told = [word for word in ("HIDDEN", "SOLUTION", "np.cos", "test_fresh", "exercises.fresh") if word in text]
    return not told and {task_of(cell) for cell in read(released).cells} == {"", "student", *POINTS}
