"""A progress bar on one line, for work that takes longer than a second and somebody who sits there and waits."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

WIDTH = 30
SECONDS_OF_SILENCE = 1.0


def watched(stream: TextIO) -> bool:
    """Whether a person sees what is written: a terminal, or a notebook's cell."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel")


def progress_bar(words: str, stream: TextIO | None = None) -> Callable[[int, int], None]:
    """Return what to call with how many of how many are done; the bar vanishes with the last.

    Parameters
    ----------
    words
        What is going on: "drawing the page".
    stream
        Where it is written; by default standard error, so that nothing that is piped on changes.
    """
    out = sys.stderr if stream is None else stream
    started = time.monotonic()
    shown = False

    def report(done: int, total: int) -> None:
        nonlocal shown
        if not watched(out) or (not shown and time.monotonic() - started < SECONDS_OF_SILENCE):
            return
        shown = True
        filled = WIDTH * done // max(total, 1)
        line = f"{words} {'█' * filled}{'░' * (WIDTH - filled)} {done} of {total}"
        out.write("\r" + (line if done < total else " " * len(line) + "\r"))
        out.flush()

    return report
