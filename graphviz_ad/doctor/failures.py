"""An exception inside the function is a diagnosis: what it was, at which line, and what to write instead."""

from __future__ import annotations

import linecache
import re
from types import TracebackType

from graphviz_ad.core.recorder import is_library
from graphviz_ad.core.source import Source
from graphviz_ad.core.visible import visible
from graphviz_ad.core.where import base_name
from graphviz_ad.doctor.connection import exit_remedy
from graphviz_ad.doctor.finding import Finding
from graphviz_ad.errors import (
    ExitError,
    GraphvizADError,
    ImmutableError,
    InputError,
    MutationError,
    OutputError,
    UnsupportedError,
)

_KINDS: tuple[tuple[type[GraphvizADError], str, str], ...] = (
    (ExitError, "exit", "A plain number is asked of a value on the way to the loss, so the graph would be cut."),
    (ImmutableError, "in place", "A value on the way to the loss is changed in place."),
    (MutationError, "in place", "An array is changed after it was used."),
    (UnsupportedError, "no rule", "A function on the way to the loss has no derivative rule."),
    (InputError, "input", "Something that was passed in cannot be differentiated by."),
    (OutputError, "result", "The result cannot be differentiated."),
)


def failed(error: BaseException, source: Source | None = None) -> Finding:
    """The finding for an exception that ended the function.

    Parameters
    ----------
    error
        Ours, or any of the user's own function.
    source
        The place, where the graph so far knows it exactly; else the last line of the user's in the traceback.
    """
    ours = error if isinstance(error, GraphvizADError) else error.__cause__
    place = source or where(error)
    marks: dict[str, str] = {}
    if isinstance(ours, GraphvizADError):
        kind, what = next(((kind, what) for cls, kind, what in _KINDS if isinstance(ours, cls)), ("error", str(ours)))
        why, instead = _split(str(ours))
        graph = getattr(error, "graph", None)
        if kind == "exit" and graph is not None and graph.tables.guards:
            guard = graph.tables.guards[-1]
            marks = {graph.nodes[guard.position].name: "leaves the graph here"}
            instead = instead or exit_remedy(guard.exit)
        return Finding("error", kind, what, why, instead or "See docs/errors.md.", place, marks)
    text = visible(str(error)).rstrip(".")
    return Finding(
        "error",
        "exception",
        f"The function ended with {type(error).__name__}{f': {text}' if text else ''}.",
        "Nothing after this line was computed, so there is no loss to go back from. The graph up to there is kept.",
        "Mend this line first, then ask again.",
        place,
        marks,
    )


def _split(message: str) -> tuple[str, str]:
    """An error's message as its reason and its remedy, which begins with an imperative."""
    message = visible(message)
    parts = re.split(
        r"(?<=[.?]) (?=(?:Write|Use|Leave|Build|Pass|Take|Only|Return|Compute|Instead|Keep)\b)", message, maxsplit=1
    )
    return parts[0], parts[1] if len(parts) > 1 else ""


def where(error: BaseException) -> Source | None:
    """The last line of the user's own code in a traceback; None where there is none."""
    found = None
    step: TracebackType | None = error.__traceback__
    while step is not None:
        filename = step.tb_frame.f_code.co_filename
        if not is_library(filename):
            found = filename, step.tb_lineno
        step = step.tb_next
    if found is None:
        return None
    filename, line = found
    text = linecache.getline(filename, line)
    column = len(text) - len(text.lstrip())
    return Source(base_name(filename), line, line, column, len(text.rstrip()), text.strip())


def is_exit(error: BaseException) -> bool:
    """Whether an error is a refused exit, or comes from one."""
    return isinstance(error, ExitError) or isinstance(error.__cause__, ExitError)
