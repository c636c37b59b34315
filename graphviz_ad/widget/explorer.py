"""The Jupyter widget: shows one graph step by step, in step with Python, and replays it at new inputs."""

from __future__ import annotations

import math
from typing import Any, Protocol

import anywidget
import traitlets

from graphviz_ad.errors import ArgumentError, GraphvizADError
from graphviz_ad.widget.page import static_text
from graphviz_ad.widget.payload import phase_at


class GraphAdapter(Protocol):
    """What the explorer needs to know about a graph."""

    @property
    def graph(self) -> Any:
        """The graph itself, for `Explorer.graph`."""

    def payload(self, live: bool) -> dict[str, Any]:
        """Return what the front end plays, see `graphviz_ad.widget.payload`."""

    def evaluate(self, inputs: dict[str, float]) -> GraphAdapter:
        """Return the same graph at other scalar inputs; raises where that is impossible."""

    def static_bundle(self) -> dict[str, Any]:
        """Return the complete picture as a MIME bundle: image/svg+xml, image/png, text/plain."""


class Explorer(anywidget.AnyWidget):
    """A graph that unfolds step by step in a notebook.

    Made by ``gad.explore(f, …)`` or ``graph.explore()``; show it by leaving it as a cell's last expression.

    Attributes
    ----------
    step : int
        How many steps of the story are shown, from 0 (only inputs and constants) to `steps` (complete).
        It follows the page, and setting it moves the page.
    graph
        The graph that is shown at present: a new one after an input was changed in the page.
    """

    _esm = static_text("explorer.js")
    _css = static_text("explorer.css")

    payload = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    edit = traitlets.Dict().tag(sync=True)  # page -> Python: {"name", "text", "nonce"}
    error = traitlets.Unicode("").tag(sync=True)  # Python -> page: what was wrong with the last edit
    answered = traitlets.Float(0.0).tag(sync=True)  # Python -> page: the nonce of the last edit that was dealt with

    def __init__(self, adapter: GraphAdapter) -> None:
        self._adapter = adapter
        super().__init__(payload=adapter.payload(True))
        self.on_msg(self._answer)

    @property
    def graph(self) -> Any:
        """The graph that is shown at present."""
        return self._adapter.graph

    @property
    def steps(self) -> int:
        """How many steps the story has."""
        return len(self.payload["steps"])

    @property
    def phase(self) -> str:
        """Where the story stands: "forward", "backward" ("tangent" in forward mode) or "done"."""
        return phase_at(self.payload, self.step)

    def __repr__(self) -> str:
        title = self.payload["title"]
        return f"<Explorer of {title}: step {self.step} of {self.steps}>"

    @traitlets.validate("step")
    def _validate_step(self, proposal: Any) -> int:
        step: int = proposal["value"]
        # A rejected update from the page could not be told to it: the page clamps for itself, and so do we.
        if self._from_page:
            return max(0, min(step, self.steps))
        if not 0 <= step <= self.steps:
            raise ArgumentError(
                f"explorer.step = {step}: this graph's story has {self.steps} steps; "
                f"write a whole number from 0 (only inputs) to {self.steps} (complete)."
            )
        return step

    _from_page = False

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the page has sent."""
        self._from_page = True
        try:
            super().set_state(sync_data)
        finally:
            self._from_page = False

    def _answer(self, _widget: object, content: Any, _buffers: object) -> None:
        # The page asks whether a kernel is there; see explorer.js.
        if isinstance(content, dict) and content.get("kind") == "hello":
            self.send({"kind": "live"})

    @traitlets.observe("edit")
    def _on_edit(self, change: Any) -> None:
        edit = change["new"]
        if not edit:
            return
        try:
            adapter = self._adapter.evaluate({edit["name"]: read_number(edit["text"])})
            payload = adapter.payload(True)
        except GraphvizADError as error:
            self._finish(edit, error=str(error))
        except Exception as error:  # noqa: BLE001  (the user's function may raise anything: it belongs on the page)
            self._finish(edit, error=f"{type(error).__name__}: {error}")
        else:
            before, shown = self.steps, self.step
            self._adapter = adapter
            self._finish(edit, error="", payload=payload, step=keep_step(shown, before, len(payload["steps"])))

    def _finish(self, edit: dict[str, Any], **changes: Any) -> None:
        # One message for all changes, so that the page never sees the new graph at a step of the old one. The
        # order matters to the validation of step: the payload comes first.
        with self.hold_sync():
            for name in ("error", "payload", "step"):
                if name in changes:
                    setattr(self, name, changes[name])
            self.answered = float(edit.get("nonce", 0.0))

    def _ipython_display_(self, **_options: Any) -> None:
        """Show a still picture and the live explorer, of which the page hides one.

        A widget's output cannot carry its own fallback: where its model is missing, JupyterLab writes an error
        instead of taking another type of the same bundle. So the picture is an output of its own.
        See docs/decisions/0002-explorer-display.md.
        """
        from IPython import display

        show: Any = display.display  # IPython leaves it untyped
        if self.comm is None:  # closed: only the picture is left
            show(self._adapter.static_bundle(), raw=True)
            return
        show({"text/html": static_text("still.html")}, raw=True)
        show(self._adapter.static_bundle(), raw=True)
        show(self._view_bundle(), raw=True)

    def _view_bundle(self) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        steps = f"{self.steps} steps" if self.steps != 1 else "1 step"
        words = f"Explorer of {self.payload['title']}, {steps}: run this cell to play it."
        return {"application/vnd.jupyter.widget-view+json": view, "text/plain": words}


def keep_step(step: int, before: int, now: int) -> int:
    """Return where a new graph opens: the same step of an equally long story, the end if it was complete, else 0."""
    if before == now:
        return step
    return now if step >= before else 0


def read_number(text: str) -> float:
    """Return the number that a person typed, or say what is wrong with it."""
    text = text.strip()
    if not text:
        raise ArgumentError("Empty: write a number, e.g. 1.5.")
    try:
        number = float(text)
    except ValueError:
        hint = f"write {text.replace(',', '.')}" if _is_number(text.replace(",", ".")) else "write e.g. 1.5, -2 or 1e-3"
        raise ArgumentError(f"{text!r} is not a number: {hint}.") from None
    if math.isinf(number) and "inf" not in text.lower():
        raise ArgumentError(f"{text} is too large for a float (at most about 1.8e308): write inf for infinity.")
    return number


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
