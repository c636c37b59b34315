"""X8: functions whose graph is broken somewhere, to be repaired: the same value, and a path back to every input."""

from __future__ import annotations

import inspect
import math
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.variables import detach
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError, GraphvizADError
from graphviz_ad.exercises.building import some
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.judgements import Judgement
from graphviz_ad.exercises.questions import Checked
from graphviz_ad.graph import Graph, trace
from graphviz_ad.story.narration import described

KEY = "f"


class Broken(NamedTuple):
    """A function with a break, and what belongs to it."""

    f: Callable[..., Any]
    fixed: Callable[..., Any]
    points: tuple[tuple[Any, ...], ...]
    """Arguments at which the repaired function must have the value of the broken one."""
    item: str
    """Where it comes from in the curriculum."""
    hint: str
    same_value: bool = True
    """Whether the repaired function must have the same value: a cast has none that is differentiable."""


# -- the functions: what they are shown as is their source -------------------------------------------


def _item(x: Any, w: Any) -> Any:
    u = w * x
    scale = u.item()
    return scale * w


def _item_fixed(x: Any, w: Any) -> Any:
    u = w * x
    return u * w


def _detached(x: Any, w1: Any, w2: Any) -> Any:
    h = np.tanh(w1 * x)
    h = detach(h)
    y = w2 * h
    return (y - 1.0) ** 2


def _detached_fixed(x: Any, w1: Any, w2: Any) -> Any:
    h = np.tanh(w1 * x)
    y = w2 * h
    return (y - 1.0) ** 2


def _encoder(X: Any, E: Any, D: Any) -> Any:
    code = detach(np.tanh(X @ E))
    out = code @ D
    return np.mean((out - X) ** 2) + 0.0 * np.sum(E)


def _encoder_fixed(X: Any, E: Any, D: Any) -> Any:
    code = np.tanh(X @ E)
    out = code @ D
    return np.mean((out - X) ** 2)


def _math_sin(x: Any) -> Any:
    u = x**2
    y = math.sin(u)
    return y * x


def _math_sin_fixed(x: Any) -> Any:
    u = x**2
    y = np.sin(u)
    return y * x


def _copied(a: Any, b: Any) -> Any:
    parts = np.array([a * b, a + b])
    return np.sum(parts**2)


def _copied_fixed(a: Any, b: Any) -> Any:
    parts = np.stack([a * b, a + b])
    return np.sum(parts**2)


def _listed(x: Any, w: Any) -> Any:
    terms = (w * x).tolist()
    return np.sum(np.array(terms) ** 2)


def _listed_fixed(x: Any, w: Any) -> Any:
    terms = w * x
    return np.sum(terms**2)


def _assigned(x: Any) -> Any:
    y = np.zeros(3)
    for i in range(3):
        y[i] = x[i] ** 2
    return np.sum(y)


def _assigned_fixed(x: Any) -> Any:
    y = x**2
    return np.sum(y)


def _cast(x: Any, w: Any) -> Any:
    steps = np.floor(x)
    return w * steps


def _cast_fixed(x: Any, w: Any) -> Any:
    return w * x


def _hard(x: Any, w: Any) -> Any:
    scores = w * x
    chosen = np.argmax(scores)
    return np.sum(np.arange(3.0) * (np.arange(3) == chosen)) + 0.0 * np.sum(w)


def _hard_fixed(x: Any, w: Any) -> Any:
    scores = w * x
    weights = np.exp(scores - np.max(scores))
    return np.sum(np.arange(3.0) * weights) / np.sum(weights)


_X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]])
_E = np.array([[0.1, 0.2], [-0.3, 0.4], [0.5, -0.6]])
_V = np.array([0.5, 2.0, -1.0])
_W = np.array([1.0, -0.5, 0.75])
BROKEN: dict[str, Broken] = {
    "item": Broken(
        _item, _item_fixed, ((np.float64(2.0), np.float64(3.0)), (np.float64(0.5), np.float64(-1.5))), "item 90",
        "What is left of u once it is a plain number: does it still know what it was computed from?",
    ),
    "detach": Broken(
        _detached, _detached_fixed, ((0.5, 0.8, -1.2), (2.0, -0.3, 0.7)), "items 90–91",
        "Which line hands a value on without the way back, and who wanted that?",
    ),
    "encoder": Broken(
        _encoder, _encoder_fixed, ((_X, _E, _E.T), (2 * _X, -_E, _E.T[::-1])), "item 91, E23",
        "No error is raised, and E is in the graph. What arrives at it from the reconstruction?",
    ),
    "math": Broken(
        _math_sin, _math_sin_fixed, ((1.2,), (-0.4,)), "item 90",
        "Which of the functions that are called belongs to NumPy, and which takes plain numbers alone?",
    ),
    "array_copy": Broken(
        _copied, _copied_fixed, ((2.0, 3.0), (-1.0, 0.5)), "item 90",
        "np.array copies numbers into a new array. Which function joins arrays and is recorded?",
    ),
    "tolist": Broken(
        _listed, _listed_fixed, ((_V, _W), (_W, -_V)), "item 90",
        "What does a list of plain numbers remember of w and x?",
    ),
    "assignment": Broken(
        _assigned, _assigned_fixed, ((_V,), (_W,)), "item 90",
        "Entries are written into an array that was there before. Can the whole array be one expression?",
    ),
    "cast": Broken(
        _cast, _cast_fixed, ((3.0, 2.0), (5.0, -1.0)), "item 92",
        "How much does the result change if x grows from 3.1 to 3.2, with the cast and without it?",
    ),
    "argmax": Broken(
        _hard, _hard_fixed, ((_V, _W), (_W, _V)), "item 92",
        "A position jumps and never slides. Which weighted mean of the positions slides?", same_value=False,
    ),
}  # fmt: skip
"""The functions by name; all of them have a repaired one beside them."""


def reconnect(
    f: str | Callable[..., Any], *args: Any, fixed: Callable[..., Any] | None = None, **kwargs: Any
) -> Exercise:
    """X8: repair a function whose graph is broken, so that every input gets an adjoint and the value stays.

    Parameters
    ----------
    f
        The name of a broken function in `graphviz_ad.exercises.broken.BROKEN`, or one of your own.
    *args, **kwargs
        Its arguments, for one of your own.
    fixed
        A repaired one, as the solution that is shown.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> ex = gad.exercises.reconnect("array_copy")
    >>> print(ex.code)
    def array_copy(a, b):
        parts = np.array([a * b, a + b])
        return np.sum(parts**2)
    >>> def fixed(a, b):
    ...     return np.sum(np.stack([a * b, a + b]) ** 2)
    >>> ex.check({"f": fixed}).ok
    True
    >>> print(ex.check({"f": lambda a, b: gad.detach(a) * b}).parts["f"].text)
    At a = 2, b = 3 the value is 6, and 61 is wanted.
    """
    if isinstance(f, str):
        if args or kwargs:
            raise ArgumentError(f"the function {f!r} brings its own arguments")
        if f not in BROKEN:
            raise ArgumentError(f"unknown broken function: {f!r} (must be one of {list(BROKEN)})")
        broken, name = BROKEN[f], f
    else:
        if not callable(f):
            raise ArgumentError(f"a function or one of {list(BROKEN)} is wanted, not {f!r}")
        broken = Broken(f, fixed or f, (args,), "", "Which line makes a plain number of a traced value?")
        name = getattr(f, "__name__", "function")
    judge = _Judge(broken, dict(kwargs))
    keeps = "the same value, and " if broken.same_value else ""
    prompt = f"The graph of this function breaks. Give a function with {keeps}a path from every input to the result."
    example = None if fixed is None and not isinstance(f, str) else broken.fixed
    question = Checked(KEY, prompt, judge, example, "a function")
    code = _source(broken.f, name)
    graph = _traced(broken.f, broken.points[0], kwargs)
    return Exercise(
        name, "X8", f"A broken graph: {called(name)}", prompt, (question,), graph, item=broken.item, code=code
    )


def _source(f: Callable[..., Any], name: str) -> str:
    """The lines of a function as they are shown, without the types of ours; "" where there is no source."""
    try:
        text = textwrap.dedent(inspect.getsource(f))
    except (OSError, TypeError):
        return ""
    if f.__module__ == __name__:
        text = text.replace(f"def {f.__name__}(", f"def {name}(").replace(": Any", "").replace(" -> Any", "")
        text = re.sub(r"(?<!def )\bdetach\(", "gad.detach(", text)
    return text.rstrip()


def _traced(f: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Graph | None:
    """The broken graph as far as it can be seen; None where tracing ends with an error."""
    try:
        return trace(f, *args, **kwargs).backward()
    except Exception:  # noqa: BLE001  (that is what is to be repaired)
        return None


class _Judge:
    """Runs an answer, plain and traced, at every point."""

    def __init__(self, broken: Broken, kwargs: Mapping[str, Any]) -> None:
        self.broken = broken
        self.kwargs = kwargs
        self.values = [np.asarray(broken.f(*point, **kwargs)) for point in broken.points]
        self.names = [*list(inspect.signature(broken.f).parameters)[: len(broken.points[0])], *kwargs]

    def __call__(self, answer: Any) -> Judgement | None:
        """What is wrong with a function; None if it is right."""
        if not callable(answer):
            raise ArgumentError("Give the repaired function itself, not its value.")
        for point, value in zip(self.broken.points, self.values, strict=True):
            found = self._at(answer, point, value)
            if found is not None:
                return found
        return None

    def _at(self, answer: Callable[..., Any], point: tuple[Any, ...], value: Any) -> Judgement | None:
        given = zip(self.names, [*point, *self.kwargs.values()], strict=True)
        where = ", ".join(f"{name} = {described(one)}" for name, one in given)
        try:
            plain = np.asarray(answer(*point, **self.kwargs))
            graph = trace(answer, *point, **self.kwargs)
            graph.backward()
        except Exception as error:  # noqa: BLE001  (a student's own function may raise anything)
            ours = error if isinstance(error, GraphvizADError) else error.__cause__
            if isinstance(ours, GraphvizADError):
                return self._wrong(str(ours), "What became of the traced value there, and what would keep it?")
            text = f"At {where} the function raised {type(error).__name__}: {str(error).rstrip('.')}."
            return self._wrong(text, "Does it take the same arguments, with plain numbers and with traced ones?")
        if self.broken.same_value and not (
            shape_of(plain) == shape_of(value) and np.allclose(plain, value, rtol=1e-9, atol=1e-12)
        ):
            text = f"At {where} the value is {described(plain[()])}, and {described(value[()])} is wanted."
            return self._wrong(text, "Only the break is to be repaired: which line did you change beyond it?")
        inputs = [node for node in graph.inputs if node.differentiable]
        lost = [called(node.name) for node in inputs if not node.reached]
        if lost or not inputs:
            return self._wrong(f"No path leads back from the result to {some(lost)}.", self.broken.hint)
        return self._measured(answer, point, graph)

    def _measured(self, answer: Callable[..., Any], point: tuple[Any, ...], graph: Graph) -> Judgement | None:
        """Whether the result moves as the adjoints say: a path may be cut, and another one left."""
        arguments = [*point, *self.kwargs.values()]
        for place, node in enumerate(graph.inputs):
            if len(graph.inputs) != len(arguments):  # nested arguments: not one input each
                return None
            value = np.asarray(arguments[place], float)
            direction = 1.0 + 0.1 * np.arange(value.size).reshape(value.shape)
            ends = []
            for side in (1e-6, -1e-6):
                moved = [*arguments]
                moved[place] = (value + side * direction)[()]
                args, rest = moved[: len(point)], moved[len(point) :]
                ends.append(float(answer(*args, **dict(zip(self.kwargs, rest, strict=True)))))
            slope, said = (ends[0] - ends[1]) / 2e-6, float(np.sum(direction * node.adjoint))
            if abs(slope - said) > 1e-4 * max(1.0, abs(slope), abs(said)):
                name = called(node.name)
                text = (
                    f"A path leads back to {name}, but the adjoint that arrives is {described(node.adjoint)}, and "
                    f"the result changes with {name} at another rate: along {described(direction[()])} by "
                    f"{described(slope)} instead of {described(said)}."
                )
                return self._wrong(text, "A factor of 0, or one path of several, connects in name alone. What is cut?")
        return None

    def _wrong(self, text: str, *hints: str) -> Judgement:
        shown = () if self.broken.fixed is self.broken.f else (_shown(self.broken.fixed),)
        hints = (*hints, self.broken.hint) if self.broken.hint not in hints else hints
        return Judgement(KEY, False, "wrong", text, ("M9",), (*hints[:2], *shown))


def _shown(f: Callable[..., Any]) -> str:
    source = _source(f, f.__name__.strip("_"))
    return f"This one is connected:\n{source}" if source else ""
