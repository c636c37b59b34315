"""Nudges one number of a graph: how much everything behind it moves, beside what its adjoint says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.graph import BaseGraph, Node
from graphviz_ad.core.replay import Replay, kindred, replay
from graphviz_ad.core.traced import Traced
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.check import finding_note
from graphviz_ad.story.differences import (
    AGREES,
    DIFFERS,
    Verdict,
    compare,
    difference,
    inner,
    output_change,
    relative_error,
    rounding_unit,
    scales_of,
)
from graphviz_ad.story.equations import output_name
from graphviz_ad.story.numbers import listed, short
from graphviz_ad.story.paper import SUPERSCRIPT
from graphviz_ad.story.ratios import Chain, Ratios
from graphviz_ad.story.timeline import Timeline, can_sweep

POWERS = tuple(range(0, -15, -1))
"""ε = 10⁰, 10⁻¹, …, 10⁻¹⁴, each in both directions."""
WHOLE = "all"
"""In place of a cell: every entry of an array moves by ε."""

_DIGITS = 10
_SMALLER = "A smaller ε feels the rounding."
_CLOSE = 0.1  # a relative error below which a quotient is worth calling close
_STRAIGHT = (0, 1, 2)  # the rows, ε = 1, 0.1 and 0.01, that must all lie on a straight line to call it one
_ROUNDING = 16.0  # of the rounding of all numbers: a quotient that is off by no more shows nothing else
_EXACT = -17.0  # the logarithm that stands for an error of 0
_KINKS = (
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "clip",
    "where",
    "absolute",
    "fabs",
    "max",
    "min",
    "sort",
    "partition",
    "take_along_axis",
)
_MAY_STEP = "where"  # the one of them whose two sides need not meet
_STEPS = ("sign", "floor", "ceil", "trunc", "rint", "fix", "spacing", "floor_divide", "round")


@dataclass(frozen=True, slots=True)
class Quotient:
    """One difference quotient beside the adjoint."""

    slope: float
    error: float

    def told(self, claimed: float) -> list[Any]:
        """Its text, how many characters of it agree, the relative error and its logarithm."""
        if math.isnan(self.slope):
            return ["", 0, "", None]
        text = short(self.slope, _DIGITS)
        log = None
        if not math.isnan(self.error):
            log = _EXACT if self.error == 0 else round(math.log10(self.error), 2)
        return [text, agreeing(text, self.slope, claimed), _error_text(self.error), log]


@dataclass(frozen=True, slots=True)
class Row:
    """The quotients of one ε: of a step to the right, of one to the left, and of both together."""

    power: int
    right: Quotient
    left: Quotient
    central: Quotient
    notes: tuple[str, str]
    """What lies between v and v + ε, and between v and v − ε: a kink, another branch; "" for nothing."""
    chains: tuple[int, int]
    """Which of the nudge's chains belong to them."""

    @property
    def epsilon(self) -> float:
        """The size of the step."""
        return float(f"1e{self.power}")


@dataclass(frozen=True, slots=True)
class Nudge:
    """One number of a graph, nudged by every ε."""

    item: int
    name: str
    output: str
    value: float
    adjoint: float
    cell: int | None
    size: int
    rows: tuple[Row, ...]
    chains: tuple[Chain, ...]
    verdict: Verdict
    notes: tuple[str, ...]

    def best(self, kind: str) -> int:
        """The row whose quotient, "right", "left" or "central", comes closest; the first where none is measured."""
        errors = [getattr(row, kind).error for row in self.rows]
        return min(range(len(errors)), key=lambda place: (math.isnan(errors[place]), errors[place]))

    def answer(self) -> dict[str, Any]:
        """All of it as strict JSON, with numbers as texts."""
        return {
            "node": self.item,
            "name": self.name,
            "output": self.output,
            "value": short(self.value, _DIGITS),
            "adjoint": short(self.adjoint, _DIGITS),
            "cell": self.cell,
            "size": self.size,
            "rows": [
                {
                    "epsilon": power_text(row.power),
                    "right": row.right.told(self.adjoint),
                    "left": row.left.told(self.adjoint),
                    "central": row.central.told(self.adjoint),
                    "notes": list(row.notes),
                    "chains": list(row.chains),
                }
                for row in self.rows
            ],
            "best": {kind: self.best(kind) for kind in ("right", "left", "central")},
            "chains": [{"nodes": chain.nodes, "sentence": chain.sentence} for chain in self.chains],
            "verdict": self.verdict.kind,
            "notes": list(self.notes),
        }


def power_text(power: int) -> str:
    """A power of ten as people write it.

    Examples
    --------
    >>> power_text(0), power_text(-1), power_text(-12)
    ('1', '0.1', '10⁻¹²')
    """
    return {0: "1", -1: "0.1", -2: "0.01"}.get(power) or "10" + str(power).translate(SUPERSCRIPT)


def agreeing(text: str, measured: float, claimed: float) -> int:
    """How many characters of a measured number's text, from its beginning, agree with what was claimed.

    Examples
    --------
    >>> text = "95.06260001"
    >>> text[: agreeing(text, 95.06260001, 95.0625)], agreeing("−2", -2.0, -2.0), agreeing("3", 3.0, 4.0)
    ('95.062', 2, 0)
    """
    error = relative_error(measured, claimed)
    if math.isnan(error) or error >= 0.1:
        return 0
    wanted = math.inf if error == 0 else -math.log10(error)
    digits, begun = 0, False
    for place, letter in enumerate(text):
        if letter == "e":
            break
        begun = begun or letter in "123456789"
        if begun and letter.isdigit():
            digits += 1
            if digits > wanted:
                return place
    return len(text)


def _error_text(error: float) -> str:
    return "" if math.isnan(error) else short(error, 2)


def nudge(line: Timeline, item: int, cell: int | str | None = None) -> Nudge:
    """Move one number by every ε and look at the output, and at everything between.

    Parameters
    ----------
    item
        The id of a visible node, or of a collapsed group with one value.
    cell
        Of an array: which entry moves, in C order, or "all" for every entry at once. If it is not given, the entry
        with the largest adjoint.

    Raises
    ------
    ArgumentError
        There is no such number, or nothing that it could be compared with: the sentence is for people.
    """
    return _Nudge(line, *_place(line, item), cell).made()


def _place(line: Timeline, item: int) -> tuple[int, Node]:
    number = next((place for place, one in enumerate(line.outline.items) if one.id == item), None)
    if number is None:
        raise ArgumentError(f"there is no node {item} in this picture.")
    node = line.outline.node(number)
    if node is None:
        raise ArgumentError("Several values come out of this group. Open it and nudge one of them.")
    if not node.differentiable:
        kind = "a constant" if node.kind == "constant" else f"of dtype {node.dtype}"
        raise ArgumentError(f"{called(node.name)} is {kind}: it cannot move a little, so it has no adjoint to compare.")
    if not can_sweep(line.graph):
        raise ArgumentError("This function has no single number as its result, so there is no adjoint to compare.")
    return number, node


class _Nudge:
    def __init__(self, line: Timeline, number: int, node: Node, cell: int | str | None) -> None:
        self.line, self.outline, self.graph = line, line.outline, line.graph
        self.number, self.node = number, node
        graph: BaseGraph = self.graph
        if not graph.has_adjoints:  # a story of tangents: its graph stays as it is
            graph = type(graph)(graph.records, graph.tables).backward()
        self.swept = graph
        # of a complex value its real part is nudged, and the adjoint of that is the real part of its adjoint
        self.adjoint = np.asarray(np.real(graph.adjoint_of(node.id)), dtype=float)
        self.output = output_name(graph)
        self.direction: Any = 1.0
        self.cell: int | None = None
        if node.shape:
            self._choose(cell)
        self.claimed = inner(self.adjoint, self.direction)
        self.reasons: list[str] = []

    def _choose(self, cell: int | str | None) -> None:
        size = self.adjoint.size
        if size == 0:
            raise ArgumentError(f"{called(self.node.name)} is empty: there is nothing to nudge.")
        if cell == WHOLE:
            self.direction = np.ones(self.node.shape)
            return
        if cell is None:
            sizes = np.abs(self.adjoint.ravel())
            cell = int(np.argmax(np.where(np.isnan(sizes), -1.0, sizes)))
        if not isinstance(cell, int) or not 0 <= cell < size:
            raise ArgumentError(f"{called(self.node.name)} has {size} entries; there is none of number {cell!r}.")
        self.cell = cell
        self.direction = np.zeros(self.node.shape)
        self.direction.flat[cell] = 1.0

    @property
    def name(self) -> str:
        """What moves, in words: ``x``, ``W[0, 2]``, ``all of W``."""
        name = called(self.node.name)
        if is_complex(self.node.value):
            name = f"Re {name}"
        if not self.node.shape:
            return name
        if self.cell is None:
            return f"all of {name}"
        return f"{name}[{', '.join(str(int(place)) for place in np.unravel_index(self.cell, self.node.shape))}]"

    @property
    def value(self) -> float:
        """The number that moves; of a whole array the mean."""
        value = np.asarray(np.real(self.node.value), dtype=float)
        return float(value.mean()) if self.cell is None else float(value.flat[self.cell])

    def moved(self, step: float) -> Replay:
        """The graph after a step."""
        with np.errstate(all="ignore"):
            new = kindred(self.node.value + step * self.direction, self.node.value)
            if np.array_equal(new, self.node.value):
                new = self.swept.records[self.node.id].value  # the step is lost in rounding: nothing moves
            try:
                return replay(self.swept, {self.node.id: new})
            except Exception as error:  # noqa: BLE001  (a user's own function may raise anything beside the point)
                return Replay({}, f"{type(error).__name__}: {error}")

    def change(self, step: float) -> float:
        """How much the output changes by a step."""
        found = self.moved(step)
        if not found.values and not found.reason:
            return math.nan  # lost in rounding: a step that is none says nothing
        if found.reason:
            self.reasons.append(found.reason)
        return output_change(self.swept, found)

    def made(self) -> Nudge:
        """All rows, and what they say together."""
        chains: dict[str, int] = {}
        known: list[Chain] = []

        def chain(found: Replay, epsilon: float, turned: list[int]) -> int:
            step = math.copysign(self._step(found), epsilon)
            ratios = Ratios(self.line, self.number, self.swept, found, step, turned)
            made = ratios.chain(self.name, called(self.output))
            place = chains.setdefault(repr(made), len(known))
            if place == len(known):
                known.append(made)
            return place

        rows = []
        crossed = []
        lost = None
        for power in POWERS:
            epsilon = float(f"1e{power}")
            right, left = self.moved(epsilon), self.moved(-epsilon)
            ahead, behind = output_change(self.swept, right), output_change(self.swept, left)
            if lost is None and not right.reason and not right.values:
                lost = power
            slopes = (ahead / epsilon, -behind / epsilon, (ahead - behind) / (2 * epsilon))
            one, two, both = [Quotient(slope, relative_error(slope, self.claimed)) for slope in slopes]
            ahead_turns, behind_turns = turning(self.swept, right), turning(self.swept, left)
            between = self._between(right, ahead_turns, "+"), self._between(left, behind_turns, "−")
            crossed.append((self._crossed(ahead_turns), self._crossed(behind_turns)))
            chains_of = chain(right, epsilon, ahead_turns), chain(left, -epsilon, behind_turns)
            rows.append(Row(power, one, two, both, between, chains_of))
        verdict = self._verdict()
        made = Nudge(
            self.outline.items[self.number].id,
            self.name,
            called(self.output),
            self.value,
            self.claimed,
            self.cell,
            int(self.adjoint.size),
            tuple(rows),
            tuple(known),
            verdict,
            (),
        )
        notes = tuple(note for note in self._notes(made, crossed, lost) if note)
        return Nudge(**{name: getattr(made, name) for name in Nudge.__slots__ if name != "notes"}, notes=notes)

    def _step(self, found: Replay) -> float:
        """How far the number did move, which is not quite ε where the sum is rounded."""
        new = found.values.get(self.node.id, self.node.value)
        with np.errstate(all="ignore"):
            return float(np.max(np.abs(difference(new, self.node.value))))

    @cached_property
    def _size(self) -> float:
        """Σ |adjoint × value|: the numbers whose rounding disturbs the measurement."""
        size = sum(
            inner(np.abs(one.adjoint), np.abs(one.value))
            for one in self.swept.nodes[self.node.id :]
            if one.differentiable
        )
        return size if math.isfinite(size) else 0.0

    @cached_property
    def _unit(self) -> float:
        """The rounding unit of the coarsest float that moves."""
        values = self.moved(scales_of(self.value)[0] * 2.0**-20).values.values()
        return rounding_unit([self.node.value, *values])

    def _verdict(self) -> Verdict:
        return compare(self.change, self.claimed, scales_of(self.value), self._size, self._unit)

    def _is_off(self, quotient: Quotient, epsilon: float) -> bool:
        """Whether a quotient differs from the adjoint by more than rounding explains; also where there is none."""
        allowed = _ROUNDING * self._unit * (self._size + abs(self.claimed) * epsilon)
        return not abs(quotient.slope - self.claimed) * epsilon <= allowed

    # -- in words ---------------------------------------------------------------------------------

    def _between(self, found: Replay, turned: list[int], sign: str) -> str:
        where = f"{self.name} and {self.name} {sign} ε"
        if found.reason:
            what = "another branch begins" if found.reason.startswith("at ") else "it can no longer be computed"
            return f"Between {where} {what}: {found.reason}."
        if not turned:
            return ""
        names = listed([called(self.swept.names[position]) for position in turned], 3)
        verb = "changes" if len(turned) == 1 else "change"
        return f"Between {where}, {names} {verb} sides: a {self._crossed(turned)}."

    def _crossed(self, turned: list[int]) -> str:
        """What lies at the sides that change."""
        kinds = set()
        for position in turned:
            record = self.swept.records[position]
            name = "" if record.primitive is None else record.primitive.name
            both = not record.differentiable or name == _MAY_STEP
            kinds.add("kink or a step" if both else "step" if name in _STEPS else "kink")
        return "" if not kinds else kinds.pop() if len(kinds) == 1 else "kink or a step"

    def _larger(self, made: Nudge, crossed: list[tuple[str, str]]) -> str:
        """What an ε larger than the best feels."""
        felt = set()
        curved = False
        for kind in ("right", "central"):
            for row, (ahead, behind) in list(zip(made.rows, crossed, strict=True))[: made.best(kind)]:
                quotient: Quotient = getattr(row, kind)
                if math.isnan(quotient.slope) or not self._is_off(quotient, row.epsilon):
                    continue
                what = {ahead, behind if kind == "central" else ""} - {""}
                felt |= what
                curved = curved or not what
        told = ["the curvature"] if curved else []
        told += [f"the {what.replace(' a ', ' the ')}" for what in sorted(felt)]
        return listed(told) if told else ""

    def _notes(self, made: Nudge, crossed: list[tuple[str, str]], lost: int | None) -> list[str]:
        notes = [finding_note(made.verdict, self.claimed, called(self.output), self.reasons)]
        one, two = made.rows[made.best("right")], made.rows[made.best("central")]
        if made.verdict.kind == AGREES and two.central.error < _CLOSE:
            wide = [made.rows[place] for place in _STRAIGHT]
            ends = [(quotient, row.epsilon) for row in wide for quotient in (row.right, row.left)]
            if not any(any(row.notes) for row in wide) and not any(self._is_off(*end) for end in ends):
                notes.append(
                    f"Up to ε = 1, {called(self.output)} is a straight line along {self.name}: no ε is too large, and "
                    "small ones only lose digits to rounding."
                )
            else:
                larger = self._larger(made, crossed)
                felt = f"A larger ε feels {larger}, a smaller one the rounding." if larger else _SMALLER
                notes.append(
                    f"Closest: to one side with ε = {power_text(one.power)} (relative error "
                    f"{_error_text(one.right.error)}), to both with ε = {power_text(two.power)} "
                    f"({_error_text(two.central.error)}). {felt}"
                )
        if lost is not None:
            notes.append(f"From ε = {power_text(lost)} on, {self.name} + ε rounds to {self.name} itself.")
        cuts = [
            self.graph.names[position]
            for position in sorted(self.moved(made.rows[6].epsilon).values)
            if _is_cut(self.swept, position)
        ]
        if cuts:
            notes.append(
                f"A way goes through gad.detach ({listed([called(name) for name in cuts], 3)}): "
                "the measurement sees it, the adjoint does not."
            )
        elif made.verdict.kind == DIFFERS:
            notes.append(
                f"Measured is {short(made.verdict.measured, _DIGITS)}, not {short(self.claimed, _DIGITS)}: a local "
                "derivative on the way is wrong. The check of all edges shows which."
            )
        return notes


def turning(graph: BaseGraph, found: Replay) -> list[int]:
    """The nodes that change sides in a replay: a comparison turns, max takes its other argument, floor steps."""
    return [position for position in sorted(found.values) if _turns(graph, position, found.values)]


def _turns(graph: BaseGraph, position: int, values: dict[int, Any]) -> bool:
    record = graph.records[position]
    if record.primitive is None:
        return False
    if not record.differentiable or record.primitive.name in _STEPS:
        return not np.array_equal(values[position], record.value, equal_nan=True)
    if record.primitive.name not in _KINKS:
        return False
    inputs = tuple(
        Traced(values.get(start, one.value), one.primitive, one.inputs, one.params, None)
        for start, one in zip(graph.input_table[position], record.inputs, strict=True)
    )
    after = Traced(values[position], record.primitive, inputs, record.params, None)
    return any(
        sweep.active_edge(record, argnum) and not np.array_equal(_side(record, argnum), _side(after, argnum))
        for argnum in range(len(inputs))
    )


def _is_cut(graph: BaseGraph, position: int) -> bool:
    primitive = graph.records[position].primitive
    return primitive is not None and primitive.kind == "cut"


def _side(record: Traced, argnum: int) -> Any:
    """What a piecewise linear node sends back of ones: where it differs, it is on another piece."""
    ones = np.ones(record.shape, record.dtype)[()]
    with np.errstate(all="ignore"):
        return sweep.contribution(record, argnum, ones)
