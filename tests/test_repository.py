"""House rules that a reader cannot check by eye: layers, opening sentences, a light import, nothing of one machine."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run import ROOT

PACKAGE = ROOT / "graphviz_ad"


def project_files() -> list[Path]:
    """Return the files that belong to the project: what git tracks or would track."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
        files = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive: no git, but also nothing that was made yet
        made = {".git", ".venv", "_build", "output", "node_modules", "__pycache__", "build", "dist", "graphviz-ad-demo"}
        files = []
        for folder, folders, names in os.walk(ROOT):
            folders[:] = [name for name in folders if name not in made and not name.endswith("_cache")]
            files += [Path(folder) / name for name in names if not name.endswith(".pyc")]
    return sorted(file for file in files if file.is_file())


FILES = project_files()
MODULES = [file for file in FILES if file.suffix == ".py"]
SCRIPTS = [file for file in FILES if file.suffix in {".js", ".mjs"}]


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


# ------------------------------------------------------------------------------------------------ layers

# From the bottom up. A module may import its own layer and those below; what stands in one row does not know the others
# of its row, but for the exceptions that design names.
ROWS = (
    ("errors",),
    ("core",),
    ("primitives",),
    ("nn",),
    ("story",),
    ("render",),
    ("widget",),
    ("graph",),
    ("gradflow", "frontends"),
    ("exercises", "doctor"),
    ("top",),
)
MAY_NOT = {("exercises", "frontends"), ("doctor", "frontends")}
HEIGHT = {layer: height for height, row in enumerate(ROWS) for layer in row}


def layer_of(module: str) -> str:
    """Return the layer of a module's dotted name; the package itself, the commands and extensions are the top."""
    first = module.split(".")[1] if "." in module else ""
    return "top" if first in {"", "cli", "demo", "sphinx", "__main__"} else first


def exists(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def imports(source: str, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of every import of our own modules, wherever in the file it stands.

    A relative or `from` import of a name that is itself a module counts as an import of that module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                parts = parts[: len(parts) - node.level + (1 if is_package else 0)]
                base = ".".join([*parts, base] if base else parts)
            within = [f"{base}.{alias.name}" for alias in node.names]
            targets = [name if base.startswith("graphviz_ad") and exists(name) else base for name in within]
        elif isinstance(node, ast.Call) and re.search(r"\b(import_module|__import__)$", ast.unparse(node.func)):
            # A computed name cannot be checked: only the top, which may import everything, may compute one.
            fixed = node.args and isinstance(node.args[0], ast.Constant)
            targets = [str(node.args[0].value) if fixed else "graphviz_ad"]  # type: ignore[attr-defined]
        else:
            continue
        for target in targets:
            if target.split(".")[0] == "graphviz_ad":
                yield node.lineno, target


def inversions(source: str, module: str, is_package: bool = False) -> list[str]:
    """Return the imports that go against the layers, in words."""
    here = layer_of(module)
    wrong = []
    for line, target in imports(source, module, is_package):
        there = layer_of(target)
        assert there in HEIGHT, f"{target} has no layer: name it in ROWS"
        neighbours = HEIGHT[there] == HEIGHT[here] and there != here
        if HEIGHT[there] > HEIGHT[here] or neighbours or (here, there) in MAY_NOT:
            wrong.append(f"line {line}: {here} imports {there} ({target})")
    return wrong


@pytest.mark.parametrize("file", [file for file in MODULES if file.is_relative_to(PACKAGE)], ids=name_of)
def test_imports_go_one_way(file: Path) -> None:
    parts = file.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    module = ".".join(parts[:-1] if is_package else parts)
    assert layer_of(module) in HEIGHT, f"{module} has no layer: name it in ROWS"
    assert inversions(file.read_text(encoding="utf-8"), module, is_package) == []


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("from graphviz_ad.render import svg", "graphviz_ad.story.scene"),
        ("def f():\n    from ..render.svg import draw", "graphviz_ad.story.scene"),
        ("def f():\n    import graphviz_ad.graph", "graphviz_ad.core.node"),
        ("import graphviz_ad", "graphviz_ad.widget.explorer"),
        ("from graphviz_ad import grad", "graphviz_ad.widget.explorer"),
        ("from .. import grad", "graphviz_ad.widget.explorer"),
        ("from . import core", "graphviz_ad.errors"),
        ("from .core import node", "graphviz_ad.errors"),
        ("from . import cli", "graphviz_ad.graph"),
        ("import importlib\nimportlib.import_module('graphviz_ad.graph')", "graphviz_ad.core.node"),
        ("from importlib import import_module\nimport_module(name)", "graphviz_ad.core.node"),
        ("from ..frontends import torch", "graphviz_ad.gradflow.plots"),
        ("from ..frontends import torch", "graphviz_ad.exercises.check"),
    ],
)
def test_an_import_against_the_layers_is_seen(source: str, module: str) -> None:
    assert len(inversions(source, module)) == 1


@pytest.mark.parametrize(
    ("source", "module"),
    [
        (
            "from ..core import sweep\nfrom .. import errors\nfrom ..errors import ArgumentError",
            "graphviz_ad.story.scene",
        ),
        ("from graphviz_ad.core.node import Node", "graphviz_ad.core.sweep"),
        ("from .core.transforms import grad\nfrom .graph import Graph", "graphviz_ad"),
        ("import numpy as np\nfrom graphviz import Digraph", "graphviz_ad.render.dot"),
        ("from ..gradflow import theory", "graphviz_ad.exercises.check"),
    ],
)
def test_an_import_along_the_layers_is_let_through(source: str, module: str) -> None:
    assert inversions(source, module, is_package=module == "graphviz_ad") == []


# ------------------------------------------------------------------------------------------------ a light import

HEAVY = {
    "anywidget", "autograd", "graphviz", "ipykernel", "ipywidgets", "IPython", "jax", "jupyterlab", "matplotlib",
    "notebook", "pandas", "PIL", "scipy", "tensorflow", "tinygrad", "torch", "traitlets",
}  # fmt: skip


def fresh(code: str, **variables: str) -> str:
    """Run code in an interpreter that has imported nothing yet; return what it printed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment |= variables
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_import_pulls_in_no_framework_and_no_notebook() -> None:
    loaded = fresh("import sys, graphviz_ad; print(*{name.split('.')[0] for name in sys.modules})").split()
    assert "numpy" in loaded
    assert set(loaded) & HEAVY == set()


def test_the_import_leaves_stories_and_pictures_for_when_they_are_asked_for() -> None:
    loaded = fresh("import sys, graphviz_ad; print(*[name for name in sys.modules if name.startswith('graphviz_ad.')])")
    assert {layer_of(name) for name in loaded.split()} == {"errors", "core", "primitives", "nn", "graph"}


# ------------------------------------------------------------------------------------------------ files


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_a_module_opens_with_one_sentence(file: Path) -> None:
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    assert text, "no docstring"
    opening = text.split("\n\n")[0]
    assert opening.endswith("."), opening
    assert not re.search(r"[.!?]\s+[A-Z]", opening), f"more than one sentence: {opening}"


@pytest.mark.parametrize("file", SCRIPTS, ids=name_of)
def test_a_script_opens_with_what_it_is_for(file: Path) -> None:
    assert re.match(r"(// @ts-check\s+)?(//|/\*\*?)\s*\w", file.read_text(encoding="utf-8"))


# Written so that none of them matches itself.
OF_ONE_MACHINE = re.compile(
    r"/home/\w|/Users/\w|/root/\w|/work/\w|/tmp/\w|\b[A-Z]:\\\\?(Users|Windows|Program)"  # absolute paths
    r"|pypi\.org|pythonhosted\.org|npmjs\.(org|com)|yarnpkg\.com|anaconda\.org"  # registries
)
# What a page could be made to ask; tests may name them to see that none is asked.
CONTENT_NETWORK = re.compile(r"jsdelivr\.net|unpkg\.com|cdnjs\.|esm\.sh|googleapis\.com")


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_file_holds_no_path_of_one_machine_and_no_registry(file: Path) -> None:
    content = file.read_bytes()
    if b"\0" in content:  # a picture
        return
    patterns = [OF_ONE_MACHINE] if file.is_relative_to(ROOT / "tests") else [OF_ONE_MACHINE, CONTENT_NETWORK]
    found = [
        f"line {number}: {match.group()}"
        for number, line in enumerate(content.decode("utf-8").splitlines(), 1)
        for pattern in patterns
        for match in pattern.finditer(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "/ho" + "me/ada/x",
        "/tm" + "p/x",
        "C:" + r"\Users\ada",
        "https://py" + "pi.org/simple",
        "https://unp" + "kg.com/a.js",
    ],
)
def test_such_a_path_would_be_seen(text: str) -> None:
    assert OF_ONE_MACHINE.search(text) or CONTENT_NETWORK.search(text)


def test_the_top_level_stays_as_it_is() -> None:
    top = {file.relative_to(ROOT).parts[0] for file in FILES}
    allowed = {
        ".ci", ".gitattributes", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
        "SECURITY.md", "assets", "benchmarks", "docs", "graphviz_ad", "notebooks", "pyproject.toml", "tests",
    }  # fmt: skip
    assert top - allowed == set()
    assert {"README.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml", ".ci"} - top == set()


def test_every_ignored_lint_rule_has_a_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("ignore = [") + 1
    ignored = lines[start : lines.index("]", start)]
    assert len(ignored) > 10
    assert [line for line in ignored if not re.fullmatch(r'    "[A-Z]+\d+", +# .{10,}', line)] == []


def test_continuous_integration_calls_the_test_command_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [
        line for line in script.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")
    ]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "${BASH_SOURCE[0]}")/.."', "exec make test </dev/null"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme
