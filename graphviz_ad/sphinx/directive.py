"""The directive itself: its options, and the nodes that it puts into a document."""

from __future__ import annotations

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.parsers.rst.states import RSTState
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from graphviz_ad.errors import GraphvizADError
from graphviz_ad.graph import Graph
from graphviz_ad.sphinx import snippets
from graphviz_ad.sphinx.drawn import Drawn, drawn
from graphviz_ad.sphinx.writers import Shown

LOG = logging.getLogger(__name__)
SHOWN = ("both", "svg", "explorer", "none")
NAMES = "graphviz_ad_names"
"""The key of a document's variables, while it is read."""


def _shown(argument: str) -> str:
    return str(directives.choice(argument, SHOWN))


def _words(argument: str) -> tuple[str, ...]:
    return tuple(argument.replace(",", " ").split())


def _fold(argument: str) -> str | tuple[str, ...]:
    return argument if argument in {"auto", "all", "none"} else _words(argument)


def _width(argument: str) -> float | str:
    """A number of px or any other width that `Graph.save` knows."""
    try:
        return float(argument)
    except ValueError:
        return argument


def _animate(argument: str | None) -> bool | str:
    return True if argument is None or not argument.strip() else str(directives.choice(argument, ("loop",)))


OF_SAVE: dict[str, Any] = {
    "width": _width,
    "fold": _fold,
    "expand": _words,
    "labels": directives.unchanged_required,
    "direction": directives.unchanged_required,
    "mode": directives.unchanged_required,
    "notation": directives.unchanged_required,
    "precision": int,
    "step": int,
    "animate": _animate,
}
"""The options that go to `Graph.save`, by whose words they are checked."""


def _block(text: str, language: str) -> nodes.Node:
    bare = text.rstrip("\n")
    return nodes.literal_block(bare, bare, language=language)  # twice the same: only then it is highlighted


class GraphvizAD(SphinxDirective):
    """Run a snippet; show what it ends with."""

    has_content = True
    option_spec: ClassVar = {
        "show": _shown,
        "code": directives.flag,
        "continue": directives.flag,
        "alt": directives.unchanged,
        "caption": directives.unchanged,
        "name": directives.unchanged,
        "class": directives.class_option,
        **OF_SAVE,
    }

    def run(self) -> list[nodes.Node]:
        """Return the code, what it printed, and the figure: as much of them as is asked for and there is."""
        code = "\n".join(self.content)
        found: list[nodes.Node] = [_block(code, "python")] if "code" in self.options else []
        try:
            with snippets.scratch() as folder:
                ran = snippets.run(code, self._names(), self._file, self._line)
                if ran.printed:
                    found.append(_block(ran.printed, "none"))
                if self.options.get("show") != "none":
                    found += self._figure(self._drawn(ran.value, folder))
        except snippets.SnippetError as error:
            return self._failed(str(error), error.line)
        except GraphvizADError as error:  # of a good snippet that cannot be drawn like that
            return self._failed(str(error), self.lineno)
        for node in found:
            self.set_source_info(node)
        return found

    @property
    def _line(self) -> int:
        """The document's line in which the snippet begins: MyST counts from the directive, docutils from the top."""
        from_top = isinstance(self.state, RSTState)
        return int(self.content_offset) + 1 + (0 if from_top else int(self.lineno))

    @property
    def _file(self) -> str:
        return str(self.env.doc2path(self.env.docname, base=False))

    def _names(self) -> dict[str, Any]:
        """The variables that the snippet finds: new ones, or with ``:continue:`` those of the snippet before it."""
        kept = self.env.temp_data
        if "continue" not in self.options or NAMES not in kept:
            kept[NAMES] = snippets.namespace(self.config.graphviz_ad_setup)
        names: dict[str, Any] = kept[NAMES]
        return names

    def _drawn(self, value: Any, folder: Any) -> Drawn:
        options = {key: option for key, option in self.options.items() if key in OF_SAVE}
        page = self.options.get("show", "both") != "svg"
        usual = self.config.graphviz_ad_width
        if usual is not None and "width" not in options and isinstance(value, Graph):
            try:
                return drawn(value, folder, page=page, options={"width": usual, **options})
            except GraphvizADError:  # too narrow: nobody has asked for that width
                pass
        return drawn(value, folder, page=page, options=options)

    def _figure(self, made: Drawn) -> list[nodes.Node]:
        if made.text:
            return [_block(made.text, made.language)]
        alt = self.options.get("alt") or made.alt
        if not alt and (made.svg or made.png or made.pdf):
            return self._failed("this picture says nothing to who does not see it; write the option :alt:", self.lineno)
        shown = Shown("", drawn=made, alt=alt, show=self.options.get("show", "both"))
        shown["classes"] += self.options.get("class", [])
        if "caption" not in self.options:
            self.add_name(shown)
            return [shown]
        figure = nodes.figure("", shown)
        words, messages = self.parse_inline(self.options["caption"], lineno=self.lineno)
        figure += nodes.caption(self.options["caption"], "", *words)
        self.add_name(figure)
        return [figure, *messages]

    def _failed(self, message: str, line: int) -> list[nodes.Node]:
        """A warning with file and line, which `sphinx-build -W` makes an error, and a word to the reader."""
        LOG.warning("%s", message, location=(self.env.docname, line), type="graphviz_ad")
        return [nodes.error("", nodes.paragraph("", f"This figure could not be made: {message}"))]


def forget(_app: Sphinx, env: BuildEnvironment, _docname: str) -> None:
    """Begin a document without variables."""
    env.temp_data.pop(NAMES, None)
