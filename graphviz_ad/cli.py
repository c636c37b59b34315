"""The command `graphviz-ad`: what its words mean; figures, pages and derivations of a file's function."""

from __future__ import annotations

import argparse
import contextlib
import inspect
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .demo import FOLDER, PORT, CommandError, demo, has_display, parse_port
from .errors import ArgumentError, GraphvizADError, InputError, SeedError, UnknownNameError
from .frontends.file import graph_of_file, literal, pairs, split
from .graph import Graph
from .widget.view import destination

SECONDS_OF_SILENCE = 1.0
# What the person can put right on the command line; all else lies in the file or in the machine.
WRITTEN_WRONGLY = (ArgumentError, InputError, SeedError, UnknownNameError)


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


def ranges(words: Sequence[str]) -> dict[str, list[float]]:
    """The values of sliders by the name of their input, from "x=-3:3:61"."""
    found = {}
    for name, text in pairs(words, "--inputs").items():
        try:
            low, high, count = text.split(":")
            found[name] = np.linspace(float(low), float(high), int(count)).tolist()
        except ValueError:
            raise ArgumentError(f"--inputs takes LOW:HIGH:COUNT, such as --inputs x=-3:3:61, not {text!r}") from None
    return found


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
    "labels": Option("numbers (default), symbols (formulas in their place) or both", _one("WORD"), _PICTURE),
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
    "inputs": Option(
        "sliders of the page, each from LOW to HIGH with so many values",
        _several("NAME=LOW:HIGH:COUNT"),
        ("page",),
        becomes=ranges,
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
