"""X7: the right programs agree with the graph, and each bug does not, or only where all shapes are square."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.exercises.bugs import matching
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.exercises.mutants import BUGS, Bug
from graphviz_ad.exercises.programs import PROGRAMS, Program

NAMELESS = {"M13"}  # misconceptions whose texts stand with their questions


def run(lines, program: Program, args):
    """What a program of our own table returns."""
    scope = {"np": np, "f": program.f}
    exec("\n".join(lines), scope)
    name = lines[0].split("def ")[1].split("(")[0]
    copies = {key: np.array(value) if isinstance(value, np.ndarray) else value for key, value in args.items()}
    with np.errstate(all="ignore"):
        return scope[name](**copies)


def wanted(program: Program, args):
    if program.expected is not None:
        adjoints = {}
        if program.name == "step":
            rest = {key: value for key, value in args.items() if key != "rate"}
            graph = gad.trace(program.f, **rest).backward()
            adjoints = {node.name: node.adjoint for node in graph.inputs}
        return program.expected(args, adjoints)
    floats = {key: np.asarray(value, float) if key != "labels" else value for key, value in args.items()}
    graph = gad.trace(program.f, **floats).backward()
    found = tuple(graph[name].adjoint for name in program.wanted)
    return found if len(found) > 1 else found[0]


def agrees(found, right, rtol) -> bool:
    if not isinstance(right, tuple):
        found, right = (found,), (right,)
    return len(found) == len(right) and all(
        np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=rtol, atol=rtol)
        for a, b in zip(found, right, strict=True)
    )


def arguments(bug: Bug, which: str = "args"):
    args = dict(getattr(bug.of, which))
    for name, text in bug.args:
        args[name] = eval(text, {"np": np, **bug.of.args})
    return args


def differs(lines, program, args) -> str:
    """How a program goes wrong: "raises", "numbers"; "" for not at all."""
    right = wanted(program, args)
    try:
        found = run(lines, program, args)
    except (ValueError, IndexError, TypeError):
        return "raises"
    return "" if agrees(found, right, program.rtol) else "numbers"


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_right_program_agrees_with_the_graph(name):
    program = PROGRAMS[name]
    assert not differs(program.text, program, program.args)
    if program.square is not None:
        assert not differs(program.text, program, program.square)
        shapes = [np.shape(value) for value in program.square.values()]
        assert all(len(set(shape)) == 1 or 1 in shape for shape in shapes if len(shape) == 2)


@pytest.mark.parametrize("name", BUGS)
def test_each_bug_goes_wrong(name):
    bug = BUGS[name]
    assert differs(bug.lines, bug.of, arguments(bug)), "the mutant does what the right program does"
    assert sum(a != b for a, b in zip(bug.lines, bug.of.text, strict=True)) == 1
    for other in bug.others:
        lines = list(bug.of.text)
        lines[bug.line - 1] = lines[bug.line - 1].replace(bug.right, other)
        assert differs(lines, bug.of, arguments(bug)), f"{other!r} is no wrong repair"


SQUARE = [name for name, bug in BUGS.items() if bug.of.square is not None and bug.code == "M7"]


@pytest.mark.parametrize("name", SQUARE)
def test_with_square_matrices_a_wrong_transpose_raises_nothing(name):
    bug = BUGS[name]
    assert differs(bug.lines, bug.of, arguments(bug, "square")) == "numbers"
    if name == "rnn: Whh not transposed":  # Whh is square whatever the sizes are
        return
    if differs(bug.lines, bug.of, arguments(bug)) != "raises":
        found = run(bug.lines, bug.of, arguments(bug))
        right = wanted(bug.of, bug.of.args)
        assert [np.shape(one) for one in found] != [np.shape(one) for one in right], "no shape would show it"


def test_the_table_is_whole():
    items = " ".join(bug.item for bug in BUGS.values())
    for item in (
        "E1",
        "E3",
        "E4",
        "E5",
        "E6",
        "E9",
        "E10",
        "E11",
        "E12",
        "E13",
        "E14",
        "E15",
        "E16",
        "E20",
        "E21",
        "E24",
    ):
        assert item in items.replace(",", "").split(), item
    codes = {bug.code for bug in BUGS.values()}
    assert {f"M{number}" for number in range(1, 9)} <= codes
    assert codes - {""} <= MISCONCEPTIONS.keys() | NAMELESS
    for bug in BUGS.values():
        assert [line.strip() for line in bug.of.text].count(bug.right) == 1
        assert bug.wrong != bug.right
        assert bug.right not in bug.others
        assert bug.wrong not in bug.others
        assert bug.question
        assert bug.told


@pytest.mark.parametrize("name", BUGS)
def test_the_exercise_of_each_bug(name):
    ex = gad.exercises.find_bug(name)
    assert ex.name == name
    assert ex.check(ex.solution).ok
    assert str(BUGS[name].line) == ex.solution["line"]
    line, repair = ex.questions
    assert ex.code.split("\n")[BUGS[name].line - 1].strip() == BUGS[name].wrong
    for question in (line, repair):
        for option in question.options:
            part = question.judge(option.key)
            assert part.ok == (option.key == question.right)
            if not part.ok:
                assert 1 < len(part.hints) <= 3
                assert BUGS[name].right not in part.hints[0]
                assert BUGS[name].right in part.hints[-1]
    assert len({option.text for option in repair.options}) == len(repair.options) > 1
    json.dumps([one.baked() for one in ex.questions], allow_nan=False)


def test_which_bug_a_seed_chooses():
    some = {gad.exercises.find_bug("M7", seed=number).name for number in range(30)}
    assert some > {gad.exercises.find_bug("M7").name}
    assert some <= set(matching("M7"))
    assert gad.exercises.find_bug("M7", seed="ada").name == gad.exercises.find_bug("M7", seed="ada").name
    with pytest.raises(gad.GraphvizADError, match=r"unknown bug: 'M99'.*attention"):
        gad.exercises.find_bug("M99")
