"""Write one HTML file that plays a graph from disk: no kernel, no server, no request to anything."""

from __future__ import annotations

import base64
import hashlib
import html
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


def page(payload: dict[str, Any], title: str, baked: str = "") -> str:
    """Return the page as one text.

    Before its script runs, or without scripts, the page shows the complete picture. The script takes that
    picture over, so it is in the file once. The front end and the story stand in it packed, a quarter of their size;
    a short script unpacks them. A content security policy forbids everything else: no other script or style, and no
    request at all.

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
    return document(title, inside, pack(data), baked)


def document(title: str, inside: str, story: str, baked: str, entry: str = bundle.ENTRY) -> str:
    """Return a whole page: what it shows without scripts, and packed what a front end makes of it.

    Parameters
    ----------
    title
        The title of the window.
    inside
        HTML that stands there until the front end takes its place; without scripts or styles of its own.
    story, baked
        Packed: what the front end starts with, and what it can be asked.
    entry
        The front end's module.
    """
    from graphviz_ad.render import fit

    boot, style = bundle.plain("boot.js"), bundle.base_style(entry)
    scripts = f"{_hash(boot)} {_hash(_started(entry))}"  # this one, and the one that it unpacks
    policy = f"default-src 'none'; script-src {scripts}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
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
<header><h1>{html.escape(fit.title(title))}</h1></header>
<main id="gad-root">
{inside}
</main>
<script type="text/plain" id="gad-payload">{story}</script>
<script type="text/plain" id="gad-baked">{baked}</script>
<script type="text/plain" id="gad-app">{_app(entry)}</script>
<script>{boot}</script>
</body>
</html>
"""
