"""Who computes the pieces of a sweep: this process, a pool of its own, or any executor; whoever dies is replaced."""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import functools
import multiprocessing
import os
import pickle
import signal
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.measurement import measured
from graphviz_ad.gradflow.points import cost
from graphviz_ad.gradflow.settings import Settings, title

Array = np.ndarray[Any, Any]
Columns = dict[str, Array]

PAYS = 4.0
"""Seconds of work on one core from which a pool of processes is faster than this process, its start included."""
LOST = ("KilledWorker", "TerminatedWorkerError", "CommClosedError", "FutureCancelledError", "FutureLostError")
"""What other executors call a worker that died under its work; they are not imported here."""


@dataclass
class Job:
    """A piece of a point, and how many workers it has cost already."""

    settings: Settings
    point: int
    attempts: int = 0


Take = Callable[[Job, "Columns | None", "BaseException | None"], None]
"""What is called once for every job: with its columns, or with the error that it ended in."""


def compute(settings: Settings, attempt: int = 0, home: int | None = None) -> Columns:  # noqa: ARG001
    """Measure a piece, in the process ``home`` or elsewhere.

    ``attempt`` keeps an executor that remembers results from answering with an old failure.
    """
    with contextlib.nullcontext() if os.getpid() == home else one_thread():
        return measured(settings).columns


def one_thread() -> contextlib.AbstractContextManager[Any]:
    """Hold linear algebra to one thread, in all threads of this process.

    More threads round otherwise, and a chaotic net makes of the last digit all digits; besides, workers that share
    their cores would only be in each other's way.
    """
    limits: contextlib.AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return limits


@functools.cache
def _libraries() -> Any:
    """The libraries of linear algebra that this process has loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def here(jobs: Sequence[Job], take: Take) -> None:
    """Compute in this process, one after the other."""
    for job in jobs:
        try:
            columns = compute(job.settings, home=os.getpid())
        except Exception as error:  # noqa: BLE001  (a user's function may raise anything; the sweep names the point)
            take(job, None, error)
        else:
            take(job, columns, None)


def elsewhere(executor: Any, jobs: Sequence[Job], take: Take, retries: int, say: Callable[[str], None]) -> None:
    """Compute on an executor; jobs whose worker died are given out again, up to ``retries`` times each.

    When a pool breaks, all that it held is lost, and nobody says whose fault it was. So those jobs run one at a time
    in a new pool: what breaks it again is the culprit, and costs nobody else.
    """
    waiting, alone = deque(jobs), deque[Job]()
    running: dict[cf.Future[Columns], Job] = {}
    width = getattr(executor, "_max_workers", None)
    width = 2 * width if isinstance(width, int) else len(jobs)
    fruitless = 0  # pools that broke one after the other, without a result between them
    current = executor

    def again(lost: list[Job], error: BaseException) -> None:
        for job in lost:
            job.attempts += 1
            if job.attempts > retries:
                take(job, None, error)
            else:
                alone.append(job)

    try:
        while waiting or alone or running:
            broken: BaseException | None = None
            lost: list[Job] = []
            careful = bool(alone) or any(job.attempts for job in running.values())
            while (alone or waiting) and len(running) < (1 if careful else width) and broken is None:
                job = (alone or waiting).popleft()
                try:
                    future = current.submit(compute, job.settings, job.attempts, os.getpid())
                except cf.BrokenExecutor as error:  # it broke between two looks
                    waiting.appendleft(job)
                    broken = error
                    break
                except Exception as error:  # noqa: BLE001  (whatever kind of executor this is)
                    take(job, None, _explained(job, error))
                    continue
                if not isinstance(future, cf.Future):
                    raise ArgumentError(_no_executor(executor))
                running[future] = job
                careful = careful or bool(job.attempts)
            # a limit, because without one no interrupt is heard on some systems
            done = set(running) if broken else cf.wait(running, 1.0, cf.FIRST_COMPLETED).done
            while done:
                for future in done:
                    job = running.pop(future)
                    reason = cf.CancelledError() if future.cancelled() else future.exception()
                    if reason is None:
                        fruitless = 0
                        take(job, future.result(), None)
                    elif isinstance(reason, cf.BrokenExecutor):
                        broken = reason
                        lost.append(job)
                    elif isinstance(reason, cf.CancelledError) or type(reason).__name__ in LOST:
                        again([job], reason)
                    else:
                        fruitless = 0
                        take(job, None, _explained(job, reason))
                done = set(running) if broken else set()  # of a broken pool no more is to be had
            if broken is not None:
                fruitless += 1
                renewed = None if fruitless > 4 * (retries + 1) else _renewed(current)
                if renewed is None:
                    for job in [*lost, *alone, *waiting]:
                        take(job, None, broken)
                    return
                say(f"a worker process ended; what was with its pool is measured again ({len(lost)} of {len(jobs)}).")
                if current is not executor:
                    current.shutdown(wait=False, cancel_futures=True)
                current = renewed
                again(lost, broken)
    except BaseException:
        for future in running:
            future.cancel()
        for future, job in running.items():  # what is there already is not to be computed again
            if future.done() and not future.cancelled() and future.exception() is None:
                take(job, future.result(), None)
        if isinstance(current, Workers):
            current.kill()
        raise
    finally:
        if current is not executor:
            current.shutdown(wait=False, cancel_futures=True)


def _explained(job: Job, error: BaseException) -> BaseException:
    """The error, or where something could not travel to a worker, what to do about it."""
    if isinstance(error, pickle.PicklingError) or "pickle" in str(error):
        own = ", ".join(title(value) for value in functions_of(job.settings)) or "something"
        return ArgumentError(f"{own} cannot travel to the executor's workers ({error}); {_REMEDY}")
    return error


_REMEDY = (
    "put the function into a module of its own (a .py file) and import it from there, or leave executor out: then it "
    "is measured in this process."
)


def _no_executor(executor: Any) -> str:
    hint = " Write executor=client.get_executor()." if hasattr(executor, "get_executor") else ""
    return (
        f"executor is {brief(executor)}; it must be a concurrent.futures.Executor, such as ThreadPoolExecutor(), "
        f"ProcessPoolExecutor() or Dask's client.get_executor().{hint}"
    )


def check_executor(executor: Any, settings: Sequence[Settings]) -> None:
    """Refuse what is no executor, and functions that cannot reach the workers of a process pool."""
    if (
        isinstance(executor, type)
        or not callable(getattr(executor, "submit", None))
        or hasattr(executor, "get_executor")
    ):
        raise ArgumentError(_no_executor(executor))
    if isinstance(executor, cf.ProcessPoolExecutor):
        context = getattr(executor, "_mp_context", None)
        forks = context is not None and context.get_start_method() == "fork"
        for function in {id(function): function for each in settings for function in functions_of(each)}.values():
            reason = stays(function, forks)
            if reason:
                raise ArgumentError(f"{title(function)} cannot be measured in other processes: {reason}; {_REMEDY}")


def functions_of(settings: Settings) -> list[Any]:
    """The functions of a user's own among the settings."""
    return [value for value in (settings.activation, settings.init, settings.loss) if callable(value)]


def stays(function: Any, forks: bool = False) -> str:
    """Why a function cannot leave this process; "" where it can."""
    try:
        pickle.dumps(function)
    except Exception as error:  # noqa: BLE001  (pickle raises what it likes, and so do objects of a user's own)
        return f"it cannot be pickled ({error})"
    main = sys.modules.get("__main__")
    if getattr(function, "__module__", "") == "__main__" and not hasattr(main, "__file__") and not forks:
        return "it was written in a notebook or at a prompt, which other processes do not see"
    return ""


# -- a pool of its own ---------------------------------------------------------------------------


class Workers(cf.Executor):
    """A pool of new processes.

    They do not run the user's script again, as processes of Python's own pool would: a script without ``if __name__ ==
    "__main__"`` is no danger. So functions that were written in it cannot go there.
    """

    def __init__(self, count: int) -> None:
        self._max_workers = count
        context = multiprocessing.get_context("spawn")
        self._pool = cf.ProcessPoolExecutor(count, context, _deaf_to_interrupts)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> cf.Future[Any]:
        """Hand out a call; the pool starts its processes here."""
        with _no_main():
            return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As of every executor."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def kill(self) -> None:
        """End the processes in the middle of their work."""
        processes = dict(getattr(self._pool, "_processes", None) or {})
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes.values():
            process.terminate()


def _deaf_to_interrupts() -> None:
    """Ctrl-C goes to all processes of a terminal; the one that started the others ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def _no_main() -> Iterator[None]:
    """A new process looks into ``__main__`` for the script that it shall run first: there is none."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _renewed(executor: Any) -> Any:
    """A pool like the one that broke; None where that cannot be had."""
    if isinstance(executor, Workers):
        return Workers(executor._max_workers)  # noqa: SLF001  (our own)
    if not isinstance(executor, cf.ProcessPoolExecutor):
        return None
    names = ("_max_workers", "_mp_context", "_initializer", "_initargs")
    parts: Any = [getattr(executor, name) for name in names if hasattr(executor, name)]
    return cf.ProcessPoolExecutor(*parts)


def pool_for(jobs: Sequence[Job]) -> tuple[int, list[Job], list[Job]]:
    """How many processes of its own pay for these jobs, which go to them, and which stay; (0, [], jobs): none do."""
    away = [job for job in jobs if not any(_from_main(function) for function in functions_of(job.settings))]
    processes = min(cores(), len(away))
    alone = sys.platform in {"emscripten", "wasi"} or bool(multiprocessing.current_process().daemon)
    if alone or processes < 2 or sum(cost(job.settings) for job in away) < PAYS:
        return 0, [], list(jobs)
    return processes, away, [job for job in jobs if all(job is not other for other in away)]


def _from_main(function: Any) -> bool:
    return bool(stays(function)) or getattr(function, "__module__", "") == "__main__"


def cores() -> int:
    """The cores that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
