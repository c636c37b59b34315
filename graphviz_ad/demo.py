"""The demo: copies the first notebook into a folder and opens it in JupyterLab, on this machine only."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote

from .errors import GraphvizADError

NOTEBOOK = "00_first_graph.ipynb"
FOLDER = "graphviz-ad-demo"
ADDRESS = "127.0.0.1"
PORT = 8888
# JupyterLab answers within seconds; a cold disk on a small machine may need much longer than that.
SECONDS_TO_START = 120.0


class CommandError(GraphvizADError):
    """A command cannot go on; its message is all that the person at the terminal sees."""


# ------------------------------------------------------------------------------------------------ the notebook


def packaged_notebook() -> Path:
    """Where the first notebook lies: inside an installed package, beside the package in a working copy."""
    package = Path(__file__).resolve().parent
    for place in (package / "notebooks" / NOTEBOOK, package.parent / "notebooks" / NOTEBOOK):
        if place.is_file():
            return place
    raise CommandError(
        f"the notebook {NOTEBOOK} is missing from this installation of graphviz-ad; "
        'install it again with: pip install --force-reinstall "graphviz-ad[demo]"'
    )


def copy_notebook(folder: Path, *, fresh: bool = False) -> tuple[Path, str]:
    """Copy the first notebook into `folder`, and never over one that is there.

    Parameters
    ----------
    folder
        Made when it does not exist.
    fresh
        Put an untouched copy beside an existing one, under a new name.

    Returns
    -------
    tuple of Path and str
        The notebook to open, and what happened, in words for the person at the terminal.

    Raises
    ------
    CommandError
        The folder cannot be made or written.
    """
    source = packaged_notebook()
    target = folder / NOTEBOOK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.exists() and not fresh:
            if target.read_bytes() == source.read_bytes():
                return target, "as it came"
            return target, "your own copy from last time, kept as it is; --fresh puts a new one beside it"
        number = 2
        while target.exists():
            target = folder / f"{source.stem}_{number}{source.suffix}"
            number += 1
        # Bytes, not a copy with its permissions: an installed file may be read-only, and this one is for writing in.
        target.write_bytes(source.read_bytes())
    except OSError as problem:
        raise CommandError(
            f"cannot write the notebook into {folder} ({problem.strerror}); name another folder: "
            "graphviz-ad demo --folder FOLDER"
        ) from problem
    return target, "a fresh copy"


# ------------------------------------------------------------------------------------------------ the server


def parse_port(text: str, origin: str) -> int:
    """Read a port number; `origin` says where the person wrote it, for the error.

    Raises
    ------
    CommandError
        It is no whole number from 1 to 65535.
    """
    try:
        port = int(text)
    except ValueError:
        port = 0
    if not (text.isascii() and 1 <= port <= 65535):
        raise CommandError(
            f"{origin} is {text!r}, but a port is a whole number from 1 to 65535; write for example {origin}={PORT}"
        )
    return port


def require_free(port: int) -> None:
    """Raise a CommandError when nothing can listen on `port`; Jupyter would say so only deep in its log."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":  # or a port that was in use a minute ago counts as taken
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
            # Some systems let two sockets bind one port, and refuse only the second one that listens.
            probe.listen(1)
        except PermissionError as problem:
            raise CommandError(
                f"port {port} is reserved for the system; choose one from 1024 up, for example --port {PORT}"
            ) from problem
        except OSError as problem:
            raise CommandError(
                f"port {port} is taken by another program; choose another one, for example --port {port % 65535 + 1}, "
                "or leave it out and the next free port is taken"
            ) from problem


def has_display(platform: str, environ: Mapping[str, str]) -> bool:
    """Whether a browser window can open: macOS and Windows always have a desktop, others say so in the environment."""
    if platform in {"darwin", "win32", "cygwin"}:
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def is_root() -> bool:
    """Whether this is uid 0; Windows has no such thing."""
    getuid = getattr(os, "getuid", None)
    return getuid is not None and getuid() == 0


def lab_command(notebook: Path, *, port: int, retry: bool, browser: bool, root: bool) -> list[str]:
    """Build the command line that starts JupyterLab on `notebook`.

    Parameters
    ----------
    notebook
        The notebook to open; its folder is all that the server shows.
    port
        The port to listen on; with `retry` the next free one where it is taken.
    browser
        Whether Jupyter opens a browser window.
    root
        Whether the user is uid 0, whom Jupyter refuses unless told otherwise.
    """
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        str(notebook),
        f"--ServerApp.root_dir={notebook.parent}",
        f"--ServerApp.ip={ADDRESS}",
        f"--ServerApp.port={port}",
        f"--ServerApp.port_retries={50 if retry else 0}",
        f"--ServerApp.open_browser={browser}",
        "--ServerApp.answer_yes=True",  # Ctrl-C means stop, without a question
        # Warnings only: what a person needs is printed by this command, in its own words.
        "--ServerApp.log_level=WARN",
        "--LabApp.log_level=WARN",
        # Nothing leaves this machine: no news, no question for updates, no list of extensions from a package index.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    if root:
        command.append("--allow-root")
    return command


def lab_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the server's environment: a token of this run, unless the person has chosen one, and no questions.

    The token goes through the environment because other users of the machine can read a command line. The package's own
    configuration comes after the person's; all it does is to keep JupyterLab from asking a newcomer about its news.
    """
    environment = dict(environ)
    if not environment.get("JUPYTER_TOKEN") and not environment.get("JUPYTER_TOKEN_FILE"):
        environment["JUPYTER_TOKEN"] = token_hex(24)
    chosen = environment.get("JUPYTER_CONFIG_PATH")
    ours = str(Path(__file__).resolve().parent / "jupyter_config")
    environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join([chosen, ours] if chosen else [ours])
    return environment


def require_answer(server: Mapping[str, Any]) -> None:
    """Raise an OSError or an HTTPException unless the server answers; the record comes before it listens."""
    if server.get("secure"):  # a person's own certificate, which need not be valid for this address
        socket.create_connection((ADDRESS, server["port"]), timeout=10).close()
        return
    connection = HTTPConnection(ADDRESS, server["port"], timeout=10)
    try:
        connection.request("GET", f"{server['base_url']}api")  # its version: asked without a token, and not logged
        connection.getresponse().read()
    finally:
        connection.close()


def wait_for_server(process: subprocess.Popen[bytes], folder: Path, since: float) -> Mapping[str, Any]:
    """Wait until the server has written down where it listens, and answers there; return that record.

    Raises
    ------
    CommandError
        The server ended, or said nothing for a long time.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    runtime = Path(jupyter_runtime_dir())
    while time.time() < since + SECONDS_TO_START:
        if process.poll() is not None:
            raise CommandError(f"JupyterLab ended at once (exit code {process.returncode}); its reason stands above")
        for record in runtime.glob("jpserver-*.json"):
            # Not by process id: on Windows the interpreter of a virtual environment starts a second process.
            # OSError: a record of a moment ago is gone, or nothing listens yet; the others: it is half written.
            with contextlib.suppress(OSError, HTTPException, ValueError, KeyError):
                # A clock that counts whole seconds may put the file a moment before the start.
                if record.stat().st_mtime > since - 1.5:
                    server = json.loads(record.read_text(encoding="utf-8"))
                    if Path(server["root_dir"]).resolve() == folder:
                        require_answer(server)
                        return dict(server)
        time.sleep(0.1)
    raise CommandError(f"JupyterLab did not start within {SECONDS_TO_START:.0f} seconds")


def stop(process: subprocess.Popen[bytes], patience: float) -> None:
    """End the server: wait `patience` seconds for it to end by itself, then ask, then insist."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
        return
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10.0)
        return
    process.kill()
    process.wait()


@contextlib.contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Let a polite `kill` end the command as Ctrl-C does, so that the server never outlives it."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def demo(*, folder: Path, port: int | None, browser: bool, fresh: bool) -> int:
    """Copy the first notebook, start JupyterLab on it, and stay until the person stops it.

    Parameters
    ----------
    folder
        Where the notebook goes.
    port
        The port that was asked for, or None: 8888 or the next free one.
    browser
        Whether to open a browser window.
    fresh
        As in `copy_notebook`.

    Returns
    -------
    int
        0 after Ctrl-C and after a shutdown from the page, else Jupyter's exit code.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise CommandError('JupyterLab is not installed; write: pip install "graphviz-ad[demo]"')
    if port is not None:
        require_free(port)
    folder = folder.expanduser().resolve()
    notebook, happened = copy_notebook(folder, fresh=fresh)
    print(f"Notebook: {notebook} ({happened})", flush=True)
    print("JupyterLab is starting …", flush=True)

    command = lab_command(notebook, port=port or PORT, retry=port is None, browser=browser, root=is_root())
    since = time.time()
    with terminate_as_interrupt():
        process = subprocess.Popen(command, cwd=folder, env=lab_environment(os.environ))
        patience = 0.0
        try:
            server = wait_for_server(process, folder, since)
            if not (server.get("token") or server.get("password")):
                raise CommandError(
                    "your Jupyter configuration switches both token and password off, so anybody on this machine "
                    "could run code as you; remove `token = ''` from it (its folders: jupyter --paths)"
                )
            address = f"{server['url']}lab/tree/{quote(notebook.name)}"
            if server.get("token"):
                address += f"?token={quote(str(server['token']))}"
            print(f"Address:  {address}", flush=True)
            if browser:
                print("A browser window opens by itself. Stop with Ctrl-C here.", flush=True)
            else:
                print("Open this address in a browser on this machine. Stop with Ctrl-C here.", flush=True)
            return process.wait()
        except KeyboardInterrupt:
            patience = 3.0  # Ctrl-C in a terminal reached the server as well
            print("\nStopped. Your notebook stays where it is.", flush=True)
            return 0
        finally:
            stop(process, patience)
