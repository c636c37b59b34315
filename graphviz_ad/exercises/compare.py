"""Compares a backward pass written by hand with the traced graph: the first wrong node, and the mistake behind it."""

from __future__ import annotations

import html
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphviz_ad.core.pytree import leaves
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.case import Case, Subject, run
from graphviz_ad.exercises.draws import Draws, copied, from_shapes, guessed
from graphviz_ad.exercises.handwritten import argument_names, is_input, named, split
from graphviz_ad.exercises.misconceptions import MISCONCEPTIONS
from graphviz_ad.exercises.rows import SHAPE, WRONG, Row
from graphviz_ad.story.numbers import listed

SHAPES = ("random-nonsquare", "as given")
AS_GIVEN = "as given"
TURNED = "A factor without its ᵀ does that, or a sum over the wrong axis."


@dataclass(frozen=True)
class Comparison:
    """What the comparison of a backward pass with the graph came to.

    Attributes
    ----------
    ok
        Whether every gradient that is asked for was there and right, every time.
    message
        The feedback, in sentences.
    first
        The name of the first wrong node on the way back; None where nothing is wrong, or nothing came back.
    misconception
        The code of the mistake, where one alone explains the numbers; else None.
    table
        Of the case that the message is about, one row for each node: ``name``, ``status`` ("right", "wrong", "shape",
        "missing" or "unread"), ``yours``, ``right``, and ``error``, relative to the largest entry.
    cases
        All that was computed: the inputs as given, and every draw.
    """

    ok: bool
    message: str
    first: str | None
    misconception: str | None
    table: tuple[Row, ...]
    cases: tuple[Case, ...] = field(repr=False)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        left = ' style="text-align:left"'
        words = ("on the way back", "", "yours", "the graph's", "off by")
        head = "".join(f"<th{left}>{html.escape(word)}</th>" for word in words)
        rows = "".join(
            "<tr>" + "".join(f"<td{left}>{html.escape(text)}</td>" for text in row.texts()) + "</tr>"
            for row in self.table
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        return f"<p>{html.escape(self.message)}</p>{table}"


def compare(
    backward: Any,
    f: Callable[..., Any] | None = None,
    inputs: Any = None,
    *,
    shapes: str | Mapping[str, Any] = "random-nonsquare",
    seeds: int | Sequence[int] = 3,
    wrt: Sequence[str] | None = None,
    rtol: float = 1e-6,
) -> Comparison:
    """Compare a backward pass written by hand, in plain NumPy, with the traced graph of its function.

    The gradients are compared at the inputs given, and at random ones of other sizes, no two of which are equal by
    chance: in a square matrix a transposed factor would have the right shape.

    Parameters
    ----------
    backward : callable or object
        ``backward(inputs…)``, which returns gradients as a dictionary (``{"W": …}`` or ``{"dW": …}``; adjoints of other
        nodes may be in it), as a tuple in the order of the arguments, or one alone. Where it has one argument more than
        ``f``, or ``f`` gives an array and it has an argument left, that is the adjoint of the result. Or an object with
        methods ``loss`` or ``forward``, and ``backward``: its gradients are what ``backward`` returns and what it keeps
        (``self.dW``, ``self.grads``).
    f : callable, optional
        The function, as for `gad.trace`. Of an object: its ``loss``, else its ``forward``, if it is left out.
    inputs : dict, tuple, array or number, optional
        Arguments by name, or in order. Without them ``shapes`` may say what there is; else capitals are taken for
        matrices and other names for vectors or numbers, whatever ``f`` runs with.
    shapes : {"random-nonsquare", "as given"} or dict
        A dictionary gives shapes by argument, in which a letter is a size: ``{"X": ("B", "n"), "W": ("m", "n")}``.
    seeds : int or list of int
        How many random draws, or which.
    wrt : list of str, optional
        Whose gradients are asked for; without it those of all floats, or of all that the object holds.
    rtol : float
        Allowed error, relative to the largest entry of the right gradient.

    Returns
    -------
    Comparison

    Raises
    ------
    ArgumentError
        An option is unknown, or the function cannot be run with what is given.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> def loss(W, x, t):
    ...     y = W @ x
    ...     L = np.sum((y - t) ** 2)
    ...     return L
    >>> def backward(W, x, t):
    ...     dy = 2 * (W @ x - t)
    ...     return {"W": np.outer(x, dy), "x": W.T @ dy, "t": -dy}
    >>> found = gad.compare(backward, loss, {"W": np.eye(2), "x": np.ones(2), "t": np.zeros(2)})
    >>> found.ok, found.first, found.misconception
    (False, 'W', 'M7')
    """
    if isinstance(shapes, str) and shapes not in SHAPES:
        raise ArgumentError(f"unknown shapes: {shapes!r} (must be one of {list(SHAPES)}, or a dictionary)")
    numbers = _seeds(seeds)
    first = _as_args(inputs, f) if not isinstance(inputs, Mapping) else ()
    method, function, args = split(backward, f, first)
    if function is None or not callable(function):
        raise ArgumentError("compare needs the function too: gad.compare(backward, f, inputs).")
    names = argument_names(function, [None] * 99) if inputs is None or isinstance(inputs, Mapping) else []
    names = [name for name in names if not name.startswith("argument ")]
    given = inputs is not None
    if inputs is None or isinstance(inputs, Mapping):
        before = args

        def misfits(rest: tuple[Any, ...]) -> float:
            subject = Subject(method, function, argument_names(function, (*before, *rest)), _checked(wrt), rtol)
            case = run(subject, (*before, *rest), "a guess")
            return math.inf if case.problem else sum(row.status == SHAPE for row in case.rows)

        args = (*args, *_named_args(function, names[len(args) :], inputs, shapes, misfits))
    elif isinstance(shapes, Mapping):
        raise ArgumentError("give shapes by argument, or inputs; not both.")
    subject = Subject(method, function, argument_names(function, args), _checked(wrt), rtol)
    _fits(function, subject, args)
    draws = Draws(function, args)
    if draws.ndim is None:
        function(*copied(args))  # its own error says most
        raise ArgumentError(f"{named(function)} returns no float and no array: there is nothing to differentiate.")
    cases = [run(subject, args, "your inputs")] if given else []
    controls: list[Case] = []
    for number in numbers if shapes != AS_GIVEN else ():
        rng = np.random.default_rng(number)
        sizes = draws.sizes(rng)
        cases.append(run(subject, draws.drawn(rng, sizes), f"draw {number}", sizes != draws.given))
        if given and not cases[-1].ok and cases[0].ok and sizes != draws.given:
            controls.append(run(subject, draws.drawn(np.random.default_rng(number), draws.given), "control"))
    if not cases:
        raise ArgumentError("there is nothing to compare: give inputs, or at least one seed.")
    return _told(cases, controls, _squares(draws, args, subject, cases))


def _fits(f: Callable[..., Any], subject: Subject, args: tuple[Any, ...]) -> None:
    """An error that teaches where the function cannot even be called with so many arguments."""
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*args)
    except TypeError as error:
        words = f"{named(f)}{signature} cannot be called with {len(args)} arguments: {error}."
        if subject.is_method and args and type(args[0]) is type(getattr(subject.backward, "__self__", None)):
            names = ", ".join(["net", *(f"x{n}" for n in range(1, len(args)))])
            words += (
                f" The {type(args[0]).__name__} is an input like the others, and comes first: "
                f"gad.compare(net, lambda {names}: …, inputs), with the loss that its backward pass belongs to."
            )
        raise ArgumentError(words) from None


def _seeds(seeds: Any) -> list[int]:
    if isinstance(seeds, int) and not isinstance(seeds, bool) and seeds >= 0:
        return list(range(seeds))
    if isinstance(seeds, Sequence) and all(isinstance(one, int) and one >= 0 for one in seeds):
        return list(seeds)
    raise ArgumentError(f"seeds={seeds!r} must be how many, or a list of ints from 0 on")


def _checked(wrt: Any) -> tuple[str, ...] | None:
    if wrt is None:
        return None
    if isinstance(wrt, str):
        wrt = [wrt]
    if not isinstance(wrt, Sequence) or not wrt or not all(isinstance(name, str) for name in wrt):
        raise ArgumentError(f'wrt must be names of inputs, such as ["W", "b"], not {wrt!r}')
    return tuple(wrt)


def _as_args(inputs: Any, f: Any) -> tuple[Any, ...]:
    """Inputs in order; a single one stands for itself."""
    if inputs is None:
        return ()
    if isinstance(inputs, tuple):
        return inputs
    if isinstance(inputs, list) and f is not None and len(inputs) == len(argument_names(f, inputs)) != 1:
        return tuple(inputs)
    return (inputs,)


def _named_args(
    f: Callable[..., Any],
    names: Sequence[str],
    inputs: Mapping[str, Any] | None,
    shapes: Any,
    misfits: Callable[[tuple[Any, ...]], float],
) -> tuple[Any, ...]:
    """Arguments by name, from inputs, from shapes, or guessed."""
    table = dict(inputs or {})
    if isinstance(shapes, Mapping):
        table = from_shapes(shapes) | table
    unknown = [name for name in table if name not in names]
    if unknown and names:
        raise ArgumentError(f"{named(f)} has no argument {unknown[0]!r} (its arguments are {', '.join(names)})")
    if table:
        missing = [name for name in names if name not in table]
        known = _defaults(f)
        if [name for name in missing if name not in known]:
            raise ArgumentError(f"inputs lack {listed(missing)}: {named(f)} takes {', '.join(names)}")
        return tuple(table[name] if name in table else known[name] for name in names)
    found = guessed(f, names, misfits) if names else None
    if found is None:
        raise ArgumentError(
            f"no shapes were found with which {named(f)} runs: give inputs={{...}}, or shapes such as "
            '{"X": ("B", "n"), "W": ("m", "n")}.'
        )
    return found


def _defaults(f: Any) -> dict[str, Any]:
    parameters = inspect.signature(f).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


# -- words ------------------------------------------------------------------------------------------


def _squares(draws: Draws, args: tuple[Any, ...], subject: Subject, cases: Sequence[Case]) -> list[str]:
    """The matrices whose sizes were equal by chance in every case."""
    if any(case.moved for case in cases):
        return []
    names = subject.leaf_names(args)
    floats = [n for n, (_, leaf) in enumerate(leaves(args)) if is_input(leaf)]
    square = draws.square(draws.given)
    return [name for n, name in zip(floats, names, strict=True) if n in square]


def _told(cases: list[Case], controls: list[Case], squares: list[str]) -> Comparison:
    failed = [case for case in cases if not case.ok]
    if not failed:
        return Comparison(True, _passed(cases, squares), None, None, cases[0].rows, tuple(cases))
    case = failed[0]
    hidden = bool(controls) and all(one.ok for one in controls)
    first = case.first
    code, words = _mistake(failed, first)
    clash = case.moved and case.problem is not None and isinstance(case.problem.error, ValueError)
    if code is None and (hidden or (clash and not (cases[0].problem and not cases[0].moved))):
        code = "M7"
        words = TURNED
    parts = []
    if cases[0].ok and case is not cases[0]:
        at = f"with the sizes {case.sizes}" if case.moved else "at random inputs"
        parts.append(f"At your inputs all is right, {at} it is not.")
        if hidden:
            parts.append("There, sizes that are equal by chance hide it.")
    parts += [case.said(), case.trail, words]
    if code == "M7" and not case.moved and first is not None:
        shape = case.row(first).right_shape
        if len(shape) == 2 and shape[0] == shape[1] and case.row(first).status == "wrong":
            n = shape[0]
            parts.append(f"Because {n} = {n} the shapes agree all the same: look at it with {n}×{n + 1}.")
    elif code is None and (shown := _clash(failed, first)):
        code = "M7"
        parts += [shown, TURNED]
    elif squares and code != "M7":
        parts.append(_square_note(squares))
    return Comparison(False, " ".join(part for part in parts if part), first, code, case.rows, tuple(cases))


def _clash(failed: Sequence[Case], first: str | None) -> str:
    """What shapes say in other sizes about a number that is wrong where all shapes agree."""
    if first is None or failed[0].row(first).status != WRONG:
        return ""
    clash = next((one for one in failed[1:] if one.problem and isinstance(one.problem.error, ValueError)), None)
    return f"With the sizes {clash.sizes} shapes show it: {clash.said()}" if clash and clash.moved else ""


def _passed(cases: list[Case], squares: list[str]) -> str:
    right = [row.name for row in cases[0].rows]
    some = "both" if len(right) == 2 else f"all {len(right)}"
    what = f"{some} adjoints are those" if len(right) > 1 else "the adjoint is that"
    draws = sum(case.label != "your inputs" for case in cases)
    where = (["at your inputs"] if len(cases) > draws else []) + (
        [f"at {draws} random draw{'s' * (draws > 1)}{_such(cases[-1].sizes)}"] if draws else []
    )
    words = f"Right: {what} of the graph, {' and '.join(where)}: {listed(right)}."
    if unknown := cases[0].unknown:
        words += f" Not compared, since no node is called so: {listed(unknown)}."
    return f"{words} {_square_note(squares)}".strip() if squares else words


def _such(sizes: str) -> str:
    return f" (such as {sizes})" if sizes else ""


def _square_note(squares: list[str]) -> str:
    verb, what = ("is", "a transposed factor has") if len(squares) == 1 else ("are", "transposed factors have")
    return f"{listed(squares)} {verb} square here: {what} the right shape, so try other sizes too."


def _mistake(failed: Sequence[Case], first: str | None) -> tuple[str | None, str]:
    """The one mistake that explains every case that went wrong at the same node, with its words."""
    if first is None:
        return None, ""
    same = [case for case in failed if case.first == first]
    found = [case.mistakes for case in same]
    codes = [code for code in found[0] if all(code in table for table in found)]
    if not codes:
        return None, ""
    if len(codes) == 1:
        return codes[0], found[0][codes[0]]
    titles = [MISCONCEPTIONS[code].title for code in codes[:2]]
    return None, f"Two mistakes give these numbers. Was it “{titles[0]}” or “{titles[1]}”?"
