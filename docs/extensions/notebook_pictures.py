"""A Sphinx extension: the pictures of notebooks say in words what they show, as the pictures themselves do."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

DESCRIPTION = re.compile(r"<desc>(.*?)</desc>", re.DOTALL)


def describe(app: Sphinx, tree: nodes.document, docname: str) -> None:
    """Give each picture of a notebook that has no words those of its own file."""
    if not docname.startswith("notebooks/"):
        return
    for image in tree.findall(nodes.image):
        file = Path(app.srcdir, image["uri"].lstrip("/"))
        found = (
            DESCRIPTION.search(file.read_text(encoding="utf-8")) if file.suffix == ".svg" and file.is_file() else None
        )
        if not image.get("alt"):
            image["alt"] = html.unescape(found[1]) if found else "A picture that this cell has made."


def setup(app: Sphinx) -> dict[str, Any]:
    """Do so when a document is about to be written."""
    app.connect("doctree-resolved", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
