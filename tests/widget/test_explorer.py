"""The widget's Python side, without a browser: steps, edits, errors, and what it leaves in a notebook."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import IPython.display
import numpy as np
import pytest
import traitlets

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError, GraphvizADError, ReplayError
from graphviz_ad.widget.explorer import Explorer, keep_step, read_number
from tests.widget import stories


class Adapter:
    """A graph adapter over `stories.chain`; below zero the story is shorter, at 13 it cannot be told."""

    def __init__(self, x: float = 1.5) -> None:
        self.x = x
        self.graph = ("chain", x)

    def payload(self, live: bool) -> dict[str, Any]:
        payload = stories.told(stories.chain(self.x), live=live)
        if self.x < 0:
            del payload["steps"][-2:]
        return payload

    def evaluate(self, inputs: dict[str, float]) -> Adapter:
        (x,) = inputs.values()
        if x == 13:
            raise ReplayError("line 3 took another branch")
        if x == 14:
            raise ZeroDivisionError("division by zero")
        return Adapter(x)

    def static_bundle(self) -> dict[str, Any]:
        return {"image/svg+xml": "<svg/>", "image/png": "AAAA", "text/plain": "chain"}


@pytest.fixture
def explorer() -> Iterator[Explorer]:
    made = Explorer(Adapter())
    yield made
    made.close()


def edit(explorer: Explorer, text: str, nonce: float = 1.0) -> None:
    """Do what the page does when a person has typed a number."""
    explorer.set_state({"edit": {"name": "x", "text": text, "nonce": nonce}})


def test_an_explorer_opens_at_the_beginning(explorer: Explorer) -> None:
    assert (explorer.step, explorer.steps, explorer.phase, explorer.graph) == (0, 7, "forward", ("chain", 1.5))
    assert repr(explorer) == "<Explorer of (x² + 1)³: step 0 of 7>"


def test_step_moves_and_phase_follows(explorer: Explorer) -> None:
    explorer.step = 4
    assert explorer.phase == "backward"
    explorer.step = 7
    assert explorer.phase == "done"


@pytest.mark.parametrize("step", [-1, 8])
def test_a_step_that_does_not_exist_is_an_error_that_says_which_do(explorer: Explorer, step: int) -> None:
    explorer.step = 2
    with pytest.raises(ArgumentError, match=rf"explorer\.step = {step}: .* 7 steps; write a whole number from 0"):
        explorer.step = step
    assert explorer.step == 2


def test_a_step_that_is_no_whole_number_is_an_error(explorer: Explorer) -> None:
    with pytest.raises(traitlets.TraitError, match="expected an int"):
        explorer.step = 1.5


def test_the_page_cannot_set_a_step_that_does_not_exist(explorer: Explorer) -> None:
    explorer.set_state({"step": 99})
    assert explorer.step == 7


def test_an_edit_replays_the_graph_at_the_same_step(explorer: Explorer) -> None:
    explorer.step = 5
    edit(explorer, "3", nonce=17.0)
    assert explorer.graph == ("chain", 3.0)
    assert explorer.payload["nodes"][3]["value"] == "1000.0"  # (3² + 1)³
    assert (explorer.step, explorer.error, explorer.answered) == (5, "", 17.0)


def test_an_edit_that_shortens_the_story_starts_it_again(explorer: Explorer) -> None:
    explorer.step = 6
    edit(explorer, "-1")
    assert (explorer.step, explorer.steps) == (0, 5)


def test_an_edit_of_a_complete_picture_shows_the_complete_new_one(explorer: Explorer) -> None:
    explorer.step = 7
    edit(explorer, "-1")
    assert (explorer.step, explorer.steps, explorer.phase) == (5, 5, "done")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "'abc' is not a number: write e.g. 1.5, -2 or 1e-3."),
        ("1,5", "'1,5' is not a number: write 1.5."),
        ("  ", "Empty: write a number, e.g. 1.5."),
        ("1e999", "1e999 is too large for a float (at most about 1.8e308): write inf for infinity."),
        ("13", "line 3 took another branch"),
        ("14", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_refused_edit_says_why_and_keeps_the_graph(explorer: Explorer, text: str, message: str) -> None:
    explorer.step = 3
    before = explorer.payload
    edit(explorer, text, nonce=2.0)
    assert (explorer.error, explorer.answered) == (message, 2.0)
    assert explorer.payload is before
    assert (explorer.graph, explorer.step) == (("chain", 1.5), 3)
    edit(explorer, "2", nonce=3.0)
    assert (explorer.error, explorer.graph) == ("", ("chain", 2.0))


def test_an_edit_without_a_name_or_text_is_refused_too(explorer: Explorer) -> None:
    explorer.set_state({"edit": {"nonce": 4.0}})
    assert "KeyError" in explorer.error
    assert explorer.answered == 4.0


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3.0), (" -2.5 ", -2.5), ("1e-3", 0.001), ("inf", float("inf")), ("-Infinity", -float("inf"))],
)
def test_read_number(text: str, number: float) -> None:
    assert read_number(text) == number


def test_read_number_takes_nan_for_what_it_is() -> None:
    assert read_number("nan") != read_number("nan")


def test_errors_of_read_number_are_ours() -> None:
    with pytest.raises(GraphvizADError):
        read_number("x")


def test_keep_step() -> None:
    assert (keep_step(3, 7, 7), keep_step(7, 7, 9), keep_step(5, 7, 9)) == (3, 9, 0)


def test_the_new_graph_and_its_step_reach_the_page_in_one_message(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer.step = 7
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(explorer, "_send", lambda message, buffers=None: sent.append(message))
    edit(explorer, "-1", nonce=5.0)
    states = [message["state"] for message in sent if message["method"] == "update"]
    assert [sorted(state) for state in states if "payload" in state] == [["answered", "payload", "step"]]


def test_the_kernel_answers_the_page(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(explorer, "send", lambda content, buffers=None: sent.append(content))
    explorer._handle_custom_msg({"kind": "hello"}, [])
    explorer._handle_custom_msg({"kind": "other"}, [])
    assert sent == [{"kind": "live"}]


def shown(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return the outputs that the explorer leaves in a notebook."""
    outputs: list[dict[str, Any]] = []
    monkeypatch.setattr(IPython.display, "display", lambda data, raw: outputs.append(data))
    explorer._ipython_display_()
    return outputs


def test_an_explorer_leaves_a_style_a_picture_and_itself(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    style, picture, widget = shown(explorer, monkeypatch)
    assert list(style) == ["text/html"]
    assert "gad-still" in style["text/html"]
    assert picture == Adapter().static_bundle()
    assert widget["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    assert widget["text/plain"] == "Explorer of (x² + 1)³, 7 steps: run this cell to play it."


def test_a_closed_explorer_leaves_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = Explorer(Adapter())
    explorer.close()
    assert shown(explorer, monkeypatch) == [Adapter().static_bundle()]
    explorer.step = 3  # still an ordinary object
    assert explorer.phase == "forward"


def test_the_package_imports_no_widget_library_until_an_explorer_is_made() -> None:
    code = (
        "import sys, graphviz_ad.widget.payload, graphviz_ad.widget.page\n"
        "print([name for name in ('anywidget', 'ipywidgets', 'IPython', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_explorer_takes_the_options_of_a_saved_page() -> None:
    explorer = gad.trace(lambda x: np.tanh(x) / 3.0, 0.5).explore(precision=2, notation="v̄")
    assert explorer.payload["nodes"][-1]["value_text"] == "0.15"
    with pytest.raises(gad.ArgumentError, match="notation"):
        gad.trace(np.tanh, 0.5).explore(notation="d")
