"""A look is how a person wants to see a graph: mode, labels, groups; it comes from the page and is checked here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice, product
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story import narration
from graphviz_ad.story.numbers import shape_text
from graphviz_ad.story.symbols import LABELS
from graphviz_ad.story.timeline import MODES, can_sweep
from graphviz_ad.story.wrong import WRONG, applicable
from graphviz_ad.widget.details import whole
from graphviz_ad.widget.payload import sendable

if TYPE_CHECKING:
    from graphviz_ad.widget.view import View

CELLS = 16
"""Of arrays up to this size every entry can be moved alone by a choice; of larger ones by writing "W[3, 5]"."""
MAX_SEEDS = 300
BAKED_SEEDS = 6
BAKED_GROUPS = 12


def looked(view: View, look: Mapping[str, Any]) -> View:
    """Return the view as it is looked at; a look is complete: what it does not name is as the view was made.

    Parameters
    ----------
    view
        The view as it was made.
    look
        ``mode``: "reverse" or "forward". ``seed``: the input that moves in forward mode: "x", with 1 for every entry of
        an array, or "W[0, 1]" for one of them. ``wrong``: a backward pass that is wrong on purpose. ``labels``:
        "numbers", "symbols" or "both". ``open``, ``closed``: lists of names of groups; a closed group stays closed
        whatever is open in it. The dict comes from a web page: anything may stand in it.

    Raises
    ------
    ArgumentError
        A key, a name or a type is wrong; the sentence says which, and what there is.
    """
    given: Any = look
    if not isinstance(given, Mapping):
        raise ArgumentError(f'a look must be a dict such as {{"mode": "forward", "seed": "x"}}, not {given!r}')
    unknown = [key for key in look if key not in _KEYS]
    if unknown:
        raise ArgumentError(f"unknown look: {unknown[0]!r} (must be among {list(_KEYS)})")
    for key, value in look.items():
        _KEYS[key](key, value)
    changes: dict[str, Any] = {"look": dict(look)}
    mode = look.get("mode", "forward" if "seed" in look else view.mode)
    wrong = look.get("wrong", view.wrong)
    if wrong and mode == "forward":
        raise ArgumentError("a look that is wrong on purpose plays a backward pass: it needs mode 'reverse'.")
    if mode == "reverse" and "seed" in look:
        raise ArgumentError("a seed belongs to mode 'forward': it is the input that moves.")
    if mode != view.mode or "seed" in look:
        changes |= {"mode": mode, "output": None, "seed": None if mode == "reverse" else _tangents(view.graph, look)[1]}
    opened, closed = look.get("open", ()), look.get("closed", ())
    both = sorted(set(opened) & set(closed))
    if both:
        raise ArgumentError(f"the group {both[0]!r} is both open and closed.")
    changes |= {
        "wrong": wrong,
        "labels": look.get("labels", view.labels),
        "expand": tuple(dict.fromkeys([*view.expand, *opened])),
        # what the view was made with may be opened too
        "close": tuple(dict.fromkeys([*(name for name in view.close if name not in opened), *closed])),
    }
    return replace(view, **changes)


def _among(choices: Collection[str]) -> Callable[[str, Any], None]:
    def check(key: str, value: Any) -> None:
        if not isinstance(value, str) or value not in choices:
            raise ArgumentError(f"unknown {key}: {value!r} (must be one of {list(choices)})")

    return check


def _text(key: str, value: Any) -> None:
    if not isinstance(value, str):
        raise ArgumentError(f"{key} must be a text, not {value!r}")


def _names(key: str, value: Any) -> None:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ArgumentError(f'{key} must be a list of names of groups such as ["layer1"], not {value!r}')


_KEYS: dict[str, Callable[[str, Any], None]] = {
    "mode": _among(MODES),
    "seed": _text,
    "wrong": _among(("", *WRONG)),
    "labels": _among(LABELS),
    "open": _names,
    "closed": _names,
}

# -- which input moves --------------------------------------------------------------------------

_CELL = re.compile(r"(.+)\[([0-9]+(?:, ?[0-9]+)*)\]", re.DOTALL)


def _tangents(graph: BaseGraph, look: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What moves, as `choices` writes it, and its tangent: the input that a look names, or the first one."""
    inputs = {node.name: node for node in graph.inputs if node.differentiable}
    if not inputs:
        raise ArgumentError("forward mode needs an input that is a float; this graph has none.")
    wanted = look.get("seed", next(iter(inputs)))
    if wanted in inputs:
        node = inputs[wanted]
        return wanted, {wanted: np.ones(node.shape, node.dtype)[()]}
    cell = _CELL.fullmatch(wanted)
    if cell is None or cell[1] not in inputs:
        near = difflib.get_close_matches(wanted, inputs, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        names = ", ".join(called(name) for name in islice(inputs, 20))
        raise ArgumentError(f"no input that can move is named {wanted!r}.{hint} The inputs are: {names}.")
    node = inputs[cell[1]]
    place = tuple(whole(number.strip()) for number in cell[2].split(","))
    if len(place) != len(node.shape) or any(at >= length for at, length in zip(place, node.shape, strict=True)):
        raise ArgumentError(f"{cell[1]} has shape {shape_text(node.shape) or '()'}: there is no entry {wanted!r}.")
    tangent = np.zeros(node.shape, node.dtype)
    tangent[place] = 1
    return _cell(cell[1], place), {cell[1]: tangent}


def _cell(name: str, place: Iterable[int]) -> str:
    return f"{name}[{', '.join(map(str, place))}]"


def _seeds(node: Node) -> Iterator[dict[str, str]]:
    """The ways in which one input can move."""
    name = called(node.name)
    if not node.shape:
        yield {"seed": node.name, "text": name}
        return
    yield {"seed": node.name, "text": f"{name}, every entry"}
    if int(np.prod(node.shape)) <= CELLS:
        for place in product(*map(range, node.shape)):
            yield {"seed": _cell(node.name, place), "text": _cell(name, place)}


# -- what there is to choose --------------------------------------------------------------------


def choices(view: View) -> dict[str, Any]:
    """Return which looks there are to choose from, for the front end; "" for ``why`` where a choice can be taken."""
    graph = view.graph
    inputs = [node for node in graph.inputs if node.differentiable]
    fixed = next((p.name for record in graph.records if (p := record.primitive) and not p.pushes), None)
    why = "" if inputs else "No input is a float."
    if fixed is not None:
        why = f"{called(fixed)} has no rule for forward mode (gad.custom takes jvp=...)."
    reverse = "" if can_sweep(graph) or view.seed is not None or view.output else narration.no_sweep(graph)
    return {
        "modes": [{"mode": "reverse", "why": reverse}, {"mode": "forward", "why": why}],
        "seeds": [] if why else list(islice((seed for node in inputs for seed in _seeds(node)), MAX_SEEDS)),
        "seed": _moved(view),
        "labels": list(LABELS),
        "label": view.labels,
        "wrong": [
            {
                "kind": choice.kind,
                "title": choice.title,
                "explanation": WRONG[choice.kind].explanation,
                "applies": choice.applies,
                "why": choice.why,
            }
            for choice in applicable(view.line.graph if view.mode == "reverse" else graph)
        ],
        "groups": _groups(view),
    }


def _moved(view: View) -> str:
    """Which input moves in the present story, as a look says it; "" where a look cannot."""
    if view.mode != "forward":
        return ""
    if "seed" in view.look:
        return _tangents(view.graph, view.look)[0]
    graph = view.line.graph
    if len(graph.moved) != 1 or not np.all(np.asarray(graph.seed_of(graph.moved[0])) == 1):
        return ""
    return graph.names[graph.moved[0]]


def _groups(view: View) -> list[dict[str, Any]]:
    """Every visible group, outer before inner: an open frame, or a collapsed box."""
    outline = view.line.outline
    if view.wrong:
        return []  # that story goes from node to node
    around = {frame.id: frame for frame in outline.frames}

    def depth(frame: int | None) -> int:
        found = 0
        while frame is not None:
            frame, found = around[frame].frame, found + 1
        return found

    found: list[tuple[int, int, dict[str, Any]]] = []
    for shown, is_open in ((outline.frames, True), (outline.items, False)):
        for one in shown:
            group = one.group
            if group is None:
                continue
            name = group.name
            level = depth(one.frame)
            entry = {"name": name, "id": one.id, "open": is_open, "depth": level, "text": narration.amount(group)}
            found.append((_start(group), level, entry))
    return [entry for *_, entry in sorted(found, key=lambda one: one[:2])]


def _start(group: Any) -> int:
    while not isinstance(group, int):
        group = group.members[0]
    return int(group)


# -- what a page carries ------------------------------------------------------------------------

_NOT_CARRIED = "This page has no Python behind it: this was not drawn beforehand."


def departures(view: View) -> Iterator[dict[str, Any]]:
    """Yield the looks that a page carries: each departs from the view in one thing."""
    found = choices(view)
    if view.mode == "forward" and not found["modes"][0]["why"]:
        yield {"mode": "reverse"}
    for seed in islice(found["seeds"], BAKED_SEEDS):
        if view.mode != "forward":
            yield {"mode": "forward", "seed": seed["seed"]}
        elif seed["seed"] != found["seed"]:
            yield {"seed": seed["seed"]}
    for labels in found["labels"]:
        if labels != view.labels:
            yield {"labels": labels}
    if view.mode == "reverse":
        for wrong in found["wrong"]:
            if not wrong["why"]:
                yield {"wrong": wrong["kind"]}
    for group in found["groups"][:BAKED_GROUPS]:
        yield {"closed" if group["open"] else "open": [group["name"]]}


def offered(payload: dict[str, Any], home: Mapping[str, Any], carried: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a page's payload with only those choices that the page carries.

    Parameters
    ----------
    payload
        What the page shows, as it opens or in one of its variants.
    home
        What it shows as it opens: every choice leads there, or departs from there in one thing.
    carried
        The looks that became variants.
    """
    if not any(key in _KEYS for look in carried for key in look):
        return {**payload, "looks": {}}
    looks, first = payload["looks"], home["looks"]
    # in the names that a payload has
    ways: dict[str, list[Any]] = {key: [sendable(look[key]) for look in carried if key in look] for key in _KEYS}
    modes = {home["mode"], *ways["mode"]}
    states = {(one["name"], one["open"]) for one in first["groups"]}
    states |= {(name, key == "open") for key in ("open", "closed") for names in ways[key] for name in names}
    return {
        **payload,
        "looks": {
            **looks,
            "modes": [
                one if one["mode"] in modes else {**one, "why": one["why"] or _NOT_CARRIED} for one in looks["modes"]
            ],
            "seeds": [one for one in looks["seeds"] if one["seed"] in (first["seed"], *ways["seed"])],
            "labels": [one for one in looks["labels"] if one in (first["label"], *ways["labels"])],
            "wrong": [
                one
                if not one["applies"] or one["kind"] in ways["wrong"]
                else {**one, "applies": False, "why": _NOT_CARRIED}
                for one in looks["wrong"]
            ],
            "groups": [one for one in looks["groups"] if (one["name"], not one["open"]) in states],
        },
    }
