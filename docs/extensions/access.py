"""A Sphinx extension: what the theme leaves out for people who use a keyboard or a screen reader."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ADDED = (
    (r'(<p class="caption" role="heading")(?! aria-level)', r'\1 aria-level="2"'),
    (r'(<aside class="sidebar-drawer")(?! aria)', r'\1 aria-label="Contents"'),
    (r'(<aside class="toc-drawer[^"]*")(?! aria)', r'\1 aria-label="On this page"'),
    (r"<pre(?![^>]*tabindex)", '<pre tabindex="0"'),  # what is wider than its box is scrolled by keys
    (r'(?<!</h1>)(<div id="search-results">)', r"<h1>Search</h1>\1"),
)
"""What is looked for in a page, and what stands there afterwards."""


def mend(app: Sphinx, error: Exception | None) -> None:
    """Go through the pages that were written."""
    if error is not None or app.builder.format != "html":
        return
    for file in Path(app.outdir).rglob("*.html"):
        if "_images" not in file.parts:  # pages of ours: they need none of it
            text = before = file.read_text(encoding="utf-8")
            for pattern, added in ADDED:
                text = re.sub(pattern, added, text)
            if text != before:
                file.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Do so when everything is written."""
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
