"""The lines of the traced functions, and where in them each visible thing was made, called and mentioned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from graphviz_ad.core.functions import FunctionText
from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.source import Source
from graphviz_ad.core.visible import REPLACEMENT, visible
from graphviz_ad.story.outline import Item, Link, Outline

MAX_LINES = 2000
MAX_LINE = 2000
"""More lines, or characters in a line, are not shown: nobody reads them."""
MAX_CALLS = 30
"""Of calls nested more deeply the innermost are marked."""
MAX_EDGES = 30
"""Of a line in the picture that stands for more edges than this, the mentions of these are marked."""

Span = tuple[int, int, int, int]
"""Block, line in it (from 0), first column, column after the last; columns are characters of the line as shown."""


def code_data(shown: Outline) -> dict[str, Any]:
    """What a pane beside the picture shows, as JSON.

    ``blocks``: ``label``, ``name``, ``first`` (number of the first line) and ``lines``, () where there is no source;
    ``cut`` says that there are more. ``nodes``: by id of a visible thing the spans of the expressions that made it.
    ``calls``: those of the calls that led there, outermost first. ``mentions``: by index of a link where the
    consumer's expression reads the link's input.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> from graphviz_ad.story.outline import outline
    >>> def area(a, b):
    ...     return a * b
    >>> data = code_data(outline(gad.trace(area, 2.0, 3.0)))
    >>> data["blocks"][0]["lines"], data["nodes"], data["mentions"]["1"]
    (['def area(a, b):', '    return a * b'], {'2': [(0, 1, 11, 16)]}, [(0, 1, 15, 16)])
    """
    return _Pane(shown).data()


class _Pane:
    """The code of one outline on its way to JSON; places are looked up once."""

    def __init__(self, shown: Outline) -> None:
        self.outline = shown
        self.graph = shown.graph
        self._spans: dict[int, tuple[Span, ...]] = {}
        self._calls: dict[int, tuple[Span, ...]] = {}
        self.blocks: list[dict[str, Any]] = []
        self.where: dict[int, tuple[int, int, int]] = {}  # function -> block, line in it, columns cut off on the left
        self.cut = self._lay_out()

    def data(self) -> dict[str, Any]:
        """All of it, without entries that would be empty."""
        links = self.outline.links if self.blocks else ()
        items = self.outline.items if self.blocks else ()
        found: dict[str, dict[str, Any]] = {
            "nodes": {str(item.id): self._made(item) for item in items},
            "calls": {str(item.id): self._called(item) for item in items},
            "mentions": {str(link.index): self._read(link) for link in links},
        }
        spans = {kind: {key: list(value) for key, value in table.items() if value} for kind, table in found.items()}
        return {"blocks": self.blocks, "cut": self.cut, **spans}

    # -- blocks -----------------------------------------------------------------------------------

    def _lay_out(self) -> bool:
        """Blocks of whole functions, callers first; a function inside another one is part of its block."""
        functions = self.graph.functions
        inside_of = dict(_nested(functions))
        room = MAX_LINES
        for text in functions:
            if id(text) not in inside_of and room > 0:
                self._show(text, room)
                room -= len(text.lines)
        for text in functions:
            outer = inside_of.get(id(text))
            if outer is not None and id(outer) in self.where:
                block, row, cut_off = self.where[id(outer)]
                self.where[id(text)] = (block, row + text.line - outer.line, cut_off)
        return room < 0 or any(id(text) not in self.where for text in functions)

    def _show(self, text: FunctionText, room: int) -> None:
        label, name = visible(text.file), visible(text.name)
        last = self.blocks[-1] if self.blocks else None
        joined = not name and last is not None and _follows(last, text, label)
        if last is None or not joined:  # statements outside of functions stand one below the other
            last = {"label": label, "name": name, "first": text.line, "lines": []}
            self.blocks.append(last)
        indent = 0 if joined else _indent(text.lines)
        self.where[id(text)] = (len(self.blocks) - 1, len(last["lines"]), indent)
        last["lines"] += [_shown(line[indent:]) for line in text.lines[:room]]

    # -- spans ------------------------------------------------------------------------------------

    def _place(self, source: Source) -> tuple[Span, ...]:
        """The lines of one expression, each from its first to its last character."""
        if id(source) not in self._spans:
            self._spans[id(source)] = tuple(self._lines(source))
        return self._spans[id(source)]

    def _lines(self, source: Source) -> Iterable[Span]:
        if source.function is None or id(source.function) not in self.where:
            return
        block, top, indent = self.where[id(source.function)]
        lines = self.blocks[block]["lines"]
        first = top + source.line - source.function.line
        for row in range(first, min(first + source.end_line - source.line + 1, len(lines))):
            text = lines[row]
            start = source.column - indent if row == first else len(text) - len(text.lstrip())
            end = source.end_column - indent if row == first + source.end_line - source.line else len(text.rstrip())
            start, end = max(start, 0), min(end, len(text))
            if start < end:
                yield (block, row, start, end)

    def _led_there(self, source: Source) -> tuple[Span, ...]:
        """The calls that led to a place, outermost first."""
        if id(source) not in self._calls:
            chain: list[Source] = []
            call = source.caller
            while call is not None and len(chain) < MAX_CALLS:
                chain.append(call)
                call = call.caller
            self._calls[id(source)] = _once(span for call in reversed(chain) for span in self._place(call))
        return self._calls[id(source)]

    def _sources(self, item: Item) -> list[Source]:
        found = {id(source): source for position in item.positions if (source := self.graph.tables.sources[position])}
        return list(found.values())

    def _made(self, item: Item) -> tuple[Span, ...]:
        return _once(span for source in self._sources(item) for span in self._place(source))

    def _called(self, item: Item) -> tuple[Span, ...]:
        """The calls that led to all of it."""
        led = [self._led_there(source) for source in self._sources(item)]
        common = set(led[0]).intersection(*led[1:]) if led else set()
        return tuple(span for span in led[0] if span in common) if led else ()

    # -- mentions ---------------------------------------------------------------------------------

    def _read(self, link: Link) -> tuple[Span, ...]:
        return _once(
            span for place in link.edges[:MAX_EDGES] for span in self._mentions(self.graph.edges[place])
        )  # fmt: skip

    def _mentions(self, edge: Edge) -> tuple[Span, ...]:
        """Where one input of a node is read: in the expression that made it, or in the call that handed it on.

        All such places where they are not told apart.
        """
        source = edge.consumer.source
        closest = source
        for _ in range(MAX_CALLS):
            if source is None:
                return ()
            found = self._mentions_in(source, edge, source is closest)
            if found:
                return found
            source = source.caller
        return ()

    def _mentions_in(self, source: Source, edge: Edge, closest: bool) -> tuple[Span, ...]:
        around = self._place(source)
        inner = [self._within(node.source, source.caller, around) for node in edge.consumer.inputs]
        if inner[edge.argnum]:
            return inner[edge.argnum]
        if not self._known(edge.input, source, closest):
            return ()
        hidden = [span for spans in inner for span in spans]
        uses = [argnum for argnum, node in enumerate(edge.consumer.inputs) if node.id == edge.input.id]
        for name in self._names(edge.input.id):
            found = self._spelled(name, around, hidden)
            if found:
                return (found[uses.index(edge.argnum)],) if len(found) == len(uses) else found
        return ()

    def _within(self, source: Source | None, caller: Source | None, around: Sequence[Span]) -> tuple[Span, ...]:
        """The part of an expression that made one of its inputs: that input's own expression, or the call of it."""
        place = _in_call(source, caller)
        spans = () if place is None else self._place(place)
        proper = spans and spans != tuple(around) and all(_inside(span, around) for span in spans)
        return spans if proper else ()

    def _known(self, node: Node, source: Source, closest: bool) -> bool:
        """Whether a node's names mean it in the call in which an expression ran."""
        if node.kind == "constant":
            return closest  # what is no input has its name from there
        if node.source is not None:
            return _in_call(node.source, source.caller) is not None
        if source.caller is None:
            return True
        outermost = _in_call(source, None)
        return outermost is not None and self._block(source) == self._block(outermost)  # one function inside another

    def _block(self, source: Source) -> int | None:
        found = self.where.get(id(source.function))
        return None if found is None else found[0]

    def _spelled(self, name: str, around: Sequence[Span], hidden: Sequence[Span]) -> tuple[Span, ...]:
        found: list[Span] = []
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        for block, row, start, end in around:
            for match in pattern.finditer(self.blocks[block]["lines"][row], start, end):
                span = (block, row, *match.span())
                if not any(_inside(span, [other]) for other in hidden):
                    found.append(span)
        return tuple(found)

    def _names(self, position: int) -> list[str]:
        """What the code may call a node: its name, without the number of a repeat, and its other names."""
        name = self.graph.names[position]
        plain = name.rpartition("_")[0] if name.rpartition("_")[2].isdecimal() else ""
        return [known for known in (name, *self._aliases.get(position, ()), plain) if known]

    @cached_property
    def _aliases(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for alias, position in self.graph.tables.names.aliases.items():
            found.setdefault(position, []).append(alias)
        return found


def _nested(functions: Sequence[FunctionText]) -> Iterator[tuple[int, FunctionText]]:
    """Each function (its id) that stands inside another one: same file, and the same text on the same lines."""
    outer: FunctionText | None = None
    for text in sorted(functions, key=lambda text: (text.file, text.line, -len(text.lines))):
        below = 0 if outer is None else text.line - outer.line
        if outer is not None and outer.file == text.file and outer.lines[below : below + len(text.lines)] == text.lines:
            yield id(text), outer
        else:
            outer = text


def _follows(block: dict[str, Any], text: FunctionText, label: str) -> bool:
    above = (block["label"], block["name"], block["first"] + len(block["lines"]))
    return above == (label, "", text.line)


def _indent(lines: Sequence[str]) -> int:
    """How many characters all lines begin with alike, blanks and tabs."""
    blanks = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()]
    common = min(blanks, default="")
    while not all(blank.startswith(common) for blank in blanks):
        common = common[:-1]
    return len(common)


def _shown(line: str) -> str:
    """A line as it can be shown, with as many characters, so that columns stay; tabs stay too."""
    return "\t".join(visible(part, REPLACEMENT) for part in line[:MAX_LINE].split("\t"))


def _inside(span: Span, around: Sequence[Span]) -> bool:
    block, row, start, end = span
    return any((block, row) == other[:2] and other[2] <= start and end <= other[3] for other in around)


def _once(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(dict.fromkeys(spans))


def _in_call(source: Source | None, caller: Source | None) -> Source | None:
    """Where a value was made, as seen in one call of a function: its own place, or the call from there that made it."""
    for _ in range(MAX_CALLS):
        if source is None or source.caller is caller:
            return source
        source = source.caller
    return None
