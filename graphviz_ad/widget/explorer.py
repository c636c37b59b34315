"""The Jupyter widget: shows one graph step by step, in step with Python, and replays it at new inputs."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import anywidget
import numpy as np
import traitlets

from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError, GraphvizADError, in_words
from graphviz_ad.widget import bundle
from graphviz_ad.widget.desk import Answer
from graphviz_ad.widget.fixed import fixed
from graphviz_ad.widget.patch import update
from graphviz_ad.widget.payload import phases, same_step, scalar_inputs, selectable, sendable, strict


class GraphAdapter(Protocol):
    """What the explorer needs to know about a graph."""

    @property
    def graph(self) -> Any:
        """The graph itself, for `Explorer.graph`."""

    def payload(self, live: bool) -> dict[str, Any]:
        """Return what the front end plays, see `graphviz_ad.widget.payload`."""

    def evaluate(self, inputs: dict[str, float]) -> GraphAdapter:
        """Return the same graph at other scalar inputs; raises where that is impossible."""

    def looked(self, look: dict[str, Any]) -> GraphAdapter:
        """Return the same graph looked at in another way, see `graphviz_ad.widget.look`."""

    def answer(self, question: str) -> Answer:
        """Answer what the front end asks, see `graphviz_ad.widget.desk`."""

    def still(self) -> str:
        """Return the HTML that hides what is not wanted of an explorer's outputs, see `graphviz_ad.widget.still`."""

    def static_bundle(self) -> dict[str, Any]:
        """Return the complete picture as a MIME bundle: image/svg+xml, image/png, text/plain."""


class SettingError(ArgumentError, traitlets.TraitError):
    """An attribute of an explorer was set to what it cannot be; traitlets takes back what its own errors end."""


class Explorer(anywidget.AnyWidget):
    """A graph that unfolds step by step in a notebook.

    Made by ``gad.explore(f, …)`` or ``graph.explore()``; show it by leaving it as a cell's last expression.
    What a person does in the page is seen here, and what is set here is seen in every page that shows it.

    Attributes
    ----------
    step : int
        How many steps of the story are shown, from 0 (only inputs and constants) to `steps` (complete).
    phase : str
        Where the story stands: "forward", "backward" ("tangent" in forward mode) or "done". Setting it goes to the
        first step of that phase.
    playing : bool
        Whether the page moves on by itself.
    selected : str
        What is selected: a node by its name, an edge as "x->u" ("x->u#1" for a second edge between the two), or "".
    inputs : dict
        The scalar inputs and their numbers, to be read. Setting some of them replays the graph:
        ``explorer.inputs = {"x": 2.0}``.
    look : dict
        How the graph is looked at where that departs from how the explorer was made, e.g.
        ``{"mode": "forward", "seed": "x"}`` or ``{"wrong": "overwrite"}``.
    graph
        The graph that is shown at present: a new one after an input was changed.
    shown : dict
        All that the page plays at present, as plain JSON: picture, nodes, edges and steps.
    """

    _esm = bundle.script()
    _css = bundle.style()

    payload = traitlets.Dict().tag(sync=True)  # as it was last sent whole; `shown` is what it has become
    patch = traitlets.Any(None).tag(sync=True)  # what is different now, see `graphviz_ad.widget.patch`
    step = traitlets.Int(0).tag(sync=True)
    phase = traitlets.Unicode("forward").tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    inputs = traitlets.Dict().tag(sync=True)
    look = traitlets.Dict().tag(sync=True)
    edit = traitlets.Dict().tag(sync=True)  # page -> Python: {"name", "text", "nonce"}
    error = traitlets.Unicode("").tag(sync=True)  # Python -> page: what was wrong with the last edit or look
    answered = traitlets.Float(0.0).tag(sync=True)  # Python -> page: the nonce of the last edit that was dealt with

    FROM_PAGE = frozenset({"step", "playing", "selected", "inputs", "look", "edit"})
    """The traits that a page may set; whatever else it sends is not meant for Python."""

    def __init__(self, adapter: GraphAdapter) -> None:
        self._base = adapter  # as it was made, at the present inputs
        self._adapter = adapter  # as it is looked at
        self._changing = 0  # above 0 until everything that follows from a change has been done and told
        self._untold: dict[str, Any] = {}  # the changes of which callbacks have yet to hear, by trait
        self._from_page = False
        payload = adapter.payload(True)
        self._phases = phases(payload)
        self.shown = payload
        self._settling = 1  # above 0 while traits are set by the explorer itself
        super().__init__(payload=payload, inputs=scalar_inputs(payload), look={}, phase=self._phases[0])
        self._settling = 0
        self.on_msg(self._on_message)

    @property
    def graph(self) -> Any:
        """The graph that is shown at present."""
        return self._adapter.graph

    @property
    def steps(self) -> int:
        """How many steps the story has."""
        return len(self.shown["steps"])

    def __repr__(self) -> str:
        title = self.shown["title"]
        return f"<Explorer of {title}: step {self.step} of {self.steps}>"

    def save(self, path: str | os.PathLike[str], *, theme: str = "auto") -> Path:
        """Write what is shown at present: a page that plays without a kernel (.html), or in any form of ``graph.save``.

        Examples
        --------
        >>> import tempfile, graphviz_ad as gad
        >>> explorer = gad.explore(lambda x: x**2, 3.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     explorer.save(folder + "/square.html").name
        'square.html'
        """
        from graphviz_ad.widget.view import write

        view: Any = self._adapter
        return write(view, path, theme)

    def on_step(self, callback: Callable[[int], Any]) -> Callable[[], None]:
        """Call ``callback(step)`` after every step, whether a person or Python made it.

        Everything is settled then, and the callback may set anything itself. What it raises, whoever set the step gets.

        Returns
        -------
        callable
            Call it to end this.

        Examples
        --------
        >>> import graphviz_ad as gad
        >>> explorer = gad.explore(lambda x: x**2, 3.0)
        >>> end = explorer.on_step(lambda step: print("now at step", step))
        >>> explorer.step = 2
        now at step 2
        >>> end()
        """
        return self._on("step", callback)

    def on_select(self, callback: Callable[[str], Any]) -> Callable[[], None]:
        """Call ``callback(name)`` whenever something is selected: a node or an edge by name, "" for none.

        Returns
        -------
        callable
            Call it to end this.

        Examples
        --------
        >>> import graphviz_ad as gad
        >>> explorer = gad.explore(lambda x: x**2, 3.0)
        >>> end = explorer.on_select(lambda name: print(name, "is", explorer.graph[name].value))
        >>> explorer.selected = "x"
        x is 3.0
        >>> end()
        """
        return self._on("selected", callback)

    def _on(self, trait: str, callback: Callable[[Any], Any]) -> Callable[[], None]:
        def observer(change: Any) -> None:
            callback(change["new"])

        self.observe(observer, trait)

        def end() -> None:
            with contextlib.suppress(ValueError):  # it was ended before
                self.unobserve(observer, trait)

        return end

    # ------------------------------------------------------------------------------------------ what may be set

    @traitlets.validate("step")
    def _validate_step(self, proposal: Any) -> int:
        step: int = proposal["value"]
        # A rejected update from the page could not be told to it: the page clamps for itself, and so do we.
        if self._from_page:
            return max(0, min(step, self.steps))
        if not 0 <= step <= self.steps:
            raise SettingError(
                f"explorer.step = {step}: this graph's story has {self.steps} steps; "
                f"write a whole number from 0 (only inputs) to {self.steps} (complete)."
            )
        return step

    @traitlets.validate("phase")
    def _validate_phase(self, proposal: Any) -> str:
        phase: str = proposal["value"]
        if not self._settling:
            if phase not in self._phases:
                known = list(dict.fromkeys(self._phases))
                raise SettingError(f"explorer.phase = {phase!r}: this story has the phases {known}.")
            self.step = self._phases.index(phase)  # here: to set the phase that it is in is no change
        return phase

    @traitlets.validate("selected")
    def _validate_selected(self, proposal: Any) -> str:
        name: str = proposal["value"]
        if name == "" or name in selectable(self.shown):
            return name
        if self._from_page:  # a late click on a picture that is gone
            return ""
        known = ", ".join(repr(called(other)) for other in selectable(self.shown)[:12])
        raise SettingError(f"explorer.selected = {called(name)!r}: no visible node or edge is called so ({known}, …).")

    @traitlets.validate("inputs")
    def _validate_inputs(self, proposal: Any) -> dict[str, Any]:
        inputs = proposal["value"]
        if not self._settling:
            shown = scalar_inputs(self.shown)
            inputs = shown | {name: self._validate_input(name, number, shown) for name, number in inputs.items()}
        return _read_only("inputs", inputs)

    def _validate_input(self, name: Any, number: Any, shown: dict[str, Any]) -> float | str:
        if name not in shown:
            known = ", ".join(called(other) for other in shown)
            raise SettingError(f"explorer.inputs: no scalar input is called {called(str(name))!r} (inputs: {known}).")
        try:
            if isinstance(number, str):  # how JSON writes nan and inf
                number = read_number(number)
            if isinstance(number, bool) or not isinstance(number, int | float | np.floating | np.integer):
                raise ArgumentError(f"{called(name)} needs a number, not {number!r}.")
            return strict(float(number))
        except OverflowError:
            raise SettingError(f"explorer.inputs: the number for {called(name)} is too large for a float.") from None
        except ArgumentError as error:
            raise SettingError(f"explorer.inputs: {error}") from None

    @traitlets.validate("look")
    def _validate_look(self, proposal: Any) -> dict[str, Any]:
        return _read_only("look", proposal["value"])

    # ------------------------------------------------------------------------------------ what follows from a change

    def _notify_observers(self, event: Any) -> None:
        """Do what follows from a change, ``_on_<trait>``, before any callback hears of it.

        This is the last stage of traitlets: what was changed is set, and has been sent to the page.
        """
        if event["type"] != "change":
            super()._notify_observers(event)
            return
        name = event["name"]
        with self._change():
            waiting = self._untold.pop(name, None)
            if waiting is None:
                self._untold[name] = event
            elif waiting["old"] != event["new"]:  # else it was taken back
                self._untold[name] = traitlets.Bunch(event, old=waiting["old"])
            follow = getattr(self, f"_on_{name}", None)
            if follow is not None and not self._settling:
                follow(event)

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        """Tell of changes at the end of the outermost of these; what a callback changes is told after that."""
        self._changing += 1
        try:
            yield
        finally:
            try:
                if self._changing == 1:
                    self._tell()
            finally:
                self._changing -= 1

    def _tell(self) -> None:
        while self._untold:
            event = self._untold.pop(next(iter(self._untold)))
            try:
                super()._notify_observers(event)
            except Exception:  # after an interrupt the others hear with the next change
                self._tell()
                raise

    def _on_step(self, _change: Any) -> None:
        with self._settled():
            self.phase = self._phases[self.step]

    def _on_inputs(self, change: Any) -> None:
        shown = scalar_inputs(self.shown)
        numbers = {name: float(number) for name, number in change["new"].items() if number != shown[name]}
        with self._undone(change):
            self._show(self._base.evaluate(numbers), self.look)

    def _on_look(self, change: Any) -> None:
        with self._undone(change):
            self._show(self._base, change["new"])

    def _on_edit(self, change: Any) -> None:
        edit = change["new"]
        name, text, nonce = (edit.get(key) for key in ("name", "text", "nonce"))
        if not isinstance(nonce, int | float) or not abs(nonce) <= _LARGEST:  # nan is not either
            return
        if not isinstance(name, str) or not isinstance(text, str):
            self._finish(nonce, "This edit names no input, or no text for it: reload the page.")
            return
        try:
            base = self._base.evaluate({name: read_number(text)})
            self._show(base, self.look, nonce)
        except BaseException as error:
            self._finish(nonce, _in_words(error))
            if not isinstance(error, Exception):
                raise

    @contextlib.contextmanager
    def _undone(self, change: Any) -> Iterator[None]:
        """Take a change back that cannot be; Python gets the error, a page the words."""
        try:
            yield
        except BaseException as error:
            with self._settled():
                setattr(self, change["name"], change["old"])
            if self._from_page:
                self._reject(_in_words(error))
            if not (self._from_page and isinstance(error, Exception)):
                raise

    def _reject(self, words: str) -> None:
        self.error = ""  # so that the same words twice are a change
        self.error = words

    def _finish(self, nonce: float, words: str) -> None:
        with self.hold_sync():
            self.error = words
            self.answered = float(nonce)

    def _show(self, base: GraphAdapter, look: dict[str, Any], nonce: float | None = None) -> None:
        """Show another graph, or the same one in another way."""
        adapter = base.looked(look)
        payload = adapter.payload(True)
        step = same_step(self.shown, self.step, payload)
        news = update(self.payload, payload)
        self._base, self._adapter, self._phases, self.shown = base, adapter, phases(payload), payload
        # One message for all changes, so that the page never sees the new graph at a step of the old one. The
        # order matters to the validation of step: the payload comes first.
        with self.hold_sync(), self._settled():
            self.error = ""
            for name, value in news.items():
                setattr(self, name, value)
            self.step = step
            self.phase = self._phases[self.step]
            self.inputs = scalar_inputs(payload)
            if self.selected and self.selected not in selectable(payload):
                self.selected = ""
            if nonce is not None:
                self.answered = float(nonce)

    @contextlib.contextmanager
    def _settled(self) -> Iterator[None]:
        """Set traits that say what is already so: nothing follows from that."""
        with self._change():
            self._settling += 1
            try:
                yield
            finally:
                self._settling -= 1

    # ------------------------------------------------------------------------------------------ what the page sends

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the page has sent; what cannot be meant is answered with the present state."""
        with self._change():  # callbacks hear of it when this is done: what they set is not from the page
            self._from_page = True
            try:
                for name, value in sync_data.items():
                    if name not in self.FROM_PAGE:
                        continue
                    try:
                        super().set_state({name: value})
                    except traitlets.TraitError as error:
                        self.send_state(name)
                        if isinstance(error, GraphvizADError):
                            self._reject(str(error))
            finally:
                self._from_page = False

    def _on_message(self, _widget: object, content: Any, _buffers: object) -> None:
        if not isinstance(content, dict):
            return
        if content.get("kind") == "hello":  # the page asks whether a kernel is there; see static/desk.js
            self.send({"kind": "live"})
            return
        question, nonce = content.get("question"), content.get("nonce")
        if content.get("kind") != "ask" or not isinstance(question, str) or not isinstance(nonce, str):
            return
        reply: dict[str, Any] = {"kind": "answer", "nonce": nonce}
        try:
            answer = self._adapter.answer(question)
        except BaseException as error:
            self.send({**reply, "error": _in_words(error)})
            if not isinstance(error, Exception):
                raise
        else:
            self.send({**reply, "data": sendable(answer.data)}, list(answer.buffers))

    # ------------------------------------------------------------------------------------------------- display

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
        show({"text/html": self._adapter.still()}, raw=True)
        show(self._adapter.static_bundle(), raw=True)
        show(self._view_bundle(), raw=True)

    def _view_bundle(self) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        steps = f"{self.steps} steps" if self.steps != 1 else "1 step"
        words = f"Explorer of {self.shown['title']}, {steps}: run this cell to play it."
        return {"application/vnd.jupyter.widget-view+json": view, "text/plain": words}


_LARGEST = 2**53
"""The largest nonce: up to it every whole number is a float of its own."""


def _read_only(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return what an explorer hands out as its inputs or its look."""
    words = f"explorer.{name} cannot be changed in place: write explorer.{name} = {{...}}."
    found: dict[str, Any] = fixed(value, words)
    return found


def _in_words(error: BaseException) -> str:
    """Return what a page says of an error; the user's function may raise anything, and it belongs on the page."""
    return "The computation was interrupted." if isinstance(error, KeyboardInterrupt) else in_words(error)


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
