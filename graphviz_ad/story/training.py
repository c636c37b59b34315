"""Training as a story: iterations of forward, backward, update and zeroing, each run when it is first asked for."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphviz_ad import nn
from graphviz_ad.core import trace as tracing
from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.core.pytree import is_float_leaf, leaves, map_leaves, path_name
from graphviz_ad.core.recording import as_kind_of
from graphviz_ad.core.traced import Traced, is_constant
from graphviz_ad.core.variables import constant, variable
from graphviz_ad.core.visible import called, visible
from graphviz_ad.errors import ArgumentError, InputError, OutputError, in_words
from graphviz_ad.story.equations import adjoint_term, output_name
from graphviz_ad.story.inspect import Facts, number_text, numbered
from graphviz_ad.story.narration import described
from graphviz_ad.story.notation import printer
from graphviz_ad.story.numbers import brief, enclosed, exact, listed, short
from graphviz_ad.story.scene import Scene, SceneStep
from graphviz_ad.story.timeline import Step, Timeline

OPTIMISERS: dict[str, Callable[..., Any]] = {"sgd": nn.sgd, "adam": nn.adam}
RATE = 0.1
"""The learning rate of gradient descent where nobody says another."""
ENTRIES = 6
"""Arrays up to this size are followed entry by entry."""
EXPLODED = 10
"""A loss that has grown so many times is spoken of."""


@dataclass(frozen=True)
class Optimiser:
    """A rule ``(params, grads, state) -> (params, state)``, and what to call it."""

    rule: Callable[[Any, Any, Any], tuple[Any, Any]]
    name: str  # "sgd, lr = 0.1"
    rate: float | None  # where an update is exactly value − rate × gradient


@dataclass(frozen=True)
class Parameter:
    """One parameter in one iteration."""

    id: int  # its node
    name: str
    value: Any  # that the loss was computed with
    gradient: Any  # what its accumulator holds after the backward pass, and the optimiser gets
    left: Any  # what the accumulator held before; None where it was zeroed
    new: Any  # after the update; None if there was none


@dataclass(frozen=True)
class Iteration:
    """One turn of the loop: the graph of the loss at these parameters, and what the optimiser made of its adjoints."""

    number: int
    graph: Any
    loss: float
    params: Any
    gradients: Any  # in the structure of params, as the optimiser got them
    state: Any  # the optimiser's, before the update
    new_params: Any
    new_state: Any
    parameters: tuple[Parameter, ...]
    stopped: str = ""  # why there was no update


class Training(Sequence[Iteration]):
    """The iterations of a training loop, each computed when it is first asked for.

    ``training[k]`` runs the loop up to iteration k, and ``known`` holds what was run; ``len`` is how many iterations
    there can be: fewer than were asked for once the loop had to stop. Its numbers are those of a loop by hand::

        for batch in batches:
            value, grads = gad.value_and_grad(loss)(params, *batch)
            params, state = optimizer(params, grads, state)
    """

    def __init__(
        self,
        make: type[BaseGraph],
        loss: Callable[..., Any],
        params: Any,
        optimiser: Optimiser,
        batches: Iterable[Any],
        steps: int,
        zero: bool = True,
    ) -> None:
        self.make = make
        self.loss = loss
        self.start = _plain(params)
        self.optimiser = optimiser
        self.batches = _Batches(batches)
        self.zero = zero
        self.made = zero
        self.known: list[Iteration] = []
        self._steps = steps
        self._twins: dict[bool, Training] = {zero: self}

    def __len__(self) -> int:
        return len(self.known) if self.stopped else self._steps

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[k] for k in range(*number.indices(len(self)))]
        wanted = range(len(self))[number]
        while len(self.known) <= wanted and not self.stopped:
            try:
                self.known.append(self._run(len(self.known)))
            except Exception as error:
                if not self.known:
                    raise
                words = f"iteration {len(self.known)} cannot be computed: {in_words(error)}"
                self.known[-1] = replace(self.known[-1], stopped=words)
        if wanted >= len(self.known):
            raise IndexError(f"the training stopped after iteration {len(self.known) - 1}: {self.stopped}")
        return self.known[wanted]

    def run(self, count: int) -> int:
        """Run the loop up to ``count`` iterations, and say how many there are then."""
        with contextlib.suppress(IndexError):
            self[count - 1]
        return min(count, len(self.known))

    @property
    def stopped(self) -> str:
        """Why the loop cannot go on; "" while it can."""
        return self.known[-1].stopped if self.known else ""

    @property
    def losses(self) -> list[float]:
        """The loss of every iteration computed so far."""
        return [iteration.loss for iteration in self.known]

    def zeroing(self, zero: bool | None) -> Training:
        """The same loop with or without zeroing; None: as it was made. It is run once, like this one."""
        wanted = self.made if zero is None else zero
        if wanted not in self._twins:
            other = copy.copy(self)
            other.zero, other.known = wanted, []
            self._twins[wanted] = other
        return self._twins[wanted]

    def fixed(self) -> Training:
        """The same loop, as if it had been made with, or without, zeroing as it is now."""
        other = copy.copy(self)
        other.made = self.zero
        return other

    @property
    def rival(self) -> list[float]:
        """The losses of the loop that zeroes, if this one does not, and the other way round; as far as it was run."""
        return self._twins[not self.zero].losses if (not self.zero) in self._twins else []

    def changed(self, number: int, values: dict[str, Any]) -> Training:
        """The same loop, but with other values of some parameters from iteration ``number`` on."""
        here = self[number]
        names = [parameter.name for parameter in here.parameters]
        unknown = [name for name in values if name not in names]
        if unknown:
            raise ArgumentError(f"{unknown[0]!r} is no parameter; these are trained: {', '.join(names)}.")
        new = [as_kind_of(values.get(one.name, one.value), one.value) for one in here.parameters]
        other = copy.copy(self)
        other.known = [*self.known[:number], self._run(number, _filled(here.params, new))]
        other._twins = {other.zero: other}  # noqa: SLF001  (it is a Training too)
        return other

    def _run(self, number: int, params: Any = None) -> Iteration:
        before = self.known[number - 1] if number else None
        if params is None:
            params = self.start if before is None else before.new_params
        state = None if before is None else before.new_state
        batch = self.batches[number]
        inputs = map_leaves(_as_parameter, params)
        with np.errstate(all="ignore"):  # the story says in words what overflows
            graph = tracing.trace(self.make, self.loss, (inputs, *batch), {})
            _check_loss(graph)
            graph.backward()
        values = _floats(params)
        nodes = graph.inputs[: len(values)]
        found = [as_kind_of(node.adjoint, value) for node, value in zip(nodes, values, strict=True)]
        left = [None] * len(found) if self.zero or before is None else [one.gradient for one in before.parameters]
        held = [one if rest is None else rest + one for one, rest in zip(found, left, strict=True)]
        gradients = _filled(params, held, None)
        new_params, new_state, stopped = self._update(params, gradients, state)
        news = [None] * len(held) if stopped else _floats(new_params)
        parameters = tuple(
            Parameter(node.id, node.name, value, one, rest, new)
            for node, value, one, rest, new in zip(nodes, values, held, left, news, strict=True)
        )
        loss = float(np.asarray(graph.outputs[0].value).ravel()[0])
        return Iteration(number, graph, loss, params, gradients, state, new_params, new_state, parameters, stopped)

    def _update(self, params: Any, gradients: Any, state: Any) -> tuple[Any, Any, str]:
        """New parameters and state; or why there are none."""
        # a rule may work in place: what it gets is its own
        own = _copied(params), _copied(gradients), copy.deepcopy(state)
        try:
            with np.errstate(all="ignore"):
                result: Any = self.optimiser.rule(*own)
        except Exception as error:
            if not self.known:
                raise
            return None, None, f"{self.optimiser.name} cannot update the parameters: {in_words(error)}"
        if not isinstance(result, tuple) or len(result) != 2:
            raise ArgumentError(
                f"{self.optimiser.name} returned {type(result).__name__}: an optimizer returns two things, "
                "`return new_params, state` (None if it keeps no state)."
            )
        new = _plain(result[0])
        _check_structure(params, new, self.optimiser.name)
        return new, result[1], ""


def prepared(
    make: type[BaseGraph],
    loss: Callable[..., Any],
    params: Any,
    optimizer: Any,
    args: tuple[Any, ...],
    *,
    lr: float | None,
    steps: int,
    batches: Iterable[Any] | None,
    zero: bool,
) -> Training:
    """The loop that a person asked for; `graphviz_ad.explore_training` says what all this is."""
    asked: tuple[Any, Any, Any] = (steps, zero, batches)  # what a user passes may be anything
    if not callable(loss):
        raise ArgumentError(f"explore_training needs a function loss(params, ...), not {loss!r}.")
    if not isinstance(asked[0], int) or isinstance(asked[0], bool) or steps < 1:
        raise ArgumentError(f"steps must be a whole number from 1 on, how many iterations there are, not {steps!r}")
    if not isinstance(asked[1], bool):
        raise ArgumentError(f"zero must be True or False, not {zero!r}")
    if asked[2] is not None and not isinstance(asked[2], Iterable):
        raise ArgumentError(f"batches must be a list of tuples such as [(X1, y1), (X2, y2)], not {batches!r}")
    if batches is not None and args:
        raise ArgumentError("give either batches=..., or arguments that are the same in every iteration, not both.")
    return Training(make, loss, params, optimiser(optimizer, lr), [args] if batches is None else batches, steps, zero)


class _Batches:
    """The arguments of each iteration: taken when needed, and from the start again when all were used."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self._rest: Iterator[Any] | None = iter(batches)
        self._taken: list[tuple[Any, ...]] = []

    def __getitem__(self, number: int) -> tuple[Any, ...]:
        while self._rest is not None and len(self._taken) <= number:
            try:
                batch = next(self._rest)
            except StopIteration:
                self._rest = None
            else:
                batch = batch if isinstance(batch, tuple) else (batch,)
                self._taken.append(tuple(map_leaves(_as_data, one) for one in batch))
        if not self._taken:
            raise ArgumentError("batches is empty: give at least one, such as batches=[(X, y)].")
        return self._taken[number % len(self._taken)]


def _as_parameter(_path: Any, leaf: Any) -> Any:
    return variable(leaf, role="parameter") if is_float_leaf(leaf) else leaf


def _as_data(_path: Any, leaf: Any) -> Any:
    """A float that is not trained; what a person has wrapped by hand stays as it is."""
    return constant(leaf) if is_float_leaf(leaf) and type(leaf) is not Traced else leaf


def optimiser(given: Any = None, lr: float | None = None) -> Optimiser:
    """The rule that a person asked for: a name, or a function of params, grads and state.

    Examples
    --------
    >>> optimiser("sgd", 0.5).name, optimiser(functools.partial(nn.sgd, lr=0.5)).rate
    ('sgd, lr = 0.5', 0.5)
    """
    if given is None or isinstance(given, str):
        if given is not None and given not in OPTIMISERS:
            raise ArgumentError(f"unknown optimizer: {given!r} (must be a function, or one of {list(OPTIMISERS)})")
        rule = OPTIMISERS[given or "sgd"]
        lr = RATE if lr is None and rule is nn.sgd else lr
    elif callable(given):
        rule = given
    else:
        raise ArgumentError(
            f"optimizer must be a function (params, grads, state) -> (params, state), or one of {list(OPTIMISERS)}, "
            f"not {given!r}; for a learning rate write lr=0.1."
        )
    if lr is not None:
        rule = functools.partial(rule, lr=lr)
    try:
        inspect.signature(rule).bind(None, None, None)
    except TypeError as error:
        raise ArgumentError(
            f"the optimizer is called as optimizer(params, grads, state) and returns (params, state), but {error}; "
            "what else it needs is bound before: functools.partial(nn.sgd, lr=0.1), or optimizer=nn.sgd, lr=0.1."
        ) from None
    except ValueError:
        pass  # compiled functions have no signature to look at
    function: Any = rule
    options: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        options = {**function.keywords, **options}
        function = function.func
    settings = [f"{key} = {short(one) if isinstance(one, int | float) else one}" for key, one in options.items()]
    rate = options.get("lr") if function is nn.sgd and not options.get("momentum") else None
    name = getattr(function, "__name__", type(function).__name__)
    return Optimiser(rule, visible(", ".join(["the optimizer" if name == "<lambda>" else name, *settings])), rate)


# -- the tree of parameters -----------------------------------------------------------------------


def _plain(params: Any) -> Any:
    """Parameters as plain numbers, in containers and arrays of our own."""

    def leaf(path: Any, value: Any) -> Any:
        if type(value) is not Traced:
            return value.copy(order="K") if isinstance(value, np.ndarray) else value
        if is_constant(value):
            raise InputError(
                f"{path_name(path) or 'params'} is a gad.constant, which is not trained: pass it beside params, "
                "as another argument of the loss."
            )
        return value.value

    plain = map_leaves(leaf, params)
    if not any(is_float_leaf(value) for _, value in leaves(plain)):
        raise InputError("params hold no float, so there is nothing to train. Write 2.0 instead of 2.")
    return plain


def _copied(tree: Any) -> Any:
    return map_leaves(lambda _path, leaf: leaf.copy(order="K") if isinstance(leaf, np.ndarray) else leaf, tree)


def _floats(tree: Any) -> list[Any]:
    return [leaf for _, leaf in leaves(tree) if is_float_leaf(leaf)]


_SAME = object()


def _filled(tree: Any, values: Sequence[Any], beside: Any = _SAME) -> Any:
    """The same structure with other values in place of its floats, in leaf order; ``beside`` in place of the rest."""
    rest = iter(values)
    return map_leaves(
        lambda _path, leaf: next(rest) if is_float_leaf(leaf) else leaf if beside is _SAME else beside, tree
    )


def _check_structure(old: Any, new: Any, name: str) -> None:
    before = {path: np.shape(leaf) for path, leaf in leaves(old) if is_float_leaf(leaf)}
    after = {path: np.shape(leaf) for path, leaf in leaves(new) if is_float_leaf(leaf)}
    for path in before | after:
        if before.get(path) != after.get(path):
            was, now = ("nothing" if path not in found else f"shape {found[path]}" for found in (before, after))
            raise ArgumentError(
                f"{name} changed the structure of the parameters: {path_name(path) or 'params'} had {was} and now "
                f"has {now}. An optimizer returns (new_params, state), new_params like params."
            )


def _check_loss(graph: BaseGraph) -> None:
    outputs = graph.outputs
    if len(outputs) != 1 or int(np.prod(outputs[0].shape)) != 1:
        found = f"{len(outputs)} numbers" if len(outputs) != 1 else f"an array of shape {outputs[0].shape}"
        raise OutputError(f"a loss is one number, and this one returned {found}; write np.mean(...) around it.")


# -- the story of one iteration -------------------------------------------------------------------


def train_scene(
    scene: Scene, line: Timeline, iteration: Iteration, training: Training, *, notation: str, digits: int
) -> Scene:
    """The scene of an iteration's graph, with the updates and the zeroing after the backward pass.

    Parameters
    ----------
    scene, line
        What is shown of ``iteration.graph``, in reverse mode: see `graphviz_ad.story.staging`.
    notation, digits
        As in `graphviz_ad.story.staging.stage`.
    """
    graph = iteration.graph
    if any(one.left is not None for one in iteration.parameters):
        scene = _with_leftovers(scene, line, iteration, digits)
    shown = line.outline
    place = {one.id: shown.items[shown.owner[one.id]] for one in iteration.parameters}
    output = output_name(graph)
    adjoint = printer("unicode", notation, output, digits)
    updates = [
        SceneStep(
            kind="update",
            node=place[one.id].id,
            edge=None,
            adjoint=None,
            adjoint_text=None,
            reported=0,
            complete=True,
            narration=_update(one, training.optimiser, adjoint.text(adjoint_term(graph.nodes[one.id])), digits),
            value=None if place[one.id].group else exact(one.new),
            value_text=None if place[one.id].group else brief(one.new, digits),
        )
        for one in iteration.parameters
        if one.new is not None
    ]
    if updates:
        last = iteration.number + 1 >= len(training)
        if training.zero:
            first = replace(updates[0], kind="zero", value=None, value_text=None, narration=_zeroed(iteration, last))
            updates.append(replace(first, adjoint=exact(0.0), adjoint_text="0"))
        else:
            told = f"{updates[-1].narration} {_kept(iteration)}"
            updates[-1] = replace(updates[-1], narration=told)
    return replace(scene, steps=(*scene.steps, *updates), intro=f"{_heading(iteration, training)} {scene.intro}")


def _with_leftovers(scene: Scene, line: Timeline, iteration: Iteration, digits: int) -> Scene:
    """Accumulators that nobody zeroed: every sum starts from what the last pass left."""
    left = {one.id: one.left for one in iteration.parameters if one.left is not None}
    steps = list(scene.steps)
    for step in line:
        rest = left.get(step.item.id)
        if rest is None or step.item.group is not None or step.kind == "value":
            continue
        total = rest + step.new  # of a contribution that is summed in the next step: what was there before
        words = f"Its accumulator still held {brief(rest, digits)} from the pass before"
        if step.reported == 1 and line.adds(step.order):
            told = f"{steps[step.order].narration} {words}: it now shows {brief(total, digits)}."
            steps[step.order] = replace(steps[step.order], narration=told)
        pair = exact(total), brief(total, digits)
        steps[step.order] = replace(steps[step.order], adjoint=pair[0], adjoint_text=pair[1])
    held = {one.id: one.gradient for one in iteration.parameters}
    nodes = tuple(
        replace(node, adjoint=exact(held[node.id]), adjoint_text=brief(held[node.id], digits), adjoint_cells=None)
        if node.id in left and node.kind != "group"
        else node
        for node in scene.nodes
    )
    return replace(scene, steps=tuple(steps), nodes=nodes)


def parameter_facts(facts: Facts, line: Timeline, iteration: Iteration, training: Training, digits: int) -> Facts:
    """What `graphviz_ad.story.inspect` tells of a node, with what training does to a parameter.

    The accumulator holds what was left in it, and the steps after the backward pass follow: ``update`` with the new
    value, and ``zero``.
    """
    one = next((one for one in iteration.parameters if one.id == facts["id"]), None)
    if one is None or facts["kind"] == "group":
        return facts
    found = dict(facts)
    if one.left is not None:
        found["adjoint"] = numbered(one.gradient, digits)
        found["ledger"] = [_with_left(row, line[row["step"] - 1], one.left, digits) for row in facts["ledger"]]
    updated = [other.id for other in iteration.parameters if other.new is not None]
    if one.new is not None:
        found["update"] = {"step": len(line) + 1 + updated.index(one.id), "value": numbered(one.new, digits)}
        if training.zero:
            zeros = np.zeros_like(one.gradient)[()]
            found["zero"] = {"step": len(line) + 1 + len(updated), "adjoint": numbered(zeros, digits)}
    return found


def _with_left(row: Facts, step: Step, left: Any, digits: int) -> Facts:
    old = left if step.old is None else left + step.old
    return row | {"old": number_text(old, digits), "new": number_text(left + step.new, digits)}


def _heading(iteration: Iteration, training: Training) -> str:
    words = f"Iteration {iteration.number} (last: {len(training) - 1})."  # from 0, as training[0]; words.js too
    if any(one.left is not None for one in iteration.parameters):
        words += " Nobody zeroed the accumulators after the last pass."
    return words


def _update(one: Parameter, rule: Optimiser, adjoint: str, digits: int) -> str:
    """``w ← w − 0.1 · ∂L/∂w: 0.5 − 0.1 × 2 = 0.3`` for gradient descent; for other rules what was and what is."""
    name = called(one.name)
    adjoint = adjoint if one.left is None else "accumulator"
    if rule.rate is not None:
        words = f"Update: {name} ← {name} − {short(rule.rate, digits)} · {adjoint}"
        if np.shape(one.value):
            return visible(f"{words}, entry by entry: {described(one.new)}.")
        numbers = f"{brief(one.value, digits)} − {short(rule.rate, digits)} × {enclosed(brief(one.gradient, digits))}"
        return visible(f"{words}: {numbers} = {brief(one.new, digits)}.")
    words = f"Update by {rule.name}: {name}"
    if np.shape(one.value):
        with np.errstate(all="ignore"):
            moved = float(np.linalg.norm(np.ravel(one.new - one.value)))
        return visible(f"{words} becomes {described(one.new)}; it moved by {short(moved, digits)} (norm).")
    with np.errstate(all="ignore"):
        change = one.new - one.value
    sign = "" if change < 0 else "+"
    return visible(
        f"{words}: {brief(one.value, digits)} → {brief(one.new, digits)} (change {sign}{brief(change, digits)}; "
        f"{adjoint} = {brief(one.gradient, digits)})."
    )


def _zeroed(iteration: Iteration, last: bool) -> str:
    names = [called(one.name) for one in iteration.parameters]
    whose = f"the accumulator of {names[0]} goes" if len(names) == 1 else f"the accumulators of {listed(names)} go"
    then = "" if last else f" Iteration {iteration.number + 1} begins with the new values."
    return visible(f"Zeroing: {whose} back to 0; the next pass would add to what is left there.{then}")


def _kept(iteration: Iteration) -> str:
    names = [called(one.name) for one in iteration.parameters]
    whose = f"the accumulator of {names[0]}" if len(names) == 1 else f"the accumulators of {listed(names)}"
    return visible(f"Nobody zeroes {whose}: the next pass adds to what is there.")


# -- the curves -----------------------------------------------------------------------------------


def curves(training: Training, digits: int = 4) -> dict[str, Any]:
    """What all iterations so far have in common to show, as strict JSON: losses, parameters and gradients.

    Numbers stand beside their texts for people; those that are not finite are texts themselves, as everywhere.
    """
    known = training.known
    parameters = known[0].parameters if known else ()
    return {
        "iterations": len(training),
        "optimizer": training.optimiser.name,
        "zero": training.zero,
        "made": training.made,
        "loss": called(output_name(known[0].graph)) if known else "loss",
        "losses": _series([one.loss for one in known], digits),
        "rival": _series(training.rival, digits),
        "ways": [
            _way(called(one.name), [iteration.parameters[place] for iteration in known], digits)
            for place, one in enumerate(parameters)
        ],
        "words": words_on(training),
    }


def _series(values: Sequence[Any], digits: int) -> dict[str, list[Any]]:
    numbers = [float(value) for value in values]
    return {
        "numbers": [number if math.isfinite(number) else repr(number) for number in numbers],
        "texts": [brief(number, digits) for number in numbers],
    }


def _way(name: str, found: Sequence[Parameter], digits: int) -> dict[str, Any]:
    """One parameter over the iterations: its value, or an array's norm, mean and range; and its gradient's norm."""
    shape = np.shape(found[0].value)
    way: dict[str, Any] = {"name": name, "shape": list(shape)}
    with np.errstate(all="ignore"):
        way["gradient"] = _series([np.linalg.norm(np.ravel(one.gradient)) for one in found], digits)
        if not shape:
            way["value"] = _series([one.value for one in found], digits)
            return way
        arrays = [np.asarray(one.value, float).ravel() for one in found]
        way["norm"] = _series([np.linalg.norm(array) for array in arrays], digits)
        if arrays[0].size:
            for what, measure in (("low", np.min), ("mean", np.mean), ("high", np.max)):
                way[what] = _series([measure(array) for array in arrays], digits)
        if 0 < arrays[0].size <= ENTRIES:
            way["entries"] = [
                {"name": f"{name}[{', '.join(map(str, place))}]", **_series([array[k] for array in arrays], digits)}
                for k, place in enumerate(np.ndindex(*shape))
            ]
    return way


def words_on(training: Training) -> str:
    """What is remarkable about the losses so far, as a sentence; "" if nothing is."""
    losses = training.losses
    if training.stopped:
        return visible(f"The training stops after iteration {len(losses) - 1}: {training.stopped}")
    wild = next((k for k, loss in enumerate(losses) if not math.isfinite(loss)), None)
    if wild is not None:
        return f"The loss became {losses[wild]} at iteration {wild}: " + (
            "look at the values of its forward pass, where it began." if wild == 0 else _ADVICE
        )
    if len(losses) > 1 and losses[-1] > EXPLODED * abs(losses[0]) > 0:
        return f"The loss has grown from {brief(losses[0])} to {brief(losses[-1])}: {_ADVICE}"
    known = training.known
    if known and not any(np.any(one.gradient) for one in known[-1].parameters):
        return f"Every gradient of iteration {known[-1].number} is exactly 0: no parameter moves any more."
    return ""


_ADVICE = "is the learning rate too large?"
