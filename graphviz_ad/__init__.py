"""Backpropagation made visible: plain NumPy functions as graphs whose adjoints flow backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphviz_ad import nn
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
    "check_grads",
    "constant",
    "custom",
    "detach",
    "elementwise_grad",
    "engines",
    "explore",
    "explore_training",
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
    from graphviz_ad import gradflow
else:  # a type checker that saw this function would take every misspelt name for an attribute

    def __getattr__(name: str) -> Any:
        """What is imported only when it is first asked for."""
        if name == "gradflow":
            from importlib import import_module

            return import_module("graphviz_ad.gradflow")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
