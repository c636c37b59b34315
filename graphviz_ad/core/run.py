"""A run is one call of a transformation; unlike a recorder it keeps no names and no places."""

from __future__ import annotations

import gc
import os
import threading
from types import TracebackType
from typing import Any

import numpy as np

from graphviz_ad.core.mutation import Use, given, used, verify
from graphviz_ad.core.recorder import Recorder


class Run:
    """What the sweep of one transformed call has to know: the arrays that it relies on, and whether it is alone.

    ``mixed``: a value of another run came in; then the nodes below a result are looked at.
    ``running``: the function has not returned yet.
    """

    __slots__ = ("given", "mixed", "running", "uses")

    def __init__(self) -> None:
        self.mixed = False
        self.running = True
        self.given: list[Use] = []
        self.uses: dict[int, Use] = {}

    def use(self, array: np.ndarray[Any, Any]) -> None:
        """Remember what a constant holds at its first use; the entry keeps it alive, so the id stays its own."""
        if id(array) not in self.uses:
            self.uses[id(array)] = used(array)

    def give(self, array: np.ndarray[Any, Any]) -> None:
        """Remember what an argument holds."""
        self.given.append(given(array))

    def verify(self) -> None:
        """Raise if an array was changed after its first use."""
        for use in self.given:
            verify(use)
        for use in self.uses.values():
            verify(use)


def join(first: Run | Recorder, second: Run | Recorder) -> Run | Recorder:
    """Who keeps a node whose inputs come from two: a recorder before a run, a running trace before all."""
    if isinstance(first, Recorder):
        return first.merge(second) if isinstance(second, Recorder) else first.find()
    if isinstance(second, Recorder):
        return second.find()
    if first is not second:
        second.mixed = True  # so a node of a run that is not mixed has only that run's nodes below it
    return second


class _Collector:
    """Raises the collector's threshold while graphs are recorded: their nodes live until the sweep anyway.

    Used as a context by several threads at once; the last one out restores what the first one found.
    """

    THRESHOLD = 100_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = (0, 0, 0)

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = gc.get_threshold()
                if 0 < self._before[0] < self.THRESHOLD:
                    gc.set_threshold(self.THRESHOLD, *self._before[1:])
            self._inside += 1

    def forget_other_threads(self) -> None:
        """After a fork: the child has one thread, which may itself be inside."""
        if self._lock.locked() or self._inside:
            self._lock = threading.Lock()
            self._inside = 0
            if gc.get_threshold()[0] == self.THRESHOLD:
                gc.set_threshold(*self._before)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside = max(0, self._inside - 1)
            # a threshold that the user's function set meanwhile is left alone
            if not self._inside and gc.get_threshold() == (self.THRESHOLD, *self._before[1:]):
                gc.set_threshold(*self._before)


patient_collector = _Collector()
"""``with patient_collector: ...`` while a function runs on traced values."""

if hasattr(os, "register_at_fork"):
    # the other threads of the parent are not there to let go of the lock, or to restore the threshold
    os.register_at_fork(after_in_child=patient_collector.forget_other_threads)
