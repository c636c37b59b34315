"""The catalogue's exercises of the other types: paths, orders, bugs, broken graphs, shapes, depth, words (X4–X16)."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphviz_ad.exercises.broken import BROKEN, reconnect
from graphviz_ad.exercises.bugs import find_bug, matching
from graphviz_ad.exercises.caching import cached
from graphviz_ad.exercises.construct import construct
from graphviz_ad.exercises.depth import depth_slope, which_remedy
from graphviz_ad.exercises.entries import Entry, fixed, traced
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.generator import HALVES, POSITIVE, SIGNS, SMALL, WHOLE, Array, Draw
from graphviz_ad.exercises.nudges import nudge
from graphviz_ad.exercises.parsons import parsons
from graphviz_ad.exercises.routes import paths
from graphviz_ad.exercises.shapes import shape_puzzle
from graphviz_ad.exercises.sweeps import accumulate, order
from graphviz_ad.exercises.words import explain

_FORK = """
    def fork(a, b):
        c = a + b
        d = a * b
        e = c + d
        f = c * d
        y = e + f
        return y
"""
_AB = {"a": (2.0, 3.0, -2.0, 4.0, 5.0), "b": (3.0, -3.0, 4.0, 2.0, 5.0)}
_TWO = """
    def two_paths(x):
        s = x**2
        u = $p * s
        v = $q * x
        y = u + v
        return y
"""
_NEURON = """
    def neuron(w, b, x, t):
        z = w * x + b
        h = np.tanh(z)
        e = h - t
        L = e**2
        return L
"""
_WBXT = {"w": SMALL, "b": SMALL, "x": POSITIVE, "t": (-1.0, 2.0, 3.0)}
_LAYER = """
    def layer(X, W, b):
        Y = X @ W.T + b
        return Y
"""
_XWB = {"X": Array((4, 3)), "W": Array((2, 3)), "b": Array((2,))}


def _tells(codes: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(text.split()) for key, text in codes.items()}


def _on(
    build: Callable[..., Exercise], name: str, kind: str, title: str, goal: str, item: str, code: str, space: Any,
    tells: Any = (), only: str = "", check: bool = True, wrong: Any = (),
) -> Entry:  # fmt: skip
    parts = traced(build, textwrap.dedent(code), space, _tells(dict(tells)), tuple(only.split()), check)
    return Entry(name, kind, title, goal, item, **parts, wrong=dict(wrong))


ROUTES = (
    _on(paths, "which-paths", "X4", "Which paths lead to the output?",
        "List the paths of an input, and add up their products", "3, 29, 61", _TWO,
        {"x": HALVES, "$p": (2, 3, 4, 5), "$q": (2, 3, 5)}, {"x": "M1 M16 M3"}),
    _on(paths, "paths-of-a-fork", "X4", "Four paths through two forks",
        "See how many paths two forks make", "30, 79", _FORK, _AB, {"a": "M16 M3", "paths of a": "M1"}),
    _on(order, "sweep-order", "X5", "The order of the sweep",
        "Let a node send once all its consumers have reported", "79, 87, 96", _FORK, _AB, {"order": "M2"}),
    _on(order, "sweep-of-a-neuron", "X5", "The sweep through a neuron",
        "Find that several orders are right", "6, 87", _NEURON, _WBXT, {"order": "M2"}),
    _on(accumulate, "add-or-set", "X6", "Add, or set?",
        "Use += wherever more than one contribution arrives", "30, 49, 79", _FORK, _AB, {"a": "M1", "c": "M1"}),
    _on(accumulate, "add-or-set-in-time", "X6", "Add, or set, over time",
        "Sum what a shared weight gets from each step", "18, E9", """
        def recurrent(w, h, x1, x2):
            for x in (x1, x2):
                h = w * h + x
            L = h**2
            return L
        """, {"w": (0.5, -0.5, 2.0), "h": WHOLE, "x1": WHOLE, "x2": WHOLE}, {"w": "M1"}),
    _on(parsons, "lines-of-a-neuron", "X10", "The backward pass of a neuron",
        "Put the lines of a backward pass into order", "7, 10, 35", _NEURON, _WBXT, {"lines": "M2"}),
    _on(parsons, "lines-of-a-fork", "X10", "The backward pass of two forks",
        "Add to an accumulator before it is read", "10, 87, 96", _FORK, _AB, {"lines": "M2"}),
    _on(cached, "kept-values", "X14", "What is kept for the way back?",
        "Find which forward values the rules use", "21, 34, 98, 99, E25", _NEURON, _WBXT),
    _on(cached, "kept-of-a-fork", "X14", "What do sums and products keep?",
        "See that a sum keeps nothing", "34, 98", _FORK, _AB),
    _on(nudge, "nudge", "X15", "A small step",
        "Predict a change by an adjoint", "52, 54, E18", """
        def f(x, w):
            u = x**2
            y = w * u
            return y
        """, {"x": HALVES, "w": WHOLE}, {"w": "value"}),
    _on(explain, "in-your-words", "X16", "In your own words",
        "Say why a fork's contributions add up", "22, 43, 44, 45, 46, 47, 66", _FORK, _AB),
)  # fmt: skip

SHAPES = (
    _on(shape_puzzle, "linear-shapes", "X9", "The shapes of a linear layer",
        "Assemble adjoints from matrices by their shapes", "8, 12, 82, E3, E5", _LAYER, _XWB,
        {"W": "M7", "b": "M8"}, check=False, wrong={("W", "M7"): "X.T @ Y_bar", ("b", "M8"): "Y_bar"}),
    _on(shape_puzzle, "sigmoid-layer-shapes", "X9", "The shapes of σ(Wx + b)",
        "Put the slope of an activation into a product of matrices", "74, 97, E4, E24", """
        def layer(W, x, b):
            h = nn.sigmoid(W @ x + b)
            return h
        """, {"W": Array((2, 3)), "x": Array((3,)), "b": Array((2,))}, {}, check=False),
    _on(shape_puzzle, "attention-shapes", "X9", "The scores of attention",
        "Tell S̄ᵀ from S̄ by shapes: with square matrices both fit", "19, E10", """
        def scores(Q, K):
            S = Q @ K.T
            return S
        """, {"Q": Array((2, 3)), "K": Array((4, 3))}, {"Q": "M7", "K": "M7"}, check=False,
        wrong={("Q", "M7"): "S_bar.T @ K", ("K", "M7"): "Q.T @ S_bar"}),
)  # fmt: skip


# -- graphs to construct ------------------------------------------------------------------------------


def _product(draw: Draw) -> Exercise:
    x, w = draw.pick(WHOLE), draw.pick(SIGNS)
    more = draw.pick((2.0, 3.0, 5.0, -2.0))
    return construct(lambda x, w: w * x + more * x, x=x, w=w, uses=["multiply"])


def _sine(draw: Draw) -> Exercise:
    factor = draw.pick((2.0, 3.0, -2.0, 4.0))
    return construct(lambda x: np.sin(factor * x), x=0.0, uses=["sin"])


# -- depth --------------------------------------------------------------------------------------------

_NETS = (("relu", 1.0), ("relu", 1.2), ("tanh", 0.5), ("relu", 3.0))


def _slope(draw: Draw) -> Exercise:
    activation, variance = draw.pick(_NETS)
    return depth_slope(activation=activation, weight_var=variance)


def _remedy(draw: Draw) -> Exercise:
    activation, variance = draw.pick(_NETS[:2])
    return which_remedy(activation=activation, weight_var=variance)


OTHERS = (
    Entry("construct-product", "X13", "A graph with these adjoints",
        "Build a graph whose paths add up to what is wanted", "32, 49, 95",
        **fixed(_product)),
    Entry("construct-sine", "X13", "A sine with a given slope",
        "Choose an inner derivative", "57, 94", **fixed(_sine)),
    Entry("vanish-or-explode", "X11", "Does it vanish, or explode?",
        "Predict the slope of ln‖δ‖ over depth, and tell δ from weight gradients", "14, 36, 88, E7, E20",
        **fixed(_slope, {"plot": ("M14",)})),
    Entry("which-remedy", "X12", "Which remedy helps?",
        "Choose what keeps adjoints alive, and know what clipping does not do", "14, 15, 89, E8",
        **fixed(_remedy)),
)  # fmt: skip


def _broken(key: str, name: str, goal: str, item: str) -> Entry:
    return Entry(
        name, "X8", f"A broken graph: {key.replace('_', ' ')}", goal, item,
        **fixed(lambda draw: reconnect(key), {"f": ("M9",)}), wrong={("f", "M9"): BROKEN[key].f},
    )  # fmt: skip


BREAKS = (
    _broken("item", "broken-item", "Keep plain numbers out of a graph", "90"),
    _broken("detach", "broken-detach", "Know what detach does, and when it is meant", "90, 91"),
    _broken("encoder", "broken-encoder", "Notice a part that is not trained, though no error says so", "91, E23"),
    _broken("array_copy", "broken-copy", "Stack traced values instead of copying them", "90"),
    _broken("cast", "broken-cast", "See that whole numbers have no derivative", "92"),
    _broken("argmax", "broken-argmax", "Replace a jump by a weighted mean", "92"),
)


def _bug(name: str, matched: str, title: str, goal: str, item: str) -> Entry:
    bugs = matching(matched)
    finds = tuple(dict.fromkeys(bug.code for bug in bugs.values() if bug.code))
    return Entry(
        name, "X7", f"Find the bug: {title}", goal, item, finds=finds,
        **fixed(lambda draw: find_bug(draw.pick(sorted(bugs)))),
    )  # fmt: skip


BUGS = (
    _bug("bug-chain", "cube", "a chain", "Read a backward pass line by line", "2, 33, E1"),
    _bug("bug-fork", "diamond", "a sweep", "Find what is wrong with a sweep over a graph with forks", "79, 96"),
    _bug("bug-two-layers", "two_layer", "a net of two layers", "Check a backward pass of matrices by shapes and places",
         "23, 35, 36, E3, E12, E13, E14, E24"),
    _bug("bug-linear", "linear", "a linear layer", "Tell a Jacobian from its use in a backward pass", "12, 82, E5"),
    _bug("bug-factors", "E1", "one factor too many", "Count one factor for each edge", "1, E1"),
    _bug("bug-products", "E3", "⊙ or @", "Tell products of entries from products of matrices", "8, E3"),
    _bug("bug-softmax-slope", "E4", "the slope of softmax", "See that softmax mixes all entries", "10, E4"),
    _bug("bug-convolution", "E6", "a convolution", "Know when a kernel is turned round", "13, E6"),
    _bug("bug-recurrent", "rnn", "a recurrent net", "Sum over time, and pass on what comes from the future", "18, E9"),
    _bug("bug-shared", "E9", "a shared weight", "Sum the gradients of a weight that is used at each step", "18, E9"),
    _bug("bug-attention", "E10", "attention", "Find a wrong product that square matrices hide", "19, E10"),
    _bug("bug-gradient-check", "E11", "a gradient check", "Know what it must not do", "20, 25, 41, 42, E11"),
    _bug("bug-cross-entropy", "bce", "binary cross-entropy", "Keep two losses and their slopes apart", "38, E12"),
    _bug("bug-batch", "E13", "sums and means over a batch", "Put 1/m where the loss has it", "35, E13"),
    _bug("bug-sigmoid-slope", "E14", "σ′ of what?", "Pass an activation, or what goes into it", "39, E14"),
    _bug("bug-softmax", "E15", "softmax and cross-entropy", "Write a fused gradient for a whole batch", "40, E15"),
    _bug("bug-zero-by-zero", "E16", "0/0 in a gradient check", "Let a check pass where both are 0", "42, E16"),
    _bug("bug-jacobians", "E20", "a product of Jacobians", "Write a product of matrices in its order", "80, 88, E20"),
    _bug("bug-step", "step", "a training step", "Do not forget the step of a training step", "37, 86, E21"),
    _bug("bug-training", "train", "a training loop", "Reset accumulators between steps, and within none", "37, 86"),
    _bug("bug-huber", "huber", "a clipped value", "Clip a gradient, not a value", "15, E8"),
    _bug("bug-relu", "relu", "a ReLU", "Let a ReLU's mask come from its input", "9, 24, E21"),
)  # fmt: skip
