"""Submissions to the assignment in notebooks/exercises/: right, half right, broken, and with a patched checker."""

from __future__ import annotations

import copy
from typing import Any

import nbformat

import graphviz_ad as gad

POINTS = {"adjoints": 2, "slope": 2, "layer": 3, "repair": 2}
STUDENT, OTHER = "s1234", "s5678"


def adjoints(student: str, **wrong: float) -> str:
    """The answers to the first task at a student's own numbers, some of them wrong."""
    right = gad.exercise("fork", seed=student).solution
    found = {key: right[key] for key in "dcba"} | wrong
    expression = f"{found['c'] - 1} + 1"
    return f"answers = {found | {'c': expression}}"


def twice(student: str) -> float:
    """What accumulators that were not reset hold of the first input."""
    return 2 * gad.exercise("fork", seed=student).solution["a"]


RIGHT = {
    "student": f'student_id = "{STUDENT}"',
    "adjoints": adjoints(STUDENT),
    "slope": "def slope(x):\n    return 2 * x * np.cos(np.log(x**2 + 1)) / (x**2 + 1)",
    "layer": (
        "def backward(X, W, b, T):\n    d = 2 * (X @ W.T + b - T) / T.size\n"
        '    return {"W": d.T @ X, "b": np.sum(d, axis=0)}'
    ),
    "repair": "def whole(w, x):\n    return np.sum((w * x) ** 2)",
}
WRONG = {
    "student": f'student_id = "{STUDENT}"',
    "adjoints": adjoints(STUDENT, a=twice(STUDENT)),
    "slope": "def slope(x):\n    return np.cos(np.log(x**2 + 1))",
    "layer": "def backward(X, W, b, T):\n    d = 2 * (X @ W.T + b - T) / T.size\n    return {'W': X.T @ d, 'b': d}",
    "repair": "def whole(w, x):\n    return np.sum(gad.detach(w * x) ** 2)",
}
PATCH = """
import graphviz_ad.exercises as patched
import graphviz_ad.exercises.assertions as assertions
class _Fine:
    ok = True
    message = ""
def _fine(*args, **kwargs):
    return _Fine()
gad.assert_backward = gad.assert_connected = gad.assert_adjoints = gad.compare = _fine
patched.check_gradient = assertions.assert_backward = _fine
patched.Exercise.check = lambda self, answers: _Fine()
gad.exercise = lambda *args, **kwargs: patched.adjoints(lambda a, b, c, d: a + b + c + d, 1.0, 1.0, 1.0, 1.0)
"""
LOOP = "while True:\n    pass"
SUBMISSIONS = {
    "right": RIGHT,
    "half": RIGHT | {"slope": WRONG["slope"], "layer": WRONG["layer"]},
    "wrong": WRONG,
    "patched": WRONG | {"adjoints": f"{PATCH}\n{WRONG['adjoints']}"},
    "loop": {"adjoints": f"{LOOP}\n{RIGHT['adjoints']}"},
    "loop_inside": RIGHT | {"layer": f"def backward(X, W, b, T):\n    {LOOP.replace(chr(10), chr(10) + '    ')}"},
    "exit": {name: f"import sys\nsys.exit(0)\n{code}" for name, code in RIGHT.items()},
    "exit_hard": {name: f"import os\nos._exit(0)\n{code}" for name, code in RIGHT.items()},
    "copied": RIGHT | {"student": f'student_id = "{OTHER}"'},
    "deleted": {},
}
"""Of the loops one is in the first answer, with the other tasks left open, and one in a function beside right ones:
each costs a grader all of its patience, once."""
SCORES = {
    "right": 9, "half": 4, "wrong": 0, "patched": 0, "loop": 0, "loop_inside": 6, "exit": 0, "exit_hard": 0,
    "copied": 7, "deleted": 0,
}  # fmt: skip


def task_of(cell: Any) -> str:
    """The task that a cell is the place to answer, "" for other cells."""
    starts = {
        "student": "student_id = ",
        "adjoints": "answers = ",
        "slope": "def slope",
        "layer": "def backward",
        "repair": "def whole",
    }
    if cell.cell_type != "code":
        return ""
    return next((name for name, start in starts.items() if cell.source.startswith(start)), "")


def submission(released: Any, name: str) -> Any:
    """What a student hands in: the released notebook with answers; of "deleted" nothing but the first cells."""
    notebook = copy.deepcopy(released)
    answers = SUBMISSIONS[name]
    if not answers:
        notebook.cells = notebook.cells[:2]
    for cell in notebook.cells:
        if answer := answers.get(task_of(cell)):
            cell.source = answer
    nbformat.validate(notebook)
    return notebook
