"""The command `graphviz-ad` as a newcomer meets it: what it starts, what it keeps, what it says when it cannot."""

from __future__ import annotations

import functools
import inspect
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from graphviz_ad import cli, demo
from graphviz_ad.graph import Graph
from tests.conftest import JupyterLab, free_port, quiet_jupyter, running_demo
from tests.run import ROOT

# ------------------------------------------------------------------------------------------------ the command line


@pytest.fixture
def refuse_to_start(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Let `demo` only note what it was asked for."""
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(cli, "demo", lambda **options: asked.append(options) or 0)
    monkeypatch.delenv("PORT", raising=False)
    return asked


def test_without_words_it_shows_help_that_names_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    assert "New here? Run: graphviz-ad demo" in shown


def test_help_of_the_demo_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["demo", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for word in ("--folder", "--port", "--fresh", "--no-browser", "PORT", "Ctrl-C"):
        assert word in shown


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert re.fullmatch(r"graphviz-ad \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def test_an_unknown_command_is_written_wrongly(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["dmeo"])
    assert ended.value.code == 2
    assert "'dmeo'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "variable", "port"),
    [
        ([], None, None),
        ([], "", None),
        ([], "9000", 9000),
        (["--port", "9001"], None, 9001),
        (["--port", "9001"], "9000", 9001),
        (["--port", "9001"], "nonsense", 9001),
        (["--port", "65535"], None, 65535),
    ],
)
def test_port_comes_from_the_option_then_from_the_environment(
    words: list[str],
    variable: str | None,
    port: int | None,
    refuse_to_start: list[dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable is not None:
        monkeypatch.setenv("PORT", variable)
    assert cli.main(["demo", *words]) == 0
    assert refuse_to_start[0]["port"] == port


@pytest.mark.parametrize("nonsense", ["0", "-1", "65536", "88.5", "http", "8888x", "٨٨٨٨", " "])
@pytest.mark.parametrize("origin", ["--port", "PORT"])
def test_a_nonsensical_port_is_named(
    nonsense: str,
    origin: str,
    refuse_to_start: list[dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [f"--port={nonsense}"] if origin == "--port" else []
    if origin == "PORT":
        monkeypatch.setenv("PORT", nonsense)
    assert cli.main(["demo", *words]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"graphviz-ad: {origin} is {nonsense!r}, but a port is a whole number from 1 to 65535")
    assert refuse_to_start == []


def test_a_taken_port_is_an_error_only_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert cli.main(["demo", "--port", str(port), "--folder", str(tmp_path / "demo")]) == 1
    assert f"port {port} is taken by another program" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists(), "nothing is copied when nothing can start"


def test_a_missing_jupyterlab_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["demo", "--folder", str(tmp_path / "demo")]) == 1
    assert 'pip install "graphviz-ad[demo]"' in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


# ------------------------------------------------------------------------------------------------ a file's function

NEURON = """
import numpy as np

print("the file runs")

def neuron(x, w, b=1.0):
    z = w * x + b
    y = np.tanh(z)
    return y

def broken(x):
    return x / {}["nothing"]

def pair(x):
    u = x * 2
    v = x * 3
    return u, v
"""
AT = ["--at", "x=0.5", "w=-3"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with model.py, which is the current one."""
    (tmp_path / "model.py").write_text(NEURON, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, folder: Path, code: int = 0) -> tuple[str, str]:
    """Run the real command; return what it printed and what it said on the error stream."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "graphviz_ad", *words],
        capture_output=True, encoding="utf-8", check=False, cwd=folder, env=environment, timeout=120,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def test_a_figure_of_a_function_in_a_file(folder: Path) -> None:
    printed, said = run("figure", "model.py:neuron", *AT, "-o", "figure.svg", folder=folder)
    assert printed == "Wrote figure.svg\n"
    assert said == "the file runs\n"
    shown = (folder / "figure.svg").read_text(encoding="utf-8")
    assert {"x", "w", "z", "y"} <= set(re.findall(r'data-node="(\w+)"', shown))
    assert str(folder) not in shown
    assert sorted(file.name for file in folder.iterdir()) == ["figure.svg", "model.py"]


def test_an_error_of_the_file_is_no_traceback(folder: Path) -> None:
    printed, said = run("figure", "model.py:broken", "--at", "x=1", folder=folder, code=1)
    assert printed == ""
    assert said.splitlines() == [
        "the file runs",
        "graphviz-ad: model.py, line 12, in broken:",
        '    return x / {}["nothing"]',
        "KeyError: 'nothing'",
    ]
    assert not (folder / "broken.svg").exists()


def test_a_derivation_can_be_piped(folder: Path) -> None:
    printed, said = run("derivation", "model.py:neuron", *AT, folder=folder)
    assert printed.splitlines()[0].startswith("Given: x = 0.5, w = −3.")
    assert said == "the file runs\n"
    document, _ = run("derivation", "model.py:neuron", *AT, "--format", "latex", folder=folder)
    equations, _ = run("derivation", "model.py:neuron", *AT, "--format", "latex", "--fragment", folder=folder)
    assert document.startswith("\\documentclass")
    assert "align*" in equations
    assert "documentclass" not in equations
    assert "## Derivation" in run("derivation", "model.py:neuron", *AT, "--format", "markdown", folder=folder)[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C of another process is a POSIX signal")
def test_ctrl_c_is_quiet(folder: Path) -> None:
    (folder / "slow.py").write_text(
        "import pathlib, time\ndef f(x):\n    pathlib.Path('started').touch()\n    time.sleep(100)\n", encoding="utf-8"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "graphviz_ad", "figure", "slow.py:f", "--at", "x=1"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    with process:
        while not (folder / "started").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == b""
    assert process.returncode == 130


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is another error there")
def test_a_reader_that_has_seen_enough_is_no_error(folder: Path) -> None:
    command = f'"{sys.executable}" -m graphviz_ad derivation model.py:neuron --at x=1 w=2 2>said | true; cat said'
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=True, cwd=folder, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == "the file runs\n"


@pytest.mark.parametrize(
    ("words", "written", "begins"),
    [
        (["figure", "model.py:neuron", *AT], "neuron.svg", b"<svg"),
        (["figure", "model.py:neuron", *AT, "-o", "a.PDF"], "a.PDF", b"%PDF"),
        (["figure", "model.py:neuron", *AT, "--out", "a.png", "--theme", "dark"], "a.png", b"\x89PNG"),
        (["figure", "-o", "a.json", "model.py:neuron", *AT], "a.json", b"{"),
        (["figure", "model.py:neuron", "--at", "x=0.5", "--at", "w=1", "-o", "a.dot"], "a.dot", b""),
        (["page", "model.py:neuron", *AT], "neuron.html", b"<!DOCTYPE html>"),
        (["derivation", "model.py:neuron", *AT, "-o", "a.txt"], "a.txt", b"Given: "),
        (["derivation", "model.py:neuron", *AT, "-o", "a.tex", "--notation", "bar"], "a.tex", b"\\documentclass"),
        (["derivation", "model.py:neuron", *AT, "-o", "a.md", "--precision", "6"], "a.md", b"##"),
        (["figure", "model.py:pair", "--at", "x=1", "--output", "v"], "pair.svg", b"<svg"),
        (["figure", "model.py:pair", "--at", "x=1", "--seed", "u=1", "v=2", "-o", "s.svg"], "s.svg", b"<svg"),
    ],
)
def test_every_command_writes_its_file(
    words: list[str], written: str, begins: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / written).write_text("an old one", encoding="utf-8")
    assert cli.main(words) == 0
    content = (folder / written).read_bytes()
    assert content.lower().startswith(begins.lower())
    assert content != b"an old one"
    assert str(folder).encode() not in content
    captured = capsys.readouterr()
    assert captured.out.startswith(f"Wrote {written}")
    assert ("open it in a browser" in captured.out) == (words[0] == "page")
    assert captured.err == "the file runs\n"


def test_options_reach_the_picture(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(Graph, "save", functools.wraps(Graph.save)(lambda self, path, **options: asked.append(options)))
    line = "--direction TB --precision 2 --show constants --fold all --expand a b --step -1 --animate --seed y=2"
    assert cli.main(["figure", "model.py:neuron", *AT, *line.split()]) == 0
    line = "--animate loop --fold a b --show none --notation bar --width 85mm --fragment"
    assert cli.main(["figure", "model.py:neuron", *AT, *line.split()]) == 0
    assert cli.main(["figure", "model.py:neuron", *AT, "--width", "400", "--notation", "grad"]) == 0
    assert cli.main(["figure", "model.py:neuron", *AT]) == 0
    assert asked == [
        {
            "direction": "TB", "precision": 2, "show": ("constants",), "fold": "all", "expand": ["a", "b"],
            "step": -1, "animate": True, "seed": {"y": 2},
        },
        {"animate": "loop", "fold": ("a", "b"), "show": (), "notation": "v̄", "width": "85mm", "fragment": True},
        {"width": 400.0, "notation": "grad"},
        {},
    ]  # fmt: skip


def test_every_option_of_save_is_offered_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    known = set(inspect.signature(Graph.save).parameters) - {"self", "path"}
    assert {name for command in cli.COMMANDS for name in cli.offered(command)} == known, (
        "a keyword of Graph.save needs its line in OPTIONS of graphviz_ad/cli.py"
    )
    assert known - set(cli.offered("figure")) == {"inputs"}, "a figure has no sliders"
    assert {"theme", "direction", "step"} & set(cli.offered("derivation")) == set()
    assert {"theme", "step", "fragment"} & set(cli.offered("page")) == set()
    for command in cli.COMMANDS:
        assert set(cli.offered(command)) <= known
        with pytest.raises(SystemExit) as ended:
            cli.main([command, "--help"])
        assert ended.value.code == 0
        shown = capsys.readouterr().out
        for name in cli.offered(command):
            assert re.search(rf"^  --{name}\b", shown, re.MULTILINE)
        for word in ("RUNS the file", "--at x=2.0", "--constant", "-o FILE", f"graphviz-ad {command} model.py:neuron"):
            assert word in shown


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    for command in ("demo", "figure", "page", "derivation"):
        assert re.search(rf"^    {command}\b", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model.py", *AT], "'model.py' names no function (it defines neuron, broken, pair)"),
        (["model.py:neuron"], "neuron() needs a value for x and w; add it, for example: --at x=1.0 w=1.0"),
        (["model.py:neuron", *AT, "-o", "a.gif"], "cannot save 'a.gif': unknown suffix '.gif'"),
        (["model.py:neuron", *AT, "--theme", "pink"], "unknown theme: 'pink' (must be one of"),
        (["model.py:neuron", *AT, "--output", "q"], "no node is named 'q'"),
        (["model.py:neuron", *AT, "--mode", "forward"], "On the command line: --seed NAME=VALUE, such as --seed x=1.0"),
        (["model.py:neuron", *AT, "--seed", "y=two"], "--seed takes numbers, such as --seed y=1.0"),
        (["model.py:neuron", "--constant", "x=1.0", "w=2"], "there is nothing to differentiate neuron() by"),
    ],
)
def test_what_is_written_wrongly_is_said(
    words: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["figure", *words]) == 2
    said = capsys.readouterr().err
    assert "graphviz-ad: " in said
    assert message in said
    assert [file.name for file in folder.iterdir()] == ["model.py"]


@pytest.mark.parametrize("words", [["--precision", "many"], ["--step", "1.5"], ["--nonsense"], ["--at"]], ids=" ".join)
def test_an_option_that_cannot_be_read_is_shown_with_the_usage(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["figure", "model.py:neuron", *AT, *words])
    assert ended.value.code == 2
    assert "usage: graphviz-ad" in capsys.readouterr().err


def test_a_file_name_that_cannot_be_is_told_before_anything_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["page", "model.py:neuron", *AT, "-o", "a.svg"]) == 2
    assert cli.main(["derivation", "model.py:neuron", *AT, "-o", "a.svg"]) == 2
    assert cli.main(["figure", "model.py:neuron", *AT, "-o", "no/a.svg"]) == 2
    assert capsys.readouterr().err == (
        "graphviz-ad: graphviz-ad page writes .html, not '.svg': a.svg\n"
        "graphviz-ad: graphviz-ad derivation writes .txt or .tex or .md, not '.svg': a.svg\n"
        "graphviz-ad: cannot save 'a.svg': the folder 'no' does not exist.\n"
    )


def test_a_failed_figure_leaves_the_old_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.svg").write_text("an old one", encoding="utf-8")
    assert cli.main(["figure", "model.py:broken", "--at", "x=1", "-o", "a.svg"]) == 1
    assert cli.main(["figure", "model.py:neuron", *AT, "-o", "a.svg", "--engine", "fast"]) == 2
    assert (folder / "a.svg").read_text(encoding="utf-8") == "an old one"
    assert len(list(folder.iterdir())) == 2


def test_a_place_that_cannot_be_written_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Graph, "save", functools.wraps(Graph.save)(refuse))
    assert cli.main(["figure", "model.py:neuron", *AT, "-o", "a.svg"]) == 1
    assert "graphviz-ad: cannot write a.svg (No space left on device)\n" in capsys.readouterr().err


class AtOnce:
    """A timer that does not wait."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        assert seconds == 1.0
        self.start = call

    def cancel(self) -> None:
        print("done", file=sys.stderr)


@pytest.mark.parametrize("terminal", [True, False])
def test_what_takes_long_is_said_to_a_person(
    terminal: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.threading, "Timer", AtOnce)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert cli.main(["figure", "model.py:neuron", *AT]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said == (
        ["running model.py:neuron …", "the file runs", "done", "writing 3 operations …", "done"]
        if terminal
        else ["the file runs"]
    )


# ------------------------------------------------------------------------------------------------ the notebook


def test_the_notebook_is_copied_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    original = demo.packaged_notebook().read_bytes()

    notebook, said = demo.copy_notebook(folder)
    assert notebook == folder / "00_first_graph.ipynb"
    assert notebook.read_bytes() == original
    assert said == "a fresh copy"

    again, said = demo.copy_notebook(folder)
    assert (again, said) == (notebook, "as it came")

    notebook.write_text("mine", encoding="utf-8")
    again, said = demo.copy_notebook(folder)
    assert again == notebook
    assert "your own copy" in said
    assert "--fresh" in said
    assert notebook.read_text(encoding="utf-8") == "mine"

    for number in (2, 3):
        beside, said = demo.copy_notebook(folder, fresh=True)
        assert (beside.name, said) == (f"00_first_graph_{number}.ipynb", "a fresh copy")
        assert beside.read_bytes() == original
    assert notebook.read_text(encoding="utf-8") == "mine"


def test_a_copy_can_be_written_even_if_the_original_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = tmp_path / "00_first_graph.ipynb"
    original.write_text("{}", encoding="utf-8")
    original.chmod(0o444)
    monkeypatch.setattr(demo, "packaged_notebook", lambda: original)
    notebook, _ = demo.copy_notebook(tmp_path / "demo")
    assert notebook.stat().st_mode & 0o200


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert cli.main(["demo", "--folder", str(tmp_path / "file" / "demo")]) == 1
    said = capsys.readouterr().err
    assert f"cannot write the notebook into {tmp_path / 'file' / 'demo'}" in said
    assert "--folder FOLDER" in said


def test_an_installation_without_the_notebook_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "__file__", str(tmp_path / "graphviz_ad" / "demo.py"))
    with pytest.raises(demo.CommandError, match=r"00_first_graph\.ipynb is missing"):
        demo.packaged_notebook()


# ------------------------------------------------------------------------------------------------ the server's words


def test_the_server_listens_here_only_and_asks_nobody_for_news() -> None:
    command = demo.lab_command(Path("demo") / "a.ipynb", port=9000, retry=True, browser=False, root=False)
    assert command[:4] == [sys.executable, "-m", "jupyterlab", str(Path("demo") / "a.ipynb")]
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--ServerApp.port=9000" in command
    assert "--ServerApp.root_dir=demo" in command
    assert "--LabApp.news_url=None" in command
    assert "--LabApp.extension_manager=readonly" in command
    assert any(word.endswith("NeverCheckForUpdate") for word in command)
    assert not any("token" in word.lower() or "password" in word.lower() for word in command)


@pytest.mark.parametrize("root", [True, False])
def test_root_is_allowed_only_for_root(root: bool) -> None:
    command = demo.lab_command(Path("a.ipynb"), port=9000, retry=True, browser=False, root=root)
    assert ("--allow-root" in command) == root


@pytest.mark.parametrize(("retry", "retries"), [(True, 50), (False, 0)])
def test_only_a_port_that_nobody_asked_for_may_change(retry: bool, retries: int) -> None:
    command = demo.lab_command(Path("a.ipynb"), port=9000, retry=retry, browser=False, root=False)
    assert f"--ServerApp.port_retries={retries}" in command


@pytest.mark.parametrize("browser", [True, False])
def test_a_window_opens_only_on_a_display(browser: bool) -> None:
    command = demo.lab_command(Path("a.ipynb"), port=9000, retry=True, browser=browser, root=False)
    assert f"--ServerApp.open_browser={browser}" in command


@pytest.mark.parametrize(
    ("platform", "environ", "display"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("freebsd14", {}, False),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_display(platform: str, environ: dict[str, str], display: bool) -> None:
    assert demo.has_display(platform, environ) == display


@pytest.mark.parametrize(("words", "browser"), [([], True), (["--no-browser"], False)])
def test_no_browser_wins_over_a_display(
    words: list[str], browser: bool, refuse_to_start: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "has_display", lambda platform, environ: True)
    cli.main(["demo", *words])
    assert refuse_to_start[0]["browser"] is browser


@pytest.mark.parametrize(("uid", "root"), [(0, True), (1000, False), (None, False)])
def test_root_is_uid_0_and_windows_has_none(uid: int | None, root: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if uid is None:
        monkeypatch.delattr(os, "getuid", raising=False)
    else:
        monkeypatch.setattr(os, "getuid", lambda: uid, raising=False)
    assert demo.is_root() is root


def test_every_run_has_a_token_of_its_own_unless_the_person_chose_one() -> None:
    first, second = demo.lab_environment({}), demo.lab_environment({"JUPYTER_TOKEN": ""})
    assert len(first["JUPYTER_TOKEN"]) >= 32
    assert len(second["JUPYTER_TOKEN"]) >= 32
    assert first["JUPYTER_TOKEN"] != second["JUPYTER_TOKEN"]
    assert demo.lab_environment({"JUPYTER_TOKEN": "mine"})["JUPYTER_TOKEN"] == "mine"
    assert "JUPYTER_TOKEN" not in demo.lab_environment({"JUPYTER_TOKEN_FILE": "file"})


def test_a_configuration_of_the_person_goes_first() -> None:
    (ours,) = demo.lab_environment({})["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert (Path(ours) / "labconfig" / "page_config.json").is_file()
    both = demo.lab_environment({"JUPYTER_CONFIG_PATH": "theirs"})["JUPYTER_CONFIG_PATH"]
    assert both.split(os.pathsep) == ["theirs", ours]


# ------------------------------------------------------------------------------------------------ a real start

# Python runs it when it starts: it writes down every connection and every name that is looked up.
LISTENER = """
import os, sys

def listen(event, arguments):
    if event == "socket.connect":
        host = arguments[1][0] if isinstance(arguments[1], tuple) else "a file"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    with open(os.environ["CONNECTIONS"], "a", encoding="utf-8") as file:
        print(host.decode() if isinstance(host, bytes) else host, file=file)

sys.addaudithook(listen)
"""


def ask(address: str) -> tuple[int, str, str]:
    """Return the status, the final address and the text of a request, redirections followed."""
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return answer.status, answer.url, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, address, ""


def ended(lab: JupyterLab) -> tuple[int, str]:
    """Wait until the command has ended; return its exit code and all that it printed."""
    code = lab.process.wait(30)
    return code, "".join(lab.output)


def refused_start(folder: Path, environment: dict[str, str]) -> str:
    """Start the demo, which must fail; return what it printed."""
    start = running_demo(folder, "--port", str(free_port()), environment=environment)
    with pytest.raises(pytest.fail.Exception) as failure, start:
        pass
    return str(failure.value)


@pytest.mark.slow
def test_the_demo_answers_here_only_wants_its_token_and_asks_no_other_host(tmp_path: Path) -> None:
    (tmp_path / "listener").mkdir()
    (tmp_path / "listener" / "sitecustomize.py").write_text(LISTENER, encoding="utf-8")
    connections = tmp_path / "connections.txt"
    environment = quiet_jupyter(tmp_path / "jupyter")
    inherited = environment.get("PYTHONPATH", "")
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(tmp_path / "listener"), inherited]))
    environment["CONNECTIONS"] = str(connections)
    port = free_port()
    environment["PORT"] = str(port)

    with running_demo(tmp_path / "demo", environment=environment) as lab:
        assert lab.address == f"http://127.0.0.1:{port}/"
        assert len(lab.token) >= 32
        # without the token: nothing but the way to the login page
        assert ask(f"{lab.address}api/contents")[0] == 403
        status, landed, _ = ask(f"{lab.address}lab/tree/00_first_graph.ipynb")
        assert status == 200
        assert "/login" in landed
        # with it: the notebook
        status, landed, text = ask(lab.notebook_address)
        assert status == 200
        assert "/login" not in landed
        assert re.search(r'"disabledExtensions": \[[^]]*"@jupyterlab/apputils-extension:announcements"', text)
        assert ask(f"{lab.address}api/contents/00_first_graph.ipynb?token={lab.token}")[0] == 200
        # what JupyterLab would ask others for, if it were let
        for question in ("update", "news", "extensions?refresh=1&query=widget"):
            ask(f"{lab.address}lab/api/{question}{'&' if '?' in question else '?'}token={lab.token}")
        if sys.platform == "linux":  # every 127.x.y.z is this machine, and only one of them is answered
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", port), timeout=5)
        assert "Open this address in a browser on this machine. Stop with Ctrl-C here." in "".join(lab.output)

        lab.process.send_signal(signal.SIGINT)
        code, printed = ended(lab)
        assert code == 0
        assert "Stopped. Your notebook stays where it is." in printed
        assert "Traceback" not in printed
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, "the server outlived the command"
    asked = set(connections.read_text(encoding="utf-8").split("\n")) - {""} if connections.exists() else set()
    assert asked <= {"127.0.0.1", "localhost", "::1", "a file", socket.gethostname()}
    assert (tmp_path / "demo" / "00_first_graph.ipynb").is_file()


@pytest.mark.slow
def test_a_configuration_that_switches_the_token_off_is_refused(tmp_path: Path) -> None:
    environment = quiet_jupyter(tmp_path / "jupyter")
    configuration = Path(environment["JUPYTER_CONFIG_DIR"])
    configuration.mkdir(parents=True)
    (configuration / "jupyter_server_config.py").write_text(
        "c.IdentityProvider.token = ''\nc.PasswordIdentityProvider.hashed_password = ''\n", encoding="utf-8"
    )
    said = refused_start(tmp_path / "demo", environment)
    assert "switches both token and password off" in said
    assert "Address:" not in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_server_that_cannot_start_ends_the_command(tmp_path: Path) -> None:
    environment = quiet_jupyter(tmp_path / "jupyter")
    configuration = Path(environment["JUPYTER_CONFIG_DIR"])
    configuration.mkdir(parents=True)
    (configuration / "jupyter_server_config.py").write_text("raise SystemExit(7)\n", encoding="utf-8")
    assert "JupyterLab ended at once (exit code 7)" in refused_start(tmp_path / "demo", environment)
