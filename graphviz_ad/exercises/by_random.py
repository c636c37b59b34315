"""Random graphs as exercises: a function drawn line by line, deeper and with more forks as it gets harder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from graphviz_ad.exercises.entries import Entry, Tells
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.generator import SMALL, WHOLE, Draw, collisions, program, too_hard
from graphviz_ad.exercises.numbers import adjoints
from graphviz_ad.exercises.questions import Number

CORE = ("M1", "M2", "M3", "M4", "M4b", "M5", "M6", "M8", "M12", "M16", "sum")
"""The misconceptions that a random graph should tell apart."""
LEAST = {1: 3, 2: 3, 3: 3, 4: 3, 5: 2}
"""By difficulty how many of them it must, at one input at least."""
_LEVELS: Mapping[int, tuple[int, int, tuple[str, ...]]] = {
    1: (1, 3, ()),
    2: (2, 4, ()),
    3: (2, 5, ("np.sin({})", "np.exp(-{})", "np.tanh({})")),
    4: (3, 6, ("np.sin({})", "np.tanh({})", "np.maximum(0, {})", "np.log(1 + {}**2)")),
    5: (2, 5, ("np.maximum(0, {})", "np.tanh({})")),
}
"""By difficulty the number of inputs, of lines, and the functions that occur."""
_LINES = ("{} * {}", "{} + {}", "{} - {}")
_SINGLE = ("{}**2", "3 * {}", "{} + 2", "2 * {}")
_NAMES = "uvpqrsz"


def text_of(draw: Draw, difficulty: int) -> str:
    """The lines of a random function: every value is used, from the second difficulty on some of them twice."""
    inputs, lines, functions = _LEVELS[difficulty]
    names = list("xwb"[:inputs])
    body: list[str] = []
    unused = list(names)
    used: list[str] = []
    wild = draw.below(lines - 1) if functions else -1
    for number in range(lines):
        last = number == lines - 1
        one = draw.pick(unused)
        if number == wild:
            line = draw.pick(functions).format(one)
            taken = [one]
        elif len(names) == 1 and difficulty == 1:
            line = draw.pick(_SINGLE if number else _SINGLE[:1]).format(one)
            taken = [one]
        elif not last and len(unused) == 1 and draw.below(3) == 0:
            line, taken = draw.pick(_SINGLE).format(one), [one]
        else:
            others = [name for name in [*unused, *used] if name != one]
            other = draw.pick(others)
            line, taken = draw.pick(_LINES).format(one, other), [one, other]
        unused = [name for name in unused if name not in taken]
        used += [name for name in taken if name not in used]
        made = "y" if last else _NAMES[number]
        body.append(f"    {made} = {line}")
        unused.append(made)
    end = "y"
    left = [name for name in unused if name != "y"]
    if left:  # nothing may be lost: the rest is added at the end
        body.append(f"    t = {' + '.join(['y', *left])}")
        end = "t"
    if difficulty == 5:
        body.append(f"    L = np.sum({end})")
        end = "L"
    return f"def random_graph({', '.join(names)}):\n" + "\n".join(body) + f"\n    return {end}\n"


def _make(_entry: Entry, draw: Draw, options: Mapping[str, Any]) -> tuple[Exercise, Tells, str]:
    difficulty = options["difficulty"]
    text = text_of(draw, difficulty)
    numbers = WHOLE if difficulty < 3 else (*SMALL, 2.0)
    inputs = _LEVELS[difficulty][0]
    point: dict[str, Any] = {name: draw.pick(numbers) for name in "xwb"[:inputs]}
    if difficulty == 5:
        point["x"] = draw.array((3,), (-2.0, -1.0, 0.5, 1.0, 2.0))
    made = adjoints(program(f"random {difficulty}", text), **point)
    made = replace(made, code=text.rstrip())
    names = [one.key for one in made.questions]
    bad = too_hard(made.graph, names) if made.graph is not None else ""
    tells = told_apart(made)
    if not bad and max((len(codes) for codes in tells.values()), default=0) < LEAST[difficulty]:
        bad = "too few mistakes can be told apart"
    return made, tells, bad


def told_apart(exercise: Exercise, keys: Iterable[str] = ("x", "w", "b")) -> dict[str, tuple[str, ...]]:
    """By input the misconceptions of `CORE` that a random graph tells apart from all others."""
    found = {}
    for question in exercise.questions:
        if isinstance(question, Number) and question.key in keys:
            mixed = {code for pair in collisions(question) for code in pair}
            codes = dict.fromkeys(one.code for one in question.fingerprints)
            found[question.key] = tuple(code for code in codes if code in CORE and code not in mixed)
    return found


RANDOM = (
    Entry(
        "random", "X3", "A random graph", "Find the adjoints of a graph that nobody has seen before", "30, 79, 96",
        finds=("M1", "M3", "M4", "M16"), options={"difficulty": (2, 1, 3, 4, 5)}, make=_make,
    ),
)  # fmt: skip
