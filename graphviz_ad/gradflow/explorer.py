"""The interactive panel of gradient flow: a net is measured as its settings are turned, and any layer can be opened."""

from __future__ import annotations

import base64
import contextlib
import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from graphviz_ad.errors import ArgumentError, in_words
from graphviz_ad.gradflow import baked, panel
from graphviz_ad.gradflow.controls import changed, chosen_settings
from graphviz_ad.gradflow.measurement import measured
from graphviz_ad.gradflow.opened import OpenedLayer, opened
from graphviz_ad.gradflow.settings import Settings, whole
from graphviz_ad.gradflow.table import Flow
from graphviz_ad.render.mpl import to_pdf, to_png
from graphviz_ad.render.svg import to_svg
from graphviz_ad.widget import bundle
from graphviz_ad.widget.explorer import Explorer
from graphviz_ad.widget.patch import update
from graphviz_ad.widget.progress import progress_bar
from graphviz_ad.widget.still import still
from graphviz_ad.widget.writing import place, put

DEFAULTS: dict[str, Any] = {"depth": 50, "width": 64, "batch": 32, "seeds": 5}
"""Where they depart from those of `measure`: a net that is measured while a slider moves."""
SUFFIXES = (".html", ".svg", ".png", ".pdf")
THEMES = ("auto", "light", "dark")
STILL_HEIGHT = 900  # px of the frame in an exported notebook, until the page in it says what it needs
_LARGEST = 2**53  # up to it every whole number is a float of its own


def explore(**settings: Any) -> FlowExplorer:
    """The interactive panel: turn a net's settings, see its gradients against depth and its place in the phase diagram.

    Left, ‖δ‖ and ‖∂L/∂W‖ per layer on a logarithmic scale, measured and by theory; right, the phase diagram over σ_w²
    and σ_b² with the net in it. A click in the diagram, or an arrow key, measures a net there; a click on a layer, or
    Enter, opens that layer in an explorer: its own arrays, and the adjoint that reached it.

    Parameters
    ----------
    **settings
        Those of `measure`, with ``depth=50, width=64, batch=32, seeds=5`` for a start.

    Returns
    -------
    FlowExplorer
        Show it by leaving it as a cell's last expression.

    Raises
    ------
    ArgumentError
        As in `measure`, and for an unknown setting.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> panel = gad.gradflow.explore(depth=12, width=16, activation="relu", weight_var=1.0, seeds=2)
    >>> panel
    <Gradient flow: depth 12, width 16, batch 32, relu, σ_w² = 1, 2 seeds>
    >>> panel.change(weight_var=2.0)
    >>> panel.settings.weight_var, len(panel.flow)
    (2.0, 24)
    >>> panel.layer = 3
    >>> panel.explorer.graph["W"].shape
    (16, 16)
    >>> panel.close()
    """
    return FlowExplorer(settings_of(settings))


def settings_of(given: Mapping[str, Any]) -> Settings:
    """The settings that a caller asked for, by name."""
    names = [field.name for field in fields(Settings)]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ArgumentError(f"unknown setting: {name!r} (must be one of {names}).{hint}")
    return Settings(**{**DEFAULTS, **given})


class FlowExplorer(anywidget.AnyWidget):
    """The panel in a notebook; `explore` makes it.

    Attributes
    ----------
    settings : Settings
        Of the net that is shown.
    flow : Flow
        What was measured of it: the table, as `measure` gives it.
    readings : dict
        What the plots say in words: "delta", "weight" and "phase".
    layer : int or None
        The layer that is open; setting it opens one, None closes it.
    explorer : Explorer or None
        That of the open layer.
    """

    _esm = bundle.script(bundle.FLOW)
    _css = bundle.style(bundle.FLOW)

    payload = traitlets.Dict().tag(sync=True)  # as it was last sent whole
    patch = traitlets.Any(None).tag(sync=True)  # what is different now, see `graphviz_ad.widget.patch`
    opened = traitlets.Dict().tag(sync=True)  # Python -> page: {"layer", "text", "model"}; {} where none is open
    wish = traitlets.Dict().tag(sync=True)  # page -> Python: {"values" or "layer", "nonce"}
    error = traitlets.Unicode("").tag(sync=True)  # Python -> page: what was wrong with the last wish
    answered = traitlets.Float(0.0).tag(sync=True)  # Python -> page: the nonce of the last wish that was dealt with

    FROM_PAGE = frozenset({"wish"})
    """The traits that a page may set; whatever else it sends is not meant for Python."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._flow = measured(settings)
        self._open: OpenedLayer | None = None
        self._explorer: Explorer | None = None
        super().__init__(payload=panel.payload(self._flow, live=True))
        self.on_msg(self._on_message)

    @property
    def settings(self) -> Settings:
        """The settings of the net that is shown."""
        return self._settings

    @property
    def flow(self) -> Flow:
        """What was measured of it."""
        return self._flow

    @property
    def readings(self) -> dict[str, str]:
        """What the plots say in words."""
        return panel.readings(self._flow)

    @property
    def layer(self) -> int | None:
        """The layer that is open."""
        return None if self._open is None else self._open.layer

    @layer.setter
    def layer(self, number: int | None) -> None:
        self._show_layer(None if number is None else whole(number, "layer", 1))

    @property
    def explorer(self) -> Explorer | None:
        """The explorer of the open layer."""
        return self._explorer

    def __repr__(self) -> str:
        return f"<Gradient flow: {self._settings}>"

    def change(self, **settings: Any) -> None:
        """Measure a net with other settings, as turning the controls does; an open layer is closed.

        Parameters
        ----------
        **settings
            Some of those of `explore`. ``weight_var`` makes weights normal draws, unless they are orthogonal;
            ``init`` makes them what it says.

        Raises
        ------
        ArgumentError
            As in `explore`.
        """
        settings_of(settings)  # names and values, before anything changes
        self._show(measured(chosen_settings(self._settings, settings)))

    def close(self) -> None:
        """Close the panel, and the explorer in it."""
        self._close_layer()
        super().close()

    # --------------------------------------------------------------------------------------------- what is shown

    def _show(self, flow: Flow, nonce: float | None = None) -> None:
        payload = panel.payload(flow, live=True)
        news = update(self.payload, payload)
        self._flow, self._settings = flow, flow.settings
        self._close_layer()
        with self.hold_sync():
            self.error = ""
            self.opened = {}
            for name, value in news.items():
                setattr(self, name, value)
            if nonce is not None:
                self.answered = nonce

    def _show_layer(self, number: int | None, nonce: float | None = None) -> None:
        found = None if number is None else opened(self._flow, number)
        explorer = None if found is None else found.graph.explore(seed=found.delta)
        self._close_layer()
        self._open, self._explorer = found, explorer
        shown: dict[str, Any] = {}
        if found is not None and explorer is not None:
            shown = {"layer": found.layer, "text": found.text, "model": explorer.model_id}
        with self.hold_sync():
            self.error = ""
            self.opened = shown
            if nonce is not None:
                self.answered = nonce

    def _close_layer(self) -> None:
        if self._explorer is not None:
            self._explorer.close()
        self._open = self._explorer = None

    # ------------------------------------------------------------------------------------------ what the page sends

    @traitlets.observe("wish")
    def _on_wish(self, change: Any) -> None:
        nonce = change["new"].get("nonce")
        if isinstance(nonce, bool) or not isinstance(nonce, int | float) or not abs(nonce) <= _LARGEST:
            return  # nan is not either
        try:
            self._grant(change["new"], float(nonce))
        except BaseException as error:
            with self.hold_sync():
                self.error = ""  # so that the same words twice are a change
                self.error = in_words(error) if isinstance(error, Exception) else "The measurement was interrupted."
                self.answered = float(nonce)
            if not isinstance(error, Exception):
                raise

    def _grant(self, wish: Mapping[str, Any], nonce: float) -> None:
        values, layer = wish.get("values"), wish.get("layer")
        if isinstance(values, dict):
            self._show(measured(changed(self._settings, values)), nonce)
        elif layer == 0 or isinstance(layer, int):
            self._show_layer(layer or None, nonce)
        else:
            raise ArgumentError("This wish names no control and no layer: reload the page.")

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the page has sent."""
        for name, value in sync_data.items():
            if name in self.FROM_PAGE:
                with contextlib.suppress(traitlets.TraitError):
                    super().set_state({name: value})

    def _on_message(self, _widget: object, content: Any, _buffers: object) -> None:
        if isinstance(content, dict) and content.get("kind") == "hello":  # is a kernel there? See static/desk.js
            self.send({"kind": "live"})

    # ------------------------------------------------------------------------------------------------------ files

    def save(
        self, path: str | os.PathLike[str], *, theme: str = "auto", grid: Mapping[str, Sequence[Any]] | None = None
    ) -> Path:
        """Write the panel: a page that needs no kernel, or its picture.

        Parameters
        ----------
        path
            Ends in .html, .svg, .png or .pdf.
        theme : {"auto", "light", "dark"}
            Of a picture.
        grid : dict, optional
            For a page: the values that its controls offer, by name, such as ``{"weight_var": [0.5, 1, 2],
            "depth": [10, 50]}``. Every combination is measured beforehand, at most 1,000, with a progress bar. Names:
            activation, init, weight_var, bias_var, depth, width, residual, norm. Left out: a grid of about a hundred
            nets. The page opens some layers of the net that it opens with.

        Returns
        -------
        Path

        Raises
        ------
        ArgumentError
            An unknown suffix or theme, or a grid that is none.
        """
        target, suffix = place(path, SUFFIXES, "panel.html")
        if theme not in THEMES:
            raise ArgumentError(f"unknown theme: {theme!r} (must be one of {list(THEMES)})")
        if grid is not None and suffix != ".html":
            raise ArgumentError(f"cannot save {target.name!r}: grid= are the controls of a page, an .html")
        if suffix == ".html":
            return put(target, baked.page(self._flow, grid, progress_bar("measuring the page's nets")))
        picture = panel.picture(self._flow)
        if suffix == ".svg":
            return put(target, to_svg(picture, theme=theme))
        paper = "light" if theme == "auto" else theme
        return put(target, (to_png if suffix == ".png" else to_pdf)(picture, theme=paper))

    # -------------------------------------------------------------------------------------------------- display

    def static_bundle(self) -> dict[str, Any]:
        """The picture for hosts without scripts: vectors, pixels and words."""
        picture = panel.picture(self._flow)
        words = "\n".join([repr(self), *self.readings.values()])
        return {
            "image/svg+xml": to_svg(picture),
            "image/png": base64.b64encode(to_png(picture)).decode(),
            "text/plain": words,
        }

    def _ipython_display_(self, **_options: Any) -> None:
        """Show a still picture and the live panel, of which the page hides one, as `Explorer` does."""
        from IPython import display

        show: Any = display.display  # IPython leaves it untyped
        if self.comm is None:  # closed: only the picture is left
            show(self.static_bundle(), raw=True)
            return
        page = baked.page(self._flow, {}, layers=())
        show({"text/html": still(page, f"Gradient flow: {self._settings}", STILL_HEIGHT)}, raw=True)
        show(self.static_bundle(), raw=True)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        words = f"{self!r}: run this cell to explore it."
        show({"application/vnd.jupyter.widget-view+json": view, "text/plain": words}, raw=True)
