"""Write one HTML file that plays a graph from disk: no kernel, no server, no request to anything."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping
from functools import cache
from typing import Any

from graphviz_ad.widget import bundle
from graphviz_ad.widget.packing import pack

_NO_SCRIPT = "This is the complete picture. With scripts allowed, the page plays it step by step."
FROZEN = "This page has no Python behind it: the inputs cannot be changed here."


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _app(entry: str) -> str:
    return pack({"script": _started(entry), "style": bundle.live_style(entry)})


@cache
def _started(entry: str) -> str:
    return bundle.plain(entry, f"{bundle.STARTS[entry]}();")


def document(title: str, body: str, data: Mapping[str, str], entry: str = bundle.ENTRY) -> str:
    """Return one HTML file whose script takes over what stands in its body.

    The front end stands in it packed, a quarter of its size; a short script unpacks it. A content security policy
    forbids everything else: no other script or style, and no request at all.

    Parameters
    ----------
    title
        The title of the window.
    body
        What the page shows before its script runs, or without scripts, as HTML.
    data
        What the script finds in the page, by id: texts of `graphviz_ad.widget.packing.pack`.
    entry
        The module that starts it.
    """
    from graphviz_ad.render import fit

    boot, style = bundle.plain("boot.js"), bundle.base_style(entry)
    scripts = f"{_hash(boot)} {_hash(_started(entry))}"  # this one, and the one that it unpacks
    policy = f"default-src 'none'; script-src {scripts}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    carried = "".join(f'<script type="text/plain" id="{name}">{text}</script>\n' for name, text in data.items())
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
{body}
{carried}<script type="text/plain" id="gad-app">{_app(entry)}</script>
<script>{boot}</script>
</body>
</html>
"""


def page(payload: dict[str, Any], title: str, baked: str = "") -> str:
    """Return the page as one text.

    Before its script runs, or without scripts, the page shows the complete picture. The script takes that
    picture over, so it is in the file once.

    Parameters
    ----------
    payload
        What `graphviz_ad.widget.payload.payload` returns. Its ``live`` is ignored: nothing is live here.
    title
        The title of the window.
    baked
        What `graphviz_ad.widget.baking.bake` returns: everything that a person may ask of the page.
    """
    frozen = None if payload["sliders"] else payload["frozen"] or FROZEN
    data = {**payload, "svg": "", "live": False, "frozen": frozen}
    steps = len(payload["steps"])
    svg = payload["svg"][payload["svg"].index("<svg") :]  # an XML declaration has no place inside HTML
    inside = f"""<div class="gad-explorer" data-step="{steps}" data-steps="{steps}" data-phase="done">
<div class="gad-stage">{svg}</div>
<noscript><p class="gad-reason">{_NO_SCRIPT}</p></noscript>
</div>"""
    return document(title, titled(title, inside), {"gad-payload": pack(data), "gad-baked": baked})


def titled(title: str, inside: str) -> str:
    """Return the body of a page: its title, and what stands there until the front end takes its place."""
    from graphviz_ad.render import fit

    return f'<header><h1>{html.escape(fit.title(title))}</h1></header>\n<main id="gad-root">\n{inside}\n</main>'
