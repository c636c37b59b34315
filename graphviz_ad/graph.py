"""The public Graph: its methods forward to the layers below; and `trace`, `graph`, `explore` that make one."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from graphviz_ad import primitives as _primitives  # noqa: F401  (fills the registry)
from graphviz_ad.core import flat
from graphviz_ad.core import trace as tracing
from graphviz_ad.core.graph import BaseGraph
from graphviz_ad.story import timeline as story_module
from graphviz_ad.story.staging import MAX_VISIBLE
from graphviz_ad.story.timeline import Timeline
from graphviz_ad.widget.view import View, save

if TYPE_CHECKING:
    from pathlib import Path

    from graphviz import Digraph

    from graphviz_ad.render.layout import Engine
    from graphviz_ad.widget.explorer import Explorer


class Graph(BaseGraph):
    """The graph of one function call: values, adjoints, pictures, stories.

    In a notebook it shows itself as a picture of its complete state.
    """

    def timeline(self, mode: str = "reverse", output: str | None = None, seed: Any = None) -> Timeline:
        """The ordered steps by which the graph unfolds: values forwards, then the sweep.

        Parameters
        ----------
        mode : {"reverse", "forward"}
            Adjoints backwards from an output, or tangents forwards from an input.
        output : str, optional
            Where the reverse sweep starts, if the graph has several outputs.
        seed : optional
            The adjoint to start from; in forward mode a dict of tangents, ``{"x": 1.0}``.

        Examples
        --------
        >>> import graphviz_ad as gad
        >>> print(gad.trace(lambda x: x**2, 3.0).timeline()[-1].narration)
        x gets from out: adjoint of out × ∂out/∂x = 1 × 6 = 6. That is the adjoint of x.
        """
        return story_module.timeline(self, mode, output, seed)

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

    def to_dict(self) -> dict[str, Any]:
        """The graph as strict JSON, versioned; `Graph.from_dict` reads it back."""
        return flat.to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Graph:
        """The graph that `to_dict` wrote; it has no function to run again."""
        return flat.from_dict(cls, data)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Graph.from_dict, (self.to_dict(),))

    def __copy__(self) -> Graph:
        return Graph(self.records, self.tables, self.notice)

    def __deepcopy__(self, memo: dict[int, Any]) -> Graph:
        return self.__copy__()  # everything shared is immutable

    def to_dot(self, direction: str = "LR", show: Collection[str] = ()) -> Digraph:
        """The picture as a ``graphviz.Digraph``, for a hand of your own."""
        digraph: Digraph = View(self, direction=direction, show=show).dot()
        return digraph

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        direction: str = "LR",
        theme: str = "auto",
        engine: str = "auto",
        show: Collection[str] = (),
        precision: int = 4,
        mode: str = "reverse",
        output: str | None = None,
        seed: Any = None,
    ) -> Path:
        """Write the complete picture, page or story; the suffix says which.

        Parameters
        ----------
        path
            Ends in .svg, .png, .pdf (pictures), .html (a page that plays without a kernel), .dot, .json or
            .txt (the story in words).
        direction : {"LR", "TB", "RL", "BT"}
            Where the values flow.
        theme : {"auto", "light", "dark"}
            "auto" follows the reader's scheme in SVG, and is light on paper and in PNG.
        engine
            The layout engine, see `gad.engines`.
        show
            ``("constants",)`` draws untraced scalars as nodes.
        precision : int
            Significant digits of the numbers.
        mode : {"reverse", "forward"}
            Which derivative to show.
        output, seed
            Where the sweep starts, as for `timeline`.

        Returns
        -------
        pathlib.Path
            The file, written whole or not at all.
        """
        return save(
            self,
            path,
            theme,
            direction=direction,
            engine=engine,
            show=show,
            precision=precision,
            mode=mode,
            output=output,
            seed=seed,
        )

    def explore(
        self,
        *,
        mode: str = "reverse",
        output: str | None = None,
        seed: Any = None,
        direction: str = "LR",
        engine: str = "auto",
        show: Collection[str] = (),
    ) -> Explorer:
        """The widget that plays the graph step by step, in step with Python."""
        from graphviz_ad.widget.explorer import Explorer

        return Explorer(View(self, mode, output, seed, direction, engine, show))

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        if len(self.nodes) > MAX_VISIBLE:
            return {"text/plain": repr(self)}
        return View(self).static_bundle()


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


def explore(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Explorer:
    """The widget of one call: ``gad.trace(f, *args, **kwargs).explore()``."""
    return trace(f, *args, **kwargs).explore()


def engines() -> tuple[Engine, ...]:
    """The layout engines, each with whether it can be used here and, if not, why.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> [engine.name for engine in gad.engines()]
    ['layered', 'dot']
    """
    from graphviz_ad.render.layout import engines

    return engines()
