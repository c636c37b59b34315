"""Measures what the project promises about speed; `make bench` runs it and writes benchmarks/RESULTS.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES, PEERS, ROOT, Case
from benchmarks.measure import FEWEST, interleave
from benchmarks.report import HEADINGS, RESULTS, Record, cells, four_digits, line, render, samples_in, verdict

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SECONDS_PER_CASE = 180


def measure(case: Case, pairs: int | None) -> list[list[float]]:
    """The samples of one case, in this process."""
    ours, theirs = (case.gauge(function) for function in case.pair())
    samples = interleave(ours, theirs, pairs)
    return [[four_digits(x / count) for x, count in zip(pair, case.per, strict=True)] for pair in samples]


def measure_alone(case: Case, pairs: int | None) -> dict[str, Any]:
    """Samples, or a note why there are none; in a process of its own, with its threads held before NumPy starts."""
    if case.missing():
        return {"note": case.missing()}
    command = [sys.executable, "-m", "benchmarks.run", "--alone", "--case", case.name]
    command += [] if pairs is None else ["--pairs", str(pairs)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True,
            timeout=SECONDS_PER_CASE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"note": "failed: took too long"}
    except subprocess.CalledProcessError as error:
        print(f"\n{error.stderr}", file=sys.stderr)
        return {"note": "failed"}
    return {"samples": json.loads(done.stdout)}


def commit() -> str:
    """The commit that is checked out; "-dirty" if anything but the results differs from it."""

    def git(*words: str) -> str:
        command = ["git", "--no-optional-locks", "-C", str(ROOT), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", ".", f":!{RESULTS.relative_to(ROOT).as_posix()}")
        return git("rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine() -> str:
    """Processor and system, and nothing by which the machine itself could be told."""
    processor = platform.processor() or platform.machine()
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        names = [
            row.split(":", 1)[1].strip() for row in listed.read_text().splitlines() if row.startswith("model name")
        ]
        processor = names[0] if names else processor
    return f"{processor}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def versions() -> dict[str, str]:
    """Python, NumPy, the peers and the programs that are here."""
    found = {"Python": platform.python_version()}
    for name in ("numpy", *PEERS):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    try:
        said = subprocess.run(["dot", "-V"], capture_output=True, text=True, check=True).stderr
        found["dot"] = said.split("version ")[1].split()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        found["dot"] = "not installed"
    return found


def table(cases: list[Case], pairs: int | None) -> list[Record]:
    """Measure one case after the other, and show each line as soon as it is known."""
    head = " " * 8
    print(head + " ".join(line(HEADINGS)))
    rows = []
    for number, case in enumerate(cases, 1):
        row: Record = {"name": case.name, "what": case.what, "against": case.against, "limit": case.limit}
        row["unit"] = case.unit
        print(f"[{number:2}/{len(cases)}] {line(cells(row | {'note': ''}))[0]}", end=" ", flush=True)
        row |= measure_alone(case, pairs)
        print(line(cells(row))[1], flush=True)
        rows.append(row)
    return rows


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("--case", action="append", choices=names, metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument(
        "--pairs", type=int, help=f"pairs of samples, {FEWEST} or more (default: what a few seconds allow)"
    )
    parser.add_argument("--quick", action="store_true", help=f"the same as --pairs {FEWEST}")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}; only with all cases")
    parser.add_argument("--render", action="store_true", help=f"write {RESULTS.name} again from the samples it holds")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # in this process; prints the samples
    options = parser.parse_args()
    if options.quick:
        options.pairs = FEWEST
    if options.pairs is not None and options.pairs < FEWEST:
        parser.error(f"--pairs {options.pairs}: a median of fewer than {FEWEST} says too little")
    if options.write and options.case:
        parser.error("--write needs all cases: leave --case out")
    return options


def main() -> int:
    """Print the table; 1 if a case failed."""
    options = arguments()
    if options.render:
        RESULTS.write_text(render(samples_in(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")
        return 0
    cases = [case for case in CASES if not options.case or case.name in options.case]
    if options.alone:
        json.dump(measure(cases[0], options.pairs), sys.stdout)
        return 0
    print(f"{machine()}; " + ", ".join(f"{name} {number}" for name, number in versions().items()))
    record: Record = {
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
        "cases": table(cases, options.pairs),
    }
    if options.write:
        RESULTS.write_text(render(record), encoding="utf-8")
        print(f"written: {RESULTS.relative_to(ROOT)}")
    verdicts = [verdict(row) for row in record["cases"]]
    # over a limit is a figure like any, and is reported; only what could not be measured is an error
    return int(any(word.startswith("failed") for word in verdicts))


if __name__ == "__main__":
    sys.exit(main())
