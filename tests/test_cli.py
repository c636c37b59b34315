"""The command `graphviz-ad` as a newcomer meets it: what it starts, what it keeps, what it says when it cannot."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from graphviz_ad import cli
from tests.conftest import JupyterLab, free_port, quiet_jupyter, running_demo

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
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["demo", "--folder", str(tmp_path / "demo")]) == 1
    assert 'pip install "graphviz-ad[demo]"' in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


# ------------------------------------------------------------------------------------------------ the notebook


def test_the_notebook_is_copied_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    original = cli.packaged_notebook().read_bytes()

    notebook, said = cli.copy_notebook(folder)
    assert notebook == folder / "01_first_graph.ipynb"
    assert notebook.read_bytes() == original
    assert said == "a fresh copy"

    again, said = cli.copy_notebook(folder)
    assert (again, said) == (notebook, "as it came")

    notebook.write_text("mine", encoding="utf-8")
    again, said = cli.copy_notebook(folder)
    assert again == notebook
    assert "your own copy" in said
    assert "--fresh" in said
    assert notebook.read_text(encoding="utf-8") == "mine"

    for number in (2, 3):
        beside, said = cli.copy_notebook(folder, fresh=True)
        assert (beside.name, said) == (f"01_first_graph_{number}.ipynb", "a fresh copy")
        assert beside.read_bytes() == original
    assert notebook.read_text(encoding="utf-8") == "mine"


def test_a_copy_can_be_written_even_if_the_original_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = tmp_path / "01_first_graph.ipynb"
    original.write_text("{}", encoding="utf-8")
    original.chmod(0o444)
    monkeypatch.setattr(cli, "packaged_notebook", lambda: original)
    notebook, _ = cli.copy_notebook(tmp_path / "demo")
    assert notebook.stat().st_mode & 0o200


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert cli.main(["demo", "--folder", str(tmp_path / "file" / "demo")]) == 1
    said = capsys.readouterr().err
    assert f"cannot write the notebook into {tmp_path / 'file' / 'demo'}" in said
    assert "--folder FOLDER" in said


def test_an_installation_without_the_notebook_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "graphviz_ad" / "cli.py"))
    with pytest.raises(cli.CommandError, match=r"01_first_graph\.ipynb is missing"):
        cli.packaged_notebook()


# ------------------------------------------------------------------------------------------------ the server's words


def test_the_server_listens_here_only_and_asks_nobody_for_news() -> None:
    command = cli.lab_command(Path("demo") / "a.ipynb", port=9000, retry=True, browser=False, root=False)
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
    command = cli.lab_command(Path("a.ipynb"), port=9000, retry=True, browser=False, root=root)
    assert ("--allow-root" in command) == root


@pytest.mark.parametrize(("retry", "retries"), [(True, 50), (False, 0)])
def test_only_a_port_that_nobody_asked_for_may_change(retry: bool, retries: int) -> None:
    command = cli.lab_command(Path("a.ipynb"), port=9000, retry=retry, browser=False, root=False)
    assert f"--ServerApp.port_retries={retries}" in command


@pytest.mark.parametrize("browser", [True, False])
def test_a_window_opens_only_on_a_display(browser: bool) -> None:
    command = cli.lab_command(Path("a.ipynb"), port=9000, retry=True, browser=browser, root=False)
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
    assert cli.has_display(platform, environ) == display


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
    assert cli.is_root() is root


def test_every_run_has_a_token_of_its_own_unless_the_person_chose_one() -> None:
    first, second = cli.lab_environment({}), cli.lab_environment({"JUPYTER_TOKEN": ""})
    assert len(first["JUPYTER_TOKEN"]) >= 32
    assert len(second["JUPYTER_TOKEN"]) >= 32
    assert first["JUPYTER_TOKEN"] != second["JUPYTER_TOKEN"]
    assert cli.lab_environment({"JUPYTER_TOKEN": "mine"})["JUPYTER_TOKEN"] == "mine"
    assert "JUPYTER_TOKEN" not in cli.lab_environment({"JUPYTER_TOKEN_FILE": "file"})


def test_a_configuration_of_the_person_goes_first() -> None:
    (ours,) = cli.lab_environment({})["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert (Path(ours) / "labconfig" / "page_config.json").is_file()
    both = cli.lab_environment({"JUPYTER_CONFIG_PATH": "theirs"})["JUPYTER_CONFIG_PATH"]
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
        status, landed, _ = ask(f"{lab.address}lab/tree/01_first_graph.ipynb")
        assert status == 200
        assert "/login" in landed
        # with it: the notebook
        status, landed, text = ask(lab.notebook_address)
        assert status == 200
        assert "/login" not in landed
        assert re.search(r'"disabledExtensions": \[[^]]*"@jupyterlab/apputils-extension:announcements"', text)
        assert ask(f"{lab.address}api/contents/01_first_graph.ipynb?token={lab.token}")[0] == 200
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
    assert (tmp_path / "demo" / "01_first_graph.ipynb").is_file()


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


def test_a_server_that_cannot_start_ends_the_command(tmp_path: Path) -> None:
    environment = quiet_jupyter(tmp_path / "jupyter")
    configuration = Path(environment["JUPYTER_CONFIG_DIR"])
    configuration.mkdir(parents=True)
    (configuration / "jupyter_server_config.py").write_text("raise SystemExit(7)\n", encoding="utf-8")
    assert "JupyterLab ended at once (exit code 7)" in refused_start(tmp_path / "demo", environment)
