"""Gradient flow over a grid of settings: one tidy table, on as many processes or machines as there are, resumable."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, overload

import numpy as np

from graphviz_ad.errors import ArgumentError, SweepError, in_words
from graphviz_ad.gradflow import workers
from graphviz_ad.gradflow.points import NAMES, Point, cost, pieces_of, points_of, worded
from graphviz_ad.gradflow.results import Results, described
from graphviz_ad.gradflow.settings import known, title, whole
from graphviz_ad.gradflow.table import COLUMNS, Flow
from graphviz_ad.gradflow.tidy import Tidy
from graphviz_ad.widget.progress import progress_bar

Array = np.ndarray[Any, Any]

RETRIES = 2
SHOWN = 12  # points that are listed


class Sweep(Tidy, Sequence[Flow]):
    """The flows of a sweep, one for each point in the grid's order, and the table of all of them.

    ``sweep[0]`` is the first point's flow, ``sweep["delta_norm"]`` a column over all points, ``columns`` all of them:
    what was set, then what was measured. Plots that take several flows take a sweep.

    Attributes
    ----------
    columns : dict of arrays
        One row for each point, seed and layer. Functions stand there by their names.
    points : tuple of dict
        What was asked at each point.
    how : str
        Where it was computed: "in this process", "by 2 processes", …
    notes : tuple of str
        What did not go as planned: files that could not be used, workers that died.
    failures : dict from int to str
        Position in the grid → what went wrong there. Only the sweep of a `SweepError` has some, and lacks their flows.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> grid = {"activation": ["tanh", "relu"], "weight_var": [1.0, 2.0]}
    >>> sweep = gad.gradflow.sweep(grid, depth=6, width=16, batch=8, seeds=2)
    >>> len(sweep), len(sweep["delta_norm"]), len(sweep.where(activation="relu"))
    (4, 48, 2)
    """

    def __init__(
        self,
        points: Sequence[Point],
        flows: Sequence[Flow],
        fixed: Mapping[str, Any],
        *,
        how: str = "",
        notes: Sequence[str] = (),
        failures: Mapping[int, str] | None = None,
    ) -> None:
        self._points = tuple(points)
        self.flows: tuple[Flow, ...] = tuple(flows)
        self._fixed = dict(fixed)
        self.how = how
        self.notes = tuple(notes)
        self.failures = dict(failures or {})
        asked = dict.fromkeys([*(name for point in points for name in point.asked), *fixed])
        self._names = [name for name in asked if name != "seeds"]  # these have a column of their own
        self.columns = self._table()

    @property
    def points(self) -> tuple[dict[str, Any], ...]:
        """What was asked at each point."""
        return tuple(dict(point.asked) for point in self._points)

    def _table(self) -> dict[str, Array]:
        columns: dict[str, Array] = {}
        lengths = [len(flow) for flow in self.flows]
        for name in self._names:
            values = [getattr(point.settings, name) for point in self._points]
            plain = _named(values) if any(callable(value) for value in values) else values
            kinds = {type(value) for value in plain}
            numbers = kinds and kinds <= {int, float}
            once = np.array(plain) if numbers else np.array([*plain, None], object)[:-1]
            columns[name] = np.repeat(once, lengths)
        for name in COLUMNS:
            parts = [flow.columns[name] for flow in self.flows]
            columns[name] = np.concatenate(parts) if parts else np.array([])
        return columns

    def __len__(self) -> int:
        return len(self.flows)

    @overload
    def __getitem__(self, key: int) -> Flow: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Flow]: ...
    @overload
    def __getitem__(self, key: str) -> Array: ...
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.columns[self._known(key)]
        return self.flows[key]

    def where(self, **settings: Any) -> Sweep:
        """The points at which settings have these values; of a list, any of its values.

        Raises
        ------
        ArgumentError
            No point has such a value, or there is no such setting.

        Examples
        --------
        >>> import graphviz_ad as gad
        >>> sweep = gad.gradflow.sweep({"depth": [4, 8, 12]}, width=8, batch=4, seeds=1)
        >>> [flow.settings.depth for flow in sweep.where(depth=[4, 12])]
        [4, 12]
        """
        chosen = list(range(len(self.flows)))
        for name, wanted in settings.items():
            known(name, "setting", NAMES)
            several = isinstance(wanted, list | tuple | set | range | np.ndarray) and name != "seeds"
            among = list(wanted) if several else [wanted]
            found = [getattr(point.settings, name) for point in self._points]
            chosen = [place for place in chosen if found[place] in among]
            if not chosen:
                here = list(dict.fromkeys(title(value) if callable(value) else value for value in found))
                raise ArgumentError(f"no point has {worded({name: wanted})}; in this sweep {name} is one of {here}.")
        points, flows = [self._points[place] for place in chosen], [self.flows[place] for place in chosen]
        return Sweep(points, flows, self._fixed, how=self.how, notes=self.notes)

    def slopes(self, column: str = "delta_norm", layers: tuple[int, int] | None = None) -> list[float]:
        """The `Flow.slope` of every point, in the order of the points."""
        return [flow.slope(column, layers) for flow in self.flows]

    def __repr__(self) -> str:
        fixed = worded(self._fixed) if self._fixed else ""
        lines = [f"gradient flow over {len(self.flows)} points{fixed and f' with {fixed}'}, measured {self.how}"]
        for place, (point, flow) in enumerate(zip(self._points, self.flows, strict=True)):
            if place == SHOWN:
                lines.append(f"  … and {len(self.flows) - SHOWN} more")
                break
            lines.append(f"  {worded(point.asked)}: {flow.reading or 'one layer'}")
        lines += [f"failed: {words}" for words in self.failures.values()]
        return "\n".join([*lines, *self.notes])


def _named(values: Sequence[Any]) -> list[Any]:
    """Functions by their names; other functions of the same name get _2, _3."""
    names: dict[int, str] = {}
    for value in values:
        if callable(value) and id(value) not in names:
            first, number = title(value), 1
            while (first if number == 1 else f"{first}_{number}") in names.values():
                number += 1
            names[id(value)] = first if number == 1 else f"{first}_{number}"
    return [names.get(id(value), value) for value in values]


def sweep(
    grid: Mapping[str, Iterable[Any]] | Sequence[Mapping[str, Any]],
    executor: Executor | None = None,
    *,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = True,
    retries: int = RETRIES,
    **settings: Any,
) -> Sweep:
    """Measure gradient flow at every point of a grid; numbers do not depend on who computes them, or in which order.

    Parameters
    ----------
    grid : dict from names of `measure`'s arguments to lists of values, or list of dicts
        All combinations of the values, the last name changing fastest; or one dict for each point.
    executor : concurrent.futures.Executor, optional
        A thread pool, a process pool, Dask's ``client.get_executor()``, …; it is left open. None: a pool of processes
        where that is faster, else this process. Linear algebra has one thread in each of them.
    folder : str or path, optional
        For results: a file for each point, written when it is complete. A sweep that was interrupted, by Ctrl-C or
        worse, goes on where it was; a larger grid computes what is new. Own functions are told apart by their code.
    progress : bool
        A bar, for whoever sees it, from the first second on.
    retries : int
        How often a point is given out again whose worker died.
    **settings
        Arguments of `measure` that are the same at all points.

    Returns
    -------
    Sweep
        The table of all points, with the settings as its first columns; and a flow for each point.

    Raises
    ------
    ArgumentError
        A setting that is unknown or not allowed (before anything is measured), no executor, a function that cannot
        travel to the workers of a process pool.
    SweepError
        Some points failed: the message names them, and ``error.sweep`` has all others.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> sweep = gad.gradflow.sweep({"weight_var": [0.25, 1.0]}, activation="linear", depth=12, width=32, seeds=4)
    >>> [f"{slope:.1f}" for slope in sweep.slopes()]  # theory: ½ ln σ_w²
    ['-0.7', '-0.0']
    >>> sweep.to_dict()["weight_var"][:2], list(sweep.columns)[-1]
    ([0.25, 0.25], 'update_ratio')
    """
    points = points_of(grid, settings)
    retries = whole(retries, "retries", 0)
    if executor is not None:
        workers.check_executor(executor, [point.settings for point in points])
    work = _Work(points, folder, progress)
    try:
        with workers.one_thread():
            how = work.run(executor, retries)
    finally:
        work.end()
    return work.result(settings, how)


class _Work:
    """What is left to compute, and what is there already."""

    def __init__(self, points: Sequence[Point], folder: str | os.PathLike[str] | None, progress: bool) -> None:
        self._points = points
        self._notes: list[str] = []
        self._flows: dict[int, Flow] = {}
        self._failures: dict[int, tuple[str, BaseException]] = {}
        self._parts: dict[int, dict[tuple[int, ...], dict[str, Array]]] = {}
        self._results = None if folder is None else Results(folder, self.say)
        self._total = sum(len(point.settings.seeds) for point in points)
        self._done = 0
        self._report: Callable[[int, int], None] = (
            progress_bar("measuring nets") if progress else lambda done, total: None
        )
        self._jobs: list[workers.Job] = []
        for place in range(len(points)):
            self._plan(place)

    def say(self, sentence: str) -> None:
        """Keep a note, and log it now: a long sweep may have hours to go."""
        self._notes.append(sentence)
        logging.getLogger("graphviz_ad").warning("sweep: %s", sentence)

    def _plan(self, place: int) -> None:
        """Take what the folder has of a point; the rest is work."""
        settings = self._points[place].settings
        if self._results and described(settings) is None:
            named = ", ".join(title(function) for function in workers.functions_of(settings))
            sentence = f"{named} refers to something that has no lasting name: its points are not kept in the folder."
            if sentence not in self._notes:
                self.say(sentence)
        pieces = pieces_of(settings)
        for piece in dict.fromkeys([settings, *pieces]):
            columns = self._results.load(piece) if self._results else None
            if columns is not None:
                self._put(place, piece, columns)
                if piece is settings:
                    return
        there = self._parts.get(place, {})
        self._jobs += [workers.Job(piece, place) for piece in pieces if piece.seeds not in there]

    def _put(self, place: int, piece: Any, columns: dict[str, Array]) -> None:
        """Keep the columns of a piece; with the last of its pieces a point is complete."""
        settings = self._points[place].settings
        parts = self._parts.setdefault(place, {})
        parts[piece.seeds] = columns
        self._done += len(piece.seeds)
        found = [seeds for seeds in parts for _ in seeds]
        if len(found) < len(settings.seeds):
            return
        order = [piece.seeds for piece in pieces_of(settings)] if len(parts) > 1 else list(parts)
        whole_point = {name: np.concatenate([parts[seeds][name] for seeds in order]) for name in COLUMNS}
        self._flows[place] = Flow(whole_point, settings)
        del self._parts[place]

    def _take(self, job: workers.Job, columns: dict[str, Array] | None, error: BaseException | None) -> None:
        point = self._points[job.point]
        if columns is None:
            assert error is not None
            self._failures.setdefault(job.point, (f"{point}: {in_words(error)}", error))
            self._done += len(job.settings.seeds)
        else:
            self._put(job.point, job.settings, columns)
            if self._results and job.settings != point.settings:
                self._results.save(job.settings, columns)
            if self._results and job.point in self._flows:
                self._results.save(point.settings, self._flows[job.point].columns)
                for piece in pieces_of(point.settings):
                    if piece != point.settings:
                        self._results.drop(piece)
        self._report(self._done, self._total)

    def run(self, executor: Executor | None, retries: int) -> str:
        """Compute all that is left; the longest first, so that at the end nobody waits for one of them."""
        jobs = self._jobs
        if not jobs:
            return "before" if self._results else "in this process"
        if executor is not None:
            workers.elsewhere(executor, _longest_first(jobs), self._take, retries, self.say)
            return f"on a {type(executor).__name__}"
        count, away, stay = workers.pool_for(jobs)
        if count:
            with workers.Workers(count) as pool:
                workers.elsewhere(pool, _longest_first(away), self._take, retries, self.say)
        workers.here(stay, self._take)
        return f"by {count} processes" + (" and this one" if stay else "") if count else "in this process"

    def end(self) -> None:
        """Take the bar away, also when the sweep ends early."""
        self._report(self._total, self._total)

    def result(self, fixed: Mapping[str, Any], how: str) -> Sweep:
        """The sweep; an error that carries it where points failed."""
        there = sorted(self._flows)
        found = Sweep(
            [self._points[place] for place in there], [self._flows[place] for place in there], fixed, how=how,
            notes=self._notes, failures={place: words for place, (words, _) in sorted(self._failures.items())},
        )  # fmt: skip
        if self._failures:
            listed = [words for words, _ in self._failures.values()]
            more = [f"And {len(listed) - 3} more."] if len(listed) > 3 else []
            told = " ".join([*(_sentence(words) for words in listed[:3]), *more])
            error = SweepError(
                f"{len(listed)} of {len(self._points)} points failed. {told} error.sweep has the others."
            )
            error.sweep = found
            raise error from next(iter(self._failures.values()))[1]
        return found


def _longest_first(jobs: Sequence[workers.Job]) -> list[workers.Job]:
    return sorted(jobs, key=lambda job: -cost(job.settings))


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."
