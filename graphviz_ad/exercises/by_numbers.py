"""The catalogue's exercises on numbers: values (X1), local derivatives (X2) and adjoints (X3)."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from graphviz_ad.core.variables import variable
from graphviz_ad.exercises.entries import Entry, traced
from graphviz_ad.exercises.exercise import Exercise
from graphviz_ad.exercises.generator import HALVES, POSITIVE, SIGNS, SMALL, WHOLE, Array, Draw
from graphviz_ad.exercises.numbers import adjoints, local_derivatives, values

_UNNAMED = re.compile(r"v\d+(#\d+)?")
_KINDS = {"X1": values, "X2": local_derivatives, "X3": adjoints}


def _named(made: Exercise) -> Exercise:
    """The questions about nodes that a line gives a name to."""
    keys = [key for key in made.keys if not any(_UNNAMED.fullmatch(part) for part in key.split("->"))]
    return made.only(*keys)


def entry(
    name: str, kind: str, title: str, goal: str, item: str, code: str, space: Any, tells: Any = (), only: str = ""
) -> Entry:
    """An entry about the numbers of a function; codes and questions are separated by spaces, "at_output" is one."""
    chosen = {key: tuple(code.replace("_", " ") for code in codes.split()) for key, codes in dict(tells).items()}
    parts = traced(
        lambda f, **point: _named(_KINDS[kind](f, **point)), textwrap.dedent(code), space, chosen, tuple(only.split())
    )
    return Entry(name, kind, title, goal, item, **parts)


def _data(draw: Draw) -> Any:
    return variable(draw.pick(WHOLE), "x", "data")


def _target(draw: Draw) -> Any:
    return variable(draw.pick((*WHOLE, 5.0)), "t", "target")


CHAINS = (
    entry("cube", "X3", "A cube of a square",
        "Multiply local derivatives along a chain, the outer one taken at the inner value", "2, 28, 51, 55", """
        def cube(x):
            u = x**2
            v = u + $c
            y = v**3
            return y
        """, {"x": (-1.5, -0.5, 0.5, 1.5, 2.0, 3.0, -2.0), "$c": (1, 2, 3, 4)}, {"x": "M4 M5 M6 sum composed M3"}),
    entry("line-power", "X3", "A power of a straight line",
        "See that the inner derivative of a straight line is a factor like any other", "67, 76", """
        def power(x):
            u = $w * x
            v = u + $c
            y = v**3
            return y
        """, {"x": (-2.0, -1.0, 0.5, 1.0, 1.5, 2.0), "$w": (2, 3, 4), "$c": (1, 2, 3)}, {"x": "M4 M5 M6 sum composed"}),
    entry("sine-chain", "X3", "A sine of a straight line",
        "Take the cosine at the inner value, not at x", "57", """
        def wave(x):
            u = $w * x
            v = u + $c
            y = np.sin(v)
            return y
        """, {"x": (-1.0, -0.5, 0.5, 1.0, 1.5), "$w": (2, 3, 4), "$c": (1, 2, 3)}, {"x": "M4 M5 M6 sum M3"}),
    entry("bell", "X3", "The bell curve",
        "Carry a sign and an exponential through a chain", "56", """
        def bell(x):
            u = x**2
            v = -$w * u
            y = np.exp(v)
            return y
        """, {"x": (-1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0), "$w": (0.5, 1, 2)}, {"x": "M4 M5 sum M3"}),
    entry("log-chain", "X3", "A logarithm of a polynomial",
        "Divide by the inner value, and keep the inner derivative", "58", """
        def log_chain(x):
            u = x**2
            v = u + $c
            y = np.log(v)
            return y
        """, {"x": (2.0, 3.0, -2.0, 0.5, -3.0, 1.5), "$c": (1, 2, 3)}, {"x": "M4 M5 M6 sum"}),
    entry("root", "X3", "A root of a sum",
        "Differentiate a root inside a chain", "70", """
        def root(x):
            u = x**2
            v = u + $c
            y = np.sqrt(v)
            return y
        """, {"x": (2.0, 3.0, 0.5, 1.5, 2.5), "$c": (1, 2, 3, 5)}, {"x": "M4 M5 M6"}),
    entry("deep-chain", "X3", "Three functions in one another",
        "Send an adjoint back through a chain of three functions", "59, 63, 64, 93", """
        def deep(x):
            u = x**2
            v = np.sin(u)
            y = np.exp(v)
            return y
        """, {"x": (0.5, 1.5, -0.5, 2.0, -1.5, 0.75, -0.75, 1.25, -1.25)}, {"x": "M4 M5 sum"}),
    entry("square-inside-sine", "X3", "A square inside a sine",
        "Keep three factors of one chain apart", "94", """
        def nested(x):
            z = $w * x + 1
            a = z**2
            y = np.sin(a)
            return y
        """, {"x": (1.0, 0.5, -1.0, 1.5), "$w": (2, 3, 4)}, {"x": "M4 M5 M6"}),
    entry("step-table", "X1", "The table of a chain, forwards",
        "Compute every intermediate value before anything is differentiated", "65", """
        def chain(x):
            a = x**2 + $c
            b = np.log(a)
            y = np.sin(b)
            return y
        """, {"x": (0.5, 2.0, -2.0, 3.0, 1.5), "$c": (1, 2, 3)}, {"b": "skipped adjoint", "y": "skipped"}),
    entry("chain-locals", "X2", "One factor for each edge",
        "Write the local derivative of every edge, each at its own input", "1, 33, E1", """
        def chain(x, k):
            u = x**2
            v = np.sin(u)
            y = k * v
            return y
        """, {"x": (0.5, 1.5, -0.5, 2.0, -1.5, 1.0), "k": (2.0, 3.0, -2.0, 4.0, -3.0)},
        {"x->u": "contribution value", "u->v": "contribution value at_output"}),
    entry("rates-multiply", "X3", "Gears",
        "See that rates in sequence multiply", "52, E17", """
        def gears(x):
            g = $p * x
            f = g**2
            y = $q * f
            return y
        """, {"x": (1.0, 2.0, 0.5, -1.5, 3.0), "$p": (2, 3, 4), "$q": (2, 3, 5)}, {"x": "sum M4"}),
)  # fmt: skip

FORKS = (
    entry("multi-path", "X3", "Two paths",
        "Multiply along a path and add up over paths", "29, 61, 78", """
        def two_paths(x):
            s = x**2
            u = $p * s
            v = $q * x
            y = u + v
            return y
        """, {"x": HALVES, "$p": (2, 3, 4, 5), "$q": (2, 3, 5)}, {"x": "M1 M16 M3"}),
    entry("product-paths", "X3", "A product of two powers",
        "Differentiate a product whose factors share their input", "62, 60", """
        def product(s, k):
            x = s**2
            y = k * s
            z = x * y
            return z
        """, {"s": HALVES, "k": (2.0, 3.0, -2.0, 0.5, 4.0, -1.0)}, {"s": "M1 M16 M3"}),
    entry("two-powers", "X3", "Two ways to one polynomial",
        "Agree with the expanded polynomial", "73", """
        def polynomial(t, k):
            x = t**2
            y = t**3
            p = k * x
            z = p * y
            return z
        """, {"t": (0.5, -0.5, 1.5, 2.0, -1.5, -2.0), "k": (2.0, 3.0, -2.0, 4.0, 5.0, -1.0)}, {"t": "M1 M16 M3"}),
    entry("wave-product", "X3", "x times its sine",
        "See the two uses of x in a product", "29", """
        def wave(x):
            u = np.sin(x)
            y = x * u
            return y
        """, {"x": (0.5, 1.5, 2.0, 2.5, -1.5, -0.5, -2.0, -2.5, 1.0, 3.0)}, {"x": "M1 M16"}),
    entry("fork", "X3", "Two nodes that are used twice",
        "Wait for all consumers, and add with +=", "30, 79, 87, 96", """
        def fork(a, b):
            c = a + b
            d = a * b
            e = c + d
            f = c * d
            y = e + f
            return y
        """, {"a": (2.0, 3.0, -2.0, 4.0, 5.0), "b": (3.0, -3.0, 4.0, 2.0, 5.0)}, {"a": "M1 M2 M3 M16"}),
    entry("square-of-sum", "X3", "The square of a sum",
        "Send one adjoint to both inputs of a sum", "77", """
        def square(x, y):
            a = x + y
            z = a**2
            return z
        """, {"x": HALVES, "y": HALVES}, {"x": "M3 M4"}),
    entry("reused-result", "X3", "A result that is used again",
        "Let an inner node collect its contributions before it sends", "34, 96", """
        def reuse(x):
            u = x**2
            v = $k * u
            w = u * v
            y = w + u
            return y
        """, {"x": (0.5, -0.5, 1.5, 2.0, -1.5), "$k": (2, 3, 4, 5)}, {"u": "M16 M3", "x": "M2"}),
    entry("residual", "X3", "A residual connection",
        "See the way past a layer as a path of its own", "14, 89", """
        def block(x, w):
            r = w * x
            h = r**2
            y = h + x
            z = y**2
            return z
        """, {"x": SIGNS, "w": SIGNS}, {"x": "M1 M16 M3"}),
    entry("three-uses", "X3", "One input, three uses",
        "Count the arrows that leave a node", "30, 61", """
        def thrice(x, w):
            a = x * w
            b = x**2
            c = 3 * x
            y = a + b + c
            return y
        """, {"x": HALVES, "w": HALVES}, {"x": "M1 M16"}),
    entry("second-derivative", "X3", "A derivative once more",
        "Differentiate the graph of a derivative", "99", """
        def slope(x):
            u = x**2 + $c
            v = u**2
            g = 6 * x * v
            return g
        """, {"x": (0.5, 1.0, -0.5, 2.0, 1.5), "$c": (1, 2, 3)}, {"x": "M1 M16"}),
)  # fmt: skip

NEURONS = (
    entry("neuron", "X3", "One neuron and its loss",
        "Find the gradient of every parameter of a small net", "4, 5, 6, 7, E2", """
        def neuron(w1, b1, w2, b2, x, t):
            z = w1 * x + b1
            h = np.tanh(z)
            y = w2 * h + b2
            L = (y - t) ** 2
            return L
        """, {"w1": SMALL, "b1": SMALL, "w2": SIGNS, "b2": SMALL, "x": POSITIVE, "t": WHOLE},
        {"w2": "M4 M4b M11", "w1": "M4 M4b"}, "w2 b2 w1 b1"),
    entry("neuron-values", "X1", "A neuron forwards",
        "Compute what a neuron sends on", "5, 31", """
        def neuron(w, b, x, t):
            z = w * x + b
            h = np.tanh(z)
            L = (h - t) ** 2
            return L
        """, {"w": SMALL, "b": SMALL, "x": POSITIVE, "t": (0.0, 1.0, 2.0)}, {"z": "adjoint", "h": "adjoint"}),
    entry("neuron-locals", "X2", "The edges of a neuron",
        "Tell the two factors of a product apart", "5, 9, 39", """
        def neuron(w, x, b):
            p = w * x
            z = p + b
            h = np.tanh(z)
            y = 3 * h
            return y
        """, {"w": (0.5, 0.25, 1.5, -0.5), "x": (2.0, 3.0, -1.0), "b": SMALL},
        {"w->p": "other contribution", "z->h": "at_output contribution value"}),
    entry("sigmoid-loss", "X3", "A sigmoid by hand",
        "Differentiate σ(x)² through its own operations", "16, 84", """
        def squared_sigmoid(x):
            e = np.exp(-x)
            d = 1 + e
            s = 1 / d
            L = s**2
            return L
        """, {"x": (0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 2.0, -2.0)}, {"d": "M4 M3", "x": "M5"}),
    entry("half-or-not", "X3", "The scale of a loss",
        "Read the factor in front of the loss", "85, 97, E12, E13, E26", """
        def loss(p, t):
            e = p - t
            L = np.mean(e**2)
            return L
        """, {"p": Array((3,), WHOLE), "t": Array((3,), (-2.0, 1.0, 4.0, 5.0))}, {"p": "M11 M3"}),
    entry("halved-loss", "X3", "A sum of squares with a half",
        "See what the half is good for", "97, E26", """
        def loss(w, x, t):
            y = w * x
            e = y - t
            L = 0.5 * np.sum(e**2)
            return L
        """, {"w": SIGNS, "x": Array((3,), WHOLE), "t": Array((3,), WHOLE)}, {"w": "M8"}),
    entry("input-adjoint", "X3", "How sensitive is the loss to the data?",
        "See that data have adjoints, too", "50", """
        def model(w, x, t):
            y = w * x
            e = y - t
            L = e**2
            return L
        """, {"w": SIGNS, "x": _data, "t": _target}, {"x": "M10 M4 M4b M11", "t": "M10 M11"}),
    entry("cross-entropy-binary", "X3", "Binary cross-entropy after a sigmoid",
        "Watch the sigmoid's slope cancel", "38, E12", """
        def bce(z, t):
            e = np.exp(-z)
            a = 1 / (1 + e)
            p = np.log(a)
            q = np.log(1 - a)
            L = -(t * p + (1 - t) * q)
            return L
        """, {"z": (0.5, -0.5, 1.0, -1.0, 2.0), "t": (0.25, 0.75)}, {"a": "M16 M3 M4", "z": "M3"}, "a z"),
    entry("softmax-cross-entropy", "X3", "Softmax and cross-entropy",
        "Find that the fused gradient is probability minus target", "40, E15", """
        def cross_entropy(z):
            e = np.exp(z)
            s = np.sum(e)
            L = np.log(s) - z[0]
            return L
        """, {"z": Array((3,), (-1.0, -0.5, 0.5, 1.0, 2.0))}, {"z": "M1 M3"}),
    entry("update", "X1", "One training step",
        "Compute error, gradient and update in the order of a program", "23, 37, 86, E21", """
        def step(w, x, t):
            y = w * x
            e = y - t
            g = 2 * e * x
            u = w - 0.1 * g
            return u
        """, {"w": SIGNS, "x": POSITIVE, "t": WHOLE}, {"y": "adjoint", "e": "adjoint"}),
    entry("clip-by-norm", "X1", "Clipping by the global norm",
        "Scale a gradient, and clip no value", "15, E8", """
        def clipped(a, b):
            s = a**2 + b**2
            n = np.sqrt(s)
            c = 1 / n
            u = c * a
            return u
        """, {"a": (3.0, 6.0, -3.0, 1.5), "b": (4.0, 8.0, -4.0, 2.0)}, {"c": "skipped adjoint", "n": "adjoint"}),
    entry("central-difference", "X1", "A central difference",
        "Measure a slope with two values", "20, 41, E11", """
        def slope(x):
            h = 0.5
            up = (x + h) ** 2
            down = (x - h) ** 2
            g = (up - down) / (2 * h)
            return g
        """, {"x": (1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, 1.5, -1.5, 2.5, -2.5)},
        {"up": "adjoint skipped", "down": "adjoint skipped"}, "up down g"),
)  # fmt: skip
