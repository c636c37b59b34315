"""The Jupyter widget of an exercise: asks for answers in a notebook, and the kernel judges them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from graphviz_ad.errors import ArgumentError, in_words
from graphviz_ad.exercises.exercise import FRONT_ENDS
from graphviz_ad.exercises.page import sheet, static_bundle
from graphviz_ad.exercises.questions import Checked, Judgement, Order
from graphviz_ad.widget import bundle
from graphviz_ad.widget.bundle import static_text
from graphviz_ad.widget.payload import sendable

if TYPE_CHECKING:
    from graphviz_ad.exercises.exercise import Exercise

LONGEST = 10_000
"""An answer from a page has at most so many letters."""


def show(exercise: Exercise) -> None:
    """Show an exercise; nothing happens where no front end is, as in a grader or in plain Python."""
    marimo: Any = sys.modules.get("marimo")  # whoever runs in it has imported it
    if marimo is not None and marimo.running_in_notebook():
        marimo.output.append(ExerciseWidget(exercise))
    elif watched():
        from IPython import display

        display.display(ExerciseWidget(exercise))  # type: ignore[no-untyped-call]  # IPython leaves it untyped


def watched() -> bool:
    """Whether somebody may look: a kernel with a notebook in front of it, and no grader that runs it."""
    if os.environ.get("NBGRADER_EXECUTION"):
        return False
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    shell: Any = get_ipython()
    return getattr(shell, "kernel", None) is not None


class ExerciseWidget(anywidget.AnyWidget):
    """An exercise in a notebook. Its answers and attempts are those of the exercise, ``exercise.state``.

    Attributes
    ----------
    payload : dict
        What the page shows; no answer is in it.
    state : dict
        Where the person has come to.
    """

    _esm = bundle.script(bundle.EXERCISE)
    _css = bundle.style(bundle.EXERCISE)

    payload = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        super().__init__(payload=sheet(exercise, page=False), state=sendable(exercise.state))
        self.on_msg(self._on_message)
        FRONT_ENDS.add(self)

    def close(self) -> None:
        """Close it; a cell that checks answers does not reach it any more."""
        FRONT_ENDS.discard(self)
        super().close()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """A page sets nothing: it asks, by messages."""

    def follow(self, parts: Mapping[str, Judgement]) -> None:
        """Show what came of answers that were checked in a cell, or in another view."""
        self.state = sendable(self.exercise.state)
        told = {key: self._part(part) for key, part in parts.items()}
        python = {one.key for one in self.exercise.questions if isinstance(one, Checked) and not one.written}
        for key in python & set(told):  # what Python alone can judge has its hints where it is checked
            told[key]["more"] = False
        self.send({"kind": "judged", "data": sendable(told)})

    # -- what a page asks ---------------------------------------------------------------------------------

    def _on_message(self, _widget: object, content: Any, _buffers: object) -> None:
        if not isinstance(content, dict) or not isinstance(content.get("nonce"), str):
            return
        reply: dict[str, Any] = {"kind": "answer", "nonce": content["nonce"]}
        try:
            data = self.answer(content)
        except BaseException as error:
            self.send({**reply, "error": in_words(error) if isinstance(error, Exception) else "Interrupted."})
            if not isinstance(error, Exception):
                raise
        else:
            # The state first: whoever reads the answer finds it.
            self.state = sendable(self.exercise.state)
            self.send({**reply, "data": sendable(data)})

    def answer(self, content: Mapping[str, Any]) -> Any:
        """Do what a message asks for; its texts may be anything.

        Raises
        ------
        ArgumentError
            It asks for what there is not.
        """
        kind = content.get("kind")
        if kind in ("check", "keep"):
            answers = {key: _short(answer) for key, answer in _mapping(content.get("answers")).items()}
            if kind == "keep":
                return self.exercise.keep(answers)
            if content.get("again"):  # shown again: nobody has tried anything
                parts = {key: self.exercise.judge(key, answer) for key, answer in answers.items()}
            else:
                parts = self.exercise.judged(answers)
                self.exercise.tell(parts, but=self)
            return {key: self._part(part) for key, part in parts.items()}
        key = content.get("key")
        question = next((one for one in self.exercise.questions if one.key == key), None)
        if kind == "hint" and question is not None:
            judgement = question.judge(self.exercise.answers.get(question.key))
            self.exercise.hint(judgement)
            return {question.key: self._part(judgement)}
        if kind == "consequence" and isinstance(question, Order):
            found = question.consequence(content.get("answer"))
            return found and {"text": found.text, "hint": found.hints[0] if found.hints else ""}
        raise ArgumentError(f"nothing like that is asked here: {str(kind)[:80]!r}")

    def _part(self, judgement: Judgement) -> dict[str, Any]:
        hints = self.exercise.hints(judgement)
        more = len(hints) < len(judgement.hints)
        return {"kind": judgement.kind, "text": judgement.text, "hints": list(hints), "more": more}

    # -- display ------------------------------------------------------------------------------------------

    def _ipython_display_(self, **_options: Any) -> None:
        """Show the plain form and the live one, of which the page hides one; see docs/decisions/0002."""
        from IPython import display

        show_: Any = display.display
        if self.comm is not None:
            show_({"text/html": static_text("still.html").rstrip()}, raw=True)
        show_(static_bundle(self.exercise), raw=True)
        if self.comm is not None:
            view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
            words = f"{self.exercise!r}: run this cell to answer."
            show_({"application/vnd.jupyter.widget-view+json": view, "text/plain": words}, raw=True)


def _mapping(found: Any) -> Mapping[str, Any]:
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        raise ArgumentError("answers are a dictionary")
    return found


def _short(answer: Any) -> Any:
    if len(str(answer)) > LONGEST:
        raise ArgumentError(f"An answer has at most {LONGEST} letters.")
    return answer
