"""Watches a training loop of one's own: how large gradients, parameters and updates are, every so many steps."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any

import numpy as np

from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.pytree import Path, is_float_leaf, last_key, leaves, map_leaves, path_name
from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError
from graphviz_ad.gradflow.parameters import layers_of
from graphviz_ad.gradflow.profile import number
from graphviz_ad.gradflow.settings import whole
from graphviz_ad.gradflow.sizes import norm
from graphviz_ad.gradflow.tidy import Tidy
from graphviz_ad.widget.progress import progress_bar

Array = np.ndarray[Any, Any]

MEASURED = ("gradient_norm", "parameter_norm", "update_norm", "update_ratio")
STEPS = 100
FORM = (
    "(loss, grads, new_params), or (loss, grads) where it updates the arrays of params in place, or (graph, new_params)"
)


class Watch(Tidy):
    """A training that is watched: a table with one row for each recorded step and parameter.

    Call it with what the step needs besides the parameters to take one more step; ``run`` takes many.

    Attributes
    ----------
    columns : dict of arrays
        ``step`` (from 0), ``layer`` (from 1, at the input), ``parameter`` (its name), ``loss``, ``gradient_norm``
        ‖∂L/∂θ‖, ``parameter_norm`` ‖θ‖ before the update, ``update_norm`` ‖Δθ‖ and ``update_ratio`` ‖Δθ‖ / ‖θ‖.
    losses : list of float
        The loss of every step, recorded or not.
    first_bad : tuple or None
        Where inf or nan was first seen, in the loss of any step or a gradient of a recorded one: ``(37, "loss", nan)``.
    """

    def __init__(self, step: Callable[..., Any], params: Any, every: int, progress: bool) -> None:
        self._step = step
        self._params = _copied(params)
        self._every = every
        self._progress = progress
        floats = {path: leaf for path, leaf in leaves(self._params) if is_float_leaf(leaf)}
        if not floats:
            raise ArgumentError(f"params hold no float: {brief(params)}. Give the arrays that are trained.")
        self._shapes = {path: np.shape(leaf) for path, leaf in floats.items()}
        self.names: tuple[str, ...] = tuple(path_name(path) or "params" for path in floats)
        self._layers = layers_of({path: len(shape) for path, shape in self._shapes.items()})
        self._before: list[Array] = []
        self._rows: dict[str, list[Any]] = {name: [] for name in ("step", "loss", *MEASURED)}
        self._held: Any = None
        self.losses: list[float] = []
        self.first_bad: tuple[int, str, float] | None = None

    # -- training -------------------------------------------------------------------------------

    @property
    def params(self) -> Any:
        """A copy of the parameters as they are now."""
        return _copied(self._params)

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.losses)

    def __call__(self, *batch: Any) -> float:
        """Take one step, ``step_fn(params, *batch)``, and return its loss."""
        step = len(self.losses)
        record = step % self._every == 0
        if record:
            self._remember()
        try:
            result = self._step(self._params, *batch)
            loss, grads, new = self._taken(result, step if record else None)
        except BaseException as error:
            with contextlib.suppress(AttributeError):
                error.watch = self  # type: ignore[attr-defined]
            error.add_note(f"This happened in step {step} of gad.gradflow.watch; error.watch has what was recorded.")
            raise
        bad = self.first_bad is None and not math.isfinite(loss)
        if record or bad:
            with np.errstate(all="ignore"):
                self._record(step, loss, grads, new, complete=record)
        self._params = new
        self._held = result  # until the next step's are there, as in a loop by hand: memory is not given back and forth
        self.losses.append(loss)
        return loss

    def run(self, steps: int | None = None, batches: Iterable[Any] | None = None) -> Watch:
        """Take more steps, with a progress bar.

        Parameters
        ----------
        steps : int, optional
            How many; left out: 100, or as many as there are batches.
        batches : iterable, optional
            What ``step_fn`` gets besides the parameters, a tuple for each step: ``[(X1, y1), (X2, y2)]``. When all of
            a list were used, it goes on with the first; an iterator that ends ends the training.
        """
        count = STEPS if steps is None else whole(steps, "steps", 0)
        if steps is None and batches is not None:
            count = len(batches) or 1 if isinstance(batches, Sized) else -1
        report = progress_bar("training") if self._progress and count > 0 else None
        try:
            for done, batch in enumerate(_batches(batches, count), 1):
                self(*batch)
                if report and done % self._every == 0:
                    report(done, count)
        finally:
            if report:
                report(count, count)
        return self

    def _taken(self, result: Any, step: int | None) -> tuple[float, Any, Any]:
        """Loss, gradients and new parameters, from what the step gave; looked at closely in steps with a number."""
        if not isinstance(result, tuple) or len(result) not in {2, 3}:
            raise ArgumentError(f"the step returned {brief(result)}; it must return {FORM}.")
        loss, grads = result[:2]
        new = result[2] if len(result) == 3 else self._params
        if isinstance(loss, BaseGraph):
            if len(result) == 3 or len(loss.outputs) != 1:
                raise ArgumentError(f"the step returned a graph and {len(result) - 1} more; it must return {FORM}.")
            loss, grads, new = loss.outputs[0].value, self._adjoints(loss), grads
        try:
            plain = float(np.asarray(loss).reshape(()))
        except (TypeError, ValueError):
            raise ArgumentError(f"the step's loss is {brief(loss)}, not one number; it must return {FORM}.") from None
        if step is not None:
            self._compare(grads, "gradients")
            self._compare(new, "new parameters")
        return plain, grads, new

    def _adjoints(self, graph: BaseGraph) -> Any:
        """The adjoints of a graph's inputs in the form of the parameters, found by name."""

        def leaf(path: Path, value: Any) -> Any:
            if not is_float_leaf(value):
                return value
            names = [path_name(path), last_key(path) or "params"]
            known = next((name for name in names if name in graph), None)
            if known is None:
                inputs = ", ".join(node.name for node in graph.inputs[:10])
                raise ArgumentError(f"the step's graph has no input {names[0]!r}, as params have; it has: {inputs}.")
            return graph[known].adjoint

        return map_leaves(leaf, self._params)

    def _compare(self, tree: Any, what: str) -> None:
        """Refuse a tree that has floats elsewhere than the parameters have them, or of other shapes."""
        given = {path: np.shape(leaf) for path, leaf in leaves(tree) if is_float_leaf(leaf)}
        for path in self._shapes | given:
            if self._shapes.get(path) != given.get(path):
                pair = (f"shape {place[path]}" if path in place else "nothing" for place in (self._shapes, given))
                here, there = pair
                raise ArgumentError(
                    f"the {what} that the step returned do not fit: {path_name(path) or 'params'} has {here} among "
                    f"the parameters, and {there} there. It must return {FORM}."
                )

    # -- recording ------------------------------------------------------------------------------

    def _remember(self) -> None:
        """Copy the parameters: a step may work in place. The copies are made in the same memory each time."""
        now = _floats(self._params)
        if [(copy.shape, copy.dtype) for copy in self._before] != [
            (np.shape(leaf), np.result_type(leaf)) for leaf in now
        ]:
            self._before = [np.empty(np.shape(leaf), np.result_type(leaf)) for leaf in now]
        for copy, leaf in zip(self._before, now, strict=True):
            np.copyto(copy, leaf)

    def _record(self, step: int, loss: float, grads: Any, new: Any, *, complete: bool) -> None:
        """Add the rows of a step; not ``complete``: nobody remembered the parameters before it."""
        values = [("loss", loss)]
        length = moved = ratio = math.nan
        for name, gradient, was, is_now in zip(self.names, _floats(grads), self._before, _floats(new), strict=True):
            size = norm(gradient)
            if complete:
                length = norm(was)
                moved = norm(np.subtract(is_now, was, out=was, casting="same_kind"))
                ratio = moved / length if length else math.nan if not moved else math.inf
            for column, value in zip(self._rows, (step, loss, size, length, moved, ratio), strict=True):
                self._rows[column].append(value)
            values.append((f"gradient of {name}", size))
        if self.first_bad is None:
            self.first_bad = next(((step, place, value) for place, value in values if not math.isfinite(value)), None)

    @property
    def columns(self) -> dict[str, Array]:  # type: ignore[override]
        """The table: one row for each recorded step and parameter."""
        records = len(self._rows["step"]) // len(self.names)
        rows = {name: np.array(values, float) for name, values in self._rows.items()}
        return {
            "step": rows.pop("step").astype(np.int64),
            "layer": np.tile(np.array(self._layers, np.int64), records),
            "parameter": np.tile(np.array(self.names, object), records),
            **rows,
        }

    @property
    def by_layer(self) -> Layers:
        """The same with one row for each recorded step and layer: norms of all its parameters together."""
        if not len(self):
            raise ArgumentError("no step was recorded yet: call it, or give steps=100.")
        columns = self.columns
        steps, row = np.unique(columns["step"], return_inverse=True)
        layers, place = np.unique(self._layers, return_inverse=True)
        row, place = row.ravel(), np.tile(place.ravel(), len(steps))

        def joint(name: str) -> Array:
            sums = np.zeros((len(steps), len(layers)))
            np.add.at(sums, (row, place), columns[name] ** 2)
            return np.sqrt(sums).ravel()

        with np.errstate(all="ignore"):
            norms = {name: joint(name) for name in MEASURED[:3]}
            ratio = norms["update_norm"] / norms["parameter_norm"]
        loss = columns["loss"][:: len(self.names)]
        return Layers(
            {
                "step": np.repeat(steps, len(layers)),
                "layer": np.tile(layers, len(steps)),
                "loss": np.repeat(loss, len(layers)),
                **norms,
                "update_ratio": ratio,
            },
            {
                int(layer): ", ".join(name for name, of in zip(self.names, self._layers, strict=True) if of == layer)
                for layer in layers
            },
        )

    def __len__(self) -> int:
        return len(self._rows["step"])

    def __getitem__(self, column: str) -> Array:
        return self.columns[self._known(column)]

    @property
    def reading(self) -> str:
        """What the training did, in words."""
        if not self.losses:
            return "No step was taken yet."
        words = [f"{self.steps} steps: the loss went from {number(self.losses[0])} to {number(self.losses[-1])}"]
        table = self.by_layer
        last = table["step"] == table["step"].max()
        ratios = table["update_ratio"][last]
        if np.isfinite(ratios).any():
            low, high = (int(place) for place in (np.nanargmin(ratios), np.nanargmax(ratios)))
            words.append(
                f"at step {table['step'].max()} layer {table['layer'][last][high]} moves by {number(ratios[high])} of "
                f"its size" + (f", layer {table['layer'][last][low]} by {number(ratios[low])}" if low != high else "")
            )
        if self.first_bad:
            step, place, value = self.first_bad
            words.append(f"the {place} is {value} from step {step} on")
        return "; ".join(words) + "."

    def __repr__(self) -> str:
        return f"gradient flow in training, every {self._every} steps: {', '.join(self.names)}\n{self.reading}"


class Layers(Tidy):
    """A `Watch` by layers; ``names`` has the parameters of each."""

    def __init__(self, columns: dict[str, Array], names: dict[int, str]) -> None:
        self.columns = columns
        self.names = names

    def __getitem__(self, column: str) -> Array:
        return self.columns[self._known(column)]


def watch(
    step_fn: Callable[..., Any],
    params: Any,
    every: int = 10,
    *,
    steps: int | None = None,
    batches: Iterable[Any] | None = None,
    progress: bool = True,
) -> Watch:
    """Train with a step of your own, and record how large gradients, parameters and updates are on the way.

    Parameters
    ----------
    step_fn : callable
        ``step_fn(params, *batch)`` takes one step of training and returns ``(loss, grads, new_params)``; or ``(loss,
        grads)`` if it updates the arrays of ``params`` in place; or ``(graph, new_params)``, where the inputs of the
        loss's graph are named as the parameters are, as those of `gad.from_torch` may be.
    params : nested arrays
        The parameters to begin with: arrays in dicts, lists, tuples or objects. They are copied, and never changed.
    every : int
        Step 0 is recorded, and every so many steps; besides, the first step with inf or nan.
    steps : int, optional
        How many steps to take: 100, or as many as there are batches. 0: none yet; then call what comes back.
    batches : iterable, optional
        What ``step_fn`` gets besides the parameters, a tuple for each step.
    progress : bool
        A bar, for whoever sees it, from the first second on.

    Returns
    -------
    Watch
        The table, which `plots.heat` and `plots.update_ratio` draw; ``.params`` and ``.losses``; ``.reading`` in words.

    Raises
    ------
    ArgumentError
        The step returns something else, or gradients that do not fit. Whatever ends a step early, Ctrl-C too: what was
        recorded is ``error.watch``.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> both = gad.value_and_grad(lambda params: np.sum((params["W"] @ params["W"] - 2.0) ** 2))
    >>> def step(params):
    ...     loss, grads = both(params)
    ...     new_params, _ = gad.nn.sgd(params, grads, lr=0.01)
    ...     return loss, grads, new_params
    >>> training = gad.gradflow.watch(step, {"W": np.eye(2)}, steps=50)
    >>> training["step"].tolist(), bool(training.losses[-1] < training.losses[0])
    ([0, 10, 20, 30, 40], True)

    In a loop of your own, where something else happens between the steps:

    >>> training = gad.gradflow.watch(step, {"W": np.eye(2)}, steps=0)
    >>> for _ in range(3):
    ...     loss = training()
    >>> training.steps
    3
    """
    if not callable(step_fn):
        raise ArgumentError(
            f"step_fn is {brief(step_fn)}; it must be a function of the parameters that returns {FORM}."
        )
    watched = Watch(step_fn, params, whole(every, "every", 1), progress)
    return watched.run(steps, batches)


def _batches(batches: Iterable[Any] | None, count: int) -> Iterator[tuple[Any, ...]]:
    """What each step gets, ``count`` times (below 0: while there is something)."""
    if batches is None:
        yield from (() for _ in range(count))
        return
    try:
        one = iter(batches)
    except TypeError:
        raise ArgumentError(
            f"batches must be a list of tuples such as [(X1, y1), (X2, y2)], not {brief(batches)}."
        ) from None
    done = 0
    while done != count:
        batch = next(one, _ENDED)
        if batch is _ENDED:
            if not done:
                raise ArgumentError("batches is empty: give at least one, such as batches=[(X, y)].")
            if one is batches or count < 0:  # an iterator cannot begin again
                return
            one = iter(batches)
            continue
        yield batch if isinstance(batch, tuple) else (batch,)
        done += 1


_ENDED: Any = object()


def _copied(tree: Any) -> Any:
    return map_leaves(lambda _path, leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, tree)


def _floats(tree: Any) -> list[Any]:
    return [leaf for _, leaf in leaves(tree) if is_float_leaf(leaf)]
