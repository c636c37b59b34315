"""Measures what the project promises about speed: ratios of medians of interleaved runs. `make bench` runs it."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 21

IMPORT = """
from time import process_time as now
a = now()
import numpy
b = now()
import graphviz_ad
c = now()
print(b - a, c - b)
"""


def import_cost() -> tuple[float, float]:
    """Processor seconds of ``import numpy``, and of ``import graphviz_ad`` on top of it; medians."""
    with tempfile.TemporaryDirectory() as folder:
        # compiled files are there, as every user has them from the second import on
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        rows = []
        for _ in range(RUNS + 1):
            done = subprocess.run(
                [sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True, env=environment
            )
            rows.append(tuple(float(word) for word in done.stdout.split()))
    numpys, ours = zip(*rows[1:], strict=True)
    return statistics.median(numpys), statistics.median(ours)


def main() -> None:
    """Print the table."""
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} processors, {RUNS} runs")
    numpys, ours = import_cost()
    print(
        f"import graphviz_ad on top of numpy: {ours * 1e3:.0f} ms / {numpys * 1e3:.0f} ms = {ours / numpys:.2f} "
        "(limit 0.5)"
    )


if __name__ == "__main__":
    main()
