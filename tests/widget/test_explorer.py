"""The widget's Python side, without a browser: steps, edits, errors, and what it leaves in a notebook."""

from __future__ import annotations

import copy
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
from graphviz_ad.errors import ArgumentError, GraphvizADError, ImmutableError, ReplayError
from graphviz_ad.widget.desk import Answer
from graphviz_ad.widget.explorer import Explorer, read_number
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
    assert explorer.shown["nodes"][3]["value"] == "1000.0"  # (3² + 1)³
    assert (explorer.step, explorer.error, explorer.answered) == (5, "", 17.0)


def test_an_edit_that_shortens_the_story_goes_to_the_last_step_that_both_tell(turning: Explorer) -> None:
    turning.step = 2  # computes v2, which is not there below zero
    deeds = [(step["kind"], step["narration"]) for step in turning.shown["steps"][:2]]
    edit(turning, "-1")
    assert [kind for kind, _ in deeds] == [step["kind"] for step in turning.shown["steps"][:2]]
    assert turning.step == 1


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
    before = explorer.shown
    edit(explorer, text, nonce=2.0)
    assert (explorer.error, explorer.answered) == (message, 2.0)
    assert explorer.shown is before
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


def test_the_new_graph_and_its_step_reach_the_page_in_one_message(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer.step = 7
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(explorer, "_send", lambda message, buffers=None: sent.append(message))
    edit(explorer, "-1", nonce=5.0)
    states = [message["state"] for message in sent if message["method"] == "update"]
    assert [sorted(state) for state in states if "patch" in state] == [["answered", "inputs", "patch", "step"]]


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
    assert explorer.shown["nodes"][-1]["value_text"] == "0.15"
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
    assert live.shown["mode"] == "forward"
    assert live.graph["out"].tangent == 3.0
    assert live.phase == "done"
    live.inputs = {"x": 4.0}
    assert live.graph["out"].tangent == 4.0, "a look outlives another input"
    live.look = {}
    assert live.shown["mode"] == "reverse"
    assert live.graph["y"].adjoint == 4.0
    with pytest.raises(ArgumentError):
        live.look = {"mode": "sideways"}
    assert live.look == {}


def test_a_look_that_the_page_asks_for_in_vain_is_answered_in_words(live: Explorer) -> None:
    live.set_state({"look": {"mode": "sideways"}})
    assert live.look == {}
    assert "sideways" in live.error
    live.set_state({"look": {"mode": "forward", "seed": "x"}})
    assert (live.error, live.shown["mode"]) == ("", "forward")


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


# ------------------------------------------------------------------------------- callbacks, when all is settled


def branching(x: float) -> float:
    if x > 0:
        return x * x + x
    return x * 3.0


@pytest.fixture
def turning() -> Iterator[Explorer]:
    """An explorer whose story is shorter below zero."""
    made = gad.explore(branching, 2.0)
    made.step = 3
    yield made
    made.close()


def told(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the page is told from now on, message by message."""
    states: list[dict[str, Any]] = []

    def send(message: dict[str, Any], buffers: object = None) -> None:
        if message["method"] == "update":
            states.append(message["state"])

    monkeypatch.setattr(explorer, "_send", send)
    return states


def agrees(explorer: Explorer) -> None:
    """Everything that an explorer says of itself is about the same graph."""
    x = explorer.graph["x"].value
    assert explorer.inputs == {"x": x}
    assert next(node["value"] for node in explorer.shown["nodes"] if node["name"] == "x") == repr(x)
    assert explorer.shown["look"] == explorer.look
    assert 0 <= explorer.step <= explorer.steps
    kinds = [event["kind"] for event in explorer.shown["steps"][: explorer.step]]
    expected = "forward" if set(kinds) <= {"value"} else "backward"
    assert explorer.phase == ("done" if explorer.step == explorer.steps else expected)


def broken(_: object) -> None:
    raise ZeroDivisionError("in the user's callback")


@pytest.mark.parametrize(
    "change",
    [
        lambda explorer: setattr(explorer, "inputs", {"x": -1.0}),
        lambda explorer: edit(explorer, "-1", nonce=5.0),
        lambda explorer: explorer.set_state({"inputs": {"x": -1.0}}),
    ],
    ids=["set", "typed", "sent"],
)
def test_a_callback_that_raises_leaves_the_new_graph_and_is_heard_of(turning: Explorer, change: Any) -> None:
    heard: list[Any] = []
    end = turning.on_step(broken)
    turning.observe(lambda change: heard.append(change["new"]), "inputs")
    with pytest.raises(ZeroDivisionError, match="in the user's callback"):
        change(turning)
    assert turning.graph["x"].value == -1.0
    assert turning.error == "", "the number was right"
    assert heard == [{"x": -1.0}], "one bad callback does not silence the others"
    agrees(turning)
    end()
    turning.inputs = {"x": 2.0}
    assert turning.graph["x"].value == 2.0
    agrees(turning)


def test_an_edit_whose_callback_raises_is_answered(turning: Explorer) -> None:
    turning.on_step(broken)
    with pytest.raises(ZeroDivisionError):
        edit(turning, "-1", nonce=5.0)
    assert turning.answered == 5.0


@pytest.mark.parametrize(
    "change", [lambda explorer: setattr(explorer, "step", 5), lambda explorer: explorer.set_state({"step": 5})]
)
def test_a_plain_step_with_a_callback_that_raises_is_made(turning: Explorer, change: Any) -> None:
    turning.on_step(broken)
    with pytest.raises(ZeroDivisionError):
        change(turning)
    assert turning.step == 5
    agrees(turning)


def test_a_callback_sees_everything_settled(turning: Explorer) -> None:
    seen: list[Any] = []
    turning.selected = "v2"  # is not there below zero

    def look_around(_: object) -> None:
        seen.append((turning.step, turning.phase, turning.inputs["x"], turning.graph["x"].value))
        agrees(turning)

    turning.on_step(look_around)
    turning.on_select(look_around)
    turning.observe(look_around, ["payload", "patch", "inputs", "phase"])
    turning.inputs = {"x": -1.0}
    assert set(seen) == {(2, "forward", -1.0, -1.0)}


def test_what_a_callback_sets_is_done(turning: Explorer) -> None:
    turning.on_step(lambda step: setattr(turning, "look", {"labels": "both"}))
    turning.inputs = {"x": -1.0}
    assert turning.shown["look"] == turning.look == {"labels": "both"}
    agrees(turning)

    def on_phase(change: Any) -> None:
        turning.inputs = {"x": {"forward": 1.0, "backward": 5.0, "done": 7.0}[change["new"]]}

    turning.observe(on_phase, "phase")
    turning.step = turning.steps
    assert turning.graph["x"].value == 7.0
    agrees(turning)


def test_callbacks_hear_of_steps_in_their_order(turning: Explorer) -> None:
    first: list[int] = []
    second: list[int] = []

    def back(step: int) -> None:
        first.append(step)
        if step == 4:
            turning.step = 1

    turning.on_step(back)
    turning.on_step(second.append)
    turning.step = 4
    assert (first, second) == ([4, 1], [4, 1])


def test_a_callback_may_lead_on_for_long() -> None:
    def long(x: float) -> float:
        for _ in range(400):
            x = x * 1.01
        return x

    explorer = gad.trace(long, 1.0).explore(fold="none")
    explorer.on_step(lambda step: setattr(explorer, "step", min(step + 1, explorer.steps)))
    explorer.step = 1
    assert explorer.step == explorer.steps > 800
    explorer.close()


def test_nobody_hears_of_what_was_taken_back(turning: Explorer) -> None:
    heard: list[Any] = []
    turning.observe(heard.append, ["look", "inputs", "step", "payload"])
    with pytest.raises(ArgumentError):
        turning.look = {"mode": "sideways"}
    turning.set_state({"look": {"mode": "sideways"}})
    with pytest.raises(ArgumentError):
        turning.inputs = {"x": "a"}
    assert heard == []


def test_what_a_callback_sets_is_not_from_the_page(turning: Explorer) -> None:
    raised: list[str] = []

    def wrong(_: object) -> None:
        for name, value in (("inputs", {"nope": 1.0}), ("selected", "nope"), ("step", 99), ("look", {"mode": 3})):
            with pytest.raises(ArgumentError):
                setattr(turning, name, value)
            raised.append(name)

    turning.on_step(wrong)
    turning.set_state({"step": 2})
    assert raised == ["inputs", "selected", "step", "look"]
    assert (turning.step, turning.error) == (2, "")
    agrees(turning)


def test_an_error_of_ours_in_a_callback_is_the_users_too(turning: Explorer) -> None:
    turning.on_step(lambda step: setattr(turning, "step", 99))
    with pytest.raises(ArgumentError, match=r"explorer\.step = 99"):
        turning.set_state({"step": 2})
    assert (turning.step, turning.error) == (2, "")


def test_an_endless_callback_can_be_interrupted(turning: Explorer) -> None:
    rounds: list[int] = []
    selected: list[str] = []
    turning.on_select(selected.append)

    def on(step: int) -> None:
        rounds.append(step)
        if len(rounds) == 50:
            turning.selected = "x"
            raise KeyboardInterrupt
        if len(rounds) < 50:
            turning.step = 1 - step % 2

    turning.on_step(on)
    with pytest.raises(KeyboardInterrupt):
        turning.step = 2
    assert (len(rounds), selected) == (50, [])
    turning.step = 3
    assert (rounds[50:], selected) == ([3], ["x"]), "who was not reached hears with the next change"


# ------------------------------------------------------------------------------------------------- interrupts


@pytest.mark.parametrize("way", ["evaluate", "looked"])
def test_an_interrupt_leaves_what_was_there_and_goes_on(
    turning: Explorer, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(turning._base), way, interrupted)
        with pytest.raises(KeyboardInterrupt):
            turning.inputs = {"x": 5.0}
        agrees(turning)
        with pytest.raises(KeyboardInterrupt):
            edit(turning, "5", nonce=7.0)
        assert (turning.answered, turning.error) == (7.0, "The computation was interrupted.")
        if way == "looked":
            states = told(turning, monkeypatch)
            with pytest.raises(KeyboardInterrupt):
                turning.set_state({"look": {"labels": "both"}})
            assert {"look": {}} in states
        agrees(turning)
    turning.inputs = {"x": 5.0}
    turning.set_state({"look": {"labels": "both"}})
    assert turning.graph["x"].value == 5.0
    assert turning.shown["look"] == {"labels": "both"}
    agrees(turning)


def test_an_interrupted_answer_is_told(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_self: object, _question: str) -> Answer:
        raise KeyboardInterrupt

    sent: list[Any] = []
    monkeypatch.setattr(Adapter, "answer", interrupted)
    monkeypatch.setattr(explorer, "send", lambda content, buffers=None: sent.append(content))
    with pytest.raises(KeyboardInterrupt):
        explorer._handle_custom_msg({"kind": "ask", "question": "check", "nonce": "a"}, [])
    assert sent == [{"kind": "answer", "nonce": "a", "error": "The computation was interrupted."}]


# ------------------------------------------------------------------------------------------ setting and reading


def test_inputs_and_looks_are_for_reading(live: Explorer) -> None:
    live.look = {"closed": []}
    for change in (
        lambda: live.inputs.__setitem__("x", 9.0),
        lambda: live.inputs.update(x=9.0),
        lambda: live.inputs.pop("x"),
        lambda: live.inputs.clear(),
    ):
        with pytest.raises(ImmutableError, match=r"^explorer\.inputs cannot .* write explorer\.inputs = \{\.\.\.\}\.$"):
            change()
    for change in (lambda: live.look.__setitem__("labels", "both"), lambda: live.look["closed"].append("a")):
        with pytest.raises(ImmutableError, match=r"write explorer\.look = \{"):
            change()
    assert (live.inputs, live.look) == ({"x": 3.0, "y": 2.0}, {"closed": []})
    assert json.loads(json.dumps(live.get_state(["inputs", "look"]))) == {"inputs": live.inputs, "look": live.look}
    mine = copy.deepcopy(live.inputs)
    mine["x"] = 4.0
    live.inputs = mine
    assert live.graph["x"].value == 4.0
    live.inputs |= {"y": 5.0}
    live.look = {**live.look, "labels": "both"}
    assert (live.graph["y"].value, live.shown["look"]) == (5.0, {"closed": [], "labels": "both"})


def test_a_look_that_nobody_has_set_is_for_reading_too(live: Explorer) -> None:
    with pytest.raises(ImmutableError):
        live.look["labels"] = "both"


def test_while_an_input_is_computed_all_inputs_are_there(live: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    evaluate = type(live._base).evaluate

    def watched(self: Any, inputs: dict[str, float]) -> Any:
        seen.append(dict(live.inputs))
        return evaluate(self, inputs)

    monkeypatch.setattr(type(live._base), "evaluate", watched)
    live.inputs = {"x": 5}
    live.set_state({"inputs": {"y": 7}})
    assert seen == [{"x": 5.0, "y": 2.0}, {"x": 5.0, "y": 7.0}]


def test_held_changes_that_cannot_be_are_taken_back(live: Explorer) -> None:
    live.step = 2
    for name, value in (("step", 999), ("selected", "nobody"), ("phase", "tangent"), ("inputs", {"nope": 1.0})):
        before = getattr(live, name)
        with pytest.raises(ArgumentError), live.hold_trait_notifications():
            setattr(live, name, value)
        assert getattr(live, name) == before
    with live.hold_trait_notifications():
        live.inputs = {"x": 5.0}
        live.step = 4
    assert (live.graph["u"].value, live.step, live.phase) == (10.0, 4, "backward")


@pytest.mark.parametrize(
    "nonce", [10**400, -(10**400), float("nan"), float("inf"), 2.0**54, None, "1"], ids=lambda nonce: str(nonce)[:9]
)
def test_an_edit_whose_nonce_is_no_number_is_not_answered(live: Explorer, nonce: Any) -> None:
    live.set_state({"edit": {"name": "x", "text": "5", "nonce": nonce}})
    assert (live.answered, live.graph["x"].value, live.inputs) == (0.0, 3.0, {"x": 3.0, "y": 2.0})


def test_a_number_beyond_every_float_is_refused(live: Explorer) -> None:
    with pytest.raises(ArgumentError, match="the number for x is too large for a float"):
        live.inputs = {"x": 10**400}
    live.set_state({"inputs": {"x": 10**400}})
    assert "too large" in live.error
    assert live.inputs == {"x": 3.0, "y": 2.0}


def test_a_phase_is_gone_to_from_its_middle_too(live: Explorer) -> None:
    live.step = 5
    assert live.phase == "backward"
    live.phase = "backward"
    assert live.step == 3
    live.phase = "forward"
    live.step = 1
    live.phase = "forward"
    assert live.step == 0


def test_a_step_does_not_read_the_whole_story(live: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    class Counted(list[Any]):
        read = 0

        def __iter__(self) -> Iterator[Any]:
            Counted.read += 1
            return super().__iter__()

        def __getitem__(self, place: Any) -> Any:
            Counted.read += 1
            return super().__getitem__(place)

    monkeypatch.setitem(live.shown, "steps", Counted(live.shown["steps"]))
    live.step = 2
    live.step = 5
    live.set_state({"step": 6})
    assert (live.phase, Counted.read) == ("backward", 0)


# ---------------------------------------------------------------------------------------- what the page is told


def test_the_same_refusal_twice_is_told_twice(live: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    states = told(live, monkeypatch)
    for _ in range(2):
        live.set_state({"look": {"mode": "sideways"}})
    heard = [state["error"] for state in states if "error" in state]
    assert heard == [live.error, "", live.error]
    assert "sideways" in live.error


def test_the_page_hears_what_became_of_what_it_sent(live: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    live.step = live.steps
    for sent, back in (
        ({"step": 99}, {"step": live.steps}),  # what it is already
        ({"step": "3"}, {"step": live.steps}),
        ({"step": -4}, {"step": 0}),
        ({"selected": "nobody"}, {"selected": ""}),
        ({"look": {"mode": "sideways"}}, {"look": {}}),
        ({"inputs": {"x": []}}, {"inputs": {"x": 3.0, "y": 2.0}}),
        ({"inputs": {"x": 3}}, {"inputs": {"x": 3.0, "y": 2.0}}),
    ):
        with monkeypatch.context() as patch:
            states = told(live, patch)
            live.set_state(sent)
            assert back in states, sent
    states = told(live, monkeypatch)
    live.set_state({"step": 2})
    assert states == [], "what was taken as it was sent is not sent back"


def test_a_selection_that_is_gone_is_released(turning: Explorer) -> None:
    heard: list[str] = []
    turning.on_select(heard.append)
    turning.selected = "v2"
    turning.inputs = {"x": -1.0}
    assert "v2" not in [node["name"] for node in turning.shown["nodes"]]
    assert turning.selected == ""
    turning.selected = "x"
    turning.inputs = {"x": 2.0}
    assert turning.selected == "x"
    assert heard == ["v2", "", "x"]


def test_a_refused_edit_is_answered_in_one_message(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    states = told(explorer, monkeypatch)
    edit(explorer, "13", nonce=2.0)
    assert states == [{"error": "line 3 took another branch", "answered": 2.0}]
