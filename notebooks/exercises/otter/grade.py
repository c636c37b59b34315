"""Grades submissions with otter, with a limit to their time: `python grade.py autograder.zip SUBMISSION.ipynb …`.

For each a results file is written beside it. Where otter cannot end, because a cell does not, or because the kernel was
ended, the score is 0: otter itself would write nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path


def graded(autograder: Path, submission: Path, seconds: float) -> dict:
    """What otter says of one submission, in the format of its results."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["otter", "run", "--no-logo", "-a", autograder.resolve(), "-o", folder, submission.resolve()]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, timeout=seconds, check=False)
            reason = "the notebook ended its kernel"
        except subprocess.TimeoutExpired:
            reason = f"the notebook took more than {seconds:g} s"
        results = Path(folder) / "results.json"
        if results.is_file():
            return json.loads(results.read_text(encoding="utf-8"))
    return {"score": 0, "tests": [], "output": f"Not graded: {reason}."}


def main() -> None:
    """Grade what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("autograder", type=Path)
    parser.add_argument("submissions", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=600.0)
    given = parser.parse_args()
    for submission in given.submissions:
        found = graded(given.autograder, submission, given.seconds)
        submission.with_suffix(".results.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
