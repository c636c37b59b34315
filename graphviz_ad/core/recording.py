"""A recording is one call of a function on fresh inputs: what every transformation sweeps over."""

from __future__ import annotations

import contextlib
import copy
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core import sweep
from graphviz_ad.core.complexes import REAL_RESULT, is_complex
from graphviz_ad.core.pytree import Path, is_float_leaf, leaves, map_leaves, opaque, path_name
from graphviz_ad.core.recorder import Recorder, next_index
from graphviz_ad.core.run import Run
from graphviz_ad.core.traced import NO_PARAMS, Traced, apply, dtype_of, is_constant
from graphviz_ad.core.variables import ALIAS, check_array
from graphviz_ad.core.where import brief
from graphviz_ad.errors import InputError, OutputError

Key = tuple[int, Path]  # which argument, and where in it

_INPUT = {"role": "input", "name": None}


class Recording:
    """A function's result on fresh inputs, and what its sweeps need.

    ``inputs`` holds a node for every float of the arguments in ``argnums``; with ``every``, each of these must hold
    one. ``out`` is the result as the function gave it. Arrays are not copied, unless the caller has control before the
    sweep (``copied``); each sweep first compares them with what they were when they were used.
    """

    __slots__ = ("_args", "_floor", "_mine", "_outer", "_recorder", "_run", "_runs", "inputs", "out")

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: Iterable[int],
        *,
        every: bool = True,
        copied: bool = False,
    ) -> None:
        self._args = args
        self._run = Run()
        self._floor = next_index()
        self.inputs: dict[Key, Traced] = {}
        opened = list(args)
        for number in dict.fromkeys(argnums):
            before = len(self.inputs)
            opened[number] = self._open(args[number], number, copied)
            if every and len(self.inputs) == before:
                refuse_without_floats(args[number], number)
        for number, value in enumerate(opened):
            if type(value) is Traced:
                opened[number] = _plain_constant(value)
        try:
            self.out = f(*opened, **({key: _plain_constant(value) for key, value in kwargs.items()} if kwargs else {}))
        finally:
            self._run.running = False
        self._look()

    def _open(self, argument: Any, number: int, copied: bool) -> Any:
        """The argument with a fresh input in place of every float."""
        run, inputs = self._run, self.inputs

        def leaf(path: Path, value: Any) -> Any:
            if type(value) is np.ndarray and value.dtype.kind == "f":
                if copied:
                    value = value.copy(order="K")
                else:
                    run.give(value)
            elif not is_float_leaf(value):
                reason = opaque(value)
                if reason:
                    place = f"argument {number}{path_name(path) and ', ' + path_name(path)}"
                    raise InputError(f"{place} is {reason}.")
                return value
            elif type(value) is Traced:
                if not value.differentiable:
                    return _plain_constant(value)
                if is_complex(value.value):
                    check_array(value.value, f"argument {number}{path_name(path) and ', ' + path_name(path)}")
                run.mixed = True
                inputs[number, path] = fresh = apply(ALIAS, (value,), NO_PARAMS, weak=type(value.value) is float)
                return fresh
            elif type(value) is not float:
                check_array(value, f"argument {number}{path_name(path) and ', ' + path_name(path)}")
            inputs[number, path] = fresh = Traced(value, None, (), _INPUT, run)
            return fresh

        return leaf((), argument) if type(argument) in _LEAVES else map_leaves(leaf, argument)

    def _look(self) -> None:
        """Find out whether an outer derivative looks on: then the sweep makes nodes instead of numbers.

        Where all nodes belong to our own run and nothing else came in, there is nothing to find out.
        """
        self._mine: set[int] | None = None
        self._outer: set[int] = set()
        self._recorder: Recorder | None = None  # of the trace that looks on
        self._runs = [self._run]
        if type(self.out) is Traced and self.out.recorder is self._run and not self._run.mixed:
            return
        outs = [leaf for leaf in _result_leaves(self.out) if type(leaf) is Traced]
        if not self._run.mixed and all(leaf.recorder is self._run for leaf in outs):
            return
        self._mine = {node.index for node in self.inputs.values()}
        for node in self.inputs.values():
            if node.primitive is not None:
                self._outer.add(node.index)  # an alias of what an outer call differentiates by
                if isinstance(node.recorder, Recorder):
                    self._recorder = node.recorder
        runs = {id(self._run): self._run}
        for node in sweep.ancestors(outs, self._floor):
            if node.index in self._mine:
                continue
            if type(node.recorder) is Run:
                runs[id(node.recorder)] = node.recorder
            if node.primitive is None or node.index < self._floor:
                # neither ours nor a constant: something that an outer call made, or a variable. (The input of another
                # call that began after ours has done its work: it is a number like any.)
                if node.differentiable and (node.index < self._floor or type(node.recorder) is not Run):
                    self._outer.add(node.index)
                    if isinstance(node.recorder, Recorder):
                        self._recorder = node.recorder
                continue
            for item in node.inputs:
                if type(item) is Traced:
                    if item.index in self._mine:
                        self._mine.add(node.index)
                    if item.index in self._outer:
                        self._outer.add(node.index)
        self._runs = list(runs.values())

    def release(self) -> None:
        """Let go of the result, so that the sweep frees each node once it has sent."""
        self.out = None

    def result(self, *, own: bool = False) -> Any:
        """The function's result; no traced value is left in it but those that an outer derivative looks at.

        ``own``: arrays are copied, since a sweep to come relies on them and their new owner may change them.
        """

        def leaf(_path: Path, value: Any) -> Any:
            value = self.settle(value)
            return value.copy() if own and isinstance(value, np.ndarray) else value

        return leaf((), self.out) if type(self.out) in _LEAVES else map_leaves(leaf, self.out)

    def settle(self, value: Any) -> Any:
        """The plain value of a node, unless an outer derivative looks at it."""
        return value.value if type(value) is Traced and value.index not in self._outer else value

    def depends(self, leaf: Any) -> bool:
        """Whether a leaf of the result depends on the inputs along floats."""
        return type(leaf) is Traced and leaf.differentiable and (self._mine is None or leaf.index in self._mine)

    def pull(self, seeds: list[tuple[Any, Any]], *, batched: bool = False) -> dict[int, Any]:
        """The adjoints, by creation index, of the inputs that the seeded leaves depend on; ``seeds`` is used up."""
        for run in self._runs:
            run.verify()
        seeds[:] = [(leaf, seed) for leaf, seed in seeds if self.depends(leaf)]
        with self._noted("adjoint"):
            return sweep.reverse(
                seeds,
                leaves=() if self._mine is None else {node.index for node in self.inputs.values()},
                only=self._mine if self._outer else None,
                traced=self._outer,
                batched=batched,
                keep=False,
            )

    def _noted(self, role: str) -> contextlib.AbstractContextManager[None]:
        """Let a trace that looks on know which nodes are a derivative's, and of which order."""
        if self._recorder is None or not self._recorder.find().tracing:
            return _NOTHING
        return self._recorder.find().sweeping(role, self._floor)

    def push(self, tangents: dict[Key, Any], *, batched: bool = False) -> Callable[[Any], Any]:
        """A function that gives the tangent of a leaf of the result; None where the inputs do not move it."""
        for run in self._runs:
            run.verify()
        table = {self.inputs[key].index: tangent for key, tangent in tangents.items()}
        outs = [leaf for leaf in _result_leaves(self.out) if self.depends(leaf)]
        with self._noted("tangent"):
            sweep.forward(sweep.ancestors(outs), table, traced=self._outer, batched=batched)
        return lambda leaf: table.get(leaf.index) if self.depends(leaf) else None

    def close_all(
        self, where: Sequence[int], gradients: dict[int, Any], lead: tuple[int, ...] | None = None
    ) -> list[Any]:
        """What `close` gives for each of these arguments; one that is asked for twice gets two of its own."""
        found = {number: self.close(number, gradients, lead) for number in dict.fromkeys(where)}
        result = [found[number] for number in where]
        return result if len(found) == len(result) else [copy.deepcopy(one) for one in result]

    def holds(self, number: int) -> bool:
        """Whether an argument holds floats."""
        return any(position == number for position, _ in self.inputs)

    def close(self, number: int, gradients: dict[int, Any], lead: tuple[int, ...] | None = None) -> Any:
        """Gradients in the structure of one argument, as the kinds of numbers that it holds; None beside floats.

        ``gradients``, by creation index, is used up. ``lead``: they are blocks of a Jacobian, with the result's
        axes in front.
        """
        inputs = self.inputs

        def leaf(path: Path, _value: Any) -> Any:
            node = inputs.get((number, path))
            if node is None:
                return None
            found = gradients.pop(node.index, None)
            if lead:
                return np.zeros(lead + node.shape, node.dtype) if found is None else _block(found, node.dtype)
            return zeros_for(node.value) if found is None else as_kind_of(found, node.value)

        argument = self._args[number]  # as it was given: f may have changed the containers that it got
        return leaf((), argument) if type(argument) in _LEAVES else map_leaves(leaf, argument)


_NOTHING = contextlib.nullcontext()
_LEAVES = (float, np.ndarray, np.float64, Traced)


def _block(found: Any, dtype: np.dtype[Any]) -> Any:
    return found if type(found) is Traced else np.array(found, dtype)


def check_result(out: Any) -> None:
    """Refuse results into which no transformation can look: what is computed later, unordered, or no number."""
    for path, leaf in leaves(out):
        value = leaf.value if type(leaf) is Traced else leaf
        place = f" at {path_name(path)}" if path else ""
        reason = opaque(value)
        if not reason and callable(value) and not isinstance(value, type):
            reason = "a function, into which nothing can look; use a list, a tuple or a dict"
        if reason:
            raise OutputError(f"the result{place} is {reason}.")
        if is_complex(value):
            raise OutputError(f"the result{place} is complex: {REAL_RESULT}.")
        kind = getattr(getattr(value, "dtype", None), "kind", "f")
        if kind not in "biuf":
            raise OutputError(f"the result{place} is of dtype {dtype_of(value)}; only real numbers are differentiated.")


def _result_leaves(out: Any) -> list[Any]:
    return [out] if type(out) in _LEAVES else [leaf for _, leaf in leaves(out)]


def _plain_constant(value: Any) -> Any:
    return value.value if type(value) is Traced and is_constant(value) else value


def refuse_without_floats(argument: Any, number: int) -> None:
    """Raise for an argument that holds nothing to differentiate by, and say what would."""
    if type(argument) is Traced:
        raise InputError(f"argument {number} is a gad.constant, which nothing is differentiated by; pass its value.")
    hint = "write 2.0 instead of 2" if isinstance(argument, int) else "pass floats, or arrays of floats"
    if isinstance(argument, np.ndarray):
        hint = f"its dtype is {argument.dtype}: write x.astype(float)"
    raise InputError(f"argument {number} ({brief(argument)}) holds no float to differentiate by; {hint}.")


def as_kind_of(gradient: Any, value: Any) -> Any:
    """A gradient, or a tangent, as the kind of number that its value is."""
    if type(gradient) is np.ndarray and type(value) is np.ndarray:
        if gradient.base is None and sys.getrefcount(gradient) == _SOLE_OWNER:
            return gradient
        # what comes back never shares memory with an adjoint, a constant or another gradient
        return gradient.astype(value.dtype)
    if type(gradient) is Traced:
        return gradient
    if type(value) is float:
        return float(gradient)
    if not isinstance(value, np.ndarray):
        return value.dtype.type(gradient)
    return np.array(gradient, dtype=value.dtype).reshape(value.shape)


_SOLE_OWNER = 3
"""References to an array that nobody else has: `as_kind_of`'s argument, its caller's variable, getrefcount's own."""


def zeros_for(value: Any) -> Any:
    """The gradient of what nothing depends on."""
    if isinstance(value, np.ndarray):
        return np.zeros(value.shape, value.dtype)
    return 0.0 if type(value) is float else np.zeros((), dtype_of(value))[()]
