"""X9: assemble the adjoint of a matrix from the matrices at hand; shapes say where ᵀ and sums belong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphviz_ad.core.graph import Edge, Node
from graphviz_ad.core.sweep import LocalJacobian
from graphviz_ad.core.traced import shape_of
from graphviz_ad.core.visible import called
from graphviz_ad.errors import ArgumentError
from graphviz_ad.exercises.building import Keys, built, senders, some, traced
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.fingerprints import alike
from graphviz_ad.exercises.functions import Functions, Use
from graphviz_ad.exercises.judgements import Judgement
from graphviz_ad.exercises.matrices import MisfitError, evaluate, shaped
from graphviz_ad.exercises.questions import Checked
from graphviz_ad.graph import Graph
from graphviz_ad.story.equations import is_folded
from graphviz_ad.story.plain import identifier

_UNNAMED = re.compile(r"v\d+")
_PRIME = "_prime"
_WHAT_PRIME = " (the slope of the function that makes it, at what flows in)"
_PRODUCT = re.compile(r"([\w.]+|\([^()]*\)) @ ([\w.]+|\([^()]*\))")


def shape_puzzle(f: Callable[..., Any] | Graph, *args: Any, **kwargs: Any) -> Exercise:
    """X9: write the adjoint of each array as an expression of the matrices at hand.

    A result that is no single number starts from whole numbers drawn at random as its adjoint. Shapes must tell a
    matrix from its transpose: take (4, 3), not (3, 3).

    Parameters
    ----------
    f
        A function of arrays, called with the other arguments as by `gad.trace`; or a graph.

    Raises
    ------
    ArgumentError
        All matrices are square, or nothing can be assembled: no array gets its adjoint by products, sums, transposes
        and elementwise functions.

    Examples
    --------
    >>> import numpy as np, graphviz_ad as gad
    >>> def layer(X, W, b):
    ...     Y = X @ W.T + b
    ...     return Y
    >>> ex = gad.exercises.shape_puzzle(layer, X=np.ones((4, 3)), W=np.ones((2, 3)), b=np.ones(2))
    >>> ex.solution
    {'X': 'Y_bar @ W', 'W': 'Y_bar.T @ X', 'b': 'sum(Y_bar, 0)'}
    >>> ex.check({"X": "Ȳ @ W", "W": "Ȳᵀ @ X", "b": "Y_bar.sum(axis=0)"}).ok
    True
    >>> print(ex.only("W").check({"W": "Y_bar @ X"}).message)
    W: (4,2) @ (4,3) does not fit: 2 columns meet 4 rows. Which factor needs ᵀ, so that the inner lengths agree?
    """
    graph = traced(f, *args, **kwargs)
    if not graph.has_adjoints:
        rng = np.random.default_rng(7)
        ends = {node.name: _seed(node, rng) for node in graph.outputs if node.differentiable}
        graph.backward(ends)
    matrices = [node.shape for node in graph.nodes if len(node.shape) == 2]
    if matrices and all(rows == columns for rows, columns in matrices):
        raise ArgumentError(
            f"all matrices are square here, {some(dict.fromkeys(map(str, matrices)))}: a ᵀ too many or too few would "
            "not show. Pass other shapes, such as (4, 3) and (3, 2)."
        )
    keys, puzzle = Keys(graph), _Puzzle(graph)
    questions = []
    for node in graph.inputs:
        names = dict(puzzle.names)
        found = puzzle.adjoint(node, names) if node.differentiable and node.reached and node.shape else None
        if found is not None and alike(evaluate(found, names), node.adjoint, 1e-9):
            questions.append(puzzle.question(keys[node], node, found, names))
    asked = "Assemble the adjoints from the matrices at hand: @, *, +, −, .T, sum(A, axis), outer(a, b)."
    why = "no input array gets its adjoint by products, sums, transposes and elementwise functions."
    return built(graph, "X9", "Shapes in", asked, questions, "values", why_not=why)


def _seed(node: Node, rng: np.random.Generator) -> Any:
    if np.prod(node.shape) == 1:
        return np.ones(node.shape, node.dtype)[()]
    return rng.integers(1, 10, node.shape).astype(node.dtype) * rng.choice([-1, 1], node.shape).astype(node.dtype)


class _Puzzle:
    """The names that may be used, and the right expression of each adjoint."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.arriving = senders(graph)
        self.functions = Functions(graph)
        self.names: dict[str, Any] = {}
        for node in graph.nodes:
            if node.shape and self._is_named(node):
                self.names[identifier(node.name)] = np.asarray(node.value)
        for node in graph.nodes:
            if node.kind != "input" and node.differentiable and node.reached and self._is_named(node):
                self.names[f"{identifier(node.name)}_bar"] = np.asarray(node.adjoint)

    def _is_named(self, node: Node) -> bool:
        return not (_UNNAMED.fullmatch(node.name) or is_folded(node) or node.id in self.functions.hidden)

    def adjoint(self, node: Node, names: dict[str, Any]) -> str | None:
        """The adjoint of a node by those of its consumers; None where no expression of ours says it."""
        terms: list[str] = []
        for use in reversed(self.functions.uses(node.id)):
            if len(use.positions) > 1:  # a call such as sigmoid is one function: nobody has written what is inside
                found = [self._through(use, names)]
            else:
                found = [self._contribution(edge, names) for edge in use.edges]
            if None in found:
                return None
            terms += [term for term in found if term is not None]
        return " + ".join(terms).replace("+ -", "- ") if terms else None

    def _above(self, node: Node, names: dict[str, Any]) -> str:
        """The adjoint of a consumer: by its name, or where nobody named it by what it comes from."""
        if not self._is_named(node) and node.id not in self.graph.seeded:
            found = self.adjoint(node, names)
            if found is not None:
                return found
        name = f"{identifier(node.name)}_bar"
        names[name] = np.asarray(node.adjoint)
        return name

    def _value(self, node: Node, names: dict[str, Any]) -> str:
        """A value by its name; a transpose that nobody named by what it is a transpose of."""
        if is_folded(node):
            return repr(float(node.value))
        if not self._is_named(node) and _is_transpose(node):
            return _transposed(self._value(node.inputs[0], names))
        names[identifier(node.name)] = np.asarray(node.value)
        return identifier(node.name)

    def _through(self, use: Use, names: dict[str, Any]) -> str | None:
        """What a function sends back that takes each element by itself."""
        local = self.functions.derivative(use)
        if local is None:
            return None
        above = self._above(self.graph[use.consumer], names)
        return f"{_factor(above)} * {self._slope(self.graph[use.input], self.graph[use.consumer], local, names)}"

    def _slope(self, node: Node, consumer: Node, local: Any, names: dict[str, Any]) -> str:
        """The name of a local derivative: dh_dz, or h_prime where nobody has named what flows in."""
        known, h = self._is_named(node), identifier(consumer.name)
        name = f"d{h}_d{identifier(node.name)}" if known or not self._is_named(consumer) else f"{h}{_PRIME}"
        names[name] = np.asarray(local)
        return name

    def _contribution(self, edge: Edge, names: dict[str, Any]) -> str | None:
        consumer, made = edge.consumer, edge.consumer.primitive
        assert made is not None
        above = self._above(consumer, names)
        if made.name == "matmul":
            return self._product(edge, above, names)
        if _is_transpose(consumer):
            return _transposed(above)
        if made.name in ("add", "subtract", "negative"):
            sent = _negative(above) if made.name == "negative" or (made.name, edge.argnum) == ("subtract", 1) else above
        elif made.name in ("multiply", "divide") and (made.name, edge.argnum) != ("divide", 1):
            other = self._value(consumer.inputs[1 - edge.argnum], names)
            sent = f"{_factor(above)} {'*' if made.name == 'multiply' else '/'} {other}"
        elif made.kind == "elementwise" and not isinstance(edge.local, LocalJacobian):
            sent = f"{_factor(above)} * {self._slope(edge.input, consumer, edge.local, names)}"
        else:
            return None
        return _summed(sent, consumer.shape, edge.input.shape)

    def _product(self, edge: Edge, above: str, names: dict[str, Any]) -> str | None:
        left, right = edge.consumer.inputs
        dims = len(left.shape), len(right.shape)
        other = self._value(edge.consumer.inputs[1 - edge.argnum], names)
        whole, above = above, _factor(above)
        if dims == (2, 2):
            return f"{above} @ {_transposed(other)}" if edge.argnum == 0 else f"{_transposed(other)} @ {above}"
        if dims == (2, 1):
            return f"outer({whole}, {other})" if edge.argnum == 0 else f"{_transposed(other)} @ {above}"
        if dims == (1, 2):
            return f"{other} @ {above}" if edge.argnum == 0 else f"outer({other}, {whole})"
        return f"{above} * {other}" if dims == (1, 1) else None

    # -- judging ------------------------------------------------------------------------------------

    def question(self, key: str, node: Node, solution: str, names: Mapping[str, Any]) -> Checked:
        """The question for one adjoint."""
        at_hand = ", ".join(
            f"{name} {shaped(value)}{_WHAT_PRIME if name.endswith(_PRIME) else ''}" for name, value in names.items()
        )
        prompt = f"the adjoint of {called(node.name)} {shaped(node.value)}, from {at_hand}"
        judge = _Judge(key, node, self.arriving[node.id], names, solution)
        return Checked(key, prompt, judge, solution, "an expression", written=True)


class _Judge:
    """Judges the expressions for one adjoint; a class, so that an exercise can be pickled."""

    def __init__(self, key: str, node: Node, edges: list[Edge], names: Mapping[str, Any], solution: str) -> None:
        self.key = key
        self.name = called(node.name)
        self.right = np.asarray(node.adjoint)
        self.edges = edges
        self.names = names
        self.shown = f"Right is {solution}, of shape {shaped(self.right)}."

    def __call__(self, answer: Any) -> Judgement | None:
        """What is wrong with an expression; None if it is right."""
        try:
            value = evaluate(answer, self.names)
        except MisfitError as error:
            hint = (
                "Which factor needs ᵀ, so that the inner lengths agree?"
                if error.transposed
                else "Write the shapes below the factors: which of them can stand next to each other?"
            )
            wanted = f"{self.name} has the shape {shaped(self.right)}: which factors bring these two lengths?"
            return self._wrong(str(error), "M7", hint, wanted)
        if shape_of(value) != self.right.shape:
            return self._shape(value)
        return None if alike(value, self.right) else self._numbers(value)

    def _wrong(self, text: str, code: str, *hints: str) -> Judgement:
        return Judgement(self.key, False, "wrong", text, (code,) if code else (), (*hints, self.shown))

    def _shape(self, value: Any) -> Judgement:
        text = (
            f"An adjoint has the shape of its variable: {self.name} is {shaped(self.right)}, "
            f"and yours is {shaped(value)}."
        )
        wide = [edge.consumer for edge in self.edges if edge.consumer.shape == shape_of(value)]
        if shape_of(value) == self.right.shape[::-1] and self.right.ndim == 2:
            return self._wrong(text, "M7", "Which factor needs ᵀ, or is it the whole?", "(A B)ᵀ = Bᵀ Aᵀ.")
        if wide and np.size(value) > self.right.size:
            ask = f"Every copy of {self.name} sends a contribution. What happens to several contributions to one value?"
            told = f"{self.name} was broadcast from {shaped(self.right)} to {shaped(value)}."
            return self._wrong(text, "M8", told, ask)
        ask = "Which lengths does it need, and which factors have them?"
        also = "Which of them needs ᵀ?" if self.right.ndim > 1 else "Over which axis is to be summed?"
        return self._wrong(text, "M7", ask, also)

    def _numbers(self, value: Any) -> Judgement:
        text = f"The shape {shaped(value)} is right, and the numbers are not."
        if alike(np.negative(value), self.right):
            return self._wrong(text, "sign", "It is the other sign.", "Which consumer subtracts?")
        if len(self.edges) > 1 and any(alike(value, edge.contribution) for edge in self.edges):
            number = len(self.edges)
            told = f"That is one contribution out of {number}: {self.name} is used {number} times."
            return self._wrong(text, "M1", told, "What do the other uses send?")
        lengths = set(shape_of(value))
        if self.right.ndim == 2 and len(lengths) == 1:
            ask = "The array is square, so its shape cannot show a forgotten ᵀ. What would fit if it were not?"
            return self._wrong(text, "M7", ask, "Which index is summed over in the product forwards?")
        ask = f"Which operations use {self.name}, and which adjoints arrive there?"
        return self._wrong(text, "", ask, "Does the expression hold every factor that the operation multiplies with?")


def _is_transpose(node: Node) -> bool:
    made = node.primitive
    return made is not None and made.name == "transpose" and len(node.shape) == 2 and node.params.get("axes") is None


def _factor(text: str) -> str:
    return f"({text})" if re.search(r"[ +\-*/@]", text) and not re.fullmatch(r"\([^()]*\)", text) else text


def _negative(text: str) -> str:
    return f"-{_factor(text)}"


def _transposed(text: str) -> str:
    if text.endswith(".T") and " " not in text:
        return text[:-2]
    product = _PRODUCT.fullmatch(text)
    if product:  # (A B)ᵀ = Bᵀ Aᵀ
        return f"{_transposed(product[2])} @ {_transposed(product[1])}"
    return f"{_factor(text)}.T"


def _summed(text: str, wide: tuple[int, ...], narrow: tuple[int, ...]) -> str | None:
    """The expression summed over the axes along which an input was broadcast; None where that is a long story."""
    if wide == narrow:
        return text
    for _ in range(len(wide) - len(narrow)):
        text = f"sum({text}, 0)"
    kept = wide[len(wide) - len(narrow) :]
    for axis, (length, own) in enumerate(zip(kept, narrow, strict=True)):
        if length != own:
            text = f"sum({text}, axis={axis}, keepdims=True)"
    return text
