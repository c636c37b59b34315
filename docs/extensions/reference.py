"""A Sphinx extension: the reference, made from what the package says is public, so that no name can be forgotten."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import io
import re
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PACKAGE = "graphviz_ad"
SIZE = re.compile(r"``.*?``|`[^`]*`|(\|[^|`]+\|)")
FOREIGN = ("AnyWidget", "DOMWidget", "Widget", "HasTraits", "tuple", "NamedTuple")
"""Classes of others, whose methods are described elsewhere."""
OURS = re.compile(r"(?<![`:])`(gad|graphviz_ad)((?:\.\w+)+)`(?!`)")


def public(module: str) -> list[str]:
    """The public names of a module of ours that are functions, classes and errors, in its own order."""
    home = importlib.import_module(module)
    names = getattr(home, "__all__", None) or [
        name
        for name, value in vars(home).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module
    ]
    return [name for name in names if hasattr(home, name) and not inspect.ismodule(getattr(home, name))]


def named_elsewhere(folder: Path, module: str) -> set[str]:
    """The names of a module that pages of the reference name."""
    blocks = re.compile(r"^```\{gad-reference\} " + re.escape(module) + r"\n(.*?)^```", re.MULTILINE | re.DOTALL)
    texts = [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.md"))]
    return {
        name for text in texts for body in blocks.findall(text) for name in re.findall(r"^(\w+)$", body, re.MULTILINE)
    }


def has_a_page(folder: Path, module: str) -> bool:
    """Whether a page of the reference describes a module."""
    opening = "```{gad-reference} " + module + "\n"
    return any(opening in file.read_text(encoding="utf-8") for file in folder.glob("*.md"))


class Reference(SphinxDirective):
    """The docstrings of a module's public names: those of the content, one to a line, or else all of them.

    With ``:rest:`` they are those that no page has named, of it and of its public modules. A name of the content
    that the module does not have is left out: it belongs to an extra, or is yet to come.
    """

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"rest": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return what autodoc makes of them."""
        module = self.arguments[0]
        if importlib.util.find_spec(module) is None:
            return []
        asked = [name for name in map(str.strip, self.content) if name]
        if "rest" in self.options:
            return self._rest(module, Path(self.env.doc2path(self.env.docname)).parent)
        home = importlib.import_module(module)
        return self._described(module, [name for name in asked if hasattr(home, name)] if asked else public(module))

    def _rest(self, module: str, folder: Path) -> list[nodes.Node]:
        """What no page names: names of the module, and its public modules with all of theirs."""
        named = named_elsewhere(folder, module)
        found = self._described(module, [name for name in public(module) if name not in named])
        for name, home in inspect.getmembers(importlib.import_module(module), inspect.ismodule):
            within = f"{module}.{name}"
            if name in getattr(importlib.import_module(module), "__all__", ()) and not has_a_page(folder, within):
                title = nodes.rubric("", f"gad.{name}")
                words = (inspect.getdoc(home) or "").partition("\n")[0]
                found += [title, *self.parse_text_to_nodes(words), *self._described(within, public(within))]
        return found

    def _described(self, module: str, names: list[str]) -> list[nodes.Node]:
        """The docstrings of these names."""
        home = importlib.import_module(module)
        found: list[nodes.Node] = []
        for name in names:
            value = getattr(home, name)
            if inspect.isclass(value):
                error = issubclass(value, BaseException)
                kind = "autoexception" if error else "autoclass"
                options = [] if error else ["   :members:", f"   :inherited-members: {', '.join(FOREIGN)}"]
            else:
                kind, options = ("autofunction" if callable(value) else "autodata"), []
            lines = [f".. {kind}:: {module}.{name}", *options]
            found += self.parse_text_to_nodes("\n".join(["```{eval-rst}", *lines, "```"]) + "\n")
        return found


class Command(SphinxDirective):
    """What a command of ours says of itself, as ``graphviz-ad figure --help`` prints it."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return it as a block of text."""
        from graphviz_ad import cli

        printed, words = io.StringIO(), self.arguments[0].split()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            cli.main([*words[1:], "--help"])
        text = printed.getvalue().rstrip()
        return [nodes.literal_block(text, text, language="none")]


def spell(_app: Sphinx, _what: str, _name: str, _value: Any, _options: Any, lines: list[str]) -> None:
    """Make of `gad.grad` in a docstring a link to it, and spell a pair of bars so that it stays one."""
    example = False
    for number, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            linked = OURS.sub(lambda found: f":py:obj:`gad{found[2]} <{PACKAGE}{found[2]}>`", line)
            lines[number] = SIZE.sub(lambda found: found[0].replace("|", "\\|") if found[1] else found[0], linked)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the directive."""
    app.add_directive("gad-reference", Reference)
    app.add_directive("gad-command", Command)
    app.connect("autodoc-process-docstring", spell, priority=100)  # before napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}
