"""Exceptions that teach: what happened, where in the user's code, and what to write instead."""

from __future__ import annotations

from typing import Any


class GraphvizADError(Exception):
    """Something went wrong that this package knows about; the base of all classes below.

    ``graph`` is the graph recorded up to the error, where the error ended a `gad.trace`; else None. (The user's own
    errors inside a traced function carry it too.)

    Cause: one of those below.

    Remedy: read the message: it says what happened, at which line, and what to write instead. To handle any of them,
    write ``except gad.GraphvizADError``; each is also one of Python's own errors, so ``except TypeError`` works too.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> def f(x):
    ...     u = x * 2
    ...     return float(u)
    >>> try:
    ...     gad.trace(f, 3.0)
    ... except gad.GraphvizADError as error:
    ...     print(type(error).__name__, error.graph["u"].value)
    ExitError 6.0
    """

    graph: Any = None


class ArgumentError(GraphvizADError, ValueError):
    """An argument has a value that is not allowed.

    Cause: a misspelt option, a function's result where the function itself is wanted, a shape that does not fit.

    Remedy: take one of the values that the message lists.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.jacobian(lambda x: x**2, mode="reverse")
    Traceback (most recent call last):
    graphviz_ad.errors.ArgumentError: unknown mode: 'reverse' (must be one of ['rev', 'fwd', None])
    """


class InputError(GraphvizADError, TypeError):
    """Something cannot be an input of a differentiable function.

    Cause: ints where floats are needed; complex numbers, texts, objects; masked arrays and other subclasses of arrays.

    Remedy: pass floats: 2.0 instead of 2, ``x.astype(float)`` for arrays, ``np.asarray(x)`` for subclasses.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.trace(lambda x: x**2, 3)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.InputError: the function was called without any float, ... Write 2.0 instead of 2...
    """


class OutputError(GraphvizADError, TypeError):
    """A function's result cannot be differentiated.

    Cause: it is an array where one number is needed, a bool, an int or None, or it depends on no input.

    Remedy: return one float that is computed from the inputs, such as ``np.sum(y)``; for arrays ask for
    `gad.jacobian` or `gad.elementwise_grad`.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> gad.grad(lambda x: x**2)(np.ones(3))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.OutputError: the function returned an array of shape (3,); grad needs one number. ...
    """


class SeedError(GraphvizADError, ValueError):
    """A reverse sweep does not know what to start from.

    Cause: there are several outputs, or one that is no scalar, and no seed was given; or the seed has another shape
    or structure than the outputs.

    Remedy: ``graph.backward(seed=...)`` or ``pullback(...)`` with one number for every element of the outputs.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> graph = gad.trace(lambda x: x**2, np.ones(3))
    >>> graph.backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.SeedError: the output 'out' has shape (3,); ... Write graph.backward(seed=np.ones((3,))).
    """


class ExitError(GraphvizADError, TypeError):
    """A plain number was asked of a traced float, which would cut the graph in silence.

    Cause: ``float(x)``, ``x.item()``, a function of `math`, ``np.array([x, y])``; a traced value as a key of a dict.

    Remedy: the NumPy function instead of the Python one (``np.sin`` for ``math.sin``, ``np.stack`` for ``np.array``),
    or `gad.detach` where the cut is meant.

    Examples
    --------
    >>> import math, graphviz_ad as gad
    >>> gad.grad(lambda x: math.sin(x))(1.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.ExitError: math.sin wants the plain number of a traced float at line ... Write np.sin. ...
    """


class ImmutableError(GraphvizADError, TypeError):
    """A traced value was to be changed in place, or written into an array; or a trait of an explorer was.

    Cause: ``x[i] = v``, ``x.sort()``, ``np.copyto``, ``np.add.at``, ``out=``: the graph cannot see such a change.
    Nor can a page see ``explorer.inputs["x"] = 2``.

    Remedy: build the new value: ``np.where(mask, v, x)``, ``np.sort(x)``, or collect the pieces and ``np.stack`` them;
    ``explorer.inputs = {"x": 2}``.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> def f(x):
    ...     x[0] = 5.0
    ...     return np.sum(x)
    >>> gad.grad(f)(np.ones(3))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.ImmutableError: a traced value cannot be changed in place at line 2 of ...
    """


class MutationError(GraphvizADError, RuntimeError):
    """An array was changed after a traced computation had used it.

    Cause: ``W *= 5``, ``W[i] = v`` or ``np.copyto(W, ...)`` on an array whose old numbers the derivative needs.
    (`gad.trace` copies what it uses, so this comes from `gad.grad` and the others.) Arrays that met a traced value
    are compared whole. An argument of more than 2,048 elements is compared at some places only: the function gets a
    traced value for it, and could change it while it runs only by another name. `gad.vjp` copies its arguments.

    Remedy: make a new array: ``W = W * 5``.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> def f(x):
    ...     W = np.ones(3)
    ...     y = np.sum(x * W)
    ...     W *= 5
    ...     return y
    >>> gad.grad(f)(2.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.MutationError: an array of shape (3,) was changed in place after it was used at line 3 of ...
    """


class UnsupportedError(GraphvizADError, TypeError):
    """A NumPy function, or one of its arguments, has no derivative rule here.

    Cause: nobody has written the rule, or the function has no derivative that could be written. The functions that
    have one are listed in docs/coverage.md.

    Remedy: the message names a function to write instead; otherwise give the rule yourself with `gad.custom`, or keep
    the function outside of what is differentiated.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> gad.grad(lambda x: np.add.reduceat(x, [0, 2]))(np.ones(3))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.UnsupportedError: np.add.reduceat has no derivative rule here at line ... Write np.stack(...
    """


class UnsupportedAttributeError(UnsupportedError, AttributeError):
    """An array's method or attribute is not there on traced values.

    Cause: as for `UnsupportedError`; being an AttributeError too, it lets ``hasattr(x, "nonzero")`` say no.

    Remedy: a NumPy function that has a rule, see docs/coverage.md.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> gad.grad(lambda x: x.tobytes())(np.ones(3))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.UnsupportedAttributeError: .tobytes is not available on traced values at line ...
    """


class ReplayError(GraphvizADError, RuntimeError):
    """A graph cannot be evaluated at these inputs.

    Cause: at the new inputs Python would take another branch, or a shape would be another one, and the graph has no
    function to run again: it was made from variables, or read from a file.

    Remedy: trace the function anew, at the new inputs.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> graph = gad.trace(lambda x: x * 2 if x > 0 else x * 3, 1.0)
    >>> gad.Graph.from_dict(graph.to_dict()).evaluate(x=-1.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.ReplayError: at ... Python saw True before and sees False now, and this graph has no function ...
    """


class UnknownNameError(GraphvizADError, KeyError):
    """A graph has no node of this name or id.

    Cause: a misspelt name; or a value that is no node of its own: ``y = x`` makes none, `y` is an alias of `x`.

    Remedy: take one of the names that the message lists, or look at ``graph.names``.

    Examples
    --------
    >>> import graphviz_ad as gad
    >>> gad.trace(lambda x: x**2, 3.0)["y"]
    Traceback (most recent call last):
    graphviz_ad.errors.UnknownNameError: no node is named 'y'. The names are: x, c1, out.
    """

    def __str__(self) -> str:
        # KeyError shows repr(message), which would put our sentence in quotes
        return str(self.args[0]) if self.args else ""


class EngineError(GraphvizADError, RuntimeError):
    """A layout engine cannot do its work on this machine.

    Cause: ``engine="dot"`` without the program Graphviz, or a picture that it cannot lay out.

    Remedy: ``engine="layered"``, the default, needs nothing.

    Examples
    --------
    >>> import os, unittest.mock, graphviz_ad as gad
    >>> with unittest.mock.patch.dict(os.environ, PATH=""):
    ...     gad.trace(lambda x: x**2, 3.0).save("cube.svg", engine="dot")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.EngineError: the program "dot" was not found: install Graphviz (...); engine="layered" ...
    """


class SweepError(GraphvizADError, RuntimeError):
    """Some points of a `gad.gradflow.sweep` could not be measured.

    ``sweep`` holds all points that could, ``sweep.failures`` what went wrong at the others; with ``folder=`` those that
    could are also in the folder, and are not measured again.

    Cause: a function of your own raised an error, a point needs more memory than there is, or its worker died each
    time that it was tried.

    Remedy: the message names the points and the error at each; take them out of the grid, or mend the function.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> def init(shape, rng):
    ...     return rng.normal(size=shape) if shape[0] < 10 else None
    >>> try:
    ...     gad.gradflow.sweep({"width": [8, 16]}, init=init, depth=3, seeds=1)
    ... except gad.SweepError as error:
    ...     print([flow.settings.width for flow in error.sweep])
    [8]
    >>> gad.gradflow.sweep({"width": [8, 16]}, init=init, depth=3, seeds=1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    graphviz_ad.errors.SweepError: 1 of 2 points failed. point 2 (width=16): ... error.sweep has the others.
    """

    sweep: Any = None


def in_words(error: BaseException) -> str:
    """What a page says of an error: ours are sentences already, and a user's function or rule may raise anything.

    Examples
    --------
    >>> in_words(ArgumentError("write 2.0 instead of 2.")), in_words(ValueError("out of range"))
    ('write 2.0 instead of 2.', 'ValueError: out of range')
    """
    return str(error) if isinstance(error, GraphvizADError) else f"{type(error).__name__}: {error}"
