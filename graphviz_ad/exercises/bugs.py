"""X7: find the wrong line in a backward pass written by hand, and say what it should be."""

from __future__ import annotations

import zlib
from typing import Any

from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.mutants import BUGS, Bug
from graphviz_ad.exercises.questions import Choice, Option
from graphviz_ad.graph import Graph, trace

ELSEWHERE = 2
"""So many lines that would spoil another place stand among the repairs: they must not show where the bug is."""


def find_bug(name: str, seed: Any = None) -> Exercise:
    """X7: one line of a backward pass is wrong; which, and what should it be, is asked.

    Parameters
    ----------
    name : str
        A bug of `graphviz_ad.exercises.mutants.BUGS`, such as "attention: scale left out"; or a program
        ("attention"), a misconception ("M7") or an error of the sources ("E10"): then one of theirs.
    seed
        Which of several; the first one without.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> ex = gad.exercises.find_bug("linear: Wᵀ in the adjoint")
    >>> print(ex.code)
    def backward(X, W, b, G):
        Y = X @ W.T + b
        Y_bar = G
        X_bar = Y_bar @ W.T
        W_bar = Y_bar.T @ X
        b_bar = Y_bar.sum(axis=0)
        return X_bar, W_bar, b_bar
    >>> ex.solution
    {'line': '4', 'repair': 'c'}
    >>> print(ex.check({"line": 6, "repair": "c"}).message)
    line: “6: b_bar = Y_bar.sum(axis=0)” is not right. Write the shape below every factor, for matrices that are not \
square: does each adjoint get its own shape?
    """
    known = matching(name)
    if not known:
        names = sorted({bug.program for bug in BUGS.values()})
        raise ArgumentError(
            f"unknown bug: {name!r} (must be a key of graphviz_ad.exercises.mutants.BUGS, one of {names}, "
            "or a code such as 'M7' or 'E10')"
        )
    place = 0 if seed is None else zlib.crc32(str(seed).encode()) % len(known)
    key, bug = list(known.items())[place]
    made = f"Line {bug.line} should be “{bug.right}”, and is “{bug.wrong}”. {bug.told}"
    right = str(bug.line)
    lines = [
        Option(
            str(number), f"{number}: {line.strip()}", "", () if str(number) == right else (bug.question, bug.told, made)
        )
        for number, line in enumerate(bug.lines, 1)
        if number > 1
    ]
    asked = "In which line is the bug?"
    repairs, answer = _repairs(bug)
    questions = (Choice("line", asked, right, tuple(lines)), Choice("repair", "What should it be?", answer, repairs))
    prompt = f"This program is {bug.of.title}, and one of its lines is wrong."
    title = f"Find the bug: {bug.of.title}"
    code = "\n".join(bug.lines)
    return Exercise(key, "X7", title, prompt, questions, _graph(bug), item=bug.item, seed=seed, code=code)


def matching(name: str) -> dict[str, Bug]:
    """The bugs that a name stands for.

    Examples
    --------
    >>> list(matching("E20")), len(matching("E10")), matching("E100")
    (['jacobians: order of Jacobians'], 4, {})
    """
    if name in BUGS:
        return {name: BUGS[name]}
    return {
        key: bug
        for key, bug in BUGS.items()
        if name in (bug.program, bug.code, *(part.strip() for part in bug.item.split(",")))
    }


def _repairs(bug: Bug) -> tuple[tuple[Option, ...], str]:
    """What might stand in the place of the wrong line, and the key of what should."""
    shown = f"Line {bug.line} should be “{bug.right}”. {bug.told}"
    texts = {bug.right: Option("", bug.right)}
    for text in bug.others:
        texts[text] = Option("", text, "", (bug.question, bug.told, shown))
    elsewhere = [one for one in BUGS.values() if one.program == bug.program and one.line != bug.line]
    for other in elsewhere:
        if other.wrong not in texts and len(texts) < 2 + len(bug.others) - 1 + ELSEWHERE:
            hints = (f"“{other.right}” is right as it stands. {other.question}", bug.question, shown)
            texts[other.wrong] = Option("", other.wrong, other.code, hints)
    ordered = sorted(texts)
    options = tuple(
        Option("abcdefg"[place], text, texts[text].code, texts[text].hints) for place, text in enumerate(ordered)
    )
    return options, "abcdefg"[ordered.index(bug.right)]


def _graph(bug: Bug) -> Graph | None:
    """The graph of what is differentiated, with the right adjoints; None where a program returns something else."""
    program = bug.of
    if not program.wanted:
        return None
    return trace(program.f, **program.args).backward()
