"""A Sphinx extension: the directive `graphviz-ad` runs a snippet and puts in its figure, its words and its explorer.

Add ``"graphviz_ad.sphinx"`` to ``extensions`` in conf.py. Building the documents then RUNS their snippets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of the directive, its settings and its files."""
    from graphviz_ad import __version__
    from graphviz_ad.sphinx import directive, writers
    from graphviz_ad.sphinx.snippets import SETUP

    app.add_config_value("graphviz_ad_setup", SETUP, "env", [str], "what runs before a document's first snippet")
    app.add_config_value("graphviz_ad_width", 720, "env", [int, float, str, type(None)], "of graphs, see Graph.save")
    app.add_directive("graphviz-ad", directive.GraphvizAD)
    writers.register(app)
    app.connect("env-purge-doc", directive.forget)
    return {"version": __version__, "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
