"""What CONTRIBUTING.md shows works when it is done as written, in a copy of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import graphviz_ad as gad

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def copy_of_the_project(folder: Path) -> Path:
    made = shutil.ignore_patterns("__pycache__", "output", "node_modules")
    for name in ("graphviz_ad", "tests", "pyproject.toml"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=made)
        else:
            shutil.copy(source, folder / name)
    return folder


@pytest.mark.slow
def test_a_primitive_in_ten_lines(tmp_path: Path) -> None:
    rule, test, *_ = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len([*filter(str.strip, (rule + test).splitlines())]) <= 10
    project = copy_of_the_project(tmp_path)
    rules, tests = project / "graphviz_ad/primitives/special.py", project / "tests/primitives/test_special.py"
    head, mark, rest = rules.read_text(encoding="utf-8").partition("RULES: dict")
    opening, brace, table = rest.partition("= {\n")
    assert mark
    assert brace
    rules.write_text(f"{head}{mark}{opening}{brace}{rule}{table}", encoding="utf-8")
    tests.write_text(f"{tests.read_text(encoding='utf-8')}\n\n{test}", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-k", "dawsn or dawson", "tests/primitives"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed.group(1)) > 10  # those that walk the registry, and the one from the page


def test_the_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == gad.__version__
    for promised, name in (("Python from 3.11", "requires-python"), ("NumPy from 2.0", "dependencies")):
        assert promised in TEXT
        assert promised.rpartition(" ")[2] in str(project[name])


def test_the_commands_it_names_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([a-z-]+)`", TEXT)):
        assert re.search(rf"(?m)^{target}:", makefile), target
    for file in re.findall(r"`((?:graphviz_ad|tests|docs|notebooks)/[\w/.]+)`", TEXT):
        assert (ROOT / file).exists(), file


def test_the_architecture_names_files_that_there_are() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)*\w+\.(?:py|js|css))`", text))
    assert len(named) > 50
    there = [
        file.relative_to(ROOT).as_posix()
        for file in [
            *(ROOT / "graphviz_ad").rglob("*.*"),
            *(ROOT / "docs").rglob("*.py"),
            *(ROOT / "tests").rglob("*.py"),
        ]
        if file.suffix in {".py", ".js", ".css"}
    ]
    assert [name for name in named if not any(f"/{file}".endswith(f"/{name}") for file in there)] == []
    for folder in set(re.findall(r"`(\w+)/`", text)) - {"docs", "static", "tests"}:
        assert (ROOT / "graphviz_ad" / folder).is_dir(), folder
