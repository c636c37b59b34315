"""Runs a function once on traced values and makes the graph of that call."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from graphviz_ad.core import source as source_module
from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import REAL_RESULT, is_complex
from graphviz_ad.core.graph import BaseGraph, GuardRecord, Tables, rebuild
from graphviz_ad.core.pytree import Path, is_float_leaf, last_key, leaves, map_leaves, opaque, path_name
from graphviz_ad.core.recorder import Call, Guard, Recorder, Sweep, allowed_folder
from graphviz_ad.core.run import patient_collector
from graphviz_ad.core.scopes import Scope
from graphviz_ad.core.traced import Traced, constant_node, is_constant, is_floating, refuse_in_use, shape_of
from graphviz_ad.core.variables import ALIAS, check_array
from graphviz_ad.errors import ArgumentError, ExitError, InputError, OutputError, UnknownNameError

G = TypeVar("G", bound=BaseGraph)


def trace(
    make: type[G], f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], loose: bool = False
) -> G:
    """The graph of ``f(*args, **kwargs)``; `graphviz_ad.trace` says more.

    ``loose``: also of what was computed and then never used, which does not belong to the result.
    """
    if not callable(f):
        raise ArgumentError(f"gad.trace needs a function, not {f!r}; write gad.trace(f, x), not gad.trace(f(x)).")
    recorder = Recorder(sys._getframe(), allowed_folder(f))
    entry = _Inputs(f, args, kwargs, recorder)
    try:
        with patient_collector:
            result = f(*entry.args, **entry.kwargs)
            graph = _finish(make, f, result, recorder, entry, loose)
    except Exception as error:
        with contextlib.suppress(Exception):  # the user's own error matters more than our picture of it
            error.graph = _so_far(make, f, recorder, entry, error)  # type: ignore[attr-defined]
        raise
    finally:
        recorder.close()
    return graph


class _Inputs:
    """The arguments of one traced call: inputs in place of float leaves, and their names."""

    def __init__(
        self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], recorder: Recorder
    ) -> None:
        self.recorder = recorder
        self.nodes: list[Traced] = []
        self.paths: list[Path] = []
        names = _argument_names(f, args)
        self.template = (args, kwargs)
        self.args = tuple(self._open(name, value) for name, value in zip(names, args, strict=False))
        self.kwargs = {key: self._open(key, value) for key, value in kwargs.items()}
        if not args and not kwargs:
            raise InputError(
                f"{_name(f)} was called without any argument, so there is nothing to differentiate by. Write the "
                "values at which it is to be seen behind it: gad.trace(f, 2.0)."
            )
        if not self.nodes:
            raise InputError(
                f"{_name(f)} was called without any float, so there is nothing to differentiate by. "
                "Write 2.0 instead of 2, and x.astype(float) for arrays of ints."
            )
        # the last key where that is unique, else the path inside the argument, else the whole path
        whole = [path_name((f".{path[0]}", *path[1:])) for path in self.paths]
        inner = [path_name(path[1:]) if len(path) > 1 else path[0] for path in self.paths]
        short = [last_key(path) if len(path) > 1 else path[0] for path in self.paths]
        counts = {id(names): Counter(names) for names in (short, inner)}
        for position, node in enumerate(self.nodes):
            if node.params["name"] is None:
                node.params["name"] = next(
                    name
                    for names in (short, inner, whole)
                    if (name := names[position])
                    and not name.startswith("[")
                    and (names is whole or counts[id(names)][name] == 1)
                )

    def _open(self, name: str, argument: Any) -> Any:
        def leaf(path: Path, value: Any) -> Any:
            if not is_float_leaf(value):
                reason = opaque(value)
                if reason:
                    place = path_name((f".{name}", *path))
                    raise InputError(f"the argument {place} is {reason}.")
                return value
            where = (name, *path)
            given, role = None, "input"
            if type(value) is Traced:
                if is_constant(value) or not is_floating(value.value):
                    return self._constant(value, where)
                refuse_in_use(value, f"the argument {path_name((f'.{name}', *path))} of gad.trace")
                if value.primitive is None:
                    given, role = value.params["name"], value.params["role"]
                value = value.value
            check_array(value, f"the argument {path_name((f'.{name}', *path))}")
            value = value.copy(order="K") if isinstance(value, np.ndarray) else value
            node = Traced(value, None, (), {"role": role, "name": given}, self.recorder)
            self.nodes.append(node)
            self.paths.append(where)
            self.recorder.nodes.append(node)
            return node

        return map_leaves(leaf, argument)

    def _constant(self, constant: Traced, where: Path) -> Any:
        """A `gad.constant` arrives as the plain value; an array remembers its name for the picture."""
        value = constant.value
        if isinstance(value, np.ndarray):
            value = value.copy(order="K")
            name = constant.params.get("name") or last_key(where) or (where[0] if len(where) == 1 else None)
            self.recorder.constants[id(value)] = (value, None, name)
        return value


def _argument_names(f: Callable[..., Any], args: tuple[Any, ...]) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (ValueError, TypeError):
        return ["x"] if len(args) == 1 else [f"x{i + 1}" for i in range(len(args))]
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            names.extend(f"{parameter.name}[{i}]" for i in range(len(args) - len(names)))
    # too many arguments: f itself will say so
    names.extend(f"argument {i}" for i in range(len(names), len(args)))
    return names[: len(args)]


def _name(f: Any) -> str:
    name = getattr(f, "__name__", type(f).__name__)
    return "the function" if name == "<lambda>" else f"{name}()"


def _title(f: Any) -> str:
    name = getattr(f, "__name__", type(f).__name__)
    return "" if name == "<lambda>" else name


def _finish(make: type[G], f: Any, result: Any, recorder: Recorder, entry: _Inputs, loose: bool) -> G:
    outputs: list[Traced] = []
    found = False
    for _, leaf in leaves(result):
        if type(leaf) is Traced:
            found = True
            outputs.append(_checked_real(leaf, f"{_name(f)} returned a complex value"))
        elif isinstance(leaf, float | np.ndarray | np.generic) and is_floating(leaf):
            outputs.append(constant_node(leaf, recorder))
    if not found:
        raise OutputError(_independent(f, result, recorder))

    def retrace(values: dict[str, Any]) -> G:
        args, kwargs = entry.template
        counter = iter(range(len(entry.nodes)))
        new_values = [values.get(name, node.value) for name, node in zip(input_names, entry.nodes, strict=True)]

        def fill(_path: Path, value: Any) -> Any:
            if not is_float_leaf(value) or (
                type(value) is Traced and (is_constant(value) or not is_floating(value.value))
            ):
                return value
            position = next(counter)
            node = entry.nodes[position]
            # through a variable, so that names and roles stay
            return Traced(new_values[position], None, (), dict(node.params), Recorder())

        new_args = tuple(map_leaves(fill, value) for value in args)
        new_kwargs = {key: map_leaves(fill, value) for key, value in kwargs.items()}
        return trace(make, f, new_args, new_kwargs, loose)

    calls = list(recorder.calls.values())
    ends = _ends(recorder) if loose else ()
    graph = build(make, outputs, recorder.guards, calls, entry.nodes, retrace, _title(f), recorder.sweeps, ends)
    input_names = [node.name for node in graph.inputs]
    return graph


def _checked_real(leaf: Traced, what: str) -> Traced:
    if is_complex(leaf.value):
        raise OutputError(f"{what}: {REAL_RESULT}.")
    return leaf


def _independent(f: Any, result: Any, recorder: Recorder) -> str:
    if result is None:
        return f"{_name(f)} returned None; did it forget `return`?"
    text = f"the result of {_name(f)} depends on no input"
    if recorder.guards:
        last = recorder.guards[-1]
        place = source_module.SourceMap().source(last.site)
        where = f" at {place.file}, line {place.line} (`{place.text}`)" if place else ""
        return f"{text}: the last traced value left the trace through {last.exit}{where}."
    return f"{text}: it is the plain value {str(result)[:60]}. Compute it from the arguments."


def _ends(recorder: Recorder) -> list[Traced]:
    """What was computed and not used, up to now."""
    consumed = {item.index for node in recorder.nodes for item in node.inputs}
    return [node for node in recorder.nodes if node.index not in consumed and node.primitive is not None]


def _so_far(make: type[G], f: Any, recorder: Recorder, entry: _Inputs, error: Exception) -> G | None:
    calls = list(recorder.calls.values())
    refused = recorder.refused if isinstance(error, ExitError) or isinstance(error.__cause__, ExitError) else None
    guards = recorder.guards if refused is None else [*recorder.guards, refused]
    return build(make, _ends(recorder) or entry.nodes, guards, calls, entry.nodes, None, _title(f))


def graph_of(make: type[G], results: Sequence[Any]) -> G:
    """The graph behind one or several results of the imperative style."""
    outputs = [
        _checked_real(leaf, "a result that gad.graph was given is complex")
        for result in results
        for _, leaf in leaves(result)
        if type(leaf) is Traced
    ]
    if not outputs:
        raise OutputError(
            "gad.graph needs results computed from gad.variable(...); what it got is plain: "
            + (", ".join(type(result).__name__ for result in results) or "nothing")
        )
    order = sweep.ancestors(outputs)
    inputs = [node for node in order if node.primitive is None and not is_constant(node)]
    if not inputs:
        raise OutputError("the result depends on no variable: start from x = gad.variable(2.0).")
    for node in inputs:
        refuse_in_use(node, "gad.graph")
    last = max(node.index for node in outputs)
    recorders = {id(r.find()): r.find() for node in order if isinstance(r := node.recorder, Recorder)}
    guards = [guard for recorder in recorders.values() for guard in recorder.guards if guard.node.index <= last]
    return build(make, outputs, guards, [], inputs, None, "")


def build(
    make: type[G],
    outputs: Sequence[Traced],
    guards: Sequence[Guard],
    calls: Sequence[Call],
    inputs: Sequence[Traced],
    retrace: Callable[[dict[str, Any]], Any] | None,
    title: str,
    sweeps: Sequence[Sweep] = (),
    ends: Sequence[Traced] = (),
) -> G:
    """A graph of everything that outputs, guards, inputs and other ends reach."""
    nodes = sweep.ancestors([*outputs, *(guard.node for guard in guards), *inputs, *ends])
    own = {node.index for node in inputs}
    for node in nodes:
        if node.primitive is None and node.index not in own:
            refuse_in_use(node, "the function")
    records, where = rebuild(nodes, skip=ALIAS, inputs=own)
    originals: list[Traced | None] = [None] * len(records)
    for node in nodes:
        if node.primitive is not ALIAS:
            originals[where[node.index]] = node
    known = [record if original is None else original for record, original in zip(records, originals, strict=True)]
    sources = source_module.SourceMap()
    candidates = source_module.candidate_names(known, sources, calls)
    given: list[str | None] = []
    roles: list[str] = []
    orders: list[int] = []
    for record, node in zip(records, known, strict=True):
        leaf = node.primitive is None
        role, order = ("", 0) if leaf or not sweeps else _derivative(node, sweeps)
        given.append(node.params.get("name") if leaf else None)
        roles.append(node.params.get("role", "") if leaf and record.params.get("role") != "constant" else role)
        orders.append(order)
    output_positions = tuple([where[node.index] for node in outputs])
    constant_names = _constant_names(known, sources)
    local = source_module.local_aliases(known, calls, sources)
    names = source_module.assign_names(known, given, candidates, output_positions, constant_names, local)
    input_positions = tuple([where[node.index] for node in inputs])
    tables = Tables(
        names=names,
        inputs=input_positions,
        outputs=output_positions,
        roles=tuple(roles),
        sources=tuple([None if node.site is None else sources.source(node.site) for node in known]),
        groups=_groups(known),
        guards=tuple(
            GuardRecord(where[guard.node.index], guard.exit, guard.value, sources.source(guard.site))
            for guard in guards
        ),
        retrace=retrace,
        title=title,
        orders=tuple(orders) if any(orders) else (),
    )
    return make(records, tables)


def _derivative(node: Traced, sweeps: Sequence[Sweep]) -> tuple[str, int]:
    """The role of a node that a sweep appended, and the derivative's order; "" and 0 for the function's own."""
    around = [sweep for sweep in sweeps if sweep.start < node.index < sweep.stop]
    innermost = max(around, key=lambda sweep: sweep.start, default=None)
    return ("", 0) if innermost is None else (innermost.role, innermost.order)


def _constant_names(nodes: Sequence[Traced], sources: source_module.SourceMap) -> list[str | None]:
    """What the code calls an array that met a traced value, for constants without a name of their own."""
    wanted = {node.index for node in nodes if node.primitive is None and shape_of(node.value) and is_constant(node)}
    found: dict[int, str] = {}
    if wanted:
        for node in nodes:
            for argnum, item in enumerate(node.inputs):
                if type(item) is Traced and item.index in wanted and item.index not in found:
                    name = sources.constant_name(node, argnum)
                    if name:
                        found[item.index] = name
    return [found.get(node.index) for node in nodes] if found else [None] * len(nodes)


def _groups(nodes: Sequence[Traced]) -> tuple[str | None, ...]:
    labels: dict[int, str] = {}
    taken: dict[str, int] = {}

    def label(made_in: Call | Scope) -> str:
        if id(made_in) not in labels:
            if isinstance(made_in, Scope):
                name = made_in.name
            else:
                name = (
                    made_in.code.co_qualname.rpartition("<locals>.")[2]
                    .replace("<lambda>", "lambda")
                    .replace("/", "\u2215")
                )
            taken[name] = taken.get(name, 0) + 1
            labels[id(made_in)] = name if taken[name] == 1 else f"{name}_{taken[name]}"
        return labels[id(made_in)]

    by_place: dict[tuple[int, int], str | None] = {}
    result: list[str | None] = []
    for node in nodes:
        site = node.site
        if site is None or node.primitive is None:
            result.append(None)
            continue
        place = (id(site.call), id(site.scope))
        if place not in by_place:
            by_place[place] = "/".join(label(item) for item in source_module.group_path(site)) or None
        result.append(by_place[place])
    return tuple(result)


# -- the graph of a gradient --------------------------------------------------------------------


def derivative_graph(graph: G, name: str, output: str | None) -> G:
    """The graph of ∂output/∂input: the nodes of the graph, and those that its reverse sweep appends."""
    target = graph[name]
    if target.id not in graph.input_positions:
        raise ArgumentError(f"{name!r} is no input; derivatives are by: {', '.join(n.name for n in graph.inputs)}.")
    if output is None:
        if len(graph.outputs) != 1:
            known = [node.name for node in graph.outputs]
            raise ArgumentError(f"the graph has several outputs; write output= one of {known}.")
        start = graph.outputs[0]
    else:
        start = graph[output]
        if not any(start.id == node.id for node in graph.outputs):
            raise UnknownNameError(f"{output!r} is no output of the graph.")
    if not is_floating(start.value) or int(np.prod(start.shape)) != 1:
        raise OutputError(f"the output {start.name!r} must be one float, not shape {start.shape}, dtype {start.dtype}.")
    originals = graph.records
    adjoints = sweep.reverse([(originals[start.id], sweep.seed_like(start.value))], traced=True)
    result = adjoints.get(originals[target.id].index)
    if result is None:
        result = np.zeros(target.shape, target.dtype)[()]
    if type(result) is not Traced:
        result = constant_node(result, None)
    inputs = [originals[position] for position in graph.tables.inputs]
    nodes = sweep.ancestors([result, *inputs])
    records, where = rebuild(nodes, skip=ALIAS)
    old = {record.index: position for position, record in enumerate(originals)}
    back = {where[node.index]: old.get(node.index) for node in nodes}
    final = where[result.index]
    given: list[str | None] = []
    roles: list[str] = []
    for position, record in enumerate(records):
        before = back.get(position)
        given.append(graph.names[before] if before is not None else None)
        if before is not None:
            roles.append(graph.tables.roles[before])
        else:
            roles.append("adjoint" if record.primitive is not None else "")
    names_by_node = {
        where[adjoint.index]: f"∂{start.name}/∂{graph.names[old[index]]}"
        for index, adjoint in adjoints.items()
        if type(adjoint) is Traced and adjoint.index in where and index in old
    }
    if given[final] is None:
        names_by_node[final] = f"∂{start.name}/∂{target.name}"
    for position, text in names_by_node.items():
        given[position] = given[position] or text
    names = source_module.assign_names(records, given, [[] for _ in records], (final,), [None] * len(records))
    tables = Tables(
        names=names,
        inputs=tuple(where[record.index] for record in inputs),
        outputs=(final,),
        roles=tuple(roles),
        sources=tuple(graph.tables.sources[b] if (b := back.get(i)) is not None else None for i in range(len(records))),
        groups=tuple(graph.tables.groups[b] if (b := back.get(i)) is not None else None for i in range(len(records))),
        guards=(),
        retrace=None,
        title=f"∂{start.name}/∂{target.name}",
        orders=_orders_after(graph, [back.get(position) for position in range(len(records))], roles),
    )
    return type(graph)(records, tables)


def _orders_after(graph: BaseGraph, before: Sequence[int | None], roles: Sequence[str]) -> tuple[int, ...]:
    """The derivative's order of each node: one more than any so far for the nodes that were appended."""
    old = graph.tables.orders
    new = 1 + max(old, default=0)
    return tuple(
        (new if role else 0) if position is None else (old[position] if old else 0)
        for position, role in zip(before, roles, strict=True)
    )
