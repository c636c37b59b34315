"""One comparison of a backward pass written by hand, at one set of inputs: node by node, in backward order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from graphviz_ad.core.graph import Node
from graphviz_ad.core.pytree import leaves
from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.draws import copied, value_of
from graphviz_ad.exercises.handwritten import (
    Handed,
    Problem,
    arranged,
    call,
    is_input,
    leaf_names,
    named,
    read,
    read_attributes,
    seeded_argument,
)
from graphviz_ad.exercises.naming import Names
from graphviz_ad.exercises.rows import MISSING, RIGHT, SHAPE, UNREAD, WRONG, Row, off, row_of
from graphviz_ad.exercises.slips import explained
from graphviz_ad.graph import Graph, trace
from graphviz_ad.story.numbers import listed, shape_text

GIVEN = ("data", "target")
"""Roles of inputs whose gradients nobody needs, and nobody is asked for."""


@dataclass(frozen=True)
class Subject:
    """What is compared: the backward pass, the function, and how."""

    backward: Callable[..., Any]
    f: Callable[..., Any]
    names: Sequence[str]
    wrt: tuple[str, ...] | None
    rtol: float

    @property
    def is_method(self) -> bool:
        """Whether the backward pass belongs to an object that is the function's first argument."""
        return hasattr(self.backward, "__self__")

    def ways(self, args: tuple[Any, ...]) -> list[list[tuple[str, ...]]]:
        """Of each argument, of each of its floats, the ways to name it."""
        return [leaf_names(name, argument) for name, argument in zip(self.names, args, strict=True)]

    def leaf_names(self, args: tuple[Any, ...]) -> list[str]:
        """The shortest names of all floats."""
        return [min(ways, key=len) for argument in self.ways(args) for ways in argument]


@dataclass(frozen=True)
class Case:
    """What came of one set of inputs."""

    label: str
    moved: bool
    """Whether the sizes are others than those given."""
    rows: tuple[Row, ...]
    sizes: str
    problem: Problem | None = None
    unknown: tuple[str, ...] = ()
    variables: tuple[tuple[str, str, bool], ...] = ()
    """Variables of the student's own that are named for the adjoint of a node, in backward order: with the node, and
    whether they are it, up to a factor."""
    graph: Graph | None = field(default=None, repr=False)
    chosen: bool = False
    """Whether it was said whose gradients are asked for."""
    notes: tuple[str, ...] = ()
    """How what came back was read, where that was a choice."""

    @property
    def ok(self) -> bool:
        """Whether all that is asked for is right."""
        return self.problem is None and all(row.status == RIGHT for row in self.rows)

    @property
    def first(self) -> str | None:
        """The first wrong node on the way back; what is missing comes after what is wrong."""
        order = ([row for row in self.rows if row.status in wanted] for wanted in ((WRONG, SHAPE), (UNREAD, MISSING)))
        return next((rows[0].name for rows in order if rows), None) if self.problem is None else None

    @property
    def named(self) -> list[str]:
        """What came back right, where something is missing that nobody named."""
        return [] if self.chosen else [row.name for row in reversed(self.rows) if row.status == RIGHT]

    def row(self, name: str) -> Row:
        """The row of a node."""
        return next(row for row in self.rows if row.name == name)

    @cached_property
    def mistakes(self) -> dict[str, str]:
        """The mistakes that explain the first wrong node, with their words."""
        if self.first is None or self.graph is None or self.row(self.first).status not in (WRONG, SHAPE):
            return {}
        given = {row.name: row.yours for row in self.rows if row.status in (RIGHT, WRONG, SHAPE)}
        return explained(self.graph, self.first, given)

    @property
    def trail(self) -> str:
        """Where among the student's own variables it begins."""
        wrong = next((number for number, one in enumerate(self.variables) if not one[2]), None)
        if wrong is None:
            return ""
        variable, name, _ = self.variables[wrong]
        before = f"{self.variables[wrong - 1][0]} is right, and " if wrong else ""
        return f"Among your variables {before}{variable} is not the adjoint of {called(name)}."

    def said(self) -> str:
        """What is wrong, in sentences."""
        if self.problem is not None:
            return self.problem.text if self.problem.text.endswith((".", "!", "?")) else f"{self.problem.text}."
        assert self.first is not None
        row = self.row(self.first)
        name, before = called(row.name), [called(one.name) for one in self.rows if one.status == RIGHT]
        right = f" ({listed(before)} {'is' if len(before) == 1 else 'are'} right)" if before else ""
        if row.status == MISSING:
            missing = [called(one.name) for one in self.rows if one.status == MISSING]
            unknown = f" What came back under {listed(self.unknown)} belongs to no node." if self.unknown else ""
            some = f" To compare the others alone, name them: wrt={self.named}." if self.named else ""
            return f"There is no gradient for {listed(missing)}{right}: return one for each.{unknown}{some}"
        if row.status == UNREAD:
            return f"What came back for {name} holds no numbers: {type(row.yours).__name__}."
        opening = f"The first wrong adjoint on the way back is that of {name}{right}."
        if row.status == SHAPE:
            got, wanted = shape_text(shape_of(row.yours)), shape_text(row.right_shape)
            words = (
                f"{opening} It has {f'the shape {got}' if got else 'no axes'}, and {name} "
                f"{f'has the shape {wanted}' if wanted else 'is one number'}."
            )
        else:
            words = f"{opening} {off(row)}"
        return " ".join([words, *self.notes])


# -- one run ----------------------------------------------------------------------------------------


def run(subject: Subject, args: tuple[Any, ...], label: str, moved: bool = False) -> Case:
    """Compare at these inputs."""
    graph, seed = _swept(subject, args)
    ways = subject.ways(args)
    inputs = iter(graph.inputs)
    units: list[list[Node]] = []
    known = {name: name for name in graph.names} | {
        alias: graph.names[position] for alias, position in graph.tables.names.aliases.items()
    }
    for argument in ways:
        units.append([])
        for leaf in argument:
            node = next(inputs)
            units[-1].append(node)
            for way in leaf:
                known.setdefault(way, node.name)
    names = Names(known)
    asked = _asked(subject, units, names)
    sizes = _sizes(args, subject)
    handed, problem = _handed(subject, args, graph, seed, names, asked)
    if problem is not None:
        return Case(label, moved, (), sizes, problem, graph=graph)
    wanted = [name for unit in asked for name in unit]
    rows = {name: row_of(graph[name], handed.gradients.get(name), subject.rtol) for name in wanted}
    for name, value in handed.gradients.items():
        if name not in rows and graph[name].differentiable:
            node = _meant(graph, name, value, lambda one, yours: row_of(one, yours, subject.rtol).status == RIGHT)
            rows[node.name] = row_of(node, value, subject.rtol)
    order = sorted(rows.values(), key=lambda row: _turn(graph[row.name]), reverse=True)
    variables = _variables(graph, names, handed, set(rows))
    notes = tuple(_notes(subject, args, graph, handed, wanted, list(rows.values())))
    chosen = subject.wrt is not None or subject.is_method
    return Case(label, moved, tuple(order), sizes, None, tuple(handed.unknown), variables, graph, chosen, notes)


def _notes(
    subject: Subject, args: tuple[Any, ...], graph: Graph, handed: Handed, asked: list[str], rows: list[Row]
) -> Iterator[str]:
    """How what came back was read, where it may have been meant otherwise."""
    given = sorted(shape_of(row.yours) for row in rows)
    if handed.ordered and given == sorted(row.right_shape for row in rows) and any(row.status == SHAPE for row in rows):
        yield f"Without names they were taken in the order {listed([called(name) for name in asked], 8)}."
    seeded = seeded_argument(subject.backward, _inputs(subject, args), not graph.outputs[0].shape)
    if seeded:
        yield f"The argument {seeded} of {named(subject.backward)} was given the adjoint of the result."


def _variables(graph: Graph, names: Names, handed: Handed, rows: set[str]) -> tuple[tuple[str, str, bool], ...]:
    """What the student's own variables tell of the way."""
    found = []
    for variable, value in handed.variables.items():
        name = names.find(variable, derived=True)
        if name is None or name in rows:
            continue
        node = _meant(graph, name, value, lambda one, yours: _proportional(yours, one.adjoint))
        if node.reached and shape_of(value) == node.shape:
            found.append((variable, node.name, _proportional(value, node.adjoint)))
    return tuple(sorted(found, key=lambda one: _turn(graph[one[1]]), reverse=True))


def _meant(graph: Graph, name: str, value: Any, fits: Callable[[Node, Any], bool]) -> Node:
    """Of a name that was assigned several times, as in ``P = P / P.sum()``, the node that fits, else the last."""
    repeats = [one for one in graph.names if re.fullmatch(rf"{re.escape(name)}(_\d+)?", one)]
    nodes = [node for node in (graph[one] for one in repeats) if node.name == name or node.kind == "primitive"]
    if graph[name].kind != "primitive" or len(nodes) == 1:
        return graph[name]
    return next((node for node in nodes if node.reached and fits(node, value)), nodes[-1])


def _proportional(value: Any, right: Any) -> bool:
    """Whether it is the right adjoint but for a factor, which may come later or have come before."""
    try:
        yours, exact = np.asarray(value, float), np.asarray(right, float)
    except (TypeError, ValueError):
        return True
    if yours.shape != exact.shape:
        return False
    size = float(np.sum(exact * exact))
    ratio = float(np.sum(yours * exact)) / size if size else 0.0
    return bool(ratio) and bool(np.allclose(yours, ratio * exact, rtol=1e-6, atol=1e-9 * float(np.max(np.abs(yours)))))


def _swept(subject: Subject, args: tuple[Any, ...]) -> tuple[Graph, Any]:
    """The graph with its adjoints, and the adjoint of the result that they start from."""
    graph = trace(subject.f, *args)
    (output, *others) = graph.outputs
    if others:
        raise ArgumentError(f"{named(subject.f)} has {len(others) + 1} results; compare needs one.")
    if int(np.prod(output.shape)) == 1:
        seed: Any = np.ones(output.shape)[()]
        seed = seed if output.shape else 1.0
    elif _takes_seed(subject, args):
        seed = np.random.default_rng(7).normal(size=output.shape)
    else:
        seed = np.ones(output.shape)
    return graph.backward(seed=seed), seed


def _takes_seed(subject: Subject, args: tuple[Any, ...]) -> bool:
    marker = object()
    try:
        return any(one is marker for one in arranged(subject.backward, _inputs(subject, args), marker, False))
    except ArgumentError:
        return False


def _inputs(subject: Subject, args: tuple[Any, ...]) -> dict[str, Any]:
    pairs = list(zip(subject.names, args, strict=True))
    return dict(pairs[1:] if subject.is_method else pairs)


def _asked(subject: Subject, units: list[list[Node]], names: Names) -> list[list[str]]:
    """The nodes whose gradients are asked for, argument by argument."""
    if subject.wrt is not None:
        wanted = [names.find(name) for name in subject.wrt]
        for given, name in zip(subject.wrt, wanted, strict=True):
            if name is None:
                have = listed([node.name for unit in units for node in unit], 12)
                raise ArgumentError(f"wrt has {given!r}, and the inputs are {have}")
        return [[name] for name in wanted if name is not None]
    if subject.is_method:  # what the object holds and the result depends on; a cache of its last call is neither
        return [[node.name] for node in units[0] if node.reached]
    found = [[node.name for node in unit if node.role not in GIVEN] for unit in units]
    return [unit for unit in found if unit]


def _handed(
    subject: Subject, args: tuple[Any, ...], graph: Graph, seed: Any, names: Names, asked: list[list[str]]
) -> tuple[Handed, Problem | None]:
    """What the backward pass gives at these inputs."""
    own = copied(args)
    backward = subject.backward
    value = graph.outputs[0].value
    if subject.is_method:
        owner = own[0]
        with np.errstate(all="ignore"):
            subject.f(*own)  # so that it has kept what its backward pass reads
        method = getattr(owner, getattr(backward, "__name__", "backward"), None)
        backward = method if method is not None else backward
        table = dict(zip(subject.names[1:], copied(args[1:]), strict=True))
    else:
        owner, table = None, dict(zip(subject.names, own, strict=True))
    try:
        given = arranged(backward, table, seed, not np.shape(value))
    except ArgumentError as error:
        return Handed(), Problem(str(error))
    result, variables, problem = call(backward, given)
    if problem is not None:
        return Handed(), problem
    handed = read(result, names, asked, value, lambda name, one: shape_of(value_of(one)) == graph[name].shape)
    if owner is not None:
        read_attributes(owner, names, handed)
    elif result is None:
        handed.problem = Problem(f"{named(backward)} returned None; return the gradients.")
    if handed.problem is not None and not handed.gradients:
        return handed, handed.problem
    handed.variables = variables
    return handed, None


def _turn(node: Node) -> tuple[int, int]:
    """When the sweep completes a node: after the first of its consumers has sent."""
    consumers = [one.id for one in node.consumers if one.reached]
    return (min(consumers) if consumers else len(node._graph) + 1, node.id)  # noqa: SLF001


def _sizes(args: tuple[Any, ...], subject: Subject) -> str:
    """The shapes of the arguments, as a text."""
    shapes = []
    for name, argument in zip(subject.names, args, strict=True):
        for ways, (_, leaf) in zip(
            leaf_names(name, argument), [pair for pair in leaves(argument) if is_input(pair[1])], strict=True
        ):
            if shape_of(value_of(leaf)):
                shapes.append(f"{min(ways, key=len)} {shape_text(shape_of(value_of(leaf)))}")
    return listed(shapes, 5)
