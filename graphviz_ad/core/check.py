"""Checks derivatives against central differences, in both modes and to any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphviz_ad.core.pytree import Path, leaves, map_leaves, path_name
from graphviz_ad.core.traced import dtype_of, is_constant, is_floating, shape_of, value_of
from graphviz_ad.core.transforms import check_function, jvp, vjp
from graphviz_ad.core.where import brief
from graphviz_ad.errors import ArgumentError, OutputError

MODES = ("fwd", "rev")


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] = MODES,
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> None:
    """Raise unless the derivatives of a function agree with central differences.

    Every float of every argument moves along a random direction of its own (always the same ones), once for each
    order: the directional derivative is compared with a central difference, a pulled-back adjoint with both. Then
    the derivatives are checked in the same way, as functions, until ``order`` is reached.

    Parameters
    ----------
    f : callable
        Its result may be any nest of floats and arrays.
    args : tuple
        Where to check; float64, since differences of float32 show little.
    order : int
        2 checks second derivatives too.
    modes : tuple of {"fwd", "rev"}
        Which modes to check; mixed orders mix them. With a `custom` that has one rule, name its mode.
    rtol, atol : float
        Relative and absolute tolerance of each comparison.

    Raises
    ------
    AssertionError
        A derivative is off: it names the argument, the mode, the order and both numbers.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.check_grads(lambda x: np.sum(np.sin(x)), (np.array([0.1, 0.2]),))
    """
    check_function(f, "check_grads", "gad.check_grads(f, (x,))")
    given: Any = args  # what a user passes may be anything
    if not isinstance(given, tuple | list):
        raise ArgumentError(f"args must be a tuple with f's arguments, not {brief(given)}: check_grads(f, (x,)).")
    given = order
    if not isinstance(given, int) or given < 1:
        raise ArgumentError(f"order must be an int of at least 1, not {brief(given)}")
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown or not modes or isinstance(modes, str):
        raise ArgumentError(f"unknown modes: {modes!r} (must be some of {list(MODES)})")
    plain = map_leaves(lambda _path, leaf: value_of(leaf) if is_constant(leaf) else leaf, tuple(args))
    _Check(tuple(modes), rtol, atol).run(f, plain, order, "")


class _Check:
    """One check: its tolerances, and the way by which a derivative was reached."""

    def __init__(self, modes: tuple[str, ...], rtol: float, atol: float) -> None:
        self.modes = modes
        self.rtol = rtol
        self.atol = atol

    def run(self, f: Callable[..., Any], args: tuple[Any, ...], order: int, way: str) -> None:
        rng = np.random.default_rng(0)
        out = f(*args)
        if not any(isinstance(leaf, float | int | np.ndarray | np.generic) for _, leaf in leaves(out)):
            raise OutputError("the function's result holds no number; did it forget `return`?")
        adjoint = map_leaves(lambda _path, leaf: _random(rng, leaf), out)
        places = [
            (number, path) for number, value in enumerate(args) for path, leaf in leaves(value) if is_floating(leaf)
        ]
        if not places:
            raise ArgumentError("no argument holds a float to check by; write 2.0 instead of 2.")
        for number, path in places:
            moved = _only(args, number, path, rng)
            self._compare(f, args, moved, adjoint, f"{_named(number, path)}{way}")
        if order > 1:
            if "fwd" in self.modes:
                tangents = tuple(map_leaves(lambda _path, leaf: _random(rng, leaf), value) for value in args)
                self.run(lambda *point: jvp(f, point, tangents)[1], args, order - 1, f"{way} of the fwd derivative")
            if "rev" in self.modes:
                self.run(lambda *point: vjp(f, *point)[1](adjoint), args, order - 1, f"{way} of the rev derivative")

    def _compare(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        moved: tuple[Any, ...],
        adjoint: Any,
        place: str,
    ) -> None:
        # the step that balances rounding (1/h) and curvature (h²), for numbers of this size
        pairs = zip(leaves(args), leaves(moved), strict=True)
        sizes = [np.max(np.abs(leaf), initial=0.0) for (_, leaf), (_, t) in pairs if is_floating(leaf) and np.any(t)]
        size = float(max(sizes, default=1.0))
        epsilon = max(float(np.finfo(dtype_of(leaf)).eps) for _, leaf in leaves(args) if is_floating(leaf))
        step = epsilon ** (1 / 3) * max(1.0, size)
        ahead, behind = f(*_along(args, moved, step)), f(*_along(args, moved, -step))
        expected = _dot(adjoint, ahead, behind) / (2 * step)
        found: dict[str, float] = {}
        if "fwd" in self.modes:
            found["fwd"] = _dot(adjoint, jvp(f, args, moved)[1])
        if "rev" in self.modes:
            found["rev"] = sum(
                _dot(back, tangent) for back, tangent in zip(vjp(f, *args)[1](adjoint), moved, strict=True)
            )
        for mode, number in found.items():
            if not np.isclose(number, expected, rtol=self.rtol, atol=self.atol, equal_nan=False):
                raise AssertionError(
                    f"the derivative by {place} is wrong in mode {mode!r}: along a random direction it is {number!r}, "
                    f"central differences give {expected!r} (rtol={self.rtol}, atol={self.atol}). At a kink or a pole, "
                    "or where the function is noisy, differences mislead: check at another point. Across "
                    "gad.detach they see more than the derivative."
                )


def _random(rng: np.random.Generator, leaf: Any) -> Any:
    return rng.normal(size=shape_of(leaf)).astype(dtype_of(leaf))[()] if is_floating(leaf) else None


def _only(args: tuple[Any, ...], number: int, path: Path, rng: np.random.Generator) -> tuple[Any, ...]:
    """Tangents of which only one moves."""

    def tangent(argnum: int) -> Callable[[Path, Any], Any]:
        def leaf(where: Path, value: Any) -> Any:
            if not is_floating(value):
                return None
            return _random(rng, value) if (argnum, where) == (number, path) else np.zeros_like(value)

        return leaf

    return tuple(map_leaves(tangent(argnum), value) for argnum, value in enumerate(args))


def _along(args: tuple[Any, ...], moved: tuple[Any, ...], step: float) -> tuple[Any, ...]:
    """The arguments, a step along a direction."""
    result = []
    for value, tangent in zip(args, moved, strict=True):
        result.append(map_leaves(_stepped(dict(leaves(tangent)), step), value))
    return tuple(result)


def _stepped(tangents: dict[Path, Any], step: float) -> Callable[[Path, Any], Any]:
    return lambda path, leaf: leaf + step * tangents[path] if is_floating(leaf) else leaf


def _dot(adjoint: Any, first: Any, second: Any = None) -> float:
    """⟨adjoint, first − second⟩ over all floats of a nest."""
    weights, others = dict(leaves(adjoint)), {} if second is None else dict(leaves(second))
    total = 0.0
    for path, leaf in leaves(first):
        if weights.get(path) is not None and is_floating(leaf):
            difference = leaf if second is None else np.asarray(leaf) - np.asarray(others[path])
            total += float(np.sum(np.asarray(weights[path]) * difference))
    return total


def _named(number: int, path: Path) -> str:
    return f"argument {number}" + (f" at {path_name(path)}" if path else "")
