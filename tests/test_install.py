"""What reaches a user: the wheel's and the archive's content, and an environment on a machine that lacks parts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.run import ROOT

NOTEBOOK = "00_first_graph.ipynb"


def build(kind: str, folder: Path, source: Path = ROOT) -> Path:
    """Build the wheel or the archive with the project's own build tool; return the file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", tmp_path_factory.mktemp("sdist"))


def package_files(root: Path) -> set[str]:
    """Return the package's files in a working copy, as they are called in a wheel."""
    return {
        file.relative_to(root).as_posix()
        for file in (root / "graphviz_ad").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_the_wheel_holds_the_package_its_static_files_and_the_notebook(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        notebook = opened.read(f"graphviz_ad/notebooks/{NOTEBOOK}")
        points = opened.read("graphviz_ad-0.1.0.dist-info/entry_points.txt").decode()
        metadata = opened.read("graphviz_ad-0.1.0.dist-info/METADATA").decode()
    inside = {name for name in names if not name.startswith("graphviz_ad-0.1.0.dist-info/")}
    assert inside == package_files(ROOT) | {f"graphviz_ad/notebooks/{NOTEBOOK}"}
    for needed in ("py.typed", "widget/static/explorer.js", "widget/static/explorer.css"):
        assert f"graphviz_ad/{needed}" in inside
    assert notebook == (ROOT / "notebooks" / NOTEBOOK).read_bytes()
    assert "graphviz-ad = graphviz_ad.cli:main" in points
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "Requires-Python: >=3.11" in metadata
    for package in ("numpy>=2.0", "graphviz", "ipywidgets", "anywidget", "matplotlib"):
        assert f"Requires-Dist: {package}" in metadata
    for extra in ("demo", "test", "docs", "bench"):
        assert f"Provides-Extra: {extra}\n" in metadata


def test_the_command_of_an_installed_wheel_finds_its_notebook(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path / "installed")
    code = (
        "from pathlib import Path; import graphviz_ad.demo as demo; print(demo.__file__); "
        "print(demo.copy_notebook(Path('demo'))[0])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    used, notebook = done.stdout.splitlines()
    assert Path(used).is_relative_to(tmp_path / "installed")
    assert (tmp_path / notebook).read_bytes() == (ROOT / "notebooks" / NOTEBOOK).read_bytes()


def test_the_archive_is_whole_and_builds_the_same_wheel(archive: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as opened:
        # the parameter came with Python 3.11.4, and before 3.14 its absence is a warning only there
        opened.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    source = tmp_path / "graphviz_ad-0.1.0"
    for name in ("LICENSE", "Makefile", "README.md", "pyproject.toml", "tests/run.py", f"notebooks/{NOTEBOOK}"):
        assert (source / name).is_file(), name
    assert not (source / "tests" / "output").exists()
    assert not (source / "tests" / "javascript" / "node_modules").exists()
    again = build("wheel", tmp_path / "wheel", source)
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert sorted(first.namelist()) == sorted(second.namelist())


# ------------------------------------------------------------------------------------------------ make's environment

# A Python as Debian may have it: `venv` fails for want of ensurepip, pip is there or not, as PARTS says.
POOR_PYTHON = """#!/bin/sh
case "$1 $2 $3" in
  "-m venv --without-pip") ;;
  "-m venv "*) echo "ensurepip is not available" >&2; exit 1 ;;
  "-m pip "*) case "$PARTS" in *pip*) ;; *) echo "No module named pip" >&2; exit 1 ;; esac ;;
esac
exec {python} "$@"
"""
NOT_ROOT = "#!/bin/sh\necho 1000\n"
ROOT_USER = "#!/bin/sh\necho 0\n"
APT_GET = '#!/bin/sh\necho "$@" >> "$APT_LOG"\nexit 1\n'


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """Return a folder with the Makefile and programs in bin/ that stand in for a bare Debian's."""
    if shutil.which("make") is None:
        pytest.fail("make is missing")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "bin").mkdir()
    install(tmp_path, "poor-python", POOR_PYTHON.format(python=sys.executable))
    install(tmp_path, "apt-get", APT_GET)
    install(tmp_path, "id", NOT_ROOT)
    return tmp_path


def install(machine: Path, name: str, script: str) -> None:
    (machine / "bin" / name).write_text(script, encoding="utf-8")
    (machine / "bin" / name).chmod(0o755)


def make(machine: Path, target: str, parts: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
        "PATH": os.pathsep.join([str(machine / "bin"), os.environ["PATH"]]),
        "PARTS": parts,
        "APT_LOG": str(machine / "apt.log"),
    }
    return subprocess.run(
        ["make", target, "PYTHON=poor-python"],
        cwd=machine,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_without_ensurepip_and_pip_the_one_command_is_named(bare_machine: Path) -> None:
    done = make(bare_machine, ".venv/made-in", parts="")
    assert done.returncode != 0
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert "this Python has neither ensurepip nor pip" in done.stderr
    assert f"sudo apt-get install {package}" in done.stderr
    assert not (bare_machine / ".venv").exists(), "nothing half made is left"
    assert not (bare_machine / "apt.log").exists(), "only root installs"


def test_without_ensurepip_and_pip_root_asks_debian(bare_machine: Path) -> None:
    install(bare_machine, "id", ROOT_USER)
    done = make(bare_machine, ".venv/made-in", parts="")
    assert done.returncode != 0  # this apt-get installs nothing
    assert (bare_machine / "apt.log").read_text(encoding="utf-8").startswith("update")
    assert "sudo apt-get install" in done.stderr


def test_an_old_python_is_refused(bare_machine: Path) -> None:
    install(bare_machine, "poor-python", "#!/bin/sh\nexit 1\n")
    done = make(bare_machine, ".venv/made-in", parts="pip")
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr


@pytest.mark.slow  # fetches pip
def test_without_ensurepip_pip_finds_the_way_round(bare_machine: Path) -> None:
    done = make(bare_machine, ".venv/made-in", parts="pip")
    assert done.returncode == 0, done.stdout + done.stderr
    pip = subprocess.run([bare_machine / ".venv" / "bin" / "python", "-m", "pip", "--version"], check=False)
    assert pip.returncode == 0
    moved = (bare_machine / ".venv" / "made-in").read_text(encoding="utf-8").strip()
    assert Path(moved) == bare_machine
