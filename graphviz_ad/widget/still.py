"""Makes what stands beside a live explorer: the style that hides what is not wanted, and the page for exports."""

from __future__ import annotations

import html
import json
import math
from typing import TYPE_CHECKING

from graphviz_ad.widget import baking, desk
from graphviz_ad.widget.bundle import static_text
from graphviz_ad.widget.page import page

if TYPE_CHECKING:
    from graphviz_ad.widget.view import View

LIGHT = 150_000
"""So many characters of payload, over all ways of looking and slider positions, are computed whenever it is shown."""


def exported(view: View) -> str:
    """Return the page that plays in an exported notebook.

    It is the one that `View.page` writes where that is light. Else it tells the story, and answers what is asked
    about it, but carries no other ways of looking: they would cost seconds and megabytes at every run of a cell.
    """
    payload = view.payload(False)
    positions = math.prod(len(values) for values in baking.sliders(view, view.inputs).values())
    variants = len(list(view.departures())) + positions
    if variants * len(json.dumps(payload)) <= LIGHT:
        return view.page()
    answers = desk.baked(view, (True,))
    return page({**payload, "looks": {}, "sliders": {}}, view.scene.title, baking.packed(payload["svg"], answers, {}))


def still(document: str, title: str, height: int) -> str:
    """Return the HTML that goes before the still picture, see docs/decisions/0002-explorer-display.md.

    Parameters
    ----------
    document
        What `exported` returns.
    title
        What a screen reader calls the frame.
    height
        How many pixels the frame is given until the page says what it needs.
    """
    # The frame may run its own scripts and nothing else: it has no access to the notebook around it.
    frame = (
        f'<iframe class="gad-frame" title="{html.escape(title)}" sandbox="allow-scripts" allow="fullscreen"'
        f' loading="lazy" height="{height}" data-gad-page="{html.escape(document)}"></iframe>'
    )
    return f"{static_text('still.html').rstrip()}{frame}<script>\n{static_text('still.js')}</script>\n"
