"""The graph of one call: nodes, edges, and the tables of their names, adjoints and tangents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import REAL_RESULT, is_complex
from graphviz_ad.core.directions import direction
from graphviz_ad.core.functions import FunctionText
from graphviz_ad.core.primitive import Primitive, is_ours
from graphviz_ad.core.replay import replay
from graphviz_ad.core.source import Names, Source, functions_of
from graphviz_ad.core.traced import (
    Traced,
    constant_node,
    dtype_of,
    is_differentiable,
    is_floating,
    refuse_in_use,
    shape_of,
)
from graphviz_ad.core.variables import check_array
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError, GraphvizADError, OutputError, ReplayError, SeedError, UnknownNameError


@dataclass(frozen=True, slots=True)
class GuardRecord:
    """An exit as a graph keeps it: which node left, how, what Python saw, and where."""

    position: int
    exit: str
    value: Any
    source: Source | None


@dataclass(frozen=True, slots=True)
class Tables:
    """What all evaluations of one graph share: everything but the numbers."""

    names: Names
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    roles: tuple[str, ...]
    sources: tuple[Source | None, ...]
    groups: tuple[str | None, ...]
    guards: tuple[GuardRecord, ...] = ()
    retrace: Callable[[dict[str, Any]], Any] | None = field(default=None, repr=False)
    title: str = ""
    orders: tuple[int, ...] = ()
    """Of each node: 0 for the function's own, 1 for those of its derivative, and so on; () where all are 0."""
    notes: Mapping[int, str] = field(default_factory=dict)
    """By position what is to be known of a node beside its operation: "in place", "view", "no_grad"."""

    @property
    def functions(self) -> tuple[FunctionText, ...]:
        """The functions in which nodes were made or branches were taken, callers before what they called."""
        return functions_of([*self.sources, *(guard.source for guard in self.guards)])


class Node:
    """One value of a graph, seen through the graph: its number, its adjoint, and where it comes from."""

    __slots__ = ("_graph", "id")

    def __init__(self, graph: BaseGraph, position: int) -> None:
        self._graph = graph
        self.id = position

    @property
    def _record(self) -> Traced:
        return self._graph.records[self.id]

    @property
    def name(self) -> str:
        """The name in the user's code; v1, v2, … where there is none."""
        return self._graph.tables.names.primary[self.id]

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names by which ``graph[...]`` finds this node."""
        return tuple(name for name, position in self._graph.tables.names.aliases.items() if position == self.id)

    @property
    def primitive(self) -> Primitive | None:
        """The primitive that made it; None for inputs and constants."""
        return self._record.primitive

    @property
    def params(self) -> dict[str, Any]:
        """The primitive's parameters that are no nodes, such as ``axis``."""
        return dict(self._record.params) if self._record.primitive is not None else {}

    @property
    def value(self) -> Any:
        """The forward value; arrays are read-only."""
        return _read_only(self._record.value)

    @property
    def shape(self) -> tuple[int, ...]:
        """The value's shape; () for scalars."""
        return self._record.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The value's dtype; a Python float is float64."""
        return self._record.dtype

    @property
    def kind(self) -> str:
        """``"input"``, ``"constant"`` or ``"primitive"``."""
        if self._record.primitive is not None:
            return "primitive"
        return "input" if self.id in self._graph.input_positions else "constant"

    @property
    def role(self) -> str:
        """Of an input: input, parameter, data or target; of a derivative's node: adjoint; else ""."""
        return self._graph.tables.roles[self.id]

    @property
    def derivative_order(self) -> int:
        """0 for a node of the function itself, 1 for one of its derivative, 2 for one of that one's derivative."""
        orders = self._graph.tables.orders
        return orders[self.id] if orders else 0

    @property
    def source(self) -> Source | None:
        """Where in the user's code it was made."""
        return self._graph.tables.sources[self.id]

    @property
    def group(self) -> str | None:
        """The function call in which it was made, ``"layer_2/activation"``; None in f itself."""
        return self._graph.tables.groups[self.id]

    @property
    def note(self) -> str:
        """What is to be known beside the operation, such as "in place" or "no_grad" in PyTorch's graphs; else ""."""
        return self._graph.tables.notes.get(self.id, "")

    @property
    def differentiable(self) -> bool:
        """Whether the node can have an adjoint: a float that is no constant."""
        return is_differentiable(self._record)

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes at the start of its edges, by argnum."""
        return tuple(self._graph.nodes[position] for position in self._graph.input_table[self.id])

    @property
    def consumers(self) -> tuple[Node, ...]:
        """The nodes that use it, in evaluation order, once per edge."""
        return tuple(edge.consumer for edge in self._graph.edges if edge.input.id == self.id)

    @property
    def adjoint(self) -> Any:
        """∂output/∂node; zeros without a path from the output; None for constants, bools and ints."""
        return self._graph.adjoint_of(self.id)

    @property
    def tangent(self) -> Any:
        """The forward-mode derivative; None before `graph.forward` and for constants, bools and ints."""
        return self._graph.tangent_of(self.id)

    @property
    def reached(self) -> bool:
        """Whether the output depends on this node along edges that carry a derivative."""
        return self.id in self._graph.reached_positions

    def __repr__(self) -> str:
        made = called(self.primitive.name) if self.primitive else self.kind
        shape = f" shape={self.shape}" if self.shape else ""
        return f"<Node {self.id} {called(self.name)!r}: {made}{shape} = {_short(self.value)}>"


class Edge:
    """One use of a node by a consumer; ``x * x`` has two, told apart by ``argnum``."""

    __slots__ = ("_graph", "argnum", "consumer", "input")

    def __init__(self, graph: BaseGraph, start: Node, consumer: Node, argnum: int) -> None:
        self._graph = graph
        self.input = start
        self.consumer = consumer
        self.argnum = argnum

    @property
    def graph(self) -> BaseGraph:
        """The graph that the edge belongs to."""
        return self._graph

    @property
    def active(self) -> bool:
        """Whether the edge carries a derivative."""
        return sweep.active_edge(self._graph.records[self.consumer.id], self.argnum)

    @property
    def is_break(self) -> bool:
        """Whether differentiability ends here: float -> bool or int, or `gad.detach`."""
        return self.input.differentiable and not self.active

    @property
    def local(self) -> Any:
        """∂consumer/∂input: an array of the consumer's shape for elementwise primitives, else a `LocalJacobian`.

        None on edges without derivative.
        """
        return sweep.local_derivative(self._graph.records[self.consumer.id], self.argnum)

    @property
    def contribution(self) -> Any:
        """What the consumer sends back: its adjoint × local derivative, in the input's shape.

        None on edges without derivative; zeros where no path leads to the output.
        """
        if not self.active:
            return None
        return self._graph.contribution_of(self.consumer.id, self.argnum)

    def __repr__(self) -> str:
        return f"<Edge {called(self.input.name)} -> {called(self.consumer.name)}, argnum {self.argnum}>"


def _short(value: Any) -> str:
    text = np.array2string(np.asarray(value), precision=4, threshold=8, edgeitems=2).replace("\n", "")
    return text if len(text) <= 60 else text[:57] + "..."


class BaseGraph:
    """Nodes in evaluation order, edges, inputs, outputs and names; adjoints and tangents once filled."""

    def __init__(self, records: Sequence[Traced], tables: Tables, notice: str = "") -> None:
        self.records = tuple(records)
        self.tables = tables
        self.notice = notice
        """Why `evaluate` ran the function again, "" if it did not."""
        self.input_positions = frozenset(tables.inputs)
        self._adjoints: dict[int, Any] | None = None
        self._tangents: dict[int, Any] | None = None
        self._seeded: tuple[int, ...] = ()
        self._moved: tuple[int, ...] = ()
        self._seed_values: dict[int, Any] = {}
        self._reached: frozenset[int] | None = None
        self._given: dict[int, Any] | None = None
        self._alone: frozenset[int] | None = None

    # -- structure: made when asked, since a graph may be large and be traced for one number -------

    @cached_property
    def _where(self) -> dict[int, int]:
        return {record.index: position for position, record in enumerate(self.records)}

    @cached_property
    def _by_name(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.tables.names.primary)}

    @cached_property
    def input_table(self) -> tuple[tuple[int, ...], ...]:
        """For every node the positions of its inputs, by argnum."""
        where = self._where
        return tuple([tuple([where[item.index] for item in record.inputs]) for record in self.records])

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node, in evaluation order."""
        return tuple([Node(self, position) for position in range(len(self.records))])

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge, by consumer in evaluation order, then by argnum."""
        nodes = self.nodes
        return tuple(
            [
                Edge(self, nodes[position], nodes[consumer], argnum)
                for consumer, row in enumerate(self.input_table)
                for argnum, position in enumerate(row)
            ]
        )

    def edge(self, consumer: int, argnum: int) -> Edge:
        """One edge, by the position of its consumer: none of the others is made for it."""
        return Edge(self, self.nodes[self.input_table[consumer][argnum]], self.nodes[consumer], argnum)

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The float leaves of the function's arguments, unused ones too."""
        return tuple(self.nodes[position] for position in self.tables.inputs)

    @property
    def outputs(self) -> tuple[Node, ...]:
        """The leaves of the function's result."""
        return tuple(self.nodes[position] for position in self.tables.outputs)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of every node, in evaluation order."""
        return self.tables.names.primary

    @property
    def title(self) -> str:
        """The function's name; "" for a lambda and in the imperative style."""
        return self.tables.title

    @property
    def functions(self) -> tuple[FunctionText, ...]:
        """The text of the user's functions in which the nodes were made, callers before what they called.

        Each has ``.file``, ``.name``, ``.line`` (the first) and ``.lines``; functions of this library and of installed
        packages are not among them. () where Python has no source, as after ``exec``.
        """
        return self.tables.functions

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __contains__(self, key: object) -> bool:
        return key in self._by_name or key in self.tables.names.aliases

    def __getitem__(self, key: str | int) -> Node:
        return self.nodes[self.position(key)]

    def position(self, key: Any) -> int:
        """The position of a node given by name, alias, id or node."""
        if isinstance(key, Node):
            return key.id
        if isinstance(key, int | np.integer) and not isinstance(key, bool):
            if 0 <= key < len(self.nodes):
                return int(key)
            raise UnknownNameError(f"no node has the id {key}; ids go from 0 to {len(self.nodes) - 1}.")
        if isinstance(key, str):
            found = self._by_name.get(key, self.tables.names.aliases.get(key))
            if found is not None:
                return found
            known = [*self._by_name, *self.tables.names.aliases]
            import difflib  # only an error needs it

            near = difflib.get_close_matches(key, known, 3)
            listed = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
            hint = f" Did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
            raise UnknownNameError(f"no node is named {key!r}.{hint} The names are: {listed}.")
        raise UnknownNameError(f"a node is found by its name or id, not by {key!r}.")

    @property
    def is_ours(self) -> bool:
        """Whether every rule is one of this package, none a user's own (gad.custom)."""
        return all(is_ours(record.primitive) for record in self.records)

    def __repr__(self) -> str:
        inputs = ", ".join(called(node.name) for node in self.inputs[:6])
        outputs = ", ".join(called(node.name) for node in self.outputs[:6])
        title = called(self.title) or f"of {outputs}"
        return f"<Graph {title}: {len(self.nodes)} nodes, inputs {inputs}, outputs {outputs}>"

    # -- reverse mode ---------------------------------------------------------------------------

    def backward(self, seed: Any = None) -> Self:
        """Fill the adjoints, starting from ``seed``; earlier adjoints are overwritten.

        Parameters
        ----------
        seed : number, array, list or dict, optional
            The adjoint to start from, in the output's shape. 1 by default, for one scalar output; for
            several outputs a list in their order or a dict by name.

        Raises
        ------
        SeedError
            There is no single scalar output, or the seed's shape differs from the output's.
        """
        adjoints = self._seeds(seed)
        started = self._seeded or self.tables.outputs
        given = self._given if seed is None else None
        self._seeded = tuple(self._where[index] for index in adjoints)
        self._seed_values |= {self._where[index]: value for index, value in adjoints.items()}
        records = {record.index: record for record in (self.records[position] for position in self._seeded)}
        if self._seeded != started:
            self._reached = None
        self._alone = None
        if given is not None:
            self._adjoints = dict(given)
            self._alone = self._single_uses()
        else:
            self._adjoints = sweep.reverse([(records[index], value) for index, value in adjoints.items()])
        return self

    def take_adjoints(self, adjoints: Mapping[int, Any]) -> Self:
        """Take the adjoints, by position, that another program's backward pass gave from the seed 1.

        `backward` without a seed then gives these numbers, to the last bit; with one it sweeps. What is not among them
        is not reached.
        """
        self._given = {self.records[position].index: _read_only(value) for position, value in adjoints.items()}
        return self

    def _seeds(self, seed: Any) -> dict[int, Any]:
        outputs = self.outputs
        for node in outputs:
            if is_complex(node.value) and len(outputs) == 1:
                raise OutputError(f"the output {node.name!r} is complex: {REAL_RESULT}.")
            if not is_floating(node.value) and len(outputs) == 1:
                raise OutputError(
                    f"the output {node.name!r} is of dtype {node.dtype}, which has no derivative; return a float."
                )
        if seed is None:
            if len(outputs) != 1:
                names = ", ".join(node.name for node in outputs)
                raise SeedError(
                    f"the graph has {len(outputs)} outputs ({names}), so a reverse sweep needs to know where to start. "
                    f"Write graph.backward(seed={{{outputs[0].name!r}: 1.0}})."
                )
            if int(np.prod(outputs[0].shape)) != 1:
                raise SeedError(
                    f"the output {outputs[0].name!r} has shape {outputs[0].shape}; a reverse sweep starts from one "
                    f"number or from a seed of that shape. Write graph.backward(seed=np.ones({outputs[0].shape}))."
                )
            return {self.records[outputs[0].id].index: sweep.seed_like(outputs[0].value)}
        given: dict[int, list[Any]] = {}  # a result may be returned twice: its seeds add up
        if isinstance(seed, Mapping):
            for key, value in seed.items():
                node = self[key]
                if node not in outputs:
                    raise SeedError(
                        f"{node.name!r} is no output; a seed goes to: {', '.join(n.name for n in outputs)}."
                    )
                given[node.id] = [value]
        elif len(outputs) == 1:
            given[outputs[0].id] = [seed]
        else:
            if not isinstance(seed, list | tuple) or len(seed) != len(outputs):
                raise SeedError(
                    f"the graph has {len(outputs)} outputs; give a list of as many seeds, or a dict by name."
                )
            for node, value in zip(outputs, seed, strict=True):
                if value is not None:
                    given.setdefault(node.id, []).append(value)
        result: dict[int, Any] = {}
        for position, values in given.items():
            node = self.nodes[position]
            if not is_floating(node.value):
                raise SeedError(f"the output {node.name!r} is of dtype {node.dtype} and takes no seed.")
            index = self.records[position].index
            total = sum(_direction(value, node, "seed", SeedError) for value in values)
            result[index] = np.asarray(total, dtype=node.dtype)[()]
        if not result:
            raise SeedError(f"no seed was given; write graph.backward(seed={{{outputs[0].name!r}: 1.0}}).")
        return result

    def _swept(self) -> dict[int, Any]:
        if self._adjoints is None:
            self.backward()
        assert self._adjoints is not None
        return self._adjoints

    def adjoint_of(self, position: int) -> Any:
        """The adjoint of a node by position: zeros without path; None where there can be none."""
        record = self.records[position]
        if not is_differentiable(record):
            return None
        found = self._swept().get(record.index)
        return _scalar(np.zeros(record.shape, record.dtype) if found is None else found, record)

    def contribution_of(self, position: int, argnum: int) -> Any:
        """What one edge sends back, in the input's shape; zeros if its consumer is not reached."""
        record = self.records[position]
        adjoint = self._swept().get(record.index)
        target = record.inputs[argnum]
        if adjoint is None:
            return _scalar(np.zeros(target.shape, target.dtype), target)
        if self._alone is not None and self.input_table[position][argnum] in self._alone:
            found = self._adjoints.get(target.index) if self._adjoints is not None else None
            return _scalar(np.zeros(target.shape, target.dtype) if found is None else found, target)
        with np.errstate(all="ignore"):
            sent = sweep.contribution(record, argnum, adjoint)
        # a user's own rule may answer None for zeros
        return _scalar(np.zeros(target.shape, target.dtype) if sent is None else sent, target)

    def _single_uses(self) -> frozenset[int]:
        """Nodes to which one edge alone sends something: what it sends is their adjoint, to the last bit."""
        counts: dict[int, int] = dict.fromkeys(self._seeded, 1)  # the seed is sent to it as well
        for consumer, row in enumerate(self.input_table):
            if consumer in self.reached_positions:
                for argnum, position in enumerate(row):
                    if sweep.active_edge(self.records[consumer], argnum):
                        counts[position] = counts.get(position, 0) + 1
        return frozenset(position for position, count in counts.items() if count == 1) - frozenset(self._seeded)

    @property
    def seeded(self) -> tuple[int, ...]:
        """Positions of the outputs that the adjoints were seeded at; runs the sweep if need be."""
        self._swept()
        return self._seeded

    @property
    def reached_positions(self) -> frozenset[int]:
        """Nodes from which a differentiable path leads to the (seeded) outputs."""
        if self._reached is None:
            reached = set(self._seeded or self.tables.outputs)
            reached = {position for position in reached if is_differentiable(self.records[position])}
            table = self.input_table
            for consumer in range(max(reached, default=-1), -1, -1):
                if consumer in reached:
                    record = self.records[consumer]
                    reached.update([p for argnum, p in enumerate(table[consumer]) if sweep.active_edge(record, argnum)])
            self._reached = frozenset(reached)
        return self._reached

    @property
    def has_adjoints(self) -> bool:
        """Whether a reverse sweep has run."""
        return self._adjoints is not None

    @property
    def has_tangents(self) -> bool:
        """Whether a forward sweep has run."""
        return self._tangents is not None

    @property
    def moved(self) -> tuple[int, ...]:
        """Positions of the inputs whose tangents were given."""
        return self._moved

    def seed_of(self, position: int) -> Any:
        """The adjoint or tangent that a sweep started from at a node."""
        return _scalar(self._seed_values[position], self.records[position])

    # -- forward mode ---------------------------------------------------------------------------

    def forward(self, tangents: Mapping[str, Any]) -> Self:
        """Fill the tangents, starting from those of some inputs; the other inputs have tangent 0.

        Parameters
        ----------
        tangents : dict
            Input name -> tangent in the input's shape, ``{"x": 1.0}``.
        """
        given: Any = tangents  # what a user passes may be anything
        if not isinstance(given, Mapping) or not given:
            raise ArgumentError('tangents must name inputs: graph.forward(tangents={"x": 1.0})')
        table: dict[int, Any] = {}
        for key, value in tangents.items():
            node = self[key]
            if node.id not in self.input_positions:
                raise ArgumentError(
                    f"{node.name!r} is no input; tangents start at: {', '.join(n.name for n in self.inputs)}."
                )
            table[self.records[node.id].index] = _direction(value, node, "tangent", ArgumentError)
        self._moved = tuple(self._where[index] for index in table)
        self._seed_values |= {self._where[index]: value for index, value in table.items()}
        sweep.forward(self.records, table)
        self._tangents = table
        return self

    def tangent_of(self, position: int) -> Any:
        """The tangent of a node by position; zeros if it depends on no seeded input."""
        record = self.records[position]
        if self._tangents is None or not is_differentiable(record):
            return None
        found = self._tangents.get(record.index)
        return _scalar(np.zeros(record.shape, record.dtype) if found is None else found, record)

    # -- other inputs ---------------------------------------------------------------------------

    def evaluate(self, /, **values: Any) -> Self:
        """The same graph at other inputs, without running the function again.

        Where a guard fails (another branch, another shape) the function is run again after all, and
        ``notice`` of the new graph names the line.

        Parameters
        ----------
        **values
            New values by input name, taken as the kind of number that the input was; the others stay.

        Raises
        ------
        UnknownNameError, ArgumentError
            A name is none of an input, or its value is no number.
        ReplayError
            A guard fails and the graph has no function to run.
        """
        new = self._new_inputs(values)
        found = replay(self, new)
        if not found.reason:
            records: list[Traced] = []
            for position, old in enumerate(self.records):
                inputs = tuple([records[i] for i in self.input_table[position]])
                records.append(Traced(found.values.get(position, old.value), old.primitive, inputs, old.params, None))
            return type(self)(records, self.tables)
        if self.tables.retrace is None:
            raise ReplayError(f"{found.reason}, and this graph has no function to run again; trace the function anew.")
        fresh = self.tables.retrace({self.names[position]: value for position, value in new.items()})
        fresh.notice = f"The function was run again: {found.reason}."
        return fresh  # type: ignore[no-any-return]

    def _new_inputs(self, values: Mapping[str, Any]) -> dict[int, Any]:
        new: dict[int, Any] = {}
        for key, value in values.items():
            node = self[key]
            if node.id not in self.input_positions:
                raise ArgumentError(
                    f"{node.name!r} is no input; evaluate takes: {', '.join(n.name for n in self.inputs)}."
                )
            if type(value) is Traced:
                refuse_in_use(value, f"the new value of {node.name!r}")
                value = value.value
            try:
                array = np.asarray(value)
            except ValueError as error:
                raise ArgumentError(f"the new value of {node.name!r} is no array: {error}.") from error
            if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
                check_array(value, f"the new value of {node.name!r}")
            if array.dtype.kind not in "biuf":
                raise ArgumentError(
                    f"the new value of {node.name!r} must be a number or an array of numbers, not {value!r}."
                )
            if type(node.value) is float and array.shape == ():
                new[node.id] = float(array)
                continue
            number = array.astype(node.dtype) if array.dtype.kind != "f" or type(value) is float else array
            number = number.copy(order="K")
            new[node.id] = number if isinstance(node.value, np.ndarray) or number.shape else number[()]
        return new

    @cached_property
    def _guards(self) -> dict[int, list[GuardRecord]]:
        found: dict[int, list[GuardRecord]] = {}
        for guard in self.tables.guards:
            found.setdefault(guard.position, []).append(guard)
        return found

    def broken(self, position: int, value: Any) -> str:
        """Why a graph in which a node has this value would be another one; "" if it would not."""
        old = self.records[position].value
        if shape_of(value) != shape_of(old):
            return f"{self.names[position]} has shape {shape_of(value)} instead of {shape_of(old)}"
        if dtype_of(value) != dtype_of(old):
            return f"{self.names[position]} has dtype {dtype_of(value)} instead of {dtype_of(old)}"
        for guard in self._guards.get(position, ()):
            if not np.array_equal(value, guard.value, equal_nan=is_floating(value)):
                place = (
                    f"{guard.source.file}, line {guard.source.line} (`{guard.source.text}`)"
                    if guard.source
                    else "a branch"
                )
                return f"at {place} Python saw {_short(guard.value)} before and sees {_short(value)} now"
        return ""


def _scalar(value: Any, record: Traced) -> Any:
    """Numbers of 0-d nodes as NumPy scalars: they print plainly and still have shape and dtype."""
    return _read_only(np.asarray(value, dtype=record.dtype)[()])


def _read_only(value: Any) -> Any:
    """A view that cannot be written to: a graph's numbers belong together."""
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def _direction(value: Any, node: Node, what: str, kind: type[GraphvizADError]) -> Any:
    """A seed or tangent of a node's own: a copy."""
    if type(value) is Traced:
        raise kind(f"the {what} of {node.name!r} must be a number or an array of numbers, not a traced value.")
    found = direction(value, node.value, f"the {what} of {node.name!r}", "its node", kind)
    return found.copy() if isinstance(found, np.ndarray) else found


def rebuild(
    nodes: Sequence[Traced], skip: Primitive | None = None, inputs: Collection[int] | None = None
) -> tuple[list[Traced], dict[int, int]]:
    """Copies of nodes, free of recorders and frames, and where each node (by creation index) went.

    Plain operands become constant nodes; nodes of the primitive ``skip`` are replaced by their input. With
    ``inputs`` (creation indices) every other leaf is a constant: a variable of the world outside a traced call.
    """
    records: list[Traced] = []
    where: dict[int, int] = {}
    arrays: dict[int, Traced] = {}

    def place(value: Any) -> Traced:
        record = constant_node(value, None)
        where[record.index] = len(records)
        records.append(record)
        return record

    for node in nodes:
        if skip is not None and node.primitive is skip:
            where[node.index] = where[node.inputs[0].index]
            continue
        operands: list[Traced] = []
        for item in node.inputs:
            if type(item) is Traced:
                operands.append(records[where[item.index]])
            elif isinstance(item, np.ndarray):
                known = arrays.get(id(item))
                if known is None:
                    known = arrays[id(item)] = place(item)
                operands.append(known)
            else:
                operands.append(place(item))
        if inputs is not None and node.primitive is None and node.index not in inputs:
            record = Traced(node.value, None, (), {**node.params, "role": "constant"}, None)
        else:
            record = node.without_recorder(tuple(operands))
        where[record.index] = where[node.index] = len(records)
        records.append(record)
    return records, where
