"""A Sphinx extension: formulas as MathML, which browsers draw themselves, without a script and without a network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

LOG = logging.getLogger(__name__)


def written(node: nodes.Element, display: str) -> str:
    """The formula of a node; what cannot be read is a warning, and stays LaTeX."""
    latex = node.astext().strip()
    try:
        return convert(latex, display=display)
    except Exception as error:  # noqa: BLE001  (the converter has many)
        LOG.warning("cannot read the formula %r: %s: %s", latex, type(error).__name__, error, location=node)
        return f"<code>{nodes.unescape(latex)}</code>"


def inline(self: Any, node: nodes.Element) -> None:
    """A formula in a line of text."""
    self.body.append(written(node, "inline"))
    raise nodes.SkipNode


def block(self: Any, node: nodes.Element) -> None:
    """A formula on a line of its own."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(written(node, "block"))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the renderer `mathml`."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
