"""Exceptions that teach: what happened, where in the user's code, and what to write instead."""

from __future__ import annotations

from typing import Any


class GraphvizADError(Exception):
    """Base of every error that this package raises on purpose.

    ``graph`` is the graph recorded up to the error, where the error ended a `gad.trace`; else None.
    """

    graph: Any = None


class ArgumentError(GraphvizADError, ValueError):
    """An argument has a value that is not allowed. Remedy: the message lists what is."""


class InputError(GraphvizADError, TypeError):
    """Something cannot be an input of a differentiable function. Remedy: pass floats (2.0 instead of 2)."""


class OutputError(GraphvizADError, TypeError):
    """A function's result cannot be differentiated. Remedy: return a float that depends on the inputs."""


class SeedError(GraphvizADError, ValueError):
    """A reverse sweep needs a seed, or the seed has the wrong shape. Remedy: ``graph.backward(seed=...)``."""


class ExitError(GraphvizADError, TypeError):
    """A plain number was asked of a traced float, which would cut the graph in silence.

    Remedy: the NumPy function instead of the Python one (``np.sin`` for ``math.sin``, ``np.stack`` for
    ``np.array``), or ``gad.detach`` where the cut is meant.
    """


class ImmutableError(GraphvizADError, TypeError):
    """A traced value was to be changed in place. Remedy: build the new value (``np.where``, ``np.stack``)."""


class MutationError(GraphvizADError, RuntimeError):
    """An array was changed after a traced computation had used it. Remedy: ``W = W * 5`` instead of ``W *= 5``."""


class UnsupportedError(GraphvizADError, TypeError):
    """A NumPy function, or one of its arguments, has no derivative rule here. Remedy: the message names one."""


class UnsupportedAttributeError(UnsupportedError, AttributeError):
    """An array method or attribute is not there on traced values. Remedy: the message names one."""


class ReplayError(GraphvizADError, RuntimeError):
    """A graph cannot be replayed at these inputs. Remedy: trace the function again."""


class UnknownNameError(GraphvizADError, KeyError):
    """A graph has no node of this name or id. Remedy: the message lists the names it has."""

    def __str__(self) -> str:
        # KeyError shows repr(message), which would put our sentence in quotes
        return str(self.args[0]) if self.args else ""


class EngineError(GraphvizADError, RuntimeError):
    """A layout engine cannot do its work on this machine. Remedy: ``engine="layered"`` needs nothing."""
