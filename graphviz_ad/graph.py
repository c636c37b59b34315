"""The public Graph: its methods forward to the layers below; and `trace`, `graph`, `explore` that make one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphviz_ad import primitives as _primitives  # noqa: F401  (fills the registry)
from graphviz_ad.core import trace as tracing
from graphviz_ad.core.graph import BaseGraph


class Graph(BaseGraph):
    """The graph of one function call: values, adjoints, pictures, stories."""

    def derivative(self, name: str, output: str | None = None) -> Graph:
        """The graph OF the gradient: the original inputs, and one output ∂output/∂name of its shape.

        Examples
        --------
        >>> import graphviz_ad as gad
        >>> slope = gad.trace(lambda x: x**3, 2.0).derivative("x")
        >>> slope.outputs[0].value, slope["x"].adjoint
        (12.0, np.float64(12.0))
        """
        return tracing.derivative_graph(self, name, output)


def trace(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Graph:
    """Run a plain NumPy function once and return the graph of that call.

    Parameters
    ----------
    f : callable
        Any function of NumPy operations; loops and branches run as they are.
    *args, **kwargs
        All go to ``f``. Every float, and every array of floats, also inside dict/list/tuple and
        objects, becomes an input; wrap data with `gad.constant`, roles with `gad.variable`.

    Raises
    ------
    InputError
        There is no float among the arguments: write 2.0 instead of 2.
    OutputError
        The result depends on no input.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x):
    ...     u = x**2 + 1
    ...     return u**3
    >>> graph = gad.trace(f, 1.0)
    >>> graph["u"].value, graph["x"].adjoint
    (2.0, np.float64(24.0))
    """
    return tracing.trace(Graph, f, args, kwargs)


def graph(*results: Any) -> Graph:
    """The graph behind one or several results computed from `gad.variable`.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> x, y = gad.variable(2.0, name="x"), gad.variable(3.0, name="y")
    >>> z = (x + y) ** 2
    >>> gad.graph(z)["x"].adjoint
    np.float64(10.0)
    """
    return tracing.graph_of(Graph, results)
