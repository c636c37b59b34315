"""The flat form of a graph: plain JSON that round-trips; copies and pickles go through it too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from inspect import signature
from typing import Any, TypeVar

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import is_complex
from graphviz_ad.core.custom import by_flat_name, flat_name
from graphviz_ad.core.functions import FunctionText
from graphviz_ad.core.graph import BaseGraph, GuardRecord, Tables
from graphviz_ad.core.place import MAX_ENTRIES, Place
from graphviz_ad.core.primitive import REGISTRY, Dynamic, Primitive, declare_late
from graphviz_ad.core.source import Names, Source
from graphviz_ad.core.traced import Traced, dtype_of, is_floating, replay_value, shape_of
from graphviz_ad.core.variables import ROLES
from graphviz_ad.errors import ArgumentError, ReplayError, UnsupportedError

FORMAT = "graphviz_ad.graph"
VERSION = 1
KINDS = ("input", "constant", "primitive")
MAX_NODES = 1_000_000
MAX_ORDER = 1000
"""The highest derivative whose nodes a file may hold."""
MAX_DEPTH = 16
"""How deep parameters may be nested."""

MAX_WORK = 10**8
"""Numbers that one operation of a stranger's file may make on the way; see `_affordable`."""

G = TypeVar("G", bound=BaseGraph)


def to_dict(graph: BaseGraph) -> dict[str, Any]:
    """A graph as strict JSON: non-finite numbers are strings, shapes and dtypes are kept.

    Arrays are written in C order, and come back so whatever their order was. A primitive that is not NumPy's, such as
    a `gad.custom` function, is written with the contributions that it sent, so that a program without it can show them.
    """
    nodes = []
    written = _Written(graph)
    for node in graph.nodes:
        record = graph.records[node.id]
        entry: dict[str, Any] = {
            "id": node.id,
            "name": node.name,
            "kind": node.kind,
            "role": node.role,
            "primitive": None if record.primitive is None else flat_name(record.primitive),
            "inputs": list(graph.input_table[node.id]),
            "params": _params(record),
            "value": _encode_value(record.value),
            "source": written.source(node.source),
            "group": node.group,
        }
        if node.derivative_order:
            entry["order"] = node.derivative_order
        if node.note:
            entry["note"] = node.note
        if graph.has_adjoints:
            entry["adjoint"] = None if node.adjoint is None else _encode_value(node.adjoint)
            if record.primitive is not None and not _is_ours(record.primitive) and node.reached:
                entry["contributions"] = _contributions(record, node.adjoint)
        nodes.append(entry)
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": graph.tables.title,
        "nodes": nodes,
        "aliases": dict(graph.tables.names.aliases),
        "seeds": {graph.nodes[p].name: _encode_value(graph.seed_of(p)) for p in graph.seeded}
        if graph.has_adjoints
        else {},
        "inputs": list(graph.tables.inputs),
        "outputs": list(graph.tables.outputs),
        "guards": [
            {
                "node": guard.position,
                "exit": guard.exit,
                "value": _encode_value(guard.value),
                "source": written.source(guard.source),
            }
            for guard in graph.tables.guards
        ],
        "functions": [
            {"file": text.file, "name": text.name, "line": text.line, "lines": list(text.lines)}
            for text in graph.functions
        ],
        "calls": written.calls,
    }


class _Written:
    """The places of one graph on their way to JSON, and the calls that led there, each once and before its use."""

    def __init__(self, graph: BaseGraph) -> None:
        self.calls: list[dict[str, Any]] = []
        self._functions = {id(text): position for position, text in enumerate(graph.functions)}
        self._calls: dict[int, int] = {}

    def source(self, source: Source | None) -> dict[str, Any] | None:
        """One place; its callers are in ``calls`` after that."""
        if source is None:
            return None
        new: list[Source] = []
        call = source.caller
        while call is not None and id(call) not in self._calls:
            new.append(call)
            call = call.caller
        for call in reversed(new):
            entry = self._entry(call)
            self._calls[id(call)] = len(self.calls)
            self.calls.append(entry)
        return self._entry(source)

    def _entry(self, source: Source) -> dict[str, Any]:
        keys = ("file", "line", "end_line", "column", "end_column", "text")
        entry = {key: getattr(source, key) for key in keys}
        if source.function is not None:
            entry["function"] = self._functions[id(source.function)]
        if source.caller is not None:
            entry["caller"] = self._calls[id(source.caller)]
        return entry


def _function(place: Place) -> FunctionText:
    line = place.entry("line").whole(1, 2**31)
    lines = place.entry("lines")
    lines.take(len(lines.items()))
    texts = tuple(row.text() for row in lines.items())
    for row, text in enumerate(texts):
        if "\n" in text or "\r" in text:
            lines.at(row).wrong("one line")
    return FunctionText(_label(place.entry("file")), place.entry("name").text(), line, texts)


def _label(file: Place) -> str:
    name = file.text()
    if "/" in name or "\\" in name:
        file.wrong("a file's name without a folder")
    return name


def _params(record: Traced) -> dict[str, Any]:
    if record.primitive is None:
        return {}
    compute = record.primitive.compute
    if isinstance(compute, _Unknown):
        return compute.params
    return {key: _encode(value) for key, value in record.params.items()}


def _contributions(record: Traced, adjoint: Any) -> list[Any]:
    """What a node sent back along each edge; None for edges without derivative."""
    found: list[Any] = []
    for argnum, item in enumerate(record.inputs):
        if not sweep.active_edge(record, argnum):
            found.append(None)
            continue
        with np.errstate(all="ignore"):
            sent = sweep.contribution(record, argnum, adjoint)
        found.append(_encode_value(np.zeros(item.shape, item.dtype)[()] if sent is None else sent))
    return found


def from_dict(make: type[G], data: Any, *, trusted: bool = False) -> G:
    """The graph of a flat form; anything that is not one is an ArgumentError that says where it is wrong.

    The file may be a stranger's. It holds texts and numbers, never code: an operation is the name of a primitive of
    this program. And a file cannot make us show what is not so, because what can be computed is not believed:

    - every value is computed again from its inputs; one that differs, beyond rounding, is an error;
    - adjoints come from a sweep over the graph as it was read, started at the file's seeds; those in the file are for
      other readers;
    - what Python saw at a branch must be the value of the node.

    Inputs, constants, names, places in the source and titles are the author's word. So is what an unknown primitive
    gave (a `gad.custom` function, one of a newer release): such a node is a black box with the value and the
    contributions that the file states. It is drawn like the others, the graph's ``notice`` names it, and a sweep from
    another seed or new inputs are errors that name it. A `gad.custom` function of this program is taken for the one of
    the same name in the file if it gives the same value.

    ``trusted`` leaves the computing again out, for copies of a graph of this program's own.

    Keys that this release does not know are skipped. Arrays come back in C order.
    """
    declare_late()
    whole = Place(data)
    if type(data) is not dict or data.get("format") != FORMAT:
        raise ArgumentError("this is no graph of graphviz_ad: it lacks the format mark. Use what graph.to_dict() gave.")
    version = whole.entry("version")
    if type(version.value) is not int or version.value != VERSION:
        raise ArgumentError(f"this graph has version {version.shown()}; this release reads version {VERSION}.")
    return _Reader(whole, trusted).graph(make)


class _Reader:
    """Reads one file, node by node: what is wrong is found before anything relies on it."""

    def __init__(self, whole: Place, trusted: bool) -> None:
        self.whole = whole
        self.trusted = trusted
        self.records: list[Traced] = []
        self.unknown: list[str] = []
        self.functions: list[FunctionText] = []
        self.calls: list[Source] = []

    def graph(self, make: type[G]) -> G:
        nodes = self.whole.entry("nodes").items()
        if not 0 < len(nodes) <= MAX_NODES:
            self.whole.at("nodes").wrong(f"1 to {MAX_NODES:,} nodes")
        self._read_functions()
        inputs = self._positions("inputs", len(nodes))
        outputs = self._positions("outputs", len(nodes))
        if len(set(inputs)) != len(inputs):
            self.whole.at("inputs").wrong("every input once")
        names: dict[str, int] = {}
        roles, sources, groups, orders = [], [], [], []
        notes: dict[int, str] = {}
        for position, node in enumerate(nodes):
            self._node(node, position, position in inputs)
            name = node.entry("name")
            if names.setdefault(name.text(), position) != position:
                name.wrong(f"a name of its own: nodes[{names[name.value]}] and it have one name")
            kind = node.at("kind").value
            roles.append(node.entry("role").text(ROLES if kind == "input" else ("", "adjoint", "tangent")))
            sources.append(self._source(node.entry("source")))
            group = node.entry("group")
            groups.append(None if group.value is None else group.text())
            orders.append(node.entry("order").whole(0, MAX_ORDER) if "order" in node.table() else 0)
            if "note" in node.table():
                notes[position] = node.at("note").text()
        aliases = self.whole.entry("aliases")
        for alias in aliases.table():
            aliases.at(alias).whole(0, len(nodes), f"the position of a node, 0 to {len(nodes) - 1}")
            if alias in names:
                aliases.at(alias).wrong("an alias that is no node's name")
        tables = Tables(
            names=Names(tuple(names), dict(aliases.value)),
            inputs=inputs,
            outputs=outputs,
            roles=tuple(roles),
            sources=tuple(sources),
            groups=tuple(groups),
            guards=tuple(self._guard(guard) for guard in self.whole.entry("guards").items()),
            title=self.whole.entry("title").text(),
            orders=tuple(orders) if any(orders) else (),
            notes=notes,
        )
        return self._swept(make(self.records, tables, self._notice()))

    def _read_functions(self) -> None:
        """The texts of functions and the calls between them; files of earlier releases have none."""
        if "functions" in self.whole.table():
            self.functions = [_function(text) for text in self.whole.at("functions").items()]
        if "calls" in self.whole.table():
            for call in self.whole.at("calls").items():
                found = self._source(call)  # its own caller is one of those before it
                self.calls.append(call.wrong("a place") if found is None else found)

    def _source(self, place: Place) -> Source | None:
        if place.value is None:
            return None
        line, end_line, column, end_column = (
            place.entry(key).whole(0, 2**31) for key in ("line", "end_line", "column", "end_column")
        )
        known: dict[str, Sequence[Any]] = {"function": self.functions, "caller": self.calls}
        around = {
            key: items[place.at(key).whole(0, len(items), f"the position of one of {len(items)}, from 0")]
            for key, items in known.items()
            if key in place.table()
        }
        if around.get("function") is not None and line not in around["function"]:
            place.at("line").wrong("a line of its function")
        text = place.entry("text").text()
        return Source(_label(place.entry("file")), line, end_line, column, end_column, text, **around)

    def _positions(self, key: str, count: int) -> tuple[int, ...]:
        found = self.whole.entry(key).items()
        if not found:
            self.whole.at(key).wrong("at least one")
        return tuple(place.whole(0, count, f"the position of a node, 0 to {count - 1}") for place in found)

    def _node(self, node: Place, position: int, is_input: bool) -> None:
        """Append the record of one node; its inputs are there already."""
        node.entry("id").whole(position, position + 1, f"its position in the list, {position}")
        value = _value(node.entry("value"))
        name = node.entry("primitive")
        kind = node.entry("kind").text(KINDS)
        if kind != ("input" if is_input else "constant" if name.value is None else "primitive"):
            node.at("kind").wrong("what inputs and primitive say that it is")
        before = [
            self.records[place.whole(0, position, "no position but that of an earlier node")]
            for place in node.entry("inputs").items()
        ]
        params = node.entry("params")
        if kind != "primitive":
            if before or params.table() or name.value is not None:
                node.wrong(f"no primitive, inputs or params, since it is {kind}")
            if is_input and not is_floating(value):
                node.at("value").wrong("floats, since it is an input")
            role = node.entry("role").text() if is_input else "constant"
            self.records.append(Traced(value, None, (), {"name": node.entry("name").text(), "role": role}, None))
            return
        if all(isinstance(item.value, int) for item in before):
            node.at("inputs").wrong("at least one input that was traced")
        given = {key: _decode(params.at(key), len(before), 0) for key in params.table()}
        primitive = by_flat_name(name.text())
        try:
            known = None if primitive is None else Traced(value, primitive, tuple(before), given, None)
        except UnsupportedError as error:
            raise ArgumentError(f"this graph is damaged: {node.path}: {error}") from error
        reason = None if known is None or self.trusted else _lie(known)
        if reason is not None and primitive is not None and _is_ours(primitive):
            raise ArgumentError(f"this graph is damaged: {node.path}, {primitive.name}: {reason}.")
        if known is None or reason is not None:
            known = Traced(value, self._black_box(node, before, value), tuple(before), {}, None)
        self.records.append(known)

    def _black_box(self, node: Place, inputs: Sequence[Traced], value: Any) -> Primitive:
        """An unknown primitive: it says what the file says that it said."""
        name = node.at("primitive").value
        if name not in self.unknown:
            self.unknown.append(name)
        stated: Any = None
        sent: list[Any] = []
        if node.value.get("contributions") is not None:
            stated = _like(node.entry("adjoint"), value)
            sent = [
                None if place.value is None else _like(place, item.value)
                for place, item in zip(node.at("contributions").items(len(inputs)), inputs, strict=True)
            ]
        return _black_box(_Unknown(name, node.at("params").value), stated, sent)

    def _guard(self, guard: Place) -> GuardRecord:
        position = guard.entry("node").whole(0, len(self.records), "the position of a node")
        saw, value = _value(guard.entry("value")), self.records[position].value
        if not np.array_equal(saw, value, equal_nan=is_floating(value) and is_floating(saw)):
            guard.at("value").wrong("the value of its node")
        return GuardRecord(position, guard.entry("exit").text(), saw, self._source(guard.entry("source")))

    def _notice(self) -> str:
        if not self.unknown:
            return ""
        named = ", ".join(self.unknown[:3]) + (", …" if len(self.unknown) > 3 else "")
        return f"This program does not have {named}: what the file says of it is shown unchecked."

    def _swept(self, graph: G) -> G:
        """The graph with adjoints again, if it was written with some and can be swept."""
        seeds = self.whole.entry("seeds")
        given: dict[str, Any] = {}
        for name in seeds.table():
            if name not in [node.name for node in graph.outputs]:
                raise ArgumentError(f"this graph is damaged: {seeds.at(name).path} is no output.")
            given[name] = _like(seeds.at(name), graph[name].value)
        if not given or any(record.primitive and not record.primitive.pulls for record in self.records):
            return graph
        try:
            return graph.backward(given)
        except Exception as error:  # a rule of NumPy's may raise anything at parameters that nobody would write
            raise ArgumentError(f"this graph is damaged: its sweep fails: {error}") from error


def _is_ours(primitive: Primitive) -> bool:
    return REGISTRY.get(primitive.name) is primitive


class _Unknown:
    """Stands for the function of a primitive that this program does not have; keeps its parameters as they came."""

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        self.name = name
        self.params = params

    def __call__(self, *_inputs: Any, **_params: Any) -> Any:
        raise ReplayError(self.lacking("the graph's values cannot be computed"))

    def lacking(self, what: str) -> str:
        """The sentence that says what cannot be done."""
        short = self.name.partition("#")[0]
        return (
            f"this program does not have {short!r}, so {what}. If it is a gad.custom function, define it before "
            "Graph.from_dict."
        )


def _black_box(unknown: _Unknown, stated: Any, sent: Sequence[Any]) -> Primitive:
    """A primitive of which only one value and one set of contributions is known.

    It is called what the file calls it, number and all, so that nobody takes ``matmul#1`` for matmul.
    """

    def pull(argnum: int, adjoint: Any, *_rest: Any, **_params: Any) -> Any:
        if stated is not None and type(adjoint) is not Traced and shape_of(adjoint) == shape_of(stated):
            if _close(adjoint, stated, (), "elementwise"):
                return sent[argnum]
            if np.size(stated) == 1 and np.all(stated) and sent[argnum] is not None:
                return sent[argnum] * (np.ravel(adjoint)[0] / np.ravel(stated)[0])  # a pullback is linear
        raise UnsupportedError(unknown.lacking("nothing is swept through it"))

    def push(*_rest: Any, **_params: Any) -> Any:
        raise UnsupportedError(unknown.lacking("no tangent passes it"))

    return Primitive(
        unknown.name, unknown.name, unknown, "general", vjps=(pull,), jvps=(push,), variadic=True,
        pulls=stated is not None, pushes=False,
    )  # fmt: skip


# -- what is computed again -------------------------------------------------------------------------


def _lie(record: Traced) -> str | None:
    """What is wrong with a node's value, if it is not what its primitive gives."""
    assert record.primitive is not None
    values = [item.value for item in record.inputs]
    if _is_ours(record.primitive) and not _fits(record.primitive, len(values), tuple(sorted(record.params))):
        return f"it takes no {len(values)} inputs with the parameters {sorted(record.params)}"
    try:
        if not _affordable(record.primitive, values, record.params, record.value):
            return "it is too large to be computed again"
        with np.errstate(all="ignore"):
            found = replay_value(record, values)
            if shape_of(found) != record.shape or dtype_of(found) != record.dtype:
                return (
                    f"its value has shape {record.shape} and dtype {record.dtype}, but what it gives for these "
                    f"inputs has shape {shape_of(found)} and dtype {dtype_of(found)}"
                )
            if not _close(found, record.value, values, record.primitive.kind):
                return "its value is not what it gives for these inputs"
    except Exception as error:  # noqa: BLE001  (NumPy may raise anything at parameters that nobody would write)
        return f"it cannot be computed ({type(error).__name__}: {str(error)[:200]})"
    return None


@lru_cache(1024)
def _fits(primitive: Primitive, count: int, params: tuple[str, ...]) -> bool:
    """Whether a primitive and all its rules take so many inputs and parameters of these names."""
    if isinstance(primitive.compute, np.ufunc):
        return count == primitive.compute.nin and not params
    rules: list[tuple[Any, int]] = [(primitive.compute, count)]
    if primitive.variadic:
        rules += [(rule, 4) for rule in (*primitive.vjps, *primitive.jvps)]  # argnum, adjoint, out, inputs
    else:
        rules += [(rule, count + 2) for rule in (*primitive.vjps[:count], *primitive.jvps[:count])]
        rules += [(partial, count + 1) for partial in primitive.partials[:count]]
    for rule, numbers in rules:
        if callable(rule) and not isinstance(rule, np.ufunc):
            try:
                signature(rule).bind(*[None] * numbers, **dict.fromkeys(params))
            except TypeError:
                return False
    return True


def _close(found: Any, stated: Any, inputs: Sequence[Any], kind: str) -> bool:
    """Whether two values differ by rounding only: machines and releases of NumPy differ in the last digits."""
    if not is_floating(stated) and not is_complex(stated):
        return bool(np.array_equal(found, stated))
    a, b = (np.asarray(value) if is_complex(stated) else np.asarray(value, dtype=float) for value in (found, stated))
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(_in_parts(a[~finite]), _in_parts(b[~finite]), equal_nan=True):
        return False
    seen = [np.abs(_in_parts(np.asarray(value)).astype(float)).ravel() for value in (*inputs, found, stated)]
    scale = max((float(np.max(x[np.isfinite(x)], initial=0.0)) for x in seen), default=0.0)
    epsilon = float(np.finfo(dtype_of(stated)).eps)
    # a sum or a solution may lose half of the digits, a function of numbers none
    return bool(np.all(np.abs(a[finite] - b[finite]) <= scale * epsilon ** (0.5 if kind == "elementwise" else 0.25)))


def _in_parts(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A complex array as one of its real and imaginary parts, on an axis of length 2 at the end."""
    return np.stack([array.real, array.imag], axis=-1) if array.dtype.kind == "c" else array


def _affordable(primitive: Primitive, values: Sequence[Any], params: dict[str, Any], out: Any) -> bool:
    """Whether a primitive can be computed without a surprise: a file of one line may ask for 10¹² numbers."""
    shapes = [shape_of(value) for value in values]
    if primitive.kind == "elementwise":
        return np.broadcast_shapes(*shapes) == shape_of(out)
    if primitive.name == "matmul":
        rows, columns = ((1,) * (2 - len(shapes[0])) + shapes[0], shapes[1] + (1,) * (2 - len(shapes[1])))
        batch = np.broadcast_shapes(rows[:-2], columns[:-2])
        return math.prod((*batch, rows[-2], columns[-1])) == np.size(out)
    if params.get("optimize") == "optimal" and len(values) > 8:
        return False  # the search for the best order of an einsum takes as long as it takes
    if params.get("dtype") is not None and params["dtype"] not in DTYPES:
        return False
    work = math.prod(max(1, np.size(value)) for value in values)
    for key, value in params.items():
        numbers = [item for item in _leaves(value) if isinstance(item, int | np.ndarray)]
        sizes = [int(np.max(np.abs(item), initial=1)) for item in numbers]
        if key in ("shape", "new_shape") and math.prod(sizes) > MAX_WORK:
            return False
        if key in ("reps", "repeats"):
            work *= math.prod(sizes)
        elif key == "pad_width":
            work *= math.prod(1 + sum(_leaves(pair)) for pair in value)
        elif key == "k" and primitive.name == "diag":
            work *= (1 + sizes[0]) ** 2
        elif max(sizes, default=0) > MAX_WORK:
            return False
        else:
            work *= math.prod(np.size(item) or 1 for item in numbers)  # positions of an index
    return work <= MAX_WORK


def _leaves(value: Any) -> Iterator[Any]:
    """What a parameter consists of; a slice's ends make nothing large."""
    if isinstance(value, tuple | list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


# -- values -------------------------------------------------------------------------------------


def _encode_value(value: Any) -> dict[str, Any]:
    if type(value) is complex:
        return {"python": "complex", "data": [_strict(value.real), _strict(value.imag)]}
    if isinstance(value, bool | int | float) and not isinstance(value, np.generic):
        return {"python": type(value).__name__, "data": _strict(value)}
    array = np.asarray(value)
    kind = "array" if isinstance(value, np.ndarray) else "scalar"
    return {
        "numpy": kind,
        "dtype": array.dtype.newbyteorder("<").str if array.dtype.byteorder == ">" else array.dtype.str,
        "shape": list(array.shape),
        # of complex numbers the real and the imaginary part, one behind the other
        "data": [_strict(item) for item in _in_parts(array).ravel().tolist()],
    }


def _strict(number: Any) -> Any:
    if isinstance(number, np.longdouble):
        return str(number)  # JSON's numbers have fewer digits
    return repr(number) if isinstance(number, float) and not math.isfinite(number) else number


DTYPES = tuple(np.dtype(name).newbyteorder("<").str for name in "?bhiqBHIQefdgFD")
_NOT_FINITE = ("nan", "inf", "-inf")


def _like(place: Place, other: Any) -> Any:
    """A value in the shape and dtype of another."""
    found = _value(place)
    if shape_of(found) != shape_of(other) or dtype_of(found) != dtype_of(other):
        place.wrong(f"numbers of shape {shape_of(other)} and dtype {dtype_of(other)}")
    return found


def _value(place: Place) -> Any:
    """A number or an array."""
    if "python" in place.table():
        data = place.entry("data")
        kind = place.at("python").text(("float", "int", "bool", "complex"))
        if kind == "complex":
            parts = data.items(2)
            return complex(_finite(parts[0]), _finite(parts[1]))
        if type(data.value).__name__ != kind and not (kind == "float" and data.value in _NOT_FINITE):
            data.wrong(f"a {kind}")
        if kind == "float":
            return float(_finite(data))
        if kind == "int" and data.value.bit_length() > 1023:
            data.wrong("a number that a float can hold")
        return data.value
    form = place.entry("numpy").text(("array", "scalar"))
    dtype = np.dtype(place.entry("dtype").text(DTYPES))
    shape = tuple(
        length.whole(0, MAX_ENTRIES + 1) for length in place.entry("shape").items(None if form == "array" else 0)
    )
    if len(shape) > 64 or math.prod(length for length in shape if length) > MAX_ENTRIES:
        place.at("shape").wrong(f"at most 64 lengths and {MAX_ENTRIES:,} numbers")
    data = place.entry("data")
    count = math.prod(shape) * (2 if dtype.kind == "c" else 1)
    if type(data.value) is not list or len(data.value) != count:
        data.wrong(f"a list of {count}, which is what the shape says")
    data.take(count)
    wanted = {"b": "bool", "i": "int", "u": "int", "c": "float"}.get(
        dtype.kind, "float" if dtype.itemsize <= 8 else "longdouble"
    )
    items = [_number(data, position, wanted) for position in range(count)]
    try:
        with np.errstate(over="raise"):
            if dtype.kind == "c":
                array = np.array(items, dtype=np.zeros(0, dtype).real.dtype).view(dtype).reshape(shape)
            else:
                array = np.array(items, dtype=dtype).reshape(shape)
            array.flags.writeable = False  # a file may name it where NumPy takes the place to write to
    except (OverflowError, FloatingPointError):
        data.wrong(f"numbers that fit into dtype {dtype}")
    return array if form == "array" else array[()]


def _number(data: Place, position: int, wanted: str) -> Any:
    """One number of a list; those that JSON has no word for are texts."""
    item = data.value[position]
    kind = type(item)
    if wanted == "bool":
        good = kind is bool
    elif wanted == "int":
        good = kind is int
    elif kind is str:
        if wanted == "longdouble" and len(item) <= 60 and _LONG.issuperset(item):
            return np.longdouble(item)
        return _finite(data.at(position))
    else:
        good = kind is int or (kind is float and math.isfinite(item))
    return item if good else data.at(position).wrong(f"a {wanted}")


_LONG = frozenset("0123456789+-.e")
_NOT_FINITE = ("nan", "inf", "-inf")


def _finite(place: Place) -> float:
    """A float; the three that are not finite are texts in JSON."""
    value = place.value
    if type(value) is str and value in _NOT_FINITE:
        return float(value)
    if type(value) is not float or not math.isfinite(value):
        place.wrong(f"a finite float or one of {list(_NOT_FINITE)}")
    return value


def _encode(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return {"float": _strict(value)}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item) for item in value]}
    if isinstance(value, slice):
        return {"slice": [_encode(part) for part in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, Dynamic):
        return {"dynamic": value.number}
    if isinstance(value, np.ndarray):
        return {"array": _encode_value(value)}
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.generic):
        return {"array": _encode_value(value)}
    if isinstance(value, list):
        return {"list": [_encode(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_encode(key), _encode(item)] for key, item in value.items()]}
    raise ArgumentError(f"a {type(value).__name__} among a primitive's parameters has no flat form.")


def _decode(place: Place, inputs: int, depth: int = 0) -> Any:
    """A primitive's parameter: plain data of the kinds that `_encode` writes, and nothing else."""
    value = place.value
    if value is None or type(value) is bool:
        return value
    if type(value) is str:
        return place.text()
    if type(value) is int:
        return place.whole(-(2**63), 2**63)
    if depth >= MAX_DEPTH:
        place.wrong(f"parameters nested at most {MAX_DEPTH} deep")
    if len(place.table()) != 1:
        place.wrong("null, true, false, a whole number, a text, or an object with one key")
    ((tag, _),) = value.items()
    content = place.at(tag)

    def below() -> list[Any]:
        return [_decode(item, inputs, depth + 1) for item in content.items(3 if tag == "slice" else None)]

    if tag == "float":
        return _finite(content)
    if tag == "tuple":
        return tuple(below())
    if tag == "list":
        return below()
    if tag == "slice":
        return slice(*below())
    if tag == "ellipsis":
        return Ellipsis
    if tag == "dynamic":
        return Dynamic(content.whole(0, inputs, "the number of one of its inputs"))
    if tag == "array":
        return _value(content)
    if tag == "dict":
        pairs = [pair.items(2) for pair in content.items()]
        keys = [_decode(key, inputs, depth + 1) if type(key.value) is not dict else key.wrong("a text or a number")
                for key, _ in pairs]  # fmt: skip
        return {key: _decode(item, inputs, depth + 1) for key, (_, item) in zip(keys, pairs, strict=True)}
    return place.wrong("one of the kinds of parameters that there are")
