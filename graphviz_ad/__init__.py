"""Backpropagation made visible: plain NumPy functions as graphs whose adjoints flow backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphviz_ad import nn
from graphviz_ad.core import foreign as _foreign
from graphviz_ad.core.check import check_grads
from graphviz_ad.core.custom import custom
from graphviz_ad.core.scopes import scope
from graphviz_ad.core.transforms import elementwise_grad, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from graphviz_ad.core.variables import constant, detach, variable
from graphviz_ad.errors import (
    ArgumentError,
    EngineError,
    ExitError,
    GraphvizADError,
    ImmutableError,
    InputError,
    MutationError,
    OutputError,
    ReplayError,
    SeedError,
    SweepError,
    UnknownNameError,
    UnsupportedError,
)
from graphviz_ad.graph import Graph, alt_text, engines, explore, explore_training, graph, trace

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "EngineError",
    "ExitError",
    "Graph",
    "GraphvizADError",
    "ImmutableError",
    "InputError",
    "MutationError",
    "OutputError",
    "ReplayError",
    "SeedError",
    "SweepError",
    "UnknownNameError",
    "UnsupportedError",
    "alt_text",
    "assert_adjoints",
    "assert_backward",
    "assert_connected",
    "assert_slope",
    "check_grads",
    "compare",
    "constant",
    "custom",
    "detach",
    "doctor",
    "elementwise_grad",
    "engines",
    "exercise",
    "exercises",
    "explore",
    "explore_training",
    "from_torch",
    "grad",
    "gradflow",
    "graph",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "nn",
    "scope",
    "trace",
    "value_and_grad",
    "variable",
    "vjp",
]

if TYPE_CHECKING:
    from graphviz_ad import exercises, gradflow
    from graphviz_ad.doctor.examine import doctor
    from graphviz_ad.exercises.assertions import assert_adjoints, assert_backward, assert_slope
    from graphviz_ad.exercises.catalogue import exercise
    from graphviz_ad.exercises.compare import compare
    from graphviz_ad.exercises.connected import assert_connected
    from graphviz_ad.frontends.torch import from_torch
else:
    _IN_EXERCISES = {
        "assert_adjoints": "assertions",
        "assert_backward": "assertions",
        "assert_connected": "connected",
        "assert_slope": "assertions",
        "compare": "compare",
        "exercise": "catalogue",
    }

    # a type checker that saw this function would take every misspelt name for an attribute
    def __getattr__(name: str) -> Any:
        """What is imported only when it is first asked for."""
        if name in ("doctor", "exercises", "gradflow"):
            from importlib import import_module

            return import_module(f"graphviz_ad.{name}")
        if name == "from_torch":
            from graphviz_ad.frontends.torch import from_torch

            return from_torch
        if name in _IN_EXERCISES:
            from importlib import import_module

            return getattr(import_module(f"graphviz_ad.exercises.{_IN_EXERCISES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    # what is below finds the front end by this table, without knowing it
    _foreign.READERS["torch"] = lambda: __getattr__("from_torch")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
