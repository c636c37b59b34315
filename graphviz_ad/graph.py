"""The public Graph: its methods forward to the layers below; and `trace`, `graph`, `explore` that make one.

Story, pictures and widget are imported where they are asked for: most of what is traced is never looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from graphviz_ad import primitives as _primitives  # noqa: F401  (fills the registry)
from graphviz_ad.core import flat
from graphviz_ad.core import trace as tracing
from graphviz_ad.core.graph import BaseGraph

if TYPE_CHECKING:
    from pathlib import Path

    from graphviz import Digraph

    from graphviz_ad.render.layout import Engine
    from graphviz_ad.story.paths import Paths
    from graphviz_ad.story.timeline import Timeline
    from graphviz_ad.widget.explorer import Explorer
    from graphviz_ad.widget.training import TrainingExplorer


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
        from graphviz_ad.story.timeline import timeline

        return timeline(self, mode, output, seed)

    def paths(self, name: str, output: str | None = None, limit: int = 100) -> Paths:
        """All paths from a node to the output: a product along each, and their sum is the adjoint.

        Parameters
        ----------
        name : str
            The node that the paths start from, usually an input.
        output : str, optional
            Where they end, if the graph has several outputs; else at the outputs that `backward` was given seeds for.
        limit : int
            So many paths are listed at most. They are counted without being listed: there may be 2⁶⁰.

        Returns
        -------
        Paths
            A sequence of paths with ``.edges``, ``.locals`` and ``.product``; itself with ``.count``, ``.total``,
            ``.complete``, ``.summary``, and ``.work``: the edges that one reverse sweep walks instead.

        Raises
        ------
        SeedError
            There are several outputs, or one that is no scalar, and no seed.

        Examples
        --------
        >>> import graphviz_ad as gad
        >>> def f(x):
        ...     y = x**2 + x
        ...     return y
        >>> print(gad.trace(f, 3.0).paths("x"))
        2 paths against 3 edges of one sweep, from x to y
        x → v1 → y          6 × 1 = 6
        x → y               1     = 1
        sum of the 2 paths        = 7, the adjoint of x
        """
        from graphviz_ad.story.paths import Paths

        return Paths(self, name, output, limit)

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
        return (_unpickled, (self.to_dict(),))

    def __copy__(self) -> Graph:
        made = Graph(self.records, self.tables, self.notice)
        made._given = self._given
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Graph:
        return self.__copy__()  # everything shared is immutable

    def to_dot(
        self,
        direction: str = "LR",
        show: Collection[str] = (),
        fold: str | Collection[str] = "auto",
        expand: Collection[str] = (),
    ) -> Digraph:
        """The picture as a ``graphviz.Digraph``, for a hand of your own."""
        from graphviz_ad.widget.view import View

        digraph: Digraph = View(self, direction=direction, show=show, fold=fold, expand=expand).dot()
        return digraph

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        direction: str | None = None,
        width: float | str | None = None,
        theme: str = "auto",
        engine: str = "auto",
        show: Collection[str] = ("heatmaps",),
        precision: int = 4,
        mode: str = "reverse",
        output: str | None = None,
        seed: Any = None,
        fold: str | Collection[str] = "auto",
        expand: Collection[str] = (),
        step: int | None = None,
        animate: bool | str = False,
        notation: str = "∂L/∂v",
        labels: str = "numbers",
        fragment: bool = False,
        inputs: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write the complete picture, page, story or derivation; the suffix says which.

        Parameters
        ----------
        path
            Ends in .svg, .png, .pdf (pictures), .html (a page that plays without a kernel), .dot, .json,
            .txt (the story in words), .tex or .md (the derivation: every value and every adjoint as an equation).
        direction : {"LR", "TB", "RL", "BT"}, optional
            Where the values flow. Left out: from left to right; with a width, whatever suits it.
        width : float or str, optional
            How wide the picture is: a number of px, a length ("85mm", "3.5in", "252pt"), "column" or "page" (one or two
            columns of a paper), or "slide" (1280 × 720 px, text of 18 pt and more). The picture is wrapped and drawn
            more compactly where that is needed, and where no text could be read, an error says so.
        theme : {"auto", "light", "dark"}
            "auto" follows the reader's scheme in SVG, and is light on paper and in PNG.
        engine
            The layout engine, see `gad.engines`.
        show
            A tuple of "heatmaps" (arrays as small heat maps and masks) and "constants" (untraced scalars as nodes);
            ``()`` for neither.
        precision : int
            Significant digits of the numbers.
        mode : {"reverse", "forward"}
            Which derivative to show.
        output, seed
            Where the sweep starts, as for `timeline`.
        fold
            Which groups (calls, layers, ``with gad.scope("name")``) are drawn as one box: "auto", so many that at
            most about 60 nodes are visible, and all where a width has no room for more; "all"; "none"; or a tuple
            of their names.
        expand
            Names of groups, or of nodes inside them, that are drawn whatever ``fold`` says.
        step : int, optional
            The picture after so many steps of the story, as in the explorer: 0 shows what is given, -1 the last step.
            Left out: the complete picture.
        animate : bool or "loop"
            In .svg: the whole story plays, once or again and again, also in a plain ``<img>`` and without scripts; it
            ends on the complete picture, and stands still where the reader asks for less motion.
        notation : {"∂L/∂v", "v̄", "grad"}
            How adjoints are written; L stands for the output's own name.
        labels : {"numbers", "symbols", "both"}
            In pictures and pages: numbers; the formula of every value, local derivative and contribution in their
            place; or each formula above its number. Formulas have no heat maps.
        fragment : bool
            In .tex: only the ``align*`` environments, for a document of your own that loads amsmath.
        inputs : dict, optional
            In .html: inputs that the page lets one move without Python, with the values to compute beforehand, e.g.
            ``{"x": np.linspace(-3, 3, 61)}``. Every combination is one more graph in the page, at most 1,000.

        Returns
        -------
        pathlib.Path
            The file, written whole or not at all.
        """
        from graphviz_ad.widget.view import save

        return save(
            self,
            path,
            theme,
            direction=direction,
            width=width,
            engine=engine,
            show=show,
            precision=precision,
            mode=mode,
            output=output,
            seed=seed,
            fold=fold,
            expand=expand,
            step=step,
            animate=animate,
            notation=notation,
            labels=labels,
            fragment=fragment,
            inputs=inputs or {},
        )

    def film_strip(
        self,
        path: str | os.PathLike[str],
        steps: Iterable[int] | None = None,
        *,
        columns: int | None = None,
        direction: str | None = None,
        width: float | str | None = None,
        theme: str = "auto",
        engine: str = "auto",
        show: Collection[str] = ("heatmaps",),
        precision: int = 4,
        mode: str = "reverse",
        output: str | None = None,
        seed: Any = None,
        fold: str | Collection[str] = "auto",
        expand: Collection[str] = (),
        notation: str = "∂L/∂v",
        labels: str = "numbers",
    ) -> Path:
        """Write several steps of the story side by side, as numbered frames with what each step says.

        Parameters
        ----------
        path
            Ends in .svg, .png or .pdf.
        steps
            The steps to show, as for `save`; left out: at most six that matter most, from what is given over the
            turn of the sweep and the first fork to the complete picture.
        columns : int, optional
            How many frames stand side by side; left out: as many as make a handy shape.
        width : float or str, optional
            How wide the strip is, as for `save`, but for "slide": there save one picture for each step.
        direction, theme, engine, show, precision, mode, output, seed, fold, expand, notation, labels
            As for `save`.

        Returns
        -------
        pathlib.Path
            The file, written whole or not at all.

        Examples
        --------
        >>> import tempfile, graphviz_ad as gad
        >>> graph = gad.trace(lambda x: x**2, 3.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     graph.film_strip(folder + "/square.svg", steps=[0, 1, -1]).name
        'square.svg'
        """
        from graphviz_ad.widget.view import save

        return save(
            self,
            path,
            theme,
            direction=direction,
            width=width,
            engine=engine,
            show=show,
            precision=precision,
            mode=mode,
            output=output,
            seed=seed,
            fold=fold,
            expand=expand,
            notation=notation,
            labels=labels,
            frames=(steps, columns),
        )

    def explore(
        self,
        *,
        mode: str = "reverse",
        output: str | None = None,
        seed: Any = None,
        direction: str = "LR",
        engine: str = "auto",
        show: Collection[str] = ("heatmaps",),
        fold: str | Collection[str] = "auto",
        expand: Collection[str] = (),
        precision: int = 4,
        notation: str = "∂L/∂v",
        labels: str = "numbers",
        inputs: Mapping[str, Any] | None = None,
    ) -> Explorer:
        """The widget that plays the graph step by step, in step with Python; the options are those of `save`.

        With ``inputs={"x": np.linspace(-3, 3, 61)}`` the slider of ``x`` runs over these values.
        """
        from graphviz_ad.widget.explorer import Explorer
        from graphviz_ad.widget.view import View

        view = View(
            self,
            mode=mode,
            output=output,
            seed=seed,
            direction=direction,
            engine=engine,
            show=show,
            precision=precision,
            fold=fold,
            expand=expand,
            notation=notation,
            labels=labels,
            inputs=inputs or {},
        )
        return Explorer(view)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        from graphviz_ad.widget.view import View

        return View(self).static_bundle()


def _unpickled(data: dict[str, Any]) -> Graph:
    """A graph of this program's own: its numbers need not be computed again."""
    return flat.from_dict(Graph, data, trusted=True)


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


def explore_training(
    loss: Callable[..., Any],
    params: Any,
    optimizer: Any = None,
    *args: Any,
    lr: float | None = None,
    steps: int = 20,
    batches: Iterable[Any] | None = None,
    zero: bool = True,
    direction: str = "LR",
    engine: str = "auto",
    show: Collection[str] = ("heatmaps",),
    fold: str | Collection[str] = "auto",
    expand: Collection[str] = (),
    precision: int = 4,
    notation: str = "∂L/∂v",
) -> TrainingExplorer:
    """The widget of a training loop: forward, backward, update, zeroing, and on to the next iteration.

    It runs what one writes by hand, and its numbers are the same to the last bit::

        for batch in batches:
            value, grads = gad.value_and_grad(loss)(params, *batch)
            params, state = optimizer(params, grads, state)

    Nothing is run before it is looked at.

    Parameters
    ----------
    loss : callable
        A plain NumPy function ``loss(params, *batch)`` whose result is one number.
    params
        What is trained: a float, an array, or nested dict/list/tuple of them, or objects whose attributes hold arrays.
        They stay as they are; the explorer trains copies.
    optimizer : callable or {"sgd", "adam"}, optional
        ``optimizer(params, grads, state) -> (params, state)``, such as ``functools.partial(nn.sgd, lr=0.1)`` or a
        function of your own; the state is None at first. Left out: gradient descent.
    *args
        The loss's other arguments, in every iteration the same.
    lr : float, optional
        The learning rate, passed on to the optimizer; for gradient descent 0.1 if left out.
    steps : int
        How many iterations there are.
    batches : iterable, optional
        Other arguments for every iteration, instead of ``*args``: tuples such as ``[(X1, y1), (X2, y2)]``. When all
        were used, it goes on with the first.
    zero : bool
        False: nobody zeroes the accumulators, so that every pass adds to the gradients of those before. A famous
        mistake, to be looked at.
    direction, engine, show, fold, expand, precision, notation
        As for `Graph.explore`.

    Returns
    -------
    TrainingExplorer
        An explorer with ``.iteration``, ``.training`` (the numbers) and ``.save("training.html")``.

    Raises
    ------
    ArgumentError, InputError, OutputError
        The optimizer has another form, params hold no float, or the loss is not one number.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> explorer = gad.explore_training(lambda w: (w - 3.0) ** 2, 1.0, lr=0.25)
    >>> explorer.iteration = 2
    >>> explorer.training.losses
    [4.0, 1.0, 0.25]
    """
    from graphviz_ad.story.training import prepared
    from graphviz_ad.widget.training import TrainingExplorer, TrainingView

    training = prepared(Graph, loss, params, optimizer, args, lr=lr, steps=steps, batches=batches, zero=zero)
    view = TrainingView(
        training[0].graph,
        direction=direction,
        engine=engine,
        show=show,
        precision=precision,
        fold=fold,
        expand=expand,
        notation=notation,
        training=training,
    )
    return TrainingExplorer(view)


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


def alt_text(graph: BaseGraph) -> str:
    """One paragraph that says what the picture shows, for people who do not see it.

    Parameters
    ----------
    graph
        What `gad.trace` or `gad.graph` returned. Adjoints are told once a reverse sweep has run.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def cube(x):
    ...     u = x**2 + 1
    ...     y = u**3
    ...     return y
    >>> print(gad.alt_text(gad.trace(cube, 1.5).backward()))
    Computational graph of cube. Input: x = 1.5. Operations: v1 = x² = 2.25; u = v1 + 1 = 3.25; y = u³ = 34.33. \
Result: y = 34.33. Adjoint: ∂y/∂x = 95.06.
    """
    from graphviz_ad.story.narration import alt_text

    return alt_text(graph)
