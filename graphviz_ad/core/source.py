"""Finds, for a node, the expression in the user's code that made it and the name that it was given."""

from __future__ import annotations

import ast
import builtins
import linecache
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from graphviz_ad.core.functions import COMPREHENSIONS, FunctionFinder, FunctionText
from graphviz_ad.core.place import MAX_TEXT
from graphviz_ad.core.recorder import Call, Site, is_layer
from graphviz_ad.core.scopes import Scope
from graphviz_ad.core.traced import Traced, is_constant
from graphviz_ad.core.where import base_name

Position = tuple[int, int, int, int]

# Python's own functions that compute with their arguments and give back something else than the last result
_CHOOSERS = set(dir(builtins)) - {"abs", "sum", "pow"}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a node was made: file (base name, or "cell"), lines, columns (characters, from 0), and the text.

    ``function`` holds the lines around it, None where there are none; ``caller`` is the call that led there, and
    None in the traced function itself.
    """

    file: str
    line: int
    end_line: int
    column: int
    end_column: int
    text: str
    function: FunctionText | None = field(default=None, compare=False, repr=False)
    caller: Source | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def functions_of(sources: Iterable[Source | None]) -> tuple[FunctionText, ...]:
    """The functions of places and of the calls that led there, callers before what they called."""
    found: dict[int, FunctionText] = {}
    seen: set[int] = set()
    for source in sources:
        inner = source
        new: list[Source] = []
        while inner is not None and id(inner) not in seen:
            seen.add(id(inner))
            new.append(inner)
            inner = inner.caller
        for place in reversed(new):
            if place.function is not None:
                found.setdefault(id(place.function), place.function)
    return tuple(found.values())


class _Syntax:
    """The syntax tree of one file, by position."""

    def __init__(self, filename: str, lines: list[str]) -> None:
        self.lines = lines
        blocks: list[ast.AST] = []
        self.functions = FunctionFinder(base_name(filename), lines, blocks)
        self.parent: dict[ast.AST, ast.AST] = {}
        self.by_position: dict[Position, ast.AST] = {}
        self.returns: dict[Position, ast.Return] = {}
        try:
            tree = ast.parse("".join(self.lines))
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: nested too deeply for Python
            return
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                self.parent[child] = node
            position = _position(node)
            if position is None:
                continue
            if isinstance(node, ast.stmt | ast.Lambda):
                blocks.append(node)
            if isinstance(node, ast.expr):
                self.by_position[position] = node
            elif isinstance(node, ast.AugAssign | ast.For):
                # the instruction that adds, and on some versions the one that iterates, spans the statement
                self.by_position.setdefault(position, node)
            elif isinstance(node, ast.Return):
                self.returns[position] = node


def _position(node: ast.AST) -> Position | None:
    line = getattr(node, "lineno", None)
    end = getattr(node, "end_lineno", None)
    if line is None or end is None:
        return None
    return (line, end, node.col_offset, node.end_col_offset)  # type: ignore[attr-defined]


def _characters(line: str, column: int) -> int:
    """A column in characters; Python counts the bytes of UTF-8."""
    return column if line.isascii() else len(line.encode()[:column].decode(errors="replace"))


def _written(call: Call, lasti: int) -> tuple[Call, int]:
    """The call and instruction that the user wrote: of what a layer of ours does, the call of the layer."""
    while is_layer(call.code) and call.parent is not None:
        call, lasti = call.parent, call.parent_lasti
    return call, lasti


_kept: dict[str, _Syntax] = {}
"""Files that were parsed lately: a function is often traced again, and parsing costs more than tracing it."""


def _parsed(filename: str) -> _Syntax:
    lines = linecache.getlines(filename)
    found = _kept.get(filename)
    if found is None or found.lines != lines:
        while len(_kept) >= 16:
            _kept.pop(next(iter(_kept)), None)
        found = _kept[filename] = _Syntax(filename, lines)
    return found


class SourceMap:
    """Positions, expressions and names for the nodes of one trace; files are read once."""

    def __init__(self) -> None:
        self._syntax: dict[str, _Syntax] = {}
        # by id: the calls keep the codes alive, and to hash a code is to hash all that is in it
        self._positions: dict[int, list[tuple[int | None, int | None, int | None, int | None]]] = {}
        self._sources: dict[int, Source | None] = {}
        self._places: dict[tuple[int, int, int], Source | None] = {}
        self._callers: dict[int, Source | None] = {}

    def syntax(self, filename: str) -> _Syntax:
        """The syntax tree of a file, parsed once."""
        found = self._syntax.get(filename)
        if found is None:
            found = self._syntax[filename] = _parsed(filename)
        return found

    def position(self, call: Call, lasti: int) -> Position | None:
        """Line, end line, column, end column (bytes) of one instruction; None where Python kept none."""
        positions = self._positions.get(id(call.code))
        if positions is None:
            positions = self._positions[id(call.code)] = list(call.code.co_positions())
        if not 0 <= lasti // 2 < len(positions):
            return None
        found = positions[lasti // 2]
        return None if any(part is None for part in found) else found  # type: ignore[return-value]

    def readable(self, call: Call) -> bool:
        """Whether a call's code has its source and its columns."""
        return bool(self.syntax(call.code.co_filename).lines) and any(
            position[2] for position in call.code.co_positions()
        )

    def expression(self, call: Call, lasti: int) -> ast.AST | None:
        """The syntax node of one instruction."""
        position = self.position(call, lasti)
        return None if position is None else self.syntax(call.code.co_filename).by_position.get(position)

    def source(self, site: Site | None) -> Source | None:
        """The place of a node in the user's code."""
        if site is None:
            return None
        key = id(site)  # there is one object for all nodes of a loop
        if key not in self._sources:
            call, lasti = _written(site.call, site.lasti)
            self._sources[key] = self._place(call, lasti, self._caller(call))
        return self._sources[key]

    def _caller(self, call: Call) -> Source | None:
        """The place that called a function, with all the calls that led there; no recursion, they may be many."""
        steps: list[tuple[int, Call, int]] = []  # a call, and from where it was called
        while call.parent is not None and id(call) not in self._callers:
            key = id(call)
            silent = call.code.co_name in COMPREHENSIONS  # part of an expression, not a call that anybody wrote
            call, lasti = _written(call.parent, call.parent_lasti)
            steps.append((key, call, -1 if silent else lasti))
        found = self._callers.get(id(call))
        for key, outer, lasti in reversed(steps):
            if lasti >= 0:
                found = self._place(outer, lasti, found)
            self._callers[key] = found
        return found

    def _place(self, call: Call, lasti: int, caller: Source | None) -> Source | None:
        """The place of one instruction; one object however often it ran."""
        key = (id(call.code), lasti, id(caller))
        if key in self._places:
            return self._places[key]
        found = None
        position = self.position(call, lasti)
        if position is not None:
            line, end_line, column, end_column = position
            syntax = self.syntax(call.code.co_filename)
            lines = syntax.lines
            text = ""
            if 0 < line <= len(lines):
                column = _characters(lines[line - 1], column)
                end_column = _characters(lines[min(end_line, len(lines)) - 1], end_column)
                text = lines[line - 1][column : end_column if end_line == line else None].strip()[:MAX_TEXT]
            function = syntax.functions.function(call.code, line)
            file = base_name(call.code.co_filename)
            found = Source(file, line, end_line, column, end_column, text, function, caller)
        self._places[key] = found
        return found

    # -- names ----------------------------------------------------------------------------------

    def names(self, node: Traced) -> list[str]:
        """The names a node was given where it was made, from the innermost call outwards."""
        if node.site is None:
            return []
        site: Site = node.site
        expression = self.expression(site.call, site.lasti)
        if expression is None:
            return []
        if (
            isinstance(expression, ast.Call)
            and isinstance(expression.func, ast.Name)
            and expression.func.id in _CHOOSERS
        ):
            return []  # `y = max(a, b)` makes comparisons on the way; y is one of a and b
        path: tuple[int, ...] = ()
        if node.primitive is not None and node.primitive.name == "index":
            key = node.params.get("key")
            position = key[0] if isinstance(key, tuple) and len(key) == 1 else key
            if site.call.parent is not None and is_layer(site.call.code) and not isinstance(expression, ast.Subscript):
                return []
            if isinstance(expression, ast.Tuple | ast.List) and isinstance(expression.ctx, ast.Store):
                # `a, b = x`: Python unpacks, and each element was made for one target
                return _target(expression, (position,)) if isinstance(position, int) else []
            if not isinstance(expression, ast.Subscript):
                return _loop_target(self.syntax(site.call.code.co_filename), expression)
        return list(self._climb(site.call, expression, path))

    def _climb(self, call: Call, expression: ast.AST, path: tuple[int, ...]) -> Iterator[str]:
        """Names along the way of a value: its assignment, or, through ``return``, the caller's."""
        syntax = self.syntax(call.code.co_filename)
        while True:
            silent = call.parent is not None and is_layer(call.code)  # what a layer calls its values is its own affair
            if isinstance(expression, ast.AugAssign):
                if not silent:
                    yield from _target(expression.target, path)
                return
            parent = syntax.parent.get(expression)
            if isinstance(parent, ast.Assign) and parent.value is expression:
                for target in () if silent else reversed(parent.targets):
                    yield from _target(target, path)
                return
            if isinstance(parent, ast.AnnAssign) and parent.value is expression:
                if not silent:
                    yield from _target(parent.target, path)
                return
            if isinstance(parent, ast.NamedExpr) and parent.value is expression:
                if not silent:
                    yield from _target(parent.target, path)
                expression = parent
            elif isinstance(parent, ast.IfExp) and parent.test is not expression:
                expression = parent
            elif isinstance(parent, ast.Tuple | ast.List) and isinstance(parent.ctx, ast.Load):
                path = (next(i for i, item in enumerate(parent.elts) if item is expression), *path)
                expression = parent
            elif isinstance(parent, ast.Return) or (isinstance(parent, ast.Lambda) and parent.body is expression):
                outer = self.caller(call)
                if outer is None:
                    return
                call, expression = outer
                syntax = self.syntax(call.code.co_filename)
            else:
                return

    def caller(self, call: Call) -> tuple[Call, ast.AST] | None:
        """The call expression that called this function, if it is one in the user's code."""
        if call.parent is None:
            return None
        expression = self.expression(call.parent, call.parent_lasti)
        if expression is None or (isinstance(expression, ast.Call) and hasattr(builtins, _last_name(expression.func))):
            # list(map(f, xs)): the assignment is not of one result of f
            return None
        return call.parent, expression

    def returned(self, calls: Sequence[Call]) -> dict[int, list[str]]:
        """For values that left a call by ``return name``: the caller's names, by ``id`` of the value."""
        found: dict[int, list[str]] = {}
        for call in sorted(calls, key=_depth, reverse=True):
            frame = call.frame
            if frame is None or call.parent is None:
                continue
            position = self.position(call, frame.f_lasti)
            statement = None if position is None else self.syntax(call.code.co_filename).returns.get(position)
            outer = self.caller(call)
            if statement is None or statement.value is None or outer is None:
                continue
            local = frame.f_locals
            for expression, path in _returned_names(statement.value, ()):
                value = local.get(expression.id)
                if type(value) is Traced:
                    found.setdefault(id(value), []).extend(self._climb(*outer, path))
        return found

    def constant_name(self, consumer: Traced, argnum: int) -> str | None:
        """The variable that held an array which met a traced value: ``W`` in ``x @ W``."""
        if consumer.site is None or (consumer.site.call.parent is not None and is_layer(consumer.site.call.code)):
            return None  # what a layer calls its arguments is its own affair
        expression = self.expression(consumer.site.call, consumer.site.lasti)
        operand: ast.AST | None = None
        if isinstance(expression, ast.BinOp):
            operand = (expression.left, expression.right)[argnum] if argnum < 2 else None
        elif isinstance(expression, ast.AugAssign):
            operand = expression.value if argnum == 1 else None
        elif isinstance(expression, ast.Call):
            arguments: list[ast.AST] = list(expression.args)
            if arguments and isinstance(arguments[0], ast.List | ast.Tuple):
                arguments = list(arguments[0].elts)
            elif isinstance(expression.func, ast.Attribute) and _last_name(expression.func.value) not in (
                "np",
                "numpy",
            ):
                arguments.insert(0, expression.func.value)
            operand = arguments[argnum] if argnum < len(arguments) else None
        return _last_name(operand) or None if isinstance(operand, ast.Name | ast.Attribute) else None


def _returned_names(value: ast.expr, path: tuple[int, ...]) -> Iterator[tuple[ast.Name, tuple[int, ...]]]:
    if isinstance(value, ast.Name):
        yield value, path
    elif isinstance(value, ast.Tuple | ast.List):
        for i, item in enumerate(value.elts):
            yield from _returned_names(item, (*path, i))


def _depth(call: Call) -> int:
    depth = 0
    while call.parent is not None:
        call = call.parent
        depth += 1
    return depth


def _last_name(expression: ast.AST) -> str:
    if isinstance(expression, ast.Name):
        return expression.id
    return expression.attr if isinstance(expression, ast.Attribute) else ""


def _target(target: ast.AST, path: tuple[int, ...]) -> list[str]:
    """The name of an assignment's target; ``path`` says which element of it."""
    if path:
        if not isinstance(target, ast.Tuple | ast.List):
            return []
        before = target.elts[: path[0] + 1]
        if path[0] >= len(target.elts) or any(isinstance(item, ast.Starred) for item in before):
            return []
        return _target(target.elts[path[0]], path[1:])
    if isinstance(target, ast.Name | ast.Attribute):
        return [_last_name(target)]
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return [target.slice.value] if isinstance(target.slice.value, str) else []
    return []


def _loop_target(syntax: _Syntax, expression: ast.AST) -> list[str]:
    parent = syntax.parent.get(expression)
    if isinstance(expression, ast.For):
        return _target(expression.target, ())
    if isinstance(parent, ast.For | ast.comprehension) and parent.iter is expression:
        return _target(parent.target, ())
    return []


# -- the tables of one graph --------------------------------------------------------------------


def group_path(site: Site | None) -> tuple[Call | Scope, ...]:
    """The calls and scopes, below the traced function's own call, in which a node was made; outermost first."""
    path: list[Call | Scope] = []
    if site is None:
        return ()
    call, scope = site.call, site.scope
    alone = call.parent is None and call.frame is None  # imperative style: no calls, but scopes
    while scope is not None:
        path.append(scope)
        scope = scope.enclosing if alone else scope.outer
    while call.parent is not None:
        name = call.code.co_qualname
        inner = is_layer(call.code) and (name.startswith("_") or "<" in name)  # a layer's own helpers say nothing
        if not inner and call.code.co_name not in COMPREHENSIONS:
            path.append(call)
        scope = call.parent_scope
        while scope is not None:
            path.append(scope)
            scope = scope.outer
        call = call.parent
    return tuple(reversed(path))


def _accumulates(expression: ast.AST | None) -> bool:
    return isinstance(expression, ast.Call) and _last_name(expression.func) in ("sum", "prod", "reduce")


def candidate_names(nodes: Sequence[Traced], sources: SourceMap, calls: Sequence[Call]) -> list[list[str]]:
    """For each node the names in the user's code, innermost first; the last one is the primary."""
    returned = sources.returned(calls)
    result: list[list[str]] = []
    # all turns of a loop have one site; only an unpacked element's name depends on the node itself
    by_site: dict[int, list[str]] = {}
    last = len(nodes) - 1
    for position, node in enumerate(nodes):
        if node.primitive is None:
            result.append(returned.get(id(node), []) if returned else [])
            continue
        site = node.site
        if site is None:
            result.append([])
            continue
        after = nodes[position + 1] if position < last else None
        if (
            after is not None
            and after.site is site
            and any(item is node for item in after.inputs)
            and _accumulates(sources.expression(site.call, site.lasti))
        ):
            result.append([])  # a partial sum inside sum([...]): the name is for the whole
            continue
        if node.primitive.name == "index":
            names = sources.names(node)
        else:
            found = by_site.get(id(site))
            if found is None:
                found = by_site[id(site)] = sources.names(node)
            names = found
        result.append(names + returned[id(node)] if id(node) in returned else names)
    return result


def local_aliases(nodes: Sequence[Traced], calls: Sequence[Call], sources: SourceMap) -> list[list[str]]:
    """`y = x` makes no node, but y is another name of it: read it off the function's own variables."""
    where = {id(node): position for position, node in enumerate(nodes)}
    result: list[list[str]] = [[] for _ in nodes]
    for call in calls:
        if call.parent is not None or call.frame is None or not sources.readable(call):
            continue
        for name, value in call.frame.f_locals.items():
            position = where.get(id(value)) if type(value) is Traced else None
            if position is not None and name.isidentifier():
                result[position].append(name)
    return result


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a graph's nodes: one each, and the others by which ``graph[...]`` finds them."""

    primary: tuple[str, ...]
    aliases: dict[str, int]


def assign_names(
    nodes: Sequence[Traced],
    given: Sequence[str | None],
    candidates: Sequence[Sequence[str]],
    outputs: Sequence[int],
    constant_names: Sequence[str | None],
    local: Sequence[Sequence[str]] = (),
) -> Names:
    """Give every node one name: inputs first, then the user's names, then ``out``, then v1, v2 and so on.

    Repeats get _2, _3 in evaluation order and skip names that the user wrote.
    """
    distinct = {id(names): names for names in candidates}  # all turns of a loop share one list
    written = {name for names in distinct.values() for name in names} | {name for name in given if name}
    primary: list[str | None] = [None] * len(nodes)
    taken: set[str] = set()
    repeats: dict[str, int] = {}

    def claim(name: str) -> str:
        if name not in taken:
            taken.add(name)
            return name
        number = repeats.get(name, 2)
        while (numbered := f"{name}_{number}") in taken or numbered in written:
            number += 1
        repeats[name] = number + 1
        taken.add(numbered)
        return numbered

    for position, name in enumerate(given):
        if name is not None:
            primary[position] = claim(name)
    for position, names in enumerate(candidates):
        if primary[position] is None and names and nodes[position].primitive is not None:
            primary[position] = claim(names[-1])
    for position in outputs:
        if primary[position] is None and nodes[position].primitive is not None:
            primary[position] = claim("out")
    counts = {"v": 0, "c": 0}

    def fresh(letter: str) -> str:
        while True:
            counts[letter] = number = counts[letter] + 1
            name = f"{letter}{number}"
            if name not in taken and name not in written:
                taken.add(name)
                return name

    for position, node in enumerate(nodes):
        if primary[position] is None:
            constant = node.primitive is None and is_constant(node)
            name = constant_names[position] if constant else None
            primary[position] = claim(name) if name else fresh("c" if constant else "v")
    aliases: dict[str, int] = {}
    for position, names in enumerate(candidates):
        chosen = primary[position]
        if not names or (len(names) == 1 and nodes[position].primitive is not None):
            continue  # the only name is the primary one
        for name in names:
            if name != chosen and not _numbered(chosen, name):
                aliases[claim(name)] = position
    for position, names in enumerate(local):
        for name in names:
            if name not in taken:
                taken.add(name)
                aliases[name] = position
    return Names(tuple(name for name in primary if name is not None), aliases)


def _numbered(primary: str | None, name: str) -> bool:
    """Whether a primary name is this one with a number: then it needs no alias of its own."""
    return primary is not None and primary.rpartition("_")[0] == name
