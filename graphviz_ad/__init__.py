"""Backpropagation made visible: plain NumPy functions as graphs whose adjoints flow backwards."""

from graphviz_ad.core.transforms import constant, detach, grad, value_and_grad, variable
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
    UnknownNameError,
    UnsupportedError,
)
from graphviz_ad.graph import Graph, engines, explore, graph, trace

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
    "UnknownNameError",
    "UnsupportedError",
    "constant",
    "detach",
    "engines",
    "explore",
    "grad",
    "graph",
    "trace",
    "value_and_grad",
    "variable",
]
