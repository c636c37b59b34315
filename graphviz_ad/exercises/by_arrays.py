"""The catalogue's exercises on arrays and nets: shapes, broadcasting, gates, shared weights, depth, attention."""

from __future__ import annotations

from graphviz_ad.exercises.by_numbers import entry
from graphviz_ad.exercises.generator import POSITIVE, SIGNS, SMALL, WHOLE, Array

ARRAYS = (
    entry("linear-layer", "X3", "A linear layer and one sample",
        "Find the adjoint of a matrix, in its own shape", "11, 12, 81, E5", """
        def layer(W, x, b, g):
            y = W @ x + b
            L = np.sum(g * y)
            return L
        """, {"W": Array((2, 3)), "x": Array((3,)), "b": Array((2,)), "g": Array((2,))},
        {"W": "M7 M3"}, "W x b"),
    entry("linear-batch", "X3", "A linear layer and a batch",
        "Sum over the batch what a broadcast bias gets", "82, 21, 49, E13", """
        def batch(X, W, b):
            Y = X @ W.T + b
            L = np.mean(Y**2)
            return L
        """, {"X": Array((3, 3)), "W": Array((2, 3), SIGNS), "b": Array((2,), SMALL)},
        {"W": "M7", "b": "M8"}, "W b"),
    entry("square-matrices", "X3", "Where shapes do not help",
        "See that a missing transpose of a square matrix is silent", "81, E10", """
        def square(A, x):
            y = A @ x
            L = np.sum(y**2)
            return L
        """, {"A": Array((2, 2)), "x": Array((2,))}, {"x": "M7", "A": "M7"}, "A x"),
    entry("broadcast-bias", "X3", "A bias for every row",
        "Sum contributions over the axis along which a bias was copied", "21, 12", """
        def bias(X, b):
            Y = X + b
            Z = Y**2
            L = np.sum(Z)
            return L
        """, {"X": Array((3, 2)), "b": Array((2,))}, {"b": "M8"}, "b"),
    entry("broadcast-number", "X3", "One number for a whole vector",
        "Sum over all elements what a number gets", "21, 49", """
        def scale(s, x, g):
            y = s * x
            z = y * g
            L = np.sum(z)
            return L
        """, {"s": SIGNS, "x": Array((3,)), "g": Array((3,))}, {"s": "M8"}, "s"),
    entry("row-and-column", "X3", "A row meets a column",
        "Sum each of two broadcast arrays over its own axis", "21, 49", """
        def table(r, c, G):
            Y = r + c
            Z = Y * G
            L = np.sum(Z)
            return L
        """, {"r": Array((1, 3)), "c": Array((2, 1)), "G": Array((2, 3))}, {"r": "M8 M7", "c": "M8 M7"}, "c r"),
    entry("centred", "X3", "Less the mean",
        "Follow the path through a mean as well", "21, 30", """
        def centred(x, g):
            m = np.mean(x)
            c = x - m
            L = np.sum(c * g)
            return L
        """, {"x": Array((3,)), "g": Array((3,), (-3.0, 0.0, 3.0, 6.0))}, {"x": "M1", "m": "M8"}, "m x"),
    entry("squared-norm", "X3", "The sum of squares",
        "Check a gradient that is known by heart", "42, 60", """
        def norm(x):
            s = x**2
            L = np.sum(s)
            return L
        """, {"x": Array((3,))}, {"x": "M3"}, "x"),
    entry("outer-product", "X3", "Two vectors and a matrix",
        "Tell the left vector's adjoint from the right one's", "80, 81, E5", """
        def form(u, A, v):
            w = A @ v
            L = u @ w
            return L
        """, {"u": Array((2,)), "A": Array((2, 3)), "v": Array((3,))}, {"A": "M7 M3"}, "A u v"),
)  # fmt: skip

GATES = (
    entry("relu-mask", "X3", "What a ReLU lets through",
        "Let nothing pass where the ReLU is closed", "9, 39, 83, E21", """
        def masked(z, g):
            h = np.maximum(0, z)
            L = np.sum(h * g)
            return L
        """, {"z": Array((3,), (-2.0, -1.0, 0.5, 3.0)), "g": Array((3,), WHOLE)}, {"z": "M12"}, "z"),
    entry("saturated", "X3", "A saturated unit",
        "See what a flat activation does to any number from above", "14, 84", """
        def saturated(w, x, v):
            z = w * x
            h = np.tanh(z)
            y = v * h
            return y
        """, {"w": (1.0, 1.5, 0.75, -1.0), "x": (2.5, 3.0, 2.0), "v": (3.0, 20.0, -8.0, 50.0)}, {"z": "M12"}, "z"),
    entry("clipped-value", "X3", "A clipped value",
        "See that clipping a value closes the way back", "15, E8", """
        def clipped(x, w):
            e = w * x
            c = np.clip(e, -2.0, 2.0)
            L = np.sum(c * w)
            return L
        """, {"x": Array((3,), (-3.0, -1.0, 0.5, 1.0, 4.0)), "w": Array((3,), (1.0, 1.5, 2.0))}, {"e": "M12"}, "e"),
    entry("leaky-relu", "X2", "The slope of a leaky ReLU",
        "Take the slope of the side on which the input lies", "9, 39", """
        def leaky(z, g):
            a = 0.1 * z
            h = np.maximum(a, z)
            y = h * g
            return y
        """, {"z": (-3.0, -2.0, -0.5, 1.5, 2.0), "g": (2.0, -3.0, 4.0, -2.0, 5.0)}, {"z->h": "other", "a->h": "other"},
        "z->a z->h a->h h->y"),
    entry("tanh-slope", "X2", "The slope of tanh",
        "Take tanh′ at its input, once", "9, 39, E14", """
        def slope(w, x):
            z = w * x
            h = np.tanh(z)
            y = h**2
            return y
        """, {"w": SMALL, "x": POSITIVE}, {"z->h": "at_output contribution"}, "z->h h->y"),
)  # fmt: skip

NETS = (
    entry("recurrent", "X3", "A weight that is used at every step",
        "Sum over time what a shared weight gets", "18, 88, E9", """
        def recurrent(w, h, x1, x2):
            for x in (x1, x2):
                h = w * h + x
            L = h**2
            return L
        """, {"w": (0.5, -0.5, 2.0, 1.5), "h": WHOLE, "x1": WHOLE, "x2": WHOLE}, {"w": "M15 M3"}, "w"),
    entry("tied-layers", "X3", "One layer, called twice",
        "Add up what both calls send to their weight", "18, E9", """
        def layer(h, w):
            return np.tanh(w * h)

        def tied(w, x):
            a = layer(x, w)
            y = layer(a, w)
            return y
        """, {"w": (0.5, 0.75, 1.5, -0.5), "x": (0.5, 1.0, 2.0)}, {"w": "M15"}, "w"),
    entry("vanishing", "X3", "Four layers of one unit",
        "Watch an adjoint shrink from layer to layer", "14, 36, E7", """
        def deep(x, w):
            a = np.tanh(w * x)
            b = np.tanh(w * a)
            c = np.tanh(w * b)
            y = np.tanh(w * c)
            return y
        """, {"x": (0.5, 1.0, 1.5), "w": (0.5, 0.75, 1.5)}, {"x": "M4 M3"}, "c b a x"),
    entry("exploding", "X3", "A product of slopes above one",
        "Multiply the slopes of four layers", "88, E20", """
        def growing(x, w):
            a = w * x
            b = w * a
            c = w * b
            y = c**2
            return y
        """, {"x": (0.5, 1.0, -1.0), "w": (2.0, 3.0, -2.0, 1.5)}, {"x": "M4 M3"}, "c b a x"),
    entry("convolution", "X3", "A convolution of two taps",
        "Sum over all places what a kernel gets", "13, 26, E6", """
        def convolution(x, k, g):
            y = k[0] * x[:-1] + k[1] * x[1:]
            L = np.sum(y * g)
            return L
        """, {"x": Array((3,)), "k": Array((2,)), "g": Array((2,))}, {"x": "M1"}, "k x"),
    entry("attention", "X3", "One query, two keys",
        "Follow a query through scores and weights", "19, E10", """
        def attention(q, k1, k2, v1, v2):
            a = np.exp(q * k1)
            b = np.exp(q * k2)
            s = a + b
            y = (a * v1 + b * v2) / s
            return y
        """, {"q": (0.5, 1.0, -0.5), "k1": (1.0, 2.0), "k2": (-1.0, 3.0, -2.0), "v1": WHOLE, "v2": WHOLE},
        {"q": "M3", "a": "M3"}, "s a b q"),
    entry("two-layer-net", "X3", "A net with one hidden layer",
        "Send an adjoint through two layers in their order", "10, 23, 35, 97, E24", """
        def net(W1, x, w2, t):
            z = W1 @ x
            h = np.maximum(0, z)
            y = w2 @ h
            L = 0.5 * (y - t) ** 2
            return L
        """, {"W1": Array((2, 3), (-2.0, -1.0, 1.0, 2.0)), "x": Array((3,), (-1.0, 1.0, 2.0)), "w2": Array((2,)),
              "t": (1.0, 2.0, -1.0)}, {"W1": "M7"}, "y w2 h z W1"),
    entry("linear-regression", "X3", "A step of linear regression",
        "Find the gradients of weight and bias over a batch", "37, 86", """
        def regression(w, b, x, t):
            y = w * x + b
            e = y - t
            L = np.mean(e**2)
            return L
        """, {"w": SIGNS, "b": WHOLE, "x": Array((2,)), "t": Array((2,))}, {"w": "M8", "b": "M8"}, "w b"),
)  # fmt: skip
