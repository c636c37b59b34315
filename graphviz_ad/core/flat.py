"""The flat form of a graph: plain JSON that round-trips; copies and pickles go through it too."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from graphviz_ad.core.custom import by_flat_name, flat_name
from graphviz_ad.core.graph import BaseGraph, GuardRecord, Tables
from graphviz_ad.core.primitive import Dynamic
from graphviz_ad.core.source import Names, Source
from graphviz_ad.core.traced import Traced
from graphviz_ad.errors import ArgumentError

FORMAT = "graphviz_ad.graph"
VERSION = 1
G = TypeVar("G", bound=BaseGraph)


def to_dict(graph: BaseGraph) -> dict[str, Any]:
    """A graph as strict JSON: non-finite numbers are strings, shapes and dtypes are kept."""
    nodes = []
    for node in graph.nodes:
        record = graph.records[node.id]
        entry: dict[str, Any] = {
            "id": node.id,
            "name": node.name,
            "kind": node.kind,
            "role": node.role,
            "primitive": None if record.primitive is None else flat_name(record.primitive),
            "inputs": list(graph.input_table[node.id]),
            "params": {key: _encode(value) for key, value in node.params.items()},
            "value": _encode_value(record.value),
            "source": None if node.source is None else _encode_source(node.source),
            "group": node.group,
        }
        if graph.has_adjoints:
            entry["adjoint"] = None if node.adjoint is None else _encode_value(node.adjoint)
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
                "source": None if guard.source is None else _encode_source(guard.source),
            }
            for guard in graph.tables.guards
        ],
    }


def from_dict(make: type[G], data: Any) -> G:
    """The graph of a flat form; anything that is not one is an error that says what is wrong."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ArgumentError("this is no graph of graphviz_ad: it lacks the format mark. Use what graph.to_dict() gave.")
    if data.get("version") != VERSION:
        raise ArgumentError(f"this graph has version {data.get('version')!r}; this release reads version {VERSION}.")
    try:
        return _build(make, data)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        if isinstance(error, ArgumentError):
            raise
        raise ArgumentError(f"this graph is damaged: {type(error).__name__}: {error}") from error


def _build(make: type[G], data: dict[str, Any]) -> G:
    records: list[Traced] = []
    inputs = tuple(_position(p, len(data["nodes"])) for p in data["inputs"])
    outputs = tuple(_position(p, len(data["nodes"])) for p in data["outputs"])
    for position, entry in enumerate(data["nodes"]):
        name = entry["primitive"]
        value = _decode_value(entry["value"])
        role = _text(entry["role"])
        if name is None:
            params = {"name": _text(entry["name"]), "role": role if position in inputs else "constant"}
            records.append(Traced(value, None, (), params, None))
            continue
        primitive = by_flat_name(_text(name))
        if primitive is None:
            raise ArgumentError(
                f"this graph uses the primitive {name!r}, which this release does not have. If it is a gad.custom "
                "function, define it first."
            )
        rows = tuple(records[_position(p, position)] for p in entry["inputs"])
        params = {_text(key): _decode(item) for key, item in entry["params"].items()}
        records.append(Traced(value, primitive, rows, params, None))
    nodes = data["nodes"]
    names = tuple(_text(entry["name"]) for entry in nodes)
    if len(set(names)) != len(names):
        raise ArgumentError("this graph is damaged: two nodes have one name.")
    aliases = {_text(key): _position(p, len(nodes)) for key, p in data["aliases"].items()}
    tables = Tables(
        names=Names(names, aliases),
        inputs=inputs,
        outputs=outputs,
        roles=tuple(_text(entry["role"]) for entry in nodes),
        sources=tuple(None if entry["source"] is None else _decode_source(entry["source"]) for entry in nodes),
        groups=tuple(None if entry["group"] is None else _text(entry["group"]) for entry in nodes),
        guards=tuple(
            GuardRecord(
                _position(guard["node"], len(nodes)),
                _text(guard["exit"]),
                _decode_value(guard["value"]),
                None if guard["source"] is None else _decode_source(guard["source"]),
            )
            for guard in data["guards"]
        ),
        title=_text(data["title"]),
    )
    if not outputs or any(records[position].primitive is not None for position in inputs):
        raise ArgumentError("this graph is damaged: it has no output, or an input that was computed.")
    graph = make(records, tables)
    if data["seeds"]:
        graph.backward({name: _decode_value(value) for name, value in data["seeds"].items()})
    return graph


def _position(value: Any, limit: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise ArgumentError(f"this graph is damaged: {value!r} is no position of an earlier node.")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ArgumentError(f"this graph is damaged: {value!r} is no text.")
    return value


# -- values -------------------------------------------------------------------------------------


def _encode_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool | int | float) and not isinstance(value, np.generic):
        return {"python": type(value).__name__, "data": _strict(value)}
    array = np.asarray(value)
    kind = "array" if isinstance(value, np.ndarray) else "scalar"
    return {
        "numpy": kind,
        "dtype": array.dtype.newbyteorder("<").str if array.dtype.byteorder == ">" else array.dtype.str,
        "shape": list(array.shape),
        "data": [_strict(item) for item in array.ravel().tolist()],
    }


def _strict(number: Any) -> Any:
    return repr(number) if isinstance(number, float) and not math.isfinite(number) else number


_PYTHON = {"float": float, "int": int, "bool": bool}


def _decode_value(entry: Any) -> Any:
    if "python" in entry:
        return _PYTHON[entry["python"]](entry["data"])
    dtype = np.dtype(entry["dtype"])
    if dtype.kind not in "biuf":
        raise ArgumentError(f"this graph is damaged: dtype {dtype} is no number's.")
    shape = tuple(_position(n, 2**62) for n in entry["shape"])
    data = [float(item) if isinstance(item, str) else item for item in entry["data"]]
    array = np.array(data, dtype=dtype).reshape(shape)
    return array if entry["numpy"] == "array" else array[()]


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


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((tag, content),) = value.items()
    if tag == "float":
        return float(content)
    if tag == "tuple":
        return tuple(_decode(item) for item in content)
    if tag == "slice":
        return slice(*(_decode(part) for part in content))
    if tag == "ellipsis":
        return Ellipsis
    if tag == "dynamic":
        return Dynamic(int(content))
    if tag == "array":
        return _decode_value(content)
    if tag == "list":
        return [_decode(item) for item in content]
    if tag == "dict":
        return {_decode(key): _decode(item) for key, item in content}
    raise ArgumentError(f"this graph is damaged: unknown parameter {tag!r}.")


def _encode_source(source: Source) -> dict[str, Any]:
    return {
        "file": source.file,
        "line": source.line,
        "end_line": source.end_line,
        "column": source.column,
        "end_column": source.end_column,
        "text": source.text,
    }


def _decode_source(entry: Any) -> Source:
    line, end_line, column, end_column = (
        _position(entry[key], 2**31) for key in ("line", "end_line", "column", "end_column")
    )
    return Source(_text(entry["file"]), line, end_line, column, end_column, _text(entry["text"]))
