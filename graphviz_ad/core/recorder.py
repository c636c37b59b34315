"""A recorder notes, while a function is traced, where each node was made and what left the trace.

It holds the frames of the user's calls until the trace ends: two calls of one layer in a loop can only
be told apart by their frames, and a finished frame still knows what it returned.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core.scopes import Scope, any_open, innermost

PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120  (pathlib: 7 ms of import)
LAYERS_FOLDER = os.path.join(PACKAGE_FOLDER, "nn") + os.sep  # noqa: PTH118
"""Our own layers in plain NumPy: their calls are groups, but they give no names and no places."""


@functools.cache
def _library_folders() -> tuple[str, ...]:
    """Where Python and installed packages are."""
    import sysconfig  # not needed until something is traced

    paths = sysconfig.get_paths()
    numpy = os.path.dirname(os.path.realpath(np.__file__))  # noqa: PTH120
    return (PACKAGE_FOLDER, numpy, paths["stdlib"], paths["purelib"], paths["platlib"])


class Call:
    """One call of a user's function: its code, who called it, and from where."""

    __slots__ = ("code", "frame", "order", "parent", "parent_lasti", "parent_scope", "sites")

    def __init__(self, code: CodeType, frame: FrameType | None, parent: Call | None, lasti: int, order: int) -> None:
        self.code = code
        self.frame = frame
        self.parent = parent
        self.parent_lasti = lasti
        self.parent_scope: Scope | None = None
        self.order = order
        self.sites: dict[Any, Site] = {}


class Site(NamedTuple):
    """The instruction that made a node: a call and an offset into its code. One object for all nodes of a loop."""

    call: Call
    lasti: int
    scope: Scope | None = None  # the innermost one that was open in that call


class Guard(NamedTuple):
    """A recorded exit: the plain value that Python saw of a bool or int node, and where."""

    node: Any  # the Traced value that left
    exit: str  # "bool()", "int()", "an index", ...
    value: Any
    site: Site | None


class Sweep(NamedTuple):
    """The nodes, by creation index, that one sweep has appended, and the derivative's order."""

    start: int
    stop: int
    role: str  # "adjoint" or "tangent"
    order: int


next_index = itertools.count().__next__
"""The creation index of the next node: larger for nodes made later, in all graphs and threads."""


class Recorder:
    """What one trace, or a family of imperative variables, remembers beside its nodes."""

    __slots__ = (
        "_allowed",
        "_owner",
        "boundary",
        "calls",
        "constants",
        "guards",
        "nodes",
        "refused",
        "sweeps",
        "tracing",
    )

    def __init__(self, boundary: FrameType | None = None, allowed: tuple[str, ...] = ()) -> None:
        self.tracing = boundary is not None
        self.boundary = boundary
        self.calls: dict[FrameType, Call] = {}
        self.guards: list[Guard] = []
        self.refused: Guard | None = None  # the last float that was asked for its plain number, and did not give it
        self.nodes: list[Any] = []
        self.constants: dict[int, tuple[Any, Any, str | None]] = {}  # id -> (array, its node, name)
        self.sweeps: list[Sweep] = []
        self._allowed = (*allowed, LAYERS_FOLDER) if boundary is not None else allowed
        self._owner: Recorder | None = None

    def find(self) -> Recorder:
        """The recorder that this one was merged into."""
        recorder = self
        while recorder._owner is not None:
            recorder = recorder._owner
        return recorder

    def merge(self, other: Recorder) -> Recorder:
        """The one recorder of a node whose inputs have two; a running trace wins."""
        first, second = self.find(), other.find()
        if first is second or first.tracing:
            return first
        if second.tracing:
            return second
        second._owner = first  # noqa: SLF001  (another recorder of the same class)
        first.guards.extend(second.guards)
        second.guards = []
        return first

    def site(self) -> Site | None:
        """Where the user's code is now."""
        frame = user_frame(sys._getframe(1), self._allowed, self.boundary)
        if frame is None:
            return None
        if not self.tracing:
            return Site(Call(frame.f_code, None, None, -1, 0), frame.f_lasti, innermost())
        call = self.calls.get(frame)
        if call is None:
            call = self._enter(frame)
        lasti = frame.f_lasti
        if any_open():
            scope = innermost(frame)
            scoped = call.sites.get((lasti, scope))
            if scoped is None:
                scoped = call.sites[lasti, scope] = Site(call, lasti, scope)
            return scoped
        site = call.sites.get(lasti)
        if site is None:
            site = call.sites[lasti] = Site(call, lasti)
        return site

    @contextlib.contextmanager
    def sweeping(self, role: str, since: int) -> Iterator[None]:
        """Note that the nodes made meanwhile are a derivative's, of a function that ran from node ``since`` on."""
        start = next_index()
        try:
            yield
        finally:
            # not of those that a rule has run within this one
            order = 1 + max((sweep.order for sweep in self.sweeps if since <= sweep.start < start), default=0)
            self.sweeps.append(Sweep(start, next_index(), role, order))

    def _enter(self, frame: FrameType) -> Call:
        chain: list[FrameType] = []
        below: FrameType | None = frame
        while below is not None and below not in self.calls:
            chain.append(below)
            below = user_frame(below.f_back, self._allowed, self.boundary)
        parent = None if below is None else self.calls[below]
        lasti = -1 if below is None else below.f_lasti
        for inner in reversed(chain):
            outer, scope = parent, None if parent is None else innermost(parent.frame)
            parent = Call(inner.f_code, inner, outer, lasti, len(self.calls))
            parent.parent_scope = scope
            self.calls[inner] = parent
            lasti = inner.f_lasti
        assert parent is not None
        return parent

    def close(self) -> None:
        """End the trace: let go of the frames; what is still around is an ordinary imperative value."""
        self.tracing = False
        self.boundary = None
        for call in self.calls.values():
            call.frame = None
        self.calls = {}
        self.nodes = []
        self.refused = None
        self.constants = {}


def user_frame(
    frame: FrameType | None, allowed: tuple[str, ...] = (), boundary: FrameType | None = None
) -> FrameType | None:
    """The nearest frame, from here outwards, that runs the user's own code; None at the boundary."""
    while frame is not None and frame is not boundary:
        filename = frame.f_code.co_filename
        known = _library.get(filename)  # what `is_library` does, without the call: this runs for every node
        if known is None:
            known = is_library(filename)
        if not known or (allowed and filename.startswith(allowed)):
            return frame
        frame = frame.f_back
    return None


_library: dict[str, bool] = {}


def is_library(filename: str, allowed: tuple[str, ...] = ()) -> bool:
    """Whether a file belongs to Python, to an installed package or to us, and so never names a node.

    ``allowed``: folders that count as the user's all the same.
    """
    known = _library.get(filename)
    if known is None:
        known = _library[filename] = filename.startswith(("<frozen ", *_library_folders()))
    return known and not (allowed and filename.startswith(allowed))


def is_layer(code: CodeType) -> bool:
    """Whether a code belongs to `graphviz_ad.nn`."""
    return code.co_filename.startswith(LAYERS_FOLDER)


def allowed_folder(function: Any) -> tuple[str, ...]:
    """The folder of the traced function's file, where that lies inside an installed package of the user's own."""
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    if code is None or not is_library(code.co_filename) or code.co_filename.startswith(PACKAGE_FOLDER):
        return ()
    return (os.path.dirname(code.co_filename),)  # noqa: PTH120
