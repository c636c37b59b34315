"""The price of noticing arrays that change before the sweep: one function with the check and without."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import graphviz_ad as gad
from benchmarks.agreement import Pair, checked
from benchmarks.measure import Function
from graphviz_ad.core import mutation

Place = tuple[dict[str, Any], str, Callable[..., Any]]


def places() -> list[Place]:
    """Every global name in the core that means one of the three functions that watch arrays."""
    watching = (mutation.used, mutation.given, mutation.verify)
    return [
        (vars(module), name, value)
        for module_name, module in list(sys.modules.items())
        if module_name.startswith("graphviz_ad.core")
        for name, value in list(vars(module).items())
        if any(value is function for function in watching)
    ]


@contextlib.contextmanager
def unwatched(where: list[Place]) -> Iterator[None]:
    """Switch the check off: nothing is noted and nothing compared."""
    for names, name, _ in where:
        names[name] = lambda *_: None
    try:
        yield
    finally:
        for names, name, value in where:
            names[name] = value


def notices() -> bool:
    """Whether a change in place is noticed now."""
    array = np.ones(3)

    def f(x: Any) -> Any:
        out = np.sum(x * array)
        array[0] = 5.0
        return out

    try:
        gad.grad(f)(np.ones(3))
    except gad.MutationError:
        return True
    return False


def pair(function: Function) -> Pair:
    """The function as it is and with the check off, which is proven both ways."""
    where = places()

    def without() -> Any:
        with unwatched(where):
            return function()

    with unwatched(where):
        assert not notices(), "the check cannot be switched off in this way any more"
    assert notices(), "there is no check to measure"
    return checked(function, without)
