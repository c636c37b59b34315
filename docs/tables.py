"""Writes coverage.md, errors.md, exercises.md and curriculum.md: `make tables` runs it, a test compares."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special

import graphviz_ad as gad
from docs.course import curriculum
from graphviz_ad import errors
from graphviz_ad.core import sweep
from graphviz_ad.core.instead import INSTEAD
from graphviz_ad.core.primitive import COMPLEX, HANDLERS, METHODS, Primitive, declare_late, function_name
from graphviz_ad.core.pytree import leaves
from graphviz_ad.core.traced import IN_PLACE, Traced
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS

FOLDER = Path(__file__).parent
declare_late()  # the rules for SciPy's functions

COVERAGE = """\
# What has a derivative

Made from the code by `make tables`; a test fails when this page and the code disagree.

A traced value goes through these functions, operators and methods. Everything else is an error that says so
([UnsupportedError](errors.md)). Each function takes the arguments that are listed, by position and by name as in NumPy;
a value of theirs that has no rule is an error that names the argument. `out=` is always refused; elementwise functions
also take `where=`, `dtype=` and the other arguments of ufuncs at their defaults.

Inputs and results are real; values between them may be complex
([decision 0010](decisions/0010-complex-values.md)). These primitives take complex values, all others refuse them:
{complex}.

- **Becomes**: the primitives that the function is in a graph, in some of its forms. "–": no node, since it only asks
  for the form of the value and gives plain numbers, or gives the value as it is.
- **Kind**: *elementwise*: each element by itself, so a local derivative is an array of the output's shape; *linear*:
  the derivative is the function itself; *general*: with rules of its own; *no derivative*: in the graph and replayed,
  but a break: bools, ints and steps.
- **Modes**: reverse, forward, or both. **Many seeds**: whether a Jacobian sends all its seeds through one sweep ("at
  once") or repeats the rule for each ("one by one").
"""

# -- which primitives a call becomes: the calls are made, and their graphs looked at ------------

TRACED = {
    "v": np.array([0.2, 0.5, 0.3, 0.7]),
    "w": np.array([0.6, 0.1, 0.4, 0.8]),
    "u": np.array([0.3, 0.1, 0.2]),
    "A": np.array([[0.9, 0.2, 0.1], [0.2, 0.8, 0.3], [0.1, 0.3, 0.7]]),
    "B": np.array([[0.5, 0.1, 0.2], [0.4, 0.6, 0.3], [0.2, 0.1, 0.9]]),
    "C": np.arange(1.0, 9.0).reshape(2, 2, 2) / 10,
    "x": 0.3,
}
PLAIN = {
    "np": np,
    "n": np.array([0, 2, 1, 0]),
    "m": np.array([True, False, True, True]),
    "p": np.array([0.1, 0.2, 0.3, 0.4]),
    "double": lambda x: x * 1,
}
CALLS = (
    "f(x) | f(v) | f(A) | f(C) | f(v, w) | f(A, B) | f(A, u) | f(u, A) | f(u, u) | f(p, v) | f(n, v) | f(v, n)",
    "f(x, v) | f(v, 0) | f(v, 1) | f(v, -1) | f(v, 2) | f(v, 50) | f(v, 0.5) | f(A, 1) | f(A, 3) | f(C, 2)",
    "f(v, [1, 2]) | f(v, (2, 2)) | f(v, (2, 4)) | f(v, v.shape) | f(A, 0, 1) | f(A, 0, -1) | f(A, (0, 1))",
    "f(C, (0, 1), (1, 0)) | f(A, B, 1) | f(v, 1, 0) | f(v, 1, w) | f(v, 0, w) | f(v, n, 0) | f(v, 0.1, 0.9)",
    "f(v, None, 0.9) | f(v, w, p) | f(v, p, w) | f(m, v) | f(m, v, w) | f(v, m, 1.0) | f(v, m)",
    "f([m, ~m], [v, w]) | f(b, b) | f(b) | f(n, [v, w, v]) | f([v, w]) | f([v, w], 1) | f([A, B]) | f([[A], [B]])",
    "f('i,i->', v, w) | f(v, [m], [double]) | f(np.sum, 0, A) | f(np.sum, A, 0) | f(double, v) | f(v, n, w, 0) | f(z)",
)
"""Calls that are tried with every function; a function that none of them fits needs one more."""


VARIABLES = {name: gad.variable(value, name) for name, value in TRACED.items()}
BOOLS = VARIABLES["v"] > 0.4
PHASES = 1j * VARIABLES["v"]
GIVEN = {BOOLS.index, PHASES.index}


def made(expression: str, function: Any = None) -> set[Primitive]:
    """The primitives behind an expression in the values above; ``b`` are traced bools, ``z`` complex numbers."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        result = eval(expression, {**PLAIN, **VARIABLES, "b": BOOLS, "z": PHASES, "f": function})
    nodes = sweep.ancestors([leaf for _, leaf in leaves(result) if type(leaf) is Traced])
    return {node.primitive for node in nodes if node.primitive is not None and node.index not in GIVEN}


def primitives_of(function: Any) -> set[Primitive] | str:
    """The primitives that a NumPy function becomes; the reason, where every call is refused."""
    found: list[set[Primitive]] = []
    refused: list[str] = []
    for call in " | ".join(CALLS).split(" | "):
        try:
            found.append(made(call, function))
        except (errors.ImmutableError, errors.UnsupportedError) as error:
            if "positional arguments" not in str(error):
                refused.append(placeless(error))
        except Exception:  # noqa: BLE001  (a call that does not fit this function)
            continue
    if not found and not refused:
        raise ValueError(f"no call in CALLS fits {names_of(function)}: add one to {Path(__file__).name}")
    return refused[0] if refused and not any(found) else set().union(*found)


def placeless(error: BaseException) -> str:
    """A message without the line of code that it names."""
    return re.sub(r" at line \d+ of [^\s,]+( \(`[^`]*`\))?", "", str(error))


# -- names and signatures -----------------------------------------------------------------------

MODULES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft, "np.lib.stride_tricks": np.lib.stride_tricks}
MODULES |= {"scipy.special": scipy.special}


def names_of(function: Any) -> list[str]:
    """What a user can call a NumPy function, its own name first."""
    found = [
        f"{prefix}.{name}"
        for prefix, module in MODULES.items()
        for name, value in vars(module).items()
        if value is function and not name.startswith("_")
    ]
    return sorted(found, key=lambda name: (name.rpartition(".")[2] != function.__name__, name))


def arguments_of(handler: Callable[..., Any]) -> str:
    """A handler's parameters as NumPy's reader knows them; refused ones and ufunc options are left out."""
    shown: list[inspect.Parameter] = []
    for parameter in inspect.signature(handler).parameters.values():
        if parameter.name == "out" or parameter.kind is parameter.VAR_KEYWORD:
            continue
        default = parameter.default
        if default is not parameter.empty and not isinstance(default, bool | int | float | str | tuple | None):
            default = Ellipsis  # a mark for "not given"
        shown.append(parameter.replace(annotation=parameter.empty, default=default))
    return str(inspect.Signature(shown))[1:-1].replace(" /,", "").replace(", /", "").replace("Ellipsis", "…")


def code(texts: Iterable[str]) -> str:
    """Words as code, for a table's cell."""
    return ", ".join(f"`{text}`" for text in texts).replace("|", "\\|")


# -- coverage -----------------------------------------------------------------------------------

KINDS = {
    "elementwise": "elementwise",
    "linear": "linear",
    "general": "general",
    "plain": "no derivative",
    "cut": "a cut",
}


def described(primitives: set[Primitive]) -> list[str]:
    """The cells that say what a set of primitives is: names, kinds, modes, and many seeds."""
    if not primitives:
        return ["–", "no node", "–", "–"]
    smooth = [primitive for primitive in primitives if primitive.partials or primitive.vjps or primitive.jvps]
    modes = [
        name
        for name, rules in (("reverse", "vjps"), ("forward", "jvps"))
        if smooth and all(primitive.partials or getattr(primitive, rules) for primitive in smooth)
    ]
    seeds = ("at once" if all(primitive.batched for primitive in smooth) else "one by one") if smooth else "–"
    kinds = [text for kind, text in KINDS.items() if any(primitive.kind == kind for primitive in primitives)]
    names = sorted(primitive.name for primitive in primitives)
    return [code(names), ", ".join(kinds), "both" if len(modes) == 2 else " ".join(modes) or "–", seeds]


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def functions() -> tuple[str, dict[str, str]]:
    """The tables of functions, one for each module; and what is refused: name -> message."""
    groups: dict[Any, list[str]] = {}
    for function, handler in HANDLERS.items():
        if not isinstance(function, str):
            names = names_of(function)
            if names:
                groups.setdefault((getattr(function, "__module__", None), handler), []).extend(names)
    rows: dict[str, list[list[str]]] = {}
    refused: dict[str, str] = {}
    for (_, handler), names in groups.items():
        function = next(key for key, value in HANDLERS.items() if value is handler and names[0] in names_of(key))
        primitives = primitives_of(function)
        if isinstance(primitives, str):
            refused[names[0]] = primitives
        else:
            cells = [code(names), code([arguments_of(handler.handler)]), *described(primitives)]  # type: ignore[attr-defined]
            rows.setdefault(names[0].rpartition(".")[0], []).append(cells)
    text = ""
    for module in MODULES:
        if module in rows:
            head = ["Function", "Arguments", "Becomes", "Kind", "Modes", "Many seeds"]
            text += f"\n## {module}\n\n" + table(head, sorted(rows[module], key=lambda row: row[0].lower()))
    return text, refused


OPERATORS = (
    "v + w ; v - w ; v * w ; v / w ; v ** w ; v // w ; v % w ; divmod(v, w) ; A @ B ; -v ; +v ; abs(v)",
    "v < w ; v <= w ; v > w ; v >= w ; v == w ; v != w ; b & b ; b | b ; b ^ b ; ~b",
    "v[0] ; v[1:] ; A[:, None] ; v[m] ; v[b] ; v[[0, 0]] ; [*v] ; v.T ; v.copy() ; v.flatten()",
    "v.astype('f4') ; v.astype(int) ; bool(x) ; float(x) ; int(x)",
    "round(x) ; complex(x) ; np.array([x]) ; x.item() ; v.tolist() ; hash(x) ; {x: 1}",
)


def operators() -> str:
    """The table of what Python itself does with a traced value."""
    rows = []
    for expression in " ; ".join(OPERATORS).split(" ; "):
        try:
            rows.append([code([expression]), *described(made(expression))])
        except errors.GraphvizADError as error:
            rows.append([code([expression]), type(error).__name__, "–", "–", "–"])
    return table(["Expression", "Becomes", "Kind", "Modes", "Many seeds"], rows)


def methods() -> str:
    """What an array's methods and attributes are on a traced value."""
    value = VARIABLES["A"]
    there = [name for name in dir(np.ndarray) if not name.startswith("_") and hasattr(value, name)]
    attributes = [name for name in there if not callable(getattr(value, name))]
    same = [name for name in there if HANDLERS.get(getattr(np, name, None)) and name not in {*attributes, *IN_PLACE}]
    return (
        f"Attributes: {code(attributes)}.\n\nMethods that are the functions of their names: {code(same)}.\n\n"
        "These change an array in place, and are refused:\n\n"
        + table(["Method", "Instead"], [[code([f"x.{name}()"]), remedy] for name, remedy in sorted(IN_PLACE.items())])
    )


def ufunc_methods() -> str:
    """The methods of ufuncs that have a rule."""
    rows: dict[str, list[str]] = {}
    for ufunc, method in METHODS:
        rows.setdefault(method, []).append(function_name(ufunc))
    return table(
        ["Method", "Of these ufuncs"],
        [[code([f".{method}"]), code(sorted(set(names)))] for method, names in sorted(rows.items())],
    )


def without_rule() -> dict[str, str]:
    """Functions without rule for which there is something to write instead."""
    found = {}
    for label, remedy in INSTEAD.items():
        function: Any = np
        for name in label.split(".")[1:]:
            function = getattr(function, name, None)
        outside = not label.startswith("np.") or label.endswith(".*")
        if outside or (function is not None and (isinstance(function, type) or function not in HANDLERS)):
            found[label] = remedy
    return found


def coverage() -> str:
    """The page docs/coverage.md."""
    tables, refused = functions()
    refused |= without_rule()
    return (
        COVERAGE.replace("{complex}", code(sorted(COMPLEX)))
        + tables
        + "\n## Operators and exits\n\n`v`, `w` are arrays of floats, `A`, `B` matrices, `x` a float, `b` an array of "
        "bools; all are traced. `m` is a plain\narray of bools.\n\n"
        + operators()
        + "\n## Methods\n\n"
        + methods()
        + "\n## Methods of ufuncs\n\n"
        + ufunc_methods()
        + "\n## Refused, with something to write instead\n\n"
        + "`module.*` stands for all functions of a module that have no line of their own.\n\n"
        + table(["Function", "What the error says"], [[code([name]), text] for name, text in sorted(refused.items())])
    )


# -- errors -------------------------------------------------------------------------------------

ERRORS = """\
# Errors

Made from graphviz_ad/errors.py by `make tables`; a test fails when this page and the code disagree.

Every error that this package raises on purpose is one of these classes. Its message says what happened, at which line
of your code, and what to write instead.
"""


def error_classes() -> list[type[errors.GraphvizADError]]:
    """Every class of graphviz_ad/errors.py, in its order."""
    return [value for value in vars(errors).values() if isinstance(value, type) and value.__module__ == errors.__name__]


def parts_of(kind: type[BaseException]) -> dict[str, str]:
    """A docstring taken apart: what, Cause, Remedy, Examples."""
    text, _, examples = inspect.cleandoc(kind.__doc__ or "").partition("\nExamples\n--------\n")
    what, cause, remedy = re.fullmatch(r"(.*?)\n\nCause: (.*?)\n\nRemedy: (.*)", text.strip(), re.DOTALL).groups()  # type: ignore[union-attr]
    return {"what": what, "cause": cause, "remedy": remedy, "examples": examples.strip()}


def prose(text: str) -> str:
    """A docstring's paragraph as one line of Markdown for each paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in text.replace("``", "`").split("\n\n"))


def built_in_bases(kind: type[BaseException]) -> list[str]:
    """Python's own errors that a class is as well."""
    own = [base for base in kind.__mro__ if base.__module__ == errors.__name__]
    bases = dict.fromkeys(base.__name__ for one in own for base in one.__bases__ if base.__module__ == "builtins")
    return [name for name in bases if name != "Exception"] or ["Exception"]


def error_page() -> str:
    """The page docs/errors.md."""
    pages = [ERRORS]
    for kind in error_classes():
        parts = parts_of(kind)
        name = f"gad.{kind.__name__}" if hasattr(gad, kind.__name__) else f"graphviz_ad.errors.{kind.__name__}"
        example = re.sub(r" +# doctest: .*", "", parts["examples"])
        pages.append(
            f"## {kind.__name__}\n\n`{name}`, built on {' and '.join(code([base]) for base in built_in_bases(kind))}. "
            f"{prose(parts['what'])}\n\n**Cause:** {prose(parts['cause'])}\n\n**Remedy:** {prose(parts['remedy'])}\n\n"
            f"```pycon\n{example}\n```\n"
        )
    return "\n".join(pages)


# -- exercises ------------------------------------------------------------------------------------

EXERCISES = """\
# The exercises

Made from the code by `make tables`; a test fails when this page and the code disagree.

`gad.exercise("multi-path", seed=student_id)` takes one of these {count} exercises: each student gets numbers of their
own, always the same ones, on every machine. `gad.exercises.catalogue()` shows this table in a notebook; `type=`,
`item=` and `tells=` choose from it. `blanks=` and `direction=` leave only the last or the first steps open,
`explain=True` asks for a sentence at the end. Most types are there for any function, too:
`gad.exercises.adjoints(f, x=2.0)`.

- **From**: the items of the curriculum that it practises, and the errors in its sources ("E9") that it is about.
- **Tells apart**: the misconceptions that have numbers or answers of their own there; see the list below.

| Type | What is asked |
|---|---|
{kinds}
"""
ASKED = {
    "X1": "values, forwards",
    "X2": "local derivatives, one for each edge",
    "X3": "adjoints, backwards",
    "X4": "paths, their products and sum",
    "X5": "the order of the sweep",
    "X6": "to add, or to set",
    "X7": "the bug in a backward pass",
    "X8": "a repair of a broken graph",
    "X9": "adjoints put together by shapes",
    "X10": "lines of a backward pass, to be ordered",
    "X11": "what depth does to adjoints",
    "X12": "a remedy",
    "X13": "a function with given adjoints",
    "X14": "what is kept for the way back",
    "X15": "the effect of a small change",
    "X16": "an explanation in words, not graded",
}


def exercise_page() -> str:
    """docs/exercises.md."""
    table = gad.exercises.catalogue()
    kinds = "\n".join(f"| {kind} | {what} |" for kind, what in ASKED.items())
    pages = [EXERCISES.format(count=len(table), kinds=kinds)]
    columns = "| Name | Type | Title | Goal | From | Tells apart |\n|---|---|---|---|---|---|"
    rows = [
        f"| `{name}` | {kind} | {title} | {goal} | {item} | {tells} |".replace("  |", " |")
        for name, kind, title, goal, item, tells in table.rows
    ]
    pages.append("\n".join([columns, *rows, ""]))
    told = {code: one for code, one in MISCONCEPTIONS.items() if any(code in entry.codes for entry in table)}
    rows = [f"| {code} | {one.title} |" for code, one in told.items()]
    pages.append("\n".join(["## The misconceptions", "", "| Code | What it is |", "|---|---|", *rows, ""]))
    return "\n".join(pages)


PAGES: dict[str, Callable[[], str]] = {
    "coverage.md": coverage,
    "errors.md": error_page,
    "exercises.md": exercise_page,
    "curriculum.md": curriculum.page,
}


if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
