"""Write one HTML file that plays a graph from disk: no kernel, no server, no request to anything."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

_NO_SCRIPT = "This is the complete picture. With scripts allowed, the page plays it step by step."
FROZEN = "This page has no Python behind it: the inputs cannot be changed here."


@cache
def static_text(name: str) -> str:
    """Return the text of a file of widget/static."""
    return (files("graphviz_ad.widget") / "static" / name).read_text(encoding="utf-8")


def script_json(data: Any) -> str:
    """Return strict JSON that can stand inside a ``<script>``: nothing in it can end the element."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    # and a lone surrogate could not be written to a file
    return re.sub("[<>&\u2028\u2029\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def page(payload: dict[str, Any], title: str) -> str:
    """Return the page as one text.

    Before its script runs, or without scripts, the page shows the complete picture. The script takes that
    picture over, so it is in the file once. A content security policy forbids everything else: only this
    script and these styles, by their hashes, and no request at all.

    Parameters
    ----------
    payload
        What `graphviz_ad.widget.payload.payload` returns. Its ``live`` is ignored: nothing is live here.
    title
        The title of the window.
    """
    from graphviz_ad.render import fit

    data = {**payload, "svg": "", "live": False, "frozen": payload["frozen"] or FROZEN}
    steps = len(payload["steps"])
    script = static_text("explorer.js") + "\nstartPage();\n"
    style = static_text("explorer.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    svg = payload["svg"][payload["svg"].index("<svg") :]  # an XML declaration has no place inside HTML
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="graphviz_ad">
<title>{html.escape(fit.title(title))}</title>
<style>{style}</style>
</head>
<body class="gad-page">
<main id="gad-root">
<div class="gad-explorer" data-step="{steps}" data-steps="{steps}" data-phase="done">
<div class="gad-stage">{svg}</div>
<noscript><p class="gad-reason">{_NO_SCRIPT}</p></noscript>
</div>
</main>
<script type="application/json" id="gad-payload">{script_json(data)}</script>
<script type="module">{script}</script>
</body>
</html>
"""
