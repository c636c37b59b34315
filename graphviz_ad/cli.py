"""The command `graphviz-ad`: the first notebook for a newcomer; figures, pages and derivations of a file's function."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple
from urllib.parse import quote

from .errors import ArgumentError, GraphvizADError, InputError, SeedError, UnknownNameError
from .frontends.file import graph_of_file, literal, pairs, split
from .graph import Graph
from .widget.view import destination

NOTEBOOK = "01_first_graph.ipynb"
FOLDER = "graphviz-ad-demo"
ADDRESS = "127.0.0.1"
PORT = 8888
# JupyterLab answers within seconds; a cold disk on a small machine may need much longer than that.
SECONDS_TO_START = 120.0
SECONDS_OF_SILENCE = 1.0
# What the person can put right on the command line; all else lies in the file or in the machine.
WRITTEN_WRONGLY = (ArgumentError, InputError, SeedError, UnknownNameError)


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


# ------------------------------------------------------------------------------------------------ a file's function


class Command(NamedTuple):
    """A command that runs a file and writes what it has made of one of its functions."""

    brief: str
    does: str
    suffixes: tuple[str, ...]  # the first is taken where no file is named; none: whatever `Graph.save` can write
    examples: tuple[str, ...]
    after: str = ""  # what a newcomer does with the file


COMMANDS = {
    "figure": Command(
        brief="draw the graph of a function of yours",
        does="""\
Draw the graph of a function with its values and its adjoints. The suffix of
the file says the form: .svg, .png and .pdf are pictures; whatever else
Graph.save can write, such as .html, .dot, .json and .txt, works too.""",
        suffixes=(),
        examples=(
            "model.py:neuron --at x=2.0 w=-3.0 -o neuron.svg",
            'model.py:layer --at "x=[1, 2]" "W=[[1, 2], [3, 4]]" --constant kind=relu -o layer.pdf',
        ),
    ),
    "page": Command(
        brief="make a page that plays the graph step by step",
        does="""\
Make a page that plays the graph of a function step by step in any browser:
one file that needs no Python, no installation and no network.""",
        suffixes=(".html",),
        examples=("model.py:neuron --at x=2.0 w=-3.0 -o neuron.html",),
        after=": open it in a browser",
    ),
    "derivation": Command(
        brief="write down every step of the derivative",
        does="""\
Write down how the derivatives of a function come about, every step with its
numbers. Without -o it is printed.""",
        suffixes=(".txt", ".tex", ".md"),
        examples=(
            "model.py:neuron --at x=2.0 w=-3.0",
            "model.py:neuron --at x=2.0 w=-3.0 -o neuron.tex",
        ),
    ),
}

HOW_IT_RUNS = """\
This RUNS the file as Python does, all of it, and then calls the function once:
only give it files that you trust. What the file prints goes to the error
stream; code under `if __name__ == "__main__":` does not run."""

VALUES = """\
values:
  --at x=2.0                   a number to differentiate by (2 is taken as 2.0)
  --at x=2 "w=[[1, 2], [3, 4]]"
                               several of them; a list of numbers is an array
                               (the quotes keep the shell away from it)
  --at "p={'w': 1, 'b': 2}"    a dict or a tuple of numbers
  --constant n=3 kind=relu     what goes to the function as it is: whole numbers,
                               texts, True; floats and lists of floats are data,
                               which gets no adjoint
A parameter with a default may be left out: it keeps the default, which is a
plain number and no input."""


def number_or_text(text: str) -> Any:
    """A number where it is one: widths have names too."""
    try:
        return float(text)
    except ValueError:
        return text


def groups(words: Sequence[str]) -> Any:
    """What to fold: a word of the option's own, or names of groups."""
    return words[0] if len(words) == 1 and words[0] in {"auto", "all", "none"} else tuple(words)


def shown(words: Sequence[str]) -> tuple[str, ...]:
    """What to show; "none" is nothing."""
    return () if list(words) == ["none"] else tuple(words)


def notation(word: str) -> str:
    """A notation by a word that every keyboard has."""
    return {"partial": "∂L/∂v", "bar": "v̄"}.get(word, word)


def seeds(words: Sequence[str]) -> dict[str, Any]:
    """Seeds by the name of their node."""
    try:
        return {name: literal(text) for name, text in pairs(words, "--seed").items()}
    except ValueError as problem:
        raise ArgumentError(f"--seed takes numbers, such as --seed y=1.0: {problem}") from problem


class Option(NamedTuple):
    """One keyword of `Graph.save`, as the command line has it."""

    help: str
    words: dict[str, Any]  # how argparse reads what follows
    only: tuple[str, ...] = tuple(COMMANDS)  # the commands that have it
    becomes: Callable[[Any], Any] | None = None  # how what was read is given to `Graph.save`


def _one(metavar: str, kind: Callable[[str], Any] = str) -> dict[str, Any]:
    return {"metavar": metavar, "type": kind}


def _several(metavar: str) -> dict[str, Any]:
    return {"metavar": metavar, "nargs": "+", "action": "extend"}


_FIGURE, _PICTURE = ("figure",), ("figure", "page")
OPTIONS = {
    "direction": Option("where the values flow: LR, TB, RL or BT", _one("WAY"), _PICTURE),
    "width": Option("how wide it is: column, page, slide, 85mm, 3.5in", _one("WIDTH", number_or_text), _FIGURE),
    "theme": Option("auto (default), light or dark", _one("THEME"), _FIGURE),
    "step": Option("the picture after so many steps of the story", _one("STEP", int), _FIGURE),
    "animate": Option(
        "the story plays within the .svg, once or in a loop", {"metavar": "loop", "nargs": "?", "const": True}, _FIGURE
    ),
    "engine": Option("the layout: auto (default), layered or dot", _one("ENGINE"), _PICTURE),
    "notation": Option(
        "how an adjoint is written: partial (∂L/∂v, default), bar (v̄) or grad", _one("WORD"), becomes=notation
    ),
    "precision": Option("significant digits of the numbers (default: 4)", _one("DIGITS", int)),
    "fold": Option("calls drawn as one box: auto (default), all, none, or names", _several("GROUP"), becomes=groups),
    "expand": Option("calls drawn in full, by name", _several("GROUP")),
    "show": Option("heatmaps (of arrays; default), constants (as nodes) or none", _several("WHAT"), becomes=shown),
    "mode": Option("reverse (default): adjoints; forward: tangents", _one("MODE")),
    "output": Option("the result to start from, where there are several", _one("NAME")),
    "seed": Option(
        "what to start from: adjoints of results, tangents of inputs", _several("NAME=VALUE"), becomes=seeds
    ),
    "fragment": Option(
        "in .tex: only the equations, for a document of your own",
        {"action": "store_true", "default": None},
        ("figure", "derivation"),
    ),
}


FORMATS = {"text": ".txt", "latex": ".tex", "markdown": ".md"}
"""The forms in which a derivation can be printed."""


def offered(command: str) -> dict[str, Option]:
    """The options that a command has: those of its own kind that `Graph.save` knows."""
    known = inspect.signature(Graph.save).parameters
    return {name: option for name, option in OPTIONS.items() if name in known and command in option.only}


@contextlib.contextmanager
def patience(words: str) -> Iterator[None]:
    """Say what is going on, if it takes more than a second and somebody sits at the terminal."""
    if not sys.stderr.isatty():
        yield
        return
    timer = threading.Timer(SECONDS_OF_SILENCE, lambda: print(f"{words} …", file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def write(options: argparse.Namespace) -> int:
    """Run a file's function and write what the command makes of it: a figure, a page, a derivation.

    Parameters
    ----------
    options
        As `parser` has read them.

    Returns
    -------
    int
        0; whatever goes wrong is an exception.
    """
    command = COMMANDS[options.command]
    _, name = split(options.target)
    printed = options.out is None and options.command == "derivation"
    suffix = FORMATS[options.format] if printed else (*command.suffixes, ".svg")[0]
    place = Path(options.out or f"{name}{suffix}")
    if command.suffixes and place.suffix.lower() not in command.suffixes:
        allowed = " or ".join(command.suffixes)
        raise ArgumentError(f"graphviz-ad {options.command} writes {allowed}, not {place.suffix!r}: {place.name}")
    destination(place)  # before the file runs, which may take long
    chosen = {key: getattr(options, key) for key in offered(options.command) if getattr(options, key) is not None}
    chosen = {key: make(value) if (make := OPTIONS[key].becomes) else value for key, value in chosen.items()}
    with contextlib.redirect_stdout(sys.stderr), patience(f"running {options.target}"):
        graph = graph_of_file(options.target, options.at, options.constant)
    operations = sum(1 for node in graph.nodes if node.primitive is not None)
    with patience(f"writing {operations:,} operations"):
        if printed:
            with tempfile.TemporaryDirectory() as folder:
                text = graph.save(Path(folder) / place.name, **chosen).read_text(encoding="utf-8")
            sys.stdout.write(text)
            sys.stdout.flush()
            return 0
        try:
            graph.save(place, **chosen)
        except OSError as problem:
            raise CommandError(f"cannot write {place} ({problem.strerror or problem})") from problem
    print(f"Wrote {place}{command.after}", flush=True)
    return 0


# ------------------------------------------------------------------------------------------------ the command line


def add_writer(commands: Any, name: str) -> None:
    """Describe one of the commands that run a file."""
    command = COMMANDS[name]
    examples = "\n".join(f"  graphviz-ad {name} {words}" for words in command.examples)
    one = commands.add_parser(
        name,
        help=command.brief,
        usage=f"graphviz-ad {name} FILE.py:FUNCTION [--at NAME=VALUE ...] [-o FILE] [options]",
        description=f"{command.does}\n\n{HOW_IT_RUNS}",
        epilog=f"{VALUES}\n\nexamples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument("target", metavar="FILE.py:FUNCTION", help="a Python file, and the function in it to look at")
    pair: dict[str, Any] = {"nargs": "+", "action": "extend", "default": [], "metavar": "NAME=VALUE"}
    one.add_argument("--at", **pair, help="values of the arguments to differentiate by")
    one.add_argument("--constant", **pair, help="values of the other arguments")
    where = "it is printed" if name == "derivation" else f"FUNCTION{(*command.suffixes, '.svg')[0]}"
    one.add_argument("-o", "--out", metavar="FILE", help=f"the file to write, also over an old one (default: {where})")
    if name == "derivation":
        said = f"what is printed without -o: {', '.join(FORMATS)} (default: text)"
        one.add_argument("--format", choices=FORMATS, default="text", metavar="FORM", help=said)
    for key, option in offered(name).items():
        one.add_argument(f"--{key}", help=option.help, **option.words)
    one.set_defaults(run=write)


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = argparse.ArgumentParser(
        prog="graphviz-ad",
        description="Plain NumPy functions become backpropagation graphs that play step by step.",
        epilog="New here? Run: graphviz-ad demo. With a function of your own: graphviz-ad figure --help",
    )
    top.add_argument("--version", action="store_true", help="print the version and end")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    demo_parser = commands.add_parser(
        "demo",
        help="open the first notebook in JupyterLab (five minutes)",
        description="Copy the first notebook into a folder and open it in JupyterLab, on this machine only. "
        "Nothing is overwritten: a notebook that you have worked in is kept.",
        epilog="The environment variable PORT is honoured as --port is. Stop with Ctrl-C.",
    )
    demo_parser.add_argument(
        "--folder",
        type=Path,
        default=Path(FOLDER),
        help=f"where the notebook goes (default: {FOLDER} in the current folder)",
    )
    demo_parser.add_argument("--port", help=f"port to listen on (default: {PORT}, or the next free one)")
    demo_parser.add_argument("--fresh", action="store_true", help="put a new copy beside your own and open that")
    demo_parser.add_argument("--no-browser", action="store_true", help="only print the address, open no window")
    demo_parser.set_defaults(run=start_demo)
    for name in COMMANDS:
        add_writer(commands, name)
    return top


def start_demo(options: argparse.Namespace) -> int:
    """Run `demo` with the options as `parser` has read them."""
    if options.port is not None:
        port = parse_port(options.port, "--port")
    elif os.environ.get("PORT"):
        port = parse_port(os.environ["PORT"], "PORT")
    else:
        port = None
    browser = not options.no_browser and has_display(sys.platform, os.environ)
    try:
        return demo(folder=options.folder, port=port, browser=browser, fresh=options.fresh)
    except KeyboardInterrupt:  # before the server was there
        return 0


def version() -> str:
    """Return the installed version's number."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed_version

    try:
        return installed_version("graphviz-ad")
    except PackageNotFoundError:  # run from a working copy that nobody has installed
        return "unknown (not installed)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command `graphviz-ad` and return its exit code: 0 well, 1 could not, 2 written wrongly.

    Parameters
    ----------
    arguments
        The words after `graphviz-ad`; those of the terminal where left out.
    """
    for stream in (sys.stdout, sys.stderr):  # a Windows console may not know every letter of a folder's name
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    top = parser()
    options = top.parse_args(arguments)
    if options.version:
        print(f"graphviz-ad {version()}")
        return 0
    if options.command is None:
        top.print_help()
        return 0
    try:
        return int(options.run(options))
    except GraphvizADError as problem:
        # the library's own messages speak of its keyword
        hint = " On the command line: --seed NAME=VALUE, such as --seed x=1.0." if "seed=" in str(problem) else ""
        print(f"graphviz-ad: {problem}{hint}", file=sys.stderr)
        return 2 if isinstance(problem, WRITTEN_WRONGLY) else 1
    except BrokenPipeError:  # whoever read what is printed has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell reports of a program that Ctrl-C has ended
