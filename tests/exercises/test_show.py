"""What an exercise shows: nothing that is asked for; and the page judges as Python does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises import show as showing
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import Fingerprint
from graphviz_ad.exercises.page import page, sheet, static_bundle
from graphviz_ad.exercises.picture import shown
from graphviz_ad.exercises.questions import Checked, Choice, Judgement, Number, Option, Order, Several, Text
from graphviz_ad.exercises.show import ExerciseWidget
from graphviz_ad.widget.packing import unpack
from tests.run import NO_NODE, ROOT, find_node


def fork(a: float, b: float) -> float:
    c = a + b
    d = a * b
    y = c * d
    return y


NUMBERS = {"c": "36", "d": "323", "y": "11628"}
ADJOINTS = {"d": "36", "c": "323", "b": "935", "a": "1007"}


def numbers_in(text: str) -> set[str]:
    """The numbers of a text; of a picture those that are shown, pointed at, or hooked, and no coordinates."""
    if "<svg" in text:
        text = " ".join(
            re.findall(r">([^<>]+)<", re.sub(r"<style>.*?</style>", "", text)) + re.findall(r'data-\w+="([^"]*)"', text)
        )
    return {number.removesuffix(".0") for number in re.findall(r"\d+(?:\.\d+)?", text)}


def everything(exercise: Exercise) -> set[str]:
    """All numbers that somebody gets to see, or could, before anything was answered."""
    look = shown(exercise)
    assert look is not None
    static = static_bundle(exercise)
    asked = {**sheet(exercise, page=False), "svg": ""}
    html = re.sub(r'src="data:[^"]*"', "", static["text/html"])
    drawn = look.svg("page"), look.svg(), static["image/svg+xml"]
    page_ = re.sub(
        r'(?s)<style>.*?</style>|<script type="text/plain".*?</script>|<script>.*?</script>', "", page(exercise)
    )
    in_page = re.search(r"(?s)<svg.*</svg>", page_)
    assert in_page is not None
    texts = [json.dumps(asked), html, static["text/plain"], repr(exercise), *drawn, in_page.group()]
    return set().union(*map(numbers_in, texts))


def test_of_values_nothing_is_given_away() -> None:
    exercise = gad.exercises.values(fork, a=17.0, b=19.0)
    found = everything(exercise)
    assert {"17", "19"} <= found
    assert found & {*NUMBERS.values(), *ADJOINTS.values()} == set()


def test_of_adjoints_values_and_local_derivatives_are_given_and_no_adjoint() -> None:
    found = everything(gad.exercises.adjoints(fork, a=17.0, b=19.0))
    assert {"17", "19", *NUMBERS.values()} <= found
    assert found & {"1007", "935", "612", "684"} == set()
    assert found & {"1007", "935"} == everything(gad.exercises.adjoints(fork, a=17.0, b=19.0).only("a")) & {
        "1007",
        "935",
    }


def test_of_local_derivatives_only_values() -> None:
    def f(x: float) -> float:
        u = x**2
        y = 3 * u**2
        return y

    found = everything(gad.exercises.local_derivatives(f, x=7.0))
    assert {"7", "49", "7203"} <= found
    assert found & {"14", "98", "294", "4116"} == set()


def test_worked_steps_are_shown_in_the_picture_in_words_and_as_a_line() -> None:
    exercise = gad.exercises.adjoints(fork, a=17.0, b=19.0).faded(1)
    look = shown(exercise)
    assert look is not None
    assert 'data-adjoint="935.0"' in look.svg()
    assert "b: input; value 19; adjoint 935." in look.words
    assert "a: input; value 17; adjoint asked." in look.words
    assert ["b", "935"] in sheet(exercise, page=False)["given"]
    assert "1007" not in everything(exercise)


@pytest.mark.parametrize("reveals", ["nothing", "values", "locals", "all"])
def test_what_is_asked_for_is_a_question_mark_whatever_is_revealed(reveals: str) -> None:
    exercise = replace(gad.exercises.adjoints(fork, a=17.0, b=19.0).only("a"), reveals=reveals)
    look = shown(exercise)
    assert look is not None
    assert len(re.findall(r'class="gad-adjoint"[^>]*>\?<', look.svg())) == 1
    found = everything(exercise)
    assert ("935" in found, "11628" in found) == (reveals == "all", reveals != "nothing")
    assert found & {"1007", "684"} == set()


def test_an_unknown_way_to_reveal_is_an_error() -> None:
    exercise = replace(gad.exercises.adjoints(fork, a=17.0, b=19.0), reveals="some")
    with pytest.raises(ArgumentError, match="unknown reveals: 'some'"):
        exercise._repr_mimebundle_()


def test_arrays_are_told_entry_by_entry() -> None:
    X = np.arange(6.0).reshape(2, 3)
    look = shown(gad.exercises.values(lambda X: np.sum(X**2), X=X))
    assert look is not None
    assert look.words[0] == "X: input of shape (2, 3); value [[0, 1, 2], [3, 4, 5]]."


# ------------------------------------------------------------------------------------------------ where nobody looks


def test_in_plain_python_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert gad.exercises.adjoints(fork, a=2.0, b=3.0).show() is None
    assert capsys.readouterr().out == ""


def test_a_grader_that_runs_a_kernel_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shell:
        kernel = object()

    monkeypatch.setattr("IPython.core.getipython.get_ipython", Shell)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    assert showing.watched()
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert not showing.watched()


# ------------------------------------------------------------------------------------------------ the widget


def hooked(key: str) -> Option:
    return Option(key, f"text {key}", "", ("a hint",))


def every_kind() -> Exercise:
    items = tuple(map(hooked, "pqz"))
    mistakes = (
        Fingerprint("M1", 3.0, ("M1 name", "M1 asks?", "M1 shows")),
        Fingerprint("M4", 4.0, ("M4 name", "M4 asks?", "M4 shows")),
        Fingerprint("M16", 4.0, ("M16 name", "M16 asks?", "M16 shows")),
        Fingerprint("value", -7.0, ("value name", "value asks?", "value shows")),
    )
    matrix = np.array([[1.0, 2.5], [0.0, 1 / 3]])
    questions = (
        Number("x", "one number", 7.0, mistakes, ("Which number flows in?",)),
        Number("W", "a matrix", matrix, (Fingerprint("M7", matrix.T, ("T?", "T!", "TT")),)),
        Number("v", "a vector", np.array([3.0, np.inf])),
        Number("s", "single", np.float32(1 / 3)),
        Number("zero", "nothing", 0.0),
        Choice("choice", "one", "q", (hooked("p"), Option("q", "text q"), Option("r", "bare", "M8"))),
        Several("several", "some", frozenset("pq"), items, {"p": Option("p", "left", "M15", ("You left p.",))}),
        Several("none", "none", frozenset(), items),
        Order("order", "all", items, {("q", "p"): Option("", "p too early", "M2", ("Counter.",))}, frozenset("z")),
        Checked("fix", "in Python"),
        Text("why", "in words", "a model"),
    )
    return Exercise("every", "X7", "Every kind", "", questions)


def test_the_widget_has_no_answer_in_it() -> None:
    exercise = every_kind()
    widget = ExerciseWidget(exercise)
    for question in widget.payload["questions"]:
        assert set(question) <= {"key", "kind", "prompt", "graded", "shape", "options", "items", "expects"}
        assert all(set(option) == {"key", "text"} for option in question.get("options", question.get("items", [])))
    assert "a hint" not in json.dumps(widget.get_state(), default=str).replace(widget._esm, "")
    widget.set_state({"payload": {}, "state": {"answers": {"x": 7}}})
    assert widget.payload["title"] == "Every kind"
    assert exercise.answers == {}


@pytest.fixture
def talk() -> tuple[ExerciseWidget, Any]:
    widget = ExerciseWidget(every_kind())
    sent: list[dict[str, Any]] = []
    widget.send = lambda content, buffers=None: sent.append(content)

    def ask(**content: Any) -> dict[str, Any]:
        widget._on_message(widget, {"nonce": "n", **content}, [])
        return sent.pop()

    return widget, ask


def test_the_kernel_judges_hints_and_keeps(talk: tuple[ExerciseWidget, Any]) -> None:
    widget, ask = talk
    part = {"kind": "wrong", "text": "3 is not right.", "hints": ["M1 name"], "more": True}
    assert ask(kind="check", answers={"x": "3"}) == {"kind": "answer", "nonce": "n", "data": {"x": part}}
    assert widget.state["answers"] == {"x": "3"}
    assert ask(kind="hint", key="x")["data"]["x"]["hints"] == ["M1 name", "M1 asks?"]
    assert ask(kind="keep", answers={"x": "9", "why": "so"})["data"] is None
    assert widget.exercise.answers == widget.state["answers"] == {"x": "9", "why": "so"}
    assert ask(kind="consequence", key="order", answer=["p"])["data"] == {"text": "p too early", "hint": "Counter."}
    assert ask(kind="consequence", key="order", answer=["q", "p"])["data"] is None


def test_what_a_cell_checks_reaches_every_view(talk: tuple[ExerciseWidget, Any]) -> None:
    widget, _ = talk
    other, stranger = ExerciseWidget(widget.exercise), ExerciseWidget(every_kind())
    heard: dict[str, list[Any]] = {"widget": [], "other": [], "stranger": []}
    for name, one in (("widget", widget), ("other", other), ("stranger", stranger)):
        one.send = lambda content, buffers=None, name=name: heard[name].append(content)
    widget.exercise.check({"x": 3, "fix": len})
    told = {
        "x": {"kind": "wrong", "text": "3 is not right.", "hints": ["M1 name"], "more": True},
        "fix": {"kind": "right", "text": "Right.", "hints": [], "more": False},
    }
    message = {"kind": "judged", "data": told}
    assert heard == {"widget": [message], "other": [message], "stranger": []}
    assert widget.state["answers"]["x"] == other.state["answers"]["x"] == 3
    assert stranger.state["answers"] == {}
    heard["widget"].clear()
    widget._on_message(widget, {"nonce": "n", "kind": "check", "answers": {"x": "7"}}, [])
    assert [content["kind"] for content in heard["widget"]] == ["answer"]  # who asks gets one answer
    assert heard["other"][-1]["data"]["x"]["kind"] == "right"
    other.close()
    count = len(heard["other"])
    widget.exercise.check({"x": 7})
    assert len(heard["other"]) == count


def test_hints_of_what_python_alone_judges_are_given_where_it_is_checked() -> None:
    wrong = Judgement("fix", False, "wrong", "No.", (), ("one", "two", "three"))
    exercise = replace(every_kind(), questions=(Checked("fix", "in Python", check=lambda answer: wrong),))
    widget, heard = ExerciseWidget(exercise), []
    widget.send = lambda content, buffers=None: heard.append(content)
    exercise.check({"fix": 1})
    assert heard[-1]["data"]["fix"] == {"kind": "wrong", "text": "No.", "hints": ["one"], "more": False}
    exercise.check({"fix": 2})
    assert heard[-1]["data"]["fix"]["hints"] == ["one", "two"]


def test_in_marimo_the_widget_is_put_into_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    shown_: list[Any] = []
    running = True
    marimo = types.SimpleNamespace(
        running_in_notebook=lambda: running, output=types.SimpleNamespace(append=shown_.append)
    )
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    exercise = every_kind()
    exercise.show()
    assert len(shown_) == 1
    assert isinstance(shown_[0], ExerciseWidget)
    assert shown_[0].exercise is exercise
    running = False
    exercise.show()
    assert len(shown_) == 1


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"kind": 1},
        {"kind": "check"},
        {"kind": "check", "answers": [1]},
        {"kind": "check", "answers": {"y": 1}},
        {"kind": "check", "answers": {"x": "1" * 20_000}},
        {"kind": "hint"},
        {"kind": "hint", "key": ["x"]},
        {"kind": "consequence", "key": "x", "answer": []},
        {"kind": "keep", "answers": {1: 2}},
    ],
)
def test_a_message_that_means_nothing_is_answered_in_words(talk: tuple[ExerciseWidget, Any], content: Any) -> None:
    widget, ask = talk
    assert ask(**content)["error"]
    assert widget.exercise.answers == {}
    for other in (None, "x", {"kind": "check"}, {"nonce": 3}):
        widget._on_message(widget, other, [])  # nobody waits for an answer


# ------------------------------------------------------------------------------------------------ files


def test_the_page_carries_all_and_asks_nobody(tmp_path: Path) -> None:
    exercise = gad.exercises.adjoints(fork, a=17.0, b=19.0)
    path = exercise.save(tmp_path / "exercise.html")
    text = path.read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert set(re.findall(r"https?://[^\"'\s<>]+", text)) == {"http://www.w3.org/2000/svg"}
    packed = re.search(r'id="gad-payload">([^<]*)<', text)
    assert packed is not None
    data = unpack(packed[1])
    assert [one["right"] for one in data["sheet"]["questions"]] == [36, 323, 935, 1007]
    assert (
        data["place"]
        != unpack(
            re.search(r'id="gad-payload">([^<]*)<', page(gad.exercises.adjoints(fork, a=2.0, b=19.0)))[1]  # type: ignore[index]
        )["place"]
    )


def test_the_picture_and_what_cannot_be_saved(tmp_path: Path) -> None:
    exercise = gad.exercises.adjoints(fork, a=17.0, b=19.0)
    assert exercise.save(tmp_path / "exercise.svg").read_text(encoding="utf-8").startswith("<svg")
    for name, words in (("x.png", "unknown suffix '.png'"), ("no/x.svg", "does not exist")):
        with pytest.raises(ArgumentError, match=re.escape(words)):
            exercise.save(tmp_path / name)
    with pytest.raises(ArgumentError, match="has no picture"):
        every_kind().save(tmp_path / "x.svg")
    with pytest.raises(ArgumentError, match="path must be a file name"):
        exercise.save(3)  # type: ignore[arg-type]
    assert [file.name for file in tmp_path.iterdir()] == ["exercise.svg"]


def test_the_plain_form_is_text_whatever_it_says() -> None:
    script = "</script><script>alert(1)</script>"
    x = gad.variable(2.0, name="<img src=x onerror=alert(1)>")
    exercise = gad.exercises.adjoints(gad.graph(x * x))
    exercise = replace(exercise, title=script, prompt=script, goal=script, code=script, given={script: script})
    exercise = replace(exercise, questions=(*exercise.questions, Choice(script, script, "p", (Option("p", script),))))
    bundle = exercise._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", "image/svg+xml"}
    tags = set(re.findall(r"<(\w+)", re.sub(r'(alt|src)="[^"]*"', "", bundle["text/html"])))
    assert tags == {"p", "img", "pre", "ol", "li"}
    assert bundle["text/html"].count("<img") == 1
    assert script in bundle["text/plain"]
    assert page(exercise).count("<script") == 3  # two of data, and one that runs


# ------------------------------------------------------------------------------------------------ two judges

ANSWERS: dict[str, list[Any]] = {
    "x": [
        "7", "7.001", " 14/2 ", "3", "6/2", "4", "8/2", "-7", "5", "7.5", "7.002/1", "3.002/1", "x", "",
        "0,5", "1,000", "1/0", "inf", "nan", "[7]", "[7, 1]", "−7", "1e3", "1" * 201,
    ],
    "W": [
        "[[1, 2.5], [0, 1/3]]", "[[1, 2.5], [0, 0.3333]]", "[[1, 0], [2.5, 1/3]]", "[[-1, -2.5], [0, -1/3]]", "3",
        "[1, 2]", "[[1, 2], [3]]", "[[1, 2.5], [0, 0.3333/1]]", "[]", "[[1, 2.5], [0, 1/3]", "[[1, 2.5], [0, 1/3]]]",
        "1, 2", "[[1, 2.5], [0, x]]", "[1,]", "[" * 40 + "1" + "]" * 40,
    ],
    "v": ["[3, inf]", "[3, -inf]", "[3, 4]", "[-3, -inf]"],
    "s": ["1/3", "0.3333", "0.33333334/1", "0.4"],
    "zero": ["0", "1", "1e-13", "0/4"],
    "choice": ["p", "q", "r"],
    "several": [["p"], ["q"], ["p", "q"], ["q", "p"], ["p", "z"], [], ["z"]],
    "none": [[], ["p"]],
    "order": [["q", "p"], ["p", "q"], ["q"], ["p"], ["q", "p", "z"], ["z"], []],
    "why": ["because", "  "],
}  # fmt: skip

SCRIPT = """
import { readFileSync } from "node:fs";
const { judgement, consequenceOf } = await import(process.argv[1]);
const { questions, cases, orders } = JSON.parse(readFileSync(0, "utf-8"));
const of = (key) => questions.find((one) => one.key === key);
console.log(JSON.stringify({
  judged: cases.map(([key, answer]) => judgement(of(key), answer)),
  follows: orders.map(([key, answer]) => consequenceOf(of(key), answer)),
}));
"""


def judged_by_the_page(exercise: Exercise, cases: list[Any], orders: list[Any]) -> dict[str, Any]:
    node = find_node()
    if node is None:
        pytest.fail(NO_NODE, pytrace=False)
    module = (ROOT / "graphviz_ad" / "widget" / "static" / "judging.js").as_uri()
    data = {"questions": sheet(exercise, page=True)["questions"], "cases": cases, "orders": orders}
    done = subprocess.run(
        [*node[0], "--input-type=module", "-e", SCRIPT, module],
        input=json.dumps(data), capture_output=True, text=True, check=False, timeout=60, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compared(exercise: Exercise, cases: list[Any], orders: list[Any]) -> None:
    """What the page says is what Python says; of what cannot be read only that it cannot be."""
    found = judged_by_the_page(exercise, cases, orders)
    questions = {one.key: one for one in exercise.questions}
    for (key, answer), theirs in zip(cases, found["judged"], strict=True):
        ours = questions[key].judge(answer)
        assert theirs["kind"] == ours.kind, (key, answer, theirs, ours)
        if ours.kind != "unread":
            said = theirs["text"], tuple(theirs["codes"]), tuple(theirs["hints"])
            assert said == (ours.text, ours.misconceptions, ours.hints), (key, answer)
    for (key, answer), theirs in zip(orders, found["follows"], strict=True):
        order = questions[key]
        assert isinstance(order, Order)
        follows = order.consequence(answer)
        assert (theirs and theirs["text"]) == (follows and follows.text), (key, answer)


def test_the_page_judges_as_python_does() -> None:
    cases = [[key, answer] for key, answers in ANSWERS.items() for answer in answers]
    compared(every_kind(), cases, [["order", answer] for answer in (["p"], ["q"], ["q", "p"], ["z"], ["p", "q"])])


def test_the_page_tells_what_a_node_would_send_as_python_does() -> None:
    exercise = gad.exercises.order(fork, a=2.0, b=3.0)
    question = next(one for one in exercise.questions if isinstance(one, Order))
    keys = [one.key for one in question.items]
    rng = np.random.default_rng(0)
    answers = [[str(key) for key in rng.permutation(keys)[: rng.integers(1, len(keys) + 1)]] for _ in range(40)]
    cases = [[question.key, answer] for answer in answers]
    compared(exercise, cases, cases)


@pytest.mark.slow
def test_the_page_judges_the_whole_catalogue_as_python_does() -> None:
    """The right answers and the numbers of all fingerprints, as a person would write them."""
    names = [getattr(row, "name", row) for row in gad.exercises.catalogue()]
    assert len(names) >= 40
    for name in names:
        exercise = gad.exercise(name, seed=3)
        cases = []
        for question in exercise.questions:
            if isinstance(question, Number):
                given = [question.solution, *(np.asarray(one.value).tolist() for one in question.fingerprints)]
                cases += [[question.key, json.dumps(number)] for number in given]
            elif not isinstance(question, Checked | Text):
                cases.append([question.key, question.solution])
        compared(exercise, cases, [])


def test_an_expression_is_for_python() -> None:
    found = judged_by_the_page(every_kind(), [["x", "2*3 + 1"], ["x", "(7)"], ["x", "x"]], [])
    python, brackets, letters = (one["text"] for one in found["judged"])
    assert "needs Python" in python
    assert "needs Python" in brackets or "needs Python" in letters
