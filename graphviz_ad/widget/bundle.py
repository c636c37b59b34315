"""Joins the front end's small modules into the one ES module and the one stylesheet that a view carries.

anywidget loads a module through a Blob URL, where relative imports do not resolve; so the modules are joined into one
text. They are written for that: they import only each other, by name, and their top-level names differ (JavaScript
itself refuses the joined module otherwise). No build step, and nothing is minified: comments and indentation go, code
stays as written.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

ENTRY = "explorer.js"
FLOW = "flow.js"
EXERCISE = "exercise.js"
STARTS = {ENTRY: "startPage", FLOW: "startPanel", EXERCISE: "startPage"}
"""The front ends, and what starts each in a page without a kernel."""
SHEET = "explorer.css"
PLOTS = "flow_plots.css"
OF_EXERCISES = ("shell.css", "exercise.css")
"""The sheets of what an exercise makes."""
ALIVE = "/* alive"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default .*\n", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)
_CAST = re.compile(r"/\*\* @type (?:(?!\*/).)*\*/ ?")
_SPACE = re.compile(r"\n\s+")


@cache
def static_text(name: str) -> str:
    """Return the text of a file of widget/static."""
    return (files("graphviz_ad.widget") / "static" / name).read_text(encoding="utf-8")


def modules(entry: str = ENTRY) -> list[str]:
    """Return the names of all modules that an entry needs, each after those that it imports."""
    order: list[str] = []
    entered: set[str] = set()
    stack: list[tuple[str, bool]] = [(entry, False)]
    while stack:
        name, finished = stack.pop()
        if finished:
            order.append(name)
        elif name not in entered:
            entered.add(name)
            stack.append((name, True))
            stack += [(other, False) for other in reversed(_IMPORT.findall(static_text(name)))]
    return order


def _bare(text: str) -> str:
    """Return code without whole-line comments, types, blank lines and indentation."""
    return _SPACE.sub("\n", _CAST.sub("", _COMMENT.sub("", text))).lstrip()


def _joined(entry: str) -> str:
    parts = []
    for name in modules(entry):
        text = _IMPORT.sub("", static_text(name))
        parts.append(text if name == entry else _DEFAULT.sub("", _EXPORT.sub("", text)))
    return _bare("\n".join(parts))


@cache
def script(entry: str = ENTRY) -> str:
    """Return a whole front end as one ES module without imports and without comments."""
    return _joined(entry)


@cache
def plain(entry: str, then: str = "") -> str:
    """Return an entry and what it needs as a plain script that runs at once where it stands, and ends with `then`."""
    code = _DEFAULT.sub("", _EXPORT.sub("", _joined(entry)))
    return f'(() => {{\n"use strict";\n{code.rstrip()}\n{then}\n}})();\n'


def _sheet(text: str) -> str:
    return _SPACE.sub("\n", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).lstrip()


@cache
def base_style(entry: str = ENTRY) -> str:
    """Return the style of what a page shows before its script runs."""
    plots = static_text(PLOTS) if entry == FLOW else ""
    return _sheet(static_text(SHEET).partition(ALIVE)[0] + plots)


@cache
def live_style(entry: str = ENTRY) -> str:
    """Return the style of all that the script makes: controls, panels, tools."""
    folder = files("graphviz_ad.widget") / "static"
    every = sorted(item.name for item in folder.iterdir() if item.name.endswith(".css"))
    own = FLOW.removesuffix(".js")  # sheets of the panel of gradient flow alone
    shared = [name for name in every if name not in (SHEET, PLOTS, "exercise.css")]
    names = [name for name in shared if entry == FLOW or not name.startswith(own)]
    if entry == EXERCISE:
        names = list(OF_EXERCISES)
    return _sheet("\n".join([ALIVE + static_text(SHEET).partition(ALIVE)[2], *map(static_text, names)]))


def style(entry: str = ENTRY) -> str:
    """Return the whole stylesheet."""
    return base_style(entry) + live_style(entry)
