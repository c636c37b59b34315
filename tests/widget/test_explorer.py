"""The widget's Python side, without a browser: steps, edits, errors, and what it leaves in a notebook."""

from __future__ import annotations

import json
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
from graphviz_ad.widget.desk import Answer
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

    def looked(self, look: dict[str, Any]) -> Adapter:
        if look:
            raise ArgumentError("unknown look")
        return self

    def answer(self, question: str) -> Answer:
        if question == "boom":
            raise ZeroDivisionError("division by zero")
        return Answer({"question": question}, (b"1234",))

    def still(self) -> str:
        return '<div class="gad-still"></div>'

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
    assert explorer.error.startswith("This edit names no input")
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
    assert [sorted(state) for state in states if "payload" in state] == [["answered", "inputs", "payload", "step"]]


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


# ------------------------------------------------------------------------------------------ traits both ways


def polynomial(x: float, y: float) -> float:
    u = x * y
    return u + x


@pytest.fixture
def live() -> Iterator[Explorer]:
    made = gad.explore(polynomial, 3.0, 2.0)
    yield made
    made.close()


def test_setting_a_phase_goes_to_its_first_step(live: Explorer) -> None:
    live.phase = "backward"
    assert live.step == 3, "two values, then the seed"
    live.phase = "done"
    assert live.step == live.steps
    live.phase = "forward"
    assert live.step == 0
    with pytest.raises(ArgumentError, match=r"this story has the phases \['forward', 'backward', 'done'\]"):
        live.phase = "tangent"
    assert (live.phase, live.step) == ("forward", 0)


def test_setting_inputs_replays_the_graph(live: Explorer) -> None:
    assert live.inputs == {"x": 3.0, "y": 2.0}
    live.step = 4
    live.inputs = {"x": 5}
    assert live.inputs == {"x": 5.0, "y": 2.0}
    assert live.graph["x"].adjoint == 3.0
    assert live.graph["u"].value == 10.0
    assert live.step == 4
    live.inputs = {"y": "nan"}
    assert np.isnan(live.graph["u"].value)
    assert live.inputs == {"x": 5.0, "y": "nan"}, "JSON has no nan"


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"z": 1.0}, r"no scalar input is called 'z' \(inputs: x, y\)"),
        ({"x": [1]}, "x needs a number"),
        ({"x": True}, "x needs"),
    ],
)
def test_inputs_that_cannot_be_are_errors(live: Explorer, inputs: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        live.inputs = inputs
    assert live.inputs == {"x": 3.0, "y": 2.0}


def test_selecting_knows_nodes_and_edges_by_name(live: Explorer) -> None:
    for name in ("u", "x->u", ""):
        live.selected = name
        assert live.selected == name
    with pytest.raises(ArgumentError, match=r"no visible node or edge is called so \('x', 'y', 'u', 'out', 'x->u'"):
        live.selected = "nobody"


def test_callbacks_hear_of_steps_and_selections_until_they_are_ended(live: Explorer) -> None:
    heard: list[Any] = []
    ends = [live.on_step(heard.append), live.on_select(heard.append)]
    live.step = 2
    live.set_state({"step": 3})
    live.set_state({"selected": "u"})
    for end in (*ends, *ends):
        end()
    live.step = 1
    live.selected = ""
    assert heard == [2, 3, "u"]


def test_a_look_shows_the_same_graph_in_another_way(live: Explorer) -> None:
    live.step = live.steps
    live.look = {"mode": "forward", "seed": "y"}
    assert live.payload["mode"] == "forward"
    assert live.graph["out"].tangent == 3.0
    assert live.phase == "done"
    live.inputs = {"x": 4.0}
    assert live.graph["out"].tangent == 4.0, "a look outlives another input"
    live.look = {}
    assert live.payload["mode"] == "reverse"
    assert live.graph["y"].adjoint == 4.0
    with pytest.raises(ArgumentError):
        live.look = {"mode": "sideways"}
    assert live.look == {}


def test_a_look_that_the_page_asks_for_in_vain_is_answered_in_words(live: Explorer) -> None:
    live.set_state({"look": {"mode": "sideways"}})
    assert live.look == {}
    assert "sideways" in live.error
    live.set_state({"look": {"mode": "forward", "seed": "x"}})
    assert (live.error, live.payload["mode"]) == ("", "forward")


MALFORMED: list[dict[str, Any]] = [
    {"step": "3"}, {"step": None}, {"step": 1e9}, {"step": 2.5}, {"playing": "yes"}, {"selected": 7},
    {"selected": "nobody"}, {"inputs": {"x": []}}, {"inputs": 3}, {"inputs": {"nobody": 1}},
    {"look": []}, {"look": {"mode": 3}}, {"look": {"x": {}}},
    {"edit": {}}, {"edit": {"nonce": "a"}}, {"edit": {"name": [], "text": {}, "nonce": 1}}, {"edit": 5},
    {"edit": {"name": "nobody", "text": "1", "nonce": 2}},
    {"payload": {}}, {"phase": "done"}, {"error": "x"}, {"answered": 3.0}, {"_esm": "alert(1)"}, {"nobody": 1}, {},
]  # fmt: skip


@pytest.mark.parametrize("message", MALFORMED, ids=str)
def test_whatever_a_page_sends_nothing_breaks(live: Explorer, message: dict[str, Any]) -> None:
    before = {name: getattr(live, name) for name in ("payload", "inputs", "look", "playing", "_esm", "answered")}
    live.set_state(message)
    for name, value in before.items():
        if name != "answered":
            assert getattr(live, name) == value, name
    assert 0 <= live.step <= live.steps
    assert live.selected == ""
    live.set_state({"step": 2})
    assert live.step == 2


def test_questions_are_answered_and_nonsense_is_not(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(explorer, "send", lambda content, buffers=None: sent.append((content, buffers)))
    for content in (
        None,
        3,
        "ask",
        [],
        {},
        {"kind": "ask"},
        {"kind": "ask", "question": 3, "nonce": "a"},
        {"kind": "ask", "question": "x"},
    ):
        explorer._handle_custom_msg(content, [])
    assert sent == []
    explorer._handle_custom_msg({"kind": "ask", "question": "node:3", "nonce": "a-1"}, [])
    explorer._handle_custom_msg({"kind": "ask", "question": "boom", "nonce": "a-2"}, [])
    assert sent == [
        ({"kind": "answer", "nonce": "a-1", "data": {"question": "node:3"}}, [b"1234"]),
        ({"kind": "answer", "nonce": "a-2", "error": "ZeroDivisionError: division by zero"}, None),
    ]


def test_an_unknown_question_is_answered_with_a_sentence(live: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(live, "send", lambda content, buffers=None: sent.append(content))
    live._handle_custom_msg({"kind": "ask", "question": "nonsense:1", "nonce": "n"}, [])
    (reply,) = sent
    assert reply["error"].startswith("unknown question: 'nonsense:1'")


def test_a_step_is_a_short_message(live: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(live, "_send", lambda message, buffers=None: sent.append(message))
    live.step = 2
    assert sum(len(json.dumps(message)) for message in sent) <= 100, sent
